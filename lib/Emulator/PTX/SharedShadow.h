//===- SharedShadow.h - Who wrote and read shared memory --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The last writer of each granule of a cluster's shared memory, and who has read it since.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_SHAREDSHADOW_H
#define UWT_LIB_EMULATOR_PTX_SHAREDSHADOW_H

#include "../ReadMarks.h"
#include "Knowledge.h"
#include "Program.h"

namespace uwt::emulator::ptx {

/// Why an access is wrong; `actor` at `instruction` did what it is not ordered behind.
struct Conflict {
  enum Kind : uint8_t { None, Uninitialised, Write, Read, Proxy } kind = None;
  unsigned actor = 0;
  uint32_t time = 0;
  uint32_t instruction = 0;

  explicit operator bool() const { return kind != None; }
};

/// Who accesses, when, and what it knows. What `thread` has done itself comes before what it
/// issues; whether the asynchronous proxy sees it is checkProxy's.
struct Accessor {
  unsigned actor;
  uint32_t time;
  /// The thread that issues the access.
  unsigned thread;
  /// Up to which of its own asynchronous copies it has waited.
  uint32_t ownCopies;
  const Knowledge &knowledge;
  uint32_t instruction;
  /// Whether it writes what the bytes hold: lanes of a warp may do so in one instruction.
  bool isRepeat = false;
  Strength strength = weakAccess;
};

/// Shadow of a cluster's shared memory. Bytes count from the beginning of the first block's.
class SharedShadow {
public:
  SharedShadow(uint64_t bytes, unsigned granule, Actors actors, unsigned threadsOfBlock);

  /// Lanes of one warp read `bytes` each. A strong read is not remembered: what writes later need
  /// not come behind it.
  Conflict read(const Accessor &who, uint64_t byte, uint64_t bytes);
  /// The products of a warp read from now on, as its group `who.time`.
  Conflict readProducts(const Accessor &who, unsigned warp, uint64_t byte, uint64_t bytes);
  /// A copy's bytes are in flight until land().
  Conflict write(const Accessor &who, uint64_t byte, uint64_t bytes, bool isCopy);
  /// Whether threads wrote these bytes after what `fenced` or, of each thread, `own` has of their
  /// proxy fences: the asynchronous proxy may not follow such writes.
  Conflict checkProxy(const Knowledge *fenced, llvm::ArrayRef<uint32_t> own, uint64_t byte,
                      uint64_t bytes) const;
  void land(uint64_t byte, uint64_t bytes);

private:
  struct alignas(8) Cell {
    uint32_t time = 0;
    uint16_t actor = 0;
    bool isInFlight = false;
    Strength strength = weakAccess;

    bool operator==(const Cell &) const = default;
  };
  /// Lanes of a warp that have read at a time, and others that had before.
  struct ReadMark {
    uint32_t time = 0, lanes = 0, timeBefore = 0, lanesBefore = 0;
  };

  Conflict checkCells(const Accessor &who, uint64_t byte, uint64_t bytes) const;
  Conflict checkReads(const Accessor &who, uint64_t begin, uint64_t end) const;
  bool isOrdered(const Cell &cell, const Accessor &who) const;
  uint64_t endOf(uint64_t byte, uint64_t bytes) const {
    return (byte + bytes + (uint64_t(1) << shift) - 1) >> shift;
  }

  unsigned shift;
  Actors actors;
  unsigned threadsOfBlock;
  std::vector<Cell> cells;
  /// Instructions that wrote the cells, and that last read them for a reader's marks.
  std::vector<uint32_t> writers;
  /// Marks of each warp's lanes, then of each warp's products.
  std::vector<ReadMarks<ReadMark>> reads;
  std::vector<uint32_t> readers;
};

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_SHAREDSHADOW_H
