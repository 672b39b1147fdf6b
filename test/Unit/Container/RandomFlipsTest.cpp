//===- RandomFlipsTest.cpp - Flipped bits of a larger container -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ContainerDamageTest flips every bit of a small file. Here larger ones, with every kind of
// plane and several panels a tensor, or of quantised weights with their scales and zero points,
// have 8,000 of their bits flipped, one at a time. UWT_FLIPS says another number.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "Import/Checkpoints.h"
#include "uwt/Container/Compress.h"
#include <cstdlib>
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

static int flipCount() {
  if (const char *given = std::getenv("UWT_FLIPS"))
    return std::atoi(given);
  return underSanitizer ? 1000 : 8000;
}

static void expectFlipsFound(const std::string &path) {
  ThreadPool pool(1);
  ASSERT_TRUE(isSound(path, pool));
  BitFlipper flipper(path);
  Random random(5);
  uint64_t bits = readBytes(path).size() * 8;
  std::vector<uint64_t> missed;
  for (int flips = flipCount(); flips > 0; --flips) {
    uint64_t bit = random.below(bits);
    flipper.flip(bit);
    if (isSound(path, pool))
      missed.push_back(bit);
    flipper.flip(bit);
  }
  EXPECT_THAT(missed, testing::IsEmpty());
  EXPECT_TRUE(isSound(path, pool));
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
  expectFlipsFound(path);
}

TEST(RandomFlips, OfQuantisedWeightsAreAllFound) {
  for (const char *name : {"ct-int4-g32-asym", "modelopt-nvfp4"})
    for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Smallest}) {
      SCOPED_TRACE(name);
      TemporaryFolder folder;
      std::string path = folder / "container";
      CompressOptions options;
      options.threads = 1;
      options.format = policy;
      ASSERT_TRUE(holds(compressFile(goldenFolder(name) + "/model.safetensors", path, options)));
      expectFlipsFound(path);
    }
}
