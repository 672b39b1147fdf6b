//===- ConstantData.h - Bytes of constants ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dense and compressed constants of the IR in the codec library's terms: where their bytes
// are, and attributes made from bytes. Nothing here emits a diagnostic: errors are
// values, which a pass reports at its operation.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_CONSTANTDATA_H
#define UWT_DIALECT_UWT_TRANSFORMS_CONSTANTDATA_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// Bytes that lie in an attribute, or, where that holds one element for all, in memory of
/// their own. Not to be used longer than the attribute's context lives.
struct ConstantBytes {
  std::span<const uint8_t> bytes;
  std::vector<uint8_t> expanded;
};

/// Whether `constant` is a dense_resource without data.
bool isElided(mlir::Attribute constant);

/// The elements of a dense constant of byte-sized elements, row-major and little-endian.
/// Errors: Invalid (no data, or data that do not fit the type), Unsupported.
Expected<ConstantBytes> denseBytes(mlir::ElementsAttr constant);

/// The planes of a uwt.constant; those that it lacks are empty.
struct ConstantPlanes {
  PlaneViews views;
  std::array<ConstantBytes, planeKinds> storage;
};
Expected<ConstantPlanes> planesOf(ConstantOp constant);

/// A dense_resource of `bytes` (a copy), with a key that begins with `key` and is
/// nobody else's.
mlir::DenseResourceElementsAttr makeResource(mlir::RankedTensorType type, llvm::StringRef key,
                                             std::span<const uint8_t> bytes);

/// The planes that are not empty, as uwt.constant holds them.
mlir::DictionaryAttr makePlanes(mlir::MLIRContext *context, llvm::StringRef key,
                                const MemoryPlanes &planes);

/// A name for what is made of `constant`: its key, or "constant".
llvm::StringRef keyOf(mlir::Attribute constant);

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_CONSTANTDATA_H
