//===- Quantized.cpp - Quantised weights as lane code ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units are decoded by dequantizers, all with the arithmetic of value-2 to value-6.
//
//===----------------------------------------------------------------------===//

#include "Quantized.h"
#include "uwt/Codegen/Decode/Dequantizer.h"
#include "uwt/Format/QuantizedElement.h"

using namespace mlir;

namespace uwt::codegen {

#define UWT_DEQUANTIZER(Name) const Dequantizer &get##Name##Dequantizer();
#include "Dequantizers.def"
#undef UWT_DEQUANTIZER

static SmallVector<const Dequantizer *> &allDequantizers() {
  static SmallVector<const Dequantizer *> dequantizers = {
#define UWT_DEQUANTIZER(Name) &get##Name##Dequantizer(),
#include "Dequantizers.def"
#undef UWT_DEQUANTIZER
  };
  return dequantizers;
}

DequantizerRegistration::DequantizerRegistration(const Dequantizer &dequantizer) {
  allDequantizers().insert(allDequantizers().begin(), &dequantizer);
}

double Dequantizer::cost(const EmittedFormat & /*format*/) const { return 0; }

const Dequantizer *findDequantizer(const EmittedFormat &format, const UnitReader &reader) {
  auto *found = llvm::find_if(allDequantizers(), [&](const Dequantizer *dequantizer) {
    return dequantizer->serves(format, reader);
  });
  return found == allDequantizers().end() ? nullptr : *found;
}

namespace {

struct QuantizedEmitter final : Emitter {
  StringRef keyword() const override { return dequantizerKeyword; }

  Status checkServes(const EmittedFormat &format) const override {
    if (findDequantizer(format, usualReader()))
      return ok();
    return unsupportedError("element '" + format.format.element.str() +
                            "' has no dequantizer in compiled code");
  }

  SmallVector<WeightBuffer> buffers(const EmittedFormat &format) const override {
    SmallVector<WeightBuffer> buffers = {WeightBuffer::Words, WeightBuffer::Code};
    if (QuantizedElement::find(format.format.element)->isTable)
      buffers.push_back(WeightBuffer::Table);
    return buffers;
  }

  double cost(const EmittedFormat &format) const override {
    return findDequantizer(format, usualReader())->cost(format);
  }

  std::optional<unsigned> fragmentTableU32(const EmittedFormat &format) const override {
    if (!findDequantizer(format, UnitReader()))
      return std::nullopt;
    bool hasTable = QuantizedElement::find(format.format.element)->isTable && !format.format.pick;
    return hasTable ? nibbleCodes : 0;
  }

  LogicalResult emitUnit(UnitEmission &unit) const override {
    const Dequantizer *dequantizer = findDequantizer(unit.format, unit.reader());
    if (!dequantizer)
      return failure();
    dequantizer->emit(unit);
    return success();
  }

private:
  /// The one that costs are those of.
  static UnitReader usualReader() { return {*findTarget("avx512bf16")}; }
};

} // namespace

const Emitter &getQuantizedEmitter() {
  static const QuantizedEmitter emitter;
  return emitter;
}

} // namespace uwt::codegen
