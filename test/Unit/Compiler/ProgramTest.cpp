//===- ProgramTest.cpp - Calls of compiled functions ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProgramCache.h"
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace uwt;

namespace {

const SafetensorsDtype *f32() { return findSafetensorsDtype("F32"); }

std::string messageOf(const std::string &text, const CompileOptions &options = {}) {
  auto context = makeContext();
  auto module = parseModule(*context, text, "test.mlir");
  if (!module)
    return module.error().message();
  ThreadPool pool(1);
  auto program = compile(**module, options, pool);
  return program ? "" : program.error().message();
}

std::unique_ptr<Program> compiled(const std::string &text, const CompileOptions &options = {}) {
  auto context = makeContext();
  auto module = parseModule(*context, text, "test.mlir");
  EXPECT_TRUE(module) << module.error().message();
  ThreadPool pool(1);
  auto program = compile(**module, options, pool);
  EXPECT_TRUE(program) << program.error().message();
  return program ? std::move(*program) : nullptr;
}

std::vector<float> floats(const TensorResult &tensor) {
  std::vector<float> values(tensor.bytes().size() / 4);
  std::memcpy(values.data(), tensor.bytes().data(), tensor.bytes().size());
  return values;
}

constexpr const char *negateText = R"(
func.func @main(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%m) : tensor<?x3xf32>
  %y = linalg.negf ins(%x : tensor<?x3xf32>) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
})";

TEST(ProgramTest, InputsOfAnyStride) {
  auto program = compiled(negateText);
  ASSERT_TRUE(program);
  const Signature *function = *program->find("");
  std::vector<float> x(12);
  std::iota(x.begin(), x.end(), 1);
  // Every second row backwards, columns apart by one: rows 2 and 0 of a 4 x 3 tensor.
  TensorView view{f32(), {2, 3}, &x[6], {-6, 1}};
  auto results = program->run(*function, {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ((*results)[0].shape(), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(floats((*results)[0]), (std::vector<float>{-7, -8, -9, -1, -2, -3}));
  TensorView transposed{f32(), {2, 3}, x.data(), {1, 4}};
  results = program->run(*function, {&transposed, 1});
  ASSERT_TRUE(results);
  EXPECT_EQ(floats((*results)[0]), (std::vector<float>{-1, -5, -9, -2, -6, -10}));
}

TEST(ProgramTest, EmptyBatch) {
  auto program = compiled(negateText);
  ASSERT_TRUE(program);
  TensorView view{f32(), {0, 3}, nullptr};
  auto results = program->run(*(*program->find("main")), {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ((*results)[0].shape(), (std::vector<uint64_t>{0, 3}));
}

TEST(ProgramTest, InputsStayAndResultsAreTheCallers) {
  auto program = compiled(R"(
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %y = linalg.add ins(%x, %one : tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %y, %x, %y : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
})");
  ASSERT_TRUE(program);
  std::vector<float> x = {1, 2, 3, 4};
  TensorView view{f32(), {4}, x.data()};
  auto results = program->run(*(*program->find("")), {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  program = nullptr;
  EXPECT_EQ(x, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(floats((*results)[0]), (std::vector<float>{2, 3, 4, 5}));
  EXPECT_EQ(floats((*results)[1]), x);
  EXPECT_EQ(floats((*results)[2]), (std::vector<float>{2, 3, 4, 5}));
  (*results)[0].bytes()[0] ^= 1;
  EXPECT_EQ(floats((*results)[2]), (std::vector<float>{2, 3, 4, 5}));
  EXPECT_NE((*results)[1].bytes().data(), reinterpret_cast<uint8_t *>(x.data()));
}

TEST(ProgramTest, RefusesWhatDoesNotFit) {
  auto program = compiled(negateText);
  ASSERT_TRUE(program);
  const Signature &function = **program->find("");
  auto message = [&](std::vector<TensorView> inputs) {
    auto results = program->run(function, inputs);
    return results ? std::string() : results.error().message();
  };
  float x[6] = {};
  EXPECT_EQ(message({}), "function 'main' takes 1 input (F32 ? x 3), got 0");
  EXPECT_EQ(message({{f32(), {2, 4}, x}}), "input 0 of 'main' is F32 ? x 3, got F32 2 x 4");
  EXPECT_EQ(message({{f32(), {6}, x}}), "input 0 of 'main' is F32 ? x 3, got F32 6");
  EXPECT_EQ(message({{findSafetensorsDtype("I32"), {2, 3}, x}}),
            "input 0 of 'main' is F32 ? x 3, got I32 2 x 3");
  EXPECT_EQ(message({{f32(), {2, 3}, nullptr}}), "input 0 of 'main' has no data");
  EXPECT_EQ(message({{f32(), {2, 3}, x, {3}}}),
            "input 0 of 'main' has 2 dimensions, got 1 strides");
  EXPECT_EQ(message({{f32(), {uint64_t(1) << 62, 3}, x}}),
            "input 0 of 'main' is larger than memory: F32 4611686018427387904 x 3");
}

TEST(ProgramTest, ErrorsOfModulesAreValues) {
  EXPECT_EQ(messageOf("func.func @f("), "test.mlir:1:13: expected non-function type");
  EXPECT_EQ(messageOf("func.func @f() -> tensor<4xf32> {\n"
                      "  %0 = arith.constant dense_resource<w> : tensor<4xf32>\n"
                      "  return %0 : tensor<4xf32>\n}"),
            "test.mlir:2:8: constant dense_resource<w> has no data: name the file that has its "
            "tensor (weights=FILE)");
  CompileOptions other;
  other.target = "avx3";
  EXPECT_EQ(messageOf(negateText, other).substr(0, 21), "unknown target 'avx3'");
}

TEST(ProgramTest, FunctionsByName) {
  auto program = compiled("func.func @a(%x: tensor<1xf32>) -> tensor<1xf32> { return %x : "
                          "tensor<1xf32> }\nfunc.func @b(%x: i1) { return }");
  ASSERT_TRUE(program);
  ASSERT_EQ(program->functions().size(), 2u);
  EXPECT_EQ(program->find("").error().message(),
            "the module has 2 functions, none called 'main': name one of a, b");
  EXPECT_EQ(program->find("main").error().message(),
            "there is no function 'main'; functions are: a, b");
  auto results = program->run(**program->find("b"), {});
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().message(),
            "function 'b' cannot be called: argument 0 is of type i1, expected a ranked tensor of "
            "floats or whole-byte integers");
}

TEST(ProgramCacheTest, CompilesOnceForAllThreads) {
  ProgramCache cache(2);
  ThreadPool pool(1);
  std::vector<std::shared_ptr<const Program>> programs(4);
  std::vector<std::thread> threads;
  for (auto &program : programs)
    threads.emplace_back([&] { program = *cache.get(negateText, "x", {}, pool); });
  for (std::thread &thread : threads)
    thread.join();
  for (auto &program : programs)
    EXPECT_EQ(program, programs[0]);
  EXPECT_EQ(cache.statistics().misses, 1u);
  EXPECT_EQ(cache.statistics().hits, 3u);
}

TEST(ProgramCacheTest, KeepsTheMostRecentOnes) {
  ProgramCache cache(2);
  ThreadPool pool(1);
  auto text = [](const std::string &name) {
    return "func.func @" + name +
           "(%x: tensor<1xf32>) -> tensor<1xf32> { return %x : "
           "tensor<1xf32> }";
  };
  for (const char *name : {"a", "b", "a", "c", "a", "b"})
    ASSERT_TRUE(cache.get(text(name), name, {}, pool));
  EXPECT_EQ(cache.statistics().misses, 4u);
  EXPECT_EQ(cache.statistics().hits, 2u);
  EXPECT_EQ(cache.statistics().entries, 2u);
}

TEST(ProgramCacheTest, OptionsArePartOfTheKeyAndErrorsAreNotKept) {
  ProgramCache cache;
  ThreadPool pool(1);
  CompileOptions exact;
  exact.exact = true;
  ASSERT_TRUE(cache.get(negateText, "x", {}, pool));
  ASSERT_TRUE(cache.get(negateText, "x", exact, pool));
  EXPECT_EQ(cache.statistics().misses, 2u);
  EXPECT_FALSE(cache.get("func.func", "x", {}, pool));
  EXPECT_EQ(cache.statistics().entries, 2u);
}

} // namespace
