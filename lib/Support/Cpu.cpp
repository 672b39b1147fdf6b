//===- Cpu.cpp - Instruction sets -----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Cpu.h"

using namespace uwt;

std::string_view uwt::simdLevelName(SimdLevel level) {
  switch (level) {
  case SimdLevel::Scalar:
    return "scalar";
  case SimdLevel::Avx2:
    return "avx2";
  case SimdLevel::Avx512:
    return "avx512";
  }
  return "scalar";
}

std::optional<SimdLevel> uwt::parseSimdLevel(std::string_view name) {
  for (SimdLevel level : {SimdLevel::Scalar, SimdLevel::Avx2, SimdLevel::Avx512})
    if (simdLevelName(level) == name)
      return level;
  return std::nullopt;
}

// The builtins also ask whether the operating system saves the registers.
static SimdLevel detectSimdLevel() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                 __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  if (!hasAvx2)
    return SimdLevel::Scalar;
  bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
  return hasAvx512 ? SimdLevel::Avx512 : SimdLevel::Avx2;
#else
  return SimdLevel::Scalar;
#endif
}

SimdLevel uwt::hostSimdLevel() {
  static const SimdLevel level = detectSimdLevel();
  return level;
}
