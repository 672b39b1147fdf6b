//===- Block.cpp - The scheduler of a block -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/STLExtras.h"

namespace uwt::emulator {

uint64_t Random::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

unsigned threadsOf(const LaunchShape &shape) {
  return shape.block[0] * shape.block[1] * shape.block[2];
}

uint64_t sizeOf(const Launch &launch, const Allocation &allocation) {
  if (allocation.space == Space::Global)
    return launch.arguments[allocation.argument].bytes;
  return allocation.isDynamic ? launch.shape.dynamicSharedBytes : allocation.bytes;
}

static uint64_t arenaBytes(const Launch &launch) {
  return launch.program.sharedBytes + launch.shape.dynamicSharedBytes + 16;
}

Block::Block(Launch &launch, uint64_t seed)
    : launch(launch), actors{warpsOf(launch.shape), launch.program.barriers},
      shared(arenaBytes(launch)), shadow(arenaBytes(launch), launch.program.granule, actors),
      random(seed) {}

std::string Block::name() const {
  return "block (" + std::to_string(index[0]) + ", " + std::to_string(index[1]) + ", " +
         std::to_string(index[2]) + ")";
}

std::string Block::describeActor(const Conflict &conflict) const {
  std::string what = " that " + launch.program.describe(conflict.instruction);
  if (conflict.kind == Conflict::Proxy)
    return what + " of warp " + std::to_string(conflict.actor - 1) +
           " writes, with no proxy fence (nvvm.fence.proxy) between the two";
  if (actors.isProducts(conflict.actor))
    return what + " of warp " + std::to_string(conflict.actor - actors.products(0)) +
           " reads, without a wait for group " + std::to_string(conflict.time - 1) +
           " of its products";
  if (actors.isWarp(conflict.actor))
    return what + " of warp " + std::to_string(conflict.actor - 1) +
           (conflict.kind == Conflict::Read ? " reads" : " writes") +
           ", with no barrier between the two";
  if (actors.isBarrier(conflict.actor))
    return what + " writes, without a wait for phase " + std::to_string(conflict.time - 1) +
           " of mbarrier " + std::to_string(conflict.actor - 1 - actors.warps);
  return what + " writes, without a wait for group " + std::to_string(conflict.time - 1) +
         " of warp " + std::to_string(conflict.actor - 1 - actors.warps - actors.barriers);
}

bool Block::run(std::array<uint32_t, 3> place) {
  const LaunchShape &shape = launch.shape;
  index = place;
  number = (place[2] * shape.grid[1] + place[1]) * shape.grid[0] + place[0];
  // Marks of reads stay from block to block: their times are in the past.
  for (const auto &warp : warps)
    baseTime = std::max(baseTime, warp->ownTime());
  ++baseTime;
  shadow.reset();
  fenced.assign(actors.count(), 0);
  acquired.clear();
  releases = 0;
  atomicClocks.clear();
  copies.clear();
  barriers.assign(actors.barriers, {});
  for (unsigned w = warps.size(); w < actors.warps; ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
  for (const auto &warp : warps) {
    warp->restart();
    for (unsigned w = 0; w < actors.warps; ++w)
      warp->clock[actors.warp(w)] = w == warp->number ? baseTime + 1 : baseTime;
  }
  return takeTurns();
}

Warp *Block::pick() {
  llvm::SmallVector<Warp *, 32> ready;
  for (const auto &warp : warps) {
    if (warp->state == Warp::State::AtMBarrier && warp->pollWait()) {
      warp->state = Warp::State::Ready;
      ++warp->pc;
      ++launch.counters.barriers;
    }
    if (warp->state == Warp::State::Ready)
      ready.push_back(warp.get());
  }
  return ready.empty() ? nullptr : ready[random.below(ready.size())];
}

void Block::releaseBarrier() {
  Clock all = warps.front()->clock;
  for (const auto &warp : warps)
    join(all, warp->clock);
  for (const auto &warp : warps) {
    warp->clock = all;
    ++warp->ownTime();
    warp->state = Warp::State::Ready;
    ++warp->pc;
    ++launch.counters.barriers;
  }
}

bool Block::takeTurns() {
  auto isIn = [](Warp::State state) {
    return [state](const std::unique_ptr<Warp> &warp) { return warp->state == state; };
  };
  for (;; ++turn) {
    for (size_t i = copies.size(); i-- > 0;)
      if (i < copies.size() && copies[i].landsAt <= turn)
        land(i);
    if (Warp *warp = pick()) {
      // Short turns find other orders than long ones.
      uint64_t operations = 1 + random.below(random.below(2) == 0 ? 8 : 512);
      if (launch.operationsLeft < operations) {
        launch.error = "'" + launch.program.name + "': " + name() +
                       ": the launch has not ended within its limit of operations";
        return false;
      }
      launch.operationsLeft -= operations;
      if (!warp->run(operations))
        return false;
    } else if (llvm::all_of(warps, isIn(Warp::State::AtBarrier))) {
      releaseBarrier();
    } else if (!copies.empty()) {
      land(random.below(copies.size()));
    } else {
      return llvm::all_of(warps, isIn(Warp::State::Done)) || deadlock();
    }
  }
}

bool Block::deadlock() {
  std::string text = "'" + launch.program.name + "': " + name() + ": deadlock: ";
  for (size_t w = 0; w < warps.size(); ++w)
    text += (w ? "; " : "") + warps[w]->describe();
  launch.error = text;
  return false;
}

} // namespace uwt::emulator
