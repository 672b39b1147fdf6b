//===- BaseTensor.cpp - A tensor of a base model, checked -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaseTensor.h"
#include "ContainerState.h"
#include "Difference.h"
#include "FloatCast.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

std::vector<uint64_t> checksumsOfEach(std::span<const uint8_t> bytes, uint64_t each,
                                      ThreadPool &pool) {
  std::vector<uint64_t> checksums(divideUp(bytes.size(), each));
  uint64_t step = std::max<uint64_t>(1, basePieceBytes / each);
  pool.parallelFor(divideUp(checksums.size(), step), [&](uint64_t part, unsigned) {
    uint64_t last = std::min<uint64_t>(checksums.size(), (part + 1) * step);
    for (uint64_t i = part * step; i < last; ++i)
      checksums[i] = xxh3(bytes.subspan(i * each, std::min(each, bytes.size() - i * each)));
  });
  return checksums;
}

std::vector<uint64_t> basePieceChecksums(std::span<const uint8_t> bytes, ThreadPool &pool) {
  return checksumsOfEach(bytes, basePieceBytes, pool);
}

//===----------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------===//

BaseTensor::BaseTensor(const BaseModel::Tensor &found, TensorReader reader,
                       const SafetensorsDtype &dtype, std::span<const uint64_t> shape,
                       uint64_t bytes, std::vector<BaseRows> rows)
    : found(found), reader(std::move(reader)), dtype(&dtype), rows(std::move(rows)), bytes(bytes),
      rowBytes(this->rows.empty() ? bytes : bytes / shape[0]) {}

Expected<BaseTensor> BaseTensor::make(const BaseModel::Tensor &found,
                                      const SafetensorsTensor &tensor, std::vector<BaseRows> rows) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found.container->reader(*found.entry));
  return BaseTensor(found, std::move(reader), *tensor.dtype, tensor.shape, tensor.bytes(),
                    std::move(rows));
}

Expected<BaseTensor> BaseTensor::whole(const BaseModel::Tensor &found) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found.container->reader(*found.entry));
  return BaseTensor(found, std::move(reader), *found.entry->dtype, found.entry->shape,
                    found.entry->bytes, {});
}

std::optional<BaseSource> BaseTensor::source(std::string_view name) const {
  if (isAsItIs() && found.entry->name == name)
    return std::nullopt;
  return BaseSource{found.entry->name, found.entry->dtype, rows};
}

/// Returns whether `tensor` has the dtype and the rows that the base of `stored` is made from.
static bool isOrigin(const TensorEntry &tensor, const TensorEntry &stored) {
  const std::optional<BaseSource> &source = stored.baseSource;
  if (!source || source->rows.empty())
    return tensor.dtype == (source ? source->dtype : stored.dtype) && tensor.shape == stored.shape;
  auto holdsRun = [&](const BaseRows &run) { return run.base + run.count <= tensor.shape[0]; };
  return tensor.dtype == source->dtype && tensor.shape.size() == stored.shape.size() &&
         std::equal(tensor.shape.begin() + 1, tensor.shape.end(), stored.shape.begin() + 1) &&
         std::ranges::all_of(source->rows, holdsRun);
}

Expected<BaseTensor> BaseTensor::open(std::shared_ptr<const BaseModel> model,
                                      const TensorEntry &stored, std::span<const BaseFile> files,
                                      bool check) {
  std::string wanted = "expected " + describeBase(files) + ": give that with --base";
  const std::string &name = stored.baseSource ? stored.baseSource->name : stored.name;
  std::optional<BaseModel::Tensor> found = model->find(name);
  if (!found)
    return usageError(model->path() + " has no tensor " + inQuotes(name) + "; " + wanted);
  if (!isOrigin(*found->entry, stored))
    return usageError(found->container->path() + ": tensor " + inQuotes(name) +
                      " has another dtype or shape; " + wanted);
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found->container->reader(*found->entry));
  BaseTensor tensor(*found, std::move(reader), *stored.dtype, stored.shape, stored.bytes,
                    stored.baseSource ? stored.baseSource->rows : std::vector<BaseRows>());
  tensor.model = std::move(model);
  tensor.wanted = std::move(wanted);
  if (check)
    tensor.checksums = stored.baseChecksums;
  return tensor;
}

//===----------------------------------------------------------------------===//
// Reading it
//===----------------------------------------------------------------------===//

/// Decodes whole rows, which [begin, end) is the bytes of; of a vector, whole elements.
Status BaseTensor::decodeRows(uint64_t begin, uint64_t end, std::span<uint8_t> out,
                              ThreadPool &pool) const {
  const TensorEntry &entry = *found.entry;
  const TensorDecoder &decoder = *reader.decoder();
  uint64_t elementBytes = entry.dtype->bits / 8;
  uint64_t each = storedElementsEach(*entry.dtype, decoder.description().element);
  if (entry.shape.size() < 2)
    return decoder.decodeSlice({0, 1, 0, 1, begin / elementBytes * each, end / elementBytes * each},
                               out, pool);
  uint64_t columns = entry.shape.back() * each, lineBytes = entry.shape.back() * elementBytes;
  uint64_t lines = entry.shape[entry.shape.size() - 2];
  // Up to the end of a matrix, whole matrices, and the beginning of one.
  for (uint64_t row = begin / lineBytes, last = end / lineBytes; row < last;) {
    uint64_t matrix = row / lines, first = row % lines;
    bool isWhole = first == 0 && last - row >= lines;
    TensorRange range = {matrix, matrix + 1, first, std::min(lines, first + last - row),
                         0,      columns};
    if (isWhole)
      range.matrixEnd = last / lines;
    uint64_t count = (range.matrixEnd - matrix) * (range.rowEnd - first);
    UWT_RETURN_IF_ERROR(decoder.decodeSlice(range, out.first(count * lineBytes), pool));
    out = out.subspan(count * lineBytes);
    row += count;
  }
  return ok();
}

Expected<std::span<const uint8_t>> BaseTensor::readStored(uint64_t begin, uint64_t end,
                                                          std::vector<uint8_t> &scratch,
                                                          ThreadPool &pool) const {
  if (reader.isPacked()) {
    scratch.resize(end - begin);
    UWT_RETURN_IF_ERROR(reader.readPacked(begin, scratch, pool));
    return std::span<const uint8_t>(scratch);
  }
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

Status BaseTensor::appendTo(std::vector<uint8_t> &out, uint64_t begin, uint64_t end,
                            ThreadPool &pool) const {
  std::vector<uint8_t> scratch;
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, readStored(begin, end, scratch, pool));
  out.insert(out.end(), bytes.begin(), bytes.end());
  return MappedFile::checkRead(bytes);
}

/// Makes the part of the rows of `run` that `out` has, which begins at byte `begin` of the base.
Status BaseTensor::makeRows(const BaseRows &run, uint64_t begin, std::span<uint8_t> out,
                            ThreadPool &pool) const {
  uint64_t runBegin = run.own * rowBytes, runEnd = runBegin + run.count * rowBytes;
  uint64_t first = std::max(begin, runBegin), last = std::min(begin + out.size(), runEnd);
  if (first >= last)
    return ok();
  const SafetensorsDtype &stored = *found.entry->dtype;
  auto storedAt = [&](uint64_t at) {
    return (at - runBegin + run.base * rowBytes) / (dtype->bits / 8) * (stored.bits / 8);
  };
  std::vector<uint8_t> scratch;
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> source,
                       readStored(storedAt(first), storedAt(last), scratch, pool));
  castFloats(stored, *dtype, source, out.subspan(first - begin, last - first), pool);
  UWT_RETURN_IF_ERROR(MappedFile::checkRead(source));
  releaseStored(source);
  return ok();
}

/// Makes bytes [begin, end) of a base that is not the base model's tensor (diff-7).
Expected<std::span<const uint8_t>> BaseTensor::readMade(uint64_t begin, uint64_t end,
                                                        std::vector<uint8_t> &scratch,
                                                        ThreadPool &pool) const {
  scratch.assign(end - begin, 0);
  // All of a tensor without runs is one row.
  const BaseRows all{0, 0, 1};
  for (const BaseRows &run : rows.empty() ? std::span(&all, 1) : std::span<const BaseRows>(rows))
    UWT_RETURN_IF_ERROR(makeRows(run, begin, scratch, pool));
  return std::span<const uint8_t>(scratch);
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
  uint64_t last = std::min(roundUp(end, basePieceBytes), bytes);
  auto read =
      isAsItIs() ? readStored(first, last, scratch, pool) : readMade(first, last, scratch, pool);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> pieces, std::move(read));
  UWT_RETURN_IF_ERROR(checkPieces(first, pieces, pool));
  return pieces.subspan(begin - first, end - begin);
}

Expected<std::vector<uint64_t>> BaseTensor::rowChecksums(ThreadPool &pool) const {
  const TensorEntry &entry = *found.entry;
  uint64_t count = entry.shape[0], step = std::max<uint64_t>(1, baseReadBytes / rowBytes);
  BaseTensor all(found, reader, *dtype, entry.shape, count * rowBytes, {});
  std::vector<uint64_t> checksums;
  std::vector<uint8_t> scratch;
  for (uint64_t row = 0; row < count; row += step) {
    uint64_t begin = row * rowBytes, end = std::min(count, row + step) * rowBytes;
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, all.read(begin, end, scratch, pool));
    std::vector<uint64_t> some = checksumsOfEach(bytes, rowBytes, pool);
    UWT_RETURN_IF_ERROR(MappedFile::checkRead(bytes));
    checksums.insert(checksums.end(), some.begin(), some.end());
    all.release(bytes);
  }
  return checksums;
}

Status BaseTensor::check(ThreadPool &pool) const {
  std::vector<uint8_t> scratch;
  for (uint64_t at = 0; at < bytes; at += baseReadBytes) {
    uint64_t end = std::min(at + baseReadBytes, bytes);
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> piece, read(at, end, scratch, pool));
    release(piece);
  }
  return ok();
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

Status BaseTensor::restore(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const {
  std::vector<uint8_t> scratch;
  for (uint64_t at = 0; at < out.size();) {
    // Up to a multiple, so that no piece is checked twice.
    uint64_t next = roundUp(begin + at + 1, baseReadBytes) - begin;
    uint64_t count = std::min<uint64_t>(next, out.size()) - at;
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> base,
                         read(begin + at, begin + at + count, scratch, pool));
    addBase(*dtype, base, out.subspan(at, count), pool);
    UWT_RETURN_IF_ERROR(MappedFile::checkRead(base));
    release(base);
    at += count;
  }
  return ok();
}

Status BaseTensor::restoreSlice(const TensorRange &range, uint64_t matrixRows, uint64_t columns,
                                std::span<uint8_t> out, ThreadPool &pool) const {
  uint64_t size = dtype->bits / 8, lineBytes = columns * size;
  uint64_t width = (range.columnEnd - range.columnBegin) * size;
  // Of small matrices several are read at a time, lest a piece is checked for each of them.
  uint64_t group = std::max<uint64_t>(1, basePieceBytes / (matrixRows * lineBytes));
  uint64_t step = std::max<uint64_t>(1, baseReadBytes / lineBytes);
  std::vector<uint8_t> scratch, picked;
  for (uint64_t matrix = range.matrixBegin; matrix < range.matrixEnd; matrix += group)
    for (uint64_t row = range.rowBegin; row < range.rowEnd; row += step) {
      uint64_t endMatrix = std::min(matrix + group, range.matrixEnd);
      uint64_t endRow = std::min(row + step, range.rowEnd), first = matrix * matrixRows + row;
      UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> base,
                           read(first * lineBytes,
                                ((endMatrix - 1) * matrixRows + endRow) * lineBytes, scratch,
                                pool));
      picked.clear();
      for (uint64_t m = matrix; m < endMatrix; ++m)
        for (uint64_t r = row; r < endRow; ++r) {
          auto wanted = base.subspan(
              (m * matrixRows + r - first) * lineBytes + range.columnBegin * size, width);
          picked.insert(picked.end(), wanted.begin(), wanted.end());
        }
      UWT_RETURN_IF_ERROR(MappedFile::checkRead(base));
      addBase(*dtype, picked, out.first(picked.size()), pool);
      out = out.subspan(picked.size());
    }
  return ok();
}

} // namespace uwt
