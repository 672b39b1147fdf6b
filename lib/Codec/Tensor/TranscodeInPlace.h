//===- TranscodeInPlace.h - Prefix codes to packing=inplace -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface between the driver and its loops. A lane's symbols and its raw fields are already
// in the order in which packing=inplace wants them, so eight lanes at a time are decoded to
//
//     [strip][group of 64 columns][register 4][lane 8][block 4] u32, a half word an element
//
// and packed from there. Symbols are rotated first: from the alphabet of the prefix code
// the window's base is taken away (modulo its size), so that what a decode table gives is the code
// of the window, with bits above it only where the symbol is outside:
//
//     15     12 11    8 7 6 5      0
//     | beyond | code  |man|  length|     man: the 2 mantissa bits of coded=exponent+2
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_TRANSCODEINPLACE_H
#define UWT_LIB_CODEC_TENSOR_TRANSCODEINPLACE_H

#include "../Prefix/PrefixStreamKernels.h"

namespace uwt {

/// u32 of a group in the scratch memory, and of a register in it.
inline constexpr uint32_t groupScratch = 128, registerScratch = 32;
/// Blocks of 16 columns in a group.
inline constexpr uint32_t groupBlocks = 4;
/// Bits of a half word in the scratch memory that are not 0 outside of the window.
inline constexpr uint32_t beyondWindow = 0xF000F000u;

/// Four lanes of groups of a strip: from scratch memory and raw fields to words in place.
struct InPlaceJob {
  /// The first group's first register of these lanes.
  const uint32_t *symbols;
  /// The first group's unit of raw fields, and bytes to the next group's.
  const uint8_t *raw;
  size_t rawStride;
  /// The same for units in place, at multiples of 64 bytes.
  uint8_t *code;
  size_t codeStride;
  /// First lane / 4.
  uint32_t quad;
  uint32_t groups;
};

struct InPlaceKernels {
  /// By symbols of a code word (less 1) and whether one may have 15 bits: as DecodeLanes, but
  /// `job.symbols` is scratch memory.
  bool (*lanes[2][2])(const LaneJob &job);
  /// Pack groups until one has a symbol beyond the window, of which nothing is written; give how
  /// many are packed. For raw fields of 8 and of 6 bits.
  uint32_t (*pack8)(const InPlaceJob &job);
  uint32_t (*pack6)(const InPlaceJob &job);
  void (*fence)();
};

/// Null where this machine has none.
const InPlaceKernels *inPlaceKernels(CodePath path);
#if defined(__x86_64__)
const InPlaceKernels &avx512InPlaceKernels();
#endif

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_TRANSCODEINPLACE_H
