//===- BaseMatch.h - Which tensor of a base model is a base -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-17 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_BASEMATCH_H
#define UWT_LIB_CONTAINER_BASEMATCH_H

#include "uwt/Container/BaseModel.h"

namespace uwt {

/// The tensor of a base model that a new one may be stored against, or why there is none.
struct BaseMatch {
  std::optional<BaseModel::Tensor> tensor;
  /// As BaseSource::rows.
  std::vector<BaseRows> rows;
  /// One phrase; empty if there is a tensor.
  std::string reason;
};

/// Finds the tensor by the name of `tensor`.
BaseMatch matchByName(const BaseModel &model, const SafetensorsTensor &tensor);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_BASEMATCH_H
