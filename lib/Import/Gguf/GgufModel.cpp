//===- GgufModel.cpp - A model in one GGUF file or several ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files of a split model are named PREFIX-00001-of-00004.gguf, and each says by `split.no`,
// `split.count` and `split.tensors.count` where it belongs, as llama.cpp's gguf-split and gguf-py
// write them.
//
//===----------------------------------------------------------------------===//

#include "GgufModel.h"
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>

using namespace uwt;

std::string_view GgufModel::architecture() const {
  auto found = header.texts.find("general.architecture");
  return found == header.texts.end() ? std::string_view() : found->second;
}

uint64_t GgufModel::heads(std::string_view key, uint64_t absent) const {
  std::string full = std::string(architecture()) + "." + std::string(key);
  if (header.arrays.contains(full))
    return 0;
  auto found = header.integers.find(full);
  return found == header.integers.end() ? absent : found->second;
}

Status GgufModel::checkRead() const {
  for (const MappedFile &file : files)
    UWT_RETURN_IF_ERROR(file.checkRead());
  return ok();
}

namespace {

/// A file and what its header says.
struct SplitFile {
  MappedFile file;
  GgufHeader header;

  std::optional<uint64_t> number(const char *key) const {
    auto found = header.integers.find(key);
    return found == header.integers.end() ? std::nullopt : std::optional(found->second);
  }
};

} // namespace

static Expected<SplitFile> openFile(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  Expected<GgufHeader> header = GgufHeader::parse(file.bytes());
  UWT_RETURN_IF_ERROR(file.checkRead());
  if (!header)
    return header.takeError().in(path);
  return SplitFile{std::move(file), *std::move(header)};
}

static constexpr const char *noKey = "split.no", *countKey = "split.count",
                            *tensorsKey = "split.tensors.count";
/// Files have five digits for their numbers.
static constexpr uint64_t maxFiles = 99999;

/// Returns what the name of file `index` of `count` ends with.
static std::string splitSuffix(uint64_t index, uint64_t count) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "-%05u-of-%05u.gguf", static_cast<unsigned>(index + 1),
                static_cast<unsigned>(count));
  return text.data();
}

/// "file 2 of 4 of a split model".
static std::string placeText(uint64_t index, uint64_t count) {
  return "file " + std::to_string(index + 1) + " of " + std::to_string(count) + " of a split model";
}

/// The paths of all files of the model that `path` is one of, which says so by its number and its
/// name. Errors: Invalid.
static Expected<std::vector<std::string>> pathsOf(const std::string &path, const SplitFile &given) {
  uint64_t count = *given.number(countKey);
  std::optional<uint64_t> index = given.number(noKey);
  if (count > maxFiles || !index || *index >= count)
    return invalidError("split.no is " + (index ? std::to_string(*index) : "absent") + ", and " +
                        "split.count " + std::to_string(count))
        .in(path);
  std::string suffix = splitSuffix(*index, count);
  if (!path.ends_with(suffix))
    return invalidError("is " + placeText(*index, count) +
                        ", whose others are found by its name, which has to end with '" + suffix +
                        "'")
        .in(path);
  std::string prefix = path.substr(0, path.size() - suffix.size());
  std::vector<std::string> paths;
  std::string missing;
  uint64_t missingCount = 0;
  constexpr uint64_t maxNamed = 3;
  for (uint64_t i = 0; i < count; ++i) {
    paths.push_back(prefix + splitSuffix(i, count));
    std::error_code error;
    if (std::filesystem::exists(paths.back(), error))
      continue;
    if (++missingCount <= maxNamed)
      missing += (missing.empty() ? "'" : ", '") +
                 std::filesystem::path(paths.back()).filename().string() + "'";
  }
  if (missingCount > maxNamed)
    missing += " and " + std::to_string(missingCount - maxNamed) + " more";
  if (missingCount != 0)
    return invalidError("is " + placeText(*index, count) + "; " + missing +
                        (missingCount == 1 ? " is" : " are") + " not there")
        .in(path);
  return paths;
}

/// A key that both have with another value, or empty. Each file may align its own data.
template <typename Values> static std::string otherValue(const Values &first, const Values &other) {
  for (const auto &[key, value] : other) {
    auto found = first.find(key);
    bool isOwn = key.starts_with("split.") || key == "general.alignment";
    if (!isOwn && found != first.end() && found->second != value)
      return key;
  }
  return "";
}

/// Returns whether a file is the one at `index` of the model that the first one begins. Errors:
/// Invalid.
static Status checkBelongs(const SplitFile &first, const SplitFile &other, uint64_t index,
                           uint64_t count) {
  auto mismatch = [&](const char *key, std::optional<uint64_t> value, uint64_t expected) {
    return invalidError(std::string(key) + " is " + (value ? std::to_string(*value) : "absent") +
                        ", expected " + std::to_string(expected) + " of " +
                        placeText(index, count));
  };
  if (other.number(countKey) != count)
    return mismatch(countKey, other.number(countKey), count);
  if (other.number(noKey) != index)
    return mismatch(noKey, other.number(noKey), index);
  std::optional<uint64_t> tensors = first.number(tensorsKey);
  if (other.number(tensorsKey) != tensors)
    return mismatch(tensorsKey, other.number(tensorsKey), tensors.value_or(0));
  std::string key = otherValue(first.header.integers, other.header.integers);
  if (key.empty())
    key = otherValue(first.header.texts, other.header.texts);
  if (!key.empty())
    return invalidError("'" + key + "' is another one than in the first file, so " +
                        placeText(index, count) + " is of another model");
  return ok();
}

/// Adds the tensors of a further file. Errors: Invalid (one is there already).
static Status addTensors(GgufModel &model, std::vector<GgufTensor> tensors,
                         std::map<std::string, std::string, std::less<>> &files,
                         const std::string &path) {
  for (GgufTensor &tensor : tensors) {
    auto [at, isNew] = files.emplace(tensor.name, path);
    if (!isNew)
      return invalidError("tensor '" + tensor.name + "' is in '" + at->second + "' too");
    tensor.file = model.files.size();
    model.header.tensors.push_back(std::move(tensor));
  }
  return ok();
}

Expected<GgufModel> GgufModel::open(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(SplitFile given, openFile(path));
  uint64_t count = given.number(countKey).value_or(1);
  GgufModel model;
  if (count <= 1) {
    model.header = std::move(given.header);
    model.files.push_back(std::move(given.file));
    return model;
  }
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> paths, pathsOf(path, given));
  UWT_ASSIGN_OR_RETURN(SplitFile first, openFile(paths[0]));
  std::optional<uint64_t> expected = first.number(tensorsKey);
  std::map<std::string, std::string, std::less<>> files;
  for (uint64_t i = 0; i < count; ++i) {
    UWT_ASSIGN_OR_RETURN(SplitFile each, openFile(paths[i]));
    if (Status belongs = checkBelongs(first, each, i, count); !belongs)
      return belongs.takeError().in(paths[i]);
    std::vector<GgufTensor> tensors = std::move(each.header.tensors);
    if (i == 0) {
      model.header = std::move(each.header);
      model.header.tensors.clear();
    }
    if (Status added = addTensors(model, std::move(tensors), files, paths[i]); !added)
      return added.takeError().in(paths[i]);
    model.files.push_back(std::move(each.file));
  }
  if (expected && *expected != model.header.tensors.size())
    return invalidError("the files of the split model have " +
                        std::to_string(model.header.tensors.size()) + " tensors, and " +
                        tensorsKey + " is " + std::to_string(*expected))
        .in(path);
  return model;
}
