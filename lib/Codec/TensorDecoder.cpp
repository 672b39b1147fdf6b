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

#include "PanelIndex.h"
#include "StopWatch.h"
#include "TensorWords.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Support/Checksum.h"
#include <atomic>
#include <cstring>
#include <mutex>

namespace uwt {

namespace {

/// What a thread reuses from panel to panel.
struct DecodeWorker {
  std::vector<uint16_t> words, low;
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
      return success();
    return std::move(*first).in("panel " + std::to_string(firstPanel));
  }

private:
  std::mutex mutex;
  std::optional<Error> first;
  uint64_t firstPanel = 0;
};

/// The part of a panel that a partial read wants, and where its elements go.
struct PanelPart {
  uint64_t panel;
  /// Rows inside the panel, and columns of its matrix.
  uint32_t rowBegin, rowEnd;
  uint64_t columnBegin, columnEnd;
  /// Place of element (rowBegin, columnBegin), and bytes from row to row and
  /// from column to column.
  uint8_t *out;
  uint64_t rowStep, columnStep;
};

} // namespace

/// Outputs of at least this size are not expected to stay in the cache.
static constexpr size_t streamingBytes = size_t(4) << 20;

/// Up to this many rows of a row_major panel are decoded one by one rather than
/// with their whole panel.
static constexpr uint32_t singleRowsLimit = 8;

struct TensorDecoder::State {
  TensorDescription description;
  PlaneViews planes;
  TensorIndex index;
  TensorWords tensor;
  PrefixTablesPtr tables;

  std::span<const uint8_t> part(uint64_t panel, PlaneKind kind) const {
    const DirectoryEntry &entry = index.entries[panel];
    return planes[numberOf(kind)].subspan(entry.offset[numberOf(kind)], entry.size[numberOf(kind)]);
  }
  std::span<const uint8_t> classesOf(uint64_t panel) const {
    if (index.rowClasses.empty())
      return {};
    return std::span<const uint8_t>(index.rowClasses)
        .subspan(panel * panelRows, tensor.rowsOf(panel));
  }
  CodedPanel codedPanel(uint64_t panel, std::vector<uint32_t> &patch) const;
  Status checkPanel(uint64_t panel) const;
  Status decodeWordsOf(uint64_t panel, CodePath path, DecodeWorker &worker,
                       MutablePanelWords out) const;
  Status decodeRowOf(uint64_t panel, uint32_t row, DecodeWorker &worker,
                     std::span<uint16_t> out) const;
  /// Low halves of rows [begin, end) of a panel; all of its rows in fragment layout.
  PanelWords decodeLowOf(uint64_t panel, uint32_t begin, uint32_t end, CodePath path,
                         std::vector<uint16_t> &scratch) const;
  Status decodeTo(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                  const DecodeOptions &options, DecodeWorker &worker) const;
  Status decodeRows(const PanelPart &part, const DecodeOptions &options,
                    DecodeWorker &worker) const;
  Status forEachPanel(uint64_t begin, uint64_t end, ThreadPool &pool, CodingTimes *times,
                      const std::function<Status(uint64_t, DecodeWorker &)> &body) const;
};

TensorDecoder::TensorDecoder(std::unique_ptr<State> state) : state(std::move(state)) {}
TensorDecoder::TensorDecoder(TensorDecoder &&) noexcept = default;
TensorDecoder &TensorDecoder::operator=(TensorDecoder &&) noexcept = default;
TensorDecoder::~TensorDecoder() = default;

Expected<TensorDecoder> TensorDecoder::open(const TensorDescription &description,
                                            const PlaneViews &planes,
                                            std::optional<uint64_t> indexChecksum) {
  auto state = std::make_unique<State>();
  state->description = description;
  state->planes = planes;
  std::array<uint64_t, planeKinds> sizes;
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    sizes[kind] = planes[kind].size();
  UWT_ASSIGN_OR_RETURN(state->index, readIndex(description, planes[numberOf(PlaneKind::Index)],
                                               sizes, indexChecksum));
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  UWT_ASSIGN_OR_RETURN(
      state->tensor,
      TensorWords::make(description, elements * getTraits(description.element).bytes));
  if (state->index.plan.traits.rate == Rate::Prefix)
    state->tables = makePrefixTables(state->index.plan);
  return TensorDecoder(std::move(state));
}

const TensorDescription &TensorDecoder::description() const { return state->description; }
const TensorDescription::Matrices &TensorDecoder::matrices() const {
  return state->tensor.matrices();
}
const CodingPlan &TensorDecoder::plan() const { return state->index.plan; }
uint64_t TensorDecoder::panels() const { return state->index.entries.size(); }
bool TensorDecoder::panelStoredAsWords(uint64_t panel) const {
  return state->index.entries[panel].asWords;
}
std::span<const uint8_t> TensorDecoder::panelBytes(uint64_t panel, PlaneKind kind) const {
  return kind == PlaneKind::Index ? std::span<const uint8_t>() : state->part(panel, kind);
}

std::span<const uint32_t> TensorDecoder::panelEscapeCounts(uint64_t panel) const {
  const DirectoryEntry &entry = state->index.entries[panel];
  if (entry.asWords)
    return {};
  return std::span<const uint32_t>(state->index.counts)
      .subspan(entry.countBegin, entry.countEnd - entry.countBegin);
}

std::span<const uint8_t> TensorDecoder::panelRowClasses(uint64_t panel) const {
  return state->classesOf(panel);
}

uint64_t TensorDecoder::escapes() const {
  uint64_t sum = 0;
  for (uint32_t count : state->index.counts)
    sum += count;
  if (state->index.plan.traits.rate != Rate::Prefix)
    return sum;
  for (uint64_t panel = 0; panel < panels(); ++panel)
    if (!panelStoredAsWords(panel))
      sum += countPrefixEscapes(plan(), state->tensor.rowsOf(panel),
                                state->part(panel, PlaneKind::Code));
  return sum;
}

Status TensorDecoder::State::checkPanel(uint64_t panel) const {
  Xxh3Stream hash;
  for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind)
    hash.update(part(panel, static_cast<PlaneKind>(kind)));
  uint64_t found = hash.digest(), expected = index.entries[panel].checksum;
  if (found == expected)
    return success();
  return invalidError("the stored bytes are damaged: their checksum is " + toHex64(found) +
                      ", expected " + toHex64(expected));
}

Status TensorDecoder::checkPanel(uint64_t panel) const {
  Status status = state->checkPanel(panel);
  if (!status)
    return status.takeError().in("panel " + std::to_string(panel));
  return success();
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
    std::span<const uint8_t> rest = state->planes[kind].subspan(state->index.used[kind]);
    for (uint8_t byte : rest)
      if (byte != 0)
        return invalidError("plane " + std::string(planeName(static_cast<PlaneKind>(kind))) +
                            " has bytes that are not zero after the " +
                            std::to_string(state->index.used[kind]) + " in use");
  }
  return success();
}

CodedPanel TensorDecoder::State::codedPanel(uint64_t panel, std::vector<uint32_t> &patch) const {
  const DirectoryEntry &entry = index.entries[panel];
  CodedPanel coded;
  coded.raw = part(panel, PlaneKind::Raw);
  coded.code = part(panel, PlaneKind::Code);
  coded.codeTail = planes[numberOf(PlaneKind::Code)].size() -
                   entry.offset[numberOf(PlaneKind::Code)] - coded.code.size();
  coded.counts = std::span<const uint32_t>(index.counts)
                     .subspan(entry.countBegin, entry.countEnd - entry.countBegin);
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
  const CodingPlan &plan = index.plan;
  if (index.entries[panel].asWords) {
    decodeWords(plan.format.layout, plan.split.wordBits, part(panel, PlaneKind::Words), path, out);
    return success();
  }
  CodedPanel coded = codedPanel(panel, worker.patch);
  if (plan.traits.rate == Rate::Prefix)
    return decodePrefix(plan, *tables, coded, classesOf(panel), path, out);
  return decodeFixed(plan, coded, path, out);
}

Status TensorDecoder::State::decodeRowOf(uint64_t panel, uint32_t row, DecodeWorker &worker,
                                         std::span<uint16_t> out) const {
  const CodingPlan &plan = index.plan;
  uint32_t rows = tensor.rowsOf(panel);
  if (index.entries[panel].asWords) {
    std::span<const uint8_t> words = part(panel, PlaneKind::Words);
    uint64_t rowBytes = words.size() / rows;
    decodeWords(plan.format.layout, plan.split.wordBits, words.subspan(row * rowBytes, rowBytes),
                CodePath::Scalar, {out.data(), out.size(), 1, out.size()});
    return success();
  }
  CodedPanel coded = codedPanel(panel, worker.patch);
  if (plan.traits.rate == Rate::Prefix)
    return decodePrefixRow(plan, *tables, coded, classesOf(panel), rows, row, out);
  return decodeFixedRow(plan, coded, rows, row, out);
}

PanelWords TensorDecoder::State::decodeLowOf(uint64_t panel, uint32_t begin, uint32_t end,
                                             CodePath path, std::vector<uint16_t> &scratch) const {
  std::span<const uint8_t> bytes = part(panel, PlaneKind::Low);
  if (bytes.empty())
    return {};
  Layout layout = index.plan.format.layout;
  uint64_t columns = index.plan.matrix.columns;
  if (layout == Layout::RowMajor) {
    uint64_t rowBytes = fieldBytes(layout, 1, columns, 16);
    bytes = bytes.subspan(begin * rowBytes, (end - begin) * rowBytes);
  }
  scratch.resize((end - begin) * columns);
  decodeWords(layout, 16, bytes, path, {scratch.data(), columns, end - begin, columns});
  return {scratch.data(), columns, end - begin, columns};
}

Status TensorDecoder::State::decodeTo(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                      const DecodeOptions &options, DecodeWorker &worker) const {
  StopWatch watch;
  if (options.check)
    UWT_RETURN_IF_ERROR(checkPanel(panel));
  worker.times.checksum += watch.lap();
  MutablePanelWords words = tensor.destination(out, origin, panel, worker.words);
  words.streaming = tensor.inPlace(out.data()) && out.size() >= streamingBytes;
  UWT_RETURN_IF_ERROR(decodeWordsOf(panel, options.path, worker, words));
  if (!tensor.inPlace(out.data()))
    tensor.store(out, origin, panel, {words.data, words.stride, words.rows, words.columns},
                 decodeLowOf(panel, 0, words.rows, options.path, worker.low));
  worker.times.code += watch.lap();
  return success();
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
    return out.empty() ? success() : usageError("no panels fill no bytes");
  uint64_t begin = state->tensor.panelBegin(panelBegin);
  uint64_t end = state->tensor.panelBegin(panelEnd - 1) + state->tensor.panelSize(panelEnd - 1);
  if (out.size() != end - begin)
    return usageError("the panels take " + std::to_string(end - begin) + " bytes, but there are " +
                      std::to_string(out.size()));
  return state->forEachPanel(panelBegin, panelEnd, pool, options.times,
                             [&](uint64_t panel, DecodeWorker &worker) {
                               return state->decodeTo(out, begin, panel, options, worker);
                             });
}

Status TensorDecoder::State::decodeRows(const PanelPart &part, const DecodeOptions &options,
                                        DecodeWorker &worker) const {
  if (options.check)
    UWT_RETURN_IF_ERROR(checkPanel(part.panel));
  uint64_t columns = index.plan.matrix.columns;
  bool alone = index.plan.format.layout == Layout::RowMajor &&
               part.rowEnd - part.rowBegin <= singleRowsLimit;
  // The rows of the panel that are decoded, a superset of those that are wanted.
  uint32_t begin = alone ? part.rowBegin : 0, end = alone ? part.rowEnd : tensor.rowsOf(part.panel);
  worker.words.resize((end - begin) * columns);
  MutablePanelWords words = {worker.words.data(), columns, end - begin, columns};
  for (uint32_t row = begin; alone && row < end; ++row)
    UWT_RETURN_IF_ERROR(decodeRowOf(part.panel, row, worker, {words.row(row - begin), columns}));
  if (!alone)
    UWT_RETURN_IF_ERROR(decodeWordsOf(part.panel, options.path, worker, words));
  PanelWords low = decodeLowOf(part.panel, begin, end, options.path, worker.low);
  for (uint32_t row = part.rowBegin; row < part.rowEnd; ++row)
    for (uint64_t column = part.columnBegin; column < part.columnEnd; ++column)
      tensor.storeElement(part.out + (row - part.rowBegin) * part.rowStep +
                              (column - part.columnBegin) * part.columnStep,
                          words.row(row - begin)[column],
                          low.data ? low.row(row - begin)[column] : 0);
  return success();
}

Status TensorDecoder::decodePart(uint64_t matrix, uint64_t rowBegin, uint64_t rowEnd,
                                 uint64_t columnBegin, uint64_t columnEnd, std::span<uint8_t> out,
                                 ThreadPool &pool, const DecodeOptions &options) const {
  MatrixShape shape = matrices().shape;
  bool kMajor = state->description.format.storage == Storage::KMajor;
  uint64_t rows = kMajor ? shape.columns : shape.rows;
  uint64_t columns = kMajor ? shape.rows : shape.columns;
  auto range = [](const char *what, uint64_t begin, uint64_t end, uint64_t size) -> Status {
    if (begin <= end && end <= size)
      return success();
    return usageError(std::string(what) + " " + std::to_string(begin) + ":" + std::to_string(end) +
                      " are not inside 0:" + std::to_string(size));
  };
  if (matrix >= matrices().count)
    return usageError("matrix " + std::to_string(matrix) + " is not among the " +
                      std::to_string(matrices().count) + " of the tensor");
  UWT_RETURN_IF_ERROR(range("rows", rowBegin, rowEnd, rows));
  UWT_RETURN_IF_ERROR(range("columns", columnBegin, columnEnd, columns));
  uint64_t elementBytes = getTraits(state->description.element).bytes;
  uint64_t outRow = (columnEnd - columnBegin) * elementBytes;
  if (out.size() != (rowEnd - rowBegin) * outRow)
    return usageError("the part takes " + std::to_string((rowEnd - rowBegin) * outRow) +
                      " bytes, but there are " + std::to_string(out.size()));
  if (out.empty())
    return success();

  uint64_t nBegin = kMajor ? columnBegin : rowBegin, nEnd = kMajor ? columnEnd : rowEnd;
  uint64_t firstPanel = matrix * shape.panels();
  return state->forEachPanel(
      firstPanel + nBegin / panelRows, firstPanel + divideUp(nEnd, panelRows), pool, options.times,
      [&](uint64_t panel, DecodeWorker &worker) -> Status {
        uint64_t top = (panel - firstPanel) * panelRows;
        PanelPart part;
        part.panel = panel;
        part.rowBegin = static_cast<uint32_t>(std::max(nBegin, top) - top);
        part.rowEnd = static_cast<uint32_t>(std::min<uint64_t>(nEnd - top, panelRows));
        part.columnBegin = kMajor ? rowBegin : columnBegin;
        part.columnEnd = kMajor ? rowEnd : columnEnd;
        part.rowStep = kMajor ? elementBytes : outRow;
        part.columnStep = kMajor ? outRow : elementBytes;
        part.out = out.data() + (top + part.rowBegin - nBegin) * part.rowStep;
        return state->decodeRows(part, options, worker);
      });
}

} // namespace uwt
