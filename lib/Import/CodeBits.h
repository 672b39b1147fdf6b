//===- CodeBits.h - Codes in words of 32 bits -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_CODEBITS_H
#define UWT_LIB_IMPORT_CODEBITS_H

#include "uwt/Support/Parallel.h"
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// How codes of 1 to 8 bits lie in a series of words, the first one in the lowest bits.
struct CodeBits {
  enum class Packing : uint8_t {
    /// A code may begin in one word and end in the next one.
    Dense,
    /// Words end with unused bits where 32 is no multiple of `bits`.
    Whole,
    /// 32 codes are as many words as they have bits: the lower 4 bits of them all (2 where there
    /// are less than 4), then the next 2, then the last one (gptq-5).
    Planar,
  };
  unsigned bits;
  Packing packing = Packing::Dense;

  /// How many different codes there are.
  uint64_t count() const { return uint64_t(1) << bits; }
  /// Words that so many codes take.
  uint64_t words(uint64_t codes) const;
  /// Code number `index` of the series whose words lie `stride` apart.
  uint8_t at(const uint32_t *words, uint64_t stride, uint64_t index) const;
};

/// A series of words a row: codes [rows, columns] of words [rows, wordsEach].
std::vector<uint8_t> unpackRows(CodeBits bits, std::span<const uint32_t> words, uint64_t rows,
                                uint64_t columns, ThreadPool &pool);
/// A series of words a column: codes [rows, columns], transposed, of words [wordsEach, rows].
std::vector<uint8_t> unpackColumns(CodeBits bits, std::span<const uint32_t> words, uint64_t rows,
                                   uint64_t columns, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_IMPORT_CODEBITS_H
