//===- ContainerStacks.cpp - Tensors that are stored as one ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule file-12 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "ContainerState.h"
#include "uwt/Support/Suggest.h"

namespace uwt {

void Container::State::joinStack(size_t i, size_t first, uint64_t member) {
  const TensorEntry &stored = entries[first];
  TensorEntry &entry = entries[i];
  entry.stack = stored.name;
  entry.member = member;
  sources[i].stack = first;
  if (auto hashes = memberHashes.find(first);
      hashes != memberHashes.end() && member < hashes->second.size())
    entry.sha256 = hashes->second[member];
  if (i == first)
    return;
  entry.format = stored.format;
  entry.element = stored.element;
  entry.planeBytes = stored.planeBytes;
  entry.indexChecksum = stored.indexChecksum;
  entry.members = stored.members;
  sources[i].planes = sources[first].planes;
}

/// file-12: the members of stacks are those tensors that have neither an entry nor bytes of their
/// own. Of equal dtype and shape, they belong to the stack that began last.
Status Container::State::linkMembers() {
  struct OpenStack {
    size_t first;
    uint64_t joined;
  };
  std::map<std::pair<const SafetensorsDtype *, std::vector<uint64_t>>, OpenStack> open;
  auto isFull = [&](const OpenStack &stack) {
    return stack.joined == entries[stack.first].members;
  };
  std::map<const SafetensorsDtype *, OpenJoin> openBundles;
  for (size_t i : original->dataOrder()) {
    TensorEntry &entry = entries[i];
    bool isFirst = entry.members > 1;
    bool isStored =
        entry.compressed() || entry.isPacked() || entry.isDifference() || !entry.sameAs.empty();
    if (!isFirst && (isStored || sources[i].raw))
      continue;
    auto found = open.find({entry.dtype, entry.shape});
    bool isOpen = found != open.end() && !isFull(found->second);
    if (entry.bundle || (compactEntries && !isFirst && !isOpen)) {
      UWT_RETURN_IF_ERROR(linkBundled(i, openBundles));
      continue;
    }
    if (isFirst == isOpen)
      return invalidError(tensorLabel(entry) +
                          (isOpen ? ": its stack begins before another one of the same dtype and "
                                    "shape is complete"
                                  : ": the original has this tensor, the file does not"));
    if (isFirst) {
      open[{entry.dtype, entry.shape}] = {i, 0};
      found = open.find({entry.dtype, entry.shape});
    }
    joinStack(i, found->second.first, found->second.joined++);
  }
  for (const auto &[key, stack] : open)
    if (!isFull(stack))
      return invalidError(tensorLabel(entries[stack.first]) + ": its stack has " +
                          std::to_string(entries[stack.first].members) +
                          " members, but the original has " + std::to_string(stack.joined) +
                          " tensors for it");
  UWT_RETURN_IF_ERROR(checkBundlesComplete(openBundles));
  shareStoredBytes();
  return ok();
}

void Container::State::shareStoredBytes() {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!sources[i].stack)
      continue;
    uint64_t all = 0;
    for (uint64_t bytes : entries[i].planeBytes)
      all += paddedPlaneBytes(bytes, planePadding);
    entries[i].storedBytes = shareOf(all, entries[i].member, entries[i].members);
  }
}

Expected<std::shared_ptr<const TensorDecoder>>
StackDecoders::find(size_t first, const std::function<Expected<TensorDecoder>()> &open) {
  Opened &here = opened.get();
  std::lock_guard lock(here.mutex);
  auto [at, isNew] = here.stacks.try_emplace(first);
  Stack &stack = at->second;
  if (isNew) {
    Expected<TensorDecoder> decoder = open();
    if (decoder)
      stack.decoder = std::make_shared<const TensorDecoder>(*std::move(decoder));
    else
      stack.error = decoder.takeError();
  }
  if (stack.error)
    return Error(stack.error->getKind(), stack.error->message());
  return stack.decoder;
}

} // namespace uwt
