//===- Kernels.cpp - Products that are compiled ahead of time -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Kernels/Kernels.h"
#include "KernelFunctions.h"
#include "KernelTable.h"
#include "uwt/Runtime/Call.h"
#include "uwt/Runtime/ThreadScope.h"
#include "uwt/Target/Target.h"
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

using namespace uwt;

extern "C" {
UWT_KERNEL_TABLE(UWT_KERNEL_DECLARE)
}
UWT_KERNEL_TABLE(UWT_KERNEL_FUNCTIONS)

/// The best target first.
static std::span<const Kernels> allKernels() {
  static const std::vector<Kernels> all = {UWT_KERNEL_TABLE(UWT_KERNEL_ENTRY)};
  return all;
}

/// Those of targets that this machine runs.
static std::span<const Kernels> kernelsHere() {
  static const std::vector<Kernels> here = [] {
    std::vector<Kernels> kept;
    std::ranges::copy_if(allKernels(), std::back_inserter(kept), [](const Kernels &kernels) {
      Expected<const Target *> target = findTarget(kernels.target());
      return target && checkRunsHere(**target);
    });
    return kept;
  }();
  return here;
}

static std::string joined(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

Expected<const Kernels *> Kernels::find(ElementType element, std::string_view format) {
  // Each product asks: what is missing is worded only where something is.
  auto found = std::ranges::find_if(
      kernelsHere(), [&](const Kernels &kernels) { return kernels.serves(element, format); });
  if (found != kernelsHere().end())
    return &*found;
  return missing(element, format);
}

std::vector<const Kernels *> Kernels::findAll(ElementType element, std::string_view format) {
  std::vector<const Kernels *> found;
  for (const Kernels &kernels : kernelsHere())
    if (kernels.serves(element, format))
      found.push_back(&kernels);
  return found;
}

Error Kernels::missing(ElementType element, std::string_view format) {
  if (allKernels().empty())
    return unsupportedError("this library was built without kernels of products: build it with the "
                            "compiler, or with UWT_KERNEL_COMPILER");
  std::vector<std::string> served, targets;
  for (const Kernels &kernels : allKernels()) {
    std::string name = std::string(getTraits(kernels.element).name) + " in " + kernels.format;
    if (std::ranges::find(served, name) == served.end())
      served.push_back(name);
    if (kernels.serves(element, format))
      targets.emplace_back(kernels.targetName);
  }
  if (!targets.empty())
    return unsupportedError("kernels of products are compiled for " + joined(targets) +
                            ", and this machine runs none of these");
  return unsupportedError("no kernel multiplies " + std::string(getTraits(element).name) + " in " +
                          std::string(format) + "; there are those of " + joined(served));
}

using Vector = Kernels::Functions::Vector;
using Matrix = Kernels::Functions::Matrix;

static Matrix matrixOf(const void *data, uint64_t rows, uint64_t columns, uint64_t stride) {
  return {data, data, 0, {int64_t(rows), int64_t(columns)}, {int64_t(stride), 1}};
}

static Vector vectorOf(const void *data, uint64_t size) {
  return {data, data, 0, {int64_t(size)}, {1}};
}

/// Runs `body`, which has nothing to destroy, on the threads of `pool`.
template <typename Body> static Status call(ThreadPool *pool, Body body) {
  ThreadScope scope(pool);
  return callCompiled([](void *context) { (*static_cast<Body *>(context))(); }, &body);
}

Status Kernels::linear(const WeightView &weight, const LinearArguments &arguments,
                       ThreadPool *pool) const {
  Matrix x = matrixOf(arguments.x.data, arguments.m, weight.columns, arguments.x.stride);
  Matrix y = matrixOf(arguments.y.data, arguments.m, weight.rows, arguments.y.stride);
  // The word of -0 of either element: whatever it is added to stays what it is, and a product
  // without a bias needs no code of its own. Kept for the next call of this thread.
  thread_local std::vector<uint16_t> none;
  if (!arguments.bias && none.size() < weight.rows)
    none.resize(weight.rows, 0x8000);
  Vector bias = vectorOf(arguments.bias ? arguments.bias : none.data(), weight.rows);
  auto linear = arguments.byIntegers ? functions.linearByIntegers : functions.linear;
  return call(pool, [&] { linear(&weight, &x, &bias, &y); });
}

bool Kernels::servesIntegers() const { return functions.linearByIntegers != nullptr; }

Status Kernels::gather(const WeightView &weight, std::span<const int64_t> ids, MatrixRows<void *> y,
                       ThreadPool *pool) const {
  for (int64_t id : ids)
    if (static_cast<uint64_t>(id) >= weight.rows)
      return invalidError("id " + std::to_string(id) + " is no row of the weight, which has " +
                          std::to_string(weight.rows));
  Vector numbers = vectorOf(ids.data(), ids.size());
  Matrix rows = matrixOf(y.data, ids.size(), weight.columns, y.stride);
  return call(pool, [&] { functions.gather(&weight, &numbers, &rows); });
}
