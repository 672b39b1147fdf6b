//===- EmulatedRowsTest.cpp - Dense rows on an emulated GPU ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the runtime and real kernels make of dense matrices has the bytes of the host's image, and
// what they make of an image is the matrices again, whole or by row, whatever strides say.
//
//===----------------------------------------------------------------------===//

#include "Codegen/Decode/DrawQuantized.h"
#include "EmulatedPack.h"
#include "lib/CudaTools/CudaTools.h"
#include "uwt/Cuda/EncodedWeight.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr uint16_t gap = 0xFFC1;

/// Matrices, and how they lie.
struct DenseCase {
  uint64_t matrices, rows, columns;
  /// Elements between rows, and between matrices.
  uint64_t rowGap = 0, matrixGap = 0;

  uint64_t rowStride() const { return columns + rowGap; }
  uint64_t matrixStride() const { return rows * rowStride() + matrixGap; }
  uint64_t elements() const { return matrices * rows * columns; }
  /// Of the memory.
  uint64_t bytes() const {
    return 2 * ((matrices - 1) * matrixStride() + (rows - 1) * rowStride() + columns);
  }
  uint64_t at(uint64_t matrix, uint64_t row) const {
    return matrix * matrixStride() + row * rowStride();
  }
};

void PrintTo(const DenseCase &dense, std::ostream *out) {
  *out << dense.matrices << " x " << dense.rows << " x " << dense.columns << ", gaps "
       << dense.rowGap << " and " << dense.matrixGap;
}

/// A device with kernels for the matrices, which are `words`.
class RowsOnDevice {
public:
  RowsOnDevice(const DenseCase &dense, std::vector<uint16_t> words,
               ElementType element = ElementType::BF16)
      : pack(dense.rows, dense.columns), dense(dense), words(std::move(words)), element(element) {}
  /// Of matrices that are the values of codes.
  RowsOnDevice(const DenseCase &dense, const QuantizedWeight &codes)
      : RowsOnDevice(dense, decodedWords(codes, ElementType::BF16)) {
    quantized = codes;
  }

  void open() {
    packBytes = *pack.pack().bytes();
    device = *test::fakeDevice();
    kernels = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
  }
  LoadedWeight load(const std::string &format) const {
    TensorDescription description{
        element, {dense.matrices, dense.rows, dense.columns}, *Format::parse(format)};
    ThreadPool pool(1);
    if (description.format.isQuantized())
      return *LoadedWeight::fromQuantized(description, *quantized, pool);
    return *LoadedWeight::fromBytes(
        description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
  }
  TensorDescription::Matrices matrices() const {
    TensorDescription::Matrices given;
    given.count = dense.matrices;
    given.shape = {dense.rows, dense.columns};
    return given;
  }
  /// All elements of a matrix, `gap` between rows.
  void fill(const DeviceMemory &memory) const {
    std::vector<uint16_t> all(memory.bytes().size() / 2, gap);
    for (uint64_t row = 0; row < dense.matrices * dense.rows; ++row)
      std::copy_n(words.begin() + row * dense.columns, dense.columns,
                  all.begin() + dense.at(row / dense.rows, row % dense.rows));
    std::memcpy(memory.bytes().data(), all.data(), memory.bytes().size());
  }
  DenseMatrices at(const DeviceMemory &memory) const {
    return {memory.range(), dense.rowStride(), dense.matrixStride()};
  }
  void expectEncoded(const std::string &format);
  void expectDecoded(const std::string &format);
  /// Of each matrix, with ids of both widths.
  void expectGathered(const std::string &format, const std::vector<int64_t> &ids);

  EmulatedPack pack;
  DenseCase dense;
  std::vector<uint16_t> words;
  std::optional<QuantizedWeight> quantized;
  ElementType element;
  std::vector<uint8_t> packBytes;
  CudaDevicePtr device;
  std::unique_ptr<DevicePack> kernels;
};

void RowsOnDevice::expectEncoded(const std::string &format) {
  auto steps = DeviceEncode::create(*kernels, element, matrices(), *Format::parse(format));
  ASSERT_TRUE(bool(steps)) << steps.error().message();
  DeviceMemory source(dense.bytes()), scratch(steps->scratchBytes());
  fill(source);
  std::ranges::fill(scratch.bytes(), 0xEE);
  // What is copied is checked by the fake driver to be device memory.
  pack.fake.memory[scratch.address()] = scratch.bytes().size();
  CudaStream stream = CudaStream::borrow(device, nullptr);
  auto result = steps->count(at(source), scratch.range(), stream);
  ASSERT_TRUE(bool(result)) << result.error().message();
  ASSERT_THAT(pack.faults, IsEmpty());
  DeviceMemory made(result->bytes());
  std::ranges::fill(made.bytes(), 0xEE);
  pack.fake.memory[made.address()] = made.bytes().size();
  Status written = steps->write(DeviceBuffer::borrow(device, made.range()), stream);
  ASSERT_TRUE(written) << written.error().message();
  ASSERT_THAT(pack.faults, IsEmpty());
  LoadedWeight loaded = load(format);
  DeviceImageSource expected = *DeviceImageSource::create(loaded);
  ASSERT_EQ(result->bytes(), expected.description().bytes());
  EXPECT_EQ(result->format(), expected.description().format());
  for (size_t i = 0; i < DeviceWeightDescription::bufferKinds; ++i) {
    EXPECT_EQ(result->buffers()[i].begin, expected.description().buffers()[i].begin) << i;
    EXPECT_EQ(result->buffers()[i].bytes, expected.description().buffers()[i].bytes) << i;
  }
  DeviceMemory host(result->bytes());
  expected.write(host.bytes());
  EXPECT_TRUE(std::ranges::equal(made.bytes(), host.bytes()));
}

void RowsOnDevice::expectDecoded(const std::string &format) {
  LoadedWeight loaded = load(format);
  DeviceImageSource source = *DeviceImageSource::create(loaded);
  DeviceMemory image(source.description().bytes());
  source.write(image.bytes());
  auto decoder = RowDecoder::create(*kernels, source.description());
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  DeviceMemory made(dense.bytes()), expected(dense.bytes());
  std::vector<uint16_t> gaps(made.bytes().size() / 2, gap);
  std::memcpy(made.bytes().data(), gaps.data(), made.bytes().size());
  fill(expected);
  for (uint64_t matrix = 0; matrix < dense.matrices; ++matrix) {
    uint64_t begin = 2 * dense.at(matrix, 0);
    DenseMatrices rows = {{made.address() + begin, made.bytes().size() - begin}, dense.rowStride()};
    Status done = decoder->decode(image.address(), matrix, rows, nullptr);
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_THAT(pack.faults, IsEmpty());
  }
  EXPECT_TRUE(std::ranges::equal(made.bytes(), expected.bytes()));
}

template <typename Id> std::vector<uint8_t> bytesOfIds(const std::vector<int64_t> &ids) {
  std::vector<uint8_t> bytes(ids.size() * sizeof(Id));
  for (size_t i = 0; i < ids.size(); ++i) {
    auto id = static_cast<Id>(ids[i]);
    std::memcpy(bytes.data() + i * sizeof(Id), &id, sizeof(Id));
  }
  return bytes;
}

void RowsOnDevice::expectGathered(const std::string &format, const std::vector<int64_t> &ids) {
  LoadedWeight loaded = load(format);
  DeviceImageSource source = *DeviceImageSource::create(loaded);
  DeviceMemory image(source.description().bytes()), outside(4);
  source.write(image.bytes());
  auto gatherer = RowGatherer::create(*kernels, source.description());
  ASSERT_TRUE(bool(gatherer)) << gatherer.error().message();
  const DenseCase target{1, ids.size(), dense.columns, dense.rowGap};
  bool isAnyOutside = false;
  for (uint64_t matrix = 0; matrix < dense.matrices; ++matrix)
    for (uint32_t idBytes : {4, 8}) {
      std::vector<uint16_t> expected(target.bytes() / 2, gap);
      DeviceMemory made(target.bytes());
      std::memcpy(made.bytes().data(), expected.data(), made.bytes().size());
      for (size_t i = 0; i < ids.size(); ++i) {
        int64_t id = idBytes == 4 ? static_cast<int32_t>(ids[i]) : ids[i];
        bool isRow = id >= 0 && id < static_cast<int64_t>(dense.rows);
        isAnyOutside |= !isRow;
        for (uint64_t column = 0; column < dense.columns; ++column)
          expected[target.at(0, i) + column] =
              isRow ? words[(matrix * dense.rows + id) * dense.columns + column] : 0;
      }
      std::vector<uint8_t> given =
          idBytes == 4 ? bytesOfIds<int32_t>(ids) : bytesOfIds<int64_t>(ids);
      DeviceMemory idMemory(given.size());
      std::ranges::copy(given, idMemory.bytes().begin());
      GatherOperands operands;
      operands.weight = image.address();
      operands.matrix = matrix;
      operands.ids = idMemory.range();
      operands.idBytes = idBytes;
      operands.count = ids.size();
      operands.rows = {made.range(), target.rowStride()};
      // Every second time nobody asks.
      operands.outside = matrix % 2 == 0 ? outside.address() : 0;
      Status done = gatherer->gather(operands, nullptr);
      ASSERT_TRUE(done) << done.error().message();
      ASSERT_THAT(pack.faults, IsEmpty());
      EXPECT_EQ(made.read<uint16_t>(), expected) << "matrix " << matrix << ", " << idBytes;
    }
  EXPECT_EQ(outside.read<uint32_t>()[0], isAnyOutside ? 1U : 0U);
}

const std::string rows = "raw, layout=row_major";

/// Whole runs and others, edges everywhere and nowhere, strides of both kinds.
const DenseCase denseCases[] = {
    {1, 1, 1},           {1, 17, 33, 1},    {1, 64, 64},          {1, 65, 600, 8},
    {2, 40, 72, 16, 24}, {3, 33, 70, 3, 5}, {2, 200, 1040, 0, 8}, {1, 3, 8, 40}};

class DenseRowsTest : public ::testing::TestWithParam<DenseCase> {};

TEST_P(DenseRowsTest, AreCodedAsTheHostCodesThem) {
  for (const char *format : {"raw", "inplace<12>", "window<4>", "palette<4>"}) {
    SCOPED_TRACE(format);
    for (uint32_t rarity : {400, 12}) {
      RowsOnDevice device(GetParam(), drawWeights(GetParam().elements(), 3, rarity));
      device.pack.addTranscode(rows, format);
      device.open();
      device.expectEncoded(format);
    }
  }
}

TEST_P(DenseRowsTest, AreDecodedFromAnyFormat) {
  for (const char *format : {"raw", "inplace<12>", "inplace<11>", "bitplane<3>", "palette<4>",
                             "window<3>, escapes=rows<64>", "huffman<12,2>", "rans<12>"}) {
    SCOPED_TRACE(format);
    RowsOnDevice device(GetParam(), drawWeights(GetParam().elements(), 5, 20));
    device.pack.addTranscode(format, rows);
    device.open();
    device.expectDecoded(format);
  }
}

TEST_P(DenseRowsTest, AreGatheredByIds) {
  auto last = static_cast<int64_t>(GetParam().rows) - 1;
  std::vector<int64_t> ids = {last, 0, last / 2, 0, last * 3 / 4};
  std::vector<int64_t> some = ids;
  // None of them is a row, whatever of their bits is looked at; of 32 bits two are.
  for (int64_t outside : {int64_t(-1), last + 1, int64_t(1) << 32, int64_t(1) << 31, INT64_MIN})
    some.push_back(outside);
  for (const char *format : {"raw", "inplace<12>", "inplace<11>", "bitplane<3>", "palette<4>",
                             "window<3>, escapes=rows<64>"}) {
    SCOPED_TRACE(format);
    RowsOnDevice device(GetParam(), drawWeights(GetParam().elements(), 5, 20));
    device.pack.addGather(format);
    device.open();
    device.expectGathered(format, some);
    device.expectGathered(format, ids);
  }
}

TEST_P(DenseRowsTest, AreThoseOfCodes) {
  auto last = static_cast<int64_t>(GetParam().rows) - 1;
  for (const char *format :
       {"uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}", "int<6>, scale={row, bf16}",
        "f8E4M3FN, scale={128x128, bf16}", "f4E2M1FN, scale={1x16, f16E6M10U}"}) {
    SCOPED_TRACE(format);
    RowsOnDevice device(GetParam(),
                        drawQuantized(*Format::parse(format), GetParam().matrices * GetParam().rows,
                                      GetParam().columns, 9));
    device.pack.addTranscode(format, rows);
    device.pack.addGather(format);
    device.open();
    device.expectDecoded(format);
    device.expectGathered(format, {last, 0, last / 2, -1, last + 1});
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, DenseRowsTest, ::testing::ValuesIn(denseCases));

/// Runs of 64 patterns, one in 29, so that panels stay coded whatever their escapes are.
std::vector<uint16_t> allPatterns(const DenseCase &dense) {
  std::vector<uint16_t> words = drawWeights(dense.elements(), 7, 1 << 30);
  for (uint64_t pattern = 0; pattern < 65536; ++pattern)
    words[pattern / 64 * 64 * 29 + pattern % 64] = static_cast<uint16_t>(pattern);
  return words;
}

TEST(DenseRows, EveryPatternIsCodedAndDecoded) {
  const DenseCase dense{1, 1856, 1024};
  RowsOnDevice device(dense, allPatterns(dense));
  device.pack.addTranscode(rows, "inplace<12>");
  device.pack.addTranscode("inplace<12>", rows);
  device.open();
  device.expectEncoded("inplace<12>");
  device.expectDecoded("inplace<12>");
}

TEST(DenseRows, OfHalvesAreCoded) {
  const DenseCase dense{2, 80, 136};
  for (const char *format : {"raw", "palette<4>, coded=exponent+3"}) {
    SCOPED_TRACE(format);
    RowsOnDevice device(dense, drawWeights(dense.elements(), 3, 50), ElementType::F16);
    device.pack.addTranscode(rows, format, "f16");
    device.open();
    device.expectEncoded(format);
  }
}

TEST(DenseRows, WhosePaddingCouldBeInfiniteStayWords) {
  const DenseCase dense{2, 70, 72};
  std::vector<uint16_t> words(dense.elements(), 0x7F80);
  for (size_t i = 0; i < words.size(); i += 9)
    words[i] = 0x3F80;
  RowsOnDevice device(dense, words);
  device.pack.addTranscode(rows, "inplace<12>");
  device.open();
  device.expectEncoded("inplace<12>");
}

TEST(DenseRows, PanelsThatDoNotGetSmallerStayWords) {
  const DenseCase dense{1, 200, 512};
  std::vector<uint16_t> words = drawWeights(dense.elements(), 5, 300);
  std::mt19937 random(5);
  for (uint64_t i = 64 * dense.columns; i < 128 * dense.columns; ++i)
    words[i] = static_cast<uint16_t>(random());
  RowsOnDevice device(dense, words);
  device.pack.addTranscode(rows, "window<4>");
  device.open();
  device.expectEncoded("window<4>");
}

TEST(DenseRows, AreChecked) {
  RowsOnDevice device({2, 40, 72}, drawWeights(2 * 40 * 72, 3, 50));
  device.pack.addTranscode(rows, "inplace<12>");
  device.open();
  auto create = [&](const char *format, ElementType element = ElementType::BF16) {
    return DeviceEncode::create(*device.kernels, element, device.matrices(),
                                *Format::parse(format));
  };
  EXPECT_THAT(create("window<4>").error().message(), HasSubstr("otherwise right have results "));
  EXPECT_THAT(create("raw", ElementType::F16).error().message(), HasSubstr("formats"));
  EXPECT_THAT(create("huffman<12,2>").error().message(),
              HasSubstr("no kernel codes a weight as huffman<12,2>"));
  EXPECT_THAT(create("raw, layout=row_major").error().message(),
              HasSubstr("no kernel codes a weight as raw, layout=row_major"));
  EXPECT_THAT(create("inplace<12>, storage=k_major").error().message(),
              HasSubstr("let the host code the weight"));
  auto steps = create("inplace<12>");
  ASSERT_TRUE(bool(steps)) << steps.error().message();
  DeviceMemory source(2 * 40 * 72 * 2), scratch(steps->scratchBytes());
  CudaStream stream = CudaStream::borrow(device.device, nullptr);
  auto refusal = [&](DenseMatrices dense, DeviceRange memory) {
    auto counted = steps->count(dense, memory, stream);
    return counted ? std::string() : counted.error().message();
  };
  DenseMatrices good = {source.range()};
  EXPECT_THAT(refusal(good, {scratch.address(), scratch.bytes().size() - 1}),
              HasSubstr("coding takes scratch memory of"));
  EXPECT_THAT(refusal(good, {0, scratch.bytes().size()}), HasSubstr("scratch memory is null"));
  EXPECT_THAT(refusal({{0, 1 << 20}}, scratch.range()), HasSubstr("matrices is null"));
  EXPECT_EQ(refusal({{source.address(), source.bytes().size() - 1}}, scratch.range()),
            "the memory of the matrices has 11519 bytes, and 2 x 40 x 72 elements with these "
            "strides take 11520");
  EXPECT_THAT(refusal({{source.address(), 1 << 20}, 64}, scratch.range()),
              HasSubstr("which a stride of 64 overlaps"));
  EXPECT_THAT(refusal({{source.address(), 1 << 20}, 76}, scratch.range()),
              HasSubstr("not all rows are aligned to 16 bytes"));
  EXPECT_EQ(
      refusal({{source.address(), 1 << 20}, 72, 2884}, scratch.range()),
      "the memory of the matrices has the stride 2884, with which not all rows are aligned to "
      "16 bytes");
  EXPECT_THAT(refusal({{source.address(), 1 << 20}, 80, ~uint64_t(7)}, scratch.range()),
              HasSubstr("take more than 2^64"));
  EXPECT_TRUE(device.pack.fake.launches.empty());
  DeviceMemory made(256);
  EXPECT_EQ(
      steps->write(DeviceBuffer::borrow(device.device, made.range()), stream).error().message(),
      "an image is written as it was counted: call count() first");
}

TEST(DenseRows, AreNotGatheredFromStreams) {
  RowsOnDevice device({1, 40, 72}, drawWeights(40 * 72, 3, 50));
  device.pack.addGather("inplace<12>");
  device.open();
  LoadedWeight loaded = device.load("rans<12>");
  DeviceImageSource source = *DeviceImageSource::create(loaded);
  EXPECT_THAT(RowGatherer::create(*device.kernels, source.description()).error().message(),
              HasSubstr("rows are not gathered from rans<12>, whose units are streams"));
  TranscodeModule module("huffman<12,2>", "", 40, 72);
  EXPECT_THAT(module.prepare(), HasSubstr("rows are gathered from formats with units of a fixed"));
}

/// Whatever a weight's planes, tables and ids say, nothing outside of the memory is touched.
TEST(DenseRows, DamageStaysInBounds) {
  const DenseCase dense{1, 80, 300};
  std::mt19937 random(3);
  for (const char *to : {"", "raw, layout=row_major"})
    for (const char *format : {"inplace<12>", "inplace<11>"}) {
      TranscodeModule module(format, to, dense.rows, dense.columns);
      ASSERT_EQ(module.prepare(), "");
      RowsOnDevice host(dense, drawWeights(dense.elements(), 5, 20));
      LoadedWeight loaded = host.load(format);
      for (uint64_t round = 0; round < 4; ++round) {
        auto weight = emulator::EmulatedWeight::make(loaded);
        ASSERT_TRUE(bool(weight));
        for (ArgumentKind kind : {ArgumentKind::Code, ArgumentKind::Patch})
          damage(weight->buffer(kind), 3, random);
        emulator::EmulatedMemory made(2 * dense.rows * dense.columns), ids(8 * dense.rows),
            outside(4);
        damage(ids, 2, random);
        std::vector<emulator::EmulatedArgument> arguments;
        for (const KernelArgument &argument : module.kernels().entries.front().arguments)
          switch (argument.kind) {
          case ArgumentKind::X:
            arguments.push_back(made.writable());
            break;
          case ArgumentKind::XStride:
            arguments.push_back(emulator::EmulatedArgument::integer(dense.columns));
            break;
          case ArgumentKind::M:
            arguments.push_back(emulator::EmulatedArgument::integer(dense.rows));
            break;
          case ArgumentKind::Extra:
            arguments.push_back(argument.number == 0 ? ids.readable() : outside.writable());
            break;
          default:
            arguments.push_back(weight->buffer(argument.kind).readable());
          }
        Status status = module.launch(0, 3, arguments, round);
        // Two records of one element: hardware writes one of them.
        bool isTwice =
            !status &&
            (status.error().message().find("another lane writes") != std::string::npos ||
             status.error().message().find("nothing orders the two") != std::string::npos);
        EXPECT_TRUE(bool(status) || isTwice) << status.error().message();
      }
    }
}

/// Machine code that is assembled has no spills.
TEST(DenseRows, AssembleWithoutSpills) {
  if (auto found = cuda_tools::findCudaTool(cuda_tools::CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  const std::pair<std::string, std::string> transcodes[] = {{rows, "raw"},
                                                            {rows, "inplace<12>"},
                                                            {"inplace<12>", rows},
                                                            {"huffman<12,2>", rows},
                                                            {"inplace<12>", ""},
                                                            {"inplace<11>", ""},
                                                            {"raw", ""}};
  for (const char *target : {"sm_80", "sm_90a"})
    for (uint64_t columns : {4096, 4100})
      for (const auto &[from, to] : transcodes) {
        SCOPED_TRACE(from + " to " + to);
        TranscodeModule module(from, to, 4096, columns);
        ASSERT_EQ(module.prepare(), "");
        cuda_tools::GpuCodeOptions options;
        options.output = cuda_tools::GpuOutput::Cubin;
        EXPECT_TRUE(mlir::succeeded(
            cuda_tools::compileKernels(module.kernels().module, **findGpuTarget(target), options)));
      }
}

} // namespace
