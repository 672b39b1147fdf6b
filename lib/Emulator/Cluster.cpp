//===- Cluster.cpp - The scheduler of a cluster of blocks -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator {

unsigned threadsOf(const LaunchShape &shape) {
  return shape.block[0] * shape.block[1] * shape.block[2];
}

uint64_t sizeOf(const Launch &launch, const Allocation &allocation) {
  if (allocation.space == Space::Global)
    return launch.arguments[allocation.argument].bytes;
  return allocation.isDynamic ? launch.shape.dynamicSharedBytes : allocation.bytes;
}

/// Shared memory of a block; begins at the same offset of all banks in each.
static uint64_t arenaBytesOf(const Launch &launch) {
  return llvm::alignTo(launch.program.sharedBytes + launch.shape.dynamicSharedBytes + 16, 1024);
}

Cluster::Cluster(Launch &launch, uint64_t seed)
    : launch(launch), blocks(launch.program.clusterBlocks), arenaBytes(arenaBytesOf(launch)),
      actors{blocks * warpsOf(launch.shape), blocks * launch.program.barriers},
      shared(blocks * arenaBytes), shadow(blocks * arenaBytes, launch.program.granule, actors),
      random(seed) {}

std::string Cluster::name(unsigned rank) const {
  return "block (" + std::to_string(index[0] + rank) + ", " + std::to_string(index[1]) + ", " +
         std::to_string(index[2]) + ")";
}

std::string Cluster::nameInCluster(const char *kind, unsigned number, unsigned ofEach) const {
  std::string text = kind + std::to_string(number % ofEach);
  return blocks == 1 ? text : text + " of block rank " + std::to_string(number / ofEach);
}

std::string Cluster::warpName(unsigned number) const {
  return nameInCluster("warp ", number, warpsOf(launch.shape));
}

std::string Cluster::barrierName(unsigned number) const {
  return nameInCluster("mbarrier ", number, launch.program.barriers);
}

std::string Cluster::describeActor(const Conflict &conflict) const {
  std::string what = " that " + launch.program.describe(conflict.instruction);
  if (conflict.kind == Conflict::Proxy)
    return what + " of " + warpName(conflict.actor - 1) +
           " writes, with no proxy fence (nvvm.fence.proxy) between the two";
  if (actors.isProducts(conflict.actor))
    return what + " of " + warpName(conflict.actor - actors.products(0)) +
           " reads, without a wait for group " + std::to_string(conflict.time - 1) +
           " of its products";
  if (actors.isWarp(conflict.actor))
    return what + " of " + warpName(conflict.actor - 1) +
           (conflict.kind == Conflict::Read ? " reads" : " writes") +
           ", with no barrier between the two";
  if (actors.isBarrier(conflict.actor))
    return what + " writes, without a wait for phase " + std::to_string(conflict.time - 1) +
           " of " + barrierName(conflict.actor - 1 - actors.warps);
  return what + " writes, without a wait for group " + std::to_string(conflict.time - 1) + " of " +
         warpName(conflict.actor - 1 - actors.warps - actors.barriers);
}

bool Cluster::run(std::array<uint32_t, 3> coordinate) {
  const LaunchShape &shape = launch.shape;
  index = coordinate;
  number = (coordinate[2] * shape.grid[1] + coordinate[1]) * shape.grid[0] + coordinate[0];
  // Marks of reads stay from cluster to cluster: their times are in the past.
  for (const auto &warp : warps)
    baseTime = std::max(baseTime, warp->ownTime());
  ++baseTime;
  shadow.reset();
  fenced.assign(actors.count(), 0);
  acquired.clear();
  releases = 0;
  atomicClocks.clear();
  copies.clear();
  arrivals.clear();
  barriers.assign(actors.barriers, {});
  clusterBarrier = {};
  clusterBarrier.arrived.assign(actors.count(), 0);
  for (unsigned w = warps.size(); w < actors.warps; ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
  for (const auto &warp : warps) {
    warp->restart();
    for (unsigned w = 0; w < actors.warps; ++w)
      warp->clock[actors.warp(w)] = w == warp->number ? baseTime + 1 : baseTime;
  }
  return takeTurns();
}

Warp *Cluster::pick() {
  llvm::SmallVector<Warp *, 32> ready;
  for (const auto &warp : warps) {
    bool hasCome = (warp->state == Warp::State::AtMBarrier && warp->pollWait()) ||
                   (warp->state == Warp::State::AtCluster && warp->pollCluster());
    if (hasCome) {
      warp->state = Warp::State::Ready;
      ++warp->pc;
      ++launch.counters.barriers;
    }
    if (warp->state == Warp::State::Ready)
      ready.push_back(warp.get());
  }
  return ready.empty() ? nullptr : ready[random.below(ready.size())];
}

llvm::ArrayRef<std::unique_ptr<Warp>> Cluster::warpsOfBlock(unsigned rank) const {
  size_t count = warpsOf(launch.shape);
  return llvm::ArrayRef(warps).slice(rank * count, count);
}

bool Cluster::hasEnded(unsigned rank) const {
  return llvm::all_of(warpsOfBlock(rank),
                      [](const auto &warp) { return warp->state == Warp::State::Done; });
}

bool Cluster::releaseBarrier() {
  for (unsigned rank = 0; rank < blocks; ++rank)
    if (llvm::all_of(warpsOfBlock(rank),
                     [](const auto &warp) { return warp->state == Warp::State::AtBarrier; })) {
      releaseBarrier(rank);
      return true;
    }
  return false;
}

void Cluster::arriveAtCluster(const Warp &warp, bool isRelaxed) {
  uint32_t &known = clusterBarrier.arrived[actors.warp(warp.number)];
  if (isRelaxed)
    known = std::max(known, warp.initFenced);
  else
    join(clusterBarrier.arrived, warp.clock);
  settleCluster();
}

void Cluster::settleCluster() {
  // Who has ended is not waited for.
  for (const auto &warp : warps)
    if (warp->state != Warp::State::Done && warp->clusterArrivals == clusterBarrier.phase)
      return;
  ++clusterBarrier.phase;
  clusterBarrier.released = clusterBarrier.arrived;
}

void Cluster::releaseBarrier(unsigned rank) {
  Clock all = warpsOfBlock(rank).front()->clock;
  for (const auto &warp : warpsOfBlock(rank)) {
    warp->shareAcquired();
    join(all, warp->clock);
  }
  for (const auto &warp : warpsOfBlock(rank)) {
    warp->clock = all;
    ++warp->ownTime();
    warp->state = Warp::State::Ready;
    ++warp->pc;
    ++launch.counters.barriers;
  }
}

bool Cluster::takeTurns() {
  for (;; ++turn) {
    for (size_t i = copies.size(); i-- > 0;)
      if (i < copies.size() && copies[i].landsAt <= turn && !land(i))
        return false;
    if (Warp *warp = pick()) {
      // Short turns find other orders than long ones.
      uint64_t operations = 1 + random.below(random.below(2) == 0 ? 8 : 512);
      if (launch.operationsLeft < operations) {
        launch.error = "'" + launch.program.name + "': " + name(warp->rank) +
                       ": the launch has not ended within its limit of operations";
        return false;
      }
      launch.operationsLeft -= operations;
      if (!warp->run(operations))
        return false;
    } else if (releaseBarrier()) {
      continue;
    } else if (!copies.empty()) {
      if (!land(random.below(copies.size())))
        return false;
    } else {
      bool isDone =
          llvm::all_of(warps, [](const auto &warp) { return warp->state == Warp::State::Done; });
      return isDone || deadlock();
    }
  }
}

bool Cluster::deadlock() {
  std::string text = "'" + launch.program.name + "': " + name(0) + ": deadlock: ";
  for (size_t w = 0; w < warps.size(); ++w)
    text += (w ? "; " : "") + warps[w]->describe();
  launch.error = text;
  return false;
}

} // namespace uwt::emulator
