//===- Checkpoints.h - Quantised checkpoints for tests ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_IMPORT_CHECKPOINTS_H
#define UWT_TEST_UNIT_IMPORT_CHECKPOINTS_H

#include "../Container/TestFiles.h"
#include "uwt/Import/QuantizedPart.h"
#include <gtest/gtest.h>

namespace uwt::test {

/// The module that all golden checkpoints are of.
inline const std::string goldenModule = "model.layers.0.mlp.up_proj";

/// A folder of test/Import/golden.
std::string goldenFolder(const std::string &name);
/// Names of all of them, sorted.
std::vector<std::string> goldenNames();
/// Returns the name of a test of a checkpoint: names of tests have no "-".
std::string goldenTestName(const testing::TestParamInfo<std::string> &info);

/// A checkpoint and the quantised weights in it. Aborts the test where they do not open.
struct OpenedCheckpoint {
  explicit OpenedCheckpoint(const std::string &path);

  Checkpoint checkpoint;
  ImportedWeights weights;

  /// The golden module's weight, X.weight or X; null where there is none.
  const ImportedWeight *weight() const {
    const ImportedWeight *found = weights.find(goldenModule + ".weight");
    return found ? found : weights.find(goldenModule);
  }
};

/// A golden checkpoint with its tensors, its header's metadata and its configuration open to
/// change.
struct EditedCheckpoint {
  explicit EditedCheckpoint(const std::string &name);

  /// The golden module's tensor of that suffix.
  TestTensor &tensor(const std::string &suffix);
  void replaceInConfig(const std::string &from, const std::string &to);
  /// The folder's path.
  std::string write(TemporaryFolder &folder) const;

  std::vector<TestTensor> tensors;
  MetadataEntries metadata;
  std::string config;
};

/// Why the edited weight is not read: the refusal, or the error of reading it.
std::string errorOf(const EditedCheckpoint &edited);

/// Tensors of a safetensors file, as they are.
std::vector<TestTensor> tensorsOf(const std::string &path);

/// Writes codes as a checkpoint of recipe `codes`, of the golden module.
void writeCodes(const QuantizedPart &part, const TemporaryFolder &folder);

/// The composition of a weight as the text form prints what it reads of it.
std::string spelled(const ImportedWeight &weight);

/// The weight as bytes of that type.
Expected<Bytes> decoded(const ImportedWeight &weight, ElementType type, unsigned threads = 1);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_IMPORT_CHECKPOINTS_H
