//===- FixedRate.h - Kernels of the fixed-rate engines ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface between the engines, which walk over a panel's units, and the
// kernels, which code one unit. Kernels exist once as source
// (FixedRateKernels.inc) and are compiled for each instruction set; the
// engines choose by CodePath. Private to lib/Codec.
//
// A kernel works on whole units only: 16 rows x 64 columns (256 in place with codes of 3 bits).
// Units that the matrix does not fill go through a padded copy.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_FIXED_FIXEDRATE_H
#define UWT_LIB_CODEC_FIXED_FIXEDRATE_H

#include "../Escapes.h"
#include "FieldPlane.h"
#include "uwt/Codec/Panel.h"
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// Codes of at most this many bits have their words in a table of 16.
inline constexpr uint32_t smallCodeBits = 4;

/// What the kernels need of a plan, laid out for them.
struct FixedCoding {
  /// Everything that decoding needs.
  explicit FixedCoding(const CodingPlan &plan);

  /// The symbol of a code, at its offset in a word.
  uint16_t symbolWord(uint32_t code) const { return symbolWords[code]; }
  uint32_t bytesOfUnit(uint32_t bits) const { return bits * unitBitBytes; }

  FieldSplit split;
  uint32_t codeBits;
  std::vector<uint32_t> rawChunks, codeChunks;
  /// Code c stands for symbol base + c.
  bool isWindow;
  uint32_t base;
  /// symbol << rawLowBits of each code.
  std::vector<uint16_t> symbolWords;
  /// The same for small codes, twice and more: bits of an index above codeBits
  /// do not matter.
  alignas(64) uint16_t smallTable[32];
};

/// What encoding needs beyond that.
struct FixedEncoding : FixedCoding {
  FixedEncoding(const CodingPlan &plan, const SymbolNumbers &numbers);

  /// For escapes and padding (order-7).
  uint16_t commonestCode;
  uint16_t paddingWord;
  std::span<const uint16_t> numbers;
  /// Symbols of at most 8 bits: code, or `escapeFlag` and commonestCode.
  static constexpr uint8_t escapeFlag = 0x80;
  bool hasByteTable;
  alignas(64) uint8_t byteTable[256];
};

/// The kernels for one instruction set.
///
/// Encoders return whether there is an escape, and set a bit in `escapes` for each. A unit
/// has [8 steps i][4 or 16 registers q] u32: bit 8t + 2b + h is half h of lane 4i + t's
/// register q of block b (16 registers: of block q / 4 in group b). A row has a bit a column.
struct FixedKernels {
  /// Planes: decodes a unit into 16 rows of 64 words.
  void (*decodeUnit)(const FixedCoding &coding, const uint8_t *raw, const uint8_t *code,
                     uint16_t *out, size_t stride);
  bool (*encodeUnit)(const FixedEncoding &coding, const uint16_t *words, size_t stride,
                     uint8_t *raw, uint8_t *code, uint32_t *escapes);
  /// In place, 12 bits: units of 64 columns.
  void (*decodeInPlace12)(const FixedCoding &coding, const uint8_t *code, uint16_t *out,
                          size_t stride);
  bool (*encodeInPlace12)(const FixedEncoding &coding, const uint16_t *words, size_t stride,
                          uint8_t *code, uint32_t *escapes);
  /// In place, 11 bits: units of 256 columns.
  void (*decodeInPlace11)(const FixedCoding &coding, const uint8_t *code, uint16_t *out,
                          size_t stride);
  bool (*encodeInPlace11)(const FixedEncoding &coding, const uint16_t *words, size_t stride,
                          uint8_t *code, uint32_t *escapes);
  /// Words of 8 or 16 bits.
  void (*decodeWords)(uint32_t bits, const uint8_t *in, uint16_t *out, size_t stride);
  void (*encodeWords)(uint32_t bits, const uint16_t *words, size_t stride, uint8_t *out);
  /// row_major: a whole row.
  void (*decodeRow)(const FixedCoding &coding, const uint8_t *raw, const uint8_t *code,
                    uint64_t columns, uint16_t *out);
  /// row_major: columns [begin, end) of a row of `columns`, where `begin` is a multiple of
  /// 1,024, and `end` too or the row's end. `words` are those columns; `escapes` has room
  /// for 1,024.
  bool (*encodeRow)(const FixedEncoding &coding, const uint16_t *words, uint64_t columns,
                    uint64_t begin, uint64_t end, uint8_t *raw, uint8_t *code, uint32_t *escapes);
  /// Copies `count` words, a multiple of 32, around the caches where the machine can; both
  /// pointers are aligned to 64 bytes.
  void (*copyAround)(const uint16_t *from, uint16_t *to, size_t count);
  /// After copies around the caches: makes them visible to other threads.
  void (*finishCopies)();
};

/// The kernels of `path`, or of the best path below it that runs here. A null
/// pointer stands for CodePath::Reference.
const FixedKernels *fixedKernels(CodePath path);
const FixedKernels &scalarFixedKernels();
#if defined(__x86_64__)
const FixedKernels &avx2FixedKernels();
const FixedKernels &avx512FixedKernels();
#elif defined(__aarch64__)
const FixedKernels &neonFixedKernels();
#endif

/// The reference engine, with fixedPanelSizes' sizes set in `out`.
void encodeFixedReference(const CodingPlan &plan, const SymbolNumbers &numbers, PanelWords words,
                          EncodedPanel &out);
Status decodeFixedReference(const CodingPlan &plan, const CodedPanel &panel, MutablePanelWords out);
/// Counts `count` records of unit `index`; sets `overflow` where the panel cannot hold
/// them (panel-1).
void countEscapes(const CodingPlan &plan, uint64_t index, uint32_t count, EncodedPanel &out);
/// Applies the records of all units of a panel, in order.
Status applyAllEscapes(const CodingPlan &plan, const CodedPanel &panel, MutablePanelWords out);

/// Reference of inplace12-1 and inplace11-1: packs codes and raw fields (row-major,
/// rows x columns) of `codeBits` (4 or 3) into `out`; padding has `paddingCode`.
void packInPlace(uint32_t codeBits, uint32_t rows, uint64_t columns,
                 std::span<const uint16_t> codes, std::span<const uint16_t> raws,
                 uint16_t paddingCode, std::span<uint8_t> out);
void unpackInPlace(uint32_t codeBits, uint32_t rows, uint64_t columns, std::span<const uint8_t> in,
                   std::span<uint16_t> codes, std::span<uint16_t> raws);
/// The unit of packing=inplace for codes of 4 or 3 bits (panel-3).
UnitGeometry unitInPlace(uint32_t codeBits);

} // namespace uwt

#endif // UWT_LIB_CODEC_FIXED_FIXEDRATE_H
