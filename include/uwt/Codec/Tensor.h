//===- Tensor.h - Tensors, encoded and decoded ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The codec library's front door: a tensor in memory to its planes and back,
// whole or in part. Encoding and decoding work on batches of panels in parallel; the
// bytes do not depend on the number of threads or on the instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_TENSOR_H
#define UWT_CODEC_TENSOR_H

#include "uwt/Codec/Panel.h"
#include "uwt/Codec/Statistics.h"
#include <array>
#include <functional>

namespace uwt {

/// The planes of a tensor, in the order in which they are stored.
enum class PlaneKind : uint8_t { Index, Words, Raw, Code, Patch, Low };
inline constexpr unsigned planeKinds = 6;
/// A kind's index in arrays of planeKinds.
constexpr unsigned numberOf(PlaneKind kind) { return static_cast<unsigned>(kind); }
/// "index", "words", ...
const char *planeName(PlaneKind kind);
std::optional<PlaneKind> parsePlaneName(std::string_view name);

/// Shape and format of a tensor, or of a stack of them.
struct TensorDescription {
  ElementType element = ElementType::BF16;
  std::vector<uint64_t> shape;
  Format format;
  /// Tensors of this shape that are stored as one, one after another (order-2).
  uint64_t members = 1;

  /// Number of elements of all members; fails on overflow of 2^62 bytes.
  Expected<uint64_t> elements() const;
  /// Number of matrices and the shape [N, K] of each (order-1, fold-1 to fold-3). A usage error
  /// where the rank is too small for k_major storage or for the fold.
  struct Matrices {
    uint64_t count = 0;
    MatrixShape shape;
    /// Elements of a matrix: N * K, or less where the last row of `fold=flat` is short.
    uint64_t elements = 0;
    uint64_t panels() const { return count * shape.panels(); }
  };
  Expected<Matrices> matrices() const;
};

/// A slice of a tensor in terms of its own shape, whatever the format makes of it: of matrices
/// [matrixBegin, matrixEnd), which are the last two dimensions, the same rows and columns. A
/// tensor of rank 1 is one row.
struct TensorRange {
  uint64_t matrixBegin = 0, matrixEnd = 1;
  uint64_t rowBegin = 0, rowEnd = 0;
  uint64_t columnBegin = 0, columnEnd = 0;
};

/// Where an encoder puts planes, a piece at a time, each plane from its start.
class PlaneSink {
public:
  virtual ~PlaneSink() = default;
  virtual Status append(PlaneKind kind, std::span<const uint8_t> bytes) = 0;
};

/// Planes in memory.
class MemoryPlanes final : public PlaneSink {
public:
  Status append(PlaneKind kind, std::span<const uint8_t> bytes) override;
  std::array<std::vector<uint8_t>, planeKinds> planes;
  uint64_t bytes() const;
};

/// Views of a tensor's planes; an absent plane is empty. They may be longer
/// than what is used by zero bytes.
using PlaneViews = std::array<std::span<const uint8_t>, planeKinds>;
PlaneViews viewsOf(const MemoryPlanes &planes);

/// Time spent in each step of an encode or decode, in seconds summed over threads.
struct CodingTimes {
  double statistics = 0, model = 0, code = 0, checksum = 0;
};

struct EncodeOptions {
  CodePath path = bestCodePath();
  /// Called after each batch with the number of source bytes done since the last
  /// call; returns false to stop (ErrorKind::Interrupted).
  std::function<bool(uint64_t)> progress;
  CodingTimes *times = nullptr;
  /// What chooseFormat gave for this very tensor, or null.
  const ChosenFormat *chosen = nullptr;
};

/// What an encode says about its result.
struct EncodedTensor {
  std::array<uint64_t, planeKinds> planeBytes{};
  /// XXH3-64 of the used part of the index plane.
  uint64_t indexChecksum = 0;
  uint64_t escapes = 0;
  uint64_t panels = 0, panelsAsWords = 0;
  uint64_t bytes() const;
};

/// Encodes `source` (the tensor's bytes, little-endian, any alignment) into `sink`. The Index
/// plane is appended last. Peak memory beside source and sink is a batch of
/// panels a thread. Errors: Usage (invalid composition for the element, source
/// size that does not fit the shape), and what the sink reports.
Expected<EncodedTensor> encodeTensor(const TensorDescription &description,
                                     std::span<const uint8_t> source, PlaneSink &sink,
                                     ThreadPool &pool, const EncodeOptions &options = {});

/// A panel that was coded at a fixed rate, or stored as words, outside of encodeTensor.
struct IndexedPanel {
  bool asWords = false;
  /// XXH3-64 of its parts of the planes, in their order.
  uint64_t checksum = 0;
  /// EncodedPanel::counts; empty for words.
  std::span<const uint32_t> counts;
};
/// The plane `index` of a tensor with these panels, in order, of a format without context whose
/// rate is fixed or that has only words. Errors: Usage (a plane too large for its index).
Expected<std::vector<uint32_t>> indexOfPanels(const CodingPlan &plan,
                                              std::span<const IndexedPanel> panels);

struct PanelSample;

/// Words of a tensor in memory, panel by panel, for the functions of Statistics.h.
/// `source` must outlive the result and fit the description.
Expected<PanelSource> panelSource(const TensorDescription &description,
                                  std::span<const uint8_t> source);

/// `format` in the fold and layout that serve a tensor of this shape best (choice-6), unless it has
/// a fold, layout or storage of its own. What is padded and what a panel costs beside its elements
/// is arithmetic, so nothing is read. A format without a codec stands for those of the policies.
Format inChosenOrder(Format format, ElementType element, std::span<const uint64_t> shape);

/// Picks the format, with the layout, storage and fold of `description.format`, that stores this
/// tensor smallest, or decodes fast: BestSize compares row class counts 1, 2, 4, 8, 16 for
/// `huffman<12,1>, coded=exponent+2` (fewer mantissa bits where the type has fewer, or
/// the tensor is small; more, up to all, where values are not what their type says; `rans<12>`
/// where such values are more than a byte's) by their costs from histograms; whether a tensor pays
/// at all is seen from its encoded size (a tensor without elements is `raw`). Smallest does the
/// same for `rans<12>`, with scales of rows and columns where these are smaller than row classes;
/// it takes several times as long. Fast is `huffman<12,2>`. All choose nothing that readers of
/// version `newestReader` do not know, of low halves and of BestSize's `rans<12>`; Smallest's
/// formats do not depend on that. With a `sample` (Sample.h) only those panels are read, and the
/// result is for estimateTensor with the same sample. Errors: Usage (a source that does not fit the
/// description).
Expected<ChosenFormat> chooseFormat(FormatPolicy policy, const TensorDescription &description,
                                    std::span<const uint8_t> source, ThreadPool &pool,
                                    const PanelSample *sample = nullptr,
                                    uint32_t newestReader = formatReader);

/// Bytes that the policy's formats save of this tensor where they may ask for readers of version 6
/// rather than older ones, as some of its rows and elements show.
uint64_t shownLowGain(FormatPolicy policy, const TensorDescription &description,
                      std::span<const uint8_t> source);

/// What FormatPolicy::Fast picks for elements of this type, all else by default.
Format fastFormat(ElementType element);

struct DecodeOptions {
  CodePath path = bestCodePath();
  /// Whether panels' checksums are verified before they are decoded.
  bool check = true;
  CodingTimes *times = nullptr;
};

/// Reads a tensor back from its planes. Immutable after open and thread-safe:
/// panels may be decoded from several threads at a time.
class TensorDecoder {
public:
  TensorDecoder(TensorDecoder &&) noexcept;
  TensorDecoder &operator=(TensorDecoder &&) noexcept;
  ~TensorDecoder();

  /// Checks the index against description and plane sizes; `indexChecksum` is
  /// verified where given. After that every access is inside the planes, whatever
  /// they hold. `planes` must stay valid. Errors: Invalid, Unsupported, Usage.
  static Expected<TensorDecoder> open(const TensorDescription &description,
                                      const PlaneViews &planes,
                                      std::optional<uint64_t> indexChecksum);

  const TensorDescription &description() const;
  const TensorDescription::Matrices &matrices() const;
  const CodingPlan &plan() const;

  uint64_t panels() const;
  bool panelStoredAsWords(uint64_t panel) const;
  uint64_t escapes() const;
  /// Escapes of one panel, or runs with escapes (escapes=rows<64>).
  uint64_t panelEscapes(uint64_t panel) const;
  /// The bytes of panel `panel` in plane `kind` (empty where it has none).
  std::span<const uint8_t> panelBytes(uint64_t panel, PlaneKind kind) const;
  /// The low halves of panel `panel` as a field of 16 bits, whatever is stored of them: in
  /// `scratch` where that is less. Empty where it has none. Errors: Invalid (words that are
  /// damaged, where low halves follow from them).
  Expected<std::span<const uint8_t>> panelLow(uint64_t panel, CodePath path,
                                              std::vector<uint8_t> &scratch) const;
  /// Escape counts of panel `panel`, one a fixed unit; empty where its format has none. Their sum
  /// times the size of a record is the size of its part of plane `patch`.
  std::span<const uint32_t> panelEscapeCounts(uint64_t panel) const;
  /// Class of each row of panel `panel`, below the number of classes; empty without context.
  std::span<const uint8_t> panelRowClasses(uint64_t panel) const;

  /// Verifies the checksum of one panel.
  Status checkPanel(uint64_t panel) const;
  /// Verifies every panel and that all bytes after the used ones are zero.
  Status checkAll(ThreadPool &pool) const;

  /// Decodes the whole tensor into `out` (exactly its bytes).
  Status decode(std::span<uint8_t> out, ThreadPool &pool, const DecodeOptions &options = {}) const;

  /// Decodes a slice into `out`, dense and row-major. Reads and checks only the panels that hold
  /// it; single rows of row_major tensors are decoded alone.
  Status decodeSlice(const TensorRange &slice, std::span<uint8_t> out, ThreadPool &pool,
                     const DecodeOptions &options = {}) const;

  /// Where the bytes of panel `panel` begin in an n_major tensor; of panel panels(), its size.
  uint64_t panelBegin(uint64_t panel) const;

  /// The decoder of one member of a stack: a tensor like any other, which shares the stack's index
  /// and model. Precondition: index < description().members.
  TensorDecoder member(uint64_t index) const;

  /// Decodes tensor bytes of panels [panelBegin, panelEnd) for streaming writers: n_major
  /// panels are contiguous in the tensor; `out` is exactly their bytes. A usage error for k_major.
  Status decodePanels(uint64_t panelBegin, uint64_t panelEnd, std::span<uint8_t> out,
                      ThreadPool &pool, const DecodeOptions &options = {}) const;

  /// Decodes the words of one panel to `out` on the caller's thread: for those that code them
  /// anew. `out` has the panel's rows and columns of its matrix. Verifies no checksum.
  Status decodePanelWords(uint64_t panel, CodePath path, MutablePanelWords out) const;

private:
  Status checkRange(const TensorRange &slice, size_t bytes) const;
  Status decodeMatrices(const TensorRange &slice, std::span<uint8_t> out, ThreadPool &pool,
                        const DecodeOptions &options) const;
  Status decodeFolded(const TensorRange &slice, std::span<uint8_t> out, ThreadPool &pool,
                      const DecodeOptions &options) const;

  struct State;
  explicit TensorDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_CODEC_TENSOR_H
