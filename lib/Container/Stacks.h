//===- Stacks.h - Small tensors that are stored as one ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_STACKS_H
#define UWT_LIB_CONTAINER_STACKS_H

#include "Original.h"
#include "Selection.h"

namespace uwt {

/// choice-7: tensors that are stored as one, as indices into the original's header, each stack in
/// the order of the data. `choices` and `mayStack` have an entry a tensor.
std::vector<std::vector<size_t>> findStacks(const Original &original,
                                            std::span<const Choice> choices,
                                            const std::vector<bool> &mayStack,
                                            uint64_t stackedBytes);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_STACKS_H
