//===- CodeModules.cpp - LLVM IR that several threads compile ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeModules.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Constants.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace uwt;

/// Instructions of the smallest module: some 30 ms of LLVM's time.
static constexpr uint64_t smallestModule = 1000;

/// The module of each function, and of each variable that is there once.
using Owners = llvm::DenseMap<const llvm::GlobalValue *, size_t>;

/// Each module has its own copy of these.
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

/// Gives the functions to `count` modules, the largest first, each to what is the smallest module
/// then.
static Owners assignOwners(const llvm::Module &module, size_t count) {
  Owners owners;
  std::vector<std::pair<uint64_t, const llvm::Function *>> functions;
  for (const llvm::Function &function : module)
    if (!function.isDeclaration())
      functions.emplace_back(function.getInstructionCount(), &function);
  llvm::stable_sort(functions, [](auto &a, auto &b) { return a.first > b.first; });
  std::vector<uint64_t> sizes(count);
  for (auto [size, function] : functions) {
    size_t number = llvm::min_element(sizes) - sizes.begin();
    owners[function] = number;
    sizes[number] += size;
  }
  for (const llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && !isCopied(variable))
      owners[&variable] = 0;
  return owners;
}

/// Adds the modules that `value` is used in to `users`.
static void addUsers(const llvm::Value &value, const Owners &owners, std::vector<bool> &users) {
  for (const llvm::User *user : value.users()) {
    if (const auto *instruction = llvm::dyn_cast<llvm::Instruction>(user))
      users[owners.lookup(instruction->getFunction())] = true;
    else if (const auto *variable = llvm::dyn_cast<llvm::GlobalVariable>(user);
             variable && isCopied(*variable))
      users.assign(users.size(), true);
    else if (variable)
      users[owners.lookup(variable)] = true;
    else
      addUsers(*user, owners, users);
  }
}

/// Lets modules name what another one defines. Through the table of addresses, since objects may
/// lie far from each other.
static void exposeShared(llvm::Module &module, const Owners &owners, size_t count) {
  auto expose = [&](llvm::GlobalValue &value) {
    if (!value.hasLocalLinkage() || !owners.contains(&value))
      return;
    std::vector<bool> users(count);
    users[owners.lookup(&value)] = true;
    addUsers(value, owners, users);
    if (llvm::count(users, true) == 1)
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

/// One of the modules, as bitcode: contexts have no other way to each other.
static llvm::SmallVector<char, 0> writeModule(const llvm::Module &module, const Owners &owners,
                                              size_t number) {
  llvm::ValueToValueMapTy map;
  auto isInside = [&](const llvm::GlobalValue *value) {
    auto found = owners.find(value);
    return found == owners.end() ? isCopied(*value) : found->second == number;
  };
  std::unique_ptr<llvm::Module> clone = llvm::CloneModule(module, map, isInside);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*clone, stream);
  return bytes;
}

static CodeModule readModule(const llvm::SmallVector<char, 0> &bytes) {
  CodeModule code;
  code.context = std::make_unique<llvm::LLVMContext>();
  llvm::MemoryBufferRef buffer(llvm::StringRef(bytes.data(), bytes.size()), "uwt");
  // What has just been written can be read.
  code.module = llvm::cantFail(llvm::parseBitcodeFile(buffer, *code.context));
  return code;
}

std::vector<CodeModule> uwt::splitCode(CodeModule whole, ThreadPool &pool) {
  uint64_t instructions = whole.module->getInstructionCount();
  size_t count = std::min<uint64_t>(pool.size(), instructions / smallestModule);
  std::vector<CodeModule> modules;
  if (count < 2 || !canBeSplit(*whole.module)) {
    modules.push_back(std::move(whole));
    return modules;
  }
  Owners owners = assignOwners(*whole.module, count);
  exposeShared(*whole.module, owners, count);
  std::vector<llvm::SmallVector<char, 0>> texts;
  for (size_t number = 0; number < count; ++number)
    texts.push_back(writeModule(*whole.module, owners, number));
  modules.resize(count);
  pool.parallelFor(count, [&](uint64_t i, unsigned) { modules[i] = readModule(texts[i]); });
  return modules;
}
