//===- LoadedWeightTesting.cpp - Reads loaded weights back ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoadedWeightTesting.h"
#include "uwt/Codec/DecodeTable.h"
#include <cstring>
#include <numeric>

using namespace uwt;
using namespace uwt::test;

namespace {

/// One panel's parts, as compiled code finds them.
class LoadedPanel {
public:
  LoadedPanel(const LoadedWeight &weight, uint64_t number)
      : weight(weight), plan(weight.plan()), entry(weight.panels()[number]), number(number),
        rows(plan.matrix.rowsOfPanel(number % plan.matrix.panels())) {}

  std::string check() const;
  Status decode(std::vector<uint16_t> &words, std::vector<uint16_t> &low) const;

private:
  static const uint8_t *bytesAt(const void *plane, uint64_t offset) {
    return static_cast<const uint8_t *>(plane) + offset;
  }
  std::vector<uint32_t> counts() const;
  std::string checkPart(PlaneKind kind, uint64_t offsetWords, uint64_t bytes) const;
  bool isFixed() const { return plan.traits.rate == Rate::Fixed; }
  bool hasPatch() const { return isFixed() && plan.hasEscapes(); }
  uint64_t wordsBytes() const {
    return fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.wordBits);
  }
  uint64_t rawBytes() const {
    return isFixed()
               ? fixedPanelSizes(plan, rows).raw
               : fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.rawBits());
  }

  const LoadedWeight &weight;
  const CodingPlan &plan;
  const PanelEntry &entry;
  uint64_t number;
  uint32_t rows;
};

} // namespace

std::vector<uint32_t> LoadedPanel::counts() const {
  std::vector<uint32_t> counts;
  if (!hasPatch() || entry.storedAsWords)
    return counts;
  uint64_t bytes = plan.format.layout == Layout::RowMajor ? 2 : 1;
  for (uint64_t i = 0; i < fixedPanelSizes(plan, rows).counts; ++i) {
    uint32_t count = 0;
    std::memcpy(&count, bytesAt(weight.view().counts, entry.counts + i * bytes), bytes);
    counts.push_back(count);
  }
  return counts;
}

std::string LoadedPanel::checkPart(PlaneKind kind, uint64_t offsetWords, uint64_t bytes) const {
  std::string where = "panel " + std::to_string(number) + ": " + std::string(planeName(kind));
  if (offsetWords % 16 != 0)
    return where + " is not aligned";
  uint64_t size = weight.buffer(kind).size();
  if (bytes != 0 && (offsetWords > size / 4 || bytes > size - offsetWords * 4))
    return where + " leaves its plane";
  return "";
}

std::string LoadedPanel::check() const {
  if (entry.storedAsWords > 1)
    return "storedAsWords is no flag";
  if (entry.storedAsWords)
    return checkPart(PlaneKind::Words, entry.words, wordsBytes());
  if (plan.traits.rate == Rate::Words)
    return "a panel is coded without a codec";
  for (std::string problem : {checkPart(PlaneKind::Raw, entry.raw, rawBytes()),
                              checkPart(PlaneKind::Code, entry.code, entry.codeU32 * 4),
                              checkPart(PlaneKind::Patch, entry.patch, entry.patchU32 * 4)})
    if (!problem.empty())
      return problem;
  if (isFixed() && entry.codeU32 != divideUp(fixedPanelSizes(plan, rows).code, 4))
    return "the code has another size than the plan says";
  if (!hasPatch())
    return entry.patchU32 == 0 ? "" : "records without escapes";
  uint64_t countBytes =
      fixedPanelSizes(plan, rows).counts * (plan.format.layout == Layout::RowMajor ? 2 : 1);
  if (entry.counts + countBytes > weight.counts().size())
    return "the counts leave their buffer";
  std::vector<uint32_t> all = counts();
  uint64_t sum = std::accumulate(all.begin(), all.end(), uint64_t(0));
  if (sum * escapeRecordU32(plan.format) != entry.patchU32)
    return "the counts do not add up to the records";
  return "";
}

Status LoadedPanel::decode(std::vector<uint16_t> &words, std::vector<uint16_t> &low) const {
  uint64_t columns = plan.matrix.columns;
  words.resize(rows * columns);
  MutablePanelWords out{words.data(), columns, rows, columns};
  const WeightView &view = weight.view();
  if (getTraits(plan.element).lowBits != 0) {
    low.resize(rows * columns);
    decodeWords(plan.format.layout, 16,
                {bytesAt(view.low, number * lowPanelBytes(columns)),
                 fieldBytes(plan.format.layout, rows, columns, 16)},
                CodePath::Reference, {low.data(), columns, rows, columns});
  }
  if (entry.storedAsWords) {
    decodeWords(plan.format.layout, plan.split.wordBits,
                {bytesAt(view.words, entry.words * 4), wordsBytes()}, CodePath::Reference, out);
    return ok();
  }
  std::vector<uint32_t> unitCounts = counts();
  CodedPanel coded;
  coded.raw = {bytesAt(view.raw, entry.raw * 4), rawBytes()};
  coded.code = {bytesAt(view.code, entry.code * 4),
                isFixed() ? fixedPanelSizes(plan, rows).code : entry.codeU32 * 4};
  coded.patch = {static_cast<const uint32_t *>(view.patch) + entry.patch, entry.patchU32};
  coded.counts = unitCounts;
  if (isFixed())
    return decodeFixed(plan, coded, CodePath::Reference, out);
  std::span<const uint8_t> classes(bytesAt(view.classes, number * panelRows),
                                   plan.format.rowClasses > 1 ? rows : 0);
  return decodeStreams(plan, makeStreamTables(plan), coded, classes, CodePath::Reference, out);
}

std::string test::placesOf(const LoadedWeight &weight) {
  const CodingPlan &plan = weight.plan();
  DecodeTableLayout layout = decodeTableLayout(plan.format, plan.split, plan.traits);
  if (weight.table().size() != layout.words())
    return "the decode table has another size than its layout";
  for (uint64_t panel = 0; panel < weight.panels().size(); ++panel)
    if (std::string problem = LoadedPanel(weight, panel).check(); !problem.empty())
      return problem;
  const auto *classes = static_cast<const uint8_t *>(weight.view().classes);
  // Without classes the view has a few zeros only.
  uint64_t classed = plan.format.rowClasses > 1 ? weight.panels().size() * panelRows : 0;
  for (uint64_t row = 0; row < classed; ++row)
    if (classes[row] >= plan.format.rowClasses)
      return "a row's class does not exist";
  return "";
}

Expected<std::vector<uint8_t>> test::decodeLoaded(const LoadedWeight &weight) {
  const CodingPlan &plan = weight.plan();
  UWT_ASSIGN_OR_RETURN(uint64_t elements, weight.description().elements());
  size_t bytes = getTraits(plan.element).bytes;
  std::vector<uint8_t> tensor(elements * bytes);
  bool kMajor = plan.format.storage == Storage::KMajor;
  for (uint64_t panel = 0; panel < weight.panels().size(); ++panel) {
    std::vector<uint16_t> words, low;
    UWT_RETURN_IF_ERROR(LoadedPanel(weight, panel).decode(words, low));
    uint64_t columns = plan.matrix.columns, panels = plan.matrix.panels();
    uint64_t origin = panel / panels * plan.matrix.rows * columns;
    for (uint64_t i = 0; i < words.size(); ++i) {
      uint64_t row = panel % panels * panelRows + i / columns, column = i % columns;
      uint64_t element =
          origin + (kMajor ? column * plan.matrix.rows + row : row * columns + column);
      // What fills the last row of fold=flat.
      if (element >= elements)
        continue;
      uint32_t value = bytes == 4 ? uint32_t(words[i]) << 16 | low[i] : words[i];
      std::memcpy(tensor.data() + element * bytes, &value, bytes);
    }
  }
  return tensor;
}
