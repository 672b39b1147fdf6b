//===- MutationTesting.h - Kernels that are changed in tests ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_GPU_MUTATIONTESTING_H
#define UWT_TEST_UNIT_CODEGEN_GPU_MUTATIONTESTING_H

#include "KernelTesting.h"

namespace uwt::test {

// Formats by what they are good for, looked up when all codecs are registered.
inline std::string words() { return rawFormat().str(); }
inline std::string inPlace() { return runFormats().front().str(); }
inline std::string fourBits() { return baseFormat(/*codeBits=*/4).str(); }
inline std::string prefixCode() { return fastFormat(ElementType::BF16).str(); }

/// A kernel of which most parts are in use: tails, escapes, panels that several workgroups share.
struct Subject {
  const char *name;
  std::string (*format)();
  const char *target;
  Shape shape;
  unsigned cluster = 1;
  std::optional<ProductStrategy> strategy = std::nullopt;

  KernelPins pins() const {
    return {
        .stages = 2, .cluster = cluster, .strategy = strategy, .target = *findGpuTarget(target)};
  }
};

inline constexpr Subject rawSkinny{"raw", words, "sm_90a", {130, 640, 5}};
inline constexpr Subject inplaceSkinny{"in_place", inPlace, "sm_90a", {130, 640, 5}};
inline constexpr Subject inplaceAmpere{"in_place_sm_80", inPlace, "sm_80", {130, 640, 5}};
inline constexpr Subject inplaceWarpgroups{"in_place_wgmma", inPlace, "sm_90a", {130, 640, 33}};
inline constexpr Subject rawWarpgroups{"raw_wgmma", words, "sm_90a", {130, 640, 40}};
inline constexpr Subject windowWarpgroups{"four_bits_wgmma", fourBits, "sm_90a", {130, 640, 33}};
inline constexpr Subject exponents{"prefix_exponents", prefixCode, "sm_90a", {130, 448, 5}};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_GPU_MUTATIONTESTING_H
