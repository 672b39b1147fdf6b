//===- Objects.h - What is behind the handles of the C API ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CAPI_OBJECTS_H
#define UWT_LIB_CAPI_OBJECTS_H

#include "uwt-c/Core.h"
#include "uwt/Compiler/ProgramCache.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Error.h"
#include <initializer_list>

struct UWTError {
  uwt::Error error;
};

struct UWTContext {
  explicit UWTContext(unsigned threads) : pool(threads) {}
  uwt::ThreadPool pool;
  uwt::ProgramCache cache;
  UWTLogCallback log = nullptr;
  void *logUser = nullptr;
};

struct UWTContainer {
  uwt::Checkpoint checkpoint;
  /// All files' entries, and the text of their formats.
  std::vector<const uwt::TensorEntry *> entries;
  std::vector<std::string> formats;
};

namespace uwt {

/// The caller's; the one of outOfMemoryError() where there is no memory for another.
UWTError *toC(Error error);

/// A pointer that must not be null, and its name in the header.
struct RequiredPointer {
  template <typename T>
  RequiredPointer(const T *pointer, const char *name)
      : pointer(static_cast<const void *>(pointer)), name(name) {}
  const void *pointer;
  const char *name;
};

/// Runs the body of a function, which gives a Status: null, or its error. A required pointer that
/// is null is an error of kind Usage, memory that is out one of kind IO; nothing is thrown.
template <typename Body>
UWTError *runFunction(std::initializer_list<RequiredPointer> required, Body body) {
  Status status = callWithMemory([&]() -> Status {
    for (const RequiredPointer &one : required)
      if (!one.pointer)
        return usageError(std::string(one.name) + " is NULL");
    return body();
  });
  return status ? nullptr : toC(status.takeError());
}

/// The name of a dtype, which is a literal of the table of dtypes and so ends with a zero.
inline const char *toC(const SafetensorsDtype &dtype) {
  return dtype.name.data(); // NOLINT(bugprone-suspicious-stringview-data-usage)
}
} // namespace uwt

#endif // UWT_LIB_CAPI_OBJECTS_H
