//===- OutputCheck.h - No command overwrites its inputs ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_OUTPUTCHECK_H
#define UWT_CONTAINER_OUTPUTCHECK_H

#include "uwt/Support/Error.h"
#include <span>
#include <string>

namespace uwt {

/// Outputs of a command.
struct OutputPath {
  std::string path;
  /// True if a whole folder is written there.
  bool isFolder = false;
};

/// Checks everything that a command writes against everything that it reads, before either is done
/// (write-8). Files are compared by device and inode, those that do not exist by the folder that
/// they would lie in, so that no link leads around it. Empty paths, and "-", count as none. A usage
/// error if an output is an input, a file of an input's folder, a folder around an input, a weight
/// file in an input's folder, or another output.
Status checkOutputs(std::span<const std::string> reads, std::span<const OutputPath> writes);

} // namespace uwt

#endif // UWT_CONTAINER_OUTPUTCHECK_H
