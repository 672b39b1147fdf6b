//===- LaneCode.cpp - Small pieces of code of a thread --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaneCode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Emission.h"

using namespace mlir;

namespace uwt::codegen {

gpu::GPUModuleOp createKernelModule(OpBuilder &builder, Location location, StringRef name) {
  builder.getContext()
      ->loadDialect<arith::ArithDialect, gpu::GPUDialect, math::MathDialect, memref::MemRefDialect,
                    NVVM::NVVMDialect, nvgpu::NVGPUDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  return gpu::GPUModuleOp::create(builder, location, name);
}

Value LaneCode::load(Value buffer, Value at) {
  return memref::LoadOp::create(builder, location, buffer, ValueRange{at});
}

Value LaneCode::loadVector(Value buffer, Value at, int64_t count, Type element) {
  auto type = VectorType::get({count}, element);
  int64_t bytes = count * element.getIntOrFloatBitWidth() / 8;
  return vector::LoadOp::create(builder, location, type, buffer, ValueRange{at},
                                /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

void LaneCode::storeVector(Value vector, Value buffer, Value at) {
  vector::StoreOp::create(builder, location, vector, buffer, ValueRange{at},
                          /*nontemporal=*/false, llvm::MaybeAlign(16));
}

Value LaneCode::asShort(Value value) {
  // Not casts to i32 and back, which the canonicalizer takes for nothing.
  return index.bitAnd(value, UINT32_MAX);
}

Value LaneCode::divideShort(Value a, Value b) { return toIndex(div(toI32(a), toI32(b))); }

Value LaneCode::sameInWarp(Value number) {
  return toIndex(gpu::ShuffleOp::create(builder, location, toI32(number), constant(0), constant(32),
                                        gpu::ShuffleMode::IDX)
                     .getShuffleResult());
}

void LaneCode::warpBarrier() { NVVM::SyncWarpOp::create(builder, location, constant(-1)); }

void LaneCode::rolledLoop(int64_t count, llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder, location, index.constant(0), index.constant(count),
                                 index.constant(1));
  keepRolled(loop);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

LaneCode::CtaThread LaneCode::thread() {
  CtaThread thread;
  thread.number = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  thread.warp = index.div(thread.number, 32);
  thread.lane = index.rem(thread.number, 32);
  return thread;
}

LaneCode::WarpItems LaneCode::itemsOfWarp(Value items, int64_t warps) {
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  Value cta = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  Value grid = gpu::GridDimOp::create(builder, location, gpu::Dimension::x);
  Value first = index.add(index.mul(cta, warps), index.div(thread, 32));
  Value stride = index.mul(grid, warps);
  // The first item of a warp is less than a stride away from the first of all.
  Value left = index.sub(index.add(items, stride), index.add(first, 1));
  return {first, stride, index.div(left, stride)};
}

void LaneCode::forEachWarpItem(Value items, int64_t warps, llvm::function_ref<void(Value)> body) {
  WarpItems own = itemsOfWarp(items, warps);
  index.loop(own.count,
             [&](Value i) { body(asShort(index.add(own.first, index.mul(i, own.stride)))); });
}

Value LaneCode::sumUpTo(Value value, Value lane) {
  Value sum = value;
  for (int64_t distance = 1; distance < 32; distance *= 2) {
    Value other = gpu::ShuffleOp::create(builder, location, sum, constant(distance), constant(32),
                                         gpu::ShuffleMode::UP)
                      .getShuffleResult();
    sum = add(sum, select(index.less(lane, distance), 0, other));
  }
  return sum;
}

Value LaneCode::anyInWarp(Value condition) {
  return NVVM::VoteSyncOp::create(builder, location, builder.getI1Type(), constant(-1), condition,
                                  NVVM::VoteSyncKind::any);
}

Value LaneCode::elected() {
  return NVVM::ElectSyncOp::create(builder, location, builder.getI1Type(), constant(-1));
}

Value LaneCode::ofLane(Value value, int64_t number) {
  return gpu::ShuffleOp::create(builder, location, value, constant(number), constant(32),
                                gpu::ShuffleMode::IDX)
      .getShuffleResult();
}

Value LaneCode::panelField(Value table, Value panel, DevicePanelField field) {
  Value at = index.add(index.mul(panel, devicePanelFields), static_cast<int64_t>(field));
  return toIndex(load(table, at));
}

MemRefType LaneCode::globalBuffer(Type element) {
  auto space = gpu::AddressSpaceAttr::get(element.getContext(), gpu::AddressSpace::Global);
  return MemRefType::get({ShapedType::kDynamic}, element, MemRefLayoutAttrInterface(), space);
}

Value LaneCode::sharedView(int64_t size, Type element, int64_t firstU32) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  auto typeOf = [&](int64_t count, Type type) {
    return MemRefType::get({count}, type, MemRefLayoutAttrInterface(), space);
  };
  Value all = gpu::DynamicSharedMemoryOp::create(builder, location,
                                                 typeOf(ShapedType::kDynamic, builder.getI8Type()));
  return memref::ViewOp::create(builder, location, typeOf(size, element), all,
                                index.constant(4 * firstU32), ValueRange());
}

void LaneCode::copyToShared(Value from, Value to, int64_t count, Value thread, int64_t threads) {
  index.loop((count + threads - 1) / threads, [&](Value pass) {
    Value at = index.add(index.mul(pass, threads), thread);
    index.ifElse(index.less(at, count), [&] {
      memref::StoreOp::create(builder, location, load(from, at), to, ValueRange{at});
    });
  });
}

void LaneCode::arrive(Value barriers, Value number) {
  nvgpu::MBarrierArriveOp::create(
      builder, location, nvgpu::MBarrierTokenType::get(builder.getContext()), barriers, number);
}

void LaneCode::waitForPhase(Value barriers, Value number, Value phase) {
  // How long a thread may sleep before it looks at a barrier again, in nanoseconds: it is woken
  // before.
  constexpr int64_t waitTicks = 10000000;
  Value isOdd = index.equal(index.rem(phase, 2), 1);
  nvgpu::MBarrierTryWaitParityOp::create(builder, location, barriers, isOdd,
                                         index.constant(waitTicks), number);
}

gpu::GPUFuncOp LaneCode::beginKernel(gpu::GPUModuleOp module, StringRef name, TypeRange arguments,
                                     int64_t threads, int64_t ctas) {
  builder.setInsertionPointToEnd(module.getBody());
  auto kernel =
      gpu::GPUFuncOp::create(builder, location, name, builder.getFunctionType(arguments, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  // Without a word ptxas plans for more than there are, and spills.
  kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                  builder.getI32IntegerAttr(static_cast<int32_t>(ctas)));
  kernel.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  builder.setInsertionPointToStart(&kernel.getBody().front());
  return kernel;
}

} // namespace uwt::codegen
