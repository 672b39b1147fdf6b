//===- ContainerFormat.cpp - Names and entries of a container -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContainerFormat.h"
#include "CompactHeader.h"
#include "EntryJson.h"
#include "Lz4.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstring>
#include <numeric>

namespace uwt {

/// How every header and its file entry begin, up to the digits of the header
/// checksum, and what stands between them and those of the content checksum.
static constexpr std::string_view headerStart = "{\"__metadata__\":{\"uwt\":\"{\\\"header\\\":\\\"";
static constexpr std::string_view entryStart = "{\"header\":\"";
static constexpr std::string_view entryMiddle = "\",\"content\":\"";
/// The framework that may load a file, as Python's loaders ask for it.
static constexpr std::string_view formatKey = "format";

std::string planeTensorName(std::string_view tensor, PlaneKind kind) {
  std::string name(tensor);
  name += planeInfix;
  name += planeName(kind);
  return name;
}

const SafetensorsDtype &planeDtype(PlaneKind kind) {
  bool words = kind == PlaneKind::Index || kind == PlaneKind::Patch;
  return *findSafetensorsDtype(words ? "U32" : "U8");
}

unsigned storedElementsEach(const SafetensorsDtype &dtype, ElementType element) {
  return dtype.bits / 8 / getTraits(element).bytes;
}

std::vector<uint64_t> storedShape(std::span<const uint64_t> shape, unsigned elementsEach) {
  std::vector<uint64_t> stored(shape.begin(), shape.end());
  if (elementsEach == 1)
    return stored;
  if (stored.empty())
    stored.push_back(1);
  stored.back() = checkedMultiply(stored.back(), elementsEach).value_or(UINT64_MAX);
  return stored;
}

uint64_t shareOfRange(uint64_t shared, uint64_t begin, uint64_t bytes, uint64_t all) {
  // In 128 bits: nothing is lost, and shares of adjacent ranges add up.
  auto upTo = [&](uint64_t end) {
    return all == 0 ? 0 : static_cast<uint64_t>(static_cast<unsigned __int128>(shared) * end / all);
  };
  return upTo(begin + bytes) - upTo(begin);
}

Status checkSourceNames(const SafetensorsHeader &header) {
  if (header.findMetadata(fileEntryKey))
    return usageError("this file is compressed already; decompress it first");
  for (const SafetensorsTensor &tensor : header.tensors)
    if (tensor.name.find(planeInfix) != std::string::npos)
      return usageError("tensor " + inQuotes(tensor.name) +
                        ": names with '.uwt.' stand for planes; rename the tensor");
  for (const auto &[key, value] : header.metadata)
    if (key.starts_with("uwt.") || key.ends_with(entrySuffix))
      return usageError("__metadata__ entry " + inQuotes(key) +
                        ": keys that begin with 'uwt.' or end in '.uwt' stand for entries of a "
                        "container; rename the entry");
  return ok();
}

//===----------------------------------------------------------------------===//
// File entry
//===----------------------------------------------------------------------===//

/// diff-5.
static std::string baseKeys(const std::vector<BaseFile> &base) {
  if (base.empty())
    return "";
  std::string names, hashes;
  for (const BaseFile &file : base) {
    names += (names.empty() ? "" : ",") + jsonQuoted(file.name);
    hashes += file.sha256;
  }
  return ",\"base\":[" + names + "],\"base_sha256\":\"" + hashes + "\"";
}

std::string FileEntry::str() const {
  std::string out(entryStart);
  out += toHex64(headerChecksum);
  out += entryMiddle;
  out += toHex64(contentChecksum);
  out += "\",\"container\":" + std::to_string(container) + ",\"reader\":" + std::to_string(reader) +
         ",\"options\":\"" + toHex64(options) + "\"";
  if (compact)
    out += ",\"text\":" + std::to_string(*text) + ",\"compact\":\"" + toHex64(*compact) + "\"";
  if (!raw.empty()) {
    out += ",\"raw\":\"";
    for (uint64_t checksum : raw)
      out += toHex64(checksum);
    out += '"';
  }
  if (!sha256.empty())
    out += ",\"sha256\":\"" + sha256 + "\"";
  if (!rawSha256.empty()) {
    out += ",\"raw_sha256\":\"";
    for (const std::string &digits : rawSha256)
      out += digits;
    out += '"';
  }
  return out + baseKeys(base) + "}";
}

/// Values of an entry: dimensions, planes, or files of a base model, with room for keys of later
/// versions.
static constexpr uint64_t tensorEntryValues = 256, fileEntryValues = uint64_t(1) << 16;

/// diff-5.
static Expected<std::vector<BaseFile>> parseBaseFiles(const JsonValue &object) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> hashes, hashesOf(object, "base_sha256"));
  const JsonValue *names = object.find("base");
  bool isList = names && names->kind == JsonValue::Kind::Array;
  if (names ? !isList || names->items.size() != hashes.size() : !hashes.empty())
    return invalidError("'base' is not a list of as many names as 'base_sha256' has hashes");
  std::vector<BaseFile> files;
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (names->items[i].kind != JsonValue::Kind::String)
      return invalidError("'base' is not a list of names");
    files.push_back({names->items[i].text, std::move(hashes[i])});
  }
  return files;
}

Expected<FileEntry> FileEntry::parse(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(JsonValue object, parseObject(text, fileEntryValues));
  FileEntry entry;
  std::optional<uint64_t> container = object.findInteger("container");
  std::optional<uint64_t> reader = object.findInteger("reader");
  if (!container || !reader)
    return invalidError("'container' and 'reader' are not both version numbers");
  entry.container = *container;
  entry.reader = *reader;
  if (entry.reader > containerReader) // file-8
    return unsupportedError("the container needs a reader of version " +
                            std::to_string(entry.reader) + ", this is version " +
                            std::to_string(containerReader) + "; use a newer uwt");
  UWT_ASSIGN_OR_RETURN(entry.headerChecksum, hexOf(object, "header"));
  UWT_ASSIGN_OR_RETURN(entry.contentChecksum, hexOf(object, "content"));
  UWT_ASSIGN_OR_RETURN(entry.options, hexOf(object, "options"));
  if (object.find("compact")) {
    UWT_ASSIGN_OR_RETURN(entry.compact, hexOf(object, "compact"));
    entry.text = object.findInteger("text");
    if (!entry.text)
      return invalidError("'text' is not a number of bytes");
  }
  UWT_ASSIGN_OR_RETURN(entry.sha256, shaOf(object, "sha256"));
  UWT_ASSIGN_OR_RETURN(entry.raw, checksumsOf(object, "raw"));
  UWT_ASSIGN_OR_RETURN(entry.rawSha256, hashesOf(object, "raw_sha256"));
  UWT_ASSIGN_OR_RETURN(entry.base, parseBaseFiles(object));
  return entry;
}

//===----------------------------------------------------------------------===//
// Tensor entries
//===----------------------------------------------------------------------===//

/// Returns the text of `from` (diff-7).
static std::string sourceText(const BaseSource &source, const TensorEntry &entry) {
  std::string out = "{\"name\":" + jsonQuoted(source.name);
  if (source.dtype != entry.dtype)
    out += ",\"dtype\":\"" + std::string(source.dtype->name) + "\"";
  for (size_t i = 0; i < source.rows.size(); ++i)
    out += std::string(i == 0 ? ",\"rows\":[" : ",") + std::to_string(source.rows[i].own) + "," +
           std::to_string(source.rows[i].base) + "," + std::to_string(source.rows[i].count);
  return out + (source.rows.empty() ? "}" : "]}");
}

/// What the entries of all tensors may have, each key behind a comma.
static std::string lastKeys(const TensorEntry &entry, std::string_view sha256) {
  std::string out;
  if (entry.isDifference()) { // diff-4
    out += ",\"base\":\"";
    for (uint64_t checksum : entry.baseChecksums)
      out += toHex64(checksum);
    out += '"';
  }
  if (entry.baseSource)
    out += ",\"from\":" + sourceText(*entry.baseSource, entry);
  if (!sha256.empty())
    out.append(",\"sha256\":\"").append(sha256).append("\"");
  return out;
}

std::string tensorEntryText(const TensorEntry &entry, std::string_view sha256) {
  if (!entry.sameAs.empty())
    return "{\"same\":" + jsonQuoted(entry.sameAs) + "}";
  if (!entry.compressed() && !entry.isPacked()) // diff-6
    return "{" + lastKeys(entry, sha256).substr(1) + "}";
  std::string out = "{\"dtype\":\"" + std::string(entry.dtype->name) + "\",\"shape\":[";
  for (size_t i = 0; i < entry.shape.size(); ++i)
    out += (i == 0 ? "" : ",") + std::to_string(entry.shape[i]);
  if (entry.isPacked()) // file-16
    out += "],\"packed\":\"" + toHex64(*entry.packedChecksum) + "\"";
  else
    out += "],\"format\":" + jsonQuoted(entry.format->str()) +
           ",\"version\":" + std::to_string(entry.format->version);
  out += ",\"reader\":" + std::to_string(entry.reader()) + ",\"planes\":{";
  bool first = true;
  for (unsigned kind = 0; kind < planeKinds; ++kind) {
    if (entry.planeBytes[kind] == 0)
      continue;
    out += std::string(first ? "" : ",") + "\"" +
           std::string(planeName(static_cast<PlaneKind>(kind))) +
           "\":" + std::to_string(entry.planeBytes[kind]);
    first = false;
  }
  out += "}";
  if (!entry.isPacked())
    out += ",\"index\":\"" + toHex64(entry.indexChecksum) + "\"";
  if (entry.members > 1)
    out += ",\"members\":" + std::to_string(entry.members);
  if (entry.bundled)
    out += ",\"bundle\":" + std::to_string(entry.bundled);
  return out + lastKeys(entry, sha256) + "}";
}

static Status parseShape(const JsonValue &object, TensorEntry &entry) {
  const std::string *dtype = object.findString("dtype");
  const JsonValue *shape = object.find("shape");
  entry.dtype = dtype ? findSafetensorsDtype(*dtype) : nullptr;
  std::optional<ElementType> element = dtype ? storedElementType(*dtype) : std::nullopt;
  if (!entry.dtype || (!element && !entry.isPacked()))
    return invalidError("'dtype' is not one that can be compressed");
  entry.element = entry.isDifference() ? differenceElementType(entry.dtype->bits)
                                       : element.value_or(entry.element);
  if (!shape || shape->kind != JsonValue::Kind::Array)
    return invalidError("'shape' is not an array");
  for (const JsonValue &dimension : shape->items) {
    if (dimension.kind != JsonValue::Kind::Integer)
      return invalidError("'shape' is not an array of integers");
    entry.shape.push_back(dimension.integer);
  }
  return ok();
}

static Status parsePlanes(const JsonValue &object, TensorEntry &entry) {
  const JsonValue *planes = object.find("planes");
  if (!planes || planes->kind != JsonValue::Kind::Object)
    return invalidError("'planes' is not an object");
  for (size_t i = 0; i < planes->keys.size(); ++i) {
    std::optional<PlaneKind> kind = parsePlaneName(planes->keys[i]);
    const JsonValue &bytes = planes->items[i];
    if (!kind)
      return invalidError("unknown plane " + inQuotes(planes->keys[i]));
    if (bytes.kind != JsonValue::Kind::Integer || bytes.integer == 0 ||
        bytes.integer > UINT64_MAX - planeAlignment)
      return invalidError("plane " + inQuotes(planes->keys[i]) + " has no valid number of bytes");
    entry.planeBytes[static_cast<unsigned>(*kind)] = bytes.integer;
  }
  return ok();
}

/// file-8, for an entry.
static Status checkReader(const JsonValue &object) {
  std::optional<uint64_t> reader = object.findInteger("reader");
  if (!reader || !(object.findInteger("version") || object.find("packed")))
    return invalidError("'version' and 'reader' are not both version numbers");
  if (*reader > containerReader)
    return unsupportedError("its format needs a reader of version " + std::to_string(*reader) +
                            ", this is version " + std::to_string(containerReader) +
                            "; use a newer uwt");
  return ok();
}

/// file-16.
static Status parsePacked(const JsonValue &object, TensorEntry &entry) {
  UWT_RETURN_IF_ERROR(checkReader(object));
  for (const char *other : {"format", "members", "bundle", "base"})
    if (object.find(other))
      return invalidError("has both 'packed' and " + inQuotes(other));
  UWT_ASSIGN_OR_RETURN(entry.packedChecksum, hexOf(object, "packed"));
  UWT_RETURN_IF_ERROR(parseShape(object, entry));
  UWT_RETURN_IF_ERROR(parsePlanes(object, entry));
  for (unsigned k = 0; k < planeKinds; ++k)
    if ((entry.planeBytes[k] != 0) != (k == numberOf(PlaneKind::Code)))
      return invalidError("is packed, and has other planes than 'code' alone");
  return ok();
}

static Status parseFormat(const JsonValue &object, TensorEntry &entry) {
  UWT_RETURN_IF_ERROR(checkReader(object));
  const std::string *format = object.findString("format");
  if (!format)
    return invalidError("'format' is not a string");
  auto parsed = Format::parse(*format);
  if (!parsed && parsed.error().getKind() == ErrorKind::Unsupported)
    return parsed.takeError();
  if (!parsed)
    return invalidError("'format': " + parsed.error().message());
  entry.format = *std::move(parsed);
  return ok();
}

/// file-12.
static Status parseMembers(const JsonValue &object, TensorEntry &entry) {
  if (!object.find("members"))
    return ok();
  std::optional<uint64_t> members = object.findInteger("members");
  if (!members || *members < 2)
    return invalidError("'members' is not a number of 2 or more");
  entry.members = *members;
  return ok();
}

/// Parses rows that rise, three numbers for each run of them (diff-7).
static Expected<std::vector<BaseRows>> parseRows(const JsonValue &rows) {
  size_t numbers = rows.kind == JsonValue::Kind::Array ? rows.items.size() : 0;
  if (numbers == 0 || numbers % 3 != 0 || numbers / 3 > maxBaseRuns)
    return invalidError("'rows' of 'from' is not a list of 1 to " + std::to_string(maxBaseRuns) +
                        " times three numbers");
  std::vector<BaseRows> runs;
  uint64_t end = 0;
  for (size_t i = 0; i < numbers; i += 3) {
    auto number = [&](size_t at) {
      const JsonValue &item = rows.items[i + at];
      return item.kind == JsonValue::Kind::Integer ? std::optional(item.integer) : std::nullopt;
    };
    std::optional<uint64_t> own = number(0), base = number(1), count = number(2);
    bool isRun = own && base && count && *own >= end && *count != 0;
    if (!isRun || !checkedAdd(*own, *count) || !checkedAdd(*base, *count))
      return invalidError("'rows' of 'from' are not runs of rows that rise");
    runs.push_back({*own, *base, *count});
    end = *own + *count;
  }
  return runs;
}

/// Parses `from` (diff-7). The dtype is null if it is that of the entry.
static Status parseSource(const JsonValue &object, TensorEntry &entry) {
  const JsonValue *from = object.find("from");
  if (!from)
    return ok();
  bool isObject = from->kind == JsonValue::Kind::Object;
  const std::string *name = isObject ? from->findString("name") : nullptr;
  if (!entry.isDifference() || !name)
    return invalidError("'from' does not name a tensor that 'base' is of");
  BaseSource source;
  source.name = *name;
  if (const JsonValue *dtype = from->find("dtype")) {
    bool isText = dtype->kind == JsonValue::Kind::String;
    source.dtype = isText ? findSafetensorsDtype(dtype->text) : nullptr;
    if (!source.dtype)
      return invalidError("'dtype' of 'from' is not one");
  }
  if (const JsonValue *rows = from->find("rows")) {
    UWT_ASSIGN_OR_RETURN(source.rows, parseRows(*rows));
  }
  entry.baseSource = std::move(source);
  return ok();
}

/// diff-4.
static Status parseBase(const JsonValue &object, TensorEntry &entry) {
  UWT_ASSIGN_OR_RETURN(entry.baseChecksums, checksumsOf(object, "base"));
  if (object.find("base") && entry.baseChecksums.empty())
    return invalidError("'base' has no checksums");
  for (const char *together : {"members", "bundle"})
    if (entry.isDifference() && object.find(together))
      return invalidError("has both 'base' and " + inQuotes(together));
  return parseSource(object, entry);
}

/// A hash a member, or none.
static Expected<std::vector<std::string>> memberHashesOf(const JsonValue &object,
                                                         const TensorEntry &entry) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> hashes, hashesOf(object, "sha256"));
  uint64_t expected = entry.bundled ? entry.bundled : entry.members;
  if (!hashes.empty() && hashes.size() != expected)
    return invalidError("'sha256' has " + std::to_string(hashes.size()) + " hashes, expected " +
                        std::to_string(expected));
  return hashes;
}

/// file-15.
static Status parseBundle(const JsonValue &object, TensorEntry &entry) {
  if (!object.find("bundle"))
    return ok();
  std::optional<uint64_t> bundled = object.findInteger("bundle");
  if (!bundled || *bundled == 0 || entry.members > 1)
    return invalidError("'bundle' is not a number of tensors that are no stack");
  entry.bundled = *bundled;
  return ok();
}

Expected<ParsedEntry> parseTensorEntry(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(JsonValue object, parseObject(text, tensorEntryValues));
  ParsedEntry parsed;
  TensorEntry &entry = parsed.stored;
  if (const JsonValue *same = object.find("same")) {
    if (same->kind != JsonValue::Kind::String)
      return invalidError("'same' is not a name");
    entry.sameAs = same->text;
    return parsed;
  }
  if (object.find("packed")) {
    UWT_RETURN_IF_ERROR(parsePacked(object, entry));
    UWT_ASSIGN_OR_RETURN(parsed.sha256, memberHashesOf(object, entry));
    return parsed;
  }
  UWT_RETURN_IF_ERROR(parseBase(object, entry));
  if (entry.isDifference() && !object.find("format")) { // diff-6
    UWT_ASSIGN_OR_RETURN(parsed.sha256, memberHashesOf(object, entry));
    return parsed;
  }
  UWT_RETURN_IF_ERROR(parseFormat(object, entry));
  UWT_RETURN_IF_ERROR(parseShape(object, entry));
  UWT_RETURN_IF_ERROR(parsePlanes(object, entry));
  UWT_RETURN_IF_ERROR(parseMembers(object, entry));
  UWT_RETURN_IF_ERROR(parseBundle(object, entry));
  UWT_ASSIGN_OR_RETURN(entry.indexChecksum, hexOf(object, "index"));
  UWT_ASSIGN_OR_RETURN(parsed.sha256, memberHashesOf(object, entry));
  return parsed;
}

//===----------------------------------------------------------------------===//
// Checksums
//===----------------------------------------------------------------------===//

std::optional<uint64_t> headerChecksum(std::span<const uint8_t> prefix) {
  size_t digits = 8 + headerStart.size();
  if (prefix.size() < digits + hexDigits ||
      std::memcmp(prefix.data() + 8, headerStart.data(), headerStart.size()) != 0)
    return std::nullopt;
  Xxh3Stream stream;
  stream.update(prefix.first(digits));
  stream.update(asBytes(zeroHex64));
  stream.update(prefix.subspan(digits + hexDigits));
  return stream.digest();
}

/// The value of `uwt` with zeros for the digits of both checksums.
static std::string withoutChecksums(std::string value) {
  size_t content = entryStart.size() + hexDigits + entryMiddle.size();
  if (value.size() < content + hexDigits)
    return value;
  value.replace(entryStart.size(), hexDigits, zeroHex64);
  value.replace(content, hexDigits, zeroHex64);
  return value;
}

uint64_t contentChecksum(const SafetensorsHeader &header) {
  Xxh3Stream stream;
  auto add = [&](std::string_view text) { stream.update(asBytes(text)); };
  constexpr std::string_view zero("\0", 1);
  for (size_t i : header.nameOrder()) {
    const SafetensorsTensor &tensor = header.tensors[i];
    add(tensor.name);
    add(zero);
    add(tensor.dtype->name);
    add(zero);
    for (size_t d = 0; d < tensor.shape.size(); ++d)
      add((d == 0 ? "" : ",") + std::to_string(tensor.shape[d]));
    add("\n");
  }
  for (size_t i : header.keyOrder()) {
    const auto &[key, value] = header.metadata[i];
    add(key);
    add(zero);
    if (key == fileEntryKey)
      add(withoutChecksums(value));
    else
      add(value);
    add(zero);
  }
  return stream.digest();
}

//===----------------------------------------------------------------------===//
// ContainerHeader
//===----------------------------------------------------------------------===//

/// The file entry with the raw tensors' checksums in byte order of names.
static FileEntry makeFileEntry(const ContainerHeader &header) {
  FileEntry file;
  file.options = header.options;
  file.sha256 = header.sha256;
  file.base = header.base;
  if (header.isCompact) {
    file.reader = compactReader;
    file.text = header.textBytes;
    file.compact = xxh3(header.compressedText);
  }
  std::vector<const TensorEntry *> raw;
  for (const StoredTensor &stored : header.tensors) {
    file.reader = std::max<uint64_t>(file.reader, stored.entry.reader());
    if (stored.entry.rawChecksum)
      raw.push_back(&stored.entry);
  }
  std::sort(raw.begin(), raw.end(),
            [](const TensorEntry *a, const TensorEntry *b) { return a->name < b->name; });
  for (const TensorEntry *entry : raw) {
    file.raw.push_back(*entry->rawChecksum);
    if (!entry->sha256.empty())
      file.rawSha256.push_back(entry->sha256);
  }
  return file;
}

static void addRaw(const StoredTensor &stored, std::vector<SafetensorsTensor> &tensors) {
  const TensorEntry &entry = stored.entry;
  if (entry.rawChecksum)
    tensors.push_back(
        {entry.name, entry.dtype, entry.shape, stored.rawBegin, stored.rawBegin + entry.bytes});
}

static void addTensors(const StoredTensor &stored, std::vector<SafetensorsTensor> &tensors) {
  const TensorEntry &entry = stored.entry;
  addRaw(stored, tensors);
  for (unsigned k = 0; k < planeKinds; ++k) {
    bool hasPlanes = entry.isPacked() || (entry.compressed() && entry.member == 0);
    if (!hasPlanes || entry.planeBytes[k] == 0)
      continue;
    auto kind = static_cast<PlaneKind>(k);
    uint64_t bytes = paddedPlaneBytes(entry.planeBytes[k], planeAlignment);
    const SafetensorsDtype &dtype = planeDtype(kind);
    tensors.push_back({planeTensorName(entry.name, kind),
                       &dtype,
                       {bytes / (dtype.bits / 8)},
                       stored.planeBegin[k],
                       stored.planeBegin[k] + bytes});
  }
}

/// Members of a stack or a bundle but the first have none.
static bool hasEntry(const TensorEntry &entry) {
  bool isEqual = entry.isDifference() && !entry.compressed();
  bool isFirst = entry.bundle ? entry.bundleNumber == 0 : entry.compressed() && entry.member == 0;
  return isFirst || isEqual || entry.isPacked() || !entry.sameAs.empty();
}

uint64_t headerCost(const StoredTensor &stored) {
  std::vector<SafetensorsTensor> tensors;
  addTensors(stored, tensors);
  MetadataEntries entries;
  if (hasEntry(stored.entry))
    entries.emplace_back(stored.entry.name + std::string(entrySuffix),
                         tensorEntryText(stored.entry, stored.entry.sha256));
  uint64_t checksum = stored.entry.rawChecksum ? hexDigits : 0;
  return safetensorsHeaderText(tensors, entries).size() + checksum;
}

/// The entries of tensors.
MetadataEntries ContainerHeader::tensorEntries() const {
  MetadataEntries entries;
  for (const StoredTensor &tensor : tensors) {
    std::string hashes = tensor.entry.sha256;
    for (size_t i = 1; i < tensor.members.size(); ++i)
      hashes += tensors[tensor.members[i]].entry.sha256;
    if (hasEntry(tensor.entry))
      entries.emplace_back(
          tensor.entry.name + std::string(entrySuffix),
          tensorEntryText(tensor.entry.bundle ? *tensor.entry.bundle : tensor.entry, hashes));
  }
  return entries;
}

uint64_t ContainerHeader::planePadding() const {
  return isCompact ? compactPlaneAlignment : planeAlignment;
}

void ContainerHeader::compressText() {
  MetadataEntries entries = tensorEntries();
  entries.insert(entries.begin(), {std::string(originalHeaderKey), std::string(originalText)});
  std::string text = safetensorsHeaderText({}, entries);
  textBytes = text.size();
  compressedText = lz4Encode(text);
}

std::string ContainerHeader::text() const {
  MetadataEntries entries;
  entries.emplace_back(fileEntryKey, makeFileEntry(*this).str());
  if (!isCompact)
    entries.emplace_back(originalHeaderKey, originalText);
  // file-11: in place of "pt". The original's own entry is in its header.
  entries.emplace_back(formatKey, "uwt");
  std::vector<SafetensorsTensor> stored;
  if (isCompact) {
    const SafetensorsDtype *bytes = findSafetensorsDtype("U8");
    stored.push_back({std::string(compactPlanesName), bytes, {planesBytes}, 0, planesBytes});
    for (const StoredTensor &tensor : tensors)
      addRaw(tensor, stored);
    stored.push_back({std::string(compactHeaderName),
                      bytes,
                      {compressedText.size()},
                      textBegin,
                      textBegin + compressedText.size()});
    return safetensorsHeaderText(stored, entries);
  }
  for (const auto &entry : *metadata)
    if (entry.first != formatKey)
      entries.push_back(entry);
  for (auto &entry : tensorEntries())
    entries.push_back(std::move(entry));
  for (const StoredTensor &tensor : tensors)
    addTensors(tensor, stored);
  return safetensorsHeaderText(stored, entries);
}

Error headerLimitError(uint64_t bytes) {
  return usageError("the container's header would have " + std::to_string(bytes) +
                    " bytes, more than the " + std::to_string(safetensorsHeaderLimit) +
                    " that safetensors allows; split the file");
}

Expected<std::vector<uint8_t>> ContainerHeader::prefix(uint64_t prefixBytes) const {
  std::string json = text();
  uint64_t length = prefixBytes - 8;
  if (length > safetensorsHeaderLimit)
    return headerLimitError(length);
  json.resize(length, ' ');
  // The text is read back for its content checksum, by the code that readers use.
  auto parsed = SafetensorsHeader::parse(json, std::nullopt);
  if (!parsed)
    return invalidError("internal error, the header that was made is invalid: " +
                        parsed.error().message());
  size_t digits = headerStart.size();
  // Quotes are escaped inside the header's text, so the distance is longer there.
  size_t content = digits + hexDigits + std::string_view("\\\",\\\"content\\\":\\\"").size();
  json.replace(content, hexDigits, toHex64(contentChecksum(*parsed)));

  std::vector<uint8_t> out(prefixBytes);
  for (unsigned i = 0; i < 8; ++i)
    out[i] = static_cast<uint8_t>(length >> (8 * i));
  std::memcpy(out.data() + 8, json.data(), json.size());
  std::string checksum = toHex64(*headerChecksum(out));
  std::memcpy(out.data() + 8 + digits, checksum.data(), checksum.size());
  return out;
}

} // namespace uwt
