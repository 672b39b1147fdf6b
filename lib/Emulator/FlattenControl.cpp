//===- FlattenControl.cpp - scf -------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   If c            LoopBegin a = lower       LoopBegin
//   …               LoopTest  iv < b          head: …
//   Else            …                         Condition
//   …               LoopNext  iv += c         …
//   EndIf           LoopEnd                   WhileNext
//                                             LoopEnd
//
// Each pushes the mask at its begin and restores it at its end.
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace uwt::emulator {

using Handler = Flattener::Handler;

/// Registers for values that meet; those have the same registers for as long as the operation runs.
static LogicalResult defineMeeting(Flattener &flat, Operation *op, ValueRange values,
                                   bool isPinned) {
  for (Value value : values) {
    if (!valueType(value.getType()))
      return op->emitError() << "a value of type " << value.getType()
                             << " that depends on control flow is not known to the emulator";
    if (isPinned)
      flat.definePinned(value);
    else
      flat.define(value);
  }
  return success();
}

static LogicalResult flattenIf(Flattener &flat, Operation *op, const Handler &) {
  auto ifOp = cast<scf::IfOp>(op);
  if (failed(defineMeeting(flat, op, op->getResults(), false)))
    return failure();
  SmallVector<int32_t> results = flat.allRegisters(op->getResults());
  uint32_t begin = flat.here();
  flat.emit(op, Opcode::If, OpKind::Control).a = flat.reg(ifOp.getCondition());
  auto side = [&](Region &region) -> LogicalResult {
    if (region.empty())
      return success();
    if (failed(flat.block(region.front())))
      return failure();
    Operation *yield = region.front().getTerminator();
    flat.emitAssign(yield, results, flat.allRegisters(yield->getOperands()));
    return success();
  };
  if (failed(side(ifOp.getThenRegion())))
    return failure();
  uint32_t middle = flat.here();
  flat.emit(op, Opcode::Else);
  if (failed(side(ifOp.getElseRegion())))
    return failure();
  flat.program.code[begin].target = middle;
  flat.program.code[middle].target = flat.here();
  flat.emit(op, Opcode::EndIf);
  return success();
}

static LogicalResult flattenFor(Flattener &flat, Operation *op, const Handler &) {
  auto forOp = cast<scf::ForOp>(op);
  if (failed(defineMeeting(flat, op, op->getResults(), true)))
    return failure();
  ValueRegisters variable = flat.definePinned(forOp.getInductionVar());
  for (auto [argument, result] : llvm::zip_equal(forOp.getRegionIterArgs(), op->getResults()))
    flat.bind(argument, flat.registersOf(result));
  SmallVector<int32_t> carried = flat.allRegisters(op->getResults());
  unsigned bits = valueType(forOp.getInductionVar().getType())->bits;

  flat.emitAssign(op, carried, flat.allRegisters(forOp.getInitArgs()));
  Instruction &begin = flat.emit(op, Opcode::LoopBegin);
  begin.dst = variable.reg, begin.a = flat.reg(forOp.getLowerBound());
  begin.c = flat.reg(forOp.getStep()), begin.sourceBits = bits;
  uint32_t head = flat.here();
  Instruction &test = flat.emit(op, Opcode::LoopTest, OpKind::Control);
  test.a = variable.reg, test.b = flat.reg(forOp.getUpperBound()), test.sourceBits = bits;
  test.mode = forOp.getUnsignedCmp();
  if (failed(flat.block(*forOp.getBody())))
    return failure();
  Operation *yield = forOp.getBody()->getTerminator();
  flat.emitAssign(yield, carried, flat.allRegisters(yield->getOperands()));
  Instruction &next = flat.emit(op, Opcode::LoopNext, OpKind::Integer);
  next.dst = variable.reg, next.a = variable.reg, next.c = flat.reg(forOp.getStep());
  next.bits = bits, next.target = head;
  flat.program.code[head].target = flat.here();
  flat.emit(op, Opcode::LoopEnd);
  return success();
}

static LogicalResult flattenWhile(Flattener &flat, Operation *op, const Handler &) {
  auto whileOp = cast<scf::WhileOp>(op);
  if (failed(defineMeeting(flat, op, op->getResults(), true)) ||
      failed(defineMeeting(flat, op, whileOp.getBeforeArguments(), true)))
    return failure();
  for (auto [argument, result] : llvm::zip_equal(whileOp.getAfterArguments(), op->getResults()))
    flat.bind(argument, flat.registersOf(result));
  SmallVector<int32_t> before = flat.allRegisters(whileOp.getBeforeArguments());
  SmallVector<int32_t> results = flat.allRegisters(op->getResults());

  flat.emitAssign(op, before, flat.allRegisters(whileOp.getInits()));
  flat.emit(op, Opcode::WhileBegin);
  uint32_t head = flat.here();
  if (failed(flat.block(*whileOp.getBeforeBody())))
    return failure();
  scf::ConditionOp condition = whileOp.getConditionOp();
  flat.emitAssign(condition, results, flat.allRegisters(condition.getArgs()));
  uint32_t leave = flat.here();
  flat.emit(condition, Opcode::Condition, OpKind::Control).a = flat.reg(condition.getCondition());
  if (failed(flat.block(*whileOp.getAfterBody())))
    return failure();
  scf::YieldOp yield = whileOp.getYieldOp();
  flat.emitAssign(yield, before, flat.allRegisters(yield->getOperands()));
  flat.emit(op, Opcode::WhileNext).target = head;
  flat.program.code[leave].target = flat.here();
  flat.emit(op, Opcode::LoopEnd);
  return success();
}

void addControlHandlers(Flattener::HandlerTable &table) {
  table["scf.if"] = {flattenIf};
  table["scf.for"] = {flattenFor};
  table["scf.while"] = {flattenWhile};
}

} // namespace uwt::emulator
