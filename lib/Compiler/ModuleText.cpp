//===- ModuleText.cpp - What text a parser may be given -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ModuleText.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace uwt;

static constexpr unsigned deepestNesting = 500;
static constexpr size_t longestMap = 10'000;
static constexpr size_t longestNumber = 1'000;
/// Of an integer of 64 bits, whatever its digits.
static constexpr size_t longestInteger = 18;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
/// Whether `c` may be in a word: a keyword, the name of an operation, a number.
static bool isInWord(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '$';
}

namespace {

/// Walks over the tokens of a module's text.
class TokenCheck {
public:
  TokenCheck(std::string_view text, const std::string &name) : text(text), name(name) {}

  Status run();

private:
  char current() const { return at < text.size() ? text[at] : '\0'; }
  void skipSpacesAndComments();
  void skipString();
  std::string_view takeWord();
  Status checkWord(char before);
  bool take(char c);
  bool takeInteger();
  Status checkIntegers(std::string_view keyword);
  Status checkArray();
  Status checkNesting(char before);
  Status refuse(const std::string &what) const {
    return invalidError(name + ":" + std::to_string(line) + ": " + what);
  }

  std::string_view text;
  const std::string &name;
  size_t at = 0;
  unsigned line = 1, depth = 0;
};

} // namespace

Status TokenCheck::run() {
  char before = '\0';
  for (skipSpacesAndComments(); at < text.size(); skipSpacesAndComments()) {
    char c = current();
    if (c == '"')
      skipString();
    else if (isInWord(c))
      UWT_RETURN_IF_ERROR(checkWord(before));
    else
      UWT_RETURN_IF_ERROR(checkNesting(before));
    before = c;
  }
  return ok();
}

void TokenCheck::skipSpacesAndComments() {
  for (; at < text.size(); ++at) {
    if (text.substr(at).starts_with("//"))
      at = std::min(text.find('\n', at), text.size());
    char c = current();
    line += c == '\n';
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
      return;
  }
}

/// A string ends with its line at the latest.
void TokenCheck::skipString() {
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n')
      ++at;
    else if (text[at] == '"') {
      ++at;
      return;
    }
  }
}

std::string_view TokenCheck::takeWord() {
  size_t begin = at;
  while (isInWord(current()))
    ++at;
  return text.substr(begin, at - begin);
}

/// Numbers take the square of their length to read.
Status TokenCheck::checkWord(char before) {
  std::string_view word = takeWord();
  if (isDigit(word.front()) && word.size() > longestNumber)
    return refuse("a number is longer than " + std::to_string(longestNumber) + " characters");
  // Keywords, not names of values and the like, nor entries of a dictionary.
  bool isKeyword = std::string_view("%^#!@{,").find(before) == std::string_view::npos;
  if (isKeyword && (word == "permutation" || word == "dimensions"))
    return checkIntegers(word);
  return word == "array" ? checkArray() : ok();
}

/// Takes `c` if it is the next token.
bool TokenCheck::take(char c) {
  skipSpacesAndComments();
  bool isThere = current() == c;
  at += isThere;
  return isThere;
}

bool TokenCheck::takeInteger() {
  take('-');
  skipSpacesAndComments();
  std::string_view word = takeWord();
  return !word.empty() && word.size() <= longestInteger && llvm::all_of(word, isDigit);
}

/// The parsers of linalg.transpose, linalg.broadcast and linalg.reduce use what was read after
/// these keywords, also where it is no list of integers.
Status TokenCheck::checkIntegers(std::string_view keyword) {
  if (!take('='))
    return ok();
  bool isList = take('[');
  if (isList && !take(']')) {
    do
      isList = takeInteger();
    while (isList && take(','));
    isList = isList && take(']');
  }
  if (!isList)
    return refuse("expected '" + std::string(keyword) + " = [', integers and ']'");
  return ok();
}

/// The parser asks any type of elements for its width, also one that has none.
Status TokenCheck::checkArray() {
  if (!take('<'))
    return ok();
  ++depth;
  skipSpacesAndComments();
  // A digit begins the size of one of LLVM's arrays.
  if (isDigit(current()))
    return ok();
  std::string_view type = takeWord();
  if (!llvm::is_contained({"i1", "i8", "i16", "i32", "i64", "f32", "f64"}, type))
    return refuse("expected the type i1, i8, i16, i32, i64, f32 or f64 after 'array<'");
  return ok();
}

/// MLIR's parser, verifier and passes recurse into what is nested, and the stack is finite.
Status TokenCheck::checkNesting(char before) {
  char c = text[at++];
  bool isArrow = c == '>' && before == '-';
  if (c == '(' || c == '[' || c == '{' || c == '<')
    ++depth;
  else if ((c == ')' || c == ']' || c == '}' || (c == '>' && !isArrow)) && depth > 0)
    --depth;
  if (depth > deepestNesting)
    return refuse("nested deeper than " + std::to_string(deepestNesting) + " levels");
  return ok();
}

/// Each operator of an affine expression nests it deeper.
static Status checkMaps(std::string_view text, const std::string &name) {
  for (size_t at = 0; (at = text.find("affine_", at)) != std::string_view::npos; ++at) {
    std::string_view rest = text.substr(at, longestMap);
    if (!rest.starts_with("affine_map<") && !rest.starts_with("affine_set<"))
      continue;
    size_t end = rest.find('>');
    // Comparisons and arrows hold the character, too.
    while (end != std::string_view::npos &&
           (rest[end - 1] == '-' || rest.substr(end).starts_with(">=")))
      end = rest.find('>', end + 1);
    if (end == std::string_view::npos && rest.size() == longestMap)
      return invalidError(name + ": an affine map is longer than " + std::to_string(longestMap) +
                          " characters");
  }
  return ok();
}

Status uwt::checkModuleText(std::string_view text, const std::string &name) {
  UWT_RETURN_IF_ERROR(TokenCheck(text, name).run());
  return checkMaps(text, name);
}
