//===- Syntax.cpp - Tokens and statements of PTX --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Syntax.h"
#include "llvm/ADT/StringExtras.h"
#include <bit>

using namespace llvm;

namespace uwt::emulator::ptx {

std::string atLine(const Twine &message, uint32_t line) {
  return (message + " (line " + Twine(line) + ")").str();
}

namespace {

class Lexer {
public:
  explicit Lexer(StringRef text) : text(text) {}

  Expected<std::vector<Token>> run() {
    while (true) {
      UWT_RETURN_IF_ERROR(skipSpace());
      if (position >= text.size())
        break;
      UWT_RETURN_IF_ERROR(lexToken());
    }
    tokens.push_back({Token::End, StringRef(), 0, line, 0});
    return std::move(tokens);
  }

private:
  char at(size_t index) const { return index < text.size() ? text[index] : '\0'; }
  static bool beginsWord(char c) { return isAlpha(c) || c == '_' || c == '$' || c == '%'; }

  void advance() {
    if (text[position++] == '\n') {
      ++line;
      lineBegin = position;
    }
  }

  Status skipSpace() {
    while (position < text.size()) {
      if (isSpace(text[position])) {
        advance();
      } else if (text.substr(position).starts_with("//")) {
        while (position < text.size() && text[position] != '\n')
          ++position;
      } else if (text.substr(position).starts_with("/*")) {
        UWT_RETURN_IF_ERROR(skipComment());
      } else {
        return ok();
      }
    }
    return ok();
  }

  Status skipComment() {
    uint32_t begin = line;
    while (!text.substr(position).starts_with("*/")) {
      if (position >= text.size())
        return invalidError(atLine("a comment has no end", begin));
      advance();
    }
    position += 2;
    return ok();
  }

  void push(Token::Kind kind, size_t end, uint64_t value = 0) {
    tokens.push_back(
        {kind, text.slice(position, end), value, line, uint32_t(position - lineBegin)});
    position = end;
  }

  Status lexToken() {
    char c = text[position];
    if (beginsWord(c) || (c == '.' && beginsWord(at(position + 1))))
      return lexWord();
    if (isDigit(c))
      return lexNumber();
    if (c == '"')
      return lexString();
    if (!StringRef(",;{}[]()@!|<>+-=:").contains(c))
      return invalidError(atLine("'" + Twine(c) + "' is no character of PTX", line));
    push(Token::Punctuation, position + 1);
    return ok();
  }

  Status lexWord() {
    size_t end = position + 1;
    while (true) {
      if (beginsWord(at(end)) || isDigit(at(end)) || at(end) == '.')
        ++end;
      else if (at(end) == ':' && at(end + 1) == ':')
        end += 2;
      else
        break;
    }
    push(Token::Word, end);
    return ok();
  }

  Status lexString() {
    size_t end = text.find_first_of("\"\n", position + 1);
    if (at(end) != '"')
      return invalidError(atLine("a string has no end", line));
    push(Token::String, end + 1);
    return ok();
  }

  Status lexNumber() {
    size_t end = position;
    while (isAlnum(at(end)) || at(end) == '.' ||
           ((at(end) == '-' || at(end) == '+') && isExponent(end)))
      ++end;
    StringRef number = text.slice(position, end);
    uint64_t value = 0;
    double real = 0;
    if (isHexFloat(number, 'f', 8)) {
      (void)number.drop_front(2).getAsInteger(16, value);
      push(Token::Float32, end, value);
    } else if (isHexFloat(number, 'd', 16)) {
      (void)number.drop_front(2).getAsInteger(16, value);
      push(Token::Float64, end, value);
    } else if (StringRef digits = number.ends_with("U") ? number.drop_back() : number;
               !digits.getAsInteger(0, value)) {
      push(Token::Integer, end, value);
    } else if (number.find_first_of(".eE") != StringRef::npos && !number.getAsDouble(real)) {
      push(Token::Float64, end, std::bit_cast<uint64_t>(real));
    } else {
      return invalidError(atLine("'" + number + "' is no number", line));
    }
    return ok();
  }

  /// Whether the sign at `end` belongs to a decimal exponent: "1.0e-3".
  bool isExponent(size_t end) const {
    StringRef number = text.slice(position, end);
    return (number.ends_with("e") || number.ends_with("E")) && number.contains('.');
  }

  static bool isHexFloat(StringRef number, char letter, size_t digits) {
    return number.size() == digits + 2 && number[0] == '0' && toLower(number[1]) == letter &&
           all_of(number.drop_front(2), [](char c) { return isHexDigit(c); });
  }

  StringRef text;
  size_t position = 0, lineBegin = 0;
  uint32_t line = 1;
  std::vector<Token> tokens;
};

} // namespace

Expected<std::vector<Token>> tokenize(StringRef text) { return Lexer(text).run(); }

bool TokenStream::take(char c) {
  if (!peek().is(c))
    return false;
  ++position;
  return true;
}

bool TokenStream::take(StringRef word) {
  if (!peek().isWord(word))
    return false;
  ++position;
  return true;
}

static Error expected(const Twine &what, const Token &found) {
  std::string text = found.kind == Token::End ? "the end" : ("'" + found.text + "'").str();
  return invalidError(atLine("expected " + what + ", found " + text, found.line));
}

Status TokenStream::expect(char c) {
  if (!take(c))
    return expected("'" + Twine(c) + "'", peek());
  return ok();
}

Expected<StringRef> TokenStream::expectWord() {
  if (peek().kind != Token::Word)
    return expected("a name", peek());
  return next().text;
}

Expected<uint64_t> TokenStream::expectInteger() {
  bool isNegative = take('-');
  if (peek().kind != Token::Integer)
    return expected("an integer", peek());
  uint64_t value = next().value;
  return isNegative ? 0 - value : value;
}

void TokenStream::skipLine() {
  uint32_t line = peek().line;
  while (!isAtEnd() && peek().line == line)
    ++position;
}

Status TokenStream::skipBlock() {
  for (unsigned depth = 1; depth;) {
    if (isAtEnd())
      return expected("'}'", peek());
    const Token &token = next();
    depth += token.is('{');
    depth -= token.is('}');
  }
  return ok();
}

Expected<Statement> TokenStream::parseStatement() {
  Statement statement;
  if (take('@')) {
    statement.isGuardNegated = take('!');
    UWT_ASSIGN_OR_RETURN(statement.guard, expectWord());
  }
  statement.line = peek().line;
  UWT_ASSIGN_OR_RETURN(statement.opcode, expectWord());
  bool isPaired = false;
  while (!take(';')) {
    if (!statement.arguments.empty() && !isPaired)
      UWT_RETURN_IF_ERROR(expect(','));
    UWT_ASSIGN_OR_RETURN(Argument argument, parseArgument());
    argument.isPaired = isPaired;
    statement.arguments.push_back(std::move(argument));
    isPaired = take('|');
  }
  if (isPaired)
    return invalidError(atLine("expected a name behind '|'", statement.line));
  return statement;
}

Expected<Argument> TokenStream::parseArgument() {
  if (take('[')) {
    UWT_ASSIGN_OR_RETURN(Argument address, parseAddress());
    UWT_RETURN_IF_ERROR(expect(']'));
    return address;
  }
  if (!take('{'))
    return parseNumberOrName();
  Argument vector;
  vector.kind = Argument::Vector;
  do {
    UWT_ASSIGN_OR_RETURN(Argument element, parseNumberOrName());
    vector.elements.push_back(std::move(element));
  } while (take(','));
  UWT_RETURN_IF_ERROR(expect('}'));
  return vector;
}

Expected<Argument> TokenStream::parseNumberOrName() {
  Argument argument;
  if (take('!'))
    argument.isNegated = true;
  if (peek().kind == Token::Word) {
    argument.name = next().text;
    argument.kind = argument.name == "_" ? Argument::Sink : Argument::Name;
    UWT_ASSIGN_OR_RETURN(argument.value, parseAddend());
    return argument;
  }
  bool isNegative = take('-');
  const Token &token = peek();
  argument.value = token.value;
  if (token.kind == Token::Integer) {
    argument.kind = Argument::Integer;
    argument.value = isNegative ? 0 - token.value : token.value;
  } else if (token.kind == Token::Float32) {
    argument.kind = Argument::Float32;
    argument.value ^= uint64_t(isNegative) << 31;
  } else if (token.kind == Token::Float64) {
    argument.kind = Argument::Float64;
    argument.value ^= uint64_t(isNegative) << 63;
  } else {
    return expected("an operand", token);
  }
  next();
  return argument;
}

/// "+8", "-8", "+-8", or nothing.
Expected<uint64_t> TokenStream::parseAddend() {
  if (!peek().is('+') && !peek().is('-'))
    return uint64_t(0);
  take('+');
  return expectInteger();
}

Expected<Argument> TokenStream::parseAddress() {
  UWT_ASSIGN_OR_RETURN(Argument address, parseNumberOrName());
  if (address.isNegated || (address.kind != Argument::Name && address.kind != Argument::Integer))
    return expected("an address", peek());
  address.kind = Argument::Address;
  return address;
}

} // namespace uwt::emulator::ptx
