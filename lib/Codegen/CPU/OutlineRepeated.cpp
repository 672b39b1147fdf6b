//===- OutlineRepeated.cpp - Pass uwt-outline-repeated --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whether two operations do the same is found by making a function of each: its arguments are what
// the operation uses from outside, in the order of first use.
//
//===----------------------------------------------------------------------===//

#include "Outlining.h"
#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_OUTLINEREPEATEDPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

struct OutlineRepeated : uwt::codegen::impl::OutlineRepeatedPassBase<OutlineRepeated> {
  void runOnOperation() override {
    uwt::codegen::EqualFunctions functions;
    llvm::MapVector<func::FuncOp, SmallVector<Operation *>> usersOf;
    SymbolTable symbols(getOperation());
    for (auto parent : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      for (Operation &op : parent.getOps()) {
        if (op.getNumRegions() == 0)
          continue;
        func::FuncOp made = makeFunction(&op, symbols);
        func::FuncOp shared = functions.findOrInsert(made);
        if (shared != made)
          symbols.erase(made);
        usersOf[shared].push_back(&op);
      }
    for (auto &[function, users] : usersOf) {
      if (users.size() == 1)
        symbols.erase(function);
      else
        replaceByCalls(function, users);
    }
  }

  /// What `op` uses from outside.
  static llvm::SetVector<Value> usedBy(Operation *op) {
    llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), used);
    return used;
  }

  /// What the function of `op` takes: constants are made again inside.
  static SmallVector<Value> argumentsOf(Operation *op) {
    return llvm::filter_to_vector(usedBy(op).getArrayRef(), [](Value value) {
      return !uwt::codegen::isCheapConstant(value);
    });
  }

  /// A function with a copy of the operation.
  func::FuncOp makeFunction(Operation *op, SymbolTable &symbols) {
    SmallVector<Value> arguments = argumentsOf(op);
    Location loc = op->getLoc();
    auto parent = op->getParentOfType<func::FuncOp>();
    OpBuilder builder(&getContext());
    auto types = llvm::to_vector(ValueRange(arguments).getTypes());
    auto function =
        uwt::codegen::createInternalFunction(loc, (parent.getName() + "_part").str(),
                                             builder.getFunctionType(types, op->getResultTypes()));
    // Otherwise LLVM makes copies again where it finds the function small.
    function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
    symbols.insert(function, parent->getIterator());

    Block *entry = function.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    IRMapping values;
    values.map(arguments, entry->getArguments());
    for (Value value : usedBy(op))
      if (!values.contains(value))
        values.map(value, builder.clone(*value.getDefiningOp())->getResult(0));
    Operation *copy = builder.clone(*op, values);
    func::ReturnOp::create(builder, loc, copy->getResults());
    return function;
  }

  void replaceByCalls(func::FuncOp function, ArrayRef<Operation *> users) {
    ++numFunctions;
    for (Operation *op : users) {
      OpBuilder builder(op);
      auto call = func::CallOp::create(builder, op->getLoc(), function, argumentsOf(op));
      op->replaceAllUsesWith(call);
      op->erase();
      ++numCalls;
    }
  }
};

} // namespace
