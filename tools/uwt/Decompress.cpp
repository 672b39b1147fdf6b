//===- Decompress.cpp - uwt decompress ------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Progress.h"
#include "text/Text.h"
#include "uwt/Container/BaseModel.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class DecompressCommand final : public Command {
public:
  std::string_view name() const override { return "decompress"; }
  std::string_view summary() const override {
    return "give back the original file or folder, byte for byte";
  }
  std::string_view description() const override {
    return "Checksums are verified first: what is written is what was compressed, or the command "
           "fails and writes nothing. Files get the permissions that they had.\n\n"
           "A folder is put in place as a whole when all its files are complete. With -f it "
           "replaces a model that is there; without, weights of another model in OUT are an "
           "error.\n\n"
           "A fine-tune that was compressed with --base needs that model again: without it, the "
           "error "
           "says which.\n\n"
           "A small file can be made to stand for a great many bytes: give --max-bytes for files "
           "that come from strangers.";
  }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt decompress model.uwt.safetensors", "One file, to model.safetensors"},
            {"uwt decompress model.uwt.safetensors -o again.safetensors", "To another name"},
            {"uwt decompress Llama-3.1-8B-uwt -o plain", "A folder with all its files"}};
  }
  std::vector<command_line::Option> options() override {
    command_line::Option in{"IN", "", "a compressed file or folder", &input,
                            command_line::ValueHint::Path};
    in.required = true;
    return {in,
            {"-o,--output", "OUT", "file or folder to write (default: see 'uwt help names')",
             &output, command_line::ValueHint::Path},
            {"--base", "BASE", "the model that a file was compressed against with --base", &base,
             command_line::ValueHint::Path},
            {"--max-bytes", "N", "refuse what would become more than N bytes in all", &maxBytes},
            {"--no-check", "", "do not verify checksums", &noCheck},
            {"-f,--force", "", "overwrite existing outputs", &force},
            command_line::threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  void report(Session &session, const CheckpointReport &done, const std::string &target,
              double seconds) const;

  std::string input;
  std::optional<std::string> output, maxBytes, base;
  bool force = false, noCheck = false;
  unsigned threads = 0;
};

} // namespace

void DecompressCommand::report(Session &session, const CheckpointReport &done,
                               const std::string &target, double seconds) const {
  if (session.wantsJson()) {
    Json result = schemaObject("decompress");
    result["input"] = input;
    result["output"] = target;
    result["seconds"] = seconds;
    result["input_bytes"] = done.inputBytes;
    result["output_bytes"] = done.outputBytes;
    result["files"] = Json::array();
    for (const FileReport &file : done.weights)
      result["files"].push_back({{"input", file.input},
                                 {"output", file.output},
                                 {"input_bytes", file.inputBytes},
                                 {"output_bytes", file.outputBytes},
                                 {"skipped", file.skipped}});
    result["carried"] = done.carried;
    result["rewritten"] = done.rewritten;
    result["removed"] = done.removed;
    printJson(session, result);
    return;
  }
  if (session.options().quiet)
    return;
  // A file that was there is gone: its name is said in full.
  for (const std::string &path : done.removed)
    session.print("removed, of the model that was replaced: " + printable(path) + "\n");
  double rate = seconds > 0 ? static_cast<double>(done.outputBytes) / seconds : 0;
  session.print(printable(input) + " -> " + printable(target) + ": " +
                formatBytes(done.inputBytes) + " -> " + formatBytes(done.outputBytes) + " in " +
                formatNumber(seconds, 2) + " s, " + formatBytes(static_cast<uint64_t>(rate)) +
                "/s\n");
}

Status DecompressCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(checkWeights(input));
  std::string target = output.value_or("");
  if (!output) {
    UWT_ASSIGN_OR_RETURN(target, decompressedName(input));
  }
  UWT_RETURN_IF_ERROR(checkOutput({input, base.value_or("")}, target, force));
  UWT_ASSIGN_OR_RETURN(uint64_t total, totalBytes(input));
  DecompressOptions options;
  options.overwrite = force;
  options.check = !noCheck;
  options.threads = threads;
  if (base) {
    UWT_ASSIGN_OR_RETURN(options.base, BaseModel::open(*base));
  }
  if (maxBytes) {
    UWT_ASSIGN_OR_RETURN(options.maxBytes, command_line::parseNumber(*maxBytes, "--max-bytes"));
  }
  Progress progress(session, "decompressing", total);
  options.progress = progress.function();
  auto done = decompress(input, target, options);
  double seconds = progress.finish();
  if (!done)
    return done.takeError();
  for (const std::string &warning : done->warnings)
    session.warn(warning);
  report(session, *done, target, seconds);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeDecompressCommand() {
  return std::make_unique<DecompressCommand>();
}
