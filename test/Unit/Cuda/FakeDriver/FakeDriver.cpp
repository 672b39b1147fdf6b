//===- FakeDriver.cpp - A CUDA driver without a GPU -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"
#include "lib/Cuda/DriverApi.h"
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unistd.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

#define EXPORT extern "C" __attribute__((visibility("default")))

static constexpr CudaResult invalidValue = 1, invalidContext = 201;

static FakeCuda state;
/// Contexts that are current on this thread.
static thread_local int depth = 0;

EXPORT FakeCuda *fakeCudaState() { return &state; }

/// Writes a call down that takes or does something; gives what it is told to fail with.
static CudaResult begin(const char *name, bool needsContext = true, bool mayCapture = false) {
  long number = static_cast<long>(state.calls.size());
  state.calls.emplace_back(name);
  if (number == state.failAt)
    return state.failure;
  if (needsContext && depth == 0)
    return invalidContext;
  if (state.isLost)
    return state.fault;
  return state.capturing && !mayCapture ? CudaResult(cudaStreamCaptureUnsupported)
                                        : CudaResult(cudaSuccess);
}

static void *newHandle() {
  void *handle = std::malloc(1);
  state.handles.insert(handle);
  return handle;
}

static CudaResult destroy(void *handle) {
  if (state.handles.erase(handle) == 0)
    return invalidValue;
  std::free(handle);
  return cudaSuccess;
}

/// begin(), and return from the caller where it fails.
#define BEGIN(...)                                                                                 \
  std::lock_guard lock(state.mutex);                                                               \
  if (CudaResult failed = begin(__func__ __VA_OPT__(, ) __VA_ARGS__))                              \
  return failed

//===----------------------------------------------------------------------===//
// Driver and devices
//===----------------------------------------------------------------------===//

void FakeCuda::readEnvironment() {
  if (const char *given = std::getenv("FAKE_CUDA_VERSION"))
    version = std::atoi(given);
  if (const char *given = std::getenv("FAKE_CUDA_FAULT"))
    faultIn = given;
  if (const char *given = std::getenv("FAKE_CUDA_ENDLESS"))
    endlessIn = given;
}

EXPORT CudaResult cuInit(unsigned) { return state.initResult; }
EXPORT CudaResult cuDriverGetVersion(int *version) {
  state.readEnvironment();
  *version = state.version;
  return state.versionResult;
}
EXPORT CudaResult cuGetErrorName(CudaResult result, const char **name) {
  *name = result == cudaOutOfMemory      ? "CUDA_ERROR_OUT_OF_MEMORY"
          : result == invalidValue       ? "CUDA_ERROR_INVALID_VALUE"
          : result == cudaNoBinaryForGpu ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
                                         : nullptr;
  return *name ? CudaResult(cudaSuccess) : invalidValue;
}
EXPORT CudaResult cuGetErrorString(CudaResult result, const char **text) {
  *text = result == cudaOutOfMemory      ? "out of memory"
          : result == invalidValue       ? "invalid argument"
          : result == cudaNoBinaryForGpu ? "no kernel image is available"
                                         : nullptr;
  return *text ? CudaResult(cudaSuccess) : invalidValue;
}
EXPORT CudaResult cuDeviceGetCount(int *count) {
  BEGIN(false);
  *count = state.devices;
  return cudaSuccess;
}
EXPORT CudaResult cuDeviceGet(int *device, int ordinal) {
  BEGIN(false);
  *device = ordinal;
  return cudaSuccess;
}
EXPORT CudaResult cuDeviceGetName(char *name, int length, int) {
  BEGIN(false);
  std::strncpy(name, "Fake GPU", static_cast<size_t>(length));
  return cudaSuccess;
}
EXPORT CudaResult cuDeviceGetPCIBusId(char *id, int length, int) {
  BEGIN(false);
  std::strncpy(id, "0000:3B:00.0", static_cast<size_t>(length));
  return cudaSuccess;
}
EXPORT CudaResult cuDeviceGetAttribute(int *value, int attribute, int) {
  BEGIN(false);
  *value = attribute == attributeMajor              ? state.major
           : attribute == attributeMinor            ? state.minor
           : attribute == attributeMultiprocessors  ? state.multiprocessors
           : attribute == attributeSharedBytesOptIn ? state.sharedBytes
                                                    : 50 << 20;
  return cudaSuccess;
}
EXPORT CudaResult cuDeviceTotalMem_v2(size_t *bytes, int) {
  BEGIN(false);
  *bytes = size_t(1) << 37;
  return cudaSuccess;
}
EXPORT CudaResult cuDevicePrimaryCtxRetain(void **context, int) {
  BEGIN(false);
  ++state.contexts;
  *context = &state;
  return cudaSuccess;
}
EXPORT CudaResult cuDevicePrimaryCtxRelease_v2(int) {
  std::lock_guard lock(state.mutex);
  --state.contexts;
  return cudaSuccess;
}
EXPORT CudaResult cuCtxPushCurrent_v2(void *) {
  std::lock_guard lock(state.mutex);
  ++state.current;
  ++depth;
  return cudaSuccess;
}
EXPORT CudaResult cuCtxPopCurrent_v2(void **context) {
  std::lock_guard lock(state.mutex);
  *context = &state;
  --state.current;
  --depth;
  return cudaSuccess;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

EXPORT CudaResult cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  BEGIN();
  // Rounded up as aligned_alloc asks for; the sizes that count are those that were asked for.
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  *address = reinterpret_cast<uint64_t>(memory);
  state.memory[*address] = bytes;
  return cudaSuccess;
}
EXPORT CudaResult cuMemFree_v2(uint64_t address) {
  std::lock_guard lock(state.mutex);
  if (state.memory.erase(address) == 0)
    return invalidValue;
  std::free(reinterpret_cast<void *>(address));
  return cudaSuccess;
}

/// Whether an allocation holds the bytes.
static bool isAllocated(uint64_t address, size_t bytes) {
  auto after = state.memory.upper_bound(address);
  if (after == state.memory.begin())
    return false;
  auto [begin, size] = *std::prev(after);
  return address - begin <= size && bytes <= size - (address - begin);
}

EXPORT CudaResult cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *) {
  BEGIN(true, true);
  if (!isAllocated(to, bytes))
    return invalidValue;
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return cudaSuccess;
}
EXPORT CudaResult cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *) {
  BEGIN(true, true);
  if (!isAllocated(from, bytes))
    return invalidValue;
  std::memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return cudaSuccess;
}
EXPORT CudaResult cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *) {
  BEGIN(true, true);
  if (!isAllocated(to, bytes) || !isAllocated(from, bytes))
    return invalidValue;
  std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes);
  return cudaSuccess;
}
EXPORT CudaResult cuMemsetD8Async(uint64_t address, unsigned char value, size_t bytes, void *) {
  BEGIN(true, true);
  if (!isAllocated(address, bytes))
    return invalidValue;
  std::memset(reinterpret_cast<void *>(address), value, bytes);
  return cudaSuccess;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// What a driver like this says to a code object.
static CudaResult judge(const void *image) {
  const auto *bytes = static_cast<const unsigned char *>(image);
  constexpr int abiVersion = 8, abiOfCuda13 = 8;
  if (std::memcmp(bytes,
                  "\x7F"
                  "ELF",
                  4) == 0) {
    bool isKnown = bytes[abiVersion] <= state.newestAbi &&
                   (bytes[abiVersion] < abiOfCuda13 || state.version >= 13000);
    return isKnown ? cudaSuccess : cudaInvalidImage;
  }
  constexpr std::string_view directive = ".version ";
  const char *written = std::strstr(static_cast<const char *>(image), directive.data());
  if (!written)
    return cudaSuccess;
  if (!state.compilesPtx)
    return cudaNoJitCompiler;
  return std::atof(written + directive.size()) <= state.newestPtx ? cudaSuccess
                                                                  : cudaUnsupportedPtxVersion;
}

EXPORT CudaResult cuModuleLoadDataEx(void **module, const void *image, unsigned, int *,
                                     void **values) {
  std::strcpy(static_cast<char *>(values[0]), state.moduleLog.c_str());
  BEGIN();
  if (CudaResult refused = judge(image))
    return refused;
  *module = newHandle();
  return cudaSuccess;
}
EXPORT CudaResult cuModuleUnload(void *module) {
  std::lock_guard lock(state.mutex);
  return destroy(module);
}
EXPORT CudaResult cuModuleGetFunction(void **function, void *, const char *name) {
  BEGIN();
  static std::set<std::string> names;
  *function = const_cast<std::string *>(&*names.insert(name).first);
  return cudaSuccess;
}
EXPORT CudaResult cuFuncGetAttribute(int *value, int attribute, void *) {
  BEGIN();
  *value = attribute == functionMaxThreads  ? state.maxThreads
           : attribute == functionRegisters ? 96
                                            : 0;
  return cudaSuccess;
}
EXPORT CudaResult cuFuncSetAttribute(void *, int attribute, int value) {
  BEGIN();
  state.functionAttributes[attribute] = value;
  return cudaSuccess;
}
EXPORT CudaResult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *, int, size_t) {
  BEGIN();
  *blocks = state.ctasThatFit;
  return cudaSuccess;
}
EXPORT CudaResult cuOccupancyMaxActiveClusters(int *clusters, void *, const CudaLaunchConfig *) {
  BEGIN();
  *clusters = state.clustersThatFit;
  return cudaSuccess;
}
static void run(const FakeLaunch &launch) {
  state.isLost |= launch.function == state.faultIn;
  state.isBusy |= launch.function == state.endlessIn;
  if (state.onLaunch)
    state.onLaunch(launch);
}

#ifndef FAKE_WITHOUT_LAUNCH
EXPORT CudaResult cuLaunchKernelEx(const CudaLaunchConfig *config, void *function,
                                   void **parameters, void **) {
  BEGIN(true, true);
  FakeLaunch launch{*static_cast<const std::string *>(function),
                    config->gridX,
                    config->blockX,
                    config->sharedBytes,
                    1,
                    false,
                    config->stream,
                    {}};
  for (uint32_t i = 0; i < config->attributeCount; ++i) {
    const CudaLaunchAttribute &attribute = config->attributes[i];
    if (attribute.id == launchClusterDimension)
      launch.cluster = attribute.value.clusterDimension[0];
    if (attribute.id == launchProgrammaticSerialization)
      launch.dependent = attribute.value.programmaticSerialization != 0;
  }
  auto counted = state.parameterCounts.find(launch.function);
  size_t count = counted == state.parameterCounts.end() ? state.parameterCount : counted->second;
  for (size_t i = 0; i < count; ++i)
    launch.parameters.push_back(*static_cast<const uint64_t *>(parameters[i]));
  state.steps.push_back({FakeStep::Launch, config->stream, nullptr, launch.function});
  bool isCaptured = state.capturing && state.capturing == config->stream;
  if (!isCaptured)
    run(launch);
  (isCaptured ? state.captured : state.launches).push_back(std::move(launch));
  return cudaSuccess;
}
#endif

//===----------------------------------------------------------------------===//
// Streams, events, graphs
//===----------------------------------------------------------------------===//

EXPORT CudaResult cuStreamCreate(void **stream, unsigned) {
  BEGIN();
  *stream = newHandle();
  return cudaSuccess;
}
EXPORT CudaResult cuStreamDestroy_v2(void *stream) {
  std::lock_guard lock(state.mutex);
  // A capture ends with its stream.
  if (state.capturing == stream) {
    state.capturing = nullptr;
    state.captured.clear();
  }
  return destroy(stream);
}
EXPORT CudaResult cuStreamSynchronize(void *) {
  BEGIN();
  while (state.isBusy)
    pause();
  return cudaSuccess;
}
EXPORT CudaResult cuStreamWaitEvent(void *stream, void *event, unsigned) {
  BEGIN(true, true);
  state.steps.push_back({FakeStep::Wait, stream, event});
  return cudaSuccess;
}
EXPORT CudaResult cuStreamBeginCapture_v2(void *stream, int) {
  BEGIN();
  state.capturing = stream;
  return cudaSuccess;
}
EXPORT CudaResult cuStreamEndCapture(void *, void **graph) {
  BEGIN(true, true);
  state.capturing = nullptr;
  *graph = newHandle();
  state.graphs[*graph] = std::move(state.captured);
  state.captured.clear();
  return cudaSuccess;
}
EXPORT CudaResult cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long) {
  BEGIN();
  *executable = newHandle();
  state.graphs[*executable] = state.graphs[graph];
  return cudaSuccess;
}
EXPORT CudaResult cuGraphLaunch(void *executable, void *) {
  BEGIN();
  for (const FakeLaunch &launch : state.graphs[executable]) {
    run(launch);
    state.launches.push_back(launch);
  }
  return cudaSuccess;
}
EXPORT CudaResult cuGraphDestroy(void *graph) {
  std::lock_guard lock(state.mutex);
  state.graphs.erase(graph);
  return destroy(graph);
}
EXPORT CudaResult cuGraphExecDestroy(void *executable) { return cuGraphDestroy(executable); }
EXPORT CudaResult cuEventCreate(void **event, unsigned) {
  BEGIN();
  *event = newHandle();
  return cudaSuccess;
}
EXPORT CudaResult cuEventDestroy_v2(void *event) {
  std::lock_guard lock(state.mutex);
  return destroy(event);
}
EXPORT CudaResult cuEventRecord(void *event, void *stream) {
  BEGIN(true, true);
  state.steps.push_back({FakeStep::Record, stream, event});
  return cudaSuccess;
}
EXPORT CudaResult cuEventElapsedTime(float *milliseconds, void *, void *) {
  BEGIN();
  *milliseconds = state.elapsed();
  return cudaSuccess;
}
