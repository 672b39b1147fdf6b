//===- RingWork.h - What a role of a ring works on --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_RINGWORK_H
#define UWT_LIB_CODEGEN_GPU_RINGWORK_H

#include "PanelTable.h"
#include "ProductArguments.h"
#include "RingPipeline.h"
#include "WorkPartition.h"

namespace uwt::codegen {

/// The k-tiles of a work unit, the panels of their output tiles, and the stages that they go
/// through. Each role has its own (WorkPartition), of the ring of all.
struct RingWork {
  RingWork(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
           RingPipeline &ring)
      : partition(code, plan, arguments), panels(code, plan, arguments, partition.rankInCluster()),
        ring(ring) {}

  WorkPartition partition;
  PanelTable panels;
  RingPipeline &ring;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_RINGWORK_H
