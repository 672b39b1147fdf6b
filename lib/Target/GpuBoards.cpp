//===- GpuBoards.cpp - The boards that have a GPU target ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuBoardsJson.h"
#include "uwt/Support/JsonTree.h"
#include "uwt/Support/RegularFile.h"
#include "uwt/Support/Suggest.h"
#include "uwt/Target/GpuTarget.h"
#include <algorithm>
#include <cmath>

using namespace uwt;
using Json = nlohmann::json;

static constexpr std::string_view schema = "uwt.gpu-boards/1";

static Expected<std::string> readString(const Json &object, const char *name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string &>().empty())
    return invalidError("'" + std::string(name) + "' is not a non-empty string");
  return found->get<std::string>();
}

static Expected<double> readPositive(const Json &object, const char *name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number())
    return invalidError("'" + std::string(name) + "' is not a number");
  double value = found->get<double>();
  if (!std::isfinite(value) || value <= 0)
    return invalidError("'" + std::string(name) + "' is not a number above 0");
  return value;
}

static Expected<unsigned> readCount(const Json &object, const char *name) {
  UWT_ASSIGN_OR_RETURN(double value, readPositive(object, name));
  if (value > 65536 || value != std::floor(value))
    return invalidError("'" + std::string(name) + "' is not a whole number of at most 65536");
  return static_cast<unsigned>(value);
}

static Expected<GpuBoard> readBoard(const Json &object) {
  GpuBoard board;
  UWT_ASSIGN_OR_RETURN(board.name, readString(object, "name"));
  UWT_ASSIGN_OR_RETURN(std::string target, readString(object, "target"));
  UWT_ASSIGN_OR_RETURN(board.target, findGpuTarget(target));
  UWT_ASSIGN_OR_RETURN(board.sms, readCount(object, "sms"));
  UWT_ASSIGN_OR_RETURN(board.clockGHz, readPositive(object, "clock_ghz"));
  UWT_ASSIGN_OR_RETURN(board.memoryGBs, readPositive(object, "memory_gbs"));
  UWT_ASSIGN_OR_RETURN(board.l2MB, readPositive(object, "l2_mb"));
  UWT_ASSIGN_OR_RETURN(board.source, readString(object, "source"));
  return board;
}

/// The board's number and, where it has one, its name, for messages.
static std::string locationOf(const Json &object, size_t index) {
  std::string location = "GPU boards: board " + std::to_string(index + 1);
  if (object.is_object())
    if (auto name = object.find("name"); name != object.end() && name->is_string())
      location += " (" + inQuotes(name->get_ref<const std::string &>()) + ")";
  return location;
}

Expected<std::vector<GpuBoard>> uwt::parseGpuBoards(std::string_view text) {
  Json object = parseJsonTreeOrNone(text);
  if (!object.is_object())
    return invalidError("GPU boards: expected a JSON object");
  auto found = object.find("schema");
  if (found == object.end() || *found != schema)
    return invalidError("GPU boards: expected schema '" + std::string(schema) + "'");
  auto list = object.find("boards");
  if (list == object.end() || !list->is_array())
    return invalidError("GPU boards: 'boards' is not a list of objects");
  std::vector<GpuBoard> boards;
  for (const Json &each : *list) {
    std::string location = locationOf(each, boards.size());
    if (!each.is_object())
      return invalidError(location + ": expected an object");
    Expected<GpuBoard> board = readBoard(each);
    if (!board)
      return board.takeError().in(location);
    if (std::ranges::find(boards, board->name, &GpuBoard::name) != boards.end())
      return invalidError(location + ": that name is there twice");
    boards.push_back(*std::move(board));
  }
  return boards;
}

std::span<const GpuBoard> uwt::builtInGpuBoards() {
  // A test parses the file, so that there is no error to report here.
  static const std::vector<GpuBoard> boards = [] {
    Expected<std::vector<GpuBoard>> parsed = parseGpuBoards(gpuBoardsJson);
    return parsed ? *std::move(parsed) : std::vector<GpuBoard>();
  }();
  return boards;
}

Expected<std::vector<GpuBoard>> uwt::readGpuBoards(const std::string &path) {
  constexpr uint64_t limit = uint64_t(1) << 24;
  Expected<std::string> text = readRegularFile(path, limit);
  if (!text)
    return Error(text.error().getKind(),
                 text.error().message() + "; expected a file like lib/Target/gpu-boards.json");
  Expected<std::vector<GpuBoard>> read = parseGpuBoards(*text);
  if (!read)
    return read.takeError().in(path);
  std::span<const GpuBoard> builtIn = builtInGpuBoards();
  std::vector<GpuBoard> boards(builtIn.begin(), builtIn.end());
  for (GpuBoard &board : *read) {
    auto same = std::ranges::find(boards, board.name, &GpuBoard::name);
    if (same == boards.end())
      boards.push_back(std::move(board));
    else
      *same = std::move(board);
  }
  return boards;
}

Expected<const GpuBoard *> uwt::findGpuBoard(std::span<const GpuBoard> boards,
                                             std::string_view name) {
  std::vector<std::string_view> names;
  std::string known;
  for (const GpuBoard &board : boards) {
    if (board.name == name)
      return &board;
    names.push_back(board.name);
    known += (known.empty() ? "" : ", ") + board.name;
  }
  return usageError("unknown GPU board " + inQuotes(name) + didYouMean(name, names) +
                    "; boards are: " + known);
}
