//===- MachineCode.cpp - Machine instructions, class by class -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/MachineCode/MachineCode.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

using namespace uwt;
using namespace uwt::machine_code;

namespace {
struct TableEntry {
  llvm::StringLiteral opcode;
  InstructionKind instructionKind;
  bool hasResult;
};
constexpr TableEntry table[] = {
#define OPCODE(opcode, instructionKind, hasResult)                                                 \
  {opcode, InstructionKind::instructionKind, hasResult},
#include "InstructionTable.def"
};
} // namespace

static const TableEntry *findEntry(std::string_view base) {
  static const llvm::StringMap<const TableEntry *> byOpcode = [] {
    llvm::StringMap<const TableEntry *> entries;
    for (const TableEntry &entry : table)
      entries.try_emplace(entry.opcode, &entry);
    return entries;
  }();
  return byOpcode.lookup(base);
}

std::string_view uwt::machine_code::nameOf(InstructionKind c) {
  static constexpr std::string_view names[] = {"alu",     "fma",      "slow",  "uniform", "shared",
                                               "global",  "constant", "local", "bulk",    "matrix",
                                               "barrier", "control",  "nop",   "other"};
  static_assert(std::size(names) == numInstructionKinds);
  return names[static_cast<unsigned>(c)];
}

InstructionKind Instruction::kindOf() const {
  if (const TableEntry *entry = findEntry(base()))
    return entry->instructionKind;
  return opcode.starts_with('U') ? InstructionKind::Uniform : InstructionKind::Other;
}

bool Instruction::isKnown() const { return kindOf() != InstructionKind::Other; }

bool Instruction::hasModifier(std::string_view modifier) const {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(opcode).split(parts, '.');
  return llvm::is_contained(llvm::ArrayRef(parts).drop_front(), llvm::StringRef(modifier));
}

unsigned Instruction::accessBytes() const {
  InstructionKind c = kindOf();
  std::string_view name = base();
  if (c != InstructionKind::Shared && c != InstructionKind::Global)
    return 0;
  if (name == "CCTL" || name == "LDGDEPBAR")
    return 0;
  if (name == "LDSM" || name == "STSM") // 8x8 matrices of 16 bits: a word of each a thread
    return hasModifier("4") ? 16 : hasModifier("2") ? 8 : 4;
  static constexpr std::pair<std::string_view, unsigned> sizes[] = {
      {"256", 32}, {"ENL2", 32}, {"128", 16}, {"64", 8},
      {"U8", 1},   {"S8", 1},    {"U16", 2},  {"S16", 2}};
  for (auto [modifier, bytes] : sizes)
    if (hasModifier(modifier))
      return bytes;
  return 4;
}

/// "R12", perhaps with a suffix: its number. RZ is none.
static std::optional<unsigned> registerNumber(llvm::StringRef operand) {
  operand = operand.take_until([](char c) { return c == '.'; });
  unsigned number = 0;
  if (!operand.consume_front("R") || operand.getAsInteger(10, number))
    return std::nullopt;
  return number;
}

static bool isPredicate(llvm::StringRef operand) {
  operand.consume_front("!");
  return operand == "PT" || operand == "UPT" || operand == "PR" ||
         ((operand.consume_front("P") || operand.consume_front("UP")) && operand.size() == 1 &&
          llvm::isDigit(operand[0]));
}

/// Registers that an instruction with a register result writes.
static unsigned resultWidth(const Instruction &instruction) {
  std::string_view name = instruction.base();
  if (name == "LDSM")
    return instruction.accessBytes() / 4;
  if (instruction.kindOf() == InstructionKind::Shared ||
      instruction.kindOf() == InstructionKind::Global)
    return std::max(instruction.accessBytes() / 4, 1u);
  if (name == "LDL" || name == "LDC")
    return instruction.hasModifier("128") ? 4 : instruction.hasModifier("64") ? 2 : 1;
  if (name == "HMMA" || name == "QMMA" || name == "IMMA")
    return instruction.hasModifier("F16") && !instruction.hasModifier("F32") ? 2 : 4;
  bool isWide = instruction.hasModifier("WIDE") || instruction.hasModifier("64") ||
                llvm::StringRef(name).starts_with("D") || name == "FFMA2" || name == "FADD2" ||
                name == "FMUL2";
  // CS2R without .32 writes a pair.
  return isWide || (name == "CS2R" && !instruction.hasModifier("32")) ? 2 : 1;
}

/// Accumulators of "HGMMA.64x8x16.F32.BF16": 64 n elements over 128 threads.
static unsigned warpgroupResultWidth(const Instruction &instruction) {
  llvm::StringRef shape = llvm::StringRef(instruction.opcode).split('.').second;
  unsigned n = 0;
  if (shape.split('x').second.split('x').first.getAsInteger(10, n))
    return 4;
  return instruction.hasModifier("F16") && !instruction.hasModifier("F32") ? n / 4 : n / 2;
}

std::optional<RegisterRange> Instruction::result() const {
  const TableEntry *entry = findEntry(base());
  if (entry ? !entry->hasResult : opcode.starts_with('U'))
    return std::nullopt;
  for (const std::string &operand : operands) {
    if (isPredicate(operand))
      continue;
    std::optional<unsigned> number = registerNumber(operand);
    if (!number)
      return std::nullopt;
    bool isWarpgroup = llvm::StringRef(base()).ends_with("GMMA");
    return RegisterRange{*number, isWarpgroup ? warpgroupResultWidth(*this) : resultWidth(*this)};
  }
  return std::nullopt;
}

std::optional<RegisterRange> Instruction::matrixA() const {
  if (!llvm::StringRef(base()).ends_with("GMMA") || operands.size() < 2)
    return std::nullopt;
  std::optional<unsigned> number = registerNumber(operands[1]);
  if (!number)
    return std::nullopt;
  return RegisterRange{*number, 4};
}

std::string Instruction::text() const {
  return predicate + (predicate.empty() ? "" : " ") + opcode + (operands.empty() ? "" : " ") +
         llvm::join(operands, ", ");
}

size_t MachineKernel::size() const {
  size_t end = instructions.size();
  while (end > 0 && instructions[end - 1].base() == "NOP")
    --end;
  // The trap in front of the padding: a branch to itself that nothing reaches.
  return end > 1 && instructions[end - 1].base() == "BRA" ? end - 1 : end;
}
