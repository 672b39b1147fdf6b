//===- Rans.cpp - The emitter of codec rans -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ans.h"

namespace uwt::codegen {

const Emitter &getRansEmitter() {
  static const AnsEmitter emitter("rans");
  return emitter;
}

} // namespace uwt::codegen
