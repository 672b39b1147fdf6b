//===- Matrix.cpp - Tensor cores ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of a warpgroup are computed when its four warps have come to them. What keeps that from
// being more than hardware promises (PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions"):
// until the wait nobody may touch accumulators or write registers of A, bytes that are multiplied
// count as being read, and registers that were written need wgmma.fence before.
//
//===----------------------------------------------------------------------===//

#include "../MatrixMath.h"
#include "../Numbers.h"
#include "Machine.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace uwt::emulator::ptx {

static constexpr unsigned warpgroupWarps = 4;

static FloatKind kindOf(const Type &type) {
  return type.kind == TypeKind::BFloat ? FloatKind::BF16 : FloatKind::F16;
}

void Warp::multiplyBytes(const Instruction &code) {
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> results = program.resultsOf(code), sources = program.sourcesOf(code);
  constexpr unsigned ofA = ByteFragments::elementsOfA / 4, ofB = ByteFragments::elementsOfB / 4;
  ByteFragments fragments;
  for (unsigned i = 0; i < ByteFragments::elementsOfA; ++i)
    fragments.setA(i, reg(sources[i / 4].reg), 8 * (i % 4));
  for (unsigned i = 0; i < ByteFragments::elementsOfB; ++i)
    fragments.setB(i, reg(sources[ofA + i / 4].reg), 8 * (i % 4));
  for (unsigned i = 0; i < 4; ++i)
    fragments.setSum(i, reg(sources[ofA + ofB + i].reg));
  fragments.multiply();
  for (unsigned i = 0; i < 4; ++i)
    fragments.getSum(i, reg(results[i].reg));
}

bool Warp::mma(Group &group, const Instruction &code, uint32_t mask) {
  if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  if (mask != allLanes)
    return fault(llvm::countr_zero(mask), "needs all 32 lanes of its warp");
  ++cluster.launch.counters.matrix;
  if (code.count == ByteFragments::depth) {
    multiplyBytes(code);
    return true;
  }
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> results = program.resultsOf(code), sources = program.sourcesOf(code);
  unsigned depth = code.count, ofA = depth / 4, ofB = depth / 8;
  FloatKind kind = kindOf(code.sourceType);
  MmaFragments fragments;
  for (unsigned i = 0; i < 2 * ofA; ++i)
    fragments.setA(i, reg(sources[i / 2].reg), 16 * (i % 2), kind);
  for (unsigned i = 0; i < 2 * ofB; ++i)
    fragments.setB(i, reg(sources[ofA + i / 2].reg), 16 * (i % 2), kind);
  for (unsigned i = 0; i < 4; ++i)
    fragments.setSum(i, reg(sources[ofA + ofB + i].reg));
  fragments.multiply(depth);
  for (unsigned i = 0; i < 4; ++i)
    fragments.getSum(i, reg(results[i].reg));
  return true;
}

bool Warp::loadMatrix(Group &group, const Instruction &code, uint32_t mask) {
  if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  if (mask != allLanes)
    return fault(llvm::countr_zero(mask), "needs all 32 lanes of its warp");
  const Program &program = cluster.launch.program;
  const Operand &address = program.sourcesOf(code)[0];
  // Lane 8 i + j has the address of row j of tile i; other lanes' addresses do not count.
  const uint8_t *rows[warpLanes];
  for (unsigned l = 0; l < 8 * code.count; ++l) {
    std::optional<Location> location = resolve(l, code.space, value(address, l), 16, "reads");
    if (!location || !checkRead(l, *location, 16))
      return false;
    rows[l] = location->data;
  }
  for (auto [tile, result] : llvm::enumerate(program.resultsOf(code)))
    for (unsigned l = 0; l < warpLanes; ++l) {
      uint64_t pair = 0;
      for (unsigned e = 0; e < 2; ++e) {
        unsigned row = l / 4, column = l % 4 * 2 + e;
        if (code.flag)
          std::swap(row, column);
        uint16_t element;
        std::memcpy(&element, rows[8 * tile + row] + 2 * column, 2);
        pair |= uint64_t(element) << (16 * e);
      }
      reg(result.reg).lane[l] = pair;
    }
  countAccess(Location::Shared, 16, uint32_t(maskOf(8 * code.count)), false);
  return true;
}

//===----------------------------------------------------------------------===//
// Warpgroups
//===----------------------------------------------------------------------===//

bool Warp::checkOperands(const Instruction &code, uint32_t mask) {
  if (code.op == Op::Wgmma)
    return true;
  const Program &program = cluster.launch.program;
  unsigned lane = mask ? llvm::countr_zero(mask) : 0;
  auto isBusy = [&](int32_t number, const std::vector<uint32_t> &until) {
    return number >= 0 && until[number] > productGroupsDone;
  };
  for (const Operand &source : program.sourcesOf(code))
    if (isBusy(source.reg, busyUntil))
      return fault(lane, "reads an accumulator of products that may be under way: wait for them "
                         "(wgmma.wait_group)");
  for (const Operand &result : program.resultsOf(code)) {
    if (isBusy(result.reg, busyUntil) || isBusy(result.reg, readUntil))
      return fault(lane, "writes a register of products that may be under way: wait for them "
                         "(wgmma.wait_group)");
    if (result.reg >= 0)
      isUnfenced[result.reg] = true;
  }
  return true;
}

template <typename Number>
bool Warp::readColumns(uint64_t descriptor, unsigned columns, FloatKind kind, Number *to) {
  constexpr unsigned bytes = MatrixDescriptor::coreBytes;
  Accessor who = accessor(0);
  who.time = productGroups + 1;
  for (unsigned column = 0; column < columns; ++column)
    for (unsigned half = 0; half < 2; ++half) {
      uint64_t offset = MatrixDescriptor(descriptor).offset(column, half);
      if (offset + bytes > cluster.sharedBytes)
        return fault(0, "multiplies bytes [" + llvm::Twine(offset) + ", " +
                            llvm::Twine(offset + bytes) + ") of shared memory, which has " +
                            llvm::Twine(cluster.sharedBytes) + " bytes");
      uint64_t byte = rank * cluster.arenaBytes + offset;
      if (Conflict conflict =
              cluster.shadow.checkProxy(fenced[0].get(), cluster.ownFences, byte, bytes))
        return faultShared(0, "multiplies", byte, bytes, conflict);
      if (Conflict conflict = cluster.shadow.readProducts(who, number, byte, bytes))
        return faultShared(0, "multiplies", byte, bytes, conflict);
      WarpgroupRows<Number>::setHalf(to, column, half, cluster.shared.data() + byte, kind);
    }
  return true;
}

/// Whether the four warps of the warpgroup are here; else this one waits.
bool Warp::meetWarpgroup(Group &group) {
  unsigned first = number - inBlock % warpgroupWarps;
  if (hasMetWarpgroup) {
    hasMetWarpgroup = false;
    return true;
  }
  group.state = Group::AtWarpgroup;
  for (unsigned w = first; w < first + warpgroupWarps; ++w) {
    const auto &others = cluster.warps[w]->groups;
    if (others.size() != 1 || others[0].state != Group::AtWarpgroup || others[0].pc != group.pc)
      return false;
  }
  for (unsigned w = first; w < first + warpgroupWarps; ++w) {
    cluster.warps[w]->groups[0].state = Group::Ready;
    cluster.warps[w]->hasMetWarpgroup = w != number;
  }
  return true;
}

bool Warp::wgmma(Group &group, const Instruction &code, uint32_t mask) {
  if (Meeting meeting = meetAligned(group, mask); meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  if (cluster.warpsInBlock < (inBlock / warpgroupWarps + 1) * warpgroupWarps || mask != allLanes)
    return fault(0, "needs the four warps of a warpgroup, of which the block has not all");
  if (!meetWarpgroup(group))
    return true;
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> results = program.resultsOf(code), sources = program.sourcesOf(code);
  bool isFromRegisters = sources.size() == 6;
  llvm::ArrayRef<Operand> a = sources.take_front(isFromRegisters ? 4 : 1);
  uint64_t descriptor = value(sources[a.size()], 0);
  for (unsigned l = 1; l < warpLanes; ++l)
    if (value(sources[a.size()], l) != descriptor)
      return fault(l, "has another descriptor than lane 0");
  auto isUnfencedOperand = [&](const Operand &operand) { return isUnfenced[operand.reg]; };
  if (llvm::any_of(results, isUnfencedOperand) ||
      (isFromRegisters && llvm::any_of(a, isUnfencedOperand)))
    return fault(0, "uses registers that were written since the last wgmma.fence");

  bool areBytes = code.type.kind != TypeKind::Float;
  if (!(areBytes ? addProducts<uint32_t>(code, a, descriptor)
                 : addProducts<float>(code, a, descriptor)))
    return false;
  for (const Operand &result : results)
    busyUntil[result.reg] = productGroups + 1;
  for (const Operand &operand : a)
    if (isFromRegisters)
      readUntil[operand.reg] = productGroups + 1;
  hasOpenProducts = true;
  ++cluster.launch.counters.matrix;
  if (inBlock % warpgroupWarps == 0)
    cluster.launch.counters.sharedLoadBytes += uint64_t(code.count) * 2 * 16;
  return true;
}

template <typename Number>
bool Warp::addProducts(const Instruction &code, llvm::ArrayRef<Operand> a, uint64_t descriptor) {
  using Rows = WarpgroupRows<Number>;
  constexpr unsigned depth = Rows::depth, maxColumns = Rows::maxColumns, rowsOfA = 64;
  const Program &program = cluster.launch.program;
  llvm::ArrayRef<Operand> results = program.resultsOf(code);
  FloatKind kind = kindOf(code.sourceType);
  Rows rows(code.count);
  std::vector<Number> b(depth * maxColumns);
  unsigned scaleD = a.size() + 1;
  bool isAdding = value(program.sourcesOf(code)[scaleD], 0) & 1;
  for (unsigned i = 0; i < results.size(); ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      rows.sum(i, l) =
          isAdding ? std::bit_cast<Number>(uint32_t(reg(results[i].reg).lane[l])) : Number();
  if (!readColumns(descriptor, code.count, kind, b.data()))
    return false;
  if (a.size() > 1) {
    const Lanes *fragments[4];
    for (unsigned r = 0; r < 4; ++r)
      fragments[r] = &reg(a[r].reg);
    rows.add(fragments, kind, b.data());
  } else {
    std::vector<Number> whole(depth * maxColumns);
    Number own[16][depth];
    if (!readColumns(value(a[0], 0), rowsOfA, kind, whole.data()))
      return false;
    for (unsigned row = 0; row < 16; ++row)
      for (unsigned k = 0; k < depth; ++k)
        own[row][k] = whole[k * maxColumns + 16 * (inBlock % warpgroupWarps) + row];
    rows.add(own, b.data());
  }
  for (unsigned i = 0; i < results.size(); ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      reg(results[i].reg).lane[l] = std::bit_cast<uint32_t>(rows.sum(i, l));
  return true;
}

bool Warp::wgmmaFence(Group &group, uint32_t mask) {
  Meeting meeting = meetAligned(group, mask);
  if (meeting == Meeting::Complete)
    isUnfenced.assign(isUnfenced.size(), false);
  return meeting != Meeting::Fault;
}

bool Warp::wgmmaCommit(Group &group, uint32_t mask) {
  Meeting meeting = meetAligned(group, mask);
  if (meeting == Meeting::Complete) {
    ++productGroups;
    hasOpenProducts = false;
  }
  return meeting != Meeting::Fault;
}

bool Warp::wgmmaWait(Group &group, const Instruction &code, uint32_t mask) {
  Meeting meeting = meetAligned(group, mask);
  if (meeting != Meeting::Complete)
    return meeting != Meeting::Fault;
  uint32_t done = productGroups > code.count ? productGroups - code.count : 0;
  if (done <= productGroupsDone)
    return true;
  productGroupsDone = done;
  Knowledge ended;
  ended.own.raise(cluster.actors.products(number), done);
  acquire(mask, ended);
  return true;
}

bool Warp::checkEnd(uint32_t mask) {
  if ((productGroupsDone == productGroups && !hasOpenProducts) || (alive & ~mask))
    return true;
  return fault(0, "ends while products of its warp may be under way: wait for them "
                  "(wgmma.wait_group 0)");
}

} // namespace uwt::emulator::ptx
