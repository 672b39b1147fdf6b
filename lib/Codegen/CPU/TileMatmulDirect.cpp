//===- TileMatmulDirect.cpp - Units multiplied where they are decoded -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A panel's units are read in the order in which they lie, all strips of a column
// group before the next group: one stream of memory, at the price of loading and
// storing 16 vectors of accumulators a unit. (A strip at a time reads four streams and
// was seen at half the speed.)
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"

using namespace mlir;

namespace uwt::codegen {

/// Units that are asked for in several streams while as many are multiplied: by integers 32 and 128
/// gave what 64 gives on an Emerald Rapids, a tenth more than one stream.
static constexpr int64_t unitsInTurn = 64;

void ProductLowering::emitDirect(const PanelFields &panel) {
  index.loop(sizeM, [&](Value m) {
    zeroAccumulators(index.constant(1));
    Value xStart = preparedStart(panel.matrix, m);
    Value isFirst = index.equal(m, 0);
    auto words = [&] { emitDirectUnits(panel, xStart, isFirst, /*asWords=*/true); };
    auto coded = [&] { emitDirectUnits(panel, xStart, isFirst, /*asWords=*/false); };
    if (layout.onlyWords)
      words();
    else
      index.ifElse(panel.storedAsWords, words, coded);
    emitOutputs(panel, m, index.constant(1));
  });
}

void ProductLowering::emitDirectUnits(const PanelFields &panel, Value xStart, Value isFirst,
                                      bool asWords) {
  int64_t unitGroups = asWords ? 1 : layout.groups;
  // Panels of words have no whole units of 256 columns: their padding ends at 64.
  Value units = asWords ? index.ceilDiv(columns, fixedUnitColumns) : index.div(groups, unitGroups);
  bool escapes = !asWords && layout.hasEscapes;
  SmallVector<Value> carried;
  if (escapes)
    carried.push_back(panel.patch);
  index.loop(units, carried, [&](Value group, ValueRange outer) {
    UnitOfX x = {index.add(xStart, index.mul(group, unitGroups * u32InGroup())), unitGroups, {}};
    if (holdsUnit)
      x.vectors = loadUnitOfX(x);
    return index.loop(panel.strips, outer, [&](Value strip, ValueRange inner) {
      Value unit = index.add(index.mul(group, panel.strips), strip);
      auto ask = [&](HalfOfUnit half) {
        auto now = [&] { prefetchUnitAhead(panel, unit, asWords, half); };
        asWords ? index.ifElse(isFirst, now) : now();
      };
      ask(HalfOfUnit::First);
      SmallVector<Value> next;
      if (escapes)
        next.push_back(emitEscapedUnit(panel, unit, strip, x, inner[0]));
      else
        emitDirectUnit(panel, unit, strip, x, asWords);
      ask(HalfOfUnit::Second);
      return next;
    });
  });
}

/// Codes take so long to become words that a Zen 4 was seen to read them at a third of its speed,
/// unless it is asked, and a Zen 5 at half. Words are asked for one unit ahead: further ahead they
/// come late where memory is slow. A Zen 5 reads them 1.1 to 1.3 times as fast so where memory is
/// fast, and as fast where it is slow. For further rows of x they are in a cache: asked for again,
/// two rows took 1.2 times as long there.
void ProductLowering::prefetchUnitAhead(const PanelFields &panel, Value unit, bool asWords,
                                        HalfOfUnit half) {
  if (readStreams > 1) {
    if (half == HalfOfUnit::First)
      prefetchInTurn(panel, unit, asWords);
    return;
  }
  forEachPlane(panel, unit, asWords, [&](WeightBuffer kind, Value first, int64_t unitU32) {
    prefetchAhead(kind, first, unitU32, holdsUnit && asWords ? unitU32 : prefetchU32, half);
  });
}

void ProductLowering::prefetchInTurn(const PanelFields &panel, Value unit, bool asWords) {
  Value inTurn = index.rem(unit, unitsInTurn);
  Value next = index.add(index.sub(unit, inTurn), unitsInTurn);
  forEachPlane(panel, next, asWords, [&](WeightBuffer kind, Value first, int64_t unitU32) {
    prefetchStreams(kind, first, unitU32, index.constant(unitsInTurn), inTurn);
  });
}

/// On a Zen 5 4 KB ahead in the nearest cache are 1.1 to 1.4 times as fast as 16 KB in the next
/// one; a Zen 3, which decodes by row, was measured with those.
static int64_t usualPrefetchU32(bool holdsUnit) { return holdsUnit ? 1024 : 4096; }

void ProductLowering::readDistances(const KernelConfig &config, const Target &target) {
  prefetchU32 =
      config.prefetchBytes ? config.prefetchBytes / sizeof(uint32_t) : usualPrefetchU32(holdsUnit);
  readStreams = config.readStreams ? config.readStreams : usualReadStreams(target.hasTiles());
}

/// Asks for as much as a unit of `unitU32` u32 at `first` has, `aheadU32` and more ahead of it: a
/// row's part of a unit is apart from the next row's, which the processor does not take for one
/// stream. Half of it before the unit's products and half behind them: a Zen 5 that is asked for 17
/// lines at once, those of INT4, has its loads wait for them.
void ProductLowering::prefetchAhead(WeightBuffer kind, Value first, int64_t unitU32,
                                    int64_t aheadU32, HalfOfUnit half) {
  int64_t middle = std::min<int64_t>(roundUp(divideUp(unitU32, 2), laneCount), unitU32);
  bool isFirst = half == HalfOfUnit::First;
  prefetchLines(kind, index.add(first, roundUp(aheadU32, unitU32) + (isFirst ? 0 : middle)),
                isFirst ? middle : unitU32 - middle, holdsUnit ? nearestCache : nextCache);
}

SmallVector<SmallVector<Value>> ProductLowering::loadUnitOfX(const UnitOfX &x) {
  SmallVector<SmallVector<Value>> vectors;
  for (int64_t i = 0; i < x.groups; ++i)
    for (unsigned half = 0; half < 2; ++half)
      vectors.push_back(loadX(index.add(x.at, i * u32InGroup()), half));
  return vectors;
}

void ProductLowering::emitDirectUnit(const PanelFields &panel, Value unit, Value strip,
                                     const UnitOfX &x, bool asWords) {
  Value start = accumulatorsOfRow(strip);
  if (!holdsUnit) {
    auto [first, code] = offsetsOf(panel, unit, asWords);
    DotUnitOp::create(builder, location, op.getWeight(), first, code, prepared, x.at, accumulators,
                      start, asWords, op.getNumerics());
    return;
  }
  SmallVector<Value> rowAccumulators;
  for (unsigned row = 0; row < stripRows; ++row)
    rowAccumulators.push_back(
        loadVector(accumulators, index.add(start, row * laneCount), builder.getF32Type()));
  // Register r of row g is row g + 8·(r mod 2) of the strip and meets half ⌊r/2⌋ of x.
  for (auto [number, words] : llvm::enumerate(decodeUnit(panel, unit, asWords))) {
    unsigned group = number / groupVectors, r = number / 8 % 4, g = number % 8;
    Value &sum = rowAccumulators[g + 8 * (r % 2)];
    sum = dot(words, sum, x.vectors[2 * group + r / 2]);
  }
  for (unsigned row = 0; row < stripRows; ++row)
    storeVector(rowAccumulators[row], accumulators, index.add(start, row * laneCount));
}

Value ProductLowering::emitEscapedUnit(const PanelFields &panel, Value unit, Value strip,
                                       const UnitOfX &x, Value record) {
  Value count = escapesOf(panel, unit);
  index.ifElse(
      index.less(0, count),
      [&] {
        Value zero = index.constant(0);
        decodeUnit(panel, unit, /*asWords=*/false, zero);
        PatchUnitOp::create(builder, location, op.getWeight(), record, count, index.constant(1),
                            buffer, zero);
        emitDotsFromBuffer(strip, holdsUnit ? x.vectors : loadUnitOfX(x));
      },
      [&] { emitDirectUnit(panel, unit, strip, x, /*asWords=*/false); });
  return index.add(record, index.mul(count, layout.recordU32));
}

void ProductLowering::emitDotsFromBuffer(Value strip, ArrayRef<SmallVector<Value>> x) {
  auto rowVector = VectorType::get({laneCount}, builder.getI32Type());
  Value start = accumulatorsOfRow(strip);
  // Half a strip's rows a pass: the same order of additions as from row vectors.
  index.loop(stripRows, [&](Value row) {
    Value at = index.add(start, index.mul(row, laneCount));
    Value sum = loadVector(accumulators, at, builder.getF32Type());
    for (size_t i = 0; i < x.size(); ++i) {
      int64_t first = i / 2 * groupVectors + i % 2 * (groupVectors / 2);
      Value from = index.mul(index.add(row, first), 2 * laneCount);
      Value words = loadVector(buffer, from, builder.getI16Type(), 2 * laneCount);
      sum = dot(vector::BitCastOp::create(builder, location, rowVector, words), sum, x[i]);
    }
    storeVector(sum, accumulators, at);
  });
}

} // namespace uwt::codegen
