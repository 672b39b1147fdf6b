//===- Json.cpp - Results as JSON -----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"

using namespace uwt;

Json uwt::schemaObject(std::string_view command, unsigned version) {
  Json object;
  object["schema"] = "uwt." + std::string(command) + "/" + std::to_string(version);
  return object;
}

std::string uwt::jsonText(const Json &value, bool indented) {
  return value.dump(indented ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

void uwt::printJson(Session &session, const Json &value) { session.print(jsonText(value) + "\n"); }
