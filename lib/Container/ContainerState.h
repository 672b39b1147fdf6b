//===- ContainerState.h - An open container ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CONTAINERSTATE_H
#define UWT_LIB_CONTAINER_CONTAINERSTATE_H

#include "ContainerFormat.h"
#include <map>
#include <mutex>

namespace uwt {

/// Where an entry's bytes are in the file.
struct TensorSources {
  std::array<const SafetensorsTensor *, planeKinds> planes{};
  const SafetensorsTensor *raw = nullptr;
  /// The entry that is stored for a shared one.
  std::optional<size_t> sameAs;
  /// Of a member of a stack: the first member.
  std::optional<size_t> stack;
};

/// Decoders of stacks, which are opened once for all members. Thread-safe.
class StackDecoders {
public:
  /// The decoder of the stack whose first member is entry `first`; `open` makes it.
  Expected<std::shared_ptr<const TensorDecoder>>
  find(size_t first, const std::function<Expected<TensorDecoder>()> &open);

private:
  struct Opened {
    std::shared_ptr<const TensorDecoder> decoder;
    std::optional<Error> error;
  };
  std::mutex mutex;
  std::map<size_t, Opened> opened;
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

  explicit State(SafetensorsFile file) : file(std::move(file)) {}

  Status readPlain();
  Status readContainer();
  Status checkHeader();
  Status readEntry(size_t i, std::vector<bool> &used);
  Status readCompressed(size_t i, std::vector<bool> &used);
  Status linkStacks();
  void joinStack(size_t i, size_t first, uint64_t member);
  void shareStoredBytes();
  Status checkDifferences() const;
  Status linkShared();
  /// The decoder of what is stored under the name of `entry`, or of its stack.
  Expected<TensorDecoder> openStored(const TensorEntry &entry, const PlaneViews &planes) const;
  /// The decoder of a tensor that is stored compressed, under its name or in a stack.
  Expected<TensorDecoder> openDecoder(size_t i, const PlaneViews &planes) const;
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
