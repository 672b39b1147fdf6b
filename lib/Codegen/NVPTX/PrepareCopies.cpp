//===- PrepareCopies.cpp - What copies need, before waits -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PrepareCopies.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace uwt::codegen;

static bool isAssembly(const llvm::Instruction &instruction, llvm::StringRef part) {
  const auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
  const auto *assembly = call ? llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand()) : nullptr;
  return assembly && assembly->getAsmString().contains(part);
}

static bool isWait(const llvm::Instruction &instruction) {
  return isAssembly(instruction, "mbarrier.try_wait.parity");
}

static bool isBulkCopy(const llvm::Instruction &instruction) {
  return isAssembly(instruction, "cp.async.bulk.shared::cluster.global");
}

/// The condition of a value that two branches of an empty diamond give, and its two values; null
/// for other ones.
struct Choice {
  llvm::Value *condition = nullptr, *ifTrue = nullptr, *ifFalse = nullptr;
};
static Choice choiceOf(const llvm::PHINode &phi, const llvm::DominatorTree &dominators) {
  const llvm::BasicBlock *block = phi.getParent();
  llvm::BasicBlock *head = dominators.getNode(block)->getIDom()->getBlock();
  auto *branch = llvm::dyn_cast<llvm::BranchInst>(head->getTerminator());
  if (phi.getNumIncomingValues() != 2 || !branch || !branch->isConditional())
    return {};
  Choice choice{branch->getCondition()};
  for (unsigned i = 0; i < 2; ++i) {
    llvm::BasicBlock *from = phi.getIncomingBlock(i);
    if (from != head && from->getSinglePredecessor() != head)
      return {};
    // The edge out of the head that leads here.
    const llvm::BasicBlock *next = from == head ? block : from;
    (branch->getSuccessor(0) == next ? choice.ifTrue : choice.ifFalse) = phi.getIncomingValue(i);
  }
  return choice.ifTrue && choice.ifFalse ? choice : Choice();
}

namespace {
/// Brings values in front of a wait.
class Preparation {
public:
  Preparation(llvm::DominatorTree &dominators, llvm::Instruction &wait)
      : dominators(dominators), wait(wait) {}

  void prepare(llvm::Instruction &user) {
    for (llvm::Use &operand : user.operands()) {
      auto *value = llvm::dyn_cast<llvm::Instruction>(operand.get());
      if (value && isSized(*value) && canMove(*value))
        operand.set(keep(*value));
    }
  }

private:
  static bool isSized(const llvm::Value &value) {
    llvm::Type *type = value.getType();
    return type->isIntegerTy(32) || type->isIntegerTy(64) || type->isPointerTy();
  }

  /// Whether a value is there before the wait, or can be: it has no effects, reads no memory, and
  /// is defined on ways that do not need it.
  bool canMove(const llvm::Instruction &value) const {
    if (dominators.dominates(&value, &wait))
      return true;
    if (const auto *phi = llvm::dyn_cast<llvm::PHINode>(&value)) {
      Choice choice = choiceOf(*phi, dominators);
      return choice.condition && canMoveOperand(choice.condition) &&
             canMoveOperand(choice.ifTrue) && canMoveOperand(choice.ifFalse);
    }
    bool isPure = llvm::isa<llvm::BinaryOperator, llvm::CastInst, llvm::GetElementPtrInst,
                            llvm::SelectInst, llvm::CmpInst>(value) &&
                  !(value.isIntDivRem() && !llvm::isa<llvm::ConstantInt>(value.getOperand(1)));
    return isPure && llvm::all_of(value.operands(), [&](const llvm::Use &operand) {
             return canMoveOperand(operand.get());
           });
  }

  bool canMoveOperand(const llvm::Value *operand) const {
    const auto *value = llvm::dyn_cast<llvm::Instruction>(operand);
    return !value || canMove(*value);
  }

  llvm::Value *moveOperand(llvm::Value *operand) {
    auto *value = llvm::dyn_cast<llvm::Instruction>(operand);
    return value ? move(*value) : operand;
  }

  /// The value, in front of the wait.
  llvm::Value *move(llvm::Instruction &value) {
    if (dominators.dominates(&value, &wait))
      return &value;
    if (auto *phi = llvm::dyn_cast<llvm::PHINode>(&value)) {
      llvm::Value *&selected = selects[phi];
      if (selected)
        return selected;
      Choice choice = choiceOf(*phi, dominators);
      llvm::Value *condition = moveOperand(choice.condition), *ifTrue = moveOperand(choice.ifTrue),
                  *ifFalse = moveOperand(choice.ifFalse);
      return selects[phi] = llvm::IRBuilder<>(&wait).CreateSelect(condition, ifTrue, ifFalse);
    }
    for (llvm::Use &operand : value.operands())
      operand.set(moveOperand(operand.get()));
    value.moveBefore(wait.getIterator());
    return &value;
  }

  /// The value as it is before the wait: LLVM looks into no assembly, and moves none that has
  /// effects.
  llvm::Value *keep(llvm::Instruction &value) {
    llvm::Value *&known = kept[&value];
    if (known)
      return known;
    llvm::Value *before = move(value);
    llvm::IRBuilder<> builder(&wait);
    llvm::Type *type = value.getType();
    bool isShort = type->isIntegerTy(32) ||
                   (type->isPointerTy() && type->getPointerAddressSpace() == sharedSpace &&
                    value.getModule()->getDataLayout().getPointerSizeInBits(sharedSpace) == 32);
    auto *assembly = llvm::InlineAsm::get(llvm::FunctionType::get(type, {type}, false),
                                          isShort ? "mov.b32 $0, $1;" : "mov.b64 $0, $1;",
                                          isShort ? "=r,r" : "=l,l", /*hasSideEffects=*/true);
    auto *call = builder.CreateCall(assembly, {before});
    call->setConvergent();
    return known = call;
  }

  static constexpr unsigned sharedSpace = 3;
  llvm::DominatorTree &dominators;
  llvm::Instruction &wait;
  /// Choices that have become selects, and values that are kept.
  llvm::DenseMap<llvm::Value *, llvm::Value *> selects, kept;
};
} // namespace

void uwt::codegen::prepareCopies(llvm::Function &function) {
  llvm::DominatorTree dominators(function);
  llvm::SmallVector<llvm::Instruction *> waits, copies;
  for (llvm::Instruction &instruction : llvm::instructions(function)) {
    if (isWait(instruction))
      waits.push_back(&instruction);
    if (isBulkCopy(instruction))
      copies.push_back(&instruction);
  }
  // How many of `all` come behind `first`, up to `last` itself.
  auto between = [&](llvm::ArrayRef<llvm::Instruction *> all, const llvm::Instruction *first,
                     const llvm::Instruction *last) {
    return llvm::count_if(all, [&](const llvm::Instruction *one) {
      return dominators.dominates(first, one) && (one == last || dominators.dominates(one, last));
    });
  };
  // The first copy: there are no registers for all of them.
  for (llvm::Instruction *wait : waits)
    for (llvm::Instruction *copy : copies)
      if (dominators.dominates(wait, copy) && between(copies, wait, copy) == 1 &&
          between(waits, wait, copy) == 0)
        Preparation(dominators, *wait).prepare(*copy);
}
