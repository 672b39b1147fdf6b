//===- WarpgroupMainloop.cpp - A stage, multiplied by four warps ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mainloop.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

WarpgroupMainloop::WarpgroupMainloop(const LaneCode &code, const ProductPlan &plan, Type element,
                                     StageDecoder &decoder, EscapePatcher &escapes, WarpMma &mma,
                                     Value ring)
    : LaneCode(code), plan(plan), layout(plan.stage()), element(element), decoder(decoder),
      escapes(escapes), mma(mma), units(code, plan), ring(ring) {}

WarpgroupMainloop::Values WarpgroupMainloop::operandsOf(const TilePanel &panel, const Stage &stage,
                                                        const UnitCoordinate &unit, EntryOf entryOf,
                                                        bool asWords) {
  if (plan.unit.onlyWords || asWords)
    return decoder.decode(panel, stage, unit, asWords);
  SmallVector<Type> types(4, VectorType::get({4}, builder.getI32Type()));
  auto fromCodes = [&] {
    if (plan.decoded.hasFlags())
      return either(
          decoder.isInBytes(stage, unit), types,
          [&] { return decoder.decodeBytes(panel, stage, unit); },
          [&] { return decoder.decode(panel, stage, unit, /*asWords=*/false); });
    return withEscapes(stage, unit, entryOf, decoder.decode(panel, stage, unit, /*asWords=*/false));
  };
  if (plan.hasLoopOfWords())
    return fromCodes();
  return either(
      panel.storedAsWords, types,
      [&] {
        // A barrier makes a branch of it: ptxas would issue these loads in all panels.
        warpBarrier();
        return decoder.decode(panel, stage, unit, /*asWords=*/true);
      },
      fromCodes);
}

WarpgroupMainloop::Values WarpgroupMainloop::withEscapes(const Stage &stage,
                                                         const UnitCoordinate &unit,
                                                         EntryOf entryOf, ValueRange fragments) {
  if (!plan.unit.hasEscapes)
    return Values(fragments);
  // Accumulators cannot come from this branch: those that products are in would have to be taken by
  // all four warps. The rare way begins with the frequent one's operands, so that it needs no
  // others.
  EscapePatcher::Entry entry = entryOf();
  return either(
      escapes.hasEscapes(unit, entry), fragments.getTypes(),
      [&] { return escapes.patch(stage, unit, entry, fragments); },
      [&] { return Values(fragments); });
}

WarpgroupMainloop::Values WarpgroupMainloop::operandsOfPair(Value strip, const TilePanel &panel,
                                                            const Stage &stage, Value group,
                                                            bool asWords) {
  Values decoded = decoder.decodePair(panel, stage, group, strip, asWords), pair;
  if (asWords)
    return decoded;
  for (int64_t i = 0; i < 2; ++i) {
    UnitCoordinate unit = units.coordinate(panel, index.add(group, i), strip);
    pair.append(withEscapes(
        stage, unit, [&] { return escapes.entryOf(stage, unit); },
        ArrayRef(decoded).slice(4 * i, 4)));
  }
  return pair;
}

WarpgroupMainloop::Values WarpgroupMainloop::beginProducts(ValueRange operands, const Stage &stage,
                                                           Value group, ValueRange accumulators) {
  Value x = index.add(stage.begin, layout.x); // u32 of the ring
  x = index.add(x, index.mul(group, plan.tile.packedGroupU32()));
  auto products = WarpgroupMmaOp::create(
      builder, location, element, operands[0], operands[1], operands[2], operands[3], ring, x,
      /*leading=*/coreMatrixBytes, /*stride=*/blockTileBytes,
      /*blockStride=*/plan.tile.mTiles * blockTileBytes, /*swizzle=*/0, accumulators);
  return Values(products.getNext());
}

WarpgroupMainloop::Values WarpgroupMainloop::waitForProducts(int64_t pending,
                                                             ValueRange accumulators) {
  return Values(WarpgroupWaitOp::create(builder, location, pending, accumulators).getDone());
}

WarpgroupMainloop::Values WarpgroupMainloop::multiplyNext(const TilePanel &panel,
                                                          const Stage &stage,
                                                          const UnitCoordinate &unit,
                                                          EntryOf entryOf, ValueRange accumulators,
                                                          bool asWords) {
  Values operands = operandsOf(panel, stage, unit, entryOf, asWords);
  Values next = beginProducts(operands, stage, unit.group, accumulators);
  // The products before have had the time of a decode to end. Of two column groups neither has any:
  // a stage ends with all.
  if (plan.ring.groupsPerStage > 2)
    waitForProducts(1, {});
  return next;
}

WarpgroupMainloop::Values WarpgroupMainloop::multiplyPair(Value strip, const TilePanel &panel,
                                                          const Stage &stage, Value group,
                                                          ValueRange accumulators, bool asWords) {
  // Operands of both column groups are there before either is multiplied, and no products are left
  // when the next ones are decoded: ptxas serialises products whose operands a branch among others
  // changes, and has no other registers for the next pair.
  Values pair = operandsOfPair(strip, panel, stage, group, asWords), next(accumulators);
  for (int64_t i = 0; i < 2; ++i)
    next = beginProducts(ArrayRef(pair).slice(4 * i, 4), stage, index.add(group, i), next);
  return waitForProducts(0, next);
}

WarpgroupMainloop::Values WarpgroupMainloop::multiplyTwo(Value strip, const TilePanel &panel,
                                                         const Stage &stage, Value group,
                                                         ValueRange accumulators, bool asWords) {
  UnitCoordinate even = units.coordinate(panel, group, strip),
                 odd = units.coordinate(panel, index.add(group, 1), strip);
  // Entries of two column groups lie side by side, where they are groups'.
  SmallVector<EscapePatcher::Entry> both;
  if (plan.unit.hasEscapes && !asWords && !plan.unit.isWide())
    both = escapes.entriesFrom(stage, even, 2);
  auto entry = [&](const UnitCoordinate &unit, size_t number) {
    return both.empty() ? escapes.entryOf(stage, unit) : both[number];
  };
  Values first =
      multiplyNext(panel, stage, even, [&] { return entry(even, 0); }, accumulators, asWords);
  return multiplyNext(panel, stage, odd, [&] { return entry(odd, 1); }, first, asWords);
}

WarpgroupMainloop::Values WarpgroupMainloop::multiply(Value strip, const TilePanel &panel,
                                                      const Stage &stage, ValueRange accumulators,
                                                      bool asWords) {
  // A branch for the last stage's odd column group would take the registers of another pair. The
  // decode of other warps runs beside the products.
  if (plan.problem.columnGroups() % 2 != 0)
    return index.loop(stage.ownGroups, accumulators, [&](Value number, ValueRange carried) {
      UnitCoordinate unit = units.coordinate(panel, units.ownGroup(stage, number), strip);
      auto entry = [&] { return escapes.entryOf(stage, unit); };
      Values operands = operandsOf(panel, stage, unit, entry, asWords);
      return waitForProducts(0, beginProducts(operands, stage, unit.group, carried));
    });
  // ptxas overwrites operands of products under way in a loop that is not unrolled by two.
  Value pairs = index.div(stage.ownGroups, 2);
  Values next = index.loop(pairs, accumulators, [&](Value pair, ValueRange carried) {
    Value group = units.ownGroup(stage, index.mul(pair, 2));
    // Runs take the registers that a second column group's operands would.
    if (plan.unit.isWide() && plan.unit.hasWordRecords())
      return multiplyPair(strip, panel, stage, group, carried, asWords);
    return multiplyTwo(strip, panel, stage, group, carried, asWords);
  });
  return waitForProducts(0, next);
}

} // namespace uwt::codegen
