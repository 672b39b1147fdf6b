//===- Verify.cpp - uwt verify --------------------------------------------===//
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
           "the exit code is 1.\n\n"
           "Checksums find damage; they do not say who made a file. --decode also decodes every "
           "tensor, which a file that was made to deceive need not survive.\n\n"
           "Plain safetensors has no checksums. Such a file is called unverifiable, and exit code "
           "0 then says only that its structure is sound.";
  }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt verify model.uwt.safetensors", "Is this file intact?"},
            {"uwt verify model.uwt.safetensors --against model.safetensors",
             "Does it give back this original?"},
            {"uwt verify Llama-3.1-8B-uwt --json", "A folder, for a script"}};
  }
  std::vector<command_line::Option> options() override {
    command_line::Option in{"IN", "", "a compressed file or folder", &input,
                            command_line::ValueHint::Path};
    in.required = true;
    return {in,
            {"--against", "ORIGINAL", "compare with the original file or folder", &original,
             command_line::ValueHint::Path},
            {"--base", "BASE", "the model that a file was compressed against with --base", &base,
             command_line::ValueHint::Path},
            {"--decode", "", "decode every tensor as well", &decode},
            {"--no-hashes", "", "do not compute recorded SHA-256, only checksums", &noHashes},
            command_line::threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  std::string verdict(const VerifyReport &report, double seconds) const;
  void printReport(Session &session, const VerifyReport &report, double seconds) const;
  void printReportJson(Session &session, const VerifyReport &report, double seconds) const;

  std::string input;
  std::optional<std::string> original, base;
  bool noHashes = false, decode = false;
  unsigned threads = 0;
};

} // namespace

static std::string findingLine(const Finding &finding) {
  return printable((finding.where.empty() ? "" : finding.where + ": ") + finding.message);
}

/// What can be said of files in which nothing is wrong.
std::string VerifyCommand::verdict(const VerifyReport &report, double seconds) const {
  std::string text = printable(input) + ": ";
  if (report.plainFiles == report.files)
    text += "unverifiable: plain safetensors has no checksums; only the structure was checked";
  else
    text += "intact";
  if (original)
    text = printable(input) + ": intact and equal to " + printable(*original);
  text += ": " + plural(report.files, "file") + ", " + plural(report.tensors, "tensor") + " (" +
          formatCount(report.compressedTensors) + " compressed), " + formatBytes(report.bytes);
  if (report.plainFiles != report.files)
    text += " (originals " + formatBytes(report.originalBytes) + ")";
  if (report.hashes)
    text += ", " + formatCount(report.hashes) + " SHA-256 compared";
  text += " in " + formatNumber(seconds, 2) + " s\n";
  if (report.plainFiles && report.plainFiles != report.files)
    text += plural(report.plainFiles, "file") +
            " of plain safetensors: unverifiable, only the structure was checked\n";
  return text;
}

void VerifyCommand::printReport(Session &session, const VerifyReport &report,
                                double seconds) const {
  for (const Finding &note : report.notes)
    session.note("note: " + findingLine(note));
  std::string text;
  for (const Finding &finding : report.findings)
    text += findingLine(finding) + "\n";
  if (report.passed() && !session.options().quiet)
    text += verdict(report, seconds);
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
  result["verifiable"] = report.plainFiles == 0;
  result["files"] = report.files;
  result["tensors"] = report.tensors;
  result["compressed_tensors"] = report.compressedTensors;
  result["plain_files"] = report.plainFiles;
  result["bytes"] = report.bytes;
  result["original_bytes"] = report.originalBytes;
  result["decoded"] = decode;
  result["hashes"] = report.hashes;
  result["seconds"] = seconds;
  result["finding_count"] = report.findingCount;
  result["findings"] = findingsJson(report.findings);
  result["notes"] = findingsJson(report.notes);
  printJson(session, result);
}

Status VerifyCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(checkWeights(input));
  if (original)
    UWT_RETURN_IF_ERROR(checkWeights(*original));
  UWT_ASSIGN_OR_RETURN(uint64_t total, totalBytes(input));
  VerifyOptions options;
  options.hashes = !noHashes;
  options.decode = decode;
  options.threads = threads;
  if (base) {
    UWT_ASSIGN_OR_RETURN(options.base, BaseModel::open(*base));
  }
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
    return ok();
  return Error(ErrorKind::Differs,
               input + ": " + plural(report->findingCount, "difference") + " found");
}

std::unique_ptr<Command> uwt::tool::makeVerifyCommand() {
  return std::make_unique<VerifyCommand>();
}
