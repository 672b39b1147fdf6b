//===- Scales.h - Words relative to scales of rows and columns --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// context=scale (scale-1 to scale-6 of docs/formats.md): a weight is likely as large as the scales
// of its row and its column say together. Whole octaves of that are taken from its exponent, the
// rest of an octave chooses its code table. Scales are integers, so that every machine codes the
// same.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_SCALES_H
#define UWT_LIB_CODEC_SCALES_H

#include "uwt/Codec/Panel.h"
#include "uwt/Codec/Tensor.h"

namespace uwt {

/// scale-3: the words of a panel less the octaves of their scales, and with the sign of their
/// column taken away. `out` gets rows x columns words without gaps.
void makeRelative(const CodingPlan &plan, const PanelContext &context, PanelWords words,
                  std::vector<uint16_t> &out);
/// The inverse, in place.
void makeAbsolute(const CodingPlan &plan, const PanelContext &context, MutablePanelWords words);

/// What chooses code tables in panel `panel` of those that have scales: `matrix` is the one it is
/// of.
PanelContext contextOf(const TensorScales &scales, const MatrixShape &shape, uint64_t panel,
                       uint64_t matrix);

/// Panels that scales are found of, and the matrix that each is a part of.
struct ScaledPanels {
  const PanelSource &source;
  std::span<const uint64_t> matrixOf;
};

/// Scales from mean magnitudes: of rows, of columns relative to these, then of rows relative to
/// columns, in integers. Columns have signs where `plan.format.codedSign`.
TensorScales findScales(const CodingPlan &plan, const ScaledPanels &panels, uint64_t matrices,
                        ThreadPool &pool);

/// Counts of relative symbols by code table, [table][symbol].
SymbolStatistics countRelative(const CodingPlan &plan, const ScaledPanels &panels,
                               const TensorScales &scales, ThreadPool &pool);

/// scale-4: appends the scales of all matrices to the words of an index.
void writeScales(const CodingPlan &plan, const TensorScales &scales, uint64_t matrices,
                 std::vector<uint32_t> &words);
/// Reads them from the front of `words` and sets `used`. Fails with ErrorKind::Invalid where they
/// are none; allocates no more than `words` justifies.
Expected<TensorScales> readScales(const CodingPlan &plan, uint64_t matrices,
                                  std::span<const uint32_t> words, size_t &used);

} // namespace uwt

#endif // UWT_LIB_CODEC_SCALES_H
