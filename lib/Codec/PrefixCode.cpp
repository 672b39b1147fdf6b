//===- PrefixCode.cpp - Length-limited canonical prefix codes -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <string>

using namespace uwt;

namespace {
constexpr uint32_t longestCode = 15;

/// An entry that occurs.
struct Leaf {
  uint64_t weight;
  uint32_t entry;
};

/// Package-merge with a bit a node instead of lists of symbols. Level d holds,
/// by rising weight, all leaves and the pairs ("packages") of level d - 1; level
/// 1 has leaves alone. The 2n - 2 lightest nodes of the last level are the code:
/// a leaf's length is the number of levels in which it is taken. Taken nodes are
/// always a prefix of their level, so a level needs only to remember which of its nodes
/// are packages.
class PackageMerge {
public:
  PackageMerge(std::vector<Leaf> sortedLeaves, uint32_t levels)
      : leaves(std::move(sortedLeaves)), levels(levels), isPackage(levels) {}

  /// Calls `setLength(entry, length)` for each leaf. Precondition: at least two leaves.
  template <typename Function> void run(Function setLength) {
    buildLevels();
    size_t taken = 2 * leaves.size() - 2;
    // Leaves taken at each level; fewer at each level down.
    std::vector<uint8_t> lengths(leaves.size());
    for (uint32_t level = levels; level-- > 0 && taken != 0;) {
      const std::vector<uint8_t> &flags = isPackage[level];
      size_t packages = 0;
      for (size_t i = 0; i < taken; ++i)
        packages += flags[i];
      for (size_t i = 0; i < taken - packages; ++i)
        ++lengths[i];
      taken = 2 * packages;
    }
    for (size_t i = 0; i < leaves.size(); ++i)
      setLength(leaves[i].entry, lengths[i]);
  }

private:
  void buildLevels() {
    std::vector<uint64_t> below, weights;
    for (uint32_t level = 0; level < levels; ++level) {
      weights.clear();
      std::vector<uint8_t> &flags = isPackage[level];
      flags.reserve(2 * leaves.size());
      size_t leaf = 0, pair = 0, pairs = below.size() / 2;
      while (leaf < leaves.size() || pair < pairs) {
        uint64_t pairWeight = pair < pairs ? below[2 * pair] + below[2 * pair + 1] : 0;
        bool takePair = leaf == leaves.size() || (pair < pairs && pairWeight < leaves[leaf].weight);
        weights.push_back(takePair ? pairWeight : leaves[leaf].weight);
        flags.push_back(takePair);
        takePair ? ++pair : ++leaf;
      }
      std::swap(below, weights);
    }
  }

  std::vector<Leaf> leaves;
  uint32_t levels;
  std::vector<std::vector<uint8_t>> isPackage;
};
} // namespace

std::vector<uint8_t> uwt::limitedCodeLengths(std::span<const uint64_t> counts, uint32_t maxLength) {
  assert(maxLength >= 1 && maxLength <= longestCode && "length limit out of range");
  // A package weighs up to maxLength times the total, which has to fit 64 bits.
  uint64_t largest = 0;
  for (uint64_t count : counts)
    largest = std::max(largest, count);
  uint32_t shift = std::max(0, static_cast<int>(std::bit_width(largest)) - 40);

  std::vector<Leaf> leaves;
  for (uint32_t entry = 0; entry < counts.size(); ++entry)
    if (counts[entry] != 0)
      leaves.push_back({std::max<uint64_t>(counts[entry] >> shift, 1), entry});
  assert(leaves.size() <= size_t(1) << maxLength && "more entries than code words");

  std::vector<uint8_t> lengths(counts.size(), 0);
  if (leaves.size() == 1)
    lengths[leaves[0].entry] = 1;
  if (leaves.size() < 2)
    return lengths;

  // The lightest leaf gets the longest code, so ties go to the lower entry.
  std::sort(leaves.begin(), leaves.end(), [](const Leaf &a, const Leaf &b) {
    return a.weight != b.weight ? a.weight < b.weight : a.entry > b.entry;
  });
  PackageMerge(std::move(leaves), maxLength).run([&](uint32_t entry, uint8_t length) {
    lengths[entry] = length;
  });
  return lengths;
}

// prefix-2
Status uwt::checkCodeLengths(std::span<const uint8_t> lengths, uint32_t maxLength) {
  uint64_t used = 0;
  size_t entries = 0;
  for (size_t entry = 0; entry < lengths.size(); ++entry) {
    uint32_t length = lengths[entry];
    if (length > maxLength)
      return invalidError("code length " + std::to_string(length) + " of entry " +
                          std::to_string(entry) + " is more than " + std::to_string(maxLength));
    if (length == 0)
      continue;
    ++entries;
    used += uint64_t(1) << (maxLength - length);
  }
  uint64_t whole = uint64_t(1) << maxLength;
  if (entries == 0 || used == whole || (entries == 1 && used == whole / 2))
    return success();
  return invalidError("code lengths take " + std::to_string(used) + "/" + std::to_string(whole) +
                      " of the code words, expected all");
}

// prefix-2
std::vector<uint16_t> uwt::canonicalCodeWords(std::span<const uint8_t> lengths) {
  std::array<uint32_t, longestCode + 1> entriesOf{}, next{};
  for (uint8_t length : lengths)
    ++entriesOf[length];
  uint32_t word = 0;
  for (uint32_t length = 1; length <= longestCode; ++length) {
    next[length] = word;
    word = (word + entriesOf[length]) << 1;
  }
  std::vector<uint16_t> words(lengths.size(), 0);
  for (size_t entry = 0; entry < lengths.size(); ++entry)
    if (lengths[entry] != 0)
      words[entry] = static_cast<uint16_t>(next[lengths[entry]]++);
  return words;
}

uint32_t uwt::reverseBits(uint32_t word, uint32_t length) {
  uint32_t reversed = 0;
  for (uint32_t i = 0; i < length; ++i)
    reversed |= (word >> i & 1) << (length - 1 - i);
  return reversed;
}
