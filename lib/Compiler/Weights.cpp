//===- Weights.cpp - Loads the weights of a module ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slot says name and type: planes in a format, or a dense tensor. A tensor of a file is coded
// anew where the file has it in another format; a constant's planes come from the module. The
// module may not have been bound to the very files that are read here, so shapes and element types
// are compared again: compiled code trusts them.
//
//===----------------------------------------------------------------------===//

#include "Weights.h"
#include "Signatures.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace uwt;

using ConstantsBySlot = llvm::DenseMap<int64_t, ConstantOp>;

static ConstantsBySlot findConstants(ModuleOp module) {
  ConstantsBySlot constants;
  module.walk([&](ConstantOp constant) {
    if (auto slot = constant->getAttrOfType<IntegerAttr>("slot"))
      constants.try_emplace(slot.getInt(), constant);
  });
  return constants;
}

/// What a slot asks a file for.
static WeightRequest requestOf(SlotAttr slot) {
  auto compressed = dyn_cast<CompressedType>(slot.getType());
  auto type = compressed ? compressed.getTensorType() : cast<RankedTensorType>(slot.getType());
  WeightRequest request;
  request.tensor = slot.getName().str();
  request.dtype = dtypeOf(type.getElementType());
  request.shape.assign(type.getShape().begin(), type.getShape().end());
  if (compressed)
    request.format = compressed.getFormat().getFormat();
  return request;
}

static Expected<std::shared_ptr<const LoadedWeight>>
loadConstant(ConstantOp constant, const LoadOptions &options, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(ConstantPlanes planes, planesOf(constant));
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight,
                       LoadedWeight::fromPlanes(constant.getType().getDescription(), planes.views,
                                                std::nullopt, pool, options));
  return std::make_shared<const LoadedWeight>(std::move(weight));
}

Expected<std::optional<WeightStore>> uwt::openWeights(const CompileOptions &options) {
  std::optional<WeightStore> store;
  ReadOptions read;
  read.check = options.check;
  if (!options.weights.empty()) {
    UWT_ASSIGN_OR_RETURN(store, WeightStore::open(options.weights, read));
  }
  return store;
}

Status uwt::loadWeights(ModuleOp module, const CompileOptions &options,
                        std::optional<WeightStore> &store, ThreadPool &pool,
                        Program::State &state) {
  auto slots = module->getAttrOfType<ArrayAttr>(UWTDialect::slotsAttrName);
  if (!slots)
    return uwt::success();
  LoadOptions load;
  load.check = options.check;
  ConstantsBySlot constants = findConstants(module);
  state.weights.resize(slots.size());
  std::vector<WeightRequest> requests;
  std::vector<size_t> requested;
  for (auto [i, slot] : llvm::enumerate(slots.getAsRange<SlotAttr>())) {
    if (auto constant = constants.lookup(static_cast<int64_t>(i))) {
      UWT_ASSIGN_OR_RETURN(state.weights[i], loadConstant(constant, load, pool));
      continue;
    }
    if (!store)
      return usageError("the module needs tensor " + inQuotes(std::string_view(slot.getName())) +
                        ": name the file that holds it with --weights");
    requests.push_back(requestOf(slot));
    requested.push_back(i);
  }
  if (!requests.empty()) {
    UWT_ASSIGN_OR_RETURN(auto loaded, store->load(requests, pool));
    for (auto [i, weight] : llvm::zip(requested, loaded))
      state.weights[i] = std::move(weight);
  }
  for (const auto &weight : state.weights) {
    state.table.push_back(weight->view());
    state.stats.weightBytes += weight->bytes();
  }
  state.stats.weights = state.weights.size();
  return uwt::success();
}
