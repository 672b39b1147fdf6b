//===- FoldConstants.cpp - Encode, transcode and decode constants ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pass and not folders: this is work for all processors, and it can fail.
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Support/Parallel.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

/// Folds the operations of one module.
class Folder {
public:
  LogicalResult fold(uwt::EncodeOp op);
  LogicalResult fold(uwt::TranscodeOp op);
  LogicalResult fold(uwt::DecodeOp op);

private:
  FailureOr<std::vector<uint8_t>> decode(Operation *user, uwt::ConstantOp constant);
  LogicalResult replaceByCode(Operation *op, uwt::CompressedType type, StringRef key,
                              std::span<const uint8_t> bytes);
  uwt::ThreadPool pool;
};

struct FoldConstantsPass : uwt::impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;
  void runOnOperation() override;
};

} // namespace

/// A name for what is made of the constant.
static StringRef keyOf(uwt::ConstantOp constant) {
  if (constant.getPlanes().empty())
    return "constant";
  StringRef key = uwt::keyOf(constant.getPlanes().begin()->getValue());
  // "w.code" is plane `code` of "w".
  return key.contains('.') ? key.rsplit('.').first : key;
}

/// Removes `op`, and what made its operand, where nobody else uses it.
static void eraseWithSource(Operation *op) {
  Operation *source = op->getOperand(0).getDefiningOp();
  op->erase();
  if (source && source->use_empty())
    source->erase();
}

/// The tensor of `constant`; errors are reported at `user`.
FailureOr<std::vector<uint8_t>> Folder::decode(Operation *user, uwt::ConstantOp constant) {
  auto decoded = [&]() -> uwt::Expected<std::vector<uint8_t>> {
    UWT_ASSIGN_OR_RETURN(uwt::ConstantPlanes planes, uwt::planesOf(constant));
    uwt::TensorDescription description = constant.getType().getDescription();
    UWT_ASSIGN_OR_RETURN(uwt::TensorDecoder decoder,
                         uwt::TensorDecoder::open(description, planes.views, std::nullopt));
    UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
    std::vector<uint8_t> bytes(elements * uwt::getTraits(description.element).bytes);
    UWT_RETURN_IF_ERROR(decoder.decode(bytes, pool));
    return bytes;
  }();
  if (!decoded)
    return user->emitOpError() << "cannot decode its constant: " << decoded.error().message();
  return *std::move(decoded);
}

/// Replaces `op` by a uwt.constant of `type` with the tensor `bytes`.
LogicalResult Folder::replaceByCode(Operation *op, uwt::CompressedType type, StringRef key,
                                    std::span<const uint8_t> bytes) {
  uwt::MemoryPlanes planes;
  auto encoded = uwt::encodeTensor(type.getDescription(), bytes, planes, pool);
  if (!encoded)
    return op->emitOpError() << "cannot encode its constant: " << encoded.error().message();
  OpBuilder builder(op);
  Value constant = uwt::ConstantOp::create(builder, op->getLoc(), type,
                                           uwt::makePlanes(op->getContext(), key, planes));
  op->replaceAllUsesWith(ValueRange{constant});
  eraseWithSource(op);
  return success();
}

LogicalResult Folder::fold(uwt::EncodeOp op) {
  auto source = op.getSource().getDefiningOp<arith::ConstantOp>();
  if (!source || uwt::isElided(source.getValue()))
    return success();
  auto value = cast<ElementsAttr>(source.getValue());
  uwt::Expected<uwt::ConstantBytes> bytes = uwt::denseBytes(value);
  if (!bytes)
    return op.emitOpError() << "cannot encode its constant: " << bytes.error().message();
  return replaceByCode(op, op.getType(), uwt::keyOf(value), bytes->bytes);
}

LogicalResult Folder::fold(uwt::TranscodeOp op) {
  auto source = op.getSource().getDefiningOp<uwt::ConstantOp>();
  if (!source)
    return success();
  FailureOr<std::vector<uint8_t>> bytes = decode(op, source);
  if (failed(bytes))
    return failure();
  return replaceByCode(op, op.getType(), keyOf(source), *bytes);
}

LogicalResult Folder::fold(uwt::DecodeOp op) {
  auto source = op.getSource().getDefiningOp<uwt::ConstantOp>();
  if (!source)
    return success();
  FailureOr<std::vector<uint8_t>> bytes = decode(op, source);
  if (failed(bytes))
    return failure();
  OpBuilder builder(op);
  auto type = cast<RankedTensorType>(op.getType());
  Value dense = arith::ConstantOp::create(builder, op.getLoc(), type,
                                          uwt::makeResource(type, keyOf(source), *bytes));
  op.replaceAllUsesWith(dense);
  eraseWithSource(op);
  return success();
}

void FoldConstantsPass::runOnOperation() {
  // In the order of the IR, so that an operation's source has been folded before it.
  SmallVector<Operation *> operations;
  getOperation().walk([&](Operation *op) {
    if (isa<uwt::EncodeOp, uwt::TranscodeOp>(op) || (isa<uwt::DecodeOp>(op) && !keepDecodes))
      operations.push_back(op);
  });
  Folder folder;
  for (Operation *op : operations) {
    LogicalResult folded = TypeSwitch<Operation *, LogicalResult>(op)
                               .Case<uwt::EncodeOp, uwt::TranscodeOp, uwt::DecodeOp>(
                                   [&](auto concrete) { return folder.fold(concrete); })
                               .Default([](Operation *) { return success(); });
    if (failed(folded))
      return signalPassFailure();
  }
}
