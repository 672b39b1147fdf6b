//===- CodeFolder.h - Compiled code, kept in files --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_CODEFOLDER_H
#define UWT_LIB_COMPILER_CODEFOLDER_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace uwt {

/// A folder of objects of one kind by keys of 64 hexadecimal digits. Who can write to it can run
/// code as us: it has to belong to this process's user, and nobody else may write to it; the same
/// holds for each file. Processes may use a folder at the same time: a file is there as a whole or
/// not at all.
class CodeFolder {
public:
  /// Makes the folder where it is missing, for its user alone. `kind` is in names and first lines
  /// of files: objects of other kinds are not seen. Errors: IO; Usage where somebody else owns it
  /// or may write to it.
  static Expected<CodeFolder> open(const std::string &path, const std::string &kind = "program");

  /// The object of `key`, or nothing where there is none or where it is damaged or not ours.
  std::optional<std::string> load(std::string_view key) const;
  /// Keeps `object`, and removes those used longest ago where all take more than `limit` bytes.
  Status store(std::string_view key, std::string_view object, uint64_t limit) const;

private:
  CodeFolder(std::string path, const std::string &kind)
      : path(std::move(path)), suffix(".uwt" + kind), firstLine("uwt " + kind + " 1\n") {}
  std::string fileOf(std::string_view key) const;
  void evict(uint64_t limit) const;
  std::string path, suffix, firstLine;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_CODEFOLDER_H
