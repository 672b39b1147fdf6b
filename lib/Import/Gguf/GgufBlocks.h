//===- GgufBlocks.h - Blocks of GGUF files ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row of a tensor is a series of blocks; a block has the codes of its elements, a scale for each
// cell, and maybe an offset (gguf-4 of docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_GGUF_GGUFBLOCKS_H
#define UWT_LIB_IMPORT_GGUF_GGUFBLOCKS_H

#include "uwt/Import/QuantizedWeight.h"
#include <string>
#include <string_view>

namespace uwt {

/// What a block is read into: a code an element, a scale and an offset a cell. Of large blocks of
/// several cells those are integers, and `*largeScale` and `*largeOffset` is what they are
/// multiplied with.
struct BlockContents {
  uint8_t *codes;
  float *scales, *offsets;
  float *largeScale, *largeOffset;
};

/// A type of ggml.
struct BlockType {
  uint32_t number;
  std::string_view name;
  /// Of a block.
  uint64_t elements, bytes;
  /// Elements of a cell; 0 of a float type, which has no codes.
  uint64_t cell = 0;
  bool hasOffset = false;
  /// The composition as text, and that which products run from where it is another one.
  std::string_view format;
  /// Codes of 0, 1, … stand for 0, 1, … less this number.
  int zero = 0;
  unsigned codeBits = 0;
  void (*read)(const uint8_t *block, BlockContents out) = nullptr;
  std::string_view runFormat = {};
  /// The composition where scales are multiplied with a number of the file; empty where that is not
  /// read.
  std::string_view factorFormat = {};
};

/// Null where this build does not know it.
const BlockType *blockTypeOf(uint32_t number);

/// The name of a type of ggml and its number, "IQ2_XXS (16)", known to this build or not.
std::string blockTypeText(uint32_t number);

/// A weight of `type` from its bytes, rows of blocks, with scales times `factor`. Preconditions:
/// `bytes` are those of `rows` rows of `columns` elements, whole blocks; without a `factorFormat`
/// there is no factor.
QuantizedWeight weightOf(const BlockType &type, std::span<const uint8_t> bytes, uint64_t rows,
                         uint64_t columns, std::optional<float> factor, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_IMPORT_GGUF_GGUFBLOCKS_H
