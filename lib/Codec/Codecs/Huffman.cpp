//===- Huffman.cpp - Canonical Huffman codes ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `huffman<max,group>`: canonical prefix codes of at most `max` bits for single
// symbols or pairs, with a table of code lengths a row class.
//
//===----------------------------------------------------------------------===//

#include "../Prefix/PrefixModel.h"
#include "uwt/Codec/PrefixCode.h"
#include <algorithm>

using namespace uwt;

static constexpr uint32_t lengthsInWord = 8;

static CodecTraits traitsOf(const Format &format) {
  CodecTraits traits;
  traits.rate = Rate::Prefix;
  traits.maxLength = format.codec.parameters[0];
  traits.codeSymbols = format.codec.parameters[1];
  return traits;
}

//===----------------------------------------------------------------------===//
// Reading models (prefix-1, prefix-2)
//===----------------------------------------------------------------------===//

/// Reads the alphabet from the words after its size.
static Expected<std::vector<uint16_t>>
readAlphabet(const FieldSplit &split, std::span<const uint32_t> words, uint32_t size) {
  std::vector<uint16_t> symbols(size);
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t symbol = words[i / 2] >> (i % 2 * 16) & 0xffff;
    if (symbol >> split.symbolBits != 0)
      return invalidError("symbol " + std::to_string(symbol) + " of the alphabet does not fit " +
                          std::to_string(split.symbolBits) + " bits");
    symbols[i] = static_cast<uint16_t>(symbol);
  }
  if (size % 2 == 1 && words[size / 2] >> 16 != 0)
    return invalidError("padding after the alphabet is not zero");
  return symbols;
}

/// Reads one table of `entries` code lengths.
static Expected<std::vector<uint8_t>> readTable(std::span<const uint32_t> words, uint64_t entries,
                                                uint32_t maxLength) {
  std::vector<uint8_t> lengths(words.size() * lengthsInWord);
  bool isEmpty = true;
  for (size_t i = 0; i < lengths.size(); ++i) {
    lengths[i] = words[i / lengthsInWord] >> (i % lengthsInWord * 4) & 15;
    if (i >= entries && lengths[i] != 0)
      return invalidError("padding after a table of code lengths is not zero");
    isEmpty = isEmpty && lengths[i] == 0;
  }
  if (isEmpty)
    return invalidError("a table of code lengths is empty");
  lengths.resize(entries);
  UWT_RETURN_IF_ERROR(checkCodeLengths(lengths, maxLength));
  return lengths;
}

static Status checkAlphabetSize(const CodecTraits &traits, const FieldSplit &split, bool hasEscapes,
                                uint32_t size) {
  uint32_t most = 1u << split.symbolBits;
  if (traits.codeSymbols == 2)
    most = std::min<uint32_t>(most, maxPairEntries - hasEscapes);
  if (size >= 1 && size <= most)
    return ok();
  return invalidError("alphabet has " + std::to_string(size) + " symbols, expected 1 to " +
                      std::to_string(most));
}

static Expected<Model> readPrefixModel(const Format &format, const FieldSplit &split,
                                       std::span<const uint32_t> words, size_t &used) {
  CodecTraits traits = traitsOf(format);
  bool hasEscapes = format.escapes != Escapes::None;
  if (words.empty())
    return invalidError("model is too short: expected an alphabet, got nothing");
  uint32_t size = words[0];
  UWT_RETURN_IF_ERROR(checkAlphabetSize(traits, split, hasEscapes, size));

  // At most 2^15 symbols and 16 classes from here on, so nothing overflows.
  uint64_t entries = tableEntries(size, traits.codeSymbols, hasEscapes);
  uint64_t alphabetWords = (uint64_t(size) + 1) / 2;
  uint64_t tableWords = (entries + lengthsInWord - 1) / lengthsInWord;
  uint64_t needed = 1 + alphabetWords + tableWords * format.rowClasses;
  if (words.size() < needed)
    return invalidError("model is too short: expected " + std::to_string(needed) +
                        " words for an alphabet of " + std::to_string(size) + ", got " +
                        std::to_string(words.size()));

  Model model;
  UWT_ASSIGN_OR_RETURN(model.symbols, readAlphabet(split, words.subspan(1, alphabetWords), size));
  for (uint32_t c = 0; c < format.rowClasses; ++c) {
    std::span<const uint32_t> table = words.subspan(1 + alphabetWords + c * tableWords, tableWords);
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> lengths, readTable(table, entries, traits.maxLength));
    model.lengths.push_back(std::move(lengths));
  }
  model.commonest = model.symbols[0];
  used = needed;
  return model;
}

//===----------------------------------------------------------------------===//
// The codec
//===----------------------------------------------------------------------===//

namespace {
class HuffmanCodec final : public Codec {
public:
  std::string_view keyword() const override { return "huffman"; }
  std::string_view summary() const override {
    return "canonical Huffman codes of at most `max` bits, of symbols (group 1) or pairs (group 2)";
  }
  std::vector<std::string> examples() const override {
    return {"huffman<12,2>",
            "huffman<11,1>",
            "huffman<12,1>, coded=exponent+2",
            "huffman<12,1>, coded=exponent+2, context=row_class<8>",
            "huffman<12,1>, storage=k_major, coded=exponent+2, context=row_class<4>",
            "huffman<12,2>, context=row_class<2>",
            "huffman<12,1>, layout=row_major",
            "huffman<12,1>, layout=row_major, coded=exponent+2, context=row_class<16>",
            "huffman<11,2>, layout=row_major",
            "huffman<8,1>, escapes=rows<64>",
            "huffman<12,2>, layout=row_major, escapes=rows<64>",
            "huffman<15,1>, escapes=none",
            "huffman<2,2>",
            "huffman<1,1>"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    const std::vector<uint32_t> &parameters = format.codec.parameters;
    if (parameters.size() != 2)
      return usageError("codec huffman takes two parameters, such as huffman<12,2>, got '" +
                        format.codec.str() + "'");
    if (parameters[0] < 1 || parameters[0] > longestCodeWord)
      return usageError("codec huffman has code words of at most 1 to 15 bits, got '" +
                        format.codec.str() + "'");
    if (parameters[1] != 1 && parameters[1] != 2)
      return usageError("codec huffman codes groups of 1 or 2 symbols, got '" + format.codec.str() +
                        "'");
    if (parameters[1] == 2 && parameters[0] < 2)
      return usageError("codec huffman needs code words of 2 bits for pairs, got '" +
                        format.codec.str() + "'");
    if (parameters[1] == 2 && split.symbolBits > 8)
      return usageError("codec " + format.codec.str() +
                        " pairs symbols of at most 8 bits; the coded field has " +
                        std::to_string(split.symbolBits) + "; use group 1");
    return traitsOf(format);
  }

  Expected<Model> buildModel(const Format &format,
                             const SymbolStatistics &statistics) const override {
    return buildPrefixModel(format, traitsOf(format), statistics);
  }

  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    words.push_back(static_cast<uint32_t>(model.symbols.size()));
    for (size_t i = 0; i < model.symbols.size(); ++i) {
      if (i % 2 == 0)
        words.push_back(0);
      words.back() |= uint32_t(model.symbols[i]) << (i % 2 * 16);
    }
    for (const std::vector<uint8_t> &lengths : model.lengths)
      for (size_t i = 0; i < lengths.size(); ++i) {
        if (i % lengthsInWord == 0)
          words.push_back(0);
        words.back() |= uint32_t(lengths[i]) << (i % lengthsInWord * 4);
      }
  }

  Expected<Model> readModel(const Format &format, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    return readPrefixModel(format, split, words, used);
  }
};
} // namespace

namespace uwt {
const Codec &getHuffmanCodec() {
  static const HuffmanCodec codec;
  return codec;
}
} // namespace uwt
