//===- CompilerModule.h - The compiler, loaded when it is needed -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libMLIR and libLLVM take longer to load than most commands run. So the commands that compile
// find the compiler in a shared module beside the tool, libUWTCompilerTool.so, through
// this interface. It passes values only: dtypes by name, tensors as bytes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_COMPILERMODULE_H
#define UWT_TOOLS_UWT_COMPILERMODULE_H

#include "uwt/Compiler/CompileOptions.h"
#include "uwt/CostModel/FormatCost.h"
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace uwt::tool {

/// A tensor that a compiled function takes or gives; -1 is a size that calls choose.
struct ToolSpec {
  std::string dtype;
  std::vector<int64_t> shape;
};

struct ToolSignature {
  std::string name;
  std::vector<ToolSpec> inputs, outputs;
};

/// A dense row-major tensor.
struct ToolTensor {
  std::string dtype;
  std::vector<uint64_t> shape;
  std::span<const uint8_t> bytes;
};
struct ToolResult {
  std::string dtype;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> bytes;
};

/// What a compilation took and gave: CompileStats by value.
struct ToolStats {
  std::vector<std::pair<std::string, double>> stages, passes;
  uint64_t codeBytes = 0, weights = 0, weightBytes = 0, rawWeightBytes = 0;
  /// "off", "miss" or "hit".
  std::string cache;
  std::vector<std::string> remarks, notes;
};

/// Options of a compilation, and the text of the strategy, which the compiler parses.
struct ToolCompileOptions : CompileOptions {
  std::string strategyText;
  /// The folder of compileText(), or empty; one that cannot be used is an error where it is
  /// `requiredCache`.
  std::string cacheFolder;
  bool requiredCache = false;
};

/// A compiled module.
class ToolProgram {
public:
  virtual ~ToolProgram() = default;
  virtual const ToolStats &stats() const = 0;
  virtual Expected<ToolSignature> find(const std::string &function) const = 0;
  /// Calls `function`; with `repeats`, that many times more for their times, in seconds.
  virtual Expected<std::vector<ToolResult>> run(const std::string &function,
                                                std::span<const ToolTensor> inputs,
                                                unsigned threads, unsigned repeats,
                                                std::vector<double> &seconds) const = 0;
};

class CompilerModule {
public:
  virtual ~CompilerModule() = default;
  /// `onStage` is told of stages as StageFunction says.
  virtual Expected<std::unique_ptr<ToolProgram>>
  compile(std::string_view text, const std::string &path, const ToolCompileOptions &options,
          unsigned threads, const std::function<bool(std::string_view)> &onStage) const = 0;
  virtual Expected<std::string> emit(std::string_view text, const std::string &path,
                                     const ToolCompileOptions &options, EmitKind kind,
                                     ToolStats &stats) const = 0;
  /// The path of "ptxas" or "nvdisasm", or an error that says how to get it.
  virtual Expected<std::string> findCudaTool(const std::string &program) const = 0;
  /// What the cost model needs to know about a bf16 format that products run from.
  virtual Expected<FormatCost> formatCost(const std::string &format) const = 0;
};

/// The compiler, or an Unsupported error that says where it was looked for.
Expected<const CompilerModule *> loadCompiler();

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_COMPILERMODULE_H
