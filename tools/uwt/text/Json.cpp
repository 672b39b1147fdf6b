//===- Json.cpp - Results as JSON -----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"
#include "uwt/Support/Printable.h"

using namespace uwt;
using namespace uwt::tool;

Json uwt::tool::schemaObject(std::string_view command, unsigned version) {
  Json object;
  object["schema"] = "uwt." + std::string(command) + "/" + std::to_string(version);
  return object;
}

std::string uwt::tool::jsonText(const Json &value, bool indented) {
  return jsonWithoutControls(
      value.dump(indented ? 2 : -1, ' ', false, Json::error_handler_t::replace));
}

void uwt::tool::printJson(Session &session, const Json &value) {
  session.write(jsonText(value) + "\n");
}
