//===- BufferizableOpInterface.h - From tensors to memrefs ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How one-shot bufferization treats operations at tensor level. Compressed values have no
// buffer: they stay values until `uwt-weights-to-llvm`.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_BUFFERIZABLEOPINTERFACE_H
#define UWT_DIALECT_UWT_TRANSFORMS_BUFFERIZABLEOPINTERFACE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace uwt {

/// `uwt.matmul` writes its destination and never reads it, a dense `uwt.weight` is a buffer that
/// may not be written, and `uwt.decode` or `uwt.encode` that is left is an error.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_BUFFERIZABLEOPINTERFACE_H
