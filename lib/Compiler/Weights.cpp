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
#include "Codegen.h"
#include "Signatures.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

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

static Error missingFile(std::string_view tensor) {
  return usageError("the module needs tensor " + inQuotes(tensor) +
                    ": name the file that holds it with --weights");
}

static Expected<std::shared_ptr<const LoadedWeight>>
loadConstant(const ConstantWeight &constant, const LoadOptions &options, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight,
                       LoadedWeight::fromPlanes(constant.description, constant.planes.views,
                                                std::nullopt, pool, options));
  return std::make_shared<const LoadedWeight>(std::move(weight));
}

Expected<std::optional<WeightStore>> uwt::openWeights(const CompileOptions &options) {
  std::optional<WeightStore> store;
  ReadOptions read;
  read.check = options.check;
  read.assumePlain = options.assumePlain;
  if (!options.weights.empty()) {
    UWT_ASSIGN_OR_RETURN(store, WeightStore::open(options.weights, read));
  }
  return store;
}

/// What is to be done for a slot whose weight is computed.
static Expected<DerivedWeight> describeDerived(ModuleOp module, SlotAttr slot, size_t number) {
  DerivationAttr derivation = slot.getDerivation();
  auto function = module.lookupSymbol<func::FuncOp>(derivation.getFunction().getAttr());
  if (!function)
    return invalidError("the module has no function " +
                        inQuotes(std::string_view(derivation.getFunction().getValue())) +
                        ", which a weight is derived by");
  DerivedWeight weight;
  weight.slot = number;
  weight.function = signatureOf(function);
  weight.description = cast<CompressedType>(slot.getType()).getDescription();
  if (FormatAttr codes = derivation.getCodes())
    weight.codes = codes.getFormat();
  for (auto name : derivation.getWeights().getAsRange<StringAttr>())
    weight.tensors.push_back(name.str());
  std::vector<TensorSpec> results = resultsOf(weight);
  if (!weight.function.obstacle.empty() || weight.function.inputs.size() != weight.tensors.size() ||
      weight.function.outputs != results || results.empty())
    return invalidError("function " + inQuotes(weight.function.name) +
                        " does not derive a weight " +
                        (results.empty() ? weight.codes->str() : results.front().str()) + " from " +
                        std::to_string(weight.tensors.size()) + " tensors");
  return weight;
}

/// A tensor, dense, as an argument of a function that derives a weight.
static WeightRequest requestOf(const std::string &tensor, const TensorSpec &spec) {
  WeightRequest request;
  request.tensor = tensor;
  request.dtype = spec.dtype;
  request.shape.assign(spec.shape.begin(), spec.shape.end());
  return request;
}

static uint64_t bytesOf(const WeightRequest &request) {
  if (!request.dtype)
    return 0;
  auto bytes = safetensorsBytes(*request.dtype, request.shape);
  return bytes ? *bytes : 0;
}

/// Bytes of the tensors that weights come from, each one once.
static uint64_t countRawBytes(const ProgramCode &code) {
  llvm::StringMap<uint64_t> bytes;
  for (const StoredWeight &weight : code.stored)
    bytes[weight.request.tensor] = bytesOf(weight.request);
  for (const DerivedWeight &weight : code.derived)
    for (auto [tensor, spec] : llvm::zip(weight.tensors, weight.function.inputs))
      bytes[tensor] = bytesOf(requestOf(tensor, spec));
  uint64_t sum = 0;
  for (const auto &[name, count] : bytes)
    sum += count;
  for (const ConstantWeight &constant : code.constants)
    sum += *constant.description.elements() * getTraits(constant.description.element).bytes;
  return sum;
}

Status uwt::describeWeights(ModuleOp module, ProgramCode &code) {
  auto slots = module->getAttrOfType<ArrayAttr>(UWTDialect::slotsAttrName);
  if (!slots)
    return ok();
  code.slots = slots.size();
  ConstantsBySlot constants = findConstants(module);
  for (auto [i, slot] : llvm::enumerate(slots.getAsRange<SlotAttr>())) {
    if (auto constant = constants.lookup(static_cast<int64_t>(i))) {
      UWT_ASSIGN_OR_RETURN(ConstantPlanes planes, planesOf(constant));
      code.constants.push_back({i, constant.getType().getDescription(), std::move(planes)});
    } else if (slot.getDerivation()) {
      UWT_ASSIGN_OR_RETURN(DerivedWeight derived, describeDerived(module, slot, i));
      code.derived.push_back(std::move(derived));
    } else {
      code.stored.push_back({i, requestOf(slot)});
    }
  }
  return ok();
}

Status uwt::loadWeights(const ProgramCode &code, const CompileOptions &options,
                        std::optional<WeightStore> &store, ThreadPool &pool,
                        Program::State &state) {
  LoadOptions load;
  load.check = options.check;
  state.weights.resize(code.slots);
  state.table.resize(code.slots);
  for (const ConstantWeight &constant : code.constants) {
    UWT_ASSIGN_OR_RETURN(state.weights[constant.slot], loadConstant(constant, load, pool));
  }
  if (!code.stored.empty()) {
    if (!store)
      return missingFile(code.stored.front().request.tensor);
    std::vector<WeightRequest> requests;
    for (const StoredWeight &weight : code.stored)
      requests.push_back(weight.request);
    UWT_ASSIGN_OR_RETURN(auto loaded, store->load(requests, pool));
    for (auto [weight, made] : llvm::zip(code.stored, loaded))
      state.weights[weight.slot] = std::move(made);
  }
  state.stats.rawWeightBytes = countRawBytes(code);
  return ok();
}

namespace {
/// Dense tensors that derived weights are computed from, held while one that comes still needs
/// them.
class DenseTensors {
public:
  DenseTensors(std::optional<WeightStore> &store, ThreadPool &pool,
               std::span<const DerivedWeight> weights)
      : store(store), pool(pool) {
    for (const DerivedWeight &weight : weights)
      for (const std::string &tensor : weight.tensors)
        ++users[tensor];
  }

  Expected<std::vector<TensorView>> take(const DerivedWeight &weight) {
    std::vector<TensorView> views;
    for (auto [tensor, spec] : llvm::zip(weight.tensors, weight.function.inputs)) {
      if (!store)
        return missingFile(tensor);
      WeightRequest request = requestOf(tensor, spec);
      UWT_ASSIGN_OR_RETURN(auto loaded, store->load({&request, 1}, pool));
      held[tensor] = loaded.front();
      views.push_back({spec.dtype, request.shape, loaded.front()->view().dense});
    }
    return views;
  }

  void release(const DerivedWeight &weight) {
    for (const std::string &tensor : weight.tensors)
      if (--users[tensor] == 0)
        held.erase(tensor);
  }

private:
  std::optional<WeightStore> &store;
  ThreadPool &pool;
  llvm::StringMap<size_t> users;
  llvm::StringMap<std::shared_ptr<const LoadedWeight>> held;
};
} // namespace

/// Numbers of a derived weight, of cells of a row.
static Grid gridOf(const TensorResult &result, const Format &codes, uint64_t columns) {
  Grid grid;
  grid.cellRows = 1;
  grid.cellColumns = codes.scale->columnsOf(columns);
  grid.cells.resize(result.bytes().size() / sizeof(float));
  std::memcpy(grid.cells.data(), result.bytes().data(), result.bytes().size());
  grid.columns = divideUp(columns, grid.cellColumns);
  return grid;
}

/// Compiled code subtracts zero points of 8 bits, and the IR may say so in types that have no more.
static Status checkZeros(const Grid &zeros) {
  for (float zero : zeros.cells)
    if (!(zero >= -128 && zero <= 255))
      return invalidError("the weight has a zero point of " + std::to_string(zero) +
                          ", and products run from zero points of 8 bits");
  return ok();
}

/// The weight that codes, scales, zeros and what steps take are.
static Expected<QuantizedWeight> quantizedOf(const DerivedWeight &weight,
                                             std::span<const TensorResult> results) {
  const Format &codes = *weight.codes;
  QuantizedWeight quantized;
  quantized.rows = weight.description.shape[0];
  quantized.columns = weight.description.shape[1];
  quantized.values = QuantizedElement::find(codes.element)->values();
  std::span<const uint8_t> bytes = results[0].bytes();
  quantized.codes.assign(bytes.begin(), bytes.end());
  quantized.scale = gridOf(results[1], codes, quantized.columns);
  quantized.zero = Grid::constant(static_cast<float>(codes.zero));
  if (codes.zeroGrid) {
    quantized.zero = gridOf(results[2], codes, quantized.columns);
    UWT_RETURN_IF_ERROR(checkZeros(quantized.zero));
  }
  std::span<const TensorResult> ofSteps = results.last(codes.steps.size());
  for (size_t i = 0; i < ofSteps.size(); ++i)
    quantized.steps.push_back({codes.steps[i].role, gridOf(ofSteps[i], codes, quantized.columns)});
  return quantized;
}

/// The weight that the function of `weight` gave.
static Expected<LoadedWeight> encodeDerived(const DerivedWeight &weight,
                                            std::span<const TensorResult> results, ThreadPool &pool,
                                            const LoadOptions &options) {
  if (!weight.codes)
    return LoadedWeight::fromBytes(weight.description, results.front().bytes(), pool, options);
  UWT_ASSIGN_OR_RETURN(QuantizedWeight quantized, quantizedOf(weight, results));
  return LoadedWeight::fromQuantized(weight.description, quantized, pool, options);
}

Status uwt::deriveWeights(const ProgramCode &code, const CompileOptions &options,
                          std::optional<WeightStore> &store, ThreadPool &pool,
                          Program::State &state) {
  LoadOptions load;
  load.check = options.check;
  DenseTensors tensors(store, pool, code.derived);
  for (const DerivedWeight &weight : code.derived) {
    UWT_ASSIGN_OR_RETURN(std::vector<TensorView> inputs, tensors.take(weight));
    UWT_ASSIGN_OR_RETURN(EntryFunction entry, state.jit->entry(entryName(weight.function.name)));
    UWT_ASSIGN_OR_RETURN(std::vector<TensorResult> results,
                         callEntry(entry, weight.function, inputs, &pool));
    UWT_ASSIGN_OR_RETURN(LoadedWeight made, encodeDerived(weight, results, pool, load));
    state.weights[weight.slot] = std::make_shared<const LoadedWeight>(std::move(made));
    tensors.release(weight);
  }
  for (auto [entry, weight] : llvm::zip(state.table, state.weights)) {
    entry = weight->view();
    state.stats.weightBytes += weight->bytes();
  }
  state.stats.weights = state.weights.size();
  return ok();
}
