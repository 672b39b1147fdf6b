//===- BenchWeights.cpp - Weights to measure with -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/BenchWeights.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Format/BF16.h"
#include "uwt/Support/Random.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace uwt;
using namespace uwt::bench;

/// A normal deviate over the root of a chi-square's mean: four degrees of freedom are two
/// exponential deviates.
static double studentT4(Random &random) {
  double chiSquare = -2 * std::log(random.uniform() * random.uniform());
  return random.normal() / std::sqrt(chiSquare / 4);
}

static void fillRow(uint8_t *row, uint64_t columns, Random random, bool isScaled, bool isT4) {
  double scale = 0.02 * (isScaled ? std::exp(0.3 * random.normal()) : 1.0);
  for (uint64_t k = 0; k < columns; ++k) {
    double value = scale * (isT4 ? studentT4(random) : random.normal());
    uint16_t word = toBF16(static_cast<float>(value));
    std::memcpy(row + 2 * k, &word, sizeof(word));
  }
}

/// Evenly spread over both signs, four exponents and all mantissas.
static void fillNarrowRow(uint8_t *row, uint64_t columns, Random random) {
  constexpr int exponents = 4, least = -8;
  for (uint64_t k = 0; k < columns; ++k) {
    int exponent = least + static_cast<int>(random.uniform() * exponents);
    double value = std::ldexp(1 + random.uniform() * 127 / 128, exponent);
    uint16_t word = toBF16(static_cast<float>(random.uniform() < 0.5 ? -value : value));
    std::memcpy(row + 2 * k, &word, sizeof(word));
  }
}

uint64_t BenchWorkload::bytes() const {
  uint64_t sum = 0;
  for (const BenchTensor &tensor : tensors)
    sum += tensor.bytes.size();
  return sum;
}

uint64_t BenchWorkload::elements() const {
  uint64_t sum = 0;
  for (const BenchTensor &tensor : tensors)
    sum += tensor.bytes.size() / getTraits(tensor.description.element).bytes;
  return sum;
}

EntropyBounds BenchWorkload::bounds(ThreadPool &pool) const {
  EntropyBounds sum;
  for (const BenchTensor &tensor : tensors) {
    auto source = panelSource(tensor.description, tensor.bytes);
    auto matrices = tensor.description.matrices();
    if (!source || !matrices)
      continue;
    const ElementTraits &traits = getTraits(tensor.description.element);
    std::vector<uint64_t> counts = countWords(*source, matrices->panels(), traits.wordBits, pool);
    EntropyBounds one = entropyBounds(counts, tensor.description.element);
    uint64_t count = tensor.bytes.size() / traits.bytes;
    double share =
        static_cast<double>(count) / static_cast<double>(std::max<uint64_t>(elements(), 1));
    // None in f32 tensors that were bf16 once.
    uint32_t lowBits = traits.lowBits ? topLowBits(lowHalfBits(tensor.bytes)) : 0;
    sum.exponent += (one.exponent + lowBits) * share;
    sum.joint += (one.joint + lowBits) * share;
  }
  return sum;
}

std::vector<std::string> uwt::bench::syntheticWeights() {
  return {"gaussian", "row-scaled", "student-t4", "row-scaled-t4", "narrow"};
}

bool uwt::bench::isSyntheticWeights(const std::string &name) {
  return std::ranges::count(syntheticWeights(), name) > 0;
}

Status uwt::bench::checkWeightsExist(const std::string &path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored))
    return ok();
  std::vector<std::string> kinds = syntheticWeights();
  std::vector<std::string_view> views(kinds.begin(), kinds.end());
  std::string names;
  for (const std::string &kind : kinds)
    names += (names.empty() ? "" : ", ") + kind;
  return usageError("--weights: " + inQuotes(path) + " is neither a kind of weights (" + names +
                    ") nor a path" + didYouMean(path, views));
}

std::vector<uint16_t> uwt::bench::drawX(uint64_t m, uint64_t k, uint64_t seed, ThreadPool &pool) {
  std::vector<uint16_t> x(m * k);
  pool.parallelFor(m, [&](uint64_t row, unsigned) {
    Random random(seed * 0x2545f4914f6cdd1d + row * 0xd1342543de82ef95 + 17);
    for (uint64_t i = 0; i < k; ++i)
      x[row * k + i] = toBF16(static_cast<float>(random.normal()));
  });
  return x;
}

BenchWorkload uwt::bench::makeSynthetic(const std::string &name, const std::vector<uint64_t> &shape,
                                        uint64_t seed, ThreadPool &pool) {
  uint64_t columns = shape.empty() ? 1 : shape.back(), elements = 1;
  for (uint64_t extent : shape)
    elements *= extent;
  BenchTensor tensor;
  tensor.name = name;
  tensor.description.shape = shape;
  tensor.bytes.resize(elements * 2);
  bool isScaled = name.starts_with("row-scaled"), isT4 = name.ends_with("t4");
  pool.parallelFor(columns ? elements / columns : 0, [&](uint64_t row, unsigned) {
    // Any step keeps rows apart; SplitMix64 scrambles what is close.
    Random random(seed * 0x2545f4914f6cdd1d + row * 0xd1342543de82ef95);
    uint8_t *first = tensor.bytes.data() + row * columns * 2;
    if (name == "narrow")
      fillNarrowRow(first, columns, random);
    else
      fillRow(first, columns, random, isScaled, isT4);
  });
  BenchWorkload workload{name, {}};
  workload.tensors.push_back(std::move(tensor));
  return workload;
}

/// The element type of a tensor that formats can be measured on.
static std::optional<ElementType> measurableType(const TensorEntry &entry) {
  if (entry.shape.size() < 2 || !entry.bytes || !entry.sameAs.empty())
    return std::nullopt;
  return storedElementType(entry.dtype->name);
}

Expected<BenchWorkload> uwt::bench::loadWeights(const std::string &path, ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(checkWeightsExist(path));
  UWT_ASSIGN_OR_RETURN(Checkpoint model, Checkpoint::open(path));
  auto isFloat = [](const TensorEntry &entry) {
    auto element = measurableType(entry);
    return element && getTraits(*element).signBits != 0;
  };
  bool hasFloats = std::ranges::any_of(
      model.tensors(), [&](const ModelTensor &tensor) { return isFloat(*tensor.entry); });
  BenchWorkload workload{path, {}};
  for (const ModelTensor &each : model.tensors()) {
    const TensorEntry &entry = *each.entry;
    auto element = measurableType(entry);
    // Beside floats, integers are indices and the like, which formats of exponents do not hold.
    if (!element || (hasFloats && !isFloat(entry)))
      continue;
    BenchTensor tensor;
    tensor.name = entry.name;
    tensor.description.element = *element;
    tensor.description.shape = storedShape(entry.shape, storedElementsEach(*entry.dtype, *element));
    tensor.bytes.resize(entry.bytes);
    UWT_ASSIGN_OR_RETURN(TensorReader reader, each.file->reader(entry));
    UWT_RETURN_IF_ERROR(reader.read(tensor.bytes, pool));
    workload.tensors.push_back(std::move(tensor));
  }
  if (workload.tensors.empty())
    return usageError(path + ": holds no tensor of two or more dimensions in bf16, f16, f32, "
                             "fp8 or integers; nothing to measure");
  return workload;
}
