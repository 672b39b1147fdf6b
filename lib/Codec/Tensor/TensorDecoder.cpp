//===- TensorDecoder.cpp - A tensor from its planes -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The index is checked once, at open; from then on every part of every panel is
// known to lie inside its plane, and the engines are safe on what it holds.
//
//===----------------------------------------------------------------------===//

#include "../LowHalves.h"
#include "../Scales.h"
#include "PanelIndex.h"
#include "TensorWords.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/StopWatch.h"
#include <atomic>
#include <cstring>
#include <mutex>
#include <numeric>

namespace uwt {

namespace {

/// What a thread reuses from panel to panel.
struct DecodeWorker {
  std::vector<uint16_t> words, low;
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

/// Outputs of at least this size are not expected to stay in the cache.
constexpr size_t streamingBytes = size_t(4) << 20;

/// Up to this many rows of a row_major panel are decoded one by one rather than
/// with their whole panel.
constexpr uint32_t singleRowsLimit = 8;

/// What is read of planes once, for all members of a stack.
struct StoredTensors {
  PlaneViews planes;
  TensorIndex index;
  StreamTables tables;
  std::optional<LowDecoder> low;
};

} // namespace

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
  Status forEachPanel(uint64_t begin, uint64_t end, ThreadPool &pool, CodingTimes *times,
                      const std::function<Status(uint64_t, DecodeWorker &)> &body) const;
};

TensorDecoder::TensorDecoder(std::unique_ptr<State> state) : state(std::move(state)) {}
TensorDecoder::TensorDecoder(TensorDecoder &&) noexcept = default;
TensorDecoder &TensorDecoder::operator=(TensorDecoder &&) noexcept = default;
TensorDecoder::~TensorDecoder() = default;

Expected<std::unique_ptr<TensorDecoder::State>>
TensorDecoder::State::make(const TensorDescription &description,
                           std::shared_ptr<const StoredTensors> stored, uint64_t firstPanel) {
  auto state = std::make_unique<State>();
  state->description = description;
  state->stored = std::move(stored);
  state->firstPanel = firstPanel;
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  UWT_ASSIGN_OR_RETURN(
      state->tensor,
      TensorWords::make(description, elements * getTraits(description.element).bytes));
  state->panelCount = state->tensor.matrices().panels();
  return state;
}

Expected<TensorDecoder> TensorDecoder::open(const TensorDescription &description,
                                            const PlaneViews &planes,
                                            std::optional<uint64_t> indexChecksum) {
  auto stored = std::make_shared<StoredTensors>();
  stored->planes = planes;
  std::array<uint64_t, planeKinds> sizes;
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    sizes[kind] = planes[kind].size();
  UWT_ASSIGN_OR_RETURN(stored->index, readIndex(description, planes[numberOf(PlaneKind::Index)],
                                                sizes, indexChecksum));
  stored->tables = makeStreamTables(stored->index.plan);
  stored->low.emplace(stored->index.plan);
  UWT_ASSIGN_OR_RETURN(auto state, State::make(description, std::move(stored), 0));
  return TensorDecoder(std::move(state));
}

TensorDecoder TensorDecoder::member(uint64_t index) const {
  TensorDescription description = state->description;
  uint64_t each = panels() / description.members;
  description.members = 1;
  // A part of a description that was checked.
  return TensorDecoder(*State::make(description, state->stored, index * each));
}

const TensorDescription &TensorDecoder::description() const { return state->description; }
const TensorDescription::Matrices &TensorDecoder::matrices() const {
  return state->tensor.matrices();
}
const CodingPlan &TensorDecoder::plan() const { return state->plan(); }
uint64_t TensorDecoder::panels() const { return state->panelCount; }
bool TensorDecoder::panelStoredAsWords(uint64_t panel) const { return state->entry(panel).asWords; }
std::span<const uint8_t> TensorDecoder::panelBytes(uint64_t panel, PlaneKind kind) const {
  return kind == PlaneKind::Index ? std::span<const uint8_t>() : state->part(panel, kind);
}

Expected<std::span<const uint8_t>> TensorDecoder::panelLow(uint64_t panel, CodePath path,
                                                           std::vector<uint8_t> &scratch) const {
  const Format &format = plan().format;
  std::span<const uint8_t> bytes = panelBytes(panel, PlaneKind::Low);
  bool isWhole = format.lowHalves == LowHalves::TopBits && format.lowBits == wholeLowBits;
  bool needsWords = state->stored->low->needsWords();
  if (isWhole || (bytes.empty() && !needsWords))
    return bytes;
  DecodeWorker worker;
  uint32_t rows = state->tensor.rowsOf(panel);
  uint64_t columns = plan().matrix.columns;
  worker.words.resize(needsWords ? rows * columns : 0);
  MutablePanelWords words = {worker.words.data(), columns, rows, columns};
  if (needsWords)
    UWT_RETURN_IF_ERROR(state->decodeWordsOf(panel, path, worker, words));
  UWT_ASSIGN_OR_RETURN(
      PanelWords low,
      state->decodeLowOf(panel, 0, {words.data, columns, rows, columns}, path, worker.low));
  encodeWords(format.layout, wholeLowBits, low, path, scratch);
  return std::span<const uint8_t>(scratch);
}

std::span<const uint32_t> TensorDecoder::panelEscapeCounts(uint64_t panel) const {
  if (panelStoredAsWords(panel))
    return {};
  return state->countsOf(panel);
}

std::span<const uint8_t> TensorDecoder::panelRowClasses(uint64_t panel) const {
  return state->classesOf(panel);
}

uint64_t TensorDecoder::panelEscapes(uint64_t panel) const {
  if (isVariable(plan().traits.rate) && !panelStoredAsWords(panel))
    return countStreamEscapes(plan(), state->stored->tables, state->tensor.rowsOf(panel),
                              state->contextOf(panel), state->part(panel, PlaneKind::Code));
  std::span<const uint32_t> counts = panelEscapeCounts(panel);
  return std::accumulate(counts.begin(), counts.end(), uint64_t(0));
}

uint64_t TensorDecoder::escapes() const {
  uint64_t sum = 0;
  for (uint64_t panel = 0; panel < panels(); ++panel)
    sum += panelEscapes(panel);
  return sum;
}

Status TensorDecoder::State::checkPanel(uint64_t panel) const {
  Xxh3Stream hash;
  for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind)
    hash.update(part(panel, static_cast<PlaneKind>(kind)));
  uint64_t found = hash.digest() & checksumMask(plan()), expected = entry(panel).checksum;
  if (found == expected)
    return ok();
  return invalidError("the stored bytes are damaged: their checksum is " + toHex64(found) +
                      ", expected " + toHex64(expected));
}

Status TensorDecoder::checkPanel(uint64_t panel) const {
  Status status = state->checkPanel(panel);
  if (!status)
    return status.takeError().in("panel " + std::to_string(panel));
  return ok();
}

Status TensorDecoder::State::forEachPanel(
    uint64_t begin, uint64_t end, ThreadPool &pool, CodingTimes *times,
    const std::function<Status(uint64_t, DecodeWorker &)> &body) const {
  std::vector<DecodeWorker> workers(pool.size());
  FirstError firstError;
  pool.parallelFor(end - begin, [&](uint64_t i, unsigned worker) {
    Status status = body(begin + i, workers[worker]);
    if (!status)
      firstError.report(begin + i, status.takeError());
  });
  for (const DecodeWorker &worker : workers) {
    if (!times)
      break;
    times->code += worker.times.code;
    times->checksum += worker.times.checksum;
  }
  return firstError.take();
}

Status TensorDecoder::checkAll(ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(state->forEachPanel(
      0, panels(), pool, nullptr,
      [&](uint64_t panel, DecodeWorker &) -> Status { return state->checkPanel(panel); }));
  for (unsigned kind = 0; kind < planeKinds; ++kind) {
    std::span<const uint8_t> rest = state->stored->planes[kind].subspan(state->index().used[kind]);
    for (uint8_t byte : rest)
      if (byte != 0)
        return invalidError("plane " + std::string(planeName(static_cast<PlaneKind>(kind))) +
                            " has bytes that are not zero after the " +
                            std::to_string(state->index().used[kind]) + " in use");
  }
  return ok();
}

CodedPanel TensorDecoder::State::codedPanel(uint64_t panel, std::vector<uint32_t> &patch) const {
  CodedPanel coded;
  coded.raw = part(panel, PlaneKind::Raw);
  coded.code = part(panel, PlaneKind::Code);
  coded.codeTail = stored->planes[numberOf(PlaneKind::Code)].size() -
                   entry(panel).offset[numberOf(PlaneKind::Code)] - coded.code.size();
  coded.counts = countsOf(panel);
  // Copied, since a plane in a re-saved file may lie at any address.
  std::span<const uint8_t> records = part(panel, PlaneKind::Patch);
  patch.resize(records.size() / 4);
  if (!records.empty())
    std::memcpy(patch.data(), records.data(), records.size());
  coded.patch = patch;
  return coded;
}

Status TensorDecoder::State::decodeWordsOf(uint64_t panel, CodePath path, DecodeWorker &worker,
                                           MutablePanelWords out) const {
  const CodingPlan &plan = this->plan();
  if (entry(panel).asWords) {
    decodeWords(plan.format.layout, plan.split.wordBits, part(panel, PlaneKind::Words), path, out);
    return ok();
  }
  CodedPanel coded = codedPanel(panel, worker.patch);
  if (isVariable(plan.traits.rate))
    return decodeStreams(plan, stored->tables, coded, contextOf(panel), path, out);
  return decodeFixed(plan, coded, path, out);
}

Status TensorDecoder::State::decodeRowOf(uint64_t panel, uint32_t row, DecodeWorker &worker,
                                         std::span<uint16_t> out) const {
  const CodingPlan &plan = this->plan();
  uint32_t rows = tensor.rowsOf(panel);
  if (entry(panel).asWords) {
    std::span<const uint8_t> words = part(panel, PlaneKind::Words);
    uint64_t rowBytes = words.size() / rows;
    decodeWords(plan.format.layout, plan.split.wordBits, words.subspan(row * rowBytes, rowBytes),
                CodePath::Scalar, {out.data(), out.size(), 1, out.size()});
    return ok();
  }
  CodedPanel coded = codedPanel(panel, worker.patch);
  if (isVariable(plan.traits.rate))
    return decodeStreamRow(plan, stored->tables, coded, contextOf(panel), rows, row, out);
  return decodeFixedRow(plan, coded, rows, row, out);
}

Expected<PanelWords> TensorDecoder::State::decodeLowOf(uint64_t panel, uint32_t begin,
                                                       PanelWords words, CodePath path,
                                                       std::vector<uint16_t> &scratch) const {
  LowPart low;
  low.bytes = part(panel, PlaneKind::Low);
  low.tail = stored->planes[numberOf(PlaneKind::Low)].size() -
             entry(panel).offset[numberOf(PlaneKind::Low)] - low.bytes.size();
  low.panel = firstPanel + panel;
  low.rows = tensor.rowsOf(panel);
  low.begin = begin;
  return stored->low->decode(low, words, path, scratch);
}

Status TensorDecoder::State::decodeTo(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                      const DecodeOptions &options, DecodeWorker &worker) const {
  StopWatch watch;
  if (options.check)
    UWT_RETURN_IF_ERROR(checkPanel(panel));
  worker.times.checksum += watch.lap();
  MutablePanelWords words = tensor.destination(out, origin, panel, worker.words);
  bool isInPlace = tensor.isInPlace(out.data(), panel);
  words.streaming = isInPlace && out.size() >= streamingBytes;
  UWT_RETURN_IF_ERROR(decodeWordsOf(panel, options.path, worker, words));
  if (!isInPlace) {
    PanelWords decoded = {words.data, words.stride, words.rows, words.columns};
    UWT_ASSIGN_OR_RETURN(PanelWords low, decodeLowOf(panel, 0, decoded, options.path, worker.low));
    tensor.store(out, origin, panel, decoded, low);
  }
  worker.times.code += watch.lap();
  return ok();
}

Status TensorDecoder::decodePanelWords(uint64_t panel, CodePath path, MutablePanelWords out) const {
  if (out.rows != state->tensor.rowsOf(panel) || out.columns != plan().matrix.columns)
    return usageError("panel " + std::to_string(panel) + " has " +
                      std::to_string(state->tensor.rowsOf(panel)) + " rows of " +
                      std::to_string(plan().matrix.columns) + " columns, but there is room for " +
                      std::to_string(out.rows) + " of " + std::to_string(out.columns));
  DecodeWorker worker;
  return state->decodeWordsOf(panel, path, worker, out);
}

Status TensorDecoder::decode(std::span<uint8_t> out, ThreadPool &pool,
                             const DecodeOptions &options) const {
  UWT_RETURN_IF_ERROR(TensorWords::make(state->description, out.size()));
  return state->forEachPanel(0, panels(), pool, options.times,
                             [&](uint64_t panel, DecodeWorker &worker) {
                               return state->decodeTo(out, 0, panel, options, worker);
                             });
}

Status TensorDecoder::decodePanels(uint64_t panelBegin, uint64_t panelEnd, std::span<uint8_t> out,
                                   ThreadPool &pool, const DecodeOptions &options) const {
  if (state->description.format.storage == Storage::KMajor)
    return usageError("panels of a k_major tensor are not contiguous: decode it whole or in parts");
  if (panelBegin > panelEnd || panelEnd > panels())
    return usageError("panels " + std::to_string(panelBegin) + " to " + std::to_string(panelEnd) +
                      " are not among the " + std::to_string(panels()) + " of the tensor");
  if (panelBegin == panelEnd)
    return out.empty() ? ok() : usageError("no panels fill no bytes");
  uint64_t begin = state->tensor.panelBegin(panelBegin), end = state->tensor.panelBegin(panelEnd);
  if (out.size() != end - begin)
    return usageError("the panels take " + std::to_string(end - begin) + " bytes, but there are " +
                      std::to_string(out.size()));
  return state->forEachPanel(panelBegin, panelEnd, pool, options.times,
                             [&](uint64_t panel, DecodeWorker &worker) {
                               return state->decodeTo(out, begin, panel, options, worker);
                             });
}

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

uint64_t TensorDecoder::panelBegin(uint64_t panel) const { return state->tensor.panelBegin(panel); }

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

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
