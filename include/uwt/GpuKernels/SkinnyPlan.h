//===- SkinnyPlan.h - Shapes and arguments of family skinny -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels of families `skinny` and `wide` and whoever launches them agree on.
//
// With strategies `buffer` and `exponents`, kernel `decode` comes before: it decodes the whole
// weight to the beginning of the workspace, and `product` multiplies from there, as from a raw
// weight or from bytes of exponents beside plane `raw`.
//
// A batch comes in slices of 8 · `tiles` rows, of which the last one may be short. Kernel `pack`
// brings x into the workspace, a workgroup for each slice and group of 64 columns; kernel `product`
// multiplies, with any number of workgroups: the same number gives the same bits. The workspace
// holds packed x, then partial sums. Arguments and sizes are in the kernels' entries
// (lib/GpuKernels/SkinnyEntries.cpp). Extra operands of the epilogue are dense.
//
// Buffers are memrefs of one dynamic dimension in global memory, all other arguments are `index`.
// Buffers that a format does not have are empty.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_GPUKERNELS_SKINNYPLAN_H
#define UWT_GPUKERNELS_SKINNYPLAN_H

#include "uwt/GpuKernels/ProductKernels.h"
#include "uwt/Target/GpuTarget.h"
#include <algorithm>
#include <cstdint>

namespace uwt {

/// What kernel `decode` makes of a weight, if there is one: its words, in the order of plane
/// `words`; or its symbols alone, as `uwt.decode_fragment exponent_bytes` takes them, of panels
/// that are not stored as words; or these as codes of four bits above a base, but for the units
/// that have others, whose symbols are bytes. Panels have the places that plane `words` gives them.
enum class DecodedForm : uint8_t { None, Words, ExponentBytes, Codes };

struct SkinnyPlan {
  /// The weight: output features, input features; 8-column tiles of x; stages of the ring, and
  /// groups of 64 columns in a stage (a multiple of 2: what is copied at once is aligned).
  int64_t rows, columns, tiles, stages, groupsPerStage;
  /// Steps in a stage: more than one where a coded unit has more groups than a step.
  int64_t stepsPerStage = 1;
  /// u32 of a coded unit in plane `code` and in plane `raw`, its groups, and u32 from one of them
  /// to the next (UnitGeometry); whether the format has escapes, and panels that are stored as
  /// words.
  int64_t codeWords, rawWords;
  int64_t unitGroups = 1, codeGroupStep = 0, rawGroupStep = 0;
  bool hasEscapes, onlyWords;
  /// Prefix codes: warps read stream units by themselves, without a ring (SkinnyStreams.h).
  bool isStream;
  /// Family shared: warps of their own decode stream units into the ring, for those that multiply
  /// (SharedDecoder.h); `onlyWords` is set then too, and u32 of shared memory behind the ring are
  /// the decoders'.
  bool isShared = false;
  int64_t wordsBesideRing = 0;
  /// What has been decoded before: words (strategy buffer; `onlyWords` is set then too), or symbols
  /// (strategy exponents; plane `code` is then in the workspace).
  DecodedForm decoded;
  /// u32 of the decode table that a thread keeps in registers, from `tableFirst` on, and of an
  /// escape record.
  int64_t tableWords, recordWords;
  int64_t tableFirst = 0;
  /// Whether a panel's four warps multiply together (wgmma), or each for itself (mma.sync). Decides
  /// the order of packed x.
  bool multipliesTogether;
  /// A band: so many panels that a step takes at once, with one copy of x. Each has four warps.
  int64_t bandPanels;
  /// Workgroups of a cluster, each with a band of its own: each copies its part of x to all of
  /// them.
  int64_t cluster;
  /// Whether the ring is filled by cp.async of a warp, for targets without bulk copies.
  bool copiesByThreads;
  /// Workgroups that a multiprocessor holds.
  int64_t ctas;

  /// The cluster for these tiles on a target, or `clusterOrNone` where that is not 0.
  int64_t chooseCluster(const GpuTarget &target, int64_t clusterOrNone) const;
  /// Sets stages, groups and workgroups to what keeps most bytes on their way in the shared memory
  /// of a target; numbers that are not 0 are kept. Whether there is room for two stages.
  bool chooseRing(const GpuTarget &target, int64_t stagesOrNone, int64_t groupsOrNone);

  /// Wide: slices of more than 128 batch rows, whose sums take most registers of two warpgroups.
  GpuKernelFamily family() const {
    if (isShared)
      return GpuKernelFamily::Shared;
    return tiles > 16 ? GpuKernelFamily::Wide : GpuKernelFamily::Skinny;
  }
  ProductStrategy strategy() const {
    if (isShared)
      return ProductStrategy::Shared;
    return decoded == DecodedForm::Words           ? ProductStrategy::Buffer
           : decoded == DecodedForm::ExponentBytes ? ProductStrategy::Exponents
           : decoded == DecodedForm::Codes         ? ProductStrategy::Codes
                                                   : ProductStrategy::Direct;
  }
  int64_t consumerWarps() const { return 4 * bandPanels; }
  int64_t decoderWarps() const { return isShared ? 4 * bandPanels : 0; }
  /// Whether consumers need more registers than an equal share. Those who give theirs away are
  /// warpgroups too: of one that copies, one thread does.
  bool movesRegisters() const {
    // Operands of two groups at once take some as well.
    int64_t fewTiles = unitGroups > 1 ? 8 : 12;
    return multipliesTogether && bandPanels > 1 && (isShared || tiles > fewTiles);
  }
  /// In family shared a decoder copies too.
  int64_t copyingWarps() const { return isShared ? 0 : movesRegisters() ? 4 : 1; }
  int64_t threads() const { return 32 * (consumerWarps() + decoderWarps() + copyingWarps()); }
  static constexpr int64_t packThreads = 256;
  /// u32 of a unit of words, and of a group of packed x for a tile.
  static constexpr int64_t unitWords = 512, tileWords = 256;
  /// u32 of a stage's part of plane `patch`. Nearly every unit of several groups has escapes: all
  /// that there can be in a row of them.
  int64_t patchWords() const { return unitGroups == 1 ? 64 : 1024; }
  /// Entries of a row of units in `records`: the group's, or one for each strip of units of several
  /// groups (DeviceRecordGroup).
  int64_t unitEntries() const { return unitGroups == 1 ? 1 : 4; }
  int64_t groupEntries() const { return unitEntries() / unitGroups; }
  bool recordsFit() const {
    // Four strips with up to 255, in runs of 16 bytes.
    return unitGroups > 1 && groupsPerStage == unitGroups && recordWords == 1;
  }
  /// Whether a stage has room for words, for panels that are stored so. Those of formats whose
  /// units have several groups are read where they lie: x needs the room.
  bool copiesWords() const { return unitGroups == 1; }

  PlanFacts facts() const;

  bool decodesFirst() const { return decoded != DecodedForm::None; }
  /// u32 of a unit of the decoded weight.
  int64_t decodedUnitWords() const {
    return decoded == DecodedForm::Codes           ? unitWords / 4
           : decoded == DecodedForm::ExponentBytes ? unitWords / 2
                                                   : unitWords;
  }
  /// Whether units of the decoded weight say by a flag, a u32, whether their symbols are codes or
  /// bytes.
  bool hasFlags() const { return decoded == DecodedForm::Codes; }
  int64_t units() const { return (rows + 15) / 16 * groups(); }
  /// u32 of the decoded weight before units as bytes, and before flags, four for each group of each
  /// panel. Bytes have room in every unit; few of them take it.
  int64_t decodedBytesAt() const { return units() * decodedUnitWords(); }
  int64_t decodedFlagsAt() const { return decodedBytesAt() + units() * unitWords / 2; }

  int64_t panels() const { return (rows + 63) / 64; }
  int64_t groups() const { return (columns + 63) / 64; }
  int64_t groupsPerStep() const { return groupsPerStage / stepsPerStage; }
  int64_t chunks() const { return (groups() + groupsPerStep() - 1) / groupsPerStep(); }
  /// Chunks that a share does not divide: a stream can be entered only where a unit begins. And how
  /// many of these a place has.
  int64_t grain() const { return isShared ? 16 / groupsPerStep() : 1; }
  int64_t grains() const { return (chunks() + grain() - 1) / grain(); }
  /// Times that a stage is filled for a panel's chunks.
  int64_t fillings() const { return (chunks() + stepsPerStage - 1) / stepsPerStage; }
  int64_t bands() const { return (panels() + bandPanels - 1) / bandPanels; }
  /// Places of a slice: as many bands as a cluster has workgroups, the last one with fewer.
  int64_t places() const { return (bands() + cluster - 1) / cluster; }
  /// Steps of a slice, which clusters share.
  int64_t steps() const { return places() * chunks(); }

  /// A stage: a part for each panel of the band, then x. u32 from the start of a part to what it
  /// has, of a part, from the start of a stage to x, of a stage.
  int64_t partRaw() const { return 0; }
  int64_t partCode() const { return 4 * groupsPerStage / unitGroups * rawWords; }
  int64_t partRecords() const;
  int64_t partPatch() const {
    return partRecords() + (hasEscapes ? 2 * groupEntries() : hasFlags() ? 4 : 0) * groupsPerStage;
  }
  int64_t partWords() const;
  int64_t stageX() const { return bandPanels * partWords(); }
  int64_t stageWords() const { return stageX() + groupsPerStage * tiles * tileWords; }
  /// Whether sums go to the warp's scratch memory, so many tiles of them at a time, to be stored
  /// from there by a loop: with as many tiles, code that stores all of them is longer than all the
  /// rest.
  bool storesFromScratch() const { return !isShared && !isStream && tiles >= 8; }
  int64_t scratchTiles() const { return family() == GpuKernelFamily::Wide ? 8 : 4; }
  /// u32 of scratch memory that a consuming warp has.
  int64_t scratchWords() const {
    int64_t words = storesFromScratch() ? 128 * scratchTiles() : 0;
    return hasEscapes ? std::max(words, unitWords) : words;
  }
  /// Bytes of shared memory: the ring, scratch memory, and what decoders have.
  int64_t sharedBytes() const;

  /// u32 of the decoded weight, behind which packed x begins.
  int64_t decodedWords() const {
    if (hasFlags())
      return decodedFlagsAt() + 4 * panels() * groups();
    return decodesFirst() ? units() * decodedUnitWords() : 0;
  }
  /// u32 of a slice of packed x; f32 of a workgroup's partial sums: of its first band and of its
  /// last one. Each place has a counter a warp of its cluster.
  int64_t packedWords() const { return groups() * tiles * tileWords; }
  int64_t partialFloats() const { return 2 * consumerWarps() * tiles * 128; }
};

} // namespace uwt

#endif // UWT_GPUKERNELS_SKINNYPLAN_H
