//===- Rice.cpp - The emitter of codec rice -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Prefix.h"

namespace uwt::codegen {

const Emitter &getRiceEmitter() {
  static const PrefixEmitter emitter("rice");
  return emitter;
}

} // namespace uwt::codegen
