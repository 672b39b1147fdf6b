//===- ArithTest.cpp - Arithmetic against the host ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

constexpr unsigned threads = 64;

/// out[tid] = op(a[tid], b[tid]) for elements of `type`.
template <typename T>
void expectBinary(const std::string &op, const std::string &type, DeviceBuffer<T> &a,
                  DeviceBuffer<T> &b, const std::function<T(T, T)> &reference) {
  std::string memref = "memref<?x" + type + ", #global>";
  TestKernel kernel("%a: " + memref + ", %b: " + memref + ", %out: " + memref,
                    "%i = gpu.thread_id x\n"
                    "%x = memref.load %a[%i] : " +
                        memref +
                        "\n"
                        "%y = memref.load %b[%i] : " +
                        memref +
                        "\n"
                        "%z = " +
                        op + " %x, %y : " + type +
                        "\n"
                        "memref.store %z, %out[%i] : " +
                        memref);
  DeviceBuffer<T> out(threads);
  ASSERT_EQ(kernel.run({{1, 1, 1}, {threads, 1, 1}}, {a.constant(), b.constant(), out.argument()}),
            "")
      << op;
  for (unsigned i = 0; i < threads; ++i)
    EXPECT_EQ(std::memcmp(&out[i], std::array{reference(a[i], b[i])}.data(), sizeof(T)), 0)
        << op << " " << type << " of " << +a[i] << " and " << +b[i] << " gives " << +out[i];
}

template <typename S> void expectIntegers(const std::string &type) {
  using U = std::make_unsigned_t<S>;
  constexpr unsigned bits = sizeof(S) * 8;
  std::mt19937_64 random(7);
  DeviceBuffer<S> a(threads), b(threads), shift(threads);
  for (unsigned i = 0; i < threads; ++i) {
    a[i] = S(random()), b[i] = S(random()) | 1, shift[i] = S(random() % bits);
    if (b[i] == -1 && a[i] == std::numeric_limits<S>::min())
      a[i] = 1;
  }
  a[0] = std::numeric_limits<S>::min(), b[0] = std::numeric_limits<S>::max();
  auto check = [&](const char *op, std::function<S(S, S)> reference) {
    expectBinary<S>(op, type, a, b, reference);
  };
  check("arith.addi", [](S x, S y) { return S(U(x) + U(y)); });
  check("arith.subi", [](S x, S y) { return S(U(x) - U(y)); });
  check("arith.muli", [](S x, S y) { return S(uint64_t(x) * uint64_t(y)); });
  check("arith.divsi", [](S x, S y) { return S(x / y); });
  check("arith.divui", [](S x, S y) { return S(U(x) / U(y)); });
  check("arith.remsi", [](S x, S y) { return S(x % y); });
  check("arith.remui", [](S x, S y) { return S(U(x) % U(y)); });
  check("arith.floordivsi", [](S x, S y) { return S(x / y - (x % y != 0 && (x < 0) != (y < 0))); });
  check("arith.ceildivsi", [](S x, S y) { return S(x / y + (x % y != 0 && (x < 0) == (y < 0))); });
  check("arith.andi", [](S x, S y) { return S(x & y); });
  check("arith.ori", [](S x, S y) { return S(x | y); });
  check("arith.xori", [](S x, S y) { return S(x ^ y); });
  check("arith.minsi", [](S x, S y) { return std::min(x, y); });
  check("arith.maxui", [](S x, S y) { return S(std::max(U(x), U(y))); });
  expectBinary<S>("arith.shli", type, a, shift, [](S x, S y) { return S(U(x) << y); });
  expectBinary<S>("arith.shrui", type, a, shift, [](S x, S y) { return S(U(x) >> y); });
  expectBinary<S>("arith.shrsi", type, a, shift, [](S x, S y) { return S(x >> y); });
}

TEST(EmulatorArith, IntegersOf8To64Bits) {
  expectIntegers<int8_t>("i8");
  expectIntegers<int32_t>("i32");
  expectIntegers<int64_t>("i64");
}

TEST(EmulatorArith, Floats) {
  std::mt19937_64 random(8);
  DeviceBuffer<float> a(threads), b(threads);
  for (unsigned i = 0; i < threads; ++i) {
    a[i] = std::bit_cast<float>(uint32_t(random()) & 0xbfffffff);
    b[i] = std::bit_cast<float>(uint32_t(random()) & 0xbfffffff);
  }
  expectBinary<float>("arith.addf", "f32", a, b, std::plus<float>());
  expectBinary<float>("arith.subf", "f32", a, b, std::minus<float>());
  expectBinary<float>("arith.mulf", "f32", a, b, std::multiplies<float>());
  expectBinary<float>("arith.divf", "f32", a, b, std::divides<float>());
  expectBinary<float>("arith.maxnumf", "f32", a, b,
                      [](float x, float y) { return std::fmax(x, y); });
}

/// The nearest bf16 by distance, ties to even.
uint16_t nearestBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t low = bits >> 16, high = low + 1;
  double below = std::bit_cast<float>(uint32_t(low) << 16);
  double above = std::bit_cast<float>(uint32_t(high) << 16);
  if (std::isinf(above))
    above = std::copysign(0x1p128, value);
  double toLow = std::fabs(value - below), toHigh = std::fabs(above - value);
  return toLow < toHigh || (toLow == toHigh && !(low & 1)) ? low : high;
}

TEST(EmulatorArith, ConversionsRoundOnceToNearestEven) {
  constexpr unsigned count = 4096;
  std::mt19937_64 random(9);
  DeviceBuffer<float> a(count);
  for (unsigned i = 0; i < count; ++i)
    // Ties and their neighbours are where mistakes show; every third is subnormal as a half.
    a[i] = std::bit_cast<float>((uint32_t(random()) & 0xbfff0000) |
                                (i % 4 == 0 ? 0x8000 : uint32_t(random()) & 0xffff)) *
           (i % 3 == 0 ? 0x1p-20f : 1.0f);
  for (unsigned i = 0; i < count; i += 5)
    a[i] = std::ldexp(float(random() % 8192) - 4096.0f, int(random() % 40) - 30);
  DeviceBuffer<uint16_t> bf16(count), f16(count);
  DeviceBuffer<float> back(count);
  TestKernel kernel("%a: memref<?xf32, #global>, %b: memref<?xbf16, #global>, "
                    "%h: memref<?xf16, #global>, %back: memref<?xf32, #global>",
                    R"(%i = gpu.global_id x
      %x = memref.load %a[%i] : memref<?xf32, #global>
      %y = arith.truncf %x : f32 to bf16
      %z = arith.truncf %x : f32 to f16
      %w = arith.extf %z : f16 to f32
      memref.store %y, %b[%i] : memref<?xbf16, #global>
      memref.store %z, %h[%i] : memref<?xf16, #global>
      memref.store %w, %back[%i] : memref<?xf32, #global>)");
  ASSERT_EQ(kernel.run({{count / 128, 1, 1}, {128, 1, 1}},
                       {a.constant(), bf16.argument(), f16.argument(), back.argument()}),
            "");
  for (unsigned i = 0; i < count; ++i) {
    EXPECT_EQ(bf16[i], nearestBf16(a[i])) << a[i];
    EXPECT_EQ(f16[i], std::bit_cast<uint16_t>(_Float16(a[i]))) << a[i];
    EXPECT_EQ(back[i], float(_Float16(a[i]))) << a[i];
  }
}

TEST(EmulatorArith, FusedMultiplyAddRoundsOnce) {
  DeviceBuffer<float> out(32);
  TestKernel kernel("%out: memref<?xf32, #global>, %a: f32, %b: f32",
                    R"(%i = gpu.thread_id x
      %c = arith.mulf %a, %b : f32
      %n = arith.negf %c : f32
      %r = math.fma %a, %b, %n : f32
      memref.store %r, %out[%i] : memref<?xf32, #global>)");
  float a = 1.0f + 0x1p-20f, b = 1.0f - 0x1p-21f;
  ASSERT_EQ(kernel.run({}, {out.argument(), EmulatedArgument::real(a), EmulatedArgument::real(b)}),
            "");
  EXPECT_EQ(out[3], std::fma(a, b, -(a * b)));
  EXPECT_NE(out[3], 0.0f);
}

TEST(EmulatorArith, RoundingFunctions) {
  DeviceBuffer<float> out(32 * 6);
  TestKernel kernel("%out: memref<6x32xf32, #global>", R"(
      %i = gpu.thread_id x
      %n = arith.index_cast %i : index to i32
      %f = arith.sitofp %n : i32 to f32
      %c = arith.constant -7.5 : f32
      %h = arith.constant 0.5 : f32
      %x = math.fma %f, %h, %c : f32
      %0 = math.floor %x : f32
      %1 = math.ceil %x : f32
      %2 = math.trunc %x : f32
      %3 = math.roundeven %x : f32
      %4 = math.sqrt %f : f32
      %5 = math.copysign %f, %x : f32
      %i0 = arith.constant 0 : index
      %i1 = arith.constant 1 : index
      %i2 = arith.constant 2 : index
      %i3 = arith.constant 3 : index
      %i4 = arith.constant 4 : index
      %i5 = arith.constant 5 : index
      memref.store %0, %out[%i0, %i] : memref<6x32xf32, #global>
      memref.store %1, %out[%i1, %i] : memref<6x32xf32, #global>
      memref.store %2, %out[%i2, %i] : memref<6x32xf32, #global>
      memref.store %3, %out[%i3, %i] : memref<6x32xf32, #global>
      memref.store %4, %out[%i4, %i] : memref<6x32xf32, #global>
      memref.store %5, %out[%i5, %i] : memref<6x32xf32, #global>)");
  ASSERT_EQ(kernel.run({}, {out.argument()}), "");
  for (unsigned i = 0; i < 32; ++i) {
    float x = i * 0.5f - 7.5f;
    EXPECT_EQ(out[i], std::floor(x));
    EXPECT_EQ(out[32 + i], std::ceil(x));
    EXPECT_EQ(out[64 + i], std::trunc(x));
    EXPECT_EQ(out[96 + i], std::nearbyint(x));
    EXPECT_EQ(out[128 + i], std::sqrt(float(i)));
    EXPECT_EQ(out[160 + i], std::copysign(float(i), x));
  }
}

TEST(EmulatorArith, VectorsMoveElements) {
  DeviceBuffer<uint32_t> out(32 * 8);
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
      %i = gpu.thread_id x
      %c8 = arith.constant 8 : index
      %at = arith.muli %i, %c8 : index
      %v = arith.constant dense<[[1, 2], [3, 4]]> : vector<2x2xi32>
      %row = vector.extract %v[1] : vector<2xi32> from vector<2x2xi32>
      %one = vector.extract %v[0, 1] : i32 from vector<2x2xi32>
      %new = vector.from_elements %one, %one : vector<2xi32>
      %w = vector.insert %new, %v[0] : vector<2xi32> into vector<2x2xi32>
      %flat = vector.shape_cast %w : vector<2x2xi32> to vector<4xi32>
      %mix = vector.shuffle %flat, %row [3, 0, 4, 5] : vector<4xi32>, vector<2xi32>
      %halves = vector.bitcast %mix : vector<4xi32> to vector<8xi16>
      %part = vector.extract_strided_slice %halves {offsets = [2], sizes = [4], strides = [1]} : vector<8xi16> to vector<4xi16>
      %words = vector.bitcast %part : vector<4xi16> to vector<2xi32>
      %zero = arith.constant dense<9> : vector<4xi32>
      %tail = vector.insert_strided_slice %words, %zero {offsets = [1], strides = [1]} : vector<2xi32> into vector<4xi32>
      vector.store %mix, %out[%at] : memref<?xi32, #global>, vector<4xi32>
      %c4 = arith.constant 4 : index
      %next = arith.addi %at, %c4 : index
      vector.store %tail, %out[%next] : memref<?xi32, #global>, vector<4xi32>)");
  ASSERT_EQ(kernel.run({}, {out.argument()}), "");
  const uint32_t expected[] = {4, 2, 3, 4, 9, 2, 3, 9};
  for (unsigned i = 0; i < 256; ++i)
    EXPECT_EQ(out[i], expected[i % 8]) << i;
}

TEST(EmulatorArith, DivisionByZeroNamesTheLane) {
  DeviceBuffer<uint32_t> out(32);
  TestKernel kernel("%out: memref<?xindex, #global>", R"(
      %i = gpu.lane_id
      %c5 = arith.constant 5 : index
      %d = arith.subi %i, %c5 : index
      %q = arith.divui %c5, %d : index loc("division"))");
  EXPECT_EQ(kernel.run({}, {out.argument()}),
            "'arith.divui' (loc(\"division\")): block (0, 0, 0), warp 0, lane 5: divides by zero");
}

TEST(EmulatorArith, UnknownOperationIsNamed) {
  TestKernel kernel("%x: f32", "%y = math.erf %x : f32");
  EXPECT_EQ(kernel.diagnostics(), "operation 'math.erf' is not known to the emulator");
}

} // namespace
