/*===- CudaApi.h - A C program that multiplies on a GPU -----------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_TEST_UNIT_CUDA_CAPI_CUDAAPI_H
#define UWT_TEST_UNIT_CUDA_CAPI_CUDAAPI_H

#include "uwt-c/Cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a program finds on the way. */
typedef struct CudaApiFacts {
  unsigned devices;
  char name[64], target[16], kernel[64];
  UWTCudaWeight weight;
  uint64_t workspaceBytes, counterBytes;
} CudaApiFacts;

/** From files to launches with a weight in `memory`, destroying objects before what was made from
    them is used last. */
UWTError *multiplyOnGpu(const char *model, const char *pack, uint64_t memory, void *stream,
                        CudaApiFacts *facts);

#ifdef __cplusplus
}
#endif

#endif /* UWT_TEST_UNIT_CUDA_CAPI_CUDAAPI_H */
