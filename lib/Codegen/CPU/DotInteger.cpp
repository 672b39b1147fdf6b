//===- DotInteger.cpp - Sums of products of bytes -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instructions multiply bytes without a sign with bytes that have one:
//
//   vpdpbusd     adds four products to a lane of i32. Bytes of weights with a sign get 128 more,
//                which the sum has less from the start. Those without one are multiplied as they
//                are.
//   vpmaddubsw   adds two products in i16, and saturates. Weights of up to 7 bits do not get there;
//                of those with a sign their magnitude is multiplied, and x takes the sign: two
//                products of 128 and 127 are 32,512 at most.
//
//===----------------------------------------------------------------------===//

#include "DotInteger.h"
#include "Intrinsics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Emission.h"

using namespace mlir;

namespace uwt::codegen {

static constexpr int64_t rowBytes = 64, signedBits = 8;

namespace {
class DotInteger {
public:
  DotInteger(OpBuilder &builder, DotIntegerOp op, const Target &target)
      : builder(builder), location(op.getLoc()), op(op), target(target),
        lanes(builder, location, op.getType()), weights(llvm::to_vector(op.getWeights())),
        isSigned(op.getBits() == signedBits && !op.getIsUnsigned()) {}
  Value lower();

private:
  VectorType vectorOf(int64_t count, unsigned bits) {
    return VectorType::get({count}, builder.getIntegerType(bits));
  }
  Value bitcast(Type type, Value value) {
    return vector::BitCastOp::create(builder, location, type, value);
  }
  /// `size` bytes of a row vector from `first` on.
  Value bytesOf(Value vector, int64_t first, int64_t size);
  Value intrinsic(StringRef name, Type type, ValueRange operands) {
    return callIntrinsic(builder, location, name, type, operands);
  }

  Value byQuadruples();
  /// The sum of products, without what it begins with.
  Value byOthers();
  Value byPairs(int64_t size);
  Value sumOfPairs(int64_t first, int64_t size);
  Value pairs(Value bytes, Value x, int64_t size);
  Value byLanes();

  OpBuilder &builder;
  Location location;
  DotIntegerOp op;
  const Target &target;
  LaneBuilder lanes;
  SmallVector<Value> weights;
  bool isSigned;
};
} // namespace

/// In each byte what takes its sign away, or gives it one.
static constexpr int64_t halves = 0x80808080;

Value DotInteger::bytesOf(Value vector, int64_t first, int64_t size) {
  Value all = bitcast(vectorOf(rowBytes, 8), vector);
  if (size == rowBytes)
    return all;
  return vector::ShuffleOp::create(builder, location, all, all,
                                   llvm::to_vector(llvm::seq<int64_t>(first, first + size)));
}

Value DotInteger::byQuadruples() {
  auto add = [&](Value sums, Value bytes, Value x) {
    return intrinsic("llvm.x86.avx512.vpdpbusd.512", lanes.type(),
                     {sums, bytesOf(bytes, 0, rowBytes), bytesOf(x, 0, rowBytes)});
  };
  Value sums = op.getStart() ? op.getStart() : lanes.constant(0);
  if (isSigned) {
    Value less = lanes.constant(0);
    for (Value x : op.getX())
      less = add(less, lanes.constant(halves), x);
    sums = lanes.sub(sums, less);
  }
  for (auto [bytes, x] : llvm::zip_equal(weights, op.getX()))
    sums = add(sums, isSigned ? lanes.bitXor(bytes, halves) : bytes, x);
  return sums;
}

Value DotInteger::pairs(Value bytes, Value x, int64_t size) {
  bool isWide = size == rowBytes;
  if (isSigned) {
    x = intrinsic("llvm.x86.avx2.psign.b", x.getType(), {x, bytes});
    bytes = math::AbsIOp::create(builder, location, bytes);
  }
  return intrinsic(isWide ? "llvm.x86.avx512.pmaddubs.w.512" : "llvm.x86.avx2.pmadd.ub.sw",
                   vectorOf(size / 2, 16), {bytes, x});
}

/// Pairs stay in i16 as long as they fit.
Value DotInteger::sumOfPairs(int64_t first, int64_t size) {
  constexpr int64_t largest = 32767, largestX = 127;
  int64_t largestWeight = isSigned ? 128 : (int64_t(1) << op.getBits()) - 1;
  int64_t fitting = largest / (2 * largestX * largestWeight);
  LaneBuilder words(builder, location, vectorOf(size / 2, 16));
  LaneBuilder wide(builder, location, vectorOf(size / 4, 32));
  StringRef widen = size == rowBytes ? "llvm.x86.avx512.pmaddw.d.512" : "llvm.x86.avx2.pmadd.wd";
  Value sums, few;
  int64_t count = 0;
  auto widenFew = [&] {
    Value more = intrinsic(widen, wide.type(), {few, words.constant(1)});
    sums = sums ? wide.add(sums, more) : more;
    few = {};
    count = 0;
  };
  for (auto [bytes, x] : llvm::zip_equal(weights, op.getX())) {
    Value more = pairs(bytesOf(bytes, first, size), bytesOf(x, first, size), size);
    few = few ? words.add(few, more) : more;
    if (++count == fitting)
      widenFew();
  }
  if (few)
    widenFew();
  return sums;
}

Value DotInteger::byPairs(int64_t size) {
  if (size == rowBytes)
    return sumOfPairs(0, size);
  Value low = sumOfPairs(0, size), high = sumOfPairs(size, size);
  return vector::ShuffleOp::create(builder, location, low, high,
                                   llvm::to_vector(llvm::seq<int64_t>(0, rowBytes / 4)));
}

Value DotInteger::byLanes() {
  constexpr int64_t above = 24;
  auto withSignOf = [&](Value value, int64_t byte) -> Value {
    Value top = lanes.shl(value, above - 8 * byte);
    return arith::ShRSIOp::create(builder, location, top, lanes.constant(above));
  };
  Value sums = lanes.constant(0);
  for (auto [bytes, x] : llvm::zip_equal(weights, op.getX()))
    for (int64_t byte = 0; byte < 4; ++byte)
      sums = lanes.add(sums, lanes.mul(withSignOf(bytes, byte), withSignOf(x, byte)));
  return sums;
}

Value DotInteger::byOthers() {
  // There is no sign of 64 bytes.
  if (target.supports(Feature::Avx512) && !isSigned)
    return byPairs(rowBytes);
  return target.supports(Feature::Avx2) ? byPairs(rowBytes / 2) : byLanes();
}

Value DotInteger::lower() {
  if (target.supports(Feature::Avx512Vnni))
    return byQuadruples();
  Value sums = op.getStart();
  auto add = [&](Value more) { sums = sums ? lanes.add(sums, more) : more; };
  if (op.getBits() == signedBits && !isSigned) {
    // As bytes with a sign they are less by 128, which the other bytes are.
    isSigned = true;
    for (Value &bytes : weights)
      bytes = lanes.bitXor(bytes, halves);
    add(byOthers());
    weights.assign(weights.size(), lanes.constant(halves));
    return lanes.sub(sums, byOthers());
  }
  add(byOthers());
  return sums;
}

Value lowerDotInteger(OpBuilder &builder, DotIntegerOp op, const Target &target) {
  return DotInteger(builder, op, target).lower();
}

} // namespace uwt::codegen
