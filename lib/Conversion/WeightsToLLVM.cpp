//===- WeightsToLLVM.cpp - Buffers of weights from the runtime's table ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Conversion/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Runtime/Abi.h"
#include <map>

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_WEIGHTSTOLLVMPASS
#include "uwt/Conversion/Passes.h.inc"

/// Pointers of a WeightView, in the order of #uwt.plane.
static constexpr int64_t viewPointers = sizeof(WeightView) / sizeof(void *);
static constexpr StringLiteral tableName = "uwt_weights";

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

/// The pointer to a buffer of the weight in a slot. The table does not change while code runs.
static Value loadPointer(OpBuilder &builder, Location location, int64_t slot, Plane plane) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value table = LLVM::AddressOfOp::create(builder, location, pointer, tableName);
  int64_t place = slot * viewPointers + static_cast<int64_t>(plane);
  Value at = LLVM::GEPOp::create(builder, location, pointer, pointer, table,
                                 ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(place)});
  return LLVM::LoadOp::create(builder, location, pointer, at, /*alignment=*/8,
                              /*isVolatile=*/false, /*isNonTemporal=*/false,
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

void WeightsToLLVMPass::runOnOperation() {
  ModuleOp module = getOperation();
  LLVMTypeConverter converter(&getContext());
  SmallVector<Operation *> sources;
  // By slot, plane and place.
  std::map<std::tuple<int64_t, Plane, Operation *>, Value> buffers;
  WalkResult walk = module.walk([&](Operation *op) {
    if (isa<WeightOp, ConstantOp>(op))
      sources.push_back(op);
    auto plane = dyn_cast<PlaneOp>(op);
    bool isDense = isa<WeightOp>(op) && isa<MemRefType>(op->getResult(0).getType());
    if (!plane && !isDense)
      return WalkResult::advance();
    Operation *source = plane ? plane.getWeight().getDefiningOp() : op;
    auto slot = source ? source->getAttrOfType<IntegerAttr>("slot") : IntegerAttr();
    if (!slot) {
      op->emitOpError("reads a weight without a slot: run uwt-assign-slots before");
      return WalkResult::interrupt();
    }
    declareTable(module);
    // Ahead of all loops: the bodies of equal layers then differ in nothing, and are compiled once.
    Operation *place = op;
    while (!isa<FunctionOpInterface>(place->getParentOp()))
      place = place->getParentOp();
    Plane kind = plane ? plane.getPlane() : Plane::Dense;
    Value &memory = buffers[{slot.getInt(), kind, place}];
    if (!memory) {
      OpBuilder builder(place);
      Value pointer = loadPointer(builder, op->getLoc(), slot.getInt(), kind);
      memory = describe(builder, op->getLoc(), converter,
                        cast<MemRefType>(op->getResult(0).getType()), pointer);
    }
    op->getResult(0).replaceAllUsesWith(memory);
    if (plane)
      plane.erase();
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return signalPassFailure();
  for (Operation *source : sources)
    if (source->use_empty())
      source->erase();
}

} // namespace uwt
