//===- CheckpointTest.cpp - Models as folders -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-1 to folder-6 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Checkpoint.h"
#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include "lib/Container/ConfigRewrite.h"
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/wait.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

namespace {

uint64_t bytesIn(const std::string &folder) {
  uint64_t bytes = 0;
  for (const auto &entry : fs::recursive_directory_iterator(folder))
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  return bytes;
}

/// A sharded model in `model`, as a hub cache keeps it: files are links.
class CheckpointTest : public testing::Test {
protected:
  void SetUp() override {
    for (const char *name : {"blobs", "model", "model/onnx", "model/nothing", "model/.git"})
      fs::create_directory(folder / name);
    Bytes tied = bf16Weights(64 * 64, 3);
    writeTensors(folder / "blobs/1", {{"a.weight", "BF16", {64, 64}, bf16Weights(64 * 64, 1)},
                                      {"a.bias", "BF16", {64}, bf16Weights(64, 2)}});
    writeTensors(folder / "blobs/2", {{"embed_tokens.weight", "BF16", {64, 64}, tied},
                                      {"lm_head.weight", "BF16", {64, 64}, tied}});
    fs::create_symlink("../blobs/1", folder / "model/model-00001-of-00002.safetensors");
    fs::create_symlink("../blobs/2", folder / "model/model-00002-of-00002.safetensors");
    writeText(folder / "model/model.safetensors.index.json", R"({
  "metadata": {"total_size": 24704, "note": 1.50},
  "weight_map": {
    "a.weight": "model-00001-of-00002.safetensors",
    "a.bias": "model-00001-of-00002.safetensors",
    "embed_tokens.weight": "model-00002-of-00002.safetensors",
    "lm_head.weight": "model-00002-of-00002.safetensors"
  }
})");
    writeText(folder / "model/config.json", "{\n  \"model_type\": \"llama\"\n}\n");
    writeText(folder / "model/tokenizer.json", "{}");
    writeText(folder / "model/pytorch_model.bin", "the weights again");
    writeText(folder / "model/onnx/model.onnx", "and again");
    writeTensors(folder / "model/onnx/x.safetensors", {{"x", "U8", {2}, {1, 2}}});
    writeText(folder / "model/.git/HEAD", "ref");
    in = folder / "model";
    out = folder / "out";
  }

  TemporaryFolder folder;
  std::string in, out;
};

} // namespace

TEST_F(CheckpointTest, GivesBackEveryFileByteForByte) {
  auto report = compress(in, out, onOneThread());
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->weights.size(), 3u);
  EXPECT_THAT(report->carried,
              ElementsAre("onnx/model.onnx", "pytorch_model.bin", "tokenizer.json"));
  EXPECT_THAT(report->rewritten, ElementsAre("config.json", "model.safetensors.index.json"));
  EXPECT_THAT(report->leftOut, ElementsAre(".git"));
  EXPECT_EQ(report->outputBytes, bytesIn(out));
  EXPECT_THAT(namesIn(out), ElementsAre("config.json", "model-00001-of-00002.uwt.safetensors",
                                        "model-00002-of-00002.uwt.safetensors",
                                        "model.uwt.safetensors.index.json", "nothing", "onnx",
                                        "pytorch_model.bin", "tokenizer.json", "uwt.json"));
  EXPECT_FALSE(fs::is_symlink(out + "/model-00001-of-00002.uwt.safetensors"));

  auto verified = verify(out, {});
  ASSERT_TRUE(holds(verified));
  EXPECT_TRUE(verified->passed());
  auto against = verifyAgainst(out, in, {});
  ASSERT_TRUE(holds(against));
  EXPECT_TRUE(against->passed());

  ASSERT_TRUE(holds(decompress(out, folder / "back", {})));
  auto expected = contentsOf(in);
  expected.erase(".git");
  expected.erase(".git/HEAD");
  EXPECT_EQ(contentsOf(folder / "back"), expected);
}

TEST_F(CheckpointTest, IndexNamesTheKeysOfTheContainers) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  std::string first = "model-00001-of-00002.uwt.safetensors";
  std::string second = "model-00002-of-00002.uwt.safetensors";
  uint64_t total = 0;
  std::string map;
  auto add = [&](const std::string &key, const std::string &file) {
    map += std::string(map.empty() ? "" : ",") + "\n    \"" + key + "\": \"" + file + "\"";
  };
  // Every key of the files is in the index, in order, and nothing else.
  for (const std::string &file : {first, second}) {
    auto opened = SafetensorsFile::open(out + "/" + file);
    ASSERT_TRUE(holds(opened));
    total += opened->data().size();
  }
  for (const char *plane : {"index", "raw", "code"})
    add("a.weight.uwt." + std::string(plane), first);
  add("a.bias", first);
  for (const char *plane : {"index", "raw", "code"})
    add("embed_tokens.weight.uwt." + std::string(plane), second);
  EXPECT_EQ(readText(out + "/model.uwt.safetensors.index.json"),
            "{\n  \"metadata\": {\n    \"total_size\": " + std::to_string(total) +
                ",\n    \"note\": 1.50\n  },\n  \"weight_map\": {" + map + "\n  }\n}\n");
}

TEST_F(CheckpointTest, IndexNamesPlanesOfTheCompactFormToo) {
  writeTensors(folder / "blobs/1", {{"a.weight", "BF16", {64, 64}, bf16Weights(64 * 64, 1)},
                                    {"a.bias", "BF16", {900}, bf16Weights(900, 2)},
                                    {"b.bias", "BF16", {800}, bf16Weights(800, 4)},
                                    {"noise", "U8", {64}, randomBytes(64, 5)}});
  std::string file = "model-00001-of-00002.safetensors", map;
  for (const char *name : {"b.bias", "a.bias", "noise"})
    map += std::string(map.empty() ? "" : ",") + "\"" + name + "\":\"" + file + "\"";
  writeText(in + "/model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
  CheckpointOptions options = onOneThread();
  options.compress.compactBytes = 0;
  ASSERT_TRUE(holds(compress(in, out, options)));
  std::string written = readText(out + "/model.uwt.safetensors.index.json");
  // A bundle has its planes under its first tensor.
  for (const char *key : {"a.bias.uwt.index", "a.bias.uwt.raw", "a.bias.uwt.code", "noise"})
    EXPECT_THAT(written, HasSubstr("\"" + std::string(key) + "\": \"model-00001"));
  EXPECT_THAT(written, Not(HasSubstr("b.bias")));
  EXPECT_TRUE(verify(out, {})->passed());
  ASSERT_TRUE(holds(decompress(out, folder / "back", {})));
  EXPECT_EQ(readBytes(folder / "back" + "/" + file), readBytes(folder / "blobs/1"));
}

TEST_F(CheckpointTest, ConfigNamesTheMethodAndComesBack) {
  // Python writes NaN and Infinity into JSON.
  std::string text = "{\n  \"limit\": [0.0, Infinity],\n"
                     "  \"quantization_config\": {\"quant_method\": \"fp8\"}\n}\n";
  writeText(in + "/config.json", text);
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  EXPECT_EQ(readText(out + "/config.json"), rewriteConfig(text, false)->text);
  ASSERT_TRUE(holds(decompress(out, folder / "back", {})));
  EXPECT_EQ(readText(folder / "back/config.json"), text);

  CheckpointOptions keep = onOneThread();
  keep.keepConfig = true;
  ASSERT_TRUE(holds(compress(in, folder / "kept", keep)));
  EXPECT_EQ(readText(folder / "kept/config.json"), text);
}

TEST_F(CheckpointTest, ABrokenConfigIsFoundBeforeAnyWorkAndByADryRun) {
  writeText(in + "/config.json", "{\"a\": }");
  std::string message = in + "/config.json: invalid JSON at offset 6; mend it, or leave it as it "
                             "is with --keep-config";
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())), message);
  EXPECT_FALSE(fs::exists(out));
  CheckpointOptions dry = onOneThread();
  dry.compress.dryRun = true;
  EXPECT_EQ(messageOf(compress(in, out, dry)), message);
}

TEST_F(CheckpointTest, ACastChangesTheDtypeOfTheConfigAndReportsBothSteps) {
  writeText(in + "/config.json", R"({"torch_dtype": "float32"})");
  Bytes wide;
  for (unsigned i = 0; i < 64 * 64; ++i)
    for (uint8_t byte : {uint8_t(1), uint8_t(i), uint8_t(i), uint8_t(0x3c)})
      wide.push_back(byte);
  writeTensors(folder / "blobs/1",
               {{"a.weight", "F32", {64, 64}, wide}, {"a.bias", "BF16", {64}, bf16Weights(64, 2)}});
  CheckpointOptions options = onOneThread();
  options.compress.castToBF16 = true;
  auto report = compress(in, out, options);
  ASSERT_TRUE(holds(report));
  ASSERT_TRUE(holds(decompress(out, folder / "back", {})));
  EXPECT_EQ(readText(folder / "back/config.json"), R"({"torch_dtype": "bfloat16"})");
  EXPECT_EQ(report->originalBytes, bytesIn(folder / "back"));
  EXPECT_LT(report->originalBytes, report->inputBytes);
}

TEST_F(CheckpointTest, DropsDuplicatesOnlyWhenAsked) {
  CheckpointOptions options = onOneThread();
  options.dropDuplicates = true;
  auto report = compress(in, out, options);
  ASSERT_TRUE(holds(report));
  EXPECT_THAT(report->leftOut, ElementsAre(".git", "onnx/model.onnx", "pytorch_model.bin"));
  EXPECT_FALSE(fs::exists(out + "/pytorch_model.bin"));
  auto against = verifyAgainst(out, in, {});
  ASSERT_TRUE(holds(against));
  EXPECT_TRUE(against->passed());
}

TEST_F(CheckpointTest, ARepeatedRunKeepsWhatIsThere) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  auto first = contentsOf(out);
  fs::remove(out + "/model-00002-of-00002.uwt.safetensors");
  fs::remove(out + "/model.uwt.safetensors.index.json");
  writeText(out + "/.model-00001-of-00002.uwt.safetensors.uwt-partial", "of a killed run");
  auto again = compress(in, out, onOneThread());
  ASSERT_TRUE(holds(again));
  EXPECT_TRUE(again->weights[0].skipped);
  EXPECT_FALSE(again->weights[1].skipped);
  EXPECT_EQ(contentsOf(out), first);
}

TEST_F(CheckpointTest, ARepeatedRunRefusesFilesThatAreNotItsOwn) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  std::string shard = out + "/model-00001-of-00002.uwt.safetensors";
  CheckpointOptions fast = onOneThread();
  fast.compress.format = FormatPolicy::Fast;
  EXPECT_EQ(messageOf(compress(in, out, fast)),
            shard + ": exists already, but was made with other options; use -f to overwrite it");

  writeTensors(folder / "blobs/1", {{"a.weight", "BF16", {64, 64}, bf16Weights(64 * 64, 99)},
                                    {"a.bias", "BF16", {64}, bf16Weights(64, 2)}});
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())),
            shard + ": exists already, but is not that of this source: tensor 'a.weight' differs "
                    "from the original at byte 0; use -f to overwrite it");
  CheckpointOptions force = onOneThread();
  force.compress.overwrite = true;
  ASSERT_TRUE(holds(compress(in, out, force)));
  EXPECT_TRUE(verifyAgainst(out, in, {})->passed());
}

TEST_F(CheckpointTest, VerifyFindsMissingChangedAndForeignFiles) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  fs::remove(out + "/tokenizer.json");
  writeText(out + "/config.json", "{}");
  fs::copy_file(out + "/model-00002-of-00002.uwt.safetensors",
                out + "/model-00001-of-00002.uwt.safetensors",
                fs::copy_options::overwrite_existing);
  auto report = verify(out, {});
  ASSERT_TRUE(holds(report));
  std::vector<std::string> messages;
  for (const Finding &finding : report->findings)
    messages.push_back(fs::path(finding.where).filename().string() + ": " + finding.message);
  EXPECT_THAT(
      messages,
      ElementsAre(
          "config.json: its size or checksum is not the one in uwt.json: the file is damaged or "
          "was changed",
          "model-00001-of-00002.uwt.safetensors: is not the file that uwt.json lists: it was "
          "made of other weights or with other options",
          "tokenizer.json: is missing"));
}

TEST_F(CheckpointTest, ARepeatedDecompressKeepsWhatIsThere) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  std::string back = folder / "back";
  ASSERT_TRUE(holds(decompress(out, back, {})));
  auto first = contentsOf(back);
  fs::remove(back + "/model-00002-of-00002.safetensors");
  fs::remove(back + "/config.json");
  auto again = decompress(out, back, {});
  ASSERT_TRUE(holds(again));
  EXPECT_TRUE(again->weights[0].skipped);
  EXPECT_FALSE(again->weights[1].skipped);
  EXPECT_EQ(contentsOf(back), first);
}

TEST_F(CheckpointTest, DecompressRefusesFilesInTheWay) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  std::string back = folder / "back";
  ASSERT_TRUE(holds(decompress(out, back, {})));
  for (const char *name : {"model-00001-of-00002.safetensors", "tokenizer.json", "config.json"}) {
    std::string file = back + "/" + name;
    Bytes original = readBytes(file);
    writeText(file, "something else");
    EXPECT_EQ(messageOf(decompress(out, back, {})),
              file + ": exists already and differs; use -f to overwrite it");
    DecompressOptions force;
    force.overwrite = true;
    ASSERT_TRUE(holds(decompress(out, back, force)));
    EXPECT_EQ(readBytes(file), original);
  }
}

TEST_F(CheckpointTest, DecompressAndVerifyCanBeInterrupted) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  DecompressOptions decompressing;
  decompressing.progress = [](uint64_t) { return false; };
  auto back = decompress(out, folder / "back", decompressing);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().getKind(), ErrorKind::Interrupted);
  VerifyOptions verifying;
  verifying.progress = [](uint64_t) { return false; };
  auto report = verify(out, verifying);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().getKind(), ErrorKind::Interrupted);
}

TEST_F(CheckpointTest, WithoutItsManifestWeightsAreStillVerified) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  fs::remove(out + "/uwt.json");
  auto report = verify(out, {});
  ASSERT_TRUE(holds(report));
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->files, 3u);
  ASSERT_EQ(report->notes.size(), 1u);
  EXPECT_EQ(report->notes[0].message, "has no uwt.json: other files were not checked");
  EXPECT_EQ(messageOf(decompress(out, folder / "back", {})),
            out + ": has no uwt.json, which uwt compress writes; give a compressed model's folder, "
                  "or one of its .safetensors files");
}

TEST_F(CheckpointTest, VerifyAgainstFindsWhatTheOriginalHasNotOrHasMore) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  writeText(in + "/new.txt", "new");
  writeText(in + "/pytorch_model.bin", "changed");
  fs::remove(in + "/tokenizer.json");
  auto report = verifyAgainst(out, in, {});
  ASSERT_TRUE(holds(report));
  std::vector<std::string> messages;
  for (const Finding &finding : report->findings)
    messages.push_back(fs::path(finding.where).filename().string() + ": " + finding.message);
  EXPECT_THAT(messages, ElementsAre("pytorch_model.bin: differs from the original",
                                    "tokenizer.json: the original model has no such file",
                                    "new.txt: is not in the compressed model"));
}

TEST_F(CheckpointTest, AModelThatIsNotWholeIsRefusedBeforeAnyWork) {
  fs::remove(in + "/model-00002-of-00002.safetensors");
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())),
            in + "/model.safetensors.index.json: names 1 file that is not there: "
                 "'model-00002-of-00002.safetensors'; the model may not be downloaded completely; "
                 "--incomplete compresses what is there");
  fs::create_symlink("../blobs/none", in + "/model-00002-of-00002.safetensors");
  EXPECT_THAT(messageOf(compress(in, out, onOneThread())), HasSubstr("a link may lead nowhere"));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(CheckpointTest, AnIndexOfOtherFilesIsAWarningOfEveryRun) {
  std::string path = in + "/model.safetensors.index.json";
  writeText(path, R"({"weight_map":{"b.weight":"model-00001-of-00002.safetensors"}})");
  CheckpointOptions dry = onOneThread(), estimated = onOneThread();
  dry.compress.dryRun = true;
  estimated.compress.estimate = true;
  for (const CheckpointOptions &options : {dry, estimated, onOneThread()}) {
    auto report = compress(in, out, options);
    ASSERT_TRUE(holds(report));
    EXPECT_THAT(
        report->warnings,
        ElementsAre(HasSubstr(path + ": names 1 tensor that the files do not have: 'b.weight' "
                                     "in model-00001-of-00002.safetensors")));
  }
  EXPECT_TRUE(verify(out, {})->passed());
  ASSERT_TRUE(holds(decompress(out, folder / "back", {})));
  EXPECT_EQ(readBytes(folder / "back/model.safetensors.index.json"), readBytes(path));
}

TEST_F(CheckpointTest, RefusesFoldersThatItCannotCompress) {
  EXPECT_EQ(messageOf(compress(in, in + "/out", onOneThread())),
            in + "/out: lies in the folder that is compressed, or around it; give another one");
  EXPECT_THAT(messageOf(compress(in, in, onOneThread())), HasSubstr("lies in the folder"));
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  EXPECT_EQ(messageOf(compress(out, folder / "again", onOneThread())),
            out + ": has a uwt.json: it is compressed already; decompress it first");
  fs::create_directory_symlink("..", in + "/onnx/up");
  EXPECT_EQ(messageOf(compress(in, folder / "loop", onOneThread())),
            in + "/onnx/up: links to a folder that it lies in");
  fs::create_directory(folder / "empty");
  EXPECT_EQ(messageOf(compress(folder / "empty", folder / "e", onOneThread())),
            folder / "empty" + ": has no .safetensors files");
}

TEST_F(CheckpointTest, AKillAtAnyStepIsMadeGoodByRunningAgain) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  auto expected = contentsOf(out);
  for (Fault fault : {Fault::Kill, Fault::Fail}) {
    bool ended = false;
    for (unsigned step = 0; !ended; step += 3) {
      fs::remove_all(out);
      pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        FaultyOperations faults(step, fault);
        bool done = bool(compress(in, out, onOneThread()));
        _exit(done && !faults.happened() ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ended = WEXITSTATUS(status) == 0;
      ASSERT_TRUE(holds(compress(in, out, onOneThread()))) << step;
      ASSERT_EQ(contentsOf(out), expected) << step;
      ASSERT_LT(step, 1000u);
    }
  }
}

TEST_F(CheckpointTest, OpensAsOneModel) {
  ASSERT_TRUE(holds(compress(in, out, onOneThread())));
  for (const std::string &path : {in, out}) {
    auto model = Checkpoint::open(path);
    ASSERT_TRUE(holds(model));
    EXPECT_EQ(model->files().size(), 2u);
    EXPECT_EQ(model->otherFiles().size(), 1u);
    auto found = model->find("lm_head.weight");
    ASSERT_TRUE(holds(found));
    EXPECT_EQ(found->second->bytes, 8192u);
    EXPECT_EQ(messageOf(model->find("lm_heat.weight")),
              "no tensor 'lm_heat.weight'; did you mean 'lm_head.weight'?");
  }
}
