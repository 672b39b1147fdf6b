//===- Container.cpp - Weight files in the C API --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Container.h"
#include "Objects.h"
#include <algorithm>

using namespace uwt;

UWTError *uwtContainerOpen(const char *path, UWTContainer **container) {
  auto checkpoint = Checkpoint::open(path);
  if (!checkpoint)
    return toC(checkpoint.takeError());
  auto opened = std::make_unique<UWTContainer>(UWTContainer{std::move(*checkpoint), {}, {}});
  for (const Container &file : opened->checkpoint.files())
    for (const TensorEntry &entry : file.entries()) {
      opened->entries.push_back(&entry);
      opened->formats.push_back(entry.format ? entry.format->str() : std::string());
    }
  *container = opened.release();
  return nullptr;
}
void uwtContainerDestroy(UWTContainer *container) { delete container; }

uint64_t uwtContainerOriginalBytes(const UWTContainer *container) {
  uint64_t total = 0;
  for (const Container &file : container->checkpoint.files())
    total += std::min(file.originalBytes(), UINT64_MAX - total);
  return total;
}

size_t uwtContainerSize(const UWTContainer *container) { return container->entries.size(); }

UWTError *uwtContainerTensor(const UWTContainer *container, size_t index, UWTTensorInfo *info) {
  if (index >= container->entries.size())
    return toC(usageError("there are " + std::to_string(container->entries.size()) +
                          " tensors, got index " + std::to_string(index)));
  const TensorEntry &entry = *container->entries[index];
  *info = {entry.name.c_str(),
           toC(*entry.dtype),
           entry.shape.size(),
           entry.shape.data(),
           entry.bytes,
           entry.storedBytes,
           entry.format ? container->formats[index].c_str() : nullptr};
  return nullptr;
}

UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container, const char *name,
                           void *buffer, uint64_t bytes) {
  auto found = container->checkpoint.find(name);
  if (!found)
    return toC(found.takeError());
  const auto [file, entry] = *found;
  if (entry->bytes != bytes)
    return toC(usageError("tensor '" + entry->name + "' has " + std::to_string(entry->bytes) +
                          " bytes, got a buffer of " + std::to_string(bytes)));
  auto reader = file->reader(*entry);
  if (!reader)
    return toC(reader.takeError());
  if (Status status = reader->read({static_cast<uint8_t *>(buffer), bytes}, context->pool); !status)
    return toC(status.takeError());
  return nullptr;
}

UWTError *uwtDecompress(UWTContext *context, const char *input, const char *output,
                        const UWTDecompressOptions *options) {
  DecompressOptions decompressing;
  decompressing.threads = context->pool.size();
  if (options && options->maxBytes)
    decompressing.maxBytes = options->maxBytes;
  decompressing.overwrite = options && options->overwrite;
  auto report = decompress(input, output, decompressing);
  return report ? nullptr : toC(report.takeError());
}
