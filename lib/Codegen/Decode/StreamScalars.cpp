//===- StreamScalars.cpp - Scalar code for decoders of streams ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamCode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace uwt::codegen {

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value ScalarBuilder::selectEqual(Value a, Operand b, int64_t match, int64_t other) {
  return match == other ? constant(match) : select(equal(a, b), match, other);
}

Value ScalarBuilder::leadingZeros(Value a) {
  return LLVM::CountLeadingZerosOp::create(builder, location, a.getType(), a,
                                           /*is_zero_poison=*/true);
}

Value ScalarBuilder::keepScalar(Value a) {
  // An empty instruction whose result is its operand: no pass looks into it.
  auto same = LLVM::InlineAsmOp::create(
      builder, location, a.getType(), a, /*asm_string=*/"", /*constraints=*/"=r,0",
      /*has_side_effects=*/false, /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr(), ArrayAttr());
  return same.getRes();
}

Value ScalarBuilder::keepPointer(Value pointer) {
  Value address = LLVM::PtrToIntOp::create(builder, location, builder.getI64Type(), pointer);
  return LLVM::IntToPtrOp::create(builder, location, pointer.getType(), keepScalar(address));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value ScalarBuilder::pointerTo(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(builder, location, buffer);
  Value address = convert(base);
  auto [strides, offset] = type.getStridesAndOffset();
  if (offset != 0) {
    auto metadata = memref::ExtractStridedMetadataOp::create(builder, location, buffer);
    Value elements = convert(metadata.getOffset());
    address = add(address, mul(elements, type.getElementTypeBitWidth() / 8));
  }
  return LLVM::IntToPtrOp::create(builder, location,
                                  LLVM::LLVMPointerType::get(builder.getContext()), address);
}

Value ScalarBuilder::at(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(builder, location, pointer.getType(), builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

Value ScalarBuilder::at(Value pointer, int64_t bytes) {
  if (bytes == 0)
    return pointer;
  return LLVM::GEPOp::create(builder, location, pointer.getType(), builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

Value ScalarBuilder::entryAt(Value pointer, Value index, unsigned bits) {
  return LLVM::GEPOp::create(builder, location, pointer.getType(), builder.getIntegerType(bits),
                             pointer, ArrayRef<LLVM::GEPArg>{index});
}

Value ScalarBuilder::load(unsigned bits, Value pointer, unsigned alignment) {
  return convert(
      LLVM::LoadOp::create(builder, location, builder.getIntegerType(bits), pointer, alignment));
}

Value ScalarBuilder::loadVector(Type type, Value pointer) {
  return LLVM::LoadOp::create(builder, location, type, pointer, /*alignment=*/4);
}

void ScalarBuilder::store(unsigned bits, Value value, Value pointer) {
  if (bits != 64)
    value = arith::TruncIOp::create(builder, location, builder.getIntegerType(bits), value);
  LLVM::StoreOp::create(builder, location, value, pointer, bits / 8);
}

void ScalarBuilder::storeVector(Value value, Value pointer) {
  LLVM::StoreOp::create(builder, location, value, pointer, /*alignment=*/4);
}

void ScalarBuilder::prefetch(Value pointer) {
  // For reading, into all caches, data.
  LLVM::Prefetch::create(builder, location, pointer, 0, 3, 1);
}

Value ScalarBuilder::scratch(Operation *op, unsigned bytes) {
  // An alloca in a sequential loop would take more stack with each iteration.
  Operation *scope = op->getParentOp();
  while (!isa<FunctionOpInterface, scf::ForallOp, scf::ParallelOp>(scope))
    scope = scope->getParentOp();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&scope->getRegion(0).front());
  auto type = MemRefType::get({bytes}, builder.getI8Type());
  return pointerTo(
      memref::AllocaOp::create(builder, location, type, builder.getI64IntegerAttr(64)));
}

} // namespace uwt::codegen
