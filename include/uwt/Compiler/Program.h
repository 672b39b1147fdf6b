//===- Program.h - Compiled code with its weights ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled module in memory: its functions, what tensors they take and give, and the
// weights that they read. Does not know MLIR, so a program that embeds UWT sees
// LLVM's headers only where it builds IR.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PROGRAM_H
#define UWT_COMPILER_PROGRAM_H

#include "uwt/Container/Safetensors.h"
#include "uwt/Support/Error.h"
#include "uwt/Support/Parallel.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uwt {

/// A size of a TensorSpec that is known when the function is called.
inline constexpr int64_t dynamicSize = -1;

/// Element type and sizes of a tensor that a function takes or gives.
struct TensorSpec {
  const SafetensorsDtype *dtype = nullptr;
  std::vector<int64_t> shape;
  /// Of a weight, which a function takes as an image (WeightImage.h), the image's format; empty for
  /// dense tensors. Sizes of a weight are known.
  std::string format = {};

  bool isWeight() const { return !format.empty(); }
  bool operator==(const TensorSpec &) const = default;
  /// "BF16 ? x 384", "F32 scalar", "BF16 64 x 384 as inplace<12>".
  std::string str() const;
};

/// A function that can be called from outside.
struct Signature {
  std::string name;
  std::vector<TensorSpec> inputs, outputs;
  /// Pairs of (input, dimension) whose sizes have to be equal, because the function joins them.
  struct EqualSizes {
    unsigned input, dimension, otherInput, otherDimension;
  };
  std::vector<EqualSizes> equalSizes;
  /// Why it cannot be called, or empty: it takes what is no tensor.
  std::string obstacle;
};

/// A tensor of the caller's. Its bytes are read while run() runs. An image of a weight is one of
/// U8, dense, at a multiple of 64 bytes.
struct TensorView {
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  const void *data = nullptr;
  /// Steps from index to index along each dimension, in elements, of any sign; empty for dense
  /// row-major tensors. Others are copied.
  std::vector<int64_t> strides = {};
};

/// A tensor that a function has given: dense, row-major, in memory of its own.
class TensorResult {
public:
  /// Takes memory of uwt_allocate; its tensor begins at `data`, inside of it.
  TensorResult(const SafetensorsDtype *dtype, std::vector<uint64_t> shape, size_t bytes,
               void *memory, void *data);
  TensorResult(TensorResult &&other) noexcept;
  TensorResult &operator=(TensorResult &&other) noexcept;
  ~TensorResult();

  const SafetensorsDtype *dtype() const { return type; }
  const std::vector<uint64_t> &shape() const { return sizes; }
  std::span<uint8_t> bytes() { return {first, count}; }
  std::span<const uint8_t> bytes() const { return {first, count}; }

private:
  const SafetensorsDtype *type;
  std::vector<uint64_t> sizes;
  void *memory = nullptr;
  uint8_t *first = nullptr;
  size_t count = 0;
};

/// Is told the name of each stage of a compilation when it begins, on the thread that compiles.
/// Where it returns false, the compilation ends with an Interrupted error.
using StageFunction = std::function<bool(std::string_view stage)>;

/// How long a stage took, in seconds.
using StageTime = std::pair<std::string, double>;

/// Whether a program came from a folder of compiled code.
enum class CacheUse { Off, Miss, Hit };

/// What compiling a module took and gave.
struct CompileStats {
  /// In the order in which they ran, by the names that a StageFunction is told.
  std::vector<StageTime> stages;
  /// The pipeline's passes, each summed over its runs and threads, in the order of their first run.
  std::vector<StageTime> passes;
  uint64_t codeBytes = 0;
  /// Weights that the code reads, and the bytes that they take in memory.
  uint64_t weights = 0, weightBytes = 0;
  /// Bytes of the tensors that these weights come from, uncompressed and each one once.
  uint64_t rawWeightBytes = 0;
  CacheUse cache = CacheUse::Off;
  /// Remarks of the compiler: strategies with their predicted terms.
  std::vector<std::string> remarks;
  /// What a user should know without asking: machine code that could not be checked.
  std::vector<std::string> notes;

  double seconds() const;
};

/// Compiled functions and what they need. Immutable: run() may be called from several threads
/// at a time.
class Program {
public:
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;
  ~Program();

  /// Functions in the order of the module.
  std::span<const Signature> functions() const;
  /// The function of that name, or with an empty name the only one, or `main`. A usage error for
  /// others.
  Expected<const Signature *> find(std::string_view name) const;
  const CompileStats &stats() const;

  /// Calls a function of this program; parallel loops run on the threads of `pool`, or without one
  /// on the caller's alone. Results have the same bits for any number of threads. Errors: Usage
  /// (tensors that do not fit the signature); Invalid, with the location in the module, where an
  /// operation cannot take the sizes or numbers that it meets (an index outside of its tensor, a
  /// division by zero, a cf.assert); IO where memory is out; what the emulator or a GPU says of
  /// products that run there. Such programs make one call at a time. A call that failed leaves
  /// nothing behind. Of images of weights only the header is checked: compiled code follows what
  /// WeightImage has made, or checked.
  Expected<std::vector<TensorResult>> run(const Signature &function,
                                          std::span<const TensorView> inputs,
                                          ThreadPool *pool = nullptr) const;

  struct State;
  explicit Program(std::unique_ptr<State> state);

private:
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_COMPILER_PROGRAM_H
