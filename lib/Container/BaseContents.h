//===- BaseContents.h - Tensors of a base model by contents -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-19 of docs/container.md: layers that were moved, copied or left out. A sample of each
// tensor stands for it; tensors are found by the signs of that, of which training changes few, and
// by a checksum, for tensors that have one sign.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_BASECONTENTS_H
#define UWT_LIB_CONTAINER_BASECONTENTS_H

#include "BaseTensor.h"
#include "Original.h"
#include <mutex>

namespace uwt {

/// Some elements of a tensor.
struct TensorSample {
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint8_t> bytes;
};

/// Returns the sample of tensor `i` of a source.
TensorSample sampleOf(const Original &original, size_t i, ThreadPool &pool);
/// Returns the sample of a base model's tensor.
Expected<TensorSample> sampleOf(const BaseModel::Tensor &tensor, ThreadPool &pool);
/// Returns how many bits an element of `own` differs by from one of `base`, on average.
/// Precondition: hasFloatCast of base to own, and as many elements in both.
double sampledBits(const TensorSample &own, const TensorSample &base, ThreadPool &pool);
/// Returns whether tensors of that dtype which differ by so many bits are alike.
bool isAlike(double bits, const SafetensorsDtype &dtype);

/// A tensor of a base model, and how many bits it differs by.
struct AlikeTensor {
  BaseModel::Tensor tensor;
  double bits = 0;
};

/// Tensors of a base model by contents: of each shape, from when it is first asked for.
/// Thread-safe.
class BaseContents {
public:
  /// Returns the tensor of that shape that is most like `own`, or nothing if none is alike.
  Expected<std::optional<AlikeTensor>> find(const BaseModel &model,
                                            const std::vector<uint64_t> &shape,
                                            const TensorSample &own, ThreadPool &pool);

private:
  struct Shape {
    std::vector<BaseModel::Tensor> tensors;
    std::vector<TensorSample> samples;
    /// Numbers of tensors by what their samples have in common.
    std::unordered_map<uint64_t, std::vector<uint32_t>> keys;
  };
  static Expected<Shape> readShape(const BaseModel &model, const std::vector<uint64_t> &shape,
                                   ThreadPool &pool);

  std::mutex mutex;
  std::map<std::vector<uint64_t>, Shape> shapes;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_BASECONTENTS_H
