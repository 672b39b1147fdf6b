//===- FormatTextFuzzer.cpp - Any text as a format ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Text that parses prints as text that parses to the same format, short and
// full; any parsed format can be checked against any element type.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Format/ElementType.h"
#include "uwt/Format/Format.h"
#include <cstddef>
#include <cstdint>

using namespace uwt;

static void requireSame(const Format &format, const std::string &text) {
  Expected<Format> again = Format::parse(text);
  fuzzRequire(bool(again), "printed text does not parse");
  fuzzRequire(*again == format, "printed text parses to another format");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<Format> format =
      Format::parse(std::string_view(reinterpret_cast<const char *>(data), size));
  if (!format) {
    fuzzRequire(!format.error().message().empty(), "an error has no message");
    return 0;
  }
  requireSame(*format, format->str());
  requireSame(*format, format->fullStr());
  for (ElementType element : {ElementType::BF16, ElementType::F16, ElementType::F32,
                              ElementType::F8E4M3FN, ElementType::F8E5M2})
    if (Expected<CodecTraits> traits = checkRunFormat(*format, element))
      fuzzRequire(traits->maxLength <= 15 && traits->codeBits <= 16, "traits out of range");
  return 0;
}
