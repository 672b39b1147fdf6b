//===- Paths.cpp - Default names, and what stands in the way --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Paths.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/ForeignFile.h"
#include "uwt/Container/OutputCheck.h"
#include "uwt/Import/ImportedWeights.h"
#include "uwt/Support/Suggest.h"
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

using namespace uwt;
using namespace uwt::tool;
namespace fs = std::filesystem;

static constexpr std::string_view folderEnding = "-uwt";

bool uwt::tool::pathIsFolder(const std::string &path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

bool uwt::tool::pathExists(const std::string &path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

/// `path` without '/' at its end; "." and ".." by their real names.
static std::string folderName(const std::string &path) {
  std::string name = path;
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  fs::path last = fs::path(name).filename();
  if (last != "." && last != "..")
    return name;
  std::error_code failure;
  fs::path real = fs::canonical(name, failure);
  return failure ? name : real.string();
}

/// The model's name where `folder` is a snapshot in a hub cache:
/// models--org--NAME/snapshots/REVISION.
static std::optional<std::string> hubModelName(const std::string &folder) {
  std::error_code failure;
  fs::path snapshots = fs::canonical(folder, failure).parent_path();
  std::string model = snapshots.parent_path().filename().string();
  if (failure || snapshots.filename() != "snapshots" || !model.starts_with("models--"))
    return std::nullopt;
  return model.substr(model.rfind("--") + 2);
}

/// The cache of a hub is the hub's: what is made of its files goes to the current folder.
Expected<std::string> uwt::tool::compressedName(const std::string &input) {
  if (pathIsFolder(input))
    return hubModelName(input).value_or(folderName(input)) + std::string(folderEnding);
  if (!input.ends_with(weightEnding))
    return usageError(input + ": the name does not end in '.safetensors'; name the output with -o");
  fs::path path(input);
  std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  std::string name = hubModelName(folder) ? path.filename().string() : input;
  return name.substr(0, name.size() - weightEnding.size()) + std::string(compressedEnding);
}

Expected<std::string> uwt::tool::decompressedName(const std::string &input) {
  if (pathIsFolder(input)) {
    std::string name = folderName(input);
    if (!name.ends_with(folderEnding) || fs::path(name).filename() == folderEnding)
      return usageError(input + ": the name does not end in '-uwt'; name the output with -o");
    return name.substr(0, name.size() - folderEnding.size());
  }
  if (!input.ends_with(compressedEnding))
    return usageError(input +
                      ": the name does not end in '.uwt.safetensors'; name the output with -o");
  return input.substr(0, input.size() - compressedEnding.size()) + std::string(weightEnding);
}

/// Names beside `path`, for a suggestion.
static std::string suggestionFor(const std::string &path) {
  fs::path wanted(path), folder = wanted.has_parent_path() ? wanted.parent_path() : fs::path(".");
  // Enough for any model; a folder of a million files is not worth reading for a hint.
  constexpr size_t most = 1000;
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end;
       !failure && at != end && names.size() < most; at.increment(failure))
    names.push_back(at->path().filename().string());
  std::vector<std::string_view> views(names.begin(), names.end());
  return didYouMean(wanted.filename().string(), views);
}

/// A variable of the environment, or empty.
static std::string variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

std::string uwt::tool::programFolder() {
  if (std::string named = variable("UWT_CACHE"); !named.empty())
    return named == "none" ? "" : named;
  std::string caches = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (caches.empty() && home.empty())
    return "";
  fs::path folder = caches.empty() ? fs::path(home) / ".cache" : fs::path(caches);
  return (folder / "uwt" / "programs").string();
}

Status uwt::tool::checkInput(const std::string &input) {
  if (pathExists(input))
    return ok();
  return ioError(input + ": no such file or folder" + suggestionFor(input));
}

Status uwt::tool::checkWeights(const std::string &input) {
  UWT_RETURN_IF_ERROR(checkInput(input));
  return checkNotForeign(input);
}

Status uwt::tool::checkModel(const std::string &input) {
  return ImportedWeights::fileKind(input) ? checkInput(input) : checkWeights(input);
}

Status uwt::tool::checkOutput(const std::vector<std::string> &reads, const std::string &output,
                              bool force, std::string_view option) {
  std::string another = "name another output with " + std::string(option);
  if (output == "-")
    return usageError("this command does not write to standard output; name a file with " +
                      std::string(option) + ", or ./- for a file of that name");
  OutputPath written{output};
  UWT_RETURN_IF_ERROR(checkOutputs(reads, {&written, 1}));
  if (pathExists(output) && !pathIsFolder(output) && !force)
    return usageError(output + ": exists already; overwrite it with -f or " + another);
  return ok();
}

command_line::Option uwt::tool::assumeOption(std::optional<std::string> *assumed) {
  return {"--assume",
          "WHAT",
          "plain takes tensors of floats for weights, whatever the model's configuration says of "
          "how it is quantised (docs/quantised.md)",
          assumed,
          command_line::ValueHint::None,
          {"plain"}};
}
