//===- EmitIr.cpp - uwt emit-ir -------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// IR as text, so that no compiler has to be there: y = x · Wᵀ as torch-mlir writes it, one
// function a matrix.
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "text/Paths.h"
#include "text/Text.h"
#include "uwt/Container/File.h"
#include "uwt/Import/ImportedWeights.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::tool;

namespace {

/// A weight that a product is written with.
struct EmittedMatrix {
  std::string name;
  /// MLIR's name of its elements.
  std::string element;
  uint64_t rows = 0, columns = 0;
  bool isKMajor = false;
};

class EmitIrCommand final : public Command {
public:
  std::string_view name() const override { return "emit-ir"; }
  std::string_view summary() const override {
    return "write linalg IR of products with matrices of a model";
  }
  std::string_view description() const override {
    return "Each matrix that is chosen becomes a function y = x * W^T, as torch-mlir writes a "
           "linear layer: widened to f32, multiplied, rounded. The weight is dense_resource<NAME> "
           "without data, so 'uwt run --weights' and 'uwt compile --weights' bind it. One "
           "function is called main, several have the names of their matrices.\n\n"
           "A matrix is taken as [outputs, inputs], which is how linear layers are stored. Some "
           "models, such as GPT-2 with its Conv1D, store [inputs, outputs]: nothing in the file "
           "says so, so name them with --k-major, and y = x * W is written. What the axes are "
           "taken for is said in a comment for each matrix.\n\n"
           "Weights that several tensors of a quantised model (or a GGUF or ONNX file) are "
           "together are matrices too, of elements that --as says.";
  }
  std::vector<command_line::Example> examples() const override {
    std::string command = "uwt emit-ir model.uwt.safetensors --layers ";
    return {{command + "lm_head.weight -o head.mlir", "One matrix, any m"},
            {command + "'*.mlp.*' --m 16 -o mlp.mlir", "All that match, m = 16"},
            {"uwt emit-ir gpt2 --layers h.0.mlp.c_fc.weight --k-major '*.c_*' -o fc.mlir",
             "A matrix that is stored as [inputs, outputs]"},
            {"uwt emit-ir Qwen3-8B-AWQ --layers '*.0.mlp.*' --as f16 -o mlp.mlir",
             "Weights of a quantised model"}};
  }
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  std::vector<EmittedMatrix> matricesOf(const OpenedWeights &model) const;
  Expected<std::vector<EmittedMatrix>> choose(const OpenedWeights &model) const;

  std::string input, m = "?", element = "bf16";
  std::optional<std::string> output, assumed;
  std::vector<std::string> layers, kMajor;
  bool force = false;
};

} // namespace

std::vector<command_line::Option> EmitIrCommand::options() {
  command_line::Option in{"IN", "", "a safetensors file or a model folder, compressed or not",
                          &input, command_line::ValueHint::Path};
  command_line::Option names{"--layers", "NAME", "a matrix, or a glob; may be given again",
                             &layers};
  in.required = names.required = true;
  return {in,
          names,
          {"--k-major", "GLOB", "matrices whose names match are [inputs, outputs], as GPT-2's",
           &kMajor},
          {"--m", "M", "rows of x, or ? for any number (default: ?)", &m},
          {"--as",
           "TYPE",
           "elements of weights of a quantised model (default: bf16)",
           &element,
           command_line::ValueHint::None,
           {"bf16", "f16", "f32"}},
          assumeOption(&assumed),
          {"-o,--output", "OUT", "file to write (default: standard output)", &output,
           command_line::ValueHint::Path},
          {"-f,--force", "", "overwrite an existing output", &force}};
}

/// MLIR's name of the element type of a matrix that products take, or nothing.
static std::string elementName(const TensorEntry &entry) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"BF16", "bf16"}, {"F16", "f16"}, {"F32", "f32"}};
  for (auto [dtype, name] : names)
    if (entry.dtype->name == dtype)
      return std::string(name);
  return {};
}

/// `name` as MLIR writes an identifier: bare, or in quotes with what is not printable escaped.
static std::string identifier(std::string_view name) {
  auto isLetter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  auto isBare = [&](char c) {
    return isLetter(c) || (c >= '0' && c <= '9') || c == '.' || c == '$';
  };
  if (!name.empty() && isLetter(name[0]) && std::ranges::all_of(name, isBare))
    return std::string(name);
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string text = "\"";
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || byte < 0x20 || byte > 0x7e)
      text += {'\\', digits[byte >> 4], digits[byte & 15]};
    else
      text += c;
  }
  return text + "\"";
}

namespace {
/// Writes one function.
class FunctionText {
public:
  FunctionText(const EmittedMatrix &matrix, std::string m)
      : matrix(matrix), element(matrix.element), m(std::move(m)),
        n(std::to_string(matrix.isKMajor ? matrix.columns : matrix.rows)),
        k(std::to_string(matrix.isKMajor ? matrix.rows : matrix.columns)) {}
  std::string str(const std::string &name);
  /// What the axes are taken for: "W is [2304 outputs, 768 inputs], y = x * W^T".
  std::string axes() const;

private:
  static std::string tensor(const std::string &a, const std::string &b, const std::string &type) {
    return "tensor<" + a + "x" + b + "x" + type + ">";
  }
  void line(const std::string &text) { body += "    " + text + "\n"; }
  /// An empty tensor with M rows, under `name`.
  void empty(const std::string &name, const std::string &columns, const std::string &type);
  /// An elementwise conversion by `op` into `to`.
  void convert(const std::string &name, const std::string &op, const std::string &value,
               const std::string &from, const std::string &to, const std::string &init,
               const std::string &fromType, const std::string &toType);

  const EmittedMatrix &matrix;
  std::string element, m, n, k, body;
};
} // namespace

void FunctionText::empty(const std::string &name, const std::string &columns,
                         const std::string &type) {
  line(name + " = tensor.empty(" + (m == "?" ? "%m" : "") + ") : " + tensor(m, columns, type));
}

void FunctionText::convert(const std::string &name, const std::string &op, const std::string &value,
                           const std::string &from, const std::string &to, const std::string &init,
                           const std::string &fromType, const std::string &toType) {
  line(name + " = linalg.generic {indexing_maps = [#map, #map], iterator_types = [\"parallel\", " +
       "\"parallel\"]} ins(" + value + " : " + fromType + ") outs(" + init + " : " + toType +
       ") {");
  line("^bb0(%in: " + from + ", %out: " + to + "):");
  line("  %0 = arith." + op + " %in : " + from + " to " + to);
  line("  linalg.yield %0 : " + to);
  line("} -> " + toType);
}

std::string FunctionText::str(const std::string &name) {
  std::string xType = tensor(m, k, element), yType = tensor(m, n, element);
  std::string wide = tensor(m, n, "f32"), xWide = tensor(m, k, "f32"), wWide = tensor(k, n, "f32");
  body = "  func.func @" + name + "(%arg0: " + xType + ") -> " + yType + " {\n";
  std::string stored = matrix.isKMajor ? tensor(k, n, element) : tensor(n, k, element);
  line("%cst = arith.constant dense_resource<" + identifier(matrix.name) + "> : " + stored);
  line("%zero = arith.constant 0.000000e+00 : f32");
  if (m == "?") {
    line("%c0 = arith.constant 0 : index");
    line("%m = tensor.dim %arg0, %c0 : " + xType);
  }
  std::string x = "%arg0", w = matrix.isKMajor ? "%cst" : "%t";
  if (!matrix.isKMajor) {
    line("%t_init = tensor.empty() : " + tensor(k, n, element));
    line("%t = linalg.transpose ins(%cst : " + stored +
         ") outs(%t_init : " + tensor(k, n, element) + ") permutation = [1, 0]");
  }
  if (element != "f32") {
    empty("%x_init", k, "f32");
    convert("%x", "extf", "%arg0", element, "f32", "%x_init", xType, xWide);
    line("%w_init = tensor.empty() : " + wWide);
    convert("%w", "extf", w, element, "f32", "%w_init", tensor(k, n, element), wWide);
    x = "%x", w = "%w";
  }
  empty("%acc_init", n, "f32");
  line("%acc = linalg.fill ins(%zero : f32) outs(%acc_init : " + wide + ") -> " + wide);
  line("%y = linalg.matmul ins(" + x + ", " + w + " : " + xWide + ", " + wWide +
       ") outs(%acc : " + wide + ") -> " + wide);
  std::string result = "%y";
  if (element != "f32") {
    empty("%r_init", n, element);
    convert("%r", "truncf", "%y", "f32", element, "%r_init", wide, yType);
    result = "%r";
  }
  line("return " + result + " : " + yType);
  return body + "  }\n";
}

std::string FunctionText::axes() const {
  std::string outputs = n + " outputs", inputs = k + " inputs";
  if (matrix.isKMajor)
    return "W is [" + inputs + ", " + outputs + "], y = x * W";
  return "W is [" + outputs + ", " + inputs + "], y = x * W^T";
}

/// All that products are made of: tensors, then weights that several tensors are.
std::vector<EmittedMatrix> EmitIrCommand::matricesOf(const OpenedWeights &model) const {
  std::vector<EmittedMatrix> matrices;
  for (const ModelTensor &tensor : model.checkpoint.tensors()) {
    const TensorEntry &entry = *tensor.entry;
    std::string type = elementName(entry);
    if (entry.shape.size() != 2 || type.empty())
      continue;
    if (!model.imported.checkPlain(*tensor.file, entry))
      continue;
    // Also where it was compressed as such.
    bool isStoredSo = entry.format && entry.format->storage == Storage::KMajor;
    matrices.push_back({entry.name, type, entry.shape[0], entry.shape[1], isStoredSo});
  }
  for (const auto &[name, weight] : model.imported.all())
    if (weight.refusal.empty() && weight.shape.size() == 2)
      matrices.push_back({name, element, weight.shape[0], weight.shape[1]});
  for (EmittedMatrix &matrix : matrices)
    matrix.isKMajor = matrix.isKMajor || std::ranges::any_of(kMajor, [&](const std::string &glob) {
                        return matchesGlob(glob, matrix.name);
                      });
  return matrices;
}

/// Why a name that is no matrix is none.
static Error noMatrix(const OpenedWeights &model, const std::string &name) {
  const ImportedWeight *weight = model.imported.find(name);
  if (weight && !weight->refusal.empty())
    return unsupportedError(name + " cannot be read: " + weight->refusal);
  if (weight)
    return usageError(name + " is " + formatShape(weight->shape) +
                      "; products are made of matrices");
  auto found = model.checkpoint.find(name);
  if (!found) {
    Error error = found.takeError();
    return Error(error.getKind(), error.message() + model.imported.hint());
  }
  Status plain = model.imported.checkPlain(*found->first, *found->second);
  if (!plain)
    return plain.takeError().in(name);
  return usageError(name + " is " + std::string(found->second->dtype->name) + " " +
                    formatShape(found->second->shape) +
                    "; products are made of matrices of BF16, F16 or F32");
}

Expected<std::vector<EmittedMatrix>> EmitIrCommand::choose(const OpenedWeights &model) const {
  std::vector<EmittedMatrix> all = matricesOf(model), chosen;
  for (const Checkpoint::Alias &alias : model.checkpoint.aliases()) {
    auto same = std::ranges::find(all, alias.entry->name, &EmittedMatrix::name);
    if (same == all.end() || !std::ranges::count(layers, alias.name))
      continue;
    EmittedMatrix named = *same;
    named.name = alias.name;
    all.push_back(std::move(named));
  }
  // A matrix that two globs match is written once.
  std::vector<bool> isChosen(all.size());
  for (const std::string &layer : layers) {
    bool isGlob = layer.find_first_of("*?[") != std::string::npos, isFound = false;
    for (size_t i = 0; i < all.size(); ++i) {
      if (isGlob ? !matchesGlob(layer, all[i].name) : layer != all[i].name)
        continue;
      // A name in two files, or one that an index is wrong about.
      UWT_RETURN_IF_ERROR(model.checkpoint.lookUp(all[i].name));
      isFound = true;
      if (!isChosen[i])
        chosen.push_back(all[i]);
      isChosen[i] = true;
    }
    if (!isFound && isGlob)
      return usageError("--layers: no matrix of BF16, F16 or F32 matches " + inQuotes(layer) +
                        model.imported.hint());
    if (!isFound)
      return noMatrix(model, layer);
  }
  return chosen;
}

Status EmitIrCommand::run(Session &session) {
  if (m != "?")
    UWT_RETURN_IF_ERROR(command_line::parseNumber(m, "--m", 1 << 20));
  UWT_RETURN_IF_ERROR(checkModel(input));
  bool toFile = output && *output != "-";
  if (toFile)
    UWT_RETURN_IF_ERROR(checkOutput({input}, *output, force));
  ReadOptions reading;
  reading.assumePlain = assumed.has_value();
  UWT_ASSIGN_OR_RETURN(OpenedWeights model, OpenedWeights::open(input, reading));
  UWT_ASSIGN_OR_RETURN(std::vector<EmittedMatrix> chosen, choose(model));
  std::string text = "#map = affine_map<(d0, d1) -> (d0, d1)>\nmodule {\n";
  for (const EmittedMatrix &matrix : chosen) {
    FunctionText function(matrix, m);
    text += "  // " + printable(matrix.name) + ": " + function.axes() + ".\n";
    text += function.str(chosen.size() == 1 ? "main" : identifier(matrix.name));
    if (chosen.size() == 1 || session.verbose())
      session.note(matrix.name + ": " + function.axes());
  }
  text += "}\n";
  if (!toFile) {
    session.print(text);
    return ok();
  }
  UWT_RETURN_IF_ERROR(writeWholeFile(*output, asBytes(text), force, {}, modeWithin({&input, 1})));
  session.note(*output + ": " + plural(chosen.size(), "function"));
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeEmitIrCommand() {
  return std::make_unique<EmitIrCommand>();
}
