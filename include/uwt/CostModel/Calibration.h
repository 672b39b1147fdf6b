//===- Calibration.h - Measured constants of a machine ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the cost model knows of a machine: bandwidth, and what an operation of the kernels
// takes on one core. Compiled in for each target; `uwt bench calibrate` measures those of a machine
// and writes them to a file (docs/cost-model.md, "Calibration").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_CALIBRATION_H
#define UWT_COSTMODEL_CALIBRATION_H

#include "uwt/Support/Error.h"
#include "uwt/Target/Target.h"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

struct Calibration;

/// An operation's time by its name in the file.
struct CalibrationConstant {
  const char *name;
  double Calibration::*member;
};
/// All that are in nanoseconds.
std::span<const CalibrationConstant> operationConstants();

/// Times are nanoseconds of one core. A row vector has 32 weights.
struct Calibration {
  /// Name of the target that the constants are for.
  std::string target;
  /// The machine that was measured, in words; empty for compiled-in constants.
  std::string machine;
  /// Read bandwidth in GB/s with 1, 2, … threads; more threads have the last entry's.
  std::vector<double> bandwidth;
  /// A row vector's product with bf16 pairs, and with f32 values (two multiply-adds).
  double dot = 0, exactDot = 0;
  /// A row vector's share, for one row of x, of a product of tiles.
  double tileDot = 0;
  /// A decoder's operation (DecoderEmissionInterface::getDecodeCost): of vectors, and of a stream,
  /// whose operations wait for one another.
  double decodeOperation = 0, streamOperation = 0;
  /// A vector of 16 accumulators that is read from the cache and written back.
  double accumulator = 0;
  /// A row vector of x or of decoded weights that is read from the nearest cache; and what it takes
  /// more where the buffer of decoded weights does not fit there.
  double load = 0, farLoad = 0;
  /// A row vector that is written to the buffer of decoded weights.
  double store = 0;
  /// An escape record of a fixed-rate codec that is applied.
  double escape = 0;
  /// 32 elements of x that are brought into the stored order.
  double pack = 0;
  /// An output: its share of the reduction of 16 lanes, and the epilogue.
  double output = 0;
  /// Microseconds from the start of a parallel loop to its end beyond its work.
  double forkJoin = 0;
  /// Share of the shorter one of memory time and compute time that strategy direct does not hide
  /// behind the other (of codes half of that), and strategy tiles of what multiplying takes.
  double overlap = 0;
  /// Bytes that the nearest cache keeps: a strip's decoded k-tile and a block of x.
  uint64_t nearBytes = 0;
  /// How many bytes ahead codes are asked for by strategy direct; 0 where that was not measured.
  unsigned prefetchBytes = 0;
  /// In how many streams weights are read fastest by strategies direct and tiles
  /// (KernelConfig::readStreams); 0 where that was not measured.
  unsigned readStreams = 0;

  /// GB/s that `threads` threads read with.
  double bandwidthOf(unsigned threads) const;

  /// The compiled-in constants of a target.
  static const Calibration &of(const Target &target);
  /// Reads what json() writes; members that are absent are those of the target's compiled-in
  /// constants. Errors: Invalid (not JSON, a member of the wrong kind, a number that is no finite
  /// non-negative one), Usage (an unknown target).
  static Expected<Calibration> parse(std::string_view text);
  /// The same from a file. Errors: IO as well.
  static Expected<Calibration> read(const std::string &path);
  /// Where `uwt bench calibrate` writes to: ~/.config/uwt/calibration.json; empty without a home.
  static std::string defaultPath();
  std::string json() const;
};

} // namespace uwt

#endif // UWT_COSTMODEL_CALIBRATION_H
