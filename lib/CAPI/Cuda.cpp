//===- Cuda.cpp - Products on a GPU in the C API --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaObjects.h"
#include "Objects.h"
#include "uwt/Cuda/LayerQueue.h"
#include <algorithm>
#include <span>
#include <vector>

using namespace uwt;
using cuda::DeviceWeightDescription;

struct UWTCudaKernels {
  // What the kernels refer to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::WeightKernels kernels;
};

struct UWTCudaDecoder {
  // What the decoder refers to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::RowDecoder decoder;
};

struct UWTCudaGatherer {
  // What the gatherer refers to.
  std::shared_ptr<cuda::DevicePack> pack;
  DeviceWeightDescription weight;
  cuda::RowGatherer gatherer;
};

struct UWTCudaLayerQueue {
  cuda::LayerQueue queue;
};

//===----------------------------------------------------------------------===//
// Devices and packs
//===----------------------------------------------------------------------===//

static Expected<unsigned> countDevices() {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::CudaDriver> driver, cuda::CudaDriver::open());
  return driver->deviceCount();
}

UWTError *uwtCudaDeviceCount(unsigned *count) {
  return runFunction({{count, "count"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(*count, countDevices());
    return ok();
  });
}

UWTError *uwtCudaDeviceOpen(unsigned number, UWTCudaDevice **device) {
  return runFunction({{device, "device"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::CudaDriver> driver, cuda::CudaDriver::open());
    UWT_ASSIGN_OR_RETURN(cuda::CudaDevicePtr opened, cuda::CudaDevice::open(driver, number));
    *device = new UWTCudaDevice{std::move(opened)};
    return ok();
  });
}
const char *uwtCudaDeviceName(const UWTCudaDevice *device) {
  return device ? device->device->properties().name.c_str() : nullptr;
}
const char *uwtCudaDeviceTarget(const UWTCudaDevice *device) {
  return device ? device->device->properties().target.c_str() : nullptr;
}
void uwtCudaDeviceDestroy(UWTCudaDevice *device) { delete device; }

UWTError *uwtCudaPackOpen(const UWTCudaDevice *device, const char *path, UWTCudaPack **pack) {
  return runFunction({{device, "device"}, {path, "path"}, {pack, "pack"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(std::shared_ptr<const KernelPack> opened, KernelPack::open(path));
    *pack = new UWTCudaPack{std::make_shared<cuda::DevicePack>(device->device, std::move(opened))};
    return ok();
  });
}
void uwtCudaPackDestroy(UWTCudaPack *pack) { delete pack; }

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

UWTError *uwtCudaKernelsCreate(UWTCudaPack *pack, const UWTCudaWeight *weight, uint32_t maxM,
                               UWTCudaKernels **kernels) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {kernels, "kernels"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::WeightKernels made,
                         cuda::WeightKernels::create(*pack->pack, description, maxM));
    *kernels = new UWTCudaKernels{pack->pack, std::move(made)};
    return ok();
  });
}

const char *uwtCudaKernelsName(const UWTCudaKernels *kernels, uint32_t m) {
  if (!kernels)
    return nullptr;
  auto launcher = kernels->kernels.find(m);
  return launcher ? (*launcher)->entry().kernel.c_str() : nullptr;
}

UWTError *uwtCudaKernelsScratch(const UWTCudaKernels *kernels, uint32_t m, uint64_t *workspaceBytes,
                                uint64_t *counterBytes) {
  return runFunction(
      {{kernels, "kernels"}, {workspaceBytes, "workspaceBytes"}, {counterBytes, "counterBytes"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(const auto scratch, kernels->kernels.scratch(m));
        *workspaceBytes = scratch.workspaceBytes;
        *counterBytes = scratch.counterBytes;
        return ok();
      });
}

void uwtCudaKernelsDestroy(UWTCudaKernels *kernels) { delete kernels; }

void uwtCudaLinearInit(UWTCudaLinear *linear, size_t size) {
  setDefaults(linear, size, UWTCudaLinear{});
}

Status uwt::checkMatrix(const DeviceWeightDescription &weight, uint64_t n, uint64_t k) {
  if (n == weight.rows() && k == weight.columns())
    return ok();
  return usageError("the weight has n " + std::to_string(weight.rows()) + " and k " +
                    std::to_string(weight.columns()) + ", the call n " + std::to_string(n) +
                    " and k " + std::to_string(k));
}

/// What a call says, checked as far as this side of the library can; `extras` holds what the result
/// points to.
static Expected<cuda::LaunchOperands> operandsOf(const UWTCudaLinear &linear,
                                                 const UWTCudaKernels &kernels,
                                                 std::vector<cuda::DeviceRange> &extras) {
  UWT_ASSIGN_OR_RETURN(
      const UWTCudaLinear call,
      takeOptions(&linear, uwtCudaLinearInit, sizeof(UWTCudaLinear), "uwtCudaLinearInit"));
  const DeviceWeightDescription &weight = kernels.kernels.weight();
  UWT_RETURN_IF_ERROR(checkMatrix(weight, call.n, call.k));
  if (call.extraCount != 0 && !call.extras)
    return usageError("extras is NULL");
  for (const UWTCudaBuffer &extra : std::span(call.extras, call.extraCount))
    extras.push_back(rangeOf(extra));
  cuda::LaunchOperands given;
  given.weight = call.weight;
  given.matrix = call.matrix;
  given.x = call.x;
  given.y = call.y;
  given.m = call.m;
  given.xStride = call.xStride;
  given.yStride = call.yStride;
  given.workspace = rangeOf(call.workspace);
  given.counters = rangeOf(call.counters);
  given.extras = extras;
  return given;
}

UWTError *uwtCudaLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear, void *stream) {
  return runFunction({{kernels, "kernels"}, {linear, "linear"}}, [&]() -> Status {
    std::vector<cuda::DeviceRange> extras;
    UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands given, operandsOf(*linear, *kernels, extras));
    return kernels->kernels.launch(given, stream);
  });
}

UWTError *uwtCudaGroupedLinear(const UWTCudaKernels *kernels, const UWTCudaLinear *linear,
                               const uint64_t *offsets, size_t count, void *stream) {
  return runFunction(
      {{kernels, "kernels"}, {linear, "linear"}, {offsets, "offsets"}}, [&]() -> Status {
        std::vector<cuda::DeviceRange> extras;
        UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands given, operandsOf(*linear, *kernels, extras));
        return kernels->kernels.launchGroups(given, {offsets, count}, stream);
      });
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

UWTError *uwtCudaLayerQueueCreate(const UWTCudaDevice *device, UWTCudaLayerQueue **queue) {
  return runFunction({{device, "device"}, {queue, "queue"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::LayerQueue made, cuda::LayerQueue::create(device->device));
    *queue = new UWTCudaLayerQueue{std::move(made)};
    return ok();
  });
}
void uwtCudaLayerQueueDestroy(UWTCudaLayerQueue *queue) { delete queue; }

static Expected<cuda::LayerQueue::Layer> layerOf(const UWTCudaLayer &layer,
                                                 std::vector<cuda::DeviceRange> &extras) {
  if (!layer.kernels)
    return usageError("kernels is NULL");
  UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands operands,
                       operandsOf(layer.linear, *layer.kernels, extras));
  // Of nothing any kernel does nothing.
  UWT_ASSIGN_OR_RETURN(const cuda::KernelLauncher *launcher,
                       layer.kernels->kernels.find(std::max(operands.m, 1U)));
  return cuda::LayerQueue::Layer{launcher, operands};
}

static Status launchLayers(const cuda::LayerQueue &queue, std::span<const UWTCudaLayer> layers,
                           void *stream, uint32_t decodeCtas) {
  std::vector<cuda::LayerQueue::Layer> given(layers.size());
  std::vector<std::vector<cuda::DeviceRange>> extras(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    auto layer = layerOf(layers[i], extras[i]);
    if (!layer)
      return layer.takeError().in("layer " + std::to_string(i));
    given[i] = *layer;
  }
  return queue.launch(given, stream, decodeCtas);
}

UWTError *uwtCudaLaunchLayers(const UWTCudaLayerQueue *queue, const UWTCudaLayer *layers,
                              size_t count, void *stream, uint32_t decodeCtas) {
  return runFunction({{queue, "queue"}}, [&]() -> Status {
    if (count != 0 && !layers)
      return usageError("layers is NULL");
    return launchLayers(queue->queue, {layers, count}, stream, decodeCtas);
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

UWTError *uwtCudaDecoderCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                               UWTCudaDecoder **decoder) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {decoder, "decoder"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::RowDecoder made, cuda::RowDecoder::create(*pack->pack, description));
    *decoder = new UWTCudaDecoder{pack->pack, std::move(made)};
    return ok();
  });
}

UWTError *uwtCudaDecode(const UWTCudaDecoder *decoder, uint64_t image, uint64_t matrix,
                        const UWTCudaDense *rows, void *stream) {
  return runFunction({{decoder, "decoder"}, {rows, "rows"}}, [&] {
    return decoder->decoder.decode(image, matrix, matricesOf(*rows), stream);
  });
}

void uwtCudaDecoderDestroy(UWTCudaDecoder *decoder) { delete decoder; }

UWTError *uwtCudaGathererCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                UWTCudaGatherer **gatherer) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {gatherer, "gatherer"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::RowGatherer made,
                         cuda::RowGatherer::create(*pack->pack, description));
    *gatherer = new UWTCudaGatherer{pack->pack, description, std::move(made)};
    return ok();
  });
}

void uwtCudaGathererDestroy(UWTCudaGatherer *gatherer) { delete gatherer; }

void uwtCudaGatherInit(UWTCudaGather *gather, size_t size) {
  setDefaults(gather, size, UWTCudaGather{});
}

static Expected<cuda::GatherOperands> operandsOf(const UWTCudaGather &gather,
                                                 const DeviceWeightDescription &weight) {
  UWT_ASSIGN_OR_RETURN(
      const UWTCudaGather call,
      takeOptions(&gather, uwtCudaGatherInit, sizeof(UWTCudaGather), "uwtCudaGatherInit"));
  UWT_RETURN_IF_ERROR(checkMatrix(weight, call.n, call.k));
  cuda::GatherOperands given;
  given.weight = call.weight;
  given.matrix = call.matrix;
  given.ids = rangeOf(call.ids);
  given.idBytes = call.idBytes;
  given.count = call.count;
  given.rows = matricesOf(call.rows);
  given.outside = call.outside;
  return given;
}

UWTError *uwtCudaGather(const UWTCudaGatherer *gatherer, const UWTCudaGather *gather,
                        void *stream) {
  return runFunction({{gatherer, "gatherer"}, {gather, "gather"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::GatherOperands given, operandsOf(*gather, gatherer->weight));
    return gatherer->gatherer.gather(given, stream);
  });
}
