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
  UWTCudaWeight *weight;
  UWTCudaLauncher *launcher;
  UWTCudaLayerQueue *queue;
} Program;

#define TRY(call)                                                                                  \
  do {                                                                                             \
    UWTError *failed = call;                                                                       \
    if (failed)                                                                                    \
      return failed;                                                                               \
  } while (0)

static UWTError *prepare(Program *program, const char *model, const char *pack,
                         CudaApiFacts *facts) {
  TRY(uwtCudaDeviceCount(&facts->devices));
  TRY(uwtContextCreate(1, &program->context));
  TRY(uwtContainerOpen(model, NULL, &program->container));
  TRY(uwtCudaDeviceOpen(0, &program->device));
  snprintf(facts->name, sizeof(facts->name), "%s", uwtCudaDeviceName(program->device));
  snprintf(facts->target, sizeof(facts->target), "%s", uwtCudaDeviceTarget(program->device));
  TRY(uwtCudaPackOpen(program->device, pack, &program->pack));
  TRY(uwtCudaWeightUpload(program->context, program->device, program->container, "w", "inplace<12>",
                          &program->weight));
  facts->rows = uwtCudaWeightRows(program->weight);
  facts->columns = uwtCudaWeightColumns(program->weight);
  facts->matrices = uwtCudaWeightMatrices(program->weight);
  facts->weightBytes = uwtCudaWeightBytes(program->weight);
  TRY(uwtCudaLayerQueueCreate(program->device, &program->queue));
  return uwtCudaLauncherCreate(program->pack, program->weight, 0, 3, &program->launcher);
}

static UWTError *launch(const Program *program, void *stream, CudaApiFacts *facts) {
  const UWTCudaLauncher *launcher = program->launcher;
  UWTCudaLayer layers[2];
  UWTCudaBuffer extras[2] = {{0x5000, 520}, {0x6000, 260}};
  UWTCudaOperands operands;
  TRY(uwtCudaLauncherScratch(launcher, 3, &facts->workspaceBytes, &facts->counterBytes));
  snprintf(facts->kernel, sizeof(facts->kernel), "%s", uwtCudaLauncherKernel(launcher));
  facts->mFrom = uwtCudaLauncherBatchFrom(launcher);
  facts->mTo = uwtCudaLauncherBatchTo(launcher);
  uwtCudaOperandsInit(&operands);
  operands.x = 0x10000;
  operands.y = 0x20000;
  operands.batch = 3;
  operands.workspace.address = 0x30000;
  operands.workspace.bytes = facts->workspaceBytes;
  operands.counters.address = 0x40000;
  operands.counters.bytes = facts->counterBytes;
  operands.extras = extras;
  operands.extraCount = 2;
  TRY(uwtCudaLaunch(launcher, &operands, stream));
  layers[0].launcher = layers[1].launcher = launcher;
  layers[0].operands = layers[1].operands = operands;
  return uwtCudaLaunchLayers(program->queue, layers, 2, stream, 0);
}

UWTError *multiplyOnGpu(const char *model, const char *pack, void *stream, CudaApiFacts *facts) {
  Program program = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
  UWTError *error = prepare(&program, model, pack, facts);
  /* A launcher holds what it needs. */
  uwtCudaWeightDestroy(program.weight);
  uwtCudaPackDestroy(program.pack);
  uwtCudaDeviceDestroy(program.device);
  uwtContainerDestroy(program.container);
  if (!error)
    error = launch(&program, stream, facts);
  uwtCudaLayerQueueDestroy(program.queue);
  uwtCudaLauncherDestroy(program.launcher);
  uwtContextDestroy(program.context);
  return error;
}
