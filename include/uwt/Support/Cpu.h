//===- Cpu.h - Instruction sets ---------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_CPU_H
#define UWT_SUPPORT_CPU_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace uwt {

/// Which code paths of the host codecs may run. Each level includes those
/// before it; all give the same bytes.
enum class SimdLevel : uint8_t {
  /// Portable C++.
  Scalar,
  /// AVX2, BMI2, F16C: x86-64-v3.
  Avx2,
  /// AVX-512 F, BW, DQ, VL, VBMI, VBMI2: Ice Lake, Zen 4 and later.
  Avx512,
};

std::string_view simdLevelName(SimdLevel level);
/// "scalar", "avx2", "avx512".
std::optional<SimdLevel> parseSimdLevel(std::string_view name);
/// The best level that this machine runs (constant during a process).
SimdLevel hostSimdLevel();

} // namespace uwt

#endif // UWT_SUPPORT_CPU_H
