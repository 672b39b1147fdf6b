//===- Manifest.cpp - The list of a compressed model's files --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"
#include "FileTree.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Json.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

static constexpr uint64_t sizeLimit = uint64_t(1) << 30;
/// How every manifest begins, up to the digits of its checksum.
static constexpr std::string_view start = "{\n  \"checksum\": \"";

static constexpr std::string_view kindNames[] = {"container", "carried", "rewritten"};

uint64_t ManifestFile::restoredBytes() const {
  switch (kind) {
  case Kind::Container:
    return originalBytes;
  case Kind::Carried:
    return bytes;
  case Kind::Rewritten:
    return original.size();
  }
  return 0;
}

void Manifest::sort() {
  std::sort(files.begin(), files.end(),
            [](const ManifestFile &a, const ManifestFile &b) { return a.path < b.path; });
  std::sort(folders.begin(), folders.end());
  std::sort(leftOut.begin(), leftOut.end());
}

/// "644", as chmod takes it.
static std::string modeText(FileMode mode) {
  std::string text;
  for (unsigned shift : {6u, 3u, 0u})
    text += static_cast<char>('0' + (mode >> shift & 7));
  return text;
}

static std::optional<FileMode> parseMode(std::string_view text) {
  if (text.size() != 3 || text.find_first_not_of("01234567") != std::string_view::npos)
    return std::nullopt;
  FileMode mode = 0;
  for (char digit : text)
    mode = mode << 3 | static_cast<FileMode>(digit - '0');
  return mode;
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
    if (file.originalPath != file.path)
      item.set("original_path", JsonValue::of(file.originalPath));
    item.set("kind", JsonValue::of(kindNames[static_cast<unsigned>(file.kind)]));
    item.set("bytes", JsonValue::of(file.bytes));
    item.set("xxh3", JsonValue::of(toHex64(file.checksum)));
    if (file.kind == ManifestFile::Kind::Container)
      item.set("original_bytes", JsonValue::of(file.originalBytes));
    if (file.kind == ManifestFile::Kind::Rewritten)
      item.set("original", JsonValue::of(file.original));
    if (file.mode)
      item.set("mode", JsonValue::of(modeText(*file.mode)));
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

static Expected<std::vector<std::string>> parsePaths(const JsonValue &top, std::string_view key,
                                                     bool isGood(std::string_view)) {
  std::vector<std::string> paths;
  const JsonValue *list = top.find(key);
  if (!list)
    return paths;
  if (list->kind != JsonValue::Kind::Array)
    return invalidError("'" + std::string(key) + "' is not an array");
  for (const JsonValue &path : list->items) {
    if (path.kind != JsonValue::Kind::String || !isGood(path.text))
      return invalidError("'" + std::string(key) + "' holds something that is no path of a model");
    paths.push_back(path.text);
  }
  return paths;
}

static Expected<std::string> parsePath(const JsonValue &item, std::string_view key) {
  const std::string *path = item.findString(key);
  if (!path)
    return invalidError("a file has no '" + std::string(key) + "'");
  if (!isModelPath(*path))
    return invalidError("'" + std::string(key) + "' is " + inQuotes(*path) +
                        ", which is no path of a model");
  return *path;
}

static Expected<ManifestFile> parseFile(const JsonValue &item) {
  ManifestFile file;
  UWT_ASSIGN_OR_RETURN(file.path, parsePath(item, "path"));
  file.originalPath = file.path;
  if (item.find("original_path")) {
    UWT_ASSIGN_OR_RETURN(file.originalPath, parsePath(item, "original_path"));
  }
  std::string where = "file " + inQuotes(file.path) + ": ";
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
  if (item.find("mode")) {
    const std::string *mode = item.findString("mode");
    file.mode = mode ? parseMode(*mode) : std::nullopt;
    if (!file.mode)
      return invalidError(where + "'mode' is not three octal digits");
  }
  return file;
}

/// Finds a path that occurs twice, or that is also a folder in front of another one.
static Status checkDistinct(std::vector<std::string_view> paths) {
  std::sort(paths.begin(), paths.end());
  auto twice = std::adjacent_find(paths.begin(), paths.end());
  if (twice != paths.end())
    return invalidError("the path " + inQuotes(*twice) + " occurs twice");
  for (std::string_view path : paths)
    for (std::string_view folder = folderOf(path); !folder.empty(); folder = folderOf(folder))
      if (std::binary_search(paths.begin(), paths.end(), folder))
        return invalidError("the path " + inQuotes(folder) + " is both a file and a folder");
  return ok();
}

/// folder-7, both in the compressed folder and in the original one. Folders are the same in both.
static Status checkPaths(const Manifest &manifest) {
  std::vector<std::string_view> stored(manifest.folders.begin(), manifest.folders.end());
  std::vector<std::string_view> originals = stored;
  for (const ManifestFile &file : manifest.files) {
    stored.push_back(file.path);
    originals.push_back(file.originalPath);
  }
  UWT_RETURN_IF_ERROR(checkDistinct(std::move(stored)));
  return checkDistinct(std::move(originals));
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
  UWT_ASSIGN_OR_RETURN(manifest.folders, parsePaths(top, "folders", isModelPath));
  UWT_ASSIGN_OR_RETURN(manifest.leftOut, parsePaths(top, "left_out", isSafeRelativePath));
  UWT_RETURN_IF_ERROR(checkPaths(manifest));
  return manifest;
}

Status checkManifest(const Manifest &manifest, const std::string &root) {
  auto check = [&](const std::string &path) {
    return isUtf8(path) ? ok()
                        : Status(usageError(joinPath(root, path) +
                                            ": its name is not valid UTF-8, which the list of a "
                                            "compressed model's files cannot hold; rename it"));
  };
  for (const ManifestFile &file : manifest.files)
    UWT_RETURN_IF_ERROR(check(file.originalPath));
  for (const auto *paths : {&manifest.folders, &manifest.leftOut})
    for (const std::string &path : *paths)
      UWT_RETURN_IF_ERROR(check(path));
  auto parsed = Manifest::parse(manifest.str());
  if (!parsed)
    return usageError(root +
                      ": cannot be compressed: the list of its files would not be accepted "
                      "back: " +
                      parsed.error().message());
  return ok();
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

Expected<Manifest> requireManifest(const std::string &folder) {
  UWT_ASSIGN_OR_RETURN(std::optional<Manifest> manifest, readManifest(folder));
  if (!manifest)
    return usageError(folder + ": has no " + std::string(manifestName) +
                      ", which uwt compress writes; give a compressed model's folder, or one of "
                      "its .safetensors files");
  return *std::move(manifest);
}

} // namespace uwt
