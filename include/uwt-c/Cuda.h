/*===- Cuda.h - Products on a GPU ---------------------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* y = x Wᵀ with compressed weights, by kernels of a pack (docs/packs.md), on the caller's streams
|* and in the caller's memory: no function allocates device memory. The driver is found when a
|* device is asked for: programs run on machines without one. Streams are CUstream, device memory is
|* CUdeviceptr; both belong to the device's primary context.
|*
|* Objects hold what they were made from: they may be destroyed in any order. All functions may be
|* called from several threads.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_CUDA_H
#define UWT_C_CUDA_H

#include "uwt-c/Container.h"
#include "uwt-c/Core.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Number of GPUs that this process may use. UWT_ERROR_UNSUPPORTED where there is no driver or no
    GPU. */
UWT_C_API UWTError *uwtCudaDeviceCount(unsigned *count);

/** A GPU. */
typedef struct UWTCudaDevice UWTCudaDevice;
UWT_C_API UWTError *uwtCudaDeviceOpen(unsigned number, UWTCudaDevice **device);
/** "NVIDIA H200", and "sm_90": what code has to be made for. */
UWT_C_API const char *uwtCudaDeviceName(const UWTCudaDevice *device);
UWT_C_API const char *uwtCudaDeviceTarget(const UWTCudaDevice *device);
UWT_C_API void uwtCudaDeviceDestroy(UWTCudaDevice *device);

/** Kernels of a file on a device. A pack is code: open only those of whom you trust. */
typedef struct UWTCudaPack UWTCudaPack;
UWT_C_API UWTError *uwtCudaPackOpen(const UWTCudaDevice *device, const char *path,
                                    UWTCudaPack **pack);
UWT_C_API void uwtCudaPackDestroy(UWTCudaPack *pack);

/*===-----------------------------------------------------------------------------------------===*\
|* Weights
|*
|* On a GPU a weight is a *device image*: bytes without pointers in memory of the caller's, which
|* may be allocated, copied, moved, unmapped and shared between processes as the caller likes. The
|* library is told where it is with every call, and neither keeps nor frees it.
\*===-----------------------------------------------------------------------------------------===*/

/** Device images, and scratch memory, begin at multiples of so many bytes. */
#define UWT_CUDA_ALIGNMENT 256

/** Device memory of the caller's. */
typedef struct UWTCudaBuffer {
  uint64_t address, bytes;
} UWTCudaBuffer;

/** What a weight on a GPU is: plain data without pointers, which may be kept beside the device
    image and sent to another process that runs the same version of the library. With the address
    of an image it is a view of a weight. */
typedef struct UWTCudaWeight {
  /** sizeof(UWTCudaWeight), to be set by the caller. */
  size_t size;
  char dtype[16], format[128];
  /** n and k of each matrix, and how many there are. */
  uint64_t rows, columns, matrices;
  /** Of the image. */
  uint64_t bytes;
  /** Where kernels find what they read, in bytes from the begin of the image. */
  struct {
    uint64_t begin, bytes;
  } buffers[9];
} UWTCudaWeight;

/** A device image on the host, to be copied to where it is to be. */
typedef struct UWTCudaImage UWTCudaImage;
/** Of tensor `name` of a container. `format` is the one to run from, in text form; NULL means the
    one in the file, or `raw` for a tensor that is not compressed. */
UWT_C_API UWTError *uwtCudaImageLoad(UWTContext *context, const UWTContainer *container,
                                     const char *name, const char *format, UWTCudaImage **image);
/** Of a dense row-major tensor of dtype `dtype` ("BF16"), whose last two dimensions are the matrix
    [n, k]. */
UWT_C_API UWTError *uwtCudaImageEncode(UWTContext *context, const char *dtype, size_t rank,
                                       const uint64_t *shape, const void *data, uint64_t bytes,
                                       const char *format, UWTCudaImage **image);
/** Of codes of quantised weights, one below the other, as for uwtWeightEncodeCodes, but in the
    format that they have (UWTCudaWeight says which), where one weight can have it: kernels are
    compiled for what it is. Whether there are kernels for a format, a pack says.
    Where codes have `order=k`, the image has the columns of each matrix cell by cell, and products
    take x so: `columnOrder` gets the number of each, and has room for those of all matrices; of
    other codes they are 0, 1, … With NULL such codes are an error of kind
    UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaImageEncodeCodes(UWTContext *context, const UWTCodes *const *codes,
                                            size_t count, const char *dtype, size_t rank,
                                            const uint64_t *shape, uint32_t *columnOrder,
                                            UWTCudaImage **image);
/** Of the codes of quantised weights that an image in the caller's memory holds
    (uwtWeightEncodeCodes), in the format that they have there. `columnOrder` is as for
    uwtCudaImageEncodeCodes. Other images are decoded instead (uwtWeightDecode); they are an error
   of kind UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaImageOfCodes(const void *weight, uint64_t bytes, uint32_t *columnOrder,
                                        UWTCudaImage **image);
/** What it is the image of. */
UWT_C_API UWTError *uwtCudaImageWeight(const UWTCudaImage *image, UWTCudaWeight *weight);
/** Writes all of the image's bytes to host memory that has exactly as many, for the caller to
    copy. */
UWT_C_API UWTError *uwtCudaImageWrite(const UWTCudaImage *image, void *memory, uint64_t bytes);
/** Copies the image on a stream to device memory that has exactly its bytes. Does not wait: the
    image is to live until the stream has done it. */
UWT_C_API UWTError *uwtCudaImageCopy(const UWTCudaImage *image, const UWTCudaDevice *device,
                                     UWTCudaBuffer memory, void *stream);
UWT_C_API void uwtCudaImageDestroy(UWTCudaImage *image);

/*===-----------------------------------------------------------------------------------------===*\
|* Coding on the device
|*
|* The smallest files are stored as prefix codes, and most products run from other formats. Where a
|* pack has the kernels for it (`uwt compile --emit pack` puts them there where the weights of a
|* module run from another format than the one in their file), the device makes the one image of
|* the other: the host only copies what is stored, and the result has the bytes that
|* uwtCudaImageLoad would have written.
\*===-----------------------------------------------------------------------------------------===*/

/** For one call at a time. */
typedef struct UWTCudaTranscode UWTCudaTranscode;
/** To make `format` of tensor `name` of a container. `source` is its image as it is stored, of
    uwtCudaImageLoad without a format. What only the host makes, for lack of a kernel or since it is
    no matter of kernels (another fold, tensors that are not compressed, columns beyond k that would
    be infinite), is an error: load it with uwtCudaImageLoad. */
UWT_C_API UWTError *uwtCudaTranscodeCreate(UWTContext *context, UWTCudaPack *pack,
                                           const UWTCudaWeight *source,
                                           const UWTContainer *container, const char *name,
                                           const char *format, UWTCudaTranscode **transcode);
/** Bytes of scratch memory, with any contents. */
UWT_C_API uint64_t uwtCudaTranscodeScratch(const UWTCudaTranscode *transcode);
/** Measures the result, and waits for the stream: the image of `source` is at `image`. */
UWT_C_API UWTError *uwtCudaTranscodeCount(UWTCudaTranscode *transcode, uint64_t image,
                                          UWTCudaBuffer scratch, void *stream,
                                          UWTCudaWeight *result);
/** Writes what uwtCudaTranscodeCount has described to device memory of exactly its bytes, and
    waits; source and scratch memory are as they were left. */
UWT_C_API UWTError *uwtCudaTranscodeWrite(UWTCudaTranscode *transcode, UWTCudaBuffer memory,
                                          void *stream);
UWT_C_API void uwtCudaTranscodeDestroy(UWTCudaTranscode *transcode);

/** Dense row-major matrices in device memory. */
typedef struct UWTCudaDense {
  /** From the first element on; how many bytes there are, at least up to the last element. */
  UWTCudaBuffer memory;
  /** Elements from row to row and from matrix to matrix; 0 where they follow one another. Rows
      begin at multiples of 16 bytes where k is a multiple of 8, else of 2. */
  uint64_t rowStride, matrixStride;
} UWTCudaDense;

/** Dense matrices to an image. For one call at a time. */
typedef struct UWTCudaEncode UWTCudaEncode;
/** To make `format` of `matrices` matrices [rows, columns] of dtype `dtype` ("BF16"). A pack
    without the kernels (`uwt compile --emit pack --weight-kernels encode`), and what only the host
    makes, are errors: uwtCudaImageEncode makes the same image. */
UWT_C_API UWTError *uwtCudaEncodeCreate(UWTCudaPack *pack, const char *dtype, uint64_t rows,
                                        uint64_t columns, uint64_t matrices, const char *format,
                                        UWTCudaEncode **encode);
/** Bytes of scratch memory, with any contents: two for each 1,024 elements, and a few KB. */
UWT_C_API uint64_t uwtCudaEncodeScratch(const UWTCudaEncode *encode);
/** Counts what the matrices hold, and describes the result; waits for the stream. */
UWT_C_API UWTError *uwtCudaEncodeCount(UWTCudaEncode *encode, const UWTCudaDense *source,
                                       UWTCudaBuffer scratch, void *stream, UWTCudaWeight *result);
/** Writes what uwtCudaEncodeCount has described to device memory of exactly its bytes, and waits;
    matrices and scratch memory are as they were left. */
UWT_C_API UWTError *uwtCudaEncodeWrite(UWTCudaEncode *encode, UWTCudaBuffer memory, void *stream);
UWT_C_API void uwtCudaEncodeDestroy(UWTCudaEncode *encode);

/*===-----------------------------------------------------------------------------------------===*\
|* Products
|*
|* What takes time is done when kernels are made. Functions that launch neither allocate device
|* memory nor wait for the device: they may be captured in a CUDA graph, which holds the addresses
|* that they were given.
\*===-----------------------------------------------------------------------------------------===*/

/** Kernels of a pack for products with a weight, one for each range of m, with their code loaded.
    They know what the weight is, not where. */
typedef struct UWTCudaKernels UWTCudaKernels;
/** For each m from 1 to `maxM`. An m that the pack has no kernel for is an error of kind
    UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaKernelsCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                         uint32_t maxM, UWTCudaKernels **kernels);
/** The name of the kernel that multiplies m rows; NULL where there is none. */
UWT_C_API const char *uwtCudaKernelsName(const UWTCudaKernels *kernels, uint32_t m);
/** Scratch memory with which all products of up to m rows can be launched: workspace with any
    contents, and counters that are zero before the first launch; launches leave them zero. Launches
    on one stream may share both; on two streams each needs its own. */
UWT_C_API UWTError *uwtCudaKernelsScratch(const UWTCudaKernels *kernels, uint32_t m,
                                          uint64_t *workspaceBytes, uint64_t *counterBytes);
UWT_C_API void uwtCudaKernelsDestroy(UWTCudaKernels *kernels);

typedef struct UWTCudaLinear {
  /** Set by uwtCudaLinearInit. */
  size_t size;
  /** Address of the device image, and which matrix of the weight. */
  uint64_t weight, matrix;
  /** What the caller takes the matrix to be: another size is an error. */
  uint64_t n, k;
  /** Rows of x and of y. */
  uint32_t m;
  /** Addresses of x [m, k] and y [m, n]. */
  uint64_t x, y;
  /** Elements from row to row; 0 for rows without a gap. */
  uint64_t xStride, yStride;
  UWTCudaBuffer workspace, counters;
  /** Operands of the epilogue, in its order: a bias, where the kernels were made with one. */
  const UWTCudaBuffer *extras;
  size_t extraCount;
} UWTCudaLinear;
/** Sets `size` bytes, sizeof(*linear), to zero but the size. */
UWT_C_API void uwtCudaLinearInit(UWTCudaLinear *linear, size_t size);

/** y = x · wᵀ, and the epilogue that the kernels were made with, by the kernel that the pack has
    for m, on a stream of the pack's device. An m of 0 does nothing. Memory that is null, not
    aligned or too small is an error, and nothing is launched then. */
UWT_C_API UWTError *uwtCudaLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear,
                                  void *stream);

/** A layer of experts: rows offsets[i] to offsets[i + 1] - 1 of x and y by matrix i, for each of
    the weight's matrices; others are not written. `count` is the number of offsets, one more than
    that of matrices; they are in host memory and do not fall, and m is at least the last one. The
    launches, one for each expert that has rows, follow each other on the stream; with a pack for it
    uwtCudaGroupedProduct needs one, and no offsets on the host. `matrix` is not
    looked at, and there are no operands of an epilogue. All is checked before anything is
    launched. */
UWT_C_API UWTError *uwtCudaGroupedLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear,
                                         const uint64_t *offsets, size_t count, void *stream);

/** Kernels of a pack for grouped products with the matrices of a weight: x comes in slices of so
    many rows, and a table in device memory says which matrix multiplies each. Nobody on the host
    has to know, so one launch, which a CUDA graph may hold, serves a layer of experts whatever
    experts are chosen. */
typedef struct UWTCudaGroupedKernels UWTCudaGroupedKernels;
/** A pack without such kernels (`uwt compile --emit pack --grouped` writes them, for formats of a
    fixed rate) is an error of kind UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaGroupedKernelsCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                                UWTCudaGroupedKernels **kernels);
/** Rows of a slice, where a matrix has about `rows` rows of x: of the smallest slices that hold
    them, else of the largest. 0 where kernels is NULL. */
UWT_C_API uint32_t uwtCudaGroupedKernelsSlice(const UWTCudaGroupedKernels *kernels, uint32_t rows);
/** Scratch memory of a product of up to `slices` slices of `slice` rows, as
    uwtCudaKernelsScratch. */
UWT_C_API UWTError *uwtCudaGroupedKernelsScratch(const UWTCudaGroupedKernels *kernels,
                                                 uint32_t slice, uint32_t slices,
                                                 uint64_t *workspaceBytes, uint64_t *counterBytes);
UWT_C_API void uwtCudaGroupedKernelsDestroy(UWTCudaGroupedKernels *kernels);

typedef struct UWTCudaGroupedProduct {
  /** Set by uwtCudaGroupedProductInit. */
  size_t size;
  /** Address of the device image, and what the caller takes its matrices to be. */
  uint64_t weight, n, k;
  /** Rows of a slice, of uwtCudaGroupedKernelsSlice, and the slices that there can be. */
  uint32_t slice, slices;
  /** 1 + slices i32: how many slices there are, and the matrix of each of them. Slices for which
      there is no room are none, and a matrix that the weight does not have is its last one. */
  UWTCudaBuffer table;
  /** Addresses of x [slices * slice, k] and y [slices * slice, n]; slice i has `slice` rows of
      both. Where fewer rows are wanted, the others hold anything. */
  uint64_t x, y;
  /** Elements from row to row; 0 for rows without a gap. */
  uint64_t xStride, yStride;
  UWTCudaBuffer workspace, counters;
} UWTCudaGroupedProduct;
/** Sets `size` bytes, sizeof(*product), to zero but the size. */
UWT_C_API void uwtCudaGroupedProductInit(UWTCudaGroupedProduct *product, size_t size);

/** Each slice of x by its matrix; rows of slices that there are not are not written. `slices` of 0
    do nothing. All but the table's contents is checked before anything is launched. */
UWT_C_API UWTError *uwtCudaGroupedProduct(const UWTCudaGroupedKernels *kernels,
                                          const UWTCudaGroupedProduct *product, void *stream);

/** Layers one after another, where kernels that decode a weight before they multiply (strategies
    buffer and exponents) do so on a second stream, beside the product of the layer before. */
typedef struct UWTCudaLayerQueue UWTCudaLayerQueue;
UWT_C_API UWTError *uwtCudaLayerQueueCreate(const UWTCudaDevice *device, UWTCudaLayerQueue **queue);
UWT_C_API void uwtCudaLayerQueueDestroy(UWTCudaLayerQueue *queue);

typedef struct UWTCudaLayer {
  const UWTCudaKernels *kernels;
  /** As for uwtCudaLinear. Layers beside each other need workspaces that do not overlap, so give
      two in turn; with one, nothing is decoded ahead. */
  UWTCudaLinear linear;
} UWTCudaLayer;
/** The same as uwtCudaLinear of each layer in turn; one call at a time on a queue. `decodeCtas`
    limits the CTAs that decode at a time; 0 for as many as fit. All operands are checked before
    anything is launched. */
UWT_C_API UWTError *uwtCudaLaunchLayers(const UWTCudaLayerQueue *queue, const UWTCudaLayer *layers,
                                        size_t count, void *stream, uint32_t decodeCtas);

/*===-----------------------------------------------------------------------------------------===*\
|* Rows
|*
|* Elements of a weight as dense rows, by kernels that `uwt compile --emit pack --weight-kernels
|* decode,gather` puts into a pack; those that gather also where the module does. These functions
|* neither allocate device memory nor wait.
\*===-----------------------------------------------------------------------------------------===*/

/** The kernel of a pack that decodes a weight. */
typedef struct UWTCudaDecoder UWTCudaDecoder;
/** A pack without that kernel is an error of kind UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaDecoderCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                         UWTCudaDecoder **decoder);
/** Decodes matrix `matrix` of the weight whose image is at `image` to the one matrix of `rows`,
    [n, k]; what lies between its rows stays as it is. */
UWT_C_API UWTError *uwtCudaDecode(const UWTCudaDecoder *decoder, uint64_t image, uint64_t matrix,
                                  const UWTCudaDense *rows, void *stream);
UWT_C_API void uwtCudaDecoderDestroy(UWTCudaDecoder *decoder);

/** The kernel of a pack that gathers rows of a weight. */
typedef struct UWTCudaGatherer UWTCudaGatherer;
/** Of weights in formats of a fixed rate, like raw and inplace<12>; others, and a pack without that
    kernel, are errors of kind UWT_ERROR_UNSUPPORTED. */
UWT_C_API UWTError *uwtCudaGathererCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                          UWTCudaGatherer **gatherer);
UWT_C_API void uwtCudaGathererDestroy(UWTCudaGatherer *gatherer);

typedef struct UWTCudaGather {
  /** Set by uwtCudaGatherInit. */
  size_t size;
  /** Address of the device image, and which matrix of the weight. */
  uint64_t weight, matrix;
  /** What the caller takes the matrix to be: another size is an error. */
  uint64_t n, k;
  /** `count` ids, signed integers of `idBytes` bytes: 4 or 8. */
  UWTCudaBuffer ids;
  uint32_t idBytes;
  uint64_t count;
  /** One matrix [count, k]. */
  UWTCudaDense rows;
  /** Address of a u32 that gets its lowest bit set where an id is no row's, or 0. It is never
      cleared here. */
  uint64_t outside;
} UWTCudaGather;
/** Sets `size` bytes, sizeof(*gather), to zero but the size. */
UWT_C_API void uwtCudaGatherInit(UWTCudaGather *gather, size_t size);
/** Rows ids[0 … count - 1] of a matrix to those of `rows`. An id below 0 or from n on gives a row
    of zeros, so that devices which share a vocabulary can add up theirs. A count of 0 does nothing.
    Memory that is null, not aligned or too small is an error, and nothing is launched then. */
UWT_C_API UWTError *uwtCudaGather(const UWTCudaGatherer *gatherer, const UWTCudaGather *gather,
                                  void *stream);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CUDA_H */
