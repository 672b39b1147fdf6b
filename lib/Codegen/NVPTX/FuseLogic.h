//===- FuseLogic.h - Logic of three operands as one instruction -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_NVPTX_FUSELOGIC_H
#define UWT_LIB_CODEGEN_NVPTX_FUSELOGIC_H

#include "mlir/IR/Operation.h"

namespace uwt::codegen {

/// Makes single instructions of selects by constant masks, and keeps parts of words that are also
/// subtracted from them.
void fuseLogic(mlir::Operation *kernels);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_NVPTX_FUSELOGIC_H
