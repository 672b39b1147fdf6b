//===- CompressFile.cpp - One file to a container -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileCompressor.h"
#include "SharedTensors.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <array>
#include <filesystem>

namespace uwt {

/// Of tensors from this size on, the largest plane is not kept at all, but written at once.
static constexpr uint64_t directTensor = uint64_t(128) << 20;
static constexpr uint64_t rawPieceBytes = uint64_t(16) << 20;
/// A space for the header that is larger than this share of the data is not reserved.
static constexpr uint64_t reservedShare = 256;
/// Elements that show which policy's format is smaller (choice-16).
static constexpr uint64_t comparedElements = uint64_t(1) << 19;
/// The first reader that knows index=short, which files that ask for it have (choice-8).
static constexpr uint32_t shortIndexReader = 6;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

void FileCompressor::describeTensors() {
  const SafetensorsHeader &from = original.header();
  header.tensors.resize(from.tensors.size());
  report.tensors.resize(from.tensors.size());
  for (size_t i = 0; i < from.tensors.size(); ++i) {
    const SafetensorsTensor &tensor = from.tensors[i];
    TensorEntry &entry = header.tensors[i].entry;
    entry.name = tensor.name;
    entry.dtype = tensor.dtype;
    entry.shape = tensor.shape;
    entry.bytes = tensor.bytes();
    TensorReport &line = report.tensors[i];
    line.name = tensor.name;
    line.dtype = tensor.dtype->name;
    line.shape = tensor.shape;
    line.bytes = tensor.bytes();
    if (original.isCast(i))
      line.castFrom = original.sourceOf(i).dtype->name;
    line.castReason = original.castReason(i);
    choices.push_back(chooseTensor(tensor, options));
  }
}

Status FileCompressor::prepare() {
  header.metadata = &original.header().metadata;
  header.originalText = original.headerText();
  header.options = options.digest();
  describeTensors();
  shared = findSharedTensors(original, options.estimate);
  UWT_RETURN_IF_ERROR(findBase());
  choosePacked();
  chooseCompact();
  chooseStacks();
  // write-3.
  gather = dataBytes() < gatheredData || header.isCompact;
  if (!gather) {
    reserved = reservedPrefix();
    gather = reserved > dataBytes() / reservedShare;
  }
  if (gather)
    data.gatherAll(dataBytes());
  else if (writer)
    writer->skipTo(reserved);
  return ok();
}

Status FileCompressor::progress(uint64_t bytes) {
  uint64_t now = std::min(bytes, sourceBytes - told);
  told += now;
  return reportProgress(options.progress, now);
}

/// choice-4 and choice-6: the format that is asked for, in the order that suits the tensor where it
/// takes it. Without a codec where a policy is asked for.
Format FileCompressor::wantedFormat(size_t i) const {
  const Choice &choice = choices[i];
  const Format *wanted = std::get_if<Format>(&options.format);
  Format format = wanted ? *wanted : Format();
  if (bundleOf[i])
    return inBundleOrder(format, bundles[*bundleOf[i]]);
  format.storage = choice.storage.value_or(format.storage);
  Format byRows = format;
  byRows.layout = choice.layout.value_or(format.layout);
  if (format.codec.keyword.empty() || checkFormat(byRows, choice.element))
    format = byRows;
  return newestReader > 1 ? inChosenOrder(format, choice.element, describe({&i, 1}).shape) : format;
}

TensorDescription FileCompressor::describe(std::span<const size_t> members) const {
  const SafetensorsTensor &tensor = original.header().tensors[members[0]];
  ElementType element = choices[members[0]].element;
  if (bundleOf[members[0]])
    return asBundle(members).stored();
  return {element,
          storedShape(tensor.shape, storedElementsEach(*tensor.dtype, element)),
          {},
          members.size()};
}

/// choice-16: the policy whose format takes fewer bytes of the sample, `smallest` if both take as
/// many.
static Expected<FormatPolicy> smallerPolicy(const TensorDescription &description,
                                            std::span<const uint8_t> bytes,
                                            const PanelSample &sample, ThreadPool &pool,
                                            uint32_t newestReader) {
  uint64_t least = UINT64_MAX;
  FormatPolicy smaller = FormatPolicy::Smallest;
  for (FormatPolicy policy : {FormatPolicy::Smallest, FormatPolicy::BestSize}) {
    UWT_ASSIGN_OR_RETURN(ChosenFormat chosen,
                         chooseFormat(policy, description, bytes, pool, &sample, newestReader));
    if (isRaw(chosen.format))
      continue;
    EncodeOptions encoding;
    encoding.chosen = &chosen;
    TensorDescription as = description;
    as.format = chosen.format;
    UWT_ASSIGN_OR_RETURN(EncodedTensor encoded, estimateTensor(as, bytes, sample, pool, encoding));
    uint64_t size = 0;
    for (uint64_t plane : encoded.planeBytes)
      size += plane;
    if (size < least)
      smaller = policy;
    least = std::min(least, size);
  }
  return smaller;
}

Expected<ChosenFormat> FileCompressor::pickFormat(std::span<const size_t> members,
                                                  std::span<const uint8_t> bytes) {
  TensorDescription description = describe(members);
  description.format = wantedFormat(members[0]);
  if (const auto *policy = std::get_if<FormatPolicy>(&options.format)) {
    // choice-10: of differences, the smallest is chosen by every policy.
    bool isDifference = choices[members[0]].isDifference;
    const std::optional<PackedChoice> &packing = packedAs[members[0]];
    bool codesSigns = packing && packing->hasOneSign;
    FormatPolicy used = isDifference || codesSigns ? FormatPolicy::Smallest : *policy;
    bool isCompared = used == FormatPolicy::Smallest && !isDifference && !bundleOf[members[0]];
    if (auto drawn = drawPanels(description, comparedElements); isCompared && drawn) {
      UWT_ASSIGN_OR_RETURN(
          used, smallerPolicy(description, bytes, sample ? *sample : *drawn, pool, newestReader));
    }
    UWT_ASSIGN_OR_RETURN(
        ChosenFormat chosen,
        chooseFormat(used, description, bytes, pool, sample ? &*sample : nullptr, newestReader));
    UWT_ASSIGN_OR_RETURN(CodecTraits traits, checkFormat(chosen.format, description.element));
    chosen.format.shortIndex = newestReader >= shortIndexReader && isVariable(traits.rate);
    return chosen;
  }
  UWT_RETURN_IF_ERROR(checkFormat(description.format, description.element));
  UWT_RETURN_IF_ERROR(description.matrices());
  ChosenFormat chosen;
  chosen.format = description.format;
  return chosen;
}

/// The plane that is likely the largest, of tensors that are large. It follows from the
/// format alone, as the order of planes in the file does.
std::optional<PlaneKind> FileCompressor::directPlane(size_t i, const Format &format) const {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  if (gather || tensor.bytes() < directTensor)
    return std::nullopt;
  if (tensor.dtype->bits == 32)
    return PlaneKind::Low;
  if (isRaw(format))
    return PlaneKind::Words;
  return format.packing == Packing::InPlace ? PlaneKind::Code : PlaneKind::Raw;
}

Expected<EncodedTensor> FileCompressor::encode(std::span<const size_t> members,
                                               std::span<const uint8_t> bytes,
                                               const ChosenFormat &chosen) {
  EncodeOptions encoding;
  encoding.path = options.path;
  encoding.chosen = &chosen;
  // A cast tensor has fewer bytes than its source, which progress counts.
  uint64_t scale = std::max<uint64_t>(1, sourceBytes / std::max<uint64_t>(1, bytes.size()));
  encoding.progress = [&](uint64_t done) { return bool(progress(done * scale)); };
  TensorDescription description = describe(members);
  description.format = chosen.format;
  if (!sample) {
    spool.begin(directPlane(members[0], chosen.format), bytes.size());
    return encodeTensor(description, bytes, spool, pool, encoding);
  }
  spool.begin(std::nullopt, bytes.size());
  UWT_ASSIGN_OR_RETURN(EncodedTensor encoded,
                       estimateTensor(description, bytes, *sample, pool, encoding));
  spool.sizes = encoded.planeBytes;
  return encoded;
}

Expected<std::optional<EntropyBounds>>
FileCompressor::measureBounds(const TensorDescription &as, unsigned elementsEach,
                              std::span<const uint8_t> bytes) {
  if (!options.bounds)
    return std::optional<EntropyBounds>();
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, as.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(as, bytes));
  uint64_t panels = matrices.panels();
  if (sample) {
    source = sampledSource(std::move(source), *sample);
    panels = sample->panels.size();
  }
  std::vector<uint64_t> counts = countWords(source, panels, getTraits(as.element).wordBits, pool);
  return std::optional(entropyBounds(counts, as.element) * elementsEach);
}

/// choice-2.
uint64_t FileCompressor::bytesAsRaw(std::span<const size_t> members) const {
  uint64_t asRaw = 0;
  for (size_t i : members) {
    StoredTensor one;
    one.entry = header.tensors[i].entry;
    one.entry.sha256.clear();
    one.entry.baseChecksums.clear();
    one.entry.baseSource.reset();
    one.entry.rawChecksum = 0;
    one.rawBegin = data.size();
    asRaw += one.entry.bytes + headerCost(one);
  }
  return asRaw;
}

Status FileCompressor::keepPlanes(StoredTensor candidate, std::span<const size_t> members,
                                  const EncodedTensor &encoded) {
  UWT_RETURN_IF_ERROR(spool.keep());
  uint64_t stored = candidate.entry.storedBytes;
  for (size_t m = 0; m < members.size(); ++m) {
    TensorEntry &entry = header.tensors[members[m]].entry;
    TensorReport &line = report.tensors[members[m]];
    entry.format = candidate.entry.format;
    entry.element = candidate.entry.element;
    entry.members = members.size();
    entry.member = m;
    entry.storedBytes = shareOf(stored, m, members.size());
    line.format = entry.format->str();
    line.isDifference = entry.isDifference();
    line.stackMembers = members.size();
    line.escapes = shareOf(encoded.escapes, m, members.size());
    line.panels = shareOf(encoded.panels, m, members.size());
    line.panelsAsWords = shareOf(encoded.panelsAsWords, m, members.size());
    for (unsigned k = 0; k < planeKinds; ++k)
      line.planeBytes[k] = shareOf(candidate.entry.planeBytes[k], m, members.size());
  }
  StoredTensor &first = header.tensors[members[0]];
  first.entry.planeBytes = candidate.entry.planeBytes;
  first.entry.indexChecksum = candidate.entry.indexChecksum;
  first.planeBegin = candidate.planeBegin;
  if (members.size() > 1)
    first.members.assign(members.begin(), members.end());
  return ok();
}

void FileCompressor::keepRaw(std::span<const size_t> members, const std::string &reason) {
  for (size_t i : members) {
    raw.push_back(i);
    report.tensors[i].reason = reason;
  }
}

/// Keeps what takes fewer bytes than `limit` and than the raw tensors.
Expected<CodingAttempt> FileCompressor::tryToEncode(std::span<const size_t> members,
                                                    std::span<const uint8_t> bytes,
                                                    uint64_t limit) {
  bool isOptional = bundleOf[members[0]] || choices[members[0]].isTooSmall;
  auto format = pickFormat(members, bytes);
  if (!format) {
    // choice-2: other tensors may still hold the format. Small ones would be raw otherwise.
    if (!formatError && !isOptional)
      formatError = Error(format.error().getKind(), format.error().message());
    return CodingAttempt{format.error().message()};
  }
  formatFits |= !isOptional;
  // A policy that has found nothing to code.
  bool isHopeless = std::holds_alternative<FormatPolicy>(options.format) && isRaw(format->format);
  TensorDescription description = describe(members);
  description.format = format->format;
  unsigned each =
      storedElementsEach(*original.header().tensors[members[0]].dtype, description.element);
  UWT_ASSIGN_OR_RETURN(std::optional<EntropyBounds> bounds,
                       measureBounds(description, each, bytes));
  for (size_t i : members)
    report.tensors[i].bounds = bounds;
  if (isHopeless)
    return CodingAttempt{std::string(wouldNotBeSmaller)};
  auto encoded = encode(members, bytes, *format);
  if (!encoded)
    return encoded.takeError().in("tensor " + inQuotes(header.tensors[members[0]].entry.name));

  StoredTensor candidate;
  bool isBundle = bundleOf[members[0]].has_value();
  candidate.entry = isBundle ? asBundle(members) : header.tensors[members[0]].entry;
  candidate.entry.format = format->format;
  candidate.entry.element = description.element;
  candidate.entry.members = isBundle ? 1 : members.size();
  candidate.entry.planeBytes = spool.sizes;
  candidate.entry.indexChecksum =
      sample ? estimatedChecksum(candidate.entry) : encoded->indexChecksum;
  candidate.planeBegin = spool.begins();
  for (uint64_t bytes : spool.sizes)
    candidate.entry.storedBytes += paddedPlaneBytes(bytes, spool.padding);
  CodingAttempt attempt;
  attempt.bytes = candidate.entry.storedBytes + headerCost(candidate);
  if (attempt.bytes < std::min(limit, bytesAsRaw(members))) {
    UWT_RETURN_IF_ERROR(isBundle ? keepBundle(std::move(candidate.entry), members, *encoded)
                                 : keepPlanes(std::move(candidate), members, *encoded));
    return attempt;
  }
  UWT_RETURN_IF_ERROR(spool.discard());
  attempt.reason = wouldNotBeSmaller;
  return attempt;
}

Status FileCompressor::hash(size_t i, std::span<const uint8_t> bytes) {
  if (!options.sha256)
    return ok();
  ResidencyLimit limit(original.mappedRange(i, bytes));
  Sha256Stream one;
  one.update(bytes);
  wholeHash.update(bytes);
  header.tensors[i].entry.sha256 = one.hexDigest();
  return ok();
}

/// The bytes of a tensor, which are rounded for the first time: notes what that loses.
Expected<std::span<const uint8_t>> FileCompressor::castBytes(size_t i) {
  CastLoss loss;
  auto bytes = original.tensorBytes(i, pool, &loss);
  report.cast.add(loss);
  report.tensors[i].castChanged = loss.changed;
  report.tensors[i].valuesLeft = loss.valuesLeft;
  return bytes;
}

/// The tensors' bytes, one after another; valid until the next call.
Expected<std::span<const uint8_t>> FileCompressor::bytesOf(std::span<const size_t> members) {
  if (members.size() == 1)
    return castBytes(members[0]);
  stackBytes.clear();
  for (size_t i : members) {
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, castBytes(i));
    stackBytes.insert(stackBytes.end(), bytes.begin(), bytes.end());
    original.release(i);
  }
  return std::span<const uint8_t>(stackBytes);
}

/// Encodes a tensor, or a stack once its first member is met.
Status FileCompressor::encodeMembers(std::span<const size_t> members) {
  sourceBytes = told = 0;
  for (size_t i : members)
    sourceBytes += original.sourceOf(i).bytes();
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, bytesOf(members));
  ResidencyLimit limit(members.size() == 1 ? original.mappedRange(members[0], bytes)
                                           : std::span<const uint8_t>());
  UWT_ASSIGN_OR_RETURN(CodingAttempt attempt, tryToEncode(members, bytes));
  if (!attempt.isKept())
    keepRaw(members, attempt.reason);
  return progress(UINT64_MAX);
}

/// A tensor that is not to be compressed; it may be rounded all the same.
Status FileCompressor::keepAsItIs(size_t i) {
  if (original.isCast(i))
    UWT_RETURN_IF_ERROR(castBytes(i));
  keepRaw({&i, 1}, choices[i].reason);
  return ok();
}

Status FileCompressor::compressTensor(size_t i) {
  if (options.sha256) {
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, original.tensorBytes(i, pool, nullptr));
    UWT_RETURN_IF_ERROR(hash(i, bytes));
  }
  sourceBytes = original.sourceOf(i).bytes();
  told = 0;
  if (shared[i])
    header.tensors[i].entry.sameAs = original.header().tensors[*shared[i]].name;
  else if (baseOf[i])
    UWT_RETURN_IF_ERROR(compressAgainstBase(i));
  else if (packedAs[i])
    UWT_RETURN_IF_ERROR(encodePacked(i));
  else if (bundleOf[i])
    UWT_RETURN_IF_ERROR(bundles[*bundleOf[i]].front() == i ? encodeMembers(bundles[*bundleOf[i]])
                                                           : ok());
  else if (!choices[i].reason.empty())
    UWT_RETURN_IF_ERROR(keepAsItIs(i));
  else if (!stackOf[i])
    UWT_RETURN_IF_ERROR(encodeMembers({&i, 1}));
  else if (stacks[*stackOf[i]].front() == i)
    UWT_RETURN_IF_ERROR(encodeMembers(stacks[*stackOf[i]]));
  original.release(i);
  bool isDone = stackOf[i] || bundleOf[i];
  return isDone ? ok() : progress(UINT64_MAX);
}

Status FileCompressor::writeRaw(size_t i) {
  StoredTensor &stored = header.tensors[i];
  stored.rawBegin = data.size();
  stored.entry.storedBytes = stored.entry.bytes;
  if (options.estimate) {
    stored.entry.rawChecksum = 0;
    data.count(stored.entry.bytes);
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> rest, original.tensorBytes(i, pool, nullptr));
  ResidencyLimit limit(original.mappedRange(i, rest));
  Xxh3Stream checksum;
  while (!rest.empty()) {
    std::span<const uint8_t> piece = rest.first(std::min<uint64_t>(rest.size(), rawPieceBytes));
    checksum.update(piece);
    UWT_RETURN_IF_ERROR(data.append(piece));
    rest = rest.subspan(piece.size());
  }
  stored.entry.rawChecksum = checksum.digest();
  original.release(i);
  return ok();
}

Status FileCompressor::writeRawTensors() {
  // Wide elements first, so that all are aligned to their own size; ties keep the
  // order of the data.
  const std::vector<SafetensorsTensor> &tensors = original.header().tensors;
  std::sort(raw.begin(), raw.end(), [&](size_t a, size_t b) {
    return std::tuple(tensors[b].dtype->bits, tensors[a].begin, tensors[a].end, a) <
           std::tuple(tensors[a].dtype->bits, tensors[b].begin, tensors[b].end, b);
  });
  for (size_t i : raw)
    UWT_RETURN_IF_ERROR(writeRaw(i));
  return ok();
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

static std::string longestKeyword() {
  std::string_view longest;
  for (const Codec *codec : allCodecs())
    longest = codec->keyword().size() > longest.size() ? codec->keyword() : longest;
  return std::string(longest);
}

uint64_t FileCompressor::reservedPrefix() const {
  ContainerHeader largest = header;
  largest.sha256 = options.sha256 ? std::string(64, '0') : std::string();
  if (options.base)
    largest.base = options.base->files();
  // Coded planes can be little larger than the tensor; offsets never have more digits than this.
  uint64_t bound = dataBytes() * 4 + (uint64_t(1) << 30);
  Format longest;
  longest.codec = {longestKeyword(), {4294967295u, 4294967295u}};
  longest.layout = Layout::RowMajor;
  longest.storage = Storage::KMajor;
  longest.fold = {Fold::Kind::Columns, 4294967295u};
  longest.packing = Packing::InPlace;
  longest.codedMantissa = longest.rowClasses = longest.version = 4294967295u;
  longest.escapes = Escapes::Rows64;
  longest.codedSign = longest.shortIndex = longest.exactTables = longest.panelUnits = true;
  for (size_t i = 0; i < largest.tensors.size(); ++i) {
    StoredTensor &stored = largest.tensors[i];
    TensorEntry &entry = stored.entry;
    entry.sha256 = largest.sha256;
    if (shared[i]) {
      entry.sameAs = original.header().tensors[*shared[i]].name;
      continue;
    }
    entry.rawChecksum = 0;
    stored.rawBegin = bound;
    if (baseOf[i]) {
      entry.baseChecksums.resize(basePieces(entry.bytes));
      entry.baseSource = baseOf[i]->source(entry.name);
      if (baseOf[i]->hasRows())
        entry.baseSource->rows.assign(maxBaseRuns, {UINT64_MAX, UINT64_MAX, UINT64_MAX});
    }
    bool isLaterMember = stackOf[i] && stacks[*stackOf[i]].front() != i;
    bool mayCode = choices[i].reason.empty() || packedAs[i] || (baseOf[i] && choices[i].isTooSmall);
    if (!mayCode || isLaterMember)
      continue;
    entry.members = stackOf[i] ? stacks[*stackOf[i]].size() : 1;
    entry.format = longest;
    entry.planeBytes.fill(bound);
    stored.planeBegin.fill(bound);
  }
  return roundUp(8 + largest.text().size(), alignment());
}

Status FileCompressor::finish() {
  if (options.sha256 && !options.estimate)
    header.sha256 = wholeHash.hexDigest();
  header.base = usedBaseFiles();
  if (header.isCompact)
    UWT_RETURN_IF_ERROR(addCompactHeader());
  uint64_t prefixBytes = gather ? roundUp(8 + header.text().size(), alignment()) : reserved;
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> prefix, header.prefix(prefixBytes));
  report.headerBytes += prefixBytes;
  report.outputBytes = prefixBytes + data.size();
  if (!writer)
    return ok();
  UWT_RETURN_IF_ERROR(writer->writeAt(0, prefix));
  return gather ? data.writeGathered() : ok();
}

void FileCompressor::fillReport() {
  report.inputBytes = original.source().fileBytes();
  report.originalBytes = original.bytes();
  for (size_t i = 0; i < report.tensors.size(); ++i) {
    const TensorEntry &entry = header.tensors[i].entry;
    TensorReport &line = report.tensors[i];
    line.storedBytes = entry.sameAs.empty() ? entry.storedBytes : 0;
    if (!entry.sameAs.empty())
      line.reason = "stored as " + inQuotes(entry.sameAs);
    line.base = entry.baseName();
    countTensor(entry, report);
  }
}

Status FileCompressor::compressTensors() {
  if (options.sha256) {
    uint64_t length = original.headerText().size();
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; ++i)
      bytes[i] = static_cast<uint8_t>(length >> (8 * i));
    wholeHash.update(bytes);
    wholeHash.update(asBytes(original.headerText()));
  }
  for (size_t i : original.header().dataOrder())
    UWT_RETURN_IF_ERROR(compressTensor(i));
  return ok();
}

Status FileCompressor::run() {
  if (options.estimate)
    MappedFile::readSparsely(original.source().data());
  UWT_RETURN_IF_ERROR(prepare());
  UWT_RETURN_IF_ERROR(options.estimate ? estimateTensors() : compressTensors());
  if (formatError && !formatFits)
    return *std::move(formatError);
  UWT_RETURN_IF_ERROR(padPlanes());
  UWT_RETURN_IF_ERROR(writeRawTensors());
  UWT_RETURN_IF_ERROR(finish());
  UWT_RETURN_IF_ERROR(original.source().checkRead());
  fillReport();
  return ok();
}

//===----------------------------------------------------------------------===//
// compressFile
//===----------------------------------------------------------------------===//

/// Finds whether the compact form makes a small file with `smallest` smaller (choice-11).
static bool compactIsSmaller(Original &original, const std::string &folder,
                             const CompressOptions &options, ThreadPool &pool) {
  const auto *policy = std::get_if<FormatPolicy>(&options.format);
  if (!policy || *policy != FormatPolicy::Smallest || original.bytes() > smallData)
    return true;
  CompressOptions trial = options;
  trial.progress = nullptr;
  std::array<uint64_t, 2> sizes;
  for (bool isCompact : {false, true}) {
    FileCompressor compressor(original, folder, nullptr, trial, pool);
    compressor.wantsCompact = isCompact;
    if (!compressor.run()) // The error comes again where the file is written.
      return true;
    sizes[isCompact] = compressor.report.outputBytes;
  }
  return sizes[1] < sizes[0];
}

Expected<FileReport> compressFile(const std::string &input, const std::string &output,
                                  const CompressOptions &given) {
  CompressOptions options = given;
  options.verify = given.verify && given.writes();
  if (options.verify)
    options.progress = halved(given.progress);
  if (options.writes())
    UWT_RETURN_IF_ERROR(checkOutputOf(input, options.base.get(), {output}));
  std::string folder = std::filesystem::path(output).parent_path().string();
  if (!options.writes() || folder.empty())
    folder = ".";
  UWT_ASSIGN_OR_RETURN(Original original, Original::open(input, options, folder));
  Status names = checkSourceNames(original.source().header());
  if (!names)
    return names.takeError().in(input);
  std::optional<AtomicFileWriter> writer;
  if (options.writes()) {
    UWT_ASSIGN_OR_RETURN(
        writer, AtomicFileWriter::create(output, options.overwrite, original.source().mode()));
  }
  ThreadPool pool(options.threads);
  FileCompressor compressor(original, folder, writer ? &*writer : nullptr, options, pool);
  compressor.wantsCompact = compactIsSmaller(original, folder, options, pool);
  Status status = compressor.run();
  if (status && writer)
    status = commitContainer(*writer, original, options, pool);
  if (!status && status.error().getKind() != ErrorKind::IO)
    return status.takeError().in(input);
  if (!status)
    return status.takeError();
  FileReport report = std::move(compressor.report);
  report.input = input;
  report.output = output;
  return report;
}

} // namespace uwt
