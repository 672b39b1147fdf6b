//===- ModulePattern.h - Patterns of names in configurations ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Configurations name modules by regular expressions of Python. Those of a safe subset are matched
// in time that grows with pattern times name, whatever both are.
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_MODULEPATTERN_H
#define UWT_LIB_IMPORT_MODULEPATTERN_H

#include "uwt/Support/Error.h"
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace uwt {

/// A regular expression of letters, `.`, classes, groups, `|`, `*`, `+`, `?`, `{m,n}`, `^`, `$`,
/// and the escapes of these and of \d, \w and \s.
class ModulePattern {
public:
  /// Errors: Unsupported (what is not of the subset, or too long).
  static Expected<ModulePattern> parse(std::string_view text);

  /// Returns whether it matches `name` from the beginning on, as Python's `re.match` does.
  bool matches(std::string_view name) const;

private:
  friend class PatternParser;

  using Letters = std::bitset<256>;
  /// A state of an automaton. Of a step with letters `next` follows on one of these; of others both
  /// follow without a letter, unless the place is none that `anchor` names.
  struct State {
    bool hasLetters = false;
    Letters letters = {};
    /// 0, or '^' or '$'.
    char anchor = 0;
    uint32_t next = none, other = none;
  };
  static constexpr uint32_t none = UINT32_MAX;

  std::vector<State> states;
  uint32_t first = none, last = none;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_MODULEPATTERN_H
