//===- Knowledge.h - What a thread knows of others' writes ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vector clocks over actors of a cluster: its threads, the asynchronous copies of each (times:
// copies), the wgmma products of each warp (times: groups), and its mbarriers, which write what
// bulk copies on them write (times: phases). A time of a thread is its warp's, which moves on at
// each release, so that the lanes of a warp have one time and what they know of others each for
// itself. An access is ordered behind a write when its thread's knowledge has reached the write's
// time ("Memory Consistency Model" of the PTX ISA: base causality order, as far as the run shows
// it).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_KNOWLEDGE_H
#define UWT_LIB_EMULATOR_PTX_KNOWLEDGE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace uwt::emulator::ptx {

/// Times by actor; those behind the end are 0.
class Times {
public:
  uint32_t operator[](unsigned actor) const { return actor < times.size() ? times[actor] : 0; }
  /// The actor's time becomes at least `time`.
  void raise(unsigned actor, uint32_t time);
  void join(const Times &other);
  /// Whether a join with `other` changes nothing.
  bool covers(const Times &other) const;

private:
  std::vector<uint32_t> times;
};

/// What a thread knows. Immutable where shared: lanes of a warp most often know the same.
struct Knowledge {
  Times own;
  /// The times that threads of other clusters had when they released what this thread has acquired;
  /// by the number of the cluster.
  llvm::SmallVector<std::pair<uint32_t, std::shared_ptr<const Times>>, 0> others;
  /// Whether the kernel before has ended (griddepcontrol.wait).
  bool isBehindGrid = false;

  /// The time that is known of a thread of another cluster.
  uint32_t ofCluster(uint32_t cluster, unsigned thread) const;
  void join(const Knowledge &other);
  bool covers(const Knowledge &other) const;
};

using KnowledgePtr = std::shared_ptr<const Knowledge>;

/// Numbers of actors of a cluster.
struct Actors {
  unsigned warps = 0;

  unsigned threads() const { return 32 * warps; }
  unsigned copies(unsigned thread) const { return threads() + thread; }
  unsigned products(unsigned warp) const { return 2 * threads() + warp; }
  unsigned barrier(unsigned number) const { return 2 * threads() + warps + number; }
  bool isThread(unsigned actor) const { return actor < threads(); }
  bool isCopies(unsigned actor) const { return actor >= threads() && actor < 2 * threads(); }
  bool isBarrier(unsigned actor) const { return actor >= barrier(0); }
};

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_KNOWLEDGE_H
