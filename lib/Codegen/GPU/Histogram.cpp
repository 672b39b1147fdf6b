//===- Histogram.cpp - The kernel that counts symbols ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Histogram.h"
#include "Entries.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

void HistogramBuilder::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Type types[] = {globalBuffer(builder.getI16Type()), builder.getIndexType(),
                  globalBuffer(builder.getI64Type())};
  gpu::GPUFuncOp kernel = beginKernel(module, "histogram", types, threads, ctas);
  x = kernel.getArgument(0);
  stride = kernel.getArgument(1);
  result = kernel.getArgument(2);
  findLane();
  thread = index.add(index.mul(warp, 32), lane);
  shared = sharedView(counters, builder.getI32Type(), 0);
  clear();
  gpu::BarrierOp::create(builder, location);
  forEachWarpItem(index.constant(rows * itemsOfRow()), warps, [&](Value item) { countItem(item); });
  gpu::BarrierOp::create(builder, location);
  addUp();
  gpu::ReturnOp::create(builder, location);
}

void HistogramBuilder::describe(KernelEntry &entry) const {
  LaunchRule rule;
  rule.grid = GridRule::Persistent;
  rule.threads = threads;
  rule.sharedBytes = 4 * counters;
  rule.ctasPerMultiprocessor = ctas;
  rule.tileN = 1;
  rule.tileK = itemColumns;
  entry.launch = rule;
  entry.workspace = {};
  entry.arguments = {DenseRows::argument(columns), scalarArgument(ArgumentKind::XStride),
                     memrefArgument(ArgumentKind::Extra, ArgumentType::I64, 16)};
}

void HistogramBuilder::clear() {
  index.loop(counters / threads, [&](Value pass) {
    Value at = index.add(index.mul(pass, threads), thread);
    memref::StoreOp::create(builder, location, constant(0), shared, ValueRange{at});
  });
}

void HistogramBuilder::count(Value word) {
  // A lane's counters are in a bank of their own.
  Value at = index.add(index.mul(toIndex(bits(word, 7, 8)), 32), lane);
  memref::AtomicRMWOp::create(builder, location, arith::AtomicRMWKind::addi, constant(1), shared,
                              ValueRange{at});
}

void HistogramBuilder::countItem(Value item) {
  Value row = index.mul(index.div(item, itemsOfRow()), stride);
  Value column = index.mul(index.rem(item, itemsOfRow()), itemColumns);
  if (columns % laneColumns == 0) {
    Value own = index.add(column, index.mul(lane, laneColumns));
    index.ifElse(index.less(own, columns), [&] {
      Value run = loadVector(x, index.add(row, own), laneColumns, builder.getI16Type());
      Value words = vector::BitCastOp::create(
          builder, location, VectorType::get({laneColumns / 2}, builder.getI32Type()), run);
      for (int64_t i = 0; i < laneColumns / 2; ++i) {
        Value pair = vector::ExtractOp::create(builder, location, words, i);
        count(pair);
        count(lshr(pair, 16));
      }
    });
    return;
  }
  for (int64_t i = 0; i < laneColumns; ++i) {
    Value own = index.add(index.add(column, 32 * i), lane);
    index.ifElse(index.less(own, columns), [&] { count(toI32(load(x, index.add(row, own)))); });
  }
}

void HistogramBuilder::addUp() {
  index.loop(symbols / threads, [&](Value pass) {
    Value symbol = index.add(index.mul(pass, threads), thread);
    Value first = index.mul(symbol, 32);
    // Threads begin in different banks.
    Value sum = index.loop(32, {index.constant(0)}, [&](Value i, ValueRange carried) {
      Value own = index.rem(index.add(i, lane), 32);
      return Values{index.add(carried[0], toIndex(load(shared, index.add(first, own))))};
    })[0];
    index.ifElse(index.less(0, sum), [&] {
      Value number = arith::IndexCastUIOp::create(builder, location, builder.getI64Type(), sum);
      memref::AtomicRMWOp::create(builder, location, arith::AtomicRMWKind::addi, number, result,
                                  ValueRange{symbol});
    });
  });
}

} // namespace uwt::codegen
