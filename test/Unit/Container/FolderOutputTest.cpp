//===- FolderOutputTest.cpp - The old model or the new one ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules write-5 to write-8 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/OutputCheck.h"
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

namespace fs = std::filesystem;

namespace {

class FolderOutputTest : public testing::Test {
protected:
  void SetUp() override {
    writeModel("a", 1);
    writeModel("b", 2);
    writeText(folder / "a/generation_config.json", "{}");
    ASSERT_TRUE(holds(compress(folder / "a", folder / "a-uwt", onOneThread())));
    ASSERT_TRUE(holds(compress(folder / "b", folder / "b-uwt", onOneThread())));
    writeText(folder / "a/notes.md", "mine");
    writeText(folder / "a-uwt/notes.md", "mine");
  }

  void writeModel(const std::string &name, unsigned seed) {
    fs::create_directory(folder / name);
    for (unsigned i = 0; i < 2; ++i)
      writeTensors(folder / (name + "/" + std::to_string(i) + ".safetensors"),
                   {{"w" + std::to_string(i), "BF16", {64, 64}, bf16Weights(4096, seed + 10 * i)}});
    writeText(folder / (name + "/config.json"), "{\"seed\": " + std::to_string(seed) + "}");
  }

  Expected<CheckpointReport> write(bool compresses) {
    if (!compresses) {
      DecompressOptions options;
      options.threads = 1;
      options.overwrite = true;
      return decompress(folder / "b-uwt", folder / "out", options);
    }
    CheckpointOptions options = onOneThread();
    options.compress.overwrite = true;
    return compress(folder / "b", folder / "out", options);
  }

  void putOld(bool compresses) {
    fs::remove_all(folder / "out");
    fs::copy(folder / (compresses ? "a-uwt" : "a"), folder / "out", fs::copy_options::recursive);
  }

  TemporaryFolder folder;
};

} // namespace

// write-5
TEST_F(FolderOutputTest, AKillOrFailureAtAnyStepLeavesTheOldModelOrTheNewOne) {
  for (bool compresses : {true, false})
    for (bool exchanges : {true, false})
      for (Fault fault : {Fault::Kill, Fault::Fail}) {
        putOld(compresses);
        auto old = contentsOf(folder / "out");
        ASSERT_TRUE(holds(write(compresses)));
        auto expected = contentsOf(folder / "out");
        bool ended = false;
        for (unsigned step = 0; !ended; step += exchanges ? 2 : 5) {
          putOld(compresses);
          pid_t child = ::fork();
          ASSERT_GE(child, 0);
          if (child == 0) {
            FaultyOperations faults(step, fault);
            faults.withoutExchange = !exchanges;
            bool done = bool(write(compresses));
            _exit(done && !faults.happened() ? 0 : 1);
          }
          int status = 0;
          ASSERT_EQ(::waitpid(child, &status, 0), child);
          ended = WEXITSTATUS(status) == 0;
          bool isThere = fs::exists(folder / "out");
          // Two renames have a moment between them.
          ASSERT_TRUE(isThere || !exchanges) << step;
          if (isThere) {
            auto found = contentsOf(folder / "out");
            ASSERT_TRUE(found == old || found == expected) << step;
          }
          ASSERT_TRUE(holds(write(compresses))) << step;
          ASSERT_EQ(contentsOf(folder / "out"), expected) << step;
          ASSERT_LT(step, 1000u);
        }
      }
}

TEST_F(FolderOutputTest, FilesOfTheOldModelGoByNameAndOthersStay) {
  fs::permissions(folder / "a", fs::perms(0750));
  putOld(/*compresses=*/false);
  fs::permissions(folder / "out", fs::perms(0750));
  fs::create_directory_symlink("/nowhere", folder / "out/link");
  fs::create_directories(folder / "out/.git/objects");
  writeText(folder / "out/.git/HEAD", "ref");
  writeText(folder / "out/model.safetensors.bak", "mine");
  writeText(folder / "out/pytorch_model.bin", "old");
  fs::remove(folder / "out/link");
  auto report = write(/*compresses=*/false);
  ASSERT_TRUE(holds(report));
  EXPECT_THAT(report->removed, ElementsAre("generation_config.json", "pytorch_model.bin"));
  EXPECT_THAT(namesIn(folder / "out"),
              UnorderedElementsAre(".git", "0.safetensors", "1.safetensors", "config.json",
                                   "model.safetensors.bak", "notes.md"));
  EXPECT_EQ(readText(folder / "out/.git/HEAD"), "ref");
  EXPECT_TRUE(fs::exists(folder / "out/.git/objects"));
  EXPECT_EQ(fs::status(folder / "out").permissions(), fs::perms(0750));
  EXPECT_FALSE(fs::exists(folder / ".out.uwt-partial"));
}

TEST_F(FolderOutputTest, ALinkStaysAndItsFolderIsReplaced) {
  putOld(/*compresses=*/true);
  fs::rename(folder / "out", folder / "real");
  fs::create_directory_symlink("real", folder / "out");
  ASSERT_TRUE(holds(write(/*compresses=*/true)));
  EXPECT_TRUE(fs::is_symlink(folder / "out"));
  EXPECT_TRUE(verifyAgainst(folder / "real", folder / "b", {})->passed());
}

TEST_F(FolderOutputTest, AForeignModelIsRefusedByName) {
  fs::create_directory(folder / "out");
  writeTensors(folder / "out/model.safetensors", {{"w", "U8", {2}, {1, 2}}});
  EXPECT_THAT(messageOf(decompress(folder / "b-uwt", folder / "out", {})),
              HasSubstr("out/model.safetensors: is no part of the model"));
  EXPECT_THAT(namesIn(folder / "out"), ElementsAre("model.safetensors"));
  EXPECT_THAT(write(/*compresses=*/false)->removed, ElementsAre("model.safetensors"));
}

// write-6
TEST_F(FolderOutputTest, AFolderThatIsWrittenInPlaceIsNotReadBefore) {
  fs::create_directory(folder / "out");
  writeText(folder / "out/mine", "stays");
  bool done = false;
  for (unsigned step = 0; !done && step < 1000; step += 2) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FaultyOperations faults(step, Fault::Kill);
      _exit(decompress(folder / "b-uwt", folder / "out", {}) && !faults.happened() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    done = WEXITSTATUS(status) == 0;
    bool isWhole = fs::exists(folder / "out/0.safetensors") &&
                   fs::exists(folder / "out/1.safetensors") &&
                   fs::exists(folder / "out/config.json");
    bool isTouched = fs::exists(folder / "out/0.safetensors");
    auto opened = Checkpoint::open(folder / "out");
    EXPECT_TRUE(isWhole || !opened) << step;
    if (isTouched && !isWhole)
      EXPECT_THAT(messageOf(opened), HasSubstr("is not complete"));
  }
  EXPECT_TRUE(holds(Checkpoint::open(folder / "out")));
  EXPECT_THAT(namesIn(folder / "out"),
              UnorderedElementsAre("0.safetensors", "1.safetensors", "config.json", "mine"));
}

TEST_F(FolderOutputTest, WithoutForceNothingIsAddedToAnotherModel) {
  // Equal weights, another configuration, and one file more.
  writeText(folder / "b/added.txt", "more");
  fs::copy(folder / "b-uwt", folder / "out", fs::copy_options::recursive);
  writeText(folder / "out/config.json", "{}");
  auto before = contentsOf(folder / "out");
  EXPECT_THAT(messageOf(compress(folder / "b", folder / "out", onOneThread())),
              HasSubstr("out/config.json: exists already, but has other contents"));
  EXPECT_EQ(contentsOf(folder / "out"), before);
}

//===----------------------------------------------------------------------===//
// What is read is not written
//===----------------------------------------------------------------------===//

// write-8
TEST_F(FolderOutputTest, NoOutputIsAnInput) {
  auto refusal = [&](const std::string &input, OutputPath output) {
    std::string reads[] = {"", input};
    Status checked = checkOutputs(reads, {&output, 1});
    return checked ? std::string() : checked.error().message();
  };
  std::string file = folder / "a/0.safetensors";
  fs::create_symlink(file, folder / "link");
  fs::create_hard_link(file, folder / "hard");
  fs::create_directory_symlink(folder / "a", folder / "linked");
  for (const std::string &same : {file, folder / "link", folder / "hard",
                                  folder / "linked/0.safetensors", folder / "a/../a/0.safetensors"})
    EXPECT_THAT(refusal(file, {same}), HasSubstr("input and output are the same")) << same;
  for (const std::string &inside :
       {file, folder / "link", folder / "hard", folder / "a/config.json"})
    EXPECT_NE(refusal(folder / "linked", {inside}), "") << inside;
  EXPECT_THAT(refusal(folder / "a", {folder / "linked/new.safetensors"}),
              HasSubstr("would become a part of"));
  EXPECT_THAT(refusal(file, {folder / "a", true}), HasSubstr("is a folder around"));
  EXPECT_NE(refusal(folder / "a", {folder / "a/sub", true}), "");
  for (const std::string &good : {folder / "a/page.html", folder / "b/0.safetensors",
                                  folder / "new.safetensors", std::string("-"), std::string()})
    EXPECT_EQ(refusal(folder / "a", {good}), "") << good;
  std::vector<OutputPath> twice = {{folder / "x"}, {folder / "a/../x"}};
  EXPECT_THAT(messageOf(checkOutputs({}, twice)), HasSubstr("two outputs have this name"));
}

TEST_F(FolderOutputTest, ABaseModelIsNoOutput) {
  auto base = BaseModel::openHashed(folder / "a/0.safetensors", 1);
  ASSERT_TRUE(holds(base));
  CompressOptions options = onOneThread().compress;
  options.base = *base;
  options.overwrite = true;
  Bytes before = readBytes(folder / "a/0.safetensors");
  EXPECT_THAT(
      messageOf(compressFile(folder / "b/0.safetensors", folder / "a/0.safetensors", options)),
      HasSubstr("input and output are the same"));
  CheckpointOptions whole;
  whole.compress = options;
  EXPECT_THAT(messageOf(compress(folder / "b", folder / "a", whole)),
              HasSubstr("is a folder around"));
  EXPECT_EQ(readBytes(folder / "a/0.safetensors"), before);
}

// write-7
TEST_F(FolderOutputTest, WhatIsMadeOfAPrivateFileIsPrivate) {
  mode_t old = ::umask(022);
  std::string files[] = {folder / "a/0.safetensors", folder / "a"};
  EXPECT_EQ(modeWithin({files, 1}), 0644u);
  fs::permissions(files[0], fs::perms(0640));
  EXPECT_EQ(modeWithin({files, 1}), 0640u);
  EXPECT_EQ(modeWithin({files + 1, 1}), 0640u);
  fs::permissions(folder / "a/1.safetensors", fs::perms(0400));
  EXPECT_EQ(modeWithin(files), 0600u);
  ASSERT_TRUE(holds(writeWholeFile(folder / "part", asBytes("x"), false, {}, modeWithin(files))));
  EXPECT_EQ(fs::status(folder / "part").permissions(), fs::perms(0600));
  ASSERT_TRUE(holds(writeWholeFile(folder / "open", asBytes("x"), false)));
  EXPECT_EQ(fs::status(folder / "open").permissions(), fs::perms(0644));
  ::umask(old);
}
