//===- CudaGrouped.cpp - Grouped products on a GPU in the C API -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaObjects.h"
#include "Objects.h"
#include "uwt/Cuda/GroupedKernels.h"

using namespace uwt;

struct UWTCudaGroupedKernels {
  // What the kernels refer to.
  std::shared_ptr<cuda::DevicePack> pack;
  cuda::GroupedKernels kernels;
};

UWTError *uwtCudaGroupedKernelsCreate(UWTCudaPack *pack, const UWTCudaWeight *weight,
                                      UWTCudaGroupedKernels **kernels) {
  return runFunction({{pack, "pack"}, {weight, "weight"}, {kernels, "kernels"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceWeightDescription description, descriptionOf(*weight));
    UWT_ASSIGN_OR_RETURN(cuda::GroupedKernels made,
                         cuda::GroupedKernels::create(*pack->pack, description));
    *kernels = new UWTCudaGroupedKernels{pack->pack, std::move(made)};
    return ok();
  });
}

uint32_t uwtCudaGroupedKernelsSlice(const UWTCudaGroupedKernels *kernels, uint32_t rows) {
  return kernels ? kernels->kernels.sliceFor(rows) : 0;
}

UWTError *uwtCudaGroupedKernelsScratch(const UWTCudaGroupedKernels *kernels, uint32_t slice,
                                       uint32_t slices, uint64_t *workspaceBytes,
                                       uint64_t *counterBytes) {
  return runFunction(
      {{kernels, "kernels"}, {workspaceBytes, "workspaceBytes"}, {counterBytes, "counterBytes"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(cuda::LaunchSize size, kernels->kernels.size(slice, slices));
        *workspaceBytes = size.workspaceBytes;
        *counterBytes = size.counterBytes;
        return ok();
      });
}

void uwtCudaGroupedKernelsDestroy(UWTCudaGroupedKernels *kernels) { delete kernels; }

void uwtCudaGroupedProductInit(UWTCudaGroupedProduct *product, size_t size) {
  setDefaults(product, size, UWTCudaGroupedProduct{});
}

UWTError *uwtCudaGroupedProduct(const UWTCudaGroupedKernels *kernels,
                                const UWTCudaGroupedProduct *product, void *stream) {
  return runFunction({{kernels, "kernels"}, {product, "product"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const UWTCudaGroupedProduct call,
                         takeOptions(product, uwtCudaGroupedProductInit,
                                     sizeof(UWTCudaGroupedProduct), "uwtCudaGroupedProductInit"));
    const cuda::GroupedKernels &own = kernels->kernels;
    UWT_RETURN_IF_ERROR(checkMatrix(own.weight(), call.n, call.k));
    // The sizes of all slices are those of a launch.
    UWT_RETURN_IF_ERROR(own.size(call.slice, call.slices));
    cuda::LaunchOperands given;
    given.weight = call.weight;
    given.x = call.x;
    given.y = call.y;
    given.m = call.slice * call.slices;
    given.xStride = call.xStride;
    given.yStride = call.yStride;
    given.workspace = rangeOf(call.workspace);
    given.counters = rangeOf(call.counters);
    given.slices = rangeOf(call.table);
    return own.launch(call.slice, given, stream);
  });
}
