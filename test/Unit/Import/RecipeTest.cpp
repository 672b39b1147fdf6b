//===- RecipeTest.cpp - What recipes read, and what they refuse -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

//===----------------------------------------------------------------------===//
// Any part with another dtype or shape
//===----------------------------------------------------------------------===//

class AnyPartTest : public testing::TestWithParam<std::string> {};

/// Dtypes of the same width that are of another kind than numbers of that one.
std::vector<std::string> otherKinds(const std::string &dtype) {
  const std::vector<std::vector<std::vector<std::string>>> widths = {
      {{"F8_E4M3", "F8_E5M2"}, {"F8_E8M0"}, {"U8", "I8"}, {"BOOL"}},
      {{"F16", "BF16"}, {"I16", "U16"}},
      {{"F32"}, {"I32", "U32"}},
      {{"F64"}, {"I64", "U64"}}};
  std::vector<std::string> result;
  for (const auto &width : widths) {
    bool isThisWidth = false;
    std::vector<std::string> others;
    for (const auto &kind : width) {
      bool isOwn = std::ranges::find(kind, dtype) != kind.end();
      isThisWidth |= isOwn;
      if (!isOwn)
        others.insert(others.end(), kind.begin(), kind.end());
    }
    if (isThisWidth)
      result = others;
  }
  return result;
}

/// Other shapes of as many elements.
std::vector<std::vector<uint64_t>> otherShapes(const std::vector<uint64_t> &shape) {
  uint64_t count = 1;
  for (uint64_t size : shape)
    count *= size;
  std::vector<std::vector<uint64_t>> result = {{count}, {1, count}, {count, 1}, {1, 1, count}};
  std::vector<uint64_t> longer = shape, reversed(shape.rbegin(), shape.rend());
  longer.insert(longer.begin(), 1);
  result.push_back(longer);
  result.push_back(reversed);
  if (count % 2 == 0)
    result.push_back({2, count / 2});
  if (count % 16 == 0)
    result.push_back({count / 16, 16});
  if (count == 1)
    result.emplace_back();
  std::erase(result, shape);
  return result;
}

/// The weight's name, shape and values, or nothing if it is refused or is no quantised weight.
std::optional<std::pair<std::vector<uint64_t>, Bytes>> valuesOf(const EditedCheckpoint &edited) {
  TemporaryFolder folder;
  std::string path = edited.write(folder);
  Expected<Checkpoint> checkpoint = Checkpoint::open(path);
  if (!checkpoint)
    return std::nullopt;
  Expected<ImportedWeights> weights = ImportedWeights::open(*checkpoint, path);
  if (!weights)
    return std::nullopt;
  const ImportedWeight *weight = weights->find(goldenModule + ".weight");
  weight = weight ? weight : weights->find(goldenModule);
  Expected<Bytes> bytes =
      weight ? decoded(*weight, ElementType::F32) : Expected<Bytes>(unsupportedError("none"));
  if (!bytes)
    return std::nullopt;
  return std::pair(weight->shape, *std::move(bytes));
}

/// Exponents are U8 or F8_E8M0 to all recipes, and codes of 4 bits U8 or I8 to some: the same bits.
TEST_P(AnyPartTest, WithAnotherTypeOrShapeIsRefusedOrTheSame) {
  const EditedCheckpoint original(GetParam());
  auto values = valuesOf(original);
  ASSERT_TRUE(values);
  for (size_t i = 0; i < original.tensors.size(); ++i) {
    EditedCheckpoint edited = original;
    TestTensor &tensor = edited.tensors[i];
    for (const std::string &dtype : otherKinds(tensor.dtype)) {
      tensor.dtype = dtype;
      auto other = valuesOf(edited);
      EXPECT_TRUE(!other || *other == *values) << tensor.name << " as " << dtype;
    }
    tensor.dtype = original.tensors[i].dtype;
    for (const std::vector<uint64_t> &shape : otherShapes(original.tensors[i].shape)) {
      tensor.shape = shape;
      auto other = valuesOf(edited);
      EXPECT_TRUE(!other || other->second == values->second)
          << tensor.name << " with " << shape.size() << " dimensions, the first of " << shape[0];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Packers, AnyPartTest, testing::ValuesIn(goldenNames()), goldenTestName);

//===----------------------------------------------------------------------===//
// GPTQ: other bits for some modules (gptq-6)
//===----------------------------------------------------------------------===//

std::string dynamicError(const std::string &dynamic, const std::string &bits = "8") {
  EditedCheckpoint edited("gptq-b4-g128");
  edited.replaceInConfig("\"bits\": 4", "\"bits\": " + bits + ", \"dynamic\": " + dynamic);
  return errorOf(edited);
}

TEST(GptqTest, DynamicSaysTheBitsOfAModule) {
  const std::string four = R"({"bits": 4, "group_size": 128})";
  auto with = [&](const std::string &pattern) { return "{\"" + pattern + "\": " + four + "}"; };
  for (const char *pattern :
       {"+:.*mlp\\\\.up_proj.*", ".*up_proj", "+:^model\\\\.layers\\\\.(0|1[0-9])\\\\..*$",
        "+:model.layers.\\\\d+.mlp.[^d]+", "+:(?:.*\\\\.)?mlp\\\\.up_proj",
        "+:model.layers.0.mlp.u", "+:.*?\\\\.0\\\\..*", "+:m.{3}l\\\\.",
        "+:model\\\\.[a-z]{2,}\\\\."})
    EXPECT_EQ(dynamicError(with(pattern)), "no error") << pattern;
  const std::string eight = ".qzeros is [2, 8], expected [2, 16] with 8 bits a code, which ";
  for (const char *pattern : {"+:.*down_proj", "up_proj", "+:.*up_proj$x", "+:layers", "+:x?y"})
    EXPECT_EQ(dynamicError(with(pattern)), eight + "bits of the configuration says") << pattern;
  EXPECT_EQ(dynamicError(R"({"+:.*up_proj": {"bits": 8}})", "4"),
            eight + "'+:.*up_proj' of dynamic says");
  EXPECT_EQ(dynamicError(R"({"-:.*up_proj": {}})", "4"),
            "'-:.*up_proj' of dynamic says that it is not quantised, and there is .qweight");
  EXPECT_EQ(dynamicError(R"({"+:.*up_proj": {"bits": 4}, "+:.*mlp.*": {"bits": 8}})"),
            "'+:.*mlp.*' of dynamic and '+:.*up_proj' of dynamic both match it, and say different "
            "things");
  EXPECT_EQ(dynamicError(R"({"+:.*up_proj": {"bits": 4}, "+:.*mlp.*": {"bits": 4}})"), "no error");
  EXPECT_EQ(dynamicError(R"({"+:.*up_proj": {"bits": 4, "adapter": 1}})"),
            "'+:.*up_proj' of dynamic has 'adapter', which is not read");
  EXPECT_EQ(dynamicError(R"({"+:.*up_proj": {"bits": "4"}})"),
            "'+:.*up_proj' of dynamic has a 'bits' that is no integer");
}

/// Patterns are matched in bounded time; what is not of the subset is refused.
TEST(GptqTest, PatternsThatAreNotReadAreRefused) {
  auto refusal = [](const std::string &pattern) {
    return dynamicError("{\"" + pattern + "\": {\"bits\": 4}}");
  };
  EXPECT_EQ(refusal("(?!x)up"), "dynamic: pattern '(?!x)up' has a group that begins with '(?', "
                                "which is not read");
  EXPECT_THAT(refusal("(up"), HasSubstr("a '(' without ')'"));
  EXPECT_THAT(refusal("up)"), HasSubstr("a ')' without '('"));
  EXPECT_THAT(refusal("*"), HasSubstr("a '*' behind nothing"));
  EXPECT_THAT(refusal("a**"), HasSubstr("repeats of repeats"));
  EXPECT_THAT(refusal("[a"), HasSubstr("a '[' without ']'"));
  EXPECT_THAT(refusal("(a)\\\\1"), HasSubstr("'\\1'"));
  EXPECT_THAT(refusal("a{3,1}"), HasSubstr("a '{' without an end"));
  EXPECT_THAT(refusal("((((a{250}){250}){250}){250})"), HasSubstr("states have"));
  EXPECT_THAT(refusal(std::string(40, '(') + std::string(40, ')')), HasSubstr("deep"));
  EXPECT_THAT(refusal(std::string(2000, 'a')), HasSubstr("more than 1024 letters"));
  // As nested groups that may repeat; a matcher that tries one way after another would not end.
  std::string nested = "m";
  for (int i = 0; i < 20; ++i)
    nested = "(" + nested + "|.)*";
  EXPECT_THAT(refusal(nested + "!"), HasSubstr("bits of the configuration"));
}

//===----------------------------------------------------------------------===//
// Sizes, and zero points
//===----------------------------------------------------------------------===//

/// Nothing of a size that a file names wraps (A3).
TEST(ScaledTest, BlocksAreNotLargerThanAnyWeight) {
  EditedCheckpoint edited("fp8-block");
  edited.replaceInConfig("32,", "18446744073709551615,");
  EXPECT_EQ(errorOf(edited), "blocks of [18446744073709551615, 64] are larger than any weight, so "
                             "than this one of [64, 192]");
  edited = EditedCheckpoint("fp8-block");
  edited.replaceInConfig("32,", "0,");
  EXPECT_THAT(errorOf(edited), HasSubstr("'weight_block_size' of the configuration is "));
}

void addTensor(EditedCheckpoint &edited, const std::string &suffix, const std::string &dtype,
               const std::vector<uint64_t> &shape, Bytes bytes) {
  edited.tensors.push_back({goldenModule + "." + suffix, dtype, shape, std::move(bytes)});
}

/// Floats have no zero points (A5).
TEST(ScaledTest, ZeroPointsOfFloatsAreRefused) {
  EditedCheckpoint edited("ct-fp8-channel");
  const TestTensor &scale = edited.tensor("weight_scale");
  addTensor(edited, "weight_zero_point", "I8", scale.shape, Bytes(scale.shape[0], 1));
  EXPECT_EQ(errorOf(edited),
            ".weight is F8_E4M3, and there is .weight_zero_point, which floats have not");
}

/// What the configuration says of the numbers is what the codes are.
TEST(ScaledTest, CodesOfAnotherKindThanTheConfigurationSaysAreRefused) {
  EditedCheckpoint edited("fp8-block");
  edited.tensor("weight").dtype = "I8";
  EXPECT_EQ(errorOf(edited), "its codes are I8, and the configuration says floats");
  edited = EditedCheckpoint("ct-int8");
  edited.tensor("weight").dtype = "F8_E4M3";
  EXPECT_EQ(errorOf(edited), "its codes are F8_E4M3, and the configuration says integers");
}

//===----------------------------------------------------------------------===//
// MLX, BitNet, ComfyUI, flat blocks, experts
//===----------------------------------------------------------------------===//

std::string formatOf(const std::string &name) {
  OpenedCheckpoint opened(goldenFolder(name));
  return opened.weight() ? opened.weight()->format : "no weight";
}

TEST(RecipeTest, NewFormatsSayWhatTheyAre) {
  EXPECT_EQ(formatOf("mlx-b4-g64"), "uint<4>, scale={1x64, bf16}, offset={1x64, bf16}");
  EXPECT_EQ(formatOf("mlx-b6-g128"), "uint<6>, scale={1x128, f32}, offset={1x128, f32}");
  EXPECT_EQ(formatOf("bitnet-bitlinear"), "uint<2>, zero=1, scale={tensor, f32}");
  EXPECT_EQ(formatOf("bitnet-autobitlinear"), "uint<2>, zero=1, scale={tensor, bf16}");
  EXPECT_EQ(formatOf("comfy-fp8"), "f8E4M3FN, scale={tensor, f32}");
  EXPECT_EQ(formatOf("fp8-fnuz"), "float<4,3>, scale={tensor, f32}, factor=1/2");
  EXPECT_EQ(formatOf("bnb-nf4-flat"), "table<4>, scale={flat<64>, f32}");
  EXPECT_EQ(formatOf("fp8-experts"), "f8E4M3FN, scale={32x64, f32}");
  EXPECT_EQ(formatOf("modelopt-nvfp4-experts"),
            "f4E2M1FN, scale={1x16, f8E4M3FN, scale={32x64, f32}}");
}

TEST(MlxTest, WhatCannotBeReadIsRefusedWithItsReason) {
  auto error = [](const std::string &name, const std::string &from, const std::string &to) {
    EditedCheckpoint edited(name);
    for (int i = 0; i < 2; ++i) // quantization and quantization_config.
      edited.replaceInConfig(from, to);
    return errorOf(edited);
  };
  EXPECT_EQ(error("mlx-b4-g64", "\"bits\": 4", "\"bits\":  7"), "bits is 7, expected 2 to 6 or 8");
  EXPECT_THAT(error("mlx-b4-g64", "\"bits\": 4", "\"bits\":  8"),
              HasSubstr("which are not of 8 bits in groups of 64"));
  EXPECT_THAT(error("mlx-b4-g64", "\"group_size\": 64", "\"group_size\":  32"),
              HasSubstr("which are not of 4 bits in groups of 32"));
  EXPECT_THAT(error("mlx-b6-g128", "\"affine\"", "\"mxfp4\""), HasSubstr("mode 'mxfp4'"));
  EditedCheckpoint edited("mlx-b4-g64");
  std::erase_if(edited.tensors,
                [](const TestTensor &each) { return each.name.ends_with(".biases"); });
  EXPECT_EQ(errorOf(edited), "there is no tensor .biases");
}

TEST(BitNetTest, WhatCannotBeReadIsRefusedWithItsReason) {
  EditedCheckpoint edited("bitnet-bitlinear");
  edited.replaceInConfig("\"bitlinear\"", "\"linear\"");
  EXPECT_THAT(errorOf(edited), HasSubstr("linear"));
  edited = EditedCheckpoint("bitnet-bitlinear");
  edited.tensor("weight_scale").dtype = "I16";
  EXPECT_EQ(errorOf(edited), ".weight_scale is I16, expected F32 or BF16 or F16");
}

TEST(ScaledTest, ANanOfFnuzIsInvalid) {
  EditedCheckpoint edited("fp8-fnuz");
  edited.tensor("weight").bytes[3] = 0x80;
  EXPECT_EQ(errorOf(edited), "a code is NaN (0x80), which no number of a weight is");
  edited.tensor("weight").dtype = "F8_E5M2FNUZ";
  EXPECT_EQ(errorOf(edited), "codes of F8_E5M2FNUZ are not read");
}

/// Scales of a stack of experts are a number each, a number a row, or blocks (byte-4).
TEST(ScaledTest, ScalesOfExpertsHaveTheirShapes) {
  auto error = [](std::vector<uint64_t> shape) {
    EditedCheckpoint edited("fp8-experts");
    uint64_t count = 1;
    for (uint64_t size : shape)
      count *= size;
    for (TestTensor &each : edited.tensors)
      if (each.name.ends_with("_scale_inv")) {
        each.shape = shape;
        each.bytes.resize(count * 4);
      }
    return errorOf(edited);
  };
  for (const std::vector<uint64_t> &shape :
       std::vector<std::vector<uint64_t>>{{}, {1}, {3}, {3, 1, 1}, {3, 64}, {3, 64, 1}, {3, 2, 2}})
    EXPECT_EQ(error(shape), "no error");
  EXPECT_EQ(error({3, 2, 3}), "_scale_inv is [3, 2, 3], expected [3, 2, 2]");
  EXPECT_EQ(error({64}), "_scale_inv is [64], expected [3, 2, 2]");
  EditedCheckpoint edited("fp8-experts");
  edited.replaceInConfig("32,", "48,");
  EXPECT_EQ(errorOf(edited), "blocks of 48 rows do not divide experts of 64");
}

/// bnb_4bit_quant_storage.
TEST(BitsandbytesTest, BytesMayBeStoredAsNumbers) {
  EditedCheckpoint original("bnb-nf4");
  TemporaryFolder own;
  OpenedCheckpoint expected(original.write(own));
  Expected<Bytes> values = decoded(*expected.weight(), ElementType::F32);
  ASSERT_TRUE(holds(values));
  for (auto [dtype, size] : {std::pair("BF16", 2), std::pair("F16", 2), std::pair("F32", 4)}) {
    EditedCheckpoint edited = original;
    TestTensor &codes = edited.tensor("weight");
    codes.dtype = dtype;
    codes.shape = {codes.bytes.size() / static_cast<size_t>(size), 1};
    TemporaryFolder folder;
    OpenedCheckpoint opened(edited.write(folder));
    ASSERT_NE(opened.weight(), nullptr);
    Expected<Bytes> other = decoded(*opened.weight(), ElementType::F32);
    ASSERT_TRUE(holds(other));
    EXPECT_EQ(*other, *values) << dtype;
    // Its numbers are nobody's weights.
    auto found = opened.checkpoint.find(goldenModule + ".weight");
    ASSERT_TRUE(holds(found));
    Status plain = opened.weights.checkPlain(*found->first, *found->second);
    ASSERT_FALSE(plain);
    EXPECT_THAT(plain.error().message(), HasSubstr("its numbers are codes"));
  }
}

TEST(BitsandbytesTest, ShapesOfTheStateAreThoseOfTheCodes) {
  EditedCheckpoint edited("bnb-nf4-part");
  TestTensor &state = edited.tensor("weight.quant_state.bitsandbytes__nf4");
  auto setState = [&](const std::string &text) {
    state.bytes.assign(text.begin(), text.end());
    state.shape = {text.size()};
    return errorOf(edited);
  };
  EXPECT_EQ(setState(R"({"blocksize": 64, "shape": [5, 33]})"), "no error");
  EXPECT_EQ(setState(R"({"blocksize": 64, "shape": [5, 34]})"),
            ".weight is [83, 1] of a weight [5, 34]");
  EXPECT_THAT(setState(R"({"blocksize": 64, "shape": [4294967296, 4294967296]})"),
              HasSubstr("does not say the shape"));
  EXPECT_THAT(setState(R"({"blocksize": 0, "shape": [5, 33]})"), HasSubstr("blocks of 0"));
  EXPECT_THAT(setState(R"({"blocksize": 64, "shape": [5, 33], "quant_type": "fp4"})"),
              HasSubstr("another quant_type"));
}

} // namespace
