//===- GridRole.h - What numbers that elements share do ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Zeros and scales every quantised weight has. What follows them (value-5 of docs/quantised.md) are
// steps, each of a role. A new role is a line in lib/Format/GridRoles.def: text form, recipe
// `codes`, units in memory and compiled code follow from it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_GRIDROLE_H
#define UWT_FORMAT_GRIDROLE_H

#include <cstdint>
#include <span>
#include <string_view>

namespace uwt {

/// What a step does with a value and the number of its cell: one rounding in f32.
enum class StepOperation : uint8_t { Add, Multiply };

/// A grid of numbers by which products of numbers and scales become others.
struct GridRole {
  /// The item of the text form, `offset`, and the tensor that recipe `codes` has the numbers in,
  /// `weight_offset`.
  std::string_view key, tensor;
  StepOperation operation;

  /// By its words: programs and what they load have registries of their own.
  bool operator==(const GridRole &) const = default;

  float apply(float value, float number) const {
    return operation == StepOperation::Add ? value + number : value * number;
  }
};

/// The roles of this build, in the order in which their steps follow one another, then those that a
/// program has registered.
std::span<const GridRole> allGridRoles();

/// What GGUF, ONNX and others have: it is added.
const GridRole &offsetRole();

/// Adds a role to this program's: `static const GridRoleRegistration registration(role);` in a file
/// that is linked into it.
struct GridRoleRegistration {
  explicit GridRoleRegistration(GridRole role);
};

} // namespace uwt

#endif // UWT_FORMAT_GRIDROLE_H
