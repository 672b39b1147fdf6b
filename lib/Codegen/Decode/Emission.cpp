//===- Emission.cpp - Decoders as lane code -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds emitters and makes them the implementation of DecoderEmissionInterface.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/Decode/Emission.h"
#include "FieldPlanes.h"
#include "Fragment.h"
#include "Quantized.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/Indices.h"

using namespace mlir;

namespace uwt::codegen {

#define UWT_EMITTER(Name) const Emitter &get##Name##Emitter();
#include "Emitters.def"
#undef UWT_EMITTER

static SmallVector<const Emitter *> &registry() {
  static SmallVector<const Emitter *> emitters = {
#define UWT_EMITTER(Name) &get##Name##Emitter(),
#include "Emitters.def"
#undef UWT_EMITTER
  };
  return emitters;
}

EmitterRegistration::EmitterRegistration(const Emitter &emitter) { registry().push_back(&emitter); }

const Emitter *findEmitter(StringRef keyword) {
  for (const Emitter *emitter : registry())
    if (emitter->keyword() == keyword)
      return emitter;
  return nullptr;
}

/// The emitter of a format, or null.
static const Emitter *findEmitterOf(const Format &format) {
  return findEmitter(format.isQuantized() ? StringRef(dequantizerKeyword)
                                          : StringRef(format.codec.keyword));
}

const Emitter &emitterOf(const EmittedFormat &format) { return *findEmitterOf(format.format); }

static UnitLayout layoutOf(const Format &format, const CodecTraits &traits) {
  UnitLayout layout;
  layout.fixedRate = !isVariable(traits.rate);
  layout.onlyWords = traits.rate == Rate::Words;
  layout.hasEscapes = traits.rate == Rate::Fixed && format.escapes != Escapes::None;
  layout.recordU32 = escapeRecordU32(format);
  layout.groups = traits.unit.groups();
  layout.rawU32 = traits.unit.rawU32;
  layout.codeU32 = traits.unit.codeU32;
  layout.rawGroupStride = traits.unit.rawGroupStride;
  layout.codeGroupStride = traits.unit.codeGroupStride;
  layout.hasNumbers = format.isQuantized();
  return layout;
}

UnitLayout unitLayout(const Format &format, ElementType element) {
  return layoutOf(format, *checkRunFormat(format, element));
}

UnitLayout unitLayout(const EmittedFormat &format) {
  return layoutOf(format.format, format.traits);
}

Expected<EmittedFormat> describeFormat(const Format &format, ElementType element) {
  EmittedFormat described;
  UWT_ASSIGN_OR_RETURN(described.traits, checkRunFormat(format, element));
  described.format = format;
  described.element = element;
  described.split = splitOf(element, format);
  described.table = decodeTableLayout(format, described.split, described.traits);
  if (format.layout != Layout::Fragment16x16)
    return unsupportedError(
        "layout=row_major is for reading single rows, products need layout=fragment<16x16>");
  if (element != ElementType::BF16 && element != ElementType::F16)
    return unsupportedError("products are compiled for bf16 and f16, not for " +
                            std::string(getTraits(element).name));
  const Emitter *emitter = findEmitterOf(format);
  if (!emitter)
    return unsupportedError("codec '" + format.codec.keyword + "' has no decoder in compiled code");
  UWT_RETURN_IF_ERROR(emitter->checkServes(described));
  return described;
}

//===----------------------------------------------------------------------===//
// Emitter and UnitEmission
//===----------------------------------------------------------------------===//

LogicalResult Emitter::emitUnit(UnitEmission & /*unit*/) const { return failure(); }
std::optional<unsigned> Emitter::fragmentTableU32(const EmittedFormat & /*format*/) const {
  return std::nullopt;
}
LogicalResult Emitter::emitStream(const EmittedFormat & /*format*/, RewriterBase & /*rewriter*/,
                                  DecodeStreamOp /*op*/) const {
  return failure();
}

UnitReader UnitEmission::reader() {
  if (lane)
    return UnitReader();
  return {&TargetAttr::of(lanes.ops().getInsertionBlock()->getParentOp()), bool(floatSink)};
}

Value UnitEmission::weightBuffer(WeightBuffer kind) {
  if (fragment)
    return kind == WeightBuffer::Table  ? fragment.getTables()
           : kind == WeightBuffer::Code ? fragment.getCode()
                                        : fragment.getRaw();
  Type type = MemRefType::get({ShapedType::kDynamic}, lanes.ops().getI32Type());
  return BufferOp::create(lanes.ops(), lanes.loc(), type, kind, weight);
}

/// Where a value that does not change while a task runs is computed: once, before its loops.
static void setInvariantPoint(OpBuilder &builder, Value weight) {
  Operation *inner = builder.getInsertionBlock()->getParentOp();
  for (Operation *op = inner; op; op = op->getParentOp())
    if (auto forall = dyn_cast<scf::ForallOp>(op))
      if (!forall->isAncestor(weight.getParentBlock()->getParentOp())) {
        builder.setInsertionPointToStart(forall.getBody());
        return;
      }
  builder.setInsertionPointAfterValue(weight);
}

Value UnitEmission::tableEntry(unsigned entry) {
  if (fragment)
    return lanes.splat(fragment.getTable()[entry]);
  OpBuilder &builder = lanes.ops();
  OpBuilder::InsertionGuard guard(builder);
  setInvariantPoint(builder, weight);
  Value index = Indices(builder, lanes.loc()).constant(entry);
  Value scalar = memref::LoadOp::create(builder, lanes.loc(), weightBuffer(WeightBuffer::Table),
                                        ValueRange{index});
  return lanes.splat(scalar);
}

void UnitEmission::setFloats(unsigned number, Value low, Value high) {
  if (floatSink)
    return floatSink(number, low, high);
  auto bitsOf = [&](Value floats) -> Value {
    return arith::BitcastOp::create(lanes.ops(), lanes.loc(), lanes.type(), floats);
  };
  set(number, lanes.bitOr(lanes.lshr(bitsOf(low), 16), bitsOf(high)));
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// Moves the operations without effects that `value` makes computable to before `op`.
static void moveUsersBefore(Operation *op, Value value, RewriterBase &rewriter) {
  SmallVector<Value> ready = {value};
  auto isKnown = [&](Value operand) {
    Operation *definition = operand.getDefiningOp();
    return !definition || definition->getBlock() != op->getBlock() ||
           definition->isBeforeInBlock(op);
  };
  while (!ready.empty()) {
    Value next = ready.pop_back_val();
    SmallVector<Operation *> users(next.getUsers());
    // In the order in which they were written: uses lists run backwards.
    llvm::sort(users, [&](Operation *a, Operation *b) {
      return a->getBlock() == b->getBlock() && a->isBeforeInBlock(b);
    });
    for (Operation *user : users) {
      if (user->getBlock() != op->getBlock() || !op->isBeforeInBlock(user) ||
          user->hasTrait<OpTrait::IsTerminator>() || !isMemoryEffectFree(user) ||
          !llvm::all_of(user->getOperands(), isKnown))
        continue;
      rewriter.moveOpBefore(user, op);
      llvm::append_range(ready, user->getResults());
    }
  }
}

/// Stores row vector `number` where `uwt.decode_unit` says.
static void storeRowVector(LaneBuilder &lanes, DecodeUnitOp op, unsigned number, Value words) {
  OpBuilder &builder = lanes.ops();
  auto lane = cast<VectorType>(words.getType());
  int64_t size = 2 * lane.getNumElements();
  Value halves = vector::BitCastOp::create(builder, lanes.loc(),
                                           VectorType::get({size}, builder.getI16Type()), words);
  Value at = Indices(builder, lanes.loc()).add(op.getOffset(), number * size);
  vector::StoreOp::create(builder, lanes.loc(), halves, op.getBuffer(), at);
}

/// Emits the row vectors of a unit that `op` decodes.
static LogicalResult emitRowVectors(UnitEmission &unit, Operation *op, bool asWords) {
  if (asWords) {
    emitWords(unit);
    return success();
  }
  const EmittedFormat &format = unit.format;
  if (failed(emitterOf(format).emitUnit(unit)))
    return op->emitOpError() << "has a format without fixed units: '" << format.format.str() << "'";
  return success();
}

static LogicalResult emitUnitOp(const EmittedFormat &format, RewriterBase &rewriter,
                                DecodeUnitOp op) {
  rewriter.setInsertionPoint(op);
  Type lane = VectorType::get({16}, rewriter.getI32Type());
  LaneBuilder lanes(rewriter, op.getLoc(), lane);
  size_t expected = op.getRowVectors().size(), number = 0;
  auto sink = [&](unsigned index, Value words) {
    ++number;
    if (op.getBuffer())
      return storeRowVector(lanes, op, index, words);
    if (index >= expected)
      return;
    rewriter.replaceAllUsesWith(op.getRowVectors()[index], words);
    moveUsersBefore(op, words, rewriter);
  };
  UnitEmission unit(lanes, format, op, sink);
  if (failed(emitRowVectors(unit, op, op.getAsWords())))
    return failure();
  if (!op.getBuffer() && number != expected)
    return op.emitOpError() << "expects " << number << " row vectors for format '"
                            << format.format.str() << "', got " << expected;
  rewriter.eraseOp(op);
  return success();
}

namespace {
/// The accumulators of a unit's rows, from memory while their products are added.
class UnitAccumulators {
public:
  UnitAccumulators(LaneBuilder &lanes, DotUnitOp op, unsigned groups)
      : builder(lanes.ops()), location(lanes.loc()), index(builder, location), op(op),
        element(op.getWeight().getType().getElementType()),
        packed(cast<MemRefType>(op.getX().getType()).getElementType().isInteger(32)),
        products(2 * groups) {}

  void addWords(unsigned number, Value words) {
    add(number, [&](ValueRange x, Value accumulator) -> Value {
      return DotOp::create(builder, location, words, x, accumulator, element, op.getNumerics());
    });
  }
  void addFloats(unsigned number, Value low, Value high) {
    add(number, [&](ValueRange x, Value accumulator) -> Value {
      accumulator = math::FmaOp::create(builder, location, high, x[1], accumulator);
      return math::FmaOp::create(builder, location, low, x[0], accumulator);
    });
  }
  bool isPacked() const { return packed; }

private:
  static constexpr int64_t laneCount = 16;
  struct Row {
    Value accumulator;
    unsigned count = 0;
  };

  Value load(Value from, Value at) {
    auto type = VectorType::get({laneCount}, cast<MemRefType>(from.getType()).getElementType());
    return vector::LoadOp::create(builder, location, type, from, at);
  }

  /// Register r of row g is row g + 8·(r mod 2) of the strip and meets half ⌊r/2⌋ of x.
  void add(unsigned number, llvm::function_ref<Value(ValueRange x, Value accumulator)> product) {
    unsigned group = number / (registersInLane * rowsInStrip);
    unsigned r = number / rowsInStrip % registersInLane;
    unsigned inStrip = number % rowsInStrip + r % 2 * rowsInStrip;
    int64_t vectors = packed ? 1 : 2;
    SmallVector<Value> x;
    for (int64_t i = 0; i < vectors; ++i)
      x.push_back(
          load(op.getX(), index.add(op.getXAt(), ((2 * group + r / 2) * vectors + i) * laneCount)));
    Value at = index.add(op.getAccumulatorsAt(), inStrip * laneCount);
    Row &row = rows[inStrip];
    if (row.count == 0)
      row.accumulator = load(op.getAccumulators(), at);
    row.accumulator = product(x, row.accumulator);
    if (++row.count == products)
      vector::StoreOp::create(builder, location, row.accumulator, op.getAccumulators(), at);
  }

  OpBuilder &builder;
  Location location;
  Indices index;
  DotUnitOp op;
  Type element;
  /// Whether x lies as packed pairs.
  bool packed;
  /// Of a row.
  unsigned products;
  std::array<Row, 2 * rowsInStrip> rows;
};
} // namespace

static LogicalResult emitDotUnitOp(const EmittedFormat &format, RewriterBase &rewriter,
                                   DotUnitOp op) {
  LaneBuilder lanes(rewriter, op.getLoc(), VectorType::get({16}, rewriter.getI32Type()));
  UnitAccumulators accumulators(lanes, op, op.getAsWords() ? 1 : format.traits.unit.groups());
  auto sink = [&](unsigned number, Value words) { accumulators.addWords(number, words); };
  auto floatSink = [&](unsigned number, Value low, Value high) {
    accumulators.addFloats(number, low, high);
  };
  UnitEmission unit(lanes, format, op, sink,
                    accumulators.isPacked() ? UnitEmission::FloatSink() : floatSink);
  if (failed(emitRowVectors(unit, op, op.getAsWords())))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

static void emitIntegersOp(const EmittedFormat &format, RewriterBase &rewriter,
                           DecodeIntegersOp op) {
  Type lane = VectorType::get({16}, rewriter.getI32Type());
  LaneBuilder lanes(rewriter, op.getLoc(), lane);
  Type type = MemRefType::get({ShapedType::kDynamic}, rewriter.getI32Type());
  Value buffer = BufferOp::create(rewriter, op.getLoc(), type, WeightBuffer::Code, op.getWeight());
  auto set = [&](unsigned number, Value bytes) {
    rewriter.replaceAllUsesWith(op.getBytes()[number], bytes);
    moveUsersBefore(op, bytes, rewriter);
  };
  emitIntegers(lanes, format.format, buffer, op.getCode(), op.getGroup(), set);
  rewriter.eraseOp(op);
}

static LogicalResult checkTable(const Emitter &emitter, const EmittedFormat &format,
                                DecodeFragmentOp op) {
  std::optional<unsigned> tableU32 = emitter.fragmentTableU32(format);
  if (!tableU32)
    return op.emitOpError() << "has a format that threads do not decode: '" << format.format.str()
                            << "'";
  if (op.getTable().size() != *tableU32)
    return op.emitOpError() << "expects " << *tableU32 << " words of the decode table, got "
                            << op.getTable().size();
  return success();
}

static LogicalResult emitFragmentOp(const EmittedFormat &format, RewriterBase &rewriter,
                                    DecodeFragmentOp op) {
  const Emitter &emitter = emitterOf(format);
  if (op.getExponentBytes() && !format.hasByteFields())
    return op.emitOpError() << "has a format whose symbols and raw fields are not bytes: '"
                            << format.format.str() << "'";
  if (!op.getAsWords() && !op.getExponentBytes() && failed(checkTable(emitter, format, op)))
    return failure();
  if (!op.getAsWords() && format.format.isQuantized() && (!op.getRaw() || !op.getCode()))
    return op.emitOpError("of a quantised weight expects raw and code: where the unit begins, and "
                          "where the group's codes do");
  if (!op.getAsWords() && format.format.pick && !op.getTables())
    return op.emitOpError("of a weight whose cells pick tables expects tables");
  rewriter.setInsertionPoint(op);
  LaneBuilder lanes(rewriter, op.getLoc(), VectorType::get({4}, rewriter.getI32Type()));
  auto sink = [&](unsigned number, Value words) {
    rewriter.replaceAllUsesWith(op.getResult(number / 8), words);
  };
  UnitEmission unit(lanes, format, op, sink);
  if (op.getAsWords())
    emitWords(unit);
  else if (op.getExponentBytes())
    emitExponentBytes(unit);
  else if (failed(emitter.emitUnit(unit)))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// The interface of #uwt.format
//===----------------------------------------------------------------------===//

namespace {

struct FormatEmission : DecoderEmissionInterface::ExternalModel<FormatEmission, FormatAttr> {
  /// The format's parts. Errors: Usage and Unsupported, as describeFormat().
  static Expected<EmittedFormat> describe(Attribute attribute, Type type) {
    std::optional<ElementType> element = elementTypeOf(type);
    if (!element)
      return unsupportedError("elements are of no type that UWT stores");
    return describeFormat(cast<FormatAttr>(attribute).getFormat(), *element);
  }

  Status checkEmission(Attribute attribute, Type type) const {
    UWT_RETURN_IF_ERROR(describe(attribute, type));
    return ok();
  }
  SmallVector<WeightBuffer> getDecoderBuffers(Attribute attribute, Type type) const {
    Expected<EmittedFormat> format = describe(attribute, type);
    return format ? emitterOf(*format).buffers(*format) : SmallVector<WeightBuffer>();
  }
  bool hasFixedRate(Attribute attribute, Type type) const {
    Expected<EmittedFormat> format = describe(attribute, type);
    return format && !isVariable(format->traits.rate);
  }
  double getDecodeCost(Attribute attribute, Type type) const {
    Expected<EmittedFormat> format = describe(attribute, type);
    return format ? emitterOf(*format).cost(*format) : 0;
  }

  /// The type of what an operation decodes.
  static Type elementOf(Operation *op) {
    if (auto fragment = dyn_cast<DecodeFragmentOp>(op))
      return fragment.getElement();
    if (auto integers = dyn_cast<DecodeFragmentIntegersOp>(op))
      return integers.getElement();
    if (auto numbers = dyn_cast<DecodeFragmentNumbersOp>(op))
      return numbers.getElement();
    if (auto stream = dyn_cast<DecodeStreamFragmentOp>(op))
      return stream.getElement();
    return cast<CompressedType>(op->getOperand(0).getType()).getElementType();
  }

  LogicalResult emitDecoder(Attribute attribute, RewriterBase &rewriter, Operation *op) const {
    auto refuse = [&](StringRef reason) {
      return op->emitOpError() << "cannot be compiled for format '"
                               << cast<FormatAttr>(attribute).getText() << "': " << reason;
    };
    Expected<EmittedFormat> format = describe(attribute, elementOf(op));
    if (!format)
      return refuse(format.error().message());
    if (auto fragment = dyn_cast<DecodeFragmentOp>(op))
      return emitFragmentOp(*format, rewriter, fragment);
    if (auto unit = dyn_cast<DecodeUnitOp>(op))
      return emitUnitOp(*format, rewriter, unit);
    if (auto unit = dyn_cast<DotUnitOp>(op))
      return emitDotUnitOp(*format, rewriter, unit);
    if (auto patch = dyn_cast<PatchUnitOp>(op))
      return emitPatch(*format, rewriter, patch);
    if (auto integers = dyn_cast<DecodeIntegersOp>(op)) {
      emitIntegersOp(*format, rewriter, integers);
      return success();
    }
    if (auto numbers = dyn_cast<DecodeNumbersOp>(op)) {
      emitNumbers(format->format, rewriter, numbers);
      return success();
    }
    if (auto integers = dyn_cast<DecodeFragmentIntegersOp>(op)) {
      emitFragmentIntegers(format->format, rewriter, integers);
      return success();
    }
    if (auto numbers = dyn_cast<DecodeFragmentNumbersOp>(op)) {
      emitFragmentNumbers(format->format, rewriter, numbers);
      return success();
    }
    if (!isVariable(format->traits.rate))
      return refuse("it has no stream units");
    if (auto stream = dyn_cast<DecodeStreamFragmentOp>(op))
      return emitStreamFragment(*format, rewriter, stream);
    return emitterOf(*format).emitStream(*format, rewriter, cast<DecodeStreamOp>(op));
  }
};

} // namespace

void registerEmission(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, UWTDialect * /*dialect*/) {
    context->loadDialect<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                         memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect,
                         vector::VectorDialect>();
    FormatAttr::attachInterface<FormatEmission>(*context);
  });
}

} // namespace uwt::codegen
