//===- Checkpoints.cpp - Quantised checkpoints for tests ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"

using namespace uwt;
using namespace uwt::test;

std::string uwt::test::goldenFolder(const std::string &name) {
  return (sourceFolder() / "test" / "Import" / "golden" / name).string();
}

std::vector<std::string> uwt::test::goldenNames() { return namesIn(goldenFolder("")); }

static Checkpoint opened(const std::string &path) {
  Expected<Checkpoint> checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(holds(checkpoint));
  return std::move(*checkpoint);
}

static ImportedWeights imported(const Checkpoint &checkpoint, const std::string &path) {
  Expected<ImportedWeights> weights = ImportedWeights::open(checkpoint, path);
  EXPECT_TRUE(holds(weights));
  return std::move(*weights);
}

OpenedCheckpoint::OpenedCheckpoint(const std::string &path)
    : checkpoint(opened(path)), weights(imported(checkpoint, path)) {}

std::vector<TestTensor> uwt::test::tensorsOf(const std::string &path) {
  Checkpoint checkpoint = opened(path);
  ThreadPool pool(1);
  std::vector<TestTensor> tensors;
  for (const Container &container : checkpoint.files())
    for (const TensorEntry &entry : container.entries()) {
      Bytes bytes(entry.bytes);
      Expected<TensorReader> reader = container.reader(entry);
      EXPECT_TRUE(holds(reader));
      EXPECT_TRUE(holds(reader->read(bytes, pool)));
      tensors.push_back({entry.name, std::string(entry.dtype->name), entry.shape, bytes});
    }
  return tensors;
}

Expected<Bytes> uwt::test::decoded(const ImportedWeight &weight, ElementType type,
                                   unsigned threads) {
  ThreadPool pool(threads);
  UWT_ASSIGN_OR_RETURN(QuantizedWeight read, weight.read(pool));
  Bytes bytes(read.rows * read.columns * getTraits(type).bytes);
  read.decode(type, bytes, pool);
  return bytes;
}
