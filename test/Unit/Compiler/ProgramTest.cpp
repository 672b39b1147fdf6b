//===- ProgramTest.cpp - Calls of compiled functions ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestFolders.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProgramCache.h"
#include "uwt/Runtime/WeightImage.h"
#include "uwt/Target/Target.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace uwt;
using namespace uwt::test;

namespace {

const SafetensorsDtype *f32() { return findSafetensorsDtype("F32"); }

std::string errorOf(const std::string &text, const CompileOptions &options = {}) {
  auto context = makeContext();
  auto module = parseModule(*context, text, "test.mlir");
  if (!module)
    return module.error().message();
  ThreadPool pool(1);
  auto program = compile(**module, options, pool);
  return program ? "" : program.error().message();
}

std::string toBytecode(const std::string &text) {
  auto context = makeContext();
  auto module = parseModule(*context, text, "test.mlir");
  EXPECT_TRUE(module) << module.error().message();
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  EXPECT_TRUE(mlir::succeeded(mlir::writeBytecodeToFile(**module, stream)));
  return bytes;
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

TEST(ProgramTest, AnMOfZero) {
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

//===----------------------------------------------------------------------===//
// Weights as arguments
//===----------------------------------------------------------------------===//

/// The columns of an image's weight [N, 64] that rows of x name by a 1.
std::string imageText(const std::string &format) {
  return R"(
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @main(%w: !uwt.compressed<72x64xbf16, ")" +
         format + R"(">, %x: tensor<?x64xbf16>) -> tensor<?x72xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %d = uwt.decode %w : !uwt.compressed<72x64xbf16, ")" +
         format + R"("> -> tensor<72x64xbf16>
  %e = tensor.empty(%m) : tensor<?x72xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x72xf32>) -> tensor<?x72xf32>
  %y = linalg.matmul indexing_maps = [#x, #w, #y]
      ins(%x, %d : tensor<?x64xbf16>, tensor<72x64xbf16>) outs(%f : tensor<?x72xf32>) -> tensor<?x72xf32>
  return %y : tensor<?x72xf32>
})";
}

/// A weight of BF16 and an image of it.
struct ImageTest : testing::Test {
  std::vector<uint16_t> values = std::vector<uint16_t>(72 * 64);
  Buffer memory;
  TensorView image;

  ImageTest() {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<uint16_t>(0x3C00 + 37 * i % 700);
  }

  void encode(const std::string &format) {
    TensorDescription description{ElementType::BF16, {72, 64}, *Format::parse(format)};
    memory = Buffer(*WeightImage::maxBytes(description));
    ThreadPool pool(1);
    std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(values.data()),
                                   values.size() * 2);
    auto made = WeightImage::encode({ElementType::BF16, {72, 64}, bytes}, description.format,
                                    memory.span(), pool);
    ASSERT_TRUE(made) << made.error().message();
    image = {findSafetensorsDtype("U8"), {made->bytes()}, memory.span().data()};
  }

  /// Column `column` of the weight, as the program has read it.
  std::vector<float> column(const Program &program, size_t column) const {
    std::vector<uint16_t> x(64);
    x[column] = 0x3F80;
    TensorView views[] = {image, {findSafetensorsDtype("BF16"), {1, 64}, x.data()}};
    auto results = program.run(**program.find(""), views);
    EXPECT_TRUE(results) << results.error().message();
    return results ? floats((*results)[0]) : std::vector<float>();
  }

  std::vector<float> expected(size_t column) const {
    std::vector<float> result;
    for (size_t row = 0; row < 72; ++row)
      result.push_back(std::bit_cast<float>(uint32_t(values[row * 64 + column]) << 16));
    return result;
  }
};

TEST_F(ImageTest, IsReadWhereItLies) {
  for (const char *format : {"inplace<12>", "raw"}) {
    auto program = compiled(imageText(format));
    ASSERT_TRUE(program);
    encode(format);
    EXPECT_EQ(column(*program, 0), expected(0));
    EXPECT_EQ(column(*program, 63), expected(63));
    // Another weight in the same memory: nothing was kept of the first one.
    std::ranges::reverse(values);
    encode(format);
    EXPECT_EQ(column(*program, 5), expected(5));
  }
}

TEST_F(ImageTest, ARowHasTheSameBitsAloneAndAmongOthers) {
  constexpr size_t rows = 16;
  std::vector<uint16_t> x(rows * 64);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<uint16_t>(0x3F00 + 91 * i % 509);
  encode("inplace<12>");
  for (const Target &target : allTargets()) {
    if (!checkRunsHere(target))
      continue;
    CompileOptions options;
    options.target = target.name;
    auto program = compiled(imageText("inplace<12>"), options);
    ASSERT_TRUE(program);
    auto run = [&](size_t first, size_t m) {
      TensorView views[] = {image, {findSafetensorsDtype("BF16"), {m, 64}, &x[first * 64]}};
      auto results = program->run(**program->find(""), views);
      EXPECT_TRUE(results) << results.error().message();
      return results ? floats((*results)[0]) : std::vector<float>();
    };
    std::vector<float> together = run(0, rows), alone;
    for (size_t row = 0; row < rows; ++row)
      std::ranges::copy(run(row, 1), std::back_inserter(alone));
    EXPECT_EQ(together, alone) << target.name;
  }
}

TEST_F(ImageTest, ObjectsKnowTheFormat) {
  auto context = makeContext();
  auto module = parseModule(*context, imageText("inplace<12>"), "test.mlir");
  ASSERT_TRUE(module) << module.error().message();
  auto object = emitCode(**module, {}, EmitKind::Object);
  ASSERT_TRUE(object) << object.error().message();
  CompileOptions trusting;
  trusting.trustIr = true;
  ThreadPool pool(1);
  auto program = loadObject(*object, "m.o", trusting, pool);
  ASSERT_TRUE(program) << program.error().message();
  encode("inplace<12>");
  EXPECT_EQ(column(**program, 7), expected(7));
  EXPECT_EQ((*program)->functions()[0].inputs[0].str(), "BF16 72 x 64 as inplace<12>");
}

TEST_F(ImageTest, RefusesWhatIsNoImageOfTheWeight) {
  auto program = compiled(imageText("inplace<12>"));
  ASSERT_TRUE(program);
  const Signature &function = **program->find("");
  uint16_t x[64] = {};
  auto message = [&](TensorView weight) {
    TensorView views[] = {std::move(weight), {findSafetensorsDtype("BF16"), {1, 64}, x}};
    auto results = program->run(function, views);
    return results ? std::string() : results.error().message();
  };
  encode("raw");
  const std::string what = "input 0 of 'main': is the weight BF16 72 x 64 as inplace<12>, got ";
  const std::string give = ": give its image, dense bytes (U8) of one dimension";
  EXPECT_EQ(message(image), what + "the image of BF16 72 x 64 as raw: compile the module for it");
  encode("inplace<12>");
  EXPECT_EQ(message(image), "");
  TensorView other = image;
  other.strides = {2};
  EXPECT_EQ(message(other), what + "U8 " + std::to_string(image.shape[0]) + give);
  EXPECT_EQ(message({findSafetensorsDtype("BF16"), {72, 64}, values.data()}),
            what + "BF16 72 x 64" + give);
  EXPECT_EQ(message({image.dtype, image.shape, nullptr}),
            what + "U8 " + std::to_string(image.shape[0]) + give);
  EXPECT_EQ(message({image.dtype, {64}, image.data}),
            "input 0 of 'main': the memory holds no weight of this version of the library");
  EXPECT_NE(message({image.dtype, {image.shape[0] - 1}, image.data}), "");
  EXPECT_NE(message({image.dtype, image.shape, static_cast<const uint8_t *>(image.data) + 8}), "");
}

TEST(ImageSignatureTest, WeightsWithoutImagesAreForTheModuleAlone) {
  auto program = compiled(imageText("huffman<12,2>"));
  ASSERT_TRUE(program);
  auto results = program->run(**program->find(""), {});
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().message().find(
                "function 'main' cannot be called: argument 0 is a weight that has no image: "),
            0U);
}

TEST(ImageSignatureTest, ProgramsForGpusTakeNone) {
  CompileOptions options;
  options.target = "emulate:sm_90a";
  EXPECT_EQ(errorOf(imageText("inplace<12>"), options),
            "argument 0 of function 'main' is a weight, which only programs for CPUs take as an "
            "image; for a GPU write it as a constant dense_resource<NAME> whose tensor a file has");
}

//===----------------------------------------------------------------------===//
// What only a call knows
//===----------------------------------------------------------------------===//

constexpr const char *gatherText = R"(
func.func @main(%rows: tensor<?xi64>, %table: tensor<16x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %rows, %c0 : tensor<?xi64>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%rows : tensor<?xi64>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%row: i64, %out: f32):
    %i = arith.index_cast %row : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<16x8xf32>
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
})";

TEST(ProgramTest, AnIndexOutsideIsAnErrorOfTheCall) {
  auto program = compiled(gatherText);
  ASSERT_TRUE(program);
  const Signature &function = **program->find("main");
  std::vector<float> table(128);
  std::iota(table.begin(), table.end(), 0);
  for (unsigned threads : {1u, 3u}) {
    ThreadPool pool(threads);
    // Enough rows for several threads, each of which may fail.
    for (int64_t wrong : {int64_t(16), int64_t(-1), int64_t(1) << 40}) {
      std::vector<int64_t> rows(10'000, 3);
      const TensorView inputs[] = {{findSafetensorsDtype("I64"), {rows.size()}, rows.data()},
                                   {f32(), {16, 8}, table.data()}};
      auto results = program->run(function, inputs, &pool);
      ASSERT_TRUE(results) << results.error().message();
      EXPECT_EQ(floats((*results)[0])[79'999], 31);
      rows[4711] = rows[9000] = wrong;
      results = program->run(function, inputs, &pool);
      ASSERT_FALSE(results);
      EXPECT_EQ(results.error().getKind(), ErrorKind::Invalid);
      EXPECT_EQ(results.error().message(), "test.mlir:12:10: tensor.extract: index " +
                                               std::to_string(wrong) +
                                               " is outside of dimension 0, whose size is 16");
    }
  }
}

TEST(ProgramTest, CallsSideBySideFailEachForItself) {
  auto program = compiled(gatherText);
  ASSERT_TRUE(program);
  const Signature &function = **program->find("main");
  const std::vector<float> table(128, 1);
  ThreadPool pool(2);
  std::atomic<unsigned> wrong = 0;
  auto work = [&](bool fails) {
    for (unsigned i = 0; i < 50; ++i) {
      std::vector<int64_t> rows(5'000, 3);
      rows[4000] = fails ? 99 : 4;
      const TensorView inputs[] = {{findSafetensorsDtype("I64"), {rows.size()}, rows.data()},
                                   {f32(), {16, 8}, table.data()}};
      wrong += static_cast<bool>(program->run(function, inputs, &pool)) == fails;
    }
  };
  std::thread other(work, true);
  work(false);
  other.join();
  EXPECT_EQ(wrong, 0u);
}

TEST(ProgramTest, MemoryThatIsOutIsAnErrorOfTheCall) {
  auto program = compiled(R"(
func.func @main(%n: i64) -> tensor<?x?xf32> {
  %size = arith.index_cast %n : i64 to index
  %one = arith.constant 1.0 : f32
  %y = tensor.splat %one[%size, %size] : tensor<?x?xf32>
  return %y : tensor<?x?xf32>
})");
  ASSERT_TRUE(program);
  auto message = [&](int64_t size) {
    TensorView view{findSafetensorsDtype("I64"), {}, &size};
    auto results = program->run(**program->find(""), {&view, 1});
    return results ? std::string() : results.error().message();
  };
  EXPECT_EQ(message(2), "");
  EXPECT_EQ(message(-2), "test.mlir:5:8: tensor.splat: dynamic size 0 is negative: -2");
  EXPECT_EQ(message(int64_t(1) << 32),
            "out of memory: a tensor has 4294967296 times 17179869184 bytes");
  EXPECT_EQ(message(int64_t(1) << 22), "out of memory: the system has no 70368744177664 bytes");
}

TEST(ProgramTest, DivisionsAndAssertions) {
  auto program = compiled(R"(
func.func @main(%a: i32, %b: i32) -> i32 {
  %c = arith.constant 100 : i32
  %small = arith.cmpi slt, %a, %c : i32
  cf.assert %small, "a is not below 100"
  %0 = arith.divsi %a, %b : i32
  return %0 : i32
})");
  ASSERT_TRUE(program);
  auto text = [&](int32_t a, int32_t b) {
    const TensorView inputs[] = {{findSafetensorsDtype("I32"), {}, &a},
                                 {findSafetensorsDtype("I32"), {}, &b}};
    auto results = program->run(**program->find(""), inputs);
    int32_t result = 0;
    if (!results)
      return results.error().message();
    std::memcpy(&result, (*results)[0].bytes().data(), 4);
    return std::to_string(result);
  };
  EXPECT_EQ(text(17, -5), "-3");
  EXPECT_EQ(text(17, 0), "test.mlir:6:8: arith.divsi: division by zero");
  EXPECT_EQ(text(INT32_MIN, -1),
            "test.mlir:6:8: arith.divsi: the smallest number is divided by -1");
  EXPECT_EQ(text(100, 0), "test.mlir:5:3: a is not below 100");
}

/// Every number of an 8-bit type widened, and f32 around all of them rounded to it.
void checkFloat8(const std::string &type, const llvm::fltSemantics &semantics) {
  auto program = compiled("func.func @main(%c: tensor<256xi8>, %x: tensor<?xf32>) -> "
                          "(tensor<256xf32>, tensor<?xi8>) {\n"
                          "  %f = arith.bitcast %c : tensor<256xi8> to tensor<256x" +
                          type + ">\n  %w = arith.extf %f : tensor<256x" + type +
                          "> to tensor<256xf32>\n  %n = arith.truncf %x : tensor<?xf32> to "
                          "tensor<?x" +
                          type + ">\n  %b = arith.bitcast %n : tensor<?x" + type +
                          "> to tensor<?xi8>\n  return %w, %b : tensor<256xf32>, tensor<?xi8>\n}");
  ASSERT_TRUE(program);
  std::vector<uint8_t> codes(256);
  std::iota(codes.begin(), codes.end(), 0);
  std::vector<float> numbers, expected;
  for (uint8_t code : codes) {
    llvm::APFloat number(semantics, llvm::APInt(8, code));
    expected.push_back(number.convertToFloat());
    float wide = expected.back();
    for (float factor : {1.0f, 1.03125f, 1.0624f, 1.0625f, 1.0626f, 0.5f, 1.2f, 3.0f})
      numbers.push_back(wide * factor);
  }
  const TensorView inputs[] = {{findSafetensorsDtype("I8"), {256}, codes.data()},
                               {f32(), {numbers.size()}, numbers.data()}};
  auto results = program->run(**program->find(""), inputs);
  ASSERT_TRUE(results) << results.error().message();
  std::vector<float> wide = floats((*results)[0]);
  for (uint8_t code : codes) {
    EXPECT_EQ(std::isnan(wide[code]), std::isnan(expected[code])) << type << " " << int(code);
    if (!std::isnan(expected[code]))
      EXPECT_EQ(wide[code], expected[code]) << type << " " << int(code);
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    llvm::APFloat number(numbers[i]);
    bool losesInfo;
    number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    auto code = static_cast<uint8_t>(number.bitcastToAPInt().getZExtValue());
    uint8_t given = (*results)[1].bytes()[i];
    // Any NaN will do.
    if (number.isNaN())
      EXPECT_TRUE(llvm::APFloat(semantics, llvm::APInt(8, given)).isNaN()) << type << numbers[i];
    else
      EXPECT_EQ(given, code) << type << " " << numbers[i];
  }
}

TEST(ProgramTest, FloatsOfEightBits) {
  checkFloat8("f8E4M3FN", llvm::APFloat::Float8E4M3FN());
  checkFloat8("f8E5M2", llvm::APFloat::Float8E5M2());
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

TEST(ProgramTest, ATrustedModuleCallsFunctionsOfTheProcess) {
  const std::string text = R"(
llvm.func @abs(i32) -> i32
func.func @main(%a: tensor<i32>) -> tensor<i32> {
  %0 = tensor.extract %a[] : tensor<i32>
  %1 = llvm.call @abs(%0) : (i32) -> i32
  %2 = tensor.from_elements %1 : tensor<i32>
  return %2 : tensor<i32>
})";
  EXPECT_EQ(errorOf(text),
            "test.mlir:2:1: 'llvm.func' op can reach more than the module's tensors: modules are "
            "held to linalg, tensor, arith, math, scf, cf, func, tosa, tm_tensor, shape and "
            "ml_program (trust-ir takes it, and makes the module as trusted as a program)");
  CompileOptions trusting;
  trusting.trustIr = true;
  auto program = compiled(text, trusting);
  ASSERT_TRUE(program);
  const int32_t number = -17;
  TensorView view{findSafetensorsDtype("I32"), {}, &number};
  auto results = program->run(**program->find(""), {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ((*results)[0].bytes()[0], 17);
  EXPECT_EQ(errorOf("func.func private @uwt_no_such_function()\n"
                    "func.func @main() {\n  call @uwt_no_such_function() : () -> ()\n"
                    "  return\n}",
                    trusting),
            "compiled code calls what this process does not have: "
            "_mlir_ciface_uwt_no_such_function");
}

TEST(ProgramTest, BytecodeIsTakenWhereItIsTrusted) {
  std::string bytes = toBytecode(negateText);
  EXPECT_EQ(errorOf(bytes), "test.mlir: is bytecode, whose reader trusts what it reads: turn it "
                            "into text (mlir-opt), or trust it (trust-ir)");
  ProgramCache cache;
  ThreadPool pool(1);
  EXPECT_FALSE(cache.get(bytes, "test.mlir", {}, pool));
  CompileOptions trusting;
  trusting.trustIr = true;
  auto program = cache.get(bytes, "test.mlir", trusting, pool);
  ASSERT_TRUE(program) << program.error().message();
  std::vector<float> x = {1, 2, 3};
  TensorView view{f32(), {1, 3}, x.data()};
  auto results = (*program)->run(*(*program)->functions().begin(), {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ(floats((*results)[0]), (std::vector<float>{-1, -2, -3}));
}

TEST(ProgramTest, NestedModulesAreOne) {
  auto program = compiled(R"(
module {
  module @inner {
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = arith.addf %x, %x : tensor<2xf32>
      return %0 : tensor<2xf32>
    }
  }
})");
  ASSERT_TRUE(program);
  const float x[] = {1, 2};
  TensorView view{f32(), {2}, x};
  auto results = program->run(**program->find("main"), {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ(floats((*results)[0]), (std::vector<float>{2, 4}));
}

TEST(ProgramTest, ErrorsOfModulesAreValues) {
  EXPECT_EQ(errorOf("func.func @f("), "test.mlir:1:13: expected non-function type");
  EXPECT_EQ(errorOf("func.func @f() -> tensor<4xf32> {\n"
                    "  %0 = arith.constant dense_resource<w> : tensor<4xf32>\n"
                    "  return %0 : tensor<4xf32>\n}"),
            "test.mlir:2:8: constant dense_resource<w> has no data: name the file that has its "
            "tensor (uwt: --weights FILE, the pass: weights=FILE)");
  CompileOptions other;
  other.target = "avx3";
  EXPECT_EQ(errorOf(negateText, other).substr(0, 21), "unknown target 'avx3'");
}

TEST(ProgramTest, FunctionsByName) {
  auto program = compiled("func.func @a(%x: tensor<1xf32>) -> tensor<1xf32> { return %x : "
                          "tensor<1xf32> }\nfunc.func @b(%x: tensor<1xi4>) { return }");
  ASSERT_TRUE(program);
  ASSERT_EQ(program->functions().size(), 2u);
  EXPECT_EQ(program->find("").error().message(),
            "the module has 2 functions, none called 'main': name one of a, b");
  EXPECT_EQ(program->find("main").error().message(),
            "there is no function 'main'; functions are: a, b");
  auto results = program->run(**program->find("b"), {});
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().message(), "function 'b' cannot be called: argument 0 is of type "
                                       "tensor<1xi4>, expected a ranked tensor of "
                                       "floats or whole-byte integers");
}

/// BF16 words of small integers, so that sums are exact.
std::vector<uint16_t> integers(size_t count) {
  std::vector<uint16_t> words;
  for (size_t i = 0; i < count; ++i) {
    float value = static_cast<float>(static_cast<int>(i * 7 % 5) - 2);
    words.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
  }
  return words;
}

std::span<const uint8_t> bytesOf(const std::vector<uint16_t> &words) {
  return {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2};
}

float valueOf(uint16_t word) { return std::bit_cast<float>(uint32_t(word) << 16); }

TEST(DerivedWeightTest, IsComputedFromTensorsOfTheFile) {
  // Two matrices, one above the other, scaled by a vector: nothing of them stays but the result.
  TemporaryFolder folder;
  std::string path = folder / "weights.safetensors";
  const SafetensorsDtype *bf16 = findSafetensorsDtype("BF16");
  std::vector<uint16_t> a = integers(32 * 64), b = integers(16 * 64), scale = integers(48);
  std::vector<SafetensorsOutput> tensors = {{"a", bf16, {32, 64}, bytesOf(a)},
                                            {"b", bf16, {16, 64}, bytesOf(b)},
                                            {"scale", bf16, {48}, bytesOf(scale)}};
  ASSERT_TRUE(writeSafetensors(path, tensors, {}, false));
  CompileOptions options;
  options.weights = {path};
  auto program = compiled(R"(
#m = affine_map<(n, k) -> (n, k)>
#v = affine_map<(n, k) -> (n)>
func.func @main(%x: tensor<3x64xbf16>) -> tensor<3x48xf32> {
  %a = arith.constant dense_resource<a> : tensor<32x64xbf16>
  %b = arith.constant dense_resource<b> : tensor<16x64xbf16>
  %s = arith.constant dense_resource<scale> : tensor<48xbf16>
  %ab = tensor.concat dim(0) %a, %b : (tensor<32x64xbf16>, tensor<16x64xbf16>) -> tensor<48x64xbf16>
  %e = tensor.empty() : tensor<48x64xbf16>
  %w = linalg.generic {indexing_maps = [#m, #v, #m], iterator_types = ["parallel", "parallel"]}
      ins(%ab, %s : tensor<48x64xbf16>, tensor<48xbf16>) outs(%e : tensor<48x64xbf16>) {
    ^bb0(%u: bf16, %f: bf16, %o: bf16):
      %p = arith.mulf %u, %f : bf16
      linalg.yield %p : bf16
  } -> tensor<48x64xbf16>
  %zero = arith.constant 0.0 : f32
  %f = tensor.empty() : tensor<3x48xf32>
  %init = linalg.fill ins(%zero : f32) outs(%f : tensor<3x48xf32>) -> tensor<3x48xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<3x64xbf16>, tensor<48x64xbf16>) outs(%init : tensor<3x48xf32>) -> tensor<3x48xf32>
  return %y : tensor<3x48xf32>
})",
                          options);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->functions().size(), 1U);
  EXPECT_EQ(program->stats().weights, 1U);
  EXPECT_EQ(program->stats().rawWeightBytes, 2U * (32 * 64 + 16 * 64 + 48));
  std::vector<uint16_t> x = integers(3 * 64);
  TensorView view{bf16, {3, 64}, x.data()};
  auto results = program->run(program->functions()[0], {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  std::vector<float> y = floats((*results)[0]);
  for (size_t m = 0; m < 3; ++m)
    for (size_t n = 0; n < 48; ++n) {
      float expected = 0;
      for (size_t k = 0; k < 64; ++k) {
        uint16_t w = n < 32 ? a[n * 64 + k] : b[(n - 32) * 64 + k];
        expected += valueOf(x[m * 64 + k]) * valueOf(w) * valueOf(scale[n]);
      }
      EXPECT_EQ(y[m * 48 + n], expected) << m << " " << n;
    }
}

TEST(GatherProgramTest, ATiedEmbeddingIsHeldOnce) {
  TemporaryFolder folder;
  std::string path = folder / "weights.safetensors";
  const SafetensorsDtype *bf16 = findSafetensorsDtype("BF16");
  std::vector<uint16_t> table = integers(1024 * 64);
  std::vector<SafetensorsOutput> tensors = {{"table", bf16, {1024, 64}, bytesOf(table)}};
  ASSERT_TRUE(writeSafetensors(path, tensors, {}, false));
  CompileOptions options;
  options.weights = {path};
  auto program = compiled(R"(
func.func @main(%ids: tensor<2xi64>) -> (tensor<2x64xbf16>, tensor<2x1024xf32>) {
  %t = arith.constant dense_resource<table> : tensor<1024x64xbf16>
  %e = tensor.empty() : tensor<2x64xbf16>
  %x = linalg.generic {indexing_maps = [affine_map<(s, d) -> (s)>, affine_map<(s, d) -> (s, d)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<2xi64>) outs(%e : tensor<2x64xbf16>) {
    ^bb0(%id: i64, %o: bf16):
      %row = arith.index_cast %id : i64 to index
      %d = linalg.index 1 : index
      %v = tensor.extract %t[%row, %d] : tensor<1024x64xbf16>
      linalg.yield %v : bf16
  } -> tensor<2x64xbf16>
  %zero = arith.constant 0.0 : f32
  %f = tensor.empty() : tensor<2x1024xf32>
  %init = linalg.fill ins(%zero : f32) outs(%f : tensor<2x1024xf32>) -> tensor<2x1024xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<2x64xbf16>, tensor<1024x64xbf16>) outs(%init : tensor<2x1024xf32>) -> tensor<2x1024xf32>
  return %x, %y : tensor<2x64xbf16>, tensor<2x1024xf32>
})",
                          options);
  ASSERT_TRUE(program);
  const CompileStats &stats = program->stats();
  EXPECT_EQ(stats.weights, 1U);
  EXPECT_EQ(stats.rawWeightBytes, 2U * 1024 * 64);
  // The index of panels, beside the raw bytes at most.
  EXPECT_LT(stats.weightBytes, stats.rawWeightBytes * 21 / 20);
  std::vector<int64_t> ids = {1023, 17};
  TensorView view{findSafetensorsDtype("I64"), {2}, ids.data()};
  auto results = program->run(program->functions()[0], {&view, 1});
  ASSERT_TRUE(results) << results.error().message();
  for (size_t i = 0; i < 2; ++i)
    EXPECT_EQ(std::memcmp((*results)[0].bytes().data() + i * 128, &table[ids[i] * 64], 128), 0);
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
