//===- NamedModulesTest.cpp - Configurations that name modules ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "uwt/Support/JsonTree.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

/// A golden checkpoint whose quantization_config a function has changed.
template <typename Change> EditedCheckpoint changed(const std::string &name, Change change) {
  EditedCheckpoint edited(name);
  json config = parseJsonTreeOrNone(edited.config);
  change(config["quantization_config"]);
  edited.config = config.dump();
  return edited;
}

void dropTensor(EditedCheckpoint &edited, const std::string &suffix) {
  std::erase_if(edited.tensors,
                [&](const TestTensor &each) { return each.name.ends_with("." + suffix); });
}

//===----------------------------------------------------------------------===//
// Lists of modules that are not quantised (world-1)
//===----------------------------------------------------------------------===//

TEST(IgnoredModulesTest, PatternsNameModulesWithoutCodes) {
  for (const char *name : {"ct-int4-g128", "ct-nvfp4", "ct-fp8-block", "ct-int8"}) {
    auto error = [&](const std::string &entry) {
      return errorOf(changed(name, [&](json &config) { config["ignore"] = {"lm_head", entry}; }));
    };
    EXPECT_EQ(error("re:.*up_proj$"),
              "it has codes, and 're:.*up_proj$' in 'ignore' of the configuration says that it is "
              "not quantised")
        << name;
    for (const char *other : {"re:.*down_proj", "re:up_proj", "re:.*up_proj.weight", "re:(?!x).*"})
      EXPECT_EQ(error(other), "no error") << name << " " << other;
  }
}

//===----------------------------------------------------------------------===//
// Groups by their targets
//===----------------------------------------------------------------------===//

/// Two groups, of which the second has zero points.
EditedCheckpoint withGroups(const std::string &first, const std::string &second) {
  return changed("ct-int4-g128", [&](json &config) {
    json &groups = config["config_groups"];
    json group = groups.begin().value();
    group["targets"] = {first};
    json other = group;
    other["targets"] = {second};
    other["weights"]["symmetric"] = false;
    groups = {{"group_0", group}, {"group_1", other}};
  });
}

TEST(TargetsTest, AModuleIsOfTheGroupsThatNameIt) {
  const std::string missing = "symmetric is false, and there is no .weight_zero_point";
  EXPECT_EQ(errorOf(withGroups("re:.*down_proj", "re:.*up_proj")), missing);
  EXPECT_EQ(errorOf(withGroups("Linear", goldenModule)), missing);
  EXPECT_EQ(errorOf(withGroups("re:.*down_proj", "Linear")), missing);
  EXPECT_EQ(errorOf(withGroups("re:.*up_proj", "re:.*down_proj")), "no error");
  EXPECT_EQ(errorOf(withGroups(goldenModule, "Linear")), "no error");
  // What cannot be told apart, shapes and tensors tell.
  EXPECT_EQ(errorOf(withGroups("Linear", "re:(?!x).*")), "no error");
  EXPECT_EQ(errorOf(withGroups("re:other", "re:another")), "no error");
}

/// Each weight is compared with all groups (A19): with as many as differ, not with those that say
/// the same.
TEST(TargetsTest, GroupsHaveALimit) {
  auto error = [](unsigned count, bool areDifferent) {
    return errorOf(changed("ct-int4-g128", [&](json &config) {
      json &groups = config["config_groups"];
      json group = groups.begin().value();
      for (unsigned i = 1; i < count; ++i) {
        json other = group;
        other["targets"] = {"re:.*" + std::to_string(i) + "x"};
        if (areDifferent)
          other["weights"]["group_size"] = 1000 + i;
        groups["group_" + std::to_string(i)] = other;
      }
    }));
  };
  EXPECT_EQ(error(256, true), "no error");
  EXPECT_EQ(error(257, true), "config_groups has 257 different groups, expected up to 256");
  EXPECT_EQ(error(2000, false), "no error");
}

//===----------------------------------------------------------------------===//
// Orders of columns
//===----------------------------------------------------------------------===//

TEST(ColumnOrderTest, NumbersOfGroupsHaveToBeThere) {
  auto with = [](const json &order) {
    return changed("ct-int4-g-idx", [&](json &config) {
      config["config_groups"].begin().value()["weights"]["actorder"] = order;
    });
  };
  auto without = [&](const json &order) {
    EditedCheckpoint edited = with(order);
    dropTensor(edited, "weight_g_idx");
    return errorOf(edited);
  };
  for (const json &order : {json("group"), json("dynamic"), json(true)}) {
    EXPECT_EQ(errorOf(with(order)), "no error");
    EXPECT_EQ(without(order), "actorder is group, and there is no .weight_g_idx");
  }
  for (const json &order : {json("weight"), json("static"), json(false), json()})
    EXPECT_EQ(without(order), "no error");
  EXPECT_THAT(without("columns"), HasSubstr("'config_groups.group_0.weights.actorder'"));
}

/// Kernels of exllama take zeros for columns side by side, others for one group (gptq-4).
TEST(ColumnOrderTest, GroupsOfNoColumnAreAnError) {
  const std::string expected =
      "no column is of group 1 of 2: engines disagree in what such numbers "
      "of groups mean";
  EditedCheckpoint gptq("gptq-b4-g128");
  TestTensor &order = gptq.tensor("g_idx");
  order.bytes.assign(order.bytes.size(), 0);
  EXPECT_EQ(errorOf(gptq), expected);
  EditedCheckpoint packed("ct-int4-g-idx");
  TestTensor &own = packed.tensor("weight_g_idx");
  own.bytes.assign(own.bytes.size(), 0);
  EXPECT_THAT(errorOf(packed), HasSubstr("no column is of group 1"));
}

//===----------------------------------------------------------------------===//
// Objects of modules (mlx-2)
//===----------------------------------------------------------------------===//

/// Without its module's object, codes of 8 bits in groups of 32 would be twice as many of 4 in 64.
TEST(NamedObjectsTest, AModuleByAnotherNameIsRefused) {
  auto error = [](const std::string &key) {
    EditedCheckpoint edited("mlx-b8-g32");
    json own = {{"group_size", 32}, {"bits", 8}};
    edited.config = json{{"quantization", {{"group_size", 64}, {"bits", 4}, {key, own}}}}.dump();
    return errorOf(edited);
  };
  EXPECT_EQ(error(goldenModule), "no error");
  for (const std::string &key : {"language_model." + goldenModule, std::string("mlp.up_proj")})
    EXPECT_EQ(error(key),
              "the configuration has '" + key + "', which may be this module by another name");
}

//===----------------------------------------------------------------------===//
// Layers of Quark (quark-1 to quark-3)
//===----------------------------------------------------------------------===//

TEST(QuarkTest, LayersAreAsTheConfigurationSays) {
  auto error = [](const char *name, const std::string &layers) {
    return errorOf(changed(
        name, [&](json &config) { config["layer_quant_config"] = parseJsonTreeOrNone(layers); }));
  };
  const std::string
      row = R"({"weight": {"dtype": "fp8_e4m3", "qscheme": "per_channel", "ch_axis": 0}})",
      column = R"({"weight": {"dtype": "fp8_e4m3", "qscheme": "per_channel", "ch_axis": 1}})";
  const char *name = "quark-fp8-channel";
  EXPECT_EQ(error(name, "{}"), "no error");
  EXPECT_EQ(error(name, "{\"*up_proj\": " + row + ", \"*down_proj\": " + column + "}"), "no error");
  EXPECT_THAT(error(name, "{\"" + goldenModule + "\": " + column + "}"), HasSubstr("ch_axis 1"));
  EXPECT_THAT(error(name, "{\"*up_proj\": " + row + ", \"model.*\": " + column + "}"),
              HasSubstr("say different things"));
  EXPECT_THAT(error(name, "{\"*[u]p_proj\": " + row + "}"), HasSubstr("pattern that is not read"));
  EXPECT_THAT(error(name, R"({"*up_proj": {"weight": null}})"), HasSubstr("no object 'weight'"));
  EXPECT_THAT(error(name, R"({"*up_proj": {"weight": [{"dtype": "fp4"}]}})"), HasSubstr("weight"));
  EXPECT_THAT(error("quark-fp8-tensor", "{\"*up_proj\": " + row + "}"), HasSubstr("'per_channel'"));
  EXPECT_THAT(error("quark-mxfp4", "{\"*up_proj\": " + row + "}"), HasSubstr("groups of 0"));
}

TEST(QuarkTest, WhatChangesLayersIsRefused) {
  const std::pair<const char *, const char *> members[] = {
      {"algo_config", R"([{"name": "rotation"}])"},
      {"layer_type_quant_config", R"({"Linear": {}})"},
      {"export", R"({"weight_format": "fake_quantized"})"},
      {"export", R"({"pack_method": "other"})"},
      {"exclude", R"(["*up_proj"])"},
      {"global_quant_config", R"({"bias": {"dtype": "fp8_e4m3"}})"}};
  for (auto [key, value] : members) {
    std::string error = errorOf(
        changed("quark-mxfp4", [&](json &config) { config[key] = parseJsonTreeOrNone(value); }));
    EXPECT_THAT(error, HasSubstr(key)) << value;
  }
  EXPECT_EQ(errorOf(changed("quark-mxfp4",
                            [](json &config) {
                              config["algo_config"] = {
                                  {{"name", "awq"}, {"num_attention_heads", 4}}};
                            })),
            "no error");
}

//===----------------------------------------------------------------------===//
// Several places (world-3)
//===----------------------------------------------------------------------===//

TEST(ConfigPlacesTest, WhatOnlyOneOfThemHasCounts) {
  for (auto [name, file] : {std::pair("gptq-b4-g128", "quantize_config.json"),
                            std::pair("awq-gemm-g128", "quant_config.json")}) {
    EditedCheckpoint edited(name);
    TemporaryFolder folder;
    std::string path = edited.write(folder);
    writeText(folder / file, R"({"rotation": "hadamard"})");
    OpenedCheckpoint opened(path);
    EXPECT_THAT(opened.weight()->refusal, HasSubstr("'rotation' of the configuration is"));
  }
  EditedCheckpoint listed("ct-int4-g128");
  json lists = parseJsonTreeOrNone(listed.config);
  lists["text_config"]["quantization_config"] = lists["quantization_config"];
  lists["text_config"]["quantization_config"]["ignore"] = {"re:.*up_proj"};
  listed.config = lists.dump();
  EXPECT_THAT(errorOf(listed), HasSubstr("'re:.*up_proj' in 'ignore'"));
  for (const char *member : {"transform_config", "sparsity_config"}) {
    EditedCheckpoint edited("ct-int4-g128");
    json config = parseJsonTreeOrNone(edited.config);
    json inside = config["quantization_config"];
    inside[member] = {{"format", "sparse-24-bitmask"}};
    config["quantization_config"][member] = nullptr;
    config["text_config"] = {{"quantization_config", inside}};
    edited.config = config.dump();
    EXPECT_THAT(errorOf(edited), HasSubstr(std::string("'") + member)) << member;
  }
}

} // namespace
