//===- Sample.h - Panels that stand for a tensor ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What encoding would give, estimated from some of a tensor's panels: the tensor is cut into strata
// of adjacent panels, and a run of panels at a random position in each stands for the stratum
// (stratified sampling). Whole panels are coded as encodeTensor codes them, so that units, escapes,
// row classes and panels that are stored as words have their real cost.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_SAMPLE_H
#define UWT_CODEC_SAMPLE_H

#include "uwt/Codec/Tensor.h"

namespace uwt {

struct PanelSample {
  /// Numbers of panels of the tensor, rising, and how many panels each stands for.
  std::vector<uint64_t> panels;
  std::vector<double> weights;
  /// Panels of the whole tensor.
  uint64_t panelsOfTensor = 0;

  bool isWhole() const { return panels.size() == panelsOfTensor; }
};

/// Draws panels with about `elements` elements; all panels where these are more than half of the
/// tensor. The last panels of matrices, which may have fewer rows, are strata of their own. The
/// same panels every time: positions depend on the shape and the number of the stratum alone.
/// Errors: as TensorDescription::matrices.
Expected<PanelSample> drawPanels(const TensorDescription &description, uint64_t elements);

/// The panels of `sample` alone, numbered from 0, out of all panels of a tensor. `sample` must
/// outlive the result.
PanelSource sampledSource(PanelSource source, const PanelSample &sample);

/// Calls `visit(offset, bytes)` with the parts of the tensor's bytes that its sampled panels are
/// read from. Stops at an error.
Status visitSampledBytes(const TensorDescription &description, const PanelSample &sample,
                         const std::function<Status(uint64_t offset, uint64_t bytes)> &visit);

/// About what encodeTensor would give, and exactly that (but for checksums) where the sample is
/// whole. Reads only sampled bytes of `source`, which has the size of the tensor.
/// `options.chosen`, if any, comes from chooseFormat with the same sample; there is no progress.
/// Errors: as encodeTensor.
Expected<EncodedTensor> estimateTensor(const TensorDescription &description,
                                       std::span<const uint8_t> source, const PanelSample &sample,
                                       ThreadPool &pool, const EncodeOptions &options = {});

} // namespace uwt

#endif // UWT_CODEC_SAMPLE_H
