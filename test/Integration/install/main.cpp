//===- main.cpp - A program that uses an installed UWT --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compresses a small matrix in memory and decodes it: the shortest way through
// the codec library, and a reason to link everything below the container.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Tensor.h"
#include "uwt/Container/Checkpoint.h"
#include <cstdint>
#include <cstdio>
#include <vector>

/// 128 x 256 BF16 weights whose exponents take a few values only.
static std::vector<uint8_t> exampleWeights() {
  std::vector<uint8_t> bytes;
  uint32_t state = 1;
  for (int i = 0; i < 128 * 256; ++i) {
    state = state * 1664525 + 1013904223;
    uint16_t exponent = 118 + (state >> 30);
    uint16_t word = (state >> 16 & 0x807f) | exponent << 7;
    bytes.push_back(word & 0xff);
    bytes.push_back(word >> 8);
  }
  return bytes;
}

static uwt::Expected<bool> comesBack(const std::vector<uint8_t> &weights) {
  uwt::TensorDescription description;
  description.element = uwt::ElementType::BF16;
  description.shape = {128, 256};
  UWT_ASSIGN_OR_RETURN(description.format, uwt::Format::parse("huffman<12,1>"));

  uwt::ThreadPool pool;
  uwt::MemoryPlanes planes;
  UWT_ASSIGN_OR_RETURN(auto encoded, uwt::encodeTensor(description, weights, planes, pool));
  std::printf("%zu bytes in, %llu bytes out\n", weights.size(),
              static_cast<unsigned long long>(encoded.bytes()));

  UWT_ASSIGN_OR_RETURN(auto decoder, uwt::TensorDecoder::open(description, uwt::viewsOf(planes),
                                                              encoded.indexChecksum));
  std::vector<uint8_t> again(weights.size());
  UWT_RETURN_IF_ERROR(decoder.decode(again, pool));
  return again == weights && encoded.bytes() < weights.size();
}

int main() {
  uwt::Expected<bool> good = comesBack(exampleWeights());
  if (!good) {
    std::fprintf(stderr, "%s\n", good.error().message().c_str());
    return 1;
  }
  // A library of the container has to be found as well: a missing file is an error value.
  bool missing = !uwt::Checkpoint::open("/no/such/model");
  return *good && missing ? 0 : 1;
}
