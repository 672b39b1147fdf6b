//===- RunInputs.h - Arguments of `uwt run` ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a safetensors file, or drawn at random.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_RUNINPUTS_H
#define UWT_TOOLS_UWT_RUNINPUTS_H

#include "Command.h"
#include "CompilerModule.h"
#include "text/Json.h"
#include "uwt/Container/Safetensors.h"

namespace uwt::tool {

class RunInputs {
public:
  /// The options that say where arguments come from.
  std::vector<command_line::Option> rows();
  /// Opens the file, and reads what the options say, before anything is compiled. `reads` are the
  /// other paths that the command reads, `output` is another file that it writes, or empty.
  Status open(std::vector<std::string> reads, const std::string &output, bool force);
  /// The paths that the command reads, the file of inputs among them.
  const std::vector<std::string> &reads() const { return allReads; }
  /// Arguments for `function`, which point into this object. A usage error where there is none for
  /// one of them, or an option names one that does not exist.
  Expected<std::vector<ToolTensor>> bind(const ToolSignature &function);
  /// After the arguments were used: an IO error where the file could not be read.
  Status checkRead() const { return file ? file->checkRead() : ok(); }
  /// Writes the arguments where `--save-inputs` says.
  Status save(bool force) const;
  /// Adds "inputs", and "seed" where one was drawn.
  void report(Json &object) const;

private:
  /// What `--range` says of an argument: values from `low`, below `high`.
  struct Range {
    double low, high;
  };
  struct Argument {
    std::string name;
    ToolTensor tensor;
    bool drawn = false;
    /// The bytes of a drawn one.
    std::vector<uint8_t> bytes;
  };
  const SafetensorsTensor *findInFile(const ToolSignature &function, size_t index) const;
  Status draw(Argument &argument, const ToolSpec &spec, const std::string &function, size_t index);
  Status checkNames(const ToolSignature &function) const;

  std::optional<std::string> input, saved;
  std::vector<std::string> allReads;
  bool random = false;
  unsigned seed = 1;
  std::vector<std::string> shapeTexts, rangeTexts;

  std::optional<SafetensorsFile> file;
  std::vector<std::pair<std::string, std::vector<uint64_t>>> shapes;
  std::vector<std::pair<std::string, Range>> ranges;
  std::vector<Argument> arguments;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_RUNINPUTS_H
