//===- Emission.h - Decoders as lane code -----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a codec turns its planes into words inside compiled code. An emitter a
// codec, found by the codec's keyword through lib/Codegen/Decode/Emitters.def; it
// writes elementwise arithmetic over a *lane type*, which is i32 for a thread of a GPU
// and a vector of i32 on a CPU, so that one decoder serves both.
//
// An emitter knows bits and planes. It does not know loops, panels, escapes of
// fixed-rate codecs, or what happens to the words: that is the tile level's.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_EMISSION_H
#define UWT_CODEGEN_DECODE_EMISSION_H

#include "uwt/Codec/DecodeTable.h"
#include "uwt/Dialect/UWT/IR/IntegerBuilder.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace uwt::codegen {

/// Attaches DecoderEmissionInterface to #uwt.format.
void registerEmission(mlir::DialectRegistry &registry);

/// A valid composition, taken apart once for all emitters.
struct EmittedFormat {
  Format format;
  ElementType element = ElementType::BF16;
  FieldSplit split{};
  CodecTraits traits;
  DecodeTableLayout table;

  /// Bits of the symbols' field in both half words of a u32.
  uint32_t symbolMask() const {
    return ((1u << split.symbolBits) - 1) * 0x00010001u << split.rawLowBits;
  }
  /// Whether symbols and raw fields are bytes: bf16 with coded=exponent+0, f16 with exponent+3.
  bool hasByteFields() const { return split.wordBits == 16 && split.rawBits() == 8; }
};

/// How units of a weight lie in its planes.
struct UnitLayout {
  /// Units decode into row vectors; else stream units decode into memory.
  bool fixedRate = true;
  /// Every panel is stored as words (codec raw).
  bool onlyWords = false;
  bool hasEscapes = false;
  /// 64-column groups in a coded unit (CodecTraits::unit).
  int64_t groups = 1;
  /// u32 of a coded unit in the planes `raw` and `code`, and from one group of it to the next.
  int64_t rawU32 = 0, codeU32 = 0;
  int64_t rawGroupStride = 0, codeGroupStride = 0;
  /// Whether units have numbers that elements share, behind their codes (quantised weights).
  bool hasNumbers = false;
  /// u32 of an escape record.
  int64_t recordU32 = 1;
};

/// The layout of a format that checkFormat accepts for the element.
UnitLayout unitLayout(const Format &format, ElementType element);
/// The same of one that is described: nothing is checked again.
UnitLayout unitLayout(const EmittedFormat &format);

/// Elementwise operations on u32 over a lane type: i32, or a vector of them.
class LaneBuilder : public IntegerBuilder {
public:
  using IntegerBuilder::IntegerBuilder;

  /// A u32 a lane, repeated where the lane type has more lanes (vectors only).
  mlir::Value constants(llvm::ArrayRef<uint32_t> values);
  /// A run-time i32 in every lane.
  mlir::Value splat(mlir::Value scalar);
  /// Left for positive, right for negative `bits`.
  mlir::Value shift(mlir::Value a, int bits) { return bits < 0 ? lshr(a, -bits) : shl(a, bits); }
  mlir::Value rotateLeft(mlir::Value a, uint32_t bits);
  /// Bits of `a` where `mask` has ones, of `b` elsewhere: one three-input operation.
  mlir::Value merge(uint32_t mask, mlir::Value a, mlir::Value b);

  /// The u32 at `base + offset` of `buffer` (memref<?xi32>): the first lane's, further
  /// lanes follow.
  mlir::Value load(mlir::Value buffer, mlir::Value base, int64_t offset);
  /// Loads `count` u32 (a power of two, fewer than there are lanes) and repeats each over
  /// lanes/count neighbours.
  mlir::Value loadRepeated(mlir::Value buffer, mlir::Value base, int64_t offset, unsigned count);
};

/// A step of turning 16 vectors of 16 elements round, for each of four bits of a row's number in
/// any order: shuffles of the two rows that differ in it, which x86 has without a vector of
/// indices. `rows` may be fewer, and packed, where rows that differ in other bits lie in the same
/// elements.
void exchangeWithColumns(mlir::OpBuilder &builder, mlir::Location location,
                         llvm::MutableArrayRef<mlir::Value> rows, int64_t rowBit);
/// The columns, in order, where all four steps are done: vector i has element i of all 16 rows.
llvm::SmallVector<mlir::Value> columnsOf(llvm::ArrayRef<mlir::Value> rows);
/// 16 vectors of 16 elements with rows and columns exchanged.
llvm::SmallVector<mlir::Value> turnRound(mlir::OpBuilder &builder, mlir::Location location,
                                         llvm::ArrayRef<mlir::Value> rows);

/// The lane of a table of `uwt.lookup_nibbles` that has an entry.
constexpr int64_t nibbleLane(int64_t entry) {
  return (entry & 3) | (entry & 4) << 1 | (entry & 8) >> 1;
}

/// Marks a loop (`scf.for`) that neither LLVM nor ptxas unrolls.
void keepRolled(mlir::Operation *loop);

/// Who decodes a unit.
struct UnitReader {
  /// The CPU; null for a thread of a GPU.
  const Target *cpu = nullptr;
  /// Whether f32 are as welcome as words.
  bool takesFloats = false;

  bool isThread() const { return !cpu; }
};

/// A fixed unit that is to be decoded into row vectors, by a CPU (`uwt.decode_unit`,
/// `uwt.dot_unit`) or by a warp (`uwt.decode_fragment`).
///
/// CPU: the lane type has 16 lanes; row vector number (group·4 + r)·8 + g is row g of the strip:
/// lanes 4g … 4g+3 × 4 blocks, u32 number 4t + b. A thread of a warp: the lane type has 4 lanes,
/// the four blocks of its own lane; there is one row, and row vector number r·8.
class UnitEmission {
public:
  using Sink = llvm::function_ref<void(unsigned number, mlir::Value words)>;
  using FloatSink = llvm::function_ref<void(unsigned number, mlir::Value low, mlir::Value high)>;

  UnitEmission(LaneBuilder &lanes, const EmittedFormat &format, DecodeUnitOp op, Sink sink)
      : lanes(lanes), format(format), first(op.getFirst()), code(op.getCode()), rows(8),
        weight(op.getWeight()), sink(sink) {}
  UnitEmission(LaneBuilder &lanes, const EmittedFormat &format, DotUnitOp op, Sink sink,
               FloatSink floatSink)
      : lanes(lanes), format(format), first(op.getFirst()), code(op.getCode()), rows(8),
        goesByRow(true), weight(op.getWeight()), sink(sink), floatSink(floatSink) {}
  UnitEmission(LaneBuilder &lanes, const EmittedFormat &format, DecodeFragmentOp op, Sink sink)
      : lanes(lanes), format(format), first(op.getFirst()), code(op.getCodeFirst()), rows(1),
        lane(op.getLane()), fragment(op), sink(sink) {}

  LaneBuilder &lanes;
  const EmittedFormat &format;
  /// The unit's offset in u32 in plane `raw` or `words`, and in `code`. A thread of a warp: `code`
  /// is that of its group; of a quantised weight, which has no raw fields, `first` is the unit's.
  mlir::Value first, code;
  /// Rows of a strip that come one after another; a thread's lane (null on a CPU).
  unsigned rows;
  mlir::Value lane;
  /// Row vectors of a row are wanted one after another (`uwt.dot_unit`), else in the order in which
  /// memory is read best.
  bool goesByRow = false;

  /// A buffer of the weight.
  mlir::Value weightBuffer(WeightBuffer kind);
  /// A u32 of the decode table, in every lane.
  mlir::Value tableEntry(unsigned entry);
  /// The same u32 by itself (`uwt.decode_fragment`).
  mlir::Value scalarEntry(unsigned entry) { return fragment.getTable()[entry]; }
  /// Hands a finished row vector over: what uses it follows at once.
  void set(unsigned number, mlir::Value words) { sink(number, words); }
  /// Who decodes it.
  UnitReader reader();
  /// The same with the low and the high halves of its words as f32, rounded to the element. Where
  /// these are not taken, the element is bf16.
  void setFloats(unsigned number, mlir::Value low, mlir::Value high);

private:
  mlir::Value weight;
  DecodeFragmentOp fragment;
  Sink sink;
  FloatSink floatSink;
};

/// What a thread knows of a stream of numeral systems: the values of `state` of
/// `uwt.decode_stream_fragment`.
namespace ans_state {
/// The state of its lane, and the number of the next word (u16) from `base` on; of the lane's rows
/// in the unit, those from the strip on, less the lane's number, and 8 more (rows are numbered
/// through all lanes); bits 7:0 of the last value are the blocks of the strip that are left, bits
/// 15:8 all of them, bits 31:16 the columns of the last one.
inline constexpr unsigned own = 0, next = 1, rows = 2, blocks = 3;
} // namespace ans_state

/// The keyword of the emitter that decodes quantised weights (uwt/Codec/Quantized.h).
inline constexpr llvm::StringLiteral dequantizerKeyword = "quantized";

/// The code that decodes one codec's tensors. Stateless.
class Emitter {
public:
  virtual ~Emitter() = default;

  /// The codec's keyword; of what decodes quantised weights, `dequantizerKeyword`.
  virtual llvm::StringRef keyword() const = 0;
  /// Whether this emitter serves the composition (valid, 16-bit words, layout fragment). Errors:
  /// Unsupported, with a clause for a diagnostic: "codec x has no ...".
  virtual Status checkServes(const EmittedFormat & /*format*/) const { return ok(); }
  /// Buffers that the decoder reads, beside `panels`, and `counts` and `patch` of fixed rates.
  virtual llvm::SmallVector<WeightBuffer> buffers(const EmittedFormat &format) const = 0;
  /// Vector operations that one row vector costs.
  virtual double cost(const EmittedFormat &format) const = 0;

  /// Fixed rate: emits all row vectors of a unit.
  virtual mlir::LogicalResult emitUnit(UnitEmission &unit) const;
  /// Whether emitUnit also serves a thread of a warp (`uwt.decode_fragment`), with how many words
  /// of the decode table in its registers; nothing where it does not.
  virtual std::optional<unsigned> fragmentTableU32(const EmittedFormat &format) const;
  /// Stream units: replaces the operation by code.
  virtual mlir::LogicalResult emitStream(const EmittedFormat &format, mlir::RewriterBase &rewriter,
                                         DecodeStreamOp op) const;
};

/// Adds an emitter to this program's, as CodecRegistration does a codec.
struct EmitterRegistration {
  explicit EmitterRegistration(const Emitter &emitter);
};

/// The emitter of that keyword, or null.
const Emitter *findEmitter(llvm::StringRef keyword);
/// The emitter of a format that describeFormat() has taken apart.
const Emitter &emitterOf(const EmittedFormat &format);

/// Takes a composition apart. Errors: Usage (it is none), Unsupported (no compiled decoder serves
/// it).
Expected<EmittedFormat> describeFormat(const Format &format, ElementType element);

/// Replaces `uwt.patch_unit` by a loop over its records.
mlir::LogicalResult emitPatch(const EmittedFormat &format, mlir::RewriterBase &rewriter,
                              PatchUnitOp op);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_DECODE_EMISSION_H
