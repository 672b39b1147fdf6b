//===- Parts.cpp - The tensors that a quantised weight is made of ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

std::string uwt::shapeText(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string_view uwt::elementText(std::string_view dtype) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"F32", "f32"},        {"F16", "f16"},      {"BF16", "bf16"},        {"F8_E4M3", "f8E4M3FN"},
      {"F8_E5M2", "f8E5M2"}, {"U8", "f8E8M0FNU"}, {"F8_E8M0", "f8E8M0FNU"}};
  for (auto [name, text] : names)
    if (name == dtype)
      return text;
  return dtype;
}

/// Numbers of a tensor's bytes.
template <typename Number> static std::vector<Number> numbersOf(std::span<const uint8_t> bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  if (!numbers.empty())
    std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(Number));
  return numbers;
}

/// What codes stand for, by a function or a table of all codes.
template <typename Code, typename Value>
static std::vector<float> valuesOf(std::span<const uint8_t> bytes, Value value) {
  std::vector<float> floats;
  floats.reserve(bytes.size() / sizeof(Code));
  for (Code code : numbersOf<Code>(bytes))
    floats.push_back(value(code));
  return floats;
}

std::vector<float> uwt::floatsOf(std::string_view element, std::span<const uint8_t> bytes) {
  if (element == "f32")
    return numbersOf<float>(bytes);
  if (element == "bf16")
    return valuesOf<uint16_t>(bytes, fromBF16);
  if (element == "f16")
    return valuesOf<uint16_t>(bytes, [](uint16_t word) { return float16.valueOf(word); });
  if (element == "f8E4M3FN")
    return valuesOf<uint8_t>(bytes, [](uint8_t code) { return float8E4M3.valueOf(code); });
  if (element == "f8E5M2")
    return valuesOf<uint8_t>(bytes, [](uint8_t code) { return float8E5M2.valueOf(code); });
  return valuesOf<uint8_t>(bytes, valueOfE8M0);
}

/// The end of a tensor's name with what is before the suffix: ".qweight", "_blocks"; the whole name
/// if there is none.
static std::string endOf(const Part &part, std::string_view suffix) {
  const std::string &name = part.entry->name;
  if (suffix.empty())
    return "'" + name + "'";
  return name.substr(name.size() - suffix.size() - 1);
}

Parts Parts::renamed(std::string_view from, std::string_view to) const {
  Parts result;
  for (const auto &[name, part] : parts)
    if (name.starts_with(from))
      result.parts.emplace(std::string(to).append(name, from.size()), part);
  return result;
}

Status Parts::expect(std::string_view suffix,
                     std::initializer_list<std::string_view> dtypes) const {
  if (!has(suffix)) {
    const auto &[other, part] = *parts.begin();
    return unsupportedError("there is no tensor " +
                            (other.empty() ? "_" : endOf(part, other).substr(0, 1)) +
                            std::string(suffix));
  }
  if (std::find(dtypes.begin(), dtypes.end(), dtype(suffix)) != dtypes.end())
    return ok();
  std::string wanted;
  for (std::string_view each : dtypes)
    wanted += (wanted.empty() ? "" : " or ") + std::string(each);
  return unsupportedError(endOf(at(suffix), suffix) + " is " + std::string(dtype(suffix)) +
                          ", expected " + wanted);
}

Status Parts::expect(std::string_view suffix, std::initializer_list<std::string_view> dtypes,
                     const Shape &shape) const {
  UWT_RETURN_IF_ERROR(expect(suffix, dtypes));
  if (this->shape(suffix) == shape)
    return ok();
  return unsupportedError(endOf(at(suffix), suffix) + " is " + shapeText(this->shape(suffix)) +
                          ", expected " + shapeText(shape));
}

/// A tensor as numbers of its own size, with no copy of its bytes.
template <typename Number>
static Expected<std::vector<Number>> readNumbers(const Part &part, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, part.container->reader(*part.entry));
  std::vector<Number> numbers(part.entry->bytes / sizeof(Number));
  std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(numbers.data()), part.entry->bytes);
  UWT_RETURN_IF_ERROR(reader.read(bytes, pool));
  return numbers;
}

Expected<std::vector<uint8_t>> Parts::bytes(std::string_view suffix, ThreadPool &pool) const {
  return readNumbers<uint8_t>(at(suffix), pool);
}

Expected<std::vector<uint32_t>> Parts::words(std::string_view suffix, ThreadPool &pool) const {
  return readNumbers<uint32_t>(at(suffix), pool);
}

Expected<Shape> Parts::sizes(std::string_view suffix, ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, this->bytes(suffix, pool));
  if (dtype(suffix) == "I64")
    return numbersOf<uint64_t>(bytes);
  std::vector<uint32_t> words = numbersOf<uint32_t>(bytes);
  return Shape(words.begin(), words.end());
}

Expected<std::vector<float>> Parts::floats(std::string_view suffix, ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, this->bytes(suffix, pool));
  return floatsOf(elementText(dtype(suffix)), bytes);
}
