//===- Mainloop.h - What consumers do with a stage --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_MAINLOOP_H
#define UWT_LIB_CODEGEN_GPU_MAINLOOP_H

#include "EscapePatcher.h"
#include "StageDecoder.h"
#include "WarpMma.h"

namespace uwt::codegen {

/// Decodes and multiplies the column groups of a stage that belong to the work unit, for a strip.
class Mainloop {
public:
  virtual ~Mainloop() = default;
  /// The accumulators that a work tile begins with.
  virtual LaneCode::Values begin() = 0;
  /// The accumulators behind a stage. `asWords`: the panel is stored as words, and that is known.
  virtual LaneCode::Values multiply(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                                    mlir::ValueRange accumulators, bool asWords) = 0;
};

/// Each warp multiplies by itself (mma.sync).
class WarpMainloop : public Mainloop, private LaneCode {
public:
  WarpMainloop(const LaneCode &code, const ProductPlan &plan, StageDecoder &decoder,
               EscapePatcher &escapes, WarpMma &mma, mlir::Value ring, mlir::Value lane);
  Values begin() override { return Values(plan.tile.mTiles, mma.zero()); }
  Values multiply(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                  mlir::ValueRange accumulators, bool asWords) override;

private:
  using EntryOf = llvm::function_ref<EscapePatcher::Entry()>;
  Values multiplyGroup(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit,
                       EntryOf entryOf, mlir::ValueRange accumulators, bool asWords);
  /// All column groups of the stage, without a loop.
  Values multiplyUnrolled(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                          mlir::ValueRange accumulators);
  /// Two column groups of a wide unit are decoded side by side: a lane's two words of a kind are
  /// then one read of shared memory. Those of one group lie 16 bytes apart from lane to lane, so
  /// that reading them takes as long as reading all four groups'.
  Values multiplyPairs(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                       mlir::ValueRange accumulators, bool asWords);
  Values multiplyPair(mlir::Value pair, mlir::Value strip, const TilePanel &panel,
                      const Stage &stage, mlir::ValueRange accumulators, bool asWords);
  Values multiplyPatched(const Stage &stage, const UnitCoordinate &unit, mlir::ValueRange fragments,
                         mlir::ValueRange accumulators);
  Values multiplyFragments(mlir::ValueRange fragments, const Stage &stage, mlir::Value group,
                           mlir::ValueRange accumulators);

  const ProductPlan &plan;
  const StageLayout layout;
  StageDecoder &decoder;
  EscapePatcher &escapes;
  WarpMma &mma;
  StageUnits units;
  mlir::Value ring, lane;
};

/// A panel's four warps multiply together (wgmma): x is then read from shared memory once for 64 n,
/// not once for 16, and decode overlaps the products before.
class WarpgroupMainloop : public Mainloop, private LaneCode {
public:
  /// `element` is the type of the weight and of x.
  WarpgroupMainloop(const LaneCode &code, const ProductPlan &plan, mlir::Type element,
                    StageDecoder &decoder, EscapePatcher &escapes, WarpMma &mma, mlir::Value ring);
  Values begin() override { return Values(plan.tile.mTiles, mma.zero()); }
  Values multiply(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                  mlir::ValueRange accumulators, bool asWords) override;

private:
  using EntryOf = llvm::function_ref<EscapePatcher::Entry()>;
  /// A's registers of a unit × column group, escapes applied.
  Values operandsOf(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit,
                    EntryOf entryOf, bool asWords);
  /// The same of two column groups of a unit.
  Values operandsOfPair(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                        mlir::Value group, bool asWords);
  Values withEscapes(const Stage &stage, const UnitCoordinate &unit, EntryOf entryOf,
                     mlir::ValueRange fragments);
  Values multiplyPair(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                      mlir::Value group, mlir::ValueRange accumulators, bool asWords);
  Values multiplyTwo(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                     mlir::Value group, mlir::ValueRange accumulators, bool asWords);
  Values multiplyNext(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit,
                      EntryOf entryOf, mlir::ValueRange accumulators, bool asWords);
  Values beginProducts(mlir::ValueRange operands, const Stage &stage, mlir::Value group,
                       mlir::ValueRange accumulators);
  /// Waits until no more than `pending` async groups of products are under way.
  Values waitForProducts(int64_t pending, mlir::ValueRange accumulators);

  const ProductPlan &plan;
  const StageLayout layout;
  mlir::Type element;
  StageDecoder &decoder;
  EscapePatcher &escapes;
  WarpMma &mma;
  StageUnits units;
  mlir::Value ring;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_MAINLOOP_H
