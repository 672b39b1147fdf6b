//===- Bundles.h - Tensors too small to be coded alone ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bundle is the bytes of small tensors of one dtype, one after another, stored as a tensor of
// rank 1 (file-15). It is decoded as a whole, once for all its tensors.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_BUNDLES_H
#define UWT_LIB_CONTAINER_BUNDLES_H

#include "Original.h"
#include "Selection.h"
#include "uwt/Support/PerProcess.h"
#include <mutex>

namespace uwt {

/// Of one tensor, and of all tensors of a bundle, which is held in memory (file-15).
inline constexpr uint64_t bundledTensorBytes = uint64_t(64) << 10, bundleBytes = uint64_t(4) << 20;

/// choice-12: tensors that are stored as one, as indices into the original's header, each bundle in
/// the order of the data.
std::vector<std::vector<size_t>> findBundles(const Original &original,
                                             std::span<const Choice> choices,
                                             std::span<const std::optional<size_t>> shared);

/// A bundle with its bytes.
struct OpenBundle {
  TensorDecoder decoder;
  std::vector<uint8_t> bytes;
};

/// The bundles that were decoded last: a small file may have many. Thread-safe.
class OpenBundles {
public:
  /// The bundle whose first tensor is entry `first`; `open` makes it.
  Expected<std::shared_ptr<const OpenBundle>>
  find(size_t first, const std::function<Expected<OpenBundle>()> &open);

private:
  struct Opened {
    std::mutex mutex;
    /// By their first tensors, the oldest in front.
    std::vector<std::pair<size_t, std::shared_ptr<const OpenBundle>>> bundles;
  };
  /// A bundle is decoded under the mutex.
  PerProcess<Opened> opened;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_BUNDLES_H
