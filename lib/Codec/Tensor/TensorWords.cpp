//===- TensorWords.cpp - Between a tensor's bytes and panels of words -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorWords.h"
#include "uwt/Codec/Statistics.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little,
              "tensor bytes are little-endian and are read in place");

namespace uwt {

Expected<TensorWords> TensorWords::make(const TensorDescription &description,
                                        uint64_t sourceBytes) {
  TensorWords words;
  UWT_ASSIGN_OR_RETURN(words.shape, description.matrices());
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  words.elementBytes = getTraits(description.element).bytes;
  words.kMajor = description.format.storage == Storage::KMajor;
  uint64_t expected = elements * words.elementBytes;
  if (sourceBytes != expected)
    return usageError("the shape takes " + std::to_string(expected) + " bytes, but there are " +
                      std::to_string(sourceBytes));
  return words;
}

/// The number of a panel in its matrix; there is none where matrices have no panels.
static uint64_t numberInMatrix(uint64_t panel, uint64_t panels) {
  return panels == 0 ? 0 : panel % panels;
}

uint32_t TensorWords::rowsOf(uint64_t panel) const {
  return shape.shape.rowsOfPanel(numberInMatrix(panel, shape.shape.panels()));
}

uint64_t TensorWords::panelBegin(uint64_t panel) const {
  uint64_t panels = shape.shape.panels();
  uint64_t matrix = panels == 0 ? 0 : panel / panels;
  return (matrix * shape.elements +
          numberInMatrix(panel, panels) * panelRows * shape.shape.columns) *
         elementBytes;
}

uint64_t TensorWords::elementsOf(uint64_t panel) const {
  uint64_t before = numberInMatrix(panel, shape.shape.panels()) * panelRows * shape.shape.columns;
  return std::min(uint64_t(rowsOf(panel)) * shape.shape.columns, shape.elements - before);
}

uint64_t TensorWords::panelSize(uint64_t panel) const { return elementsOf(panel) * elementBytes; }

Status
TensorWords::visitBytes(uint64_t panel,
                        const std::function<Status(uint64_t offset, uint64_t bytes)> &visit) const {
  uint64_t rows = rowsOf(panel), columns = shape.shape.columns;
  if (!kMajor) {
    UWT_RETURN_IF_ERROR(visit(panelBegin(panel), panelSize(panel)));
    // fold-2: a short last row is filled from the matrix's beginning.
    uint64_t missing = std::min(rows * columns - elementsOf(panel), shape.elements);
    uint64_t matrix = panelBegin(panel - panel % shape.shape.panels());
    return missing == 0 ? ok() : visit(matrix, missing * elementBytes);
  }
  Strides strides = stridesOf(panel);
  for (uint64_t column = 0; column < columns; ++column)
    UWT_RETURN_IF_ERROR(visit(strides.origin + column * strides.column, rows * elementBytes));
  return ok();
}

uint64_t TensorWords::panelOf(uint64_t element) const {
  return element / shape.elements * shape.shape.panels() +
         element % shape.elements / (panelRows * shape.shape.columns);
}

TensorWords::Strides TensorWords::stridesOf(uint64_t panel) const {
  if (!kMajor)
    return {panelBegin(panel), shape.shape.columns * elementBytes, elementBytes};
  uint64_t matrix = panel / shape.shape.panels(), inMatrix = panel % shape.shape.panels();
  uint64_t origin = matrix * shape.elements + inMatrix * panelRows;
  return {origin * elementBytes, elementBytes, shape.shape.rows * elementBytes};
}

bool TensorWords::hasPlainWords(const void *bytes) const {
  return elementBytes == 2 && !kMajor && reinterpret_cast<uintptr_t>(bytes) % 2 == 0;
}

/// Calls `visit(row, column)` in the order in which the tensor's bytes lie, a tile at a time for
/// k_major tensors so that neither side of the transpose thrashes the cache.
template <typename Visit>
static void visitElements(uint32_t rows, uint64_t columns, bool kMajor, Visit visit) {
  if (!kMajor) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint64_t column = 0; column < columns; ++column)
        visit(row, column);
    return;
  }
  for (uint64_t column = 0; column < columns; ++column)
    for (uint32_t row = 0; row < rows; ++row)
      visit(row, column);
}

template <typename Convert>
PanelWords TensorWords::gather(std::span<const uint8_t> source, uint64_t panel,
                               std::vector<uint16_t> &scratch, Convert convert) const {
  if (isShort(panel))
    return gatherShort(source, panel, scratch, convert);
  uint32_t rows = rowsOf(panel);
  uint64_t columns = shape.shape.columns;
  Strides strides = stridesOf(panel);
  scratch.resize(rows * columns);
  if (!kMajor) { // One run of elements, in a loop that compilers see vectors in.
    const uint8_t *from = source.data() + strides.origin;
    for (size_t i = 0; elementBytes == 4 && i < scratch.size(); ++i)
      scratch[i] = convert(from + i * 4);
    for (size_t i = 0; elementBytes != 4 && i < scratch.size(); ++i)
      scratch[i] = convert(from + i * elementBytes);
    return {scratch.data(), columns, rows, columns};
  }
  visitElements(rows, columns, kMajor, [&](uint32_t row, uint64_t column) {
    scratch[row * columns + column] =
        convert(source.data() + strides.origin + row * strides.row + column * strides.column);
  });
  return {scratch.data(), columns, rows, columns};
}

/// fold-2: after its last element the matrix begins again.
template <typename Convert>
PanelWords TensorWords::gatherShort(std::span<const uint8_t> source, uint64_t panel,
                                    std::vector<uint16_t> &scratch, Convert convert) const {
  uint32_t rows = rowsOf(panel);
  uint64_t columns = shape.shape.columns, begin = panelBegin(panel), existing = elementsOf(panel);
  uint64_t matrix = panelBegin(panel - panel % shape.shape.panels());
  scratch.resize(rows * columns);
  for (uint64_t i = 0; i < existing; ++i)
    scratch[i] = convert(source.data() + begin + i * elementBytes);
  for (uint64_t i = existing; i < scratch.size(); ++i)
    scratch[i] = convert(source.data() + matrix + (i - existing) % shape.elements * elementBytes);
  return {scratch.data(), columns, rows, columns};
}

static uint16_t readU16(const uint8_t *bytes) {
  uint16_t value;
  std::memcpy(&value, bytes, 2);
  return value;
}

static uint32_t readU32(const uint8_t *bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, 4);
  return value;
}

PanelWords TensorWords::load(std::span<const uint8_t> source, uint64_t panel,
                             std::vector<uint16_t> &scratch) const {
  if (isInPlace(source.data(), panel))
    return {reinterpret_cast<const uint16_t *>(source.data() + panelBegin(panel)),
            shape.shape.columns, rowsOf(panel), shape.shape.columns};
  if (elementBytes == 1)
    return gather(source, panel, scratch, [](const uint8_t *at) { return uint16_t(*at); });
  if (elementBytes == 2)
    return gather(source, panel, scratch, readU16);
  return gather(source, panel, scratch,
                [](const uint8_t *at) { return static_cast<uint16_t>(readU32(at) >> 16); });
}

PanelWords TensorWords::loadLow(std::span<const uint8_t> source, uint64_t panel,
                                std::vector<uint16_t> &scratch) const {
  return gather(source, panel, scratch,
                [](const uint8_t *at) { return static_cast<uint16_t>(readU32(at)); });
}

uint16_t TensorWords::lowHalfBits(std::span<const uint8_t> source, const PanelSample *sample,
                                  uint16_t enough, ThreadPool &pool) const {
  if (elementBytes != 4)
    return 0;
  std::atomic<uint16_t> found = 0;
  auto hasEnough = [&] { return (found.load(std::memory_order_relaxed) & enough) != 0; };
  if (sample) {
    std::vector<std::vector<uint16_t>> scratch(pool.size());
    pool.parallelFor(sample->panels.size(), [&](uint64_t i, unsigned worker) {
      if (hasEnough())
        return;
      PanelWords low = loadLow(source, sample->panels[i], scratch[worker]);
      uint16_t any = 0;
      for (uint32_t row = 0; row < low.rows; ++row)
        for (uint64_t column = 0; column < low.columns; ++column)
          any |= low.row(row)[column];
      found.fetch_or(any, std::memory_order_relaxed);
    });
    return found;
  }
  // Not bound to panels: low halves lie at every fourth byte wherever a panel is.
  constexpr uint64_t chunk = uint64_t(1) << 16;
  pool.parallelFor(divideUp(source.size(), chunk), [&](uint64_t i, unsigned) {
    if (hasEnough())
      return;
    uint64_t size = std::min(chunk, source.size() - i * chunk);
    found.fetch_or(uwt::lowHalfBits(source.subspan(i * chunk, size)), std::memory_order_relaxed);
  });
  return found;
}

uint32_t TensorWords::lowBitsOfRow(std::span<const uint8_t> source, uint64_t panel,
                                   uint32_t row) const {
  Strides strides = stridesOf(panel);
  uint64_t columns = shape.shape.columns, existing = elementsOf(panel);
  // fold-2: after its last element the matrix begins again.
  const uint8_t *matrix = source.data() + panelBegin(panel - panel % shape.shape.panels());
  auto at = [&](uint64_t column) {
    uint64_t element = row * columns + column;
    if (!kMajor && element >= existing)
      return matrix + (element - existing) % shape.elements * elementBytes;
    return source.data() + strides.origin + row * strides.row + column * strides.column;
  };
  // So few show what a natural row needs; compilers see vectors in longer runs.
  constexpr uint64_t run = 16;
  bool isOneRun = !kMajor && (row + 1) * columns <= existing;
  uint16_t bits = 0;
  for (uint64_t begin = 0; begin < columns && (bits & 1) == 0; begin += run) {
    uint64_t end = std::min(begin + run, columns);
    if (isOneRun)
      bits |= uwt::lowHalfBits({at(begin), (end - begin) * elementBytes});
    for (uint64_t column = begin; !isOneRun && column < end; ++column)
      bits |= readU16(at(column));
  }
  return topLowBits(bits);
}

MutablePanelWords TensorWords::destination(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                           std::vector<uint16_t> &scratch) const {
  uint32_t rows = rowsOf(panel);
  uint64_t columns = shape.shape.columns;
  if (isInPlace(out.data(), panel))
    return {reinterpret_cast<uint16_t *>(out.data() + panelBegin(panel) - origin), columns, rows,
            columns};
  scratch.resize(rows * columns);
  return {scratch.data(), columns, rows, columns};
}

void TensorWords::storeElement(uint8_t *at, uint16_t word, uint16_t low) const {
  if (elementBytes == 1) {
    *at = static_cast<uint8_t>(word);
    return;
  }
  std::memcpy(at + elementBytes - 2, &word, 2);
  if (elementBytes == 4)
    std::memcpy(at, &low, 2);
}

/// Elements of f32, row after row, in loops that compilers see vectors in.
static void storeWide(uint8_t *out, PanelWords words, PanelWords low) {
  for (uint32_t row = 0; row < words.rows; ++row, out += words.columns * 4) {
    const uint16_t *upper = words.row(row), *lower = low.data ? low.row(row) : nullptr;
    for (uint64_t column = 0; column < words.columns; ++column) {
      uint32_t value = uint32_t(upper[column]) << 16 | (lower ? lower[column] : 0u);
      std::memcpy(out + column * 4, &value, 4);
    }
  }
}

void TensorWords::store(std::span<uint8_t> out, uint64_t origin, uint64_t panel, PanelWords words,
                        PanelWords low) const {
  Strides strides = stridesOf(panel);
  if (elementBytes == 1 && !kMajor && !isShort(panel)) {
    uint8_t *to = out.data() + (strides.origin - origin);
    for (uint32_t row = 0; row < words.rows; ++row)
      for (uint64_t column = 0; column < words.columns; ++column)
        *to++ = static_cast<uint8_t>(words.row(row)[column]);
    return;
  }
  if (elementBytes == 4 && !kMajor && !isShort(panel)) {
    storeWide(out.data() + (strides.origin - origin), words, low);
    return;
  }
  if (isShort(panel)) {
    storeShort(out.subspan(strides.origin - origin), panel, words, low);
    return;
  }
  visitElements(words.rows, words.columns, kMajor, [&](uint32_t row, uint64_t column) {
    uint8_t *at =
        out.data() + (strides.origin - origin) + row * strides.row + column * strides.column;
    storeElement(at, words.row(row)[column], low.data ? low.row(row)[column] : 0);
  });
}

void TensorWords::storeShort(std::span<uint8_t> out, uint64_t panel, PanelWords words,
                             PanelWords low) const {
  for (uint64_t i = 0; i < elementsOf(panel); ++i) {
    uint64_t row = i / words.columns, column = i % words.columns;
    storeElement(out.data() + i * elementBytes, words.row(row)[column],
                 low.data ? low.row(row)[column] : 0);
  }
}

} // namespace uwt
