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

/** Number of tensors. */
UWT_C_API size_t uwtContainerSize(const UWTContainer *container);
/** Tensor `index`, below uwtContainerSize. */
UWT_C_API UWTError *uwtContainerTensor(const UWTContainer *container, size_t index,
                                       UWTTensorInfo *info);
/** The bytes of a tensor, decoded, into `buffer`, which has exactly its `bytes`. */
UWT_C_API UWTError *uwtContainerRead(UWTContext *context, const UWTContainer *container,
                                     const char *name, void *buffer, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CONTAINER_H */
