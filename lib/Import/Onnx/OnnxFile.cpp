//===- OnnxFile.cpp - Initializers and nodes of an ONNX file --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of fields and types are those of onnx.proto (onnx 1.23).
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "../Parts.h"
#include "WireReader.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>
#include <bit>
#include <charconv>
#include <filesystem>

using namespace uwt;

static constexpr uint64_t typeOfF32 = 1;

static constexpr QuantizedElement integerElement(uint32_t bits, bool isSigned) {
  return {bits, isSigned, std::nullopt};
}

static constexpr OnnxType onnxTypes[] = {
    {typeOfF32, "f32", 32},
    {10, "f16", 16},
    {16, "bf16", 16},
    {2, "uint<8>", 8, integerElement(8, false)},
    {3, "int<8>", 8, integerElement(8, true)},
    {17, "f8E4M3FN", 8, QuantizedElement{8, true, float8E4M3}},
    {19, "f8E5M2", 8, QuantizedElement{8, true, float8E5M2}},
    {21, "uint<4>", 4, integerElement(4, false)},
    {22, "int<4>", 4, integerElement(4, true)},
    {25, "uint<2>", 2, integerElement(2, false)},
    {26, "int<2>", 2, integerElement(2, true)},
};

const OnnxType *OnnxType::find(uint64_t number) {
  for (const OnnxType &type : onnxTypes)
    if (type.number == number)
      return &type;
  return nullptr;
}

std::optional<uint64_t> OnnxTensor::elements() const {
  std::optional<uint64_t> count = 1;
  for (uint64_t size : shape)
    if (count)
      count = checkedMultiply(*count, size);
  return count;
}

std::vector<float> OnnxTensor::floats() const { return floatsOf(type->name, bytes); }

bool OnnxNode::is(std::string_view wanted) const {
  return operation == wanted && (domain.empty() || domain == "ai.onnx");
}

bool OnnxNode::isOfOnnxruntime(std::string_view wanted) const {
  return operation == wanted && domain == "com.microsoft";
}

std::string_view OnnxNode::input(size_t index) const {
  return index < inputs.size() ? std::string_view(inputs[index]) : std::string_view();
}

std::string_view OnnxNode::output() const {
  return outputs.size() == 1 ? std::string_view(outputs[0]) : std::string_view();
}

std::string OnnxNode::unreadAttribute(const KnownAttributes &known) const {
  auto isIn = [](const std::vector<std::string_view> &names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  auto refusal = [&](const std::string &name) {
    bool isRead = isIn(known.integers, name) || isIn(known.floats, name) || isIn(known.lists, name);
    return "attribute " + name + " of " + operation + " is not read" +
           (isRead ? " as it stands, of another type or twice" : "");
  };
  auto findUnknown = [&](const auto &attributes, const std::vector<std::string_view> &read) {
    for (const auto &[name, value] : attributes)
      if (!isIn(read, name) && !isIn(known.ignored, name))
        return refusal(name);
    return std::string();
  };
  for (const std::string &name : others)
    if (!isIn(known.ignored, name))
      return refusal(name);
  std::string unknown = findUnknown(integers, known.integers);
  if (unknown.empty())
    unknown = findUnknown(floats, known.floats);
  return unknown.empty() ? findUnknown(lists, known.lists) : unknown;
}

namespace {

/// The value of an attribute, by its type.
struct AttributeFields {
  std::string name;
  uint64_t type = 0;
  std::optional<uint64_t> integer;
  std::optional<float> number;
  std::vector<uint64_t> integers;
  std::vector<uint8_t> numbers;
  std::optional<std::span<const uint8_t>> tensor, sparse;
  /// True if a function's caller gives the value.
  bool isReference = false;
};

/// The bytes of a tensor that are in a file of their own.
struct ExternalBytes {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

/// What the file has of a tensor, before it is known where its bytes are.
struct TensorFields {
  OnnxTensor tensor;
  std::optional<std::span<const uint8_t>> raw, floats, int32s;
  ExternalBytes external;
  bool isExternal = false;
  /// Whether it has several such fields, or numbers in one that is not read.
  bool hasOthers = false;

  void set(std::optional<std::span<const uint8_t>> &field, std::span<const uint8_t> bytes) {
    hasOthers = hasOthers || field;
    field = bytes;
  }
};

} // namespace

namespace uwt {

class OnnxParser {
public:
  OnnxParser(OnnxModel &model, std::filesystem::path folder)
      : model(model), file(model.file.bytes()), folder(std::move(folder)) {}

  Status parse();

private:
  using Message = std::span<const uint8_t>;

  Status graph(Message message, unsigned depth);
  Status node(Message message, unsigned depth);
  Expected<AttributeFields> attribute(Message message, unsigned depth);
  /// Adds what a Constant holds by the name of its output.
  Status constant(const OnnxNode &node, const AttributeFields &value);
  /// Adds a tensor by the name that it has, or by another one.
  Status initializer(Message message, std::string_view name = "");
  Status sparse(Message message, std::string_view name = "");
  Status tensorField(const WireField &field, TensorFields &fields);
  Status externalEntry(Message message, ExternalBytes &external);
  /// Where the tensor's bytes are, by the first field that has any.
  Expected<Message> bytesOf(const TensorFields &fields);
  Expected<Message> externalBytes(const ExternalBytes &external, uint64_t expected);
  Expected<Message> unpack(const OnnxType &type, Message packed);
  Expected<const MappedFile *> dataFile(const std::string &location);

  OnnxModel &model;
  Message file;
  std::filesystem::path folder;
};

} // namespace uwt

Status OnnxParser::parse() {
  bool hasGraph = false;
  UWT_RETURN_IF_ERROR(forEachField(file, file, [&](const WireField &field) -> Status {
    constexpr uint64_t graphField = 7;
    if (field.number != graphField)
      return ok();
    hasGraph = true;
    UWT_ASSIGN_OR_RETURN(Message message, field.asBytes());
    return graph(message, 0);
  }));
  if (!hasGraph)
    return invalidError("has no graph, so it is no ONNX model");
  std::set<std::string_view> twice;
  for (const OnnxTensor &tensor : model.tensors)
    if (!model.byName.emplace(tensor.name, &tensor).second)
      twice.insert(tensor.name);
  for (OnnxTensor &tensor : model.tensors)
    if (twice.contains(tensor.name))
      tensor.refusal = "the file has several initializers '" + tensor.name + "'";
  return ok();
}

Status OnnxParser::graph(Message message, unsigned depth) {
  constexpr unsigned maxDepth = 16;
  if (depth == maxDepth)
    return invalidError("graphs are more than " + std::to_string(maxDepth) +
                        " deep inside of one another");
  return forEachField(file, message, [&](const WireField &field) -> Status {
    enum : uint64_t { Node = 1, Initializer = 5, SparseInitializer = 15 };
    if (field.number != Node && field.number != Initializer && field.number != SparseInitializer)
      return ok();
    UWT_ASSIGN_OR_RETURN(Message inner, field.asBytes());
    return field.number == Node          ? node(inner, depth)
           : field.number == Initializer ? initializer(inner)
                                         : sparse(inner);
  });
}

/// Adds an attribute to its node, by its type.
static void addAttribute(AttributeFields fields, OnnxNode &node) {
  enum : uint64_t { Float = 1, Integer = 2, Integers = 7 };
  const std::string &name = fields.name;
  bool isTwice = node.integers.contains(name) || node.lists.contains(name) ||
                 node.floats.contains(name) || node.others.contains(name);
  bool isInteger = fields.integer || fields.type == Integer,
       isNumber = fields.number || fields.type == Float,
       isList = !fields.integers.empty() || fields.type == Integers;
  if (isTwice || fields.isReference || (!isInteger && !isNumber && !isList))
    node.others.insert(name);
  else if (isInteger)
    node.integers.emplace(name, static_cast<int64_t>(fields.integer.value_or(0)));
  else if (isNumber)
    node.floats.emplace(name, fields.number.value_or(0));
  else
    node.lists.emplace(name, std::move(fields.integers));
}

Status OnnxParser::node(Message message, unsigned depth) {
  OnnxNode node;
  std::vector<AttributeFields> attributes;
  UWT_RETURN_IF_ERROR(forEachField(file, message, [&](const WireField &field) -> Status {
    enum : uint64_t { Input = 1, Output, Name, Operation, Attribute, Domain = 7 };
    if (field.number == Attribute) {
      UWT_ASSIGN_OR_RETURN(Message inner, field.asBytes());
      UWT_ASSIGN_OR_RETURN(attributes.emplace_back(), attribute(inner, depth));
      return ok();
    }
    std::string *text = field.number == Input       ? &node.inputs.emplace_back()
                        : field.number == Output    ? &node.outputs.emplace_back()
                        : field.number == Name      ? &node.name
                        : field.number == Operation ? &node.operation
                        : field.number == Domain    ? &node.domain
                                                    : nullptr;
    if (text) {
      UWT_ASSIGN_OR_RETURN(*text, field.asText());
    }
    return ok();
  }));
  for (AttributeFields &each : attributes) {
    if (node.is("Constant"))
      UWT_RETURN_IF_ERROR(constant(node, each));
    addAttribute(std::move(each), node);
  }
  model.operations.push_back(std::move(node));
  return ok();
}

Expected<AttributeFields> OnnxParser::attribute(Message message, unsigned depth) {
  AttributeFields result;
  UWT_RETURN_IF_ERROR(forEachField(file, message, [&](const WireField &field) -> Status {
    enum : uint64_t {
      Name = 1,
      Float = 2,
      Integer = 3,
      Tensor = 5,
      Graph = 6,
      Floats = 7,
      Integers = 8,
      Graphs = 11,
      Type = 20,
      Reference = 21,
      Sparse = 22,
    };
    switch (field.number) {
    case Name: {
      UWT_ASSIGN_OR_RETURN(result.name, field.asText());
      return ok();
    }
    case Float: {
      UWT_ASSIGN_OR_RETURN(uint64_t word, field.asInteger());
      result.number = std::bit_cast<float>(static_cast<uint32_t>(word));
      return ok();
    }
    case Integer: {
      UWT_ASSIGN_OR_RETURN(result.integer, field.asInteger());
      return ok();
    }
    case Floats: {
      std::vector<uint8_t> &bytes = result.numbers;
      for (unsigned i = 0; !field.hasBytes && i < sizeof(float); ++i)
        bytes.push_back(static_cast<uint8_t>(field.integer >> (8 * i)));
      bytes.insert(bytes.end(), field.bytes.begin(), field.bytes.end());
      return ok();
    }
    case Integers:
      return addIntegers(field, result.integers);
    case Type: {
      UWT_ASSIGN_OR_RETURN(result.type, field.asInteger());
      return ok();
    }
    case Tensor: {
      UWT_ASSIGN_OR_RETURN(result.tensor, field.asBytes());
      return ok();
    }
    case Sparse: {
      UWT_ASSIGN_OR_RETURN(result.sparse, field.asBytes());
      return ok();
    }
    case Reference:
      result.isReference = true;
      return ok();
    case Graph:
    case Graphs: {
      UWT_ASSIGN_OR_RETURN(Message inner, field.asBytes());
      return graph(inner, depth + 1);
    }
    default:
      return ok();
    }
  }));
  return result;
}

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

Status OnnxParser::tensorField(const WireField &field, TensorFields &fields) {
  enum : uint64_t {
    Dimension = 1,
    Type = 2,
    Segment = 3,
    Floats = 4,
    Int32s = 5,
    Name = 8,
    Raw = 9,
    External = 13,
    Location = 14,
  };
  switch (field.number) {
  case Dimension:
    return addIntegers(field, fields.tensor.shape);
  case Type: {
    UWT_ASSIGN_OR_RETURN(fields.tensor.typeNumber, field.asInteger());
    return ok();
  }
  case Name: {
    UWT_ASSIGN_OR_RETURN(fields.tensor.name, field.asText());
    return ok();
  }
  case Location: {
    UWT_ASSIGN_OR_RETURN(uint64_t location, field.asInteger());
    fields.isExternal = location == 1;
    return ok();
  }
  case External: {
    UWT_ASSIGN_OR_RETURN(Message inner, field.asBytes());
    return externalEntry(inner, fields.external);
  }
  case Raw:
    fields.set(fields.raw, field.bytes);
    break;
  case Floats:
    fields.set(fields.floats, field.bytes);
    break;
  case Int32s:
    fields.set(fields.int32s, field.bytes);
    break;
  case Segment:
    break;
  default:
    return ok();
  }
  // Numbers that are not packed, and tensors that are a part of another one: nobody writes them.
  fields.hasOthers = fields.hasOthers || !field.hasBytes || field.number == Segment;
  return ok();
}

/// A number in digits, as long as there is nothing else.
static std::optional<uint64_t> wholeNumber(std::string_view text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

Status OnnxParser::externalEntry(Message message, ExternalBytes &external) {
  std::string key, value;
  UWT_RETURN_IF_ERROR(forEachField(file, message, [&](const WireField &field) -> Status {
    if (field.number == 1) {
      UWT_ASSIGN_OR_RETURN(key, field.asText());
    } else if (field.number == 2) {
      UWT_ASSIGN_OR_RETURN(value, field.asText());
    }
    return ok();
  }));
  if (key == "location")
    external.location = value;
  if (key != "offset" && key != "length")
    return ok();
  std::optional<uint64_t> number = wholeNumber(value);
  if (!number)
    return invalidError("the " + key + " of external data is no number");
  if (key == "offset")
    external.offset = *number;
  else
    external.length = number;
  return ok();
}

/// onnx-9.
Status OnnxParser::constant(const OnnxNode &node, const AttributeFields &value) {
  std::string_view name = node.output();
  if (name.empty())
    return ok();
  if (value.name == "value" && value.tensor)
    return initializer(*value.tensor, name);
  if (value.name == "sparse_value" && value.sparse)
    return sparse(*value.sparse, name);
  OnnxTensor tensor;
  tensor.name = name;
  std::vector<uint8_t> bytes;
  if (value.name == "value_float" && value.number) {
    uint32_t word = std::bit_cast<uint32_t>(*value.number);
    for (unsigned i = 0; i < sizeof(word); ++i)
      bytes.push_back(static_cast<uint8_t>(word >> (8 * i)));
  } else if (value.name == "value_floats") {
    bytes = value.numbers;
    tensor.shape = {bytes.size() / sizeof(float)};
  } else {
    return ok(); // Integers and texts are no weights.
  }
  if (bytes.size() % sizeof(float) != 0)
    return invalidError("value_floats of '" + tensor.name + "' ends in the middle of a number");
  tensor.typeNumber = typeOfF32;
  tensor.type = OnnxType::find(typeOfF32);
  tensor.bytes = model.unpacked.emplace_back(std::move(bytes));
  model.tensors.push_back(std::move(tensor));
  return ok();
}

/// onnx-9: a tensor of a few numbers and their places, which is refused.
Status OnnxParser::sparse(Message message, std::string_view name) {
  OnnxTensor tensor;
  std::vector<uint64_t> shape;
  UWT_RETURN_IF_ERROR(forEachField(file, message, [&](const WireField &field) -> Status {
    enum : uint64_t { Values = 1, Dimensions = 3 };
    if (field.number == Dimensions)
      return addIntegers(field, shape);
    if (field.number != Values)
      return ok();
    UWT_ASSIGN_OR_RETURN(Message inner, field.asBytes());
    TensorFields fields;
    UWT_RETURN_IF_ERROR(forEachField(
        file, inner, [&](const WireField &each) { return tensorField(each, fields); }));
    tensor = std::move(fields.tensor);
    return ok();
  }));
  if (!name.empty())
    tensor.name = name;
  tensor.shape = std::move(shape);
  tensor.type = OnnxType::find(tensor.typeNumber);
  tensor.refusal = "'" + tensor.name + "' is sparse, which is not read";
  if (!tensor.name.empty())
    model.tensors.push_back(std::move(tensor));
  return ok();
}

Status OnnxParser::initializer(Message message, std::string_view name) {
  TensorFields fields;
  UWT_RETURN_IF_ERROR(forEachField(
      file, message, [&](const WireField &field) { return tensorField(field, fields); }));
  OnnxTensor &tensor = fields.tensor;
  if (!name.empty())
    tensor.name = name;
  if (tensor.name.empty())
    return invalidError("an initializer has no name");
  tensor.type = OnnxType::find(tensor.typeNumber);
  if (tensor.type) {
    Expected<Message> bytes = bytesOf(fields);
    if (!bytes && bytes.error().getKind() != ErrorKind::Unsupported)
      return bytes.takeError().in("initializer '" + tensor.name + "'");
    if (bytes)
      tensor.bytes = *bytes;
    else
      tensor.refusal = bytes.error().message();
  }
  model.tensors.push_back(std::move(tensor));
  return ok();
}

Expected<std::span<const uint8_t>> OnnxParser::bytesOf(const TensorFields &fields) {
  const OnnxTensor &tensor = fields.tensor;
  std::optional<uint64_t> elements = tensor.elements(),
                          bits =
                              elements ? checkedMultiply(*elements, tensor.type->bits) : elements;
  if (!bits)
    return unsupportedError("'" + tensor.name + "' is too large");
  uint64_t expected = *bits / 8 + (*bits % 8 != 0);
  if (fields.hasOthers)
    return unsupportedError("'" + tensor.name + "' has its numbers in a way that is not read");
  Message bytes;
  if (fields.isExternal) {
    UWT_ASSIGN_OR_RETURN(bytes, externalBytes(fields.external, expected));
  } else if (fields.raw) {
    bytes = *fields.raw;
  } else if (tensor.typeNumber == typeOfF32 && fields.floats) {
    bytes = *fields.floats;
  } else if (tensor.typeNumber != typeOfF32 && fields.int32s) {
    UWT_ASSIGN_OR_RETURN(bytes, unpack(*tensor.type, *fields.int32s));
  }
  if (bytes.size() != expected)
    return unsupportedError("'" + tensor.name + "' has " + std::to_string(bytes.size()) +
                            " bytes, expected " + std::to_string(expected) + " of " +
                            shapeText(tensor.shape));
  return bytes;
}

/// onnx-2: each number has an element of 16 bits, or a byte of smaller ones.
Expected<std::span<const uint8_t>> OnnxParser::unpack(const OnnxType &type, Message packed) {
  std::vector<uint8_t> bytes;
  UWT_RETURN_IF_ERROR(forEachInteger(packed, [&](uint64_t number) {
    bytes.push_back(static_cast<uint8_t>(number));
    if (type.bits == 16)
      bytes.push_back(static_cast<uint8_t>(number >> 8));
  }));
  return Message(model.unpacked.emplace_back(std::move(bytes)));
}

Expected<std::span<const uint8_t>> OnnxParser::externalBytes(const ExternalBytes &external,
                                                             uint64_t expected) {
  UWT_ASSIGN_OR_RETURN(const MappedFile *data, dataFile(external.location));
  uint64_t length = external.length.value_or(expected), size = data->bytes().size();
  if (external.offset > size || length > size - external.offset)
    return invalidError("its " + std::to_string(length) + " bytes from byte " +
                        std::to_string(external.offset) + " end behind the end of '" +
                        external.location + "'");
  return data->bytes().subspan(external.offset, length);
}

/// onnx-1: files beside the model's, or in folders there.
Expected<const MappedFile *> OnnxParser::dataFile(const std::string &location) {
  auto found = model.data.find(location);
  if (found != model.data.end())
    return &found->second;
  std::filesystem::path path = location;
  bool isInside = !location.empty() && location.find('\0') == std::string::npos &&
                  path.is_relative() &&
                  std::ranges::find(path, std::filesystem::path("..")) == path.end();
  if (!isInside)
    return invalidError("external data '" + location + "' is not in the model's folder");
  UWT_ASSIGN_OR_RETURN(MappedFile opened, MappedFile::open((folder / path).string()));
  return &model.data.emplace(location, std::move(opened)).first->second;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

Expected<std::shared_ptr<const OnnxModel>> OnnxModel::open(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  std::shared_ptr<OnnxModel> model(new OnnxModel(std::move(file)));
  Status parsed = OnnxParser(*model, std::filesystem::path(path).parent_path()).parse();
  UWT_RETURN_IF_ERROR(model->checkRead());
  if (!parsed)
    return parsed.takeError().in(path);
  return std::shared_ptr<const OnnxModel>(std::move(model));
}

const OnnxTensor *OnnxModel::find(std::string_view name) const {
  auto found = byName.find(name);
  return name.empty() || found == byName.end() ? nullptr : found->second;
}

Status OnnxModel::checkRead() const {
  UWT_RETURN_IF_ERROR(file.checkRead());
  for (const auto &[name, each] : data)
    UWT_RETURN_IF_ERROR(each.checkRead());
  return ok();
}
