//===- FlattenMemory.cpp - memrefs and accesses ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace uwt::emulator {

using Handler = Flattener::Handler;

static InFlightDiagnostic unknownMemory(Operation *op, Value memref) {
  return op->emitError() << "where " << memref.getType()
                         << " lies is not known when the kernel is flattened; the emulator follows "
                            "arguments, attributions, allocas and views of them";
}

FailureOr<Access> Flattener::access(Operation *op, Value memref, ValueRange indices, unsigned bytes,
                                    unsigned elementBytes) {
  std::optional<MemoryView> from = view(memref);
  if (!from)
    return unknownMemory(op, memref);
  Access result{*from, {}, bytes, elementBytes};
  for (Value index : indices)
    result.indices.push_back(operand(index));
  if (bytes > from->elementBytes && (from->strides.empty() || !from->strides.back().isConstant() ||
                                     from->strides.back().value != 1))
    return op->emitError() << "accesses " << bytes << " bytes in a row of " << memref.getType()
                           << ", whose last dimension is not known to be contiguous";
  if (program.allocations[from->allocation].space == Space::Shared)
    while (program.granule > 1 && (bytes % program.granule || elementBytes % program.granule))
      program.granule /= 2;
  return result;
}

static LogicalResult loadOrStore(Flattener &flat, Operation *op, const Handler &handler) {
  bool isStore = handler.opcode == Opcode::Store;
  Value stored = isStore ? op->getOperand(0) : op->getResult(0);
  auto type = valueType(stored.getType());
  if (!type || type->bits % 8 != 0)
    return op->emitError() << "accesses of type " << stored.getType()
                           << " are not known to the emulator";
  unsigned elementBytes = type->bits / 8;
  auto access = flat.access(op, op->getOperand(isStore), op->getOperands().drop_front(isStore + 1),
                            elementBytes * type->count, elementBytes);
  if (failed(access))
    return failure();
  flat.program.accesses.push_back(*access);
  int32_t reg = isStore ? flat.reg(stored) : flat.define(stored).reg;
  Instruction &code = flat.emit(op, handler.opcode);
  (isStore ? code.a : code.dst) = reg;
  code.count = type->count;
  code.target = flat.program.accesses.size() - 1;
  return success();
}

static LogicalResult atomic(Flattener &flat, Operation *op, const Handler &) {
  auto atomicOp = cast<memref::AtomicRMWOp>(op);
  auto type = valueType(atomicOp.getType());
  static constexpr std::pair<arith::AtomicRMWKind, Opcode> kinds[] = {
      {arith::AtomicRMWKind::addi, Opcode::Add},   {arith::AtomicRMWKind::andi, Opcode::And},
      {arith::AtomicRMWKind::ori, Opcode::Or},     {arith::AtomicRMWKind::xori, Opcode::Xor},
      {arith::AtomicRMWKind::maxs, Opcode::MaxS},  {arith::AtomicRMWKind::maxu, Opcode::MaxU},
      {arith::AtomicRMWKind::mins, Opcode::MinS},  {arith::AtomicRMWKind::minu, Opcode::MinU},
      {arith::AtomicRMWKind::assign, Opcode::End},
  };
  auto kind = llvm::find_if(kinds, [&](auto &entry) { return entry.first == atomicOp.getKind(); });
  if (kind == std::end(kinds) || !type || type->kind || type->bits % 8 != 0)
    return op->emitError() << "atomic '" << arith::stringifyAtomicRMWKind(atomicOp.getKind())
                           << "' of " << atomicOp.getType() << " is not known to the emulator";
  auto access =
      flat.access(op, atomicOp.getMemref(), atomicOp.getIndices(), type->bits / 8, type->bits / 8);
  if (failed(access))
    return failure();
  flat.program.accesses.push_back(*access);
  int32_t dst = flat.define(atomicOp.getResult()).reg;
  Instruction &code = flat.emit(op, Opcode::AtomicRmw);
  code.dst = dst, code.a = flat.reg(atomicOp.getValue()), code.bits = type->bits;
  code.mode = uint8_t(kind->second);
  code.target = flat.program.accesses.size() - 1;
  return success();
}

/// uwt.atomic_add: value, counters, index.
static LogicalResult atomicAdd(Flattener &flat, Operation *op, const Handler &) {
  constexpr unsigned bytes = 4;
  auto access = flat.access(op, op->getOperand(1), op->getOperand(2), bytes, bytes);
  if (failed(access))
    return failure();
  flat.program.accesses.push_back(*access);
  int32_t value = flat.reg(op->getOperand(0)), dst = flat.define(op->getResult(0)).reg;
  Instruction &code = flat.emit(op, Opcode::AtomicAcqRel);
  code.dst = dst, code.a = value, code.bits = 8 * bytes;
  code.mode = uint8_t(Opcode::Add);
  code.target = flat.program.accesses.size() - 1;
  return success();
}

static LogicalResult prefetch(Flattener &flat, Operation *op, const Handler &) {
  auto prefetchOp = cast<memref::PrefetchOp>(op);
  auto access = flat.access(op, prefetchOp.getMemref(), prefetchOp.getIndices(), 1, 1);
  if (failed(access))
    return failure();
  flat.program.accesses.push_back(*access);
  flat.emit(op, Opcode::Prefetch).target = flat.program.accesses.size() - 1;
  return success();
}

static LogicalResult allocate(Flattener &flat, Operation *op, const Handler &) {
  auto type = cast<MemRefType>(op->getResult(0).getType());
  auto element = valueType(type.getElementType());
  if (!type.hasStaticShape() || !element || element->bits % 8 != 0)
    return op->emitError() << "allocates " << type << ", which has no static size in bytes";
  uint64_t bytes = uint64_t(type.getNumElements()) * element->count * element->bits / 8;
  unsigned allocation = flat.addAllocation({Space::Private, "an alloca", bytes, 0, 0, false});
  auto view = makeView(flat, op, type, allocation, {});
  if (!view)
    return op->emitError() << "allocates " << type << ", whose layout is not static";
  flat.setView(op->getResult(0), *view);
  return success();
}

static LogicalResult viewOp(Flattener &flat, Operation *op, const Handler &) {
  auto viewOp = cast<memref::ViewOp>(op);
  std::optional<MemoryView> from = flat.view(viewOp.getSource());
  if (!from)
    return unknownMemory(op, viewOp.getSource());
  SmallVector<Operand> sizes;
  for (Value size : viewOp.getSizes())
    sizes.push_back(flat.pinned(size));
  auto view = makeView(flat, op, viewOp.getType(), from->allocation, sizes);
  if (!view)
    return op->emitError() << "type " << viewOp.getType() << " is not known to the emulator";
  view->byteOffset = flat.add(op, from->byteOffset, flat.pinned(viewOp.getByteShift()));
  flat.setView(op->getResult(0), *view);
  return success();
}

static LogicalResult subview(Flattener &flat, Operation *op, const Handler &) {
  auto subviewOp = cast<memref::SubViewOp>(op);
  std::optional<MemoryView> from = flat.view(subviewOp.getSource());
  if (!from)
    return unknownMemory(op, subviewOp.getSource());
  MemoryView view{from->allocation, from->elementBytes, from->byteOffset, {}, {}};
  llvm::SmallBitVector dropped = subviewOp.getDroppedDims();
  SmallVector<OpFoldResult> offsets = subviewOp.getMixedOffsets();
  SmallVector<OpFoldResult> sizes = subviewOp.getMixedSizes();
  SmallVector<OpFoldResult> strides = subviewOp.getMixedStrides();
  for (auto [i, stride] : llvm::enumerate(from->strides)) {
    Operand bytes = flat.multiply(op, stride, {-1, from->elementBytes});
    view.byteOffset =
        flat.add(op, view.byteOffset, flat.multiply(op, flat.pinned(offsets[i]), bytes));
    if (dropped.test(i))
      continue;
    view.sizes.push_back(flat.pinned(sizes[i]));
    view.strides.push_back(flat.multiply(op, stride, flat.pinned(strides[i])));
  }
  flat.setView(op->getResult(0), view);
  return success();
}

static LogicalResult reinterpret(Flattener &flat, Operation *op, const Handler &) {
  auto cast = mlir::cast<memref::ReinterpretCastOp>(op);
  std::optional<MemoryView> from = flat.view(cast.getSource());
  if (!from)
    return unknownMemory(op, cast.getSource());
  MemoryView view{from->allocation, from->elementBytes, {}, {}, {}};
  // The offset counts from the allocation, whatever the source's is; views by bytes move that.
  if (!from->byteOffset.isConstant() || from->byteOffset.value != 0)
    return op->emitError() << "reinterprets a view that does not begin where its allocation does";
  Operand offset = flat.pinned(cast.getMixedOffsets().front());
  view.byteOffset = flat.multiply(op, offset, {-1, from->elementBytes});
  for (OpFoldResult size : cast.getMixedSizes())
    view.sizes.push_back(flat.pinned(size));
  for (OpFoldResult stride : cast.getMixedStrides())
    view.strides.push_back(flat.pinned(stride));
  flat.setView(op->getResult(0), view);
  return success();
}

/// memref.cast, memory_space_cast, assume_alignment: the same memory.
static LogicalResult same(Flattener &flat, Operation *op, const Handler &) {
  std::optional<MemoryView> from = flat.view(op->getOperand(0));
  if (!from)
    return unknownMemory(op, op->getOperand(0));
  flat.setView(op->getResult(0), *from);
  return success();
}

static LogicalResult dim(Flattener &flat, Operation *op, const Handler &) {
  auto dimOp = cast<memref::DimOp>(op);
  std::optional<MemoryView> from = flat.view(dimOp.getSource());
  if (!from)
    return unknownMemory(op, dimOp.getSource());
  std::optional<int64_t> index = dimOp.getConstantIndex();
  if (!index || *index < 0 || uint64_t(*index) >= from->sizes.size())
    return op->emitError() << "takes a constant dimension of " << dimOp.getSource().getType();
  Operand size = from->sizes[*index];
  int32_t reg = size.isConstant() ? flat.constantRegister(size.value) : size.reg;
  flat.bind(op->getResult(0), {reg, 1});
  return success();
}

void addMemoryHandlers(Flattener::HandlerTable &table) {
  for (const char *name : {"memref.load", "vector.load"})
    table[name] = {loadOrStore, Opcode::Load};
  for (const char *name : {"memref.store", "vector.store"})
    table[name] = {loadOrStore, Opcode::Store};
  table["memref.atomic_rmw"] = {atomic};
  table["uwt.atomic_add"] = {atomicAdd};
  table["memref.alloca"] = {allocate};
  table["memref.view"] = {viewOp};
  table["memref.subview"] = {subview};
  table["memref.reinterpret_cast"] = {reinterpret};
  for (const char *name : {"memref.cast", "memref.memory_space_cast", "memref.assume_alignment"})
    table[name] = {same};
  table["memref.dim"] = {dim};
  table["memref.prefetch"] = {prefetch};
}

} // namespace uwt::emulator
