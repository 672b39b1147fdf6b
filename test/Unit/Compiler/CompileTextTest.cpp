//===- CompileTextTest.cpp - Programs that were compiled before -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda/CudaTesting.h"
#include "TestFolders.h"
#include "lib/Compiler/CodeFolder.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProgramCache.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Pack/Abi.h"
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::test;
namespace fs = std::filesystem;

namespace {

/// x plus a tensor of the weights' file.
constexpr const char *addText = R"(
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = arith.constant dense_resource<w> : tensor<4xf32>
  %y = linalg.add ins(%x, %w : tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
})";

/// A product of `rows` rows with a constant of halves that is compressed.
std::string productFunction(const std::string &name, const std::string &rows) {
  std::string text = R"(
func.func @NAME(%x: tensor<ROWSx64xf32>) -> tensor<ROWSx64xf32> {
  %w = arith.constant dense_resource<w> : tensor<64x64xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<ROWSx64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<ROWSx64xf32>) -> tensor<ROWSx64xf32>
  %b = tensor.empty() : tensor<ROWSx64xbf16>
  %xb = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<ROWSx64xf32>) outs(%b : tensor<ROWSx64xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<ROWSx64xbf16>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%xb, %w : tensor<ROWSx64xbf16>, tensor<64x64xbf16>) outs(%f : tensor<ROWSx64xf32>) -> tensor<ROWSx64xf32>
  return %y : tensor<ROWSx64xf32>
})";
  for (auto [from, to] : {std::pair("NAME", name), std::pair("ROWS", rows)})
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;)
      text.replace(at, 4, to);
  return text;
}

std::string withHalves(const std::string &functions) {
  std::string hex = "0x40000000";
  for (int i = 0; i < 64 * 64; ++i)
    hex += "003F";
  return functions + "\n{-# dialect_resources: {builtin: {w: \"" + hex + "\"}} #-}";
}

std::string productText() { return withHalves(productFunction("main", "1")); }

class CompileTextTest : public testing::Test {
protected:
  CompileTextTest() : kept(folder / "kept") {
    writeWeights(10);
    options.weights = {folder / "w.safetensors"};
  }

  void writeWeights(float value) const {
    std::vector<float> values(4, value);
    std::vector<uint8_t> bytes(16);
    std::memcpy(bytes.data(), values.data(), 16);
    auto written = writeSafetensors(
        folder / "w.safetensors", std::vector<SafetensorsOutput>{{"w", f32, {4}, bytes}}, {}, true);
    EXPECT_TRUE(written) << written.error().message();
  }

  Expected<std::unique_ptr<Program>> compile(const std::string &text) {
    return compileText(text, "m.mlir", options, pool, kept);
  }

  /// Elements of the only result, of an input of `count` ones.
  static std::vector<float> call(const Program &program, std::vector<uint64_t> shape,
                                 size_t count) {
    std::vector<float> x(count, 1);
    TensorView view{f32, std::move(shape), x.data()};
    auto results = program.run(program.functions().front(), {&view, 1});
    EXPECT_TRUE(results) << results.error().message();
    std::vector<float> values(count);
    if (results)
      std::memcpy(values.data(), results->front().bytes().data(), count * sizeof(float));
    return values;
  }

  std::vector<fs::path> keptFiles() const {
    std::vector<fs::path> files;
    for (const fs::directory_entry &entry : fs::directory_iterator(kept))
      files.push_back(entry.path());
    return files;
  }

  static inline const SafetensorsDtype *f32 = findSafetensorsDtype("F32");
  TemporaryFolder folder;
  std::string kept;
  CompileOptions options;
  ThreadPool pool{1};
};

TEST_F(CompileTextTest, TheSecondTimeIsAHitWithTheWeightsOfNow) {
  auto first = compile(addText);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ((*first)->stats().cache, CacheUse::Miss);
  EXPECT_EQ(call(**first, {4}, 4), std::vector<float>(4, 11));
  // The file's header is the same, its tensor is another one.
  writeWeights(20);
  auto second = compile(addText);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ((*second)->stats().cache, CacheUse::Hit);
  EXPECT_EQ(call(**second, {4}, 4), std::vector<float>(4, 21));
  EXPECT_EQ(keptFiles().size(), 1U);
}

TEST_F(CompileTextTest, ConstantsComeBack) {
  options.weights.clear();
  for (CacheUse use : {CacheUse::Miss, CacheUse::Hit}) {
    auto program = compile(productText());
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ((*program)->stats().cache, use);
    EXPECT_EQ((*program)->stats().weights, 1U);
    EXPECT_EQ(call(**program, {1, 64}, 64), std::vector<float>(64, 32));
  }
}

/// The first parameter of an argument of a launch.
static size_t parameterOf(const KernelEntry &kernel, size_t argument) {
  size_t count = 0;
  for (const KernelArgument &before : std::span(kernel.arguments).first(argument))
    count += isMemref(before.kind) ? memrefParameters : 1;
  return count;
}

/// Kernels are kept as machine code, with what calls of them describe.
TEST_F(CompileTextTest, ProductsOnADeviceComeBack) {
  if (auto ptxas = findCudaTool(CudaTool::Ptxas, ""); !ptxas)
    GTEST_SKIP() << ptxas.error().message();
  setenv("UWT_CUDA_DRIVER", fakeDriverPath().c_str(), 1);
  options.weights.clear();
  options.target = "sm_90a";
  std::string text = withHalves(productFunction("main", "3"));
  auto context = makeContext();
  auto module = parseModule(*context, text, "m.mlir");
  ASSERT_TRUE(module);
  auto bytes = emitCode(**module, options, EmitKind::Pack);
  ASSERT_TRUE(bytes) << bytes.error().message();
  std::vector<uint8_t> packed(bytes->begin(), bytes->end());
  auto pack = KernelPack::parse(packed);
  ASSERT_TRUE(pack) << pack.error().message();
  // The last one computes y; one before it prepares x.
  std::span<const KernelEntry> kernels = (*pack)->kernels();
  const std::vector<KernelArgument> &arguments = kernels.back().arguments;
  auto y = std::ranges::find(arguments, ArgumentKind::Y, &KernelArgument::kind);
  ASSERT_NE(y, arguments.end());
  // A memref's allocated pointer, then the aligned one.
  size_t pointer = parameterOf(kernels.back(), y - arguments.begin()) + 1;
  for (CacheUse use : {CacheUse::Miss, CacheUse::Hit}) {
    FakeCuda &fake = freshFakeCuda();
    for (const KernelEntry &kernel : kernels)
      fake.parameterCounts[kernel.kernel] = parameterOf(kernel, kernel.arguments.size());
    fake.onLaunch = [&](const FakeLaunch &launch) {
      if (launch.function == kernels.back().kernel)
        std::fill_n(reinterpret_cast<float *>(launch.parameters[pointer]), 3 * 64, 5.0F);
    };
    auto program = compile(text);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ((*program)->stats().cache, use);
    EXPECT_EQ(call(**program, {3, 64}, 3 * 64), std::vector<float>(3 * 64, 5));
    // The pack has each kernel as machine code and as PTX, of which one is launched.
    EXPECT_EQ(2 * fake.launches.size(), kernels.size());
  }
  unsetenv("UWT_CUDA_DRIVER");
}

TEST_F(CompileTextTest, WhateverCodeDependsOnIsPartOfTheKey) {
  ASSERT_TRUE(compile(addText));
  std::string other = std::string(addText) + "\n";
  EXPECT_EQ((*compile(other))->stats().cache, CacheUse::Miss);
  options.optimisation = 1;
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  options.runtimeChecks = false;
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Hit);
  options.weights.push_back(options.weights.front());
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  // Products on an emulated GPU are not kept.
  options.target = "emulate:sm_90a";
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Off);
}

TEST_F(CompileTextTest, DamageIsCompiledAgain) {
  ASSERT_TRUE(compile(addText));
  fs::path file = keptFiles().front();
  auto size = fs::file_size(file);
  for (uintmax_t at : {uintmax_t(0), uintmax_t(20), uintmax_t(100), size / 2, size - 1}) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    char byte = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 1));
    stream.close();
    auto program = compile(addText);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ((*program)->stats().cache, CacheUse::Miss) << at;
  }
  fs::resize_file(file, size / 3);
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Hit);
}

TEST_F(CompileTextTest, WhatOthersMayWriteToIsNotRun) {
  ASSERT_TRUE(compile(addText));
  fs::path file = keptFiles().front();
  ::chmod(file.c_str(), 0620);
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  // A link to a file of ours may be somebody else's.
  fs::rename(file, folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", file);
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Miss);
  ::chmod(kept.c_str(), 0770);
  EXPECT_EQ(compile(addText).error().message(),
            kept + ": others may write to this folder, and programs in it are run: take one of "
                   "your own");
  EXPECT_EQ(checkCodeFolder(folder / "w.safetensors").error().message(),
            folder / "w.safetensors" + ": is no folder");
}

TEST_F(CompileTextTest, ManyAtATime) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      ThreadPool own(1);
      auto program = compileText(addText, "m.mlir", options, own, kept);
      ASSERT_TRUE(program) << program.error().message();
      EXPECT_EQ(call(**program, {4}, 4), std::vector<float>(4, 11));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ((*compile(addText))->stats().cache, CacheUse::Hit);
}

TEST_F(CompileTextTest, SeveralThreadsGiveTheSameProgram) {
  options.weights.clear();
  std::vector<std::string> stages;
  auto note = [&](std::string_view stage) {
    stages.emplace_back(stage);
    return true;
  };
  std::string text;
  for (std::string rows : {"1", "2", "3", "5", "8"})
    text += productFunction("rows" + rows, rows);
  text = withHalves(text);
  ThreadPool many(3);
  auto split = compileText(text, "m.mlir", options, many, kept, note);
  ASSERT_TRUE(split) << split.error().message();
  EXPECT_EQ(call(**split, {1, 64}, 64), std::vector<float>(64, 32));
  EXPECT_THAT(stages,
              testing::ElementsAre("tensor pipeline", "buffer pipeline", "code pipeline",
                                   "translate", "split", "optimise", "codegen", "load", "link"));
  // It was split: an archive is kept.
  std::ifstream stream(keptFiles().front(), std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  EXPECT_NE(bytes.find("!<arch>"), std::string::npos);
  auto again = compile(text);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)->stats().cache, CacheUse::Hit);
  EXPECT_EQ((*again)->stats().codeBytes, (*split)->stats().codeBytes);
  EXPECT_EQ(call(**again, {1, 64}, 64), std::vector<float>(64, 32));
}

TEST_F(CompileTextTest, StagesCanBeInterrupted) {
  int stages = 0;
  auto stop = [&](std::string_view) { return ++stages < 5; };
  EXPECT_EQ(compileText(addText, "m.mlir", options, pool, kept, stop).error().getKind(),
            ErrorKind::Interrupted);
  EXPECT_EQ(stages, 5);
  EXPECT_THAT(keptFiles(), testing::IsEmpty());
}

TEST_F(CompileTextTest, AProgramCacheMayHaveAFolder) {
  ProgramCache first, second;
  ASSERT_TRUE(first.setFolder(kept));
  ASSERT_TRUE(second.setFolder(kept));
  EXPECT_EQ((*first.get(addText, "m.mlir", options, pool))->stats().cache, CacheUse::Miss);
  EXPECT_EQ((*second.get(addText, "m.mlir", options, pool))->stats().cache, CacheUse::Hit);
  EXPECT_FALSE(first.setFolder(folder / "w.safetensors"));
}

TEST_F(CompileTextTest, AProgramCacheSeesWhatShapedAProgram) {
  ProgramCache cache;
  auto misses = [&] {
    EXPECT_TRUE(cache.get(addText, "m.mlir", options, pool));
    return cache.statistics().misses;
  };
  EXPECT_EQ(misses(), 1u);
  EXPECT_EQ(misses(), 1u);
  std::string file = folder / "w.safetensors";
  // Other bytes, of the same number and the same time.
  auto time = fs::last_write_time(file);
  std::fstream(file, std::ios::binary | std::ios::in | std::ios::out).seekp(-1, std::ios::end)
      << 'x';
  fs::last_write_time(file, time);
  EXPECT_EQ(misses(), 2u);
  std::ofstream(folder / "config.json") << "{}";
  EXPECT_EQ(misses(), 3u);
  std::ofstream(folder / "config.json") << "{\"quantization_config\": null}";
  EXPECT_EQ(misses(), 4u);
  EXPECT_EQ(misses(), 4u);
}

TEST_F(CompileTextTest, CodeInAFolderIsOfOneConfiguration) {
  auto use = [&] {
    ProgramCache cache;
    EXPECT_TRUE(cache.setFolder(kept));
    auto program = cache.get(addText, "m.mlir", options, pool);
    EXPECT_TRUE(program);
    return (*program)->stats().cache;
  };
  EXPECT_EQ(use(), CacheUse::Miss);
  EXPECT_EQ(use(), CacheUse::Hit);
  std::ofstream(folder / "config.json") << "{}";
  EXPECT_EQ(use(), CacheUse::Miss);
  EXPECT_EQ(use(), CacheUse::Hit);
}

TEST_F(CompileTextTest, ObjectsAreRunWhereTheyAreTrusted) {
  auto context = makeContext();
  auto module = parseModule(*context, productText(), "m.mlir");
  ASSERT_TRUE(module);
  auto object = emitCode(**module, {}, EmitKind::Object);
  ASSERT_TRUE(object) << object.error().message();
  CompileOptions trusting;
  EXPECT_EQ(loadObject(*object, "m.o", trusting, pool).error().message(),
            "m.o: is machine code: trust it (trust-ir) to run it");
  trusting.trustIr = true;
  auto program = loadObject(*object, "m.o", trusting, pool);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ(call(**program, {1, 64}, 64), std::vector<float>(64, 32));
  for (size_t length : {size_t(0), size_t(4), size_t(64), object->size() / 2, object->size() - 1}) {
    auto cut = loadObject(std::string_view(*object).substr(0, length), "m.o", trusting, pool);
    ASSERT_FALSE(cut) << length;
    EXPECT_THAT(cut.error().message(), testing::StartsWith("m.o: is no object of")) << length;
  }
}

TEST(CodeFolderTest, WhatWasUsedLongestAgoIsRemoved) {
  TemporaryFolder folder;
  auto kept = CodeFolder::open(folder / "a/b");
  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ(fs::status(folder / "a/b").permissions(), fs::perms::owner_all);
  std::string object(1000, 'x');
  auto age = [&](const std::string &key, int hours) {
    fs::last_write_time(folder / ("a/b/" + key + ".uwtprogram"),
                        fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  for (const char *key : {"k1", "k2", "k3"})
    ASSERT_TRUE(kept->store(key, object, 10'000));
  age("k1", 1);
  age("k2", 3);
  age("k3", 2);
  // Used now.
  EXPECT_EQ(kept->load("k2"), object);
  ASSERT_TRUE(kept->store("k4", object, 3'500));
  EXPECT_EQ(kept->load("k3"), std::nullopt);
  for (const char *key : {"k1", "k2", "k4"})
    EXPECT_EQ(kept->load(key), object) << key;
  // Another key's file is no object of this one; what is larger than all may be is not kept.
  fs::rename(folder / "a/b/k1.uwtprogram", folder / "a/b/k5.uwtprogram");
  EXPECT_EQ(kept->load("k5"), std::nullopt);
  ASSERT_TRUE(kept->store("k6", object, 500));
  EXPECT_EQ(kept->load("k6"), std::nullopt);
}

} // namespace
