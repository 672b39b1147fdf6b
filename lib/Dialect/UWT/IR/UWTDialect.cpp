//===- UWTDialect.cpp - The uwt dialect -----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "uwt/Dialect/UWT/IR/UWTDialect.cpp.inc"
#include "uwt/Dialect/UWT/IR/UWTEnums.cpp.inc"
#include "uwt/Dialect/UWT/IR/UWTInterfaces.cpp.inc"

void uwt::UWTDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "uwt/Dialect/UWT/IR/UWTOps.cpp.inc"
      >();
}

std::optional<uwt::ElementType> uwt::elementTypeOf(Type type) {
  return llvm::TypeSwitch<Type, std::optional<ElementType>>(type)
      .Case([](BFloat16Type) { return ElementType::BF16; })
      .Case([](Float16Type) { return ElementType::F16; })
      .Case([](Float32Type) { return ElementType::F32; })
      .Case([](Float8E4M3FNType) { return ElementType::F8E4M3FN; })
      .Case([](Float8E5M2Type) { return ElementType::F8E5M2; })
      .Default([](Type) { return std::nullopt; });
}

Type uwt::typeOf(MLIRContext *context, ElementType element) {
  switch (element) {
  case ElementType::BF16:
    return BFloat16Type::get(context);
  case ElementType::F16:
    return Float16Type::get(context);
  case ElementType::F32:
    return Float32Type::get(context);
  case ElementType::F8E4M3FN:
    return Float8E4M3FNType::get(context);
  case ElementType::F8E5M2:
    return Float8E5M2Type::get(context);
  case ElementType::UInt8:
    return IntegerType::get(context, 8);
  case ElementType::UInt16:
    return IntegerType::get(context, 16);
  }
  return {};
}
