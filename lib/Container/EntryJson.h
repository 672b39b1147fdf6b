//===- EntryJson.h - Values of a container's entries ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entries are JSON objects with strings of digits in them. What is wrong with one is an error of
// kind Invalid that names the key.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_ENTRYJSON_H
#define UWT_LIB_CONTAINER_ENTRYJSON_H

#include "uwt/Support/Json.h"

namespace uwt {

/// Digits of a checksum, and of a SHA-256.
inline constexpr size_t hexDigits = 16, shaDigits = 64;

/// An object of at most `values` values (file-6).
Expected<JsonValue> parseObject(std::string_view text, uint64_t values);
/// The checksum of that key, which must be there.
Expected<uint64_t> hexOf(const JsonValue &object, std::string_view key);
/// The SHA-256 of that key, empty where there is none.
Expected<std::string> shaOf(const JsonValue &object, std::string_view key);
/// Groups of equally many digits, one after another, none where there is no such key.
Expected<std::vector<std::string_view>> splitDigits(const JsonValue &object, std::string_view key,
                                                    size_t digits);
/// Such groups as SHA-256, and as checksums.
Expected<std::vector<std::string>> hashesOf(const JsonValue &object, std::string_view key);
Expected<std::vector<uint64_t>> checksumsOf(const JsonValue &object, std::string_view key);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_ENTRYJSON_H
