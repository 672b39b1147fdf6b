//===- FileNames.h - Names of files in models -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How files are called in a compressed folder, and which names never come from
// a model.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILENAMES_H
#define UWT_LIB_CONTAINER_FILENAMES_H

#include <string>
#include <string_view>

namespace uwt {

/// "a/b" from "a" and "b"; the other one where one is empty.
std::string joinPath(std::string_view folder, std::string_view path);
/// The last component of a path with '/'.
std::string_view nameOf(std::string_view path);
/// What stands in front of the last component, without the '/'; empty where nothing does.
std::string_view folderOf(std::string_view path);

/// `stem` and `ending` as one file name. Where that would have more than 255 bytes, the end
/// of the stem is replaced by a hash of the whole stem.
std::string fittingName(std::string_view stem, std::string_view ending);

/// "a/model.safetensors" -> "a/model.uwt.safetensors" (folder-1): loaders that do not know
/// UWT look for the first.
std::string compressedWeightPath(std::string_view path);
/// "model.safetensors.index.json" -> "model.uwt.safetensors.index.json" (folder-2).
std::string compressedIndexPath(std::string_view path);

/// What a folder has while its files are written one by one (write-6): readers refuse the folder.
inline constexpr std::string_view unfinishedName = ".unfinished.uwt-partial";

/// Files and folders of these names are never part of a model: `.git`, `.cache` and what an
/// interrupted run has left, also of `save_file` in older Python packages (`.uwt-*`).
bool isNeverOfModel(std::string_view name);
/// Whether `path` is relative and stays inside its folder, as paths from files must.
bool isSafeRelativePath(std::string_view path);
/// Returns whether a file or folder of a model can have this path: safe, valid UTF-8, no component
/// that file systems do not take or that is never part of a model, and not the manifest.
bool isModelPath(std::string_view path);
/// `text` with the letters A to Z in lower case.
std::string lowerCase(std::string_view text);
/// Whether a manifest, which is JSON, can hold `text`.
bool isUtf8(std::string_view text);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILENAMES_H
