//===- Arithmetic.h - PTX instructions without effects ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_ARITHMETIC_H
#define UWT_LIB_EMULATOR_PTX_ARITHMETIC_H

#include "../Bytecode.h"
#include "Program.h"

namespace uwt::emulator::ptx {

/// Whether an operation computes results from sources, and does nothing else.
inline bool isArithmetic(Op op) { return op < Op::CastAddress; }

/// Computes an arithmetic instruction in the lanes of `mask`; the results of other lanes stay as
/// they are. Neither guard nor operands' widths are looked at: the decoder has. Values lie
/// zero-extended from the register's width; predicates are 0 or 1.
///
/// What the PTX ISA leaves open is as follows. A NaN that is computed is 0x7fffffff, 0x7fff in 16
/// bits, and 0x7ff8000000000000 in 64; abs, neg and copysign change the sign bit alone. An integer
/// divided by zero has all ones as quotient and itself as remainder.
void compute(const Program &program, const Instruction &code, Lanes *registers, uint32_t mask);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_ARITHMETIC_H
