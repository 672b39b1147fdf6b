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

const std::map<std::string, size_t> &FakeTranscode::parameterCounts() {
  static const std::map<std::string, size_t> counts = {{"transcode", 10}, {"encode", 45}};
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

/// Operand `number` of kernel encode: where it is, and its elements.
static std::pair<uint8_t *, uint64_t> extra(const FakeLaunch &launch, size_t number) {
  return {reinterpret_cast<uint8_t *>(launch.parameters[5 * number + 1]),
          launch.parameters[5 * number + 3]};
}

void FakeTranscode::compute(const FakeLaunch &launch) {
  if (launch.function == "transcode") {
    std::span<const uint8_t> words = wordsOf(next(decodes));
    ASSERT_EQ(launch.parameters[8] * 2, words.size());
    std::memcpy(reinterpret_cast<void *>(launch.parameters[6]), words.data(), words.size());
    return;
  }
  auto [counts, room] = extra(launch, 2);
  uint64_t matrix = next(room != 0 ? counted : encodes);
  // Decoded words and the model are there each time.
  std::span<const uint8_t> words = wordsOf(matrix);
  ASSERT_EQ(std::memcmp(extra(launch, 0).first, words.data(), words.size()), 0);
  EncodeTable table = encodeTable(coded.plan());
  ASSERT_EQ(std::memcmp(extra(launch, 1).first, table.data(), table.size()), 0);
  if (room != 0) {
    ASSERT_EQ(room, units());
    count(counts, matrix);
    return;
  }
  ASSERT_EQ(extra(launch, 3).second, coded.plan().matrix.panels() * sizeof(DevicePanelEntry) / 8);
  for (auto [number, kind] :
       {std::pair(6, PlaneKind::Raw), {7, PlaneKind::Code}, {8, PlaneKind::Patch}}) {
    auto [at, elements] = extra(launch, static_cast<size_t>(number));
    ASSERT_EQ(elements * 4, coded.buffer(kind).size());
    std::ranges::copy(coded.buffer(kind), at);
  }
}
