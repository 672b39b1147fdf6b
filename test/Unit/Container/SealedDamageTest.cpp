//===- SealedDamageTest.cpp - Damage behind right checksums ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/Reseal.h"
#include "Container/TestFiles.h"
#include "lib/Container/Manifest.h"
#include "uwt/Container/Checkpoint.h"
#include <filesystem>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

namespace {

/// Containers of a few small tensors in each kind of format.
class SealedDamageTest : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    writeTensors(folder / "plain", {{"w", "BF16", {100, 100}, bf16Weights(100 * 100, 1)},
                                    {"tied", "BF16", {100, 100}, bf16Weights(100 * 100, 1)},
                                    {"ids", "U8", {200}, randomBytes(200, 3)}});
    CompressOptions options;
    options.threads = 1;
    options.format = parsedFormat(GetParam());
    ASSERT_TRUE(holds(compressFile(folder / "plain", folder / "c", options)));
    sound = readBytes(folder / "c");
  }

  TemporaryFolder folder;
  Bytes sound;
};

} // namespace

TEST_P(SealedDamageTest, ASoundFileStaysAsItIs) {
  auto again = resealContainer(sound);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, sound);
}

/// Any byte behind the header may change, with all checksums right. What decodes is given back;
/// what does not is an error that `decode` finds.
TEST_P(SealedDamageTest, DecodingFindsWhatDecompressingWouldFind) {
  size_t begin = SafetensorsFile::open(folder / "c")->prefix().size();
  Random random(7);
  unsigned looksIntact = 0, doesNotDecode = 0;
  for (unsigned round = 0; round < (underSanitizer ? 25 : 60); ++round) {
    Bytes bytes = sound;
    for (uint64_t flips = 1 + random.below(3); flips > 0; --flips)
      bytes[begin + random.below(bytes.size() - begin)] ^=
          static_cast<uint8_t>(1 + random.below(255));
    auto sealed = resealContainer(bytes);
    ASSERT_TRUE(sealed);
    writeBytes(folder / "x", *sealed);
    auto checked = verifyFile(folder / "x", verifyOnOneThread());
    ASSERT_TRUE(holds(checked));
    auto decoded = verifyFile(folder / "x", verifyOnOneThread(/*decode=*/true));
    ASSERT_TRUE(holds(decoded));
    DecompressOptions options;
    options.overwrite = true;
    options.threads = 1;
    auto restored = decompressFile(folder / "x", folder / "y", options);
    // Padding that is not zero is damage that decoding reads over.
    EXPECT_TRUE(bool(restored) || !decoded->passed()) << round;
    EXPECT_TRUE(!restored || decoded->passed() ||
                decoded->findings[0].message.find("not zero") != std::string::npos)
        << round << decoded->findings[0].message;
    looksIntact += checked->passed();
    doesNotDecode += checked->passed() && !decoded->passed();
  }
  EXPECT_GT(looksIntact, 0u);
  // Any code of a fixed rate means something.
  if (checkFormat(parsedFormat(GetParam()), ElementType::BF16)->rate == Rate::Prefix)
    EXPECT_GT(doesNotDecode, 0u);
}

INSTANTIATE_TEST_SUITE_P(Formats, SealedDamageTest, testing::ValuesIn(formatsOfEachComposition()),
                         [](const auto &info) { return testNameOf(info.param); });

/// A folder whose checksums are all right, in which the second of two shards does not decode.
TEST(SealedFolder, WhatWasWrittenIsTakenBack) {
  TemporaryFolder folder;
  std::string in = folder / "model", out = folder / "out", back = folder / "back";
  fs::create_directories(in + "/b");
  for (const char *name : {"/a", "/b/c"})
    writeTensors(in + name + ".safetensors", {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)}});
  CheckpointOptions options;
  options.compress.threads = 1;
  options.compress.format = parsedFormat("huffman<12,1>");
  ASSERT_TRUE(holds(compress(in, out, options)));

  std::string shard = out + "/b/c.uwt.safetensors";
  Bytes bytes = readBytes(shard);
  auto file = SafetensorsFile::open(shard);
  ASSERT_TRUE(holds(file));
  // The lengths of the first unit's lanes.
  bytes[file->prefix().size() + file->header().find("w.uwt.code")->begin + 4] ^= 0x40;
  auto sealed = resealContainer(bytes);
  ASSERT_TRUE(sealed);
  writeBytes(shard, *sealed);
  auto manifest = Manifest::parse(readText(out + "/uwt.json"));
  ASSERT_TRUE(holds(manifest));
  std::string digits(sealed->begin() + 46, sealed->begin() + 62);
  manifest->files[1].checksum = std::stoull(digits, nullptr, 16);
  writeText(out + "/uwt.json", manifest->str());

  EXPECT_TRUE(verify(out, verifyOnOneThread())->passed());
  EXPECT_FALSE(verify(out, verifyOnOneThread(/*decode=*/true))->passed());
  fs::create_directory(back);
  writeText(back + "/mine", "stays");
  auto restored = decompress(out, back, {});
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().getKind(), ErrorKind::Invalid);
  EXPECT_THAT(messageOf(restored), HasSubstr("b/c.uwt.safetensors: tensor 'w': panel 0"));
  EXPECT_THAT(namesIn(back), ElementsAre("mine"));
}

/// F23: `planes.index` and the index's own first u32 have one meaning.
TEST(SealedFile, AnEntryAndItsIndexAgreeOnBytesInUse) {
  TemporaryFolder folder;
  writeTensors(folder / "a", {{"w", "BF16", {64, 64}, bf16Weights(64 * 64, 1)}});
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", {})));
  Bytes bytes = readBytes(folder / "c");
  auto container = Container::open(folder / "c");
  ASSERT_TRUE(holds(container));
  uint64_t used = container->entries()[0].planeBytes[numberOf(PlaneKind::Index)];
  ASSERT_NE(used % 256, 0u);
  // Zeros of the padding become a part of the plane.
  std::string from = "\\\"planes\\\":{\\\"index\\\":" + std::to_string(used);
  std::string to = "\\\"planes\\\":{\\\"index\\\":" + std::to_string(used + 4);
  ASSERT_EQ(from.size(), to.size());
  auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
  ASSERT_NE(at, bytes.end());
  std::copy(to.begin(), to.end(), at);
  auto sealed = resealContainer(bytes);
  ASSERT_TRUE(sealed);
  writeBytes(folder / "x", *sealed);
  EXPECT_EQ(messageOf(decompressFile(folder / "x", folder / "y", {})),
            folder / "x" + ": tensor 'w': plane index says that " + std::to_string(used) +
                " of its bytes are in use, its entry that " + std::to_string(used + 4) + " are");
}
