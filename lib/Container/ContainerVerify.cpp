//===- ContainerVerify.cpp - Every bit of a container ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules check-1 to check-5 of docs/container.md, for whole files.
//
//===----------------------------------------------------------------------===//

#include "BaseTensor.h"
#include "ContainerState.h"
#include "FileWork.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>

namespace uwt {

static constexpr size_t findingLimit = 1000;

std::string withoutPath(const std::string &message, const std::string &path) {
  return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
}

void VerifyReport::add(std::string where, std::string message) {
  ++findingCount;
  if (findings.size() < findingLimit)
    findings.push_back({std::move(where), std::move(message)});
}

void VerifyReport::merge(VerifyReport other) {
  files += other.files;
  tensors += other.tensors;
  compressedTensors += other.compressedTensors;
  plainFiles += other.plainFiles;
  bytes += other.bytes;
  originalBytes += std::min(other.originalBytes, UINT64_MAX - originalBytes);
  hashes += other.hashes;
  findingCount += other.findingCount;
  for (Finding &finding : other.findings)
    if (findings.size() < findingLimit)
      findings.push_back(std::move(finding));
  for (Finding &note : other.notes)
    if (notes.size() < findingLimit)
      notes.push_back(std::move(note));
}

/// file-7.
Status Container::streamOriginal(const std::function<Status(std::span<const uint8_t>)> &consume,
                                 ThreadPool &pool, const ProgressFunction &progress) const {
  uint64_t length = state->originalText.size();
  uint8_t prefix[8];
  for (unsigned i = 0; i < 8; ++i)
    prefix[i] = static_cast<uint8_t>(length >> (8 * i));
  UWT_RETURN_IF_ERROR(consume(prefix));
  UWT_RETURN_IF_ERROR(consume(asBytes(state->originalText)));
  auto consumeAndCount = [&](std::span<const uint8_t> piece) -> Status {
    UWT_RETURN_IF_ERROR(consume(piece));
    return reportProgress(progress, piece.size());
  };
  for (size_t i : state->original->dataOrder()) {
    UWT_ASSIGN_OR_RETURN(TensorReader tensor, reader(state->entries[i]));
    UWT_RETURN_IF_ERROR(tensor.stream(consumeAndCount, pool));
  }
  return ok();
}

namespace {

/// One verification of one container.
class Verification {
public:
  Verification(const Container &container, const SafetensorsHeader &original, ThreadPool &pool,
               const VerifyOptions &options)
      : container(container), original(original), pool(pool), options(options) {}

  Status run();
  VerifyReport report;

private:
  Status checkTensor(const TensorEntry &entry);
  Status checkStored(const TensorEntry &entry);
  Status checkHashes();
  bool anyHash() const;
  bool wantsHashes() const { return options.hashes && anyHash() && hasBase(); }
  bool hasBase() const { return bool(container.checkHasBase()); }

  const Container &container;
  const SafetensorsHeader &original;
  ThreadPool &pool;
  const VerifyOptions &options;
};

} // namespace

Status Verification::checkStored(const TensorEntry &entry) {
  bool isReadable = !entry.isDifference() || hasBase();
  UWT_ASSIGN_OR_RETURN(TensorReader reader,
                       isReadable ? container.reader(entry) : container.storedReader(entry));
  UWT_RETURN_IF_ERROR(reader.check(pool));
  // Hashes are of decoded tensors: where they are compared, everything is decoded for them.
  bool isCoded = entry.compressed() || entry.isPacked();
  if (!options.decode || !isCoded || !isReadable || wantsHashes())
    return ok();
  return reader.stream([](std::span<const uint8_t>) { return ok(); }, pool);
}

Status Verification::checkTensor(const TensorEntry &entry) {
  ++report.tensors;
  report.compressedTensors += entry.compressed() || entry.isPacked() || entry.bundle ? 1 : 0;
  if (entry.sameAs.empty()) {
    Status checked = checkStored(entry);
    if (!checked && checked.error().getKind() == ErrorKind::IO)
      return checked;
    if (!checked)
      report.add(container.path(), withoutPath(checked.error().message(), container.path()));
  }
  return reportProgress(options.progress, entry.bytes);
}

bool Verification::anyHash() const {
  if (!container.originalSha256().empty())
    return true;
  for (const TensorEntry &entry : container.entries())
    if (!entry.sha256.empty())
      return true;
  return false;
}

Status Verification::checkHashes() {
  Sha256Stream whole;
  std::string_view text = container.originalHeader();
  uint8_t length[8];
  for (unsigned i = 0; i < 8; ++i)
    length[i] = static_cast<uint8_t>(text.size() >> (8 * i));
  whole.update(length);
  whole.update(asBytes(text));
  for (size_t i : original.dataOrder()) {
    const TensorEntry &entry = container.entries()[i];
    Sha256Stream one;
    UWT_ASSIGN_OR_RETURN(TensorReader reader, container.reader(entry));
    UWT_RETURN_IF_ERROR(reader.stream(
        [&](std::span<const uint8_t> piece) {
          whole.update(piece);
          if (!entry.sha256.empty())
            one.update(piece);
          return ok();
        },
        pool));
    if (entry.sha256.empty())
      continue;
    ++report.hashes;
    if (one.hexDigest() != entry.sha256)
      report.add(container.path(), tensorLabel(entry) + ": SHA-256 differs from the recorded one");
  }
  if (container.originalSha256().empty())
    return ok();
  ++report.hashes;
  if (whole.hexDigest() != container.originalSha256())
    report.add(container.path(), "SHA-256 of the original file differs from the recorded one");
  return ok();
}

Status Verification::run() {
  report.files = 1;
  report.bytes = container.fileBytes();
  report.originalBytes = container.originalBytes();
  report.plainFiles = container.isContainer() ? 0 : 1;
  if (container.savedAgain()) // check-3
    report.add(container.path(),
               "the header is not the one that uwt wrote: another tool has saved this file again; "
               "its contents are intact, compress the decompressed file to have it as new");
  if (!hasBase())
    report.notes.push_back({container.path(), "holds differences from " +
                                                  describeBase(container.baseFiles()) +
                                                  ": only what is stored was checked; give that "
                                                  "with --base to check what it makes"});
  for (const TensorEntry &entry : container.entries())
    UWT_RETURN_IF_ERROR(checkTensor(entry));
  // Bytes that are damaged cannot have the right hash.
  if (!report.passed() || !wantsHashes())
    return ok();
  Status checked = checkHashes();
  if (!checked && checked.error().getKind() != ErrorKind::Invalid)
    return checked;
  if (!checked)
    report.add(container.path(), withoutPath(checked.error().message(), container.path()));
  return ok();
}

Expected<VerifyReport> Container::verify(ThreadPool &pool, const VerifyOptions &options) const {
  Verification verification(*this, *state->original, pool, options);
  UWT_RETURN_IF_ERROR(verification.run());
  return std::move(verification.report);
}

} // namespace uwt
