//===- SkinnyPlan.h - Shapes and arguments of family skinny -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels of family `skinny` and whoever launches them agree on.
//
// Kernel `pack` takes, in this order: x (its elements in one run), the elements from row to row of
// x, the batch, packed x. It is launched with a thread for each u32 of packed x, `packThreads` a
// workgroup.
//
// Kernel `product` takes: the weight on the device (Cuda/Abi.h: panels as i64; table, words, raw,
// code, patch, records as i32), packed x, y and the elements from row to row of y, the batch,
// `partials` (f32), `counters` (i32, all 0 before the first launch; each launch leaves them so),
// and for each extra operand of the epilogue its elements and the steps of its dimensions. It is
// launched with `threads` threads a workgroup and `sharedBytes` of shared memory; any number of
// workgroups gives a right result, and a number that is the same each time the same bits.
//
// Buffers are memrefs of one dynamic dimension in global memory, all other arguments are `index`.
// Buffers that a format does not have are empty.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_GPUKERNELS_SKINNYPLAN_H
#define UWT_GPUKERNELS_SKINNYPLAN_H

#include <cstdint>

namespace uwt {

struct SkinnyPlan {
  /// The weight: output features, input features; 8-column tiles of x; stages of the ring, and
  /// groups of 64 columns in a stage (a multiple of 2: what is copied at once is aligned).
  int64_t rows, columns, tiles, stages, groupsPerStage;
  /// u32 of a coded unit in plane `code` and in plane `raw`; whether the format has escapes, and
  /// panels that are stored as words.
  int64_t codeWords, rawWords;
  bool hasEscapes, onlyWords;

  static constexpr int64_t consumerWarps = 4, threads = 32 * (consumerWarps + 1);
  static constexpr int64_t packThreads = 256;
  /// u32 of a unit of words, of a group of packed x for a tile, of a stage's part of plane `patch`.
  static constexpr int64_t unitWords = 512, tileWords = 256, patchWords = 64;

  int64_t panels() const { return (rows + 63) / 64; }
  int64_t groups() const { return (columns + 63) / 64; }
  int64_t chunks() const { return (groups() + groupsPerStage - 1) / groupsPerStage; }
  /// Steps that workgroups share.
  int64_t steps() const { return panels() * chunks(); }

  /// u32 from the start of a stage to its parts, and of a stage.
  int64_t stageRaw() const { return 0; }
  int64_t stageCode() const { return 4 * groupsPerStage * rawWords; }
  int64_t stageX() const;
  int64_t stageRecords() const { return stageX() + groupsPerStage * tiles * tileWords; }
  int64_t stagePatch() const { return stageRecords() + (hasEscapes ? 2 * groupsPerStage : 0); }
  int64_t stageWords() const;
  /// Bytes of shared memory: the ring, and for formats with escapes 2 KB a warp to apply them in.
  int64_t sharedBytes() const;

  int64_t packedWords() const { return groups() * tiles * tileWords; }
  /// f32 of `partials` for so many workgroups, i32 of `counters`.
  int64_t partialFloats(int64_t workgroups) const { return workgroups * 2 * 4 * tiles * 128; }
  int64_t counters() const { return panels() * 4; }
};

} // namespace uwt

#endif // UWT_GPUKERNELS_SKINNYPLAN_H
