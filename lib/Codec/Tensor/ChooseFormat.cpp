//===- ChooseFormat.cpp - best-size, smallest and fast --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChooseDifference.h"
#include "ChooseRowClasses.h"
#include "ChooseScales.h"
#include "FewValues.h"
#include "LowStatistics.h"
#include "TensorWords.h"
#include "uwt/Codec/Sample.h"
#include <algorithm>
#include <array>
#include <optional>

using namespace uwt;

static constexpr uint32_t fastMaxLength = 12;

static constexpr std::array<std::string_view, 3> namesOfPolicies = {"best-size", "fast",
                                                                    "smallest"};

std::span<const std::string_view> uwt::policyNames() { return namesOfPolicies; }

std::optional<FormatPolicy> uwt::findPolicy(std::string_view name) {
  const auto *found = std::ranges::find(namesOfPolicies, name);
  if (found == namesOfPolicies.end())
    return std::nullopt;
  return static_cast<FormatPolicy>(found - namesOfPolicies.begin());
}

uint32_t uwt::readerOf(FormatPolicy policy) {
  if (policy != FormatPolicy::Smallest)
    return 1;
  Format format = numeralFormat();
  format.scaleSteps = 1;
  format.panelUnits = true;
  return readerOf(format);
}

uint32_t uwt::shownReader(FormatPolicy policy, ElementType element,
                          std::span<const uint8_t> source) {
  bool takesNumerals = policy == FormatPolicy::BestSize && haveFewValues(element, source);
  return takesNumerals ? readerOf(numeralFormat()) : readerOf(policy);
}

/// The exponent and the mantissa bits that rows are counted by.
static FieldSplit countedSplit(ElementType element) {
  const ElementTraits &traits = getTraits(element);
  // Words of 8 bits have so few symbols that all but the sign is coded.
  uint32_t most = traits.wordBits == 8 ? traits.mantissaBits : naturalMantissaBits;
  return splitOf(element, std::min<uint32_t>(most, traits.mantissaBits));
}

/// What of a format is not chosen but given.
static Format orderOf(const Format &format) {
  Format order;
  order.layout = format.layout;
  order.storage = format.storage;
  order.fold = format.fold;
  return order;
}

Format uwt::fastFormat(ElementType element) {
  const ElementTraits &traits = getTraits(element);
  Format format;
  format.codec = {"huffman", {fastMaxLength, traits.signBits ? 2u : 1u}};
  // Half a byte says little of the other half; whole ones have nothing to be put together from.
  format.codedMantissa = traits.signBits ? 0 : traits.mantissaBits;
  return format;
}

/// choice-14: units of scaled matrices are whole panels where they are not so already and an
/// encoder has room for several, and tables are exact where that pays.
static void allowNewForms(Format &format, const MatrixShape &shape, uint32_t newestReader) {
  constexpr uint64_t maxColumns = 8192;
  if (newestReader < readerOf(FormatPolicy::Smallest))
    return;
  format.panelUnits = shape.columns > wholePanelUnitColumns && shape.columns <= maxColumns;
  format.exactTables = true;
}

/// What policies choose but for low halves.
static Expected<ChosenFormat> chooseWordFormat(FormatPolicy policy,
                                               const TensorDescription &description,
                                               std::span<const uint8_t> source, ThreadPool &pool,
                                               const PanelSample *sample, uint32_t newestReader) {
  ChosenFormat chosen;
  chosen.format = orderOf(description.format);
  if (policy == FormatPolicy::Fast) {
    Format fast = fastFormat(description.element);
    chosen.format.codec = fast.codec;
    chosen.format.codedMantissa = fast.codedMantissa;
    return chosen;
  }
  const ElementTraits &traits = getTraits(description.element);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource panels, panelSource(description, source));
  uint64_t count = matrices.panels();
  if (sample) {
    panels = sampledSource(std::move(panels), *sample);
    count = sample->panels.size();
  }
  if (traits.signBits == 0 && traits.wordBits == 16) {
    chosen.format.codec = numeralFormat().codec;
    return chooseDifferenceFormat(chosen.format, matrices, panels, count, pool);
  }
  FieldSplit split = countedSplit(description.element);
  if (uint64_t stride = count / choicePanels; traits.signBits == 0 && stride > 1) {
    RowHistograms few = countRows(panels, count, split, pool, stride);
    chosen = chooseRowClasses(policy, description.element, orderOf(description.format), few,
                              matrices, panels, newestReader, pool)
                 .chosen;
    if (isRaw(chosen.format))
      return chosen;
    chosen.format = orderOf(description.format);
  }
  auto rows = std::make_shared<const RowHistograms>(countRows(panels, count, split, pool));
  ClassChoice choice = chooseRowClasses(policy, description.element, chosen.format, *rows, matrices,
                                        panels, newestReader, pool);
  chosen = std::move(choice.chosen);
  chosen.rows = std::move(rows);
  if (policy != FormatPolicy::Smallest || isRaw(chosen.format))
    return chosen;
  Format order = orderOf(description.format);
  order.codec = chosen.format.codec;
  allowNewForms(order, matrices.shape, newestReader);
  auto scales = chooseScales(description.element, order, matrices, panels, sample, pool);
  if (!scales || scales->bits >= choice.bits * (1 - leastGain))
    return chosen;
  ChosenFormat scaled;
  scaled.format = scales->format;
  scaled.scales = std::move(scales->scales);
  return scaled;
}

Expected<ChosenFormat> uwt::chooseFormat(FormatPolicy policy, const TensorDescription &description,
                                         std::span<const uint8_t> source, ThreadPool &pool,
                                         const PanelSample *sample, uint32_t newestReader) {
  UWT_ASSIGN_OR_RETURN(ChosenFormat chosen,
                       chooseWordFormat(policy, description, source, pool, sample, newestReader));
  UWT_RETURN_IF_ERROR(chooseLow(policy, description, source, newestReader, sample, pool, chosen));
  return chosen;
}
