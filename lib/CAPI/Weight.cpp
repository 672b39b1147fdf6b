//===- Weight.cpp - Weights in the caller's memory, in the C API ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Weight.h"
#include "Objects.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Kernels/Kernels.h"
#include "uwt/Runtime/ColumnOrder.h"
#include "uwt/Runtime/QuantizedImage.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <numeric>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Making images
//===----------------------------------------------------------------------===//

Expected<ElementType> uwt::elementOf(std::string_view dtype) {
  if (std::optional<ElementType> element = elementTypeFromSafetensors(dtype))
    return *element;
  return usageError("a weight has no elements of dtype " + std::string(dtype));
}

Status uwt::checkRank(size_t rank) {
  constexpr size_t maxRank = 64;
  if (rank <= maxRank)
    return ok();
  return usageError("a tensor has at most " + std::to_string(maxRank) + " dimensions, got rank " +
                    std::to_string(rank));
}

UWTError *uwtWeightMaxBytes(const char *dtype, size_t rank, const uint64_t *shape,
                            const char *format, uint64_t *bytes) {
  return runFunction({{dtype, "dtype"}, {shape, "shape"}, {format, "format"}, {bytes, "bytes"}},
                     [&]() -> Status {
                       TensorDescription description;
                       UWT_RETURN_IF_ERROR(checkRank(rank));
                       UWT_ASSIGN_OR_RETURN(description.element, elementOf(dtype));
                       description.shape.assign(shape, shape + rank);
                       UWT_ASSIGN_OR_RETURN(description.format, Format::parse(format));
                       UWT_ASSIGN_OR_RETURN(*bytes, WeightImage::maxBytes(description));
                       return ok();
                     });
}

void uwtDenseTensorInit(UWTDenseTensor *tensor, size_t size) {
  setDefaults(tensor, size, UWTDenseTensor{});
}

static Expected<DenseTensor> denseTensor(const UWTDenseTensor *given) {
  UWT_ASSIGN_OR_RETURN(
      UWTDenseTensor from,
      takeOptions(given, uwtDenseTensorInit, sizeof(UWTDenseTensor), "uwtDenseTensorInit"));
  if (!from.dtype)
    return usageError("the tensor's dtype is NULL");
  if (!from.shape)
    return usageError("the tensor's shape is NULL");
  UWT_RETURN_IF_ERROR(checkRank(from.rank));
  if (from.bytes != 0 && !from.data)
    return usageError("the tensor's data is NULL");
  DenseTensor tensor;
  UWT_ASSIGN_OR_RETURN(tensor.element, elementOf(from.dtype));
  tensor.shape.assign(from.shape, from.shape + from.rank);
  tensor.bytes = {static_cast<const uint8_t *>(from.data), from.bytes};
  tensor.rowStride = from.rowStride;
  tensor.matrixStride = from.matrixStride;
  return tensor;
}

static std::span<uint8_t> memoryOf(void *image, uint64_t bytes) {
  return {static_cast<uint8_t *>(image), bytes};
}

UWTError *uwtWeightEncode(UWTContext *context, const UWTDenseTensor *tensor, const char *format,
                          void *image, uint64_t bytes, uint64_t *imageBytes) {
  return runFunction({{context, "context"},
                      {tensor, "tensor"},
                      {format, "format"},
                      {image, "image"},
                      {imageBytes, "imageBytes"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(DenseTensor dense, denseTensor(tensor));
                       UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
                       UWT_ASSIGN_OR_RETURN(WeightImage made,
                                            WeightImage::encode(dense, parsed,
                                                                memoryOf(image, bytes),
                                                                context->pool()));
                       *imageBytes = made.bytes();
                       return ok();
                     });
}

UWTError *uwtWeightLoad(UWTContext *context, const UWTContainer *container, const char *name,
                        const char *format, void *image, uint64_t bytes, uint64_t *imageBytes) {
  return runFunction({{context, "context"},
                      {container, "container"},
                      {name, "name"},
                      {format, "format"},
                      {image, "image"},
                      {imageBytes, "imageBytes"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(const auto found, readerOf(*container, name));
                       UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
                       Expected<WeightImage> made = WeightImage::load(
                           found.first, parsed, memoryOf(image, bytes), context->pool());
                       if (!made)
                         return made.takeError().in("tensor " + inQuotes(name));
                       *imageBytes = made->bytes();
                       return ok();
                     });
}

UWTError *uwtWeightFormatOfCodes(const char *composition, char *format, size_t size) {
  return runFunction({{composition, "composition"}, {format, "format"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(composition));
    UWT_ASSIGN_OR_RETURN(Format found, imageFormatOf(parsed));
    std::string text = found.str();
    if (text.size() >= size)
      return usageError("the format takes " + std::to_string(text.size() + 1) + " bytes, got " +
                        std::to_string(size));
    std::memcpy(format, text.c_str(), text.size() + 1);
    return ok();
  });
}

UWTError *uwtWeightEncodeCodes(UWTContext *context, const UWTCodes *const *codes, size_t count,
                               const char *dtype, size_t rank, const uint64_t *shape, void *image,
                               uint64_t bytes, uint64_t *imageBytes) {
  return runFunction({{context, "context"},
                      {codes, "codes"},
                      {dtype, "dtype"},
                      {shape, "shape"},
                      {image, "image"},
                      {imageBytes, "imageBytes"}},
                     [&]() -> Status {
                       UWT_RETURN_IF_ERROR(checkRank(rank));
                       UWT_ASSIGN_OR_RETURN(ElementType type, elementOf(dtype));
                       UWT_ASSIGN_OR_RETURN(auto parts, partsOf({codes, count}));
                       UWT_ASSIGN_OR_RETURN(WeightImage made,
                                            encodeParts(parts, type, {shape, rank},
                                                        memoryOf(image, bytes), context->pool()));
                       *imageBytes = made.bytes();
                       return ok();
                     });
}

//===----------------------------------------------------------------------===//
// Using images
//===----------------------------------------------------------------------===//

static Expected<WeightImage> openImage(const void *image, uint64_t bytes) {
  return WeightImage::open({static_cast<const uint8_t *>(image), bytes});
}

UWTError *uwtWeightCheck(UWTContext *context, const void *image, uint64_t bytes) {
  return runFunction({{context, "context"}, {image, "image"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    return opened.check(context->pool());
  });
}

UWTError *uwtWeightInfo(const void *image, uint64_t bytes, UWTWeightInfo *info) {
  return runFunction({{image, "image"}, {info, "info"}}, [&]() -> Status {
    // What the first version had.
    constexpr size_t least = offsetof(UWTWeightInfo, integerBits);
    UWT_RETURN_IF_ERROR(checkSize(info->size, least, "info", "UWTWeightInfo"));
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    UWT_ASSIGN_OR_RETURN(uint64_t tensorBytes, opened.tensorBytes());
    const SafetensorsDtype *dtype =
        findSafetensorsDtype(getTraits(opened.element()).safetensorsName);
    if (!dtype)
      return invalidError("the weight in memory has elements that no tensor has");
    giveInfo(info, {info->size, dtype->cName(), opened.format(), opened.shape().size(),
                    opened.shape().data(), tensorBytes, opened.bytes(), WeightImage::parts,
                    opened.integerBits()});
    return ok();
  });
}

UWTError *uwtWeightPart(const void *image, uint64_t bytes, size_t index, UWTWeightPart *part) {
  return runFunction({{image, "image"}, {part, "part"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkSize(part->size, sizeof(UWTWeightPart), "part", "UWTWeightPart"));
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    if (index >= WeightImage::parts)
      return usageError("a weight in memory has " + std::to_string(WeightImage::parts) +
                        " parts, got index " + std::to_string(index));
    WeightImage::Part found = opened.part(index);
    *part = {part->size, found.name, found.part.begin, found.part.bytes};
    return ok();
  });
}

static Expected<TensorRange> rangeOf(const UWTTensorPart *given, const WeightImage &image) {
  UWT_ASSIGN_OR_RETURN(UWTTensorPart part, takeOptions(given, uwtTensorPartInit,
                                                       sizeof(UWTTensorPart), "uwtTensorPartInit"));
  if (part.rankCount != 0)
    return usageError("a weight in memory has no parts by rank: give rows or columns");
  std::span<const uint64_t> shape = image.shape();
  auto endOf = [](uint64_t end, uint64_t size) { return end == UWT_PART_END ? size : end; };
  TensorRange range{0,
                    image.matrices(),
                    part.rowBegin,
                    endOf(part.rowEnd, shape[shape.size() - 2]),
                    part.columnBegin,
                    endOf(part.columnEnd, shape[shape.size() - 1])};
  if (part.expert >= 0) {
    range.matrixBegin = static_cast<uint64_t>(part.expert);
    range.matrixEnd = range.matrixBegin + 1;
  }
  return range;
}

static Expected<const Kernels *> kernelsOf(const WeightImage &image) {
  return Kernels::find(image.element(), image.formatOfPanels());
}

/// y = x · wᵀ + bias by an image's own arithmetic, of x with columns in the weight's order. Errors:
/// as Kernels::linear.
static Status multiply(const Kernels &kernels, const WeightImage &image, uint64_t matrix,
                       LinearArguments arguments, ThreadPool &pool) {
  WeightView view = image.view(matrix);
  arguments.byIntegers = image.integerBits() != 0;
  std::span<const uint32_t> order = image.columnOrder(matrix);
  if (order.empty())
    return kernels.linear(view, arguments, &pool);
  UWT_RETURN_IF_ERROR(checkColumns(order));
  auto x = std::make_unique_for_overwrite<uint16_t[]>(arguments.m * view.columns);
  takeColumns(order, static_cast<const uint16_t *>(arguments.x.data), arguments.m,
              arguments.x.stride, x.get(), pool);
  arguments.x = {x.get(), view.columns};
  return kernels.linear(view, arguments, &pool);
}

/// Copies rows `ids` of a matrix to `y`, with columns in the weight's order. Errors: as
/// Kernels::gather.
static Status gatherRows(const Kernels &kernels, const WeightImage &image, uint64_t matrix,
                         std::span<const int64_t> ids, MatrixRows<void *> y, ThreadPool &pool) {
  std::span<const uint32_t> order = image.columnOrder(matrix);
  UWT_RETURN_IF_ERROR(checkColumns(order));
  UWT_RETURN_IF_ERROR(kernels.gather(image.view(matrix), ids, y, &pool));
  putColumns(order, static_cast<uint16_t *>(y.data), ids.size(), y.stride, pool);
  return ok();
}

/// Of codes of a quantised checkpoint, which the code of products decodes.
static Status decodeByKernels(const WeightImage &image, const UWTTensorPart *part,
                              std::span<uint8_t> out, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(const Kernels *kernels, kernelsOf(image));
  UWTTensorPart whole;
  uwtTensorPartInit(&whole, sizeof(whole));
  UWT_ASSIGN_OR_RETURN(TensorRange range, rangeOf(part ? part : &whole, image));
  WeightView view = image.view();
  if (range.columnBegin != 0 || range.columnEnd != view.columns)
    return unsupportedError("codes of a quantised checkpoint in memory have no parts of columns");
  if (range.rowBegin > range.rowEnd || range.rowEnd > view.rows)
    return usageError("rows " + std::to_string(range.rowBegin) + ":" +
                      std::to_string(range.rowEnd) +
                      " are not inside 0:" + std::to_string(view.rows));
  if (range.matrixEnd > image.matrices())
    return usageError("matrix " + std::to_string(range.matrixBegin) + " is not below " +
                      std::to_string(image.matrices()));
  std::vector<int64_t> rows(range.rowEnd - range.rowBegin);
  std::iota(rows.begin(), rows.end(), static_cast<int64_t>(range.rowBegin));
  uint64_t bytesEach = rows.size() * view.columns * getTraits(image.element()).bytes;
  uint64_t bytes = (range.matrixEnd - range.matrixBegin) * bytesEach;
  if (out.size() != bytes)
    return usageError("a buffer of " + std::to_string(out.size()) + " bytes, expected " +
                      std::to_string(bytes));
  for (uint64_t matrix = range.matrixBegin; bytes != 0 && matrix < range.matrixEnd; ++matrix) {
    uint8_t *to = out.data() + (matrix - range.matrixBegin) * bytesEach;
    UWT_RETURN_IF_ERROR(gatherRows(*kernels, image, matrix, rows, {to, view.columns}, pool));
  }
  return ok();
}

UWTError *uwtWeightDecode(UWTContext *context, const void *image, uint64_t bytes,
                          const UWTTensorPart *part, void *buffer, uint64_t bufferBytes) {
  return runFunction({{context, "context"}, {image, "image"}}, [&]() -> Status {
    if (bufferBytes != 0 && !buffer)
      return usageError("buffer is NULL");
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    UWT_ASSIGN_OR_RETURN(TensorDescription what, opened.description());
    if (what.format.isQuantized())
      return decodeByKernels(opened, part, {static_cast<uint8_t *>(buffer), bufferBytes},
                             context->pool());
    UWT_ASSIGN_OR_RETURN(WeightImage::Decoder decoder, opened.decoder());
    std::span<uint8_t> out(static_cast<uint8_t *>(buffer), bufferBytes);
    DecodeOptions options;
    // Images are checked once (uwtWeightCheck).
    options.check = false;
    if (!part)
      return decoder.tensor.decode(out, context->pool(), options);
    UWT_ASSIGN_OR_RETURN(TensorRange range, rangeOf(part, opened));
    return decoder.tensor.decodeSlice(range, out, context->pool(), options);
  });
}

/// Verifies rows that a function reads or writes.
static Status checkRows(const void *data, uint64_t rows, uint64_t stride, uint64_t columns,
                        uint64_t elementBytes, const char *name) {
  if (rows != 0 && columns != 0 && !data)
    return usageError(std::string(name) + " is NULL");
  if (rows > 1 && stride < columns)
    return usageError("rows of " + std::string(name) + " are " + std::to_string(stride) +
                      " elements apart, and have " + std::to_string(columns));
  if (!bytesOfRows(rows, stride, columns, elementBytes))
    return usageError(std::to_string(rows) + " rows of " + std::string(name) + ", " +
                      std::to_string(stride) + " elements apart, take more than 2^62 bytes");
  return ok();
}

UWTError *uwtWeightGather(UWTContext *context, const void *image, uint64_t bytes,
                          const int64_t *ids, uint64_t count, uint64_t k, void *y,
                          uint64_t yStride) {
  return runFunction({{context, "context"}, {image, "image"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    UWT_ASSIGN_OR_RETURN(const Kernels *kernels, kernelsOf(opened));
    if (opened.shape().size() != 2)
      return usageError("rows are gathered from a weight of 2 dimensions, got " +
                        std::to_string(opened.shape().size()));
    UWT_RETURN_IF_ERROR(checkRows(ids, count, 1, 1, sizeof(int64_t), "ids"));
    WeightView view = opened.view();
    if (k != view.columns)
      return usageError("rows of the weight have " + std::to_string(view.columns) +
                        " elements, those of y " + std::to_string(k));
    uint64_t bytesEach = getTraits(opened.element()).bytes;
    UWT_RETURN_IF_ERROR(checkRows(y, count, yStride, view.columns, bytesEach, "y"));
    return gatherRows(*kernels, opened, 0, {ids, count}, {y, yStride}, context->pool());
  });
}

static std::string sizeText(uint64_t n, uint64_t k) {
  return std::to_string(n) + " x " + std::to_string(k);
}

static Status checkArithmetic(const Kernels &kernels, std::string_view format,
                              uint32_t integerBits) {
  if (integerBits == 0 || (integerBits == maxIntegerBits && kernels.servesIntegers()))
    return ok();
  return unsupportedError("no kernel multiplies " + std::string(format) + " by integers of " +
                          std::to_string(integerBits) + " bits");
}

UWTError *uwtWeightSetArithmetic(void *image, uint64_t bytes, const char *arithmetic) {
  return runFunction({{image, "image"}, {arithmetic, "arithmetic"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(uint32_t bits, parseArithmetic(arithmetic));
    std::span<uint8_t> memory = memoryOf(image, bytes);
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    UWT_ASSIGN_OR_RETURN(const Kernels *kernels, kernelsOf(opened));
    if (bits != 0)
      UWT_RETURN_IF_ERROR(opened.checkIntegers());
    UWT_RETURN_IF_ERROR(checkArithmetic(*kernels, opened.format(), bits));
    return WeightImage::setIntegerBits(memory, bits);
  });
}

void uwtLinearInit(UWTLinear *linear, size_t size) { setDefaults(linear, size, UWTLinear{}); }

UWTError *uwtLinear(UWTContext *context, const void *image, uint64_t bytes,
                    const UWTLinear *linear) {
  return runFunction({{context, "context"}, {image, "image"}, {linear, "linear"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(UWTLinear call,
                         takeOptions(linear, uwtLinearInit, sizeof(UWTLinear), "uwtLinearInit"));
    UWT_ASSIGN_OR_RETURN(WeightImage opened, openImage(image, bytes));
    UWT_ASSIGN_OR_RETURN(const Kernels *kernels, kernelsOf(opened));
    if (call.matrix >= opened.matrices())
      return usageError("the weight has " + std::to_string(opened.matrices()) +
                        " matrices, got matrix " + std::to_string(call.matrix));
    WeightView view = opened.view(call.matrix);
    if (call.n != view.rows || call.k != view.columns)
      return usageError("the weight has " + sizeText(view.rows, view.columns) +
                        " elements, the call " + sizeText(call.n, call.k));
    uint64_t bytesEach = getTraits(opened.element()).bytes;
    UWT_RETURN_IF_ERROR(checkRows(call.x, call.m, call.xStride, view.columns, bytesEach, "x"));
    UWT_RETURN_IF_ERROR(checkRows(call.y, call.m, call.yStride, view.rows, bytesEach, "y"));
    // Without columns of y, m is bounded by nothing.
    if (view.rows == 0)
      return ok();
    // An image may come from another build of this version.
    UWT_RETURN_IF_ERROR(checkArithmetic(*kernels, opened.format(), opened.integerBits()));
    return multiply(*kernels, opened, call.matrix,
                    {call.m, {call.x, call.xStride}, call.bias, {call.y, call.yStride}},
                    context->pool());
  });
}
