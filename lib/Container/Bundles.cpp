//===- Bundles.cpp - Tensors too small to be coded alone ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bundles.h"
#include "ContainerState.h"
#include <map>

namespace uwt {

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

std::vector<std::vector<size_t>> findBundles(const Original &original,
                                             std::span<const Choice> choices,
                                             std::span<const std::optional<size_t>> shared) {
  struct Growing {
    size_t bundle = 0;
    uint64_t bytes = bundleBytes;
  };
  const SafetensorsHeader &header = original.header();
  std::vector<std::vector<size_t>> bundles;
  std::map<const SafetensorsDtype *, Growing> growing;
  for (size_t i : header.dataOrder()) {
    uint64_t bytes = header.tensors[i].bytes();
    if (shared[i] || !choices[i].isTooSmall || bytes > bundledTensorBytes)
      continue;
    Growing &bundle = growing[header.tensors[i].dtype];
    if (bytes > bundleBytes - bundle.bytes || bundle.bytes == bundleBytes) {
      bundle = {bundles.size(), 0};
      bundles.emplace_back();
    }
    bundles[bundle.bundle].push_back(i);
    bundle.bytes += bytes;
  }
  return bundles;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Expected<std::shared_ptr<const OpenBundle>>
OpenBundles::find(size_t first, const std::function<Expected<OpenBundle>()> &open) {
  // One of each dtype that a model has, and some more.
  constexpr size_t limit = 8;
  Opened &here = opened.get();
  std::lock_guard lock(here.mutex);
  for (const auto &[entry, bundle] : here.bundles)
    if (entry == first)
      return bundle;
  UWT_ASSIGN_OR_RETURN(OpenBundle decoded, open());
  if (here.bundles.size() == limit)
    here.bundles.erase(here.bundles.begin());
  here.bundles.emplace_back(first, std::make_shared<const OpenBundle>(std::move(decoded)));
  return here.bundles.back().second;
}

void Container::State::joinBundle(size_t i, OpenJoin &join) {
  TensorEntry &entry = entries[i];
  const TensorEntry &bundle = *entries[join.first].bundle;
  entry.bundle = entries[join.first].bundle;
  entry.bundleNumber = join.joined++;
  entry.bundleBegin = join.bytes;
  join.bytes += entry.bytes;
  entry.storedBytes =
      shareOfRange(bundle.storedBytes, entry.bundleBegin, entry.bytes, bundle.bytes);
  sources[i].bundle = join.first;
  auto hashes = memberHashes.find(join.first);
  if (hashes != memberHashes.end() && entry.bundleNumber < hashes->second.size())
    entry.sha256 = hashes->second[entry.bundleNumber];
}

/// file-15: a tensor that has nothing of its own is the next one of the bundle of its dtype that
/// began last. Called for such tensors and for the first ones, in the order of the data.
Status Container::State::linkBundled(size_t i, std::map<const SafetensorsDtype *, OpenJoin> &open) {
  TensorEntry &entry = entries[i];
  OpenJoin &join = open[entry.dtype];
  bool isOpen = join.joined < join.count;
  if (bool isFirst = entry.bundle != nullptr; isFirst == isOpen)
    return invalidError(tensorLabel(entry) +
                        (isOpen ? ": its bundle begins before another one of the same dtype is "
                                  "complete"
                                : ": the original has this tensor, the file does not"));
  if (!isOpen)
    join = {i, 0, 0, entry.bundle->bundled};
  const TensorEntry &bundle = *entries[join.first].bundle;
  if (entry.bytes > bundle.bytes - join.bytes)
    return invalidError(tensorLabel(entry) + ": is not all in its bundle, which has " +
                        std::to_string(bundle.bytes) + " bytes");
  joinBundle(i, join);
  if (join.joined == join.count && join.bytes != bundle.bytes)
    return invalidError(tensorLabel(bundle) + ": its bundle has " + std::to_string(bundle.bytes) +
                        " bytes, but its tensors have " + std::to_string(join.bytes));
  return ok();
}

Status Container::State::checkBundlesComplete(
    const std::map<const SafetensorsDtype *, OpenJoin> &open) const {
  for (const auto &[dtype, join] : open)
    if (join.joined != join.count)
      return invalidError(tensorLabel(entries[join.first]) + ": its bundle has " +
                          std::to_string(join.count) + " tensors, but the original has " +
                          std::to_string(join.joined) + " for it");
  return ok();
}

Expected<std::shared_ptr<const OpenBundle>> Container::State::openBundle(size_t first) const {
  const TensorEntry &bundle = *entries[first].bundle;
  return bundles.find(first, [&]() -> Expected<OpenBundle> {
    UWT_ASSIGN_OR_RETURN(TensorDecoder decoder, openStored(bundle, sources[first].planes));
    std::vector<uint8_t> bytes(bundle.bytes);
    ThreadPool one(1);
    UWT_RETURN_IF_ERROR(decoder.decode(bytes, one, {options.path, options.check, options.times}));
    return OpenBundle{std::move(decoder), std::move(bytes)};
  });
}

} // namespace uwt
