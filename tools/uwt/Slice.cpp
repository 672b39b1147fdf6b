//===- Slice.cpp - uwt slice ----------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Text.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Import/QuantizedPart.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class SliceCommand final : public Command {
public:
  std::string_view name() const override { return "slice"; }
  std::string_view summary() const override {
    return "write a tensor, or a part of it, as plain safetensors";
  }
  std::string_view description() const override {
    return "Reads, checks and decodes only the panels (64 rows each) that hold the part. Ranges "
           "are half-open and count from 0: 0:64 is the first 64. '-o -' writes to standard "
           "output, but never to a terminal.\n\n"
           "Of a quantised model (or a GGUF or ONNX file) --as writes a weight that several "
           "tensors are together, by the name that the model gives it: with the values that its "
           "codes, scales and zero points say, rounded once; or, as codes, these themselves, a "
           "byte a code, as tensors of quant_method uwt-codes. Codes are cut at whole groups.";
  }
  std::vector<command_line::Example> examples() const override {
    std::string in = "uwt slice model.uwt.safetensors ";
    return {{in + "--tensor lm_head.weight -o head.safetensors", "One tensor"},
            {in + "--tensor model.embed_tokens.weight --rows 1000:1001 -o row.safetensors",
             "One row of an embedding"},
            {in + "--tensor q_proj.weight --part 2/8 --axis rows -o rank2.safetensors",
             "What the third of eight ranks holds"},
            {in + "--tensor experts.down_proj --expert 5 --columns 0:512 -o part.safetensors",
             "Some columns of one expert"},
            {"uwt slice Qwen3-8B-AWQ --tensor model.layers.0.mlp.up_proj.weight --as bf16 -o "
             "weight.safetensors",
             "A quantised weight as floats"},
            {"uwt slice Qwen3-8B-AWQ --tensor model.layers.0.mlp.down_proj.weight --as codes "
             "--part 1/2 --axis columns -o rank1.safetensors",
             "What the second of two ranks holds of its codes"}};
  }
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  /// Source of the output.
  std::vector<std::string> reads() const { return {input, base.value_or("")}; }
  /// What is written: a tensor, or those that codes are.
  struct Result {
    std::vector<std::pair<std::string, TensorBytes>> tensors;
    /// The composition of codes.
    std::string format;
  };

  Expected<TensorSlice> slice() const;
  Expected<Result> read(TensorSlice wanted);
  Expected<Result> readQuantized(TensorSlice wanted, ThreadPool &pool);
  ReadOptions reading() const;
  Expected<std::pair<const Container *, const TensorEntry *>>
  findPlain(const OpenedWeights &opened) const;
  Expected<Result> readFloats(const OpenedWeights &opened, TensorSlice wanted, ThreadPool &pool);
  Expected<Result> readCodes(const ImportedWeight &weight, const TensorSlice &wanted,
                             ThreadPool &pool);
  Status write(Session &session, const Result &result);
  void report(Session &session, const Result &result) const;

  std::string input, tensor, output, axis = "rows";
  std::optional<std::string> rows, columns, expert, rank, base, element, assumed;
  bool force = false;
  unsigned threads = 0;
};

} // namespace

std::vector<command_line::Option> SliceCommand::options() {
  command_line::Option in{"IN", "", "a safetensors file or a model folder, compressed or not",
                          &input, command_line::ValueHint::Path};
  command_line::Option name{"--tensor", "NAME", "the tensor to read", &tensor};
  command_line::Option out{"-o,--output", "OUT",
                           "the .safetensors file to write, or - for standard output", &output,
                           command_line::ValueHint::Path};
  in.required = name.required = out.required = true;
  return {in,
          name,
          out,
          {"--base", "BASE", "the model that a file was compressed against with --base", &base,
           command_line::ValueHint::Path},
          {"--rows", "A:B", "rows A to B - 1; A: reaches to the end", &rows},
          {"--columns", "A:B", "columns A to B - 1", &columns},
          {"--expert", "E", "index E of the first of three or more dimensions", &expert},
          {"--part", "I/N", "part I (from 0) of N equal ones, as tensor parallelism splits", &rank},
          {"--axis",
           "AXIS",
           "what --part splits (default: rows)",
           &axis,
           command_line::ValueHint::None,
           {"rows", "columns"}},
          {"--as",
           "TYPE",
           "of a weight of a quantised model: its values as this type, or its codes",
           &element,
           command_line::ValueHint::None,
           {"bf16", "f16", "f32", "codes"}},
          assumeOption(&assumed),
          {"-f,--force", "", "overwrite an existing output", &force},
          command_line::threadsOption(&threads)};
}

Expected<TensorSlice> SliceCommand::slice() const {
  TensorSlice slice;
  if (rows) {
    UWT_ASSIGN_OR_RETURN(slice.rows, parseRange(*rows, "--rows"));
  }
  if (columns) {
    UWT_ASSIGN_OR_RETURN(slice.columns, parseRange(*columns, "--columns"));
  }
  if (expert) {
    UWT_ASSIGN_OR_RETURN(slice.expert, command_line::parseNumber(*expert, "--expert"));
  }
  if (!rank)
    return slice;
  UWT_ASSIGN_OR_RETURN(PartOf part, parsePart(*rank, "--part"));
  slice.rank = TensorSlice::Rank{part.index, part.count, axis == "columns"};
  return slice;
}

/// Sets the open end of a range ("A:") to what the tensor has.
static void closeRange(std::optional<IndexRange> &range, uint64_t size) {
  if (range && range->end == UINT64_MAX)
    range->end = std::max(range->begin, size);
}

static void closeRanges(TensorSlice &slice, const std::vector<uint64_t> &shape) {
  if (shape.empty())
    return;
  uint64_t columns = shape.size() > 1 ? shape.back() : 0;
  closeRange(slice.rows, shape.size() > 1 ? shape[shape.size() - 2] : shape[0]);
  closeRange(slice.columns, columns);
}

/// The bytes of a safetensors file up to the first tensor's.
static std::string headerOf(std::span<const SafetensorsOutput> outputs) {
  std::vector<SafetensorsTensor> tensors;
  uint64_t at = 0;
  for (const SafetensorsOutput &output : outputs) {
    tensors.push_back({output.name, output.dtype, output.shape, at, at + output.bytes.size()});
    at += output.bytes.size();
  }
  std::string text = safetensorsHeaderText(tensors, {});
  padSafetensorsHeader(text, 64);
  uint64_t length = text.size();
  std::string prefix(8, '\0');
  for (unsigned i = 0; i < 8; ++i)
    prefix[i] = static_cast<char>(length >> (8 * i) & 0xff);
  return prefix + text;
}

Status SliceCommand::write(Session &session, const Result &result) {
  std::vector<SafetensorsOutput> outputs;
  for (const auto &[name, bytes] : result.tensors)
    outputs.push_back({name, bytes.dtype, bytes.shape, bytes.bytes});
  if (output != "-")
    return writeSafetensors(output, outputs, {}, force, modeWithin(reads()));
  session.write(headerOf(outputs));
  for (const SafetensorsOutput &each : outputs)
    session.write({reinterpret_cast<const char *>(each.bytes.data()), each.bytes.size()});
  return ok();
}

void SliceCommand::report(Session &session, const Result &result) const {
  const TensorBytes &first = result.tensors.front().second;
  uint64_t bytes = 0;
  for (const auto &[name, each] : result.tensors)
    bytes += each.bytes.size();
  if (session.wantsJson()) {
    Json object = schemaObject("slice");
    object["input"] = input;
    object["output"] = output;
    object["tensor"] = tensor;
    object["dtype"] = first.dtype->name;
    object["shape"] = first.shape;
    object["bytes"] = bytes;
    if (!result.format.empty()) {
      object["format"] = result.format;
      for (const auto &[name, each] : result.tensors)
        object["tensors"].push_back(name);
    }
    printJson(session, object);
    return;
  }
  std::string what = result.format.empty()
                         ? std::string(first.dtype->name)
                         : plural(result.tensors.size(), "tensor") + " of '" + result.format + "'";
  session.note(output + ": " + tensor + ", " + what + ", " + formatShape(first.shape) + ", " +
               formatBytes(bytes));
}

Expected<SliceCommand::Result>
SliceCommand::readCodes(const ImportedWeight &weight, const TensorSlice &wanted, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> shape, sliceShape(weight, wanted));
  if (shape.size() != 2)
    return usageError("is several matrices, and a tensor of codes has one: say which (--expert)");
  UWT_ASSIGN_OR_RETURN(QuantizedPart part, readQuantizedPart(weight, wanted, pool));
  constexpr std::string_view suffix = ".weight", prefix = "weight";
  bool isOfModule = tensor.ends_with(suffix);
  std::string module = tensor.substr(0, tensor.size() - (isOfModule ? suffix.size() : 0));
  Result result{part.tensors(), part.format.str()};
  for (auto &[name, bytes] : result.tensors) {
    // codes-12: the weight that is read again has the name of this one.
    if (!isOfModule)
      name.replace(0, prefix.size(), "codes");
    name.insert(0, module + ".");
  }
  return result;
}

ReadOptions SliceCommand::reading() const {
  ReadOptions options;
  options.assumePlain = assumed.has_value();
  return options;
}

/// Finds a tensor, and checks that it may be taken as it is.
Expected<std::pair<const Container *, const TensorEntry *>>
SliceCommand::findPlain(const OpenedWeights &opened) const {
  auto found = opened.checkpoint.find(tensor);
  if (!found) {
    Error error = found.takeError();
    return Error(error.getKind(), error.message() + opened.imported.hint());
  }
  Status plain = opened.imported.checkPlain(*found->first, *found->second);
  if (!plain)
    return plain.takeError().in(tensor);
  return found;
}

/// Of a tensor of floats --as has one meaning: its numbers, each rounded once.
Expected<SliceCommand::Result> SliceCommand::readFloats(const OpenedWeights &opened,
                                                        TensorSlice wanted, ThreadPool &pool) {
  std::vector<std::string_view> weights;
  for (const auto &[name, weight] : opened.imported.all())
    weights.push_back(name);
  if (opened.checkpoint.files().empty()) // GGUF and ONNX: all that they have are weights.
    return usageError(input + ": no weight " + inQuotes(tensor) + suggestNames(tensor, weights));
  UWT_ASSIGN_OR_RETURN(auto found, findPlain(opened));
  const auto &[file, entry] = found;
  std::optional<ElementType> type = parseElementType(*element);
  if (!canConvertFloats(*entry) || !type)
    return usageError(input + ": " + inQuotes(tensor) + " is " + std::string(entry->dtype->name) +
                      ", and no weight of a quantised model; leave --as out to write it as it is" +
                      opened.imported.hint());
  closeRanges(wanted, entry->shape);
  Expected<TensorBytes> values = readFloatsAs(*file, *entry, *type, wanted, pool);
  if (!values)
    return values.takeError().in(tensor);
  return Result{{{tensor, *std::move(values)}}, ""};
}

Expected<SliceCommand::Result> SliceCommand::readQuantized(TensorSlice wanted, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(input, reading()));
  const ImportedWeight *weight = opened.imported.find(tensor);
  if (!weight)
    return readFloats(opened, wanted, pool);
  closeRanges(wanted, weight->shape);
  auto result = [&]() -> Expected<Result> {
    if (*element == "codes")
      return readCodes(*weight, wanted, pool);
    std::optional<ElementType> type = parseElementType(*element);
    if (!type)
      return usageError("--as " + *element + " is no type of weights");
    UWT_ASSIGN_OR_RETURN(TensorBytes values, readValues(*weight, *type, wanted, pool));
    return Result{{{tensor, std::move(values)}}, ""};
  }();
  if (!result)
    return result.takeError().in(tensor);
  return result;
}

Expected<SliceCommand::Result> SliceCommand::read(TensorSlice wanted) {
  ThreadPool pool(threads);
  if (element)
    return readQuantized(wanted, pool);
  ReadOptions reading = this->reading();
  if (base) {
    UWT_ASSIGN_OR_RETURN(reading.base, BaseModel::open(*base));
  }
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(input, reading));
  const ImportedWeight *weight = opened.imported.find(tensor);
  bool isTensor = bool(opened.checkpoint.find(tensor));
  if (weight && !isTensor && !weight->refusal.empty())
    return unsupportedError(tensor + ": " + weight->refusal);
  if (weight && !isTensor)
    return usageError(tensor + ": is " + plural(weight->parts.size(), "tensor") +
                      " of a quantised model; --as bf16 writes its values, --as codes its codes, "
                      "and " +
                      inQuotes(weight->parts.front()) + " is one of them");
  UWT_ASSIGN_OR_RETURN(auto found, findPlain(opened));
  const auto &[file, entry] = found;
  closeRanges(wanted, entry->shape);
  UWT_ASSIGN_OR_RETURN(TensorReader reader, file->reader(*entry));
  Expected<TensorBytes> bytes = reader.readSlice(wanted, pool);
  if (!bytes)
    return bytes.takeError().in(tensor);
  return Result{{{tensor, *std::move(bytes)}}, ""};
}

Status SliceCommand::run(Session &session) {
  UWT_ASSIGN_OR_RETURN(TensorSlice wanted, slice());
  bool toOutput = output == "-";
  if (toOutput && session.outputIsTerminal())
    return usageError("a terminal cannot show a tensor's bytes; name a file with -o or redirect "
                      "standard output");
  if (toOutput && session.wantsJson())
    return usageError("--json and -o - would both write to standard output; name a file with -o");
  UWT_RETURN_IF_ERROR(checkModel(input));
  if (!toOutput)
    UWT_RETURN_IF_ERROR(checkOutput(reads(), output, force));
  UWT_ASSIGN_OR_RETURN(Result result, read(wanted));
  UWT_RETURN_IF_ERROR(write(session, result));
  if (!toOutput)
    report(session, result);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeSliceCommand() { return std::make_unique<SliceCommand>(); }
