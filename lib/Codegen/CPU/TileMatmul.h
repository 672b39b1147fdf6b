//===- TileMatmul.h - What the parts of uwt-tile-matmul share ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product on buffers becomes, in this order:
//
//   x is repacked into *prepared vectors*          TileMatmulPrepare.cpp
//   a task a panel of 64 output features,          TileMatmul.cpp
//   or a slice of m of it
//     strategy direct: unit by unit                  TileMatmulDirect.cpp
//     strategy buffer: k-tile by k-tile                TileMatmulBuffer.cpp
//     strategy tiles: the same, on tile registers    TileMatmulTiles.cpp
//     by integers                                    TileMatmulInteger.cpp
//     by integers, k-tile by k-tile                  TileMatmulIntegerBuffer.cpp
//     by integers, on tile registers                 TileMatmulIntegerTiles.cpp
//     adds up lanes, epilogue, store              TileMatmulEpilogue.cpp
//
// Whatever the strategy, an output adds its products in the same order: 16 lanes
// of accumulators, for each group of 64 columns first the registers 0 and 1, then 2 and 3; at
// the end the lanes in one fixed tree (docs/numerics.md). Strategy tiles alone has another order.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_TILEMATMUL_H
#define UWT_LIB_CODEGEN_CPU_TILEMATMUL_H

#include "PanelReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/CostModel/KernelConfig.h"

namespace uwt::codegen {

/// Lowers one product.
class ProductLowering : protected PanelReader {
public:
  ProductLowering(MatmulOp op, mlir::OpBuilder &builder);
  virtual ~ProductLowering() = default;
  /// Checks what the lowering serves, with an error at the operation; then emits everything before
  /// it.
  mlir::LogicalResult lower();

protected:
  // TileMatmul.cpp
  mlir::LogicalResult check();
  /// What the strategy says of the shape of loops.
  virtual mlir::LogicalResult readStrategy(const Target &target);
  /// A panel of each matrix that the product runs over is a task, or a slice of m of it.
  virtual void emitTask(mlir::Value task);
  bool hasMoreSlices() const { return mlir::ShapedType::isDynamic(staticM) || staticM > sliceM; }
  bool isOneTask() const {
    std::optional<int64_t> known = rows.known();
    bool isOneSlice = !(usesTiles() || slicesAreTasks) || !hasMoreSlices();
    return matrices == 1 && known && divideUp(*known, panelRows) == 1 && isOneSlice;
  }
  /// Panels of all matrices that the product runs over.
  mlir::Value panelCount() { return index.mul(matrixCount, panelsInMatrix()); }
  /// How many tasks there are.
  mlir::Value taskCount();
  /// Where a task begins: the number of its panel among those of all matrices, and the first row of
  /// its slice of m, or nothing where it takes all of them.
  struct TaskBegin {
    mlir::Value panel, slice;
  };
  /// Some panels meet a slice of m one after another before they meet the next one, so that the
  /// last cache delivers x where it cannot keep all of it. Not of strategy tiles.
  TaskBegin beginOf(mlir::Value task);
  void forEachSlice(const TaskBegin &begin, llvm::function_ref<void(mlir::Value)> body);
  /// A parallel loop; `body` gets the task.
  void forEachTask(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  /// The panel with that number among those of all matrices.
  PanelFields panelAt(mlir::Value number);
  /// The number in the weight of a matrix that the product runs over.
  mlir::Value selected(mlir::Value matrix);
  /// Fails the call where a selected matrix does not exist.
  void checkSelection();
  mlir::Value scratch(int64_t count, mlir::Type element);

  // TileMatmulPrepare.cpp
  virtual void prepareX();
  void prepareRow(mlir::Value matrix, mlir::Value m);
  /// The rows of x, `rowsOfX` of a matrix, with memory for a transfer, in parallel where they are
  /// many.
  void forEachRowOfX(mlir::Value rowsOfX,
                     llvm::function_ref<void(mlir::Value matrix, mlir::Value m)> body);
  /// Runs of up to `most` of `count` numbers, in parallel where there may be several; `body` gets
  /// the first number of a run and how many it has.
  void forEachRun(mlir::Value count, int64_t most,
                  llvm::function_ref<void(mlir::Value first, mlir::Value count)> body);
  void allocatePrepared(int64_t tile);
  /// What elements of x that are apart, or too few, pass through.
  void allocateTransfer();
  /// m, padded to tiles of as many rows of x.
  mlir::Value paddedM(int64_t tile) { return index.mul(index.ceilDiv(sizeM, tile), tile); }
  /// 64 elements of a row of x from `column` on, with zeros where that is not whole.
  mlir::Value loadGroup(mlir::Value matrix, mlir::Value m, mlir::Value column, bool isWhole);
  /// Writes the vectors of 64 elements of a row of x to `into` from `to` on.
  void prepareGroup(mlir::Value matrix, mlir::Value m, mlir::Value column, bool isWhole,
                    mlir::Value into, mlir::Value to);
  llvm::SmallVector<mlir::Value> preparedVectors(mlir::Value m);
  llvm::SmallVector<mlir::Value> widen(mlir::Value pairs);
  /// Where row m of x lies in `prepared`, for group 0.
  mlir::Value preparedStart(mlir::Value matrix, mlir::Value m);
  /// Vectors of one half (X0 or X1) of a row of x at `at`.
  llvm::SmallVector<mlir::Value> loadX(mlir::Value at, unsigned half);
  int64_t vectorsInGroup() const { return packed ? 2 : 4; }
  int64_t u32InGroup() const { return vectorsInGroup() * laneCount; }

  // TileMatmulDirect.cpp
  void emitDirect(const PanelFields &panel);
  /// `isFirst` (i1): of the rows of x.
  void emitDirectUnits(const PanelFields &panel, mlir::Value xStart, mlir::Value isFirst,
                       bool asWords);
  /// What a unit meets of a row of x: `groups` groups from `at` on, and, where registers hold a
  /// unit, the vectors of their halves.
  struct UnitOfX {
    mlir::Value at;
    int64_t groups;
    llvm::SmallVector<llvm::SmallVector<mlir::Value>> vectors;
  };
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> loadUnitOfX(const UnitOfX &x);
  void emitDirectUnit(const PanelFields &panel, mlir::Value unit, mlir::Value strip,
                      const UnitOfX &x, bool asWords);
  /// Asks for what lies some units ahead of a unit, where that is faster than what processors do by
  /// themselves.
  enum class HalfOfUnit : uint8_t { First, Second };
  void prefetchUnitAhead(const PanelFields &panel, mlir::Value unit, bool asWords, HalfOfUnit half);
  /// The same in several streams: a share of the units that come after these in turn.
  void prefetchInTurn(const PanelFields &panel, mlir::Value unit, bool asWords);
  void prefetchAhead(WeightBuffer kind, mlir::Value first, int64_t unitU32, int64_t aheadU32,
                     HalfOfUnit half);
  /// Sets `prefetchU32` and `readStreams`, by `holdsUnit`.
  void readDistances(const KernelConfig &config, const Target &target);
  mlir::Value emitEscapedUnit(const PanelFields &panel, mlir::Value unit, mlir::Value strip,
                              const UnitOfX &x, mlir::Value record);
  void emitDotsFromBuffer(mlir::Value strip, llvm::ArrayRef<llvm::SmallVector<mlir::Value>> x);

  // TileMatmulBuffer.cpp
  /// A slice of m of a panel.
  void emitBuffer(const PanelFields &panel, mlir::Value slice);
  void setGroupStride(const PanelFields &panel);
  void setBufferStart(const PanelFields &panel, mlir::Value strip, mlir::Value kTile);
  /// The rows of x that are taken from `slice` on; the groups of a k-tile.
  mlir::Value sliceWidth(mlir::Value slice);
  mlir::Value groupsOf(mlir::Value kTile);
  /// Notes where each unit of a k-tile has its first escape record; returns the one after them.
  mlir::Value countRecords(const PanelFields &panel, mlir::Value kTile, mlir::Value groups,
                           mlir::Value record);
  /// Decodes what this slice of m does not find decoded.
  void emitDecodeOfSlice(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                         mlir::Value groups, mlir::Value slice);
  /// Decodes a strip's part of a k-tile; of all strips, where that is one stream.
  void emitDecodeTile(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                      mlir::Value groups);
  void emitDecodeWords(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                       mlir::Value groups);
  void emitDecodeUnits(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                       mlir::Value groups);
  void emitDecodeStream(const PanelFields &panel, mlir::Value strip, mlir::Value kTile);
  void emitBlock(mlir::Value strip, mlir::Value rowBlock, mlir::Value inSlice, mlir::Value kTile,
                 mlir::Value xStart, mlir::Value groups, int64_t rows, int64_t width,
                 llvm::function_ref<void(mlir::Value)> eachGroup);
  /// Rows and columns of a block of accumulators.
  struct BlockPiece {
    int64_t rowBegin, rowEnd, columnBegin, columnEnd;
  };
  void emitPiece(mlir::Value strip, mlir::Value rowBlock, mlir::Value inSlice, mlir::Value kTile,
                 mlir::Value xStart, mlir::Value groups, int64_t rows, int64_t width,
                 const BlockPiece &piece, llvm::function_ref<void(mlir::Value)> eachGroup);
  void emitBlocks(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                  mlir::Value groups, mlir::Value slice, mlir::Value width);
  /// Where a strip's column group of a k-tile lies in the buffer.
  mlir::Value bufferAt(mlir::Value strip, mlir::Value group);

  /// Whether the first k-tile begins the accumulators. Those of one block of rows of x stay in the
  /// nearest cache: to store zeros to them takes less than a branch in each k-tile.
  bool beginsInFirstTile() const { return sliceM > tileM; }
  /// Whether a k-tile may be multiplied so soon that its decoding asks for the next one as well.
  bool asksWhileDecoding() const;
  /// Asks for the unit at a unit's place in the next k-tile.
  void prefetchUnitOfNextTile(const PanelFields &panel, mlir::Value unit);
  /// Asks for share `ordinal` of `shares` of the next k-tile's bytes: what the multiplication of a
  /// k-tile has time for. The nearest cache for it: a Zen 5 takes 1.02 to 1.25 times as long up to
  /// m = 4 where the next one is asked, and as long for more rows of x.
  void prefetchNextTile(const PanelFields &panel, mlir::Value kTile, mlir::Value ordinal,
                        mlir::Value shares);
  /// Asks the nearest cache for a share of what is decoded next, with `blocksLeft` blocks of rows
  /// of x to go, this one too.
  void prefetchNextStrip(const PanelFields &panel, mlir::Value strip, mlir::Value kTile,
                         mlir::Value blocksLeft, mlir::Value rowBlock);
  /// Asks for a part of what the next block of accumulators needs in the nearest cache: its x, from
  /// `nextX` on, and its accumulators, which follow this one's from `sums` on.
  void prefetchBlock(mlir::Value nextX, mlir::Value sums, mlir::Value rowBlock, mlir::Value group,
                     mlir::Value count);

  // TileMatmulTiles.cpp
  void prepareTiles();
  /// A column group of a tile; `number` counts all of x.
  void prepareNumbered(mlir::Value number);
  void prepareTileGroup(mlir::Value matrix, mlir::Value tile, mlir::Value column, bool isWhole,
                        mlir::Value to);
  /// Where a tile of x lies in `prepared`, for group 0.
  mlir::Value tileStart(mlir::Value matrix, mlir::Value tile);
  /// How many panels a task takes; sets `panelsAtOnce` and `maxPanels`.
  void choosePanelsAtOnce();
  /// A slice of m of one panel or several.
  void emitTileTask(mlir::Value task);
  void emitTileStep(const PanelFields &panel, mlir::Value kTile, mlir::Value slice,
                    mlir::Value width);
  void zeroTiles(const PanelFields &panel, mlir::Value width);
  /// Of a strip, or of two at a time.
  void emitTileStrips(const PanelFields &panel, mlir::Value kTile, mlir::Value groups,
                      mlir::Value slice, mlir::Value width);
  void emitTileBlocks(const PanelFields &panel, mlir::Value strip, int64_t strips,
                      mlir::Value kTile, mlir::Value groups, mlir::Value slice, mlir::Value width);
  /// What a block of accumulators needs to know.
  struct TileBlock {
    /// The first of `strips` strips.
    mlir::Value strip, firstGroup, groups;
    /// The first of `tiles` tiles of x, in the slice and of all.
    mlir::Value inSlice, ofX;
    int64_t strips, tiles;
    /// Whether the block asks for the next k-tile.
    mlir::Value asks;
  };
  void emitTileBlock(const PanelFields &panel, const TileBlock &block);
  mlir::Value loadTile(mlir::Value from, mlir::Value at, mlir::Type element);
  /// 16 vectors of 16 elements with rows and columns exchanged, of which the first lies at `at` and
  /// each of the others `stride` elements behind the one before.
  llvm::SmallVector<mlir::Value> loadTurned(mlir::Value from, mlir::Value at,
                                            int64_t stride = laneCount);
  mlir::Value loadWeightTile(const PanelFields &panel, const TileBlock &block, int64_t strip,
                             mlir::Value group, unsigned half);
  /// Asks for a part of the next k-tile, as much as a strip's group has. `step`: which one.
  void prefetchShare(const PanelFields &panel, mlir::Value firstGroup, mlir::Value step);
  void emitTileOutputs(const PanelFields &panel, mlir::Value firstM, mlir::Value width);
  mlir::Value tileAccumulators(const PanelFields &panel, mlir::Value strip, mlir::Value inSlice);

  // TileMatmulEpilogue.cpp
  void zeroAccumulators(mlir::Value width);
  void emitOutputs(const PanelFields &panel, mlir::Value firstM, mlir::Value width);
  /// Adds the lanes of a strip's outputs for row `inBlock` of a block of `width` rows of x, which
  /// begins at row `first` of the slice of m and was computed `blockRows` outputs at a time.
  mlir::Value addLanes(mlir::Value strip, mlir::Value first, mlir::Value inBlock, int64_t blockRows,
                       int64_t width);
  /// Epilogue and store of a row of x and a strip, from `sum`.
  void emitOutput(const PanelFields &panel, mlir::Value strip, mlir::Value m, mlir::Value sum);
  mlir::Value emitEpilogue(mlir::Value accumulators, mlir::Value matrix, mlir::Value m,
                           mlir::Value n, mlir::Value count);
  mlir::Value loadExtra(mlir::Value extra, mlir::AffineMap map,
                        llvm::ArrayRef<mlir::Value> position, mlir::Value count,
                        mlir::Value through);
  void storeOutput(mlir::Value vector, llvm::ArrayRef<mlir::Value> position, mlir::Value count);

  // Small things that all parts use.
  /// Decodes a unit into row vectors, or from `into` on into the buffer.
  llvm::SmallVector<mlir::Value> decodeUnit(const PanelFields &panel, mlir::Value unit,
                                            bool asWords, mlir::Value into = {});
  /// The planes of what fixed units are read from, where a unit begins in each, and how many u32 it
  /// has there.
  void forEachPlane(
      const PanelFields &panel, mlir::Value unit, bool asWords,
      llvm::function_ref<void(WeightBuffer kind, mlir::Value first, int64_t unitU32)> body);
  /// Which cache is asked for what is read soon, or next: its number, as `memref.prefetch` has it.
  static constexpr int32_t nearestCache = 3, nextCache = 2;
  /// Asks for `countU32` u32 of a plane from `first` on; for nothing where that is 0.
  void prefetchLines(WeightBuffer kind, mlir::Value first, int64_t countU32,
                     int32_t cache = nextCache);
  /// Asks for one of `shares` shares of `shareU32` u32 each that a plane has from `first` on: in
  /// step 0 to `shares` - 1 for as much of each of up to `readStreams` parts of them all.
  void prefetchStreams(WeightBuffer kind, mlir::Value first, int64_t shareU32, mlir::Value shares,
                       mlir::Value step);
  mlir::Value dot(mlir::Value weights, mlir::Value accumulators, mlir::ValueRange x);
  /// Where the accumulators of a block lie: those of `width` rows of x from row `inSlice` of the
  /// slice of m on and of block `rowBlock` of `blockRows` outputs of a strip, half of them g and
  /// half g + 8. There output o and row c have vector o · `width` + c.
  mlir::Value accumulatorsOf(mlir::Value strip, mlir::Value inSlice, mlir::Value rowBlock,
                             int64_t blockRows, int64_t width);
  /// The same of all outputs of a strip and one row of x.
  mlir::Value accumulatorsOfRow(mlir::Value strip) {
    return accumulatorsOf(strip, index.constant(0), index.constant(0), stripRows, 1);
  }

  MatmulOp op;
  /// x lies prepared as packed pairs for a bf16 dot product, else as f32.
  bool packed = false;
  /// Target::holdsUnit; accumulators that registers hold beside their operands.
  bool holdsUnit = false;
  int64_t maxAccumulators = 0;
  /// Matrices that the product runs over, also as a value.
  int64_t matrices = 0;
  mlir::Value matrixCount;
  /// 64-column groups of x, whole units.
  IntegerBuilder::Operand groups = 0;
  mlir::Value preparedRowU32() { return index.mul(groups, u32InGroup()); }
  /// m, and it as a constant or dynamic.
  mlir::Value sizeM;
  int64_t staticM = 0;
  CpuStrategy strategy = CpuStrategy::Direct;
  bool usesTiles() const { return strategy == CpuStrategy::Tiles; }
  /// Whether tiles are loaded from the weight's own words.
  bool readsInPlace() const { return usesTiles() && layout.onlyWords; }
  /// A block of accumulators that is kept in registers; the last block where its rows of x are
  /// known to be fewer; rows of x that a task takes at a time; groups that are decoded at a time.
  int64_t tileN = 0, tileM = 0, lastN = 0, lastM = 0;
  int64_t sliceM = 0, tileGroups = 0;
  /// Whether each slice of m of a panel is a task.
  bool slicesAreTasks = false;
  /// How far ahead of a unit strategy direct asks in one stream; how many streams take turns.
  int64_t prefetchU32 = 0, readStreams = 1;
  /// Strips that are decoded before they are multiplied, with one buffer after the other.
  int64_t stripsAtOnce = 1;
  /// Panels that a task of strategy `tiles` takes at a time, and the most that these are.
  mlir::Value panelsAtOnce;
  int64_t maxPanels = 1;
  /// Whether what is emitted is in a parallel loop.
  bool isInTask = false;
  /// Distance in the buffer (in i16) from group to group.
  mlir::Value groupStride;
  /// Whether a panel stays decoded for all slices of m, where decoding takes long, and then where
  /// the strip's part of the k-tile begins in the buffer.
  bool keepsPanel = false;
  mlir::Value bufferStart;

  /// `records`: the first escape record of each unit of a k-tile.
  /// `turned`: rows of x of a group, before they are turned round to a tile. `nextRecords`: the
  /// first escape record of the next k-tile of each panel of a task.
  mlir::Value prepared, accumulators, buffer, records, nextRecords, transfer, outputScratch, turned;
  llvm::SmallVector<mlir::Value> extraScratch, temporaries;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_TILEMATMUL_H
