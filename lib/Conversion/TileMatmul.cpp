//===- TileMatmul.cpp - Products on buffers as loops over panels ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Conversion/Passes.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_TILEMATMULPASS
#include "uwt/Conversion/Passes.h.inc"

namespace {
struct TileMatmulPass : impl::TileMatmulPassBase<TileMatmulPass> {
  void runOnOperation() override {
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    for (MatmulOp op : products) {
      OpBuilder builder(op);
      if (failed(ProductLowering(op, builder).lower()))
        return signalPassFailure();
      op.erase();
    }
  }
};
} // namespace

int64_t rowsForColumns(int64_t columns) {
  if (columns == 1)
    return 16;
  return columns <= 3 ? 8 : columns <= 6 ? 4 : 2;
}

/// What a product without tasks may take of its function's stack.
static constexpr int64_t mostStackBytes = 1024;

/// Columns of x that a task takes at a time: more would only grow its partial sums.
static constexpr int64_t mostSlabColumns = 64;

/// Batches up to this one read a panel's units again, from the cache, for each column: where no
/// strategy says otherwise and units decode into registers.
static constexpr int64_t mostDirectBatch = 2;

/// Columns of a block where no strategy says: 16 to 24 sums, and few columns left over.
static int64_t defaultColumns(int64_t batch) {
  if (ShapedType::isDynamic(batch))
    return 4;
  return batch <= 5 ? std::max<int64_t>(batch, 1) : batch <= 32 ? 2 : 4;
}

/// Column groups that are decoded at a time where no strategy says. A small batch waits for memory,
/// and small chunks keep that busy; a large one pays for loading and storing its sums.
static int64_t defaultChunk(int64_t batch) {
  if (ShapedType::isDynamic(batch))
    return 4;
  return batch <= 8 ? 2 : 8;
}

ProductLowering::ProductLowering(MatmulOp op, OpBuilder &builder)
    : op(op), builder(builder), location(op.getLoc()), index(builder, location) {
  CompressedType weight = op.getWeightType();
  element = weight.getElementType();
  rows = weight.getRows();
  columns = weight.getColumns();
  matrices = weight.getMatrices();
  panelsInMatrix = divideUp(rows, panelRows);
}

LogicalResult ProductLowering::check() {
  if (!op.hasBuffers())
    return op.emitOpError("is on tensors: bufferize it before it is tiled");
  if (!op->getParentWithTrait<OpTrait::AutomaticAllocationScope>())
    return op.emitOpError("is in no function, which its scratch belongs to");
  FormatAttr format = op.getWeightType().getFormat();
  auto emission = dyn_cast<DecoderEmissionInterface>(Attribute(format));
  if (!emission)
    return op.emitOpError("has a format without decoders: register the Emission library");
  std::string reason;
  if (failed(emission.checkEmission(element, reason)))
    return op.emitOpError() << "cannot be compiled for format '" << format.getText()
                            << "': " << reason;
  return mlir::success();
}

LogicalResult ProductLowering::chooseShape(const Target &target) {
  layout = unitLayout(op.getWeightType().getFormat().getFormat(), *elementTypeOf(element));
  packed = target.supports(Feature::Avx512Bf16) && op.getNumerics() == Numerics::Fast &&
           element.isBF16() && op.getXType().getElementType().isBF16();
  groups = roundUp(divideUp(columns, fixedUnitColumns), layout.groups);
  staticBatch = op.getBatch();

  auto strategy = dyn_cast_or_null<StrategyAttr>(op.getStrategyAttr());
  if (op.getStrategyAttr() && !strategy)
    return op.emitOpError() << "has a strategy of kernels for GPUs: " << op.getStrategyAttr();
  direct = strategy ? strategy.getFamily() == KernelFamily::Direct
                    : !ShapedType::isDynamic(staticBatch) && staticBatch <= mostDirectBatch &&
                          layout.fixedRate;
  if (direct && !layout.fixedRate)
    return op.emitOpError(
        "has strategy 'direct', which needs a format of fixed rate: use 'buffer'");
  blockColumns = direct ? 1 : strategy ? strategy.getColumns() : defaultColumns(staticBatch);
  if (!ShapedType::isDynamic(staticBatch))
    blockColumns = std::max<int64_t>(1, std::min(blockColumns, staticBatch));
  blockRows = rowsForColumns(blockColumns);
  if (strategy && strategy.getColumns() == blockColumns)
    blockRows = std::max<int64_t>(2, strategy.getRows());
  slabColumns = direct ? 1 : std::max(mostSlabColumns / blockColumns, int64_t(1)) * blockColumns;
  if (!ShapedType::isDynamic(staticBatch)) {
    slabColumns = std::clamp<int64_t>(staticBatch, 1, slabColumns);
    lastColumns = staticBatch % blockColumns;
  }
  chunkGroups = strategy ? strategy.getKChunk() / fixedUnitColumns : defaultChunk(staticBatch);
  if (!layout.fixedRate)
    chunkGroups = columns <= wholePanelUnitColumns ? groups : streamUnitColumns / fixedUnitColumns;
  chunkGroups =
      roundUp(std::clamp<int64_t>(chunkGroups, 1, std::max<int64_t>(groups, 1)), layout.groups);
  return mlir::success();
}

LogicalResult ProductLowering::lower() {
  if (failed(check()) || failed(chooseShape(TargetAttr::of(op))))
    return mlir::failure();
  int64_t batchDimension = op.getXType().getRank() - 2;
  batch = ShapedType::isDynamic(staticBatch)
              ? memref::DimOp::create(builder, location, op.getX(), batchDimension).getResult()
              : index.constant(staticBatch);
  if (staticBatch == 0 || rows == 0 || matrices == 0)
    return mlir::success();

  prepareX();
  int64_t panels = matrices * panelsInMatrix;
  if (panels == 1) {
    emitTask(index.constant(0));
  } else {
    auto loop = scf::ForallOp::create(builder, location,
                                      ArrayRef<OpFoldResult>{builder.getIndexAttr(panels)},
                                      ValueRange(), std::nullopt);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    emitTask(loop.getInductionVars().front());
  }
  temporaries.push_back(prepared);
  for (Value memory : temporaries)
    memref::DeallocOp::create(builder, location, memory);
  return mlir::success();
}

Value ProductLowering::scratch(int64_t count, Type type) {
  auto memref = MemRefType::get({count}, type);
  IntegerAttr alignment = builder.getI64IntegerAttr(64);
  // The stack of a task is free again after it. A function's is not, neither in its loops nor for
  // its next product, so that only little may come from there, and from its entry.
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  bool isLarge = count * bits / 8 > mostStackBytes;
  if (panelsInMatrix * matrices == 1 && isLarge) {
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

Value ProductLowering::plane(Plane kind) {
  Type type = kind == Plane::Panels   ? builder.getI64Type()
              : kind == Plane::Counts ? builder.getI8Type()
                                      : builder.getI32Type();
  return PlaneOp::create(builder, location, MemRefType::get({ShapedType::kDynamic}, type), kind,
                         op.getWeight());
}

PanelFields ProductLowering::loadPanel(Value panel) {
  Value entries = plane(Plane::Panels);
  auto field = [&](int64_t number) -> Value {
    Value at = index.add(index.mul(panel, 8), number);
    Value value = memref::LoadOp::create(builder, location, entries, ValueRange{at});
    return arith::IndexCastOp::create(builder, location, builder.getIndexType(), value);
  };
  PanelFields fields;
  fields.panel = panel;
  // In the order of PanelEntry (Abi.h).
  fields.words = field(0);
  fields.raw = field(1);
  fields.code = field(2);
  fields.patch = field(4);
  fields.counts = field(6);
  fields.storedAsWords = index.less(index.constant(0), field(7));
  bool isSingle = op.getInitType().getRank() == 2;
  fields.matrix = isSingle ? index.constant(0) : index.div(panel, panelsInMatrix);
  Value local = isSingle ? panel : index.rem(panel, panelsInMatrix);
  fields.row = index.mul(local, panelRows);
  fields.strips = index.constant(stripsInPanel);
  if (rows % panelRows != 0)
    fields.strips = index.min(
        fields.strips, index.ceilDiv(index.sub(index.constant(rows), fields.row), stripRows));
  return fields;
}

void ProductLowering::emitTask(Value panel) {
  sums = scratch(slabColumns * panelRows * laneCount, builder.getF32Type());
  int64_t bufferGroups = direct                 ? layout.groups
                         : isWholePanelStream() ? chunkGroups * stripsInPanel
                                                : chunkGroups;
  buffer = scratch(bufferGroups * groupWords * 2, builder.getI16Type());
  if (!direct && layout.hasEscapes)
    records = scratch(chunkGroups / layout.groups * stripsInPanel, builder.getIndexType());
  outputScratch = scratch(laneCount, op.getInitType().getElementType());
  extraScratch.clear();
  for (Value extra : op.getExtras())
    extraScratch.push_back(scratch(laneCount, cast<ShapedType>(extra.getType()).getElementType()));

  PanelFields fields = loadPanel(panel);
  if (direct)
    return emitDirect(fields);
  // The groups of a stream of all strips take turns.
  groupStride = isWholePanelStream() ? index.mul(fields.strips, groupWords * 2)
                                     : index.constant(groupWords * 2);
  emitBuffer(fields);
}

//===----------------------------------------------------------------------===//
// What all parts use
//===----------------------------------------------------------------------===//

Value ProductLowering::unitOffset(Value start, Value unit, int64_t words) {
  return words == 0 ? index.constant(0) : index.add(start, index.mul(unit, words));
}

SmallVector<Value> ProductLowering::decodeUnit(const PanelFields &panel, Value unit, bool asWords,
                                               Value into) {
  Value first = asWords ? unitOffset(panel.words, unit, groupWords)
                        : unitOffset(panel.raw, unit, layout.rawWords);
  Value code = asWords ? index.constant(0) : unitOffset(panel.code, unit, layout.codeWords);
  int64_t count = into ? 0 : (asWords ? 1 : layout.groups) * groupRegisters;
  SmallVector<Type> types(count, VectorType::get({laneCount}, builder.getI32Type()));
  auto decode = DecodeUnitOp::create(builder, location, types, op.getWeight(), first, code,
                                     into ? buffer : Value(), into,
                                     asWords ? builder.getUnitAttr() : UnitAttr());
  return SmallVector<Value>(decode.getRegisters());
}

Value ProductLowering::dot(Value weights, Value accumulator, ValueRange x) {
  return DotOp::create(builder, location, weights, x, accumulator, element, op.getNumerics());
}

Value ProductLowering::sumsAt(Value column, Value strip) {
  Value vectors = index.mul(index.add(index.mul(strip, slabColumns), column), stripRows);
  return index.mul(vectors, laneCount);
}

Value ProductLowering::bufferAt(Value strip, Value group) {
  Value at = index.mul(group, groupStride);
  return isWholePanelStream() ? index.add(at, index.mul(strip, groupWords * 2)) : at;
}

Value ProductLowering::loadVector(Value from, Value at, Type type, int64_t count) {
  return vector::LoadOp::create(builder, location, VectorType::get({count}, type), from, at);
}

void ProductLowering::storeVector(Value vector, Value to, Value at) {
  vector::StoreOp::create(builder, location, vector, to, at);
}

Value ProductLowering::escapesOf(const PanelFields &panel, Value unit) {
  Value at = index.add(panel.counts, unit);
  Value byte = memref::LoadOp::create(builder, location, plane(Plane::Counts), ValueRange{at});
  return arith::IndexCastUIOp::create(builder, location, builder.getIndexType(), byte);
}

} // namespace uwt
