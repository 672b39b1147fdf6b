/*===- Cuda.h - Products on a GPU ---------------------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* y = x Wᵀ with compressed weights, by kernels of a pack (docs/packs.md), on the caller's
|* streams and memory. The driver is found when a device is asked for: programs run on machines
|* without one. Streams are CUstream, device memory is CUdeviceptr; both belong to the device's
|* primary context.
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

/** A weight in device memory. */
typedef struct UWTCudaWeight UWTCudaWeight;
/** Uploads tensor `name` of a container and waits until it is done. `format` is the one to run
    from, in text form; NULL means the one in the file, or `raw` for a tensor that is not
    compressed. */
UWT_C_API UWTError *uwtCudaWeightUpload(UWTContext *context, const UWTCudaDevice *device,
                                        const UWTContainer *container, const char *name,
                                        const char *format, UWTCudaWeight **weight);
/** The same for a compressed tensor, but the pack's device makes `format` of what is stored, by
    kernels that the pack has for it; the host only copies. `uwt compile --emit pack` puts them
    there where the weights of a module run from another format than the one in their file. */
UWT_C_API UWTError *uwtCudaWeightLoad(UWTContext *context, const UWTCudaPack *pack,
                                      const UWTContainer *container, const char *name,
                                      const char *format, UWTCudaWeight **weight);
/** n and k of each matrix, how many there are, and bytes of device memory. */
UWT_C_API uint64_t uwtCudaWeightRows(const UWTCudaWeight *weight);
UWT_C_API uint64_t uwtCudaWeightColumns(const UWTCudaWeight *weight);
UWT_C_API uint64_t uwtCudaWeightMatrices(const UWTCudaWeight *weight);
UWT_C_API uint64_t uwtCudaWeightBytes(const UWTCudaWeight *weight);
UWT_C_API void uwtCudaWeightDestroy(UWTCudaWeight *weight);

/** A kernel of a pack, ready to multiply with one matrix of a weight. */
typedef struct UWTCudaLauncher UWTCudaLauncher;
/** Takes the kernel for m = `batch`; it serves each m from uwtCudaLauncherBatchFrom to
    uwtCudaLauncherBatchTo. Loads its code where no launcher of the pack has. */
UWT_C_API UWTError *uwtCudaLauncherCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                          uint64_t matrix, uint32_t batch,
                                          UWTCudaLauncher **launcher);
UWT_C_API const char *uwtCudaLauncherKernel(const UWTCudaLauncher *launcher);
UWT_C_API uint32_t uwtCudaLauncherBatchFrom(const UWTCudaLauncher *launcher);
UWT_C_API uint32_t uwtCudaLauncherBatchTo(const UWTCudaLauncher *launcher);
/** Scratch memory for m = `batch`: workspace with any contents, and counters that are zero before
   the first launch; launches leave them zero. Launches on one stream may share both. */
UWT_C_API UWTError *uwtCudaLauncherScratch(const UWTCudaLauncher *launcher, uint32_t batch,
                                           uint64_t *workspaceBytes, uint64_t *counterBytes);
UWT_C_API void uwtCudaLauncherDestroy(UWTCudaLauncher *launcher);

/** Device memory of the caller's. */
typedef struct UWTCudaBuffer {
  uint64_t address, bytes;
} UWTCudaBuffer;

typedef struct UWTCudaOperands {
  /** Set by uwtCudaOperandsInit. */
  size_t size;
  /** Addresses of x [batch, k] and y [batch, n]. */
  uint64_t x, y;
  uint32_t batch;
  /** Elements from row to row; 0 for rows without a gap. */
  uint64_t xStride, yStride;
  UWTCudaBuffer workspace, counters;
  /** Operands of the epilogue, in its order. */
  const UWTCudaBuffer *extras;
  size_t extraCount;
} UWTCudaOperands;
/** A `batch` of 1, and nothing else. */
UWT_C_API void uwtCudaOperandsInit(UWTCudaOperands *operands);

/** Launches on a stream of the weight's device. Neither allocates device memory nor waits: it may
    be captured in a CUDA graph. A `batch` of 0 does nothing. */
UWT_C_API UWTError *uwtCudaLaunch(const UWTCudaLauncher *launcher, const UWTCudaOperands *operands,
                                  void *stream);

/** Layers one after another, where kernels that decode a weight before they multiply (strategies
    buffer and exponents) do so on a second stream, beside the product of the layer before. */
typedef struct UWTCudaLayerQueue UWTCudaLayerQueue;
UWT_C_API UWTError *uwtCudaLayerQueueCreate(const UWTCudaDevice *device, UWTCudaLayerQueue **queue);
UWT_C_API void uwtCudaLayerQueueDestroy(UWTCudaLayerQueue *queue);

typedef struct UWTCudaLayer {
  const UWTCudaLauncher *launcher;
  /** As for uwtCudaLaunch. Layers beside each other need workspaces that do not overlap, so give
      two in turn; with one, nothing is decoded ahead. */
  UWTCudaOperands operands;
} UWTCudaLayer;
/** The same as uwtCudaLaunch of each layer in turn; one call at a time on a queue. `decodeCtas`
    limits the CTAs that decode at a time; 0 for as many as fit. All operands are checked before
    anything is launched. May be captured in a CUDA graph. */
UWT_C_API UWTError *uwtCudaLaunchLayers(const UWTCudaLayerQueue *queue, const UWTCudaLayer *layers,
                                        size_t count, void *stream, uint32_t decodeCtas);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_CUDA_H */
