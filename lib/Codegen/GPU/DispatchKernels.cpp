//===- DispatchKernels.cpp - Kernels by ranges of batch sizes -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Codegen/GPU/ProductKernels.h"
#include "uwt/Dialect/UWT/Transforms/GpuKernels.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_DISPATCHKERNELSPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

namespace {
struct DispatchKernelsPass : impl::DispatchKernelsPassBase<DispatchKernelsPass> {
  using DispatchKernelsPassBase::DispatchKernelsPassBase;
  void runOnOperation() override;

private:
  LogicalResult select(MatmulOp op, const KernelOptions &kernels);
};
} // namespace

/// Begins a remark with what the product is and where it runs.
static InFlightDiagnostic remark(MatmulOp op, const GpuTarget &target) {
  CompressedType type = op.getWeightType();
  InFlightDiagnostic diagnostic = mlir::emitRemark(op.getLoc());
  diagnostic << "product with " << type.getRows() << "x" << type.getColumns() << " from "
             << type.getFormat().getText() << " on " << std::string(target.name) << ": ";
  return diagnostic;
}

/// A kernel for each range of m. Errors: no kernel serves the product.
static Expected<std::vector<GpuRange>> chooseRanges(MatmulOp op, const KernelOptions &options) {
  UWT_ASSIGN_OR_RETURN(auto kernels, describeKernels(op, options));
  std::optional<GpuStrategy> pinned;
  if (options.strategy)
    pinned = gpuStrategyOf(*options.strategy);
  return chooseGpuRanges(*kernels, pinned);
}

static void explain(MatmulOp op, const GpuTarget &target, ArrayRef<GpuRange> ranges) {
  InFlightDiagnostic diagnostic = remark(op, target);
  std::optional<GpuStrategy> last;
  for (const GpuRange &range : ranges) {
    auto [strategy, slice] = range.choice;
    if (last != strategy)
      diagnostic << (last ? "; " : "") << stringifyProductStrategy(productStrategyOf(strategy))
                 << " in slices of " << slice;
    else
      diagnostic << ", " << slice;
    last = strategy;
  }
}

LogicalResult DispatchKernelsPass::select(MatmulOp op, const KernelOptions &kernels) {
  Expected<std::vector<GpuRange>> ranges = chooseRanges(op, kernels);
  if (!ranges && !keepOnHost)
    return op.emitOpError() << ranges.error().message();
  if (!ranges) {
    remark(op, *kernels.target) << "runs on the host, because it " << ranges.error().message();
    return success();
  }
  if (remarks)
    explain(op, *kernels.target, *ranges);
  ++numProducts;
  SmallVector<int64_t> limits;
  for (const GpuRange &range : ArrayRef(*ranges).drop_back())
    limits.push_back(static_cast<int64_t>(range.limit));
  op.setStrategies(limits, llvm::map_to_vector(*ranges, [&](const GpuRange &range) -> Attribute {
                     return GpuStrategyAttr::get(op.getContext(),
                                                 productStrategyOf(range.choice.strategy),
                                                 range.choice.slice);
                   }));
  return success();
}

void DispatchKernelsPass::runOnOperation() {
  FailureOr<KernelOptions> kernels = parseKernelOptions(getOperation(), target, strategy);
  if (failed(kernels))
    return signalPassFailure();
  SmallVector<MatmulOp> products;
  getOperation().walk([&](MatmulOp op) {
    if (!op.getStrategyAttr())
      products.push_back(op);
  });
  for (MatmulOp op : products)
    if (failed(select(op, *kernels)))
      return signalPassFailure();
}

} // namespace uwt
