//===- DeviceTranscodeTest.cpp - Weights coded on a fake GPU --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels do what the codec library does (test/Unit/GpuKernels/EncodeTest.cpp holds the real
// ones to that): here it is whether the host gives them the right memory in the right order.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "CudaTesting.h"
#include "SamplePack.h"
#include "uwt/Cuda/EncodedWeight.h"
#include "uwt/Cuda/Launch.h"
#include <cstring>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr uint64_t rows = 150, columns = 272, units = 10 * 5;

KernelEntry kernelOf(const char *name, const char *format, const char *result,
                     std::vector<KernelArgument> arguments) {
  KernelEntry entry;
  entry.kernel = name;
  entry.family = GpuKernelFamily::Transcode;
  entry.format = *Format::parse(format);
  entry.result = *Format::parse(result);
  entry.launch.threads = 128;
  entry.arguments = std::move(arguments);
  return entry;
}

std::vector<uint8_t> packOf(const char *format) {
  std::vector<KernelArgument> extras;
  for (ArgumentType type : {ArgumentType::I32, ArgumentType::I8, ArgumentType::I16,
                            ArgumentType::I64, ArgumentType::I32, ArgumentType::I32,
                            ArgumentType::I32, ArgumentType::I32, ArgumentType::I32})
    extras.push_back({ArgumentKind::Extra, type, 16, static_cast<uint32_t>(extras.size()), 0});
  KernelPackWriter pack;
  uint32_t code = pack.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1));
  KernelEntry transcode = kernelOf("transcode", format, "raw",
                                   {{ArgumentKind::Panels, ArgumentType::I64, 1, 0, 0},
                                    {ArgumentKind::Extra, ArgumentType::I16, 256, 0, 0}});
  KernelEntry encode = kernelOf("encode", format, "inplace<12>", extras);
  transcode.code = encode.code = code;
  if (std::string_view(format) != "raw")
    pack.addKernel(transcode);
  pack.addKernel(encode);
  return *pack.bytes();
}

class DeviceTranscodeTest : public testing::TestWithParam<const char *> {
protected:
  DeviceTranscodeTest()
      : fake(afterOpening()), packBytes(packOf(GetParam())), raw(load("raw")),
        expected(load("inplace<12>")) {
    fake.parameterCounts = {{"transcode", 10}, {"encode", 45}};
    fake.onLaunch = [this](const FakeLaunch &launch) { compute(launch); };
    device = *fakeDevice();
    stream.emplace(*CudaStream::create(device));
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
  }
  static FakeCuda &afterOpening() {
    EXPECT_TRUE(bool(CudaDriver::open(fakeDriverPath())));
    return freshFakeCuda();
  }
  static LoadedWeight load(const char *format) {
    ThreadPool pool(1);
    TensorDescription description{ElementType::BF16, {rows, columns}, *Format::parse(format)};
    return *LoadedWeight::fromBytes(
        description, makeTensor(description.element, description.shape, Distribution::StudentT4, 3),
        pool);
  }
  Expected<DeviceWeight> transcode() {
    UWT_ASSIGN_OR_RETURN(DeviceWeight weight,
                         DeviceWeight::upload(device, load(GetParam()), *stream));
    return weight.transcode(*pack, expected.plan(), *stream);
  }

  /// Operand `number` of kernel encode: where it is, and its elements.
  static std::pair<uint8_t *, uint64_t> extra(const FakeLaunch &launch, size_t number) {
    return {reinterpret_cast<uint8_t *>(launch.parameters[5 * number + 1]),
            launch.parameters[5 * number + 3]};
  }
  void compute(const FakeLaunch &launch) {
    if (launch.function == "transcode") {
      ASSERT_EQ(launch.parameters[8], units * 1024);
      std::memcpy(reinterpret_cast<void *>(launch.parameters[6]),
                  raw.plane(PlaneKind::Words).data(), units * 2048);
      return;
    }
    // Decoded words and the model are there each time.
    ASSERT_EQ(std::memcmp(extra(launch, 0).first, raw.plane(PlaneKind::Words).data(), units * 2048),
              0);
    EncodeTable table = encodeTable(expected.plan());
    ASSERT_EQ(std::memcmp(extra(launch, 1).first, table.data(), table.size()), 0);
    auto [counts, counted] = extra(launch, 2);
    if (counted == 0)
      return encode(launch);
    ASSERT_EQ(counted, units);
    uint64_t unit = 0;
    for (const PanelEntry &panel : expected.panels())
      for (uint64_t i = 0; i < 20 && unit < units; ++i, ++unit) {
        uint16_t count = expected.counts()[panel.counts + i];
        std::memcpy(counts + 2 * unit, &count, 2);
      }
  }
  void encode(const FakeLaunch &launch) {
    for (auto [number, kind] : {std::pair(7, PlaneKind::Code), {8, PlaneKind::Patch}}) {
      auto [at, elements] = extra(launch, static_cast<size_t>(number));
      ASSERT_EQ(elements * 4, expected.plane(kind).size());
      std::memcpy(at, expected.plane(kind).data(), elements * 4);
    }
  }

  FakeCuda &fake;
  std::vector<uint8_t> packBytes;
  LoadedWeight raw, expected;
  CudaDevicePtr device;
  std::optional<CudaStream> stream;
  std::unique_ptr<DevicePack> pack;
};

std::string_view bytesOf(const DeviceWeight &weight, ArgumentKind kind) {
  DeviceWeight::Part part = weight.part(kind, 0);
  return {reinterpret_cast<const char *>(part.address), part.bytes};
}

} // namespace

TEST_P(DeviceTranscodeTest, IsTheWeightThatTheHostWouldHaveUploaded) {
  auto made = transcode();
  ASSERT_TRUE(bool(made)) << made.error().message();
  auto uploaded = DeviceWeight::upload(device, expected, *stream);
  ASSERT_TRUE(bool(uploaded));
  EXPECT_EQ(made->format(), uploaded->format());
  EXPECT_EQ(made->rows(), rows);
  EXPECT_EQ(made->columns(), columns);
  for (ArgumentKind kind :
       {ArgumentKind::Panels, ArgumentKind::Records, ArgumentKind::Table, ArgumentKind::Words,
        ArgumentKind::Raw, ArgumentKind::Code, ArgumentKind::Patch, ArgumentKind::Low})
    EXPECT_EQ(bytesOf(*made, kind), bytesOf(*uploaded, kind)) << nameOf(kind);
}

TEST_P(DeviceTranscodeTest, FailsAnywhereWithoutALeak) {
  size_t held = fake.held();
  fake.calls.clear();
  ASSERT_TRUE(bool(transcode()));
  for (size_t call = 0, calls = fake.calls.size(); call < calls; ++call) {
    fake.calls.clear();
    fake.failAt = static_cast<long>(call);
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
    EXPECT_FALSE(bool(transcode())) << call;
    pack.reset();
    EXPECT_LE(fake.held(), held) << call;
  }
}

TEST_P(DeviceTranscodeTest, APackWithoutTheKernelIsAnError) {
  LoadedWeight window = load("window<4>");
  auto weight = DeviceWeight::upload(device, load(GetParam()), *stream);
  auto made = weight->transcode(*pack, window.plan(), *stream);
  ASSERT_FALSE(bool(made));
  EXPECT_THAT(made.error().message(), testing::HasSubstr("otherwise right have results "));
}

INSTANTIATE_TEST_SUITE_P(Sources, DeviceTranscodeTest, testing::Values("raw", "huffman<12,2>"),
                         [](const auto &info) { return "Case" + std::to_string(info.index); });
