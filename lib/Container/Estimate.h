//===- Estimate.h - Samples that stand for a file ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What CompressOptions::estimate reads of a file: which tensors are measured, how much of each, and
// where those bytes lie in memory.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_ESTIMATE_H
#define UWT_LIB_CONTAINER_ESTIMATE_H

#include "Original.h"
#include "Selection.h"
#include "uwt/Codec/Sample.h"

namespace uwt {

/// Tensors, or stacks of them, that are coded as one: indices into the original's header.
using CodedMembers = std::span<const size_t>;

/// How many of so many alike elements are to be drawn.
uint64_t sampledElements(uint64_t elements);

/// Of many tensors of one dtype, shape and choice, only some are measured.
class EstimatePlan {
public:
  /// `units` are all tensors and stacks that are to be compressed, in the order of the data.
  EstimatePlan(const SafetensorsHeader &header, std::span<const Choice> choices,
               std::span<const CodedMembers> units);

  /// Elements to be drawn of the unit that begins with tensor `first`; 0 where it is not measured.
  uint64_t elements(size_t first) const { return wanted[first]; }
  /// The measured unit, by its first tensor, that stands for the one that begins with `first`.
  size_t standIn(size_t first) const { return standIns[first]; }

private:
  void planClass(const SafetensorsHeader &header, ElementType element,
                 std::span<const CodedMembers> alike);

  std::vector<uint64_t> wanted;
  std::vector<size_t> standIns;
};

/// Memory as large as a tensor or a stack, in which only sampled bytes are in place; those of a
/// single tensor that is not cast lie in the mapped file.
class SampledBytes {
public:
  SampledBytes() = default;
  ~SampledBytes();
  SampledBytes(const SampledBytes &) = delete;
  SampledBytes &operator=(const SampledBytes &) = delete;

  /// The bytes of `members`, valid until the next call. `loss` is added to where samples are
  /// rounded. Errors: IO (no memory).
  Expected<std::span<const uint8_t>> read(const Original &original, CodedMembers members,
                                          const TensorDescription &description,
                                          const PanelSample &sample, ThreadPool &pool,
                                          CastLoss *loss);
  /// Bytes of the file that all calls have asked for.
  uint64_t bytesRead() const { return total; }

private:
  Status allocate(uint64_t bytes);
  void free();

  uint8_t *data = nullptr;
  uint64_t size = 0;
  uint64_t total = 0;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_ESTIMATE_H
