//===- Prefix.cpp - Prefix codes as compiled code -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Prefix.h"
#include "PrefixCode.h"

using namespace mlir;

namespace uwt::codegen {

Status PrefixEmitter::checkServes(const EmittedFormat &format) const {
  if (format.traits.rate == Rate::Prefix)
    return ok();
  return unsupportedError("codec '" + codec.str() + "' has no prefix codes in this composition");
}

SmallVector<WeightBuffer> PrefixEmitter::buffers(const EmittedFormat &format) const {
  SmallVector<WeightBuffer> buffers = {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Raw,
                                       WeightBuffer::Code};
  if (format.table.classes > 1)
    buffers.push_back(WeightBuffer::Classes);
  return buffers;
}

double PrefixEmitter::cost(const EmittedFormat &format) const {
  // 32 words in code words that take two clocks each, in which a machine does two vector
  // operations each, and the merge.
  return 32.0 / format.traits.codeSymbols * 4 + 6;
}

LogicalResult PrefixEmitter::emitStream(const EmittedFormat &format, RewriterBase &rewriter,
                                        DecodeStreamOp op) const {
  auto buffer = cast<MemRefType>(op.getBuffer().getType());
  if (buffer.getRank() != 1 || !buffer.isLastDimUnitStride())
    return op.emitOpError() << "expects a contiguous buffer of rank 1, got " << buffer;
  rewriter.setInsertionPoint(op);
  StreamDecoder decoder(rewriter, op, format);
  StreamExtent unit = emitStreamExtent(decoder);
  PrefixStreams streams = emitStreams(decoder);
  // order-5: a lane goes through all columns of a strip before the next one.
  decoder.code.loop(unit.strips, [&](Value strip) {
    decoder.code.loop(unit.groups, [&](Value group) {
      emitGroupSymbols(decoder, unit, streams, group, strip);
      emitGroupMerge(decoder, unit, group, strip);
    });
  });
  emitRecords(decoder, unit, streams);
  rewriter.eraseOp(op);
  return success();
}

} // namespace uwt::codegen
