//===- DialectTextFuzzer.cpp - Types and attributes of the dialect --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A type or attribute that parses prints as text that parses to the same one, and comes
// back from bytecode. The first byte says what the rest is put into, so that
// inputs spend their time in our parsers.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include <cstddef>
#include <cstdint>

using namespace mlir;

/// Longer texts only nest deeper.
static constexpr size_t longestText = 512;

/// A context, made anew from time to time: what it has uniqued it keeps.
static MLIRContext &freshContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (!context || ++uses % 20'000 == 0) {
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context->loadDialect<uwt::UWTDialect>();
    context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
      fuzzRequire(!diagnostic.str().empty(), "an error has no message");
    });
  }
  return *context;
}

template <typename Value> static std::string textOf(Value value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.print(stream);
  return text;
}

static void requireBytecode(Attribute attribute) {
  MLIRContext *context = attribute.getContext();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  (*module)->setAttr("test.value", attribute);
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  fuzzRequire(succeeded(writeBytecodeToFile(*module, stream)), "bytecode cannot be written");
  OwningOpRef<ModuleOp> again =
      parseSourceString<ModuleOp>(bytes, ParserConfig(context, /*verifyAfterParse=*/false));
  fuzzRequire(again && (*again)->getAttr("test.value") == attribute,
              "bytecode reads back differently");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0 || size > longestText)
    return 0;
  static constexpr StringLiteral frames[][2] = {
      {"!uwt.compressed<", ">"},
      {"#uwt.format<\"", "\">"},
      {"#uwt.strategy<", ">"},
      {"#uwt.slot<", ">"},
      {"#uwt.target<\"", "\">"},
      {"#uwt<", ">"},
      {"!uwt.", ""},
      {"#uwt.", ""},
  };
  const auto &frame = frames[data[0] % std::size(frames)];
  StringRef body(reinterpret_cast<const char *>(data) + 1, size - 1);
  std::string text = (frame[0] + body + frame[1]).str();

  MLIRContext &context = freshContext();
  if (text[0] == '!') {
    Type type = parseType(text, &context);
    if (!type)
      return 0;
    fuzzRequire(parseType(textOf(type), &context) == type, "a printed type parses differently");
    requireBytecode(TypeAttr::get(type));
    return 0;
  }
  Attribute attribute = parseAttribute(text, &context);
  if (!attribute)
    return 0;
  fuzzRequire(parseAttribute(textOf(attribute), &context) == attribute,
              "a printed attribute parses differently");
  requireBytecode(attribute);
  return 0;
}
