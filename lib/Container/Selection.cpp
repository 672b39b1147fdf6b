//===- Selection.cpp - Which tensors are compressed -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules choice-1 and choice-4 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "Selection.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>

namespace uwt {

//===----------------------------------------------------------------------===//
// Globs
//===----------------------------------------------------------------------===//

/// Matches one element of `glob` at `at` with `c` and moves `at` behind it.
static bool matchesOne(std::string_view glob, size_t &at, char c) {
  if (glob[at] == '?') {
    ++at;
    return true;
  }
  size_t close =
      glob[at] == '[' && at + 2 < glob.size() ? glob.find(']', at + 2) : std::string_view::npos;
  if (close != std::string_view::npos) {
    size_t i = at + 1;
    bool inverted = glob[i] == '!';
    i += inverted ? 1 : 0;
    bool found = false;
    for (; i < close; ++i) {
      if (i + 2 < close && glob[i + 1] == '-') {
        found |= glob[i] <= c && c <= glob[i + 2];
        i += 2;
      } else {
        found |= glob[i] == c;
      }
    }
    at = close + 1;
    return found != inverted;
  }
  if (glob[at] == '\\' && at + 1 < glob.size())
    ++at;
  return glob[at++] == c;
}

bool matchesGlob(std::string_view glob, std::string_view name) {
  // Only the last star is ever taken back, so the time is at most the product
  // of both lengths.
  size_t at = 0, n = 0;
  size_t star = std::string_view::npos, starName = 0;
  while (n < name.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = ++at;
      starName = n;
      continue;
    }
    size_t next = at;
    if (at < glob.size() && matchesOne(glob, next, name[n])) {
      at = next;
      ++n;
      continue;
    }
    if (star == std::string_view::npos)
      return false;
    at = star;
    n = ++starName;
  }
  return glob.find_first_not_of('*', at) == std::string_view::npos;
}

static bool matchesAny(const std::vector<std::string> &globs, std::string_view name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string &glob) { return matchesGlob(glob, name); });
}

bool isEmbeddingName(std::string_view name) {
  if (name.find("lm_head") != std::string_view::npos)
    return false;
  if (matchesGlob("*embeddings.*weight", name))
    return true;
  static constexpr std::string_view modules[] = {"embed_tokens",
                                                 "embed_tokens_per_layer",
                                                 "embed_positions",
                                                 "embed_in",
                                                 "embedding",
                                                 "word_embeddings",
                                                 "tok_embeddings",
                                                 "wte",
                                                 "wpe",
                                                 "shared"};
  constexpr std::string_view weight = ".weight";
  if (!name.ends_with(weight))
    return false;
  std::string_view module = name.substr(0, name.size() - weight.size());
  module = module.substr(module.rfind('.') + 1); // npos + 1 is 0
  return std::find(std::begin(modules), std::end(modules), module) != std::end(modules);
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

uint64_t CompressOptions::digest() const {
  std::string text = "container " + std::to_string(containerVersion);
  auto add = [&](std::string_view name, std::string_view value) {
    text += '\n';
    text += name;
    text += '=';
    text += value;
  };
  if (const Format *one = std::get_if<Format>(&format))
    add("format", one->fullStr());
  else
    add("policy", std::to_string(static_cast<int>(std::get<FormatPolicy>(format))));
  for (const std::string &glob : include)
    add("include", glob);
  for (const std::string &glob : exclude)
    add("exclude", glob);
  for (const std::string &glob : kMajor)
    add("k-major", glob);
  for (const std::string &glob : rowMajor)
    add("row-major", glob);
  add("row-major-embeddings", rowMajorEmbeddings ? "1" : "0");
  add("minimum-elements", std::to_string(minimumElements));
  if (stackedBytes != CompressOptions().stackedBytes)
    add("stacked-bytes", std::to_string(stackedBytes));
  if (compactBytes != CompressOptions().compactBytes)
    add("compact-bytes", std::to_string(compactBytes));
  add("cast", !castToBF16 ? "none" : castVectors ? "bf16-vectors" : "bf16-matrices");
  add("sha256", sha256 ? "1" : "0");
  for (const BaseFile &file : base ? base->files() : std::vector<BaseFile>())
    add("base " + file.name, file.sha256);
  return xxh3({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

/// Why the options alone leave a tensor as it is; empty where they do not.
static std::string reasonOf(const SafetensorsTensor &tensor, const CompressOptions &options) {
  if (!options.include.empty() && !matchesAny(options.include, tensor.name))
    return "not included";
  return matchesAny(options.exclude, tensor.name) ? "excluded" : "";
}

bool isLeftOut(std::string_view name, const CompressOptions &options) {
  return (!options.include.empty() && !matchesAny(options.include, name)) ||
         matchesAny(options.exclude, name);
}

Choice chooseTensor(const SafetensorsTensor &tensor, const CompressOptions &options) {
  Choice choice;
  choice.mayPack = reasonOf(tensor, options).empty();
  std::optional<ElementType> element = storedElementType(tensor.dtype->name);
  if (!element) {
    choice.reason = "no code for " + std::string(tensor.dtype->name);
    return choice;
  }
  choice.element = *element;
  choice.reason = reasonOf(tensor, options);
  uint64_t elements = tensor.bytes() * 8 / tensor.dtype->bits;
  if (tensor.shape.size() < 2 || elements < options.minimumElements) {
    choice.isTooSmall = choice.reason.empty();
    choice.reason = tensor.shape.size() < 2
                        ? "rank " + std::to_string(tensor.shape.size())
                        : "fewer than " + std::to_string(options.minimumElements) + " elements";
  }
  if (!choice.reason.empty())
    return choice;
  if (matchesAny(options.kMajor, tensor.name))
    choice.storage = Storage::KMajor;
  bool isEmbedding =
      options.rowMajorEmbeddings && tensor.shape.size() == 2 && isEmbeddingName(tensor.name);
  if (isEmbedding || matchesAny(options.rowMajor, tensor.name))
    choice.layout = Layout::RowMajor;
  return choice;
}

} // namespace uwt
