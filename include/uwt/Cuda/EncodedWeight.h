//===- EncodedWeight.h - Weights that a device has coded --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the host adds where kernel `encode` (kind transcode) codes a weight: the table by which
// symbols become codes, and, from the escapes that the kernel has counted, where each panel's parts
// go.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_ENCODEDWEIGHT_H
#define UWT_CUDA_ENCODEDWEIGHT_H

#include "uwt/Cuda/DeviceWeight.h"
#include "uwt/Pack/Abi.h"

namespace uwt::cuda {

/// The table of a model with codes of 4 bits and symbols of at most 8.
EncodeTable encodeTable(const CodingPlan &plan);

/// How a weight lies in device memory.
struct EncodedTables {
  DeviceTables tables;
  /// Bytes of the planes.
  uint64_t words = 0, raw = 0, code = 0, patch = 0;
};

/// From the number of escapes of each unit, panel by panel in stored order (order-4), matrix by
/// matrix. Panels that do not get smaller (panel-1), or have more than 255 escapes in a unit, are
/// stored as words.
/// Errors: Usage (another number of units, a format that kernel `encode` does not make);
/// Unsupported (more records than a table counts).
Expected<EncodedTables> encodedTables(const CodingPlan &plan, std::span<const uint16_t> counts);

} // namespace uwt::cuda

#endif // UWT_CUDA_ENCODEDWEIGHT_H
