//===- LoadedWeight.cpp - A weight as compiled code reads it --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/LoadedWeight.h"
#include "WeightBuilder.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

std::span<const PanelEntry> LoadedWeight::panels() const {
  return {reinterpret_cast<const PanelEntry *>(panelBuffer.data()),
          panelBuffer.size() / sizeof(PanelEntry)};
}

std::span<const uint8_t> LoadedWeight::buffer(PlaneKind kind) const {
  return planeBuffers[numberOf(kind)].span();
}

std::span<const uint32_t> LoadedWeight::table() const {
  return {reinterpret_cast<const uint32_t *>(tableBuffer.data()), tableBuffer.size() / 4};
}

static Status checkOptions(const LoadOptions &options) {
  if (options.dense && options.runFormat)
    return usageError(
        "a weight is loaded either dense or in a format: leave out one of dense and " +
        options.runFormat->str());
  return ok();
}

static Expected<LoadedWeight> decodeDense(const TensorDecoder &decoder, ThreadPool &pool,
                                          const LoadOptions &options) {
  const TensorDescription &description = decoder.description();
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  WeightBuilder builder(description);
  std::span<uint8_t> out = builder.makeDense(elements * getTraits(description.element).bytes);
  DecodeOptions decode;
  decode.path = options.path;
  decode.check = options.check;
  UWT_RETURN_IF_ERROR(decoder.decode(out, pool, decode));
  return builder.finish();
}

bool uwt::mayPadWithInfinities(const CodingPlan &plan) {
  // Words of 8 bits are decoded by nobody but the codec library, which drops padding.
  if (plan.traits.rate != Rate::Fixed || plan.format.layout != Layout::Fragment16x16 ||
      plan.split.wordBits != 16)
    return false;
  if (plan.matrix.columns % fixedUnitColumnsOf(plan) == 0)
    return false;
  uint32_t infinity = (1u << getTraits(plan.element).exponentBits) - 1;
  return std::ranges::any_of(plan.model.symbols, [&](uint16_t symbol) {
    return symbol >> plan.format.codedMantissa == infinity;
  });
}

/// Loads, and where it has to be so, again with all panels as words.
template <typename Load>
static Expected<LoadedWeight> loadWithFinitePadding(const LoadOptions &options, Load load) {
  Expected<LoadedWeight> weight = load(options);
  if (!weight || options.dense || weight->plan().traits.rate == Rate::Words ||
      !(options.asWords || mayPadWithInfinities(weight->plan())))
    return weight;
  const Format &format = weight->plan().format;
  LoadOptions asWords = options;
  asWords.runFormat = rawFormat();
  asWords.runFormat->storage = format.storage;
  asWords.runFormat->fold = format.fold;
  asWords.runFormat->layout = format.layout;
  UWT_ASSIGN_OR_RETURN(LoadedWeight words, load(asWords));
  WeightBuilder builder(std::move(words));
  UWT_RETURN_IF_ERROR(builder.setFormatOf(*weight));
  return builder.finish();
}

static Expected<LoadedWeight> loadPlanes(const TensorDecoder &decoder, ThreadPool &pool,
                                         const LoadOptions &options) {
  if (options.dense)
    return decodeDense(decoder, pool, options);
  if (options.runFormat && *options.runFormat != decoder.description().format)
    return transcodeWeight(decoder, *options.runFormat, pool, options);
  return copyWeight(decoder, pool, options);
}

Expected<LoadedWeight> LoadedWeight::fromDecoder(const TensorDecoder &decoder, ThreadPool &pool,
                                                 const LoadOptions &options) {
  UWT_RETURN_IF_ERROR(checkOptions(options));
  return loadWithFinitePadding(
      options, [&](const LoadOptions &how) { return loadPlanes(decoder, pool, how); });
}

Expected<LoadedWeight> LoadedWeight::fromPlanes(const TensorDescription &description,
                                                const PlaneViews &planes,
                                                std::optional<uint64_t> indexChecksum,
                                                ThreadPool &pool, const LoadOptions &options) {
  UWT_ASSIGN_OR_RETURN(
      TensorDecoder decoder,
      TensorDecoder::open(description, planes, options.check ? indexChecksum : std::nullopt));
  return fromDecoder(decoder, pool, options);
}

Expected<LoadedWeight> LoadedWeight::fromBytes(const TensorDescription &description,
                                               std::span<const uint8_t> bytes, ThreadPool &pool,
                                               const LoadOptions &options) {
  if (!options.dense)
    return loadWithFinitePadding(options, [&](const LoadOptions &how) {
      TensorDescription wanted = description;
      wanted.format = how.runFormat.value_or(description.format);
      return encodeWeight(wanted, bytes, pool, how);
    });
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  uint64_t expected = elements * getTraits(description.element).bytes;
  if (bytes.size() != expected)
    return usageError("the shape takes " + std::to_string(expected) + " bytes, but there are " +
                      std::to_string(bytes.size()));
  WeightBuilder builder(description);
  std::span<uint8_t> out = builder.makeDense(expected);
  if (!bytes.empty())
    std::memcpy(out.data(), bytes.data(), bytes.size());
  return builder.finish();
}

Expected<LoadedWeight> LoadedWeight::fromQuantized(const TensorDescription &description,
                                                   const QuantizedWeight &weight, ThreadPool &pool,
                                                   const LoadOptions &options) {
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  if (!canDecodeTo(description.element) || elements != weight.rows * weight.columns)
    return usageError("a quantised weight of " + std::to_string(weight.rows * weight.columns) +
                      " elements becomes as many of bf16, f16 or f32, not " +
                      std::to_string(elements) + " of " +
                      std::string(getTraits(description.element).name));
  if (!options.dense && description.format.isQuantized())
    return codeQuantized(weight, description, pool, options);
  LoadOptions asIs = options;
  asIs.runFormat = std::nullopt;
  return fromBytes(description, weight.decode(description.element, pool), pool, asIs);
}

/// A tensor of a container that has no panels, or a difference from its base model.
static Expected<LoadedWeight> loadRaw(const TensorReader &reader, ThreadPool &pool,
                                      const LoadOptions &options) {
  const TensorEntry &entry = reader.entry();
  std::optional<ElementType> element = elementTypeFromSafetensors(entry.dtype->name);
  TensorDescription description;
  description.element = element.value_or(ElementType::BF16);
  description.shape = entry.shape;
  description.format = rawFormat();
  if (options.dense) {
    WeightBuilder builder(description);
    UWT_RETURN_IF_ERROR(reader.read(builder.makeDense(entry.bytes), pool));
    return builder.finish();
  }
  if (reader.isPacked() || entry.isDifference()) {
    std::vector<uint8_t> bytes(entry.bytes);
    UWT_RETURN_IF_ERROR(reader.read(bytes, pool));
    return LoadedWeight::fromBytes(description, bytes, pool, options);
  }
  if (options.check)
    UWT_RETURN_IF_ERROR(reader.check(pool));
  return LoadedWeight::fromBytes(description, reader.rawBytes(), pool, options);
}

/// Compiled code multiplies floats from coded planes; integers it has dense.
static Status checkIsCodedWeight(const TensorEntry &entry) {
  std::optional<ElementType> element = elementTypeFromSafetensors(entry.dtype->name);
  if (element && getTraits(*element).signBits != 0)
    return ok();
  return usageError("its dtype is " + std::string(entry.dtype->name) +
                    ", and only floats are computed from as they are coded; load it dense");
}

Expected<LoadedWeight> LoadedWeight::fromReader(const TensorReader &reader, ThreadPool &pool,
                                                const LoadOptions &options) {
  UWT_RETURN_IF_ERROR(checkOptions(options));
  if (!options.dense)
    UWT_RETURN_IF_ERROR(checkIsCodedWeight(reader.entry()));
  Expected<LoadedWeight> weight = reader.decoder() ? fromDecoder(*reader.decoder(), pool, options)
                                                   : loadRaw(reader, pool, options);
  UWT_RETURN_IF_ERROR(reader.checkRead());
  return weight;
}
