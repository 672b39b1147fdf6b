//===- SharedTensors.h - Equal tensors of a file ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_SHAREDTENSORS_H
#define UWT_LIB_CONTAINER_SHAREDTENSORS_H

#include "Original.h"

namespace uwt {

/// For each tensor of the original's header the first one in the order of the
/// data that is equal in dtype, shape and bytes (choice-3), or nothing. With `fromSamples` tensors
/// are taken to be equal that are so at their ends and in some samples in between.
std::vector<std::optional<size_t>> findSharedTensors(const Original &original,
                                                     bool fromSamples = false);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_SHAREDTENSORS_H
