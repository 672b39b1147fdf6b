//===- CheckHandOffs.h - Data handed over between CTAs ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_NVPTX_CHECKHANDOFFS_H
#define UWT_LIB_CODEGEN_NVPTX_CHECKHANDOFFS_H

#include "uwt/Support/Error.h"
#include "llvm/ADT/StringRef.h"

namespace uwt::codegen {

/// Whether no kernel of `ptx` decides by a relaxed atomic of global memory what it does next: such
/// an atomic tells that others have come, and not what they wrote (PTX ISA, "Memory Consistency
/// Model"). What an atomic without a word of its order is, is relaxed ("atom"). Control flow and
/// addresses of loads count, whatever depends on them: a fence beside the atomic is not looked for.
/// Errors: Unsupported, with the instruction.
Status checkHandOffs(llvm::StringRef ptx);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_NVPTX_CHECKHANDOFFS_H
