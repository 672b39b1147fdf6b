//===- Cpu.cpp - Instruction sets -----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Cpu.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

using namespace uwt;

std::string_view uwt::simdLevelName(SimdLevel level) {
  switch (level) {
  case SimdLevel::Scalar:
    return "scalar";
  case SimdLevel::Neon:
    return "neon";
  case SimdLevel::Avx2:
    return "avx2";
  case SimdLevel::Avx512:
    return "avx512";
  }
  return "scalar";
}

std::optional<SimdLevel> uwt::parseSimdLevel(std::string_view name) {
  for (SimdLevel level : {SimdLevel::Scalar, SimdLevel::Neon, SimdLevel::Avx2, SimdLevel::Avx512})
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
#elif defined(__aarch64__)
  return SimdLevel::Neon;
#else
  return SimdLevel::Scalar;
#endif
}

SimdLevel uwt::hostSimdLevel() {
  static const SimdLevel level = detectSimdLevel();
  return level;
}

bool uwt::runsHere(SimdLevel level) {
  SimdLevel host = hostSimdLevel();
  return level == SimdLevel::Scalar || level == host ||
         (level == SimdLevel::Avx2 && host == SimdLevel::Avx512);
}

std::string_view uwt::amxStateText(AmxState state) {
  switch (state) {
  case AmxState::Absent:
    return "this processor, or its virtual machine, has no AMX";
  case AmxState::NotSaved:
    return "the operating system does not save AMX's tiles";
  case AmxState::Refused:
    return "the kernel refused this process AMX's tiles";
  case AmxState::Usable:
    return "AMX may be used";
  }
  return {};
}

#if defined(__x86_64__)
static bool hasBit(unsigned word, unsigned bit) { return word >> bit & 1; }

/// Whether the operating system saves the configuration of tiles and their data.
static bool savesTiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned hasXgetbv = 27, tileConfig = 17, tileData = 18;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !hasBit(c, hasXgetbv))
    return false;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return hasBit(low, tileConfig) && hasBit(low, tileData);
}

/// Linux gives the large state to processes that ask for it only.
static bool asksForTiles() {
#if defined(__linux__)
  constexpr long requestPermission = 0x1023, tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return true;
#endif
}

static HostAmx detectAmx() {
  HostAmx amx;
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned features = 7, bf16 = 22, tile = 24, int8 = 25, fp16 = 21;
  if (!__get_cpuid_count(features, 0, &a, &b, &c, &d) || !hasBit(d, tile))
    return amx;
  amx.bf16 = hasBit(d, bf16);
  amx.int8 = hasBit(d, int8);
  if (__get_cpuid_count(features, 1, &a, &b, &c, &d))
    amx.fp16 = hasBit(a, fp16);
  if (!savesTiles())
    amx.state = AmxState::NotSaved;
  else
    amx.state = asksForTiles() ? AmxState::Usable : AmxState::Refused;
  return amx;
}
#else
static HostAmx detectAmx() { return {}; }
#endif

const HostAmx &uwt::hostAmx() {
  static const HostAmx amx = detectAmx();
  return amx;
}

static HostArm detectArm() {
  HostArm arm;
#if defined(__aarch64__) && defined(__linux__)
  // Bits of the kernel's interface, which older headers lack.
  constexpr unsigned long dotProduct = 1ul << 20, i8mm = 1ul << 13, bf16 = 1ul << 14;
  unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  arm.dotProduct = first & dotProduct;
  arm.i8mm = second & i8mm;
  arm.bf16 = second & bf16;
#endif
  return arm;
}

const HostArm &uwt::hostArm() {
  static const HostArm arm = detectArm();
  return arm;
}
