//===- TilesToVectors.cpp - Tile registers as vectors ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile is 1 KB of memory, row by row: a buffer for each operation that makes one, and one for
// each that a loop carries, to which the tile is copied at the end of a pass. Right for any order
// of operations, and slow: it is there for tests.
//
//===----------------------------------------------------------------------===//

#include "TilesToVectors.h"
#include "Widen.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/CostModel/KernelConfig.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace uwt::codegen {

namespace {

constexpr int64_t rowElements = 16, rowBits = 512;

bool isTile(Value value) { return isa<amx::TileType>(value.getType()); }

/// Emits one operation's replacement.
class TileBuilder {
public:
  TileBuilder(OpBuilder &builder, Location location)
      : builder(builder), location(location), index(builder, location),
        lanes(builder, location, VectorType::get({rowElements}, builder.getI32Type())) {}

  /// Memory of a tile of f32, else of u32, which are pairs or four bytes or a sum; on the stack,
  /// where it lives as long as a task.
  Value allocate(Type element) {
    Type held = element.isF32() ? element : Type(builder.getI32Type());
    OpBuilder::InsertionGuard guard(builder);
    Operation *scope = builder.getInsertionBlock()->getParentOp();
    if (!scope->hasTrait<OpTrait::AutomaticAllocationScope>())
      scope = scope->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
    builder.setInsertionPointToStart(&scope->getRegion(0).front());
    return memref::AllocaOp::create(builder, location,
                                    MemRefType::get({tileRows * rowElements}, held),
                                    builder.getI64IntegerAttr(64));
  }

  void zero(Value tile) {
    auto type = VectorType::get({rowElements}, elementOf(tile));
    Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
    index.loop(tileRows, [&](Value row) { store(zero, tile, row); });
  }

  void copy(Value from, Value to) {
    index.loop(tileRows, [&](Value row) { store(load(from, row), to, row); });
  }

  /// Rows of `base` to a tile, or back.
  void loadRows(amx::TileLoadOp op, Value tile) {
    auto inMemory = rowOf(op.getMemRefType());
    index.loop(tileRows, [&](Value row) {
      Value words = vector::LoadOp::create(builder, location, inMemory, op.getBase(),
                                           rowIndices(op.getIndices(), op.getStride(), row));
      store(bitcast(words, elementOf(tile)), tile, row);
    });
  }
  void storeRows(amx::TileStoreOp op, Value tile) {
    auto inMemory = rowOf(op.getMemRefType());
    index.loop(tileRows, [&](Value row) {
      Value words =
          vector::BitCastOp::create(builder, location, inMemory, load(tile, row)).getResult();
      vector::StoreOp::create(builder, location, words, op.getBase(),
                              rowIndices(op.getIndices(), op.getStride(), row));
    });
  }

  /// What tdpbf16ps and tdpfp16ps do: the even and the odd halves of 16 pairs of `element` added up
  /// apart, then both, then the accumulator.
  void multiply(Type element, Value lhs, Value rhs, Value sums, Value result) {
    auto type = VectorType::get({rowElements}, builder.getF32Type());
    Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
    index.loop(tileRows, [&](Value row) {
      SmallVector<Value> halves =
          index.loop(rowElements, {zero, zero}, [&](Value pair, ValueRange before) {
            Value at = index.add(index.mul(row, rowElements), pair);
            Value single = memref::LoadOp::create(builder, location, lhs, ValueRange{at});
            auto [evenA, oddA] = numbersOf(
                element, vector::BroadcastOp::create(builder, location, lanes.type(), single));
            auto [evenB, oddB] = numbersOf(element, load(rhs, pair));
            return SmallVector<Value>{multiplyAdd(evenA, evenB, before[0]),
                                      multiplyAdd(oddA, oddB, before[1])};
          });
      Value both = flush(arith::AddFOp::create(builder, location, halves[0], halves[1]));
      Value sum = arith::AddFOp::create(builder, location, flush(load(sums, row)), both);
      store(flush(sum), result, row);
    });
  }

  /// What tdpbssd and its like do: exact sums of products of bytes with a sign, or without where
  /// the operation says so.
  void multiplyBytes(amx::TileMulIOp op, Value lhs, Value rhs, Value sums, Value result) {
    index.loop(tileRows, [&](Value row) {
      Value sum = index.loop(
          rowElements, {load(sums, row)}, [&](Value quad, ValueRange before) -> SmallVector<Value> {
            Value at = index.add(index.mul(row, rowElements), quad);
            Value single = memref::LoadOp::create(builder, location, lhs, ValueRange{at});
            Value a = vector::BroadcastOp::create(builder, location, lanes.type(), single);
            Value b = load(rhs, quad), sum = before[0];
            for (unsigned byte = 0; byte < 4; ++byte)
              sum = lanes.add(sum, lanes.mul(byteOf(a, byte, op.getIsZextLhs()),
                                             byteOf(b, byte, op.getIsZextRhs())));
            return {sum};
          })[0];
      store(sum, result, row);
    });
  }

private:
  /// A byte of each u32 as an i32.
  Value byteOf(Value words, unsigned byte, bool isUnsigned) {
    constexpr unsigned above = 24;
    Value top = lanes.shl(words, above - 8 * byte);
    if (isUnsigned)
      return lanes.lshr(top, above);
    return arith::ShRSIOp::create(builder, location, top, lanes.constant(above));
  }
  Type elementOf(Value tile) { return cast<MemRefType>(tile.getType()).getElementType(); }
  VectorType rowOf(MemRefType type) {
    Type element = type.getElementType();
    return VectorType::get({rowBits / element.getIntOrFloatBitWidth()}, element);
  }
  Value bitcast(Value vector, Type element) {
    return vector::BitCastOp::create(builder, location, VectorType::get({rowElements}, element),
                                     vector);
  }
  Value load(Value tile, Value row) {
    return vector::LoadOp::create(builder, location,
                                  VectorType::get({rowElements}, elementOf(tile)), tile,
                                  index.mul(row, rowElements));
  }
  void store(Value vector, Value tile, Value row) {
    vector::StoreOp::create(builder, location, vector, tile, index.mul(row, rowElements));
  }
  /// Without a stride a row of the tile is one of the buffer's last dimension but one.
  SmallVector<Value> rowIndices(ValueRange indices, Value stride, Value row) {
    SmallVector<Value> result(indices);
    Value &moved = stride ? result.back() : result[result.size() - 2];
    moved = index.add(moved, stride ? index.mul(row, stride) : row);
    return result;
  }

  /// Subnormal numbers as zeros of their sign.
  Value flush(Value numbers) {
    Value bits = arith::BitcastOp::create(builder, location, lanes.type(), numbers);
    Value isSmall = lanes.equal(lanes.bitAnd(bits, 0x7F800000), 0);
    Value kept = lanes.select(isSmall, lanes.bitAnd(bits, 0x80000000), bits);
    return arith::BitcastOp::create(builder, location, numbers.getType(), kept);
  }
  /// The numbers in the low and in the high halves. Of f16 the smallest are normal ones of f32.
  std::pair<Value, Value> numbersOf(Type element, Value pairs) {
    auto [low, high] =
        widenHalves(builder, location, pairs, element, /*hasHalfConversion=*/element.isF16());
    return {flush(low), flush(high)};
  }
  Value multiplyAdd(Value a, Value b, Value sum) {
    return flush(math::FmaOp::create(builder, location, a, b, sum));
  }

  OpBuilder &builder;
  Location location;
  Indices index;
  LaneBuilder lanes;
};

} // namespace

/// The memory of a tile that is lowered: what stands for it is a cast of that.
static Value memoryOf(Value tile) {
  auto cast = tile.getDefiningOp<UnrealizedConversionCastOp>();
  return cast ? cast.getInputs().front() : Value();
}

static Value asTile(OpBuilder &builder, Value memory, Value tile) {
  return UnrealizedConversionCastOp::create(builder, tile.getLoc(), tile.getType(), memory)
      .getResult(0);
}

static bool isTileOp(Operation *op) {
  return isa<amx::TileZeroOp, amx::TileLoadOp, amx::TileStoreOp, amx::TileMulFOp, amx::TileMulIOp>(
      op);
}

/// Whether all tiles of an operation can be lowered.
static LogicalResult checkTiles(Operation *op) {
  auto isServed = [](Value value) {
    auto type = dyn_cast<amx::TileType>(value.getType());
    if (!type)
      return true;
    Type element = type.getElementType();
    bool isKnownElement = element.isF32() || element.isBF16() || element.isF16() ||
                          element.isInteger(8) || element.isInteger(32);
    return isKnownElement && type.getDimSize(0) == tileRows &&
           type.getDimSize(1) * element.getIntOrFloatBitWidth() == rowBits;
  };
  auto isKnown = [](Value value) { return !isTile(value) || memoryOf(value); };
  if (!llvm::all_of(op->getOperands(), isServed) || !llvm::all_of(op->getResults(), isServed))
    return op->emitOpError("has no lowering to vectors: tiles are 16x32xbf16, 16x32xf16, "
                           "16x16xf32, 16x64xi8 or 16x16xi32");
  if (!(isTileOp(op) || isa<scf::ForOp>(op)) || !llvm::all_of(op->getOperands(), isKnown))
    return op->emitOpError("has no lowering to vectors: tiles are loaded, multiplied, stored and "
                           "carried by loops of one function");
  return success();
}

static void lowerTileOp(Operation *op) {
  OpBuilder builder(op);
  TileBuilder emit(builder, op->getLoc());
  auto finish = [&](Value result, llvm::function_ref<void(Value)> fill) {
    Value memory = emit.allocate(cast<amx::TileType>(result.getType()).getElementType());
    fill(memory);
    result.replaceAllUsesWith(asTile(builder, memory, result));
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](amx::TileZeroOp zero) {
        finish(zero.getRes(), [&](Value memory) { emit.zero(memory); });
      })
      .Case([&](amx::TileLoadOp load) {
        finish(load.getRes(), [&](Value memory) { emit.loadRows(load, memory); });
      })
      .Case([&](amx::TileMulFOp op) {
        finish(op.getRes(), [&](Value memory) {
          emit.multiply(op.getLhsTileType().getElementType(), memoryOf(op.getLhs()),
                        memoryOf(op.getRhs()), memoryOf(op.getAcc()), memory);
        });
      })
      .Case([&](amx::TileMulIOp op) {
        finish(op.getRes(), [&](Value memory) {
          emit.multiplyBytes(op, memoryOf(op.getLhs()), memoryOf(op.getRhs()),
                             memoryOf(op.getAcc()), memory);
        });
      })
      .Case([&](amx::TileStoreOp store) { emit.storeRows(store, memoryOf(store.getVal())); });
  op->erase();
}

static LogicalResult lowerBlock(Block &block);

/// Copies of those of the values that are tiles; the rest is appended to `others`.
static SmallVector<Value> copiesOfTiles(TileBuilder &emit, ValueRange values,
                                        SmallVector<Value> &others) {
  SmallVector<Value> copies;
  for (Value value : values) {
    if (!isTile(value)) {
      others.push_back(value);
      continue;
    }
    copies.push_back(emit.allocate(cast<amx::TileType>(value.getType()).getElementType()));
    emit.copy(memoryOf(value), copies.back());
  }
  return copies;
}

/// Copies the tiles that a pass hands on to `carried`, and takes them from the terminator. Through
/// memory of their own, since one may be what another one was.
static void copyHandedOn(scf::YieldOp yield, ArrayRef<Value> carried) {
  OpBuilder builder(yield);
  TileBuilder emit(builder, yield.getLoc());
  SmallVector<Value> others, passed = copiesOfTiles(emit, yield.getResults(), others);
  for (auto [from, to] : llvm::zip_equal(passed, carried))
    emit.copy(from, to);
  yield.getResultsMutable().assign(others);
}

/// A loop that carries tiles, as one over their memory.
static LogicalResult lowerLoop(scf::ForOp loop) {
  OpBuilder builder(loop);
  TileBuilder emit(builder, loop.getLoc());
  SmallVector<Value> others, carried = copiesOfTiles(emit, loop.getInitArgs(), others);
  auto lowered = scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound(),
                                    loop.getUpperBound(), loop.getStep(), others);
  Block &body = *lowered.getBody();
  body.clear();
  body.getOperations().splice(body.end(), loop.getBody()->getOperations());
  loop.getInductionVar().replaceAllUsesWith(lowered.getInductionVar());
  auto replace = [&](ValueRange before, ValueRange after) {
    const Value *memory = carried.begin();
    auto other = after.begin();
    for (Value value : before)
      value.replaceAllUsesWith(isTile(value) ? asTile(builder, *memory++, value) : *other++);
  };
  builder.setInsertionPointToStart(&body);
  replace(loop.getRegionIterArgs(), lowered.getRegionIterArgs());
  builder.setInsertionPointAfter(lowered);
  replace(loop.getResults(), lowered.getResults());
  loop.erase();
  if (failed(lowerBlock(body)))
    return failure();
  auto yield = cast<scf::YieldOp>(body.getTerminator());
  for (Value value : yield.getResults())
    if (isTile(value) && !memoryOf(value))
      return yield.emitOpError("hands on a tile that has no lowering to vectors");
  copyHandedOn(yield, carried);
  return success();
}

static LogicalResult lowerOperation(Operation *op) {
  auto loop = dyn_cast<scf::ForOp>(op);
  bool hasTiles = llvm::any_of(op->getOperands(), isTile) || llvm::any_of(op->getResults(), isTile);
  // What a loop hands on is copied once its body is lowered.
  if (isa<scf::YieldOp>(op) && isa<scf::ForOp>(op->getParentOp()))
    return success();
  if (!hasTiles) {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (failed(lowerBlock(block)))
          return failure();
    return success();
  }
  if (failed(checkTiles(op)))
    return failure();
  if (loop)
    return lowerLoop(loop);
  lowerTileOp(op);
  return success();
}

/// In order, so that a tile's memory is known before it is used.
static LogicalResult lowerBlock(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block))
    if (!isa<UnrealizedConversionCastOp>(op) && failed(lowerOperation(&op)))
      return failure();
  return success();
}

LogicalResult lowerTilesToVectors(Operation *scope) {
  for (Region &region : scope->getRegions())
    for (Block &block : region)
      if (failed(lowerBlock(block)))
        return failure();
  SmallVector<Operation *> unused;
  scope->walk([&](UnrealizedConversionCastOp cast) {
    if (llvm::all_of(cast->getResults(), isTile))
      unused.push_back(cast);
  });
  for (Operation *cast : unused)
    cast->erase();
  return success();
}

} // namespace uwt::codegen
