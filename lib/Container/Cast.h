//===- Cast.h - Rounding to BF16 --------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CAST_H
#define UWT_LIB_CONTAINER_CAST_H

#include "uwt/Container/Compress.h"

namespace uwt {

/// Returns whether tensors of that dtype can be rounded.
bool isCastToBF16(const SafetensorsDtype &dtype);

/// Action of a cast on a tensor.
struct CastChoice {
  bool isRounded = false;
  /// Why not, of one whose dtype could be; else empty.
  std::string_view reason;
};
/// Returns what the options' cast does with each tensor (choice-5).
std::vector<CastChoice> chooseCasts(const SafetensorsHeader &header,
                                    const CompressOptions &options);

/// A usage error if files of `folder` say that the model in it is quantised, and no one has found
/// the parts of its weights (CompressOptions::quantizedParts).
Status checkCast(const std::string &folder, const CompressOptions &options);

/// Which of the 65,536 values of BF16 there are: a bit each.
using SeenValues = std::vector<uint64_t>;

/// Rounds `source`, of `dtype` F32 or F16, to BF16 into `out` (nearest, ties to even; NaNs stay
/// NaNs, quiet, with their sign and top payload bits). Gives what was lost. Notes the values in
/// `seen`, unless that is null.
CastLoss castToBF16(const SafetensorsDtype &dtype, std::span<const uint8_t> source,
                    std::span<uint8_t> out, ThreadPool &pool, SeenValues *seen = nullptr);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CAST_H
