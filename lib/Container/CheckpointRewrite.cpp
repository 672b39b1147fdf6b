//===- CheckpointRewrite.cpp - Files that change with the weights ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "Json.h"
#include "uwt/Container/Checkpoint.h"
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

//===----------------------------------------------------------------------===//
// Index
//===----------------------------------------------------------------------===//

/// The index's value, with a weight_map of strings.
static Expected<JsonValue> parseIndex(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(JsonValue index, parseJsonValue(text));
  const JsonValue *map = index.find("weight_map");
  if (!map || map->kind != JsonValue::Kind::Object)
    return invalidError("'weight_map' is not an object");
  for (size_t i = 0; i < map->items.size(); ++i)
    if (map->items[i].kind != JsonValue::Kind::String)
      return invalidError("'weight_map' has no file name for " + inQuotes(map->keys[i]));
  return index;
}

Status checkIndex(std::string_view text, const TreeFile &index, const FileTree &tree) {
  UWT_ASSIGN_OR_RETURN(JsonValue value, parseIndex(text));
  const std::string *last = nullptr;
  for (const JsonValue &file : value.find("weight_map")->items) {
    if (last && *last == file.text)
      continue;
    last = &file.text;
    const TreeFile *found = tree.find(joinPath(index.folder(), file.text));
    if (!found || !isWeightFile(*found))
      return invalidError("names the file " + inQuotes(file.text) +
                          ", which is not there; the model may not be downloaded completely");
  }
  return ok();
}

/// Appends the keys that a tensor has in its container.
static void addKeys(const TensorEntry &entry, std::string_view file, JsonValue &map) {
  auto add = [&](std::string key) {
    map.keys.push_back(std::move(key));
    map.items.push_back(JsonValue::of(file));
  };
  if (!entry.sameAs.empty() || entry.member != 0 || entry.bundleNumber != 0)
    return;
  const TensorEntry &stored = entry.bundle ? *entry.bundle : entry;
  if (!stored.compressed() && !stored.isDifference())
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
      return invalidError("names the file " + inQuotes(file) + ", which is not there");
    auto entry = container->second.find(map.keys[i]);
    if (!entry)
      return invalidError("says that " + inQuotes(file) + " has a tensor " + inQuotes(map.keys[i]) +
                          ", which it has not; the index belongs to other files");
    named.insert(&container->second);
    addKeys(**entry, compressedWeightPath(file), written);
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
