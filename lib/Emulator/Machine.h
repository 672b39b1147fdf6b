//===- Machine.h - A launch, a block, a warp --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state that a launch runs on. Functions that execute return false after a fault,
// whose text is in Launch::error; nothing runs after that.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_MACHINE_H
#define UWT_LIB_EMULATOR_MACHINE_H

#include "Bytecode.h"
#include "Shadow.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Twine.h"
#include <memory>
#include <optional>

namespace uwt::emulator {

/// SplitMix64: small, seeded, the same everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next();
  uint64_t below(uint64_t bound) { return next() % bound; }

private:
  uint64_t state;
};

/// Who wrote a global buffer in this launch, in granules of 4 bytes: the last writer.
struct GlobalShadow {
  struct Cell {
    /// Number of the block + 1; 0 for nobody.
    uint32_t block = 0;
    /// The warp's time, and how often the block had released what it wrote.
    uint32_t time = 0, releases = 0;
    uint32_t instruction = 0;
    uint16_t warp = 0;
    /// Which of the four bytes it wrote.
    uint8_t bytes = 0;
    bool isAtomic = false;
  };
  std::vector<Cell> cells;
};

/// Numbers of blocks + 1, and up to which of their releases their writes are seen.
using SeenBlocks = llvm::DenseMap<uint32_t, uint32_t>;

/// What a launch shares among its blocks.
struct Launch {
  Launch(const Program &program, const LaunchShape &shape,
         const std::vector<EmulatedArgument> &arguments)
      : program(program), shape(shape), arguments(arguments), shadows(arguments.size()) {}

  const Program &program;
  const LaunchShape &shape;
  const std::vector<EmulatedArgument> &arguments;
  EmulationCounters counters;
  std::vector<GlobalShadow> shadows;
  /// For an address of an atomic: which blocks' writes who updates it next can see.
  llvm::DenseMap<uint64_t, SeenBlocks> released;
  uint64_t operationsLeft = 0;
  std::string error;
};

class Block;
struct MBarrier;

/// Byte addresses of a warp's access: within the allocation, by lane.
struct Addresses {
  const Allocation *allocation = nullptr;
  uint64_t limit = 0;
  uint64_t lane[warpLanes];
};

/// A warp: a state that execution can leave and come back to.
class Warp {
public:
  enum class State : uint8_t { Ready, AtBarrier, AtMBarrier, AtWarpgroup, Done };

  Warp(Block &block, unsigned number);

  /// At the beginning of the block's current place in the grid. Registers but the initial ones
  /// keep what they held: nothing reads them before it writes them.
  void restart();

  /// Runs up to `operations`, or until it cannot go on.
  bool run(uint64_t operations);
  /// Whether the mbarriers that it waits for have completed; then it has acquired them.
  bool pollWait();
  /// "warp 1 waits at …".
  std::string describe() const;

  Block &block;
  unsigned number;
  State state = State::Ready;
  size_t pc = 0;
  uint32_t mask = 0;
  Clock clock;
  /// What the last proxy fence of this warp covers.
  Clock fenced;
  /// Time of this warp; moves on at each release.
  uint32_t &ownTime();

private:
  friend class Block;
  struct Frame {
    uint32_t mask, otherMask;
  };

  void setRegister(const Initial &initial);
  Lanes &reg(int32_t number) { return registers[number]; }

  // Arith.cpp: what has no effects. Warp.cpp: the rest.
  bool compute(const Instruction &code);
  bool computeFloat(const Instruction &code);
  bool convert(const Instruction &code);
  void repack(const Instruction &code);
  bool checkDivisor(const Instruction &code);
  bool effect(const Instruction &code);
  void control(const Instruction &code);
  void assign(const Instruction &code);
  bool shuffle(const Instruction &code);
  bool vote(const Instruction &code);
  bool broadcast(const Instruction &code);

  // WarpMemory.cpp.
  bool address(const Access &access, Addresses &out, uint32_t active);
  bool faultAddress(const Access &access, uint32_t active);
  bool load(const Instruction &code);
  bool store(const Instruction &code);
  bool atomic(const Instruction &code);
  void synchronise(const Allocation &allocation, uint64_t byte);
  /// Where the allocation begins, and from lane to lane.
  uint8_t *memory(const Addresses &addresses);
  uint64_t laneBytes(const Addresses &addresses) const;
  bool checkReads(const Addresses &addresses, unsigned bytes, uint32_t active);
  bool checkWrites(const Addresses &addresses, unsigned bytes);
  bool checkGlobal(const Addresses &addresses, unsigned lane, unsigned bytes, bool isWrite,
                   bool isAtomic);
  void countAccess(const Addresses &addresses, unsigned bytes, bool isStore);
  bool faultConflict(unsigned lane, const char *verb, const Addresses &addresses, uint64_t bytes,
                     const Conflict &conflict);
  bool faultGlobal(unsigned lane, const char *verb, const Addresses &addresses, uint64_t bytes,
                   const GlobalShadow::Cell &cell);

  // Matrix.cpp.
  bool matrix(const Instruction &code);
  bool loadMatrix(const Instruction &code);
  bool needAllLanes();

  // Warpgroup.cpp.
  bool products(const Instruction &code);
  bool multiplyGroup(const Instruction &code);
  bool readMatrix(const ProductsPlan &plan, uint64_t descriptor, unsigned tiles, FloatKind kind,
                  float *to);
  bool productsWait(const Instruction &code);
  bool checkProductsEnded();
  std::string describeMissing() const;

  // Barrier.cpp.
  bool barrierNumber(const BarrierUse &use, unsigned lane, unsigned &number);
  /// The lane's barrier and its number; null, with a fault, where this warp may not use it.
  MBarrier *usableBarrier(const BarrierUse &use, unsigned lane, unsigned &which);
  void fence(bool isForMemory);
  bool warpBarrier(const Instruction &code);
  bool barrierInit(const Instruction &code);
  bool barrierArrive(const Instruction &code, bool expectsBytes);
  bool barrierTest(const Instruction &code);
  bool barrierWait(const Instruction &code);
  bool bulkCopy(const Instruction &code);
  bool asyncCopy(const Instruction &code);
  void asyncWait(unsigned groupsLeft);

  bool fault(unsigned lane, const llvm::Twine &message);

  std::unique_ptr<Lanes[]> registers;
  std::vector<uint8_t> privateMemory;
  std::vector<Frame> frames;
  std::vector<Lanes> scratch;
  /// Groups of asynchronous copies committed, and how many of them have completed.
  uint32_t groups = 0, groupsDone = 0;
  /// The same for groups of matrix products.
  uint32_t productGroups = 0, productGroupsDone = 0;
};

/// An mbarrier, as PTX describes it.
struct MBarrier {
  uint32_t count = 0, pending = 0;
  int64_t bytes = 0;
  /// Phases completed.
  uint32_t phase = 0;
  /// What has arrived, and what a completed phase gives to who waits.
  Clock arrived, released;
  /// Who initialised it, and when.
  unsigned initWarp = 0;
  uint32_t initTime = 0;
  bool isInitialised = false;
  /// Whether who initialised it has fenced that from the asynchronous proxy.
  bool isFenced = false;
};

/// A copy that has not landed.
struct Copy {
  const uint8_t *source;
  uint64_t destination, bytes;
  /// Zeros after the copied bytes, for copies of threads.
  uint64_t zeros = 0;
  /// -1: a copy of a thread, of `warp`'s `group`.
  int32_t barrier = -1;
  unsigned warp = 0;
  uint32_t group = 0;
  /// The turn of the scheduler in which it lands at the latest.
  uint64_t landsAt = 0;
};

/// One block: warps that take turns, shared memory, mbarriers, copies in flight.
class Block {
public:
  Block(Launch &launch, uint64_t seed);

  /// Runs block `index` to its end. Times go on from block to block.
  bool run(std::array<uint32_t, 3> index);

  std::string describeActor(const Conflict &conflict) const;
  std::string describeBarrier(unsigned number) const;
  void start(Copy copy);
  void land(size_t position);
  /// Lands the copies of groups of `warp` up to `group`.
  void landGroups(unsigned warp, uint32_t group);
  /// Completes the phase if nothing is pending.
  void settle(unsigned barrier);
  std::string name() const;

  Launch &launch;
  Actors actors;
  std::array<uint32_t, 3> index = {};
  uint32_t number = 0;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<uint8_t> shared;
  Shadow shadow;
  std::vector<MBarrier> barriers;
  /// Of each warp, what its own proxy fences cover.
  Clock fenced;
  /// Blocks of this launch whose writes this one can see, and how often it has released its own.
  SeenBlocks acquired;
  uint32_t releases = 0;
  /// For an address of an atomic: what the warps that updated it knew.
  llvm::DenseMap<uint64_t, Clock> atomicClocks;

private:
  bool deadlock();
  void releaseBarrier();
  bool takeTurns();
  Warp *pick();

  Random random;
  uint64_t turn = 0;
  uint32_t baseTime = 0;
  std::vector<Copy> copies;
};

/// Threads of a block and warps of it.
unsigned threadsOf(const LaunchShape &shape);
inline unsigned warpsOf(const LaunchShape &shape) {
  return (threadsOf(shape) + warpLanes - 1) / warpLanes;
}

/// Size of an allocation in this launch.
uint64_t sizeOf(const Launch &launch, const Allocation &allocation);

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_MACHINE_H
