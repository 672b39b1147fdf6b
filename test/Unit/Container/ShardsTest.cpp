//===- ShardsTest.cpp - A folder compressed by several machines -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule folder-10 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Checkpoint.h"
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/wait.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

namespace {

CheckpointOptions shardOptions(uint64_t shard, uint64_t count) {
  CheckpointOptions options = onOneThread();
  options.shard = shard;
  options.shardCount = count;
  return options;
}

CheckpointOptions finishing() {
  CheckpointOptions options = onOneThread();
  options.finishShards = true;
  return options;
}

/// The files that a shard compresses.
std::vector<std::string> filesOf(const std::string &in, uint64_t shard, uint64_t count) {
  CheckpointOptions options = shardOptions(shard, count);
  options.compress.dryRun = true;
  auto report = compress(in, in + "-unused", options);
  EXPECT_TRUE(holds(report));
  std::vector<std::string> files;
  for (const FileReport &file : report->weights)
    files.push_back(fs::path(file.input).stem().string());
  return files;
}

/// A model whose weight files are of 4, 1, 2, 2 and 1 times the same bytes.
class ShardsTest : public testing::Test {
protected:
  void SetUp() override {
    in = folder / "model";
    out = folder / "out";
    stage = folder / ".out.uwt-partial";
    fs::create_directories(in + "/part");
    fs::create_directories(in + "/nothing");
    write("a", 4, 1);
    write("b", 1, 2);
    write("c", 2, 3);
    write("d", 2, 4);
    write("part/e", 1, 5);
    writeText(in + "/model.safetensors.index.json",
              R"({"metadata": {"total_size": 1}, "weight_map": {"w": "a.safetensors"}})");
    writeText(in + "/config.json", "{}");
    writeText(in + "/tokenizer.json", "{}");
    fs::permissions(in + "/c.safetensors", fs::perms(0640));
  }

  void write(const std::string &name, uint64_t times, unsigned seed) {
    writeTensors(in + "/" + name + ".safetensors",
                 {{"w", "BF16", {64 * times, 64}, bf16Weights(4096 * times, seed)}});
  }

  /// Sets when a file in the output was written, in seconds before or after now.
  void setWritten(const std::string &name, int seconds) {
    fs::last_write_time(stage + "/" + name,
                        fs::file_time_type::clock::now() + std::chrono::seconds(seconds));
  }

  void compressShards(uint64_t count) {
    for (uint64_t shard = 0; shard < count; ++shard)
      ASSERT_TRUE(holds(compress(in, out, shardOptions(shard, count)))) << shard;
  }

  TemporaryFolder folder;
  /// What the output is called until shards are finished (write-5).
  std::string in, out, stage;
};

} // namespace

TEST_F(ShardsTest, GiveTheBytesOfOneCall) {
  auto whole = compress(in, folder / "whole", onOneThread());
  ASSERT_TRUE(holds(whole));
  auto expected = contentsOf(folder / "whole");
  for (uint64_t count : {1, 2, 3, 5, 1000}) {
    fs::remove_all(out);
    uint64_t files = 0;
    for (uint64_t i = std::min<uint64_t>(count, 10); i > 0; --i) {
      auto report = compress(in, out, shardOptions(i - 1, count));
      ASSERT_TRUE(holds(report));
      files += report->weights.size();
      EXPECT_THAT(report->carried, IsEmpty());
      EXPECT_THAT(report->rewritten, IsEmpty());
    }
    EXPECT_EQ(files, 5u);
    EXPECT_FALSE(fs::exists(out));
    EXPECT_THAT(namesIn(stage), ElementsAre("a.uwt.safetensors", "b.uwt.safetensors",
                                            "c.uwt.safetensors", "d.uwt.safetensors", "part"));
    auto finished = compress(in, out, finishing());
    ASSERT_TRUE(holds(finished));
    EXPECT_EQ(contentsOf(out), expected) << count;
    EXPECT_EQ(finished->inputBytes, whole->inputBytes);
    EXPECT_EQ(finished->originalBytes, whole->originalBytes);
    EXPECT_EQ(finished->outputBytes, whole->outputBytes);
    EXPECT_EQ(finished->weights.size(), 5u);
    EXPECT_EQ(finished->rewritten, whole->rewritten);
    // Finishing again, and a call for everything, find it done.
    ASSERT_TRUE(holds(compress(in, out, finishing())));
    ASSERT_TRUE(holds(compress(in, out, onOneThread())));
    EXPECT_EQ(contentsOf(out), expected);
  }
}

TEST_F(ShardsTest, HaveAboutTheSameBytes) {
  EXPECT_THAT(filesOf(in, 0, 2), ElementsAre("a", "b"));
  EXPECT_THAT(filesOf(in, 1, 2), ElementsAre("c", "d", "e"));
  EXPECT_THAT(filesOf(in, 0, 3), ElementsAre("a"));
  EXPECT_THAT(filesOf(in, 1, 3), ElementsAre("b", "c"));
  EXPECT_THAT(filesOf(in, 2, 3), ElementsAre("d", "e"));
  EXPECT_THAT(filesOf(in, 4, 6), ElementsAre("e"));
  EXPECT_THAT(filesOf(in, 5, 6), IsEmpty());
  EXPECT_THAT(filesOf(in, UINT64_MAX - 1, UINT64_MAX), IsEmpty());
  EXPECT_EQ(*totalBytes(in, shardOptions(0, 3)), fs::file_size(in + "/a.safetensors"));
}

TEST_F(ShardsTest, WhatIsThereIsCheckedAndKept) {
  compressShards(2);
  auto again = compress(in, out, shardOptions(1, 2));
  ASSERT_TRUE(holds(again));
  for (const FileReport &file : again->weights)
    EXPECT_TRUE(file.skipped);
  Bytes sound = readBytes(stage + "/c.uwt.safetensors"), bytes = sound;
  bytes[bytes.size() / 2] ^= 1;
  writeBytes(stage + "/c.uwt.safetensors", bytes);
  // What is no output yet is written again.
  ASSERT_TRUE(holds(compress(in, out, shardOptions(1, 2))));
  EXPECT_EQ(readBytes(stage + "/c.uwt.safetensors"), sound);
  ASSERT_TRUE(holds(compress(in, out, finishing())));
  writeBytes(out + "/c.uwt.safetensors", bytes);
  EXPECT_THAT(messageOf(compress(in, out, shardOptions(1, 2))), HasSubstr("is damaged"));
}

TEST_F(ShardsTest, FinishingNamesMissingFilesAndWritesNothing) {
  EXPECT_THAT(messageOf(compress(in, out, finishing())), HasSubstr("5 of 5 weight files"));
  EXPECT_FALSE(fs::exists(out));
  ASSERT_TRUE(holds(compress(in, out, shardOptions(0, 2))));
  EXPECT_EQ(messageOf(compress(in, out, finishing())),
            out + ": 3 of 5 weight files are missing (c.uwt.safetensors, d.uwt.safetensors, "
                  "part/e.uwt.safetensors); compress their shards first");
  EXPECT_THAT(namesIn(stage), ElementsAre("a.uwt.safetensors", "b.uwt.safetensors"));
}

TEST_F(ShardsTest, FinishingRefusesWhatIsNotOfThisSource) {
  compressShards(2);
  CheckpointOptions fast = finishing();
  fast.compress.format = FormatPolicy::Fast;
  EXPECT_EQ(messageOf(compress(in, out, fast)),
            stage + "/a.uwt.safetensors: exists already, but was made with other options; "
                    "compress its shard again");

  // Another header is found even where the clock says nothing.
  write("b", 2, 2);
  setWritten("b.uwt.safetensors", 60);
  std::string remedy = "; compress its shard again";
  EXPECT_EQ(messageOf(compress(in, out, finishing())),
            stage +
                "/b.uwt.safetensors: exists already, but is not that of this source: tensor 'w': "
                "dtype or shape differ from the original's" +
                remedy);
  // Other bytes are found by the clock.
  write("b", 1, 6);
  setWritten("b.uwt.safetensors", -60);
  EXPECT_THAT(messageOf(compress(in, out, finishing())),
              HasSubstr("b.uwt.safetensors: exists already, but is not that of this source: tensor "
                        "'w' differs from the original at byte"));
  EXPECT_FALSE(fs::exists(out + "/uwt.json"));
  // A file that only looks old is compared and kept.
  write("b", 1, 2);
  ASSERT_TRUE(holds(compress(in, out, finishing())));
  ASSERT_TRUE(holds(compress(in, folder / "whole", onOneThread())));
  EXPECT_EQ(contentsOf(out), contentsOf(folder / "whole"));
}

TEST_F(ShardsTest, ARenamedOrRelinkedSourceIsCompared) {
  fs::rename(in + "/b.safetensors", folder / "first");
  write("b", 1, 7);
  fs::rename(in + "/b.safetensors", folder / "second");
  // Both are older than what is compressed.
  fs::create_symlink("../first", in + "/b.safetensors");
  compressShards(2);
  fs::remove(in + "/b.safetensors");
  fs::create_symlink("../second", in + "/b.safetensors");
  EXPECT_THAT(messageOf(compress(in, out, finishing())), HasSubstr("is not that of this source"));
}

TEST_F(ShardsTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(messageOf(compress(in, out, shardOptions(2, 2))),
            "there is no shard 2 of 2: shards are counted from 0");
  EXPECT_EQ(messageOf(compress(in, out, shardOptions(1, 0))),
            "there is no shard 1 of 0: shards are counted from 0");
  CheckpointOptions both = shardOptions(0, 2);
  both.finishShards = true;
  EXPECT_THAT(messageOf(compress(in, out, both)), HasSubstr("not both in one call"));
  CheckpointOptions dry = finishing();
  dry.compress.dryRun = true;
  EXPECT_THAT(messageOf(compress(in, out, dry)), HasSubstr("not by a dry run"));
  std::string file = in + "/a.safetensors";
  for (const CheckpointOptions &options : {shardOptions(0, 2), finishing()})
    EXPECT_EQ(messageOf(compress(file, folder / "a.uwt.safetensors", options)),
              file + ": is no folder; shards are of a folder's weight files");
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(ShardsTest, AKillAtAnyStepIsMadeGoodByRunningAgain) {
  ASSERT_TRUE(holds(compress(in, folder / "whole", onOneThread())));
  auto expected = contentsOf(folder / "whole");
  for (const CheckpointOptions &options : {shardOptions(1, 2), finishing()}) {
    bool ended = false;
    for (unsigned step = 0; !ended; step += 3) {
      fs::remove_all(out);
      fs::remove_all(stage);
      ASSERT_TRUE(holds(compress(in, out, shardOptions(0, 2))));
      if (options.finishShards)
        ASSERT_TRUE(holds(compress(in, out, shardOptions(1, 2))));
      pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        FaultyOperations faults(step, Fault::Kill);
        bool done = bool(compress(in, out, options));
        _exit(done && !faults.happened() ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ended = WEXITSTATUS(status) == 0;
      ASSERT_TRUE(holds(compress(in, out, shardOptions(1, 2)))) << step;
      ASSERT_TRUE(holds(compress(in, out, finishing()))) << step;
      ASSERT_EQ(contentsOf(out), expected) << step;
      ASSERT_LT(step, 1000u);
    }
  }
}
