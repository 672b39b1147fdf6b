//===- CompressReport.cpp - What compress tells ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompressReport.h"
#include "FormatOption.h"
#include "QuantizedReport.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Table.h"
#include "text/Text.h"
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sys/resource.h>
#include <tuple>

using namespace uwt;
using namespace uwt::tool;

namespace {

/// Sums over tensors of any type. Bounds are summed in bits, so that they can be averaged; a
/// tensor whose bounds were not measured counts as it is.
struct Sum {
  uint64_t tensors = 0, bytes = 0, stored = 0;
  /// Elements of tensors that are stored under their own name.
  uint64_t weights = 0;
  double jointBits = 0, exponentBits = 0;
  bool hasBounds = false;

  void add(const TensorReport &tensor);
};

} // namespace

uint64_t uwt::tool::peakMemoryBytes() {
  // ru_maxrss begins at the peak of the process that started this one.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

static uint64_t elementsOf(const TensorReport &tensor) {
  uint64_t elements = 1;
  for (uint64_t extent : tensor.shape)
    elements *= extent;
  return elements;
}

/// Bits an element below its word that are stored raw: they belong to both bounds.
static double lowBits(const TensorReport &tensor) {
  Expected<Format> format = Format::parse(tensor.format);
  uint64_t stored = tensor.planeBytes[numberOf(PlaneKind::Low)];
  if (!stored)
    return 0;
  if (format && format->lowHalves == LowHalves::TopBits)
    return format->lowBits;
  return bitsPer(stored, elementsOf(tensor));
}

void Sum::add(const TensorReport &tensor) {
  ++tensors;
  bytes += tensor.bytes;
  stored += tensor.storedBytes;
  if (!tensor.storedBytes && !tensor.isDifference)
    return;
  uint64_t count = elementsOf(tensor);
  weights += count;
  auto elements = static_cast<double>(count);
  double asItIs = 8 * static_cast<double>(tensor.storedBytes);
  hasBounds = hasBounds || tensor.bounds;
  jointBits += tensor.bounds ? (tensor.bounds->joint + lowBits(tensor)) * elements : asItIs;
  exponentBits += tensor.bounds ? (tensor.bounds->exponent + lowBits(tensor)) * elements : asItIs;
}

static std::vector<std::string> sumCells(const std::string &type, const Sum &sum,
                                         const std::string &format) {
  auto weights = static_cast<double>(sum.weights);
  bool hasBounds = sum.hasBounds && sum.weights;
  return {type,
          formatCount(sum.tensors),
          formatBytes(sum.bytes),
          formatBytes(sum.stored),
          sum.weights ? formatNumber(bitsPer(sum.stored, sum.weights), 3) : "",
          hasBounds ? formatNumber(sum.jointBits / weights, 3) : "",
          hasBounds ? formatNumber(sum.exponentBits / weights, 3) : "",
          format};
}

static std::string groupName(const TensorReport &tensor) {
  if (tensor.format.empty() && tensor.isDifference)
    return tensor.reason;
  if (tensor.format.empty())
    return tensor.storedBytes || !tensor.bytes ? "not compressed" : "same as another tensor";
  auto format = Format::parse(tensor.format);
  std::string_view kind = tensor.isDifference ? differencePrefix : "";
  return std::string(kind) + (format ? briefFormat(*format) : tensor.format);
}

static std::string groupTable(const Session &session, const CheckpointReport &report) {
  std::map<std::pair<std::string, std::string>, Sum> groups;
  Sum all;
  uint64_t headers = 0;
  for (const FileReport &file : report.weights) {
    headers += file.headerBytes;
    for (const TensorReport &tensor : file.tensors) {
      groups[{tensor.dtype, groupName(tensor)}].add(tensor);
      all.add(tensor);
    }
  }
  using Align = Table::Align;
  Table table({{"type", Align::Left, 6},
               {"tensors", Align::Right, 4},
               {"original", Align::Right, 3},
               {"stored"},
               {"bits", Align::Right, 5},
               {"entropy", Align::Right, 2},
               {"of exponents", Align::Right, 1},
               {"format", Align::Left, 0, true}});
  // Largest first.
  std::vector<std::pair<std::pair<std::string, std::string>, Sum>> sorted(groups.begin(),
                                                                          groups.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
    return std::tie(b.second.bytes, a.first) < std::tie(a.second.bytes, b.first);
  });
  for (const auto &[key, sum] : sorted)
    table.add(sumCells(key.first, sum, key.second));
  table.add({"", "", "", formatBytes(headers), "", "", "", "headers"});
  all.stored += headers;
  table.addTotal(sumCells("", all, "total"));
  return table.str(session);
}

static std::string formatCell(const TensorReport &tensor) {
  if (tensor.format.empty())
    return tensor.reason;
  return std::string(tensor.isDifference ? differencePrefix : "") + tensor.format;
}

static std::string tensorTable(const Session &session, const CheckpointReport &report) {
  using Align = Table::Align;
  Table table({{"tensor", Align::Left, 0, true},
               {"type", Align::Left, 3},
               {"stored"},
               {"bits", Align::Right, 4},
               {"entropy", Align::Right, 2},
               {"format", Align::Left, 1}});
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors) {
      std::string joint;
      if (tensor.bounds)
        joint = formatNumber(tensor.bounds->joint + lowBits(tensor), 3);
      table.add({tensor.name, tensor.dtype, formatBytes(tensor.storedBytes),
                 tensor.storedBytes
                     ? formatNumber(bitsPer(tensor.storedBytes, elementsOf(tensor)), 3)
                     : "",
                 joint, formatCell(tensor)});
    }
  return table.str(session);
}

/// A name with a star for each number in it: that of all layers.
static std::string patternOf(std::string_view name) {
  std::string pattern;
  for (size_t i = 0; i < name.size(); ++i) {
    bool isDigit = name[i] >= '0' && name[i] <= '9';
    bool begins = i == 0 || name[i - 1] == '.';
    size_t end = std::min(name.find_first_not_of("0123456789", i), name.size());
    if (isDigit && begins && (end == name.size() || name[end] == '.')) {
      pattern += '*';
      i = end - 1;
    } else {
      pattern += name[i];
    }
  }
  return pattern;
}

namespace {
/// Tensors of one pattern that were rounded.
struct RoundedTensors {
  uint64_t tensors = 0, fewestLeft = UINT64_MAX;
};
} // namespace

/// The names of what was rounded, with how many different values are left, and what was not.
static std::string roundedNames(const Session &session, const CheckpointReport &report) {
  constexpr size_t shown = 12;
  std::map<std::string, RoundedTensors> rounded;
  std::map<std::string, uint64_t> left;
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors) {
      if (!tensor.castReason.empty())
        ++left[tensor.castReason];
      if (tensor.castFrom.empty())
        continue;
      RoundedTensors &group = rounded[session.verbose() ? tensor.name : patternOf(tensor.name)];
      ++group.tensors;
      if (tensor.valuesLeft)
        group.fewestLeft = std::min(group.fewestLeft, tensor.valuesLeft);
    }
  std::string text;
  size_t lines = 0;
  for (const auto &[name, group] : rounded) {
    if (++lines > shown && !session.verbose())
      continue;
    text += "  rounded: " + printable(name);
    if (group.tensors > 1)
      text += ", " + plural(group.tensors, "tensor");
    if (group.fewestLeft != UINT64_MAX)
      text += (group.tensors > 1 ? ", at least " : ", ") +
              plural(group.fewestLeft, "different value") + " left";
    text += "\n";
  }
  if (lines > shown && !session.verbose())
    text += "  and " + plural(lines - shown, "name") + " more: -v and --json list them\n";
  for (const auto &[reason, tensors] : left)
    text += "  not rounded: " + plural(tensors, "tensor") + ", " + reason +
            (reason == "rank below 2" ? " (--cast-vectors rounds them)" : "") + "\n";
  return text;
}

/// What rounding lost, and what of the saving is its own.
static std::string castText(const Session &session, const CheckpointReport &report,
                            bool estimated) {
  const CastLoss &cast = report.cast;
  if (!cast.tensors)
    return roundedNames(session, report);
  std::string text = std::string(estimated ? "samples " : "") +
                     "rounded to BF16: " + formatCount(cast.changed) + " of " +
                     formatCount(cast.elements) + " weights in " + plural(cast.tensors, "tensor") +
                     " changed, largest relative error " + formatSmall(cast.maxRelativeError);
  if (cast.overflowed)
    text += ", " + formatCount(cast.overflowed) + " became infinite";
  return text + "\n" + roundedNames(session, report) + formatBytes(report.inputBytes) + " -> " +
         formatBytes(report.originalBytes) + " by rounding, -> " + formatBytes(report.outputBytes) +
         " by compression (" + formatChange(report.originalBytes, report.outputBytes) + ")\n";
}

/// Lists the tensors that are not stored against the base model, with the reason.
static std::string withoutBaseText(const Session &session, const CheckpointReport &report) {
  constexpr size_t shown = 12;
  std::string text;
  size_t tensors = 0;
  uint64_t bytes = 0;
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors) {
      if (tensor.baseReason.empty())
        continue;
      bytes += tensor.storedBytes;
      if (++tensors <= shown || session.verbose())
        text += "  " + printable(tensor.name) + ": " + printable(tensor.baseReason) + "\n";
    }
  if (tensors == 0)
    return "";
  if (tensors > shown && !session.verbose())
    text += "  and " + plural(tensors - shown, "tensor") + " more: -v and --json list them\n";
  return plural(tensors, "tensor") + " not stored against the base model, " + formatBytes(bytes) +
         " of the output:\n" + text;
}

/// Whether it is of some of the weight files only.
static bool isPart(const CompressOutcome &outcome) {
  return !outcome.shard.empty() && outcome.shard != "finish";
}

/// Who can read the output, and how to get back what was compressed.
static std::string closingNote(const CompressOutcome &outcome) {
  std::string_view name = outcome.output;
  if (isPart(outcome))
    return "'uwt compress " + printable(outcome.input) + " -o " + printable(name) +
           " --shard finish', with the same options, writes the rest when all shards are done";
  bool isNamed = name.ends_with("-uwt") || name.ends_with(compressedEnding);
  return std::string("loaders without the Python package uwt cannot read this ") +
         (pathIsFolder(outcome.input) ? "folder" : "file") + "; 'uwt decompress " +
         printable(name) + (isNamed ? "" : " -o NAME") + "' gives the " +
         (outcome.report.cast.tensors ? "rounded" : "original") +
         (pathIsFolder(outcome.input) ? " files back" : " file back");
}

static std::string listed(std::string_view what, const std::vector<std::string> &paths) {
  std::string text;
  for (size_t i = 0; i < paths.size() && i < 8; ++i)
    text += (i ? ", " : "") + printable(paths[i]);
  if (paths.size() > 8)
    text += ", and " + std::to_string(paths.size() - 8) + " more";
  return paths.empty() ? "" : std::string(what) + ": " + text + "\n";
}

static uint64_t countTakenByTime(const CheckpointReport &report) {
  uint64_t count = 0;
  for (const FileReport &file : report.weights)
    count += file.takenByTime;
  return count;
}

static std::string otherFiles(const CheckpointReport &report) {
  uint64_t skipped = 0, takenByTime = countTakenByTime(report);
  for (const FileReport &file : report.weights)
    skipped += file.skipped && !file.takenByTime;
  std::string text = listed("copied", report.carried) +
                     listed("changed (decompress restores the original)", report.rewritten) +
                     listed("left out (decompress cannot restore it)", report.leftOut);
  if (skipped)
    text += plural(skipped, "file") + " of an earlier run checked and kept\n";
  if (takenByTime)
    text += plural(takenByTime, "file") + " of shards taken by " +
            (takenByTime == 1 ? "its time" : "their times") +
            ", not compared: written after the source had last changed\n";
  // A file that was there is gone: its name is said in full.
  for (const std::string &path : report.removed)
    text += "removed, of the model that was replaced: " + printable(path) + "\n";
  return text;
}

namespace {
/// Tensors that stay raw for one reason.
struct UncodedTensors {
  std::set<std::string> types;
  uint64_t bytes = 0;

  void add(const TensorReport &tensor) {
    types.insert(tensor.dtype);
    bytes += tensor.bytes;
  }
  bool isMuchOf(uint64_t all) const { return bytes != 0 && bytes >= all / 20; }
  /// "12 MB of I32, U8".
  std::string str() const {
    std::string names;
    for (const std::string &type : types)
      names += (names.empty() ? "" : ", ") + type;
    return formatBytes(bytes) + " of " + names;
  }
};
} // namespace

/// What is not compressed, and why, where it is much of the weights.
static std::string uncodedText(const CheckpointReport &report) {
  UncodedTensors untold, hopeless;
  uint64_t all = 0;
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors) {
      all += tensor.bytes;
      std::optional<ElementType> element = storedElementType(tensor.dtype);
      if (!element)
        untold.add(tensor);
      else if (getTraits(*element).signBits == 0 && tensor.reason == wouldNotBeSmaller)
        hopeless.add(tensor);
    }
  std::string text;
  if (untold.isMuchOf(all))
    text += untold.str() + " are stored as they are: there are codes for BF16, F16, F32, F8 and "
                           "integers only\n";
  if (hopeless.isMuchOf(all))
    text += hopeless.str() + " are stored as they are: codes of their bytes would save nothing\n";
  return text;
}

/// What became of each tensor.
static PartSizes partSizes(const CheckpointReport &report) {
  PartSizes sizes;
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors) {
      PartSize &size = sizes[tensor.name];
      size.stored = tensor.storedBytes;
      if (tensor.bounds)
        size.entropyBits =
            (tensor.bounds->joint + lowBits(tensor)) * static_cast<double>(elementsOf(tensor));
      else if (tensor.format.empty())
        size.entropyBits = 8 * static_cast<double>(tensor.storedBytes);
    }
  return sizes;
}

static bool hasTensors(const CheckpointReport &report) {
  for (const FileReport &file : report.weights)
    if (!file.tensors.empty())
      return true;
  return false;
}

void uwt::tool::printCompressSummary(Session &session, const CompressOutcome &outcome) {
  const CheckpointReport &report = outcome.report;
  std::string text;
  if (session.verbose() && hasTensors(report))
    text += tensorTable(session, report) + "\n";
  if (hasTensors(report))
    text += groupTable(session, report) + "\n";
  std::string rest = uncodedText(report) + castText(session, report, outcome.estimated) +
                     withoutBaseText(session, report) + otherFiles(report);
  if (outcome.quantized)
    rest += quantizedText(*outcome.quantized, partSizes(report));
  double rate = outcome.seconds > 0 ? static_cast<double>(report.inputBytes) / outcome.seconds : 0;
  if (isPart(outcome))
    rest += "shard " + outcome.shard + ", " + plural(report.weights.size(), "file") + ": ";
  rest += printable(outcome.input) + (outcome.dryRun ? " would become " : " -> ") +
          (outcome.estimated ? "about " : "") + printable(outcome.output) + ": " +
          formatChange(report.inputBytes, report.outputBytes) +
          (report.cast.tensors        ? ", rounded"
           : countTakenByTime(report) ? ""
                                      : ", bit for bit") +
          " (" + formatBytes(report.inputBytes) + " -> " + formatBytes(report.outputBytes) + ")\n";
  rest +=
      formatNumber(outcome.seconds, 2) + " s, " + formatBytes(static_cast<uint64_t>(rate)) +
      "/s, peak memory " + formatBytes(peakMemoryBytes()) +
      (outcome.estimated ? "; estimated from " + formatBytes(report.sampledBytes) + " of samples"
                         : "") +
      (outcome.dryRun ? "; nothing was written" : "\n" + closingNote(outcome)) + "\n";
  session.print(text + session.wrapped(rest));
}

static Json tensorJson(const TensorReport &tensor) {
  Json object = {{"name", tensor.name},
                 {"dtype", tensor.dtype},
                 {"shape", tensor.shape},
                 {"bytes", tensor.bytes},
                 {"stored_bytes", tensor.storedBytes}};
  object["format"] = tensor.format.empty() ? Json() : Json(tensor.format);
  object["difference"] = tensor.isDifference;
  object["base"] = tensor.base.empty() ? Json() : Json(tensor.base);
  if (!tensor.baseReason.empty())
    object["no_base"] = tensor.baseReason;
  if (!tensor.castFrom.empty()) {
    object["cast_from"] = tensor.castFrom;
    object["cast_changed"] = tensor.castChanged;
    object["values_left"] = tensor.valuesLeft ? Json(tensor.valuesLeft) : Json();
  }
  if (!tensor.castReason.empty())
    object["not_cast"] = tensor.castReason;
  object["reason"] = tensor.reason.empty() ? Json() : Json(tensor.reason);
  object["bits_per_weight"] = bitsPer(tensor.storedBytes, elementsOf(tensor));
  if (tensor.bounds) {
    object["joint_entropy"] = tensor.bounds->joint + lowBits(tensor);
    object["exponent_entropy"] = tensor.bounds->exponent + lowBits(tensor);
  }
  object["escapes"] = tensor.escapes;
  object["panels"] = tensor.panels;
  object["panels_as_words"] = tensor.panelsAsWords;
  return object;
}

static Json fileJson(const FileReport &file) {
  Json object = {{"input", file.input},
                 {"output", file.output},
                 {"input_bytes", file.inputBytes},
                 {"original_bytes", file.originalBytes},
                 {"output_bytes", file.outputBytes},
                 {"header_bytes", file.headerBytes},
                 {"compressed_tensors", file.compressedTensors},
                 {"raw_tensors", file.rawTensors},
                 {"shared_tensors", file.sharedTensors},
                 {"differences", file.differences},
                 {"equal_tensors", file.equalTensors},
                 {"skipped", file.skipped},
                 {"taken_by_time", file.takenByTime}};
  object["tensors"] = Json::array();
  for (const TensorReport &tensor : file.tensors)
    object["tensors"].push_back(tensorJson(tensor));
  return object;
}

void uwt::tool::printCompressJson(Session &session, const CompressOutcome &outcome) {
  const CheckpointReport &report = outcome.report;
  Json result = schemaObject("compress");
  result["input"] = outcome.input;
  result["output"] = outcome.output;
  result["format"] = outcome.format;
  result["shard"] = outcome.shard.empty() ? Json() : Json(outcome.shard);
  result["dry_run"] = outcome.dryRun;
  result["estimated"] = outcome.estimated;
  result["sampled_bytes"] = report.sampledBytes;
  result["seconds"] = outcome.seconds;
  result["peak_memory_bytes"] = peakMemoryBytes();
  result["input_bytes"] = report.inputBytes;
  result["original_bytes"] = report.originalBytes;
  result["output_bytes"] = report.outputBytes;
  if (report.cast.tensors)
    result["cast"] = {{"type", "bf16"},
                      {"tensors", report.cast.tensors},
                      {"elements", report.cast.elements},
                      {"changed", report.cast.changed},
                      {"overflowed", report.cast.overflowed},
                      {"max_relative_error", report.cast.maxRelativeError}};
  result["carried"] = report.carried;
  result["rewritten"] = report.rewritten;
  result["left_out"] = report.leftOut;
  result["removed"] = report.removed;
  result["warnings"] = report.warnings;
  result["notes"] = report.notes;
  result["note"] = outcome.dryRun ? Json() : Json(closingNote(outcome));
  if (outcome.quantized && outcome.quantized->isKnown())
    result["quantized"] = quantizedGroupsJson(*outcome.quantized, partSizes(report));
  result["files"] = Json::array();
  for (const FileReport &file : report.weights)
    result["files"].push_back(fileJson(file));
  printJson(session, result);
}
