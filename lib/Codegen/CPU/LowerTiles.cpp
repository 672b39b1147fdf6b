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

/// Whether the target has what an operation does on tiles, or an error.
static LogicalResult checkTarget(Operation *op, const Target &target) {
  StringRef name = target.name;
  if (!target.hasTiles())
    return op->emitOpError() << "needs tile registers, which target '" << name
                             << "' does not have: use target 'amx', or 'amx-vectors' for tests";
  auto multiplies = dyn_cast<amx::TileMulFOp>(op);
  if (multiplies && multiplies.getLhsTileType().getElementType().isF16() && !target.hasFp16Tiles())
    return op->emitOpError()
           << "multiplies tiles of f16, which target '" << name
           << "' does not: use target 'amx-fp16', or 'amx-fp16-vectors' for tests";
  return success();
}

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
    Operation *scope = getOperation();
    const Target &target = TargetAttr::of(scope);
    bool hasAny = false;
    WalkResult checked = scope->walk([&](Operation *op) {
      if (!isOnTiles(op))
        return WalkResult::advance();
      hasAny = true;
      return WalkResult(checkTarget(op, target));
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    if (hasAny && failed(target.supports(Feature::VectorTiles) ? lowerTilesToVectors(scope)
                                                               : lowerToIntrinsics(scope)))
      signalPassFailure();
  }
};
} // namespace

} // namespace uwt::codegen
