//===- Intrinsics.cpp - Operations that some targets have -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Intrinsics.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Emission.h"

using namespace mlir;

namespace uwt::codegen {

namespace {
/// Takes row vectors apart, and puts them together.
class Quarters {
public:
  Quarters(OpBuilder &builder, Location location) : builder(builder), location(location) {}

  /// Quarter `number` of a vector, as elements of `type`.
  Value of(Value vector, int64_t number, VectorType type) {
    int64_t size = cast<VectorType>(vector.getType()).getNumElements() / count;
    return as(type, shuffle(vector, vector, number * size, size));
  }

  /// The vector of `type` that `make` gives the quarters of.
  Value join(VectorType type, llvm::function_ref<Value(int64_t number)> make) {
    auto of = VectorType::get({type.getNumElements() / count}, type.getElementType());
    SmallVector<Value> parts;
    for (int64_t number = 0; number < count; ++number)
      parts.push_back(as(of, make(number)));
    while (parts.size() > 1) {
      int64_t size = cast<VectorType>(parts.front().getType()).getNumElements();
      for (size_t i = 0; i < parts.size() / 2; ++i)
        parts[i] = shuffle(parts[2 * i], parts[2 * i + 1], 0, 2 * size);
      parts.resize(parts.size() / 2);
    }
    return parts.front();
  }

private:
  static constexpr int64_t count = 4;

  Value as(VectorType type, Value value) {
    return builder.createOrFold<vector::BitCastOp>(location, type, value);
  }
  Value shuffle(Value a, Value b, int64_t first, int64_t size) {
    return vector::ShuffleOp::create(builder, location, a, b,
                                     llvm::to_vector(llvm::seq<int64_t>(first, first + size)));
  }

  OpBuilder &builder;
  Location location;
};
} // namespace

Value callIntrinsic(OpBuilder &builder, Location location, StringRef name, Type result,
                    ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, location, result, builder.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value multiplyPairsNeon(OpBuilder &builder, Location location, Value acc, Value w, Value x) {
  auto sums = VectorType::get({4}, builder.getF32Type());
  auto pairs = VectorType::get({8}, builder.getBF16Type());
  Quarters quarters(builder, location);
  return quarters.join(cast<VectorType>(acc.getType()), [&](int64_t number) {
    Value sum = quarters.of(acc, number, sums);
    Value ofW = quarters.of(w, number, pairs), ofX = quarters.of(x, number, pairs);
    // The high halves (top), then the low ones (bottom).
    for (StringRef name : {"llvm.aarch64.neon.bfmlalt", "llvm.aarch64.neon.bfmlalb"})
      sum = callIntrinsic(builder, location, name, sums, {sum, ofW, ofX});
    return sum;
  });
}

Value lookUpWordsNeon(OpBuilder &builder, Location location, Value table, Value codes) {
  auto bytes = VectorType::get({16}, builder.getI8Type());
  auto tableBytes = VectorType::get({32}, builder.getI8Type());
  Quarters quarters(builder, location);
  LaneBuilder lanes(builder, location, codes.getType());
  // Both bytes of a word, by their numbers in the table.
  Value at = lanes.bitAnd(codes, 0x000F000F);
  Value numbers = lanes.add(lanes.shl(lanes.bitOr(at, lanes.shl(at, 8)), 1), 0x01000100);
  Value whole = vector::BitCastOp::create(builder, location, tableBytes, table);
  auto half = [&](int64_t first) -> Value {
    return vector::ShuffleOp::create(builder, location, whole, whole,
                                     llvm::to_vector(llvm::seq<int64_t>(first, first + 16)));
  };
  Value low = half(0), high = half(16);
  return quarters.join(cast<VectorType>(codes.getType()), [&](int64_t number) {
    return callIntrinsic(builder, location, "llvm.aarch64.neon.tbl2", bytes,
                         {low, high, quarters.of(numbers, number, bytes)});
  });
}

} // namespace uwt::codegen
