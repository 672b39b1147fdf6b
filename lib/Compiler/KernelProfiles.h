//===- KernelProfiles.h - What kernels cost ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_KERNELPROFILES_H
#define UWT_LIB_COMPILER_KERNELPROFILES_H

#include "GpuPack.h"
#include "uwt/CostModel/KernelProfiles.h"
#include <map>
#include <mutex>

namespace uwt {

/// The profiles of compiled kernels (GpuOutput::Report) as JSON.
Expected<std::string> profileText(std::span<const CompiledKernels> compiled);

/// The table, and for what it lacks rows that are made when they are asked for: the kernel is
/// compiled (for profiledN, profiledK and profiledM) and its machine code read, which takes some
/// seconds. It needs ptxas and nvdisasm; without them that is the reason why there is no profile.
class KernelProfileMaker final : public KernelProfileSource {
public:
  /// Keeps rows in folder `profiles` of `folder` too, the one of programs (compileText()), by a
  /// digest of all that they depend on; empty: for this object alone.
  explicit KernelProfileMaker(std::string folder = {}) : folder(std::move(folder)) {}

  /// Errors: Usage for a folder as checkCodeFolder(); else what stopped the kernel's compilation,
  /// which is not tried again.
  Expected<const KernelProfile *> find(const GpuTarget &target, const Format &format,
                                       uint64_t m) override;

private:
  std::string folder;
  std::mutex mutex;
  /// By target, format and m. Elements of a map stay where they are.
  std::map<std::tuple<std::string, std::string, uint64_t>, Expected<KernelProfile>> made;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_KERNELPROFILES_H
