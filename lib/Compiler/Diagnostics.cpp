//===- Diagnostics.cpp - What MLIR reports, as values ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "uwt/Dialect/UWT/IR/FileLocation.h"

using namespace mlir;

/// `diagnostic` on one line. An operation that is printed in it is cut off: it may be the module.
static std::string textOf(const Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  size_t end = text.find('\n');
  return uwt::fileLocation(diagnostic.getLocation()) + text.substr(0, end);
}

uwt::DiagnosticCollector::DiagnosticCollector(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        switch (diagnostic.getSeverity()) {
        case DiagnosticSeverity::Error:
          if (firstError.empty())
            firstError = textOf(diagnostic);
          break;
        case DiagnosticSeverity::Warning:
        case DiagnosticSeverity::Remark:
          kept.push_back(textOf(diagnostic));
          break;
        case DiagnosticSeverity::Note:
          break;
        }
        return success();
      }) {}

uwt::Error uwt::DiagnosticCollector::takeError(ErrorKind kind, const std::string &otherwise) const {
  return {kind, firstError.empty() ? otherwise : firstError};
}
