//===- BaseContents.cpp - Tensors of a base model by contents -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaseContents.h"
#include "Difference.h"
#include "FloatCast.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace uwt {

/// Elements of a sample: so many from a third of the tensor on, and from two thirds on.
static constexpr uint64_t sampledRun = 128;
/// Signs in a key.
static constexpr unsigned keySigns = 16;
/// Keys that more tensors have in common tell nothing.
static constexpr size_t tellingTensors = 64;
/// Tensors that are compared, those that have most keys in common.
static constexpr size_t comparedTensors = 8;

/// Returns the ranges of elements that are sampled.
static std::array<IndexRange, 2> sampledRanges(uint64_t elements) {
  auto from = [&](uint64_t begin) {
    return IndexRange{begin, std::min(elements, begin + sampledRun)};
  };
  return {from(elements / 3), from(elements - elements / 3)};
}

TensorSample sampleOf(const Original &original, size_t i, ThreadPool &pool) {
  const SafetensorsTensor &source = original.sourceOf(i);
  std::span<const uint8_t> bytes = original.sourceBytes(i);
  uint64_t size = source.dtype->bits / 8;
  std::vector<uint8_t> picked;
  for (auto [begin, end] : sampledRanges(bytes.size() / size)) {
    auto run = bytes.subspan(begin * size, (end - begin) * size);
    picked.insert(picked.end(), run.begin(), run.end());
  }
  TensorSample sample{original.header().tensors[i].dtype, {}};
  sample.bytes.resize(picked.size() / size * (sample.dtype->bits / 8));
  castFloats(*source.dtype, *sample.dtype, picked, sample.bytes, pool);
  return sample;
}

Expected<TensorSample> sampleOf(const BaseModel::Tensor &tensor, ThreadPool &pool) {
  TensorSample sample{tensor.entry->dtype, {}};
  UWT_ASSIGN_OR_RETURN(BaseTensor base, BaseTensor::whole(tensor));
  uint64_t size = sample.dtype->bits / 8;
  for (auto [begin, end] : sampledRanges(tensor.entry->bytes / size))
    UWT_RETURN_IF_ERROR(base.appendTo(sample.bytes, begin * size, end * size, pool));
  return sample;
}

double sampledBits(const TensorSample &own, const TensorSample &base, ThreadPool &pool) {
  std::vector<uint8_t> cast(own.bytes.size()), differences(own.bytes.size());
  castFloats(*base.dtype, *own.dtype, base.bytes, cast, pool);
  subtractBase(*own.dtype, own.bytes, cast, differences, pool);
  uint64_t size = own.dtype->bits / 8, bits = 0;
  for (uint64_t at = 0; at < differences.size(); at += size) {
    uint64_t difference = 0;
    std::memcpy(&difference, differences.data() + at, size);
    bits += static_cast<uint64_t>(std::bit_width(difference));
  }
  return static_cast<double>(bits * size) / static_cast<double>(std::max<size_t>(1, cast.size()));
}

bool isAlike(double bits, const SafetensorsDtype &dtype) { return bits < dtype.bits / 2.0; }

/// Returns keys, some of which alike samples have in common: groups of signs, each with its number,
/// and the checksum of the bytes.
static std::vector<uint64_t> keysOf(const TensorSample &sample) {
  std::vector<uint64_t> keys = {xxh3(sample.bytes) | uint64_t(1) << 63};
  uint64_t size = sample.dtype->bits / 8, elements = sample.bytes.size() / size;
  for (uint64_t first = 0; first + keySigns <= elements; first += keySigns) {
    uint64_t key = first << 32;
    for (uint64_t i = 0; i < keySigns; ++i)
      key |= uint64_t(sample.bytes[(first + i + 1) * size - 1] >> 7) << i;
    keys.push_back(key);
  }
  return keys;
}

Expected<BaseContents::Shape> BaseContents::readShape(const BaseModel &model,
                                                      const std::vector<uint64_t> &shape,
                                                      ThreadPool &pool) {
  Shape out;
  for (const BaseModel::Tensor &tensor : model.ofShape(shape)) {
    if (!hasDifferences(*tensor.entry->dtype))
      continue;
    UWT_ASSIGN_OR_RETURN(TensorSample sample, sampleOf(tensor, pool));
    for (uint64_t key : keysOf(sample))
      out.keys[key].push_back(static_cast<uint32_t>(out.tensors.size()));
    out.tensors.push_back(tensor);
    out.samples.push_back(std::move(sample));
  }
  return out;
}

Expected<std::optional<AlikeTensor>> BaseContents::find(const BaseModel &model,
                                                        const std::vector<uint64_t> &shape,
                                                        const TensorSample &own, ThreadPool &pool) {
  std::lock_guard lock(mutex);
  if (!shapes.contains(shape)) {
    UWT_ASSIGN_OR_RETURN(shapes[shape], readShape(model, shape, pool));
  }
  const Shape &there = shapes[shape];
  std::map<uint32_t, unsigned> common;
  for (uint64_t key : keysOf(own))
    if (auto found = there.keys.find(key);
        found != there.keys.end() && found->second.size() <= tellingTensors)
      for (uint32_t tensor : found->second)
        ++common[tensor];
  std::vector<std::pair<uint32_t, unsigned>> order(common.begin(), common.end());
  std::ranges::stable_sort(order, std::ranges::greater(), &std::pair<uint32_t, unsigned>::second);
  std::optional<AlikeTensor> best;
  for (size_t i = 0; i < order.size() && i < comparedTensors; ++i) {
    const TensorSample &sample = there.samples[order[i].first];
    if (!hasFloatCast(*sample.dtype, *own.dtype))
      continue;
    double bits = sampledBits(own, sample, pool);
    if (isAlike(bits, *own.dtype) && (!best || bits < best->bits))
      best = AlikeTensor{there.tensors[order[i].first], bits};
  }
  return best;
}

} // namespace uwt
