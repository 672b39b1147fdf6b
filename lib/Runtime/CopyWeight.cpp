//===- CopyWeight.cpp - Stored planes into memory -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All offsets, sizes, counts and classes come from the decoder's own copy of the
// index, which it has checked; from the planes only contents are copied. So a file
// that changes meanwhile changes numbers, not offsets.
//
//===----------------------------------------------------------------------===//

#include "WeightBuilder.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

namespace {

class WeightCopier {
public:
  WeightCopier(const TensorDecoder &decoder, ThreadPool &pool, const LoadOptions &options)
      : decoder(decoder), pool(pool), options(options), builder(decoder.description()),
        hasLow(getTraits(decoder.description().element).lowBits != 0) {}

  Expected<LoadedWeight> run();

private:
  void setOffsets();
  void setOffset(uint64_t panel, PlaneKind kind, uint64_t &offset, uint64_t &words);
  void makeBuffers();
  Status copyPanel(uint64_t panel);
  void clearPadding(uint64_t panel);
  void clearWordPadding(uint32_t rows, std::span<uint8_t> part);
  uint64_t lowBytes(uint64_t panel) const;
  uint64_t offsetOf(const PanelEntry &entry, uint64_t panel, PlaneKind kind) const;

  const TensorDecoder &decoder;
  ThreadPool &pool;
  const LoadOptions &options;
  WeightBuilder builder;
  bool hasLow;
  /// Bytes that each plane takes so far, and those in use.
  std::array<uint64_t, planeKinds> sizes{};
  uint64_t countBytes = 0;
  std::array<std::span<uint8_t>, planeKinds> planes;
  std::span<uint8_t> counts, classes;
};

} // namespace

void WeightCopier::setOffset(uint64_t panel, PlaneKind kind, uint64_t &offset, uint64_t &words) {
  uint64_t bytes = decoder.panelBytes(panel, kind).size();
  builder.countUsed(bytes);
  if (bytes == 0)
    return;
  offset = sizes[numberOf(kind)] / 4;
  words = divideUp(bytes, 4);
  sizes[numberOf(kind)] += roundUp(bytes, partAlignment);
}

/// Bytes that the low halves of a panel take when they are whole; 0 where there are none.
uint64_t WeightCopier::lowBytes(uint64_t panel) const {
  const CodingPlan &plan = decoder.plan();
  bool isStored = !decoder.panelBytes(panel, PlaneKind::Low).empty();
  if (!isStored && plan.format.lowHalves != LowHalves::Palette)
    return 0;
  uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
  return fieldBytes(plan.format.layout, rows, plan.matrix.columns, wholeLowBits);
}

void WeightCopier::setOffsets() {
  builder.setPanels(decoder.panels());
  Layout layout = decoder.plan().format.layout;
  uint64_t ignored;
  for (uint64_t panel = 0; panel < decoder.panels(); ++panel) {
    PanelEntry &entry = builder.entry(panel);
    entry.storedAsWords = decoder.panelStoredAsWords(panel);
    setOffset(panel, PlaneKind::Words, entry.words, ignored);
    setOffset(panel, PlaneKind::Raw, entry.raw, ignored);
    setOffset(panel, PlaneKind::Code, entry.code, entry.codeU32);
    setOffset(panel, PlaneKind::Patch, entry.patch, entry.patchU32);
    builder.countUsed(lowBytes(panel));
    entry.counts = countBytes;
    countBytes +=
        roundUp(packCounts(layout, decoder.panelEscapeCounts(panel), nullptr), partAlignment);
  }
  if (hasLow)
    sizes[numberOf(PlaneKind::Low)] =
        decoder.panels() * lowPanelBytes(decoder.plan().matrix.columns);
}

void WeightCopier::makeBuffers() {
  for (PlaneKind kind :
       {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low})
    planes[numberOf(kind)] = builder.makeBuffer(kind, sizes[numberOf(kind)]);
  counts = builder.makeCounts(countBytes);
  classes = builder.makeClasses(decoder.panels());
}

uint64_t WeightCopier::offsetOf(const PanelEntry &entry, uint64_t panel, PlaneKind kind) const {
  switch (kind) {
  case PlaneKind::Words:
    return entry.words * 4;
  case PlaneKind::Raw:
    return entry.raw * 4;
  case PlaneKind::Code:
    return entry.code * 4;
  case PlaneKind::Patch:
    return entry.patch * 4;
  case PlaneKind::Low:
    return panel * lowPanelBytes(decoder.plan().matrix.columns);
  case PlaneKind::Index:
    break;
  }
  return 0;
}

/// Words of columns that do not exist become zeros (order-7).
void WeightCopier::clearWordPadding(uint32_t rows, std::span<uint8_t> part) {
  const CodingPlan &plan = decoder.plan();
  uint64_t columns = plan.matrix.columns;
  std::vector<uint16_t> words(rows * columns);
  std::vector<uint8_t> packed;
  decodeWords(plan.format.layout, plan.split.wordBits, part, options.path,
              {words.data(), columns, rows, columns});
  encodeWords(plan.format.layout, plan.split.wordBits, {words.data(), columns, rows, columns},
              options.path, packed);
  std::ranges::copy(packed, part.begin());
}

/// What a file says of columns that do not exist becomes zero, whatever it has there: it meets
/// zeros of x, and an infinity or NaN times zero is no zero.
void WeightCopier::clearPadding(uint64_t panel) {
  const CodingPlan &plan = decoder.plan();
  if (plan.format.layout != Layout::Fragment16x16 || plan.matrix.columns % fixedUnitColumns == 0)
    return;
  const PanelEntry &entry = builder.entry(panel);
  uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
  auto part = [&](PlaneKind kind) {
    return planes[numberOf(kind)].subspan(offsetOf(entry, panel, kind),
                                          decoder.panelBytes(panel, kind).size());
  };
  if (entry.storedAsWords)
    return clearWordPadding(rows, part(PlaneKind::Words));
  std::span<uint8_t> patch = part(PlaneKind::Patch);
  clearRunPadding(plan, rows, decoder.panelEscapeCounts(panel),
                  {reinterpret_cast<uint32_t *>(patch.data()), patch.size() / 4});
}

Status WeightCopier::copyPanel(uint64_t panel) {
  if (options.check)
    UWT_RETURN_IF_ERROR(decoder.checkPanel(panel));
  const PanelEntry &entry = builder.entry(panel);
  std::vector<uint8_t> whole;
  for (PlaneKind kind :
       {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low}) {
    std::span<const uint8_t> bytes = decoder.panelBytes(panel, kind);
    if (kind == PlaneKind::Low) {
      UWT_ASSIGN_OR_RETURN(bytes, decoder.panelLow(panel, options.path, whole));
    }
    if (!bytes.empty())
      std::memcpy(planes[numberOf(kind)].data() + offsetOf(entry, panel, kind), bytes.data(),
                  bytes.size());
  }
  clearPadding(panel);
  packCounts(decoder.plan().format.layout, decoder.panelEscapeCounts(panel),
             counts.data() + entry.counts);
  std::span<const uint8_t> rowClasses = decoder.panelRowClasses(panel);
  if (!rowClasses.empty())
    std::memcpy(classes.data() + panel * panelRows, rowClasses.data(), rowClasses.size());
  return ok();
}

Expected<LoadedWeight> WeightCopier::run() {
  UWT_RETURN_IF_ERROR(builder.setPlan(decoder.plan()));
  setOffsets();
  makeBuffers();
  FirstPanelError firstError;
  pool.parallelFor(decoder.panels(), [&](uint64_t panel, unsigned) {
    Status copied = copyPanel(panel);
    if (!copied)
      firstError.report(panel, copied.takeError());
  });
  UWT_RETURN_IF_ERROR(firstError.take());
  return builder.finish();
}

Expected<LoadedWeight> uwt::copyWeight(const TensorDecoder &decoder, ThreadPool &pool,
                                       const LoadOptions &options) {
  if (decoder.description().format.hasScales())
    return unsupportedError("weights with context=scale have no form in memory of their own; load "
                            "them in another format");
  return WeightCopier(decoder, pool, options).run();
}
