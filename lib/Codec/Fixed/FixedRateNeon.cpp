//===- FixedRateNeon.cpp - Kernels for AArch64 ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#if defined(__aarch64__)

#include "FixedRate.h"
#include <algorithm>
#include <arm_neon.h>
#include <initializer_list>

using namespace uwt;

#define UWT_KERNEL_LEVEL 1
#include "FixedRateKernels.inc"

const FixedKernels &uwt::neonFixedKernels() { return kernels; }

#endif
