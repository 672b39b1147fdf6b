//===- ModuleText.h - What text a parser may be given -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_MODULETEXT_H
#define UWT_COMPILER_MODULETEXT_H

#include "uwt/Support/Error.h"
#include <string>
#include <string_view>

namespace uwt {

/// Refuses text on which MLIR's parser takes all of the stack, or minutes, or reads what is not
/// there: what is nested deeper than 500 levels, affine maps of more than 10,000 characters,
/// numbers of more than 1,000, `permutation =` and `dimensions =` of linalg's operations without a
/// list of integers, `array<` of a type without a width. No front end writes any of it. `name`
/// stands in messages. Errors: Invalid.
Status checkModuleText(std::string_view text, const std::string &name);

} // namespace uwt

#endif // UWT_COMPILER_MODULETEXT_H
