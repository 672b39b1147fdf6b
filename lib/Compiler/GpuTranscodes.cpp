//===- GpuTranscodes.cpp - Transcodes that become kernels -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuTranscodes.h"
#include "GpuProducts.h"
#include "uwt/Codegen/GPU/TranscodeKernels.h"

using namespace mlir;

namespace uwt {

/// What a weight is transcoded from and to; nothing where it runs as it is stored, or is stored
/// raw.
static std::optional<TranscodeTypes> transcodeOf(WeightOp weight) {
  std::optional<CompressedType> stored = weight.getStored();
  if (!stored || isRaw(stored->getFormat().getFormat()))
    return std::nullopt;
  return TranscodeTypes{*stored, cast<CompressedType>(weight.getType())};
}

FailureOr<OwningOpRef<ModuleOp>> makeTranscodes(ModuleOp module) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  OpBuilder builder(module.getContext());
  SmallVector<TranscodeTypes> known;
  module.walk([&](WeightOp weight) {
    std::optional<TranscodeTypes> types = transcodeOf(weight);
    if (!types || llvm::is_contained(known, *types))
      return;
    known.push_back(*types);
    if (Status served = checkTranscode(*types); !served) {
      weight.emitRemark() << "weight '" << weight.getName()
                          << "' is transcoded by the host alone: " << served.error().message();
      return;
    }
    builder.setInsertionPointToEnd(kernels->getBody());
    std::string name = "transcode_" + std::to_string(kernels->getBody()->getOperations().size());
    buildTranscodeKernels(*types, weight.getLoc(), builder, name);
  });
  if (failed(emitDecoders(*kernels)))
    return failure();
  return kernels;
}

} // namespace uwt
