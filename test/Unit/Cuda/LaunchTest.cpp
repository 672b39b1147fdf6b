//===- LaunchTest.cpp - Launches on a fake GPU ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Launch.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "CudaTesting.h"
#include "Pack/SamplePack.h"
#include <gmock/gmock.h>
#include <thread>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;

//===----------------------------------------------------------------------===//
// launch-1 to launch-3
//===----------------------------------------------------------------------===//

TEST(LaunchSizeTest, PersistentGridsFillTheMachine) {
  KernelEntry entry = sampleKernel(); // Tiles of 64 x 1024, clusters of 2.
  auto size = launchSize(entry, 4096, 2048, 8, 264);
  ASSERT_TRUE(holds(size));
  EXPECT_EQ(size->tiles, 128u);
  EXPECT_EQ(size->grid, 128u);
  size = launchSize(entry, 4100, 14336, 8, 265);
  EXPECT_EQ(size->tiles, 65u * 14);
  EXPECT_EQ(size->grid, 264u); // Whole clusters.
  size = launchSize(entry, 1, 1, 1, 1);
  EXPECT_EQ(size->tiles, 1u);
  EXPECT_EQ(size->grid, 2u);
}

TEST(LaunchSizeTest, TileGridsHaveACtaATile) {
  KernelEntry entry = sampleKernel();
  entry.launch.grid = GridRule::Tiles;
  entry.launch.tileM = 4;
  auto size = launchSize(entry, 65, 1025, 9, 1);
  ASSERT_TRUE(holds(size));
  EXPECT_EQ(size->tiles, 2u * 2 * 3);
  EXPECT_EQ(size->grid, 12u);
}

TEST(LaunchSizeTest, ScratchMemoryFollowsTilesCtasAndOutputs) {
  auto size = launchSize(sampleKernel(), 4096, 2048, 8, 264);
  ASSERT_TRUE(holds(size));
  EXPECT_EQ(size->counterBytes, 512u); // 128 tiles of 4.
  EXPECT_EQ(size->workspaceBytes, 256u + 128 * 16 + 128 * 32 + 4096 * 8 * 4);
}

TEST(LaunchSizeTest, NothingToDoIsNoGrid) {
  for (auto [weightRows, weightColumns, m] : {std::tuple(0, 64, 1), std::tuple(64, 64, 0)}) {
    auto size = launchSize(sampleKernel(), weightRows, weightColumns, m, 264);
    ASSERT_TRUE(holds(size));
    EXPECT_EQ(size->grid, 0u);
    EXPECT_EQ(size->workspaceBytes, 0u);
  }
  // No weightColumns: the result is zeros, which somebody has to write.
  EXPECT_EQ(launchSize(sampleKernel(), 64, 0, 1, 264)->grid, 2u);
}

TEST(LaunchSizeTest, TooLargeIsAnError) {
  EXPECT_EQ(messageOf(launchSize(sampleKernel(), UINT64_MAX, UINT64_MAX, 1, 264)),
            "n 18446744073709551615, k 18446744073709551615, m 1 is too large for kernel "
            "uwt_skinny_inplace12_n8: it has more than 2^31 - 1 tiles");
  KernelEntry entry = sampleKernel();
  entry.workspace.perTile = UINT64_MAX;
  EXPECT_EQ(messageOf(launchSize(entry, 128, 64, 1, 264)),
            "n 128, k 64, m 1 is too large for kernel uwt_skinny_inplace12_n8: its workspace "
            "has more than 2^64 bytes");
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

namespace {

/// What a program holds to launch: all of it from one place, so that each step may fail.
struct Program {
  CudaDevicePtr device;
  std::optional<CudaStream> stream;
  std::unique_ptr<DevicePack> pack;
  std::optional<DeviceWeight> weight;
  std::optional<KernelLauncher> launcher;
  DeviceBuffer workspace, counters;
};

constexpr uint64_t weightRows = 130, weightColumns = 272;

Expected<LoadedWeight> loadedWeight(std::string_view format = "inplace<12>") {
  ThreadPool pool(1);
  TensorDescription description{
      ElementType::BF16, {2, weightRows, weightColumns}, parsedFormat(format)};
  std::vector<uint8_t> bytes =
      makeTensor(description.element, description.shape, Distribution::StudentT4, 3);
  return LoadedWeight::fromBytes(description, bytes, pool);
}

Expected<Program> makeProgram(const LoadedWeight &loaded, std::span<const uint8_t> packBytes) {
  Program program;
  UWT_ASSIGN_OR_RETURN(program.device, fakeDevice());
  UWT_ASSIGN_OR_RETURN(program.stream, CudaStream::create(program.device));
  UWT_ASSIGN_OR_RETURN(auto pack, KernelPack::parse(packBytes));
  program.pack = std::make_unique<DevicePack>(program.device, pack);
  UWT_ASSIGN_OR_RETURN(program.weight,
                       DeviceWeight::upload(program.device, loaded, *program.stream));
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, program.pack->select(*program.weight, 3));
  UWT_ASSIGN_OR_RETURN(program.launcher,
                       KernelLauncher::create(*program.pack, *entry, *program.weight));
  UWT_ASSIGN_OR_RETURN(LaunchSize size, program.launcher->size(3));
  UWT_ASSIGN_OR_RETURN(program.workspace,
                       DeviceBuffer::allocate(program.device, size.workspaceBytes));
  UWT_ASSIGN_OR_RETURN(program.counters, DeviceBuffer::allocate(program.device, size.counterBytes));
  UWT_RETURN_IF_ERROR(program.counters.fill(0, program.stream->get()));
  return program;
}

const DeviceRange extras[] = {{0x5000, 520}, {0x6002, 260}};

LaunchOperands operandsOf(const Program &program) {
  LaunchOperands operands;
  operands.weight = program.weight->address();
  operands.matrix = 1;
  operands.x = 0x10000;
  operands.y = 0x20004;
  operands.m = 3;
  operands.xStride = 280;
  operands.workspace = {program.workspace.address(), program.workspace.bytes()};
  operands.counters = {program.counters.address(), program.counters.bytes()};
  operands.extras = extras;
  return operands;
}

class LaunchTest : public testing::Test {
protected:
  LaunchTest() : fake(afterOpening()), packBytes(*samplePack().bytes()) {
    fake.parameterCount = 12 * memrefParameters + 6;
    program.emplace(*makeProgram(loaded, packBytes));
  }
  Status launch(const LaunchOperands &operands) {
    return program->launcher->launch(operands, program->stream->get());
  }
  /// A process opens a driver once: the calls of that are no part of any test.
  static FakeCuda &afterOpening() {
    EXPECT_TRUE(holds(CudaDriver::open(fakeDriverPath())));
    return freshFakeCuda();
  }
  FakeCuda &fake;
  Bytes packBytes;
  LoadedWeight loaded = *loadedWeight();
  std::optional<Program> program;
};

} // namespace

TEST_F(LaunchTest, PassesWhatTheKernelExpects) {
  ASSERT_TRUE(holds(launch(operandsOf(*program))));
  ASSERT_EQ(fake.launches.size(), 1u);
  const FakeLaunch &launch = fake.launches[0];
  EXPECT_EQ(launch.function, "uwt_skinny_inplace12_n8");
  EXPECT_EQ(launch.grid, 4u); // Three panels, clusters of two.
  EXPECT_EQ(launch.threads, 288u);
  EXPECT_EQ(launch.sharedBytes, 98304u);
  EXPECT_EQ(launch.cluster, 2u);
  EXPECT_TRUE(launch.dependent);
  EXPECT_EQ(launch.stream, program->stream->get());
  EXPECT_EQ(fake.functionAttributes[8], fake.sharedBytes);

  std::vector<uint64_t> expected;
  auto memref = [&](uint64_t address, uint64_t elements) {
    expected.insert(expected.end(), {address, address, 0, elements, 1});
  };
  auto plane = [&](ArgumentKind kind, uint64_t elementBytes) {
    DeviceRange part = program->weight->buffer(kind, 1);
    memref(part.address, part.bytes / elementBytes);
  };
  plane(ArgumentKind::Panels, 8);
  plane(ArgumentKind::Code, 4);
  plane(ArgumentKind::Words, 4);
  plane(ArgumentKind::Patch, 4);
  plane(ArgumentKind::Records, 8);
  plane(ArgumentKind::Table, 4);
  memref(0x10000, 2 * 280 + weightColumns);
  memref(0x20004, 3 * weightRows);
  memref(program->workspace.address(), program->workspace.bytes() / 4);
  memref(program->counters.address(), 3); // A counter a tile.
  memref(0x5000, 130);
  memref(0x6002, 130);
  for (uint64_t scalar :
       {uint64_t(3), weightRows, weightColumns, uint64_t(280), weightRows, uint64_t(0x3F800000)})
    expected.push_back(scalar);
  EXPECT_EQ(launch.parameters, expected);
  // A panel table of the second matrix.
  EXPECT_EQ(program->weight->buffer(ArgumentKind::Panels, 1).bytes, 3 * sizeof(DevicePanelEntry));
}

/// What a kernel for weights in each format gets.
class LaunchFormatTest : public LaunchTest, public testing::WithParamInterface<std::string> {};

TEST_P(LaunchFormatTest, PassesThePlanesOfTheWeight) {
  KernelPackWriter writer;
  KernelEntry entry = sampleKernel();
  entry.code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  entry.format = parsedFormat(GetParam()).ofMatrices();
  // Stored k_major, a matrix has the other shape.
  entry.k = entry.n;
  std::erase_if(entry.arguments,
                [](const KernelArgument &one) { return one.kind == ArgumentKind::Extra; });
  fake.parameterCount = 10 * memrefParameters + 6;
  writer.addKernel(entry);
  auto weight = loadedWeight(GetParam());
  ASSERT_TRUE(holds(weight));
  Bytes bytes = *writer.bytes();
  auto made = makeProgram(*weight, bytes);
  // Records lie in the order of fragments, and fixed rates alone have records for kernels.
  bool isFixed = checkFormat(entry.format, ElementType::BF16)->rate == Rate::Fixed;
  if (isFixed && entry.format.layout != Layout::Fragment16x16) {
    EXPECT_THAT(messageOf(made), testing::StartsWith("no kernel reads the escapes of "));
    return;
  }
  ASSERT_TRUE(holds(made));
  program = std::move(*made);
  fake.launches.clear();
  LaunchOperands operands = operandsOf(*program);
  operands.extras = {};
  ASSERT_TRUE(holds(launch(operands)));
  ASSERT_EQ(fake.launches.size(), 1u);
  const std::vector<uint64_t> &parameters = fake.launches[0].parameters;
  size_t next = 0;
  for (ArgumentKind kind : {ArgumentKind::Panels, ArgumentKind::Code, ArgumentKind::Words,
                            ArgumentKind::Patch, ArgumentKind::Records, ArgumentKind::Table}) {
    DeviceRange part = program->weight->buffer(kind, 1);
    EXPECT_EQ(parameters[next], part.address) << nameOf(kind);
    EXPECT_EQ(parameters[next + 3] * bytesOf(entry.arguments[next / memrefParameters].type),
              part.bytes)
        << nameOf(kind);
    next += memrefParameters;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, LaunchFormatTest, testing::ValuesIn(loadedFormats()),
                         [](const auto &info) { return testNameOf(info.param); });

TEST_F(LaunchTest, MakesOneCallOfTheDriver) {
  size_t before = fake.calls.size();
  ASSERT_TRUE(holds(launch(operandsOf(*program))));
  EXPECT_THAT(
      std::vector<std::string>(fake.calls.begin() + static_cast<long>(before), fake.calls.end()),
      ElementsAre("cuLaunchKernelEx"));
}

TEST_F(LaunchTest, LaunchesWhatPreparesAKernelBeforeIt) {
  const KernelEntry &entry = program->pack->pack().kernels()[1];
  auto launcher = KernelLauncher::create(*program->pack, entry, *program->weight);
  ASSERT_TRUE(holds(launcher));
  LaunchOperands operands = operandsOf(*program);
  operands.m = 9;
  DeviceRange scratch = {0x30000, 1 << 20};
  operands.workspace = operands.counters = scratch;
  fake.parameterCount = 5 + 1 + 1 + 5;
  size_t before = fake.calls.size();
  ASSERT_TRUE(holds(launcher->launch(operands, program->stream->get())));
  EXPECT_EQ(fake.calls.size(), before + 2);
  ASSERT_EQ(fake.launches.size(), 2u);
  EXPECT_EQ(fake.launches[0].function, "uwt_pack_n64");
  EXPECT_EQ(fake.launches[0].grid,
            10u); // Five groups of 64 columns, two of 8 rows of x.
  EXPECT_FALSE(fake.launches[0].dependent);
  EXPECT_THAT(fake.launches[0].parameters, ElementsAre(0x10000, 0x10000, 0, 8 * 280 + weightColumns,
                                                       1, 280, 9, 0x30000, 0x30000, 0, 1 << 18, 1));
  EXPECT_EQ(fake.launches[1].function, "uwt_skinny_inplace12_n64");
  EXPECT_TRUE(fake.launches[1].dependent);
  // As without the other kernel, whose workspace is the same.
  EXPECT_EQ(launcher->size(9)->workspaceBytes,
            launchSize(entry, weightRows, weightColumns, 9, 80)->workspaceBytes);
  operands.serial = true;
  ASSERT_TRUE(holds(launcher->launch(operands, program->stream->get())));
  EXPECT_FALSE(fake.launches[3].dependent);
  // Nothing is launched where either does not take the operands.
  operands.x += 8;
  EXPECT_EQ(messageOf(launcher->launch(operands, program->stream->get())),
            "x is not aligned to 16 bytes");
  EXPECT_EQ(fake.launches.size(), 4u);
}

TEST_F(LaunchTest, IsCapturedInAGraph) {
  size_t held = fake.held();
  ASSERT_TRUE(holds(program->stream->beginCapture()));
  ASSERT_TRUE(holds(launch(operandsOf(*program))));
  ASSERT_TRUE(holds(launch(operandsOf(*program))));
  // What a launch may not do.
  EXPECT_FALSE(program->stream->synchronize());
  auto graph = program->stream->endCapture();
  ASSERT_TRUE(holds(graph));
  EXPECT_EQ(fake.held(), held + 1);
  EXPECT_EQ(fake.launches.size(), 0u);
  ASSERT_TRUE(holds(graph->launch(program->stream->get())));
  EXPECT_EQ(fake.launches.size(), 2u);
}

TEST_F(LaunchTest, MakesAllCallsInOrder) {
  EXPECT_THAT(
      fake.calls,
      ElementsAre("cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceTotalMem_v2",
                  "cuDeviceGetAttribute", "cuDeviceGetAttribute", "cuDeviceGetAttribute",
                  "cuDeviceGetAttribute", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain",
                  "cuStreamCreate", "cuMemAlloc_v2", "cuMemsetD8Async", "cuMemcpyHtoDAsync_v2",
                  "cuMemcpyHtoDAsync_v2", "cuMemcpyHtoDAsync_v2", "cuMemcpyHtoDAsync_v2",
                  "cuMemcpyHtoDAsync_v2", "cuStreamSynchronize", "cuModuleLoadDataEx",
                  "cuModuleGetFunction", "cuFuncGetAttribute", "cuFuncGetAttribute",
                  "cuFuncGetAttribute", "cuFuncGetAttribute", "cuFuncSetAttribute",
                  "cuOccupancyMaxActiveBlocksPerMultiprocessor", "cuOccupancyMaxActiveClusters",
                  "cuMemAlloc_v2", "cuMemAlloc_v2", "cuMemsetD8Async"));
}

TEST_F(LaunchTest, FailsAnywhereWithoutALeak) {
  size_t calls = fake.calls.size();
  program.reset();
  EXPECT_EQ(fake.held(), 0u);
  for (size_t call = 0; call <= calls; ++call) {
    fake.calls.clear();
    fake.failAt = static_cast<long>(call);
    {
      auto made = makeProgram(loaded, packBytes);
      Status launched = ok();
      if (made)
        launched = made->launcher->launch(operandsOf(*made), made->stream->get());
      EXPECT_EQ(bool(made), call == calls) << call;
      std::string message = made ? messageOf(launched) : made.error().message();
      // Which call failed; versions of functions are not a user's business.
      std::string name = fake.calls[call];
      name = name.substr(0, name.find('_'));
      EXPECT_THAT(message, testing::StartsWith(name)) << call;
      EXPECT_THAT(message, testing::HasSubstr("CUDA_ERROR_INVALID_VALUE (1, invalid argument); "));
    }
    EXPECT_EQ(fake.held(), 0u) << call;
  }
}

TEST_F(LaunchTest, OfNothingDoesNothing) {
  LaunchOperands operands;
  operands.m = 0;
  EXPECT_TRUE(holds(launch(operands)));
  EXPECT_EQ(fake.launches.size(), 0u);
}

TEST_F(LaunchTest, RefusesOperandsThatDoNotFit) {
  using Edit = void (*)(LaunchOperands &);
  const std::pair<Edit, const char *> cases[] = {
      {[](LaunchOperands &o) { o.m = 9; },
       "kernel uwt_skinny_inplace12_n8 is for m from 1 to 8, not 9"},
      {[](LaunchOperands &o) { o.weight = 0; }, "the weight is null"},
      {[](LaunchOperands &o) { o.weight += 128; }, "the weight is not aligned to 256 bytes"},
      {[](LaunchOperands &o) { o.matrix = 2; },
       "kernel uwt_skinny_inplace12_n8 is asked for matrix 2 of a weight of 2"},
      {[](LaunchOperands &o) { o.x = 0; }, "x is null"},
      {[](LaunchOperands &o) { o.x += 8; }, "x is not aligned to 16 bytes"},
      {[](LaunchOperands &o) { o.y += 2; }, "y is not aligned to 4 bytes"},
      {[](LaunchOperands &o) { o.xStride = 271; },
       "x has rows of 272 elements, which a stride of 271 overlaps"},
      {[](LaunchOperands &o) { o.xStride = 276; },
       "x has the stride 276, with which not all rows are aligned to 16 bytes"},
      {[](LaunchOperands &o) { o.yStride = uint64_t(1) << 31; },
       "y has the stride 2147483648, more than 2^31 - 1"},
      {[](LaunchOperands &o) { o.workspace.bytes -= 1; },
       "workspace has 1991 bytes, and kernel uwt_skinny_inplace12_n8 needs 1992 for m 3"},
      {[](LaunchOperands &o) { o.workspace.address = 0; }, "workspace is null"},
      {[](LaunchOperands &o) { o.counters = {}; },
       "counters has 0 bytes, and kernel uwt_skinny_inplace12_n8 needs 12 for m 3"},
      {[](LaunchOperands &o) { o.workspace.address += 8; }, "workspace is not aligned to 16 bytes"},
      {[](LaunchOperands &o) { o.extras = {}; },
       "kernel uwt_skinny_inplace12_n8 takes 2 operands of the epilogue, and there are 0"},
      {[](LaunchOperands &o) {
         static const DeviceRange parts[] = {{0x5000, 520}, {0x6001, 260}};
         o.extras = parts;
       },
       "operand 1 of the epilogue is not aligned to 2 bytes"},
  };
  size_t before = fake.calls.size();
  for (const auto &[edit, message] : cases) {
    LaunchOperands operands = operandsOf(*program);
    edit(operands);
    Status launched = launch(operands);
    EXPECT_EQ(messageOf(launched), message);
    if (!launched)
      EXPECT_EQ(launched.error().getKind(), ErrorKind::Usage);
  }
  EXPECT_EQ(fake.calls.size(), before);
}

TEST_F(LaunchTest, RefusesAMachineThatIsTooSmall) {
  auto create = [&] {
    return messageOf(
        KernelLauncher::create(*program->pack, program->launcher->entry(), *program->weight));
  };
  fake.maxThreads = 256;
  EXPECT_EQ(create(), "kernel uwt_skinny_inplace12_n8 is launched with 288 threads, and its "
                      "registers allow 256 on Fake GPU; use a pack made for it");
  fake.maxThreads = 1024;
  fake.ctasThatFit = 0;
  EXPECT_EQ(create(), "kernel uwt_skinny_inplace12_n8 does not fit a multiprocessor of Fake GPU; "
                      "use a pack made for it");
  fake.ctasThatFit = 1;
  fake.clustersThatFit = 0;
  EXPECT_THAT(create(), testing::StartsWith("kernel uwt_skinny_inplace12_n8 does not fit"));
}

TEST_F(LaunchTest, RefusesAWeightThatTheKernelIsNotFor) {
  auto messageWith = [&](const KernelEntry &entry) {
    return messageOf(KernelLauncher::create(*program->pack, entry, *program->weight));
  };
  std::span<const KernelEntry> kernels = program->pack->pack().kernels();
  EXPECT_EQ(messageWith(kernels[4]),
            "kernel uwt_transcode_huffman runs from huffman<12,2> of bf16, and the weight is "
            "inplace<12> of bf16");
  EXPECT_EQ(
      messageWith(kernels[2]),
      "kernel uwt_shared_inplace12 is for sm_80, and Fake GPU is sm_90; use a pack made for it");
  KernelEntry foreign = kernels[0];
  EXPECT_EQ(messageWith(foreign),
            "kernel uwt_skinny_inplace12_n8 is not of this pack; take one of its own");
}

TEST_F(LaunchTest, RunsOnAsManyCtasAsFit) {
  fake.ctasThatFit = 1;
  fake.clustersThatFit = 1;
  auto launcher =
      KernelLauncher::create(*program->pack, program->launcher->entry(), *program->weight);
  ASSERT_TRUE(holds(launcher));
  EXPECT_EQ(launcher->size(3)->grid, 2u);
}

TEST_F(LaunchTest, ComesFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      LaunchOperands operands = operandsOf(*program);
      operands.x += 0x1000 * static_cast<uint64_t>(i);
      for (int launches = 0; launches < 50; ++launches)
        EXPECT_TRUE(holds(launch(operands)));
      EXPECT_TRUE(holds(
          KernelLauncher::create(*program->pack, program->launcher->entry(), *program->weight)));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(fake.launches.size(), 200u);
  // The code was loaded once.
  EXPECT_EQ(std::ranges::count(fake.calls, "cuModuleLoadDataEx"), 1);
}
