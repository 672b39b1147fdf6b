//===- DenseRows.cpp - Fragments of dense row-major matrices --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DenseRows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

KernelArgument DenseRows::argument(int64_t columns) {
  uint32_t alignment = columns % runColumns == 0 ? 16 : 2;
  return {ArgumentKind::X, ArgumentType::I16, alignment, 0, 0};
}

Value DenseRows::runColumn(const FixedUnit &fixed, int64_t half) {
  Value run = index.add(index.rem(lane, 4), runsOfUnit / 2 * half);
  return index.add(columnOf(fixed), index.mul(run, runColumns));
}

void DenseRows::transposeQuad(MutableArrayRef<Value> run) {
  for (int64_t distance : {1, 2}) {
    Value isUpper = notEqual(bitAnd(toI32(lane), distance), 0);
    for (int64_t i = 0; i < runU32; ++i) {
      if (i & distance)
        continue;
      Value &low = run[i], &high = run[i + distance];
      Value given = select(isUpper, low, high);
      Value taken = gpu::ShuffleOp::create(builder, location, given, constant(distance),
                                           constant(32), gpu::ShuffleMode::XOR)
                        .getShuffleResult();
      low = select(isUpper, taken, low);
      high = select(isUpper, high, taken);
    }
  }
}

DenseRows::Values DenseRows::loadRun(Value row, Value column) {
  Value isRow = index.less(row, rows), begin = index.mul(row, stride);
  Values run;
  // What does not exist is read from where the first row begins.
  auto place = [&](Value at, Value isThere) { return index.select(isThere, at, 0); };
  if (hasWholeRuns()) {
    Value isThere = bitAnd(isRow, index.less(column, columns));
    Value words = loadVector(memory, place(index.add(begin, column), isThere), runColumns,
                             builder.getI16Type());
    words = vector::BitCastOp::create(builder, location,
                                      VectorType::get({runU32}, builder.getI32Type()), words);
    for (int64_t i = 0; i < runU32; ++i) {
      Value word = vector::ExtractOp::create(builder, location, words, i);
      run.push_back(select(isThere, word, 0));
    }
    return run;
  }
  auto word = [&](int64_t i) {
    Value own = index.add(column, i);
    Value isThere = bitAnd(isRow, index.less(own, columns));
    return select(isThere, toI32(load(memory, place(index.add(begin, own), isThere))), 0);
  };
  for (int64_t i = 0; i < runU32; ++i) {
    Value low = word(2 * i), high = word(2 * i + 1);
    run.push_back(bitOr(low, shl(high, 16)));
  }
  return run;
}

DenseRows::Values DenseRows::loadUnit(Value panel, const FixedUnit &fixed) {
  // order-3: register r has row g + 8 (r mod 2), and of block b run 2 b + ⌊r/2⌋.
  Values registers[4];
  for (int64_t parity = 0; parity < 2; ++parity) {
    Value row = index.add(index.add(rowOf(panel, fixed), index.div(lane, 4)), 8 * parity);
    for (int64_t half = 0; half < 2; ++half) {
      Values run = loadRun(row, runColumn(fixed, half));
      transposeQuad(run);
      for (auto [i, word] : llvm::enumerate(run))
        registers[parity + 2 * (i % 2)].push_back(word);
    }
  }
  auto fragment = VectorType::get({4}, builder.getI32Type());
  Values fragments;
  for (const Values &blocks : registers)
    fragments.push_back(vector::FromElementsOp::create(builder, location, fragment, blocks));
  return fragments;
}

void DenseRows::storeRun(Value isThere, Value row, Value column, ValueRange run) {
  Value at = index.add(index.mul(row, stride), column);
  if (hasWholeRuns()) {
    index.ifElse(bitAnd(isThere, index.less(column, columns)), [&] {
      auto words = VectorType::get({runU32}, builder.getI32Type());
      auto elements = VectorType::get({runColumns}, builder.getI16Type());
      Value all = vector::FromElementsOp::create(builder, location, words, run);
      storeVector(vector::BitCastOp::create(builder, location, elements, all), memory, at);
    });
    return;
  }
  for (int64_t i = 0; i < runColumns; ++i) {
    Value word = i % 2 == 0 ? run[i / 2] : lshr(run[i / 2], 16);
    index.ifElse(bitAnd(isThere, index.less(index.add(column, i), columns)), [&] {
      Value element = arith::TruncIOp::create(builder, location, builder.getI16Type(), word);
      memref::StoreOp::create(builder, location, element, memory, ValueRange{index.add(at, i)});
    });
  }
}

void DenseRows::storeUnit(Value panel, const FixedUnit &fixed, ValueRange fragments) {
  for (int64_t parity = 0; parity < 2; ++parity) {
    Value row = index.add(index.add(rowOf(panel, fixed), index.div(lane, 4)), 8 * parity);
    for (int64_t half = 0; half < 2; ++half) {
      Values run;
      for (int64_t i = 0; i < runU32; ++i)
        run.push_back(vector::ExtractOp::create(builder, location, fragments[parity + 2 * (i % 2)],
                                                runU32 / 2 * half + i / 2));
      transposeQuad(run);
      storeRun(index.less(row, rows), row, runColumn(fixed, half), run);
    }
  }
}

void DenseRows::storeGathered(const FixedUnit &fixed, ValueRange fragments) {
  Value isOdd = index.less(7, gathered.inStrip);
  for (int64_t half = 0; half < 2; ++half) {
    Values run;
    for (int64_t i = 0; i < runU32; ++i) {
      int64_t r = 2 * (i % 2), block = runU32 / 2 * half + i / 2;
      Value even = vector::ExtractOp::create(builder, location, fragments[r], block);
      Value odd = vector::ExtractOp::create(builder, location, fragments[r + 1], block);
      run.push_back(select(isOdd, odd, even));
    }
    transposeQuad(run);
    storeRun(/*isThere=*/index.less(0, 1), gathered.to, runColumn(fixed, half), run);
  }
}

DenseRows::Element DenseRows::elementAt(Value panel, const FixedUnit &fixed, Value rowInStrip,
                                        Value column) {
  Value own = index.add(rowOf(panel, fixed), rowInStrip);
  Value isRow = gathered.to ? index.equal(rowInStrip, gathered.inStrip) : index.less(own, rows);
  Value row = gathered.to ? gathered.to : own;
  return {index.add(index.mul(row, stride), column), bitAnd(isRow, index.less(column, columns))};
}

} // namespace uwt::codegen
