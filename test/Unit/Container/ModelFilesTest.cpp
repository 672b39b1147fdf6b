//===- ModelFilesTest.cpp - Which tensor of a folder is meant -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules model-1 to model-5 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/ModelFiles.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Checkpoint.h"
#include <filesystem>
#include <gmock/gmock.h>
#include <random>
#include <set>

using namespace uwt;
using namespace uwt::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

namespace {

/// "{"weight_map": ...}" of names and files.
std::string indexOf(const std::vector<std::pair<std::string, std::string>> &map) {
  std::string text;
  for (const auto &[name, file] : map)
    text += std::string(text.empty() ? "" : ", ") + "\"" + name + "\": \"" + file + "\"";
  return R"({"metadata": {"total_size": 1}, "weight_map": {)" + text + "}}";
}

class ModelFilesTest : public testing::Test {
protected:
  void SetUp() override { fs::create_directory(folder / "model"); }

  /// Writes a file with tensors of one byte, a number of its own.
  void file(const std::string &name, const std::vector<std::string> &tensors,
            const MetadataEntries &metadata = {}) {
    std::vector<TestTensor> written;
    for (const std::string &tensor : tensors)
      written.push_back({tensor, "U8", {1}, {static_cast<uint8_t>(written.size())}});
    fs::create_directories(fs::path(at(name)).parent_path());
    writeTensors(at(name), written, metadata);
  }
  void index(const std::string &name, const std::vector<std::pair<std::string, std::string>> &map) {
    fs::create_directories(fs::path(at(name)).parent_path());
    writeText(at(name), indexOf(map));
  }
  std::string at(const std::string &name) const { return folder / ("model/" + name); }

  /// The file of a tensor, relative to the folder, or the error.
  static std::string fileIn(const std::string &root, const std::string &tensor) {
    auto model = Checkpoint::open(root);
    if (!model)
      return messageOf(model);
    auto found = model->find(tensor);
    return found ? fs::relative(found->first->path(), root).string() : messageOf(found);
  }
  /// The same of the folder, after checking that the compressed folder says the same of it.
  std::string fileOf(const std::string &tensor) {
    std::string plain = fileIn(at(""), tensor);
    fs::remove_all(folder / "small");
    CheckpointOptions options = onOneThread();
    options.incomplete = true;
    auto compressed = compress(folder / "model", folder / "small", options);
    EXPECT_TRUE(holds(compressed));
    std::string small = fileIn(folder / "small", tensor);
    if (plain.ends_with(".safetensors") && plain.find(' ') == std::string::npos) {
      std::string name = plain;
      name.replace(name.size() - weightEnding.size(), std::string::npos, compressedEnding);
      EXPECT_EQ(small, name);
    } else {
      EXPECT_THAT(small, HasSubstr(" ")) << plain;
    }
    return plain;
  }

  TemporaryFolder folder;
};

} // namespace

// model-1.
TEST_F(ModelFilesTest, IndexDecides) {
  file("a-old.safetensors", {"a", "only-old"});
  file("model.safetensors", {"a"});
  file("model-00001-of-00001.safetensors", {"a", "b"});
  index("model.safetensors.index.json", {{"a", "model-00001-of-00001.safetensors"}});
  EXPECT_EQ(fileOf("a"), "model-00001-of-00001.safetensors");
  // A file of the index has tensors that it does not name.
  EXPECT_EQ(fileOf("b"), "model-00001-of-00001.safetensors");
  EXPECT_THAT(fileOf("only-old"),
              AllOf(HasSubstr("is in " + at("a-old.safetensors")),
                    HasSubstr("not part of the model: model.safetensors.index.json names"),
                    HasSubstr("give that file in place of the folder")));
  EXPECT_EQ(messageOf(Checkpoint::open(at("a-old.safetensors"))->find("a")), "no error");
}

TEST_F(ModelFilesTest, MainFileGoesBeforeVariantsAndFolders) {
  for (const char *name : {"model", "adapter_model", "diffusion_pytorch_model"}) {
    fs::remove_all(at(""));
    std::string main = std::string(name) + ".safetensors";
    file(main, {"a"});
    file("a.safetensors", {"a"});
    file(std::string(name) + ".fp16.safetensors", {"a"});
    file("checkpoint-500/" + main, {"a", "old"});
    file("consolidated.safetensors", {"a"});
    file(std::string(name) + "-00001-of-00002.safetensors", {"a"});
    file(std::string(name) + "-00002-of-00002.safetensors", {"b"});
    index(std::string(name) + ".safetensors.index.fp16.json",
          {{"a", std::string(name) + ".fp16.safetensors"}});
    EXPECT_EQ(fileOf("a"), main);
    EXPECT_THAT(fileOf("b"), HasSubstr(main + " goes before it"));
    EXPECT_THAT(fileOf("old"), HasSubstr("checkpoint-500/" + main));
  }
}

TEST_F(ModelFilesTest, CompressedMainFileIsMain) {
  file("plain.safetensors", {"a"});
  ASSERT_TRUE(holds(compress(at("plain.safetensors"), at("model.uwt.safetensors"), onOneThread())));
  EXPECT_EQ(fileIn(at(""), "a"), "model.uwt.safetensors");
  // Beside its original, neither is known to be newer.
  file("model.safetensors", {"a"});
  EXPECT_THAT(fileIn(at(""), "a"),
              AllOf(HasSubstr("is in two files"), HasSubstr(at("model.uwt.safetensors"))));
}

TEST_F(ModelFilesTest, CompleteShardsGoBeforeOthers) {
  file("consolidated.safetensors", {"a", "b"});
  file("model-00001-of-00002.safetensors", {"a"});
  file("model-00002-of-00002.safetensors", {"b"});
  file("model-00003-of-00003.safetensors", {"b"});
  EXPECT_EQ(fileOf("a"), "model-00001-of-00002.safetensors");
  EXPECT_EQ(fileOf("b"), "model-00002-of-00002.safetensors");
}

TEST_F(ModelFilesTest, IncompleteShardsSayWhatIsMissing) {
  file("model-00001-of-00003.safetensors", {"a"});
  file("model-00003-of-00003.safetensors", {"c"});
  EXPECT_EQ(fileOf("c"), "model-00003-of-00003.safetensors");
  EXPECT_THAT(fileOf("b"), HasSubstr("model-00002-of-00003.safetensors is not there"));
}

TEST_F(ModelFilesTest, OneNameInTwoFilesIsAnError) {
  file("x.safetensors", {"a", "b"});
  file("y.safetensors", {"a"});
  EXPECT_THAT(fileOf("a"), AllOf(HasSubstr("tensor 'a' is in two files: "),
                                 HasSubstr(at("x.safetensors")), HasSubstr(at("y.safetensors")),
                                 HasSubstr("give one of the files in place of the folder")));
  EXPECT_EQ(fileOf("b"), "x.safetensors");
}

TEST_F(ModelFilesTest, FoldersOfAPipelineEachDecide) {
  writeText(at("model_index.json"), "{}");
  file("single-file.safetensors", {"unet.a"});
  file("unet/diffusion_pytorch_model.safetensors", {"u", "both"});
  file("unet/diffusion_pytorch_model.fp16.safetensors", {"u", "both"});
  file("text_encoder/model-00001-of-00002.safetensors", {"t", "both"});
  file("text_encoder/model-00002-of-00002.safetensors", {"t", "v"});
  file("text_encoder/old.safetensors", {"t"});
  index("text_encoder/model.safetensors.index.json",
        {{"t", "model-00002-of-00002.safetensors"}, {"both", "model-00001-of-00002.safetensors"}});
  EXPECT_EQ(fileOf("u"), "unet/diffusion_pytorch_model.safetensors");
  EXPECT_EQ(fileOf("t"), "text_encoder/model-00002-of-00002.safetensors");
  EXPECT_EQ(fileOf("v"), "text_encoder/model-00002-of-00002.safetensors");
  EXPECT_THAT(fileOf("both"), HasSubstr("is in two files"));
  EXPECT_THAT(fileOf("unet.a"), HasSubstr("model_index.json says"));
  auto model = Checkpoint::open(at(""));
  ASSERT_TRUE(holds(model));
  std::set<unsigned> parts;
  for (const ModelTensor &tensor : model->tensors())
    parts.insert(tensor.part);
  EXPECT_EQ(parts.size(), 2u);
}

TEST_F(ModelFilesTest, SeveralIndexes) {
  file("model-1.safetensors", {"a", "b"});
  file("model-2.safetensors", {"b"});
  file("model.fp16-1.safetensors", {"a", "b"});
  file("consolidated-1.safetensors", {"a"});
  index("model.safetensors.index.json",
        {{"a", "model-1.safetensors"}, {"b", "model-2.safetensors"}});
  index("model.safetensors.index.fp16.json",
        {{"a", "model.fp16-1.safetensors"}, {"b", "model.fp16-1.safetensors"}});
  index("consolidated.safetensors.index.json", {{"a", "consolidated-1.safetensors"}});
  EXPECT_EQ(fileOf("a"), "model-1.safetensors");
  // Two files of the index have it: the index decides.
  EXPECT_EQ(fileOf("b"), "model-2.safetensors");
  fs::remove(at("model.safetensors.index.json"));
  EXPECT_EQ(fileOf("a"), "consolidated-1.safetensors");
  fs::remove(at("consolidated.safetensors.index.json"));
  EXPECT_EQ(fileOf("a"), "model.fp16-1.safetensors");
}

// model-2.
TEST_F(ModelFilesTest, IndexThatIsWrongAboutATensorIsAnError) {
  file("model-1.safetensors", {"a"});
  file("model-2.safetensors", {"b"});
  index("model.safetensors.index.json", {{"a", "model-1.safetensors"},
                                         {"b", "model-1.safetensors"},
                                         {"c", "model-2.safetensors"},
                                         {"d", "Model-1.safetensors"}});
  EXPECT_THAT(fileOf("b"), AllOf(HasSubstr("model.safetensors.index.json: says that tensor 'b'"),
                                 HasSubstr("'model-1.safetensors', which has no such tensor"),
                                 Not(HasSubstr("downloaded"))));
  EXPECT_THAT(fileOf("c"), HasSubstr("'model-2.safetensors', which has no such tensor"));
  EXPECT_THAT(fileOf("d"), AllOf(HasSubstr("'Model-1.safetensors', which is not there"),
                                 HasSubstr("'model-1.safetensors' is spelled otherwise")));
  EXPECT_EQ(fileOf("a"), "model-1.safetensors");
}

TEST_F(ModelFilesTest, OddIndexesAreReadOrRefused) {
  file("model.safetensors", {"a"});
  file("old.safetensors", {"a"});
  std::string path = at("model.safetensors.index.json");
  auto with = [&](const std::string &text) {
    writeText(path, text);
    return fileIn(at(""), "a");
  };
  std::string map = R"({"a": "model.safetensors"})";
  EXPECT_EQ(with("\xef\xbb\xbf{\"weight_map\": " + map + "}"), "model.safetensors");
  EXPECT_EQ(with(R"({"metadata": null, "weight_map": )" + map + "}"), "model.safetensors");
  EXPECT_EQ(with(R"({"metadata": {"total_size": 1e3}, "weight_map": )" + map + "}"),
            "model.safetensors");
  for (const char *bad :
       {"", "{", "[]", "{}", "null", R"({"weight_map": null})", R"({"weight_map": ["a"]})",
        R"({"weight_map": {"a": 1}})", R"({"weight_map": {"a": null}})",
        R"({"weight_map": {"a": "../x"}})", R"({"weight_map": {"a": "/x.safetensors"}})",
        R"({"weight_map": {"a": "../model/model.safetensors"}})", R"({"weight_map": {"a": ""}})",
        R"({"weight_map": {"a": "pytorch_model.bin"}})"}) {
    auto model = (writeText(path, bad), Checkpoint::open(at("")));
    ASSERT_FALSE(model) << bad;
    EXPECT_EQ(model.error().getKind(), ErrorKind::Invalid) << bad;
    EXPECT_THAT(messageOf(model), HasSubstr("model.safetensors.index.json: ")) << bad;
  }
  EXPECT_THAT(with(R"({"weight_map": {}})"), HasSubstr("is not part of the model"));
}

// model-5.
TEST_F(ModelFilesTest, MetadataNamesTiedTensors) {
  file("model.safetensors", {"embed", "pt2"},
       {{"format", "pt"},
        {"tied", "embed"},
        {"chain", "tied"},
        {"loop", "pool"},
        {"pool", "loop"},
        {"pt2", "embed"}});
  EXPECT_EQ(fileOf("tied"), "model.safetensors");
  auto model = Checkpoint::open(at(""));
  ASSERT_TRUE(holds(model));
  EXPECT_EQ(model->find("tied")->second->name, "embed");
  EXPECT_EQ(model->find("pt2")->second->name, "pt2");
  EXPECT_EQ(model->aliases().size(), 1u);
  EXPECT_THAT(messageOf(model->find("chain")), HasSubstr("is the same as 'tied', which is no"));
  EXPECT_THAT(messageOf(model->find("loop")), HasSubstr("is the same as 'pool', which is no"));
  EXPECT_THAT(messageOf(model->find("format")), HasSubstr("no tensor 'format'"));
}

TEST_F(ModelFilesTest, TiedNamesOfTwoFilesAreAnError) {
  file("x.safetensors", {"a"}, {{"tied", "a"}, {"b", "a"}});
  file("y.safetensors", {"b"}, {{"tied", "b"}});
  EXPECT_THAT(fileOf("tied"), HasSubstr("is in two files"));
  EXPECT_EQ(fileOf("b"), "y.safetensors");
}

TEST_F(ModelFilesTest, ListsEachNameOnceAndSaysWhichCounts) {
  file("a-old.safetensors", {"a", "b", "c"});
  file("model-1.safetensors", {"a", "b", "d"});
  file("model-2.safetensors", {"a", "e"});
  index("model.safetensors.index.json",
        {{"a", "model-2.safetensors"}, {"b", "model-1.safetensors"}, {"f", "model-2.safetensors"}});
  auto model = Checkpoint::open(at(""));
  ASSERT_TRUE(holds(model));
  std::vector<std::string> names;
  for (const ModelTensor &tensor : model->tensors())
    names.push_back(tensor.entry->name);
  EXPECT_THAT(names, ElementsAre("b", "d", "a", "e"));
  EXPECT_THAT(
      model->remarks(),
      ElementsAre("1 tensor is in 3 files, model-1.safetensors, model-2.safetensors and "
                  "a-old.safetensors: 'a'; model-2.safetensors counts",
                  "1 tensor is in two files, model-1.safetensors and a-old.safetensors: 'b'; "
                  "model-1.safetensors counts",
                  at("") + "model.safetensors.index.json: says that tensor 'f' is in "
                           "'model-2.safetensors', which has no such tensor"));
  EXPECT_EQ(model->otherFiles().size(), 1u);
  EXPECT_EQ(model->openOthers()->size(), 1u);
}

//===----------------------------------------------------------------------===//
// Random folders
//===----------------------------------------------------------------------===//

namespace {

/// A folder that is written as it is drawn, and what the rule says of it, which is worked out from
/// what was drawn and not from names of files.
class RandomFolder {
public:
  explicit RandomFolder(unsigned seed) : random(seed) {}

  struct Drawn {
    std::set<std::string> names;
    /// Of the index, if one names the file.
    bool isNamed = false, isMain = false, isShard = false;
  };
  std::map<std::string, Drawn> files;
  std::map<std::string, std::string> index;
  bool hasIndex = false, shardsAreComplete = false;
  std::vector<std::string> folders;

  unsigned below(unsigned limit) { return static_cast<unsigned>(random() % limit); }
  void draw(bool hasOwn);

  /// The files of this folder that are its model.
  std::set<std::string> modelFiles() const;
  /// The file of a tensor; empty if that is an error.
  std::string expected(const std::string &name) const;

private:
  std::mt19937 random;
};

constexpr const char *tensorNames[] = {"a", "b", "c", "d"};

} // namespace

void RandomFolder::draw(bool hasOwn) {
  auto add = [&](const std::string &name) -> Drawn & {
    Drawn &file = files[name];
    for (const char *tensor : tensorNames)
      if (below(2))
        file.names.insert(tensor);
    return file;
  };
  if (hasOwn && below(3) == 0)
    add("model.safetensors").isMain = true;
  if (hasOwn && below(2))
    add("model.fp16.safetensors");
  if (hasOwn && below(3) == 0)
    add("other.safetensors");
  if (hasOwn && below(2)) {
    shardsAreComplete = below(2);
    add("model-00001-of-00002.safetensors").isShard = true;
    if (shardsAreComplete)
      add("model-00002-of-00002.safetensors").isShard = true;
  }
  if (files.empty() || below(2))
    return;
  hasIndex = true;
  for (const char *tensor : tensorNames) {
    auto file = files.begin();
    std::advance(file, below(static_cast<unsigned>(files.size())));
    if (below(3)) {
      index[tensor] = file->first;
      file->second.isNamed = true;
    }
  }
}

std::set<std::string> RandomFolder::modelFiles() const {
  bool hasMain = files.contains("model.safetensors");
  std::set<std::string> chosen;
  for (const auto &[name, file] : files)
    if (hasIndex ? file.isNamed : hasMain ? file.isMain : !shardsAreComplete || file.isShard)
      chosen.insert(name);
  return chosen;
}

std::string RandomFolder::expected(const std::string &name) const {
  std::set<std::string> having;
  for (const std::string &file : modelFiles())
    if (files.at(file).names.contains(name))
      having.insert(file);
  auto indexed = index.find(name);
  if (indexed != index.end())
    return files.at(indexed->second).names.contains(name) ? indexed->second : "";
  return having.size() == 1 ? *having.begin() : "";
}

TEST_F(ModelFilesTest, RandomFoldersFollowTheRule) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    fs::remove_all(at(""));
    fs::create_directory(folder / "model");
    std::map<std::string, RandomFolder> drawn;
    // The folder's own files, or those of folders in it.
    bool hasOwn = seed % 4 != 0;
    drawn.emplace("", RandomFolder(seed)).first->second.draw(hasOwn);
    for (const char *name : {"unet/", "vae/"})
      drawn.emplace(name, RandomFolder(seed + 100000 + static_cast<unsigned>(name[0])))
          .first->second.draw(true);
    bool isPipeline = drawn.at("").files.empty();
    bool any = false;
    for (const auto &[path, each] : drawn) {
      for (const auto &[name, contents] : each.files)
        file(path + name, {contents.names.begin(), contents.names.end()}), any = true;
      if (each.hasIndex)
        index(path + "model.safetensors.index.json", {each.index.begin(), each.index.end()});
    }
    if (!any)
      continue;
    auto model = Checkpoint::open(at(""));
    ASSERT_TRUE(holds(model));
    for (const char *name : tensorNames) {
      std::set<std::string> meant;
      bool isFaulty = false;
      for (const auto &[path, each] : drawn) {
        if (!path.empty() && !isPipeline)
          continue;
        std::string own = each.expected(name);
        if (!own.empty())
          meant.insert(path + own);
        bool isThere = std::ranges::any_of(each.modelFiles(), [&](const std::string &file) {
          return each.files.at(file).names.contains(name);
        });
        isFaulty = isFaulty || (own.empty() && (isThere || each.index.contains(name)));
      }
      auto found = model->find(name);
      ASSERT_EQ(bool(found), meant.size() == 1 && !isFaulty) << name << messageOf(found);
      if (found)
        EXPECT_EQ(fs::relative(found->first->path(), at("")).string(), *meant.begin());
    }
  }
}
