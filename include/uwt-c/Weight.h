/*===- Weight.h - Weights in the caller's memory ------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Weights that products run from, as bytes without pointers that their owner may copy, move and
|* keep where it wants: *images*. An image begins at a multiple of 64 bytes. It is made by the
|* version of the library that reads it: to keep weights in files there are containers.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_WEIGHT_H
#define UWT_C_WEIGHT_H

#include "uwt-c/Container.h"

#ifdef __cplusplus
extern "C" {
#endif

/*===-----------------------------------------------------------------------------------------===*\
|* Making images
\*===-----------------------------------------------------------------------------------------===*/

/** A weight that is encoded, and has no place yet. */
typedef struct UWTEncodedWeight UWTEncodedWeight;
/** Encodes a dense row-major tensor of dtype `dtype` ("BF16") and 2 to 4 dimensions, of which the
    last two are the matrix [n, k]. `format` is one with units of a fixed size; another one's error
    names one that has. */
UWT_C_API UWTError *uwtWeightEncode(UWTContext *context, const char *dtype, size_t rank,
                                    const uint64_t *shape, const void *data, uint64_t bytes,
                                    const char *format, UWTEncodedWeight **encoded);
/** The same of a tensor of a container, in whichever format that is stored. */
UWT_C_API UWTError *uwtWeightLoad(UWTContext *context, const UWTContainer *container,
                                  const char *name, const char *format, UWTEncodedWeight **encoded);
/** Bytes of its image. */
UWT_C_API uint64_t uwtEncodedWeightBytes(const UWTEncodedWeight *encoded);
/** Writes the image to `image`, which has exactly its bytes. */
UWT_C_API UWTError *uwtEncodedWeightWrite(const UWTEncodedWeight *encoded, void *image,
                                          uint64_t bytes);
UWT_C_API void uwtEncodedWeightDestroy(UWTEncodedWeight *encoded);

/*===-----------------------------------------------------------------------------------------===*\
|* Using images
|*
|* `bytes` is the size of the memory, which an image may be shorter than. Functions trust what a
|* function of this library has written; what came another way is checked once by uwtWeightCheck.
\*===-----------------------------------------------------------------------------------------===*/

/** Finds damage, and what somebody else has put there: without it, a bad image makes products read
    anywhere. Takes about as long as copying the image. */
UWT_C_API UWTError *uwtWeightCheck(UWTContext *context, const void *image, uint64_t bytes);

typedef struct UWTWeightInfo {
  /** To be set by the caller. */
  size_t size;
  /** These live as long as the image. */
  const char *dtype, *format;
  size_t rank;
  const uint64_t *shape;
  /** Bytes of the dense tensor, and of the image. */
  uint64_t tensorBytes, imageBytes;
} UWTWeightInfo;
UWT_C_API UWTError *uwtWeightInfo(const void *image, uint64_t bytes, UWTWeightInfo *info);

/** The elements of a part, dense and row-major, into `buffer`, which has exactly its bytes. A NULL
    part is the whole tensor; of a tensor of more than three dimensions, `expert` counts matrices.
    Parts by rank are refused. */
UWT_C_API UWTError *uwtWeightDecode(UWTContext *context, const void *image, uint64_t bytes,
                                    const UWTTensorPart *part, void *buffer, uint64_t bufferBytes);

/** Rows `ids[0 … count - 1]` of the matrix [n, k] to rows of `y`, `yStride` elements apart: an
    embedding. Another k than the weight's is an error. An id that is no row is an error of kind
    UWT_ERROR_INVALID; y then has any contents. */
UWT_C_API UWTError *uwtWeightGather(UWTContext *context, const void *image, uint64_t bytes,
                                    const int64_t *ids, uint64_t count, uint64_t k, void *y,
                                    uint64_t yStride);

typedef struct UWTLinear {
  size_t size;
  /** Of a tensor of several matrices, which one. */
  uint64_t matrix;
  /** What the caller takes the matrix to be: another size is an error. */
  uint64_t n, k;
  /** Rows of x and of y. */
  uint64_t m;
  /** [m, k] and [m, n], of the weight's dtype; elements from row to row, at least k and n. They do
      not overlap. */
  const void *x;
  uint64_t xStride;
  void *y;
  uint64_t yStride;
  /** [n] elements that are added before the sum is rounded, or NULL. */
  const void *bias;
} UWTLinear;
/** Sets all to zero but the size. */
UWT_C_API void uwtLinearInit(UWTLinear *linear);

/** y = x · wᵀ + bias, summed in f32 and rounded once, by code that is compiled ahead of time: the
    same bits for every format, m and number of threads (docs/numerics.md). What no kernel serves is
    an error of kind UWT_ERROR_UNSUPPORTED, which lists the dtypes and formats that there are
    kernels for. */
UWT_C_API UWTError *uwtLinear(UWTContext *context, const void *image, uint64_t bytes,
                              const UWTLinear *linear);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_WEIGHT_H */
