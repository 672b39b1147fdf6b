//===- Estimate.cpp - Samples that stand for a file -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Estimate.h"
#include "uwt/Support/Random.h"
#include <algorithm>
#include <map>
#include <sys/mman.h>
#include <tuple>

namespace uwt {

/// What is drawn of tensors that are alike: this share, and at least so many elements.
static constexpr uint64_t share = 16, leastOfClass = uint64_t(1) << 19;
/// What is drawn of a tensor at least. Fewer elements would not show its row classes.
static constexpr uint64_t leastOfTensor = uint64_t(1) << 17;
/// Shorter parts are read a page at a time.
static constexpr uint64_t readAheadBytes = uint64_t(16) << 10;

uint64_t sampledElements(uint64_t elements) { return std::max(elements / share, leastOfClass); }

//===----------------------------------------------------------------------===//
// EstimatePlan
//===----------------------------------------------------------------------===//

EstimatePlan::EstimatePlan(const SafetensorsHeader &header, std::span<const Choice> choices,
                           std::span<const CodedMembers> units)
    : wanted(header.tensors.size()), standIns(header.tensors.size()) {
  using Key = std::tuple<const SafetensorsDtype *, std::vector<uint64_t>, size_t, ElementType,
                         std::optional<Storage>, std::optional<Layout>>;
  std::map<Key, std::vector<CodedMembers>> classes;
  for (CodedMembers members : units) {
    const SafetensorsTensor &tensor = header.tensors[members[0]];
    const Choice &choice = choices[members[0]];
    classes[{tensor.dtype, tensor.shape, members.size(), choice.element, choice.storage,
             choice.layout}]
        .push_back(members);
  }
  for (const auto &[key, alike] : classes)
    planClass(header, choices[alike[0][0]].element, alike);
}

/// The class is cut into strata, and a tensor at a random index in each stands for the others.
void EstimatePlan::planClass(const SafetensorsHeader &header, ElementType element,
                             std::span<const CodedMembers> alike) {
  const SafetensorsTensor &tensor = header.tensors[alike[0][0]];
  uint64_t each = tensor.bytes() / getTraits(element).bytes * alike[0].size();
  uint64_t ofClass = sampledElements(each * alike.size());
  uint64_t ofTensor = std::max(divideUp(ofClass, alike.size()), leastOfTensor);
  uint64_t measured = divideUp(ofClass, std::min(std::max<uint64_t>(each, 1), ofTensor));
  measured = std::min<uint64_t>(measured, alike.size());
  Random random(each);
  for (uint64_t stratum = 0; stratum < measured; ++stratum) {
    uint64_t begin = alike.size() * stratum / measured;
    uint64_t end = alike.size() * (stratum + 1) / measured;
    size_t chosen = alike[begin + random.below(end - begin)][0];
    wanted[chosen] = ofTensor;
    for (uint64_t i = begin; i < end; ++i)
      standIns[alike[i][0]] = chosen;
  }
}

//===----------------------------------------------------------------------===//
// SampledBytes
//===----------------------------------------------------------------------===//

SampledBytes::~SampledBytes() { free(); }

void SampledBytes::free() {
  if (data)
    ::munmap(data, size);
  data = nullptr;
}

/// Pages that nobody touches take no memory.
Status SampledBytes::allocate(uint64_t bytes) {
  free();
  size = std::max<uint64_t>(bytes, 1);
  void *mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return ioError("no memory for samples of a tensor of " + std::to_string(bytes) + " bytes");
  data = static_cast<uint8_t *>(mapped);
  return ok();
}

Expected<std::span<const uint8_t>> SampledBytes::read(const Original &original,
                                                      CodedMembers members,
                                                      const TensorDescription &description,
                                                      const PanelSample &sample, ThreadPool &pool,
                                                      CastLoss *loss) {
  bool isMapped = members.size() == 1 && !original.isCast(members[0]);
  uint64_t each = original.header().tensors[members[0]].bytes();
  if (!isMapped)
    UWT_RETURN_IF_ERROR(allocate(each * members.size()));
  auto readBytes = [&](uint64_t offset, uint64_t bytes) -> Status {
    if (isMapped && bytes >= readAheadBytes)
      MappedFile::readAhead(original.sourceBytes(members[0]).subspan(offset, bytes));
    total += bytes * original.sourceBytes(members[0]).size() / std::max<uint64_t>(each, 1);
    // A part may begin in one member and end in another.
    while (!isMapped && bytes > 0) {
      uint64_t inMember = offset % each, piece = std::min(bytes, each - inMember);
      original.readBytes(members[offset / each], inMember, {data + offset, piece}, pool, loss);
      offset += piece;
      bytes -= piece;
    }
    return ok();
  };
  UWT_RETURN_IF_ERROR(visitSampledBytes(description, sample, readBytes));
  if (isMapped)
    return original.sourceBytes(members[0]);
  if (loss && original.isCast(members[0]))
    loss->tensors += members.size();
  return std::span<const uint8_t>(data, each * members.size());
}

} // namespace uwt
