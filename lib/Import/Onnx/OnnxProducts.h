//===- OnnxProducts.h - Nodes that multiply with weights --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A closed world: what stands between a weight and its product, and what the module of the product
// does beside it, is on a list here, or the module's names are refused (onnx-6 and onnx-10 of
// docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_ONNX_ONNXPRODUCTS_H
#define UWT_LIB_IMPORT_ONNX_ONNXPRODUCTS_H

#include "OnnxFile.h"

namespace uwt {

/// Use of a matrix by a product.
struct MatrixUse {
  /// True if the value is [K, N]: a row for each input.
  bool isKMajor = false;
  const OnnxNode *node = nullptr;
  /// Factor of the product.
  float alpha = 1;
  /// Factor of the bias.
  float beta = 1;
  /// The bias of the node itself, or empty.
  std::string_view bias = {};
  /// Why the weight has no name of the product's module, or empty.
  std::string refusal = {};
};

struct OnnxProducts {
  /// By the initializer that has the floats or the codes.
  std::map<std::string_view, std::vector<MatrixUse>> uses;
  /// Products whose weight is no initializer.
  std::vector<MatrixUse> others;

  static OnnxProducts of(const OnnxModel &model);
};

/// The module that a node belongs to, of its name: "model.layers.0.attn.q_proj" of
/// "/model/layers.0/attn/q_proj/MatMul_Q4". Empty if the name is another one.
std::string moduleOf(const OnnxNode &node);

/// Returns why the names of the module `module` are refused because of `node`, which is in it or in
/// a module inside of it, or empty.
std::string moduleRefusal(const OnnxModel &model, const OnnxNode &node, std::string_view module);

} // namespace uwt

#endif // UWT_LIB_IMPORT_ONNX_ONNXPRODUCTS_H
