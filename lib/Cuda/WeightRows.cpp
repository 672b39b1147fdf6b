//===- WeightRows.cpp - Rows of weights on a GPU --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/WeightRows.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::cuda;

static constexpr uint64_t elementBytes = sizeof(uint16_t);

/// With strides that are not 0, where they can be told.
static std::optional<DenseMatrices> withStrides(const DenseMatrices &dense,
                                                const DenseShape &shape) {
  DenseMatrices full = dense;
  full.rowStride = dense.rowStride ? dense.rowStride : shape.columns;
  std::optional<uint64_t> whole = checkedMultiply(shape.rows, full.rowStride);
  if (!whole)
    return std::nullopt;
  full.matrixStride = dense.matrixStride ? dense.matrixStride : *whole;
  return full;
}

/// Bytes from the first element to behind the last one, where they can be told. There is one.
static std::optional<uint64_t> extentOf(const DenseMatrices &dense, const DenseShape &shape) {
  std::optional<uint64_t> last = checkedMultiply(shape.matrices - 1, dense.matrixStride),
                          inMatrix = checkedMultiply(shape.rows - 1, dense.rowStride);
  if (!last || !inMatrix)
    return std::nullopt;
  for (uint64_t more : {*inMatrix, shape.columns})
    last = last ? checkedAdd(*last, more) : std::nullopt;
  return last ? checkedMultiply(*last, elementBytes) : std::nullopt;
}

static Status checkStrides(const std::string &name, const DenseMatrices &dense,
                           const DenseShape &shape, uint64_t alignment) {
  if (dense.rowStride < shape.columns)
    return usageError(name + " has rows of " + std::to_string(shape.columns) +
                      " elements, which a stride of " + std::to_string(dense.rowStride) +
                      " overlaps");
  auto isAligned = [&](uint64_t stride) { return stride % (alignment / elementBytes) == 0; };
  bool hasOther = shape.matrices > 1 && !isAligned(dense.matrixStride);
  if (hasOther || (shape.rows > 1 && !isAligned(dense.rowStride)))
    return usageError(name + " has the stride " +
                      std::to_string(hasOther ? dense.matrixStride : dense.rowStride) +
                      ", with which not all rows are aligned to " + std::to_string(alignment) +
                      " bytes");
  return ok();
}

Expected<DenseMatrices> uwt::cuda::checkDense(const std::string &name, const DenseMatrices &dense,
                                              const DenseShape &shape, const KernelEntry &entry) {
  if (shape.matrices == 0 || shape.rows == 0 || shape.columns == 0)
    return dense;
  if (shape.rows > UINT32_MAX)
    return usageError(name + " has " + std::to_string(shape.rows) +
                      " rows, more than 2^32 - 1; take a part of them at a time");
  auto x = std::ranges::find(entry.arguments, ArgumentKind::X, &KernelArgument::kind);
  uint64_t alignment =
      std::max<uint64_t>(x == entry.arguments.end() ? 1 : x->alignment, elementBytes);
  UWT_RETURN_IF_ERROR(checkAddress(name, dense.memory.address, alignment));
  std::optional<DenseMatrices> full = withStrides(dense, shape);
  if (full)
    UWT_RETURN_IF_ERROR(checkStrides(name, *full, shape, alignment));
  std::optional<uint64_t> needed = full ? extentOf(*full, shape) : std::nullopt;
  if (!needed || *needed > dense.memory.bytes)
    return usageError(name + " has " + std::to_string(dense.memory.bytes) + " bytes, and " +
                      std::to_string(shape.matrices) + " x " + std::to_string(shape.rows) + " x " +
                      std::to_string(shape.columns) + " elements with these strides take " +
                      (needed ? std::to_string(*needed) : "more than 2^64"));
  return *full;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

Expected<RowDecoder> RowDecoder::create(DevicePack &pack, const DeviceWeightDescription &weight) {
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(weight, denseFormat()));
  UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, *entry, weight));
  return RowDecoder(std::move(launcher), weight);
}

Status RowDecoder::decode(uint64_t image, uint64_t matrix, const DenseMatrices &rows,
                          void *stream) const {
  UWT_RETURN_IF_ERROR(checkDense("the memory for rows", rows, {1, weight.rows(), weight.columns()},
                                 launcher.entry()));
  LaunchOperands operands;
  operands.weight = image;
  operands.matrix = matrix;
  operands.m = static_cast<uint32_t>(weight.rows());
  operands.x = rows.memory.address;
  operands.xStride = rows.rowStride;
  return launcher.launch(operands, stream);
}

//===----------------------------------------------------------------------===//
// Gathering
//===----------------------------------------------------------------------===//

Expected<RowGatherer> RowGatherer::create(DevicePack &pack, const DeviceWeightDescription &weight) {
  UWT_ASSIGN_OR_RETURN(CodecTraits traits, checkRunFormat(weight.format(), weight.element()));
  if (isVariable(traits.rate))
    return unsupportedError("rows are not gathered from " + weight.format().str() +
                            ", whose units are streams: make the image in a format of a fixed "
                            "rate, like " +
                            deviceFormatsText());
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.select(weight, 1, GpuKernelKind::Gather));
  UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, *entry, weight));
  return RowGatherer(std::move(launcher), weight);
}

static Status checkIds(const GatherOperands &given) {
  if (given.idBytes != 4 && given.idBytes != 8)
    return usageError("ids have 4 or 8 bytes, not " + std::to_string(given.idBytes));
  UWT_RETURN_IF_ERROR(checkAddress("the memory of ids", given.ids.address, given.idBytes));
  // No product of the two overflows: checkDense() has seen the count.
  if (given.ids.bytes < given.count * given.idBytes)
    return usageError("the memory of ids has " + std::to_string(given.ids.bytes) + " bytes, and " +
                      std::to_string(given.count) + " ids take " +
                      std::to_string(given.count * given.idBytes));
  if (given.outside)
    return checkAddress("the word for ids outside", given.outside, sizeof(uint32_t));
  return ok();
}

Status RowGatherer::gather(const GatherOperands &given, void *stream) const {
  if (given.count == 0 || weight.columns() == 0)
    return ok();
  UWT_RETURN_IF_ERROR(checkDense("the memory for rows", given.rows,
                                 {1, given.count, weight.columns()}, launcher.entry()));
  UWT_RETURN_IF_ERROR(checkIds(given));
  // No word: somewhere, and of no bytes.
  DeviceRange outside = {given.ids.address, 0};
  if (given.outside)
    outside = {given.outside, sizeof(uint32_t)};
  const DeviceRange extras[] = {{given.ids.address, given.count * given.idBytes}, outside};
  LaunchOperands operands;
  operands.weight = given.weight;
  operands.matrix = given.matrix;
  operands.m = static_cast<uint32_t>(given.count);
  operands.x = given.rows.memory.address;
  operands.xStride = given.rows.rowStride;
  operands.extras = extras;
  return launcher.launch(operands, stream);
}
