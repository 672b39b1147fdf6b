//===- EntryJson.cpp - Values of a container's entries --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EntryJson.h"
#include "uwt/Support/Checksum.h"

namespace uwt {

Expected<uint64_t> hexOf(const JsonValue &object, std::string_view key) {
  const std::string *digits = object.findString(key);
  std::optional<uint64_t> value =
      digits && digits->size() == hexDigits ? parseHex64(*digits) : std::nullopt;
  if (!value)
    return invalidError("'" + std::string(key) + "' is not 16 hexadecimal digits");
  return *value;
}

static bool isSha256(std::string_view digits) {
  return digits.size() == shaDigits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Expected<std::string> shaOf(const JsonValue &object, std::string_view key) {
  const JsonValue *value = object.find(key);
  if (!value)
    return std::string();
  if (value->kind != JsonValue::Kind::String || !isSha256(value->text))
    return invalidError("'" + std::string(key) + "' is not 64 hexadecimal digits");
  return value->text;
}

Expected<JsonValue> parseObject(std::string_view text, uint64_t values) {
  UWT_ASSIGN_OR_RETURN(JsonValue value, parseJsonValue(text, values));
  if (value.kind != JsonValue::Kind::Object)
    return invalidError("not a JSON object");
  return value;
}

Expected<std::vector<std::string_view>> splitDigits(const JsonValue &object, std::string_view key,
                                                    size_t digits) {
  std::vector<std::string_view> groups;
  const JsonValue *value = object.find(key);
  if (!value)
    return groups;
  if (value->kind != JsonValue::Kind::String || value->text.size() % digits != 0)
    return invalidError("'" + std::string(key) + "' is not a string of groups of " +
                        std::to_string(digits) + " digits");
  for (size_t i = 0; i < value->text.size(); i += digits)
    groups.push_back(std::string_view(value->text).substr(i, digits));
  return groups;
}

Expected<std::vector<std::string>> hashesOf(const JsonValue &object, std::string_view key) {
  UWT_ASSIGN_OR_RETURN(auto groups, splitDigits(object, key, shaDigits));
  std::vector<std::string> hashes;
  for (std::string_view digits : groups) {
    if (!isSha256(digits))
      return invalidError("'" + std::string(key) + "' is not hexadecimal digits");
    hashes.emplace_back(digits);
  }
  return hashes;
}

Expected<std::vector<uint64_t>> checksumsOf(const JsonValue &object, std::string_view key) {
  UWT_ASSIGN_OR_RETURN(auto groups, splitDigits(object, key, hexDigits));
  std::vector<uint64_t> checksums;
  for (std::string_view digits : groups) {
    std::optional<uint64_t> checksum = parseHex64(digits);
    if (!checksum)
      return invalidError("'" + std::string(key) + "' is not hexadecimal digits");
    checksums.push_back(*checksum);
  }
  return checksums;
}

} // namespace uwt
