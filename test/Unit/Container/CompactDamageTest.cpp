//===- CompactDamageTest.cpp - Damaged and hostile compact containers -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/Reseal.h"
#include "Container/TestFiles.h"
#include "lib/Container/CompactHeader.h"
#include "lib/Container/Lz4.h"
#include "uwt/Container/Compress.h"
#include "uwt/Support/Checksum.h"
#include <fstream>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

/// A compact container in `c`: a matrix, a bundle, two raw tensors.
class CompactDamageTest : public testing::Test {
protected:
  void SetUp() override {
    Bytes bias = bf16Weights(700, 2), more = bf16Weights(500, 3);
    writeTensors(folder / "a", {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)},
                                {"a", "BF16", {700}, bias},
                                {"b", "BF16", {500}, more},
                                {"f", "F64", {2}, randomBytes(16, 3)},
                                {"i", "U8", {77}, randomBytes(77, 4)}});
    CompressOptions options;
    options.threads = 1;
    options.compactBytes = 0;
    ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
    whole = readBytes(folder / "c");
    Expected<Container> container = Container::open(folder / "c");
    ASSERT_TRUE(holds(container));
    ASSERT_TRUE((*container->find("b"))->bundle);
    const SafetensorsFile &file = container->file();
    auto entry = FileEntry::parse(*file.header().findMetadata(fileEntryKey));
    text = *lz4Decode(file.tensorBytes(*file.header().find(compactHeaderName)), *entry->text);
  }

  /// The file with another block, with the right checksums.
  Bytes withBlock(const Bytes &other, uint64_t textBytes) {
    SafetensorsFile file = *SafetensorsFile::open(folder / "c");
    SafetensorsHeader header = file.header();
    auto entry = *FileEntry::parse(*header.findMetadata(fileEntryKey));
    entry.text = textBytes;
    for (auto &[key, value] : header.metadata)
      if (key == fileEntryKey)
        value = entry.str();
    Bytes data;
    for (SafetensorsTensor &tensor : header.tensors) {
      std::span<const uint8_t> bytes = file.tensorBytes(tensor);
      if (tensor.name == compactHeaderName) {
        bytes = other;
        tensor.shape = {other.size()};
        tensor.end = tensor.begin + other.size();
      }
      data.resize(std::max<size_t>(data.size(), tensor.end));
      std::copy(bytes.begin(), bytes.end(), data.begin() + static_cast<ptrdiff_t>(tensor.begin));
    }
    return *resealContainer(
        safetensors(safetensorsHeaderText(header.tensors, header.metadata), data));
  }
  std::string messageWith(const Bytes &bytes) {
    writeBytes(folder / "x", bytes);
    return useEverything(folder / "x");
  }
  std::string messageOfText(const std::string &other) {
    return messageWith(withBlock(lz4Encode(other), other.size()));
  }
  std::string afterReplacing(const std::string &from, const std::string &to) {
    std::string other = text;
    size_t at = other.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return messageOfText(other.replace(std::min(at, other.size()), from.size(), to));
  }

  static std::string useEverything(const std::string &path, bool check = true) {
    ReadOptions options;
    options.check = check;
    auto container = Container::open(path, options);
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

  TemporaryFolder folder;
  Bytes whole;
  std::string text;
};

} // namespace

TEST_F(CompactDamageTest, EveryFlippedBitIsFound) {
  std::string path = folder / "c";
  // In place: a file that is written anew is flushed to the disk on some file systems.
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  auto put = [&](size_t byte, uint8_t value) {
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(value)).flush();
  };
  std::vector<size_t> missed;
  for (size_t bit = 0; bit < whole.size() * 8; bit += underSanitizer ? 61 : 3) {
    put(bit / 8, static_cast<uint8_t>(whole[bit / 8] ^ (1u << bit % 8)));
    auto report = verifyFile(path, verifyOnOneThread());
    if (report && report->passed())
      missed.push_back(bit);
    if (!report)
      EXPECT_EQ(report.error().getKind(), ErrorKind::Unsupported) << bit;
    // Without checks it is an error or data.
    if (bit % 7 == 0)
      useEverything(path, false);
    put(bit / 8, whole[bit / 8]);
  }
  EXPECT_THAT(missed, testing::IsEmpty());
}

TEST_F(CompactDamageTest, EveryTruncationIsRefused) {
  for (size_t size = 0; size < whole.size(); size += 61) {
    writeBytes(folder / "x", Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    EXPECT_FALSE(Container::open(folder / "x")) << size;
  }
}

TEST_F(CompactDamageTest, TheBlockIsCheckedBeforeItIsBelieved) {
  Bytes sound = lz4Encode(text);
  EXPECT_EQ(messageWith(withBlock(sound, text.size())), "no error");
  // The checksum of the header, as a tool that saves the file again has it, says nothing of it.
  Bytes flipped = whole;
  flipped.back() ^= 1;
  EXPECT_THAT(messageWith(flipped), HasSubstr("'file.uwt.header': its checksum is wrong"));
  EXPECT_THAT(messageWith(withBlock(sound, text.size() - 1)), HasSubstr("a longer text"));
  EXPECT_THAT(messageWith(withBlock(sound, text.size() + 1)), HasSubstr("a shorter text"));
  EXPECT_THAT(messageWith(withBlock({}, text.size())), HasSubstr("cannot stand for a text"));
  EXPECT_THAT(messageWith(withBlock(Bytes(1024, 255), 90'000'000)),
              HasSubstr("cannot stand for a text of that size"));
  EXPECT_THAT(messageWith(withBlock(sound, 100'000'001)), HasSubstr("that a header may have"));
  EXPECT_THAT(messageWith(withBlock(sound, UINT64_MAX)), HasSubstr("that a header may have"));
  Bytes half(sound.begin(), sound.begin() + static_cast<ptrdiff_t>(sound.size() / 2));
  EXPECT_THAT(messageWith(withBlock(half, text.size())), HasSubstr("file.uwt.header"));
}

TEST_F(CompactDamageTest, TheTextIsAHeaderWithoutTensors) {
  EXPECT_THAT(messageOfText("not JSON"), HasSubstr("tensor 'file.uwt.header': "));
  EXPECT_THAT(messageOfText("[]"), HasSubstr("tensor 'file.uwt.header': "));
  EXPECT_THAT(messageOfText("{}"), HasSubstr("no entry 'uwt.original'"));
  EXPECT_THAT(messageOfText("{\"__metadata__\":{\"uwt.original\":\"{}\"}}"),
              HasSubstr("'file.uwt.planes' has"));
  EXPECT_THAT(messageOfText("{\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
              HasSubstr("its text has a tensor"));
}

TEST_F(CompactDamageTest, EntriesAndPlanesAgree) {
  std::string planes = "{\\\"index\\\":";
  EXPECT_THAT(afterReplacing(planes, planes + "9"),
              HasSubstr("its planes are not all in the file"));
  EXPECT_THAT(afterReplacing(planes, planes + "1844674407370955"),
              HasSubstr("its planes are not all in the file"));
  EXPECT_THAT(afterReplacing("\"w.uwt\":", "\"W.uwt\":"), HasSubstr("'file.uwt.planes' has"));
}

TEST_F(CompactDamageTest, BundlesHaveTheBytesOfTheirTensors) {
  EXPECT_THAT(afterReplacing("\\\"bundle\\\":2", "\\\"bundle\\\":3"),
              HasSubstr("its bundle has 3 tensors, but the original has 2 for it"));
  EXPECT_THAT(afterReplacing("\\\"bundle\\\":2", "\\\"bundle\\\":1"),
              HasSubstr("its bundle has 2400 bytes, but its tensors have 1400"));
  EXPECT_THAT(afterReplacing("\\\"bundle\\\":2", "\\\"bundle\\\":0"),
              HasSubstr("'bundle' is not a number of tensors"));
  EXPECT_THAT(afterReplacing("\\\"bundle\\\":2", "\\\"bundle\\\":2,\\\"members\\\":2"),
              HasSubstr("'bundle' is not a number of tensors"));
  std::string shape = "\\\"dtype\\\":\\\"BF16\\\",\\\"shape\\\":[1200]";
  auto withShape = [&](const std::string &dtype, const std::string &dimensions) {
    return afterReplacing(shape,
                          "\\\"dtype\\\":\\\"" + dtype + "\\\",\\\"shape\\\":[" + dimensions + "]");
  };
  EXPECT_THAT(withShape("BF16", "1100"), HasSubstr("is not all in its bundle, which has 2200"));
  EXPECT_THAT(withShape("BF16", "1201"), HasSubstr("its bundle has 2402 bytes"));
  EXPECT_THAT(withShape("BF16", "9000000000"), HasSubstr("more than 4194304"));
  EXPECT_THAT(withShape("BF16", "18446744073709551615"), HasSubstr("tensor 'a'"));
  EXPECT_THAT(withShape("F16", "1200"), HasSubstr("not of rank 1 and dtype BF16"));
  EXPECT_THAT(withShape("BF16", "2,600"), HasSubstr("not of rank 1 and dtype BF16"));
  EXPECT_THAT(afterReplacing("\"a.uwt\":", "\"z.uwt\":"), HasSubstr("'file.uwt.planes' has"));
}

TEST_F(CompactDamageTest, AFoldHasElements) {
  size_t begin = text.find("fold=flat<"), end = text.find('>', begin);
  ASSERT_NE(begin, std::string::npos);
  EXPECT_THAT(afterReplacing(text.substr(begin, end - begin), "fold=flat<0"),
              HasSubstr("fold=flat<0>: rows have no elements"));
}

TEST_F(CompactDamageTest, OtherFilesHaveNoBundles) {
  // The entry of a bundle in a header that is not compact.
  writeTensors(folder / "p", {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)}});
  CompressOptions options;
  options.threads = 1;
  ASSERT_TRUE(holds(compressFile(folder / "p", folder / "q", options)));
  Bytes bytes = readBytes(folder / "q");
  std::string from = "\\\"version\\\":1", to = "\\\"bundle\\\":1 ";
  auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
  ASSERT_NE(at, bytes.end());
  std::string both = to.substr(0, to.size() - 1) + "," + from;
  bytes.insert(at, both.begin(), both.begin() + static_cast<ptrdiff_t>(both.size() - from.size()));
  uint64_t length = bytes[8 - 8] | uint64_t(bytes[1]) << 8;
  length += both.size() - from.size();
  bytes[0] = static_cast<uint8_t>(length);
  bytes[1] = static_cast<uint8_t>(length >> 8);
  auto sealed = resealContainer(bytes);
  ASSERT_TRUE(sealed);
  EXPECT_THAT(messageWith(*sealed), HasSubstr("in a file of the compact form"));
}
