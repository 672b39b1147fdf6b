//===- Barrier.cpp - mbarriers and asynchronous copies --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An mbarrier completes its phase when no arrival is pending and its tx-count is zero (PTX
// ISA, "Phase of the mbarrier object"). Bytes that a bulk copy on it writes belong to the
// phase that was open when the copy was issued: only who has acquired that phase may touch
// them. Bulk copies are of the asynchronous proxy: initialised barriers and bytes that threads
// wrote need a fence before it sees them.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Numbers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace uwt::emulator {

bool Warp::barrierNumber(const BarrierUse &use, unsigned lane, unsigned &number) {
  uint64_t index = use.index.at(registers.get(), lane);
  if (index >= use.count)
    return fault(lane, "uses mbarrier " + llvm::Twine(int64_t(index)) + " of a group of " +
                           llvm::Twine(use.count));
  number = rank * cluster.launch.program.barriers + use.first + index;
  return true;
}

static uint32_t activeLanes(uint32_t mask, const Lanes *predicate) {
  for (unsigned l = 0; predicate && l < warpLanes; ++l)
    if (!(predicate->lane[l] & 1))
      mask &= ~(1u << l);
  return mask;
}

bool Warp::barrierInit(const Instruction &code) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  uint32_t active = activeLanes(mask, code.c < 0 ? nullptr : &reg(code.c));
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned which;
    if (!(active >> l & 1))
      continue;
    if (!barrierNumber(use, l, which))
      return false;
    uint64_t count = reg(code.a).lane[l];
    if (count == 0 || count >= 1u << 20)
      return fault(l, "initialises " + cluster.barrierName(which) + " with a count of " +
                          llvm::Twine(int64_t(count)) + "; it takes 1 to 1048575");
    MBarrier &barrier = cluster.barriers[which];
    if (barrier.isInitialised)
      return fault(l, "initialises " + cluster.barrierName(which) + " a second time");
    barrier = {uint32_t(count), uint32_t(count), 0,         0,    clock,
               clock,           number,          ownTime(), true, false};
  }
  ++ownTime();
  return true;
}

void Warp::fence(bool isForMemory) {
  if (isForMemory) {
    fenced = clock;
    cluster.fenced[cluster.actors.warp(number)] = ownTime();
  }
  initFenced = ownTime();
  for (MBarrier &barrier : cluster.barriers)
    if (barrier.isInitialised && barrier.initWarp == number)
      barrier.isFenced = true;
  ++ownTime();
}

/// Whether the barrier is there, and who knows as much as `clock` knows that. The message of an
/// error says what a thread does wrong.
static Status checkUse(const Cluster &cluster, unsigned number, const Clock &clock) {
  const MBarrier &barrier = cluster.barriers[number];
  if (!barrier.isInitialised)
    return invalidError("uses " + cluster.barrierName(number) + ", which nothing has initialised");
  if (clock[cluster.actors.warp(barrier.initWarp)] < barrier.initTime)
    return invalidError("uses " + cluster.barrierName(number) + ", which " +
                        cluster.warpName(barrier.initWarp) +
                        " initialises, with no barrier between the two");
  return ok();
}

bool Warp::needBlock(unsigned lane, uint64_t other) {
  if (other >= cluster.blocks)
    return fault(lane, "names block rank " + llvm::Twine(other) + " of a cluster of " +
                           llvm::Twine(cluster.blocks));
  if (other != rank && cluster.hasEnded(other))
    return fault(lane, "reaches for shared memory of block rank " + llvm::Twine(other) +
                           ", which has ended");
  return true;
}

MBarrier *Warp::usableBarrier(const BarrierUse &use, unsigned lane, unsigned other,
                              unsigned &which) {
  if (!barrierNumber(use, lane, which))
    return nullptr;
  which += (other - rank) * cluster.launch.program.barriers;
  Status known = checkUse(cluster, which, clock);
  if (known)
    return &cluster.barriers[which];
  fault(lane, known.error().message());
  return nullptr;
}

bool Warp::barrierArrive(const Instruction &code, bool expectsBytes) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  uint32_t active = activeLanes(mask, expectsBytes && code.c >= 0 ? &reg(code.c) : nullptr);
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned which;
    if (!(active >> l & 1))
      continue;
    // An arrival at another block's has its rank in `b`.
    uint64_t other = code.b < 0 ? rank : reg(code.b).lane[l];
    if (!needBlock(l, other))
      return false;
    MBarrier *found = usableBarrier(use, l, other, which);
    if (!found)
      return false;
    MBarrier &barrier = *found;
    uint64_t count = !expectsBytes && code.a >= 0 ? reg(code.a).lane[l] : 1;
    if (count == 0 || count > barrier.pending)
      return fault(l, "arrives " + llvm::Twine(count) + " time(s) at " +
                          cluster.describeBarrier(which));
    if (expectsBytes)
      barrier.bytes += int64_t(reg(code.a).lane[l]);
    // A token is the phase that the arrival is in.
    if (code.dst >= 0)
      reg(code.dst).lane[l] = barrier.phase;
    join(barrier.arrived, clock);
    barrier.pending -= count;
    cluster.settle(which);
  }
  ++ownTime();
  return true;
}

bool Warp::barrierExpectOnly(const Instruction &code) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned which;
    if (!(mask >> l & 1))
      continue;
    MBarrier *barrier = usableBarrier(use, l, rank, which);
    if (!barrier)
      return false;
    barrier->bytes += int64_t(reg(code.a).lane[l]);
  }
  return true;
}

bool Warp::barrierTest(const Instruction &code) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned which;
    if (!(mask >> l & 1))
      continue;
    MBarrier *found = usableBarrier(use, l, rank, which);
    if (!found)
      return false;
    MBarrier &barrier = *found;
    bool isComplete = barrier.phase > reg(code.a).lane[l];
    reg(code.dst).lane[l] = isComplete;
    if (isComplete)
      join(clock, barrier.released);
  }
  return true;
}

bool Warp::barrierWait(const Instruction &code) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned which;
    if (!(mask >> l & 1))
      continue;
    if (!usableBarrier(use, l, rank, which))
      return false;
  }
  if (!pollWait())
    state = State::AtMBarrier;
  return true;
}

bool Warp::pollWait() {
  const Instruction &code = cluster.launch.program.code[pc];
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  unsigned first = rank * cluster.launch.program.barriers + use.first;
  for (unsigned l = 0; l < warpLanes; ++l) {
    const MBarrier &barrier =
        cluster.barriers[first + use.index.at(registers.get(), l) % use.count];
    if ((mask >> l & 1) && (barrier.phase & 1) == reg(code.a).lane[l])
      return false;
  }
  // Most often all lanes wait for one barrier: acquire each once.
  int64_t last = -1;
  for (unsigned l = 0; l < warpLanes; ++l) {
    int64_t which = first + use.index.at(registers.get(), l) % use.count;
    if (!(mask >> l & 1) || which == last)
      continue;
    const MBarrier &barrier = cluster.barriers[which];
    join(clock, barrier.released);
    last = which;
  }
  return true;
}

bool Warp::clusterArrive(bool isRelaxed) {
  if (!needAllLanes())
    return false;
  if (clusterArrivals > cluster.clusterBarrier.phase)
    return fault(0, "arrives a second time before the others of the cluster have come");
  ++clusterArrivals;
  cluster.arriveAtCluster(*this, isRelaxed);
  ++ownTime();
  return true;
}

bool Warp::pollCluster() {
  if (cluster.clusterBarrier.phase < clusterArrivals)
    return false;
  join(clock, cluster.clusterBarrier.released);
  return true;
}

bool Warp::clusterWait() {
  if (!needAllLanes())
    return false;
  if (clusterArrivals == 0)
    return fault(0, "waits for the cluster without having arrived (nvvm.cluster.arrive)");
  if (!pollCluster())
    state = State::AtCluster;
  return true;
}

bool Warp::bulkCopy(const Instruction &code) {
  const CopyPlan &plan = cluster.launch.program.copies[code.target];
  Access source = plan.source, destination = plan.destination;
  for (unsigned l = 0; l < warpLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    uint64_t bytes = plan.amount.at(registers.get(), l);
    if (bytes == 0 || bytes % 16 != 0 || bytes >= 1u << 20)
      return fault(l, "copies " + llvm::Twine(int64_t(bytes)) +
                          " bytes; a bulk copy takes a multiple of 16, from 16 to 1048560");
    source.bytes = destination.bytes = bytes;
    Addresses from, to;
    if (!address(source, from, 1u << l) || !address(destination, to, 1u << l) ||
        !checkGlobal(from, l, bytes, false, false))
      return false;
    const uint8_t *data = memory(from) + from.lane[l];
    ++cluster.launch.counters.bulkCopies;
    cluster.launch.counters.bulkBytes += bytes;
    if (!plan.isMulticast) {
      if (!copyBulk(plan, l, rank, data, to))
        return false;
      continue;
    }
    uint64_t ranks = plan.multicast.at(registers.get(), l);
    if (ranks == 0)
      return fault(l, "copies to no block: the multicast mask is 0");
    for (; ranks; ranks &= ranks - 1)
      if (unsigned other = llvm::countr_zero(ranks);
          !needBlock(l, other) || !copyBulk(plan, l, other, data, to))
        return false;
  }
  return true;
}

bool Warp::copyBulk(const CopyPlan &plan, unsigned lane, unsigned other, const uint8_t *from,
                    const Addresses &to) {
  unsigned which;
  MBarrier *barrier = usableBarrier(plan.barrier, lane, other, which);
  if (!barrier)
    return false;
  if (!barrier->isFenced)
    return fault(lane, "completes on " + cluster.barrierName(which) + ", which " +
                           cluster.warpName(barrier->initWarp) +
                           " initialises, with no nvvm.fence.mbarrier.init or proxy fence after");
  uint64_t bytes = plan.amount.at(registers.get(), lane);
  uint64_t offset = other * cluster.arenaBytes + to.allocation->begin + to.lane[lane];
  Clock fences = cluster.fenced;
  join(fences, fenced);
  if (Conflict conflict = cluster.shadow.checkFences(fences, clock, offset, bytes))
    return faultConflict(lane, "copies over", to, bytes, conflict);
  if (Conflict conflict = cluster.shadow.write(cluster.actors.barrier(which), barrier->phase + 1,
                                               clock, offset, bytes, pc, true))
    return faultConflict(lane, "copies over", to, bytes, conflict);
  cluster.start({from, offset, bytes, 0, int32_t(which), number, 0, clock[Actors::kernelBefore]});
  return true;
}

bool Warp::asyncCopy(const Instruction &code) {
  const CopyPlan &plan = cluster.launch.program.copies[code.target];
  unsigned bytes = plan.destination.bytes;
  Addresses from, to;
  if (!address(plan.destination, to, mask))
    return false;
  for (unsigned l = 0; l < warpLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    uint64_t read = plan.amount.at(registers.get(), l);
    if (read > bytes)
      return fault(l, "reads " + llvm::Twine(int64_t(read)) + " bytes for a copy of " +
                          llvm::Twine(bytes));
    // What is not read need not be there.
    Access source = plan.source;
    source.bytes = bytes;
    const uint8_t *data = nullptr;
    if (read > 0) {
      source.bytes = read;
      if (!address(source, from, 1u << l) || !checkGlobal(from, l, read, false, false))
        return false;
      data = memory(from) + from.lane[l];
    }
    uint64_t offset = sharedBegin(*to.allocation) + to.lane[l];
    if (Conflict conflict = cluster.shadow.write(cluster.actors.copies(number), copyRuns + 1, clock,
                                                 offset, bytes, pc, true))
      return faultConflict(l, "copies over", to, bytes, conflict);
    cluster.start({data, offset, read, bytes - read, -1, number, copyRuns + 1});
  }
  ++cluster.launch.counters.globalLoads;
  cluster.launch.counters.globalLoadBytes += uint64_t(bytes) * llvm::popcount(mask);
  return true;
}

void Warp::asyncCommit() { groups.push_back(++copyRuns); }

void Warp::asyncWait(unsigned groupsLeft) {
  uint32_t done = groups.size() > groupsLeft ? groups[groups.size() - groupsLeft - 1] : 0;
  if (done <= copyRunsDone)
    return;
  copyRunsDone = done;
  cluster.landRuns(number, done);
  clock[cluster.actors.copies(number)] = done;
}

bool Warp::asyncArrive(const Instruction &code) {
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  unsigned which = 0, lanes = llvm::popcount(mask);
  // Copies are told apart by warps, not by lanes.
  if (!needAllLanes())
    return false;
  for (unsigned l = 0; l < lanes; ++l) {
    unsigned other = which;
    MBarrier *barrier = usableBarrier(use, l, rank, which);
    if (!barrier)
      return false;
    if (l > 0 && which != other)
      return fault(l, "arrives at another mbarrier than the lanes before it");
    if (barrier->pending < lanes)
      return fault(l, "arrives " + llvm::Twine(lanes) + " time(s) at " +
                          cluster.describeBarrier(which));
  }
  cluster.arriveLater({which, number, ++copyRuns, lanes});
  return true;
}

void Cluster::settle(unsigned number) {
  MBarrier &barrier = barriers[number];
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  ++barrier.phase;
  barrier.pending = barrier.count;
  barrier.arrived[actors.barrier(number)] = barrier.phase;
  barrier.released = barrier.arrived;
}

void Cluster::start(Copy copy) {
  // One in four at once, one in four as late as can be, the rest between.
  uint64_t lot = random.below(4);
  copy.landsAt = lot == 0 ? 0 : lot == 1 ? UINT64_MAX : turn + 1 + random.below(64);
  copies.push_back(copy);
  // Its block is there: whoever issued it has looked.
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
                   "the cluster (nvvm.cluster.wait)";
    return false;
  }
  if (copy.bytes)
    std::memcpy(shared.data() + copy.destination, copy.source, copy.bytes);
  std::memset(shared.data() + copy.destination + copy.bytes, 0, copy.zeros);
  shadow.land(copy.destination, copy.bytes + copy.zeros);
  if (copy.barrier < 0) {
    settleArrivals(copy.warp);
    return true;
  }
  MBarrier &barrier = barriers[copy.barrier];
  barrier.bytes -= int64_t(copy.bytes);
  barrier.arrived[Actors::kernelBefore] =
      std::max(barrier.arrived[Actors::kernelBefore], copy.knownBefore);
  settle(copy.barrier);
  return true;
}

void Cluster::landRuns(unsigned warp, uint32_t run) {
  for (size_t i = copies.size(); i-- > 0;)
    if (copies[i].barrier < 0 && copies[i].warp == warp && copies[i].run <= run)
      (void)land(i);
}

void Cluster::arriveLater(const AsyncArrival &arrival) {
  arrivals.push_back(arrival);
  settleArrivals(arrival.warp);
}

void Cluster::settleArrivals(unsigned warp) {
  llvm::erase_if(arrivals, [&](const AsyncArrival &arrival) {
    bool isAwaited = llvm::any_of(copies, [&](const Copy &copy) {
      return copy.barrier < 0 && copy.warp == arrival.warp && copy.run <= arrival.run;
    });
    if (arrival.warp != warp || isAwaited)
      return false;
    MBarrier &barrier = barriers[arrival.barrier];
    uint32_t &known = barrier.arrived[actors.copies(warp)];
    known = std::max(known, arrival.run);
    barrier.pending -= std::min(barrier.pending, uint32_t(arrival.lanes));
    settle(arrival.barrier);
    return true;
  });
}

std::string Cluster::describeBarrier(unsigned number) const {
  const MBarrier &barrier = barriers[number];
  return barrierName(number) + ", which is in phase " + std::to_string(barrier.phase) + " with " +
         std::to_string(barrier.pending) + " of " + std::to_string(barrier.count) +
         " arrivals pending and a tx-count of " + std::to_string(barrier.bytes);
}

} // namespace uwt::emulator
