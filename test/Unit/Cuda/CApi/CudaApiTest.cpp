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
  uwtCudaLinearInit(&linear);
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

TEST_F(CudaObjects, ExpertsAreMultipliedByOneCall) {
  writeTensors(model, {{"w", "BF16", {4, 64, 64}, bf16Weights(4 * 64 * 64, 5)}});
  pack = folder / "experts.uwtpack";
  uwt::KernelPackWriter writer;
  uwt::KernelEntry entry = sampleKernel();
  entry.code = writer.addCode(uwt::CodeKind::Cubin, "sm_90a", sampleCubin());
  std::erase_if(entry.arguments,
                [](const auto &one) { return one.kind == uwt::ArgumentKind::Extra; });
  writer.addKernel(entry);
  ASSERT_TRUE(holds(writer.write(pack, false)));
  open(model);
  auto [bytes, weight] = imageOf("inplace<12>");
  EXPECT_EQ(weight.matrices, 4u);
  UWTCudaKernels *made = nullptr;
  ASSERT_EQ(textOf(uwtCudaKernelsCreate(kernels, &weight, 8, &made)), "no error");
  UWTCudaLinear linear;
  uwtCudaLinearInit(&linear);
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

TEST_F(CudaObjects, DecodesAWeightThatIsStoredRaw) {
  open(model);
  auto [bytes, weight] = imageOf("raw");
  UWTCudaDecoder *decoder = nullptr;
  ASSERT_EQ(textOf(uwtCudaDecoderCreate(kernels, &weight, &decoder)), "no error");
  uint64_t size = uwtCudaDecoderBytes(decoder);
  ASSERT_EQ(size, 9u * 5 * 2048);
  DeviceMemory image(*fake, bytes.size()), words(*fake, size);
  std::memcpy(image.data(), bytes.data(), bytes.size());
  ASSERT_EQ(textOf(uwtCudaDecode(decoder, image.address(), 0, words.buffer(), nullptr)),
            "no error");
  EXPECT_EQ(std::memcmp(words.data(), image.data() + weight.buffers[3].begin, size), 0);
  uwtCudaDecoderDestroy(decoder);
  auto [other, compressed] = imageOf("inplace<12>");
  EXPECT_EQ(textOf(uwtCudaDecoderCreate(kernels, &compressed, &decoder)).substr(0, 2), "5:");
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
            "2: a transcode writes what it has counted: call count() first");
  few.bytes -= 1;
  EXPECT_THAT(textOf(uwtCudaTranscodeCount(transcode, source.address(), few, nullptr, &result)),
              testing::StartsWith("2: a transcode takes scratch memory of"));
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
