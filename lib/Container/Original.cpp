//===- Original.cpp - What a container has to give back -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Original.h"
#include "Cast.h"
#include "ContainerState.h"
#include "FileWork.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <numeric>

namespace uwt {

/// Rounded tensors up to this size are kept in memory.
static constexpr uint64_t roundedInMemory = uint64_t(128) << 20;
/// Bytes of a source that are rounded at a time.
static constexpr uint64_t originalPieceBytes = uint64_t(32) << 20;
/// Data of a rounded file begin at a multiple of this, as safetensors' own
/// writer has it.
static constexpr uint64_t castAlignment = 8;

Original::Original(SafetensorsFile source, std::string scratchFolder)
    : file(std::move(source)), sourceIndex(file.header().tensors.size()),
      rounded(std::move(scratchFolder), roundedInMemory) {
  std::iota(sourceIndex.begin(), sourceIndex.end(), size_t(0));
}

Expected<Original> Original::open(const std::string &path, const CompressOptions &options,
                                  const std::string &scratchFolder) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  UWT_RETURN_IF_ERROR(checkCast(folder.empty() ? "." : folder, options));
  UWT_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::open(path));
  Original original(std::move(file), scratchFolder);
  original.casts = chooseCasts(original.file.header(), options);
  if (std::ranges::any_of(original.casts, &CastChoice::isRounded))
    UWT_RETURN_IF_ERROR(original.makeCast());
  return original;
}

Status Original::makeCast() {
  sourceIndex = file.header().dataOrder();
  std::vector<SafetensorsTensor> tensors;
  uint64_t end = 0;
  for (size_t i : sourceIndex) {
    SafetensorsTensor tensor = file.header().tensors[i];
    if (casts[i].isRounded)
      tensor.dtype = findSafetensorsDtype("BF16");
    UWT_ASSIGN_OR_RETURN(uint64_t bytes, safetensorsBytes(*tensor.dtype, tensor.shape));
    tensor.begin = end;
    tensor.end = end += bytes;
    tensors.push_back(std::move(tensor));
  }
  castText = safetensorsHeaderText(tensors, file.header().metadata);
  padSafetensorsHeader(castText, castAlignment);
  UWT_ASSIGN_OR_RETURN(castHeader, SafetensorsHeader::parse(castText, end));
  return ok();
}

uint64_t Original::bytes() const {
  uint64_t total = 8 + headerText().size();
  for (const SafetensorsTensor &tensor : header().tensors)
    total += tensor.bytes();
  return total;
}

bool Original::isCast(size_t i) const { return casts[sourceIndex[i]].isRounded; }

void Original::readBytes(size_t i, uint64_t offset, std::span<uint8_t> out, ThreadPool &pool,
                         CastLoss *loss) const {
  std::span<const uint8_t> source = sourceBytes(i);
  if (!isCast(i)) {
    std::memcpy(out.data(), source.data() + offset, out.size());
    return;
  }
  const SafetensorsDtype &dtype = *sourceOf(i).dtype;
  uint64_t bytes = dtype.bits / 8;
  CastLoss lost =
      castToBF16(dtype, source.subspan(offset / 2 * bytes, out.size() / 2 * bytes), out, pool);
  if (loss)
    loss->add(lost);
}

Expected<std::span<const uint8_t>> Original::tensorBytes(size_t i, ThreadPool &pool,
                                                         CastLoss *loss) {
  std::span<const uint8_t> source = sourceBytes(i);
  const SafetensorsDtype &dtype = *sourceOf(i).dtype;
  if (!isCast(i))
    return source;
  rounded.clear();
  unsigned bytes = dtype.bits / 8;
  CastLoss total;
  SeenValues seen;
  for (std::span<const uint8_t> rest = source; !rest.empty();) {
    std::span<const uint8_t> next = rest.first(std::min<uint64_t>(rest.size(), originalPieceBytes));
    piece.resize(next.size() / bytes * 2);
    total.add(castToBF16(dtype, next, piece, pool, loss ? &seen : nullptr));
    UWT_RETURN_IF_ERROR(rounded.append(piece));
    MappedFile::release(next);
    rest = rest.subspan(next.size());
  }
  total.tensors = 1;
  for (uint64_t word : seen)
    total.valuesLeft += static_cast<uint64_t>(std::popcount(word));
  if (loss)
    *loss = total;
  return rounded.view();
}

std::span<const uint8_t> Original::mappedRange(size_t i, std::span<const uint8_t> bytes) const {
  bool inMemory = isCast(i) && bytes.size() <= roundedInMemory;
  return inMemory ? std::span<const uint8_t>() : bytes;
}

//===----------------------------------------------------------------------===//
// findDifference
//===----------------------------------------------------------------------===//

std::optional<Finding> compareHeaders(const Container &container, const Original &original) {
  if (container.originalHeader() == original.headerText())
    return std::nullopt;
  for (const SafetensorsTensor &tensor : original.header().tensors)
    if (!container.find(tensor.name))
      return Finding{container.path(),
                     "tensor " + inQuotes(tensor.name) + " of the original is missing"};
  for (const TensorEntry &entry : container.entries()) {
    const SafetensorsTensor *tensor = original.header().find(entry.name);
    if (!tensor)
      return Finding{container.path(),
                     "tensor " + inQuotes(entry.name) + " is not in the original"};
    if (tensor->dtype != entry.dtype || tensor->shape != entry.shape) {
      bool cast = entry.dtype->name == "BF16" && isCastToBF16(*tensor->dtype);
      return Finding{container.path(), "tensor " + inQuotes(entry.name) +
                                           ": dtype or shape differ from the original's" +
                                           (cast ? "; it was rounded by --cast" : "")};
    }
  }
  return Finding{container.path(), "the header differs from the original's"};
}

static Expected<std::optional<Finding>> compareTensor(const Container &container,
                                                      const TensorEntry &entry,
                                                      std::span<const uint8_t> expected,
                                                      ThreadPool &pool) {
  std::optional<Finding> found;
  uint64_t at = 0;
  auto compare = [&](std::span<const uint8_t> piece) -> Status {
    std::span<const uint8_t> there = expected.subspan(at, piece.size());
    if (!found && std::memcmp(there.data(), piece.data(), piece.size()) != 0) {
      size_t byte = static_cast<size_t>(
          std::mismatch(piece.begin(), piece.end(), there.begin()).first - piece.begin());
      found = Finding{container.path(), "tensor " + inQuotes(entry.name) +
                                            " differs from the original at byte " +
                                            std::to_string(at + byte)};
    }
    at += piece.size();
    return ok();
  };
  UWT_ASSIGN_OR_RETURN(TensorReader reader, container.reader(entry));
  UWT_RETURN_IF_ERROR(reader.stream(compare, pool));
  return found;
}

Expected<std::optional<Finding>> findDifference(const Container &container, Original &original,
                                                ThreadPool &pool,
                                                const ProgressFunction &progress) {
  if (std::optional<Finding> header = compareHeaders(container, original))
    return header;
  // Equal headers: both have the same tensors in the same order.
  for (size_t i : original.header().dataOrder()) {
    const TensorEntry &entry = container.entries()[i];
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> expected, original.tensorBytes(i, pool, nullptr));
    ResidencyLimit limit(original.mappedRange(i, expected));
    UWT_ASSIGN_OR_RETURN(std::optional<Finding> found,
                         compareTensor(container, entry, expected, pool));
    original.release(i);
    if (found)
      return found;
    UWT_RETURN_IF_ERROR(reportProgress(progress, original.sourceOf(i).bytes()));
  }
  return std::optional<Finding>();
}

//===----------------------------------------------------------------------===//
// commitContainer
//===----------------------------------------------------------------------===//

static Status checkWritten(const std::string &path, Original &original,
                           const CompressOptions &options, ThreadPool &pool) {
  auto fails = [&](const std::string &why) {
    return ioError(
        original.source().path() +
        ": what was written does not give it back, and was removed: " + withoutPath(why, path) +
        "; memory, disk or uwt itself is at fault: run again, and report it");
  };
  ReadOptions reading;
  reading.base = options.base;
  auto written = Container::open(path, reading);
  if (!written)
    return fails(written.error().message());
  auto found = findDifference(*written, original, pool, options.progress);
  if (!found && found.error().getKind() == ErrorKind::Interrupted)
    return found.takeError();
  if (!found)
    return fails(found.error().message());
  return *found ? Status(fails((*found)->message)) : ok();
}

// write-4.
Status commitContainer(AtomicFileWriter &writer, Original &original, const CompressOptions &options,
                       ThreadPool &pool) {
  Status checked = ok();
  if (options.verify)
    checked = checkWritten(writer.temporaryPath(), original, options, pool);
  // A source that has changed explains any difference.
  if (checked || checked.error().getKind() != ErrorKind::Interrupted)
    UWT_RETURN_IF_ERROR(original.source().checkUnchanged());
  UWT_RETURN_IF_ERROR(std::move(checked));
  return writer.commit();
}

} // namespace uwt
