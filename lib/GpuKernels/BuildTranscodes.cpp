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
#include "uwt/GpuKernels/Passes.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_BUILDTRANSCODESPASS
#include "uwt/GpuKernels/Passes.h.inc"

namespace {
struct TranscodeFormats {
  EmittedFormat source, result;
  bool isFromRaw() const { return source.traits.rate == Rate::Words; }
  bool isToRaw() const { return result.traits.rate == Rate::Words; }
};
} // namespace

/// Describes both formats. Gives why it cannot, or empty text.
static std::string describeFormats(const TranscodeTypes &types, TranscodeFormats &formats) {
  std::string reason;
  ElementType element = *elementTypeOf(types.source.getElementType());
  if (describeFormat(types.source.getFormat().getFormat(), element, formats.source, reason))
    describeFormat(types.result.getFormat().getFormat(), element, formats.result, reason);
  return reason;
}

std::string transcodeRefusal(const TranscodeTypes &types) {
  TranscodeFormats formats;
  std::string reason = describeFormats(types, formats);
  if (!reason.empty())
    return reason;
  if (formats.result.format.storage != formats.source.format.storage)
    return "it does not transpose";
  if (formats.result.format.fold != formats.source.format.fold)
    return "it does not fold";
  reason = TranscodeBuilder::refusal(types.source, formats.source);
  if (!reason.empty() || formats.isToRaw())
    return reason;
  return EncodeBuilder::refusal(formats.result);
}

static KernelEntry entryOfTranscode(StringRef kernel, CompressedType type,
                                    const EmittedFormat &source, const Format &result) {
  KernelEntry entry = entryOf(GpuKernelFamily::Transcode, kernel, type, source);
  entry.strategy = kernel.str();
  entry.result = result.ofMatrices();
  return entry;
}

TranscodeKernels buildTranscodeKernels(const TranscodeTypes &types, Location location,
                                       OpBuilder &builder, StringRef name) {
  TranscodeFormats formats;
  describeFormats(types, formats);
  TranscodeKernels kernels;
  kernels.module = createKernelModule(builder, location, name);
  CompressedType type = types.source;
  if (formats.isToRaw() || !formats.isFromRaw()) {
    TranscodeBuilder transcode(type, formats.source, builder, location);
    transcode.build(kernels.module, "transcode");
    kernels.entries.push_back(entryOfTranscode("transcode", type, formats.source, rawFormat()));
    transcode.describe(kernels.entries.back(), ArgumentKind::Extra);
  }
  if (!formats.isToRaw()) {
    EncodeBuilder encode(type, formats.result, builder, location);
    encode.build(kernels.module);
    kernels.entries.push_back(
        entryOfTranscode("encode", type, formats.source, formats.result.format));
    encode.describe(kernels.entries.back());
  }
  return kernels;
}

namespace {
struct BuildTranscodesPass : impl::BuildTranscodesPassBase<BuildTranscodesPass> {
  void runOnOperation() override {
    SmallVector<TranscodeOp> transcodes;
    getOperation().walk([&](TranscodeOp op) { transcodes.push_back(op); });
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            UnitAttr::get(&getContext()));
    DenseMap<Operation *, unsigned> numbers;
    for (TranscodeOp op : transcodes) {
      auto function = op->getParentOfType<FunctionOpInterface>();
      if (!function) {
        op.emitOpError("is in no function");
        return signalPassFailure();
      }
      OpBuilder builder(function);
      std::string name =
          function.getName().str() + "_transcode_" + std::to_string(numbers[function]++);
      TranscodeTypes types{op.getSource().getType(), op.getResult().getType()};
      std::string reason = transcodeRefusal(types);
      if (!reason.empty()) {
        op.emitOpError() << "has no kernel of family transcode: " << reason;
        return signalPassFailure();
      }
      buildTranscodeKernels(types, op.getLoc(), builder, name);
    }
  }
};
} // namespace

} // namespace uwt
