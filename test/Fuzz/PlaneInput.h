//===- PlaneInput.h - Planes as a fuzzer's input ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the bytes that libFuzzer mutates stand for a tensor's description and its
// planes; MakeCorpus.cpp writes seeds with the same functions.
//
//   byte 0       example of the codec         byte 1   element type
//   byte 2       matrices, less one           byte 3   fold, 0 for none
//   bytes 4, 5   rows of the tensor           bytes 6, 7   columns
//   bytes 8-19   bytes of each plane, u16     then the planes
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_PLANEINPUT_H
#define UWT_TEST_FUZZ_PLANEINPUT_H

#include "uwt/Codec/Tensor.h"
#include <algorithm>
#include <optional>

namespace uwt::test {

inline constexpr size_t planeInputHeader = 8 + 2 * planeKinds;
inline constexpr ElementType planeInputElements[] = {
    ElementType::BF16,   ElementType::F16,   ElementType::F32,   ElementType::F8E4M3FN,
    ElementType::F8E5M2, ElementType::UInt8, ElementType::UInt16};

inline constexpr Fold planeInputFolds[] = {
    Fold(), {Fold::Kind::Columns, 2}, {Fold::Kind::Flat, 64}, {Fold::Kind::Flat, 1088}};

struct PlaneInput {
  uint8_t example = 0, element = 0, matrices = 1, fold = 0;
  /// Of f32: bits of low halves that are not stored, or 16 and more for their other forms.
  uint8_t lowForm = 0;
  uint16_t rows = 0, columns = 0;
  /// Each in an allocation of exactly its size.
  std::array<std::vector<uint8_t>, planeKinds> planes;

  static std::optional<PlaneInput> read(std::span<const uint8_t> input) {
    if (input.size() < planeInputHeader)
      return std::nullopt;
    auto number = [&](size_t at) { return uint16_t(input[at] | input[at + 1] << 8); };
    PlaneInput result;
    result.example = input[0];
    result.element = input[1];
    result.matrices = uint8_t(input[2] % 3 + 1);
    result.fold = uint8_t(input[3] % std::size(planeInputFolds));
    constexpr uint32_t lowForms = wholeLowBits + uint32_t(LowHalves::Coded);
    result.lowForm = uint8_t(input[3] / std::size(planeInputFolds) % lowForms);
    result.rows = number(4) % 200;
    result.columns = number(6) % 2100;
    std::span<const uint8_t> rest = input.subspan(planeInputHeader);
    for (unsigned kind = 0; kind < planeKinds; ++kind) {
      size_t size = std::min<size_t>(number(8 + 2 * kind), rest.size());
      result.planes[kind].assign(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(size));
      rest = rest.subspan(size);
    }
    return result;
  }

  std::vector<uint8_t> write() const {
    auto form = static_cast<uint8_t>(fold + std::size(planeInputFolds) * lowForm);
    std::vector<uint8_t> output = {example, element, uint8_t(matrices - 1), form};
    auto append = [&](uint64_t number) {
      output.push_back(uint8_t(number));
      output.push_back(uint8_t(number >> 8));
    };
    append(rows);
    append(columns);
    for (const std::vector<uint8_t> &plane : planes)
      append(plane.size());
    for (const std::vector<uint8_t> &plane : planes)
      output.insert(output.end(), plane.begin(), plane.end());
    return output;
  }

  /// The tensor that this stands for among the examples of `codec`; nothing where the element
  /// type does not take the format.
  std::optional<TensorDescription> description(const Codec &codec) const {
    std::vector<std::string> examples = codec.examples();
    Expected<Format> format = Format::parse(examples[example % examples.size()]);
    TensorDescription result;
    result.element = planeInputElements[element % std::size(planeInputElements)];
    if (!format)
      return std::nullopt;
    format->fold = planeInputFolds[fold];
    bool hasLow = getTraits(result.element).lowBits != 0;
    if (hasLow && lowForm < wholeLowBits)
      format->lowBits = wholeLowBits - lowForm;
    else if (hasLow)
      format->lowHalves = LowHalves(lowForm - wholeLowBits + 1);
    if (!checkFormat(*format, result.element))
      return std::nullopt;
    result.format = *format;
    result.shape = {matrices, rows, columns};
    return result;
  }
};

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_PLANEINPUT_H
