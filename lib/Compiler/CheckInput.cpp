//===- CheckInput.cpp - Pass uwt-check-input ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// IR is code: most dialects can name any address or any function of the process. What is left here
// computes on tensors, and is safe once uwt-insert-checks has run.
//
//===----------------------------------------------------------------------===//

#include "mlir/Analysis/CallGraph.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Shape/IR/Shape.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "uwt/Compiler/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_CHECKINPUTPASS
#include "uwt/Compiler/Passes.h.inc"
} // namespace uwt

namespace {
struct CheckInput : uwt::impl::CheckInputPassBase<CheckInput> {
  using CheckInputPassBase::CheckInputPassBase;
  void runOnOperation() override;
};
} // namespace

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Dialects that compute on values and tensors, and of some the operations that do.
static bool mayHold(Operation *op) {
  static constexpr StringLiteral dialects[] = {"arith", "cf",    "linalg", "math", "ml_program",
                                               "scf",   "shape", "tensor", "tosa", "tm_tensor"};
  static constexpr StringLiteral operations[] = {
      "affine.apply", "affine.max",    "affine.min",   "builtin.module",
      "func.call",    "func.func",     "func.return",  "ub.poison",
      "uwt.constant", "uwt.decode",    "uwt.dispatch", "uwt.encode",
      "uwt.matmul",   "uwt.transcode", "uwt.weight",   "uwt.yield"};
  StringRef dialect = op->getName().getDialectNamespace();
  return llvm::is_contained(dialects, dialect) ||
         llvm::is_contained(operations, op->getName().getStringRef());
}

/// Whether a part of an affine expression is a division by what is no constant: it would not be
/// checked. (Products of symbols are sizes of dimensions that a front end has collapsed.)
static bool isUncheckedDivision(AffineExpr expression) {
  auto operation = dyn_cast<AffineBinaryOpExpr>(expression);
  bool divides =
      llvm::is_contained({AffineExprKind::FloorDiv, AffineExprKind::CeilDiv, AffineExprKind::Mod},
                         expression.getKind());
  return divides && !isa<AffineConstantExpr>(operation.getRHS());
}

static bool dividesBySymbol(Operation *op) {
  AffineMap map;
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    map = apply.getAffineMap();
  else if (auto least = dyn_cast<affine::AffineMinOp>(op))
    map = least.getAffineMap();
  else if (auto most = dyn_cast<affine::AffineMaxOp>(op))
    map = most.getAffineMap();
  bool divides = false;
  if (map)
    map.walkExprs([&](AffineExpr part) { divides |= isUncheckedDivision(part); });
  return divides;
}

//===----------------------------------------------------------------------===//
// Types and constants
//===----------------------------------------------------------------------===//

/// Integers of registers; code for wider ones takes time without bounds.
static constexpr unsigned widestInteger = 64;
static constexpr int64_t highestRank = 32;
/// No machine has tensors of so many elements. Products of sizes below it do not wrap.
static constexpr int64_t maxElements = int64_t(1) << 47;

static bool isNumber(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() > 0 && integer.getWidth() <= widestInteger;
  return isa<FloatType, IndexType>(type);
}

/// Why values may not have `type`, or empty.
static StringRef obstacleOf(Type type) {
  return llvm::TypeSwitch<Type, StringRef>(type)
      .Case([](RankedTensorType tensor) -> StringRef {
        if (tensor.getEncoding())
          return "has an encoding, expected a dense tensor";
        if (!isNumber(tensor.getElementType()))
          return "has elements that are no floats and no integers of 1 to 64 bits";
        if (tensor.getRank() > highestRank)
          return "has more than 32 dimensions";
        int64_t elements = 1;
        for (int64_t size : tensor.getShape())
          if (!ShapedType::isDynamic(size) && size != 0)
            elements = llvm::checkedMul(elements, size).value_or(INT64_MAX);
        return elements > maxElements ? "is larger than any memory" : "";
      })
      .Case<uwt::CompressedType, shape::ShapeType, shape::SizeType, shape::WitnessType,
            shape::ValueShapeType, tosa::shapeType, NoneType>([](Type) { return ""; })
      .Default([](Type other) {
        return isNumber(other) ? "" : "is not a ranked tensor, float or integer of 1 to 64 bits";
      });
}

static LogicalResult checkType(Operation *op, Type type, const Twine &what) {
  StringRef obstacle = obstacleOf(type);
  if (obstacle.empty())
    return success();
  return op->emitOpError() << what << " of type " << type << ", which " << obstacle
                           << (isa<BaseMemRefType, VectorType>(type)
                                   ? ": modules are held to tensors (trust-ir takes more)"
                                   : "");
}

/// Blobs that stand for a tensor have to have its bytes: compiled code would read on.
static LogicalResult checkBlobs(Operation *op) {
  AttrTypeWalker walker;
  walker.addWalk([&](DenseResourceElementsAttr attribute) {
    AsmResourceBlob *blob = attribute.getRawHandle().getBlob();
    ShapedType type = attribute.getType();
    if (!blob || !type.hasStaticShape() || !isNumber(type.getElementType()))
      return WalkResult::advance();
    uint64_t bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
    uint64_t expected = llvm::divideCeil(bits, 8) * type.getNumElements();
    if (blob->getData().size() == expected)
      return WalkResult::advance();
    op->emitOpError() << "has resource '" << attribute.getRawHandle().getKey() << "' of "
                      << blob->getData().size() << " bytes for " << type << ", expected "
                      << expected;
    return WalkResult::interrupt();
  });
  return failure(walker.walk(op->getAttrDictionary()).wasInterrupted());
}

static LogicalResult checkTypes(Operation *op) {
  if (auto function = dyn_cast<func::FuncOp>(op)) {
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (failed(checkType(op, type, "has argument " + Twine(i))))
        return failure();
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      if (failed(checkType(op, type, "has result " + Twine(i))))
        return failure();
  }
  for (Type type : op->getResultTypes())
    if (failed(checkType(op, type, "gives a value")))
      return failure();
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Type type : block.getArgumentTypes())
        if (failed(checkType(op, type, "has a block argument")))
          return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Names that compiled code calls the runtime and the C library by.
static bool isReserved(StringRef name) {
  static const llvm::TargetLibraryInfoImpl library{llvm::Triple(llvm::sys::getProcessTriple())};
  llvm::LibFunc ignored;
  return name.starts_with("uwt_") || name.starts_with("_mlir_") || name.starts_with("llvm.") ||
         library.getLibFunc(name, ignored) ||
         llvm::any_of(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

static LogicalResult checkFunction(func::FuncOp function) {
  if (function.getName().empty() || isReserved(function.getName()))
    return function.emitOpError("has a name that the runtime or the C library has: call it "
                                "something else");
  if (function.isExternal())
    return function.emitOpError() << "'" << function.getName()
                                  << "' has no body: a module is compiled by itself, and calls no "
                                     "functions of the process (trust-ir takes them)";
  return success();
}

/// Calls inside of calls take stack, which is finite.
static constexpr unsigned deepestCalls = 256;

/// A call in `function` of one of `callees`.
static func::CallOp findCall(Operation *function, ArrayRef<CallGraphNode *> callees) {
  func::CallOp found;
  function->walk([&](func::CallOp call) {
    auto callee = dyn_cast_or_null<func::FuncOp>(call.resolveCallable());
    if (!callee || llvm::none_of(callees, [&](CallGraphNode *node) {
          return node->getCallableRegion() == &callee.getBody();
        }))
      return WalkResult::advance();
    found = call;
    return WalkResult::interrupt();
  });
  return found;
}

static LogicalResult checkCalls(ModuleOp module) {
  const CallGraph graph(module);
  llvm::DenseMap<const CallGraphNode *, unsigned> depths;
  // Functions come after those that they call.
  for (auto scc = llvm::scc_begin(&graph); !scc.isAtEnd(); ++scc) {
    CallGraphNode *node = scc->front();
    if (node->isExternal())
      continue;
    Operation *function = node->getCallableRegion()->getParentOp();
    if (scc.hasCycle())
      return findCall(function, *scc)
          .emitOpError(
              "leads back to its own function: functions that call themselves are not compiled");
    unsigned depth = 0;
    for (const CallGraphNode::Edge &edge : *node)
      depth = std::max(depth, depths.lookup(edge.getTarget()));
    depths[node] = depth + 1;
    if (depth == deepestCalls)
      return function->emitOpError()
             << "makes calls inside of calls, deeper than " << deepestCalls << " functions";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Attributes that no operation asks for may still mean something to a later pass (that an argument
/// may be written, an LLVM attribute of a function). Without them a module computes the same.
static void dropDiscardableAttributes(Operation *op) {
  auto isOurs = [](NamedAttribute attribute) {
    return isa_and_nonnull<uwt::UWTDialect>(attribute.getNameDialect());
  };
  for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
    if (!isOurs(attribute))
      op->removeDiscardableAttr(attribute.getName());
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return;
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
}

static LogicalResult checkOperation(Operation *op) {
  if (!mayHold(op))
    return op->emitOpError("can reach more than the module's tensors: modules are held to linalg, "
                           "tensor, arith, math, scf, cf, func, tosa, tm_tensor, shape and "
                           "ml_program (trust-ir takes it, and makes the module as trusted as a "
                           "program)");
  if (dividesBySymbol(op))
    return op->emitOpError("divides by a symbol: write it with arith");
  if (failed(checkTypes(op)) || failed(checkBlobs(op)))
    return failure();
  if (auto function = dyn_cast<func::FuncOp>(op))
    return checkFunction(function);
  return success();
}

void CheckInput::runOnOperation() {
  WalkResult walk = getOperation().walk<WalkOrder::PreOrder>([](Operation *op) {
    if (failed(checkOperation(op)))
      return WalkResult::interrupt();
    dropDiscardableAttributes(op);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return signalPassFailure();
  if (failed(checkCalls(getOperation())))
    signalPassFailure();
}
