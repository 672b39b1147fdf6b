//===- IntegerBuilderTest.cpp - Arithmetic that folds ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/IntegerBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using uwt::IntegerBuilder;

namespace {

/// A block with an argument of a type, and a builder of that type in it.
struct Code {
  Code(MLIRContext &context, Type type)
      : builder(&context), module(ModuleOp::create(UnknownLoc::get(&context))),
        value(module->getBody()->addArgument(type, module->getLoc())),
        numbers(builder, module->getLoc(), type) {
    builder.setInsertionPointToEnd(module->getBody());
  }

  size_t operations() { return module->getBody()->getOperations().size(); }

  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  Value value;
  IntegerBuilder numbers;
};

struct IntegerBuilderTest : testing::Test {
  IntegerBuilderTest() { context.loadDialect<arith::ArithDialect, scf::SCFDialect>(); }

  MLIRContext context;
};

int64_t known(Value value) { return getConstantIntValue(value).value(); }

TEST_F(IntegerBuilderTest, ConstantsAreComputed) {
  Code code(context, IntegerType::get(&context, 32));
  IntegerBuilder &n = code.numbers;
  EXPECT_EQ(known(n.add(n.mul(6, 7), 3)), 45);
  EXPECT_EQ(known(n.div(n.constant(-1), 2)), INT32_MAX);
  EXPECT_EQ(known(n.ceilDiv(n.constant(9), 4)), 3);
  EXPECT_EQ(known(n.bits(n.constant(0xABCD), 4, 8)), 0xBC);
  EXPECT_EQ(known(n.max(n.constant(-1), 1)), -1);
  EXPECT_EQ(known(n.min(n.constant(-1), 1)), 1);
  EXPECT_EQ(known(n.select(n.less(n.constant(-1), 1), 5, 6)), 6);
  EXPECT_EQ(known(n.constant(0xFFFFFFFF)), -1);
}

TEST_F(IntegerBuilderTest, NeutralNumbersLeaveNothing) {
  Code code(context, VectorType::get({4}, IntegerType::get(&context, 32)));
  IntegerBuilder &n = code.numbers;
  EXPECT_EQ(n.add(code.value, 0), code.value);
  EXPECT_EQ(n.shl(code.value, 0), code.value);
  EXPECT_EQ(n.lshr(code.value, 0), code.value);
  EXPECT_EQ(code.operations(), 0u);
}

TEST_F(IntegerBuilderTest, NumbersConvertUnsigned) {
  Code narrow(context, IntegerType::get(&context, 8));
  IntegerBuilder index(narrow.builder, narrow.module->getLoc(), IndexType::get(&context));
  IntegerBuilder wide(narrow.builder, narrow.module->getLoc(), IntegerType::get(&context, 64));
  EXPECT_EQ(narrow.numbers.convert(narrow.value), narrow.value);
  EXPECT_TRUE(index.convert(narrow.value).getDefiningOp<arith::IndexCastUIOp>());
  EXPECT_EQ(known(wide.convert(narrow.numbers.constant(-1))), 255);
  EXPECT_EQ(known(narrow.numbers.convert(wide.constant(0x1FF))), -1);
}

TEST_F(IntegerBuilderTest, LoopsAndBranchesThatConstantsDecideAreNotBuilt) {
  Code code(context, IndexType::get(&context));
  IntegerBuilder &n = code.numbers;
  unsigned runs = 0;
  n.loop(0, [&](Value) { ++runs; });
  n.loop(4, [&](Value) { ++runs; }, /*step=*/4);
  Value carried = n.loop(1, code.value, [&](Value i, ValueRange values) {
    EXPECT_EQ(known(i), 0);
    return IntegerBuilder::Values{n.add(values[0], 0)};
  })[0];
  n.ifElse(n.less(1, 2), [&] { ++runs; }, [&] { runs += 10; });
  EXPECT_EQ(runs, 2u);
  EXPECT_EQ(carried, code.value);
  auto five = [&] { return IntegerBuilder::Values{n.constant(5)}; };
  auto six = [&] { return IntegerBuilder::Values{n.constant(6)}; };
  EXPECT_EQ(known(n.either(n.less(2, 1), n.type(), five, six)[0]), 6);
  EXPECT_TRUE(code.module->getBody()->getOps<scf::ForOp>().empty());
  EXPECT_TRUE(code.module->getBody()->getOps<scf::IfOp>().empty());
}

} // namespace
