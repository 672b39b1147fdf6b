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

SkinnyKernels::Fragments SkinnyKernels::operandsOf(const Panel &panel, const Step &step,
                                                   const Place &place,
                                                   llvm::function_ref<RecordEntry()> entryOfPlace,
                                                   bool asWords) {
  if (plan.onlyWords || asWords)
    return decodeFragment(panel, step, place, asWords);
  SmallVector<Type> types(4, VectorType::get({4}, builder.getI32Type()));
  auto fromCodes = [&] {
    if (plan.hasFlags())
      return either(
          isInBytes(step, place), types, [&] { return decodeBytes(panel, step, place); },
          [&] { return decodeFragment(panel, step, place, /*asWords=*/false); });
    return withEscapes(step, place, entryOfPlace,
                       decodeFragment(panel, step, place, /*asWords=*/false));
  };
  if (wordsHaveTheirLoop())
    return fromCodes();
  return either(
      panel.storedAsWords, types,
      [&] {
        // A barrier makes a branch of it: ptxas would issue these loads in all panels.
        warpBarrier();
        return decodeFragment(panel, step, place, /*asWords=*/true);
      },
      fromCodes);
}

SkinnyKernels::Fragments SkinnyKernels::withEscapes(const Step &step, const Place &place,
                                                    llvm::function_ref<RecordEntry()> entryOfPlace,
                                                    ValueRange fragments) {
  if (!plan.hasEscapes)
    return Fragments(fragments);
  // Sums cannot come from this branch: those that products are in would have to be taken by all
  // four warps. The rare way begins with the frequent one's operands, so that it needs no others.
  RecordEntry entry = entryOfPlace();
  return either(
      hasEscapes(place, entry), fragments.getTypes(),
      [&] { return patch(step, place, entry, fragments); }, [&] { return Fragments(fragments); });
}

SkinnyKernels::Fragments SkinnyKernels::operandsOfPair(Value strip, const Panel &panel,
                                                       const Step &step, Value group,
                                                       bool asWords) {
  Fragments decoded = decodePair(panel, step, group, strip, asWords), pair;
  if (asWords)
    return decoded;
  for (int64_t i = 0; i < 2; ++i) {
    Place place = placeOf(panel, index.add(group, i), strip);
    pair.append(withEscapes(
        step, place, [&] { return recordEntryOf(step, place); },
        ArrayRef(decoded).slice(4 * i, 4)));
  }
  return pair;
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
  // A branch for the last step's odd group would take the registers of another pair. The decode of
  // other warps runs beside the products.
  if (plan.groups() % 2 != 0)
    return index.loop(step.ownGroups, sums, [&](Value number, ValueRange carried) {
      Place place = placeOf(panel, ownGroup(step, number), strip);
      auto entry = [&] { return recordEntryOf(step, place); };
      Fragments operands = operandsOf(panel, step, place, entry, asWords);
      return waitForProducts(0, beginProducts(operands, step, place.group, carried));
    });
  auto multiplyNext = [&](const Place &place, llvm::function_ref<RecordEntry()> entry,
                          ValueRange carried) {
    Fragments operands = operandsOf(panel, step, place, entry, asWords);
    Fragments next = beginProducts(operands, step, place.group, carried);
    // The products before have had the time of a decode to end. Of two groups neither has any: a
    // step ends with all.
    if (plan.groupsPerStage > 2)
      waitForProducts(1, {});
    return next;
  };
  // Operands of both groups are there before either is multiplied, and no products are left when
  // the next ones are decoded: ptxas serialises products whose operands a branch among others
  // changes, and has no other registers for the next pair.
  auto multiplyPair = [&](Value group, ValueRange carried) {
    Fragments pair = operandsOfPair(strip, panel, step, group, asWords), next = carried;
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
    Place even = placeOf(panel, group, strip), odd = placeOf(panel, index.add(group, 1), strip);
    // Entries of two groups lie side by side, where they are groups'.
    SmallVector<RecordEntry> both;
    if (plan.hasEscapes && !asWords && plan.unitGroups == 1)
      both = entriesFrom(step, even, 2);
    auto entry = [&](const Place &place, size_t number) {
      return both.empty() ? recordEntryOf(step, place) : both[number];
    };
    Fragments first = multiplyNext(even, [&] { return entry(even, 0); }, carried);
    return multiplyNext(odd, [&] { return entry(odd, 1); }, first);
  });
  return waitForProducts(0, next);
}

} // namespace uwt
