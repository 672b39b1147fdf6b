//===- Builder.h - Names and instructions of an entry -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parser and the decoder know of an entry while its Program is made: scopes with their
// names, registers of constants, and branches whose labels are not yet known.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_BUILDER_H
#define UWT_LIB_EMULATOR_PTX_BUILDER_H

#include "Program.h"
#include "Syntax.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace uwt::emulator::ptx {

/// What a name stands for.
struct Symbol {
  enum Kind : uint8_t { Register, Shared, Local, Parameter };
  Kind kind = Register;
  /// Of the register, in Program::shared, or in Program::parameters.
  uint32_t number = 0;
  /// Local: where the variable begins in the memory of a thread.
  uint64_t offset = 0;
};

/// A variable as it is declared: ".shared .align 8 .b8 name[64]".
struct Variable {
  llvm::StringRef name;
  uint64_t bytes = 0, alignment = 1;
  /// "name[]".
  bool isUnsized = false;
  uint32_t line = 0;
};

class Builder {
public:
  Program program;

  Builder();

  /// Names and labels declared from here on are known up to the end of the scope.
  void beginScope();
  Status endScope(uint32_t line);

  Status declareRegister(llvm::StringRef name, unsigned bits, uint32_t line);
  Status declareShared(const Variable &variable, bool isExtern);
  Status declareLocal(const Variable &variable);
  Status declareParameter(const Variable &variable);
  Status declareLabel(llvm::StringRef name, uint32_t line);

  /// Null where no scope around has the name.
  const Symbol *lookup(llvm::StringRef name) const;

  /// A register that no name has.
  int32_t addRegister(unsigned bits);
  /// A register that holds `value` in all lanes.
  int32_t constant(uint64_t value, unsigned bits);
  /// A register that holds the address of a variable in shared memory, and `addend`.
  int32_t sharedAddress(uint32_t variable, int64_t addend, unsigned bits);
  /// A register that holds the special register `%name`; -1 where there is none.
  int32_t special(llvm::StringRef name);

  void emit(const Instruction &code, llvm::ArrayRef<Operand> operands);
  /// The instruction that comes next goes on with what `label` stands before.
  void branchTo(llvm::StringRef label, uint32_t line);

  /// Ends the entry: labels and the offset of dynamic shared memory are known now.
  Status finish();

private:
  struct Scope {
    int parent = -1;
    llvm::StringMap<Symbol> symbols;
    llvm::StringMap<uint32_t> labels;
  };
  struct PendingBranch {
    uint32_t instruction = 0;
    llvm::StringRef label;
    int scope = 0;
    uint32_t line = 0;
  };
  struct PendingAddress {
    size_t initial = 0;
    uint32_t variable = 0;
    int64_t addend = 0;
  };

  Status declare(llvm::StringRef name, Symbol symbol, uint32_t line);
  Status resolve(const PendingBranch &branch);
  void locateDynamicShared();

  std::vector<Scope> scopes;
  int scope = -1;
  std::vector<PendingBranch> branches;
  std::vector<PendingAddress> addresses;
  uint64_t dynamicAlignment = 16;
  std::map<std::pair<uint64_t, unsigned>, int32_t> constants;
  std::map<std::tuple<uint32_t, int64_t, unsigned>, int32_t> sharedAddresses;
  std::map<Special, int32_t> specials;
};

/// Decodes a statement into instructions of the builder's program. Errors: Unsupported, an
/// instruction or modifier that is not known; Invalid, operands that do not fit.
Status decode(Builder &builder, const Statement &statement);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_BUILDER_H
