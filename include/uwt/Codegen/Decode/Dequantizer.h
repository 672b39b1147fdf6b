//===- Dequantizer.h - From codes to weights as lane code -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ways of decoding units of quantised weights (run-3, run-4), which give the same bits where
// several may. Each is a file of lib/Codegen/Decode/Dequantizers and a line in Dequantizers.def; a
// unit is decoded by the first one that serves it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_DEQUANTIZER_H
#define UWT_CODEGEN_DECODE_DEQUANTIZER_H

#include "uwt/Codegen/Decode/FloatBuilder.h"

namespace uwt::codegen {

/// One way from the codes of a unit, and what they share, to words. Stateless and thread-safe.
class Dequantizer {
public:
  virtual ~Dequantizer() = default;

  /// Whether it decodes units of a format, which checkQuantized takes, for that reader.
  virtual bool serves(const EmittedFormat &format, const UnitReader &reader) const = 0;
  /// Vector operations of a CPU that one row vector costs (Emitter::cost). Of ways for CPUs.
  virtual double cost(const EmittedFormat &format) const;
  /// Emits all row vectors of a unit that it serves.
  virtual void emit(UnitEmission &unit) const = 0;
};

/// Decodes elements of one keyword by arithmetic on their codes, on CPUs and GPUs: where such an
/// element says that it is computed (QuantizedElement::isComputed). What follows, from zeros to
/// offsets and rounding, is the same for all.
class CodeDequantizer : public Dequantizer {
public:
  /// The elements' keyword: `bipolar`.
  virtual llvm::StringRef keyword() const = 0;
  /// The number that each code of so many bits stands for, exactly as QuantizedElement::values()
  /// has it. `codes` are u32 in the lanes of `lanes`.
  virtual mlir::Value numbersOf(LaneBuilder &lanes, FloatBuilder &floats, mlir::Value codes,
                                uint32_t bits) const = 0;

  bool serves(const EmittedFormat &format, const UnitReader &reader) const final;
  double cost(const EmittedFormat &format) const override;
  void emit(UnitEmission &unit) const final;
};

/// Adds a way to this program's, before those of the build: as EmitterRegistration does an emitter.
struct DequantizerRegistration {
  explicit DequantizerRegistration(const Dequantizer &dequantizer);
};

/// The way in which a reader decodes units of a format, or null.
const Dequantizer *findDequantizer(const EmittedFormat &format, const UnitReader &reader);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_DECODE_DEQUANTIZER_H
