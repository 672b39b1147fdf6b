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

static LogicalResult checkFormats(TranscodeOp op, TranscodeFormats &formats) {
  auto refuse = [&](const Twine &reason) {
    return op.emitOpError() << "has no kernel of family transcode: " << reason;
  };
  CompressedType source = op.getSource().getType(), result = op.getResult().getType();
  std::string reason;
  std::optional<ElementType> element = elementTypeOf(source.getElementType());
  if (!element ||
      !describeFormat(source.getFormat().getFormat(), *element, formats.source, reason) ||
      !describeFormat(result.getFormat().getFormat(), *element, formats.result, reason))
    return refuse(reason);
  if (formats.result.format.storage != formats.source.format.storage)
    return refuse("it does not transpose");
  reason = TranscodeBuilder::refusal(source, formats.source);
  if (reason.empty() && !formats.isToRaw())
    reason = EncodeBuilder::refusal(formats.result);
  return reason.empty() ? mlir::success() : refuse(reason);
}

static KernelEntry entryOfTranscode(StringRef kernel, CompressedType type,
                                    const EmittedFormat &source, const Format &result) {
  KernelEntry entry = entryOf(GpuKernelFamily::Transcode, kernel, type, source);
  entry.strategy = kernel.str();
  entry.result = result;
  entry.result->storage = Storage::NMajor;
  return entry;
}

FailureOr<TranscodeKernels> buildTranscodeKernels(TranscodeOp op, OpBuilder &builder,
                                                  StringRef name) {
  TranscodeFormats formats;
  if (failed(checkFormats(op, formats)))
    return mlir::failure();
  TranscodeKernels kernels;
  kernels.module = gpu::GPUModuleOp::create(builder, op.getLoc(), name);
  CompressedType type = op.getSource().getType();
  if (formats.isToRaw() || !formats.isFromRaw()) {
    TranscodeBuilder transcode(type, formats.source, builder, op.getLoc());
    transcode.build(kernels.module, "transcode");
    kernels.entries.push_back(
        entryOfTranscode("transcode", type, formats.source, *Format::parse("raw")));
    transcode.describe(kernels.entries.back(), ArgumentKind::Extra);
  }
  if (!formats.isToRaw()) {
    EncodeBuilder encode(type, formats.result, builder, op.getLoc());
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
      if (failed(buildTranscodeKernels(op, builder, name)))
        return signalPassFailure();
    }
  }
};
} // namespace

} // namespace uwt
