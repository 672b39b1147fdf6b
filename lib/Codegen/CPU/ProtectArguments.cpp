//===- ProtectArguments.cpp - Pass uwt-protect-arguments ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bufferization takes arguments for its own unless told not to. Private functions
// are left alone: who calls them is compiled along with them.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_PROTECTARGUMENTSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;
using bufferization::BufferizationDialect;

namespace {

struct ProtectArguments : uwt::codegen::impl::ProtectArgumentsPassBase<ProtectArguments> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func.isPublic() || func.isExternal())
      return;
    for (unsigned i = 0, e = func.getNumArguments(); i != e; ++i)
      if (isa<TensorType>(func.getArgument(i).getType()) &&
          !func.getArgAttr(i, BufferizationDialect::kWritableAttrName))
        func.setArgAttr(i, BufferizationDialect::kWritableAttrName,
                        BoolAttr::get(&getContext(), false));
  }
};

} // namespace
