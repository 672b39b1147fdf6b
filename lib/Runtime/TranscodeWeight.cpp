//===- TranscodeWeight.cpp - Weights coded anew at load -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A panel at a time, decoded and coded again while it is in the cache, so that the tensor is
// never whole in memory. The model comes from the stored one or from some panels
// (Transcode.h): a model that fits less well costs escapes, never bits of the result.
//
// Each panel's parts of fixed size lie at a multiple of that size, whether the panel has them or
// not: threads need not wait for one another, and memory that nobody writes takes none.
// Parts of any size (escape records, prefix codes) are gathered when all panels are done.
//
// Formats with row classes, tensors whose two formats read the shape differently, and f32 in
// another layout go by way of the dense tensor and the codec library's encoder.
//
//===----------------------------------------------------------------------===//

#include "WeightBuilder.h"
#include "uwt/Codec/Transcode.h"
#include "uwt/Support/StopWatch.h"
#include <cstring>

using namespace uwt;

namespace {

/// What a thread reuses from panel to panel.
struct Worker {
  std::vector<uint16_t> words;
  std::vector<uint8_t> packed;
  EncodedPanel coded;
  LoadTimes times;
};

/// Parts of a panel that have no offset yet.
struct LoosePanel {
  std::vector<uint32_t> patch, counts;
  std::vector<uint8_t> code;
};

class WeightTranscoder {
public:
  WeightTranscoder(const TensorDescription &description, const CodingPlan &plan, uint64_t panels,
                   ThreadPool &pool, const LoadOptions &options)
      : plan(plan), panels(panels), pool(pool), options(options), builder(description),
        loose(panels) {}
  virtual ~WeightTranscoder() = default;

  Expected<LoadedWeight> run();

protected:
  virtual Expected<PanelWords> wordsOf(uint64_t panel, Worker &worker) const = 0;
  /// A way around words: the code (of fixed size) to its offset, the rest to worker.coded. False
  /// where there is none.
  virtual bool codeDirectly(uint64_t, Worker &, std::span<uint8_t>) const { return false; }
  virtual Status checkPanel(uint64_t) const { return ok(); }
  /// Low halves of a panel, whole ones, in `scratch` where they are not stored so.
  virtual Expected<std::span<const uint8_t>> lowOf(uint64_t, std::vector<uint8_t> &) const {
    return std::span<const uint8_t>();
  }

  const CodingPlan &plan;

private:
  uint32_t rowsOf(uint64_t panel) const {
    return plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
  }
  uint64_t wordsBytes(uint32_t rows) const {
    return fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.wordBits);
  }
  /// Of a coded panel.
  uint64_t rawBytes(uint32_t rows) const {
    return plan.traits.rate == Rate::Fixed
               ? fixedPanelSizes(plan, rows).raw
               : fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.rawBits());
  }
  void makeBuffers();
  Status codePanel(uint64_t panel, Worker &worker);
  Status codeLoose(uint64_t panel, Worker &worker);
  void storeWords(uint64_t panel, PanelWords words, Worker &worker);
  void keep(uint64_t panel, Worker &worker);
  void gather();

  uint64_t panels;
  ThreadPool &pool;
  const LoadOptions &options;
  WeightBuilder builder;
  StreamTables tables;
  /// Bytes from panel to panel.
  uint64_t wordsStride = 0, rawStride = 0, codeStride = 0, lowStride = 0;
  std::span<uint8_t> words, raw, code, low;
  std::vector<LoosePanel> loose;
};

} // namespace

void WeightTranscoder::makeBuffers() {
  auto rows = static_cast<uint32_t>(std::min<uint64_t>(panelRows, plan.matrix.rows));
  wordsStride = roundUp(wordsBytes(rows), partAlignment);
  if (plan.traits.rate != Rate::Words)
    rawStride = roundUp(rawBytes(rows), partAlignment);
  if (plan.traits.rate == Rate::Fixed)
    codeStride = roundUp(fixedPanelSizes(plan, rows).code, partAlignment);
  if (getTraits(plan.element).lowBits != 0)
    lowStride = lowPanelBytes(plan.matrix.columns);
  words = builder.makeBuffer(PlaneKind::Words, wordsStride * panels);
  raw = builder.makeBuffer(PlaneKind::Raw, rawStride * panels);
  code = builder.makeBuffer(PlaneKind::Code, codeStride * panels);
  low = builder.makeBuffer(PlaneKind::Low, lowStride * panels);
}

void WeightTranscoder::storeWords(uint64_t panel, PanelWords from, Worker &worker) {
  PanelEntry &entry = builder.entry(panel);
  entry.storedAsWords = 1;
  entry.words = panel * wordsStride / 4;
  encodeWords(plan.format.layout, plan.split.wordBits, from, options.path, worker.packed);
  std::memcpy(words.data() + panel * wordsStride, worker.packed.data(), worker.packed.size());
}

/// Takes what `worker.coded` holds of a coded panel.
void WeightTranscoder::keep(uint64_t panel, Worker &worker) {
  EncodedPanel &coded = worker.coded;
  PanelEntry &entry = builder.entry(panel);
  entry.raw = panel * rawStride / 4;
  if (!coded.raw.empty())
    std::memcpy(raw.data() + panel * rawStride, coded.raw.data(), coded.raw.size());
  loose[panel].patch = coded.patch;
  loose[panel].counts = coded.counts;
  if (isVariable(plan.traits.rate)) {
    loose[panel].code = coded.code;
    return;
  }
  entry.code = panel * codeStride / 4;
  entry.codeU32 = divideUp(fixedPanelSizes(plan, rowsOf(panel)).code, 4);
  if (!coded.code.empty())
    std::memcpy(code.data() + panel * codeStride, coded.code.data(), coded.code.size());
}

Status WeightTranscoder::codePanel(uint64_t panel, Worker &worker) {
  worker.coded.reset();
  uint64_t codeBytes =
      plan.traits.rate == Rate::Fixed ? fixedPanelSizes(plan, rowsOf(panel)).code : 0;
  bool isDone = codeDirectly(panel, worker, code.subspan(panel * codeStride, codeBytes));
  // panel-1, where the code is not in worker.coded.
  isDone = isDone && !worker.coded.overflow &&
           worker.coded.bytes() + codeBytes < wordsBytes(rowsOf(panel));
  if (isDone) {
    keep(panel, worker);
    return ok();
  }
  worker.coded.reset();
  UWT_ASSIGN_OR_RETURN(PanelWords from, wordsOf(panel, worker));
  if (isVariable(plan.traits.rate))
    encodeStreams(plan, tables, from, {}, options.path, worker.coded);
  else if (plan.traits.rate == Rate::Fixed)
    encodeFixed(plan, from, options.path, worker.coded);
  bool isCoded = plan.traits.rate != Rate::Words && !worker.coded.overflow &&
                 worker.coded.bytes() < wordsBytes(from.rows); // panel-1
  if (isCoded)
    keep(panel, worker);
  else
    storeWords(panel, from, worker);
  return ok();
}

Status WeightTranscoder::codeLoose(uint64_t panel, Worker &worker) {
  StopWatch watch;
  UWT_RETURN_IF_ERROR(checkPanel(panel));
  worker.times.checksum += watch.lap();
  Status coded = codePanel(panel, worker);
  if (!coded)
    return coded.takeError().in("panel " + std::to_string(panel));
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> lowBytes, lowOf(panel, worker.packed));
  if (!lowBytes.empty())
    std::memcpy(low.data() + panel * lowStride, lowBytes.data(), lowBytes.size());
  worker.times.transcode += watch.lap();
  return ok();
}

/// Places the loose parts one after another.
void WeightTranscoder::gather() {
  uint64_t patchBytes = 0, codeBytes = 0, countBytes = 0, used = 0;
  for (uint64_t panel = 0; panel < panels; ++panel) {
    PanelEntry &entry = builder.entry(panel);
    const LoosePanel &parts = loose[panel];
    uint32_t rows = rowsOf(panel);
    used += entry.storedAsWords ? wordsBytes(rows) : entry.codeU32 * 4 + rawBytes(rows);
    entry.counts = countBytes;
    countBytes += roundUp(packCounts(plan.format.layout, parts.counts, nullptr), partAlignment);
    entry.patch = patchBytes / 4;
    entry.patchU32 = parts.patch.size();
    patchBytes += roundUp(parts.patch.size() * 4, partAlignment);
    used += parts.patch.size() * 4 + parts.code.size();
    if (!isVariable(plan.traits.rate) || entry.storedAsWords)
      continue;
    entry.code = codeBytes / 4;
    entry.codeU32 = parts.code.size() / 4;
    codeBytes += roundUp(parts.code.size(), partAlignment);
  }
  builder.countUsed(used + lowStride * panels);
  std::span<uint8_t> counts = builder.makeCounts(countBytes);
  std::span<uint8_t> patch = builder.makeBuffer(PlaneKind::Patch, patchBytes);
  if (isVariable(plan.traits.rate))
    code = builder.makeBuffer(PlaneKind::Code, codeBytes);
  pool.parallelFor(panels, [&](uint64_t panel, unsigned) {
    const LoosePanel &parts = loose[panel];
    const PanelEntry &entry = builder.entry(panel);
    packCounts(plan.format.layout, parts.counts, counts.data() + entry.counts);
    if (!parts.patch.empty())
      std::memcpy(patch.data() + entry.patch * 4, parts.patch.data(), parts.patch.size() * 4);
    if (!parts.code.empty())
      std::memcpy(code.data() + entry.code * 4, parts.code.data(), parts.code.size());
  });
}

Expected<LoadedWeight> WeightTranscoder::run() {
  UWT_RETURN_IF_ERROR(builder.setPlan(plan));
  tables = makeStreamTables(plan);
  builder.setPanels(panels);
  makeBuffers();
  std::vector<Worker> workers(pool.size());
  FirstPanelError firstError;
  pool.parallelFor(panels, [&](uint64_t panel, unsigned worker) {
    Status done = codeLoose(panel, workers[worker]);
    if (!done)
      firstError.report(panel, done.takeError());
  });
  UWT_RETURN_IF_ERROR(firstError.take());
  gather();
  for (const Worker &worker : workers) {
    if (!options.times)
      break;
    options.times->transcode += worker.times.transcode;
    options.times->checksum += worker.times.checksum;
  }
  return builder.finish();
}

//===----------------------------------------------------------------------===//
// From another format
//===----------------------------------------------------------------------===//

namespace {

class DecodingTranscoder final : public WeightTranscoder {
public:
  DecodingTranscoder(const TensorDecoder &decoder, const CodingPlan &plan, ThreadPool &pool,
                     const LoadOptions &options)
      : WeightTranscoder(descriptionOf(decoder, plan), plan, decoder.panels(), pool, options),
        decoder(decoder), options(options),
        direct(DirectTranscoder::make(decoder, plan, options.path)) {}

private:
  static TensorDescription descriptionOf(const TensorDecoder &decoder, const CodingPlan &plan) {
    TensorDescription description = decoder.description();
    description.format = plan.format;
    return description;
  }
  Status checkPanel(uint64_t panel) const override {
    if (!options.check)
      return ok();
    return decoder.checkPanel(panel);
  }
  Expected<PanelWords> wordsOf(uint64_t panel, Worker &worker) const override {
    uint64_t columns = plan.matrix.columns;
    uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
    worker.words.resize(rows * columns);
    UWT_RETURN_IF_ERROR(decoder.decodePanelWords(panel, options.path,
                                                 {worker.words.data(), columns, rows, columns}));
    return PanelWords{worker.words.data(), columns, rows, columns};
  }
  bool codeDirectly(uint64_t panel, Worker &worker, std::span<uint8_t> code) const override {
    return direct && direct->code(panel, code, worker.coded);
  }
  Expected<std::span<const uint8_t>> lowOf(uint64_t panel,
                                           std::vector<uint8_t> &scratch) const override {
    return decoder.panelLow(panel, options.path, scratch);
  }

  const TensorDecoder &decoder;
  const LoadOptions &options;
  std::optional<DirectTranscoder> direct;
};

} // namespace

/// Whether each panel can be coded from the same panel alone.
static bool goesByPanels(const TensorDecoder &decoder, const Format &to) {
  const Format &from = decoder.description().format;
  bool hasLow = getTraits(decoder.description().element).lowBits != 0;
  return !to.hasContext() && to.storage == from.storage && to.fold == from.fold &&
         (!hasLow || to.layout == from.layout);
}

static Expected<LoadedWeight> transcodeDense(const TensorDecoder &decoder, const Format &runFormat,
                                             ThreadPool &pool, const LoadOptions &options) {
  TensorDescription description = decoder.description();
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  Buffer dense(elements * getTraits(description.element).bytes);
  DecodeOptions decode;
  decode.path = options.path;
  decode.check = options.check;
  UWT_RETURN_IF_ERROR(decoder.decode(dense.span(), pool, decode));
  description.format = runFormat;
  return encodeWeight(description, dense.span(), pool, options);
}

Expected<LoadedWeight> uwt::transcodeWeight(const TensorDecoder &decoder, const Format &runFormat,
                                            ThreadPool &pool, const LoadOptions &options) {
  if (!goesByPanels(decoder, runFormat))
    return transcodeDense(decoder, runFormat, pool, options);
  StopWatch watch;
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, transcodePlan(decoder, runFormat, options.path, pool));
  if (options.times)
    options.times->model += watch.lap();
  return DecodingTranscoder(decoder, plan, pool, options).run();
}

//===----------------------------------------------------------------------===//
// From a tensor's bytes
//===----------------------------------------------------------------------===//

namespace {

class EncodingTranscoder final : public WeightTranscoder {
public:
  EncodingTranscoder(const TensorDescription &description, const CodingPlan &plan, uint64_t panels,
                     const PanelSource &source, ThreadPool &pool, const LoadOptions &options)
      : WeightTranscoder(description, plan, panels, pool, options), source(source) {}

private:
  Expected<PanelWords> wordsOf(uint64_t panel, Worker &worker) const override {
    return source(panel, worker.words);
  }
  const PanelSource &source;
};

} // namespace

static Expected<LoadedWeight> encodeThroughPlanes(const TensorDescription &description,
                                                  std::span<const uint8_t> bytes, ThreadPool &pool,
                                                  const LoadOptions &options) {
  MemoryPlanes planes;
  EncodeOptions encode;
  encode.path = options.path;
  UWT_RETURN_IF_ERROR(encodeTensor(description, bytes, planes, pool, encode));
  UWT_ASSIGN_OR_RETURN(TensorDecoder decoder,
                       TensorDecoder::open(description, viewsOf(planes), std::nullopt));
  LoadOptions copy = options;
  copy.check = false;
  return copyWeight(decoder, pool, copy);
}

Expected<LoadedWeight> uwt::encodeWeight(const TensorDescription &description,
                                         std::span<const uint8_t> bytes, ThreadPool &pool,
                                         const LoadOptions &options) {
  CodingPlan plan;
  plan.format = description.format;
  plan.element = description.element;
  UWT_ASSIGN_OR_RETURN(plan.traits, checkFormat(plan.format, plan.element));
  if (plan.format.hasContext() || getTraits(plan.element).lowBits != 0)
    return encodeThroughPlanes(description, bytes, pool, options);
  plan.split = splitOf(plan.element, plan.format);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  plan.matrix = matrices.shape;
  UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(description, bytes));
  StopWatch watch;
  if (plan.traits.rate != Rate::Words) {
    UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(plan.format.codec.keyword));
    SymbolStatistics statistics = countSymbols(source, matrices.panels(), plan.split,
                                               plan.traits.codeSymbols == 2, {}, 1, pool);
    UWT_ASSIGN_OR_RETURN(plan.model, codec->buildModel(plan.format, statistics));
  }
  if (options.times)
    options.times->model += watch.lap();
  return EncodingTranscoder(description, plan, matrices.panels(), source, pool, options).run();
}
