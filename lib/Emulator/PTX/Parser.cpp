//===- Parser.cpp - Modules, entries and declarations of PTX --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, chapters "Directives" and "State Spaces, Types, and Variables".
//
//===----------------------------------------------------------------------===//

#include "Builder.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace uwt::emulator::ptx {

/// Bits of a fundamental type, 1 of a predicate, 0 of what is none.
static unsigned typeBits(StringRef type) {
  return llvm::StringSwitch<unsigned>(type)
      .Case(".pred", 1)
      .Cases({".b8", ".u8", ".s8"}, 8)
      .Cases({".b16", ".u16", ".s16", ".f16", ".bf16"}, 16)
      .Cases({".b32", ".u32", ".s32", ".f32", ".f16x2", ".bf16x2"}, 32)
      .Cases({".b64", ".u64", ".s64", ".f64"}, 64)
      .Default(0);
}

static Error unknownDirective(const Token &token) {
  return unsupportedError(
      atLine("directive '" + token.text + "' is not known to the emulator", token.line));
}

namespace {

class Parser {
public:
  Parser(StringRef text, std::vector<Token> tokens) : stream(std::move(tokens)) {
    for (StringRef rest = text; !rest.empty();) {
      auto [line, behind] = rest.split('\n');
      lines.push_back(line.str());
      rest = behind;
    }
  }

  Expected<std::vector<Program>> run() {
    while (!stream.isAtEnd())
      UWT_RETURN_IF_ERROR(parseModuleDirective());
    return std::move(programs);
  }

private:
  Status parseModuleDirective();
  Expected<bool> skipDebug();
  Status parseTarget();
  Status parseEntry();
  Status parseParameters(Builder &builder);
  Status parsePerformance(Builder &builder);
  Status parseSizes(std::array<uint32_t, 3> &sizes);
  Status parseBody(Builder &builder);
  Status parseBodyItem(Builder &builder, unsigned &depth);
  Status parseBodyDirective(Builder &builder);
  Status parseRegisters(Builder &builder);
  Expected<Variable> parseVariable();

  /// Shared variables of the module are variables of each entry.
  struct ModuleVariable {
    Variable variable;
    bool isExtern = false;
  };

  TokenStream stream;
  std::vector<std::string> lines;
  std::string target;
  std::vector<ModuleVariable> shared;
  std::vector<Program> programs;
};

} // namespace

Status Parser::parseModuleDirective() {
  UWT_ASSIGN_OR_RETURN(bool isDebug, skipDebug());
  if (isDebug)
    return ok();
  bool isExtern = false;
  while (stream.peek().isWord(".visible") || stream.peek().isWord(".weak") ||
         stream.peek().isWord(".extern"))
    isExtern |= stream.next().text == ".extern";
  Token token = stream.next();
  if (token.isWord(".version")) {
    shared.clear();
    stream.next();
    return ok();
  }
  if (token.isWord(".target"))
    return parseTarget();
  if (token.isWord(".address_size")) {
    UWT_ASSIGN_OR_RETURN(uint64_t bits, stream.expectInteger());
    if (bits != 64)
      return unsupportedError(atLine(
          "addresses of " + Twine(bits) + " bits are not known to the emulator", token.line));
    return ok();
  }
  if (token.isWord(".entry"))
    return parseEntry();
  if (!token.isWord(".shared"))
    return token.kind == Token::Word && token.text.starts_with(".")
               ? unknownDirective(token)
               : invalidError(
                     atLine("expected a directive, found '" + token.text + "'", token.line));
  UWT_ASSIGN_OR_RETURN(Variable variable, parseVariable());
  shared.push_back({variable, isExtern});
  return stream.expect(';');
}

/// Whether what comes next has no meaning for execution; it has been taken.
Expected<bool> Parser::skipDebug() {
  const Token &token = stream.peek();
  if (token.isWord(".loc") || token.isWord(".file")) {
    stream.skipLine();
    return true;
  }
  if (stream.take(".pragma")) {
    while (!stream.isAtEnd() && !stream.take(';'))
      stream.next();
    return true;
  }
  if (!stream.take(".section"))
    return false;
  while (!stream.isAtEnd() && !stream.take('{'))
    stream.next();
  UWT_RETURN_IF_ERROR(stream.skipBlock());
  return true;
}

Status Parser::parseTarget() {
  UWT_ASSIGN_OR_RETURN(StringRef name, stream.expectWord());
  target = name.str();
  while (stream.take(','))
    UWT_RETURN_IF_ERROR(stream.expectWord());
  return ok();
}

Status Parser::parseEntry() {
  Builder builder;
  UWT_ASSIGN_OR_RETURN(StringRef name, stream.expectWord());
  builder.program.name = name.str();
  builder.program.target = target;
  builder.program.lines = lines;
  for (const ModuleVariable &variable : shared)
    UWT_RETURN_IF_ERROR(builder.declareShared(variable.variable, variable.isExtern));
  builder.beginScope();
  if (stream.take('('))
    UWT_RETURN_IF_ERROR(parseParameters(builder));
  while (!stream.take('{'))
    UWT_RETURN_IF_ERROR(parsePerformance(builder));
  UWT_RETURN_IF_ERROR(parseBody(builder));
  UWT_RETURN_IF_ERROR(builder.finish());
  programs.push_back(std::move(builder.program));
  return ok();
}

/// ".param .u64 .ptr .global .align 1 name, …)".
Status Parser::parseParameters(Builder &builder) {
  if (stream.take(')'))
    return ok();
  do {
    if (!stream.take(".param"))
      return invalidError(atLine("expected '.param'", stream.peek().line));
    UWT_ASSIGN_OR_RETURN(Variable parameter, parseVariable());
    UWT_RETURN_IF_ERROR(builder.declareParameter(parameter));
  } while (stream.take(','));
  return stream.expect(')');
}

/// What stands between the parameters of an entry and its body.
Status Parser::parsePerformance(Builder &builder) {
  UWT_ASSIGN_OR_RETURN(bool isDebug, skipDebug());
  if (isDebug)
    return ok();
  if (stream.isAtEnd())
    return stream.expect('{');
  Token token = stream.next();
  Program &program = builder.program;
  if (token.isWord(".reqntid")) {
    program.isMaximum = false;
    return parseSizes(program.blockSize);
  }
  if (token.isWord(".maxntid")) {
    std::array<uint32_t, 3> sizes;
    UWT_RETURN_IF_ERROR(parseSizes(sizes));
    if (program.blockSize[0])
      return ok();
    program.blockSize = sizes;
    program.isMaximum = true;
    return ok();
  }
  if (token.isWord(".reqnctapercluster"))
    return parseSizes(program.clusterSize);
  if (token.isWord(".explicitcluster"))
    return ok();
  for (StringRef name : {".minnctapersm", ".maxnctapersm", ".maxnreg", ".maxclusterrank"})
    if (token.isWord(name)) {
      UWT_RETURN_IF_ERROR(stream.expectInteger());
      return ok();
    }
  return unknownDirective(token);
}

Status Parser::parseSizes(std::array<uint32_t, 3> &sizes) {
  sizes = {1, 1, 1};
  for (uint32_t &size : sizes) {
    UWT_ASSIGN_OR_RETURN(uint64_t value, stream.expectInteger());
    size = uint32_t(value);
    if (!stream.take(','))
      break;
  }
  return ok();
}

Status Parser::parseBody(Builder &builder) {
  builder.beginScope();
  for (unsigned depth = 1; depth;)
    UWT_RETURN_IF_ERROR(parseBodyItem(builder, depth));
  return ok();
}

Status Parser::parseBodyItem(Builder &builder, unsigned &depth) {
  UWT_ASSIGN_OR_RETURN(bool isDebug, skipDebug());
  if (isDebug)
    return ok();
  Token token = stream.peek();
  if (stream.take('{')) {
    ++depth;
    builder.beginScope();
    return ok();
  }
  if (stream.take('}')) {
    --depth;
    return builder.endScope(token.line);
  }
  if (token.kind == Token::Word && stream.peek(1).is(':')) {
    stream.next();
    stream.next();
    return builder.declareLabel(token.text, token.line);
  }
  if (token.kind == Token::Word && token.text.starts_with("."))
    return parseBodyDirective(builder);
  UWT_ASSIGN_OR_RETURN(Statement statement, stream.parseStatement());
  return decode(builder, statement);
}

Status Parser::parseBodyDirective(Builder &builder) {
  bool isExtern = stream.take(".extern");
  Token token = stream.next();
  if (token.isWord(".reg"))
    return parseRegisters(builder);
  bool isOfBlock = token.isWord(".shared");
  if (!isOfBlock && !token.isWord(".local"))
    return unknownDirective(token);
  UWT_ASSIGN_OR_RETURN(Variable variable, parseVariable());
  UWT_RETURN_IF_ERROR(isOfBlock ? builder.declareShared(variable, isExtern)
                                : builder.declareLocal(variable));
  return stream.expect(';');
}

/// ".b32 %r<18>, name;": registers %r0 … %r17 and one of another name.
Status Parser::parseRegisters(Builder &builder) {
  Token type = stream.next();
  unsigned bits = typeBits(type.text);
  if (!bits)
    return unsupportedError(
        atLine("registers of type '" + type.text + "' are not known to the emulator", type.line));
  do {
    uint32_t line = stream.peek().line;
    UWT_ASSIGN_OR_RETURN(StringRef name, stream.expectWord());
    if (!stream.take('<')) {
      UWT_RETURN_IF_ERROR(builder.declareRegister(name, bits, line));
      continue;
    }
    UWT_ASSIGN_OR_RETURN(uint64_t count, stream.expectInteger());
    UWT_RETURN_IF_ERROR(stream.expect('>'));
    if (count > 1u << 16)
      return invalidError(atLine(Twine(count) + " registers are more than a thread has", line));
    for (uint64_t i = 0; i < count; ++i)
      UWT_RETURN_IF_ERROR(builder.declareRegister((name + Twine(i)).str(), bits, line));
  } while (stream.take(','));
  return stream.expect(';');
}

/// "[.align N] .type [.ptr [.space] [.align N]] name[N][M]".
Expected<Variable> Parser::parseVariable() {
  Variable variable;
  uint64_t alignment = 0;
  if (stream.take(".align")) {
    UWT_ASSIGN_OR_RETURN(alignment, stream.expectInteger());
  }
  Token type = stream.next();
  variable.bytes = typeBits(type.text) / 8;
  if (!variable.bytes)
    return unsupportedError(
        atLine("variables of type '" + type.text + "' are not known to the emulator", type.line));
  variable.alignment = alignment ? alignment : variable.bytes;
  if (!isPowerOf2_64(variable.alignment))
    return invalidError(atLine("alignment " + Twine(alignment) + " is no power of two", type.line));
  if (stream.take(".ptr")) {
    for (StringRef space : {".global", ".shared", ".local", ".const"})
      stream.take(space);
    if (stream.take(".align"))
      UWT_RETURN_IF_ERROR(stream.expectInteger());
  }
  variable.line = stream.peek().line;
  UWT_ASSIGN_OR_RETURN(variable.name, stream.expectWord());
  while (stream.take('[')) {
    if (stream.take(']')) {
      variable.isUnsized = true;
      continue;
    }
    UWT_ASSIGN_OR_RETURN(uint64_t count, stream.expectInteger());
    if (count > 1u << 30)
      return invalidError(atLine("'" + variable.name + "' is too large", variable.line));
    variable.bytes *= count;
    UWT_RETURN_IF_ERROR(stream.expect(']'));
  }
  return variable;
}

Expected<std::vector<Program>> parsePtx(StringRef text) {
  UWT_ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  UWT_ASSIGN_OR_RETURN(std::vector<Program> programs, Parser(text, std::move(tokens)).run());
  return programs;
}

} // namespace uwt::emulator::ptx
