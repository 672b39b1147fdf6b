//===- Json.cpp - Strict JSON ---------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nlohmann's parser makes the events; this file adds what it does not check: depth,
// keys that occur twice, NUL bytes (which that parser takes for the end).
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Json.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace uwt {

namespace {

/// Hashes of the keys of the objects that are open. Hashes, because keys
/// themselves would double the memory of a large header; sorted, because a hash table can be
/// made slow by chosen keys.
class KeyHashes {
public:
  void begin() { starts.push_back(hashes.size()); }
  void add(std::string_view key) {
    hashes.push_back(xxh3({reinterpret_cast<const uint8_t *>(key.data()), key.size()}));
  }
  /// Closes the innermost object; gives a hash that occurred twice.
  std::optional<uint64_t> end() {
    auto first = hashes.begin() + static_cast<ptrdiff_t>(starts.back());
    std::sort(first, hashes.end());
    auto twice = std::adjacent_find(first, hashes.end());
    std::optional<uint64_t> found;
    if (twice != hashes.end())
      found = *twice;
    hashes.resize(starts.back());
    starts.pop_back();
    return found;
  }

private:
  std::vector<uint64_t> hashes;
  std::vector<size_t> starts;
};

/// nlohmann's SAX interface in front of a JsonHandler.
class Adaptor {
public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  Adaptor(JsonHandler &handler, uint64_t firstOffset)
      : handler(handler), firstOffset(firstOffset) {}

  bool null() { return pass(handler.literal("null")); }
  bool boolean(bool value) { return pass(handler.literal(value ? "true" : "false")); }
  bool number_integer(number_integer_t value) {
    return pass(handler.number(std::to_string(value)));
  }
  bool number_unsigned(number_unsigned_t value) { return pass(handler.integer(value)); }
  bool number_float(number_float_t, const string_t &text) { return pass(handler.number(text)); }
  bool string(string_t &text) { return pass(handler.string(text)); }
  bool binary(binary_t &) { return false; }

  bool start_object(size_t) {
    keys.begin();
    return deeper() && pass(handler.beginObject());
  }
  bool key(string_t &name) {
    keys.add(name);
    return pass(handler.key(name));
  }
  bool end_object() {
    --depth;
    twice = keys.end();
    return !twice && pass(handler.endObject());
  }
  bool start_array(size_t) { return deeper() && pass(handler.beginArray()); }
  bool end_array() {
    --depth;
    return pass(handler.endArray());
  }

  bool parse_error(size_t position, const std::string &, const nlohmann::detail::exception &error) {
    bool encoding = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
    // The parser counts from 1 the last byte that it has read.
    uint64_t offset = firstOffset + (position == 0 ? 0 : position - 1);
    status = invalidError(std::string(encoding ? "invalid UTF-8" : "invalid JSON") + " at offset " +
                          std::to_string(offset));
    return false;
  }

  Status status;
  std::optional<uint64_t> twice;

private:
  bool pass(Status next) {
    if (next)
      return true;
    status = std::move(next);
    return false;
  }
  bool deeper() {
    if (++depth <= jsonDepthLimit)
      return true;
    status = invalidError("arrays and objects are more than " + std::to_string(jsonDepthLimit) +
                          " deep");
    return false;
  }

  JsonHandler &handler;
  uint64_t firstOffset;
  unsigned depth = 0;
  KeyHashes keys;
};

/// Finds the key of a hash, for a message.
class KeyFinder final : public JsonHandler {
public:
  explicit KeyFinder(uint64_t hash) : hash(hash) {}
  Status literal(std::string_view) override { return ok(); }
  Status integer(uint64_t) override { return ok(); }
  Status number(std::string_view) override { return ok(); }
  Status string(std::string &) override { return ok(); }
  Status beginObject() override { return ok(); }
  Status endObject() override { return ok(); }
  Status beginArray() override { return ok(); }
  Status endArray() override { return ok(); }
  Status key(std::string &name) override {
    if (xxh3({reinterpret_cast<const uint8_t *>(name.data()), name.size()}) == hash)
      found = name;
    return ok();
  }
  std::string found;

private:
  uint64_t hash;
};

} // namespace

Status parseJson(std::string_view text, JsonHandler &handler, uint64_t firstOffset) {
  if (size_t nul = text.find('\0'); nul != std::string_view::npos)
    return invalidError("NUL byte in JSON text at offset " + std::to_string(firstOffset + nul));
  Adaptor adaptor(handler, firstOffset);
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &adaptor))
    return ok();
  if (!adaptor.twice)
    return std::move(adaptor.status);
  KeyFinder finder(*adaptor.twice);
  Adaptor again(finder, firstOffset);
  nlohmann::json::sax_parse(text.begin(), text.end(), &again);
  return invalidError("key " + inQuotes(finder.found) + " occurs twice in one object");
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

const JsonValue *JsonValue::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &items[i];
  return nullptr;
}

JsonValue *JsonValue::find(std::string_view key) {
  return const_cast<JsonValue *>(static_cast<const JsonValue *>(this)->find(key));
}

const std::string *JsonValue::findString(std::string_view key) const {
  const JsonValue *value = find(key);
  return value && value->kind == Kind::String ? &value->text : nullptr;
}

std::optional<uint64_t> JsonValue::findInteger(std::string_view key) const {
  const JsonValue *value = find(key);
  if (!value || value->kind != Kind::Integer)
    return std::nullopt;
  return value->integer;
}

void JsonValue::set(std::string_view key, JsonValue value) {
  if (JsonValue *existing = find(key)) {
    *existing = std::move(value);
    return;
  }
  keys.emplace_back(key);
  items.push_back(std::move(value));
}

static JsonValue make(JsonValue::Kind kind, std::string text = {}, uint64_t integer = 0) {
  JsonValue value;
  value.kind = kind;
  value.text = std::move(text);
  value.integer = integer;
  return value;
}

JsonValue JsonValue::object() { return make(Kind::Object); }
JsonValue JsonValue::array() { return make(Kind::Array); }
JsonValue JsonValue::of(std::string_view text) { return make(Kind::String, std::string(text)); }
JsonValue JsonValue::of(uint64_t value) { return make(Kind::Integer, {}, value); }

namespace {

/// Builds a JsonValue.
class ValueBuilder final : public JsonHandler {
public:
  explicit ValueBuilder(uint64_t budget) : budget(budget) {}

  Status literal(std::string_view text) override {
    return add(make(JsonValue::Kind::Literal, std::string(text)));
  }
  Status integer(uint64_t value) override { return add(JsonValue::of(value)); }
  Status number(std::string_view text) override {
    return add(make(JsonValue::Kind::Number, std::string(text)));
  }
  Status string(std::string &text) override {
    return add(make(JsonValue::Kind::String, std::move(text)));
  }
  Status key(std::string &name) override {
    open.back().keys.push_back(std::move(name));
    return ok();
  }
  Status beginObject() override { return begin(JsonValue::object()); }
  Status beginArray() override { return begin(JsonValue::array()); }
  Status endObject() override { return end(); }
  Status endArray() override { return end(); }

  JsonValue result;

private:
  Status add(JsonValue value) {
    if (budget-- == 0)
      return invalidError("has more values than expected");
    if (open.empty())
      result = std::move(value);
    else
      open.back().items.push_back(std::move(value));
    return ok();
  }
  Status begin(JsonValue value) {
    if (budget-- == 0)
      return invalidError("has more values than expected");
    open.push_back(std::move(value));
    return ok();
  }
  Status end() {
    JsonValue value = std::move(open.back());
    open.pop_back();
    ++budget; // Counted when it began.
    return add(std::move(value));
  }

  uint64_t budget;
  std::vector<JsonValue> open;
};

/// Accepts all values, or objects alone, keeping nothing.
class Checker final : public JsonHandler {
public:
  explicit Checker(bool wantsObject) : isInside(!wantsObject) {}
  Status literal(std::string_view) override { return value(); }
  Status integer(uint64_t) override { return value(); }
  Status number(std::string_view) override { return value(); }
  Status string(std::string &) override { return value(); }
  Status key(std::string &) override { return ok(); }
  Status beginObject() override {
    isInside = true;
    return ok();
  }
  Status endObject() override { return ok(); }
  Status beginArray() override { return value(); }
  Status endArray() override { return ok(); }

private:
  Status value() const { return isInside ? ok() : Status(invalidError("expected a JSON object")); }
  bool isInside;
};

} // namespace

Expected<JsonValue> parseJsonValue(std::string_view text, std::optional<uint64_t> limit) {
  ValueBuilder builder(limit.value_or(1024 + text.size() / 8));
  UWT_RETURN_IF_ERROR(parseJson(text, builder));
  return std::move(builder.result);
}

Status checkJson(std::string_view text) {
  Checker checker(/*wantsObject=*/false);
  return parseJson(text, checker);
}

Status checkJsonObject(std::string_view text) {
  Checker checker(/*wantsObject=*/true);
  return parseJson(text, checker);
}

size_t jsonStringEnd(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    at += text[at] == '\\';
  return std::min(text.size(), at + 1);
}

std::string withoutSpecialNumbers(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> numbers[] = {
      {"NaN", "0.0"}, {"-Infinity", "-0.000000"}, {"Infinity", "0.000000"}};
  std::string out(text);
  for (size_t at = 0; at < out.size();) {
    if (out[at] == '"') {
      at = jsonStringEnd(out, at);
      continue;
    }
    size_t length = 1;
    for (const auto &[special, number] : numbers)
      if (out.compare(at, special.size(), special) == 0) {
        out.replace(at, special.size(), number);
        length = number.size();
        break;
      }
    at += length;
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

void appendJsonQuoted(std::string &out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  static constexpr std::string_view special = "\b\f\n\r\t\"\\";
  static constexpr std::string_view letters = "bfnrt\"\\";
  out += '"';
  for (char c : text) {
    if (size_t i = special.find(c); i != std::string_view::npos) {
      out += '\\';
      out += letters[i];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string jsonQuoted(std::string_view text) {
  std::string out;
  appendJsonQuoted(out, text);
  return out;
}

static void appendValue(std::string &out, const JsonValue &value, unsigned indent, unsigned depth);

static void appendLineBreak(std::string &out, unsigned indent, unsigned depth) {
  if (indent == 0)
    return;
  out += '\n';
  out.append(size_t(indent) * depth, ' ');
}

static void appendContainer(std::string &out, const JsonValue &value, unsigned indent,
                            unsigned depth) {
  bool isObject = value.kind == JsonValue::Kind::Object;
  out += isObject ? '{' : '[';
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i != 0)
      out += ',';
    appendLineBreak(out, indent, depth + 1);
    if (isObject) {
      appendJsonQuoted(out, value.keys[i]);
      out += indent == 0 ? ":" : ": ";
    }
    appendValue(out, value.items[i], indent, depth + 1);
  }
  if (!value.items.empty())
    appendLineBreak(out, indent, depth);
  out += isObject ? '}' : ']';
}

static void appendValue(std::string &out, const JsonValue &value, unsigned indent, unsigned depth) {
  switch (value.kind) {
  case JsonValue::Kind::Literal:
  case JsonValue::Kind::Number:
    out += value.text;
    return;
  case JsonValue::Kind::Integer:
    out += std::to_string(value.integer);
    return;
  case JsonValue::Kind::String:
    appendJsonQuoted(out, value.text);
    return;
  case JsonValue::Kind::Array:
  case JsonValue::Kind::Object:
    appendContainer(out, value, indent, depth);
    return;
  }
}

std::string jsonText(const JsonValue &value, unsigned indent) {
  std::string out;
  appendValue(out, value, indent, 0);
  return out;
}

} // namespace uwt
