//===- LaneValues.h - A linalg operation's body on vectors ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What happens at one point of the loops that VectorLoops.cpp writes: reads,
// arithmetic, sums and writes of 16 lanes. Values that are the same for all lanes stay scalar
// as long as they can.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_LANEVALUES_H
#define UWT_LIB_CODEGEN_CPU_LANEVALUES_H

#include "VectorLoops.h"

namespace uwt::codegen {

/// `count`, where it is given, is how many lanes are in use; null means all.
class LaneValues {
public:
  LaneValues(mlir::RewriterBase &builder, mlir::linalg::GenericOp op, const VectorPlan &plan)
      : builder(builder), op(op), plan(plan), loc(op.getLoc()) {}

  void setExtents(llvm::ArrayRef<mlir::OpFoldResult> sizes) { extents.assign(sizes); }

  /// The values that the body yields at `indices`; `outputs` are the outputs' values so far, read
  /// from memory where the list is empty.
  llvm::SmallVector<mlir::Value> emitBody(llvm::ArrayRef<mlir::Value> indices, mlir::Value count,
                                          llvm::ArrayRef<mlir::Value> outputs);

  void storeOutputs(llvm::ArrayRef<mlir::Value> indices, mlir::Value count,
                    llvm::ArrayRef<mlir::Value> values);

  /// What the accumulators of a point are before the first iteration, one an output.
  llvm::SmallVector<mlir::Value> initialAccumulators(llvm::ArrayRef<mlir::Value> indices,
                                                     mlir::Value count);
  /// `accumulators` with one more iteration.
  llvm::SmallVector<mlir::Value> addTo(llvm::ArrayRef<mlir::Value> accumulators,
                                       llvm::ArrayRef<mlir::Value> indices, mlir::Value count);
  /// Adds lanes up where they are part of the sum, and writes the outputs.
  void storeAccumulators(llvm::ArrayRef<mlir::Value> indices, mlir::Value count,
                         llvm::ArrayRef<mlir::Value> accumulators);

private:
  mlir::Value index(int64_t value);
  mlir::Value toLanes(mlir::Value value);
  mlir::Value mask(mlir::Value count);
  llvm::SmallVector<mlir::Value> position(unsigned operand, llvm::ArrayRef<mlir::Value> indices);
  llvm::SmallVector<mlir::Value> lanePosition(unsigned operand, llvm::ArrayRef<mlir::Value> indices,
                                              int64_t lane, mlir::Value count);
  mlir::Value load(unsigned operand, llvm::ArrayRef<mlir::Value> indices, mlir::Value count);
  void store(unsigned output, llvm::ArrayRef<mlir::Value> indices, mlir::Value count,
             mlir::Value value);
  mlir::Value emitIndex(mlir::linalg::IndexOp op, llvm::ArrayRef<mlir::Value> indices);
  /// The results of `inner`, on lanes where an operand is.
  llvm::SmallVector<mlir::Value> emitScalarOp(mlir::Operation &inner, mlir::IRMapping &values);
  mlir::Value combine(const Combiner &combiner, mlir::Value sum, mlir::Value term);
  mlir::Value combineLanes(const Combiner &combiner, mlir::Value lanes);
  mlir::Value loadOutput(unsigned output, llvm::ArrayRef<mlir::Value> indices, mlir::Value count);

  mlir::RewriterBase &builder;
  mlir::linalg::GenericOp op;
  const VectorPlan &plan;
  mlir::Location loc;
  llvm::SmallVector<mlir::OpFoldResult> extents;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_LANEVALUES_H
