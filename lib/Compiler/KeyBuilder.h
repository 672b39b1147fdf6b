//===- KeyBuilder.h - What programs are found by ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_KEYBUILDER_H
#define UWT_LIB_COMPILER_KEYBUILDER_H

#include "uwt/Compiler/CompileOptions.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Support/Checksum.h"

namespace uwt {

/// A digest of several texts, each with its length.
class KeyBuilder {
public:
  void add(std::string_view text) {
    addNumber(text.size());
    digest.update({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  }
  void addNumber(uint64_t number) {
    digest.update({reinterpret_cast<const uint8_t *>(&number), sizeof(number)});
  }
  /// The builds of the compiler and of the libraries that it generates code with. False where they
  /// are not known.
  bool addCompiler();
  /// The file of a tool of CUDA. False where there is none.
  bool addTool(cuda_tools::CudaTool tool);
  /// All but the files of weights.
  void addOptions(const CompileOptions &options);
  /// 64 hexadecimal digits. The builder is used up afterwards.
  std::string str() { return digest.hexDigest(); }

private:
  Sha256Stream digest;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_KEYBUILDER_H
