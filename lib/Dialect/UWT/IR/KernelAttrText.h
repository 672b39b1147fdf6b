//===- KernelAttrText.h - Text of the parameters of kernels -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parameters of the attributes in UWTKernelAttrs.td that MLIR cannot hash, read or print by itself.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_IR_KERNELATTRTEXT_H
#define UWT_LIB_DIALECT_UWT_IR_KERNELATTRTEXT_H

#include "mlir/IR/DialectImplementation.h"
#include "uwt/Pack/KernelPack.h"

namespace uwt {

/// LLVM finds it by this name, for the uniquing of attributes.
// NOLINTNEXTLINE(readability-identifier-naming)
inline llvm::hash_code hash_value(const ExtentRange &range) {
  return llvm::hash_combine(range.least, range.most, range.multiple);
}

/// One of the names that nameOf() gives to the values of an enumeration of packs.
template <typename Enum> mlir::FailureOr<Enum> parsePackName(mlir::AsmParser &parser) {
  llvm::SMLoc location = parser.getCurrentLocation();
  llvm::StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return mlir::failure();
  std::string known;
  for (unsigned i = 0;; ++i) {
    std::string_view name = nameOf(static_cast<Enum>(i));
    if (name == "?")
      break;
    if (name == std::string_view(keyword))
      return static_cast<Enum>(i);
    known += (i == 0 ? "" : ", ") + std::string(name);
  }
  return parser.emitError(location) << "expected one of " << known << ", got " << keyword;
}

/// "512", "1 to 8", "64 to any multiple 64".
mlir::FailureOr<ExtentRange> parseExtent(mlir::AsmParser &parser);
void printExtent(mlir::AsmPrinter &printer, const ExtentRange &range);

mlir::FailureOr<llvm::APFloat> parseReal(mlir::AsmParser &parser);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_IR_KERNELATTRTEXT_H
