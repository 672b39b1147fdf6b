//===- CompressFile.cpp - One file to a container -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are coded one after another, each by all threads. Data are streamed behind
// a space for the header, which is written last; where everything fits into memory, they
// are gathered first, so that the header takes no more than it needs (write-3).
//
//===----------------------------------------------------------------------===//

#include "ContainerFormat.h"
#include "FileWork.h"
#include "Original.h"
#include "Selection.h"
#include "SharedTensors.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <filesystem>

namespace uwt {

/// Bytes of one plane that are kept in memory.
static constexpr uint64_t planeInMemory = uint64_t(192) << 20;
/// Of tensors from this size on, the largest plane is not kept at all, but written at once.
static constexpr uint64_t directTensor = uint64_t(128) << 20;
/// Originals with less data are gathered in memory.
static constexpr uint64_t gatheredData = uint64_t(256) << 20;
/// Data begin at a multiple of the first, or of the second for originals with
/// less data than the third (file-5).
static constexpr uint64_t largeAlignment = 4096, smallAlignment = planeAlignment,
                          smallData = uint64_t(1) << 20;
static constexpr uint64_t rawPieceBytes = uint64_t(16) << 20;

namespace {

/// Where data go: to the file, to memory, or nowhere.
class DataOutput {
public:
  DataOutput(const std::string &folder, AtomicFileWriter *writer, bool gather)
      : writer(writer), gather(gather), gathered(folder, gatheredData) {}

  uint64_t size() const { return end; }
  Status append(std::span<const uint8_t> bytes) {
    end += bytes.size();
    if (!writer)
      return success();
    return gather ? gathered.append(bytes) : writer->append(bytes);
  }
  Status append(SpillBuffer &bytes) {
    count(bytes.size());
    if (!gather)
      return bytes.copyTo(*writer);
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> view, bytes.view());
    return gathered.append(view);
  }
  /// Bytes that are not written.
  void count(uint64_t bytes) { end += bytes; }
  /// Padding behind a plane of `bytes` bytes.
  Status pad(uint64_t bytes) {
    static constexpr uint8_t zeros[planeAlignment] = {};
    return append(std::span(zeros).first(paddedPlaneBytes(bytes) - bytes));
  }
  /// Forgets everything from `offset` on. Only where nothing is gathered.
  Status rewindTo(uint64_t offset) {
    uint64_t start = writer ? writer->size() - end : 0;
    end = offset;
    return writer ? writer->rewindTo(start + offset) : success();
  }
  Status writeGathered() { return gathered.copyTo(*writer); }

private:
  AtomicFileWriter *writer;
  bool gather;
  SpillBuffer gathered;
  uint64_t end = 0;
};

/// Planes of one tensor, until it is known whether they are worth it. One of them may
/// have been written already.
class PlaneSpool final : public PlaneSink {
public:
  PlaneSpool(const std::string &folder, DataOutput &data, bool countOnly)
      : data(data), countOnly(countOnly) {
    for (unsigned k = 0; k < planeKinds; ++k)
      planes.emplace_back(folder, planeInMemory);
  }
  Status append(PlaneKind kind, std::span<const uint8_t> bytes) override {
    sizes[numberOf(kind)] += bytes.size();
    if (kind == direct)
      return data.append(bytes);
    return countOnly ? success() : planes[numberOf(kind)].append(bytes);
  }
  void begin(std::optional<PlaneKind> directPlane) {
    direct = directPlane;
    start = data.size();
    sizes = {};
    for (SpillBuffer &plane : planes)
      plane.clear();
  }
  /// Where each plane is, or will be, in the data: the direct one first (file-5).
  std::array<uint64_t, planeKinds> begins() const;
  /// Writes what is not yet written.
  Status keep();
  Status discard() { return direct ? data.rewindTo(start) : success(); }

  std::array<uint64_t, planeKinds> sizes{};

private:
  DataOutput &data;
  bool countOnly;
  std::optional<PlaneKind> direct;
  uint64_t start = 0;
  std::vector<SpillBuffer> planes;
};

class FileCompressor {
public:
  FileCompressor(Original &original, const std::string &folder, AtomicFileWriter *writer,
                 const CompressOptions &options, ThreadPool &pool)
      : original(original), options(options), pool(pool), writer(writer),
        gather(dataBytes() < gatheredData), data(folder, writer, gather),
        spool(folder, data, !writer) {}

  Status run();
  FileReport report;

private:
  uint64_t dataBytes() const { return original.bytes() - 8 - original.headerText().size(); }
  uint64_t alignment() const { return dataBytes() < smallData ? smallAlignment : largeAlignment; }
  void prepare();
  uint64_t reservedPrefix() const;
  Status compressTensor(size_t i);
  Status tryToEncode(size_t i, std::span<const uint8_t> bytes, const Choice &choice);
  Expected<ChosenFormat> pickFormat(size_t i, std::span<const uint8_t> bytes, const Choice &choice);
  Expected<EncodedTensor> encode(size_t i, std::span<const uint8_t> bytes,
                                 const ChosenFormat &chosen, const Choice &choice);
  Status measureBounds(size_t i, std::span<const uint8_t> bytes, const TensorDescription &as);
  std::optional<PlaneKind> directPlane(size_t i, const Format &format) const;
  bool isWorthIt(const StoredTensor &candidate) const;
  Status keepPlanes(size_t i, StoredTensor candidate, const EncodedTensor &encoded);
  void keepRaw(size_t i, std::string reason);
  Status hash(size_t i, std::span<const uint8_t> bytes);
  Status writeRaw(size_t i);
  Status writeRawTensors();
  Status finish();
  Status progress(size_t i, uint64_t sourceBytes);
  void fillReport();

  Original &original;
  const CompressOptions &options;
  ThreadPool &pool;
  AtomicFileWriter *writer;
  bool gather;
  DataOutput data;
  PlaneSpool spool;
  ContainerHeader header;
  std::vector<std::optional<size_t>> shared;
  std::vector<size_t> raw;
  /// Bytes in front of the data where those are not gathered.
  uint64_t reserved = 0;
  Sha256Stream wholeHash;
  /// Source bytes of the current tensor that progress has been told of.
  uint64_t told = 0;
  /// Set once some tensor could hold the format; and why the first could not.
  bool formatFits = false;
  std::optional<Error> formatError;
};

} // namespace

std::array<uint64_t, planeKinds> PlaneSpool::begins() const {
  std::array<uint64_t, planeKinds> result{};
  uint64_t at = start;
  if (direct)
    at += paddedPlaneBytes(sizes[static_cast<unsigned>(*direct)]);
  for (unsigned k = 0; k < planeKinds; ++k) {
    bool isDirect = direct == static_cast<PlaneKind>(k);
    result[k] = isDirect ? start : at;
    at += isDirect ? 0 : paddedPlaneBytes(sizes[k]);
  }
  return result;
}

Status PlaneSpool::keep() {
  if (direct)
    UWT_RETURN_IF_ERROR(data.pad(sizes[static_cast<unsigned>(*direct)]));
  for (unsigned k = 0; k < planeKinds; ++k) {
    if (direct == static_cast<PlaneKind>(k))
      continue;
    if (countOnly)
      data.count(sizes[k]);
    else
      UWT_RETURN_IF_ERROR(data.append(planes[k]));
    UWT_RETURN_IF_ERROR(data.pad(sizes[k]));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

void FileCompressor::prepare() {
  const SafetensorsHeader &from = original.header();
  header.metadata = &from.metadata;
  header.originalText = original.headerText();
  header.options = options.digest();
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
  }
  shared = findSharedTensors(original);
}

Status FileCompressor::progress(size_t i, uint64_t sourceBytes) {
  uint64_t all = original.sourceOf(i).bytes();
  uint64_t now = std::min(sourceBytes, all - told);
  told += now;
  return reportProgress(options.progress, now);
}

Expected<ChosenFormat> FileCompressor::pickFormat(size_t i, std::span<const uint8_t> bytes,
                                                  const Choice &choice) {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  if (const Format *wanted = std::get_if<Format>(&options.format)) {
    Format format = *wanted;
    format.storage = choice.storage.value_or(format.storage);
    Format byRows = format;
    byRows.layout = choice.layout.value_or(format.layout);
    if (checkFormat(byRows, choice.element))
      return ChosenFormat{byRows, nullptr, {}};
    UWT_RETURN_IF_ERROR(checkFormat(format, choice.element));
    return ChosenFormat{format, nullptr, {}};
  }
  TensorDescription description{choice.element, tensor.shape, Format()};
  description.format.storage = choice.storage.value_or(Storage::NMajor);
  description.format.layout = choice.layout.value_or(Layout::Fragment16x16);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(description, bytes));
  return chooseFormat(std::get<FormatPolicy>(options.format), choice.element,
                      description.format.layout, description.format.storage, source,
                      matrices.panels(), matrices.shape, pool);
}

/// The plane that is likely the largest, of tensors that are large. It follows from the
/// format alone, as the order of planes in the file does.
std::optional<PlaneKind> FileCompressor::directPlane(size_t i, const Format &format) const {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  if (gather || tensor.bytes() < directTensor)
    return std::nullopt;
  if (tensor.dtype->bits == 32)
    return PlaneKind::Low;
  if (format.codec.keyword == "raw")
    return PlaneKind::Words;
  return format.packing == Packing::InPlace ? PlaneKind::Code : PlaneKind::Raw;
}

Expected<EncodedTensor> FileCompressor::encode(size_t i, std::span<const uint8_t> bytes,
                                               const ChosenFormat &chosen, const Choice &choice) {
  const SafetensorsTensor &tensor = original.header().tensors[i];
  spool.begin(directPlane(i, chosen.format));
  EncodeOptions encoding;
  encoding.path = options.path;
  encoding.chosen = &chosen;
  // A cast tensor has fewer bytes than its source, which progress counts.
  uint64_t scale =
      std::max<uint64_t>(1, original.sourceOf(i).bytes() / std::max<uint64_t>(1, tensor.bytes()));
  encoding.progress = [&](uint64_t done) { return bool(progress(i, done * scale)); };
  return encodeTensor({choice.element, tensor.shape, chosen.format}, bytes, spool, pool, encoding);
}

Status FileCompressor::measureBounds(size_t i, std::span<const uint8_t> bytes,
                                     const TensorDescription &as) {
  if (!options.bounds)
    return success();
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, as.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource source, panelSource(as, bytes));
  std::vector<uint64_t> counts =
      countWords(source, matrices.panels(), getTraits(as.element).wordBits, pool);
  report.tensors[i].bounds = entropyBounds(counts, as.element);
  return success();
}

/// choice-2.
bool FileCompressor::isWorthIt(const StoredTensor &candidate) const {
  StoredTensor asRaw;
  asRaw.entry.name = candidate.entry.name;
  asRaw.entry.dtype = candidate.entry.dtype;
  asRaw.entry.shape = candidate.entry.shape;
  asRaw.entry.bytes = candidate.entry.bytes;
  asRaw.entry.rawChecksum = 0;
  asRaw.rawBegin = data.size();
  return candidate.entry.storedBytes + headerCost(candidate) <
         asRaw.entry.bytes + headerCost(asRaw);
}

Status FileCompressor::keepPlanes(size_t i, StoredTensor candidate, const EncodedTensor &encoded) {
  UWT_RETURN_IF_ERROR(spool.keep());
  candidate.entry.sha256 = header.tensors[i].entry.sha256;
  header.tensors[i] = std::move(candidate);
  TensorReport &line = report.tensors[i];
  line.format = header.tensors[i].entry.format->str();
  line.escapes = encoded.escapes;
  line.panels = encoded.panels;
  line.panelsAsWords = encoded.panelsAsWords;
  line.planeBytes = header.tensors[i].entry.planeBytes;
  return success();
}

void FileCompressor::keepRaw(size_t i, std::string reason) {
  raw.push_back(i);
  report.tensors[i].reason = std::move(reason);
}

Status FileCompressor::tryToEncode(size_t i, std::span<const uint8_t> bytes, const Choice &choice) {
  ResidencyLimit limit(original.mappedPart(i, bytes));
  auto format = pickFormat(i, bytes, choice);
  if (!format) {
    // choice-2: other tensors may still hold the format.
    if (!formatError)
      formatError = Error(format.error().getKind(), format.error().message());
    keepRaw(i, format.error().message());
    return success();
  }
  formatFits = true;
  UWT_RETURN_IF_ERROR(
      measureBounds(i, bytes, {choice.element, header.tensors[i].entry.shape, format->format}));
  auto encoded = encode(i, bytes, *format, choice);
  if (!encoded)
    return encoded.takeError().in("tensor " + inQuotes(header.tensors[i].entry.name));

  StoredTensor candidate;
  candidate.entry = header.tensors[i].entry;
  candidate.entry.format = format->format;
  candidate.entry.element = choice.element;
  candidate.entry.planeBytes = spool.sizes;
  candidate.entry.indexChecksum = encoded->indexChecksum;
  candidate.planeBegin = spool.begins();
  for (uint64_t bytes : spool.sizes)
    candidate.entry.storedBytes += paddedPlaneBytes(bytes);
  if (isWorthIt(candidate))
    return keepPlanes(i, std::move(candidate), *encoded);
  UWT_RETURN_IF_ERROR(spool.discard());
  keepRaw(i, "would not be smaller");
  return success();
}

Status FileCompressor::hash(size_t i, std::span<const uint8_t> bytes) {
  if (!options.sha256)
    return success();
  ResidencyLimit limit(original.mappedPart(i, bytes));
  Sha256Stream one;
  one.update(bytes);
  wholeHash.update(bytes);
  header.tensors[i].entry.sha256 = one.hexDigest();
  return success();
}

Status FileCompressor::compressTensor(size_t i) {
  told = 0;
  if (shared[i] && !options.sha256) {
    header.tensors[i].entry.sameAs = original.header().tensors[*shared[i]].name;
    return progress(i, UINT64_MAX);
  }
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes,
                       original.tensorBytes(i, pool, shared[i] ? nullptr : &report.cast));
  UWT_RETURN_IF_ERROR(hash(i, bytes));
  Choice choice = chooseTensor(original.header().tensors[i], options);
  if (shared[i])
    header.tensors[i].entry.sameAs = original.header().tensors[*shared[i]].name;
  else if (!choice.reason.empty())
    keepRaw(i, choice.reason);
  else
    UWT_RETURN_IF_ERROR(tryToEncode(i, bytes, choice));
  original.release(i);
  return progress(i, UINT64_MAX);
}

Status FileCompressor::writeRaw(size_t i) {
  StoredTensor &stored = header.tensors[i];
  stored.rawBegin = data.size();
  stored.entry.storedBytes = stored.entry.bytes;
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> rest, original.tensorBytes(i, pool, nullptr));
  ResidencyLimit limit(original.mappedPart(i, rest));
  Xxh3Stream checksum;
  while (!rest.empty()) {
    std::span<const uint8_t> piece = rest.first(std::min<uint64_t>(rest.size(), rawPieceBytes));
    checksum.update(piece);
    UWT_RETURN_IF_ERROR(data.append(piece));
    rest = rest.subspan(piece.size());
  }
  stored.entry.rawChecksum = checksum.digest();
  original.release(i);
  return success();
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
  return success();
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

uint64_t FileCompressor::reservedPrefix() const {
  ContainerHeader largest = header;
  largest.sha256 = options.sha256 ? std::string(64, '0') : std::string();
  // Coded planes can be little larger than the tensor; offsets never have more digits than this.
  uint64_t bound = dataBytes() * 4 + (uint64_t(1) << 30);
  Format longest;
  longest.codec = {"bitplane", {4294967295u, 4294967295u}};
  longest.layout = Layout::RowMajor;
  longest.storage = Storage::KMajor;
  longest.packing = Packing::InPlace;
  longest.codedMantissa = longest.rowClasses = longest.version = 4294967295u;
  longest.escapes = Escapes::Rows64;
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
    if (!chooseTensor(original.header().tensors[i], options).reason.empty())
      continue;
    entry.format = longest;
    entry.planeBytes.fill(bound);
    stored.planeBegin.fill(bound);
  }
  return roundUp(8 + largest.text().size(), alignment());
}

Status FileCompressor::finish() {
  if (options.sha256)
    header.sha256 = wholeHash.hexDigest();
  uint64_t prefixBytes = gather ? roundUp(8 + header.text().size(), alignment()) : reservedPrefix();
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> prefix, header.prefix(prefixBytes));
  report.headerBytes = prefixBytes;
  report.outputBytes = prefixBytes + data.size();
  if (!writer)
    return success();
  UWT_RETURN_IF_ERROR(writer->writeAt(0, prefix));
  return gather ? data.writeGathered() : success();
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
    ++(!entry.sameAs.empty() ? report.sharedTensors
       : entry.compressed()  ? report.compressedTensors
                             : report.rawTensors);
  }
}

Status FileCompressor::run() {
  prepare();
  if (options.sha256) {
    uint64_t length = original.headerText().size();
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; ++i)
      bytes[i] = static_cast<uint8_t>(length >> (8 * i));
    wholeHash.update(bytes);
    wholeHash.update(asBytes(original.headerText()));
  }
  if (!gather)
    reserved = reservedPrefix();
  if (writer && !gather)
    writer->skipTo(reserved);
  for (size_t i : original.header().dataOrder())
    UWT_RETURN_IF_ERROR(compressTensor(i));
  if (formatError && !formatFits)
    return *std::move(formatError);
  UWT_RETURN_IF_ERROR(writeRawTensors());
  UWT_RETURN_IF_ERROR(finish());
  UWT_RETURN_IF_ERROR(original.source().checkRead());
  fillReport();
  return success();
}

//===----------------------------------------------------------------------===//
// compressFile
//===----------------------------------------------------------------------===//

Expected<FileReport> compressFile(const std::string &input, const std::string &output,
                                  const CompressOptions &given) {
  CompressOptions options = given;
  options.verify = given.verify && !given.dryRun;
  if (options.verify)
    options.progress = halved(given.progress);
  std::string folder = std::filesystem::path(output).parent_path().string();
  if (options.dryRun || folder.empty())
    folder = ".";
  UWT_ASSIGN_OR_RETURN(Original original, Original::open(input, options.castToBF16, folder));
  Status names = checkSourceNames(original.source().header());
  if (!names)
    return names.takeError().in(input);
  std::optional<AtomicFileWriter> writer;
  if (!options.dryRun) {
    UWT_ASSIGN_OR_RETURN(
        writer, AtomicFileWriter::create(output, options.overwrite, original.source().mode()));
  }
  ThreadPool pool(options.threads);
  FileCompressor compressor(original, folder, writer ? &*writer : nullptr, options, pool);
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
