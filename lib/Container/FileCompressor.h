//===- FileCompressor.h - One file to a container ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are coded one after another, each by all threads. Data are streamed behind
// a space for the header, which is written last; where everything fits into memory, they
// are gathered first, so that the header takes no more than it needs (write-3).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILECOMPRESSOR_H
#define UWT_LIB_CONTAINER_FILECOMPRESSOR_H

#include "BaseContents.h"
#include "BaseMatch.h"
#include "Bundles.h"
#include "ContainerFormat.h"
#include "Estimate.h"
#include "FileWork.h"
#include "Original.h"
#include "PackedTensors.h"
#include "PlaneSpool.h"
#include "Selection.h"
#include "uwt/Support/Checksum.h"

namespace uwt {

/// Data begin at a multiple of the first, or of the second for originals with
/// less data than the third, in the compact form and with `smallest` (file-5).
inline constexpr uint64_t largeAlignment = 4096, smallAlignment = planeAlignment,
                          smallData = uint64_t(1) << 20;

/// Returns a checksum for an entry of an estimate, which computes none: digits that differ between
/// entries take the bytes that real ones take.
inline uint64_t estimatedChecksum(const TensorEntry &entry) { return xxh3(asBytes(entry.name)); }

/// What came of coding a tensor or a stack.
struct CodingAttempt {
  /// Why it was not kept; empty where it was.
  std::string reason;
  /// Bytes that it would have taken, names and entry included.
  uint64_t bytes = UINT64_MAX;

  bool isKept() const { return reason.empty(); }
};

/// Compresses one file, or finds what that would give.
class FileCompressor {
public:
  FileCompressor(Original &original, const std::string &folder, AtomicFileWriter *writer,
                 const CompressOptions &options, ThreadPool &pool)
      : original(original), options(options), pool(pool), writer(writer), data(folder, writer),
        spool(folder, data, !writer), differences(folder, differencesInMemory),
        packedForm(folder, differencesInMemory) {}

  Status run();
  FileReport report;
  /// Tells if `smallest` takes the compact form for its header alone (choice-11).
  bool wantsCompact = true;

private:
  /// Differences of larger tensors go to a file.
  static constexpr uint64_t differencesInMemory = uint64_t(128) << 20;

  uint64_t dataBytes() const { return original.bytes() - 8 - original.headerText().size(); }
  uint64_t alignment() const {
    const auto *policy = std::get_if<FormatPolicy>(&options.format);
    bool isSmall = dataBytes() < smallData || header.isCompact ||
                   (hasPacked && gather && data.size() < smallData);
    return isSmall || (policy && *policy == FormatPolicy::Smallest) ? smallAlignment
                                                                    : largeAlignment;
  }
  Status prepare();
  void describeTensors();
  bool isTinyWhenPacked() const;
  void chooseCompact();
  Status findBase();
  Status findBaseOf(size_t i);
  Expected<BaseMatch> matchByContents(size_t i, BaseMatch named);
  Status alignBaseOf(size_t i, std::span<const uint8_t> bytes);
  void recordBase(size_t i, std::vector<uint64_t> checksums);
  Status compressChanged(size_t i, std::span<const uint8_t> bytes, std::vector<uint64_t> checksums);
  bool isSmallerAsEqual(size_t i) const;
  std::vector<bool> whichMayStack() const;
  Status compressAgainstBase(size_t i);
  Choice choiceOfDifferences(size_t i) const;
  void choosePacked();
  Expected<PackedSize> pack(const PackingOptions &packing, std::span<const uint8_t> bytes);
  Status keepPacked(size_t i, StoredTensor candidate);
  Status encodePacked(size_t i);
  Expected<CodingAttempt> tryAlone(size_t i, std::span<const uint8_t> bytes, uint64_t limit);
  Status codeSmallest(size_t i, std::span<const uint8_t> bytes, std::vector<uint64_t> checksums);
  Expected<bool> subtractBaseOf(size_t i, std::span<const uint8_t> bytes,
                                std::vector<uint64_t> &checksums);
  std::vector<BaseFile> usedBaseFiles() const;
  void chooseStacks();
  void chooseReader();
  uint32_t shownLowBits(size_t i) const;
  uint64_t shownGain(size_t i) const;
  uint32_t neededReader(size_t i) const;
  Format wantedFormat(size_t i) const;
  uint64_t reservedPrefix() const;
  Status compressTensor(size_t i);
  Expected<std::span<const uint8_t>> castBytes(size_t i);
  Expected<std::span<const uint8_t>> bytesOf(std::span<const size_t> members);
  Status keepAsItIs(size_t i);
  Status encodeMembers(std::span<const size_t> members);
  Status compressTensors();
  Status estimateTensors();
  Status estimateBundle(CodedMembers members);
  Status estimateAgainstBase(size_t i);
  Status estimateMembers(CodedMembers members, uint64_t elements);
  Status estimatePacked(size_t i);
  TensorDescription drawSample(CodedMembers members, uint64_t elements);
  Status copyEstimate(CodedMembers members, size_t from);
  Expected<CodingAttempt> tryToEncode(std::span<const size_t> members,
                                      std::span<const uint8_t> bytes, uint64_t limit = UINT64_MAX);
  TensorDescription describe(std::span<const size_t> members) const;
  Expected<ChosenFormat> pickFormat(std::span<const size_t> members,
                                    std::span<const uint8_t> bytes);
  Expected<EncodedTensor> encode(std::span<const size_t> members, std::span<const uint8_t> bytes,
                                 const ChosenFormat &chosen);
  Expected<std::optional<EntropyBounds>>
  measureBounds(const TensorDescription &as, unsigned elementsEach, std::span<const uint8_t> bytes);
  std::optional<PlaneKind> directPlane(size_t i, const Format &format) const;
  uint64_t bytesAsRaw(std::span<const size_t> members) const;
  Format inBundleOrder(const Format &format, std::span<const size_t> members) const;
  TensorEntry asBundle(std::span<const size_t> members) const;
  Status keepBundle(TensorEntry candidate, std::span<const size_t> members,
                    const EncodedTensor &encoded);
  Status keepPlanes(StoredTensor candidate, std::span<const size_t> members,
                    const EncodedTensor &encoded);
  void keepRaw(std::span<const size_t> members, const std::string &reason);
  Status hash(size_t i, std::span<const uint8_t> bytes);
  Status writeRaw(size_t i);
  Status writeRawTensors();
  Status padPlanes();
  Status addCompactHeader();
  Status finish();
  Status progress(uint64_t bytes);
  void fillReport();

  Original &original;
  const CompressOptions &options;
  ThreadPool &pool;
  AtomicFileWriter *writer;
  bool gather = false;
  DataOutput data;
  PlaneSpool spool;
  ContainerHeader header;
  std::vector<Choice> choices;
  std::vector<std::optional<size_t>> shared;
  std::vector<std::vector<size_t>> stacks;
  /// The stack of each tensor that is in one.
  std::vector<std::optional<size_t>> stackOf;
  /// Of the compact form, as stacks.
  std::vector<std::vector<size_t>> bundles;
  std::vector<std::optional<size_t>> bundleOf;
  /// The newest reader that the file may ask for (choice-8).
  uint32_t newestReader = containerReader;
  std::vector<uint8_t> stackBytes;
  /// Of each tensor that has one: the base model's.
  std::vector<std::optional<BaseTensor>> baseOf;
  SpillBuffer differences;
  /// Packing of each tensor that may be packed.
  std::vector<std::optional<PackedChoice>> packedAs;
  /// The packed form of the tensor that is coded at the moment.
  SpillBuffer packedForm;
  /// Set once a packed form is kept.
  bool hasPacked = false;
  /// Of an estimate: what is drawn of the tensors that are coded at the moment, and their bytes.
  std::optional<PanelSample> sample;
  SampledBytes sampledBytes;
  std::vector<size_t> raw;
  /// Bytes in front of the data where those are not gathered.
  uint64_t reserved = 0;
  Sha256Stream wholeHash;
  /// Source bytes of what is encoded at the moment, and of these what progress has been told of.
  uint64_t sourceBytes = 0, told = 0;
  /// Set once some tensor could hold the format; and why the first could not.
  bool formatFits = false;
  std::optional<Error> formatError;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILECOMPRESSOR_H
