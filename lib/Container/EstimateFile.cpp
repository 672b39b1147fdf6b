//===- EstimateFile.cpp - What a container would take ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileCompressor.h"

namespace uwt {

/// Draws the panels that `members` are estimated from. Without a sample, their format is refused as
/// when compressing.
TensorDescription FileCompressor::drawSample(CodedMembers members, uint64_t elements) {
  TensorDescription description = describe(members);
  description.format = wantedFormat(members[0]);
  sample.reset();
  if (auto drawn = drawPanels(description, elements))
    sample = *std::move(drawn);
  return description;
}

Status FileCompressor::estimateMembers(CodedMembers members, uint64_t elements) {
  TensorDescription description = drawSample(members, elements);
  std::span<const uint8_t> bytes;
  if (sample) {
    UWT_ASSIGN_OR_RETURN(
        bytes, sampledBytes.read(original, members, description, *sample, pool, &report.cast));
  }
  UWT_ASSIGN_OR_RETURN(CodingAttempt attempt, tryToEncode(members, bytes));
  if (!attempt.isKept())
    keepRaw(members, attempt.reason);
  for (size_t i : members)
    original.release(i);
  return ok();
}

/// Gives `members` what was found for the tensor `from`, or the stack that begins with it.
Status FileCompressor::copyEstimate(CodedMembers members, size_t from) {
  if (!header.tensors[from].entry.compressed()) {
    keepRaw(members, report.tensors[from].reason);
    return ok();
  }
  CodedMembers measured =
      stackOf[from] ? CodedMembers(stacks[*stackOf[from]]) : CodedMembers(&from, 1);
  for (size_t m = 0; m < members.size(); ++m) {
    StoredTensor &stored = header.tensors[members[m]];
    TensorReport &line = report.tensors[members[m]];
    TensorEntry own = std::exchange(stored.entry, header.tensors[measured[m]].entry);
    line = report.tensors[measured[m]];
    line.name = stored.entry.name = own.name;
    stored.entry.sha256 = own.sha256;
    stored.entry.indexChecksum = xxh3(asBytes(own.name));
  }
  StoredTensor &first = header.tensors[members[0]];
  if (members.size() > 1)
    first.members.assign(members.begin(), members.end());
  spool.begin(std::nullopt, 0);
  spool.sizes = first.entry.planeBytes;
  first.planeBegin = spool.begins();
  return spool.keep();
}

/// Only all weights show whether they are those of the base model: they are read and compared, and
/// samples of the differences are coded.
Status FileCompressor::estimateAgainstBase(size_t i) {
  report.sampledBytes += original.sourceOf(i).bytes();
  UWT_RETURN_IF_ERROR(compressAgainstBase(i));
  original.release(i);
  return ok();
}

/// Bundles are small: they are read as a whole.
Status FileCompressor::estimateBundle(CodedMembers members) {
  sample.reset();
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, bytesOf(members));
  for (size_t i : members)
    report.sampledBytes += original.sourceOf(i).bytes();
  UWT_ASSIGN_OR_RETURN(CodingAttempt attempt, tryToEncode(members, bytes));
  if (!attempt.isKept())
    keepRaw(members, attempt.reason);
  return ok();
}

/// Tensors of more bytes are not coded as a whole.
static constexpr uint64_t wholePanels = uint64_t(64) << 20;

/// A sample of panels does not show how far apart repeats are: sections are packed as a whole.
Status FileCompressor::estimatePacked(size_t i) {
  sample.reset();
  const SafetensorsTensor &source = original.sourceOf(i);
  if (source.bytes() > wholePanels && choices[i].reason.empty())
    drawSample({&i, 1}, sampledElements(source.bytes() * 8 / source.dtype->bits));
  UWT_RETURN_IF_ERROR(encodePacked(i));
  original.release(i);
  return ok();
}

Status FileCompressor::estimateTensors() {
  std::vector<size_t> order = original.header().dataOrder();
  std::vector<CodedMembers> units;
  // A hash that nobody has computed, as long as the others and as different.
  auto unknownSha256 = [](std::string_view name) {
    Sha256Stream hash;
    hash.update(asBytes(name));
    return hash.hexDigest();
  };
  auto tellProgress = [&](CodedMembers members) -> Status {
    for (size_t i : members)
      UWT_RETURN_IF_ERROR(reportProgress(options.progress, original.sourceOf(i).bytes()));
    return ok();
  };
  for (const size_t &i : order) {
    if (options.sha256)
      header.tensors[i].entry.sha256 = unknownSha256(original.header().tensors[i].name);
    if (shared[i])
      header.tensors[i].entry.sameAs = original.header().tensors[*shared[i]].name;
    else if (baseOf[i])
      UWT_RETURN_IF_ERROR(estimateAgainstBase(i));
    else if (packedAs[i])
      UWT_RETURN_IF_ERROR(estimatePacked(i));
    else if (bundleOf[i])
      UWT_RETURN_IF_ERROR(bundles[*bundleOf[i]].front() == i ? estimateBundle(bundles[*bundleOf[i]])
                                                             : ok());
    else if (!choices[i].reason.empty())
      keepRaw({&i, 1}, choices[i].reason);
    else if (!stackOf[i])
      units.emplace_back(&i, 1);
    else if (stacks[*stackOf[i]].front() == i)
      units.emplace_back(stacks[*stackOf[i]]);
    if (shared[i] || baseOf[i] || (!packedAs[i] && !choices[i].reason.empty()))
      UWT_RETURN_IF_ERROR(tellProgress({&i, 1}));
  }
  EstimatePlan plan(original.header(), choices, units);
  for (CodedMembers members : units) {
    uint64_t elements = plan.elements(members[0]);
    if (elements == 0)
      continue;
    UWT_RETURN_IF_ERROR(estimateMembers(members, elements));
    UWT_RETURN_IF_ERROR(tellProgress(members));
  }
  for (CodedMembers members : units) {
    if (plan.elements(members[0]) != 0)
      continue;
    UWT_RETURN_IF_ERROR(copyEstimate(members, plan.standIn(members[0])));
    UWT_RETURN_IF_ERROR(tellProgress(members));
  }
  if (options.sha256)
    header.sha256 = unknownSha256({});
  report.sampledBytes += sampledBytes.bytesRead();
  return ok();
}

} // namespace uwt
