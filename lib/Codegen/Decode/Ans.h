//===- Ans.h - Numeral systems as compiled code -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitter of every codec whose rate is Rate::Ans: a stream unit of eight interleaved lanes
// becomes words in a buffer.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_ANS_H
#define UWT_LIB_CODEGEN_DECODE_ANS_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

class AnsEmitter final : public Emitter {
public:
  /// `codec` has to outlive the emitter.
  explicit AnsEmitter(llvm::StringRef codec) : codec(codec) {}

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

#endif // UWT_LIB_CODEGEN_DECODE_ANS_H
