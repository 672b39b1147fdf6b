//===- TMTensor.h - Torch-mlir's operations beyond linalg -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect `tm_tensor`; the declarations, with their descriptions, are in TMTensor.td.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_TMTENSOR_TMTENSOR_H
#define UWT_DIALECT_TMTENSOR_TMTENSOR_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "uwt/Dialect/TMTensor/TMTensorDialect.h.inc"

#define GET_OP_CLASSES
#include "uwt/Dialect/TMTensor/TMTensorOps.h.inc"

#endif // UWT_DIALECT_TMTENSOR_TMTENSOR_H
