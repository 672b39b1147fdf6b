//===- ConfigRewriteTest.cpp - config.json beside compressed weights ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-3 and choice-5 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/ConfigRewrite.h"
#include "Container/TestFiles.h"
#include <nlohmann/json.hpp>

using namespace uwt;
using namespace uwt::test;

/// What transformers prints where it fails.
static const std::string weightsItem = "\"transformers_weights\": \"compressed weights; 'uwt "
                                       "decompress' gives the original files back\"";
static const std::string method =
    "\"quantization_config\": {\"quant_method\": \"uwt\", \"version\": 1";

static std::string rewritten(const std::string &text) {
  auto config = rewriteConfig(text, false);
  if (!config)
    return config.error().message();
  EXPECT_EQ(config->original, text);
  return config->text;
}

TEST(ConfigRewrite, AddsTwoMembersAndKeepsTheText) {
  EXPECT_EQ(rewritten("{}"), "{" + method + "}, " + weightsItem + "}");
  EXPECT_EQ(rewritten("{\"a\": 1} "), "{\"a\": 1, " + method + "}, " + weightsItem + "} ");
  EXPECT_EQ(rewritten("{\n  \"a\": {\"}\": \"\\\"}\"}\n}\n"),
            "{\n  \"a\": {\"}\": \"\\\"}\"},\n  " + method + "},\n  " + weightsItem + "\n}\n");
}

TEST(ConfigRewrite, KeepsTheEntryThatIsThere) {
  EXPECT_EQ(rewritten(R"({"quantization_config": null, "a": 1})"),
            "{" + method + ", \"original\": null}, \"a\": 1, " + weightsItem + "}");
  EXPECT_EQ(rewritten("{\"quantization_config\" : {\"bits\": 4,\n \"x\": [1, {}]} }"),
            "{\"quantization_config\" : {\"quant_method\": \"uwt\", \"version\": 1, \"original\": "
            "{\"bits\": 4,\n \"x\": [1, {}]}}, " +
                weightsItem + " }");
  // Only the outermost object's own member counts, however its name is written.
  EXPECT_EQ(rewritten(R"({"a": {"quantization_config": 1}})"),
            "{\"a\": {\"quantization_config\": 1}, " + method + "}, " + weightsItem + "}");
  EXPECT_EQ(rewritten(R"({"quantization\u005fconfig": 1})"),
            "{\"quantization\\u005fconfig\": {\"quant_method\": \"uwt\", \"version\": 1, "
            "\"original\": 1}, " +
                weightsItem + "}");
  EXPECT_EQ(rewritten(R"({"transformers_weights": "x.safetensors"})"),
            "{" + weightsItem + ", " + method + "}}");
}

TEST(ConfigRewrite, TakesTheNumbersThatPythonWrites) {
  std::string text = "{\"a\": [NaN, Infinity, -Infinity], \"b\": \"NaN }\", \"c\": NaN}";
  EXPECT_EQ(rewritten(text),
            text.substr(0, text.size() - 1) + ", " + method + "}, " + weightsItem + "}");
}

TEST(ConfigRewrite, RefusesWhatIsNoJsonObject) {
  std::string what = "; mend it, or leave it as it is with --keep-config";
  EXPECT_EQ(rewritten("[1]"), "expected a JSON object" + what);
  EXPECT_EQ(rewritten("\"x\""), "expected a JSON object" + what);
  EXPECT_EQ(rewritten("{"), "invalid JSON at offset 1" + what);
  EXPECT_EQ(rewritten(""), "invalid JSON at offset 0" + what);
  EXPECT_EQ(rewritten("{\"a\": Nan}"), "invalid JSON at offset 6" + what);
  EXPECT_EQ(rewritten("{\"a\": 1, \"a\": 2}"), "key 'a' occurs twice in one object" + what);
}

TEST(ConfigRewrite, ACastChangesDtypesButNotThoseOfAQuantization) {
  auto config = rewriteConfig(R"({"torch_dtype": "float32", "text_config": {"dtype" : "float16"},
"x": "float32", "vision_config": {"dtype": "float64"}, "quantization_config": {"dtype": "float32"}})",
                              true);
  ASSERT_TRUE(holds(config));
  EXPECT_EQ(config->original,
            R"({"torch_dtype": "bfloat16", "text_config": {"dtype" : "bfloat16"},
"x": "float32", "vision_config": {"dtype": "float64"}, "quantization_config": {"dtype": "float32"}})");
}

/// Texts that are put together at random stay valid JSON with all their members.
TEST(ConfigRewrite, AnyObjectStaysOne) {
  const char *pieces[] = {"null", "1.5e-3",   "\"a\\\"}{\"",     "[]",
                          "{}",   "[1, [2]]", "{\"k\": [\"]\"]}"};
  const char *spaces[] = {"", " ", "\n", "\t "};
  Bytes random = randomBytes(4000, 1);
  for (size_t at = 0; at + 16 < random.size(); at += 16) {
    std::string text = spaces[random[at] % 4] + std::string("{");
    unsigned members = random[at + 1] % 4;
    for (unsigned i = 0; i < members; ++i) {
      const uint8_t *bytes = &random[at + 2 + 3 * i];
      std::string key = bytes[0] % 5 == 0 ? "quantization_config" : "k" + std::to_string(i);
      if (text.find("quantization") != std::string::npos)
        key = "k" + std::to_string(i);
      text += std::string(i ? "," : "") + spaces[bytes[1] % 4] + "\"" + key + "\"" +
              spaces[bytes[2] % 4] + ":" + spaces[bytes[1] / 4 % 4] + pieces[bytes[2] / 4 % 7] +
              spaces[bytes[0] / 8 % 4];
    }
    text += std::string("}") + spaces[random[at + 15] % 4];
    auto config = rewriteConfig(text, false);
    ASSERT_TRUE(holds(config)) << text;
    auto before = nlohmann::json::parse(text), after = nlohmann::json::parse(config->text);
    EXPECT_EQ(after["quantization_config"]["quant_method"], "uwt");
    if (before.contains("quantization_config"))
      EXPECT_EQ(after["quantization_config"]["original"], before["quantization_config"]) << text;
    before.erase("quantization_config");
    after.erase("quantization_config");
    after.erase("transformers_weights");
    EXPECT_EQ(after, before) << text;
  }
}
