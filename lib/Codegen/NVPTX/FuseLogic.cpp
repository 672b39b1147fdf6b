//===- FuseLogic.cpp - Logic of three operands as one instruction ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What decoders owe their speed to and neither LLVM nor ptxas finds by itself: ptxas makes two
// LOP3 of a select by mask, since the mask and its complement are two constants to it, and LLVM
// takes w - (w & mask) apart, of which x = w & mask is wanted for itself and the rest is one IADD3.
//
//===----------------------------------------------------------------------===//

#include "FuseLogic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/FormatVariadic.h"
#include <optional>

using namespace mlir;

namespace {
/// value & mask.
struct Masked {
  Value value;
  uint32_t mask;
};
} // namespace

static std::optional<uint32_t> constantOf(Value value) {
  APInt constant;
  if (!matchPattern(value, m_ConstantInt(&constant)) || constant.getBitWidth() != 32)
    return std::nullopt;
  return static_cast<uint32_t>(constant.getZExtValue());
}

static std::optional<Masked> maskedOf(Value value) {
  auto masked = value.getDefiningOp<arith::AndIOp>();
  if (!masked)
    return std::nullopt;
  if (std::optional<uint32_t> mask = constantOf(masked.getRhs()))
    return Masked{masked.getLhs(), *mask};
  return std::nullopt;
}

/// An instruction that LLVM does not look into, for each element of words or vectors of them.
static Value assembleEach(OpBuilder &builder, Location loc, StringRef assembly,
                          ArrayRef<Value> operands) {
  Type type = operands.front().getType();
  std::string constraints = "=r";
  for (size_t i = 0; i < operands.size(); ++i)
    constraints += ",r";
  auto assemble = [&](ArrayRef<Value> words) {
    return LLVM::InlineAsmOp::create(
               builder, loc, builder.getI32Type(), words, assembly, constraints,
               /*has_side_effects=*/false, /*is_align_stack=*/false, LLVM::TailCallKind::None,
               LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT),
               /*operand_attrs=*/ArrayAttr())
        .getResult(0);
  };
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return assemble(operands);
  SmallVector<Value> results;
  for (int64_t i = 0; i < vector.getNumElements(); ++i) {
    SmallVector<Value> words;
    for (Value operand : operands)
      words.push_back(vector::ExtractOp::create(builder, loc, operand, i));
    results.push_back(assemble(words));
  }
  return vector::FromElementsOp::create(builder, loc, vector, results);
}

static bool holdsWords(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return getElementTypeOrSelf(type).isInteger(32) && (!vector || vector.getRank() == 1);
}

/// (a & mask) | (b & ~mask), or (a & mask) | constant, as one LOP3.
static Value fuseOr(OpBuilder &builder, arith::OrIOp op) {
  std::optional<Masked> a = maskedOf(op.getLhs()), b = maskedOf(op.getRhs());
  // Truth tables are written with a, b and c being 0xF0, 0xCC and 0xAA.
  if (a && b && a->mask == ~b->mask)
    return assembleEach(builder, op.getLoc(),
                        llvm::formatv("lop3.b32 $0, $1, $2, 0x{0:x-8}, 0xE4;", a->mask).str(),
                        {a->value, b->value});
  std::optional<uint32_t> constant = constantOf(op.getRhs());
  if (a && constant)
    return assembleEach(
        builder, op.getLoc(),
        llvm::formatv("lop3.b32 $0, $1, 0x{0:x-8}, 0x{1:x-8}, 0xEA;", a->mask, *constant).str(),
        {a->value});
  return Value();
}

/// w & mask that is taken from w itself.
static Value fuseAnd(OpBuilder &builder, arith::AndIOp op) {
  std::optional<Masked> part = maskedOf(op.getResult());
  if (!part || llvm::none_of(op->getUsers(), [&](Operation *user) {
        auto rest = dyn_cast<arith::SubIOp>(user);
        return rest && rest.getLhs() == part->value && rest.getRhs() == op.getResult();
      }))
    return Value();
  return assembleEach(builder, op.getLoc(),
                      llvm::formatv("and.b32 $0, $1, 0x{0:x-8};", part->mask).str(), {part->value});
}

void uwt::codegen::fuseLogic(Operation *kernels) {
  IRRewriter rewriter(kernels->getContext());
  kernels->walk([&](Operation *op) {
    if (op->getNumResults() != 1 || !holdsWords(op->getResult(0).getType()))
      return;
    rewriter.setInsertionPoint(op);
    Value fused;
    if (auto either = dyn_cast<arith::OrIOp>(op))
      fused = fuseOr(rewriter, either);
    else if (auto part = dyn_cast<arith::AndIOp>(op))
      fused = fuseAnd(rewriter, part);
    if (fused)
      rewriter.replaceOp(op, fused);
  });
}
