//===- Device.h - GPUs, their memory, streams and code ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the CUDA driver gives, as objects that release it again. Each object keeps the
// device that it is of alive. Every call makes its device's primary context current for its
// own duration only, so that callers' own use of CUDA (PyTorch's, say) is not disturbed, and
// several devices may be used from any threads.
//
// Streams and device addresses are passed as the driver's own values (CUstream as void *,
// CUdeviceptr as uint64_t): callers' streams and memory serve like those made here.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_DEVICE_H
#define UWT_CUDA_DEVICE_H

#include "uwt/Cuda/Driver.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace uwt::cuda {

/// What a GPU is and has.
struct DeviceProperties {
  std::string name;
  /// "sm_90": the machine, without the suffix that code for it may have.
  std::string target;
  unsigned multiprocessors = 0;
  /// The most dynamic shared memory that a kernel may ask for.
  unsigned sharedBytes = 0;
  uint64_t l2Bytes = 0, memoryBytes = 0;
};

/// A GPU with its primary context. Immutable and thread-safe.
class CudaDevice {
public:
  /// Errors: Usage (no such number), IO and Unsupported (what the driver says).
  static Expected<std::shared_ptr<const CudaDevice>> open(std::shared_ptr<const CudaDriver> driver,
                                                          unsigned ordinal = 0);
  ~CudaDevice();
  CudaDevice(const CudaDevice &) = delete;
  CudaDevice &operator=(const CudaDevice &) = delete;

  unsigned ordinal() const { return number; }
  const DeviceProperties &properties() const { return what; }
  const CudaDriver &driver() const { return *library; }
  /// The primary context (CUcontext).
  void *context() const { return primary; }
  /// Where it is in the machine, as other tools call it: "0000:3B:00.0".
  Expected<std::string> busId() const;

private:
  CudaDevice(std::shared_ptr<const CudaDriver> driver, unsigned ordinal)
      : library(std::move(driver)), number(ordinal) {}
  Status readProperties();
  Expected<unsigned> attribute(int which) const;

  std::shared_ptr<const CudaDriver> library;
  unsigned number;
  int handle = 0;
  void *primary = nullptr;
  DeviceProperties what;
};

using CudaDevicePtr = std::shared_ptr<const CudaDevice>;

/// Something of a device that has to be given back. Movable; `Destroy` is a member of
/// DriverFunctions. Giving back ignores errors: there is nobody to tell.
class CudaHandle {
public:
  CudaHandle() = default;
  CudaHandle(CudaHandle &&other) noexcept { *this = std::move(other); }
  CudaHandle &operator=(CudaHandle &&other) noexcept {
    std::swap(device, other.device);
    std::swap(value, other.value);
    std::swap(destroy, other.destroy);
    return *this;
  }
  ~CudaHandle();

  void *get() const { return value; }
  const CudaDevicePtr &owner() const { return device; }

private:
  friend class CudaStream;
  friend class CudaEvent;
  friend class CudaGraph;
  friend class CudaModule;
  using Destroy = int (*)(void *);
  CudaHandle(CudaDevicePtr device, void *value, Destroy destroy)
      : device(std::move(device)), value(value), destroy(destroy) {}
  CudaDevicePtr device;
  void *value = nullptr;
  Destroy destroy = nullptr;
};

/// A captured sequence of launches, ready to run. May be launched from any thread, one at a time.
class CudaGraph {
public:
  Status launch(void *stream) const;

private:
  friend class CudaStream;
  explicit CudaGraph(CudaHandle handle) : handle(std::move(handle)) {}
  CudaHandle handle;
};

/// A stream that does not wait for the legacy default stream. One thread at a time.
class CudaStream {
public:
  static Expected<CudaStream> create(CudaDevicePtr device);
  /// A stream (CUstream) of somebody else's, which outlives this.
  static CudaStream borrow(CudaDevicePtr device, void *stream) {
    return CudaStream(CudaHandle(std::move(device), stream, nullptr));
  }
  void *get() const { return handle.get(); }
  Status synchronize() const;

  /// What this thread puts on the stream until endCapture becomes the graph, and does not run.
  Status beginCapture() const;
  Expected<CudaGraph> endCapture() const;

private:
  explicit CudaStream(CudaHandle handle) : handle(std::move(handle)) {}
  CudaHandle handle;
};

/// A point in a stream. One thread at a time.
class CudaEvent {
public:
  static Expected<CudaEvent> create(CudaDevicePtr device);
  Status record(void *stream) const;
  /// Lets what comes later on `stream` wait for the point that was recorded last.
  Status holdBack(void *stream) const;
  /// Milliseconds from this point to `later`; both have been recorded and reached.
  Expected<float> millisecondsUntil(const CudaEvent &later) const;

private:
  explicit CudaEvent(CudaHandle handle) : handle(std::move(handle)) {}
  CudaHandle handle;
};

/// A range of device memory, whoever it belongs to.
struct DeviceRange {
  uint64_t address = 0, bytes = 0;
};

/// Device memory. Copies are ordered on the stream; host memory has to live until they are done.
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer &&other) noexcept { *this = std::move(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    std::swap(device, other.device);
    std::swap(base, other.base);
    std::swap(size, other.size);
    std::swap(isOwned, other.isOwned);
    return *this;
  }
  ~DeviceBuffer();

  /// `bytes` bytes, aligned to 256, with any contents; 0 bytes have address 0.
  static Expected<DeviceBuffer> allocate(CudaDevicePtr device, uint64_t bytes);
  /// Memory of somebody else's, which outlives this.
  static DeviceBuffer borrow(CudaDevicePtr device, DeviceRange range);

  uint64_t address() const { return base; }
  uint64_t bytes() const { return size; }
  DeviceRange range() const { return {base, size}; }
  /// Usage errors where the range leaves the buffer.
  Status write(uint64_t offset, std::span<const uint8_t> from, void *stream) const;
  Status read(uint64_t offset, std::span<uint8_t> to, void *stream) const;
  /// Sets all bytes.
  Status fill(uint8_t value, void *stream) const;
  /// Copies another buffer of the same size, of the same device.
  Status copy(const DeviceBuffer &from, void *stream) const;

private:
  Status checkRange(const char *what, uint64_t offset, uint64_t bytes) const;
  CudaDevicePtr device;
  uint64_t base = 0, size = 0;
  bool isOwned = false;
};

/// What a kernel needs, as the driver says.
struct FunctionResources {
  unsigned registers = 0, localBytes = 0, staticSharedBytes = 0, maxThreads = 0;
};

/// Loaded code. Immutable and thread-safe.
class CudaModule {
public:
  /// Loads machine code, or text in PTX with a zero byte at its end. The image is not needed
  /// afterwards. Errors carry the driver's log for PTX.
  static Expected<std::shared_ptr<const CudaModule>> load(CudaDevicePtr device,
                                                          std::span<const uint8_t> image);
  /// The function (CUfunction) of that name; it lives as long as the module.
  Expected<void *> function(const std::string &name) const;
  Expected<FunctionResources> resources(void *function) const;
  const CudaDevicePtr &device() const { return handle.owner(); }

private:
  explicit CudaModule(CudaHandle handle) : handle(std::move(handle)) {}
  CudaHandle handle;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_DEVICE_H
