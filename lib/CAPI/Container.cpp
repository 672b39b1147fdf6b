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
  return runFunction({{path, "path"}, {container, "container"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(path));
    auto opened = std::make_unique<UWTContainer>(UWTContainer{std::move(checkpoint), {}, {}});
    for (const Container &file : opened->checkpoint.files())
      for (const TensorEntry &entry : file.entries()) {
        opened->entries.push_back(&entry);
        opened->formats.push_back(entry.format ? entry.format->str() : std::string());
      }
    *container = opened.release();
    return ok();
  });
}
void uwtContainerDestroy(UWTContainer *container) { delete container; }

uint64_t uwtContainerOriginalBytes(const UWTContainer *container) {
  return container ? container->checkpoint.originalBytes() : 0;
}

size_t uwtContainerSize(const UWTContainer *container) {
  return container ? container->entries.size() : 0;
}

UWTError *uwtContainerTensor(const UWTContainer *container, size_t index, UWTTensorInfo *info) {
  return runFunction({{container, "container"}, {info, "info"}}, [&]() -> Status {
    if (index >= container->entries.size())
      return usageError("there are " + std::to_string(container->entries.size()) +
                        " tensors, got index " + std::to_string(index));
    const TensorEntry &entry = *container->entries[index];
    *info = {entry.name.c_str(),
             toC(*entry.dtype),
             entry.shape.size(),
             entry.shape.data(),
             entry.bytes,
             entry.storedBytes,
             entry.format ? container->formats[index].c_str() : nullptr};
    return ok();
  });
}

static Status readTensor(UWTContext &context, const UWTContainer &container, const char *name,
                         void *buffer, uint64_t bytes) {
  UWT_ASSIGN_OR_RETURN(const auto found, container.checkpoint.find(name));
  const auto &[file, entry] = found;
  if (entry->bytes != bytes)
    return usageError("tensor '" + entry->name + "' has " + std::to_string(entry->bytes) +
                      " bytes, got a buffer of " + std::to_string(bytes));
  if (bytes != 0 && !buffer)
    return usageError("buffer is NULL");
  UWT_ASSIGN_OR_RETURN(TensorReader reader, file->reader(*entry));
  return reader.read({static_cast<uint8_t *>(buffer), bytes}, context.pool);
}

UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container, const char *name,
                           void *buffer, uint64_t bytes) {
  return runFunction({{context, "context"}, {container, "container"}, {name, "name"}},
                     [&] { return readTensor(*context, *container, name, buffer, bytes); });
}

void uwtDecompressOptionsInit(UWTDecompressOptions *options) {
  if (options)
    *options = {sizeof(UWTDecompressOptions), 0, 0};
}

UWTError *uwtDecompress(UWTContext *context, const char *input, const char *output,
                        const UWTDecompressOptions *options) {
  return runFunction({{context, "context"}, {input, "input"}, {output, "output"}}, [&]() -> Status {
    if (options && options->size < sizeof(UWTDecompressOptions))
      return usageError("the options have size " + std::to_string(options->size) +
                        ": set them with uwtDecompressOptionsInit");
    DecompressOptions decompressing;
    decompressing.threads = context->pool.size();
    if (options && options->maxBytes)
      decompressing.maxBytes = options->maxBytes;
    decompressing.overwrite = options && options->overwrite;
    UWT_RETURN_IF_ERROR(decompress(input, output, decompressing));
    return ok();
  });
}
