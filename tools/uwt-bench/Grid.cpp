//===- Grid.cpp - Shapes and batches to measure ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Grid.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <charconv>
#include <optional>

using namespace uwt;

namespace {
/// A layer of a model. Tensor parallelism divides N of those whose outputs are used apart, K of
/// those whose outputs are added up.
struct Layer {
  const char *model;
  uint64_t rows, columns;
  bool dividesColumns;
};
} // namespace

static constexpr Layer layers[] = {
    {"llama-3.1-8b", 6144, 4096, false},
    {"llama-3.1-8b", 4096, 4096, true},
    {"llama-3.1-8b", 28672, 4096, false},
    {"llama-3.1-8b", 4096, 14336, true},
    {"llama-3.1-70b", 10240, 8192, false},
    {"llama-3.1-70b", 8192, 8192, true},
    {"llama-3.1-70b", 57344, 8192, false},
    {"llama-3.1-70b", 8192, 28672, true},
    {"qwen3-32b", 51200, 5120, false},
    {"qwen3-32b", 5120, 25600, true},
    {"mixtral-8x7b", 28672, 4096, false},
    {"mixtral-8x7b", 4096, 14336, true},
    {"deepseek-v3-expert", 4096, 7168, false},
    {"deepseek-v3-expert", 7168, 2048, true},
    {"odd", 4100, 4111, false},
};

void uwt::addShape(std::vector<GridShape> &shapes, const GridShape &shape) {
  for (GridShape &other : shapes)
    if (other.rows == shape.rows && other.columns == shape.columns) {
      if (other.name.find(shape.name) == std::string::npos)
        other.name += ", " + shape.name;
      return;
    }
  shapes.push_back(shape);
}

std::vector<GridShape> uwt::allShapes() {
  std::vector<GridShape> shapes;
  for (uint64_t part : {1, 2, 4, 8})
    for (const Layer &layer : layers) {
      if (part != 1 && std::string_view(layer.model) == "odd")
        continue;
      std::string name = layer.model;
      if (part != 1)
        name += " / " + std::to_string(part);
      addShape(shapes, {name, layer.dividesColumns ? layer.rows : layer.rows / part,
                        layer.dividesColumns ? layer.columns / part : layer.columns});
    }
  return shapes;
}

std::vector<GridShape> uwt::quickShapes() {
  std::vector<GridShape> shapes;
  for (const GridShape &shape : allShapes())
    if ((shape.rows == 4096 && (shape.columns == 4096 || shape.columns == 14336)) ||
        (shape.rows == 28672 && shape.columns == 4096))
      shapes.push_back(shape);
  return shapes;
}

std::vector<uint32_t> uwt::allBatches() {
  return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 8192};
}
std::vector<uint32_t> uwt::quickBatches() { return {1, 8, 64}; }

static std::vector<std::string_view> splitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos)
      return parts;
    text.remove_prefix(comma + 1);
  }
}

template <typename Number> static std::optional<Number> parseNumber(std::string_view text) {
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0)
    return std::nullopt;
  return value;
}

Expected<std::vector<GridShape>> uwt::parseShapes(std::string_view text) {
  if (text == "all")
    return allShapes();
  if (text == "quick")
    return quickShapes();
  std::vector<GridShape> shapes;
  for (std::string_view part : splitAtCommas(text)) {
    bool isModel = std::ranges::any_of(layers, [&](const Layer &layer) {
      return !part.empty() && std::string_view(layer.model).find(part) != std::string_view::npos;
    });
    for (const Layer &layer : layers)
      if (isModel && std::string_view(layer.model).find(part) != std::string_view::npos)
        addShape(shapes, {layer.model, layer.rows, layer.columns});
    if (isModel)
      continue;
    size_t cross = part.find('x');
    auto rows = parseNumber<uint64_t>(part.substr(0, cross));
    auto columns = cross == std::string_view::npos ? std::nullopt
                                                   : parseNumber<uint64_t>(part.substr(cross + 1));
    constexpr uint64_t most = uint64_t(1) << 24;
    if (!rows || !columns || *rows > most || *columns > most)
      return usageError("--shapes takes all, quick, packs, smallest, models such as llama-3.1-8b, "
                        "and shapes such as "
                        "4096x14336 (N x K, at most 2^24), not " +
                        inQuotes(std::string(part)));
    addShape(shapes, {"given", *rows, *columns});
  }
  return shapes;
}

Expected<std::vector<uint32_t>> uwt::parseBatches(std::string_view text) {
  if (text == "all")
    return allBatches();
  if (text == "quick")
    return quickBatches();
  std::vector<uint32_t> batches;
  for (std::string_view part : splitAtCommas(text)) {
    auto batch = parseNumber<uint32_t>(part);
    if (!batch || *batch > 65536)
      return usageError("--m takes all, quick, and numbers from 1 to 65536, not " +
                        inQuotes(std::string(part)));
    batches.push_back(*batch);
  }
  return batches;
}
