//===- InspectFacts.cpp - What inspect finds out --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InspectFacts.h"
#include "../text/Text.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::tool;

double TensorFacts::bits() const { return bitsPer(entry->storedBytes, elements); }

bool uwt::tool::isWanted(std::span<const std::string> names, std::string_view name) {
  return names.empty() || std::ranges::any_of(names, [&](const std::string &glob) {
           return glob == name || matchesGlob(glob, name);
         });
}

/// The type whose words are counted, or nothing.
static std::optional<ElementType> countedType(const TensorEntry &entry) {
  // Without the base model, differences have no values.
  if (!entry.sameAs.empty() || entry.isDifference())
    return std::nullopt;
  return storedElementType(entry.dtype->name);
}

uint64_t uwt::tool::factsBytes(std::span<const Container *const> files,
                               const FactsRequest &request) {
  uint64_t bytes = 0;
  for (const Container *file : files)
    for (const TensorEntry &entry : file->entries())
      if (request.values && isWanted(request.tensors, entry.name) && countedType(entry))
        bytes += entry.bytes;
  return bytes;
}

/// Adds the words of `bytes`, whole elements, to `counts`.
static Status addWords(std::vector<uint64_t> &counts, ElementType element,
                       std::span<const uint8_t> bytes, ThreadPool &pool) {
  const ElementTraits &traits = getTraits(element);
  // As a matrix, so that panels are counted in parallel; then what is left of it.
  constexpr uint64_t columns = 4096;
  uint64_t elements = bytes.size() / traits.bytes, rows = elements / columns;
  for (const auto &shape : {std::vector<uint64_t>{rows, columns},
                            std::vector<uint64_t>{1, elements - rows * columns}}) {
    TensorDescription description;
    description.element = element;
    description.shape = shape;
    UWT_ASSIGN_OR_RETURN(auto matrices, description.matrices());
    uint64_t size = shape[0] * shape[1] * traits.bytes;
    UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(description, bytes.first(size)));
    std::vector<uint64_t> part = countWords(source, matrices.panels(), traits.wordBits, pool);
    for (size_t i = 0; i < counts.size() && i < part.size(); ++i)
      counts[i] += part[i];
    bytes = bytes.subspan(size);
  }
  return ok();
}

/// Zeros, subnormal weights and exponents.
static void countExponents(std::span<const WordCount> words, const ElementTraits &traits,
                           ValueFacts &facts) {
  std::array<uint64_t, 256> exponents{};
  uint32_t mantissas = 1u << traits.mantissaBits, exponentMask = (1u << traits.exponentBits) - 1;
  for (const WordCount &one : words) {
    uint32_t exponent = one.word / mantissas & exponentMask;
    exponents[exponent] += one.count;
    if (exponent == 0)
      (one.word % mantissas == 0 ? facts.zeros : facts.subnormals) += one.count;
  }
  for (uint32_t exponent = 0; exponent < exponents.size(); ++exponent)
    if (exponents[exponent])
      facts.exponents.emplace_back(exponent, exponents[exponent]);
}

/// `elementsEach` elements are stored for one of the tensor's own, of each `lowBits` as they are.
static ValueFacts factsOfWords(std::span<const WordCount> words, ElementType element,
                               unsigned elementsEach, double lowBits) {
  const ElementTraits &traits = getTraits(element);
  ValueFacts facts;
  if (traits.signBits != 0) // Bytes have no exponents.
    countExponents(words, traits, facts);
  facts.bounds = entropyBounds(words, element) * elementsEach;
  facts.bounds.exponent += lowBits;
  facts.bounds.joint += lowBits;
  return facts;
}

static uint32_t loadU32(const uint8_t *bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

namespace {
/// Tensors of at most so many bytes are counted by one thread.
constexpr uint64_t smallTensor = uint64_t(1) << 20;

class FactsCollector {
public:
  FactsCollector(bool wantsValues, ThreadPool &pool, const ProgressFunction &progress)
      : wantsValues(wantsValues), pool(pool), progress(progress) {}

  Expected<TensorFacts> collect(const Container &file, const TensorEntry &entry);

private:
  Expected<ValueFacts> readValues(const TensorReader &reader, ElementType element);

  bool wantsValues;
  ThreadPool &pool;
  const ProgressFunction &progress;
  WordCounter counter;
};
} // namespace

/// Bits that are stored of a low half, where these are not the same for all.
static std::optional<double> storedLowBits(const TensorEntry &entry) {
  if (!entry.format || entry.format->lowHalves == LowHalves::TopBits)
    return std::nullopt;
  uint64_t elements = std::max<uint64_t>(1, entry.bytes / 4) * entry.members;
  return bitsPer(entry.planeBytes[numberOf(PlaneKind::Low)], elements);
}

Expected<ValueFacts> FactsCollector::readValues(const TensorReader &reader, ElementType element) {
  const ElementTraits &traits = getTraits(element);
  bool isSmall = reader.entry().bytes <= smallTensor;
  std::vector<uint64_t> counts(isSmall ? 0 : size_t(1) << traits.wordBits);
  uint16_t lowSeen = 0;
  HeldRowsFinder heldRows(reader.entry().shape.empty() ? 1 : reader.entry().shape.back());
  HeldTypeFinder finder(traits.exponentBits, traits.mantissaBits + traits.lowBits);
  auto consume = [&](std::span<const uint8_t> bytes) -> Status {
    if (isSmall)
      counter.add(element, bytes);
    else
      UWT_RETURN_IF_ERROR(addWords(counts, element, bytes, pool));
    if (traits.lowBits) {
      lowSeen |= lowHalfBits(bytes);
      heldRows.add(bytes);
    }
    for (size_t i = 0; traits.lowBits && finder.isOpen() && i + 4 <= bytes.size(); i += 4)
      finder.add(loadU32(&bytes[i]));
    if (!progress(bytes.size()))
      return Error(ErrorKind::Interrupted, "interrupted");
    return ok();
  };
  UWT_RETURN_IF_ERROR(reader.stream(consume, pool));
  unsigned elementsEach = reader.entry().dtype->bits / 8 / traits.bytes;
  std::vector<WordCount> words = isSmall ? counter.take() : occurring(counts);
  double lowBits = storedLowBits(reader.entry()).value_or(topLowBits(lowSeen));
  ValueFacts facts = factsOfWords(words, element, elementsEach, lowBits);
  if (traits.signBits == 0 || traits.wordBits != 16)
    return facts;
  for (const WordCount &one : words)
    if (traits.lowBits == 0)
      finder.add(one.word);
  facts.held = finder.find();
  if (facts.held.name.empty())
    facts.heldRows = heldRows.find();
  return facts;
}

static void readPanels(const TensorDecoder &decoder, TensorFacts &facts) {
  facts.panels.resize(decoder.panels());
  for (uint64_t panel = 0; panel < decoder.panels(); ++panel) {
    PanelFacts &one = facts.panels[panel];
    one.asWords = decoder.panelStoredAsWords(panel);
    one.escapes = decoder.panelEscapes(panel);
    for (PlaneKind kind :
         {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low})
      one.bytes += decoder.panelBytes(panel, kind).size();
    facts.escapes += one.escapes;
    facts.panelsAsWords += one.asWords;
  }
}

Expected<TensorFacts> FactsCollector::collect(const Container &file, const TensorEntry &entry) {
  TensorFacts facts;
  facts.entry = &entry;
  facts.elements = entry.dtype->bits ? entry.bytes * 8 / entry.dtype->bits : 0;
  std::optional<ElementType> element = countedType(entry);
  if (!entry.compressed() && (!wantsValues || !element))
    return facts;
  UWT_ASSIGN_OR_RETURN(TensorReader reader, file.storedReader(entry));
  if (const TensorDecoder *decoder = reader.decoder(); decoder && entry.sameAs.empty())
    readPanels(*decoder, facts);
  UWT_RETURN_IF_ERROR(reader.checkRead());
  if (wantsValues && element) {
    UWT_ASSIGN_OR_RETURN(facts.values, readValues(reader, *element));
  }
  return facts;
}

/// The names that are asked for, with the tensors that other names stand for. A plain name that
/// does not exist gets the checkpoint's suggestion.
static Expected<std::vector<std::string>> tensorsOf(std::span<const Container *const> files,
                                                    const Checkpoint &model,
                                                    std::vector<std::string> names) {
  for (std::string &name : names) {
    bool isThere = std::ranges::any_of(
        files, [&](const Container *file) { return file->lookUp(name) != nullptr; });
    if (isThere || name.find_first_of("*?[") != std::string::npos)
      continue;
    UWT_ASSIGN_OR_RETURN(auto found, model.find(name));
    name = found.second->name;
  }
  return names;
}

Expected<std::vector<TensorFacts>> uwt::tool::collectFacts(std::span<const Container *const> files,
                                                           const Checkpoint &model,
                                                           const FactsRequest &request,
                                                           ThreadPool &pool,
                                                           const ProgressFunction &progress) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> wanted, tensorsOf(files, model, request.tensors));
  FactsCollector collector(request.values, pool, progress);
  std::vector<TensorFacts> all;
  for (size_t i = 0; i < files.size(); ++i) {
    const Container &file = *files[i];
    for (const TensorEntry &entry : file.entries()) {
      if (!isWanted(wanted, entry.name))
        continue;
      UWT_ASSIGN_OR_RETURN(TensorFacts facts, collector.collect(file, entry));
      facts.file = i;
      all.push_back(std::move(facts));
    }
  }
  if (all.empty() && !request.tensors.empty())
    return usageError("no tensor's name matches " + request.tensors.front());
  return all;
}
