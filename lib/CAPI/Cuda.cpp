//===- Cuda.cpp - Products on a GPU in the C API --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Cuda.h"
#include "Objects.h"
#include "uwt/Cuda/LayerQueue.h"
#include <algorithm>

using namespace uwt;

struct UWTCudaDevice {
  CudaDevicePtr device;
};

struct UWTCudaPack {
  std::shared_ptr<DevicePack> pack;
};

struct UWTCudaWeight {
  std::shared_ptr<const DeviceWeight> weight;
};

struct UWTCudaLauncher {
  // What the launcher refers to.
  std::shared_ptr<DevicePack> pack;
  std::shared_ptr<const DeviceWeight> weight;
  KernelLauncher launcher;
};

struct UWTCudaLayerQueue {
  LayerQueue queue;
};

//===----------------------------------------------------------------------===//
// Devices and packs
//===----------------------------------------------------------------------===//

static Expected<unsigned> countDevices() {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver, CudaDriver::open());
  return driver->deviceCount();
}

UWTError *uwtCudaDeviceCount(unsigned *count) {
  auto found = countDevices();
  if (!found)
    return toC(found.takeError());
  *count = *found;
  return nullptr;
}

UWTError *uwtCudaDeviceOpen(unsigned number, UWTCudaDevice **device) {
  auto driver = CudaDriver::open();
  if (!driver)
    return toC(driver.takeError());
  auto opened = CudaDevice::open(*driver, number);
  if (!opened)
    return toC(opened.takeError());
  *device = new UWTCudaDevice{*opened};
  return nullptr;
}
const char *uwtCudaDeviceName(const UWTCudaDevice *device) {
  return device->device->properties().name.c_str();
}
const char *uwtCudaDeviceTarget(const UWTCudaDevice *device) {
  return device->device->properties().target.c_str();
}
void uwtCudaDeviceDestroy(UWTCudaDevice *device) { delete device; }

UWTError *uwtCudaPackOpen(const UWTCudaDevice *device, const char *path, UWTCudaPack **pack) {
  auto opened = KernelPack::open(path);
  if (!opened)
    return toC(opened.takeError());
  *pack = new UWTCudaPack{std::make_shared<DevicePack>(device->device, *opened)};
  return nullptr;
}
void uwtCudaPackDestroy(UWTCudaPack *pack) { delete pack; }

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static Expected<TensorReader> readerOf(const Checkpoint &checkpoint, const char *name) {
  UWT_ASSIGN_OR_RETURN(auto found, checkpoint.find(name));
  return found.first->reader(*found.second);
}

static UWTError *giveWeight(Expected<DeviceWeight> made, UWTCudaWeight **weight) {
  if (!made)
    return toC(made.takeError());
  *weight = new UWTCudaWeight{std::make_shared<const DeviceWeight>(std::move(*made))};
  return nullptr;
}

static Expected<DeviceWeight> uploadWeight(ThreadPool &pool, const CudaDevicePtr &device,
                                           const Checkpoint &checkpoint, const char *name,
                                           const char *format) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, readerOf(checkpoint, name));
  LoadOptions options;
  if (format) {
    UWT_ASSIGN_OR_RETURN(options.runFormat, Format::parse(format));
  }
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromReader(reader, pool, options));
  UWT_ASSIGN_OR_RETURN(CudaStream stream, CudaStream::create(device));
  return DeviceWeight::upload(device, loaded, stream);
}

UWTError *uwtCudaWeightUpload(UWTContext *context, const UWTCudaDevice *device,
                              const UWTContainer *container, const char *name, const char *format,
                              UWTCudaWeight **weight) {
  return giveWeight(
      uploadWeight(context->pool, device->device, container->checkpoint, name, format), weight);
}

static Expected<DeviceWeight> loadWeight(ThreadPool &pool, DevicePack &pack,
                                         const Checkpoint &checkpoint, const char *name,
                                         const char *format) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, readerOf(checkpoint, name));
  UWT_ASSIGN_OR_RETURN(Format runFormat, Format::parse(format));
  if (!reader.decoder())
    return usageError("tensor '" + std::string(name) +
                      "' is not compressed, and a device codes anew what is: load it with "
                      "uwtCudaWeightUpload");
  UWT_ASSIGN_OR_RETURN(CudaStream stream, CudaStream::create(pack.device()));
  return DeviceWeight::load(pack, *reader.decoder(), runFormat, pool, stream);
}

UWTError *uwtCudaWeightLoad(UWTContext *context, const UWTCudaPack *pack,
                            const UWTContainer *container, const char *name, const char *format,
                            UWTCudaWeight **weight) {
  return giveWeight(loadWeight(context->pool, *pack->pack, container->checkpoint, name, format),
                    weight);
}

uint64_t uwtCudaWeightRows(const UWTCudaWeight *weight) { return weight->weight->rows(); }
uint64_t uwtCudaWeightColumns(const UWTCudaWeight *weight) { return weight->weight->columns(); }
uint64_t uwtCudaWeightMatrices(const UWTCudaWeight *weight) { return weight->weight->matrices(); }
uint64_t uwtCudaWeightBytes(const UWTCudaWeight *weight) { return weight->weight->bytes(); }
void uwtCudaWeightDestroy(UWTCudaWeight *weight) { delete weight; }

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

UWTError *uwtCudaLauncherCreate(UWTCudaPack *pack, const UWTCudaWeight *weight, uint64_t matrix,
                                uint32_t batch, UWTCudaLauncher **launcher) {
  auto entry = pack->pack->select(*weight->weight, batch);
  if (!entry)
    return toC(entry.takeError());
  auto made = KernelLauncher::create(*pack->pack, **entry, *weight->weight, matrix);
  if (!made)
    return toC(made.takeError());
  *launcher = new UWTCudaLauncher{pack->pack, weight->weight, std::move(*made)};
  return nullptr;
}
const char *uwtCudaLauncherKernel(const UWTCudaLauncher *launcher) {
  return launcher->launcher.entry().kernel.c_str();
}
uint32_t uwtCudaLauncherBatchFrom(const UWTCudaLauncher *launcher) {
  return launcher->launcher.entry().batchFrom;
}
uint32_t uwtCudaLauncherBatchTo(const UWTCudaLauncher *launcher) {
  return launcher->launcher.entry().batchTo;
}
UWTError *uwtCudaLauncherScratch(const UWTCudaLauncher *launcher, uint32_t batch,
                                 uint64_t *workspaceBytes, uint64_t *counterBytes) {
  auto size = launcher->launcher.size(batch);
  if (!size)
    return toC(size.takeError());
  *workspaceBytes = size->workspaceBytes;
  *counterBytes = size->counterBytes;
  return nullptr;
}
void uwtCudaLauncherDestroy(UWTCudaLauncher *launcher) { delete launcher; }

void uwtCudaOperandsInit(UWTCudaOperands *operands) {
  *operands = {};
  operands->size = sizeof(UWTCudaOperands);
  operands->batch = 1;
}

/// `extras` holds what the result points to.
static Expected<LaunchOperands> operandsOf(const UWTCudaOperands &operands,
                                           std::vector<DeviceWeight::Part> &extras) {
  if (operands.size < sizeof(UWTCudaOperands))
    return usageError("the operands have size " + std::to_string(operands.size) +
                      ": set them with uwtCudaOperandsInit");
  LaunchOperands given;
  given.x = operands.x;
  given.y = operands.y;
  given.batch = operands.batch;
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
  std::vector<DeviceWeight::Part> extras;
  auto given = operandsOf(*operands, extras);
  if (!given)
    return toC(given.takeError());
  Status launched = launcher->launcher.launch(*given, stream);
  return launched ? nullptr : toC(launched.takeError());
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

UWTError *uwtCudaLayerQueueCreate(const UWTCudaDevice *device, UWTCudaLayerQueue **queue) {
  auto made = LayerQueue::create(device->device);
  if (!made)
    return toC(made.takeError());
  *queue = new UWTCudaLayerQueue{std::move(*made)};
  return nullptr;
}
void uwtCudaLayerQueueDestroy(UWTCudaLayerQueue *queue) { delete queue; }

UWTError *uwtCudaLaunchLayers(const UWTCudaLayerQueue *queue, const UWTCudaLayer *layers,
                              size_t count, void *stream, uint32_t decodeCtas) {
  std::vector<LayerQueue::Layer> given(count);
  std::vector<std::vector<DeviceWeight::Part>> extras(count);
  for (size_t i = 0; i < count; ++i) {
    auto operands = operandsOf(layers[i].operands, extras[i]);
    if (!operands)
      return toC(operands.takeError().in("layer " + std::to_string(i)));
    given[i] = {layers[i].launcher ? &layers[i].launcher->launcher : nullptr, *operands};
  }
  Status launched = queue->queue.launch(given, stream, decodeCtas);
  return launched ? nullptr : toC(launched.takeError());
}
