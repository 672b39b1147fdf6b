//===- AlignRows.h - Rows that two tensors have in common -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-18 of docs/container.md: rows that are inserted or removed anywhere.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_ALIGNROWS_H
#define UWT_LIB_CONTAINER_ALIGNROWS_H

#include "uwt/Container/Container.h"

namespace uwt {

/// Returns which rows of a base stand for which of a tensor, from checksums of the rows of both,
/// neither of them empty: at most maxBaseRuns runs that rise in the tensor. In linear time.
std::vector<BaseRows> alignRows(std::span<const uint64_t> own, std::span<const uint64_t> base);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_ALIGNROWS_H
