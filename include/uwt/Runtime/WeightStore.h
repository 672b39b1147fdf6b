//===- WeightStore.h - The weights of programs ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds tensors by name in files and folders, and loads them in the forms that programs
// run from. A tensor that several programs, or several slots of one, want in the same form is
// in memory once, for as long as one of them holds it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_WEIGHTSTORE_H
#define UWT_RUNTIME_WEIGHTSTORE_H

#include "uwt/Container/Checkpoint.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <memory>

namespace uwt {

/// What a slot of compiled code wants.
struct WeightRequest {
  std::string tensor;
  /// What the code was compiled for. The tensor has to have it: code reads it unchecked.
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  /// The format to run from, or nothing for the dense tensor.
  std::optional<Format> format;
};

/// Open weight files and what is loaded from them. Thread-safe.
class WeightStore {
public:
  /// Opens files and folders; where a name is in several, the first one counts. Errors: IO,
  /// Invalid, Unsupported, with the path in front; Usage for a folder without weights.
  static Expected<WeightStore> open(std::span<const std::string> paths,
                                    const ReadOptions &options = {});
  WeightStore(WeightStore &&) noexcept;
  WeightStore &operator=(WeightStore &&) noexcept;
  ~WeightStore();

  /// A reader of the tensor of that name, or a usage error with the files and a suggestion.
  Expected<TensorReader> find(std::string_view tensor) const;

  /// Loads what is not loaded yet, on the threads of `pool`; results in the order of `requests`.
  /// Errors, with the tensor's name in front: Usage (no such tensor; another dtype or shape; a
  /// format that does not fit), Invalid (damage).
  Expected<std::vector<std::shared_ptr<const LoadedWeight>>>
  load(std::span<const WeightRequest> requests, ThreadPool &pool);

  /// Bytes of what is loaded and still held.
  uint64_t loadedBytes() const;

private:
  struct State;
  explicit WeightStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_RUNTIME_WEIGHTSTORE_H
