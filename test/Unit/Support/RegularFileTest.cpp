//===- RegularFileTest.cpp - Files that are read whole or half-written ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/RegularFile.h"
#include "TestFolders.h"
#include "uwt/Support/Temporaries.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace uwt;
using namespace uwt::test;

namespace {

TEST(TemporariesTest, AreRemovedUnlessForgotten) {
  TemporaryFolder folder;
  for (const char *name : {"a", "b", "c"})
    std::ofstream(folder / name) << name;
  for (const char *name : {"a", "b", "c"})
    rememberTemporary(folder / name);
  forgetTemporary(folder / "b");
  removeTemporaries();
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  EXPECT_TRUE(std::filesystem::exists(folder / "b"));
  EXPECT_FALSE(std::filesystem::exists(folder / "c"));
}

TEST(RegularFileTest, WaitsForNobody) {
  TemporaryFolder folder;
  std::string fifo = folder / "fifo", file = folder / "file";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string &path : {fifo, folder.path, std::string("/dev/zero")})
    EXPECT_EQ(readRegularFile(path, 100).error().message(), path + ": not a regular file");
  EXPECT_EQ(readRegularFile(file, 100).error().getKind(), ErrorKind::IO);
  std::ofstream(file) << "12345";
  EXPECT_EQ(*readRegularFile(file, 5), "12345");
  EXPECT_EQ(*readBegin(file, 2), "12");
  EXPECT_EQ(readRegularFile(file, 4).error().message(), file + ": more than 4 bytes");
}

} // namespace
