//===- PrefixStream.h - Lane streams of prefix codes ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parts of the prefix engine share: the tables of a tensor, a unit's
// header and lanes once they have been checked, and the steps that put a unit
// together. A lane of a unit is only ever read through a StreamUnitView, so whatever
// bytes a blob holds, all that a decoder relies on is checked in one place.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PREFIX_PREFIXSTREAM_H
#define UWT_LIB_CODEC_PREFIX_PREFIXSTREAM_H

#include "../Escapes.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Codec/PrefixCode.h"
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace uwt {

/// Lanes of a unit: 32, or a lane a row.
inline constexpr uint32_t maxLanes = panelRows;

/// A code word as encoders want it:
///
///     31 first element is an escape   30 second one is   29 there is no code
///     20:6 code word as it is stored  5:0 its length
namespace encode_entry {
inline constexpr uint32_t firstEscapes = 1u << 31, secondEscapes = 1u << 30, noCode = 1u << 29;
inline constexpr uint32_t flags = firstEscapes | secondEscapes | noCode;
inline constexpr uint32_t lengthBits = 6, lengthMask = (1u << lengthBits) - 1;
} // namespace encode_entry

/// The code of one row class.
struct PrefixClass {
  /// How many bit patterns have a meaning: decoders that trust a table
  /// lookup need all of them to.
  enum class Cover : uint8_t { Empty, Single, Complete };
  Cover cover = Cover::Empty;

  std::vector<uint8_t> lengths;
  /// Code word of each entry, bit-reversed as it is stored (prefix-2).
  std::vector<uint16_t> stored;
  /// Entries in the order of their code words, and for each length its first
  /// code word, the number of its code words and where they begin in `order`.
  std::vector<uint32_t> order;
  std::array<uint32_t, longestCodeWord + 1> firstWord{}, count{}, begin{};

  /// By the next bits of a stream; see PrefixTables::Lookup.
  std::vector<uint16_t> narrow;
  std::vector<uint32_t> wide;
  /// By symbol, or, of pairs, by number of first + pairStride * number of second.
  std::vector<uint32_t> encode;
};

/// Tables for AVX-512: pairs of at most 15 symbols and an escape, code words of at
/// most 12 bits.
struct PairVectors {
  /// Exponent to number; pair (first | second << 4) to bits 7:0 of its code word,
  /// and to its bits 11:8 | length << 4.
  alignas(64) uint8_t numbers[256];
  alignas(64) uint8_t low[256];
  alignas(64) uint8_t high[256];
  /// The number of symbols outside the alphabet.
  uint8_t escape;
};

class PrefixTables {
public:
  /// What the lookup tables hold; symbols are top-aligned in 16 bits.
  enum class Lookup : uint8_t {
    /// No table: symbols are too wide. Only the reference decodes these.
    None,
    /// narrow: symbol over the length in 5:0.
    Single,
    /// wide: symbol in 31:16, length in 5:0.
    SingleWide,
    /// wide: second symbol in the upper half, first one in the lower over the length in 5:0.
    Pair,
  };

  explicit PrefixTables(const CodingPlan &plan);

  /// The class of a row of a panel; padding rows have class 0 (prefix-6).
  const PrefixClass &classOf(std::span<const uint8_t> rowClasses, uint32_t row) const {
    return classes[row < rowClasses.size() ? rowClasses[row] % classes.size() : 0];
  }
  /// Symbol of an alphabet entry; that beneath an escape is the commonest.
  uint16_t symbolOf(uint32_t entry) const {
    return entry < symbols.size() ? symbols[entry] : commonest;
  }
  /// The alphabet entry of a symbol: `symbols.size()` where it has none.
  uint16_t numberOf(uint32_t symbol) const { return numbers[symbol]; }

  /// How encoders code an alphabet entry, or a pair, in a class: with the escape
  /// in place of what has no code. The result is the entry in `lengths` and the
  /// flags of encode_entry.
  uint32_t choose(const PrefixClass &of, uint32_t first, uint32_t second) const;

  FieldSplit split;
  uint32_t codeSymbols;
  bool escapes;
  std::vector<uint16_t> symbols;
  uint16_t commonest;
  /// Entries of the alphabet, with the escape (prefix-1).
  uint32_t entries;
  /// Longest code word of all classes: lookups are by that many bits.
  uint32_t longest = 0;
  uint32_t pairStride;
  Lookup lookup = Lookup::None;
  std::vector<uint16_t> numbers;
  std::vector<PrefixClass> classes;
  std::unique_ptr<PairVectors> pairVectors;

private:
  PrefixClass makeClass(const std::vector<uint8_t> &lengths) const;
  void fillLookup(PrefixClass &of) const;
  void fillEncode(PrefixClass &of) const;
  void makePairVectors();
};

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// Lanes of a unit, and code words in each (prefix-5).
uint32_t lanesOf(const PanelUnit &unit);
uint32_t codeWordsOf(const PanelUnit &unit, uint32_t codeSymbols);

/// The coordinate of element `index` of a lane (order-5, order-6).
ElementCoordinate coordinateInLane(const PanelUnit &unit, uint32_t lane, uint32_t index);

/// A unit of a blob whose every part lies inside the blob.
struct StreamUnitView {
  PanelUnit unit;
  uint64_t number = 0;
  uint32_t lanes = 0;
  uint32_t codeWords = 0;
  /// In bytes from the blob's start.
  uint64_t begin = 0, recordsBegin = 0, streamBegin = 0, end = 0;
  /// In u32.
  uint64_t records = 0;
  /// Bit of the stream at which each lane starts; one more for the end.
  std::array<uint32_t, maxLanes + 1> start;
};

/// Reads unit `number` of a blob. Fails with ErrorKind::Invalid where it leaves
/// the blob (prefix-3, prefix-4).
Status readStreamUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                      uint64_t number, StreamUnitView &view);
/// The same for units in their order, the last one of which is in `view`: fails also where units
/// do not follow one another. `number` 0 begins anew.
Status readNextStreamUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                          uint64_t number, StreamUnitView &view);

/// Escape records of a unit, copied to where u32 may lie.
std::vector<uint32_t> recordsOf(const StreamUnitView &view, std::span<const uint8_t> code);

/// Appends a unit to the blob from its lanes' starts, its records (u32) and its stream. Returns
/// false where a field of the header is too small (prefix-4).
bool appendStreamUnit(const CodingPlan &plan, std::span<const uint32_t> laneStarts,
                      std::span<const uint32_t> records, std::span<const uint8_t> stream,
                      std::vector<uint8_t> &code);

/// A panel on its way through an encoder or decoder.
struct PrefixContext {
  const CodingPlan &plan;
  const PrefixTables &tables;
  std::span<const uint8_t> classes;

  const PrefixClass &classOf(const PanelUnit &unit, uint32_t row) const {
    return tables.classOf(row < unit.rows ? classes : std::span<const uint8_t>(),
                          unit.firstRow + row);
  }
};

/// What an encoder makes of a unit; `overflow` where some symbol has no code.
struct EncodedUnit {
  std::vector<uint32_t> laneStarts;
  std::vector<uint32_t> records;
  std::vector<uint8_t> stream;
  bool overflow = false;
};

/// Record of run `run` of row `row` (escape-3).
void appendRunRecord(const CodingPlan &plan, const PanelUnit &unit, PanelWords words, uint32_t row,
                     uint32_t run, std::vector<uint32_t> &records);

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

void encodeUnitReference(const PrefixContext &context, const PanelUnit &unit, PanelWords words,
                         EncodedUnit &out);

/// Symbols of a unit's existing elements to row-major `symbols`, `stride` from row to row.
Status decodeUnitReference(const PrefixContext &context, const StreamUnitView &view,
                           std::span<const uint8_t> code, uint16_t *symbols, size_t stride);

/// One lane only, to `symbols` in lane order.
Status decodeLaneReference(const PrefixContext &context, const StreamUnitView &view,
                           std::span<const uint8_t> code, uint32_t lane,
                           std::vector<uint16_t> &symbols);

//===----------------------------------------------------------------------===//
// Fast paths: whole panels
//===----------------------------------------------------------------------===//

struct PrefixKernels;

/// Encodes all units; false on overflow. `out.raw` has its size, all zero; `out.code` the
/// unit starts, which are filled in.
bool encodePanelFast(const PrefixContext &context, const PrefixKernels &kernels, PanelWords words,
                     EncodedPanel &out);
Status decodePanelFast(const PrefixContext &context, const PrefixKernels &kernels, CodePath path,
                       const CodedPanel &panel, MutablePanelWords out);

} // namespace uwt

#endif // UWT_LIB_CODEC_PREFIX_PREFIXSTREAM_H
