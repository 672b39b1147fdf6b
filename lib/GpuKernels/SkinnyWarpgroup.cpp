//===- SkinnyWarpgroup.cpp - Products of a panel by its four warps --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For more than two tiles of x the four warps multiply together: x is then read from shared memory
// once for 64 rows of the weight, not once for 16, and decode overlaps the products before.
//
// Packed x: [group of 64 columns][block of 16][tile of 8 batch rows][half of the block][row][word]:
// core matrices of 8 rows × 16 bytes, a tile's two of a block one behind the other. Word w of row r
// holds x[8·tile + r][64·group + 16·block + 8·half + 2w], and the next column in its upper half; 0
// where x ends.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt {

/// Bytes of a core matrix, and of the two of a tile and block.
static constexpr int64_t coreBytes = 128, tileBytes = 2 * coreBytes;

SkinnyKernels::PackedPlace SkinnyKernels::placeInCores(Value thread) {
  constexpr int64_t tileWords = tileBytes / 4;
  Value block = index.div(thread, tileWords);
  Value column = index.add(index.mul(block, 16), index.mul(index.rem(index.div(thread, 32), 2), 8));
  PackedPlace place;
  place.row = index.rem(index.div(thread, 4), 8);
  place.column = index.add(column, index.mul(index.rem(thread, 4), 2));
  place.at = index.add(index.mul(block, plan.tiles * tileWords), index.rem(thread, tileWords));
  place.tileWords = tileWords;
  return place;
}

SkinnyKernels::Fragments
SkinnyKernels::operandsOf(Value strip, const Panel &panel, const Step &step, Value group,
                          llvm::function_ref<GroupEscapes()> escapesOfGroup, bool asWords) {
  Value unit = index.add(index.mul(group, panel.strips), strip);
  if (plan.onlyWords || asWords)
    return decodeFragment(step, unit, asWords);
  // Sums cannot come from these branches: those that products are in would have to be taken by all
  // four warps. The rare way begins with the frequent one's operands, so that it needs no others.
  SmallVector<Type> types(4, VectorType::get({4}, builder.getI32Type()));
  auto fromCodes = [&] {
    Fragments decoded = decodeFragment(step, unit, /*asWords=*/false);
    if (!plan.hasEscapes)
      return decoded;
    GroupEscapes escapes = escapesOfGroup();
    return either(
        hasEscapes(strip, escapes), types, [&] { return patch(strip, step, escapes, decoded); },
        [&] { return decoded; });
  };
  if (wordsHaveTheirLoop())
    return fromCodes();
  return either(
      panel.storedAsWords, types,
      [&] {
        // A barrier makes a branch of it: ptxas would issue these loads in all panels.
        warpBarrier();
        return decodeFragment(step, unit, /*asWords=*/true);
      },
      fromCodes);
}

SkinnyKernels::Fragments SkinnyKernels::beginProducts(ValueRange operands, const Step &step,
                                                      Value group, ValueRange sums) {
  Value x = index.add(step.start, plan.stageX());
  x = index.add(x, index.mul(group, plan.tiles * SkinnyPlan::tileWords));
  auto products = WarpgroupMmaOp::create(builder, location, op.getWeightType().getElementType(),
                                         operands[0], operands[1], operands[2], operands[3], ring,
                                         x, /*leading=*/coreBytes, /*stride=*/tileBytes,
                                         /*step=*/plan.tiles * tileBytes, /*swizzle=*/0, sums);
  return Fragments(products.getNext());
}

SkinnyKernels::Fragments SkinnyKernels::waitForProducts(int64_t pending, ValueRange sums) {
  return Fragments(WarpgroupWaitOp::create(builder, location, pending, sums).getDone());
}

SkinnyKernels::Fragments SkinnyKernels::multiplyStepTogether(Value strip, const Panel &panel,
                                                             const Step &step, ValueRange sums,
                                                             bool asWords) {
  auto multiplyNext = [&](Value group, llvm::function_ref<GroupEscapes()> escapes,
                          ValueRange carried) {
    Fragments operands = operandsOf(strip, panel, step, group, escapes, asWords);
    Fragments next = beginProducts(operands, step, group, carried);
    // The products before have had the time of a decode to end.
    waitForProducts(1, {});
    return next;
  };
  // ptxas overwrites operands of products under way in a loop that is not unrolled by two.
  Fragments next = index.loop(index.div(step.groups, 2), sums, [&](Value pair, ValueRange carried) {
    Value group = index.mul(pair, 2);
    SmallVector<GroupEscapes> escapes;
    if (plan.hasEscapes && !asWords)
      escapes = escapesOf(step, group, 2);
    Fragments first = multiplyNext(group, [&] { return escapes[0]; }, carried);
    return multiplyNext(index.add(group, 1), [&] { return escapes[1]; }, first);
  });
  next = waitForProducts(0, next);
  if (plan.groups() % 2 == 0)
    return next;
  return either(
      equal(index.rem(step.groups, 2), index.constant(1)), sums.getTypes(),
      [&] {
        Value last = index.sub(step.groups, index.constant(1));
        auto escapes = [&] { return escapesOf(step, last, 1).front(); };
        return waitForProducts(0, multiplyNext(last, escapes, next));
      },
      [&] { return next; });
}

} // namespace uwt
