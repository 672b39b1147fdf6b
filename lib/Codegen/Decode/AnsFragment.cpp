//===- AnsFragment.cpp - Numeral systems, decoded by a warp ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The four threads that hold a row of a fragment are a lane of the stream: they all follow its
// state, and each keeps the symbols of its own columns, so that no symbol goes from thread to
// thread. A vote says which lanes take a word, and with that where each lane's word lies. Loads
// are bounded by the number of the last u32 and by the bits of a table's index: any bits are safe.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "uwt/Codec/AnsCode.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// A thread of each lane, in a vote of 32.
constexpr int64_t firstThreads = 0x11111111;
/// Columns of a block that are in one register of its threads.
constexpr unsigned registerColumns = blockColumns / 2;

class AnsFragment final : public FragmentStream {
public:
  AnsFragment(LaneBuilder &lanes, const EmittedFormat &format, DecodeStreamFragmentOp op)
      : FragmentStream(lanes, format, op), layout(format.table) {
    Value lane = lanes.convert(op.getLane());
    Value first = lanes.bitAnd(lane, ~int64_t(3));
    below = lanes.sub(lanes.shl(1, first), 1);
    pair = lanes.bitAnd(lane, 3);
  }

  std::array<Value, registersInLane> takeBlock() override;

private:
  /// Eight rows of a block.
  struct Run {
    unsigned half;
    /// i1: whether the lane has a row, and whether this is its last one in its last block.
    Value exists, isFinal;
    /// Columns that exist.
    Value columns;
  };
  Value takeRegister(const Run &run, unsigned firstColumn);
  /// A step: the symbol of the lane; changes `state`.
  Value takeSymbol(const Run &run, Value column);
  Value takeEscapes(Value found, Value isEscape, Value votes);
  Value vote(Value condition);
  Value countOf(Value votes) { return math::CtPopOp::create(lanes.ops(), lanes.loc(), votes); }
  /// The word of this lane, of those that `votes` have one.
  Value wordOf(Value votes);

  const DecodeTableLayout &layout;
  /// Bits of the threads of lower lanes; which pair of columns of eight this thread has.
  Value below, pair;
};

} // namespace

Value AnsFragment::vote(Value condition) {
  Value votes = NVVM::VoteSyncOp::create(lanes.ops(), lanes.loc(), lanes.type(), lanes.constant(-1),
                                         condition, NVVM::VoteSyncKind::ballot);
  return lanes.bitAnd(votes, firstThreads);
}

Value AnsFragment::wordOf(Value votes) {
  Value at = lanes.add(state[ans_state::next], countOf(lanes.bitAnd(votes, below)));
  Value u32 = loadAt(op.getStream(), op.getBase(), lanes.min(lanes.lshr(at, 1), op.getLast()));
  return lanes.bitAnd(lanes.lshr(u32, lanes.shl(lanes.bitAnd(at, 1), 4)), 0xFFFF);
}

/// ans-5.
Value AnsFragment::takeEscapes(Value found, Value isEscape, Value votes) {
  Value &next = state[ans_state::next];
  SmallVector<Value> taken = lanes.either(
      lanes.notEqual(votes, 0), {lanes.type(), lanes.type()},
      [&] {
        Value word = lanes.shl(wordOf(votes), layout.symbolShift);
        return SmallVector<Value>{lanes.select(isEscape, word, found),
                                  lanes.add(next, countOf(votes))};
      },
      [&] { return SmallVector<Value>{found, next}; });
  next = taken[1];
  return taken[0];
}

Value AnsFragment::takeSymbol(const Run &run, Value column) {
  // ans-3.
  Value &own = state[ans_state::own], &next = state[ans_state::next];
  Value slot = lanes.bitAnd(own, (1 << layout.indexBits) - 1);
  Value entry = loadAt(op.getTable(), {}, lanes.add(op.getClasses()[run.half], slot));
  Value frequency = lanes.add(lanes.bits(entry, 0, ans_entry::offsetShift), 1);
  Value offset = lanes.bits(entry, ans_entry::offsetShift, ans_entry::offsetShift);
  Value decoded = lanes.add(lanes.mul(frequency, lanes.lshr(own, layout.indexBits)), offset);
  // ans-4.
  Value isNear = lanes.less(run.columns, lanes.add(column, ansFinalColumns + 1));
  Value mayNotTake = lanes.bitAnd(run.isFinal, isNear);
  Value least = lanes.select(mayNotTake, 0, leastAnsState);
  Value takes = lanes.bitAnd(run.exists, lanes.less(decoded, least));
  Value votes = vote(takes);
  Value refilled = lanes.bitOr(lanes.shl(decoded, 16), wordOf(votes));
  Value after = lanes.select(takes, refilled, decoded);
  own = lanes.select(run.exists, after, own);
  next = lanes.add(next, countOf(votes));

  Value number = lanes.lshr(entry, ans_entry::numberShift);
  Value found =
      loadAt(op.getTable(), {}, lanes.add(number, int64_t(layout.classWords() * layout.classes)));
  Value isMarked = lanes.notEqual(lanes.bitAnd(found, ansEscapeMark), 0);
  Value isEscape = lanes.bitAnd(run.exists, isMarked);
  found = takeEscapes(found, isEscape, vote(isEscape));
  return lanes.select(run.exists, lanes.bitAnd(found, layout.symbolMask), 0);
}

Value AnsFragment::takeRegister(const Run &run, unsigned firstColumn) {
  Value count =
      lanes.min(lanes.sub(lanes.max(run.columns, firstColumn), firstColumn), registerColumns);
  Value zero = lanes.constant(0);
  SmallVector<Value> carried =
      lanes.loop(count, {state[ans_state::own], state[ans_state::next], zero},
                 [&](Value column, ValueRange before) {
                   state[ans_state::own] = before[0];
                   state[ans_state::next] = before[1];
                   Value symbol = takeSymbol(run, lanes.add(column, firstColumn));
                   // order-3: a thread has columns 2t and 2t + 1 of eight.
                   Value placed = lanes.shl(symbol, lanes.shl(lanes.bitAnd(column, 1), 4));
                   Value isOwn = lanes.equal(lanes.lshr(column, 1), pair);
                   Value kept = lanes.bitOr(before[2], lanes.select(isOwn, placed, 0));
                   return SmallVector<Value>{state[ans_state::own], state[ans_state::next], kept};
                 });
  // Sixteen of these loops are a column group.
  keepRolled(carried[2].getDefiningOp());
  state[ans_state::own] = carried[0];
  state[ans_state::next] = carried[1];
  return carried[2];
}

std::array<Value, registersInLane> AnsFragment::takeBlock() {
  std::array<Value, registersInLane> symbols;
  Value rows = state[ans_state::rows], blocks = state[ans_state::blocks];
  Value left = lanes.bits(blocks, 0, 8), all = lanes.bits(blocks, 8, 8);
  Value isLast = lanes.equal(left, 1);
  Value columns = lanes.select(isLast, lanes.lshr(blocks, 16), int64_t(blockColumns));
  for (unsigned half = 0; half < 2; ++half) {
    // Rows are counted from this one on, with eight more.
    Value exists = lanes.less(ansLanes + half * ansLanes, rows);
    Value isLastRow = lanes.less(rows, int64_t(2 * ansLanes + half * ansLanes + 1));
    Run run{half, exists, lanes.bitAnd(isLast, isLastRow), columns};
    for (unsigned i = 0; i < 2; ++i)
      symbols[2 * i + half] = takeRegister(run, i * registerColumns);
  }
  // ans-4: a strip, and then the next one.
  Value more = lanes.select(isLast, all, 0);
  state[ans_state::blocks] = lanes.add(lanes.sub(blocks, 1), more);
  state[ans_state::rows] = lanes.sub(rows, lanes.select(isLast, int64_t(stripRows), 0));
  return symbols;
}

std::unique_ptr<FragmentStream> makeAnsFragment(LaneBuilder &lanes, const EmittedFormat &format,
                                                DecodeStreamFragmentOp op) {
  return std::make_unique<AnsFragment>(lanes, format, op);
}

} // namespace uwt::codegen
