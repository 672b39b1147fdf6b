//===- LayerQueue.h - Layers whose weights are decoded ahead ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sequence of products, each of which decodes its weight first (strategies buffer, exponents and
// codes): the weight of the next one is decoded on a second stream while this one is multiplied.
// One of the two is limited by memory, the other one by the tensor cores, if m is large.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_LAYERQUEUE_H
#define UWT_CUDA_LAYERQUEUE_H

#include "uwt/Cuda/Launch.h"
#include <span>
#include <vector>

namespace uwt::cuda {

/// Launches layers on a caller's stream and on one of its own. One launch at a time.
class LayerQueue {
public:
  struct Layer {
    const KernelLauncher *launcher = nullptr;
    /// As for KernelLauncher::launch. Where `isDecoded` is set, the weight is not decoded again.
    LaunchOperands operands;
  };

  /// Makes the second stream and its events. Errors: the driver's.
  static Expected<LayerQueue> create(const CudaDevicePtr &device);

  /// The same as launching each layer in turn on `stream`, in results and in what later work on
  /// `stream` may rely on. The weight of a layer is decoded when the last layer before it whose
  /// workspace overlaps its own has been multiplied: so give layers two workspaces in turn. What
  /// was on `stream` before the call is waited for. With `decodeCtas` no more CTAs decode at a
  /// time, so that others are left to multiply; 0 for as many as fit.
  ///
  /// Neither allocates nor waits: may be captured in a CUDA graph. Errors, found before anything is
  /// launched: Usage (no launcher, another device, operands that launch() refuses); the driver's.
  Status launch(std::span<const Layer> layers, void *stream, uint32_t decodeCtas = 0) const;

private:
  /// Layers back to which there are events of their own; those before are waited for by the oldest
  /// of these.
  static constexpr size_t remembered = 4;

  LayerQueue(CudaDevicePtr device, CudaStream side, CudaEvent begun, CudaEvent decoded)
      : device(std::move(device)), side(std::move(side)), begun(std::move(begun)),
        decoded(std::move(decoded)) {}
  Status check(std::span<const Layer> layers) const;
  Status decode(std::span<const Layer> layers, size_t number, void *stream,
                uint32_t decodeCtas) const;

  CudaDevicePtr device;
  CudaStream side;
  CudaEvent begun, decoded;
  std::vector<CudaEvent> multiplied;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_LAYERQUEUE_H
