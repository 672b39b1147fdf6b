//===- Fingerprint.h - Knows a checkpoint that changes ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_FINGERPRINT_H
#define UWT_CONTAINER_FINGERPRINT_H

#include <optional>
#include <string>

namespace uwt {

/// Returns a digest of everything that decides the tensors of `path` and their meaning. Weight
/// files count by path, device, inode, size, and times of writing and of status change, which no
/// copy sets back. JSON files count by their bytes, those beside a single file too. Returns nullopt
/// for files that cannot be listed.
std::optional<std::string> fingerprintOf(const std::string &path);

/// Returns the same of the JSON files alone.
std::optional<std::string> configFingerprintOf(const std::string &path);

} // namespace uwt

#endif // UWT_CONTAINER_FINGERPRINT_H
