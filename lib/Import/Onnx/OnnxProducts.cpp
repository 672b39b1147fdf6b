//===- OnnxProducts.cpp - Nodes that multiply with weights ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxProducts.h"
#include <algorithm>
#include <cmath>

using namespace uwt;

namespace {

/// What a value is, of which a product may be.
struct Origin {
  /// The initializer that has its floats or codes; empty if the value is none.
  std::string_view initializer;
  bool isCodes = false;
  bool isTransposed = false;
  std::string refusal;
};

/// Follows values from initializers to products, in the order of the nodes.
class ProductFinder {
public:
  explicit ProductFinder(const OnnxModel &model) : model(model) {}

  OnnxProducts find();

private:
  void visit(const OnnxNode &node);
  void addProduct(const OnnxNode &node);
  Origin originOf(std::string_view value) const;
  Origin originOf(const OnnxNode &node) const;
  std::string inputRefusal(const OnnxNode &product) const;

  const OnnxModel &model;
  OnnxProducts products;
  /// By the value. Names of values of two branches may be the same: the last one before counts.
  std::map<std::string_view, Origin> origins;
  std::map<std::string_view, const OnnxNode *> producers;
};

} // namespace

std::string uwt::moduleOf(const OnnxNode &node) {
  std::string_view path = node.name;
  size_t end = path.rfind('/');
  if (!path.starts_with('/') || end == 0 || end == std::string_view::npos)
    return "";
  std::string module(path.substr(1, end - 1));
  std::ranges::replace(module, '/', '.');
  return module;
}

/// onnx-10.
static std::string attributeRefusal(const OnnxNode &node) {
  static const std::vector<std::pair<std::string_view, KnownAttributes>> known = {
      {"MatMul", {}},
      {"Gemm", {{"transA", "transB"}, {"alpha", "beta"}, {}, {"broadcast"}}},
      {"Transpose", {{}, {}, {"perm"}, {}}},
      {"Identity", {}},
      {"Cast", {{"to"}, {}, {}, {"saturate", "round_mode"}}},
  };
  for (const auto &[operation, attributes] : known)
    if (node.is(operation))
      return node.unreadAttribute(attributes);
  return "";
}

static int64_t integerOf(const OnnxNode &node, std::string_view name, int64_t absent) {
  auto found = node.integers.find(name);
  return found == node.integers.end() ? absent : found->second;
}

static float floatOf(const OnnxNode &node, std::string_view name, float absent) {
  auto found = node.floats.find(name);
  return found == node.floats.end() ? absent : found->second;
}

//===----------------------------------------------------------------------===//
// Between a weight and its product
//===----------------------------------------------------------------------===//

Origin ProductFinder::originOf(std::string_view value) const {
  auto found = origins.find(value);
  if (found != origins.end())
    return found->second;
  return model.find(value) ? Origin{value, false, false, ""} : Origin();
}

/// Applies what a Transpose of a matrix does.
static void transpose(const OnnxNode &node, Origin &origin) {
  auto found = node.lists.find("perm");
  if (found == node.lists.end() || found->second == std::vector<uint64_t>{1, 0})
    origin.isTransposed = !origin.isTransposed;
  else if (found->second != std::vector<uint64_t>{0, 1})
    origin.refusal = "a Transpose has a perm of no matrix";
}

/// A cast to f32 of floats changes none of them; others round.
static void cast(const OnnxModel &model, const OnnxNode &node, Origin &origin) {
  constexpr int64_t typeOfF32 = 1;
  const OnnxTensor *tensor = model.find(origin.initializer);
  bool isFloat = tensor && tensor->type && !tensor->type->element;
  if (origin.isCodes || !isFloat || integerOf(node, "to", 0) != typeOfF32)
    origin.refusal = "a Cast between the weight and the product may round it";
}

Origin ProductFinder::originOf(const OnnxNode &node) const {
  const OnnxTensor *codes = node.is("DequantizeLinear") ? model.find(node.input(0)) : nullptr;
  if (codes && codes->type && codes->type->element)
    return {codes->name, true, false, ""};
  Origin origin = originOf(node.input(0));
  if (origin.initializer.empty() || !origin.refusal.empty())
    return origin;
  bool isCast = node.is("Cast"), isTranspose = node.is("Transpose");
  if (!isCast && !isTranspose && !node.is("Identity"))
    return {}; // It computes a value of its own.
  origin.refusal = attributeRefusal(node);
  if (isTranspose)
    transpose(node, origin);
  if (isCast)
    cast(model, node, origin);
  return origin;
}

//===----------------------------------------------------------------------===//
// Before a product
//===----------------------------------------------------------------------===//

/// Returns whether a value is a vector of several numbers that the file has, maybe with ones before
/// it.
static bool isVector(const OnnxModel &model, std::string_view value) {
  const OnnxTensor *tensor = model.find(value);
  if (!tensor || tensor->shape.empty() || tensor->shape.back() < 2)
    return false;
  return std::all_of(tensor->shape.begin(), tensor->shape.end() - 1,
                     [](uint64_t size) { return size == 1; });
}

static bool isNormalization(const OnnxNode &node) {
  return node.operation.ends_with("Normalization");
}

/// onnx-10: factors of a product's columns, but for a norm's weight, are no part of the float
/// model.
std::string ProductFinder::inputRefusal(const OnnxNode &product) const {
  auto producerOf = [&](std::string_view value) -> const OnnxNode * {
    auto found = producers.find(value);
    return found == producers.end() ? nullptr : found->second;
  };
  auto scaledInput = [&](const OnnxNode *node) -> std::string_view {
    if (!node || (!node->is("Mul") && !node->is("Div")))
      return "";
    bool isSecond = isVector(model, node->input(1));
    return isSecond || isVector(model, node->input(0)) ? node->input(isSecond ? 0 : 1) : "";
  };
  const OnnxNode *scaling = producerOf(product.input(0));
  std::string_view before = scaledInput(scaling);
  if (before.empty())
    return "";
  const OnnxNode *norm = producerOf(before);
  bool isTwice = norm && (isNormalization(*norm) || !scaledInput(norm).empty());
  if (!isTwice && moduleOf(*scaling).find("norm") != std::string::npos)
    return "";
  return "its input is multiplied by a vector before, in node '" + scaling->name +
         "', so the file's weight is not that of the float model";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void ProductFinder::addProduct(const OnnxNode &node) {
  Origin origin = originOf(node.input(1));
  MatrixUse use = {!origin.isTransposed, &node};
  use.refusal = attributeRefusal(node);
  if (node.is("Gemm")) {
    use.isKMajor ^= integerOf(node, "transB", 0) != 0;
    use.alpha = floatOf(node, "alpha", 1);
    use.beta = floatOf(node, "beta", 1);
    use.bias = node.input(2);
    if (integerOf(node, "transA", 0) != 0)
      use.refusal = "its node multiplies with the transpose of its input (transA)";
    if (!std::isfinite(use.alpha))
      use.refusal = "alpha of its node is no number";
  }
  if (use.refusal.empty())
    use.refusal = origin.refusal;
  if (use.refusal.empty())
    use.refusal = inputRefusal(node);
  if (!origin.initializer.empty()) {
    products.uses[origin.initializer].push_back(std::move(use));
    return;
  }
  auto producer = producers.find(node.input(1));
  if (use.refusal.empty())
    use.refusal = producer == producers.end()
                      ? "its node multiplies with an input of the model"
                      : "its node multiplies with what a " + producer->second->operation +
                            " computes, which is not read";
  products.others.push_back(std::move(use));
}

void ProductFinder::visit(const OnnxNode &node) {
  if (node.is("MatMul") || node.is("Gemm"))
    addProduct(node);
  if (node.isOfOnnxruntime("MatMulNBits")) {
    constexpr size_t bias = 5;
    const OnnxTensor *codes = model.find(node.input(1));
    MatrixUse use = {false, &node};
    use.bias = node.input(bias);
    use.refusal = codes ? inputRefusal(node) : "its codes are no initializer";
    if (codes)
      products.uses[codes->name].push_back(std::move(use));
    else
      products.others.push_back(std::move(use));
  }
  Origin origin = originOf(node);
  for (const std::string &output : node.outputs) {
    producers[output] = &node;
    // An initializer's name stays the initializer's.
    if (!node.is("Constant"))
      origins[output] = origin;
  }
}

OnnxProducts ProductFinder::find() {
  for (const OnnxNode &node : model.nodes())
    visit(node);
  return std::move(products);
}

OnnxProducts OnnxProducts::of(const OnnxModel &model) { return ProductFinder(model).find(); }

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

std::string uwt::moduleRefusal(const OnnxModel &model, const OnnxNode &node,
                               std::string_view module) {
  auto isOneOf = [&](std::initializer_list<std::string_view> operations) {
    return std::ranges::any_of(operations, [&](std::string_view each) { return node.is(each); });
  };
  // What follows logits is of the model, not of its last layer.
  bool isHead = module == "lm_head";
  if (isOneOf({"Constant", "Identity", "Cast", "Transpose", "QuantizeLinear", "DequantizeLinear"}))
    return "";
  bool isInside = moduleOf(node) != module;
  if (!isInside && (isOneOf({"MatMul", "Gemm"}) || node.isOfOnnxruntime("MatMulNBits")))
    return "";
  auto isBias = [&](std::string_view input) {
    const OnnxTensor *tensor = model.find(input);
    return tensor && tensor->shape.size() <= 1;
  };
  if (!isInside && node.is("Add"))
    return isBias(node.input(0)) || isBias(node.input(1))
               ? ""
               : "node '" + node.name + "' adds what is no bias to its product";
  if (isHead && isOneOf({"Mul", "Div", "Tanh", "Where", "Gather", "Reshape", "Slice", "Add"}))
    return "";
  std::string domain = node.domain.empty() ? "" : node.domain + ".";
  return "its module has a node '" + node.name + "' (" + domain + node.operation +
         "), which is not read";
}
