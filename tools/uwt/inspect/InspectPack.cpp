//===- InspectPack.cpp - uwt inspect of a kernel pack ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InspectPack.h"
#include "../text/Json.h"
#include "../text/Table.h"
#include "../text/Text.h"
#include "uwt/Pack/KernelPack.h"
#include "uwt/Support/Checksum.h"

using namespace uwt;
using namespace uwt::tool;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string extentText(const ExtentRange &extent) {
  std::string text;
  if (extent.most == UINT64_MAX)
    text = ">= " + std::to_string(extent.least);
  else if (extent.least == extent.most)
    text = std::to_string(extent.least);
  else
    text = std::to_string(extent.least) + "-" + std::to_string(extent.most);
  return extent.multiple == 1 ? text : text + ", x " + std::to_string(extent.multiple);
}

static std::string mText(const KernelEntry &entry) {
  if (entry.mTo == UINT32_MAX)
    return ">= " + std::to_string(entry.mFrom);
  return std::to_string(entry.mFrom) + "-" + std::to_string(entry.mTo);
}

static std::string preparationText(const KernelPack &pack, const KernelEntry &entry) {
  const KernelEntry *before = pack.preparationOf(entry);
  return before ? before->kernel : "";
}

static std::string formatsText(const KernelEntry &entry) {
  return entry.format.str() + (entry.result ? " -> " + entry.result->str() : "");
}

static Table codeTable(const KernelPack &pack) {
  using Align = Table::Align;
  Table table({{"code"}, {"kind", Align::Left}, {"target", Align::Left}, {"bytes"}, {"xxh3"}});
  size_t number = 0;
  for (const CodeObject &code : pack.codeObjects())
    table.add({std::to_string(number++), std::string(nameOf(code.kind)), code.target,
               formatCount(code.bytes.size()), toHex64(code.checksum)});
  return table;
}

static Table kernelTable(const KernelPack &pack) {
  using Align = Table::Align;
  Table table({{"kernel", Align::Left},
               {"code"},
               {"kind", Align::Left},
               {"strategy", Align::Left},
               {"format", Align::Left},
               {"type", Align::Left},
               {"n", Align::Left},
               {"k", Align::Left},
               {"m", Align::Left},
               {"after", Align::Left}});
  for (const KernelEntry &entry : pack.kernels())
    table.add({entry.kernel, std::to_string(entry.code), std::string(nameOf(entry.kind)),
               entry.strategy, formatsText(entry), std::string(getTraits(entry.element).name),
               extentText(entry.n), extentText(entry.k), mText(entry),
               preparationText(pack, entry)});
  return table;
}

static std::string argumentText(const KernelArgument &argument) {
  std::string text(nameOf(argument.kind));
  if (argument.kind == ArgumentKind::Extra)
    text += std::to_string(argument.number);
  if (argument.kind == ArgumentKind::Constant)
    text += " 0x" + toHex64(argument.constant);
  text += ": " + std::string(nameOf(argument.type));
  if (argument.alignment != 1)
    text += " aligned to " + std::to_string(argument.alignment);
  return text;
}

static std::string launchText(const LaunchRule &launch) {
  std::string text = std::string(nameOf(launch.grid)) + ", " + std::to_string(launch.threads) +
                     " threads, " + formatCount(launch.sharedBytes) + " B of shared memory";
  if (launch.cluster != 1)
    text += ", clusters of " + std::to_string(launch.cluster);
  if (launch.grid == GridRule::Persistent)
    text += ", " + std::to_string(launch.ctasPerMultiprocessor) + " CTAs a multiprocessor";
  auto size = [](uint64_t tile) { return tile ? std::to_string(tile) : std::string("all"); };
  text += ", tiles of " + size(launch.tileN) + " n x " + size(launch.tileK) + " k x " +
          size(launch.tileM) + " m";
  return launch.dependent ? text + ", dependent" : text;
}

static std::string workspaceText(const WorkspaceRule &rule) {
  std::string text;
  auto add = [&](uint64_t bytes, const char *what) {
    if (bytes != 0)
      text += (text.empty() ? "" : " + ") + std::to_string(bytes) + what;
  };
  add(rule.fixed, "");
  add(rule.perTile, " a tile");
  add(rule.perCta, " a CTA");
  add(rule.perOutput, " an output");
  if (rule.countersPerTile)
    text += (text.empty() ? "" : ", ") + ("counters " + std::to_string(rule.countersPerTile)) +
            " a tile";
  return text.empty() ? "none" : text;
}

static std::string detailText(const KernelPack &pack, const KernelEntry &entry) {
  std::string text = "\n" + entry.kernel + ", code " + std::to_string(entry.code) + "\n" +
                     "  launch     " + launchText(entry.launch) + "\n" + "  workspace  " +
                     workspaceText(entry.workspace) + "\n";
  if (std::string before = preparationText(pack, entry); !before.empty())
    text += "  after      " + before + "\n";
  for (size_t i = 0; i < entry.arguments.size(); ++i)
    text += (i == 0 ? "  arguments  " : "             ") + argumentText(entry.arguments[i]) + "\n";
  return text;
}

static std::string toolsText(const KernelPack &pack) {
  std::string text;
  for (const ToolVersion &tool : pack.tools())
    text += (text.empty() ? "made by " : ", ") + tool.name + " " + tool.version;
  return text.empty() ? text : text + "\n";
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static Json extentJson(const ExtentRange &extent) {
  return {{"least", extent.least}, {"most", extent.most}, {"multiple", extent.multiple}};
}

static Json launchJson(const LaunchRule &launch) {
  return {{"grid", nameOf(launch.grid)},
          {"threads", launch.threads},
          {"shared_bytes", launch.sharedBytes},
          {"cluster", launch.cluster},
          {"dependent", launch.dependent},
          {"ctas_per_multiprocessor", launch.ctasPerMultiprocessor},
          {"tile", {launch.tileN, launch.tileK, launch.tileM}}};
}

static Json workspaceJson(const WorkspaceRule &rule) {
  return {{"counters_per_tile", rule.countersPerTile},
          {"fixed", rule.fixed},
          {"per_tile", rule.perTile},
          {"per_cta", rule.perCta},
          {"per_output", rule.perOutput}};
}

static Json kernelJson(const KernelEntry &entry) {
  Json arguments = Json::array();
  for (const KernelArgument &argument : entry.arguments)
    arguments.push_back({{"kind", nameOf(argument.kind)},
                         {"type", nameOf(argument.type)},
                         {"alignment", argument.alignment},
                         {"number", argument.number},
                         {"constant", argument.constant}});
  return {{"kernel", entry.kernel},
          {"code", entry.code},
          {"kind", nameOf(entry.kind)},
          {"strategy", entry.strategy},
          {"format", entry.format.str()},
          {"result", entry.result ? Json(entry.result->str()) : Json()},
          {"element", getTraits(entry.element).name},
          {"n", extentJson(entry.n)},
          {"k", extentJson(entry.k)},
          {"m", {entry.mFrom, entry.mTo}},
          {"launch", launchJson(entry.launch)},
          {"workspace", workspaceJson(entry.workspace)},
          {"prepare", entry.prepare == 0 ? Json() : Json(entry.prepare - 1)},
          {"arguments", std::move(arguments)}};
}

static Json packJson(const KernelPack &pack, const std::string &path) {
  Json object = schemaObject("inspect.pack", 3);
  object["path"] = path;
  object["bytes"] = pack.fileBytes();
  object["tools"] = Json::array();
  for (const ToolVersion &tool : pack.tools())
    object["tools"].push_back({{"name", tool.name}, {"version", tool.version}});
  object["code_objects"] = Json::array();
  for (const CodeObject &code : pack.codeObjects())
    object["code_objects"].push_back({{"kind", nameOf(code.kind)},
                                      {"target", code.target},
                                      {"bytes", code.bytes.size()},
                                      {"xxh3", toHex64(code.checksum)}});
  object["kernels"] = Json::array();
  for (const KernelEntry &entry : pack.kernels())
    object["kernels"].push_back(kernelJson(entry));
  return object;
}

Status uwt::tool::inspectPack(Session &session, const std::string &path) {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const KernelPack> pack, KernelPack::open(path));
  if (session.wantsJson()) {
    printJson(session, packJson(*pack, path));
    return ok();
  }
  if (session.options().quiet)
    return ok();
  std::string text = path + ": kernel pack, " + plural(pack->kernels().size(), "kernel") + " in " +
                     plural(pack->codeObjects().size(), "code object") + ", " +
                     formatBytes(pack->fileBytes()) + "\n" + toolsText(*pack) + "\n" +
                     codeTable(*pack).str(session) + "\n" + kernelTable(*pack).str(session);
  for (const KernelEntry &entry : pack->kernels())
    if (session.verbose())
      text += detailText(*pack, entry);
  session.print(text);
  return ok();
}
