//===- Json.h - Results as JSON ---------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every command prints one object whose first member names its schema and the
// schema's version: "uwt.compress/1". A version changes when a member is removed or
// changes its meaning; new members may come at any time.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_JSON_H
#define UWT_TOOLS_UWT_TEXT_JSON_H

#include "../Session.h"
#include <nlohmann/json.hpp>

namespace uwt::tool {

/// Members stay in the order in which they were added.
using Json = nlohmann::ordered_json;

/// An object with its schema: `schemaObject("compress")` is version 1.
Json schemaObject(std::string_view command, unsigned version = 1);

/// `value` as text, on one line or indented; invalid UTF-8 is replaced.
std::string jsonText(const Json &value, bool indented = true);

/// Prints `value` on stdout.
void printJson(Session &session, const Json &value);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_JSON_H
