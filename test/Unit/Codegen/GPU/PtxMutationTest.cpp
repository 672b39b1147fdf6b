//===- PtxMutationTest.cpp - What is wrong with PTX is found --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The PTX of kernels with one thing wrong that NVPTX or an assembly string of ours could do. Each
// is run with some seeds, of which one has to find it, with a message that names the cause.
//
//===----------------------------------------------------------------------===//

#include "MutationTesting.h"
#include <gtest/gtest.h>
#include <regex>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr Subject fourBitsSkinny{"four_bits", fourBits, "sm_90a", {130, 640, 5}};

/// `pattern`, wherever it is, becomes `text`.
struct PtxMutation {
  const char *name;
  const char *pattern, *text;
  /// One of these has to be in the message.
  std::vector<const char *> causes;
  std::vector<Subject> subjects;
};

const std::vector<PtxMutation> &ptxMutations() {
  const std::vector<Subject> handOffs = {rawSkinny, inplaceSkinny, inplaceAmpere, exponents,
                                         inplaceWarpgroups};
  static const std::vector<PtxMutation> all = {
      {"HandOffRelaxed",
       R"(atom\.acq_rel\.gpu)",
       "atom.relaxed.gpu",
       {"it is relaxed, or its scope is too narrow"},
       handOffs},
      {"HandOffWithinTheBlock",
       R"(atom\.acq_rel\.gpu)",
       "atom.acq_rel.cta",
       {"their scopes do not reach each other"},
       handOffs},
      {"HandOffWithoutRelease",
       R"(atom\.acq_rel\.gpu)",
       "atom.acquire.gpu",
       {"and nothing orders the two"},
       handOffs},
      {"HandOffWithoutAcquire",
       R"(atom\.acq_rel\.gpu)",
       "atom.release.gpu",
       {"and nothing orders the two"},
       handOffs},
      // The barriers of a warp around the hand-off, and all others.
      {"WarpBarriersRemoved",
       R"(bar\.warp\.sync[^;]*;)",
       "",
       {"and nothing orders the two", "with no barrier between the two"},
       handOffs},
      {"InitialisationNotFenced",
       R"(fence\.mbarrier_init\.release\.cluster;)",
       "",
       // In a cluster nothing else says that a barrier has been initialised.
       {"no fence.mbarrier_init", "initialises, with no barrier between the two"},
       {rawSkinny, inplaceSkinny, fourBitsSkinny, inplaceWarpgroups}},
      {"ExpectsSixteenBytesMore",
       R"((mbarrier\.arrive\.expect_tx\.shared\.b64\s+\S+\s+\[[^\]]*\],\s*)(%r\d+);)",
       "{ .reg .b32 more; add.s32 more, $2, 16; $1 more; }",
       {"deadlock"},
       {rawSkinny, inplaceSkinny, fourBitsSkinny, inplaceWarpgroups}},
      {"RowsOfAExchanged",
       R"((mma\.sync\S+\s*\{[^}]*\},\s*\{\s*%r\d+,\s*)(%r\d+),\s*(%r\d+))",
       "$1$3, $2",
       {"from PTX"},
       {rawSkinny, inplaceSkinny, fourBitsSkinny, inplaceAmpere}},
      {"DescriptorOffByOneBit",
       R"(wgmma\.mma_async)",
       "xor.b64 matrix, matrix, 0x10000; wgmma.mma_async",
       {"from PTX", "which nothing has written", "without a wait"},
       {rawWarpgroups, inplaceWarpgroups, windowWarpgroups}},
  };
  return all;
}

void expectFound(const PtxMutation &mutation, const Subject &subject) {
  SCOPED_TRACE(std::string(mutation.name) + " of " + subject.name);
  KernelPins pins = subject.pins();
  // Clusters are those that rules choose.
  pins.cluster = 0;
  pins.needsPtx = true;
  const Shape &shape = subject.shape;
  Product product(subject.format(), shape, pins);
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 1, 300),
                        x = drawWeights(shape.m * shape.columns, 2, 1 << 30);
  std::string changed =
      std::regex_replace(product.ptx(), std::regex(mutation.pattern), mutation.text);
  ASSERT_NE(changed, product.ptx()) << "nothing was changed";
  ASSERT_EQ(product.setPtx(changed), "");
  std::string message;
  for (uint64_t seed = 1; seed <= 12 && message.empty(); ++seed)
    if (auto y = product.run(w, x, 4, seed); !y)
      message = y.error().message();
  EXPECT_TRUE(std::ranges::any_of(mutation.causes, [&](const char *cause) {
    return message.find(cause) != std::string::npos;
  })) << (message.empty() ? "no seed finds it" : message);
  ::testing::Test::RecordProperty(subject.name, message);
}

class PtxMutationTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(PtxMutationTest, IsFound) {
  const PtxMutation &mutation = ptxMutations()[GetParam()];
  for (const Subject &subject : mutation.subjects)
    expectFound(mutation, subject);
}

INSTANTIATE_TEST_SUITE_P(Kernels, PtxMutationTest, ::testing::Range(0U, 9U), [](const auto &info) {
  return std::string(ptxMutations()[info.param].name);
});

} // namespace
