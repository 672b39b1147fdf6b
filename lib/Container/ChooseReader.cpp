//===- ChooseReader.cpp - Which readers a file asks for -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules choice-7 and choice-8 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "FileCompressor.h"
#include "Stacks.h"
#include <algorithm>

namespace uwt {

/// What a newer reader is needed for is not used where it is a smaller share of the data
/// (choice-8).
static constexpr uint64_t newFormsShare = 256;
/// The oldest reader that knows more forms of low halves than their top bits.
static constexpr uint32_t lowFormsReader = 6;
/// Bytes of a tensor that show how many bits its low halves have.
static constexpr size_t shownBytes = size_t(1) << 16;

/// The bits of low halves that policies would store, as far as the first ones show.
uint32_t FileCompressor::shownLowBits(size_t i) const {
  // Of f32, which is not rounded from anything.
  std::span<const uint8_t> bytes = original.sourceBytes(i);
  uint32_t bits = topLowBits(lowHalfBits(bytes.first(std::min(bytes.size(), shownBytes))));
  return bits == 0 ? wholeLowBits : bits;
}

/// The oldest reader that would know the tensor in the form that suits it.
uint32_t FileCompressor::neededReader(size_t i) const {
  TensorEntry entry;
  entry.element = choices[i].element;
  entry.format = wantedFormat(i);
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  if (policy && getTraits(entry.element).lowBits != 0)
    entry.format->lowBits = shownLowBits(i);
  entry.members = stackOf[i] ? stacks[*stackOf[i]].size() : 1;
  if (!policy)
    return entry.reader();
  // What is cast is not what is stored.
  return std::max(entry.reader(), original.isCast(i) ? readerOf(*policy)
                                                     : shownReader(*policy, entry.element,
                                                                   original.sourceBytes(i)));
}

/// What the forms of low halves that the newest readers know would save.
uint64_t FileCompressor::shownGain(size_t i) const {
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  if (original.isCast(i) || !policy)
    return 0;
  TensorDescription description = describe({&i, 1});
  description.format = wantedFormat(i);
  return shownLowGain(*policy, description, original.sourceBytes(i));
}

/// choice-8: the newest reader that enough of the file asks for. Differences ask for the newest.
void FileCompressor::chooseReader() {
  if (options.base)
    return;
  std::array<uint64_t, containerReader + 1> bytes{};
  for (size_t i = 0; i < choices.size(); ++i)
    if (choices[i].reason.empty() && !shared[i]) {
      bytes[neededReader(i)] += original.header().tensors[i].bytes();
      bytes[lowFormsReader] += shownGain(i);
    }
  while (newestReader > 1 && bytes[newestReader] < dataBytes() / newFormsShare)
    --newestReader;
}

void FileCompressor::chooseStacks() {
  stacks = findStacks(original, choices, whichMayStack(), options.stackedBytes);
  stackOf.resize(choices.size());
  for (size_t stack = 0; stack < stacks.size(); ++stack)
    for (size_t i : stacks[stack])
      stackOf[i] = stack;
  if (!header.isCompact)
    chooseReader();
  for (size_t i = 0; i < choices.size(); ++i) {
    bool isKnown = getTraits(choices[i].element).reader <= newestReader;
    if (choices[i].reason.empty() && !isKnown)
      choices[i].reason =
          "integers are less than 1/" + std::to_string(newFormsShare) + " of the file";
    if (newestReader == 1 || !isKnown)
      stackOf[i].reset();
  }
}

} // namespace uwt
