//===- FlattenWarpgroup.cpp - Matrix products of warpgroups ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace uwt::emulator {

using Handler = Flattener::Handler;

/// The registers of `to` and `from` in pairs.
static uint32_t addPairs(Flattener &flat, ValueRange to, ValueRange from) {
  uint32_t list = flat.program.lists.size();
  for (Value value : to)
    flat.define(value);
  for (auto [destination, source] :
       llvm::zip_equal(flat.allRegisters(to), flat.allRegisters(from))) {
    flat.program.lists.push_back(destination);
    flat.program.lists.push_back(source);
  }
  return list;
}

static LogicalResult products(Flattener &flat, Operation *op, const Handler &) {
  auto mma = cast<WarpgroupMmaOp>(op);
  auto access = flat.access(op, mma.getMatrix(), mma.getAt(), 16, 16);
  if (failed(access))
    return failure();
  if (flat.program.allocations[access->view.allocation].space != Space::Shared)
    return op->emitError() << "reads shared memory, not " << mma.getMatrix().getType();
  ProductsPlan plan{
      *access,
      mma.descriptorBits(),
      mma.getBlockStride(),
      WarpgroupMmaOp::blocks,
      {flat.reg(mma.getR0()), flat.reg(mma.getR1()), flat.reg(mma.getR2()), flat.reg(mma.getR3())}};
  flat.program.products.push_back(plan);
  uint32_t list = addPairs(flat, mma.getNext(), mma.getAccumulators());
  Instruction &code = flat.emit(op, Opcode::Products, OpKind::Matrix);
  code.kind = mma.getElement().isBF16() ? FloatKind::BF16 : FloatKind::F16;
  code.count = WarpgroupMmaOp::blocks, code.mode = mma.getAccumulators().size();
  code.target = flat.program.products.size() - 1, code.a = int32_t(list);
  return success();
}

static LogicalResult wait(Flattener &flat, Operation *op, const Handler &) {
  auto waitOp = cast<WarpgroupWaitOp>(op);
  uint32_t list = addPairs(flat, waitOp.getDone(), waitOp.getAccumulators());
  Instruction &code = flat.emit(op, Opcode::ProductsWait, OpKind::Barrier);
  code.mode = waitOp.getPending(), code.target = list;
  code.b = int32_t(4 * waitOp.getAccumulators().size());
  return success();
}

void addWarpgroupHandlers(Flattener::HandlerTable &table) {
  table["uwt.warpgroup_mma"] = {products};
  table["uwt.warpgroup_wait"] = {wait};
}

/// Where control flow takes a value that `use` hands to it; false for other uses.
static bool followControlFlow(OpOperand &use, SmallVectorImpl<Value> &to) {
  Operation *user = use.getOwner();
  unsigned number = use.getOperandNumber();
  if (auto loop = dyn_cast<scf::ForOp>(user)) {
    if (number < loop.getNumControlOperands())
      return false;
    unsigned carried = number - loop.getNumControlOperands();
    to.push_back(loop.getRegionIterArg(carried));
    to.push_back(loop.getResult(carried));
    return true;
  }
  if (!isa<scf::YieldOp>(user))
    return false;
  Operation *parent = user->getParentOp();
  if (auto loop = dyn_cast<scf::ForOp>(parent))
    to.push_back(loop.getRegionIterArg(number));
  else if (!isa<scf::IfOp>(parent))
    return false;
  to.push_back(parent->getResult(number));
  return true;
}

LogicalResult checkSumsInFlight(gpu::GPUFuncOp function) {
  SmallVector<Value> work;
  function.walk([&](WarpgroupMmaOp op) { llvm::append_range(work, op.getNext()); });
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (OpOperand &use : value.getUses())
      if (!isa<WarpgroupMmaOp, WarpgroupWaitOp>(use.getOwner()) && !followControlFlow(use, work))
        return use.getOwner()->emitError()
               << "uses accumulators of matrix products that may be under way: take them from "
                  "uwt.warpgroup_wait";
  }
  return success();
}

} // namespace uwt::emulator
