//===- VectorLoops.h - A linalg operation as vector loops -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitter behind uwt-vectorize-linalg. VectorPlan says which dimension
// becomes lanes; emitVectorLoops writes the loops. The plan depends on the operation alone,
// never on a target: sums have one order everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_VECTORLOOPS_H
#define UWT_LIB_CODEGEN_CPU_VECTORLOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include <optional>

namespace uwt::codegen {

/// Lanes of every vector that the emitter writes.
inline constexpr int64_t vectorLanes = 16;

/// How one operand is read or written along the vector's dimension.
enum class Access {
  /// The same element for all lanes.
  Uniform,
  /// Neighbouring elements.
  Contiguous,
  /// Anything else: an element at a time.
  Strided,
};

/// The combining operation of an output's reduction.
struct Combiner {
  mlir::Operation *op = nullptr;
  /// The operand of `op` that is not the sum so far.
  mlir::Value term;
};

/// Which loops an operation becomes.
struct VectorPlan {
  /// The dimension that becomes lanes; none if all extents are 1 or no dimension is suitable.
  std::optional<unsigned> lanesDim;
  /// Whether it is a reduction dimension.
  bool lanesReduce = false;
  /// The parallel dimension of which several iterations run together; none if there is no
  /// reduction.
  std::optional<unsigned> jamDim;
  /// Access of each operand, inputs first.
  llvm::SmallVector<Access> accesses;
  /// One an output, if all outputs' reductions are understood; else empty.
  llvm::SmallVector<Combiner> combiners;
};

/// Finds the plan for `op` on memrefs; none if its body cannot become vectors.
std::optional<VectorPlan> planVectorLoops(mlir::linalg::GenericOp op);

/// Writes the loops before `op`. The caller erases it.
void emitVectorLoops(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op,
                     const VectorPlan &plan);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_VECTORLOOPS_H
