//===- TorchaoTest.cpp - Tensor subclasses of torchao ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;
using testing::UnorderedElementsAre;

namespace {

/// A golden checkpoint of torchao, open to change.
struct Flattened : EditedCheckpoint {
  explicit Flattened(const std::string &name) : EditedCheckpoint(name), golden(name) {}

  TestTensor &tensor(const std::string &suffix) {
    return EditedCheckpoint::tensor("_weight_" + suffix);
  }
  /// What the header says of the weight.
  std::string &entry() {
    for (auto &[key, text] : metadata)
      if (key == goldenModule + ".weight")
        return text;
    ADD_FAILURE() << "no entry";
    return metadata.front().second;
  }
  Flattened &replaceInEntry(const std::string &from, const std::string &to) {
    size_t at = entry().find(from);
    if (at == std::string::npos)
      ADD_FAILURE() << from << " is not in " << entry();
    else
      entry().replace(at, from.size(), to);
    return *this;
  }

  std::string golden;
};

/// The weights as the golden checkpoint's packer decodes them.
Bytes expectedOf(const std::string &golden) {
  return tensorsOf(goldenFolder(golden) + "/expected.safetensors").front().bytes;
}

TEST(TorchaoTest, SaysWhatItIs) {
  const std::pair<const char *, const char *> formats[] = {
      {"torchao-int8", "int<8>, zero={row, int<8>}, scale={row, f32}"},
      {"torchao-int8-asym-g32", "int<8>, zero={1x32, int<8>}, scale={1x32, f32}"},
      {"torchao-fp8-row", "f8E4M3FN, scale={row, f32}"},
      {"torchao-fp8-tensor", "f8E4M3FN, scale={tensor, f32}"},
      {"torchao-fp8-block", "f8E4M3FN, scale={16x128, f32}"},
      {"torchao-fp8-experts", "f8E4M3FN, scale={row, f32}"},
      {"torchao-int4-bytes-g64", "int<4>, zero={1x64, int<4>}, scale={1x64, bf16}"},
      {"torchao-int3-bytes-g32", "int<3>, zero={1x32, int<3>}, scale={1x32, f16}"},
      {"torchao-int4-g128", "int<4>, scale={1x128, bf16}, offset={1x128, bf16}"},
      {"torchao-int4-tiles-g64", "uint<4>, zero=8, scale={1x64, bf16}, offset={1x64, bf16}"},
      {"torchao-nvfp4", "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}"},
      {"torchao-nvfp4-swizzled", "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}"},
      {"torchao-nvfp4-experts", "f4E2M1FN, scale={1x16, f8E4M3FN, scale={128x32, f32}}"},
      {"torchao-mxfp4", "f4E2M1FN, scale={1x32, f8E8M0FNU}"},
      {"torchao-mxfp8", "f8E4M3FN, scale={1x32, f8E8M0FNU}"},
  };
  for (auto [name, format] : formats) {
    OpenedCheckpoint opened(goldenFolder(name) + "/model.safetensors");
    ASSERT_NE(opened.weight(), nullptr) << name;
    EXPECT_EQ(opened.weight()->format, format) << name;
    EXPECT_EQ(opened.weight()->recipe, "torchao") << name;
  }
}

/// torchao-1.
TEST(TorchaoTest, AParameterOfAnyNameIsRead) {
  Flattened flattened("torchao-fp8-experts");
  const std::string name = "model.layers.0.mlp.experts.gate_up_proj";
  for (TestTensor &each : flattened.tensors)
    each.name = "model.layers.0.mlp.experts._gate_up_proj" + each.name.substr(each.name.rfind('_'));
  flattened.metadata = {{name, flattened.entry()}};
  TemporaryFolder folder;
  OpenedCheckpoint opened(flattened.write(folder));
  const ImportedWeight *weight = opened.weights.find(name);
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->shape, (std::vector<uint64_t>{3, 32, 64}));
  EXPECT_THAT(weight->parts,
              UnorderedElementsAre("model.layers.0.mlp.experts._gate_up_proj_qdata",
                                   "model.layers.0.mlp.experts._gate_up_proj_scale"));
  Expected<Bytes> bytes = decoded(*weight, ElementType::BF16);
  ASSERT_TRUE(holds(bytes));
  EXPECT_EQ(*bytes, expectedOf(flattened.golden));
}

/// What is quantised of activations is no part of a weight; the bias stays a tensor.
TEST(TorchaoTest, TensorsBesideAreLeftAlone) {
  Flattened flattened("torchao-int8");
  flattened.tensors.push_back({goldenModule + ".bias", "BF16", {1}, {1, 2}});
  flattened.tensors.push_back({goldenModule + "._weight_act_quant_scale", "F32", {1}, Bytes(4)});
  flattened.replaceInEntry("\"qdata\", ", "\"act_quant_scale\", \"qdata\", ");
  TemporaryFolder folder;
  OpenedCheckpoint opened(flattened.write(folder));
  ASSERT_NE(opened.weight(), nullptr);
  EXPECT_EQ(opened.weight()->parts.size(), 3u);
  EXPECT_EQ(opened.weights.all().size(), 1u);
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::BF16);
  ASSERT_TRUE(holds(bytes));
  EXPECT_EQ(*bytes, expectedOf(flattened.golden));
}

/// Files of a sharded checkpoint have the metadata of all, and a weight's tensors may be in two.
TEST(TorchaoTest, TensorsOfAWeightMayBeInTwoFiles) {
  Flattened flattened("torchao-int4-bytes-g64");
  TemporaryFolder folder;
  int number = 0;
  for (const TestTensor &each : flattened.tensors)
    writeTensors(folder / ("model-" + std::to_string(++number) + ".safetensors"), {each},
                 flattened.metadata);
  writeText(folder / "config.json", flattened.config);
  OpenedCheckpoint opened(folder.path);
  ASSERT_NE(opened.weight(), nullptr);
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::BF16);
  ASSERT_TRUE(holds(bytes));
  EXPECT_EQ(*bytes, expectedOf(flattened.golden));
}

TEST(TorchaoTest, CompressedFoldersAreRead) {
  for (const char *name : {"torchao-fp8-row", "torchao-int4-tiles-g64"}) {
    Flattened flattened(name);
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "in");
    writeTensors(folder / "in/model.safetensors", flattened.tensors, flattened.metadata);
    writeText(folder / "in/config.json", flattened.config);
    ASSERT_TRUE(holds(compress(folder / "in", folder / "out", onOneThread())));
    OpenedCheckpoint opened(folder / "out");
    ASSERT_NE(opened.weight(), nullptr) << name;
    std::string dtype = tensorsOf(goldenFolder(name) + "/expected.safetensors").front().dtype;
    Expected<Bytes> bytes = decoded(*opened.weight(), *elementTypeFromSafetensors(dtype));
    ASSERT_TRUE(holds(bytes));
    EXPECT_EQ(*bytes, expectedOf(name));
  }
}

/// The golden tiles with all codes 8, but 9 where a nibble says so, scales 1 and offsets 0.
float weightOfNibble(uint64_t word, unsigned nibble, uint64_t row, uint64_t column) {
  Flattened flattened("torchao-int4-tiles-g64");
  Bytes &codes = flattened.tensor("qdata").bytes;
  std::ranges::fill(codes, 0x88);
  codes[4 * word + nibble / 2] = nibble % 2 ? 0x98 : 0x89;
  Bytes &numbers = flattened.tensor("scale_and_zero").bytes;
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = i % 4 == 0 ? 0x80 : i % 4 == 1 ? 0x3F : 0;
  TemporaryFolder folder;
  OpenedCheckpoint opened(flattened.write(folder));
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::F32);
  EXPECT_TRUE(holds(bytes));
  std::vector<float> weights(bytes->size() / 4);
  std::memcpy(weights.data(), bytes->data(), bytes->size());
  EXPECT_EQ(std::ranges::count(weights, 0.0f), static_cast<ptrdiff_t>(weights.size()) - 1);
  return weights[row * 160 + column];
}

/// torchao-6: a word of lane t has a row's columns 2 (t mod 4) + 0, 8, 16, 24 of 32, then those
/// that follow each.
TEST(TorchaoTest, CodesLieInTilesOfATensorCore) {
  EXPECT_EQ(weightOfNibble(0, 0, 0, 0), 1.0f);
  EXPECT_EQ(weightOfNibble(0, 3, 0, 24), 1.0f);
  EXPECT_EQ(weightOfNibble(0, 4, 0, 1), 1.0f);
  EXPECT_EQ(weightOfNibble(0, 6, 0, 17), 1.0f);
  // Lane 7 of 32, word 2 of 4: row 1, the third 32 columns.
  EXPECT_EQ(weightOfNibble(7 * 4 + 2, 1, 1, 64 + 6 + 8), 1.0f);
  // The second of 8 tiles of 128 columns, and the second of rows.
  EXPECT_EQ(weightOfNibble(32 * 4, 0, 0, 128), 1.0f);
  EXPECT_EQ(weightOfNibble(uint64_t(8) * 32 * 4 + 4 * 4, 0, 9, 0), 1.0f);
}

TEST(TorchaoTest, WhatTheHeaderDoesNotSayIsRefused) {
  const std::string key = goldenModule + ".weight";
  Flattened flattened("torchao-int8");
  flattened.metadata = {{"format", "pt"}};
  EXPECT_EQ(errorOf(flattened), "__metadata__ of the file has no entry " + key);
  for (const char *text : {"{", "[]", "{\"_type\": \"Int8Tensor\", \"_data\": {}}",
                           "{\"_type\": 1, \"_data\": {}, \"_tensor_data_names\": []}"}) {
    flattened = Flattened("torchao-int8");
    flattened.entry() = text;
    EXPECT_EQ(errorOf(flattened), "__metadata__ entry " + key + " describes no tensor subclass");
  }
  flattened = Flattened("torchao-int8").replaceInEntry("Int8Tensor", "Int4PlainInt32Tensor");
  EXPECT_EQ(errorOf(flattened), "tensor subclass 'Int4PlainInt32Tensor' of torchao is not read");
  flattened = Flattened("torchao-int8").replaceInEntry("\"qdata\"", "7");
  EXPECT_EQ(errorOf(flattened), "the header names its tensors by what is no text");
  for (const char *size : {"[256]", "[0, 256]", "[-1, 256]", "null", "[1, \"256\"]"}) {
    flattened = Flattened("torchao-int8").replaceInEntry("[1, 256]", size);
    EXPECT_EQ(errorOf(flattened), "the header does not say the block_size of a weight [48, 256]");
  }
}

TEST(TorchaoTest, TensorsHaveToBeThere) {
  Flattened flattened("torchao-int8");
  std::erase_if(flattened.tensors,
                [](const TestTensor &each) { return each.name.ends_with("_zero_point"); });
  EXPECT_EQ(errorOf(flattened), "there is no tensor _zero_point, which the header names");
  flattened = Flattened("torchao-int4-g128");
  std::erase_if(flattened.tensors,
                [](const TestTensor &each) { return each.name.ends_with("_zero_point"); });
  flattened.replaceInEntry(", \"zero_point\"", "");
  EXPECT_EQ(errorOf(flattened), "there is no tensor _zero_point");
}

/// Names of torchao 0.14: X.weight:qdata.
TEST(TorchaoTest, NamesOfTheFirstVersionAreRefused) {
  Flattened flattened("torchao-fp8-row");
  for (TestTensor &each : flattened.tensors)
    each.name = goldenModule + ".weight:" + each.name.substr(each.name.rfind('_') + 1);
  EXPECT_EQ(errorOf(flattened), "its tensors have names of torchao 0.14; 0.15 and later write them "
                                "as X._weight_qdata");
}

TEST(TorchaoTest, ActivationsOfAnotherScaleAreRefused) {
  Flattened flattened("torchao-int4-g128");
  flattened.tensors.push_back({goldenModule + "._weight_act_pre_scale", "BF16", {1}, {0, 0}});
  EXPECT_EQ(errorOf(flattened),
            "activations are multiplied with _act_pre_scale before the product");
}

/// torchao-3.
TEST(TorchaoTest, ScalesAreThoseOfTheBlocks) {
  Flattened flattened("torchao-int8-asym-g32");
  flattened.replaceInEntry("[1, 32]", "[1, 64]");
  EXPECT_EQ(errorOf(flattened), "_scale is [48, 8], expected [48, 4]");
  flattened = Flattened("torchao-int8-asym-g32").replaceInEntry("[1, 32]", "[1, 96]");
  EXPECT_EQ(errorOf(flattened), "blocks of [1, 96] do not divide a weight [48, 256]");
  flattened = Flattened("torchao-fp8-experts").replaceInEntry("[1, 1, 64]", "[3, 1, 64]");
  flattened.tensor("scale").shape = {1, 32, 1};
  flattened.tensor("scale").bytes.resize(4 * 32);
  EXPECT_EQ(errorOf(flattened), "blocks of [3, 1, 64] are of several matrices");
  flattened = Flattened("torchao-int8");
  flattened.tensor("zero_point").dtype = "F8_E4M3";
  EXPECT_EQ(errorOf(flattened), "_zero_point is F8_E4M3, expected I8");
  flattened = Flattened("torchao-int8");
  flattened.tensor("qdata").shape = {48, 2, 4, 32};
  EXPECT_EQ(errorOf(flattened), "_qdata is [48, 2, 4, 32], expected a matrix or a stack of them");
}

/// Numbers of rows and of the tensor may lack dimensions of one, and no block is the tensor.
TEST(TorchaoTest, ScalesMayLackDimensionsOfOne) {
  Flattened row("torchao-fp8-row"), whole("torchao-fp8-tensor");
  row.tensor("scale").shape = {48};
  whole.tensor("scale").shape = {};
  whole.replaceInEntry("[48, 256]", "[]");
  for (auto [flattened, type] : {std::pair(&row, ElementType::F16), {&whole, ElementType::BF16}}) {
    TemporaryFolder folder;
    OpenedCheckpoint opened(flattened->write(folder));
    ASSERT_NE(opened.weight(), nullptr);
    Expected<Bytes> bytes = decoded(*opened.weight(), type);
    ASSERT_TRUE(holds(bytes));
    EXPECT_EQ(*bytes, expectedOf(flattened->golden));
  }
}

/// torchao-5.
TEST(TorchaoTest, CodesOfBytesAreOfTheirBits) {
  Flattened flattened("torchao-int4-bytes-g64");
  flattened.tensor("qdata").bytes[17] = 9;
  EXPECT_EQ(errorOf(flattened), "a code is 9, which int4 has not");
  flattened.tensor("qdata").bytes[17] = 0xF7;
  EXPECT_EQ(errorOf(flattened), "a code is -9, which int4 has not");
  flattened = Flattened("torchao-int4-bytes-g64").replaceInEntry("\"int4\"", "\"uint4\"");
  EXPECT_EQ(errorOf(flattened), "target_dtype is none of int1 to int8");
  flattened = Flattened("torchao-int4-bytes-g64");
  flattened.tensor("qdata").dtype = "U8";
  EXPECT_EQ(errorOf(flattened), "_qdata is U8, expected I8");
}

/// torchao-4: the even column in the lower half, of two's complement.
TEST(TorchaoTest, PairsAreTwosComplement) {
  Flattened flattened("torchao-int4-g128");
  flattened.tensor("qdata").bytes[0] = 0x8F;
  for (size_t i = 0; i < flattened.tensor("scale").bytes.size(); i += 2) {
    Bytes one = {0x80, 0x3F}, half = {0x00, 0x3F};
    std::ranges::copy(one, flattened.tensor("scale").bytes.begin() + static_cast<ptrdiff_t>(i));
    std::ranges::copy(half,
                      flattened.tensor("zero_point").bytes.begin() + static_cast<ptrdiff_t>(i));
  }
  TemporaryFolder folder;
  OpenedCheckpoint opened(flattened.write(folder));
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::F32);
  ASSERT_TRUE(holds(bytes));
  float weights[2];
  std::memcpy(weights, bytes->data(), sizeof(weights));
  EXPECT_EQ(weights[0], -0.5f);
  EXPECT_EQ(weights[1], -7.5f);
}

TEST(TorchaoTest, ShapesOfFourBitsAgree) {
  Flattened flattened("torchao-int4-g128");
  flattened.replaceInEntry("[48, 256]", "[48, 128]");
  EXPECT_EQ(errorOf(flattened),
            "_qdata is [48, 128], which is not half of the shape that the header says");
  flattened = Flattened("torchao-int4-g128").replaceInEntry("[1, 128]", "[1, 64]");
  EXPECT_EQ(errorOf(flattened), "_scale is [2, 48], expected [4, 48]");
  flattened =
      Flattened("torchao-int4-g128").replaceInEntry("[1, 128]", "[1, 18446744073709551615]");
  EXPECT_EQ(errorOf(flattened), "groups of 18446744073709551615 are larger than rows of 256");
  flattened = Flattened("torchao-int4-g128").replaceInEntry("[1, 128]", "[2, 128]");
  EXPECT_EQ(errorOf(flattened), "blocks of [2, 128] are of several rows");
  flattened = Flattened("torchao-int4-g128");
  flattened.tensor("zero_point").dtype = "F16";
  EXPECT_EQ(errorOf(flattened), "_zero_point is F16, expected BF16");
}

TEST(TorchaoTest, TilesAreThoseOfTheShape) {
  const char *golden = "torchao-int4-tiles-g64";
  Flattened flattened(golden);
  flattened.replaceInEntry("[12, 160]", "[17, 160]");
  EXPECT_EQ(errorOf(flattened), "_qdata is [2, 8, 32, 4], too few tiles of a weight [17, 160]");
  flattened = Flattened(golden).replaceInEntry("[12, 160]", "[12, 1025]");
  EXPECT_EQ(errorOf(flattened), "_qdata is [2, 8, 32, 4], too few tiles of a weight [12, 1025]");
  flattened = Flattened(golden).replaceInEntry("[12, 160]", "[12]");
  EXPECT_EQ(errorOf(flattened),
            "the shape in the header is [12], expected a matrix or a stack of them");
  flattened = Flattened(golden).replaceInEntry("[12, 160]", "[12, 0]");
  EXPECT_EQ(errorOf(flattened), "it is empty");
  flattened.replaceInEntry("[1, 64]", "[]");
  EXPECT_EQ(errorOf(flattened), "it is empty");
  flattened = Flattened(golden);
  flattened.tensor("qdata").shape = {2, 8, 16, 8};
  EXPECT_EQ(errorOf(flattened), "_qdata is [2, 8, 16, 8] of a weight [12, 160]");
  flattened = Flattened(golden).replaceInEntry("[1, 64]", "[1, 48]");
  EXPECT_EQ(errorOf(flattened), "groups of 48 do not divide 1024 columns");
  flattened = Flattened(golden).replaceInEntry("[1, 64]", "[1, 128]");
  EXPECT_EQ(errorOf(flattened), "_scale_and_zero is [16, 16, 2], expected [8, 16, 2]");
}

/// torchao-7.
TEST(TorchaoTest, SmallFloatsHaveTheirScales) {
  Flattened flattened("torchao-mxfp8");
  flattened.replaceInEntry("\"float8_e4m3fn\"", "\"float8_e5m2\"");
  EXPECT_EQ(errorOf(flattened), "_qdata is F8_E4M3, expected F8_E5M2");
  flattened = Flattened("torchao-mxfp8").replaceInEntry("\"float8_e4m3fn\"", "\"fp6_e3m2\"");
  EXPECT_EQ(errorOf(flattened), "elem_dtype is no e2m1, e4m3 or e5m2");
  for (const char *size : {"0", "36", "[32]"}) {
    flattened = Flattened("torchao-mxfp8");
    flattened.replaceInEntry("\"block_size\": 32", std::string("\"block_size\": ") + size);
    EXPECT_EQ(errorOf(flattened), "the header says no block_size that divides rows of 96");
  }
  flattened = Flattened("torchao-mxfp4");
  flattened.tensor("scale").dtype = "U8";
  EXPECT_EQ(errorOf(flattened), "_scale is U8, expected F8_E8M0");
  flattened = Flattened("torchao-nvfp4");
  flattened.tensor("per_tensor_scale").shape = {2};
  flattened.tensor("per_tensor_scale").bytes.resize(8);
  EXPECT_EQ(errorOf(flattened), "_per_tensor_scale is [2], expected one number, or [1, 1, 1]");
}

/// torchao-8.
TEST(TorchaoTest, SwizzledScalesFillTheirBlocks) {
  Flattened flattened("torchao-nvfp4-swizzled");
  flattened.replaceInEntry("\"is_swizzled_scales\": true", "\"is_swizzled_scales\": false");
  EXPECT_EQ(errorOf(flattened), "_scale is [64, 32], expected [136, 5]");
  flattened = Flattened("torchao-nvfp4");
  flattened.replaceInEntry("\"is_swizzled_scales\": false", "\"is_swizzled_scales\": true");
  EXPECT_EQ(errorOf(flattened), "_scale is [136, 5], expected [64, 32]");
  flattened = Flattened("torchao-nvfp4-experts");
  flattened.tensor("qdata").shape = {6, 64, 16};
  EXPECT_EQ(errorOf(flattened), "swizzled scales of matrices [6, 64, 32], whose rows are no "
                                "multiple of 128");
}

/// Whatever bytes of the header, shapes and contents say, there is a weight or one error.
TEST(TorchaoTest, DamageIsAWeightOrAnError) {
  std::mt19937 generator(11);
  auto below = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(generator);
  };
  unsigned read = 0, refused = 0;
  for (const std::string &name : goldenNames())
    for (int round = 0; name.starts_with("torchao") && round < 24; ++round) {
      Flattened flattened(name);
      TestTensor &tensor = flattened.tensors[below(flattened.tensors.size())];
      switch (below(3)) {
      case 0:
        if (!tensor.shape.empty())
          std::ranges::rotate(tensor.shape, tensor.shape.end() - 1);
        break;
      case 1:
        tensor.bytes[below(tensor.bytes.size())] ^= 1 << below(8);
        break;
      default:
        flattened.entry()[below(flattened.entry().size())] = "0129\"{[,"[below(8)];
      }
      TemporaryFolder folder;
      OpenedCheckpoint opened(flattened.write(folder));
      for (const auto &[key, weight] : opened.weights.all()) {
        Expected<Bytes> bytes = decoded(weight, ElementType::F32);
        ++(bytes ? read : refused);
        if (bytes)
          EXPECT_EQ(bytes->size(), 4 * weight.elements());
      }
    }
  EXPECT_GT(read, 50u);
  EXPECT_GT(refused, 50u);
}

} // namespace
