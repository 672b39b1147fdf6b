//===- FixedRateScalar.cpp - Portable kernels -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FixedRate.h"
#include <algorithm>
#include <initializer_list>

using namespace uwt;

#define UWT_KERNEL_LEVEL 0
#include "FixedRateKernels.inc"

const FixedKernels &uwt::scalarFixedKernels() { return kernels; }
