//===- Checkpoint.h - Models as folders -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model as Hugging Face lays it out: config.json, weights in one or several
// safetensors files with an index, tokenizer and other files. Every function
// takes a single safetensors file as well. docs/container.md, section "Checkpoints".
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_CHECKPOINT_H
#define UWT_CONTAINER_CHECKPOINT_H

#include "uwt/Container/Compress.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace uwt {

/// File of a compressed checkpoint that lists its files and holds the originals of those
/// that had to change.
inline constexpr std::string_view manifestName = "uwt.json";
/// What names of weight files end in, plain and compressed ones. Loaders that do not know UWT look
/// for `model.safetensors` and do not find `model.uwt.safetensors`.
inline constexpr std::string_view weightEnding = ".safetensors";
inline constexpr std::string_view compressedEnding = ".uwt.safetensors";

struct CheckpointOptions {
  /// `progress` counts bytes of all files.
  CompressOptions compress;
  /// Leaves out weights in other file types (`pytorch_model*.bin`, `*.onnx`,
  /// `*.h5`, `*.msgpack`, `*.gguf`, …) beside safetensors; decompressing does
  /// not bring them back.
  bool dropDuplicates = false;
  /// Carries config.json as it is, also where it has a quantization_config.
  bool keepConfig = false;
  /// Compresses a folder whose index names files that are not there.
  bool incomplete = false;
  /// Of a folder, for machines that work on it together: compresses the weight files of shard
  /// `shard`, from 0, of `shardCount` and writes nothing else; 0 for everything. Which files
  /// those are, their sizes decide (folder-10). Shards may be compressed at the same time.
  uint64_t shard = 0, shardCount = 0;
  /// Compresses no weight files, which shards have done, and writes everything else. A file that
  /// shards have not written is an error. One that is newer than its source is taken for that
  /// source's if options and header are, any other is compared with it.
  bool finishShards = false;
};

struct CheckpointReport {
  /// Weight files, in order of their paths.
  std::vector<FileReport> weights;
  /// Paths (relative, of the originals) of other files that were carried, rewritten, left out.
  std::vector<std::string> carried, rewritten, leftOut;
  /// What is wrong with the folder, a sentence each; and Checkpoint::repeated of it.
  std::vector<std::string> warnings, notes;
  /// Paths in the output of files that were removed: those of the model that was replaced which the
  /// new one does not have (write-5).
  std::vector<std::string> removed;
  /// Sums over all files that have an output; `originalBytes` is what decompressing gives
  /// back (less than the input after a cast).
  uint64_t inputBytes = 0, originalBytes = 0, outputBytes = 0;
  /// As those of FileReport.
  uint64_t sampledBytes = 0;
  CastLoss cast;
};

/// Bytes that a progress function will count to: the sizes of all files to be
/// worked on. `path` is a file or a folder.
Expected<uint64_t> totalBytes(const std::string &path);
/// Those of compressing `path` with `options`: of a shard, its files alone.
Expected<uint64_t> totalBytes(const std::string &path, const CheckpointOptions &options);

/// Paths of the safetensors files of `path`: itself, or those inside the folder,
/// sorted.
Expected<std::vector<std::string>> weightFiles(const std::string &path);

/// Compresses a folder into a folder, or a file into a file. A folder's output
/// may exist from an interrupted run: files in it that are complete, verified and
/// made with the same options are skipped; others are an error unless
/// `overwrite`. Weight files of a compressed folder are called `*.uwt.safetensors`. What a
/// manifest cannot hold, a file that is compressed already, and a damaged config.json are found
/// before any work is done. All shards of a folder, of any number, and then finishing them give
/// the bytes that one call gives. Errors as compressFile.
Expected<CheckpointReport> compress(const std::string &input, const std::string &output,
                                    const CheckpointOptions &options);

/// Gives back every file byte for byte, with its permissions. A folder is checked against its
/// manifest, every checksum, before anything is written; where a file does not decode all
/// the same, what this call has made is removed again. Errors: Invalid (damage, with nothing
/// written), Usage (an output in the way, more than DecompressOptions::maxBytes), IO,
/// Interrupted (a later call continues).
Expected<CheckpointReport> decompress(const std::string &input, const std::string &output,
                                      const DecompressOptions &options);

/// Verifies a compressed checkpoint or file: every file of the manifest, every
/// bit of every container.
Expected<VerifyReport> verify(const std::string &path, const VerifyOptions &options);
/// The same, and compares with the originals.
Expected<VerifyReport> verifyAgainst(const std::string &path, const std::string &original,
                                     const VerifyOptions &options);

/// A tensor of a model, and the file that has it.
struct ModelTensor {
  const Container *file = nullptr;
  const TensorEntry *entry = nullptr;
  /// Number of the folder that its file is the model of. What belongs together, such as the codes
  /// and scales of a weight, has one number.
  unsigned part = 0;
};

/// An open model: the weight files that are the model (rules model-1 to model-5 of
/// docs/container.md), and where each tensor is. Immutable and thread-safe.
class Checkpoint {
public:
  using Found = std::pair<const Container *, const TensorEntry *>;
  /// A file beside the model's, and the reason why it is not part of the model.
  struct OtherFile {
    std::string path, why;
  };
  /// A name that the model has and that stands for no tensor, with the reason.
  struct Fault {
    std::string name;
    Error error;
  };
  /// Another name of a tensor, which `__metadata__` of its file states.
  struct Alias {
    std::string name;
    const Container *file;
    const TensorEntry *entry;
  };

  /// Opens a file or the model of a folder, compressed or plain. Errors: as Container::open;
  /// Usage (no weight files), Invalid (an index that cannot be read).
  static Expected<Checkpoint> open(const std::string &path, const ReadOptions &options = {});

  /// The files of the model, by path.
  const std::vector<Container> &files() const { return containers; }
  /// Weight files of the folder that are not part of the model, by path; they are not open.
  const std::vector<OtherFile> &otherFiles() const { return others; }
  /// The tensors in order of their files, each name once. Of a name with a fault, what a file has
  /// by that name: find gives the fault.
  const std::vector<ModelTensor> &tensors() const { return all; }
  /// By name.
  const std::vector<Fault> &faults() const { return faulty; }
  const std::vector<Alias> &aliases() const { return otherNames; }
  /// Opens otherFiles(), by path. Errors: as Container::open.
  Expected<std::vector<Container>> openOthers() const;
  /// Returns what is to be known of names, a line each: repeated(), and names of an index that
  /// stand for no tensor.
  std::vector<std::string> remarks() const;
  /// The tensors that are in several files of the folder, and which of these count. Files that
  /// cannot be read are left out.
  std::vector<std::string> repeated() const;
  /// What the files would become in all when decompressed; the largest number where that is more.
  uint64_t originalBytes() const;

  /// The container and entry of a tensor. Errors: Usage (no such tensor, with a suggestion; one in
  /// two files; one in a file that is not part of the model), Invalid (the index is wrong).
  Expected<Found> find(std::string_view name) const;
  /// The same; nothing if the model has no such tensor. Errors: of faults().
  Expected<std::optional<Found>> lookUp(std::string_view name) const;
  /// Returns what is known of a name that the model does not have, as an error; nothing if that is
  /// nothing.
  std::optional<Error> explainMissing(std::string_view name) const;

private:
  friend class ModelResolver;

  std::string path;
  ReadOptions options;
  std::vector<Container> containers;
  std::vector<OtherFile> others;
  /// Paths of files that an index or the numbers of shards ask for and that are not there.
  std::vector<std::string> missing;
  std::vector<ModelTensor> all;
  /// Indexes into `all`, by name.
  std::vector<uint32_t> byName;
  std::vector<Fault> faulty;
  std::vector<Alias> otherNames;
};

} // namespace uwt

#endif // UWT_CONTAINER_CHECKPOINT_H
