//===- Manifest.cpp - The list of a compressed model's files --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"
#include "FileTree.h"
#include "Json.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

static constexpr uint64_t sizeLimit = uint64_t(1) << 30;
/// How every manifest begins, up to the digits of its checksum.
static constexpr std::string_view start = "{\n  \"checksum\": \"";

static constexpr std::string_view kindNames[] = {"container", "carried", "rewritten"};

const ManifestFile *Manifest::find(std::string_view path) const {
  auto at = std::find_if(files.begin(), files.end(),
                         [&](const ManifestFile &file) { return file.path == path; });
  return at == files.end() ? nullptr : &*at;
}

static JsonValue listOf(const std::vector<std::string> &texts) {
  JsonValue list = JsonValue::array();
  for (const std::string &text : texts)
    list.items.push_back(JsonValue::of(text));
  return list;
}

std::string Manifest::str() const {
  JsonValue list = JsonValue::array();
  for (const ManifestFile &file : files) {
    JsonValue &item = list.items.emplace_back(JsonValue::object());
    item.set("path", JsonValue::of(file.path));
    item.set("kind", JsonValue::of(kindNames[static_cast<unsigned>(file.kind)]));
    item.set("bytes", JsonValue::of(file.bytes));
    item.set("xxh3", JsonValue::of(toHex64(file.checksum)));
    if (file.kind == ManifestFile::Kind::Container)
      item.set("original_bytes", JsonValue::of(file.originalBytes));
    if (file.kind == ManifestFile::Kind::Rewritten)
      item.set("original", JsonValue::of(file.original));
  }
  JsonValue top = JsonValue::object();
  top.set("checksum", JsonValue::of(zeroHex64));
  top.set("checkpoint", JsonValue::of(uint64_t(manifestVersion)));
  top.set("reader", JsonValue::of(uint64_t(manifestVersion)));
  top.set("files", std::move(list));
  if (!folders.empty())
    top.set("folders", listOf(folders));
  if (!leftOut.empty())
    top.set("left_out", listOf(leftOut));
  std::string text = jsonText(top, 2) + "\n";
  uint64_t checksum = xxh3({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  return text.replace(start.size(), zeroHex64.size(), toHex64(checksum));
}

static Expected<std::vector<std::string>> parsePaths(const JsonValue &top, std::string_view key) {
  std::vector<std::string> paths;
  const JsonValue *list = top.find(key);
  if (!list)
    return paths;
  if (list->kind != JsonValue::Kind::Array)
    return invalidError("'" + std::string(key) + "' is not an array");
  for (const JsonValue &path : list->items) {
    if (path.kind != JsonValue::Kind::String || !isSafeRelativePath(path.text))
      return invalidError("'" + std::string(key) +
                          "' holds something that is no path inside the folder");
    paths.push_back(path.text);
  }
  return paths;
}

static Expected<ManifestFile> parseFile(const JsonValue &item) {
  ManifestFile file;
  const std::string *path = item.findString("path");
  if (!path || !isSafeRelativePath(*path))
    return invalidError("a file has no path inside the folder");
  file.path = *path;
  std::string where = "file " + inQuotes(*path) + ": ";
  const std::string *kind = item.findString("kind");
  auto found = std::find(std::begin(kindNames), std::end(kindNames), kind ? *kind : "");
  if (found == std::end(kindNames))
    return invalidError(where + "unknown kind");
  file.kind = static_cast<ManifestFile::Kind>(found - std::begin(kindNames));
  std::optional<uint64_t> bytes = item.findInteger("bytes");
  const std::string *digits = item.findString("xxh3");
  std::optional<uint64_t> checksum = digits ? parseHex64(*digits) : std::nullopt;
  if (!bytes || !checksum)
    return invalidError(where + "'bytes' or 'xxh3' is missing or wrong");
  file.bytes = *bytes;
  file.checksum = *checksum;
  file.originalBytes = item.findInteger("original_bytes").value_or(0);
  const std::string *original = item.findString("original");
  if (file.kind == ManifestFile::Kind::Rewritten && !original)
    return invalidError(where + "'original' is missing");
  if (original)
    file.original = *original;
  return file;
}

Expected<Manifest> Manifest::parse(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(JsonValue top, parseJsonValue(text));
  if (top.kind != JsonValue::Kind::Object)
    return invalidError("not a JSON object");
  std::optional<uint64_t> reader = top.findInteger("reader");
  if (!reader)
    return invalidError("'reader' is missing");
  if (*reader > manifestVersion)
    return unsupportedError("needs a reader of version " + std::to_string(*reader) +
                            ", this is version " + std::to_string(manifestVersion) +
                            "; use a newer uwt");
  const std::string *digits = top.findString("checksum");
  std::optional<uint64_t> checksum = digits ? parseHex64(*digits) : std::nullopt;
  std::string zeroed(text);
  if (text.starts_with(start) && text.size() >= start.size() + zeroHex64.size())
    zeroed.replace(start.size(), zeroHex64.size(), zeroHex64);
  if (!checksum ||
      *checksum != xxh3({reinterpret_cast<const uint8_t *>(zeroed.data()), zeroed.size()}))
    return invalidError("the checksum is wrong: the file is damaged or was changed; get it again");

  Manifest manifest;
  const JsonValue *list = top.find("files");
  if (!list || list->kind != JsonValue::Kind::Array)
    return invalidError("'files' is not an array");
  for (const JsonValue &item : list->items) {
    UWT_ASSIGN_OR_RETURN(ManifestFile file, parseFile(item));
    manifest.files.push_back(std::move(file));
  }
  UWT_ASSIGN_OR_RETURN(manifest.folders, parsePaths(top, "folders"));
  UWT_ASSIGN_OR_RETURN(manifest.leftOut, parsePaths(top, "left_out"));
  return manifest;
}

Expected<std::optional<Manifest>> readManifest(const std::string &folder) {
  std::string path = joinPath(folder, manifestName);
  if (!fileExists(path))
    return std::optional<Manifest>();
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(path, sizeLimit));
  auto manifest = Manifest::parse(text);
  if (!manifest)
    return manifest.takeError().in(path);
  return std::optional<Manifest>(*std::move(manifest));
}

} // namespace uwt
