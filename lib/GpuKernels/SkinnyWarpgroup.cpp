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

SkinnyKernels::Fragments SkinnyKernels::operandsOf(Value strip, const Panel &panel,
                                                   const Step &step, Value group) {
  // All four warps take part. For a strip that the last panel does not have any unit will do:
  // nobody takes its sums.
  Value there = index.min(strip, index.sub(panel.strips, index.constant(1)));
  Place place = placeOf(panel, group, there);
  if (plan.onlyWords)
    return decodeFragment(panel, step, place, /*asWords=*/false);
  SmallVector<Type> types(4, VectorType::get({4}, builder.getI32Type()));
  // Sums cannot come from branches: those that products are in would have to be taken by all four
  // warps. The rare way begins with the frequent one's operands, so that it needs no others.
  return either(
      panel.storedAsWords, types,
      [&] {
        // A barrier makes a branch of it: ptxas would issue these loads in all panels.
        warpBarrier();
        return decodeFragment(panel, step, place, /*asWords=*/true);
      },
      [&] {
        // The strip that the last panel does not have has no escapes either.
        return withEscapes(step, placeOf(panel, group, strip),
                           decodeFragment(panel, step, place, /*asWords=*/false));
      });
}

SkinnyKernels::Fragments SkinnyKernels::withEscapes(const Step &step, const Place &place,
                                                    ValueRange fragments) {
  if (!plan.hasEscapes)
    return Fragments(fragments);
  PlaceEscapes escapes = escapesOf(step, place);
  return either(
      index.less(index.constant(0), escapes.count), fragments.getTypes(),
      [&] { return patch(step, place, escapes, fragments); }, [&] { return Fragments(fragments); });
}

SkinnyKernels::Fragments SkinnyKernels::operandsOfPair(Value strip, const Panel &panel,
                                                       const Step &step, Value group) {
  Value there = index.min(strip, index.sub(panel.strips, index.constant(1)));
  SmallVector<Type> types(8, VectorType::get({4}, builder.getI32Type()));
  return either(
      panel.storedAsWords, types,
      [&] {
        warpBarrier();
        return decodePair(panel, step, group, there, /*asWords=*/true);
      },
      [&] {
        Fragments decoded = decodePair(panel, step, group, there, /*asWords=*/false), pair;
        for (int64_t i = 0; i < 2; ++i)
          pair.append(withEscapes(step, placeOf(panel, index.add(group, i), strip),
                                  ArrayRef(decoded).slice(4 * i, 4)));
        return pair;
      });
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
                                                             const Step &step, ValueRange sums) {
  auto multiplyBy = [&](ValueRange operands, Value group, ValueRange carried) {
    Fragments next = beginProducts(operands, step, group, carried);
    // The products before have had the time of a decode to end.
    waitForProducts(1, {});
    return next;
  };
  auto multiplyNext = [&](Value group, ValueRange carried) {
    return multiplyBy(operandsOf(strip, panel, step, group), group, carried);
  };
  // Operands of both groups are there before either is multiplied, and no products are left when
  // the next ones are decoded: ptxas serialises products whose operands a branch among others
  // changes, and has no other registers for the next pair.
  auto multiplyPair = [&](Value group, ValueRange carried) {
    Fragments pair = operandsOfPair(strip, panel, step, group), next = carried;
    for (int64_t i = 0; i < 2; ++i)
      next = beginProducts(ArrayRef(pair).slice(4 * i, 4), step, index.add(group, i), next);
    return waitForProducts(0, next);
  };
  // ptxas overwrites operands of products under way in a loop that is not unrolled by two.
  Value pairs = index.div(step.ownGroups, 2);
  Fragments next = index.loop(pairs, sums, [&](Value pair, ValueRange carried) {
    Value group = ownGroup(step, index.mul(pair, 2));
    // Runs take the registers that a second group's operands would.
    if (plan.unitGroups > 1 && plan.recordWords == 1)
      return multiplyPair(group, carried);
    return multiplyNext(index.add(group, 1), multiplyNext(group, carried));
  });
  next = waitForProducts(0, next);
  if (plan.groups() % 2 == 0)
    return next;
  return either(
      equal(index.rem(step.ownGroups, 2), index.constant(1)), sums.getTypes(),
      [&] {
        Value last = ownGroup(step, index.sub(step.ownGroups, index.constant(1)));
        return waitForProducts(0, multiplyNext(last, next));
      },
      [&] { return next; });
}

} // namespace uwt
