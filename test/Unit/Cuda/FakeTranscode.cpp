//===- FakeTranscode.cpp - Kernels of kind transcode, faked ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda/FakeTranscode.h"
#include "uwt/Cuda/EncodedWeight.h"
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

FakeTranscode::FakeTranscode(LoadedWeight raw, LoadedWeight result)
    : raw(std::move(raw)), coded(std::move(result)),
      matrices(coded.description().matrices()->count) {}

static KernelEntry kernelOf(const char *name, const std::string &format, const std::string &result,
                            uint32_t code) {
  KernelEntry entry;
  entry.kernel = name;
  entry.code = code;
  entry.kind = GpuKernelKind::Transcode;
  entry.strategy = name;
  entry.format = *Format::parse(format);
  entry.result = *Format::parse(result);
  entry.launch.threads = 128;
  return entry;
}

void FakeTranscode::addKernels(KernelPackWriter &pack, uint32_t code, const std::string &format,
                               const std::string &result) {
  KernelEntry transcode = kernelOf("transcode", format, "raw", code);
  transcode.arguments = {{ArgumentKind::Panels, ArgumentType::I64, 1, 0, 0},
                         {ArgumentKind::Extra, ArgumentType::I16, 256, 0, 0}};
  if (format != "raw")
    pack.addKernel(transcode);
  KernelEntry encode = kernelOf("encode", format, result, code);
  for (ArgumentType type : {ArgumentType::I32, ArgumentType::I8, ArgumentType::I16,
                            ArgumentType::I64, ArgumentType::I32, ArgumentType::I32,
                            ArgumentType::I32, ArgumentType::I32, ArgumentType::I32})
    encode.arguments.push_back(
        {ArgumentKind::Extra, type, 16, static_cast<uint32_t>(encode.arguments.size()), 0});
  pack.addKernel(encode);
}

void FakeTranscode::addDenseKernels(KernelPackWriter &pack, uint32_t code,
                                    const std::string &result) {
  const std::string rows = "raw, layout=row_major";
  KernelEntry histogram = kernelOf("histogram", rows, result, code);
  histogram.kind = GpuKernelKind::Histogram;
  histogram.result.reset();
  histogram.arguments = {{ArgumentKind::X, ArgumentType::I16, 16, 0, 0},
                         {ArgumentKind::XStride, ArgumentType::I64, 1, 0, 0}};
  KernelEntry encode = kernelOf("encode_rows", rows, result, code);
  encode.arguments = histogram.arguments;
  histogram.arguments.push_back({ArgumentKind::Extra, ArgumentType::I64, 16, 0, 0});
  pack.addKernel(histogram);
  uint32_t number = 0;
  for (ArgumentType type :
       {ArgumentType::I8, ArgumentType::I16, ArgumentType::I64, ArgumentType::I32,
        ArgumentType::I32, ArgumentType::I32, ArgumentType::I32, ArgumentType::I32})
    encode.arguments.push_back({ArgumentKind::Extra, type, 16, number++, 0});
  pack.addKernel(encode);
}

const std::map<std::string, size_t> &FakeTranscode::parameterCounts() {
  static const std::map<std::string, size_t> counts = {
      {"transcode", 10}, {"encode", 45}, {"histogram", 11}, {"encode_rows", 46}};
  return counts;
}

uint64_t FakeTranscode::units() const {
  const MatrixShape &matrix = coded.plan().matrix;
  return (matrix.rows + 15) / 16 * ((matrix.columns + 63) / 64);
}

uint64_t FakeTranscode::next(uint64_t &launches) const { return launches++ % matrices; }

std::span<const uint8_t> FakeTranscode::wordsOf(uint64_t matrix) const {
  // Panels of a matrix lie one behind the other; behind the last one there may be a gap.
  uint64_t first = raw.panels()[matrix * coded.plan().matrix.panels()].words * 4;
  return raw.buffer(PlaneKind::Words).subspan(first, units() * 2048);
}

void FakeTranscode::count(uint8_t *counts, uint64_t matrix) const {
  const MatrixShape &shape = coded.plan().matrix;
  for (uint64_t panel = 0; panel < shape.panels(); ++panel) {
    uint64_t from = coded.panels()[matrix * shape.panels() + panel].counts;
    uint64_t inPanel = (shape.rowsOfPanel(panel) + 15) / 16 * ((shape.columns + 63) / 64);
    for (uint64_t unit = 0; unit < inPanel; ++unit, counts += 2) {
      uint16_t escapes = coded.counts()[from + unit];
      std::memcpy(counts, &escapes, 2);
    }
  }
}

/// A memref of a launch from parameter `first` on: where it is, and its elements.
static std::pair<uint8_t *, uint64_t> memref(const FakeLaunch &launch, size_t first) {
  return {reinterpret_cast<uint8_t *>(launch.parameters[first + 1]), launch.parameters[first + 3]};
}

void FakeTranscode::countSymbols(const FakeLaunch &launch) const {
  const MatrixShape &shape = coded.plan().matrix;
  auto [from, elements] = memref(launch, 0);
  auto [to, room] = memref(launch, 6);
  uint64_t stride = launch.parameters[5];
  ASSERT_EQ(elements, (shape.rows - 1) * stride + shape.columns);
  ASSERT_EQ(room, 256U);
  for (uint64_t row = 0; row < shape.rows; ++row)
    for (uint64_t column = 0; column < shape.columns; ++column) {
      uint16_t word;
      std::memcpy(&word, from + 2 * (row * stride + column), 2);
      ++reinterpret_cast<uint64_t *>(to)[word >> 7 & 255];
    }
}

void FakeTranscode::compute(const FakeLaunch &launch) {
  if (launch.function == "histogram")
    return countSymbols(launch);
  if (launch.function == "encode_rows")
    return encode(launch, 6);
  if (launch.function == "encode")
    return encode(launch, 5);
  std::span<const uint8_t> words = wordsOf(next(decodes));
  ASSERT_EQ(launch.parameters[8] * 2, words.size());
  std::memcpy(reinterpret_cast<void *>(launch.parameters[6]), words.data(), words.size());
}

/// From parameter `first` on there is what says how the source, before it, is coded.
void FakeTranscode::encode(const FakeLaunch &launch, size_t first) {
  auto operand = [&](size_t number) { return memref(launch, first + 5 * number); };
  auto [counts, room] = operand(1);
  uint64_t matrix = next(room != 0 ? counted : encodes);
  // Decoded words and the model are there each time.
  std::span<const uint8_t> words = wordsOf(matrix);
  if (launch.function == "encode") {
    ASSERT_EQ(std::memcmp(memref(launch, 0).first, words.data(), words.size()), 0);
  }
  EncodeTable table = encodeTable(coded.plan());
  ASSERT_EQ(std::memcmp(operand(0).first, table.data(), table.size()), 0);
  if (room != 0) {
    ASSERT_EQ(room, units());
    count(counts, matrix);
    return;
  }
  ASSERT_EQ(operand(2).second, coded.plan().matrix.panels() * sizeof(DevicePanelEntry) / 8);
  for (auto [number, kind] :
       {std::pair(5, PlaneKind::Raw), {6, PlaneKind::Code}, {7, PlaneKind::Patch}}) {
    auto [at, elements] = operand(static_cast<size_t>(number));
    ASSERT_EQ(elements * 4, coded.buffer(kind).size());
    std::ranges::copy(coded.buffer(kind), at);
  }
}
