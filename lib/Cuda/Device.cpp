//===- Device.cpp - GPUs, their memory, streams and code ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Device.h"
#include "CudaError.h"
#include <array>
#include <string_view>

using namespace uwt;
using namespace uwt::cuda;

static const DriverFunctions &functionsOf(const CudaDevice &device) {
  return device.driver().functions();
}

//===----------------------------------------------------------------------===//
// CudaDevice
//===----------------------------------------------------------------------===//

Expected<unsigned> CudaDevice::attribute(int which) const {
  int value = 0;
  const DriverFunctions &functions = library->functions();
  UWT_RETURN_IF_ERROR(
      checkCuda(functions, functions.cuDeviceGetAttribute(&value, which, handle), [&] {
        return "cuDeviceGetAttribute " + std::to_string(which) + " of device " +
               std::to_string(number);
      }));
  return static_cast<unsigned>(value);
}

Status CudaDevice::readProperties() {
  const DriverFunctions &functions = library->functions();
  std::array<char, 256> name{};
  UWT_RETURN_IF_ERROR(checkCuda(functions,
                                functions.cuDeviceGetName(name.data(), name.size() - 1, handle),
                                "cuDeviceGetName"));
  what.name = name.data();
  size_t bytes = 0;
  UWT_RETURN_IF_ERROR(
      checkCuda(functions, functions.cuDeviceTotalMem(&bytes, handle), "cuDeviceTotalMem"));
  what.memoryBytes = bytes;
  UWT_ASSIGN_OR_RETURN(unsigned major, attribute(attributeMajor));
  UWT_ASSIGN_OR_RETURN(unsigned minor, attribute(attributeMinor));
  what.target = "sm_" + std::to_string(major) + std::to_string(minor);
  UWT_ASSIGN_OR_RETURN(what.multiprocessors, attribute(attributeMultiprocessors));
  UWT_ASSIGN_OR_RETURN(what.sharedBytes, attribute(attributeSharedBytesOptIn));
  UWT_ASSIGN_OR_RETURN(what.l2Bytes, attribute(attributeL2Bytes));
  return ok();
}

Expected<CudaDevicePtr> CudaDevice::open(std::shared_ptr<const CudaDriver> driver,
                                         unsigned ordinal) {
  UWT_ASSIGN_OR_RETURN(unsigned count, driver->deviceCount());
  if (ordinal >= count)
    return usageError("there is no device " + std::to_string(ordinal) + "; the last of " +
                      std::to_string(count) + " is device " + std::to_string(count - 1));
  std::shared_ptr<CudaDevice> device(new CudaDevice(std::move(driver), ordinal));
  const DriverFunctions &functions = functionsOf(*device);
  UWT_RETURN_IF_ERROR(checkCuda(
      functions, functions.cuDeviceGet(&device->handle, static_cast<int>(ordinal)), "cuDeviceGet"));
  UWT_RETURN_IF_ERROR(device->readProperties());
  void *context = nullptr;
  UWT_RETURN_IF_ERROR(
      checkCuda(functions, functions.cuDevicePrimaryCtxRetain(&context, device->handle),
                [&] { return "cuDevicePrimaryCtxRetain of device " + std::to_string(ordinal); }));
  device->primary = context;
  return CudaDevicePtr(std::move(device));
}

Expected<std::string> CudaDevice::busId() const {
  std::array<char, 32> id{};
  UWT_RETURN_IF_ERROR(checkCuda(
      library->functions(),
      library->functions().cuDeviceGetPCIBusId(id.data(), static_cast<int>(id.size() - 1), handle),
      "cuDeviceGetPCIBusId"));
  return std::string(id.data());
}

CudaDevice::~CudaDevice() {
  if (primary)
    (void)library->functions().cuDevicePrimaryCtxRelease(handle);
}

CudaHandle::~CudaHandle() {
  if (!value || !destroy)
    return;
  ContextScope scope(functionsOf(*device), device->context());
  (void)destroy(value);
}

//===----------------------------------------------------------------------===//
// Streams, events, graphs
//===----------------------------------------------------------------------===//

Expected<CudaStream> CudaStream::create(CudaDevicePtr device) {
  void *stream = nullptr;
  UWT_RETURN_IF_ERROR(callOn(*device, "cuStreamCreate", [&](const DriverFunctions &functions) {
    return functions.cuStreamCreate(&stream, streamNonBlocking);
  }));
  auto destroy = functionsOf(*device).cuStreamDestroy;
  return CudaStream(CudaHandle(std::move(device), stream, destroy));
}

Status CudaStream::synchronize() const {
  return callOn(*handle.owner(), "cuStreamSynchronize", [&](const DriverFunctions &functions) {
    return functions.cuStreamSynchronize(get());
  });
}

Status CudaStream::beginCapture() const {
  return callOn(*handle.owner(), "cuStreamBeginCapture", [&](const DriverFunctions &functions) {
    return functions.cuStreamBeginCapture(get(), captureThreadLocal);
  });
}

Expected<CudaGraph> CudaStream::endCapture() const {
  void *graph = nullptr, *executable = nullptr;
  UWT_RETURN_IF_ERROR(
      callOn(*handle.owner(), "cuStreamEndCapture", [&](const DriverFunctions &functions) {
        return functions.cuStreamEndCapture(get(), &graph);
      }));
  const DriverFunctions &functions = functionsOf(*handle.owner());
  Status made = callOn(*handle.owner(), "cuGraphInstantiate", [&](const DriverFunctions &) {
    return functions.cuGraphInstantiate(&executable, graph, 0);
  });
  (void)functions.cuGraphDestroy(graph);
  if (!made)
    return made.takeError();
  return CudaGraph(CudaHandle(handle.owner(), executable, functions.cuGraphExecDestroy));
}

Status CudaGraph::launch(void *stream) const {
  return callOn(*handle.owner(), "cuGraphLaunch", [&](const DriverFunctions &functions) {
    return functions.cuGraphLaunch(handle.get(), stream);
  });
}

Expected<CudaEvent> CudaEvent::create(CudaDevicePtr device) {
  void *event = nullptr;
  UWT_RETURN_IF_ERROR(callOn(*device, "cuEventCreate", [&](const DriverFunctions &functions) {
    return functions.cuEventCreate(&event, 0);
  }));
  auto destroy = functionsOf(*device).cuEventDestroy;
  return CudaEvent(CudaHandle(std::move(device), event, destroy));
}

Status CudaEvent::record(void *stream) const {
  return callOn(*handle.owner(), "cuEventRecord", [&](const DriverFunctions &functions) {
    return functions.cuEventRecord(handle.get(), stream);
  });
}

Status CudaEvent::holdBack(void *stream) const {
  return callOn(*handle.owner(), "cuStreamWaitEvent", [&](const DriverFunctions &functions) {
    return functions.cuStreamWaitEvent(stream, handle.get(), 0);
  });
}

Expected<float> CudaEvent::millisecondsUntil(const CudaEvent &later) const {
  float milliseconds = 0;
  UWT_RETURN_IF_ERROR(
      callOn(*handle.owner(), "cuEventElapsedTime", [&](const DriverFunctions &functions) {
        return functions.cuEventElapsedTime(&milliseconds, handle.get(), later.handle.get());
      }));
  return milliseconds;
}

//===----------------------------------------------------------------------===//
// DeviceBuffer
//===----------------------------------------------------------------------===//

DeviceBuffer::~DeviceBuffer() {
  if (!isOwned)
    return;
  ContextScope scope(functionsOf(*device), device->context());
  (void)functionsOf(*device).cuMemFree(base);
}

Expected<DeviceBuffer> DeviceBuffer::allocate(CudaDevicePtr device, uint64_t bytes) {
  DeviceBuffer buffer;
  if (bytes == 0)
    return buffer;
  auto name = [&] {
    return "cuMemAlloc of " + std::to_string(bytes) + " bytes on device " +
           std::to_string(device->ordinal());
  };
  UWT_RETURN_IF_ERROR(callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuMemAlloc(&buffer.base, bytes);
  }));
  buffer.size = bytes;
  buffer.isOwned = true;
  buffer.device = std::move(device);
  return buffer;
}

DeviceBuffer DeviceBuffer::borrow(CudaDevicePtr device, DeviceRange range) {
  DeviceBuffer buffer;
  buffer.device = std::move(device);
  buffer.base = range.address;
  buffer.size = range.bytes;
  return buffer;
}

Status DeviceBuffer::checkRange(const char *what, uint64_t offset, uint64_t bytes) const {
  if (offset <= size && bytes <= size - offset)
    return ok();
  return usageError(std::string(what) + " " + std::to_string(bytes) + " bytes at " +
                    std::to_string(offset) + " of a device buffer of " + std::to_string(size));
}

Status DeviceBuffer::write(uint64_t offset, std::span<const uint8_t> from, void *stream) const {
  UWT_RETURN_IF_ERROR(checkRange("cannot write", offset, from.size()));
  if (from.empty())
    return ok();
  auto name = [&] { return "cuMemcpyHtoDAsync of " + std::to_string(from.size()) + " bytes"; };
  return callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuMemcpyHtoDAsync(base + offset, from.data(), from.size(), stream);
  });
}

Status DeviceBuffer::read(uint64_t offset, std::span<uint8_t> to, void *stream) const {
  UWT_RETURN_IF_ERROR(checkRange("cannot read", offset, to.size()));
  if (to.empty())
    return ok();
  auto name = [&] { return "cuMemcpyDtoHAsync of " + std::to_string(to.size()) + " bytes"; };
  return callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuMemcpyDtoHAsync(to.data(), base + offset, to.size(), stream);
  });
}

Status DeviceBuffer::fill(uint8_t value, void *stream) const {
  if (size == 0)
    return ok();
  auto name = [&] { return "cuMemsetD8Async of " + std::to_string(size) + " bytes"; };
  return callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuMemsetD8Async(base, value, size, stream);
  });
}

Status DeviceBuffer::copy(const DeviceBuffer &from, void *stream) const {
  if (from.size != size || from.device != device)
    return usageError("cannot copy a device buffer of " + std::to_string(from.size) +
                      " bytes to one of " + std::to_string(size) + ", or of another device");
  if (size == 0)
    return ok();
  auto name = [&] { return "cuMemcpyDtoDAsync of " + std::to_string(size) + " bytes"; };
  return callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuMemcpyDtoDAsync(base, from.base, size, stream);
  });
}

//===----------------------------------------------------------------------===//
// CudaModule
//===----------------------------------------------------------------------===//

/// The first line of the driver's log, as the end of a message.
static std::string firstLine(std::string_view log) {
  log = log.substr(0, log.find_first_of(std::string_view("\n\0", 2)));
  return log.empty() ? "" : " [" + std::string(log) + "]";
}

Expected<std::shared_ptr<const CudaModule>> CudaModule::load(CudaDevicePtr device,
                                                             std::span<const uint8_t> image) {
  void *module = nullptr;
  std::array<char, 4096> log{};
  std::array<int, 2> options = {jitErrorLog, jitErrorLogBytes};
  // A number where the option is one, not a pointer to it.
  std::array<void *, 2> values = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  auto name = [&] {
    return "cuModuleLoadDataEx of " + std::to_string(image.size()) + " bytes on " +
           device->properties().name + " (" + device->properties().target + ")" +
           firstLine(log.data());
  };
  UWT_RETURN_IF_ERROR(callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuModuleLoadDataEx(&module, image.data(), options.size(), options.data(),
                                        values.data());
  }));
  auto unload = functionsOf(*device).cuModuleUnload;
  return std::shared_ptr<const CudaModule>(
      new CudaModule(CudaHandle(std::move(device), module, unload)));
}

Expected<void *> CudaModule::function(const std::string &name) const {
  void *function = nullptr;
  auto call = [&] { return "cuModuleGetFunction of " + name; };
  UWT_RETURN_IF_ERROR(callOn(*device(), call, [&](const DriverFunctions &functions) {
    return functions.cuModuleGetFunction(&function, handle.get(), name.c_str());
  }));
  return function;
}

Expected<FunctionResources> CudaModule::resources(void *function) const {
  FunctionResources result;
  const std::pair<int, unsigned *> wanted[] = {
      {functionRegisters, &result.registers},
      {functionLocalBytes, &result.localBytes},
      {functionSharedBytes, &result.staticSharedBytes},
      {functionMaxThreads, &result.maxThreads},
  };
  for (auto [attribute, out] : wanted) {
    int value = 0;
    UWT_RETURN_IF_ERROR(
        callOn(*device(), "cuFuncGetAttribute", [&](const DriverFunctions &functions) {
          return functions.cuFuncGetAttribute(&value, attribute, function);
        }));
    *out = static_cast<unsigned>(value);
  }
  return result;
}
