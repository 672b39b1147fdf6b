//===- WeightKernelsTest.cpp - Products by m, groups, decoding ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/WeightKernels.h"
#include "Codec/TestData.h"
#include "CudaTesting.h"
#include "FakeTranscode.h"
#include "Pack/SamplePack.h"
#include <cstring>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr uint64_t matrices = 3, matrixRows = 130, matrixColumns = 272;
constexpr uint64_t scratchAddress = 0x100000, counterAddress = 0x200000;

Bytes dense() {
  const uint64_t shape[] = {matrices, matrixRows, matrixColumns};
  return makeTensor(ElementType::BF16, shape, Distribution::StudentT4, 3);
}

Expected<LoadedWeight> loadedAs(std::string_view format) {
  ThreadPool pool(1);
  TensorDescription description{
      ElementType::BF16, {matrices, matrixRows, matrixColumns}, parsedFormat(format)};
  return LoadedWeight::fromBytes(description, dense(), pool);
}

/// Kernels for m of 1 to 4, 5 to 16 (by one that another one prepares) and 17 to 64; PTX for each m
/// up to 100.
KernelPackWriter packOfRanges() {
  KernelPackWriter pack;
  uint32_t code = pack.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  constexpr std::string_view ptx = ".version 8.0\n.target sm_80\n.address_size 64\n";
  uint32_t text = pack.addCode(CodeKind::Ptx, "sm_80",
                               {reinterpret_cast<const uint8_t *>(ptx.data()), ptx.size()});
  auto add = [&](const char *name, uint32_t from, uint32_t to, uint32_t of, uint64_t fixed) {
    KernelEntry entry = sampleKernel();
    std::erase_if(entry.arguments,
                  [](const KernelArgument &one) { return one.kind == ArgumentKind::Extra; });
    entry.kernel = name;
    entry.code = of;
    entry.mFrom = from;
    entry.mTo = to;
    entry.workspace.fixed = fixed;
    entry.prepare = std::string_view(name) == "packed" ? 5 : 0;
    pack.addKernel(entry);
  };
  add("text", 1, 100, text, 256);
  add("few", 1, 4, code, 1 << 20);
  add("packed", 5, 16, code, 256);
  add("many", 17, 64, code, 512);
  KernelEntry preparation = samplePreparation();
  preparation.code = code;
  pack.addKernel(preparation);
  return pack;
}

class WeightKernelsTest : public testing::Test {
protected:
  WeightKernelsTest() : fake(afterOpening()) {
    fake.parameterCount = 10 * memrefParameters + 6;
    fake.parameterCounts = {{"uwt_pack_n64", 12}};
    device = *fakeDevice();
    stream.emplace(*CudaStream::create(device));
    open(packOfRanges());
  }
  static FakeCuda &afterOpening() {
    EXPECT_TRUE(bool(CudaDriver::open(fakeDriverPath())));
    return freshFakeCuda();
  }
  void open(const KernelPackWriter &writer) {
    packBytes = *writer.bytes();
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
  }
  WeightKernels kernelsFor(uint32_t maxM) {
    return *WeightKernels::create(*pack, source.description(), maxM);
  }
  LaunchOperands operandsFor(uint32_t m) const {
    LaunchOperands operands;
    operands.weight = 0x40000;
    operands.x = 0x10000;
    operands.y = 0x20000;
    operands.m = m;
    operands.workspace = {scratchAddress, 1 << 22};
    operands.counters = {counterAddress, 1 << 16};
    return operands;
  }
  std::vector<std::string> launched() const {
    std::vector<std::string> names;
    for (const FakeLaunch &launch : fake.launches)
      names.push_back(launch.function);
    return names;
  }

  FakeCuda &fake;
  LoadedWeight loaded = *loadedAs("inplace<12>");
  DeviceImageSource source = *DeviceImageSource::create(loaded);
  CudaDevicePtr device;
  std::optional<CudaStream> stream;
  std::vector<uint8_t> packBytes;
  std::unique_ptr<DevicePack> pack;
};

/// Where kernels of packOfRanges() have x, y and counters among their parameters.
constexpr size_t xParameter = 6 * memrefParameters, yParameter = xParameter + memrefParameters,
                 counterParameter = yParameter + 2 * memrefParameters,
                 mParameter = 10 * memrefParameters;

} // namespace

//===----------------------------------------------------------------------===//
// Images in the caller's memory
//===----------------------------------------------------------------------===//

TEST_F(WeightKernelsTest, AnImageIsWhatAnUploadWrites) {
  Bytes image(source.description().bytes(), 0xEE);
  source.write(image);
  auto uploaded = DeviceWeight::upload(device, loaded, *stream);
  ASSERT_TRUE(holds(uploaded));
  EXPECT_EQ(image, *uploaded->read(*stream));
  // On a stream, to memory that held something else.
  auto memory = DeviceBuffer::allocate(device, image.size());
  ASSERT_TRUE(holds(memory->fill(0xEE, stream->get())));
  size_t held = fake.held(), calls = fake.calls.size();
  ASSERT_TRUE(holds(source.copy(DeviceBuffer::borrow(device, memory->range()), stream->get())));
  EXPECT_EQ(fake.held(), held);
  EXPECT_THAT(std::vector(fake.calls.begin() + static_cast<long>(calls), fake.calls.end()),
              Each(testing::AnyOf("cuMemsetD8Async", "cuMemcpyHtoDAsync_v2")));
  Bytes copied(image.size());
  ASSERT_TRUE(holds(memory->read(0, copied, stream->get())));
  EXPECT_EQ(copied, image);
}

TEST_F(WeightKernelsTest, ADescriptionIsMadeOfItsNumbersAgain) {
  const DeviceWeightDescription &what = source.description();
  TensorDescription::Matrices shape;
  shape.count = matrices;
  shape.shape = {matrixRows, matrixColumns};
  std::array<DeviceWeightDescription::Buffer, DeviceWeightDescription::bufferKinds> buffers;
  std::ranges::copy(what.buffers(), buffers.begin());
  auto create = [&](uint64_t bytes) {
    return DeviceWeightDescription::create(shape, what.format(), what.element(), bytes, buffers);
  };
  auto made = create(what.bytes());
  ASSERT_TRUE(holds(made));
  for (size_t i = 0; i < buffers.size(); ++i)
    for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
      auto kind = static_cast<ArgumentKind>(i);
      DeviceRange a = made->bufferAt(0x1000, kind, matrix), b = what.bufferAt(0x1000, kind, matrix);
      EXPECT_EQ(a.address, b.address);
      EXPECT_EQ(a.bytes, b.bytes);
    }
  EXPECT_FALSE(bool(create(what.bytes() - 512)));
  EXPECT_FALSE(bool(create(0)));
  for (size_t i = 0; i < buffers.size(); ++i) {
    auto original = buffers[i];
    for (auto damaged : {DeviceWeightDescription::Buffer{original.begin + 1, original.bytes},
                         {original.begin, UINT64_MAX},
                         {UINT64_MAX - 255, original.bytes}}) {
      buffers[i] = damaged;
      auto refused = create(what.bytes());
      ASSERT_FALSE(bool(refused)) << i;
      EXPECT_EQ(refused.error().getKind(), ErrorKind::Invalid);
      EXPECT_THAT(refused.error().message(), HasSubstr("it is damaged"));
    }
    buffers[i] = original;
  }
  shape.shape.columns = uint64_t(1) << 60;
  EXPECT_THAT(messageOf(create(what.bytes())), HasSubstr("has more than 2^48 elements"));
  shape.shape.columns = matrixColumns;
  shape.shape.rows += 64;
  EXPECT_THAT(messageOf(create(what.bytes())),
              HasSubstr("has entries of 3 panels, and a matrix has 4"));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

TEST_F(WeightKernelsTest, TakeThePacksKernelForEachM) {
  WeightKernels kernels = kernelsFor(100);
  for (uint32_t m = 1; m <= 100; ++m) {
    auto launcher = kernels.find(m);
    ASSERT_TRUE(holds(launcher));
    KernelQuery query;
    query.target = "sm_90";
    query.format = loaded.plan().format;
    query.n = matrixRows;
    query.k = matrixColumns;
    query.m = m;
    EXPECT_EQ(&(*launcher)->entry(), *pack->pack().select(query)) << m;
  }
  EXPECT_EQ(messageOf(kernels.find(101)),
            "the kernels are for m from 1 to 100, not 101: make them for a larger one");
  EXPECT_FALSE(bool(kernels.find(0)));
}

TEST_F(WeightKernelsTest, AreRefusedWhereOneIsMissing) {
  auto made = WeightKernels::create(*pack, source.description(), 101);
  ASSERT_FALSE(bool(made));
  EXPECT_EQ(made.error().getKind(), ErrorKind::Unsupported);
  EXPECT_THAT(made.error().message(), HasSubstr("m 101 on sm_90"));
  EXPECT_EQ(messageOf(WeightKernels::create(*pack, source.description(), 0)),
            "kernels are for an m of 1 at least, got a largest m of 0");
}

TEST_F(WeightKernelsTest, HaveScratchMemoryForEachMUpToOne) {
  WeightKernels kernels = kernelsFor(64);
  for (uint32_t most : {0U, 1U, 4U, 5U, 20U, 64U}) {
    WeightKernels::Scratch needed;
    for (uint32_t m = 1; m <= most; ++m) {
      LaunchSize size = *(*kernels.find(m))->size(m);
      needed.workspaceBytes = std::max(needed.workspaceBytes, size.workspaceBytes);
      needed.counterBytes = std::max(needed.counterBytes, size.counterBytes);
    }
    auto scratch = kernels.scratch(most);
    ASSERT_TRUE(holds(scratch));
    EXPECT_EQ(scratch->workspaceBytes, needed.workspaceBytes) << most;
    EXPECT_EQ(scratch->counterBytes, needed.counterBytes) << most;
  }
  EXPECT_FALSE(bool(kernels.scratch(65)));
}

TEST_F(WeightKernelsTest, LaunchFromAnyAddressWithoutMemoryOrWaiting) {
  WeightKernels kernels = kernelsFor(64);
  size_t held = fake.held(), calls = fake.calls.size();
  for (uint64_t image : {0x40000, 0x7000000})
    for (uint32_t m : {1U, 5U, 64U}) {
      LaunchOperands operands = operandsFor(m);
      operands.weight = image;
      operands.matrix = 2;
      ASSERT_TRUE(holds(kernels.launch(operands, stream->get())));
      const FakeLaunch &launch = fake.launches.back();
      size_t next = 0;
      for (ArgumentKind kind : {ArgumentKind::Panels, ArgumentKind::Code, ArgumentKind::Words,
                                ArgumentKind::Patch, ArgumentKind::Records, ArgumentKind::Table}) {
        DeviceRange buffer = source.description().bufferAt(image, kind, 2);
        EXPECT_EQ(launch.parameters[next], buffer.address);
        EXPECT_EQ(launch.parameters[next + 1], buffer.address);
        next += memrefParameters;
      }
      EXPECT_EQ(launch.parameters[mParameter], m);
    }
  EXPECT_THAT(launched(), ElementsAre("few", "uwt_pack_n64", "packed", "many", "few",
                                      "uwt_pack_n64", "packed", "many"));
  EXPECT_EQ(fake.held(), held);
  EXPECT_THAT(std::vector(fake.calls.begin() + static_cast<long>(calls), fake.calls.end()),
              Each("cuLaunchKernelEx"));
  // Nothing to do, and nothing that anybody could do.
  ASSERT_TRUE(holds(kernels.launch(operandsFor(0), stream->get())));
  EXPECT_FALSE(bool(kernels.launch(operandsFor(65), stream->get())));
  EXPECT_EQ(fake.launches.size(), 8u);
}

TEST_F(WeightKernelsTest, AreCapturedInAGraph) {
  WeightKernels kernels = kernelsFor(64);
  const uint64_t offsets[] = {0, 3, 3, 20};
  ASSERT_TRUE(holds(stream->beginCapture()));
  for (uint32_t m : {4U, 16U, 17U})
    ASSERT_TRUE(holds(kernels.launch(operandsFor(m), stream->get())));
  ASSERT_TRUE(holds(kernels.launchGroups(operandsFor(20), offsets, stream->get())));
  auto graph = stream->endCapture();
  ASSERT_TRUE(holds(graph));
  EXPECT_TRUE(fake.launches.empty());
  ASSERT_TRUE(holds(graph->launch(stream->get())));
  EXPECT_THAT(launched(), ElementsAre("few", "uwt_pack_n64", "packed", "many", "few", "many"));
}

TEST_F(WeightKernelsTest, UseTheCountersOfTheCall) {
  WeightKernels kernels = kernelsFor(4);
  auto other = CudaStream::create(device);
  ASSERT_TRUE(holds(other));
  LaunchOperands operands = operandsFor(2);
  ASSERT_TRUE(holds(kernels.launch(operands, stream->get())));
  operands.counters.address += 0x1000;
  ASSERT_TRUE(holds(kernels.launch(operands, other->get())));
  ASSERT_EQ(fake.launches.size(), 2u);
  EXPECT_EQ(fake.launches[0].parameters[counterParameter], counterAddress);
  EXPECT_EQ(fake.launches[1].parameters[counterParameter], counterAddress + 0x1000);
  EXPECT_EQ(fake.launches[1].stream, other->get());
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

TEST_F(WeightKernelsTest, MultiplyEachGroupByItsMatrix) {
  WeightKernels kernels = kernelsFor(64);
  LaunchOperands operands = operandsFor(30);
  operands.xStride = 280;
  const uint64_t offsets[] = {2, 5, 5, 25};
  ASSERT_TRUE(holds(kernels.launchGroups(operands, offsets, stream->get())));
  ASSERT_THAT(launched(), ElementsAre("few", "many"));
  struct Expected {
    uint64_t matrix, first, m;
  };
  for (auto [number, expected] : {std::pair(0, Expected{0, 2, 3}), {1, Expected{2, 5, 20}}}) {
    const std::vector<uint64_t> &got = fake.launches[static_cast<size_t>(number)].parameters;
    EXPECT_EQ(got[0], source.description()
                          .bufferAt(operands.weight, ArgumentKind::Panels, expected.matrix)
                          .address);
    EXPECT_EQ(got[xParameter], operands.x + expected.first * 280 * 2);        // BF16.
    EXPECT_EQ(got[yParameter], operands.y + expected.first * matrixRows * 4); // F32.
    EXPECT_EQ(got[mParameter], expected.m);
  }
}

TEST_F(WeightKernelsTest, FindTheRowsOfXInTheKernelThatPacksIt) {
  // The product itself takes no x.
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  KernelEntry product = sampleKernel();
  product.code = code;
  product.prepare = 2;
  product.mTo = 64;
  product.arguments = {{ArgumentKind::Panels, ArgumentType::I64, 1, 0, 0},
                       {ArgumentKind::Y, ArgumentType::BF16, 4, 0, 0},
                       {ArgumentKind::Workspace, ArgumentType::I32, 16, 0, 0}};
  writer.addKernel(product);
  KernelEntry packing = samplePreparation();
  packing.code = code;
  writer.addKernel(packing);
  open(writer);
  fake.parameterCount = 15;
  WeightKernels kernels = kernelsFor(64);
  const uint64_t offsets[] = {0, 0, 0, 4};
  ASSERT_TRUE(holds(kernels.launchGroups(operandsFor(4), offsets, stream->get())));
  fake.launches.clear();
  const uint64_t later[] = {0, 0, 2, 4};
  ASSERT_TRUE(holds(kernels.launchGroups(operandsFor(4), later, stream->get())));
  ASSERT_EQ(fake.launches.size(), 4u);
  EXPECT_EQ(fake.launches[2].parameters[0], 0x10000 + 2 * matrixColumns * 2);
  EXPECT_EQ(fake.launches[3].parameters[memrefParameters], 0x20000 + 2 * matrixRows * 2);
}

TEST_F(WeightKernelsTest, RefuseGroupsBeforeTheFirstLaunch) {
  WeightKernels kernels = kernelsFor(64);
  LaunchOperands operands = operandsFor(80);
  auto message = [&](const std::vector<uint64_t> &offsets) {
    return messageOf(kernels.launchGroups(operands, offsets, stream->get()));
  };
  EXPECT_EQ(message({0, 1, 2}), "a weight of 3 matrices has one offset more, got 3");
  EXPECT_EQ(message({0, 4, 3, 5}), "offset 2 is 3, less than the one before, 4");
  EXPECT_EQ(message({0, 4, 5, 81}), "the last offset is 81, and x has 80 rows");
  EXPECT_EQ(message({0, 4, 5, 80}), "matrix 2: the kernels are for m from 1 to 64, not 75: make "
                                    "them for a larger one");
  // Rows of the second matrix begin where x is not aligned.
  operands.xStride = 276;
  EXPECT_EQ(message({0, 1, 2, 3}), "matrix 0: x has the stride 276, with which not all rows are "
                                   "aligned to 16 bytes");
  operands.xStride = 0;
  operands.workspace.bytes = 1 << 19; // Enough for the last one only.
  EXPECT_THAT(message({0, 0, 1, 30}), testing::StartsWith("matrix 1: workspace has 524288 bytes"));
  const DeviceRange extra = {0x5000, 4};
  operands.extras = {&extra, 1};
  EXPECT_EQ(message({0, 0, 0, 0}), "a product by groups takes no operands of an epilogue, got 1");
  EXPECT_TRUE(fake.launches.empty());
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// Where docs and headers say that an element of a matrix lies among its words.
static uint64_t wordOf(uint64_t row, uint64_t column) {
  uint64_t groups = divideUp(matrixColumns, 64), panel = row / 64;
  uint64_t strips = divideUp(std::min<uint64_t>(matrixRows - panel * 64, 64), 16);
  uint64_t unit = panel * 4 * groups + column / 64 * strips + row / 16 % 4;
  uint64_t at = unit;
  for (auto [index, size] : {std::pair(column / 8 % 2, 2),
                             {row / 8 % 2, 2},
                             {row % 8, 8},
                             {column / 2 % 4, 4},
                             {column / 16 % 4, 4},
                             {column % 2, 2}})
    at = at * static_cast<uint64_t>(size) + index;
  return at;
}

/// Whether decoded words are those of a matrix.
static void expectWordsOf(uint64_t matrix, const std::vector<uint16_t> &words) {
  Bytes bytes = dense();
  for (uint64_t row = 0; row < matrixRows; ++row)
    for (uint64_t column = 0; column < matrixColumns; ++column) {
      uint16_t expected;
      std::memcpy(&expected,
                  bytes.data() + 2 * ((matrix * matrixRows + row) * matrixColumns + column), 2);
      ASSERT_EQ(words[wordOf(row, column)], expected) << row << ", " << column;
    }
}

TEST_F(WeightKernelsTest, AWeightThatIsStoredRawIsCopied) {
  LoadedWeight raw = *loadedAs("raw");
  auto weight = DeviceWeight::upload(device, raw, *stream);
  ASSERT_TRUE(holds(weight));
  auto decoder = WeightDecoder::create(*pack, *weight);
  ASSERT_TRUE(holds(decoder));
  ASSERT_EQ(decoder->bytes(), 9u * 5 * 2048);
  auto memory = DeviceBuffer::allocate(device, decoder->bytes());
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    ASSERT_TRUE(holds(decoder->decode(weight->address(), matrix, memory->range(), stream->get())));
    std::vector<uint16_t> words(decoder->bytes() / 2);
    ASSERT_TRUE(holds(memory->read(0, {reinterpret_cast<uint8_t *>(words.data()), decoder->bytes()},
                                   stream->get())));
    expectWordsOf(matrix, words);
  }
  EXPECT_TRUE(fake.launches.empty());
}

TEST_F(WeightKernelsTest, AWeightIsDecodedByThePacksKernel) {
  KernelPackWriter writer;
  FakeTranscode::addKernels(writer, writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin()),
                            "huffman<12,1>", "inplace<12>");
  open(writer);
  FakeTranscode work(*loadedAs("raw"), *loadedAs("inplace<12>"));
  fake.parameterCounts = FakeTranscode::parameterCounts();
  fake.onLaunch = [&](const FakeLaunch &launch) { work.compute(launch); };
  LoadedWeight stored = *loadedAs("huffman<12,1>");
  DeviceImageSource image = *DeviceImageSource::create(stored);
  auto decoder = WeightDecoder::create(*pack, image.description());
  ASSERT_TRUE(holds(decoder));
  auto memory = DeviceBuffer::allocate(device, decoder->bytes());
  size_t calls = fake.calls.size();
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    ASSERT_TRUE(holds(decoder->decode(0x40000, matrix, memory->range(), stream->get())));
    EXPECT_EQ(fake.launches.back().parameters[0],
              image.description().bufferAt(0x40000, ArgumentKind::Panels, matrix).address);
    const auto *words = reinterpret_cast<const uint16_t *>(memory->address());
    expectWordsOf(matrix, {words, words + decoder->bytes() / 2});
  }
  EXPECT_THAT(std::vector(fake.calls.begin() + static_cast<long>(calls), fake.calls.end()),
              Each("cuLaunchKernelEx"));
}

TEST_F(WeightKernelsTest, RefuseToDecodeWhatTheyCannot) {
  auto none = WeightDecoder::create(*pack, source.description());
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(none.error().getKind(), ErrorKind::Unsupported);
  LoadedWeight raw = *loadedAs("raw");
  DeviceImageSource image = *DeviceImageSource::create(raw);
  auto decoder = WeightDecoder::create(*pack, image.description());
  ASSERT_TRUE(holds(decoder));
  TensorDescription::Matrices shape;
  shape.count = matrices;
  shape.shape = {matrixRows, 10 * matrixColumns};
  auto wider =
      DeviceWeightDescription::create(shape, raw.plan().format, ElementType::BF16,
                                      image.description().bytes(), image.description().buffers());
  ASSERT_TRUE(holds(wider));
  EXPECT_THAT(messageOf(WeightDecoder::create(*pack, *wider)), HasSubstr("has fewer words"));
  uint64_t bytes = decoder->bytes();
  auto message = [&](uint64_t weight, uint64_t matrix, DeviceRange words) {
    return messageOf(decoder->decode(weight, matrix, words, stream->get()));
  };
  size_t calls = fake.calls.size();
  EXPECT_EQ(message(0x40000, 0, {0x10000, bytes - 2}),
            "the words of a matrix have 92160 bytes, got memory of 92158");
  EXPECT_EQ(message(0x40000, 3, {0x10000, bytes}), "the weight has 3 matrices, got matrix 3");
  EXPECT_EQ(message(0, 0, {0x10000, bytes}), "the weight is null");
  EXPECT_EQ(message(0x40080, 0, {0x10000, bytes}), "the weight is not aligned to 256 bytes");
  EXPECT_EQ(message(0x40000, 0, {0x10002, bytes}),
            "the memory for words is not aligned to 256 bytes");
  EXPECT_EQ(fake.calls.size(), calls);
}
