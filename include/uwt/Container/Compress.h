//===- Compress.h - Files there and back ------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One safetensors file to a container and back, and checks of the result.
// Models of several files are in uwt/Container/Checkpoint.h, whose functions
// take single files as well.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_COMPRESS_H
#define UWT_CONTAINER_COMPRESS_H

#include "uwt/Container/Container.h"
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace uwt {

/// Whether `name` matches `glob`: `*` any run of characters, `?` any one, `[a-z]`,
/// `[!a-z]`; a backslash takes the next character as it is.
bool matchesGlob(std::string_view glob, std::string_view name);

/// Whether a tensor's name is that of an embedding whose rows are gathered one
/// at a time (docs/container.md, choice-4).
bool isEmbeddingName(std::string_view name);

struct CompressOptions {
  FormatChoice format = FormatPolicy::BestSize;
  /// Globs over tensors' names. Where `include` is not empty, only tensors that match one of them
  /// are compressed; tensors that match one of `exclude` are not.
  std::vector<std::string> include, exclude;
  /// Tensors that match lie as [K, N].
  std::vector<std::string> kMajor;
  /// Tensors that match are stored by rows, as embeddings are.
  std::vector<std::string> rowMajor;
  /// Whether embeddings are stored by rows.
  bool rowMajorEmbeddings = true;
  /// Tensors of fewer elements stay raw.
  uint64_t minimumElements = 1024;
  /// Tensors of at most so many bytes that are equal in dtype and shape are stored as one (a
  /// stack); 0 stacks none.
  uint64_t stackedBytes = uint64_t(128) << 10;
  /// What tensors may be stored as differences from (choice-10), opened with openHashed, or null.
  std::shared_ptr<const BaseModel> base;
  /// The compact form, which older readers do not know, is not used where what it makes smaller
  /// takes fewer bytes (choice-11).
  uint64_t compactBytes = 8192;
  /// F32 and F16 tensors of rank 2 and more are rounded to BF16 first (nearest, ties to even; NaNs
  /// stay NaNs), but those that `include` and `exclude` leave out, and parts of quantised weights
  /// (choice-5). The original is then the rounded file.
  bool castToBF16 = false;
  /// Rounds tensors of rank 0 and 1 too.
  bool castVectors = false;
  /// Names of tensors that quantised weights are made of, which a cast never rounds: as
  /// `keepQuantizedParts` of uwt/Import/ImportedWeights.h finds them. Without a value, a model
  /// whose configuration says that it is quantised is not cast.
  std::optional<std::set<std::string, std::less<>>> quantizedParts;
  /// Records SHA-256 of each original tensor and of the original file.
  bool sha256 = false;
  /// Replaces existing outputs.
  bool overwrite = false;
  /// Does all the work but writes nothing: sizes in the report are exact.
  bool dryRun = false;
  /// As a dry run, but from samples: about the sizes, in a fraction of the time. Of large tensors
  /// some panels are read, of many equal ones (in dtype and shape) some tensors; nothing else of
  /// the data. Formats are chosen and panels coded as when compressing. With a base model, tensors
  /// that it has are read whole, and some panels of their differences are coded.
  bool estimate = false;
  /// Whether outputs are written.
  bool writes() const { return !dryRun && !estimate; }
  /// Decodes what was written and compares it with the source, before the file gets its name.
  bool verify = true;
  CodePath path = bestCodePath();
  /// Measures both entropy bounds of each tensor that it tries to compress (the bytes
  /// do not depend on it).
  bool bounds = false;
  /// 0: one thread a processor.
  unsigned threads = 0;
  ProgressFunction progress;

  /// Of everything here that the bytes depend on.
  uint64_t digest() const;
};

/// What a cast lost.
struct CastLoss {
  uint64_t tensors = 0, elements = 0;
  /// Elements whose value changed, among them finite ones that became infinite.
  uint64_t changed = 0, overflowed = 0;
  /// Largest |rounded - value| / |value| over finite, nonzero values that stayed finite.
  double maxRelativeError = 0;
  /// Of a single tensor: how many different values are left; 0 if not known.
  uint64_t valuesLeft = 0;

  void add(const CastLoss &other);
};

/// Stands for the format of tensors in the packed form (file-16).
inline constexpr std::string_view packedName = "packed";

/// The reason of a tensor that was tried, and stayed raw.
inline constexpr std::string_view wouldNotBeSmaller = "would not be smaller";

struct TensorReport {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  /// Bytes before and after (planes with padding; 0 where stored under another name).
  uint64_t bytes = 0, storedBytes = 0;
  /// Format, or empty where the tensor stayed raw.
  std::string format;
  /// Why it stayed raw, or the name it is stored under: one phrase; else empty.
  std::string reason;
  /// The dtype that a cast rounded it from, or empty; how many of its elements changed, and how
  /// many different values are left (0 of samples).
  std::string castFrom;
  uint64_t castChanged = 0, valuesLeft = 0;
  /// Why a cast left it as it was though it is F32 or F16, or empty.
  std::string castReason;
  /// Its differences from the base model are stored, or nothing where it equals that one.
  bool isDifference = false;
  /// Name of the base model's tensor that it is stored against, or empty.
  std::string base;
  /// Reason for which it is not stored against a base model that is given; else empty. Tensors that
  /// are stored under another name have none.
  std::string baseReason;
  /// Tensors that are stored as one with it, itself included.
  uint64_t stackMembers = 1;
  /// Of a tensor in a bundle: the tensors of that; else 0.
  uint64_t bundled = 0;
  uint64_t escapes = 0, panels = 0, panelsAsWords = 0;
  /// Bytes of each plane in use; all 0 where the tensor stayed raw.
  std::array<uint64_t, planeKinds> planeBytes{};
  /// Bounds of the tensor as it is stored (after a cast; of the whole stack where it is part of
  /// one), in bits an element without low halves; where CompressOptions::bounds is set and
  /// compressing was tried.
  std::optional<EntropyBounds> bounds;
};

struct FileReport {
  std::string input, output;
  /// `originalBytes` is what decompressing gives back: less than the input after a cast.
  uint64_t inputBytes = 0, originalBytes = 0, outputBytes = 0;
  /// Bytes of the output that are neither planes nor raw tensors: names, offsets, metadata, the
  /// original's header.
  uint64_t headerBytes = 0;
  uint64_t compressedTensors = 0, rawTensors = 0, sharedTensors = 0;
  /// Tensors whose differences from the base model are stored, and those that are equal to its own;
  /// the first are among the compressed ones.
  uint64_t differences = 0, equalTensors = 0;
  std::vector<TensorReport> tensors;
  /// Of an estimate: what samples have lost.
  CastLoss cast;
  /// Of an estimate: bytes of the input's tensors that it is made from.
  uint64_t sampledBytes = 0;
  /// An earlier run had already written and this one verified it.
  bool skipped = false;
  /// It was skipped, and its bytes were not compared with the source, which is older (folder-10).
  bool takenByTime = false;
};

/// Compresses one safetensors file; the output has its permissions. Errors: Usage (output
/// exists, invalid format, a name with `.uwt.`, the input is a container already), Invalid,
/// IO (also where the input changes meanwhile), Interrupted.
Expected<FileReport> compressFile(const std::string &input, const std::string &output,
                                  const CompressOptions &options);

struct DecompressOptions {
  bool overwrite = false;
  /// Whether checksums are verified.
  bool check = true;
  /// Refuses, before anything is written, what would become more than this in all: a small hostile
  /// file may stand for any number of bytes.
  std::optional<uint64_t> maxBytes;
  CodePath path = bestCodePath();
  /// As ReadOptions::base.
  std::shared_ptr<const BaseModel> base;
  unsigned threads = 0;
  ProgressFunction progress;
};

/// Writes the original of one container, byte for byte. `tensors` is empty in the report.
Expected<FileReport> decompressFile(const std::string &input, const std::string &output,
                                    const DecompressOptions &options);

/// Verifies one file. What is damaged is a finding, also where the file cannot
/// be opened for it; the call fails only on IO, Unsupported and Interrupted.
Expected<VerifyReport> verifyFile(const std::string &path, const VerifyOptions &options);

/// Verifies that a container gives back `original`, byte for byte; a difference is a
/// finding that names the first tensor and byte.
Expected<VerifyReport> verifyFileAgainst(const std::string &path, const std::string &original,
                                         const VerifyOptions &options);

} // namespace uwt

#endif // UWT_CONTAINER_COMPRESS_H
