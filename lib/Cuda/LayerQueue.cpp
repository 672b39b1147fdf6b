//===- LayerQueue.cpp - Layers whose weights are decoded ahead ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/LayerQueue.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::cuda;

Expected<LayerQueue> LayerQueue::create(const CudaDevicePtr &device) {
  UWT_ASSIGN_OR_RETURN(CudaStream side, CudaStream::create(device));
  UWT_ASSIGN_OR_RETURN(CudaEvent begun, CudaEvent::create(device));
  UWT_ASSIGN_OR_RETURN(CudaEvent decoded, CudaEvent::create(device));
  LayerQueue queue(device, std::move(side), std::move(begun), std::move(decoded));
  for (size_t i = 0; i < remembered; ++i) {
    UWT_ASSIGN_OR_RETURN(CudaEvent event, CudaEvent::create(device));
    queue.multiplied.push_back(std::move(event));
  }
  return queue;
}

Status LayerQueue::check(std::span<const Layer> layers) const {
  for (size_t i = 0; i < layers.size(); ++i) {
    auto refuse = [&](const char *why) {
      return usageError("layer " + std::to_string(i) + " " + why);
    };
    if (!layers[i].launcher)
      return refuse("has no launcher");
    if (!layers[i].launcher->isOn(device))
      return refuse("is on another device than the queue, or on one that was opened apart");
    if (Status status = layers[i].launcher->check(layers[i].operands); !status)
      return status.takeError().in("layer " + std::to_string(i));
  }
  return ok();
}

static bool overlap(const DeviceRange &a, const DeviceRange &b) {
  return a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

Status LayerQueue::decode(std::span<const Layer> layers, size_t number, void *stream,
                          uint32_t decodeCtas) const {
  LaunchOperands operands = layers[number].operands;
  for (size_t before = number; before-- > 0;) {
    if (!overlap(layers[before].operands.workspace, operands.workspace))
      continue;
    // A later layer's event is one of this layer, too: they are multiplied in turn.
    size_t known = std::max(before, number - std::min(number, remembered));
    UWT_RETURN_IF_ERROR(multiplied[known % remembered].holdBack(side.get()));
    break;
  }
  operands.ctas = decodeCtas;
  UWT_RETURN_IF_ERROR(layers[number].launcher->launchDecode(operands, side.get()));
  UWT_RETURN_IF_ERROR(decoded.record(side.get()));
  return decoded.holdBack(stream);
}

Status LayerQueue::launch(std::span<const Layer> layers, void *stream, uint32_t decodeCtas) const {
  UWT_RETURN_IF_ERROR(check(layers));
  UWT_RETURN_IF_ERROR(begun.record(stream));
  UWT_RETURN_IF_ERROR(begun.holdBack(side.get()));
  for (size_t i = 0; i < layers.size(); ++i) {
    LaunchOperands operands = layers[i].operands;
    if (!operands.isDecoded && operands.m != 0 && layers[i].launcher->decodesFirst()) {
      UWT_RETURN_IF_ERROR(decode(layers, i, stream, decodeCtas));
      operands.isDecoded = true;
    }
    UWT_RETURN_IF_ERROR(layers[i].launcher->launch(operands, stream));
    UWT_RETURN_IF_ERROR(multiplied[i % remembered].record(stream));
  }
  // A capture ends only where all streams have come together again.
  UWT_RETURN_IF_ERROR(decoded.record(side.get()));
  return decoded.holdBack(stream);
}
