//===- CompressAgainstBase.cpp - Tensors as differences -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-10 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "AlignRows.h"
#include "Difference.h"
#include "FileCompressor.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// Differences that take less than this share of a tensor are taken at once.
static constexpr uint64_t clearlySmaller = 4;
/// Bytes that planes and entry of a tensor take at least.
static constexpr uint64_t leastCodedBytes = 256;
/// Reason of a tensor that has a base and is not stored against that.
static constexpr std::string_view noSmallerDifferences = "differences would not be smaller";

Status FileCompressor::findBase() {
  baseOf.resize(header.tensors.size());
  if (!options.base)
    return ok();
  if (options.base->files().empty())
    return usageError("the base model was opened without the hashes that it is known by");
  for (size_t i = 0; i < baseOf.size(); ++i)
    if (!shared[i] && original.header().tensors[i].bytes() != 0)
      UWT_RETURN_IF_ERROR(findBaseOf(i));
  return ok();
}

/// Returns a tensor that is much more alike than `named`, the one that is found by name, or that
/// (choice-19).
Expected<BaseMatch> FileCompressor::matchByContents(size_t i, BaseMatch named) {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  constexpr double muchMore = 2, nearlyEqual = 8;
  bool isSearched = named.rows.empty() && tensor.bytes() >= leastCodedBytes;
  if (!isSearched)
    return named;
  TensorSample own = sampleOf(original, i, pool);
  double bits = tensor.dtype->bits;
  if (named.tensor) {
    UWT_ASSIGN_OR_RETURN(TensorSample base, sampleOf(*named.tensor, pool));
    bits = sampledBits(own, base, pool);
    if (bits * nearlyEqual < tensor.dtype->bits)
      return named;
  }
  UWT_ASSIGN_OR_RETURN(std::optional<AlikeTensor> alike,
                       options.base->contents()->find(*options.base, tensor.shape, own, pool));
  if (!alike || alike->bits * muchMore >= bits)
    return named;
  return BaseMatch{alike->tensor, {}, ""};
}

Status FileCompressor::findBaseOf(size_t i) {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  std::string &reason = report.tensors[i].baseReason;
  if (!hasDifferences(*tensor.dtype)) {
    reason = "no differences of " + std::string(tensor.dtype->name);
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(BaseMatch match, matchByContents(i, matchByName(*options.base, tensor)));
  reason = match.reason;
  if (!match.tensor)
    return ok();
  UWT_ASSIGN_OR_RETURN(baseOf[i], BaseTensor::make(*match.tensor, tensor, std::move(match.rows)));
  return ok();
}

/// Says in the entry of a tensor what it is stored against; that it is not, without checksums.
void FileCompressor::recordBase(size_t i, std::vector<uint64_t> checksums) {
  TensorEntry &entry = header.tensors[i].entry;
  entry.baseSource = checksums.empty() ? std::nullopt : baseOf[i]->source(entry.name);
  entry.baseChecksums = std::move(checksums);
}

std::vector<bool> FileCompressor::whichMayStack() const {
  std::vector<bool> mayStack;
  for (size_t i = 0; i < choices.size(); ++i)
    mayStack.push_back(!shared[i] && !baseOf[i] && !packedAs[i]);
  return mayStack;
}

/// Finds the rows of the base (choice-18).
Status FileCompressor::alignBaseOf(size_t i, std::span<const uint8_t> bytes) {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  if (!baseOf[i]->hasRows() || tensor.shape.size() < 2)
    return ok();
  UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> base, baseOf[i]->rowChecksums(pool));
  baseOf[i]->setRows(alignRows(checksumsOfEach(bytes, bytes.size() / tensor.shape[0], pool), base));
  return ok();
}

/// Returns whether differences may be coded (choice-10): of small tensors too, which would not be
/// coded by themselves, unless names and entry take more than their bytes.
static bool mayCodeDifferences(const Choice &choice, uint64_t bytes) {
  return choice.reason.empty() || (choice.isTooSmall && bytes >= leastCodedBytes);
}

/// Fills `differences`, where the tensor may be coded, and sets the checksums of the base's bytes.
/// Returns whether both tensors are equal.
Expected<bool> FileCompressor::subtractBaseOf(size_t i, std::span<const uint8_t> bytes,
                                              std::vector<uint64_t> &checksums) {
  differences.clear();
  bool isEqual = true, mayCode = mayCodeDifferences(choices[i], bytes.size());
  if (mayCode)
    differences.reserve(bytes.size());
  std::vector<uint8_t> scratch, piece;
  for (uint64_t at = 0; at < bytes.size() && (isEqual || mayCode); at += baseReadBytes) {
    std::span<const uint8_t> own =
        bytes.subspan(at, std::min<uint64_t>(baseReadBytes, bytes.size() - at));
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> base,
                         baseOf[i]->read(at, at + own.size(), scratch, pool));
    std::vector<uint64_t> ofPiece = basePieceChecksums(base, pool);
    checksums.insert(checksums.end(), ofPiece.begin(), ofPiece.end());
    isEqual = isEqual && std::memcmp(own.data(), base.data(), own.size()) == 0;
    if (mayCode) {
      piece.resize(own.size());
      subtractBase(*original.header().tensors[i].dtype, own, base, piece, pool);
      UWT_RETURN_IF_ERROR(differences.append(piece));
    }
    UWT_RETURN_IF_ERROR(MappedFile::checkRead(base));
    baseOf[i]->release(base);
  }
  return isEqual;
}

Choice FileCompressor::choiceOfDifferences(size_t i) const {
  const SafetensorsDtype &dtype = *original.header().tensors[i].dtype;
  Choice choice = choices[i];
  choice.isDifference = true;
  choice.element = differenceElementType(dtype.bits);
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  bool hasParts = storedElementsEach(dtype, choice.element) > 1;
  // Parts of a wide element are then in rows of their own, which have their own classes.
  if (policy && *policy == FormatPolicy::Smallest && hasParts && !choice.layout)
    choice.storage = Storage::KMajor;
  return choice;
}

/// tryToEncode; of an estimate, from a sample of these bytes.
Expected<CodingAttempt> FileCompressor::tryAlone(size_t i, std::span<const uint8_t> bytes,
                                                 uint64_t limit) {
  if (options.estimate)
    drawSample({&i, 1}, sampledElements(bytes.size() / getTraits(choices[i].element).bytes));
  return tryToEncode({&i, 1}, bytes, limit);
}

/// Keeps the smallest of the differences, the tensor by itself, and its bytes.
Status FileCompressor::codeSmallest(size_t i, std::span<const uint8_t> bytes,
                                    std::vector<uint64_t> checksums) {
  const Choice byItself = choices[i], asDifference = choiceOfDifferences(i);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> changed, differences.view());
  auto tryDifferences = [&](uint64_t limit) {
    choices[i] = asDifference;
    recordBase(i, checksums);
    return tryAlone(i, changed, limit);
  };
  bool isCodedAlone = byItself.reason.empty();
  UWT_ASSIGN_OR_RETURN(CodingAttempt difference,
                       tryDifferences(isCodedAlone ? bytes.size() / clearlySmaller : UINT64_MAX));
  if (difference.isKept())
    return ok();
  choices[i] = byItself;
  recordBase(i, {});
  report.tensors[i].baseReason = noSmallerDifferences;
  if (!isCodedAlone) {
    report.tensors[i].bounds.reset();
    keepRaw({&i, 1}, byItself.reason);
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(CodingAttempt plain, tryAlone(i, bytes, difference.bytes));
  if (plain.isKept())
    return ok();
  UWT_ASSIGN_OR_RETURN(difference, tryDifferences(difference.bytes + 1));
  if (difference.isKept()) {
    report.tensors[i].baseReason.clear();
    return ok();
  }
  choices[i] = byItself;
  recordBase(i, {});
  keepRaw({&i, 1}, plain.reason);
  return ok();
}

/// Compresses a tensor that does not equal its base.
Status FileCompressor::compressChanged(size_t i, std::span<const uint8_t> bytes,
                                       std::vector<uint64_t> checksums) {
  if (mayCodeDifferences(choices[i], bytes.size()))
    return codeSmallest(i, bytes, std::move(checksums));
  report.tensors[i].baseReason =
      choices[i].isTooSmall ? std::string(noSmallerDifferences) : choices[i].reason;
  keepRaw({&i, 1}, choices[i].reason);
  return ok();
}

/// Returns whether the entry of a tensor takes less than its bytes and their name.
bool FileCompressor::isSmallerAsEqual(size_t i) const {
  StoredTensor equal;
  equal.entry = header.tensors[i].entry;
  return headerCost(equal) < bytesAsRaw({&i, 1});
}

Status FileCompressor::compressAgainstBase(size_t i) {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, castBytes(i));
  ResidencyLimit limit(original.mappedRange(i, bytes));
  UWT_RETURN_IF_ERROR(alignBaseOf(i, bytes));
  std::vector<uint64_t> checksums;
  UWT_ASSIGN_OR_RETURN(bool isEqual, subtractBaseOf(i, bytes, checksums));
  if (!isEqual)
    return compressChanged(i, bytes, std::move(checksums));
  recordBase(i, std::move(checksums)); // diff-6
  if (!isSmallerAsEqual(i)) {
    recordBase(i, {});
    report.tensors[i].baseReason = "equal, but its bytes take less than the name of its base";
    keepRaw({&i, 1},
            choices[i].reason.empty() ? std::string(wouldNotBeSmaller) : choices[i].reason);
    return ok();
  }
  report.tensors[i].reason = "equal to the base model's";
  report.tensors[i].isDifference = true;
  return ok();
}

/// diff-5: in order, and only those that are needed.
std::vector<BaseFile> FileCompressor::usedBaseFiles() const {
  std::vector<BaseFile> files;
  for (size_t i = 0; i < header.tensors.size(); ++i)
    if (header.tensors[i].entry.isDifference())
      files.push_back(options.base->files()[baseOf[i]->file()]);
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

} // namespace uwt
