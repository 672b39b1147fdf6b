//===- Barriers.cpp - Barriers of blocks, clusters and memory -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An mbarrier completes its phase when no arrival is pending and its tx-count is zero (PTX ISA,
// "Phase of the mbarrier object").
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator::ptx {

//===----------------------------------------------------------------------===//
// mbarriers
//===----------------------------------------------------------------------===//

bool Warp::needBlock(unsigned lane, unsigned other) {
  if (other >= cluster.blocks)
    return fault(lane, "names block rank " + llvm::Twine(other) + " of a cluster of " +
                           llvm::Twine(cluster.blocks));
  if (other != rank && cluster.hasEnded(other))
    return fault(lane, "reaches for shared memory of block rank " + llvm::Twine(other) +
                           ", which has ended");
  return true;
}

MBarrier *Warp::usableBarrier(unsigned lane, Space space, uint64_t address) {
  std::optional<Location> location = resolve(lane, space, address, 8, "uses an mbarrier in");
  if (!location)
    return nullptr;
  if (location->kind != Location::Shared) {
    fault(lane, "uses an mbarrier that is not in shared memory");
    return nullptr;
  }
  uint64_t byte = location->number * cluster.arenaBytes + location->offset;
  MBarrier *barrier = cluster.findBarrier(byte);
  if (!barrier) {
    fault(lane,
          "uses an mbarrier at " + cluster.sharedName(byte, 8) + ", which nothing has initialised");
    return nullptr;
  }
  bool isKnown = barrier->initThread == thread(lane) ||
                 known[lane]->own[barrier->initThread] >= barrier->initTime ||
                 (barrier->announced != 0 && clusterWaits[lane] >= barrier->announced);
  if (isKnown)
    return barrier;
  fault(lane, "uses " + cluster.barrierName(*barrier) + ", which " +
                  cluster.threadName(barrier->initThread) +
                  " initialises, with no barrier between the two");
  return nullptr;
}

bool Warp::barrierInit(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    std::optional<Location> location =
        resolve(lane, Space::Shared, value(sources[0], lane) & ~sharedWindow, 8, "initialises");
    if (!location)
      return false;
    uint64_t byte = rank * cluster.arenaBytes + location->offset, count = value(sources[1], lane);
    if (count == 0 || count >= 1u << 20)
      return fault(lane, "initialises an mbarrier with a count of " + llvm::Twine(count) +
                             "; it takes 1 to 1048575");
    if (MBarrier *before = cluster.findBarrier(byte))
      return fault(lane, "initialises " + cluster.barrierName(*before) + " a second time");
    if (Conflict conflict = cluster.shadow.write(accessor(lane), byte, 8, false))
      return faultShared(lane, "initialises an mbarrier over", byte, 8, conflict);
    MBarrier &barrier = cluster.addBarrier(byte);
    barrier.count = barrier.pending = uint32_t(count);
    barrier.initThread = thread(lane);
    barrier.initTime = now;
  }
  return true;
}

bool Warp::barrierInvalidate(const Instruction &code, uint32_t mask) {
  const Operand &address = cluster.launch.program.sourcesOf(code)[0];
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    MBarrier *barrier = usableBarrier(lane, code.space, value(address, lane));
    if (!barrier)
      return false;
    cluster.removeBarrier(*barrier);
  }
  return true;
}

bool Warp::barrierArrive(const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code), results = program.resultsOf(code);
  while (mask) {
    // Lanes that arrive at one barrier arrive together: what they know is joined once.
    uint32_t same = 0;
    MBarrier *target = nullptr;
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
      unsigned lane = llvm::countr_zero(rest);
      MBarrier *barrier = usableBarrier(lane, code.space, value(sources[0], lane));
      if (!barrier)
        return false;
      if (target && barrier != target)
        continue;
      uint64_t given = sources.size() > 1 ? value(sources[1], lane) : 1;
      uint64_t count = code.flag ? 1 : given;
      if (count == 0 || count > barrier->pending)
        return fault(lane, "arrives " + llvm::Twine(count) + " time(s) at " +
                               cluster.describeBarrier(*barrier));
      target = barrier;
      same |= 1u << lane;
      if (code.flag)
        barrier->bytes += int64_t(given);
      barrier->pending -= uint32_t(count);
      if (!results.empty() && results[0].reg >= 0)
        reg(results[0].reg).lane[lane] = barrier->phase;
      // What the lanes before it have brought is in the phase that it completes.
      if (barrier->pending == 0)
        break;
    }
    release(same, target->arrived);
    cluster.settle(*target);
    mask &= ~same;
  }
  ++cluster.progress;
  ++cluster.launch.counters.barriers;
  return true;
}

bool Warp::barrierExpect(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    MBarrier *barrier = usableBarrier(lane, code.space, value(sources[0], lane));
    if (!barrier)
      return false;
    barrier->bytes += int64_t(value(sources[1], lane));
    cluster.settle(*barrier);
  }
  ++cluster.progress;
  ++cluster.launch.counters.barriers;
  return true;
}

bool Warp::barrierTest(Group &group, const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code);
  const Operand &result = program.resultsOf(code)[0];
  uint32_t complete = 0;
  MBarrier *last = nullptr;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    MBarrier *barrier = usableBarrier(lane, code.space, value(sources[0], lane));
    if (!barrier)
      return false;
    uint64_t asked = value(sources[1], lane);
    bool isComplete = code.flag ? (barrier->phase & 1) != (asked & 1) : barrier->phase > asked;
    if (!isComplete && !complete)
      last = barrier;
    if (isComplete) {
      complete |= 1u << lane;
      waited[lane] = barrier;
    }
  }
  // A test that failed when nothing has happened since it failed before sleeps till its barrier
  // completes a phase; one that may block does so at once, most often.
  if (!complete &&
      (group.idleSince == cluster.progress + 1 || (code.flag2 && cluster.random.below(8) != 0))) {
    group.state = Group::AtMBarrier;
    group.barrier = last->number;
    return true;
  }
  group.idleSince = complete ? 0 : cluster.progress + 1;
  for (uint32_t rest = complete; rest;) {
    MBarrier *barrier = waited[llvm::countr_zero(rest)];
    uint32_t same = 0;
    for (uint32_t each = rest; each; each &= each - 1)
      if (unsigned lane = llvm::countr_zero(each); waited[lane] == barrier)
        same |= 1u << lane;
    if (code.order != Order::Relaxed)
      acquire(same, barrier->released);
    rest &= ~same;
  }
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    reg(result.reg).lane[llvm::countr_zero(rest)] = complete >> llvm::countr_zero(rest) & 1;
  ++cluster.launch.counters.barriers;
  return true;
}

//===----------------------------------------------------------------------===//
// Blocks and clusters
//===----------------------------------------------------------------------===//

bool Warp::blockBarrier(Group &group, const Instruction &code, uint32_t mask) {
  if (code.flag2)
    if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
      return meeting != Meeting::Fault;
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  unsigned first = llvm::countr_zero(group.mask);
  group.state = Group::AtBarrier;
  group.barrier = uint32_t(value(sources[0], first));
  group.threads = code.flag ? uint32_t(value(sources[1], first)) : 0;
  if (group.barrier >= 16)
    return fault(first, "names barrier " + llvm::Twine(group.barrier) + "; a block has 16");
  cluster.arriveAtBlock(rank, group.barrier, group.threads);
  return true;
}

void Warp::leaveBarrier(uint32_t barrier, const KnowledgePtr &knowledge) {
  for (Group &group : groups)
    if (group.state == Group::AtBarrier && group.barrier == barrier) {
      for (uint32_t rest = group.mask; rest; rest &= rest - 1)
        known[llvm::countr_zero(rest)] = knowledge;
      group.state = Group::Ready;
      ++group.pc;
      ++cluster.launch.counters.barriers;
    }
}

bool Warp::clusterArrive(Group &group, const Instruction &code, uint32_t mask) {
  if (code.flag2)
    if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
      return meeting != Meeting::Fault;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    if (clusterArrivals[lane] > cluster.clusterPhase)
      return fault(lane, "arrives a second time before the others of the cluster have come");
    ++clusterArrivals[lane];
    for (const auto &barrier : cluster.barriers)
      if (barrier->initThread == thread(lane) && barrier->isFenced && barrier->announced == 0)
        barrier->announced = cluster.clusterPhase + 1;
  }
  if (code.order != Order::Relaxed)
    release(mask, cluster.clusterArrived);
  ++cluster.progress;
  ++cluster.launch.counters.barriers;
  cluster.settleCluster();
  return true;
}

bool Warp::clusterWait(Group &group, const Instruction &code, uint32_t mask) {
  if (code.flag2)
    if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
      return meeting != Meeting::Fault;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    if (clusterArrivals[lane] == 0)
      return fault(lane, "waits for the cluster without having arrived");
    if (clusterArrivals[lane] > cluster.clusterPhase) {
      group.state = Group::AtCluster;
      return true;
    }
  }
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    clusterWaits[llvm::countr_zero(rest)] = cluster.clusterPhase;
  if (cluster.clusterReleased)
    acquire(mask, *cluster.clusterReleased);
  ++cluster.launch.counters.barriers;
  return true;
}

void Warp::leaveCluster() {
  for (Group &group : groups)
    if (group.state == Group::AtCluster)
      group.state = Group::Ready;
}

void Warp::wake(uint32_t barrier) {
  for (Group &group : groups)
    if (group.state == Group::AtMBarrier && group.barrier == barrier)
      group.state = Group::Ready;
}

} // namespace uwt::emulator::ptx
