//===- EmulatedBenchTest.cpp - uwt-bench on an emulated GPU ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What uwt-bench checks on a GPU, with the driver's launches run by the emulator.
//
//===----------------------------------------------------------------------===//

#include "Codegen/Decode/DrawQuantized.h"
#include "Container/TestFiles.h"
#include "EmulatedPack.h"
#include "uwt-bench/Bench.h"
#include "uwt-bench/QuantizedDraw.h"
#include <gmock/gmock.h>
#include <map>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::emulator;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

/// A kernel of a pack, and the one that uwt-bench is to compare it with; nothing for any.
struct BenchKernel : uwt::test::PackedProduct {
  std::string twin;
};

/// Of each codec, what kernels make beside `raw`.
std::vector<std::string> formatsOfDevices() {
  std::vector<std::string> formats = uwt::test::formatsOfEachCodec();
  std::erase_if(formats, [](const std::string &format) {
    CodecTraits traits = *checkFormat(*Format::parse(format), ElementType::BF16);
    return traits.rate != Rate::Fixed || !traits.madeByDevices;
  });
  return formats;
}

class EmulatedBenchTest : public ::testing::Test {
protected:
  // Two stream units a strip, tails in every dimension.
  static constexpr uint64_t rows = 72, columns = 1100;

  EmulatedBenchTest() {
    options.checkOnly = options.noPeers = true;
    options.decodeLaunches = 6;
    options.shapes = {{"test", rows, columns}};
  }
  Status run() {
    std::string path = folder / "kernels.uwtpack";
    UWT_RETURN_IF_ERROR(pack.pack().write(path, /*overwrite=*/true));
    options.packs = {path};
    bench::BenchProgress progress;
    progress.say = [](const std::string &) {};
    progress.save = [](const bench::BenchResult &) { return ok(); };
    ThreadPool pool(2);
    UWT_ASSIGN_OR_RETURN(CudaDevicePtr device, test::fakeDevice());
    return bench::runBench(device, options, progress, pool, result);
  }

  void expectAllRight() {
    Status done = run();
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_THAT(pack.faults, IsEmpty());
    for (const bench::RefusedRow &row : result.refused)
      ADD_FAILURE() << row.kernel << ", m " << row.m << ": " << row.reason;
  }

  /// The kernel that each format and m was compared with. Products were checked in each way there
  /// is.
  using Twins = std::map<std::pair<std::string, uint32_t>, std::string>;
  Twins checkedTwins() {
    Twins twins;
    for (const bench::BenchRow &row : result.rows) {
      twins[{row.entry->format.str(), row.m}] = row.checks.twin;
      EXPECT_EQ(row.checks.twinOutputs, row.m * rows) << row.entry->kernel;
      EXPECT_GT(row.checks.decodedColumns, 0u) << row.entry->kernel;
      EXPECT_GT(row.checks.exactOutputs, 0u) << row.entry->kernel;
    }
    return twins;
  }

  test::TemporaryFolder folder;
  uwt::test::EmulatedPack pack{rows, columns};
  bench::BenchOptions options;
  bench::BenchResult result;
};

TEST_F(EmulatedBenchTest, ChecksEveryStrategy) {
  using enum ProductStrategy;
  std::vector<BenchKernel> given = {
      {{"raw", Direct, 1, 1, 8}, "product_1"},
      {{"raw", Direct, 8, 9, 64}, "product_3"},
      {{"inplace<12>", Direct, 1, 1, 8}, "product_1"},
      {{"inplace<12>", Direct, 8, 9, 64}, "product_3"},
      {{"inplace<11>", Direct, 1, 1, 8}, "product_1"},
      // No raw kernel has slices of so many rows, adds a strip's units one after the other, or ends
      // shares with units.
      {{"inplace<11>", Direct, 4, 9, 32}, "product_11, all panels as words"},
      {{"huffman<12,2>", Direct, 1, 1, 8}, "product_13, all panels as words"},
      {{"huffman<12,2>", Shared, 8, 9, 64}, "product_15, all panels as words"},
      {{"window<4>", Direct, 8, 1, 64}, "product_3"},
      {{"palette<4>", Direct, 8, 1, 64}, "product_3"},
      {{"bitplane<3>", Direct, 8, 1, 64}, "product_3"},
      {{"huffman<12,1>", Codes, 1, 1, 8}, "product_1"},
      {{"huffman<12,1>", Exponents, 8, 9, 64}, "product_3"},
      {{"rice<1,8>", Buffer, 1, 1, 8}, "product_1"},
      {{"rice<1,8>", Buffer, 8, 9, 64}, "product_3"},
  };
  std::vector<std::string> named;
  for (const BenchKernel &kernel : given)
    named.push_back(kernel.format);
  for (auto [rate, strategy] : {std::pair(Rate::Fixed, Direct), std::pair(Rate::Prefix, Buffer),
                                std::pair(Rate::Ans, Buffer)})
    for (const std::string &format : uwt::test::withOtherCodecs(named, rate))
      if (std::ranges::count(named, format) == 0)
        given.push_back({{format, strategy, 8, 1, 64}, ""});
  for (const BenchKernel &kernel : given)
    pack.addProduct(kernel);
  options.mValues = {5, 20};
  expectAllRight();
  Twins twins = checkedTwins();
  for (const BenchKernel &kernel : given) {
    uint32_t m = kernel.mTo == 8 ? 5 : 20;
    const std::string &twin = twins[{Format::parse(kernel.format)->str(), m}];
    EXPECT_NE(twin, "") << kernel.format << ", m " << m;
    if (!kernel.twin.empty())
      EXPECT_EQ(twin, kernel.twin) << kernel.format << ", m " << m;
  }
}

TEST_F(EmulatedBenchTest, ChecksWeightsThatTheDeviceCodes) {
  std::vector<std::string> results = formatsOfDevices();
  for (const std::string &result : results)
    pack.addTranscode(fastFormat(ElementType::BF16).str(), result);
  options.mValues = {1};
  expectAllRight();
  // The first kernel of each makes `raw`.
  std::map<std::string, uint64_t> checked;
  for (const bench::BenchRow &row : result.rows)
    checked[row.entry->result->str()] = row.checks.twinOutputs;
  EXPECT_GT(checked["raw"], rows * columns);
  for (const std::string &result : results)
    EXPECT_GT(checked[Format::parse(result)->str()], rows * columns) << result;
}

/// Codes that are drawn, loaded as those of a checkpoint: by each way in which kernels decode them.
TEST_F(EmulatedBenchTest, ChecksQuantisedFormats) {
  using enum ProductStrategy;
  std::vector<BenchKernel> given = {
      {{"raw", Direct, 1, 1, 8}, "product_1"},
      {{"raw", Direct, 8, 9, 64}, "product_3"},
      {{"uint<4>, zero=8, scale={1x128, bf16}", Direct, 1, 1, 8}, "product_1"},
      {{"uint<4>, zero=8, scale={1x128, bf16}", Direct, 8, 9, 64}, "product_3"},
      {{"uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}", Direct, 8, 1, 64}, "product_3"},
      {{"f4E2M1FN, scale={1x32, f8E8M0FNU}", Direct, 8, 1, 64}, "product_3"},
      {{"f4E2M1FN, scale={1x16, f16E6M10U}", Direct, 8, 1, 64}, "product_3"},
      {{"f8E4M3FN, scale={128x128, f32}", Direct, 8, 1, 64}, "product_3"},
      // No raw kernel has slices of so many rows.
      {{"table<4>, scale={1x64, f32}", Direct, 4, 1, 32}, "product_17, all panels as words"},
      {{"int<8>, scale={row, bf16}", Buffer, 8, 1, 64}, "product_3"},
      {{"f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}", Direct, 8, 1, 64}, "product_3"},
  };
  for (const BenchKernel &kernel : given)
    pack.addProduct(kernel);
  options.mValues = {5, 20};
  expectAllRight();
  Twins twins = checkedTwins();
  // Two values of m of nine formats.
  EXPECT_EQ(result.rows.size(), 18u);
  for (const BenchKernel &kernel : given)
    EXPECT_EQ((twins[{Format::parse(kernel.format)->str(), kernel.mTo == 8 ? 5 : 20}]), kernel.twin)
        << kernel.format;
}

/// What the kernel reads differs from what was drawn by a code, or by a scale.
TEST_F(EmulatedBenchTest, FindsAByteOfCodesThatIsAnother) {
  pack.addProduct({"f4E2M1FN, scale={1x32, f8E8M0FNU}", ProductStrategy::Direct, 1, 1, 8});
  options.mValues = {4};
  options.decodeLaunches = 512;
  // A unit has 512 bytes of codes, then 32 exponents.
  for (size_t place : {3, 517}) {
    bool isFirst = true;
    options.observer = [&](const DeviceWeight &weight, std::span<const uint16_t>) {
      auto code = weight.buffer(ArgumentKind::Code, 0);
      if (std::exchange(isFirst, false))
        *reinterpret_cast<uint8_t *>(code.address + place) ^= 0x10;
    };
    result = {};
    Status done = run();
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(result.rows.empty());
    EXPECT_TRUE(result.hasWrong());
    EXPECT_THAT(result.refused.front().reason,
                HasSubstr("by a unit vector it has to be the weight of column "));
  }
}

/// All formats that products run from, with what uwt-bench draws for them.
TEST(EmulatedBenchDraw, NoPanelIsStoredAsWords) {
  ThreadPool pool(2);
  constexpr uint64_t rows = 80, columns = 1100;
  for (const char *text : uwt::test::quantizedFormats()) {
    SCOPED_TRACE(text);
    Format format = *Format::parse(text);
    for (bench::DrawnValues values : {bench::DrawnValues::Plausible, bench::DrawnValues::Exact}) {
      QuantizedWeight weight = bench::drawQuantized(format, rows, columns, values, 1, pool);
      auto loaded =
          LoadedWeight::fromQuantized({ElementType::BF16, {rows, columns}, format}, weight, pool);
      ASSERT_TRUE(bool(loaded));
      EXPECT_TRUE(std::ranges::none_of(loaded->panels(), &PanelEntry::storedAsWords));
      if (values == bench::DrawnValues::Exact)
        EXPECT_TRUE(bench::ExactProblem(bench::wordsOf(weight, pool), rows, 8, 1, pool).hasSums());
    }
  }
}

TEST_F(EmulatedBenchTest, AWrongKernelHasNoRow) {
  pack.addProduct({"inplace<12>", ProductStrategy::Direct, 1, 1, 8});
  options.mValues = {4};
  pack.fake.onLaunch = [this](const test::FakeLaunch &launch) {
    pack.emulate(launch);
    if (launch.function == "product_1")
      *reinterpret_cast<uint32_t *>(
          launch.parameters[1 + pack.parametersOf(pack.lastEntry(), ArgumentKind::Y)]) ^= 1;
  };
  ASSERT_TRUE(run());
  EXPECT_TRUE(result.rows.empty());
  EXPECT_TRUE(result.hasWrong());
}

} // namespace
