//===- Target.h - Machines that code is compiled for ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a target can do, by name. The only place with facts about hardware. Code
// asks for a named capability, never for the order of names.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TARGET_TARGET_H
#define UWT_TARGET_TARGET_H

#include "uwt/Support/Cpu.h"
#include "uwt/Support/Error.h"
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace uwt {

/// What an instruction set offers, as far as lowerings differ by it.
enum class Feature : uint8_t {
  /// x86 vector dialect operations may be used at all.
  X86,
  /// Fused multiply-add and conversions of f16 in hardware.
  Fma,
  /// 256-bit integer vectors.
  Avx2,
  /// 512-bit vectors: F, BW, DQ, VL.
  Avx512,
  /// Byte permutes and expanding loads: VBMI, VBMI2.
  Avx512Vbmi,
  /// vdpbf16ps.
  Avx512Bf16,
  /// vpdpbusd: products of bytes. All machines with vdpbf16ps have it.
  Avx512Vnni,
  /// Tile registers, and products of tiles of bf16, 8-bit integers and f16.
  AmxBf16,
  AmxInt8,
  AmxFp16,
  /// Operations on tiles of bf16 and 8-bit integers, and on those of f16, are made of vectors: the
  /// bits of AMX without it, slowly.
  VectorTiles,
  VectorFp16Tiles,
  /// Operations of AArch64 may be used: vectors of 128 bits, lookups in tables of bytes.
  Neon,
  /// bfmlalb, bfmlalt: fused multiply-adds of bf16 to f32.
  NeonBf16,
};

/// A machine. Immutable, of static storage duration.
struct Target {
  /// Name in IR and on the command line.
  std::string_view name;
  /// One line for help.
  std::string_view summary;
  /// LLVM's `-mcpu` and `-mattr`; empty where LLVM's defaults for the host's
  /// architecture are meant.
  std::string_view llvmCpu, llvmFeatures;
  /// Bits of the widest vector that is worth using.
  unsigned vectorBits;
  /// Bit i is set where Feature(i) is there.
  uint64_t features;

  bool supports(Feature feature) const { return features >> static_cast<unsigned>(feature) & 1; }
  /// Whether registers hold the accumulators of a unit's 16 rows, of 16 lanes each, beside their
  /// operands: 32 registers of 512 bits do.
  bool holdsUnit() const { return supports(Feature::Avx512); }
  /// Whether products of bf16 and of integers may be computed on tiles.
  bool hasTiles() const { return supports(Feature::AmxBf16) || supports(Feature::VectorTiles); }
  /// Whether products of f16 may be, too.
  bool hasFp16Tiles() const {
    return supports(Feature::AmxFp16) || supports(Feature::VectorFp16Tiles);
  }
};

/// All targets, best first.
std::span<const Target> allTargets();

/// The target of that name; "native" is nativeTarget(). A usage error with a suggestion for other
/// names.
Expected<const Target *> findTarget(std::string_view name);

/// What decides which targets a machine runs.
struct HostCpu {
  SimdLevel level = SimdLevel::Scalar;
  /// AVX-512 F, BW, DQ, VL and CD; with VBMI, VBMI2, VNNI and the bf16 dot product.
  bool avx512 = false, avx512Bf16 = false;
  HostAmx amx;
  HostArm arm;
};

/// Of this machine. The first call asks the kernel for AMX's tiles (hostAmx()).
HostCpu hostCpu();

/// The first of allTargets() that such a machine runs.
const Target &bestTarget(const HostCpu &host);

/// The best target that this machine runs (constant during a process).
const Target &nativeTarget();

/// Whether code for `target` runs on this machine, or ErrorKind::Unsupported that says
/// what is missing.
Status checkRunsHere(const Target &target);

} // namespace uwt

#endif // UWT_TARGET_TARGET_H
