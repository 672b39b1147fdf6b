//===- IndexFuzzer.cpp - Any text as the index of a model -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An index is read or is one error, and an index that is written is an index again.
//
//===----------------------------------------------------------------------===//

#include "FuzzFiles.h"
#include "lib/Container/CheckpointRewrite.h"
#include "uwt/Container/File.h"
#include <map>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A folder with one file of weights, and its tree.
struct IndexedFolder {
  IndexedFolder() {
    std::string header = R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header += std::string(8 - header.size() % 8, ' ');
    std::string file(8, '\0');
    file[0] = static_cast<char>(header.size());
    file += header + "x";
    fuzzRequire(bool(writeWholeFile(folder / "a.safetensors", asBytes(file), true)) &&
                    bool(writeWholeFile(folder / indexName, asBytes("{}"), true)),
                "cannot write a model");
    auto read = FileTree::read(folder / "");
    fuzzRequire(bool(read), "cannot read a folder");
    tree.emplace(*std::move(read));
    auto container = Container::open(folder / "a.safetensors");
    fuzzRequire(bool(container), "cannot read a file of weights");
    containers.emplace("a.safetensors", *std::move(container));
  }

  static constexpr const char *indexName = "m.safetensors.index.json";
  FuzzFolder folder;
  std::optional<FileTree> tree;
  std::map<std::string, Container, std::less<>> containers;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const IndexedFolder model;
  const TreeFile *index = model.tree->find(IndexedFolder::indexName);
  fuzzRequire(index != nullptr, "the index is not in its folder");
  std::string_view text(reinterpret_cast<const char *>(data), size);
  Expected<JsonValue> parsed = parseIndex(text);
  fuzzRequire(parsed || !parsed.error().message().empty(), "an error has no message");
  Expected<std::string> written = rewriteIndex(text, *index, model.containers);
  fuzzRequire(bool(written) == bool(parsed), "an index is read and not written, or written unread");
  if (written)
    fuzzRequire(bool(parseIndex(*written)), "an index that was written is none");
  return 0;
}
