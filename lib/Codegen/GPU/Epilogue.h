//===- Epilogue.h - Epilogues as GPUs compute them --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_EPILOGUE_H
#define UWT_LIB_CODEGEN_GPU_EPILOGUE_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// Rewrites the epilogue of `op` into arithmetic that GPUs have instructions for, by the passes
/// that expand the arithmetic of CPUs (uwt/Codegen/CPU/Passes.h), so that both have the same bits.
/// Fails, with a diagnostic, only where a pass does.
mlir::LogicalResult expandEpilogue(MatmulOp op);

/// Whether GPUs can compute an expanded epilogue. Errors: Unsupported.
Status checkEpilogue(MatmulOp op);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_EPILOGUE_H
