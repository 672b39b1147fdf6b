//===- ChangedFileTest.cpp - Files that change between two reads ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "uwt/Container/Safetensors.h"
#include <fstream>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

class ChangedFileTest : public testing::TestWithParam<std::string> {};

/// Writes bytes of one value over a tensor of a file, whose size stays.
void overwrite(const std::string &path, const std::string &tensor, char value) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  ASSERT_TRUE(holds(file));
  const SafetensorsTensor *found = file->header().find(tensor);
  ASSERT_NE(found, nullptr);
  std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
  uint64_t length = 0;
  for (unsigned i = 0; i < 8; ++i)
    length |= static_cast<uint64_t>(stream.get()) << (8 * i);
  stream.seekp(static_cast<std::streamoff>(8 + length + found->begin));
  stream << std::string(found->bytes(), value);
}

/// What a recipe has read when a weight was found holds until it is decoded (A18): another file is
/// other values, or an error.
TEST_P(ChangedFileTest, IsAWeightOrAnError) {
  constexpr uint64_t maxBytes = 4096;
  EditedCheckpoint edited(GetParam());
  for (const TestTensor &tensor : edited.tensors) {
    if (tensor.bytes.empty() || tensor.bytes.size() > maxBytes)
      continue;
    for (char value : {'\xff', '9', '\0'}) {
      TemporaryFolder folder;
      std::string path = edited.write(folder);
      OpenedCheckpoint opened(path);
      ASSERT_NE(opened.weight(), nullptr);
      overwrite(folder / "model.safetensors", tensor.name, value);
      Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::F32);
      EXPECT_TRUE(!bytes || !bytes->empty()) << tensor.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Packers, ChangedFileTest, testing::ValuesIn(goldenNames()),
                         goldenTestName);

} // namespace
