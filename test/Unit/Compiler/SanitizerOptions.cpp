//===- SanitizerOptions.cpp - What the sanitizer must know of MLIR --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The packaged libMLIR is not instrumented: its inlined containers and allocators mark memory
// in our code that its own code then uses unmarked.
//
//===----------------------------------------------------------------------===//

extern "C" const char *__asan_default_options() { // NOLINT
  return "detect_container_overflow=0:allow_user_poisoning=0";
}
