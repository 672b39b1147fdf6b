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

#include "Difference.h"
#include "FileCompressor.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// Smaller tensors cost less than the entry that would stand for them.
static constexpr uint64_t leastBaseBytes = 256;
/// Differences that take less than this share of a tensor are taken at once.
static constexpr uint64_t clearlySmaller = 4;

Status FileCompressor::findBase() {
  baseOf.resize(header.tensors.size());
  if (!options.base)
    return ok();
  if (options.base->files().empty())
    return usageError("the base model was opened without the hashes that it is known by");
  for (size_t i = 0; i < baseOf.size(); ++i) {
    const SafetensorsTensor &tensor = original.header().tensors[i];
    if (shared[i] || tensor.bytes() < leastBaseBytes || !hasDifferences(*tensor.dtype))
      continue;
    UWT_ASSIGN_OR_RETURN(baseOf[i], BaseTensor::find(*options.base, tensor));
  }
  return ok();
}

std::vector<bool> FileCompressor::whichMayStack() const {
  std::vector<bool> mayStack;
  for (size_t i = 0; i < choices.size(); ++i)
    mayStack.push_back(!shared[i] && !baseOf[i]);
  return mayStack;
}

/// Fills `differences`, where the tensor may be coded, and sets the checksums of the base's bytes.
/// Returns whether both tensors are equal.
Expected<bool> FileCompressor::subtractBaseOf(size_t i, std::span<const uint8_t> bytes,
                                              std::vector<uint64_t> &checksums) {
  differences.clear();
  bool isEqual = true, mayCode = choices[i].reason.empty();
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

/// The smaller of the differences and the tensor by itself.
Status FileCompressor::codeSmallest(size_t i, std::span<const uint8_t> bytes,
                                    std::vector<uint64_t> checksums) {
  const Choice byItself = choices[i], asDifference = choiceOfDifferences(i);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> changed, differences.view());
  std::vector<uint64_t> &recorded = header.tensors[i].entry.baseChecksums;
  auto tryDifferences = [&](uint64_t limit) {
    choices[i] = asDifference;
    recorded = checksums;
    return tryAlone(i, changed, limit);
  };
  UWT_ASSIGN_OR_RETURN(CodingAttempt difference, tryDifferences(bytes.size() / clearlySmaller));
  if (difference.isKept())
    return ok();
  choices[i] = byItself;
  recorded.clear();
  UWT_ASSIGN_OR_RETURN(CodingAttempt plain, tryAlone(i, bytes, difference.bytes));
  if (plain.isKept())
    return ok();
  UWT_ASSIGN_OR_RETURN(difference, tryDifferences(difference.bytes + 1));
  if (difference.isKept())
    return ok();
  choices[i] = byItself;
  recorded.clear();
  keepRaw({&i, 1}, plain.reason);
  return ok();
}

Status FileCompressor::compressAgainstBase(size_t i) {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, castBytes(i));
  ResidencyLimit limit(original.mappedRange(i, bytes));
  std::vector<uint64_t> checksums;
  UWT_ASSIGN_OR_RETURN(bool isEqual, subtractBaseOf(i, bytes, checksums));
  if (isEqual) { // diff-6
    header.tensors[i].entry.baseChecksums = std::move(checksums);
    report.tensors[i].reason = "equal to the base model's";
    report.tensors[i].isDifference = true;
    return ok();
  }
  if (choices[i].reason.empty())
    return codeSmallest(i, bytes, std::move(checksums));
  keepRaw({&i, 1}, choices[i].reason);
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
