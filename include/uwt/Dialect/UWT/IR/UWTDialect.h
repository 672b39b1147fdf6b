//===- UWTDialect.h - The uwt dialect ---------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything of the dialect: attributes, types, operations. The declarations, with
// their descriptions, are in the .td files beside this one.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTDIALECT_H
#define UWT_DIALECT_UWT_IR_UWTDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Format/Format.h"
#include "uwt/Pack/KernelPack.h"
#include "uwt/Support/Error.h"
#include "uwt/Target/Target.h"

namespace uwt {
/// The element type of an MLIR type, or nothing where the codec library has none.
std::optional<ElementType> elementTypeOf(mlir::Type type);
/// The MLIR type of an element type.
mlir::Type typeOf(mlir::MLIRContext *context, ElementType element);

namespace detail {
struct FormatAttrStorage;
} // namespace detail
} // namespace uwt

#include "uwt/Dialect/UWT/IR/UWTDialect.h.inc"
#include "uwt/Dialect/UWT/IR/UWTEnums.h.inc"
#include "uwt/Dialect/UWT/IR/UWTInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "uwt/Dialect/UWT/IR/UWTAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "uwt/Dialect/UWT/IR/UWTTypes.h.inc"

#define GET_OP_CLASSES
#include "uwt/Dialect/UWT/IR/UWTOps.h.inc"

#endif // UWT_DIALECT_UWT_IR_UWTDIALECT_H
