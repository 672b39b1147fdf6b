//===- LowerAllocations.cpp - Pass uwt-lower-allocations ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_LOWERALLOCATIONSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

/// What the runtime's memory is aligned to (Abi.h).
constexpr uint64_t alignmentOfBlocks = 64;

struct LowerAllocations : uwt::codegen::impl::LowerAllocationsPassBase<LowerAllocations> {
  void runOnOperation() override;

private:
  LogicalResult lower(memref::AllocOp op);
  void lower(memref::DeallocOp op);
  /// A function of the runtime, declared where it is not.
  LLVM::LLVMFuncOp function(StringRef name, Type result, ArrayRef<Type> arguments);
  Value call(OpBuilder &builder, Location loc, StringRef name, Type result, ValueRange operands);
  Type pointerType() { return LLVM::LLVMPointerType::get(&getContext()); }
  Type i64Type() { return IntegerType::get(&getContext(), 64); }
};

} // namespace

LLVM::LLVMFuncOp LowerAllocations::function(StringRef name, Type result, ArrayRef<Type> arguments) {
  if (auto known = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder builder(getOperation().getBodyRegion());
  auto declared = LLVM::LLVMFuncOp::create(builder, getOperation().getLoc(), name,
                                           LLVM::LLVMFunctionType::get(result, arguments));
  if (isa<LLVM::LLVMPointerType>(result)) {
    declared.setResultAttr(0, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    declared.setResultAttr(0, LLVM::LLVMDialect::getNonNullAttrName(), builder.getUnitAttr());
    declared.setResultAttr(0, LLVM::LLVMDialect::getAlignAttrName(),
                           builder.getI64IntegerAttr(alignmentOfBlocks));
  }
  return declared;
}

Value LowerAllocations::call(OpBuilder &builder, Location loc, StringRef name, Type result,
                             ValueRange operands) {
  LLVM::LLVMFuncOp callee = function(name, result, llvm::to_vector(operands.getTypes()));
  auto call = LLVM::CallOp::create(builder, loc, callee, operands);
  return call.getNumResults() ? call.getResult() : Value();
}

/// Bytes from an element of `type` to the next; those of memrefs in a memref are descriptors.
static int64_t bytesOf(const LLVMTypeConverter &converter, const DataLayout &layout, Type type) {
  Type converted = converter.convertType(type);
  return static_cast<int64_t>(llvm::alignTo(layout.getTypeSize(converted).getFixedValue(),
                                            layout.getTypeABIAlignment(converted)));
}

/// The descriptor of a dense memref at `pointer`.
static Value describe(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
                      memref::AllocOp op, Value pointer) {
  MemRefType type = op.getType();
  if (type.hasStaticShape())
    return MemRefDescriptor::fromStaticShape(builder, loc, converter, type, pointer);
  auto word = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  };
  auto memory = MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  memory.setAllocatedPtr(builder, loc, pointer);
  memory.setAlignedPtr(builder, loc, pointer);
  memory.setConstantOffset(builder, loc, 0);
  Value stride = word(1);
  auto dynamic = llvm::to_vector(op.getDynamicSizes());
  for (int64_t i = type.getRank(); i-- > 0;) {
    Value size =
        type.isDynamicDim(i)
            ? arith::IndexCastOp::create(builder, loc, builder.getI64Type(), dynamic.pop_back_val())
            : word(type.getDimSize(i));
    memory.setSize(builder, loc, i, size);
    memory.setStride(builder, loc, i, stride);
    if (i > 0)
      stride = LLVM::MulOp::create(builder, loc, stride, size);
  }
  return memory;
}

LogicalResult LowerAllocations::lower(memref::AllocOp op) {
  MemRefType type = op.getType();
  if (!type.getLayout().isIdentity() || op.getAlignment().value_or(1) > alignmentOfBlocks)
    return op.emitOpError("has a layout or an alignment that the runtime's memory does not have");
  OpBuilder builder(op);
  Location loc = op.getLoc();
  LLVMTypeConverter converter(&getContext());
  // What does not fit is more than the runtime has, which says so.
  int64_t known = bytesOf(converter, DataLayout::closest(op), type.getElementType());
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      known = llvm::checkedMul(known, size).value_or(INT64_MAX);
  Value bytes = LLVM::ConstantOp::create(builder, loc, i64Type(), builder.getI64IntegerAttr(known));
  for (Value size : op.getDynamicSizes()) {
    Value factor = arith::IndexCastOp::create(builder, loc, i64Type(), size);
    bytes = call(builder, loc, "uwt_multiply_size", i64Type(), {bytes, factor});
  }
  Value pointer = call(builder, loc, "uwt_allocate", pointerType(), bytes);
  Value descriptor = describe(builder, loc, converter, op, pointer);
  op.replaceAllUsesWith(
      UnrealizedConversionCastOp::create(builder, loc, type, descriptor).getResult(0));
  op.erase();
  return success();
}

void LowerAllocations::lower(memref::DeallocOp op) {
  OpBuilder builder(op);
  LLVMTypeConverter converter(&getContext());
  Value memory = op.getMemref();
  Type descriptorType = converter.convertType(memory.getType());
  Value descriptor =
      UnrealizedConversionCastOp::create(builder, op.getLoc(), descriptorType, memory).getResult(0);
  Value pointer = MemRefDescriptor(descriptor).allocatedPtr(builder, op.getLoc());
  call(builder, op.getLoc(), "uwt_release", LLVM::LLVMVoidType::get(&getContext()), pointer);
  op.erase();
}

void LowerAllocations::runOnOperation() {
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa<memref::AllocOp, memref::DeallocOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto dealloc = dyn_cast<memref::DeallocOp>(op);
    if (dealloc)
      lower(dealloc);
    else if (failed(lower(cast<memref::AllocOp>(op))))
      return signalPassFailure();
  }
}
