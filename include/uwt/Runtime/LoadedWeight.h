//===- LoadedWeight.h - A weight as compiled code reads it ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes the buffers behind a WeightView (Abi.h) from a stored tensor: as it is
// stored, coded anew in the format that a program wants to run from, or dense.
//
// Compiled code follows PanelEntry, the decode table's size, and the sums of the escape
// counts without a check. All of these are made here from an index that has been
// checked, for any bytes and whether or not checksums are: a plane may hold
// anything, but nothing points outside of one.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_LOADEDWEIGHT_H
#define UWT_RUNTIME_LOADEDWEIGHT_H

#include "uwt/Codec/Tensor.h"
#include "uwt/Container/Container.h"
#include "uwt/Import/QuantizedWeight.h"
#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/Memory.h"
#include <array>
#include <optional>
#include <span>

namespace uwt {

/// Time spent in each step of a load that codes a weight anew, in seconds summed over threads.
struct LoadTimes {
  double model = 0, transcode = 0, checksum = 0;
};

struct LoadOptions {
  /// The format to run from, where it is not the stored one. `storage` says how the tensor's
  /// own shape is to be read, so a tensor [K, N] that is stored n_major may run k_major.
  std::optional<Format> runFormat;
  /// Only the decoded tensor, row-major as its shape says; not together with runFormat.
  bool dense = false;
  /// All panels as words, which whatever runs the format multiplies as they are; else only those
  /// that do not get smaller, or would have infinities where columns do not exist.
  bool asWords = false;
  /// Whether checksums are verified.
  bool check = true;
  CodePath path = bestCodePath();
  LoadTimes *times = nullptr;
};

/// Whether columns that do not exist can hold an infinity or NaN, which times zero is no zero, in a
/// panel that is coded so: the symbol of padding is the model's commonest, and a reader does not
/// know which one that is. Loaded weights then have all panels as words.
bool mayPadWithInfinities(const CodingPlan &plan);

/// A weight in memory of its own. Immutable; movable, with the view's pointers unchanged.
class LoadedWeight {
public:
  /// From planes, which are not needed afterwards. `indexChecksum` is verified where given and
  /// options.check is set. Errors: Invalid (damage), Usage (a format that is no composition for
  /// this element), Unsupported.
  static Expected<LoadedWeight> fromPlanes(const TensorDescription &description,
                                           const PlaneViews &planes,
                                           std::optional<uint64_t> indexChecksum, ThreadPool &pool,
                                           const LoadOptions &options = {});

  /// From an open decoder, with its checks on panels.
  static Expected<LoadedWeight> fromDecoder(const TensorDecoder &decoder, ThreadPool &pool,
                                            const LoadOptions &options = {});

  /// From a tensor's own bytes (row-major, little-endian), coded in `description.format`, or dense.
  /// options.runFormat is not looked at.
  static Expected<LoadedWeight> fromBytes(const TensorDescription &description,
                                          std::span<const uint8_t> bytes, ThreadPool &pool,
                                          const LoadOptions &options = {});

  /// From codes and what they mean, in `description.format` or dense; options.runFormat is not
  /// looked at. In a format of quantised weights (uwt/Codec/Quantized.h) panels whose codes do not
  /// say what the weight is are words; where the weight is none that the format has, all of them.
  static Expected<LoadedWeight> fromQuantized(const TensorDescription &description,
                                              const QuantizedWeight &weight, ThreadPool &pool,
                                              const LoadOptions &options = {});

  /// From a container. Raw tensors are coded in options.runFormat, or as `raw` without one;
  /// dense, they may have any dtype.
  static Expected<LoadedWeight> fromReader(const TensorReader &reader, ThreadPool &pool,
                                           const LoadOptions &options = {});

  const WeightView &view() const { return pointers; }
  /// Shape, element, and the format that the view's planes have (not for dense weights).
  const TensorDescription &description() const { return what; }
  /// What the planes' coding needs, with the model behind the decode table (not for dense weights).
  const CodingPlan &plan() const { return coding; }
  bool isDense() const { return pointers.dense != nullptr; }
  /// Bytes of all buffers in use: what running this weight reads.
  uint64_t bytes() const { return usedBytes; }

  std::span<const PanelEntry> panels() const;
  /// What the view's pointers point to, in use.
  std::span<const uint8_t> buffer(PlaneKind kind) const;
  std::span<const uint8_t> counts() const { return countBuffer.span(); }
  std::span<const uint32_t> table() const;
  std::span<const uint8_t> dense() const { return denseBuffer.span(); }

private:
  friend class WeightBuilder;
  LoadedWeight() = default;

  TensorDescription what;
  CodingPlan coding;
  WeightView pointers{};
  uint64_t usedBytes = 0;
  Buffer panelBuffer, tableBuffer, countBuffer, classBuffer, orderBuffer, denseBuffer;
  std::array<Buffer, planeKinds> planeBuffers;
};

} // namespace uwt

#endif // UWT_RUNTIME_LOADEDWEIGHT_H
