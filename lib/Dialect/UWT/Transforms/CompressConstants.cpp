//===- CompressConstants.cpp - Compress dense constants that products use -===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant is followed to the contractions that it reaches, only to learn whether there is
// one and how it lies there. Whether the product can be fused is not decided here: a decode that
// stays is folded back (uwt-fold-constants).
//
//===----------------------------------------------------------------------===//

#include "TableLookup.h"
#include "WeightExpression.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Support/Parallel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_COMPRESSCONSTANTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

/// Where each dimension of a value came from in the constant: a dimension of it, or -1.
using Origin = SmallVector<int64_t, 4>;

/// Follows a constant to the contractions that read it.
class ConsumerWalk {
public:
  explicit ConsumerWalk(Value constant)
      : rank(cast<RankedTensorType>(constant.getType()).getRank()) {
    follow(constant, llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  }
  bool reachesContraction() const { return numProducts > 0; }
  /// Returns if a contraction takes the constant's own elements, and not what is computed from
  /// them.
  bool isOperand() const { return isTaken; }
  /// Whether most contractions sum along the constant's last dimension but one.
  bool isKMajor() const { return numKMajor * 2 > numProducts; }

private:
  void follow(Value value, const Origin &origin);
  void visit(OpOperand &use, const Origin &origin);
  void visitContraction(linalg::LinalgOp op, OpOperand &use, const Origin &origin);
  void followComputation(Operation *user);

  int64_t rank;
  llvm::SmallPtrSet<Operation *, 8> seen;
  unsigned numProducts = 0, numKMajor = 0;
  bool isComputed = false, isTaken = false;
};

struct CompressConstantsPass : uwt::impl::CompressConstantsPassBase<CompressConstantsPass> {
  using CompressConstantsPassBase::CompressConstantsPassBase;
  void runOnOperation() override;

  // The options and statistics, for the module's compressor.
  using CompressConstantsPassBase::bytesAfter;
  using CompressConstantsPassBase::bytesBefore;
  using CompressConstantsPassBase::minElements;
  using CompressConstantsPassBase::numCompressed;
  using CompressConstantsPassBase::numSeen;
  using CompressConstantsPassBase::profit;
};

/// What `format=` says.
struct Wish {
  std::optional<uwt::FormatPolicy> policy;
  /// Empty if the element decides.
  std::optional<uwt::Format> format;
  /// Whether the text says how matrices are stored.
  bool hasStorage = false;
};

/// Constants that weights are computed from are weights from so many elements on.
constexpr int64_t smallestWeight = 1024;

/// Returns the format that constants of `element` get if nobody says which.
uwt::Format defaultFormat(uwt::ElementType element) {
  const uwt::Format &first = uwt::runFormats().front();
  return uwt::checkRunFormat(first, element) ? first : uwt::fastFormat(element);
}

/// Returns if products with weights of these elements have kernels.
bool hasProducts(ElementsAttr value) {
  Type element = value.getElementType();
  return element.isBF16() || element.isF16();
}

/// Encodes constants.
class Compressor {
public:
  explicit Compressor(Wish wish) : wish(std::move(wish)) {}

  struct Result {
    uwt::CompressedType type;
    DictionaryAttr planes;
    uint64_t before = 0, after = 0;
  };
  /// Encodes a constant in the format that is wished for.
  uwt::Expected<Result> compress(ElementsAttr value, bool isKMajor);
  /// Encodes a constant in words of its own.
  uwt::Expected<Result> hold(ElementsAttr value, bool isKMajor);
  /// Returns why the format is none for the elements of `value`, or an empty text.
  std::string obstacleFor(ElementsAttr value) const;

private:
  uwt::Expected<Result> encode(ElementsAttr value, uwt::TensorDescription description);
  uwt::TensorDescription describe(ElementsAttr value, bool isKMajor,
                                  const uwt::Format &format) const;
  uwt::Format formatFor(ElementsAttr value) const;
  uwt::Expected<uwt::ChosenFormat> choose(const uwt::TensorDescription &description,
                                          std::span<const uint8_t> bytes);
  Wish wish;
  uwt::ThreadPool pool;
};

} // namespace

//===----------------------------------------------------------------------===//
// Consumers
//===----------------------------------------------------------------------===//

void ConsumerWalk::follow(Value value, const Origin &origin) {
  for (OpOperand &use : value.getUses())
    visit(use, origin);
}

/// Whether all that the body does is to hand on its only input, widened or rounded.
static bool onlyMovesData(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops() || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1)
    return false;
  Value value = op.getBody()->getTerminator()->getOperand(0);
  while (Operation *cast = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(cast))
      return false;
    value = cast->getOperand(0);
  }
  return value == op.getBody()->getArgument(0);
}

/// `origin`, of an operand with indexing map `from`, for the result with map `to`.
static Origin throughMaps(const Origin &origin, AffineMap from, AffineMap to) {
  Origin result;
  for (AffineExpr expression : to.getResults()) {
    std::optional<unsigned> position = from.getResultPosition(expression);
    result.push_back(position ? origin[*position] : -1);
  }
  return result;
}

/// `origin` for dimensions that are groups of its dimensions: known where the group is one.
static Origin throughGroups(const Origin &origin, ArrayRef<ReassociationIndices> groups) {
  Origin result;
  for (const ReassociationIndices &group : groups)
    result.push_back(group.size() == 1 ? origin[group[0]] : -1);
  return result;
}

void ConsumerWalk::visitContraction(linalg::LinalgOp op, OpOperand &use, const Origin &origin) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.empty())
    return;
  ++numProducts;
  isTaken |= !isComputed;
  AffineExpr k = getAffineDimExpr(reductions.back(), op.getContext());
  std::optional<unsigned> position = op.getMatchingIndexingMap(&use).getResultPosition(k);
  // [..., K, N]: the sum is along the last dimension but one.
  if (position && origin[*position] == rank - 2)
    ++numKMajor;
}

void ConsumerWalk::visit(OpOperand &use, const Origin &origin) {
  Operation *user = use.getOwner();
  if (!seen.insert(user).second)
    return;
  if (isa<tensor::CastOp, arith::ExtFOp, arith::TruncFOp>(user))
    return follow(user->getResult(0), origin);
  if (auto lookup = uwt::TableLookup::match(user->getParentOp(), use.get());
      lookup && lookup->read == user && origin.size() == 3) {
    Origin result(lookup->idRank(), -1);
    llvm::append_range(result, ArrayRef(origin).drop_front());
    return follow(lookup->op->getResult(0), result);
  }
  // Elements that a body reads in an order of its own.
  if (isa<tensor::ExtractOp>(user) && isa<linalg::GenericOp>(user->getParentOp()))
    return followComputation(user->getParentOp());
  // Matrices that are looked up by a tensor of numbers.
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(user);
      collapse && !uwt::isOfWeights(use.get()))
    return follow(collapse, throughGroups(origin, collapse.getReassociationIndices()));
  auto op = dyn_cast<linalg::LinalgOp>(user);
  if (!op || !op.hasPureTensorSemantics() || !op.isDpsInput(&use))
    return followComputation(user);
  auto generic = dyn_cast<linalg::GenericOp>(user);
  if (isa<linalg::TransposeOp, linalg::BroadcastOp>(user) || (generic && onlyMovesData(generic)))
    return follow(user->getResult(0),
                  throughMaps(origin, op.getMatchingIndexingMap(&use),
                              op.getMatchingIndexingMap(op.getDpsInitOperand(0))));
  if (linalg::isaContractionOpInterface(op) || linalg::isaConvolutionOpInterface(op))
    return visitContraction(op, use, origin);
  followComputation(user);
}

/// Goes on behind an operation that computes a weight from constants.
void ConsumerWalk::followComputation(Operation *user) {
  llvm::SaveAndRestore computed(isComputed, true);
  for (Value result : user->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()); type && uwt::isOfWeights(result))
      follow(result, Origin(type.getRank(), -1));
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

static FailureOr<Wish> parseWish(Location location, StringRef text) {
  Wish wish;
  if (text.empty())
    return wish;
  wish.hasStorage = text.contains("storage=");
  wish.policy = uwt::findPolicy(std::string_view(text));
  if (wish.policy)
    return wish;
  auto emitError = [&] { return mlir::emitError(location) << "format '" << text << "': "; };
  uwt::FormatAttr attribute = uwt::FormatAttr::parseText(emitError, location.getContext(), text);
  if (!attribute)
    return failure();
  wish.format = attribute.getFormat();
  return wish;
}

uwt::Format Compressor::formatFor(ElementsAttr value) const {
  return wish.format.value_or(defaultFormat(*uwt::elementTypeOf(value.getElementType())));
}

std::string Compressor::obstacleFor(ElementsAttr value) const {
  if (wish.policy)
    return {};
  auto traits = uwt::checkFormat(formatFor(value), *uwt::elementTypeOf(value.getElementType()));
  return traits ? std::string() : traits.error().message();
}

uwt::Expected<uwt::ChosenFormat> Compressor::choose(const uwt::TensorDescription &description,
                                                    std::span<const uint8_t> bytes) {
  if (!wish.policy || description.format == uwt::rawFormat()) {
    uwt::ChosenFormat chosen;
    chosen.format = description.format;
    return chosen;
  }
  return uwt::chooseFormat(*wish.policy, description, bytes, pool);
}

uwt::TensorDescription Compressor::describe(ElementsAttr value, bool isKMajor,
                                            const uwt::Format &format) const {
  auto type = cast<RankedTensorType>(value.getType());
  uwt::TensorDescription description;
  description.element = *uwt::elementTypeOf(type.getElementType());
  description.shape.assign(type.getShape().begin(), type.getShape().end());
  description.format = format;
  // A folded matrix is n_major.
  if (!wish.hasStorage && format.fold == uwt::Fold())
    description.format.storage = isKMajor ? uwt::Storage::KMajor : uwt::Storage::NMajor;
  return description;
}

uwt::Expected<Compressor::Result> Compressor::compress(ElementsAttr value, bool isKMajor) {
  return encode(value, describe(value, isKMajor, formatFor(value)));
}

uwt::Expected<Compressor::Result> Compressor::hold(ElementsAttr value, bool isKMajor) {
  return encode(value, describe(value, isKMajor, uwt::rawFormat()));
}

uwt::Expected<Compressor::Result> Compressor::encode(ElementsAttr value,
                                                     uwt::TensorDescription description) {
  UWT_ASSIGN_OR_RETURN(uwt::ConstantBytes bytes, uwt::denseBytes(value));
  UWT_ASSIGN_OR_RETURN(uwt::ChosenFormat chosen, choose(description, bytes.bytes));
  description.format = chosen.format;
  uwt::MemoryPlanes planes;
  uwt::EncodeOptions options;
  options.chosen = &chosen;
  UWT_ASSIGN_OR_RETURN(uwt::EncodedTensor encoded,
                       uwt::encodeTensor(description, bytes.bytes, planes, pool, options));
  MLIRContext *context = value.getContext();
  Result result;
  result.type = uwt::CompressedType::get(cast<RankedTensorType>(value.getType()),
                                         uwt::FormatAttr::get(context, description.format));
  result.planes = uwt::makePlanes(context, uwt::keyOf(value), planes);
  result.before = bytes.bytes.size();
  result.after = encoded.bytes();
  return result;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// "64x128xbf16", as in types.
static std::string textOf(ShapedType type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (int64_t size : type.getShape())
    stream << size << 'x';
  stream << type.getElementType();
  return text;
}

/// Returns the value of a constant that could be the weight of a product, or null.
static ElementsAttr matrixOf(arith::ConstantOp constant) {
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  auto value = dyn_cast<ElementsAttr>(constant.getValue());
  if (!type || !value || type.getRank() < 2 || type.getNumElements() == 0 ||
      !uwt::elementTypeOf(type.getElementType()) || uwt::isElided(value))
    return nullptr;
  return value;
}

/// Replaces a constant by a decode of its planes.
static void replaceByDecode(arith::ConstantOp constant, const Compressor::Result &result) {
  OpBuilder builder(constant);
  Value planes = uwt::ConstantOp::create(builder, constant.getLoc(), result.type, result.planes);
  Value dense = uwt::DecodeOp::create(builder, constant.getLoc(), planes);
  constant.replaceAllUsesWith(dense);
  constant.erase();
}

namespace {

/// A constant, whether most products take it as [K, N], and whether one takes its own elements.
struct Matrix {
  arith::ConstantOp constant;
  ElementsAttr value;
  bool isKMajor, isOperand;

  /// Returns if the constant is a weight, and not a scale or the like that a weight is computed
  /// with.
  bool isWeight() const {
    return isOperand || (!value.isSplat() && value.getNumElements() >= smallestWeight);
  }
};

/// The work of the pass on one module. Equal constants are encoded once.
class ModuleCompressor {
public:
  ModuleCompressor(CompressConstantsPass &pass, Wish wish)
      : pass(pass), compressor(std::move(wish)) {}
  LogicalResult compress(const Matrix &matrix);

private:
  using Results = std::array<llvm::DenseMap<Attribute, Compressor::Result>, 2>;

  /// Returns why a constant is not compressed, or an empty text.
  std::string reasonAgainst(const Matrix &matrix);
  /// Returns a constant's planes from `results`, or by `encode`, whose errors are emitted; null
  /// then.
  const Compressor::Result *
  find(Results &results, const Matrix &matrix,
       uwt::Expected<Compressor::Result> (Compressor::*encode)(ElementsAttr, bool));
  /// Holds a constant in words of its own: its products are the same as from any format.
  LogicalResult leave(const Matrix &matrix, const std::string &why);

  CompressConstantsPass &pass;
  Compressor compressor;
  Results compressed, held;
};

} // namespace

std::string ModuleCompressor::reasonAgainst(const Matrix &matrix) {
  ShapedType type = matrix.value.getShapedType();
  if (matrix.value.isSplat())
    return "all of its elements are one number";
  if (type.getNumElements() < pass.minElements)
    return llvm::formatv("it has {0} elements, min-elements is {1}", type.getNumElements(),
                         pass.minElements.getValue());
  return compressor.obstacleFor(matrix.value);
}

const Compressor::Result *ModuleCompressor::find(
    Results &results, const Matrix &matrix,
    uwt::Expected<Compressor::Result> (Compressor::*encode)(ElementsAttr, bool)) {
  Compressor::Result &result = results[matrix.isKMajor][matrix.value];
  if (result.type)
    return &result;
  uwt::Expected<Compressor::Result> made = (compressor.*encode)(matrix.value, matrix.isKMajor);
  if (!made) {
    matrix.constant->emitError() << "cannot be compressed: " << made.error().message();
    return nullptr;
  }
  result = *made;
  return &result;
}

LogicalResult ModuleCompressor::leave(const Matrix &matrix, const std::string &why) {
  arith::ConstantOp constant = matrix.constant;
  constant.emitRemark() << "left " << textOf(matrix.value.getShapedType()) << " as it is: " << why;
  if (!hasProducts(matrix.value) || !matrix.isWeight())
    return success();
  const Compressor::Result *result = find(held, matrix, &Compressor::hold);
  if (!result)
    return failure();
  replaceByDecode(constant, *result);
  return success();
}

LogicalResult ModuleCompressor::compress(const Matrix &matrix) {
  ++pass.numSeen;
  if (std::string why = reasonAgainst(matrix); !why.empty())
    return leave(matrix, why);
  const Compressor::Result *result = find(compressed, matrix, &Compressor::compress);
  if (!result)
    return failure();
  std::string sizes = llvm::formatv("{0} bytes to {1}", result->before, result->after);
  StringRef text = result->type.getFormat().getText();
  if (pass.profit && result->after >= result->before)
    return leave(matrix, llvm::formatv("{0} would take {1}", text, sizes));
  arith::ConstantOp constant = matrix.constant;
  constant.emitRemark() << "compressed " << textOf(result->type.getTensorType()) << " as " << text
                        << ": " << sizes;
  ++pass.numCompressed;
  pass.bytesBefore += result->before;
  pass.bytesAfter += result->after;
  replaceByDecode(constant, *result);
  return success();
}

void CompressConstantsPass::runOnOperation() {
  FailureOr<Wish> wish = parseWish(getOperation().getLoc(), format);
  if (failed(wish))
    return signalPassFailure();
  SmallVector<Matrix> matrices;
  getOperation().walk([&](arith::ConstantOp constant) {
    ElementsAttr value = matrixOf(constant);
    if (!value)
      return;
    ConsumerWalk consumers(constant);
    if (consumers.reachesContraction())
      matrices.push_back({constant, value, consumers.isKMajor(), consumers.isOperand()});
  });
  ModuleCompressor compressor(*this, *std::move(wish));
  for (const Matrix &matrix : matrices)
    if (failed(compressor.compress(matrix)))
      return signalPassFailure();
}
