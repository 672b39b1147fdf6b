//===- TranscodeTest.cpp - From one format to another ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Transcode.h"
#include "Codec/TestData.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Decodes panels and codes them again: what the direct way has to give.
struct OverWords {
  const TensorDecoder &decoder;
  const CodingPlan &plan;

  EncodedPanel code(uint64_t panel) const {
    uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
    uint64_t columns = plan.matrix.columns;
    std::vector<uint16_t> words(rows * columns);
    EncodedPanel out;
    if (!decoder.decodePanelWords(panel, CodePath::Scalar, {words.data(), columns, rows, columns}))
      ADD_FAILURE() << "panel " << panel << " cannot be decoded";
    encodeFixed(plan, {words.data(), columns, rows, columns}, CodePath::Reference, out);
    return out;
  }
};

struct AlignedBytes {
  explicit AlignedBytes(size_t size)
      : data(static_cast<uint8_t *>(std::aligned_alloc(64, size / 64 * 64 + 64)), std::free),
        size(size) {}
  std::span<uint8_t> span() const { return {data.get(), size}; }
  std::unique_ptr<uint8_t, void (*)(void *)> data;
  size_t size;
};

class TranscodeTest : public testing::TestWithParam<std::string> {
protected:
  void check(const EncodedCase &encoded, const Format &to, CodePath path);
  ThreadPool pool{1};
  uint64_t coded = 0;
};

void TranscodeTest::check(const EncodedCase &encoded, const Format &to, CodePath path) {
  auto decoder = TensorDecoder::open(encoded.description, viewsOf(encoded.planes), std::nullopt);
  ASSERT_TRUE(decoder);
  auto plan = transcodePlan(*decoder, to, path, pool);
  ASSERT_TRUE(plan) << plan.error().message();
  auto direct = DirectTranscoder::make(*decoder, *plan, path);
  for (uint64_t panel = 0; direct && panel < decoder->panels(); ++panel) {
    EncodedPanel expected = OverWords{*decoder, *plan}.code(panel), out;
    AlignedBytes code(expected.code.size());
    if (!direct->code(panel, code.span(), out)) {
      // More escapes than it takes, or a code that decoders do not trust their tables with.
      continue;
    }
    ++coded;
    ASSERT_TRUE(std::equal(expected.code.begin(), expected.code.end(), code.span().begin()))
        << "panel " << panel;
    ASSERT_EQ(out.patch, expected.patch);
    ASSERT_EQ(out.counts, expected.counts);
    ASSERT_EQ(out.escapes, expected.escapes);
  }
}

/// Every example of a prefix codec to packing=inplace, where there is a direct way: the same bits
/// as over words.
TEST_P(TranscodeTest, TheDirectWayGivesTheSameBits) {
  CasesToTest cases(3);
  for (ElementType element : {ElementType::BF16, ElementType::F32})
    for (std::vector<uint64_t> shape :
         {std::vector<uint64_t>{1, 1}, {17, 33}, {65, 64}, {2, 66, 100}, {130, 1100}, {64, 2048}})
      for (Distribution distribution :
           {Distribution::StudentT4, Distribution::RandomPanelInside, Distribution::OneOutlier}) {
        if (!cases.takesNext())
          continue;
        auto encoded =
            encodeCase({element, shape, parsedFormat(GetParam())}, distribution, 9, pool);
        if (!encoded)
          continue;
        SCOPED_TRACE(encoded->name() + " " + std::string(distributionName(distribution)));
        Format to = parsedFormat("inplace<12>");
        to.storage = encoded->description.format.storage;
        check(*encoded, to, bestCodePath());
      }
}

INSTANTIATE_TEST_SUITE_P(All, TranscodeTest, testing::ValuesIn(registeredFormats()),
                         [](const auto &info) { return testNameOf(info.param); });

/// Formats that meet often do take the direct way.
TEST_F(TranscodeTest, PairsAndRowClassesGoDirectly) {
  if (bestCodePath() != CodePath::Avx512)
    GTEST_SKIP() << "the direct way needs AVX-512";
  for (const char *format : {"huffman<12,2>", "huffman<12,1>",
                             "huffman<12,1>, coded=exponent+2, context=row_class<8>"}) {
    coded = 0;
    auto encoded = encodeCase({ElementType::BF16, {200, 1500}, parsedFormat(format)},
                              Distribution::RowScaled, 2, pool);
    ASSERT_TRUE(encoded);
    check(*encoded, parsedFormat("inplace<12>"), CodePath::Avx512);
    EXPECT_EQ(coded, 4u) << format;
  }
}

/// Damaged planes: the direct way gives up or codes numbers; nothing outside is touched
/// (which sanitizers see).
TEST_F(TranscodeTest, DamagedPanelsStayInside) {
  Random random(4);
  auto encoded = encodeCase({ElementType::BF16, {70, 300}, parsedFormat("huffman<12,2>")},
                            Distribution::StudentT4, 2, pool);
  ASSERT_TRUE(encoded);
  for (int round = 0; round < 300; ++round) {
    MemoryPlanes damaged = encoded->planes;
    auto &plane = damaged.planes[numberOf(PlaneKind::Code)];
    for (int flips = 0; flips < 3; ++flips)
      plane[random.below(round % 2 ? plane.size() : 200)] ^=
          static_cast<uint8_t>(1u << random.below(8));
    StoredPlanes stored(damaged);
    auto decoder = TensorDecoder::open(encoded->description, stored.views(), std::nullopt);
    ASSERT_TRUE(decoder);
    auto plan = transcodePlan(*decoder, parsedFormat("inplace<12>"), bestCodePath(), pool);
    ASSERT_TRUE(plan);
    auto direct = DirectTranscoder::make(*decoder, *plan, bestCodePath());
    for (uint64_t panel = 0; direct && panel < decoder->panels(); ++panel) {
      uint32_t rows = plan->matrix.rowsOfPanel(panel);
      AlignedBytes code(fixedPanelSizes(*plan, rows).code);
      EncodedPanel out;
      if (!direct->code(panel, code.span(), out))
        continue;
      uint64_t sum = 0;
      for (uint32_t count : out.counts)
        sum += count;
      EXPECT_EQ(sum, out.patch.size());
    }
  }
}

TEST_F(TranscodeTest, RefusesWhatPanelsCannotDo) {
  auto encoded = encodeCase({ElementType::BF16, {70, 30}, parsedFormat("huffman<12,2>")},
                            Distribution::StudentT4, 2, pool);
  ASSERT_TRUE(encoded);
  auto decoder = TensorDecoder::open(encoded->description, viewsOf(encoded->planes), std::nullopt);
  ASSERT_TRUE(decoder);
  for (std::string run : {"inplace<12>, storage=k_major", "inplace<12>, fold=flat<64>"}) {
    auto plan = transcodePlan(*decoder, parsedFormat(run), bestCodePath(), pool);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().message(),
              "a panel cannot be coded anew alone as " + run + " from huffman<12,2>");
  }
}

} // namespace
