//===- EncodeTest.cpp - Weights coded on the emulator ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every byte of the planes and tables of a weight that the kernels of kind transcode make is that
// of the same weight coded by the codec library with the same model.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include "uwt/Cuda/EncodedWeight.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::cuda_tools;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

struct EncodeCase {
  const char *from, *to;
};

/// Planes that the kernels have written.
struct EncodedPlanes {
  EncodedTables layout;
  EmulatedMemory words, raw, code, patch;
};

class Encoding {
public:
  Encoding(const EncodeCase &formats, uint64_t rows, uint64_t columns);
  std::string prepare() { return transcode.prepare(); }
  LoadedWeight load(const std::vector<uint16_t> &words, const char *format) const;
  Expected<EncodedPlanes> run(const std::vector<uint16_t> &words, const CodingPlan &plan,
                              uint64_t seed) const;
  bool assembles() const;
  /// Coded once more, with any counts and records.
  Status write(EncodedPlanes &planes, const CodingPlan &plan, EmulatedMemory &words,
               uint64_t seed) const;
  Expected<EmulatedMemory> decode(const std::vector<uint16_t> &words, uint64_t seed) const;

private:
  /// Kernel `number` on three CTAs.
  Status launch(size_t number, const std::vector<EmulatedArgument> &arguments,
                uint64_t seed) const {
    return transcode.launch(number, 3, arguments, seed);
  }
  size_t lastKernel() const { return transcode.kernels().entries.size() - 1; }
  uint64_t units() const { return (rows + 15) / 16 * ((columns + 63) / 64); }

  EncodeCase formats;
  uint64_t rows, columns;
  uwt::test::TranscodeModule transcode;
};

Encoding::Encoding(const EncodeCase &formats, uint64_t rows, uint64_t columns)
    : formats(formats), rows(rows), columns(columns),
      transcode(formats.from, formats.to, rows, columns) {}

LoadedWeight Encoding::load(const std::vector<uint16_t> &words, const char *format) const {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {rows, columns}, *Format::parse(format)};
  return *LoadedWeight::fromBytes(
      description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
}

Expected<EmulatedMemory> Encoding::decode(const std::vector<uint16_t> &words, uint64_t seed) const {
  EmulatedMemory result(units() * 2048);
  LoadedWeight loaded = load(words, formats.from);
  UWT_ASSIGN_OR_RETURN(EmulatedWeight weight, EmulatedWeight::make(loaded));
  if (transcode.kernels().entries.size() == 1) {
    std::memcpy(result.bytes().data(), weight.buffer(ArgumentKind::Words).bytes().data(),
                result.bytes().size());
    return result;
  }
  std::vector<EmulatedArgument> arguments;
  for (const KernelArgument &argument : transcode.kernels().entries.front().arguments)
    arguments.push_back(argument.kind == ArgumentKind::Extra
                            ? result.writable()
                            : weight.buffer(argument.kind).readable());
  UWT_RETURN_IF_ERROR(launch(0, arguments, seed));
  return result;
}

template <typename T> EmulatedMemory memoryOf(std::span<const T> items) {
  return EmulatedMemory(
      std::span(reinterpret_cast<const uint8_t *>(items.data()), items.size() * sizeof(T)));
}

Status Encoding::write(EncodedPlanes &planes, const CodingPlan &plan, EmulatedMemory &words,
                       uint64_t seed) const {
  EncodeTable table = encodeTable(plan);
  const DeviceTables &tables = planes.layout.tables;
  EmulatedMemory codes = memoryOf<uint8_t>(table), none(0),
                 panels = memoryOf<DevicePanelEntry>(tables.panels),
                 records = memoryOf<DeviceEscapeEntry>(tables.escapes);
  return launch(lastKernel(),
                {words.readable(), codes.readable(), none.writable(), panels.readable(),
                 records.readable(), planes.words.writable(), planes.raw.writable(),
                 planes.code.writable(), planes.patch.writable()},
                seed);
}

Expected<EncodedPlanes> Encoding::run(const std::vector<uint16_t> &dense, const CodingPlan &plan,
                                      uint64_t seed) const {
  UWT_ASSIGN_OR_RETURN(EmulatedMemory words, decode(dense, seed));
  EncodeTable table = encodeTable(plan);
  EmulatedMemory codes = memoryOf<uint8_t>(table), none(0), counts(units() * 2);
  UWT_RETURN_IF_ERROR(
      launch(lastKernel(),
             {words.readable(), codes.readable(), counts.writable(), none.readable(),
              none.readable(), none.writable(), none.writable(), none.writable(), none.writable()},
             seed));
  std::vector<uint16_t> found(units());
  std::memcpy(found.data(), counts.bytes().data(), counts.bytes().size());
  UWT_ASSIGN_OR_RETURN(EncodedTables layout, encodedTables(plan, found));
  EncodedPlanes planes{layout, EmulatedMemory(layout.words), EmulatedMemory(layout.raw),
                       EmulatedMemory(layout.code), EmulatedMemory(layout.patch)};
  UWT_RETURN_IF_ERROR(write(planes, plan, words, seed + 1));
  return planes;
}

bool Encoding::assembles() const {
  GpuCodeOptions options;
  options.output = GpuOutput::Cubin;
  return mlir::succeeded(
      compileKernels(transcode.kernels().module, **findGpuTarget("sm_90a"), options));
}

/// Part `at` (in u32) of so many bytes.
std::string_view partOf(std::span<const uint8_t> plane, uint64_t at, uint64_t bytes) {
  return {reinterpret_cast<const char *>(plane.data()) + 4 * at, bytes};
}

void expectSamePlanes(const EncodedPlanes &planes, const LoadedWeight &expected) {
  const CodingPlan &plan = expected.plan();
  auto tables = deviceTables(expected);
  ASSERT_TRUE(tables) << tables.error().message();
  const auto &panels = planes.layout.tables.panels;
  ASSERT_EQ(panels.size(), tables->panels.size());
  for (size_t i = 0; i < panels.size(); ++i) {
    SCOPED_TRACE("panel " + std::to_string(i));
    const DevicePanelEntry &own = panels[i], &other = tables->panels[i];
    ASSERT_EQ(own.storedAsWords, other.storedAsWords);
    uint32_t rows = plan.matrix.rowsOfPanel(i);
    FixedPanelSizes sizes = fixedPanelSizes(plan, rows);
    if (own.storedAsWords) {
      uint64_t bytes = fieldBytes(plan.format.layout, rows, plan.matrix.columns, 16);
      ASSERT_EQ(partOf(planes.words.bytes(), own.words, bytes),
                partOf(expected.buffer(PlaneKind::Words), other.words, bytes));
      continue;
    }
    ASSERT_EQ(partOf(planes.raw.bytes(), own.raw, sizes.raw),
              partOf(expected.buffer(PlaneKind::Raw), other.raw, sizes.raw));
    ASSERT_EQ(partOf(planes.code.bytes(), own.code, sizes.code),
              partOf(expected.buffer(PlaneKind::Code), other.code, sizes.code));
    uint64_t records = expected.panels()[i].patchU32;
    ASSERT_EQ(own.patch, other.patch);
    ASSERT_EQ(partOf(planes.patch.bytes(), own.patch, 4 * records),
              partOf(expected.buffer(PlaneKind::Patch), other.patch, 4 * records));
  }
  ASSERT_EQ(planes.layout.tables.escapes.size(), tables->escapes.size());
  EXPECT_EQ(std::memcmp(planes.layout.tables.escapes.data(), tables->escapes.data(),
                        tables->escapes.size() * sizeof(DeviceEscapeEntry)),
            0);
}

class EncodeTest : public ::testing::TestWithParam<EncodeCase> {
protected:
  void expectCoded(uint64_t rows, uint64_t columns, const std::vector<uint16_t> &words) {
    Encoding encoding(GetParam(), rows, columns);
    ASSERT_EQ(encoding.prepare(), "");
    expectCoded(encoding, words, /*seed=*/1);
  }
  void expectCoded(const Encoding &encoding, const std::vector<uint16_t> &words, uint64_t seed) {
    LoadedWeight expected = encoding.load(words, GetParam().to);
    auto planes = encoding.run(words, expected.plan(), seed);
    ASSERT_TRUE(planes) << planes.error().message();
    expectSamePlanes(*planes, expected);
  }
};

TEST_P(EncodeTest, PlanesAreThoseOfTheCodecLibrary) {
  constexpr std::pair<uint64_t, uint64_t> shapes[] = {
      {1, 1}, {17, 33}, {64, 64}, {65, 600}, {200, 1040}};
  for (auto [rows, columns] : shapes) {
    Encoding encoding(GetParam(), rows, columns);
    ASSERT_EQ(encoding.prepare(), "");
    for (uint32_t rarity : {400, 12}) {
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + ", one in " +
                   std::to_string(rarity));
      expectCoded(encoding, drawWeights(rows * columns, 3, rarity), rarity);
    }
  }
}

TEST_P(EncodeTest, EveryPatternIsCoded) {
  // Runs of 64 patterns, one in 29, so that panels stay coded whatever their escapes are.
  constexpr uint64_t rows = 1856, columns = 1024;
  std::vector<uint16_t> words = drawWeights(rows * columns, 7, 1 << 30);
  for (uint64_t pattern = 0; pattern < 65536; ++pattern)
    words[pattern / 64 * 64 * 29 + pattern % 64] = static_cast<uint16_t>(pattern);
  expectCoded(rows, columns, words);
}

TEST_P(EncodeTest, PanelsThatDoNotGetSmallerStayWords) {
  constexpr uint64_t rows = 200, columns = 512;
  std::vector<uint16_t> words = drawWeights(rows * columns, 5, 300);
  std::mt19937 random(5);
  for (uint64_t i = 64 * columns; i < 128 * columns; ++i)
    words[i] = static_cast<uint16_t>(random());
  // A unit with more escapes than a count holds, in a panel that would get smaller.
  for (uint64_t row = 128; row < 144; ++row)
    for (uint64_t column = 64; column < 128; ++column)
      words[row * columns + column] = static_cast<uint16_t>(column << 7 & 0x7F80);
  expectCoded(rows, columns, words);
}

TEST_P(EncodeTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  Encoding encoding(GetParam(), 4096, 4100);
  ASSERT_EQ(encoding.prepare(), "");
  EXPECT_TRUE(encoding.assembles());
}

INSTANTIATE_TEST_SUITE_P(Formats, EncodeTest,
                         ::testing::Values(EncodeCase{"raw", "inplace<12>"},
                                           EncodeCase{"huffman<12,2>", "inplace<12>"},
                                           EncodeCase{"huffman<12,2>", "palette<4>"},
                                           EncodeCase{"rans<12>", "inplace<12>"},
                                           EncodeCase{"inplace<12>", "window<4>"},
                                           EncodeCase{"descend<5>", "inplace<12>"}),
                         [](const auto &info) { return "Case" + std::to_string(info.index); });

/// Whatever tables say, nothing outside of the planes is touched.
TEST(EncodeTables, DamageStaysInBounds) {
  constexpr uint64_t rows = 80, columns = 300;
  Encoding encoding({"raw", "inplace<12>"}, rows, columns);
  ASSERT_EQ(encoding.prepare(), "");
  std::vector<uint16_t> dense = drawWeights(rows * columns, 3, 20);
  LoadedWeight expected = encoding.load(dense, "inplace<12>");
  auto words = encoding.decode(dense, 1);
  ASSERT_TRUE(words);
  std::mt19937 random(3);
  for (uint64_t round = 0; round < 6; ++round) {
    auto planes = encoding.run(dense, expected.plan(), 1);
    ASSERT_TRUE(planes) << planes.error().message();
    for (DeviceEscapeEntry &group : planes->layout.tables.escapes) {
      group.first += round < 3 ? random() % 5 : random();
      group.counts[random() % 4] = static_cast<uint8_t>(random());
    }
    Status status = encoding.write(*planes, expected.plan(), *words, round);
    // Two records at one place: hardware writes one of them.
    bool isTwice =
        !status && (status.error().message().find("another lane writes") != std::string::npos ||
                    status.error().message().find("nothing orders the two") != std::string::npos);
    EXPECT_TRUE(bool(status) || isTwice) << status.error().message();
  }
}

TEST(EncodeTables, SayWhatTheyDoNotFit) {
  Encoding encoding({"raw", "inplace<12>"}, 64, 64);
  CodingPlan plan = encoding.load(drawWeights(64 * 64, 3, 20), "inplace<12>").plan();
  auto tables = encodedTables(plan, std::vector<uint16_t>(3));
  ASSERT_FALSE(tables);
  EXPECT_EQ(tables.error().message(), "a matrix 64 x 64 has 4 units, and there are counts of 3");
  for (const char *format : {"inplace<11>", "descend<5>"}) {
    plan = encoding.load(drawWeights(64 * 64, 3, 20), format).plan();
    EXPECT_EQ(encodedTables(plan, std::vector<uint16_t>(4)).error().message(),
              "no kernel codes a weight as " + std::string(format) + "; load it in that format");
  }
}

} // namespace
