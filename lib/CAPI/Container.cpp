//===- Container.cpp - Reading weight files in the C API ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Container.h"
#include "Objects.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

using namespace uwt;

void uwtOpenOptionsInit(UWTOpenOptions *options, size_t size) {
  setDefaults(options, size, UWTOpenOptions{});
}

Expected<std::shared_ptr<const BaseModel>> uwt::openBase(const char *path) {
  if (!path)
    return std::shared_ptr<const BaseModel>();
  return BaseModel::open(path);
}

static Expected<std::unique_ptr<UWTContainer>> openContainer(const char *path,
                                                             const UWTOpenOptions &options) {
  ReadOptions reading;
  reading.check = !options.noCheck;
  UWT_ASSIGN_OR_RETURN(reading.base, openBase(options.base));
  UWT_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(path, reading));
  auto opened = std::make_unique<UWTContainer>(path, std::move(checkpoint));
  for (const ModelTensor &tensor : opened->checkpoint.tensors()) {
    opened->entries.push_back(tensor.entry);
    opened->formats.push_back(tensor.entry->format ? tensor.entry->format->str() : std::string());
  }
  for (const Container &file : opened->checkpoint.files()) {
    opened->metadata.insert(opened->metadata.end(), file.metadata().begin(), file.metadata().end());
  }
  return opened;
}

UWTError *uwtContainerOpen(const char *path, const UWTOpenOptions *options,
                           UWTContainer **container) {
  return runFunction({{path, "path"}, {container, "container"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(
        UWTOpenOptions taken,
        takeOptions(options, uwtOpenOptionsInit, sizeof(UWTOpenOptions), "uwtOpenOptionsInit"));
    UWT_ASSIGN_OR_RETURN(auto opened, openContainer(path, taken));
    *container = opened.release();
    return ok();
  });
}
void uwtContainerDestroy(UWTContainer *container) { delete container; }

uint64_t uwtContainerOriginalBytes(const UWTContainer *container) {
  return container ? container->checkpoint.originalBytes() : 0;
}

uint64_t uwtContainerFileBytes(const UWTContainer *container) {
  uint64_t bytes = 0;
  if (container)
    for (const Container &file : container->checkpoint.files())
      bytes += file.fileBytes();
  return bytes;
}

size_t uwtContainerSize(const UWTContainer *container) {
  return container ? container->entries.size() : 0;
}

Status uwt::checkIndex(size_t index, size_t size, const char *what) {
  if (index < size)
    return ok();
  return usageError("there are " + std::to_string(size) + " " + what + ", got index " +
                    std::to_string(index));
}

static UWTTensorInfo infoOf(const UWTContainer &container, size_t index) {
  const TensorEntry &entry = *container.entries[index];
  return {entry.name.c_str(),
          entry.dtype->cName(),
          entry.shape.size(),
          entry.shape.data(),
          entry.bytes,
          entry.storedBytes,
          entry.format ? container.formats[index].c_str() : nullptr};
}

UWTError *uwtContainerTensor(const UWTContainer *container, size_t index, UWTTensorInfo *info) {
  return runFunction({{container, "container"}, {info, "info"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkIndex(index, container->entries.size(), "tensors"));
    *info = infoOf(*container, index);
    return ok();
  });
}

UWTError *uwtContainerTensorFile(const UWTContainer *container, size_t index, const char **path) {
  return runFunction({{container, "container"}, {path, "path"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkIndex(index, container->entries.size(), "tensors"));
    *path = container->checkpoint.tensors()[index].file->path().c_str();
    return ok();
  });
}

UWTError *uwtContainerFind(const UWTContainer *container, const char *name, UWTTensorInfo *info) {
  return runFunction({{container, "container"}, {name, "name"}, {info, "info"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const auto found, container->checkpoint.find(name));
    auto at = std::ranges::find(container->entries, found.second);
    *info = infoOf(*container, static_cast<size_t>(at - container->entries.begin()));
    return ok();
  });
}

size_t uwtContainerMetadataSize(const UWTContainer *container) {
  return container ? container->metadata.size() : 0;
}

UWTError *uwtContainerMetadata(const UWTContainer *container, size_t index, const char **key,
                               const char **value) {
  return runFunction({{container, "container"}, {key, "key"}, {value, "value"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkIndex(index, container->metadata.size(), "entries of metadata"));
    const auto &[name, text] = container->metadata[index];
    // Names never hold one (st-4).
    if (text.find('\0') != std::string::npos)
      return invalidError(container->path + ": __metadata__ entry " + inQuotes(name) +
                          " holds a NUL character, at which C programs cut it");
    *key = name.c_str();
    *value = text.c_str();
    return ok();
  });
}

Expected<std::pair<TensorReader, const TensorEntry *>> uwt::readerOf(const UWTContainer &container,
                                                                     const char *name) {
  UWT_ASSIGN_OR_RETURN(const auto found, container.checkpoint.find(name));
  UWT_ASSIGN_OR_RETURN(TensorReader reader, found.first->reader(*found.second));
  return std::pair(std::move(reader), found.second);
}

static Expected<std::span<uint8_t>> bufferOf(void *buffer, uint64_t bytes) {
  if (bytes != 0 && !buffer)
    return usageError("buffer is NULL");
  return std::span(static_cast<uint8_t *>(buffer), bytes);
}

UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container, const char *name,
                           void *buffer, uint64_t bytes) {
  return runFunction(
      {{context, "context"}, {container, "container"}, {name, "name"}}, [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(const auto found, readerOf(*container, name));
        const auto &[reader, entry] = found;
        if (entry->bytes != bytes)
          return usageError("tensor '" + entry->name + "' has " + std::to_string(entry->bytes) +
                            " bytes, got a buffer of " + std::to_string(bytes));
        UWT_ASSIGN_OR_RETURN(std::span<uint8_t> out, bufferOf(buffer, bytes));
        return reader.read(out, context->pool());
      });
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

void uwtTensorPartInit(UWTTensorPart *part, size_t size) {
  setDefaults(part, size, UWTTensorPart{0, -1, 0, UWT_PART_END, 0, UWT_PART_END, 0, 0, 0});
}

/// A range that is not the whole dimension.
static std::optional<IndexRange> rangeOf(uint64_t begin, uint64_t end, uint64_t size) {
  if (begin == 0 && end == UWT_PART_END)
    return std::nullopt;
  return IndexRange{begin, end == UWT_PART_END ? std::max(begin, size) : end};
}

Expected<TensorSlice> uwt::sliceOf(const UWTTensorPart *given, const std::vector<uint64_t> &shape) {
  UWT_ASSIGN_OR_RETURN(UWTTensorPart part, takeOptions(given, uwtTensorPartInit,
                                                       sizeof(UWTTensorPart), "uwtTensorPartInit"));
  uint64_t columns = shape.size() > 1 ? shape.back() : 0;
  uint64_t rows = shape.size() > 1 ? shape[shape.size() - 2] : shape.empty() ? 0 : shape[0];
  TensorSlice slice;
  if (part.expert >= 0)
    slice.expert = static_cast<uint64_t>(part.expert);
  slice.rows = rangeOf(part.rowBegin, part.rowEnd, rows);
  slice.columns = rangeOf(part.columnBegin, part.columnEnd, columns);
  if (part.rankCount != 0)
    slice.rank = TensorSlice::Rank{part.rank, part.rankCount, part.rankAlongColumns != 0};
  return slice;
}

UWTError *uwtContainerPartShape(const UWTContainer *container, const char *name,
                                const UWTTensorPart *part, size_t *rank, uint64_t *shape,
                                uint64_t *bytes) {
  return runFunction({{container, "container"},
                      {name, "name"},
                      {rank, "rank"},
                      {shape, "shape"},
                      {bytes, "bytes"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(const auto found, readerOf(*container, name));
                       const auto &[reader, entry] = found;
                       UWT_ASSIGN_OR_RETURN(TensorSlice slice, sliceOf(part, entry->shape));
                       UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes, reader.sliceShape(slice));
                       UWT_ASSIGN_OR_RETURN(*bytes, reader.bytesOf(sizes));
                       *rank = sizes.size();
                       std::ranges::copy(sizes, shape);
                       return ok();
                     });
}

UWTError *uwtContainerReadPart(UWTContext *context, const UWTContainer *container, const char *name,
                               const UWTTensorPart *part, void *buffer, uint64_t bytes) {
  return runFunction({{context, "context"}, {container, "container"}, {name, "name"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(const auto found, readerOf(*container, name));
                       const auto &[reader, entry] = found;
                       UWT_ASSIGN_OR_RETURN(TensorSlice slice, sliceOf(part, entry->shape));
                       UWT_ASSIGN_OR_RETURN(std::span<uint8_t> out, bufferOf(buffer, bytes));
                       return reader.readSlice(slice, out, context->pool());
                     });
}
