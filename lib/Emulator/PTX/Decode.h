//===- Decode.h - One instruction of PTX ------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What decodes a statement, by groups of instructions. Sections are those of the PTX ISA 8.5.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_DECODE_H
#define UWT_LIB_EMULATOR_PTX_DECODE_H

#include "Builder.h"
#include <initializer_list>
#include <optional>

namespace uwt::emulator::ptx {

/// Types that an instruction has, as bits of a set.
enum Types : uint32_t {
  B8 = 1 << 0,
  B16 = 1 << 1,
  B32 = 1 << 2,
  B64 = 1 << 3,
  U8 = 1 << 4,
  U16 = 1 << 5,
  U32 = 1 << 6,
  U64 = 1 << 7,
  S8 = 1 << 8,
  S16 = 1 << 9,
  S32 = 1 << 10,
  S64 = 1 << 11,
  F16 = 1 << 12,
  F32 = 1 << 13,
  F64 = 1 << 14,
  BF16 = 1 << 15,
  F16x2 = 1 << 16,
  BF16x2 = 1 << 17,
  Pred = 1 << 18,
  F32x2 = 1 << 19,
};
constexpr uint32_t bitTypes = B16 | B32 | B64;
constexpr uint32_t integerTypes = U16 | U32 | U64 | S16 | S32 | S64;
constexpr uint32_t halfTypes = F16 | BF16 | F16x2 | BF16x2;
constexpr uint32_t floatTypes = F32 | F64 | halfTypes;

/// How a register's width must fit a type.
enum class Width : uint8_t {
  Exact,
  /// It may be wider (PTX ISA, "Operand Size Exceeding Instruction-Type Size").
  AtLeast,
};

constexpr Type predicateType = {TypeKind::Predicate, 1};
constexpr Type bits32 = {TypeKind::Bits, 32};
constexpr Type bits64 = {TypeKind::Bits, 64};

/// Reads the modifiers and the operands of a statement in the order of the ISA's grammar. The first
/// thing that is wrong is the error of the whole; what is asked for behind it has no meaning.
class Decoder {
public:
  Instruction code;

  /// `known` is the part of the opcode by which it was found: "cp.async.bulk".
  Decoder(Builder &builder, const Statement &statement, llvm::StringRef known);

  Builder &getBuilder() { return builder; }

  // Modifiers.

  /// Takes the next modifier where it is this one, said without its period.
  bool take(llvm::StringRef modifier);
  /// Takes the next modifier, which must be this one.
  void expect(llvm::StringRef modifier);
  /// Takes the next modifier where it is one of these.
  template <typename T>
  std::optional<T> takeOf(std::initializer_list<std::pair<llvm::StringLiteral, T>> choices) {
    for (const auto &[name, value] : choices)
      if (take(name))
        return value;
    return std::nullopt;
  }
  /// As `takeOf`, where one must be there.
  template <typename T>
  T expectOf(std::initializer_list<std::pair<llvm::StringLiteral, T>> choices) {
    if (auto choice = takeOf(choices))
      return *choice;
    failModifier();
    return choices.begin()->second;
  }
  /// Takes a type that is among `types`; sets `code.isPair` for the packed ones.
  Type takeType(uint32_t types);
  /// Of the operation and its sources.
  void setType(Type type) { code.type = code.sourceType = type; }
  /// .rn, .rz, .rm, .rp.
  Rounding takeRounding();
  /// .global, .shared, .shared::cta, .shared::cluster, .local; Generic where none is.
  Space takeSpace();
  /// As `takeSpace`, of the shared ones alone.
  Space takeShared();
  std::optional<Scope> takeScope();
  /// The next modifier, empty where none is left.
  llvm::StringRef peek() const;

  // Operands.

  unsigned operandsLeft() const { return statement.arguments.size() - argument; }
  bool hasMore() const { return operandsLeft() > 0; }
  /// Whether the next operand stands behind a '|'.
  bool isPairNext() const { return hasMore() && statement.arguments[argument].isPaired; }

  void result(Type type, Width width = Width::Exact);
  /// Takes `_` where it is the next operand: there is no result.
  bool takeSink();
  void source(Type type, Width width = Width::Exact);
  /// A source that the text does not have.
  void constantSource(uint64_t value, unsigned bits);
  /// A vector of `count` elements.
  void results(unsigned count, Type type, Width width = Width::Exact);
  void sources(unsigned count, Type type, Width width = Width::Exact);
  /// "[reg+8]", "[name]": in the space of `code`, or this one.
  void address() { address(code.space); }
  void address(Space space);
  /// A number that must be known: no register.
  uint64_t immediate();
  /// An operand that has no meaning here: it is looked at as a source.
  void dropSource(Type type);
  /// How many elements the next operand, a vector, has; 0 for another one.
  unsigned vectorSize() const;
  llvm::StringRef labelName();

  /// What fails is an Unsupported error, which names the statement and its line.
  void fail(const llvm::Twine &message);
  /// The same, Invalid.
  void failInvalid(const llvm::Twine &message);
  /// The next modifier is not known.
  void failModifier();

  /// Emits `code` with its operands. No instruction is emitted once something was wrong.
  void emit(Op op);
  /// Ends the statement: modifiers or operands that are left are an error.
  Status finish();

private:
  const Argument *nextArgument();
  int32_t registerOf(const Argument &argument, Type type, Width width, bool isResult);
  int32_t named(const Argument &argument, Type type, Width width, bool isResult);
  int32_t number(const Argument &argument, Type type);
  int32_t variableAddress(const Argument &argument, const Symbol &symbol, unsigned bits);
  int32_t negated(int32_t predicate);
  Operand baseOf(const Argument &argument, Space space);
  bool fits(int32_t reg, Type type, Width width);

  Builder &builder;
  const Statement &statement;
  llvm::SmallVector<llvm::StringRef, 8> modifiers;
  size_t modifier = 0, argument = 0;
  llvm::SmallVector<Operand, 8> operands;
  std::optional<Error> error;
};

/// A row of the table by opcode.
struct DecodeEntry {
  llvm::StringLiteral opcode;
  void (*decode)(Decoder &, Op);
  Op op;
};

llvm::ArrayRef<DecodeEntry> arithmeticEntries();
llvm::ArrayRef<DecodeEntry> moveEntries();
llvm::ArrayRef<DecodeEntry> memoryEntries();
llvm::ArrayRef<DecodeEntry> barrierEntries();
llvm::ArrayRef<DecodeEntry> matrixEntries();

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_DECODE_H
