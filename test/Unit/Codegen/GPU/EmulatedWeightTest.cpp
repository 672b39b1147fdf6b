//===- EmulatedWeightTest.cpp - Weights of a caller's on an emulated GPU --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Device images in memory that the library knows by its address alone, and what real kernels
// compute from them.
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "EmulatedPack.h"
#include "uwt/Cuda/EncodedWeight.h"
#include <cstring>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using ::testing::Each;
using ::testing::IsEmpty;

namespace {

using Memory = uwt::test::DeviceMemory;

class EmulatedWeightTest : public ::testing::Test {
protected:
  static constexpr uint64_t matrices = 3, rows = 72, columns = 1104, matrix = rows * columns;

  void open() {
    packBytes = *pack.pack().bytes();
    device = *test::fakeDevice();
    kernels = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
  }
  LoadedWeight load(const char *format) const {
    TensorDescription description{
        ElementType::BF16, {matrices, rows, columns}, *Format::parse(format)};
    ThreadPool pool(1);
    return *LoadedWeight::fromBytes(
        description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
  }

  uwt::test::EmulatedPack pack{rows, columns};
  std::vector<uint16_t> words = uwt::test::drawExact(matrices * matrix, 3, 200);
  std::vector<uint8_t> packBytes;
  CudaDevicePtr device;
  std::unique_ptr<DevicePack> kernels;
};

TEST_F(EmulatedWeightTest, EachExpertMultipliesItsRows) {
  pack.addProduct({"inplace<12>", ProductStrategy::Direct, 1, 1, 8});
  pack.addProduct({"inplace<12>", ProductStrategy::Direct, 8, 9, 64});
  open();
  LoadedWeight loaded = load("inplace<12>");
  auto source = DeviceImageSource::create(loaded);
  ASSERT_TRUE(bool(source));
  auto products = WeightKernels::create(*kernels, source->description(), 64);
  ASSERT_TRUE(bool(products)) << products.error().message();
  const uint64_t offsets[] = {0, 3, 3, 14};
  constexpr uint32_t m = 14;
  std::vector<uint16_t> dense = uwt::test::drawIntegers(m * columns, 5);
  auto scratch = products->scratch(m);
  ASSERT_TRUE(bool(scratch));
  Memory x(dense.size() * 2), workspace(scratch->workspaceBytes), counters(scratch->counterBytes);
  std::memcpy(x.bytes().data(), dense.data(), dense.size() * 2);
  std::ranges::fill(workspace.bytes(), 0xFF);
  // The image moves between calls.
  for (int call = 0; call < 2; ++call) {
    Memory image(source->description().bytes()), y(m * rows * 4);
    source->write(image.bytes());
    LaunchOperands operands;
    operands.weight = image.address();
    operands.x = x.address();
    operands.y = y.address();
    operands.m = m;
    operands.workspace = workspace.range();
    operands.counters = counters.range();
    size_t calls = pack.fake.calls.size();
    Status launched = products->launchGroups(operands, offsets, nullptr);
    ASSERT_TRUE(launched) << launched.error().message();
    ASSERT_THAT(pack.faults, IsEmpty());
    EXPECT_THAT(
        std::vector(pack.fake.calls.begin() + static_cast<long>(calls), pack.fake.calls.end()),
        Each("cuLaunchKernelEx"));
    std::vector<float> expected;
    for (uint64_t expert = 0; expert < matrices; ++expert) {
      auto part = [](const std::vector<uint16_t> &of, uint64_t from, uint64_t to) {
        return std::vector(of.begin() + static_cast<long>(from),
                           of.begin() + static_cast<long>(to));
      };
      std::vector<float> own = uwt::test::exactProduct(
          part(words, expert * matrix, (expert + 1) * matrix),
          part(dense, offsets[expert] * columns, offsets[expert + 1] * columns),
          {rows, columns, offsets[expert + 1] - offsets[expert]});
      expected.insert(expected.end(), own.begin(), own.end());
    }
    EXPECT_EQ(y.read<float>(), expected);
    EXPECT_THAT(counters.read<uint8_t>(), Each(0));
  }
}

TEST_F(EmulatedWeightTest, IsDecodedAndCodedInTheCallersMemory) {
  pack.addTranscode("huffman<12,2>", "inplace<12>");
  open();
  LoadedWeight stored = load("huffman<12,2>"), raw = load("raw"), coded = load("inplace<12>");
  DeviceImageSource source = *DeviceImageSource::create(stored);
  Memory image(source.description().bytes());
  source.write(image.bytes());

  auto decoder = WeightDecoder::create(*kernels, source.description());
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  Memory decoded(decoder->bytes());
  for (uint64_t number = 0; number < matrices; ++number) {
    std::ranges::fill(decoded.bytes(), 0xEE);
    Status done = decoder->decode(image.address(), number, decoded.range(), nullptr);
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_THAT(pack.faults, IsEmpty());
    uint64_t first = raw.panels()[number * raw.plan().matrix.panels()].words * 4;
    EXPECT_TRUE(std::ranges::equal(
        decoded.bytes(), raw.buffer(PlaneKind::Words).subspan(first, decoded.bytes().size())))
        << number;
  }

  CodingPlan rows = raw.plan();
  rows.format.layout = Layout::RowMajor;
  EXPECT_EQ(DeviceTranscode::create(*kernels, source.description(), rows).error().message(),
            "no kernel codes a weight as raw, layout=row_major; load it in that format");
  // To words by decoding alone.
  for (const LoadedWeight *weight : {&coded, &raw}) {
    auto steps = DeviceTranscode::create(*kernels, source.description(), weight->plan());
    ASSERT_TRUE(bool(steps)) << steps.error().message();
    Memory scratch(steps->scratchBytes());
    // What is copied is checked by the fake driver to be device memory.
    pack.fake.memory[scratch.address()] = scratch.bytes().size();
    CudaStream stream = CudaStream::borrow(device, nullptr);
    auto result = steps->count(image.address(), scratch.range(), stream);
    ASSERT_TRUE(bool(result)) << result.error().message();
    Memory made(result->bytes());
    pack.fake.memory[made.address()] = made.bytes().size();
    Status written = steps->write(DeviceBuffer::borrow(device, made.range()), stream);
    ASSERT_TRUE(written) << written.error().message();
    ASSERT_THAT(pack.faults, IsEmpty());
    DeviceImageSource expected = *DeviceImageSource::create(*weight);
    ASSERT_EQ(result->bytes(), expected.description().bytes());
    Memory host(expected.description().bytes());
    expected.write(host.bytes());
    EXPECT_TRUE(std::ranges::equal(made.bytes(), host.bytes()));
  }
}

} // namespace
