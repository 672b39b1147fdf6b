//===- Function.h - Bodies of functions of a C API --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What functions of include/uwt-c have in common. Each library of the C API has a copy of its own;
// between them there is nothing but C.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CAPI_FUNCTION_H
#define UWT_CAPI_FUNCTION_H

#include "uwt-c/Core.h"
#include "uwt/Support/Error.h"
#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>

namespace uwt {

/// The caller's; without memory for it, one that says so.
inline UWTError *toC(const Error &error) {
  return uwtErrorCreate(static_cast<UWTErrorKind>(error.getKind()), error.message().c_str());
}

/// What another library's C function failed with, which this destroys.
inline Error fromC(UWTError *error) {
  Error taken(static_cast<ErrorKind>(uwtErrorKind(error)), uwtErrorMessage(error));
  uwtErrorDestroy(error);
  return taken;
}

/// A pointer that must not be null, and its name in the header.
struct RequiredPointer {
  template <typename T>
  RequiredPointer(const T *pointer, const char *name)
      : pointer(static_cast<const void *>(pointer)), name(name) {}
  template <typename Result, typename... Arguments>
  RequiredPointer(Result (*function)(Arguments...), const char *name)
      : pointer(reinterpret_cast<const void *>(function)), name(name) {}
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

/// What sets the defaults of options does: all that the caller's version of them, of `size` bytes,
/// has room for.
template <typename Options> void setDefaults(Options *options, size_t size, Options defaults) {
  if (!options)
    return;
  defaults.size = std::min(size, sizeof(defaults));
  std::memset(static_cast<void *>(options), 0, size);
  std::memcpy(static_cast<void *>(options), &defaults, defaults.size);
}

/// Options as this version has them. Those that the caller's version does not know keep the
/// defaults that `init` sets; `least` is the size of the first version. Null: all defaults.
template <typename Options>
Expected<Options> takeOptions(const Options *given, void (*init)(Options *, size_t), size_t least,
                              const char *initName) {
  Options options;
  init(&options, sizeof(options));
  if (!given)
    return options;
  if (given->size < least)
    return usageError("the options have size " + std::to_string(given->size) + ": set them with " +
                      initName);
  std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  return options;
}

/// Checks the size that a caller has set of `what`, a struct of that type, to be given something.
/// Errors: Usage.
inline Status checkSize(size_t size, size_t least, const char *what, const char *type) {
  if (size >= least)
    return ok();
  return usageError(std::string("the ") + what + " has size " + std::to_string(size) +
                    ": set it to sizeof(" + type + ")");
}

/// Gives `found`, whose size is the caller's: all that the caller's version of it has room for.
template <typename Info> void giveInfo(Info *info, const Info &found) {
  std::memcpy(static_cast<void *>(info), &found, std::min(info->size, sizeof(found)));
}

} // namespace uwt

#endif // UWT_CAPI_FUNCTION_H
