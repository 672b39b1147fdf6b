//===- GoldenTest.cpp - Files of the packers that users have --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, DecodesToThePackersOwnBits) {
  std::string folder = goldenFolder(GetParam());
  OpenedCheckpoint opened(folder + "/model.safetensors");
  const ImportedWeight *weight = opened.weight();
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->refusal, "");
  EXPECT_EQ(spelled(*weight), weight->format);
  EXPECT_EQ(opened.weights.all().size(), 1u);
  std::vector<TestTensor> expected = tensorsOf(folder + "/expected.safetensors");
  ASSERT_EQ(expected.size(), 1u);
  EXPECT_EQ(weight->shape, expected[0].shape);
  std::optional<ElementType> type = elementTypeFromSafetensors(expected[0].dtype);
  ASSERT_TRUE(type);
  for (unsigned threads : {1u, 3u}) {
    Expected<Bytes> bytes = decoded(*weight, *type, threads);
    ASSERT_TRUE(holds(bytes));
    ASSERT_EQ(bytes->size(), expected[0].bytes.size());
    auto [own, theirs] = std::ranges::mismatch(*bytes, expected[0].bytes);
    EXPECT_EQ(own, bytes->end()) << "byte " << own - bytes->begin() << " of " << weight->format;
  }
}

// choice-5
TEST_P(GoldenTest, ACastLeavesItsValues) {
  std::string golden = goldenFolder(GetParam());
  TemporaryFolder folder;
  for (const char *name : {"model.safetensors", "config.json", "quantize_config.json"})
    if (std::filesystem::exists(golden + "/" + name))
      std::filesystem::copy(golden + "/" + name, folder / name);
  CheckpointOptions options;
  options.compress.threads = 1;
  options.compress.castToBF16 = options.compress.castVectors = true;
  ASSERT_TRUE(holds(keepQuantizedParts(folder.path, options.compress)));
  TemporaryFolder other;
  ASSERT_TRUE(holds(compress(folder.path, other / "cast", options)));
  OpenedCheckpoint opened(other / "cast/model.uwt.safetensors");
  ASSERT_NE(opened.weight(), nullptr);
  std::vector<TestTensor> expected = tensorsOf(golden + "/expected.safetensors");
  Expected<Bytes> bytes =
      decoded(*opened.weight(), *elementTypeFromSafetensors(expected[0].dtype), 1);
  ASSERT_TRUE(holds(bytes));
  EXPECT_TRUE(*bytes == expected[0].bytes);
}

TEST(ImportedWeightsTest, WhatNoRecipeReadsIsNotCast) {
  CompressOptions options;
  options.castToBF16 = true;
  TemporaryFolder folder;
  EditedCheckpoint edited("gptq-b4-g128");
  edited.replaceInConfig("gptq", "quip");
  std::string path = edited.write(folder);
  EXPECT_THAT(messageOf(keepQuantizedParts(path, options)), HasSubstr("a cast could round"));
  EXPECT_FALSE(options.quantizedParts);
  // Not even where nobody has asked.
  CheckpointOptions whole;
  whole.compress.castToBF16 = true;
  EXPECT_THAT(messageOf(compress(path, path + "-cast", whole)),
              HasSubstr("says that the model is quantised"));
}

INSTANTIATE_TEST_SUITE_P(Packers, GoldenTest, testing::ValuesIn(goldenNames()), goldenTestName);

TEST(ImportedWeightsTest, SayWhatTheyAre) {
  const std::pair<const char *, const char *> formats[] = {
      {"gptq-b4-g128", "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}"},
      {"awq-gemm-g32", "uint<4>, zero={1x32, uint<4>}, scale={1x32, f16}"},
      {"ct-int4-g128", "uint<4>, zero=8, scale={1x128, bf16}"},
      {"ct-int8-channel", "uint<8>, zero=128, scale={row, bf16}"},
      {"ct-fp8-block", "f8E4M3FN, scale={128x128, bf16}"},
      {"ct-mxfp4", "f4E2M1FN, scale={1x32, f8E8M0FNU}"},
      {"ct-nvfp4", "f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}"},
      {"modelopt-nvfp4", "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}"},
      {"bnb-nf4", "table<4>, scale={1x64, f32}"},
      {"bnb-int8", "int<8>, scale={row, f32}, factor=1/127"},
      {"ct-int4-g-idx", "uint<4>, zero=8, scale={1x64, bf16}, order=k"},
      {"gptq-b2-g-idx", "uint<2>, zero={1x64, uint<2>}, scale={1x64, f16}, order=k"},
      {"fp8-block", "f8E4M3FN, scale={32x64, f32}"},
      {"awq-gemv-g64", "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}"},
      {"awq-gemv-fast-g128", "uint<4>, scale={1x128, f16}, offset={1x128, f16}"},
      {"marlin-g128", "uint<4>, zero=8, scale={1x128, f16}"},
      {"marlin-channel", "uint<4>, zero=8, scale={row, f16}"},
      {"marlin-awq", "uint<4>, zero=8, scale={1x128, f16}"},
      {"hqq-b4-g64", "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16"},
      {"hqq-b4-axis0", "uint<4>, zero={stride<768>, f16}, scale={stride<768>, f16}, math=f16"},
      {"hqq-b4-flat", "uint<4>, zero={flat<128>, bf16}, scale={flat<128>, bf16}, math=bf16"},
      {"hqq-b1-f32", "uint<1>, zero={1x32, f32}, scale={1x32, f32}"},
      {"hqq-b8-row", "uint<8>, zero={row, bf16}, scale={row, bf16}, math=bf16"},
      {"hqq-b8-tensor", "uint<8>, zero={tensor, f16}, scale={tensor, f16}, math=f16"},
  };
  for (auto [name, format] : formats) {
    OpenedCheckpoint opened(goldenFolder(name) + "/model.safetensors");
    ASSERT_NE(opened.weight(), nullptr) << name;
    EXPECT_EQ(opened.weight()->format, format) << name;
  }
}

/// The composition of the weight of an edited checkpoint.
std::string formatOf(const EditedCheckpoint &edited) {
  TemporaryFolder folder;
  OpenedCheckpoint opened(edited.write(folder));
  return opened.weight() ? opened.weight()->format : "no weight";
}

// gptq-4, packed-4
TEST(ImportedWeightsTest, ColumnsHaveAnOrderOfTheirOwnWhereTheyDo) {
  EditedCheckpoint gptq("gptq-b4-g128");
  gptq.replaceInConfig("\"desc_act\": false", "\"desc_act\": true");
  EXPECT_EQ(formatOf(gptq), "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}");
  std::swap(gptq.tensor("g_idx").bytes[4 * 127], gptq.tensor("g_idx").bytes[4 * 128]);
  EXPECT_EQ(formatOf(gptq), "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}, order=k");
  // Whatever the configuration says of it: g_idx is what counts.
  gptq.replaceInConfig("\"desc_act\": true", "\"desc_act\": false");
  EXPECT_EQ(formatOf(gptq), "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}, order=k");
  EditedCheckpoint packed("ct-int4-g-idx");
  Bytes &groups = packed.tensor("weight_g_idx").bytes;
  for (size_t k = 0; k < groups.size() / 4; ++k)
    groups[4 * k] = static_cast<uint8_t>(k / 64);
  EXPECT_EQ(formatOf(packed), "uint<4>, zero=8, scale={1x64, bf16}");
  std::ranges::fill(groups, uint8_t(0xFF));
  EXPECT_EQ(formatOf(packed), "uint<4>, zero=8, scale={1x64, bf16}");
  groups[4] = 0;
  EXPECT_EQ(errorOf(packed), "a column is of group -1, but there are 4");
}

/// 15 - 0.3 has more bits than f16 and bf16 (value-2).
TEST(QuantizedWeightTest, DifferencesAreRoundedToTheTypeOfMath) {
  QuantizedWeight weight;
  weight.rows = weight.columns = 1;
  weight.codes = {15};
  for (unsigned code = 0; code < 16; ++code)
    weight.values.push_back(static_cast<float>(code));
  weight.zero = Grid::constant(0.3f);
  const std::pair<ElementType, float> expected[] = {
      {ElementType::F32, 15 - 0.3f}, {ElementType::F16, 14.703125f}, {ElementType::BF16, 14.6875f}};
  ThreadPool pool(1);
  for (auto [math, number] : expected) {
    weight.math = math;
    Bytes bytes = weight.decode(ElementType::F32, pool);
    float own;
    std::memcpy(&own, bytes.data(), sizeof(own));
    EXPECT_EQ(own, number);
  }
}

TEST(GptqTest, WhatCannotBeReadIsRefusedWithItsReason) {
  EditedCheckpoint edited("gptq-b4-g128");
  edited.replaceInConfig("\"checkpoint_format\": \"gptq\"", "\"checkpoint_format\": \"marlin\"");
  EXPECT_EQ(errorOf(edited), "checkpoint_format 'marlin' is none of gptq, gptq_v2 and gptq_p");
  edited = EditedCheckpoint("gptq-b4-g128");
  edited.replaceInConfig("\"bits\": 4", "\"bits\": 9");
  EXPECT_EQ(errorOf(edited), "9 bits are not 2 to 8");
  edited = EditedCheckpoint("gptq-b4-g128");
  edited.tensor("qweight").dtype = "F32";
  EXPECT_EQ(errorOf(edited), ".qweight is F32, expected I32");
  edited = EditedCheckpoint("gptq-b4-g128");
  std::erase_if(edited.tensors,
                [](const TestTensor &each) { return each.name.ends_with(".qzeros"); });
  EXPECT_EQ(errorOf(edited), "there is no tensor .qzeros");
  edited = EditedCheckpoint("gptq-b4-g128");
  edited.replaceInConfig("\"bits\": 4", "\"bits\": 8");
  EXPECT_EQ(errorOf(edited),
            ".qzeros is [2, 8], expected [2, 16] with 8 bits a code, which bits of "
            "the configuration says");
  edited = EditedCheckpoint("gptq-b4-g128");
  edited.replaceInConfig("\"group_size\": 128", "\"group_size\": 256");
  EXPECT_EQ(errorOf(edited), "no error"); // g_idx says which columns are a group's.
  std::erase_if(edited.tensors,
                [](const TestTensor &each) { return each.name.ends_with(".g_idx"); });
  EXPECT_EQ(errorOf(edited), ".scales has 2 groups, but group_size 256 gives 1");
  edited.replaceInConfig("\"group_size\": 256", "\"group_size\": -1");
  EXPECT_EQ(errorOf(edited), ".scales has 2 groups, and the configuration has no group_size");
}

TEST(GptqTest, AColumnOfAGroupThatIsNotThereIsInvalid) {
  EditedCheckpoint edited("gptq-b2-g-idx");
  edited.tensor("g_idx").bytes[4 * 7] = 4;
  EXPECT_EQ(errorOf(edited), "column 7 is of group 4, but there are 4");
  edited.tensor("g_idx").bytes[4 * 7 + 3] = 0x80;
  EXPECT_EQ(errorOf(edited), "column 7 is of group -2147483644, but there are 4");
}

/// A stored zero point of 15 is 0 in the first version (gptq-3), and no carry goes to the next.
TEST(GptqTest, ZeroPointsOfTheFirstVersionWrapAlone) {
  EditedCheckpoint first("gptq-b4-g128"), second("gptq-b4-g128");
  first.tensor("qzeros").bytes.assign(first.tensor("qzeros").bytes.size(), 0x7F);
  second.tensor("qzeros").bytes.assign(first.tensor("qzeros").bytes.size(), 0x80);
  second.replaceInConfig("\"checkpoint_format\": \"gptq\"", "\"checkpoint_format\": \"gptq_v2\"");
  TemporaryFolder one, two;
  OpenedCheckpoint stored(first.write(one)), meant(second.write(two));
  Expected<Bytes> own = decoded(*stored.weight(), ElementType::F32);
  ASSERT_TRUE(holds(own));
  EXPECT_EQ(*own, *decoded(*meant.weight(), ElementType::F32));
}

TEST(PackedIntegerTest, NeedsBitsThatGiveTheWords) {
  EditedCheckpoint edited("ct-int3-g128");
  edited.replaceInConfig("\"num_bits\": 3", "\"num_bits\": 5");
  EXPECT_EQ(errorOf(edited), "no num_bits of config_groups gives rows of 24 words for 256 columns");
  edited = EditedCheckpoint("ct-int4-g128");
  edited.replaceInConfig("\"group_size\": 128", "\"group_size\": 96");
  EXPECT_EQ(errorOf(edited), ".weight_scale is [48, 2], and the configuration does not say how "
                             "large its blocks are");
  edited = EditedCheckpoint("ct-int4-g-idx");
  edited.tensor("weight_g_idx").bytes[0] = 9;
  EXPECT_EQ(errorOf(edited), "a column is of group 9, but there are 4");
  edited = EditedCheckpoint("ct-int4-g128");
  edited.tensor("weight_shape").bytes[7] = 0x7F;
  EXPECT_THAT(errorOf(edited), HasSubstr(".weight_packed is [48, 32] of a weight ["));
}

TEST(ScaledTest, BlocksThatAreNotTheConfigurationsAreRefused) {
  EditedCheckpoint edited("fp8-block");
  edited.replaceInConfig("32,", "16,");
  EXPECT_EQ(errorOf(edited), ".weight_scale_inv is [2, 3], expected [4, 3]");
  edited = EditedCheckpoint("fp8-block");
  edited.replaceInConfig("[\n   32,\n   64\n  ]", "null");
  EXPECT_EQ(errorOf(edited), ".weight_scale_inv is [2, 3], and the configuration does not say how "
                             "large its blocks are");
}

TEST(BitsandbytesTest, TheStateIsRead) {
  EditedCheckpoint edited("bnb-nf4");
  edited.tensor("weight.quant_state.bitsandbytes__nf4").bytes[0] = '[';
  EXPECT_EQ(errorOf(edited), ".weight.quant_state.bitsandbytes__nf4 is not a JSON object");
  edited = EditedCheckpoint("bnb-nf4");
  std::string text = "{\"blocksize\": 128, \"shape\": [32, 192]}";
  TestTensor &state = edited.tensor("weight.quant_state.bitsandbytes__nf4");
  state.bytes.assign(text.begin(), text.end());
  state.shape = {text.size()};
  EXPECT_EQ(errorOf(edited), ".weight.absmax is [96], expected [48]");
}

TEST(StackedFloatTest, BlocksHaveTheirScales) {
  EditedCheckpoint edited("gpt-oss");
  for (TestTensor &each : edited.tensors)
    if (each.name.ends_with("_scales"))
      each.shape = {3, 128, 2};
  EXPECT_EQ(errorOf(edited), "_scales is [3, 128, 2], expected [3, 64, 4]");
}

/// The bytes of the weight of an edited checkpoint, or of none.
Bytes bytesOf(const EditedCheckpoint &edited, ElementType type) {
  TemporaryFolder folder;
  OpenedCheckpoint opened(edited.write(folder));
  if (!opened.weight())
    return {};
  Expected<Bytes> bytes = decoded(*opened.weight(), type);
  EXPECT_TRUE(holds(bytes));
  return bytes ? *bytes : Bytes();
}

TEST(AwqTest, VersionsAreNamed) {
  EditedCheckpoint edited("awq-gemm-g32");
  edited.replaceInConfig("\"gemm\"", "\"exllama\"");
  EXPECT_EQ(errorOf(edited), "version 'exllama' is none of gemm, gemv, gemv_fast and marlin");
  edited.replaceInConfig("\"exllama\"", "\"gemv\"");
  EXPECT_EQ(errorOf(edited), ".scales is [8, 64], expected [256, 32]");
}

TEST(AwqGemvTest, WhatCannotBeReadIsRefusedWithItsReason) {
  EditedCheckpoint edited("awq-gemv-g64");
  edited.replaceInConfig("\"bits\": 4", "\"bits\": 3");
  EXPECT_EQ(errorOf(edited), "3 bits are not 4");
  edited = EditedCheckpoint("awq-gemv-g64");
  edited.replaceInConfig("\"group_size\": 64", "\"group_size\": 32");
  EXPECT_EQ(errorOf(edited), ".scales is [32, 16], expected [32, 32]");
  edited.replaceInConfig("\"group_size\": 32", "\"group_size\": 48");
  EXPECT_EQ(errorOf(edited), "group_size 48 is none of 16, 32, 64, and 128 and more");
  edited.replaceInConfig("\"group_size\": 48", "\"group_size\": 192");
  EXPECT_EQ(errorOf(edited), "groups of 192 columns do not divide rows of 256");
  edited = EditedCheckpoint("awq-gemv-g64");
  edited.tensor("qzeros").shape = {2, 32};
  EXPECT_EQ(errorOf(edited), ".qzeros is [2, 32], expected [32, 2]");
  edited.tensor("qweight").shape = {1024};
  EXPECT_EQ(errorOf(edited), ".qweight is [1024], expected a matrix");
  edited.replaceInConfig("\"gemv\"", "\"gemv_fast\"");
  EXPECT_EQ(errorOf(edited), ".qweight is I32, expected I16");
  edited = EditedCheckpoint("awq-gemv-fast-g32");
  edited.tensor("qzeros").shape = {16, 64};
  EXPECT_EQ(errorOf(edited), ".qzeros is [16, 64], expected [32, 32]");
  edited.tensor("qweight").shape = {64, 32};
  EXPECT_EQ(errorOf(edited), ".qweight is [64, 32], expected a matrix of columns by 64");
}

/// The files of llm-awq are those of gemv_fast, but for a name.
TEST(AwqGemvTest, ZeroPointsOfLlmAwqAreCalledOtherwise) {
  EditedCheckpoint edited("awq-gemv-fast-g128");
  Bytes bytes = bytesOf(edited, ElementType::F16);
  edited.replaceInConfig("\"gemv_fast\"", "\"llm-awq\"");
  edited.tensor("qzeros").name = goldenModule + ".scaled_zeros";
  EXPECT_EQ(bytesOf(edited, ElementType::F16), bytes);
}

TEST(MarlinTest, ConfigurationsNameItInThreeWays) {
  EditedCheckpoint edited("marlin-g128");
  Bytes bytes = bytesOf(edited, ElementType::F16);
  edited.replaceInConfig("\"checkpoint_format\": \"marlin\"", "\"is_marlin_format\": true");
  EXPECT_EQ(bytesOf(edited, ElementType::F16), bytes);
  edited.replaceInConfig("\"gptq\"", "\"marlin\"");
  EXPECT_EQ(bytesOf(edited, ElementType::F16), bytes);
  edited = EditedCheckpoint("marlin-g128");
  edited.replaceInConfig("\"checkpoint_format\": \"marlin\"", "\"is_marlin_format\": false");
  EXPECT_EQ(errorOf(edited), "no weight");
}

TEST(MarlinTest, WhatCannotBeReadIsRefusedWithItsReason) {
  EditedCheckpoint edited("marlin-g128");
  edited.replaceInConfig("\"bits\": 4", "\"bits\": 8");
  EXPECT_EQ(errorOf(edited), "8 bits are not 4");
  edited = EditedCheckpoint("marlin-g128");
  edited.tensor("s").shape = {4, 32};
  EXPECT_EQ(errorOf(edited), ".B is [16, 128] and .s is [4, 32]");
  edited.tensor("s").dtype = "BF16";
  EXPECT_EQ(errorOf(edited), ".s is BF16, expected F16");
  std::erase_if(edited.tensors, [](const TestTensor &each) { return each.name.ends_with(".s"); });
  EXPECT_EQ(errorOf(edited), "there is no tensor .s");
  edited = EditedCheckpoint("marlin-awq");
  edited.replaceInConfig("\"marlin\"", "\"gemm\"");
  EXPECT_EQ(errorOf(edited), ".qweight is [16, 128] and .scales is [2, 64]");
}

/// Numbers of a layer's state were U8 before they were I32.
TEST(HqqTest, TheAxisIsAByteInOlderFiles) {
  EditedCheckpoint edited("hqq-b4-axis0");
  Bytes bytes = bytesOf(edited, ElementType::F16);
  edited.tensor("axis").dtype = "U8";
  edited.tensor("axis").bytes = {0};
  EXPECT_EQ(bytesOf(edited, ElementType::F16), bytes);
}

TEST(HqqTest, WhatCannotBeReadIsRefusedWithItsReason) {
  EditedCheckpoint edited("hqq-b4-g64");
  edited.tensor("packing").bytes[0] = '5';
  EXPECT_EQ(errorOf(edited),
            "packing '5bit_u8' is none of 8bit_u8, 4bit_u8, 3bit_32, 2bit_u8 and 1bit_u8");
  edited = EditedCheckpoint("hqq-b4-g64");
  edited.tensor("packing").bytes[0] = '2';
  EXPECT_EQ(errorOf(edited), ".W_q is [96, 64] of packing 2bit_u8 and a weight [48, 256]");
  edited = EditedCheckpoint("hqq-b4-g64");
  edited.tensor("axis").bytes[0] = 0;
  EXPECT_EQ(errorOf(edited), ".scale is [192, 1], expected [1, 64]");
  edited.tensor("axis").bytes[1] = 1;
  EXPECT_EQ(errorOf(edited), ".axis is neither 0 nor 1");
  edited = EditedCheckpoint("hqq-b4-g64");
  edited.tensor("shape").bytes[7] = 0x7F;
  EXPECT_THAT(errorOf(edited), HasSubstr(".W_q is [96, 64] of packing 4bit_u8 and a weight ["));
  edited = EditedCheckpoint("hqq-b4-g64");
  edited.tensor("zero").dtype = "F16";
  EXPECT_EQ(errorOf(edited), ".zero is F16, expected BF16");
  // Scales and zero points that are codes have other names.
  edited.tensor("zero").name = goldenModule + ".zero_q";
  EXPECT_EQ(errorOf(edited), "there is no tensor .zero");
  edited = EditedCheckpoint("hqq-b3-g64");
  edited.tensor("shape").bytes[0] = 45;
  EXPECT_EQ(errorOf(edited), ".scale is [176, 1], expected [180, 1]");
  edited.tensor("shape").bytes[0] = 46;
  EXPECT_EQ(errorOf(edited), ".W_q is [18, 64] of packing 3bit_32 and a weight [46, 256]");
}

/// Whatever few bytes of configuration, shapes and contents say, there is a weight or one error.
TEST(ImportedWeightsTest, DamageIsAWeightOrAnError) {
  std::mt19937 generator(7);
  auto below = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(generator);
  };
  for (const std::string &name : goldenNames())
    for (int round = 0; round < 12; ++round) {
      EditedCheckpoint edited(name);
      TestTensor &tensor = edited.tensors[below(edited.tensors.size())];
      switch (below(4)) {
      case 0:
        std::ranges::reverse(tensor.shape);
        if (tensor.shape.size() < 2)
          tensor.shape.push_back(1);
        break;
      case 1:
        edited.tensors.erase(edited.tensors.begin() +
                             static_cast<ptrdiff_t>(below(edited.tensors.size())));
        break;
      case 2:
        if (edited.config.empty()) // Of a file alone.
          break;
        edited.config[below(edited.config.size())] = "0129\"{"[below(6)];
        break;
      default:
        for (int flip = 0; flip < 4 && !tensor.bytes.empty(); ++flip)
          tensor.bytes[below(tensor.bytes.size())] ^= 1 << below(8);
      }
      TemporaryFolder folder;
      edited.write(folder);
      Expected<Checkpoint> checkpoint = Checkpoint::open(folder / "model.safetensors");
      ASSERT_TRUE(holds(checkpoint));
      Expected<ImportedWeights> weights = ImportedWeights::open(*checkpoint, folder.path);
      if (!weights)
        continue;
      for (const auto &[key, weight] : weights->all())
        if (Expected<Bytes> bytes = decoded(weight, ElementType::F32))
          EXPECT_EQ(bytes->size(), 4 * weight.elements());
    }
}

} // namespace
