//===- ExposeBuffers.cpp - Make buffers of weights function arguments -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In three steps: weights become arguments of compressed type, through all callers; one 1:N
// conversion turns each compressed value into its buffers; attributes say which
// argument is what. Only the last step leaves anything with our name in the module: string and
// type attributes, which need no dialect.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/ControlFlow/Transforms/StructuralTypeConversions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/IR/WeightBuffers.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include <set>

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_EXPOSEBUFFERSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

/// A weight that a function needs: its name, and the type of the value that stands for it.
using Need = std::pair<StringAttr, Type>;

/// Makes weights arguments of the functions that use them, and of their callers.
class WeightHoister {
public:
  explicit WeightHoister(ModuleOp module) : module(module) {}
  LogicalResult run();

private:
  LogicalResult collect();
  void propagate();
  LogicalResult checkUses(func::FuncOp function);
  void rewrite(func::FuncOp function);

  struct Function {
    /// What it needs, and the number of the argument for it.
    llvm::MapVector<Need, unsigned> needs;
    SmallVector<std::pair<Operation *, Need>> weights;
    SmallVector<func::CallOp> calls;
  };
  ModuleOp module;
  llvm::MapVector<Operation *, Function> functions;
};

/// The buffers that a compressed value becomes: those that its decoder reads and those that
/// the module does, in the order of WeightView.
class BufferLists {
public:
  explicit BufferLists(ModuleOp module) {
    module.walk([&](uwt::BufferOp op) { read[op.getWeight().getType()].insert(op.getKind()); });
  }
  SmallVector<uwt::WeightBuffer> get(uwt::CompressedType type) const;
  SmallVector<Type> getTypes(uwt::CompressedType type) const;

private:
  llvm::DenseMap<Type, std::set<uwt::WeightBuffer>> read;
};

/// Attributes of arguments and results, which the conversion of signatures drops.
struct SavedAttributes {
  explicit SavedAttributes(func::FuncOp function);
  void restore(func::FuncOp function, const BufferLists &buffers) const;

  SmallVector<std::pair<Type, DictionaryAttr>> arguments, results;
};

struct ExposeBuffersPass : uwt::impl::ExposeBuffersPassBase<ExposeBuffersPass> {
  void runOnOperation() override;

private:
  LogicalResult convert(const BufferLists &buffers);
};

} // namespace

//===----------------------------------------------------------------------===//
// Weights as arguments
//===----------------------------------------------------------------------===//

LogicalResult WeightHoister::collect() {
  for (auto function : module.getOps<func::FuncOp>())
    functions.insert({function, {}});
  int64_t constants = 0;
  WalkResult walk = module.walk([&](Operation *op) {
    auto function = op->getParentOfType<func::FuncOp>();
    if (auto call = dyn_cast<func::CallOp>(op); call && function)
      functions[function].calls.push_back(call);
    if (!isa<uwt::WeightOp, uwt::ConstantOp>(op))
      return WalkResult::advance();
    if (!function || function->getParentOp() != module) {
      op->emitOpError("is in no function of the module, so that nothing can pass its buffers");
      return WalkResult::interrupt();
    }
    // Named as uwt-assign-slots names them.
    auto weight = dyn_cast<uwt::WeightOp>(op);
    StringAttr name =
        weight ? weight.getNameAttr()
               : StringAttr::get(op->getContext(), "constant." + std::to_string(constants++));
    Need need(name, op->getResult(0).getType());
    functions[function].needs.insert({need, 0});
    functions[function].weights.push_back({op, need});
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// Callers need what is called needs; until nothing changes, for calls in circles.
void WeightHoister::propagate() {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto &[op, function] : functions)
      for (func::CallOp call : function.calls) {
        auto callee = functions.find(module.lookupSymbol(call.getCallee()));
        if (callee == functions.end())
          continue;
        SmallVector<Need> needs = llvm::to_vector(llvm::make_first_range(callee->second.needs));
        for (const Need &need : needs)
          changed |= function.needs.insert({need, 0}).second;
      }
  }
}

/// A function that gets arguments may only be called.
LogicalResult WeightHoister::checkUses(func::FuncOp function) {
  std::optional<SymbolTable::UseRange> uses = SymbolTable::getSymbolUses(function, module);
  if (!uses || functions[function].needs.empty())
    return success();
  for (SymbolTable::SymbolUse use : *uses)
    if (!isa<func::CallOp>(use.getUser()))
      return use.getUser()->emitOpError()
             << "refers to function '" << function.getName()
             << "', which uses weights: only func.call can pass their buffers";
  return success();
}

void WeightHoister::rewrite(func::FuncOp function) {
  Function &info = functions[function];
  for (auto &[need, number] : info.needs) {
    number = function.getNumArguments();
    auto attributes =
        DictionaryAttr::get(function.getContext(),
                            {{StringAttr::get(function.getContext(), "uwt.weight"), need.first}});
    (void)function.insertArgument(number, need.second, attributes, function.getLoc());
  }
  for (auto &[op, need] : info.weights) {
    op->getResult(0).replaceAllUsesWith(function.getArgument(info.needs[need]));
    op->erase();
  }
  for (func::CallOp call : info.calls) {
    auto callee = functions.find(module.lookupSymbol(call.getCallee()));
    if (callee == functions.end())
      continue;
    for (const Need &need : llvm::make_first_range(callee->second.needs))
      call.getOperandsMutable().append(function.getArgument(info.needs[need]));
  }
}

LogicalResult WeightHoister::run() {
  if (failed(collect()))
    return failure();
  propagate();
  for (Operation *function : llvm::make_first_range(functions))
    if (failed(checkUses(cast<func::FuncOp>(function))))
      return failure();
  for (Operation *function : llvm::make_first_range(functions))
    rewrite(cast<func::FuncOp>(function));
  return success();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

SmallVector<uwt::WeightBuffer> BufferLists::get(uwt::CompressedType type) const {
  std::set<uwt::WeightBuffer> buffers = {uwt::WeightBuffer::Panels};
  if (auto found = read.find(type); found != read.end())
    buffers.insert(found->second.begin(), found->second.end());
  if (auto emission = dyn_cast<uwt::DecoderEmissionInterface>(Attribute(type.getFormat())))
    for (uwt::WeightBuffer kind : emission.getDecoderBuffers(type.getElementType()))
      buffers.insert(kind);
  return {buffers.begin(), buffers.end()};
}

SmallVector<Type> BufferLists::getTypes(uwt::CompressedType type) const {
  return llvm::map_to_vector(
      get(type), [&](uwt::WeightBuffer kind) -> Type { return uwt::getBufferType(kind, type); });
}

SavedAttributes::SavedAttributes(func::FuncOp function) {
  auto orEmpty = [&](DictionaryAttr attributes) {
    return attributes ? attributes : DictionaryAttr::get(function.getContext());
  };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    arguments.emplace_back(type, orEmpty(function.getArgAttrDict(i)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    results.emplace_back(type, orEmpty(function.getResultAttrDict(i)));
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
}

void SavedAttributes::restore(func::FuncOp function, const BufferLists &buffers) const {
  Builder builder(function.getContext());
  auto expand = [&](ArrayRef<std::pair<Type, DictionaryAttr>> saved) {
    SmallVector<Attribute> result;
    for (auto [type, attributes] : saved) {
      NamedAttrList list(attributes);
      auto compressed = dyn_cast<uwt::CompressedType>(type);
      if (!compressed && attributes.contains("uwt.weight"))
        list.set("uwt.buffer",
                 builder.getStringAttr(uwt::stringifyWeightBuffer(uwt::WeightBuffer::Dense)));
      if (!compressed) {
        result.push_back(list.getDictionary(function.getContext()));
        continue;
      }
      list.set("uwt.format", builder.getStringAttr(compressed.getFormat().getText()));
      list.set("uwt.tensor", TypeAttr::get(compressed.getTensorType()));
      for (uwt::WeightBuffer kind : buffers.get(compressed)) {
        list.set("uwt.buffer", builder.getStringAttr(uwt::stringifyWeightBuffer(kind)));
        result.push_back(list.getDictionary(function.getContext()));
      }
    }
    return result;
  };
  SmallVector<Attribute> forArguments = expand(arguments), forResults = expand(results);
  auto isEmpty = [](Attribute attribute) { return cast<DictionaryAttr>(attribute).empty(); };
  if (!llvm::all_of(forArguments, isEmpty))
    function.setArgAttrsAttr(builder.getArrayAttr(forArguments));
  if (!llvm::all_of(forResults, isEmpty))
    function.setResAttrsAttr(builder.getArrayAttr(forResults));
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

/// Refuses what the conversion would leave behind, with a reason.
static LogicalResult checkOperations(ModuleOp module) {
  auto isCompressed = [](Type type) { return isa<uwt::CompressedType>(type); };
  WalkResult walk = module.walk([&](Operation *op) {
    if (isa<uwt::BufferOp, uwt::WeightOp, uwt::ConstantOp>(op))
      return WalkResult::advance();
    if (isa_and_nonnull<uwt::UWTDialect>(op->getDialect())) {
      op->emitOpError("is left: lower products and decoders first (uwt-lower-dispatch, "
                      "uwt-tile-matmul, uwt-emit-decoders, uwt-lower-lane-ops)");
      return WalkResult::interrupt();
    }
    if (llvm::none_of(op->getOperandTypes(), isCompressed) &&
        llvm::none_of(op->getResultTypes(), isCompressed))
      return WalkResult::advance();
    if (isa<func::CallOp, func::ReturnOp, scf::ForOp, scf::IfOp, scf::WhileOp, scf::IndexSwitchOp,
            scf::YieldOp, scf::ConditionOp, cf::BranchOp, cf::CondBranchOp>(op))
      return WalkResult::advance();
    op->emitOpError(
        "cannot pass a compressed tensor on as buffers; expected func.call, func.return, "
        "scf.for, scf.if, scf.while, scf.index_switch, cf.br or cf.cond_br");
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

namespace {
/// A buffer of a value is one of the values that it became.
struct ConvertBuffer : OpConversionPattern<uwt::BufferOp> {
  ConvertBuffer(const TypeConverter &converter, MLIRContext *context, const BufferLists &buffers)
      : OpConversionPattern(converter, context), buffers(buffers) {}

  LogicalResult matchAndRewrite(uwt::BufferOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    SmallVector<uwt::WeightBuffer> list = buffers.get(op.getWeight().getType());
    auto *found = llvm::find(list, op.getKind());
    ValueRange values = adaptor.getWeight();
    if (found == list.end() || values.size() != list.size())
      return failure();
    rewriter.replaceOp(op, values[found - list.begin()]);
    return success();
  }

private:
  const BufferLists &buffers;
};
} // namespace

LogicalResult ExposeBuffersPass::convert(const BufferLists &buffers) {
  MLIRContext *context = &getContext();
  TypeConverter converter;
  converter.addConversion([](Type type) { return type; });
  converter.addConversion([&](uwt::CompressedType type, SmallVectorImpl<Type> &types) {
    types.append(buffers.getTypes(type));
    return success();
  });
  ConversionTarget target(*context);
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  target.addIllegalDialect<uwt::UWTDialect>();
  // Blocks other than the first are converted with the branches to them.
  target.addDynamicallyLegalOp<func::FuncOp>(
      [&](func::FuncOp op) { return converter.isSignatureLegal(op.getFunctionType()); });
  target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
      [&](Operation *op) { return converter.isLegal(op); });
  RewritePatternSet patterns(context);
  patterns.add<ConvertBuffer>(converter, context, buffers);
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  cf::populateCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  return applyPartialConversion(getOperation(), target, std::move(patterns));
}

void ExposeBuffersPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOperations(module)) || failed(WeightHoister(module).run()))
    return signalPassFailure();
  BufferLists buffers(module);
  SmallVector<std::pair<func::FuncOp, SavedAttributes>> functions;
  for (auto function : module.getOps<func::FuncOp>())
    functions.emplace_back(function, SavedAttributes(function));
  if (failed(convert(buffers)))
    return signalPassFailure();
  for (auto &[function, attributes] : functions)
    attributes.restore(function, buffers);
  // What these say is said by the arguments now.
  module->removeAttr(uwt::UWTDialect::slotsAttrName);
  module->removeAttr(uwt::UWTDialect::targetAttrName);
}
