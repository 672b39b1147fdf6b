//===- Methods.h - Ways in which checkpoints are quantised ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The closed world of configurations: each method lists the members of quantization_config that
// its recipes read, and those that have no say in a weight. Any other member, or value of one, is
// refused by name (world-1 of docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_METHODS_H
#define UWT_LIB_IMPORT_METHODS_H

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace uwt {

/// Effect of a configuration's member on weights.
enum class Say : uint8_t {
  /// A recipe reads it.
  Read,
  /// None: a value that the test takes changes no weight.
  None,
};

/// A member that a method has.
struct ConfigMember {
  /// "bits". Members of objects inside have dots, and "*" stands for any name and for any element
  /// of a list: "config_groups.*.weights.num_bits". "meta.**" is a member with all that is inside.
  std::string_view path;
  Say say;
  /// Returns whether a value is one that the recipes read, or that has no say.
  bool (*takes)(const nlohmann::json &value);
  /// The values that it takes, for messages: "an integer of 2 to 8".
  std::string_view expected;
};

/// A value of `quant_method`.
struct Method {
  std::string_view name;
  /// Members of its own, and those that it shares with others.
  std::array<std::span<const ConfigMember>, 2> members;
};

/// Returns all methods that recipes read.
std::span<const Method> allMethods();
/// Returns members that every method may have.
std::span<const ConfigMember> commonMembers();
/// Returns the method of that name, or null.
const Method *findMethod(std::string_view name);

/// Returns whether recipes of a method read a member of that name, or members of it. Lists of
/// modules do not count: weights contradict them or not.
bool isReadMember(const Method &method, std::string_view name);
/// Returns a value as an error shows it.
std::string shownValue(const nlohmann::json &value);

/// Returns why members of a configuration are not understood, the first one by name; empty if all
/// are.
std::string refusalOf(const Method &method, const nlohmann::json &config);
/// Returns what members of a configuration of an unknown method are known to change: "; its
/// 'pseudoquantization' says that …", or empty.
std::string meaningfulMembers(const nlohmann::json &config);

} // namespace uwt

#endif // UWT_LIB_IMPORT_METHODS_H
