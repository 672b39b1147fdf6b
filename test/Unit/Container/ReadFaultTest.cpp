//===- ReadFaultTest.cpp - Files that end while they are read -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file that is cut short under its mapping gives SIGBUS, as a disk that cannot be read does.
// Files are cut between two calls, or from a progress function: never at a moment of chance.
//
//===----------------------------------------------------------------------===//

#include "FaultyOperations.h"
#include "TestFiles.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/Compress.h"
#include "uwt/Container/Container.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <csignal>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using ::testing::EndsWith;

namespace {

constexpr const char *unreadable =
    ": a part of the file cannot be read: the disk fails, or the file was cut short while it was "
    "read";

/// A model of two tensors in a file, and the same compressed.
class ReadFaultTest : public ::testing::Test {
protected:
  void SetUp() override {
    writeTensors(plain, {{"a", "BF16", {256, 1024}, bf16Weights(256 * 1024, 1)},
                         {"b", "I64", {1 << 16}, randomBytes(8 << 16, 2)}});
    ASSERT_TRUE(holds(compressFile(plain, packed, {})));
  }
  /// Leaves the header of a file, and takes its data away.
  static void cut(const std::string &path) { std::filesystem::resize_file(path, 4096); }
  static ProgressFunction cutting(const std::string &path) {
    return [path](uint64_t) {
      cut(path);
      return true;
    };
  }

  TemporaryFolder folder;
  std::string plain = folder / "model.safetensors", packed = folder / "packed.safetensors",
              out = folder / "out.safetensors";
  ThreadPool pool{2};
};

TEST_F(ReadFaultTest, ReadingATensorIsAnError) {
  for (const char *name : {"a", "b"}) {
    auto container = Container::open(packed);
    ASSERT_TRUE(holds(container));
    auto reader = container->reader(**container->find(name));
    ASSERT_TRUE(holds(reader));
    Bytes whole = readBytes(packed), buffer(reader->entry().bytes);
    cut(packed);
    Status read = reader->read(buffer, pool);
    EXPECT_EQ(messageOf(read), packed + unreadable);
    EXPECT_EQ(read.error().getKind(), ErrorKind::IO);
    EXPECT_EQ(messageOf(reader->readSlice({}, pool)), packed + unreadable);
    EXPECT_EQ(messageOf(reader->check(pool)), packed + unreadable);
    EXPECT_EQ(messageOf(reader->stream([](auto) { return ok(); }, pool)), packed + unreadable);
    LoadOptions dense;
    dense.dense = true;
    EXPECT_EQ(messageOf(LoadedWeight::fromReader(*reader, pool, dense)), packed + unreadable);
    writeBytes(packed, whole);
  }
}

TEST_F(ReadFaultTest, CompressingLeavesNothing) {
  CompressOptions options;
  options.progress = cutting(plain);
  Status compressed = ok();
  if (auto report = compressFile(plain, out, options); !report)
    compressed = report.takeError();
  EXPECT_THAT(messageOf(compressed), EndsWith(unreadable));
  EXPECT_EQ(compressed.error().getKind(), ErrorKind::IO);
  EXPECT_EQ(namesIn(folder.path),
            (std::vector<std::string>{"model.safetensors", "packed.safetensors"}));
}

TEST_F(ReadFaultTest, FoldersLeaveNothing) {
  std::string model = folder / "model";
  std::filesystem::create_directories(model + "/empty/below");
  std::filesystem::rename(plain, model + "/model.safetensors");
  auto failWhileCutting = [](const std::string &path, auto run) {
    Bytes whole = readBytes(path);
    EXPECT_THAT(messageOf(run(cutting(path))), EndsWith(unreadable));
    writeBytes(path, whole);
  };
  CheckpointOptions compressing;
  failWhileCutting(model + "/model.safetensors", [&](ProgressFunction progress) {
    compressing.compress.progress = std::move(progress);
    return compress(model, folder / "stored", compressing);
  });
  EXPECT_FALSE(std::filesystem::exists(folder / "stored"));
  ASSERT_TRUE(holds(compress(model, folder / "stored", {})));
  DecompressOptions decompressing;
  decompressing.check = false;
  failWhileCutting(folder / "stored/model.uwt.safetensors", [&](ProgressFunction progress) {
    decompressing.progress = std::move(progress);
    return decompress(folder / "stored", folder / "again", decompressing);
  });
  EXPECT_FALSE(std::filesystem::exists(folder / "again"));
}

TEST_F(ReadFaultTest, TryingIsAnErrorToo) {
  CompressOptions options;
  options.progress = cutting(plain);
  options.dryRun = true;
  EXPECT_THAT(messageOf(compressFile(plain, out, options)), EndsWith(unreadable));
}

TEST_F(ReadFaultTest, DecompressingLeavesNothing) {
  DecompressOptions options;
  options.progress = cutting(packed);
  EXPECT_THAT(messageOf(decompressFile(packed, out, options)), EndsWith(unreadable));
  EXPECT_EQ(namesIn(folder.path),
            (std::vector<std::string>{"model.safetensors", "packed.safetensors"}));
}

TEST_F(ReadFaultTest, VerifyingIsNoFinding) {
  VerifyOptions options;
  options.progress = cutting(packed);
  auto report = verifyFile(packed, options);
  EXPECT_THAT(messageOf(report), EndsWith(unreadable));
}

/// Each open and each mapping fails in turn.
TEST_F(ReadFaultTest, FilesThatCannotBeOpenedAreErrors) {
  for (unsigned step = 0;; ++step) {
    FaultyOperations faults(step, Fault::Fail);
    auto report = verify(packed, {});
    if (!faults.happened())
      break;
    ASSERT_FALSE(report) << step;
    EXPECT_EQ(report.error().getKind(), ErrorKind::IO);
    EXPECT_EQ(report.error().message(),
              packed + (step % 2 == 0 ? ": Input/output error" : ": Cannot allocate memory"));
  }
}

TEST_F(ReadFaultTest, AMappingThatEndedSaysNothingOfTheNext) {
  {
    auto file = MappedFile::open(packed);
    ASSERT_TRUE(holds(file));
    cut(packed);
    EXPECT_EQ(file->bytes().back(), 0);
    EXPECT_EQ(messageOf(file->checkRead()), packed + unreadable);
    EXPECT_EQ(messageOf(file->checkUnchanged()), packed + unreadable);
  }
  auto file = MappedFile::open(plain);
  ASSERT_TRUE(holds(file));
  EXPECT_EQ(file->bytes().size(), readBytes(plain).size());
  EXPECT_TRUE(holds(file->checkRead()));
}

/// In a process of its own, that of a host with a handler: reads behind the end of a file.
[[noreturn]] void readBehind(const std::string &path, bool isCaught) {
  struct sigaction action{};
  action.sa_handler = [](int) { _exit(7); };
  sigaction(SIGBUS, &action, nullptr);
  catchReadFaults(isCaught);
  auto file = MappedFile::open(path);
  std::filesystem::resize_file(path, 1);
  if (file->bytes().back() != 0)
    _exit(1);
  // A fault that is nobody's.
  raise(SIGBUS);
  _exit(2);
}

/// Both end in the host's handler, but for who does not catch, the read does.
TEST(ReadFaultHandlerTest, HostsKeepTheirHandler) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  TemporaryFolder folder;
  writeBytes(folder / "file", Bytes(1 << 16, 1));
  EXPECT_EXIT(readBehind(folder / "file", true), ::testing::ExitedWithCode(7), "");
  writeBytes(folder / "file", Bytes(1 << 16, 1));
  EXPECT_EXIT(readBehind(folder / "file", false), ::testing::ExitedWithCode(7), "");
}

} // namespace
