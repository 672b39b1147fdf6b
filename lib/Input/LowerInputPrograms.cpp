//===- LowerInputPrograms.cpp - Modules, globals and functions ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowerInput.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

//===----------------------------------------------------------------------===//
// Modules in the module
//===----------------------------------------------------------------------===//

LogicalResult uwt::flattenModules(ModuleOp module) {
  // From the outside inwards: what a module holds is then in the list of its parent.
  for (auto inner = module.getOps<ModuleOp>(); !inner.empty(); inner = module.getOps<ModuleOp>()) {
    ModuleOp nested = *inner.begin();
    SymbolTable symbols(module);
    for (Operation &op : llvm::make_early_inc_range(*nested.getBody())) {
      auto name = op.getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
      Operation *other = name ? symbols.lookup(name) : nullptr;
      if (other && other != nested)
        return op.emitOpError() << "'" << name.getValue()
                                << "' is in more than one module: modules in a module are taken as "
                                   "one, so names have to differ";
      op.moveBefore(nested);
    }
    nested.erase();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Globals
//===----------------------------------------------------------------------===//

static LogicalResult replaceLoad(Operation *load, SymbolRefAttr symbol) {
  auto global = SymbolTable::lookupNearestSymbolFrom<ml_program::GlobalOp>(load, symbol);
  if (!global)
    return load->emitOpError() << "loads " << symbol << ", which is no global of the module";
  auto value = dyn_cast_or_null<TypedAttr>(global.getValueAttr());
  if (!value || value.getType() != load->getResult(0).getType())
    return load->emitOpError() << "loads " << symbol
                               << ", which has no initial value of that type: give it one, or make "
                                  "it an argument of the function";
  OpBuilder builder(load);
  auto constant = arith::ConstantOp::create(builder, load->getLoc(), value);
  load->getResult(0).replaceAllUsesWith(constant);
  load->erase();
  return success();
}

LogicalResult uwt::lowerGlobals(ModuleOp module) {
  SmallVector<Operation *> loads;
  SmallVector<ml_program::GlobalOp> globals;
  WalkResult walk = module.walk([&](Operation *op) {
    if (isa<ml_program::GlobalStoreOp, ml_program::GlobalStoreGraphOp>(op)) {
      op->emitOpError("keeps a value from call to call, which programs do not: make it an argument "
                      "and a result (for the seed of a dropout, export the model in eval mode)");
      return WalkResult::interrupt();
    }
    if (isa<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp>(op))
      loads.push_back(op);
    if (auto global = dyn_cast<ml_program::GlobalOp>(op))
      globals.push_back(global);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  for (Operation *load : loads)
    if (failed(replaceLoad(load, load->getAttrOfType<SymbolRefAttr>("global"))))
      return failure();
  for (ml_program::GlobalOp global : globals)
    global.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Functions of numbers
//===----------------------------------------------------------------------===//

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

static SmallVector<Type> wrapTypes(TypeRange types) {
  return llvm::map_to_vector(types, [](Type type) -> Type {
    return isScalar(type) ? RankedTensorType::get({}, type) : type;
  });
}

/// `values`, numbers as tensors.
static SmallVector<Value> wrapValues(OpBuilder &builder, Location loc, ValueRange values) {
  return llvm::map_to_vector(values, [&](Value value) -> Value {
    if (!isScalar(value.getType()))
      return value;
    return tensor::FromElementsOp::create(builder, loc, RankedTensorType::get({}, value.getType()),
                                          value);
  });
}

static void wrapCall(func::CallOp call, FunctionType type) {
  OpBuilder builder(call);
  Location loc = call.getLoc();
  auto wrapped = func::CallOp::create(builder, loc, call.getCallee(), type.getResults(),
                                      wrapValues(builder, loc, call.getOperands()));
  for (auto [before, after] : llvm::zip(call.getResults(), wrapped.getResults())) {
    Value value = after;
    if (before.getType() != after.getType())
      value = tensor::ExtractOp::create(builder, loc, after);
    before.replaceAllUsesWith(value);
  }
  call.erase();
}

static void wrapFunction(func::FuncOp function, FunctionType type) {
  function.setFunctionType(type);
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  for (auto [argument, wanted] : llvm::zip(function.getArguments(), type.getInputs())) {
    if (argument.getType() == wanted)
      continue;
    argument.setType(wanted);
    auto number = tensor::ExtractOp::create(builder, argument.getLoc(), argument);
    argument.replaceAllUsesExcept(number, number);
  }
  function.walk([](func::ReturnOp exit) {
    OpBuilder builder(exit);
    exit->setOperands(wrapValues(builder, exit.getLoc(), exit.getOperands()));
  });
}

LogicalResult uwt::wrapScalars(ModuleOp module) {
  llvm::StringMap<FunctionType> wrapped;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    FunctionType type = function.getFunctionType();
    bool hasScalar =
        llvm::any_of(type.getInputs(), isScalar) || llvm::any_of(type.getResults(), isScalar);
    if (function.isPrivate() || function.isExternal() || !hasScalar)
      continue;
    FunctionType tensors = FunctionType::get(module.getContext(), wrapTypes(type.getInputs()),
                                             wrapTypes(type.getResults()));
    wrapFunction(function, tensors);
    wrapped[function.getName()] = tensors;
  }
  if (wrapped.empty())
    return success();
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    if (wrapped.contains(call.getCallee()))
      calls.push_back(call);
  });
  for (func::CallOp call : calls)
    wrapCall(call, wrapped[call.getCallee()]);
  return success();
}
