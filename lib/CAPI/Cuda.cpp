//===- Cuda.cpp - Products on a GPU in the C API --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Cuda.h"
#include "Objects.h"
#include "uwt/Cuda/LayerQueue.h"
#include <span>
#include <vector>

using namespace uwt;

struct UWTCudaDevice {
  cuda::CudaDevicePtr device;
};

struct UWTCudaPack {
  std::shared_ptr<cuda::DevicePack> pack;
};

struct UWTCudaWeight {
  std::shared_ptr<const cuda::DeviceWeight> weight;
};

struct UWTCudaLauncher {
  // What the launcher refers to.
  std::shared_ptr<cuda::DevicePack> pack;
  std::shared_ptr<const cuda::DeviceWeight> weight;
  cuda::KernelLauncher launcher;
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
// Weights
//===----------------------------------------------------------------------===//

static Expected<TensorReader> readerOf(const Checkpoint &checkpoint, const char *name) {
  UWT_ASSIGN_OR_RETURN(auto found, checkpoint.find(name));
  return found.first->reader(*found.second);
}

static Status giveWeight(Expected<cuda::DeviceWeight> made, UWTCudaWeight *&weight) {
  if (!made)
    return made.takeError();
  weight = new UWTCudaWeight{std::make_shared<const cuda::DeviceWeight>(std::move(*made))};
  return ok();
}

static Expected<cuda::DeviceWeight> uploadWeight(ThreadPool &pool,
                                                 const cuda::CudaDevicePtr &device,
                                                 const Checkpoint &checkpoint, const char *name,
                                                 const char *format) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, readerOf(checkpoint, name));
  LoadOptions options;
  if (format) {
    UWT_ASSIGN_OR_RETURN(options.runFormat, Format::parse(format));
  }
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromReader(reader, pool, options));
  UWT_ASSIGN_OR_RETURN(cuda::CudaStream stream, cuda::CudaStream::create(device));
  return cuda::DeviceWeight::upload(device, loaded, stream);
}

UWTError *uwtCudaWeightUpload(UWTContext *context, const UWTCudaDevice *device,
                              const UWTContainer *container, const char *name, const char *format,
                              UWTCudaWeight **weight) {
  return runFunction({{context, "context"},
                      {device, "device"},
                      {container, "container"},
                      {name, "name"},
                      {weight, "weight"}},
                     [&] {
                       return giveWeight(uploadWeight(context->pool(), device->device,
                                                      container->checkpoint, name, format),
                                         *weight);
                     });
}

static Expected<cuda::DeviceWeight> loadWeight(ThreadPool &pool, cuda::DevicePack &pack,
                                               const Checkpoint &checkpoint, const char *name,
                                               const char *format) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, readerOf(checkpoint, name));
  UWT_ASSIGN_OR_RETURN(Format runFormat, Format::parse(format));
  if (!reader.decoder())
    return usageError("tensor '" + std::string(name) +
                      "' is not compressed, and a device codes anew what is: load it with "
                      "uwtCudaWeightUpload");
  UWT_ASSIGN_OR_RETURN(cuda::CudaStream stream, cuda::CudaStream::create(pack.device()));
  auto weight = cuda::DeviceWeight::load(pack, *reader.decoder(), runFormat, pool, stream);
  UWT_RETURN_IF_ERROR(reader.checkRead());
  return weight;
}

UWTError *uwtCudaWeightLoad(UWTContext *context, const UWTCudaPack *pack,
                            const UWTContainer *container, const char *name, const char *format,
                            UWTCudaWeight **weight) {
  return runFunction({{context, "context"},
                      {pack, "pack"},
                      {container, "container"},
                      {name, "name"},
                      {format, "format"},
                      {weight, "weight"}},
                     [&] {
                       return giveWeight(loadWeight(context->pool(), *pack->pack,
                                                    container->checkpoint, name, format),
                                         *weight);
                     });
}

uint64_t uwtCudaWeightRows(const UWTCudaWeight *weight) {
  return weight ? weight->weight->rows() : 0;
}
uint64_t uwtCudaWeightColumns(const UWTCudaWeight *weight) {
  return weight ? weight->weight->columns() : 0;
}
uint64_t uwtCudaWeightMatrices(const UWTCudaWeight *weight) {
  return weight ? weight->weight->matrices() : 0;
}
uint64_t uwtCudaWeightBytes(const UWTCudaWeight *weight) {
  return weight ? weight->weight->bytes() : 0;
}
void uwtCudaWeightDestroy(UWTCudaWeight *weight) { delete weight; }

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

UWTError *uwtCudaLauncherCreate(UWTCudaPack *pack, const UWTCudaWeight *weight, uint64_t matrix,
                                uint32_t batch, UWTCudaLauncher **launcher) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {launcher, "launcher"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack->pack->select(*weight->weight, batch));
    UWT_ASSIGN_OR_RETURN(
        cuda::KernelLauncher made,
        cuda::KernelLauncher::create(*pack->pack, *entry, *weight->weight, matrix));
    *launcher = new UWTCudaLauncher{pack->pack, weight->weight, std::move(made)};
    return ok();
  });
}
const char *uwtCudaLauncherKernel(const UWTCudaLauncher *launcher) {
  return launcher ? launcher->launcher.entry().kernel.c_str() : nullptr;
}
uint32_t uwtCudaLauncherBatchFrom(const UWTCudaLauncher *launcher) {
  return launcher ? launcher->launcher.entry().mFrom : 0;
}
uint32_t uwtCudaLauncherBatchTo(const UWTCudaLauncher *launcher) {
  return launcher ? launcher->launcher.entry().mTo : 0;
}
UWTError *uwtCudaLauncherScratch(const UWTCudaLauncher *launcher, uint32_t batch,
                                 uint64_t *workspaceBytes, uint64_t *counterBytes) {
  return runFunction(
      {{launcher, "launcher"}, {workspaceBytes, "workspaceBytes"}, {counterBytes, "counterBytes"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(const auto size, launcher->launcher.size(batch));
        *workspaceBytes = size.workspaceBytes;
        *counterBytes = size.counterBytes;
        return ok();
      });
}
void uwtCudaLauncherDestroy(UWTCudaLauncher *launcher) { delete launcher; }

void uwtCudaOperandsInit(UWTCudaOperands *operands) {
  if (!operands)
    return;
  *operands = {};
  operands->size = sizeof(UWTCudaOperands);
  operands->batch = 1;
}

/// `extras` holds what the result points to.
static Expected<cuda::LaunchOperands> operandsOf(const UWTCudaOperands &operands,
                                                 std::vector<cuda::DeviceWeight::Buffer> &extras) {
  if (operands.size < sizeof(UWTCudaOperands))
    return usageError("the operands have size " + std::to_string(operands.size) +
                      ": set them with uwtCudaOperandsInit");
  if (operands.extraCount != 0 && !operands.extras)
    return usageError("extras is NULL");
  cuda::LaunchOperands given;
  given.x = operands.x;
  given.y = operands.y;
  given.m = operands.batch;
  given.xStride = operands.xStride;
  given.yStride = operands.yStride;
  given.workspace = {operands.workspace.address, operands.workspace.bytes};
  given.counters = {operands.counters.address, operands.counters.bytes};
  for (size_t i = 0; i < operands.extraCount; ++i)
    extras.push_back({operands.extras[i].address, operands.extras[i].bytes});
  given.extras = extras;
  return given;
}

UWTError *uwtCudaLaunch(const UWTCudaLauncher *launcher, const UWTCudaOperands *operands,
                        void *stream) {
  return runFunction({{operands, "operands"}}, [&]() -> Status {
    std::vector<cuda::DeviceWeight::Buffer> extras;
    UWT_ASSIGN_OR_RETURN(cuda::LaunchOperands given, operandsOf(*operands, extras));
    if (!launcher)
      return usageError("launcher is NULL");
    return launcher->launcher.launch(given, stream);
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

static Status launchLayers(const cuda::LayerQueue &queue, std::span<const UWTCudaLayer> layers,
                           void *stream, uint32_t decodeCtas) {
  std::vector<cuda::LayerQueue::Layer> given(layers.size());
  std::vector<std::vector<cuda::DeviceWeight::Buffer>> extras(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    auto operands = operandsOf(layers[i].operands, extras[i]);
    if (!operands)
      return operands.takeError().in("layer " + std::to_string(i));
    given[i] = {layers[i].launcher ? &layers[i].launcher->launcher : nullptr, *operands};
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
