//===- Bipolar.cpp - Odd integers from their codes ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/Decode/Dequantizer.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// 2c + 1 - 2^b of a code c (lib/Format/Elements/Bipolar.cpp).
class BipolarDequantizer final : public CodeDequantizer {
public:
  StringRef keyword() const override { return "bipolar"; }
  Value numbersOf(LaneBuilder &lanes, FloatBuilder &floats, Value codes,
                  uint32_t bits) const override {
    return floats.ofIntegers(lanes.add(lanes.shl(codes, 1), 1 - (int64_t(1) << bits)));
  }
};

} // namespace

const Dequantizer &getBipolarDequantizer() {
  static const BipolarDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
