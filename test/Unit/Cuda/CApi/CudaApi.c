/*===- CudaApi.c - A C program that multiplies on a GPU -------------------===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "CudaApi.h"
#include <stdio.h>

/** What the program holds; all NULL at first. */
typedef struct Program {
  UWTContext *context;
  UWTContainer *container;
  UWTCudaDevice *device;
  UWTCudaPack *pack;
  UWTCudaImage *image;
  UWTCudaKernels *kernels;
  UWTCudaLayerQueue *queue;
} Program;

#define TRY(call)                                                                                  \
  do {                                                                                             \
    UWTError *failed = call;                                                                       \
    if (failed)                                                                                    \
      return failed;                                                                               \
  } while (0)

static UWTError *prepare(Program *program, const char *model, const char *pack, uint64_t memory,
                         void *stream, CudaApiFacts *facts) {
  UWTCudaBuffer range;
  TRY(uwtCudaDeviceCount(&facts->devices));
  TRY(uwtContextCreate(1, &program->context));
  TRY(uwtContainerOpen(model, NULL, &program->container));
  TRY(uwtCudaDeviceOpen(0, &program->device));
  snprintf(facts->name, sizeof(facts->name), "%s", uwtCudaDeviceName(program->device));
  snprintf(facts->target, sizeof(facts->target), "%s", uwtCudaDeviceTarget(program->device));
  TRY(uwtCudaPackOpen(program->device, pack, &program->pack));
  TRY(uwtCudaImageLoad(program->context, program->container, "w", "inplace<12>", &program->image));
  facts->weight.size = sizeof(facts->weight);
  TRY(uwtCudaImageWeight(program->image, &facts->weight));
  range.address = memory;
  range.bytes = facts->weight.bytes;
  TRY(uwtCudaImageCopy(program->image, program->device, range, stream));
  TRY(uwtCudaLayerQueueCreate(program->device, &program->queue));
  return uwtCudaKernelsCreate(program->pack, &facts->weight, 3, &program->kernels);
}

static UWTError *launch(const Program *program, uint64_t memory, void *stream,
                        CudaApiFacts *facts) {
  const UWTCudaKernels *kernels = program->kernels;
  UWTCudaLayer layers[2];
  UWTCudaBuffer extras[2] = {{0x5000, 520}, {0x6000, 260}};
  UWTCudaLinear linear;
  TRY(uwtCudaKernelsScratch(kernels, 3, &facts->workspaceBytes, &facts->counterBytes));
  snprintf(facts->kernel, sizeof(facts->kernel), "%s", uwtCudaKernelsName(kernels, 3));
  uwtCudaLinearInit(&linear, sizeof(linear));
  linear.weight = memory;
  linear.n = 130;
  linear.k = 272;
  linear.x = 0x10000;
  linear.y = 0x20000;
  linear.m = 3;
  linear.workspace.address = 0x30000;
  linear.workspace.bytes = facts->workspaceBytes;
  linear.counters.address = 0x40000;
  linear.counters.bytes = facts->counterBytes;
  linear.extras = extras;
  linear.extraCount = 2;
  TRY(uwtCudaLinear(kernels, &linear, stream));
  layers[0].kernels = layers[1].kernels = kernels;
  layers[0].linear = layers[1].linear = linear;
  return uwtCudaLaunchLayers(program->queue, layers, 2, stream, 0);
}

UWTError *multiplyOnGpu(const char *model, const char *pack, uint64_t memory, void *stream,
                        CudaApiFacts *facts) {
  Program program = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
  UWTError *error = prepare(&program, model, pack, memory, stream, facts);
  /* Kernels hold what they need. */
  uwtCudaImageDestroy(program.image);
  uwtCudaPackDestroy(program.pack);
  uwtCudaDeviceDestroy(program.device);
  uwtContainerDestroy(program.container);
  if (!error)
    error = launch(&program, memory, stream, facts);
  uwtCudaLayerQueueDestroy(program.queue);
  uwtCudaKernelsDestroy(program.kernels);
  uwtContextDestroy(program.context);
  return error;
}
