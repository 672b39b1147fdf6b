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
#include "uwt/Conversion/Passes.h"

using namespace mlir;

namespace uwt {

namespace {

/// Takes the products of one module.
class ProductTaker {
public:
  ProductTaker(ModuleOp module, const GpuTarget &target, std::optional<ProductStrategy> strategy)
      : module(module), target(target), strategy(strategy), builder(module.getContext()) {
    result.module = ModuleOp::create(module.getLoc());
  }
  FailureOr<GpuProducts> take();

private:
  FailureOr<size_t> kindOf(MatmulOp op, StringRef name);
  LogicalResult addVariants(MatmulOp op, StringRef name, ProductVariants &kind);
  LogicalResult replace(MatmulOp op, size_t kind);
  Value describeOperands(MatmulOp op);
  void declareRuntime();

  ModuleOp module;
  const GpuTarget &target;
  std::optional<ProductStrategy> strategy;
  OpBuilder builder;
  GpuProducts result;
  /// The first product of each kind.
  SmallVector<MatmulOp> firsts;
};

} // namespace

/// Whether one kernel serves both: they differ in where their operands come from alone.
static bool isSameKind(MatmulOp a, MatmulOp b) {
  return a->getOperandTypes() == b->getOperandTypes() &&
         OperationEquivalence::isEquivalentTo(a, b, OperationEquivalence::ignoreValueEquivalence,
                                              /*markEquivalent=*/nullptr,
                                              OperationEquivalence::IgnoreLocations);
}

FailureOr<size_t> ProductTaker::kindOf(MatmulOp op, StringRef name) {
  for (auto [i, first] : llvm::enumerate(firsts))
    if (isSameKind(op, first))
      return i;
  ProductVariants kind;
  auto operandOf = [](ShapedType type, std::optional<unsigned> matrixDimension) {
    return ProductVariants::Operand{type.getElementTypeBitWidth() / 8,
                                    static_cast<unsigned>(type.getRank()), matrixDimension};
  };
  auto byRank = [&](ShapedType type) {
    return operandOf(type, type.getRank() == 3 ? std::optional(0U) : std::nullopt);
  };
  kind.x = byRank(op.getXType());
  kind.y = byRank(op.getInitType());
  for (auto [extra, map] : llvm::zip(op.getExtras(), op.getExtraMaps()))
    kind.extras.push_back(
        operandOf(cast<ShapedType>(extra.getType()), MatmulOp::matrixDimension(map)));
  kind.matrices = static_cast<uint64_t>(op.getWeightType().getMatrices());
  if (failed(addVariants(op, name, kind)))
    return mlir::failure();
  firsts.push_back(op);
  result.kinds.push_back(std::move(kind));
  return firsts.size() - 1;
}

LogicalResult ProductTaker::addVariants(MatmulOp op, StringRef name, ProductVariants &kind) {
  // A dynamic batch has kernels for 8, 16, 32 rows and so on at a time, up to the most that there
  // are: more would rarely differ.
  SmallVector<unsigned> tiles = {0};
  if (ShapedType::isDynamic(op.getBatch()))
    tiles = {1, 2, 4, 8, 16, 32};
  builder.setInsertionPointToEnd(result.module->getBody());
  for (unsigned each : tiles) {
    std::string ownName = name.str() + (each ? "_n" + std::to_string(8 * each) : "");
    KernelOptions options;
    options.tiles = each;
    options.target = &target;
    options.strategy = strategy;
    auto kernels = buildProductKernels(op, options, builder, ownName);
    if (failed(kernels))
      return mlir::failure();
    if (!kind.variants.empty() && kernels->plan.slice < 8 * each) {
      kernels->module.erase();
      break;
    }
    builder.setInsertionPointAfter(kernels->module);
    kind.variants.push_back(std::move(*kernels));
  }
  // Each is for what the narrower ones have no room for, the last one for any larger batch.
  uint32_t from = 1;
  for (ProductKernels &kernels : kind.variants) {
    uint32_t to = &kernels == &kind.variants.back() ? UINT32_MAX : kernels.plan.slice;
    for (KernelEntry &entry : kernels.entries) {
      entry.batchFrom = from;
      entry.batchTo = to;
    }
    from = to + 1;
  }
  return mlir::success();
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

LogicalResult ProductTaker::replace(MatmulOp op, size_t kind) {
  Operation *weight = op.getWeight().getDefiningOp();
  auto slot = weight ? weight->getAttrOfType<IntegerAttr>("slot") : IntegerAttr();
  if (!slot)
    return op.emitOpError("reads a weight without a slot: run uwt-assign-slots before");
  declareRuntime();
  builder.setInsertionPoint(op);
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
  return mlir::success();
}

FailureOr<GpuProducts> ProductTaker::take() {
  SmallVector<MatmulOp> products;
  module.walk([&](MatmulOp op) { products.push_back(op); });
  llvm::DenseMap<Operation *, unsigned> numbers;
  for (MatmulOp op : products) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    if (!function)
      return op.emitOpError("is in no function");
    std::string name = function.getName().str() + "_product_" + std::to_string(numbers[function]++);
    FailureOr<size_t> kind = kindOf(op, name);
    if (failed(kind) || failed(replace(op, *kind)))
      return mlir::failure();
  }
  // The first of a kind stays until all others have been compared with it.
  for (MatmulOp op : products)
    op.erase();
  if (failed(emitDecoders(*result.module)))
    return mlir::failure();
  return std::move(result);
}

LogicalResult emitDecoders(ModuleOp kernels) {
  PassManager passes(kernels.getContext(), ModuleOp::getOperationName());
  passes.addPass(createEmitDecodersPass());
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  return passes.run(kernels);
}

FailureOr<GpuProducts> takeProducts(ModuleOp module, const GpuTarget &target,
                                    std::optional<ProductStrategy> strategy) {
  return ProductTaker(module, target, strategy).take();
}

} // namespace uwt
