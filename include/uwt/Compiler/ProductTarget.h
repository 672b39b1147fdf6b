//===- ProductTarget.h - Where a module's products run ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module is compiled for a CPU; its products may be kernels of a GPU instead. The text of a
// target says which:
//
//     native, avx2, ...          all on a CPU
//     sm_90a                     products on a GPU, the rest on this CPU
//     sm_90a,sm_80               packs only: code for several GPUs
//     emulate:sm_90a             products by the emulator
//     emulate:sm_90a,seed=3,ctas=5   with another order of events, and so many CTAs at a time
//     emulate:sm_90a,ptx         by the emulator, from the PTX that a driver would be given
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PRODUCTTARGET_H
#define UWT_COMPILER_PRODUCTTARGET_H

#include "uwt/Target/GpuTarget.h"
#include "uwt/Target/Target.h"

namespace uwt {

struct ProductTarget {
  /// What is not a kernel runs here.
  const Target *host = nullptr;
  /// Empty where products run on the host, too.
  std::vector<const GpuTarget *> gpus;
  bool isEmulated = false;
  /// Of the emulator: the order of events, and the CTAs that run at a time.
  uint64_t seed = 1, ctas = 6;
  /// Of the emulator: kernels are compiled to PTX, and run from it, not from their IR.
  bool runsPtx = false;

  /// Whether products run on one GPU that is there.
  bool isDevice() const { return gpus.size() == 1 && !isEmulated; }

  /// Errors: Usage (a name that no target has, with a suggestion; a number that is none).
  static Expected<ProductTarget> parse(std::string_view text);
};

} // namespace uwt

#endif // UWT_COMPILER_PRODUCTTARGET_H
