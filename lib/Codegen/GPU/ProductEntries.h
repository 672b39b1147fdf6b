//===- ProductEntries.h - Launches of a product -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PRODUCTENTRIES_H
#define UWT_LIB_CODEGEN_GPU_PRODUCTENTRIES_H

#include "LaneCode.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// The entries of kernels `decode`, `pack` and `product`.
class ProductEntries {
public:
  /// `format` is the weight's.
  ProductEntries(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
                 mlir::OpBuilder &builder)
      : op(op), plan(plan), format(format), builder(builder) {}

  /// In the order of launches.
  std::vector<KernelEntry> all();
  KernelEntry pack();
  KernelEntry product();

private:
  KernelEntry common(llvm::StringRef kernel);
  KernelEntry decode();
  std::vector<KernelArgument> productArguments();
  WorkspaceRule workspaceRule() const;
  /// Whether kernels may begin while the one before still runs. On targets without that nothing in
  /// them waits for it.
  bool isDependent() const { return !plan.copiesByThreads; }

  MatmulOp op;
  const ProductPlan &plan;
  const EmittedFormat &format;
  mlir::OpBuilder &builder;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PRODUCTENTRIES_H
