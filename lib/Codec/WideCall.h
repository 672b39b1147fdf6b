//===- WideCall.h - Functions that are compiled for wide registers --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For plain loops that a compiler makes vector instructions of.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_WIDECALL_H
#define UWT_LIB_CODEC_WIDECALL_H

#include "uwt/Support/Cpu.h"

namespace uwt {

#if defined(__x86_64__)
/// `function` as compiled for AVX2.
template <auto function, typename... Arguments>
__attribute__((target("avx2,bmi,bmi2"))) auto callAvx2(Arguments... arguments) {
  return function(arguments...);
}
#endif

/// Calls `function`, which is [[gnu::always_inline]], with AVX2 where this host has it.
template <auto function, typename... Arguments> auto callWide(Arguments... arguments) {
#if defined(__x86_64__)
  if (hostSimdLevel() >= SimdLevel::Avx2)
    return callAvx2<function>(arguments...);
#endif
  return function(arguments...);
}

} // namespace uwt

#endif // UWT_LIB_CODEC_WIDECALL_H
