//===- BaseModel.cpp - What a fine-tune was made from ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule diff-5 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/BaseModel.h"
#include "BaseContents.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <filesystem>

namespace uwt {

std::string describeBase(std::span<const BaseFile> files) {
  std::string text = "the base model";
  for (size_t i = 0; i < files.size() && i < 2; ++i)
    text += (i == 0 ? " " : ", ") + inQuotes(files[i].name) + " with SHA-256 " + files[i].sha256;
  if (files.size() > 2)
    text += " and " + std::to_string(files.size() - 2) + " other files";
  return text;
}

BaseModel::BaseModel(std::string path, Checkpoint opened)
    : given(std::move(path)), model(std::move(opened)) {
  const Container *first = model.files().data();
  for (const ModelTensor &tensor : model.tensors())
    if (model.lookUp(tensor.entry->name))
      tensors.try_emplace(tensor.entry->name, Tensor{tensor.file, tensor.entry,
                                                     static_cast<size_t>(tensor.file - first)});
}

Expected<std::shared_ptr<const BaseModel>> BaseModel::open(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(Checkpoint model, Checkpoint::open(path));
  for (const Container &container : model.files())
    if (!container.baseFiles().empty())
      return usageError(container.path() + ": holds differences from another base model itself; "
                                           "decompress it, and give what that makes as the base");
  return std::shared_ptr<const BaseModel>(new BaseModel(path, std::move(model)));
}

/// The name that the original of a container has beside other files of its model.
static std::string originalName(const Container &container) {
  std::string name = std::filesystem::path(container.path()).filename().string();
  if (container.isContainer() && name.ends_with(compressedEnding))
    name.replace(name.size() - compressedEnding.size(), std::string::npos, weightEnding);
  return name;
}

/// diff-5: a container stands for its original, so that both are the same base model.
static Expected<std::string> hashOriginal(const Container &container) {
  if (!container.originalSha256().empty())
    return container.originalSha256();
  Sha256Stream hash;
  // Hashing is a chain; several files are hashed at a time instead.
  ThreadPool single(1);
  UWT_RETURN_IF_ERROR(container.streamOriginal(
      [&](std::span<const uint8_t> piece) {
        hash.update(piece);
        return ok();
      },
      single));
  return hash.hexDigest();
}

Expected<std::shared_ptr<const BaseModel>> BaseModel::openHashed(const std::string &path,
                                                                 unsigned threads) {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const BaseModel> opened, open(path));
  const std::vector<Container> &files = opened->model.files();
  std::vector<BaseFile> identities(files.size());
  std::vector<std::optional<Error>> errors(files.size());
  ThreadPool pool(threads);
  pool.parallelFor(files.size(), [&](uint64_t i, unsigned) {
    identities[i].name = originalName(files[i]);
    auto hash = hashOriginal(files[i]);
    if (hash)
      identities[i].sha256 = *std::move(hash);
    else
      errors[i] = hash.takeError();
  });
  for (std::optional<Error> &error : errors)
    if (error)
      return *std::move(error);
  auto hashed = std::const_pointer_cast<BaseModel>(opened);
  hashed->identities = std::move(identities);
  hashed->sortTensors();
  hashed->found = std::make_shared<BaseContents>();
  return opened;
}

std::vector<std::string_view> nameEndings(std::string_view name) {
  // So few that names of many dots take no longer than others.
  constexpr size_t most = 32;
  std::vector<std::string_view> endings;
  for (size_t end = name.size(); endings.size() < most;) {
    size_t dot = end == 0 ? std::string_view::npos : name.rfind('.', end - 1);
    endings.push_back(dot == std::string_view::npos ? name : name.substr(dot + 1));
    if (dot == std::string_view::npos)
      break;
    end = dot;
  }
  std::ranges::reverse(endings);
  return endings;
}

void BaseModel::sortTensors() {
  for (const auto &[name, tensor] : tensors) {
    for (std::string_view ending : nameEndings(name))
      endings[ending].push_back(tensor);
    shapes[tensor.entry->shape].push_back(tensor);
  }
}

std::span<const BaseModel::Tensor> BaseModel::ofShape(const std::vector<uint64_t> &shape) const {
  auto found = shapes.find(shape);
  return found == shapes.end() ? std::span<const Tensor>() : found->second;
}

std::span<const BaseModel::Tensor> BaseModel::endingIn(std::string_view ending) const {
  auto found = endings.find(ending);
  return found == endings.end() ? std::span<const Tensor>() : found->second;
}

std::optional<BaseModel::Tensor> BaseModel::find(std::string_view name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? std::nullopt : std::optional(found->second);
}

} // namespace uwt
