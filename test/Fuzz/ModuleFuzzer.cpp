//===- ModuleFuzzer.cpp - Modules, compiled and called --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module ends in one error with a text, or in a program, whose calls end in an error with a text
// or in results. Modules are mutated by what they consist of: sizes, types, operations, lines. The
// first byte says what is done with the rest: whether it is turned into bytecode first, which is
// refused unless it is trusted.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "uwt/Compiler/Compile.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace uwt;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// Longer modules only take longer.
static constexpr size_t longestText = 1 << 14;

//===----------------------------------------------------------------------===//
// Mutation
//===----------------------------------------------------------------------===//

namespace {
class TextMutator {
public:
  TextMutator(std::string text, unsigned seed) : text(std::move(text)), random(seed) {}

  std::string mutate() {
    for (unsigned count = 1 + below(3); count > 0; --count) {
      switch (below(5)) {
      case 0:
      case 1:
        replaceToken(isSize, sizes);
        break;
      case 2:
        replaceToken(isElementType, elementTypes);
        break;
      case 3:
        replaceToken(isOperation, operations);
        break;
      default:
        changeLine();
      }
    }
    return std::move(text);
  }

private:
  using Words = std::vector<std::string>;
  static const Words sizes, elementTypes, operations;

  static bool isSize(const std::string &token) {
    return token == "?" || std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
  }
  static bool isElementType(const std::string &token) {
    return std::ranges::find(elementTypes, token) != elementTypes.end();
  }
  static bool isOperation(const std::string &token) {
    return std::ranges::find(operations, token) != operations.end();
  }

  size_t below(size_t count) { return random() % count; }
  /// Puts one of `words` in place of a token that `isKind`. Sizes and types of a tensor are tokens
  /// of their own: 4x?xf32.
  void replaceToken(bool (*isKind)(const std::string &), const Words &words);
  /// Leaves a line out, or has it twice, or changes its place with another one.
  void changeLine();

  std::string text;
  std::minstd_rand random;
};
} // namespace

const TextMutator::Words TextMutator::sizes = {
    "0", "1", "2", "3", "4", "7", "16", "64", "?", "4294967296", "9223372036854775807"};
const TextMutator::Words TextMutator::elementTypes = {"f32", "f16", "bf16", "f64",   "i1",
                                                      "i8",  "i32", "i64",  "index", "f8E4M3FN"};
const TextMutator::Words TextMutator::operations = {"arith.addf",
                                                    "arith.mulf",
                                                    "arith.addi",
                                                    "arith.muli",
                                                    "arith.divsi",
                                                    "arith.remui",
                                                    "arith.shli",
                                                    "arith.fptosi",
                                                    "arith.sitofp",
                                                    "arith.extf",
                                                    "arith.truncf",
                                                    "arith.index_cast",
                                                    "math.exp",
                                                    "math.fpowi",
                                                    "linalg.add",
                                                    "linalg.div",
                                                    "linalg.matmul",
                                                    "linalg.batch_matmul",
                                                    "linalg.conv_1d",
                                                    "linalg.copy",
                                                    "tensor.cast",
                                                    "tensor.extract",
                                                    "tensor.extract_slice",
                                                    "tensor.insert_slice",
                                                    "tensor.collapse_shape",
                                                    "tensor.expand_shape",
                                                    "tensor.pad",
                                                    "tensor.reshape",
                                                    "tensor.gather",
                                                    "tensor.scatter",
                                                    "tosa.add",
                                                    "tosa.matmul",
                                                    "tm_tensor.scan",
                                                    "tm_tensor.scatter",
                                                    "memref.load",
                                                    "llvm.inttoptr"};

void TextMutator::replaceToken(bool (*isKind)(const std::string &), const Words &words) {
  struct TextRange {
    size_t begin, size;
  };
  auto isPart = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
  };
  std::vector<TextRange> found;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    bool isNumber = std::isdigit(static_cast<unsigned char>(text[begin]));
    // Sizes end before the `x` after them.
    while (text[begin] != 'x' && end < text.size() && isPart(text[begin]) && isPart(text[end]) &&
           !(isNumber && text[end] == 'x'))
      ++end;
    if (isKind(text.substr(begin, end - begin)))
      found.push_back({begin, end - begin});
    begin = end;
  }
  if (found.empty())
    return;
  TextRange range = found[below(found.size())];
  text.replace(range.begin, range.size, words[below(words.size())]);
}

void TextMutator::changeLine() {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  if (lines.empty())
    return;
  size_t line = below(lines.size());
  switch (below(3)) {
  case 0:
    lines.erase(lines.begin() + static_cast<ptrdiff_t>(line));
    break;
  case 1:
    lines.insert(lines.begin() + static_cast<ptrdiff_t>(line), std::string(lines[line]));
    break;
  default:
    std::swap(lines[line], lines[below(lines.size())]);
  }
  text.clear();
  for (const std::string &each : lines)
    text += each;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  if (size < 2 || seed % 8 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text(reinterpret_cast<const char *>(data) + 1, size - 1);
  text = TextMutator(std::move(text), seed).mutate();
  text.resize(std::min(text.size(), maxSize - 1));
  if (seed % 16 == 1)
    data[0] = static_cast<uint8_t>(seed >> 8);
  std::memcpy(data + 1, text.data(), text.size());
  return text.size() + 1;
}

//===----------------------------------------------------------------------===//
// What holds for every module
//===----------------------------------------------------------------------===//

static std::string toBytecode(mlir::ModuleOp module) {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  fuzzRequire(mlir::succeeded(mlir::writeBytecodeToFile(module, stream)),
              "bytecode cannot be written");
  return bytes;
}

/// Loops over what is large take time, and recursion that is not ours does: modules with numbers
/// above this, or with loops, are only compiled.
static bool isQuick(const std::string &text) {
  unsigned digits = 0;
  for (char c : text) {
    digits = std::isdigit(static_cast<unsigned char>(c)) ? digits + 1 : 0;
    if (digits > 4)
      return false;
  }
  return text.find("scf.") == std::string::npos && text.find("cf.") == std::string::npos;
}

/// Calls a function with tensors of `size` in each dynamic dimension, filled with `fill`.
static void call(const Program &program, const Signature &function, uint64_t size, uint8_t fill) {
  std::vector<std::vector<uint8_t>> memory;
  std::vector<TensorView> inputs;
  for (const TensorSpec &spec : function.inputs) {
    // Compiled code follows images as they are.
    if (spec.isWeight())
      return;
    std::vector<uint64_t> shape;
    for (int64_t each : spec.shape)
      shape.push_back(each < 0 ? size : static_cast<uint64_t>(each));
    auto bytes = safetensorsBytes(*spec.dtype, shape);
    if (!bytes || *bytes > 1 << 20)
      return;
    memory.emplace_back(*bytes, fill);
    inputs.push_back({spec.dtype, shape, memory.back().data()});
  }
  auto results = program.run(function, inputs);
  fuzzRequire(results || !results.error().message().empty(), "a call fails without a text");
  if (!results)
    return;
  // Every byte is there to be read.
  unsigned sum = 0;
  for (const TensorResult &result : *results)
    for (uint8_t byte : result.bytes())
      sum += byte;
  [[maybe_unused]] volatile unsigned read = sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2 || size > longestText)
    return 0;
  static ThreadPool pool(1);
  const uint8_t choice = data[0];
  std::string text(reinterpret_cast<const char *>(data) + 1, size - 1);
  auto context = makeContext();
  bool wasQuick = isQuick(text);
  auto module = parseModule(*context, text, "m");
  fuzzRequire(module || !module.error().message().empty(), "a module is refused without a text");
  if (module && choice >= 128) {
    text = toBytecode(**module);
    fuzzRequire(!parseModule(*context, text, "m"), "bytecode is taken from anybody");
    module = parseModule(*context, text, "m", /*trustIr=*/true);
    fuzzRequire(bool(module), "bytecode does not read back");
  }
  if (!module)
    return 0;
  CompileOptions options;
  options.target = "generic";
  options.minElements = 1;
  options.optimisation = choice % 4 == 0 ? 2 : 0;
  auto program = compile(**module, options, pool);
  fuzzRequire(program || !program.error().message().empty(), "compiling fails without a text");
  if (!program || !wasQuick)
    return 0;
  for (const Signature &function : (*program)->functions())
    for (uint64_t each : {0, 1, 3})
      call(**program, function, each, static_cast<uint8_t>(choice * (each + 1)));
  return 0;
}
