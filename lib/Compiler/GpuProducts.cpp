//===- GpuProducts.cpp - Products that become kernels ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Codegen/GPU/Passes.h"

using namespace mlir;

namespace uwt {

namespace {

/// Takes the products of one module.
class ProductTaker {
public:
  ProductTaker(ModuleOp module, const GpuTarget &target)
      : module(module), target(target), builder(module.getContext()) {
    result.module = ModuleOp::create(module.getLoc());
  }
  FailureOr<GpuProducts> take();

private:
  FailureOr<size_t> kindOf(Operation *product, StringRef name);
  LogicalResult addVariants(Operation *product, StringRef name, ProductVariants &kind);
  LogicalResult addVariant(MatmulOp op, StringRef name, uint32_t from, uint32_t to,
                           ProductVariants &kind);
  LogicalResult replace(Operation *product, size_t kind);
  Value describeOperands(MatmulOp op);
  void declareRuntime();

  ModuleOp module;
  const GpuTarget &target;
  OpBuilder builder;
  GpuProducts result;
  /// The first product of each kind.
  SmallVector<Operation *> firsts;
};

} // namespace

/// Of a product by ranges of batch sizes that of the first range, which differs from the others in
/// its strategy alone.
static MatmulOp firstOf(Operation *product) {
  if (auto dispatch = dyn_cast<DispatchOp>(product))
    return cast<MatmulOp>(dispatch.getCases().front().front().front());
  return cast<MatmulOp>(product);
}

/// Whether one kernel serves both: they differ in where their operands come from alone.
static bool isSameKind(Operation *a, Operation *b) {
  return firstOf(a)->getOperandTypes() == firstOf(b)->getOperandTypes() &&
         OperationEquivalence::isEquivalentTo(a, b, OperationEquivalence::ignoreValueEquivalence,
                                              /*markEquivalent=*/nullptr,
                                              OperationEquivalence::IgnoreLocations);
}

FailureOr<size_t> ProductTaker::kindOf(Operation *product, StringRef name) {
  for (auto [i, first] : llvm::enumerate(firsts))
    if (isSameKind(product, first))
      return i;
  MatmulOp op = firstOf(product);
  ProductVariants kind;
  auto operandOf = [](ShapedType type, std::optional<unsigned> matrixDimension) {
    return ProductOperand{type.getElementTypeBitWidth() / 8, static_cast<unsigned>(type.getRank()),
                          matrixDimension};
  };
  auto byRank = [&](ShapedType type) {
    return operandOf(type, type.getRank() == 3 ? std::optional(0U) : std::nullopt);
  };
  ProductShape &shape = kind.shape;
  shape.x = byRank(op.getXType());
  shape.y = byRank(op.getInitType());
  for (auto [extra, map] : llvm::zip(op.getExtras(), op.getExtraMaps()))
    shape.extras.push_back(
        operandOf(cast<ShapedType>(extra.getType()), MatmulOp::matrixDimension(map)));
  shape.matrices = static_cast<uint64_t>(op.getWeightType().getMatrices());
  if (Value selection = op.getSelection()) {
    auto numbers = dyn_cast<MemRefType>(selection.getType());
    shape.selection = numbers ? ProductShape::Selection::Each : ProductShape::Selection::One;
    if (numbers)
      shape.numbers = {numbers.getElementType().isIndex() ? 8
                                                          : numbers.getElementTypeBitWidth() / 8,
                       1, std::nullopt};
  }
  if (failed(addVariants(product, name, kind)))
    return failure();
  firsts.push_back(product);
  result.kinds.push_back(std::move(kind));
  return firsts.size() - 1;
}

LogicalResult ProductTaker::addVariant(MatmulOp op, StringRef name, uint32_t from, uint32_t to,
                                       ProductVariants &kind) {
  builder.setInsertionPointToEnd(result.module->getBody());
  KernelOptions options;
  options.target = &target;
  options.batchFrom = from;
  options.batchTo = to;
  auto kernels = buildProductKernels(op, options, builder, name);
  if (failed(kernels))
    return failure();
  kind.variants.push_back(*kernels);
  return success();
}

LogicalResult ProductTaker::addVariants(Operation *product, StringRef name, ProductVariants &kind) {
  auto dispatch = dyn_cast<DispatchOp>(product);
  if (!dispatch)
    return addVariant(cast<MatmulOp>(product), name, 1, UINT32_MAX, kind);
  uint32_t from = 1;
  for (auto [i, region] : llvm::enumerate(dispatch.getCases())) {
    auto op = cast<MatmulOp>(region.front().front());
    uint32_t to = i < dispatch.getLimits().size() ? static_cast<uint32_t>(dispatch.getLimits()[i])
                                                  : UINT32_MAX;
    auto strategy = cast<GpuStrategyAttr>(op.getStrategyAttr());
    std::string ownName = name.str() + "_n" + std::to_string(strategy.getSlice());
    if (failed(addVariant(op, ownName, from, to, kind)))
      return failure();
    from = to + 1;
  }
  return success();
}

void ProductTaker::declareRuntime() {
  if (module.lookupSymbol(launchProductName))
    return;
  OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto i64 = atStart.getI64Type();
  auto none = LLVM::LLVMVoidType::get(module.getContext());
  LLVM::LLVMFuncOp::create(atStart, module.getLoc(), launchProductName,
                           LLVM::LLVMFunctionType::get(none, {pointer, i64, i64}));
  LLVM::GlobalOp::create(atStart, module.getLoc(), atStart.getI8Type(), /*isConstant=*/false,
                         LLVM::Linkage::External, productContextName, Attribute());
}

Value ProductTaker::describeOperands(MatmulOp op) {
  Location location = op.getLoc();
  SmallVector<Value> words;
  auto describe = [&](Value operand) {
    auto pointer =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, location, operand).getResult();
    auto metadata = memref::ExtractStridedMetadataOp::create(builder, location, operand);
    words.append({pointer, metadata.getOffset()});
    llvm::append_range(words, metadata.getSizes());
    llvm::append_range(words, metadata.getStrides());
  };
  if (Value selection = op.getSelection()) {
    if (selection.getType().isIndex())
      words.push_back(selection);
    else
      describe(selection);
  }
  describe(op.getX());
  for (Value extra : op.getExtras())
    describe(extra);
  describe(op.getInit());

  auto function = op->getParentOfType<FunctionOpInterface>();
  OpBuilder atEntry = OpBuilder::atBlockBegin(&function.getFunctionBody().front());
  auto type = MemRefType::get({static_cast<int64_t>(words.size())}, builder.getIndexType());
  Value array = memref::AllocaOp::create(atEntry, location, type);
  for (auto [i, word] : llvm::enumerate(words)) {
    Value at = arith::ConstantIndexOp::create(builder, location, static_cast<int64_t>(i));
    memref::StoreOp::create(builder, location, word, array, ValueRange{at});
  }
  return memref::ExtractAlignedPointerAsIndexOp::create(builder, location, array);
}

LogicalResult ProductTaker::replace(Operation *product, size_t kind) {
  MatmulOp op = firstOf(product);
  Operation *weight = op.getWeight().getDefiningOp();
  auto slot = weight ? weight->getAttrOfType<IntegerAttr>("slot") : IntegerAttr();
  if (!slot)
    return op.emitOpError("reads a weight without a slot: run uwt-assign-slots before");
  declareRuntime();
  builder.setInsertionPoint(product);
  Location location = op.getLoc();
  auto i64 = builder.getI64Type();
  Value words = arith::IndexCastOp::create(builder, location, i64, describeOperands(op));
  Value number = arith::ConstantOp::create(
      builder, location, builder.getI64IntegerAttr(static_cast<int64_t>(result.calls.size())));
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value context = LLVM::AddressOfOp::create(builder, location, pointer, productContextName);
  LLVM::CallOp::create(builder, location, TypeRange(), launchProductName,
                       ValueRange{context, number, words});
  result.calls.push_back({kind, slot.getInt()});
  return success();
}

/// Products with kernels: dispatches by batch size, and those that are in none.
static SmallVector<Operation *> findProducts(ModuleOp module) {
  SmallVector<Operation *> products;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<DispatchOp, MatmulOp>(op))
      return WalkResult::advance();
    if (isa_and_nonnull<GpuStrategyAttr>(firstOf(op).getStrategyAttr()))
      products.push_back(op);
    return WalkResult::skip();
  });
  return products;
}

static LogicalResult dispatchKernels(ModuleOp module, const GpuTarget &target, StringRef strategy,
                                     bool keepOnHost) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  DispatchKernelsPassOptions options;
  options.target = target.name;
  options.strategy = strategy;
  options.keepOnHost = keepOnHost;
  passes.addPass(createDispatchKernelsPass(std::move(options)));
  return passes.run(module);
}

ProductCalls GpuProducts::describe() const {
  ProductCalls described;
  described.calls = calls;
  for (const ProductVariants &kind : kinds)
    described.kinds.push_back(kind.shape);
  return described;
}

FailureOr<GpuProducts> ProductTaker::take() {
  SmallVector<Operation *> products = findProducts(module);
  llvm::DenseMap<Operation *, unsigned> numbers;
  for (Operation *product : products) {
    auto function = product->getParentOfType<FunctionOpInterface>();
    if (!function)
      return product->emitOpError("is in no function");
    std::string name = function.getName().str() + "_product_" + std::to_string(numbers[function]++);
    FailureOr<size_t> kind = kindOf(product, name);
    if (failed(kind) || failed(replace(product, *kind)))
      return failure();
  }
  // The first of a kind stays until all others have been compared with it.
  for (Operation *product : products)
    product->erase();
  if (failed(emitDecoders(*result.module)))
    return failure();
  return std::move(result);
}

LogicalResult emitDecoders(ModuleOp kernels) {
  PassManager passes(kernels.getContext(), ModuleOp::getOperationName());
  passes.addPass(createEmitDecodersPass());
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  return passes.run(kernels);
}

FailureOr<GpuProducts> takeProducts(ModuleOp module, const GpuTarget &target, StringRef strategy,
                                    bool keepOnHost) {
  if (failed(dispatchKernels(module, target, strategy, keepOnHost)))
    return failure();
  return ProductTaker(module, target).take();
}

} // namespace uwt
