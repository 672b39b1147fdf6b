//===- Temporaries.h - Half-written files, by their names -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_TEMPORARIES_H
#define UWT_SUPPORT_TEMPORARIES_H

#include <string>

namespace uwt {

/// Remembers a file that is half-written, for removeTemporaries(). Of more than 1,024 at a time the
/// rest is left to the next run.
void rememberTemporary(const std::string &path);
/// Forgets a file that is removed, or has got its own name.
void forgetTemporary(const std::string &path);
/// Removes all half-written files, of a process that ends. Async-signal-safe.
void removeTemporaries();

} // namespace uwt

#endif // UWT_SUPPORT_TEMPORARIES_H
