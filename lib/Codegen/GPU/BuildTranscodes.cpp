//===- BuildTranscodes.cpp - The kernels of transcodes --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "Entries.h"
#include "Transcode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codegen/GPU/KernelEntries.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Codegen/GPU/TranscodeKernels.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_BUILDTRANSCODESPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

namespace {
struct TranscodeFormats {
  EmittedFormat source, result;
  bool isFromRaw() const { return source.traits.rate == Rate::Words; }
  bool isToRaw() const { return result.traits.rate == Rate::Words; }
};
} // namespace

/// Describes both formats. Errors: one has no compiled decoder.
static Expected<TranscodeFormats> describeFormats(const TranscodeTypes &types) {
  TranscodeFormats formats;
  ElementType element = *elementTypeOf(types.source.getElementType());
  UWT_ASSIGN_OR_RETURN(formats.source,
                       describeFormat(types.source.getFormat().getFormat(), element));
  UWT_ASSIGN_OR_RETURN(formats.result,
                       describeFormat(types.result.getFormat().getFormat(), element));
  return formats;
}

Status checkTranscode(const TranscodeTypes &types) {
  UWT_ASSIGN_OR_RETURN(TranscodeFormats formats, describeFormats(types));
  if (formats.result.format.storage != formats.source.format.storage)
    return unsupportedError("it does not transpose");
  if (formats.result.format.fold != formats.source.format.fold)
    return unsupportedError("it does not fold");
  UWT_RETURN_IF_ERROR(TranscodeBuilder::checkWeight(types.source, formats.source));
  if (formats.isToRaw())
    return ok();
  return EncodeBuilder::checkResult(formats.result);
}

static KernelEntry entryOfTranscode(StringRef kernel, CompressedType type,
                                    const EmittedFormat &source, const Format &result) {
  KernelEntry entry = entryOf(GpuKernelKind::Transcode, kernel, type, source);
  entry.strategy = kernel.str();
  entry.result = result.ofMatrices();
  return entry;
}

gpu::GPUModuleOp buildTranscodeKernels(const TranscodeTypes &types, Location location,
                                       OpBuilder &builder, StringRef name) {
  TranscodeFormats formats = *describeFormats(types);
  gpu::GPUModuleOp module = createKernelModule(builder, location, name);
  std::vector<KernelEntry> entries;
  CompressedType type = types.source;
  if (formats.isToRaw() || !formats.isFromRaw()) {
    TranscodeBuilder transcode(type, formats.source, builder, location);
    transcode.build(module, "transcode");
    entries.push_back(entryOfTranscode("transcode", type, formats.source, rawFormat()));
    transcode.describe(entries.back(), ArgumentKind::Extra);
  }
  if (!formats.isToRaw()) {
    EncodeBuilder encode(type, formats.result, builder, location);
    encode.build(module);
    entries.push_back(entryOfTranscode("encode", type, formats.source, formats.result.format));
    encode.describe(entries.back());
  }
  writeKernelEntries(module, entries, /*isSequence=*/false);
  return module;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct BuildTranscodesPass : impl::BuildTranscodesPassBase<BuildTranscodesPass> {
  void runOnOperation() override;
};
} // namespace

/// Kernels of each `uwt.transcode`, beside its function. Fails with a diagnostic at one that has
/// none.
static LogicalResult buildForOperations(ArrayRef<TranscodeOp> transcodes) {
  DenseMap<Operation *, unsigned> numbers;
  for (TranscodeOp op : transcodes) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    if (!function)
      return op.emitOpError("is in no function");
    OpBuilder builder(function);
    std::string name =
        function.getName().str() + "_transcode_" + std::to_string(numbers[function]++);
    TranscodeTypes types{op.getSource().getType(), op.getResult().getType()};
    if (Status served = checkTranscode(types); !served)
      return op.emitOpError() << "has no kernel of kind transcode: " << served.error().message();
    buildTranscodeKernels(types, op.getLoc(), builder, name);
  }
  return success();
}

/// What a weight is transcoded from and to when it is loaded; nothing where it runs as it is
/// stored, or is stored raw: it has no code words that a GPU would read faster.
static std::optional<TranscodeTypes> transcodeOf(WeightOp weight) {
  std::optional<CompressedType> stored = weight.getStored();
  if (!stored || isRaw(stored->getFormat().getFormat()))
    return std::nullopt;
  return TranscodeTypes{*stored, cast<CompressedType>(weight.getType())};
}

/// Kernels at the end of `module` by which a loader brings weights to the formats that they run
/// from; equal ones once. A remark at a weight that has none says why.
static void buildForWeights(ModuleOp module, ArrayRef<WeightOp> weights) {
  SymbolTable symbols(module);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<TranscodeTypes> known;
  unsigned number = 0;
  for (WeightOp weight : weights) {
    std::optional<TranscodeTypes> types = transcodeOf(weight);
    if (!types || llvm::is_contained(known, *types))
      continue;
    if (Status served = checkTranscode(*types); !served)
      weight.emitRemark() << "weight '" << weight.getName()
                          << "' is transcoded by the host alone: " << served.error().message();
    else
      symbols.insert(buildTranscodeKernels(*types, weight.getLoc(), builder,
                                           "transcode_" + std::to_string(number++)));
    known.push_back(*types);
  }
}

void BuildTranscodesPass::runOnOperation() {
  SmallVector<TranscodeOp> transcodes;
  SmallVector<WeightOp> weights;
  getOperation().walk([&](TranscodeOp op) { transcodes.push_back(op); });
  getOperation().walk([&](WeightOp op) { weights.push_back(op); });
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  if (failed(buildForOperations(transcodes)))
    return signalPassFailure();
  buildForWeights(getOperation(), weights);
}

} // namespace uwt::codegen
