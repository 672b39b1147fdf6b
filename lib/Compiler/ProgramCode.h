//===- ProgramCode.h - A compiled module before it has weights --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code for a CPU and what a loader has to know of it. In an object file the latter is
// section `.uwt.program` (docs/embedding.md): the length of a text of JSON (u64, little-endian),
// the text, the planes of constants one after another, and the pack of kernels for a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_PROGRAMCODE_H
#define UWT_LIB_COMPILER_PROGRAMCODE_H

#include "ProductCalls.h"
#include "uwt/Compiler/Program.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Runtime/WeightStore.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"

namespace uwt {

/// A weight that code of the program computes from tensors of a container.
struct DerivedWeight {
  /// Its index among the weights.
  size_t slot = 0;
  /// The function: tensors in, one tensor out; where `codes` is there, two or three
  /// (#uwt.derivation).
  Signature function;
  std::optional<Format> codes;
  /// Its arguments.
  std::vector<std::string> tensors;
  /// What its result is encoded as.
  TensorDescription description;
};

/// What the function of a derived weight gives: the weight, or codes, scales and zeros. Empty where
/// `codes` is there and the weight is no matrix.
std::vector<TensorSpec> resultsOf(const DerivedWeight &weight);

/// A weight that is a constant of the module.
struct ConstantWeight {
  size_t slot = 0;
  TensorDescription description;
  /// Its views lie in the module, or in the object that was read.
  ConstantPlanes planes;
};

/// A weight that a file has.
struct StoredWeight {
  size_t slot = 0;
  WeightRequest request;
};

struct ProgramCode {
  /// Name of the CPU target.
  std::string target;
  std::vector<Signature> functions;
  /// Entries of the table of weights; each is in one of the lists.
  size_t slots = 0;
  std::vector<StoredWeight> stored;
  std::vector<ConstantWeight> constants;
  std::vector<DerivedWeight> derived;
  /// Where products are kernels of a GPU.
  std::optional<DeviceCode> device;
  std::vector<std::string> remarks;
  /// Object files, to be linked together; the description is in the first.
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;

  uint64_t codeBytes() const;
};

/// Adds all but the object to `module`, as a section of the object that it will become.
void embedDescription(const ProgramCode &code, llvm::Module &module);

/// The objects as one file: an object, or an archive of several.
std::string packObjects(const ProgramCode &code);

/// The code in a file of packObjects(), with what embedDescription() has put into it. Errors:
/// Invalid (no object with a program), Unsupported (one of another version).
Expected<ProgramCode> readProgramCode(llvm::MemoryBufferRef file);

} // namespace uwt

#endif // UWT_LIB_COMPILER_PROGRAMCODE_H
