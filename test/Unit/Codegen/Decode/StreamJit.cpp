//===- StreamJit.cpp - Runs emitted decoders of streams -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamJit.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "llvm/Support/TargetSelect.h"

using namespace uwt;
using namespace uwt::codegen;
using namespace uwt::test;

static constexpr WeightBuffer buffersInOrder[] = {WeightBuffer::Panels, WeightBuffer::Table,
                                                  WeightBuffer::Raw, WeightBuffer::Code,
                                                  WeightBuffer::Classes};

static std::string moduleText(const TensorDescription &description) {
  std::string type = "!uwt.compressed<";
  for (uint64_t size : description.shape)
    type += std::to_string(size) + "x";
  type +=
      std::string(getTraits(description.element).name) + ", \"" + description.format.str() + "\">";
  return R"(
    func.func @decode(%panels: memref<?xi64>, %table: memref<?xi32>, %raw: memref<?xi32>,
                      %code: memref<?xi32>, %classes: memref<?xi8>, %panel: index, %unit: index,
                      %words: memref<?xi16>) attributes {llvm.emit_c_interface} {
      %w = uwt.weight "w" : )" +
         type + "\n uwt.decode_stream %w[%panel, %unit], %words : " + type +
         ", memref<?xi16>\n return }";
}

/// Planes come from the function's arguments.
static mlir::LogicalResult emitDecoder(mlir::ModuleOp module) {
  mlir::IRRewriter rewriter(module.getContext());
  DecodeStreamOp stream;
  module.walk([&](DecodeStreamOp op) { stream = op; });
  auto format = mlir::cast<DecoderEmissionInterface>(stream.getWeight().getType().getFormat());
  if (mlir::failed(format.emitDecoder(rewriter, stream)))
    return mlir::failure();
  mlir::func::FuncOp function = *module.getOps<mlir::func::FuncOp>().begin();
  llvm::SmallVector<BufferOp> planes;
  module.walk([&](BufferOp op) { planes.push_back(op); });
  for (BufferOp op : planes)
    for (unsigned i = 0; i < std::size(buffersInOrder); ++i)
      if (buffersInOrder[i] == op.getKind()) {
        rewriter.replaceOp(op, function.getArgument(i));
        break;
      }
  module.walk([&](WeightOp op) { rewriter.eraseOp(op); });
  return mlir::success();
}

static mlir::LogicalResult lower(mlir::ModuleOp module) {
  mlir::PassManager passes(module.getContext());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createSCFToControlFlowPass());
  passes.addPass(mlir::createConvertToLLVMPass());
  passes.addPass(mlir::createReconcileUnrealizedCastsPass());
  return passes.run(module);
}

Expected<std::unique_ptr<StreamJit>> StreamJit::compile(const TensorDescription &description,
                                                        unsigned optimisation) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = std::make_unique<StreamJit>();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<UWTDialect>();
  registerEmission(registry);
  jit->context.appendDialectRegistry(registry);
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&jit->context, [&](mlir::Diagnostic &diagnostic) {
    message += diagnostic.str();
    return mlir::success();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(moduleText(description), &jit->context);
  if (!module || mlir::failed(emitDecoder(*module)) || mlir::failed(lower(*module)))
    return invalidError(message);
  mlir::ExecutionEngineOptions options;
  auto optimise = mlir::makeOptimizingTransformer(optimisation, 0, nullptr);
  options.transformer = optimise;
  auto engine = mlir::ExecutionEngine::create(*module, options);
  if (!engine)
    return invalidError(message + llvm::toString(engine.takeError()));
  jit->engine = std::move(*engine);
  auto function = jit->engine->lookupPacked("_mlir_ciface_decode");
  if (!function)
    return invalidError(message + llvm::toString(function.takeError()));
  jit->function = *function;
  return jit;
}

template <typename T> static StridedMemRefType<T, 1> memoryAt(const void *data) {
  auto *pointer = const_cast<T *>(static_cast<const T *>(data));
  return {pointer, pointer, 0, {INT64_MAX / 8}, {1}};
}

void StreamJit::decode(const WeightView &view, uint64_t panel, uint64_t unit,
                       std::span<uint16_t> words) const {
  auto panels = memoryAt<int64_t>(view.panels);
  auto table = memoryAt<int32_t>(view.table), raw = memoryAt<int32_t>(view.raw);
  auto code = memoryAt<int32_t>(view.code);
  auto classes = memoryAt<int8_t>(view.classes);
  auto out = memoryAt<int16_t>(words.data());
  void *pointers[] = {&panels, &table, &raw, &code, &classes, nullptr, nullptr, &out};
  void *arguments[8];
  for (unsigned i = 0; i < 8; ++i)
    arguments[i] = &pointers[i];
  arguments[5] = &panel;
  arguments[6] = &unit;
  function(arguments);
}
