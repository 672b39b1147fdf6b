//===- Syntax.h - Words of PTX ----------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX text as tokens and statements (PTX ISA, chapter "Syntax"), before any name has a meaning.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_SYNTAX_H
#define UWT_LIB_EMULATOR_PTX_SYNTAX_H

#include "uwt/Support/Error.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include <cstdint>
#include <string>
#include <vector>

namespace uwt::emulator::ptx {

struct Token {
  /// A word is an identifier, an opcode with its modifiers, or a directive: "%tid.x", ".reg".
  enum Kind : uint8_t { Word, Integer, Float32, Float64, String, Punctuation, End };
  Kind kind = End;
  llvm::StringRef text;
  /// Of a number: its bits; of a Float64, those of the double.
  uint64_t value = 0;
  /// From 1.
  uint32_t line = 0;
  /// In `Program::lines`, from 0: where the token begins.
  uint32_t column = 0;

  bool is(char c) const { return kind == Punctuation && text[0] == c; }
  bool isWord(llvm::StringRef word) const { return kind == Word && text == word; }
};

/// An operand as it is written.
struct Argument {
  enum Kind : uint8_t { Name, Integer, Float32, Float64, Vector, Address, Sink };
  Kind kind = Name;
  /// Behind `|`: the second result of the argument before it.
  bool isPaired = false;
  /// `!%p1`.
  bool isNegated = false;
  /// Name; the base of an Address, empty where that is a number.
  llvm::StringRef name;
  /// Number: its bits. Name, Address: what is added.
  uint64_t value = 0;
  std::vector<Argument> elements;
};

/// An instruction as it is written.
struct Statement {
  /// "ld.global.b32".
  llvm::StringRef opcode;
  llvm::StringRef guard;
  bool isGuardNegated = false;
  std::vector<Argument> arguments;
  uint32_t line = 0;
};

/// "… (line 17)".
std::string atLine(const llvm::Twine &message, uint32_t line);

/// Splits text into tokens; the last one is an End. Errors: Invalid, a character or number that
/// PTX does not have, or a comment or string that has no end.
Expected<std::vector<Token>> tokenize(llvm::StringRef text);

/// Goes through tokens. What it expects and does not find is an Invalid error with the line.
class TokenStream {
public:
  explicit TokenStream(std::vector<Token> tokens) : tokens(std::move(tokens)) {}

  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(position + ahead, tokens.size() - 1)];
  }
  const Token &next() { return tokens[std::min(position++, tokens.size() - 1)]; }
  bool isAtEnd() const { return peek().kind == Token::End; }

  /// Takes the next token if it is `c`, or this word.
  bool take(char c);
  bool take(llvm::StringRef word);
  Status expect(char c);
  Expected<llvm::StringRef> expectWord();
  Expected<uint64_t> expectInteger();

  /// Leaves out the tokens of this line from the next on.
  void skipLine();
  /// Leaves out all up to the brace that ends the block; the opening one has been taken.
  Status skipBlock();

  /// An instruction up to and with its semicolon.
  Expected<Statement> parseStatement();

private:
  Expected<Argument> parseArgument();
  Expected<Argument> parseNumberOrName();
  Expected<Argument> parseAddress();
  Expected<uint64_t> parseAddend();

  std::vector<Token> tokens;
  size_t position = 0;
};

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_SYNTAX_H
