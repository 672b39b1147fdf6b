//===- CheckFeatures.h - What a target lacks for an operation ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_NVPTX_CHECKFEATURES_H
#define UWT_LIB_CODEGEN_NVPTX_CHECKFEATURES_H

#include "mlir/IR/Operation.h"
#include "uwt/Target/GpuTarget.h"

namespace uwt::codegen {

/// Fails, with an error at `op`, where `target` lacks one of the features that `what` needs.
inline mlir::LogicalResult checkFeatures(mlir::Operation *op, const GpuTarget &target,
                                         llvm::StringRef what, llvm::ArrayRef<GpuFeature> needed) {
  if (Status status = checkSupports(target, what, needed); !status)
    return op->emitOpError() << "cannot be compiled: " << status.error().message();
  return mlir::success();
}

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_NVPTX_CHECKFEATURES_H
