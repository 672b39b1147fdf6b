//===- WeightBuilder.h - Puts a LoadedWeight together -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where each panel's parts go, and the buffers for them. Two ways lead here: planes
// that exist are copied panel by panel (CopyWeight.cpp); panels that are made anew
// have parts of equal size, each at a multiple of it, so that threads fill them in
// any order (TranscodeWeight.cpp). Private to lib/Runtime.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_RUNTIME_WEIGHTBUILDER_H
#define UWT_LIB_RUNTIME_WEIGHTBUILDER_H

#include "uwt/Codec/DecodeTable.h"
#include "uwt/Import/QuantizedWeight.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <mutex>

namespace uwt {

/// Parts of panels begin at multiples of this many bytes.
inline constexpr uint64_t partAlignment = 64;

/// The error of the lowest-numbered panel that failed, so that a damaged tensor
/// gives the same message for any number of threads.
class FirstPanelError {
public:
  void report(uint64_t panel, Error error);
  Status take();

private:
  std::mutex mutex;
  std::optional<Error> first;
  uint64_t firstPanel = 0;
};

class WeightBuilder {
public:
  explicit WeightBuilder(const TensorDescription &description);
  /// Goes on with a weight that was finished.
  explicit WeightBuilder(LoadedWeight weight) : weight(std::move(weight)) {}

  /// Sets the number of panels; all entries are zero.
  void setPanels(uint64_t panels);
  PanelEntry &entry(uint64_t panel) {
    return reinterpret_cast<PanelEntry *>(weight.panelBuffer.data())[panel];
  }
  /// Makes the buffer of a plane.
  std::span<uint8_t> makeBuffer(PlaneKind kind, uint64_t bytes);
  std::span<uint8_t> makeCounts(uint64_t bytes);
  /// A class a row, 64 a panel, all zero.
  std::span<uint8_t> makeClasses(uint64_t panels);
  /// Columns cell by cell, of a weight with `order=k`.
  void setOrder(std::span<const uint32_t> order);
  /// Row-major.
  std::span<uint8_t> makeDense(uint64_t bytes);
  /// Takes the plan and makes the decode table from its model.
  Status setPlan(const CodingPlan &plan);
  /// Takes both.
  void setPlan(const CodingPlan &plan, std::span<const uint8_t> table);
  /// Of a weight whose panels are all words: makes it one in the format of `coded`, with its plan,
  /// decode table and row classes.
  Status setFormatOf(const LoadedWeight &coded);

  /// Bytes of the planes that are in use, where that is less than their buffers.
  void countUsed(uint64_t bytes) { weight.usedBytes += bytes; }
  LoadedWeight finish();

private:
  LoadedWeight weight;
};

/// Packs a panel's escape counts as compiled code reads them; gives their bytes. `out` may be
/// empty to ask only.
uint64_t packCounts(Layout layout, std::span<const uint32_t> counts, uint8_t *out);

/// A copy of what `decoder` reads.
Expected<LoadedWeight> copyWeight(const TensorDecoder &decoder, ThreadPool &pool,
                                  const LoadOptions &options);

/// What `decoder` reads, coded in `runFormat`.
Expected<LoadedWeight> transcodeWeight(const TensorDecoder &decoder, const Format &runFormat,
                                       ThreadPool &pool, const LoadOptions &options);

/// Coded from a tensor's bytes.
Expected<LoadedWeight> encodeWeight(const TensorDescription &description,
                                    std::span<const uint8_t> bytes, ThreadPool &pool,
                                    const LoadOptions &options);

/// In `description.format`, which is one of quantised weights.
Expected<LoadedWeight> codeQuantized(const QuantizedWeight &weight,
                                     const TensorDescription &description, ThreadPool &pool,
                                     const LoadOptions &options);

} // namespace uwt

#endif // UWT_LIB_RUNTIME_WEIGHTBUILDER_H
