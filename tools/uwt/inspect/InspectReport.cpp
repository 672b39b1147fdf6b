//===- InspectReport.cpp - What inspect tells on a terminal ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InspectReport.h"
#include "../FormatOption.h"
#include "../QuantizedReport.h"
#include "../text/Names.h"
#include "../text/Table.h"
#include "../text/Text.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Container/Compress.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <map>

using namespace uwt;
using namespace uwt::tool;

InspectionSum uwt::tool::sumOf(const Inspection &inspection) {
  InspectionSum sum;
  double exponent = 0, joint = 0;
  bool hasValues = false;
  for (const TensorFacts &tensor : inspection.tensors) {
    const TensorEntry &entry = *tensor.entry;
    ++sum.tensors;
    sum.compressed +=
        (entry.compressed() || entry.isPacked() || entry.bundle) && entry.sameAs.empty();
    sum.elements += tensor.elements;
    sum.bytes += entry.bytes;
    sum.stored += entry.storedBytes;
    if (!entry.sameAs.empty())
      continue;
    sum.storedElements += tensor.elements;
    auto elements = static_cast<double>(tensor.elements);
    double asItIs = 8 * static_cast<double>(entry.storedBytes);
    exponent += tensor.values ? tensor.values->bounds.exponent * elements : asItIs;
    joint += tensor.values ? tensor.values->bounds.joint * elements : asItIs;
    hasValues = hasValues || tensor.values;
    sum.notMeasured += tensor.values ? 0 : entry.storedBytes;
  }
  if (hasValues && sum.storedElements) {
    auto elements = static_cast<double>(sum.storedElements);
    sum.bounds = EntropyBounds{exponent / elements, joint / elements};
  }
  return sum;
}

std::string uwt::tool::compactShape(std::span<const uint64_t> shape) {
  std::string text;
  for (uint64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return shape.empty() ? "scalar" : text;
}

namespace {
/// How much of a tensor its row tells.
struct RowStyle {
  /// Formats with everything that differs from the defaults.
  bool isFull;
  /// Columns for the name of the tensor that has the same bytes.
  size_t sameNameWidth;
};
} // namespace

/// The format of a tensor, or of the bundle that it is in; null for raw ones.
static const Format *formatOf(const TensorEntry &entry) {
  const Boxed<Format> &format = entry.bundle ? entry.bundle->format : entry.format;
  return format ? &*format : nullptr;
}

static std::string formatCell(const TensorEntry &entry, RowStyle style) {
  if (!entry.sameAs.empty())
    return "= " + cutMiddle(entry.sameAs, style.sameNameWidth);
  const Format *format = formatOf(entry);
  if (entry.isPacked())
    return std::string(packedName);
  if (!format)
    return entry.isDifference() ? "= base model" : "-";
  std::string kind(entry.isDifference() ? differencePrefix : "");
  std::string text = format->str();
  // The codec or its short name; a comma inside <...> is part of it.
  size_t parameters = text.find('>');
  size_t comma = text.find(',', parameters == std::string::npos ? 0 : parameters);
  return kind + (style.isFull ? text : text.substr(0, comma));
}

static std::vector<std::string> row(const TensorFacts &tensor, RowStyle style) {
  const TensorEntry &entry = *tensor.entry;
  bool isStored = entry.sameAs.empty() && tensor.elements;
  return {entry.name,
          std::string(entry.dtype->name),
          compactShape(entry.shape),
          formatBytes(entry.storedBytes),
          isStored ? formatNumber(tensor.bits(), 3) : "",
          tensor.values ? formatNumber(tensor.values->bounds.joint, 3) : "",
          tensor.values ? formatNumber(tensor.values->bounds.exponent, 3) : "",
          formatCell(entry, style)};
}

static Table tensorTable(const Inspection &inspection, RowStyle style) {
  using Align = Table::Align;
  Table table({{"tensor", Align::Left, 0, true},
               {"type", Align::Left, 5},
               {"shape", Align::Left, 4},
               {"stored"},
               {"bits", Align::Right, 6},
               {"entropy", Align::Right, 3},
               {"of exponents", Align::Right, 1},
               {"format", Align::Left, 2}});
  for (const TensorFacts &tensor : inspection.tensors)
    table.add(row(tensor, style));
  InspectionSum sum = sumOf(inspection);
  bool hasElements = sum.storedElements > 0;
  table.addTotal({plural(sum.tensors, "tensor"), "", "", formatBytes(sum.stored),
                  hasElements ? formatNumber(bitsPer(sum.stored, sum.storedElements), 3) : "",
                  sum.bounds ? formatNumber(sum.bounds->joint, 3) : "",
                  sum.bounds ? formatNumber(sum.bounds->exponent, 3) : ""});
  return table;
}

/// Returns what is to be known of names before one of them is read.
static std::string namesText(const Checkpoint &model) {
  std::string text;
  for (const std::string &remark : model.remarks())
    text += printable(remark) + "\n";
  for (const Checkpoint::Alias &alias : model.aliases())
    text += inQuotes(alias.name) + " is another name of " + inQuotes(alias.entry->name) + "\n";
  return text;
}

static std::string filesText(const Inspection &inspection) {
  std::string text;
  uint64_t fileBytes = 0;
  bool any = false;
  StoredBytes stored;
  uint64_t originals = 0;
  for (const Container *each : inspection.files) {
    const Container &file = *each;
    originals += std::min(file.originalBytes(), UINT64_MAX - originals);
    stored.add(file);
    fileBytes += file.fileBytes();
    any = any || file.isContainer();
    if (file.savedAgain())
      text += printable(file.path()) +
              ": another tool has written its header anew; contents are intact\n";
    if (!file.baseFiles().empty())
      text += printable(file.path()) + ": holds differences from " +
              printable(describeBase(file.baseFiles())) + "\n";
  }
  text += namesText(*inspection.model);
  uint64_t count = inspection.files.size();
  std::string files = count == 1 ? "" : " in " + plural(count, "file");
  if (!any)
    return printable(inspection.path) + ": plain safetensors" + files + ", " +
           formatBytes(fileBytes) + "\n" + text;
  return printable(inspection.path) + ": compressed" + files + ", " +
         formatChange(originals, fileBytes) + " (" + formatBytes(originals) + " -> " +
         formatBytes(fileBytes) + ")\n" + text +
         storedBytesText(stored, sumOf(inspection).storedElements);
}

/// Which tensors have values of a narrower type, a line for each pair of types.
static std::string heldText(const Inspection &inspection) {
  struct Held {
    uint64_t tensors = 0, weights = 0;
  };
  std::map<std::pair<std::string_view, std::string_view>, Held> all, byRow;
  for (const TensorFacts &tensor : inspection.tensors) {
    if (!tensor.values)
      continue;
    const HeldRows &inRows = tensor.values->heldRows;
    bool isHeld = !tensor.values->held.name.empty();
    if (!isHeld && inRows.rows == 0)
      continue;
    Held &held =
        (isHeld
             ? all
             : byRow)[{tensor.entry->dtype->name, isHeld ? tensor.values->held.name : inRows.name}];
    ++held.tensors;
    held.weights += isHeld ? tensor.elements : tensor.elements / inRows.ofRows * inRows.rows;
  }
  std::string text;
  auto add = [&](const auto &found, const std::string &what) {
    for (const auto &[types, held] : found)
      text += std::string(types.first) + " with " + what + std::string(types.second) +
              " values: " + plural(held.tensors, "tensor") + ", " + plural(held.weights, "weight") +
              "\n";
  };
  add(all, "");
  add(byRow, "rows of ");
  return text;
}

/// What plain weights would take at their entropy: said before anything is compressed.
static std::string outlook(const Inspection &inspection) {
  InspectionSum sum = sumOf(inspection);
  if (!sum.bounds || sum.compressed)
    return {};
  auto bytes =
      static_cast<uint64_t>(sum.bounds->joint / 8 * static_cast<double>(sum.storedElements));
  std::string text = "compressed, this could be " + formatChange(sum.stored, bytes) + " (" +
                     formatBytes(sum.stored) + " -> " + formatBytes(bytes) +
                     "); 'uwt compress --dry-run' gives the exact size\n";
  if (sum.notMeasured > sum.stored / 100)
    text += formatBytes(sum.notMeasured) +
            " of it are of types that are neither measured nor compressed\n";
  return text;
}

/// What each part of the coding saves.
static std::string savingsText(const Inspection &inspection) {
  // Bits of the tensors that are coded: as they are, at their entropies, and stored.
  double original = 0, exponent = 0, joint = 0, stored = 0, elements = 0;
  uint64_t byBase = 0;
  for (const TensorFacts &tensor : inspection.tensors) {
    const TensorEntry &entry = *tensor.entry;
    if (entry.isDifference()) {
      byBase += entry.bytes - std::min(entry.bytes, entry.storedBytes);
      continue;
    }
    if (!entry.sameAs.empty() || !formatOf(entry) || !tensor.values)
      continue;
    auto count = static_cast<double>(tensor.elements);
    elements += count;
    original += 8 * static_cast<double>(entry.bytes);
    exponent += tensor.values->bounds.exponent * count;
    joint += tensor.values->bounds.joint * count;
    stored += 8 * static_cast<double>(entry.storedBytes);
  }
  std::string text;
  if (elements > 0) {
    auto each = [&](double bits) { return formatNumber(bits / elements, 3); };
    text = "codes of exponents save " + each(original - exponent) + " of " + each(original) +
           " bits a weight, the other bits in them " + each(exponent - joint);
    text += joint >= stored
                ? ", what rows, columns and low halves say " + each(joint - stored)
                : "; whole bits of code words, tables and padding take " + each(stored - joint);
    text += "\n";
  }
  if (byBase)
    text += "the base model saves " + formatBytes(byBase) + "\n";
  return text;
}

/// What is known of each tensor.
static PartSizes partSizes(const Inspection &inspection) {
  PartSizes sizes;
  for (const TensorFacts &tensor : inspection.tensors) {
    PartSize &size = sizes[tensor.entry->name];
    size.stored = tensor.entry->storedBytes;
    if (tensor.values)
      size.entropyBits = tensor.values->bounds.joint * static_cast<double>(tensor.elements);
  }
  return sizes;
}

std::string uwt::tool::legendText(const Session &session, const Inspection &inspection) {
  // Of more rows than this, nobody sees the first on a terminal.
  constexpr size_t manyRows = 100;
  bool hasBounds = sumOf(inspection).bounds.has_value();
  std::string text = "bits are those stored for a weight";
  text += hasBounds ? ", entropy the fewest that a code for single weights needs\n" : "\n";
  text += savingsText(inspection) + heldText(inspection) + outlook(inspection);
  if (!inspection.isShard)
    text += quantizedText(*inspection.quantized, partSizes(inspection));
  if (session.outputIsTerminal() && inspection.tensors.size() > manyRows)
    text += "--summary prints a line for each kind of tensor, --by-layer one for each layer\n";
  return session.wrapped(text);
}

std::string uwt::tool::headText(const Inspection &inspection) {
  return inspection.isShard ? "" : filesText(inspection) + "\n";
}

void uwt::tool::printInspection(Session &session, const Inspection &inspection) {
  bool isFull = session.verbose();
  Table table =
      tensorTable(inspection, {isFull, session.outputIsTerminal() && !isFull ? 18 : SIZE_MAX});
  session.print(headText(inspection) + (isFull ? table.str(SIZE_MAX) : table.str(session)) + "\n" +
                legendText(session, inspection));
}

std::string uwt::tool::fieldText(std::string_view label, const std::string &value) {
  std::string padded(label);
  padded.resize(18, ' ');
  return "  " + padded + value + "\n";
}

std::string uwt::tool::barsText(const Bars &bars) {
  uint64_t all = 0, most = 1;
  size_t width = 3;
  for (const auto &[label, count] : bars) {
    all += count;
    most = std::max(most, count);
    width = std::max(width, label.size());
  }
  std::string text;
  for (const auto &[label, count] : bars) {
    std::string share = formatPercent(static_cast<double>(count) / static_cast<double>(all), 2);
    text += "    " + std::string(width - label.size(), ' ') + label + "  " +
            std::string(9 - std::min<size_t>(9, share.size()), ' ') + share + "  " +
            std::string(1 + 50 * count / most, '#') + "\n";
  }
  return text;
}

/// Exponents as bars; those with less than a thousandth of the largest share a line.
static std::string exponentText(const ValueFacts &values) {
  uint64_t most = 1, rare = 0, rareKinds = 0;
  for (auto [exponent, count] : values.exponents)
    most = std::max(most, count);
  Bars bars;
  for (auto [exponent, count] : values.exponents) {
    if (count < most / 1000) {
      rare += count;
      ++rareKinds;
      continue;
    }
    bars.emplace_back(std::to_string(exponent), count);
  }
  std::string text = barsText(bars);
  if (rareKinds)
    text += "    and " + plural(rareKinds, "rarer value") + " in " + plural(rare, "weight") + "\n";
  return text;
}

static std::string boundsText(const TensorFacts &tensor) {
  const ValueFacts &values = *tensor.values;
  auto against = [&](double bound) {
    std::string text = formatNumber(bound, 4) + " bits a weight";
    if (bound > 0 && tensor.entry->compressed()) {
      double share = tensor.bits() / bound - 1;
      text += ", stored is " + std::string(share >= 0 ? "+" : "") + formatPercent(share, 2);
    }
    return text;
  };
  std::string entropy = fieldText("entropy", against(values.bounds.joint));
  if (values.exponents.empty())
    return entropy;
  if (!values.held.name.empty())
    entropy += fieldText("values", "those of " + std::string(values.held.name) +
                                       (values.held.isScaled ? ", times a power of two" : ""));
  const HeldRows &rows = values.heldRows;
  if (rows.rows != 0)
    entropy +=
        fieldText("values", "those of " + std::string(rows.name) + " in " + formatCount(rows.rows) +
                                " of " + plural(rows.ofRows, "row"));
  return entropy + fieldText("  of exponents", against(values.bounds.exponent)) +
         fieldText("zeros", formatCount(values.zeros)) +
         fieldText("subnormals", formatCount(values.subnormals));
}

static std::string panelsText(const TensorFacts &tensor) {
  std::string text = fieldText("escapes", formatCount(tensor.escapes)) +
                     fieldText("panels", formatCount(tensor.panels.size()) + ", " +
                                             formatCount(tensor.panelsAsWords) + " not coded");
  auto most = std::max_element(
      tensor.panels.begin(), tensor.panels.end(),
      [](const PanelFacts &a, const PanelFacts &b) { return a.escapes < b.escapes; });
  if (tensor.escapes)
    text += fieldText("most escapes", formatCount(most->escapes) + " in panel " +
                                          std::to_string(most - tensor.panels.begin()));
  return text;
}

/// Describes the tensor that a difference is from: "of this name", or its name, dtype and rows.
static std::string originText(const TensorEntry &entry) {
  if (!entry.baseSource)
    return "of this name";
  const BaseSource &source = *entry.baseSource;
  std::string text = printable(source.name);
  if (source.dtype != entry.dtype)
    text += ", cast from " + std::string(source.dtype->name);
  for (const BaseRows &run : source.rows)
    text += ", rows " + std::to_string(run.base) + ":" + std::to_string(run.base + run.count) +
            " as " + std::to_string(run.own) + ":" + std::to_string(run.own + run.count);
  return text;
}

static std::string detailText(const Session &session, const Inspection &inspection,
                              const TensorFacts &tensor) {
  const TensorEntry &entry = *tensor.entry;
  std::string text = session.bold(printable(entry.name)) + "\n";
  text += fieldText("file", inspection.files[tensor.file]->path());
  text +=
      fieldText("type, shape", std::string(entry.dtype->name) + ", " + formatShape(entry.shape));
  if (!entry.sameAs.empty())
    return text + fieldText("same bytes as", printable(entry.sameAs));
  if (entry.isDifference())
    text += fieldText("base model", std::string(entry.format ? "differences from" : "equal to") +
                                        " its tensor " + originText(entry));
  const Format *format = formatOf(entry);
  text += fieldText("format", entry.isPacked() ? "packed: zeros and repeats are left out"
                              : format         ? format->fullStr()
                                               : "not compressed");
  text += fieldText("original", formatCount(entry.bytes) + " B");
  if (entry.members > 1)
    text += fieldText("stacked", "tensor " + formatCount(entry.member + 1) + " of " +
                                     formatCount(entry.members) +
                                     " that are stored as one, under " + printable(entry.stack));
  if (entry.bundle)
    text +=
        fieldText("bundled", "tensor " + formatCount(entry.bundleNumber + 1) + " of " +
                                 formatCount(entry.bundle->bundled) +
                                 " that are stored as one, under " + printable(entry.bundle->name));
  text += fieldText("stored", formatCount(entry.storedBytes) + " B, " +
                                  formatNumber(tensor.bits(), 4) + " bits a weight");
  for (unsigned kind = 0; kind < planeKinds && (entry.format || entry.isPacked()); ++kind)
    if (entry.planeBytes[kind])
      text += fieldText("  plane " + std::string(planeName(static_cast<PlaneKind>(kind))),
                        formatCount(entry.planeBytes[kind]) + " B");
  if (!entry.sha256.empty())
    text += fieldText("sha256", entry.sha256);
  if (tensor.values)
    text += boundsText(tensor);
  if (entry.format)
    text += panelsText(tensor);
  if (tensor.values && !tensor.values->exponents.empty())
    text += "  exponents\n" + exponentText(*tensor.values);
  return text;
}

void uwt::tool::printDetails(Session &session, const Inspection &inspection) {
  std::string text;
  for (const TensorFacts &tensor : inspection.tensors)
    text += (text.empty() ? "" : "\n") + detailText(session, inspection, tensor);
  for (const QuantizedFacts &facts : inspection.quantizedFacts)
    text += (text.empty() ? "" : "\n") + quantizedDetailText(facts);
  session.print(text);
}
