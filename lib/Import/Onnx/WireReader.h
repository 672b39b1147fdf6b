//===- WireReader.h - Fields of protocol buffers ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The encoding that ONNX files have (protobuf.dev/programming-guides/encoding), without schemas.
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_ONNX_WIREREADER_H
#define UWT_LIB_IMPORT_ONNX_WIREREADER_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace uwt {

/// A field of a message: a number, or bytes, which may be a text, a message or packed numbers.
struct WireField {
  uint64_t number = 0;
  bool hasBytes = false;
  uint64_t integer = 0;
  std::span<const uint8_t> bytes;

  /// What the field holds, where it is a number, bytes, or a text. Errors: Invalid.
  Expected<uint64_t> asInteger() const;
  Expected<std::span<const uint8_t>> asBytes() const;
  Expected<std::string> asText() const;
};

/// Calls `visit` with each field of `message`, a part of `file`, until one is an error. Errors:
/// Invalid, with the byte of the file; what `visit` gives.
Status forEachField(std::span<const uint8_t> file, std::span<const uint8_t> message,
                    const std::function<Status(const WireField &field)> &visit);

/// Calls `visit` with each of the packed numbers. Errors: Invalid (the last one has no end).
Status forEachInteger(std::span<const uint8_t> packed,
                      const std::function<void(uint64_t number)> &visit);

/// Adds the numbers of a repeated field, one of them or packed ones. Errors: Invalid.
Status addIntegers(const WireField &field, std::vector<uint64_t> &numbers);

} // namespace uwt

#endif // UWT_LIB_IMPORT_ONNX_WIREREADER_H
