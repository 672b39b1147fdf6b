//===- FlattenArith.cpp - arith and math ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace uwt::emulator {

static LogicalResult refuseType(Operation *op, Type type) {
  return op->emitError() << "type " << type << " is not known to the emulator";
}

static void setTypes(Instruction &code, const ValueType &result, const ValueType &source) {
  code.bits = result.bits;
  code.sourceBits = source.bits;
  code.count = result.count;
  code.kind = result.kind.value_or(FloatKind::F32);
  code.mode = uint8_t(source.kind.value_or(FloatKind::F32));
}

/// One to three operands, one or two results, element by element.
static LogicalResult elementwise(Flattener &flat, Operation *op,
                                 const Flattener::Handler &handler) {
  auto result = valueType(op->getResult(0).getType());
  auto source = valueType(op->getOperand(0).getType());
  if (!result)
    return refuseType(op, op->getResult(0).getType());
  if (!source)
    return refuseType(op, op->getOperand(0).getType());
  int32_t dst = flat.define(op->getResult(0)).reg;
  int32_t second = op->getNumResults() > 1 ? flat.define(op->getResult(1)).reg : -1;
  Instruction &code = flat.emit(op, handler.opcode, handler.opKind);
  setTypes(code, *result, *source);
  code.dst = dst;
  code.a = flat.reg(op->getOperand(0));
  if (op->getNumOperands() > 1)
    code.b = flat.reg(op->getOperand(1));
  if (op->getNumOperands() > 2)
    code.c = flat.reg(op->getOperand(2));
  code.target = uint32_t(second);
  return success();
}

/// arith.mul*i_extended: the low and the high half.
static LogicalResult multiplyExtended(Flattener &flat, Operation *op,
                                      const Flattener::Handler &handler) {
  auto type = valueType(op->getResult(0).getType());
  if (!type)
    return refuseType(op, op->getResult(0).getType());
  int32_t dst[2] = {flat.define(op->getResult(0)).reg, flat.define(op->getResult(1)).reg};
  for (unsigned half : {0, 1}) {
    Instruction &code = flat.emit(op, half ? handler.opcode : Opcode::Mul, OpKind::Integer);
    setTypes(code, *type, *type);
    code.dst = dst[half];
    code.a = flat.reg(op->getOperand(0));
    code.b = flat.reg(op->getOperand(1));
  }
  return success();
}

static LogicalResult compare(Flattener &flat, Operation *op, const Flattener::Handler &handler) {
  auto source = valueType(op->getOperand(0).getType());
  if (!source)
    return refuseType(op, op->getOperand(0).getType());
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code = flat.emit(op, handler.opcode, handler.opKind);
  setTypes(code, *source, *source);
  code.bits = 1;
  code.mode = op->getAttrOfType<IntegerAttr>("predicate").getInt();
  code.dst = dst;
  code.a = flat.reg(op->getOperand(0));
  code.b = flat.reg(op->getOperand(1));
  return success();
}

static LogicalResult select(Flattener &flat, Operation *op, const Flattener::Handler &) {
  auto type = valueType(op->getResult(0).getType());
  if (!type)
    return refuseType(op, op->getResult(0).getType());
  bool isVector = isa<VectorType>(op->getOperand(0).getType());
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code =
      flat.emit(op, isVector ? Opcode::SelectVector : Opcode::Select, OpKind::Integer);
  setTypes(code, *type, *type);
  code.dst = dst;
  code.a = flat.reg(op->getOperand(0));
  code.b = flat.reg(op->getOperand(1));
  code.c = flat.reg(op->getOperand(2));
  return success();
}

static LogicalResult permuteBytes(Flattener &flat, Operation *op,
                                  const Flattener::Handler &handler) {
  auto permute = cast<NVVM::PermuteOp>(op);
  if (permute.getMode() != NVVM::PermuteMode::DEFAULT || !permute.getHi())
    return op->emitError() << "a permutation in another mode than default is not known to the "
                              "emulator";
  return elementwise(flat, op, handler);
}

static LogicalResult funnelShift(Flattener &flat, Operation *op,
                                 const Flattener::Handler &handler) {
  if (!op->getResult(0).getType().isInteger(32))
    return refuseType(op, op->getResult(0).getType());
  return elementwise(flat, op, handler);
}

static LogicalResult constant(Flattener &flat, Operation *op, const Flattener::Handler &) {
  Value result = op->getResult(0);
  auto type = valueType(result.getType());
  if (!type)
    return refuseType(op, result.getType());
  Attribute value = op->getAttr("value");
  auto bitsOf = [](Attribute attribute) {
    if (auto integer = dyn_cast<IntegerAttr>(attribute))
      return integer.getValue().getZExtValue();
    return cast<FloatAttr>(attribute).getValue().bitcastToAPInt().getZExtValue();
  };
  if (isa<IntegerAttr, FloatAttr>(value)) {
    flat.bind(result, {flat.constantRegister(bitsOf(value)), 1});
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return op->emitError() << "constant " << value << " is not known to the emulator";
  ValueRegisters registers = flat.definePinned(result);
  int32_t reg = registers.reg;
  for (Attribute element : dense.getValues<Attribute>())
    flat.program.initials.push_back({Initial::Constant, reg++, bitsOf(element)});
  return success();
}

/// Casts between scalars or vectors that keep all bits.
static LogicalResult bitcast(Flattener &flat, Operation *op, const Flattener::Handler &) {
  auto result = valueType(op->getResult(0).getType());
  auto source = valueType(op->getOperand(0).getType());
  if (!result || !source)
    return refuseType(op, op->getResult(0).getType());
  int32_t dst = flat.define(op->getResult(0)).reg;
  if (result->bits == source->bits) {
    flat.emitPermute(op, dst, flat.allRegisters(op->getOperand(0)));
    return success();
  }
  Instruction &code = flat.emit(op, Opcode::Repack);
  setTypes(code, *result, *source);
  code.dst = dst;
  code.a = flat.reg(op->getOperand(0));
  return success();
}

/// Index casts, extensions and truncations; signed where the table says so.
static LogicalResult resize(Flattener &flat, Operation *op, const Flattener::Handler &handler) {
  auto source = valueType(op->getOperand(0).getType());
  auto result = valueType(op->getResult(0).getType());
  if (!source || !result)
    return refuseType(op, op->getOperand(0).getType());
  // What fits in 64 bits costs nothing where it gets shorter.
  bool isFree = result->bits <= source->bits;
  Flattener::Handler form = handler;
  form.opcode = handler.parameter ? Opcode::SignExtend : Opcode::ZeroExtend;
  form.opKind = isFree ? OpKind::None : OpKind::Convert;
  return elementwise(flat, op, form);
}

void addArithHandlers(Flattener::HandlerTable &table) {
  struct Entry {
    const char *name;
    Opcode opcode;
    OpKind opKind;
  };
  constexpr OpKind integer = OpKind::Integer, logic = OpKind::Logic, real = OpKind::Float,
                   convert = OpKind::Convert;
  static const Entry entries[] = {
      {"arith.addi", Opcode::Add, integer},
      {"arith.subi", Opcode::Sub, integer},
      {"arith.muli", Opcode::Mul, integer},
      {"arith.andi", Opcode::And, logic},
      {"arith.ori", Opcode::Or, logic},
      {"arith.xori", Opcode::Xor, logic},
      {"arith.shli", Opcode::Shl, logic},
      {"arith.shrui", Opcode::ShrU, logic},
      {"arith.shrsi", Opcode::ShrS, logic},
      {"arith.divui", Opcode::DivU, integer},
      {"arith.divsi", Opcode::DivS, integer},
      {"arith.remui", Opcode::RemU, integer},
      {"arith.remsi", Opcode::RemS, integer},
      {"arith.ceildivui", Opcode::CeilDivU, integer},
      {"arith.ceildivsi", Opcode::CeilDivS, integer},
      {"arith.floordivsi", Opcode::FloorDivS, integer},
      {"arith.minui", Opcode::MinU, integer},
      {"arith.minsi", Opcode::MinS, integer},
      {"arith.maxui", Opcode::MaxU, integer},
      {"arith.maxsi", Opcode::MaxS, integer},
      {"arith.addui_extended", Opcode::AddCarry, integer},
      {"arith.addf", Opcode::AddF, real},
      {"arith.subf", Opcode::SubF, real},
      {"arith.mulf", Opcode::MulF, real},
      {"arith.divf", Opcode::DivF, real},
      {"arith.remf", Opcode::RemF, real},
      {"arith.negf", Opcode::NegF, real},
      {"arith.minnumf", Opcode::MinNumF, real},
      {"arith.maxnumf", Opcode::MaxNumF, real},
      {"arith.minimumf", Opcode::MinimumF, real},
      {"arith.maximumf", Opcode::MaximumF, real},
      {"arith.sitofp", Opcode::IntegerToFloat, convert},
      {"arith.uitofp", Opcode::UnsignedToFloat, convert},
      {"arith.fptosi", Opcode::FloatToInteger, convert},
      {"arith.fptoui", Opcode::FloatToUnsigned, convert},
      {"arith.extf", Opcode::ConvertFloat, convert},
      {"arith.truncf", Opcode::ConvertFloat, convert},
      {"math.fma", Opcode::Fma, real},
      {"llvm.intr.fma", Opcode::Fma, real},
      {"math.absf", Opcode::AbsF, real},
      {"math.sqrt", Opcode::SqrtF, real},
      {"math.floor", Opcode::FloorF, real},
      {"math.ceil", Opcode::CeilF, real},
      {"math.trunc", Opcode::TruncF, real},
      {"math.roundeven", Opcode::RoundF, real},
      {"math.copysign", Opcode::CopySignF, real},
      {"math.absi", Opcode::AbsI, integer},
      {"math.ctpop", Opcode::CountOnes, integer},
      {"math.ctlz", Opcode::LeadingZeros, integer},
      {"math.cttz", Opcode::TrailingZeros, integer},
  };
  for (const Entry &entry : entries)
    table[entry.name] = {elementwise, entry.opcode, entry.opKind};
  table["arith.mulsi_extended"] = {multiplyExtended, Opcode::MulHighS};
  table["arith.mului_extended"] = {multiplyExtended, Opcode::MulHighU};
  table["arith.cmpi"] = {compare, Opcode::CompareI, integer};
  table["arith.cmpf"] = {compare, Opcode::CompareF, real};
  table["arith.select"] = {select};
  table["llvm.intr.fshr"] = {funnelShift, Opcode::FunnelShiftRight, OpKind::Logic};
  table["nvvm.prmt"] = {permuteBytes, Opcode::PermuteBytes, OpKind::Logic};
  table["arith.constant"] = {constant};
  table["arith.bitcast"] = {bitcast};
  table["vector.bitcast"] = {bitcast};
  for (const char *name : {"arith.extsi", "arith.index_cast"})
    table[name] = {resize, Opcode::End, OpKind::None, 1};
  for (const char *name : {"arith.extui", "arith.trunci", "arith.index_castui"})
    table[name] = {resize, Opcode::End, OpKind::None, 0};
}

} // namespace uwt::emulator
