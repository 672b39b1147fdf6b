//===- InspectReport.cpp - What inspect tells on a terminal ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InspectReport.h"
#include "Table.h"
#include "Text.h"
#include <algorithm>

using namespace uwt;

InspectionSum uwt::sumOf(const Inspection &inspection) {
  InspectionSum sum;
  double exponent = 0, joint = 0;
  for (const TensorFacts &tensor : inspection.tensors) {
    ++sum.tensors;
    sum.compressed += tensor.entry->compressed() && tensor.entry->sameAs.empty();
    sum.elements += tensor.elements;
    sum.bytes += tensor.entry->bytes;
    sum.stored += tensor.entry->storedBytes;
    if (!tensor.values)
      continue;
    sum.countedElements += tensor.elements;
    sum.countedStored += tensor.entry->storedBytes;
    exponent += tensor.values->bounds.exponent * static_cast<double>(tensor.elements);
    joint += tensor.values->bounds.joint * static_cast<double>(tensor.elements);
  }
  if (sum.countedElements) {
    sum.bounds.exponent = exponent / static_cast<double>(sum.countedElements);
    sum.bounds.joint = joint / static_cast<double>(sum.countedElements);
  }
  return sum;
}

static std::string compactShape(std::span<const uint64_t> shape) {
  std::string text;
  for (uint64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return shape.empty() ? "scalar" : text;
}

static std::string formatCell(const TensorEntry &entry, bool full) {
  if (!entry.sameAs.empty())
    return "= " + (full ? entry.sameAs : shortened(entry.sameAs, 18));
  if (!entry.format)
    return "-";
  std::string text = entry.format->str();
  // The codec or its short name; a comma inside <...> is part of it.
  size_t parameters = text.find('>');
  size_t comma = text.find(',', parameters == std::string::npos ? 0 : parameters);
  return full ? text : text.substr(0, comma);
}

static std::vector<std::string> row(const TensorFacts &tensor, size_t nameColumns, bool full) {
  const TensorEntry &entry = *tensor.entry;
  bool isStored = entry.sameAs.empty() && tensor.elements;
  return {full ? entry.name : shortened(entry.name, nameColumns),
          std::string(entry.dtype->name),
          compactShape(entry.shape),
          formatBytes(entry.storedBytes),
          isStored ? formatNumber(tensor.bits(), 3) : "",
          tensor.values ? formatNumber(tensor.values->bounds.joint, 3) : "",
          tensor.values ? formatNumber(tensor.values->bounds.exponent, 3) : "",
          formatCell(entry, full)};
}

static Table tensorTable(const Inspection &inspection, size_t nameColumns, bool full) {
  using Align = Table::Align;
  Table table({{"tensor", Align::Left},
               {"type", Align::Left},
               {"shape", Align::Left},
               {"stored"},
               {"bits"},
               {"joint"},
               {"exponent"},
               {"format", Align::Left}});
  for (const TensorFacts &tensor : inspection.tensors)
    table.add(row(tensor, nameColumns, full));
  InspectionSum sum = sumOf(inspection);
  bool counted = sum.countedElements > 0;
  table.addTotal({plural(sum.tensors, "tensor"), "", "", formatBytes(sum.stored),
                  counted ? formatNumber(bitsPer(sum.countedStored, sum.countedElements), 3) : "",
                  counted ? formatNumber(sum.bounds.joint, 3) : "",
                  counted ? formatNumber(sum.bounds.exponent, 3) : ""});
  return table;
}

/// Columns that are left for names where the table shall fit `tableColumns`.
static size_t nameColumns(const Inspection &inspection, size_t tableColumns) {
  constexpr size_t least = 16;
  size_t shape = 5, format = 6;
  for (const TensorFacts &tensor : inspection.tensors) {
    shape = std::max(shape, compactShape(tensor.entry->shape).size());
    format = std::max(format, formatCell(*tensor.entry, false).size());
  }
  // Widest type, stored, bits, joint, exponent, and seven gaps.
  size_t others = 7 + shape + 7 + 6 + 6 + 8 + format + 14;
  return others + least > tableColumns ? least : tableColumns - others;
}

static std::string filesText(const Inspection &inspection) {
  std::string text;
  uint64_t fileBytes = 0, originals = 0;
  bool any = false;
  for (const Container &file : inspection.model->files()) {
    fileBytes += file.fileBytes();
    originals += std::min(file.originalBytes(), UINT64_MAX - originals);
    any = any || file.isContainer();
    if (file.savedAgain())
      text += printable(file.path()) +
              ": another tool has written its header anew; contents are intact\n";
  }
  uint64_t count = inspection.model->files().size();
  std::string files = count == 1 ? "" : " in " + plural(count, "file");
  if (!any)
    return printable(inspection.path) + ": plain safetensors" + files + ", " +
           formatBytes(fileBytes) + "\n" + text;
  double share = originals ? static_cast<double>(fileBytes) / static_cast<double>(originals) : 1;
  return printable(inspection.path) + ": compressed" + files + ", " + formatBytes(originals) +
         " -> " + formatBytes(fileBytes) + " (" + formatPercent(share) + ")\n" + text;
}

/// What plain weights would take at the joint entropy: said before anything is compressed.
static std::string outlook(const Inspection &inspection) {
  InspectionSum sum = sumOf(inspection);
  if (!sum.countedElements || sum.compressed)
    return {};
  auto bytes =
      static_cast<uint64_t>(sum.bounds.joint / 8 * static_cast<double>(sum.countedElements));
  return "at their joint entropy these weights would take " + formatBytes(bytes) + " of " +
         formatBytes(sum.countedStored) + ";\n'uwt compress --dry-run' says what it gets to\n";
}

void uwt::printInspection(Session &session, const Inspection &inspection) {
  std::string text = inspection.isPart ? "" : filesText(inspection) + "\n";
  size_t names = nameColumns(inspection, session.outputColumns());
  Table table = tensorTable(inspection, names, session.verbose());
  text += table.str(session) + "\n";
  text +=
      "bits, joint and exponent entropy a weight; '-' is stored as it was\n" + outlook(inspection);
  session.print(text);
}

static std::string field(std::string_view label, const std::string &value) {
  std::string padded(label);
  padded.resize(18, ' ');
  return "  " + padded + value + "\n";
}

/// Exponents as bars; those with less than a thousandth of the largest share a line.
static std::string exponentText(const ValueFacts &values) {
  uint64_t all = 0, most = 1, rare = 0, rareKinds = 0;
  for (uint64_t count : values.exponents) {
    all += count;
    most = std::max(most, count);
  }
  std::string text;
  for (size_t i = 0; i < values.exponents.size(); ++i) {
    uint64_t count = values.exponents[i];
    if (count == 0)
      continue;
    if (count < most / 1000) {
      rare += count;
      ++rareKinds;
      continue;
    }
    std::string label = std::to_string(i);
    std::string share = formatPercent(static_cast<double>(count) / static_cast<double>(all), 2);
    text += "    " + std::string(3 - std::min<size_t>(3, label.size()), ' ') + label + "  " +
            std::string(9 - std::min<size_t>(9, share.size()), ' ') + share + "  " +
            std::string(1 + 50 * count / most, '#') + "\n";
  }
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
  return field("joint entropy", against(values.bounds.joint)) +
         field("exponent entropy", against(values.bounds.exponent)) +
         field("zeros", formatCount(values.zeros)) +
         field("subnormals", formatCount(values.subnormals));
}

static std::string panelsText(const TensorFacts &tensor) {
  std::string text = field("escapes", formatCount(tensor.escapes)) +
                     field("panels", formatCount(tensor.panels.size()) + ", " +
                                         formatCount(tensor.panelsAsWords) + " stored as words");
  auto most = std::max_element(
      tensor.panels.begin(), tensor.panels.end(),
      [](const PanelFacts &a, const PanelFacts &b) { return a.escapes < b.escapes; });
  if (tensor.escapes)
    text += field("most escapes", formatCount(most->escapes) + " in panel " +
                                      std::to_string(most - tensor.panels.begin()));
  return text;
}

static std::string detailText(const Session &session, const Inspection &inspection,
                              const TensorFacts &tensor) {
  const TensorEntry &entry = *tensor.entry;
  std::string text = session.bold(printable(entry.name)) + "\n";
  text += field("file", inspection.model->files()[tensor.file].path());
  text += field("type, shape", std::string(entry.dtype->name) + ", " + formatShape(entry.shape));
  if (!entry.sameAs.empty())
    return text + field("stored as", printable(entry.sameAs));
  text += field("format", entry.format ? entry.format->fullStr() : "as it was");
  text += field("original", formatCount(entry.bytes) + " B");
  text += field("stored", formatCount(entry.storedBytes) + " B, " + formatNumber(tensor.bits(), 4) +
                              " bits a weight");
  for (unsigned kind = 0; kind < planeKinds && entry.format; ++kind)
    if (entry.planeBytes[kind])
      text += field("  plane " + std::string(planeName(static_cast<PlaneKind>(kind))),
                    formatCount(entry.planeBytes[kind]) + " B");
  if (!entry.sha256.empty())
    text += field("sha256", entry.sha256);
  if (tensor.values)
    text += boundsText(tensor);
  if (entry.format)
    text += panelsText(tensor);
  if (tensor.values)
    text += "  exponents\n" + exponentText(*tensor.values);
  return text;
}

void uwt::printDetails(Session &session, const Inspection &inspection) {
  std::string text;
  for (const TensorFacts &tensor : inspection.tensors)
    text += (text.empty() ? "" : "\n") + detailText(session, inspection, tensor);
  session.print(text);
}
