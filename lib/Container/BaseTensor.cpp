//===- BaseTensor.cpp - A tensor of a base model, checked -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaseTensor.h"
#include "ContainerState.h"
#include "Difference.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

std::vector<uint64_t> basePieceChecksums(std::span<const uint8_t> bytes, ThreadPool &pool) {
  std::vector<uint64_t> checksums(basePieces(bytes.size()));
  pool.parallelFor(checksums.size(), [&](uint64_t i, unsigned) {
    uint64_t begin = i * basePieceBytes;
    checksums[i] = xxh3(bytes.subspan(begin, std::min(basePieceBytes, bytes.size() - begin)));
  });
  return checksums;
}

//===----------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------===//

Expected<std::optional<BaseTensor>> BaseTensor::find(const BaseModel &model,
                                                     const SafetensorsTensor &like) {
  std::optional<BaseModel::Tensor> found = model.find(like.name);
  if (!found || found->entry->dtype != like.dtype || found->entry->shape != like.shape)
    return std::optional<BaseTensor>();
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found->container->reader(*found->entry));
  return std::optional(BaseTensor(*found, std::move(reader)));
}

Expected<BaseTensor> BaseTensor::open(std::shared_ptr<const BaseModel> model,
                                      const TensorEntry &stored, std::span<const BaseFile> files,
                                      bool check) {
  std::string wanted = "expected " + describeBase(files) + ": give that with --base";
  std::optional<BaseModel::Tensor> found = model->find(stored.name);
  if (!found)
    return usageError(model->path() + " has no tensor " + inQuotes(stored.name) + "; " + wanted);
  if (found->entry->dtype != stored.dtype || found->entry->shape != stored.shape)
    return usageError(found->container->path() + ": tensor " + inQuotes(stored.name) +
                      " has another dtype or shape; " + wanted);
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found->container->reader(*found->entry));
  BaseTensor tensor(*found, std::move(reader));
  tensor.model = std::move(model);
  tensor.wanted = std::move(wanted);
  if (check)
    tensor.checksums = stored.baseChecksums;
  return tensor;
}

//===----------------------------------------------------------------------===//
// Reading it
//===----------------------------------------------------------------------===//

/// Whole rows, which [begin, end) is the bytes of; of a vector, whole elements.
Status BaseTensor::decodeRows(uint64_t begin, uint64_t end, std::span<uint8_t> out,
                              ThreadPool &pool) const {
  const TensorEntry &entry = *found.entry;
  const TensorDecoder &decoder = *reader.decoder();
  uint64_t elementBytes = entry.dtype->bits / 8;
  uint64_t each = storedElementsEach(*entry.dtype, decoder.description().element);
  if (entry.shape.size() < 2)
    return decoder.decodeSlice({0, 1, 0, 1, begin / elementBytes * each, end / elementBytes * each},
                               out, pool);
  uint64_t columns = entry.shape.back() * each, rowBytes = entry.shape.back() * elementBytes;
  uint64_t rows = entry.shape[entry.shape.size() - 2];
  // Up to the end of a matrix, whole matrices, and the beginning of one.
  for (uint64_t row = begin / rowBytes, last = end / rowBytes; row < last;) {
    uint64_t matrix = row / rows, first = row % rows;
    bool isWhole = first == 0 && last - row >= rows;
    TensorRange range = {matrix, matrix + 1, first, std::min(rows, first + last - row), 0, columns};
    if (isWhole)
      range.matrixEnd = last / rows;
    uint64_t count = (range.matrixEnd - matrix) * (range.rowEnd - first);
    UWT_RETURN_IF_ERROR(decoder.decodeSlice(range, out.first(count * rowBytes), pool));
    out = out.subspan(count * rowBytes);
    row += count;
  }
  return ok();
}

Expected<std::span<const uint8_t>> BaseTensor::readStored(uint64_t begin, uint64_t end,
                                                          std::vector<uint8_t> &scratch,
                                                          ThreadPool &pool) const {
  if (!reader.decoder())
    return reader.rawBytes().subspan(begin, end - begin);
  const TensorEntry &entry = *found.entry;
  uint64_t unit = entry.dtype->bits / 8 * (entry.shape.size() < 2 ? 1 : entry.shape.back());
  uint64_t first = begin / unit * unit, last = roundUp(end, unit);
  scratch.resize(last - first);
  Status decoded = decodeRows(first, last, scratch, pool);
  UWT_RETURN_IF_ERROR(reader.checkRead());
  if (!decoded)
    return decoded.takeError().in(found.container->path() + ": " + tensorLabel(entry));
  return std::span<const uint8_t>(scratch).subspan(begin - first, end - begin);
}

/// diff-4.
Status BaseTensor::checkPieces(uint64_t begin, std::span<const uint8_t> bytes,
                               ThreadPool &pool) const {
  if (checksums.empty())
    return ok();
  std::vector<uint64_t> are = basePieceChecksums(bytes, pool);
  UWT_RETURN_IF_ERROR(MappedFile::checkRead(bytes));
  uint64_t first = begin / basePieceBytes;
  for (uint64_t i = 0; i < are.size(); ++i)
    if (are[i] != checksums[first + i])
      return usageError(found.container->path() + ": tensor " + inQuotes(found.entry->name) +
                        " is not the one that differences are from: the checksum of its bytes "
                        "from " +
                        std::to_string((first + i) * basePieceBytes) + " on is " + toHex64(are[i]) +
                        ", expected " + toHex64(checksums[first + i]) + "; " + wanted);
  return ok();
}

Expected<std::span<const uint8_t>> BaseTensor::read(uint64_t begin, uint64_t end,
                                                    std::vector<uint8_t> &scratch,
                                                    ThreadPool &pool) const {
  uint64_t first = begin / basePieceBytes * basePieceBytes;
  uint64_t last = std::min(roundUp(end, basePieceBytes), found.entry->bytes);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> pieces, readStored(first, last, scratch, pool));
  UWT_RETURN_IF_ERROR(checkPieces(first, pieces, pool));
  return pieces.subspan(begin - first, end - begin);
}

Status BaseTensor::check(ThreadPool &pool) const {
  std::vector<uint8_t> scratch;
  for (uint64_t at = 0; at < found.entry->bytes; at += baseReadBytes) {
    uint64_t end = std::min(at + baseReadBytes, found.entry->bytes);
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> piece, read(at, end, scratch, pool));
    release(piece);
  }
  return ok();
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

Status BaseTensor::restore(uint64_t begin, std::span<uint8_t> bytes, ThreadPool &pool) const {
  std::vector<uint8_t> scratch;
  for (uint64_t at = 0; at < bytes.size();) {
    // Up to a multiple, so that no piece is checked twice.
    uint64_t next = roundUp(begin + at + 1, baseReadBytes) - begin;
    uint64_t count = std::min<uint64_t>(next, bytes.size()) - at;
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> base,
                         read(begin + at, begin + at + count, scratch, pool));
    addBase(*found.entry->dtype, base, bytes.subspan(at, count), pool);
    UWT_RETURN_IF_ERROR(MappedFile::checkRead(base));
    release(base);
    at += count;
  }
  return ok();
}

Status BaseTensor::restoreSlice(const TensorRange &range, uint64_t rows, uint64_t columns,
                                std::span<uint8_t> bytes, ThreadPool &pool) const {
  uint64_t size = found.entry->dtype->bits / 8, rowBytes = columns * size;
  uint64_t width = (range.columnEnd - range.columnBegin) * size;
  // Of small matrices several are read at a time, lest a piece is checked for each of them.
  uint64_t group = std::max<uint64_t>(1, basePieceBytes / (rows * rowBytes));
  uint64_t step = std::max<uint64_t>(1, baseReadBytes / rowBytes);
  std::vector<uint8_t> scratch, picked;
  for (uint64_t matrix = range.matrixBegin; matrix < range.matrixEnd; matrix += group)
    for (uint64_t row = range.rowBegin; row < range.rowEnd; row += step) {
      uint64_t endMatrix = std::min(matrix + group, range.matrixEnd);
      uint64_t endRow = std::min(row + step, range.rowEnd), first = matrix * rows + row;
      UWT_ASSIGN_OR_RETURN(
          std::span<const uint8_t> base,
          read(first * rowBytes, ((endMatrix - 1) * rows + endRow) * rowBytes, scratch, pool));
      picked.clear();
      for (uint64_t m = matrix; m < endMatrix; ++m)
        for (uint64_t r = row; r < endRow; ++r) {
          auto wanted =
              base.subspan((m * rows + r - first) * rowBytes + range.columnBegin * size, width);
          picked.insert(picked.end(), wanted.begin(), wanted.end());
        }
      UWT_RETURN_IF_ERROR(MappedFile::checkRead(base));
      addBase(*found.entry->dtype, picked, bytes.first(picked.size()), pool);
      bytes = bytes.subspan(picked.size());
    }
  return ok();
}

} // namespace uwt
