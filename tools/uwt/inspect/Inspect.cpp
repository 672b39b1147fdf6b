//===- Inspect.cpp - uwt inspect ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Command.h"
#include "../QuantizedReport.h"
#include "../text/Paths.h"
#include "../text/Progress.h"
#include "../text/Text.h"
#include "InspectPack.h"
#include "InspectReport.h"
#include "uwt/Pack/KernelPack.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class InspectCommand final : public Command {
public:
  std::string_view name() const override { return "inspect"; }
  std::string_view summary() const override {
    return "show what each tensor takes, and how small it could be";
  }
  std::string_view description() const override {
    return "Works on compressed and on plain safetensors: of plain ones it says how much smaller "
           "they could be. Bits are those stored for a weight, with everything counted. Entropy is "
           "the fewest bits that a code for single weights needs; of exponents, the fewest where "
           "only exponents are coded and all other bits are stored as they are. What each part "
           "of the coding saves is said below the table: of tensors that are coded, the difference "
           "between words and these entropies, and between entropy and what is stored. Of a "
           "quantised model (GPTQ, AWQ, compressed-tensors, FP8, NVFP4, MXFP4, bitsandbytes, HQQ, "
           "torchao, Marlin) it "
           "says which tensors are a weight together, and as what; --tensor also takes the name of "
           "such a weight, and shows its codes, scales, zero points and the groups whose scales "
           "stand out.\n\n"
           "A table that is wider than the terminal loses columns and the middle of long names. "
           "Into a pipe, or with --verbose, everything is printed. A model with thousands of "
           "tensors is best seen with --summary.\n\n"
           "--html writes one page that needs nothing else: tables, charts of sizes, histograms "
           "of exponents, of codes and of scales, and where weights with rare exponents lie.\n\n"
           "Of a GGUF or ONNX file it shows the kinds of weights that it has, with --tensor each "
           "of them.\n\n"
           "Of a pack of compiled GPU kernels it shows code objects and kernels, with --verbose "
           "also how each is launched and its arguments.";
  }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt inspect model.safetensors", "What could be saved?"},
            {"uwt inspect model.uwt.safetensors --html model.html", "A page with charts"},
            {"uwt inspect model.uwt.safetensors --tensor lm_head.weight", "One tensor in full"},
            {"uwt inspect Llama-3.1-8B-uwt --summary", "A large model on one screen"},
            {"uwt inspect Llama-3.1-8B-uwt --headers-only", "Sizes and formats at once"},
            {"uwt inspect Qwen3-8B-AWQ --tensor '*.layers.0.mlp.*.weight'", "Codes and scales"},
            {"uwt inspect kernels.uwtpack -v", "Compiled GPU kernels"},
            {"uwt inspect model.uwt.safetensors --json | jq .total", "For a script"}};
  }
  std::vector<command_line::Option> options() override {
    command_line::Option in{"IN", "",
                            "a safetensors file or a model folder, compressed or not, a GGUF or "
                            "ONNX file, or a kernel pack",
                            &input, command_line::ValueHint::Path};
    in.required = true;
    return {in,
            {"--tensor", "NAME",
             "everything about this tensor or quantised weight, or those whose names match a glob",
             &tensors},
            {"--summary", "", "a line for each kind of tensor: names with their numbers left out",
             &byRole},
            {"--by-layer", "", "a line for each layer", &byLayer},
            {"--headers-only", "", "read no weights: at once, but without entropies and histograms",
             &headersOnly},
            {"--html", "FILE", "write a page with charts, or - for standard output", &html,
             command_line::ValueHint::Path},
            {"-f,--force", "", "overwrite an existing page", &force},
            command_line::threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  Status inspectWeightFile(Session &session, std::string_view kind) const;
  std::vector<const ImportedWeight *> wantedWeights(const ImportedWeights &weights) const;
  std::vector<std::string> namesOfTensors(std::span<const Container *const> files,
                                          std::span<const ImportedWeight *const> weights) const;
  Status writePage(Session &session, const Inspection &inspection) const;
  void printText(Session &session, const Inspection &inspection) const;

  std::string input;
  std::vector<std::string> tensors;
  std::optional<std::string> html;
  bool headersOnly = false, byRole = false, byLayer = false, force = false;
  unsigned threads = 0;
};

} // namespace

Status InspectCommand::writePage(Session &session, const Inspection &inspection) const {
  std::string page = inspectionPage(inspection);
  if (*html == "-") {
    session.write(page);
    return ok();
  }
  UWT_RETURN_IF_ERROR(writeWholeFile(*html, asBytes(page), force, {}, modeWithin({&input, 1})));
  session.note(*html + ": " + formatBytes(page.size()) + ", open it in a browser");
  return ok();
}

void InspectCommand::printText(Session &session, const Inspection &inspection) const {
  if (byRole)
    printSummary(session, inspection, SummaryBy::Role);
  else if (byLayer)
    printSummary(session, inspection, SummaryBy::Layer);
  else if (inspection.isShard)
    printDetails(session, inspection);
  else
    printInspection(session, inspection);
}

/// Those that --tensor asks for, or all of them by one name each.
std::vector<const ImportedWeight *>
InspectCommand::wantedWeights(const ImportedWeights &weights) const {
  std::vector<const ImportedWeight *> wanted;
  for (const auto &[name, weight] : weights.all())
    if (tensors.empty() ? !weight.isAlias : isWanted(tensors, name))
      wanted.push_back(&weight);
  return wanted;
}

/// What --tensor says but for names and globs of quantised weights alone.
std::vector<std::string>
InspectCommand::namesOfTensors(std::span<const Container *const> files,
                               std::span<const ImportedWeight *const> weights) const {
  std::vector<std::string> names;
  for (const std::string &name : tensors) {
    auto isMeant = [&](const std::string &other) { return isWanted({&name, 1}, other); };
    bool isTensor = std::ranges::any_of(files, [&](const Container *file) {
      return std::ranges::any_of(file->entries(), isMeant, &TensorEntry::name);
    });
    if (isTensor || std::ranges::none_of(weights, isMeant, &ImportedWeight::name))
      names.push_back(name);
  }
  return names;
}

/// All weight files, by path.
static std::vector<const Container *> filesOf(const Checkpoint &model,
                                              const std::vector<Container> &others) {
  std::vector<const Container *> files;
  for (const auto *some : {&model.files(), &others})
    for (const Container &file : *some)
      files.push_back(&file);
  std::ranges::sort(files, {},
                    [](const Container *file) -> const std::string & { return file->path(); });
  return files;
}

Status InspectCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(checkInput(input));
  if (KernelPack::isPack(input)) {
    if (html || !tensors.empty())
      return usageError(input + ": a kernel pack has no tensors; leave out --html and --tensor");
    return inspectPack(session, input);
  }
  if (std::optional<std::string_view> kind = ImportedWeights::fileKind(input))
    return inspectWeightFile(session, *kind);
  if (byRole && byLayer)
    return usageError("--summary and --by-layer say different things; give one of them");
  if (html && *html == "-" && session.wantsJson())
    return usageError("--json and --html - would both write to standard output; name a file");
  if (html && *html != "-")
    UWT_RETURN_IF_ERROR(checkOutput({input}, *html, force, "--html"));
  UWT_RETURN_IF_ERROR(checkWeights(input));
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(input));
  const Checkpoint &model = opened.checkpoint;
  UWT_ASSIGN_OR_RETURN(std::vector<Container> others, model.openOthers());
  std::vector<const Container *> files = filesOf(model, others);
  FactsRequest request;
  request.values = !headersOnly;
  ThreadPool pool(threads);
  Inspection inspection{input, &model, files, &opened.imported, {}, {}, !tensors.empty()};
  std::vector<const ImportedWeight *> weights = wantedWeights(opened.imported);
  request.tensors = namesOfTensors(files, weights);
  if (tensors.empty() || !request.tensors.empty()) {
    Progress progress(session, "inspecting", factsBytes(files, request));
    UWT_ASSIGN_OR_RETURN(inspection.tensors,
                         collectFacts(files, model, request, pool, progress.function()));
  }
  if (!headersOnly && (html || session.wantsJson() || !tensors.empty())) {
    UWT_ASSIGN_OR_RETURN(inspection.quantizedFacts, collectQuantizedFacts(weights, pool));
  }
  if (html)
    UWT_RETURN_IF_ERROR(writePage(session, inspection));
  if (session.wantsJson()) {
    writeInspectionJson(inspection, 0, true, [&](std::string_view text) { session.write(text); });
    session.print("\n");
  } else if (!html && !session.options().quiet) {
    printText(session, inspection);
  }
  return ok();
}

/// Of a file that has weights alone.
Status InspectCommand::inspectWeightFile(Session &session, std::string_view kind) const {
  if (html || byRole || byLayer)
    return usageError(input + ": of " + (kind == "ONNX" ? "an " : "a ") + std::string(kind) +
                      " file the kinds of its weights are shown; leave out --html, --summary and "
                      "--by-layer");
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(input));
  const ImportedWeights &weights = opened.imported;
  std::vector<QuantizedFacts> facts;
  if (!tensors.empty()) {
    std::vector<const ImportedWeight *> wanted = wantedWeights(weights);
    if (wanted.empty())
      return usageError(input + ": no weight's name matches " + tensors.front());
    ThreadPool pool(threads);
    UWT_ASSIGN_OR_RETURN(facts, collectQuantizedFacts(wanted, pool));
  }
  std::vector<QuantizedGroup> groups = quantizedGroups(weights, {});
  uint64_t count = 0, bytes = 0;
  for (const QuantizedGroup &group : groups) {
    count += group.weights;
    bytes += group.bytes;
  }
  if (session.wantsJson()) {
    Json result = schemaObject("inspect");
    result["path"] = input;
    result["total"] = {{"tensors", count}, {"bytes", bytes}};
    result["quantized"] = quantizedGroupsJson(weights, {});
    if (!facts.empty())
      result["weights"] = quantizedWeightsJson(weights, facts);
    printJson(session, result);
  } else if (!facts.empty()) {
    std::string text;
    for (const QuantizedFacts &one : facts)
      text += (text.empty() ? "" : "\n") + quantizedDetailText(one);
    session.print(text);
  } else if (!session.options().quiet) {
    session.print(session.wrapped(printable(input) + ": " + std::string(kind) + ", " +
                                  plural(count, "tensor") + ", " + formatBytes(bytes) + "\n" +
                                  quantizedText(weights, {})));
  }
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeInspectCommand() {
  return std::make_unique<InspectCommand>();
}
