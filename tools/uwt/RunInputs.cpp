//===- RunInputs.cpp - Arguments of `uwt run` -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunInputs.h"
#include "text/Paths.h"
#include "text/Text.h"
#include "uwt/Container/OutputCheck.h"
#include "uwt/Format/ElementType.h"
#include "uwt/Support/Random.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <charconv>
#include <cmath>

using namespace uwt;
using namespace uwt::tool;

std::vector<command_line::Option> RunInputs::rows() {
  return {
      {"--input", "FILE", "safetensors file with the arguments", &input,
       command_line::ValueHint::Path},
      {"--random-inputs", "",
       "draw the arguments that --input does not have: floats from -1 to 1, integers 0 and 1",
       &random},
      {"--shape", "ARG:SIZES",
       "sizes of a drawn argument, where the function leaves them open: arg0:4x16; may be given "
       "again",
       &shapeTexts},
      {"--range", "ARG:LOW:HIGH",
       "values of a drawn argument, from LOW and below HIGH: arg0:0:32000; may be given again",
       &rangeTexts},
      {"--seed", "S", "seed of drawn arguments (default: 1)", &seed},
      {"--save-inputs", "FILE", "write the arguments to this .safetensors file", &saved,
       command_line::ValueHint::Path}};
}

/// "4 x 16" as it is written for --shape, with a 1 for each size that is open.
static std::string shapeExample(const ToolSpec &spec) {
  std::string text;
  for (int64_t size : spec.shape)
    text += (text.empty() ? "" : "x") + std::to_string(size < 0 ? 1 : size);
  return text;
}

static std::optional<double> parseReal(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

Status RunInputs::open(std::vector<std::string> reads, const std::string &output, bool force) {
  allReads = std::move(reads);
  if (input)
    allReads.push_back(*input);
  if (!random && !(shapeTexts.empty() && rangeTexts.empty()))
    return usageError("--shape and --range are for drawn arguments; add --random-inputs");
  for (const std::string &text : shapeTexts) {
    size_t colon = std::min(text.find(':'), text.size());
    if (colon == text.size())
      return usageError("--shape takes ARG:SIZES, such as arg0:4x16, got " + inQuotes(text));
    UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> shape,
                         parseShape(std::string_view(text).substr(colon + 1), "--shape"));
    shapes.emplace_back(text.substr(0, colon), std::move(shape));
  }
  for (const std::string &text : rangeTexts) {
    size_t first = text.find(':'), second = text.find(':', first + 1);
    std::optional<double> low, high;
    if (second != std::string::npos) {
      low = parseReal(std::string_view(text).substr(first + 1, second - first - 1));
      high = parseReal(std::string_view(text).substr(second + 1));
    }
    if (!low || !high || *low >= *high)
      return usageError("--range takes ARG:LOW:HIGH with LOW below HIGH, such as arg0:0:32000, "
                        "got " +
                        inQuotes(text));
    ranges.push_back({text.substr(0, first), {*low, *high}});
  }
  if (saved) {
    if (*saved == output)
      return usageError("--save-inputs and -o name the same file: " + output);
    UWT_RETURN_IF_ERROR(checkOutput(allReads, *saved, force, "--save-inputs"));
    std::vector<OutputPath> written = {{*saved}, {output}};
    UWT_RETURN_IF_ERROR(checkOutputs(allReads, written));
  }
  if (!input)
    return ok();
  UWT_RETURN_IF_ERROR(checkInput(*input));
  UWT_ASSIGN_OR_RETURN(file, SafetensorsFile::open(*input));
  return ok();
}

static std::string specText(const ToolSpec &spec) {
  std::string text = spec.dtype;
  for (size_t i = 0; i < spec.shape.size(); ++i)
    text += (i ? " x " : " ") + (spec.shape[i] < 0 ? "?" : std::to_string(spec.shape[i]));
  return text + (spec.shape.empty() ? " scalar" : "");
}

/// What the function takes: "arg0 (BF16 ? x 64), arg1 (F32 scalar)".
static std::string argumentsText(const ToolSignature &function) {
  std::string text;
  for (size_t i = 0; i < function.inputs.size(); ++i)
    text += (i ? ", arg" : "arg") + std::to_string(i) + " (" + specText(function.inputs[i]) + ")";
  return text.empty() ? "no arguments" : text;
}

const SafetensorsTensor *RunInputs::findInFile(const ToolSignature &function, size_t index) const {
  if (!file)
    return nullptr;
  const std::vector<SafetensorsTensor> &tensors = file->header().tensors;
  const SafetensorsTensor *found = file->header().find("arg" + std::to_string(index));
  if (!found && function.inputs.size() == 1 && tensors.size() == 1)
    found = &tensors[0];
  return found;
}

Status RunInputs::checkNames(const ToolSignature &function) const {
  auto check = [&](const std::string &option, const std::string &name) -> Status {
    for (size_t i = 0; i < function.inputs.size(); ++i)
      if (name == "arg" + std::to_string(i))
        return findInFile(function, i)
                   ? usageError(option + ": " + name + " comes from " + file->path() +
                                "; only drawn arguments can be described")
                   : ok();
    return usageError(option + ": there is no argument " + inQuotes(name) + "; '" + function.name +
                      "' takes " + argumentsText(function));
  };
  for (const auto &[name, shape] : shapes)
    UWT_RETURN_IF_ERROR(check("--shape", name));
  for (const auto &[name, range] : ranges)
    UWT_RETURN_IF_ERROR(check("--range", name));
  return ok();
}

namespace {
/// How values of a dtype are drawn and written.
struct DrawnType {
  std::string_view name;
  unsigned bytes;
  bool isFloat;
  bool isSigned = true;
  /// Of floats, with the word of the largest finite number.
  unsigned exponentBits = 0, mantissaBits = 0;
  uint64_t largest = 0;
};
} // namespace

static constexpr DrawnType drawnTypes[] = {
    {"BOOL", 1, false, false},
    {"U8", 1, false, false},
    {"I8", 1, false},
    {"U16", 2, false, false},
    {"I16", 2, false},
    {"U32", 4, false, false},
    {"I32", 4, false},
    {"U64", 8, false, false},
    {"I64", 8, false},
    {"F8_E4M3", 1, true, true, 4, 3, 0x7e},
    {"F8_E5M2", 1, true, true, 5, 2, 0x7b},
    {"F16", 2, true, true, 5, 10, 0x7bff},
    {"BF16", 2, true, true, 8, 7, 0x7f7f},
    {"F32", 4, true, true, 8, 23, 0x7f7f'ffff},
    {"F64", 8, true, true, 11, 52, 0x7fef'ffff'ffff'ffff},
};

/// Whether `low` and `high` are integers, and all from `low` to below `high` are of the type.
static bool holdsIntegers(const DrawnType &type, double low, double high) {
  // Doubles are exact up to here.
  constexpr double most = 0x1p53;
  unsigned bits = type.name == "BOOL" ? 1 : 8 * type.bytes - type.isSigned;
  double end = std::min(most, std::ldexp(1, static_cast<int>(bits)));
  return low == std::floor(low) && high == std::floor(high) && low >= (type.isSigned ? -end : 0) &&
         high <= end;
}

static uint64_t drawInteger(Random &numbers, double low, double high) {
  return static_cast<uint64_t>(static_cast<int64_t>(low)) +
         numbers.below(static_cast<uint64_t>(high - low));
}

/// The word of the float nearest to a number between the two, ties to even; what the type cannot
/// hold becomes its largest.
static uint64_t drawFloat(Random &numbers, const DrawnType &type, double low, double high) {
  double value = low + (high - low) * (1 - numbers.uniform());
  uint64_t sign = std::signbit(value) ? uint64_t(1) << (type.exponentBits + type.mantissaBits) : 0;
  if (value == 0)
    return sign;
  int bias = (1 << (type.exponentBits - 1)) - 1;
  int exponent = std::max(std::ilogb(value), 1 - bias);
  if (exponent > bias)
    return sign | type.largest;
  // Of a normal number the unit above the mantissa carries into the exponent.
  auto units = static_cast<uint64_t>(
      std::nearbyint(std::ldexp(std::abs(value), static_cast<int>(type.mantissaBits) - exponent)));
  uint64_t word = (static_cast<uint64_t>(exponent + bias - 1) << type.mantissaBits) + units;
  return sign | std::min(word, type.largest);
}

Status RunInputs::draw(Argument &argument, const ToolSpec &spec, const std::string &function,
                       size_t index) {
  const DrawnType *type = std::ranges::find(drawnTypes, spec.dtype, &DrawnType::name);
  if (type == std::end(drawnTypes))
    return unsupportedError("--random-inputs: no values of " + spec.dtype + " are drawn, which " +
                            argument.name + " of '" + function + "' has; give it with --input");
  auto named = [&](const auto &entry) { return entry.first == argument.name; };
  auto shape = std::ranges::find_if(shapes, named);
  std::vector<uint64_t> &sizes = argument.tensor.shape;
  if (shape != shapes.end())
    sizes = shape->second;
  else if (std::ranges::any_of(spec.shape, [](int64_t size) { return size < 0; }))
    return usageError("--random-inputs: " + argument.name + " of '" + function + "' is " +
                      specText(spec) + "; say its sizes with --shape " + argument.name + ":" +
                      shapeExample(spec));
  else
    sizes.assign(spec.shape.begin(), spec.shape.end());

  auto found = std::ranges::find_if(ranges, named);
  Range range = found != ranges.end() ? found->second : type->isFloat ? Range{-1, 1} : Range{0, 2};
  if (!type->isFloat && !holdsIntegers(*type, range.low, range.high))
    return usageError("--range: " + argument.name + " is " + spec.dtype +
                      ", which does not hold all integers from " + formatNumber(range.low, 0) +
                      " to below " + formatNumber(range.high, 0));
  UWT_ASSIGN_OR_RETURN(uint64_t bytes,
                       safetensorsBytes(*findSafetensorsDtype(spec.dtype), argument.tensor.shape));
  argument.bytes.resize(bytes);
  // Each argument has numbers of its own, whatever the sizes of those before it are.
  Random numbers((uint64_t(seed) << 32) + index);
  for (uint64_t at = 0; at < bytes; at += type->bytes) {
    uint64_t word = type->isFloat ? drawFloat(numbers, *type, range.low, range.high)
                                  : drawInteger(numbers, range.low, range.high);
    for (unsigned byte = 0; byte < type->bytes; ++byte)
      argument.bytes[at + byte] = static_cast<uint8_t>(word >> (8 * byte));
  }
  argument.tensor.bytes = argument.bytes;
  argument.drawn = true;
  return ok();
}

Expected<std::vector<ToolTensor>> RunInputs::bind(const ToolSignature &function) {
  if (!file && !random && !function.inputs.empty())
    return usageError("run needs --input or --random-inputs: '" + function.name + "' takes " +
                      argumentsText(function));
  UWT_RETURN_IF_ERROR(checkNames(function));
  std::vector<ToolTensor> tensors;
  arguments.resize(function.inputs.size());
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    Argument &argument = arguments[i];
    argument.name = "arg" + std::to_string(i);
    argument.tensor.dtype = function.inputs[i].dtype;
    if (const SafetensorsTensor *found = findInFile(function, i))
      argument.tensor = {std::string(found->dtype->name), found->shape, file->tensorBytes(*found)};
    else if (!random)
      return usageError(file->path() + ": there is no tensor " + inQuotes(argument.name) + "; '" +
                        function.name + "' takes " + argumentsText(function));
    else
      UWT_RETURN_IF_ERROR(draw(argument, function.inputs[i], function.name, i));
    tensors.push_back(argument.tensor);
  }
  return tensors;
}

Status RunInputs::save(bool force) const {
  if (!saved)
    return ok();
  std::vector<SafetensorsOutput> outputs;
  for (const Argument &argument : arguments)
    outputs.push_back({argument.name, findSafetensorsDtype(argument.tensor.dtype),
                       argument.tensor.shape, argument.tensor.bytes});
  return writeSafetensors(*saved, outputs, {}, force, modeWithin(allReads));
}

void RunInputs::report(Json &object) const {
  object["inputs"] = Json::array();
  bool drawn = false;
  for (const Argument &argument : arguments) {
    object["inputs"].push_back({{"name", argument.name},
                                {"dtype", argument.tensor.dtype},
                                {"shape", argument.tensor.shape},
                                {"random", argument.drawn}});
    drawn |= argument.drawn;
  }
  if (drawn)
    object["seed"] = seed;
}
