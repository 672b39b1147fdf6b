//===- CudaImage.cpp - Weights on a GPU in the C API ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaObjects.h"
#include "Objects.h"
#include "uwt/Codec/Transcode.h"
#include "uwt/Runtime/QuantizedImage.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include <span>

using namespace uwt;
using cuda::DeviceWeightDescription;

struct UWTCudaImage {
  LoadedWeight weight;
  cuda::DeviceImageSource source;
};

struct UWTCudaTranscode {
  // What the steps refer to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::DeviceTranscode steps;
};

struct UWTCudaEncode {
  // What the steps refer to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::DeviceEncode steps;
};

//===----------------------------------------------------------------------===//
// Descriptions
//===----------------------------------------------------------------------===//

static_assert(std::extent_v<decltype(UWTCudaWeight::buffers)> ==
              DeviceWeightDescription::bufferKinds);
static_assert(UWT_CUDA_ALIGNMENT == devicePlaneAlignment);

static Status checkSize(const UWTCudaWeight &weight) {
  return checkSize(weight.size, sizeof(UWTCudaWeight), "weight", "UWTCudaWeight");
}

/// Whether a text and its zero fit; it is copied then.
template <size_t room> static bool putText(char (&to)[room], std::string_view text) {
  if (text.size() >= room)
    return false;
  to[text.copy(to, room - 1)] = 0;
  return true;
}

static Status describe(const DeviceWeightDescription &from, UWTCudaWeight &to) {
  UWT_RETURN_IF_ERROR(checkSize(to));
  std::string format = from.format().str();
  UWTCudaWeight made{};
  made.size = to.size;
  if (!putText(made.dtype, getTraits(from.element()).safetensorsName) ||
      !putText(made.format, format))
    return unsupportedError("the format has more than " + std::to_string(sizeof(made.format) - 1) +
                            " characters: " + format);
  made.rows = from.rows();
  made.columns = from.columns();
  made.matrices = from.matrices();
  made.bytes = from.bytes();
  for (size_t i = 0; i < from.buffers().size(); ++i)
    made.buffers[i] = {from.buffers()[i].begin, from.buffers()[i].bytes};
  to = made;
  return ok();
}

/// The text of a member that may have come from anywhere.
template <size_t room> static std::string_view textOf(const char (&text)[room]) {
  return {text, strnlen(text, room)};
}

Expected<DeviceWeightDescription> uwt::descriptionOf(const UWTCudaWeight &weight) {
  UWT_RETURN_IF_ERROR(checkSize(weight));
  UWT_ASSIGN_OR_RETURN(ElementType element, elementOf(textOf(weight.dtype)));
  UWT_ASSIGN_OR_RETURN(Format format, Format::parse(textOf(weight.format)));
  TensorDescription::Matrices matrices;
  matrices.count = weight.matrices;
  matrices.shape = {weight.rows, weight.columns};
  std::array<DeviceWeightDescription::Buffer, DeviceWeightDescription::bufferKinds> buffers;
  for (size_t i = 0; i < buffers.size(); ++i)
    buffers[i] = {weight.buffers[i].begin, weight.buffers[i].bytes};
  return DeviceWeightDescription::create(matrices, std::move(format), element, weight.bytes,
                                         buffers);
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

static Status giveImage(Expected<LoadedWeight> loaded, UWTCudaImage *&image) {
  if (!loaded)
    return loaded.takeError();
  UWT_ASSIGN_OR_RETURN(cuda::DeviceImageSource source, cuda::DeviceImageSource::create(*loaded));
  image = new UWTCudaImage{std::move(*loaded), std::move(source)};
  return ok();
}

static Expected<LoadedWeight> loadWeight(ThreadPool &pool, const UWTContainer &container,
                                         const char *name, const char *format) {
  UWT_ASSIGN_OR_RETURN(const auto found, readerOf(container, name));
  LoadOptions options;
  if (format) {
    UWT_ASSIGN_OR_RETURN(options.runFormat, Format::parse(format));
  }
  return LoadedWeight::fromReader(found.first, pool, options);
}

UWTError *uwtCudaImageLoad(UWTContext *context, const UWTContainer *container, const char *name,
                           const char *format, UWTCudaImage **image) {
  return runFunction(
      {{context, "context"}, {container, "container"}, {name, "name"}, {image, "image"}},
      [&] { return giveImage(loadWeight(context->pool(), *container, name, format), *image); });
}

static Expected<LoadedWeight> encodeWeight(ThreadPool &pool, const char *dtype,
                                           std::span<const uint64_t> shape,
                                           std::span<const uint8_t> data, const char *format) {
  TensorDescription description;
  UWT_ASSIGN_OR_RETURN(description.element, elementOf(dtype));
  UWT_ASSIGN_OR_RETURN(description.format, Format::parse(format));
  description.shape.assign(shape.begin(), shape.end());
  return LoadedWeight::fromBytes(description, data, pool);
}

UWTError *uwtCudaImageEncode(UWTContext *context, const char *dtype, size_t rank,
                             const uint64_t *shape, const void *data, uint64_t bytes,
                             const char *format, UWTCudaImage **image) {
  return runFunction({{context, "context"},
                      {dtype, "dtype"},
                      {shape, "shape"},
                      {format, "format"},
                      {image, "image"}},
                     [&]() -> Status {
                       if (bytes != 0 && !data)
                         return usageError("data is NULL");
                       UWT_RETURN_IF_ERROR(checkRank(rank));
                       std::span dense(static_cast<const uint8_t *>(data), bytes);
                       return giveImage(
                           encodeWeight(context->pool(), dtype, {shape, rank}, dense, format),
                           *image);
                     });
}

/// Errors: Unsupported, where columns are in an order of their own and nobody asks for it.
static Status checkOrderIsTaken(bool hasOrder, const uint32_t *columnOrder) {
  if (!hasOrder || columnOrder)
    return ok();
  return unsupportedError(
      "columns of the codes are in an order of their own, and columnOrder is NULL");
}

/// Gives the columns of each of a weight's matrices, as its image has them; `own` is empty where
/// that is as the weight has them.
static Status giveColumnOrder(const LoadedWeight &weight, std::span<const uint32_t> own,
                              uint32_t *columnOrder) {
  if (!columnOrder)
    return ok();
  if (!own.empty()) {
    std::ranges::copy(own, columnOrder);
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, weight.description().matrices());
  for (uint64_t matrix = 0; matrix < matrices.count; ++matrix) {
    std::span columns(columnOrder + matrix * matrices.shape.columns, matrices.shape.columns);
    std::iota(columns.begin(), columns.end(), 0U);
  }
  return ok();
}

UWTError *uwtCudaImageEncodeCodes(UWTContext *context, const UWTCodes *const *codes, size_t count,
                                  const char *dtype, size_t rank, const uint64_t *shape,
                                  uint32_t *columnOrder, UWTCudaImage **image) {
  return runFunction(
      {{context, "context"},
       {codes, "codes"},
       {dtype, "dtype"},
       {shape, "shape"},
       {image, "image"}},
      [&]() -> Status {
        UWT_RETURN_IF_ERROR(checkRank(rank));
        UWT_ASSIGN_OR_RETURN(ElementType type, elementOf(dtype));
        UWT_ASSIGN_OR_RETURN(auto parts, partsOf({codes, count}));
        bool hasOrder = std::ranges::any_of(
            parts, [](const QuantizedPart *part) { return !part->columnOrder.empty(); });
        UWT_RETURN_IF_ERROR(checkOrderIsTaken(hasOrder, columnOrder));
        UWT_ASSIGN_OR_RETURN(LoadedParts loaded,
                             loadParts(parts, type, {shape, rank}, context->pool()));
        UWT_RETURN_IF_ERROR(giveColumnOrder(loaded.weight, loaded.columnOrder, columnOrder));
        return giveImage(std::move(loaded.weight), *image);
      });
}

UWTError *uwtCudaImageOfCodes(const void *weight, uint64_t bytes, uint32_t *columnOrder,
                              UWTCudaImage **image) {
  return runFunction({{weight, "weight"}, {image, "image"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(WeightImage from,
                         WeightImage::open({static_cast<const uint8_t *>(weight), bytes}));
    // Those of all matrices, one after another.
    std::span<const uint32_t> order = from.columnOrder();
    if (!order.empty())
      order = {order.data(), order.size() * from.matrices()};
    UWT_RETURN_IF_ERROR(checkOrderIsTaken(!order.empty(), columnOrder));
    UWT_ASSIGN_OR_RETURN(LoadedWeight codes, from.copyCodes());
    UWT_RETURN_IF_ERROR(giveColumnOrder(codes, order, columnOrder));
    return giveImage(std::move(codes), *image);
  });
}

UWTError *uwtCudaImageWeight(const UWTCudaImage *image, UWTCudaWeight *weight) {
  return runFunction({{image, "image"}, {weight, "weight"}},
                     [&] { return describe(image->source.description(), *weight); });
}

static Status checkImageBytes(const UWTCudaImage &image, uint64_t bytes) {
  uint64_t needed = image.source.description().bytes();
  if (bytes == needed)
    return ok();
  return usageError("the image has " + std::to_string(needed) + " bytes, got memory of " +
                    std::to_string(bytes));
}

UWTError *uwtCudaImageWrite(const UWTCudaImage *image, void *memory, uint64_t bytes) {
  return runFunction({{image, "image"}, {memory, "memory"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkImageBytes(*image, bytes));
    image->source.write({static_cast<uint8_t *>(memory), bytes});
    return ok();
  });
}

UWTError *uwtCudaImageCopy(const UWTCudaImage *image, const UWTCudaDevice *device,
                           UWTCudaBuffer memory, void *stream) {
  return runFunction({{image, "image"}, {device, "device"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkImageBytes(*image, memory.bytes));
    UWT_RETURN_IF_ERROR(
        cuda::checkAddress("the memory for the image", memory.address, UWT_CUDA_ALIGNMENT));
    return image->source.copy(cuda::DeviceBuffer::borrow(device->device, rangeOf(memory)), stream);
  });
}

void uwtCudaImageDestroy(UWTCudaImage *image) { delete image; }

//===----------------------------------------------------------------------===//
// Coding on the device
//===----------------------------------------------------------------------===//

static Expected<cuda::DeviceTranscode> createTranscode(ThreadPool &pool, cuda::DevicePack &pack,
                                                       const UWTCudaWeight &source,
                                                       const UWTContainer &container,
                                                       const char *name, const char *format) {
  UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(source));
  UWT_ASSIGN_OR_RETURN(Format runFormat, Format::parse(format));
  UWT_ASSIGN_OR_RETURN(const auto found, readerOf(container, name));
  const TensorReader &reader = found.first;
  std::string hint = ": load it with uwtCudaImageLoad";
  if (!reader.decoder())
    return usageError("tensor '" + std::string(name) +
                      "' is not compressed, and a device codes anew what is" + hint);
  const Format &stored = reader.decoder()->description().format;
  if (description.format() != stored)
    return usageError("tensor '" + std::string(name) + "' is stored as " + stored.str() +
                      ", and the source's format is " + description.format().str());
  if (runFormat.fold != stored.fold)
    return unsupportedError("a device does not change the fold of " + stored.str() +
                            " to that of " + runFormat.str() + hint);
  auto plan = transcodePlan(*reader.decoder(), runFormat, bestCodePath(), pool);
  UWT_RETURN_IF_ERROR(reader.checkRead());
  if (!plan)
    return plan.takeError();
  return cuda::DeviceTranscode::create(pack, description, std::move(*plan));
}

UWTError *uwtCudaTranscodeCreate(UWTContext *context, UWTCudaPack *pack,
                                 const UWTCudaWeight *source, const UWTContainer *container,
                                 const char *name, const char *format,
                                 UWTCudaTranscode **transcode) {
  return runFunction({{context, "context"},
                      {pack, "pack"},
                      {source, "source"},
                      {container, "container"},
                      {name, "name"},
                      {format, "format"},
                      {transcode, "transcode"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(cuda::DeviceTranscode steps,
                                            createTranscode(context->pool(), *pack->pack, *source,
                                                            *container, name, format));
                       *transcode = new UWTCudaTranscode{pack->pack, std::move(steps)};
                       return ok();
                     });
}

uint64_t uwtCudaTranscodeScratch(const UWTCudaTranscode *transcode) {
  return transcode ? transcode->steps.scratchBytes() : 0;
}

UWTError *uwtCudaTranscodeCount(UWTCudaTranscode *transcode, uint64_t image, UWTCudaBuffer scratch,
                                void *stream, UWTCudaWeight *result) {
  return runFunction({{transcode, "transcode"}, {result, "result"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkSize(*result));
    UWT_ASSIGN_OR_RETURN(
        DeviceWeightDescription made,
        transcode->steps.count(image, rangeOf(scratch),
                               cuda::CudaStream::borrow(transcode->pack->device(), stream)));
    return describe(made, *result);
  });
}

UWTError *uwtCudaTranscodeWrite(UWTCudaTranscode *transcode, UWTCudaBuffer memory, void *stream) {
  return runFunction({{transcode, "transcode"}}, [&] {
    const cuda::CudaDevicePtr &device = transcode->pack->device();
    return transcode->steps.write(cuda::DeviceBuffer::borrow(device, rangeOf(memory)),
                                  cuda::CudaStream::borrow(device, stream));
  });
}

void uwtCudaTranscodeDestroy(UWTCudaTranscode *transcode) { delete transcode; }

static Expected<cuda::DeviceEncode> createEncode(cuda::DevicePack &pack, const char *dtype,
                                                 const MatrixShape &shape, uint64_t matrices,
                                                 const char *format) {
  UWT_ASSIGN_OR_RETURN(ElementType element, elementOf(dtype));
  UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
  TensorDescription description{element, {matrices, shape.rows, shape.columns}, parsed};
  // Whether such a tensor can be.
  UWT_RETURN_IF_ERROR(description.elements());
  TensorDescription::Matrices given;
  given.count = matrices;
  given.shape = shape;
  return cuda::DeviceEncode::create(pack, element, given, parsed);
}

UWTError *uwtCudaEncodeCreate(UWTCudaPack *pack, const char *dtype, uint64_t rows, uint64_t columns,
                              uint64_t matrices, const char *format, UWTCudaEncode **encode) {
  return runFunction(
      {{pack, "pack"}, {dtype, "dtype"}, {format, "format"}, {encode, "encode"}}, [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(cuda::DeviceEncode steps,
                             createEncode(*pack->pack, dtype, {rows, columns}, matrices, format));
        *encode = new UWTCudaEncode{pack->pack, std::move(steps)};
        return ok();
      });
}

uint64_t uwtCudaEncodeScratch(const UWTCudaEncode *encode) {
  return encode ? encode->steps.scratchBytes() : 0;
}

UWTError *uwtCudaEncodeCount(UWTCudaEncode *encode, const UWTCudaDense *source,
                             UWTCudaBuffer scratch, void *stream, UWTCudaWeight *result) {
  return runFunction({{encode, "encode"}, {source, "source"}, {result, "result"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkSize(*result));
    UWT_ASSIGN_OR_RETURN(
        DeviceWeightDescription made,
        encode->steps.count(matricesOf(*source), rangeOf(scratch),
                            cuda::CudaStream::borrow(encode->pack->device(), stream)));
    return describe(made, *result);
  });
}

UWTError *uwtCudaEncodeWrite(UWTCudaEncode *encode, UWTCudaBuffer memory, void *stream) {
  return runFunction({{encode, "encode"}}, [&] {
    const cuda::CudaDevicePtr &device = encode->pack->device();
    return encode->steps.write(cuda::DeviceBuffer::borrow(device, rangeOf(memory)),
                               cuda::CudaStream::borrow(device, stream));
  });
}

void uwtCudaEncodeDestroy(UWTCudaEncode *encode) { delete encode; }
