//===- SafetensorsHeader.cpp - The header's contract ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules st-3 to st-9 of docs/container.md. The text is parsed straight into the
// header, without a tree of values between, so that memory stays near the text's
// size.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Safetensors.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Json.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <numeric>
#include <tuple>

namespace uwt {

/// Dimensions of a tensor at most (st-7).
static constexpr size_t rankLimit = 64;

std::span<const SafetensorsDtype> safetensorsDtypes() {
  static constexpr SafetensorsDtype table[] = {
      {"BOOL", 8},        {"U8", 8},          {"I8", 8},   {"F8_E4M3", 8}, {"F8_E5M2", 8},
      {"F8_E8M0", 8},     {"F8_E4M3FNUZ", 8}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6},
      {"F8_E5M2FNUZ", 8}, {"I16", 16},        {"U16", 16}, {"F16", 16},    {"BF16", 16},
      {"I32", 32},        {"U32", 32},        {"F32", 32}, {"I64", 64},    {"U64", 64},
      {"F64", 64},        {"C64", 64}};
  return table;
}

const SafetensorsDtype *findSafetensorsDtype(std::string_view name) {
  for (const SafetensorsDtype &dtype : safetensorsDtypes())
    if (dtype.name == name)
      return &dtype;
  return nullptr;
}

static std::string shapeText(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

Expected<uint64_t> safetensorsBytes(const SafetensorsDtype &dtype,
                                    std::span<const uint64_t> shape) {
  std::optional<uint64_t> bits = 1;
  for (uint64_t dimension : shape)
    bits = bits ? checkedMultiply(*bits, dimension) : std::nullopt;
  bits = bits ? checkedMultiply(*bits, dtype.bits) : std::nullopt;
  if (!bits)
    return invalidError("shape " + shapeText(shape) + " of " + std::string(dtype.name) +
                        " has more than 2^64 bits");
  if (*bits % 8 != 0)
    return invalidError("shape " + shapeText(shape) + " of " + std::string(dtype.name) +
                        " is not a whole number of bytes");
  return *bits / 8;
}

namespace {

/// Turns the events of a header's text into tensors and metadata.
class HeaderHandler final : public JsonHandler {
public:
  explicit HeaderHandler(SafetensorsHeader &header) : header(header) {}

  Status literal(std::string_view text) override {
    // Writers without metadata leave it out, have {}, or have null.
    if (state != State::Metadata || text != "null")
      return other(text);
    header.hasMetadata = false;
    state = State::Names;
    return ok();
  }
  Status number(std::string_view text) override { return other(text); }
  Status string(std::string &text) override {
    switch (state) {
    case State::MetadataEntry:
      header.metadata.back().second = std::move(text);
      return leaf();
    case State::Dtype:
      return setDtype(text);
    default:
      return other("a string");
    }
  }
  Status integer(uint64_t value) override {
    if (state != State::ShapeItems && state != State::OffsetItems)
      return other("a number");
    if (state == State::OffsetItems) {
      if (offsetCount < 2)
        (offsetCount == 0 ? tensor().begin : tensor().end) = value;
      ++offsetCount;
      return ok();
    }
    if (tensor().shape.size() == rankLimit)
      return here("more than " + std::to_string(rankLimit) + " dimensions");
    tensor().shape.push_back(value);
    return ok();
  }
  Status beginObject() override {
    switch (state) {
    case State::Top:
      state = State::Names;
      return ok();
    case State::Metadata:
      state = State::MetadataKeys;
      return ok();
    case State::Tensor:
      state = State::TensorKeys;
      return ok();
    default:
      return enter("an object");
    }
  }
  Status beginArray() override {
    switch (state) {
    case State::Shape:
      state = State::ShapeItems;
      return ok();
    case State::Offsets:
      state = State::OffsetItems;
      return ok();
    default:
      return enter("an array");
    }
  }
  Status key(std::string &name) override;
  Status endObject() override;
  Status endArray() override;

private:
  /// What comes next.
  enum class State : uint8_t {
    Top,
    Names,
    Metadata,
    MetadataKeys,
    MetadataEntry,
    Tensor,
    TensorKeys,
    Dtype,
    Shape,
    ShapeItems,
    Offsets,
    OffsetItems,
    Unknown,
  };

  SafetensorsTensor &tensor() { return header.tensors.back(); }
  Status here(const std::string &message) {
    return invalidError("tensor " + inQuotes(tensor().name) + ": " + message);
  }
  /// Checks a name: C programs cut it at a NUL, and then it stands for another.
  static Status checkNul(std::string_view what, std::string_view text) {
    if (text.find('\0') == std::string_view::npos)
      return ok();
    return invalidError(std::string(what) + " " + inQuotes(text) +
                        " holds a NUL character, at which other programs cut it");
  }
  /// A value ended that stands beside a key.
  Status leaf() {
    state = state == State::MetadataEntry ? State::MetadataKeys : State::TensorKeys;
    return ok();
  }
  /// A value of a kind that does not belong here, or of an unknown key.
  Status other(std::string_view what);
  Status enter(std::string_view what) {
    if (state != State::Unknown)
      return other(what);
    ++unknownDepth;
    return ok();
  }
  Status setDtype(const std::string &name) {
    tensor().dtype = findSafetensorsDtype(name);
    if (!tensor().dtype)
      return here("unknown dtype " + inQuotes(name));
    return leaf();
  }

  SafetensorsHeader &header;
  State state = State::Top;
  unsigned unknownDepth = 0;
  unsigned offsetCount = 0;
  bool sawShape = false;
};

} // namespace

Status HeaderHandler::other(std::string_view what) {
  std::string found(what);
  switch (state) {
  case State::Unknown:
    if (unknownDepth == 0)
      state = State::TensorKeys;
    return ok();
  case State::Metadata:
    return invalidError("__metadata__ is " + found + ", expected an object of strings");
  case State::MetadataEntry:
    return invalidError("__metadata__ entry " + inQuotes(header.metadata.back().first) + " is " +
                        found + ", expected a string");
  case State::Tensor:
    return here("is " + found + ", expected an object with dtype, shape and data_offsets");
  case State::Dtype:
    return here("dtype is " + found + ", expected a string");
  case State::Shape:
    return here("shape is " + found + ", expected an array");
  case State::ShapeItems:
    return here("shape holds " + found + ", expected integers from 0 to 2^64-1");
  case State::Offsets:
    return here("data_offsets is " + found + ", expected an array");
  case State::OffsetItems:
    return here("data_offsets holds " + found + ", expected integers from 0 to 2^64-1");
  default:
    return invalidError("the header is " + found + ", expected an object");
  }
}

Status HeaderHandler::key(std::string &name) {
  switch (state) {
  case State::Names:
    if (name == "__metadata__") {
      header.hasMetadata = true;
      state = State::Metadata;
      return ok();
    }
    UWT_RETURN_IF_ERROR(checkNul("tensor name", name));
    header.tensors.emplace_back().name = std::move(name);
    offsetCount = 0;
    sawShape = false;
    state = State::Tensor;
    return ok();
  case State::MetadataKeys:
    UWT_RETURN_IF_ERROR(checkNul("__metadata__ key", name));
    header.metadata.emplace_back(std::move(name), std::string());
    state = State::MetadataEntry;
    return ok();
  case State::TensorKeys:
    state = name == "dtype"          ? State::Dtype
            : name == "shape"        ? State::Shape
            : name == "data_offsets" ? State::Offsets
                                     : State::Unknown;
    return ok();
  default: // Inside a value of an unknown key.
    return ok();
  }
}

Status HeaderHandler::endObject() {
  switch (state) {
  case State::Unknown:
    if (--unknownDepth == 0)
      state = State::TensorKeys;
    return ok();
  case State::MetadataKeys:
    state = State::Names;
    return ok();
  case State::TensorKeys:
    state = State::Names;
    if (!tensor().dtype)
      return here("has no dtype");
    if (!sawShape)
      return here("has no shape");
    if (offsetCount == 0)
      return here("has no data_offsets");
    return ok();
  default:
    return ok();
  }
}

Status HeaderHandler::endArray() {
  switch (state) {
  case State::Unknown:
    if (--unknownDepth == 0)
      state = State::TensorKeys;
    return ok();
  case State::ShapeItems:
    sawShape = true;
    return leaf();
  case State::OffsetItems:
    if (offsetCount != 2)
      return here("data_offsets has " + std::to_string(offsetCount) + " numbers, expected 2");
    return leaf();
  default:
    return ok();
  }
}

//===----------------------------------------------------------------------===//
// SafetensorsHeader
//===----------------------------------------------------------------------===//

const SafetensorsTensor *SafetensorsHeader::find(std::string_view name) const {
  auto at = std::lower_bound(byName.begin(), byName.end(), name,
                             [&](size_t i, std::string_view n) { return tensors[i].name < n; });
  return at != byName.end() && tensors[*at].name == name ? &tensors[*at] : nullptr;
}

const std::string *SafetensorsHeader::findMetadata(std::string_view key) const {
  auto at = std::lower_bound(byKey.begin(), byKey.end(), key,
                             [&](size_t i, std::string_view n) { return metadata[i].first < n; });
  return at != byKey.end() && metadata[*at].first == key ? &metadata[*at].second : nullptr;
}

std::vector<size_t> SafetensorsHeader::dataOrder() const {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tuple(tensors[a].begin, tensors[a].end, a) <
           std::tuple(tensors[b].begin, tensors[b].end, b);
  });
  return order;
}

/// st-7 and st-8.
static Status checkTensor(const SafetensorsTensor &tensor, uint64_t dataBytes) {
  std::string offsets =
      "data_offsets [" + std::to_string(tensor.begin) + "," + std::to_string(tensor.end) + "]";
  auto here = [&](const std::string &message) {
    return invalidError("tensor " + inQuotes(tensor.name) + ": " + message);
  };
  if (tensor.begin > tensor.end)
    return here(offsets + " end before they begin");
  if (tensor.end > dataBytes)
    return here(offsets + " point outside the " + std::to_string(dataBytes) +
                " bytes of data; the file may be truncated");
  auto bytes = safetensorsBytes(*tensor.dtype, tensor.shape);
  if (!bytes)
    return here(bytes.error().message());
  if (*bytes != tensor.bytes())
    return here(offsets + " hold " + std::to_string(tensor.bytes()) + " bytes, expected " +
                std::to_string(*bytes) + " for " + std::string(tensor.dtype->name) + " of shape " +
                shapeText(tensor.shape));
  return ok();
}

/// st-9.
static Status checkCover(const SafetensorsHeader &header, uint64_t dataBytes) {
  uint64_t end = 0;
  const SafetensorsTensor *last = nullptr;
  for (size_t i : header.dataOrder()) {
    const SafetensorsTensor &tensor = header.tensors[i];
    if (tensor.begin != end) {
      std::string where = last ? "the end of " + inQuotes(last->name) : "the start of the data";
      return invalidError("tensor " + inQuotes(tensor.name) + ": begins at data offset " +
                          std::to_string(tensor.begin) + ", expected " + std::to_string(end) +
                          ", " + where + ": tensors may not overlap or leave holes");
    }
    end = tensor.end;
    last = &tensor;
  }
  if (end != dataBytes)
    return invalidError("tensors end at data offset " + std::to_string(end) +
                        ", but the file has " + std::to_string(dataBytes) + " bytes of data");
  return ok();
}

Expected<SafetensorsHeader> SafetensorsHeader::parse(std::string_view text,
                                                     std::optional<uint64_t> dataBytes) {
  if (!text.starts_with('{'))
    return invalidError("the header does not begin with '{'; this is not a safetensors file");
  SafetensorsHeader header;
  HeaderHandler handler(header);
  UWT_RETURN_IF_ERROR(parseJson(text, handler, 8));
  uint64_t end = 0;
  for (const SafetensorsTensor &tensor : header.tensors)
    end = std::max(end, tensor.end);
  for (const SafetensorsTensor &tensor : header.tensors)
    UWT_RETURN_IF_ERROR(checkTensor(tensor, dataBytes.value_or(end)));
  UWT_RETURN_IF_ERROR(checkCover(header, dataBytes.value_or(end)));

  header.byName.resize(header.tensors.size());
  std::iota(header.byName.begin(), header.byName.end(), size_t(0));
  std::sort(header.byName.begin(), header.byName.end(),
            [&](size_t a, size_t b) { return header.tensors[a].name < header.tensors[b].name; });
  header.byKey.resize(header.metadata.size());
  std::iota(header.byKey.begin(), header.byKey.end(), size_t(0));
  std::sort(header.byKey.begin(), header.byKey.end(), [&](size_t a, size_t b) {
    return header.metadata[a].first < header.metadata[b].first;
  });
  return header;
}

} // namespace uwt
