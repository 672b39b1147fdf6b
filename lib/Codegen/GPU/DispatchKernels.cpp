//===- DispatchKernels.cpp - Kernels by ranges of batch sizes -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Codegen/GPU/ProductKernels.h"

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

/// A strategy for each range of batch sizes: more widths would rarely differ.
static FailureOr<SmallVector<GpuStrategyAttr>> chooseCases(MatmulOp op, KernelOptions options) {
  SmallVector<unsigned> widths = {1, 2, 4, 8, 16, 32};
  if (!ShapedType::isDynamic(op.getBatch()))
    widths = {0};
  SmallVector<GpuStrategyAttr> cases;
  for (unsigned tiles : widths) {
    options.tiles = tiles;
    FailureOr<GpuStrategyAttr> choice = chooseGpuStrategy(op, options);
    if (failed(choice))
      return failure();
    if (!cases.empty() && choice->getSlice() < 8 * tiles)
      break;
    cases.push_back(*choice);
  }
  return cases;
}

/// Begins a remark with what the product is and where it runs.
static InFlightDiagnostic remark(MatmulOp op, const GpuTarget &target) {
  CompressedType type = op.getWeightType();
  InFlightDiagnostic diagnostic = mlir::emitRemark(op.getLoc());
  diagnostic << "product with " << type.getRows() << "x" << type.getColumns() << " from "
             << type.getFormat().getText() << " on " << std::string(target.name) << ": ";
  return diagnostic;
}

/// The same, where a product without kernels is no error but stays on the host, which a remark
/// says.
static FailureOr<SmallVector<GpuStrategyAttr>> chooseCasesOrHost(MatmulOp op,
                                                                 const KernelOptions &options) {
  std::string reason;
  auto cases = [&] {
    ScopedDiagnosticHandler handler(op.getContext(), [&](Diagnostic &diagnostic) {
      reason = StringRef(diagnostic.str()).split(" op ").second.str();
      return success();
    });
    return chooseCases(op, options);
  }();
  if (failed(cases))
    remark(op, *options.target) << "runs on the host, because it " << reason;
  return cases;
}

static void explain(MatmulOp op, const GpuTarget &target, ArrayRef<GpuStrategyAttr> cases) {
  InFlightDiagnostic diagnostic = remark(op, target);
  std::optional<ProductStrategy> last;
  for (GpuStrategyAttr each : cases) {
    if (last != each.getStrategy())
      diagnostic << (last ? "; " : "") << stringifyProductStrategy(each.getStrategy())
                 << " in slices of " << each.getSlice();
    else
      diagnostic << ", " << each.getSlice();
    last = each.getStrategy();
  }
}

LogicalResult DispatchKernelsPass::select(MatmulOp op, const KernelOptions &kernels) {
  FailureOr<SmallVector<GpuStrategyAttr>> cases =
      keepOnHost ? chooseCasesOrHost(op, kernels) : chooseCases(op, kernels);
  if (failed(cases))
    return success(keepOnHost);
  if (remarks)
    explain(op, *kernels.target, *cases);
  ++numProducts;
  SmallVector<int64_t> limits;
  for (GpuStrategyAttr each : ArrayRef(*cases).drop_back())
    limits.push_back(each.getSlice());
  op.setStrategies(limits, SmallVector<Attribute>(cases->begin(), cases->end()));
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
