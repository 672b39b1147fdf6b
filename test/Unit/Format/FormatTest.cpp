//===- FormatTest.cpp - The text form of formats --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/Format.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {

Format parsed(std::string_view text) {
  Expected<Format> format = Format::parse(text);
  EXPECT_TRUE(format) << (format ? "" : format.error().message());
  return format ? *format : Format();
}

std::string failure(std::string_view text, ErrorKind kind = ErrorKind::Usage) {
  Expected<Format> format = Format::parse(text);
  if (format)
    return "no failure: " + format->fullStr();
  EXPECT_EQ(format.error().getKind(), kind);
  return format.error().message();
}

TEST(FormatTest, PrintsWhatDiffersFromDefaults) {
  EXPECT_EQ(parsed("window<4>, layout=fragment<16x16>, escapes=patch").str(), "window<4>");
  EXPECT_EQ(parsed("escapes=none,coded=exponent+2,huffman<12,1>").str(),
            "huffman<12,1>, coded=exponent+2, escapes=none");
}

TEST(FormatTest, SpellsOutEveryItem) {
  EXPECT_EQ(parsed("huffman<11,1>, context=row_class<8>").fullStr(),
            "huffman<11,1>, version=1, layout=fragment<16x16>, storage=n_major, fold=none, "
            "packing=planes, coded=exponent+0, context=row_class<8>, escapes=patch, index=whole, "
            "tables=rounded, unit=strip, low=16");
}

TEST(FormatTest, ShortNamesStandForCompositions) {
  Format format = parsed("inplace<12>");
  EXPECT_EQ(format, parsed("window<4>, packing=inplace"));
  EXPECT_EQ(format.str(), "inplace<12>");
  EXPECT_EQ(parsed("packing=inplace, window<3>, storage=k_major").str(),
            "inplace<11>, storage=k_major");
  EXPECT_EQ(format.fullStr().find("inplace<"), std::string::npos);
}

TEST(FormatTest, BothFormsParseBack) {
  for (Layout layout : {Layout::Fragment16x16, Layout::RowMajor})
    for (Storage storage : {Storage::NMajor, Storage::KMajor})
      for (Packing packing : {Packing::Planes, Packing::InPlace})
        for (Escapes escapes : {Escapes::None, Escapes::Patch, Escapes::Rows64})
          for (uint32_t classes : {1u, 2u, 16u})
            for (const Term &codec :
                 {Term{"raw", {}}, Term{"window", {4}}, Term{"huffman", {12, 2}}}) {
              Format format;
              format.codec = codec;
              format.layout = layout;
              format.storage = storage;
              format.packing = packing;
              format.codedMantissa = 3;
              format.rowClasses = classes;
              format.escapes = escapes;
              EXPECT_EQ(parsed(format.str()), format) << format.str();
              EXPECT_EQ(parsed(format.fullStr()), format) << format.fullStr();
            }
}

TEST(FormatTest, ScalesAreItemsOfReader6) {
  Format format = parsed("rans<12>, context=scale<8>, coded=sign+exponent+2, index=short");
  EXPECT_EQ(format.scaleSteps, 8u);
  EXPECT_TRUE(format.codedSign && format.shortIndex);
  EXPECT_EQ(format.codedMantissa, 2u);
  EXPECT_EQ(format.codeTables(), 8u);
  EXPECT_EQ(format.str(), "rans<12>, coded=sign+exponent+2, context=scale<8>, index=short");
  Format newer = parsed("rans<12>, unit=panel, context=scale<8>, tables=exact");
  EXPECT_TRUE(newer.panelUnits && newer.exactTables);
  EXPECT_EQ(newer.str(), "rans<12>, context=scale<8>, tables=exact, unit=panel");
  EXPECT_EQ(failure("rans<12>, unit=row"), "unit: expected strip or panel, got 'row'");
  EXPECT_EQ(failure("rans<12>, tables=exakt"),
            "tables: expected rounded or exact, got 'exakt'; did you mean 'exact'?");
  EXPECT_EQ(parsed(format.fullStr()), format);
  EXPECT_EQ(format.reader(), 6u);
  EXPECT_EQ(failure("rans<12>, context=scale<0>"), "context: 'scale<0>' has no steps");
  EXPECT_EQ(failure("rans<12>, index=shorter"),
            "index: expected whole or short, got 'shorter'; did you mean 'short'?");
}

TEST(FormatTest, FoldsAreItemsOfNewerReaders) {
  Format columns = parsed("raw, fold=columns<3>"), flat = parsed("fold=flat< 512 >, raw");
  EXPECT_EQ(columns.fold, (Fold{Fold::Kind::Columns, 3}));
  EXPECT_EQ(flat.fold, (Fold{Fold::Kind::Flat, 512}));
  EXPECT_EQ(columns.str(), "raw, fold=columns<3>");
  EXPECT_EQ(flat.str(), "raw, fold=flat<512>");
  EXPECT_EQ(parsed(flat.fullStr()), flat);
  EXPECT_EQ(parsed("raw, fold=none").reader(), 1u);
  EXPECT_EQ(columns.reader(), 2u);
  EXPECT_EQ(flat.reader(), 2u);
  EXPECT_EQ(flat.ofMatrices(), parsed("raw"));
  EXPECT_EQ(parsed("raw, storage=k_major").ofMatrices(), parsed("raw"));
}

TEST(FormatTest, FormsOfLowHalvesAreItemsOfReader6) {
  for (const char *form : {"rows", "palette", "coded"}) {
    Format low = parsed("rans<12>, low=" + std::string(form));
    EXPECT_EQ(low.str(), "rans<12>, low=" + std::string(form));
    EXPECT_EQ(parsed(low.fullStr()), low);
    EXPECT_EQ(low.reader(), 6u);
    EXPECT_EQ(low.ofMatrices(), parsed("rans<12>"));
  }
}

TEST(FormatTest, ShortLowHalvesAreItemsOfNewerReaders) {
  Format low = parsed("huffman<12,2>, fold=flat<512>, low=3");
  EXPECT_EQ(low.lowBits, 3u);
  EXPECT_EQ(low.str(), "huffman<12,2>, fold=flat<512>, low=3");
  EXPECT_EQ(parsed(low.fullStr()), low);
  EXPECT_EQ(low.reader(), 4u);
  EXPECT_EQ(parsed("raw, low=16").reader(), 1u);
  EXPECT_EQ(low.ofMatrices(), parsed("huffman<12,2>"));
  EXPECT_EQ(failure("raw, low=all"), "low: expected a number, got 'all'");
  EXPECT_EQ(failure("raw, low=row"), "low: expected a number, got 'row'; did you mean 'rows'?");
}

TEST(FormatTest, ToleratesWhiteSpace) {
  EXPECT_EQ(parsed(" \thuffman< 12 , 2 > ,\n layout = row_major ").str(),
            "huffman<12,2>, layout=row_major");
}

TEST(FormatTest, RefusesMalformedText) {
  EXPECT_EQ(failure(""), "format '' has an empty item");
  EXPECT_EQ(failure("raw,"), "format 'raw,' ends with a comma");
  EXPECT_EQ(failure("raw,,version=1"), "format 'raw,,version=1' has an empty item");
  EXPECT_EQ(failure("layout=row_major"), "format 'layout=row_major' names no codec");
  EXPECT_EQ(failure("raw, window<4>"),
            "format 'raw, window<4>' has two codecs, 'raw' and 'window<4>'");
  EXPECT_EQ(failure("window<4"), "format 'window<4' has a '<' without its counterpart");
  EXPECT_EQ(failure("window4>"), "format 'window4>' has a '>' without its counterpart");
  EXPECT_EQ(failure("window<4>x"), "codec: 'window<4>x' does not end with '>'");
  EXPECT_EQ(failure("-window<4>"),
            "codec: expected a name such as 'none' or 'window<4>', got '-window<4>'");
  EXPECT_EQ(failure("window<>"), "codec: expected a number, got nothing");
  EXPECT_EQ(failure("window<-4>"), "codec: expected a number, got '-4'");
  EXPECT_EQ(failure("window<4294967296>"), "codec: '4294967296' is more than 4294967295");
}

TEST(FormatTest, RefusesUnknownItemsAndValues) {
  EXPECT_EQ(failure("raw, layuot=row_major"),
            "format has no item 'layuot'; did you mean 'layout'?");
  EXPECT_EQ(failure("raw, layout=rowmajor"),
            "layout: expected fragment<16x16> or row_major, got 'rowmajor'; did you mean "
            "'row_major'?");
  EXPECT_EQ(failure("raw, escapes=all"), "escapes: expected none, patch or rows<64>, got 'all'");
  EXPECT_EQ(failure("raw, storage=n_major, storage=k_major"),
            "format 'raw, storage=n_major, storage=k_major' says storage twice");
  EXPECT_EQ(failure("raw, coded=2"), "coded: expected exponent+j, such as 'exponent+2', got '2'");
  EXPECT_EQ(failure("raw, context=rowclass<4>"),
            "context: expected none, row_class<k> or scale<s>, got 'rowclass<4>'; did you mean "
            "'row_class'?");
  EXPECT_EQ(failure("raw, context=row_class<1>"),
            "context: 'row_class<1>' has no classes to choose from; write none");
  EXPECT_EQ(failure("raw, fold=column<3>"),
            "fold: expected none, columns<n> or flat<n>, got 'column<3>'; did you mean 'columns'?");
  EXPECT_EQ(failure("raw, fold=flat"), "fold: expected none, columns<n> or flat<n>, got 'flat'");
  EXPECT_EQ(failure("inplace<13>"),
            "codec: expected inplace<12> or inplace<11>, got 'inplace<13>'");
  EXPECT_EQ(failure("packing=planes, inplace<12>"),
            "inplace<12> implies packing=inplace; leave out packing=");
}

TEST(FormatTest, NamesAnotherVersionBeforeAnythingElse) {
  EXPECT_EQ(failure("raw, future=item, version=2", ErrorKind::Unsupported),
            "format version 2 is not supported; this build reads version 1");
}

TEST(FormatTest, QuantizedWeightsHaveAnElement) {
  Format format = parsed("scale={ 1x128,f16 }, zero={1x128, uint<4>}, uint<4>");
  EXPECT_TRUE(format.isQuantized());
  EXPECT_EQ(format.element, (Term{"uint", {4}}));
  EXPECT_EQ(format.codec, (Term{"raw", {}}));
  EXPECT_EQ(format.escapes, Escapes::None);
  EXPECT_EQ(*format.scale, (GridFormat{{1, 128, {"f16", {}}}}));
  EXPECT_EQ(*format.zeroGrid, (GridFormat{{1, 128, {"uint", {4}}}}));
  EXPECT_EQ(format.str(), "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}");
  EXPECT_EQ(parsed(format.fullStr()), format) << format.fullStr();
  for (const char *text :
       {"f8E4M3FN, scale={row, f32}", "int<8>, zero=3, scale={tensor, bf16}",
        "table<4>, scale={1x16, f8E4M3FN, divide={tensor, f32}}",
        "table<4>, table={row, f16}, scale={1x128, bf16}",
        "uint<3>, zero={1x16, uint<3>, zero={16x16, f16}, scale={column, f16}}, scale={flat<64>, "
        "f32}",
        "table<4>, scale={1x64, table<8>, scale={flat<256>, f32}, offset={tensor, f32}}",
        "uint<2>, scale={stride<768>, uint<4>, divide={row, uint<4>, scale={row, uint<4>, "
        "scale={tensor, "
        "f32}}}}",
        "table<3>, pick={1x128, uint<2>}, scale={1x128, f16}",
        "uint<4>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, f16}",
        "int<8>, scale={row, f32}, factor=1/127",
        "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16", "f6E2M3FN, scale={1x32, bf16}",
        "float<2,2>, scale={row, f16}", "f8E4M3FN, scale={128x128, f32}, storage=k_major",
        "uint<4>, zero=8, scale={1x64, f16}, order=k"})
    EXPECT_EQ(parsed(parsed(text).fullStr()), parsed(text)) << text;
  EXPECT_EQ(parsed("f8E4M3FN, scale={128x128, f32}, storage=k_major").str(),
            "f8E4M3FN, storage=k_major, scale={128x128, f32}");
  EXPECT_EQ(parsed("int<8>, math=f16, offset={row, f16}, factor=1/127, scale={row, f32}").str(),
            "int<8>, scale={row, f32}, factor=1/127, offset={row, f16}, math=f16");
  EXPECT_EQ(parsed("int<8>, factor=1, scale={row, f32}, math=f32").str(),
            "int<8>, scale={row, f32}");
  EXPECT_EQ(parsed("int<8>, scale={row, f32}, factor=1/127").factor(), 1.0f / 127);
  // Compositions that nothing takes have one spelling as well.
  for (const char *text :
       {"huffman<8,2>, scale={1x128, f16}", "uint<4>, inplace<12>, zero=3",
        "huffman<8,2>, factor=1/3", "huffman<8,2>, pick={row, uint<2>}", "huffman<8,2>, math=f16",
        "huffman<8,2>, order=k", "uint<4>, huffman<8,2>, escapes=rows<64>, zero={row, f16}"}) {
    EXPECT_EQ(parsed(parsed(text).str()), parsed(text)) << parsed(text).str();
    EXPECT_EQ(parsed(parsed(text).fullStr()), parsed(text)) << parsed(text).fullStr();
  }
  EXPECT_EQ(parsed("raw").fullStr().find("scale="), std::string::npos);

  EXPECT_EQ(failure("uint<4>, int<4>"),
            "format 'uint<4>, int<4>' has two elements, 'uint<4>' and 'int<4>'");
  EXPECT_EQ(failure("uint<4>, order=n"), "order: expected none or k, got 'n'");
  EXPECT_EQ(failure("uint<4>, scale=f16"),
            "scale: expected cells and a type, such as '{1x128, f16}', got 'f16'");
  EXPECT_EQ(failure("uint<4>, scale={128, f16}"),
            "scale: expected cells such as 1x128, row or tensor, got '128'");
  EXPECT_EQ(failure("uint<4>, scale={0x128, f16}"), "scale: cells of '0x128' have no elements");
  EXPECT_EQ(failure("table<4>, table={row, f16, scale={row, f16}}"),
            "table: expected cells and a type, such as '{1x128, f16}', got '{row, f16, scale={row, "
            "f16}}'");
  EXPECT_EQ(failure("uint<4>, zero={1x8, f<16}"),
            "format 'uint<4>, zero={1x8, f<16}' has a '}' without its counterpart");
  EXPECT_EQ(failure("uint<4>, zero={1x8, {{{{1x8, f16}}}}}"),
            "format 'uint<4>, zero={1x8, {{{{1x8, f16}}}}}' has grids more than 4 deep");
  EXPECT_EQ(failure("uint<4>, scale={1x8, f16, factor={row, f16}}"),
            "scale: expected zero={...}, scale={...}, divide={...} or offset={...} after a grid's "
            "type, got 'factor={row, f16}'");
  EXPECT_EQ(failure("uint<4>, scale={1x8, f16, scale={row, f16}, divide={row, f16}}"),
            "scale: a grid has scale= or divide= twice, in '{1x8, f16, scale={row, f16}, "
            "divide={row, f16}}'");
  EXPECT_EQ(failure("uint<4>, scale={flat<0>, f16}"),
            "scale: expected cells such as flat<64>, got 'flat<0>'");
  std::string leaf = "{row, f16}",
              leaves = "{row, u, zero=" + leaf + ", scale=" + leaf + ", offset=" + leaf + "}";
  std::string many = "{row, u, zero=" + leaves + ", scale=" + leaves + ", offset=" + leaves + "}";
  EXPECT_TRUE(
      failure("uint<4>, zero=" + leaves + ", scale=" + many).ends_with(" has more than 16 grids"));
  EXPECT_EQ(failure("uint<4>, factor=127"), "factor: expected a fraction such as 1/127, got '127'");
  EXPECT_EQ(failure("uint<4>, factor=1/0"), "factor: '1/0' divides by zero");
  EXPECT_EQ(failure("uint<4>, factor=1/x"), "factor: expected a number, got 'x'");
  EXPECT_EQ(failure("uint<4>, math=bf61"),
            "math: expected f32, f16 or bf16, got 'bf61'; did you mean 'bf16'?");
  EXPECT_EQ(failure("uint<4>, zero={1x8, f16"),
            "format 'uint<4>, zero={1x8, f16' has a '{' without its counterpart");
}

} // namespace
