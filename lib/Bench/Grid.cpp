//===- Grid.cpp - Shapes and values of m to measure -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/Grid.h"
#include "uwt/CommandLine/Words.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <optional>

using namespace uwt;
using namespace uwt::bench;

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

void uwt::bench::addShape(std::vector<GridShape> &shapes, const GridShape &shape) {
  for (GridShape &other : shapes)
    if (other.rows == shape.rows && other.columns == shape.columns) {
      if (other.name.find(shape.name) == std::string::npos)
        other.name += ", " + shape.name;
      return;
    }
  shapes.push_back(shape);
}

std::vector<GridShape> uwt::bench::allShapes() {
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

std::vector<GridShape> uwt::bench::quickShapes() {
  std::vector<GridShape> shapes;
  for (const GridShape &shape : allShapes())
    if ((shape.rows == 4096 && (shape.columns == 4096 || shape.columns == 14336)) ||
        (shape.rows == 28672 && shape.columns == 4096))
      shapes.push_back(shape);
  return shapes;
}

std::vector<uint32_t> uwt::bench::allM() {
  return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 8192};
}
std::vector<uint32_t> uwt::bench::quickM() { return {1, 8, 64}; }

/// A number from 1 to `limit`.
static std::optional<uint64_t> countIn(std::string_view text, uint64_t limit) {
  auto value = command_line::parseNumber(text, "", limit);
  return value && *value ? std::optional(*value) : std::nullopt;
}

/// Adds the layers of the models whose names hold `name`; whether there are any.
static bool addModel(std::vector<GridShape> &shapes, std::string_view name) {
  bool isModel = false;
  for (const Layer &layer : layers)
    if (!name.empty() && std::string_view(layer.model).find(name) != std::string_view::npos) {
      addShape(shapes, {layer.model, layer.rows, layer.columns});
      isModel = true;
    }
  return isModel;
}

Expected<std::vector<GridShape>> uwt::bench::parseShapes(std::string_view text,
                                                         const std::string &more) {
  if (text == "all")
    return allShapes();
  if (text == "quick")
    return quickShapes();
  constexpr uint64_t most = uint64_t(1) << 24;
  std::vector<GridShape> shapes;
  for (std::string_view item : command_line::splitList(text)) {
    size_t cross = item.find('x');
    auto rows = countIn(item.substr(0, cross), most);
    auto columns =
        cross == std::string_view::npos ? std::nullopt : countIn(item.substr(cross + 1), most);
    if (rows && columns)
      addShape(shapes, {"given", *rows, *columns});
    else if (!addModel(shapes, item))
      return usageError("--shapes takes all, quick, " + more +
                        "models such as llama-3.1-8b, and shapes such as 4096x14336 (N x K, at "
                        "most 2^24), not " +
                        inQuotes(item));
  }
  return shapes;
}

Expected<std::vector<uint32_t>> uwt::bench::parseM(std::string_view text) {
  if (text == "all")
    return allM();
  if (text == "quick")
    return quickM();
  std::vector<uint32_t> sizes;
  for (std::string_view item : command_line::splitList(text)) {
    auto m = countIn(item, 65536);
    if (!m || std::ranges::count(sizes, *m))
      return usageError("--m takes all, quick, and different numbers from 1 to 65536, not " +
                        inQuotes(item));
    sizes.push_back(static_cast<uint32_t>(*m));
  }
  return sizes;
}
