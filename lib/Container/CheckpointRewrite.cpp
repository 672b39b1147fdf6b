//===- CheckpointRewrite.cpp - Files that change with the weights ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "ModelFiles.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Json.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <set>

namespace uwt {

bool isWeightFile(const TreeFile &file) { return file.name().ends_with(weightEnding); }

bool isIndexFile(const TreeFile &file) {
  return matchesGlob("*.safetensors.index*.json", file.name());
}

std::string storedPath(const TreeFile &file) {
  if (isWeightFile(file))
    return compressedWeightPath(file.path);
  return isIndexFile(file) ? compressedIndexPath(file.path) : file.path;
}

bool isDuplicateWeights(const TreeFile &file) {
  static constexpr std::string_view globs[] = {
      "pytorch_model*", "*.onnx", "*.onnx_data", "*.h5",
      "*.msgpack",      "*.gguf", "*.ot",        "openvino_model*.bin"};
  return std::any_of(std::begin(globs), std::end(globs),
                     [&](std::string_view glob) { return matchesGlob(glob, file.name()); });
}

static bool matchesAnyName(std::string_view path, std::span<const std::string_view> globs) {
  std::string_view name = nameOf(path);
  return std::any_of(globs.begin(), globs.end(),
                     [&](std::string_view glob) { return matchesGlob(glob, name); });
}

bool namesWeights(std::string_view path) {
  static constexpr std::string_view globs[] = {"*.safetensors", "*.safetensors.index*.json",
                                               "*.bin.index*.json", "consolidated*.pth"};
  TreeFile file;
  file.path = path;
  return path == manifestName || isDuplicateWeights(file) || matchesAnyName(path, globs);
}

bool describesWeights(std::string_view path) {
  static constexpr std::string_view globs[] = {"config.json",
                                               "*_config.json",
                                               "tokenizer*",
                                               "vocab*",
                                               "merges.txt",
                                               "added_tokens*",
                                               "special_tokens_map.json",
                                               "spiece.model",
                                               "chat_template*",
                                               "model_index.json",
                                               "modules.json"};
  return matchesAnyName(path, globs);
}

//===----------------------------------------------------------------------===//
// Index
//===----------------------------------------------------------------------===//

/// Returns what is wrong with the name of a file in an index; empty if nothing is.
static std::string badFileName(std::string_view file) {
  if (!isSafeRelativePath(file))
    return "is no file of its folder";
  return file.ends_with(weightEnding) ? "" : "does not end in .safetensors";
}

Expected<JsonValue> parseIndex(std::string_view text) {
  constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(byteOrderMark))
    text.remove_prefix(byteOrderMark.size());
  UWT_ASSIGN_OR_RETURN(JsonValue index, parseJsonValue(text));
  const JsonValue *map = index.find("weight_map");
  if (!map || map->kind != JsonValue::Kind::Object)
    return invalidError("'weight_map' is not an object");
  const std::string *last = nullptr;
  for (size_t i = 0; i < map->items.size(); ++i) {
    const JsonValue &file = map->items[i];
    if (file.kind != JsonValue::Kind::String)
      return invalidError("'weight_map' has no file name for " + inQuotes(map->keys[i]));
    if (last && *last == file.text)
      continue;
    last = &file.text;
    if (std::string wrong = badFileName(file.text); !wrong.empty())
      return invalidError("'weight_map' says that " + inQuotes(map->keys[i]) + " is in " +
                          inQuotes(file.text) + ", which " + wrong);
  }
  return index;
}

//===----------------------------------------------------------------------===//
// IndexCheck
//===----------------------------------------------------------------------===//

Status IndexCheck::read(const TreeFile &index, const FileTree &tree) {
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(index.full, textLimit));
  auto value = parseIndex(text);
  if (!value)
    return value.takeError().in(index.full);
  const JsonValue &map = *value->find("weight_map");
  size_t number = gaps.size();
  gaps.push_back({&index, {}, {}});
  for (size_t i = 0; i < map.items.size(); ++i) {
    std::string path = joinPath(index.folder(), map.items[i].text);
    if (tree.find(path))
      wanted[std::move(path)].emplace_back(number, map.keys[i]);
    else
      ++gaps.back().files[path];
  }
  for (auto &[path, tensors] : gaps.back().files)
    spellings.try_emplace(path, otherSpelling(tree, path));
  return ok();
}

void IndexCheck::look(std::string_view path, const SafetensorsHeader &header) {
  auto names = wanted.find(path);
  if (names == wanted.end())
    return;
  for (const auto &[index, name] : names->second) {
    const std::string *other = header.findMetadata(name);
    if (!header.find(name) && !(other && header.find(*other)))
      gaps[index].tensors.push_back(inQuotes(name) + " in " + names->first);
  }
}

std::string someOf(const std::vector<std::string> &texts) {
  constexpr size_t most = 8;
  std::string text;
  for (size_t i = 0; i < std::min(most, texts.size()); ++i)
    text += (i == 0 ? "" : ", ") + texts[i];
  return text +
         (texts.size() > most ? " and " + std::to_string(texts.size() - most) + " more" : "");
}

static std::string counted(size_t count, const std::string &thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

Status IndexCheck::report(bool incomplete, std::vector<std::string> &warnings) const {
  for (const Gaps &each : gaps) {
    const std::string &path = each.index->full;
    std::vector<std::string> files;
    for (const auto &[file, tensors] : each.files) {
      const std::string &other = spellings.at(file);
      files.push_back(inQuotes(file) +
                      (other.empty() ? "" : " (" + inQuotes(other) + " is spelled otherwise)"));
    }
    std::string text = path + ": names " + counted(files.size(), "file") +
                       (files.size() == 1 ? " that is" : " that are") +
                       " not there: " + someOf(files);
    if (!files.empty() && !incomplete)
      return invalidError(text + "; the model may not be downloaded completely; --incomplete "
                                 "compresses what is there");
    if (!files.empty())
      warnings.push_back(text + "; what is there is compressed, and the model is not complete");
    if (!each.tensors.empty())
      warnings.push_back(path + ": names " + counted(each.tensors.size(), "tensor") +
                         " that the files do not have: " + someOf(each.tensors) +
                         "; the compressed index leaves them out, and decompressing gives the "
                         "index back as it is");
  }
  return ok();
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// Appends the keys that a tensor has in its container.
static void addKeys(const TensorEntry &entry, std::string_view file, JsonValue &map) {
  auto add = [&](std::string key) {
    map.keys.push_back(std::move(key));
    map.items.push_back(JsonValue::of(file));
  };
  if (!entry.sameAs.empty() || entry.member != 0 || entry.bundleNumber != 0)
    return;
  const TensorEntry &stored = entry.bundle ? *entry.bundle : entry;
  if (!stored.compressed() && !stored.isPacked() && !stored.isDifference())
    return add(entry.name);
  for (unsigned k = 0; k < planeKinds; ++k)
    if (stored.planeBytes[k] != 0)
      add(planeTensorName(entry.name, static_cast<PlaneKind>(k)));
}

Expected<std::string>
rewriteIndex(std::string_view text, const TreeFile &index,
             const std::map<std::string, Container, std::less<>> &containers) {
  UWT_ASSIGN_OR_RETURN(JsonValue value, parseIndex(text));
  JsonValue &map = *value.find("weight_map");
  JsonValue written = JsonValue::object();
  std::set<const Container *> named;
  for (size_t i = 0; i < map.items.size(); ++i) {
    const std::string &file = map.items[i].text;
    auto container = containers.find(joinPath(index.folder(), file));
    if (container == containers.end())
      continue;
    named.insert(&container->second);
    if (const TensorEntry *entry = container->second.lookUp(map.keys[i]))
      addKeys(*entry, compressedWeightPath(file), written);
  }
  uint64_t total = 0;
  for (const Container *container : named)
    total += container->file().data().size();
  map = std::move(written);
  JsonValue *metadata = value.find("metadata");
  if (!metadata || metadata->kind != JsonValue::Kind::Object) {
    value.set("metadata", JsonValue::object());
    metadata = value.find("metadata");
  }
  metadata->set("total_size", JsonValue::of(total));
  return jsonText(value, 2) + "\n";
}

} // namespace uwt
