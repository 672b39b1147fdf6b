//===- FileNames.cpp - Names of files in models ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileNames.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Json.h"
#include <algorithm>

namespace uwt {

/// Bytes of a file's name at most: what Linux' file systems allow.
static constexpr size_t longestName = 255;
/// Bytes of a path at most. It also bounds the work that a path in a hostile manifest makes.
static constexpr size_t longestPath = 4096;

std::string joinPath(std::string_view folder, std::string_view path) {
  std::string joined(folder);
  if (!folder.empty() && !path.empty() && folder.back() != '/')
    joined += '/';
  joined += path;
  return joined;
}

std::string_view nameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string_view folderOf(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

/// The first `size` bytes of `text`, or a few less: no UTF-8 sequence is cut.
static std::string_view cutText(std::string_view text, size_t size) {
  while (size > 0 && size < text.size() && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80)
    --size;
  return text.substr(0, size);
}

std::string fittingName(std::string_view stem, std::string_view ending) {
  std::string name(stem);
  name += ending;
  if (name.size() <= longestName)
    return name;
  std::string hash = "-" + toHex64(xxh3(asBytes(stem)));
  size_t rest = hash.size() + ending.size();
  name = cutText(stem, longestName - std::min(longestName, rest));
  return name + hash + std::string(ending);
}

std::string compressedWeightPath(std::string_view path) {
  std::string_view name = nameOf(path);
  name.remove_suffix(weightEnding.size());
  return joinPath(folderOf(path), fittingName(name, compressedEnding));
}

std::string compressedIndexPath(std::string_view path) {
  std::string_view name = nameOf(path);
  size_t at = name.rfind(std::string(weightEnding) + ".index");
  std::string ending(compressedEnding);
  ending += name.substr(at + weightEnding.size());
  return joinPath(folderOf(path), fittingName(name.substr(0, at), ending));
}

std::string lowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

bool isNeverOfModel(std::string_view name) {
  // Some file systems take ".GIT" for ".git".
  std::string lower = lowerCase(name);
  return lower == ".git" || lower == ".cache" || lower.starts_with(".uwt-") ||
         lower.ends_with(partialSuffix);
}

/// Whether `good` holds for every component of `path`.
template <typename Good> static bool allComponents(std::string_view path, Good good) {
  while (true) {
    size_t slash = path.find('/');
    if (!good(path.substr(0, slash)))
      return false;
    if (slash == std::string_view::npos)
      return true;
    path = path.substr(slash + 1);
  }
}

bool isSafeRelativePath(std::string_view path) {
  return path.find('\0') == std::string_view::npos &&
         allComponents(path, [](std::string_view component) {
           return !component.empty() && component != "." && component != "..";
         });
}

// folder-7.
bool isModelPath(std::string_view path) {
  return path.size() <= longestPath && isSafeRelativePath(path) && path != manifestName &&
         isUtf8(path) && allComponents(path, [](std::string_view component) {
           return component.size() <= longestName && !isNeverOfModel(component);
         });
}

bool isUtf8(std::string_view text) { return bool(parseJsonValue(jsonQuoted(text))); }

} // namespace uwt
