//===- ReadProbe.h - How fast a GPU only reads ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel that reads memory and does nothing with it: what a product of as many bytes cannot be
// faster than. Written in PTX, which the driver compiles, so that it needs no pack.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_READPROBE_H
#define UWT_CUDA_READPROBE_H

#include "uwt/Cuda/Device.h"
#include <string_view>

namespace uwt::cuda {

/// The probe on a device. Immutable and thread-safe.
class ReadProbe {
public:
  /// Its text, for any GPU from sm_80 on.
  static std::string_view ptx();

  /// Errors: the driver's.
  static Expected<ReadProbe> create(CudaDevicePtr device);
  /// Reads `bytes` bytes, a multiple of 16, from an address that is one too, by loads of 16 bytes
  /// of all multiprocessors. Neither allocates nor waits. Errors: Usage (another size or
  /// address), and the driver's.
  Status launch(uint64_t address, uint64_t bytes, void *stream) const;

private:
  ReadProbe() = default;
  std::shared_ptr<const CudaModule> code;
  void *function = nullptr;
  /// Where it would write what never happens to be read: loads without a use would vanish.
  DeviceBuffer sink;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_READPROBE_H
