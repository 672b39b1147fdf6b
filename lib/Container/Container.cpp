//===- Container.cpp - Opening a container --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules file-1 to file-10 and check-1 to check-3 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "BaseTensor.h"
#include "ContainerState.h"
#include "Difference.h"
#include "FloatCast.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstring>

namespace uwt {

std::string tensorLabel(const TensorEntry &entry) { return "tensor " + inQuotes(entry.name); }

uint32_t TensorEntry::reader() const {
  constexpr uint32_t stackReader = 2, differenceReader = 6, baseSourceReader = 9;
  if (bundle)
    return bundle->reader();
  if (isPacked())
    return packedReader;
  uint32_t kind = bundled          ? compactReader
                  : baseSource     ? baseSourceReader
                  : isDifference() ? differenceReader
                  : members > 1    ? stackReader
                                   : 1;
  return format ? std::max({readerOf(*format), getTraits(element).reader, kind}) : kind;
}

TensorDescription TensorEntry::stored() const {
  return {element, storedShape(shape, storedElementsEach(*dtype, element)), *format, members};
}

//===----------------------------------------------------------------------===//
// Reading the header
//===----------------------------------------------------------------------===//

/// file-1: a plain file has nothing that stands for parts of a container, so that
/// damage to the key of the file entry does not make a container plain.
static Status checkPlain(const SafetensorsHeader &header) {
  bool plain = !header.findMetadata(originalHeaderKey);
  for (const SafetensorsTensor &tensor : header.tensors)
    plain &= tensor.name.find(planeInfix) == std::string::npos;
  return plain ? ok()
               : Status(invalidError("has planes of compressed tensors, but no __metadata__ entry "
                                     "'uwt': the file is damaged, or another tool has saved it "
                                     "without its metadata"));
}

Status Container::State::readPlain() {
  UWT_RETURN_IF_ERROR(checkPlain(file.header()));
  original = &file.header();
  originalText = file.headerText();
  for (const SafetensorsTensor &tensor : file.header().tensors) {
    TensorEntry &entry = entries.emplace_back();
    entry.name = tensor.name;
    entry.dtype = tensor.dtype;
    entry.shape = tensor.shape;
    entry.bytes = entry.storedBytes = tensor.bytes();
    entry.originalBegin = tensor.begin;
    sources.emplace_back().raw = &tensor;
  }
  return ok();
}

Status Container::State::checkHeader() {
  if (!options.check)
    return ok();
  if (headerChecksum(file.prefix()) == fileEntry.headerChecksum) // check-1
    return ok();
  savedAgain = true;
  if (contentChecksum(file.header()) == fileEntry.contentChecksum) // check-2
    return ok();
  return invalidError("the header's checksum is wrong: the file is damaged in its first " +
                      std::to_string(file.prefix().size()) + " bytes; get it again");
}

Status Container::State::readCompressed(size_t i, std::vector<bool> &used) {
  TensorEntry &entry = entries[i];
  const SafetensorsHeader &header = file.header();
  for (unsigned k = 0; k < planeKinds; ++k) {
    if (entry.planeBytes[k] == 0)
      continue;
    auto kind = static_cast<PlaneKind>(k);
    std::string where = "plane " + std::string(planeName(kind));
    const SafetensorsTensor *plane = header.find(planeTensorName(entry.name, kind));
    if (!plane)
      return invalidError(where + ": the file has no such tensor");
    if (plane->dtype != &planeDtype(kind) || plane->shape.size() != 1) // file-4
      return invalidError(where + ": expected rank 1 of dtype " +
                          std::string(planeDtype(kind).name) + ", found rank " +
                          std::to_string(plane->shape.size()) + " of " +
                          std::string(plane->dtype->name));
    uint64_t expected = paddedPlaneBytes(entry.planeBytes[k], planePadding); // file-10
    if (plane->bytes() != expected)
      return invalidError(where + ": " + std::to_string(plane->bytes()) +
                          " bytes in the file, expected " + std::to_string(expected));
    sources[i].planes[k] = file.tensorBytes(*plane);
    used[static_cast<size_t>(plane - header.tensors.data())] = true;
    entry.storedBytes += plane->bytes();
  }
  return ok();
}

/// file-15.
Status Container::State::readBundle(size_t i, ParsedEntry parsed) {
  TensorEntry &bundle = parsed.stored;
  if (!compactEntries || bundle.shape.size() != 1 || bundle.dtype != entries[i].dtype)
    return invalidError("its bundle is not of rank 1 and dtype " +
                        std::string(entries[i].dtype->name) + " in a file of the compact form");
  UWT_ASSIGN_OR_RETURN(bundle.bytes, safetensorsBytes(*bundle.dtype, bundle.shape));
  if (bundle.bytes > bundleBytes)
    return invalidError("its bundle has " + std::to_string(bundle.bytes) + " bytes, more than " +
                        std::to_string(bundleBytes));
  bundle.name = entries[i].name;
  for (uint64_t bytes : bundle.planeBytes)
    bundle.storedBytes += paddedPlaneBytes(bytes, planePadding);
  memberHashes[i] = std::move(parsed.sha256);
  entries[i].bundle = std::make_shared<const TensorEntry>(std::move(bundle));
  return ok();
}

/// Checks and keeps what the base of an entry is made from (diff-7).
Status Container::State::readSource(size_t i, std::optional<BaseSource> source) {
  TensorEntry &entry = entries[i];
  if (!source)
    return ok();
  if (!source->dtype)
    source->dtype = entry.dtype;
  if (!hasFloatCast(*source->dtype, *entry.dtype))
    return invalidError("its entry has a base of " + std::string(source->dtype->name) +
                        ", which is not cast to " + std::string(entry.dtype->name));
  if (!source->rows.empty()) {
    const BaseRows &last = source->rows.back();
    uint64_t rows = entry.shape.empty() ? 0 : entry.shape[0];
    if (last.own + last.count > rows)
      return invalidError("its entry has rows of a base up to " +
                          std::to_string(last.own + last.count) + ", it has " +
                          std::to_string(rows));
  }
  entry.baseSource = std::move(source);
  return ok();
}

Status Container::State::readEntry(size_t i, std::vector<bool> &used) {
  const SafetensorsHeader &header = file.header();
  const SafetensorsTensor &tensor = original->tensors[i];
  TensorEntry &entry = entries[i];
  entry.name = tensor.name;
  entry.dtype = tensor.dtype;
  entry.shape = tensor.shape;
  entry.bytes = tensor.bytes();
  entry.originalBegin = tensor.begin;

  const std::string *text = entryHeader().findMetadata(tensor.name + std::string(entrySuffix));
  if (!text) {
    const SafetensorsTensor *raw = header.find(tensor.name);
    if (!raw) // Perhaps a member of a stack or bundle: see linkMembers.
      return ok();
    if (raw->dtype != tensor.dtype || raw->shape != tensor.shape) // file-9
      return invalidError("dtype or shape differ from the original's header");
    sources[i].raw = raw;
    used[static_cast<size_t>(raw - header.tensors.data())] = true;
    entry.storedBytes = raw->bytes();
    return ok();
  }
  auto parsed = parseTensorEntry(*text);
  if (!parsed)
    return parsed.takeError().in("entry " + inQuotes(tensor.name + std::string(entrySuffix)));
  TensorEntry &stored = parsed->stored;
  entry.sameAs = stored.sameAs;
  if (!entry.sameAs.empty())
    return ok();
  if (stored.bundled)
    return readBundle(i, *std::move(parsed));
  entry.baseChecksums = std::move(stored.baseChecksums);
  if (!parsed->sha256.empty() && stored.members == 1)
    entry.sha256 = parsed->sha256.front();
  if (entry.isDifference() && !hasDifferences(*entry.dtype))
    return invalidError("its entry has a base, but there are no differences of " +
                        std::string(entry.dtype->name));
  if (entry.isDifference() && entry.baseChecksums.size() != basePieces(entry.bytes)) // diff-4
    return invalidError("its entry has " + std::to_string(entry.baseChecksums.size()) +
                        " checksums of the base's tensor, expected " +
                        std::to_string(basePieces(entry.bytes)));
  UWT_RETURN_IF_ERROR(readSource(i, std::move(stored.baseSource)));
  if (entry.isDifference() && !stored.compressed()) // diff-6
    return ok();
  if (stored.dtype != tensor.dtype || stored.shape != tensor.shape) // file-9
    return invalidError("dtype or shape of its entry differ from the original's header");
  entry.packedChecksum = stored.packedChecksum;
  entry.format = std::move(stored.format);
  entry.element = stored.element;
  entry.planeBytes = stored.planeBytes;
  entry.indexChecksum = stored.indexChecksum;
  entry.members = stored.members;
  if (entry.members > 1)
    memberHashes[i] = std::move(parsed->sha256);
  if (!compactEntries)
    return readCompressed(i, used);
  for (uint64_t bytes : entry.planeBytes)
    entry.storedBytes += paddedPlaneBytes(bytes, planePadding);
  return ok();
}

Status Container::State::linkShared() {
  for (size_t i = 0; i < entries.size(); ++i) {
    TensorEntry &entry = entries[i];
    if (entry.sameAs.empty())
      continue;
    const SafetensorsTensor *stored = original->find(entry.sameAs);
    size_t at = stored ? static_cast<size_t>(stored - original->tensors.data()) : 0;
    if (!stored || !entries[at].sameAs.empty())
      return invalidError(tensorLabel(entry) + ": the tensor " + inQuotes(entry.sameAs) +
                          " that is stored for it does not exist");
    if (stored->dtype != entry.dtype || stored->shape != entry.shape)
      return invalidError(tensorLabel(entry) + ": the tensor " + inQuotes(entry.sameAs) +
                          " that is stored for it has another dtype or shape");
    sources[i].sameAs = at;
    entry.packedChecksum = entries[at].packedChecksum;
    entry.format = entries[at].format;
    entry.element = entries[at].element;
    entry.planeBytes = entries[at].planeBytes;
    entry.indexChecksum = entries[at].indexChecksum;
    entry.rawChecksum = entries[at].rawChecksum;
    entry.baseChecksums = entries[at].baseChecksums;
    entry.baseSource = entries[at].baseSource;
    entry.bundle = entries[at].bundle;
    entry.bundleNumber = entries[at].bundleNumber;
    entry.bundleBegin = entries[at].bundleBegin;
    entry.sha256 = entries[at].sha256;
  }
  return ok();
}

Status Container::State::takeRawChecksums() {
  size_t count = 0;
  for (size_t i : original->nameOrder()) {
    if (!sources[i].raw)
      continue;
    if (count < fileEntry.raw.size())
      entries[i].rawChecksum = fileEntry.raw[count];
    if (count < fileEntry.rawSha256.size())
      entries[i].sha256 = fileEntry.rawSha256[count];
    ++count;
  }
  bool shaFits = fileEntry.rawSha256.empty() || fileEntry.rawSha256.size() == count;
  if (fileEntry.raw.size() == count && shaFits)
    return ok();
  return invalidError("the file entry has " + std::to_string(fileEntry.raw.size()) +
                      " checksums of raw tensors, expected " + std::to_string(count));
}

/// file-2.
Status Container::State::checkAllUsed(const std::vector<bool> &used) const {
  auto unused = std::find(used.begin(), used.end(), false);
  if (unused == used.end())
    return ok();
  size_t i = static_cast<size_t>(unused - used.begin());
  return invalidError("tensor " + inQuotes(file.header().tensors[i].name) +
                      " belongs to no tensor of the original");
}

/// diff-5: differences and what they are from are named together.
Status Container::State::checkDifferences() const {
  bool any = std::ranges::any_of(entries, &TensorEntry::isDifference);
  if (any == !fileEntry.base.empty())
    return ok();
  return invalidError(any ? "has differences, but the file entry names no base model"
                          : "the file entry names a base model, but there are no differences");
}

Status Container::State::readContainer() {
  isContainer = true;
  const SafetensorsHeader &header = file.header();
  auto parsed = FileEntry::parse(*header.findMetadata(fileEntryKey));
  if (!parsed)
    return parsed.takeError().in("__metadata__ entry 'uwt'");
  fileEntry = *std::move(parsed);
  UWT_RETURN_IF_ERROR(checkHeader());
  UWT_RETURN_IF_ERROR(readCompact());
  UWT_RETURN_IF_ERROR(readOriginal());

  std::vector<bool> used(header.tensors.size());
  for (size_t i = 0; i < used.size(); ++i)
    used[i] = compactEntries && isCompactTensor(header.tensors[i].name);
  entries.resize(original->tensors.size());
  sources.resize(original->tensors.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    Status read = readEntry(i, used);
    if (!read)
      return read.takeError().in(tensorLabel(entries[i]));
  }
  if (compactEntries)
    UWT_RETURN_IF_ERROR(findCompactPlanes());
  UWT_RETURN_IF_ERROR(checkDifferences());
  UWT_RETURN_IF_ERROR(linkMembers());
  UWT_RETURN_IF_ERROR(checkAllUsed(used));
  UWT_RETURN_IF_ERROR(takeRawChecksums());
  return linkShared();
}

/// file-13.
Status Container::State::readCompact() {
  if (!fileEntry.compact)
    return ok();
  UWT_ASSIGN_OR_RETURN(CompactHeader compact, CompactHeader::read(file, fileEntry, options.check));
  compactEntries = std::move(compact.header);
  planeData = compact.planes;
  planePadding = compactPlaneAlignment;
  return ok();
}

Status Container::State::readOriginal() {
  const std::string *text = entryHeader().findMetadata(originalHeaderKey);
  if (!text)
    return invalidError("__metadata__ has no entry 'uwt.original'");
  originalText = *text;
  auto originalHeader = SafetensorsHeader::parse(originalText, std::nullopt);
  if (!originalHeader)
    return originalHeader.takeError().in("__metadata__ entry 'uwt.original'");
  parsedOriginal = *std::move(originalHeader);
  original = &parsedOriginal;
  return ok();
}

//===----------------------------------------------------------------------===//
// Container
//===----------------------------------------------------------------------===//

Container::Container(std::unique_ptr<State> state) : state(std::move(state)) {}
Container::Container(Container &&) noexcept = default;
Container &Container::operator=(Container &&) noexcept = default;
Container::~Container() = default;

Expected<Container> Container::open(const std::string &path, const ReadOptions &options) {
  UWT_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::open(path));
  auto state = std::make_unique<State>(std::move(file));
  state->options = options;
  bool isContainer = state->file.header().findMetadata(fileEntryKey) != nullptr; // file-1
  Status read = isContainer ? state->readContainer() : state->readPlain();
  UWT_RETURN_IF_ERROR(state->file.checkRead());
  if (!read)
    return read.takeError().in(path);
  return Container(std::move(state));
}

const std::string &Container::path() const { return state->file.path(); }
const SafetensorsFile &Container::file() const { return state->file; }
bool Container::isContainer() const { return state->isContainer; }
bool Container::savedAgain() const { return state->savedAgain; }
bool Container::isCompact() const { return state->compactEntries.has_value(); }
const std::vector<TensorEntry> &Container::entries() const { return state->entries; }
std::string_view Container::originalHeader() const { return state->originalText; }
const MetadataEntries &Container::metadata() const { return state->original->metadata; }

const std::string *Container::findMetadata(std::string_view key) const {
  return state->original->findMetadata(key);
}
const std::string &Container::originalSha256() const { return state->fileEntry.sha256; }
const std::vector<BaseFile> &Container::baseFiles() const { return state->fileEntry.base; }
Status Container::checkHasBase() const {
  if (state->options.base || baseFiles().empty())
    return ok();
  return usageError(path() + ": holds differences from " + describeBase(baseFiles()) +
                    ": give that with --base; for what has no such option, decompress first");
}
uint64_t Container::optionsDigest() const {
  return state->isContainer ? state->fileEntry.options : 0;
}

uint64_t Container::headerBytes() const {
  uint64_t stored = 0;
  for (const TensorEntry &entry : entries())
    stored += entry.sameAs.empty() ? entry.storedBytes : 0;
  return fileBytes() - std::min(stored, fileBytes());
}

uint64_t Container::originalBytes() const {
  uint64_t bytes = 8 + state->originalText.size();
  for (const TensorEntry &entry : state->entries)
    bytes += std::min(entry.bytes, UINT64_MAX - bytes);
  return bytes;
}

const TensorEntry *Container::lookUp(std::string_view name) const {
  const SafetensorsTensor *tensor = state->original->find(name);
  if (!tensor)
    return nullptr;
  return &state->entries[static_cast<size_t>(tensor - state->original->tensors.data())];
}

Expected<const TensorEntry *> Container::find(std::string_view name) const {
  if (const TensorEntry *entry = lookUp(name))
    return entry;
  std::vector<std::string_view> names;
  for (const TensorEntry &entry : state->entries)
    names.push_back(entry.name);
  return usageError(path() + ": no tensor " + inQuotes(name) + didYouMean(name, names));
}

/// Planes without their padding.
static PlaneViews usedPlanes(PlaneViews planes, const TensorEntry &entry) {
  for (unsigned k = 0; k < planeKinds; ++k)
    planes[k] = planes[k].first(planes[k].empty() ? 0 : entry.planeBytes[k]);
  return planes;
}

/// file-10: how much of an index is in use, its own first u32 says as well. One meaning for both,
/// since the checksum is of that many bytes.
static Status checkIndexBytes(const PlaneViews &planes, const TensorEntry &entry) {
  uint32_t words = 0;
  std::memcpy(&words, planes[numberOf(PlaneKind::Index)].data(), sizeof(words));
  uint64_t bytes = uint64_t(words) * sizeof(words);
  uint64_t expected = entry.planeBytes[numberOf(PlaneKind::Index)];
  if (bytes == expected)
    return ok();
  return invalidError("plane index says that " + std::to_string(bytes) +
                      " of its bytes are in use, its entry that " + std::to_string(expected) +
                      " are");
}

Expected<TensorDecoder> Container::State::openStored(const TensorEntry &entry,
                                                     const PlaneViews &planes) const {
  UWT_ASSIGN_OR_RETURN(
      TensorDecoder decoder,
      TensorDecoder::open(entry.stored(), usedPlanes(planes, entry),
                          options.check ? std::optional(entry.indexChecksum) : std::nullopt));
  UWT_RETURN_IF_ERROR(checkIndexBytes(planes, entry));
  return decoder;
}

Expected<TensorDecoder> Container::State::openDecoder(size_t i, const PlaneViews &planes) const {
  const TensorEntry &entry = entries[i];
  if (!sources[i].stack)
    return openStored(entry, planes);
  UWT_ASSIGN_OR_RETURN(auto stack,
                       stacks.find(*sources[i].stack, [&] { return openStored(entry, planes); }));
  return stack->member(entry.member);
}

/// A composition that makes no sense is the file's fault here, not the caller's.
static Error asFault(const Error &error) {
  bool isUsage = error.getKind() == ErrorKind::Usage;
  return Error(isUsage ? ErrorKind::Invalid : error.getKind(), error.message());
}

Status TensorReader::takeDecoder(Expected<TensorDecoder> opened) {
  if (!opened)
    return located(asFault(opened.takeError()));
  decoding = std::make_shared<const TensorDecoder>(*std::move(opened));
  return ok();
}

Expected<TensorReader> Container::reader(const TensorEntry &entry) const {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, storedReader(entry));
  if (!entry.isDifference())
    return reader;
  UWT_RETURN_IF_ERROR(checkHasBase());
  size_t index = static_cast<size_t>(&entry - state->entries.data());
  const TensorEntry &stored = state->entries[state->sources[index].sameAs.value_or(index)];
  auto base = BaseTensor::open(state->options.base, stored, baseFiles(), state->options.check);
  if (!base)
    return base.takeError().in(path());
  reader.base = std::make_shared<const BaseTensor>(*std::move(base));
  return reader;
}

Expected<TensorReader> Container::storedReader(const TensorEntry &entry) const {
  size_t index = static_cast<size_t>(&entry - state->entries.data());
  size_t storedIndex = state->sources[index].sameAs.value_or(index);
  const TensorSources &sources = state->sources[storedIndex];
  TensorReader reader;
  reader.path = path();
  reader.what = &entry;
  reader.options = state->options;
  if (sources.raw) {
    reader.raw = state->file.tensorBytes(*sources.raw);
    return reader;
  }
  if (entry.isDifference() && !entry.compressed()) // diff-6
    return reader;
  if (sources.bundle) {
    size_t first = *sources.bundle;
    reader.stored = state->sources[first].planes;
    auto opened = state->openBundle(first);
    UWT_RETURN_IF_ERROR(reader.checkRead());
    if (!opened)
      return reader.located(asFault(opened.takeError()));
    reader.bundle = *std::move(opened);
    reader.raw = std::span(reader.bundle->bytes).subspan(entry.bundleBegin, entry.bytes);
    return reader;
  }
  reader.stored = sources.planes;
  if (entry.isPacked()) {
    auto opened = state->openPacked(storedIndex);
    UWT_RETURN_IF_ERROR(reader.checkRead());
    if (!opened)
      return reader.located(opened.takeError());
    reader.packed = *std::move(opened);
    return reader;
  }
  UWT_RETURN_IF_ERROR(
      reader.afterReading(reader.takeDecoder(state->openDecoder(storedIndex, reader.stored))));
  return reader;
}

} // namespace uwt
