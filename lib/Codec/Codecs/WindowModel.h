//===- WindowModel.h - Models of neighbouring symbols -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `window<n>` and `bitplane<3>` share: 2^n neighbouring symbols from a base
// (window-1), and a fixed-rate model's commonest symbol.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_CODECS_WINDOWMODEL_H
#define UWT_LIB_CODEC_CODECS_WINDOWMODEL_H

#include "uwt/Codec/Codec.h"

namespace uwt {

/// Of `symbols`, the one with the greatest count; the first one on ties (fixed-1).
uint16_t commonestOf(std::span<const uint16_t> symbols, std::span<const uint64_t> counts);

/// The window of 2^bits symbols that covers most elements; the lowest one on
/// ties. Precondition: bits <= symbol bits.
Model buildWindowModel(uint32_t bits, const SymbolStatistics &statistics);

/// Appends the base.
void writeWindowModel(const Model &model, std::vector<uint32_t> &words);

/// Reads the base; ErrorKind::Invalid where it is missing or the window leaves
/// the symbols.
Expected<Model> readWindowModel(uint32_t bits, const FieldSplit &split,
                                std::span<const uint32_t> words, size_t &used);

/// A usage error where a symbol has fewer than `bits` bits.
Status checkCodeFits(const Format &format, uint32_t bits, const FieldSplit &split);

} // namespace uwt

#endif // UWT_LIB_CODEC_CODECS_WINDOWMODEL_H
