//===- SkinnyTest.cpp - Kernels of family skinny on the emulator ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where sums are exact, outputs are the exact products; from any format they have the bits of the
// raw twin: the same kernel from the same weights as raw. Whatever order warps, workgroups and
// copies come in.
//
//===----------------------------------------------------------------------===//

#include "lib/GpuCode/CudaTools.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Conversion/Passes.h"
#include "uwt/Cuda/DeviceWeight.h"
#include "uwt/Emulator/Emulator.h"
#include "uwt/GpuCode/GpuCode.h"
#include "uwt/GpuKernels/Passes.h"
#include "uwt/GpuKernels/SkinnyPlan.h"
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;

namespace {

struct Shape {
  uint64_t rows, columns, batch;
};

uint16_t narrowed(float value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
}
float widened(uint16_t word) { return std::bit_cast<float>(uint32_t(word) << 16); }

/// Small integers: products and their sums are exact.
std::vector<uint16_t> drawIntegers(uint64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words)
    word = narrowed(static_cast<float>(static_cast<int>(random() % 15) - 7));
  return words;
}

/// Mostly in a narrow range of exponents, one in `rarity` far outside of it.
std::vector<uint16_t> drawWeights(uint64_t count, uint32_t seed, uint32_t rarity) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words) {
    uint32_t exponent = 120 - std::min(std::countl_zero(uint32_t(random() | 1)), 12);
    if (random() % rarity == 0)
      exponent = 60 + random() % 80;
    word = static_cast<uint16_t>((random() & 0x807F) | exponent << 7);
  }
  return words;
}

/// 64 bytes aligned and rounded, as device memory is.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t size) : bytes((size + 63) / 64 * 64), storage(bytes + 64) {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    start = storage.data() + (64 - address % 64) % 64;
  }
  DeviceMemory(const void *from, uint64_t size) : DeviceMemory(size) {
    if (size != 0)
      std::memcpy(start, from, size);
  }
  EmulatedArgument writable() {
    return EmulatedArgument::buffer(static_cast<void *>(start), bytes);
  }
  EmulatedArgument readable() const {
    return EmulatedArgument::buffer(static_cast<const void *>(start), bytes);
  }
  template <typename T> const T *as() const { return reinterpret_cast<const T *>(start); }

private:
  uint64_t bytes;
  std::vector<uint8_t> storage;
  uint8_t *start;
};

/// The kernels of one product.
class Product {
public:
  Product(const std::string &format, Shape shape, unsigned stages, unsigned groups)
      : format(format), shape(shape), tiles((shape.batch + 7) / 8), stages(stages), groups(groups) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text(), context.get());
  }

  /// Null text where both kernels are there.
  std::string prepare() {
    if (!module)
      return "the module does not parse: " + text();
    mlir::PassManager passes(context.get());
    BuildKernelsPassOptions options;
    options.stages = stages;
    options.groups = groups;
    options.tiles = tiles;
    passes.addPass(createBuildKernelsPass(options));
    passes.addPass(createEmitDecodersPass());
    if (mlir::failed(passes.run(*module)))
      return "the passes fail";
    for (auto kernels : module->getOps<mlir::gpu::GPUModuleOp>())
      for (auto kernel : kernels.getOps<mlir::gpu::GPUFuncOp>()) {
        auto prepared = EmulatedKernel::prepare(kernel);
        if (mlir::failed(prepared))
          return "the emulator refuses " + kernel.getName().str();
        (kernel.getName() == "pack" ? pack : product) = std::move(*prepared);
      }
    return {};
  }

  Expected<std::vector<float>> run(const std::vector<uint16_t> &weights,
                                   const std::vector<uint16_t> &x, unsigned workgroups,
                                   uint64_t seed);

  /// Whether ptxas takes the kernels: it fails on spills and on serialised matrix instructions.
  bool assembles() {
    GpuCodeOptions options;
    options.output = GpuOutput::Cubin;
    auto kernels = *module->getOps<mlir::gpu::GPUModuleOp>().begin();
    return mlir::succeeded(compileKernels(kernels, **findGpuTarget("sm_90a"), options));
  }

private:
  std::string text() const {
    auto shaped = [](uint64_t a, uint64_t b, const char *type) {
      return std::to_string(a) + "x" + std::to_string(b) + "x" + type;
    };
    std::string xType = "memref<" + shaped(shape.batch, shape.columns, "bf16") + ">";
    std::string yType = "memref<" + shaped(shape.batch, shape.rows, "f32") + ">";
    std::string wType =
        "!uwt.compressed<" + shaped(shape.rows, shape.columns, "bf16") + ", \"" + format + "\">";
    return "func.func @f(%x: " + xType + ", %y: " + yType +
           ") {\n  %w = uwt.weight \"w\" : " + wType + "\n  uwt.matmul ins(%x, %w : " + xType +
           ", " + wType + ") outs(%y : " + yType +
           ") {\n  ^bb0(%s: f32):\n    uwt.yield %s : f32\n  }\n  return\n}\n";
  }
  SkinnyPlan plan(const LoadedWeight &weight) const {
    SkinnyPlan result{};
    result.rows = static_cast<int64_t>(shape.rows);
    result.columns = static_cast<int64_t>(shape.columns);
    result.tiles = tiles;
    result.stages = stages;
    result.groupsPerStage = groups;
    result.onlyWords = format == "raw";
    result.hasEscapes = hasRecordGroups(weight.plan());
    if (format.starts_with("inplace<12>"))
      result.codeWords = 384;
    if (format == "window<4>") {
      result.rawWords = 256;
      result.codeWords = 128;
    }
    return result;
  }

  std::string format;
  Shape shape;
  unsigned tiles, stages, groups;
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<EmulatedKernel> pack, product;
};

Expected<std::vector<float>> Product::run(const std::vector<uint16_t> &words,
                                          const std::vector<uint16_t> &x, unsigned workgroups,
                                          uint64_t seed) {
  ThreadPool pool(1);
  TensorDescription description{
      ElementType::BF16, {shape.rows, shape.columns}, *Format::parse(format)};
  UWT_ASSIGN_OR_RETURN(
      LoadedWeight weight,
      LoadedWeight::fromBytes(
          description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool));
  UWT_ASSIGN_OR_RETURN(DeviceTables tables, deviceTables(weight));
  SkinnyPlan sizes = plan(weight);
  EmulationOptions options;
  options.seed = seed;

  DeviceMemory input(x.data(), x.size() * 2), packed(sizes.packedWords() * 4);
  LaunchShape packShape;
  packShape.grid[0] = static_cast<uint32_t>((sizes.packedWords() + 255) / SkinnyPlan::packThreads);
  packShape.block[0] = SkinnyPlan::packThreads;
  UWT_ASSIGN_OR_RETURN(auto packCounters,
                       pack->launch(packShape,
                                    {input.readable(), EmulatedArgument::integer(shape.columns),
                                     EmulatedArgument::integer(shape.batch), packed.writable()},
                                    options));
  (void)packCounters;

  auto plane = [&](PlaneKind kind) {
    std::span<const uint8_t> bytes = weight.plane(kind);
    return DeviceMemory(bytes.data(), bytes.size());
  };
  DeviceMemory panels(tables.panels.data(), tables.panels.size() * sizeof(DevicePanelEntry));
  DeviceMemory table(weight.table().data(), weight.table().size_bytes());
  DeviceMemory stored = plane(PlaneKind::Words), raw = plane(PlaneKind::Raw),
               code = plane(PlaneKind::Code), patch = plane(PlaneKind::Patch);
  DeviceMemory records(tables.records.data(), tables.records.size() * sizeof(DeviceRecordGroup));
  DeviceMemory y(shape.rows * shape.batch * 4), partials(sizes.partialFloats(workgroups) * 4),
      counters(sizes.counters() * 4);
  LaunchShape launch;
  launch.grid[0] = workgroups;
  launch.block[0] = SkinnyPlan::threads;
  launch.dynamicSharedBytes = static_cast<uint64_t>(sizes.sharedBytes());
  UWT_ASSIGN_OR_RETURN(
      auto counted,
      product->launch(launch,
                      {panels.readable(), table.readable(), stored.readable(), raw.readable(),
                       code.readable(), patch.readable(), records.readable(), packed.readable(),
                       y.writable(), EmulatedArgument::integer(shape.rows),
                       EmulatedArgument::integer(shape.batch), partials.writable(),
                       counters.writable()},
                      options));
  (void)counted;
  for (int64_t i = 0; i < sizes.counters(); ++i)
    if (counters.as<uint32_t>()[i] != 0)
      return invalidError("counter " + std::to_string(i) + " is not 0 after the launch");
  const auto *outputs = y.as<float>();
  return std::vector<float>(outputs, outputs + shape.rows * shape.batch);
}

/// With another weight's or x's shape each time: tails in every dimension.
constexpr Shape shapes[] = {{1, 1, 1},     {17, 33, 3},     {64, 64, 8},  {65, 257, 9},
                            {130, 640, 5}, {192, 1030, 17}, {70, 200, 64}};

class SkinnyTest : public testing::TestWithParam<std::string> {};

TEST_P(SkinnyTest, ExactSumsAreExact) {
  for (const Shape &shape : shapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                          x = drawIntegers(shape.batch * shape.columns, 2);
    std::vector<float> expected(shape.rows * shape.batch);
    for (uint64_t m = 0; m < shape.batch; ++m)
      for (uint64_t n = 0; n < shape.rows; ++n)
        for (uint64_t k = 0; k < shape.columns; ++k)
          expected[m * shape.rows + n] +=
              widened(w[n * shape.columns + k]) * widened(x[m * shape.columns + k]);
    Product product(GetParam(), shape, 3, 2);
    ASSERT_EQ(product.prepare(), "");
    for (unsigned workgroups : {1, 3, 5}) {
      auto y = product.run(w, x, workgroups, /*seed=*/workgroups);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, expected) << workgroups << " workgroups";
    }
  }
}

TEST_P(SkinnyTest, BitsAreThoseOfTheRawTwin) {
  Shape shape{150, 1100, 7};
  std::vector<uint16_t> x = drawWeights(shape.batch * shape.columns, 4, 1 << 30);
  // Escapes: few, and more than a stage has room for.
  for (uint32_t rarity : {400, 12}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    Product twin("raw", shape, 4, 4), product(GetParam(), shape, 4, 4);
    ASSERT_EQ(twin.prepare(), "");
    ASSERT_EQ(product.prepare(), "");
    for (uint64_t seed : {1, 2, 3}) {
      auto expected = twin.run(w, x, 4, seed + 10), y = product.run(w, x, 4, seed);
      ASSERT_TRUE(expected) << expected.error().message();
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0)
          << "one in " << rarity << ", seed " << seed;
    }
  }
}

TEST_P(SkinnyTest, MachineCodeNeitherSpillsNorSerialises) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  for (uint64_t batch : {8, 64}) {
    Product product(GetParam(), {4096, 4096, batch}, 3, 4);
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles()) << batch;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyTest, testing::Values("raw", "inplace<12>", "window<4>"));

} // namespace
