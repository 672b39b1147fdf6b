//===- PrefixCode.cpp - Length-limited canonical prefix codes -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/PrefixCode.h"
#include "SortCounts.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <string>

using namespace uwt;

namespace {
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
      : leaves(std::move(sortedLeaves)), levels(levels), wanted(2 * leaves.size() - 2),
        isPackage(levels * wanted) {}

  /// Calls `setLength(entry, length)` for each leaf. Precondition: at least two leaves.
  template <typename Function> void run(Function setLength) {
    buildLevels();
    size_t taken = wanted;
    // Leaves taken at each level; fewer at each level down.
    std::vector<uint8_t> lengths(leaves.size());
    for (uint32_t level = levels; level-- > 0 && taken != 0;) {
      const uint8_t *flags = &isPackage[level * wanted];
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
  /// Merges without branches, which would be mispredicted every other time, and from both ends at a
  /// time, since each step waits for the one before. Both lists begin with a weight that is less
  /// than any and end in one that is never taken.
  void buildLevels() {
    constexpr uint64_t never = UINT64_MAX;
    std::vector<uint64_t> own(leaves.size() + 2), pairs(wanted / 2 + 2), weights(wanted);
    for (size_t i = 0; i < leaves.size(); ++i)
      own[i + 1] = leaves[i].weight;
    own.back() = pairs[1] = never;
    for (uint32_t level = 0; level < levels; ++level) {
      size_t nodes =
          mergeLevel(own.data() + 1, pairs.data() + 1, weights.data(), &isPackage[level * wanted]);
      pairCount = nodes / 2;
      for (size_t i = 0; i < pairCount; ++i)
        pairs[i + 1] = weights[2 * i] + weights[2 * i + 1];
      pairs[pairCount + 1] = never;
    }
  }

  /// Sets the nodes of a level; leaves come first on ties. Returns their number.
  size_t mergeLevel(const uint64_t *own, const uint64_t *pairs, uint64_t *weights,
                    uint8_t *flags) const {
    ptrdiff_t leaf = 0, pair = 0;
    ptrdiff_t lastLeaf = static_cast<ptrdiff_t>(leaves.size()) - 1;
    ptrdiff_t lastPair = static_cast<ptrdiff_t>(pairCount) - 1;
    auto takeFirst = [&](size_t i) {
      bool takePair = pairs[pair] < own[leaf];
      weights[i] = takePair ? pairs[pair] : own[leaf];
      flags[i] = takePair;
      pair += takePair;
      leaf += !takePair;
    };
    auto isPairLast = [&] { return pairs[lastPair] >= own[lastLeaf]; };
    size_t nodes = leaves.size() + pairCount;
    for (; nodes > wanted; --nodes)
      isPairLast() ? --lastPair : --lastLeaf;
    for (size_t i = 0; i < nodes / 2; ++i) {
      takeFirst(i);
      bool takePair = isPairLast();
      weights[nodes - 1 - i] = takePair ? pairs[lastPair] : own[lastLeaf];
      flags[nodes - 1 - i] = takePair;
      lastPair -= takePair;
      lastLeaf -= !takePair;
    }
    if (nodes % 2 != 0)
      takeFirst(nodes / 2);
    return nodes;
  }

  std::vector<Leaf> leaves;
  uint32_t levels;
  /// Nodes of a level that can matter: 2n - 2.
  size_t wanted;
  size_t pairCount = 0;
  /// [level][node]
  std::vector<uint8_t> isPackage;
};
} // namespace

std::vector<uint8_t> uwt::limitedCodeLengths(std::span<const uint64_t> counts, uint32_t maxLength) {
  assert(maxLength >= 1 && maxLength <= longestCodeWord && "length limit out of range");
  // A package weighs up to maxLength times the total, which has to fit 64 bits.
  uint64_t largest = 0;
  for (uint64_t count : counts)
    largest = std::max(largest, count);
  uint32_t shift = std::max(0, static_cast<int>(std::bit_width(largest)) - 40);

  std::vector<Leaf> leaves;
  leaves.reserve(counts.size());
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
  sortByFallingCount(leaves, [](const Leaf &leaf) { return leaf.weight; });
  std::ranges::reverse(leaves);
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
    return ok();
  return invalidError("code lengths take " + std::to_string(used) + "/" + std::to_string(whole) +
                      " of the code words, expected all");
}

// prefix-2
std::vector<uint16_t> uwt::canonicalCodeWords(std::span<const uint8_t> lengths) {
  std::array<uint32_t, longestCodeWord + 1> entriesOf{}, next{};
  for (uint8_t length : lengths)
    ++entriesOf[length];
  uint32_t word = 0;
  for (uint32_t length = 1; length <= longestCodeWord; ++length) {
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
