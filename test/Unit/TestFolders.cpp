//===- TestFolders.cpp - Where tests read and write -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestFolders.h"
#include <stdlib.h>

namespace uwt::test {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "uwt-test-XXXXXX").string();
  path = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  if (isKept)
    return;
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

// Not from __FILE__, which ccache makes relative to the folder of the build where it is told to.
std::filesystem::path sourceFolder() { return UWT_TEST_SOURCE_DIR; }

} // namespace uwt::test
