//===- Core.cpp - Errors and contexts of the C API ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Core.h"
#include "Objects.h"
#include <new>

unsigned uwtVersion() { return UWT_VERSION_NUMBER; }

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// For when not even an error can be allocated: its text is short enough to need no memory.
static UWTError &outOfMemoryError() {
  static UWTError error{uwt::ioError("out of memory")};
  return error;
}

UWTError *uwt::toC(Error error) {
  auto *made = new (std::nothrow) UWTError{std::move(error)};
  return made ? made : &outOfMemoryError();
}

UWTErrorKind uwtErrorKind(const UWTError *error) {
  return error ? static_cast<UWTErrorKind>(error->error.getKind()) : UWT_ERROR_NONE;
}
const char *uwtErrorMessage(const UWTError *error) {
  return error ? error->error.message().c_str() : "";
}
void uwtErrorDestroy(UWTError *error) {
  if (error != &outOfMemoryError())
    delete error;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

UWTError *uwtContextCreate(unsigned threads, UWTContext **context) {
  return uwt::runFunction({{context, "context"}}, [&]() -> uwt::Status {
    if (threads > 4096)
      return uwt::usageError("a context has at most 4096 threads, got " + std::to_string(threads));
    *context = new UWTContext(threads);
    return uwt::ok();
  });
}
void uwtContextDestroy(UWTContext *context) { delete context; }

void uwtContextSetLog(UWTContext *context, UWTLogCallback callback, void *user) {
  if (!context)
    return;
  context->log = callback;
  context->logUser = user;
}

void uwtCatchReadFaults(int wanted) { uwt::catchReadFaults(wanted != 0); }
