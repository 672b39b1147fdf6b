//===- ModelFiles.cpp - Which files of a folder are its model -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFiles.h"
#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "Manifest.h"
#include "uwt/Container/Checkpoint.h"
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <tuple>

namespace uwt {

const std::string *ModelIndex::find(std::string_view name) const {
  auto at = std::lower_bound(fileOf.begin(), fileOf.end(), name,
                             [](const auto &entry, std::string_view n) { return entry.first < n; });
  return at != fileOf.end() && at->first == name ? &at->second : nullptr;
}

bool ModelIndex::names(std::string_view file) const {
  return std::binary_search(files.begin(), files.end(), file);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The names that loaders look for, without their endings.
static constexpr std::string_view mainStems[] = {"model", "adapter_model",
                                                 "diffusion_pytorch_model"};

static bool isMainStem(std::string_view stem) {
  return std::ranges::find(mainStems, stem) != std::end(mainStems);
}

/// The name of a weight file, plain or compressed, without its ending.
static std::string_view stemOf(std::string_view name) {
  name.remove_suffix(name.ends_with(compressedEnding) ? compressedEnding.size()
                                                      : weightEnding.size());
  return name;
}

/// How much an index has to say: the first kind that a folder has decides.
enum class IndexRank : uint8_t { Main, Named, Variant };

static IndexRank rankOf(std::string_view name) {
  constexpr std::string_view middle = ".safetensors.index";
  std::string_view stem = name.substr(0, name.rfind(middle));
  if (stem.ends_with(".uwt"))
    stem.remove_suffix(std::string_view(".uwt").size());
  bool isVariant = !name.ends_with(".safetensors.index.json") ||
                   std::ranges::any_of(mainStems, [&](std::string_view main) {
                     return stem.starts_with(main) && stem.substr(main.size()).starts_with('.');
                   });
  if (isVariant)
    return IndexRank::Variant;
  return isMainStem(stem) ? IndexRank::Main : IndexRank::Named;
}

namespace {

/// The parts of `model-00002-of-00003.safetensors`.
struct ShardName {
  std::string stem;
  std::string number, count;
  bool isCompressed = false;
};

} // namespace

/// Takes digits off the end of `text`.
static std::string takeDigits(std::string_view &text) {
  size_t end = text.find_last_not_of("0123456789") + 1; // npos + 1 is 0
  std::string digits(text.substr(end));
  text = text.substr(0, end);
  return digits;
}

static bool takeSuffix(std::string_view &text, std::string_view suffix) {
  if (!text.ends_with(suffix))
    return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// The parts of a main file's shard; nothing of other names.
static std::optional<ShardName> mainShard(std::string_view name) {
  ShardName shard;
  shard.isCompressed = name.ends_with(compressedEnding);
  std::string_view rest = stemOf(name);
  shard.count = takeDigits(rest);
  if (shard.count.empty() || !takeSuffix(rest, "-of-"))
    return std::nullopt;
  shard.number = takeDigits(rest);
  if (shard.number.empty() || !takeSuffix(rest, "-") || !isMainStem(rest))
    return std::nullopt;
  shard.stem = rest;
  return shard;
}

std::string otherSpelling(const FileTree &tree, std::string_view path) {
  std::string lower = lowerCase(path);
  for (const TreeFile &file : tree.files)
    if (lowerCase(file.path) == lower && file.path != path)
      return file.path;
  return {};
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {

class ModelChooser {
public:
  explicit ModelChooser(const FileTree &tree) : tree(tree) {}
  Status chooseIn(std::string_view folder);
  ModelFiles chosen;

private:
  /// Entries of a folder itself.
  struct Folder {
    std::string_view path;
    std::vector<const TreeFile *> weights, indexes;
    /// Folders in it that have weight files, at any depth.
    std::set<std::string> below;
  };

  Folder look(std::string_view folder) const;
  const std::optional<Manifest> &manifest();
  Expected<ModelIndex> readIndex(const TreeFile &file);
  Status takeIndexes(const Folder &folder, const std::vector<const TreeFile *> &indexes);
  Status takeFolders(const Folder &folder, const std::string &why);
  void take(const Folder &folder, const std::vector<const TreeFile *> &files,
            const std::string &why);
  std::vector<const TreeFile *> completeShards(const Folder &folder) const;
  void noteMissingShards(const Folder &folder);
  std::span<const TreeFile> filesBelow(std::string_view folder) const;
  std::vector<const TreeFile *> weightsBelow(std::string_view folder) const;

  const FileTree &tree;
  unsigned parts = 0;
  /// Of the tree; nothing if it has none, or one that cannot be read: what it says of indexes is
  /// in the compressed indexes too, but for tensors that have no key there.
  std::optional<std::optional<Manifest>> read;
};

} // namespace

/// The files of a folder and of those below it: they are side by side, as paths are sorted.
std::span<const TreeFile> ModelChooser::filesBelow(std::string_view folder) const {
  if (folder.empty())
    return tree.files;
  std::string first = std::string(folder) + '/', last = std::string(folder) + '0'; // '/' + 1
  auto isBefore = [](const TreeFile &file, const std::string &path) { return file.path < path; };
  auto begin = std::lower_bound(tree.files.begin(), tree.files.end(), first, isBefore);
  return {begin, std::lower_bound(begin, tree.files.end(), last, isBefore)};
}

std::vector<const TreeFile *> ModelChooser::weightsBelow(std::string_view folder) const {
  std::vector<const TreeFile *> found;
  for (const TreeFile &file : filesBelow(folder))
    if (isWeightFile(file))
      found.push_back(&file);
  return found;
}

ModelChooser::Folder ModelChooser::look(std::string_view path) const {
  Folder folder{path, {}, {}, {}};
  for (const TreeFile &file : filesBelow(path)) {
    if (file.folder() == path && isIndexFile(file))
      folder.indexes.push_back(&file);
    if (!isWeightFile(file))
      continue;
    if (file.folder() == path) {
      folder.weights.push_back(&file);
      continue;
    }
    size_t begin = path.empty() ? 0 : path.size() + 1;
    folder.below.insert(file.path.substr(0, file.path.find('/', begin)));
  }
  return folder;
}

const std::optional<Manifest> &ModelChooser::manifest() {
  if (!read) {
    auto parsed = tree.find(manifestName) ? readManifest(tree.root) : std::optional<Manifest>();
    read = parsed ? *std::move(parsed) : std::nullopt;
  }
  return *read;
}

/// The name of the tensor that has the key in a container, or the key itself.
static std::string_view withoutPlane(std::string_view key) {
  for (unsigned k = 0; k < planeKinds; ++k) {
    std::string ending = planeTensorName("", static_cast<PlaneKind>(k));
    if (key.ends_with(ending))
      return key.substr(0, key.size() - ending.size());
  }
  return key;
}

/// The index of a compressed folder decides as its original does: by the text in the manifest, or
/// without one by the keys of tensors in containers (model-2).
Expected<ModelIndex> ModelChooser::readIndex(const TreeFile &file) {
  std::string text;
  std::string_view folder = file.folder();
  std::map<std::string_view, std::string_view> stored;
  const ManifestFile *rewritten = nullptr;
  if (const std::optional<Manifest> &listed = manifest())
    for (const ManifestFile &each : listed->files) {
      if (each.kind == ManifestFile::Kind::Container)
        stored.emplace(each.originalPath, each.path);
      if (each.kind == ManifestFile::Kind::Rewritten && each.path == file.path)
        rewritten = &each;
    }
  if (rewritten) {
    text = rewritten->original;
  } else {
    UWT_ASSIGN_OR_RETURN(text, readTextFile(file.full, textLimit));
  }
  auto parsed = parseIndex(text);
  if (!parsed)
    return parsed.takeError().in(file.full);
  ModelIndex index;
  index.path = file.path;
  const JsonValue &map = *parsed->find("weight_map");
  for (size_t i = 0; i < map.items.size(); ++i) {
    std::string path = joinPath(folder, map.items[i].text);
    std::string_view name = map.keys[i];
    auto container = stored.find(path);
    if (container != stored.end())
      path = container->second;
    else if (rewritten)
      path = compressedWeightPath(path);
    else if (path.ends_with(compressedEnding))
      name = withoutPlane(name);
    index.fileOf.emplace_back(name, path);
    index.files.push_back(std::move(path));
  }
  std::ranges::sort(index.fileOf);
  std::ranges::sort(index.files);
  index.fileOf.erase(std::unique(index.fileOf.begin(), index.fileOf.end()), index.fileOf.end());
  index.files.erase(std::unique(index.files.begin(), index.files.end()), index.files.end());
  return index;
}

/// Takes `files` as the model of a folder, and leaves all others that are in it or below.
void ModelChooser::take(const Folder &folder, const std::vector<const TreeFile *> &files,
                        const std::string &why) {
  for (const TreeFile *file : weightsBelow(folder.path))
    if (std::ranges::find(files, file) != files.end())
      chosen.files.push_back({file, parts});
    else
      chosen.others.push_back({file, why});
  ++parts;
}

Status ModelChooser::takeIndexes(const Folder &folder,
                                 const std::vector<const TreeFile *> &indexes) {
  std::set<std::string> named;
  std::string why;
  for (const TreeFile *file : indexes) {
    UWT_ASSIGN_OR_RETURN(ModelIndex index, readIndex(*file));
    named.insert(index.files.begin(), index.files.end());
    why += (why.empty() ? "" : " and ") + file->path;
    chosen.indexes.push_back(std::move(index));
  }
  std::vector<const TreeFile *> files;
  for (const std::string &path : named) {
    const TreeFile *file = tree.find(path);
    if (file && isWeightFile(*file))
      files.push_back(file);
    else
      chosen.missing.push_back(path);
  }
  take(folder, files, why + (indexes.size() > 1 ? " name" : " names") + " its files");
  return ok();
}

Status ModelChooser::takeFolders(const Folder &folder, const std::string &why) {
  for (const TreeFile *file : folder.weights)
    chosen.others.push_back({file, why});
  for (const std::string &path : folder.below)
    UWT_RETURN_IF_ERROR(chooseIn(path));
  return ok();
}

/// The files of sets of main shards that have all their numbers, from 0 or from 1.
std::vector<const TreeFile *> ModelChooser::completeShards(const Folder &folder) const {
  std::map<std::tuple<std::string, std::string, bool>, std::map<uint64_t, const TreeFile *>> sets;
  for (const TreeFile *file : folder.weights)
    if (std::optional<ShardName> shard = mainShard(file->name()); shard && shard->number.size() < 9)
      sets[{shard->stem, shard->count, shard->isCompressed}][std::stoull(shard->number)] = file;
  std::vector<const TreeFile *> files;
  for (const auto &[name, shards] : sets) {
    const std::string &count = std::get<1>(name);
    bool isComplete = count.size() < 9 && shards.size() == std::stoull(count) &&
                      shards.rbegin()->first - shards.begin()->first + 1 == shards.size() &&
                      shards.begin()->first <= 1;
    for (const auto &[number, file] : shards)
      if (isComplete)
        files.push_back(file);
  }
  return files;
}

/// Notes what is missing of shards without an index. Only few numbers are looked for: a name can
/// ask for any count.
void ModelChooser::noteMissingShards(const Folder &folder) {
  constexpr uint64_t most = 1000;
  std::set<std::string> wanted;
  for (const TreeFile *file : folder.weights) {
    std::optional<ShardName> shard = mainShard(file->name());
    if (!shard || shard->count.size() > 8)
      continue;
    for (uint64_t i = 1; i <= std::min<uint64_t>(std::stoull(shard->count), most); ++i) {
      std::string number = std::to_string(i);
      number.insert(0, shard->number.size() - std::min(shard->number.size(), number.size()), '0');
      std::string name = shard->stem + "-" + number + "-of-" + shard->count;
      wanted.insert(joinPath(
          folder.path, name + std::string(shard->isCompressed ? compressedEnding : weightEnding)));
    }
  }
  for (const std::string &path : wanted)
    if (!tree.find(path))
      chosen.missing.push_back(path);
}

/// The choice for a folder and all below it (model-1).
Status ModelChooser::chooseIn(std::string_view path) {
  Folder folder = look(path);
  auto indexesOf = [&](IndexRank rank) {
    std::vector<const TreeFile *> found;
    for (const TreeFile *file : folder.indexes)
      if (rankOf(file->name()) == rank)
        found.push_back(file);
    return found;
  };
  for (IndexRank rank : {IndexRank::Main, IndexRank::Named})
    if (auto indexes = indexesOf(rank); !indexes.empty())
      return takeIndexes(folder, indexes);

  std::vector<const TreeFile *> main;
  std::string names;
  for (const TreeFile *file : folder.weights)
    if (isMainStem(stemOf(file->name()))) {
      main.push_back(file);
      names += (names.empty() ? "" : " and ") + file->path;
    }
  if (!main.empty())
    return take(folder, main, names + (main.size() > 1 ? " go" : " goes") + " before it"), ok();
  std::string pipeline = joinPath(path, "model_index.json");
  if (tree.find(pipeline) && !folder.below.empty())
    return takeFolders(folder, pipeline + " says that the model is in the folders beside it");
  if (auto indexes = indexesOf(IndexRank::Variant); !indexes.empty())
    return takeIndexes(folder, indexes);
  if (auto shards = completeShards(folder); !shards.empty())
    return take(folder, shards, shards.front()->path + " and the files of its set go before it"),
           ok();
  if (folder.weights.empty())
    return takeFolders(folder, "");
  noteMissingShards(folder);
  take(folder, folder.weights, "files of the folder itself go before those in folders below it");
  return ok();
}

Expected<ModelFiles> chooseModelFiles(const FileTree &tree) {
  ModelChooser chooser(tree);
  UWT_RETURN_IF_ERROR(chooser.chooseIn(""));
  ModelFiles chosen = std::move(chooser.chosen);
  std::ranges::sort(chosen.files, {}, [](const auto &each) { return each.file->path; });
  std::ranges::sort(chosen.others, {}, [](const auto &each) { return each.file->path; });
  return chosen;
}

} // namespace uwt
