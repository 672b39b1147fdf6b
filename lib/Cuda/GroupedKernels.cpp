//===- GroupedKernels.cpp - Products by matrices of a stack ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/GroupedKernels.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>
#include <set>

using namespace uwt;
using namespace uwt::cuda;

static uint32_t rowsOfSlice(const KernelLauncher &launcher) {
  return static_cast<uint32_t>(launcher.entry().launch.tileM);
}

/// The sizes of slices of a pack's grouped products.
static std::set<uint32_t> slicesOf(const KernelPack &pack) {
  std::set<uint32_t> slices;
  for (const KernelEntry &entry : pack.kernels())
    if (isGrouped(entry) && entry.launch.tileM <= UINT32_MAX)
      slices.insert(static_cast<uint32_t>(entry.launch.tileM));
  // The pack says why it has none.
  if (slices.empty())
    slices.insert(1);
  return slices;
}

Expected<GroupedKernels> GroupedKernels::create(DevicePack &pack,
                                                const DeviceWeightDescription &weight) {
  GroupedKernels kernels(weight);
  for (uint32_t slice : slicesOf(pack.pack())) {
    UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectGrouped(weight, slice));
    // Another weight's kernels may have slices of this size.
    if (entry->launch.tileM != slice)
      continue;
    UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, *entry, weight));
    kernels.launchers.push_back(std::move(launcher));
  }
  return kernels;
}

uint32_t GroupedKernels::sliceFor(uint32_t rows) const {
  auto found = std::ranges::lower_bound(launchers, rows, {}, rowsOfSlice);
  return rowsOfSlice(found == launchers.end() ? launchers.back() : *found);
}

Expected<const KernelLauncher *> GroupedKernels::find(uint32_t slice) const {
  auto found = std::ranges::find(launchers, slice, rowsOfSlice);
  if (found == launchers.end())
    return usageError("no kernel has slices of " + std::to_string(slice) + " rows; the next has " +
                      std::to_string(sliceFor(slice)));
  return &*found;
}

Expected<LaunchSize> GroupedKernels::size(uint32_t slice, uint32_t slices) const {
  UWT_ASSIGN_OR_RETURN(const KernelLauncher *launcher, find(slice));
  std::optional<uint64_t> rows = checkedMultiply(slice, slices);
  if (!rows || *rows > UINT32_MAX)
    return usageError(std::to_string(slices) + " slices of " + std::to_string(slice) +
                      " rows are more than 2^32 - 1 rows");
  return launcher->size(static_cast<uint32_t>(*rows));
}

Status GroupedKernels::launch(uint32_t slice, const LaunchOperands &operands, void *stream) const {
  UWT_ASSIGN_OR_RETURN(const KernelLauncher *launcher, find(slice));
  if (operands.m % slice != 0)
    return usageError("slices have " + std::to_string(slice) + " rows, and x has " +
                      std::to_string(operands.m) + ": no whole slices");
  return launcher->launch(operands, stream);
}
