//===- Warp.cpp - Executes a warp -----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Numbers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator {

Warp::Warp(Cluster &cluster, unsigned number)
    : cluster(cluster), number(number), rank(number / warpsOf(cluster.launch.shape)),
      inBlock(number % warpsOf(cluster.launch.shape)), clock(cluster.actors.count()),
      fenced(clock.size()), registers(new Lanes[std::max(1u, cluster.launch.program.registers)]()),
      privateMemory(cluster.launch.program.privateBytes * warpLanes) {
  for (const Initial &initial : cluster.launch.program.initials)
    if (initial.kind == Initial::Constant)
      setRegister(initial);
}

void Warp::restart() {
  mask = lanesOfWarp();
  state = State::Ready;
  pc = 0;
  frames.clear();
  copyRuns = copyRunsDone = clusterArrivals = initFenced = 0;
  groups.clear();
  productGroups = productGroupsDone = 0;
  std::fill(clock.begin(), clock.end(), 0);
  std::fill(fenced.begin(), fenced.end(), 0);
  acquired = Acquired();
  acquired.clock.resize(clock.size());
  for (const Initial &initial : cluster.launch.program.initials)
    if (initial.kind != Initial::Constant)
      setRegister(initial);
}

uint32_t Warp::lanesOfWarp() const {
  unsigned threads = threadsOf(cluster.launch.shape);
  return maskOf(std::min(threads - inBlock * warpLanes, warpLanes));
}

uint32_t &Warp::ownTime() { return clock[cluster.actors.warp(number)]; }

void Warp::setRegister(const Initial &initial) {
  const LaunchShape &shape = cluster.launch.shape;
  const auto &size = shape.block;
  for (unsigned l = 0; l < warpLanes; ++l) {
    uint64_t thread = uint64_t(inBlock) * warpLanes + l, d = initial.value, value = 0;
    uint64_t coordinate[3] = {thread % size[0], thread / size[0] % size[1],
                              thread / size[0] / size[1]};
    switch (initial.kind) {
    case Initial::Constant:
      value = d;
      break;
    case Initial::ThreadId:
      value = coordinate[d];
      break;
    case Initial::BlockId:
      value = cluster.index[d] + (d == 0 ? rank : 0);
      break;
    case Initial::BlockDim:
      value = size[d];
      break;
    case Initial::GridDim:
      value = shape.grid[d];
      break;
    case Initial::GlobalId:
      value = (uint64_t(cluster.index[d]) + (d == 0 ? rank : 0)) * size[d] + coordinate[d];
      break;
    case Initial::LaneId:
      value = l;
      break;
    case Initial::WarpId:
      value = inBlock;
      break;
    case Initial::WarpCount:
      value = warpsOf(shape);
      break;
    case Initial::Argument:
      value = cluster.launch.arguments[d].scalar & maskOf(cluster.launch.program.arguments[d].bits);
      break;
    case Initial::ArgumentSize:
      value = cluster.launch.arguments[d].bytes / initial.divisor;
      break;
    }
    registers[initial.reg].lane[l] = value;
  }
}

bool Warp::fault(unsigned lane, const llvm::Twine &message) {
  cluster.launch.error = cluster.launch.program.describe(pc) + ": " + cluster.name(rank) +
                         ", warp " + std::to_string(inBlock) + ", lane " + std::to_string(lane) +
                         ": " + message.str();
  return false;
}

std::string Warp::describe() const {
  std::string text = cluster.warpName(number);
  switch (state) {
  case State::Ready:
    return text + " is ready";
  case State::Done:
    return text + " has ended";
  case State::AtBarrier:
  case State::AtCluster:
    return text + " waits at " + cluster.launch.program.describe(pc);
  case State::AtWarpgroup:
    return text + " waits at " + cluster.launch.program.describe(pc) + describeMissing();
  case State::AtMBarrier:
    break;
  }
  const Instruction &code = cluster.launch.program.code[pc];
  const BarrierUse &use = cluster.launch.program.barrierUses[code.target];
  text += " waits at " + cluster.launch.program.describe(pc);
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned barrier =
        rank * cluster.launch.program.barriers + use.first + use.index.at(registers.get(), l);
    unsigned parity = registers[code.a].lane[l];
    if (mask >> l & 1 && (cluster.barriers[barrier].phase & 1) == parity)
      return text + " for parity " + std::to_string(parity) + " of " +
             cluster.describeBarrier(barrier);
  }
  return text;
}

static void count(EmulationCounters &counters, const Instruction &code) {
  static constexpr uint64_t EmulationCounters::*fields[] = {
      nullptr,
      &EmulationCounters::integer,
      &EmulationCounters::logic,
      &EmulationCounters::floating,
      &EmulationCounters::conversions,
      &EmulationCounters::matrix,
      &EmulationCounters::control,
      &EmulationCounters::shuffles,
      &EmulationCounters::barriers,
  };
  if (code.opKind != OpKind::None)
    counters.*fields[unsigned(code.opKind)] += code.count;
}

bool Warp::run(uint64_t operations) {
  const Program &program = cluster.launch.program;
  EmulationCounters &counters = cluster.launch.counters;
  while (operations-- > 0 && state == State::Ready) {
    const Instruction &code = program.code[pc];
    if (code.opcode < Opcode::If) {
      count(counters, code);
      if (!compute(code))
        return false;
      ++pc;
    } else if (code.opcode <= Opcode::End) {
      count(counters, code);
      if (code.opcode == Opcode::End && !checkProductsEnded())
        return false;
      control(code);
    } else {
      if (!effect(code))
        return false;
      // Who waits comes back to the same instruction.
      if (state == State::Ready) {
        count(counters, code);
        ++pc;
        // A test that failed gives the others their turn.
        if (code.opcode == Opcode::BarrierTest)
          return true;
      }
    }
  }
  return true;
}

static uint32_t lanesWhere(const Lanes &value) {
  uint32_t result = 0;
  for (unsigned l = 0; l < warpLanes; ++l)
    result |= uint32_t(value.lane[l] & 1) << l;
  return result;
}

/// Lanes in which a < b.
static uint32_t lanesBelow(const Lanes &a, const Lanes &b, unsigned bits, bool isUnsigned) {
  uint32_t result = 0;
  for (unsigned l = 0; l < warpLanes; ++l) {
    bool isBelow = isUnsigned ? a.lane[l] < b.lane[l]
                              : signExtend(a.lane[l], bits) < signExtend(b.lane[l], bits);
    result |= uint32_t(isBelow) << l;
  }
  return result;
}

void Warp::control(const Instruction &code) {
  switch (code.opcode) {
  case Opcode::If: {
    uint32_t chosen = lanesWhere(reg(code.a));
    frames.push_back({mask, mask & ~chosen});
    mask &= chosen;
    pc = mask ? pc + 1 : code.target;
    return;
  }
  case Opcode::Else:
    mask = frames.back().otherMask;
    pc = mask ? pc + 1 : code.target;
    return;
  case Opcode::EndIf:
  case Opcode::LoopEnd:
    mask = frames.back().mask;
    frames.pop_back();
    ++pc;
    return;
  case Opcode::LoopBegin:
    frames.push_back({mask, 0});
    reg(code.dst) = reg(code.a);
    ++pc;
    return;
  case Opcode::WhileBegin:
    frames.push_back({mask, 0});
    ++pc;
    return;
  case Opcode::LoopTest:
    mask &= lanesBelow(reg(code.a), reg(code.b), code.sourceBits, code.mode);
    pc = mask ? pc + 1 : code.target;
    return;
  case Opcode::Condition:
    mask &= lanesWhere(reg(code.a));
    pc = mask ? pc + 1 : code.target;
    return;
  case Opcode::LoopNext:
    for (unsigned l = 0; l < warpLanes; ++l)
      reg(code.dst).lane[l] = (reg(code.a).lane[l] + reg(code.c).lane[l]) & maskOf(code.bits);
    pc = code.target;
    return;
  case Opcode::WhileNext:
    pc = code.target;
    return;
  case Opcode::Assign:
    assign(code);
    ++pc;
    return;
  default:
    state = State::Done;
    cluster.settleCluster();
  }
}

void Warp::assign(const Instruction &code) {
  const int32_t *list = cluster.launch.program.lists.data() + code.target;
  // All sources are read first where a destination is one too.
  if (code.mode) {
    scratch.resize(code.count);
    for (unsigned i = 0; i < code.count; ++i)
      scratch[i] = reg(list[2 * i + 1]);
  }
  for (unsigned i = 0; i < code.count; ++i) {
    Lanes &to = reg(list[2 * i]);
    const Lanes &from = code.mode ? scratch[i] : reg(list[2 * i + 1]);
    if (mask == allLanes) {
      to = from;
      continue;
    }
    for (unsigned l = 0; l < warpLanes; ++l)
      to.lane[l] = mask >> l & 1 ? from.lane[l] : to.lane[l];
  }
}

bool Warp::effect(const Instruction &code) {
  switch (code.opcode) {
  case Opcode::Load:
    return load(code);
  case Opcode::Store:
    return store(code);
  case Opcode::Prefetch:
    return prefetch(code);
  case Opcode::AtomicRmw:
    return atomic(code, /*isOrdered=*/false);
  case Opcode::AtomicAcqRel:
    return atomic(code, /*isOrdered=*/true);
  case Opcode::BulkCopy:
    return bulkCopy(code);
  case Opcode::GridWait:
    clock[Actors::kernelBefore] = 1;
    return true;
  case Opcode::AsyncCopy:
    return asyncCopy(code);
  case Opcode::AsyncCommit:
    asyncCommit();
    return true;
  case Opcode::AsyncWait:
    asyncWait(code.target);
    return true;
  case Opcode::LoadMatrix:
    return loadMatrix(code);
  case Opcode::Barrier:
    if (!needAllLanes())
      return false;
    state = State::AtBarrier;
    return true;
  case Opcode::Fence:
    fence(code.mode);
    return true;
  case Opcode::WarpBarrier:
    return warpBarrier(code);
  case Opcode::Shuffle:
    return shuffle(code);
  case Opcode::Vote:
    return vote(code);
  case Opcode::Elect:
    return elect(code);
  case Opcode::Broadcast:
    return broadcast(code);
  case Opcode::ByteMatrix:
    return byteMatrix(code);
  case Opcode::Matrix:
    return matrix(code);
  case Opcode::Products:
    return products(code);
  case Opcode::ProductsWait:
    return productsWait(code);
  case Opcode::BarrierInit:
    return barrierInit(code);
  case Opcode::BarrierArrive:
    return barrierArrive(code, false);
  case Opcode::BarrierExpect:
    return barrierArrive(code, true);
  case Opcode::BarrierExpectOnly:
    return barrierExpectOnly(code);
  case Opcode::AsyncArrive:
    return asyncArrive(code);
  case Opcode::BarrierTest:
    return barrierTest(code);
  case Opcode::ClusterArrive:
    return clusterArrive(/*isRelaxed=*/false);
  case Opcode::ClusterArriveRelaxed:
    return clusterArrive(/*isRelaxed=*/true);
  case Opcode::ClusterWait:
    return clusterWait();
  case Opcode::BarrierWait:
    return barrierWait(code);
  default:
    return fault(0, "an opcode without meaning");
  }
}

bool Warp::needAllLanes() { return needLanes(lanesOfWarp()); }

bool Warp::needLanes(uint32_t lanes) {
  uint32_t missing = lanes & ~mask;
  if (!missing)
    return true;
  return fault(llvm::countr_zero(mask), "needs the whole warp; lanes 0x" +
                                            llvm::utohexstr(missing, true, 8) + " are not here");
}

/// The lane that a shuffle (gpu::ShuffleMode: xor, down, up, idx) reads from; `lane` itself where
/// there is none.
static unsigned shuffleSource(unsigned mode, unsigned lane, uint32_t offset, bool &isValid) {
  int64_t source = lane;
  switch (mode) {
  case 0:
    source = lane ^ offset;
    break;
  case 1:
    source = int64_t(lane) + offset;
    break;
  case 2:
    source = int64_t(lane) - offset;
    break;
  default:
    source = offset;
    break;
  }
  isValid = source >= 0 && source < warpLanes;
  return isValid ? source : lane;
}

bool Warp::shuffle(const Instruction &code) {
  unsigned source[warpLanes];
  for (unsigned l = 0; l < warpLanes; ++l) {
    bool isValid = false;
    source[l] = shuffleSource(code.mode, l, reg(code.b).lane[l], isValid);
    reg(int32_t(code.target)).lane[l] = isValid;
    if (!(mask >> l & 1))
      continue;
    if (reg(code.c).lane[l] != warpLanes)
      return fault(l, "shuffles a width of " + llvm::Twine(reg(code.c).lane[l]) +
                          "; the emulator knows 32");
    if (!(mask >> source[l] & 1))
      return fault(l, "reads lane " + llvm::Twine(source[l]) + ", which is not here");
  }
  for (unsigned i = 0; i < code.count; ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      reg(code.dst + i).lane[l] = reg(code.a + i).lane[source[l]];
  return true;
}

bool Warp::checkMembers(const Instruction &code) {
  unsigned first = llvm::countr_zero(mask);
  uint32_t members = reg(code.a).lane[first];
  if ((members & lanesOfWarp()) == mask)
    return true;
  return fault(first, "the members are 0x" + llvm::utohexstr(members, true, 8) +
                          ", the lanes that are here 0x" + llvm::utohexstr(mask, true, 8));
}

bool Warp::warpBarrier(const Instruction &code) {
  if (!checkMembers(code))
    return false;
  // A part of the warp knows no more than its lanes.
  if (mask == lanesOfWarp())
    shareAcquired();
  else if (mask & acquired.lanes)
    acquired.lanes |= mask;
  return true;
}

bool Warp::vote(const Instruction &code) {
  if (!checkMembers(code))
    return false;
  uint32_t votes = lanesWhere(reg(code.b)) & mask;
  uint64_t result = code.mode == 2 ? votes : code.mode == 1 ? votes == mask : votes != 0;
  for (uint64_t &lane : reg(code.dst).lane)
    lane = result;
  return true;
}

bool Warp::elect(const Instruction &code) {
  if (!checkMembers(code))
    return false;
  // Which lane it is nobody may rely on.
  unsigned leader = 31 - llvm::countl_zero(mask);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    reg(code.dst).lane[lane] = lane == leader;
  return true;
}

bool Warp::broadcast(const Instruction &code) {
  unsigned from = llvm::countr_zero(mask);
  if (code.b >= 0) {
    uint64_t chosen = reg(code.b).lane[from];
    if (chosen >= warpLanes || !(mask >> chosen & 1))
      return fault(from, "reads lane " + llvm::Twine(chosen) + ", which is not here");
    from = chosen;
  }
  for (unsigned i = 0; i < code.count; ++i) {
    uint64_t value = reg(code.a + i).lane[from];
    for (uint64_t &lane : reg(code.dst + i).lane)
      lane = value;
  }
  return true;
}

} // namespace uwt::emulator
