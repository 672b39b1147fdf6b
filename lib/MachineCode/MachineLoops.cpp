//===- MachineLoops.cpp - Loops of machine code ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Natural loops by dominators. ptxas moves blocks about, so the addresses between a branch
// back and its target are not the loop.
//
//===----------------------------------------------------------------------===//

#include "uwt/MachineCode/MachineCode.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace uwt;
using namespace uwt::machine_code;

namespace {

/// Instructions begin … end-1 of a kernel, of which only the first is branched to.
struct Block {
  size_t begin = 0, end = 0;
  llvm::SmallVector<size_t, 2> successors, predecessors;
};

class LoopFinder {
public:
  explicit LoopFinder(MachineKernel &kernel) : kernel(kernel), size(kernel.size()) {}

  void run() {
    if (size == 0)
      return;
    makeBlocks();
    findReachable();
    findDominators();
    for (unsigned block : reachable.set_bits())
      for (size_t successor : blocks[block].successors)
        if (dominators[block].test(successor))
          addLoop(successor, block);
    for (MachineLoop &loop : kernel.loops)
      findSections(loop);
    llvm::stable_sort(kernel.loops, [](const MachineLoop &a, const MachineLoop &b) {
      return a.header < b.header;
    });
  }

private:
  void makeBlocks();
  void connect(size_t block);
  void findReachable();
  void findDominators();
  void addLoop(size_t header, size_t latch);
  void findSections(MachineLoop &loop) const;
  bool findWays(size_t from, size_t to, const llvm::BitVector &body,
                std::vector<MachineLoop::Way> &ways) const;
  llvm::BitVector blocksOf(llvm::ArrayRef<size_t> instructions) const;
  std::vector<size_t> instructionsOf(const llvm::BitVector &set) const;
  bool isMinor(llvm::ArrayRef<size_t> body) const;

  MachineKernel &kernel;
  size_t size;
  std::vector<Block> blocks;
  /// The block that an instruction begins.
  std::vector<size_t> blockAt;
  /// Blocks that branches lead to. The others are subroutines (slow divisions), which are called.
  llvm::BitVector reachable;
  /// By block: the blocks on each way to it, itself too.
  std::vector<llvm::BitVector> dominators;
};

} // namespace

/// Whether control may go elsewhere than to the next instruction.
static bool endsBlock(const Instruction &instruction) {
  std::string_view name = instruction.base();
  return instruction.target || name == "EXIT" || name == "RET" || name == "KILL" ||
         name.starts_with("BRX") || name.starts_with("JM");
}

/// Whether control may go on behind an instruction that ends a block.
static bool fallsThrough(const Instruction &instruction) {
  // Over a call that brings warps together: those that have stayed together all take it.
  if (instruction.hasModifier("CONV"))
    return false;
  // A branch may take its condition as an operand: BRA.U UP0, `(.L_x_1).
  return !instruction.predicate.empty() || !endsBlock(instruction) ||
         (instruction.target && instruction.operands.size() > 1);
}

void LoopFinder::makeBlocks() {
  llvm::BitVector leaders(size);
  leaders.set(0);
  for (size_t i = 0; i < size; ++i) {
    const Instruction &instruction = kernel.instructions[i];
    if (instruction.target && *instruction.target < size)
      leaders.set(*instruction.target);
    if (endsBlock(instruction) && i + 1 < size)
      leaders.set(i + 1);
  }
  blockAt.resize(size);
  for (unsigned begin : leaders.set_bits()) {
    blockAt[begin] = blocks.size();
    int next = leaders.find_next(begin);
    blocks.push_back({begin, next < 0 ? size : static_cast<size_t>(next), {}, {}});
  }
  for (size_t block = 0; block < blocks.size(); ++block)
    connect(block);
}

void LoopFinder::connect(size_t block) {
  const Instruction &last = kernel.instructions[blocks[block].end - 1];
  auto add = [&](size_t instruction) {
    if (instruction >= size)
      return;
    size_t successor = blockAt[instruction];
    blocks[block].successors.push_back(successor);
    blocks[successor].predecessors.push_back(block);
  };
  // A warp whose threads are together does not take it.
  if (last.target && !last.hasModifier("DIV"))
    add(*last.target);
  if (fallsThrough(last))
    add(blocks[block].end);
}

void LoopFinder::findReachable() {
  reachable.resize(blocks.size());
  llvm::SmallVector<size_t> work = {0};
  while (!work.empty()) {
    size_t block = work.pop_back_val();
    if (reachable.test(block))
      continue;
    reachable.set(block);
    llvm::append_range(work, blocks[block].successors);
  }
}

void LoopFinder::findDominators() {
  dominators.assign(blocks.size(), llvm::BitVector(blocks.size(), true));
  dominators[0].reset();
  dominators[0].set(0);
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (unsigned block : reachable.set_bits()) {
      if (block == 0)
        continue;
      llvm::BitVector now(blocks.size(), true);
      for (size_t predecessor : blocks[block].predecessors)
        if (reachable.test(predecessor))
          now &= dominators[predecessor];
      now.set(block);
      isChanged |= now != dominators[block];
      dominators[block] = std::move(now);
    }
  }
}

std::vector<size_t> LoopFinder::instructionsOf(const llvm::BitVector &set) const {
  std::vector<size_t> result;
  for (unsigned block : set.set_bits())
    for (size_t i = blocks[block].begin; i < blocks[block].end; ++i)
      result.push_back(i);
  return result;
}

llvm::BitVector LoopFinder::blocksOf(llvm::ArrayRef<size_t> instructions) const {
  // Of a block, only the first instruction knows its number.
  llvm::BitVector set(blocks.size());
  for (size_t block = 0; block < blocks.size(); ++block)
    if (std::ranges::binary_search(instructions, blocks[block].begin))
      set.set(block);
  return set;
}

void LoopFinder::findSections(MachineLoop &loop) const {
  llvm::BitVector body = blocksOf(loop.body);
  // Each of the blocks that every trip executes dominates those behind it.
  llvm::SmallVector<size_t> always(blocksOf(loop.always).set_bits());
  llvm::sort(always, [&](size_t a, size_t b) { return dominators[b].test(a) && a != b; });
  always.push_back(always.front());
  for (size_t i = 0; i + 1 < always.size(); ++i)
    if (!findWays(always[i], always[i + 1], body, loop.sections.emplace_back())) {
      loop.sections.clear();
      return;
    }
}

/// Adds the ways through blocks of `body` from one block to just before another one. False where
/// there are too many.
bool LoopFinder::findWays(size_t from, size_t to, const llvm::BitVector &body,
                          std::vector<MachineLoop::Way> &ways) const {
  constexpr size_t maxWays = 4096;
  // Depth first, with the blocks of the way so far and the successors of each that are left.
  llvm::BitVector onWay(blocks.size());
  llvm::SmallVector<std::pair<size_t, size_t>> way = {{from, 0}};
  onWay.set(from);
  while (!way.empty()) {
    auto &[block, next] = way.back();
    if (next == blocks[block].successors.size()) {
      onWay.reset(block);
      way.pop_back();
      continue;
    }
    size_t successor = blocks[block].successors[next++];
    if (successor == to) {
      if (ways.size() == maxWays)
        return false;
      ways.push_back(instructionsOf(onWay));
      continue;
    }
    if (!body.test(successor) || onWay.test(successor))
      continue;
    onWay.set(successor);
    way.emplace_back(successor, 0);
  }
  return true;
}

bool LoopFinder::isMinor(llvm::ArrayRef<size_t> body) const {
  // ptxas's loop over the threads that ask for a bulk copy is this short.
  constexpr size_t maxCopyLoop = 8;
  bool waits = false, copies = false;
  for (size_t index : body) {
    const Instruction &instruction = kernel.instructions[index];
    InstructionKind c = instruction.kindOf();
    if (c == InstructionKind::Matrix || c == InstructionKind::Shared || c == InstructionKind::Local)
      return false;
    copies |= c == InstructionKind::Bulk;
    waits |= instruction.hasModifier("TRYWAIT") || instruction.base() == "NANOSLEEP" ||
             instruction.hasModifier("TRY_ALLOC");
  }
  return copies ? body.size() <= maxCopyLoop : waits;
}

void LoopFinder::addLoop(size_t header, size_t latch) {
  llvm::BitVector body(blocks.size());
  body.set(header);
  llvm::SmallVector<size_t> work = {latch};
  while (!work.empty()) {
    size_t block = work.pop_back_val();
    if (body.test(block))
      continue;
    body.set(block);
    llvm::append_range(work, blocks[block].predecessors);
  }
  llvm::BitVector always = dominators[latch];
  always &= body;
  MachineLoop loop;
  loop.header = blocks[header].begin;
  loop.latch = blocks[latch].end - 1;
  loop.body = instructionsOf(body);
  loop.always = instructionsOf(always);
  loop.isMinor = isMinor(loop.body);
  // Two branches back to one header are one loop, unless one of them is a wait.
  for (MachineLoop &other : kernel.loops) {
    if (other.header != loop.header || other.isMinor || loop.isMinor)
      continue;
    std::vector<size_t> both, common;
    std::ranges::set_union(other.body, loop.body, std::back_inserter(both));
    std::ranges::set_intersection(other.always, loop.always, std::back_inserter(common));
    other.body = std::move(both);
    other.always = std::move(common);
    other.latch = std::max(other.latch, loop.latch);
    return;
  }
  kernel.loops.push_back(std::move(loop));
}

void uwt::machine_code::findLoops(MachineKernel &kernel) { LoopFinder(kernel).run(); }
