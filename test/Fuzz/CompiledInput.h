//===- CompiledInput.h - A compiled decoder's input -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the bytes that libFuzzer mutates stand for a decoder and the planes that it reads;
// MakeCorpus.cpp writes seeds with the same functions.
//
//   byte 0   example, of all codecs                 byte 1   shape
//   byte 2   element type                           byte 3   distribution of the weights
//   byte 4   bit 0: fences stand before the buffers, else behind them
//            bit 1: planes follow, as in PlaneInput.h; else damage of encoded ones:
//            plane, kind of damage, position (u24), value; six bytes each
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_COMPILEDINPUT_H
#define UWT_TEST_FUZZ_COMPILEDINPUT_H

#include "PlaneInput.h"
#include <optional>
#include <span>
#include <vector>

namespace uwt::test {

/// The weights [N, K] that decoders are compiled for. What ends early: all of one; strips and
/// panels that are a stream unit each; strips of two stream units.
struct CompiledShape {
  uint64_t rows, columns;
};
inline constexpr CompiledShape compiledShapes[] = {{17, 33}, {67, 300}, {19, 1040}};

/// One change of encoded planes: bits of a byte flip, a u16 or 64 bytes are filled, or the plane
/// ends early.
struct PlaneDamage {
  enum class Kind : uint8_t { Flip, Word, Fill, Cut };
  static constexpr size_t inputBytes = 6;

  uint8_t plane = 0;
  Kind kind = Kind::Flip;
  uint32_t position = 0;
  uint8_t value = 0;

  void apply(std::array<std::vector<uint8_t>, planeKinds> &planes) const {
    std::vector<uint8_t> &bytes = planes[plane % planeKinds];
    if (bytes.empty())
      return;
    size_t at = position % bytes.size();
    if (kind == Kind::Flip)
      bytes[at] ^= value;
    else if (kind == Kind::Word)
      fill(std::span(bytes).subspan(at / 2 * 2), 2);
    else if (kind == Kind::Fill)
      fill(std::span(bytes).subspan(at), 64);
    else
      bytes.resize(at);
  }

private:
  void fill(std::span<uint8_t> rest, size_t count) const {
    std::ranges::fill(rest.first(std::min(count, rest.size())), value);
  }
};

struct CompiledInput {
  /// Bytes that say which decoder it is; bytes before planes and damage.
  static constexpr size_t choice = 3, header = 5;

  uint8_t example = 0, shape = 0, element = 0, distribution = 0;
  bool isFencedBefore = false;
  std::optional<PlaneInput> planes;
  std::vector<PlaneDamage> damage;

  static std::optional<CompiledInput> read(std::span<const uint8_t> input) {
    if (input.size() < header)
      return std::nullopt;
    CompiledInput result;
    result.example = input[0];
    result.shape = input[1];
    result.element = input[2];
    result.distribution = input[3];
    result.isFencedBefore = input[4] & 1;
    std::span<const uint8_t> rest = input.subspan(header);
    if (input[4] & 2) {
      result.planes = PlaneInput::read(rest);
      return result.planes ? std::optional(std::move(result)) : std::nullopt;
    }
    for (; rest.size() >= PlaneDamage::inputBytes; rest = rest.subspan(PlaneDamage::inputBytes))
      result.damage.push_back({rest[0], static_cast<PlaneDamage::Kind>(rest[1] % 4),
                               uint32_t(rest[2] | rest[3] << 8 | rest[4] << 16), rest[5]});
    return result;
  }

  std::vector<uint8_t> write() const {
    std::vector<uint8_t> output = {example, shape, element, distribution,
                                   uint8_t(isFencedBefore | (planes ? 2 : 0))};
    if (planes) {
      std::vector<uint8_t> bytes = planes->write();
      output.insert(output.end(), bytes.begin(), bytes.end());
    }
    for (const PlaneDamage &each : damage)
      output.insert(output.end(),
                    {each.plane, static_cast<uint8_t>(each.kind), uint8_t(each.position),
                     uint8_t(each.position >> 8), uint8_t(each.position >> 16), each.value});
    return output;
  }
};

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_COMPILEDINPUT_H
