//===- Verify.cpp - uwt verify --------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "Json.h"
#include "Paths.h"
#include "Progress.h"
#include "Text.h"
#include "uwt/Container/Checkpoint.h"

using namespace uwt;

namespace {

class VerifyCommand final : public Command {
public:
  std::string_view name() const override { return "verify"; }
  std::string_view summary() const override {
    return "find any changed bit, or any difference from the original";
  }
  std::string_view description() const override {
    return "Checks every byte of a compressed file or of each file of a compressed folder, and "
           "the originals' SHA-256 where they were recorded. With --against, decompresses in "
           "memory and compares with the original, byte for byte. What is wrong is listed, and "
           "the exit code is 1.";
  }
  std::vector<Example> examples() const override {
    return {{"uwt verify model.uwt.safetensors", "Is this file intact?"},
            {"uwt verify model.uwt.safetensors --against model.safetensors",
             "Does it give back this original?"},
            {"uwt verify Llama-3.1-8B-uwt --json", "A folder, for a script"}};
  }
  std::vector<Option> options() override {
    Option in{"IN", "", "a compressed file or folder", &input, ValueHint::Path};
    in.required = true;
    return {in,
            {"--against", "ORIGINAL", "compare with the original file or folder", &original,
             ValueHint::Path},
            {"--no-hashes", "", "do not compute recorded SHA-256, only checksums", &noHashes},
            threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  void printReport(Session &session, const VerifyReport &report, double seconds) const;
  void printReportJson(Session &session, const VerifyReport &report, double seconds) const;

  std::string input;
  std::optional<std::string> original;
  bool noHashes = false;
  unsigned threads = 0;
};

} // namespace

static std::string findingLine(const Finding &finding) {
  return printable((finding.where.empty() ? "" : finding.where + ": ") + finding.message);
}

void VerifyCommand::printReport(Session &session, const VerifyReport &report,
                                double seconds) const {
  for (const Finding &note : report.notes)
    session.note("note: " + findingLine(note));
  std::string text;
  for (const Finding &finding : report.findings)
    text += findingLine(finding) + "\n";
  if (report.passed() && !session.options().quiet)
    text += input + ": intact" + (original ? " and equal to " + *original : "") + ": " +
            plural(report.files, "file") + ", " + plural(report.tensors, "tensor") + " (" +
            formatCount(report.compressedTensors) + " compressed), " + formatBytes(report.bytes) +
            (report.hashes ? ", " + formatCount(report.hashes) + " SHA-256 compared" : "") +
            " in " + formatNumber(seconds, 2) + " s\n";
  session.print(text);
}

static Json findingsJson(const std::vector<Finding> &findings) {
  Json list = Json::array();
  for (const Finding &finding : findings)
    list.push_back({{"where", finding.where}, {"message", finding.message}});
  return list;
}

void VerifyCommand::printReportJson(Session &session, const VerifyReport &report,
                                    double seconds) const {
  Json result = schemaObject("verify");
  result["input"] = input;
  result["against"] = original ? Json(*original) : Json();
  result["passed"] = report.passed();
  result["files"] = report.files;
  result["tensors"] = report.tensors;
  result["compressed_tensors"] = report.compressedTensors;
  result["bytes"] = report.bytes;
  result["hashes"] = report.hashes;
  result["seconds"] = seconds;
  result["finding_count"] = report.findingCount;
  result["findings"] = findingsJson(report.findings);
  result["notes"] = findingsJson(report.notes);
  printJson(session, result);
}

Status VerifyCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(checkInput(input));
  if (original)
    UWT_RETURN_IF_ERROR(checkInput(*original));
  UWT_ASSIGN_OR_RETURN(uint64_t total, totalBytes(input));
  VerifyOptions options;
  options.hashes = !noHashes;
  options.threads = threads;
  Progress progress(session, "verifying", total);
  options.progress = progress.function();
  auto report = original ? verifyAgainst(input, *original, options) : verify(input, options);
  double seconds = progress.finish();
  if (!report)
    return report.takeError();
  if (session.wantsJson())
    printReportJson(session, *report, seconds);
  else
    printReport(session, *report, seconds);
  if (report->passed())
    return success();
  return Error(ErrorKind::Differs,
               input + ": " + plural(report->findingCount, "difference") + " found");
}

std::unique_ptr<Command> uwt::makeVerifyCommand() { return std::make_unique<VerifyCommand>(); }
