//===- ChecksumTest.cpp - XXH3 and SHA-256 --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Checksum.h"
#include <gtest/gtest.h>
#include <vector>

using namespace uwt;

namespace {

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

// The published value of XXH3-64 with seed 0 of no bytes.
TEST(ChecksumTest, Xxh3OfNothing) { EXPECT_EQ(xxh3({}), 0x2d06800538d394c2u); }

TEST(ChecksumTest, Xxh3StreamEqualsOneCall) {
  std::vector<uint8_t> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 131);
  for (size_t size : {0, 1, 16, 240, 241, 1024, 5000}) {
    std::span<const uint8_t> whole = std::span<const uint8_t>(bytes).first(size);
    for (size_t cut : {size_t(0), size / 3, size}) {
      Xxh3Stream stream;
      stream.update(whole.first(cut));
      stream.update(whole.subspan(cut));
      EXPECT_EQ(stream.digest(), xxh3(whole)) << size << " cut at " << cut;
    }
  }
}

TEST(ChecksumTest, Xxh3StreamStartsAnew) {
  Xxh3Stream stream;
  stream.update(bytesOf("abc"));
  stream.reset();
  stream.update(bytesOf("de"));
  EXPECT_EQ(stream.digest(), xxh3(bytesOf("de")));
}

// Test vectors of FIPS 180-4.
TEST(ChecksumTest, Sha256) {
  EXPECT_EQ(Sha256Stream().hexDigest(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256Stream stream;
  stream.update(bytesOf("a"));
  stream.update(bytesOf("bc"));
  EXPECT_EQ(stream.hexDigest(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ChecksumTest, Hex64) {
  EXPECT_EQ(toHex64(0x0123456789abcdefu), "0123456789abcdef");
  EXPECT_EQ(parseHex64("0123456789abcdef"), 0x0123456789abcdefu);
  for (const char *bad : {"", "0", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                          "-123456789abcdef", "0x23456789abcdef"})
    EXPECT_FALSE(parseHex64(bad)) << bad;
}

} // namespace
