//===- Coherence.cpp - Strong reads and writes ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Memory Consistency Model". Strong accesses (relaxed, volatile, acquire, release,
// atomic) whose scopes include each other's thread may race. What such a store of another thread
// writes becomes visible late, and in any order with its other stores: a strong read takes the
// newest write or, by the seed, an older one, but none that is older than a write that it is
// ordered behind, or than one that a read before it has seen (coherence). Updates read the newest
// one (atomicity). Weak accesses that nothing orders are errors (Memory.cpp), so that they need no
// choice. What is not modelled: a read that sees a store which runs after it (load buffering).
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/STLExtras.h"
#include <bit>
#include <cstring>

namespace uwt::emulator::ptx {

static bool isReleasing(Order order) {
  return order == Order::Release || order == Order::AcquireRelease ||
         order == Order::SequentiallyConsistent;
}

static bool isAcquiring(Order order) {
  return order == Order::Acquire || order == Order::AcquireRelease ||
         order == Order::SequentiallyConsistent;
}

static constexpr uint64_t wordBytes = 4;

static uint64_t keyOf(const uint8_t *data) {
  return std::bit_cast<uint64_t>(data) / wordBytes * wordBytes;
}

StrongHistory *Launch::historyOf(const uint8_t *data, unsigned bytes) {
  auto found = strong.find(keyOf(data));
  bool isSame = found != strong.end() && found->second.data == data && found->second.bytes == bytes;
  return isSame ? &found->second : nullptr;
}

void Launch::forget(const uint8_t *data, uint64_t bytes) {
  if (bytes / wordBytes <= strong.size()) {
    for (uint64_t at = 0; at < bytes; at += wordBytes)
      strong.erase(keyOf(data + at));
    return;
  }
  llvm::SmallVector<uint64_t> keys;
  for (const auto &[key, history] : strong)
    if (history.data >= data && history.data < data + bytes)
      keys.push_back(key);
  for (uint64_t key : keys)
    strong.erase(key);
}

const StrongWrite *Warp::observe(unsigned lane, StrongHistory &history, bool isUpdate) {
  size_t newest = history.writes.size() - 1, oldest = newest;
  auto isSeen = [&](const StrongWrite &write) {
    return isBehind(lane, write.by) ||
           llvm::any_of(write.readers, [&](const auto &each) { return isBehind(lane, each); });
  };
  while (oldest > 0 && !isSeen(history.writes[oldest]))
    --oldest;
  bool isLate = !isUpdate && oldest < newest && cluster.random.below(2) == 0;
  size_t chosen = isLate ? oldest + cluster.random.below(newest - oldest) : newest;
  StrongWrite &write = history.writes[chosen];
  GlobalAccess reader{cluster.number + 1, now, uint32_t(current), uint16_t(thread(lane)), 0, 0};
  auto *mine = llvm::find_if(write.readers, [&](const GlobalAccess &each) {
    return each.cluster == reader.cluster && each.thread == reader.thread;
  });
  if (mine == write.readers.end())
    write.readers.push_back(reader);
  return &write;
}

uint64_t Warp::readStrong(unsigned lane, const uint8_t *data, unsigned bytes,
                          const Instruction &code, bool isUpdate) {
  StrongHistory *history = cluster.launch.historyOf(data, bytes);
  if (!history)
    return readBytes(data, bytes);
  const StrongWrite *write = observe(lane, *history, isUpdate);
  for (uint32_t i = write->firstRelease; i < write->endRelease; ++i) {
    const Release &release = history->releases[i];
    if (!reach(code.scope, release))
      continue;
    if (isAcquiring(code.order))
      acquireFrom(lane, release);
    else
      pendingAcquires[lane].push_back(release);
  }
  return write->value;
}

void Warp::releaseWith(unsigned lane, const Instruction &code, std::vector<Release> &releases) {
  if (isReleasing(code.order))
    releases.push_back({cluster.number, rank, code.scope, publish(lane)});
  else if (fenceRelease[lane])
    releases.push_back(
        {cluster.number, rank, std::min(code.scope, fenceScope[lane]), fenceRelease[lane]});
  bool isOrdered = isReleasing(code.order) && isAcquiring(code.order) && code.scope >= Scope::Gpu;
  unordered[lane] = isOrdered ? -1 : int64_t(current);
}

void Warp::writeStrong(unsigned lane, uint8_t *data, unsigned bytes, uint64_t value,
                       const Instruction &code, bool isUpdate) {
  // Older ones than these are visible to all: that is allowed, too.
  constexpr size_t keptWrites = 8;
  if (!cluster.launch.historyOf(data, bytes)) {
    StrongHistory fresh{data, bytes, {}, {}};
    fresh.writes.push_back({readBytes(data, bytes), {}, 0, 0, {}});
    cluster.launch.strong[keyOf(data)] = std::move(fresh);
  }
  StrongHistory &history = *cluster.launch.historyOf(data, bytes);
  StrongWrite write;
  write.value = value;
  write.by = {cluster.number + 1, now, uint32_t(current), uint16_t(thread(lane)), 0, 0};
  write.firstRelease =
      isUpdate ? history.writes.back().firstRelease : uint32_t(history.releases.size());
  releaseWith(lane, code, history.releases);
  write.endRelease = uint32_t(history.releases.size());
  if (history.writes.size() == keptWrites)
    history.writes.erase(history.writes.begin());
  history.writes.push_back(std::move(write));
  std::memcpy(data, &value, bytes);
}

} // namespace uwt::emulator::ptx
