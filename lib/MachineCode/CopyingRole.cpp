//===- CopyingRole.cpp - What fills a ring, in machine code ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread issues in order: an instruction that reads what a load brings holds up all that come
// behind it. So what a copy waits for is the number of times that the thread has stopped for loads
// before it, whatever the copy itself reads.
//
//===----------------------------------------------------------------------===//

#include "CopyingRole.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

using namespace uwt;
using namespace uwt::machine_code;

static bool isCopy(const Instruction &instruction) {
  return instruction.kindOf() == InstructionKind::Bulk || instruction.base() == "LDGSTS";
}

/// Whether a loop asks a barrier in shared memory again and again, as targets without an
/// instruction that waits do.
static bool isPolling(const MachineKernel &kernel, const MachineLoop &loop) {
  constexpr size_t maxPolling = 8;
  auto has = [&](std::string_view base) {
    return llvm::any_of(loop.body,
                        [&](size_t index) { return kernel.instructions[index].base() == base; });
  };
  return loop.body.size() <= maxPolling && has("LDS") && has("YIELD");
}

/// The instructions that wait for a barrier.
static std::vector<bool> findWaits(const MachineKernel &kernel) {
  std::vector<bool> waits(kernel.instructions.size());
  for (size_t i = 0; i < waits.size(); ++i)
    waits[i] = kernel.instructions[i].hasModifier("TRYWAIT");
  for (const MachineLoop &loop : kernel.loops)
    if (isPolling(kernel, loop))
      waits[loop.latch] = true;
  return waits;
}

/// The loop that waits and copies, of several the one with the most instructions: those inside it
/// wait for one barrier or make one copy.
static const MachineLoop *findCopyingLoop(const MachineKernel &kernel,
                                          const std::vector<bool> &waits) {
  auto contains = [&](const MachineLoop &loop, auto isOne) {
    return llvm::any_of(loop.body, [&](size_t i) { return isOne(kernel.instructions[i]); });
  };
  auto multiplies = [](const Instruction &instruction) {
    return instruction.kindOf() == InstructionKind::Matrix;
  };
  const MachineLoop *best = nullptr;
  for (const MachineLoop &loop : kernel.loops)
    if (contains(loop, isCopy) && llvm::any_of(loop.body, [&](size_t i) { return waits[i]; }) &&
        !contains(loop, multiplies) && (!best || loop.body.size() > best->body.size()))
      best = &loop;
  return best;
}

/// Of each section of a trip the way that copies most, of several the longest: panels that are not
/// stored as words, with escapes. Empty where the loop has no sections.
static std::vector<size_t> usualTrip(const MachineKernel &kernel, const MachineLoop &loop) {
  std::vector<size_t> trip;
  for (const std::vector<MachineLoop::Way> &ways : loop.sections) {
    auto order = [&](const MachineLoop::Way &way) {
      auto copies =
          llvm::count_if(way, [&](size_t index) { return isCopy(kernel.instructions[index]); });
      return std::pair(copies, way.size());
    };
    auto best = std::ranges::max_element(ways, {}, order);
    if (best != ways.end())
      llvm::append_range(trip, *best);
  }
  return trip;
}

/// The registers that an operand names: "R4" of "desc[UR4][R4.64+0x8]"; of an address of 64 bits
/// both.
static std::vector<unsigned> registersIn(llvm::StringRef operand) {
  std::vector<unsigned> found;
  for (size_t i = 0; i + 1 < operand.size(); ++i) {
    bool begins = i == 0 || !std::isalnum(static_cast<unsigned char>(operand[i - 1]));
    unsigned number = 0;
    llvm::StringRef rest = operand.substr(i + 1);
    if (operand[i] != 'R' || !begins || rest.consumeInteger(10, number))
      continue;
    found.push_back(number);
    if (rest.starts_with(".64"))
      found.push_back(number + 1);
  }
  return found;
}

/// Behind the branch that goes on waiting, where that depends on what the wait in front of `behind`
/// has found: what stands between the two is done while the thread waits.
static std::vector<size_t>::iterator endOfWait(const MachineKernel &kernel,
                                               std::vector<size_t> &trip,
                                               std::vector<size_t>::iterator behind) {
  const Instruction &wait = kernel.instructions[*std::prev(behind)];
  if (wait.operands.empty())
    return behind;
  const std::string failed = "@!" + wait.operands.front();
  auto branch = std::find_if(behind, trip.end(), [&](size_t index) {
    const Instruction &next = kernel.instructions[index];
    return next.base() == "BRA" && next.predicate == failed;
  });
  return branch == trip.end() ? behind : std::next(branch);
}

namespace {
/// Follows the thread through one trip after another.
class CopyingThread {
public:
  explicit CopyingThread(const MachineKernel &kernel) : kernel(kernel) {}
  CopyingRole follow(llvm::ArrayRef<size_t> trip);

private:
  void step(const Instruction &instruction);
  void stopForLoads(const Instruction &instruction);

  const MachineKernel &kernel;
  CopyingRole role;
  CopyingRole::Progress now;
  /// By register that a load is to bring: how often the thread had stopped when it was issued.
  std::map<unsigned, unsigned> pending;
  /// Registers that loads of the trip before are to bring.
  std::set<unsigned> inFlight;
};
} // namespace

CopyingRole CopyingThread::follow(llvm::ArrayRef<size_t> trip) {
  inFlight.clear();
  for (auto [number, stops] : pending)
    if (stops == now.loads)
      inFlight.insert(number);
  pending.clear();
  role = {};
  now = {};
  for (size_t index : trip)
    step(kernel.instructions[index]);
  role.trip = now;
  return role;
}

void CopyingThread::stopForLoads(const Instruction &instruction) {
  bool hasResult = instruction.result().has_value();
  for (const std::string &operand : llvm::ArrayRef(instruction.operands).drop_front(hasResult))
    for (unsigned number : registersIn(operand)) {
      auto found = pending.find(number);
      // Those that were issued with one that it has stopped for have come with it.
      if (found != pending.end() && found->second == now.loads)
        ++now.loads;
      if (!inFlight.contains(number))
        continue;
      role.loadsInFlight += role.copies == 0;
      inFlight.clear();
    }
}

void CopyingThread::step(const Instruction &instruction) {
  ++now.instructions;
  if (!instruction.operands.empty())
    stopForLoads(instruction);
  std::optional<RegisterRange> result = instruction.result();
  bool isLoad = instruction.base() == "LDG";
  for (unsigned i = 0; result && i < result->count; ++i) {
    inFlight.erase(result->first + i);
    if (isLoad)
      pending[result->first + i] = now.loads;
    else
      pending.erase(result->first + i);
  }
  if (!isCopy(instruction))
    return;
  if (role.copies++ == 0)
    role.firstCopy = now;
  role.lastCopy = now;
}

std::optional<CopyingRole> uwt::machine_code::findCopyingRole(const MachineKernel &kernel) {
  std::vector<bool> waits = findWaits(kernel);
  const MachineLoop *loop = findCopyingLoop(kernel, waits);
  if (!loop)
    return std::nullopt;
  std::vector<size_t> trip = usualTrip(kernel, *loop);
  auto last = std::find_if(trip.rbegin(), trip.rend(), [&](size_t i) { return waits[i]; });
  if (last == trip.rend())
    return std::nullopt;
  // A trip begins where the stage is known to be empty.
  std::rotate(trip.begin(), endOfWait(kernel, trip, last.base()), trip.end());
  CopyingThread thread(kernel);
  // The first trip says what is in flight when the second begins.
  thread.follow(trip);
  CopyingRole role = thread.follow(trip);
  role.announcesByCopies = llvm::any_of(trip, [&](size_t index) {
    const Instruction &instruction = kernel.instructions[index];
    return instruction.kindOf() == InstructionKind::Bulk ||
           llvm::StringRef(instruction.opcode).starts_with("ARRIVES.LDGSTSBAR");
  });
  return role;
}
