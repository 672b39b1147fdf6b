//===- Machine.h - A launch, a cluster, a warp of PTX -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes of a warp have program counters of their own. Those that are at one instruction run it
// together; they meet again for certain only where an instruction waits for them. Functions that
// execute return false after a fault, whose text is in Launch::error; nothing runs after that.
//
// Addresses: a buffer of the launch has a window of 2^40 bytes; shared memory's addresses are
// offsets in the block's, with the block's rank + 1 from bit 24 on where mapa has made them;
// generic ones have bit 62 set for shared memory.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_MACHINE_H
#define UWT_LIB_EMULATOR_PTX_MACHINE_H

#include "../Bytecode.h"
#include "Program.h"
#include "SharedShadow.h"
#include "uwt/Emulator/Emulator.h"
#include "uwt/Support/Random.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Twine.h"
#include <cstring>
#include <optional>

namespace uwt::emulator::ptx {

constexpr unsigned bufferShift = 40, rankShift = 24;
constexpr uint64_t sharedWindow = uint64_t(1) << 62;

/// A thread's access to some of 4 bytes of a buffer.
struct GlobalAccess {
  /// Number of the cluster + 1; 0 for nobody.
  uint32_t cluster = 0;
  uint32_t time = 0;
  uint32_t instruction = 0;
  uint16_t thread = 0;
  uint8_t bytes = 0;
  Strength strength = weakAccess;
};

/// Who wrote 4 bytes of a buffer last in this launch, and who has read them since: of several
/// readers that nothing orders the first one.
struct GlobalCell {
  GlobalAccess written, read;
};

/// What threads of a cluster have released at an address, as far as `scope`.
struct Release {
  uint32_t cluster;
  unsigned rank;
  Scope scope;
  KnowledgePtr knowledge;
};

/// A strong write to some bytes, or what they held before the first one.
struct StrongWrite {
  uint64_t value = 0;
  GlobalAccess by;
  /// Who reads it acquires StrongHistory::releases from here on, to `endRelease`.
  uint32_t firstRelease = 0, endRelease = 0;
  /// Who has read it: whoever comes behind one of them reads nothing older.
  llvm::SmallVector<GlobalAccess, 1> readers;
};

/// Strong writes to the same bytes, the newest one last (PTX ISA, coherence order). A strong read
/// that nothing orders behind the newest one may read an older one.
struct StrongHistory {
  const uint8_t *data = nullptr;
  unsigned bytes = 0;
  llvm::SmallVector<StrongWrite, 2> writes;
  std::vector<Release> releases;
};

/// What a launch shares among its clusters.
struct Launch {
  Launch(const Program &program, const LaunchShape &shape) : program(program), shape(shape) {}

  const Program &program;
  const LaunchShape &shape;
  /// Buffers among the arguments, in order, and the bytes of the parameters.
  std::vector<EmulatedArgument> buffers;
  std::vector<uint8_t> parameters;
  EmulationCounters counters;
  /// By buffer; empty where nothing has written.
  std::vector<std::vector<GlobalCell>> cells;
  /// By the address of the 4 bytes that they begin in, here.
  llvm::DenseMap<uint64_t, StrongHistory> strong;
  /// What fence.sc has released: later ones acquire it (PTX ISA, Fence-SC order).
  std::vector<Release> fences;
  /// By instruction; empty where the program has no wgmma.
  std::vector<bool> touchesProducts;
  uint64_t operationsLeft = 0;
  std::string error;

  /// The strong writes to bytes; null where there are none.
  StrongHistory *historyOf(const uint8_t *data, unsigned bytes);
  /// Something else has written to bytes.
  void forget(const uint8_t *data, uint64_t bytes);
};

class Cluster;
struct MBarrier;

/// A location in memory that an access of a thread names.
struct Location {
  enum Kind : uint8_t { Global, Shared, Parameter, Local } kind = Global;
  /// Of a buffer; or the rank of the block whose shared memory it is.
  unsigned number = 0;
  uint64_t offset = 0;
  uint8_t *data = nullptr;
};

/// A value of 1 to 8 bytes in memory.
inline uint64_t readBytes(const uint8_t *from, unsigned bytes) {
  uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

/// Lanes of a warp that are at one instruction.
struct Group {
  /// Of those that wait: for lanes of the warp; for the block's barrier `barrier`; for the cluster;
  /// for a phase of an mbarrier; for the warpgroup.
  enum State : uint8_t { Ready, AtSync, AtBarrier, AtCluster, AtMBarrier, AtWarpgroup };
  uint32_t mask = 0;
  size_t pc = 0;
  State state = Ready;
  uint32_t barrier = 0;
  /// At the block's barrier: the threads that it waits for; 0 for all.
  uint32_t threads = 0;
  /// Where a test of an mbarrier has failed: the cluster's progress then, + 1.
  uint64_t idleSince = 0;
};

class Warp {
public:
  Warp(Cluster &cluster, unsigned number);

  /// Runs one of its groups that are ready, up to `operations`.
  bool run(uint64_t operations);
  bool isReady() const;
  bool hasEnded() const { return alive == 0; }
  /// "warp 1, lanes 0x0000ffff wait at …".
  std::string describe() const;
  /// Wakes groups whose mbarrier has completed a phase.
  void wake(uint32_t barrier);
  /// Lets the groups at the block's barrier go on.
  void leaveBarrier(uint32_t barrier, const KnowledgePtr &knowledge);
  void leaveCluster();

  unsigned thread(unsigned lane) const { return 32 * number + lane; }

  Cluster &cluster;
  /// Its number in the cluster, the rank of its block there, and its number in the block.
  unsigned number, rank, inBlock;
  /// Lanes that the block has, and those that have not ended.
  uint32_t exists, alive;
  std::vector<Group> groups;
  /// Time; moves on at each release.
  uint32_t now = 1;
  KnowledgePtr known[warpLanes];

private:
  friend class Cluster;

  void setInitial(const Initial &initial);
  Lanes &reg(int32_t number) { return registers[number]; }
  /// Value of a source in a lane, with its offset.
  uint64_t value(const Operand &operand, unsigned lane) const {
    return registers[operand.reg].lane[lane] + uint64_t(operand.offset);
  }
  uint32_t activeLanes(const Group &group, const Instruction &code) const;

  // Warp.cpp.
  bool step(size_t chosen);
  bool execute(Group &group, const Instruction &code, uint32_t mask);
  bool executeTogether(Group &group, const Instruction &code, uint32_t mask);
  void branch(size_t chosen, const Instruction &code, uint32_t mask);
  bool leave(size_t chosen, uint32_t mask);
  /// The number of the group to go on with; that of none where all wait.
  size_t pick();
  void mergeGroups();
  enum class Meeting : uint8_t { Complete, Waiting, Fault };
  bool castAddress(const Instruction &code, uint32_t mask);

  // Collectives.cpp.
  Meeting meet(Group &group, uint32_t mask, uint32_t members);
  Meeting meetAligned(Group &group, uint32_t mask);
  Meeting membersMeet(Group &group, uint32_t mask, const Operand &members);
  bool warpBarrier(Group &group, const Instruction &code, uint32_t mask);
  bool shuffle(Group &group, const Instruction &code, uint32_t mask);
  bool vote(Group &group, const Instruction &code, uint32_t mask);
  bool redux(Group &group, const Instruction &code, uint32_t mask);
  bool elect(Group &group, const Instruction &code, uint32_t mask);
  /// Lanes know what all of them know.
  void joinLanes(uint32_t mask);

  // Memory.cpp.
  std::optional<Location> resolve(unsigned lane, Space space, uint64_t address, uint64_t bytes,
                                  const char *verb);
  std::optional<Location> resolveShared(unsigned lane, uint64_t address, uint64_t bytes,
                                        const char *verb);
  bool load(const Instruction &code, uint32_t mask);
  bool prefetch(const Instruction &code, uint32_t mask);
  bool store(const Instruction &code, uint32_t mask);
  bool atomic(const Instruction &code, uint32_t mask);
  bool checkRead(unsigned lane, const Location &location, uint64_t bytes,
                 Strength strength = weakAccess);
  /// What an access does to memory: reads it, writes it, writes what it holds, or updates it.
  enum class Action : uint8_t { Read, Write, Repeat, Update };
  bool checkWrite(unsigned lane, const Location &location, uint64_t bytes, Action action,
                  Strength strength = weakAccess);
  bool checkGlobal(unsigned lane, const Location &location, uint64_t bytes, Action action,
                   Strength strength = weakAccess);
  bool checkUpdate(unsigned lane, const Location &location, uint64_t bytes, Strength strength);
  bool faultShared(unsigned lane, const char *verb, uint64_t offset, uint64_t bytes,
                   const Conflict &conflict);
  /// Whether what a lane does to global memory comes behind an access of another thread.
  bool isBehind(unsigned lane, const GlobalAccess &access) const;
  bool faultGlobal(unsigned lane, Action action, const Location &location, uint64_t bytes,
                   const GlobalAccess &other, const char *otherVerb, Strength strength);
  void countAccess(Location::Kind kind, uint64_t bytes, uint32_t mask, bool isStore);

  // Order.cpp.
  /// `to` knows what the lanes know, and what they have done themselves; their time moves on.
  void release(uint32_t lanes, Knowledge &to);
  KnowledgePtr publish(unsigned lane);
  void acquire(uint32_t lanes, const Knowledge &knowledge);
  void acquireFrom(unsigned lane, const Release &release);
  /// Whether what the lane does as far as `scope` and what another block does reach each other.
  bool reach(Scope scope, const Release &other) const;
  bool reach(Strength strength, const GlobalAccess &other) const;

  // Coherence.cpp.
  /// Which write a strong read of a lane observes: of those that it may the one that the seed says.
  const StrongWrite *observe(unsigned lane, StrongHistory &history, bool isUpdate);
  /// What a strong read, or the read of an update, gives, and acquires.
  uint64_t readStrong(unsigned lane, const uint8_t *data, unsigned bytes, const Instruction &code,
                      bool isUpdate = false);
  /// Writes, and releases. What an update has read belongs to what its own readers observe.
  void writeStrong(unsigned lane, uint8_t *data, unsigned bytes, uint64_t value,
                   const Instruction &code, bool isUpdate = false);
  /// What is released with a write of a lane goes to the end of `releases`.
  void releaseWith(unsigned lane, const Instruction &code, std::vector<Release> &releases);
  void fence(const Instruction &code, uint32_t mask);
  void rememberFence(unsigned lane, Scope scope);
  void proxyFence(uint32_t mask);
  void barrierInitFence(uint32_t mask);
  Accessor accessor(unsigned lane) const;

  // Barriers.cpp.
  MBarrier *usableBarrier(unsigned lane, Space space, uint64_t address);
  bool needBlock(unsigned lane, unsigned rank);
  bool barrierInit(const Instruction &code, uint32_t mask);
  bool barrierInvalidate(const Instruction &code, uint32_t mask);
  bool barrierArrive(const Instruction &code, uint32_t mask);
  bool barrierExpect(const Instruction &code, uint32_t mask);
  bool barrierTest(Group &group, const Instruction &code, uint32_t mask);
  bool blockBarrier(Group &group, const Instruction &code, uint32_t mask);
  bool clusterArrive(Group &group, const Instruction &code, uint32_t mask);
  bool clusterWait(Group &group, const Instruction &code, uint32_t mask);

  // Copies.cpp.
  bool bulkCopy(const Instruction &code, uint32_t mask);
  bool copyTo(unsigned lane, const Location &source, uint64_t to, uint64_t barrierAddress,
              uint64_t bytes);
  bool asyncCopy(const Instruction &code, uint32_t mask);
  bool asyncArrive(const Instruction &code, uint32_t mask);
  void asyncCommit(uint32_t mask);
  void asyncWait(uint32_t mask, unsigned groupsLeft);

  // Matrix.cpp.
  bool mma(Group &group, const Instruction &code, uint32_t mask);
  void multiplyBytes(const Instruction &code);
  bool loadMatrix(Group &group, const Instruction &code, uint32_t mask);
  bool wgmma(Group &group, const Instruction &code, uint32_t mask);
  bool wgmmaFence(Group &group, uint32_t mask);
  bool wgmmaCommit(Group &group, uint32_t mask);
  bool wgmmaWait(Group &group, const Instruction &code, uint32_t mask);
  /// A fault where an instruction uses registers of products that are under way.
  bool checkOperands(const Instruction &code, uint32_t mask);
  /// Adds products of a warpgroup to the results, which follow A and the descriptor of B.
  template <typename Number>
  bool addProducts(const Instruction &code, llvm::ArrayRef<Operand> a, uint64_t descriptor);
  template <typename Number>
  bool readColumns(uint64_t descriptor, unsigned columns, FloatKind kind, Number *to);
  bool meetWarpgroup(Group &group);
  bool checkEnd(uint32_t mask);

  bool fault(unsigned lane, const llvm::Twine &message);

  std::unique_ptr<Lanes[]> registers;
  std::vector<uint8_t> local;
  size_t current = 0;

  /// Of each lane: what its last proxy fence covers, its last fence of memory, what it has read and
  /// would acquire with a fence.
  KnowledgePtr fenced[warpLanes], fenceRelease[warpLanes];
  Scope fenceScope[warpLanes] = {};
  llvm::SmallVector<Release, 0> pendingAcquires[warpLanes];
  /// An atomic that a lane has done and that orders nothing, for messages.
  int64_t unordered[warpLanes];
  /// Asynchronous copies that lanes have issued, up to which they have landed for them, and what
  /// each group that was committed ends with.
  uint32_t issued[warpLanes] = {}, landed[warpLanes] = {};
  std::vector<uint32_t> committed[warpLanes];
  /// How often lanes have arrived at the cluster's barrier, and which phase they have waited for.
  uint32_t clusterArrivals[warpLanes] = {}, clusterWaits[warpLanes] = {};
  MBarrier *waited[warpLanes] = {};

  /// wgmma: groups that were committed and have ended; of each register: the group that writes or
  /// reads it + 1, and whether it was touched since the last wgmma.fence.
  uint32_t productGroups = 0, productGroupsDone = 0;
  bool hasOpenProducts = false;
  std::vector<uint32_t> busyUntil, readUntil;
  std::vector<bool> isUnfenced;
  bool hasMetWarpgroup = false;
};

/// An mbarrier (PTX ISA, "mbarrier").
struct MBarrier {
  /// Its number in the cluster, the block that has it and where.
  unsigned number = 0, rank = 0;
  uint64_t offset = 0;
  uint32_t count = 0, pending = 0;
  int64_t bytes = 0;
  /// Phases completed.
  uint32_t phase = 0;
  Knowledge arrived, released;
  unsigned initThread = 0;
  uint32_t initTime = 0;
  /// Whether who initialised it has fenced that from the asynchronous proxy.
  bool isFenced = false;
  /// The phase of the cluster's barrier that tells all threads of it; 0 if none does.
  uint32_t announced = 0;
};

/// A copy that has not landed.
struct Copy {
  const uint8_t *source;
  uint64_t destination, bytes;
  uint64_t zeros = 0;
  /// -1: a copy of a thread, its number `sequence`.
  int32_t barrier = -1;
  unsigned thread = 0;
  uint32_t sequence = 0;
  /// Whether who issued it knew that the kernel before has ended: so does who sees that it has
  /// landed, since what that kernel wrote is visible to the whole grid then (PTX ISA,
  /// griddepcontrol).
  bool isBehindGrid = false;
  /// The turn of the scheduler in which it lands at the latest.
  uint64_t landsAt = 0;
};

/// An arrival that waits for the copies of its thread (cp.async.mbarrier.arrive).
struct AsyncArrival {
  unsigned barrier, thread;
  uint32_t sequence;
  KnowledgePtr knowledge;
};

class Cluster {
public:
  Cluster(Launch &launch, std::array<uint32_t, 3> index, uint64_t seed);

  bool run();

  std::string name(unsigned rank) const;
  std::string threadName(unsigned thread) const;
  std::string warpName(unsigned number) const;
  std::string barrierName(const MBarrier &barrier) const;
  std::string describeBarrier(const MBarrier &barrier) const;
  std::string describeConflict(const Conflict &conflict) const;
  /// Where a byte of a block's shared memory lies, in words.
  std::string sharedName(uint64_t offset, uint64_t bytes) const;
  bool hasEnded(unsigned rank) const;
  void start(Copy copy);
  bool land(size_t position);
  void landThread(unsigned thread, uint32_t sequence);
  void settle(MBarrier &barrier);
  /// Makes the arrivals of a thread whose copies have landed.
  bool arriveAsync(unsigned thread);
  void arriveAtBlock(unsigned rank, uint32_t barrier, uint32_t threads);
  /// The mbarrier at a byte of the cluster's shared memory; null where there is none.
  MBarrier *findBarrier(uint64_t byte);
  MBarrier &addBarrier(uint64_t byte);
  void removeBarrier(const MBarrier &barrier);
  bool isBarrier(uint64_t byte, uint64_t bytes) const;
  /// Completes a barrier whose missing threads have ended.
  void settleBlock(unsigned rank);
  void settleCluster();
  /// Whether an instruction uses a register that wgmma uses, too.
  bool touchesProducts(size_t instruction) const {
    return !launch.touchesProducts.empty() && launch.touchesProducts[instruction];
  }

  Launch &launch;
  std::array<uint32_t, 3> index;
  uint32_t number;
  unsigned blocks, warpsInBlock;
  /// Shared memory that a block has, and the distance to the next block's.
  uint64_t sharedBytes, arenaBytes;
  Actors actors;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<uint8_t> shared;
  SharedShadow shadow;
  std::vector<std::unique_ptr<MBarrier>> barriers;
  /// By their bytes: those that are valid.
  llvm::DenseMap<uint64_t, unsigned> barrierNumbers;
  /// Of each thread, what its own proxy fences cover.
  std::vector<uint32_t> ownFences;
  std::vector<AsyncArrival> asyncArrivals;
  /// Phases of the cluster's barrier that have completed, and what has arrived.
  uint32_t clusterPhase = 0;
  Knowledge clusterArrived;
  KnowledgePtr clusterReleased;
  /// Goes up when anything happens that a failed test of an mbarrier may wait for.
  uint64_t progress = 0;
  Random random;

private:
  bool deadlock();

  uint64_t turn = 0;
  std::vector<Copy> copies;
};

/// Threads of a block.
unsigned threadsOfBlock(const LaunchShape &shape);
/// What an atomic of `code` (its mode and type) writes where `old` was.
uint64_t combineValues(const Instruction &code, uint64_t old, uint64_t a, uint64_t b);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_MACHINE_H
