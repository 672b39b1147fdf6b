//===- ForeignFile.h - Files that are not safetensors -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tells by its first bytes what a file is that someone took for safetensors, and what to do
// with it. All functions may be called from any thread.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_FOREIGNFILE_H
#define UWT_CONTAINER_FOREIGNFILE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace uwt {

/// Says what `bytes`, a whole file, are, and the next step: "this is a GGUF file, not
/// safetensors; ...". Nothing for safetensors, and for what is not known.
std::optional<std::string> describeForeignFile(std::span<const uint8_t> bytes);

/// An Invalid error with that text where `path` is such a file, or a folder without weights that
/// has one. Success for anything else, also for a file that cannot be read.
Status checkNotForeign(const std::string &path);

} // namespace uwt

#endif // UWT_CONTAINER_FOREIGNFILE_H
