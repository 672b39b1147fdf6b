//===- Format.h - What a compressed format is -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A format is a composition: layout, storage order, packing, coded field,
// codec, context, escapes. This file holds the value type and its one text
// form, which IR, command line and metadata share. It knows how compositions
// are written, not which are valid: that is the codec's business
// (uwt/Codec/Codec.h, `checkFormat`).
//
// Text form (docs/formats.md, section "Text form"): items separated by commas,
// in any order when read, in this order when printed:
//
//   huffman<11,1>            codec, with its parameters
//   version=1                major version of the stored order
//   layout=fragment<16x16>   or row_major
//   storage=n_major          or k_major: the tensor lies as [K, N]
//   fold=none                or columns<n>, flat<n>: which dimensions are rows and columns
//   packing=planes           or inplace
//   coded=exponent+0         exponent and that many top mantissa bits; or sign+exponent+0
//   context=none             or row_class<k>, scale<s>
//   escapes=patch            or none, rows<64>
//   index=whole              or short: what the index has of a panel, of variable rates
//   tables=rounded           or exact: what a model has of frequencies
//   unit=strip               or panel: how many rows a stream unit has, with scales
//   low=16                   top bits of each low half (f32) that are stored, or rows, palette,
//                            coded
//
// Everything but the codec has a default. Some codecs have a short name with their packing
// (shortNames).
//
// Weights that run from the codes of a quantised checkpoint (docs/quantised.md, section "In
// memory") have their element in the place of a codec, and the numbers that elements share:
//
//   uint<4>                  what a code stands for; or int<b>, f4E2M1FN, f8E4M3FN, f8E5M2 or
//                            table<b>
//   table={row, f16}         of a table<b>: that each cell has a table of its own, of such numbers
//   pick={1x128, uint<2>}    of a table<b>: which of the weight's tables a cell has
//   zero=8                   what is subtracted, or {1x128, uint<4>}: a number a cell, of the
//                            element's type or a float
//   scale={1x128, f16}       what the difference is multiplied with; cells are of so many rows and
//                            columns, or a row, or the tensor
//   factor=1/127             what the product is multiplied with, a fraction as an f32
//   offset={1x32, f16}       what is added then; see GridRole.h for others
//   math=bf16                what the difference is rounded to; or f16
//   order=k                  that columns belong to cells in an order of their own; or none
//
// Numbers of a grid may be codes themselves, of which grids inside say what they mean: numbers of
// zero={...} are subtracted, what is left is multiplied with those of scale={...} or divided by
// those of divide={...}, and those of offset={...} are added, each one rounding to f32. So a grid
// is what a weight is, up to four deep: scale={1x16, f8E4M3FN, divide={tensor, f32}}.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_FORMAT_H
#define UWT_FORMAT_FORMAT_H

#include "uwt/Format/ElementType.h"
#include "uwt/Format/GridRole.h"
#include "uwt/Support/Error.h"
#include "uwt/Support/Recursive.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// The major version of the stored order that this library writes and the only
/// one that it reads.
inline constexpr uint32_t formatVersion = 1;

/// The newest reader that files may ask for. A reader of version 1 knows every format of this
/// version without `fold` and `low`, one of version 2 those with `fold`; version 3 knows bytes
/// (uint8) as elements too, version 4 formats with `low`, version 5 codecs that say so
/// (Codec::reader), version 6 what smallest files are made of beyond that.
inline constexpr uint32_t formatReader = 7;

/// Bits of a low half.
inline constexpr uint32_t wholeLowBits = 16;

/// A keyword with unsigned parameters: `huffman<12,2>`, `row_class<8>`, `none`.
struct Term {
  std::string keyword;
  std::vector<uint32_t> parameters;

  bool operator==(const Term &) const = default;
  std::string str() const;
};

enum class Layout : uint8_t {
  /// Units of 16x16 blocks in the A-operand order of mma.m16n8k16.
  Fragment16x16,
  /// Rows one after another: a row can be read alone (embeddings).
  RowMajor,
};

enum class Storage : uint8_t {
  /// The tensor lies as [..., N, K]: rows are output features.
  NMajor,
  /// The tensor lies as [..., K, N]; stored order is that of its transpose.
  KMajor,
};

/// Which dimensions of a tensor are the rows and columns of its matrices (fold-1 to fold-3).
struct Fold {
  enum class Kind : uint8_t {
    /// The last two dimensions are a matrix.
    None,
    /// The last `size` dimensions are the columns, the one before them is the rows.
    Columns,
    /// The tensor is one matrix with `size` elements a row, whatever its shape.
    Flat,
  };
  Kind kind = Kind::None;
  uint32_t size = 0;

  bool operator==(const Fold &) const = default;
};

enum class Packing : uint8_t {
  /// A buffer a field.
  Planes,
  /// Fields at their operand positions inside half words; spare bits carry
  /// further weights.
  InPlace,
};

/// What is stored of low halves (f32).
enum class LowHalves : uint8_t {
  /// As many top bits of each (low-1).
  TopBits,
  /// As many top bits of each as those of its row need (low-2).
  Rows,
  /// Nothing: the low half follows from the word, by a table of the values that occur (low-4).
  Palette,
  /// Low halves as symbols of a numeral system (low-5).
  Coded,
};

enum class Escapes : uint8_t {
  /// The codec covers every symbol that occurs.
  None,
  /// Whole words with their positions.
  Patch,
  /// Runs of 64 elements of a row, verbatim (Unweight).
  Rows64,
};

/// A codec with packing=inplace under one name: `inplace<12>`.
struct ShortName {
  Term name, codec;
};

/// What the elements of a cell are.
enum class CellKind : uint8_t {
  /// Rows and columns of a matrix: `1x128`, `row`, `column` or `tensor`.
  Block,
  /// So many (`cellColumns`) one after another in storage order: `flat<64>`.
  Flat,
  /// Those that lie so far (`cellColumns`) apart in that order: `stride<768>`.
  Stride,
};

/// Cells of a matrix and what a file has a number of for each: `1x128, f16`.
struct CellFormat {
  /// Of a cell; 0 for as many as there are: `row, f16` has 1 and 0, `column, f16` 0 and 1, `tensor,
  /// f16` twice 0.
  uint32_t cellRows = 0, cellColumns = 0;
  /// The type of the numbers: `f16`, `uint<4>`.
  Term number;
  CellKind kind = CellKind::Block;

  bool operator==(const CellFormat &) const = default;
  std::string str() const;
  bool hasCellsOf(const CellFormat &other) const {
    return kind == other.kind && cellRows == other.cellRows && cellColumns == other.cellColumns;
  }
  /// Of a cell, in a matrix of so many: 1 at least, in an empty matrix too. Of blocks.
  uint64_t rowsOf(uint64_t all) const;
  uint64_t columnsOf(uint64_t all) const;
};

/// Numbers that the elements of a cell share, as a format says it: `{1x128, f16}`.
struct GridFormat : CellFormat {
  /// What is subtracted from them.
  Recursive<GridFormat> zero = {};
  /// What that is multiplied with, or divided by, to be the grid's: `{1x32, uint<6>,
  /// scale={1x256, f16}}`.
  Recursive<GridFormat> outer = {};
  bool isDivided = false;
  /// What is added then.
  Recursive<GridFormat> offset = {};

  bool operator==(const GridFormat &) const = default;
  std::string str() const;
  /// Whether the numbers are the grid's, as they are.
  bool isPlain() const { return !zero && !outer && !offset; }
  /// Whether they are these, or products or quotients of two such grids.
  bool isPlainOrProduct() const { return !zero && !offset && (!outer || outer->isPlain()); }
};

/// A step after the product, and the numbers that it takes.
struct GridStep {
  GridRole role;
  GridFormat format;

  bool operator==(const GridStep &) const = default;
};

/// The short names of the text form.
std::span<const ShortName> shortNames();

struct Format {
  Term codec;
  uint32_t version = formatVersion;
  Layout layout = Layout::Fragment16x16;
  Storage storage = Storage::NMajor;
  Fold fold;
  Packing packing = Packing::Planes;
  /// Top mantissa bits that are coded with the exponent (j).
  uint32_t codedMantissa = 0;
  /// Number of row classes; 1 is `context=none`.
  uint32_t rowClasses = 1;
  Escapes escapes = Escapes::Patch;
  LowHalves lowHalves = LowHalves::TopBits;
  /// TopBits: those of each low half that are stored (1...16); those below are 0. Of f32 only.
  uint32_t lowBits = wholeLowBits;
  /// `context=scale<s>`: steps of an octave in which rows and columns have scales, else 0.
  uint32_t scaleSteps = 0;
  /// Whether the sign is coded with the exponent; only with scales.
  bool codedSign = false;
  /// Whether the index has 8 bytes a panel beside row classes in place of 16 (index-1).
  bool shortIndex = false;
  /// Whether models have frequencies themselves, not weights of few bits; of codec rans (ans-9).
  bool exactTables = false;
  /// Whether stream units are whole panels, however wide these are; only with scales (scale-6).
  bool panelUnits = false;
  /// What the codes of a quantised weight are: `uint<4>`. Of floats it has no keyword.
  Term element;
  /// Of a table<b> with more than one table: that each cell has its own, or which of them a cell
  /// has.
  std::optional<CellFormat> table, pick;
  /// What is subtracted from the number that a code stands for: this, or a number a cell.
  uint32_t zero = 0;
  std::optional<GridFormat> zeroGrid;
  /// What the difference is multiplied with; a quantised weight has one.
  std::optional<GridFormat> scale;
  /// What the product is divided by, by multiplication with 1 / this as an f32.
  uint32_t divisor = 1;
  /// What follows the product, in the order of allGridRoles().
  std::vector<GridStep> steps;
  /// What the difference is rounded to: BF16 or F16, or F32, which it is anyway.
  ElementType math = ElementType::F32;
  /// Whether columns belong to cells in an order of their own, which the weight says.
  bool hasColumnOrder = false;

  bool operator==(const Format &) const = default;

  /// The numbers of a step, null where there is none of that role.
  const GridFormat *step(const GridRole &role) const;
  /// Takes the step of a role to be of these numbers.
  void setStep(const GridRole &role, GridFormat grid);

  /// What the product is multiplied with (value-4).
  float factor() const { return 1.0f / static_cast<float>(divisor); }
  /// Whether cells have tables of their own, or pick one.
  bool hasTables() const { return table || pick; }
  /// Whether zero points are floats, not codes.
  bool hasFloatZeros() const { return zeroGrid && zeroGrid->number != element; }

  bool isQuantized() const { return !element.keyword.empty(); }
  bool hasScales() const { return scaleSteps != 0; }
  /// Whether something beside the symbol chooses its code table.
  bool hasContext() const { return rowClasses > 1 || hasScales(); }
  /// Code tables of the model, of which the context chooses one for each element.
  uint32_t codeTables() const { return hasScales() ? scaleSteps : rowClasses; }

  /// The format as those see it who are given matrices [N, K]: with n_major storage and without a
  /// fold, which say how matrices lie in a tensor, and with whole low halves.
  Format ofMatrices() const;
  /// The format without what only those of quantised weights have.
  Format ofFloats() const;
  /// The smallest version of a reader that knows this format, whatever its codec; see readerOf in
  /// uwt/Codec/Codec.h.
  uint32_t reader() const {
    if (panelUnits || exactTables)
      return 7;
    if (hasScales() || shortIndex || lowHalves != LowHalves::TopBits)
      return 6;
    if (lowBits != wholeLowBits)
      return 4;
    return fold.kind == Fold::Kind::None ? 1 : 2;
  }

  /// The shortest text that parses back to this format: the codec (or its short
  /// name) and what differs from the defaults.
  std::string str() const;
  /// Every item spelled out.
  std::string fullStr() const;

  /// Parses the text form. Fails with ErrorKind::Usage on malformed text and
  /// with ErrorKind::Unsupported on another major version; does not check that
  /// the codec exists or that the composition is valid.
  static Expected<Format> parse(std::string_view text);
};

} // namespace uwt

#endif // UWT_FORMAT_FORMAT_H
