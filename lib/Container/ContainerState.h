//===- ContainerState.h - An open container ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CONTAINERSTATE_H
#define UWT_LIB_CONTAINER_CONTAINERSTATE_H

#include "Bundles.h"
#include "CompactHeader.h"
#include "PackedTensors.h"
#include "uwt/Support/PerProcess.h"
#include <map>
#include <mutex>

namespace uwt {

/// Where an entry's bytes are in the file.
struct TensorSources {
  PlaneViews planes;
  const SafetensorsTensor *raw = nullptr;
  /// The entry that is stored for a shared one.
  std::optional<size_t> sameAs;
  /// Of a member of a stack: the first member.
  std::optional<size_t> stack;
  /// Of a tensor in a bundle: the first one there.
  std::optional<size_t> bundle;
};

/// Decoders of stacks, which are opened once for all members. Thread-safe.
class StackDecoders {
public:
  /// The decoder of the stack whose first member is entry `first`; `open` makes it.
  Expected<std::shared_ptr<const TensorDecoder>>
  find(size_t first, const std::function<Expected<TensorDecoder>()> &open);

private:
  struct Stack {
    std::shared_ptr<const TensorDecoder> decoder;
    std::optional<Error> error;
  };
  struct Opened {
    std::mutex mutex;
    std::map<size_t, Stack> stacks;
  };
  /// A decoder is made under the mutex.
  PerProcess<Opened> opened;
};

/// The packed tensor (file-16) that was opened last. Thread-safe.
class OpenPacked {
public:
  using Tensor = std::shared_ptr<const PackedTensor>;
  /// The tensor of entry `index`; `open` opens it.
  Expected<Tensor> find(size_t index, const std::function<Expected<PackedDecoder>()> &open,
                        bool check);

private:
  struct Opened {
    std::mutex mutex;
    size_t last = 0;
    Tensor tensor;
  };
  PerProcess<Opened> opened;
};

struct Container::State {
  SafetensorsFile file;
  ReadOptions options;
  bool isContainer = false;
  /// check-1 failed while check-2 held.
  bool savedAgain = false;
  FileEntry fileEntry;
  /// Of the original; of plain files, the file's own.
  const SafetensorsHeader *original = nullptr;
  SafetensorsHeader parsedOriginal;
  std::string_view originalText;
  /// In the order of the original's header, and the same order again.
  std::vector<TensorEntry> entries;
  std::vector<TensorSources> sources;
  /// SHA-256 of the members of stacks, by their first members.
  std::map<size_t, std::vector<std::string>> memberHashes;
  mutable StackDecoders stacks;
  mutable OpenBundles bundles;
  mutable OpenPacked packed;
  /// Of the compact form: the entries; where all planes lie.
  std::optional<SafetensorsHeader> compactEntries;
  std::span<const uint8_t> planeData;
  uint64_t planePadding = planeAlignment;

  explicit State(SafetensorsFile file) : file(std::move(file)) {}

  Status readPlain();
  Status readContainer();
  Status checkHeader();
  Status readCompact();
  Status readOriginal();
  /// What has the entries of tensors.
  const SafetensorsHeader &entryHeader() const {
    return compactEntries ? *compactEntries : file.header();
  }
  Status readEntry(size_t i, std::vector<bool> &used);
  Status readSource(size_t i, std::optional<BaseSource> source);
  Status readCompressed(size_t i, std::vector<bool> &used);
  Status readBundle(size_t i, ParsedEntry parsed);
  Status findCompactPlanes();
  Status takeCompactPlanes(size_t i, uint64_t &begin);
  /// Stacks and bundles.
  Status linkMembers();
  void joinStack(size_t i, size_t first, uint64_t member);
  /// A bundle that is being put together.
  struct OpenJoin {
    size_t first = 0;
    uint64_t joined = 0, bytes = 0, count = 0;
  };
  Status linkBundled(size_t i, std::map<const SafetensorsDtype *, OpenJoin> &open);
  void joinBundle(size_t i, OpenJoin &join);
  Status checkBundlesComplete(const std::map<const SafetensorsDtype *, OpenJoin> &open) const;
  void shareStoredBytes();
  Status checkDifferences() const;
  Status linkShared();
  /// The decoder of what is stored under the name of `entry`, or of its stack.
  Expected<TensorDecoder> openStored(const TensorEntry &entry, const PlaneViews &planes) const;
  /// The decoder of a tensor that is stored compressed, under its name or in a stack.
  Expected<TensorDecoder> openDecoder(size_t i, const PlaneViews &planes) const;
  Expected<std::shared_ptr<const OpenBundle>> openBundle(size_t first) const;
  Expected<OpenPacked::Tensor> openPacked(size_t i) const;
  Status takeRawChecksums();
  Status checkAllUsed(const std::vector<bool> &used) const;
};

/// "tensor 'name'", as errors begin.
std::string tensorLabel(const TensorEntry &entry);

/// `message` without the path that stands in front of it, for findings that name
/// the file themselves.
std::string withoutPath(const std::string &message, const std::string &path);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CONTAINERSTATE_H
