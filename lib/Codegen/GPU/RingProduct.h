//===- RingProduct.h - Kernel product with a ring ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kinds skinny, wide and shared: some warps multiply what others bring into a ring of stages.
//
//   shapes                              ProductPlan.h
//   which k-tiles a cluster multiplies  WorkPartition.h
//   stages and their barriers           Stage.h, RingPipeline.h
//   roles: copies                       Producer.h, StageCopies.h
//          products                     Consumer.h
//            of a stage                 Mainloop.h: StageDecoder.h, EscapePatcher.h, WarpMma.h
//            sums of work tiles         Reducer.h, PartialSums.h
//            outputs                    TileOutput.h, Output.h
//          decode for others            SharedDecoder.h, StreamReader.h
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_RINGPRODUCT_H
#define UWT_LIB_CODEGEN_GPU_RINGPRODUCT_H

#include "LaneCode.h"
#include "ProductArguments.h"
#include "RingPipeline.h"
#include "ScratchMemory.h"
#include "SharedDecoder.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// Builds kernel `product` of plans that have a ring.
class RingProduct : private LaneCode {
public:
  /// `format` is the weight's.
  RingProduct(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
              mlir::OpBuilder &builder)
      : LaneCode(builder, op.getLoc()), op(op), plan(plan), format(format) {}
  void build(mlir::gpu::GPUModuleOp module);

private:
  /// Views of shared memory: the ring, and scratch memory as u32 and as halves of them, null where
  /// it is not needed.
  struct Memory {
    mlir::Value ring, scratch, scratchHalves;
  };
  /// What all roles share.
  struct Cta {
    const ProductArguments &arguments;
    const CtaThread &thread;
    RingPipeline &ring;
    ScratchMemory &scratch;
    /// Kind shared, else null.
    StreamReader *streams;
    DecoderThread decoder;
  };
  llvm::SmallVector<mlir::Value ProductArguments::*> argumentOrder() const;
  mlir::gpu::GPUFuncOp begin(mlir::gpu::GPUModuleOp module);
  ProductArguments argumentsOf(mlir::gpu::GPUFuncOp kernel);
  Memory layOut();
  /// Escapes that decoders apply are applied where the words lie.
  void useRingAsScratch(Memory &memory);
  void initBarriers(const Cta &cta);
  /// Waits until all threads of the cluster have come; of what they wrote, only fenced
  /// initialisations of mbarriers are seen then.
  void meetCluster();
  void buildRoles(const Cta &cta);
  void moveRegisters(int32_t count, bool isMore);
  void buildConsumer(const Cta &cta);
  /// Whoever brings the weights.
  void buildDecoder(const Cta &cta);
  void buildProducer(const Cta &cta);

  MatmulOp op;
  const ProductPlan &plan;
  const EmittedFormat &format;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_RINGPRODUCT_H
