//===- Order.cpp - Releases, acquisitions, fences -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Memory Consistency Model": a release pattern on an address synchronises with an acquire
// pattern that reads from it, where the scope of each includes the other's thread. A weak or
// relaxed access alone orders nothing; a fence before a relaxed write, or behind a relaxed read,
// makes such a pattern of it.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator::ptx {

Accessor Warp::accessor(unsigned lane) const {
  return {thread(lane), now, thread(lane), landed[lane], *known[lane], uint32_t(current)};
}

/// Calls `function` with each distinct knowledge of `lanes` and the lanes that have it.
template <typename Function>
static void forEachKnowledge(const KnowledgePtr *known, uint32_t lanes, Function function) {
  while (lanes) {
    const KnowledgePtr &first = known[llvm::countr_zero(lanes)];
    uint32_t same = 0;
    for (uint32_t rest = lanes; rest; rest &= rest - 1)
      if (unsigned lane = llvm::countr_zero(rest); known[lane] == first)
        same |= 1u << lane;
    KnowledgePtr copy = first;
    lanes &= ~same;
    function(copy, same);
  }
}

void Warp::release(uint32_t lanes, Knowledge &to) {
  forEachKnowledge(known, lanes, [&](const KnowledgePtr &each, uint32_t) { to.join(*each); });
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = llvm::countr_zero(rest);
    to.own.raise(thread(lane), now);
    if (landed[lane] != 0)
      to.own.raise(cluster.actors.copies(thread(lane)), landed[lane]);
  }
  ++now;
}

KnowledgePtr Warp::publish(unsigned lane) {
  auto result = std::make_shared<Knowledge>();
  release(1u << lane, *result);
  return result;
}

void Warp::acquire(uint32_t lanes, const Knowledge &knowledge) {
  forEachKnowledge(known, lanes, [&](const KnowledgePtr &each, uint32_t same) {
    if (each->covers(knowledge))
      return;
    auto joined = std::make_shared<Knowledge>(*each);
    joined->join(knowledge);
    for (; same; same &= same - 1)
      known[llvm::countr_zero(same)] = joined;
  });
}

void Warp::joinLanes(uint32_t lanes) {
  auto all = std::make_shared<Knowledge>();
  release(lanes, *all);
  for (; lanes; lanes &= lanes - 1)
    known[llvm::countr_zero(lanes)] = all;
}

/// Whether `scope` of a thread in that cluster and block includes the other's.
static bool includes(Scope scope, uint32_t cluster, unsigned rank, uint32_t otherCluster,
                     unsigned otherRank) {
  if (scope >= Scope::Gpu)
    return true;
  return cluster == otherCluster && (scope == Scope::Cluster || rank == otherRank);
}

void Warp::acquireFrom(unsigned lane, const Release &release) {
  if (release.cluster == cluster.number) {
    acquire(1u << lane, *release.knowledge);
    return;
  }
  Knowledge other;
  other.others = release.knowledge->others;
  other.others.push_back({release.cluster, {release.knowledge, &release.knowledge->own}});
  // What it knew of this cluster is this cluster's own.
  for (const auto &[number, times] : release.knowledge->others)
    if (number == cluster.number)
      other.own.join(*times);
  acquire(1u << lane, other);
}

bool Warp::reach(Scope scope, const Release &other) const {
  return includes(scope, cluster.number, rank, other.cluster, other.rank) &&
         includes(other.scope, other.cluster, other.rank, cluster.number, rank);
}

bool Warp::reach(Strength strength, const GlobalAccess &other) const {
  if (strength == weakAccess || other.strength == weakAccess)
    return false;
  unsigned otherRank = other.thread / (cluster.warpsInBlock * warpLanes);
  return reach(scopeOf(strength),
               Release{other.cluster - 1, otherRank, scopeOf(other.strength), nullptr});
}

void Warp::fence(const Instruction &code, uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    for (const Release &release : pendingAcquires[lane])
      if (includes(code.scope, cluster.number, rank, release.cluster, release.rank))
        acquireFrom(lane, release);
    pendingAcquires[lane].clear();
    if (code.order == Order::SequentiallyConsistent)
      for (const Release &before : cluster.launch.fences)
        if (reach(code.scope, before))
          acquireFrom(lane, before);
    fenceRelease[lane] = publish(lane);
    fenceScope[lane] = code.scope;
    if (code.order == Order::SequentiallyConsistent)
      rememberFence(lane, code.scope);
  }
}

void Warp::rememberFence(unsigned lane, Scope scope) {
  std::vector<Release> &fences = cluster.launch.fences;
  auto found = llvm::find_if(fences, [&](const Release &each) {
    return each.cluster == cluster.number && each.rank == rank && each.scope == scope;
  });
  if (found == fences.end()) {
    fences.push_back({cluster.number, rank, scope, fenceRelease[lane]});
    return;
  }
  auto joined = std::make_shared<Knowledge>(*found->knowledge);
  joined->join(*fenceRelease[lane]);
  found->knowledge = joined;
}

void Warp::proxyFence(uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    unsigned lane = llvm::countr_zero(mask);
    fenced[lane] = known[lane];
    cluster.ownFences[thread(lane)] = now;
    for (const auto &barrier : cluster.barriers)
      if (barrier->initThread == thread(lane))
        barrier->isFenced = true;
  }
  ++now;
}

void Warp::barrierInitFence(uint32_t mask) {
  for (const auto &barrier : cluster.barriers)
    if (barrier->initThread / warpLanes == number && mask >> barrier->initThread % warpLanes & 1)
      barrier->isFenced = true;
}

} // namespace uwt::emulator::ptx
