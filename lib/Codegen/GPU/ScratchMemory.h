//===- ScratchMemory.h - Where warps apply escapes --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SCRATCHMEMORY_H
#define UWT_LIB_CODEGEN_GPU_SCRATCHMEMORY_H

#include "LaneCode.h"

namespace uwt::codegen {

/// Shared memory in which a lane can reach another one's words. A unit lies there in the order of
/// fragments: operand register by register, lane by lane, 16 bytes each.
class ScratchMemory : private LaneCode {
public:
  /// Scratch memory of `u32OfWarp` u32 for each warp, as u32 and as halves of them; both null where
  /// nobody needs it.
  ScratchMemory(const LaneCode &code, mlir::Value u32s, mlir::Value halves, int64_t u32OfWarp,
                mlir::Value warp, mlir::Value lane)
      : LaneCode(code), u32s(u32s), halves(halves), u32OfWarp(u32OfWarp), warp(warp), lane(lane) {}

  mlir::Value buffer() const { return u32s; }
  /// Where this warp's begins.
  mlir::Value begin() { return index.mul(warp, u32OfWarp); }

  /// This lane's part of a unit's four operand registers, to u32 `unitAt` on.
  void storeFragments(mlir::ValueRange fragments, mlir::Value unitAt);
  /// Puts the low 16 bits of a record into their half of u32 `at`.
  void storeHalf(mlir::Value record, mlir::Value at);
  /// Applies a record of a word (escape-2) to the unit that lies from u32 `unitAt` on.
  void applyRecord(mlir::Value record, mlir::Value unitAt);

private:
  mlir::Value u32s, halves;
  int64_t u32OfWarp;
  mlir::Value warp, lane;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_SCRATCHMEMORY_H
