//===- GgufFile.h - The header of a GGUF file -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Versions 2 and 3, little-endian (gguf-1 to gguf-3 of docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_GGUF_GGUFFILE_H
#define UWT_LIB_IMPORT_GGUF_GGUFFILE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace uwt {

struct BlockType;

/// A tensor of a GGUF file. `shape` has the slowest dimension first, as safetensors has it.
struct GgufTensor {
  std::string name;
  std::vector<uint64_t> shape;
  /// The type's number, and what it is; null where this build does not know it.
  uint32_t typeNumber = 0;
  const BlockType *type = nullptr;
  /// The number of the file of a split model that has it.
  uint64_t file = 0;
  /// Where its bytes begin in the file, and how many there are; 0 of an unknown type.
  uint64_t begin = 0, bytes = 0;
};

struct GgufHeader {
  /// Integers and texts of the metadata, by key; of arrays the keys, floats are passed over.
  std::map<std::string, uint64_t, std::less<>> integers;
  std::map<std::string, std::string, std::less<>> texts;
  std::set<std::string, std::less<>> arrays;
  std::vector<GgufTensor> tensors;

  /// Errors: Invalid, where `file` is damaged; Unsupported (another version).
  static Expected<GgufHeader> parse(std::span<const uint8_t> file);
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_GGUF_GGUFFILE_H
