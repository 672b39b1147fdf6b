//===- CodeParts.cpp - LLVM IR that several threads compile ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeParts.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Constants.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace uwt;

/// Instructions of the smallest part: some 30 ms of LLVM's time.
static constexpr uint64_t smallestPart = 1000;

/// The part of each function, and of each variable that is there once.
using Owners = llvm::DenseMap<const llvm::GlobalValue *, size_t>;

/// Each part has its own copy of these.
static bool isCopied(const llvm::GlobalValue &value) {
  const auto *variable = llvm::dyn_cast<llvm::GlobalVariable>(&value);
  return variable && variable->isConstant() && variable->hasLocalLinkage();
}

/// Whether the module has only what splitCode() knows. Lists that a linker joins, such as
/// constructors, would have to be split too.
static bool canBeSplit(const llvm::Module &module) {
  return module.alias_empty() && module.ifunc_empty() &&
         llvm::none_of(module.globals(),
                       [](const llvm::GlobalVariable &each) { return each.hasAppendingLinkage(); });
}

/// Gives the functions to `count` parts, the largest first, each to what is the smallest part then.
static Owners assignOwners(const llvm::Module &module, size_t count) {
  Owners owners;
  std::vector<std::pair<uint64_t, const llvm::Function *>> functions;
  for (const llvm::Function &function : module)
    if (!function.isDeclaration())
      functions.emplace_back(function.getInstructionCount(), &function);
  llvm::stable_sort(functions, [](auto &a, auto &b) { return a.first > b.first; });
  std::vector<uint64_t> sizes(count);
  for (auto [size, function] : functions) {
    size_t part = llvm::min_element(sizes) - sizes.begin();
    owners[function] = part;
    sizes[part] += size;
  }
  for (const llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && !isCopied(variable))
      owners[&variable] = 0;
  return owners;
}

/// Adds the parts that `value` is used in to `parts`.
static void addUsers(const llvm::Value &value, const Owners &owners, std::vector<bool> &parts) {
  for (const llvm::User *user : value.users()) {
    if (const auto *instruction = llvm::dyn_cast<llvm::Instruction>(user))
      parts[owners.lookup(instruction->getFunction())] = true;
    else if (const auto *variable = llvm::dyn_cast<llvm::GlobalVariable>(user);
             variable && isCopied(*variable))
      parts.assign(parts.size(), true);
    else if (variable)
      parts[owners.lookup(variable)] = true;
    else
      addUsers(*user, owners, parts);
  }
}

/// Lets parts name what another part defines. Through the table of addresses, since objects may lie
/// far from each other.
static void exposeShared(llvm::Module &module, const Owners &owners, size_t count) {
  auto expose = [&](llvm::GlobalValue &value) {
    if (!value.hasLocalLinkage() || !owners.contains(&value))
      return;
    std::vector<bool> parts(count);
    parts[owners.lookup(&value)] = true;
    addUsers(value, owners, parts);
    if (llvm::count(parts, true) == 1)
      return;
    if (!value.hasName())
      value.setName("uwt_shared");
    value.setLinkage(llvm::GlobalValue::ExternalLinkage);
    value.setDSOLocal(false);
  };
  for (llvm::Function &function : module)
    expose(function);
  for (llvm::GlobalVariable &variable : module.globals())
    expose(variable);
}

/// The module of a part, as bitcode: contexts have no other way to each other.
static llvm::SmallVector<char, 0> writePart(const llvm::Module &module, const Owners &owners,
                                            size_t part) {
  llvm::ValueToValueMapTy map;
  auto isInside = [&](const llvm::GlobalValue *value) {
    auto found = owners.find(value);
    return found == owners.end() ? isCopied(*value) : found->second == part;
  };
  std::unique_ptr<llvm::Module> clone = llvm::CloneModule(module, map, isInside);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*clone, stream);
  return bytes;
}

static CodePart readPart(const llvm::SmallVector<char, 0> &bytes) {
  CodePart part;
  part.context = std::make_unique<llvm::LLVMContext>();
  llvm::MemoryBufferRef buffer(llvm::StringRef(bytes.data(), bytes.size()), "uwt");
  // What has just been written can be read.
  part.module = llvm::cantFail(llvm::parseBitcodeFile(buffer, *part.context));
  return part;
}

std::vector<CodePart> uwt::splitCode(CodePart whole, ThreadPool &pool) {
  uint64_t instructions = whole.module->getInstructionCount();
  size_t count = std::min<uint64_t>(pool.size(), instructions / smallestPart);
  std::vector<CodePart> parts;
  if (count < 2 || !canBeSplit(*whole.module)) {
    parts.push_back(std::move(whole));
    return parts;
  }
  Owners owners = assignOwners(*whole.module, count);
  exposeShared(*whole.module, owners, count);
  std::vector<llvm::SmallVector<char, 0>> texts;
  for (size_t part = 0; part < count; ++part)
    texts.push_back(writePart(*whole.module, owners, part));
  parts.resize(count);
  pool.parallelFor(count, [&](uint64_t i, unsigned) { parts[i] = readPart(texts[i]); });
  return parts;
}
