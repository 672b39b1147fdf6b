//===- OnnxMatrix.h - Codes and grids that nodes of ONNX name ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MatMulNBits and DequantizeLinear (onnx-3 to onnx-5 of docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_ONNX_ONNXMATRIX_H
#define UWT_LIB_IMPORT_ONNX_ONNXMATRIX_H

#include "OnnxFile.h"
#include "uwt/Import/QuantizedWeight.h"

namespace uwt {

/// A quantised matrix [rows, columns], as the file's initializers have it.
struct OnnxMatrix {
  const OnnxTensor *codes = nullptr, *scale = nullptr;
  /// Codes too, or floats that are made an offset; null where all zeros are `constantZero`.
  const OnnxTensor *zero = nullptr;
  uint64_t rows = 0, columns = 0;
  QuantizedElement element;
  std::string elementName;
  int constantZero = 0;
  /// Elements of a cell.
  uint64_t cellRows = 0, cellColumns = 0;
  /// Bytes of a row of codes, and of the zero points of one; 0 where rows follow without gaps.
  uint64_t rowBytes = 0, zeroRowBytes = 0;

  /// What such a node names. Precondition: its codes are an initializer. Errors: Unsupported, with
  /// what it has that is not read.
  static Expected<OnnxMatrix> ofMatMulNBits(const OnnxModel &model, const OnnxNode &node);
  static Expected<OnnxMatrix> ofDequantizeLinear(const OnnxModel &model, const OnnxNode &node);

  /// Whether each row of the matrix, or of the transposed one, has grid cells of its own, or all
  /// rows have the same ones.
  bool hasRowsAlone(bool isTransposed) const;
  /// Whether both are the same numbers.
  bool isSame(const OnnxMatrix &other) const;
  /// The composition as text, where the matrix or the transposed one is held, and the weight has it
  /// transposed (`isKMajor`).
  std::string format(bool isTransposed, bool isKMajor) const;
  /// The weight, whose rows and columns are those of the matrix or of the transposed one.
  QuantizedWeight read(bool isTransposed, ThreadPool &pool) const;

private:
  bool hasOffset() const { return zero && !zero->type->element; }
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_ONNX_ONNXMATRIX_H
