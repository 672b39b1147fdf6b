//===- Matrix.cpp - mma.sync and ldmatrix ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "MatrixMath.h"
#include "Numbers.h"
#include <utility>

namespace uwt::emulator {

bool Warp::matrix(const Instruction &code) {
  if (!needLanes(allLanes))
    return false;
  MmaFragments fragments;
  for (unsigned i = 0; i < code.mode / 2u; ++i)
    fragments.setA(i, reg(code.a + i), 0, code.kind);
  for (unsigned i = 0; i < code.mode / 4u; ++i)
    fragments.setB(i, reg(code.b + i), 0, code.kind);
  for (unsigned i = 0; i < 4; ++i)
    fragments.setSum(i, reg(code.c + i));
  fragments.multiply(code.mode);
  for (unsigned i = 0; i < 4; ++i)
    fragments.getSum(i, reg(code.dst + i));
  return true;
}

bool Warp::byteMatrix(const Instruction &code) {
  if (!needLanes(allLanes))
    return false;
  ByteFragments fragments;
  for (unsigned i = 0; i < ByteFragments::elementsOfA; ++i)
    fragments.setA(i, reg(code.a + i), 0);
  for (unsigned i = 0; i < ByteFragments::elementsOfB; ++i)
    fragments.setB(i, reg(code.b + i), 0);
  for (unsigned i = 0; i < 4; ++i)
    fragments.setSum(i, reg(code.c + i));
  fragments.multiply();
  for (unsigned i = 0; i < 4; ++i)
    fragments.getSum(i, reg(code.dst + i));
  return true;
}

bool Warp::loadMatrix(const Instruction &code) {
  if (!needLanes(allLanes))
    return false;
  // Lane 8 i + j has the address of row j of tile i; other lanes' addresses do not count.
  const Access &access = cluster.launch.program.accesses[code.target];
  unsigned rows = 8 * code.count;
  uint32_t used = uint32_t(maskOf(rows));
  Addresses addresses;
  if (!address(access, addresses, used))
    return false;
  const uint8_t *row[warpLanes];
  if (!checkReads(addresses, 16, used))
    return false;
  for (unsigned l = 0; l < rows; ++l)
    row[l] = memory(addresses) + addresses.lane[l];
  // A lane's part of a row is 4 bytes: one element of 32 bits, two of 16 or four of 8.
  unsigned elements = 32 / code.bits, bytes = code.bits / 8;
  for (unsigned tile = 0; tile < code.count; ++tile)
    for (unsigned l = 0; l < warpLanes; ++l)
      for (unsigned e = 0; e < elements; ++e) {
        unsigned r = l / 4, column = l % 4 * elements + e;
        if (code.mode)
          std::swap(r, column);
        uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i)
          value |= uint64_t(row[8 * tile + r][column * bytes + i]) << (8 * i);
        reg(code.dst + tile * elements + e).lane[l] = value;
      }
  uint32_t all = mask;
  mask = used;
  countAccess(addresses, 16, false);
  mask = all;
  return true;
}

} // namespace uwt::emulator
