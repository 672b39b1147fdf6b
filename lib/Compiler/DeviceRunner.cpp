//===- DeviceRunner.cpp - Products of a program on a GPU ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights stay on the device; x and y of each product are copied. For programs whose tensors stay
// on the device as well, there are packs (uwt/Cuda/Launch.h).
//
//===----------------------------------------------------------------------===//

#include "ProductRunner.h"
#include "uwt/Cuda/Launch.h"
#include <map>

using namespace uwt;

namespace {
class DeviceRunner final : public ProductRunner {
public:
  Status prepare(DeviceCode code, const LoadedWeights &weights);
  Status run(size_t call, const emulator::EmulatedOperands &operands) override;

private:
  Status upload(const std::vector<ProductCall> &calls, const LoadedWeights &weights);
  Expected<const cuda::KernelLauncher *> launcherFor(const cuda::DeviceWeight &weight, uint32_t m);
  /// Buffers stay from call to call, and grow.
  Status reserve(cuda::DeviceBuffer &buffer, uint64_t bytes, bool isZero);
  /// Operand `number`, on the device.
  Expected<cuda::DeviceRange> copyIn(size_t number, std::span<const uint8_t> bytes);

  cuda::CudaDevicePtr device;
  std::optional<cuda::CudaStream> stream;
  std::vector<uint8_t> packBytes;
  std::unique_ptr<cuda::DevicePack> pack;
  std::vector<std::shared_ptr<const cuda::DeviceWeight>> weightOfCall;
  std::map<std::pair<const cuda::DeviceWeight *, const KernelEntry *>, cuda::KernelLauncher>
      launchers;
  cuda::DeviceBuffer workspace, counters, y;
  /// x, then the extra operands.
  std::vector<cuda::DeviceBuffer> inputs;
};
} // namespace

static Expected<cuda::CudaDevicePtr> openDevice() {
  UWT_ASSIGN_OR_RETURN(auto driver, cuda::CudaDriver::open());
  return cuda::CudaDevice::open(driver);
}

Status DeviceRunner::prepare(DeviceCode code, const LoadedWeights &weights) {
  UWT_ASSIGN_OR_RETURN(device, openDevice());
  UWT_ASSIGN_OR_RETURN(stream, cuda::CudaStream::create(device));
  packBytes = std::move(code.pack);
  UWT_ASSIGN_OR_RETURN(auto parsed, KernelPack::parse(packBytes));
  pack = std::make_unique<cuda::DevicePack>(device, parsed);
  return upload(code.products.calls, weights);
}

Status DeviceRunner::upload(const std::vector<ProductCall> &calls, const LoadedWeights &weights) {
  std::vector<std::shared_ptr<const cuda::DeviceWeight>> bySlot(weights.size());
  for (const ProductCall &call : calls) {
    auto slot = static_cast<size_t>(call.slot);
    if (!bySlot[slot]) {
      UWT_ASSIGN_OR_RETURN(cuda::DeviceWeight weight,
                           cuda::DeviceWeight::upload(device, *weights[slot], *stream));
      bySlot[slot] = std::make_shared<const cuda::DeviceWeight>(std::move(weight));
    }
    weightOfCall.push_back(bySlot[slot]);
  }
  return ok();
}

Status DeviceRunner::reserve(cuda::DeviceBuffer &buffer, uint64_t bytes, bool isZero) {
  if (buffer.bytes() >= bytes)
    return ok();
  UWT_ASSIGN_OR_RETURN(buffer, cuda::DeviceBuffer::allocate(device, bytes));
  return isZero ? buffer.fill(0, stream->get()) : ok();
}

Expected<cuda::DeviceRange> DeviceRunner::copyIn(size_t number, std::span<const uint8_t> bytes) {
  if (inputs.size() <= number)
    inputs.resize(number + 1);
  cuda::DeviceBuffer &buffer = inputs[number];
  UWT_RETURN_IF_ERROR(reserve(buffer, bytes.size(), /*isZero=*/false));
  UWT_RETURN_IF_ERROR(buffer.write(0, bytes, stream->get()));
  return cuda::DeviceRange{buffer.address(), bytes.size()};
}

Expected<const cuda::KernelLauncher *> DeviceRunner::launcherFor(const cuda::DeviceWeight &weight,
                                                                 uint32_t m) {
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack->select(weight, m));
  auto key = std::pair(&weight, entry);
  auto known = launchers.find(key);
  if (known == launchers.end()) {
    UWT_ASSIGN_OR_RETURN(cuda::KernelLauncher made,
                         cuda::KernelLauncher::create(*pack, *entry, weight));
    known = launchers.emplace(key, std::move(made)).first;
  }
  return &known->second;
}

Status DeviceRunner::run(size_t call, const emulator::EmulatedOperands &operands) {
  if (operands.m == 0)
    return ok();
  const cuda::DeviceWeight &weight = *weightOfCall[call];
  UWT_ASSIGN_OR_RETURN(const cuda::KernelLauncher *launcher, launcherFor(weight, operands.m));
  UWT_ASSIGN_OR_RETURN(cuda::LaunchSize size, launcher->size(operands.m));
  UWT_RETURN_IF_ERROR(reserve(workspace, size.workspaceBytes, /*isZero=*/false));
  UWT_RETURN_IF_ERROR(reserve(counters, size.counterBytes, /*isZero=*/true));
  UWT_RETURN_IF_ERROR(reserve(y, operands.y.size(), /*isZero=*/false));
  cuda::LaunchOperands launch;
  UWT_ASSIGN_OR_RETURN(cuda::DeviceRange x, copyIn(0, operands.x));
  std::vector<cuda::DeviceRange> extras;
  for (std::span<const uint8_t> extra : operands.extras) {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceRange part, copyIn(extras.size() + 1, extra));
    extras.push_back(part);
  }
  launch.weight = weight.address();
  launch.matrix = operands.matrix;
  launch.x = x.address;
  launch.y = y.address();
  launch.m = operands.m;
  launch.workspace = {workspace.address(), workspace.bytes()};
  launch.counters = {counters.address(), counters.bytes()};
  launch.extras = extras;
  UWT_RETURN_IF_ERROR(launcher->launch(launch, stream->get()));
  UWT_RETURN_IF_ERROR(y.read(0, operands.y, stream->get()));
  return stream->synchronize();
}

Status ProductRunner::checkDevice() {
  UWT_RETURN_IF_ERROR(openDevice());
  return ok();
}

Expected<std::unique_ptr<ProductRunner>> ProductRunner::onDevice(DeviceCode code,
                                                                 const LoadedWeights &weights) {
  auto runner = std::make_unique<DeviceRunner>();
  UWT_RETURN_IF_ERROR(runner->prepare(std::move(code), weights));
  return std::unique_ptr<ProductRunner>(std::move(runner));
}
