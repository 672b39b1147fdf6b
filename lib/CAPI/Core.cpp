//===- Core.cpp - Errors and contexts of the C API ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Core.h"
#include "Objects.h"

unsigned uwtVersion() { return UWT_VERSION_NUMBER; }

UWTErrorKind uwtErrorKind(const UWTError *error) {
  return static_cast<UWTErrorKind>(error->error.getKind());
}
const char *uwtErrorMessage(const UWTError *error) { return error->error.message().c_str(); }
void uwtErrorDestroy(UWTError *error) { delete error; }

UWTError *uwtContextCreate(unsigned threads, UWTContext **context) {
  if (threads > 4096)
    return uwt::toC(
        uwt::usageError("a context has at most 4096 threads, got " + std::to_string(threads)));
  *context = new UWTContext(threads);
  return nullptr;
}
void uwtContextDestroy(UWTContext *context) { delete context; }

void uwtContextSetLog(UWTContext *context, UWTLogCallback callback, void *user) {
  context->log = callback;
  context->logUser = user;
}
