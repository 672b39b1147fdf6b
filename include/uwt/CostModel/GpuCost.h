//===- GpuCost.h - Predicted times of a product on a GPU --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel's profile (what its machine code does to a weight, and what its plan keeps in a ring)
// and a board's published figures give a time for each limit, and for the ring as a recurrence
// (RingTime.h), which is what its stages, its copying thread and memory let it be together. Nothing
// is fitted to a shape. Where a device has been measured, its figures replace the constants
// (GpuAssumptions).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_GPUCOST_H
#define UWT_COSTMODEL_GPUCOST_H

#include "uwt/Target/GpuTarget.h"

namespace uwt {

/// What the thread that fills a ring does for a stage, from the moment that the stage is empty:
/// instructions, and loads that it stops for, until its first copy, its last one, and its wait for
/// the next stage (machine_code::CopyingRole).
struct CopyingProfile {
  double firstInstructions = 0, lastInstructions = 0, tripInstructions = 0;
  double firstLoads = 0, lastLoads = 0, tripLoads = 0;
  /// Bytes that a stage has of each panel's table of escapes, which one of a panel's loads reads.
  double tableBytes = 0;
  /// Whether copies themselves say that they have landed.
  bool announcesByCopies = true;
  /// Stops before the first copy for loads that were issued before the stage was empty.
  double loadsInFlight = 0;
  /// Panels that one thread brings, one behind another. Kernels have a thread for each.
  unsigned panels = 1;
};

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
  /// Kernels that are launched: those that decode before, pack, product.
  unsigned launches = 2;
  /// Whether kernel pack and kernel product begin while the kernel before them runs.
  bool packIsDependent = false, productIsDependent = true;
  /// Stages of the ring of a CTA, weights of a stage, and warps that take them; no stages where
  /// there is no ring that one thread or warp fills.
  unsigned stages = 0, consumerWarps = 4;
  double stageWeights = 0;
  CopyingProfile copying;
  /// Fences for the whole GPU: at the barriers of a cluster, and where partial sums are handed
  /// over.
  unsigned clusterFences = 0, handOffFences = 0;
  /// Products by integers, which are those of bytes.
  bool multipliesBytes = false;
  /// The columns of the least part of an output tile that a CTA has; 0 for a stage's.
  unsigned partColumns = 0;

  /// Of an element of packed x.
  double xBytes() const { return multipliesBytes ? 1 : 2; }
  /// How long tensor cores take for a product of a weight, that of bf16 being 1: bytes are
  /// multiplied at twice the rate.
  double matrixWork() const { return multipliesBytes ? 0.5 : 1; }
  bool hasRing() const { return stages != 0 && stageWeights > 0; }
};

/// Bytes that the kernel that multiplies reads of a weight: what is decoded before, and what that
/// leaves where it is.
double bytesRead(const KernelProfile &profile);

/// A product y[m, n] = x[m, k] · W[n, k]ᵀ of 16-bit elements, its weights not in a cache.
struct GpuProblem {
  uint64_t n = 0, k = 0, m = 1;
};

/// What neither a board's data sheet nor a profile says. What is *fitted* makes the predictions of
/// 92 kernels meet their times on an H200, all constants together (docs/cost-model.md, "Measured
/// on an H200"); what is *assumed* is of Hopper. Both are taken for all boards. What has a source
/// is in uwt/Target/GpuTarget.h.
struct GpuAssumptions {
  /// Share of the bandwidth of a data sheet that code gets. Fitted. (Kernels that only read 117 and
  /// 235 MB differ by 0.97 of it.)
  double memoryShare = 0.95;
  /// Share of issue slots that code gets. Assumed: not measured.
  double issueShare = 0.85;
  /// Bytes that a multiprocessor gets from the second-level cache in a clock. Fitted. (NVIDIA's
  /// whitepaper on the A100 says 5,120 of 108 of them.)
  double cacheBytesPerClock = 58;
  /// Bytes of partial sums that a multiprocessor hands over in a clock: written, read by the last
  /// one, and waited for. Fitted.
  double partialBytesPerClock = 6.6;
  /// Bytes that arrive at a multiprocessor in a clock at most: CTAs of a cluster read a part of x
  /// each and get all of it. Assumed: not measured.
  double arrivingBytesPerClock = 64;
  /// Latency of memory under load, in µs: bandwidth times this has to be on its way where no ring
  /// says how much is. Assumed: not measured.
  double loadedLatency = 0.9;
  /// Latency of memory (fitted) and of the second-level cache (assumed), in µs, without the time
  /// that bytes wait for their turn.
  double memoryLatency = 0.4, cacheLatency = 0.25;
  /// Share of the time that memory takes for a whole ring, after which the first stage has landed:
  /// all stages are asked for at once and share what memory gives. Fitted.
  double firstStage = 0.55;
  /// The least and the most that a latency of memory is of the usual one. CTAs of a cluster wait
  /// for the slowest of them. Assumed: not measured.
  double minLatency = 0.9, maxLatency = 1.4;
  /// Clocks of a load that hits the first-level cache. Assumed: not measured; 32 to 33 clocks on
  /// Hopper by microbenchmarks of others.
  double hitClocks = 35;
  /// Clocks from one instruction of a thread that computes addresses to the next, most of which
  /// need the one before; and of a warp that decodes, which waits for its stage, for tensor cores
  /// and for other warps too. Fitted.
  double addressClocks = 4.7, warpClocks = 4.4;
  /// Instructions of a consuming warp for a stage, whatever its columns: waits, addresses,
  /// counters. Counted: kernels of 128 and 256 columns differ by 19 to 26 in the table of kernel
  /// profiles.
  double stageInstructions = 25;
  /// µs from the last consumer's arrival to the producer that waits for it, in a CTA and in a
  /// cluster. Fitted.
  double arrival = 0.01, clusterArrival = 0.03;
  /// Multiprocessors that clusters of four and more need side by side: of 132, 120 are in whole
  /// such groups. Measured: an H200 holds 30 clusters of four.
  unsigned clusterGroup = 24;
  /// Clocks from one lookup of a lane's stream to the next: a load from shared memory and what is
  /// computed from it, in turns with other warps. Measured on an H200: 154 to 237, from products of
  /// huffman<12,2> with 8, 32 and 64 rows of x.
  double lookupClocks = 170;
  /// Share of the tensor cores' peak that mma.sync gets. Assumed: not measured.
  double warpShare = 0.62;
  /// The same of warpgroups. Fitted. (4096 rows of x, 256 at a time: 0.53.)
  double warpgroupShare = 0.56;
  /// µs from the end of a kernel to the first instruction of the next one in a graph, with what the
  /// first one takes to drain. Assumed: not measured; 1 to 1.5.
  double launch = 1.3;
  /// The same of a launch that does not wait for the kernel before. Fitted.
  double dependentLaunch = 0.1;
  /// µs of kernel pack for a small x: two trips to the second-level cache or memory, and its end.
  /// Fitted.
  double pack = 1.8;
  /// µs of a fence for the whole GPU at the end of a CTA's stores, with the atomic operation behind
  /// it. Fitted.
  double fence = 0.9;
  /// µs of each of the three trips that partial sums take: the atomic operation, the loads of the
  /// others' sums, the last stores. Fitted.
  double handOffTrip = 0.4;
  /// What the slowest limit loses to the others, as a factor. Fitted.
  double overlap = 1.05;
  /// Whether launches have as many CTAs as share output tiles evenly (evenCtas()).
  bool hasEvenCtas = true;
  /// The least and the most share of a data sheet's bandwidth that cuBLASLt gets of weights that no
  /// cache holds, in kernels of 20 to 30 µs. Assumed: not measured. (NVIDIA/cutlass, issue 1139:
  /// the best of CUTLASS's kernels of m 16 to 64 gets 68 to 70 % on an H100; issue 1176: cuBLAS
  /// gets 40 % of a matrix of 22 MB. Copies get 92 %.)
  double minPeerShare = 0.8, maxPeerShare = 0.88;
};

/// Microseconds. The time of a product is launch + ring + tail + decode; all others say what the
/// ring's time is made of.
struct GpuPrediction {
  /// Of each limit alone: what it takes if nothing else does.
  double memory = 0, cache = 0, alu = 0, issue = 0, shared = 0, matrix = 0;
  /// Of lookups that wait for each other.
  double chain = 0;
  /// Of the thread that copies, with its loads.
  double copying = 0;
  /// Until kernel pack begins; with a decode before, that kernel's launch too.
  double launch = 0;
  /// From there to the end of the last stage; to the first full stage (prologue, beside which x is
  /// packed).
  double ring = 0, prologue = 0;
  /// Of the ring's time: what waiting for the slowest CTA of a cluster adds, and what whole steps
  /// and multiprocessors without work add.
  double cluster = 0, quantisation = 0;
  /// From there to the end: partial sums are handed over and results are stored.
  double tail = 0;
  /// Of decoding before, by the slowest of what that needs.
  double decode = 0;
  double total = 0;
  /// Bytes of weights that are on their way to a multiprocessor, on average.
  double bytesOnTheirWay = 0;
  /// The limit that counts: "memory"; "turn" where the ring takes longer than any limit.
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

/// What cuBLASLt is usually seen to take for the same product of raw weights, from one time to
/// another: bytes by its share of the bandwidth, or the tensor cores, and one launch.
struct PeerTime {
  double least = 0, most = 0;
};
PeerTime peerTime(const GpuBoard &board, const GpuProblem &problem,
                  const GpuAssumptions &constants = {});

} // namespace uwt

#endif // UWT_COSTMODEL_GPUCOST_H
