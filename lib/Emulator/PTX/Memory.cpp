//===- Memory.cpp - Loads, stores, atomics --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each access is checked in this order: alignment, bounds, what orders it behind other accesses.
//
//===----------------------------------------------------------------------===//

#include "../Numbers.h"
#include "Machine.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace uwt::emulator::ptx {

static std::string bytesText(uint64_t begin, uint64_t bytes) {
  return "bytes [" + std::to_string(begin) + ", " + std::to_string(begin + bytes) + ")";
}

std::optional<Location> Warp::resolveShared(unsigned lane, uint64_t address, uint64_t bytes,
                                            const char *verb) {
  uint64_t owner = address >> rankShift;
  uint64_t offset = address & maskOf(rankShift);
  unsigned block = owner == 0 ? rank : unsigned(owner - 1);
  if (owner > cluster.blocks || offset + bytes > cluster.sharedBytes) {
    fault(lane, std::string(verb) + " " + bytesText(address, bytes) +
                    " of shared memory, which has " + std::to_string(cluster.sharedBytes) +
                    " bytes");
    return std::nullopt;
  }
  if (block != rank && !needBlock(lane, block))
    return std::nullopt;
  return Location{Location::Shared, block, offset,
                  cluster.shared.data() + block * cluster.arenaBytes + offset};
}

std::optional<Location> Warp::resolve(unsigned lane, Space space, uint64_t address, uint64_t bytes,
                                      const char *verb) {
  if (space == Space::Generic) {
    space = address & sharedWindow ? Space::SharedCluster : Space::Global;
    address &= ~sharedWindow;
  }
  if (address % std::min<uint64_t>(bytes, 16) != 0) {
    fault(lane, std::string(verb) + " " + std::to_string(bytes) + " bytes at address " +
                    std::to_string(address & maskOf(bufferShift)) +
                    ", which is not aligned to them");
    return std::nullopt;
  }
  if (space == Space::Shared || space == Space::SharedCluster) {
    std::optional<Location> location = resolveShared(lane, address, bytes, verb);
    if (location && space == Space::Shared && location->number != rank) {
      fault(lane, std::string(verb) + " shared memory of block rank " +
                      std::to_string(location->number) + ", which .shared does not reach");
      return std::nullopt;
    }
    return location;
  }
  if (space == Space::Param || space == Space::Local) {
    bool isParameter = space == Space::Param;
    uint64_t size =
        isParameter ? cluster.launch.parameters.size() : cluster.launch.program.localBytes;
    if (address + bytes > size || address + bytes < address) {
      fault(lane, std::string(verb) + " " + bytesText(address, bytes) + " of " +
                      (isParameter ? "the parameters" : "local memory") + ", which has " +
                      std::to_string(size) + " bytes");
      return std::nullopt;
    }
    uint8_t *begin = isParameter ? cluster.launch.parameters.data() : local.data() + lane * size;
    return Location{isParameter ? Location::Parameter : Location::Local, 0, address,
                    begin + address};
  }
  uint64_t buffer = address >> bufferShift, offset = address & maskOf(bufferShift);
  const auto &buffers = cluster.launch.buffers;
  if (buffer == 0 || buffer > buffers.size() || offset + bytes > buffers[buffer - 1].bytes) {
    std::string where = buffer == 0 || buffer > buffers.size()
                            ? "address " + std::to_string(address) + ", where no buffer is"
                            : bytesText(offset, bytes) + " of buffer " +
                                  std::to_string(buffer - 1) + ", which has " +
                                  std::to_string(buffers[buffer - 1].bytes) + " bytes";
    fault(lane, std::string(verb) + " " + where);
    return std::nullopt;
  }
  return Location{Location::Global, unsigned(buffer - 1), offset,
                  static_cast<uint8_t *>(buffers[buffer - 1].data) + offset};
}

bool Warp::faultShared(unsigned lane, const char *verb, uint64_t offset, uint64_t bytes,
                       const Conflict &conflict) {
  std::string what = std::string(verb) + " " + cluster.sharedName(offset, bytes);
  if (conflict.kind == Conflict::Uninitialised)
    return fault(lane, what + ", which nothing has written");
  return fault(lane, what + cluster.describeConflict(conflict));
}

bool Warp::checkRead(unsigned lane, const Location &location, uint64_t bytes, Strength strength) {
  if (location.kind == Location::Global)
    return checkGlobal(lane, location, bytes, Action::Read, strength);
  if (location.kind != Location::Shared)
    return true;
  uint64_t byte = location.number * cluster.arenaBytes + location.offset;
  Accessor who = accessor(lane);
  who.strength = strength;
  if (Conflict conflict = cluster.shadow.read(who, byte, bytes))
    return faultShared(lane, "reads", byte, bytes, conflict);
  return true;
}

bool Warp::checkWrite(unsigned lane, const Location &location, uint64_t bytes, Action action,
                      Strength strength) {
  if (location.kind == Location::Global)
    return checkGlobal(lane, location, bytes, action, strength);
  if (location.kind == Location::Parameter)
    return fault(lane, "writes to the parameters");
  if (location.kind != Location::Shared)
    return true;
  uint64_t byte = location.number * cluster.arenaBytes + location.offset;
  if (cluster.isBarrier(byte, bytes))
    return fault(lane, "writes over an mbarrier at " + cluster.sharedName(byte, bytes));
  Accessor who = accessor(lane);
  who.isRepeat = action == Action::Repeat;
  who.strength = strength;
  if (Conflict conflict = cluster.shadow.write(who, byte, bytes, false))
    return faultShared(lane, "writes", byte, bytes, conflict);
  return true;
}

bool Warp::checkUpdate(unsigned lane, const Location &location, uint64_t bytes, Strength strength) {
  if (location.kind == Location::Global)
    return checkGlobal(lane, location, bytes, Action::Update, strength);
  if (location.kind != Location::Shared)
    return fault(lane, "updates memory of its own");
  return checkRead(lane, location, bytes, strength) &&
         checkWrite(lane, location, bytes, Action::Update, strength);
}

bool Warp::isBehind(unsigned lane, const GlobalAccess &access) const {
  if (access.cluster == 0)
    return true;
  if (access.cluster != cluster.number + 1)
    return known[lane]->ofCluster(access.cluster - 1, access.thread) >= access.time;
  return access.thread == thread(lane) || known[lane]->own[access.thread] >= access.time;
}

bool Warp::faultGlobal(unsigned lane, Action action, const Location &location, uint64_t bytes,
                       const GlobalAccess &other, const char *otherVerb, Strength strength) {
  std::string text = std::string(action == Action::Read ? "reads" : "writes") + " " +
                     bytesText(location.offset, bytes) + " of buffer " +
                     std::to_string(location.number) + " that " +
                     (cluster.blocks == 1 ? "block" : "cluster") + " number " +
                     std::to_string(other.cluster - 1) + ", " + cluster.threadName(other.thread) +
                     " " + otherVerb + " at " + cluster.launch.program.describe(other.instruction) +
                     ", and nothing orders the two";
  if (strength != weakAccess && other.strength != weakAccess)
    return fault(lane, text + ": their scopes do not reach each other");
  for (unsigned acquirer = 0; acquirer < warpLanes; ++acquirer)
    if (other.cluster != cluster.number + 1 &&
        known[acquirer]->ofCluster(other.cluster - 1, other.thread) >= other.time)
      return fault(lane, text + ", which only lane " + std::to_string(acquirer) +
                             " has acquired: no bar.warp.sync hands it on");
  if (unordered[lane] >= 0)
    text += "; " + cluster.launch.program.describe(size_t(unordered[lane])) +
            " of this lane does not: it is relaxed, or its scope is too narrow";
  return fault(lane, text);
}

bool Warp::checkGlobal(unsigned lane, const Location &location, uint64_t bytes, Action action,
                       Strength strength) {
  bool isWrite = action != Action::Read;
  const EmulatedArgument &buffer = cluster.launch.buffers[location.number];
  std::vector<GlobalCell> &cells = cluster.launch.cells[location.number];
  if (isWrite && !buffer.isWritable)
    return fault(lane, "writes buffer " + std::to_string(location.number) +
                           ", which was passed to be read");
  uint64_t begin = location.offset, end = begin + bytes, endWord = (end + 3) / 4;
  bool mayBeBusy = !isWrite && buffer.isFromBefore && !known[lane]->isBehindGrid;
  if (cells.empty()) {
    if (!buffer.isWritable && !mayBeBusy)
      return true;
    cells.resize((buffer.bytes + 3) / 4);
  }
  for (uint64_t i = begin / 4; i < endWord; ++i) {
    GlobalCell &cell = cells[i];
    if (mayBeBusy && cell.written.cluster == 0)
      return fault(lane, "reads " + bytesText(begin, bytes) + " of buffer " +
                             std::to_string(location.number) +
                             ", which the kernel before may still write: nothing orders this "
                             "behind griddepcontrol.wait");
    uint8_t touched = 0;
    for (uint64_t b = 0; b < 4; ++b)
      touched |= uint8_t(4 * i + b >= begin && 4 * i + b < end) << b;
    const GlobalAccess &written = cell.written, &read = cell.read;
    bool isRepeated = action == Action::Repeat && written.cluster == cluster.number + 1 &&
                      written.thread / warpLanes == number && written.instruction == current;
    // Strong accesses that reach each other may race, where each has all bytes of the other.
    auto mayRace = [&](const GlobalAccess &other) {
      return (other.bytes & touched) == touched && reach(strength, other);
    };
    if ((written.bytes & touched) && !isRepeated && !mayRace(written) && !isBehind(lane, written))
      return faultGlobal(lane, action, location, bytes, written, "writes", strength);
    if (isWrite && (read.bytes & touched) && !mayRace(read) && !isBehind(lane, read))
      return faultGlobal(lane, action, location, bytes, read, "reads", strength);
    GlobalAccess own{cluster.number + 1,     now,     uint32_t(current),
                     uint16_t(thread(lane)), touched, strength};
    if (isWrite) {
      bool isMine = written.cluster == own.cluster && written.thread == own.thread;
      own.bytes |= isMine && written.time == now ? written.bytes : 0;
      cell = {own, {}};
    } else if (buffer.isWritable &&
               (isBehind(lane, read) || (read.strength != weakAccess && strength == weakAccess))) {
      cell.read = own;
    }
  }
  return true;
}

void Warp::countAccess(Location::Kind kind, uint64_t bytes, uint32_t mask, bool isStore) {
  EmulationCounters &counters = cluster.launch.counters;
  uint64_t all = bytes * llvm::popcount(mask);
  if (kind == Location::Global) {
    ++(isStore ? counters.globalStores : counters.globalLoads);
    (isStore ? counters.globalStoreBytes : counters.globalLoadBytes) += all;
  } else if (kind == Location::Shared) {
    ++(isStore ? counters.sharedStores : counters.sharedLoads);
    (isStore ? counters.sharedStoreBytes : counters.sharedLoadBytes) += all;
  }
}

static Strength strengthOf(const Instruction &code) {
  return code.order == Order::Weak ? weakAccess : strongAs(code.scope);
}

bool Warp::load(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> results = cluster.launch.program.resultsOf(code);
  const Operand &address = cluster.launch.program.sourcesOf(code)[0];
  unsigned element = code.type.bits / 8, bytes = element * unsigned(results.size());
  Location::Kind kind = Location::Global;
  Strength strength = strengthOf(code);
  // A result may be the register of the address.
  uint64_t addresses[warpLanes];
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    addresses[llvm::countr_zero(rest)] = value(address, llvm::countr_zero(rest));
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    std::optional<Location> location = resolve(lane, code.space, addresses[lane], bytes, "reads");
    if (!location || !checkRead(lane, *location, bytes, strength))
      return false;
    kind = location->kind;
    for (auto [i, result] : llvm::enumerate(results)) {
      const uint8_t *data = location->data + i * element;
      uint64_t read =
          strength == weakAccess ? readBytes(data, element) : readStrong(lane, data, element, code);
      if (result.reg < 0)
        continue;
      if (code.type.kind == TypeKind::Signed)
        read = uint64_t(signExtend(read, code.type.bits)) &
               maskOf(cluster.launch.program.registerBits[result.reg]);
      reg(result.reg).lane[lane] = read;
    }
  }
  countAccess(kind, bytes, mask, false);
  return true;
}

bool Warp::prefetch(const Instruction &code, uint32_t mask) {
  // Nothing changes, and nobody need have written it; but it has to be memory of a buffer.
  const Operand &address = cluster.launch.program.sourcesOf(code)[0];
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    if (!resolve(lane, code.space, value(address, lane), 1, "prefetches"))
      return false;
  }
  return true;
}

bool Warp::store(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  llvm::ArrayRef<Operand> values = sources.drop_front();
  unsigned element = code.type.bits / 8, bytes = element * unsigned(values.size());
  Location::Kind kind = Location::Global;
  Strength strength = strengthOf(code);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    std::optional<Location> location =
        resolve(lane, code.space, value(sources[0], lane), bytes, "writes");
    if (!location)
      return false;
    uint8_t stored[16];
    for (auto [i, operand] : llvm::enumerate(values)) {
      uint64_t bits = value(operand, lane);
      std::memcpy(stored + i * element, &bits, element);
    }
    bool isRepeat = std::memcmp(location->data, stored, bytes) == 0;
    if (!checkWrite(lane, *location, bytes, isRepeat ? Action::Repeat : Action::Write, strength))
      return false;
    kind = location->kind;
    if (strength == weakAccess) {
      cluster.launch.forget(location->data, bytes);
      std::memcpy(location->data, stored, bytes);
      continue;
    }
    for (unsigned at = 0; at < bytes; at += element)
      writeStrong(lane, location->data + at, element, readBytes(stored + at, element), code);
  }
  ++cluster.progress;
  countAccess(kind, bytes, mask, true);
  return true;
}

uint64_t combineValues(const Instruction &code, uint64_t old, uint64_t a, uint64_t b) {
  unsigned bits = code.type.bits;
  bool isSigned = code.type.kind == TypeKind::Signed;
  auto isLess = [&](uint64_t x, uint64_t y) {
    return isSigned ? signExtend(x, bits) < signExtend(y, bits) : x < y;
  };
  switch (AtomicKind(code.mode)) {
  case AtomicKind::Add:
    if (code.type.isFloat())
      return fromFloat(toFloat(old, FloatKind::F32) + toFloat(a, FloatKind::F32), FloatKind::F32);
    return (old + a) & maskOf(bits);
  case AtomicKind::And:
    return old & a;
  case AtomicKind::Or:
    return old | a;
  case AtomicKind::Xor:
    return old ^ a;
  case AtomicKind::Min:
    return isLess(a, old) ? a : old;
  case AtomicKind::Max:
    return isLess(old, a) ? a : old;
  case AtomicKind::Inc:
    return old >= a ? 0 : old + 1;
  case AtomicKind::Dec:
    return old == 0 || old > a ? a : old - 1;
  case AtomicKind::Exchange:
    return a;
  case AtomicKind::CompareAndSwap:
    return old == a ? b : old;
  }
  return old;
}

bool Warp::atomic(const Instruction &code, uint32_t mask) {
  llvm::ArrayRef<Operand> results = cluster.launch.program.resultsOf(code);
  llvm::ArrayRef<Operand> sources = cluster.launch.program.sourcesOf(code);
  unsigned bytes = code.type.bits / 8;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    std::optional<Location> location =
        resolve(lane, code.space, value(sources[0], lane), bytes, "updates");
    if (!location || !checkUpdate(lane, *location, bytes, strongAs(code.scope)))
      return false;
    uint64_t old = readStrong(lane, location->data, bytes, code, /*isUpdate=*/true);
    uint64_t b = sources.size() > 2 ? value(sources[2], lane) : 0;
    uint64_t result = combineValues(code, old, value(sources[1], lane) & maskOf(code.type.bits), b);
    writeStrong(lane, location->data, bytes, result, code, /*isUpdate=*/true);
    if (!results.empty() && results[0].reg >= 0)
      reg(results[0].reg).lane[lane] = old;
  }
  ++cluster.progress;
  ++cluster.launch.counters.atomics;
  return true;
}

} // namespace uwt::emulator::ptx
