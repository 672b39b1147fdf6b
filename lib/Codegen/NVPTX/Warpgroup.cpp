//===- Warpgroup.cpp - Lowers matrix products of warpgroups ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NVVM has no wgmma with A in registers. A group is one piece of inline assembly, so that nothing
// comes between its fence, its products and its commit; accumulators are tied operands.
//
//===----------------------------------------------------------------------===//

#include "Warpgroup.h"
#include "CheckFeatures.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

static LogicalResult checkTarget(Operation *op, const GpuTarget &target) {
  return checkFeatures(op, target, "a matrix product of a warpgroup", GpuFeature::Wgmma);
}

static SmallVector<Value> scalarsOf(OpBuilder &builder, Location loc, ValueRange vectors) {
  SmallVector<Value> scalars;
  for (Value vector : vectors) {
    auto type = cast<VectorType>(vector.getType());
    auto flat = VectorType::get({type.getNumElements()}, type.getElementType());
    Value row = vector::ShapeCastOp::create(builder, loc, flat, vector);
    llvm::append_range(scalars, vector::ToElementsOp::create(builder, loc, row).getElements());
  }
  return scalars;
}

/// "$4,$5,$6" for `count` operands from `first` on.
static std::string operandList(unsigned first, unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ",$" : "$") + std::to_string(first + i);
  return text;
}

static LLVM::InlineAsmOp assemblyOp(OpBuilder &builder, Location loc, Type type,
                                    ArrayRef<Value> operands, StringRef assembly,
                                    StringRef constraints) {
  return LLVM::InlineAsmOp::create(
      builder, loc, type, operands, assembly, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT),
      /*operand_attrs=*/ArrayAttr());
}

/// Vectors of the types `sums`, of the scalars that `result`, a struct, has.
static SmallVector<Value> vectorsOf(OpBuilder &builder, Location loc, TypeRange sums,
                                    Value result) {
  SmallVector<Value> vectors;
  int64_t field = 0;
  for (Type sum : sums) {
    SmallVector<Value> four;
    for (unsigned i = 0; i < 4; ++i)
      four.push_back(LLVM::ExtractValueOp::create(builder, loc, result, field++));
    Value flat = vector::FromElementsOp::create(
        builder, loc, VectorType::get({4}, getElementTypeOrSelf(sum)), four);
    vectors.push_back(vector::ShapeCastOp::create(builder, loc, sum, flat));
  }
  return vectors;
}

/// Runs `assembly` on `others`, whose constraints are given, and on the scalars of `accumulators`,
/// which are its operands $0 …: returns the accumulators after it, of the types `sums`. Where there
/// are none they are results alone.
static SmallVector<Value> onAccumulators(OpBuilder &builder, Location loc, TypeRange sums,
                                         ValueRange accumulators, ArrayRef<Value> others,
                                         StringRef otherConstraints, StringRef assembly) {
  SmallVector<Value> operands(others);
  llvm::append_range(operands, scalarsOf(builder, loc, accumulators));
  SmallVector<Type> fields;
  // A result may not have the register of an operand that a later product of the group reads.
  std::string result = accumulators.empty() ? "=&" : "=", constraints, tied;
  for (Type sum : sums)
    for (unsigned i = 0; i < 4; ++i) {
      Type element = getElementTypeOrSelf(sum);
      constraints += (fields.empty() ? "" : ",") + result + (element.isInteger() ? "r" : "f");
      if (!accumulators.empty())
        tied += "," + std::to_string(fields.size());
      fields.push_back(element);
    }
  constraints += otherConstraints.str() + tied + ",~{memory}";
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), fields);
  Value all = assemblyOp(builder, loc, type, operands, assembly, constraints).getResult(0);
  return vectorsOf(builder, loc, sums, all);
}

namespace {

/// What lowering a group of products of a warpgroup takes, of floats and of bytes.
template <typename Op> struct LowerProducts : ConvertOpToLLVMPattern<Op> {
  LowerProducts(const LLVMTypeConverter &converter, const GpuTarget &target)
      : ConvertOpToLLVMPattern<Op>(converter), target(target) {}

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(checkTarget(op, target)))
      return failure();
    Location loc = op.getLoc();
    // A's registers block by block, then the blocks' descriptors.
    SmallVector<Value> others = registersOfA(rewriter, op);
    BlockAddress address = addressOf(rewriter, op, adaptor);
    others.push_back(address.sixteenths);
    others.push_back(upperHalf(rewriter, op));
    std::string constraints;
    for (size_t i = 0; i < others.size(); ++i)
      constraints += ",r";
    rewriter.replaceOp(op,
                       onAccumulators(rewriter, loc, op.getNext().getTypes(), op.getAccumulators(),
                                      others, constraints, assembly(op, address.first)));
    return success();
  }

private:
  /// Where block 0 lies: a value, and what is known to be added to it for the lower half of the
  /// descriptor.
  struct BlockAddress {
    Value sixteenths;
    uint32_t first;
  };

  static SmallVector<Value> registersOfA(OpBuilder &builder, WarpgroupMmaOp op) {
    SmallVector<Value> fragments =
        scalarsOf(builder, op.getLoc(), {op.getR0(), op.getR1(), op.getR2(), op.getR3()});
    SmallVector<Value> registers;
    for (unsigned block = 0; block < Op::blocks; ++block)
      for (unsigned r = 0; r < 4; ++r)
        registers.push_back(fragments[r * Op::blocks + block]);
    return registers;
  }
  static SmallVector<Value> registersOfA(OpBuilder &builder, WarpgroupMmaBytesOp op) {
    return scalarsOf(builder, op.getLoc(), {op.getA0(), op.getA1()});
  }

  /// What follows the columns in an instruction's name.
  static std::string typesOf(WarpgroupMmaOp op) {
    std::string type = op.getElement().isBF16() ? "bf16" : "f16";
    return "k16.f32." + type + "." + type;
  }
  static std::string typesOf(WarpgroupMmaBytesOp) { return "k32.s32.s8.s8"; }
  /// What follows the descriptor: whether sums are added to, and for floats signs and
  /// transposition.
  static std::string modesOf(WarpgroupMmaOp, unsigned) { return "1, 1, 1, 0"; }
  static std::string modesOf(WarpgroupMmaBytesOp op, unsigned block) {
    return op.getAccumulators().empty() && block == 0 ? "0" : "1";
  }

  /// Descriptors are put together here, where ptxas has one addition of 64 bits for each.
  static std::string assembly(Op op, uint32_t first) {
    unsigned tiles = op.getNext().size(), scalars = 4 * tiles;
    std::string name =
        "wgmma.mma_async.sync.aligned.m64n" + std::to_string(8 * tiles) + typesOf(op);
    std::string shifted = "$" + std::to_string(scalars + 4 * Op::blocks);
    std::string high = "$" + std::to_string(scalars + 4 * Op::blocks + 1);
    std::string text = "{\n.reg .b64 matrix;\nwgmma.fence.sync.aligned;\nmov.b64 matrix, {" +
                       shifted + ", " + high + "};\n";
    for (unsigned block = 0; block < Op::blocks; ++block)
      text += "add.u64 matrix, matrix, " +
              std::to_string(block ? op.getBlockStride() / 16 : first) + ";\n" + name + " {" +
              operandList(0, scalars) + "}, {" + operandList(scalars + 4 * block, 4) +
              "}, matrix, " + modesOf(op, block) + ";\n";
    return text + "wgmma.commit_group.sync.aligned;\n}";
  }

  /// The upper half of the descriptors, once before the loop around `op`. It is constant, but ptxas
  /// would set a constant anew for each product; what a warp has reduced it keeps.
  static Value upperHalf(ConversionPatternRewriter &rewriter, Op op) {
    Operation *before = op->template getParentOfType<LoopLikeOpInterface>();
    if (!before)
      before = op;
    std::string text = "mov.b32 $0, " + std::to_string(op.descriptorBits() >> 32) +
                       ";\nredux.sync.or.b32 $0, $0, -1;";
    for (auto other : before->getBlock()->getOps<LLVM::InlineAsmOp>())
      if (other.getAsmString() == text && other->isBeforeInBlock(before))
        return other.getResult(0);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(before);
    return assemblyOp(rewriter, op.getLoc(), rewriter.getI32Type(), {}, text, "=r").getResult(0);
  }

  /// Bits 13:0 of a descriptor are bits 17:4 of the address in the CTA's memory; in a cluster
  /// the address has the CTA's number above them. Whole sixteenths that the index adds are
  /// taken out of the shift, so that groups which differ in nothing else have one value.
  BlockAddress addressOf(ConversionPatternRewriter &rewriter, Op op,
                         typename Op::Adaptor adaptor) const {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getMatrix().getType());
    int64_t known = 0, elementBytes = type.getElementTypeBitWidth() / 8;
    Value at = op.getAt();
    while (auto sum = at.getDefiningOp<arith::AddIOp>()) {
      std::optional<int64_t> more = getConstantIntValue(sum.getRhs());
      if (!more || *more < 0 || *more * elementBytes % 16 != 0)
        break;
      known += *more * elementBytes / 16;
      at = sum.getLhs();
    }
    Type word = rewriter.getI32Type();
    auto constant = [&](int32_t value) -> Value {
      return LLVM::ConstantOp::create(rewriter, loc, word, rewriter.getI32IntegerAttr(value));
    };
    Value pointer = this->getStridedElementPtr(rewriter, loc, type, adaptor.getMatrix(),
                                               rewriter.getRemappedValue(at));
    Value address = LLVM::PtrToIntOp::create(rewriter, loc, word, pointer);
    Value shifted = LLVM::LShrOp::create(rewriter, loc, address, constant(4));
    return {LLVM::AndOp::create(rewriter, loc, shifted, constant(0x3FFF)),
            static_cast<uint32_t>(op.descriptorBits() + known)};
  }

  const GpuTarget &target;
};

struct LowerWarpgroupWait : OpConversionPattern<WarpgroupWaitOp> {
  LowerWarpgroupWait(MLIRContext *context, const GpuTarget &target)
      : OpConversionPattern(context), target(target) {}

  LogicalResult matchAndRewrite(WarpgroupWaitOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(checkTarget(op, target)))
      return failure();
    if (op.getAccumulators().empty()) {
      rewriter.replaceOpWithNewOp<NVVM::WgmmaWaitGroupSyncOp>(op, op.getPending());
      return success();
    }
    std::string text = "wgmma.wait_group.sync.aligned " + std::to_string(op.getPending()) + ";";
    rewriter.replaceOp(op, onAccumulators(rewriter, op.getLoc(), op.getDone().getTypes(),
                                          op.getAccumulators(), {}, "", text));
    return success();
  }

private:
  const GpuTarget &target;
};

} // namespace

void uwt::codegen::populateWarpgroupPatterns(const LLVMTypeConverter &converter,
                                             const GpuTarget &target, RewritePatternSet &patterns) {
  patterns.add<LowerProducts<WarpgroupMmaOp>, LowerProducts<WarpgroupMmaBytesOp>>(converter,
                                                                                  target);
  patterns.add<LowerWarpgroupWait>(patterns.getContext(), target);
}
