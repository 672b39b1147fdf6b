//===- GpuOps.cpp - What kernels for GPUs need beside upstream ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Target/GpuTarget.h"

using namespace mlir;

namespace uwt {

//===----------------------------------------------------------------------===//
// DecodeFragmentOp
//===----------------------------------------------------------------------===//

void DecodeFragmentOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : getRawMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getCodeMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getTablesMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
}

LogicalResult DecodeFragmentOp::verify() {
  auto checkType = [&](Value buffer, StringRef name) -> LogicalResult {
    if (buffer && !cast<MemRefType>(buffer.getType()).getElementType().isInteger(32))
      return emitOpError() << "expects " << name << " to hold i32, got " << buffer.getType();
    return success();
  };
  auto check = [&](Value buffer, Value first, StringRef name) -> LogicalResult {
    if (bool(buffer) != bool(first))
      return emitOpError() << "expects " << name << " with an offset";
    return checkType(buffer, name);
  };
  if (failed(check(getRaw(), getFirst(), "raw")) ||
      failed(check(getCode(), getCodeFirst(), "code")) || failed(checkType(getTables(), "tables")))
    return failure();
  if (!getRaw() && !getCode())
    return emitOpError("expects raw, code, or both");
  if (getExponentBytes() && (getAsWords() || !getRaw() || !getCode() || !getTable().empty()))
    return emitOpError("with exponent_bytes expects raw and code, no table, and not as_words");
  return success();
}

//===----------------------------------------------------------------------===//
// DecodeFragmentIntegersOp and DecodeFragmentNumbersOp
//===----------------------------------------------------------------------===//

/// Checks that integers are decoded from the format, from a plane.
static LogicalResult verifyIntegers(Operation *op, FormatAttr format, Type type, Value code) {
  std::optional<ElementType> element = elementTypeOf(type);
  if (!element)
    return op->emitOpError() << "expects an element that UWT stores, got " << type;
  if (Status served = checkIntegerCodes(format.getFormat(), *element, std::nullopt); !served)
    return op->emitOpError() << "reads no integers of this format: " << served.error().message();
  if (!cast<MemRefType>(code.getType()).getElementType().isInteger(32))
    return op->emitOpError() << "expects code to hold i32, got " << code.getType();
  return success();
}

void DecodeFragmentIntegersOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getCodeMutable());
}

LogicalResult DecodeFragmentIntegersOp::verify() {
  return verifyIntegers(*this, getFormat(), getElement(), getCode());
}

void DecodeFragmentNumbersOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getCodeMutable());
}

LogicalResult DecodeFragmentNumbersOp::verify() {
  if (failed(verifyIntegers(*this, getFormat(), getElement(), getCode())))
    return failure();
  QuantizedUnit unit = quantizedUnit(getFormat().getFormat());
  size_t scales = 2 * size_t(unit.cells), zeros = unit.zero ? scales : 0;
  if (getScales().size() == scales && getZeros().size() == zeros)
    return success();
  return emitOpError() << "expects " << scales << " scales and " << zeros << " zeros, got "
                       << getScales().size() << " and " << getZeros().size();
}

//===----------------------------------------------------------------------===//
// BulkCopyOp
//===----------------------------------------------------------------------===//

void BulkCopyOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getTargetMutable());
  // The barrier counts: two copies of the same bytes are not one.
  effects.emplace_back(MemoryEffects::Write::get());
}

static bool isIn(MemRefType type, gpu::AddressSpace space) {
  auto attribute = dyn_cast_if_present<gpu::AddressSpaceAttr>(type.getMemorySpace());
  return attribute && attribute.getValue() == space;
}

static LogicalResult verifyBarriers(Operation *op, Value barriers) {
  if (isa<nvgpu::MBarrierGroupType>(barriers.getType()))
    return success();
  return op->emitOpError() << "expects a group of mbarriers, got " << barriers.getType();
}

LogicalResult BulkCopyOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  auto target = cast<MemRefType>(getTarget().getType());
  if (source.getRank() != 1 || target.getRank() != 1 ||
      source.getElementType() != target.getElementType())
    return emitOpError() << "expects one-dimensional buffers of one element type, got " << source
                         << " and " << target;
  if (!isIn(source, gpu::AddressSpace::Global) || !isIn(target, gpu::AddressSpace::Workgroup))
    return emitOpError() << "expects a source in global and a target in workgroup memory, got "
                         << source << " and " << target;
  return verifyBarriers(*this, getBarriers());
}

//===----------------------------------------------------------------------===//
// RemoteArriveOp
//===----------------------------------------------------------------------===//

LogicalResult RemoteArriveOp::verify() { return verifyBarriers(*this, getBarriers()); }

//===----------------------------------------------------------------------===//
// ExpectBytesOp, AsyncArriveOp
//===----------------------------------------------------------------------===//

LogicalResult ExpectBytesOp::verify() { return verifyBarriers(*this, getBarriers()); }

LogicalResult AsyncArriveOp::verify() { return verifyBarriers(*this, getBarriers()); }

//===----------------------------------------------------------------------===//
// AtomicAddOp
//===----------------------------------------------------------------------===//

LogicalResult AtomicAddOp::verify() {
  auto counters = cast<MemRefType>(getCounters().getType());
  if (counters.getRank() != 1 || !counters.getElementType().isInteger(32) ||
      !isIn(counters, gpu::AddressSpace::Global))
    return emitOpError() << "expects one-dimensional counters of i32 in global memory, got "
                         << counters;
  return success();
}

//===----------------------------------------------------------------------===//
// WarpgroupMmaOp
//===----------------------------------------------------------------------===//

void WarpgroupMmaOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getMatrixMutable());
  // It begins a group: two of them are not one.
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult WarpgroupMmaOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                               Adaptor adaptor, SmallVectorImpl<Type> &types) {
  llvm::append_range(types, adaptor.getAccumulators().getTypes());
  return success();
}

/// What a matrix descriptor has 14 bits for: multiples of 16 below 2^18.
static bool isDescriptorOffset(int64_t bytes) {
  return bytes >= 0 && bytes < 1 << 18 && bytes % 16 == 0;
}

/// B of a product of a warpgroup, where `op` says that it lies.
template <typename Op> static LogicalResult verifyMatrix(Op op) {
  auto matrix = cast<MemRefType>(op.getMatrix().getType());
  if (matrix.getRank() != 1 || !isIn(matrix, gpu::AddressSpace::Workgroup))
    return op.emitOpError() << "expects a one-dimensional buffer in workgroup memory, got "
                            << matrix;
  for (auto [name, bytes] : {std::pair<StringRef, int64_t>{"leading", op.getLeading()},
                             {"stride", op.getStride()},
                             {"block_stride", op.getBlockStride()}})
    if (!isDescriptorOffset(bytes))
      return op.emitOpError() << "expects " << name
                              << " to be a multiple of 16 from 0 to 262128, got " << bytes;
  return success();
}

/// Tiles of 8 columns of B.
static LogicalResult verifyTiles(Operation *op, size_t tiles) {
  constexpr size_t maxTiles = 32;
  if (tiles == 0 || tiles > maxTiles)
    return op->emitOpError() << "expects accumulators of 1 to 32 tiles of 8 columns, got " << tiles;
  return success();
}

LogicalResult WarpgroupMmaOp::verify() {
  if (!getElement().isBF16() && !getElement().isF16())
    return emitOpError() << "expects elements of type bf16 or f16, got " << getElement();
  if (failed(verifyMatrix(*this)))
    return failure();
  if (!llvm::is_contained({0, 32, 64, 128}, getSwizzle()))
    return emitOpError() << "expects a swizzle of 0, 32, 64 or 128 bytes, got " << getSwizzle();
  return verifyTiles(*this, getAccumulators().size());
}

/// Bits 29:16 and 45:32 of a matrix descriptor.
static uint64_t descriptorOffsets(int64_t leading, int64_t stride) {
  return uint64_t(leading) / 16 << 16 | uint64_t(stride) / 16 << 32;
}

uint64_t WarpgroupMmaOp::descriptorBits() {
  // Bits 63:62.
  uint64_t mode = getSwizzle() == 0 ? 0 : getSwizzle() == 128 ? 1 : getSwizzle() == 64 ? 2 : 3;
  return descriptorOffsets(getLeading(), getStride()) | mode << 62;
}

//===----------------------------------------------------------------------===//
// WarpgroupMmaBytesOp
//===----------------------------------------------------------------------===//

void WarpgroupMmaBytesOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getMatrixMutable());
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult WarpgroupMmaBytesOp::verify() {
  if (failed(verifyMatrix(*this)))
    return failure();
  if (!getAccumulators().empty() && getAccumulators().size() != getNext().size())
    return emitOpError() << "expects as many accumulators as results, " << getNext().size()
                         << ", or none, got " << getAccumulators().size();
  if (failed(verifyTiles(*this, getNext().size())))
    return failure();
  if (!wgmmaHasByteTiles(getNext().size()))
    return emitOpError() << "expects up to 4 tiles of 8 columns or an even number of them, got "
                         << getNext().size();
  return success();
}

uint64_t WarpgroupMmaBytesOp::descriptorBits() {
  return descriptorOffsets(getLeading(), getStride());
}

//===----------------------------------------------------------------------===//
// WarpgroupWaitOp
//===----------------------------------------------------------------------===//

void WarpgroupWaitOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult WarpgroupWaitOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                                Adaptor adaptor, SmallVectorImpl<Type> &types) {
  llvm::append_range(types, adaptor.getAccumulators().getTypes());
  return success();
}

LogicalResult WarpgroupWaitOp::verify() {
  if (getPending() > 7)
    return emitOpError() << "expects 0 to 7 groups under way, got " << getPending();
  return success();
}

} // namespace uwt
