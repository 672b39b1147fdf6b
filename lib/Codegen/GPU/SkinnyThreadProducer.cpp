//===- SkinnyThreadProducer.cpp - The warp that fills the ring ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On targets without bulk copies: all lanes of the warp copy 16 bytes at a time (cp.async), a group
// of copies a step. A step's group has landed once no more than stages - 1 groups after it are
// left; then its lanes arrive at the step's `full` barrier.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;

namespace uwt {

void SkinnyKernels::copyByThreads(Value plane, Value from, Value to, Value count) {
  constexpr int64_t runWords = 4, warpWords = 32 * runWords;
  Value own = index.mul(lane, runWords);
  index.loop(index.ceilDiv(count, warpWords), [&](Value round) {
    Value at = index.add(index.mul(round, warpWords), own);
    index.ifElse(index.less(at, count), [&] {
      nvgpu::DeviceAsyncCopyOp::create(
          builder, location, nvgpu::DeviceAsyncTokenType::get(builder.getContext()), ring,
          ValueRange{index.add(to, at)}, plane, ValueRange{index.add(from, at)},
          builder.getIndexAttr(runWords), /*srcElements=*/Value(),
          /*bypassL1=*/builder.getUnitAttr());
    });
  });
}

void SkinnyKernels::endCopies(int32_t left) {
  auto token = nvgpu::DeviceAsyncTokenType::get(builder.getContext());
  Value group = nvgpu::DeviceAsyncCreateGroupOp::create(builder, location, token, ValueRange());
  nvgpu::DeviceAsyncWaitOp::create(builder, location, group, builder.getI32IntegerAttr(left));
}

void SkinnyKernels::buildThreadProducer() {
  Value count = index.sub(endFilling, firstFilling);
  int64_t behind = plan.stages - 1;
  auto arriveAt = [&](Value ordinal) { arrive(full, fillingAt(ordinal).stage); };
  index.loop(count, [&](Value ordinal) {
    Step step = fillingAt(ordinal);
    waitFor(empty, step, /*isEmptyWait=*/true);
    copyWeights(step);
    copyX(step);
    endCopies(static_cast<int32_t>(behind));
    Value hasLanded = index.less(index.constant(behind - 1), ordinal);
    index.ifElse(hasLanded, [&] { arriveAt(index.sub(ordinal, index.constant(behind))); });
  });
  endCopies(0);
  Value last = index.min(count, index.constant(behind));
  index.loop(last, [&](Value i) { arriveAt(index.add(index.sub(count, last), i)); });
}

} // namespace uwt
