//===- DenseCopy.cpp - Between strided and dense tensors ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DenseCopy.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

std::vector<int64_t> uwt::denseStrides(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

bool uwt::liesDense(std::span<const int64_t> shape, std::span<const int64_t> strides) {
  std::vector<int64_t> dense = denseStrides(shape);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] > 1 && strides[i] != dense[i])
      return std::ranges::find(shape, 0) != shape.end();
  return true;
}

/// Calls `copy(strided, bytes)` for each run of elements that lie together, in row-major order.
template <typename Byte, typename Copy>
static void forEachRun(Byte *strided, std::span<const int64_t> shape,
                       std::span<const int64_t> strides, int64_t elementBytes, Copy copy) {
  if (shape.empty())
    return copy(strided, elementBytes);
  if (shape.size() == 1 && strides[0] == 1)
    return copy(strided, shape[0] * elementBytes);
  for (int64_t i = 0; i < shape[0]; ++i)
    forEachRun(strided + i * strides[0] * elementBytes, shape.subspan(1), strides.subspan(1),
               elementBytes, copy);
}

void uwt::copyToDense(uint8_t *to, const uint8_t *from, std::span<const int64_t> shape,
                      std::span<const int64_t> strides, int64_t elementBytes) {
  forEachRun(from, shape, strides, elementBytes, [&](const uint8_t *run, int64_t bytes) {
    std::memcpy(to, run, bytes);
    to += bytes;
  });
}

void uwt::copyFromDense(uint8_t *to, const uint8_t *from, std::span<const int64_t> shape,
                        std::span<const int64_t> strides, int64_t elementBytes) {
  forEachRun(to, shape, strides, elementBytes, [&](uint8_t *run, int64_t bytes) {
    std::memcpy(run, from, bytes);
    from += bytes;
  });
}
