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

#include "../StreamRates.h"
#include "TensorDecoderState.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/StopWatch.h"
#include <algorithm>
#include <cstring>
#include <numeric>

namespace uwt {

/// Outputs of at least this size are not expected to stay in the cache.
static constexpr size_t streamingBytes = size_t(4) << 20;

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

Status TensorDecoder::State::forEachPanel(uint64_t begin, uint64_t end, ThreadPool &pool,
                                          CodingTimes *times, const PanelBody &body) const {
  return forEachGroup(
      begin, end, 1, pool, times, [](uint64_t, uint64_t, DecodeWorker &) { return false; }, body);
}

Status TensorDecoder::State::forEachGroup(uint64_t begin, uint64_t end, uint64_t each,
                                          ThreadPool &pool, CodingTimes *times,
                                          const GroupBody &together, const PanelBody &body) const {
  std::vector<DecodeWorker> workers(pool.size());
  FirstError firstError;
  pool.parallelFor(divideUp(end - begin, each), [&](uint64_t i, unsigned worker) {
    uint64_t groupBegin = begin + i * each, groupEnd = std::min(groupBegin + each, end);
    if (together(groupBegin, groupEnd, workers[worker]))
      return;
    for (uint64_t panel = groupBegin; panel < groupEnd; ++panel) {
      Status status = body(panel, workers[worker]);
      if (!status)
        firstError.report(panel, status.takeError());
    }
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

MutablePanelWords TensorDecoder::State::wordsOf(std::span<uint8_t> out, uint64_t origin,
                                                uint64_t panel,
                                                std::vector<uint16_t> &scratch) const {
  MutablePanelWords words = tensor.destination(out, origin, panel, scratch);
  // Words relative to scales are read again at once.
  words.streaming = tensor.isInPlace(out.data(), panel) && out.size() >= streamingBytes &&
                    !plan().format.hasScales();
  return words;
}

Status TensorDecoder::State::finish(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                    MutablePanelWords words, const DecodeOptions &options,
                                    DecodeWorker &worker) const {
  if (tensor.isInPlace(out.data(), panel))
    return ok();
  PanelWords decoded = {words.data, words.stride, words.rows, words.columns};
  UWT_ASSIGN_OR_RETURN(PanelWords low, decodeLowOf(panel, 0, decoded, options.path, worker.low));
  tensor.store(out, origin, panel, decoded, low);
  return ok();
}

Status TensorDecoder::State::decodeTo(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                      const DecodeOptions &options, DecodeWorker &worker) const {
  StopWatch watch;
  if (options.check)
    UWT_RETURN_IF_ERROR(checkPanel(panel));
  worker.times.checksum += watch.lap();
  MutablePanelWords words = wordsOf(out, origin, panel, worker.words);
  UWT_RETURN_IF_ERROR(decodeWordsOf(panel, options.path, worker, words));
  UWT_RETURN_IF_ERROR(finish(out, origin, panel, words, options, worker));
  worker.times.code += watch.lap();
  return ok();
}

bool TensorDecoder::State::decodeTogetherTo(std::span<uint8_t> out, uint64_t origin, uint64_t begin,
                                            uint64_t end, const DecodeOptions &options,
                                            DecodeWorker &worker) const {
  uint64_t inMatrix = tensor.matrices().shape.panels();
  bool isOneMatrix = begin / inMatrix == (end - 1) / inMatrix;
  if (end - begin < 2 || !isOneMatrix || tensor.rowsOf(end - 1) != tensor.rowsOf(begin))
    return false;
  StopWatch watch;
  for (uint64_t panel = begin; panel < end; ++panel)
    if (entry(panel).asWords || (options.check && !checkPanel(panel)))
      return false;
  worker.times.checksum += watch.lap();
  worker.groupWords.resize(std::max<size_t>(worker.groupWords.size(), end - begin));
  std::vector<StreamPanel> panels;
  for (uint64_t panel = begin; panel < end; ++panel)
    panels.push_back({codedPanel(panel, worker.patch), contextOf(panel),
                      wordsOf(out, origin, panel, worker.groupWords[panel - begin])});
  if (!decodeTogether(plan(), stored->tables, panels, options.path))
    return false;
  for (uint64_t panel = begin; panel < end; ++panel)
    if (!finish(out, origin, panel, panels[panel - begin].out, options, worker))
      return false;
  worker.times.code += watch.lap();
  return true;
}

Status TensorDecoder::State::decodeAll(std::span<uint8_t> out, uint64_t begin, uint64_t end,
                                       ThreadPool &pool, const DecodeOptions &options) const {
  uint64_t origin = tensor.panelBegin(begin);
  // No thread waits for another one's group.
  uint64_t each =
      std::clamp<uint64_t>((end - begin) / pool.size(), 1, panelsTogether(plan(), options.path));
  return forEachGroup(
      begin, end, each, pool, options.times,
      [&](uint64_t groupBegin, uint64_t groupEnd, DecodeWorker &worker) {
        return decodeTogetherTo(out, origin, groupBegin, groupEnd, options, worker);
      },
      [&](uint64_t panel, DecodeWorker &worker) {
        return decodeTo(out, origin, panel, options, worker);
      });
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
  return panels() ? state->decodeAll(out, 0, panels(), pool, options) : ok();
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
  return state->decodeAll(out, panelBegin, panelEnd, pool, options);
}

uint64_t TensorDecoder::panelBegin(uint64_t panel) const { return state->tensor.panelBegin(panel); }

} // namespace uwt
