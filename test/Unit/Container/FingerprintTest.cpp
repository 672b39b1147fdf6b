//===- FingerprintTest.cpp - What changes a fingerprint -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Fingerprint.h"
#include "TestFolders.h"
#include <fstream>
#include <functional>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;
namespace fs = std::filesystem;

namespace {

void write(const std::string &path, const std::string &text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// Writes other bytes of the same number into a file, and sets its time back.
void rewriteUnseen(const std::string &path) {
  auto time = fs::last_write_time(path);
  std::string text(fs::file_size(path), '#');
  std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << text;
  fs::last_write_time(path, time);
}

/// Puts another file of the same size and time in its place.
void replaceUnseen(const std::string &path) {
  auto time = fs::last_write_time(path);
  write(path + ".new", std::string(fs::file_size(path), '#'));
  fs::last_write_time(path + ".new", time);
  fs::rename(path + ".new", path);
}

class FingerprintTest : public testing::Test {
protected:
  FingerprintTest() {
    write(model / "a.safetensors", "weights");
    write(model / "b/c.safetensors", "others");
    for (const char *name : {"config.json", "quantize_config.json", "hf_quant_config.json",
                             "model.safetensors.index.json", "uwt.json", "b/config.json"})
      write(model / name, "{\"a\": 1}");
    write(model / "README.md", "text");
  }
  void expectChange(const std::string &path, const std::function<void()> &change,
                    const std::string &what) {
    auto before = fingerprintOf(path);
    ASSERT_TRUE(before);
    EXPECT_EQ(fingerprintOf(path), before) << what;
    change();
    EXPECT_NE(fingerprintOf(path), before) << what;
  }
  TemporaryFolder model;
};

TEST_F(FingerprintTest, EveryFileThatShapesAFolderChangesIt) {
  for (const char *name :
       {"a.safetensors", "b/c.safetensors", "config.json", "quantize_config.json",
        "hf_quant_config.json", "model.safetensors.index.json", "uwt.json", "b/config.json"}) {
    std::string file = model / name;
    expectChange(model.path, [&] { rewriteUnseen(file); }, std::string(name) + " rewritten");
    if (file.ends_with(".safetensors"))
      expectChange(model.path, [&] { replaceUnseen(file); }, std::string(name) + " replaced");
    expectChange(model.path, [&] { fs::remove(file); }, std::string(name) + " removed");
  }
  auto before = fingerprintOf(model.path);
  rewriteUnseen(model / "README.md");
  EXPECT_EQ(fingerprintOf(model.path), before);
}

TEST_F(FingerprintTest, OfAFileCountsWhatLiesBesideIt) {
  std::string file = model / "a.safetensors";
  for (const char *name : {"a.safetensors", "config.json", "quantize_config.json",
                           "hf_quant_config.json", "model.safetensors.index.json"})
    expectChange(file, [&] { rewriteUnseen(model / name); }, name);
  auto before = fingerprintOf(file);
  rewriteUnseen(model / "b/c.safetensors");
  write(model / "log.json", "{}");
  EXPECT_EQ(fingerprintOf(file), before);
}

TEST_F(FingerprintTest, OfOnnxCountsAnyFileBelowItsFolder) {
  write(model / "m.onnx", "onnx");
  write(model / "data/weights.bin", "bytes");
  expectChange(model / "m.onnx", [&] { rewriteUnseen(model / "data/weights.bin"); }, "data");
}

TEST_F(FingerprintTest, ConfigurationIsKnownByItsBytesWhereverItLies) {
  auto before = configFingerprintOf(model.path);
  ASSERT_TRUE(before);
  rewriteUnseen(model / "a.safetensors");
  EXPECT_EQ(configFingerprintOf(model.path), before);
  TemporaryFolder other;
  fs::copy(model.path, other.path, fs::copy_options::recursive);
  EXPECT_EQ(configFingerprintOf(other.path), before);
  rewriteUnseen(other / "config.json");
  EXPECT_NE(configFingerprintOf(other.path), before);
}

TEST(Fingerprint, WhatIsNotThereHasOneToo) {
  TemporaryFolder folder;
  auto before = fingerprintOf(folder / "absent.safetensors");
  ASSERT_TRUE(before);
  write(folder / "absent.safetensors", "x");
  EXPECT_NE(fingerprintOf(folder / "absent.safetensors"), before);
}

TEST_F(FingerprintTest, FilesOfASplitModelCountTogether) {
  std::string first = model / "m-00001-of-00002.gguf", second = model / "m-00002-of-00002.gguf";
  write(first, "GGUF");
  write(second, "tensors");
  expectChange(first, [&] { rewriteUnseen(second); }, "a sibling");
}

} // namespace
