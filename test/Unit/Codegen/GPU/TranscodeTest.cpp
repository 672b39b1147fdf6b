//===- TranscodeTest.cpp - Kernels of kind transcode on the emulator ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel makes of a weight's planes is plane `words` of the same weight as raw, bit for bit,
// padding included; and no planes, whatever is in them, make it leave a buffer or run on.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include "uwt/Cuda/DeviceWeight.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Emulator/EmulatedProduct.h"
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::emulator;
using uwt::test::withOtherCodecs;

namespace {

class Transcode {
public:
  Transcode(const std::string &format, MatrixShape shape, const std::string &element = "bf16");

  /// Empty where the kernel is there.
  std::string prepare();
  /// The result's words.
  Expected<std::vector<uint16_t>> run(const EmulatedWeight &weight, uint32_t workgroups,
                                      uint64_t seed);
  Expected<LoadedWeight> load(const std::vector<uint16_t> &words, const std::string &as);
  Expected<LoadedWeight> load(const std::vector<uint16_t> &words) { return load(words, format); }
  bool assembles();
  const KernelEntry &entry() const { return module.kernels().entries.front(); }

private:
  std::string format, element;
  MatrixShape shape;
  uwt::test::TranscodeModule module;
};

Transcode::Transcode(const std::string &format, MatrixShape shape, const std::string &element)
    : format(format), element(element), shape(shape),
      module(format, "raw", shape.rows, shape.columns, element) {}

std::string Transcode::prepare() { return module.prepare(); }

Expected<LoadedWeight> Transcode::load(const std::vector<uint16_t> &words, const std::string &as) {
  ThreadPool pool(1);
  TensorDescription description{element == "bf16" ? ElementType::BF16 : ElementType::F16,
                                {shape.rows, shape.columns},
                                *Format::parse(as)};
  return LoadedWeight::fromBytes(
      description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
}

Expected<std::vector<uint16_t>> Transcode::run(const EmulatedWeight &weight, uint32_t workgroups,
                                               uint64_t seed) {
  uint64_t strips = (shape.rows + 15) / 16, groups = (shape.columns + 63) / 64;
  EmulatedMemory result(strips * groups * 2048);
  std::ranges::fill(result.bytes(), uint8_t(0xA5));
  std::vector<EmulatedArgument> arguments;
  for (const KernelArgument &argument : entry().arguments)
    arguments.push_back(argument.kind == ArgumentKind::Extra
                            ? result.writable()
                            : weight.buffer(argument.kind).readable());
  UWT_RETURN_IF_ERROR(module.launch(0, workgroups, std::move(arguments), seed));
  std::vector<uint16_t> words(result.bytes().size() / 2);
  std::memcpy(words.data(), result.bytes().data(), result.bytes().size());
  return words;
}

bool Transcode::assembles() {
  GpuCodeOptions options;
  options.output = GpuOutput::Cubin;
  return mlir::succeeded(
      compileKernels(module.kernels().module, **findGpuTarget("sm_90a"), options));
}

/// Mostly in a narrow range of exponents, one in `rarity` anywhere.
std::vector<uint16_t> drawWeights(uint64_t count, uint32_t seed, uint32_t rarity) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words) {
    uint32_t exponent = 120 - std::min(std::countl_zero(uint32_t(random() | 1)), 12);
    if (random() % rarity == 0)
      exponent = random() % 256;
    word = static_cast<uint16_t>((random() & 0x807F) | exponent << 7);
  }
  return words;
}

/// The same in f16's fields.
std::vector<uint16_t> drawHalves(uint64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words) {
    uint32_t exponent = 14 - std::min(std::countl_zero(uint32_t(random() | 1)), 12);
    word = static_cast<uint16_t>((random() & 0x83FF) | exponent << 10);
  }
  return words;
}

class TranscodeTest : public ::testing::TestWithParam<std::string> {};

void expectRawWords(Transcode &transcode, const std::vector<uint16_t> &words, bool isCoded) {
  auto weight = transcode.load(words), raw = transcode.load(words, "raw");
  ASSERT_TRUE(weight) << weight.error().message();
  ASSERT_TRUE(raw) << raw.error().message();
  // Else the test would show that words are copied.
  if (isCoded)
    for (const PanelEntry &panel : weight->panels())
      ASSERT_EQ(panel.storedAsWords, 0u);
  auto device = EmulatedWeight::make(*weight);
  ASSERT_TRUE(device) << device.error().message();
  auto result = transcode.run(*device, 3, /*seed=*/words.size());
  ASSERT_TRUE(result) << result.error().message();
  std::span<const uint8_t> expected = raw->buffer(PlaneKind::Words);
  ASSERT_LE(result->size() * 2, expected.size());
  for (size_t i = 0; i < result->size(); ++i) {
    uint16_t word = 0;
    std::memcpy(&word, expected.data() + 2 * i, 2);
    ASSERT_EQ((*result)[i], word) << "half word " << i;
  }
}

TEST_P(TranscodeTest, EveryPatternDecodes) {
  // Runs of 64 patterns, one in 29, so that panels stay coded whatever their escapes are.
  MatrixShape shape{1856, 1024};
  std::vector<uint16_t> words = drawWeights(shape.rows * shape.columns, 7, 1 << 30);
  for (uint64_t pattern = 0; pattern < 65536; ++pattern)
    words[pattern / 64 * 64 * 29 + pattern % 64] = static_cast<uint16_t>(pattern);
  Transcode transcode(GetParam(), shape);
  ASSERT_EQ(transcode.prepare(), "");
  expectRawWords(transcode, words, /*isCoded=*/GetParam() != "raw");
}

TEST_P(TranscodeTest, TailsAndPaddingAreRawsOwn) {
  constexpr MatrixShape shapes[] = {{1, 1},     {17, 33},   {65, 257},  {150, 512},
                                    {100, 513}, {70, 1040}, {64, 1100}, {33, 2050}};
  for (const MatrixShape &shape : shapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    Transcode transcode(GetParam(), shape);
    ASSERT_EQ(transcode.prepare(), "");
    for (uint32_t rarity : {400, 9})
      expectRawWords(transcode, drawWeights(shape.rows * shape.columns, rarity, rarity),
                     /*isCoded=*/false);
  }
}

TEST_P(TranscodeTest, DamagedPlanesStayInBounds) {
  MatrixShape shape{80, 1100};
  Transcode transcode(GetParam(), shape);
  ASSERT_EQ(transcode.prepare(), "");
  auto weight = transcode.load(drawWeights(shape.rows * shape.columns, 5, 60));
  ASSERT_TRUE(weight) << weight.error().message();
  std::mt19937 random(11);
  for (uint32_t round = 0; round < 8; ++round) {
    auto device = EmulatedWeight::make(*weight);
    ASSERT_TRUE(device) << device.error().message();
    for (ArgumentKind kind : {ArgumentKind::Raw, ArgumentKind::Code, ArgumentKind::Patch})
      for (uint8_t &byte : device->buffer(kind).bytes())
        // Single bytes, then all of them.
        if (random() % (round < 4 ? 64 : 1) == 0)
          byte = static_cast<uint8_t>(random());
    auto result = transcode.run(*device, 2, round);
    // Records with one position: hardware writes one of them.
    std::string problem = result ? "" : result.error().message();
    bool isTwice = problem.find("another lane writes something else") != std::string::npos ||
                   problem.find("nothing orders the two") != std::string::npos;
    ASSERT_TRUE(result || isTwice) << "round " << round << ": " << problem;
  }
}

TEST_P(TranscodeTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  Transcode transcode(GetParam(), {4096, 4096});
  ASSERT_EQ(transcode.prepare(), "");
  EXPECT_TRUE(transcode.assembles());
}

INSTANTIATE_TEST_SUITE_P(
    Formats, TranscodeTest,
    ::testing::ValuesIn(withOtherCodecs(
        withOtherCodecs(
            withOtherCodecs({"raw", "inplace<12>", "inplace<11>", "window<4>", "window<3>",
                             "bitplane<3>", "palette<4>", "palette<4>, coded=exponent+2",
                             "window<4>, escapes=rows<64>", "inplace<11>, escapes=rows<64>",
                             "huffman<12,2>", "huffman<12,1>", "huffman<8,1>, escapes=rows<64>",
                             "huffman<12,2>, context=row_class<2>",
                             "huffman<12,1>, coded=exponent+2, context=row_class<4>", "rice<1,8>"},
                            Rate::Fixed),
            Rate::Prefix),
        Rate::Ans)));

TEST(TranscodeElementTest, HalfPrecisionDecodes) {
  MatrixShape shape{100, 300};
  for (const char *format :
       {"window<4>", "palette<4>", "huffman<12,2>", "huffman<12,1>", "rans<12>"}) {
    SCOPED_TRACE(format);
    Transcode transcode(format, shape, "f16");
    ASSERT_EQ(transcode.prepare(), "");
    expectRawWords(transcode, drawHalves(shape.rows * shape.columns, 3), /*isCoded=*/true);
  }
}

TEST(TranscodeElementTest, EntrySaysWhatALaunchNeeds) {
  Transcode transcode("huffman<12,2>", {4096, 4096});
  ASSERT_EQ(transcode.prepare(), "");
  const KernelEntry &entry = transcode.entry();
  EXPECT_EQ(entry.kind, GpuKernelKind::Transcode);
  EXPECT_EQ(entry.result->str(), "raw");
  EXPECT_EQ(entry.launch.sharedBytes, 4096u * 4);
  KernelPackWriter writer;
  const char code[] = ".version 8.0\n";
  writer.addCode(CodeKind::Ptx, "sm_90a", {reinterpret_cast<const uint8_t *>(code), sizeof code});
  writer.addKernel(entry);
  auto bytes = writer.bytes();
  EXPECT_TRUE(bytes) << bytes.error().message();
}

} // namespace
