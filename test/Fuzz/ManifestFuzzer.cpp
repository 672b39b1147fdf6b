//===- ManifestFuzzer.cpp - Any text as a manifest ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What parses is written as text that parses to the same, and no path in it leaves its folder
// or occurs twice. The mutator makes the checksum right again, so that inputs get behind it.
//
//===----------------------------------------------------------------------===//

#include "Container/Reseal.h"
#include "FuzzFiles.h"
#include "lib/Container/Manifest.h"
#include <set>

using namespace uwt;
using namespace uwt::test;

/// Independent of what the parser checks.
static void checkPath(const std::string &path, std::set<std::string> &seen) {
  std::filesystem::path normal = std::filesystem::path("/root") / path;
  std::string text = normal.lexically_normal().string();
  fuzzRequire(text.starts_with("/root/") && text.size() == path.size() + 6,
              "a path leaves its folder");
  fuzzRequire(seen.insert(path).second, "a path occurs twice");
  for (const auto &part : normal)
    fuzzRequire(part != ".git" && !part.string().ends_with(".uwt-partial"),
                "a path is never part of a model");
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, limit);
  if (seed % 8 == 0)
    return size;
  std::string sealed = resealManifest({reinterpret_cast<const char *>(data), size});
  return replaceInput({reinterpret_cast<const uint8_t *>(sealed.data()), sealed.size()}, data, size,
                      limit);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<Manifest> manifest = Manifest::parse({reinterpret_cast<const char *>(data), size});
  if (!manifest) {
    fuzzRequire(!manifest.error().message().empty(), "an error has no message");
    return 0;
  }
  std::set<std::string> stored, originals;
  for (const ManifestFile &file : manifest->files) {
    checkPath(file.path, stored);
    checkPath(file.originalPath, originals);
    fuzzRequire(!file.mode || *file.mode <= 0777, "a mode has more than permission bits");
  }
  for (const std::string &folder : manifest->folders)
    checkPath(folder, stored);
  std::string text = manifest->str();
  Expected<Manifest> again = Manifest::parse(text);
  fuzzRequire(bool(again), "a manifest that was written again does not parse");
  fuzzRequire(again->str() == text, "a manifest that was written again differs");
  return 0;
}
