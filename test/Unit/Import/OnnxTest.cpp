//===- OnnxTest.cpp - Files of ONNX ---------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

const std::string qProj = "model.layers.0.self_attn.q_proj.weight";

std::string onnxFile(const std::string &name) {
  return (sourceFolder() / "test" / "Import" / "onnx" / name).string();
}

ImportedWeights openedOnnx(const std::string &path) {
  Expected<ImportedWeights> weights = ImportedWeights::openOnnx(path);
  EXPECT_TRUE(holds(weights));
  return std::move(*weights);
}

std::string formatOf(const std::string &file, const std::string &name) {
  ImportedWeights weights = openedOnnx(onnxFile(file));
  const ImportedWeight *weight = weights.find(name);
  return weight ? weight->format + (weight->isAlias ? " (alias)" : "") : "is not there";
}

class OnnxFileTest : public testing::TestWithParam<std::string> {};

/// Each tensor of a safetensors file is the weight of its name in the model, bit for bit.
TEST_P(OnnxFileTest, WeightsAreThoseOfOnnxruntime) {
  ImportedWeights weights = openedOnnx(onnxFile(GetParam() + ".onnx"));
  std::vector<TestTensor> tensors = tensorsOf(onnxFile(GetParam() + ".safetensors"));
  ASSERT_FALSE(tensors.empty());
  for (const TestTensor &tensor : tensors) {
    const ImportedWeight *weight = weights.find(tensor.name);
    ASSERT_NE(weight, nullptr) << tensor.name;
    EXPECT_EQ(weight->refusal, "");
    EXPECT_EQ(spelled(*weight), weight->format);
    EXPECT_EQ(weight->shape, tensor.shape) << tensor.name;
    for (unsigned threads : {1u, 3u}) {
      Expected<Bytes> bytes = decoded(*weight, ElementType::F32, threads);
      ASSERT_TRUE(holds(bytes));
      EXPECT_TRUE(*bytes == tensor.bytes) << tensor.name << ", " << weight->format;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxFileTest,
                         testing::Values("default-b4-g32", "default-b4-g128-asym",
                                         "default-b8-g32-asym", "default-b2-g16-asym",
                                         "default-b4-g16-f16", "rtn-b4-g32-asym", "qdq-b4-g32-asym",
                                         "qdq-b4-rows", "float-zeros", "dequantize"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

//===----------------------------------------------------------------------===//
// Names and compositions
//===----------------------------------------------------------------------===//

TEST(OnnxTest, AWeightHasTheNameOfItsCodesAndThatOfTransformers) {
  const std::string own = "model.layers.0.attn.q_proj.MatMul.weight";
  EXPECT_EQ(formatOf("default-b4-g32.onnx", own + "_Q4"), "uint<4>, zero=8, scale={1x32, f32}");
  EXPECT_EQ(formatOf("default-b4-g32.onnx", qProj), "uint<4>, zero=8, scale={1x32, f32} (alias)");
  EXPECT_EQ(formatOf("rtn-b4-g32-asym.onnx", own + "_Q4G32"),
            "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}");
  EXPECT_EQ(formatOf("default-b8-g32-asym.onnx", "lm_head.weight"),
            "uint<8>, zero={1x32, uint<8>}, scale={1x32, f32} (alias)");
  EXPECT_EQ(formatOf("default-b4-g16-f16.onnx", qProj),
            "uint<4>, zero={1x16, uint<4>}, scale={1x16, f16} (alias)");
  EXPECT_EQ(formatOf("default-b4-g32.onnx", own + "_scales"), "is not there");
}

/// [K, N] by the name of the file, as MatMul has it, and [N, K] by that of transformers.
TEST(OnnxTest, WeightsOfMatMulAreTransposed) {
  const std::string own = "model.layers.0.attn.q_proj.MatMul.weight_DQ_Q4";
  EXPECT_EQ(formatOf("qdq-b4-g32-asym.onnx", own),
            "uint<4>, storage=k_major, zero={1x32, uint<4>}, scale={1x32, f32}");
  EXPECT_EQ(formatOf("qdq-b4-g32-asym.onnx", qProj),
            "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32} (alias)");
  EXPECT_EQ(formatOf("qdq-b4-rows.onnx", own), "int<4>, scale={row, f32}");
  EXPECT_EQ(formatOf("dequantize.onnx", "v_proj.codes"), "f8E4M3FN, scale={row, f32}");
  EXPECT_EQ(formatOf("dequantize.onnx", "k_proj.codes"),
            "uint<8>, storage=k_major, zero={tensor, uint<8>}, scale={tensor, f32}");
  EXPECT_EQ(formatOf("dequantize.onnx", "up_proj.codes"),
            "int<4>, storage=k_major, zero={16x1, int<4>}, scale={16x1, f32}");
  EXPECT_EQ(formatOf("dequantize.onnx", "lm_head.codes"),
            "int<2>, storage=k_major, zero={1x16, int<2>}, scale={1x16, f32}");
  EXPECT_EQ(formatOf("default-b4-g16-f16.onnx", "lm_head.MatMul.weight"), "f16");
  EXPECT_EQ(formatOf("default-b4-g16-f16.onnx", "lm_head.weight"), "f16 (alias)");
}

/// Zero points that are floats are offsets, which products from codes have.
TEST(OnnxTest, ZeroPointsThatAreFloatsAreOffsets) {
  EXPECT_EQ(formatOf("float-zeros.onnx", qProj),
            "uint<4>, scale={1x32, f32}, offset={1x32, f32} (alias)");
  EXPECT_EQ(formatOf("float-zeros.onnx", "model.layers.0.attn.v_proj.MatMulNBits.qweight"),
            "uint<4>, scale={1x32, f16}, offset={1x32, f32}");
}

TEST(OnnxTest, TheNameSaysOfWhichKindAFileIs) {
  EXPECT_EQ(ImportedWeights::fileKind(onnxFile("dequantize.onnx")), "ONNX");
  EXPECT_EQ(ImportedWeights::fileKind(onnxFile("../gguf/llama.gguf")), "GGUF");
  EXPECT_EQ(ImportedWeights::fileKind(onnxFile("dequantize.safetensors")), std::nullopt);
}

//===----------------------------------------------------------------------===//
// Models of a few fields
//===----------------------------------------------------------------------===//

/// Fields with numbers from 16 on have tags of two bytes.
std::string tag(unsigned number, unsigned type) {
  unsigned value = number << 3 | type;
  if (value < 0x80)
    return std::string(1, static_cast<char>(value));
  return {static_cast<char>((value & 0x7f) | 0x80), static_cast<char>(value >> 7)};
}

/// A field with bytes; numbers below 2^14.
std::string field(unsigned number, const std::string &bytes) {
  std::string result = tag(number, 2);
  size_t length = bytes.size();
  if (length >= 0x80)
    result += static_cast<char>((length & 0x7f) | 0x80);
  return result + static_cast<char>(length >= 0x80 ? length >> 7 : length) + bytes;
}

std::string field(unsigned number, unsigned value) {
  std::string result = tag(number, 0);
  if (value >= 0x80)
    result += static_cast<char>((value & 0x7f) | 0x80);
  return result + static_cast<char>(value >= 0x80 ? value >> 7 : value);
}

std::string text(unsigned number, const std::string &text) { return field(number, text); }

/// Different bytes, small as numbers of any type.
std::string someBytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<char>(i * 37 % 101 % 64);
  return text(9, bytes);
}

struct Tensor {
  std::string name;
  unsigned type = 2;
  std::vector<unsigned> shape;
  size_t bytes = 0;
  /// Other fields than raw_data.
  std::string others = {};

  std::string str() const {
    std::string message;
    for (unsigned size : shape)
      message += field(1, size);
    message += field(2, type) + text(8, name);
    return field(5, message + (others.empty() ? text(9, std::string(bytes, '\1')) : others));
  }
};

std::string integer(const std::string &name, unsigned value) {
  return field(5, text(1, name) + field(3, value));
}

std::string node(const std::string &operation, const std::string &domain,
                 const std::vector<std::string> &inputs, const std::string &attributes = "",
                 const std::string &name = "") {
  std::string message = text(3, name);
  for (const std::string &input : inputs)
    message += text(1, input);
  return field(1, message + text(2, "y") + text(4, operation) + attributes + text(7, domain));
}

std::string product(const std::vector<std::string> &inputs, const std::string &attributes) {
  return node("MatMulNBits", "com.microsoft", inputs, attributes);
}

/// Attributes of a weight [2, 32] of 4 bits, of which one may be another number.
std::string sizesWith(const std::string &name, unsigned value) {
  std::map<std::string, unsigned> all = {{"K", 32}, {"N", 2}, {"bits", 4}, {"block_size", 32}};
  all[name] = value;
  std::string attributes;
  for (const auto &[each, number] : all)
    attributes += integer(each, number);
  return attributes;
}

const std::string sizes = sizesWith("N", 2);
const Tensor codes = {"B", 2, {2, 1, 16}, 32}, scales = {"s", 1, {2, 1}, 8};

/// Opens a file of these bytes.
Expected<ImportedWeights> openModel(const TemporaryFolder &folder, const std::string &graph) {
  writeText(folder / "x.onnx", field(7, graph));
  return ImportedWeights::openOnnx(folder / "x.onnx");
}

/// Why a weight of the model cannot be read, or why the model cannot be.
std::string refusalOf(const std::string &graph, const std::string &name = "B") {
  TemporaryFolder folder;
  Expected<ImportedWeights> weights = openModel(folder, graph);
  std::string path = folder / "x.onnx: ";
  if (!weights)
    return weights.error().message().substr(path.size());
  const ImportedWeight *weight = weights->find(name);
  if (!weight)
    return "is not there";
  if (!weight->refusal.empty())
    EXPECT_EQ(messageOf(decoded(*weight, ElementType::F32)), weight->refusal);
  else
    EXPECT_TRUE(holds(decoded(*weight, ElementType::F32)));
  return weight->refusal;
}

std::string refusalOfProduct(const std::string &attributes,
                             const std::vector<std::string> &inputs = {"x", "B", "s"},
                             const std::vector<Tensor> &others = {}) {
  std::string graph = codes.str() + scales.str() + product(inputs, attributes);
  for (const Tensor &other : others)
    graph += other.str();
  return refusalOf(graph);
}

TEST(OnnxTest, WhatAProductHasThatIsNotReadIsItsRefusal) {
  EXPECT_EQ(refusalOfProduct(sizes), "");
  EXPECT_EQ(refusalOfProduct(integer("N", 2)), "it has no attribute K");
  EXPECT_EQ(refusalOfProduct(sizesWith("K", 0)), "K is 0");
  EXPECT_EQ(refusalOfProduct(sizesWith("bits", 3)), "3 bits are not 2, 4 or 8");
  EXPECT_EQ(refusalOfProduct(sizesWith("block_size", 24)),
            "block_size 24 is no power of two from 16 on");
  EXPECT_EQ(refusalOfProduct(sizesWith("block_size", 8)),
            "block_size 8 is no power of two from 16 on");
  EXPECT_EQ(refusalOfProduct(sizesWith("K", 33)), "'B' is [2, 1, 16], expected [2, 2, 16]");
  EXPECT_EQ(refusalOfProduct(sizesWith("weight_prepacked", 1)),
            "its codes are in the order of a GPU's kernel (weight_prepacked = 1)");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "", "g"}),
            "it has columns in an order of their own (g_idx)");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "t"}), "'t' is no initializer");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B"}), "it has no scales");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "B"}), "'B' is uint<8>, expected f32, f16 or bf16");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "z"}, {{"z", 2, {2}, 2}}), "");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "z"}, {{"z", 2, {1}, 1}}),
            "'z' is [1], expected [2, 1]");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "z"}, {{"z", 10, {2, 1}, 4}}),
            "'z' is f16, expected uint<8> or f32");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "z"}, {{"z", 6, {2, 1}, 8}}),
            "'z' is of type 6, which is not read");
}

TEST(OnnxTest, WhatDequantizeLinearHasThatIsNotReadIsItsRefusal) {
  auto refusal = [](const Tensor &codes, const Tensor &scales, const std::string &attributes = "",
                    const std::string &zero = "") {
    return refusalOf(codes.str() + scales.str() +
                     node("DequantizeLinear", "", {"B", "s", zero}, attributes));
  };
  Tensor matrix = {"B", 3, {4, 6}, 24};
  EXPECT_EQ(refusal(matrix, {"s", 1, {6}, 24}), "");
  EXPECT_EQ(refusal(matrix, {"s", 1, {4}, 16}, integer("axis", 0)), "");
  EXPECT_EQ(refusal(matrix, {"s", 1, {}, 4}), "");
  EXPECT_EQ(refusal(matrix, {"s", 1, {4}, 16}), "'s' is [4], expected [6]");
  EXPECT_EQ(refusal(matrix, {"s", 1, {4, 2}, 32}, integer("block_size", 3)), "");
  EXPECT_EQ(refusal(matrix, {"s", 1, {4, 2}, 32}, integer("block_size", 2)),
            "'s' is [4, 2], expected [4, 3]");
  EXPECT_EQ(refusal(matrix, {"s", 1, {6}, 24}, integer("axis", 2)), "axis is 2");
  EXPECT_EQ(refusal(matrix, {"s", 1, {6}, 24}, "", "s"), "'s' is f32, expected int<8>");
  EXPECT_EQ(refusal({"B", 3, {4, 2, 3}, 24}, {"s", 1, {}, 4}),
            "'B' is [4, 2, 3], expected a matrix");
  EXPECT_EQ(refusal({"B", 3, {0, 6}, 0}, {"s", 1, {}, 4}), "it is empty");
  // Biases, of 32 bits.
  EXPECT_EQ(refusal({"B", 6, {4, 6}, 96}, {"s", 1, {}, 4}), "is not there");
}

TEST(OnnxTest, NumbersThatAreNotThereAreARefusal) {
  Tensor floats = {"B", 1, {2, 3}, 24};
  EXPECT_EQ(refusalOf(floats.str()), "");
  floats.bytes = 20;
  EXPECT_EQ(refusalOf(floats.str()), "'B' has 20 bytes, expected 24 of [2, 3]");
  floats.bytes = 24;
  EXPECT_EQ(refusalOf(floats.str() + floats.str()), "the file has several initializers 'B'");
  floats.others = text(4, std::string(24, '\1'));
  EXPECT_EQ(refusalOf(floats.str()), "");
  EXPECT_EQ(refusalOf(Tensor{"B", 1, {2, 3}, 0, floats.others + floats.others}.str()),
            "'B' has its numbers in a way that is not read");
  // A number each of a half, in a byte or two.
  std::string words = text(5, "\x80\x78\1\2\3\4\5");
  EXPECT_EQ(refusalOf(Tensor{"B", 10, {2, 3}, 0, words}.str()), "");
  EXPECT_EQ(refusalOf(Tensor{"B", 10, {2, 3}, 0, text(5, "\1\2\3")}.str()),
            "'B' has 6 bytes, expected 12 of [2, 3]");
  EXPECT_EQ(refusalOf(Tensor{"B", 10, {2, 3}, 0, text(5, "\x80")}.str()),
            "initializer 'B': packed numbers have no end");
  EXPECT_EQ(refusalOf(Tensor{"B", 1, {0, 3}, 0}.str()), "it is empty");
}

TEST(OnnxTest, NodesThatDisagreeAreARefusal) {
  Tensor other = {"t", 1, {2, 1}, 8};
  std::string graph = codes.str() + scales.str() + other.str() + product({"x", "B", "s"}, sizes);
  EXPECT_EQ(refusalOf(graph + product({"x", "B", "s"}, sizes)), "");
  EXPECT_EQ(refusalOf(graph + product({"x", "B", "t"}, sizes)),
            "nodes take its codes for different weights");
}

TEST(OnnxTest, NamesOfTransformersAreThoseOfNodes) {
  Tensor matrix = {"B", 1, {2, 3}, 24}, bias = {"b", 1, {3}, 12}, other = {"C", 1, {2, 3}, 24};
  std::string tensors = matrix.str() + bias.str() + other.str();
  auto nameOf = [&](const std::string &path, const std::string &name) {
    return refusalOf(tensors + node("MatMul", "", {"x", "B"}, "", path), name);
  };
  const std::string gate = "model.layers.12.mlp.gate_proj.weight", absent = "is not there";
  EXPECT_EQ(nameOf("/model/layers.12/mlp/gate_proj/MatMul", gate), "");
  EXPECT_EQ(nameOf("/model/layers.12/mlp/gate_proj/MatMul_Q4", gate), "");
  EXPECT_EQ(nameOf("/model/layers.0/self_attn/q_proj/MatMul", qProj), "");
  EXPECT_EQ(nameOf("model/layers.0/attn/q_proj/MatMul", qProj), absent);
  EXPECT_EQ(nameOf("/model/layers.x/attn/q_proj/MatMul", "model.layers.x.self_attn.q_proj.weight"),
            absent);
  EXPECT_EQ(
      nameOf("/model/layers.0/attn/qkv_proj/MatMul", "model.layers.0.self_attn.qkv_proj.weight"),
      absent);
  EXPECT_EQ(nameOf("/MatMul", ".weight"), absent);
  std::string path = "/model/layers.0/attn/q_proj/";
  EXPECT_EQ(refusalOf(tensors + node("Add", "", {"y", "b"}, "", path + "Add"),
                      "model.layers.0.self_attn.q_proj.bias"),
            "");
  std::string twice = node("MatMul", "", {"x", "B"}, "", path + "MatMul");
  EXPECT_EQ(refusalOf(tensors + twice + twice, qProj), "");
  EXPECT_EQ(refusalOf(tensors + twice + node("MatMul", "", {"x", "C"}, "", path + "MatMul"), qProj),
            "several weights of the file have this name");
}

//===----------------------------------------------------------------------===//
// Closed world of nodes (onnx-9, onnx-10)
//===----------------------------------------------------------------------===//

const std::string downProj = "model.layers.0.mlp.down_proj.weight",
                  downPath = "/model/layers.0/mlp/down_proj/";

std::string number(const std::string &name, float value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return field(5, text(1, name) + std::string(1, '\x15') + bytes);
}

std::string integers(const std::string &name, const std::vector<unsigned> &values) {
  std::string message = text(1, name);
  for (unsigned value : values)
    message += field(8, value);
  return field(5, message);
}

/// A node with an output of its own.
std::string step(const std::string &operation, const std::vector<std::string> &inputs,
                 const std::string &output, const std::string &attributes = "",
                 const std::string &name = "", const std::string &domain = "") {
  std::string message = text(3, name);
  for (const std::string &input : inputs)
    message += text(1, input);
  return field(1, message + text(2, output) + text(4, operation) + attributes + text(7, domain));
}

const Tensor plainMatrix = {"B", 1, {2, 3}, 24}, plainVector = {"v", 1, {2}, 8};

std::string gemmRefusal(const std::string &attributes, const std::string &name = downProj) {
  return refusalOf(plainMatrix.str() + step("Gemm", {"x", "B"}, "y", attributes, downPath + "Gemm"),
                   name);
}

TEST(OnnxTest, AttributesOfGemmAreReadOrRefused) {
  EXPECT_EQ(gemmRefusal(""), "");
  EXPECT_EQ(gemmRefusal(number("alpha", 1) + number("beta", 3) + integer("transA", 0)), "");
  EXPECT_EQ(gemmRefusal(number("alpha", 1.5f)), "");
  EXPECT_EQ(gemmRefusal(integer("transA", 1)),
            "its node multiplies with the transpose of its input (transA)");
  EXPECT_EQ(gemmRefusal(number("gamma", 1)), "attribute gamma of Gemm is not read");
  EXPECT_EQ(gemmRefusal(number("alpha", 1) + number("alpha", 2)),
            "attribute alpha of Gemm is not read as it stands, of another type or twice");
  EXPECT_EQ(gemmRefusal(number("alpha", std::numeric_limits<float>::infinity())),
            "alpha of its node is no number");
  EXPECT_EQ(gemmRefusal(integer("transA", 1), "B"), "");
  std::string quantised = Tensor{"B", 3, {2, 3}, 6}.str() + Tensor{"s", 1, {}, 4}.str() +
                          step("DequantizeLinear", {"B", "s"}, "w");
  auto product = [&](float alpha) {
    return quantised + step("Gemm", {"x", "w"}, "y", number("alpha", alpha), downPath + "Gemm");
  };
  EXPECT_EQ(refusalOf(product(1), downProj), "");
  EXPECT_EQ(refusalOf(product(2), downProj),
            "its node multiplies the product with alpha, and the weight is codes");
}

/// By the layer's name a weight is what the layer multiplies with.
TEST(OnnxTest, AlphaIsAFactorOfTheLayersWeight) {
  TemporaryFolder folder;
  Tensor matrix = {"B", 1, {2, 3}, 0, someBytes(24)}, bias = {"c", 1, {3}, 0, someBytes(12)};
  std::string gemm = step("Gemm", {"x", "B", "c"}, "y", number("alpha", 1.5f) + number("beta", 4),
                          downPath + "Gemm");
  Expected<ImportedWeights> weights = openModel(folder, matrix.str() + bias.str() + gemm);
  ASSERT_TRUE(holds(weights));
  auto floatsOf = [&](const std::string &name) {
    Bytes bytes = *decoded(*weights->find(name), ElementType::F32);
    std::vector<float> floats(bytes.size() / sizeof(float));
    std::memcpy(floats.data(), bytes.data(), bytes.size());
    return floats;
  };
  std::vector<float> own = floatsOf("B"), layer = floatsOf(downProj);
  ASSERT_EQ(own.size(), 6u);
  for (size_t row = 0; row < 2; ++row)
    for (size_t column = 0; column < 3; ++column)
      EXPECT_EQ(layer[column * 2 + row], own[row * 3 + column] * 1.5f);
  std::vector<float> added = floatsOf("model.layers.0.mlp.down_proj.bias"),
                     ownAdded = floatsOf("c");
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(added[i], ownAdded[i] * 4);
}

TEST(OnnxTest, WhatStandsBetweenAWeightAndItsProductIsReadOrRefused) {
  auto refusal = [](const std::string &between) {
    return refusalOf(plainMatrix.str() + plainVector.str() + between +
                         step("MatMul", {"x", "w"}, "y", "", downPath + "MatMul"),
                     downProj);
  };
  EXPECT_EQ(refusal(step("Identity", {"B"}, "w")), "");
  EXPECT_EQ(refusal(step("Transpose", {"B"}, "w")), "");
  EXPECT_EQ(refusal(step("Transpose", {"B"}, "w", integers("perm", {1, 0}))), "");
  EXPECT_EQ(refusal(step("Transpose", {"B"}, "w", integers("perm", {0, 1}))), "");
  EXPECT_EQ(refusal(step("Transpose", {"B"}, "w", integers("perm", {0, 2, 1}))),
            "a Transpose has a perm of no matrix");
  EXPECT_EQ(refusal(step("Cast", {"B"}, "w", integer("to", 1))), "");
  EXPECT_EQ(refusal(step("Cast", {"B"}, "w", integer("to", 10))),
            "a Cast between the weight and the product may round it");
  for (const char *operation : {"Mul", "Reshape", "Neg", "Concat", "Squeeze", "Gather"})
    EXPECT_EQ(refusal(step(operation, {"B", "v"}, "w")), "its node multiplies with what a " +
                                                             std::string(operation) +
                                                             " computes, which is not read");
  EXPECT_EQ(refusal(""), "its node multiplies with an input of the model");
}

TEST(OnnxTest, WhatAModuleDoesBesideItsProductIsOnAListOrRefused) {
  auto refusal = [](const std::string &beside, const std::string &input = "x") {
    return refusalOf(plainMatrix.str() + plainVector.str() + beside +
                         step("MatMul", {input, "B"}, "p", "", downPath + "MatMul"),
                     downProj);
  };
  EXPECT_EQ(refusal(step("Add", {"p", "v"}, "y", "", downPath + "Add")), "");
  EXPECT_EQ(refusal(step("Cast", {"p"}, "y", integer("to", 1), downPath + "Cast")), "");
  EXPECT_EQ(refusal(step("Add", {"p", "q"}, "y", "", downPath + "Add")),
            "node '" + downPath + "Add' adds what is no bias to its product");
  EXPECT_EQ(refusal(step("Mul", {"p", "v"}, "y", "", downPath + "Mul")),
            "its module has a node '" + downPath + "Mul' (Mul), which is not read");
  EXPECT_EQ(refusal(step("MatMul", {"x", "B"}, "q", "", downPath + "lora_A/MatMul")),
            "its module has a node '" + downPath + "lora_A/MatMul' (MatMul), which is not read");
  EXPECT_EQ(refusal(step("FusedMatMul", {"x", "B"}, "q", "", downPath + "F", "com.microsoft")),
            "its module has a node '" + downPath +
                "F' (com.microsoft.FusedMatMul), which is not read");
  EXPECT_EQ(refusal(step("Mul", {"u", "v"}, "x", "", "/model/layers.0/mlp/Mul_1")),
            "its input is multiplied by a vector before, in node '/model/layers.0/mlp/Mul_1', so "
            "the file's weight is not that of the float model");
  std::string norm = step("Mul", {"u", "v"}, "x", "", "/model/layers.0/post_layernorm/Mul_1");
  EXPECT_EQ(refusal(norm), "");
  EXPECT_NE(
      refusal(norm + step("Mul", {"x", "v"}, "z", "", "/model/layers.0/post_layernorm/s"), "z"),
      "");
}

TEST(OnnxTest, AttributesOfNodesOfCodesAreReadOrRefused) {
  std::string graph = Tensor{"B", 3, {4, 6}, 24}.str() + Tensor{"s", 1, {6}, 24}.str();
  auto refusal = [&](const std::string &attributes) {
    return refusalOf(graph + step("DequantizeLinear", {"B", "s"}, "w", attributes));
  };
  EXPECT_EQ(refusal(integer("output_dtype", 1)), "");
  EXPECT_EQ(refusal(integer("output_dtype", 0)), "");
  EXPECT_EQ(refusal(integer("output_dtype", 10)),
            "output_dtype is 10, another type than that of its scales");
  EXPECT_EQ(refusal(integer("saturate", 1)), "attribute saturate of DequantizeLinear is not read");
  EXPECT_EQ(refusal(number("axis", 1)), "attribute axis of DequantizeLinear is not read as it "
                                        "stands, of another type or twice");
  EXPECT_EQ(refusalOfProduct(sizes + integer("accuracy_level", 4)), "");
  EXPECT_EQ(refusalOfProduct(sizes + integer("order", 1)),
            "attribute order of MatMulNBits is not read");
  EXPECT_EQ(refusalOfProduct(sizes, {"x", "B", "s", "", "", "b", "c"}),
            "MatMulNBits has 7 inputs, of which 6 are read");
}

/// A tensor of the file that has its layer's name is what the layer multiplies with.
TEST(OnnxTest, ATensorByItsLayersNameIsWhatTheLayerMultipliesWith) {
  TemporaryFolder folder;
  std::string graph = Tensor{downProj, 1, {2, 3}, 24}.str() + plainMatrix.str();
  auto product = [&](const std::string &weight) {
    return step("MatMul", {"x", weight}, "y", "", downPath + "MatMul");
  };
  Expected<ImportedWeights> weights = openModel(folder, graph + product(downProj));
  ASSERT_TRUE(holds(weights));
  EXPECT_EQ(weights->find(downProj)->shape, (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(refusalOf(graph + product("B"), downProj),
            "it is a tensor of the file, and the layer of that name has 'B'");
}

TEST(OnnxTest, TensorsOfConstantsAreInitializers) {
  auto constant = [](const std::string &attribute, const std::string &output = "B") {
    return step("Constant", {}, output, attribute);
  };
  auto held = [](unsigned number, const std::string &name, const std::string &message) {
    return field(5, text(1, name) + field(number, message));
  };
  std::string matrix = field(1, 2) + field(1, 3) + field(2, 1) + text(9, std::string(24, '\1'));
  std::string graph =
      constant(held(5, "value", matrix)) + step("MatMul", {"x", "B"}, "y", "", downPath + "MatMul");
  EXPECT_EQ(refusalOf(graph), "");
  EXPECT_EQ(refusalOf(graph, downProj), "");
  EXPECT_EQ(refusalOf(constant(number("value_float", 2))), "");
  EXPECT_EQ(refusalOf(constant(held(7, "value_floats", std::string(8, '\1')))), "");
  EXPECT_EQ(refusalOf(constant(held(7, "value_floats", std::string(7, '\1')))),
            "value_floats of 'B' ends in the middle of a number");
  EXPECT_EQ(refusalOf(constant(integer("value_int", 2))), "is not there");
  std::string sparse = field(1, matrix) + field(3, 2) + field(3, 3);
  EXPECT_EQ(refusalOf(constant(held(22, "sparse_value", sparse))),
            "'B' is sparse, which is not read");
  EXPECT_EQ(refusalOf(field(15, field(1, text(8, "B") + field(2, 1)) + field(3, 2) + field(3, 3))),
            "'B' is sparse, which is not read");
}

TEST(OnnxTest, MatricesThatAreNotReadAreSaid) {
  EXPECT_EQ(refusalOf(Tensor{"B", 11, {2, 3}, 48}.str()), "it is of type 11, which is not read");
  EXPECT_EQ(refusalOf(Tensor{"B", 3, {2, 3}, 6}.str()),
            "no node that is read says what its codes mean");
  EXPECT_EQ(refusalOf(Tensor{"B", 7, {2, 3}, 48}.str()), "is not there");
}

/// Builders add 1 to norms of some architectures, which no name in the file says.
TEST(OnnxTest, NormsHaveNamesOfTransformersInKnownArchitectures) {
  TemporaryFolder folder;
  std::string graph = Tensor{"model.layers.2.final_norm_layernorm.weight", 1, {3}, 12}.str() +
                      Tensor{"model.layers.1.attn.q_norm.layernorm.weight", 1, {3}, 12}.str();
  auto namesWith = [&](const std::string &config) {
    writeText(folder / "genai_config.json", config);
    Expected<ImportedWeights> weights = openModel(folder, graph);
    if (!weights)
      return weights.error().message().substr((folder / "").size());
    std::string names;
    for (const auto &[name, weight] : weights->all())
      if (weight.isAlias)
        names += name + " ";
    return names;
  };
  EXPECT_EQ(namesWith(R"({"model": {"type": "llama"}})"),
            "model.layers.1.self_attn.q_norm.weight model.norm.weight ");
  EXPECT_EQ(namesWith(R"({"model": {"type": "gemma3"}})"), "");
  EXPECT_EQ(namesWith(R"({"model": {"type": 3}})"), "");
  EXPECT_EQ(namesWith(R"({"model": "llama"})"), "");
  EXPECT_EQ(namesWith("[]"), "genai_config.json: not a JSON object");
}

/// The model of a product of three heads, queries, keys and values of it, as F32 one behind the
/// other, or an error.
Bytes partsOf(const std::string &graph, const std::string &suffix) {
  TemporaryFolder folder;
  Expected<ImportedWeights> weights =
      openModel(folder, graph + node("GroupQueryAttention", "com.microsoft", {},
                                     integer("num_heads", 2) + integer("kv_num_heads", 1),
                                     "/model/layers.0/attn/GroupQueryAttention"));
  EXPECT_TRUE(holds(weights));
  Bytes all;
  for (const char *part : {"q", "k", "v"}) {
    std::string name = "model.layers.0.self_attn." + std::string(part) + "_proj." + suffix;
    const ImportedWeight *weight = weights->find(name);
    if (!weight) {
      ADD_FAILURE() << name << " is not there";
      continue;
    }
    EXPECT_EQ(weight->refusal, "");
    EXPECT_EQ(weight->shape[0], *part == 'q' ? 4u : 2u);
    Expected<Bytes> bytes = decoded(*weight, ElementType::F32);
    EXPECT_TRUE(holds(bytes));
    EXPECT_EQ(bytes->size(), weight->elements() * sizeof(float));
    all.insert(all.end(), bytes->begin(), bytes->end());
  }
  return all;
}

/// F32 elements of a model's weight by the name of the file.
Bytes valuesOf(const std::string &graph, const std::string &name) {
  TemporaryFolder folder;
  Expected<ImportedWeights> weights = openModel(folder, graph);
  EXPECT_TRUE(holds(weights));
  return *decoded(*weights->find(name), ElementType::F32);
}

/// Words of a matrix of so many rows as those of the transposed one.
Bytes transposed(const Bytes &words, size_t rows) {
  size_t columns = words.size() / 4 / rows;
  Bytes result;
  for (size_t column = 0; column < columns; ++column)
    for (size_t row = 0; row < rows; ++row) {
      auto word = words.begin() + static_cast<ptrdiff_t>((row * columns + column) * 4);
      result.insert(result.end(), word, word + 4);
    }
  return result;
}

TEST(OnnxTest, QueriesKeysAndValuesAreRowsOfOneWeight) {
  const std::string path = "/model/layers.0/attn/qkv_proj/";
  Tensor codes = {"B", 2, {8, 2, 8}, 0, someBytes(128)},
         scales = {"s", 1, {8, 2}, 0, someBytes(64)}, zeros = {"z", 2, {8}, 0, someBytes(8)},
         floats = {"f", 1, {8, 2}, 0, someBytes(64)};
  std::string sizes =
      integer("K", 32) + integer("N", 8) + integer("bits", 4) + integer("block_size", 16);
  for (const Tensor &zero : {zeros, floats}) {
    std::string graph =
        codes.str() + scales.str() + zero.str() +
        node("MatMulNBits", "com.microsoft", {"x", "B", "s", zero.name}, sizes, path + "MatMul_Q4");
    EXPECT_EQ(partsOf(graph, "weight"), valuesOf(graph, "B"));
  }
  // [N, K], and [K, N] whose transpose it is.
  Tensor plain = {"B", 1, {8, 3}, 0, someBytes(96)}, bias = {"b", 1, {8}, 0, someBytes(32)};
  std::string gemm = plain.str() + bias.str() +
                     node("Gemm", "", {"x", "B"}, integer("transB", 1), path + "Gemm") +
                     node("Add", "", {"y", "b"}, "", path + "Add");
  EXPECT_EQ(partsOf(gemm, "weight"), valuesOf(gemm, "B"));
  EXPECT_EQ(partsOf(gemm, "bias"), valuesOf(gemm, "b"));
  Tensor turned = {"B", 1, {2, 8}, 0, someBytes(64)};
  std::string product = turned.str() + node("MatMul", "", {"x", "B"}, "", path + "MatMul");
  EXPECT_EQ(partsOf(product, "weight"), transposed(valuesOf(product, "B"), 2));
  Tensor bytes = {"B", 3, {3, 8}, 0, someBytes(24)}, each = {"s", 1, {8}, 0, someBytes(32)};
  std::string dequantized = bytes.str() + each.str() + node("DequantizeLinear", "", {"B", "s"}) +
                            node("MatMul", "", {"x", "y"}, "", path + "MatMul");
  EXPECT_EQ(partsOf(dequantized, "weight"), transposed(valuesOf(dequantized, "B"), 3));
}

TEST(OnnxTest, RowsThatAreNoHeadsAreARefusal) {
  const std::string path = "/model/layers.0/attn/";
  Tensor matrix = {"B", 1, {3, 9}, 108};
  std::string graph = matrix.str() + node("MatMul", "", {"x", "B"}, "", path + "qkv_proj/MatMul");
  auto heads = [&](const std::string &numbers) {
    return node("GroupQueryAttention", "com.microsoft", {}, numbers, path + "GroupQueryAttention");
  };
  EXPECT_EQ(refusalOf(graph, qProj), "is not there");
  EXPECT_EQ(refusalOf(graph + heads(integer("num_heads", 2) + integer("kv_num_heads", 1)), qProj),
            "9 rows are not 4 heads");
  EXPECT_EQ(refusalOf(graph + heads(integer("num_heads", 1) + integer("kv_num_heads", 1)), qProj),
            "");
  EXPECT_EQ(refusalOf(graph + heads(integer("num_heads", 0) + integer("kv_num_heads", 1)), qProj),
            "is not there");
  Tensor bytes = {"B", 3, {3, 9}, 27}, blocks = {"s", 1, {3, 3}, 36};
  std::string shared = bytes.str() + blocks.str() +
                       node("DequantizeLinear", "", {"B", "s"}, integer("block_size", 4)) +
                       node("MatMul", "", {"x", "y"}, "", path + "qkv_proj/MatMul");
  EXPECT_EQ(refusalOf(shared + heads(integer("num_heads", 1) + integer("kv_num_heads", 1)), qProj),
            "rows of several heads have scales together");
}

std::string entry(const std::string &key, const std::string &value) {
  return field(13, text(1, key) + text(2, value));
}

TEST(OnnxTest, ExternalDataIsInTheFolder) {
  TemporaryFolder folder;
  writeText(folder / "data", std::string(30, '\1'));
  writeText(folder / "outside", std::string(30, '\1'));
  auto error = [&](const std::string &entries) {
    Tensor tensor = {"B", 1, {2, 3}, 0, entries + field(14, 1)};
    std::string message = messageOf(openModel(folder, tensor.str()));
    for (std::string prefix : {folder / "x.onnx: ", std::string("initializer 'B': ")})
      if (message.starts_with(prefix))
        message.erase(0, prefix.size());
    return message;
  };
  auto at = [](const std::string &location) { return entry("location", location); };
  EXPECT_EQ(error(at("data") + entry("offset", "6") + entry("length", "24")), "no error");
  EXPECT_EQ(error(at("data")), "no error");
  EXPECT_EQ(error(at("data") + entry("offset", "7")),
            "its 24 bytes from byte 7 end behind the end of 'data'");
  EXPECT_EQ(error(at("data") + entry("offset", "99999999999999999999")),
            "the offset of external data is no number");
  EXPECT_EQ(error(at("data") + entry("offset", "18446744073709551615")),
            "its 24 bytes from byte 18446744073709551615 end behind the end of 'data'");
  for (const std::string &location :
       {std::string("../data"), folder / "data", std::string("a/../../data"), std::string(),
        std::string("data\0x", 6)})
    EXPECT_EQ(error(at(location)), "external data '" + location + "' is not in the model's folder");
  EXPECT_NE(error(at("none")).find("none: "), std::string::npos);
  Tensor few = {"B", 1, {2, 3}, 0, at("data") + entry("length", "20") + field(14, 1)};
  Expected<ImportedWeights> weights = openModel(folder, few.str());
  ASSERT_TRUE(holds(weights));
  EXPECT_EQ(weights->find("B")->refusal, "'B' has 20 bytes, expected 24 of [2, 3]");
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

TEST(OnnxTest, GraphsInsideOfOneAnotherHaveALimit) {
  std::string graph = codes.str() + scales.str() + product({"x", "B", "s"}, sizes);
  auto inside = [](std::string graph, unsigned depth) {
    for (unsigned i = 0; i < depth; ++i)
      graph = field(1, field(5, text(1, "g") + field(6, graph)));
    return graph;
  };
  EXPECT_EQ(refusalOf(inside(graph, 15)), "");
  EXPECT_EQ(refusalOf(inside(graph, 16)), "graphs are more than 16 deep inside of one another");
}

std::string errorOf(const std::string &bytes) {
  TemporaryFolder folder;
  writeText(folder / "x.onnx", bytes);
  std::string message = messageOf(ImportedWeights::openOnnx(folder / "x.onnx"));
  std::string path = folder / "x.onnx: ";
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

TEST(OnnxTest, DamagedFieldsAreOneError) {
  EXPECT_EQ(errorOf(""), "has no graph, so it is no ONNX model");
  EXPECT_EQ(errorOf(field(1, 8)), "has no graph, so it is no ONNX model");
  EXPECT_EQ(errorOf(std::string(2, '\0')), "byte 0: a field has the number 0");
  EXPECT_EQ(errorOf(field(1, 8) + "\x0b"), "byte 2: a field has the wire type 3");
  EXPECT_EQ(errorOf(std::string(11, '\xff')), "byte 0: a field has no end");
  EXPECT_EQ(errorOf(field(7, std::string("\x2a\x05\x08", 3))),
            "byte 2: a field is longer than what it belongs to");
  EXPECT_EQ(errorOf(field(7, 1)), "field 7 is a number");
  EXPECT_EQ(errorOf(field(7, field(5, field(8, 1)))), "field 8 is a number");
  EXPECT_EQ(errorOf(field(7, field(5, field(2, 1)))), "an initializer has no name");
  EXPECT_EQ(errorOf(field(7, field(5, text(2, "a")))), "field 2 is no number");
}

/// A file that ends early is an error, or where only what stands behind the graph is missing, the
/// same model.
TEST(OnnxTest, AFileThatEndsEarlyIsAnError) {
  std::string graph = codes.str() + scales.str() + product({"x", "B", "s"}, sizes);
  std::string file = field(1, 10) + field(7, graph), behind = field(8, field(2, 21));
  TemporaryFolder folder;
  for (size_t length = 0; length <= (file + behind).size(); ++length) {
    writeText(folder / "x.onnx", (file + behind).substr(0, length));
    Expected<ImportedWeights> weights = ImportedWeights::openOnnx(folder / "x.onnx");
    bool isWhole = length == file.size() || length == (file + behind).size();
    ASSERT_EQ(bool(weights), isWhole) << length << ": " << messageOf(weights);
    if (isWhole)
      EXPECT_TRUE(holds(decoded(*weights->find("B"), ElementType::F32)));
    else
      EXPECT_TRUE(weights.error().message().starts_with(folder / "x.onnx: "));
  }
}

TEST(OnnxTest, DamageIsAWeightOrAnError) {
  std::mt19937 generator(3);
  for (const char *name : {"float-zeros.onnx", "dequantize.onnx", "qdq-b4-rows.onnx"}) {
    Bytes file = readBytes(onnxFile(name));
    std::uniform_int_distribution<size_t> index(0, file.size() - 1);
    TemporaryFolder folder;
    for (int round = 0; round < 300; ++round) {
      Bytes damaged = file;
      for (int flip = 0; flip < 3; ++flip)
        damaged[index(generator)] ^= static_cast<uint8_t>(1u << index(generator) % 8);
      writeBytes(folder / "x.onnx", damaged);
      Expected<ImportedWeights> weights = ImportedWeights::openOnnx(folder / "x.onnx");
      if (!weights) {
        EXPECT_NE(weights.error().message(), "");
        continue;
      }
      for (const auto &[name, weight] : weights->all())
        EXPECT_EQ(bool(decoded(weight, ElementType::BF16)), weight.refusal.empty());
    }
  }
}

} // namespace
