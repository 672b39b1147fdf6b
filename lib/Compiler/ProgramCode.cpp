//===- ProgramCode.cpp - A compiled module before it has weights ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramCode.h"
#include "uwt/Runtime/Abi.h"
#include "uwt/Support/Json.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace uwt;
namespace json = llvm::json;

static constexpr llvm::StringLiteral sectionName = ".uwt.program";
/// Of the fields of the JSON.
static constexpr int64_t programVersion = 5;
static constexpr uint64_t planeAlignment = 64;

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

namespace uwt {

std::vector<TensorSpec> resultsOf(const DerivedWeight &weight) {
  const TensorDescription &description = weight.description;
  std::vector<int64_t> shape(description.shape.begin(), description.shape.end());
  if (!weight.codes)
    return {{findSafetensorsDtype(getTraits(description.element).safetensorsName), shape}};
  if (shape.size() != 2)
    return {};
  int64_t cell = weight.codes->scale->cellColumns;
  int64_t cells = cell == 0 ? 1 : static_cast<int64_t>(divideUp(shape[1], cell));
  TensorSpec grid{findSafetensorsDtype("F32"), {shape[0], cells}};
  std::vector<TensorSpec> results = {{findSafetensorsDtype("I8"), shape}, grid};
  if (weight.codes->zeroGrid)
    results.push_back(grid);
  results.insert(results.end(), weight.codes->steps.size(), grid);
  return results;
}

static json::Value toJSON(const TensorSpec &spec) {
  json::Object object{{"dtype", llvm::StringRef(spec.dtype->name)}, {"shape", spec.shape}};
  if (spec.isWeight())
    object["format"] = spec.format;
  return object;
}

static bool fromJSON(const json::Value &value, TensorSpec &spec, json::Path path) {
  json::ObjectMapper map(value, path);
  std::string dtype;
  if (!map || !map.map("dtype", dtype) || !map.map("shape", spec.shape) ||
      !map.mapOptional("format", spec.format))
    return false;
  spec.dtype = findSafetensorsDtype(dtype);
  if (!spec.dtype)
    path.field("dtype").report("unknown dtype");
  return spec.dtype != nullptr;
}

static json::Value toJSON(const Signature::EqualSizes &pair) {
  return json::Array{pair.input, pair.dimension, pair.otherInput, pair.otherDimension};
}

static bool fromJSON(const json::Value &value, Signature::EqualSizes &pair, json::Path path) {
  std::vector<unsigned> numbers;
  if (!json::fromJSON(value, numbers, path) || numbers.size() != 4) {
    path.report("expected four numbers");
    return false;
  }
  pair = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

static json::Value toJSON(const Signature &function) {
  if (!function.obstacle.empty())
    return json::Object{{"name", function.name}, {"obstacle", function.obstacle}};
  return json::Object{{"name", function.name},
                      {"inputs", function.inputs},
                      {"outputs", function.outputs},
                      {"equal_sizes", function.equalSizes}};
}

static bool isInside(const Signature &function, const Signature::EqualSizes &pair) {
  auto has = [&](unsigned input, unsigned dimension) {
    return input < function.inputs.size() && dimension < function.inputs[input].shape.size();
  };
  return has(pair.input, pair.dimension) && has(pair.otherInput, pair.otherDimension);
}

static bool fromJSON(const json::Value &value, Signature &function, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("name", function.name) || !map.mapOptional("obstacle", function.obstacle))
    return false;
  if (!function.obstacle.empty())
    return true;
  if (!map.map("inputs", function.inputs) || !map.map("outputs", function.outputs) ||
      !map.map("equal_sizes", function.equalSizes))
    return false;
  if (llvm::all_of(function.equalSizes, [&](auto &pair) { return isInside(function, pair); }))
    return true;
  path.field("equal_sizes").report("a dimension that no input has");
  return false;
}

static json::Value toJSON(const TensorDescription &description) {
  return json::Object{
      {"dtype", llvm::StringRef(getTraits(description.element).safetensorsName)},
      {"shape", std::vector<int64_t>(description.shape.begin(), description.shape.end())},
      {"format", description.format.str()}};
}

static bool fromJSON(const json::Value &value, TensorDescription &description, json::Path path) {
  TensorSpec spec;
  json::ObjectMapper map(value, path);
  std::string text;
  if (!fromJSON(value, spec, path) || !map || !map.map("format", text))
    return false;
  auto element = elementTypeFromSafetensors(spec.dtype->name);
  auto format = Format::parse(text);
  bool isNegative = llvm::any_of(spec.shape, [](int64_t size) { return size < 0; });
  if (!element || !format || isNegative) {
    path.report("no compressed tensor");
    return false;
  }
  description = {*element, {spec.shape.begin(), spec.shape.end()}, *format};
  return true;
}

static json::Value toJSON(const StoredWeight &weight) {
  const WeightRequest &request = weight.request;
  json::Object object{{"slot", static_cast<int64_t>(weight.slot)},
                      {"tensor", request.tensor},
                      {"dtype", llvm::StringRef(request.dtype->name)},
                      {"shape", std::vector<int64_t>(request.shape.begin(), request.shape.end())}};
  if (request.format)
    object["format"] = request.format->str();
  return object;
}

static bool fromJSON(const json::Value &value, StoredWeight &weight, json::Path path) {
  TensorSpec spec;
  json::ObjectMapper map(value, path);
  std::string format;
  if (!fromJSON(value, spec, path) || !map || !map.map("slot", weight.slot) ||
      !map.map("tensor", weight.request.tensor) || !map.mapOptional("format", format))
    return false;
  weight.request.dtype = spec.dtype;
  weight.request.shape.assign(spec.shape.begin(), spec.shape.end());
  if (format.empty())
    return true;
  auto parsed = Format::parse(format);
  if (!parsed) {
    path.field("format").report("unknown format");
    return false;
  }
  weight.request.format = *parsed;
  return true;
}

static json::Value toJSON(const DerivedWeight &weight) {
  json::Object object{{"slot", static_cast<int64_t>(weight.slot)},
                      {"function", weight.function},
                      {"tensors", weight.tensors},
                      {"result", weight.description}};
  if (weight.codes)
    object["codes"] = weight.codes->str();
  return object;
}

/// A format of quantised weights that decodes to `element`, from its text.
static std::optional<Format> parseCodes(const std::string &text, ElementType element) {
  Expected<Format> format = Format::parse(text);
  if (!format || !format->isQuantized() || !checkRunFormat(*format, element))
    return std::nullopt;
  return *std::move(format);
}

static bool fromJSON(const json::Value &value, DerivedWeight &weight, json::Path path) {
  json::ObjectMapper map(value, path);
  std::string codes;
  if (!map || !map.map("slot", weight.slot) || !map.map("function", weight.function) ||
      !map.map("tensors", weight.tensors) || !map.map("result", weight.description) ||
      !map.mapOptional("codes", codes))
    return false;
  if (!codes.empty())
    weight.codes = parseCodes(codes, weight.description.element);
  if (!codes.empty() && !weight.codes) {
    path.field("codes").report("no format of quantised weights");
    return false;
  }
  if (weight.function.obstacle.empty() && weight.tensors.size() == weight.function.inputs.size() &&
      weight.function.outputs == resultsOf(weight))
    return true;
  path.report("a function that derives no weight");
  return false;
}

/// The sizes of its planes stand for the planes.
static json::Value toJSON(const ConstantWeight &weight) {
  json::Array sizes;
  for (std::span<const uint8_t> plane : weight.planes.views)
    sizes.push_back(static_cast<int64_t>(plane.size()));
  return json::Object{{"slot", static_cast<int64_t>(weight.slot)},
                      {"tensor", weight.description},
                      {"planes", std::move(sizes)}};
}

/// Views with the planes' sizes, of no memory yet.
static bool fromJSON(const json::Value &value, ConstantWeight &weight, json::Path path) {
  json::ObjectMapper map(value, path);
  std::vector<uint64_t> sizes;
  if (!map || !map.map("slot", weight.slot) || !map.map("tensor", weight.description) ||
      !map.map("planes", sizes))
    return false;
  if (sizes.size() != planeKinds) {
    path.field("planes").report("expected the sizes of all planes");
    return false;
  }
  for (auto [view, size] : llvm::zip(weight.planes.views, sizes))
    view = {static_cast<const uint8_t *>(nullptr), size};
  return true;
}

/// Bytes, rank, and the dimension of matrices or -1.
static json::Value toJSON(const ProductOperand &operand) {
  return json::Array{operand.bytes, operand.rank,
                     operand.matrixDimension ? static_cast<int64_t>(*operand.matrixDimension) : -1};
}

static bool fromJSON(const json::Value &value, ProductOperand &operand, json::Path path) {
  constexpr int64_t maxBytes = 8, maxDimensions = 8;
  std::vector<int64_t> numbers;
  if (!json::fromJSON(value, numbers, path))
    return false;
  if (numbers.size() != 3 || numbers[0] < 0 || numbers[0] > maxBytes || numbers[1] < 0 ||
      numbers[1] > maxDimensions || numbers[2] < -1 || numbers[2] >= numbers[1]) {
    path.report("no operand of a product");
    return false;
  }
  operand.bytes = static_cast<unsigned>(numbers[0]);
  operand.rank = static_cast<unsigned>(numbers[1]);
  if (numbers[2] >= 0)
    operand.matrixDimension = static_cast<unsigned>(numbers[2]);
  return true;
}

static json::Value toJSON(const ProductShape &shape) {
  return json::Object{{"x", shape.x},
                      {"y", shape.y},
                      {"extras", json::Array(shape.extras)},
                      {"matrices", static_cast<int64_t>(shape.matrices)},
                      {"selection", static_cast<int64_t>(shape.selection)},
                      {"numbers", shape.numbers}};
}

static bool fromJSON(const json::Value &value, ProductShape &shape, json::Path path) {
  json::ObjectMapper map(value, path);
  unsigned selection = 0;
  if (!map || !map.map("x", shape.x) || !map.map("y", shape.y) ||
      !map.map("extras", shape.extras) || !map.map("matrices", shape.matrices) ||
      !map.map("selection", selection) || !map.map("numbers", shape.numbers))
    return false;
  shape.selection = static_cast<ProductShape::Selection>(selection);
  if (shape.selection <= ProductShape::Selection::Each)
    return true;
  path.field("selection").report("expected 0, 1 or 2");
  return false;
}

static json::Value toJSON(const ProductCall &call) {
  return json::Array{static_cast<int64_t>(call.kind), call.slot};
}

static bool fromJSON(const json::Value &value, ProductCall &call, json::Path path) {
  std::vector<int64_t> numbers;
  if (!json::fromJSON(value, numbers, path) || numbers.size() != 2 || numbers[0] < 0) {
    path.report("no call of a product");
    return false;
  }
  call = {static_cast<size_t>(numbers[0]), numbers[1]};
  return true;
}

/// The pack follows the planes.
static json::Value toJSON(const DeviceCode &device) {
  return json::Object{{"kinds", json::Array(device.products.kinds)},
                      {"calls", json::Array(device.products.calls)}};
}

static bool fromJSON(const json::Value &value, DeviceCode &device, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("kinds", device.products.kinds) && map.map("calls", device.products.calls);
}

static bool fromJSON(const json::Value &value, ProgramCode &code, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("target", code.target) && map.map("functions", code.functions) &&
         map.map("slots", code.slots) && map.map("stored", code.stored) &&
         map.map("constants", code.constants) && map.map("derived", code.derived) &&
         map.map("device", code.device) && map.map("remarks", code.remarks);
}

} // namespace uwt

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

void uwt::embedDescription(const ProgramCode &code, llvm::Module &module) {
  json::Object object{{"version", programVersion},
                      {"abi", static_cast<int64_t>(abiVersion)},
                      {"target", code.target},
                      {"functions", code.functions},
                      {"slots", static_cast<int64_t>(code.slots)},
                      {"stored", json::Array(code.stored)},
                      {"constants", json::Array(code.constants)},
                      {"derived", json::Array(code.derived)},
                      {"remarks", code.remarks}};
  if (code.device)
    object["device"] = *code.device;
  std::string bytes(sizeof(uint64_t), '\0');
  llvm::raw_string_ostream(bytes) << json::Value(std::move(object));
  llvm::support::endian::write64le(bytes.data(), bytes.size() - sizeof(uint64_t));
  auto append = [&](std::span<const uint8_t> plane) {
    bytes.resize(llvm::alignTo(bytes.size(), planeAlignment));
    bytes.append(reinterpret_cast<const char *>(plane.data()), plane.size());
  };
  for (const ConstantWeight &constant : code.constants)
    llvm::for_each(constant.planes.views, append);
  if (code.device)
    append(code.device->pack);
  llvm::embedBufferInModule(module, llvm::MemoryBufferRef(bytes, sectionName), sectionName,
                            llvm::Align(planeAlignment));
}

uint64_t ProgramCode::codeBytes() const {
  uint64_t sum = 0;
  for (const auto &object : objects)
    sum += object->getBufferSize();
  return sum;
}

std::string uwt::packObjects(const ProgramCode &code) {
  if (code.objects.size() == 1)
    return code.objects.front()->getBuffer().str();
  llvm::SmallVector<llvm::NewArchiveMember> members;
  for (const auto &object : code.objects)
    members.emplace_back(object->getMemBufferRef());
  // Fails for members that are files or hold bitcode.
  return llvm::cantFail(llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NoSymtab,
                                                   llvm::object::Archive::K_GNU,
                                                   /*Deterministic=*/true, /*Thin=*/false))
      ->getBuffer()
      .str();
}

static Error notAProgram(llvm::MemoryBufferRef object, const std::string &why) {
  return invalidError(object.getBufferIdentifier().str() +
                      ": is no object of 'uwt compile --emit obj': " + why);
}

/// The bytes of the section, in `object`.
static Expected<llvm::StringRef> findDescription(llvm::MemoryBufferRef object) {
  auto file = llvm::object::ObjectFile::createObjectFile(object);
  if (!file)
    return notAProgram(object, llvm::toString(file.takeError()));
  for (const llvm::object::SectionRef &section : (*file)->sections()) {
    auto name = section.getName();
    if (!name) {
      llvm::consumeError(name.takeError());
      continue;
    }
    if (*name != sectionName)
      continue;
    auto contents = section.getContents();
    if (!contents)
      return notAProgram(object, llvm::toString(contents.takeError()));
    return *contents;
  }
  return notAProgram(object, "it has no section " + sectionName.str());
}

/// Gives the constants and the pack their bytes, which follow the text.
static bool setPlanes(ProgramCode &code, llvm::StringRef bytes, uint64_t at) {
  for (ConstantWeight &constant : code.constants)
    for (std::span<const uint8_t> &plane : constant.planes.views) {
      at = llvm::alignTo(at, planeAlignment);
      if (at > bytes.size() || plane.size() > bytes.size() - at)
        return false;
      plane = {reinterpret_cast<const uint8_t *>(bytes.data()) + at, plane.size()};
      at += plane.size();
    }
  if (!code.device)
    return true;
  at = llvm::alignTo(at, planeAlignment);
  if (at > bytes.size())
    return false;
  code.device->pack.assign(bytes.bytes_begin() + at, bytes.bytes_end());
  return true;
}

/// Whether calls of products name kinds and weights that are there.
static bool hasAllProducts(const ProgramCode &code) {
  if (!code.device)
    return true;
  const ProductCalls &products = code.device->products;
  return llvm::all_of(products.calls, [&](const ProductCall &call) {
    return call.kind < products.kinds.size() && call.slot >= 0 &&
           static_cast<size_t>(call.slot) < code.slots;
  });
}

/// Whether each slot is in one of the lists.
static bool hasAllSlots(const ProgramCode &code) {
  size_t count = code.stored.size() + code.constants.size() + code.derived.size();
  std::vector<bool> seen(count);
  auto see = [&](const auto &weights) {
    for (const auto &weight : weights)
      if (weight.slot < count)
        seen[weight.slot] = true;
  };
  see(code.stored);
  see(code.constants);
  see(code.derived);
  return count == code.slots && llvm::all_of(seen, [](bool each) { return each; });
}

/// Copies of the objects in a file of packObjects().
static Expected<std::vector<std::unique_ptr<llvm::MemoryBuffer>>>
unpackObjects(llvm::MemoryBufferRef file) {
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  auto add = [&](llvm::StringRef bytes) {
    objects.push_back(llvm::MemoryBuffer::getMemBufferCopy(bytes, file.getBufferIdentifier()));
  };
  if (llvm::identify_magic(file.getBuffer()) != llvm::file_magic::archive) {
    add(file.getBuffer());
    return objects;
  }
  auto archive = llvm::object::Archive::create(file);
  if (!archive)
    return notAProgram(file, llvm::toString(archive.takeError()));
  llvm::Error failure = llvm::Error::success();
  for (const llvm::object::Archive::Child &member : (*archive)->children(failure)) {
    auto bytes = member.getBuffer();
    if (bytes)
      add(*bytes);
    else
      failure = llvm::joinErrors(std::move(failure), bytes.takeError());
  }
  if (failure)
    return notAProgram(file, llvm::toString(std::move(failure)));
  if (objects.empty())
    return notAProgram(file, "it is an empty archive");
  return objects;
}

Expected<ProgramCode> uwt::readProgramCode(llvm::MemoryBufferRef file) {
  UWT_ASSIGN_OR_RETURN(auto objects, unpackObjects(file));
  llvm::MemoryBufferRef object = objects.front()->getMemBufferRef();
  UWT_ASSIGN_OR_RETURN(llvm::StringRef bytes, findDescription(object));
  constexpr size_t prefix = sizeof(uint64_t);
  uint64_t length = bytes.size() < prefix ? 0 : llvm::support::endian::read64le(bytes.data());
  if (bytes.size() < prefix || length > bytes.size() - prefix)
    return notAProgram(object, "its section " + sectionName.str() + " is cut short");
  llvm::StringRef text = bytes.substr(prefix, length);
  // LLVM's parser goes as deep as the text does.
  if (Status checked = checkJson({text.data(), text.size()}); !checked)
    return notAProgram(object, checked.error().message());
  auto parsed = json::parse(text);
  if (!parsed)
    return notAProgram(object, llvm::toString(parsed.takeError()));
  const json::Object *fields = parsed->getAsObject();
  if (!fields || fields->getInteger("version") != programVersion ||
      fields->getInteger("abi") != abiVersion)
    return unsupportedError(object.getBufferIdentifier().str() +
                            ": was made by another version of uwt: compile the module again");
  ProgramCode code;
  json::Path::Root root("program");
  if (!fromJSON(*parsed, code, root))
    return notAProgram(object, llvm::toString(root.getError()));
  if (!hasAllSlots(code) || !hasAllProducts(code) || !setPlanes(code, bytes, prefix + length))
    return notAProgram(object, "its weights do not fit");
  code.objects = std::move(objects);
  return code;
}
