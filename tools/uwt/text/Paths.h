//===- Paths.h - Default names, and what stands in the way ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How outputs are called where the user names none, and checks that are better
// made before hours of work than after.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_PATHS_H
#define UWT_TOOLS_UWT_TEXT_PATHS_H

#include "uwt/CommandLine/CommandTable.h"
#include "uwt/Support/Error.h"
#include <string>
#include <string_view>
#include <vector>

namespace uwt::tool {

bool pathIsFolder(const std::string &path);
bool pathExists(const std::string &path);

/// model.safetensors -> model.uwt.safetensors, folder -> folder-uwt.
Expected<std::string> compressedName(const std::string &input);
/// model.uwt.safetensors -> model.safetensors, folder-uwt -> folder. A usage error where
/// the name has nothing to take away.
Expected<std::string> decompressedName(const std::string &input);

/// Where compiled programs are kept unless an option says where: $UWT_CACHE, or uwt/programs in
/// $XDG_CACHE_HOME or ~/.cache; empty for `none` and where there is no home.
std::string programFolder();

/// An IO error where `input` does not exist.
Status checkInput(const std::string &input);
/// The same, and an error that names the next step where `input` has no safetensors but another
/// kind of file.
Status checkWeights(const std::string &input);
/// The same, where a file of another kind that UWT reads weights from (GGUF, ONNX) will do too.
Status checkModel(const std::string &input);
/// A usage error if `output` is one of the paths that the command reads, or a part of one
/// (checkOutputs), or if a file of that name exists and `force` is not set. `option` is what names
/// the output.
Status checkOutput(const std::vector<std::string> &reads, const std::string &output, bool force,
                   std::string_view option = "-o");

/// Returns the row for `--assume plain`.
command_line::Option assumeOption(std::optional<std::string> *assumed);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_PATHS_H
