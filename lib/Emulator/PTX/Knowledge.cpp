//===- Knowledge.cpp - What a thread knows of others' writes --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Knowledge.h"
#include "llvm/ADT/STLExtras.h"

namespace uwt::emulator::ptx {

void Times::raise(unsigned actor, uint32_t time) {
  if (actor >= times.size())
    times.resize(actor + 1);
  times[actor] = std::max(times[actor], time);
}

void Times::join(const Times &other) {
  if (times.size() < other.times.size())
    times.resize(other.times.size());
  for (size_t i = 0; i < other.times.size(); ++i)
    times[i] = std::max(times[i], other.times[i]);
}

bool Times::covers(const Times &other) const {
  size_t common = std::min(times.size(), other.times.size());
  for (size_t i = 0; i < common; ++i)
    if (times[i] < other.times[i])
      return false;
  for (size_t i = common; i < other.times.size(); ++i)
    if (other.times[i] != 0)
      return false;
  return true;
}

uint32_t Knowledge::ofCluster(uint32_t cluster, unsigned thread) const {
  for (const auto &[number, times] : others)
    if (number == cluster)
      return (*times)[thread];
  return 0;
}

void Knowledge::join(const Knowledge &other) {
  own.join(other.own);
  isBehindGrid |= other.isBehindGrid;
  for (const auto &[number, times] : other.others) {
    auto *found = llvm::find_if(others, [&](const auto &each) { return each.first == number; });
    if (found == others.end()) {
      others.push_back({number, times});
    } else if (!found->second->covers(*times)) {
      auto joined = std::make_shared<Times>(*found->second);
      joined->join(*times);
      found->second = joined;
    }
  }
}

bool Knowledge::covers(const Knowledge &other) const {
  if (!own.covers(other.own) || (other.isBehindGrid && !isBehindGrid))
    return false;
  return llvm::all_of(other.others, [&](const auto &each) {
    return llvm::any_of(others, [&](const auto &mine) {
      return mine.first == each.first && mine.second->covers(*each.second);
    });
  });
}

} // namespace uwt::emulator::ptx
