//===- TensorReader.cpp - Tensors whole, in slices, in pieces -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules part-1 to part-3 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "BaseTensor.h"
#include "ContainerState.h"
#include "uwt/Container/LocatedSlice.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstring>
#include <memory>

namespace uwt {

/// Bytes that are hashed at a time while streaming.
static constexpr uint64_t hashedPieceBytes = uint64_t(32) << 20;
/// Bytes that a thread decodes at a time while streaming: what is consumed is still in its cache.
static constexpr uint64_t decodedPieceBytes = uint64_t(1) << 20;
/// Bytes of a packed tensor that are decoded at a time, or a section if that has more.
static constexpr uint64_t packedPieceBytes = uint64_t(32) << 20;
/// A matrix that can only be decoded as a whole is, up to this size.
static constexpr uint64_t wholeMatrixBytes = uint64_t(256) << 20;

Error TensorReader::located(Error error) const {
  return std::move(error).in(path + ": " + tensorLabel(*what));
}

Status TensorReader::checkRead() const {
  Status read = MappedFile::checkRead(raw);
  for (unsigned k = 0; k < planeKinds && read; ++k)
    read = MappedFile::checkRead(stored[k]);
  return read ? ok() : Status(read.takeError().in(path));
}

Status TensorReader::afterReading(Status status) const {
  UWT_RETURN_IF_ERROR(checkRead());
  return status;
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

/// part-2.
Expected<IndexRange> rankRange(uint64_t size, uint64_t index, uint64_t count) {
  if (index >= count)
    return usageError("rank " + std::to_string(index) + " of " + std::to_string(count) +
                      ": ranks are numbered from 0");
  uint64_t each = size / count + (size % count != 0 ? 1 : 0);
  // index * each cannot overflow by more than one slice beyond the size.
  uint64_t begin = each != 0 && index > size / each ? size : std::min(size, index * each);
  return IndexRange{begin, size - begin < each ? size : begin + each};
}

namespace {

/// A slice in terms of matrices of the tensor's own shape.
struct ResolvedSlice {
  uint64_t matrixBegin = 0, matrixEnd = 1;
  IndexRange rows, columns;
  /// Of a whole matrix.
  uint64_t allRows = 1, allColumns = 1;
  /// Shape of the result.
  std::vector<uint64_t> shape;

  uint64_t matrixElements() const {
    return (rows.end - rows.begin) * (columns.end - columns.begin);
  }
  TensorRange range() const {
    return {matrixBegin, matrixEnd, rows.begin, rows.end, columns.begin, columns.end};
  }
};

} // namespace

static Status narrow(IndexRange &range, const std::optional<IndexRange> &wanted,
                     const char *dimension) {
  if (!wanted)
    return ok();
  if (wanted->begin > wanted->end || wanted->end > range.end)
    return usageError(std::string(dimension) + " " + std::to_string(wanted->begin) + ":" +
                      std::to_string(wanted->end) +
                      " are not inside 0:" + std::to_string(range.end));
  range = *wanted;
  return ok();
}

static Status applyRank(ResolvedSlice &out, const TensorSlice &slice, size_t rank) {
  if (!slice.rank)
    return ok();
  bool columns = slice.rank->alongColumns;
  if (columns && rank < 2)
    return usageError("a tensor of rank " + std::to_string(rank) + " has no columns");
  if (columns ? slice.columns.has_value() : slice.rows.has_value())
    return usageError(std::string("a rank's part and a range cannot both divide the ") +
                      (columns ? "columns" : "rows"));
  IndexRange &range = columns ? out.columns : out.rows;
  UWT_ASSIGN_OR_RETURN(range, rankRange(range.end, slice.rank->index, slice.rank->count));
  return ok();
}

static Expected<ResolvedSlice> resolve(const std::vector<uint64_t> &shape,
                                       const TensorSlice &slice) {
  ResolvedSlice out;
  size_t rank = shape.size();
  bool wholeOnly = rank == 0 && (slice.rows || slice.columns || slice.rank);
  if (wholeOnly)
    return usageError("a tensor of rank 0 has no parts");
  if (slice.columns && rank < 2)
    return usageError("a tensor of rank " + std::to_string(rank) + " has no columns");
  if (slice.expert && rank < 3)
    return usageError("a tensor of rank " + std::to_string(rank) +
                      " has no experts; expected rank 3 or more");
  if (rank >= 1)
    out.allRows = shape[rank == 1 ? 0 : rank - 2];
  if (rank >= 2)
    out.allColumns = shape[rank - 1];
  out.rows = {0, out.allRows};
  out.columns = {0, out.allColumns};

  size_t firstLeading = 0;
  uint64_t matricesInFirst = 1;
  for (size_t d = 1; d + 2 < rank; ++d)
    matricesInFirst *= shape[d];
  out.matrixEnd = rank < 3 ? 1 : shape[0] * matricesInFirst;
  if (slice.expert) {
    if (*slice.expert >= shape[0])
      return usageError("expert " + std::to_string(*slice.expert) + " of " +
                        std::to_string(shape[0]) + " does not exist");
    out.matrixBegin = *slice.expert * matricesInFirst;
    out.matrixEnd = out.matrixBegin + matricesInFirst;
    firstLeading = 1;
  }
  UWT_RETURN_IF_ERROR(narrow(out.rows, slice.rows, "rows"));
  UWT_RETURN_IF_ERROR(narrow(out.columns, slice.columns, "columns"));
  UWT_RETURN_IF_ERROR(applyRank(out, slice, rank));

  for (size_t d = firstLeading; d + 2 < rank; ++d)
    out.shape.push_back(shape[d]);
  if (rank >= 1)
    out.shape.push_back(out.rows.end - out.rows.begin);
  if (rank >= 2)
    out.shape.push_back(out.columns.end - out.columns.begin);
  return out;
}

Expected<LocatedSlice> locate(const std::vector<uint64_t> &shape, const TensorSlice &slice) {
  UWT_ASSIGN_OR_RETURN(ResolvedSlice resolved, resolve(shape, slice));
  return LocatedSlice{resolved.range(), std::move(resolved.shape)};
}

Expected<std::vector<uint64_t>> TensorReader::sliceShape(const TensorSlice &slice) const {
  auto resolved = resolve(what->shape, slice);
  if (!resolved)
    return located(resolved.takeError());
  return std::move(resolved->shape);
}

namespace {

/// Runs of neighbouring bytes that a slice consists of, in order.
class SliceRuns {
public:
  SliceRuns(const ResolvedSlice &slice, unsigned bits) : slice(slice), bits(bits) {
    uint64_t elements = slice.matrixElements();
    uint64_t rowElements = slice.columns.end - slice.columns.begin;
    run = rowElements == slice.allColumns ? elements : rowElements;
    inMatrix = run == 0 ? 0 : elements / run;
  }

  uint64_t count() const { return inMatrix * (slice.matrixEnd - slice.matrixBegin); }
  uint64_t bytes() const { return run * bits / 8; }
  uint64_t begin(uint64_t i) const { return firstElement(i) * bits / 8; }
  /// A usage error where elements of less than a byte do not fill whole ones.
  Status check() const {
    bool isWhole = run * bits % 8 == 0;
    for (uint64_t i = 0; i < count() && bits % 8 != 0 && isWhole; ++i)
      isWhole = firstElement(i) * bits % 8 == 0;
    return isWhole ? ok()
                   : Status(usageError("elements of " + std::to_string(bits) +
                                       " bits: this part does not begin and end at whole bytes"));
  }

private:
  uint64_t firstElement(uint64_t i) const {
    uint64_t matrix = slice.matrixBegin + i / inMatrix;
    uint64_t row = matrix * slice.allRows + slice.rows.begin + i % inMatrix;
    return row * slice.allColumns + slice.columns.begin;
  }

  const ResolvedSlice &slice;
  unsigned bits;
  /// Elements of a run, and runs of a matrix.
  uint64_t run = 0, inMatrix = 0;
};

} // namespace

static Status copyRaw(const ResolvedSlice &slice, unsigned bits, std::span<const uint8_t> raw,
                      std::span<uint8_t> out) {
  SliceRuns runs(slice, bits);
  UWT_RETURN_IF_ERROR(runs.check());
  for (uint64_t i = 0; i < runs.count(); ++i)
    std::ranges::copy(raw.subspan(runs.begin(i), runs.bytes()),
                      out.subspan(i * runs.bytes()).begin());
  return ok();
}

/// Sections that lie in memory at a time.
static uint64_t packedPiece(const PackedTensor &packed) {
  return std::max(packedPieceBytes, packed.sectionBytes());
}

static Status copyPacked(const ResolvedSlice &slice, unsigned bits, const PackedTensor &packed,
                         std::span<uint8_t> out, ThreadPool &pool) {
  SliceRuns runs(slice, bits);
  UWT_RETURN_IF_ERROR(runs.check());
  if (runs.count() == 1)
    return packed.read(runs.begin(0), out, pool);
  std::vector<uint8_t> piece;
  uint64_t end = runs.begin(runs.count() - 1) + runs.bytes();
  // Bytes of run `i` that have been copied.
  uint64_t done = 0;
  for (uint64_t i = 0; i < runs.count();) {
    uint64_t first = runs.begin(i) + done;
    uint64_t last =
        std::min(end, first / packed.sectionBytes() * packed.sectionBytes() + packedPiece(packed));
    piece.resize(last - first);
    UWT_RETURN_IF_ERROR(packed.read(first, piece, pool));
    while (i < runs.count() && runs.begin(i) + done < last) {
      uint64_t from = runs.begin(i) + done;
      uint64_t bytes = std::min(runs.bytes() - done, last - from);
      std::memcpy(&out[i * runs.bytes() + done], &piece[from - first], bytes);
      done += bytes;
      if (done < runs.bytes())
        break;
      done = 0;
      ++i;
    }
  }
  return ok();
}

Expected<TensorBytes> sliceOf(const TensorBytes &tensor, const TensorSlice &slice) {
  UWT_ASSIGN_OR_RETURN(ResolvedSlice resolved, resolve(tensor.shape, slice));
  uint64_t elements = (resolved.matrixEnd - resolved.matrixBegin) * resolved.matrixElements();
  TensorBytes part{tensor.dtype, resolved.shape, {}};
  part.bytes.resize(elements * tensor.dtype->bits / 8);
  UWT_RETURN_IF_ERROR(copyRaw(resolved, tensor.dtype->bits, tensor.bytes, part.bytes));
  return part;
}

uint64_t TensorReader::elementsEach() const {
  return storedElementsEach(*what->dtype, what->element);
}

Status TensorReader::checkHasBase() const {
  if (base || !what->isDifference())
    return ok();
  return located(usageError("is a difference, and the base model is not open"));
}

Expected<uint64_t> TensorReader::bytesOf(std::span<const uint64_t> shape) const {
  uint64_t elements = 1;
  // Other dimensions may be beyond any loop where one is zero.
  if (std::ranges::find(shape, uint64_t(0)) != shape.end())
    return uint64_t(0);
  for (uint64_t size : shape)
    elements *= size;
  unsigned bits = what->dtype->bits;
  if (elements % 8 * bits % 8 != 0)
    return located(usageError("elements of " + std::to_string(bits) +
                              " bits: this part does not begin and end at whole bytes"));
  return elements / 8 * bits + elements % 8 * bits / 8;
}

Expected<TensorBytes> TensorReader::readSlice(const TensorSlice &slice, ThreadPool &pool) const {
  TensorBytes out;
  out.dtype = what->dtype;
  UWT_ASSIGN_OR_RETURN(out.shape, sliceShape(slice));
  UWT_ASSIGN_OR_RETURN(uint64_t bytes, bytesOf(out.shape));
  UWT_RETURN_IF_ERROR(checkHasBase());
  out.bytes.resize(bytes);
  UWT_RETURN_IF_ERROR(readSlice(slice, out.bytes, pool));
  return out;
}

Status TensorReader::readSlice(const TensorSlice &slice, std::span<uint8_t> out,
                               ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(checkHasBase());
  return afterReading(readMatrices(slice, out, pool));
}

Status TensorReader::readMatrices(const TensorSlice &slice, std::span<uint8_t> out,
                                  ThreadPool &pool) const {
  auto resolved = resolve(what->shape, slice);
  if (!resolved)
    return located(resolved.takeError());
  UWT_ASSIGN_OR_RETURN(uint64_t bytes, bytesOf(resolved->shape));
  if (out.size() != bytes)
    return located(usageError("a buffer of " + std::to_string(out.size()) + " bytes, expected " +
                              std::to_string(bytes)));
  if (bytes == 0)
    return ok();
  if (packed) {
    Status copied = copyPacked(*resolved, what->dtype->bits, *packed, out, pool);
    return copied ? ok() : Status(located(copied.takeError()));
  }
  if (!decoding && !base) {
    UWT_RETURN_IF_ERROR(checkRaw());
    Status copied = copyRaw(*resolved, what->dtype->bits, raw, out);
    return copied ? ok() : Status(located(copied.takeError()));
  }
  TensorRange range = resolved->range();
  if (!decoding)
    std::ranges::fill(out, uint8_t(0));
  Status read = decoding ? decodeRange(range, out, pool) : ok();
  if (read && base)
    read = base->restoreSlice(range, resolved->allRows, resolved->allColumns, out, pool);
  return read ? ok() : Status(located(read.takeError()));
}

/// A range of the tensor's own elements.
Status TensorReader::decodeRange(TensorRange range, std::span<uint8_t> out,
                                 ThreadPool &pool) const {
  if (what->shape.size() == 1) { // To the codec library, a vector is one row.
    std::swap(range.rowBegin, range.columnBegin);
    std::swap(range.rowEnd, range.columnEnd);
  }
  range.columnBegin *= elementsEach();
  range.columnEnd *= elementsEach();
  return decoding->decodeSlice(range, out, pool, decodeOptions());
}

//===----------------------------------------------------------------------===//
// Whole tensors
//===----------------------------------------------------------------------===//

namespace {

/// Keeps the resident part of a tensor's planes bounded.
class PlaneLimits {
public:
  /// The planes of a stack, which are small, stay until its last member has been read.
  PlaneLimits(const PlaneViews &stored, const TensorEntry &entry)
      : planes(entry.member + 1 == entry.members ? stored : PlaneViews()) {
    for (std::span<const uint8_t> plane : planes)
      limits.push_back(std::make_unique<ResidencyLimit>(plane));
  }
  ~PlaneLimits() {
    limits.clear();
    for (std::span<const uint8_t> plane : planes)
      MappedFile::release(plane);
  }

private:
  PlaneViews planes;
  std::vector<std::unique_ptr<ResidencyLimit>> limits;
};

} // namespace

Status TensorReader::checkRaw() const {
  if (!options.check || !what->rawChecksum)
    return ok();
  return streamRaw([](std::span<const uint8_t>) { return ok(); });
}

Status TensorReader::read(std::span<uint8_t> out, ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(checkHasBase());
  return afterReading(readWhole(out, pool));
}

Status TensorReader::decodeWhole(std::span<uint8_t> out, ThreadPool &pool) const {
  if (decoding)
    UWT_RETURN_IF_ERROR(decoding->decode(out, pool, decodeOptions()));
  else
    std::memset(out.data(), 0, out.size());
  return base ? base->restore(0, out, pool) : ok();
}

Status TensorReader::readPacked(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const {
  Status read = packed->read(begin, out, pool);
  UWT_RETURN_IF_ERROR(checkRead());
  return read ? ok() : Status(located(read.takeError()));
}

Status TensorReader::readWhole(std::span<uint8_t> out, ThreadPool &pool) const {
  if (out.size() != what->bytes)
    return located(usageError("a buffer of " + std::to_string(out.size()) + " bytes, expected " +
                              std::to_string(what->bytes)));
  if (packed)
    return readPacked(0, out, pool);
  if (decoding || base) {
    Status decoded = decodeWhole(out, pool);
    return decoded ? ok() : Status(located(decoded.takeError()));
  }
  UWT_RETURN_IF_ERROR(checkRaw());
  if (!out.empty())
    std::memcpy(out.data(), raw.data(), out.size());
  return ok();
}

Status TensorReader::check(ThreadPool &pool) const { return afterReading(checkStored(pool)); }

Status TensorReader::checkStored(ThreadPool &pool) const {
  if (base) {
    Status checked = base->check(pool);
    if (!checked)
      return located(checked.takeError());
  }
  if (bundle) // Once for all of its tensors.
    return what->bundleNumber == 0 ? checkPlanes(*what->bundle, bundle->decoder, pool) : ok();
  if (packed) {
    PlaneLimits limits(stored, *what);
    UWT_RETURN_IF_ERROR(checkPadding(*what));
    Status checked = packed->checkAll(pool);
    return checked ? ok() : Status(located(checked.takeError()));
  }
  if (!decoding)
    return checkRaw();
  PlaneLimits limits(stored, *what);
  return checkPlanes(*what, *decoding, pool);
}

Status TensorReader::checkPadding(const TensorEntry &entry) const {
  for (unsigned k = 0; k < planeKinds; ++k) {
    auto padding = stored[k].subspan(std::min<size_t>(entry.planeBytes[k], stored[k].size()));
    if (std::any_of(padding.begin(), padding.end(), [](uint8_t byte) { return byte != 0; }))
      return located(invalidError("plane " + std::string(planeName(static_cast<PlaneKind>(k))) +
                                  ": padding is not zero")); // check-4
  }
  return ok();
}

Status TensorReader::checkPlanes(const TensorEntry &entry, const TensorDecoder &decoder,
                                 ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(checkPadding(entry));
  Status checked = decoder.checkAll(pool);
  return checked ? ok() : Status(located(checked.takeError()));
}

Status
TensorReader::streamRaw(const std::function<Status(std::span<const uint8_t>)> &consume) const {
  bool check = options.check && what->rawChecksum;
  Xxh3Stream hash;
  for (std::span<const uint8_t> rest = raw; !rest.empty();) {
    std::span<const uint8_t> piece = rest.first(std::min<uint64_t>(rest.size(), hashedPieceBytes));
    if (check)
      hash.update(piece);
    UWT_RETURN_IF_ERROR(consume(piece));
    if (isMapped())
      MappedFile::release(piece);
    rest = rest.subspan(piece.size());
  }
  UWT_RETURN_IF_ERROR(checkRead());
  if (check && hash.digest() != *what->rawChecksum)
    return located(invalidError(
        "its checksum is wrong: the tensor is damaged; get the file again")); // check-5
  return ok();
}

Status TensorReader::streamPanels(const std::function<Status(std::span<const uint8_t>)> &consume,
                                  ThreadPool &pool) const {
  uint64_t panelBytes = decoding->panels() == 0 ? 0 : what->bytes / decoding->panels();
  uint64_t step =
      pool.size() * std::max<uint64_t>(1, decodedPieceBytes / std::max<uint64_t>(1, panelBytes));
  // No piece is larger than the first one.
  uint64_t pieceBytes = decoding->panelBegin(std::min(step, decoding->panels()));
  auto memory = std::make_unique_for_overwrite<uint8_t[]>(pieceBytes);
  for (uint64_t panel = 0; panel < decoding->panels(); panel += step) {
    uint64_t end = std::min(panel + step, decoding->panels());
    std::span piece(memory.get(), decoding->panelBegin(end) - decoding->panelBegin(panel));
    Status decoded = decoding->decodePanels(panel, end, piece, pool, decodeOptions());
    if (!decoded)
      return located(decoded.takeError());
    UWT_RETURN_IF_ERROR(consume(piece));
  }
  return ok();
}

Status TensorReader::streamMatrices(const std::function<Status(std::span<const uint8_t>)> &consume,
                                    ThreadPool &pool) const {
  // Panels of a k_major matrix run across its rows, so a piece of rows costs a
  // pass over all panels: pieces are as large as memory allows.
  ResolvedSlice whole = *resolve(what->shape, {});
  uint64_t rowBytes = whole.allColumns * (what->dtype->bits / 8);
  uint64_t step = std::max<uint64_t>(1, wholeMatrixBytes / std::max<uint64_t>(1, rowBytes));
  if (step < whole.allRows && step > streamUnitColumns)
    step = step / streamUnitColumns * streamUnitColumns;
  std::vector<uint8_t> piece;
  for (uint64_t matrix = 0; matrix < whole.matrixEnd; ++matrix)
    for (uint64_t row = 0; row < whole.allRows; row += step) {
      uint64_t end = std::min(row + step, whole.allRows);
      piece.resize((end - row) * rowBytes);
      Status decoded = decoding->decodeSlice(
          {matrix, matrix + 1, row, end, 0, whole.allColumns * elementsEach()}, piece, pool,
          decodeOptions());
      if (!decoded)
        return located(decoded.takeError());
      UWT_RETURN_IF_ERROR(consume(piece));
    }
  return ok();
}

Status TensorReader::streamPacked(const std::function<Status(std::span<const uint8_t>)> &consume,
                                  ThreadPool &pool) const {
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < what->bytes; at += piece.size()) {
    piece.resize(std::min(packedPiece(*packed), what->bytes - at));
    Status read = packed->read(at, piece, pool);
    UWT_RETURN_IF_ERROR(checkRead());
    if (!read)
      return located(read.takeError());
    UWT_RETURN_IF_ERROR(consume(piece));
  }
  return ok();
}

/// A tensor that equals the base's.
Status TensorReader::streamEqual(const std::function<Status(std::span<const uint8_t>)> &consume,
                                 ThreadPool &pool) const {
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < what->bytes; at += piece.size()) {
    piece.assign(std::min(baseReadBytes, what->bytes - at), 0);
    Status restored = base->restore(at, piece, pool);
    if (!restored)
      return located(restored.takeError());
    UWT_RETURN_IF_ERROR(consume(piece));
  }
  return ok();
}

Status TensorReader::stream(const std::function<Status(std::span<const uint8_t>)> &consume,
                            ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(checkHasBase());
  if (what->bytes == 0)
    return ok();
  if (!base)
    return streamStored(consume, pool);
  if (!decoding)
    return streamEqual(consume, pool);
  std::vector<uint8_t> piece;
  uint64_t at = 0;
  auto restore = [&](std::span<const uint8_t> differences) -> Status {
    piece.assign(differences.begin(), differences.end());
    Status restored = base->restore(at, piece, pool);
    if (!restored)
      return located(restored.takeError());
    at += piece.size();
    return consume(piece);
  };
  return streamStored(restore, pool);
}

Status TensorReader::streamStored(const std::function<Status(std::span<const uint8_t>)> &consume,
                                  ThreadPool &pool) const {
  if (!decoding && !packed)
    return streamRaw(consume);
  PlaneLimits limits(stored, *what);
  if (packed)
    return streamPacked(consume, pool);
  bool kMajor = decoding->description().format.storage == Storage::KMajor;
  return afterReading(kMajor ? streamMatrices(consume, pool) : streamPanels(consume, pool));
}

} // namespace uwt
