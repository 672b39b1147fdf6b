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
#include "TestFolders.h"
#include "uwt/Support/Checksum.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace uwt;
using namespace uwt::test;

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

namespace {
/// Weights of which the table shows all formats.
struct Sample {
  ElementType element;
  uint64_t rows, columns;
  Distribution distribution;
};
} // namespace

/// All kinds of weights for bf16, each other type once, and what a small tensor costs.
static constexpr Sample samples[] = {
    {ElementType::BF16, 1024, 1024, Distribution::Gaussian},
    {ElementType::BF16, 1024, 1024, Distribution::RowScaled},
    {ElementType::BF16, 1024, 1024, Distribution::StudentT4},
    {ElementType::F16, 1024, 1024, Distribution::RowScaled},
    {ElementType::F32, 1024, 1024, Distribution::RowScaled},
    {ElementType::F8E4M3FN, 1024, 1024, Distribution::RowScaled},
    {ElementType::F8E5M2, 1024, 1024, Distribution::RowScaled},
    {ElementType::UInt8, 1024, 1024, Distribution::RowScaled},
    {ElementType::BF16, 64, 64, Distribution::RowScaled},
};

static std::string printed(const char *format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

/// Bytes, bits a weight, hash, format.
static std::string lineOf(const TensorDescription &description, std::span<const uint8_t> source,
                          ThreadPool &pool) {
  MemoryPlanes planes;
  Expected<EncodedTensor> result = encodeTensor(description, source, planes, pool);
  std::string format = description.format.str();
  if (!result)
    return format + ": " + result.error().message() + "\n";
  double weights = static_cast<double>(*description.elements());
  return printed("%9llu %8.4f  %s  %s\n", static_cast<unsigned long long>(result->bytes()),
                 static_cast<double>(result->bytes()) * 8 / weights,
                 toHex64(hashOf(planes)).c_str(), format.c_str());
}

/// Name, shape and bounds of the weights.
static std::string headingOf(const Sample &sample, const TensorDescription &description,
                             std::span<const uint8_t> source, ThreadPool &pool) {
  const ElementTraits &traits = getTraits(sample.element);
  Expected<PanelSource> panels = panelSource(description, source);
  EntropyBounds bounds = entropyBounds(
      countWords(*panels, description.matrices()->panels(), traits.wordBits, pool), sample.element);
  return printed("\n# %s of %s, %llu x %llu; bounds: exponent %.4f, joint %.4f%s\n",
                 std::string(distributionName(sample.distribution)).c_str(),
                 std::string(traits.name).c_str(), static_cast<unsigned long long>(sample.rows),
                 static_cast<unsigned long long>(sample.columns), bounds.exponent, bounds.joint,
                 traits.lowBits ? ", low halves not counted" : "");
}

static std::string tableOfSizes() {
  ThreadPool pool;
  std::string table = "#   bytes bits/wgt  xxh3 of planes    format\n";
  for (const Sample &sample : samples) {
    TensorDescription description{sample.element, {sample.rows, sample.columns}, Format()};
    std::vector<uint8_t> source =
        makeTensor(sample.element, description.shape, sample.distribution, 2026);
    table += headingOf(sample, description, source, pool);
    for (const std::string &text : registeredFormats()) {
      description.format = parsedFormat(text);
      if (checkFormat(description.format, sample.element))
        table += lineOf(description, source, pool);
    }
  }
  return table;
}

TEST(SizesTest, SizesAndBytesAreThoseOfTheTable) {
  if (underSanitizer)
    GTEST_SKIP() << "one build that is not instrumented is enough for the table";
  std::filesystem::path expected = sourceFolder() / "test/Unit/Codec/sizes.expected";
  std::string table = tableOfSizes();
  if (table == readFile(expected))
    return;
  TemporaryFolder folder;
  folder.keep();
  std::string actual = folder / "sizes.actual";
  std::ofstream(actual, std::ios::binary) << table;
  FAIL() << "sizes differ from the table; look at them with\n  diff " << expected.string() << " "
         << actual << "\nand copy the new table over the old one if that is what you want";
}
