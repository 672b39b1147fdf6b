//===- NameMap.h - Names of other programs as transformers' -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_NAMEMAP_H
#define UWT_LIB_IMPORT_NAMEMAP_H

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace uwt {

/// A name of another program, and that of transformers. "*" is the number of a layer.
struct NamePair {
  std::string_view other, transformers;
};

/// Whether models of that architecture have the tensors of transformers but for the names, whoever
/// writes them.
bool isKnownArchitecture(std::string_view architecture);

/// The number that stands in the place of "*" in `pattern`, or nothing where the name does not fit.
std::optional<std::string_view> layerIn(std::string_view name, std::string_view pattern);

/// The name in transformers by the first pair that fits, or empty.
std::string transformersName(std::span<const NamePair> pairs, std::string_view name);

} // namespace uwt

#endif // UWT_LIB_IMPORT_NAMEMAP_H
