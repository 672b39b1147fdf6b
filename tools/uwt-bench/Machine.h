//===- Machine.h - What was measured on ------------------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_MACHINE_H
#define UWT_TOOLS_UWTBENCH_MACHINE_H

#include "uwt/Cuda/Device.h"
#include <optional>
#include <string>

namespace uwt::bench {

/// A GPU's state at a moment.
struct GpuClocks {
  unsigned smMegahertz = 0, memoryMegahertz = 0, celsius = 0, watts = 0;
};

/// NVIDIA's management library, where it is there: it only says what the clocks were. Movable.
class Management {
public:
  /// Finds the library and the device in it; without either nothing is known.
  explicit Management(const cuda::CudaDevice &device);

  /// Of the NVIDIA driver, "550.54.15"; empty where not known.
  std::string driverVersion() const;
  std::optional<GpuClocks> clocks() const;

private:
  void *library = nullptr, *handle = nullptr;
};

/// The host's name; empty where it has none.
std::string hostName();

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_MACHINE_H
