//===- FuzzCheck.h - What a fuzzer does when a property fails ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_FUZZCHECK_H
#define UWT_TEST_FUZZ_FUZZCHECK_H

#include <cstdio>
#include <cstdlib>

/// Ends the program, so that libFuzzer keeps the input, unless `condition` holds.
inline void fuzzRequire(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "fuzzed property does not hold: %s\n", what);
  std::abort();
}

#endif // UWT_TEST_FUZZ_FUZZCHECK_H
