//===- MatrixSource.cpp - Matrices to measure with ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/MatrixSource.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/Container/Checkpoint.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::bench;

namespace {

class DrawnMatrices final : public MatrixSource {
public:
  DrawnMatrices(std::string kind, uint64_t seed) : kind(std::move(kind)), seed(seed) {}
  std::vector<GridShape> shapes() const override { return {}; }
  Expected<DenseWords> read(const GridShape &shape, ThreadPool &pool) const override {
    BenchWorkload drawn = makeSynthetic(kind, {shape.rows, shape.columns}, seed, pool);
    DenseWords words(shape.elements());
    std::memcpy(words.data(), drawn.tensors[0].bytes.data(), drawn.tensors[0].bytes.size());
    return words;
  }

private:
  std::string kind;
  uint64_t seed;
};

class FileMatrices final : public MatrixSource {
public:
  explicit FileMatrices(Checkpoint opened) : checkpoint(std::move(opened)) {
    for (const ModelTensor &tensor : checkpoint.tensors()) {
      const TensorEntry &entry = *tensor.entry;
      if (entry.dtype->name == "BF16" && entry.shape.size() == 2 && entry.bytes != 0 &&
          std::ranges::none_of(found, [&](const GridShape &other) {
            return other.rows == entry.shape[0] && other.columns == entry.shape[1];
          }))
        found.push_back({entry.name, entry.shape[0], entry.shape[1]});
    }
  }
  std::vector<GridShape> shapes() const override { return found; }

  Expected<DenseWords> read(const GridShape &shape, ThreadPool &pool) const override {
    UWT_ASSIGN_OR_RETURN(auto entry, checkpoint.find(shape.name));
    UWT_ASSIGN_OR_RETURN(TensorReader reader, entry.first->reader(*entry.second));
    DenseWords words(shape.elements());
    UWT_RETURN_IF_ERROR(reader.read(
        {reinterpret_cast<uint8_t *>(words.data()), words.size() * sizeof(uint16_t)}, pool));
    if (std::ranges::any_of(words, [](uint16_t word) { return (word & 0x7F80) == 0x7F80; }))
      return unsupportedError("tensor '" + shape.name +
                              "' has values that are not finite, with which sums cannot be "
                              "compared; measure another");
    return words;
  }

private:
  Checkpoint checkpoint;
  std::vector<GridShape> found;
};

} // namespace

Expected<std::unique_ptr<MatrixSource>> uwt::bench::openMatrices(const std::string &weights,
                                                                 uint64_t seed) {
  if (isSyntheticWeights(weights))
    return std::unique_ptr<MatrixSource>(std::make_unique<DrawnMatrices>(weights, seed));
  UWT_RETURN_IF_ERROR(checkWeightsExist(weights));
  UWT_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(weights));
  auto matrices = std::make_unique<FileMatrices>(std::move(checkpoint));
  if (matrices->shapes().empty())
    return usageError(weights + ": there are no matrices of BF16 to measure");
  return std::unique_ptr<MatrixSource>(std::move(matrices));
}
