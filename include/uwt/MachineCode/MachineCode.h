//===- MachineCode.h - A GPU's machine instructions -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nvdisasm's listing as data: instructions with predicates and operands, labels, loops.
// Understands what UWT's kernels are made of; an opcode that the table of classes does not
// have is class Other, and is named in reports.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_MACHINECODE_MACHINECODE_H
#define UWT_MACHINECODE_MACHINECODE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uwt::machine_code {

/// What part of a multiprocessor an instruction is for.
enum class InstructionKind : uint8_t {
  /// Integer and logic at half rate: LOP3, SHF, PRMT, IADD3, LEA, ISETP.
  Alu,
  /// Multiply-add: FFMA, IMAD, packed half arithmetic.
  Fma,
  /// Quarter-rate and slower: MUFU, POPC, conversions, warp votes and shuffles, special registers.
  Slow,
  /// The datapath that a warp's threads share.
  Uniform,
  /// LDS, STS, LDSM, ATOMS.
  Shared,
  /// LDG, STG, and copies that threads issue (LDGSTS).
  Global,
  /// Constant bank and local memory.
  Constant,
  Local,
  /// Bulk copies (UBLKCP) and tensor copies.
  Bulk,
  /// HMMA, HGMMA, and warpgroup synchronisation around them.
  Matrix,
  /// BAR, SYNCS, fences, memory barriers.
  Barrier,
  /// Branches, exits, convergence.
  Control,
  Nop,
  Other,
};
inline constexpr unsigned numInstructionKinds = static_cast<unsigned>(InstructionKind::Other) + 1;

/// The class in a word, as in JSON: "alu".
std::string_view nameOf(InstructionKind c);

/// Registers Rfirst … Rfirst+count-1.
struct RegisterRange {
  unsigned first = 0, count = 0;
};

struct Instruction {
  uint64_t address = 0;
  /// "@!P0" or empty.
  std::string predicate;
  /// With modifiers: "LDS.128".
  std::string opcode;
  /// As written, without ".reuse".
  std::vector<std::string> operands;
  /// Index of the instruction that a direct branch goes to.
  std::optional<size_t> target;

  /// The opcode up to the first dot.
  std::string_view base() const { return std::string_view(opcode).substr(0, opcode.find('.')); }
  bool hasModifier(std::string_view modifier) const;
  InstructionKind kindOf() const;
  /// Whether the table of classes has the opcode.
  bool isKnown() const;
  /// Bytes that a thread moves; 0 for what is no load or store.
  unsigned accessBytes() const;
  /// The registers that it writes, none for most stores and branches.
  std::optional<RegisterRange> result() const;
  /// The registers of A, for a warpgroup matrix instruction that has A in registers.
  std::optional<RegisterRange> matrixA() const;
  /// As in the listing: "@P0 BRA `(.L_x_1)".
  std::string text() const;
};

/// A natural loop, by indices of instructions.
struct MachineLoop {
  /// The first instruction of each trip, and the last branch back to it.
  size_t header = 0, latch = 0;
  /// Its instructions by address.
  std::vector<size_t> body;
  /// Those that every trip executes; the rest is conditional.
  std::vector<size_t> always;
  /// Sections of a trip, one behind another: each from a block that every trip executes to the next
  /// such one. What a trip does in a section does not depend on what it did in others, so ways are
  /// those of a section, each by the instructions that it executes: inner loops at most once. Empty
  /// where a section has more than 4,096.
  using Way = std::vector<size_t>;
  std::vector<std::vector<Way>> sections;
  /// Whether it only waits (for a barrier, for registers), or hands one thread after another to a
  /// bulk copy. Such a loop does not make the one around it an outer loop.
  bool isMinor = false;
};

struct MachineKernel {
  std::string name;
  std::vector<Instruction> instructions;
  /// In the order of their headers. A loop that waits may share its header with the one around it.
  std::vector<MachineLoop> loops;

  /// Instructions in front of the padding.
  size_t size() const;
};

/// Finds the loops of a kernel whose branches have their targets. Indirect branches end paths, and
/// so does BRA.DIV, which warps that stay together do not take; BRA.CONV they always take.
void findLoops(MachineKernel &kernel);

/// Parses `nvdisasm -c`. Errors: Invalid (a line that is no instruction in a section of code, a
/// branch to a label that is not there).
Expected<std::vector<MachineKernel>> parseListing(std::string_view listing);

} // namespace uwt::machine_code

#endif // UWT_MACHINECODE_MACHINECODE_H
