//===- OutlineProducts.cpp - Launches in place of products ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Codegen/GPU/ProductKernels.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_OUTLINEPRODUCTSPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

namespace {

/// Puts launches in place of the products of one module.
class ProductOutliner {
public:
  ProductOutliner(ModuleOp module, const GpuTarget &target, bool grouped)
      : target(target), grouped(grouped), symbols(module), builder(module.getContext()) {}
  /// Fails with a diagnostic at a product.
  LogicalResult outline(ArrayRef<Operation *> products);

private:
  FailureOr<ArrayAttr> kernelsOf(Operation *product, StringRef name);
  FailureOr<ArrayAttr> buildKernels(DispatchOp dispatch, ArrayRef<MatmulOp> ranges, StringRef name);
  FailureOr<FlatSymbolRefAttr> buildRange(MatmulOp op, StringRef name, uint32_t from, uint32_t to);

  const GpuTarget &target;
  bool grouped;
  SymbolTable symbols;
  OpBuilder builder;
  /// The first product of each kind, and its kernels.
  SmallVector<std::pair<Operation *, ArrayAttr>> kinds;
};

struct OutlineProductsPass : impl::OutlineProductsPassBase<OutlineProductsPass> {
  using OutlineProductsPassBase::OutlineProductsPassBase;
  void runOnOperation() override;
};

} // namespace

/// Of a product by ranges of m that of the first range, which differs from the others in its
/// strategy alone.
static MatmulOp firstOf(Operation *product) {
  if (auto dispatch = dyn_cast<DispatchOp>(product))
    return dyn_cast<MatmulOp>(dispatch.getCases().front().front().front());
  return cast<MatmulOp>(product);
}

/// Whether one kernel serves both: they differ in where their operands come from alone.
static bool isSameKind(Operation *a, Operation *b) {
  return firstOf(a)->getOperandTypes() == firstOf(b)->getOperandTypes() &&
         OperationEquivalence::isEquivalentTo(a, b, OperationEquivalence::ignoreValueEquivalence,
                                              /*markEquivalent=*/nullptr,
                                              OperationEquivalence::IgnoreLocations);
}

/// Products with a strategy of a GPU: dispatches by ranges of m, and those that are in none.
static SmallVector<Operation *> findProducts(ModuleOp module) {
  SmallVector<Operation *> products;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<DispatchOp, MatmulOp>(op))
      return WalkResult::advance();
    MatmulOp first = firstOf(op);
    if (first && isa_and_nonnull<GpuStrategyAttr>(first.getStrategyAttr()))
      products.push_back(op);
    return WalkResult::skip();
  });
  return products;
}

FailureOr<FlatSymbolRefAttr> ProductOutliner::buildRange(MatmulOp op, StringRef name, uint32_t from,
                                                         uint32_t to) {
  builder.setInsertionPoint(op->getParentOfType<FunctionOpInterface>());
  // How many rows a matrix has, nobody knows before: a slice's size says what they are for.
  KernelOptions options =
      grouped ? KernelOptions{target, 1, UINT32_MAX, grouped} : KernelOptions{target, from, to};
  auto kernels = buildProductKernels(op, options, builder, name);
  if (failed(kernels))
    return failure();
  // A name that something else in the module has gets a number.
  symbols.insert(*kernels);
  return FlatSymbolRefAttr::get(*kernels);
}

/// Whether two products compute the same: their strategies may differ.
static bool isSameProduct(MatmulOp a, MatmulOp b) {
  return a->getOperands() == b->getOperands() && a.getMapsAttr() == b.getMapsAttr() &&
         a.getNumericsAttr() == b.getNumericsAttr() &&
         a.getArithmeticAttr() == b.getArithmeticAttr() &&
         OperationEquivalence::isRegionEquivalentTo(&a->getRegion(0), &b->getRegion(0),
                                                    OperationEquivalence::IgnoreLocations);
}

/// The product of each range of m. Fails with a diagnostic at a dispatch that does anything else.
static FailureOr<SmallVector<MatmulOp>> rangesOf(DispatchOp dispatch) {
  constexpr int64_t maxLimit = int64_t(UINT32_MAX) - 1;
  if (llvm::any_of(dispatch.getLimits(),
                   [](int64_t limit) { return limit < 1 || limit > maxLimit; }))
    return dispatch.emitOpError() << "expects limits of m from 1 to " << maxLimit;
  SmallVector<MatmulOp> ranges;
  for (Region &region : dispatch.getCases()) {
    auto op = dyn_cast<MatmulOp>(region.front().front());
    bool isAlone = op && op->getNextNode() == region.front().getTerminator();
    if (!isAlone || !isa_and_nonnull<GpuStrategyAttr>(op.getStrategyAttr()) ||
        (!ranges.empty() && !isSameProduct(ranges.front(), op)))
      return dispatch.emitOpError("expects one product in each case, with a #uwt.gpu_strategy and "
                                  "else the same as in the first");
    ranges.push_back(op);
  }
  return ranges;
}

FailureOr<ArrayAttr> ProductOutliner::buildKernels(DispatchOp dispatch, ArrayRef<MatmulOp> ranges,
                                                   StringRef name) {
  SmallVector<Attribute> kernels;
  uint32_t from = 1;
  for (auto [i, range] : llvm::enumerate(ranges)) {
    MatmulOp op = range;
    bool isLast = i == dispatch.getLimits().size();
    uint32_t to = isLast ? UINT32_MAX : static_cast<uint32_t>(dispatch.getLimits()[i]);
    auto strategy = cast<GpuStrategyAttr>(op.getStrategyAttr());
    auto built =
        buildRange(op, (name + "_m" + std::to_string(strategy.getSlice())).str(), from, to);
    if (failed(built))
      return failure();
    kernels.push_back(*built);
    from = to + 1;
  }
  return builder.getArrayAttr(kernels);
}

/// The kernels of a product, or of an equal one before it.
FailureOr<ArrayAttr> ProductOutliner::kernelsOf(Operation *product, StringRef name) {
  auto dispatch = dyn_cast<DispatchOp>(product);
  FailureOr<SmallVector<MatmulOp>> ranges = SmallVector<MatmulOp>{};
  if (dispatch)
    ranges = rangesOf(dispatch);
  if (failed(ranges))
    return failure();
  for (auto [first, kernels] : kinds)
    if (isSameKind(product, first))
      return kernels;
  FailureOr<ArrayAttr> kernels = failure();
  if (dispatch)
    kernels = buildKernels(dispatch, *ranges, name);
  else if (auto built = buildRange(cast<MatmulOp>(product), name, 1, UINT32_MAX); succeeded(built))
    kernels = builder.getArrayAttr(*built);
  if (succeeded(kernels))
    kinds.emplace_back(product, *kernels);
  return kernels;
}

LogicalResult ProductOutliner::outline(ArrayRef<Operation *> products) {
  llvm::DenseMap<Operation *, unsigned> numbers;
  for (Operation *product : products) {
    auto function = product->getParentOfType<FunctionOpInterface>();
    if (!function || function->getParentOp() != symbols.getOp())
      return product->emitOpError("is in no function of the module");
    std::string name = function.getName().str() + "_product_" + std::to_string(numbers[function]++);
    auto kernels = kernelsOf(product, name);
    if (failed(kernels))
      return failure();
    // No launch of the module has a table of slices.
    if (grouped)
      continue;
    MatmulOp op = firstOf(product);
    builder.setInsertionPoint(product);
    LaunchProductOp::create(builder, op.getLoc(), *kernels, op.getX(), op.getWeight(),
                            op.getSelection(), op.getExtras(), op.getInit(), op.getMapsAttr());
  }
  // The first of a kind stays until all others have been compared with it.
  if (!grouped)
    for (Operation *product : products)
      product->erase();
  return success();
}

void OutlineProductsPass::runOnOperation() {
  Expected<const GpuTarget *> machine = findGpuTarget(std::string_view(target));
  if (!machine) {
    getOperation().emitError() << machine.error().message();
    return signalPassFailure();
  }
  SmallVector<Operation *> products = findProducts(getOperation());
  numProducts += products.size();
  if (products.empty())
    return;
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  if (failed(ProductOutliner(getOperation(), **machine, grouped).outline(products)))
    signalPassFailure();
}

} // namespace uwt::codegen
