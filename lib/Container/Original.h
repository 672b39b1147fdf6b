//===- Original.h - What a container has to give back -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A source file as the compressor sees it: the file itself, or, with a cast, the file with
// its tensors rounded.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_ORIGINAL_H
#define UWT_LIB_CONTAINER_ORIGINAL_H

#include "Cast.h"
#include <optional>

namespace uwt {

class Original {
public:
  /// Tensors are rounded as `options` ask for. `scratchFolder` takes rounded tensors that are
  /// large. Errors as SafetensorsFile::open and checkCast.
  static Expected<Original> open(const std::string &path, const CompressOptions &options,
                                 const std::string &scratchFolder);

  const SafetensorsFile &source() const { return file; }
  /// Of the original: tensors have the same indices as in the source's data order
  /// only where nothing is cast; use sourceOf.
  const SafetensorsHeader &header() const { return castHeader ? *castHeader : file.header(); }
  std::string_view headerText() const {
    return castHeader ? std::string_view(castText) : file.headerText();
  }
  bool isCast() const { return castHeader.has_value(); }
  /// Whether tensor `i` is rounded.
  bool isCast(size_t i) const;
  /// Why tensor `i` is not rounded though its dtype could be; else empty.
  std::string_view castReason(size_t i) const { return casts[sourceIndex[i]].reason; }
  uint64_t bytes() const;
  /// The source's tensor that became tensor `i`.
  const SafetensorsTensor &sourceOf(size_t i) const {
    return file.header().tensors[sourceIndex[i]];
  }
  std::span<const uint8_t> sourceBytes(size_t i) const { return file.tensorBytes(sourceOf(i)); }

  /// Bytes of tensor `i`, valid until the next call. `loss`, unless it is null, becomes what
  /// rounding lost.
  Expected<std::span<const uint8_t>> tensorBytes(size_t i, ThreadPool &pool, CastLoss *loss);
  /// Bytes of tensor `i` from `offset` on into `out`, whole elements. `loss` is added to where they
  /// are rounded; it does not count tensors.
  void readBytes(size_t i, uint64_t offset, std::span<uint8_t> out, ThreadPool &pool,
                 CastLoss *loss) const;
  /// The part of what tensorBytes gave that is mapped from a file, for
  /// ResidencyLimit.
  std::span<const uint8_t> mappedRange(size_t i, std::span<const uint8_t> bytes) const;
  /// Gives back the pages of tensor `i`.
  void release(size_t i) const { MappedFile::release(sourceBytes(i)); }

private:
  Original(SafetensorsFile file, std::string scratchFolder);
  Status makeCast();

  SafetensorsFile file;
  std::optional<SafetensorsHeader> castHeader;
  std::string castText;
  std::vector<size_t> sourceIndex;
  /// In the order of the source's header.
  std::vector<CastChoice> casts;
  SpillBuffer rounded;
  std::vector<uint8_t> piece;
};

/// Compares the header of what `container` gives back with that of `original`. Nothing where they
/// are equal, else a finding that names the first difference.
std::optional<Finding> compareHeaders(const Container &container, const Original &original);

/// Compares what `container` gives back with `original`. Nothing where they are
/// equal, else a finding that names the first difference.
Expected<std::optional<Finding>> findDifference(const Container &container, Original &original,
                                                ThreadPool &pool, const ProgressFunction &progress);

/// Puts a container in place that has been written completely. With CompressOptions::verify it is
/// decoded and compared with `original` first. IO errors, with nothing put in place: a
/// container that does not give back the original, an original that has changed since it was
/// opened.
Status commitContainer(AtomicFileWriter &writer, Original &original, const CompressOptions &options,
                       ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_ORIGINAL_H
