//===- LayerQueueTest.cpp - What waits for what on two streams ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/LayerQueue.h"
#include "Codec/TestData.h"
#include "CudaTesting.h"
#include "Pack/SamplePack.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

namespace {

constexpr uint64_t layerRows = 64, layerColumns = 64, scratchBytes = 1 << 16;

/// A kernel on workspaces of 16 KB.
KernelEntry kernelOf(const std::string &name, std::vector<ArgumentKind> kinds) {
  KernelEntry entry;
  entry.kernel = name;
  entry.format = *Format::parse("inplace<12>");
  entry.n = entry.k = {1, UINT64_MAX, 1};
  entry.launch.threads = 128;
  entry.launch.ctasPerMultiprocessor = 4;
  entry.launch.tileN = 1;
  entry.launch.dependent = name.starts_with("product");
  entry.workspace.fixed = 16384;
  for (ArgumentKind kind : kinds)
    entry.arguments.push_back(
        {kind, isMemref(kind) ? ArgumentType::I32 : ArgumentType::I64,
         kind == ArgumentKind::Workspace || kind == ArgumentKind::X || kind == ArgumentKind::Y ? 16U
                                                                                               : 1U,
         0, 0});
  for (KernelArgument &argument : entry.arguments)
    if (argument.kind == ArgumentKind::Panels)
      argument.type = ArgumentType::I64;
  return entry;
}

/// 0: a product alone. 1, 2, 3: one that packs x, and decodes its weight before that. 4, 5: one
/// that decodes its weight, and nothing else.
std::vector<uint8_t> packOfLayers() {
  using enum ArgumentKind;
  KernelPackWriter pack;
  uint32_t code = pack.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1));
  std::vector<KernelEntry> entries = {
      kernelOf("product_alone", {Panels, X, Y, Workspace}),
      kernelOf("product", {Panels, Y, M, Workspace}),
      kernelOf("pack", {X, XStride, M, Workspace}),
      kernelOf("decode", {Panels, Code, Workspace}),
      kernelOf("product_unpacked", {X, Y, Workspace}),
      kernelOf("decode_alone", {Panels, Code, Workspace}),
  };
  entries[1].prepare = 3;
  entries[2].prepare = 4;
  entries[4].prepare = 6;
  for (KernelEntry &entry : entries) {
    entry.code = code;
    pack.addKernel(std::move(entry));
  }
  return *pack.bytes();
}

/// For each launch, by its index among those of its function, the launches that have ended when it
/// begins.
class Order {
public:
  using Launch = std::pair<std::string, size_t>;

  explicit Order(const std::vector<FakeStep> &steps) {
    std::map<void *, std::set<Launch>> streams, events;
    std::map<std::string, size_t> counts;
    for (const FakeStep &step : steps) {
      std::set<Launch> &done = streams[step.stream];
      if (step.kind == FakeStep::Record)
        events[step.event] = done;
      if (step.kind == FakeStep::Wait)
        done.insert(events[step.event].begin(), events[step.event].end());
      if (step.kind != FakeStep::Launch)
        continue;
      Launch launch{step.function, counts[step.function]++};
      before[launch] = done;
      done.insert(launch);
    }
    ended = streams[nullptr];
  }
  bool follows(const Launch &later, const Launch &earlier) const {
    return before.at(later).contains(earlier);
  }
  size_t count() const { return before.size(); }

  /// What later work on the caller's stream follows.
  std::set<Launch> ended;

private:
  std::map<Launch, std::set<Launch>> before;
};

class LayerQueueTest : public testing::Test {
protected:
  LayerQueueTest() : fake(afterOpening()), packBytes(packOfLayers()) {
    fake.parameterCount = 2;
    device = *fakeDevice();
    pack = std::make_unique<DevicePack>(device, *KernelPack::parse(packBytes));
    ThreadPool pool(1);
    TensorDescription description{
        ElementType::BF16, {layerRows, layerColumns}, *Format::parse("inplace<12>")};
    std::vector<uint8_t> bytes =
        makeTensor(description.element, description.shape, Distribution::StudentT4, 3);
    weight.emplace(*DeviceWeight::upload(device, *LoadedWeight::fromBytes(description, bytes, pool),
                                         *CudaStream::create(device)));
    for (size_t number : {0, 1, 4})
      launchers.emplace(number,
                        *KernelLauncher::create(*pack, pack->pack().kernels()[number], *weight));
    queue.emplace(*LayerQueue::create(device));
    fake.steps.clear();
  }
  static FakeCuda &afterOpening() {
    EXPECT_TRUE(bool(CudaDriver::open(fakeDriverPath())));
    return freshFakeCuda();
  }
  /// A layer of the kernel of that number, with its workspace in one of several rooms.
  LayerQueue::Layer layer(size_t kernel, uint64_t room, uint32_t m = 300) const {
    LayerQueue::Layer layer;
    layer.launcher = &launchers.at(kernel);
    layer.operands.weight = weight->address();
    layer.operands.x = 0x10000;
    layer.operands.y = 0x20000;
    layer.operands.m = m;
    layer.operands.workspace = {0x100000 + room * scratchBytes, scratchBytes};
    layer.operands.counters = {0x30000, 4096};
    return layer;
  }
  std::string messageOf(const std::vector<LayerQueue::Layer> &layers) const {
    Status status = queue->launch(layers, nullptr);
    return status ? "no error" : status.error().message();
  }
  Order orderOf(const std::vector<LayerQueue::Layer> &layers) {
    fake.steps.clear();
    EXPECT_EQ(messageOf(layers), "no error");
    return Order(fake.steps);
  }

  FakeCuda &fake;
  std::vector<uint8_t> packBytes;
  CudaDevicePtr device;
  std::unique_ptr<DevicePack> pack;
  std::optional<DeviceWeight> weight;
  std::map<size_t, KernelLauncher> launchers;
  std::optional<LayerQueue> queue;
};

} // namespace

TEST_F(LayerQueueTest, DecodesBesideTheProductBefore) {
  constexpr size_t count = 7;
  std::vector<LayerQueue::Layer> layers;
  for (size_t i = 0; i < count; ++i)
    layers.push_back(layer(1, i % 2));
  Order order = orderOf(layers);
  EXPECT_EQ(order.count(), 3 * count);
  for (size_t i = 0; i < count; ++i) {
    SCOPED_TRACE(i);
    EXPECT_TRUE(order.follows({"pack", i}, {"decode", i}));
    EXPECT_TRUE(order.follows({"product", i}, {"pack", i}));
    if (i > 0) {
      EXPECT_TRUE(order.follows({"pack", i}, {"product", i - 1}));
      EXPECT_FALSE(order.follows({"decode", i}, {"product", i - 1}));
    }
    if (i > 1)
      EXPECT_TRUE(order.follows({"decode", i}, {"product", i - 2}));
  }
  EXPECT_EQ(order.ended.size(), 3 * count);
}

TEST_F(LayerQueueTest, OneWorkspaceIsForOneLayerAtATime) {
  Order order = orderOf({layer(1, 0), layer(1, 0), layer(1, 0)});
  for (size_t i = 1; i < 3; ++i)
    EXPECT_TRUE(order.follows({"decode", i}, {"product", i - 1}));
}

TEST_F(LayerQueueTest, WorkspacesThatOverlapCount) {
  // Of five rooms, the first and the last layer's are one, and far apart.
  Order far = orderOf(
      {layer(1, 0), layer(1, 1), layer(1, 2), layer(1, 3), layer(1, 4), layer(1, 5), layer(1, 0)});
  EXPECT_TRUE(far.follows({"decode", 6}, {"product", 0}));
  EXPECT_FALSE(far.follows({"decode", 6}, {"product", 3}));
  LayerQueue::Layer shifted = layer(1, 0);
  shifted.operands.workspace.address += scratchBytes - 256;
  EXPECT_TRUE(orderOf({layer(1, 1), shifted}).follows({"decode", 1}, {"product", 0}));
  EXPECT_TRUE(orderOf({layer(1, 0), shifted}).follows({"decode", 1}, {"product", 0}));
  shifted.operands.workspace.address = layer(1, 1).operands.workspace.address;
  EXPECT_FALSE(orderOf({layer(1, 0), shifted}).follows({"decode", 1}, {"product", 0}));
}

TEST_F(LayerQueueTest, FollowsWhatWasOnTheStream) {
  fake.steps.clear();
  ASSERT_TRUE(bool(launchers.at(0).launch(layer(0, 0).operands, nullptr)));
  ASSERT_EQ(messageOf({layer(1, 0), layer(1, 1)}), "no error");
  ASSERT_EQ(messageOf({layer(1, 1)}), "no error");
  Order order(fake.steps);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_TRUE(order.follows({"decode", i}, {"product_alone", 0})) << i;
  // Nobody knows what memory the first call used.
  EXPECT_TRUE(order.follows({"decode", 2}, {"product", 1}));
}

TEST_F(LayerQueueTest, LayersMayDecodeInOtherWays) {
  Order order = orderOf({layer(0, 0), layer(1, 1), layer(0, 0), layer(4, 0), layer(1, 1, 0)});
  EXPECT_EQ(order.count(), 1u + 3 + 1 + 2);
  EXPECT_FALSE(order.follows({"decode", 0}, {"product_alone", 0}));
  EXPECT_TRUE(order.follows({"product_alone", 1}, {"product", 0}));
  EXPECT_TRUE(order.follows({"decode_alone", 0}, {"product_alone", 1}));
  EXPECT_EQ(order.ended.size(), order.count());
  EXPECT_EQ(orderOf({}).count(), 0u);
}

TEST_F(LayerQueueTest, TheKernelBehindAnotherStreamsIsNotLaunchedEarly) {
  fake.launches.clear();
  ASSERT_EQ(messageOf({layer(4, 0)}), "no error");
  ASSERT_EQ(fake.launches.size(), 2u);
  EXPECT_EQ(fake.launches[1].function, "product_unpacked");
  EXPECT_FALSE(fake.launches[1].dependent);
  // Behind the kernel that packs x it is.
  ASSERT_EQ(messageOf({layer(1, 0)}), "no error");
  EXPECT_TRUE(fake.launches.back().dependent);
}

TEST_F(LayerQueueTest, LeavesMultiprocessorsToTheOtherKernels) {
  LayerQueue::Layer one = layer(1, 0);
  ASSERT_TRUE(bool(queue->launch({&one, 1}, nullptr, 20)));
  EXPECT_EQ(fake.launches[0].function, "decode");
  EXPECT_EQ(fake.launches[0].grid, 20u);
  EXPECT_EQ(fake.launches[2].grid, layerRows);
}

TEST_F(LayerQueueTest, BadLayersAreFoundBeforeAnyIsLaunched) {
  std::vector<LayerQueue::Layer> layers = {layer(1, 0), layer(1, 1), layer(1, 0)};
  auto messageWith = [&](auto edit) {
    std::vector<LayerQueue::Layer> edited = layers;
    edit(edited[2]);
    return messageOf(edited);
  };
  EXPECT_EQ(messageWith([](LayerQueue::Layer &l) { l.launcher = nullptr; }),
            "layer 2 has no launcher");
  EXPECT_EQ(messageWith([](LayerQueue::Layer &l) { l.operands.x = 0; }), "layer 2: x is null");
  EXPECT_EQ(messageWith([](LayerQueue::Layer &l) { l.operands.workspace.bytes = 16383; }),
            "layer 2: workspace has 16383 bytes, and kernel product needs 16384 for m 300");
  EXPECT_EQ(messageWith([&](LayerQueue::Layer &l) {
              l = layer(0, 0);
              l.operands.isDecoded = true;
            }),
            "layer 2: kernel product_alone does not decode its weight before");
  auto other = LayerQueue::create(*fakeDevice());
  Status status = other->launch(layers, nullptr);
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().message(),
            "layer 0 is on another device than the queue, or on one that was opened apart");
  EXPECT_TRUE(fake.launches.empty());
  EXPECT_EQ(launchers.at(0).launchDecode(layer(0, 0).operands, nullptr).error().message(),
            "kernel product_alone does not decode its weight before");
}

TEST_F(LayerQueueTest, AFailureOfTheDriverIsAnError) {
  std::vector<LayerQueue::Layer> layers = {layer(1, 0), layer(4, 1)};
  fake.calls.clear();
  ASSERT_EQ(messageOf(layers), "no error");
  for (size_t call = 0, calls = fake.calls.size(); call < calls; ++call) {
    fake.calls.clear();
    fake.failAt = static_cast<long>(call);
    EXPECT_THAT(messageOf(layers), testing::HasSubstr("CUDA_ERROR_INVALID_VALUE")) << call;
  }
}
