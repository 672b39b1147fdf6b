//===- ModuleText.cpp - What text a parser may be given -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ModuleText.h"

using namespace uwt;

static constexpr unsigned deepestNesting = 500;
static constexpr size_t longestMap = 10'000;
static constexpr size_t longestNumber = 1'000;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
/// Whether `c` may go on a number or a name that `before` is of.
static bool goesOn(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '$';
}

/// MLIR's parser, verifier and passes recurse into what is nested, and the stack is finite; numbers
/// take the square of their length.
static Status checkTokens(std::string_view text, const std::string &name) {
  unsigned depth = 0, line = 1;
  bool inString = false, inComment = false;
  auto refuse = [&](const std::string &what) {
    return invalidError(name + ":" + std::to_string(line) + ": " + what);
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i], before = i ? text[i - 1] : ' ';
    line += c == '\n';
    if (c == '\n')
      inString = inComment = false;
    if (c == '"' && !inComment && before != '\\')
      inString = !inString;
    if (inString || inComment)
      continue;
    inComment = c == '/' && before == '/';
    if (isDigit(c) && !goesOn(before)) {
      size_t begin = i;
      while (i + 1 < text.size() && goesOn(text[i + 1]))
        ++i;
      if (i - begin >= longestNumber)
        return refuse("a number is longer than " + std::to_string(longestNumber) + " characters");
      continue;
    }
    bool isArrow = c == '>' && before == '-';
    if (c == '(' || c == '[' || c == '{' || c == '<')
      ++depth;
    else if ((c == ')' || c == ']' || c == '}' || (c == '>' && !isArrow)) && depth > 0)
      --depth;
    if (depth > deepestNesting)
      return refuse("nested deeper than " + std::to_string(deepestNesting) + " levels");
  }
  return uwt::success();
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
  return uwt::success();
}

Status uwt::checkModuleText(std::string_view text, const std::string &name) {
  // Bytecode begins with these four bytes.
  if (text.starts_with("ML\xefR"))
    return uwt::success();
  UWT_RETURN_IF_ERROR(checkTokens(text, name));
  return checkMaps(text, name);
}
