//===- LowerTiles.cpp - Operations on tile registers for a target ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before loops become branches: conversions of branches know LLVM's types only, and loops carry
// tiles.
//
//===----------------------------------------------------------------------===//

#include "TilesToVectors.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_LOWERTILESPASS
#include "uwt/Codegen/CPU/Passes.h.inc"

static bool isOnTiles(Operation *op) { return isa_and_nonnull<amx::AMXDialect>(op->getDialect()); }

/// To intrinsics, whose tiles LLVM's code generator gives registers.
static LogicalResult lowerToIntrinsics(Operation *scope) {
  MLIRContext *context = scope->getContext();
  LLVMTypeConverter converter(context);
  auto convertTile = [](amx::TileType type) -> Type {
    return LLVM::LLVMX86AMXType::get(type.getContext());
  };
  converter.addConversion(convertTile);
  // Loops keep their other types, indices too.
  TypeConverter onlyTiles;
  onlyTiles.addConversion([](Type type) { return type; });
  onlyTiles.addConversion(convertTile);

  LLVMConversionTarget target(*context);
  configureAMXLegalizeForExportTarget(target);
  RewritePatternSet patterns(context);
  populateAMXLegalizeForLLVMExportPatterns(converter, patterns);
  scf::populateSCFStructuralTypeConversionsAndLegality(onlyTiles, patterns, target);
  return applyPartialConversion(scope, target, std::move(patterns));
}

namespace {
struct LowerTilesPass : impl::LowerTilesPassBase<LowerTilesPass> {
  void runOnOperation() override {
    Operation *scope = getOperation(), *first = nullptr;
    scope->walk([&](Operation *op) {
      if (!isOnTiles(op))
        return WalkResult::advance();
      first = op;
      return WalkResult::interrupt();
    });
    if (!first)
      return;
    const Target &target = TargetAttr::of(scope);
    if (!target.hasTiles()) {
      first->emitOpError() << "needs tile registers, which target '" << StringRef(target.name)
                           << "' does not have: use target 'amx', or 'amx-vectors' for tests";
      return signalPassFailure();
    }
    if (failed(target.supports(Feature::VectorTiles) ? lowerTilesToVectors(scope)
                                                     : lowerToIntrinsics(scope)))
      signalPassFailure();
  }
};
} // namespace

} // namespace uwt::codegen
