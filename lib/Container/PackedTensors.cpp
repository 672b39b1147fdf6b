//===- PackedTensors.cpp - Tensors in the packed form ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules file-16 and choice-15 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "PackedTensors.h"
#include "ContainerState.h"
#include "FileCompressor.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace uwt {

/// choice-15: tensors of fewer bytes are not packed.
static constexpr uint64_t minPacked = uint64_t(1) << 10;
/// Smaller tensors of rank 0 and 1 are in bundles, or not worth an entry, unless they are integers
/// that take one of so many bytes with an entry.
static constexpr uint64_t minVector = bundledTensorBytes + 1, smallVectorGain = 8, entryBytes = 256;
static constexpr uint64_t minIndexVector = uint64_t(16) << 10;
/// The packed form is not used if tensors with it are a smaller share of the data.
static constexpr uint64_t packedShare = 256;
/// A sample shows zeros or repeats if these are one of so many.
static constexpr uint64_t shownShare = 16;
/// `best-size` packs a tensor to save one of so many bytes, since products do not run from it.
static constexpr uint64_t bestSizeGain = 64;
/// Logarithms of the bytes of sections, with and without a search for repeats.
static constexpr unsigned repeatsLog = 24, usualLog = 22;
/// Sections of a larger tensor that an estimate packs, and bytes of each.
static constexpr uint64_t wholeEstimate = uint64_t(64) << 20, estimatedSections = 12;
static constexpr unsigned estimatedLog = 20;
/// Rows that are compared, by their first bytes.
static constexpr uint64_t comparedRows = 4096, comparedBytes = 32;

PackedElement packedElement(const SafetensorsDtype &dtype) {
  using Kind = PackedElement::Kind;
  std::string_view name = dtype.name;
  if (dtype.bits <= 8)
    return {1, Kind::Bytes};
  if (name == "C64") // Of two F32.
    return {4, Kind::Float};
  bool isFloat = name.starts_with('F') || name == "BF16";
  return {dtype.bits / 8, isFloat ? Kind::Float : Kind::Integer};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Expected<PackedTensor::Bytes> PackedTensor::section(uint64_t number) const {
  Last &here = last.get();
  {
    std::lock_guard lock(here.mutex);
    if (here.bytes && here.section == number)
      return here.bytes;
  }
  // Others may decode their sections at the same time.
  auto decoded = std::make_shared<std::vector<uint8_t>>(decoder.bytesOf(number));
  UWT_RETURN_IF_ERROR(decoder.decodeSection(number, *decoded, check));
  std::lock_guard lock(here.mutex);
  here.bytes = decoded;
  here.section = number;
  return here.bytes;
}

Status PackedTensor::read(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const {
  if (out.empty())
    return ok();
  uint64_t first = begin / sectionBytes(), final = (begin + out.size() - 1) / sectionBytes();
  bool isPart = first == final && out.size() < decoder.bytesOf(first);
  if (!isPart)
    return decoder.decode(begin, out, pool, check);
  UWT_ASSIGN_OR_RETURN(Bytes bytes, section(first));
  std::memcpy(out.data(), bytes->data() + begin % sectionBytes(), out.size());
  return ok();
}

Expected<OpenPacked::Tensor>
OpenPacked::find(size_t index, const std::function<Expected<PackedDecoder>()> &open, bool check) {
  Opened &here = opened.get();
  {
    std::lock_guard lock(here.mutex);
    if (here.tensor && here.last == index)
      return here.tensor;
  }
  UWT_ASSIGN_OR_RETURN(PackedDecoder decoder, open());
  auto tensor = std::make_shared<const PackedTensor>(std::move(decoder), check);
  std::lock_guard lock(here.mutex);
  here.tensor = tensor;
  here.last = index;
  return tensor;
}

Expected<OpenPacked::Tensor> Container::State::openPacked(size_t i) const {
  auto open = [&] {
    const TensorEntry &entry = entries[i];
    std::span<const uint8_t> stored = sources[i].planes[numberOf(PlaneKind::Code)];
    return PackedDecoder::open(stored.first(entry.planeBytes[numberOf(PlaneKind::Code)]),
                               entry.bytes, options.check ? entry.packedChecksum : std::nullopt);
  };
  return packed.find(i, open, options.check);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Returns if rows of a matrix occur again, as far as their first bytes show it.
static bool hasEqualRows(const SafetensorsTensor &tensor, std::span<const uint8_t> bytes) {
  uint64_t rowBytes = tensor.shape.size() < 2 ? 0 : tensor.shape.back() * tensor.dtype->bits / 8;
  if (rowBytes < comparedBytes || bytes.size() < rowBytes * 2)
    return false;
  uint64_t rows = bytes.size() / rowBytes, compared = std::min(rows, comparedRows), equal = 0;
  std::unordered_set<uint64_t> seen;
  for (uint64_t i = 0; i < compared; ++i)
    equal +=
        !seen.insert(xxh3(bytes.subspan(rows * i / compared * rowBytes, comparedBytes))).second;
  return equal * shownShare >= compared;
}

std::optional<PackedChoice> choosePacked(const SafetensorsTensor &tensor,
                                         std::span<const uint8_t> bytes) {
  PackedElement element = packedElement(*tensor.dtype);
  PackedSigns signs = samplePacked(bytes, element);
  bool repeats = signs.repeated * shownShare >= signs.chunks || hasEqualRows(tensor, bytes);
  bool hasZeros = signs.zeros * shownShare >= signs.elements;
  bool isFloat = element.kind == PackedElement::Kind::Float;
  bool hasOneSign = isFloat && (signs.negatives == 0 || signs.negatives == signs.elements);
  // Bytes of one place in an element are more alike than all bytes are.
  bool hasUnevenBytes = element.kind == PackedElement::Kind::Integer &&
                        signs.bitsApart * 32 < signs.bitsTogether * 31;
  bool hasNoCode = !storedElementType(tensor.dtype->name);
  if (!repeats && !hasZeros && !hasOneSign && !hasUnevenBytes && !hasNoCode)
    return std::nullopt;
  return PackedChoice{{element, repeats, repeats ? repeatsLog : usualLog}, hasOneSign && !hasZeros};
}

/// Returns whether a vector that is not in a bundle then is worth an entry of its own.
static bool isWorthAnEntry(std::span<const uint8_t> bytes, const PackingOptions &packing,
                           ThreadPool &pool) {
  if (packing.element.kind != PackedElement::Kind::Integer || bytes.size() < minIndexVector)
    return false;
  uint64_t packed = estimatePackedBytes(bytes, packing, UINT64_MAX, pool);
  return packed + entryBytes <= bytes.size() / smallVectorGain;
}

/// choice-15.
void FileCompressor::choosePacked() {
  packedAs.resize(choices.size());
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  if (!policy || *policy == FormatPolicy::Fast)
    return;
  uint64_t bytes = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    const SafetensorsTensor &tensor = original.header().tensors[i];
    bool isVector = choices[i].isTooSmall && tensor.bytes() < minVector;
    bool mayPack = choices[i].mayPack && !shared[i] && !baseOf[i];
    if (!mayPack || tensor.bytes() < minPacked)
      continue;
    std::span<const uint8_t> source = original.sourceBytes(i);
    packedAs[i] = uwt::choosePacked(original.sourceOf(i), source);
    if (packedAs[i] && isVector && !isWorthAnEntry(source, packedAs[i]->options, pool))
      packedAs[i].reset();
    if (packedAs[i]) {
      packedAs[i]->options.element = packedElement(*tensor.dtype);
      bytes += tensor.bytes();
    }
  }
  if (bytes < dataBytes() / packedShare)
    packedAs.assign(choices.size(), std::nullopt);
  for (size_t i = 0; i < choices.size(); ++i)
    if (packedAs[i]) // It is in no bundle.
      choices[i].isTooSmall = false;
}

/// Packs a tensor to `packedForm`; of an estimate, finds what that takes.
Expected<PackedSize> FileCompressor::pack(const PackingOptions &packing,
                                          std::span<const uint8_t> bytes) {
  packedForm.clear();
  if (options.estimate) {
    bool isWhole = bytes.size() <= wholeEstimate;
    PackingOptions sampled = packing;
    sampled.sectionLog = isWhole ? packing.sectionLog : estimatedLog;
    uint64_t sections = isWhole ? UINT64_MAX : estimatedSections;
    report.sampledBytes += isWhole ? bytes.size() : sections << estimatedLog;
    return PackedSize{estimatePackedBytes(bytes, sampled, sections, pool), 0};
  }
  return packElements(bytes, packing, pool,
                      [this](std::span<const uint8_t> piece) { return packedForm.append(piece); });
}

/// Keeps the packed form of a tensor, which `pack` has made.
Status FileCompressor::keepPacked(size_t i, StoredTensor candidate) {
  spool.begin(std::nullopt, 0);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> form, packedForm.view());
  UWT_RETURN_IF_ERROR(spool.append(PlaneKind::Code, form));
  spool.sizes = candidate.entry.planeBytes;
  candidate.planeBegin = spool.begins();
  UWT_RETURN_IF_ERROR(spool.keep());
  TensorReport &line = report.tensors[i];
  line.format = packedName;
  line.planeBytes = candidate.entry.planeBytes;
  header.tensors[i] = std::move(candidate);
  hasPacked = true;
  return ok();
}

/// Encodes a tensor in a format and packs it; keeps the smaller one.
Status FileCompressor::encodePacked(size_t i) {
  sourceBytes = original.sourceOf(i).bytes();
  told = 0;
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, castBytes(i));
  ResidencyLimit limit(original.mappedRange(i, bytes));
  UWT_ASSIGN_OR_RETURN(PackedSize packed, pack(packedAs[i]->options, bytes));
  StoredTensor candidate;
  candidate.entry = header.tensors[i].entry;
  candidate.entry.packedChecksum =
      options.estimate ? estimatedChecksum(candidate.entry) : packed.checksum;
  candidate.entry.planeBytes[numberOf(PlaneKind::Code)] = packed.bytes;
  candidate.entry.storedBytes = paddedPlaneBytes(packed.bytes, spool.padding);
  uint64_t cost = candidate.entry.storedBytes + headerCost(candidate);
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  bool isBestSize = policy && *policy == FormatPolicy::BestSize;
  CodingAttempt attempt{choices[i].reason};
  if (attempt.isKept()) {
    UWT_ASSIGN_OR_RETURN(
        attempt, tryToEncode({&i, 1}, bytes, cost + (isBestSize ? cost / bestSizeGain : 0)));
    if (attempt.isKept())
      return progress(UINT64_MAX);
  }
  if (cost < bytesAsRaw({&i, 1}))
    UWT_RETURN_IF_ERROR(keepPacked(i, std::move(candidate)));
  else
    keepRaw({&i, 1}, attempt.reason);
  return progress(UINT64_MAX);
}

} // namespace uwt
