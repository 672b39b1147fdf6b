//===- KernelTesting.h - Products by kernels in tests -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_GPU_KERNELTESTING_H
#define UWT_TEST_UNIT_CODEGEN_GPU_KERNELTESTING_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "uwt/Codegen/GPU/KernelEntries.h"
#include "uwt/Codegen/GPU/WeightKernels.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Emulator/EmulatedProduct.h"
#include <random>

namespace uwt::test {

struct Shape {
  uint64_t rows, columns, m;

  bool operator==(const Shape &) const = default;
};

/// Small integers times powers of two: products and their sums are exact. One in `rarity` is far
/// larger than the others.
std::vector<uint16_t> drawExact(uint64_t count, uint32_t seed, uint32_t rarity);

/// `formats`, and of each registered codec of `rate` that none of them has, the examples which
/// kernels read: of fragments, in order, and with records for escapes.
std::vector<std::string> withOtherCodecs(std::vector<std::string> formats, Rate rate);

/// Of each registered codec, and of each packing that it has, the first example which kernels read.
std::vector<std::string> formatsOfEachCodec();

/// bf16 of small integers: products and their sums are exact.
std::vector<uint16_t> drawIntegers(uint64_t count, uint32_t seed);
/// bf16 mostly in a narrow range of exponents, one in `rarity` far outside of it.
std::vector<uint16_t> drawWeights(uint64_t count, uint32_t seed, uint32_t rarity);
/// x · Wᵀ of bf16 in f32, in order of k.
std::vector<float> exactProduct(const std::vector<uint16_t> &weights,
                                const std::vector<uint16_t> &x, const Shape &shape);

/// Overwrites one byte in `rarity` of a plane; 1 for all.
void damage(emulator::EmulatedMemory &plane, uint32_t rarity, std::mt19937 &random);

/// The kernels of one gpu.module, and what its attributes say of their launches.
struct KernelsWithEntries {
  mlir::gpu::GPUModuleOp module;
  std::vector<KernelEntry> entries;
};

/// The kernels of one transcode of a weight, or, `to` nothing, the one that gathers its rows.
class TranscodeModule {
public:
  TranscodeModule(const std::string &from, const std::string &to, uint64_t rows, uint64_t columns,
                  const std::string &element = "bf16");
  /// Builds the kernels, with their decoders; empty, or what went wrong.
  std::string prepare();
  const KernelsWithEntries &kernels() const { return built; }
  /// Runs kernel `number` with so many CTAs, from IR and, where that is due, from PTX on the same
  /// buffers. Errors: those of the emulator; Invalid (PTX writes other bits).
  Status launch(size_t number, uint32_t ctas, std::vector<emulator::EmulatedArgument> arguments,
                uint64_t seed) const;

private:
  std::string build();
  std::string emulate();
  std::string emulatePtx();

  bool isGather;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelsWithEntries built;
  std::vector<std::unique_ptr<emulator::EmulatedKernel>> ofIr, ofPtx;
};

/// What is pinned of a product's kernels (GpuPins), and their target.
struct KernelPins {
  unsigned tiles = 0, stages = 0, groups = 0, cluster = 0;
  std::optional<ProductStrategy> strategy = std::nullopt;
  std::optional<ProductInstruction> instruction = std::nullopt;
  /// Null for sm_90a.
  const GpuTarget *target = nullptr;
  /// Whether the product runs from PTX with sanitizers, too, where most do not.
  bool needsPtx = false;
  /// Whether what is not pinned is searched for, or what rules say.
  bool search = false;
  /// The type of x and of the weight.
  ElementType element = ElementType::BF16;
  /// Of a product by integers; 0 for one of floats.
  unsigned integerBits = 0;
  /// Whether slices of x are multiplied by matrices of a table's choice.
  bool grouped = false;

  bool operator==(const KernelPins &) const = default;
};

/// What the emulator runs: kernels as IR, or as the PTX that is made of them.
enum class FrontEnd { Ir, Ptx };

/// The kernels of one product of bf16 or f16 with f32 results. `run` runs them from both front
/// ends, and compares the bits.
class Product {
public:
  Product(const std::string &format, Shape shape, const KernelPins &pins);

  /// Builds the kernels, and makes them ready to run; empty, or what went wrong.
  std::string prepare();
  /// Builds the kernels, which do not run before `finish`.
  std::string build();
  Expected<std::vector<float>> run(const std::vector<uint16_t> &weights,
                                   const std::vector<uint16_t> &x, unsigned ctas,
                                   uint64_t seed) const;
  /// The weight as `run` gives it to kernels, of as many matrices as `weights` has, or with all
  /// panels as words.
  Expected<emulator::EmulatedWeight> load(const std::vector<uint16_t> &weights,
                                          bool asWords = false) const;
  /// `slices` is the table of a grouped product.
  Expected<std::vector<float>> run(const emulator::EmulatedWeight &weight,
                                   const std::vector<uint16_t> &x, unsigned ctas, uint64_t seed,
                                   const std::vector<int32_t> &slices = {}) const;
  /// Whether it runs from PTX, too.
  bool hasPtx() const { return usesPtx; }
  /// From one front end alone.
  Expected<std::vector<float>> runOne(FrontEnd frontEnd, const emulator::EmulatedWeight &weight,
                                      const std::vector<uint16_t> &x, unsigned ctas, uint64_t seed,
                                      const std::vector<int32_t> &slices = {}) const;
  /// Whether ptxas takes the kernels: it fails on spills and on serialised matrix instructions.
  bool assembles(const std::string &target);

  /// The kernels at lane level, to be changed by tests of mutations before `finish`.
  mlir::gpu::GPUModuleOp kernels() { return built.module; }
  const std::vector<KernelEntry> &entries() const { return built.entries; }
  /// Makes the kernels, changed or not, ready to run; empty, or what went wrong.
  std::string finish();
  /// The PTX of the kernels; texts that are changed go back by setPtx.
  const std::string &ptx() const { return ptxText; }
  std::string setPtx(const std::string &text);

private:
  std::string text() const;
  std::string finishPtx();
  /// Gives the product its strategy; empty, or what went wrong.
  std::string selectStrategy(const GpuTarget &target);

  std::string format;
  Shape shape;
  KernelPins pins;
  std::unique_ptr<mlir::MLIRContext> context;
  bool usesPtx;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelsWithEntries built;
  std::string ptxText;
  std::optional<emulator::EmulatedProduct> product, productOfPtx;
};

/// The product from words, ready to run, or null where it cannot be prepared. Formats have it in
/// common: it is compiled once.
const Product *rawTwin(const Shape &shape, const KernelPins &pins);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_GPU_KERNELTESTING_H
