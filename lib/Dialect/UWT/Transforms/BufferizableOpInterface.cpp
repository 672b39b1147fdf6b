//===- BufferizableOpInterface.cpp - From tensors to memrefs --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/Transforms/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/IR/WeightBuffers.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {

/// Operations that write to their last operand.
template <typename OpTy>
struct WritingModel : DstBufferizableOpInterfaceExternalModel<WritingModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      bool isTensor = isa<TensorType>(operand.getType());
      FailureOr<Value> buffer = isTensor ? getBuffer(rewriter, operand, options, state) : operand;
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    clone(rewriter, op, TypeRange(), operands);
    replaceOpWithBufferizedValues(rewriter, op, operands.back());
    return success();
  }
};

/// What is memory of the loader, which many calls read.
template <typename Model, typename OpTy>
struct LoadedModel : BufferizableOpInterface::ExternalModel<Model, OpTy> {
  AliasingValueList getAliasingValues(Operation *, OpOperand &, const AnalysisState &) const {
    return {};
  }
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

private:
  LoadedModel() = default;
  friend Model;
};

struct WeightModel : LoadedModel<WeightModel, uwt::WeightOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions & /*options*/, BufferizationState &) const {
    auto weight = cast<uwt::WeightOp>(op);
    auto type = dyn_cast<RankedTensorType>(weight.getType());
    if (!type)
      return success();
    auto buffer = uwt::WeightOp::create(rewriter, op->getLoc(),
                                        MemRefType::get(type.getShape(), type.getElementType()),
                                        weight.getNameAttr());
    buffer->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    replaceOpWithBufferizedValues(rewriter, op, buffer.getResult());
    return success();
  }
};

struct ColumnOrderModel : LoadedModel<ColumnOrderModel, uwt::ColumnOrderOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions & /*options*/, BufferizationState &) const {
    Value weight = cast<uwt::ColumnOrderOp>(op).getWeight();
    auto kind = uwt::WeightBuffer::Order;
    auto type = uwt::getBufferType(kind, cast<uwt::CompressedType>(weight.getType()));
    Value buffer = uwt::BufferOp::create(rewriter, op->getLoc(), type, kind, weight);
    replaceOpWithBufferizedValues(rewriter, op, buffer);
    return success();
  }
};

/// What should have gone before: it has no buffer on either side that could be given.
template <typename OpTy>
struct LeftModel : BufferizableOpInterface::ExternalModel<LeftModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &, const AnalysisState &) const {
    return {};
  }

  LogicalResult bufferize(Operation *op, RewriterBase &, const BufferizationOptions &,
                          BufferizationState &) const {
    if (isa<uwt::EncodeOp>(op))
      return op->emitOpError("is left before bufferization: only the compiler encodes, so its "
                             "source has to be a constant (run uwt-compress-constants)");
    return op->emitOpError("is left before bufferization: it has to be fused into a product (run "
                           "uwt-fuse-decode) or be of a uwt.weight or uwt.constant");
  }
};

} // namespace

void uwt::registerBufferizableOpInterfaceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, UWTDialect *) {
    MatmulOp::attachInterface<WritingModel<MatmulOp>>(*context);
    GatherOp::attachInterface<WritingModel<GatherOp>>(*context);
    WeightOp::attachInterface<WeightModel>(*context);
    ColumnOrderOp::attachInterface<ColumnOrderModel>(*context);
    DecodeOp::attachInterface<LeftModel<DecodeOp>>(*context);
    EncodeOp::attachInterface<LeftModel<EncodeOp>>(*context);
  });
}
