//===- Json.h - Strict JSON -------------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The JSON that this library accepts: one object or value, valid UTF-8, bounded
// depth, no key twice in an object. Events for text that may be large, values for
// small texts.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_JSON_H
#define UWT_SUPPORT_JSON_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

inline constexpr unsigned jsonDepthLimit = 16;

/// Receives the events of a text. A handler stops the parse by returning an
/// error. Strings may be moved from.
class JsonHandler {
public:
  virtual ~JsonHandler() = default;
  /// null, true, false.
  virtual Status literal(std::string_view text) = 0;
  /// A number that is an integer from 0 to 2^64-1.
  virtual Status integer(uint64_t value) = 0;
  /// Any other number, as it is written.
  virtual Status number(std::string_view text) = 0;
  virtual Status string(std::string &text) = 0;
  virtual Status beginObject() = 0;
  virtual Status key(std::string &name) = 0;
  virtual Status endObject() = 0;
  virtual Status beginArray() = 0;
  virtual Status endArray() = 0;
};

/// Parses `text`. Errors: Invalid, with the offset in the text plus `firstOffset`
/// where the text itself is at fault; what the handler returns.
Status parseJson(std::string_view text, JsonHandler &handler, uint64_t firstOffset = 0);

/// A value in memory.
struct JsonValue {
  enum class Kind : uint8_t { Literal, Integer, Number, String, Array, Object };
  Kind kind = Kind::Literal;
  uint64_t integer = 0;
  /// Text of a literal, number or string.
  std::string text = "null";
  /// Elements, or an object's values.
  std::vector<JsonValue> items;
  /// An object's keys, in order.
  std::vector<std::string> keys;

  const JsonValue *find(std::string_view key) const;
  JsonValue *find(std::string_view key);
  /// The string, or integer, of that key; nothing where it is absent or of another kind.
  const std::string *findString(std::string_view key) const;
  std::optional<uint64_t> findInteger(std::string_view key) const;
  /// Sets or appends a key of an object.
  void set(std::string_view key, JsonValue value);

  static JsonValue object();
  static JsonValue array();
  static JsonValue of(std::string_view text);
  static JsonValue of(uint64_t value);
};

/// Parses a value of at most `limit` values; without that number, of as many as this library
/// writes into a text of that length: each has a line of its own.
Expected<JsonValue> parseJsonValue(std::string_view text, std::optional<uint64_t> limit = {});

/// Checks that `text` is JSON, and keeps nothing of it.
Status checkJson(std::string_view text);
/// Checks that `text` is a JSON object, keeping nothing of it.
Status checkJsonObject(std::string_view text);

/// Returns the offset behind the string that begins at `at`.
size_t jsonStringEnd(std::string_view text, size_t at);
/// Returns `text` with a number of the same length for each NaN and Infinity, which are no JSON,
/// but which Python writes: offsets stay.
std::string withoutSpecialNumbers(std::string_view text);

/// `text` in quotes, escaped.
std::string jsonQuoted(std::string_view text);
void appendJsonQuoted(std::string &out, std::string_view text);
/// The value as text; `indent` 0 writes everything in one line without spaces.
std::string jsonText(const JsonValue &value, unsigned indent = 0);

} // namespace uwt

#endif // UWT_SUPPORT_JSON_H
