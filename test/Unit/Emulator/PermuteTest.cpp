//===- PermuteTest.cpp - Byte permutations and funnel shifts --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

/// out[tid] = op(a[tid], b[tid], c[tid]).
std::string permuteText(const std::string &op) {
  std::string load, memref = "memref<?xi32, #global>";
  for (const char *name : {"a", "b", "c"})
    load += std::string("%v") + name + " = memref.load %" + name + "[%i] : " + memref + "\n";
  return "%i = gpu.thread_id x\n" + load + "%z = " + op + "\nmemref.store %z, %out[%i] : " + memref;
}
const std::string permuteArguments = "%a: memref<?xi32, #global>, %b: memref<?xi32, #global>, "
                                     "%c: memref<?xi32, #global>, %out: memref<?xi32, #global>";

struct PermuteOperands {
  static constexpr unsigned threads = 64;
  DeviceBuffer<int32_t> a{threads}, b{threads}, c{threads}, out{threads};

  PermuteOperands() {
    std::mt19937 random(5);
    for (unsigned i = 0; i < threads; ++i)
      a[i] = int32_t(random()), b[i] = int32_t(random()), c[i] = int32_t(random());
  }
  std::string run(TestKernel &kernel) {
    return kernel.run({{1, 1, 1}, {threads, 1, 1}},
                      {a.constant(), b.constant(), c.constant(), out.argument()});
  }
};

TEST(PermuteTest, NibblesChooseBytesAndSigns) {
  TestKernel kernel(permuteArguments,
                    permuteText("nvvm.prmt #nvvm.permute_mode<default> %vc, %va, %vb : i32"));
  PermuteOperands operands;
  ASSERT_EQ(operands.run(kernel), "");
  for (unsigned i = 0; i < operands.threads; ++i) {
    uint64_t bytes = uint32_t(operands.a[i]) | uint64_t(uint32_t(operands.b[i])) << 32;
    for (unsigned byte = 0; byte < 4; ++byte) {
      unsigned nibble = uint32_t(operands.c[i]) >> 4 * byte & 15;
      auto chosen = static_cast<uint8_t>(bytes >> 8 * (nibble & 7));
      uint8_t expected = nibble & 8 ? static_cast<uint8_t>(int8_t(chosen) >> 7) : chosen;
      EXPECT_EQ(uint8_t(uint32_t(operands.out[i]) >> 8 * byte), expected) << nibble;
    }
  }
}

TEST(PermuteTest, FunnelShiftsCountFiveBits) {
  TestKernel kernel(permuteArguments,
                    permuteText("llvm.intr.fshr(%va, %vb, %vc) : (i32, i32, i32) -> i32"));
  PermuteOperands operands;
  operands.c[0] = 0;
  operands.c[1] = 32;
  ASSERT_EQ(operands.run(kernel), "");
  for (unsigned i = 0; i < operands.threads; ++i) {
    uint64_t both = uint32_t(operands.b[i]) | uint64_t(uint32_t(operands.a[i])) << 32;
    EXPECT_EQ(uint32_t(operands.out[i]), uint32_t(both >> (operands.c[i] & 31)));
  }
}

} // namespace
