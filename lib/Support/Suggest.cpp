//===- Suggest.cpp - "did you mean" ---------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <functional>
#include <vector>

using namespace uwt;

/// Words longer than this are no near miss of anything, and would make the table large.
static constexpr size_t longestWord = 100;
static constexpr size_t longestQuote = 80;
/// Words that are compared letter by letter at most.
static constexpr size_t maxCompared = 2000;

/// Edits between `a` and `b`, where a swap of neighbours counts as one.
static size_t editDistance(std::string_view a, std::string_view b) {
  size_t width = b.size() + 1;
  std::vector<size_t> table((a.size() + 1) * width);
  for (size_t j = 0; j < width; ++j)
    table[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t *row = &table[i * width];
    const size_t *above = row - width;
    row[0] = i;
    for (size_t j = 1; j < width; ++j) {
      size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({replaced, row[j - 1] + 1, above[j] + 1});
      bool isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (isSwap)
        row[j] = std::min(row[j], table[(i - 2) * width + j - 2] + 1);
    }
  }
  return table.back();
}

/// Returns how much of its beginning and of its end `candidate` shares with `word`. Names with few
/// edits share much, and this costs no table.
static size_t sharedEnds(std::string_view word, std::string_view candidate) {
  size_t most = std::min(word.size(), candidate.size()), begin = 0, end = 0;
  while (begin < most && word[begin] == candidate[begin])
    ++begin;
  while (end < most && word[word.size() - 1 - end] == candidate[candidate.size() - 1 - end])
    ++end;
  return begin + end;
}

/// The candidates that are compared, in their order: of many, those that share the most.
static std::vector<std::string_view> comparable(std::string_view word,
                                                std::span<const std::string_view> candidates) {
  std::vector<std::string_view> chosen(candidates.begin(), candidates.end());
  if (chosen.size() <= maxCompared)
    return chosen;
  std::vector<size_t> shared;
  for (std::string_view candidate : candidates)
    shared.push_back(sharedEnds(word, candidate));
  std::vector<size_t> sorted = shared;
  auto last = sorted.begin() + maxCompared - 1;
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
  auto better =
      static_cast<size_t>(std::ranges::count_if(shared, [&](size_t each) { return each > *last; }));
  size_t asGood = maxCompared - better;
  chosen.clear();
  for (size_t i = 0; i < candidates.size(); ++i) {
    bool isAsGood = shared[i] == *last && asGood > 0;
    if (shared[i] > *last || isAsGood)
      chosen.push_back(candidates[i]);
    if (isAsGood)
      --asGood;
  }
  return chosen;
}

std::optional<std::string> uwt::closestMatch(std::string_view word,
                                             std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > longestWord)
    return std::nullopt;
  std::optional<std::string> best;
  size_t bestDistance = 0;
  for (std::string_view candidate : comparable(word, candidates)) {
    if (candidate.size() > longestWord)
      continue;
    size_t distance = editDistance(word, candidate);
    if (distance * 3 > std::max(word.size(), candidate.size()))
      continue;
    if (best && distance >= bestDistance)
      continue;
    best = std::string(candidate);
    bestDistance = distance;
  }
  return best;
}

std::string uwt::didYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string> match = closestMatch(word, candidates);
  return match ? "; did you mean '" + *match + "'?" : std::string();
}

std::string uwt::suggestNames(std::string_view word, std::span<const std::string_view> candidates) {
  if (std::string suggestion = didYouMean(word, candidates); !suggestion.empty())
    return suggestion;
  constexpr size_t most = 3;
  std::string list;
  size_t found = 0;
  for (std::string_view candidate : candidates)
    if (!word.empty() && candidate.find(word) != std::string_view::npos && ++found <= most)
      list += (found == 1 ? "; names that contain it: " : ", ") + inQuotes(candidate);
  return list + (found > most ? " and " + std::to_string(found - most) + " more" : "");
}

std::string uwt::inQuotes(std::string_view text) {
  std::string result = "'";
  for (char c : text.substr(0, longestQuote))
    result += c >= 0x20 && c < 0x7f ? c : '?';
  return result + (text.size() > longestQuote ? "...'" : "'");
}
