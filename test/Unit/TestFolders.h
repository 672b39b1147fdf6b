//===- TestFolders.h - Where tests read and write ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_TESTFOLDERS_H
#define UWT_TEST_UNIT_TESTFOLDERS_H

#include <filesystem>
#include <string>

namespace uwt::test {

/// A new empty folder that is removed with everything in it. Tests run side by side, also the same
/// test twice: whatever a test writes lies in a folder of its own.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string operator/(const std::string &name) const { return path + "/" + name; }
  /// Leaves the folder there, for whoever looks at a failure.
  void keep() { isKept = true; }
  std::string path;

private:
  bool isKept = false;
};

/// The top of the source tree.
std::filesystem::path sourceFolder();

} // namespace uwt::test

#endif // UWT_TEST_UNIT_TESTFOLDERS_H
