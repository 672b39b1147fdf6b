//===- LowStatistics.h - What low halves need -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is found out of low halves (f32) before they are stored: the bits of each row, the
// values where these are few, and the form that takes fewest bytes. Of natural weights a
// few elements of each row show that there is nothing to find.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_LOWSTATISTICS_H
#define UWT_LIB_CODEC_TENSOR_LOWSTATISTICS_H

#include "TensorWords.h"
#include "uwt/Codec/Sample.h"

namespace uwt {

/// LowModel::rowBits of all panels, or of those of `sample`, in its order.
std::vector<uint8_t> findRowBits(const TensorWords &words, std::span<const uint8_t> source,
                                 const PanelSample *sample, ThreadPool &pool);

/// LowModel::palette of all panels or those of `sample`; nothing where some word has two low
/// halves, or where there are more than maxPaletteValues of them.
std::optional<std::vector<uint32_t>> findPalette(const TensorWords &words,
                                                 std::span<const uint8_t> source,
                                                 const PanelSample *sample, ThreadPool &pool);

/// LowModel::code for the low halves of all panels or those of `sample`.
Model buildLowCode(const TensorWords &words, std::span<const uint8_t> source,
                   const PanelSample *sample, ThreadPool &pool);

/// Sets what `chosen` says of low halves to the form that takes fewest bytes and that readers of
/// version `newestReader` know.
Status chooseLow(FormatPolicy policy, const TensorDescription &description,
                 std::span<const uint8_t> source, uint32_t newestReader, const PanelSample *sample,
                 ThreadPool &pool, ChosenFormat &chosen);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_LOWSTATISTICS_H
