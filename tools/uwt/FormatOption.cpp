//===- FormatOption.cpp - The value of --format ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FormatOption.h"

using namespace uwt;
using namespace uwt::tool;

std::string uwt::tool::briefFormat(const Format &format) {
  std::string codec = format.codec.str();
  if (format.packing == Packing::InPlace)
    codec = Format::parse(format.str()) ? format.str().substr(0, format.str().find(',')) : codec;
  if (format.codedMantissa)
    codec += ",coded=exponent+" + std::to_string(format.codedMantissa);
  return codec;
}
