//===- TileMatmul.cpp - Products on buffers as loops over panels ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMatmulIntegerBuffer.h"
#include "TileMatmulIntegerTiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_TILEMATMULPASS
#include "uwt/Codegen/CPU/Passes.h.inc"

static LogicalResult lowerProduct(MatmulOp op, OpBuilder &builder) {
  if (!op.getArithmeticAttr())
    return ProductLowering(op, builder).lower();
  auto strategy = dyn_cast_or_null<StrategyAttr>(op.getStrategyAttr());
  switch (strategy ? strategy.getStrategy() : ProductStrategy::Direct) {
  case ProductStrategy::Tiles:
    return IntegerTilesLowering(op, builder).lower();
  case ProductStrategy::Buffer:
    return IntegerBufferLowering(op, builder).lower();
  default:
    return IntegerProductLowering(op, builder).lower();
  }
}

namespace {
struct TileMatmulPass : impl::TileMatmulPassBase<TileMatmulPass> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation()->walk([&](Operation *op) {
      if (isa<MatmulOp, GatherOp>(op))
        operations.push_back(op);
    });
    for (Operation *op : operations) {
      OpBuilder builder(op);
      auto gather = dyn_cast<GatherOp>(op);
      if (failed(gather ? lowerGather(gather, builder) : lowerProduct(cast<MatmulOp>(op), builder)))
        return signalPassFailure();
      op->erase();
    }
  }
};
} // namespace

/// Panels that take turns with a slice of m: what they and the slice have is kept by the last cache
/// until the next slice.
static constexpr int64_t maxPanelsInTurn = 8;

/// What a product without tasks may take of its function's stack.
static constexpr int64_t maxStackBytes = 1024;

ProductLowering::ProductLowering(MatmulOp op, OpBuilder &builder)
    : PanelReader(op.getWeight(), builder, op.getLoc()), op(op), matrices(op.getMatrices()) {}

LogicalResult ProductLowering::check() {
  if (!op.hasBuffers())
    return op.emitOpError("is on tensors: bufferize it before it is tiled");
  if (!op->getParentWithTrait<OpTrait::AutomaticAllocationScope>())
    return op.emitOpError("is in no function, which its scratch belongs to");
  return checkWeight(op);
}

LogicalResult ProductLowering::readStrategy(const Target &target) {
  bool hasPairs = element.isBF16() && op.getXType().getElementType().isBF16();
  bool multipliesPairs = op.getNumerics() == Numerics::Fast && hasPairs;
  // What blocks are made for; others have half of these registers, or lanes.
  holdsUnit = target.holdsUnit();
  maxAccumulators = holdsUnit ? 32 : 6;
  packed = (multipliesPairs && target.supports(Feature::Avx512Bf16)) ||
           (hasPairs && target.supports(Feature::NeonBf16));
  Value units = index.ceilDiv(columns, fixedUnitColumns * layout.groups);
  groups = index.mul(units, layout.groups);
  staticM = op.getM();

  auto given = dyn_cast_or_null<StrategyAttr>(op.getStrategyAttr());
  if (op.getStrategyAttr() && !given)
    return op.emitOpError() << "has a strategy of kernels for GPUs: " << op.getStrategyAttr();
  std::optional<uint64_t> m;
  if (!ShapedType::isDynamic(staticM))
    m = static_cast<uint64_t>(staticM);
  const Format &format = op.getWeightType().getFormat().getFormat();
  bool decodesUnits = layout.fixedRate && m && mayBeDirect(format, *m, holdsUnit);
  KernelConfig config = given ? configOf(given) : usualConfig(m, decodesUnits);
  strategy = config.strategy;
  if (strategy == CpuStrategy::Direct && !layout.fixedRate)
    return op.emitOpError(
        "has strategy 'direct', which needs a format of fixed rate: use 'buffer'");
  if (usesTiles() && !tilesServe(op, target))
    return op.emitOpError(tilesNeed);
  packed |= usesTiles();
  stripsAtOnce = usesTiles() && layout.fixedRate ? config.tileN / tileRows : 1;
  MTiles tiles = tilesOfM(config, m);
  tileM = tiles.tileM;
  // A unit's rows are one block.
  tileN = strategy == CpuStrategy::Direct ? stripRows : tiles.tileN;
  sliceM = static_cast<int64_t>(tiles.taskM);
  lastM = tiles.lastM;
  lastN = tiles.lastN;
  tileGroups = config.tileK / fixedUnitColumns;
  readDistances(config, target);
  std::optional<int64_t> knownGroups = groups.known();
  if (!layout.fixedRate)
    tileGroups = isWholePanelStream() ? *knownGroups : streamUnitColumns / fixedUnitColumns;
  int64_t most = std::max<int64_t>(knownGroups.value_or(tileGroups), 1);
  tileGroups = roundUp(std::clamp<int64_t>(tileGroups, 1, most), layout.groups);
  keepsPanel = !usesTiles() && !layout.fixedRate && knownGroups && hasMoreSlices();
  slicesAreTasks = strategy == CpuStrategy::Buffer && !keepsPanel && hasMoreSlices();
  return success();
}

LogicalResult ProductLowering::lower() {
  if (failed(check()) || failed(readStrategy(TargetAttr::of(op))))
    return failure();
  int64_t mDimension = op.getXType().getRank() - 2;
  sizeM = ShapedType::isDynamic(staticM)
              ? memref::DimOp::create(builder, location, op.getX(), mDimension).getResult()
              : index.constant(staticM);
  if (staticM == 0 || rows.known() == 0 || matrices == 0)
    return success();
  matrixCount = ShapedType::isDynamic(matrices)
                    ? memref::DimOp::create(builder, location, op.getInit(), 0).getResult()
                    : index.constant(matrices);
  checkSelection();
  if (usesTiles())
    prepareTiles();
  else
    prepareX();
  if (isOneTask())
    emitTask(index.constant(0));
  else
    forEachTask(taskCount(), [&](Value task) { emitTask(task); });
  temporaries.push_back(prepared);
  for (Value memory : temporaries)
    memref::DeallocOp::create(builder, location, memory);
  return success();
}

Value ProductLowering::taskCount() {
  Value panels = panelCount(), slices = index.ceilDiv(sizeM, sliceM);
  if (!usesTiles())
    return slicesAreTasks ? index.mul(panels, slices) : panels;
  Value groupsOfPanels = index.div(index.add(panels, index.sub(panelsAtOnce, 1)), panelsAtOnce);
  return index.mul(groupsOfPanels, slices);
}

ProductLowering::TaskBegin ProductLowering::beginOf(Value task) {
  if (!slicesAreTasks)
    return {task, {}};
  // With a slice of m they have no more rows than x.
  Value several = index.div(index.sub(index.max(sizeM, sliceM), sliceM), panelRows);
  several = index.max(1, index.min(maxPanelsInTurn, several));
  Value tasksOfSeveral = index.mul(several, index.ceilDiv(sizeM, sliceM));
  Value first = index.mul(index.div(task, tasksOfSeveral), several);
  Value count = index.min(several, index.sub(panelCount(), first));
  Value number = index.rem(task, tasksOfSeveral);
  return {index.add(first, index.rem(number, count)), index.mul(index.div(number, count), sliceM)};
}

void ProductLowering::forEachSlice(const TaskBegin &begin, llvm::function_ref<void(Value)> body) {
  if (begin.slice)
    return body(begin.slice);
  index.loop(sizeM, body, sliceM);
}

void ProductLowering::forEachTask(Value count, llvm::function_ref<void(Value)> body) {
  OpFoldResult tasks = getAsOpFoldResult(count);
  auto loop = scf::ForallOp::create(builder, location, ArrayRef<OpFoldResult>{tasks}, ValueRange(),
                                    std::nullopt);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  llvm::SaveAndRestore<bool> restore(isInTask, true);
  body(loop.getInductionVars().front());
}

Value ProductLowering::selected(Value matrix) {
  Value selection = op.getSelection();
  if (!selection)
    return matrix;
  if (selection.getType().isIndex())
    return selection;
  Value number = memref::LoadOp::create(builder, location, selection, ValueRange{matrix});
  return number.getType().isIndex()
             ? number
             : arith::IndexCastOp::create(builder, location, builder.getIndexType(), number);
}

void ProductLowering::checkSelection() {
  if (!op.getSelection())
    return;
  index.loop(matrixCount, [&](Value matrix) {
    index.check(selected(matrix), op.getWeightType().getMatrices(),
                "the number of a selected matrix is outside of the weight's");
  });
}

Value ProductLowering::scratch(int64_t count, Type type) {
  auto memref = MemRefType::get({count}, type);
  IntegerAttr alignment = builder.getI64IntegerAttr(64);
  // The stack of a task is free again after it. A function's is not, neither in its loops nor for
  // its next product, so that only little may come from there, and from its entry.
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  bool isLarge = count * bits / 8 > maxStackBytes;
  if (!isInTask && isLarge) {
    temporaries.push_back(
        memref::AllocOp::create(builder, location, memref, ValueRange(), alignment));
    return temporaries.back();
  }
  OpBuilder::InsertionGuard guard(builder);
  Operation *scope = builder.getInsertionBlock()->getParentOp();
  if (!scope->hasTrait<OpTrait::AutomaticAllocationScope>())
    scope = scope->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  builder.setInsertionPointToStart(&scope->getRegion(0).front());
  return memref::AllocaOp::create(builder, location, memref, alignment);
}

PanelFields ProductLowering::panelAt(Value number) {
  bool isSingle = !op.isBatched();
  Value matrix = isSingle ? index.constant(0) : index.div(number, panelsInMatrix());
  Value local = isSingle ? number : index.rem(number, panelsInMatrix());
  Value panel = number;
  if (op.getSelection())
    panel = index.add(index.mul(selected(matrix), panelsInMatrix()), local);
  PanelFields fields = loadPanel(panel, local);
  fields.matrix = matrix;
  return fields;
}

void ProductLowering::emitTask(Value task) {
  bool isDirect = strategy == CpuStrategy::Direct;
  // On tile registers an output has one accumulator, else one of each lane.
  accumulators =
      scratch(sliceM * panelRows * (usesTiles() ? maxPanels : laneCount), builder.getF32Type());
  int64_t bufferGroups = isDirect     ? layout.groups
                         : keepsPanel ? roundUp(*groups.known(), tileGroups) * stripsInPanel
                         : isWholePanelStream() ? tileGroups * stripsInPanel
                                                : tileGroups * stripsAtOnce;
  auto bufferType = MemRefType::get({bufferGroups * groupU32 * 2}, builder.getI16Type());
  // A panel is too large for the stack of a task.
  if (keepsPanel)
    buffer = memref::AllocOp::create(builder, location, bufferType, ValueRange(),
                                     builder.getI64IntegerAttr(64));
  else if (!readsInPlace())
    buffer = scratch(bufferType.getNumElements(), builder.getI16Type());
  if (!isDirect && layout.hasEscapes)
    records = scratch(tileGroups / layout.groups * stripsInPanel, builder.getIndexType());
  outputScratch = scratch(laneCount, op.getInitType().getElementType());
  extraScratch.clear();
  for (Value extra : op.getExtras())
    extraScratch.push_back(scratch(laneCount, cast<ShapedType>(extra.getType()).getElementType()));

  if (usesTiles())
    return emitTileTask(task);
  TaskBegin begin = beginOf(task);
  PanelFields fields = panelAt(begin.panel);
  if (isDirect)
    return emitDirect(fields);
  forEachSlice(begin, [&](Value slice) { emitBuffer(fields, slice); });
  if (keepsPanel)
    memref::DeallocOp::create(builder, location, buffer);
}

//===----------------------------------------------------------------------===//
// What all parts use
//===----------------------------------------------------------------------===//

SmallVector<Value> ProductLowering::decodeUnit(const PanelFields &panel, Value unit, bool asWords,
                                               Value into) {
  return decode(panel, unit, asWords, into ? buffer : Value(), into);
}

void ProductLowering::forEachPlane(
    const PanelFields &panel, Value unit, bool asWords,
    llvm::function_ref<void(WeightBuffer kind, Value first, int64_t unitU32)> body) {
  auto [first, code] = offsetsOf(panel, unit, asWords);
  if (asWords)
    return body(WeightBuffer::Words, first, groupU32);
  if (layout.rawU32 != 0)
    body(WeightBuffer::Raw, first, layout.rawU32);
  if (layout.codeU32 != 0)
    body(WeightBuffer::Code, code, layout.codeU32);
}

void ProductLowering::prefetchLines(WeightBuffer kind, Value first, int64_t countU32,
                                    int32_t cache) {
  if (countU32 == 0)
    return;
  Value from = weightBuffer(kind);
  for (int64_t line = 0; line < countU32; line += laneCount)
    memref::PrefetchOp::create(builder, location, from, index.add(first, line), /*isWrite=*/false,
                               cache, /*isDataCache=*/true);
}

void ProductLowering::prefetchStreams(WeightBuffer kind, Value first, int64_t shareU32,
                                      Value shares, Value step) {
  int64_t streams = readStreams;
  while (streams > 1 && shareU32 < streams * laneCount)
    streams /= 2;
  // What is no whole line the processor asks for by itself, as it follows what it was asked for.
  int64_t ofStream = shareU32 / streams;
  int64_t lines = std::max<int64_t>((ofStream + laneCount / 2) / laneCount, 1);
  Value at = index.add(first, index.mul(step, ofStream)), stride = index.mul(shares, ofStream);
  for (int64_t line = 0; line < lines; ++line)
    for (int64_t stream = 0; stream < streams; ++stream)
      prefetchLines(kind, index.add(index.add(at, line * laneCount), index.mul(stride, stream)),
                    laneCount);
}

Value ProductLowering::dot(Value weights, Value accumulator, ValueRange x) {
  return DotOp::create(builder, location, weights, x, accumulator, element, op.getNumerics());
}

Value ProductLowering::accumulatorsOf(Value strip, Value inSlice, Value rowBlock, int64_t blockRows,
                                      int64_t width) {
  Value vectors = index.mul(index.add(index.mul(strip, sliceM), inSlice), stripRows);
  return index.mul(index.add(vectors, index.mul(rowBlock, blockRows * width)), laneCount);
}

Value ProductLowering::bufferAt(Value strip, Value group) {
  Value at = index.mul(group, groupStride);
  if (bufferStart)
    return index.add(at, bufferStart);
  if (stripsAtOnce > 1)
    return index.add(at, index.mul(index.rem(strip, stripsAtOnce), tileGroups * groupU32 * 2));
  return isWholePanelStream() ? index.add(at, index.mul(strip, groupU32 * 2)) : at;
}

} // namespace uwt::codegen
