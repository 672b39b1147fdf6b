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
#include <unordered_set>

namespace uwt {

/// choice-15: tensors of fewer or more bytes are not packed, since readers unpack one as a whole.
static constexpr uint64_t minPacked = uint64_t(1) << 10, maxPacked = uint64_t(1) << 30;
/// Smaller tensors of rank 0 and 1 are in bundles, or not worth an entry.
static constexpr uint64_t minVector = bundledTensorBytes + 1;
/// The packed form is not used if tensors with it are a smaller share of the data.
static constexpr uint64_t packedShare = 256;
/// A sample shows zeros or repeats if these are one of so many.
static constexpr uint64_t shownShare = 16;
/// `best-size` packs a tensor to save one of so many bytes, since slices of it cost a whole one.
static constexpr uint64_t bestSizeGain = 64;
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

Expected<OpenPacked::Bytes>
OpenPacked::find(size_t index, const std::function<Expected<std::vector<uint8_t>>()> &open) {
  Opened &here = opened.get();
  {
    std::lock_guard lock(here.mutex);
    if (here.bytes && here.last == index)
      return here.bytes;
    here.bytes.reset();
  }
  // Others may unpack their tensors at the same time.
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> unpacked, open());
  auto bytes = std::make_shared<const std::vector<uint8_t>>(std::move(unpacked));
  std::lock_guard lock(here.mutex);
  here.bytes = bytes;
  here.last = index;
  return bytes;
}

Expected<OpenPacked::Bytes> Container::State::openPacked(size_t i) const {
  return packed.find(i, [&]() -> Expected<std::vector<uint8_t>> {
    const TensorEntry &entry = entries[i];
    std::span<const uint8_t> stored = sources[i].planes[numberOf(PlaneKind::Code)];
    stored = stored.first(entry.planeBytes[numberOf(PlaneKind::Code)]);
    if (options.check && xxh3(stored) != *entry.packedChecksum) // check-4
      return invalidError("plane code: its checksum is wrong: the tensor is damaged; get the file "
                          "again");
    std::vector<uint8_t> bytes(entry.bytes);
    ThreadPool one(1);
    UWT_RETURN_IF_ERROR(unpackElements(stored, bytes, one));
    return bytes;
  });
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Whether rows of a matrix occur again, as far as their first bytes show it.
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
  return PackedChoice{element, repeats, hasOneSign && !hasZeros};
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
    bool mayPack = choices[i].mayPack && !isVector && !shared[i] && !baseOf[i];
    if (!mayPack || tensor.bytes() < minPacked || tensor.bytes() > maxPacked)
      continue;
    packedAs[i] = uwt::choosePacked(original.sourceOf(i), original.sourceBytes(i));
    if (packedAs[i]) {
      packedAs[i]->element = packedElement(*tensor.dtype);
      bytes += tensor.bytes();
    }
  }
  if (bytes < dataBytes() / packedShare)
    packedAs.assign(choices.size(), std::nullopt);
}

/// Keeps the packed form, which `spool` has.
Status FileCompressor::keepPacked(size_t i, StoredTensor candidate) {
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
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, original.tensorBytes(i, pool, &report.cast));
  ResidencyLimit limit(original.mappedRange(i, bytes));
  std::vector<uint8_t> packed =
      packElements(bytes, packedAs[i]->element, packedAs[i]->repeats, pool);
  StoredTensor candidate;
  candidate.entry = header.tensors[i].entry;
  candidate.entry.packedChecksum = xxh3(packed);
  candidate.entry.planeBytes[numberOf(PlaneKind::Code)] = packed.size();
  candidate.entry.storedBytes = paddedPlaneBytes(packed.size(), spool.padding);
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
  if (cost >= bytesAsRaw({&i, 1})) {
    keepRaw({&i, 1}, attempt.reason);
    return progress(UINT64_MAX);
  }
  spool.begin(std::nullopt, packed.size());
  UWT_RETURN_IF_ERROR(spool.append(PlaneKind::Code, packed));
  candidate.planeBegin = spool.begins();
  UWT_RETURN_IF_ERROR(keepPacked(i, std::move(candidate)));
  return progress(UINT64_MAX);
}

} // namespace uwt
