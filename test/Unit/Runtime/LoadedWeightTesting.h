//===- LoadedWeightTesting.h - Reads loaded weights back --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds a loaded weight's parts as compiled code does, by its view and panel entries
// alone, checks that they lie inside the buffers, and decodes them with the codec
// library's engines.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_RUNTIME_LOADEDWEIGHTTESTING_H
#define UWT_TEST_UNIT_RUNTIME_LOADEDWEIGHTTESTING_H

#include "uwt/Runtime/LoadedWeight.h"
#include <string>
#include <vector>

namespace uwt::test {

/// What is wrong with the offsets of a loaded weight's parts, or empty: everything that
/// compiled code follows without a check.
std::string placesOf(const LoadedWeight &weight);

/// The tensor's bytes, decoded panel by panel from what the view points to.
Expected<std::vector<uint8_t>> decodeLoaded(const LoadedWeight &weight);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_RUNTIME_LOADEDWEIGHTTESTING_H
