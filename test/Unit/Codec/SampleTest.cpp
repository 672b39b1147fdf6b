//===- SampleTest.cpp - Panels that stand for a tensor --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Sample.h"
#include "Codec/TestData.h"
#include <gtest/gtest.h>
#include <numeric>
#include <sys/mman.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::test;

static TensorDescription described(std::string_view format, std::vector<uint64_t> shape,
                                   ElementType element = ElementType::BF16) {
  TensorDescription description;
  description.element = element;
  description.shape = std::move(shape);
  description.format = parsedFormat(format);
  return description;
}

TEST(Sample, PanelsRiseAndTheirWeightsAddUpToAll) {
  for (const std::vector<uint64_t> &shape : std::vector<std::vector<uint64_t>>{
           {6400, 512}, {6401, 64}, {40, 100, 1024}, {300, 30, 1024}, {7, 640, 1024}}) {
    TensorDescription description = described("huffman<12,1>", shape);
    auto sample = drawPanels(description, 100000);
    ASSERT_TRUE(sample);
    uint64_t panels = description.matrices()->panels();
    EXPECT_EQ(sample->panelsOfTensor, panels);
    EXPECT_FALSE(sample->isWhole());
    EXPECT_TRUE(std::is_sorted(sample->panels.begin(), sample->panels.end()));
    EXPECT_EQ(std::adjacent_find(sample->panels.begin(), sample->panels.end()),
              sample->panels.end());
    EXPECT_LT(sample->panels.back(), panels);
    EXPECT_NEAR(std::accumulate(sample->weights.begin(), sample->weights.end(), 0.0),
                static_cast<double>(panels), 1e-6);
    EXPECT_EQ(sample->panels, drawPanels(description, 100000)->panels);
  }
}

/// A short last panel costs less than those that it does not stand for.
TEST(Sample, TheLastPanelStandsForItself) {
  auto sample = drawPanels(described("huffman<12,1>", {6401, 64}), 30000);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->panels.back(), 100u);
  EXPECT_EQ(sample->weights.back(), 1);
}

TEST(Sample, AWholeSampleGivesWhatEncodingGives) {
  ThreadPool pool(1);
  for (const std::string &text : registeredFormats())
    for (ElementType element : {ElementType::BF16, ElementType::F32}) {
      TensorDescription description = described(text, {2, 100, 70}, element);
      if (!checkFormat(description.format, element))
        continue;
      auto encoded = encodeCase(description, Distribution::RandomPanelInside, 1, pool);
      ASSERT_TRUE(encoded) << text;
      auto sample = drawPanels(description, 1 << 20);
      ASSERT_TRUE(sample);
      auto estimate = estimateTensor(description, encoded->source, *sample, pool);
      ASSERT_TRUE(estimate) << text;
      EXPECT_EQ(estimate->planeBytes, encoded->result.planeBytes) << text;
      EXPECT_EQ(estimate->escapes, encoded->result.escapes) << text;
      EXPECT_EQ(estimate->panelsAsWords, encoded->result.panelsAsWords) << text;
    }
}

TEST(Sample, EstimatesAreNearWhatEncodingGives) {
  ThreadPool pool(2);
  std::vector<uint64_t> shape = {6400 + 30, 256};
  for (Distribution distribution : {Distribution::RowScaled, Distribution::StudentT4}) {
    std::vector<uint8_t> bytes = makeTensor(ElementType::BF16, shape, distribution, 5);
    for (const char *text :
         {"huffman<12,1>, coded=exponent+2, context=row_class<4>", "huffman<12,2>", "window<3>",
          "inplace<12>", "huffman<12,1>, layout=row_major", "rice<1,8>", "bitplane<3>", "raw",
          "huffman<12,1>, storage=k_major"}) {
      TensorDescription description = described(text, shape);
      if (description.format.storage == Storage::KMajor)
        std::swap(description.shape[0], description.shape[1]);
      MemoryPlanes planes;
      auto encoded = encodeTensor(description, bytes, planes, pool);
      ASSERT_TRUE(encoded) << text;
      auto sample = drawPanels(description, 200000);
      ASSERT_TRUE(sample && !sample->isWhole());
      auto estimate = estimateTensor(description, bytes, *sample, pool);
      ASSERT_TRUE(estimate) << text;
      auto real = static_cast<double>(encoded->bytes());
      EXPECT_NEAR(static_cast<double>(estimate->bytes()), real, real / 100) << text;
    }
  }
}

/// Reading anything else of the tensor would end the process.
TEST(Sample, NothingElseIsRead) {
  ThreadPool pool(2);
  auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<uint64_t> shape = {64 * 200 + 5, 256};
  std::vector<uint8_t> bytes = makeTensor(ElementType::F32, shape, Distribution::Gaussian, 2);
  for (const char *text : {"huffman<12,1>", "huffman<12,1>, storage=k_major"}) {
    TensorDescription description = described(text, shape, ElementType::F32);
    if (description.format.storage == Storage::KMajor)
      std::swap(description.shape[0], description.shape[1]);
    auto sample = drawPanels(description, 300000);
    ASSERT_TRUE(sample && !sample->isWhole());
    uint64_t pages = divideUp(bytes.size(), page);
    void *mapped =
        ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(mapped, MAP_FAILED);
    auto *data = static_cast<uint8_t *>(mapped);
    std::copy(bytes.begin(), bytes.end(), data);
    std::vector<bool> sampled(pages);
    ASSERT_TRUE(visitSampledBytes(description, *sample, [&](uint64_t offset, uint64_t size) {
      for (uint64_t at = offset / page; at <= (offset + size - 1) / page; ++at)
        sampled[at] = true;
      return ok();
    }));
    uint64_t hidden = 0;
    for (uint64_t at = 0; at < pages; ++at)
      if (!sampled[at]) {
        ++hidden;
        ASSERT_EQ(::mprotect(data + at * page, page, PROT_NONE), 0);
      }
    if (description.format.storage == Storage::NMajor)
      EXPECT_GT(hidden, pages * 3 / 4);
    std::span<const uint8_t> source(data, bytes.size());
    auto chosen = chooseFormat(FormatPolicy::BestSize, description, source, pool, &*sample);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->format.codec.keyword, "huffman");
    EncodeOptions options;
    options.chosen = &*chosen;
    description.format = chosen->format;
    EXPECT_TRUE(estimateTensor(description, source, *sample, pool, options));
    ::munmap(mapped, pages * page);
  }
}
