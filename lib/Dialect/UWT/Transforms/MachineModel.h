//===- MachineModel.h - What is chosen for a machine ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What uwt-select-format and uwt-select-strategy ask, for a CPU and for a GPU alike: the passes
// walk the module and rewrite it, a model brings products to the cost model's terms and its choices
// back.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_MACHINEMODEL_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_MACHINEMODEL_H

#include "uwt/CostModel/KernelProfiles.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include <memory>

namespace uwt {

/// What the options of both passes say of the machine, and what they pin.
struct MachineOptions {
  /// A GPU target by its name; empty for the CPU target of the module.
  std::string gpu = {};
  /// A GPU's board, and a CPU's file of constants; empty for the usual ones.
  std::string board = {}, calibration = {};
  /// The format that all weights run from; empty for the model's choice.
  std::string runFormat = {};
  /// Where weights are decoded; empty for the model's choice.
  std::string strategy = {};
  /// Of CPUs; 0 for the model's choice, and for all processors.
  unsigned tileN = 0, tileM = 0, tileK = 0, prefetch = 0, readStreams = 0, threads = 0;
  /// Of GPUs (GpuPins); 0 or empty for the model's choice.
  unsigned mTiles = 0, stages = 0, groups = 0, cluster = 0;
  /// Whether kernels of GPUs are searched for (GpuSearch.h), or the rules' are taken.
  bool search = true;
  /// Whether that is for the format of each product alone (GpuSearch::isOfOwnFormat).
  bool ownFormat = false;
  std::string instruction = {};
  /// The usual m where only a call knows it; 0: any.
  unsigned mHint = 0;
  /// Most ranges of m that a CPU's product is compiled for.
  unsigned maxCases = 3;
  /// Products that no kernel of the GPU serves are no errors.
  bool keepOnHost = false;
  /// Where profiles of a GPU's kernels come from.
  KernelProfileSource *profiles = &tableOfKernelProfiles();
};

/// A pass with the options that TableGen calls machineOptions (Passes.td); `Base` is what TableGen
/// made of it.
template <typename Base> class MachinePass : public Base {
public:
  using Base::Base;

protected:
  MachineOptions machineOptions() const {
    MachineOptions result;
    result.gpu = this->gpu;
    result.calibration = this->calibration;
    result.runFormat = this->runFormat;
    result.strategy = this->strategy;
    result.tileN = this->tileN;
    result.tileM = this->tileM;
    result.tileK = this->tileK;
    result.prefetch = this->prefetch;
    result.readStreams = this->readStreams;
    result.threads = this->threads;
    return result;
  }
};

/// What uses one weight; one of both is not empty.
struct WeightUses {
  llvm::SmallVector<MatmulOp> products;
  llvm::SmallVector<GatherOp> gathers;

  mlir::Operation *first() {
    return products.empty() ? gathers[0].getOperation() : products[0].getOperation();
  }
  mlir::Value weight() {
    return products.empty() ? gathers[0].getWeight() : products[0].getWeight();
  }
};

/// A type that a weight's products could run from, with what is predicted, in words; no words where
/// nothing is.
struct FormatCandidate {
  CompressedType type;
  std::string prediction;
};

/// A strategy for each range of m: those up to a limit, and the rest.
struct StrategyRanges {
  llvm::SmallVector<int64_t> limits;
  llvm::SmallVector<mlir::Attribute> strategies;
};

class MachineModel {
public:
  virtual ~MachineModel() = default;

  /// For remarks: "H200".
  virtual std::string name() const = 0;

  /// Whether weights that only rows are taken of have a format of this machine, too.
  virtual bool takesRows() const = 0;
  /// Whether the weight comes from a transcode that is somebody's decision.
  virtual bool isDecided(mlir::Value weight) const = 0;
  /// Whether products can run from a type. Errors: Unsupported.
  virtual Status checkFormat(CompressedType type) = 0;
  /// The types among `types` that all products with a weight together run fastest from, best first;
  /// of equal ones the one that is further ahead. Empty where nothing is known of any: the weight
  /// stays as it is. Errors: Unsupported (products cannot be run from any as the options say).
  virtual Expected<llvm::SmallVector<FormatCandidate>>
  rankFormats(WeightUses &weight, llvm::ArrayRef<CompressedType> types) = 0;

  /// The strategies of a product; none where it stays without one, which a remark has said. Fails
  /// with a diagnostic at the product.
  virtual mlir::FailureOr<StrategyRanges> chooseStrategies(MatmulOp op) = 0;
  /// Sentences for remarks at the product: what was chosen, and why.
  virtual llvm::SmallVector<std::string> explain(MatmulOp op, const StrategyRanges &ranges) = 0;
};

/// Both fail with a diagnostic at the module.
mlir::FailureOr<std::unique_ptr<MachineModel>> createCpuModel(mlir::ModuleOp module,
                                                              const MachineOptions &options);
mlir::FailureOr<std::unique_ptr<MachineModel>> createGpuModel(mlir::ModuleOp module,
                                                              const MachineOptions &options);
/// The model of the machine that the options name.
inline mlir::FailureOr<std::unique_ptr<MachineModel>>
createMachineModel(mlir::ModuleOp module, const MachineOptions &options) {
  return options.gpu.empty() ? createCpuModel(module, options) : createGpuModel(module, options);
}

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_MACHINEMODEL_H
