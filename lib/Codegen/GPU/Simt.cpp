//===- Simt.cpp - Kind simt -----------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simt.h"
#include "Entries.h"
#include "Transcode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/StoredOrder.h"

using namespace mlir;

namespace uwt::codegen {

SimtKernels::SimtKernels(MatmulOp op, const EmittedFormat &format, OpBuilder &builder)
    : LaneCode(builder, op.getLoc()), op(op), format(format),
      problem{op.getWeightType().getRows(), op.getWeightType().getColumns()},
      onlyWords(unitLayout(format).onlyWords) {}

Status SimtKernels::checkProduct(MatmulOp op, const EmittedFormat &format,
                                 ProductStrategy strategy) {
  Type x = op.getXType().getElementType(), weight = op.getWeightType().getElementType();
  auto isHalf = [](Type type) { return type.isBF16() || type.isF16(); };
  if (!isHalf(weight) || !(isHalf(x) || x.isF32()))
    return unsupportedError("it multiplies bf16 and f16 weights with x of bf16, f16 or f32");
  bool onlyWords = unitLayout(format).onlyWords;
  if (strategy != ProductStrategy::Buffer && !onlyWords)
    return unsupportedError("it multiplies words; use strategy buffer for format '" +
                            format.format.str() + "'");
  return TranscodeBuilder::checkWeight(op.getWeightType(), format);
}

int64_t SimtKernels::decodedWords() const {
  return decodesFirst() ? problem.units() * wordUnitU32 : 0;
}

void SimtKernels::build(BuiltKernels &result) {
  OpBuilder::InsertionGuard guard(builder);
  if (decodesFirst()) {
    TranscodeBuilder decoder(op.getWeightType(), format, builder, location);
    decoder.build(result.module, "decode");
    KernelEntry decode = entry("decode");
    decoder.describe(decode, ArgumentKind::Workspace);
    result.entries.push_back(std::move(decode));
  }
  buildProduct(result.module);
  KernelEntry product = entry("product");
  product.workspace.fixed = 4 * static_cast<uint64_t>(decodedWords());
  product.launch.grid = GridRule::Persistent;
  product.launch.threads = threads;
  product.launch.ctasPerMultiprocessor = ctas;
  product.launch.tileN = stripRows;
  product.launch.tileM = mRows;
  product.arguments = {memrefArgument(ArgumentKind::Panels, ArgumentType::I64),
                       memrefArgument(ArgumentKind::Words, ArgumentType::I32),
                       memrefArgument(ArgumentKind::Workspace, ArgumentType::I32, 256),
                       operandArgument(ArgumentKind::X, op.getX()),
                       scalarArgument(ArgumentKind::XStride),
                       operandArgument(ArgumentKind::Y, op.getInit()),
                       scalarArgument(ArgumentKind::YStride),
                       scalarArgument(ArgumentKind::M)};
  for (auto [i, extra] : llvm::enumerate(op.getExtras()))
    product.arguments.push_back(
        operandArgument(ArgumentKind::Extra, extra, static_cast<uint32_t>(i)));
  result.entries.push_back(std::move(product));
  result.plan.slice = mRows;
  result.plan.tileN = stripRows;
  result.plan.ctas = ctas;
  result.plan.decodedBytes = decodesFirst() ? 2 : 0;
}

KernelEntry SimtKernels::entry(StringRef kernel) {
  KernelEntry entry = entryOf(GpuKernelKind::Simt, kernel, op.getWeightType(), format);
  entry.strategy = decodesFirst() ? "buffer,simt" : "simt";
  return entry;
}

void SimtKernels::buildProduct(gpu::GPUModuleOp module) {
  Type at = builder.getIndexType(), word = globalBuffer(builder.getI32Type());
  SmallVector<Type> arguments = {globalBuffer(builder.getI64Type()),
                                 word,
                                 word,
                                 globalBuffer(op.getXType().getElementType()),
                                 at,
                                 globalBuffer(op.getInitType().getElementType()),
                                 at,
                                 at};
  for (Value extra : op.getExtras())
    arguments.push_back(globalBuffer(cast<ShapedType>(extra.getType()).getElementType()));
  gpu::GPUFuncOp kernel = beginKernel(module, "product", arguments, threads, ctas);
  panels = kernel.getArgument(0);
  words = kernel.getArgument(decodesFirst() ? 2 : 1);
  x = kernel.getArgument(3);
  xStride = kernel.getArgument(4);
  output = {op, kernel.getArgument(5), kernel.getArgument(6), kernel.getArgument(7),
            llvm::to_vector(llvm::map_range(kernel.getArguments().drop_front(8),
                                            [](BlockArgument extra) -> Value { return extra; }))};
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  lane = index.rem(thread, 32);
  Value slices = index.ceilDiv(output.mSize, mRows);
  forEachWarpItem(index.mul(slices, strips()), warps, [&](Value item) { buildItem(item); });
  gpu::ReturnOp::create(builder, location);
}

SimtKernels::Units SimtKernels::unitsOf(Value strip) {
  Value panel = index.div(strip, panelStrips), inPanel = index.rem(strip, panelStrips);
  Value before = index.mul(panel, panelStrips);
  Value count = index.min(panelStrips, index.sub(strips(), before));
  Value start = index.mul(before, problem.columnGroups() * wordUnitU32);
  if (!decodesFirst())
    start = panelField(panels, panel, DevicePanelField::Words);
  return {index.add(start, index.mul(inPanel, wordUnitU32)), index.mul(count, wordUnitU32)};
}

void SimtKernels::buildItem(Value item) {
  Value strip = index.rem(item, strips());
  Value firstM = index.mul(index.div(item, strips()), mRows);
  // Rows behind the last one compute what it does, and store nothing.
  Value last = index.sub(output.mSize, 1);
  Values m, accumulators;
  Value zero = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  for (int64_t i = 0; i < mRows; ++i) {
    m.push_back(index.min(index.add(firstM, i), last));
    accumulators.append({zero, zero});
  }
  Units units = unitsOf(strip);
  accumulators =
      index.loop(problem.columnGroups(), accumulators, [&](Value group, ValueRange carried) {
        Value unit = index.add(units.first, index.mul(group, units.stride));
        Value column =
            index.add(index.mul(group, fixedUnitColumns), index.mul(index.rem(lane, 4), 2));
        return addUnit(unit, column, m, carried);
      });
  storeAccumulators(strip, m, firstM, accumulators);
}

SimtKernels::Values SimtKernels::addUnit(Value unit, Value column, ValueRange m,
                                         ValueRange accumulators) {
  // Register r of A's block b holds rows g + 8 (r mod 2), columns 16 b + 8 ⌊r/2⌋ + 2t and the next.
  Values registers, next(accumulators);
  for (int64_t r = 0; r < 4; ++r)
    registers.push_back(loadVector(words,
                                   index.add(index.add(unit, r * operandU32), index.mul(lane, 4)),
                                   4, builder.getI32Type()));
  for (int64_t block = 0; block < 4; ++block)
    for (int64_t half = 0; half < 2; ++half) {
      Values low = weightsOf(
                 vector::ExtractOp::create(builder, location, registers[2 * half], block)),
             high = weightsOf(
                 vector::ExtractOp::create(builder, location, registers[2 * half + 1], block));
      for (int64_t next1 = 0; next1 < 2; ++next1) {
        Value k = index.add(column, 16 * block + 8 * half + next1);
        for (int64_t i = 0; i < mRows; ++i) {
          Value value = loadX(m[i], k);
          next[2 * i] = math::FmaOp::create(builder, location, low[next1], value, next[2 * i]);
          next[2 * i + 1] =
              math::FmaOp::create(builder, location, high[next1], value, next[2 * i + 1]);
        }
      }
    }
  return next;
}

SimtKernels::Values SimtKernels::weightsOf(Value word) {
  Type half = builder.getI16Type(), element = op.getWeightType().getElementType();
  Value upper = lshr(word, 16);
  Values values;
  for (Value each : {word, upper}) {
    Value bits = arith::TruncIOp::create(builder, location, half, each);
    values.push_back(toF32(arith::BitcastOp::create(builder, location, element, bits)));
  }
  return values;
}

Value SimtKernels::toF32(Value value) {
  if (value.getType().isF32())
    return value;
  return arith::ExtFOp::create(builder, location, builder.getF32Type(), value);
}

Value SimtKernels::loadX(Value m, Value k) {
  if (problem.k % fixedUnitColumns == 0)
    return toF32(load(x, index.add(index.mul(m, xStride), k)));
  // Weights behind the end are 0; x there may be anything, and is not the caller's.
  Value isThere = index.less(k, problem.k);
  Value inside = index.min(k, problem.k - 1);
  Value value = toF32(load(x, index.add(index.mul(m, xStride), inside)));
  Value zero = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  return select(isThere, value, zero);
}

void SimtKernels::storeAccumulators(Value strip, ValueRange m, Value firstM,
                                    ValueRange accumulators) {
  Values totals(accumulators);
  for (Value &total : totals)
    for (int32_t distance : {1, 2}) {
      Value other =
          gpu::ShuffleOp::create(builder, location, total, distance, 32, gpu::ShuffleMode::XOR)
              .getShuffleResult();
      total = arith::AddFOp::create(builder, location, total, other);
    }
  Value isFirst = index.equal(index.rem(lane, 4), 0);
  for (int64_t i = 0; i < mRows; ++i)
    for (int64_t upper = 0; upper < 2; ++upper) {
      Value n = index.add(index.add(index.mul(strip, stripRows), index.div(lane, 4)), 8 * upper);
      Value isThere =
          bitAnd(index.less(index.add(firstM, i), output.mSize), index.less(n, problem.n));
      index.ifElse(bitAnd(isFirst, isThere),
                   [&] { output.store(*this, m[i], n, totals[2 * i + upper]); });
    }
}

} // namespace uwt::codegen
