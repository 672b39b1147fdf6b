//===- Decode.cpp - Modifiers and operands of PTX instructions ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"
#include "../Numbers.h"

using namespace llvm;

namespace uwt::emulator::ptx {

Decoder::Decoder(Builder &builder, const Statement &statement, StringRef known)
    : builder(builder), statement(statement) {
  if (StringRef rest = statement.opcode.drop_front(known.size()); !rest.empty())
    rest.drop_front().split(modifiers, '.');
  code.line = statement.line;
  if (statement.guard.empty())
    return;
  Argument guard;
  guard.name = statement.guard;
  code.guard = registerOf(guard, predicateType, Width::Exact, /*isResult=*/false);
  code.isGuardNegated = statement.isGuardNegated;
}

void Decoder::fail(const Twine &message) {
  if (!error)
    error = unsupportedError(atLine("'" + statement.opcode + "': " + message, statement.line));
}

void Decoder::failInvalid(const Twine &message) {
  if (!error)
    error = invalidError(atLine("'" + statement.opcode + "': " + message, statement.line));
}

void Decoder::failModifier() {
  if (modifier < modifiers.size())
    fail("modifier '." + peek() + "' is not known to the emulator");
  else
    fail("a modifier is missing");
}

StringRef Decoder::peek() const {
  return modifier < modifiers.size() ? modifiers[modifier] : StringRef();
}

bool Decoder::take(StringRef name) {
  if (modifier >= modifiers.size() || modifiers[modifier] != name)
    return false;
  ++modifier;
  return true;
}

void Decoder::expect(StringRef name) {
  if (!take(name))
    failModifier();
}

namespace {
struct TypeName {
  StringLiteral name;
  Types member;
  Type type;
};
} // namespace

static constexpr TypeName typeNames[] = {
    {"b8", B8, {TypeKind::Bits, 8}},         {"b16", B16, {TypeKind::Bits, 16}},
    {"b32", B32, {TypeKind::Bits, 32}},      {"b64", B64, {TypeKind::Bits, 64}},
    {"u8", U8, {TypeKind::Unsigned, 8}},     {"u16", U16, {TypeKind::Unsigned, 16}},
    {"u32", U32, {TypeKind::Unsigned, 32}},  {"u64", U64, {TypeKind::Unsigned, 64}},
    {"s8", S8, {TypeKind::Signed, 8}},       {"s16", S16, {TypeKind::Signed, 16}},
    {"s32", S32, {TypeKind::Signed, 32}},    {"s64", S64, {TypeKind::Signed, 64}},
    {"f16", F16, {TypeKind::Float, 16}},     {"f32", F32, {TypeKind::Float, 32}},
    {"f64", F64, {TypeKind::Float, 64}},     {"bf16", BF16, {TypeKind::BFloat, 16}},
    {"f16x2", F16x2, {TypeKind::Float, 16}}, {"bf16x2", BF16x2, {TypeKind::BFloat, 16}},
    {"pred", Pred, predicateType},           {"f32x2", F32x2, {TypeKind::Float, 32}},
};

Type Decoder::takeType(uint32_t types) {
  for (const TypeName &known : typeNames) {
    if (!(known.member & types) || !take(known.name))
      continue;
    code.isPair |= (known.member & (F16x2 | BF16x2 | F32x2)) != 0;
    return known.type;
  }
  failModifier();
  return bits32;
}

Rounding Decoder::takeRounding() {
  return takeOf<Rounding>({{"rn", Rounding::NearestEven},
                           {"rz", Rounding::Zero},
                           {"rm", Rounding::Down},
                           {"rp", Rounding::Up}})
      .value_or(Rounding::None);
}

Space Decoder::takeShared() {
  return takeOf<Space>({{"shared", Space::Shared},
                        {"shared::cta", Space::Shared},
                        {"shared::cluster", Space::SharedCluster}})
      .value_or(Space::Generic);
}

Space Decoder::takeSpace() {
  if (auto space = takeOf<Space>({{"global", Space::Global}, {"local", Space::Local}}))
    return *space;
  return takeShared();
}

std::optional<Scope> Decoder::takeScope() {
  return takeOf<Scope>({{"cta", Scope::Cta},
                        {"cluster", Scope::Cluster},
                        {"gpu", Scope::Gpu},
                        {"sys", Scope::System}});
}

const Argument *Decoder::nextArgument() {
  if (hasMore())
    return &statement.arguments[argument++];
  failInvalid("an operand is missing");
  return nullptr;
}

unsigned Decoder::vectorSize() const {
  return hasMore() ? statement.arguments[argument].elements.size() : 0;
}

bool Decoder::fits(int32_t reg, Type type, Width width) {
  unsigned bits = builder.program.registerBits[reg];
  bool isPredicate = type.kind == TypeKind::Predicate;
  if ((bits == 1) != isPredicate)
    return false;
  return bits == type.bits || (width == Width::AtLeast && bits > type.bits);
}

int32_t Decoder::registerOf(const Argument &argument, Type type, Width width, bool isResult) {
  if (code.isPair && type == code.type)
    type.bits *= 2;
  switch (argument.kind) {
  case Argument::Name:
    return named(argument, type, width, isResult);
  case Argument::Sink:
    if (!isResult)
      failInvalid("'_' is no source");
    return -1;
  case Argument::Vector:
  case Argument::Address:
    failInvalid("an operand is a vector or an address where a register was expected");
    return -1;
  default:
    break;
  }
  if (isResult)
    failInvalid("a number is no result");
  return number(argument, type);
}

int32_t Decoder::variableAddress(const Argument &argument, const Symbol &symbol, unsigned bits) {
  if (symbol.kind == Symbol::Shared)
    return builder.sharedAddress(symbol.number, int64_t(argument.value), bits);
  if (symbol.kind == Symbol::Local)
    return builder.constant(symbol.offset + argument.value, bits);
  failInvalid("the address of parameter '" + argument.name + "' is not known to the emulator");
  return -1;
}

int32_t Decoder::named(const Argument &argument, Type type, Width width, bool isResult) {
  const Symbol *symbol = builder.lookup(argument.name);
  if (symbol && symbol->kind != Symbol::Register && !isResult && type.bits >= 32)
    return variableAddress(argument, *symbol, type.bits);
  int32_t reg = -1;
  if (symbol && symbol->kind == Symbol::Register)
    reg = int32_t(symbol->number);
  else if (!isResult && !symbol)
    reg = builder.special(argument.name);
  if (reg < 0) {
    failInvalid("'" + argument.name +
                "' is no register that is declared, and no special register "
                "that the emulator knows");
    return -1;
  }
  if (argument.value)
    failInvalid("a number is added to '" + argument.name + "' outside an address");
  if (!fits(reg, type, width))
    failInvalid("'" + argument.name + "' has " +
                Twine(unsigned(builder.program.registerBits[reg])) + " bits, expected " +
                Twine(unsigned(type.bits)));
  if (!argument.isNegated)
    return reg;
  if (isResult || type.kind != TypeKind::Predicate)
    failInvalid("'!' stands before a predicate that is read");
  return negated(reg);
}

/// `!p` as a register: a `not` goes before the instruction.
int32_t Decoder::negated(int32_t predicate) {
  if (error)
    return -1;
  Instruction inverse;
  inverse.op = Op::Not;
  inverse.type = predicateType;
  inverse.results = inverse.sources = 1;
  inverse.line = statement.line;
  int32_t reg = builder.addRegister(1);
  builder.emit(inverse, {Operand{reg, 0}, Operand{predicate, 0}});
  return reg;
}

int32_t Decoder::number(const Argument &argument, Type type) {
  if (argument.isNegated)
    failInvalid("'!' stands before a number");
  if (type.kind == TypeKind::Predicate)
    return builder.constant(argument.value != 0, 1);
  uint64_t value = argument.value;
  if (argument.kind == Argument::Float32) {
    if (type.bits != 32)
      failInvalid("a number of 32 bits stands where " + Twine(unsigned(type.bits)) +
                  " are expected");
  } else if (argument.kind == Argument::Float64) {
    bool holdsReal = type.kind == TypeKind::Bits || type.kind == TypeKind::Float;
    if (holdsReal && type.bits == 32)
      value = std::bit_cast<uint32_t>(float(std::bit_cast<double>(value)));
    else if (!holdsReal || type.bits != 64)
      failInvalid("a real number stands where " + Twine(unsigned(type.bits)) +
                  " bits are expected");
  } else if (type.isFloat() && !code.isPair) {
    failInvalid("an integer stands where a real number is expected");
  }
  return builder.constant(value & maskOf(type.bits), type.bits);
}

void Decoder::result(Type type, Width width) {
  const Argument *text = nextArgument();
  if (!text)
    return;
  operands.push_back({registerOf(*text, type, width, /*isResult=*/true), 0});
  ++code.results;
}

bool Decoder::takeSink() {
  if (!hasMore() || statement.arguments[argument].kind != Argument::Sink)
    return false;
  ++argument;
  return true;
}

void Decoder::source(Type type, Width width) {
  const Argument *text = nextArgument();
  if (!text)
    return;
  operands.push_back({registerOf(*text, type, width, /*isResult=*/false), 0});
  ++code.sources;
}

void Decoder::constantSource(uint64_t value, unsigned bits) {
  operands.push_back({builder.constant(value, bits), 0});
  ++code.sources;
}

void Decoder::dropSource(Type type) {
  if (const Argument *text = nextArgument())
    registerOf(*text, type, Width::Exact, /*isResult=*/false);
}

void Decoder::results(unsigned count, Type type, Width width) {
  const Argument *text = nextArgument();
  if (!text)
    return;
  if (text->kind != Argument::Vector || text->elements.size() != count)
    return failInvalid("expected a vector of " + Twine(count) + " results");
  for (const Argument &element : text->elements)
    operands.push_back({registerOf(element, type, width, /*isResult=*/true), 0});
  code.results += count;
}

void Decoder::sources(unsigned count, Type type, Width width) {
  const Argument *text = nextArgument();
  if (!text)
    return;
  if (text->kind != Argument::Vector || text->elements.size() != count)
    return failInvalid("expected a vector of " + Twine(count) + " operands");
  for (const Argument &element : text->elements)
    operands.push_back({registerOf(element, type, width, /*isResult=*/false), 0});
  code.sources += count;
}

/// PTX ISA, "Addresses as Operands".
Operand Decoder::baseOf(const Argument &argument, Space space) {
  int64_t offset = int64_t(argument.value);
  if (argument.name.empty())
    return {builder.constant(argument.value, 64), 0};
  const Symbol *symbol = builder.lookup(argument.name);
  auto isIn = [&](Symbol::Kind kind, std::initializer_list<Space> spaces) {
    return symbol && symbol->kind == kind && is_contained(spaces, space);
  };
  if (isIn(Symbol::Parameter, {Space::Param}))
    return {builder.constant(builder.program.parameters[symbol->number].offset, 64), offset};
  if (isIn(Symbol::Shared, {Space::Shared, Space::SharedCluster}))
    return {builder.sharedAddress(symbol->number, 0, 64), offset};
  if (isIn(Symbol::Local, {Space::Local}))
    return {builder.constant(symbol->offset, 64), offset};
  if (!symbol || symbol->kind != Symbol::Register || space == Space::Param) {
    failInvalid("'" + argument.name + "' is no address in this state space");
    return {};
  }
  unsigned bits = builder.program.registerBits[symbol->number];
  bool isShort = bits == 32 && space != Space::Generic && space != Space::Global;
  if (bits != 64 && !isShort)
    failInvalid("address '" + argument.name + "' has " + Twine(bits) + " bits");
  return {int32_t(symbol->number), offset};
}

void Decoder::address(Space space) {
  const Argument *text = nextArgument();
  if (!text)
    return;
  if (text->kind != Argument::Address)
    return failInvalid("expected an address");
  operands.push_back(baseOf(*text, space));
  ++code.sources;
}

uint64_t Decoder::immediate() {
  const Argument *text = nextArgument();
  if (text && text->kind == Argument::Integer)
    return text->value;
  failInvalid("expected an integer that is no register");
  return 0;
}

StringRef Decoder::labelName() {
  const Argument *text = nextArgument();
  if (text && text->kind == Argument::Name && !text->isNegated && !text->value)
    return text->name;
  failInvalid("expected a label");
  return {};
}

void Decoder::emit(Op op) {
  code.op = op;
  if (!error && modifier == modifiers.size() && !hasMore())
    builder.emit(code, operands);
}

Status Decoder::finish() {
  if (modifier < modifiers.size())
    failModifier();
  if (hasMore())
    failInvalid("there are " + Twine(statement.arguments.size() - argument) +
                " operands more than expected");
  if (error)
    return std::move(*error);
  return ok();
}

static const StringMap<const DecodeEntry *> &entries() {
  static const StringMap<const DecodeEntry *> table = [] {
    StringMap<const DecodeEntry *> made;
    for (ArrayRef<DecodeEntry> group :
         {arithmeticEntries(), moveEntries(), memoryEntries(), barrierEntries(), matrixEntries()})
      for (const DecodeEntry &entry : group)
        made[entry.opcode] = &entry;
    return made;
  }();
  return table;
}

Status decode(Builder &builder, const Statement &statement) {
  StringRef known = statement.opcode;
  while (!known.empty()) {
    if (auto found = entries().find(known); found != entries().end()) {
      Decoder decoder(builder, statement, known);
      found->second->decode(decoder, found->second->op);
      return decoder.finish();
    }
    known = known.contains('.') ? known.rsplit('.').first : StringRef();
  }
  return unsupportedError(atLine(
      "instruction '" + statement.opcode + "' is not known to the emulator", statement.line));
}

} // namespace uwt::emulator::ptx
