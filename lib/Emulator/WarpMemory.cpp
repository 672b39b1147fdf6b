//===- WarpMemory.cpp - Loads, stores, atomics ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each access is checked in this order: indices against the view, bytes against the
// allocation, alignment, then the shadow.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Numbers.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cstring>

namespace uwt::emulator {

/// What the hardware wants an access of `bytes` aligned to.
static unsigned alignmentOf(unsigned bytes) {
  return std::min(16u, 1u << llvm::countr_zero(bytes));
}

static std::string byteRange(uint64_t begin, uint64_t bytes) {
  return "bytes [" + std::to_string(begin) + ", " + std::to_string(begin + bytes) + ")";
}

/// The addresses of an access with one index into a view of one size that begins at a constant:
/// one pass. False where any lane, active or not, is not plainly right.
static bool addressRow(const Lanes *registers, const Access &access, uint64_t limit, uint64_t low,
                       uint64_t *out) {
  const MemoryView &view = access.view;
  if (access.indices.size() != 1 || access.indices[0].isConstant() || !view.sizes[0].isSame() ||
      !view.strides[0].isConstant() || !view.byteOffset.isConstant())
    return false;
  uint64_t size = view.sizes[0].at(registers, 0), offset = view.byteOffset.value;
  uint64_t elements = std::max(1u, access.bytes / view.elementBytes);
  uint64_t scale = uint64_t(view.strides[0].value) * view.elementBytes;
  // The last index that fits the view and whose bytes fit the allocation.
  if (size < elements || offset > limit || limit - offset < access.bytes || scale == 0)
    return false;
  uint64_t last = std::min(size - elements, (limit - offset - access.bytes) / scale);
  const uint64_t *indices = registers[access.indices[0].reg].lane;
  uint64_t bad = 0;
  for (unsigned l = 0; l < warpLanes; ++l) {
    out[l] = offset + indices[l] * scale;
    bad |= uint64_t(indices[l] > last) | (out[l] & low);
  }
  return bad == 0;
}

bool Warp::address(const Access &access, Addresses &out, uint32_t active) {
  const MemoryView &view = access.view;
  const Lanes *r = registers.get();
  out.allocation = &cluster.launch.program.allocations[view.allocation];
  out.limit = sizeOf(cluster.launch, *out.allocation);
  uint64_t low = out.allocation->space == Space::Private ? 0 : alignmentOf(access.bytes) - 1;
  if (addressRow(r, access, out.limit, low, out.lane))
    return true;

  uint32_t bad = 0;
  for (unsigned l = 0; l < warpLanes; ++l)
    out.lane[l] = view.byteOffset.at(r, l);
  for (size_t d = 0, rank = access.indices.size(); d < rank; ++d) {
    // A vector needs as many elements in the last dimension.
    uint64_t elements = d + 1 == rank ? std::max(1u, access.bytes / view.elementBytes) : 1;
    for (unsigned l = 0; l < warpLanes; ++l) {
      uint64_t i = access.indices[d].at(r, l), n = view.sizes[d].at(r, l);
      out.lane[l] += i * view.strides[d].at(r, l) * view.elementBytes;
      bad |= uint32_t(i >= n || n - i < elements) << l;
    }
  }
  for (unsigned l = 0; l < warpLanes; ++l)
    bad |= uint32_t(out.lane[l] > out.limit || out.limit - out.lane[l] < access.bytes ||
                    (out.lane[l] & low))
           << l;
  return !(bad & active) || faultAddress(access, bad & active);
}

bool Warp::faultAddress(const Access &access, uint32_t lanes) {
  const MemoryView &view = access.view;
  const Lanes *r = registers.get();
  const Allocation &allocation = cluster.launch.program.allocations[view.allocation];
  uint64_t limit = sizeOf(cluster.launch, allocation);
  unsigned l = llvm::countr_zero(lanes), rank = access.indices.size();
  uint64_t begin = view.byteOffset.at(r, l);
  for (unsigned d = 0; d < rank; ++d) {
    int64_t index = access.indices[d].at(r, l), size = view.sizes[d].at(r, l);
    uint64_t elements = d + 1 == rank ? std::max(1u, access.bytes / view.elementBytes) : 1;
    begin += index * view.strides[d].at(r, l) * view.elementBytes;
    if (uint64_t(index) < uint64_t(size) && uint64_t(size - index) >= elements)
      continue;
    return fault(l, "index " + llvm::Twine(index) + " of dimension " + llvm::Twine(d) + " and " +
                        llvm::Twine(elements) + " element(s) do not fit in its size of " +
                        llvm::Twine(size) + ", in " + allocation.name);
  }
  if (begin > limit || limit - begin < access.bytes)
    return fault(l, "accesses " + byteRange(begin, access.bytes) + " of " + allocation.name +
                        ", which has " + llvm::Twine(limit) + " bytes");
  return fault(l, "accesses " + byteRange(begin, access.bytes) + " of " + allocation.name +
                      ", which must begin at a multiple of " +
                      llvm::Twine(alignmentOf(access.bytes)));
}

uint64_t Warp::sharedBegin(const Allocation &allocation) const {
  return rank * cluster.arenaBytes + allocation.begin;
}

uint8_t *Warp::memory(const Addresses &addresses) {
  const Allocation &allocation = *addresses.allocation;
  switch (allocation.space) {
  case Space::Global:
    return static_cast<uint8_t *>(cluster.launch.arguments[allocation.argument].data);
  case Space::Shared:
    return cluster.shared.data() + sharedBegin(allocation);
  case Space::Private:
    return privateMemory.data() + allocation.begin;
  }
  return nullptr;
}

uint64_t Warp::laneBytes(const Addresses &addresses) const {
  return addresses.allocation->space == Space::Private ? cluster.launch.program.privateBytes : 0;
}

bool Warp::faultConflict(unsigned lane, const char *verb, const Addresses &addresses,
                         uint64_t bytes, const Conflict &conflict) {
  std::string what = std::string(verb) + " " + byteRange(addresses.lane[lane], bytes) + " of " +
                     addresses.allocation->name;
  if (conflict.kind == Conflict::Uninitialised)
    return fault(lane, what + ", which nothing has written");
  return fault(lane, what + cluster.describeActor(conflict));
}

bool Warp::checkReads(const Addresses &addresses, unsigned bytes, uint32_t active) {
  const Allocation &allocation = *addresses.allocation;
  if (allocation.space == Space::Shared) {
    unsigned lane = 0;
    Conflict conflict = cluster.shadow.read(number, clock, sharedBegin(allocation), addresses.lane,
                                            active, bytes, pc, lane);
    return !conflict || faultConflict(lane, "reads", addresses, bytes, conflict);
  }
  // Nothing has written most buffers.
  if (allocation.space == Space::Private ||
      cluster.launch.shadows[allocation.argument].cells.empty())
    return true;
  for (; active; active &= active - 1)
    if (!checkGlobal(addresses, llvm::countr_zero(active), bytes, false, false))
      return false;
  return true;
}

bool Warp::checkWrites(const Addresses &addresses, unsigned bytes) {
  const Allocation &allocation = *addresses.allocation;
  for (uint32_t active = mask; active; active &= active - 1) {
    unsigned lane = llvm::countr_zero(active);
    if (allocation.space == Space::Shared) {
      Conflict conflict =
          cluster.shadow.write(cluster.actors.warp(number), ownTime(), clock,
                               sharedBegin(allocation) + addresses.lane[lane], bytes, pc, false);
      if (conflict)
        return faultConflict(lane, "writes", addresses, bytes, conflict);
    } else if (allocation.space == Space::Global) {
      if (!checkGlobal(addresses, lane, bytes, true, false))
        return false;
    }
  }
  return true;
}

bool Warp::faultGlobal(unsigned lane, const char *verb, const Addresses &addresses, uint64_t bytes,
                       const GlobalShadow::Cell &cell) {
  std::string why = ", and nothing orders the two";
  if (acquired.lanes && isAfter(cell, /*hasAcquired=*/true))
    why = ", which only lane " + std::to_string(llvm::countr_zero(acquired.lanes)) +
          " has acquired: the others need a barrier of the warp after it (nvvm.bar.warp.sync)";
  return fault(lane, std::string(verb) + " " + byteRange(addresses.lane[lane], bytes) + " of " +
                         addresses.allocation->name + " that " +
                         (cluster.blocks == 1 ? "block" : "cluster") + " number " +
                         std::to_string(cell.cluster - 1) + ", " + cluster.warpName(cell.warp) +
                         " writes at " + cluster.launch.program.describe(cell.instruction) + why);
}

bool Warp::isAfter(const GlobalShadow::Cell &cell, bool hasAcquired) const {
  if (cell.cluster != cluster.number + 1)
    return cluster.acquired.lookup(cell.cluster) > cell.releases ||
           (hasAcquired && acquired.clusters.lookup(cell.cluster) > cell.releases);
  unsigned actor = cluster.actors.warp(cell.warp);
  return clock[actor] >= cell.time || (hasAcquired && acquired.clock[actor] >= cell.time);
}

bool Warp::checkGlobal(const Addresses &addresses, unsigned lane, unsigned bytes, bool isWrite,
                       bool isAtomic) {
  Launch &launch = cluster.launch;
  unsigned argument = addresses.allocation->argument;
  if (isWrite && !launch.arguments[argument].isWritable)
    return fault(lane, "writes " + addresses.allocation->name + ", which was passed to be read");
  std::vector<GlobalShadow::Cell> &cells = launch.shadows[argument].cells;
  uint64_t firstWord = addresses.lane[lane] / 4, endWord = (addresses.lane[lane] + bytes + 3) / 4;
  bool mayBeBusy = launch.arguments[argument].isFromBefore && clock[Actors::kernelBefore] == 0;
  for (uint64_t i = firstWord; mayBeBusy && i < endWord; ++i)
    if (isWrite || cells.empty() || cells[i].cluster == 0)
      return fault(lane, (isWrite ? "writes " : "reads ") + byteRange(addresses.lane[lane], bytes) +
                             " of " + addresses.allocation->name +
                             ", which the kernel before may still " + (isWrite ? "read" : "write") +
                             ": nothing orders this after uwt.grid_dependency_wait");
  if (cells.empty()) {
    if (!isWrite)
      return true;
    cells.resize((launch.arguments[argument].bytes + 3) / 4);
  }
  uint64_t begin = addresses.lane[lane], end = begin + bytes;
  for (uint64_t i = firstWord; i < endWord; ++i) {
    GlobalShadow::Cell &cell = cells[i];
    unsigned first = i * 4 < begin ? begin % 4 : 0, last = std::min<uint64_t>(4, end - i * 4);
    uint8_t touched = maskOf(last) & ~maskOf(first);
    bool isOrdered = cell.cluster == 0 || !(cell.bytes & touched) || (isAtomic && cell.isAtomic);
    if (!isOrdered && !isAfter(cell, acquired.lanes >> lane & 1))
      return faultGlobal(lane, isWrite ? "writes" : "reads", addresses, bytes, cell);
    if (!isWrite)
      continue;
    bool isSame = cell.cluster == cluster.number + 1 && cell.warp == number;
    cell = {cluster.number + 1,
            ownTime(),
            cluster.releases,
            uint32_t(pc),
            uint16_t(number),
            uint8_t(touched | (isSame ? cell.bytes : 0)),
            isAtomic};
  }
  return true;
}

/// Clocks beyond one a phase that 32 banks of 4 bytes take for these lanes.
static unsigned countConflicts(const Addresses &addresses, unsigned bytes, uint32_t active) {
  unsigned lanesAtOnce = bytes >= 16 ? 8 : bytes >= 8 ? 16 : 32, extra = 0;
  unsigned words = std::max(1u, std::min(bytes, 16u) / 4);
  for (unsigned begin = 0; begin < warpLanes; begin += lanesAtOnce) {
    uint64_t seen[warpLanes][warpLanes];
    unsigned depth[warpLanes] = {}, deepest = 0;
    for (unsigned l = begin; l < begin + lanesAtOnce; ++l)
      for (unsigned w = 0; (active >> l & 1) && w < words; ++w) {
        uint64_t word = (addresses.allocation->begin + addresses.lane[l]) / 4 + w;
        unsigned bank = word % 32;
        uint64_t *end = seen[bank] + depth[bank];
        if (std::find(seen[bank], end, word) != end)
          continue;
        *end = word;
        deepest = std::max(deepest, ++depth[bank]);
      }
    extra += deepest > 1 ? deepest - 1 : 0;
  }
  return extra;
}

/// Lanes one behind the other, or all at one address, never conflict.
static bool isRegular(const Addresses &addresses, unsigned bytes, uint32_t active) {
  if (active != allLanes)
    return false;
  bool isRow = true, isOne = true;
  for (unsigned l = 1; l < warpLanes; ++l) {
    isRow &= addresses.lane[l] == addresses.lane[0] + l * bytes;
    isOne &= addresses.lane[l] == addresses.lane[0];
  }
  return isOne || (isRow && llvm::isPowerOf2_32(bytes) && bytes <= 16);
}

void Warp::countAccess(const Addresses &addresses, unsigned bytes, bool isStore) {
  EmulationCounters &counters = cluster.launch.counters;
  uint64_t all = uint64_t(bytes) * llvm::popcount(mask);
  if (addresses.allocation->space == Space::Global) {
    ++(isStore ? counters.globalStores : counters.globalLoads);
    (isStore ? counters.globalStoreBytes : counters.globalLoadBytes) += all;
  } else if (addresses.allocation->space == Space::Shared) {
    ++(isStore ? counters.sharedStores : counters.sharedLoads);
    (isStore ? counters.sharedStoreBytes : counters.sharedLoadBytes) += all;
    if (!isRegular(addresses, bytes, mask))
      counters.bankConflicts += countConflicts(addresses, bytes, mask);
  }
}

/// Little-endian integer of 1, 2, 4 or 8 bytes.
static uint64_t readElement(const uint8_t *from, unsigned bytes) {
  uint64_t value = 0;
  switch (bytes) {
  case 1:
    return *from;
  case 2:
    std::memcpy(&value, from, 2);
    return value;
  case 4:
    std::memcpy(&value, from, 4);
    return value;
  default:
    std::memcpy(&value, from, 8);
    return value;
  }
}

static void writeElement(uint8_t *to, uint64_t value, unsigned bytes) {
  switch (bytes) {
  case 1:
    *to = uint8_t(value);
    return;
  case 2:
    std::memcpy(to, &value, 2);
    return;
  case 4:
    std::memcpy(to, &value, 4);
    return;
  default:
    std::memcpy(to, &value, 8);
  }
}

/// Registers from memory, for elements of `T`; `reach(lane)` is where a lane's bytes are.
template <typename T, typename Reach>
static void loadElements(Lanes *to, unsigned count, uint32_t active, Reach reach) {
  auto loadLane = [&](unsigned lane) {
    const uint8_t *from = reach(lane);
    for (unsigned i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, from + i * sizeof(T), sizeof(T));
      to[i].lane[lane] = value;
    }
  };
  if (active == allLanes)
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      loadLane(lane);
  else
    for (; active; active &= active - 1)
      loadLane(llvm::countr_zero(active));
}

/// The other way. False in `lane` where, after all have stored, a lane does not find what it
/// stored.
template <typename T, typename Reach>
static bool storeElements(const Lanes *from, unsigned count, uint32_t active, Reach reach,
                          unsigned &lane) {
  for (uint32_t rest = active; rest; rest &= rest - 1) {
    lane = llvm::countr_zero(rest);
    uint8_t *to = reach(lane);
    for (unsigned i = 0; i < count; ++i) {
      T value = T(from[i].lane[lane]);
      std::memcpy(to + i * sizeof(T), &value, sizeof(T));
    }
  }
  for (uint32_t rest = active; rest; rest &= rest - 1) {
    lane = llvm::countr_zero(rest);
    const uint8_t *to = reach(lane);
    for (unsigned i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, to + i * sizeof(T), sizeof(T));
      if (value != T(from[i].lane[lane]))
        return false;
    }
  }
  return true;
}

bool Warp::load(const Instruction &code) {
  const Access &access = cluster.launch.program.accesses[code.target];
  Addresses addresses;
  if (!address(access, addresses, mask) || !checkReads(addresses, access.bytes, mask))
    return false;
  const uint8_t *base = memory(addresses);
  uint64_t perLane = laneBytes(addresses);
  auto reach = [&](unsigned lane) { return base + lane * perLane + addresses.lane[lane]; };
  Lanes *to = &reg(code.dst);
  switch (access.elementBytes) {
  case 1:
    loadElements<uint8_t>(to, code.count, mask, reach);
    break;
  case 2:
    loadElements<uint16_t>(to, code.count, mask, reach);
    break;
  case 4:
    loadElements<uint32_t>(to, code.count, mask, reach);
    break;
  default:
    loadElements<uint64_t>(to, code.count, mask, reach);
  }
  countAccess(addresses, access.bytes, false);
  return true;
}

bool Warp::prefetch(const Instruction &code) {
  // Nothing changes, and nobody need have written it; but it has to be memory of the buffer.
  Addresses addresses;
  return address(cluster.launch.program.accesses[code.target], addresses, mask);
}

bool Warp::store(const Instruction &code) {
  const Access &access = cluster.launch.program.accesses[code.target];
  Addresses addresses;
  if (!address(access, addresses, mask) || !checkWrites(addresses, access.bytes))
    return false;
  uint8_t *base = memory(addresses);
  uint64_t perLane = laneBytes(addresses);
  auto reach = [&](unsigned lane) { return base + lane * perLane + addresses.lane[lane]; };
  const Lanes *from = &reg(code.a);
  unsigned lane = 0;
  auto storeAll = [&] {
    switch (access.elementBytes) {
    case 1:
      return storeElements<uint8_t>(from, code.count, mask, reach, lane);
    case 2:
      return storeElements<uint16_t>(from, code.count, mask, reach, lane);
    case 4:
      return storeElements<uint32_t>(from, code.count, mask, reach, lane);
    default:
      return storeElements<uint64_t>(from, code.count, mask, reach, lane);
    }
  };
  if (!storeAll())
    return fault(lane, "writes " + byteRange(addresses.lane[lane], access.bytes) + " of " +
                           addresses.allocation->name +
                           ", to which another lane writes something else");
  countAccess(addresses, access.bytes, true);
  return true;
}

static uint64_t combine(Opcode kind, uint64_t old, uint64_t value, unsigned bits) {
  int64_t a = signExtend(old, bits), b = signExtend(value, bits);
  switch (kind) {
  case Opcode::Add:
    return (old + value) & maskOf(bits);
  case Opcode::And:
    return old & value;
  case Opcode::Or:
    return old | value;
  case Opcode::Xor:
    return old ^ value;
  case Opcode::MaxS:
    return a > b ? old : value;
  case Opcode::MinS:
    return a < b ? old : value;
  case Opcode::MaxU:
    return std::max(old, value);
  case Opcode::MinU:
    return std::min(old, value);
  default:
    return value;
  }
}

static void join(SeenClusters &to, const SeenClusters &from) {
  for (auto [number, releases] : from)
    to[number] = std::max(to[number], releases);
}

void Warp::synchronise(const Allocation &allocation, uint64_t byte, unsigned lane) {
  // No address has 48 bits.
  uint64_t key = uint64_t(allocation.argument + 1) << 48 | byte;
  Clock &known = cluster.atomicClocks[key];
  known.resize(clock.size());
  acquired.lanes |= 1u << lane;
  emulator::join(acquired.clock, known);
  emulator::join(known, acquired.clock);
  emulator::join(known, clock);
  ++ownTime();
  SeenClusters &seen = cluster.launch.released[key];
  join(acquired.clusters, seen);
  join(seen, acquired.clusters);
  join(seen, cluster.acquired);
  seen[cluster.number + 1] = ++cluster.releases;
}

void Warp::shareAcquired() {
  if (!acquired.lanes)
    return;
  emulator::join(clock, acquired.clock);
  join(cluster.acquired, acquired.clusters);
  acquired.lanes = 0;
}

bool Warp::atomic(const Instruction &code, bool isOrdered) {
  const Access &access = cluster.launch.program.accesses[code.target];
  Addresses addresses;
  if (!address(access, addresses, mask))
    return false;
  const Allocation &allocation = *addresses.allocation;
  for (unsigned l = 0; l < warpLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    if (allocation.space == Space::Shared) {
      if (Conflict conflict = cluster.shadow.atomic(
              number, clock, sharedBegin(allocation) + addresses.lane[l], access.bytes, pc))
        return faultConflict(l, "updates", addresses, access.bytes, conflict);
    } else if (allocation.space == Space::Global) {
      if (!checkGlobal(addresses, l, access.bytes, true, true))
        return false;
    }
    if (isOrdered)
      synchronise(allocation, addresses.lane[l], l);
    uint8_t *address = memory(addresses) + l * laneBytes(addresses) + addresses.lane[l];
    uint64_t old = readElement(address, access.bytes), value = reg(code.a).lane[l];
    writeElement(address, combine(Opcode(code.mode), old, value, code.bits), access.bytes);
    reg(code.dst).lane[l] = old;
  }
  ++cluster.launch.counters.atomics;
  return true;
}

} // namespace uwt::emulator
