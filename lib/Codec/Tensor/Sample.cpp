//===- Sample.cpp - Panels that stand for a tensor ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Sample.h"
#include "TensorWords.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Random.h"
#include <algorithm>

namespace uwt {

/// Strata of a tensor at least: fewer would not show how its rows differ.
static constexpr uint64_t leastStrata = 4;
/// Elements that are read from one position at least: shorter reads cost a disk as much.
static constexpr uint64_t runElements = uint64_t(1) << 15;

namespace {
/// Panels of a tensor of one kind: the last of each matrix, or all others. The panel with number
/// `index` in the group is `index / perMatrix * panels + first + index % perMatrix`.
struct PanelGroup {
  uint64_t perMatrix = 0, first = 0;
  /// Panels of a matrix, and number of matrices.
  uint64_t panels = 0, matrices = 0;

  uint64_t size() const { return perMatrix * matrices; }
  uint64_t panelAt(uint64_t index) const {
    return index / perMatrix * panels + first + index % perMatrix;
  }
};
} // namespace

/// Draws `wanted` panels or a few more, in runs of `run`.
static void drawFromGroup(const PanelGroup &group, uint64_t wanted, uint64_t run,
                          std::vector<std::pair<uint64_t, double>> &drawn) {
  uint64_t size = group.size();
  if (size == 0)
    return;
  uint64_t strata = std::max(divideUp(wanted, run), leastStrata);
  run = std::min(run, divideUp(size, strata));
  strata = std::min(strata, size / run);
  Random random(size);
  for (uint64_t stratum = 0; stratum < strata; ++stratum) {
    uint64_t begin = size * stratum / strata, end = size * (stratum + 1) / strata;
    uint64_t first = begin + random.below(end - begin - run + 1);
    double weight = static_cast<double>(end - begin) / static_cast<double>(run);
    for (uint64_t i = 0; i < run; ++i)
      drawn.emplace_back(group.panelAt(first + i), weight);
  }
}

static PanelSample wholeSample(uint64_t panels) {
  PanelSample sample;
  sample.panelsOfTensor = panels;
  sample.weights.assign(panels, 1);
  for (uint64_t panel = 0; panel < panels; ++panel)
    sample.panels.push_back(panel);
  return sample;
}

Expected<PanelSample> drawPanels(const TensorDescription &description, uint64_t elements) {
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  uint64_t panels = matrices.shape.panels(), all = matrices.panels();
  uint64_t ofPanel = std::max<uint64_t>(1, panelRows * matrices.shape.columns);
  uint64_t wanted = std::max(divideUp(elements, ofPanel), leastStrata);
  if (wanted >= all / 2)
    return wholeSample(all);
  uint64_t run = std::max<uint64_t>(1, runElements / ofPanel);
  bool isShort = matrices.elements % (panelRows * matrices.shape.columns) != 0;
  PanelGroup others{panels - isShort, 0, panels, matrices.count};
  PanelGroup last{isShort, panels - 1, panels, matrices.count};
  std::vector<std::pair<uint64_t, double>> drawn;
  uint64_t wantedLast = divideUp(wanted * last.size(), all);
  drawFromGroup(others, wanted - std::min(wanted, wantedLast), run, drawn);
  // Neighbours in this group lie a matrix apart.
  drawFromGroup(last, wantedLast, 1, drawn);
  std::sort(drawn.begin(), drawn.end());
  PanelSample sample;
  sample.panelsOfTensor = all;
  for (auto [panel, weight] : drawn) {
    sample.panels.push_back(panel);
    sample.weights.push_back(weight);
  }
  return sample;
}

PanelSource sampledSource(PanelSource source, const PanelSample &sample) {
  return [source = std::move(source), &sample](uint64_t panel, std::vector<uint16_t> &scratch) {
    return source(sample.panels[panel], scratch);
  };
}

Status visitSampledBytes(const TensorDescription &description, const PanelSample &sample,
                         const std::function<Status(uint64_t offset, uint64_t bytes)> &visit) {
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  UWT_ASSIGN_OR_RETURN(
      TensorWords words,
      TensorWords::make(description, elements * getTraits(description.element).bytes));
  for (uint64_t panel : sample.panels)
    UWT_RETURN_IF_ERROR(words.visitBytes(panel, visit));
  return ok();
}

} // namespace uwt
