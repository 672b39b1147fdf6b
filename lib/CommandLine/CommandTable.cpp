//===- CommandTable.cpp - What a command takes ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CommandLine/CommandTable.h"

using namespace uwt;
using namespace uwt::command_line;

std::string Option::longName() const {
  size_t comma = names.find(',');
  return comma == std::string::npos ? names : names.substr(comma + 1);
}

std::string Option::shortName() const {
  size_t comma = names.find(',');
  return comma == std::string::npos ? std::string() : names.substr(0, comma);
}

std::string Option::valueName() const {
  if (choices.empty())
    return isArgument() ? names : value;
  std::string all;
  for (const std::string &choice : choices)
    all += (all.empty() ? "" : "|") + choice;
  return all;
}

Option uwt::command_line::threadsOption(unsigned *threads, const std::string &defaultText) {
  return {"-T,--threads", "N", "number of threads (default: " + defaultText + ")", threads};
}
