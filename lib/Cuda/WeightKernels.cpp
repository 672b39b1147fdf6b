//===- WeightKernels.cpp - Kernels of a pack for a weight -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/WeightKernels.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <set>

using namespace uwt;
using namespace uwt::cuda;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Each m up to `maxM` from which on another kernel of the pack may be the one to take.
static std::set<uint32_t> boundariesOf(const KernelPack &pack,
                                       const DeviceWeightDescription &weight, uint32_t maxM) {
  std::set<uint32_t> boundaries = {1};
  Format format = weight.format().ofMatrices();
  for (const KernelEntry &entry : pack.kernels()) {
    if (entry.format != format || entry.element != weight.element())
      continue;
    if (entry.mFrom > 1 && entry.mFrom <= maxM)
      boundaries.insert(entry.mFrom);
    if (entry.mTo < maxM)
      boundaries.insert(entry.mTo + 1);
  }
  return boundaries;
}

Expected<WeightKernels>
WeightKernels::create(DevicePack &pack, const DeviceWeightDescription &weight, uint32_t maxM) {
  if (maxM == 0)
    return usageError("kernels are for an m of 1 at least, got a largest m of 0");
  WeightKernels kernels(weight, maxM);
  for (uint32_t m : boundariesOf(pack.pack(), weight, maxM)) {
    UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.select(weight, m));
    if (!kernels.ranges.empty() && &kernels.ranges.back().launcher.entry() == entry)
      continue;
    UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, *entry, weight));
    kernels.ranges.push_back({m, std::move(launcher)});
  }
  return kernels;
}

Expected<const KernelLauncher *> WeightKernels::find(uint32_t m) const {
  if (m == 0 || m > most)
    return usageError("the kernels are for m from 1 to " + std::to_string(most) + ", not " +
                      std::to_string(m) + ": make them for a larger one");
  auto after = std::ranges::upper_bound(ranges, m, {}, &Range::from);
  return &std::prev(after)->launcher;
}

Expected<WeightKernels::Scratch> WeightKernels::scratch(uint32_t m) const {
  Scratch scratch;
  if (m != 0)
    UWT_RETURN_IF_ERROR(find(m));
  for (size_t i = 0; i < ranges.size() && ranges[i].from <= m; ++i) {
    // With m a kernel's scratch memory only grows.
    uint32_t last = i + 1 < ranges.size() ? std::min(ranges[i + 1].from - 1, m) : m;
    UWT_ASSIGN_OR_RETURN(LaunchSize size, ranges[i].launcher.size(last));
    scratch.workspaceBytes = std::max(scratch.workspaceBytes, size.workspaceBytes);
    scratch.counterBytes = std::max(scratch.counterBytes, size.counterBytes);
  }
  return scratch;
}

Status WeightKernels::launch(const LaunchOperands &operands, void *stream) const {
  if (operands.m == 0)
    return ok();
  UWT_ASSIGN_OR_RETURN(const KernelLauncher *launcher, find(operands.m));
  return launcher->launch(operands, stream);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// The rows of one matrix; no launcher where there are none.
struct WeightKernels::Group {
  const KernelLauncher *launcher = nullptr;
  LaunchOperands operands;
};

Status WeightKernels::checkOffsets(const LaunchOperands &operands,
                                   std::span<const uint64_t> offsets) const {
  if (offsets.size() != what.matrices() + 1)
    return usageError("a weight of " + std::to_string(what.matrices()) +
                      " matrices has one offset more, got " + std::to_string(offsets.size()));
  for (size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1])
      return usageError("offset " + std::to_string(i) + " is " + std::to_string(offsets[i]) +
                        ", less than the one before, " + std::to_string(offsets[i - 1]));
  if (offsets.back() > operands.m)
    return usageError("the last offset is " + std::to_string(offsets.back()) + ", and x has " +
                      std::to_string(operands.m) + " rows");
  if (!operands.extras.empty())
    return usageError("a product by groups takes no operands of an epilogue, got " +
                      std::to_string(operands.extras.size()));
  return ok();
}

Expected<WeightKernels::Group> WeightKernels::groupOf(const LaunchOperands &operands,
                                                      std::span<const uint64_t> offsets,
                                                      uint64_t matrix) const {
  Group group;
  auto rows = static_cast<uint32_t>(offsets[matrix + 1] - offsets[matrix]);
  if (rows == 0)
    return group;
  UWT_ASSIGN_OR_RETURN(group.launcher, find(rows));
  group.operands = group.launcher->rowsOf(operands, offsets[matrix], rows);
  group.operands.matrix = matrix;
  return group;
}

Status WeightKernels::launchGroups(const LaunchOperands &operands,
                                   std::span<const uint64_t> offsets, void *stream) const {
  UWT_RETURN_IF_ERROR(checkOffsets(operands, offsets));
  for (bool isCheck : {true, false})
    for (uint64_t matrix = 0; matrix < what.matrices(); ++matrix) {
      auto group = groupOf(operands, offsets, matrix);
      if (!group)
        return group.takeError().in("matrix " + std::to_string(matrix));
      if (!group->launcher)
        continue;
      Status done = isCheck ? group->launcher->check(group->operands)
                            : group->launcher->launch(group->operands, stream);
      if (!done)
        return done.takeError().in("matrix " + std::to_string(matrix));
    }
  return ok();
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

Expected<WeightDecoder> WeightDecoder::create(DevicePack &pack,
                                              const DeviceWeightDescription &weight) {
  WeightDecoder decoder(pack.device(), weight);
  if (getTraits(weight.element()).bytes != sizeof(uint16_t))
    return unsupportedError("no kernel decodes elements of " +
                            std::string(getTraits(weight.element()).name) +
                            "; decode the weight on the host");
  if (isRaw(weight.format()) && weight.format().layout == Layout::Fragment16x16) {
    if (weight.bufferAt(0, ArgumentKind::Words, 0).bytes < weight.matrices() * decoder.bytes())
      return invalidError("the description of a weight in device memory has fewer words than the "
                          "format raw: it is damaged");
    return decoder;
  }
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(weight, rawFormat()));
  UWT_ASSIGN_OR_RETURN(decoder.launcher, KernelLauncher::create(pack, *entry, weight));
  return decoder;
}

uint64_t WeightDecoder::bytes() const {
  constexpr uint64_t unitBytes = 2 * stripRows * fixedUnitColumns;
  return divideUp(weight.rows(), stripRows) * divideUp(weight.columns(), fixedUnitColumns) *
         unitBytes;
}

std::optional<DeviceRange> WeightDecoder::storedWords(uint64_t image, uint64_t matrix) const {
  if (launcher)
    return std::nullopt;
  uint64_t begin = weight.bufferAt(image, ArgumentKind::Words, matrix).address;
  return DeviceRange{begin + matrix * bytes(), bytes()};
}

Status WeightDecoder::decode(uint64_t image, uint64_t matrix, DeviceRange words,
                             void *stream) const {
  if (words.bytes != bytes())
    return usageError("the words of a matrix have " + std::to_string(bytes()) +
                      " bytes, got memory of " + std::to_string(words.bytes));
  if (matrix >= weight.matrices())
    return usageError("the weight has " + std::to_string(weight.matrices()) +
                      " matrices, got matrix " + std::to_string(matrix));
  if (words.bytes == 0)
    return ok();
  UWT_RETURN_IF_ERROR(checkAddress("the weight", image, devicePlaneAlignment));
  UWT_RETURN_IF_ERROR(checkAddress("the memory for words", words.address, devicePlaneAlignment));
  if (std::optional<DeviceRange> stored = storedWords(image, matrix))
    return DeviceBuffer::borrow(device, words).copy(DeviceBuffer::borrow(device, *stored), stream);
  LaunchOperands operands;
  operands.weight = image;
  operands.matrix = matrix;
  operands.m = std::max<uint32_t>(launcher->entry().mFrom, 1);
  operands.extras = {&words, 1};
  return launcher->launch(operands, stream);
}
