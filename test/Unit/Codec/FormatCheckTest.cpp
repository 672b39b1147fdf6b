//===- FormatCheckTest.cpp - Which compositions are valid -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Quantized.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {

std::string refusal(std::string_view text, ElementType element = ElementType::BF16,
                    ErrorKind kind = ErrorKind::Usage) {
  Expected<Format> format = Format::parse(text);
  if (!format)
    return "does not parse: " + format.error().message();
  Expected<CodecTraits> traits = checkFormat(*format, element);
  if (traits)
    return "accepted";
  EXPECT_EQ(traits.error().getKind(), kind);
  return traits.error().message();
}

TEST(FormatCheckTest, AcceptsExamplesOfAllCodecs) {
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples()) {
      EXPECT_EQ(refusal(example), "accepted") << example;
      EXPECT_EQ(Format::parse(example)->str(), example);
    }
}

TEST(FormatCheckTest, SuggestsCodecs) {
  EXPECT_EQ(refusal("hufman<12,2>"), "there is no codec 'hufman'; did you mean 'huffman'?");
  EXPECT_EQ(refusal("zstd").substr(0, 44), "there is no codec 'zstd'; the codecs are raw");
}

TEST(FormatCheckTest, DescribesCodecs) {
  CodecTraits window = *checkFormat(*Format::parse("window<3>"), ElementType::BF16);
  EXPECT_EQ(window.rate, Rate::Fixed);
  EXPECT_EQ(window.codeBits, 3u);
  EXPECT_EQ(window.chunks, (std::vector<uint32_t>{2, 1}));
  CodecTraits bitplane = *checkFormat(*Format::parse("bitplane<3>"), ElementType::BF16);
  EXPECT_EQ(bitplane.chunks, (std::vector<uint32_t>{1, 1, 1}));
  CodecTraits huffman = *checkFormat(*Format::parse("huffman<11,2>"), ElementType::BF16);
  EXPECT_EQ(huffman.rate, Rate::Prefix);
  EXPECT_EQ(huffman.maxLength, 11u);
  EXPECT_EQ(huffman.codeSymbols, 2u);
  EXPECT_EQ(checkFormat(*Format::parse("raw"), ElementType::BF16)->rate, Rate::Words);
}

/// Columns, u32 in planes raw and code, and from group to group in both.
static std::vector<uint32_t> unitOf(std::string_view format) {
  UnitGeometry unit = checkFormat(*Format::parse(format), ElementType::BF16)->unit;
  return {unit.columns, unit.rawU32, unit.codeU32, unit.rawGroupStride, unit.codeGroupStride};
}

// panel-3
TEST(FormatCheckTest, SaysHowUnitsLieInPlanes) {
  EXPECT_EQ(unitOf("window<3>"), (std::vector<uint32_t>{64, 256, 96, 256, 96}));
  EXPECT_EQ(unitOf("palette<4>, coded=exponent+2"),
            (std::vector<uint32_t>{64, 192, 128, 192, 128}));
  EXPECT_EQ(unitOf("inplace<12>"), (std::vector<uint32_t>{64, 0, 384, 0, 1}));
  EXPECT_EQ(unitOf("inplace<11>"), (std::vector<uint32_t>{256, 0, 1408, 0, 1}));
  EXPECT_EQ(unitOf("descend<5>"), (std::vector<uint32_t>{128, 512, 320, 256, 160}));
}

TEST(FormatUsesTest, FindsFormatsByWhatTheirCodecsSay) {
  std::vector<std::string> run;
  for (const Format &format : runFormats())
    run.push_back(format.str());
  EXPECT_EQ(run, (std::vector<std::string>{"inplace<12>", "raw"}));
  EXPECT_EQ(rawFormat().str(), "raw");
  EXPECT_TRUE(isRaw(*Format::parse("raw, layout=row_major")));
  EXPECT_FALSE(isRaw(*Format::parse("window<4>")));
  EXPECT_EQ(baseFormat(4).str(), "window<4>");
  EXPECT_EQ(deviceFormatsText(), "raw, window<4>, palette<4> and inplace<12>");
}

TEST(FormatCheckTest, RefusesParameters) {
  EXPECT_EQ(refusal("raw<1>"), "codec raw takes no parameters, got 'raw<1>'");
  EXPECT_EQ(refusal("window<5>"), "codec window is window<3> or window<4>, got 'window<5>'");
  EXPECT_EQ(refusal("bitplane"), "codec bitplane is bitplane<3>, got 'bitplane'");
  EXPECT_EQ(refusal("palette<3>"), "codec palette is palette<4>, got 'palette<3>'");
  EXPECT_EQ(refusal("huffman<12>"),
            "codec huffman takes two parameters, such as huffman<12,2>, got 'huffman<12>'");
  EXPECT_EQ(refusal("huffman<16,1>"),
            "codec huffman has code words of at most 1 to 15 bits, got 'huffman<16,1>'");
  EXPECT_EQ(refusal("huffman<12,3>"),
            "codec huffman codes groups of 1 or 2 symbols, got 'huffman<12,3>'");
  EXPECT_EQ(refusal("huffman<1,2>"),
            "codec huffman needs code words of 2 bits for pairs, got 'huffman<1,2>'");
}

TEST(FormatCheckTest, RefusesFoldsThatAreNone) {
  EXPECT_EQ(refusal("raw, fold=columns<2>"), "accepted");
  EXPECT_EQ(refusal("raw, fold=flat<65536>, layout=row_major"), "accepted");
  EXPECT_EQ(refusal("raw, fold=columns<1>"),
            "fold=columns<1>: expected 2 dimensions or more; write none");
  EXPECT_EQ(refusal("raw, fold=flat<72>"), "fold=flat<72>: expected a multiple of 16 up to 65536");
  EXPECT_EQ(refusal("raw, fold=flat<0>"), "fold=flat<0>: expected a multiple of 16 up to 65536");
  EXPECT_EQ(refusal("raw, fold=flat<65552>"),
            "fold=flat<65552>: expected a multiple of 16 up to 65536");
  EXPECT_EQ(refusal("raw, fold=columns<2>, storage=k_major"),
            "storage=k_major says what the last two dimensions are; leave out fold=");
}

TEST(FormatCheckTest, RefusesLowHalvesThatAreNone) {
  EXPECT_EQ(refusal("huffman<12,2>, low=1", ElementType::F32), "accepted");
  EXPECT_EQ(refusal("raw, low=15", ElementType::F32), "accepted");
  EXPECT_EQ(refusal("raw, low=16"), "accepted");
  EXPECT_EQ(refusal("raw, low=0", ElementType::F32), "low=0: expected 1 to 16 bits");
  EXPECT_EQ(refusal("raw, low=17", ElementType::F32), "low=17: expected 1 to 16 bits");
  EXPECT_EQ(refusal("raw, low=3"), "low=3: bf16 has no low halves");
  for (const std::string low : {"low=rows", "low=palette", "low=coded"}) {
    EXPECT_EQ(refusal("raw, " + low, ElementType::F32), "accepted");
    EXPECT_EQ(refusal("raw, " + low, ElementType::F16), low + ": f16 has no low halves");
  }
}

TEST(FormatCheckTest, RefusesFieldsThatDoNotFit) {
  EXPECT_EQ(refusal("window<4>, coded=exponent+8"),
            "coded=exponent+8: bf16 has a mantissa of 7 bits");
  EXPECT_EQ(refusal("huffman<12,2>, coded=exponent+1"),
            "codec huffman<12,2> pairs symbols of at most 8 bits; the coded field has 9; use "
            "group 1");
  EXPECT_EQ(refusal("window<4>, coded=exponent+1, escapes=rows<64>"),
            "escapes=rows<64> stores symbols as bytes; the coded field has 9 bits");
  EXPECT_EQ(refusal("palette<4>", ElementType::F8E4M3FN), "accepted");
  EXPECT_EQ(refusal("raw, coded=exponent+1"), "codec raw codes nothing; leave out coded=");
  EXPECT_EQ(refusal("raw, escapes=none"), "codec raw has no escapes; leave out escapes=");
}

TEST(FormatCheckTest, RefusesContexts) {
  EXPECT_EQ(refusal("huffman<12,1>, context=row_class<3>"),
            "context=row_class<3>: expected 2, 4, 8 or 16 classes");
  EXPECT_EQ(
      refusal("window<4>, context=row_class<4>"),
      "codec window<4> has one model for all rows; context=row_class needs a code of variable rate "
      "such as huffman<12,1>");
}

TEST(FormatCheckTest, RefusesInPlacePacking) {
  EXPECT_EQ(refusal("huffman<12,1>, packing=inplace"),
            "codec huffman<12,1> has no in-place packing; leave out packing=inplace");
  EXPECT_EQ(refusal("inplace<12>, layout=row_major"),
            "packing=inplace needs layout=fragment<16x16>");
  const char *needsBf16 = "packing=inplace needs 16-bit words with an exponent of 8 bits (bf16, "
                          "f32) and coded=exponent+0";
  EXPECT_EQ(refusal("inplace<12>, coded=exponent+1"), needsBf16);
  EXPECT_EQ(refusal("inplace<11>", ElementType::F16), needsBf16);
  EXPECT_EQ(refusal("inplace<12>", ElementType::F8E5M2), needsBf16);
  EXPECT_EQ(refusal("inplace<12>", ElementType::F32), "accepted");
}

TEST(FormatCheckTest, RefusesAnotherVersion) {
  Format format = *Format::parse("raw");
  format.version = 2;
  Expected<CodecTraits> traits = checkFormat(format, ElementType::BF16);
  ASSERT_FALSE(traits);
  EXPECT_EQ(traits.error().getKind(), ErrorKind::Unsupported);
}

std::string runRefusal(std::string_view text, ElementType element = ElementType::BF16) {
  Expected<CodecTraits> traits = checkRunFormat(*Format::parse(text), element);
  if (traits)
    return "accepted";
  EXPECT_EQ(traits.error().getKind(), ErrorKind::Usage);
  return traits.error().message();
}

// run-1
TEST(FormatCheckTest, QuantizedWeightsAreWhatProductsRunFrom) {
  EXPECT_EQ(runRefusal("huffman<8,2>"), "accepted");
  Format format = *Format::parse("uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}");
  CodecTraits traits = *checkRunFormat(format, ElementType::BF16);
  EXPECT_EQ(traits.rate, Rate::Fixed);
  EXPECT_EQ(traits.unit.columns, 128u);
  // Codes of two groups, 16 scales of 2 bytes, 16 zeros of a byte.
  EXPECT_EQ(traits.unit.codeU32, 256u + 8 + 4);
  EXPECT_EQ(traits.unit.rawU32, 0u);
  EXPECT_EQ(quantizedUnit(*Format::parse("uint<4>, scale={1x32, f8E8M0FNU}")).u32(), 128u + 2 * 4);
  EXPECT_EQ(quantizedUnit(*Format::parse("f8E4M3FN, scale={128x1024, f32}")).u32(), 2 * 256u + 16);
  // NVFP4 and Q4_K: 5 bits a weight.
  const char *k = "uint<4>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, "
                  "scale={1x256, f16}}";
  for (const char *text : {"f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}", k})
    EXPECT_EQ(quantizedUnit(*Format::parse(text)).u32(), 128u + 32);

  EXPECT_EQ(refusal("uint<4>, scale={1x128, f16}"),
            "'uint<4>' is an element of quantised checkpoints, which files keep as they are: leave "
            "it out, and choose a codec for the tensors");
  EXPECT_EQ(refusal("huffman<8,2>, scale={1x128, f16}"),
            "table=, pick=, zero=, scale=, factor=, offset= and math= are of quantised elements "
            "such as uint<4>, "
            "and codec huffman<8,2> codes floats");
  EXPECT_EQ(refusal("huffman<8,2>, factor=1/127"), refusal("huffman<8,2>, math=bf16"));
  EXPECT_EQ(refusal("huffman<8,2>, factor=1/127"), refusal("huffman<8,2>, pick={row, uint<2>}"));
  EXPECT_EQ(runRefusal("uint<4>, scale={1x128, f16}", ElementType::F32),
            "uint<4> is decoded to bf16 and f16, not to f32");
  EXPECT_EQ(runRefusal("uint<9>, scale={1x128, f16}"),
            "uint<9>: products run from codes of uint<1> to uint<8>, int<1> to int<8>, bipolar<1> "
            "to bipolar<8>, f4E2M1FN, f6E2M3FN, f6E3M2FN, f8E4M3FN, f8E5M2, table<1> to table<4>, "
            "and float<e,m> of 3 to 8 bits with e = 1 to 4");
  for (const char *element : {"float<9,1>", "float<0,3>", "float<5,2>", "float<1,0>", "float<4,4>",
                              "float<3>", "float", "f6E2M3FN<6>"})
    EXPECT_EQ(
        runRefusal(std::string(element) + ", scale={1x128, f16}"),
        std::string(element) +
            ": products run from codes of uint<1> to uint<8>, int<1> to int<8>, bipolar<1> to "
            "bipolar<8>, f4E2M1FN, f6E2M3FN, f6E3M2FN, f8E4M3FN, f8E5M2, table<1> to "
            "table<4>, and float<e,m> of 3 to 8 bits with e = 1 to 4")
        << element;
  EXPECT_EQ(runRefusal("float<2,2>, zero=1, scale={row, f16}"),
            "float<2,2> has zeros of its own; leave out zero=");
  EXPECT_EQ(runRefusal("float<2,2>, scale={row, float<2,2>}"),
            "scale={row, float<2,2>}: expected numbers of type f16, bf16, f32, f8E8M0FNU, "
            "f8E4M3FN, uint<1> to uint<8> or int<1> to int<8>");
  EXPECT_EQ(quantizedUnit(*Format::parse("float<2,0>, scale={1x32, f16}")).codeBits, 3u);
  EXPECT_EQ(quantizedUnit(*Format::parse("f6E3M2FN, scale={1x32, f16}")).codeBits, 6u);
  EXPECT_EQ(quantizedUnit(*Format::parse("int<7>, scale={1x32, f16}")).codeBits, 8u);
  EXPECT_EQ(runRefusal("uint<4>"), "uint<4> has no scale; expected scale= and cells, as {1x128, "
                                   "f16}");
  EXPECT_EQ(runRefusal("uint<4>, scale={1x128, f8E5M2}"),
            "scale={1x128, f8E5M2}: expected numbers of type f16, bf16, f32, f8E8M0FNU, f8E4M3FN, "
            "uint<1> to uint<8> or int<1> to int<8>");
  EXPECT_EQ(runRefusal("uint<4>, scale={1x16, f16, scale={1x32, f16}}"),
            "scale={1x16, f16, scale={1x32, f16}}: expected cells of a multiple of 64 columns, row "
            "or tensor in the grid inside");
  EXPECT_EQ(runRefusal("uint<4>, scale={1x16, f16, scale={row, uint<4>}}"),
            "scale={1x16, f16, scale={row, uint<4>}}: expected numbers of type f16, bf16 or f32 in "
            "the grid inside");
  EXPECT_EQ(runRefusal("uint<4>, scale={1x64, f16}, offset={1x32, f16}"),
            "offset={1x32, f16} has other cells than scale={1x64, f16}");
  EXPECT_EQ(runRefusal("table<4>, pick={1x64, uint<2>}, scale={1x64, f16}"), "accepted");
  EXPECT_EQ(
      quantizedUnit(*Format::parse("table<4>, pick={1x64, uint<2>}, scale={1x64, f16}")).u32(),
      128u + 8 + 4);
  EXPECT_EQ(quantizedUnit(*Format::parse("table<4>, pick={row, uint<16>}, scale={row, f16}, "
                                         "offset={row, f16}"))
                .u32(),
            256u + 3 * 8);
  EXPECT_EQ(runRefusal("uint<4>, pick={row, uint<2>}, scale={row, f16}"),
            "uint<4> has numbers of its own; table= and pick= are for table<b>");
  EXPECT_EQ(runRefusal("table<4>, table={row, f16}, pick={row, uint<2>}, scale={row, f16}"),
            "table= gives each cell a table of its own; leave out pick=");
  EXPECT_EQ(runRefusal("table<4>, table={row, f16}, scale={1x128, f16}"),
            "table={row, f16}: weights are held with pick={1x128, uint<16>}, the numbers of these "
            "tables; name that");
  EXPECT_EQ(runRefusal("table<4>, pick={row, uint<9>}, scale={row, f16}"),
            "pick={row, uint<9>}: expected integers of type uint<1> to uint<8>, or uint<16>");
  EXPECT_EQ(runRefusal("table<4>, pick={1x256, uint<2>}, scale={1x128, f16}"),
            "pick={1x256, uint<2>} has other cells than scale={1x128, f16}; weights are held with "
            "pick={1x128, uint<2>}");
  EXPECT_EQ(runRefusal("table<4>, pick={1x64, uint<2>}, scale={row, f16}"),
            "pick={1x64, uint<2>} has other cells than scale={row, f16}; products run from such "
            "weights' values");
  EXPECT_EQ(runRefusal("table<4>, zero=1, scale={row, f16}"),
            "table<4> has zeros of its own; leave out zero=");
  EXPECT_EQ(runRefusal("uint<4>, scale={1x48, f16}"),
            "scale={1x48, f16}: expected cells of 16, 32, 64 or a multiple of 128 columns, row or "
            "tensor");
  EXPECT_EQ(runRefusal("f8E4M3FN, zero=1, scale={row, f16}"),
            "f8E4M3FN has zeros of its own; leave out zero=");
  EXPECT_EQ(runRefusal("uint<4>, zero=16, scale={row, f16}"), "zero=16 has more than 4 bits");
  const char *positive =
      "f16E6M10U is for scales of f4E2M1FN as bf16, without factor=, offset= and "
      "a grid inside";
  EXPECT_EQ(runRefusal("f4E2M1FN, scale={1x16, f16E6M10U}"), "accepted");
  EXPECT_EQ(runRefusal("f4E2M1FN, scale={1x16, f16E6M10U}", ElementType::F16), positive);
  for (const char *text :
       {"uint<4>, scale={1x16, f16E6M10U}", "float<3,0>, scale={1x16, f16E6M10U}",
        "f4E2M1FN, scale={1x16, f16E6M10U, scale={tensor, f32}}",
        "f4E2M1FN, scale={1x16, f16E6M10U}, factor=1/3",
        "f4E2M1FN, scale={1x16, f16}, offset={1x16, f16E6M10U}"})
    EXPECT_EQ(runRefusal(text), positive) << text;
  EXPECT_EQ(runRefusal("uint<4>, zero={row, uint<5>}, scale={row, f16}"),
            "zero={row, uint<5>}: expected numbers of the element's type, uint<4>, or of type f16, "
            "bf16 or f32");
  EXPECT_EQ(runRefusal("uint<4>, zero={row, f16}, scale={row, f16}"), "accepted");
  EXPECT_EQ(runRefusal("uint<4>, zero={row, f16}, scale={row, f16}, math=bf16"),
            "math=bf16 rounds what zeros of that type are subtracted from; expected zero= with "
            "cells and bf16");
  EXPECT_EQ(runRefusal("uint<4>, zero=8, scale={row, f16}, math=f16"),
            "math=f16 rounds what zeros of that type are subtracted from; expected zero= with "
            "cells and f16");
  EXPECT_EQ(runRefusal("uint<4>, zero=8, scale={1x64, f16}, order=k"), "accepted");
  EXPECT_EQ(runRefusal("uint<4>, zero={1x64, uint<4>}, scale={1x128, f16}"),
            "zero={1x64, uint<4>} has other cells than scale={1x128, f16}");
  EXPECT_EQ(
      runRefusal("uint<4>, huffman<8,2>, scale={row, f16}"),
      "a format of quantised weights has an element, storage=, table=, pick=, zero=, scale=, "
      "factor=, offset=, math= and order= alone, got 'uint<4>, huffman<8,2>, scale={row, f16}'");
}

} // namespace
