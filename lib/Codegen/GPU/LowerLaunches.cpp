//===- LowerLaunches.cpp - Calls of the runtime for launches --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codegen/GPU/Launches.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_LOWERLAUNCHESPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

namespace {
struct LowerLaunchesPass : impl::LowerLaunchesPassBase<LowerLaunchesPass> {
  void runOnOperation() override;
};
} // namespace

static void declareRuntime(ModuleOp module) {
  if (module.lookupSymbol(launchProductName))
    return;
  OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto i64 = atStart.getI64Type();
  auto none = LLVM::LLVMVoidType::get(module.getContext());
  LLVM::LLVMFuncOp::create(atStart, module.getLoc(), launchProductName,
                           LLVM::LLVMFunctionType::get(none, {pointer, i64, i64}));
  LLVM::GlobalOp::create(atStart, module.getLoc(), atStart.getI8Type(), /*isConstant=*/false,
                         LLVM::Linkage::External, productContextName, Attribute());
}

//===----------------------------------------------------------------------===//
// What a call describes
//===----------------------------------------------------------------------===//

static LaunchOperandAttr operandOf(ShapedType type, std::optional<unsigned> matrixDimension) {
  unsigned bytes =
      type.getElementType().isIndex() ? sizeof(int64_t) : type.getElementTypeBitWidth() / 8;
  return LaunchOperandAttr::get(type.getContext(), bytes, static_cast<unsigned>(type.getRank()),
                                matrixDimension ? static_cast<int64_t>(*matrixDimension) : -1);
}

/// Of x and y: several matrices are their first dimension.
static LaunchOperandAttr operandByRank(Value operand) {
  auto type = cast<ShapedType>(operand.getType());
  return operandOf(type, type.getRank() == 3 ? std::optional(0U) : std::nullopt);
}

static LaunchOperandAttr selectionOf(LaunchProductOp op) {
  Value selection = op.getSelection();
  if (!selection)
    return {};
  if (selection.getType().isIndex())
    return LaunchOperandAttr::get(op.getContext(), sizeof(int64_t), /*rank=*/0, -1);
  return operandOf(cast<ShapedType>(selection.getType()), std::nullopt);
}

static LaunchAttr launchOf(LaunchProductOp op, int64_t slot) {
  SmallVector<LaunchOperandAttr> extras;
  for (auto [extra, map] : llvm::zip(op.getExtras(), op.getExtraMaps()))
    extras.push_back(operandOf(cast<ShapedType>(extra.getType()), MatmulOp::matrixDimension(map)));
  return LaunchAttr::get(op.getContext(), op.getKernels(), slot,
                         static_cast<uint64_t>(op.getWeightType().getMatrices()),
                         operandByRank(op.getX()), operandByRank(op.getInit()), selectionOf(op),
                         extras);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// The numbers that describe the operands (uwt/Codegen/GPU/Launches.h).
static SmallVector<Value> describeOperands(LaunchProductOp op, OpBuilder &builder) {
  SmallVector<Value> numbers;
  auto describe = [&](Value operand) {
    auto pointer =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, op.getLoc(), operand).getResult();
    auto metadata = memref::ExtractStridedMetadataOp::create(builder, op.getLoc(), operand);
    numbers.append({pointer, metadata.getOffset()});
    llvm::append_range(numbers, metadata.getSizes());
    llvm::append_range(numbers, metadata.getStrides());
  };
  if (Value selection = op.getSelection()) {
    if (selection.getType().isIndex())
      numbers.push_back(selection);
    else
      describe(selection);
  }
  describe(op.getX());
  for (Value extra : op.getExtras())
    describe(extra);
  describe(op.getInit());
  return numbers;
}

/// The address of an array with the numbers, on the stack of the function around `op`.
static Value storeNumbers(ArrayRef<Value> numbers, Operation *op, OpBuilder &builder) {
  Location location = op->getLoc();
  auto function = op->getParentOfType<FunctionOpInterface>();
  OpBuilder atEntry = OpBuilder::atBlockBegin(&function.getFunctionBody().front());
  auto type = MemRefType::get({static_cast<int64_t>(numbers.size())}, builder.getIndexType());
  Value array = memref::AllocaOp::create(atEntry, location, type);
  for (auto [i, number] : llvm::enumerate(numbers)) {
    Value at = arith::ConstantIndexOp::create(builder, location, static_cast<int64_t>(i));
    memref::StoreOp::create(builder, location, number, array, ValueRange{at});
  }
  return memref::ExtractAlignedPointerAsIndexOp::create(builder, location, array);
}

/// Calls for launch `number`.
static void lower(LaunchProductOp op, int64_t number) {
  OpBuilder builder(op);
  Location location = op.getLoc();
  Value address = storeNumbers(describeOperands(op, builder), op, builder);
  Value array = arith::IndexCastOp::create(builder, location, builder.getI64Type(), address);
  Value launch =
      arith::ConstantOp::create(builder, location, builder.getI64IntegerAttr(number)).getResult();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value context = LLVM::AddressOfOp::create(builder, location, pointer, productContextName);
  LLVM::CallOp::create(builder, location, TypeRange(), launchProductName,
                       ValueRange{context, launch, array});
  op.erase();
}

void LowerLaunchesPass::runOnOperation() {
  SmallVector<LaunchProductOp> ops;
  getOperation().walk([&](LaunchProductOp op) { ops.push_back(op); });
  if (ops.empty())
    return;
  declareRuntime(getOperation());
  SmallVector<Attribute> launches;
  for (LaunchProductOp op : ops) {
    Operation *weight = op.getWeight().getDefiningOp();
    auto slot = weight ? weight->getAttrOfType<IntegerAttr>("slot") : IntegerAttr();
    if (!slot) {
      op.emitOpError("reads a weight without a slot: run uwt-assign-slots before");
      return signalPassFailure();
    }
    if (!op->getParentOfType<FunctionOpInterface>()) {
      op.emitOpError("is in no function");
      return signalPassFailure();
    }
    launches.push_back(launchOf(op, slot.getInt()));
    lower(op, static_cast<int64_t>(launches.size()) - 1);
  }
  getOperation()->setAttr(UWTDialect::launchesAttrName, ArrayAttr::get(&getContext(), launches));
}

} // namespace uwt::codegen
