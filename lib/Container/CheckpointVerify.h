//===- CheckpointVerify.h - Files of a compressed model ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CHECKPOINTVERIFY_H
#define UWT_LIB_CONTAINER_CHECKPOINTVERIFY_H

#include "Manifest.h"
#include "uwt/Container/Compress.h"

namespace uwt {

/// Compares a file of `folder` with what the manifest says of it, and checks what it holds.
/// Adds what is wrong to `report`; fails only on IO, Unsupported and Interrupted.
Status verifyListed(const std::string &folder, const ManifestFile &file,
                    const VerifyOptions &options, VerifyReport &report);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CHECKPOINTVERIFY_H
