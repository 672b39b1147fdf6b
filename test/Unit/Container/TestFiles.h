//===- TestFiles.h - Files and weights for tests ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CONTAINER_TESTFILES_H
#define UWT_TEST_UNIT_CONTAINER_TESTFILES_H

#include "TestFolders.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/Compress.h"
#include "uwt/Container/Safetensors.h"
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace uwt::test {

using Bytes = std::vector<uint8_t>;

Bytes readBytes(const std::string &path);
void writeBytes(const std::string &path, const Bytes &bytes);
void writeText(const std::string &path, const std::string &text);
std::string readText(const std::string &path);
/// Names of everything in a folder, sorted.
std::vector<std::string> namesIn(const std::string &folder);
/// Every file and folder below a folder by its relative path: its length and hash.
std::map<std::string, std::string> contentsOf(const std::string &folder);

/// Options for a run on one thread.
CheckpointOptions onOneThread();

/// Seeded weights: bf16 words of a normal distribution, 2 bytes each.
Bytes bf16Weights(uint64_t elements, unsigned seed);
Bytes randomBytes(uint64_t count, unsigned seed);

/// A safetensors file in memory from its JSON text and data.
Bytes safetensors(const std::string &header, const Bytes &data = {});

struct TestTensor {
  std::string name, dtype;
  std::vector<uint64_t> shape;
  Bytes bytes;
};
CompressOptions compressOnOneThread();
VerifyOptions verifyOnOneThread(bool decode = false);
/// Writes the tensors as a safetensors file.
void writeTensors(const std::string &path, const std::vector<TestTensor> &tensors,
                  const MetadataEntries &metadata = {{"format", "pt"}});

/// Whether a Status or Expected holds; prints its error.
template <typename T> testing::AssertionResult holds(const T &value) {
  if (value)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << value.error().message();
}
/// The message of a failure, or "no error".
template <typename T> std::string messageOf(const T &value) {
  return value ? "no error" : value.error().message();
}

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CONTAINER_TESTFILES_H
