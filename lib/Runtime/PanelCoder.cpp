//===- PanelCoder.cpp - Panels of any source in a run format --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelCoder.h"
#include "uwt/Codec/Transcode.h"
#include <cstring>

using namespace uwt;

PanelCoder::PanelCoder(CodingPlan plan, uint64_t panels, CodePath path)
    : path(path), coding(std::move(plan)), count(panels), tables(makeStreamTables(coding)) {}

uint64_t PanelCoder::wordsBytes(uint32_t rows) const {
  return fieldBytes(coding.format.layout, rows, coding.matrix.columns, coding.split.wordBits);
}

uint64_t PanelCoder::rawBytes(uint32_t rows) const {
  if (coding.traits.rate == Rate::Words)
    return 0;
  if (coding.traits.rate == Rate::Fixed)
    return fixedPanelSizes(coding, rows).raw;
  return fieldBytes(coding.format.layout, rows, coding.matrix.columns, coding.split.rawBits());
}

uint64_t PanelCoder::codeBytes(uint32_t rows) const {
  return coding.traits.rate == Rate::Fixed ? fixedPanelSizes(coding, rows).code : 0;
}

Expected<bool> PanelCoder::code(uint64_t panel, std::span<uint8_t> code,
                                PanelWorker &worker) const {
  if (coding.traits.rate == Rate::Words)
    return false;
  EncodedPanel &coded = worker.coded;
  uint64_t limit = wordsBytes(rowsOf(panel)); // panel-1
  coded.reset();
  bool isCoded =
      codeDirectly(panel, code, coded) && !coded.overflow && coded.bytes() + code.size() < limit;
  // Words do not say what the codes of a quantised weight are.
  if (isCoded || coding.format.isQuantized())
    return isCoded;
  coded.reset();
  UWT_ASSIGN_OR_RETURN(PanelWords words, wordsOf(panel, worker));
  if (isVariable(coding.traits.rate))
    encodeStreams(coding, tables, words, {}, path, coded);
  else
    encodeFixed(coding, words, path, coded);
  if (coded.overflow || coded.bytes() >= limit)
    return false;
  if (!code.empty()) {
    std::memcpy(code.data(), coded.code.data(), code.size());
    coded.code.clear();
  }
  return true;
}

Status PanelCoder::packWords(uint64_t panel, PanelWorker &worker) const {
  UWT_ASSIGN_OR_RETURN(PanelWords words, wordsOf(panel, worker));
  encodeWords(coding.format.layout, coding.split.wordBits, words, path, worker.packed);
  return ok();
}

//===----------------------------------------------------------------------===//
// From another format
//===----------------------------------------------------------------------===//

namespace {

class DecodingCoder final : public PanelCoder {
public:
  DecodingCoder(const TensorDecoder &decoder, CodingPlan plan, const LoadOptions &options)
      : PanelCoder(std::move(plan), decoder.panels(), options.path), decoder(decoder),
        verifies(options.check),
        direct(DirectTranscoder::make(decoder, this->plan(), options.path)) {}

  Status check(uint64_t panel) const override {
    return verifies ? decoder.checkPanel(panel) : ok();
  }
  Expected<std::span<const uint8_t>> low(uint64_t panel,
                                         std::vector<uint8_t> &scratch) const override {
    return decoder.panelLow(panel, path, scratch);
  }

private:
  Expected<PanelWords> wordsOf(uint64_t panel, PanelWorker &worker) const override {
    uint64_t columns = plan().matrix.columns;
    uint32_t rows = rowsOf(panel);
    worker.words.resize(rows * columns);
    UWT_RETURN_IF_ERROR(
        decoder.decodePanelWords(panel, path, {worker.words.data(), columns, rows, columns}));
    return PanelWords{worker.words.data(), columns, rows, columns};
  }
  bool codeDirectly(uint64_t panel, std::span<uint8_t> code, EncodedPanel &coded) const override {
    return direct && direct->code(panel, code, coded);
  }

  const TensorDecoder &decoder;
  const bool verifies;
  const std::optional<DirectTranscoder> direct;
};

} // namespace

bool uwt::goesByPanels(const TensorDecoder &decoder, const Format &to) {
  const Format &from = decoder.description().format;
  bool hasLow = getTraits(decoder.description().element).lowBits != 0;
  return !to.hasContext() && to.storage == from.storage && to.fold == from.fold &&
         (!hasLow || to.layout == from.layout);
}

Expected<std::unique_ptr<PanelCoder>> uwt::makeCoder(const TensorDecoder &decoder, const Format &to,
                                                     ThreadPool &pool, const LoadOptions &options) {
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, transcodePlan(decoder, to, options.path, pool));
  return std::unique_ptr<PanelCoder>(new DecodingCoder(decoder, std::move(plan), options));
}

//===----------------------------------------------------------------------===//
// From words
//===----------------------------------------------------------------------===//

namespace {

class EncodingCoder final : public PanelCoder {
public:
  EncodingCoder(CodingPlan plan, uint64_t panels, PanelSource source, CodePath path)
      : PanelCoder(std::move(plan), panels, path), source(std::move(source)) {}

private:
  Expected<PanelWords> wordsOf(uint64_t panel, PanelWorker &worker) const override {
    return source(panel, worker.words);
  }

  const PanelSource source;
};

} // namespace

Expected<CodingPlan> uwt::planWithoutModel(const TensorDescription &description,
                                           Expected<CodecTraits> (*check)(const Format &,
                                                                          ElementType)) {
  CodingPlan plan;
  plan.format = description.format;
  plan.element = description.element;
  UWT_ASSIGN_OR_RETURN(plan.traits, check(plan.format, plan.element));
  plan.split = splitOf(plan.element, plan.format);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  plan.matrix = matrices.shape;
  return plan;
}

Expected<std::unique_ptr<PanelCoder>> uwt::makeCoder(CodingPlan plan, uint64_t panels,
                                                     PanelSource source, ThreadPool &pool,
                                                     const LoadOptions &options) {
  if (plan.traits.rate != Rate::Words) {
    UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(plan.format.codec.keyword));
    SymbolStatistics statistics =
        countSymbols(source, panels, plan.split, plan.traits.codeSymbols == 2, {}, 1, pool);
    UWT_ASSIGN_OR_RETURN(plan.model, codec->buildModel(plan.format, statistics));
  }
  return std::unique_ptr<PanelCoder>(
      new EncodingCoder(std::move(plan), panels, std::move(source), options.path));
}
