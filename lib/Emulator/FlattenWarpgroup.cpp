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

/// Emits a group whose accumulators are in list `list`.
static Instruction &emitProducts(Flattener &flat, Operation *op, const ProductsPlan &plan,
                                 uint32_t list, size_t tiles) {
  flat.program.products.push_back(plan);
  Instruction &code = flat.emit(op, Opcode::Products, OpKind::Matrix);
  code.count = plan.blocks, code.mode = tiles;
  code.target = flat.program.products.size() - 1, code.a = int32_t(list);
  return code;
}

/// The plan of a group but for A, with B in shared memory.
template <typename Op> static FailureOr<ProductsPlan> planOf(Flattener &flat, Op op) {
  auto access = flat.access(op, op.getMatrix(), op.getAt(), 16, 16);
  if (failed(access))
    return failure();
  if (flat.program.allocations[access->view.allocation].space != Space::Shared)
    return op->emitError() << "reads shared memory, not " << op.getMatrix().getType();
  ProductsPlan plan;
  plan.matrix = *access;
  plan.descriptor = op.descriptorBits(), plan.blockStride = op.getBlockStride();
  plan.blocks = Op::blocks;
  return plan;
}

static LogicalResult products(Flattener &flat, Operation *op, const Handler &) {
  auto mma = cast<WarpgroupMmaOp>(op);
  FailureOr<ProductsPlan> plan = planOf(flat, mma);
  if (failed(plan))
    return failure();
  plan->a = {flat.reg(mma.getR0()), flat.reg(mma.getR1()), flat.reg(mma.getR2()),
             flat.reg(mma.getR3())};
  uint32_t list = addPairs(flat, mma.getNext(), mma.getAccumulators());
  emitProducts(flat, op, *plan, list, mma.getNext().size()).kind =
      mma.getElement().isBF16() ? FloatKind::BF16 : FloatKind::F16;
  return success();
}

static LogicalResult productsOfBytes(Flattener &flat, Operation *op, const Handler &) {
  auto mma = cast<WarpgroupMmaBytesOp>(op);
  FailureOr<ProductsPlan> plan = planOf(flat, mma);
  if (failed(plan))
    return failure();
  plan->areBytes = true, plan->areNew = mma.getAccumulators().empty();
  plan->a = {flat.reg(mma.getA0()), flat.reg(mma.getA1())};
  // Sums that begin from 0 are their own source, which is not read.
  ValueRange sources = plan->areNew ? ValueRange(mma.getNext()) : mma.getAccumulators();
  uint32_t list = addPairs(flat, mma.getNext(), sources);
  emitProducts(flat, op, *plan, list, mma.getNext().size());
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
  table["uwt.warpgroup_mma_bytes"] = {productsOfBytes};
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
  function.walk([&](WarpgroupMmaBytesOp op) { llvm::append_range(work, op.getNext()); });
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (OpOperand &use : value.getUses())
      if (!isa<WarpgroupMmaOp, WarpgroupMmaBytesOp, WarpgroupWaitOp>(use.getOwner()) &&
          !followControlFlow(use, work))
        return use.getOwner()->emitError()
               << "uses accumulators of matrix products that may be under way: take them from "
                  "uwt.warpgroup_wait";
  }
  return success();
}

} // namespace uwt::emulator
