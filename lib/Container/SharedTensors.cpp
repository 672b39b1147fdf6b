//===- SharedTensors.cpp - Equal tensors of a file ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are told apart by a hash of their ends first, so that a model is not read twice;
// whole tensors are read only where those are equal.
//
//===----------------------------------------------------------------------===//

#include "SharedTensors.h"
#include "uwt/Support/Checksum.h"
#include <cstring>
#include <map>

namespace uwt {

/// Smaller tensors cost less than the entry that would stand for them.
static constexpr uint64_t minimumBytes = 256;
static constexpr uint64_t sampleBytes = uint64_t(16) << 10;
/// Samples of an estimate's tensor that are compared, of sampleBytes each.
static constexpr uint64_t samples = 16;

/// Dtype, that after a cast, shape and a hash: tensors with different keys differ.
static std::string keyOf(const SafetensorsTensor &tensor, std::string_view castDtype,
                         uint64_t hash) {
  std::string key = std::string(tensor.dtype->name) + ">" + std::string(castDtype);
  for (uint64_t dimension : tensor.shape)
    key += "," + std::to_string(dimension);
  return key + ":" + toHex64(hash);
}

static uint64_t hashEnds(std::span<const uint8_t> bytes) {
  if (bytes.size() <= 2 * sampleBytes)
    return xxh3(bytes);
  Xxh3Stream stream;
  stream.update(bytes.first(sampleBytes));
  stream.update(bytes.last(sampleBytes));
  return stream.digest();
}

static uint64_t hashSamples(std::span<const uint8_t> bytes) {
  if (bytes.size() <= samples * sampleBytes)
    return xxh3(bytes);
  Xxh3Stream stream;
  for (uint64_t sample = 0; sample < samples; ++sample)
    stream.update(
        bytes.subspan((bytes.size() - sampleBytes) / (samples - 1) * sample, sampleBytes));
  return stream.digest();
}

std::vector<std::optional<size_t>> findSharedTensors(const Original &original, bool fromSamples) {
  const SafetensorsHeader &header = original.header();
  std::vector<std::optional<size_t>> shared(header.tensors.size());
  std::map<std::string, std::vector<size_t>> alike;
  for (size_t i : header.dataOrder())
    if (header.tensors[i].bytes() >= minimumBytes)
      alike[keyOf(original.sourceOf(i), header.tensors[i].dtype->name,
                  hashEnds(original.sourceBytes(i)))]
          .push_back(i);

  for (const auto &[key, members] : alike) {
    if (members.size() < 2)
      continue;
    // One comparison a tensor: with the first of its hash.
    std::map<uint64_t, size_t> firstOf;
    for (size_t i : members) {
      std::span<const uint8_t> bytes = original.sourceBytes(i);
      ResidencyLimit limit(bytes);
      uint64_t hash = fromSamples ? hashSamples(bytes) : xxh3(bytes);
      size_t first = firstOf.emplace(hash, i).first->second;
      std::span<const uint8_t> other = original.sourceBytes(first);
      ResidencyLimit otherLimit(other);
      if (first != i && (fromSamples || std::memcmp(bytes.data(), other.data(), bytes.size()) == 0))
        shared[i] = first;
      original.release(i);
      original.release(first);
    }
  }
  return shared;
}

} // namespace uwt
