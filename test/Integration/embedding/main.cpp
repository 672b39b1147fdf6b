//===- main.cpp - A program that compiles with an installed UWT -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds y = x * W^T in memory, compiles it through the cache, once from compressed weights
// and once from raw ones, and compares the bits.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProgramCache.h"
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

static constexpr int64_t rows = 128, columns = 256, m = 3;

/// BF16 values whose exponents take four values only.
static std::vector<uint16_t> exampleValues(int64_t count, uint32_t seed) {
  std::vector<uint16_t> values;
  for (int64_t i = 0; i < count; ++i) {
    seed = seed * 1664525 + 1013904223;
    values.push_back((seed >> 16 & 0x807f) | (118 + (seed >> 30)) << 7);
  }
  return values;
}

/// func.func @main(%x: tensor<?x256xbf16>) -> tensor<?x128xf32>
static mlir::OwningOpRef<mlir::ModuleOp> buildModule(mlir::MLIRContext &context,
                                                     const std::vector<uint16_t> &weights) {
  context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                      mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
  mlir::OpBuilder builder(&context);
  mlir::Location location = builder.getUnknownLoc();
  auto module = mlir::ModuleOp::create(location);
  builder.setInsertionPointToEnd(module.getBody());

  mlir::Type bf16 = builder.getBF16Type(), f32 = builder.getF32Type();
  auto xType = mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, columns}, bf16);
  auto yType = mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, rows}, f32);
  auto function = mlir::func::FuncOp::create(builder, location, "main",
                                             builder.getFunctionType({xType}, {yType}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  mlir::Value x = function.getArgument(0);

  auto wType = mlir::RankedTensorType::get({rows, columns}, bf16);
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(weights.data()), weights.size() * 2);
  mlir::Value w = mlir::arith::ConstantOp::create(
      builder, location, mlir::DenseElementsAttr::getFromRawBuffer(wType, bytes));
  mlir::Value m = mlir::tensor::DimOp::create(builder, location, x, 0);
  mlir::Value empty = mlir::tensor::EmptyOp::create(builder, location, yType, m);
  mlir::Value zero = mlir::arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  mlir::Value init = mlir::linalg::FillOp::create(builder, location, zero, empty).getResult(0);

  mlir::AffineExpr i, j, k;
  mlir::bindDims(&context, i, j, k);
  auto map = [&](mlir::AffineExpr a, mlir::AffineExpr b) {
    return mlir::AffineMap::get(3, 0, {a, b}, &context);
  };
  using mlir::utils::IteratorType;
  auto product = mlir::linalg::GenericOp::create(
      builder, location, yType, mlir::ValueRange{x, w}, init,
      llvm::ArrayRef{map(i, k), map(j, k), map(i, j)},
      llvm::ArrayRef{IteratorType::parallel, IteratorType::parallel, IteratorType::reduction},
      [&](mlir::OpBuilder &b, mlir::Location at, mlir::ValueRange in) {
        mlir::Value wideX = mlir::arith::ExtFOp::create(b, at, f32, in[0]);
        mlir::Value wideW = mlir::arith::ExtFOp::create(b, at, f32, in[1]);
        mlir::Value both = mlir::arith::MulFOp::create(b, at, wideX, wideW);
        mlir::Value sum = mlir::arith::AddFOp::create(b, at, in[2], both);
        mlir::linalg::YieldOp::create(b, at, sum);
      });
  mlir::func::ReturnOp::create(builder, location, product.getResult(0));
  return module;
}

static uwt::Expected<std::vector<uint8_t>> product(uwt::ProgramCache &cache, mlir::ModuleOp module,
                                                   const char *format, uwt::ThreadPool &pool,
                                                   const std::vector<uint16_t> &x) {
  uwt::CompileOptions options;
  options.format = format;
  UWT_ASSIGN_OR_RETURN(auto program, cache.get(module, options, pool));
  UWT_ASSIGN_OR_RETURN(const uwt::Signature *function, program->find("main"));
  uwt::TensorView view{uwt::findSafetensorsDtype("BF16"), {m, columns}, x.data()};
  UWT_ASSIGN_OR_RETURN(auto results, program->run(*function, {&view, 1}, &pool));
  return std::vector<uint8_t>(results[0].bytes().begin(), results[0].bytes().end());
}

static float widened(uint16_t word) {
  uint32_t bits = uint32_t(word) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// Whether each element is within the bound of its sum.
static bool isProduct(const std::vector<uint8_t> &y, const std::vector<uint16_t> &x,
                      const std::vector<uint16_t> &w) {
  for (int64_t row = 0; row < m; ++row)
    for (int64_t n = 0; n < rows; ++n) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < columns; ++k) {
        double term = double(widened(x[row * columns + k])) * widened(w[n * columns + k]);
        sum += term;
        magnitude += term < 0 ? -term : term;
      }
      float value;
      std::memcpy(&value, &y[(row * rows + n) * 4], 4);
      double error = sum < value ? value - sum : sum - value;
      if (!(error <= columns * 0x1p-24 * magnitude))
        return false;
    }
  return true;
}

int main() {
  std::vector<uint16_t> weights = exampleValues(rows * columns, 1);
  std::vector<uint16_t> x = exampleValues(m * columns, 2);
  uwt::ThreadPool pool(2);
  uwt::ProgramCache cache;
  std::unique_ptr<mlir::MLIRContext> context = uwt::makeContext();
  auto module = buildModule(*context, weights);

  auto first = product(cache, *module, "inplace<12>", pool, x);
  auto second = first ? product(cache, *module, "inplace<12>", pool, x) : first;
  auto raw = second ? product(cache, *module, "raw", pool, x) : second;
  module = {};
  if (!raw) {
    std::fprintf(stderr, "%s\n", raw.error().message().c_str());
    return 1;
  }
  uwt::ProgramCache::Statistics counts = cache.statistics();
  std::printf("%llu compiled, %llu from the cache\n",
              static_cast<unsigned long long>(counts.misses),
              static_cast<unsigned long long>(counts.hits));
  bool good = *first == *second && *first == *raw && isProduct(*first, x, weights) &&
              counts.misses == 2 && counts.hits == 1;
  return good ? 0 : 1;
}
