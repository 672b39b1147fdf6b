//===- FuzzFiles.h - Files and mutation for fuzzers -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_FUZZFILES_H
#define UWT_TEST_FUZZ_FUZZFILES_H

#include "FuzzCheck.h"
#include "uwt/Container/FileOperations.h"
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

/// libFuzzer's own mutation of the first `size` of `limit` bytes; gives the new size.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

namespace uwt::test {

/// A file in memory that has a path.
class FileInMemory {
public:
  explicit FileInMemory(std::span<const uint8_t> bytes) : descriptor(memfd_create("fuzz", 0)) {
    fuzzRequire(descriptor >= 0, "cannot make a file in memory");
    fuzzRequire(write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                "cannot write a file in memory");
  }
  ~FileInMemory() { close(descriptor); }
  FileInMemory(const FileInMemory &) = delete;
  FileInMemory &operator=(const FileInMemory &) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }

private:
  int descriptor;
};

/// A folder of this process for files that are written, in memory where there is such a file
/// system. Nothing in it is flushed to a disk.
class FuzzFolder {
public:
  FuzzFolder() {
    bool hasMemory = ::access("/dev/shm", W_OK) == 0;
    std::string name = (hasMemory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) +
                       "/uwt-fuzz-XXXXXX";
    fuzzRequire(mkdtemp(name.data()) != nullptr, "cannot make a folder");
    folder = name;
    setFileOperationsForTesting(&operations);
  }
  ~FuzzFolder() {
    setFileOperationsForTesting(nullptr);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::string operator/(const std::string &name) const { return folder + "/" + name; }

private:
  class NoFlush final : public FileOperations {
    Status sync(int, const std::string &) override { return ok(); }
    Status syncFolder(const std::string &) override { return ok(); }
  };
  NoFlush operations;
  std::string folder;
};

/// Puts `bytes` in place of an input that a mutator was given; gives their size, or `size` where
/// they do not fit.
inline size_t replaceInput(std::span<const uint8_t> bytes, uint8_t *data, size_t size,
                           size_t limit) {
  if (bytes.size() > limit)
    return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_FUZZFILES_H
