//===- PtxTesting.h - Small programs of PTX ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_EMULATOR_PTX_PTXTESTING_H
#define UWT_TEST_UNIT_EMULATOR_PTX_PTXTESTING_H

#include "lib/Emulator/PTX/Program.h"
#include <string>

namespace uwt::test {

/// Line of the first statement of a body.
constexpr unsigned firstBodyLine = 8;

/// A module with an entry `k`, whose body is `body` behind registers %h0 … %h7 of 16 bits, %r0 …
/// %r7 of 32, %d0 … %d7 of 64, predicates %p0 … %p7, a parameter `in` and shared memory `cells`.
inline std::string entryText(const std::string &body) {
  return ".version 8.0\n.target sm_90a\n.address_size 64\n"
         ".visible .entry k(.param .u64 first, .param .u64 in) {\n"
         ".reg .b16 %h<8>; .reg .b32 %r<8>; .reg .b64 %d<8>; .reg .pred %p<8>;\n"
         ".reg .f32 %f<132>;\n"
         ".shared .align 16 .b8 cells[64];\n" +
         body + "\n}\n";
}

inline Expected<emulator::ptx::Program> parseBody(const std::string &body) {
  UWT_ASSIGN_OR_RETURN(std::vector<emulator::ptx::Program> programs,
                       emulator::ptx::parsePtx(entryText(body)));
  return std::move(programs.front());
}

/// The error of a body, or "".
inline std::string errorOf(const std::string &body) {
  auto program = parseBody(body);
  return program ? "" : program.error().message();
}

} // namespace uwt::test

#endif // UWT_TEST_UNIT_EMULATOR_PTX_PTXTESTING_H
