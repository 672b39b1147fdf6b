//===- Selection.h - Which tensors are compressed ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_SELECTION_H
#define UWT_LIB_CONTAINER_SELECTION_H

#include "uwt/Container/Compress.h"

namespace uwt {

/// What the options say about a tensor, before its bytes are seen.
struct Choice {
  /// Why it stays raw; empty where it is to be compressed.
  std::string reason;
  /// Whether that is its shape alone: it may be stored together with others (choice-12).
  bool isTooSmall = false;
  /// Returns if the options let the packed form be tried (choice-15).
  bool mayPack = false;
  ElementType element = ElementType::BF16;
  /// What is coded are differences from the base model.
  bool isDifference = false;
  /// Overrides of the format's own.
  std::optional<Storage> storage;
  std::optional<Layout> layout;
};
/// Returns whether `include` and `exclude` leave a tensor out.
bool isLeftOut(std::string_view name, const CompressOptions &options);
Choice chooseTensor(const SafetensorsTensor &tensor, const CompressOptions &options);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_SELECTION_H
