//===- FileTest.cpp - Crash-safe writing, step by step --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/File.h"
#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;

namespace {

Bytes bytesOf(std::string_view text) { return Bytes(text.begin(), text.end()); }

Status replace(const std::string &path) {
  auto writer = AtomicFileWriter::create(path, true);
  if (!writer)
    return writer.takeError();
  UWT_RETURN_IF_ERROR(writer->append(bytesOf("ne")));
  UWT_RETURN_IF_ERROR(writer->append(bytesOf("w")));
  UWT_RETURN_IF_ERROR(writer->writeAt(0, bytesOf("N")));
  return writer->commit();
}

} // namespace

TEST(AtomicFileWriter, WritesInPiecesAndOutOfOrder) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  auto writer = AtomicFileWriter::create(path, false);
  ASSERT_TRUE(holds(writer));
  EXPECT_THAT(namesIn(folder.path), ElementsAre(".f.uwt-partial"));
  writer->skipTo(4);
  ASSERT_TRUE(holds(writer->append(bytesOf("tail"))));
  ASSERT_TRUE(holds(writer->writeAt(1, bytesOf("x"))));
  EXPECT_EQ(writer->size(), 8u);
  ASSERT_TRUE(holds(writer->commit()));
  EXPECT_EQ(readBytes(path), (Bytes{0, 'x', 0, 0, 't', 'a', 'i', 'l'}));
  EXPECT_THAT(namesIn(folder.path), ElementsAre("f"));
}

TEST(AtomicFileWriter, LeavesNothingWithoutCommit) {
  TemporaryFolder folder;
  {
    auto writer = AtomicFileWriter::create(folder / "f", false);
    ASSERT_TRUE(holds(writer));
    ASSERT_TRUE(holds(writer->append(bytesOf("x"))));
  }
  EXPECT_TRUE(namesIn(folder.path).empty());
}

TEST(AtomicFileWriter, OverwritesOnlyWhenAsked) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  writeText(path, "old");
  EXPECT_EQ(messageOf(AtomicFileWriter::create(path, false)),
            path + ": exists already; use -f to overwrite it");
  ASSERT_TRUE(holds(replace(path)));
  EXPECT_EQ(readText(path), "New");
  EXPECT_EQ(messageOf(AtomicFileWriter::create(folder.path, true)),
            folder.path + ": is a folder; give the name of a file");
}

TEST(AtomicFileWriter, LeavesTheFileOfAProcessThatTookItsNameAlone) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  {
    auto writer = AtomicFileWriter::create(path, false);
    ASSERT_TRUE(holds(writer));
    ASSERT_TRUE(holds(writer->append(bytesOf("mine"))));
    ASSERT_EQ(::unlink(writer->temporaryPath().c_str()), 0);
    writeText(writer->temporaryPath(), "hal");
    EXPECT_EQ(messageOf(writer->commit()), path + ": another process writes this file too, and has "
                                                  "removed what this one had written; wait for it "
                                                  "to end");
  }
  EXPECT_THAT(namesIn(folder.path), ElementsAre(".f.uwt-partial"));
  EXPECT_EQ(readText(partialPath(path)), "hal");
}

TEST(AtomicFileWriter, DoesNotReplaceAFileThatCameMeanwhile) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  auto writer = AtomicFileWriter::create(path, false);
  ASSERT_TRUE(holds(writer));
  writeText(path, "someone else's");
  EXPECT_EQ(messageOf(writer->commit()), path + ": exists already; use -f to overwrite it");
  EXPECT_EQ(readText(path), "someone else's");
}

TEST(AtomicFileWriter, RefusesASecondWriterOfTheSameFile) {
  TemporaryFolder folder;
  auto first = AtomicFileWriter::create(folder / "f", true);
  ASSERT_TRUE(holds(first));
  EXPECT_EQ(messageOf(AtomicFileWriter::create(folder / "f", true)),
            folder / ".f.uwt-partial" +
                ": another process is writing this file; wait for it to end");
}

TEST(AtomicFileWriter, TakesOverWhatAKilledProcessLeft) {
  TemporaryFolder folder;
  writeText(folder / ".f.uwt-partial", "a longer rest of an earlier run");
  ASSERT_TRUE(holds(replace(folder / "f")));
  EXPECT_EQ(readText(folder / "f"), "New");
  EXPECT_THAT(namesIn(folder.path), ElementsAre("f"));
}

TEST(AtomicFileWriter, TakesOverNothingThatSomeoneElseCouldHavePutThere) {
  TemporaryFolder folder;
  std::string partial = folder / ".f.uwt-partial", other = folder / "other";
  std::string message = partial + ": is in the way, and no file that an earlier run of yours has "
                                  "left: it is a link or another user's; remove it";
  writeText(other, "precious");
  ASSERT_EQ(::link(other.c_str(), partial.c_str()), 0);
  EXPECT_EQ(messageOf(replace(folder / "f")), message);
  ::unlink(partial.c_str());
  ASSERT_EQ(::symlink(other.c_str(), partial.c_str()), 0);
  EXPECT_EQ(messageOf(replace(folder / "f")), message);
  ::unlink(partial.c_str());
  ASSERT_EQ(::mkfifo(partial.c_str(), 0600), 0);
  EXPECT_EQ(messageOf(replace(folder / "f")), message);
  ::unlink(partial.c_str());
  EXPECT_EQ(readText(other), "precious");
  writeText(partial, "x");
  if (::geteuid() != 0 || ::chown(partial.c_str(), 12345, 12345) != 0)
    GTEST_SKIP() << "only root can give a file to another user";
  EXPECT_EQ(messageOf(replace(folder / "f")), message);
  EXPECT_THAT(namesIn(folder.path), ElementsAre(".f.uwt-partial", "other"));
}

TEST(AtomicFileWriter, ReplacesNoDevice) {
  TemporaryFolder folder;
  std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(messageOf(replace(path)), path + ": is a device, a pipe or a socket, which a file "
                                             "cannot replace; give another name");
}

TEST(AtomicFileWriter, GivesTheFileItsPermissionsOnlyWhenItIsComplete) {
  TemporaryFolder folder;
  auto modeOf = [&](const std::string &name) {
    struct stat there{};
    EXPECT_EQ(::stat((folder / name).c_str(), &there), 0);
    return there.st_mode & 07777;
  };
  auto writer = AtomicFileWriter::create(folder / "f", false, 0644);
  ASSERT_TRUE(holds(writer));
  EXPECT_EQ(modeOf(".f.uwt-partial"), 0600u);
  ASSERT_TRUE(holds(writer->commit()));
  EXPECT_EQ(modeOf("f"), 0644u);
  mode_t before = ::umask(027);
  ASSERT_TRUE(holds(replace(folder / "g")));
  ASSERT_TRUE(holds(writeWholeFile(folder / "h", {}, false, 0666)));
  ::umask(before);
  EXPECT_EQ(modeOf("g"), 0640u);
  EXPECT_EQ(modeOf("h"), 0666u);
}

TEST(AtomicFileWriter, LongNamesHaveATemporaryFileToo) {
  TemporaryFolder folder;
  for (size_t length : {241u, 242u, 243u, 255u}) {
    std::string path = folder / std::string(length, 'n');
    writeText(partialPath(path), "of a killed run");
    ASSERT_TRUE(holds(replace(path))) << length;
    EXPECT_EQ(readText(path), "New");
  }
  EXPECT_EQ(namesIn(folder.path).size(), 4u);
}

TEST(AtomicFileWriter, AMissingFolderIsNamed) {
  TemporaryFolder folder;
  std::string path = folder / "none/f";
  EXPECT_EQ(messageOf(replace(path)),
            path + ": the folder " + folder / "none" + " does not exist; make it first");
}

TEST(AtomicFileWriter, AFailureAtAnyStepLeavesTheOldFileOrTheNewOne) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  unsigned step = 0;
  for (bool failed = true; failed; ++step) {
    writeText(path, "old");
    FaultyOperations faults(step, Fault::Fail);
    Status status = replace(path);
    failed = faults.happened();
    EXPECT_EQ(readText(path), faults.afterRename() ? "New" : "old") << step;
    EXPECT_EQ(bool(status), !failed) << step;
    EXPECT_THAT(namesIn(folder.path), ElementsAre("f")) << step;
    if (!status)
      EXPECT_EQ(status.error().getKind(), ErrorKind::IO);
  }
  EXPECT_GE(step, 8u); // create, three writes, sync, rename, close, sync of the folder
}

TEST(AtomicFileWriter, AKillAtAnyStepLeavesTheOldFileOrTheNewOne) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  for (unsigned step = 0;; ++step) {
    writeText(path, "old");
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FaultyOperations faults(step, Fault::Kill);
      _exit(replace(path) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    std::string found = readText(path);
    EXPECT_TRUE(found == "old" || found == "New") << step << found;
    ASSERT_TRUE(holds(replace(path))) << step;
    EXPECT_EQ(readText(path), "New");
    EXPECT_THAT(namesIn(folder.path), ElementsAre("f")) << step;
    if (WEXITSTATUS(status) == 0)
      break;
  }
}

TEST(SpillBuffer, GivesBackWhatWasAppendedInMemoryAndInAFile) {
  TemporaryFolder folder;
  Bytes data = randomBytes(20 << 20, 1);
  for (uint64_t limit : {uint64_t(1) << 30, uint64_t(1) << 20, uint64_t(0)}) {
    SpillBuffer buffer(folder.path, limit);
    // Fewer bytes than come, or more.
    buffer.reserve(limit ? data.size() / 3 : data.size() * 2);
    for (size_t i = 0; i < data.size(); i += 3 << 20)
      ASSERT_TRUE(holds(
          buffer.append(std::span(data).subspan(i, std::min<size_t>(3 << 20, data.size() - i)))));
    EXPECT_EQ(buffer.size(), data.size());
    auto view = buffer.view();
    ASSERT_TRUE(holds(view));
    EXPECT_TRUE(std::equal(view->begin(), view->end(), data.begin(), data.end()));
    auto writer = AtomicFileWriter::create(folder / "copy", true);
    ASSERT_TRUE(holds(writer));
    ASSERT_TRUE(holds(buffer.copyTo(*writer)));
    ASSERT_TRUE(holds(writer->commit()));
    EXPECT_EQ(readBytes(folder / "copy"), data);
    buffer.clear();
    EXPECT_EQ(buffer.size(), 0u);
    EXPECT_THAT(namesIn(folder.path), ElementsAre("copy"));
  }
}

TEST(MappedFile, KnowsWhetherItsFileHasChanged) {
  TemporaryFolder folder;
  std::string path = folder / "f", message = path + ": changed while it was read; run again when "
                                                    "nothing writes to it";
  writeText(path, "one");
  auto file = MappedFile::open(path);
  ASSERT_TRUE(holds(file));
  MappedFile moved = *std::move(file);
  EXPECT_TRUE(holds(moved.checkUnchanged()));
  writeText(folder / "g", "two");
  ASSERT_EQ(::rename((folder / "g").c_str(), path.c_str()), 0);
  EXPECT_EQ(messageOf(moved.checkUnchanged()), message);
  ::unlink(path.c_str());
  EXPECT_EQ(messageOf(moved.checkUnchanged()), message);
}

TEST(MappedFile, KnowsAFileWhoseTimeWasSetBack) {
  TemporaryFolder folder;
  std::string path = folder / "f";
  writeText(path, "one");
  auto file = MappedFile::open(path);
  ASSERT_TRUE(holds(file));
  struct stat before, now;
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  // Clocks of file systems tick some hundred times per second.
  do {
    writeText(path, "two");
    struct timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    ASSERT_EQ(::stat(path.c_str(), &now), 0);
  } while (now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  EXPECT_EQ(now.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_FALSE(file->checkUnchanged());
}

TEST(MappedFile, ReleasedPagesStayReadable) {
  TemporaryFolder folder;
  Bytes data = randomBytes(1 << 20, 2);
  writeBytes(folder / "f", data);
  auto file = MappedFile::open(folder / "f");
  ASSERT_TRUE(holds(file));
  EXPECT_TRUE(std::equal(data.begin(), data.end(), file->bytes().begin()));
  MappedFile::release(file->bytes().subspan(5));
  EXPECT_TRUE(std::equal(data.begin(), data.end(), file->bytes().begin()));
}
