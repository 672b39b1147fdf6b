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
inline UWTError *toC(Error error) { return new UWTError{std::move(error)}; }
/// The name of a dtype, which is a literal of the table of dtypes and so ends with a zero.
inline const char *toC(const SafetensorsDtype &dtype) {
  return dtype.name.data(); // NOLINT(bugprone-suspicious-stringview-data-usage)
}
} // namespace uwt

#endif // UWT_LIB_CAPI_OBJECTS_H
