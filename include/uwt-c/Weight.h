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

/** Bytes that the image of a tensor takes at most: a little more than the tensor itself. `dtype` is
    a safetensors dtype ("BF16"); of 2 to 4 dimensions the last two are the matrix [n, k], those
    before count matrices. `format` is one with units of a fixed size; another one's error names one
    that has. */
UWT_C_API UWTError *uwtWeightMaxBytes(const char *dtype, size_t rank, const uint64_t *shape,
                                      const char *format, uint64_t *bytes);

/** A dense tensor in memory. */
typedef struct UWTDenseTensor {
  size_t size;
  const char *dtype;
  size_t rank;
  const uint64_t *shape;
  /** Element 0, and how many bytes may be read from there on: at least up to the last element. */
  const void *data;
  uint64_t bytes;
  /** Elements from row to row and from matrix to matrix, as in a slice of a larger tensor; 0 where
      they follow one another. */
  uint64_t rowStride, matrixStride;
} UWTDenseTensor;
/** Sets `size` bytes, sizeof(*tensor), to zero but the size. */
UWT_C_API void uwtDenseTensorInit(UWTDenseTensor *tensor, size_t size);

/** Encodes a tensor into the `bytes` bytes at `image`, which may hold another image: those of
    uwtWeightMaxBytes are always enough, and memory of the size that an equal tensor took is enough
    too. `imageBytes` are then in use, from the begin on; the others may be given back. The format
    is `raw` where padding could be infinities (uwtWeightInfo says). Takes no further memory but for
    threads, and for elements whose symbols have no code. The same bytes for any number of threads.
    An error leaves no image in the memory, or the one that it had, unchanged. */
UWT_C_API UWTError *uwtWeightEncode(UWTContext *context, const UWTDenseTensor *tensor,
                                    const char *format, void *image, uint64_t bytes,
                                    uint64_t *imageBytes);
/** The same of a tensor of a container, in whichever format that is stored: panel by panel, so that
    it is never dense in memory, unless the file has it in another order or as a difference from a
    base model. The image may have codes for other symbols than that of uwtWeightEncode, where
    counts in the file's model stand for those of the elements; the tensor and all products are the
    same. */
UWT_C_API UWTError *uwtWeightLoad(UWTContext *context, const UWTContainer *container,
                                  const char *name, const char *format, void *image, uint64_t bytes,
                                  uint64_t *imageBytes);

/** The format in which the codes of quantised weights become images, of a composition as
    UWTQuantizedInfo and UWTCodes say it: into `format`, which has room for `size` bytes with the
    zero behind. A composition that has none is an error of kind UWT_ERROR_UNSUPPORTED with the
    reason; its values are encoded as any tensor's (uwtContainerReadQuantized). */
UWT_C_API UWTError *uwtWeightFormatOfCodes(const char *composition, char *format, size_t size);
/** The image of codes, as uwtContainerReadCodes reads them, of `count` matrices, or stacks of them,
   one below the other: fused layers, parts of a rank, experts. Its shape, of 2 to 4 dimensions, has
   their rows: one matrix [n, k], or several. It has elements of `dtype`, BF16 or F16 (of f16E6M10U
   scales BF16 alone), that are the values of the codes, bit for bit. Of weights that lie transposed
   it is the image of what they are transposed. Memory and errors are as of uwtWeightEncode;
   uwtWeightMaxBytes takes the format too. Such an image can neither be checked nor read in parts of
   columns. */
UWT_C_API UWTError *uwtWeightEncodeCodes(UWTContext *context, const UWTCodes *const *codes,
                                         size_t count, const char *dtype, size_t rank,
                                         const uint64_t *shape, void *image, uint64_t bytes,
                                         uint64_t *imageBytes);

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
  /** Parts of the image. */
  size_t parts;
  /** Bits of the integers that products round x to, 0 where they are dense
      (uwtWeightSetArithmetic). */
  unsigned integerBits;
} UWTWeightInfo;
UWT_C_API UWTError *uwtWeightInfo(const void *image, uint64_t bytes, UWTWeightInfo *info);

/** A part of an image. */
typedef struct UWTWeightPart {
  /** To be set by the caller. */
  size_t size;
  /** "panels" (where those of 64 rows lie in the planes), "table" (what codes stand for), "counts"
      (escape records of each unit), or the plane of docs/formats.md: "index", "words", "raw",
      "code", "patch", "low". */
  const char *name;
  /** Where it begins in the image, a multiple of 64, and its bytes: 0 where the format has none. */
  uint64_t offset, bytes;
} UWTWeightPart;
/** Part `index`, below the `parts` of uwtWeightInfo. */
UWT_C_API UWTError *uwtWeightPart(const void *image, uint64_t bytes, size_t index,
                                  UWTWeightPart *part);

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
/** Sets `size` bytes, sizeof(*linear), to zero but the size. */
UWT_C_API void uwtLinearInit(UWTLinear *linear, size_t size);

/** Says by what arithmetic uwtLinear multiplies with the image from now on: "dense", which it does
    first, or "integer<8>", with integers that x is rounded to, a scale a row: faster, less
    accurate, with the same bits on every machine (docs/numerics.md). Nothing else of the image
    changes. Integers are for codes that are such: of other weights the error has kind
    UWT_ERROR_USAGE, and of those that no kernel serves, or of which a part is held as floats,
    UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtWeightSetArithmetic(void *image, uint64_t bytes, const char *arithmetic);

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
