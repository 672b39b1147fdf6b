//===- Core.cpp - Errors and contexts of the C API ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Core.h"
#include "Objects.h"
#include "uwt/Support/Printable.h"

using namespace uwt;

unsigned uwtVersion() { return UWT_VERSION_NUMBER; }

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// For when not even an error can be allocated: its text is short enough to need no memory.
static UWTError &outOfMemoryError() {
  static UWTError error{ioError("out of memory")};
  return error;
}

static ErrorKind kindOf(UWTErrorKind kind) {
  switch (kind) {
  case UWT_ERROR_DIFFERS:
  case UWT_ERROR_USAGE:
  case UWT_ERROR_INVALID:
  case UWT_ERROR_IO:
  case UWT_ERROR_UNSUPPORTED:
  case UWT_ERROR_INTERRUPTED:
    return static_cast<ErrorKind>(kind);
  case UWT_ERROR_NONE:
    break;
  }
  return ErrorKind::Usage;
}

UWTError *uwtErrorCreate(UWTErrorKind kind, const char *message) {
  UWTError *made = nullptr;
  Status status = callWithMemory([&]() -> Status {
    // It may quote a file, and is printed by whoever gets it.
    made = new UWTError{Error(kindOf(kind), printable(message ? message : "", "\n\t"))};
    return ok();
  });
  return status ? made : &outOfMemoryError();
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

UWTContext::~UWTContext() {
  forgetParentsPool();
  delete made;
}

void UWTContext::forgetParentsPool() {
  if (owner != ::getpid())
    made = nullptr;
}

ThreadPool &UWTContext::pool() {
  std::lock_guard lock(poolMutex);
  forgetParentsPool();
  if (!made)
    made = new ThreadPool(threads, usableTeam());
  owner = ::getpid();
  return *made;
}

static Status makeContext(unsigned threads, UWTThreadTeam team, UWTContext **context) {
  if (threads > 4096)
    return usageError("a context has at most 4096 threads, got " + std::to_string(threads));
  *context = new UWTContext(threads, team);
  return ok();
}

UWTError *uwtContextCreate(unsigned threads, UWTContext **context) {
  return runFunction({{context, "context"}},
                     [&] { return makeContext(threads, nullptr, context); });
}

UWTError *uwtContextCreateOnTeam(unsigned threads, UWTThreadTeam team, UWTContext **context) {
  return runFunction({{team, "team"}, {context, "context"}},
                     [&] { return makeContext(threads, team, context); });
}

void uwtContextDestroy(UWTContext *context) { delete context; }

void uwtContextSetLog(UWTContext *context, UWTLogCallback callback, void *user) {
  if (!context)
    return;
  context->log = callback;
  context->logUser = user;
}

unsigned uwtContextThreads(const UWTContext *context) { return context ? context->threads : 0; }
UWTThreadTeam uwtContextTeam(const UWTContext *context) {
  return context ? context->usableTeam() : nullptr;
}

void uwtContextLog(const UWTContext *context, const char *message) {
  if (context && context->log && message)
    context->log(context->logUser, message);
}

UWTError *uwtContextKeep(UWTContext *context, const void *key,
                         UWTError *(*make)(UWTContext *context, void **kept),
                         void (*destroy)(void *kept), void **kept) {
  UWTError *failure = nullptr;
  UWTError *error = runFunction(
      {{context, "context"}, {key, "key"}, {make, "make"}, {destroy, "destroy"}, {kept, "kept"}},
      [&]() -> Status {
        std::lock_guard lock(context->keptMutex);
        auto found = context->kept.find(key);
        if (found == context->kept.end()) {
          void *object = nullptr;
          failure = make(context, &object);
          if (failure)
            return ok();
          found =
              context->kept.emplace(key, std::unique_ptr<void, void (*)(void *)>(object, destroy))
                  .first;
        }
        *kept = found->second.get();
        return ok();
      });
  return failure ? failure : error;
}

void uwtCatchReadFaults(int wanted) { catchReadFaults(wanted != 0); }
