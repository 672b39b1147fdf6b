//===- PrefixCodeTest.cpp - Length-limited canonical codes ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <queue>
#include <random>

using namespace uwt;

namespace {

using Lengths = std::vector<uint8_t>;

uint64_t costOf(std::span<const uint64_t> counts, std::span<const uint8_t> lengths) {
  uint64_t bits = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    bits += counts[i] * lengths[i];
  return bits;
}

/// Bits of the best code without a limit: every merge adds a bit to all below it.
uint64_t huffmanCost(std::span<const uint64_t> counts) {
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue(counts.begin(),
                                                                             counts.end());
  uint64_t bits = 0;
  while (queue.size() > 1) {
    uint64_t sum = queue.top();
    queue.pop();
    sum += queue.top();
    queue.pop();
    bits += sum;
    queue.push(sum);
  }
  return bits;
}

/// Bits of the best code of at most `limit` bits, by trying every choice of lengths.
/// `counts` fall, so lengths rise; `space` is what is left in units of 2^-limit.
uint64_t bestCost(std::span<const uint64_t> counts, uint32_t limit, uint32_t shortest,
                  uint64_t space) {
  if (counts.empty())
    return 0;
  uint64_t best = UINT64_MAX / 2;
  for (uint32_t length = shortest; length <= limit; ++length)
    if (uint64_t needed = uint64_t(1) << (limit - length); needed <= space)
      best = std::min(best, counts[0] * length +
                                bestCost(counts.subspan(1), limit, length, space - needed));
  return best;
}

TEST(PrefixCodeTest, EqualsHuffmanWhereTheLimitDoesNotBind) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<uint64_t> counts(2 + random() % 200);
    for (uint64_t &count : counts)
      count = 1 + random() % 1000;
    Lengths lengths = limitedCodeLengths(counts, 15);
    EXPECT_EQ(costOf(counts, lengths), huffmanCost(counts));
    EXPECT_TRUE(checkCodeLengths(lengths, 15));
  }
}

TEST(PrefixCodeTest, IsOptimalUnderTheLimit) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 60; ++round) {
    uint32_t limit = 2 + random() % 4;
    std::vector<uint64_t> counts(2 + random() % std::min(7u, (1u << limit) - 1));
    for (uint64_t &count : counts)
      count = uint64_t(1) << random() % 20;
    std::sort(counts.rbegin(), counts.rend());
    Lengths lengths = limitedCodeLengths(counts, limit);
    EXPECT_TRUE(checkCodeLengths(lengths, limit));
    EXPECT_EQ(costOf(counts, lengths), bestCost(counts, limit, 1, uint64_t(1) << limit));
  }
}

/// Bits of the best code of at most `limit` bits, by package-merge as it is told: lists of weights.
uint64_t packagedCost(std::vector<uint64_t> counts, uint32_t limit) {
  std::ranges::sort(counts);
  std::vector<uint64_t> nodes = counts;
  for (uint32_t level = 1; level < limit; ++level) {
    std::vector<uint64_t> next = counts;
    for (size_t i = 0; i + 2 <= nodes.size(); i += 2)
      next.push_back(nodes[i] + nodes[i + 1]);
    std::ranges::sort(next);
    nodes = std::move(next);
  }
  nodes.resize(2 * counts.size() - 2);
  return std::accumulate(nodes.begin(), nodes.end(), uint64_t(0));
}

TEST(PrefixCodeTest, IsOptimalForAlphabetsOfWeights) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    uint32_t limit = 8 + random() % 5;
    std::vector<uint64_t> counts(2 + random() % 150);
    // Many equal counts, and far more of some than of others.
    for (uint64_t &count : counts)
      count = 1 + (uint64_t(1) << random() % 16) / (1 + random() % 3);
    Lengths lengths = limitedCodeLengths(counts, limit);
    EXPECT_TRUE(checkCodeLengths(lengths, limit));
    EXPECT_EQ(costOf(counts, lengths), packagedCost(counts, limit)) << counts.size() << " counts";
  }
}

TEST(PrefixCodeTest, FillsEveryCodeWord) {
  std::vector<uint64_t> counts(1 << 10);
  for (size_t i = 0; i < counts.size(); ++i)
    counts[i] = i + 1;
  EXPECT_EQ(limitedCodeLengths(counts, 10), Lengths(counts.size(), 10));
}

TEST(PrefixCodeTest, FewEntries) {
  using Counts = std::vector<uint64_t>;
  EXPECT_EQ(limitedCodeLengths(Counts{0, 0}, 12), (Lengths{0, 0}));
  EXPECT_EQ(limitedCodeLengths(Counts{0, 7}, 12), (Lengths{0, 1}));
  EXPECT_EQ(limitedCodeLengths(Counts{3, 0, 1}, 1), (Lengths{1, 0, 1}));
}

TEST(PrefixCodeTest, TiesGoToTheLowerEntry) {
  std::vector<uint64_t> counts = {5, 5, 5};
  EXPECT_EQ(limitedCodeLengths(counts, 12), (Lengths{1, 2, 2}));
}

TEST(PrefixCodeTest, HugeCountsDoNotOverflow) {
  std::vector<uint64_t> counts = {UINT64_MAX, UINT64_MAX / 4, UINT64_MAX / 16, 1};
  EXPECT_EQ(limitedCodeLengths(counts, 15), (Lengths{1, 2, 3, 3}));
}

// prefix-2
TEST(PrefixCodeTest, ChecksLengths) {
  EXPECT_TRUE(checkCodeLengths(Lengths{1, 2, 3, 3}, 3));
  EXPECT_TRUE(checkCodeLengths(Lengths{0, 1, 0}, 12));
  EXPECT_TRUE(checkCodeLengths(Lengths{}, 12));
  EXPECT_EQ(checkCodeLengths(Lengths{1, 2, 4, 4}, 3).error().message(),
            "code length 4 of entry 2 is more than 3");
  EXPECT_EQ(checkCodeLengths(Lengths{1, 2}, 2).error().message(),
            "code lengths take 3/4 of the code words, expected all");
  EXPECT_EQ(checkCodeLengths(Lengths{1, 1, 2}, 2).error().message(),
            "code lengths take 5/4 of the code words, expected all");
  EXPECT_FALSE(checkCodeLengths(Lengths{2}, 2));
}

// prefix-2
TEST(PrefixCodeTest, CanonicalWordsRise) {
  EXPECT_EQ(canonicalCodeWords(Lengths{3, 1, 0, 3, 2}),
            (std::vector<uint16_t>{0b110, 0b0, 0, 0b111, 0b10}));
}

TEST(PrefixCodeTest, ReversesBits) {
  EXPECT_EQ(reverseBits(0b110, 3), 0b011u);
  EXPECT_EQ(reverseBits(1, 15), 1u << 14);
  EXPECT_EQ(reverseBits(0, 0), 0u);
}

} // namespace
