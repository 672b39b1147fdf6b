//===- KernelProfiles.h - Profiles of GPU kernels ---------------*- C++ -*-===//
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

#include "uwt/Codec/Codec.h"
#include "uwt/CostModel/GpuCost.h"
#include <span>
#include <string>

namespace uwt {

struct KernelProfileRow {
  std::string target, format;
  /// The m that the kernel was made for.
  uint64_t m = 0;
  KernelProfile profile;
};

/// The matrix that kernels are profiled with: 4096 outputs, 14336 inputs.
inline constexpr uint64_t profiledN = 4096, profiledK = 14336;

/// The table, formats in the order in which ties are broken. Thread-safe.
std::span<const KernelProfileRow> kernelProfiles();

/// The kernel for a format (its text with storage=n_major) at an m: of those with slices for all
/// of it the narrowest, else the widest. Null where the table has none.
const KernelProfile *findKernelProfile(const GpuTarget &target, std::string_view format,
                                       uint64_t m);

/// The m that a kernel is profiled with to serve `m`: of those that the table has for the target
/// the next one, else the largest.
uint64_t profiledM(const GpuTarget &target, uint64_t m);

/// Rows of JSON (schema uwt.kernel-profiles/3, what `uwt compile --emit profiles` prints). Errors:
/// Invalid.
Expected<std::vector<KernelProfileRow>> parseKernelProfiles(std::string_view json);

/// Where profiles come from. Thread-safe.
class KernelProfileSource {
public:
  virtual ~KernelProfileSource() = default;
  /// The profile of the kernel that multiplies from a format at an m, as findKernelProfile takes
  /// it. It lives as long as the source. Errors: why there is none, as one sentence.
  virtual Expected<const KernelProfile *> find(const GpuTarget &target, const Format &format,
                                               uint64_t m) = 0;
};

/// The table as a source, of which nothing else is found.
KernelProfileSource &tableOfKernelProfiles();

} // namespace uwt

#endif // UWT_COSTMODEL_KERNELPROFILES_H
