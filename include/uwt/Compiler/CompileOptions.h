//===- CompileOptions.h - What a compilation can be told --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values only, without MLIR, so that a tool can fill them in before it loads the compiler.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_COMPILEOPTIONS_H
#define UWT_COMPILER_COMPILEOPTIONS_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// How products are computed, where the cost model is not to choose. What is 0 or empty is its
/// pick.
struct StrategyChoice {
  /// `direct` or `buffer`, on CPUs with AMX also `tiles`, on GPUs `shared`, `codes` or `exponents`.
  std::string name;
  /// Of kernels for CPUs: `#uwt.strategy`.
  unsigned tileN = 0, tileM = 0, tileK = 0, prefetch = 0, readStreams = 0;

  bool operator==(const StrategyChoice &) const = default;
  /// Parses "direct", "buffer,tile_n=4,tile_m=4,tile_k=512": a strategy, then what is fixed of its
  /// tile (for CPUs; kernels for GPUs have the strategy alone).
  static Expected<StrategyChoice> parse(std::string_view text);
};

/// Kernels that a pack has for each weight of its module, beside those of products.
struct WeightKernelChoice {
  /// From dense rows to the weight's format, and back.
  bool encode = false, decode = false;
  /// Rows by their numbers; weights that the module gathers from have such kernels in any case.
  bool gather = false;

  bool operator==(const WeightKernelChoice &) const = default;
};

struct CompileOptions {
  /// Where the module runs, and its products: the text of a ProductTarget.
  std::string target = "native";
  /// Containers or model folders whose tensors the module's constants are bound to.
  std::vector<std::string> weights;
  /// The format that constants are compressed to and all products run from; without one constants
  /// become `inplace<12>` and the cost model picks. "raw" gives the raw twin: the same kernels,
  /// with the same bits, from uncompressed weights.
  std::optional<std::string> format;
  /// Constants with fewer elements stay as they are, and so, with `profit`, do those that do not
  /// get smaller. (The raw twin of a program has to leave the same ones alone.)
  int64_t minElements = 1024;
  bool profit = false;
  StrategyChoice strategy;
  /// The GPU that products are compiled for, or empty: what compile() finds in `target`.
  std::string gpu;
  /// emitCode() for GPUs: makes profiles of kernels that the table lacks, so that their formats are
  /// compared with others, and keeps them below this folder (empty: nowhere). Takes seconds each,
  /// ptxas and nvdisasm. Without, such formats are not compared, which remarks say.
  std::optional<std::string> profileFolder;
  /// A file of `uwt bench calibrate`, or empty for the target's own constants.
  std::string calibration;
  /// Threads that products are chosen for, and the usual m where only a call knows it; 0 means one
  /// a processor, and any.
  unsigned threads = 0, mHint = 0;
  /// Products by IEEE multiply-adds, the same bits on every target.
  bool exact = false;
  /// CPUs: products of quantised weights whose codes are integers are computed by integers of so
  /// many bits (2 to 8) that x is rounded to, with other bits than those of the weights' elements
  /// (docs/numerics.md); 0 for none. Remarks say which products have no such codes.
  unsigned integerBits = 0;
  /// CPUs: products run from the codes of quantised weights whose columns belong to groups in an
  /// order of their own, and add up columns group by group: other bits than those of the weights'
  /// elements in their own order (docs/quantised.md). Not together with a format.
  bool columnsByCell = false;
  /// Takes tensors of floats for the model's weights whatever its configuration says of how they
  /// are quantised (docs/quantised.md, section "What is not known").
  bool assumePlain = false;
  /// For GPUs: kernels are picked for the format of each product alone, which is faster by some
  /// percent; sums may then be in another order than those from other formats, raw ones too.
  bool ownFormat = false;
  /// emitCode() for GPUs.
  WeightKernelChoice weightKernels;
  /// emitCode() for GPUs: kernels are of grouped products, whose slices of x are multiplied by
  /// matrices that a table on the device names (docs/packs.md, launch-8).
  bool grouped = false;
  /// The level of LLVM's code generator, 0 to 3; its optimisations are left out at 0. Results have
  /// the same bits at all of them.
  unsigned optimisation = 3;
  /// Whether checksums of weights are verified when they are loaded.
  bool check = true;
  /// Takes modules as they are: bytecode, any dialect, calls of functions of the process,
  /// recursion. Such a module is as trusted as a program. Others are held to operations on tensors
  /// (docs/security.md).
  bool trustIr = false;
  /// Whether compiled code checks sizes and indices that only a call knows. Without, an index in
  /// an input can name any memory.
  bool runtimeChecks = true;

  bool operator==(const CompileOptions &) const = default;
};

/// What emitCode() gives.
enum class EmitKind {
  /// The module at tensor level: products fused, formats and strategies chosen.
  Mlir,
  /// LLVM IR after LLVM's own passes.
  Llvm,
  /// A relocatable object, or its assembly.
  Object,
  Assembly,
  /// Targets that are GPUs: kernels at lane level, PTX, the one code object that there is, a kernel
  /// pack, or what the machine code of kernels costs (JSON, docs/gpu-code.md).
  Kernels,
  Ptx,
  Cubin,
  Pack,
  Profiles,
  /// Times and sizes only; the text is empty.
  Nothing,
};

} // namespace uwt

#endif // UWT_COMPILER_COMPILEOPTIONS_H
