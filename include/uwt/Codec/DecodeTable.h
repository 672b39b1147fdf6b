//===- DecodeTable.h - Symbols by code, for compiled decoders ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table that a compiled decoder looks symbols up in, made from a model when a weight
// is loaded. Whoever emits decoders and whoever loads weights agree on its layout
// through DecodeTableLayout, which needs no model. Not stored in files.
//
// Fixed rate: a u32 a code, the code's symbol in both half words:
//
//     31      16 15       0
//     | symbol  |  symbol |        entry 0 is the base of a window
//
// Prefix codes: 2^maxLength entries a row class, by the next maxLength bits of a stream
// (lowest bit first). The symbols stand at their offsets in words, or up to two bits higher,
// the length of the code word where no symbol reaches (bf16, coded=exponent+0, group 2):
//
//     31 30    23 22    16 15 14     7 6   4 3    0
//     |  | second |        |  | first  |     |length|
//
// Entries of single symbols are the lower half of this alone, two in a u32.
//
// Escapes read as the commonest symbol, which is what stands beneath a record. Bits
// that are no code word read as entry 0 with a length of 1.
//
// Numeral systems: 2^p entries a row class, by the lowest p bits of a state (ans_entry in
// AnsCode.h); behind those of all classes the symbols by an entry's number, at their offsets in
// words, and for the escape and numbers that no entry has a mark alone:
//
//     31       17 16 15     0
//     |         |mark| symbol |
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_DECODETABLE_H
#define UWT_CODEC_DECODETABLE_H

#include "uwt/Codec/Panel.h"

namespace uwt {

/// Where things lie in a table. All fields follow from format and element alone.
struct DecodeTableLayout {
  /// Bits that an entry is found by: the code (fixed), or the bits that are looked
  /// at (prefix, numeral systems).
  uint32_t indexBits = 0;
  /// Bits of an entry: 16 for single symbols, 32, or 64 where symbols leave no room for the
  /// length; symbols are in the lowest ones.
  uint32_t entryBits = 32;
  /// Row classes: tables that follow one another.
  uint32_t classes = 1;
  /// Prefix: symbols of an entry, 1 or 2, each in its half word at bit `symbolShift`, with
  /// `symbolMask` the bits of all of them. Fixed: 2 equal ones at bit 0. Numeral systems: 1.
  uint32_t symbols = 2;
  uint32_t symbolShift = 0;
  uint32_t symbolMask = 0;
  /// Prefix: the lowest bit in the entry of the code word's length (4 bits, 1 to 15).
  uint32_t lengthShift = 0;
  /// Numeral systems: u32 of the symbols behind the tables of all classes.
  uint32_t symbolWords = 0;

  uint64_t classWords() const { return ((uint64_t(1) << indexBits) * entryBits + 31) / 32; }
  /// Entry `index` of a class whose part of the table begins at `table`.
  uint64_t entry(const uint32_t *table, uint64_t index) const {
    uint64_t bit = index * entryBits;
    uint64_t low = table[bit / 32] >> bit % 32;
    if (entryBits == 16)
      return low & 0xFFFF;
    return entryBits == 64 ? low | uint64_t(table[bit / 32 + 1]) << 32 : low;
  }
  /// u32 of the whole table; 0 for codecs that code nothing.
  uint64_t words() const { return symbolMask == 0 ? 0 : classWords() * classes + symbolWords; }

  bool operator==(const DecodeTableLayout &) const = default;
};

/// In the table of symbols: no symbol, but a word of the stream (ans-5).
inline constexpr uint32_t ansEscapeMark = 1u << 16;

/// The layout for a format with these traits and this split of its words.
DecodeTableLayout decodeTableLayout(const Format &format, const FieldSplit &split,
                                    const CodecTraits &traits);

/// The table of a plan whose model has passed Codec::readModel or came from buildModel; of
/// quantised weights its numbers, as f32. Errors: Invalid where the model does not fit the traits.
Expected<std::vector<uint32_t>> decodeTable(const CodingPlan &plan);

} // namespace uwt

#endif // UWT_CODEC_DECODETABLE_H
