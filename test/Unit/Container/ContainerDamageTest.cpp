//===- ContainerDamageTest.cpp - Damaged and hostile containers -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A container in `c` of a small file `a`.
class ContainerDamageTest : public testing::Test {
protected:
  void SetUp() override {
    writeTensors(folder / "a", {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)},
                                {"tied", "BF16", {64, 64}, bf16Weights(64 * 64, 1)},
                                {"b", "I32", {3}, {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}}});
    CompressOptions options;
    options.threads = 1;
    options.format = *Format::parse("huffman<12,1>");
    ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
    whole = readBytes(folder / "c");
    auto container = Container::open(folder / "c");
    ASSERT_TRUE(holds(container));
    ASSERT_TRUE((*container->find("w"))->compressed());
    ASSERT_EQ((*container->find("tied"))->sameAs, "w");
  }

  std::string headerText() const {
    return std::string(SafetensorsFile::open(folder / "c")->headerText());
  }

  /// The message of opening (checksums off), reading and checking everything
  /// after `from` in the header became `to` of the same length.
  std::string afterReplacing(const std::string &from, const std::string &to) {
    EXPECT_EQ(from.size(), to.size()) << to;
    Bytes bytes = whole;
    auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
    if (at == bytes.end())
      return "not found: " + from;
    std::copy(to.begin(), to.end(), at);
    writeBytes(folder / "x", bytes);
    return withoutFile(useEverything(folder / "x"));
  }

  std::string withoutFile(std::string message) const {
    std::string path = folder / "x" + ": ";
    return message.starts_with(path) ? message.substr(path.size()) : message;
  }

  static std::string useEverything(const std::string &path) {
    ReadOptions unchecked;
    unchecked.check = false;
    auto container = Container::open(path, unchecked);
    if (!container)
      return container.error().message();
    ThreadPool pool(1);
    for (const TensorEntry &entry : container->entries()) {
      auto reader = container->reader(entry);
      if (!reader)
        return reader.error().message();
      auto read = reader->readSlice({}, pool);
      if (!read)
        return read.error().message();
    }
    return "no error";
  }

  /// In place: a file that is written anew is flushed to the disk on some file systems.
  static void flipBit(const std::string &path, size_t bit) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(bit / 8));
    int byte = file.get();
    file.seekp(static_cast<std::streamoff>(bit / 8));
    file.put(static_cast<char>(byte ^ (1 << (bit % 8))));
  }

  TemporaryFolder folder;
  Bytes whole;
};

} // namespace

TEST_F(ContainerDamageTest, EveryFlippedBitIsFound) {
  std::string path = folder / "c";
  std::vector<size_t> missed;
  // Under sanitizers each bit of a byte in turn.
  for (size_t bit = 0; bit < whole.size() * 8; bit += underSanitizer ? 17 : 1) {
    flipBit(path, bit);
    auto report = verifyFile(path, verifyOnOneThread());
    if (report && report->passed())
      missed.push_back(bit);
    // A version number may have become one that is not supported.
    if (!report)
      EXPECT_EQ(report.error().getKind(), ErrorKind::Unsupported) << bit;
    flipBit(path, bit);
  }
  EXPECT_THAT(missed, testing::IsEmpty());
  EXPECT_TRUE(verifyFile(path, verifyOnOneThread())->passed());
}

TEST_F(ContainerDamageTest, FlippedBitsWithChecksOffAreAnErrorOrData) {
  for (size_t bit = 0; bit < whole.size() * 8; bit += underSanitizer ? 63 : 7) {
    flipBit(folder / "c", bit);
    useEverything(folder / "c");
    flipBit(folder / "c", bit);
  }
}

TEST_F(ContainerDamageTest, EveryTruncationIsRefused) {
  for (size_t size = whole.size() - 1; size > 0; size -= std::min<size_t>(size, 3)) {
    ASSERT_EQ(::truncate((folder / "c").c_str(), static_cast<off_t>(size)), 0);
    EXPECT_FALSE(Container::open(folder / "c")) << size;
  }
}

TEST_F(ContainerDamageTest, ADamagedTensorIsNamed) {
  Bytes bytes = whole;
  auto file = SafetensorsFile::open(folder / "c");
  ASSERT_TRUE(holds(file));
  size_t data = file->prefix().size();
  bytes[data + file->header().find("b")->begin] ^= 1;
  writeBytes(folder / "x", bytes);
  auto report = verifyFile(folder / "x", verifyOnOneThread());
  ASSERT_TRUE(holds(report));
  ASSERT_EQ(report->findingCount, 1u);
  EXPECT_EQ(report->findings[0].where, folder / "x");
  EXPECT_EQ(report->findings[0].message,
            "tensor 'b': its checksum is wrong: the tensor is damaged; get the file again");
  auto decompressed = decompressFile(folder / "x", folder / "y", {});
  ASSERT_FALSE(decompressed);
  EXPECT_EQ(decompressed.error().getKind(), ErrorKind::Invalid);
  EXPECT_FALSE(SafetensorsFile::open(folder / "y"));

  bytes = whole;
  const SafetensorsTensor *code = file->header().find("w.uwt.code");
  ASSERT_NE(code, nullptr);
  bytes[data + code->end - 1] ^= 1;
  writeBytes(folder / "x", bytes);
  report = verifyFile(folder / "x", verifyOnOneThread());
  ASSERT_TRUE(holds(report));
  ASSERT_EQ(report->findingCount, 1u);
  EXPECT_EQ(report->findings[0].message, "tensor 'w': plane code: padding is not zero");
}

TEST_F(ContainerDamageTest, EntriesThatDisagreeAreRefusedByName) {
  EXPECT_EQ(afterReplacing(R"(\"container\":1)", R"(\"contained\":1)"),
            "__metadata__ entry 'uwt': 'container' and 'reader' are not both version numbers");
  EXPECT_EQ(afterReplacing(R"(\"reader\":1,\"options\")", R"(\"reader\":10,\"option\")"),
            "__metadata__ entry 'uwt': the container needs a reader of version 10, this is version "
            "9; use a newer uwt");
  EXPECT_EQ(afterReplacing("\"uwt.original\"", "\"uwt.originel\""),
            "__metadata__ has no entry 'uwt.original'");
  EXPECT_EQ(
      afterReplacing(R"(\"reader\":1,\"planes\")", R"(\"reader\":10,\"plane\")"),
      "tensor 'w': entry 'w.uwt': its format needs a reader of version 10, this is version 9; "
      "use a newer uwt");
  EXPECT_EQ(afterReplacing("huffman<12,1>", "huffmen<12,1>"),
            "tensor 'w': there is no codec 'huffmen'; did you mean 'huffman'?");
  EXPECT_EQ(afterReplacing(R"(\"planes\":{\"index\")", R"(\"planes\":{\"indes\")"),
            "tensor 'w': entry 'w.uwt': unknown plane 'indes'");
  EXPECT_EQ(afterReplacing(R"("w.uwt.code":)", R"("w.uwt.cods":)"),
            "tensor 'w': plane code: the file has no such tensor");
  EXPECT_EQ(afterReplacing(R"("w.uwt.code":{"dtype":"U8")", R"("w.uwt.code":{"dtype":"I8")"),
            "tensor 'w': plane code: expected rank 1 of dtype U8, found rank 1 of I8");
  EXPECT_EQ(afterReplacing(R"({\"same\":\"w\"})", R"({\"same\":\"b\"})"),
            "tensor 'tied': the tensor 'b' that is stored for it has another dtype or shape");
  EXPECT_EQ(afterReplacing(R"({\"same\":\"w\"})", R"({\"same\":\"q\"})"),
            "tensor 'tied': the tensor 'q' that is stored for it does not exist");
}

TEST_F(ContainerDamageTest, ShapesThatDisagreeWithTheOriginalAreRefused) {
  EXPECT_EQ(afterReplacing(R"(\"shape\":[64,64],\"format)", R"(\"shape\":[32,64],\"format)"),
            "tensor 'w': dtype or shape of its entry differ from the original's header");
  EXPECT_EQ(afterReplacing(R"("b":{"dtype":"I32")", R"("b":{"dtype":"U32")"),
            "tensor 'b': dtype or shape differ from the original's header");
  EXPECT_EQ(afterReplacing(R"("b":{"dtype":"I32")", R"("q":{"dtype":"I32")"),
            "tensor 'b': the original has this tensor, the file does not");
}

TEST_F(ContainerDamageTest, FilesSavedByOtherToolsStayReadable) {
  // As such tools do it: another order, no padding, other white space.
  auto file = SafetensorsFile::open(folder / "c");
  ASSERT_TRUE(holds(file));
  std::vector<SafetensorsTensor> tensors = file->header().tensors;
  std::sort(tensors.begin(), tensors.end(), [](const auto &a, const auto &b) {
    return a.bytes() < b.bytes(); // puts b, of 12 bytes, in front of the planes
  });
  Bytes data;
  std::vector<SafetensorsTensor> moved;
  for (SafetensorsTensor tensor : tensors) {
    auto bytes = file->tensorBytes(tensor);
    tensor.begin = data.size();
    data.insert(data.end(), bytes.begin(), bytes.end());
    tensor.end = data.size();
    moved.push_back(tensor);
  }
  MetadataEntries metadata = file->header().metadata;
  std::reverse(metadata.begin(), metadata.end());
  writeBytes(folder / "x", safetensors(safetensorsHeaderText(moved, metadata) + " ", data));

  auto container = Container::open(folder / "x");
  ASSERT_TRUE(holds(container));
  EXPECT_TRUE(container->savedAgain());
  ASSERT_TRUE(holds(decompressFile(folder / "x", folder / "b", {})));
  EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
  auto report = verifyFile(folder / "x", verifyOnOneThread());
  ASSERT_TRUE(holds(report));
  ASSERT_EQ(report->findingCount, 1u);
  EXPECT_THAT(report->findings[0].message, testing::HasSubstr("its contents are intact"));
}

TEST_F(ContainerDamageTest, ADifferenceFromTheOriginalIsNamed) {
  Bytes original = readBytes(folder / "a");
  original.back() ^= 1;
  writeBytes(folder / "other", original);
  auto report = verifyFileAgainst(folder / "c", folder / "other", verifyOnOneThread());
  ASSERT_TRUE(holds(report));
  ASSERT_EQ(report->findingCount, 1u);
  EXPECT_EQ(report->findings[0].message, "tensor 'b' differs from the original at byte 11");
}

TEST(ContainerFaults, AFailureOrKillAtAnyStepOfCompressingLeavesOldOrNew) {
  TemporaryFolder folder;
  std::string in = folder / "a", out = folder / "c";
  writeTensors(in, {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)}});
  CompressOptions options;
  options.threads = 1;
  options.overwrite = true;
  ASSERT_TRUE(holds(compressFile(in, out, options)));
  std::string right = readText(out);
  for (Fault fault : {Fault::Fail, Fault::Kill}) {
    bool ended = false;
    for (unsigned step = 0; !ended; ++step) {
      writeText(out, "old");
      pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        FaultyOperations faults(step, fault);
        bool done = bool(compressFile(in, out, options));
        _exit(done && !faults.happened() ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ended = WEXITSTATUS(status) == 0;
      std::string found = readText(out);
      EXPECT_TRUE(found == "old" || found == right) << step;
      ASSERT_TRUE(holds(compressFile(in, out, options))) << step;
      EXPECT_EQ(readText(out), right);
      EXPECT_THAT(namesIn(folder.path), testing::ElementsAre("a", "c")) << step;
      ASSERT_LT(step, 100u);
    }
  }
}
