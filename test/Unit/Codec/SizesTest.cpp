//===- SizesTest.cpp - What every format costs, byte for byte -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compares sizes of seeded tensors, and a hash of all planes, with the committed table
// sizes.expected, so that a change of either shows in review. The table also shows
// that the bytes do not depend on machine or compiler.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "uwt/Support/Checksum.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace uwt;
using namespace uwt::test;

static constexpr uint64_t rows = 1024, columns = 1024;

static std::string readFile(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

static uint64_t hashOf(const MemoryPlanes &planes) {
  Xxh3Stream hash;
  for (const std::vector<uint8_t> &plane : planes.planes)
    hash.update(plane);
  return hash.digest();
}

/// One line of the table: bytes, bits a weight, hash, element, weights, format.
static std::string lineOf(const TensorDescription &description, Distribution distribution,
                          std::span<const uint8_t> source, ThreadPool &pool) {
  MemoryPlanes planes;
  Expected<EncodedTensor> result = encodeTensor(description, source, planes, pool);
  std::string size = result ? std::to_string(result->bytes()) : result.error().message();
  double bits = static_cast<double>(planes.bytes()) * 8 / static_cast<double>(rows * columns);
  char line[256];
  std::snprintf(
      line, sizeof(line), "%8s %8.4f  %s  %-8s %-10s  %s\n", size.c_str(), bits,
      toHex64(hashOf(planes)).c_str(), std::string(getTraits(description.element).name).c_str(),
      std::string(distributionName(distribution)).c_str(), description.format.str().c_str());
  return line;
}

static std::string tableOfSizes() {
  ThreadPool pool;
  std::string table = "#  bytes bits/wgt  xxh3 of all planes element  weights     format\n";
  for (ElementType element : allElementTypes)
    for (Distribution distribution :
         {Distribution::Gaussian, Distribution::RowScaled, Distribution::StudentT4}) {
      // All three kinds of weights for bf16; the other types once.
      if (element != ElementType::BF16 && distribution != Distribution::RowScaled)
        continue;
      std::vector<uint64_t> shape = {rows, columns};
      std::vector<uint8_t> source = makeTensor(element, shape, distribution, 2026);
      for (const std::string &text : registeredFormats()) {
        TensorDescription description{element, shape, parsedFormat(text)};
        if (checkFormat(description.format, element))
          table += lineOf(description, distribution, source, pool);
      }
    }
  return table;
}

TEST(SizesTest, SizesAndBytesAreThoseOfTheTable) {
  if (underSanitizer)
    GTEST_SKIP() << "one build that is not instrumented is enough for the table";
  std::filesystem::path expected = std::filesystem::path(__FILE__).parent_path() / "sizes.expected";
  std::string table = tableOfSizes();
  if (table == readFile(expected))
    return;
  std::filesystem::path actual = std::filesystem::path(testing::TempDir()) / "uwt-sizes.actual";
  std::ofstream(actual, std::ios::binary) << table;
  FAIL() << "sizes differ from the table; look at them with\n  diff " << expected.string() << " "
         << actual.string() << "\nand copy the new table over the old one if that is what you want";
}
