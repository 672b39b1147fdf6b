//===- Signatures.cpp - What functions take and give ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code trusts dynamic sizes to agree where the module joins them (two operands of a
// sum), so callers have to be checked for it. Sizes are classes of (value, dimension): linalg's
// indexing maps, casts, and tensor.dim unite them. What is computed from sizes in other ways is not
// followed.
//
//===----------------------------------------------------------------------===//

#include "Signatures.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Runtime/WeightImage.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace uwt;

const SafetensorsDtype *uwt::dtypeOf(Type type) {
  StringRef name = llvm::TypeSwitch<Type, StringRef>(type)
                       .Case([](BFloat16Type) { return "BF16"; })
                       .Case([](Float16Type) { return "F16"; })
                       .Case([](Float32Type) { return "F32"; })
                       .Case([](Float64Type) { return "F64"; })
                       .Case([](Float8E4M3FNType) { return "F8_E4M3"; })
                       .Case([](Float8E5M2Type) { return "F8_E5M2"; })
                       .Case([](IndexType) { return "I64"; })
                       .Case([](IntegerType integer) -> StringRef {
                         bool isUnsigned = integer.isUnsigned();
                         switch (integer.getWidth()) {
                         case 1:
                           return "BOOL";
                         case 8:
                           return isUnsigned ? "U8" : "I8";
                         case 16:
                           return isUnsigned ? "U16" : "I16";
                         case 32:
                           return isUnsigned ? "U32" : "I32";
                         case 64:
                           return isUnsigned ? "U64" : "I64";
                         default:
                           return "";
                         }
                       })
                       .Default([](Type) { return StringRef(); });
  return name.empty() ? nullptr : findSafetensorsDtype(std::string_view(name));
}

namespace {

using Size = std::pair<void *, unsigned>;

/// Sizes that are equal in one function.
class SizeClasses {
public:
  explicit SizeClasses(func::FuncOp function) {
    function.walk([&](Operation *op) { add(op); });
  }
  bool areEqual(Value a, unsigned i, Value b, unsigned j) const {
    return classes.isEquivalent(sizeOf(a, i), sizeOf(b, j));
  }

private:
  static Size sizeOf(Value value, unsigned dimension) {
    return {value.getAsOpaquePointer(), dimension};
  }
  void unite(Value a, unsigned i, Value b, unsigned j) {
    classes.unionSets(sizeOf(a, i), sizeOf(b, j));
  }
  void add(Operation *op);
  void addLinalg(linalg::LinalgOp op);

  llvm::EquivalenceClasses<Size> classes;
};

} // namespace

void SizeClasses::addLinalg(linalg::LinalgOp op) {
  // The first operand that a loop's size is seen in stands for the loop.
  SmallVector<std::pair<Value, unsigned>> seen(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dimension, expression] : llvm::enumerate(map.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expression);
      if (!loop)
        continue;
      auto &[value, first] = seen[loop.getPosition()];
      if (value)
        unite(value, first, operand.get(), dimension);
      else
        seen[loop.getPosition()] = {operand.get(), static_cast<unsigned>(dimension)};
    }
  }
  for (OpOperand &init : op.getDpsInitsMutable())
    if (auto type = dyn_cast<RankedTensorType>(init.get().getType()))
      for (int64_t i = 0; i < type.getRank(); ++i)
        unite(init.get(), i, op.getTiedOpResult(&init), i);
}

void SizeClasses::add(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return addLinalg(linalgOp);
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    auto type = dyn_cast<RankedTensorType>(cast.getType());
    if (type && isa<RankedTensorType>(cast.getSource().getType()))
      for (int64_t i = 0; i < type.getRank(); ++i)
        unite(cast.getSource(), i, cast.getResult(), i);
    return;
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    if (std::optional<int64_t> index = getConstantIntValue(dim.getDimension()))
      unite(dim.getSource(), *index, dim.getResult(), 0);
    return;
  }
  auto empty = dyn_cast<tensor::EmptyOp>(op);
  if (!empty)
    return;
  unsigned next = 0;
  for (int64_t i = 0; i < empty.getType().getRank(); ++i)
    if (empty.getType().isDynamicDim(i))
      unite(empty.getDynamicSizes()[next++], 0, empty.getResult(), i);
}

/// Appends the spec of a weight that is an argument, which callers give as an image, or says why
/// there is none.
static std::string addWeightSpec(CompressedType type, std::vector<TensorSpec> &specs) {
  const SafetensorsDtype *dtype = dtypeOf(type.getElementType());
  if (type.isDynamic() || !dtype)
    return "a weight of unknown size, which only code of the module is given";
  if (Expected<uint64_t> bytes = WeightImage::maxBytes(type.getDescription()); !bytes)
    return "a weight that has no image: " + bytes.error().message();
  specs.push_back({dtype, type.getShape().vec(), type.getFormat().getFormat().str()});
  return {};
}

/// Appends the spec of `type`, or says why there is none.
static std::string addSpec(Type type, std::vector<TensorSpec> &specs) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  const SafetensorsDtype *dtype = tensor ? dtypeOf(tensor.getElementType()) : nullptr;
  if (!dtype) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return "of type " + text + ", expected a ranked tensor of floats or whole-byte integers";
  }
  TensorSpec spec{dtype, {}};
  for (int64_t size : tensor.getShape())
    spec.shape.push_back(ShapedType::isDynamic(size) ? dynamicSize : size);
  specs.push_back(std::move(spec));
  return {};
}

static void addEqualSizes(func::FuncOp function, Signature &signature) {
  SizeClasses classes(function);
  std::vector<std::pair<unsigned, unsigned>> seen;
  for (unsigned i = 0; i < signature.inputs.size(); ++i) {
    if (signature.inputs[i].isWeight())
      continue;
    for (unsigned dimension = 0; dimension < signature.inputs[i].shape.size(); ++dimension) {
      auto equal = llvm::find_if(seen, [&](auto other) {
        return classes.areEqual(function.getArgument(i), dimension,
                                function.getArgument(other.first), other.second);
      });
      if (equal != seen.end())
        signature.equalSizes.push_back({i, dimension, equal->first, equal->second});
      else
        seen.emplace_back(i, dimension);
    }
  }
}

Signature uwt::signatureOf(func::FuncOp function) {
  Signature signature{function.getName().str(), {}, {}, {}, {}};
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto weight = dyn_cast<CompressedType>(type);
    std::string why =
        weight ? addWeightSpec(weight, signature.inputs) : addSpec(type, signature.inputs);
    if (!why.empty())
      signature.obstacle = "argument " + std::to_string(i) + " is " + why;
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    if (std::string why = addSpec(type, signature.outputs); !why.empty())
      signature.obstacle = "result " + std::to_string(i) + " is " + why;
  if (signature.obstacle.empty())
    addEqualSizes(function, signature);
  return signature;
}

std::vector<Signature> uwt::collectSignatures(ModuleOp module) {
  std::vector<Signature> signatures;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (!function.isPrivate() && !function.isExternal())
      signatures.push_back(signatureOf(function));
  return signatures;
}
