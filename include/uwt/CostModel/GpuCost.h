//===- GpuCost.h - Predicted times of a product on a GPU --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel's profile (what its machine code does to a weight, and what its plan keeps on its way)
// and a board's published figures give a time for each limit; the slowest one counts. Nothing is
// fitted to a shape. Where a device has been measured, its figures replace the constants
// (GpuAssumptions).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_GPUCOST_H
#define UWT_COSTMODEL_GPUCOST_H

#include "uwt/Target/GpuTarget.h"

namespace uwt {

/// What a kernel does to a weight, once for each slice of m. Instructions are those of one
/// lane divided by the weights that the lane has: a warp of 32 lanes issues as many for 32 weights.
struct KernelProfile {
  /// Rows of a slice of m.
  unsigned slice = 8;
  /// Instructions of the steady loop, escapes in, and those of them on the ALU pipe.
  double instructions = 0, alu = 0;
  /// Bytes of shared memory that are read and written, by threads and by copies, bank conflicts
  /// in; loads through the first-level cache, which share its way, too.
  double sharedBytes = 0;
  /// Bytes of memory that hold a weight, everything counted.
  double weightBytes = 2;
  /// Bytes of weights on their way to a multiprocessor; 0 for enough.
  double bytesInFlight = 0;
  /// CTAs of a multiprocessor, outputs of a CTA tile, and CTAs of a cluster, which
  /// share what is read of x.
  unsigned ctas = 1, tileN = 64, cluster = 1;
  /// Warps of a multiprocessor that read lanes' streams, and the lookups, each of which waits for
  /// the one before, for a lane's weight; 0 for none.
  unsigned streamWarps = 0;
  double lookups = 0;
  /// Multiplies by warpgroups.
  bool usesWarpgroups = false;
  /// Bytes of a weight that a kernel before decodes to memory: 2 (strategy buffer), or fewer where
  /// it leaves the raw field's byte where it is (exponents 1, codes from 0.5 on); 0 for none. What
  /// a lane of that kernel takes for a weight: instructions, and bytes of shared memory.
  double decodedBytes = 0, decodeInstructions = 0, decodeSharedBytes = 0;
  /// Kernels that are launched; while those before the last one run, it fills its ring.
  unsigned launches = 2;
};

/// Bytes that the kernel that multiplies reads of a weight: what is decoded before, and what that
/// leaves where it is.
double bytesRead(const KernelProfile &profile);

/// A product y[m, n] = x[m, k] · W[n, k]ᵀ of 16-bit elements, its weights not in a cache.
struct GpuProblem {
  uint64_t n = 0, k = 0, m = 1;
};

/// What neither a board's data sheet nor a profile says: assumed of Hopper, and of all boards,
/// until somebody measures a device (`uwt-bench --kernel-profiles` puts measured times beside
/// predicted ones). What has a source is in uwt/Target/GpuTarget.h.
struct GpuAssumptions {
  /// Share of the bandwidth of a data sheet that code gets. Assumed: not measured.
  double memoryShare = 0.9;
  /// Share of issue slots that code gets. Assumed: not measured.
  double issueShare = 0.85;
  /// Bytes that a multiprocessor gets from the second-level cache in a clock. Assumed: not
  /// measured; half of what NVIDIA's whitepaper on the A100 says of reads (5,120 bytes a clock, 108
  /// of them).
  double cacheBytesPerClock = 24;
  /// Latency of memory under load, in µs: bandwidth times this has to be on its way. Assumed: not
  /// measured.
  double memoryLatency = 0.9;
  /// Clocks from one lookup of a lane's stream to the next: a load from shared memory and what is
  /// computed from it. Assumed: not measured.
  double lookupClocks = 45;
  /// Share of the tensor cores' peak that mma.sync gets. Assumed: not measured.
  double warpShare = 0.62;
  /// The same of warpgroups. Assumed: not measured.
  double warpgroupShare = 0.8;
  /// µs of a launch. Assumed: not measured.
  double launch = 2.2;
  /// µs of a launch that overlaps with the kernel before. Assumed: not measured.
  double dependentLaunch = 0.8;
  /// µs of filling the ring: one latency of memory under load, as above.
  double ramp = 0.9;
  /// µs in which CTAs that share an output tile add its partial sums. Assumed: not measured.
  double reduction = 0.6;
  /// What the slowest limit loses to the others, as a factor. Assumed: not measured.
  double overlap = 1.05;
};

/// Microseconds of each limit, and in all.
struct GpuPrediction {
  double memory = 0, cache = 0, alu = 0, issue = 0, shared = 0, matrix = 0, fixed = 0;
  /// Of lookups that wait for each other.
  double chain = 0;
  /// Of decoding before, by the slowest of what that needs.
  double decode = 0;
  double total = 0;
  /// The limit that counts: "memory".
  std::string_view limit() const;
};

GpuPrediction predictGpu(const GpuBoard &board, const KernelProfile &profile,
                         const GpuProblem &problem, const GpuAssumptions &constants = {});

/// The board that stands for a target where none is named: an H200 for Hopper, else the first. Null
/// where there is none.
const GpuBoard *usualBoard(const GpuTarget &target);

/// What a kernel takes that reads raw weights once and has no other limit than memory and the
/// tensor cores: with the same losses, so that the ratio is what compression can buy.
double rawRoof(const GpuBoard &board, const GpuProblem &problem,
               const GpuAssumptions &constants = {});

} // namespace uwt

#endif // UWT_COSTMODEL_GPUCOST_H
