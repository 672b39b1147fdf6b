//===- RandomFlipsTest.cpp - Flipped bits of a larger container -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ContainerDamageTest flips every bit of a small file. Here a larger one, with every kind of
// plane and several panels a tensor, has 8,000 of its bits flipped, one at a
// time.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::test;

namespace {
/// Flips bits of a file in place.
class BitFlipper {
public:
  explicit BitFlipper(const std::string &path) : descriptor(::open(path.c_str(), O_RDWR)) {}
  ~BitFlipper() { ::close(descriptor); }
  void flip(uint64_t bit) {
    uint8_t byte = 0;
    ASSERT_EQ(::pread(descriptor, &byte, 1, static_cast<off_t>(bit / 8)), 1);
    byte ^= static_cast<uint8_t>(1 << bit % 8);
    ASSERT_EQ(::pwrite(descriptor, &byte, 1, static_cast<off_t>(bit / 8)), 1);
  }

private:
  int descriptor;
};
} // namespace

static bool isSound(const std::string &path, ThreadPool &pool) {
  Expected<Container> container = Container::open(path);
  if (!container)
    return false;
  VerifyOptions checksums;
  checksums.hashes = false;
  Expected<VerifyReport> report = container->verify(pool, checksums);
  return report && report->passed();
}

static TestTensor tensorOf(const std::string &name, ElementType element,
                           std::vector<uint64_t> shape, Distribution distribution) {
  Bytes bytes = makeTensor(element, shape, distribution, 7);
  return {name, std::string(getTraits(element).safetensorsName), std::move(shape),
          std::move(bytes)};
}

TEST(RandomFlips, AreAllFound) {
  TemporaryFolder folder;
  std::string plain = folder / "plain", path = folder / "container";
  writeTensors(plain,
               {tensorOf("t4", ElementType::BF16, {130, 100}, Distribution::StudentT4),
                tensorOf("low", ElementType::F32, {100, 60}, Distribution::Gaussian),
                tensorOf("words", ElementType::BF16, {200, 64}, Distribution::RandomPanelInside),
                tensorOf("stack.0", ElementType::BF16, {20, 64}, Distribution::Gaussian),
                tensorOf("stack.1", ElementType::BF16, {20, 64}, Distribution::StudentT4),
                {"ids", "U8", {500}, randomBytes(500, 3)}});
  CompressOptions options;
  options.threads = 1;
  options.sha256 = true;
  options.format = parsedFormat("window<4>");
  ASSERT_TRUE(holds(compressFile(plain, path, options)));
  ThreadPool pool(1);
  ASSERT_TRUE(isSound(path, pool));

  BitFlipper flipper(path);
  Random random(5);
  uint64_t bits = readBytes(path).size() * 8;
  std::vector<uint64_t> missed;
  for (int flips = underSanitizer ? 1000 : 8000; flips > 0; --flips) {
    uint64_t bit = random.below(bits);
    flipper.flip(bit);
    if (isSound(path, pool))
      missed.push_back(bit);
    flipper.flip(bit);
  }
  EXPECT_THAT(missed, testing::IsEmpty());
  EXPECT_TRUE(isSound(path, pool));
}
