//===- SelectKernels.cpp - Formats that products on a GPU run from --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunFormat.h"
#include "uwt/Codec/Panel.h"
#include "uwt/CostModel/KernelProfiles.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"

namespace {

/// What a format costs the products of one weight.
struct GpuCandidate {
  Format format;
  /// Of all products, and of the first one by itself.
  double microseconds = 0;
  GpuPrediction first;
};

struct SelectKernelsPass : impl::SelectKernelsPassBase<SelectKernelsPass> {
  using SelectKernelsPassBase::SelectKernelsPassBase;
  void runOnOperation() override;

private:
  LogicalResult prepare();
  LogicalResult selectFor(Value weight, ArrayRef<MatmulOp> products);
  LogicalResult force(Value weight, ArrayRef<MatmulOp> products);
  std::optional<GpuCandidate> predictFormat(const Format &format, ArrayRef<MatmulOp> products);
  void explain(MatmulOp op, ArrayRef<GpuCandidate> ranked);

  const GpuBoard *machine = nullptr;
};

} // namespace

LogicalResult SelectKernelsPass::prepare() {
  Expected<const GpuTarget *> found = findGpuTarget(std::string(target));
  if (!found)
    return getOperation().emitError() << found.error().message();
  machine = usualBoard(**found);
  if (board.empty())
    return success();
  Expected<const GpuBoard *> named = findGpuBoard(builtInGpuBoards(), std::string(board));
  if (!named)
    return getOperation().emitError() << named.error().message();
  if ((*named)->target != *found)
    return getOperation().emitError()
           << "board '" << board << "' is no " << target << " but " << (*named)->target->name;
  machine = *named;
  return success();
}

std::optional<GpuCandidate> SelectKernelsPass::predictFormat(const Format &format,
                                                             ArrayRef<MatmulOp> products) {
  GpuCandidate result{format, 0, {}};
  Format asStored = format.ofMatrices();
  for (MatmulOp op : products) {
    GpuProblem problem;
    problem.n = op.getWeightType().getRows();
    problem.k = op.getWeightType().getColumns();
    int64_t batch = ShapedType::isDynamic(op.getBatch()) ? int64_t(batchHint) : op.getBatch();
    problem.m = std::max<int64_t>(batch, 1);
    const KernelProfile *profile = findKernelProfile(*machine->target, asStored.str(), problem.m);
    if (!profile)
      return std::nullopt;
    GpuPrediction prediction = predictGpu(*machine, *profile, problem);
    if (result.microseconds == 0)
      result.first = prediction;
    // The kernel is launched for each matrix.
    result.microseconds += prediction.total * static_cast<double>(op.getWeightType().getMatrices());
  }
  return result;
}

static std::string describe(const GpuCandidate &candidate) {
  const GpuPrediction &p = candidate.first;
  return llvm::formatv("{0}: {1:f1} us (memory {2:f1}, cache {3:f1}, issue {4:f1}, alu {5:f1}, "
                       "shared {6:f1}, matrix {7:f1}, chain {8:f1}, fixed {9:f1})",
                       candidate.format.str(), p.total, p.memory, p.cache, p.issue, p.alu, p.shared,
                       p.matrix, p.chain, p.fixed)
      .str();
}

void SelectKernelsPass::explain(MatmulOp op, ArrayRef<GpuCandidate> ranked) {
  CompressedType type = op.getWeightType();
  std::string batch = ShapedType::isDynamic(op.getBatch()) ? "?" : std::to_string(op.getBatch());
  InFlightDiagnostic diagnostic = mlir::emitRemark(op.getLoc());
  diagnostic << "product with " << type.getRows() << "x" << type.getColumns() << ", batch " << batch
             << ", on " << machine->name << " by skinny from " << describe(ranked.front());
  if (ranked.size() > 1)
    diagnostic << "; runner-up " << describe(ranked[1]);
}

/// Makes all that uses a weight read it in one format, so that it is held once.
static void runFrom(Value weight, const Format &format) {
  Value run = transcodedTo(weight, format);
  if (run != weight)
    weight.replaceUsesWithIf(
        run, [](OpOperand &use) { return isa<MatmulOp, GatherOp>(use.getOwner()); });
}

LogicalResult SelectKernelsPass::force(Value weight, ArrayRef<MatmulOp> products) {
  auto stored = cast<CompressedType>(weight.getType());
  MatmulOp first = products.front();
  Expected<Format> forced = Format::parse(std::string(runFormat));
  if (!forced)
    return first.emitOpError() << "cannot run from '" << runFormat
                               << "': " << forced.error().message();
  std::optional<CompressedType> type = inFormat(stored, *forced);
  if (!type)
    return first.emitOpError() << "cannot run from " << runFormat
                               << ": the format is no composition for "
                               << getTraits(stored.getDescription().element).name;
  runFrom(weight, type->getFormat().getFormat());
  return success();
}

/// Prefix codes run where the kernel that was profiled does, for all batches that there are: it
/// needs stream units of a strip, and in large batches it is by far slower than the others.
static bool runsAsStored(CompressedType stored, ArrayRef<MatmulOp> products) {
  auto decoder = dyn_cast<DecoderEmissionInterface>(Attribute(stored.getFormat()));
  if (!decoder || decoder.hasFixedRate(stored.getElementType()))
    return decoder != nullptr;
  bool isKnown =
      llvm::none_of(products, [](MatmulOp op) { return ShapedType::isDynamic(op.getBatch()); });
  return isKnown && stored.getColumns() > wholePanelUnitColumns;
}

LogicalResult SelectKernelsPass::selectFor(Value weight, ArrayRef<MatmulOp> products) {
  // A transcode that is there already is somebody's decision.
  if (weight.getDefiningOp<TranscodeOp>())
    return success();
  if (!runFormat.empty())
    return force(weight, products);
  auto stored = cast<CompressedType>(weight.getType());
  SmallVector<GpuCandidate> ranked;
  SmallVector<CompressedType> types;
  if (runsAsStored(stored, products))
    types.push_back(stored);
  // What weights may be coded to when they are loaded.
  for (const Format &format : runFormats())
    if (auto type = inFormat(stored, format); type && *type != stored)
      types.push_back(*type);
  for (CompressedType type : types) {
    if (auto candidate = predictFormat(type.getFormat().getFormat(), products))
      ranked.push_back(*candidate);
  }
  // Kernels that are not in the table say for themselves whether they can be built.
  if (ranked.empty())
    return success();
  llvm::stable_sort(ranked, [](const GpuCandidate &a, const GpuCandidate &b) {
    return a.microseconds < b.microseconds;
  });
  if (remarks)
    explain(products.front(), ranked);
  runFrom(weight, ranked.front().format);
  return success();
}

void SelectKernelsPass::runOnOperation() {
  if (failed(prepare()))
    return signalPassFailure();
  llvm::MapVector<Value, SmallVector<MatmulOp>> weights;
  getOperation().walk([&](MatmulOp op) { weights[op.getWeight()].push_back(op); });
  for (auto &[weight, products] : weights)
    if (failed(selectFor(weight, products)))
      return signalPassFailure();
}

} // namespace uwt
