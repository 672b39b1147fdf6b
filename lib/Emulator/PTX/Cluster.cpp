//===- Cluster.cpp - The scheduler of a cluster of blocks -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator::ptx {

unsigned threadsOfBlock(const LaunchShape &shape) {
  return shape.block[0] * shape.block[1] * shape.block[2];
}

/// The smallest access to shared memory of the program: all are multiples of it.
static unsigned granuleOf(const Program &program) {
  unsigned granule = 16;
  for (const Instruction &code : program.code) {
    if (code.op == Op::Load || code.op == Op::Store || code.op == Op::Atomic) {
      bool isLoad = code.op == Op::Load;
      unsigned elements = isLoad ? code.results : code.op == Op::Store ? code.sources - 1 : 1;
      bool mayBeShared = code.space != Space::Global && code.space != Space::Param;
      if (mayBeShared)
        granule = std::min<unsigned>(granule, code.type.bits / 8 * elements);
    } else if (code.op == Op::AsyncCopy) {
      granule = std::min<unsigned>(granule, code.count);
    } else if (code.op == Op::MBarrierInit) {
      granule = std::min(granule, 8u);
    }
  }
  return granule;
}

Cluster::Cluster(Launch &launch, std::array<uint32_t, 3> index, uint64_t seed)
    : launch(launch), index(index),
      number((index[2] * launch.shape.grid[1] + index[1]) * launch.shape.grid[0] + index[0]),
      blocks(launch.program.clusterSize[0]),
      warpsInBlock((threadsOfBlock(launch.shape) + warpLanes - 1) / warpLanes),
      sharedBytes(launch.program.staticSharedBytes + launch.shape.dynamicSharedBytes),
      arenaBytes(llvm::alignTo(sharedBytes + 16, 1024)), actors{blocks * warpsInBlock},
      shared(blocks * arenaBytes),
      shadow(blocks * arenaBytes, granuleOf(launch.program), actors, warpsInBlock * warpLanes),
      ownFences(actors.threads()), random(seed) {
  // The clusters before had their shared memory here, perhaps.
  launch.forget(shared.data(), shared.size());
  for (unsigned w = 0; w < actors.warps; ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string Cluster::name(unsigned rank) const {
  return "block (" + std::to_string(index[0] + rank) + ", " + std::to_string(index[1]) + ", " +
         std::to_string(index[2]) + ")";
}

std::string Cluster::warpName(unsigned number) const {
  std::string text = "warp " + std::to_string(number % warpsInBlock);
  return blocks == 1 ? text : text + " of block rank " + std::to_string(number / warpsInBlock);
}

std::string Cluster::threadName(unsigned thread) const {
  return warpName(thread / warpLanes) + ", lane " + std::to_string(thread % warpLanes);
}

std::string Cluster::barrierName(const MBarrier &barrier) const {
  std::string text = "the mbarrier at " + sharedName(barrier.rank * arenaBytes + barrier.offset, 8);
  return blocks == 1 ? text : text + " of block rank " + std::to_string(barrier.rank);
}

std::string Cluster::sharedName(uint64_t byte, uint64_t bytes) const {
  uint64_t offset = byte % arenaBytes;
  for (const SharedVariable &variable : launch.program.shared) {
    uint64_t end = variable.isDynamic ? sharedBytes : variable.offset + variable.bytes;
    if (offset < variable.offset || offset >= end)
      continue;
    uint64_t begin = offset - variable.offset;
    return "bytes [" + std::to_string(begin) + ", " + std::to_string(begin + bytes) + ") of " +
           variable.name;
  }
  return "bytes [" + std::to_string(offset) + ", " + std::to_string(offset + bytes) +
         ") of shared memory";
}

std::string Cluster::describeBarrier(const MBarrier &barrier) const {
  return barrierName(barrier) + ", which is in phase " + std::to_string(barrier.phase) + " with " +
         std::to_string(barrier.pending) + " of " + std::to_string(barrier.count) +
         " arrivals pending and a tx-count of " + std::to_string(barrier.bytes);
}

std::string Cluster::describeConflict(const Conflict &conflict) const {
  std::string what = " that " + launch.program.describe(conflict.instruction);
  if (conflict.kind == Conflict::Proxy)
    return what + " of " + threadName(conflict.actor) +
           " writes, with no proxy fence (fence.proxy.async) between the two";
  if (actors.isThread(conflict.actor))
    return what + " of " + threadName(conflict.actor) +
           (conflict.kind == Conflict::Read ? " reads" : " writes") +
           ", with no barrier between the two";
  if (actors.isCopies(conflict.actor))
    return what + " of " + threadName(conflict.actor - actors.threads()) +
           " writes, without a wait for its asynchronous copies";
  if (!actors.isBarrier(conflict.actor))
    return what + " of " + warpName(conflict.actor - actors.products(0)) +
           " reads, without a wait for group " + std::to_string(conflict.time - 1) +
           " of its products";
  return what + " writes, without a wait for phase " + std::to_string(conflict.time - 1) + " of " +
         barrierName(*barriers[conflict.actor - actors.barrier(0)]);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

MBarrier *Cluster::findBarrier(uint64_t byte) {
  auto found = barrierNumbers.find(byte);
  return found == barrierNumbers.end() ? nullptr : barriers[found->second].get();
}

MBarrier &Cluster::addBarrier(uint64_t byte) {
  auto barrier = std::make_unique<MBarrier>();
  barrier->number = unsigned(barriers.size());
  barrier->rank = unsigned(byte / arenaBytes);
  barrier->offset = byte % arenaBytes;
  barrierNumbers[byte] = barrier->number;
  barriers.push_back(std::move(barrier));
  return *barriers.back();
}

void Cluster::removeBarrier(const MBarrier &barrier) {
  barrierNumbers.erase(barrier.rank * arenaBytes + barrier.offset);
}

bool Cluster::isBarrier(uint64_t byte, uint64_t bytes) const {
  return llvm::any_of(barrierNumbers, [&](const auto &entry) {
    return entry.first < byte + bytes && byte < entry.first + 8;
  });
}

bool Cluster::hasEnded(unsigned rank) const {
  return llvm::all_of(llvm::ArrayRef(warps).slice(rank * warpsInBlock, warpsInBlock),
                      [](const auto &warp) { return warp->hasEnded(); });
}

void Cluster::arriveAtBlock(unsigned rank, uint32_t barrier, uint32_t threads) {
  auto block = llvm::ArrayRef(warps).slice(rank * warpsInBlock, warpsInBlock);
  uint32_t come = 0, left = 0;
  for (const auto &warp : block) {
    left += llvm::popcount(warp->alive);
    for (const Group &group : warp->groups)
      if (group.state == Group::AtBarrier && group.barrier == barrier)
        come += llvm::popcount(group.mask);
  }
  // Without a count all threads that have not ended take part.
  if (come < (threads ? threads : left))
    return;
  auto all = std::make_shared<Knowledge>();
  for (const auto &warp : block)
    for (const Group &group : warp->groups)
      if (group.state == Group::AtBarrier && group.barrier == barrier)
        warp->release(group.mask, *all);
  for (const auto &warp : block)
    warp->leaveBarrier(barrier, all);
  ++progress;
}

void Cluster::settleBlock(unsigned rank) {
  for (const auto &warp : llvm::ArrayRef(warps).slice(rank * warpsInBlock, warpsInBlock))
    for (const Group &group : warp->groups)
      if (group.state == Group::AtBarrier)
        return arriveAtBlock(rank, group.barrier, group.threads);
}

void Cluster::settleCluster() {
  // Who has ended is not waited for.
  bool hasAny = false;
  for (const auto &warp : warps)
    for (uint32_t rest = warp->alive; rest; rest &= rest - 1) {
      hasAny = true;
      if (warp->clusterArrivals[llvm::countr_zero(rest)] == clusterPhase)
        return;
    }
  if (!hasAny)
    return;
  ++clusterPhase;
  clusterReleased = std::make_shared<Knowledge>(clusterArrived);
  ++progress;
  for (const auto &warp : warps)
    warp->leaveCluster();
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

bool Cluster::run() {
  llvm::SmallVector<Warp *, 32> ready;
  for (;; ++turn) {
    for (size_t i = copies.size(); i-- > 0;)
      if (i < copies.size() && copies[i].landsAt <= turn && !land(i))
        return false;
    ready.clear();
    for (const auto &warp : warps)
      if (warp->isReady())
        ready.push_back(warp.get());
    if (!ready.empty()) {
      Warp *warp = ready[random.below(ready.size())];
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
    } else if (!copies.empty()) {
      if (!land(random.below(copies.size())))
        return false;
    } else {
      return llvm::all_of(warps, [](const auto &warp) { return warp->hasEnded(); }) || deadlock();
    }
  }
}

bool Cluster::deadlock() {
  std::string text;
  for (const auto &warp : warps)
    if (!warp->hasEnded())
      text += (text.empty() ? "" : "; ") + warp->describe();
  launch.error = "'" + launch.program.name + "': " + name(0) + ": deadlock: " + text;
  return false;
}

} // namespace uwt::emulator::ptx
