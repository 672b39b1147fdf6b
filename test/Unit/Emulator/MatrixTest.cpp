//===- MatrixTest.cpp - mma.sync and ldmatrix against plain models --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The models place registers by the PTX ISA's formulas for (row, column) of an element,
// written here a second time and the other way round: from the matrix to lane and register.
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <bit>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

uint16_t encode(int value, bool isBf16) {
  if (isBf16)
    return std::bit_cast<uint32_t>(float(value)) >> 16;
  return std::bit_cast<uint16_t>(_Float16(value));
}

void expectProduct(unsigned depth, bool isBf16) {
  const std::string k = std::to_string(depth), type = isBf16 ? "bf16" : "f16";
  const unsigned aParts = depth / 4, bParts = depth / 8;
  std::string a = "vector<" + std::to_string(aParts) + "x2x" + type + ">";
  std::string b = "vector<" + std::to_string(bParts) + "x2x" + type + ">";
  std::string flatA = "vector<" + std::to_string(2 * aParts) + "x" + type + ">";
  std::string flatB = "vector<" + std::to_string(2 * bParts) + "x" + type + ">";
  std::string memref = "memref<?x" + type + ", #global>";
  TestKernel kernel("%a: " + memref + ", %b: " + memref +
                        ", %c: memref<?xf32, #global>, "
                        "%d: memref<?xf32, #global>",
                    "%i = gpu.lane_id\n"
                    "%na = arith.constant " +
                        std::to_string(2 * aParts) +
                        " : index\n"
                        "%nb = arith.constant " +
                        std::to_string(2 * bParts) +
                        " : index\n"
                        "%nc = arith.constant 4 : index\n"
                        "%pa = arith.muli %i, %na : index\n"
                        "%pb = arith.muli %i, %nb : index\n"
                        "%pc = arith.muli %i, %nc : index\n"
                        "%fa = vector.load %a[%pa] : " +
                        memref + ", " + flatA +
                        "\n"
                        "%fb = vector.load %b[%pb] : " +
                        memref + ", " + flatB +
                        "\n"
                        "%fc = vector.load %c[%pc] : memref<?xf32, #global>, vector<4xf32>\n"
                        "%ma = vector.shape_cast %fa : " +
                        flatA + " to " + a +
                        "\n"
                        "%mb = vector.shape_cast %fb : " +
                        flatB + " to " + b +
                        "\n"
                        "%mc = vector.shape_cast %fc : vector<4xf32> to vector<2x2xf32>\n"
                        "%md = nvgpu.mma.sync (%ma, %mb, %mc) {mmaShape = [16, 8, " +
                        k + "]} : (" + a + ", " + b +
                        ", vector<2x2xf32>) -> vector<2x2xf32>\n"
                        "%fd = vector.shape_cast %md : vector<2x2xf32> to vector<4xf32>\n"
                        "vector.store %fd, %d[%pc] : memref<?xf32, #global>, vector<4xf32>\n");
  std::mt19937 random(depth);
  auto small = [&] { return int(random() % 17) - 8; };
  std::vector<std::vector<int>> A(16, std::vector<int>(depth)), B(depth, std::vector<int>(8)),
      C(16, std::vector<int>(8));
  DeviceBuffer<uint16_t> pa(32 * 2 * aParts), pb(32 * 2 * bParts);
  DeviceBuffer<float> pc(128), pd(128);
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < depth; ++c) {
      A[r][c] = small();
      // Lane by row within 8 and pair of columns within 8; register by halves.
      unsigned lane = r % 8 * 4 + c % 8 / 2, reg = c % 2 + (r / 8) * 2 + (c / 8) * 4;
      pa[lane * 2 * aParts + reg] = encode(A[r][c], isBf16);
    }
  for (unsigned r = 0; r < depth; ++r)
    for (unsigned c = 0; c < 8; ++c) {
      B[r][c] = small();
      unsigned lane = c * 4 + r % 8 / 2, reg = r % 2 + (r / 8) * 2;
      pb[lane * 2 * bParts + reg] = encode(B[r][c], isBf16);
    }
  auto sumPlace = [](unsigned r, unsigned c) {
    return (r % 8 * 4 + c / 2) * 4 + c % 2 + (r / 8) * 2;
  };
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < 8; ++c)
      pc[sumPlace(r, c)] = C[r][c] = small();
  ASSERT_EQ(kernel.run({}, {pa.constant(), pb.constant(), pc.constant(), pd.argument()}), "");
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < 8; ++c) {
      int sum = C[r][c];
      for (unsigned i = 0; i < depth; ++i)
        sum += A[r][i] * B[i][c];
      EXPECT_EQ(pd[sumPlace(r, c)], float(sum)) << r << ", " << c;
    }
  EXPECT_EQ(kernel.counters().matrix, 1u);
}

TEST(EmulatorMatrix, ProductsOfEachShapeAndType) {
  for (unsigned depth : {8, 16})
    for (bool isBf16 : {false, true})
      expectProduct(depth, isBf16);
}

TEST(EmulatorMatrix, UnknownShapeIsRefused) {
  TestKernel kernel("", R"(
    %a = arith.constant dense<0> : vector<4x4xi8>
    %b = arith.constant dense<0> : vector<2x4xi8>
    %c = arith.constant dense<0> : vector<2x2xi32>
    %d = nvgpu.mma.sync (%a, %b, %c) {mmaShape = [16, 8, 32]} : (vector<4x4xi8>, vector<2x4xi8>, vector<2x2xi32>) -> vector<2x2xi32>)");
  EXPECT_EQ(kernel.diagnostics(),
            "this shape or type is not known to the emulator: it takes m16n8k16 and m16n8k8 of "
            "bf16 or f16 with sums in f32");
}

/// Loads four tiles of 8 × 8 from a 32 × 8 matrix whose elements are their numbers.
std::vector<uint16_t> loadTiles(bool transpose) {
  TestKernel kernel("%in: memref<?xi16, #global>, %out: memref<?xi16, #global>",
                    R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<32x8xi16, #shared>
    %at = arith.muli %i, %c8 : index
    %row = vector.load %in[%at] : memref<?xi16, #global>, vector<8xi16>
    vector.store %row, %t[%i, %c0] : memref<32x8xi16, #shared>, vector<8xi16>
    gpu.barrier
    %m = nvgpu.ldmatrix %t[%i, %c0] {numTiles = 4 : i32, transpose = )" +
                        std::string(transpose ? "true" : "false") + R"(} :
        memref<32x8xi16, #shared> -> vector<4x2xi16>
    %flat = vector.shape_cast %m : vector<4x2xi16> to vector<8xi16>
    vector.store %flat, %out[%at] : memref<?xi16, #global>, vector<8xi16>)");
  DeviceBuffer<uint16_t> in(256), out(256);
  for (unsigned i = 0; i < 256; ++i)
    in[i] = i;
  EXPECT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 512}, {in.constant(), out.argument()}), "");
  EXPECT_EQ(kernel.counters().bankConflicts, 0u);
  return {out.data(), out.data() + 256};
}

TEST(EmulatorMatrix, LoadedTilesAreFragments) {
  for (bool transpose : {false, true}) {
    std::vector<uint16_t> out = loadTiles(transpose);
    for (unsigned tile = 0; tile < 4; ++tile)
      for (unsigned r = 0; r < 8; ++r)
        for (unsigned c = 0; c < 8; ++c) {
          // Element (r, c) of a fragment is register c % 2 of lane 4 r + c / 2.
          uint16_t got = out[(4 * r + c / 2) * 8 + tile * 2 + c % 2];
          EXPECT_EQ(got, tile * 64 + (transpose ? c * 8 + r : r * 8 + c));
        }
  }
}

} // namespace
