//===- Compress.cpp - uwt compress ----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "CompressReport.h"
#include "FormatOption.h"
#include "text/Paths.h"
#include "text/Progress.h"
#include "text/Text.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class CompressCommand final : public Command {
public:
  std::string_view name() const override { return "compress"; }
  std::string_view summary() const override {
    return "compress a safetensors file or a model folder, bit for bit";
  }
  std::string_view description() const override;
  std::vector<command_line::Example> examples() const override;
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  Expected<CheckpointOptions> checkpointOptions() const;
  void warnOfIdleOptions(const Session &session, const CheckpointReport &report) const;
  void report(Session &session, const CompressOutcome &outcome) const;

  std::string input, format = "best-size", embeddings = "row_major";
  std::optional<std::string> output, cast, base, shard;
  std::vector<std::string> include, exclude, rowMajor, kMajor;
  bool sha256 = false, dryRun = false, force = false, keepConfig = false, dropDuplicates = false;
  bool incomplete = false;
  bool noVerify = false, estimate = false, castVectors = false;
  unsigned threads = 0;
};

} // namespace

std::string_view CompressCommand::description() const {
  return "IN is a .safetensors file or a folder as Hugging Face lays models out. 'uwt decompress' "
         "gives every file back byte for byte. Tensors that do not get smaller are stored "
         "unchanged.\n\n"
         "transformers and vLLM use the output where the Python package uwt is installed; other "
         "loaders cannot. Weight files in it are called *.uwt.safetensors, so that they do not "
         "find them: without the compressed tensors they would go on with random weights.\n\n"
         "What was written is decoded and compared with the source before a file gets its name; "
         "--no-verify leaves that out.\n\n"
         "--cast rounds no tensor of rank 0 or 1 (biases, norms, what routes to experts) unless "
         "--cast-vectors is given, nor any that --include and --exclude leave out, nor what "
         "quantised weights are made of: scales, zero points, tables. What was rounded is listed, "
         "with the number of different values that are left; each tensor with -v and --json.\n\n"
         "The table says how many bits are stored for a weight, and beside that the entropy: the "
         "fewest that a code for single weights needs. The entropy of exponents is the fewest "
         "where only exponents are coded and all other bits are stored as they are.\n\n"
         "With --base, tensors are compared with those of another model, and stored as differences "
         "if that is smaller. A tensor is found by its name, by the longest ending of that name "
         "which "
         "only one tensor has, or by what it holds if layers were moved. It may have more or fewer "
         "rows, and another type of floats. "
         "What is not stored so is listed with the reason; all of it with -v and --json. The "
         "output names that model by its file name and SHA-256; give it to 'uwt decompress' to "
         "have the file back.\n\n"
         "A folder is written beside OUT, as .NAME.uwt-partial, and gets its name when all files "
         "are complete: OUT is never a mixture. With -f a model that is there is replaced as a "
         "whole; its files that the new one does not have are removed and listed, others stay. "
         "A folder that an interrupted run has begun is continued: files that are complete are "
         "checked and skipped.\n\n"
         "With --shard, several machines compress one folder into one that they all see. Each is "
         "given the same options and compresses its shard of the weight files. Shards have about "
         "the same number of bytes, may be run at the same time and in any order, and again where "
         "one was killed: nothing is half-written, and what is complete is checked and skipped. "
         "When all are done, --shard finish writes everything else. The folder then has the bytes "
         "that one machine gives it.";
}

std::vector<command_line::Example> CompressCommand::examples() const {
  return {
      {"uwt compress model.safetensors", "One file, to model.uwt.safetensors"},
      {"uwt compress Llama-3.1-8B -o Llama-3.1-8B-uwt", "A model folder with all its files"},
      {"uwt compress model.safetensors --dry-run", "See what it would save, write nothing"},
      {"uwt compress Llama-3.1-8B --estimate",
       "The same in a moment, from samples: within about 1 %"},
      {"uwt compress model.safetensors --format fast -T 4", "Quicker to decode, on four threads"},
      {"uwt compress model.safetensors --format 'huffman<12,2>' --exclude '*embed*'",
       "A format of your choice, embeddings left alone"},
      {"uwt compress tuned.safetensors --base model.safetensors",
       "A fine-tune, as what it changed; equal weights take nothing"},
      {"uwt compress Llama-3.1-405B -o L-uwt --shard $SLURM_ARRAY_TASK_ID/64",
       "Of each task of Slurm's 'sbatch --array=0-63'"},
      {"uwt compress Llama-3.1-405B -o L-uwt --shard finish",
       "Of the job after it, 'sbatch --dependency=afterok:JOB'"},
      {"uwt compress model-fp32.safetensors --cast bf16 -o model-bf16.uwt.safetensors",
       "Round to BF16 first; prints what that loses"},
  };
}

std::vector<command_line::Option> CompressCommand::options() {
  command_line::Option in{"IN", "", "a .safetensors file or a model folder", &input,
                          command_line::ValueHint::Path};
  in.required = true;
  return {
      in,
      {"-o,--output", "OUT", "file or folder to write (default: see 'uwt help names')", &output,
       command_line::ValueHint::Path},
      {"--format", "FORMAT",
       "best-size, fast, smallest, or a format; see 'uwt help formats' "
       "(default: best-size)",
       &format, command_line::ValueHint::Format},
      {"--include", "GLOB", "compress only tensors whose names match; may be given again",
       &include},
      {"--exclude", "GLOB", "do not compress tensors whose names match; may be given again",
       &exclude},
      {"--base", "BASE",
       "store only what differs from this model, a file or folder, which 'uwt decompress' then "
       "needs",
       &base, command_line::ValueHint::Path},
      {"--cast",
       "TYPE",
       "round F32 and F16 tensors of rank 2 and more to BF16 first: 'uwt decompress' gives the "
       "rounded ones back",
       &cast,
       command_line::ValueHint::None,
       {"bf16"}},
      {"--cast-vectors", "", "with --cast, round tensors of rank 0 and 1 too: biases, norms",
       &castVectors},
      {"--embeddings",
       "LAYOUT",
       "how embeddings are stored: row_major reads single rows (default: row_major)",
       &embeddings,
       command_line::ValueHint::None,
       {"row_major", "fragment"}},
      {"--row-major", "GLOB", "store tensors whose names match by rows, as embeddings", &rowMajor},
      {"--k-major", "GLOB",
       "tensors whose names match are [inputs, outputs], as GPT-2's, not [outputs, inputs]",
       &kMajor},
      {"--sha256", "", "record SHA-256 of the originals; 'uwt verify' compares them", &sha256},
      {"--keep-config", "",
       "copy config.json unchanged: without a quantization_config that makes other loaders stop",
       &keepConfig},
      {"--incomplete", "", "compress a folder whose index names files that are not there",
       &incomplete},
      {"--drop-duplicates", "", "leave out weights in other file types (.bin, .onnx, ...)",
       &dropDuplicates},
      {"--shard", "I/N",
       "compress shard I (from 0) of N of a folder's weight files only; 'finish' does the rest "
       "when all are done",
       &shard},
      {"--no-verify", "", "do not compare what was written with the source", &noVerify},
      {"--dry-run", "", "do all the work but write nothing: exact sizes, time and memory", &dryRun},
      {"--estimate", "",
       "as --dry-run, but from samples: sizes within about 1 %, in much less time", &estimate},
      {"-f,--force", "", "overwrite existing outputs", &force},
      command_line::threadsOption(&threads),
  };
}

static Expected<PartOf> parseShard(std::string_view text) {
  auto part = parsePart(text, "--shard");
  if (!part || part->index >= part->count)
    return usageError("--shard takes I/N with I from 0 to N - 1, such as 0/8 for the first of "
                      "eight, or finish, got " +
                      inQuotes(text));
  return part;
}

Expected<CheckpointOptions> CompressCommand::checkpointOptions() const {
  CheckpointOptions options;
  UWT_ASSIGN_OR_RETURN(options.compress.format, parseFormatChoice(format));
  options.compress.include = include;
  options.compress.exclude = exclude;
  options.compress.rowMajor = rowMajor;
  options.compress.kMajor = kMajor;
  options.compress.rowMajorEmbeddings = embeddings == "row_major";
  options.compress.castToBF16 = cast.has_value();
  options.compress.castVectors = castVectors;
  if (castVectors && !cast)
    return usageError("--cast-vectors says what --cast rounds; give --cast bf16 too");
  if (base) {
    UWT_RETURN_IF_ERROR(checkWeights(*base));
    UWT_ASSIGN_OR_RETURN(options.compress.base, BaseModel::openHashed(*base, threads));
  }
  options.compress.sha256 = sha256;
  options.compress.overwrite = force;
  options.compress.dryRun = dryRun;
  options.compress.estimate = estimate;
  options.compress.verify = !noVerify;
  options.compress.threads = threads;
  options.dropDuplicates = dropDuplicates;
  options.incomplete = incomplete;
  options.keepConfig = keepConfig;
  options.finishShards = shard == "finish";
  if (shard && !options.finishShards) {
    UWT_ASSIGN_OR_RETURN(PartOf part, parseShard(*shard));
    options.shard = part.index;
    options.shardCount = part.count;
  }
  return options;
}

/// Warns of globs that no tensor's name matches: usually a typing error.
static void warnOfIdleGlobs(const Session &session, std::string_view option,
                            const std::vector<std::string> &globs, const CheckpointReport &report) {
  for (const std::string &glob : globs) {
    bool matches = false;
    for (const FileReport &file : report.weights)
      for (const TensorReport &tensor : file.tensors)
        matches = matches || matchesGlob(glob, tensor.name);
    bool wasSeen = report.weights.empty() || !report.weights.front().skipped;
    if (!matches && wasSeen)
      session.warn(std::string(option) + " " + inQuotes(glob) + " matches no tensor");
  }
}

/// Warns of a base model that was given in vain.
static void warnOfIdleBase(const Session &session, const std::string &base,
                           const CheckpointReport &report) {
  for (const FileReport &file : report.weights)
    for (const TensorReport &tensor : file.tensors)
      if (tensor.isDifference || file.skipped)
        return;
  session.warn("--base " + inQuotes(base) +
               " made nothing smaller: none of its tensors is like one of these");
}

void CompressCommand::warnOfIdleOptions(const Session &session,
                                        const CheckpointReport &report) const {
  if (base)
    warnOfIdleBase(session, *base, report);
  warnOfIdleGlobs(session, "--include", include, report);
  warnOfIdleGlobs(session, "--exclude", exclude, report);
  warnOfIdleGlobs(session, "--row-major", rowMajor, report);
  warnOfIdleGlobs(session, "--k-major", kMajor, report);
}

void CompressCommand::report(Session &session, const CompressOutcome &outcome) const {
  for (const std::string &warning : outcome.report.warnings)
    session.warn(warning);
  for (const std::string &note : outcome.report.notes)
    session.note("note: " + note);
  // What they are for may be in another shard.
  if (!shard)
    warnOfIdleOptions(session, outcome.report);
  if (session.wantsJson())
    printCompressJson(session, outcome);
  else if (!session.options().quiet)
    printCompressSummary(session, outcome);
}

Status CompressCommand::run(Session &session) {
  UWT_ASSIGN_OR_RETURN(CheckpointOptions options, checkpointOptions());
  options.compress.bounds = session.wantsJson() || !session.options().quiet;
  UWT_RETURN_IF_ERROR(checkWeights(input));
  std::string target = output.value_or("");
  if (!output) {
    UWT_ASSIGN_OR_RETURN(target, compressedName(input));
  }
  if (options.compress.writes())
    UWT_RETURN_IF_ERROR(checkOutput({input, base.value_or("")}, target, force));
  UWT_RETURN_IF_ERROR(keepQuantizedParts(input, options.compress));
  UWT_ASSIGN_OR_RETURN(uint64_t total, totalBytes(input, options));
  Progress progress(session, options.compress.writes() ? "compressing" : "measuring", total);
  options.compress.progress = progress.function();
  auto done = compress(input, target, options);
  CompressOutcome outcome;
  outcome.seconds = progress.finish();
  if (!done)
    return done.takeError();
  outcome.report = *std::move(done);
  outcome.input = input;
  outcome.output = target;
  outcome.format = format;
  outcome.shard = shard.value_or("");
  outcome.dryRun = !options.compress.writes();
  outcome.estimated = estimate;
  // Only told: whatever is wrong with the configuration, the tensors are compressed.
  std::optional<OpenedWeights> opened;
  if (options.compress.bounds)
    if (Expected<OpenedWeights> weights = OpenedWeights::open(input))
      opened = *std::move(weights);
  outcome.quantized = opened ? &opened->imported : nullptr;
  report(session, outcome);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeCompressCommand() {
  return std::make_unique<CompressCommand>();
}
