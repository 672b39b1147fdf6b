//===- CompressCompact.cpp - The compact form of a file -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompactHeader.h"
#include "FileCompressor.h"
#include <algorithm>

namespace uwt {

/// The compact form is used where what it makes smaller is at least this share of the data
/// (choice-11).
static constexpr uint64_t compactShare = 1024;
/// Elements of a row of a bundle: most lengths of small tensors are multiples of it.
static constexpr uint32_t bundleRow = 128;

/// choice-11: returns whether the file has so few tensors, all of them to be packed, that the older
/// form takes less than the compact one's two tensors.
bool FileCompressor::isTinyWhenPacked() const {
  constexpr size_t fewTensors = 2;
  return packedAs.size() <= fewTensors &&
         std::ranges::all_of(packedAs, [](const auto &choice) { return choice.has_value(); });
}

/// choice-11: whether the original's header and the tensors of bundles are enough of the file.
void FileCompressor::chooseCompact() {
  bundleOf.resize(choices.size());
  // Differences are found by the names of tensors, which have entries of their own.
  if (options.base)
    return;
  std::vector<std::vector<size_t>> found = findBundles(original, choices, shared);
  uint64_t bytes = original.headerText().size();
  for (const std::vector<size_t> &bundle : found)
    for (size_t i : bundle)
      bytes += original.header().tensors[i].bytes();
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  // `smallest` has it for its header alone, where planes are gathered anyway.
  bool isWanted = policy && *policy == FormatPolicy::Smallest && dataBytes() < gatheredData &&
                  options.compactBytes != UINT64_MAX && wantsCompact && !isTinyWhenPacked();
  if (!isWanted && bytes < std::max(dataBytes() / compactShare, options.compactBytes))
    return;
  header.isCompact = true;
  newestReader = containerReader;
  spool.padding = header.planePadding();
  bundles = std::move(found);
  for (size_t bundle = 0; bundle < bundles.size(); ++bundle)
    for (size_t i : bundles[bundle])
      bundleOf[i] = bundle;
}

//===----------------------------------------------------------------------===//
// Bundles
//===----------------------------------------------------------------------===//

/// choice-12: rows that mostly have the elements of one tensor, which row classes tell from others.
Format FileCompressor::inBundleOrder(const Format &format, std::span<const size_t> members) const {
  ElementType element = choices[members[0]].element;
  Format rows = format;
  rows.layout = Layout::RowMajor;
  rows.fold = {Fold::Kind::Flat, bundleRow};
  bool hasOrder = format.fold != Fold() || format.layout != Layout::Fragment16x16 ||
                  format.storage != Storage::NMajor;
  bool takesRows = format.codec.keyword.empty() || checkFormat(rows, element);
  if (!hasOrder && takesRows && getTraits(element).signBits != 0)
    return rows;
  return inChosenOrder(format, element, asBundle(members).stored().shape);
}

/// The entry of a bundle, without what coding finds out.
TensorEntry FileCompressor::asBundle(std::span<const size_t> members) const {
  TensorEntry bundle = header.tensors[members[0]].entry;
  bundle.bytes = 0;
  for (size_t i : members)
    bundle.bytes += header.tensors[i].entry.bytes;
  bundle.shape = {bundle.bytes * 8 / bundle.dtype->bits};
  bundle.element = choices[members[0]].element;
  bundle.format = Format();
  bundle.bundled = members.size();
  bundle.sha256.clear();
  return bundle;
}

Status FileCompressor::keepBundle(TensorEntry candidate, std::span<const size_t> members,
                                  const EncodedTensor &encoded) {
  UWT_RETURN_IF_ERROR(spool.keep());
  auto bundle = std::make_shared<const TensorEntry>(std::move(candidate));
  uint64_t begin = 0;
  for (size_t m = 0; m < members.size(); ++m) {
    TensorEntry &entry = header.tensors[members[m]].entry;
    TensorReport &line = report.tensors[members[m]];
    auto share = [&](uint64_t all) { return shareOfRange(all, begin, entry.bytes, bundle->bytes); };
    entry.bundle = bundle;
    entry.bundleNumber = m;
    entry.bundleBegin = begin;
    entry.storedBytes = share(bundle->storedBytes);
    line.format = bundle->format->str();
    line.bundled = members.size();
    line.escapes = share(encoded.escapes);
    line.panels = share(encoded.panels);
    line.panelsAsWords = share(encoded.panelsAsWords);
    for (unsigned k = 0; k < planeKinds; ++k)
      line.planeBytes[k] = share(bundle->planeBytes[k]);
    begin += entry.bytes;
  }
  header.tensors[members[0]].members.assign(members.begin(), members.end());
  return ok();
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// file-13: raw tensors, which follow, are aligned to their elements.
Status FileCompressor::padPlanes() {
  if (!header.isCompact)
    return ok();
  uint64_t bytes = data.size();
  UWT_RETURN_IF_ERROR(data.pad(bytes, compactPlanesAlignment));
  header.planesBytes = data.size();
  report.headerBytes += header.planesBytes - bytes;
  return ok();
}

/// file-13: the last tensor of the file.
Status FileCompressor::addCompactHeader() {
  header.compressText();
  if (header.textBytes > safetensorsHeaderLimit)
    return headerLimitError(header.textBytes);
  header.textBegin = data.size();
  report.headerBytes += header.compressedText.size();
  return data.append(header.compressedText);
}

} // namespace uwt
