//===- MatrixMath.h - Products of fragments ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragments as the PTX ISA has them ("Matrix fragments for mma.m16n8k16"), with
// g = lane / 4 and t = lane % 4:
//
//   A (16 × k)  element i: row g + 8 · (i / 2 % 2), column 2 t + i % 2 + 8 · (i / 4)
//   B (k × 8)   element i: row 2 t + i % 2 + 8 · (i / 2), column g
//   C (16 × 8)  element i: row g + 8 · (i / 2), column 2 t + i % 2
//
// k = 8 has the first half of A's and B's elements.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_MATRIXMATH_H
#define UWT_LIB_EMULATOR_MATRIXMATH_H

#include "Bytecode.h"

namespace uwt::emulator {

/// The fragments of a warp for mma.m16n8k8 and m16n8k16 with f32 sums. Elements of A and B lie in
/// the bits of a register from `shift` on.
class MmaFragments {
public:
  void setA(unsigned i, const Lanes &from, unsigned shift, FloatKind kind);
  void setB(unsigned i, const Lanes &from, unsigned shift, FloatKind kind);
  void setSum(unsigned i, const Lanes &from);
  void getSum(unsigned i, Lanes &to) const;
  /// Adds exact products in the order of k, each sum rounded to nearest.
  void multiply(unsigned depth);

private:
  float a[16][16], b[16][8], sum[16][8];
};

/// The fragments of a warp for mma.m16n8k32 of s8 with s32 sums (PTX ISA, "Matrix Fragments for
/// mma.m16n8k32"):
///
///   A (16 × 32) element i: row g + 8 · (i / 4 % 2), column 4 t + i % 4 + 16 · (i / 8)
///   B (32 × 8)  element i: row 4 t + i % 4 + 16 · (i / 4), column g
///
/// Elements of A and B lie in the bits of a register from `shift` on.
class ByteFragments {
public:
  static constexpr unsigned depth = 32, elementsOfA = 16, elementsOfB = 8;
  void setA(unsigned i, const Lanes &from, unsigned shift);
  void setB(unsigned i, const Lanes &from, unsigned shift);
  void setSum(unsigned i, const Lanes &from);
  void getSum(unsigned i, Lanes &to) const;
  /// Adds exact products; what does not fit 32 bits wraps around.
  void multiply();

private:
  int32_t a[16][depth], b[depth][8];
  uint32_t sum[16][8];
};

/// Rows of a warp's accumulators of wgmma.m64nNk16 with f32 sums, and what is added to them; of
/// u32, those of wgmma.m64nNk32 of s8, whose sums wrap around.
template <typename Number> class WarpgroupRows {
public:
  static constexpr bool areBytes = std::is_same_v<Number, uint32_t>;
  static constexpr unsigned depth = areBytes ? 32 : 16, maxColumns = 256;
  explicit WarpgroupRows(unsigned columns) : columns(columns), sums(16 * maxColumns) {}

  /// The accumulator that lane `lane` has in register i.
  Number &sum(unsigned i, unsigned lane) {
    return sums[(lane / 4 + 8 * (i % 4 / 2)) * maxColumns + i / 4 * 8 + 2 * (lane % 4) + i % 2];
  }
  /// Adds a · b: A from four registers of the warp, or as rows; b [depth][maxColumns].
  void add(const Lanes *const *a, FloatKind kind, const Number *b);
  void add(const Number (&a)[16][depth], const Number *b);
  /// Sets the half of a column of b that 16 bytes in memory are.
  static void setHalf(Number *b, unsigned column, unsigned half, const uint8_t *bytes,
                      FloatKind kind);

private:
  unsigned columns;
  std::vector<Number> sums;
};

/// A descriptor of a matrix in shared memory (PTX ISA, "Matrix Descriptor Format"):
///
///   13:0 start / 16 | 29:16 leading offset / 16 | 45:32 stride offset / 16 | 63:62 swizzle
class MatrixDescriptor {
public:
  static constexpr unsigned coreBytes = 16;
  explicit MatrixDescriptor(uint64_t bits) : bits(bits) {}

  /// Where 16 bytes along k of a column begin: those of the first 8 values of k, or the others.
  uint64_t offset(unsigned column, unsigned half) const;

private:
  uint64_t field(unsigned low) const { return (bits >> low & 0x3fff) * 16; }

  uint64_t bits;
};

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_MATRIXMATH_H
