/*===- Container.h - Compressed weights in files ------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Reading containers, plain safetensors files, and folders of either.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_CONTAINER_H
#define UWT_C_CONTAINER_H

#include "uwt-c/Core.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Open weight files. Immutable: any thread may use it. */
typedef struct UWTContainer UWTContainer;
UWT_C_API UWTError *uwtContainerOpen(const char *path, UWTContainer **container);
UWT_C_API void uwtContainerDestroy(UWTContainer *container);

typedef struct UWTTensorInfo {
  const char *name, *dtype;
  size_t rank;
  const uint64_t *shape;
  /** Bytes of the tensor, and bytes that are stored for it. */
  uint64_t bytes, storedBytes;
  /** Text form of its format, or NULL for tensors that are stored as they were. */
  const char *format;
} UWTTensorInfo;

/** Bytes of the original files, which decompressing gives back. A small file that means harm may
    stand for any number: compare this with what you have before you decompress or allocate. */
UWT_C_API uint64_t uwtContainerOriginalBytes(const UWTContainer *container);

/** Number of tensors. */
UWT_C_API size_t uwtContainerSize(const UWTContainer *container);
/** Tensor `index`, below uwtContainerSize. */
UWT_C_API UWTError *uwtContainerTensor(const UWTContainer *container, size_t index,
                                       UWTTensorInfo *info);
/** The bytes of a tensor, decoded, into `buffer`, which has exactly its `bytes`. */
UWT_C_API UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container,
                                     const char *name, void *buffer, uint64_t bytes);

typedef struct UWTDecompressOptions {
  /** Size of this struct: later versions have more members. Set by uwtDecompressOptionsInit. */
  size_t size;
  /** What would become more than this in all is refused before anything is written; 0 for no
      limit. */
  uint64_t maxBytes;
  /** Not 0: existing files are replaced. */
  int overwrite;
} UWTDecompressOptions;
/** Sets the defaults. */
UWT_C_API void uwtDecompressOptionsInit(UWTDecompressOptions *options);

/** Gives back the original of the compressed file or folder `input`, byte for byte, at `output`;
    checksums are verified before anything is written. `options` may be NULL. */
UWT_C_API UWTError *uwtDecompress(UWTContext *context, const char *input, const char *output,
                                  const UWTDecompressOptions *options);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CONTAINER_H */
