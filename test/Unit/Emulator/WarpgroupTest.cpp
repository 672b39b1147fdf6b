//===- WarpgroupTest.cpp - Products of warpgroups against a plain model ---===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model places B's elements by (column, k), as the PTX ISA draws them, and A's and the sums' by
// (row, column): the other way round than the emulator, which goes from descriptors and registers.
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

/// Where B's elements are: bytes.
struct Layout {
  unsigned tiles, leading, stride, step, swizzle = 0;

  unsigned offset(unsigned column, unsigned k) const {
    unsigned block = k / 16, inBlock = k % 16, row = column % 8;
    if (swizzle == 0)
      return block * step + column / 8 * stride + inBlock / 8 * leading + row * 16 + k % 8 * 2;
    // Blocks side by side in a column's bytes, or each in tiles of its own.
    bool isBeside = step < swizzle;
    unsigned chunk = (isBeside ? k / 8 : inBlock / 8) % (swizzle / 16);
    // A period of the pattern is 8 rows of `swizzle` bytes: 128 bytes share one.
    unsigned period = row * swizzle / 128;
    unsigned tile = column / 8 * stride + (isBeside ? 0 : block * step);
    return tile + row * swizzle + (chunk ^ period % (swizzle / 16)) * 16 + k % 8 * 2;
  }
  std::string text() const {
    return "leading " + std::to_string(leading) + " stride " + std::to_string(stride) +
           " block_stride " + std::to_string(step) +
           (swizzle ? " swizzle " + std::to_string(swizzle) : "");
  }
};

/// Four warps copy B to shared memory, multiply once, wait, and store their sums.
std::string kernelText(const Layout &layout, const std::string &type) {
  std::string sums, stores;
  for (unsigned i = 0; i < layout.tiles; ++i) {
    std::string n = std::to_string(i);
    sums += (i ? ", %zero" : "%zero");
    stores += "%o" + n + " = arith.constant " + std::to_string(4 * i) + " : index\n%p" + n +
              " = arith.addi %out, %o" + n + " : index\n%f" + n + " = vector.shape_cast %done#" +
              n + " : vector<2x2xf32> to vector<4xf32>\nvector.store %f" + n + ", %d[%p" + n +
              "] : memref<?xf32, #global>, vector<4xf32>\n";
  }
  std::string tiles = std::to_string(layout.tiles), fragments;
  for (unsigned r = 0; r < 4; ++r) {
    std::string n = std::to_string(r);
    fragments += "%ar" + n + " = arith.constant " + std::to_string(4 * r) + " : index\n%aa" + n +
                 " = arith.addi %ai, %ar" + n + " : index\n%r" + n + " = vector.load %a[%aa" + n +
                 "] : memref<?xi32, #global>, vector<4xi32>\n";
  }
  return R"(
    %i = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c128 = arith.constant 128 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][%words] : memref<?xi8, #shared> to memref<?xi32, #shared>
    scf.for %w = %i to %words step %c128 {
      %x = memref.load %b[%w] : memref<?xi32, #global>
      memref.store %x, %t[%w] : memref<?xi32, #shared> loc("fill")
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %ai = arith.muli %i, %c16 : index
)" + fragments +
         "%s:" + tiles + " = uwt.warpgroup_mma " + type + " (%r0, %r1, %r2, %r3), %t[%c0] " +
         layout.text() + " accumulators (" + sums +
         ") : memref<?xi32, #shared> loc(\"multiply\")\n%done:" + tiles +
         " = uwt.warpgroup_wait 0 accumulators (%s" + (layout.tiles > 1 ? "#0" : "") +
         [&] {
           std::string more;
           for (unsigned i = 1; i < layout.tiles; ++i)
             more += ", %s#" + std::to_string(i);
           more += " : vector<2x2xf32>";
           for (unsigned i = 1; i < layout.tiles; ++i)
             more += ", vector<2x2xf32>";
           return more;
         }() +
         ") loc(\"wait\")\n%per = arith.constant " + std::to_string(4 * layout.tiles) +
         " : index\n%out = arith.muli %i, %per : index\n" + stores;
}

constexpr unsigned rows = 64, depth = 64;

/// Operands of small integers, placed.
struct Operands {
  Operands(const Layout &layout, bool isBf16)
      : columns(8 * layout.tiles), words((layout.offset(columns - 1, depth - 1) + 2 + 1023) / 4),
        a(128 * 16), b(words), d(128 * 4 * layout.tiles) {
    std::mt19937 random(columns + layout.swizzle);
    auto small = [&] { return int(random() % 17) - 8; };
    std::vector<int> left(rows * depth), right(depth * columns);
    for (unsigned r = 0; r < rows; ++r)
      for (unsigned k = 0; k < depth; ++k) {
        int value = left[r * depth + k] = small();
        unsigned thread = r / 16 * 32 + r % 8 * 4 + k % 8 / 2;
        unsigned word = (r % 16 / 8 + k % 16 / 8 * 2) * 4 + k / 16;
        a[thread * 16 + word] |= uint32_t(halfWord(value, isBf16)) << (k % 2 * 16);
      }
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned n = 0; n < columns; ++n) {
        int value = right[k * columns + n] = small();
        unsigned byte = layout.offset(n, k);
        b[byte / 4] |= uint32_t(halfWord(value, isBf16)) << (byte % 4 * 8);
      }
    for (unsigned r = 0; r < rows; ++r)
      for (unsigned n = 0; n < columns; ++n) {
        int sum = 0;
        for (unsigned k = 0; k < depth; ++k)
          sum += left[r * depth + k] * right[k * columns + n];
        unsigned thread = r / 16 * 32 + r % 8 * 4 + n % 8 / 2;
        expected.resize(d.size());
        expected[thread * 4 * layout.tiles + n / 8 * 4 + r % 16 / 8 * 2 + n % 2] = float(sum);
      }
  }
  std::string run(TestKernel &kernel, uint64_t seed = 0) {
    return kernel.run({{1, 1, 1}, {128, 1, 1}, words * 4},
                      {a.constant(), b.constant(), d.argument(), EmulatedArgument::integer(words)},
                      seed);
  }
  unsigned columns;
  uint64_t words;
  DeviceBuffer<uint32_t> a, b;
  DeviceBuffer<float> d;
  std::vector<float> expected;
};

constexpr const char *arguments = "%a: memref<?xi32, #global>, %b: memref<?xi32, #global>, "
                                  "%d: memref<?xf32, #global>, %words: index";

void expectProduct(const Layout &layout, bool isBf16) {
  SCOPED_TRACE(std::to_string(8 * layout.tiles) + " columns, " + layout.text());
  TestKernel kernel(arguments, kernelText(layout, isBf16 ? "bf16" : "f16"));
  Operands operands(layout, isBf16);
  ASSERT_EQ(operands.run(kernel), "");
  EXPECT_EQ(std::vector<float>(operands.d.data(), operands.d.data() + operands.d.size()),
            operands.expected);
  EXPECT_EQ(kernel.counters().matrix, 16u);
}

TEST(EmulatorWarpgroup, ProductsOfEachWidth) {
  for (unsigned tiles = 1; tiles <= 32; ++tiles)
    expectProduct({tiles, 128, 256, 256 * tiles}, tiles % 2 == 0);
  // The other order: all of the first values of k, then the others.
  for (unsigned tiles : {1, 5, 32})
    expectProduct({tiles, 128 * tiles, 128, 256 * tiles}, true);
}

TEST(EmulatorWarpgroup, ProductsOfEachSwizzle) {
  for (unsigned tiles : {1, 3, 8, 32}) {
    expectProduct({tiles, 0, 1024, 32, 128}, true);
    expectProduct({tiles, 0, 512, 512 * tiles, 64}, true);
    expectProduct({tiles, 0, 256, 256 * tiles, 32}, false);
  }
}

constexpr Layout small{2, 128, 256, 512};

/// The first error that some seed finds, of the kernel with `from` replaced.
std::string mutated(const std::string &from, const std::string &to) {
  TestKernel kernel(arguments, replaced(kernelText(small, "bf16"), from, to));
  std::string message;
  for (uint64_t seed = 0; seed < 8 && message.empty(); ++seed)
    message = Operands(small, true).run(kernel, seed);
  return message;
}

TEST(EmulatorWarpgroup, MissingWaitIsFound) {
  TestKernel kernel(arguments, replaced(kernelText(small, "bf16"),
                                        "%done:2 = uwt.warpgroup_wait 0 accumulators (%s#0, %s#1 "
                                        ": vector<2x2xf32>, vector<2x2xf32>)",
                                        "%yes = arith.constant true\n"
                                        "%done:2 = scf.if %yes -> (vector<2x2xf32>, "
                                        "vector<2x2xf32>) {\nscf.yield %s#0, %s#1 : "
                                        "vector<2x2xf32>, vector<2x2xf32>\n} else {\nscf.yield "
                                        "%zero, %zero : vector<2x2xf32>, vector<2x2xf32>\n}"));
  EXPECT_EQ(kernel.diagnostics(),
            "uses accumulators of matrix products that may be under way: take them "
            "from uwt.warpgroup_wait");
}

TEST(EmulatorWarpgroup, MissingWaitForBytesIsFound) {
  TestKernel kernel(arguments, R"(
    %c0 = arith.constant 0 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][%words] : memref<?xi8, #shared> to memref<?xi32, #shared>
    %r = vector.load %a[%c0] : memref<?xi32, #global>, vector<4xi32>
    %s = uwt.warpgroup_mma_bytes (%r, %r), %t[%c0] leading 128 stride 256 block_stride 256
        : memref<?xi32, #shared> -> vector<2x2xi32>
    %flat = vector.shape_cast %s : vector<2x2xi32> to vector<4xi32>
)");
  EXPECT_EQ(kernel.diagnostics(),
            "uses accumulators of matrix products that may be under way: take them "
            "from uwt.warpgroup_wait");
}

TEST(EmulatorWarpgroup, WaitForAGroupTooFewIsFound) {
  EXPECT_THAT(
      mutated("warpgroup_wait 0", "warpgroup_wait 1"),
      HasSubstr("lane 0: takes accumulators of group 0 of its products, but may leave 1 of 1 "
                "groups under way"));
}

TEST(EmulatorWarpgroup, WriteUnderAProductIsFound) {
  EXPECT_THAT(mutated("%done:2 =", "gpu.barrier\n%x = memref.load %b[%i] : memref<?xi32, #global>\n"
                                   "memref.store %x, %t[%i] : memref<?xi32, #shared> "
                                   "loc(\"early\")\n%done:2 ="),
              AllOf(HasSubstr("'memref.store' (loc(\"early\"))"),
                    HasSubstr("that 'uwt.warpgroup_mma' (loc(\"multiply\")) of warp "),
                    HasSubstr(" reads, without a wait for group 0 of its products")));
}

TEST(EmulatorWarpgroup, MissingProxyFenceIsFound) {
  EXPECT_THAT(mutated("nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = "
                      "#nvvm.shared_space<cta>}",
                      ""),
              AllOf(HasSubstr("'uwt.warpgroup_mma' (loc(\"multiply\"))"),
                    HasSubstr("multiplies bytes [0, 16) of dynamic shared memory that "
                              "'memref.store' (loc(\"fill\")) of warp 0 writes, with no proxy "
                              "fence (nvvm.fence.proxy) between the two")));
}

TEST(EmulatorWarpgroup, MissingBarrierIsFound) {
  EXPECT_THAT(mutated("gpu.barrier", ""), HasSubstr("with no barrier between the two"));
}

TEST(EmulatorWarpgroup, AbsentWarpIsNamed) {
  std::string text = kernelText(small, "bf16");
  size_t begin = text.find("%zero ="), end = text.size();
  TestKernel kernel(arguments,
                    text.substr(0, begin) +
                        "%c96 = arith.constant 96 : index\n"
                        "%isHere = arith.cmpi ult, %i, %c96 : index\nscf.if %isHere {\n" +
                        text.substr(begin, end - begin) + "}\n");
  EXPECT_THAT(
      Operands(small, true).run(kernel),
      HasSubstr("deadlock: warp 0 waits at 'uwt.warpgroup_mma' (loc(\"multiply\")) for warp "
                "3; warp 1 waits"));
}

TEST(EmulatorWarpgroup, WrongDescriptorsAreFound) {
  EXPECT_THAT(mutated("stride 256", "stride 16384"), HasSubstr("multiplies bytes [16384, 16400)"));
  EXPECT_THAT(mutated("%t[%c0] leading", "%t[%i] leading"), HasSubstr("which must begin at a"));
  EXPECT_THAT(
      mutated("%t[%c0] leading", "%t[%ai] leading"),
      HasSubstr("lane 1: multiplies by a matrix at byte 64, but warp 0, lane 0, at byte 0"));
}

TEST(EmulatorWarpgroup, EndUnderAProductIsFound) {
  TestKernel kernel(arguments,
                    kernelText(small, "bf16").substr(0, kernelText(small, "bf16").find("%done:2")));
  EXPECT_THAT(Operands(small, true).run(kernel),
              HasSubstr("ends while 1 group(s) of its products may be under way: wait for them "
                        "(uwt.warpgroup_wait 0)"));
}

} // namespace
