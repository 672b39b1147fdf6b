//===- WeightsToLLVM.cpp - Buffers of weights from the runtime's table ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Runtime/Abi.h"
#include <map>

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_WEIGHTSTOLLVMPASS
#include "uwt/Codegen/CPU/Passes.h.inc"

/// Fields of a WeightView: pointers in the order of #uwt.buffer, then sizes.
static constexpr int64_t viewFields = sizeof(WeightView) / sizeof(void *);
static constexpr int64_t firstSize = offsetof(WeightView, rows) / sizeof(void *);
static constexpr StringLiteral tableName = "uwt_weights";
static constexpr StringLiteral withoutSlot =
    "reads a weight without a slot: run uwt-assign-slots before";

namespace {
struct WeightsToLLVMPass : impl::WeightsToLLVMPassBase<WeightsToLLVMPass> {
  void runOnOperation() override;
};
} // namespace

static void declareTable(ModuleOp module) {
  if (module.lookupSymbol(tableName))
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto type = LLVM::LLVMArrayType::get(LLVM::LLVMPointerType::get(module.getContext()), 0);
  LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/false,
                         LLVM::Linkage::External, tableName, Attribute());
}

/// Where the view of a weight is: `index` fields after `base`, or after the table without one.
struct ViewPointer {
  Value base;
  int64_t index;

  auto operator<=>(const ViewPointer &other) const {
    return std::pair(base.getAsOpaquePointer(), index) <=>
           std::pair(other.base.getAsOpaquePointer(), other.index);
  }
};

/// Of a weight in a slot, or of one that a function was given.
static FailureOr<ViewPointer> findView(Value weight) {
  if (isa<LLVM::LLVMPointerType>(weight.getType()))
    return ViewPointer{weight, 0};
  Operation *source = weight.getDefiningOp();
  auto slot = source ? source->getAttrOfType<IntegerAttr>("slot") : IntegerAttr();
  if (!slot)
    return failure();
  return ViewPointer{Value(), slot.getInt() * viewFields};
}

/// The address of a field of a view.
static Value addressOf(OpBuilder &builder, Location location, const ViewPointer &view,
                       int64_t index) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value base =
      view.base ? view.base : LLVM::AddressOfOp::create(builder, location, pointer, tableName);
  return LLVM::GEPOp::create(builder, location, pointer, pointer, base,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(view.index + index)});
}

/// A field of a view, which does not change while code runs.
static Value loadField(OpBuilder &builder, Location location, const ViewPointer &view, Type type,
                       int64_t index) {
  return LLVM::LoadOp::create(builder, location, type, addressOf(builder, location, view, index),
                              /*alignment=*/8, /*isVolatile=*/false, /*isNonTemporal=*/false,
                              /*isInvariant=*/true);
}

/// A memref of `type` at `pointer`; an unknown size is as large as can be.
static Value describe(OpBuilder &builder, Location location, const LLVMTypeConverter &converter,
                      MemRefType type, Value pointer) {
  Value descriptor;
  if (type.hasStaticShape()) {
    descriptor = MemRefDescriptor::fromStaticShape(builder, location, converter, type, pointer);
  } else {
    auto memory = MemRefDescriptor::poison(builder, location, converter.convertType(type));
    memory.setAllocatedPtr(builder, location, pointer);
    memory.setAlignedPtr(builder, location, pointer);
    memory.setConstantOffset(builder, location, 0);
    memory.setConstantSize(builder, location, 0, INT64_MAX / 16);
    memory.setConstantStride(builder, location, 0, 1);
    descriptor = memory;
  }
  return UnrealizedConversionCastOp::create(builder, location, type, descriptor).getResult(0);
}

/// The buffer that `op`, a BufferOp or a dense WeightOp, stands for.
static Value loadBuffer(OpBuilder &builder, Operation *op, const LLVMTypeConverter &converter,
                        const ViewPointer &view, WeightBuffer kind) {
  auto type = LLVM::LLVMPointerType::get(builder.getContext());
  Value pointer = loadField(builder, op->getLoc(), view, type, static_cast<int64_t>(kind));
  return describe(builder, op->getLoc(), converter, cast<MemRefType>(op->getResult(0).getType()),
                  pointer);
}

static Value loadSize(OpBuilder &builder, MatrixSizeOp op, const ViewPointer &view) {
  Value size = loadField(builder, op.getLoc(), view, builder.getI64Type(),
                         firstSize + static_cast<int64_t>(op.getDimension()));
  return arith::IndexCastOp::create(builder, op.getLoc(), builder.getIndexType(), size);
}

static bool isCompressed(Value value) { return isa<CompressedType>(value.getType()); }

/// Functions are given the views of weights in place of weights.
static LogicalResult passViews(ModuleOp module) {
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  SymbolTable symbols(module);
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isExternal())
      continue;
    for (BlockArgument argument : func.getArguments())
      if (isCompressed(argument))
        argument.setType(pointer);
    func.setType(FunctionType::get(module.getContext(), func.front().getArgumentTypes(),
                                   func.getResultTypes()));
  }
  WalkResult walk = module.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    // One of a nested module.
    if (!callee)
      return WalkResult::advance();
    for (OpOperand &operand : call->getOpOperands()) {
      if (!isCompressed(operand.get()) ||
          callee.getArgumentTypes()[operand.getOperandNumber()] != pointer)
        continue;
      FailureOr<ViewPointer> view = findView(operand.get());
      if (failed(view)) {
        call.emitOpError(withoutSlot);
        return WalkResult::interrupt();
      }
      declareTable(module);
      OpBuilder builder(call);
      operand.set(addressOf(builder, call.getLoc(), *view, 0));
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

void WeightsToLLVMPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(passViews(module)))
    return signalPassFailure();
  LLVMTypeConverter converter(&getContext());
  SmallVector<Operation *> sources;
  // By view, kind and insertion point.
  std::map<std::tuple<ViewPointer, WeightBuffer, Operation *>, Value> buffers;
  WalkResult walk = module.walk([&](Operation *op) {
    if (isa<WeightOp, ConstantOp>(op))
      sources.push_back(op);
    auto buffer = dyn_cast<BufferOp>(op);
    auto size = dyn_cast<MatrixSizeOp>(op);
    bool isDense = isa<WeightOp>(op) && isa<MemRefType>(op->getResult(0).getType());
    if (!buffer && !size && !isDense)
      return WalkResult::advance();
    FailureOr<ViewPointer> view = findView(isDense ? op->getResult(0) : op->getOperand(0));
    if (failed(view)) {
      op->emitOpError(withoutSlot);
      return WalkResult::interrupt();
    }
    declareTable(module);
    if (size) {
      OpBuilder builder(op);
      size.replaceAllUsesWith(loadSize(builder, size, *view));
      size.erase();
      return WalkResult::advance();
    }
    // Ahead of all loops: the bodies of equal layers then differ in nothing, and are compiled once.
    Operation *outermost = op;
    while (!isa<FunctionOpInterface>(outermost->getParentOp()))
      outermost = outermost->getParentOp();
    WeightBuffer kind = buffer ? buffer.getKind() : WeightBuffer::Dense;
    Value &memory = buffers[{*view, kind, outermost}];
    if (!memory) {
      OpBuilder builder(outermost);
      memory = loadBuffer(builder, op, converter, *view, kind);
    }
    op->getResult(0).replaceAllUsesWith(memory);
    if (buffer)
      buffer.erase();
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return signalPassFailure();
  for (Operation *source : sources)
    if (source->use_empty())
      source->erase();
}

} // namespace uwt::codegen
