//===- Collectives.cpp - Lanes of a warp ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each waits for the lanes that its mask names, at the same instruction (PTX ISA, "Warp level
// instructions"). Only bar.warp.sync orders memory among them.
//
//===----------------------------------------------------------------------===//

#include "../Numbers.h"
#include "Machine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator::ptx {

static std::string hexText(uint32_t mask) { return "0x" + llvm::utohexstr(mask, true, 8); }

Warp::Meeting Warp::meet(Group &group, uint32_t mask, uint32_t members) {
  unsigned first = llvm::countr_zero(mask);
  if (mask & ~members) {
    fault(llvm::countr_zero(mask & ~members),
          "is not among the members " + hexText(members) + " that it names");
    return Meeting::Fault;
  }
  uint32_t missing = members & ~mask & exists;
  if (missing & ~alive) {
    fault(first, "waits for lanes " + hexText(missing & ~alive) + ", which have ended");
    return Meeting::Fault;
  }
  if (missing == 0)
    return Meeting::Complete;
  group.state = Group::AtSync;
  return Meeting::Waiting;
}

Warp::Meeting Warp::meetAligned(Group &group, uint32_t mask) {
  if (mask != group.mask) {
    fault(llvm::countr_zero(group.mask & ~mask),
          "is aligned, but its predicate leaves out lanes " + hexText(group.mask & ~mask));
    return Meeting::Fault;
  }
  return meet(group, mask, alive);
}

Warp::Meeting Warp::membersMeet(Group &group, uint32_t mask, const Operand &members) {
  unsigned first = llvm::countr_zero(mask);
  uint32_t named = uint32_t(value(members, first));
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    if (uint32_t(value(members, llvm::countr_zero(rest))) != named) {
      fault(llvm::countr_zero(rest), "names other members than lane " + llvm::Twine(first));
      return Meeting::Fault;
    }
  return meet(group, mask, named);
}

bool Warp::warpBarrier(Group &group, const Instruction &code, uint32_t mask) {
  Meeting meeting = membersMeet(group, mask, cluster.launch.program.sourcesOf(code)[0]);
  if (meeting == Meeting::Complete)
    joinLanes(mask);
  return meeting != Meeting::Fault;
}

bool Warp::shuffle(Group &group, const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code), results = program.resultsOf(code);
  if (Meeting meeting = membersMeet(group, mask, sources[3]); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  Lanes given;
  for (unsigned l = 0; l < warpLanes; ++l)
    given.lane[l] = value(sources[0], l);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    // 9.7.9.6: c has the clamp in its low five bits, the mask of segments from bit 8 on.
    unsigned b = value(sources[1], lane) & 31, c = unsigned(value(sources[2], lane));
    unsigned clamp = c & 31, segments = c >> 8 & 31;
    unsigned highest = (lane & segments) | (clamp & ~segments), lowest = lane & segments;
    int source = 0;
    bool isValid = false;
    switch (ShuffleKind(code.mode)) {
    case ShuffleKind::Up:
      source = int(lane) - int(b);
      isValid = source >= int(highest);
      break;
    case ShuffleKind::Down:
      source = int(lane + b);
      isValid = source <= int(highest);
      break;
    case ShuffleKind::Butterfly:
      source = int(lane ^ b);
      isValid = source <= int(highest);
      break;
    case ShuffleKind::Index:
      source = int(lowest | (b & ~segments));
      isValid = source <= int(highest);
      break;
    }
    if (!isValid)
      source = int(lane);
    if (!(mask >> source & 1))
      return fault(lane, "reads lane " + llvm::Twine(source) + ", which is not here");
    if (results[0].reg >= 0)
      reg(results[0].reg).lane[lane] = given.lane[source];
    if (results.size() > 1 && results[1].reg >= 0)
      reg(results[1].reg).lane[lane] = isValid;
  }
  ++cluster.launch.counters.shuffles;
  return true;
}

bool Warp::vote(Group &group, const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code), results = program.resultsOf(code);
  if (Meeting meeting = membersMeet(group, mask, sources[1]); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  uint32_t votes = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    votes |= uint32_t(value(sources[0], llvm::countr_zero(rest)) & 1) << llvm::countr_zero(rest);
  uint64_t result = votes;
  if (VoteKind(code.mode) == VoteKind::All)
    result = votes == mask;
  else if (VoteKind(code.mode) == VoteKind::Any)
    result = votes != 0;
  else if (VoteKind(code.mode) == VoteKind::Uniform)
    result = votes == mask || votes == 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    reg(results[0].reg).lane[llvm::countr_zero(rest)] = result;
  ++cluster.launch.counters.shuffles;
  return true;
}

bool Warp::redux(Group &group, const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> sources = program.sourcesOf(code), results = program.resultsOf(code);
  if (Meeting meeting = membersMeet(group, mask, sources[1]); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  uint64_t result = value(sources[0], llvm::countr_zero(mask));
  for (uint32_t rest = mask & (mask - 1); rest; rest &= rest - 1)
    result = combineValues(code, result, value(sources[0], llvm::countr_zero(rest)), 0);
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    reg(results[0].reg).lane[llvm::countr_zero(rest)] = result;
  ++cluster.launch.counters.shuffles;
  return true;
}

bool Warp::elect(Group &group, const Instruction &code, uint32_t mask) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> results = program.resultsOf(code);
  Meeting meeting = membersMeet(group, mask, program.sourcesOf(code)[0]);
  if (meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  // Which lane it is nobody may rely on.
  unsigned leader = llvm::countr_zero(mask);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    if (results[0].reg >= 0)
      reg(results[0].reg).lane[lane] = leader;
    if (results.size() > 1 && results[1].reg >= 0)
      reg(results[1].reg).lane[lane] = lane == leader;
  }
  return true;
}

} // namespace uwt::emulator::ptx
