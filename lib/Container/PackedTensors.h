//===- PackedTensors.h - Tensors in the packed form -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_PACKEDTENSORS_H
#define UWT_LIB_CONTAINER_PACKEDTENSORS_H

#include "uwt/Codec/Packed.h"
#include "uwt/Container/Safetensors.h"
#include <optional>

namespace uwt {

/// Elements of a dtype to the packed form (file-16).
PackedElement packedElement(const SafetensorsDtype &dtype);

/// How a tensor is packed (choice-15).
struct PackedChoice {
  PackedElement element;
  bool repeats = false;
  /// Whether all floats have one sign: `best-size` then takes the format of `smallest`, which codes
  /// signs.
  bool hasOneSign = false;
};

/// The choice for a tensor whose bytes show that it may get smaller, else nothing.
std::optional<PackedChoice> choosePacked(const SafetensorsTensor &tensor,
                                         std::span<const uint8_t> bytes);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_PACKEDTENSORS_H
