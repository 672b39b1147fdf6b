//===- KernelPack.cpp - Reads kernel packs, picks kernels -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Pack/KernelPack.h"
#include "PackTable.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

using namespace uwt;

struct KernelPack::State {
  std::optional<MappedFile> file;
  uint64_t fileBytes = 0;
  PackTable table;
  std::vector<CodeObject> code;
  /// By kernel.
  std::vector<bool> isPreparation;

  void markPreparations() {
    isPreparation.resize(table.kernels.size());
    for (const KernelEntry &entry : table.kernels)
      if (entry.prepare != 0)
        isPreparation[entry.prepare - 1] = true;
  }
};

KernelPack::KernelPack(std::unique_ptr<State> state) : state(std::move(state)) {}
KernelPack::~KernelPack() = default;
std::span<const KernelEntry> KernelPack::kernels() const { return state->table.kernels; }
std::span<const CodeObject> KernelPack::codeObjects() const { return state->code; }
std::span<const ToolVersion> KernelPack::tools() const { return state->table.tools; }
uint64_t KernelPack::fileBytes() const { return state->fileBytes; }
const KernelEntry *KernelPack::preparationOf(const KernelEntry &entry) const {
  return entry.prepare == 0 ? nullptr : &state->table.kernels[entry.prepare - 1];
}
bool KernelPack::isPreparation(const KernelEntry &entry) const {
  return state->isPreparation[static_cast<size_t>(&entry - state->table.kernels.data())];
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// The checks of a file, from the outside in.
class PackParser {
public:
  PackParser(std::span<const uint8_t> bytes, const PackOptions &options)
      : bytes(bytes), options(options) {}

  Status parse();
  PackTable table;
  std::vector<CodeObject> code;

private:
  uint64_t number(uint64_t offset, unsigned size) const;
  Status checkHeader() const;
  Status checkZeros(uint64_t begin, uint64_t end) const;
  Status placeCode(size_t index, uint64_t &offset);

  std::span<const uint8_t> bytes;
  const PackOptions &options;
};

} // namespace

uint64_t PackParser::number(uint64_t offset, unsigned size) const {
  uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i)
    value |= uint64_t(bytes[offset + i]) << (8 * i);
  return value;
}

Status PackParser::checkZeros(uint64_t begin, uint64_t end) const {
  for (uint64_t i = begin; i < end; ++i)
    if (bytes[i] != 0) // pack-2
      return invalidError("byte " + std::to_string(i) + " has to be 0 and is " +
                          std::to_string(bytes[i]));
  return ok();
}

Status PackParser::checkHeader() const {
  if (bytes.size() < packHeaderBytes ||
      !std::equal(packMagic.begin(), packMagic.end(), bytes.begin())) // pack-1
    return invalidError("it is not a kernel pack");
  if (uint64_t version = number(8, 4); version != packVersion)
    return unsupportedError("it is a kernel pack of version " + std::to_string(version) +
                            ", and this program reads version " + std::to_string(packVersion) +
                            "; make the pack again");
  if (options.check && number(56, 8) != xxh3(bytes.first(56))) // pack-3
    return invalidError("the header's checksum is wrong: the pack is damaged");
  UWT_RETURN_IF_ERROR(checkZeros(12, 16));
  UWT_RETURN_IF_ERROR(checkZeros(40, 56));
  uint64_t says = number(16, 8), tableBytes = number(24, 8);
  // pack-2.
  if (says != bytes.size() || says > largestPackFile)
    return invalidError("the pack says that it has " + std::to_string(says) + " bytes, and has " +
                        std::to_string(bytes.size()));
  if (tableBytes > largestPackTable || tableBytes > bytes.size() - packHeaderBytes)
    return invalidError("the table of " + std::to_string(tableBytes) +
                        " bytes does not fit the pack of " + std::to_string(bytes.size()));
  return ok();
}

Status PackParser::placeCode(size_t index, uint64_t &offset) {
  const CodeRow &row = table.code[index];
  std::string where = "code object " + std::to_string(index);
  if (offset > bytes.size() || row.bytes > bytes.size() - offset) // pack-2
    return invalidError(where + " of " + std::to_string(row.bytes) + " bytes at " +
                        std::to_string(offset) + " leaves the pack of " +
                        std::to_string(bytes.size()));
  CodeObject object{row.kind, row.target, row.checksum, bytes.subspan(offset, row.bytes)};
  if (options.check && xxh3(object.bytes) != row.checksum) // pack-3
    return invalidError(where + ": its checksum is wrong: the pack is damaged");
  Status whole = checkCode(row.kind, object.bytes);
  if (!whole)
    return whole.takeError().in(where);
  uint64_t end = offset + row.bytes;
  offset = roundUp(end, packAlignment);
  code.push_back(std::move(object));
  if (offset > bytes.size())
    return invalidError("the pack ends before the zeros after " + where); // pack-2
  return checkZeros(end, offset);
}

Status PackParser::parse() {
  UWT_RETURN_IF_ERROR(checkHeader());
  uint64_t tableBytes = number(24, 8);
  std::span<const uint8_t> part = bytes.subspan(packHeaderBytes, tableBytes);
  if (options.check && xxh3(part) != number(32, 8)) // pack-3
    return invalidError("the table's checksum is wrong: the pack is damaged");
  UWT_ASSIGN_OR_RETURN(table, readTable(part));
  uint64_t end = packHeaderBytes + tableBytes, offset = roundUp(end, packAlignment);
  if (offset > bytes.size())
    return invalidError("the pack ends before the zeros after its table"); // pack-2
  UWT_RETURN_IF_ERROR(checkZeros(end, offset));
  for (size_t i = 0; i < table.code.size(); ++i)
    UWT_RETURN_IF_ERROR(placeCode(i, offset));
  if (offset != bytes.size()) // pack-2
    return invalidError(std::to_string(bytes.size() - offset) +
                        " bytes follow the last code object");
  return ok();
}

Expected<std::shared_ptr<const KernelPack>> KernelPack::parse(std::span<const uint8_t> bytes,
                                                              const PackOptions &options) {
  PackParser parser(bytes, options);
  UWT_RETURN_IF_ERROR(parser.parse());
  auto state = std::make_unique<State>();
  state->fileBytes = bytes.size();
  state->table = std::move(parser.table);
  state->code = std::move(parser.code);
  state->markPreparations();
  return std::shared_ptr<const KernelPack>(new KernelPack(std::move(state)));
}

Expected<std::shared_ptr<const KernelPack>> KernelPack::open(const std::string &path,
                                                             const PackOptions &options) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  PackParser parser(file.bytes(), options);
  Status parsed = parser.parse();
  UWT_RETURN_IF_ERROR(file.checkRead());
  if (!parsed)
    return parsed.takeError().in(path);
  auto state = std::make_unique<State>();
  state->fileBytes = file.bytes().size();
  state->table = std::move(parser.table);
  state->code = std::move(parser.code);
  state->markPreparations();
  // Moving a mapping leaves its bytes where they are.
  state->file = std::move(file);
  return std::shared_ptr<const KernelPack>(new KernelPack(std::move(state)));
}

bool KernelPack::isPack(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  return file && file->bytes().size() >= packMagic.size() &&
         std::equal(packMagic.begin(), packMagic.end(), file->bytes().begin());
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

namespace {

/// Leaves kernels out, condition by condition, and says which one left none.
class Selection {
public:
  Selection(const KernelPack &pack, const KernelQuery &query) : pack(pack), query(query) {
    for (const KernelEntry &entry : pack.kernels())
      if (!pack.isPreparation(entry))
        left.push_back(&entry);
  }

  Expected<const KernelEntry *> run();

private:
  const CodeObject &codeOf(const KernelEntry &entry) const {
    return pack.codeObjects()[entry.code];
  }
  Status keep(const char *condition, const std::function<bool(const KernelEntry &)> &fits,
              const std::function<std::string(const KernelEntry &)> &describe);
  /// Larger is better.
  std::tuple<bool, unsigned, char, int64_t> rank(const KernelEntry &entry) const;

  const KernelPack &pack;
  const KernelQuery &query;
  std::vector<const KernelEntry *> left;
};

} // namespace

static std::string rangeText(uint64_t least, uint64_t most, bool isOpen) {
  if (least == most)
    return std::to_string(least);
  return std::to_string(least) + (isOpen ? " and more" : " to " + std::to_string(most));
}

static std::string extentText(const ExtentRange &extent) {
  std::string text = rangeText(extent.least, extent.most, extent.most == UINT64_MAX);
  if (extent.multiple != 1)
    text += " in multiples of " + std::to_string(extent.multiple);
  return text;
}

static std::string queryText(const KernelQuery &query) {
  return query.format.str() + " of " + std::string(getTraits(query.element).name) + ", n " +
         std::to_string(query.n) + ", k " + std::to_string(query.k) + ", m " +
         std::to_string(query.m) + (query.grouped ? " a matrix" : "") + " on " + query.target;
}

Status Selection::keep(const char *condition, const std::function<bool(const KernelEntry &)> &fits,
                       const std::function<std::string(const KernelEntry &)> &describe) {
  std::vector<const KernelEntry *> kept;
  for (const KernelEntry *entry : left)
    if (fits(*entry))
      kept.push_back(entry);
  if (!kept.empty() || left.empty()) {
    left = std::move(kept);
    return ok();
  }
  constexpr size_t maxNamed = 8;
  std::set<std::string> there;
  for (const KernelEntry *entry : left)
    there.insert(describe(*entry));
  std::string list;
  size_t named = 0;
  for (const std::string &one : there)
    if (named++ < maxNamed)
      list += (list.empty() ? "" : "; ") + one;
  if (there.size() > maxNamed)
    list += "; and " + std::to_string(there.size() - maxNamed) + " more";
  return unsupportedError("no kernel for " + queryText(query) + ": the pack's kernels that are " +
                          "otherwise right have " + condition + " " + list +
                          "; make a pack for this");
}

/// Larger for slices that are nearer to m: the smallest of those that hold it, else the largest.
static int64_t fitOf(uint64_t slice, uint64_t m) {
  auto size = static_cast<int64_t>(std::min<uint64_t>(slice, INT64_MAX));
  return slice >= m ? INT64_MAX - size : size - INT64_MAX;
}

std::tuple<bool, unsigned, char, int64_t> Selection::rank(const KernelEntry &entry) const {
  // select-3.
  const CodeObject &code = codeOf(entry);
  TargetNumbers numbers = parseTarget(code.target).value_or(TargetNumbers());
  return {code.kind == CodeKind::Cubin, numbers.major * 10 + numbers.minor,
          static_cast<char>(numbers.suffix != 0),
          query.grouped ? fitOf(entry.launch.tileM, query.m) : 0}; // select-5
}

Expected<const KernelEntry *> Selection::run() {
  if (left.empty())
    return unsupportedError("no kernel for " + queryText(query) + ": the pack has no kernels");
  Format wanted = query.format.ofMatrices();
  // select-1, in the order in which a user would want to know.
  UWT_RETURN_IF_ERROR(keep(
      "targets",
      [&](const KernelEntry &entry) {
        return (!query.code || codeOf(entry).kind == *query.code) &&
               runsOn(codeOf(entry).target, codeOf(entry).kind, query.target);
      },
      [&](const KernelEntry &entry) {
        return codeOf(entry).target + " (" + std::string(nameOf(codeOf(entry).kind)) + ")";
      }));
  UWT_RETURN_IF_ERROR(keep(
      "kernel kinds",
      [&](const KernelEntry &entry) {
        return query.kind ? entry.kind == *query.kind : isProduct(entry.kind);
      },
      [](const KernelEntry &entry) { return std::string(nameOf(entry.kind)); }));
  if (isProduct(query.kind.value_or(GpuKernelKind::Skinny)))
    UWT_RETURN_IF_ERROR(keep(
        "products of", [&](const KernelEntry &entry) { return isGrouped(entry) == query.grouped; },
        [](const KernelEntry &entry) {
          return std::string(isGrouped(entry) ? "groups (--grouped)" : "one matrix");
        }));
  UWT_RETURN_IF_ERROR(keep(
      "formats",
      [&](const KernelEntry &entry) {
        return entry.format == wanted && entry.element == query.element;
      },
      [](const KernelEntry &entry) {
        return entry.format.str() + " of " + std::string(getTraits(entry.element).name);
      }));
  if (query.result)
    UWT_RETURN_IF_ERROR(keep(
        "results", [&](const KernelEntry &entry) { return entry.result == query.result; },
        [](const KernelEntry &entry) { return entry.result ? entry.result->str() : "none"; }));
  UWT_RETURN_IF_ERROR(keep(
      "shapes",
      [&](const KernelEntry &entry) { return entry.n.admits(query.n) && entry.k.admits(query.k); },
      [](const KernelEntry &entry) {
        return "n " + extentText(entry.n) + ", k " + extentText(entry.k);
      }));
  UWT_RETURN_IF_ERROR(keep(
      "m", [&](const KernelEntry &entry) { return query.m >= entry.mFrom && query.m <= entry.mTo; },
      [](const KernelEntry &entry) {
        return rangeText(entry.mFrom, entry.mTo, entry.mTo == UINT32_MAX);
      }));
  return *std::ranges::max_element(left, {},
                                   [&](const KernelEntry *entry) { return rank(*entry); });
}

Expected<const KernelEntry *> KernelPack::select(const KernelQuery &query) const {
  return Selection(*this, query).run();
}
