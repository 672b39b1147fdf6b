//===- DeviceTranscodeTest.cpp - Weights coded on a fake GPU --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels do what the codec library does (test/Unit/Codegen/GPU/EncodeTest.cpp holds the real
// ones to that): here it is whether the host gives them the right memory in the right order.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "CudaTesting.h"
#include "FakeTranscode.h"
#include "Pack/SamplePack.h"
#include "uwt/Cuda/Launch.h"
#include <gmock/gmock.h>
#include <set>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

namespace {

bool isRead(const Format &format) {
  return format.layout == Layout::Fragment16x16 && format.storage == Storage::NMajor;
}

/// What a kernel makes of words.
std::vector<std::string> madeFormats() {
  return formatsWith([](const Format &format, const CodecTraits &traits) {
    return isRead(format) && traits.madeByDevices && traits.rate == Rate::Fixed &&
           format.escapes == Escapes::Patch && format.codedMantissa == 0;
  });
}

std::string prefixFormat() {
  return formatsWith(
             [](const Format &, const CodecTraits &traits) { return traits.rate == Rate::Prefix; })
      .front();
}

struct TranscodeCase {
  std::string stored, result;
  std::vector<uint64_t> shape;
};

std::vector<uint8_t> packOf(const TranscodeCase &formats) {
  KernelPackWriter pack;
  uint32_t code = pack.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1));
  FakeTranscode::addKernels(pack, code, formats.stored, formats.result);
  return *pack.bytes();
}

class DeviceTranscodeTest : public testing::TestWithParam<TranscodeCase> {
protected:
  DeviceTranscodeTest()
      : fake(afterOpening()), packBytes(packOf(GetParam())),
        work(load(rawFormat().str()), load(GetParam().result)) {
    fake.parameterCounts = FakeTranscode::parameterCounts();
    fake.onLaunch = [this](const FakeLaunch &launch) { work.compute(launch); };
    device = *fakeDevice();
    stream.emplace(*CudaStream::create(device));
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
  }
  static FakeCuda &afterOpening() {
    EXPECT_TRUE(bool(CudaDriver::open(fakeDriverPath())));
    return freshFakeCuda();
  }
  static std::vector<uint8_t> dense() {
    return makeTensor(ElementType::BF16, GetParam().shape, Distribution::StudentT4, 3);
  }
  static LoadedWeight load(const std::string &format) {
    ThreadPool pool(1);
    TensorDescription description{ElementType::BF16, GetParam().shape, *Format::parse(format)};
    return *LoadedWeight::fromBytes(description, dense(), pool);
  }
  /// A tensor as a file has it; `planes` hold its bytes.
  static Expected<TensorDecoder> store(std::vector<uint64_t> shape, const std::string &format,
                                       std::span<const uint8_t> bytes, MemoryPlanes &planes) {
    ThreadPool pool(1);
    TensorDescription description{ElementType::BF16, std::move(shape), *Format::parse(format)};
    UWT_RETURN_IF_ERROR(encodeTensor(description, bytes, planes, pool));
    return TensorDecoder::open(description, viewsOf(planes), std::nullopt);
  }
  const LoadedWeight &expected() const { return work.result(); }
  Expected<DeviceWeight> transcode() {
    UWT_ASSIGN_OR_RETURN(DeviceWeight weight,
                         DeviceWeight::upload(device, load(GetParam().stored), *stream));
    return weight.transcode(*pack, expected().plan(), *stream);
  }

  FakeCuda &fake;
  std::vector<uint8_t> packBytes;
  FakeTranscode work;
  CudaDevicePtr device;
  std::optional<CudaStream> stream;
  std::unique_ptr<DevicePack> pack;
};

} // namespace

TEST_P(DeviceTranscodeTest, IsTheWeightThatTheHostWouldHaveUploaded) {
  auto made = transcode();
  ASSERT_TRUE(bool(made)) << made.error().message();
  auto uploaded = DeviceWeight::upload(device, expected(), *stream);
  ASSERT_TRUE(bool(uploaded));
  EXPECT_EQ(made->format(), uploaded->format());
  EXPECT_EQ(made->rows(), uploaded->rows());
  EXPECT_EQ(made->columns(), uploaded->columns());
  EXPECT_EQ(made->matrices(), uploaded->matrices());
  EXPECT_EQ(*made->read(*stream), *uploaded->read(*stream));
}

TEST_P(DeviceTranscodeTest, LoadsWhatTheHostWouldHaveLoaded) {
  ThreadPool pool(1);
  MemoryPlanes planes;
  auto stored = store(GetParam().shape, GetParam().stored, dense(), planes);
  ASSERT_TRUE(bool(stored));
  Format result = *Format::parse(GetParam().result);
  // Its model comes from what is stored.
  auto loaded = LoadedWeight::fromDecoder(*stored, pool, {.runFormat = result});
  ASSERT_TRUE(bool(loaded));
  auto uploaded = DeviceWeight::upload(device, *loaded, *stream);
  work = FakeTranscode(load(rawFormat().str()), std::move(*loaded));
  auto made = DeviceWeight::load(*pack, *stored, result, pool, *stream);
  ASSERT_TRUE(bool(made)) << made.error().message();
  EXPECT_EQ(*made->read(*stream), *uploaded->read(*stream));
  // As it is stored nothing is launched.
  size_t launches = fake.launches.size();
  auto same = DeviceWeight::load(*pack, *stored, stored->description().format, pool, *stream);
  ASSERT_TRUE(bool(same)) << same.error().message();
  EXPECT_EQ(same->format(), stored->description().format);
  EXPECT_EQ(fake.launches.size(), launches);
}

TEST_P(DeviceTranscodeTest, ColumnsThatDoNotExistAreNeverInfinite) {
  // Nearly all elements are infinite, and so would be the padding.
  std::vector<uint16_t> words(64 * 70, 0x7f80);
  for (size_t i = 0; i < words.size(); i += 9)
    words[i] = 0x3f80;
  auto *bytes = reinterpret_cast<const uint8_t *>(words.data());
  ThreadPool pool(1);
  MemoryPlanes planes;
  auto stored = store({64, 70}, prefixFormat(), {bytes, words.size() * 2}, planes);
  ASSERT_TRUE(bool(stored));
  Format result = *Format::parse(GetParam().result);
  auto loaded = LoadedWeight::fromDecoder(*stored, pool, {.runFormat = result});
  ASSERT_TRUE(bool(loaded));
  auto uploaded = DeviceWeight::upload(device, *loaded, *stream);
  auto made = DeviceWeight::load(*pack, *stored, result, pool, *stream);
  ASSERT_TRUE(bool(made)) << made.error().message();
  EXPECT_EQ(made->format(), result);
  EXPECT_EQ(*made->read(*stream), *uploaded->read(*stream));
  EXPECT_TRUE(fake.launches.empty());
  auto refused = uploaded->transcode(*pack, loaded->plan(), *stream);
  ASSERT_FALSE(bool(refused));
  EXPECT_THAT(refused.error().message(),
              testing::HasSubstr("might be infinite in " + GetParam().result));
}

TEST_P(DeviceTranscodeTest, FoldsAreUndoneByTheHost) {
  std::vector<uint64_t> shape = {64, 7, 10};
  std::vector<uint8_t> bytes = makeTensor(ElementType::BF16, shape, Distribution::StudentT4, 3);
  ThreadPool pool(1);
  MemoryPlanes planes;
  auto stored = store(shape, prefixFormat() + ", fold=columns<2>", bytes, planes);
  ASSERT_TRUE(bool(stored));
  Format result = *Format::parse(GetParam().result);
  auto loaded = LoadedWeight::fromDecoder(*stored, pool, {.runFormat = result});
  ASSERT_TRUE(bool(loaded));
  auto uploaded = DeviceWeight::upload(device, *loaded, *stream);
  auto made = DeviceWeight::load(*pack, *stored, result, pool, *stream);
  ASSERT_TRUE(bool(made)) << made.error().message();
  EXPECT_EQ(made->matrices(), 64u);
  EXPECT_EQ(*made->read(*stream), *uploaded->read(*stream));
  EXPECT_TRUE(fake.launches.empty());
}

TEST_P(DeviceTranscodeTest, FailsAnywhereWithoutALeak) {
  size_t held = fake.held();
  fake.calls.clear();
  ASSERT_TRUE(bool(transcode()));
  for (size_t call = 0, calls = fake.calls.size(); call < calls; ++call) {
    fake.calls.clear();
    work.restart();
    fake.failAt = static_cast<long>(call);
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
    EXPECT_FALSE(bool(transcode())) << call;
    pack.reset();
    EXPECT_LE(fake.held(), held) << call;
  }
}

TEST_P(DeviceTranscodeTest, APackWithoutTheKernelIsAnError) {
  std::vector<std::string> others = madeFormats();
  std::erase(others, GetParam().result);
  LoadedWeight other = load(others.front());
  auto weight = DeviceWeight::upload(device, load(GetParam().stored), *stream);
  auto made = weight->transcode(*pack, other.plan(), *stream);
  ASSERT_FALSE(bool(made));
  EXPECT_THAT(made.error().message(), testing::HasSubstr("otherwise right have results "));
}

/// From each codec, and to each format that a kernel makes: from what it may be stored in.
static std::vector<TranscodeCase> transcodeCases() {
  std::set<std::string> seen;
  std::vector<std::string> stored = formatsWith([&](const Format &format, const CodecTraits &) {
    return isRead(format) && format.packing == Packing::Planes && format.rowClasses <= 1 &&
           seen.insert(format.codec.keyword).second;
  });
  std::vector<TranscodeCase> cases;
  // One matrix and several, in turn.
  auto add = [&](const std::string &from, const std::string &to) {
    bool isOne = cases.size() % 2 == 0;
    cases.push_back(
        {from, to, isOne ? std::vector<uint64_t>{150, 272} : std::vector<uint64_t>{3, 80, 130}});
  };
  for (const std::string &format : stored)
    if (format != rawFormat().str())
      add(format, runFormats().front().str());
  for (const std::string &format : madeFormats())
    add(rawFormat().str(), format);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Sources, DeviceTranscodeTest, testing::ValuesIn(transcodeCases()),
                         [](const auto &info) {
                           return testNameOf(info.param.stored + " to " + info.param.result +
                                             " of rank " + std::to_string(info.param.shape.size()));
                         });
