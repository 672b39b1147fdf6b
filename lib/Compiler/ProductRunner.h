//===- ProductRunner.h - Runs the products of a program ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program whose products are kernels of a GPU calls back for each of them. Its tensors are in
// host memory: what a runner takes and gives is dense.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_PRODUCTRUNNER_H
#define UWT_LIB_COMPILER_PRODUCTRUNNER_H

#include "GpuProducts.h"
#include "uwt/Compiler/ProductTarget.h"
#include "uwt/Emulator/EmulatedProduct.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <mutex>

namespace uwt {

using LoadedWeights = std::vector<std::shared_ptr<const LoadedWeight>>;

/// Launches kernels, one call at a time.
class ProductRunner {
public:
  virtual ~ProductRunner() = default;
  /// Product `call` of the program.
  virtual Status run(size_t call, const emulator::EmulatedOperands &operands) = 0;

  /// By the emulator. `weights` go by slot. Emits diagnostics at what it does not know.
  static Expected<std::unique_ptr<ProductRunner>>
  emulated(GpuProducts &products, const LoadedWeights &weights, const ProductTarget &target);
  /// On the first GPU.
  static Expected<std::unique_ptr<ProductRunner>> onDevice(DeviceCode code,
                                                           const LoadedWeights &weights);
  /// Whether there is a GPU. Errors as those of CudaDriver::open().
  static Status checkDevice();
};

/// What the code of a program calls for its products.
class ProductContext {
public:
  explicit ProductContext(ProductCalls products) : products(std::move(products)) {}
  /// Before the first call.
  void setRunner(std::unique_ptr<ProductRunner> made) { runner = std::move(made); }

  /// Launches a product: `words` describe the selection, x, the extra operands and y.
  Status launch(size_t call, const int64_t *words);
  /// Begins a call of the program, which the lock keeps for itself.
  std::unique_lock<std::mutex> begin() { return std::unique_lock(mutex); }

private:
  const ProductShape &shapeOf(size_t call) const {
    return products.kinds[products.calls[call].kind];
  }
  /// A product with matrix `matrix` of the weight: number `entry` of x and y.
  Status launchMatrix(size_t call, uint64_t entry, uint64_t matrix, const int64_t *words);

  std::unique_ptr<ProductRunner> runner;
  ProductCalls products;
  std::mutex mutex;
};

} // namespace uwt

/// The runtime function of uwt/Codegen/GPU/Launches.h, called by compiled code. An error is that of
/// the call.
extern "C" void uwt_launch_product(void *context, int64_t call, int64_t words);

#endif // UWT_LIB_COMPILER_PRODUCTRUNNER_H
