//===- BaseTensor.h - A tensor of a base model, checked ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes of a base, read and checked a MiB at a time, so that a slice reads no more of the base
// model's tensor than it needs (diff-4, part-3). The base of a tensor has the dtype and shape of
// that; the base model's tensor that it is made from may have others (diff-7).
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
/// Returns checksums of pieces of `each` bytes, which is not 0; the last piece may be shorter.
std::vector<uint64_t> checksumsOfEach(std::span<const uint8_t> bytes, uint64_t each,
                                      ThreadPool &pool);

/// Refers to the base model, which must stay open. Thread-safe.
class BaseTensor {
public:
  /// Returns the base that `found` makes for a new tensor. Precondition: hasFloatCast of their
  /// dtypes, and `rows` lie in both tensors.
  static Expected<BaseTensor> make(const BaseModel::Tensor &found, const SafetensorsTensor &tensor,
                                   std::vector<BaseRows> rows);
  /// Returns the base model's tensor as it is.
  static Expected<BaseTensor> whole(const BaseModel::Tensor &found);
  /// The base that `stored` is stored against, whose checksums must hold unless `check` is
  /// false. `files` is for errors. Errors: Usage if the model has not this one.
  static Expected<BaseTensor> open(std::shared_ptr<const BaseModel> model,
                                   const TensorEntry &stored, std::span<const BaseFile> files,
                                   bool check);

  /// Bytes [begin, end), in `scratch` where they do not lie in a file as they are.
  Expected<std::span<const uint8_t>> read(uint64_t begin, uint64_t end,
                                          std::vector<uint8_t> &scratch, ThreadPool &pool) const;
  /// Appends bytes [begin, end) of the base model's tensor, of whole elements, which are not
  /// checked.
  Status appendTo(std::vector<uint8_t> &out, uint64_t begin, uint64_t end, ThreadPool &pool) const;
  /// Gives back the pages of what read() gave, where it lies in a file.
  void release(std::span<const uint8_t> bytes) const {
    if (isAsItIs())
      releaseStored(bytes);
  }
  /// Checks all of it.
  Status check(ThreadPool &pool) const;

  /// Makes tensor bytes of the differences in `out`, which begin at byte `begin` of the tensor.
  Status restore(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const;
  /// The same for a dense slice: `range` in elements, of matrices of `matrixRows` x `columns`.
  Status restoreSlice(const TensorRange &range, uint64_t matrixRows, uint64_t columns,
                      std::span<uint8_t> out, ThreadPool &pool) const;

  /// The number of its file in the model.
  size_t file() const { return found.file; }
  /// Returns whether the base has rows of the base model's tensor, not all of it.
  bool hasRows() const { return !rows.empty(); }
  /// Sets these rows. Precondition: hasRows(); they lie in both tensors.
  void setRows(std::vector<BaseRows> runs) { rows = std::move(runs); }
  /// Returns checksums of all rows of the base model's tensor, in the dtype of the base.
  Expected<std::vector<uint64_t>> rowChecksums(ThreadPool &pool) const;
  /// Returns the source that an entry of a tensor of that name has (diff-7).
  std::optional<BaseSource> source(std::string_view name) const;

private:
  BaseTensor(const BaseModel::Tensor &found, TensorReader reader, const SafetensorsDtype &dtype,
             std::span<const uint64_t> shape, uint64_t bytes, std::vector<BaseRows> rows);
  /// Returns whether the base is the base model's tensor.
  bool isAsItIs() const { return rows.empty() && found.entry->dtype == dtype; }
  void releaseStored(std::span<const uint8_t> stored) const {
    if (!reader.decoder() && reader.isMapped())
      MappedFile::release(stored);
  }
  Expected<std::span<const uint8_t>>
  readMade(uint64_t begin, uint64_t end, std::vector<uint8_t> &scratch, ThreadPool &pool) const;
  Status makeRows(const BaseRows &run, uint64_t begin, std::span<uint8_t> out,
                  ThreadPool &pool) const;
  Expected<std::span<const uint8_t>>
  readStored(uint64_t begin, uint64_t end, std::vector<uint8_t> &scratch, ThreadPool &pool) const;
  Status decodeRows(uint64_t begin, uint64_t end, std::span<uint8_t> out, ThreadPool &pool) const;
  Status checkPieces(uint64_t begin, std::span<const uint8_t> bytes, ThreadPool &pool) const;

  std::shared_ptr<const BaseModel> model;
  BaseModel::Tensor found;
  TensorReader reader;
  /// Dtype of the base, and its rows, which are empty if they are all of the base model's tensor.
  const SafetensorsDtype *dtype;
  std::vector<BaseRows> rows;
  uint64_t bytes = 0, rowBytes = 0;
  /// Empty where nothing is checked.
  std::vector<uint64_t> checksums;
  std::string wanted;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_BASETENSOR_H
