//===- ClosedWorldTest.cpp - What is not known is refused by name ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/JsonTree.h"
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

using namespace uwt;
using namespace uwt::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

/// Returns the weight's values, or nothing if it is not there or not read.
std::optional<Bytes> valuesIn(const std::string &path) {
  OpenedCheckpoint opened(path);
  if (!opened.weight())
    return std::nullopt;
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::F32);
  return bytes ? std::optional(*bytes) : std::nullopt;
}

std::string refusalIn(const std::string &path) {
  OpenedCheckpoint opened(path);
  return opened.weight() ? opened.weight()->refusal : "no weight";
}

/// Why a tensor is not taken as it is, or "it is taken".
std::string plainRefusalIn(const std::string &path, const std::string &name,
                           bool assumePlain = false) {
  Expected<Checkpoint> checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(holds(checkpoint));
  Expected<ImportedWeights> weights = ImportedWeights::open(*checkpoint, path, assumePlain);
  EXPECT_TRUE(holds(weights));
  auto found = checkpoint->find(name);
  EXPECT_TRUE(holds(found));
  Status plain = weights->checkPlain(*found->first, *found->second);
  return plain ? "it is taken" : plain.error().message();
}

/// A folder of plain BF16 tensors with a configuration.
std::string writePlain(const TemporaryFolder &folder, const std::string &config,
                       std::vector<TestTensor> more = {}) {
  more.push_back({"m.up_proj.weight", "BF16", {8, 8}, Bytes(128)});
  more.push_back({"lm_head.weight", "BF16", {8, 8}, Bytes(128)});
  more.push_back({"m.up_proj.bias", "BF16", {8}, Bytes(16)});
  writeTensors(folder / "model.safetensors", more);
  writeText(folder / "config.json", config);
  return folder.path;
}

/// The compressed twin of a folder.
std::string compressedTwin(const std::string &folder, const TemporaryFolder &twin) {
  std::string path = twin / "twin";
  Expected<CheckpointReport> report = compress(folder, path, {});
  EXPECT_TRUE(holds(report));
  return path;
}

class EachGoldenTest : public testing::TestWithParam<std::string> {};

/// What a folder says, its compressed folder says.
TEST_P(EachGoldenTest, ItsCompressedTwinHasTheSameValues) {
  TemporaryFolder folder, twin;
  std::string plain = EditedCheckpoint(GetParam()).write(folder);
  std::optional<Bytes> values = valuesIn(plain), again = valuesIn(compressedTwin(plain, twin));
  ASSERT_TRUE(values);
  EXPECT_EQ(values, again);
}

// world-2
TEST_P(EachGoldenTest, ATensorThatItsRecipeDoesNotKnowIsRefused) {
  for (const char *name : {".foo", ".pre_quant_scale", ".R4_input.weight"}) {
    EditedCheckpoint edited(GetParam());
    edited.tensors.push_back({goldenModule + name, "BF16", {8}, Bytes(16)});
    TemporaryFolder folder, twin;
    std::string plain = edited.write(folder);
    EXPECT_THAT(refusalIn(plain), HasSubstr(std::string(name) + " beside it"));
    EXPECT_EQ(refusalIn(plain), refusalIn(compressedTwin(plain, twin)));
  }
  EditedCheckpoint edited(GetParam());
  for (const char *name : {".bias", ".input_scale", ".k_scale"})
    edited.tensors.push_back({goldenModule + name, "BF16", {8}, Bytes(16)});
  TemporaryFolder folder;
  EXPECT_EQ(refusalIn(edited.write(folder)), "");
}

/// Returns pointers to all members of a configuration, of objects inside too.
void collectMembers(const json &value, json::json_pointer at,
                    std::vector<json::json_pointer> &members) {
  for (auto [key, member] : value.items()) {
    members.push_back(at / key);
    if (member.is_object())
      collectMembers(member, at / key, members);
  }
}

// world-1
TEST_P(EachGoldenTest, AMemberThatItsMethodDoesNotKnowIsRefused) {
  EditedCheckpoint edited(GetParam());
  // ComfyUI's files have no configuration.
  if (edited.config.empty())
    return;
  json config = parseJsonTreeOrNone(edited.config);
  std::vector<json::json_pointer> members = {json::json_pointer("/quantization_config")};
  collectMembers(config["quantization_config"], members[0], members);
  for (const json::json_pointer &at : members) {
    // What HQQ's and torchao's own objects hold has no say: tensors and the header have all. Nor
    // have caches.
    std::string path = at.to_string();
    bool isOpen = path.find("weight_quant_params") != std::string::npos ||
                  path.find("kv_cache_quant_config") != std::string::npos ||
                  path.find("_data/") != std::string::npos;
    if (!config[at].is_object() || isOpen)
      continue;
    json changed = config;
    changed[at]["foo"] = {{"bar", 1}};
    edited.config = changed.dump();
    TemporaryFolder folder, twin;
    std::string plain = edited.write(folder);
    EXPECT_NE(refusalIn(plain), "") << path;
    EXPECT_EQ(refusalIn(plain), refusalIn(compressedTwin(plain, twin)));
    if (path == "/quantization_config")
      EXPECT_THAT(refusalIn(plain), HasSubstr("'foo"));
  }
}

/// Members of which absence, or another value, has another meaning by their method's own rules.
bool hasOtherMeaning(const std::string &name, const std::string &path) {
  // gptq-3: absent is the first version. bitnet-2: absent is bitlinear.
  return (path.ends_with("/checkpoint_format") && name.starts_with("gptq")) ||
         (path.ends_with("/linear_class") && name.starts_with("bitnet"));
}

/// However a known member is changed, the values are the same, or there are none.
TEST_P(EachGoldenTest, NoMemberChangesValuesInSilence) {
  EditedCheckpoint edited(GetParam());
  if (edited.config.empty())
    return;
  TemporaryFolder own;
  std::optional<Bytes> values = valuesIn(edited.write(own));
  ASSERT_TRUE(values);
  json config = parseJsonTreeOrNone(edited.config);
  std::vector<json::json_pointer> members;
  collectMembers(config["quantization_config"], json::json_pointer("/quantization_config"),
                 members);
  auto check = [&](const json &changed, const std::string &path) {
    edited.config = changed.dump();
    TemporaryFolder folder;
    std::optional<Bytes> others = valuesIn(edited.write(folder));
    if (others && !hasOtherMeaning(GetParam(), path))
      EXPECT_EQ(*others == *values, true) << path << ": " << edited.config;
  };
  for (const json::json_pointer &at : members) {
    json without = config;
    without[at.parent_pointer()].erase(at.back());
    check(without, at.to_string());
    std::vector<json> others = {nullptr, true, false, "4", 4.0, -1, 0, 3, json::array(), "foo"};
    for (const json &other : others) {
      json changed = config;
      changed[at] = other;
      check(changed, at.to_string());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Packers, EachGoldenTest, testing::ValuesIn(goldenNames()), goldenTestName);

//===----------------------------------------------------------------------===//
// Values of members
//===----------------------------------------------------------------------===//

/// Why a golden checkpoint is refused once a text of its configuration is another one.
std::string refusalWith(const std::string &name, const std::string &from, const std::string &to) {
  EditedCheckpoint edited(name);
  edited.replaceInConfig(from, to);
  return errorOf(edited);
}

TEST(ClosedWorldTest, ValuesThatAreNotServedAreRefusedByName) {
  EXPECT_THAT(refusalWith("gptq-b4-g128", "\"bits\": 4", "\"bits\": \"4\""),
              HasSubstr("'bits' of the configuration is \"4\", expected an integer"));
  EXPECT_THAT(refusalWith("gptq-b4-g128", "\"bits\": 4", "\"bits\": 4.0"),
              HasSubstr("expected an integer"));
  EXPECT_THAT(refusalWith("gptq-b4-g128", "\"group_size\": 128", "\"group_size\": null"),
              HasSubstr("'group_size'"));
  EXPECT_THAT(refusalWith("ct-int4-g128", "\"symmetric\": true", "\"symmetric\": false"),
              HasSubstr("symmetric is false, and there is no .weight_zero_point"));
  EXPECT_THAT(refusalWith("ct-int4-g32-asym", "\"symmetric\": false", "\"symmetric\": true"),
              HasSubstr("symmetric is true"));
  EXPECT_THAT(refusalWith("gptq-b4-g128", "\"sym\": false", "\"sym\": true"),
              HasSubstr("sym is true"));
  EXPECT_THAT(refusalWith("awq-gemm-g128", "\"zero_point\": true", "\"zero_point\": false"),
              HasSubstr("zero_point is false"));
  EXPECT_THAT(refusalWith("ct-int4-g128", "\"compressed\"", "\"initialized\""),
              HasSubstr("'quantization_status'"));
  EXPECT_THAT(refusalWith("ct-int4-g128", "\"dynamic\": false", "\"dynamic\": true"),
              HasSubstr("'config_groups.group_0.weights.dynamic'"));
  EXPECT_THAT(refusalWith("modelopt-nvfp4", "\"NVFP4\"", "\"W4A8_AWQ\""),
              HasSubstr("'quant_algo'"));
  EXPECT_THAT(refusalWith("ct-int4-g128", "\"lm_head\"", "\"" + goldenModule + "\""),
              HasSubstr("it has codes, and '" + goldenModule + "' in 'ignore'"));
}

TEST(ClosedWorldTest, ActivationsAndCachesHaveNoSay) {
  EXPECT_EQ(refusalWith("ct-fp8-channel", "\"targets\"",
                        "\"input_activations\": {\"num_bits\": 8, \"type\": \"float\", "
                        "\"dynamic\": true, \"strategy\": \"token\"}, \"targets\""),
            "no error");
  EXPECT_EQ(refusalWith("ct-fp8-channel", "\"ignore\"",
                        "\"kv_cache_scheme\": {\"num_bits\": 8}, \"sparsity_config\": {}, "
                        "\"transform_config\": {}, \"ignore\""),
            "no error");
  EXPECT_THAT(refusalWith("ct-fp8-channel", "\"targets\"",
                          "\"input_activations\": {\"foo\": 8}, \"targets\""),
              HasSubstr("'config_groups.group_0.input_activations.foo'"));
}

//===----------------------------------------------------------------------===//
// Plain tensors
//===----------------------------------------------------------------------===//

// world-4
TEST(PlainTensorTest, OfConfigurationsThatAreNotUnderstoodNoneIsTaken) {
  const std::pair<const char *, const char *> configs[] = {
      {R"({"quant_method": "compressed-tensors", "transform_config": {"config_groups": {}}})",
       "'transform_config'"},
      {R"({"quant_method": "aqlm", "in_group_size": 8})", "quantised by 'aqlm'"},
      {R"({"quant_method": "fp_quant", "pseudoquantization": true})", "'pseudoquantization'"},
      {R"({"quant_method": "gptq", "bits": 4, "rotation": "hadamard"})", "'rotation'"},
      {R"({"quant_method": "compressed-tensors", "sparsity_config": {"format": "sparse-24-bitmask"}})",
       "'sparsity_config.format'"},
  };
  for (auto [config, reason] : configs) {
    TemporaryFolder folder, twin;
    std::string plain =
        writePlain(folder, R"({"quantization_config": )" + std::string(config) + "}");
    for (const std::string &path : {plain, compressedTwin(plain, twin)}) {
      EXPECT_THAT(plainRefusalIn(path, "m.up_proj.weight"), HasSubstr(reason));
      EXPECT_THAT(plainRefusalIn(path, "lm_head.weight"), HasSubstr("--assume plain"));
      EXPECT_EQ(plainRefusalIn(path, "m.up_proj.bias"), "it is taken");
      EXPECT_EQ(plainRefusalIn(path, "m.up_proj.weight", true), "it is taken");
    }
  }
}

TEST(PlainTensorTest, WhatAKnownMethodLeavesAloneIsTaken) {
  std::string known = R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})";
  for (const std::string &config : {known, std::string(R"({"quantization_config": null})"),
                                    std::string(R"({"model_type": "llama"})")}) {
    TemporaryFolder folder;
    std::string path = writePlain(folder, config);
    EXPECT_EQ(plainRefusalIn(path, "m.up_proj.weight"), "it is taken") << config;
  }
  for (const char *name :
       {"m.up_proj.pre_quant_scale", "m.up_proj.weight_scale", "m.up_proj.R4_input.weight"}) {
    TemporaryFolder folder;
    std::string path = writePlain(folder, known, {{name, "BF16", {8}, Bytes(16)}});
    EXPECT_THAT(plainRefusalIn(path, "m.up_proj.weight"), HasSubstr("beside it"));
    EXPECT_EQ(plainRefusalIn(path, "lm_head.weight"), "it is taken");
  }
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

// world-3
TEST(ConfigSourcesTest, AConfigurationMayStandInsideAndBeside) {
  EditedCheckpoint edited("gptq-b4-g128");
  json own = parseJsonTreeOrNone(edited.config)["quantization_config"];
  TemporaryFolder expected;
  std::optional<Bytes> values = valuesIn(edited.write(expected));
  std::vector<json> configs = {
      {{"text_config", {{"quantization_config", own}}}},
      {{"llm_config", {{"quantization_config", own}}}},
      {{"thinker_config", {{"text_config", {{"quantization_config", own}}}}}},
      {{"quantization_config", nullptr}, {"text_config", {{"quantization_config", own}}}},
      {{"compression_config", own}},
      {{"quantization_config", own}, {"text_config", {{"quantization_config", own}}}},
  };
  for (const json &config : configs) {
    edited.config = config.dump();
    TemporaryFolder folder, twin;
    std::string plain = edited.write(folder);
    EXPECT_EQ(valuesIn(plain), values) << edited.config;
    EXPECT_EQ(valuesIn(compressedTwin(plain, twin)), values) << edited.config;
  }
}

TEST(ConfigSourcesTest, SidecarsAreRead) {
  const std::tuple<const char *, const char *, const char *> sidecars[] = {
      {"gptq-b4-g128", "quantize_config.json", R"({"bits": 4, "group_size": 128})"},
      {"awq-gemm-g128", "quant_config.json",
       R"({"zero_point": true, "q_group_size": 128, "w_bit": 4, "version": "GEMM"})"},
      {"awq-gemm-g128", "quantize_config.json",
       R"({"zero_point": true, "q_group_size": 128, "w_bit": 4, "version": "GEMM"})"},
      {"modelopt-nvfp4", "hf_quant_config.json",
       R"({"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4",
           "kv_cache_quant_algo": null, "group_size": 16, "exclude_modules": ["lm_head"]}})"},
  };
  for (auto [name, file, text] : sidecars) {
    EditedCheckpoint edited(name);
    TemporaryFolder expected, folder, twin;
    std::optional<Bytes> values = valuesIn(edited.write(expected));
    edited.config = R"({"model_type": "llama"})";
    std::string plain = edited.write(folder);
    writeText(folder / file, text);
    EXPECT_EQ(valuesIn(plain), values) << name << " " << file << " " << refusalIn(plain);
    EXPECT_EQ(valuesIn(compressedTwin(plain, twin)), values) << name << " " << file;
  }
}

TEST(ConfigSourcesTest, TwoPlacesThatDisagreeAreNamed) {
  EditedCheckpoint edited("gptq-b4-g128");
  TemporaryFolder folder;
  std::string path = edited.write(folder);
  writeText(folder / "quantize_config.json", R"({"bits": 8, "group_size": 128})");
  EXPECT_EQ(refusalIn(path), "'bits' is 4 in config.json: quantization_config and 8 in "
                             "quantize_config.json");
  writeText(folder / "quantize_config.json", R"({"bits": 4, "damp_percent": 0.1})");
  EXPECT_EQ(refusalIn(path), "");
  writeText(folder / "quantize_config.json", R"({"checkpoint_format": "gptq_v2"})");
  EXPECT_THAT(refusalIn(path), HasSubstr("'checkpoint_format'"));
}

TEST(ConfigSourcesTest, EachFolderHasItsOwn) {
  TemporaryFolder root;
  std::vector<std::string> folders = {"transformer", "text_encoder", "vae"};
  const char *names[] = {"bnb-nf4", "fp8-block"};
  for (const std::string &folder : folders)
    std::filesystem::create_directory(root / folder);
  for (size_t i = 0; i < 2; ++i) {
    EditedCheckpoint edited(names[i]);
    for (TestTensor &each : edited.tensors)
      each.name = folders[i] + "." + each.name;
    writeTensors(root / (folders[i] + "/model.safetensors"), edited.tensors);
    writeText(root / (folders[i] + "/config.json"), edited.config);
  }
  writeTensors(root / "vae/model.safetensors", {{"vae.weight", "BF16", {8, 8}, Bytes(128)}});
  writeText(root / "vae/config.json", "{}");
  TemporaryFolder twin;
  for (const std::string &path : {root.path, compressedTwin(root.path, twin)}) {
    OpenedCheckpoint opened(path);
    for (size_t i = 0; i < 2; ++i) {
      const ImportedWeight *weight =
          opened.weights.find(folders[i] + "." + goldenModule + ".weight");
      ASSERT_NE(weight, nullptr);
      EXPECT_EQ(weight->refusal, "");
    }
    EXPECT_EQ(plainRefusalIn(path, "vae.weight"), "it is taken");
  }
}

TEST(ConfigSourcesTest, AliasesOfMethods) {
  const std::tuple<const char *, const char *, const char *> aliases[] = {
      {"gptq-b4-g128", "\"gptq\"", "\"auto-round\", \"packing_format\": \"auto_round:auto_gptq\""},
      {"awq-gemm-g128", "\"awq\"", "\"auto-round\", \"packing_format\": \"auto_round:auto_awq\""},
      {"ct-int4-g128", "\"compressed-tensors\"", "\"sparseml\""},
      {"modelopt-nvfp4", "\"modelopt\"", "\"modelopt_fp4\""},
  };
  for (auto [name, from, to] : aliases) {
    EditedCheckpoint edited(name);
    TemporaryFolder one, other;
    std::optional<Bytes> values = valuesIn(edited.write(one));
    edited.replaceInConfig(from, to);
    EXPECT_EQ(valuesIn(edited.write(other)), values) << name << ": " << errorOf(edited);
  }
}

/// gptq-7: packings of auto-round by the zero points that they store.
TEST(AutoRoundTest, PackingsAreThoseOfTheirVersions) {
  auto valuesOf = [](const char *golden, const std::string &members) {
    EditedCheckpoint edited(golden);
    json config = parseJsonTreeOrNone(edited.config);
    json &own = config["quantization_config"];
    own.erase("checkpoint_format");
    own.update(parseJsonTreeOrNone(members));
    edited.config = config.dump();
    TemporaryFolder folder;
    std::string path = edited.write(folder);
    OpenedCheckpoint opened(path);
    std::vector<std::string> notes = opened.weights.notes();
    return std::pair(valuesIn(path), notes.empty() ? std::string() : notes.front());
  };
  auto packed = [](const std::string &packing, const std::string &more = "") {
    return R"({"quant_method": "auto-round", "packing_format": ")" + packing + "\"" + more + "}";
  };
  const char *first = "gptq-b4-g128", *second = "gptq-v2-b4-g64";
  std::optional<Bytes> ofFirst = valuesIn(goldenFolder(first)),
                       ofSecond = valuesIn(goldenFolder(second));
  for (const char *packing :
       {"auto_round:auto_gptq", "auto_round:gptq", "auto_round:auto_gptq:exllamav2"})
    EXPECT_EQ(valuesOf(first, packed(packing)), std::pair(ofFirst, std::string())) << packing;
  for (const char *packing : {"auto_round", "auto_round:exllamav2", "auto_round:tritonv2"})
    EXPECT_EQ(valuesOf(second, packed(packing)), std::pair(ofSecond, std::string())) << packing;
  const std::string gptqModel = "auto_round:gptqmodel";
  for (const char *version : {"0.6.0", "0.16.1", "0.20", "1.0"})
    EXPECT_EQ(valuesOf(second, packed(gptqModel,
                                      R"(, "autoround_version": ")" + std::string(version) + "\""))
                  .first,
              ofSecond)
        << version;
  for (const char *version :
       {"", R"(, "autoround_version": "0.5.1")", R"(, "autoround_version": "main")"})
    EXPECT_THAT(valuesOf(second, packed(gptqModel, version)).second,
                HasSubstr("older versions of auto-round"));
  for (const char *packing : {"auto_round:fake", "auto_round:llm_compressor", "marlin", ""})
    EXPECT_THAT(valuesOf(first, packed(packing)).second, HasSubstr("of auto-round is not read"));
  EXPECT_THAT(valuesOf(first, packed("auto_round", R"(, "checkpoint_format": "gptq")")).second,
              HasSubstr("'checkpoint_format' is not that of packing_format"));
}

/// gptq-7: what `extra_config` says of a module.
TEST(AutoRoundTest, ModulesHaveBitsOfTheirOwn) {
  auto error = [](const std::string &bits, const std::string &extra) {
    EditedCheckpoint edited("gptq-b4-g128");
    json config = parseJsonTreeOrNone(edited.config);
    json &own = config["quantization_config"];
    own.update({{"quant_method", "auto-round"}, {"packing_format", "auto_round:auto_gptq"}});
    own["bits"] = std::stoi(bits);
    own["extra_config"] = parseJsonTreeOrNone(extra);
    edited.config = config.dump();
    return errorOf(edited);
  };
  const std::string own = "{\"" + goldenModule + "\": ";
  EXPECT_EQ(error("8", own + R"({"bits": 4}, "lm_head": {"bits": 16}})"), "no error");
  EXPECT_EQ(error("8", R"({".*mlp.*": {"bits": 4, "group_size": 128, "act_bits": 16}})"),
            "no error");
  EXPECT_EQ(error("8", R"({"up_proj$": {"bits": 4}})"), "no error");
  EXPECT_THAT(error("8", R"({"down_proj$": {"bits": 4}})"), HasSubstr("with 8 bits a code"));
  EXPECT_THAT(error("4", own + R"({"bits": 8}})"),
              HasSubstr("'" + goldenModule + "' of extra_config says"));
  EXPECT_EQ(error("4", own + R"({"bits": 16}})"),
            "'" + goldenModule +
                "' of extra_config says that it is not quantised, and there is .qweight");
  EXPECT_THAT(error("4", own + R"({"act_bits": 8}})"), HasSubstr("act_bits"));
  EXPECT_THAT(error("4", own + R"({"rotation_config": {"x": 1}}})"), HasSubstr("rotation_config"));
  EXPECT_THAT(error("4", R"x({"(?=x)": {"bits": 4}})x"), HasSubstr("extra_config: pattern"));
}

TEST(ConfigSourcesTest, WhatLooksQuantisedIsSaidToLookSo) {
  const std::pair<const char *, const char *> looks[] = {
      {"gptq-b4-g128", "GPTQ"},    {"awq-gemm-g128", "AWQ"}, {"ct-int4-g128", "compressed-tensors"},
      {"bnb-nf4", "bitsandbytes"}, {"hqq-b4-g64", "HQQ"},    {"fp8-block", "FP8"},
      {"torchao-int8", "torchao"}, {"gpt-oss", "MXFP4"},     {"marlin-g128", "Marlin"},
  };
  for (auto [name, kind] : looks) {
    EditedCheckpoint edited(name);
    edited.config = "{}";
    TemporaryFolder folder;
    OpenedCheckpoint opened(edited.write(folder));
    EXPECT_THAT(opened.weights.notes(),
                testing::ElementsAre(HasSubstr("looks like " + std::string(kind))));
  }
}

//===----------------------------------------------------------------------===//
// Layers that lie transposed
//===----------------------------------------------------------------------===//

// world-5
TEST(Conv1DTest, AWeightHasTheShapeOfTheFloatModel) {
  for (const char *name : {"gptq-b4-g128", "gptq-b2-g-idx", "bnb-nf4", "bnb-int8"}) {
    EditedCheckpoint edited(name);
    TemporaryFolder linear, folder;
    OpenedCheckpoint expected(edited.write(linear));
    const std::string module = "transformer.h.0.attn.c_proj";
    for (TestTensor &each : edited.tensors)
      each.name.replace(0, goldenModule.size(), module);
    edited.config.insert(1, "\"model_type\": \"gpt2\", ");
    OpenedCheckpoint opened(edited.write(folder));
    const ImportedWeight *weight = opened.weights.find(module + ".weight");
    ASSERT_NE(weight, nullptr);
    ASSERT_EQ(weight->refusal, "");
    EXPECT_EQ(spelled(*weight), weight->format);
    std::vector<uint64_t> shape = expected.weight()->shape;
    EXPECT_EQ(weight->shape, (std::vector<uint64_t>{shape[1], shape[0]}));
    Expected<Bytes> plain = decoded(*expected.weight(), ElementType::BF16),
                    transposed = decoded(*weight, ElementType::BF16);
    ASSERT_TRUE(holds(plain) && holds(transposed));
    for (uint64_t row = 0; row < shape[0]; ++row)
      for (uint64_t column = 0; column < shape[1]; ++column)
        ASSERT_EQ((*plain)[2 * (row * shape[1] + column)],
                  (*transposed)[2 * (column * shape[0] + row)]);
  }
}

TEST(Conv1DTest, OtherRecipesRefuseIt) {
  EditedCheckpoint edited("ct-int4-g128");
  for (TestTensor &each : edited.tensors)
    each.name.replace(0, goldenModule.size(), "h.0.mlp.c_fc");
  edited.config.insert(1, "\"model_type\": \"gpt2\", ");
  TemporaryFolder folder;
  OpenedCheckpoint opened(edited.write(folder));
  ASSERT_NE(opened.weights.find("h.0.mlp.c_fc.weight"), nullptr);
  EXPECT_THAT(opened.weights.find("h.0.mlp.c_fc.weight")->refusal, HasSubstr("Conv1D"));
}

//===----------------------------------------------------------------------===//
// The door of JSON
//===----------------------------------------------------------------------===//

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonDoorTest, DeepTextIsAnError) {
  EditedCheckpoint edited("gptq-b4-g128");
  TemporaryFolder folder;
  edited.config =
      R"({"quantization_config": {"quant_method": "gptq", "bits": )" + nested(100000) + "}}";
  std::string path = edited.write(folder);
  Expected<Checkpoint> checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(holds(checkpoint));
  EXPECT_THAT(messageOf(ImportedWeights::open(*checkpoint, path)), HasSubstr("more than 16 deep"));
  EXPECT_FALSE(parseJsonTree(nested(17)));
  EXPECT_TRUE(parseJsonTree(nested(16)));
  EXPECT_FALSE(parseJsonTree(R"({"a": 1, "a": 2})"));
}

TEST(JsonDoorTest, NumbersThatPythonWritesAreRead) {
  EditedCheckpoint edited("gptq-b4-g128");
  edited.config.insert(1, "\"time_step_limit\": [0.0, Infinity], ");
  EXPECT_EQ(errorOf(edited), "no error");
}

} // namespace
