//===- Warpgroup.h - Lowers matrix products of warpgroups -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_NVPTX_WARPGROUP_H
#define UWT_LIB_CODEGEN_NVPTX_WARPGROUP_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Transforms/DialectConversion.h"
#include "uwt/Target/GpuTarget.h"

namespace uwt::codegen {

/// uwt.warpgroup_mma, uwt.warpgroup_mma_bytes and uwt.warpgroup_wait to inline assembly. Fails,
/// with an error at the operation, where `target` has no wgmma. `converter` and `target` outlive
/// the patterns.
void populateWarpgroupPatterns(const mlir::LLVMTypeConverter &converter, const GpuTarget &target,
                               mlir::RewritePatternSet &patterns);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_NVPTX_WARPGROUP_H
