//===- LowerChecks.cpp - Pass uwt-lower-checks ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Dialect/UWT/IR/FileLocation.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/StringMap.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_LOWERCHECKSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

struct LowerChecks : uwt::codegen::impl::LowerChecksPassBase<LowerChecks> {
  void runOnOperation() override;

private:
  void lower(Operation *op, Value condition, StringRef message, ValueRange values);
  /// The call that fails, at the insertion point.
  void emitFailure(OpBuilder &builder, Location loc, StringRef message, ValueRange values);
  LLVM::GlobalOp textOf(StringRef message);
  LLVM::LLVMFuncOp failFunction();

  llvm::StringMap<LLVM::GlobalOp> texts;
  LLVM::LLVMFuncOp fail;
};

} // namespace

LLVM::LLVMFuncOp LowerChecks::failFunction() {
  if (fail)
    return fail;
  OpBuilder builder(getOperation().getBodyRegion());
  Type i64 = builder.getI64Type(), pointer = LLVM::LLVMPointerType::get(&getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                          {pointer, i64, i64, i64, i64});
  fail = LLVM::LLVMFuncOp::create(builder, getOperation().getLoc(), "uwt_fail", type);
  // Blocks that call it are out of the way of the others.
  fail.setPassthroughAttr(builder.getStrArrayAttr({"cold", "noreturn", "nounwind"}));
  return fail;
}

LLVM::GlobalOp LowerChecks::textOf(StringRef message) {
  LLVM::GlobalOp &global = texts[message];
  if (global)
    return global;
  OpBuilder builder(getOperation().getBodyRegion());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), message.size());
  global = LLVM::GlobalOp::create(
      builder, getOperation().getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal,
      "uwt_text_" + std::to_string(texts.size() - 1), builder.getStringAttr(message));
  return global;
}

void LowerChecks::emitFailure(OpBuilder &builder, Location loc, StringRef message,
                              ValueRange values) {
  Type i64 = builder.getI64Type();
  auto number = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(value));
  };
  Value text = LLVM::AddressOfOp::create(builder, loc, textOf(message));
  SmallVector<Value> operands = {text, number(message.size()), number(values.size())};
  for (Value value : values)
    operands.push_back(arith::IndexCastOp::create(builder, loc, i64, value));
  while (operands.size() < 3 + uwt::CheckOp::maxValues)
    operands.push_back(number(0));
  LLVM::CallOp::create(builder, loc, failFunction(), operands);
  LLVM::UnreachableOp::create(builder, loc);
}

void LowerChecks::lower(Operation *op, Value condition, StringRef message, ValueRange values) {
  Block *block = op->getBlock();
  Block *rest = block->splitBlock(std::next(op->getIterator()));
  Region *region = block->getParent();
  OpBuilder builder(&getContext());
  Block *failure = builder.createBlock(region, region->end());
  emitFailure(builder, op->getLoc(), message, values);
  builder.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(builder, op->getLoc(), condition, rest, ValueRange(), failure,
                           ValueRange());
  op->erase();
}

void LowerChecks::runOnOperation() {
  texts.clear();
  fail = {};
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa<uwt::CheckOp, cf::AssertOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    if (!isa<FunctionOpInterface>(op->getParentOp())) {
      op->emitOpError("is inside of an operation with a region: lower it to blocks before "
                      "uwt-lower-checks");
      return signalPassFailure();
    }
    if (auto check = dyn_cast<uwt::CheckOp>(op)) {
      lower(check, check.getCondition(), check.getMessage(), check.getValues());
      continue;
    }
    auto assertion = cast<cf::AssertOp>(op);
    std::string message = uwt::fileLocation(op->getLoc()) + assertion.getMsg().str();
    lower(assertion, assertion.getArg(), message, {});
  }
}
