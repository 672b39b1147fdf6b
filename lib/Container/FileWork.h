//===- FileWork.h - What work on files and on folders shares ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILEWORK_H
#define UWT_LIB_CONTAINER_FILEWORK_H

#include "uwt/Container/Compress.h"
#include "uwt/Container/OutputCheck.h"

namespace uwt {

/// Tells `progress`, if there is one, of more bytes. Errors: Interrupted, where it ends the work.
Status reportProgress(const ProgressFunction &progress, uint64_t bytes);

/// Counts half of the bytes: for work that goes over them twice. `progress` must outlive it.
ProgressFunction halved(const ProgressFunction &progress);

/// A usage error where `bytes` are more than DecompressOptions::maxBytes.
Status checkMaxBytes(const std::string &path, uint64_t bytes, const DecompressOptions &options);

/// checkOutputs of a model that is made from `input`, and from `base` unless that is null.
Status checkOutputOf(const std::string &input, const BaseModel *base, const OutputPath &output);

/// Adds a tensor to the counts of its kind.
void countTensor(const TensorEntry &entry, FileReport &report);

/// As decompressFile; the output has the permissions `mode`, without it those of the input.
Expected<FileReport> restoreContainer(const std::string &input, const std::string &output,
                                      const DecompressOptions &options,
                                      std::optional<FileMode> mode);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILEWORK_H
