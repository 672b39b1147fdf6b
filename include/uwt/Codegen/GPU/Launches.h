//===- Launches.h - How compiled code calls for kernels ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The symbols that code of uwt-lower-launches names. Whoever links it defines them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_LAUNCHES_H
#define UWT_CODEGEN_GPU_LAUNCHES_H

#include "mlir/Support/LLVM.h"

namespace uwt::codegen {

/// A function of the context, the number of the launch in `uwt.launches`, and the address of an
/// array of 64-bit numbers. They describe the selection, x, the extra operands and y: of each the
/// pointer, the offset, the sizes and the strides; of a selection of one matrix its number.
inline constexpr llvm::StringLiteral launchProductName = "uwt_launch_product";
/// The variable whose address is the context.
inline constexpr llvm::StringLiteral productContextName = "uwt_product_context";

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_LAUNCHES_H
