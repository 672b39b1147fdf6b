//===- InspectBytes.cpp - What the bytes of files are ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Text.h"
#include "InspectReport.h"

using namespace uwt;
using namespace uwt::tool;

void StoredBytes::add(const Container &file) {
  uint64_t known = 0;
  for (const TensorEntry &entry : file.entries()) {
    // Stacks and bundles are stored under their first tensor.
    if (!entry.sameAs.empty() || entry.member != 0 || entry.bundleNumber != 0)
      continue;
    const TensorEntry &stored = entry.bundle ? *entry.bundle : entry;
    uint64_t raw = stored.compressed() || stored.isPacked() ? 0 : stored.bytes;
    rawTensors += raw;
    known += raw;
    for (unsigned kind = 0; kind < planeKinds; ++kind) {
      planes[kind] += stored.planeBytes[kind];
      known += stored.planeBytes[kind];
    }
  }
  header += file.headerBytes();
  known = std::min(known, file.fileBytes());
  padding += file.fileBytes() - known - std::min(file.headerBytes(), file.fileBytes() - known);
}

uint64_t StoredBytes::overhead() const {
  return planes[numberOf(PlaneKind::Index)] + header + padding;
}

std::string uwt::tool::storedBytesText(const StoredBytes &bytes, uint64_t weights) {
  std::string text;
  auto add = [&](std::string_view name, uint64_t count) {
    if (count)
      text += std::string(text.empty() ? "" : ", ") + std::string(name) + " " + formatBytes(count);
  };
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    add("plane " + std::string(planeName(static_cast<PlaneKind>(kind))), bytes.planes[kind]);
  add("raw tensors", bytes.rawTensors);
  add("header", bytes.header);
  add("padding of planes", bytes.padding);
  if (weights)
    text += "; index, header and padding are " +
            formatNumber(bitsPer(bytes.overhead(), weights), 4) + " bits a weight";
  return text + "\n";
}
