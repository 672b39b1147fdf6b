//===- Call.h - Calls of compiled code that may fail ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code checks sizes and indices that only a call knows. Where a check does not hold it
// calls uwt_fail (Abi.h), which leaves compiled code at once, by longjmp, for the callCompiled that
// entered it on this thread. Compiled code has no destructors to run; its memory is released
// by the call.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_CALL_H
#define UWT_RUNTIME_CALL_H

#include "uwt/Support/Error.h"
#include <cstddef>

namespace uwt {

/// Runs `body(context)`: compiled code, or a function that calls it and has nothing to destroy.
/// Errors: what compiled code fails with (Invalid for its checks, IO where memory is out); memory
/// that it had allocated is then released. Calls nest, also with loops that run on other threads.
Status callCompiled(void (*body)(void *context), void *context);

/// For functions that compiled code calls, in two steps: the error of the call, and the way out of
/// compiled code, once nothing is left to destroy. Without a callCompiled on this thread the
/// message goes to standard error and the process aborts.
void setCallError(Error error);
[[noreturn]] void leaveCall();

/// Memory as uwt_allocate gives it (Abi.h), or null where the system has none. It belongs to
/// the caller, who releases it with uwt_release.
void *tryAllocate(size_t bytes);

} // namespace uwt

#endif // UWT_RUNTIME_CALL_H
