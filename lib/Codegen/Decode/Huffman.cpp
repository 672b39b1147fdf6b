//===- Huffman.cpp - The emitter of codec huffman -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Prefix.h"

namespace uwt::codegen {

const Emitter &getHuffmanEmitter() {
  static const PrefixEmitter emitter("huffman");
  return emitter;
}

} // namespace uwt::codegen
