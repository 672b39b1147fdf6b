//===- CheckpointRewrite.cpp - Files that change with the weights ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "Json.h"
#include "uwt/Container/Compress.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <set>

namespace uwt {

bool isWeightFile(const TreeFile &file) { return file.name().ends_with(".safetensors"); }

bool isIndexFile(const TreeFile &file) {
  return matchesGlob("*.safetensors.index*.json", file.name());
}

bool isDuplicateWeights(const TreeFile &file) {
  static constexpr std::string_view globs[] = {
      "pytorch_model*", "*.onnx", "*.onnx_data", "*.h5",
      "*.msgpack",      "*.gguf", "*.ot",        "openvino_model*.bin"};
  return std::any_of(std::begin(globs), std::end(globs),
                     [&](std::string_view glob) { return matchesGlob(glob, file.name()); });
}

//===----------------------------------------------------------------------===//
// config.json
//===----------------------------------------------------------------------===//

Expected<std::string> rewriteConfig(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(bool exists, jsonObjectHasKey(text, "quantization_config"));
  if (exists)
    return usageError("has a quantization_config already, and a config can name one method only; "
                      "--keep-config compresses the weights and leaves this file as it is");
  // Inserted into the text, not written anew, so that everything else stays as
  // its author laid it out. The last brace is the object's end.
  size_t brace = text.rfind('}');
  size_t last = text.find_last_not_of(" \t\r\n", brace - 1);
  bool empty = text[last] == '{';
  bool lines = text.substr(last, brace - last).find('\n') != std::string_view::npos;
  std::string out(text.substr(0, last + 1));
  out += empty ? "" : ",";
  out += lines ? "\n  " : empty ? "" : " ";
  out += "\"quantization_config\": {\"quant_method\": \"uwt\", \"version\": 1}";
  out += text.substr(last + 1);
  return out;
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
  return success();
}

/// Appends the keys that a tensor has in its container.
static void addKeys(const TensorEntry &entry, std::string_view file, JsonValue &map) {
  auto add = [&](std::string key) {
    map.keys.push_back(std::move(key));
    map.items.push_back(JsonValue::of(file));
  };
  if (!entry.sameAs.empty())
    return;
  if (!entry.compressed())
    return add(entry.name);
  for (unsigned k = 0; k < planeKinds; ++k)
    if (entry.planeBytes[k] != 0)
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
    addKeys(**entry, file, written);
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
