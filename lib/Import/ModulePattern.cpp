//===- ModulePattern.cpp - Patterns of names in configurations ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The automaton of Thompson, all states of a place at a time.
//
//===----------------------------------------------------------------------===//

#include "ModulePattern.h"
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

using namespace uwt;

/// Patterns in configurations have some dozens of letters.
static constexpr size_t maxPattern = 1024, maxStates = 8192;
static constexpr unsigned maxDepth = 32, maxRepeats = 256;

namespace uwt {

class PatternParser {
public:
  explicit PatternParser(std::string_view text) : text(text) {}

  Expected<ModulePattern> parse();

private:
  using State = ModulePattern::State;
  using Letters = ModulePattern::Letters;
  /// A part of the automaton, from its first state to its last one.
  struct Piece {
    uint32_t first, last;
  };
  struct Repeats {
    unsigned least, most;
    bool hasMost;
  };

  bool atEnd() const { return at == text.size(); }
  char peek() const { return atEnd() ? '\0' : text[at]; }
  bool take(std::string_view expected) {
    bool isNext = text.substr(at).starts_with(expected);
    at += isNext ? expected.size() : 0;
    return isNext;
  }
  Error refuse(const std::string &what) const {
    return unsupportedError("pattern '" + std::string(text) + "' has " + what +
                            ", which is not read");
  }

  Expected<Piece> alternatives(unsigned depth);
  Expected<Piece> sequence(unsigned depth);
  Expected<Piece> repeated(unsigned depth);
  Expected<Piece> atom(unsigned depth);
  Expected<Letters> letterClass();
  Expected<Letters> escape();
  Expected<std::optional<Repeats>> repeats();
  Expected<unsigned> number();
  Piece copied(Piece piece, uint32_t begin, uint32_t end);

  uint32_t add(State state = {}) {
    pattern.states.push_back(state);
    return static_cast<uint32_t>(pattern.states.size() - 1);
  }
  State &state(uint32_t index) { return pattern.states[index]; }
  Piece empty() {
    uint32_t only = add();
    return {only, only};
  }
  Piece lettersPiece(const Letters &letters) {
    uint32_t last = add(), first = add({true, letters, 0, last, ModulePattern::none});
    return {first, last};
  }
  /// `a`, then `b`.
  Piece joined(Piece a, Piece b) {
    state(a.last).next = b.first;
    return {a.first, b.last};
  }
  Piece optional(Piece piece) {
    uint32_t last = add(), first = add({false, {}, 0, piece.first, last});
    state(piece.last).next = last;
    return {first, last};
  }
  Piece anyTimes(Piece piece) {
    uint32_t last = add(), first = add({false, {}, 0, piece.first, last});
    state(piece.last).next = first;
    return {first, last};
  }

  std::string_view text;
  size_t at = 0;
  ModulePattern pattern;
};

} // namespace uwt

Expected<ModulePattern> PatternParser::parse() {
  if (text.size() > maxPattern)
    return unsupportedError("a pattern has more than " + std::to_string(maxPattern) + " letters");
  for (char letter : text)
    if (static_cast<unsigned char>(letter) >= 0x80)
      return refuse("letters beyond ASCII");
  UWT_ASSIGN_OR_RETURN(Piece whole, alternatives(0));
  if (!atEnd())
    return refuse("a ')' without '('");
  pattern.first = whole.first;
  pattern.last = whole.last;
  return std::move(pattern);
}

Expected<PatternParser::Piece> PatternParser::alternatives(unsigned depth) {
  if (depth > maxDepth)
    return refuse("groups more than " + std::to_string(maxDepth) + " deep");
  UWT_ASSIGN_OR_RETURN(Piece result, sequence(depth));
  while (take("|")) {
    UWT_ASSIGN_OR_RETURN(Piece other, sequence(depth));
    uint32_t last = add(), first = add({false, {}, 0, result.first, other.first});
    state(result.last).next = last;
    state(other.last).next = last;
    result = {first, last};
  }
  return result;
}

Expected<PatternParser::Piece> PatternParser::sequence(unsigned depth) {
  Piece result = empty();
  while (!atEnd() && peek() != '|' && peek() != ')') {
    UWT_ASSIGN_OR_RETURN(Piece next, repeated(depth));
    result = joined(result, next);
    if (pattern.states.size() > maxStates)
      return refuse("more repeats than " + std::to_string(maxStates) + " states have");
  }
  return result;
}

Expected<unsigned> PatternParser::number() {
  unsigned value = 0;
  size_t begin = at;
  for (; peek() >= '0' && peek() <= '9'; ++at) {
    value = value * 10 + static_cast<unsigned>(peek() - '0');
    if (value > maxRepeats)
      return refuse("more than " + std::to_string(maxRepeats) + " repeats");
  }
  return begin == at ? Expected<unsigned>(refuse("a '{' without numbers")) : value;
}

/// Returns what stands behind an atom, or nothing. Whether it is greedy does not change what
/// matches.
Expected<std::optional<PatternParser::Repeats>> PatternParser::repeats() {
  std::optional<Repeats> result;
  if (take("*")) {
    result = {0, 0, false};
  } else if (take("+")) {
    result = {1, 0, false};
  } else if (take("?")) {
    result = {0, 1, true};
  } else if (take("{")) {
    UWT_ASSIGN_OR_RETURN(unsigned least, number());
    result = {least, least, true};
    if (take(",")) {
      result->hasMost = peek() != '}';
      if (result->hasMost) {
        UWT_ASSIGN_OR_RETURN(result->most, number());
      }
    }
    if (!take("}") || (result->hasMost && result->most < result->least))
      return refuse("a '{' without an end");
  }
  if (!result)
    return result;
  take("?");
  if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')
    return refuse("repeats of repeats");
  return result;
}

/// The piece again, whose states are those from `begin` to `end`.
PatternParser::Piece PatternParser::copied(Piece piece, uint32_t begin, uint32_t end) {
  uint32_t offset = static_cast<uint32_t>(pattern.states.size()) - begin;
  auto moved = [&](uint32_t index) {
    return index == ModulePattern::none ? index : index + offset;
  };
  for (uint32_t i = begin; i < end; ++i) {
    State copy = state(i);
    copy.next = moved(copy.next);
    copy.other = moved(copy.other);
    add(copy);
  }
  return {moved(piece.first), moved(piece.last)};
}

Expected<PatternParser::Piece> PatternParser::repeated(unsigned depth) {
  auto begin = static_cast<uint32_t>(pattern.states.size());
  UWT_ASSIGN_OR_RETURN(Piece piece, atom(depth));
  auto end = static_cast<uint32_t>(pattern.states.size());
  UWT_ASSIGN_OR_RETURN(std::optional<Repeats> found, repeats());
  if (!found)
    return piece;
  unsigned count = found->hasMost ? found->most : found->least + 1;
  if (static_cast<uint64_t>(count) * (end - begin + 2) >
      maxStates - std::min<size_t>(maxStates, end))
    return refuse("more repeats than " + std::to_string(maxStates) + " states have");
  // All copies are made before any is linked.
  std::vector<Piece> pieces;
  for (unsigned i = 0; i < count; ++i)
    pieces.push_back(i == 0 ? piece : copied(piece, begin, end));
  Piece result = empty();
  for (unsigned i = 0; i < count; ++i) {
    bool isLoop = !found->hasMost && i == found->least;
    result = joined(result, isLoop             ? anyTimes(pieces[i])
                            : i < found->least ? pieces[i]
                                               : optional(pieces[i]));
  }
  return result;
}

Expected<PatternParser::Piece> PatternParser::atom(unsigned depth) {
  if (take("(")) {
    if (peek() == '?' && !take("?:"))
      return refuse("a group that begins with '(?'");
    UWT_ASSIGN_OR_RETURN(Piece inside, alternatives(depth + 1));
    if (!take(")"))
      return refuse("a '(' without ')'");
    return inside;
  }
  if (take("[")) {
    UWT_ASSIGN_OR_RETURN(Letters letters, letterClass());
    return lettersPiece(letters);
  }
  if (take("\\")) {
    UWT_ASSIGN_OR_RETURN(Letters letters, escape());
    return lettersPiece(letters);
  }
  char letter = text[at++];
  if (letter == '^' || letter == '$') {
    uint32_t last = add(), first = add({false, {}, letter, last, ModulePattern::none});
    return Piece{first, last};
  }
  if (letter == '*' || letter == '+' || letter == '?' || letter == '{')
    return refuse("a '" + std::string(1, letter) + "' behind nothing");
  Letters letters;
  if (letter == '.')
    letters.set().reset('\n');
  else
    letters.set(static_cast<unsigned char>(letter));
  return lettersPiece(letters);
}

/// Adds the bytes from one letter to another, which both count as numbers without a sign.
template <typename Letters> static void setRange(Letters &letters, char from, char to) {
  for (unsigned i = static_cast<unsigned char>(from); i <= static_cast<unsigned char>(to); ++i)
    letters.set(i);
}

/// Reads what follows a backslash.
Expected<PatternParser::Letters> PatternParser::escape() {
  if (atEnd())
    return refuse("a '\\' at its end");
  char letter = text[at++];
  Letters letters;
  auto range = [&](char from, char to) { setRange(letters, from, to); };
  bool isAlphanumeric = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                        (letter >= 'A' && letter <= 'Z');
  if (letter == 'd' || letter == 'w')
    range('0', '9');
  if (letter == 'w') {
    range('a', 'z');
    range('A', 'Z');
    letters.set('_');
  }
  if (letter == 's')
    for (char space : {' ', '\t', '\n', '\r', '\f', '\v'})
      letters.set(static_cast<size_t>(space));
  if (!isAlphanumeric)
    letters.set(static_cast<unsigned char>(letter));
  if (letters.none())
    return refuse("'\\" + std::string(1, letter) + "'");
  return letters;
}

/// Reads the letters in brackets.
Expected<PatternParser::Letters> PatternParser::letterClass() {
  Letters letters;
  bool isOther = take("^"), isFirst = true;
  for (; peek() != ']' || isFirst; isFirst = false) {
    if (atEnd())
      return refuse("a '[' without ']'");
    char from = text[at++];
    if (from == '[')
      return refuse("a '[' inside of '['");
    if (from == '\\') {
      UWT_ASSIGN_OR_RETURN(Letters escaped, escape());
      letters |= escaped;
      if (peek() == '-' && text.substr(at + 1, 1) != "]")
        return refuse("a range from an escape on");
      continue;
    }
    char to = from;
    if (peek() == '-' && at + 1 < text.size() && text[at + 1] != ']') {
      to = text[at + 1];
      at += 2;
      if (static_cast<unsigned char>(to) < static_cast<unsigned char>(from) || to == '\\')
        return refuse("a range that ends before it begins");
    }
    setRange(letters, from, to);
  }
  ++at;
  return isOther ? ~letters : letters;
}

Expected<ModulePattern> ModulePattern::parse(std::string_view text) {
  return PatternParser(text).parse();
}

bool ModulePattern::matches(std::string_view name) const {
  std::vector<uint32_t> here = {first}, next;
  std::vector<size_t> seenAt(states.size(), SIZE_MAX);
  for (size_t place = 0; place <= name.size(); ++place) {
    next.clear();
    for (size_t i = 0; i < here.size(); ++i) {
      uint32_t index = here[i];
      if (index == none || std::exchange(seenAt[index], place) == place)
        continue;
      if (index == last)
        return true;
      const State &state = states[index];
      if (state.hasLetters) {
        if (place < name.size() && state.letters[static_cast<unsigned char>(name[place])])
          next.push_back(state.next);
        continue;
      }
      bool isThere = state.anchor == 0 || (state.anchor == '^' && place == 0) ||
                     (state.anchor == '$' && place == name.size());
      if (isThere) {
        here.push_back(state.next);
        here.push_back(state.other);
      }
    }
    std::swap(here, next);
  }
  return false;
}
