//===- FormatCost.h - What a format costs a kernel --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bits that a weight takes in memory, counted from the format alone: the model that
// the format's own codec builds for weights as they usually are, with its escapes. What a
// decoder costs is not known here: code emission says that.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_FORMATCOST_H
#define UWT_COSTMODEL_FORMATCOST_H

#include "uwt/Codec/Codec.h"

namespace uwt {

/// Sizes of weights as measuring takes them: Student's t with 4 degrees of freedom, rows scaled by
/// exp(0.3 z).
struct ExpectedSize {
  /// Bits that a kernel reads a weight, escapes in; never more than those of the raw words, since
  /// panels that would grow are stored as words. Low halves of f32 are counted as present.
  double bitsPerWeight = 16;
  /// Records of fixed-rate codecs: kernels apply them one by one. (Those of streams are part
  /// of their decoder.)
  double escapesPerWeight = 0;
};

/// Precondition: the format is a composition for this element (checkFormat).
ExpectedSize expectedSize(const Format &format, ElementType element);

/// Columns that a kernel decodes at a time from a format: those of its units. Precondition: as
/// above.
uint32_t kernelUnitColumns(const Format &format, ElementType element);

/// What the model needs to know about the format that a product runs from.
struct FormatCost {
  Format format;
  ExpectedSize size;
  /// Vector operations that decode one row vector.
  double decodeOperations = 0;
  /// Whether units are decoded into registers (strategy direct); else streams into a buffer.
  bool fixedRate = true;
  /// Columns that are decoded at a time: tileK is a multiple of them, of streams just them.
  uint32_t unitColumns = 64;
};

} // namespace uwt

#endif // UWT_COSTMODEL_FORMATCOST_H
