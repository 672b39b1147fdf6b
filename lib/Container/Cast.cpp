//===- Cast.cpp - Rounding to BF16 ----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cast.h"
#include "ConfigRewrite.h"
#include "FileTree.h"
#include "Selection.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

namespace uwt {

/// A bit for each value of BF16.
static constexpr size_t seenWords = 65536 / 64;
static constexpr uint64_t chunkElements = uint64_t(1) << 18;

void CastLoss::add(const CastLoss &other) {
  tensors += other.tensors;
  elements += other.elements;
  changed += other.changed;
  overflowed += other.overflowed;
  maxRelativeError = std::max(maxRelativeError, other.maxRelativeError);
}

bool isCastToBF16(const SafetensorsDtype &dtype) {
  return dtype.name == "F32" || dtype.name == "F16";
}

/// Returns whether tensors of that dtype hold codes, as those of quantised weights do.
static bool holdsCodes(const SafetensorsTensor &tensor) {
  std::string_view dtype = tensor.dtype->name;
  bool isWideInteger = dtype == "I64" || dtype == "U64" || dtype == "BOOL";
  bool isWideFloat = dtype == "BF16" || dtype == "F64" || dtype == "C64";
  return tensor.shape.size() >= 2 && !isWideInteger && !isWideFloat && !isCastToBF16(*tensor.dtype);
}

static std::string_view moduleOf(std::string_view name) {
  size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

/// Modules that have a tensor of codes, and the names of these tensors: what lies beside or below
/// is a scale, a zero point or a table, whatever the configuration says.
static std::set<std::string_view> modulesWithCodes(const SafetensorsHeader &header) {
  std::set<std::string_view> modules;
  for (const SafetensorsTensor &tensor : header.tensors)
    if (holdsCodes(tensor)) {
      modules.insert(tensor.name);
      if (std::string_view module = moduleOf(tensor.name); !module.empty())
        modules.insert(module);
    }
  return modules;
}

std::vector<CastChoice> chooseCasts(const SafetensorsHeader &header,
                                    const CompressOptions &options) {
  std::vector<CastChoice> choices(header.tensors.size());
  if (!options.castToBF16)
    return choices;
  std::set<std::string_view> modules = modulesWithCodes(header);
  for (size_t i = 0; i < choices.size(); ++i) {
    const SafetensorsTensor &tensor = header.tensors[i];
    if (!isCastToBF16(*tensor.dtype))
      continue;
    std::string_view reason;
    if ((options.quantizedParts && options.quantizedParts->contains(tensor.name)) ||
        modules.contains(moduleOf(tensor.name)))
      reason = "part of a quantised weight";
    else if (isLeftOut(tensor.name, options))
      reason = "excluded";
    else if (tensor.shape.size() < 2 && !options.castVectors)
      reason = "rank below 2";
    choices[i] = {reason.empty(), reason};
  }
  return choices;
}

Status checkCast(const std::string &folder, const CompressOptions &options) {
  if (!options.castToBF16 || options.quantizedParts)
    return ok();
  auto fails = [](const std::string &file) {
    return usageError(file +
                      ": says that the model is quantised; a cast could round its scales, so "
                      "it is not cast without the names of their tensors");
  };
  for (const char *name : {"quantize_config.json", "quant_config.json", "hf_quant_config.json"})
    if (std::string file = joinPath(folder, name); fileExists(file))
      return fails(file);
  constexpr uint64_t limit = uint64_t(1) << 26;
  std::string file = joinPath(folder, "config.json");
  if (!fileExists(file))
    return ok();
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file, limit));
  return saysQuantized(text) ? Status(fails(file)) : ok();
}

/// The float with the value of the f16 `bits`; exact.
static uint32_t widenF16(uint32_t bits) {
  uint32_t sign = (bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  if (exponent == 31)
    return sign | 0x7f800000u | mantissa << 13;
  if (exponent != 0)
    return sign | (exponent + 112) << 23 | mantissa << 13;
  // Zero or subnormal: mantissa * 2^-24.
  return sign | std::bit_cast<uint32_t>(static_cast<float>(mantissa) * 0x1p-24f);
}

static uint16_t roundToBF16(uint32_t bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u) // NaN: only ever made quiet
    return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

/// Notes what rounding `bits` to `rounded` lost.
static void note(uint32_t bits, uint16_t rounded, CastLoss &loss) {
  uint32_t after = static_cast<uint32_t>(rounded) << 16;
  if (after == bits || (bits & 0x7fffffffu) > 0x7f800000u)
    return;
  ++loss.changed;
  if ((after & 0x7fffffffu) == 0x7f800000u) {
    ++loss.overflowed;
    return;
  }
  double value = std::bit_cast<float>(bits), result = std::bit_cast<float>(after);
  loss.maxRelativeError =
      std::max(loss.maxRelativeError, std::abs(result - value) / std::abs(value));
}

static CastLoss castChunk(unsigned bytes, const uint8_t *source, uint8_t *out, uint64_t count,
                          SeenValues *seen) {
  CastLoss loss;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, source + i * bytes, bytes);
    if (bytes == 2)
      bits = widenF16(bits);
    uint16_t rounded = roundToBF16(bits);
    std::memcpy(out + i * 2, &rounded, 2);
    if (seen)
      (*seen)[rounded / 64] |= uint64_t(1) << (rounded % 64);
    if (bits != static_cast<uint32_t>(rounded) << 16)
      note(bits, rounded, loss);
  }
  return loss;
}

CastLoss castToBF16(const SafetensorsDtype &dtype, std::span<const uint8_t> source,
                    std::span<uint8_t> out, ThreadPool &pool, SeenValues *seen) {
  unsigned bytes = dtype.bits / 8;
  uint64_t elements = source.size() / bytes;
  uint64_t chunks = divideUp(elements, chunkElements);
  std::vector<CastLoss> losses(chunks);
  std::vector<SeenValues> values(seen ? chunks : 0, SeenValues(seen ? seenWords : 0));
  pool.parallelFor(chunks, [&](uint64_t chunk, unsigned) {
    uint64_t first = chunk * chunkElements;
    uint64_t count = std::min(chunkElements, elements - first);
    losses[chunk] = castChunk(bytes, source.data() + first * bytes, out.data() + first * 2, count,
                              seen ? &values[chunk] : nullptr);
  });
  CastLoss total;
  total.tensors = 1;
  total.elements = elements;
  for (const CastLoss &loss : losses)
    total.add(loss);
  if (seen)
    seen->resize(seenWords);
  for (const SeenValues &one : values)
    std::transform(one.begin(), one.end(), seen->begin(), seen->begin(), std::bit_or<>());
  return total;
}

} // namespace uwt
