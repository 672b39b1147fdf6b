//===- Registration.h - All dialects and passes -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_REGISTRATION_H
#define UWT_COMPILER_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace uwt {

/// Registers the uwt dialect, upstream's dialects, and every interface
/// implementation that UWT's passes need.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers UWT's passes and pipelines, and upstream's passes.
void registerAllPasses();

/// The same without what is upstream's, for a tool that has registered that.
void registerOwnDialects(mlir::DialectRegistry &registry);
void registerOwnPasses();

} // namespace uwt

#endif // UWT_COMPILER_REGISTRATION_H
