//===- TensorSlices.cpp - Parts of a tensor from its planes ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of each panel that a slice touches the rows that it wants, or all where that is
// quicker; tensors in a fold as runs of elements.
//
//===----------------------------------------------------------------------===//

#include "TensorDecoderState.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// Up to this many rows of a row_major panel are decoded one by one rather than
/// with their whole panel.
static constexpr uint32_t singleRowsLimit = 8;

Status TensorDecoder::State::decodeRows(const PanelSlice &slice, const DecodeOptions &options,
                                        DecodeWorker &worker) const {
  if (options.check)
    UWT_RETURN_IF_ERROR(checkPanel(slice.panel));
  uint64_t columns = plan().matrix.columns;
  bool alone =
      plan().format.layout == Layout::RowMajor && slice.rowEnd - slice.rowBegin <= singleRowsLimit;
  // The rows of the panel that are decoded, a superset of those that are wanted.
  uint32_t begin = alone ? slice.rowBegin : 0,
           end = alone ? slice.rowEnd : tensor.rowsOf(slice.panel);
  worker.words.resize((end - begin) * columns);
  MutablePanelWords words = {worker.words.data(), columns, end - begin, columns};
  for (uint32_t row = begin; alone && row < end; ++row)
    UWT_RETURN_IF_ERROR(decodeRowOf(slice.panel, row, worker, {words.row(row - begin), columns}));
  if (!alone)
    UWT_RETURN_IF_ERROR(decodeWordsOf(slice.panel, options.path, worker, words));
  UWT_ASSIGN_OR_RETURN(PanelWords low,
                       decodeLowOf(slice.panel, begin, {words.data, columns, words.rows, columns},
                                   options.path, worker.low));
  for (uint32_t row = slice.rowBegin; row < slice.rowEnd; ++row)
    for (uint64_t column = slice.columnBegin; column < slice.columnEnd; ++column)
      tensor.storeElement(slice.out + (row - slice.rowBegin) * slice.rowStride +
                              (column - slice.columnBegin) * slice.columnStride,
                          words.row(row - begin)[column],
                          low.data ? low.row(row - begin)[column] : 0);
  return ok();
}

/// The last two dimensions of a shape, and how many such matrices there are (order-1).
static TensorRange wholeRange(const TensorDescription &description) {
  const std::vector<uint64_t> &shape = description.shape;
  TensorRange whole;
  whole.rowEnd = shape.size() < 2 ? 1 : shape[shape.size() - 2];
  whole.columnEnd = shape.empty() ? 1 : shape.back();
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    whole.matrixEnd *= shape[i];
  return whole;
}

Status TensorDecoder::checkRange(const TensorRange &slice, size_t bytes) const {
  TensorRange whole = wholeRange(state->description);
  auto range = [](const char *what, uint64_t begin, uint64_t end, uint64_t size) -> Status {
    if (begin <= end && end <= size)
      return ok();
    return usageError(std::string(what) + " " + std::to_string(begin) + ":" + std::to_string(end) +
                      " are not inside 0:" + std::to_string(size));
  };
  UWT_RETURN_IF_ERROR(range("matrices", slice.matrixBegin, slice.matrixEnd, whole.matrixEnd));
  UWT_RETURN_IF_ERROR(range("rows", slice.rowBegin, slice.rowEnd, whole.rowEnd));
  UWT_RETURN_IF_ERROR(range("columns", slice.columnBegin, slice.columnEnd, whole.columnEnd));
  uint64_t expected = (slice.matrixEnd - slice.matrixBegin) * (slice.rowEnd - slice.rowBegin) *
                      (slice.columnEnd - slice.columnBegin) *
                      getTraits(state->description.element).bytes;
  if (bytes == expected)
    return ok();
  return usageError("the part takes " + std::to_string(expected) + " bytes, but there are " +
                    std::to_string(bytes));
}

Status TensorDecoder::decodeSlice(const TensorRange &slice, std::span<uint8_t> out,
                                  ThreadPool &pool, const DecodeOptions &options) const {
  UWT_RETURN_IF_ERROR(checkRange(slice, out.size()));
  if (out.empty())
    return ok();
  bool isFolded = state->description.format.fold.kind != Fold::Kind::None;
  return isFolded ? decodeFolded(slice, out, pool, options)
                  : decodeMatrices(slice, out, pool, options);
}

Status TensorDecoder::decodeMatrices(const TensorRange &range, std::span<uint8_t> out,
                                     ThreadPool &pool, const DecodeOptions &options) const {
  uint64_t elementBytes = getTraits(state->description.element).bytes;
  uint64_t outRow = (range.columnEnd - range.columnBegin) * elementBytes;
  uint64_t outMatrix = (range.rowEnd - range.rowBegin) * outRow;
  bool kMajor = state->description.format.storage == Storage::KMajor;
  uint64_t nBegin = kMajor ? range.columnBegin : range.rowBegin;
  uint64_t nEnd = kMajor ? range.columnEnd : range.rowEnd;
  uint64_t matrixPanels = matrices().shape.panels();
  uint64_t firstPanel = range.matrixBegin * matrixPanels + nBegin / panelRows;
  uint64_t endPanel = (range.matrixEnd - 1) * matrixPanels + divideUp(nEnd, panelRows);
  return state->forEachPanel(firstPanel, endPanel, pool, options.times,
                             [&](uint64_t panel, DecodeWorker &worker) -> Status {
                               uint64_t matrix = panel / matrixPanels - range.matrixBegin;
                               uint64_t top = panel % matrixPanels * panelRows;
                               if (top + panelRows <= nBegin || top >= nEnd)
                                 return ok();
                               PanelSlice slice;
                               slice.panel = panel;
                               slice.rowBegin = static_cast<uint32_t>(std::max(nBegin, top) - top);
                               slice.rowEnd =
                                   static_cast<uint32_t>(std::min<uint64_t>(nEnd - top, panelRows));
                               slice.columnBegin = kMajor ? range.rowBegin : range.columnBegin;
                               slice.columnEnd = kMajor ? range.rowEnd : range.columnEnd;
                               slice.rowStride = kMajor ? elementBytes : outRow;
                               slice.columnStride = kMajor ? outRow : elementBytes;
                               slice.out = out.data() + matrix * outMatrix +
                                           (top + slice.rowBegin - nBegin) * slice.rowStride;
                               return state->decodeRows(slice, options, worker);
                             });
}

namespace {

/// A slice as runs of elements: of each `length` elements in a row, those of a range; of each
/// `count` such stretches, those of another one.
class ElementRuns {
public:
  ElementRuns(const TensorRange &whole, const TensorRange &slice)
      : length(whole.columnEnd), count(whole.rowEnd), slice(slice) {
    if (slice.columnBegin != 0 || slice.columnEnd != length)
      return;
    // Whole rows are one run a matrix.
    this->slice = {
        0, 1, slice.matrixBegin, slice.matrixEnd, slice.rowBegin * length, slice.rowEnd * length};
    length *= count;
    count = whole.matrixEnd;
  }

  /// The first element of all runs, and the one after the last.
  uint64_t begin() const { return startOf(slice.matrixBegin, slice.rowBegin); }
  uint64_t end() const {
    return startOf(slice.matrixEnd - 1, slice.rowEnd - 1) + slice.columnEnd - slice.columnBegin;
  }

  /// Calls `visit(element, size, index)` for what elements [begin, end) hold of each run: its
  /// first element, how many, and the index of the first one in the slice.
  template <typename Visit> void visit(uint64_t begin, uint64_t end, Visit visit) const {
    uint64_t size = slice.columnEnd - slice.columnBegin, rows = slice.rowEnd - slice.rowBegin;
    for (uint64_t stretch = begin / length; stretch * length < end; ++stretch) {
      uint64_t matrix = stretch / count, row = stretch % count;
      bool isWanted = matrix >= slice.matrixBegin && matrix < slice.matrixEnd &&
                      row >= slice.rowBegin && row < slice.rowEnd;
      uint64_t start = startOf(matrix, row);
      uint64_t from = std::max(start, begin), to = std::min(start + size, end);
      if (!isWanted || from >= to)
        continue;
      uint64_t run = (matrix - slice.matrixBegin) * rows + row - slice.rowBegin;
      visit(from, to - from, run * size + from - start);
    }
  }

private:
  uint64_t startOf(uint64_t matrix, uint64_t row) const {
    return (matrix * count + row) * length + slice.columnBegin;
  }

  uint64_t length, count;
  TensorRange slice;
};

} // namespace

Status TensorDecoder::decodeFolded(const TensorRange &slice, std::span<uint8_t> out,
                                   ThreadPool &pool, const DecodeOptions &options) const {
  const TensorWords &tensor = state->tensor;
  uint64_t elementBytes = getTraits(state->description.element).bytes;
  ElementRuns runs(wholeRange(state->description), slice);
  return state->forEachPanel(
      tensor.panelOf(runs.begin()), tensor.panelOf(runs.end() - 1) + 1, pool, options.times,
      [&](uint64_t panel, DecodeWorker &worker) -> Status {
        uint64_t begin = tensor.panelBegin(panel) / elementBytes;
        uint64_t end = begin + tensor.panelSize(panel) / elementBytes;
        bool isNeeded = false;
        runs.visit(begin, end, [&](uint64_t, uint64_t, uint64_t) { isNeeded = true; });
        if (!isNeeded)
          return ok();
        worker.bytes.resize(tensor.panelSize(panel));
        UWT_RETURN_IF_ERROR(
            state->decodeTo(worker.bytes, tensor.panelBegin(panel), panel, options, worker));
        runs.visit(begin, end, [&](uint64_t element, uint64_t size, uint64_t index) {
          std::memcpy(out.data() + index * elementBytes,
                      worker.bytes.data() + (element - begin) * elementBytes, size * elementBytes);
        });
        return ok();
      });
}

} // namespace uwt
