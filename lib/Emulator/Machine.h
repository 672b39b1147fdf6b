//===- Machine.h - A launch, a cluster, a warp ------------------*- C++ -*-===//
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
#include "uwt/Support/Random.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Twine.h"
#include <memory>
#include <optional>

namespace uwt::emulator {

/// Who wrote a global buffer in this launch, in granules of 4 bytes: the last writer.
struct GlobalShadow {
  struct Cell {
    /// Number of the cluster + 1; 0 for nobody.
    uint32_t cluster = 0;
    /// The warp's time, and how often the cluster had released what it wrote.
    uint32_t time = 0, releases = 0;
    uint32_t instruction = 0;
    uint16_t warp = 0;
    /// Which of the four bytes it wrote.
    uint8_t bytes = 0;
    bool isAtomic = false;
  };
  std::vector<Cell> cells;
};

/// Numbers of clusters + 1, and up to which of their releases their writes are seen.
using SeenClusters = llvm::DenseMap<uint32_t, uint32_t>;

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
  /// For an address of an atomic: which clusters' writes who updates it next can see.
  llvm::DenseMap<uint64_t, SeenClusters> released;
  uint64_t operationsLeft = 0;
  std::string error;
};

class Cluster;
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
  enum class State : uint8_t { Ready, AtBarrier, AtMBarrier, AtCluster, AtWarpgroup, Done };

  Warp(Cluster &cluster, unsigned number);

  /// At the beginning of its block's current coordinate in the grid. Registers but the initial ones
  /// keep what they held: nothing reads them before it writes them.
  void restart();

  /// Runs up to `operations`, or until it cannot go on.
  bool run(uint64_t operations);
  /// Whether the mbarriers that it waits for have completed; then it has acquired them.
  bool pollWait();
  /// The same for the barrier of the cluster.
  bool pollCluster();
  /// "warp 1 waits at …".
  std::string describe() const;

  Cluster &cluster;
  /// Its number in the cluster, the rank of its block there, and its number in the block.
  unsigned number, rank, inBlock;
  State state = State::Ready;
  size_t pc = 0;
  uint32_t mask = 0;
  Clock clock;
  /// What the last proxy fence of this warp covers.
  Clock fenced;
  /// Its time at its last fence of mbarriers' initialisation.
  uint32_t initFenced = 0;
  /// How often it has arrived at the barrier of the cluster.
  uint32_t clusterArrivals = 0;
  /// What some lanes have acquired by atomics; the others see it after a barrier of the warp.
  struct Acquired {
    uint32_t lanes = 0;
    Clock clock;
    SeenClusters clusters;
  };
  Acquired acquired;
  /// Time of this warp; moves on at each release.
  uint32_t &ownTime();
  /// All of its lanes see what some have acquired.
  void shareAcquired();

private:
  friend class Cluster;
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
  bool elect(const Instruction &code);
  bool broadcast(const Instruction &code);

  // WarpMemory.cpp.
  /// Where a shared allocation of this warp's block begins in the shared memory of the cluster.
  uint64_t sharedBegin(const Allocation &allocation) const;
  bool address(const Access &access, Addresses &out, uint32_t active);
  bool faultAddress(const Access &access, uint32_t active);
  bool load(const Instruction &code);
  bool prefetch(const Instruction &code);
  bool store(const Instruction &code);
  bool atomic(const Instruction &code, bool isOrdered);
  /// Acquires for a lane what was released at this address of global memory, and releases.
  void synchronise(const Allocation &allocation, uint64_t byte, unsigned lane);
  /// Whether an access comes after the write of a cell, of a lane that has `acquired` or not.
  bool isAfter(const GlobalShadow::Cell &cell, bool hasAcquired) const;
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
  bool byteMatrix(const Instruction &code);
  bool loadMatrix(const Instruction &code);
  /// A fault where lanes of this warp that the block has, or those of `lanes`, are not here.
  bool needAllLanes();
  /// The lanes that the block has of this warp.
  uint32_t lanesOfWarp() const;
  bool needLanes(uint32_t lanes);

  // Warpgroup.cpp.
  bool products(const Instruction &code);
  bool multiplyGroup(const Instruction &code);
  /// Adds a group's products to the accumulators, `matrix` being where B begins in shared memory.
  template <typename Number> bool addProducts(const Instruction &code, uint64_t matrix);
  template <typename Number>
  bool readMatrix(const ProductsPlan &plan, uint64_t descriptor, unsigned tiles, FloatKind kind,
                  Number *to);
  bool productsWait(const Instruction &code);
  bool checkProductsEnded();
  std::string describeMissing() const;

  // Barrier.cpp.
  bool barrierNumber(const BarrierUse &use, unsigned lane, unsigned &number);
  /// The lane's barrier, as block `rank` has it, and its number; null, with a fault, where this
  /// warp may not use it.
  MBarrier *usableBarrier(const BarrierUse &use, unsigned lane, unsigned rank, unsigned &which);
  bool needBlock(unsigned lane, uint64_t rank);
  void fence(bool isForMemory);
  bool checkMembers(const Instruction &code);
  bool warpBarrier(const Instruction &code);
  bool barrierInit(const Instruction &code);
  bool barrierArrive(const Instruction &code, bool expectsBytes);
  bool barrierTest(const Instruction &code);
  bool barrierWait(const Instruction &code);
  bool bulkCopy(const Instruction &code);
  bool copyBulk(const CopyPlan &plan, unsigned lane, unsigned rank, const uint8_t *from,
                const Addresses &to);
  bool barrierExpectOnly(const Instruction &code);
  bool clusterArrive(bool isRelaxed);
  bool clusterWait();
  bool asyncCopy(const Instruction &code);
  void asyncCommit();
  void asyncWait(unsigned groupsLeft);
  bool asyncArrive(const Instruction &code);

  bool fault(unsigned lane, const llvm::Twine &message);

  std::unique_ptr<Lanes[]> registers;
  std::vector<uint8_t> privateMemory;
  std::vector<Frame> frames;
  std::vector<Lanes> scratch;
  /// Asynchronous copies by what tells of their end: runs of them that a commit or an arrival has
  /// ended, how many of these are known to have landed, and the run that each commit has ended.
  uint32_t copyRuns = 0, copyRunsDone = 0;
  std::vector<uint32_t> groups;
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
  /// -1: a copy of a thread, of `warp`'s `run`.
  int32_t barrier = -1;
  unsigned warp = 0;
  uint32_t run = 0;
  /// What its issuer knew of the kernel before: who waits for the copy knows it too.
  uint32_t knownBefore = 0;
  /// The turn of the scheduler in which it lands at the latest.
  uint64_t landsAt = 0;
};

/// Arrivals of a warp's lanes at an mbarrier once its copies up to `run` have landed.
struct AsyncArrival {
  unsigned barrier, warp;
  uint32_t run;
  unsigned lanes;
};

/// The barrier of all warps of a cluster (barrier.cluster).
struct ClusterBarrier {
  /// Phases completed.
  uint32_t phase = 0;
  Clock arrived, released;
};

/// One cluster, most often of one block: warps that take turns, shared memory, mbarriers, copies
/// in flight. Warps and mbarriers of its blocks are numbered one block behind the other.
class Cluster {
public:
  Cluster(Launch &launch, uint64_t seed);

  /// Runs the blocks from `index` on to their end. Times go on from cluster to cluster.
  bool run(std::array<uint32_t, 3> index);

  std::string describeActor(const Conflict &conflict) const;
  std::string describeBarrier(unsigned number) const;
  void start(Copy copy);
  bool land(size_t position);
  /// Lands the copies of `warp` up to `run`.
  void landRuns(unsigned warp, uint32_t run);
  /// Arrives when those have landed.
  void arriveLater(const AsyncArrival &arrival);
  /// Completes the phase if nothing is pending.
  void settle(unsigned barrier);
  /// "block (0, 0, 0)"; "warp 1", "mbarrier 2" and, among several, of which block.
  std::string name(unsigned rank) const;
  std::string warpName(unsigned number) const;
  std::string barrierName(unsigned number) const;
  bool hasEnded(unsigned rank) const;
  llvm::ArrayRef<std::unique_ptr<Warp>> warpsOfBlock(unsigned rank) const;
  void arriveAtCluster(const Warp &warp, bool isRelaxed);
  /// Completes the phase of the cluster's barrier if nobody is waited for.
  void settleCluster();

  Launch &launch;
  unsigned blocks;
  /// Shared memory of a block.
  uint64_t arenaBytes;
  Actors actors;
  std::array<uint32_t, 3> index = {};
  uint32_t number = 0;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<uint8_t> shared;
  Shadow shadow;
  std::vector<MBarrier> barriers;
  /// Of each warp, what its own proxy fences cover.
  Clock fenced;
  ClusterBarrier clusterBarrier;
  /// Clusters of this launch whose writes this one can see, and how often it has released its own.
  SeenClusters acquired;
  uint32_t releases = 0;
  /// For an address of an atomic: what the warps that updated it knew.
  llvm::DenseMap<uint64_t, Clock> atomicClocks;

private:
  bool deadlock();
  /// Lets a block go on of which all warps wait for each other, if there is one.
  bool releaseBarrier();
  void releaseBarrier(unsigned rank);
  std::string nameInCluster(const char *kind, unsigned number, unsigned ofEach) const;
  bool takeTurns();
  Warp *pick();

  Random random;
  uint64_t turn = 0;
  /// Lets those of a warp's arrivals happen whose copies have landed.
  void settleArrivals(unsigned warp);
  uint32_t baseTime = 0;
  std::vector<Copy> copies;
  std::vector<AsyncArrival> arrivals;
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
