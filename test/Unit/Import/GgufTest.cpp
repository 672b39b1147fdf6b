//===- GgufTest.cpp - Files of llama.cpp ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

std::string ggufFile(const std::string &name) {
  return (sourceFolder() / "test" / "Import" / "gguf" / name).string();
}

/// Each tensor of a safetensors file is the weight of its name in the GGUF file, bit for bit.
void expectWeights(const std::string &name) {
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(ggufFile(name + ".gguf"));
  ASSERT_TRUE(holds(weights));
  for (const TestTensor &tensor : tensorsOf(ggufFile(name + ".safetensors"))) {
    const ImportedWeight *weight = weights->find(tensor.name);
    ASSERT_NE(weight, nullptr) << tensor.name;
    EXPECT_EQ(weight->refusal, "");
    EXPECT_EQ(spelled(*weight), weight->format);
    EXPECT_EQ(weight->shape, tensor.shape) << tensor.name;
    std::optional<ElementType> type = elementTypeFromSafetensors(tensor.dtype);
    ASSERT_TRUE(type);
    for (unsigned threads : {1u, 3u}) {
      Expected<Bytes> bytes = decoded(*weight, *type, threads);
      ASSERT_TRUE(holds(bytes));
      EXPECT_TRUE(*bytes == tensor.bytes) << tensor.name << ", " << weight->format;
    }
  }
}

TEST(GgufTest, BlocksDecodeToTheBitsOfItsPackage) { expectWeights("types"); }

/// Entries of a table and ternary digits; bytes that no packer writes are numbers too.
TEST(GgufTest, TablesAndDigitsDecodeToTheBitsOfItsPackage) { expectWeights("types-iq"); }

/// Names and order of rows of q and k are transformers'.
TEST(GgufTest, ALlamaHasTheTensorsOfTransformers) { expectWeights("llama"); }

TEST(GgufTest, NamesOfTheFileAreThereToo) {
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(ggufFile("llama.gguf"));
  ASSERT_TRUE(holds(weights));
  const ImportedWeight *own = weights->find("blk.0.attn_q.weight");
  const ImportedWeight *ordered = weights->find("model.layers.0.self_attn.q_proj.weight");
  ASSERT_NE(own, nullptr);
  ASSERT_NE(ordered, nullptr);
  EXPECT_EQ(own->format, "uint<4>, zero=8, scale={1x32, f16}");
  EXPECT_NE(*decoded(*own, ElementType::F32), *decoded(*ordered, ElementType::F32));
  EXPECT_EQ(weights->find("model.layers.0.self_attn.rotary.weight"), nullptr);
}

/// What ModelOpt decodes its checkpoint to, of which the file is made.
TEST(GgufTest, ANumberBesideAWeightMultipliesItsScales) {
  expectWeights("llama-nvfp4");
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(ggufFile("llama-nvfp4.gguf"));
  ASSERT_TRUE(holds(weights));
  const ImportedWeight *own = weights->find("blk.0.ffn_up.weight");
  const ImportedWeight *weight = weights->find("model.layers.0.mlp.up_proj.weight");
  ASSERT_NE(own, nullptr);
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(own->format, "f4E2M1FN, scale={1x16, f8E4M3FN}");
  EXPECT_EQ(weight->format, "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}");
  EXPECT_EQ(weight->parts, (std::vector<std::string>{"blk.0.ffn_up.weight", "blk.0.ffn_up.scale"}));
  EXPECT_EQ(weight->bytes, own->bytes + 4);
  EXPECT_NE(*decoded(*own, ElementType::F32), *decoded(*weight, ElementType::F32));
}

/// The weights of a file with another text of the same length in the place of `text`, and with
/// another byte that lies so far behind it.
ImportedWeights changed(const std::string &name, const std::string &text, const std::string &other,
                        size_t behind = 0, uint8_t byte = 0) {
  Bytes file = readBytes(ggufFile(name));
  auto at = std::search(file.begin(), file.end(), text.begin(), text.end());
  EXPECT_NE(at, file.end());
  std::ranges::copy(other, at);
  if (behind != 0)
    at[static_cast<ptrdiff_t>(text.size() + behind)] = byte;
  TemporaryFolder folder;
  writeBytes(folder / "x.gguf", file);
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(folder / "x.gguf");
  EXPECT_TRUE(holds(weights));
  return *std::move(weights);
}

TEST(GgufTest, ANumberThatIsNotReadIsRefused) {
  ImportedWeights weights = changed("llama.gguf", "output_norm.weight", "blk.0.attn_k.scale");
  const char *refusal = "blocks of type Q4_0 are not multiplied with 'blk.0.attn_k.scale'";
  const ImportedWeight *weight = weights.find("model.layers.0.self_attn.k_proj.weight");
  EXPECT_EQ(weight->refusal, refusal);
  EXPECT_EQ(messageOf(decoded(*weight, ElementType::F32)), refusal);
  EXPECT_EQ(weights.find("blk.0.attn_k.weight")->refusal, "");
  EXPECT_EQ(weights.find("model.layers.0.self_attn.q_proj.weight")->refusal, "");
}

/// Another type, of which the number would be two bytes.
TEST(GgufTest, AScaleOfAnotherTypeIsRefused) {
  std::string name = "blk.0.ffn_up.scale";
  // The type follows the name, the number of dimensions and one of them.
  ImportedWeights weights = changed("llama-nvfp4.gguf", name, name, 4 + 8, 1);
  EXPECT_EQ(weights.find("model.layers.0.mlp.up_proj.weight")->refusal,
            "'blk.0.ffn_up.scale' is not one number of type F32");
  EXPECT_EQ(weights.find("blk.0.ffn_up.weight")->refusal, "");
}

/// Opens a file of these bytes.
std::string errorOf(const Bytes &bytes) {
  TemporaryFolder folder;
  writeBytes(folder / "x.gguf", bytes);
  std::string message = messageOf(ImportedWeights::openGguf(folder / "x.gguf"));
  std::string path = folder / "x.gguf: ";
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

TEST(GgufTest, DamagedHeadersAreOneError) {
  Bytes file = readBytes(ggufFile("llama.gguf"));
  EXPECT_EQ(errorOf({file.begin(), file.begin() + 3}), "the header ends at byte 3 of it");
  Bytes other = file;
  other[0] = 'X';
  EXPECT_EQ(errorOf(other), "is not a GGUF file");
  other = file;
  other[4] = 1;
  EXPECT_EQ(errorOf(other), "GGUF version 1 is not 2 or 3");
  other = file;
  std::memset(other.data() + 16, 0xFF, 8);
  EXPECT_EQ(errorOf(other), "the header ends at byte 27392 of it");
  file.resize(file.size() - 64);
  EXPECT_EQ(errorOf(file), "tensor 'output_norm.weight' ends behind the file's end");
}

TEST(GgufTest, AnUnknownTypeIsRefusedByItsWeight) {
  // The type follows the name, the number of dimensions and two of them.
  ImportedWeights weights = changed("types.gguf", "Q4_0", "Q4_0", 4 + 16, 16);
  EXPECT_EQ(weights.find("Q4_0")->refusal, "blocks of type 16 are not read");
  EXPECT_EQ(messageOf(decoded(*weights.find("Q4_0"), ElementType::F32)),
            "blocks of type 16 are not read");
}

/// Without the number of heads the order of rows is not known: no weight by transformers' name.
TEST(GgufTest, AnOrderThatIsNotKnownIsRefused) {
  const std::string keys[] = {"llama.attention.head_count", "llama.attention.head_count_kv"};
  const char *refused[] = {"q", "k"};
  for (int i : {0, 1}) {
    Bytes file = readBytes(ggufFile("llama.gguf"));
    // A text is its length and its letters; the key of another thing takes the place.
    std::string key = keys[i];
    Bytes length = {static_cast<uint8_t>(key.size()), 0, 0, 0, 0, 0, 0, 0};
    Bytes text = length;
    text.insert(text.end(), key.begin(), key.end());
    auto at = std::search(file.begin(), file.end(), text.begin(), text.end());
    ASSERT_NE(at, file.end());
    // As an array of one number, as files with another number in each layer have it.
    auto kind = at + static_cast<ptrdiff_t>(text.size());
    Bytes number(kind + 4, kind + 8);
    Bytes array = {9, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    array.insert(array.end(), number.begin(), number.end());
    auto begin = kind - file.begin();
    file.erase(kind, kind + 8);
    file.insert(file.begin() + begin, array.begin(), array.end());
    TemporaryFolder folder;
    writeBytes(folder / "x.gguf", file);
    Expected<ImportedWeights> weights = ImportedWeights::openGguf(folder / "x.gguf");
    ASSERT_TRUE(holds(weights));
    std::string name = "model.layers.0.self_attn." + std::string(refused[i]) + "_proj.weight";
    EXPECT_EQ(weights->find(name)->refusal, "the file does not say of how many heads it is");
    EXPECT_EQ(weights->find("model.layers.0.self_attn.v_proj.weight")->refusal, "");
    EXPECT_EQ(weights->find("blk.0.attn_" + std::string(refused[i]) + ".weight")->refusal, "");
  }
}

TEST(GgufTest, DamageIsAWeightOrAnError) {
  std::mt19937 generator(3);
  std::uniform_int_distribution<size_t> place(0, 1600);
  TemporaryFolder folder;
  for (const char *name : {"llama.gguf", "types-iq.gguf", "llama-nvfp4.gguf"}) {
    Bytes file = readBytes(ggufFile(name));
    for (int round = 0; round < 200; ++round) {
      Bytes damaged = file;
      for (int flip = 0; flip < 2; ++flip)
        damaged[place(generator)] ^= static_cast<uint8_t>(1u << place(generator) % 8);
      writeBytes(folder / "x.gguf", damaged);
      Expected<ImportedWeights> weights = ImportedWeights::openGguf(folder / "x.gguf");
      if (!weights) {
        EXPECT_NE(weights.error().message(), "");
        continue;
      }
      for (const auto &[weightName, weight] : weights->all())
        (void)bool(decoded(weight, ElementType::BF16));
    }
  }
}

} // namespace
