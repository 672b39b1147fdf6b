//===- Diagnostics.h - What MLIR reports, as values -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_DIAGNOSTICS_H
#define UWT_LIB_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "uwt/Support/Error.h"
#include <string>
#include <vector>

namespace uwt {

/// While it lives, keeps what a context reports on this thread instead of printing it.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext *context);

  /// The first error with its location, or `otherwise` where there is none.
  Error takeError(ErrorKind kind, const std::string &otherwise) const;
  /// Warnings and remarks with their locations.
  const std::vector<std::string> &remarks() const { return kept; }

private:
  std::string firstError;
  std::vector<std::string> kept;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_DIAGNOSTICS_H
