//===- Copies.cpp - Asynchronous copies -----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bulk copies are of the asynchronous proxy (PTX ISA, "Async proxy"): barriers that threads
// initialised and bytes that they wrote need a fence before it sees them. Bytes of a bulk copy
// belong to the phase of its mbarrier that was open when it was issued: only who has acquired that
// phase may touch them. Copies land at once, late, or as late as can be, by the seed.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace uwt::emulator::ptx {

bool Warp::bulkCopy(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    uint64_t to = value(sources[0], lane), bytes = value(sources[2], lane) & 0xffffffff;
    uint64_t barrier = value(sources[3], lane);
    if (bytes == 0 || bytes % 16 != 0 || bytes >= 1u << 20)
      return fault(lane, "copies " + llvm::Twine(bytes) +
                             " bytes; a bulk copy takes a multiple of 16, from 16 to 1048560");
    std::optional<Location> source =
        resolve(lane, Space::Global, value(sources[1], lane), bytes, "copies");
    if (!source || !checkGlobal(lane, *source, bytes, Action::Read))
      return false;
    ++cluster.launch.counters.bulkCopies;
    cluster.launch.counters.bulkBytes += bytes;
    uint64_t ranks = code.flag ? value(sources[4], lane) & 0xffff : 0;
    if (code.flag && ranks == 0)
      return fault(lane, "copies to no block: the multicast mask is 0");
    if (!code.flag && !copyTo(lane, *source, to, barrier, bytes))
      return false;
    // The offset in each block is the destination's.
    uint64_t offsets = (uint64_t(1) << rankShift) - 1;
    for (; ranks; ranks &= ranks - 1) {
      uint64_t block = uint64_t(llvm::countr_zero(ranks) + 1) << rankShift;
      if (!needBlock(lane, llvm::countr_zero(ranks)) ||
          !copyTo(lane, *source, block | (to & offsets), block | (barrier & offsets), bytes))
        return false;
    }
  }
  return true;
}

bool Warp::copyTo(unsigned lane, const Location &source, uint64_t to, uint64_t barrierAddress,
                  uint64_t bytes) {
  std::optional<Location> location =
      resolve(lane, Space::SharedCluster, to & ~sharedWindow, bytes, "copies over");
  MBarrier *barrier =
      location ? usableBarrier(lane, Space::SharedCluster, barrierAddress & ~sharedWindow)
               : nullptr;
  if (!barrier)
    return false;
  if (barrier->rank != location->number)
    return fault(lane, "copies to block rank " + llvm::Twine(location->number) +
                           " and completes on an mbarrier of block rank " +
                           llvm::Twine(barrier->rank));
  if (!barrier->isFenced)
    return fault(lane, "completes on " + cluster.barrierName(*barrier) + ", which " +
                           cluster.threadName(barrier->initThread) +
                           " initialises, with no fence.mbarrier_init or proxy fence after");
  uint64_t byte = location->number * cluster.arenaBytes + location->offset;
  if (cluster.isBarrier(byte, bytes))
    return fault(lane, "copies over an mbarrier at " + cluster.sharedName(byte, bytes));
  if (Conflict conflict =
          cluster.shadow.checkProxy(fenced[lane].get(), cluster.ownFences, byte, bytes))
    return faultShared(lane, "copies over", byte, bytes, conflict);
  Accessor who = accessor(lane);
  who.actor = cluster.actors.barrier(barrier->number);
  who.time = barrier->phase + 1;
  if (Conflict conflict = cluster.shadow.write(who, byte, bytes, true))
    return faultShared(lane, "copies over", byte, bytes, conflict);
  Copy copy{source.data, byte, bytes, 0, int32_t(barrier->number)};
  copy.isBehindGrid = known[lane]->isBehindGrid;
  cluster.start(copy);
  return true;
}

bool Warp::asyncCopy(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  uint64_t bytes = code.count;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    uint64_t read = sources.size() > 2 ? value(sources[2], lane) & 0xffffffff : bytes;
    if (read > bytes)
      return fault(lane,
                   "reads " + llvm::Twine(read) + " bytes for a copy of " + llvm::Twine(bytes));
    std::optional<Location> to =
        resolve(lane, Space::Shared, value(sources[0], lane), bytes, "copies over");
    if (!to)
      return false;
    const uint8_t *data = nullptr;
    // What is not read need not be there.
    if (read > 0) {
      std::optional<Location> from =
          resolve(lane, Space::Global, value(sources[1], lane), read, "copies");
      if (!from || !checkGlobal(lane, *from, read, Action::Read))
        return false;
      data = from->data;
    }
    uint64_t byte = rank * cluster.arenaBytes + to->offset;
    if (cluster.isBarrier(byte, bytes))
      return fault(lane, "copies over an mbarrier at " + cluster.sharedName(byte, bytes));
    Accessor who = accessor(lane);
    who.actor = cluster.actors.copies(thread(lane));
    who.time = ++issued[lane];
    if (Conflict conflict = cluster.shadow.write(who, byte, bytes, true))
      return faultShared(lane, "copies over", byte, bytes, conflict);
    cluster.start({data, byte, read, bytes - read, -1, thread(lane), issued[lane]});
  }
  countAccess(Location::Global, bytes, mask, false);
  return true;
}

bool Warp::asyncArrive(const Instruction &code, uint32_t mask) {
  const Operand &address = cluster.launch.program.sourcesOf(code)[0];
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    MBarrier *barrier = usableBarrier(lane, code.space, value(address, lane));
    if (!barrier)
      return false;
    // Without .noinc the arrival is one more of the phase.
    if (!code.flag)
      ++barrier->pending;
    auto knowledge = std::make_shared<Knowledge>();
    release(1u << lane, *knowledge);
    knowledge->own.raise(cluster.actors.copies(thread(lane)), issued[lane]);
    cluster.asyncArrivals.push_back({barrier->number, thread(lane), issued[lane], knowledge});
    if (!cluster.arriveAsync(thread(lane)))
      return false;
  }
  ++cluster.launch.counters.barriers;
  return true;
}

void Warp::asyncCommit(uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    committed[lane].push_back(issued[lane]);
  }
}

void Warp::asyncWait(uint32_t mask, unsigned groupsLeft) {
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    size_t groups = committed[lane].size();
    if (groups <= groupsLeft)
      continue;
    // A lane waits for its own copies alone.
    uint32_t sequence = committed[lane][groups - 1 - groupsLeft];
    if (landed[lane] >= sequence)
      continue;
    cluster.landThread(thread(lane), sequence);
    landed[lane] = sequence;
  }
}

//===----------------------------------------------------------------------===//
// What is under way
//===----------------------------------------------------------------------===//

void Cluster::start(Copy copy) {
  // One in four at once, one in four as late as can be, the rest between.
  uint64_t lot = random.below(4);
  copy.landsAt = lot == 0 ? 0 : lot == 1 ? UINT64_MAX : turn + 1 + random.below(64);
  copies.push_back(copy);
  // Its block is there: who issued it has looked.
  if (lot == 0)
    (void)land(copies.size() - 1);
}

bool Cluster::land(size_t position) {
  Copy copy = copies[position];
  copies[position] = copies.back();
  copies.pop_back();
  unsigned rank = copy.destination / arenaBytes;
  if (blocks > 1 && hasEnded(rank)) {
    launch.error = "'" + launch.program.name + "': " + name(rank) +
                   " has ended while a copy into its shared memory was under way: let it wait for "
                   "the cluster (barrier.cluster.wait)";
    return false;
  }
  if (copy.bytes)
    std::memcpy(shared.data() + copy.destination, copy.source, copy.bytes);
  std::memset(shared.data() + copy.destination + copy.bytes, 0, copy.zeros);
  launch.forget(shared.data() + copy.destination, copy.bytes + copy.zeros);
  shadow.land(copy.destination, copy.bytes + copy.zeros);
  ++progress;
  if (copy.barrier < 0)
    return arriveAsync(copy.thread);
  MBarrier &barrier = *barriers[copy.barrier];
  barrier.bytes -= int64_t(copy.bytes);
  barrier.arrived.isBehindGrid |= copy.isBehindGrid;
  settle(barrier);
  return true;
}

void Cluster::landThread(unsigned thread, uint32_t sequence) {
  for (size_t i = copies.size(); i-- > 0;)
    if (i < copies.size() && copies[i].barrier < 0 && copies[i].thread == thread &&
        copies[i].sequence <= sequence)
      (void)land(i);
}

bool Cluster::arriveAsync(unsigned thread) {
  if (asyncArrivals.empty())
    return true;
  uint32_t oldest = UINT32_MAX;
  for (const Copy &copy : copies)
    if (copy.barrier < 0 && copy.thread == thread)
      oldest = std::min(oldest, copy.sequence);
  for (size_t i = 0; i < asyncArrivals.size();) {
    if (asyncArrivals[i].thread != thread || asyncArrivals[i].sequence >= oldest) {
      ++i;
      continue;
    }
    AsyncArrival arrival = asyncArrivals[i];
    asyncArrivals.erase(asyncArrivals.begin() + i);
    MBarrier &barrier = *barriers[arrival.barrier];
    if (barrier.pending == 0) {
      launch.error = "'" + launch.program.name + "': " + threadName(arrival.thread) +
                     ": an arrival behind copies at " + describeBarrier(barrier);
      return false;
    }
    barrier.arrived.join(*arrival.knowledge);
    --barrier.pending;
    ++progress;
    settle(barrier);
  }
  return true;
}

void Cluster::settle(MBarrier &barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  ++barrier.phase;
  barrier.pending = barrier.count;
  barrier.arrived.own.raise(actors.barrier(barrier.number), barrier.phase);
  barrier.released = barrier.arrived;
  ++progress;
  for (const auto &warp : warps)
    warp->wake(barrier.number);
}

} // namespace uwt::emulator::ptx
