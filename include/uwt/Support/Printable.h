//===- Printable.h - Text of strangers, to be shown -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_PRINTABLE_H
#define UWT_SUPPORT_PRINTABLE_H

#include <string>
#include <string_view>

namespace uwt {

/// Returns `text` with '?' for control characters, those that change the direction or order of
/// others, and invalid UTF-8: a name may neither send commands to a terminal nor begin a line.
/// Those of `kept` stay.
std::string printable(std::string_view text, std::string_view kept = {});

/// Returns JSON text with the same characters as \uXXXX, which mean the same there. Precondition:
/// valid UTF-8.
std::string jsonWithoutControls(std::string_view json);

} // namespace uwt

#endif // UWT_SUPPORT_PRINTABLE_H
