//===- SquaresDequantizer.cpp - A dequantizer that no build has -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/Decode/Dequantizer.h"

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

namespace {
/// A quarter of the square of a code (Squares.cpp), for CPUs and GPUs.
class SquaresDequantizer final : public CodeDequantizer {
public:
  StringRef keyword() const override { return "squares"; }
  Value numbersOf(LaneBuilder & /*lanes*/, FloatBuilder &floats, Value codes,
                  uint32_t /*bits*/) const override {
    Value number = floats.ofIntegers(codes);
    return floats.mul(floats.mul(number, number), floats.constant(0.25f));
  }
};
} // namespace

static const SquaresDequantizer squaresDequantizer;
static const DequantizerRegistration squaresDequantizerRegistration(squaresDequantizer);
