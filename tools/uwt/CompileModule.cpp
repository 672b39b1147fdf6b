//===- CompileModule.cpp - uwt compile ------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptionRows.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Text.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::tool;

namespace {

class CompileCommand final : public Command {
public:
  std::string_view name() const override { return "compile"; }
  std::string_view summary() const override {
    return "compile a module of linalg, and show what becomes of it";
  }
  std::string_view description() const override {
    return "IN is MLIR: linalg on tensors as torch-mlir and IREE's front ends write it, in text, "
           "or in bytecode with --trust-ir. A constant dense_resource<NAME> without data is bound "
           "to tensor NAME of --weights.\n\n"
           "--emit mlir shows fused products with their formats and strategies; llvm, asm and obj "
           "what is generated for them; stats how long each stage took. Remarks say why a strategy "
           "was picked (-v).\n\n"
           "With a GPU as --target products become kernels: kernels shows them in MLIR, ptx and "
           "cubin as code, profiles what their machine code costs; pack puts the code for one or "
           "more GPUs (sm_90a,sm_120a) into a file that programs without LLVM launch from.";
  }
  std::vector<command_line::Example> examples() const override {
    return {
        {"uwt compile model.mlir --weights model.uwt.safetensors", "Does it compile, how fast?"},
        {"uwt compile model.mlir --emit mlir", "Which products were fused?"},
        {"uwt compile model.mlir --target avx2 --emit asm -o model.s", "Code of another machine"},
        {"uwt compile model.mlir --emit obj -o model.o", "An object file"},
        {"uwt compile model.mlir --target sm_90a --emit pack -o model.pack", "Kernels for an H200"},
        {"uwt compile model.mlir --target sm_90a --emit pack --weight-kernels encode,gather -o "
         "model.pack",
         "Also kernels that make weights on the device, and gather their rows"}};
  }
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  Status write(Session &session, const std::string &code) const;
  Json report(const ToolStats &stats) const;

  std::string input, emit = "stats";
  std::optional<std::string> output, weightKernels;
  CompileOptionRows shared;
  bool grouped = false, force = false;
};

} // namespace

std::vector<command_line::Option> CompileCommand::options() {
  command_line::Option in{"IN", "", "a file of MLIR", &input, command_line::ValueHint::Path};
  in.required = true;
  std::vector<command_line::Option> rows = {
      in,
      {"--emit",
       "KIND",
       "what to show (default: stats)",
       &emit,
       command_line::ValueHint::None,
       {"mlir", "llvm", "asm", "obj", "kernels", "ptx", "cubin", "pack", "profiles", "stats"}},
      {"-o,--output", "OUT", "file to write (default: standard output)", &output,
       command_line::ValueHint::Path}};
  rows.push_back({"--weight-kernels", "LIST",
                  "what a pack has kernels for, of each weight, beside products: encode (from "
                  "dense rows on the device), decode (to them), gather (rows by ids)",
                  &weightKernels});
  rows.push_back({"--grouped", "",
                  "kernels of grouped products, such as those of experts: each slice of x is "
                  "multiplied by a matrix that a table on the device names; for packs",
                  &grouped});
  std::vector<command_line::Option> more = shared.rows();
  rows.insert(rows.end(), more.begin(), more.end());
  rows.push_back({"-f,--force", "", "overwrite an existing output", &force});
  return rows;
}

Status CompileCommand::write(Session &session, const std::string &code) const {
  if (output && *output != "-")
    return writeWholeFile(*output, asBytes(code), force, {}, modeWithin(shared.reads(input)));
  session.write(code);
  return ok();
}

Json CompileCommand::report(const ToolStats &stats) const {
  Json object = schemaObject("compile");
  object["input"] = input;
  for (const auto &[stage, seconds] : stats.stages)
    object["stages"][stage] = seconds;
  for (const auto &[pass, seconds] : stats.passes)
    object["passes"][pass] = seconds;
  object["code_bytes"] = stats.codeBytes;
  object["remarks"] = stats.remarks;
  object["notes"] = stats.notes;
  return object;
}

static EmitKind kindOf(const std::string &emit) {
  constexpr std::pair<std::string_view, EmitKind> kinds[] = {
      {"mlir", EmitKind::Mlir},       {"llvm", EmitKind::Llvm}, {"asm", EmitKind::Assembly},
      {"obj", EmitKind::Object},      {"ptx", EmitKind::Ptx},   {"cubin", EmitKind::Cubin},
      {"kernels", EmitKind::Kernels}, {"pack", EmitKind::Pack}, {"profiles", EmitKind::Profiles},
      {"stats", EmitKind::Nothing}};
  const auto *found = std::ranges::find(kinds, emit, [](const auto &kind) { return kind.first; });
  return found == std::end(kinds) ? EmitKind::Nothing : found->second;
}

static Expected<WeightKernelChoice> parseWeightKernels(std::string_view list) {
  WeightKernelChoice kernels;
  for (std::string_view rest = list; !rest.empty();) {
    std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name == "encode")
      kernels.encode = true;
    else if (name == "decode")
      kernels.decode = true;
    else if (name == "gather")
      kernels.gather = true;
    else
      return usageError("--weight-kernels: names encode, decode and gather, with commas between, "
                        "not " +
                        inQuotes(list));
  }
  return kernels;
}

/// Whether it is no text.
static bool isBinary(EmitKind kind) {
  return kind == EmitKind::Object || kind == EmitKind::Cubin || kind == EmitKind::Pack;
}

Status CompileCommand::run(Session &session) {
  EmitKind kind = kindOf(emit);
  bool toFile = output && *output != "-";
  if (kind == EmitKind::Nothing && output)
    return usageError("--emit stats writes no file; leave -o away, or say what to emit");
  if (isBinary(kind) && !toFile && session.outputIsTerminal())
    return usageError("a terminal cannot show what is no text; name a file with -o");
  if (session.wantsJson() && kind != EmitKind::Nothing && !toFile)
    return usageError("--json and the code would both write to standard output; name a file with "
                      "-o");
  UWT_ASSIGN_OR_RETURN(ToolCompileOptions options, shared.options(0));
  options.cacheFolder = programFolder();
  bool isOfKernels = kind == EmitKind::Pack || kind == EmitKind::Kernels || kind == EmitKind::Ptx;
  if ((weightKernels || grouped) && !isOfKernels)
    return usageError(std::string(weightKernels ? "--weight-kernels" : "--grouped") +
                      " is of kernels: emit a pack, kernels or ptx");
  options.grouped = grouped;
  if (weightKernels) {
    UWT_ASSIGN_OR_RETURN(options.weightKernels, parseWeightKernels(*weightKernels));
  }
  UWT_ASSIGN_OR_RETURN(std::string text, readModule(input));
  if (toFile)
    UWT_RETURN_IF_ERROR(checkOutput(shared.reads(input), *output, force));
  UWT_ASSIGN_OR_RETURN(const CompilerModule *compiler, loadCompiler());
  ToolStats stats;
  UWT_ASSIGN_OR_RETURN(std::string code, compiler->emit(text, input, options, kind, stats));
  for (const std::string &note : stats.notes)
    session.note(note);
  for (const std::string &remark : stats.remarks)
    session.detail(remark);
  if (kind != EmitKind::Nothing)
    UWT_RETURN_IF_ERROR(write(session, code));
  if (session.wantsJson())
    printJson(session, report(stats));
  else if (kind == EmitKind::Nothing)
    session.print(compileTable(session, stats) + "\n" + formatBytes(stats.codeBytes) +
                  " of code and data\n");
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeCompileCommand() {
  return std::make_unique<CompileCommand>();
}
