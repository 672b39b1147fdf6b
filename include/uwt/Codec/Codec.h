//===- Codec.h - How one field becomes bits ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface that a codec implements and the registry that finds it. A codec
// is declarative: it checks its parameters, builds a model from statistics, and
// writes and reads that model. What the bits look like follows from the model
// and from the traits, so the engines that code panels (FixedRate, InPlace,
// PrefixStream, AnsStream) never name a concrete codec, and a new codec is one file
// and one line in lib/Codec/Codecs.def.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_CODEC_H
#define UWT_CODEC_CODEC_H

#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/ElementType.h"
#include "uwt/Format/Format.h"
#include "uwt/Support/Error.h"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// How a codec's output is addressed.
enum class Rate : uint8_t {
  /// Nothing is coded: every panel is stored as words.
  Words,
  /// Every symbol takes `codeBits` bits.
  Fixed,
  /// Canonical prefix code words in lane streams.
  Prefix,
  /// Asymmetric numeral systems with interleaved lanes.
  Ans,
};

/// Whether panels take as many bytes of plane `code` as they happen to, so that the index says
/// where each begins.
inline constexpr bool isVariable(Rate rate) { return rate == Rate::Prefix || rate == Rate::Ans; }

/// How a coded unit of a fixed rate lies in planes `raw` and `code` (layout fragment): 16 rows x
/// `columns`. Panels stored as words always have units of 64 columns.
struct UnitGeometry {
  /// 64, 128 or 256: whole groups of 64 columns, of which kernels count the escapes of four.
  uint32_t columns = fixedUnitColumns;
  /// u32 of a unit in each plane (panel-3). checkFormat fills in those of packing=planes where a
  /// codec leaves all of them 0.
  uint32_t rawU32 = 0, codeU32 = 0;
  /// u32 from what a lane has of a 64-column group to what it has of the unit's next one.
  uint32_t rawGroupStride = 0, codeGroupStride = 0;

  uint32_t groups() const { return columns / fixedUnitColumns; }
};

/// The unit of packing=planes: group by group, each as a unit of 64 columns is (plane-1).
UnitGeometry unitOfPlanes(const FieldSplit &split, uint32_t codeBits,
                          uint32_t columns = fixedUnitColumns);

/// What others need to know about a codec with given parameters: engines, kernels and the cost
/// model have no other source.
struct CodecTraits {
  Rate rate = Rate::Words;
  /// Fixed: bits of a code.
  uint32_t codeBits = 0;
  /// Fixed: widths of the chunks that a code is cut into (plane-1), lowest bits
  /// first; their sum is codeBits.
  std::vector<uint32_t> chunks;
  /// Prefix: symbols in a code word, 1 or 2.
  uint32_t codeSymbols = 1;
  /// Prefix: longest code word, at most 15.
  uint32_t maxLength = 0;
  /// Ans: the frequencies of a code table add up to 2^frequencyBits.
  uint32_t frequencyBits = 0;
  /// Ans: a group has 2^groupBits symbols, which take that many bits more. 0 without groups.
  uint32_t groupBits = 0;
  /// Ans: whether models have frequencies themselves (ans-9), not weights.
  bool exactTables = false;
  /// Fixed: how coded units lie in planes.
  UnitGeometry unit;
  /// Fixed: whether each symbol is a base plus its code, so that the base is all that a decoder
  /// needs of the model.
  bool addsBase = false;
  /// Whether `packing=inplace` is a composition with this codec.
  bool allowsInPlace = false;
  /// Whether a GPU's kernel makes the format from words (lib/Codegen/GPU/Encode.h): words as they
  /// are, and codes of four bits in units of 64 columns.
  bool madeByDevices = false;
};

/// What a codec knows of a tensor's symbols.
struct Model {
  /// Fixed: the symbol of each code. Prefix, Ans: the alphabet without the escape.
  std::vector<uint16_t> symbols;
  /// Ans: the last `groups` of these stand for groups of symbols that begin with them (ans-8).
  size_t groups = 0;
  /// Prefix: code lengths, a table a row class; entry order as in prefix-1.
  std::vector<std::vector<uint8_t>> lengths;
  /// Ans: [code table][entry, the escape last], codes of weights (ans-2).
  std::vector<std::vector<uint8_t>> weights;
  /// Ans with tables=exact, in place of weights: frequencies (ans-9).
  std::vector<std::vector<uint16_t>> frequencies;
  /// The symbol beneath escapes and padding. Known to encoders only: a model
  /// that was read has its first symbol here.
  uint16_t commonest = 0;
};

/// Counts of a tensor's symbols, elements that exist only (no padding).
struct SymbolStatistics {
  FieldSplit split{};
  /// [class][symbol]: counts by row class; a single class without context. Symbols behind the last
  /// one, which is the same for all classes, do not occur.
  std::vector<std::vector<uint64_t>> counts;
  /// [class][first + second * 2^symbolBits]: counts of pairs, only for codecs
  /// whose codeSymbols is 2.
  std::vector<std::vector<uint64_t>> pairs;

  /// Counts of symbols over all classes.
  std::vector<uint64_t> total() const;
};

/// A way to turn the coded field into bits. Stateless and thread-safe.
class Codec {
public:
  virtual ~Codec() = default;

  /// Name in the text form: "huffman".
  virtual std::string_view keyword() const = 0;
  /// One line for `--help` and the reference: "canonical Huffman codes of ...".
  virtual std::string_view summary() const = 0;
  /// The smallest version of a reader of containers that knows the codec.
  virtual uint32_t reader() const { return 1; }
  /// Formats that the conformance suite runs, fuzzes and measures; each a text
  /// form with this codec, every parameter that matters once.
  virtual std::vector<std::string> examples() const = 0;
  /// Formats of this codec that products run from fast, so that a weight which is stored in another
  /// one may be worth a transcode when it is loaded; the best one first.
  virtual std::vector<std::string> runFormats() const { return {}; }

  /// Checks the parameters of `format.codec` and what of the composition is this
  /// codec's business (ErrorKind::Usage with the reason), and describes it.
  virtual Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const = 0;

  /// Builds the model that codes `statistics` in the fewest bytes. Deterministic: integer
  /// arithmetic or arithmetic whose result cannot depend on the machine. Must accept
  /// all-zero counts (a tensor without elements).
  virtual Expected<Model> buildModel(const Format &format,
                                     const SymbolStatistics &statistics) const = 0;

  /// Appends the model section of the index plane (docs/formats.md).
  virtual void writeModel(const Format &format, const Model &model,
                          std::vector<uint32_t> &words) const = 0;

  /// Reads it back from the front of `words` and sets `used` to the number of u32 that it
  /// takes. Any input may arrive: fails with ErrorKind::Invalid on a model that
  /// is not one (too short, bad base, bad code table) and never allocates more than
  /// `words` justifies.
  virtual Expected<Model> readModel(const Format &format, const FieldSplit &split,
                                    std::span<const uint32_t> words, size_t &used) const = 0;
};

/// All codecs of this build, in the order of lib/Codec/Codecs.def, then those that a program
/// registers for itself.
std::span<const Codec *const> allCodecs();

/// Adds a codec to this program's: `static const CodecRegistration registration(codec);` in a file
/// that is linked into it. Tests have codecs that no build has. The codec must live as long.
struct CodecRegistration {
  explicit CodecRegistration(const Codec &codec);
};

/// The codec of that keyword, or a usage error with a suggestion.
Expected<const Codec *> findCodec(std::string_view keyword);

/// The smallest version of a reader of containers that knows the format and its codec, if any.
uint32_t readerOf(const Format &format);

/// The split of an element's word that the format's coded field asks for. Precondition: the coded
/// field fits the type, as checkFormat says.
inline FieldSplit splitOf(ElementType element, const Format &format) {
  // Nothing of a quantised weight's words is there beside its codes.
  if (format.isQuantized())
    return {getTraits(element).wordBits, getTraits(element).wordBits, 0, 0};
  return splitOf(element, format.codedMantissa, format.codedSign);
}

/// Checks that `format` is a valid composition for `element` and gives the
/// traits of its codec; else a usage error with the reason.
Expected<CodecTraits> checkFormat(const Format &format, ElementType element);

/// The same for what products run from: beside those, formats of quantised weights
/// (uwt/Codec/Quantized.h), which are made when a checkpoint is loaded and which no file has.
Expected<CodecTraits> checkRunFormat(const Format &format, ElementType element);

//===----------------------------------------------------------------------===//
// Formats by what their codecs are good for
//===----------------------------------------------------------------------===//

/// What weights may be transcoded to when they are loaded (Codec::runFormats), all coded formats in
/// the order of codecs before the words as they are. The first one is what a product runs from
/// where nobody has chosen.
const std::vector<Format> &runFormats();

/// The words as they are: the format whose codec codes nothing, all else by default.
const Format &rawFormat();
/// The words as they are, in rows: what a dense tensor is.
const Format &denseFormat();
/// Whether the format's codec is that of rawFormat, whatever the order of its elements.
bool isRaw(const Format &format);

/// The format, all else by default, of `codeBits` bits a code in one chunk of plane `code`, each
/// symbol being a base plus its code (CodecTraits::addsBase). Precondition: there is one.
const Format &baseFormat(uint32_t codeBits);

/// The formats that a GPU's kernel makes (CodecTraits::madeByDevices), those in planes before those
/// in place, as text: "a, b and c".
std::string deviceFormatsText();

} // namespace uwt

#endif // UWT_CODEC_CODEC_H
