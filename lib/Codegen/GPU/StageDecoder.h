//===- StageDecoder.h - Operand registers from a stage ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STAGEDECODER_H
#define UWT_LIB_CODEGEN_GPU_STAGEDECODER_H

#include "ProductArguments.h"
#include "Stage.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// The consumer's decoder: A's registers of a unit × column group, four vector<4xi32>, from a
/// stage.
class StageDecoder : private LaneCode {
public:
  /// Loads the part of the decode table that a thread keeps. `ring` is the ring's memory.
  StageDecoder(const LaneCode &code, const ProductPlan &plan, CompressedType type,
               const ProductArguments &arguments, mlir::Value ring, mlir::Value lane);

  /// Without escapes. `asWords`: the panel is stored as words.
  Values decode(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit,
                bool asWords);
  /// Those of a column group, then those of the one behind it.
  Values decodePair(const TilePanel &panel, const Stage &stage, mlir::Value group,
                    mlir::Value strip, bool asWords);
  /// Strategy codes: whether the unit's symbols are bytes (i1), and its registers from these, which
  /// are read where kernel `decode` has left them.
  mlir::Value isInBytes(const Stage &stage, const UnitCoordinate &unit);
  Values decodeBytes(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit);

private:
  /// A buffer and a u32 of it.
  struct Source {
    mlir::Value buffer, at;
  };
  Source rawOf(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit,
               bool fromWords);
  /// Where a unit lies in the stage's part of plane `code`.
  mlir::Value codeUnitAt(const Stage &stage, const UnitCoordinate &unit);
  Source codeOf(const Stage &stage, const UnitCoordinate &unit);
  /// Where a unit's words lie in plane `words`.
  mlir::Value wordsAt(const TilePanel &panel, const Stage &stage, const UnitCoordinate &unit);
  llvm::SmallVector<mlir::Type> fragmentTypes();

  const ProductPlan &plan;
  const StageLayout layout;
  CompressedType type;
  const ProductArguments &arguments;
  mlir::Value ring, lane;
  Values table;
  StageUnits units;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STAGEDECODER_H
