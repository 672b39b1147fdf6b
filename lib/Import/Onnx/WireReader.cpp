//===- WireReader.cpp - Fields of protocol buffers ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WireReader.h"
#include <algorithm>
#include <optional>

using namespace uwt;

namespace {

/// How a field's contents are encoded. Groups (3 and 4) are in no file since 2008.
enum class WireType : uint8_t { Integer = 0, EightBytes = 1, Bytes = 2, FourBytes = 5 };

} // namespace

/// Takes a number from the front: seven bits a byte, the lowest ones first. Nothing where it has no
/// end, or more than ten bytes.
static std::optional<uint64_t> takeInteger(std::span<const uint8_t> &bytes) {
  constexpr size_t maxBytes = 10;
  uint64_t value = 0;
  for (size_t i = 0; i < std::min(bytes.size(), maxBytes); ++i) {
    value |= uint64_t(bytes[i] & 0x7f) << (7 * i);
    if (bytes[i] < 0x80) {
      bytes = bytes.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

static std::optional<uint64_t> takeBytesOf(std::span<const uint8_t> &bytes, size_t count) {
  if (bytes.size() < count)
    return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value |= uint64_t(bytes[i]) << (8 * i);
  bytes = bytes.subspan(count);
  return value;
}

/// What follows a field's tag. Nothing where `bytes` end before it does.
static std::optional<WireField> takeContents(WireType type, std::span<const uint8_t> &bytes) {
  WireField field;
  std::optional<uint64_t> number = type == WireType::EightBytes  ? takeBytesOf(bytes, 8)
                                   : type == WireType::FourBytes ? takeBytesOf(bytes, 4)
                                                                 : takeInteger(bytes);
  if (!number)
    return std::nullopt;
  field.integer = *number;
  if (type != WireType::Bytes)
    return field;
  if (*number > bytes.size())
    return std::nullopt;
  field.hasBytes = true;
  field.bytes = bytes.first(*number);
  bytes = bytes.subspan(*number);
  return field;
}

Status uwt::forEachField(std::span<const uint8_t> file, std::span<const uint8_t> message,
                         const std::function<Status(const WireField &field)> &visit) {
  constexpr uint64_t typeBits = 3;
  while (!message.empty()) {
    std::string where = "byte " + std::to_string(message.data() - file.data()) + ": ";
    std::optional<uint64_t> tag = takeInteger(message);
    if (!tag)
      return invalidError(where + "a field has no end");
    uint64_t number = *tag >> typeBits, type = *tag & ((1u << typeBits) - 1);
    if (number == 0)
      return invalidError(where + "a field has the number 0");
    if (type == 3 || type == 4 || type > 5)
      return invalidError(where + "a field has the wire type " + std::to_string(type));
    std::optional<WireField> field = takeContents(static_cast<WireType>(type), message);
    if (!field)
      return invalidError(where + "a field is longer than what it belongs to");
    field->number = number;
    if (Status visited = visit(*field); !visited)
      return visited;
  }
  return ok();
}

Expected<uint64_t> WireField::asInteger() const {
  if (hasBytes)
    return invalidError("field " + std::to_string(number) + " is no number");
  return integer;
}

Expected<std::span<const uint8_t>> WireField::asBytes() const {
  if (!hasBytes)
    return invalidError("field " + std::to_string(number) + " is a number");
  return bytes;
}

Expected<std::string> WireField::asText() const {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> letters, asBytes());
  return std::string(letters.begin(), letters.end());
}

Status uwt::forEachInteger(std::span<const uint8_t> packed,
                           const std::function<void(uint64_t number)> &visit) {
  while (!packed.empty()) {
    std::optional<uint64_t> number = takeInteger(packed);
    if (!number)
      return invalidError("packed numbers have no end");
    visit(*number);
  }
  return ok();
}

Status uwt::addIntegers(const WireField &field, std::vector<uint64_t> &numbers) {
  auto add = [&](uint64_t number) { numbers.push_back(number); };
  if (field.hasBytes)
    return forEachInteger(field.bytes, add);
  add(field.integer);
  return ok();
}
