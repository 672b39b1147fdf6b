//===- AssignSlots.cpp - Number the weights that compiled code reads ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_ASSIGNSLOTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {
struct AssignSlotsPass : uwt::impl::AssignSlotsPassBase<AssignSlotsPass> {
  void runOnOperation() override;
};
} // namespace

/// Makes transcodes of weights weights in the other format, and refuses others: no
/// compiled code encodes.
static LogicalResult resolveTranscodes(ModuleOp module) {
  WalkResult walk = module.walk([](Operation *op) {
    if (isa<uwt::EncodeOp>(op)) {
      op->emitOpError("is left at run time: only the compiler encodes, so its source has to be a "
                      "constant (run uwt-compress-constants)");
      return WalkResult::interrupt();
    }
    auto transcode = dyn_cast<uwt::TranscodeOp>(op);
    if (!transcode)
      return WalkResult::advance();
    auto weight = transcode.getSource().getDefiningOp<uwt::WeightOp>();
    if (!weight) {
      transcode.emitOpError("is left at run time: only a uwt.weight is transcoded, by the loader");
      return WalkResult::interrupt();
    }
    OpBuilder builder(transcode);
    TypeAttr stored = weight.getStoredAttr();
    if (!stored)
      stored = TypeAttr::get(weight.getType());
    // There and back again; and a derived weight is not stored.
    if (stored.getValue() == transcode.getType() || weight.getDerivation())
      stored = {};
    Value loaded = uwt::WeightOp::create(builder, transcode.getLoc(), transcode.getType(),
                                         weight.getNameAttr(), stored, weight.getDerivationAttr());
    transcode.replaceAllUsesWith(loaded);
    transcode.erase();
    if (weight->use_empty())
      weight.erase();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

void AssignSlotsPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(resolveTranscodes(module)))
    return signalPassFailure();

  Builder builder(&getContext());
  llvm::MapVector<Attribute, int64_t> slots;
  int64_t constants = 0;
  auto assign = [&](Operation *op, StringRef name, Type type, uwt::DerivationAttr derivation) {
    if (auto memref = dyn_cast<MemRefType>(type))
      type = RankedTensorType::get(memref.getShape(), memref.getElementType());
    auto slot = uwt::SlotAttr::get(&getContext(), name, type, derivation);
    int64_t number = slots.insert({slot, slots.size()}).first->second;
    op->setAttr("slot", builder.getI64IntegerAttr(number));
  };
  module.walk([&](Operation *op) {
    if (auto weight = dyn_cast<uwt::WeightOp>(op))
      assign(op, weight.getName(), weight.getType(), weight.getDerivationAttr());
    if (auto constant = dyn_cast<uwt::ConstantOp>(op))
      assign(op, "constant." + std::to_string(constants++), constant.getType(), {});
  });
  SmallVector<Attribute> list;
  for (auto &[slot, number] : slots)
    list.push_back(slot);
  module->setAttr(uwt::UWTDialect::slotsAttrName, builder.getArrayAttr(list));
}
