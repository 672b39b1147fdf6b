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
  EXPECT_EQ(weights.find("Q4_0")->refusal, "blocks of type IQ2_XXS (16) are not read");
  EXPECT_EQ(messageOf(decoded(*weights.find("Q4_0"), ElementType::F32)),
            "blocks of type IQ2_XXS (16) are not read");
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

//===----------------------------------------------------------------------===//
// Files of a few tensors
//===----------------------------------------------------------------------===//

std::string numberOf(uint64_t value, size_t bytes) {
  std::string text(bytes, '\0');
  std::memcpy(text.data(), &value, bytes);
  return text;
}

std::string textOf(const std::string &text) { return numberOf(text.size(), 8) + text; }

/// A GGUF file of tensors of F32, each of the numbers 0, 1, … and more of them.
struct SmallGguf {
  std::vector<std::string> values;
  std::vector<std::string> tensors;
  std::string data;

  SmallGguf &integer(const std::string &key, uint64_t value, unsigned kind = 4) {
    values.push_back(textOf(key) + numberOf(kind, 4) + numberOf(value, kind == 2 ? 2 : 4));
    return *this;
  }
  SmallGguf &text(const std::string &key, const std::string &value) {
    values.push_back(textOf(key) + numberOf(8, 4) + textOf(value));
    return *this;
  }
  /// `shape` has the fastest dimension first.
  SmallGguf &tensor(const std::string &name, const std::vector<uint64_t> &shape,
                    std::vector<float> numbers = {}) {
    uint64_t count = 1;
    std::string text = textOf(name) + numberOf(shape.size(), 4);
    for (uint64_t size : shape) {
      text += numberOf(size, 8);
      count *= size;
    }
    tensors.push_back(text + numberOf(0, 4) + numberOf(data.size(), 8));
    for (uint64_t i = numbers.size(); i < count; ++i)
      numbers.push_back(static_cast<float>(i));
    data.append(reinterpret_cast<const char *>(numbers.data()), count * sizeof(float));
    data.resize((data.size() + 31) / 32 * 32);
    return *this;
  }
  SmallGguf &split(uint64_t index, uint64_t count, uint64_t all) {
    return integer("split.no", index, 2)
        .integer("split.count", count, 2)
        .integer("split.tensors.count", all, 5);
  }
  std::string str() const {
    std::string file =
        "GGUF" + numberOf(3, 4) + numberOf(tensors.size(), 8) + numberOf(values.size(), 8);
    for (const std::vector<std::string> *list : {&values, &tensors})
      for (const std::string &each : *list)
        file += each;
    file.resize((file.size() + 31) / 32 * 32);
    return file + data;
  }
};

SmallGguf smallLlama() {
  return SmallGguf()
      .text("general.architecture", "llama")
      .integer("llama.attention.head_count", 3)
      .integer("llama.attention.head_count_kv", 1);
}

std::vector<float> floatsOf(const ImportedWeights &weights, const std::string &name) {
  const ImportedWeight *weight = weights.find(name);
  if (!weight) {
    ADD_FAILURE() << name << " is not there";
    return {};
  }
  Expected<Bytes> bytes = decoded(*weight, ElementType::F32);
  EXPECT_TRUE(holds(bytes));
  std::vector<float> floats(bytes->size() / sizeof(float));
  std::memcpy(floats.data(), bytes->data(), bytes->size());
  return floats;
}

/// What a converter does to a weight it does to what is added to its rows (gguf-6).
TEST(GgufTest, BiasesHaveTheOrderOfTheirRows) {
  TemporaryFolder folder;
  // As llama.cpp's converter writes 0, 1, 2, …: (head, half, place) as (head, place, half).
  std::vector<float> q(48), k(16);
  for (uint64_t i = 0; i < 48; ++i)
    q[i / 16 * 16 + i % 8 * 2 + i % 16 / 8] = static_cast<float>(i);
  std::copy_n(q.begin(), 16, k.begin());
  writeText(folder / "x.gguf", smallLlama()
                                   .tensor("blk.0.attn_q.bias", {48}, q)
                                   .tensor("blk.0.attn_k.bias", {16}, k)
                                   .tensor("blk.0.attn_v.bias", {16})
                                   .tensor("blk.0.attn_q.weight", {1, 48}, q)
                                   .tensor("blk.0.attn_q_norm.weight", {16})
                                   .str());
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(folder / "x.gguf");
  ASSERT_TRUE(holds(weights));
  const std::string attention = "model.layers.0.self_attn.";
  for (const char *name : {"q_proj.bias", "k_proj.bias", "v_proj.bias", "q_proj.weight"}) {
    std::vector<float> floats = floatsOf(*weights, attention + name);
    for (size_t i = 0; i < floats.size(); ++i)
      ASSERT_EQ(floats[i], static_cast<float>(i)) << name;
  }
  EXPECT_EQ(floatsOf(*weights, "blk.0.attn_q.bias"), q);
  EXPECT_EQ(weights->find(attention + "q_norm.weight")->refusal,
            "the order of a head's numbers is not known");
}

TEST(GgufTest, WhatStandsBesideAWeightIsReadOrRefused) {
  TemporaryFolder folder;
  auto refusal = [&](const std::string &beside) {
    writeText(folder / "x.gguf", smallLlama()
                                     .tensor("blk.0.ffn_up.weight", {4, 4})
                                     .tensor("blk.0.ffn_up." + beside, {1})
                                     .str());
    Expected<ImportedWeights> weights = ImportedWeights::openGguf(folder / "x.gguf");
    EXPECT_TRUE(holds(weights));
    return weights->find("model.layers.0.mlp.up_proj.weight")->refusal;
  };
  EXPECT_EQ(refusal("input_scale"), "");
  EXPECT_EQ(refusal("bias"), "");
  EXPECT_EQ(refusal("pre_scale"), "the file has 'blk.0.ffn_up.pre_scale', which is not read");
}

TEST(GgufTest, TwoTensorsOfOneNameAreAnError) {
  std::string file = smallLlama()
                         .tensor("token_embd.weight", {4, 4})
                         .tensor("model.embed_tokens.weight", {4, 4})
                         .str();
  EXPECT_EQ(errorOf({file.begin(), file.end()}),
            "tensors 'model.embed_tokens.weight' and 'token_embd.weight' are both weight "
            "'model.embed_tokens.weight'");
}

//===----------------------------------------------------------------------===//
// Several files (gguf-8)
//===----------------------------------------------------------------------===//

/// Three files of a model; the first one has the metadata and no tensors.
struct SplitModel {
  TemporaryFolder folder;
  SmallGguf files[3] = {smallLlama().split(0, 3, 3),
                        SmallGguf()
                            .split(1, 3, 3)
                            .tensor("blk.0.attn_q.weight", {2, 48})
                            .tensor("blk.0.ffn_up.weight", {4, 4}),
                        SmallGguf().split(2, 3, 3).tensor("blk.0.ffn_down.weight", {4, 6})};

  std::string path(int index, const std::string &prefix = "m") const {
    return folder / (prefix + "-0000" + std::to_string(index + 1) + "-of-00003.gguf");
  }
  void write(int index) const { writeText(path(index), files[index].str()); }
  std::string error(int index) const {
    std::string message = messageOf(ImportedWeights::openGguf(path(index)));
    std::string prefix = folder / "";
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  }
};

TEST(GgufTest, AnyFileOfASplitModelIsTheModel) {
  SplitModel model;
  for (int i : {0, 1, 2})
    model.write(i);
  for (int i : {0, 1, 2}) {
    Expected<ImportedWeights> weights = ImportedWeights::openGguf(model.path(i));
    ASSERT_TRUE(holds(weights));
    EXPECT_EQ(weights->all().size(), 6u);
    EXPECT_EQ(floatsOf(*weights, "model.layers.0.mlp.down_proj.weight").size(), 24u);
    EXPECT_EQ(floatsOf(*weights, "model.layers.0.mlp.up_proj.weight")[5], 5);
    // By the number of heads that the first file says.
    EXPECT_EQ(floatsOf(*weights, "model.layers.0.self_attn.q_proj.weight")[2], 4);
  }
}

TEST(GgufTest, FilesThatAreNotThereAreNamed) {
  SplitModel model;
  model.write(0);
  EXPECT_EQ(model.error(0), "m-00001-of-00003.gguf: is file 1 of 3 of a split model; "
                            "'m-00002-of-00003.gguf', 'm-00003-of-00003.gguf' are not there");
  model.write(1);
  EXPECT_EQ(model.error(1), "m-00002-of-00003.gguf: is file 2 of 3 of a split model; "
                            "'m-00003-of-00003.gguf' is not there");
  writeText(model.folder / "x.gguf", model.files[1].str());
  EXPECT_EQ(messageOf(ImportedWeights::openGguf(model.folder / "x.gguf")),
            model.folder / "x.gguf: is file 2 of 3 of a split model, whose others are found by its "
                           "name, which has to end with '-00002-of-00003.gguf'");
}

TEST(GgufTest, FilesThatDoNotBelongTogetherAreAnError) {
  auto errorWith = [](int index, SmallGguf file, int given = 0) {
    SplitModel model;
    model.files[index] = std::move(file);
    for (int i : {0, 1, 2})
      model.write(i);
    return model.error(given);
  };
  auto third = [](uint64_t no, uint64_t count, uint64_t all) {
    return SmallGguf().split(no, count, all);
  };
  EXPECT_EQ(errorWith(2, third(2, 4, 3)), "m-00003-of-00003.gguf: split.count is 4, expected 3 of "
                                          "file 3 of 3 of a split model");
  EXPECT_EQ(errorWith(2, third(1, 3, 3)), "m-00003-of-00003.gguf: split.no is 1, expected 2 of "
                                          "file 3 of 3 of a split model");
  EXPECT_EQ(errorWith(2, third(2, 3, 7)), "m-00003-of-00003.gguf: split.tensors.count is 7, "
                                          "expected 3 of file 3 of 3 of a split model");
  EXPECT_EQ(errorWith(2, third(2, 3, 3)), "m-00001-of-00003.gguf: the files of the split model "
                                          "have 2 tensors, and split.tensors.count is 3");
  EXPECT_EQ(errorWith(2, third(2, 3, 3).text("general.architecture", "qwen2")),
            "m-00003-of-00003.gguf: 'general.architecture' is another one than in the first file, "
            "so file 3 of 3 of a split model is of another model");
  std::string twice = errorWith(2, third(2, 3, 3).tensor("blk.0.ffn_up.weight", {4, 4}));
  EXPECT_NE(twice.find("tensor 'blk.0.ffn_up.weight' is in '"), std::string::npos) << twice;
  EXPECT_EQ(errorWith(0, smallLlama().split(3, 3, 3)),
            "m-00001-of-00003.gguf: split.no is 3, and split.count 3");
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
