//===- SetTarget.cpp - Record the machine that a module is compiled for ---===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {
#define GEN_PASS_DEF_SETTARGETPASS
#include "uwt/Compiler/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {
struct SetTargetPass : uwt::impl::SetTargetPassBase<SetTargetPass> {
  using SetTargetPassBase::SetTargetPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (target.empty() && module->hasAttr(uwt::UWTDialect::targetAttrName))
      return;
    auto found = uwt::findTarget(target.empty() ? "native" : std::string_view(target));
    if (!found) {
      module.emitError(found.error().message());
      return signalPassFailure();
    }
    module->setAttr(uwt::UWTDialect::targetAttrName,
                    uwt::TargetAttr::get(&getContext(), (*found)->name));
  }
};
} // namespace
