//===- Container.h - Reading compressed weights -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A safetensors file whose tensors may be compressed, opened for reading: what
// it holds, tensors whole or in part, the original file, and every check. A plain
// safetensors file opens as well, with all its tensors raw, so that tools treat
// both alike. docs/container.md is the specification.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_CONTAINER_H
#define UWT_CONTAINER_CONTAINER_H

#include "uwt/Codec/Tensor.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Support/Boxed.h"
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// Major version of the container that this library writes, and the newest that
/// it reads.
inline constexpr uint32_t containerVersion = 1;
/// The newest reader that a file may ask for. Files ask for as old a one as can read them.
inline constexpr uint32_t containerReader = 9;

/// Called on the caller's thread with the bytes (of originals) done since the last call; returns
/// false to stop the work, which then fails with ErrorKind::Interrupted.
using ProgressFunction = std::function<bool(uint64_t bytes)>;

/// What a file of a base model is known by (diff-5): name and SHA-256 of the original.
struct BaseFile {
  std::string name, sha256;
  auto operator<=>(const BaseFile &) const = default;
};

/// Rows [base, base + count) of a base model's tensor, which stand for rows [own, own + count) of a
/// tensor. Rows are along the first dimension.
struct BaseRows {
  uint64_t own = 0, base = 0, count = 0;
  bool operator==(const BaseRows &) const = default;
};

/// The tensor of a base model that a difference is from, if it has another name, dtype or shape
/// than the difference (diff-7).
struct BaseSource {
  std::string name;
  /// Dtype of the base model's tensor.
  const SafetensorsDtype *dtype = nullptr;
  /// Empty if both shapes are equal.
  std::vector<BaseRows> rows;
  bool operator==(const BaseSource &) const = default;
};

/// A tensor of the original file, and how it is stored.
struct TensorEntry {
  std::string name;
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  /// Bytes of the original tensor, and where they lie in the original's data.
  uint64_t bytes = 0, originalBegin = 0;
  /// Bytes of data in this file: planes with their padding, or the raw bytes; 0
  /// where the tensor is stored under another name.
  uint64_t storedBytes = 0;
  /// Format of a compressed tensor, empty for raw ones, and the type of the elements that it is
  /// stored as (field-3).
  Boxed<Format> format;
  ElementType element = ElementType::BF16;
  /// Checksum of the table of the packed form (file-16), which is plane `code`; empty unless the
  /// tensor is packed. There is no format then, and no other plane.
  std::optional<uint64_t> packedChecksum;
  /// Bytes of each plane in use, and the checksum of the index plane.
  std::array<uint64_t, planeKinds> planeBytes{};
  uint64_t indexChecksum = 0;
  /// Checksum of a raw tensor's bytes; empty in plain safetensors files.
  std::optional<uint64_t> rawChecksum;
  /// Checksums of the bytes of a difference's base (diff-4). The format is that of the
  /// differences; without one, the tensor equals its base.
  std::vector<uint64_t> baseChecksums;
  /// The tensor that the base is made from; empty if that has the same name, dtype and shape.
  std::optional<BaseSource> baseSource;
  /// The tensor with the same bytes that is stored for this one, or empty.
  std::string sameAs;
  /// A stack (file-12): tensors that are stored as one, this one's number among them, and the name
  /// under which they are stored, which is that of the first; empty where the tensor is alone.
  /// storedBytes is then an equal share, planes and checksum are the stack's.
  std::string stack;
  uint64_t members = 1, member = 0;
  /// The bundle (file-15) that the tensor is in: an entry with the name of its first tensor, of
  /// rank 1, with planes. Else null. This one's number among its tensors, and where its bytes begin
  /// there. storedBytes is then a share by the bytes; format, planes and checksums are empty, since
  /// the tensor alone is not coded.
  std::shared_ptr<const TensorEntry> bundle;
  uint64_t bundleNumber = 0, bundleBegin = 0;
  /// Of the entry of a bundle: the number of its tensors; 0 elsewhere.
  uint64_t bundled = 0;
  /// SHA-256 of the original bytes, 64 digits, or empty.
  std::string sha256;

  bool compressed() const { return format.has_value(); }
  bool isPacked() const { return packedChecksum.has_value(); }
  bool isDifference() const { return !baseChecksums.empty(); }
  /// Name of the base model's tensor that a difference is from; else empty.
  std::string_view baseName() const {
    return !isDifference() ? std::string_view() : baseSource ? baseSource->name : name;
  }
  /// The smallest version of a reader that can read this entry.
  uint32_t reader() const;
  /// What is encoded of a compressed tensor, or of the stack that it is in.
  TensorDescription stored() const;
};

/// Half-open range.
struct IndexRange {
  uint64_t begin = 0, end = 0;
  bool operator==(const IndexRange &) const = default;
};

/// Slice `index` of `count` slices of `size` things: all slices have ⌈size / count⌉ of them,
/// but the last ones fewer or none. A usage error where index >= count.
Expected<IndexRange> rankRange(uint64_t size, uint64_t index, uint64_t count);

/// A slice of a tensor, in terms of its own shape. Rows and columns are its last two dimensions;
/// for a tensor of rank 1 its elements are rows, and there are no columns.
struct TensorSlice {
  /// Index of the first dimension (rank 3 and more), which the result then lacks.
  std::optional<uint64_t> expert;
  std::optional<IndexRange> rows, columns;
  /// One rank's slice of `count`, along rows or columns (see rankRange). Not
  /// together with a range along the same dimension.
  struct Rank {
    uint64_t index = 0, count = 1;
    bool alongColumns = false;
  };
  std::optional<Rank> rank;
};

/// A tensor or a slice of one, dense and row-major.
struct TensorBytes {
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> bytes;
};

/// A part of a tensor of whole bytes an element that is in memory. Errors: Usage (outside of the
/// tensor). Precondition: it has the bytes of its shape.
Expected<TensorBytes> sliceOf(const TensorBytes &tensor, const TensorSlice &slice);

class BaseModel;
class BaseTensor;

/// What reading verifies.
struct ReadOptions {
  /// Whether checksums are verified: of the header on open, of panels and raw
  /// tensors when they are read. Structure is always checked.
  bool check = true;
  CodePath path = bestCodePath();
  CodingTimes *times = nullptr;
  /// What differences are from, or null: then tensors that are stored so cannot be read.
  std::shared_ptr<const BaseModel> base;
  /// True if tensors of floats are a model's weights whatever its configuration says of how they
  /// are quantised (ImportedWeights::checkPlain).
  bool assumePlain = false;
};

class Container;
class PackedTensor;
struct OpenBundle;

/// Reads one tensor. Refers to its container's file, which must stay open. Thread-safe.
class TensorReader {
public:
  const TensorEntry &entry() const { return *what; }
  /// The decoder of a compressed tensor; nullptr for raw ones, for those in a bundle, and for
  /// differences that are read with their base model. A storedReader's gives differences.
  const TensorDecoder *decoder() const { return base ? nullptr : decoding.get(); }
  /// The bytes of a tensor without a decoder: as they lie in the file, or of one in a bundle, as
  /// they came out of that; empty for differences and for packed tensors.
  std::span<const uint8_t> rawBytes() const { return raw; }
  /// Returns whether rawBytes() lie in the mapped file, so that their pages may be given back.
  bool isMapped() const { return !bundle && !packed; }
  /// Returns whether the tensor is in the packed form (file-16), of which read() and readSlice()
  /// decode the sections that they need.
  bool isPacked() const { return packed != nullptr; }
  /// Whether reading verifies checksums, which who reads through decoder() or rawBytes() has to do.
  bool verifies() const { return options.check; }

  /// The whole tensor into `out`, exactly entry().bytes long.
  Status read(std::span<uint8_t> out, ThreadPool &pool) const;
  /// The shape that readSlice gives; a usage error where the slice does not fit.
  Expected<std::vector<uint64_t>> sliceShape(const TensorSlice &slice) const;
  /// A slice; reads and checks only the panels, or the sections of a packed tensor, that hold it
  /// (raw tensors are checked as a whole).
  Expected<TensorBytes> readSlice(const TensorSlice &slice, ThreadPool &pool) const;
  /// The same into `out`, which has exactly the slice's bytes.
  Status readSlice(const TensorSlice &slice, std::span<uint8_t> out, ThreadPool &pool) const;
  /// Bytes of a slice of that shape; a usage error where elements of less than a byte do not fill
  /// whole ones.
  Expected<uint64_t> bytesOf(std::span<const uint64_t> shape) const;
  /// The whole tensor in order, a piece at a time, each at most about 64 MiB where the stored
  /// order allows it. Stops at the first error of `consume`.
  Status stream(const std::function<Status(std::span<const uint8_t>)> &consume,
                ThreadPool &pool) const;
  /// The bytes from `begin` on of a packed tensor, as many as `out` has.
  Status readPacked(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const;
  /// Verifies everything that is stored of this tensor, without decoding it.
  Status check(ThreadPool &pool) const;
  /// For who reads the file through decoder() or rawBytes(): an IO error where some of it could not
  /// be read, and zeros were in its place. The functions above look at that themselves.
  Status checkRead() const;

private:
  friend class Container;
  TensorReader() = default;
  Error located(Error error) const;
  Status checkHasBase() const;
  Status decodeRange(TensorRange range, std::span<uint8_t> out, ThreadPool &pool) const;
  Status decodeWhole(std::span<uint8_t> out, ThreadPool &pool) const;
  Status streamStored(const std::function<Status(std::span<const uint8_t>)> &consume,
                      ThreadPool &pool) const;
  Status streamEqual(const std::function<Status(std::span<const uint8_t>)> &consume,
                     ThreadPool &pool) const;
  /// checkRead, and then `status`: what was made of zeros is wrong in ways of its own.
  Status afterReading(Status status) const;
  Status takeDecoder(Expected<TensorDecoder> opened);
  Status readWhole(std::span<uint8_t> out, ThreadPool &pool) const;
  Status readMatrices(const TensorSlice &slice, std::span<uint8_t> out, ThreadPool &pool) const;
  Status checkStored(ThreadPool &pool) const;
  Status checkPlanes(const TensorEntry &entry, const TensorDecoder &decoder,
                     ThreadPool &pool) const;
  Status checkPadding(const TensorEntry &entry) const;
  Status streamPacked(const std::function<Status(std::span<const uint8_t>)> &consume,
                      ThreadPool &pool) const;
  /// Of what is encoded, for each element of the tensor.
  uint64_t elementsEach() const;
  DecodeOptions decodeOptions() const { return {options.path, options.check, options.times}; }
  Status checkRaw() const;
  Status streamRaw(const std::function<Status(std::span<const uint8_t>)> &consume) const;
  Status streamPanels(const std::function<Status(std::span<const uint8_t>)> &consume,
                      ThreadPool &pool) const;
  Status streamMatrices(const std::function<Status(std::span<const uint8_t>)> &consume,
                        ThreadPool &pool) const;

  /// The file, for messages.
  std::string path;
  const TensorEntry *what = nullptr;
  /// Planes as they lie in the file, with their padding.
  PlaneViews stored;
  std::shared_ptr<const TensorDecoder> decoding;
  /// Of a difference: what it is from.
  std::shared_ptr<const BaseTensor> base;
  /// The bundle that the tensor is in, decoded; or null.
  std::shared_ptr<const OpenBundle> bundle;
  /// Sections of a packed tensor; or null.
  std::shared_ptr<const PackedTensor> packed;
  std::span<const uint8_t> raw;
  ReadOptions options;
};

/// One thing that a verification found wrong.
struct Finding {
  /// File or tensor, may be empty.
  std::string where;
  std::string message;
};

struct VerifyOptions {
  /// As ReadOptions::base; without one, of differences only what is stored is checked.
  std::shared_ptr<const BaseModel> base;
  /// Whether recorded SHA-256 are compared (decodes everything).
  bool hashes = true;
  /// Decodes every tensor. Checksums find any damage without that, but say nothing of a file that
  /// was made wrong, or made to deceive.
  bool decode = false;
  /// 0: one thread a processor.
  unsigned threads = 0;
  ProgressFunction progress;
};

/// What a verification did and found.
struct VerifyReport {
  uint64_t files = 0, tensors = 0, compressedTensors = 0;
  /// Files that have no checksums (plain safetensors): only their structure was checked, unless
  /// they were compared with an original.
  uint64_t plainFiles = 0;
  /// Bytes of files that were checked, and of what decompressing them gives back.
  uint64_t bytes = 0, originalBytes = 0;
  /// Originals' hashes that were computed and compared.
  uint64_t hashes = 0;
  /// At most 1,000; `findingCount` counts them all.
  std::vector<Finding> findings;
  uint64_t findingCount = 0;
  /// Remarks that are no damage.
  std::vector<Finding> notes;

  /// Nothing wrong was found. Where all files are plain, that says little.
  bool passed() const { return findingCount == 0; }
  void add(std::string where, std::string message);
  void merge(VerifyReport other);
};

/// An open file. Immutable and thread-safe.
class Container {
public:
  Container(Container &&) noexcept;
  Container &operator=(Container &&) noexcept;
  ~Container();

  /// Opens a container or a plain safetensors file. Errors: IO, Invalid,
  /// Unsupported (a newer version).
  static Expected<Container> open(const std::string &path, const ReadOptions &options = {});

  const std::string &path() const;
  const SafetensorsFile &file() const;
  uint64_t fileBytes() const { return file().fileBytes(); }
  /// The files of a base model that differences are from; empty where there are none.
  const std::vector<BaseFile> &baseFiles() const;
  /// A usage error where there are differences and ReadOptions::base is null: it says what to give.
  Status checkHasBase() const;
  /// False for plain safetensors.
  bool isContainer() const;
  /// Whether another tool has written the header anew; contents are intact.
  bool savedAgain() const;
  /// Tensors of the original, in the order of its header.
  const std::vector<TensorEntry> &entries() const;
  /// The entry of a tensor; null where the file has none: where that is no error.
  const TensorEntry *lookUp(std::string_view name) const;
  /// The entry of that name, or a usage error with a suggestion.
  Expected<const TensorEntry *> find(std::string_view name) const;
  /// Whether small tensors and the texts of the header are stored in the compact form (file-13).
  bool isCompact() const;
  /// Bytes of the file that are neither planes nor raw tensors.
  uint64_t headerBytes() const;
  /// The original's header text, verbatim.
  std::string_view originalHeader() const;
  uint64_t originalBytes() const;
  /// The original's own `__metadata__` entries.
  const MetadataEntries &metadata() const;
  /// Returns the text of the original's metadata entry of that key, or null. Found by bisection.
  const std::string *findMetadata(std::string_view key) const;
  /// SHA-256 of the whole original file, or empty.
  const std::string &originalSha256() const;
  /// Digest of the options that made this file; 0 for plain files.
  uint64_t optionsDigest() const;

  /// A reader of one tensor. Errors: Invalid (planes that disagree with their
  /// format), Unsupported, Usage (a difference without its base model).
  Expected<TensorReader> reader(const TensorEntry &entry) const;
  /// A reader of what this file stores of a tensor, to check it and to look at it: of a difference,
  /// it needs no base model and cannot read the tensor.
  Expected<TensorReader> storedReader(const TensorEntry &entry) const;

  /// The original file, in order, a piece at a time.
  Status streamOriginal(const std::function<Status(std::span<const uint8_t>)> &consume,
                        ThreadPool &pool, const ProgressFunction &progress = {}) const;

  /// Finds any changed bit of the file, on the threads of `pool`. Fails only where the work
  /// cannot be done (ErrorKind::Interrupted).
  Expected<VerifyReport> verify(ThreadPool &pool, const VerifyOptions &options = {}) const;

private:
  struct State;
  explicit Container(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

/// Elements of type `element` that an element of a tensor of `dtype` is stored as (field-3): 1, or
/// its bytes.
unsigned storedElementsEach(const SafetensorsDtype &dtype, ElementType element);
/// The shape of a tensor in those elements: the last dimension has so many times as many. A size
/// that would overflow is the largest one, which no description takes.
std::vector<uint64_t> storedShape(std::span<const uint64_t> shape, unsigned elementsEach);

} // namespace uwt

#endif // UWT_CONTAINER_CONTAINER_H
