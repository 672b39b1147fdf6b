//===- Arithmetic.cpp - PTX instructions without effects ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "LaneLoops.h"

namespace uwt::emulator::ptx {

void compute(const Program &program, const Instruction &code, Lanes *registers, uint32_t mask) {
  Computation computation{program, code, registers, mask};
  switch (code.op) {
  case Op::Add:
  case Op::Sub:
  case Op::MulLo:
  case Op::Div:
  case Op::Min:
  case Op::Max:
  case Op::Neg:
  case Op::Abs:
    return code.type.isFloat() ? computeFloat(computation) : computeInteger(computation);
  case Op::MulHi:
  case Op::MulWide:
  case Op::MadLo:
  case Op::MadHi:
  case Op::MadWide:
  case Op::Rem:
    return computeInteger(computation);
  case Op::Fma:
  case Op::Sqrt:
  case Op::CopySign:
    return computeFloat(computation);
  case Op::Set:
    return compareValues(computation);
  case Op::Convert:
    return convertValues(computation);
  default:
    assert(isArithmetic(code.op) && "what has effects is not computed here");
    return computeBits(computation);
  }
}

} // namespace uwt::emulator::ptx
