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
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt {

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

UnitLayout unitLayout(const Format &format, ElementType element) {
  CodecTraits traits = *checkFormat(format, element);
  UnitLayout layout;
  layout.fixedRate = traits.rate != Rate::Prefix;
  layout.onlyWords = traits.rate == Rate::Words;
  layout.hasEscapes = traits.rate == Rate::Fixed && format.escapes != Escapes::None;
  layout.recordWords = escapeRecordWords(format);
  layout.groups = traits.unit.groups();
  layout.rawWords = traits.unit.rawWords;
  layout.codeWords = traits.unit.codeWords;
  layout.rawGroupStep = traits.unit.rawGroupStep;
  layout.codeGroupStep = traits.unit.codeGroupStep;
  return layout;
}

bool describeFormat(const Format &format, ElementType element, EmittedFormat &out,
                    std::string &reason) {
  Expected<CodecTraits> traits = checkFormat(format, element);
  if (!traits) {
    reason = traits.error().message();
    return false;
  }
  out.format = format;
  out.element = element;
  out.split = splitOf(element, format.codedMantissa);
  out.traits = *traits;
  out.table = decodeTableLayout(format, out.split, *traits);
  if (format.layout != Layout::Fragment16x16)
    reason = "layout=row_major is for reading single rows, products need layout=fragment<16x16>";
  else if (element != ElementType::BF16 && element != ElementType::F16)
    reason =
        "products are compiled for bf16 and f16, not for " + std::string(getTraits(element).name);
  else if (const Emitter *emitter = findEmitter(format.codec.keyword))
    return emitter->serves(out, reason);
  else
    reason = "codec '" + format.codec.keyword + "' has no decoder in compiled code";
  return false;
}

//===----------------------------------------------------------------------===//
// Emitter and UnitEmission
//===----------------------------------------------------------------------===//

LogicalResult Emitter::emitUnit(UnitEmission & /*unit*/) const { return failure(); }
std::optional<unsigned> Emitter::fragmentTableWords(const EmittedFormat & /*format*/) const {
  return std::nullopt;
}
LogicalResult Emitter::emitStream(const EmittedFormat & /*format*/, RewriterBase & /*rewriter*/,
                                  DecodeStreamOp /*op*/) const {
  return failure();
}

Value UnitEmission::plane(Plane kind) {
  if (fragment)
    return kind == Plane::Code ? fragment.getCode() : fragment.getRaw();
  Type type = MemRefType::get({ShapedType::kDynamic}, lanes.ops().getI32Type());
  return PlaneOp::create(lanes.ops(), lanes.loc(), type, kind, weight);
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
  Value index = arith::ConstantIndexOp::create(builder, lanes.loc(), entry);
  Value scalar =
      memref::LoadOp::create(builder, lanes.loc(), plane(Plane::Table), ValueRange{index});
  return lanes.splat(scalar);
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

/// Stores register `number` where `uwt.decode_unit` says.
static void storeRegister(LaneBuilder &lanes, DecodeUnitOp op, unsigned number, Value words) {
  OpBuilder &builder = lanes.ops();
  auto lane = cast<VectorType>(words.getType());
  int64_t size = 2 * lane.getNumElements();
  Value halves = vector::BitCastOp::create(builder, lanes.loc(),
                                           VectorType::get({size}, builder.getI16Type()), words);
  Value start = arith::ConstantIndexOp::create(builder, lanes.loc(), number * size);
  Value at = builder.createOrFold<arith::AddIOp>(lanes.loc(), op.getOffset(), start);
  vector::StoreOp::create(builder, lanes.loc(), halves, op.getBuffer(), at);
}

static LogicalResult emitUnitOp(const EmittedFormat &format, RewriterBase &rewriter,
                                DecodeUnitOp op) {
  rewriter.setInsertionPoint(op);
  Type lane = VectorType::get({16}, rewriter.getI32Type());
  LaneBuilder lanes(rewriter, op.getLoc(), lane);
  size_t expected = op.getRegisters().size(), number = 0;
  auto sink = [&](unsigned index, Value words) {
    ++number;
    if (op.getBuffer())
      return storeRegister(lanes, op, index, words);
    if (index >= expected)
      return;
    rewriter.replaceAllUsesWith(op.getRegisters()[index], words);
    moveUsersBefore(op, words, rewriter);
  };
  UnitEmission unit(lanes, format, op, sink);
  if (op.getAsWords())
    emitWords(unit);
  else if (failed(findEmitter(format.format.codec.keyword)->emitUnit(unit)))
    return op.emitOpError() << "has a format without fixed units: '" << format.format.str() << "'";
  if (!op.getBuffer() && number != expected)
    return op.emitOpError() << "expects " << number << " registers for format '"
                            << format.format.str() << "', got " << expected;
  rewriter.eraseOp(op);
  return success();
}

static LogicalResult checkTable(const Emitter &emitter, const EmittedFormat &format,
                                DecodeFragmentOp op) {
  std::optional<unsigned> tableWords = emitter.fragmentTableWords(format);
  if (!tableWords)
    return op.emitOpError() << "has a format that threads do not decode: '" << format.format.str()
                            << "'";
  if (op.getTable().size() != *tableWords)
    return op.emitOpError() << "expects " << *tableWords << " words of the decode table, got "
                            << op.getTable().size();
  return success();
}

static LogicalResult emitFragmentOp(const EmittedFormat &format, RewriterBase &rewriter,
                                    DecodeFragmentOp op) {
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  if (op.getExponentBytes() && !format.hasByteFields())
    return op.emitOpError() << "has a format whose symbols and raw fields are not bytes: '"
                            << format.format.str() << "'";
  if (!op.getAsWords() && !op.getExponentBytes() && failed(checkTable(emitter, format, op)))
    return failure();
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
  /// The format's parts; false where it is not served.
  static bool describe(Attribute attribute, Type type, EmittedFormat &out, std::string &reason) {
    std::optional<ElementType> element = elementTypeOf(type);
    if (element)
      return describeFormat(cast<FormatAttr>(attribute).getFormat(), *element, out, reason);
    reason = "elements are of no type that UWT stores";
    return false;
  }
  static const Emitter *find(Attribute attribute, Type type, EmittedFormat &out) {
    std::string reason;
    return describe(attribute, type, out, reason) ? findEmitter(out.format.codec.keyword) : nullptr;
  }

  Status checkEmission(Attribute attribute, Type type) const {
    EmittedFormat format;
    std::string reason;
    if (describe(attribute, type, format, reason))
      return ok();
    return unsupportedError(std::move(reason));
  }
  SmallVector<Plane> getDecoderPlanes(Attribute attribute, Type type) const {
    EmittedFormat format;
    const Emitter *emitter = find(attribute, type, format);
    return emitter ? emitter->planes(format) : SmallVector<Plane>();
  }
  bool hasFixedRate(Attribute attribute, Type type) const {
    EmittedFormat format;
    return find(attribute, type, format) && format.traits.rate != Rate::Prefix;
  }
  double getDecodeCost(Attribute attribute, Type type) const {
    EmittedFormat format;
    const Emitter *emitter = find(attribute, type, format);
    return emitter ? emitter->cost(format) : 0;
  }

  LogicalResult emitDecoder(Attribute attribute, RewriterBase &rewriter, Operation *op) const {
    auto refuse = [&](StringRef reason) {
      return op->emitOpError() << "cannot be compiled for format '"
                               << cast<FormatAttr>(attribute).getText() << "': " << reason;
    };
    EmittedFormat format;
    std::string reason;
    if (auto fragment = dyn_cast<DecodeFragmentOp>(op)) {
      if (!describe(attribute, fragment.getElement(), format, reason))
        return refuse(reason);
      return emitFragmentOp(format, rewriter, fragment);
    }
    if (auto stream = dyn_cast<DecodeStreamFragmentOp>(op)) {
      if (!describe(attribute, stream.getElement(), format, reason))
        return refuse(reason);
      if (format.traits.rate != Rate::Prefix)
        return refuse("it has no stream units");
      return emitStreamFragment(format, rewriter, stream);
    }
    auto weight = dyn_cast<CompressedType>(op->getOperand(0).getType());
    if (!weight || !describe(attribute, weight.getElementType(), format, reason))
      return refuse(reason);
    if (auto unit = dyn_cast<DecodeUnitOp>(op))
      return emitUnitOp(format, rewriter, unit);
    if (auto patch = dyn_cast<PatchUnitOp>(op))
      return emitPatch(format, rewriter, patch);
    auto stream = dyn_cast<DecodeStreamOp>(op);
    if (!stream || format.traits.rate != Rate::Prefix)
      return refuse("it has no stream units");
    return findEmitter(format.format.codec.keyword)->emitStream(format, rewriter, stream);
  }
};

} // namespace

void registerEmission(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, UWTDialect * /*dialect*/) {
    context->loadDialect<arith::ArithDialect, LLVM::LLVMDialect, memref::MemRefDialect,
                         NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
    FormatAttr::attachInterface<FormatEmission>(*context);
  });
}

} // namespace uwt
