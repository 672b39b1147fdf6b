//===- Warp.cpp - Executes lanes of a warp --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Numbers.h"
#include "Arithmetic.h"
#include "Machine.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator::ptx {

Warp::Warp(Cluster &cluster, unsigned number)
    : cluster(cluster), number(number), rank(number / cluster.warpsInBlock),
      inBlock(number % cluster.warpsInBlock),
      exists(uint32_t(
          maskOf(std::min(threadsOfBlock(cluster.launch.shape) - inBlock * warpLanes, warpLanes)))),
      alive(exists), registers(new Lanes[std::max(1u, cluster.launch.program.registers)]()),
      local(cluster.launch.program.localBytes * warpLanes),
      busyUntil(cluster.launch.program.registers), readUntil(cluster.launch.program.registers),
      isUnfenced(cluster.launch.program.registers, true) {
  groups.push_back({alive, 0});
  KnowledgePtr nothing = std::make_shared<Knowledge>();
  std::fill(std::begin(known), std::end(known), nothing);
  std::fill(std::begin(unordered), std::end(unordered), -1);
  for (const Initial &initial : cluster.launch.program.initials)
    setInitial(initial);
}

void Warp::setInitial(const Initial &initial) {
  const LaunchShape &shape = cluster.launch.shape;
  const auto &size = shape.block;
  uint32_t x = cluster.index[0] + rank;
  for (unsigned l = 0; l < warpLanes; ++l) {
    uint32_t thread = inBlock * warpLanes + l;
    uint64_t number = 0;
    switch (initial.kind) {
    case Special::TidX:
      number = thread % size[0];
      break;
    case Special::TidY:
      number = thread / size[0] % size[1];
      break;
    case Special::TidZ:
      number = thread / size[0] / size[1];
      break;
    case Special::NTidX:
    case Special::NTidY:
    case Special::NTidZ:
      number = size[unsigned(initial.kind) - unsigned(Special::NTidX)];
      break;
    case Special::CtaIdX:
      number = x;
      break;
    case Special::CtaIdY:
    case Special::CtaIdZ:
      number = cluster.index[unsigned(initial.kind) - unsigned(Special::CtaIdX)];
      break;
    case Special::NCtaIdX:
    case Special::NCtaIdY:
    case Special::NCtaIdZ:
      number = shape.grid[unsigned(initial.kind) - unsigned(Special::NCtaIdX)];
      break;
    case Special::LaneId:
      number = l;
      break;
    case Special::WarpId:
      number = inBlock;
      break;
    case Special::NWarpId:
      number = cluster.warpsInBlock;
      break;
    case Special::ClusterCtaRank:
    case Special::ClusterCtaIdX:
      number = rank;
      break;
    case Special::ClusterNCtaRank:
    case Special::ClusterNCtaIdX:
      number = cluster.blocks;
      break;
    case Special::ClusterIdX:
      number = x / cluster.blocks;
      break;
    case Special::NClusterIdX:
      number = shape.grid[0] / cluster.blocks;
      break;
    case Special::DynamicSharedBytes:
      number = shape.dynamicSharedBytes;
      break;
    case Special::Constant:
      number = initial.value;
      break;
    }
    registers[initial.reg].lane[l] = number;
  }
}

bool Warp::fault(unsigned lane, const llvm::Twine &message) {
  cluster.launch.error = cluster.launch.program.describe(current) + ": " + cluster.name(rank) +
                         ", warp " + std::to_string(inBlock) + ", lane " + std::to_string(lane) +
                         ": " + message.str();
  return false;
}

bool Warp::isReady() const {
  return llvm::any_of(groups, [](const Group &group) { return group.state == Group::Ready; });
}

/// Lanes whose predicate lets them execute.
uint32_t Warp::activeLanes(const Group &group, const Instruction &code) const {
  if (code.guard < 0)
    return group.mask;
  uint32_t active = 0;
  for (uint32_t rest = group.mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    bool isTrue = registers[code.guard].lane[lane] & 1;
    active |= uint32_t(isTrue != code.isGuardNegated) << lane;
  }
  return active;
}

void Warp::mergeGroups() {
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t j = groups.size(); --j > i;) {
      bool mayMeet = groups[i].state <= Group::AtSync && groups[j].state <= Group::AtSync;
      if (!mayMeet || groups[i].pc != groups[j].pc)
        continue;
      groups[i].mask |= groups[j].mask;
      groups[i].state = Group::Ready;
      groups[i].idleSince = 0;
      groups.erase(groups.begin() + j);
    }
}

size_t Warp::pick() {
  // Lanes behind the others go first, most often: then they meet again.
  size_t best = groups.size();
  bool isOther = cluster.random.below(16) == 0;
  for (size_t i = 0; i < groups.size(); ++i)
    if (groups[i].state == Group::Ready &&
        (best == groups.size() || isOther || groups[i].pc < groups[best].pc))
      best = i;
  return best;
}

bool Warp::run(uint64_t operations) {
  while (operations > 0) {
    mergeGroups();
    size_t chosen = pick();
    if (chosen == groups.size())
      return true;
    size_t count = groups.size();
    for (; operations > 0; --operations) {
      size_t pc = groups[chosen].pc;
      if (!step(chosen))
        return false;
      // Groups have split, ended, met or wait.
      if (groups.size() != count || groups[chosen].state != Group::Ready)
        break;
      if (count > 1 && groups[chosen].pc != pc + 1)
        break;
      // A test that failed gives others their turn.
      if (groups[chosen].idleSince == cluster.progress + 1 &&
          cluster.launch.program.code[pc].op == Op::MBarrierTest)
        return true;
    }
  }
  return true;
}

/// Whether lanes whose predicate is false go on alone, because the others may have to wait.
static bool mayWait(Op op) {
  switch (op) {
  case Op::WarpBarrier:
  case Op::Shuffle:
  case Op::Vote:
  case Op::Redux:
  case Op::Elect:
  case Op::MBarrierTest:
    return true;
  default:
    return false;
  }
}

static uint64_t EmulationCounters::*counterOf(Op op) {
  switch (op) {
  case Op::And:
  case Op::Or:
  case Op::Xor:
  case Op::Not:
  case Op::Shl:
  case Op::Shr:
  case Op::ShfLeft:
  case Op::ShfRight:
  case Op::Lop3:
  case Op::Prmt:
    return &EmulationCounters::logic;
  case Op::Convert:
    return &EmulationCounters::conversions;
  case Op::Move:
    return nullptr;
  default:
    return &EmulationCounters::integer;
  }
}

bool Warp::step(size_t chosen) {
  const Program &program = cluster.launch.program;
  Group &group = groups[chosen];
  current = group.pc;
  const Instruction &code = program.code[group.pc];
  uint32_t mask = activeLanes(group, code);
  if (isArithmetic(code.op)) {
    if (cluster.touchesProducts(current) && !checkOperands(code, mask))
      return false;
    compute(program, code, registers.get(), mask);
    if (auto counter = counterOf(code.op))
      ++(cluster.launch.counters.*(code.type.isFloat() ? &EmulationCounters::floating : counter));
    ++group.pc;
    return true;
  }
  if (code.op == Op::Branch) {
    branch(chosen, code, mask);
    return true;
  }
  if (code.op == Op::Exit)
    return leave(chosen, mask);
  if (mask == 0) {
    ++group.pc;
    return true;
  }
  if (mask != group.mask && mayWait(code.op)) {
    groups.push_back({group.mask & ~mask, group.pc + 1});
    groups[chosen].mask = mask;
  }
  if (cluster.touchesProducts(current) && !checkOperands(code, mask))
    return false;
  // `group` may have moved.
  if (!execute(groups[chosen], code, mask))
    return false;
  // A barrier that this group completes has let it go on already.
  if (groups[chosen].state == Group::Ready && groups[chosen].pc == current)
    ++groups[chosen].pc;
  return true;
}

void Warp::branch(size_t chosen, const Instruction &code, uint32_t mask) {
  ++cluster.launch.counters.control;
  Group &group = groups[chosen];
  if (mask == group.mask) {
    group.pc = code.count;
  } else if (mask == 0) {
    ++group.pc;
  } else {
    Group other{group.mask & ~mask, group.pc + 1};
    group.mask = mask;
    group.pc = code.count;
    groups.push_back(other);
  }
}

bool Warp::leave(size_t chosen, uint32_t mask) {
  if (!checkEnd(mask))
    return false;
  Group &group = groups[chosen];
  alive &= ~mask;
  group.mask &= ~mask;
  ++group.pc;
  if (group.mask == 0)
    groups.erase(groups.begin() + chosen);
  // Who waits for lanes that have ended looks again.
  for (Group &each : groups)
    if (each.state == Group::AtSync)
      each.state = Group::Ready;
  ++cluster.progress;
  cluster.settleCluster();
  cluster.settleBlock(rank);
  return true;
}

bool Warp::execute(Group &group, const Instruction &code, uint32_t mask) {
  switch (code.op) {
  case Op::Load:
    return load(code, mask);
  case Op::Store:
    return store(code, mask);
  case Op::Atomic:
  case Op::Reduce:
    return atomic(code, mask);
  case Op::Prefetch:
  case Op::PrefetchBulk:
    return prefetch(code, mask);
  case Op::CreatePolicy:
    return true;
  case Op::CastAddress:
  case Op::MapShared:
    return castAddress(code, mask);
  case Op::Fence:
    fence(code, mask);
    return true;
  case Op::ProxyFence:
    proxyFence(mask);
    return true;
  case Op::BarrierInitFence:
    barrierInitFence(mask);
    return true;
  case Op::BulkCopy:
    return bulkCopy(code, mask);
  case Op::AsyncCopy:
    return asyncCopy(code, mask);
  case Op::AsyncCommit:
    asyncCommit(mask);
    return true;
  case Op::AsyncWait:
    asyncWait(mask, code.count);
    return true;
  case Op::AsyncArrive:
    return asyncArrive(code, mask);
  case Op::GridWait: {
    Knowledge behind;
    behind.isBehindGrid = true;
    acquire(mask, behind);
    return true;
  }
  case Op::GridLaunchDependents:
    return true;
  case Op::Trap:
    return fault(llvm::countr_zero(mask), "traps");
  default:
    return executeTogether(group, code, mask);
  }
}

/// What lanes do together, or wait for.
bool Warp::executeTogether(Group &group, const Instruction &code, uint32_t mask) {
  switch (code.op) {
  case Op::WarpBarrier:
    return warpBarrier(group, code, mask);
  case Op::Shuffle:
    return shuffle(group, code, mask);
  case Op::Vote:
    return vote(group, code, mask);
  case Op::Redux:
    return redux(group, code, mask);
  case Op::Elect:
    return elect(group, code, mask);
  case Op::ActiveMask:
    for (uint32_t rest = mask; rest; rest &= rest - 1)
      reg(cluster.launch.program.resultsOf(code)[0].reg).lane[llvm::countr_zero(rest)] = mask;
    return true;
  case Op::Barrier:
    return blockBarrier(group, code, mask);
  case Op::ClusterArrive:
    return clusterArrive(group, code, mask);
  case Op::ClusterWait:
    return clusterWait(group, code, mask);
  case Op::MBarrierInit:
    return barrierInit(code, mask);
  case Op::MBarrierInvalidate:
    return barrierInvalidate(code, mask);
  case Op::MBarrierArrive:
    return barrierArrive(code, mask);
  case Op::MBarrierExpect:
    return barrierExpect(code, mask);
  case Op::MBarrierTest:
    return barrierTest(group, code, mask);
  case Op::SetMaxRegisters:
    return meetAligned(group, mask) != Meeting::Fault;
  case Op::LoadMatrix:
    return loadMatrix(group, code, mask);
  case Op::Mma:
    return mma(group, code, mask);
  case Op::Wgmma:
    return wgmma(group, code, mask);
  case Op::WgmmaFence:
    return wgmmaFence(group, mask);
  case Op::WgmmaCommit:
    return wgmmaCommit(group, mask);
  case Op::WgmmaWait:
    return wgmmaWait(group, code, mask);
  default:
    return fault(llvm::countr_zero(mask), "is an operation that the machine does not know");
  }
}

bool Warp::castAddress(const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code);
  Lanes &to = reg(program.resultsOf(code)[0].reg);
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    uint64_t address = value(sources[0], lane);
    if (code.op == Op::MapShared) {
      uint64_t other = value(sources[1], lane);
      if (!needBlock(lane, unsigned(other)))
        return false;
      uint64_t window = address & sharedWindow;
      to.lane[lane] = window | (other + 1) << rankShift | (address & maskOf(rankShift));
      continue;
    }
    switch (AddressCast(code.mode)) {
    case AddressCast::SharedToGeneric:
      to.lane[lane] = address | sharedWindow;
      break;
    case AddressCast::GenericToShared:
    case AddressCast::GenericToSharedCluster:
      if (!(address & sharedWindow))
        return fault(lane, "takes a generic address that is not in shared memory");
      to.lane[lane] = address & ~sharedWindow;
      break;
    default:
      to.lane[lane] = address;
    }
  }
  return true;
}

std::string Warp::describe() const {
  std::string text;
  for (const Group &group : groups) {
    text += (text.empty() ? "" : "; ") + cluster.warpName(number);
    if (group.mask != alive)
      text += ", lane " + std::to_string(llvm::countr_zero(group.mask)) +
              (llvm::popcount(group.mask) > 1 ? " and others" : "");
    text += " waits at " + cluster.launch.program.describe(group.pc);
    if (group.state == Group::AtMBarrier)
      text += " for " + cluster.describeBarrier(*cluster.barriers[group.barrier]);
    if (group.state == Group::AtSync)
      text += " for other lanes of the warp";
    if (group.state == Group::AtWarpgroup)
      text += " for the other warps of the warpgroup";
  }
  return text;
}

} // namespace uwt::emulator::ptx
