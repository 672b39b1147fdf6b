//===- FileLocation.h - Where in a file an operation stands -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_FILELOCATION_H
#define UWT_DIALECT_UWT_IR_FILELOCATION_H

#include "mlir/IR/Location.h"
#include <string>

namespace uwt {

/// "FILE:LINE:COLUMN: " of the first location in a file that `location` knows, or nothing.
std::string fileLocation(mlir::Location location);

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_FILELOCATION_H
