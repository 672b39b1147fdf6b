//===- StreamFragment.cpp - A lane's stream, read by its thread -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread keeps two u32 of its stream in registers. Where it begins to look, at least 33 bits of
// them are still to come, so a window of 32 bits serves as many code words as fit into it, each of
// the longest kind; then one test moves on to the next u32. Loads are bounded by the number of the
// last u32 and by the bits of a table's index: any bits are safe.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include <array>

using namespace mlir;

namespace uwt::codegen {
namespace {

constexpr unsigned wordBits = 32;

class LaneStream final : public FragmentStream {
public:
  LaneStream(LaneBuilder &lanes, const EmittedFormat &format, DecodeStreamFragmentOp op)
      : FragmentStream(lanes, format, op), layout(format.table),
        // Two zeros above a length: what is looked up shifts as it is.
        isPlain(layout.lengthShift == 0 && (layout.symbolMask & 0x30) == 0) {
    // A block ends with its window closed.
    while (inWindow * 2 * layout.indexBits <= wordBits &&
           inWindow * layout.symbols < 2 * registersInLane)
      inWindow *= 2;
  }

  std::array<Value, registersInLane> takeBlock() override;

private:
  /// 32 bits of high:low from bit `bits` on, of which five bits count: one instruction.
  Value funnel(Value high, Value low, Value bits);
  void openWindow();
  void closeWindow();
  /// Looks a code word up; `r` is the operand register whose row's class counts.
  Value take(unsigned r);
  Value entryAt(unsigned r, Value index);

  /// The state: low, high, taken, next.
  const DecodeTableLayout &layout;
  bool isPlain;
  unsigned inWindow = 1, looked = 0;
  Value window, lengths;
};

} // namespace

Value FragmentStream::loadAt(Value buffer, Value base, Value at) {
  Indices index(lanes.ops(), lanes.loc());
  Value own = index.convert(at);
  return memref::LoadOp::create(lanes.ops(), lanes.loc(), buffer,
                                base ? index.add(base, own) : own);
}

Value LaneStream::funnel(Value high, Value low, Value bits) {
  return LLVM::FshrOp::create(lanes.ops(), lanes.loc(), high.getType(), high, low, bits);
}

void LaneStream::openWindow() {
  window = funnel(state[1], state[0], state[2]);
  lengths = Value();
}

void LaneStream::closeWindow() {
  // At most 32 bits have been taken: where bit 5 of their number changes, `low` is used up. What
  // stands above it does not matter: an entry counts as its length.
  Value taken = lanes.add(state[2], lengths);
  Value changed = lanes.bitAnd(lanes.bitXor(taken, state[2]), wordBits);
  Value isUsedUp = lanes.notEqual(changed, 0);
  // Before the load, which then takes the place of `high`.
  Value low = lanes.select(isUsedUp, state[1], state[0]);
  // Only the load is in a branch: what both sides compute would be moved into place on each.
  Value high = lanes.either(
      isUsedUp, lanes.type(),
      [&] {
        Value at = lanes.min(state[3], op.getLast());
        return SmallVector<Value>{loadAt(op.getStream(), op.getBase(), at)};
      },
      [&] { return SmallVector<Value>{state[1]}; })[0];
  setAfter({low, high, taken, lanes.add(state[3], lanes.convert(isUsedUp))});
}

Value LaneStream::entryAt(unsigned r, Value index) {
  Value base = op.getClasses()[r % 2];
  if (layout.entryBits == 16) {
    Value pair = loadAt(op.getTable(), {}, lanes.add(base, lanes.lshr(index, 1)));
    return lanes.lshr(pair, lanes.shl(lanes.bitAnd(index, 1), 4));
  }
  Value at = layout.entryBits == 64 ? lanes.shl(index, 1) : index;
  return loadAt(op.getTable(), {}, lanes.add(base, at));
}

Value LaneStream::take(unsigned r) {
  if (looked++ % inWindow == 0)
    openWindow();
  Value index = lanes.bitAnd(window, (1u << layout.indexBits) - 1);
  Value entry = entryAt(r, index), length;
  if (isPlain) {
    length = entry;
  } else if (layout.entryBits == 64) {
    Value at = lanes.bitOr(lanes.shl(index, 1), 1);
    length = lanes.bitAnd(loadAt(op.getTable(), {}, lanes.add(op.getClasses()[r % 2], at)), 15);
  } else {
    length = lanes.bitAnd(lanes.lshr(entry, layout.lengthShift), 15);
  }
  lengths = lengths ? lanes.add(lengths, length) : length;
  if (looked % inWindow == 0) {
    closeWindow();
    return entry;
  }
  // What a rotation brings in from below nobody looks at.
  window = funnel(window, window, length);
  return entry;
}

std::array<Value, registersInLane> LaneStream::takeBlock() {
  std::array<Value, registersInLane> symbols;
  for (unsigned r = 0; r < registersInLane; ++r) {
    Value entry = take(r);
    if (layout.symbols == 1) {
      // order-5: half 0, then half 1. What stands above an entry's 16 bits is its neighbour.
      Value second = take(r);
      entry = lanes.merge(0xFFFF, entry, lanes.shl(second, 16));
    }
    symbols[r] =
        lanes.lshr(entry, layout.symbolShift - static_cast<uint32_t>(format.split.rawLowBits));
  }
  return symbols;
}

/// Blocks that do not exist give zeros, and the state stays as it is.
static void takeExisting(LaneBuilder &lanes, FragmentStream &stream, Value exists,
                         std::array<Value, registersInLane> &symbols) {
  SmallVector<Value> before(stream.after());
  SmallVector<Type> types(registersInLane + before.size(), lanes.type());
  SmallVector<Value> results = lanes.either(
      exists, types,
      [&] {
        symbols = stream.takeBlock();
        SmallVector<Value> taken(symbols.begin(), symbols.end());
        llvm::append_range(taken, stream.after());
        return taken;
      },
      [&] {
        SmallVector<Value> kept(registersInLane, lanes.constant(0));
        llvm::append_range(kept, before);
        return kept;
      });
  ValueRange all(results);
  llvm::copy(all.take_front(registersInLane), symbols.begin());
  stream.setAfter(all.drop_front(registersInLane));
}

LogicalResult emitStreamFragment(const EmittedFormat &format, RewriterBase &rewriter,
                                 DecodeStreamFragmentOp op) {
  rewriter.setInsertionPoint(op);
  Location location = op.getLoc();
  auto fragment = VectorType::get({blocksInGroup}, rewriter.getI32Type());
  LaneBuilder scalars(rewriter, location, rewriter.getI32Type());
  LaneBuilder lanes(rewriter, location, fragment);
  std::unique_ptr<FragmentStream> stream = format.traits.rate == Rate::Ans
                                               ? makeAnsFragment(scalars, format, op)
                                               : std::make_unique<LaneStream>(scalars, format, op);
  std::array<SmallVector<Value>, registersInLane> symbols;
  SmallVector<Value> there;
  for (unsigned block = 0; block < blocksInGroup; ++block) {
    std::array<Value, registersInLane> taken;
    if (op.getBlocks()) {
      Value exists = scalars.less(block, op.getBlocks());
      takeExisting(scalars, *stream, exists, taken);
      there.push_back(arith::ExtSIOp::create(rewriter, location, rewriter.getI32Type(), exists));
    } else {
      taken = stream->takeBlock();
    }
    for (unsigned r = 0; r < registersInLane; ++r)
      symbols[r].push_back(taken[r]);
  }
  RawAddress raw = {op.getRaw(), op.getFirst(), op.getLane()};
  SmallVector<Value> results;
  for (unsigned r = 0; r < registersInLane; ++r) {
    Value all = vector::FromElementsOp::create(rewriter, location, fragment, symbols[r]);
    Value words =
        op.getRaw() ? joinRaw(lanes, format, raw, r, all) : lanes.bitAnd(all, format.symbolMask());
    if (op.getBlocks())
      words = lanes.bitAnd(
          words, vector::FromElementsOp::create(rewriter, location, fragment, there).getResult());
    results.push_back(words);
  }
  llvm::append_range(results, stream->after());
  rewriter.replaceOp(op, results);
  return success();
}

} // namespace uwt::codegen
