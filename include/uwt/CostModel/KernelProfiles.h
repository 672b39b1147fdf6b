//===- KernelProfiles.h - Profiles of GPU kernels -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `test/Benchmarks/kernel_profiles.py --write` read from the machine code of kernels
// (lib/CostModel/kernel-profiles.json, compiled in), so that a format can be chosen before its
// kernel is compiled.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_KERNELPROFILES_H
#define UWT_COSTMODEL_KERNELPROFILES_H

#include "uwt/CostModel/GpuCost.h"
#include <span>
#include <string>

namespace uwt {

struct KernelProfileRow {
  std::string target, format;
  KernelProfile profile;
};

/// The table, formats in the order in which ties are broken. Thread-safe.
std::span<const KernelProfileRow> kernelProfiles();

/// The kernel for a format (its text with storage=n_major) at a batch: of those with slices for all
/// of it the narrowest, else the widest. Null where the table has none.
const KernelProfile *findKernelProfile(const GpuTarget &target, std::string_view format,
                                       uint64_t batch);

} // namespace uwt

#endif // UWT_COSTMODEL_KERNELPROFILES_H
