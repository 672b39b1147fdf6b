//===- CudaApiTest.cpp - Products on a fake GPU, from C -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaApi.h"
#include "Container/TestFiles.h"
#include "Cuda/FakeDriver/FakeDriver.h"
#include "Cuda/FakeTranscode.h"
#include "Pack/SamplePack.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/Compress.h"
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gmock/gmock.h>

using namespace uwt::test;

namespace {

/// Device memory of a caller's: of the fake driver, and of nobody in the library.
class DeviceMemory {
public:
  DeviceMemory(FakeCuda &fake, size_t bytes) : fake(fake), bytes(bytes) {
    memory = static_cast<uint8_t *>(std::aligned_alloc(
        UWT_CUDA_ALIGNMENT, (bytes / UWT_CUDA_ALIGNMENT + 1) * UWT_CUDA_ALIGNMENT));
    fake.memory[address()] = bytes;
  }
  ~DeviceMemory() {
    fake.memory.erase(address());
    std::free(memory);
  }
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;
  uint8_t *data() const { return memory; }
  uint64_t address() const { return reinterpret_cast<uint64_t>(memory); }
  UWTCudaBuffer buffer() const { return {address(), bytes}; }

private:
  FakeCuda &fake;
  size_t bytes;
  uint8_t *memory;
};

/// A model of one matrix, a pack, and the fake driver where the library looks for one.
class CudaApi : public testing::Test {
protected:
  CudaApi() : model(folder / "model.safetensors"), pack(folder / "kernels.uwtpack") {
    setenv("UWT_CUDA_DRIVER", UWT_FAKE_CUDA, 1);
    void *library = dlopen(UWT_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCudaState"))();
    // A mutex cannot be assigned.
    fake->~FakeCuda();
    new (fake) FakeCuda();
    writeTensors(model, {{"w", "BF16", {130, 272}, bf16Weights(130 * 272, 5)}});
    EXPECT_TRUE(holds(samplePack().write(pack, false)));
  }
  std::string run() {
    DeviceMemory memory(*fake, 1 << 20);
    UWTError *error = multiplyOnGpu(model.c_str(), pack.c_str(), memory.address(), nullptr, &facts);
    std::string message = error ? uwtErrorMessage(error) : "no error";
    uwtErrorDestroy(error);
    return message;
  }
  TemporaryFolder folder;
  std::string model, pack;
  FakeCuda *fake;
  CudaApiFacts facts{};
};

} // namespace

TEST_F(CudaApi, GoesFromFilesToALaunch) {
  ASSERT_EQ(run(), "no error");
  EXPECT_EQ(facts.devices, 1u);
  EXPECT_STREQ(facts.name, "Fake GPU");
  EXPECT_STREQ(facts.target, "sm_90");
  EXPECT_STREQ(facts.kernel, "uwt_skinny_inplace12_n8");
  EXPECT_EQ(facts.weight.rows, 130u);
  EXPECT_EQ(facts.weight.columns, 272u);
  EXPECT_EQ(facts.weight.matrices, 1u);
  EXPECT_STREQ(facts.weight.dtype, "BF16");
  EXPECT_STREQ(facts.weight.format, "inplace<12>");
  EXPECT_EQ(facts.counterBytes, 12u);
  EXPECT_EQ(facts.workspaceBytes, 1992u);
  // Once alone, then as two layers.
  ASSERT_EQ(fake->launches.size(), 3u);
  for (const FakeLaunch &launch : fake->launches)
    EXPECT_EQ(launch.function, "uwt_skinny_inplace12_n8");
  EXPECT_EQ(fake->held(), 0u);
}

TEST_F(CudaApi, GivesErrorsAsValues) {
  fake->devices = 3;
  pack = "/nowhere/a.uwtpack";
  EXPECT_EQ(run().substr(0, pack.size()), pack);
  EXPECT_EQ(facts.devices, 3u);
  UWTCudaDevice *device = nullptr;
  UWTError *error = uwtCudaDeviceOpen(3, &device);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(uwtErrorKind(error), UWT_ERROR_USAGE);
  EXPECT_STREQ(uwtErrorMessage(error), "there is no device 3; the last of 3 is device 2");
  uwtErrorDestroy(error);
  EXPECT_EQ(fake->held(), 0u);
}

namespace {

/// Objects of a test that goes on where GoesFromFilesToALaunch ends.
class CudaObjects : public CudaApi {
protected:
  CudaObjects() {
    fake->parameterCounts = FakeTranscode::parameterCounts();
    EXPECT_EQ(textOf(uwtContextCreate(1, &context)), "no error");
    EXPECT_EQ(textOf(uwtCudaDeviceOpen(0, &device)), "no error");
  }
  ~CudaObjects() override {
    uwtContainerDestroy(container);
    uwtCudaPackDestroy(kernels);
    uwtCudaDeviceDestroy(device);
    uwtContextDestroy(context);
    fake->memory.clear();
    EXPECT_EQ(fake->held(), 0u);
  }
  /// "kind: message", and destroys the error.
  static std::string textOf(UWTError *error) {
    std::string text =
        error ? std::to_string(uwtErrorKind(error)) + ": " + uwtErrorMessage(error) : "no error";
    uwtErrorDestroy(error);
    return text;
  }
  void open(const std::string &path) {
    uwtContainerDestroy(container);
    container = nullptr;
    ASSERT_EQ(textOf(uwtContainerOpen(path.c_str(), nullptr, &container)), "no error");
    ASSERT_EQ(textOf(uwtCudaPackOpen(device, pack.c_str(), &kernels)), "no error");
  }
  /// The image of the tensor, and what it is.
  std::pair<Bytes, UWTCudaWeight> imageOf(const char *format) {
    UWTCudaImage *image = nullptr;
    EXPECT_EQ(textOf(uwtCudaImageLoad(context, container, "w", format, &image)), "no error");
    auto made = contents(image);
    uwtCudaImageDestroy(image);
    return made;
  }
  static std::pair<Bytes, UWTCudaWeight> contents(const UWTCudaImage *image) {
    UWTCudaWeight weight;
    weight.size = sizeof(weight);
    EXPECT_EQ(textOf(uwtCudaImageWeight(image, &weight)), "no error");
    Bytes bytes(weight.bytes, 0xEE);
    EXPECT_EQ(textOf(uwtCudaImageWrite(image, bytes.data(), bytes.size())), "no error");
    return {std::move(bytes), weight};
  }

  UWTContext *context = nullptr;
  UWTContainer *container = nullptr;
  UWTCudaDevice *device = nullptr;
  UWTCudaPack *kernels = nullptr;
};

} // namespace

TEST_F(CudaObjects, AnImageIsTheSameFromAFileAndFromMemory) {
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  Bytes dense = bf16Weights(130 * 272, 5);
  uint64_t shape[] = {130, 272};
  UWTCudaImage *image = nullptr;
  ASSERT_EQ(textOf(uwtCudaImageEncode(context, "BF16", 2, shape, dense.data(), dense.size(),
                                      "inplace<12>", &image)),
            "no error");
  auto [encoded, encodedWeight] = contents(image);
  EXPECT_EQ(encoded, bytes);
  EXPECT_EQ(std::memcmp(&encodedWeight, &weight, sizeof(weight)), 0);
  UWTCudaWeight old{};
  EXPECT_EQ(textOf(uwtCudaImageWeight(image, &old)),
            "2: the weight has size 0: set it to sizeof(UWTCudaWeight)");
  EXPECT_EQ(textOf(uwtCudaImageWrite(image, encoded.data(), 5)),
            "2: the image has " + std::to_string(bytes.size()) + " bytes, got memory of 5");
  EXPECT_EQ(textOf(uwtCudaImageCopy(image, device, {0x10000, 5}, nullptr)),
            "2: the image has " + std::to_string(bytes.size()) + " bytes, got memory of 5");
  uwtCudaImageDestroy(image);
}

TEST_F(CudaObjects, DescriptionsThatAreDamagedAreRefused) {
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  auto refused = [&, weight = weight](auto damage) {
    UWTCudaWeight changed = weight;
    damage(changed);
    UWTCudaKernels *made = nullptr;
    std::string text = textOf(uwtCudaKernelsCreate(kernels, &changed, 8, &made));
    uwtCudaKernelsDestroy(made);
    return text;
  };
  using Weight = UWTCudaWeight;
  EXPECT_EQ(refused([](Weight &) {}), "no error");
  EXPECT_THAT(refused([](Weight &w) { w.size = 8; }),
              testing::StartsWith("2: the weight has size"));
  EXPECT_EQ(refused([](Weight &w) { std::memset(w.dtype, 'x', sizeof(w.dtype)); }),
            "2: a weight has no elements of dtype xxxxxxxxxxxxxxxx");
  EXPECT_NE(refused([](Weight &w) { std::memset(w.format, 'x', sizeof(w.format)); }), "no error");
  EXPECT_THAT(refused([](Weight &w) { w.bytes /= 2; }), testing::HasSubstr("it is damaged"));
  EXPECT_THAT(refused([](Weight &w) { w.rows = 4; }), testing::HasSubstr("it is damaged"));
  EXPECT_THAT(refused([](Weight &w) { w.matrices = 5; }), testing::HasSubstr("it is damaged"));
  EXPECT_THAT(refused([](Weight &w) { w.buffers[0].begin = ~uint64_t(0); }),
              testing::HasSubstr("it is damaged"));
}

TEST_F(CudaObjects, ProductsAreCheckedBeforeTheyAreLaunched) {
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  UWTCudaKernels *made = nullptr;
  ASSERT_EQ(textOf(uwtCudaKernelsCreate(kernels, &weight, 8, &made)), "no error");
  EXPECT_STREQ(uwtCudaKernelsName(made, 8), "uwt_skinny_inplace12_n8");
  EXPECT_EQ(uwtCudaKernelsName(made, 9), nullptr);
  uint64_t workspace = 0, counters = 0;
  ASSERT_EQ(textOf(uwtCudaKernelsScratch(made, 8, &workspace, &counters)), "no error");
  UWTCudaLinear linear{};
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)),
            "2: the options have size 0: set them with uwtCudaLinearInit");
  uwtCudaLinearInit(&linear, sizeof(linear));
  linear.n = 130;
  linear.k = 271;
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)),
            "2: the weight has n 130 and k 272, the call n 130 and k 271");
  linear.k = 272;
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)), "no error"); // An m of 0.
  linear.m = 8;
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)), "2: the weight is null");
  linear.weight = 0x1000100;
  linear.x = 0x10000;
  linear.y = 0x20000;
  linear.extraCount = 2;
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)), "2: extras is NULL");
  UWTCudaBuffer extras[] = {{0x5000, 520}, {0x6000, 260}};
  linear.extras = extras;
  linear.workspace = {0x30000, workspace - 1};
  linear.counters = {0x40000, counters};
  EXPECT_THAT(textOf(uwtCudaLinear(made, &linear, nullptr)),
              testing::StartsWith("2: workspace has " + std::to_string(workspace - 1) + " bytes"));
  EXPECT_TRUE(fake->launches.empty());
  linear.workspace.bytes = workspace;
  EXPECT_EQ(textOf(uwtCudaLinear(made, &linear, nullptr)), "no error");
  EXPECT_EQ(fake->launches.size(), 1u);
  const uint64_t offsets[] = {0, 8};
  EXPECT_EQ(textOf(uwtCudaGroupedLinear(made, &linear, offsets, 2, nullptr)),
            "2: a product by groups takes no operands of an epilogue, got 2");
  EXPECT_EQ(textOf(uwtCudaGroupedLinear(made, &linear, nullptr, 2, nullptr)), "2: offsets is NULL");
  uwtCudaKernelsDestroy(made);
}

/// The sample kernel, whose code `writer` gets, for products without operands of an epilogue.
static uwt::KernelEntry sampleWithoutExtras(uwt::KernelPackWriter &writer) {
  uwt::KernelEntry entry = sampleKernel();
  entry.code = writer.addCode(uwt::CodeKind::Cubin, "sm_90a", sampleCubin());
  std::erase_if(entry.arguments,
                [](const auto &one) { return one.kind == uwt::ArgumentKind::Extra; });
  return entry;
}

TEST_F(CudaObjects, ExpertsAreMultipliedByOneCall) {
  writeTensors(model, {{"w", "BF16", {4, 64, 64}, bf16Weights(4 * 64 * 64, 5)}});
  pack = folder / "experts.uwtpack";
  uwt::KernelPackWriter writer;
  writer.addKernel(sampleWithoutExtras(writer));
  ASSERT_TRUE(holds(writer.write(pack, false)));
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  EXPECT_EQ(weight.matrices, 4u);
  UWTCudaKernels *made = nullptr;
  ASSERT_EQ(textOf(uwtCudaKernelsCreate(kernels, &weight, 8, &made)), "no error");
  UWTCudaLinear linear;
  uwtCudaLinearInit(&linear, sizeof(linear));
  linear.weight = 0x1000000;
  linear.n = linear.k = 64;
  linear.m = 12;
  linear.x = 0x10000;
  linear.y = 0x20000;
  linear.workspace = {0x30000, 1 << 16};
  linear.counters = {0x40000, 1 << 12};
  const uint64_t offsets[] = {0, 3, 3, 11, 12};
  size_t calls = fake->calls.size();
  ASSERT_EQ(textOf(uwtCudaGroupedLinear(made, &linear, offsets, 5, nullptr)), "no error");
  EXPECT_EQ(fake->launches.size(), 3u);
  EXPECT_EQ(fake->calls.size(), calls + 3);
  uwtCudaKernelsDestroy(made);
}

TEST_F(CudaObjects, SlicesAreMultipliedByMatricesOfATable) {
  writeTensors(model, {{"w", "BF16", {4, 64, 64}, bf16Weights(4 * 64 * 64, 5)}});
  pack = folder / "grouped.uwtpack";
  uwt::KernelPackWriter writer;
  uwt::KernelEntry entry = sampleWithoutExtras(writer);
  entry.mTo = UINT32_MAX;
  entry.launch.tileM = 8;
  entry.arguments.push_back({uwt::ArgumentKind::Slices, uwt::ArgumentType::I32, 4, 0, 0});
  writer.addKernel(entry);
  // Eleven buffers, five numbers and a constant.
  fake->parameterCounts[entry.kernel] = 11 * 5 + 6;
  ASSERT_TRUE(holds(writer.write(pack, false)));
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  UWTCudaKernels *plain = nullptr;
  EXPECT_THAT(textOf(uwtCudaKernelsCreate(kernels, &weight, 8, &plain)),
              testing::HasSubstr("have products of groups (--grouped)"));
  UWTCudaGroupedKernels *made = nullptr;
  ASSERT_EQ(textOf(uwtCudaGroupedKernelsCreate(kernels, &weight, &made)), "no error");
  EXPECT_EQ(uwtCudaGroupedKernelsSlice(made, 100), 8u);
  uint64_t workspace = 0, counters = 0;
  ASSERT_EQ(textOf(uwtCudaGroupedKernelsScratch(made, 8, 5, &workspace, &counters)), "no error");
  EXPECT_EQ(textOf(uwtCudaGroupedKernelsScratch(made, 16, 5, &workspace, &counters)),
            "2: no kernel has slices of 16 rows; the next has 8");
  UWTCudaGroupedProduct product;
  uwtCudaGroupedProductInit(&product, sizeof(product));
  product.weight = 0x1000000;
  product.n = 64;
  product.k = 63;
  product.slice = 8;
  EXPECT_EQ(textOf(uwtCudaGroupedProduct(made, &product, nullptr)),
            "2: the weight has n 64 and k 64, the call n 64 and k 63");
  product.k = 64;
  EXPECT_EQ(textOf(uwtCudaGroupedProduct(made, &product, nullptr)), "no error"); // No slices.
  product.slices = 5;
  product.x = 0x10000;
  product.y = 0x20000;
  product.workspace = {0x30000, workspace};
  product.counters = {0x40000, counters};
  product.table = {0x50000, 20};
  EXPECT_THAT(textOf(uwtCudaGroupedProduct(made, &product, nullptr)),
              testing::StartsWith("2: the slice table has 20 bytes, and kernel uwt_skinny"));
  EXPECT_TRUE(fake->launches.empty());
  product.table.bytes = 24;
  ASSERT_EQ(textOf(uwtCudaGroupedProduct(made, &product, nullptr)), "no error");
  ASSERT_EQ(fake->launches.size(), 1u);
  // The panels of all matrices, and at last the table.
  const std::vector<uint64_t> &parameters = fake->launches.front().parameters;
  EXPECT_EQ(parameters[0], product.weight + weight.buffers[0].begin);
  EXPECT_EQ(parameters[3], weight.buffers[0].bytes / 8);
  EXPECT_EQ(parameters[parameters.size() - 5], product.table.address);
  EXPECT_EQ(parameters[parameters.size() - 2], 6u);
  uwtCudaGroupedKernelsDestroy(made);
}

namespace {

/// A kernel that takes nothing of a weight, with a dense matrix, its stride, and `extras` operands.
uwt::KernelEntry rowKernel(const char *name, uwt::GpuKernelKind kind, uint32_t extras) {
  uwt::KernelEntry entry;
  entry.kernel = name;
  entry.kind = kind;
  entry.strategy = name;
  entry.format = *uwt::Format::parse("inplace<12>");
  entry.launch.threads = 128;
  entry.arguments = {{uwt::ArgumentKind::Panels, uwt::ArgumentType::I64, 1, 0, 0},
                     {uwt::ArgumentKind::X, uwt::ArgumentType::I16, 16, 0, 0},
                     {uwt::ArgumentKind::XStride, uwt::ArgumentType::I64, 1, 0, 0}};
  for (uint32_t number = 0; number < extras; ++number)
    entry.arguments.push_back({uwt::ArgumentKind::Extra, uwt::ArgumentType::I32, 4, number, 0});
  return entry;
}

/// Of rows: those that decode and gather.
class CudaRows : public CudaObjects {
protected:
  CudaRows() {
    pack = folder / "rows.uwtpack";
    uwt::KernelPackWriter writer;
    uint32_t code = writer.addCode(uwt::CodeKind::Cubin, "sm_90a", sampleCubin());
    uwt::KernelEntry decode = rowKernel("rows", uwt::GpuKernelKind::Transcode, 0),
                     gather = rowKernel("gather", uwt::GpuKernelKind::Gather, 2);
    decode.result = *uwt::Format::parse("raw, layout=row_major");
    decode.code = gather.code = code;
    writer.addKernel(decode);
    writer.addKernel(gather);
    EXPECT_TRUE(holds(writer.write(pack, false)));
    fake->parameterCounts = {{"rows", 11}, {"gather", 21}};
  }
};

} // namespace

TEST_F(CudaRows, AreDecodedWithAStride) {
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  UWTCudaDecoder *decoder = nullptr;
  ASSERT_EQ(textOf(uwtCudaDecoderCreate(kernels, &weight, &decoder)), "no error");
  UWTCudaDense rows{};
  auto refused = [&](uint64_t image = 0x1000000, uint64_t matrix = 0) {
    return textOf(uwtCudaDecode(decoder, image, matrix, &rows, nullptr));
  };
  EXPECT_EQ(refused(), "2: the memory for rows is null");
  rows.memory = {0x20008, 1 << 20};
  EXPECT_EQ(refused(), "2: the memory for rows is not aligned to 16 bytes");
  rows.memory = {0x20000, 130 * 280 * 2 - 17};
  rows.rowStride = 280;
  EXPECT_EQ(refused(), "2: the memory for rows has 72783 bytes, and 1 x 130 x 272 elements with "
                       "these strides take 72784");
  rows.memory.bytes = 72784;
  EXPECT_EQ(refused(0), "2: the weight is null");
  EXPECT_EQ(refused(0x1000000, 1), "2: kernel rows is asked for matrix 1 of a weight of 1");
  EXPECT_TRUE(fake->launches.empty());
  EXPECT_EQ(refused(), "no error");
  ASSERT_EQ(fake->launches.size(), 1u);
  const auto &parameters = fake->launches[0].parameters;
  EXPECT_EQ(parameters[6], 0x20000u);
  EXPECT_EQ(parameters[8], 72784u / 2);
  EXPECT_EQ(parameters[10], 280u);
  uwtCudaDecoderDestroy(decoder);
  auto [raw, other] = imageOf("raw");
  EXPECT_EQ(textOf(uwtCudaDecoderCreate(kernels, &other, &decoder)).substr(0, 2), "5:");
}

TEST_F(CudaRows, AreGatheredByIds) {
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  UWTCudaGatherer *gatherer = nullptr;
  ASSERT_EQ(textOf(uwtCudaGathererCreate(kernels, &weight, &gatherer)), "no error");
  UWTCudaGather gather{};
  auto refused = [&] { return textOf(uwtCudaGather(gatherer, &gather, nullptr)); };
  EXPECT_EQ(refused(), "2: the options have size 0: set them with uwtCudaGatherInit");
  uwtCudaGatherInit(&gather, sizeof(gather));
  gather.n = 131;
  gather.k = 272;
  EXPECT_EQ(refused(), "2: the weight has n 130 and k 272, the call n 131 and k 272");
  gather.n = 130;
  EXPECT_EQ(refused(), "no error"); // A count of 0.
  gather.count = 5;
  EXPECT_EQ(refused(), "2: the memory for rows is null");
  gather.rows.memory = {0x20000, 5 * 544 - 1};
  EXPECT_THAT(refused(), testing::StartsWith("2: the memory for rows has 2719 bytes"));
  gather.rows.memory.bytes = 5 * 544;
  EXPECT_EQ(refused(), "2: ids have 4 or 8 bytes, not 0");
  gather.idBytes = 8;
  EXPECT_EQ(refused(), "2: the memory of ids is null");
  gather.ids = {0x30004, 40};
  EXPECT_EQ(refused(), "2: the memory of ids is not aligned to 8 bytes");
  gather.ids = {0x30000, 39};
  EXPECT_EQ(refused(), "2: the memory of ids has 39 bytes, and 5 ids take 40");
  gather.ids.bytes = 40;
  gather.outside = 0x40002;
  EXPECT_EQ(refused(), "2: the word for ids outside is not aligned to 4 bytes");
  gather.outside = 0x40000;
  EXPECT_EQ(refused(), "2: the weight is null");
  gather.weight = 0x1000000;
  EXPECT_TRUE(fake->launches.empty());
  EXPECT_EQ(refused(), "no error");
  gather.idBytes = 4;
  gather.outside = 0;
  EXPECT_EQ(refused(), "no error");
  ASSERT_EQ(fake->launches.size(), 2u);
  const auto &wide = fake->launches[0].parameters, &narrow = fake->launches[1].parameters;
  EXPECT_EQ(wide[8], 5u * 272);
  EXPECT_EQ(wide[12], 0x30000u);
  EXPECT_EQ(wide[14], 10u);
  EXPECT_EQ(wide[17], 0x40000u);
  EXPECT_EQ(wide[19], 1u);
  EXPECT_EQ(narrow[14], 5u);
  EXPECT_EQ(narrow[19], 0u);
  uwtCudaGathererDestroy(gatherer);
  auto [streams, other] = imageOf("huffman<12,2>");
  EXPECT_EQ(textOf(uwtCudaGathererCreate(kernels, &other, &gatherer)),
            "5: rows are not gathered from huffman<12,2>, whose units are streams: make the image "
            "in a format of a fixed rate, like raw, window<4>, palette<4> and inplace<12>");
}

TEST_F(CudaObjects, EncodesDenseMatricesOnTheDevice) {
  constexpr uint64_t matrices = 2, rows = 80, columns = 272, stride = 280;
  pack = folder / "encode.uwtpack";
  uwt::KernelPackWriter writer;
  FakeTranscode::addDenseKernels(
      writer, writer.addCode(uwt::CodeKind::Cubin, "sm_90a", sampleCubin()), "inplace<12>");
  ASSERT_TRUE(holds(writer.write(pack, false)));
  open(model);
  UWTCudaEncode *encode = nullptr;
  auto create = [&](const char *dtype, const char *format) {
    return textOf(uwtCudaEncodeCreate(kernels, dtype, rows, columns, matrices, format, &encode));
  };
  EXPECT_EQ(create("BF15", "inplace<12>"), "2: a weight has no elements of dtype BF15");
  EXPECT_EQ(create("BF16", "inplace<13>").substr(0, 2), "2:");
  EXPECT_EQ(create("BF16", "huffman<12,2>"),
            "2: no kernel codes a weight as huffman<12,2>; load it in that format");
  EXPECT_EQ(create("BF16", "window<4>").substr(0, 2), "5:"); // Not in the pack.
  EXPECT_EQ(create("BF16", "inplace<12>, fold=flat<272>").substr(0, 2), "5:");
  EXPECT_EQ(
      textOf(uwtCudaEncodeCreate(kernels, "BF16", ~uint64_t(0), 1 << 20, 3, "inplace<12>", &encode))
          .substr(0, 2),
      "2:");
  ASSERT_EQ(create("BF16", "inplace<12>"), "no error");

  Bytes dense = bf16Weights(matrices * rows * columns, 5);
  uint64_t shape[] = {matrices, rows, columns};
  UWTCudaImage *image = nullptr;
  ASSERT_EQ(textOf(uwtCudaImageEncode(context, "BF16", 3, shape, dense.data(), dense.size(),
                                      "inplace<12>", &image)),
            "no error");
  auto [expected, expectedWeight] = contents(image);
  uwtCudaImageDestroy(image);
  uwt::ThreadPool pool(1);
  auto loadedAs = [&](const char *format) {
    uwt::TensorDescription description{
        uwt::ElementType::BF16, {matrices, rows, columns}, *uwt::Format::parse(format)};
    return *uwt::LoadedWeight::fromBytes(description, dense, pool);
  };
  FakeTranscode work(loadedAs("raw"), loadedAs("inplace<12>"));
  fake->onLaunch = [&](const FakeLaunch &launch) { work.compute(launch); };

  DeviceMemory source(*fake, matrices * rows * stride * 2);
  for (uint64_t row = 0; row < matrices * rows; ++row)
    std::memcpy(source.data() + row * stride * 2, dense.data() + row * columns * 2, columns * 2);
  DeviceMemory scratch(*fake, uwtCudaEncodeScratch(encode));
  UWTCudaWeight result{};
  UWTCudaDense given = {source.buffer(), stride, 0};
  auto count = [&](UWTCudaBuffer memory) {
    return textOf(uwtCudaEncodeCount(encode, &given, memory, nullptr, &result));
  };
  EXPECT_EQ(count(scratch.buffer()), "2: the weight has size 0: set it to sizeof(UWTCudaWeight)");
  result.size = sizeof(result);
  UWTCudaBuffer few = scratch.buffer();
  few.bytes -= 1;
  EXPECT_THAT(count(few), testing::StartsWith("2: coding takes scratch memory of"));
  EXPECT_EQ(textOf(uwtCudaEncodeWrite(encode, few, nullptr)),
            "2: an image is written as it was counted: call count() first");
  given.rowStride = 271;
  EXPECT_EQ(count(scratch.buffer()), "2: the memory of the matrices has rows of 272 elements, "
                                     "which a stride of 271 overlaps");
  given.rowStride = stride;
  EXPECT_TRUE(fake->launches.empty());
  size_t held = fake->held();
  ASSERT_EQ(count(scratch.buffer()), "no error");
  EXPECT_EQ(std::memcmp(&result, &expectedWeight, sizeof(result)), 0);
  DeviceMemory made(*fake, result.bytes);
  ASSERT_EQ(textOf(uwtCudaEncodeWrite(encode, made.buffer(), nullptr)), "no error");
  EXPECT_EQ(std::memcmp(made.data(), expected.data(), expected.size()), 0);
  // The caller's one buffer more, and none of the library's.
  EXPECT_EQ(fake->held(), held + 1);
  uwtCudaEncodeDestroy(encode);
}

TEST_F(CudaObjects, CodesOnTheDeviceInMemoryOfTheCaller) {
  // Of such a size that no fold is smaller.
  writeTensors(model, {{"w", "BF16", {128, 1024}, bf16Weights(128 * 1024, 5)}});
  open(model);
  auto [raw, rawWeight] = imageOf(nullptr);
  UWTCudaTranscode *transcode = nullptr;
  auto create = [&](const UWTCudaWeight &source, const char *format) {
    return textOf(
        uwtCudaTranscodeCreate(context, kernels, &source, container, "w", format, &transcode));
  };
  EXPECT_EQ(create(rawWeight, "inplace<12>"),
            "2: tensor 'w' is not compressed, and a device codes anew what is: load it with "
            "uwtCudaImageLoad");
  std::string compressed = folder / "model.uwt.safetensors";
  uwt::CompressOptions options;
  const char *stored = "huffman<12,2>";
  options.format = *uwt::Format::parse(stored);
  ASSERT_TRUE(holds(uwt::compressFile(model, compressed, options)));
  uwtCudaPackDestroy(kernels);
  pack = folder / "transcode.uwtpack";
  uwt::KernelPackWriter writer;
  FakeTranscode::addKernels(writer, writer.addCode(uwt::CodeKind::Cubin, "sm_90a", sampleCubin()),
                            stored, "inplace<12>");
  ASSERT_TRUE(holds(writer.write(pack, false)));
  open(compressed);
  EXPECT_EQ(create(rawWeight, "inplace<12>"),
            "2: tensor 'w' is stored as huffman<12,2>, and the source's format is raw");
  auto [bytes, weight] = imageOf(nullptr);
  EXPECT_EQ(create(weight, "inplace<12>, fold=flat<272>").substr(0, 2), "5:");
  EXPECT_EQ(create(weight, "window<4>").substr(0, 2), "5:"); // Not in the pack.
  ASSERT_EQ(create(weight, "inplace<12>"), "no error");

  auto [expected, expectedWeight] = imageOf("inplace<12>");
  uwt::ThreadPool pool(1);
  auto checkpoint = uwt::Checkpoint::open(compressed);
  ASSERT_TRUE(holds(checkpoint));
  auto found = checkpoint->find("w");
  ASSERT_TRUE(holds(found));
  auto reader = found->first->reader(*found->second);
  ASSERT_TRUE(holds(reader));
  auto loadedAs = [&](const char *format) {
    return *uwt::LoadedWeight::fromReader(*reader, pool,
                                          {.runFormat = *uwt::Format::parse(format)});
  };
  FakeTranscode work(loadedAs("raw"), loadedAs("inplace<12>"));
  fake->onLaunch = [&](const FakeLaunch &launch) { work.compute(launch); };

  DeviceMemory source(*fake, bytes.size()), scratch(*fake, uwtCudaTranscodeScratch(transcode));
  std::memcpy(source.data(), bytes.data(), bytes.size());
  UWTCudaWeight result;
  result.size = sizeof(result);
  UWTCudaBuffer few = scratch.buffer();
  EXPECT_EQ(textOf(uwtCudaTranscodeWrite(transcode, few, nullptr)),
            "2: an image is written as it was counted: call count() first");
  few.bytes -= 1;
  EXPECT_THAT(textOf(uwtCudaTranscodeCount(transcode, source.address(), few, nullptr, &result)),
              testing::StartsWith("2: coding takes scratch memory of"));
  size_t held = fake->held();
  ASSERT_EQ(textOf(uwtCudaTranscodeCount(transcode, source.address(), scratch.buffer(), nullptr,
                                         &result)),
            "no error");
  EXPECT_EQ(std::memcmp(&result, &expectedWeight, sizeof(result)), 0);
  DeviceMemory made(*fake, result.bytes);
  ASSERT_EQ(textOf(uwtCudaTranscodeWrite(transcode, made.buffer(), nullptr)), "no error");
  EXPECT_EQ(std::memcmp(made.data(), expected.data(), expected.size()), 0);
  // The caller's one buffer more, and none of the library's.
  EXPECT_EQ(fake->held(), held + 1);
  uwtCudaTranscodeDestroy(transcode);
}
