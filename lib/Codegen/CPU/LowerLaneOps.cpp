//===- LowerLaneOps.cpp - Dot products and lookups for a target -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DotInteger.h"
#include "Intrinsics.h"
#include "Widen.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_LOWERLANEOPSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"

/// x of a dot product as f32 beneath the low and beneath the high halves.
static std::pair<Value, Value> wideX(OpBuilder &builder, DotOp op, const Target &target) {
  if (op.getX().size() == 2)
    return {op.getX()[0], op.getX()[1]};
  return widenHalves(builder, op.getLoc(), op.getX()[0], op.getElement(),
                     target.supports(Feature::Fma));
}

static Value lowerDot(OpBuilder &builder, DotOp op, const Target &target) {
  Location location = op.getLoc();
  if (target.supports(Feature::Avx512Bf16) && op.getNumerics() == Numerics::Fast &&
      op.getX().size() == 1 && op.getElement().isBF16()) {
    auto pairs = VectorType::get({32}, builder.getBF16Type());
    Value w = vector::BitCastOp::create(builder, location, pairs, op.getWeights());
    Value x = vector::BitCastOp::create(builder, location, pairs, op.getX()[0]);
    return callIntrinsic(builder, location, "llvm.x86.avx512bf16.dpbf16ps.512",
                         op.getAcc().getType(), {op.getAcc(), w, x});
  }
  if (target.supports(Feature::NeonBf16) && op.getX().size() == 1 && op.getElement().isBF16())
    return multiplyPairsNeon(builder, location, op.getAcc(), op.getWeights(), op.getX()[0]);
  auto [lowX, highX] = wideX(builder, op, target);
  auto [low, high] = widenHalves(builder, location, op.getWeights(), op.getElement(),
                                 target.supports(Feature::Fma));
  // The order of vdpbf16ps: where no subnormal takes part, the sums have the same bits.
  Value sum = math::FmaOp::create(builder, location, high, highX, op.getAcc());
  return math::FmaOp::create(builder, location, low, lowX, sum);
}

static Value gatherSymbols(LaneBuilder &lanes, LookupOp op, Value codes) {
  OpBuilder &builder = lanes.ops();
  Value at = lanes.bitAnd(codes, 15);
  if (!isa<VectorType>(lanes.type())) {
    Value index = arith::IndexCastUIOp::create(builder, lanes.loc(), builder.getIndexType(), at);
    return memref::LoadOp::create(builder, lanes.loc(), op.getTable(), ValueRange{index});
  }
  auto shape = cast<VectorType>(lanes.type()).getShape();
  Value zero = arith::ConstantIndexOp::create(builder, lanes.loc(), 0);
  Value mask = arith::ConstantOp::create(
      builder, lanes.loc(),
      DenseElementsAttr::get(VectorType::get(shape, builder.getI1Type()), true));
  return vector::GatherOp::create(builder, lanes.loc(), cast<VectorType>(lanes.type()),
                                  op.getTable(), ValueRange{zero}, at, mask, lanes.constant(0));
}

static Value lowerLookup(OpBuilder &builder, LookupOp op, const Target &target) {
  LaneBuilder lanes(builder, op.getLoc(), op.getCodes().getType());
  auto vector = dyn_cast<VectorType>(op.getCodes().getType());
  if (vector && vector.getNumElements() == 16 && target.supports(Feature::Avx512)) {
    // Entry i stands in words 2i and 2i + 1; the permute looks at the low five bits of each word.
    auto words = VectorType::get({32}, builder.getI16Type());
    Value zero = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
    Value table = vector::LoadOp::create(builder, op.getLoc(), vector, op.getTable(), zero);
    auto asI32 = [&](Value value) -> Value {
      return vector::BitCastOp::create(builder, op.getLoc(), words, value);
    };
    Value shifts = asI32(lanes.shl(lanes.bitAnd(op.getCodes(), 0x000F000F), 1));
    Value found = callIntrinsic(builder, op.getLoc(), "llvm.x86.avx512.permvar.hi.512", words,
                                {asI32(table), shifts});
    return vector::BitCastOp::create(builder, op.getLoc(), vector, found);
  }
  if (vector && vector.getNumElements() == 16 && target.supports(Feature::Neon)) {
    Value zero = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
    Value entries = vector::LoadOp::create(builder, op.getLoc(), vector, op.getTable(), zero);
    Value table = arith::TruncIOp::create(builder, op.getLoc(),
                                          VectorType::get({16}, builder.getI16Type()), entries);
    return lookUpWordsNeon(builder, op.getLoc(), table, op.getCodes());
  }
  Value low = gatherSymbols(lanes, op, op.getCodes());
  Value high = gatherSymbols(lanes, op, lanes.lshr(op.getCodes(), 16));
  return lanes.merge(0xFFFF, low, high);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {
/// Rounds numbers to words, where they are what `uwt.round_words` says.
class WordRounder {
public:
  WordRounder(OpBuilder &builder, Location location, Type element, const Target &target)
      : builder(builder), location(location), element(element), target(target),
        lanes(builder, location, VectorType::get({16}, builder.getI32Type())) {}

  /// 16 f32 as 16 words.
  Value round(Value numbers);
  /// Twice 16 f32 as 32 words.
  Value roundBoth(Value first, Value second);
  /// 16 f32 as bits of bf16 above 16 bits that may be anything.
  Value roundAbove(Value numbers) { return rounded(asBits(numbers), bf16Below); }

private:
  Type words(int64_t count) const { return VectorType::get({count}, builder.getI16Type()); }
  Value asFloats(Value bits) {
    auto floats = VectorType::get({16}, builder.getF32Type());
    return arith::BitcastOp::create(builder, location, floats, bits);
  }
  Value asBits(Value floats) {
    return arith::BitcastOp::create(builder, location, lanes.type(), floats);
  }
  /// Bits of an f32 below those of a bf16.
  static constexpr unsigned bf16Below = 16;

  /// `bits` to nearest even above the lowest `dropped`, which are left as they become.
  Value rounded(Value bits, unsigned dropped) {
    Value odd = lanes.bitAnd(lanes.lshr(bits, dropped), 1);
    Value half = lanes.add(bits, (1u << (dropped - 1)) - 1);
    return lanes.add(half, odd);
  }
  Value roundedShift(Value bits, unsigned dropped) {
    return lanes.lshr(rounded(bits, dropped), dropped);
  }
  Value halfByIntegers(Value bits);

  OpBuilder &builder;
  Location location;
  Type element;
  const Target &target;
  LaneBuilder lanes;
};
} // namespace

/// An f16 without the target's conversion. A subnormal one is what is left below 2^-1 when that is
/// added: as large as its lowest bit is that of the sum.
Value WordRounder::halfByIntegers(Value bits) {
  constexpr uint32_t smallestNormal = 0x38800000, half = 0x3F000000, biases = (127 - 15) << 10;
  Value magnitude = lanes.bitAnd(bits, 0x7FFFFFFF);
  Value normal = lanes.sub(roundedShift(magnitude, 13), biases);
  Value sum =
      arith::AddFOp::create(builder, location, asFloats(magnitude), asFloats(lanes.constant(half)));
  Value subnormal = lanes.sub(asBits(sum), half);
  Value isSmall = lanes.less(magnitude, smallestNormal);
  Value sign = lanes.lshr(lanes.bitAnd(bits, 0x80000000), 16);
  return lanes.bitOr(lanes.select(isSmall, subnormal, normal), sign);
}

Value WordRounder::round(Value numbers) {
  if (element.isF16() && target.supports(Feature::Fma)) {
    Value halves = arith::TruncFOp::create(builder, location,
                                           VectorType::get({16}, builder.getF16Type()), numbers);
    return vector::BitCastOp::create(builder, location, words(16), halves);
  }
  Value bits = asBits(numbers);
  Value rounded = element.isF16() ? halfByIntegers(bits) : roundedShift(bits, bf16Below);
  return arith::TruncIOp::create(builder, location, words(16), rounded);
}

Value WordRounder::roundBoth(Value first, Value second) {
  if (element.isBF16() && target.supports(Feature::Avx512Bf16)) {
    auto pairs = VectorType::get({32}, builder.getBF16Type());
    Value rounded = callIntrinsic(builder, location, "llvm.x86.avx512bf16.cvtne2ps2bf16.512", pairs,
                                  {second, first});
    return vector::BitCastOp::create(builder, location, words(32), rounded);
  }
  return vector::ShuffleOp::create(builder, location, round(first), round(second),
                                   llvm::to_vector(llvm::seq<int64_t>(0, 32)));
}

namespace {
/// Lowers `uwt.lookup_floats`.
class FloatLookup {
public:
  FloatLookup(OpBuilder &builder, LookupFloatsOp op, const Target &target)
      : builder(builder), location(op.getLoc()), op(op), target(target),
        lanes(builder, location, op.getCodes().getType()),
        rounder(builder, location, op.getElement(), target) {}
  Value lower();

private:
  static constexpr int64_t entries = 16, halves = 32;

  VectorType vectorOf(int64_t count, Type element) const {
    return VectorType::get({count}, element);
  }
  VectorType words() const { return vectorOf(halves, builder.getI16Type()); }
  Value bitcast(Type type, Value value) {
    return vector::BitCastOp::create(builder, location, type, value);
  }
  Value shuffle(Value a, Value b, ArrayRef<int64_t> picks) {
    return vector::ShuffleOp::create(builder, location, a, b, picks);
  }

  /// Whether all tables are known to begin with +0.
  bool beginsWithZero() {
    return llvm::all_of(op.getTables(), [](Value table) {
      DenseFPElementsAttr numbers;
      return matchPattern(table, m_Constant(&numbers)) && (*numbers.begin()).isPosZero();
    });
  }
  /// The number of the table that serves a lane.
  uint32_t tableOfLane(uint32_t lane) { return lane % 4 * op.getTables().size() / 4; }
  Value permuteWords();
  Value permuteBytes(Value table, Value codes);
  Value permuteBytesOfLanes(Value table);
  Value selectWords(Value table);
  Value selectPart(uint32_t number, Value ofPart, Value found);

  OpBuilder &builder;
  Location location;
  LookupFloatsOp op;
  const Target &target;
  LaneBuilder lanes;
  WordRounder rounder;
};
} // namespace

/// A permute looks at the low five bits of each word, that of two vectors at six: above the code
/// are bits of the next one, or the number of the table.
Value FloatLookup::permuteWords() {
  OperandRange tables = op.getTables();
  Value codes = op.getCodes();
  if (tables.size() > 1 && !op.getJoined()) {
    SmallVector<uint32_t> numbers;
    for (uint32_t lane = 0; lane < 4; ++lane)
      numbers.push_back(tableOfLane(lane) * 0x00100010);
    codes = lanes.bitOr(lanes.bitAnd(codes, 0x000F000F), lanes.constants(numbers));
  }
  Value at = bitcast(words(), codes),
        low = rounder.roundBoth(tables.front(), tables.take_front(2).back());
  if (tables.size() <= 2)
    return bitcast(lanes.type(), callIntrinsic(builder, location, "llvm.x86.avx512.permvar.hi.512",
                                               words(), {low, at}));
  Value high = rounder.roundBoth(tables[2], tables[3]);
  return bitcast(lanes.type(), callIntrinsic(builder, location, "llvm.x86.avx512.vpermi2var.hi.512",
                                             words(), {low, at, high}));
}

/// Sixteen words of a table of as many, by bytes: an index with its highest bit set gives 0.
Value FloatLookup::permuteBytes(Value table, Value codes) {
  VectorType bytes = vectorOf(halves, builder.getI8Type());
  LaneBuilder few(builder, location, codes.getType());
  auto tableOf = [&](Value words) -> Value {
    Value narrow =
        arith::TruncIOp::create(builder, location, vectorOf(entries, builder.getI8Type()), words);
    SmallVector<int64_t> twice;
    for (int64_t i = 0; i < halves; ++i)
      twice.push_back(i % entries);
    return shuffle(narrow, narrow, twice);
  };
  auto lookUp = [&](Value words, Value at) {
    Value found = callIntrinsic(builder, location, "llvm.x86.avx2.pshuf.b", bytes,
                                {tableOf(words), bitcast(bytes, at)});
    return bitcast(few.type(), found);
  };
  LaneBuilder tableWords(builder, location, table.getType());
  Value at = few.bitAnd(codes, 0x000F000F);
  Value atLow = at, atHigh = few.shl(at, 8);
  // The other byte of each index is 0: nothing to hide where that entry is.
  if (!beginsWithZero()) {
    atLow = few.bitOr(atLow, 0x80008000);
    atHigh = few.bitOr(atHigh, 0x00800080);
  }
  return few.bitOr(lookUp(table, atLow), lookUp(tableWords.lshr(table, 8), atHigh));
}

Value FloatLookup::permuteBytesOfLanes(Value table) {
  constexpr int64_t few = 8;
  Value rounded = rounder.round(table);
  std::array<Value, 2> parts;
  for (int64_t part = 0; part < 2; ++part) {
    Value codes = shuffle(op.getCodes(), op.getCodes(),
                          llvm::to_vector(llvm::seq<int64_t>(part * few, (part + 1) * few)));
    parts[part] = permuteBytes(rounded, codes);
  }
  return shuffle(parts[0], parts[1], llvm::to_vector(llvm::seq<int64_t>(0, 2 * few)));
}

/// A tree of selections, a level a bit of the code.
Value FloatLookup::selectWords(Value table) {
  Value rounded = rounder.round(table);
  Value codes = bitcast(words(), op.getCodes());
  LaneBuilder wide(builder, location, words());
  SmallVector<Value> left;
  for (int64_t i = 0; i < entries; ++i)
    left.push_back(wide.splat(vector::ExtractOp::create(builder, location, rounded, i)));
  for (unsigned bit = 0; left.size() > 1; ++bit) {
    Value isSet = wide.notEqual(wide.bitAnd(codes, 1u << bit), 0);
    for (size_t i = 0; i < left.size() / 2; ++i)
      left[i] = wide.select(isSet, left[2 * i + 1], left[2 * i]);
    left.resize(left.size() / 2);
  }
  return bitcast(lanes.type(), left.front());
}

/// What is looked up of a part of the table by those codes whose upper bits are its number.
Value FloatLookup::selectPart(uint32_t number, Value ofPart, Value found) {
  LaneBuilder wide(builder, location, words());
  uint32_t upper = (static_cast<uint32_t>(op.getTables().size()) - 1) * entries;
  Value part = wide.bitAnd(bitcast(words(), op.getCodes()), upper);
  Value isPart = wide.equal(part, static_cast<int64_t>(number * entries));
  return bitcast(lanes.type(),
                 wide.select(isPart, bitcast(words(), ofPart), bitcast(words(), found)));
}

Value FloatLookup::lower() {
  if (target.supports(Feature::Avx512))
    return permuteWords();
  auto lookUp = [&](Value table) {
    if (target.supports(Feature::Neon))
      return lookUpWordsNeon(builder, location, rounder.round(table), op.getCodes());
    return target.supports(Feature::Avx2) ? permuteBytesOfLanes(table) : selectWords(table);
  };
  Value found = lookUp(op.getTables().front());
  for (auto [number, table] : llvm::drop_begin(llvm::enumerate(op.getTables()))) {
    if (op.getJoined()) {
      found = selectPart(number, lookUp(table), found);
      continue;
    }
    SmallVector<int64_t> picks;
    for (int64_t lane = 0; lane < entries; ++lane)
      picks.push_back(tableOfLane(lane) == number ? entries + lane : lane);
    found = shuffle(found, lookUp(table), picks);
  }
  return found;
}

namespace {
/// Lowers `uwt.lookup_nibbles` by byte permutations of AVX2.
class NibbleLookup {
public:
  NibbleLookup(OpBuilder &builder, LookupNibblesOp op, const Target &target)
      : builder(builder), location(op.getLoc()), op(op),
        lanes(builder, location, VectorType::get({few}, builder.getI32Type())),
        rounder(builder, location, op.getElement(), target) {}
  SmallVector<Value> lower();

private:
  /// Lanes and bytes of a register.
  static constexpr int64_t few = 8, bytes = 32;
  /// Both bytes of a table's words, twice.
  using ByteTables = std::array<Value, 2>;
  using Halves = std::array<Value, 2>;

  Value shuffle(Value a, Value b, ArrayRef<int64_t> picks) {
    return vector::ShuffleOp::create(builder, location, a, b, picks);
  }
  Value bitcast(int64_t count, Type element, Value value) {
    return vector::BitCastOp::create(builder, location, VectorType::get({count}, element), value);
  }
  Value asBytes(Value value) { return bitcast(bytes, builder.getI8Type(), value); }
  ByteTables bytesOf(Value table);
  ByteTables bytesOfWords(Value words);
  Value part(unsigned number);
  std::array<Halves, 2> lookUp(const ByteTables &tables, Value codes);

  OpBuilder &builder;
  Location location;
  LookupNibblesOp op;
  LaneBuilder lanes;
  WordRounder rounder;
};
} // namespace

NibbleLookup::ByteTables NibbleLookup::bytesOf(Value table) {
  if (!op.getElement().isBF16())
    return bytesOfWords(rounder.round(table));
  // Of each half of a register: four low bytes and four high ones.
  Value bits = bitcast(2 * bytes, builder.getI8Type(), rounder.roundAbove(table));
  std::array<Value, 2> parts;
  for (int64_t part = 0; part < 2; ++part) {
    SmallVector<int64_t> picks(bytes);
    for (int64_t i = 0; i < bytes; ++i) {
      int64_t ofHalf = part * bytes + i / 16 * 16;
      picks[i] = i % 16 < 8 ? ofHalf + i % 4 * 4 + 2 + i % 8 / 4 : vector::ShuffleOp::kPoisonIndex;
    }
    parts[part] = bitcast(few, builder.getI32Type(), shuffle(bits, bits, picks));
  }
  // Then eight and eight, and those of both halves together.
  Value both = shuffle(parts[0], parts[1], {0, 8, 1, 9, 4, 12, 5, 13});
  both = bitcast(few / 2, builder.getI64Type(), both);
  return {asBytes(shuffle(both, both, {0, 2, 0, 2})), asBytes(shuffle(both, both, {1, 3, 1, 3}))};
}

NibbleLookup::ByteTables NibbleLookup::bytesOfWords(Value words) {
  ByteTables tables;
  for (int64_t byte = 0; byte < 2; ++byte) {
    SmallVector<int64_t> picks;
    for (int64_t i = 0; i < bytes; ++i)
      picks.push_back(2 * nibbleLane(i % (bytes / 2)) + byte);
    tables[byte] = shuffle(asBytes(words), asBytes(words), picks);
  }
  return tables;
}

/// Eight lanes of codes, of each four the lower halves first: their bytes and those of another such
/// vector, interleaved, are words in the order of lanes.
Value NibbleLookup::part(unsigned number) {
  Value words = bitcast(4 * few, builder.getI16Type(), op.getCodes());
  SmallVector<int64_t> picks;
  for (int64_t i = 0; i < 2 * few; ++i)
    picks.push_back(number * 2 * few + i / 8 * 8 + i % 4 * 2 + i / 4 % 2);
  return bitcast(few, builder.getI32Type(), shuffle(words, words, picks));
}

std::array<NibbleLookup::Halves, 2> NibbleLookup::lookUp(const ByteTables &tables, Value codes) {
  ByteTables found;
  for (auto [byte, table] : llvm::zip_equal(found, tables))
    byte = callIntrinsic(builder, location, "llvm.x86.avx2.pshuf.b",
                         VectorType::get({bytes}, builder.getI8Type()), {table, asBytes(codes)});
  std::array<Halves, 2> result;
  for (int64_t half = 0; half < 2; ++half) {
    SmallVector<int64_t> picks;
    for (int64_t i = 0; i < bytes; ++i)
      picks.push_back(i % 2 * bytes + i / 16 * 16 + half * 8 + i % 16 / 2);
    Value pairs = bitcast(few, builder.getI32Type(), shuffle(found[0], found[1], picks));
    auto [low, high] = widenHalves(builder, location, pairs, op.getElement(),
                                   /*hasHalfConversion=*/true);
    result[0][half] = low;
    result[1][half] = high;
  }
  return result;
}

SmallVector<Value> NibbleLookup::lower() {
  std::array<ByteTables, 2> tables = {bytesOf(op.getEven()), bytesOf(op.getOdd())};
  std::array<SmallVector<Value>, 2> results;
  for (unsigned number = 0; number < 2; ++number) {
    Value codes = part(number);
    // Even registers are in the lower halves of bytes, odd ones in the others.
    for (unsigned odd = 0; odd < 2; ++odd) {
      Value nibbles = lanes.bitAnd(lanes.lshr(codes, 4 * odd), 0x0F0F0F0F);
      for (const Halves &halves : lookUp(tables[odd], nibbles))
        llvm::append_range(results[number], halves);
    }
  }
  // Found in the order of registers 0, 2, 1, 3.
  SmallVector<Value> all;
  for (unsigned r = 0; r < 4; ++r)
    for (unsigned half = 0; half < 2; ++half) {
      unsigned at = 2 * (r % 2 * 2 + r / 2) + half;
      all.push_back(
          shuffle(results[0][at], results[1][at], llvm::to_vector(llvm::seq<int64_t>(0, 2 * few))));
    }
  return all;
}

/// Both bytes of a word come from permutes of their own, which look at the low seven bits of each
/// code; two more bring them together.
static SmallVector<Value> lowerLookupBytes(OpBuilder &builder, LookupBytesOp op) {
  constexpr int64_t count = 64;
  Location location = op.getLoc();
  LaneBuilder bytes(builder, location, VectorType::get({count}, builder.getI8Type()));
  auto asBytes = [&](Value vector) -> Value {
    return vector::BitCastOp::create(builder, location, bytes.type(), vector);
  };
  auto shuffle = [&](Value a, Value b, llvm::function_ref<int64_t(int64_t)> pick) -> Value {
    auto picks = llvm::map_to_vector(llvm::seq<int64_t>(0, count), pick);
    return vector::ShuffleOp::create(builder, location, a, b, picks);
  };
  Value codes = asBytes(op.getCodes());
  auto lookUp = [&](int64_t byte) {
    auto half = [&](Value a, Value b) {
      return shuffle(asBytes(a), asBytes(b), [&](int64_t i) { return 2 * i + byte; });
    };
    return callIntrinsic(
        builder, location, "llvm.x86.avx512.vpermi2var.qi.512", bytes.type(),
        {half(op.getTable0(), op.getTable1()), codes, half(op.getTable2(), op.getTable3())});
  };
  Value below = lookUp(0), above = bytes.bitXor(lookUp(1), bytes.bitAnd(codes, 0x80));
  SmallVector<Value> words;
  for (int64_t first : {int64_t(0), count / 2}) {
    Value pairs = shuffle(below, above, [&](int64_t i) { return i % 2 * count + first + i / 2; });
    words.push_back(vector::BitCastOp::create(builder, location, op.getCodes().getType(), pairs));
  }
  return words;
}

/// What replaces the results of a lane operation; nothing of another one.
static SmallVector<Value> lowered(OpBuilder &builder, Operation *op, const Target &target) {
  if (auto round = dyn_cast<RoundWordsOp>(op)) {
    WordRounder rounder(builder, op->getLoc(), round.getElement(), target);
    Value words = rounder.roundBoth(round.getFirst(), round.getSecond());
    return {vector::BitCastOp::create(builder, op->getLoc(), round.getType(), words)};
  }
  if (auto dot = dyn_cast<DotOp>(op))
    return {lowerDot(builder, dot, target)};
  if (auto dot = dyn_cast<DotIntegerOp>(op))
    return {lowerDotInteger(builder, dot, target)};
  if (auto lookup = dyn_cast<LookupOp>(op))
    return {lowerLookup(builder, lookup, target)};
  if (auto widen = dyn_cast<WidenHalvesOp>(op))
    return {widenWords(builder, op->getLoc(), widen.getWords(), target.supports(Feature::Fma))};
  if (auto lookup = dyn_cast<LookupFloatsOp>(op))
    return {FloatLookup(builder, lookup, target).lower()};
  if (auto lookup = dyn_cast<LookupNibblesOp>(op))
    return NibbleLookup(builder, lookup, target).lower();
  if (auto lookup = dyn_cast<LookupBytesOp>(op))
    return lowerLookupBytes(builder, lookup);
  return {};
}

namespace {
struct LowerLaneOpsPass : impl::LowerLaneOpsPassBase<LowerLaneOpsPass> {
  void runOnOperation() override {
    const Target &target = TargetAttr::of(getOperation());
    getOperation()->walk([&](Operation *op) {
      OpBuilder builder(op);
      SmallVector<Value> results = lowered(builder, op, target);
      if (results.empty())
        return;
      op->replaceAllUsesWith(results);
      op->erase();
    });
  }
};
} // namespace

} // namespace uwt::codegen
