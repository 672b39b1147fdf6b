//===- TranscodeWeight.cpp - Weights coded anew at load -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Panels are coded one at a time (PanelCoder.h). The model comes from the stored one or from some
// panels (Transcode.h): a model that fits less well costs escapes, never bits of the result.
//
// Each panel's parts of fixed size lie at a multiple of that size, whether the panel has them or
// not: threads need not wait for one another, and memory that nobody writes takes none.
// Parts of any size (escape records, prefix codes) are gathered when all panels are done.
//
// Formats with row classes, tensors whose two formats read the shape differently, and f32 in
// another layout go by way of the dense tensor and the codec library's encoder.
//
//===----------------------------------------------------------------------===//

#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Support/StopWatch.h"
#include <cstring>

using namespace uwt;

namespace {

/// What a thread reuses from panel to panel.
struct Worker : PanelWorker {
  LoadTimes times;
};

/// Parts of a panel that have no offset yet.
struct LoosePanel {
  std::vector<uint32_t> patch, counts;
  std::vector<uint8_t> code;
};

class WeightTranscoder {
public:
  WeightTranscoder(const TensorDescription &description, const PanelCoder &coder, ThreadPool &pool,
                   const LoadOptions &options)
      : coder(coder), plan(coder.plan()), panels(coder.panels()), pool(pool), options(options),
        builder(description), loose(panels) {}

  Expected<LoadedWeight> run();

private:
  void makeBuffers();
  Status codePanel(uint64_t panel, Worker &worker);
  Status codeLoose(uint64_t panel, Worker &worker);
  void storeWords(uint64_t panel, Worker &worker);
  void keep(uint64_t panel, Worker &worker);
  void gather();

  const PanelCoder &coder;
  const CodingPlan &plan;
  uint64_t panels;
  ThreadPool &pool;
  const LoadOptions &options;
  WeightBuilder builder;
  /// Bytes from panel to panel.
  uint64_t wordsStride = 0, rawStride = 0, codeStride = 0, lowStride = 0;
  std::span<uint8_t> words, raw, code, low;
  std::vector<LoosePanel> loose;
};

} // namespace

void WeightTranscoder::makeBuffers() {
  auto rows = static_cast<uint32_t>(std::min<uint64_t>(panelRows, plan.matrix.rows));
  wordsStride = roundUp(coder.wordsBytes(rows), partAlignment);
  rawStride = roundUp(coder.rawBytes(rows), partAlignment);
  codeStride = roundUp(coder.codeBytes(rows), partAlignment);
  if (getTraits(plan.element).lowBits != 0)
    lowStride = lowPanelBytes(plan.matrix.columns);
  words = builder.makeBuffer(PlaneKind::Words, wordsStride * panels);
  raw = builder.makeBuffer(PlaneKind::Raw, rawStride * panels);
  code = builder.makeBuffer(PlaneKind::Code, codeStride * panels);
  low = builder.makeBuffer(PlaneKind::Low, lowStride * panels);
}

/// Takes the words that `worker.packed` holds.
void WeightTranscoder::storeWords(uint64_t panel, Worker &worker) {
  PanelEntry &entry = builder.entry(panel);
  entry.storedAsWords = 1;
  entry.words = panel * wordsStride / 4;
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
  entry.codeU32 = divideUp(coder.codeBytes(coder.rowsOf(panel)), 4);
}

Status WeightTranscoder::codePanel(uint64_t panel, Worker &worker) {
  uint64_t codeBytes = coder.codeBytes(coder.rowsOf(panel));
  UWT_ASSIGN_OR_RETURN(bool isCoded,
                       coder.code(panel, code.subspan(panel * codeStride, codeBytes), worker));
  if (isCoded) {
    keep(panel, worker);
    return ok();
  }
  UWT_RETURN_IF_ERROR(coder.packWords(panel, worker));
  storeWords(panel, worker);
  return ok();
}

Status WeightTranscoder::codeLoose(uint64_t panel, Worker &worker) {
  StopWatch watch;
  UWT_RETURN_IF_ERROR(coder.check(panel));
  worker.times.checksum += watch.lap();
  Status coded = codePanel(panel, worker);
  if (!coded)
    return coded.takeError().in("panel " + std::to_string(panel));
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> lowBytes, coder.low(panel, worker.packed));
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
    uint32_t rows = coder.rowsOf(panel);
    used += entry.storedAsWords ? coder.wordsBytes(rows) : entry.codeU32 * 4 + coder.rawBytes(rows);
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

Expected<LoadedWeight> uwt::codePanels(const TensorDescription &description,
                                       const PanelCoder &coder, ThreadPool &pool,
                                       const LoadOptions &options) {
  return WeightTranscoder(description, coder, pool, options).run();
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
  UWT_ASSIGN_OR_RETURN(std::unique_ptr<PanelCoder> coder,
                       makeCoder(decoder, runFormat, pool, options));
  if (options.times)
    options.times->model += watch.lap();
  TensorDescription description = decoder.description();
  description.format = runFormat;
  return codePanels(description, *coder, pool, options);
}

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
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(description));
  if (plan.format.hasContext() || getTraits(plan.element).lowBits != 0)
    return encodeThroughPlanes(description, bytes, pool, options);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(description, bytes));
  StopWatch watch;
  UWT_ASSIGN_OR_RETURN(
      std::unique_ptr<PanelCoder> coder,
      makeCoder(std::move(plan), matrices.panels(), std::move(source), pool, options));
  if (options.times)
    options.times->model += watch.lap();
  return codePanels(description, *coder, pool, options);
}
