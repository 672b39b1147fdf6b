//===- GpuTarget.h - GPUs that kernels are compiled for ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a GPU target can do, by name, and the boards that have it. A target decides which
// code can be made; a board (its number of processors, its bandwidth) only how fast that
// is. Both are the only places with facts about GPUs. Code asks for a named capability,
// never for the order of names: consumer parts lack what older data-centre parts have.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TARGET_GPUTARGET_H
#define UWT_TARGET_GPUTARGET_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// What a GPU offers, as far as kernels differ by it.
enum class GpuFeature : uint8_t {
  /// Asynchronous copies of 4 to 16 bytes a thread into shared memory (cp.async).
  CpAsync,
  /// Bulk copies that complete transactions of an mbarrier (cp.async.bulk).
  BulkCopy,
  /// Warpgroup matrix instructions with A in registers or shared memory.
  Wgmma,
  /// Bulk copies into the shared memory of several CTAs of a cluster.
  ClusterMulticast,
  /// griddepcontrol.
  DependentLaunch,
  /// Multiplication of bf16 pairs in one instruction (mul.rn.bf16x2).
  Bf16Multiply,
  /// Registers handed from one warpgroup to another (setmaxnreg).
  SetMaxRegisters,
};

/// What a multiprocessor (SM) of each target has. CUDA C++ Programming Guide, "Compute
/// Capabilities": registers of 32 bits in the table of technical specifications; four schedulers
/// that issue an instruction of a warp each a clock ("Architecture"); lanes of 32-bit logic and
/// shifts a clock in the table of "Arithmetic Instructions"; 32 banks of 4 bytes ("Shared Memory").
inline constexpr unsigned smRegisters = 64 * 1024;
inline constexpr unsigned smIssuedLanesPerClock = 128;
inline constexpr unsigned smAluLanesPerClock = 64;
inline constexpr unsigned smSharedBytesPerClock = 128;

/// A GPU's instruction set and the limits of one of its multiprocessors (SM). Immutable, of static
/// storage duration.
struct GpuTarget {
  /// Name in IR, on the command line, and of `ptxas -arch`.
  std::string_view name;
  /// One line for help.
  std::string_view summary;
  /// Version of PTX that kernels are written in, times ten.
  unsigned ptxVersion;
  /// Shared memory that a CTA can have, and that an SM has, in bytes.
  unsigned sharedBytesPerBlock, sharedBytesPerSm;
  /// Registers of 32 bits that a thread can have.
  unsigned registersPerThread;
  /// Threads and CTAs that an SM holds at a time.
  unsigned threadsPerSm, blocksPerSm;
  /// Multiply-adds of bf16 with f32 sums that the tensor cores of an SM make in a clock; GeForce
  /// parts make half of it.
  unsigned matrixFmasPerClock;
  /// Bit i is set where GpuFeature(i) is there.
  uint64_t features;

  bool supports(GpuFeature feature) const { return features >> static_cast<unsigned>(feature) & 1; }
};

/// All GPU targets, oldest first.
std::span<const GpuTarget> allGpuTargets();

/// The target of that name. A usage error with a suggestion for other names.
Expected<const GpuTarget *> findGpuTarget(std::string_view name);

/// A feature in words, for messages: "wgmma".
std::string_view nameOf(GpuFeature feature);

/// Success, or an Unsupported error that says which of `needed` the target lacks and which targets
/// have all of them. `what` needs them: "kind 'wide'".
Status checkSupports(const GpuTarget &target, std::string_view what,
                     std::span<const GpuFeature> needed);

/// Whether wgmma multiplies bytes by so many tiles of 8 columns: by 24, 32 and 48 columns, but not
/// by 40 and 56 (PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions", shapes).
constexpr bool wgmmaHasByteTiles(uint64_t tiles) {
  constexpr uint64_t maxAnyTiles = 4, maxTiles = 32;
  return tiles > 0 && tiles <= maxTiles && (tiles <= maxAnyTiles || tiles % 2 == 0);
}

/// Of the CTAs that a machine runs at a time as many as share `outputTiles` so that none has parts
/// of two, unless that leaves more than a sixteenth of them without work: as many to each output
/// tile, or as many output tiles to each. Sums of fewer CTAs are added then, and each hands over
/// its own once. (An H200 takes 24.5 µs with 256 CTAs for 64 output tiles, 26.3 with 264;
/// docs/gpu-measured.md.)
uint64_t evenCtas(uint64_t ctas, uint64_t outputTiles);

/// A card: figures as its maker publishes them.
struct GpuBoard {
  std::string name;
  const GpuTarget *target = nullptr;
  /// Streaming multiprocessors.
  unsigned sms = 0;
  /// Boost clock, read bandwidth of device memory (10^9 bytes a second), second-level cache (2^20
  /// bytes).
  double clockGHz = 0, memoryGBs = 0, l2MB = 0;
  /// Where the figures are from, in words.
  std::string source;
};

/// The boards of lib/Target/gpu-boards.json, which are compiled in.
std::span<const GpuBoard> builtInGpuBoards();

/// Reads the text of such a file. Errors: Invalid (not JSON, a member that is absent or of the
/// wrong kind, a number that is not above 0, a board twice), Usage (an unknown target).
Expected<std::vector<GpuBoard>> parseGpuBoards(std::string_view text);

/// The compiled-in boards, with those of a user's file replaced (same name) or added behind.
/// Errors: IO, and those of parseGpuBoards() with the path in front.
Expected<std::vector<GpuBoard>> readGpuBoards(const std::string &path);

/// The board of that name among `boards`. A usage error with a suggestion for other names.
Expected<const GpuBoard *> findGpuBoard(std::span<const GpuBoard> boards, std::string_view name);

} // namespace uwt

#endif // UWT_TARGET_GPUTARGET_H
