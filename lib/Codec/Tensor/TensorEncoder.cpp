//===- TensorEncoder.cpp - A tensor to its planes -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics, model, then batches of panels: a batch is coded in parallel and
// appended in order, so that memory is bounded and the bytes do not depend on
// the number of threads.
//
//===----------------------------------------------------------------------===//

#include "../LowHalves.h"
#include "../Scales.h"
#include "../StreamRates.h"
#include "LowStatistics.h"
#include "PanelIndex.h"
#include "TensorWords.h"
#include "uwt/Codec/Sample.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/StopWatch.h"
#include <cmath>

namespace uwt {

/// Source bytes of a batch for each thread: large enough to hide the batch's
/// serial end, small beside any model.
static constexpr uint64_t batchBytesPerThread = uint64_t(4) << 20;

namespace {

/// A coded panel that waits to be appended. Reused from batch to batch: fresh
/// buffers would cost more in page faults than the coding itself.
struct PendingPanel {
  DirectoryEntry entry;
  EncodedPanel coded;
  std::vector<uint8_t> words, low;
  bool isLowCoded = false;

  void reset() {
    entry = DirectoryEntry();
    words.clear();
    low.clear();
  }
  std::span<const uint8_t> part(PlaneKind kind) const {
    switch (kind) {
    case PlaneKind::Words:
      return words;
    case PlaneKind::Raw:
      return coded.raw;
    case PlaneKind::Code:
      return coded.code;
    case PlaneKind::Patch:
      return {reinterpret_cast<const uint8_t *>(coded.patch.data()), coded.patch.size() * 4};
    case PlaneKind::Low:
      return low;
    case PlaneKind::Index:
      break;
    }
    return {};
  }
};

/// What a thread reuses from panel to panel.
struct EncodeWorker {
  /// Of each panel of a group.
  std::vector<std::vector<uint16_t>> words;
  std::vector<uint16_t> low;
  CodingTimes times;
};

/// What a coded panel adds to the result.
struct SampledPanel {
  std::array<uint64_t, planeKinds> bytes{};
  uint64_t escapes = 0, counts = 0;
  bool asWords = false;
};

class TensorEncoder {
public:
  TensorEncoder(const TensorDescription &description, std::span<const uint8_t> source,
                PlaneSink &sink, ThreadPool &pool, const EncodeOptions &options)
      : description(description), source(source), sink(sink), pool(pool), options(options),
        index(plan), workers(pool.size()) {}

  Expected<EncodedTensor> run();
  /// The same for a sample; the sink gets nothing.
  Expected<EncodedTensor> estimate(const PanelSample &sample);

private:
  Status prepare();
  Status buildModel();
  SymbolStatistics count(const PanelSource &panelOf, uint64_t panels);
  SymbolStatistics countByClasses(const PanelSource &panelOf, uint64_t panels);
  SymbolStatistics countByScales(const PanelSource &panelOf, uint64_t panels);
  Status findLowHalves();
  uint64_t scaleWords() const;
  Status findLowBits();
  Status findLowPalette();
  void addSampled(std::span<const SampledPanel> panels);
  /// The number of panel `i` of those that are coded.
  uint64_t panelAt(uint64_t i) const { return sample ? sample->panels[i] : i; }
  void encodeGroups(uint64_t begin, std::span<PendingPanel> pending);
  void encodePanels(uint64_t begin, std::span<PendingPanel> pending, EncodeWorker &worker) const;
  void codeLow(PanelWords low, uint64_t i, PendingPanel &pending) const;
  void codeWords(std::span<const PanelWords> words, uint64_t begin,
                 std::span<PendingPanel> pending) const;
  void keepSmaller(PanelWords words, PendingPanel &pending) const;
  Status append(uint64_t panel, PendingPanel &pending);
  Status appendPart(PlaneKind kind, std::span<const uint8_t> bytes);
  Status finish();
  std::span<const uint8_t> classesOf(uint64_t panel) const;
  uint64_t matrixOf(uint64_t i) const { return panelAt(i) / tensor.matrices().shape.panels(); }
  PanelContext contextOf(uint64_t i) const;

  const TensorDescription &description;
  std::span<const uint8_t> source;
  PlaneSink &sink;
  ThreadPool &pool;
  const EncodeOptions &options;
  /// Null where all panels are coded.
  const PanelSample *sample = nullptr;

  CodingPlan plan;
  const Codec *codec = nullptr;
  TensorWords tensor;
  StreamTables tables;
  std::vector<uint8_t> rowClasses;
  TensorScales scales;
  bool hasLow = false;
  std::optional<LowCoder> lowCoder;

  IndexWriter index;
  uint64_t slots[2] = {0, 0};
  std::vector<EncodeWorker> workers;
  CodingTimes times;
  EncodedTensor result;
};

} // namespace

Status TensorEncoder::prepare() {
  UWT_ASSIGN_OR_RETURN(plan.traits, checkFormat(description.format, description.element));
  UWT_ASSIGN_OR_RETURN(codec, findCodec(description.format.codec.keyword));
  UWT_ASSIGN_OR_RETURN(tensor, TensorWords::make(description, source.size()));
  plan.format = description.format;
  plan.element = description.element;
  plan.split = splitOf(plan.element, plan.format);
  plan.matrix = tensor.matrices().shape;
  return ok();
}

/// What a model costs beside what it codes follows from counts of the whole tensor.
static void multiply(SymbolStatistics &statistics, uint64_t factor) {
  for (auto *tables : {&statistics.counts, &statistics.pairs})
    for (std::vector<uint64_t> &table : *tables)
      for (uint64_t &count : table)
        count *= factor;
}

Status TensorEncoder::buildModel() {
  if (plan.traits.rate == Rate::Words)
    return ok();
  uint64_t panels = sample ? sample->panels.size() : tensor.matrices().panels();
  PanelSource panelOf = [this](uint64_t i, std::vector<uint16_t> &scratch) {
    return tensor.load(source, panelAt(i), scratch);
  };
  StopWatch watch;
  if (options.chosen)
    rowClasses = options.chosen->rowClasses;
  std::shared_ptr<const SymbolStatistics> statistics =
      options.chosen && !sample ? options.chosen->statistics : nullptr;
  if (!statistics)
    statistics = std::make_shared<const SymbolStatistics>(count(panelOf, panels));
  times.statistics += watch.lap();
  UWT_ASSIGN_OR_RETURN(plan.model, codec->buildModel(plan.format, *statistics));
  tables = makeStreamTables(plan);
  times.model += watch.lap();
  return ok();
}

SymbolStatistics TensorEncoder::count(const PanelSource &panelOf, uint64_t panels) {
  SymbolStatistics statistics =
      plan.format.hasScales() ? countByScales(panelOf, panels) : countByClasses(panelOf, panels);
  if (sample && !sample->panels.empty())
    multiply(statistics, sample->panelsOfTensor / sample->panels.size());
  return statistics;
}

SymbolStatistics TensorEncoder::countByClasses(const PanelSource &panelOf, uint64_t panels) {
  uint32_t classes = plan.format.rowClasses;
  bool pairs = plan.traits.codeSymbols == 2;
  std::optional<RowHistograms> counted;
  const RowHistograms *rows = options.chosen ? options.chosen->rows.get() : nullptr;
  if (rows && rows->split.symbolBits != plan.split.symbolBits)
    rows = nullptr;
  if (classes > 1 && rowClasses.empty()) {
    if (!rows)
      rows = &counted.emplace(countRows(panelOf, panels, plan.split, pool));
    rowClasses = sortRowClasses(*rows, classes, panelOf, pool);
  }
  if (rows && !pairs)
    return classStatistics(*rows, rowClasses, classes, panelOf, pool);
  return countSymbols(panelOf, panels, plan.split, pairs, rowClasses, classes, pool);
}

SymbolStatistics TensorEncoder::countByScales(const PanelSource &panelOf, uint64_t panels) {
  std::vector<uint64_t> matrixOfPanels;
  for (uint64_t i = 0; i < panels; ++i)
    matrixOfPanels.push_back(matrixOf(i));
  ScaledPanels scaled{panelOf, matrixOfPanels};
  if (options.chosen && options.chosen->scales)
    scales = *options.chosen->scales;
  else
    scales = findScales(plan, scaled, tensor.matrices().count, pool);
  return countRelative(plan, scaled, scales, pool);
}

/// What the index holds of low halves, and whether there are any to be stored.
Status TensorEncoder::findLowHalves() {
  switch (plan.format.lowHalves) {
  case LowHalves::TopBits:
    return findLowBits();
  case LowHalves::Rows:
    plan.low.rowBits = options.chosen && !options.chosen->low.rowBits.empty()
                           ? options.chosen->low.rowBits
                           : findRowBits(tensor, source, sample, pool);
    hasLow = std::ranges::any_of(plan.low.rowBits, [](uint8_t bits) { return bits != 0; });
    return ok();
  case LowHalves::Palette:
    return findLowPalette();
  case LowHalves::Coded:
    break;
  }
  plan.low.code = options.chosen && !options.chosen->low.code.weights.empty()
                      ? options.chosen->low.code
                      : buildLowCode(tensor, source, sample, pool);
  lowCoder.emplace(plan);
  hasLow = true;
  return ok();
}

Status TensorEncoder::findLowPalette() {
  if (options.chosen && !options.chosen->low.palette.empty()) {
    plan.low.palette = options.chosen->low.palette;
    return ok();
  }
  auto palette = findPalette(tensor, source, sample, pool);
  if (!palette)
    return usageError("low=palette needs tensors of at most " + std::to_string(maxPaletteValues) +
                      " values, no two of them with the same upper half; leave it out");
  plan.low.palette = *std::move(palette);
  return ok();
}

/// low-1: whether any low half is to be stored, and in as few bits as the format says.
Status TensorEncoder::findLowBits() {
  uint32_t bits = plan.format.lowBits;
  auto dropped = static_cast<uint16_t>((1u << (wholeLowBits - bits)) - 1);
  // Of whole low halves it is enough to have seen one.
  uint16_t enough = dropped ? dropped : 0xffff;
  uint16_t found = tensor.lowHalfBits(source, sample, enough, pool);
  hasLow = found != 0;
  if ((found & dropped) == 0)
    return ok();
  return usageError("low=" + std::to_string(bits) +
                    " stores the top bits of low halves only, but some have bits below; leave it "
                    "out");
}

std::span<const uint8_t> TensorEncoder::classesOf(uint64_t panel) const {
  if (rowClasses.empty())
    return {};
  return std::span<const uint8_t>(rowClasses).subspan(panel * panelRows, panelRows);
}

PanelContext TensorEncoder::contextOf(uint64_t i) const {
  if (plan.format.hasScales())
    return uwt::contextOf(scales, plan.matrix, i, matrixOf(i));
  return classesOf(i);
}

/// Panels from `begin` on.
void TensorEncoder::codeWords(std::span<const PanelWords> words, uint64_t begin,
                              std::span<PendingPanel> pending) const {
  if (isVariable(plan.traits.rate)) {
    std::vector<PanelToEncode> panels;
    for (size_t i = 0; i < words.size(); ++i)
      panels.push_back({words[i], contextOf(begin + i), &pending[i].coded});
    encodeTogether(plan, tables, panels, options.path);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (plan.traits.rate == Rate::Fixed)
      encodeFixed(plan, words[i], options.path, pending[i].coded);
    keepSmaller(words[i], pending[i]);
  }
}

/// Stores a panel as words where its code is no smaller.
void TensorEncoder::keepSmaller(PanelWords words, PendingPanel &pending) const {
  uint64_t wordsBytes =
      fieldBytes(plan.format.layout, words.rows, words.columns, plan.split.wordBits);
  bool coded = plan.traits.rate != Rate::Words && !pending.coded.overflow &&
               pending.coded.bytes() < wordsBytes; // panel-1
  if (coded)
    return;
  pending.entry.asWords = true;
  pending.coded.reset();
  encodeWords(plan.format.layout, plan.split.wordBits, words, options.path, pending.words);
}

void TensorEncoder::codeLow(PanelWords low, uint64_t i, PendingPanel &pending) const {
  if (plan.format.lowHalves == LowHalves::TopBits)
    return encodeLow(plan.format, low, options.path, pending.low);
  if (lowCoder) {
    pending.isLowCoded = lowCoder->encode(low, options.path, pending.low);
    return;
  }
  std::span<const uint8_t> rowBits = plan.low.rowBits;
  encodeLowRows(low, rowBits.subspan(i * panelRows, low.rows), options.path, pending.low);
}

/// Encodes panels from `begin` on.
void TensorEncoder::encodePanels(uint64_t begin, std::span<PendingPanel> pending,
                                 EncodeWorker &worker) const {
  StopWatch watch;
  std::vector<PanelWords> words;
  worker.words.resize(std::max(worker.words.size(), pending.size()));
  for (size_t i = 0; i < pending.size(); ++i) {
    pending[i].reset();
    words.push_back(tensor.load(source, panelAt(begin + i), worker.words[i]));
  }
  codeWords(words, begin, pending);
  for (size_t i = 0; i < pending.size() && hasLow; ++i)
    codeLow(tensor.loadLow(source, panelAt(begin + i), worker.low), begin + i, pending[i]);
  worker.times.code += watch.lap();
  for (PendingPanel &panel : pending) {
    Xxh3Stream hash;
    for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind)
      hash.update(panel.part(static_cast<PlaneKind>(kind)));
    panel.entry.checksum = hash.digest();
  }
  worker.times.checksum += watch.lap();
}

/// The same on all threads, in groups of panels that are coded together.
void TensorEncoder::encodeGroups(uint64_t begin, std::span<PendingPanel> pending) {
  // No thread waits for another one's group.
  uint64_t each =
      std::clamp<uint64_t>(pending.size() / pool.size(), 1, panelsTogether(plan, options.path));
  pool.parallelFor(divideUp(pending.size(), each), [&](uint64_t group, unsigned worker) {
    uint64_t first = group * each, count = std::min<uint64_t>(each, pending.size() - first);
    encodePanels(begin + first, pending.subspan(first, count), workers[worker]);
  });
}

Status TensorEncoder::appendPart(PlaneKind kind, std::span<const uint8_t> bytes) {
  if (bytes.empty())
    return ok();
  result.planeBytes[numberOf(kind)] += bytes.size();
  return sink.append(kind, bytes);
}

Status TensorEncoder::append(uint64_t panel, PendingPanel &pending) {
  DirectoryEntry &entry = pending.entry;
  entry.slot = slots[entry.asWords]++;
  for (PlaneKind kind : {PlaneKind::Code, PlaneKind::Patch})
    entry.offset[numberOf(kind)] = result.planeBytes[numberOf(kind)];
  entry.size[numberOf(PlaneKind::Code)] = pending.part(PlaneKind::Code).size();
  UWT_RETURN_IF_ERROR(checkEntry(entry));
  for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind)
    UWT_RETURN_IF_ERROR(
        appendPart(static_cast<PlaneKind>(kind), pending.part(static_cast<PlaneKind>(kind))));
  if (lowCoder)
    plan.low.codeSizes.push_back(
        pending.isLowCoded ? static_cast<uint32_t>(pending.low.size() / LowCoder::codeAlignment)
                           : 0);
  index.add(entry, classesOf(panel), pending.coded.counts);
  result.escapes += pending.coded.escapes;
  result.panelsAsWords += entry.asWords;
  return ok();
}

Status TensorEncoder::finish() {
  std::vector<uint32_t> words =
      index.finish(*codec, scales, tensor.matrices().count, result.planeBytes);
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data()), words.size() * 4);
  result.indexChecksum = xxh3(bytes);
  UWT_RETURN_IF_ERROR(appendPart(PlaneKind::Index, bytes));
  if (!options.times)
    return ok();
  for (const EncodeWorker &worker : workers) {
    times.code += worker.times.code;
    times.checksum += worker.times.checksum;
  }
  *options.times = times;
  return ok();
}

Expected<EncodedTensor> TensorEncoder::run() {
  UWT_RETURN_IF_ERROR(prepare());
  UWT_RETURN_IF_ERROR(buildModel());
  UWT_RETURN_IF_ERROR(findLowHalves());
  result.panels = tensor.matrices().panels();
  uint64_t panelBytes =
      std::max<uint64_t>(1, panelRows * plan.matrix.columns * getTraits(plan.element).bytes);
  uint64_t batch = std::max<uint64_t>(1, batchBytesPerThread / panelBytes) * pool.size();
  std::vector<PendingPanel> pending(std::min(batch, result.panels));
  for (uint64_t begin = 0; begin < result.panels; begin += batch) {
    uint64_t count = std::min(batch, result.panels - begin);
    encodeGroups(begin, std::span(pending).first(count));
    uint64_t done = 0;
    for (uint64_t i = 0; i < count; ++i) {
      UWT_RETURN_IF_ERROR(append(begin + i, pending[i]));
      done += tensor.panelSize(begin + i);
    }
    if (options.progress && !options.progress(done))
      return Error(ErrorKind::Interrupted, "interrupted");
  }
  UWT_RETURN_IF_ERROR(finish());
  return result;
}

//===----------------------------------------------------------------------===//
// Estimates
//===----------------------------------------------------------------------===//

/// About the u32 that scales take (scale-4).
uint64_t TensorEncoder::scaleWords() const {
  if (!plan.format.hasScales() || sample->panels.empty())
    return 0;
  std::vector<uint32_t> ofRows, all;
  if (sample->isWhole()) {
    writeScales(plan, scales, tensor.matrices().count, all);
    return all.size();
  }
  CodingPlan sampled = plan;
  sampled.matrix.rows = sample->panels.size() * panelRows;
  writeScales(sampled, scales, /*matrices=*/1, ofRows);
  sampled.matrix.rows = 0;
  writeScales(sampled, scales, tensor.matrices().count, all);
  return all.size() + ofRows.size() * sample->panelsOfTensor / sample->panels.size();
}

/// Sums up panels, each as often as its weight says.
void TensorEncoder::addSampled(std::span<const SampledPanel> panels) {
  std::array<double, planeKinds> bytes{};
  double escapes = 0, counts = 0, asWords = 0;
  for (size_t i = 0; i < panels.size(); ++i) {
    double weight = sample->weights[i];
    for (unsigned kind = 0; kind < planeKinds; ++kind)
      bytes[kind] += weight * static_cast<double>(panels[i].bytes[kind]);
    escapes += weight * static_cast<double>(panels[i].escapes);
    counts += weight * static_cast<double>(panels[i].counts);
    asWords += panels[i].asWords ? weight : 0;
  }
  auto rounded = [](double value) { return static_cast<uint64_t>(std::llround(value)); };
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    result.planeBytes[kind] = rounded(bytes[kind]);
  result.escapes = rounded(escapes);
  result.panelsAsWords = rounded(asWords);
  std::vector<uint32_t> index(indexHeaderWords);
  codec->writeModel(plan.format, plan.model, index);
  writeLowModel(plan, plan.format.lowHalves == LowHalves::Coded ? result.panels : panels.size(),
                index);
  uint64_t words = index.size() + scaleWords() + result.panels * directoryEntryWords(plan) +
                   divideUp(rounded(counts) * (hasPatch(plan) ? countBytes(plan) : 0), 4);
  result.planeBytes[numberOf(PlaneKind::Index)] = words * 4;
}

Expected<EncodedTensor> TensorEncoder::estimate(const PanelSample &from) {
  sample = &from;
  UWT_RETURN_IF_ERROR(prepare());
  UWT_RETURN_IF_ERROR(buildModel());
  UWT_RETURN_IF_ERROR(findLowHalves());
  result.panels = tensor.matrices().panels();
  std::vector<SampledPanel> sampled(from.panels.size());
  std::vector<PendingPanel> pending(pool.size());
  pool.parallelFor(sampled.size(), [&](uint64_t i, unsigned worker) {
    PendingPanel &panel = pending[worker];
    encodePanels(i, {&panel, 1}, workers[worker]);
    for (unsigned kind = 0; kind < planeKinds; ++kind)
      sampled[i].bytes[kind] = panel.part(static_cast<PlaneKind>(kind)).size();
    sampled[i].escapes = panel.coded.escapes;
    sampled[i].counts = panel.coded.counts.size();
    sampled[i].asWords = panel.entry.asWords;
  });
  addSampled(sampled);
  return result;
}

Expected<EncodedTensor> encodeTensor(const TensorDescription &description,
                                     std::span<const uint8_t> source, PlaneSink &sink,
                                     ThreadPool &pool, const EncodeOptions &options) {
  return TensorEncoder(description, source, sink, pool, options).run();
}

Expected<EncodedTensor> estimateTensor(const TensorDescription &description,
                                       std::span<const uint8_t> source, const PanelSample &sample,
                                       ThreadPool &pool, const EncodeOptions &options) {
  MemoryPlanes none;
  return TensorEncoder(description, source, none, pool, options).estimate(sample);
}

} // namespace uwt
