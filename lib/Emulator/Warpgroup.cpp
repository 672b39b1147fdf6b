//===- Warpgroup.cpp - wgmma with A in registers --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products are computed when all four warps of a warpgroup have come to them; what keeps that
// from being more than hardware promises is that nobody may see it: until the wait, accumulators
// carry the number of their group in the upper half of their registers, and B's bytes a mark that
// writes trap on. B is found as hardware finds it, from the fields of a matrix descriptor and
// addresses in the block's shared memory.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "MatrixMath.h"
#include "Numbers.h"
#include <algorithm>
#include <cstring>

namespace uwt::emulator {

static constexpr unsigned warpgroupWarps = 4, coreBytes = MatrixDescriptor::coreBytes;

std::string Warp::describeMissing() const {
  std::string text;
  unsigned first = number - inBlock % warpgroupWarps;
  for (unsigned w = first; w < first + warpgroupWarps; ++w)
    if (cluster.warps[w]->state != State::AtWarpgroup)
      text += (text.empty() ? " for " : ", ") + cluster.warpName(w);
  return text;
}

bool Warp::products(const Instruction &code) {
  unsigned first = number - inBlock % warpgroupWarps;
  if (!needAllLanes())
    return false;
  if (threadsOf(cluster.launch.shape) < (inBlock / warpgroupWarps + 1) * warpgroupWarps * warpLanes)
    return fault(0, "needs the four warps of a warpgroup, of which the block has not all");
  state = State::AtWarpgroup;
  for (unsigned w = first; w < first + warpgroupWarps; ++w) {
    Warp &other = *cluster.warps[w];
    if (other.state != State::AtWarpgroup)
      return true;
    if (other.pc != pc)
      return fault(0, "needs its warpgroup, but " + cluster.warpName(w) + " is at " +
                          cluster.launch.program.describe(other.pc));
  }
  for (unsigned w = first; w < first + warpgroupWarps; ++w) {
    Warp &other = *cluster.warps[w];
    if (!other.multiplyGroup(code))
      return false;
    other.state = State::Ready;
    if (&other == this)
      continue;
    ++other.pc;
    cluster.launch.counters.matrix += code.count;
  }
  return true;
}

template <typename Number>
bool Warp::readMatrix(const ProductsPlan &plan, uint64_t descriptor, unsigned tiles, FloatKind kind,
                      Number *to) {
  const Allocation &allocation = cluster.launch.program.allocations[plan.matrix.view.allocation];
  Addresses chunk;
  chunk.allocation = &allocation;
  Clock fences = cluster.fenced;
  join(fences, fenced);
  for (unsigned column = 0; column < 8 * tiles; ++column)
    for (unsigned half = 0; half < 2; ++half) {
      uint64_t offset = MatrixDescriptor(descriptor).offset(column, half);
      uint64_t end = allocation.begin + sizeOf(cluster.launch, allocation);
      if (offset < allocation.begin || offset + coreBytes > end)
        return fault(0, "multiplies bytes [" + llvm::Twine(int64_t(offset - allocation.begin)) +
                            ", " + llvm::Twine(int64_t(offset - allocation.begin + coreBytes)) +
                            ") of " + allocation.name + ", which has " +
                            llvm::Twine(end - allocation.begin) + " bytes");
      chunk.lane[0] = offset - allocation.begin;
      offset += rank * cluster.arenaBytes;
      if (Conflict conflict = cluster.shadow.checkFences(fences, clock, offset, coreBytes))
        return faultConflict(0, "multiplies", chunk, coreBytes, conflict);
      if (Conflict conflict = cluster.shadow.readProducts(number, productGroups + 1, clock, offset,
                                                          coreBytes, uint32_t(pc)))
        return faultConflict(0, "multiplies", chunk, coreBytes, conflict);
      WarpgroupRows<Number>::setHalf(to, column, half, cluster.shared.data() + offset, kind);
    }
  return true;
}

bool Warp::multiplyGroup(const Instruction &code) {
  const Program &program = cluster.launch.program;
  const ProductsPlan &plan = program.products[code.target];
  Addresses at;
  if (!address(plan.matrix, at, allLanes))
    return false;
  // Hardware takes the descriptor of one thread.
  const Warp &leader = *cluster.warps[number - inBlock % warpgroupWarps];
  Addresses leaders;
  if (!cluster.warps[leader.number]->address(plan.matrix, leaders, allLanes))
    return false;
  for (unsigned l = 0; l < warpLanes; ++l)
    if (at.lane[l] != leaders.lane[0])
      return fault(l, "multiplies by a matrix at byte " + llvm::Twine(at.lane[l]) + ", but " +
                          cluster.warpName(leader.number) + ", lane 0, at byte " +
                          llvm::Twine(leaders.lane[0]));

  uint64_t matrix = at.allocation->begin + leaders.lane[0];
  if (!(plan.areBytes ? addProducts<uint32_t>(code, matrix) : addProducts<float>(code, matrix)))
    return false;
  if (&leader == this)
    cluster.launch.counters.sharedLoadBytes +=
        uint64_t(plan.blocks) * 8 * code.mode * 2 * coreBytes;
  return true;
}

template <typename Number> bool Warp::addProducts(const Instruction &code, uint64_t matrix) {
  using Rows = WarpgroupRows<Number>;
  const ProductsPlan &plan = cluster.launch.program.products[code.target];
  const int32_t *pairs = cluster.launch.program.lists.data() + code.a;
  unsigned tiles = code.mode;
  Rows rows(8 * tiles);
  std::vector<Number> b(Rows::depth * Rows::maxColumns);
  for (unsigned i = 0; i < 4 * tiles && !plan.areNew; ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      rows.sum(i, l) = std::bit_cast<Number>(uint32_t(reg(pairs[2 * i + 1]).lane[l]));
  for (unsigned block = 0; block < plan.blocks; ++block) {
    uint64_t descriptor = plan.descriptor | (matrix >> 4 & 0x3fff);
    if (!readMatrix(plan, descriptor + block * plan.blockStride / 16, tiles, code.kind, b.data()))
      return false;
    const Lanes *a[4];
    for (unsigned r = 0; r < 4; ++r)
      a[r] = &reg(plan.registerOfA(block, r));
    rows.add(a, code.kind, b.data());
  }
  ++productGroups;
  for (unsigned i = 0; i < 4 * tiles; ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      reg(pairs[2 * i]).lane[l] =
          uint64_t(productGroups) << 32 | std::bit_cast<uint32_t>(rows.sum(i, l));
  return true;
}

bool Warp::productsWait(const Instruction &code) {
  if (!needAllLanes())
    return false;
  uint32_t pending = code.mode;
  uint32_t done = productGroups > pending ? productGroups - pending : 0;
  const int32_t *pairs = cluster.launch.program.lists.data() + code.target;
  for (int32_t i = 0; i < code.b; ++i)
    for (unsigned l = 0; l < warpLanes; ++l) {
      uint64_t value = reg(pairs[2 * i + 1]).lane[l];
      if (value >> 32 > done)
        return fault(l, "takes accumulators of group " + llvm::Twine((value >> 32) - 1) +
                            " of its products, but may leave " + llvm::Twine(pending) + " of " +
                            llvm::Twine(productGroups) + " groups under way");
      reg(pairs[2 * i]).lane[l] = value & 0xffffffff;
    }
  productGroupsDone = std::max(productGroupsDone, done);
  clock[cluster.actors.products(number)] = productGroupsDone;
  return true;
}

bool Warp::checkProductsEnded() {
  if (productGroupsDone == productGroups)
    return true;
  return fault(0, "ends while " + llvm::Twine(productGroups - productGroupsDone) +
                      " group(s) of its products may be under way: wait for them "
                      "(uwt.warpgroup_wait 0)");
}

} // namespace uwt::emulator
