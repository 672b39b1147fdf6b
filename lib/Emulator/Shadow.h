//===- Shadow.h - Who wrote and read shared memory --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vector clocks over actors. An actor is a warp (a time a release), an mbarrier (its time:
// phases completed; it writes what bulk copies on it write) or the asynchronous copies of a
// warp (time: groups committed), or its matrix products, which read until a wait (time: groups
// committed). A write is ordered before an access when the accessing
// warp's clock has reached the write's time; joins happen at barriers and waits.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_SHADOW_H
#define UWT_LIB_EMULATOR_SHADOW_H

#include "ReadMarks.h"
#include <cstdint>
#include <vector>

namespace uwt::emulator {

/// What one actor knows of the others' times.
using Clock = std::vector<uint32_t>;

/// `to` knows what `from` knew.
void join(Clock &to, const Clock &from);

/// Numbers of actors of a block. Number 0 is the kernel before, which did all of its own at time 1.
struct Actors {
  unsigned warps = 0, barriers = 0;

  static constexpr unsigned kernelBefore = 0;
  unsigned warp(unsigned number) const { return 1 + number; }
  unsigned barrier(unsigned number) const { return 1 + warps + number; }
  unsigned copies(unsigned warp) const { return 1 + warps + barriers + warp; }
  unsigned products(unsigned warp) const { return 1 + 2 * warps + barriers + warp; }
  unsigned count() const { return 1 + 3 * warps + barriers; }
  bool isWarp(unsigned actor) const { return actor > 0 && actor <= warps; }
  bool isProducts(unsigned actor) const { return actor >= products(0); }
  bool isBarrier(unsigned actor) const { return actor > warps && actor <= warps + barriers; }
};

/// Why an access is wrong; `actor` at `instruction` did what it is not ordered with.
struct Conflict {
  enum Kind : uint8_t { None, Uninitialised, Write, Read, Proxy } kind = None;
  unsigned actor = 0;
  uint32_t time = 0;
  uint32_t instruction = 0;

  explicit operator bool() const { return kind != None; }
};

/// Shadow of a block's shared memory, in granules.
class Shadow {
public:
  Shadow(uint64_t bytes, unsigned granule, Actors actors);

  /// Everything is unwritten; reads before are forgotten by their times.
  void reset();

  /// The active lanes of a warp read `bytes` each from `begin` + `lanes`; `lane` becomes the one
  /// with a conflict. `clock` is the warp's, here and below.
  Conflict read(unsigned warp, const Clock &clock, uint64_t begin, const uint64_t *lanes,
                uint32_t active, unsigned bytes, uint32_t instruction, unsigned &lane);
  /// The products of a warp read from now on, as its group number `time`.
  Conflict readProducts(unsigned warp, uint32_t time, const Clock &clock, uint64_t byte,
                        uint64_t bytes, uint32_t instruction);
  /// `writer` writes at `time` on behalf of a warp with `clock`; a copy is in flight until land().
  Conflict write(unsigned writer, uint32_t time, const Clock &clock, uint64_t byte, uint64_t bytes,
                 uint32_t instruction, bool isCopy);
  /// Whether warps wrote these bytes after what `fenced` has of their fences: writes that a copy
  /// of the asynchronous proxy may not follow, though `clock` has them in order.
  Conflict checkFences(const Clock &fenced, const Clock &clock, uint64_t byte,
                       uint64_t bytes) const;
  /// The copy into these bytes has arrived.
  void land(uint64_t byte, uint64_t bytes);
  /// Writes as write() does, and forgets what was there: for atomics, which are ordered.
  Conflict atomic(unsigned warp, const Clock &clock, uint64_t byte, unsigned bytes,
                  uint32_t instruction);

private:
  struct alignas(8) Cell {
    uint32_t time = 0;
    uint16_t writer = 0;
    bool isInFlight = false, isAtomic = false;

    bool operator==(const Cell &) const = default;
  };
  struct ReadMark {
    uint32_t time = 0, instruction = 0;
  };

  Conflict checkWrite(uint64_t granule, const Clock &clock) const;
  Conflict checkReads(unsigned writer, const Clock &clock, uint64_t begin, uint64_t end) const;
  bool isOrdered(const Cell &cell, const Clock &clock) const {
    return !cell.isInFlight && clock[cell.writer] >= cell.time;
  }
  uint64_t endOf(uint64_t byte, uint64_t bytes) const {
    return (byte + bytes + (uint64_t(1) << shift) - 1) >> shift;
  }

  unsigned shift;
  Actors actors;
  std::vector<Cell> cells;
  /// What wrote the cells.
  std::vector<uint32_t> writers;
  /// Of each warp, then of each warp's products.
  std::vector<ReadMarks<ReadMark>> reads;
};

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_SHADOW_H
