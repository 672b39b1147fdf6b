//===- Inspect.cpp - uwt inspect ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "InspectPack.h"
#include "InspectReport.h"
#include "Paths.h"
#include "Progress.h"
#include "Text.h"
#include "uwt/Cuda/KernelPack.h"

using namespace uwt;

namespace {

class InspectCommand final : public Command {
public:
  std::string_view name() const override { return "inspect"; }
  std::string_view summary() const override {
    return "show sizes beside their bounds, exponents, escapes and formats";
  }
  std::string_view description() const override {
    return "Works on compressed and on plain safetensors: on plain ones it says what there is to "
           "save. Bits are per weight with everything counted; joint is the entropy of whole "
           "weights, exponent that of exponents with all other bits raw.\n\n"
           "--html writes one page that needs nothing else: tables, charts of sizes, exponent "
           "histograms, and where escapes lie.\n\n"
           "Of a pack of compiled GPU kernels it shows code objects and kernels, with --verbose "
           "also how each is launched and its arguments.";
  }
  std::vector<Example> examples() const override {
    return {{"uwt inspect model.safetensors", "What could be saved?"},
            {"uwt inspect model.uwt.safetensors --html model.html", "A page with charts"},
            {"uwt inspect model.uwt.safetensors --tensor lm_head.weight", "One tensor in full"},
            {"uwt inspect Llama-3.1-8B-uwt --headers-only", "Sizes and formats at once"},
            {"uwt inspect kernels.uwtpack -v", "Compiled GPU kernels"},
            {"uwt inspect model.uwt.safetensors --json | jq .total", "For a script"}};
  }
  std::vector<Option> options() override {
    Option in{"IN", "", "a safetensors file or a model folder, compressed or not, or a kernel pack",
              &input, ValueHint::Path};
    in.required = true;
    return {
        in,
        {"--tensor", "NAME", "everything about this tensor, or those whose names match a glob",
         &tensors},
        {"--headers-only", "", "do not read weights: no entropies and histograms", &headersOnly},
        {"--html", "FILE", "write a page with charts, or - for standard output", &html,
         ValueHint::Path},
        {"-f,--force", "", "overwrite an existing page", &force},
        threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  Status writePage(Session &session, const Inspection &inspection) const;

  std::string input;
  std::vector<std::string> tensors;
  std::optional<std::string> html;
  bool headersOnly = false, force = false;
  unsigned threads = 0;
};

} // namespace

Status InspectCommand::writePage(Session &session, const Inspection &inspection) const {
  std::string page = inspectionPage(inspection);
  if (*html == "-") {
    session.print(page);
    return success();
  }
  UWT_RETURN_IF_ERROR(writeWholeFile(*html, asBytes(page), force));
  session.note(*html + ": " + formatBytes(page.size()) + ", open it in a browser");
  return success();
}

Status InspectCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(checkInput(input));
  if (KernelPack::isPack(input)) {
    if (html || !tensors.empty())
      return usageError(input + ": a kernel pack has no tensors; leave out --html and --tensor");
    return inspectPack(session, input);
  }
  if (html && *html == "-" && session.wantsJson())
    return usageError("--json and --html - would both write to standard output; name a file");
  if (html && *html != "-")
    UWT_RETURN_IF_ERROR(checkOutput(input, *html, force));
  UWT_ASSIGN_OR_RETURN(Checkpoint model, Checkpoint::open(input));
  FactsRequest request;
  request.tensors = tensors;
  request.values = !headersOnly;
  ThreadPool pool(threads);
  Inspection inspection{input, &model, {}, !tensors.empty()};
  {
    Progress progress(session, "inspecting", factsBytes(model, request));
    UWT_ASSIGN_OR_RETURN(inspection.tensors,
                         collectFacts(model, request, pool, progress.function()));
  }
  if (html)
    UWT_RETURN_IF_ERROR(writePage(session, inspection));
  if (session.wantsJson())
    session.print(inspectionJson(inspection, 0, true) + "\n");
  else if (html || session.options().quiet)
    return success();
  else if (!tensors.empty())
    printDetails(session, inspection);
  else
    printInspection(session, inspection);
  return success();
}

std::unique_ptr<Command> uwt::makeInspectCommand() { return std::make_unique<InspectCommand>(); }
