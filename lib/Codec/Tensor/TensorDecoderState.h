//===- TensorDecoderState.h - What a tensor's decoder holds -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_TENSORDECODERSTATE_H
#define UWT_LIB_CODEC_TENSOR_TENSORDECODERSTATE_H

#include "../LowHalves.h"
#include "../Scales.h"
#include "PanelIndex.h"
#include "TensorWords.h"
#include "uwt/Codec/Tensor.h"
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace uwt {

/// What a thread reuses from panel to panel.
struct DecodeWorker {
  std::vector<uint16_t> words, low;
  /// Of panels that are decoded together.
  std::vector<std::vector<uint16_t>> groupWords;
  /// Of a panel that is wanted in part.
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> patch;
  CodingTimes times;
};

/// The error of the lowest-numbered panel that failed, so that a damaged file
/// gives the same message for any number of threads.
class FirstError {
public:
  void report(uint64_t panel, Error error) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!first || panel < firstPanel) {
      first = std::move(error);
      firstPanel = panel;
    }
  }
  Status take() {
    if (!first)
      return ok();
    return std::move(*first).in("panel " + std::to_string(firstPanel));
  }

private:
  std::mutex mutex;
  std::optional<Error> first;
  uint64_t firstPanel = 0;
};

/// The slice of a panel that a partial read wants, and where its elements go.
struct PanelSlice {
  uint64_t panel;
  /// Rows inside the panel, and columns of its matrix.
  uint32_t rowBegin, rowEnd;
  uint64_t columnBegin, columnEnd;
  /// Address of element (rowBegin, columnBegin), and bytes from row to row and
  /// from column to column.
  uint8_t *out;
  uint64_t rowStride, columnStride;
};

/// What is read of planes once, for all members of a stack.
struct StoredTensors {
  PlaneViews planes;
  TensorIndex index;
  StreamTables tables;
  std::optional<LowDecoder> low;
};

struct TensorDecoder::State {
  TensorDescription description;
  std::shared_ptr<const StoredTensors> stored;
  /// Of all panels that are stored, those of this tensor.
  uint64_t firstPanel = 0, panelCount = 0;
  TensorWords tensor;

  const TensorIndex &index() const { return stored->index; }
  const CodingPlan &plan() const { return stored->index.plan; }
  const DirectoryEntry &entry(uint64_t panel) const {
    return stored->index.entries[firstPanel + panel];
  }
  std::span<const uint8_t> part(uint64_t panel, PlaneKind kind) const {
    return stored->planes[numberOf(kind)].subspan(entry(panel).offset[numberOf(kind)],
                                                  entry(panel).size[numberOf(kind)]);
  }
  std::span<const uint8_t> classesOf(uint64_t panel) const {
    if (index().rowClasses.empty())
      return {};
    return std::span<const uint8_t>(index().rowClasses)
        .subspan((firstPanel + panel) * panelRows, tensor.rowsOf(panel));
  }
  PanelContext contextOf(uint64_t panel) const {
    if (!plan().format.hasScales())
      return classesOf(panel);
    uint64_t stored = firstPanel + panel;
    return uwt::contextOf(index().scales, plan().matrix, stored, stored / plan().matrix.panels());
  }
  std::span<const uint32_t> countsOf(uint64_t panel) const {
    return std::span<const uint32_t>(index().counts)
        .subspan(entry(panel).countBegin, entry(panel).countEnd - entry(panel).countBegin);
  }
  static Expected<std::unique_ptr<State>> make(const TensorDescription &description,
                                               std::shared_ptr<const StoredTensors> stored,
                                               uint64_t firstPanel);
  CodedPanel codedPanel(uint64_t panel, std::vector<uint32_t> &patch) const;
  /// Where a panel's words go.
  MutablePanelWords wordsOf(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                            std::vector<uint16_t> &scratch) const;
  /// What comes after a panel's words, where those are not yet the tensor's bytes.
  Status finish(std::span<uint8_t> out, uint64_t origin, uint64_t panel, MutablePanelWords words,
                const DecodeOptions &options, DecodeWorker &worker) const;
  Status checkPanel(uint64_t panel) const;
  Status decodeWordsOf(uint64_t panel, CodePath path, DecodeWorker &worker,
                       MutablePanelWords out) const;
  Status decodeRowOf(uint64_t panel, uint32_t row, DecodeWorker &worker,
                     std::span<uint16_t> out) const;
  /// Low halves of the rows of a panel from `begin` on whose words are `words`: of all rows in
  /// fragment layout. Of the words the number is enough where low halves do not follow from them.
  Expected<PanelWords> decodeLowOf(uint64_t panel, uint32_t begin, PanelWords words, CodePath path,
                                   std::vector<uint16_t> &scratch) const;
  Status decodeTo(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                  const DecodeOptions &options, DecodeWorker &worker) const;
  Status decodeRows(const PanelSlice &slice, const DecodeOptions &options,
                    DecodeWorker &worker) const;
  /// Panels [begin, end) at once, where that is quicker than one by one; false where that is not
  /// so, or one of them is damaged.
  bool decodeTogetherTo(std::span<uint8_t> out, uint64_t origin, uint64_t begin, uint64_t end,
                        const DecodeOptions &options, DecodeWorker &worker) const;
  /// Tensor bytes of panels [begin, end), by all threads.
  Status decodeAll(std::span<uint8_t> out, uint64_t begin, uint64_t end, ThreadPool &pool,
                   const DecodeOptions &options) const;
  using PanelBody = std::function<Status(uint64_t, DecodeWorker &)>;
  Status forEachPanel(uint64_t begin, uint64_t end, ThreadPool &pool, CodingTimes *times,
                      const PanelBody &body) const;
  /// Groups of `each` panels, in which `body` takes the panels of those that `together` does not.
  using GroupBody = std::function<bool(uint64_t begin, uint64_t end, DecodeWorker &)>;
  Status forEachGroup(uint64_t begin, uint64_t end, uint64_t each, ThreadPool &pool,
                      CodingTimes *times, const GroupBody &together, const PanelBody &body) const;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_TENSORDECODERSTATE_H
