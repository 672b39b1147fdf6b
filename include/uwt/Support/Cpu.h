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

/// Which code paths of the host codecs may run. Each level of a processor's architecture includes
/// those before it; all give the same bytes.
enum class SimdLevel : uint8_t {
  /// Portable C++.
  Scalar,
  /// Vectors of 128 bits: every AArch64.
  Neon,
  /// AVX2, BMI2, F16C: x86-64-v3.
  Avx2,
  /// AVX-512 F, BW, DQ, VL, VBMI, VBMI2: Ice Lake, Zen 4 and later.
  Avx512,
};

std::string_view simdLevelName(SimdLevel level);
/// "scalar", "neon", "avx2", "avx512".
std::optional<SimdLevel> parseSimdLevel(std::string_view name);
/// The best level that this machine runs (constant during a process).
SimdLevel hostSimdLevel();
/// Whether this machine runs code of `level`.
bool runsHere(SimdLevel level);

/// Whether this process may use the tile registers of AMX, or what is missing.
enum class AmxState : uint8_t {
  /// The processor has no tiles, or its virtual machine hides them.
  Absent,
  /// The operating system does not save tile registers.
  NotSaved,
  /// The kernel did not give this process permission to use them.
  Refused,
  Usable,
};

/// "this processor has no AMX", "AMX may be used".
std::string_view amxStateText(AmxState state);

/// AMX of this machine.
struct HostAmx {
  AmxState state = AmxState::Absent;
  /// Elements that tiles multiply, whatever the state.
  bool bf16 = false, int8 = false, fp16 = false;
};

/// What this machine has of AMX (constant during a process). The first call asks the kernel for
/// permission, which all threads of the process then have.
const HostAmx &hostAmx();

/// What an AArch64 has beside the vectors that all have, as the kernel says.
struct HostArm {
  /// Dot products of 8-bit integers, products of matrices of them, and products of bf16.
  bool dotProduct = false, i8mm = false, bf16 = false;
};

/// What this machine has of them (constant during a process): nothing where it is no AArch64.
const HostArm &hostArm();

} // namespace uwt

#endif // UWT_SUPPORT_CPU_H
