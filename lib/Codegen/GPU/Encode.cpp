//===- Encode.cpp - The kernel that codes words ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "Entries.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Pack/Abi.h"

using namespace mlir;

namespace uwt::codegen {

/// Of a register's words: sign and mantissa, where a symbol is a byte.
static constexpr uint32_t rawBits = 0x807F807F;

Status EncodeBuilder::checkResult(const EmittedFormat &format) {
  std::string name = "'" + format.format.str() + "'";
  if (format.traits.rate != Rate::Fixed || !format.traits.madeByDevices ||
      format.format.escapes == Escapes::Rows64)
    return unsupportedError("it makes formats " + deviceFormatsText() + ", not " + name);
  if (!format.hasByteFields())
    return unsupportedError("symbols and raw fields of format " + name + " are not bytes");
  return ok();
}

std::vector<KernelArgument> EncodeBuilder::arguments() const {
  std::vector<KernelArgument> arguments;
  uint32_t number = 0;
  auto add = [&](ArgumentType type) {
    arguments.push_back({ArgumentKind::Extra, type, 16, number++, 0});
  };
  if (from == Source::DenseRows)
    arguments = {DenseRows::argument(columns), scalarArgument(ArgumentKind::XStride)};
  else
    add(ArgumentType::I32);
  // The result, or what says how it is made, and its planes.
  constexpr ArgumentType types[] = {ArgumentType::I8,  ArgumentType::I16, ArgumentType::I64,
                                    ArgumentType::I32, ArgumentType::I32, ArgumentType::I32,
                                    ArgumentType::I32, ArgumentType::I32};
  if (makesWords())
    add(ArgumentType::I32);
  else
    llvm::for_each(types, add);
  return arguments;
}

void EncodeBuilder::takeArguments(gpu::GPUFuncOp kernel) {
  unsigned next = 0;
  source = kernel.getArgument(next++);
  if (from == Source::DenseRows)
    dense.emplace(static_cast<const UnitCode &>(*this), source, kernel.getArgument(next++));
  if (makesWords()) {
    words = kernel.getArgument(next);
    return;
  }
  for (Value *argument : {&table, &counts, &panelTable, &records, &words, &raw, &code, &patch})
    *argument = kernel.getArgument(next++);
}

void EncodeBuilder::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types;
  for (const KernelArgument &argument : arguments())
    types.push_back(isMemref(argument.kind)
                        ? Type(globalBuffer(builder.getIntegerType(8 * bytesOf(argument.type))))
                        : builder.getIndexType());
  gpu::GPUFuncOp kernel = beginKernel(module, "encode", types, threads, ctas);
  findLane();
  takeArguments(kernel);
  forEachWarpItem(index.constant(panels * groups * 4), warps, [&](Value item) { buildUnit(item); });
  gpu::ReturnOp::create(builder, location);
}

void EncodeBuilder::describe(KernelEntry &entry) const {
  LaunchRule rule;
  rule.grid = GridRule::Persistent;
  rule.threads = threads;
  rule.ctasPerMultiprocessor = ctas;
  rule.tileN = panelRows;
  rule.tileK = fixedUnitColumns;
  entry.launch = rule;
  entry.workspace = {};
  entry.arguments = arguments();
}

void EncodeBuilder::buildUnit(Value item) {
  Value inPanel = index.rem(item, groups * 4);
  Panel panel;
  panel.number = index.div(item, groups * 4);
  panel.strips = stripsOf(panel.number);
  FixedUnit fixed{index.div(inPanel, 4), index.rem(inPanel, 4)};
  index.ifElse(index.less(fixed.strip, panel.strips), [&] {
    if (makesWords()) {
      storeWords(loadWords(panel, fixed), wordsAt(panel, fixed));
      return;
    }
    Fragments fragments = loadFragments(panel, fixed);
    Value isCounted = memref::DimOp::create(builder, location, counts, 0);
    index.ifElse(
        index.less(0, isCounted), [&] { storeCount(panel, fixed, fragments); },
        [&] { storeFragments(panel, fixed, fragments); });
  });
}

Value EncodeBuilder::wordsAt(const Panel &panel, const FixedUnit &fixed) {
  Value at = index.mul(unitNumber(panel.number, panel.strips, fixed), wordUnitU32);
  return index.add(at, index.mul(lane, laneU32));
}

EncodeBuilder::Values EncodeBuilder::loadWords(const Panel &panel, const FixedUnit &fixed) {
  if (dense)
    return dense->loadUnit(panel.number, fixed);
  Value at = wordsAt(panel, fixed);
  Values fragments;
  for (int64_t r = 0; r < 4; ++r)
    fragments.push_back(loadVector(source, index.add(at, operandU32 * r), 4, builder.getI32Type()));
  return fragments;
}

EncodeBuilder::Fragments EncodeBuilder::loadFragments(const Panel &panel, const FixedUnit &fixed) {
  Fragments fragments;
  fragments.words = loadWords(panel, fixed);
  Values masks(4, LaneBuilder(builder, location, fragmentType()).constant(-1));
  if (Value isEdge = hasPadding(panel.number, fixed))
    masks = either(
        isEdge, SmallVector<Type>(4, fragmentType()), [&] { return existing(panel.number, fixed); },
        [&] { return masks; });
  fragments.escapes = constant(0);
  for (unsigned r = 0; r < 4; ++r) {
    Values codes;
    for (unsigned block = 0; block < 4; ++block) {
      auto [pair, escaped] =
          lookUp(vector::ExtractOp::create(builder, location, fragments.words[r], block),
                 vector::ExtractOp::create(builder, location, masks[r], block));
      codes.push_back(pair);
      Value placed = shl(escaped, 8 * block + 2 * r);
      fragments.escapes = bitOr(fragments.escapes, placed);
    }
    fragments.codes.push_back(
        vector::FromElementsOp::create(builder, location, cast<VectorType>(fragmentType()), codes));
  }
  return fragments;
}

Value EncodeBuilder::entryOf(Value word, unsigned half, Value exists) {
  Value symbol = bits(word, 16 * half + 7, 8);
  // Padding has an entry of its own: the commonest code.
  Value isThere = notEqual(bits(exists, 16 * half, 16), 0);
  symbol = select(isThere, symbol, encodeTablePadding);
  return toI32(load(table, toIndex(symbol)));
}

std::pair<Value, Value> EncodeBuilder::lookUp(Value word, Value exists) {
  Value low = entryOf(word, 0, exists), high = entryOf(word, 1, exists);
  Value codes = bitOr(bits(low, 0, 4), shl(bits(high, 0, 4), 16));
  Value escaped = bitOr(bits(low, 7, 1), shl(bits(high, 7, 1), 1));
  return {codes, escaped};
}

Value EncodeBuilder::popCount(Value value) {
  return math::CtPopOp::create(builder, location, value);
}

void EncodeBuilder::storeCount(const Panel &panel, const FixedUnit &fixed,
                               const Fragments &fragments) {
  Value count = ofLane(sumUpTo(popCount(fragments.escapes), lane), 31);
  index.ifElse(index.equal(lane, 0), [&] {
    Value value = arith::TruncIOp::create(builder, location, builder.getI16Type(), count);
    memref::StoreOp::create(builder, location, value, counts,
                            ValueRange{unitNumber(panel.number, panel.strips, fixed)});
  });
}

void EncodeBuilder::storeFragments(const Panel &panel, const FixedUnit &fixed,
                                   const Fragments &fragments) {
  auto field = [&](DevicePanelField which) { return panelField(panelTable, panel.number, which); };
  Value inPanel = index.add(index.mul(fixed.group, panel.strips), fixed.strip);
  auto at = [&](Value start, int64_t unitWords) {
    Value own = index.add(index.mul(inPanel, unitWords), index.mul(lane, laneU32));
    return index.add(start, own);
  };
  index.ifElse(
      index.less(0, field(DevicePanelField::StoredAsWords)),
      [&] { storeWords(fragments.words, at(field(DevicePanelField::Words), wordUnitU32)); },
      [&] {
        const UnitGeometry &stored = format.traits.unit;
        isInPlace ? storeInPlace(fragments, at(field(DevicePanelField::Code), stored.codeU32))
                  : storePlanes(fragments, at(field(DevicePanelField::Raw), stored.rawU32),
                                at(field(DevicePanelField::Code), stored.codeU32));
        if (format.format.escapes == Escapes::Patch)
          storeRecords(panel, fixed, fragments);
      });
}

void EncodeBuilder::storeWords(ValueRange fragments, Value at) {
  for (auto [r, fragment] : llvm::enumerate(fragments))
    storeFragment(fragment, words, index.add(at, operandU32 * static_cast<int64_t>(r)));
}

void EncodeBuilder::storeFragment(Value fragment, Value plane, Value at) {
  vector::StoreOp::create(builder, location, fragment, plane, ValueRange{at},
                          /*nontemporal=*/false, llvm::MaybeAlign(16));
}

void EncodeBuilder::storePlanes(const Fragments &fragments, Value rawAt, Value codeAt) {
  LaneBuilder lanes(builder, location, fragmentType());
  // plane-1: of a byte, halves 0 and 1 of two registers; of a nibble, of four.
  auto rawBytes = [&](Value word) { return lanes.merge(0x007F007F, word, lanes.lshr(word, 8)); };
  Value nibbles = fragments.codes[0];
  for (unsigned r = 1; r < 4; ++r)
    nibbles = lanes.bitOr(nibbles, lanes.shl(fragments.codes[r], 4 * r));
  for (unsigned kind = 0; kind < 2; ++kind) {
    Value even = rawBytes(fragments.words[2 * kind]), odd = rawBytes(fragments.words[2 * kind + 1]);
    Value bytes = lanes.merge(0x00FF00FF, even, lanes.shl(odd, 8));
    storeFragment(bytes, raw, index.add(rawAt, operandU32 * static_cast<int64_t>(kind)));
  }
  storeFragment(nibbles, code, codeAt);
}

void EncodeBuilder::storeInPlace(const Fragments &fragments, Value codeAt) {
  LaneBuilder lanes(builder, location, fragmentType());
  // inplace12-1.
  Values kinds;
  for (unsigned r = 0; r < 4; ++r)
    kinds.push_back(
        lanes.bitOr(lanes.bitAnd(fragments.words[r], rawBits), lanes.shl(fragments.codes[r], 7)));
  Value lowest = lanes.shl(lanes.bitAnd(kinds[3], 0x00070007), 12);
  Value signs = lanes.rotateLeft(lanes.bitAnd(kinds[3], 0x80008000), 12);
  const Value spread[] = {lanes.bitOr(lowest, signs),
                          lanes.shl(lanes.bitAnd(kinds[3], 0x00780078), 8),
                          lanes.shl(fragments.codes[3], 11)};
  for (auto [kind, spare] : llvm::enumerate(spread))
    storeFragment(lanes.bitOr(kinds[kind], spare), code,
                  index.add(codeAt, operandU32 * static_cast<int64_t>(kind)));
}

std::array<Value, 4> EncodeBuilder::recordsBefore(const Fragments &fragments) {
  // escape-2: by block, lane, register, half. Counts of two blocks in a u32: at most 256 each.
  std::array<Value, 4> ofBlock, before;
  for (unsigned block = 0; block < 4; ++block)
    ofBlock[block] = popCount(bits(fragments.escapes, 8 * block, 8));
  Value passed = constant(0);
  for (unsigned block = 0; block < 4; block += 2) {
    Value high = shl(ofBlock[block + 1], 16);
    Value sums = sumUpTo(add(ofBlock[block], high), lane), all = ofLane(sums, 31);
    for (unsigned i = 0; i < 2; ++i) {
      Value own = sub(bits(sums, 16 * i, 16), ofBlock[block + i]);
      before[block + i] = add(passed, own);
      passed = add(passed, bits(all, 16 * i, 16));
    }
  }
  return before;
}

Value EncodeBuilder::firstRecordOf(const Panel &panel, const FixedUnit &fixed) {
  Value entry = index.mul(
      index.add(panelField(panelTable, panel.number, DevicePanelField::Records), fixed.group), 2);
  Value first = load(records, entry), countsOfGroup = load(records, index.add(entry, 1));
  for (unsigned strip = 0; strip < 3; ++strip) {
    Value isBefore = index.less(strip, fixed.strip);
    first = add(first, select(isBefore, bits(countsOfGroup, 8 * strip, 8), 0));
  }
  return first;
}

void EncodeBuilder::storeRecords(const Panel &panel, const FixedUnit &fixed,
                                 const Fragments &fragments) {
  std::array<Value, 4> before = recordsBefore(fragments);
  Value first = firstRecordOf(panel, fixed);
  Value room = memref::DimOp::create(builder, location, patch, 0);
  for (unsigned block = 0; block < 4; ++block)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned half = 0; half < 2; ++half) {
        Value isEscape = notEqual(bits(fragments.escapes, 8 * block + 2 * r + half, 1), 0);
        Value at = toIndex(add(first, before[block]));
        index.ifElse(bitAnd(isEscape, index.less(at, room)), [&] {
          Value word = vector::ExtractOp::create(builder, location, fragments.words[r], block);
          Value position = add(toI32(index.mul(lane, 8)), 256 * block + 2 * r + half);
          Value record = shl(position, 16);
          record = bitOr(record, bits(word, 16 * half, 16));
          memref::StoreOp::create(builder, location, record, patch, ValueRange{at});
        });
        before[block] = add(before[block], toI32(isEscape));
      }
}

} // namespace uwt::codegen
