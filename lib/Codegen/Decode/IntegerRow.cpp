//===- IntegerRow.cpp - x rounded to integers -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/Decode/IntegerRow.h"
#include "Quantized.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "uwt/Codec/IntegerCodes.h"
#include <limits>

using namespace mlir;

namespace uwt::codegen {

/// integer-2: as the bits of an f32.
static constexpr int64_t infinityBits = 0x7F800000, smallestLargestBits = int64_t(127 - 119) << 23;

IntegerRowScale emitIntegerRowScale(OpBuilder &builder, Location location, unsigned integerBits,
                                    Value largest) {
  LaneBuilder bits(builder, location, builder.getI32Type());
  FloatBuilder floats(bits);
  auto selectFloat = [&](Value condition, Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, location, condition, a, b);
  };
  Value divisor =
      floats.div(floats.ofBits(largest), floats.constant(float(largestInteger(integerBits))));
  Value isFinite = bits.less(largest, infinityBits);
  Value isSmall = bits.less(largest, smallestLargestBits);
  Value scale = selectFloat(isSmall, floats.constant(0), divisor);
  scale = selectFloat(isFinite, scale, floats.constant(std::numeric_limits<float>::quiet_NaN()));
  Value mask = bits.select(isFinite, bits.select(isSmall, 0, 0xFFFFFFFF), 0);
  return {divisor, scale, mask};
}

Value emitRowIntegers(LaneBuilder &lanes, Value elements, Value divisor, Value mask) {
  // Added to a number of less than 2^22, it leaves the nearest integer in the lowest bits.
  constexpr float toIntegers = 0x1.8p23f;
  constexpr int64_t toIntegersBits = 0x4B400000;
  FloatBuilder floats(lanes);
  Value sums = floats.add(floats.div(elements, divisor), floats.constant(toIntegers));
  return lanes.bitAnd(lanes.sub(floats.bitsOf(sums), toIntegersBits), mask);
}

} // namespace uwt::codegen
