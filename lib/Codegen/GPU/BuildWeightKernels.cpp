//===- BuildWeightKernels.cpp - Kernels that code weights -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "Entries.h"
#include "Histogram.h"
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
#include "uwt/Codegen/GPU/WeightKernels.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_BUILDWEIGHTKERNELSPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

static bool isDense(const Format &format) { return format.ofMatrices() == denseFormat(); }

/// A format of a weight's elements. Errors: it has no compiled decoder.
static Expected<EmittedFormat> describe(CompressedType type) {
  const Format &format = type.getFormat().getFormat();
  ElementType element = *elementTypeOf(type.getElementType());
  if (!isDense(format))
    return describeFormat(format, element);
  // Nothing is decoded: rows of words are what raw units are made of.
  UWT_ASSIGN_OR_RETURN(EmittedFormat rows, describeFormat(rawFormat(), element));
  rows.format = format;
  return rows;
}

namespace {
struct TranscodeFormats {
  EmittedFormat source, result;
  bool isFromRows() const { return isDense(source.format); }
  bool isToRows() const { return isDense(result.format); }
  bool isFromRaw() const { return source.traits.rate == Rate::Words; }
  bool isToRaw() const { return result.traits.rate == Rate::Words; }
};
} // namespace

/// Describes both formats. Errors: one has no compiled decoder.
static Expected<TranscodeFormats> describeFormats(const TranscodeTypes &types) {
  TranscodeFormats formats;
  UWT_ASSIGN_OR_RETURN(formats.source, describe(types.source));
  UWT_ASSIGN_OR_RETURN(formats.result, describe(types.result));
  return formats;
}

Status checkTranscode(const TranscodeTypes &types) {
  UWT_ASSIGN_OR_RETURN(TranscodeFormats formats, describeFormats(types));
  if (formats.result.format.storage != formats.source.format.storage)
    return unsupportedError("it does not transpose");
  if (formats.result.format.fold != formats.source.format.fold)
    return unsupportedError("it does not fold");
  if (formats.isFromRows() && formats.isToRows())
    return unsupportedError("it does not copy what is dense");
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

namespace {
/// Kernels that are built into a module, and their entries.
class KernelBuilder {
public:
  KernelBuilder(CompressedType type, Location location, OpBuilder &builder, StringRef name)
      : type(type), location(location), builder(builder),
        module(createKernelModule(builder, location, name)) {}

  void addTranscode(const TranscodeFormats &formats, DecodedOrder order) {
    TranscodeBuilder transcode(type, formats.source, builder, location, DecodedForm::Words, order);
    transcode.build(module, "transcode");
    const Format &made = order == DecodedOrder::Rows ? denseFormat() : rawFormat();
    entries.push_back(entryOfTranscode("transcode", type, formats.source, made));
    transcode.describe(entries.back(), ArgumentKind::Extra);
  }
  void addHistogram(const EmittedFormat &source) {
    HistogramBuilder histogram(type, builder, location);
    histogram.build(module);
    entries.push_back(entryOf(GpuKernelKind::Histogram, "histogram", type, source));
    entries.back().strategy = entries.back().kernel;
    histogram.describe(entries.back());
  }
  void addEncode(const TranscodeFormats &formats, EncodeBuilder::Source from) {
    EncodeBuilder encode(type, formats.result, from, builder, location);
    encode.build(module);
    entries.push_back(entryOfTranscode("encode", type, formats.source, formats.result.format));
    encode.describe(entries.back());
  }
  void addGather(const EmittedFormat &source) {
    TranscodeBuilder gather(type, source, builder, location, DecodedForm::Words,
                            DecodedOrder::Gathered);
    gather.build(module, "gather");
    entries.push_back(entryOf(GpuKernelKind::Gather, "gather", type, source));
    entries.back().strategy = entries.back().kernel;
    gather.describe(entries.back(), ArgumentKind::Extra);
  }
  gpu::GPUModuleOp finish() {
    writeKernelEntries(module, entries, /*isSequence=*/false);
    return module;
  }

private:
  CompressedType type;
  Location location;
  OpBuilder &builder;
  gpu::GPUModuleOp module;
  std::vector<KernelEntry> entries;
};
} // namespace

gpu::GPUModuleOp buildTranscodeKernels(const TranscodeTypes &types, Location location,
                                       OpBuilder &builder, StringRef name) {
  TranscodeFormats formats = *describeFormats(types);
  KernelBuilder kernels(types.source, location, builder, name);
  if (formats.isFromRows()) {
    if (!formats.isToRaw())
      kernels.addHistogram(formats.source);
    kernels.addEncode(formats, EncodeBuilder::Source::DenseRows);
    return kernels.finish();
  }
  if (formats.isToRows())
    kernels.addTranscode(formats, DecodedOrder::Rows);
  else if (formats.isToRaw() || !formats.isFromRaw())
    kernels.addTranscode(formats, DecodedOrder::Units);
  if (!formats.isToRaw())
    kernels.addEncode(formats, EncodeBuilder::Source::Words);
  return kernels.finish();
}

Status checkGather(CompressedType type) {
  UWT_ASSIGN_OR_RETURN(EmittedFormat format, describe(type));
  if (isDense(format.format))
    return unsupportedError("rows of a dense tensor need no kernel of a weight's");
  return TranscodeBuilder::checkGather(type, format);
}

gpu::GPUModuleOp buildGatherKernel(CompressedType type, Location location, OpBuilder &builder,
                                   StringRef name) {
  KernelBuilder kernels(type, location, builder, name);
  kernels.addGather(*describe(type));
  return kernels.finish();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct BuildWeightKernelsPass : impl::BuildWeightKernelsPassBase<BuildWeightKernelsPass> {
  using Base::Base;
  void runOnOperation() override;
  void buildForWeights(ArrayRef<WeightOp> weights);
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

/// The weight's type as dense rows.
static CompressedType denseTypeOf(CompressedType type) {
  return type.withFormat(FormatAttr::get(type.getContext(), denseFormat()));
}

namespace {
/// Adds kernels of weights at the end of a module; equal ones once. A remark at a weight that has
/// none says why.
class WeightKernelBuilder {
public:
  explicit WeightKernelBuilder(ModuleOp module)
      : symbols(module), builder(OpBuilder::atBlockEnd(module.getBody())) {}

  /// By which a loader brings a weight to the format that it runs from.
  void addLoading(WeightOp weight) {
    if (std::optional<TranscodeTypes> types = transcodeOf(weight))
      add(weight, *types, "transcode", "is transcoded by the host alone");
  }
  void addEncoding(WeightOp weight) {
    CompressedType type = cast<CompressedType>(weight.getType());
    add(weight, {denseTypeOf(type), type}, "encode", "is encoded by the host alone");
  }
  void addDecoding(WeightOp weight) {
    CompressedType type = cast<CompressedType>(weight.getType());
    add(weight, {type, denseTypeOf(type)}, "decode", "is decoded by the host alone");
  }
  void addGathering(WeightOp weight) {
    CompressedType type = cast<CompressedType>(weight.getType());
    if (llvm::is_contained(gathered, type))
      return;
    gathered.push_back(type);
    if (Status served = checkGather(type); !served)
      return remark(weight, "has rows that only the host gathers", served);
    symbols.insert(buildGatherKernel(type, weight.getLoc(), builder, nextName("gather")));
  }

private:
  void add(WeightOp weight, const TranscodeTypes &types, StringRef name, StringRef otherwise) {
    if (llvm::is_contained(known, types))
      return;
    known.push_back(types);
    if (Status served = checkTranscode(types); !served)
      return remark(weight, otherwise, served);
    symbols.insert(buildTranscodeKernels(types, weight.getLoc(), builder, nextName(name)));
  }
  std::string nextName(StringRef name) {
    return name.str() + "_" + std::to_string(numbers[name]++);
  }
  static void remark(WeightOp weight, StringRef what, const Status &why) {
    weight.emitRemark() << "weight '" << weight.getName() << "' " << what << ": "
                        << why.error().message();
  }

  SymbolTable symbols;
  OpBuilder builder;
  SmallVector<TranscodeTypes> known;
  SmallVector<CompressedType> gathered;
  llvm::StringMap<unsigned> numbers;
};
} // namespace

void BuildWeightKernelsPass::buildForWeights(ArrayRef<WeightOp> weights) {
  WeightKernelBuilder kernels(getOperation());
  for (WeightOp weight : weights) {
    kernels.addLoading(weight);
    if (encode)
      kernels.addEncoding(weight);
    if (decode)
      kernels.addDecoding(weight);
    if (gather || llvm::any_of(weight->getUsers(), llvm::IsaPred<GatherOp>))
      kernels.addGathering(weight);
  }
}

void BuildWeightKernelsPass::runOnOperation() {
  SmallVector<TranscodeOp> transcodes;
  SmallVector<WeightOp> weights;
  getOperation().walk([&](TranscodeOp op) { transcodes.push_back(op); });
  getOperation().walk([&](WeightOp op) { weights.push_back(op); });
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  if (failed(buildForOperations(transcodes)))
    return signalPassFailure();
  buildForWeights(weights);
}

} // namespace uwt::codegen
