//===- FixedRateReference.cpp - Fixed-rate panels through arrays ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle of fixed-rate codecs: a panel becomes arrays of codes and raw
// fields, whose bits packField and packInPlace place one by one.
//
//===----------------------------------------------------------------------===//

#include "FixedRate.h"

using namespace uwt;

/// Codes and raw fields of a panel, row-major.
static void splitWords(const CodingPlan &plan, const FixedEncoding &coding, PanelWords words,
                       std::vector<uint16_t> &codes, std::vector<uint16_t> &raws) {
  for (uint32_t row = 0; row < words.rows; ++row)
    for (uint64_t column = 0; column < words.columns; ++column) {
      uint16_t word = words.row(row)[column];
      uint16_t code = coding.numbers[plan.split.symbolOf(word)];
      // escape-1: the commonest symbol lies beneath an escape.
      codes.push_back(code == SymbolNumbers::none ? coding.commonestCode : code);
      raws.push_back(static_cast<uint16_t>(plan.split.rawOf(word)));
    }
}

void uwt::encodeFixedReference(const CodingPlan &plan, const SymbolNumbers &numbers,
                               PanelWords words, EncodedPanel &out) {
  for (uint64_t index = 0; index < fixedUnitCount(plan, words.rows); ++index) {
    PanelUnit unit = fixedUnit(plan, words.rows, index);
    countEscapes(plan, index, appendEscapes(plan, numbers, unit, words, out.patch), out);
  }

  std::vector<uint16_t> covered;
  if (plan.format.escapes == Escapes::Rows64) {
    for (uint32_t row = 0; row < words.rows; ++row)
      covered.insert(covered.end(), words.row(row), words.row(row) + words.columns);
    words = {covered.data(), static_cast<size_t>(words.columns), words.rows, words.columns};
    for (uint32_t row = 0; row < words.rows; ++row)
      coverEscapedRuns(plan, numbers, covered.data() + row * words.columns, words.columns);
  }

  FixedEncoding coding(plan, numbers);
  std::vector<uint16_t> codes, raws;
  splitWords(plan, coding, words, codes, raws);
  if (plan.format.packing == Packing::InPlace) {
    packInPlace(coding.codeBits, words.rows, words.columns, codes, raws, coding.commonestCode,
                out.code);
    return;
  }
  Layout layout = plan.format.layout;
  uint32_t width = plan.traits.unit.columns;
  packField(layout, words.rows, words.columns, coding.rawChunks, raws, 0, out.raw, width);
  packField(layout, words.rows, words.columns, coding.codeChunks, codes, coding.commonestCode,
            out.code, width);
}

Status uwt::decodeFixedReference(const CodingPlan &plan, const CodedPanel &panel,
                                 MutablePanelWords out) {
  FixedCoding coding(plan);
  Layout layout = plan.format.layout;
  std::vector<uint16_t> codes(out.rows * out.columns), raws(out.rows * out.columns);
  if (plan.format.packing == Packing::InPlace) {
    unpackInPlace(coding.codeBits, out.rows, out.columns, panel.code, codes, raws);
  } else {
    uint32_t width = plan.traits.unit.columns;
    unpackField(layout, out.rows, out.columns, coding.rawChunks, panel.raw, raws, width);
    unpackField(layout, out.rows, out.columns, coding.codeChunks, panel.code, codes, width);
  }
  for (uint32_t row = 0; row < out.rows; ++row)
    for (uint64_t column = 0; column < out.columns; ++column) {
      uint64_t element = row * out.columns + column;
      out.row(row)[column] = static_cast<uint16_t>(coding.symbolWord(codes[element]) |
                                                   plan.split.join(0, raws[element]));
    }
  return applyAllEscapes(plan, panel, out);
}
