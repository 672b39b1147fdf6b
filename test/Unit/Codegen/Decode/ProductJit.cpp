//===- ProductJit.cpp - Runs compiled products ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductJit.h"
#include "lib/Compiler/Codegen.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Runtime/Call.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include <array>
#include <cmath>

using namespace uwt;
using namespace uwt::test;

TensorDescription ProductSpec::description() const {
  TensorDescription result;
  result.element = *parseElementType(element);
  result.format = *Format::parse(format);
  result.shape = {rows, columns};
  if (result.format.storage == Storage::KMajor)
    std::swap(result.shape[0], result.shape[1]);
  return result;
}

std::string ProductSpec::testName(size_t index) const {
  std::string name = std::to_string(index) + "_" + target + "_" + format;
  for (char &c : name)
    c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

std::string ProductSpec::moduleText() const {
  TensorDescription what = description();
  std::string rowsOfX = m ? std::to_string(*m) : "?";
  std::string xType = "memref<" + rowsOfX + "x" + std::to_string(columns) + "x" + x +
                      ", strided<[?, 1], offset: 0>>";
  std::string yType = "memref<" + rowsOfX + "x" + std::to_string(rows) + "xf32>";
  std::string wType = "!uwt.compressed<" + std::to_string(what.shape[0]) + "x" +
                      std::to_string(what.shape[1]) + "x" + element + ", \"" + what.format.str() +
                      "\">";
  return "module attributes {uwt.target = #uwt.target<\"" + target +
         "\">} {\n func.func @f(%x: " + xType + ", %y: " + yType +
         ") attributes {llvm.emit_c_interface} {\n  %w = uwt.weight \"w\" : " + wType +
         "\n  uwt.matmul ins(%x, %w : " + xType + ", " + wType + ") outs(%y : " + yType + ")" +
         (exact ? " numerics exact" : "") +
         (integerBits ? " arithmetic #uwt." + arithmeticText(integerBits) : "") +
         (strategy.empty() ? "" : " strategy #uwt.strategy<" + strategy + ">") +
         " {\n  ^bb0(%acc: f32):\n    uwt.yield %acc : f32\n  }\n  return\n }\n}\n";
}

/// Machine code of a module at the level of memrefs.
static std::unique_ptr<llvm::MemoryBuffer> codeOf(mlir::ModuleOp module,
                                                  const CompileOptions &options) {
  mlir::PassManager passes(module.getContext());
  passes.addPass(createAssignSlotsPass());
  buildCodePipeline(passes, options);
  if (mlir::failed(passes.run(module)))
    return nullptr;
  const Target &target = **findTarget(options.target);
  auto machine = makeTargetMachine(target, options.optimisation);
  if (!machine)
    return nullptr;
  llvm::LLVMContext context;
  auto code = translateModule(module, context, target, **machine);
  if (!code || !checkInstructions(*code, target))
    return nullptr;
  addEntry(*code, "f");
  if (options.optimisation != 0)
    optimiseModule(*code, **machine);
  auto bytes = emitMachineCode(*code, **machine, llvm::CodeGenFileType::ObjectFile);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes));
}

Expected<std::unique_ptr<ProductJit>> ProductJit::compile(const ProductSpec &spec) {
  auto result = compileText(spec.moduleText(), spec.target, spec.optimisation);
  if (result)
    (*result)->spec = spec;
  return result;
}

Expected<std::unique_ptr<ProductJit>>
ProductJit::compileText(const std::string &text, const std::string &target, unsigned optimisation) {
  auto context = makeContext();
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  context->appendDialectRegistry(registry);
  std::string message;
  mlir::ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &diagnostic) {
    message += diagnostic.str();
    return mlir::success();
  });
  auto module = parseModule(*context, text, "product");
  if (!module)
    return invalidError(message + module.error().message());
  CompileOptions options;
  options.target = target;
  options.optimisation = optimisation;
  auto object = codeOf(**module, options);
  if (!object)
    return invalidError(message);
  std::unique_ptr<ProductJit> result(new ProductJit());
  result->table = std::make_unique<WeightView>();
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  objects.push_back(std::move(object));
  auto jit = Jit::link(std::move(objects), result->table.get(), nullptr);
  if (!jit)
    return invalidError(message + jit.error().message());
  result->jit.emplace(std::move(*jit));
  auto function = result->jit->entry(entryName("f"));
  if (!function)
    return invalidError(message + function.error().message());
  result->function = *function;
  return result;
}

void ProductJit::call(const WeightView &weight, std::initializer_list<void *> memrefs) const {
  *table = weight;
  std::vector<void *> arguments(memrefs);
  function(arguments.data());
}

std::vector<float> ProductJit::run(const WeightView &weight, const void *x, uint64_t m,
                                   uint64_t stride) const {
  return *tryRun(weight, x, m, stride);
}

Expected<std::vector<float>> ProductJit::tryRun(const WeightView &weight, const void *x, uint64_t m,
                                                uint64_t stride) const {
  std::vector<float> y(m * spec.rows, -1.0f);
  auto size = [](uint64_t value) { return static_cast<int64_t>(value); };
  auto *from = const_cast<char *>(static_cast<const char *>(x));
  StridedMemRefType<char, 2> xMemory = {
      from, from, 0, {size(m), size(spec.columns)}, {size(stride), 1}};
  StridedMemRefType<float, 2> yMemory = {
      y.data(), y.data(), 0, {size(m), size(spec.rows)}, {size(spec.rows), 1}};
  *table = weight;
  struct Call {
    EntryFunction function;
    std::array<void *, 2> arguments;
  } made{function, {&xMemory, &yMemory}};
  UWT_RETURN_IF_ERROR(callCompiled(
      [](void *context) {
        auto *given = static_cast<Call *>(context);
        given->function(given->arguments.data());
      },
      &made));
  return y;
}
