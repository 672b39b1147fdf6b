//===- PlaneSpool.cpp - Planes on their way to a file ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlaneSpool.h"

namespace uwt {

/// Bytes of one plane that are kept in memory.
static constexpr uint64_t planeInMemory = uint64_t(192) << 20;

PlaneSpool::PlaneSpool(const std::string &folder, DataOutput &data, bool countOnly)
    : data(data), countOnly(countOnly) {
  for (unsigned k = 0; k < planeKinds; ++k)
    planes.emplace_back(folder, planeInMemory);
}

std::array<uint64_t, planeKinds> PlaneSpool::begins() const {
  std::array<uint64_t, planeKinds> result{};
  uint64_t at = start;
  if (direct)
    at += paddedPlaneBytes(sizes[static_cast<unsigned>(*direct)], padding);
  for (unsigned k = 0; k < planeKinds; ++k) {
    bool isDirect = direct == static_cast<PlaneKind>(k);
    result[k] = isDirect ? start : at;
    at += isDirect ? 0 : paddedPlaneBytes(sizes[k], padding);
  }
  return result;
}

Status PlaneSpool::keep() {
  if (direct)
    UWT_RETURN_IF_ERROR(data.pad(sizes[static_cast<unsigned>(*direct)], padding));
  for (unsigned k = 0; k < planeKinds; ++k) {
    if (direct == static_cast<PlaneKind>(k))
      continue;
    if (countOnly)
      data.count(sizes[k]);
    else
      UWT_RETURN_IF_ERROR(data.append(planes[k]));
    UWT_RETURN_IF_ERROR(data.pad(sizes[k], padding));
  }
  return ok();
}

} // namespace uwt
