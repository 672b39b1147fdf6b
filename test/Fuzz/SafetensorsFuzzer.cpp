//===- SafetensorsFuzzer.cpp - Any text as a safetensors header -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: bytes of data behind the header (u32), then the header's text. What parses covers
// the data exactly, and written out again parses to the same.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "uwt/Container/Safetensors.h"
#include <cstring>

using namespace uwt;

static void checkCover(const SafetensorsHeader &header, uint64_t dataBytes) {
  uint64_t end = 0;
  for (size_t i : header.dataOrder()) {
    const SafetensorsTensor &tensor = header.tensors[i];
    fuzzRequire(tensor.begin == end && tensor.begin <= tensor.end, "tensors leave holes");
    Expected<uint64_t> bytes = safetensorsBytes(*tensor.dtype, tensor.shape);
    fuzzRequire(bool(bytes) && *bytes == tensor.bytes(), "a tensor's size is not its shape's");
    fuzzRequire(header.find(tensor.name) == &tensor, "a tensor cannot be found by its name");
    end = tensor.end;
  }
  fuzzRequire(end == dataBytes, "tensors do not cover the data");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint32_t dataBytes;
  if (size < sizeof(dataBytes))
    return -1;
  std::memcpy(&dataBytes, data, sizeof(dataBytes));
  std::string_view text(reinterpret_cast<const char *>(data) + 4, size - 4);
  Expected<SafetensorsHeader> header = SafetensorsHeader::parse(text, dataBytes);
  if (!header) {
    fuzzRequire(!header.error().message().empty(), "an error has no message");
    return 0;
  }
  checkCover(*header, dataBytes);
  std::string again = safetensorsHeaderText(header->tensors, header->metadata);
  Expected<SafetensorsHeader> second = SafetensorsHeader::parse(again, dataBytes);
  fuzzRequire(bool(second), "a header that was written again does not parse");
  fuzzRequire(second->tensors.size() == header->tensors.size() &&
                  second->metadata == header->metadata,
              "a header that was written again differs");
  return 0;
}
