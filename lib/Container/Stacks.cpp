//===- Stacks.cpp - Small tensors that are stored as one ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stacks.h"
#include <map>
#include <tuple>

namespace uwt {

/// Of all members: a stack is encoded from memory.
static constexpr uint64_t stackBytesLimit = uint64_t(64) << 20;

namespace {
/// Tensors of one dtype and shape, in the order of the data.
struct AlikeTensors {
  std::vector<size_t> tensors;
  bool haveOneChoice = true;
};
} // namespace

static bool isSameChoice(const Choice &a, const Choice &b) {
  return std::tie(a.element, a.storage, a.layout) == std::tie(b.element, b.storage, b.layout);
}

std::vector<std::vector<size_t>> findStacks(const Original &original,
                                            std::span<const Choice> choices,
                                            const std::vector<bool> &mayStack,
                                            uint64_t stackedBytes) {
  const SafetensorsHeader &header = original.header();
  std::map<std::pair<const SafetensorsDtype *, std::vector<uint64_t>>, AlikeTensors> alike;
  std::vector<AlikeTensors *> inOrder;
  for (size_t i : header.dataOrder()) {
    const SafetensorsTensor &tensor = header.tensors[i];
    if (!mayStack[i] || !choices[i].reason.empty() || tensor.bytes() > stackedBytes)
      continue;
    AlikeTensors &group = alike[{tensor.dtype, tensor.shape}];
    if (group.tensors.empty())
      inOrder.push_back(&group);
    else if (!isSameChoice(choices[i], choices[group.tensors.front()]))
      group.haveOneChoice = false;
    group.tensors.push_back(i);
  }

  std::vector<std::vector<size_t>> stacks;
  for (const AlikeTensors *group : inOrder) {
    // Readers find members by dtype and shape alone (file-12).
    if (!group->haveOneChoice || group->tensors.size() < 2)
      continue;
    uint64_t each = header.tensors[group->tensors.front()].bytes();
    uint64_t most = std::max<uint64_t>(2, stackBytesLimit / std::max<uint64_t>(each, 1));
    for (size_t begin = 0; begin < group->tensors.size(); begin += most) {
      size_t end = std::min<size_t>(begin + most, group->tensors.size());
      // One that is left over stays alone.
      if (end - begin > 1)
        stacks.emplace_back(group->tensors.begin() + static_cast<ptrdiff_t>(begin),
                            group->tensors.begin() + static_cast<ptrdiff_t>(end));
    }
  }
  return stacks;
}

} // namespace uwt
