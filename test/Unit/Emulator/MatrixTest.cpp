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
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

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
      pa[lane * 2 * aParts + reg] = halfWord(A[r][c], isBf16);
    }
  for (unsigned r = 0; r < depth; ++r)
    for (unsigned c = 0; c < 8; ++c) {
      B[r][c] = small();
      unsigned lane = c * 4 + r % 8 / 2, reg = r % 2 + (r / 8) * 2;
      pb[lane * 2 * bParts + reg] = halfWord(B[r][c], isBf16);
    }
  auto sumIndex = [](unsigned r, unsigned c) {
    return (r % 8 * 4 + c / 2) * 4 + c % 2 + (r / 8) * 2;
  };
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < 8; ++c)
      pc[sumIndex(r, c)] = C[r][c] = small();
  ASSERT_EQ(kernel.run({}, {pa.constant(), pb.constant(), pc.constant(), pd.argument()}), "");
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < 8; ++c) {
      int sum = C[r][c];
      for (unsigned i = 0; i < depth; ++i)
        sum += A[r][i] * B[i][c];
      EXPECT_EQ(pd[sumIndex(r, c)], float(sum)) << r << ", " << c;
    }
  EXPECT_EQ(kernel.counters().matrix, 1u);
}

TEST(EmulatorMatrix, ProductsOfEachShapeAndType) {
  for (unsigned depth : {8, 16})
    for (bool isBf16 : {false, true})
      expectProduct(depth, isBf16);
}

/// Of bytes with signs; sums wrap around.
TEST(EmulatorMatrix, ProductsOfBytes) {
  constexpr unsigned depth = 32;
  TestKernel kernel("%a: memref<?xi8, #global>, %b: memref<?xi8, #global>, "
                    "%c: memref<?xi32, #global>, %d: memref<?xi32, #global>",
                    R"(
    %i = gpu.lane_id
    %na = arith.constant 16 : index
    %nb = arith.constant 8 : index
    %nc = arith.constant 4 : index
    %pa = arith.muli %i, %na : index
    %pb = arith.muli %i, %nb : index
    %pc = arith.muli %i, %nc : index
    %fa = vector.load %a[%pa] : memref<?xi8, #global>, vector<16xi8>
    %fb = vector.load %b[%pb] : memref<?xi8, #global>, vector<8xi8>
    %fc = vector.load %c[%pc] : memref<?xi32, #global>, vector<4xi32>
    %ma = vector.shape_cast %fa : vector<16xi8> to vector<4x4xi8>
    %mb = vector.shape_cast %fb : vector<8xi8> to vector<2x4xi8>
    %mc = vector.shape_cast %fc : vector<4xi32> to vector<2x2xi32>
    %md = nvgpu.mma.sync (%ma, %mb, %mc) {mmaShape = [16, 8, 32]} : (vector<4x4xi8>, vector<2x4xi8>, vector<2x2xi32>) -> vector<2x2xi32>
    %fd = vector.shape_cast %md : vector<2x2xi32> to vector<4xi32>
    vector.store %fd, %d[%pc] : memref<?xi32, #global>, vector<4xi32>
)");
  std::mt19937 random(depth);
  std::vector<std::vector<int8_t>> A(16, std::vector<int8_t>(depth)),
      B(depth, std::vector<int8_t>(8));
  DeviceBuffer<int8_t> pa(512), pb(256);
  DeviceBuffer<int32_t> pc(128), pd(128);
  // PTX ISA, "Matrix Fragments for mma.m16n8k32".
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned k = 0; k < depth; ++k)
      pa[(r % 8 * 4 + k % 16 / 4) * 16 + k / 16 * 8 + r / 8 * 4 + k % 4] = A[r][k] =
          static_cast<int8_t>(random());
  for (unsigned k = 0; k < depth; ++k)
    for (unsigned c = 0; c < 8; ++c)
      pb[(c * 4 + k % 16 / 4) * 8 + k / 16 * 4 + k % 4] = B[k][c] = static_cast<int8_t>(random());
  for (unsigned i = 0; i < 128; ++i)
    pc[i] = i % 2 == 0 ? int32_t(random() % 1000) : std::numeric_limits<int32_t>::max();
  ASSERT_EQ(kernel.run({}, {pa.constant(), pb.constant(), pc.constant(), pd.argument()}), "");
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned c = 0; c < 8; ++c) {
      unsigned at = (r % 8 * 4 + c / 2) * 4 + r / 8 * 2 + c % 2;
      auto sum = static_cast<uint32_t>(pc[at]);
      for (unsigned k = 0; k < depth; ++k)
        sum += static_cast<uint32_t>(A[r][k] * B[k][c]);
      EXPECT_EQ(pd[at], static_cast<int32_t>(sum)) << r << ", " << c;
    }
}

TEST(EmulatorMatrix, UnknownShapeIsRefused) {
  TestKernel kernel("", R"(
    %a = arith.constant dense<0> : vector<2x4xi8>
    %b = arith.constant dense<0> : vector<1x4xi8>
    %c = arith.constant dense<0> : vector<2x2xi32>
    %d = nvgpu.mma.sync (%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<2x4xi8>, vector<1x4xi8>, vector<2x2xi32>) -> vector<2x2xi32>)");
  EXPECT_EQ(kernel.diagnostics(),
            "this shape or type is not known to the emulator: it takes m16n8k16 and m16n8k8 of "
            "bf16 or f16 with accumulators in f32, and m16n8k32 of i8 with accumulators in i32");
}

/// Shared memory of 32 rows of 128 bytes, of which the first `units` of 16 bytes are filled, and
/// tiles read from where each lane says: row and first column, in elements.
struct TileReader {
  std::string type;
  unsigned bits, tiles;
  bool transpose = false;
  unsigned units = 256;
  DeviceBuffer<uint8_t> in{4096}, out{1024};
  DeviceBuffer<uint32_t> rows{32}, columns{32};

  TileReader(std::string type, unsigned bits, unsigned tiles, bool transpose = false)
      : type(std::move(type)), bits(bits), tiles(tiles), transpose(transpose) {
    for (unsigned i = 0; i < in.size(); ++i)
      in[i] = i * 37 + i / 256;
    setAddresses(false);
  }
  /// Tile i in chunk 2 i of its eight rows, or where a swizzle of 128 bytes puts that. Other lanes
  /// say nonsense.
  void setAddresses(bool isSwizzled) {
    for (unsigned l = 0; l < 32; ++l) {
      unsigned chunk = isSwizzled ? 2 * (l / 8) ^ l % 8 : 2 * (l / 8);
      rows[l] = l < 8 * tiles ? l : 1000;
      columns[l] = l < 8 * tiles ? chunk * 128 / bits : 3;
    }
  }
  std::string body() const;
  std::string arguments() const {
    return "%in: memref<?xi32, #global>, %rows: memref<?xi32, #global>, "
           "%columns: memref<?xi32, #global>, %out: memref<?x" +
           type + ", #global>";
  }
  std::string run(TestKernel &kernel, unsigned threads = 32) {
    return kernel.run({{1, 1, 1}, {threads, 1, 1}, 4096},
                      {in.constant(), rows.constant(), columns.constant(), out.argument()});
  }
  /// The error of a kernel in which `from` is `to`.
  std::string runWith(const std::string &from, const std::string &to, unsigned threads = 32) {
    TestKernel kernel(arguments(), replaced(body(), from, to));
    return run(kernel, threads);
  }
  std::string run() {
    TestKernel kernel(arguments(), body());
    return run(kernel);
  }
};

std::string TileReader::body() const {
  const std::string part = std::to_string(32 / bits), count = std::to_string(tiles);
  const std::string memory = "memref<32x" + std::to_string(1024 / bits) + "x" + type + ", #shared>";
  const std::string tile = "vector<" + count + "x" + part + "x" + type + ">";
  const std::string flat = "vector<" + std::to_string(tiles * 32 / bits) + "x" + type + ">";
  return R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %thread = gpu.thread_id x
    %threads = gpu.block_dim x
    %units = arith.constant )" +
         std::to_string(units) + R"( : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %words = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<1024xi32, #shared>
    scf.for %unit = %thread to %units step %threads {
      %at = arith.muli %unit, %c4 : index
      %v = vector.load %in[%at] : memref<?xi32, #global>, vector<4xi32>
      vector.store %v, %words[%at] : memref<1024xi32, #shared>, vector<4xi32>
    }
    gpu.barrier
    %rowWord = memref.load %rows[%i] : memref<?xi32, #global>
    %columnWord = memref.load %columns[%i] : memref<?xi32, #global>
    %r = arith.index_cast %rowWord : i32 to index
    %c = arith.index_cast %columnWord : i32 to index
    %t = memref.view %all[%c0][] : memref<?xi8, #shared> to )" +
         memory + R"(
    %m = nvgpu.ldmatrix %t[%r, %c] {numTiles = )" +
         count + " : i32, transpose = " + (transpose ? "true" : "false") + "} : " + memory +
         " -> " + tile + R"( loc("tiles")
    %flat = vector.shape_cast %m : )" +
         tile + " to " + flat + R"(
    %n = arith.constant )" +
         std::to_string(tiles * 32 / bits) + R"( : index
    %to = arith.muli %thread, %n : index
    vector.store %flat, %out[%to] : memref<?x)" +
         type + ", #global>, " + flat + "\n";
}

/// A byte of a row goes to byte b % 4 of a register of lane 4 row + b / 4; transposed, halves of
/// words change row and column.
void expectTiles(TileReader &reader) {
  for (unsigned tile = 0; tile < reader.tiles; ++tile)
    for (unsigned r = 0; r < 8; ++r)
      for (unsigned b = 0; b < 16; ++b) {
        unsigned lane = 8 * tile + r, toRow = r, toByte = b;
        if (reader.transpose)
          toRow = b / 2, toByte = 2 * r + b % 2;
        unsigned from = 128 * reader.rows[lane] + reader.columns[lane] * reader.bits / 8 + b;
        unsigned to = (4 * toRow + toByte / 4) * 4 * reader.tiles + 4 * tile + toByte % 4;
        EXPECT_EQ(reader.out[to], reader.in[from])
            << reader.type << ", tile " << tile << ", row " << r << ", byte " << b;
      }
}

TEST(EmulatorMatrix, LoadedTilesAreFragments) {
  const std::pair<const char *, unsigned> types[] = {{"f16", 16}, {"bf16", 16}, {"i16", 16},
                                                     {"f32", 32}, {"i32", 32},  {"i8", 8}};
  for (auto [type, bits] : types)
    for (unsigned tiles : {1, 2, 4})
      for (bool transpose : {false, true}) {
        if (transpose && bits != 16)
          continue;
        TileReader reader(type, bits, tiles, transpose);
        TestKernel kernel(reader.arguments(), reader.body());
        for (bool isSwizzled : {false, true}) {
          reader.setAddresses(isSwizzled);
          ASSERT_EQ(reader.run(kernel), "") << kernel.diagnostics();
          expectTiles(reader);
          // Eight rows at one chunk of 128 bytes are in the same banks.
          EXPECT_EQ(kernel.counters().bankConflicts, isSwizzled ? 0 : 7 * tiles);
          EXPECT_EQ(kernel.counters().sharedLoadBytes, 128 * tiles);
        }
      }
}

TEST(EmulatorMatrix, RowsOfTilesAreInMemoryAlignedAndWritten) {
  TileReader outside("f16", 16, 4);
  outside.rows[9] = 32;
  EXPECT_EQ(outside.run(),
            "'nvgpu.ldmatrix' (loc(\"tiles\")): block (0, 0, 0), warp 0, lane 9: index 32 of "
            "dimension 0 and 1 element(s) do not fit in its size of 32, in dynamic shared memory");
  TileReader behind("f16", 16, 4);
  behind.columns[31] = 57;
  EXPECT_THAT(behind.run(), testing::HasSubstr("lane 31: index 57 of dimension 1 and 8 element(s) "
                                               "do not fit in its size of 64"));
  TileReader misaligned("bf16", 16, 2);
  misaligned.columns[3] = 4;
  EXPECT_THAT(
      misaligned.run(),
      testing::HasSubstr("lane 3: accesses bytes [392, 408) of dynamic shared memory, which must "
                         "begin at a multiple of 16"));
  TileReader unwritten("i8", 8, 4);
  unwritten.units = 192;
  EXPECT_THAT(unwritten.run(),
              testing::HasSubstr("lane 24: reads bytes [3168, 3184) of dynamic shared "
                                 "memory, which nothing has written"));
}

TEST(EmulatorMatrix, TilesAreReadBehindWhatOrdersThem) {
  TileReader reader("f16", 16, 4);
  // Each of two warps reads what the other one has written.
  EXPECT_EQ(reader.runWith("gpu.barrier", "gpu.barrier", 64), "");
  EXPECT_THAT(reader.runWith("gpu.barrier", "", 64),
              testing::AllOf(testing::HasSubstr("'nvgpu.ldmatrix' (loc(\"tiles\"))"),
                             testing::HasSubstr("with no barrier between the two")));
  const std::string copy = R"(
    %mine = arith.muli %i, %c4 : index
    %copy = nvgpu.device_async_copy %in[%mine], %words[%mine], 4 : memref<?xi32, #global> to memref<1024xi32, #shared>
    %group = nvgpu.device_async_create_group %copy)";
  EXPECT_THAT(reader.runWith("gpu.barrier", "gpu.barrier" + copy),
              testing::HasSubstr("writes, without a wait for group 0 of warp 0"));
  EXPECT_EQ(reader.runWith("gpu.barrier", copy + R"(
    nvgpu.device_async_wait %group {numGroups = 0 : i32}
    gpu.barrier)"),
            "");
}

TEST(EmulatorMatrix, TilesNeedTheWholeWarp) {
  TileReader reader("f16", 16, 1);
  EXPECT_THAT(reader.runWith("gpu.barrier", "gpu.barrier", 16),
              testing::HasSubstr("needs the whole warp; lanes 0xffff0000 are not here"));
  TestKernel divergent("", R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<32x8xf16, #shared>
    %low = arith.cmpi ult, %i, %c8 : index
    scf.if %low {
      %m = nvgpu.ldmatrix %t[%i, %c0] {numTiles = 1 : i32, transpose = false} : memref<32x8xf16, #shared> -> vector<1x2xf16>
    })");
  EXPECT_THAT(divergent.run({{1, 1, 1}, {32, 1, 1}, 512}, {}),
              testing::HasSubstr("needs the whole warp; lanes 0xffffff00 are not here"));
}

TEST(EmulatorMatrix, UnknownTilesAreRefused) {
  EXPECT_EQ(TestKernel(TileReader("f16", 16, 3).arguments(), TileReader("f16", 16, 3).body())
                .diagnostics(),
            "this shape or type is not known to the emulator: it takes 1, 2 or 4 tiles of elements "
            "of 16 bits, or of 8 or 32 bits without transpose");
  TestKernel global("%in: memref<32x8xf16, #global>", R"(
    %c0 = arith.constant 0 : index
    %m = nvgpu.ldmatrix %in[%c0, %c0] {numTiles = 1 : i32, transpose = false} : memref<32x8xf16, #global> -> vector<1x2xf16>)");
  EXPECT_THAT(global.diagnostics(), testing::HasSubstr("srcMemref must have a memory space"));
  // A cast changes the type, not where the memory is.
  TestKernel hidden("%in: memref<32x8xf16, #global>", R"(
    %c0 = arith.constant 0 : index
    %any = memref.memory_space_cast %in : memref<32x8xf16, #global> to memref<32x8xf16>
    %t = memref.memory_space_cast %any : memref<32x8xf16> to memref<32x8xf16, #shared>
    %m = nvgpu.ldmatrix %t[%c0, %c0] {numTiles = 1 : i32, transpose = false} : memref<32x8xf16, #shared> -> vector<1x2xf16>)");
  EXPECT_THAT(hidden.diagnostics(), testing::HasSubstr("reads shared memory, not "));
}

} // namespace
