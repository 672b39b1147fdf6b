//===- ByteArrays.h - Arrays of bytes in the packed form --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules pack-3 to pack-5 of docs/formats.md. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PACKED_BYTEARRAYS_H
#define UWT_LIB_CODEC_PACKED_BYTEARRAYS_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace uwt::packed {

/// Reads the packed form from front to back; nothing beyond its end.
class Input {
public:
  explicit Input(std::span<const uint8_t> bytes) : rest(bytes) {}

  bool isAtEnd() const { return rest.empty(); }
  /// The next `count` bytes, or an error (ErrorKind::Invalid).
  Expected<std::span<const uint8_t>> take(uint64_t count);
  Expected<uint8_t> takeByte();
  Expected<uint32_t> takeU32();

private:
  std::span<const uint8_t> rest;
};

inline void appendU32(std::vector<uint8_t> &out, uint32_t value) {
  for (unsigned i = 0; i < 4; ++i)
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// The error of a packed form that is damaged.
Error damaged(std::string_view what);

/// Appends an array, whose length the reader knows.
void appendArray(std::span<const uint8_t> bytes, std::vector<uint8_t> &out);
/// Reads an array of out.size() bytes.
Status readArray(Input &input, std::span<uint8_t> out);
/// About the bits that appendArray would take for an array with these counts of bytes.
uint64_t arrayBits(std::span<const uint32_t, 256> counts);

} // namespace uwt::packed

#endif // UWT_LIB_CODEC_PACKED_BYTEARRAYS_H
