//===- PackTable.cpp - The table of a kernel pack -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reader and a writer with the same members, and the fields visited by either. The
// reader keeps its first problem and gives zeros from then on, so that fields are read without
// a test after each.
//
//===----------------------------------------------------------------------===//

#include "PackTable.h"
#include "PackChecks.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

namespace {

constexpr uint32_t maxItems = 65536;
constexpr uint32_t maxArguments = 64;
constexpr uint32_t longestText = 4096;

class TableWriter {
public:
  template <typename Value> void number(Value &value, const char *) {
    for (size_t byte = 0; byte < sizeof(Value); ++byte)
      bytes.push_back(static_cast<uint8_t>(uint64_t(value) >> (8 * byte)));
  }
  template <typename Enum> void choice(Enum &value, unsigned, const char *what) {
    auto number = static_cast<uint8_t>(value);
    this->number(number, what);
  }
  void text(std::string &value, const char *what) {
    auto length = static_cast<uint16_t>(std::min<size_t>(value.size(), UINT16_MAX));
    number(length, what);
    bytes.insert(bytes.end(), value.begin(), value.begin() + length);
  }
  void format(std::optional<Format> &value, const char *what) {
    std::string spelled = value ? value->str() : "";
    text(spelled, what);
  }
  void element(ElementType &value) {
    std::string name(getTraits(value).name);
    text(name, "element");
  }
  template <typename Item, typename Visit>
  void list(std::vector<Item> &items, uint32_t, size_t, const char *what, Visit visit) {
    auto count = static_cast<uint32_t>(items.size());
    number(count, what);
    for (Item &item : items)
      visit(item);
  }

  std::vector<uint8_t> bytes;
};

class TableReader {
public:
  explicit TableReader(std::span<const uint8_t> bytes) : left(bytes) {}

  template <typename Value> void number(Value &value, const char *what) {
    uint64_t read = 0;
    std::span<const uint8_t> part = take(sizeof(Value), what);
    for (size_t byte = 0; byte < part.size(); ++byte)
      read |= uint64_t(part[byte]) << (8 * byte);
    value = static_cast<Value>(read);
  }
  void number(bool &value, const char *what) { choice(value, 2, what); }
  template <typename Enum> void choice(Enum &value, unsigned count, const char *what) {
    uint8_t read = 0;
    number(read, what);
    if (read >= count)
      fail(std::string(what) + " " + std::to_string(read) + " is not below " +
           std::to_string(count)); // pack-4
    else
      value = static_cast<Enum>(read);
  }
  void text(std::string &value, const char *what) {
    uint16_t length = 0;
    number(length, what);
    if (length > longestText)
      return fail(std::string(what) + " has " + std::to_string(length) + " bytes, more than " +
                  std::to_string(longestText)); // pack-4
    std::span<const uint8_t> part = take(length, what);
    if (std::ranges::any_of(part, [](uint8_t byte) { return byte < 0x20 || byte > 0x7E; }))
      return fail(std::string(what) + " has a byte that is no printable ASCII"); // pack-4
    value.assign(part.begin(), part.end());
  }
  void format(std::optional<Format> &value, const char *what) {
    std::string spelled;
    text(spelled, what);
    value.reset();
    if (spelled.empty())
      return;
    Expected<Format> parsed = Format::parse(spelled);
    // pack-7: one spelling, so that equal formats have equal texts.
    if (!parsed)
      return fail(std::string(what) + ": " + parsed.error().message());
    if (parsed->str() != spelled)
      return fail(std::string(what) + " " + inQuotes(spelled) + " is not spelled " +
                  inQuotes(parsed->str()));
    value = *std::move(parsed);
  }
  void element(ElementType &value) {
    std::string name;
    text(name, "element");
    if (std::optional<ElementType> known = parseElementType(name))
      value = *known;
    else
      fail("element " + inQuotes(name) + " is not known"); // pack-7
  }
  /// `least` bytes are what the smallest item takes: a count that lies makes no memory.
  template <typename Item, typename Visit>
  void list(std::vector<Item> &items, uint32_t most, size_t least, const char *what, Visit visit) {
    uint32_t count = 0;
    number(count, what);
    if (count > most)
      return fail(std::to_string(count) + " " + what + "s are more than " +
                  std::to_string(most)); // pack-4
    if (count > left.size() / least)
      return fail(std::to_string(count) + " " + what + "s do not fit the table");
    items.resize(count);
    std::string outer = location;
    for (size_t i = 0; i < items.size() && problem.empty(); ++i) {
      location = outer + what + " " + std::to_string(i) + ": ";
      visit(items[i]);
    }
    location = outer;
  }

  void fail(const std::string &what) {
    if (problem.empty())
      problem = location + what;
    left = {};
  }
  bool isDone() const { return left.empty(); }
  Status status() const {
    return problem.empty() ? ok() : Status(invalidError("the table is invalid: " + problem));
  }

private:
  std::span<const uint8_t> take(size_t bytes, const char *what) {
    if (bytes > left.size()) {
      fail("it ends inside " + std::string(what));
      return {};
    }
    std::span<const uint8_t> part = left.first(bytes);
    left = left.subspan(bytes);
    return part;
  }

  std::span<const uint8_t> left;
  std::string location, problem;
};

} // namespace

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

template <typename Io> static void visit(Io &io, ExtentRange &extent, const char *what) {
  io.number(extent.least, what);
  io.number(extent.most, what);
  io.number(extent.multiple, what);
}

template <typename Io> static void visit(Io &io, LaunchRule &launch) {
  io.choice(launch.grid, gridRules, "grid");
  io.number(launch.threads, "threads");
  io.number(launch.sharedBytes, "shared bytes");
  io.number(launch.cluster, "cluster");
  io.number(launch.dependent, "dependent");
  io.number(launch.ctasPerMultiprocessor, "CTAs a multiprocessor");
  io.number(launch.tileN, "tile rows");
  io.number(launch.tileK, "tile columns");
  io.number(launch.tileM, "tile m");
}

template <typename Io> static void visit(Io &io, WorkspaceRule &workspace) {
  io.number(workspace.countersPerTile, "workspace");
  io.number(workspace.fixed, "workspace");
  io.number(workspace.perTile, "workspace");
  io.number(workspace.perCta, "workspace");
  io.number(workspace.perOutput, "workspace");
}

template <typename Io> static void visit(Io &io, KernelArgument &argument) {
  io.choice(argument.kind, argumentKinds, "argument's kind");
  io.choice(argument.type, valueTypes, "argument's type");
  io.number(argument.alignment, "alignment");
  io.number(argument.number, "number");
  io.number(argument.constant, "constant");
}

template <typename Io> static void visit(Io &io, KernelEntry &entry) {
  io.text(entry.kernel, "name");
  io.number(entry.code, "code object");
  io.choice(entry.kind, kernelKinds, "kernel kind");
  io.text(entry.strategy, "strategy");
  std::optional<Format> format = entry.format;
  io.format(format, "format");
  // A format without a codec is none: the check on it follows.
  entry.format = format.value_or(Format());
  io.format(entry.result, "result");
  io.element(entry.element);
  visit(io, entry.n, "n");
  visit(io, entry.k, "k");
  io.number(entry.mFrom, "m");
  io.number(entry.mTo, "m");
  visit(io, entry.launch);
  visit(io, entry.workspace);
  io.number(entry.prepare, "prepare");
  io.list(entry.arguments, maxArguments, 18, "argument",
          [&](KernelArgument &argument) { visit(io, argument); });
}

template <typename Io> static void visit(Io &io, PackTable &table) {
  io.list(table.tools, maxItems, 4, "tool", [&](ToolVersion &tool) {
    io.text(tool.name, "name");
    io.text(tool.version, "version");
  });
  io.list(table.code, maxItems, 19, "code object", [&](CodeRow &code) {
    io.choice(code.kind, codeKinds, "kind");
    io.text(code.target, "target");
    io.number(code.bytes, "bytes");
    io.number(code.checksum, "checksum");
  });
  io.list(table.kernels, maxItems, 161, "kernel", [&](KernelEntry &entry) { visit(io, entry); });
}

/// Whether all sizes of `inner` are sizes of `outer`.
static bool contains(const ExtentRange &outer, const ExtentRange &inner) {
  return outer.least <= inner.least && outer.most >= inner.most &&
         inner.multiple % outer.multiple == 0;
}

static bool isWithin(const WorkspaceRule &rule, const WorkspaceRule &limit) {
  return rule.countersPerTile <= limit.countersPerTile && rule.fixed <= limit.fixed &&
         rule.perTile <= limit.perTile && rule.perCta <= limit.perCta &&
         rule.perOutput <= limit.perOutput;
}

static int64_t extrasOf(const KernelEntry &entry) {
  return std::ranges::count(entry.arguments, ArgumentKind::Extra, &KernelArgument::kind);
}

/// pack-11, of checked kernels or not: nothing here relies on other rules but multiple >= 1.
static Status checkPreparation(const PackTable &table, size_t number) {
  const KernelEntry &entry = table.kernels[number];
  if (entry.prepare == 0)
    return ok();
  size_t before = size_t(entry.prepare) - 1;
  if (before >= table.kernels.size() || before == number)
    return invalidError("it is prepared by kernel " + std::to_string(before) + " of " +
                        std::to_string(table.kernels.size()) + ", which has to be another");
  const KernelEntry &first = table.kernels[before];
  std::string which = "it is prepared by kernel " + std::to_string(before) + " (" +
                      inQuotes(first.kernel) + "), which ";
  // One more may come before; a loop would go on.
  if (first.prepare != 0 && first.prepare <= table.kernels.size() &&
      table.kernels[first.prepare - 1].prepare != 0)
    return invalidError(which + "is prepared by one that is prepared itself; a launch has at most "
                                "three kernels");
  const CodeRow &own = table.code[entry.code];
  if (first.code >= table.code.size() || table.code[first.code].kind != own.kind ||
      table.code[first.code].target != own.target)
    return invalidError(which + "is for another target");
  if (first.kind != entry.kind || first.format != entry.format || first.result != entry.result ||
      first.element != entry.element)
    return invalidError(which + "is for another kernel kind, format or element");
  if (first.k.multiple == 0 || first.n.multiple == 0 || !contains(first.n, entry.n) ||
      !contains(first.k, entry.k) || first.mFrom > entry.mFrom || first.mTo < entry.mTo)
    return invalidError(which + "does not fit all of its problems");
  if (!isWithin(first.workspace, entry.workspace))
    return invalidError(which + "asks for more scratch memory");
  if (extrasOf(first) > extrasOf(entry))
    return invalidError(which + "takes more operands of the epilogue");
  return ok();
}

std::vector<uint8_t> uwt::writeTable(const PackTable &table) {
  TableWriter writer;
  PackTable copy = table;
  visit(writer, copy);
  return std::move(writer.bytes);
}

Expected<PackTable> uwt::readTable(std::span<const uint8_t> bytes) {
  TableReader reader(bytes);
  PackTable table;
  visit(reader, table);
  UWT_RETURN_IF_ERROR(reader.status());
  if (!reader.isDone())
    return invalidError("the table is invalid: bytes follow its last kernel"); // pack-4
  for (size_t i = 0; i < table.code.size(); ++i)
    if (!parseTarget(table.code[i].target)) // pack-5
      return invalidError("code object " + std::to_string(i) + ": " +
                          inQuotes(table.code[i].target) + " is not a target, such as sm_90a");
  for (size_t i = 0; i < table.kernels.size(); ++i) {
    Status checked = checkEntry(table.kernels[i], table.code.size());
    if (checked)
      checked = checkPreparation(table, i);
    if (!checked)
      return checked.takeError().in("kernel " + std::to_string(i) + " (" +
                                    inQuotes(table.kernels[i].kernel) + ")");
  }
  return table;
}
