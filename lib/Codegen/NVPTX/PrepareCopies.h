//===- PrepareCopies.h - What copies need, before waits ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_NVPTX_PREPARECOPIES_H
#define UWT_LIB_CODEGEN_NVPTX_PREPARECOPIES_H

#include "llvm/IR/Function.h"

namespace uwt::codegen {

/// Computes the addresses and the size of the first bulk copy behind a wait before that wait, where
/// nothing that they depend on comes later. LLVM's scheduler would compute them where they are
/// used, and a stage that is empty would wait for that.
void prepareCopies(llvm::Function &function);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_NVPTX_PREPARECOPIES_H
