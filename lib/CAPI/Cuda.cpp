//===- Cuda.cpp - Products on a GPU in the C API --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Cuda.h"
#include "Objects.h"
#include "uwt/Codec/Transcode.h"
#include "uwt/Cuda/EncodedWeight.h"
#include "uwt/Cuda/LayerQueue.h"
#include "uwt/Runtime/QuantizedImage.h"
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

using namespace uwt;
using cuda::DeviceWeightDescription;

struct UWTCudaDevice {
  cuda::CudaDevicePtr device;
};

struct UWTCudaPack {
  std::shared_ptr<cuda::DevicePack> pack;
};

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

struct UWTCudaKernels {
  // What the kernels refer to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::WeightKernels kernels;
};

struct UWTCudaDecoder {
  // What the decoder refers to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::RowDecoder decoder;
};

struct UWTCudaGatherer {
  // What the gatherer refers to.
  std::shared_ptr<cuda::DevicePack> pack;
  DeviceWeightDescription weight;
  cuda::RowGatherer gatherer;
};

struct UWTCudaLayerQueue {
  cuda::LayerQueue queue;
};

//===----------------------------------------------------------------------===//
// Devices and packs
//===----------------------------------------------------------------------===//

static Expected<unsigned> countDevices() {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::CudaDriver> driver, cuda::CudaDriver::open());
  return driver->deviceCount();
}

UWTError *uwtCudaDeviceCount(unsigned *count) {
  return runFunction({{count, "count"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(*count, countDevices());
    return ok();
  });
}

UWTError *uwtCudaDeviceOpen(unsigned number, UWTCudaDevice **device) {
  return runFunction({{device, "device"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::CudaDriver> driver, cuda::CudaDriver::open());
    UWT_ASSIGN_OR_RETURN(cuda::CudaDevicePtr opened, cuda::CudaDevice::open(driver, number));
    *device = new UWTCudaDevice{std::move(opened)};
    return ok();
  });
}
const char *uwtCudaDeviceName(const UWTCudaDevice *device) {
  return device ? device->device->properties().name.c_str() : nullptr;
}
const char *uwtCudaDeviceTarget(const UWTCudaDevice *device) {
  return device ? device->device->properties().target.c_str() : nullptr;
}
void uwtCudaDeviceDestroy(UWTCudaDevice *device) { delete device; }

UWTError *uwtCudaPackOpen(const UWTCudaDevice *device, const char *path, UWTCudaPack **pack) {
  return runFunction({{device, "device"}, {path, "path"}, {pack, "pack"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(std::shared_ptr<const KernelPack> opened, KernelPack::open(path));
    *pack = new UWTCudaPack{std::make_shared<cuda::DevicePack>(device->device, std::move(opened))};
    return ok();
  });
}
void uwtCudaPackDestroy(UWTCudaPack *pack) { delete pack; }

//===----------------------------------------------------------------------===//
// Weights
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

static Expected<DeviceWeightDescription> descriptionOf(const UWTCudaWeight &weight) {
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

static cuda::DeviceRange rangeOf(UWTCudaBuffer buffer) { return {buffer.address, buffer.bytes}; }

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
                       std::span dense(static_cast<const uint8_t *>(data), bytes);
                       return giveImage(
                           encodeWeight(context->pool(), dtype, {shape, rank}, dense, format),
                           *image);
                     });
}

/// Gives the columns of each of a weight's matrices, as its image has them.
static Status giveColumnOrder(const LoadedParts &loaded, uint32_t *columnOrder) {
  if (!columnOrder)
    return loaded.columnOrder.empty()
               ? ok()
               : unsupportedError("columns of the codes are in an order of their own, and "
                                  "columnOrder is NULL");
  if (!loaded.columnOrder.empty()) {
    std::ranges::copy(loaded.columnOrder, columnOrder);
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices,
                       loaded.weight.description().matrices());
  for (uint64_t matrix = 0; matrix < matrices.count; ++matrix)
    for (uint64_t column = 0; column < matrices.shape.columns; ++column)
      *columnOrder++ = static_cast<uint32_t>(column);
  return ok();
}

UWTError *uwtCudaImageEncodeCodes(UWTContext *context, const UWTCodes *const *codes, size_t count,
                                  const char *dtype, size_t rank, const uint64_t *shape,
                                  uint32_t *columnOrder, UWTCudaImage **image) {
  return runFunction({{context, "context"},
                      {codes, "codes"},
                      {dtype, "dtype"},
                      {shape, "shape"},
                      {image, "image"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(ElementType type, elementOf(dtype));
                       UWT_ASSIGN_OR_RETURN(auto parts, partsOf({codes, count}));
                       UWT_ASSIGN_OR_RETURN(LoadedParts loaded,
                                            loadParts(parts, type, {shape, rank}, context->pool()));
                       UWT_RETURN_IF_ERROR(giveColumnOrder(loaded, columnOrder));
                       return giveImage(std::move(loaded.weight), *image);
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

static cuda::DenseMatrices matricesOf(const UWTCudaDense &dense) {
  return {rangeOf(dense.memory), dense.rowStride, dense.matrixStride};
}

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

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

UWTError *uwtCudaKernelsCreate(UWTCudaPack *pack, const UWTCudaWeight *weight, uint32_t maxM,
                               UWTCudaKernels **kernels) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {kernels, "kernels"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::WeightKernels made,
                         cuda::WeightKernels::create(*pack->pack, description, maxM));
    *kernels = new UWTCudaKernels{pack->pack, std::move(made)};
    return ok();
  });
}

const char *uwtCudaKernelsName(const UWTCudaKernels *kernels, uint32_t m) {
  if (!kernels)
    return nullptr;
  auto launcher = kernels->kernels.find(m);
  return launcher ? (*launcher)->entry().kernel.c_str() : nullptr;
}

UWTError *uwtCudaKernelsScratch(const UWTCudaKernels *kernels, uint32_t m, uint64_t *workspaceBytes,
                                uint64_t *counterBytes) {
  return runFunction(
      {{kernels, "kernels"}, {workspaceBytes, "workspaceBytes"}, {counterBytes, "counterBytes"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(const auto scratch, kernels->kernels.scratch(m));
        *workspaceBytes = scratch.workspaceBytes;
        *counterBytes = scratch.counterBytes;
        return ok();
      });
}

void uwtCudaKernelsDestroy(UWTCudaKernels *kernels) { delete kernels; }

void uwtCudaLinearInit(UWTCudaLinear *linear, size_t size) {
  setDefaults(linear, size, UWTCudaLinear{});
}

/// Whether a matrix is what a call takes it to be.
static Status checkMatrix(const DeviceWeightDescription &weight, uint64_t n, uint64_t k) {
  if (n == weight.rows() && k == weight.columns())
    return ok();
  return usageError("the weight has n " + std::to_string(weight.rows()) + " and k " +
                    std::to_string(weight.columns()) + ", the call n " + std::to_string(n) +
                    " and k " + std::to_string(k));
}

/// What a call says, checked as far as this side of the library can; `extras` holds what the result
/// points to.
static Expected<cuda::LaunchOperands> operandsOf(const UWTCudaLinear &linear,
                                                 const UWTCudaKernels &kernels,
                                                 std::vector<cuda::DeviceRange> &extras) {
  UWT_ASSIGN_OR_RETURN(
      const UWTCudaLinear call,
      takeOptions(&linear, uwtCudaLinearInit, sizeof(UWTCudaLinear), "uwtCudaLinearInit"));
  const DeviceWeightDescription &weight = kernels.kernels.weight();
  UWT_RETURN_IF_ERROR(checkMatrix(weight, call.n, call.k));
  if (call.extraCount != 0 && !call.extras)
    return usageError("extras is NULL");
  for (const UWTCudaBuffer &extra : std::span(call.extras, call.extraCount))
    extras.push_back(rangeOf(extra));
  cuda::LaunchOperands given;
  given.weight = call.weight;
  given.matrix = call.matrix;
  given.x = call.x;
  given.y = call.y;
  given.m = call.m;
  given.xStride = call.xStride;
  given.yStride = call.yStride;
  given.workspace = rangeOf(call.workspace);
  given.counters = rangeOf(call.counters);
  given.extras = extras;
  return given;
}

UWTError *uwtCudaLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear, void *stream) {
  return runFunction({{kernels, "kernels"}, {linear, "linear"}}, [&]() -> Status {
    std::vector<cuda::DeviceRange> extras;
    UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands given, operandsOf(*linear, *kernels, extras));
    return kernels->kernels.launch(given, stream);
  });
}

UWTError *uwtCudaGroupedLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear,
                               const uint64_t *offsets, size_t count, void *stream) {
  return runFunction(
      {{kernels, "kernels"}, {linear, "linear"}, {offsets, "offsets"}}, [&]() -> Status {
        std::vector<cuda::DeviceRange> extras;
        UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands given, operandsOf(*linear, *kernels, extras));
        return kernels->kernels.launchGroups(given, {offsets, count}, stream);
      });
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

UWTError *uwtCudaLayerQueueCreate(const UWTCudaDevice *device, UWTCudaLayerQueue **queue) {
  return runFunction({{device, "device"}, {queue, "queue"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::LayerQueue made, cuda::LayerQueue::create(device->device));
    *queue = new UWTCudaLayerQueue{std::move(made)};
    return ok();
  });
}
void uwtCudaLayerQueueDestroy(UWTCudaLayerQueue *queue) { delete queue; }

static Expected<cuda::LayerQueue::Layer> layerOf(const UWTCudaLayer &layer,
                                                 std::vector<cuda::DeviceRange> &extras) {
  if (!layer.kernels)
    return usageError("kernels is NULL");
  UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands operands,
                       operandsOf(layer.linear, *layer.kernels, extras));
  // Of nothing any kernel does nothing.
  UWT_ASSIGN_OR_RETURN(const cuda::KernelLauncher *launcher,
                       layer.kernels->kernels.find(std::max(operands.m, 1U)));
  return cuda::LayerQueue::Layer{launcher, operands};
}

static Status launchLayers(const cuda::LayerQueue &queue, std::span<const UWTCudaLayer> layers,
                           void *stream, uint32_t decodeCtas) {
  std::vector<cuda::LayerQueue::Layer> given(layers.size());
  std::vector<std::vector<cuda::DeviceRange>> extras(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    auto layer = layerOf(layers[i], extras[i]);
    if (!layer)
      return layer.takeError().in("layer " + std::to_string(i));
    given[i] = *layer;
  }
  return queue.launch(given, stream, decodeCtas);
}

UWTError *uwtCudaLaunchLayers(const UWTCudaLayerQueue *queue, const UWTCudaLayer *layers,
                              size_t count, void *stream, uint32_t decodeCtas) {
  return runFunction({{queue, "queue"}}, [&]() -> Status {
    if (count != 0 && !layers)
      return usageError("layers is NULL");
    return launchLayers(queue->queue, {layers, count}, stream, decodeCtas);
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

UWTError *uwtCudaDecoderCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                               UWTCudaDecoder **decoder) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {decoder, "decoder"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::RowDecoder made, cuda::RowDecoder::create(*pack->pack, description));
    *decoder = new UWTCudaDecoder{pack->pack, std::move(made)};
    return ok();
  });
}

UWTError *uwtCudaDecode(const UWTCudaDecoder *decoder, uint64_t image, uint64_t matrix,
                        const UWTCudaDense *rows, void *stream) {
  return runFunction({{decoder, "decoder"}, {rows, "rows"}}, [&] {
    return decoder->decoder.decode(image, matrix, matricesOf(*rows), stream);
  });
}

void uwtCudaDecoderDestroy(UWTCudaDecoder *decoder) { delete decoder; }

UWTError *uwtCudaGathererCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                UWTCudaGatherer **gatherer) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {gatherer, "gatherer"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::RowGatherer made,
                         cuda::RowGatherer::create(*pack->pack, description));
    *gatherer = new UWTCudaGatherer{pack->pack, description, std::move(made)};
    return ok();
  });
}

void uwtCudaGathererDestroy(UWTCudaGatherer *gatherer) { delete gatherer; }

void uwtCudaGatherInit(UWTCudaGather *gather, size_t size) {
  setDefaults(gather, size, UWTCudaGather{});
}

static Expected<cuda::GatherOperands> operandsOf(const UWTCudaGather &gather,
                                                 const DeviceWeightDescription &weight) {
  UWT_ASSIGN_OR_RETURN(
      const UWTCudaGather call,
      takeOptions(&gather, uwtCudaGatherInit, sizeof(UWTCudaGather), "uwtCudaGatherInit"));
  UWT_RETURN_IF_ERROR(checkMatrix(weight, call.n, call.k));
  cuda::GatherOperands given;
  given.weight = call.weight;
  given.matrix = call.matrix;
  given.ids = rangeOf(call.ids);
  given.idBytes = call.idBytes;
  given.count = call.count;
  given.rows = matricesOf(call.rows);
  given.outside = call.outside;
  return given;
}

UWTError *uwtCudaGather(const UWTCudaGatherer *gatherer, const UWTCudaGather *gather,
                        void *stream) {
  return runFunction({{gatherer, "gatherer"}, {gather, "gather"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::GatherOperands given, operandsOf(*gather, gatherer->weight));
    return gatherer->gatherer.gather(given, stream);
  });
}
