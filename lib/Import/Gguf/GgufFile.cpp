//===- GgufFile.cpp - The header of a GGUF file ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GgufFile.h"
#include "GgufBlocks.h"
#include <algorithm>
#include <cstring>
#include <set>

using namespace uwt;

namespace {

/// Kinds of metadata values.
enum class ValueKind : uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  Text,
  Array,
  U64,
  I64,
  F64,
};

/// Reads numbers and texts from the front of a file.
class GgufReader {
public:
  explicit GgufReader(std::span<const uint8_t> file) : file(file) {}

  Expected<std::span<const uint8_t>> take(uint64_t count) {
    if (count > file.size() - at)
      return invalidError("the header ends at byte " + std::to_string(file.size()) + " of it");
    std::span<const uint8_t> taken = file.subspan(at, count);
    at += count;
    return taken;
  }
  /// An unsigned number of `bytes` bytes.
  Expected<uint64_t> number(unsigned bytes) {
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> taken, take(bytes));
    uint64_t value = 0;
    std::memcpy(&value, taken.data(), bytes);
    return value;
  }
  Expected<std::string> text() {
    UWT_ASSIGN_OR_RETURN(uint64_t length, number(8));
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> taken, take(length));
    return std::string(taken.begin(), taken.end());
  }
  uint64_t position() const { return at; }
  uint64_t size() const { return file.size(); }

private:
  std::span<const uint8_t> file;
  uint64_t at = 0;
};

} // namespace

/// Bytes of a value of fixed size, or 0.
static unsigned bytesOf(ValueKind kind) {
  switch (kind) {
  case ValueKind::U8:
  case ValueKind::I8:
  case ValueKind::Bool:
    return 1;
  case ValueKind::U16:
  case ValueKind::I16:
    return 2;
  case ValueKind::U32:
  case ValueKind::I32:
  case ValueKind::F32:
    return 4;
  case ValueKind::U64:
  case ValueKind::I64:
  case ValueKind::F64:
    return 8;
  case ValueKind::Text:
  case ValueKind::Array:
    return 0;
  }
  return 0;
}

static Expected<ValueKind> readKind(GgufReader &reader) {
  UWT_ASSIGN_OR_RETURN(uint64_t kind, reader.number(4));
  if (kind > static_cast<uint64_t>(ValueKind::F64))
    return invalidError("a metadata value has the type " + std::to_string(kind));
  return static_cast<ValueKind>(kind);
}

/// Passes over an array: of numbers, or of texts, which may be as many as a vocabulary has.
static Status skipArray(GgufReader &reader) {
  UWT_ASSIGN_OR_RETURN(ValueKind kind, readKind(reader));
  UWT_ASSIGN_OR_RETURN(uint64_t count, reader.number(8));
  if (kind == ValueKind::Array)
    return unsupportedError("the metadata has arrays of arrays");
  if (unsigned bytes = bytesOf(kind)) {
    if (count > reader.size() / bytes)
      return invalidError("a metadata array is longer than the file");
    return reader.take(count * bytes) ? ok() : invalidError("a metadata array has no end");
  }
  for (uint64_t i = 0; i < count; ++i)
    if (Expected<std::string> text = reader.text(); !text)
      return text.takeError();
  return ok();
}

static Status readValue(GgufReader &reader, GgufHeader &header) {
  UWT_ASSIGN_OR_RETURN(std::string key, reader.text());
  UWT_ASSIGN_OR_RETURN(ValueKind kind, readKind(reader));
  if (kind == ValueKind::Array) {
    header.arrays.insert(std::move(key));
    return skipArray(reader);
  }
  if (kind == ValueKind::Text) {
    UWT_ASSIGN_OR_RETURN(header.texts[key], reader.text());
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(uint64_t number, reader.number(bytesOf(kind)));
  if (kind != ValueKind::F32 && kind != ValueKind::F64)
    header.integers[key] = number;
  return ok();
}

/// Bytes of a tensor of a known type. Errors: Invalid.
static Expected<uint64_t> bytesOf(const GgufTensor &tensor) {
  uint64_t rows = 1, columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  for (uint64_t size : tensor.shape)
    if (__builtin_mul_overflow(rows, size, &rows))
      return invalidError("tensor '" + tensor.name + "' is too large");
  if (columns % tensor.type->elements != 0)
    return invalidError("rows of tensor '" + tensor.name + "' have " + std::to_string(columns) +
                        " elements, which blocks of " + std::to_string(tensor.type->elements) +
                        " do not divide");
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(rows / tensor.type->elements, tensor.type->bytes, &bytes))
    return invalidError("tensor '" + tensor.name + "' is too large");
  return bytes;
}

static Expected<GgufTensor> readTensor(GgufReader &reader) {
  constexpr uint64_t maxDimensions = 4;
  GgufTensor tensor;
  UWT_ASSIGN_OR_RETURN(tensor.name, reader.text());
  UWT_ASSIGN_OR_RETURN(uint64_t dimensions, reader.number(4));
  if (dimensions > maxDimensions)
    return invalidError("tensor '" + tensor.name + "' has " + std::to_string(dimensions) +
                        " dimensions");
  for (uint64_t i = 0; i < dimensions; ++i) {
    UWT_ASSIGN_OR_RETURN(uint64_t size, reader.number(8));
    tensor.shape.insert(tensor.shape.begin(), size); // gguf-2
  }
  UWT_ASSIGN_OR_RETURN(uint64_t type, reader.number(4));
  UWT_ASSIGN_OR_RETURN(tensor.begin, reader.number(8));
  tensor.typeNumber = static_cast<uint32_t>(type);
  tensor.type = blockTypeOf(tensor.typeNumber);
  if (tensor.type) {
    UWT_ASSIGN_OR_RETURN(tensor.bytes, bytesOf(tensor));
  }
  return tensor;
}

/// Makes offsets of the data part offsets of the file.
static Status placeTensors(GgufHeader &header, const GgufReader &reader) {
  constexpr uint64_t defaultAlignment = 32;
  auto found = header.integers.find("general.alignment");
  uint64_t alignment = found == header.integers.end() ? defaultAlignment : found->second;
  if (alignment == 0 || alignment > reader.size())
    return invalidError("general.alignment is " + std::to_string(alignment));
  uint64_t data = (reader.position() + alignment - 1) / alignment * alignment;
  std::set<std::string_view> names;
  for (GgufTensor &tensor : header.tensors) {
    if (!names.insert(tensor.name).second)
      return invalidError("tensor '" + tensor.name + "' is there twice");
    if (data > reader.size() || tensor.begin > reader.size() - data ||
        tensor.bytes > reader.size() - data - tensor.begin)
      return invalidError("tensor '" + tensor.name + "' ends behind the file's end");
    tensor.begin += data;
  }
  return ok();
}

Expected<GgufHeader> GgufHeader::parse(std::span<const uint8_t> file) {
  GgufReader reader(file);
  UWT_ASSIGN_OR_RETURN(uint64_t magic, reader.number(4));
  UWT_ASSIGN_OR_RETURN(uint64_t version, reader.number(4));
  constexpr uint64_t ggufMagic = 0x46554747; // "GGUF"
  if (magic != ggufMagic)
    return invalidError("is not a GGUF file");
  if (version != 2 && version != 3)
    return unsupportedError("GGUF version " + std::to_string(version) + " is not 2 or 3");
  UWT_ASSIGN_OR_RETURN(uint64_t tensors, reader.number(8));
  UWT_ASSIGN_OR_RETURN(uint64_t values, reader.number(8));
  GgufHeader header;
  for (uint64_t i = 0; i < values; ++i)
    UWT_RETURN_IF_ERROR(readValue(reader, header));
  for (uint64_t i = 0; i < tensors; ++i) {
    UWT_ASSIGN_OR_RETURN(GgufTensor tensor, readTensor(reader));
    header.tensors.push_back(std::move(tensor));
  }
  UWT_RETURN_IF_ERROR(placeTensors(header, reader));
  return header;
}
