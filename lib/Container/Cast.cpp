//===- Cast.cpp - Rounding to BF16 ----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cast.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace uwt {

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

static CastLoss castChunk(unsigned bytes, const uint8_t *source, uint8_t *out, uint64_t count) {
  CastLoss loss;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, source + i * bytes, bytes);
    if (bytes == 2)
      bits = widenF16(bits);
    uint16_t rounded = roundToBF16(bits);
    std::memcpy(out + i * 2, &rounded, 2);
    if (bits != static_cast<uint32_t>(rounded) << 16)
      note(bits, rounded, loss);
  }
  return loss;
}

CastLoss castToBF16(const SafetensorsDtype &dtype, std::span<const uint8_t> source,
                    std::span<uint8_t> out, ThreadPool &pool) {
  unsigned bytes = dtype.bits / 8;
  uint64_t elements = source.size() / bytes;
  uint64_t chunks = divideUp(elements, chunkElements);
  std::vector<CastLoss> losses(chunks);
  pool.parallelFor(chunks, [&](uint64_t chunk, unsigned) {
    uint64_t first = chunk * chunkElements;
    uint64_t count = std::min(chunkElements, elements - first);
    losses[chunk] = castChunk(bytes, source.data() + first * bytes, out.data() + first * 2, count);
  });
  CastLoss total;
  total.tensors = 1;
  total.elements = elements;
  for (const CastLoss &loss : losses)
    total.add(loss);
  return total;
}

} // namespace uwt
