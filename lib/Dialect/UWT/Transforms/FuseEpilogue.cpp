//===- FuseEpilogue.cpp - What follows a product, into its epilogue -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Consumers are taken in the order of the block. After each one it is noted whether a single value
// has uses outside; the last such moment is what is fused. Diamonds (x * sigmoid(x)) close that
// way, and values that others need end the epilogue. The first consumer that cannot be taken ends
// the search: the value that it uses has to leave, so nothing behind that value can be fused.
//
//===----------------------------------------------------------------------===//

#include "FuseEpilogue.h"
#include "Contraction.h"
#include "FuseEpilogueLayout.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace uwt {
namespace {

/// Consumers that are looked at before the search gives up: a bound on compile time.
constexpr unsigned maxConsumers = 256;

/// Where an argument of an absorbed body comes from.
struct Source {
  enum Kind { Unused, Inside, Extra, Scalar } kind = Unused;
  /// Inside: a value of the region. Extra: what lies behind the operand. Scalar: the scalar.
  Value value = {};
  /// Scalar: a constant that has no operation of its own.
  TypedAttr constant = {};
  /// Extra: its dimensions and, once they are listed, its number.
  Frame frame = {};
  unsigned extra = 0;
};

/// An absorbed operation; views (reshapes, transposes, casts) have no sources.
struct AbsorbedOp {
  Operation *op;
  bool isView = false;
  SmallVector<Source> sources;
};

class EpilogueFuser {
public:
  EpilogueFuser(RewriterBase &rewriter, MatmulOp matmul);
  unsigned run();

private:
  bool grow();
  Operation *nextConsumer() const;
  bool absorb(Operation *op);
  bool absorbView(Operation *op);
  bool absorbElementwise(linalg::LinalgOp op);
  std::optional<SmallVector<DimAtoms>> loopAtoms(linalg::LinalgOp op) const;
  std::optional<Source> sourceOf(linalg::LinalgOp op, OpOperand &operand,
                                 ArrayRef<DimAtoms> loops) const;
  std::optional<Source> extraOf(Value value, const Frame &frame) const;
  bool isClosed() const;

  void listExtras();
  void listScalar(Value scalar);
  unsigned addExtra(Value value, AffineMap map);
  void emit();
  Value emitBody(OpBuilder &builder, const AbsorbedOp &absorbed, ValueRange args);
  Value emitScalar(OpBuilder &builder, Value scalar, ValueRange args);
  Value emitEpilogue(OpBuilder &builder, ValueRange args);

  RewriterBase &b;
  MatmulOp matmul;
  ProductLayout layout;
  DenseMap<Value, Frame> frames;
  llvm::SmallSetVector<Operation *, 16> taken;
  SmallVector<AbsorbedOp> absorbedOps;
  /// Those that are fused: up to the last moment when one value was used outside.
  size_t closed = 0;
  SmallVector<Value> extras;
  SmallVector<AffineMap> maps;
  /// Numbers of the extras that hold scalars.
  DenseMap<Value, unsigned> scalarExtras;
  /// What stands in the new epilogue for a tensor of the region or a scalar from outside.
  DenseMap<Value, Value> scalars;
};

/// Element types that operands and results of a product may have.
bool isElementSupported(Type type) { return isa<Float32Type, BFloat16Type, Float16Type>(type); }

SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, MatmulOp matmul) {
  if (auto empty = matmul.getInit().getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  return tensor::getMixedSizes(builder, matmul.getLoc(), matmul.getInit());
}

/// Whether a body can stand in an epilogue: scalar arithmetic on its arguments, constants and
/// scalars.
bool isScalarBody(Block &body) {
  for (Operation &op : body.without_terminator())
    if (!isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op.getDialect()) ||
        op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return false;
  return true;
}

/// Whether all that an operation does is to widen: its users do that as well, from half the bytes.
bool onlyWidens(linalg::LinalgOp op) {
  Value value = op.getBlock()->getTerminator()->getOperand(0);
  while (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  return isa<BlockArgument>(value);
}

} // namespace

EpilogueFuser::EpilogueFuser(RewriterBase &rewriter, MatmulOp matmul)
    : b(rewriter), matmul(matmul),
      layout(cast<RankedTensorType>(matmul.getInit().getType()), sizesOf(rewriter, matmul)) {
  frames[matmul.getResults()[0]] = layout.product();
  taken.insert(matmul);
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// The first consumer in the block that is not taken yet; null where there is none.
/// Consumers elsewhere (in regions) come first: they end the search.
Operation *EpilogueFuser::nextConsumer() const {
  Operation *next = nullptr;
  for (Operation *op : taken)
    for (Operation *user : op->getUsers()) {
      if (user->getBlock() != matmul->getBlock())
        return user;
      if (!taken.contains(user) && (!next || user->isBeforeInBlock(next)))
        next = user;
    }
  return next;
}

/// Whether exactly the last value taken is used outside.
bool EpilogueFuser::isClosed() const {
  Operation *last = taken.back();
  for (Operation *op : taken) {
    bool usedOutside = op->use_empty() || llvm::any_of(op->getUsers(), [&](Operation *user) {
                         return !taken.contains(user);
                       });
    if (usedOutside != (op == last))
      return false;
  }
  return true;
}

bool EpilogueFuser::grow() {
  Operation *next = nextConsumer();
  if (!next || taken.size() > maxConsumers || !absorb(next))
    return false;
  taken.insert(next);
  auto linalgOp = dyn_cast<linalg::LinalgOp>(next);
  if (linalgOp && !absorbedOps.back().isView && !onlyWidens(linalgOp) && isClosed() &&
      isElementSupported(getElementTypeOrSelf(next->getResult(0))))
    closed = absorbedOps.size();
  return true;
}

bool EpilogueFuser::absorb(Operation *op) {
  if (absorbView(op))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && absorbElementwise(linalgOp);
}

bool EpilogueFuser::absorbView(Operation *op) {
  if (!isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, linalg::TransposeOp>(op))
    return false;
  auto found = frames.find(op->getOperand(0));
  if (found == frames.end() || !isa<RankedTensorType>(op->getResult(0).getType()))
    return false;
  Frame frame = found->second;
  std::optional<Frame> result = frame;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    result = layout.expand(frame, expand);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    result = layout.collapse(frame, collapse);
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    if (frames.contains(transpose.getInit()))
      return false;
    for (auto [dim, from] : llvm::enumerate(transpose.getPermutation()))
      (*result)[dim] = frame[from];
  }
  if (!result)
    return false;
  frames[op->getResult(0)] = *result;
  absorbedOps.push_back({op, /*isView=*/true, {}});
  return true;
}

/// What each loop runs over, as the operands from inside say; nothing where a loop is not theirs.
std::optional<SmallVector<DimAtoms>> EpilogueFuser::loopAtoms(linalg::LinalgOp op) const {
  SmallVector<std::optional<DimAtoms>> loops(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    auto found = frames.find(operand.get());
    if (found == frames.end() || !op.payloadUsesValueFromOperand(&operand))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return std::nullopt;
    for (auto [expr, dim] : llvm::zip(map.getResults(), found->second)) {
      DimAtoms atoms = layout.leaves(dim);
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop && !atoms.empty())
        return std::nullopt;
      if (!loop)
        continue;
      std::optional<DimAtoms> &known = loops[loop.getPosition()];
      if (known && *known != atoms)
        return std::nullopt;
      known = atoms;
    }
  }
  SmallVector<DimAtoms> result;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (auto [loop, range] : llvm::zip(loops, ranges)) {
    bool isUnit = !loop || loop->empty();
    if (isUnit && range != 1)
      return std::nullopt;
    result.push_back(isUnit ? DimAtoms() : *loop);
  }
  return result;
}

/// The best way to read an operand from outside: as far back as moves, repetitions and widenings go
/// while what is found can still be indexed. `frame` is the operand's.
std::optional<Source> EpilogueFuser::extraOf(Value value, const Frame &frame) const {
  if (!isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  std::optional<Source> best;
  TracedValue traced(value);
  do {
    Frame sourceFrame(traced.type().getRank());
    for (auto [dim, source] : llvm::enumerate(traced.dims))
      if (source >= 0)
        sourceFrame[source] = frame[dim];
    Source source{.kind = Source::Extra, .value = traced.source};
    DenseElementsAttr splat;
    if (matchPattern(traced.source, m_Constant(&splat)) && splat.isSplat()) {
      source.kind = Source::Scalar;
      source.value = {};
      source.constant = splat.getSplatValue<TypedAttr>();
      return source;
    }
    if (auto fill = traced.source.getDefiningOp<linalg::FillOp>()) {
      source.kind = Source::Scalar;
      source.value = fill.getInputs()[0];
      return source;
    }
    source.frame = sourceFrame;
    if (isElementSupported(traced.type().getElementType()) &&
        layout.mapOf(sourceFrame, b.getContext()))
      best = source;
  } while (traced.advance(/*reshapes=*/true));
  return best;
}

std::optional<Source> EpilogueFuser::sourceOf(linalg::LinalgOp op, OpOperand &operand,
                                              ArrayRef<DimAtoms> loops) const {
  // An init that is not read is only a place to write to, also where it is a value from inside.
  if (!op.payloadUsesValueFromOperand(&operand))
    return Source();
  Source source{.kind = Source::Inside, .value = operand.get()};
  if (frames.contains(operand.get()))
    return source;
  if (!isa<ShapedType>(operand.get().getType())) {
    source.kind = Source::Scalar;
    return source;
  }
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return std::nullopt;
  Frame frame;
  for (AffineExpr expr : map.getResults()) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    frame.push_back(loop ? loops[loop.getPosition()] : DimAtoms());
  }
  return extraOf(operand.get(), frame);
}

/// Whether a scalar from outside can be had in an epilogue: again as a constant, or as an extra.
static bool isScalarSupported(Value scalar) {
  return matchPattern(scalar, m_Constant()) || isElementSupported(scalar.getType());
}

bool EpilogueFuser::absorbElementwise(linalg::LinalgOp op) {
  Block &body = *op.getBlock();
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      body.getNumArguments() != op->getNumOperands() || !isScalarBody(body))
    return false;
  AffineMap resultMap = op.getIndexingMapMatchingResult(op->getResult(0));
  std::optional<SmallVector<DimAtoms>> loops = loopAtoms(op);
  if (!resultMap.isPermutation() || !loops)
    return false;
  Frame frame;
  for (AffineExpr expr : resultMap.getResults())
    frame.push_back((*loops)[cast<AffineDimExpr>(expr).getPosition()]);
  if (!layout.isWhole(frame))
    return false;

  AbsorbedOp next{op, /*isView=*/false, {}};
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Source> source = sourceOf(op, operand, *loops);
    if (!source ||
        (source->kind == Source::Scalar && source->value && !isScalarSupported(source->value)))
      return false;
    next.sources.push_back(*source);
  }
  for (Operation &scalarOp : body)
    for (Value operand : scalarOp.getOperands())
      if (operand.getParentBlock() != &body && !isScalarSupported(operand))
        return false;
  absorbedOps.push_back(std::move(next));
  frames[op->getResult(0)] = frame;
  return true;
}

//===----------------------------------------------------------------------===//
// The rewrite
//===----------------------------------------------------------------------===//

unsigned EpilogueFuser::addExtra(Value value, AffineMap map) {
  for (auto [i, extra, extraMap] : llvm::enumerate(extras, maps))
    if (extra == value && extraMap == map)
      return i;
  extras.push_back(value);
  maps.push_back(map);
  return extras.size() - 1;
}

/// A scalar that is no constant becomes an extra of rank 0: epilogues see nothing around them.
void EpilogueFuser::listScalar(Value scalar) {
  if (matchPattern(scalar, m_Constant()) || scalarExtras.contains(scalar))
    return;
  auto type = RankedTensorType::get({}, scalar.getType());
  Value tensor = tensor::FromElementsOp::create(b, matmul.getLoc(), type, scalar);
  scalarExtras[scalar] =
      addExtra(tensor, AffineMap::get(matmul.getInitType().getRank(), 0, b.getContext()));
}

/// Collects the extras of the new product, those that it had first.
void EpilogueFuser::listExtras() {
  llvm::append_range(extras, matmul.getExtras());
  llvm::append_range(maps, matmul.getMaps().getAsValueRange<AffineMapAttr>());
  for (AbsorbedOp &each : MutableArrayRef(absorbedOps).take_front(closed)) {
    if (each.isView)
      continue;
    for (Source &source : each.sources) {
      if (source.kind == Source::Extra) {
        Value value = layout.toProduct(b, matmul.getLoc(), source.value, source.frame);
        source.extra = addExtra(value, *layout.mapOf(source.frame, b.getContext()));
      }
      if (source.kind == Source::Scalar && source.value)
        listScalar(source.value);
    }
    Block *body = cast<linalg::LinalgOp>(each.op).getBlock();
    for (Operation &op : *body)
      for (Value operand : op.getOperands())
        if (operand.getParentBlock() != body)
          listScalar(operand);
  }
}

/// A scalar from outside, in the epilogue.
Value EpilogueFuser::emitScalar(OpBuilder &builder, Value scalar, ValueRange args) {
  Value &value = scalars[scalar];
  if (!value) {
    auto extra = scalarExtras.find(scalar);
    value = extra != scalarExtras.end() ? args[1 + extra->second]
                                        : builder.clone(*scalar.getDefiningOp())->getResult(0);
  }
  return value;
}

/// Clones the scalar code of an absorbed operation.
Value EpilogueFuser::emitBody(OpBuilder &builder, const AbsorbedOp &absorbed, ValueRange args) {
  Block *body = cast<linalg::LinalgOp>(absorbed.op).getBlock();
  IRMapping mapping;
  for (auto [source, argument] : llvm::zip(absorbed.sources, body->getArguments())) {
    if (source.kind == Source::Unused)
      continue;
    Value value;
    if (source.constant)
      value = arith::ConstantOp::create(builder, absorbed.op->getLoc(), source.constant);
    else if (source.kind == Source::Extra)
      value = args[1 + source.extra];
    else
      value = source.kind == Source::Scalar ? emitScalar(builder, source.value, args)
                                            : scalars.lookup(source.value);
    if (value.getType() != argument.getType())
      value = arith::ExtFOp::create(builder, absorbed.op->getLoc(), argument.getType(), value);
    mapping.map(argument, value);
  }
  for (Operation &op : *body) {
    for (Value operand : op.getOperands())
      if (operand.getParentBlock() != body)
        mapping.map(operand, emitScalar(builder, operand, args));
    if (!op.hasTrait<OpTrait::IsTerminator>())
      builder.clone(op, mapping);
  }
  return mapping.lookup(body->getTerminator()->getOperand(0));
}

Value EpilogueFuser::emitEpilogue(OpBuilder &builder, ValueRange args) {
  Block *before = matmul.getEpilogueBlock();
  IRMapping mapping;
  mapping.map(before->getArguments(), args.take_front(before->getNumArguments()));
  for (Operation &op : before->without_terminator())
    builder.clone(op, mapping);
  Value result = mapping.lookup(before->getTerminator()->getOperand(0));
  scalars[matmul.getResults()[0]] = result;
  for (const AbsorbedOp &each : ArrayRef(absorbedOps).take_front(closed)) {
    result = each.isView ? scalars.lookup(each.op->getOperand(0)) : emitBody(builder, each, args);
    scalars[each.op->getResult(0)] = result;
  }
  return result;
}

void EpilogueFuser::emit() {
  OpBuilder::InsertionGuard guard(b);
  Operation *last = absorbedOps[closed - 1].op;
  b.setInsertionPoint(last);
  listExtras();
  auto resultType = cast<RankedTensorType>(last->getResult(0).getType());
  Value init =
      tensor::EmptyOp::create(b, matmul.getLoc(), sizesOf(b, matmul), resultType.getElementType());
  auto fused = MatmulOp::create(
      b, matmul.getLoc(), matmul.getX(), matmul.getWeight(), matmul.getSelection(), extras, init,
      maps, matmul.getNumerics(),
      [&](OpBuilder &builder, Location, ValueRange args) { return emitEpilogue(builder, args); });
  if (Attribute strategy = matmul.getStrategyAttr())
    fused.setStrategyAttr(strategy);
  fused.setArithmeticAttr(matmul.getArithmeticAttr());
  Value result = layout.fromProduct(b, last->getLoc(), fused.getResults()[0],
                                    frames[last->getResult(0)], resultType);
  b.replaceOp(last, result);
  absorbedOps.truncate(closed - 1);
  for (const AbsorbedOp &each : llvm::reverse(absorbedOps))
    b.eraseOp(each.op);
  b.eraseOp(matmul);
}

unsigned EpilogueFuser::run() {
  while (grow())
    continue;
  unsigned absorbed = llvm::count_if(ArrayRef(absorbedOps).take_front(closed),
                                     [](const AbsorbedOp &each) { return !each.isView; });
  if (closed != 0)
    emit();
  return absorbed;
}

unsigned fuseEpilogue(RewriterBase &rewriter, MatmulOp matmul) {
  return EpilogueFuser(rewriter, matmul).run();
}

} // namespace uwt
