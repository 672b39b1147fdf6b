//===- ProductRunner.cpp - Runs the products of a program -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductRunner.h"
#include "DenseCopy.h"
#include "Diagnostics.h"
#include "uwt/Codegen/GPU/KernelEntries.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Runtime/Call.h"
#include <cstring>
#include <numeric>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Tensors of the program
//===----------------------------------------------------------------------===//

namespace {

/// A memref of compiled code.
struct HostMemref {
  uint8_t *data;
  std::vector<int64_t> sizes, strides;
  unsigned elementBytes;
};

/// Reads descriptors one after another.
class WordReader {
public:
  explicit WordReader(const int64_t *words) : next(words) {}
  /// Of an operand, the part that a matrix is for.
  HostMemref take(const ProductOperand &operand, uint64_t matrix) {
    auto *data = reinterpret_cast<uint8_t *>(next[0]) + next[1] * operand.bytes;
    const int64_t *sizes = next + 2, *strides = sizes + operand.rank;
    next = strides + operand.rank;
    HostMemref memref{data, {sizes, strides}, {strides, next}, operand.bytes};
    if (!operand.matrixDimension)
      return memref;
    auto dimension = static_cast<int64_t>(*operand.matrixDimension);
    memref.data += static_cast<int64_t>(matrix) * strides[dimension] * operand.bytes;
    memref.sizes.erase(memref.sizes.begin() + dimension);
    memref.strides.erase(memref.strides.begin() + dimension);
    return memref;
  }

  /// What comes after the descriptors taken so far.
  const int64_t *rest() const { return next; }

private:
  const int64_t *next;
};

/// Dense memory for a memref: its own, or a copy.
class DenseOperand {
public:
  explicit DenseOperand(const HostMemref &memref)
      : memref(memref), size(memref.elementBytes), isOwn(!liesDense(memref.sizes, memref.strides)) {
    for (int64_t dimension : memref.sizes)
      size *= static_cast<size_t>(dimension);
    if (isOwn)
      copy.resize(size);
  }
  std::span<uint8_t> bytes() { return {isOwn ? copy.data() : memref.data, size}; }
  void gather() {
    if (isOwn)
      copyToDense(copy.data(), memref.data, memref.sizes, memref.strides, memref.elementBytes);
  }
  void scatter() {
    if (isOwn)
      copyFromDense(memref.data, copy.data(), memref.sizes, memref.strides, memref.elementBytes);
  }

private:
  HostMemref memref;
  size_t size;
  bool isOwn;
  std::vector<uint8_t> copy;
};

} // namespace

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// A signed integer of memory.
static int64_t loadInteger(const uint8_t *data, unsigned bytes) {
  uint64_t value = 0;
  std::memcpy(&value, data, bytes);
  unsigned unused = 64 - 8 * bytes;
  return static_cast<int64_t>(value << unused) >> unused;
}

/// The numbers of the matrices that a call multiplies with. Moves `words` behind the selection.
static std::vector<int64_t> selectedMatrices(const ProductShape &shape, const int64_t *&words) {
  if (shape.selection == ProductShape::Selection::One)
    return {*words++};
  std::vector<int64_t> numbers;
  if (shape.selection == ProductShape::Selection::None) {
    numbers.resize(shape.matrices);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }
  WordReader reader(words);
  HostMemref memref = reader.take(shape.numbers, 0);
  words = reader.rest();
  for (int64_t i = 0; i < memref.sizes[0]; ++i)
    numbers.push_back(loadInteger(memref.data + i * memref.strides[0] * memref.elementBytes,
                                  memref.elementBytes));
  return numbers;
}

Status ProductContext::launchMatrix(size_t call, uint64_t entry, uint64_t matrix,
                                    const int64_t *words) {
  const ProductShape &shape = shapeOf(call);
  if (matrix >= shape.matrices)
    return invalidError("the number of a selected matrix is outside of the weight's: " +
                        std::to_string(static_cast<int64_t>(matrix)) + ", the weight has " +
                        std::to_string(shape.matrices));
  WordReader reader(words);
  HostMemref xMemref = reader.take(shape.x, entry);
  DenseOperand x(xMemref);
  x.gather();
  std::vector<DenseOperand> extras;
  for (const ProductOperand &extra : shape.extras) {
    extras.emplace_back(reader.take(extra, entry));
    extras.back().gather();
  }
  DenseOperand y(reader.take(shape.y, entry));
  emulator::EmulatedOperands operands;
  operands.x = x.bytes();
  operands.y = y.bytes();
  for (DenseOperand &extra : extras)
    operands.extras.emplace_back(extra.bytes());
  operands.matrix = matrix;
  if (xMemref.sizes[0] > UINT32_MAX)
    return usageError("an m of " + std::to_string(xMemref.sizes[0]) + " is more than 2^32 - 1");
  operands.m = static_cast<uint32_t>(xMemref.sizes[0]);
  UWT_RETURN_IF_ERROR(runner->run(call, operands));
  y.scatter();
  return ok();
}

Status ProductContext::launch(size_t call, const int64_t *words) {
  std::vector<int64_t> numbers = selectedMatrices(shapeOf(call), words);
  for (size_t entry = 0; entry < numbers.size(); ++entry)
    UWT_RETURN_IF_ERROR(launchMatrix(call, entry, static_cast<uint64_t>(numbers[entry]), words));
  return ok();
}

/// False after an error, which is then that of the call.
static bool launchProduct(ProductContext &context, size_t call, const int64_t *words) {
  Status status = context.launch(call, words);
  if (!status)
    setCallError(status.takeError());
  return static_cast<bool>(status);
}

void uwt_launch_product(void *context, int64_t call, int64_t words) {
  if (!launchProduct(*static_cast<ProductContext *>(context), static_cast<size_t>(call),
                     reinterpret_cast<const int64_t *>(words)))
    leaveCall();
}

//===----------------------------------------------------------------------===//
// The emulator
//===----------------------------------------------------------------------===//

namespace {
class EmulatedRunner final : public ProductRunner {
public:
  EmulatedRunner(const ProductTarget &target) : target(target) { options.seed = target.seed; }
  Status prepare(GpuProducts &products, const LoadedWeights &weights);
  Status run(size_t call, const emulator::EmulatedOperands &operands) override;

private:
  mlir::FailureOr<emulator::EmulatedProduct> prepareKernels(mlir::gpu::GPUModuleOp module) const;

  ProductTarget target;
  emulator::EmulationOptions options;
  std::vector<std::vector<emulator::EmulatedProduct>> kinds;
  std::vector<uint64_t> calls;
  std::vector<std::shared_ptr<const emulator::EmulatedWeight>> weightOfCall;
};
} // namespace

static mlir::FailureOr<emulator::EmulatedProduct> prepareFromPtx(mlir::gpu::GPUModuleOp module,
                                                                 const GpuTarget &gpu,
                                                                 std::vector<KernelEntry> entries) {
  cuda_tools::GpuCodeOptions options;
  options.output = cuda_tools::GpuOutput::Ptx;
  auto code = cuda_tools::compileKernels(module, gpu, options);
  if (mlir::failed(code))
    return mlir::failure();
  auto prepared = emulator::EmulatedProduct::preparePtx(code->ptx, std::move(entries));
  if (!prepared)
    return module.emitError() << prepared.error().message();
  return *std::move(prepared);
}

mlir::FailureOr<emulator::EmulatedProduct>
EmulatedRunner::prepareKernels(mlir::gpu::GPUModuleOp module) const {
  auto entries = codegen::readKernelEntries(module);
  if (mlir::failed(entries))
    return mlir::failure();
  if (target.runsPtx)
    return prepareFromPtx(module, *target.gpus.front(), std::move(*entries));
  return emulator::EmulatedProduct::prepare(module, std::move(*entries));
}

Status EmulatedRunner::prepare(GpuProducts &products, const LoadedWeights &weights) {
  DiagnosticCollector diagnostics(products.module->getContext());
  for (const auto &kernels : products.kernels) {
    std::vector<emulator::EmulatedProduct> &ranges = kinds.emplace_back();
    for (mlir::gpu::GPUModuleOp module : kernels) {
      auto prepared = prepareKernels(module);
      if (mlir::failed(prepared))
        return diagnostics.takeError(ErrorKind::Unsupported, "the emulator refuses a kernel");
      ranges.push_back(std::move(*prepared));
    }
  }
  std::vector<std::shared_ptr<const emulator::EmulatedWeight>> bySlot(weights.size());
  for (const ProductCall &call : products.calls.calls) {
    auto &weight = bySlot[static_cast<size_t>(call.slot)];
    if (!weight) {
      UWT_ASSIGN_OR_RETURN(
          emulator::EmulatedWeight made,
          emulator::EmulatedWeight::make(*weights[static_cast<size_t>(call.slot)]));
      weight = std::make_shared<const emulator::EmulatedWeight>(std::move(made));
    }
    weightOfCall.push_back(weight);
    calls.push_back(call.kind);
  }
  return ok();
}

Status EmulatedRunner::run(size_t call, const emulator::EmulatedOperands &operands) {
  const std::vector<emulator::EmulatedProduct> &ranges = kinds[calls[call]];
  size_t chosen = 0;
  while (chosen + 1 < ranges.size() && operands.m > ranges[chosen].entries().back().mTo)
    ++chosen;
  UWT_RETURN_IF_ERROR(ranges[chosen].run(*weightOfCall[call], operands, target.ctas, options));
  return ok();
}

Expected<std::unique_ptr<ProductRunner>> ProductRunner::emulated(GpuProducts &products,
                                                                 const LoadedWeights &weights,
                                                                 const ProductTarget &target) {
  auto runner = std::make_unique<EmulatedRunner>(target);
  UWT_RETURN_IF_ERROR(runner->prepare(products, weights));
  return std::unique_ptr<ProductRunner>(std::move(runner));
}
