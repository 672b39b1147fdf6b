//===- OutlineParallel.cpp - Pass uwt-outline-parallel --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a loop uses from outside travels in a struct of LLVM types; casts that the
// conversion to LLVM dissolves join it to memrefs. Knows nothing of threads: the
// runtime decides who runs which range.
//
//===----------------------------------------------------------------------===//

#include "Outlining.h"
#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;
using uwt::codegen::isCheapConstant;

namespace {

constexpr StringLiteral runtimeFunction = "uwt_parallel_for";

/// Bounds and induction variables of a parallel loop of either kind.
struct LoopNest {
  Operation *op;
  SmallVector<Value> ivs, lower, upper, step;
};

LoopNest nestOf(Operation *op, OpBuilder &builder) {
  if (auto forall = dyn_cast<scf::ForallOp>(op))
    return {op, forall.getInductionVars(), forall.getLowerBound(builder),
            forall.getUpperBound(builder), forall.getStep(builder)};
  auto parallel = cast<scf::ParallelOp>(op);
  return {op, llvm::to_vector_of<Value>(parallel.getInductionVars()),
          llvm::to_vector_of<Value>(parallel.getLowerBound()),
          llvm::to_vector_of<Value>(parallel.getUpperBound()),
          llvm::to_vector_of<Value>(parallel.getStep())};
}

bool isParallelLoop(Operation *op) { return isa<scf::ForallOp, scf::ParallelOp>(op); }

struct OutlineParallel : uwt::codegen::impl::OutlineParallelPassBase<OutlineParallel> {
  void runOnOperation() override {
    SmallVector<Operation *> loops, inner;
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isParallelLoop(op))
        return WalkResult::advance();
      if (op->getNumResults() != 0) {
        op->emitOpError("has results: bufferize it before uwt-outline-parallel");
        return WalkResult::interrupt();
      }
      bool nested = op->getParentOfType<scf::ForallOp>() || op->getParentOfType<scf::ParallelOp>();
      (nested ? inner : loops).push_back(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted() || failed(makeSequential(inner)))
      return signalPassFailure();
    for (Operation *loop : loops)
      if (failed(outline(loop)))
        return signalPassFailure();
    getOperation().walk([](func::FuncOp func) { hoistStackBuffers(func); });
  }

  /// Loops inside a parallel loop run on the thread that meets them.
  LogicalResult makeSequential(ArrayRef<Operation *> inner) {
    for (Operation *op : llvm::reverse(inner)) {
      IRRewriter rewriter(op);
      if (auto forall = dyn_cast<scf::ForallOp>(op)) {
        if (failed(scf::forallToForLoop(rewriter, forall)))
          return op->emitOpError("cannot become a sequential loop");
        continue;
      }
      LoopNest nest = nestOf(op, rewriter);
      scf::LoopNest loops =
          scf::buildLoopNest(rewriter, op->getLoc(), nest.lower, nest.upper, nest.step);
      Block *body = loops.loops.back().getBody();
      SmallVector<Value> ivs;
      for (scf::ForOp loop : loops.loops)
        ivs.push_back(loop.getInductionVar());
      Block *source = &op->getRegion(0).front();
      rewriter.eraseOp(source->getTerminator());
      rewriter.inlineBlockBefore(source, body->getTerminator(), ivs);
      rewriter.eraseOp(op);
    }
    return success();
  }

  /// Buffers of fixed size on the stack live as long as the function: in a loop they would pile up.
  static void hoistStackBuffers(func::FuncOp func) {
    if (func.isExternal())
      return;
    SmallVector<memref::AllocaOp> buffers;
    func.walk([&](memref::AllocaOp op) {
      if (op->getNumOperands() == 0 && op->getBlock() != &func.front())
        buffers.push_back(op);
    });
    for (memref::AllocaOp op : buffers)
      op->moveBefore(&func.front(), func.front().begin());
  }

  LogicalResult outline(Operation *loop) {
    OpBuilder builder(loop);
    Location loc = loop->getLoc();
    LoopNest nest = nestOf(loop, builder);

    // The number of iterations in each dimension, outside; constants stay constants.
    SmallVector<Value> trips;
    for (auto [lower, upper, step] : llvm::zip_equal(nest.lower, nest.upper, nest.step)) {
      Value span = builder.createOrFold<arith::SubIOp>(loc, upper, lower);
      trips.push_back(builder.createOrFold<arith::CeilDivSIOp>(loc, span, step));
    }
    Value count = arith::ConstantIndexOp::create(builder, loc, 1);
    for (Value trip : trips)
      count = builder.createOrFold<arith::MulIOp>(loc, count, trip);

    FailureOr<llvm::SetVector<Value>> captured = capturedBy(nest, trips);
    if (failed(captured))
      return failure();
    SmallVector<Type> fields;
    LLVMTypeConverter converter(&getContext());
    for (Value value : *captured) {
      Type type = converter.convertType(value.getType());
      if (!type)
        return loop->emitOpError("uses a value of type ")
               << value.getType() << " from outside, which LLVM cannot pass";
      fields.push_back(type);
    }
    auto context = LLVM::LLVMStructType::getLiteral(&getContext(), fields);
    func::FuncOp body = makeBody(nest, trips, captured->getArrayRef(), context);
    emitCall(builder, loc, shareEqual(body), captured->getArrayRef(), context, count);
    loop->erase();
    return success();
  }

  /// Values from outside that the loop's body and bounds need.
  FailureOr<llvm::SetVector<Value>> capturedBy(const LoopNest &nest, ArrayRef<Value> trips) {
    llvm::SetVector<Value> used, captured;
    getUsedValuesDefinedAbove(nest.op->getRegions(), used);
    used.insert_range(nest.lower);
    used.insert_range(nest.step);
    used.insert_range(trips);
    for (Value value : used)
      if (!isCheapConstant(value))
        captured.insert(value);
    return captured;
  }

  /// A function that runs iterations [begin, end) of `nest`. Clones: `nest` itself is left as it
  /// is.
  func::FuncOp makeBody(const LoopNest &nest, ArrayRef<Value> trips, ArrayRef<Value> captured,
                        LLVM::LLVMStructType context) {
    Location loc = nest.op->getLoc();
    auto parent = nest.op->getParentOfType<func::FuncOp>();
    OpBuilder builder(&getContext());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i64 = builder.getI64Type();
    std::string name = (parent.getName() + "_parallel_" + Twine(functions++)).str();
    ++numOutlined;
    auto func = uwt::codegen::createInternalFunction(
        loc, name, builder.getFunctionType({pointer, i64, i64}, {}));
    SymbolTable(getOperation()).insert(func, parent->getIterator());
    Block *entry = func.addEntryBlock();
    builder.setInsertionPointToStart(entry);

    IRMapping values;
    unpack(builder, loc, entry->getArgument(0), captured, context, values);
    auto local = [&](Value value) {
      if (!values.contains(value) && isCheapConstant(value))
        values.map(value, builder.clone(*value.getDefiningOp())->getResult(0));
      return values.lookup(value);
    };
    llvm::SetVector<Value> used;
    getUsedValuesDefinedAbove(nest.op->getRegions(), used);
    for (Value value : used)
      local(value);
    SmallVector<Value> lower, step, size;
    for (auto [l, s, t] : llvm::zip_equal(nest.lower, nest.step, trips)) {
      lower.push_back(local(l));
      step.push_back(local(s));
      size.push_back(local(t));
    }

    auto toIndex = [&](Value value) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
    };
    Value begin = toIndex(entry->getArgument(1)), end = toIndex(entry->getArgument(2));
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto forOp = scf::ForOp::create(builder, loc, begin, end, one);
    func::ReturnOp::create(builder, loc);
    builder.setInsertionPointToStart(forOp.getBody());
    mapIterations(builder, loc, nest, lower, step, size, forOp.getInductionVar(), values);
    for (Operation &op : nest.op->getRegion(0).front().without_terminator())
      builder.clone(op, values);
    return func;
  }

  /// Splits the number of an iteration into the loop's induction variables.
  void mapIterations(OpBuilder &builder, Location loc, const LoopNest &nest, ArrayRef<Value> lower,
                     ArrayRef<Value> step, ArrayRef<Value> size, Value number, IRMapping &values) {
    for (size_t dim = nest.ivs.size(); dim-- > 0;) {
      Value position = number;
      if (dim != 0) {
        position = arith::RemUIOp::create(builder, loc, number, size[dim]);
        number = arith::DivUIOp::create(builder, loc, number, size[dim]);
      }
      Value scaled = builder.createOrFold<arith::MulIOp>(loc, position, step[dim]);
      values.map(nest.ivs[dim], builder.createOrFold<arith::AddIOp>(loc, scaled, lower[dim]));
    }
  }

  Value fieldPointer(OpBuilder &builder, Location loc, Value base, LLVM::LLVMStructType context,
                     size_t field) {
    return LLVM::GEPOp::create(builder, loc, base.getType(), context, base,
                               ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(field)});
  }

  void unpack(OpBuilder &builder, Location loc, Value base, ArrayRef<Value> captured,
              LLVM::LLVMStructType context, IRMapping &values) {
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value pointer = fieldPointer(builder, loc, base, context, i);
      Value loaded = LLVM::LoadOp::create(builder, loc, context.getBody()[i], pointer);
      if (loaded.getType() != value.getType())
        loaded =
            UnrealizedConversionCastOp::create(builder, loc, value.getType(), loaded).getResult(0);
      values.map(value, loaded);
    }
  }

  /// `func`, or the earlier function that does the same.
  func::FuncOp shareEqual(func::FuncOp func) {
    func::FuncOp shared = bodies.findOrInsert(func);
    if (shared == func)
      return func;
    func.erase();
    ++numShared;
    return shared;
  }

  void emitCall(OpBuilder &builder, Location loc, func::FuncOp body, ArrayRef<Value> captured,
                LLVM::LLVMStructType context, Value count) {
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i64 = builder.getI64Type();
    Value storage;
    {
      OpBuilder::InsertionGuard guard(builder);
      Operation *parent = builder.getInsertionBlock()->getParentOp();
      auto func = dyn_cast<func::FuncOp>(parent);
      if (!func)
        func = parent->getParentOfType<func::FuncOp>();
      builder.setInsertionPointToStart(&func.front());
      Value one = LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(1));
      storage = LLVM::AllocaOp::create(builder, loc, pointer, context, one, /*alignment=*/0);
    }
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value field = value;
      if (field.getType() != context.getBody()[i])
        field = UnrealizedConversionCastOp::create(builder, loc, context.getBody()[i], field)
                    .getResult(0);
      LLVM::StoreOp::create(builder, loc, field, fieldPointer(builder, loc, storage, context, i));
    }
    Value function = func::ConstantOp::create(builder, loc, body.getFunctionType(), body.getName());
    function = UnrealizedConversionCastOp::create(builder, loc, pointer, function).getResult(0);
    Value count64 = arith::IndexCastOp::create(builder, loc, i64, count);
    func::CallOp::create(builder, loc, runtimeDeclaration(),
                         ValueRange{function, storage, count64});
  }

  func::FuncOp runtimeDeclaration() {
    if (auto func = getOperation().lookupSymbol<func::FuncOp>(runtimeFunction))
      return func;
    OpBuilder builder(getOperation().getBodyRegion());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    auto func =
        func::FuncOp::create(builder, getOperation().getLoc(), runtimeFunction,
                             builder.getFunctionType({pointer, pointer, builder.getI64Type()}, {}));
    func.setPrivate();
    return func;
  }

  uwt::codegen::EqualFunctions bodies;
  unsigned functions = 0;
};

} // namespace
