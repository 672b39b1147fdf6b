//===- Panel.h - One panel, coded and decoded -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the engines share: the plan of a tensor, the words of a panel, and its
// coded parts. An engine codes one panel at a time, on the caller's thread, and
// holds no state; TensorEncoder and TensorDecoder drive them.
//
// Each engine has a reference implementation (clear, the oracle, defined on any
// bytes) and fast ones for an instruction set; all give the same result, also on
// damaged planes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_PANEL_H
#define UWT_CODEC_PANEL_H

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Support/Cpu.h"
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace uwt {

/// What chooses the code table of each element of a panel beside its symbol.
struct PanelContext {
  /// context=row_class: the class of each row; context=scale: its scale (scale-2). Empty without
  /// context.
  std::span<const uint8_t> rows;
  /// context=scale: of each column its scale and, at bit `columnSignShift`, its sign.
  std::span<const uint16_t> columns;

  PanelContext() = default;
  PanelContext(std::span<const uint8_t> rows, std::span<const uint16_t> columns = {})
      : rows(rows), columns(columns) {}
};
/// Most steps of an octave of context=scale.
inline constexpr uint32_t maxScaleSteps = 16;
/// Scales of rows and columns are below 2^8.
inline constexpr uint32_t columnSignShift = 8, scaleMask = (1u << columnSignShift) - 1;
/// What the index holds of low halves (f32), by Format::lowHalves.
struct LowModel {
  /// Coded: symbols of 16 bits, with weights of one class.
  Model code;
  /// Coded: bytes / codeAlignment of each panel's code, 0 where its low halves are not coded.
  std::vector<uint32_t> codeSizes;
  /// Rows: top bits that are stored of each row's, 64 rows a panel (of those that do not exist 0).
  std::vector<uint8_t> rowBits;
  /// Palette: the values that occur, one a word, rising.
  std::vector<uint32_t> palette;
};

/// Everything about a tensor that its panels' coding needs. Immutable while
/// panels are coded; shared by threads.
struct CodingPlan {
  Format format;
  ElementType element = ElementType::BF16;
  FieldSplit split{};
  CodecTraits traits;
  MatrixShape matrix;
  Model model;
  LowModel low;
  /// What the codes of a quantised weight stand for, where elements are of tables: 16 numbers each.
  std::vector<float> numbers;

  bool hasEscapes() const { return traits.rate != Rate::Words && format.escapes != Escapes::None; }
};

/// How to run: the oracle, or a fast path for an instruction set.
enum class CodePath : uint8_t { Reference, Scalar, Neon, Avx2, Avx512 };

/// The fast path of an instruction set.
CodePath codePathOf(SimdLevel level);
/// That of the best instruction set here.
CodePath bestCodePath();

/// Words of one panel, row-major: `rows` x `columns` u16 with `stride` u16 from
/// row to row. 8-bit words are widened.
template <typename Word> struct PanelWordsOf {
  Word *data = nullptr;
  size_t stride = 0;
  uint32_t rows = 0;
  uint64_t columns = 0;
  /// Decoders only: nobody reads these words soon, so they may be written around the
  /// caches.
  bool streaming = false;
  Word *row(uint64_t r) const { return data + r * stride; }
};
using PanelWords = PanelWordsOf<const uint16_t>;
using MutablePanelWords = PanelWordsOf<uint16_t>;

/// Coded parts of a panel as an encoder makes them. Engines overwrite all of it and
/// reuse its memory.
struct EncodedPanel {
  std::vector<uint8_t> raw;
  std::vector<uint8_t> code;
  /// Fixed rate: escape records, and the number of records of each fixed unit
  /// (row_major: of each unit of 1,024 columns).
  std::vector<uint32_t> patch;
  std::vector<uint32_t> counts;
  /// Number of escape records, in `patch` or in `code`.
  uint64_t escapes = 0;
  /// Set where a count or length does not fit its field (panel-1): the panel
  /// has to be stored as words.
  bool overflow = false;

  uint64_t bytes() const { return raw.size() + code.size() + patch.size() * 4; }
  /// Empty again, with its memory kept.
  void reset() {
    raw.clear();
    code.clear();
    patch.clear();
    counts.clear();
    escapes = 0;
    overflow = false;
  }
};

/// Coded parts of a panel as a decoder finds them. All sizes have been checked
/// against the plan: raw and code (fixed rate) are exactly as large as panel-3
/// says, code (prefix) is any multiple of 16 bytes, counts has an entry a unit
/// and their sum times the record's size is patch.size(). `codeTail` is the
/// number of bytes that may be read (not used) after the end of `code`.
struct CodedPanel {
  std::span<const uint8_t> raw;
  std::span<const uint8_t> code;
  size_t codeTail = 0;
  std::span<const uint32_t> patch;
  std::span<const uint32_t> counts;
};

//===----------------------------------------------------------------------===//
// Fields in planes (plane-1, plane-2), used for raw, words, low and fixed codes
//===----------------------------------------------------------------------===//

/// Chunk widths of a field of `bits` bits: the greedy descending sum.
std::vector<uint32_t> defaultChunks(uint32_t bits);

/// Bytes of a panel's field of `bits` bits (panel-3).
uint64_t fieldBytes(Layout layout, uint32_t rows, uint64_t columns, uint32_t bits);

/// Packs `values` (row-major, rows x columns, no padding, stride = columns) into `out`
/// (fieldBytes long, or what units of other `unitColumns` take); padding elements are `padding`.
/// Reference.
void packField(Layout layout, uint32_t rows, uint64_t columns, std::span<const uint32_t> chunks,
               std::span<const uint16_t> values, uint16_t padding, std::span<uint8_t> out,
               uint32_t unitColumns = fixedUnitColumns);

/// The inverse, without padding. Reference.
void unpackField(Layout layout, uint32_t rows, uint64_t columns, std::span<const uint32_t> chunks,
                 std::span<const uint8_t> in, std::span<uint16_t> values,
                 uint32_t unitColumns = fixedUnitColumns);

//===----------------------------------------------------------------------===//
// Engines
//===----------------------------------------------------------------------===//

/// Panels stored as words, and low halves: `bits` is 8 or 16.
void encodeWords(Layout layout, uint32_t bits, PanelWords words, CodePath path,
                 std::vector<uint8_t> &out);
void decodeWords(Layout layout, uint32_t bits, std::span<const uint8_t> in, CodePath path,
                 MutablePanelWords out);

/// The same for low halves, of which `format.lowBits` bits are stored (LowHalves::TopBits).
void encodeLow(const Format &format, PanelWords low, CodePath path, std::vector<uint8_t> &out);
void decodeLow(const Format &format, std::span<const uint8_t> in, CodePath path,
               MutablePanelWords out);

/// Low halves of rows that have as many bits each as `rowBits` says (LowHalves::Rows, low-2).
/// Precondition: bits below those are 0.
void encodeLowRows(PanelWords low, std::span<const uint8_t> rowBits, CodePath path,
                   std::vector<uint8_t> &out);
/// `in` has lowRowsBytes bytes.
void decodeLowRows(std::span<const uint8_t> in, std::span<const uint8_t> rowBits, CodePath path,
                   MutablePanelWords out);
uint64_t lowRowsBytes(uint64_t columns, std::span<const uint8_t> rowBits);

/// Fixed-rate codecs, packing=planes and packing=inplace.
void encodeFixed(const CodingPlan &plan, PanelWords words, CodePath path, EncodedPanel &out);
/// Fails with ErrorKind::Invalid on escape records that are out of order or
/// point outside; `out` is then unspecified.
Status decodeFixed(const CodingPlan &plan, const CodedPanel &panel, CodePath path,
                   MutablePanelWords out);
/// Bytes of a coded panel in planes `raw` and `code` (panel-3), and its number
/// of escape counts.
struct FixedPanelSizes {
  uint64_t raw = 0, code = 0, counts = 0;
};
FixedPanelSizes fixedPanelSizes(const CodingPlan &plan, uint32_t rows);
/// Columns of a fixed unit: those of CodecTraits::unit, 1,024 in row_major
/// (order-4, order-6).
uint32_t fixedUnitColumnsOf(const CodingPlan &plan);
/// Elements of a row that a record of escapes=rows<64> holds (escape-3).
inline constexpr uint32_t escapeRunColumns = 64;
/// u32 of such a record: the run's number, and a byte a symbol.
inline constexpr uint32_t runRecordU32 = 1 + escapeRunColumns / 4;
/// u32 of one escape record: runRecordU32 for rows<64>, else 1.
uint32_t escapeRecordU32(const Format &format);
/// escapes=rows<64> at a fixed rate: sets the symbols that records have of columns that do not
/// exist to zero (escape-3). `counts` and `patch` are those of a CodedPanel of `rows` rows, whose
/// records may be damaged. Other formats have no such symbols.
void clearRunPadding(const CodingPlan &plan, uint32_t rows, std::span<const uint32_t> counts,
                     std::span<uint32_t> patch);

/// Tables of a prefix-coded tensor that are made once from its model.
class PrefixTables;
struct PrefixTablesDeleter {
  void operator()(PrefixTables *) const;
};
using PrefixTablesPtr = std::unique_ptr<PrefixTables, PrefixTablesDeleter>;
/// Precondition: plan.model has passed Codec::readModel or came from buildModel.
PrefixTablesPtr makePrefixTables(const CodingPlan &plan);

/// Prefix codecs. `classes` is the row class of each row of the panel (rows
/// entries; empty without context).
void encodePrefix(const CodingPlan &plan, const PrefixTables &tables, PanelWords words,
                  std::span<const uint8_t> classes, CodePath path, EncodedPanel &out);
/// Fails with ErrorKind::Invalid on unit offsets or lanes that leave the blob,
/// lanes that overrun their stream (prefix-5), code words that do not exist, and
/// escape records that are out of order or point outside.
Status decodePrefix(const CodingPlan &plan, const PrefixTables &tables, const CodedPanel &panel,
                    std::span<const uint8_t> classes, CodePath path, MutablePanelWords out);
/// Number of escape records in the blob of a coded panel; 0 for what its index
/// does not reach.
uint64_t countPrefixEscapes(const CodingPlan &plan, uint32_t rows, std::span<const uint8_t> code);
/// Decodes row `row` of a row_major panel only, at the cost of that row.
Status decodePrefixRow(const CodingPlan &plan, const PrefixTables &tables, const CodedPanel &panel,
                       std::span<const uint8_t> classes, uint32_t panelRowCount, uint32_t row,
                       std::span<uint16_t> out);

/// Tables of a tensor coded by asymmetric numeral systems, made once from its model.
class AnsTables;
struct AnsTablesDeleter {
  void operator()(AnsTables *) const;
};
using AnsTablesPtr = std::unique_ptr<AnsTables, AnsTablesDeleter>;
/// Precondition: as makePrefixTables.
AnsTablesPtr makeAnsTables(const CodingPlan &plan);

/// Codecs of Rate::Ans.
void encodeAns(const CodingPlan &plan, const AnsTables &tables, PanelWords words,
               const PanelContext &context, CodePath path, EncodedPanel &out);
/// Fails with ErrorKind::Invalid on units that leave the blob, streams that end elsewhere (ans-6)
/// and escapes that are no symbols.
Status decodeAns(const CodingPlan &plan, const AnsTables &tables, const CodedPanel &panel,
                 const PanelContext &context, CodePath path, MutablePanelWords out);
/// Number of escapes in the blob of a coded panel, at the cost of decoding it; 0 for one that is
/// damaged.
uint64_t countAnsEscapes(const CodingPlan &plan, const AnsTables &tables, uint32_t rows,
                         const PanelContext &context, std::span<const uint8_t> code);
/// Decodes row `row` of a row_major panel, at the cost of all rows of the panel.
Status decodeAnsRow(const CodingPlan &plan, const AnsTables &tables, const CodedPanel &panel,
                    const PanelContext &context, uint32_t panelRowCount, uint32_t row,
                    std::span<uint16_t> out);

/// Tables of a tensor of variable rate, whichever it is; empty for other rates.
struct StreamTables {
  PrefixTablesPtr prefix;
  AnsTablesPtr ans;
};
/// Precondition: as makePrefixTables.
StreamTables makeStreamTables(const CodingPlan &plan);

/// What encodePrefix, decodePrefix, countPrefixEscapes and decodePrefixRow do, or their
/// counterparts for Rate::Ans.
void encodeStreams(const CodingPlan &plan, const StreamTables &tables, PanelWords words,
                   const PanelContext &context, CodePath path, EncodedPanel &out);
Status decodeStreams(const CodingPlan &plan, const StreamTables &tables, const CodedPanel &panel,
                     const PanelContext &context, CodePath path, MutablePanelWords out);
uint64_t countStreamEscapes(const CodingPlan &plan, const StreamTables &tables, uint32_t rows,
                            const PanelContext &context, std::span<const uint8_t> code);
Status decodeStreamRow(const CodingPlan &plan, const StreamTables &tables, const CodedPanel &panel,
                       const PanelContext &context, uint32_t panelRowCount, uint32_t row,
                       std::span<uint16_t> out);

/// decodePrefixRow for a fixed-rate row_major panel.
Status decodeFixedRow(const CodingPlan &plan, const CodedPanel &panel, uint32_t panelRowCount,
                      uint32_t row, std::span<uint16_t> out);

} // namespace uwt

#endif // UWT_CODEC_PANEL_H
