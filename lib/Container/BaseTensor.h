//===- BaseTensor.h - A tensor of a base model, checked ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes of a base model's tensor, read and checked a MiB at a time, so that a slice reads no more
// of it than it needs (diff-4, part-3).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_BASETENSOR_H
#define UWT_LIB_CONTAINER_BASETENSOR_H

#include "uwt/Container/BaseModel.h"

namespace uwt {

/// diff-4: bytes that have a checksum.
inline constexpr uint64_t basePieceBytes = uint64_t(1) << 20;
/// Bytes of a base that are read at a time, whole pieces.
inline constexpr uint64_t baseReadBytes = uint64_t(32) << 20;

inline uint64_t basePieces(uint64_t bytes) {
  return bytes / basePieceBytes + (bytes % basePieceBytes != 0 ? 1 : 0);
}
/// Of bytes that begin with a piece.
std::vector<uint64_t> basePieceChecksums(std::span<const uint8_t> bytes, ThreadPool &pool);

/// Refers to the base model, which must stay open. Thread-safe.
class BaseTensor {
public:
  /// The tensor that a new one may be stored against: nothing where the model has none of that
  /// name, dtype and shape.
  static Expected<std::optional<BaseTensor>> find(const BaseModel &model,
                                                  const SafetensorsTensor &like);
  /// The tensor that `stored` is stored against, whose checksums must hold unless `check` is
  /// false. `files` is for errors. Errors: Usage where the model has not this one.
  static Expected<BaseTensor> open(std::shared_ptr<const BaseModel> model,
                                   const TensorEntry &stored, std::span<const BaseFile> files,
                                   bool check);

  /// Bytes [begin, end), in `scratch` where they do not lie in a file as they are.
  Expected<std::span<const uint8_t>> read(uint64_t begin, uint64_t end,
                                          std::vector<uint8_t> &scratch, ThreadPool &pool) const;
  /// Gives back the pages of what read() gave, where it lies in a file.
  void release(std::span<const uint8_t> bytes) const {
    if (!reader.decoder())
      MappedFile::release(bytes);
  }
  /// Checks all of it.
  Status check(ThreadPool &pool) const;

  /// Makes tensor bytes of the differences in `bytes`, which begin at byte `begin` of the tensor.
  Status restore(uint64_t begin, std::span<uint8_t> bytes, ThreadPool &pool) const;
  /// The same for a dense slice: `range` in elements, of matrices of `rows` x `columns`.
  Status restoreSlice(const TensorRange &range, uint64_t rows, uint64_t columns,
                      std::span<uint8_t> bytes, ThreadPool &pool) const;

  /// The number of its file in the model.
  size_t file() const { return found.file; }

private:
  BaseTensor(const BaseModel::Tensor &found, TensorReader reader)
      : found(found), reader(std::move(reader)) {}
  Expected<std::span<const uint8_t>>
  readStored(uint64_t begin, uint64_t end, std::vector<uint8_t> &scratch, ThreadPool &pool) const;
  Status decodeRows(uint64_t begin, uint64_t end, std::span<uint8_t> out, ThreadPool &pool) const;
  Status checkPieces(uint64_t begin, std::span<const uint8_t> bytes, ThreadPool &pool) const;

  std::shared_ptr<const BaseModel> model;
  BaseModel::Tensor found;
  TensorReader reader;
  /// Empty where nothing is checked.
  std::vector<uint64_t> checksums;
  std::string wanted;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_BASETENSOR_H
