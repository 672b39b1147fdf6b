//===- Fingerprint.cpp - Knows a checkpoint that changes ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Fingerprint.h"
#include "CheckpointRewrite.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <vector>

namespace uwt {

/// Bytes of a JSON file that are read; a longer one counts by its times.
static constexpr uint64_t configBytes = uint64_t(16) << 20;
/// Entries of a folder beside a file at most.
static constexpr size_t entryLimit = 4096;

namespace {

class Digest {
public:
  void add(std::string_view text) {
    addNumber(text.size());
    stream.update({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  }
  void addNumber(uint64_t number) {
    stream.update({reinterpret_cast<const uint8_t *>(&number), sizeof(number)});
  }
  void addStatus(const std::string &path);
  void addConfig(const std::string &path);
  std::string str() { return stream.hexDigest(); }

private:
  Sha256Stream stream;
};

} // namespace

void Digest::addStatus(const std::string &path) {
  struct stat status = {};
  bool isThere = ::stat(path.c_str(), &status) == 0;
  for (uint64_t number :
       {uint64_t(isThere), uint64_t(status.st_dev), uint64_t(status.st_ino),
        uint64_t(status.st_size), uint64_t(status.st_mtim.tv_sec), uint64_t(status.st_mtim.tv_nsec),
        uint64_t(status.st_ctim.tv_sec), uint64_t(status.st_ctim.tv_nsec)})
    addNumber(number);
}

void Digest::addConfig(const std::string &path) {
  auto text = readTextFile(path, configBytes);
  if (!text)
    return addStatus(path);
  add(*text);
}

/// A file by its name in the folder, so that a folder that was moved has the same configuration.
struct NamedFile {
  std::string name, full;
  bool operator<(const NamedFile &other) const { return name < other.name; }
};
using NamedFiles = std::vector<NamedFile>;

static bool isConfig(std::string_view name) { return name.ends_with(".json"); }

/// Returns whether a file beside a single weight file may say what that one means.
static bool saysMeaning(std::string_view name) {
  if (!isConfig(name))
    return false;
  for (std::string_view word : {"config", "quant", "index"})
    if (name.find(word) != std::string_view::npos)
      return true;
  return false;
}

/// Returns whether tensors of a file may lie in other files: of ONNX in any, of a split GGUF model
/// in its siblings.
static bool hasTensorsElsewhere(std::string_view path) {
  bool isSplit = path.ends_with(".gguf") && path.find("-of-") != std::string_view::npos;
  return isSplit || path.ends_with(".onnx");
}

/// Returns the file, and what its folder has beside it: configurations, and any file if tensors may
/// lie there.
static std::optional<NamedFiles> withSiblings(const std::string &path) {
  namespace fs = std::filesystem;
  NamedFiles files;
  bool hasData = hasTensorsElsewhere(path);
  fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  fs::recursive_directory_iterator at(folder.empty() ? "." : folder, error), end;
  for (size_t count = 0; !error && at != end; at.increment(error)) {
    if (++count > entryLimit && hasData)
      return std::nullopt;
    if (!hasData)
      at.disable_recursion_pending();
    std::error_code ignored;
    if ((hasData || saysMeaning(at->path().filename().native())) && at->is_regular_file(ignored))
      files.push_back({at->path().filename().native(), at->path().native()});
  }
  if (error)
    return std::nullopt;
  std::sort(files.begin(), files.end());
  files.insert(files.begin(), {"", path});
  return files;
}

static std::optional<NamedFiles> filesOf(const std::string &path) {
  if (!isFolder(path))
    return withSiblings(path);
  auto tree = FileTree::read(path);
  if (!tree)
    return std::nullopt;
  NamedFiles files;
  for (const TreeFile &file : tree->files)
    if (isWeightFile(file) || isConfig(file.path))
      files.push_back({file.path, file.full});
  return files;
}

static std::optional<std::string> digestOf(const std::string &path, bool hasWeights) {
  auto files = filesOf(path);
  if (!files)
    return std::nullopt;
  Digest digest;
  for (const NamedFile &file : *files) {
    bool holdsMeaning = isConfig(file.name);
    if (!holdsMeaning && !hasWeights)
      continue;
    digest.add(file.name);
    holdsMeaning ? digest.addConfig(file.full) : digest.addStatus(file.full);
  }
  return digest.str();
}

std::optional<std::string> fingerprintOf(const std::string &path) { return digestOf(path, true); }

std::optional<std::string> configFingerprintOf(const std::string &path) {
  return digestOf(path, false);
}

} // namespace uwt
