//===- Prefix.h - Prefix codes as compiled code -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitter of every codec whose rate is Rate::Prefix: a stream unit of lanes becomes words in
// a buffer. What differs from codec to codec is in its traits and in the decode
// table's layout; a codec's own file names it and nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_PREFIX_H
#define UWT_LIB_CODEGEN_DECODE_PREFIX_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

class PrefixEmitter final : public Emitter {
public:
  /// `codec` has to outlive the emitter.
  explicit PrefixEmitter(llvm::StringRef codec) : codec(codec) {}

  llvm::StringRef keyword() const override { return codec; }
  Status checkServes(const EmittedFormat &format) const override;
  llvm::SmallVector<WeightBuffer> buffers(const EmittedFormat &format) const override;
  double cost(const EmittedFormat &format) const override;
  mlir::LogicalResult emitStream(const EmittedFormat &format, mlir::RewriterBase &rewriter,
                                 DecodeStreamOp op) const override;

private:
  llvm::StringRef codec;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_PREFIX_H
