//===- Builder.cpp - Names and instructions of an entry -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Builder.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace uwt::emulator::ptx {

/// PTX ISA, chapter "Special Registers".
static constexpr std::pair<StringLiteral, Special> specialNames[] = {
    {"%tid.x", Special::TidX},
    {"%tid.y", Special::TidY},
    {"%tid.z", Special::TidZ},
    {"%ntid.x", Special::NTidX},
    {"%ntid.y", Special::NTidY},
    {"%ntid.z", Special::NTidZ},
    {"%ctaid.x", Special::CtaIdX},
    {"%ctaid.y", Special::CtaIdY},
    {"%ctaid.z", Special::CtaIdZ},
    {"%nctaid.x", Special::NCtaIdX},
    {"%nctaid.y", Special::NCtaIdY},
    {"%nctaid.z", Special::NCtaIdZ},
    {"%laneid", Special::LaneId},
    {"%warpid", Special::WarpId},
    {"%nwarpid", Special::NWarpId},
    {"%cluster_ctarank", Special::ClusterCtaRank},
    {"%cluster_nctarank", Special::ClusterNCtaRank},
    {"%cluster_ctaid.x", Special::ClusterCtaIdX},
    {"%cluster_nctaid.x", Special::ClusterNCtaIdX},
    {"%clusterid.x", Special::ClusterIdX},
    {"%nclusterid.x", Special::NClusterIdX},
    {"%dynamic_smem_size", Special::DynamicSharedBytes},
};

Builder::Builder() { beginScope(); }

void Builder::beginScope() {
  scopes.push_back({scope, {}, {}});
  scope = int(scopes.size()) - 1;
}

Status Builder::endScope(uint32_t line) {
  if (scopes[scope].parent < 0)
    return invalidError(atLine("'}' ends no block", line));
  scope = scopes[scope].parent;
  return ok();
}

Status Builder::declare(StringRef name, Symbol symbol, uint32_t line) {
  if (!scopes[scope].symbols.try_emplace(name, symbol).second)
    return invalidError(atLine("'" + name + "' is declared twice", line));
  return ok();
}

Status Builder::declareRegister(StringRef name, unsigned bits, uint32_t line) {
  return declare(name, {Symbol::Register, uint32_t(addRegister(bits)), 0}, line);
}

Status Builder::declareShared(const Variable &variable, bool isExtern) {
  if (isExtern != variable.isUnsized)
    return invalidError(
        atLine("'" + variable.name + "': shared memory of no size is declared extern, and no other",
               variable.line));
  SharedVariable shared{variable.name.str(), 0, isExtern ? 0 : variable.bytes, isExtern};
  if (isExtern) {
    dynamicAlignment = std::max(dynamicAlignment, variable.alignment);
  } else {
    shared.offset = alignTo(program.staticSharedBytes, variable.alignment);
    program.staticSharedBytes = shared.offset + variable.bytes;
  }
  program.shared.push_back(std::move(shared));
  return declare(variable.name, {Symbol::Shared, uint32_t(program.shared.size() - 1), 0},
                 variable.line);
}

Status Builder::declareLocal(const Variable &variable) {
  uint64_t offset = alignTo(program.localBytes, variable.alignment);
  program.localBytes = offset + variable.bytes;
  return declare(variable.name, {Symbol::Local, 0, offset}, variable.line);
}

Status Builder::declareParameter(const Variable &variable) {
  uint64_t offset = alignTo(program.parameterBytes, variable.alignment);
  program.parameterBytes = offset + variable.bytes;
  program.parameters.push_back({variable.name.str(), uint32_t(offset), uint32_t(variable.bytes)});
  return declare(variable.name, {Symbol::Parameter, uint32_t(program.parameters.size() - 1), 0},
                 variable.line);
}

Status Builder::declareLabel(StringRef name, uint32_t line) {
  if (!scopes[scope].labels.try_emplace(name, program.code.size()).second)
    return invalidError(atLine("label '" + name + "' is declared twice", line));
  return ok();
}

const Symbol *Builder::lookup(StringRef name) const {
  for (int i = scope; i >= 0; i = scopes[i].parent)
    if (auto found = scopes[i].symbols.find(name); found != scopes[i].symbols.end())
      return &found->second;
  return nullptr;
}

int32_t Builder::addRegister(unsigned bits) {
  program.registerBits.push_back(bits);
  return int32_t(program.registers++);
}

int32_t Builder::constant(uint64_t value, unsigned bits) {
  auto [entry, isNew] = constants.try_emplace({value, bits}, -1);
  if (isNew) {
    entry->second = addRegister(bits);
    program.initials.push_back({Special::Constant, entry->second, value});
  }
  return entry->second;
}

int32_t Builder::sharedAddress(uint32_t variable, int64_t addend, unsigned bits) {
  auto [entry, isNew] = sharedAddresses.try_emplace({variable, addend, bits}, -1);
  if (isNew) {
    entry->second = addRegister(bits);
    addresses.push_back({program.initials.size(), variable, addend});
    program.initials.push_back({Special::Constant, entry->second, 0});
  }
  return entry->second;
}

int32_t Builder::special(StringRef name) {
  if (name == "WARP_SZ")
    return constant(32, 32);
  for (auto [known, kind] : specialNames) {
    if (known != name)
      continue;
    auto [entry, isNew] = specials.try_emplace(kind, -1);
    if (isNew) {
      entry->second = addRegister(32);
      program.initials.push_back({kind, entry->second, 0});
    }
    return entry->second;
  }
  return -1;
}

void Builder::emit(const Instruction &code, ArrayRef<Operand> operands) {
  program.code.push_back(code);
  program.code.back().first = program.operands.size();
  program.operands.insert(program.operands.end(), operands.begin(), operands.end());
}

void Builder::branchTo(StringRef label, uint32_t line) {
  branches.push_back({uint32_t(program.code.size()), label, scope, line});
}

Status Builder::resolve(const PendingBranch &branch) {
  for (int i = branch.scope; i >= 0; i = scopes[i].parent) {
    auto found = scopes[i].labels.find(branch.label);
    if (found == scopes[i].labels.end())
      continue;
    program.code[branch.instruction].count = found->second;
    return ok();
  }
  return invalidError(atLine("label '" + branch.label + "' is not declared", branch.line));
}

void Builder::locateDynamicShared() {
  uint64_t begin = alignTo(program.staticSharedBytes, dynamicAlignment);
  for (SharedVariable &variable : program.shared)
    if (variable.isDynamic) {
      variable.offset = begin;
      // As ptxas counts: what the alignment leaves out is not of the launch's bytes.
      program.staticSharedBytes = begin;
    }
}

Status Builder::finish() {
  // What ends without `ret` ends all the same, and labels may stand at the end.
  Instruction end;
  end.op = Op::Exit;
  end.line = program.code.empty() ? 0 : program.code.back().line;
  emit(end, {});
  for (const PendingBranch &branch : branches)
    UWT_RETURN_IF_ERROR(resolve(branch));
  locateDynamicShared();
  for (const PendingAddress &address : addresses)
    program.initials[address.initial].value =
        program.shared[address.variable].offset + address.addend;
  return ok();
}

std::string Program::describe(size_t instruction) const {
  uint32_t line = code[instruction].line;
  StringRef text = line && line <= lines.size() ? StringRef(lines[line - 1]) : StringRef();
  return atLine("'" + text.split("//").first.trim(" \t\r;") + "'", line);
}

} // namespace uwt::emulator::ptx
