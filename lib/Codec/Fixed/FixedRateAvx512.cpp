//===- FixedRateAvx512.cpp - Kernels for AVX-512 --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)

#include "FixedRate.h"
#include <algorithm>
#include <immintrin.h>
#include <initializer_list>

using namespace uwt;

// Everything below is compiled for these instructions, which the caller has made sure of.
#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi2"))),     \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi2")
#endif

#define UWT_KERNEL_LEVEL 512
#include "FixedRateKernels.inc"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const FixedKernels &uwt::avx512FixedKernels() { return kernels; }

#endif
