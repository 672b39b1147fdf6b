//===- SharedShadow.cpp - Who wrote and read shared memory ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedShadow.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"
#include <optional>

namespace uwt::emulator::ptx {

SharedShadow::SharedShadow(uint64_t bytes, unsigned granule, Actors actors, unsigned threadsOfBlock)
    : shift(llvm::Log2_32(granule)), actors(actors), threadsOfBlock(threadsOfBlock),
      cells(endOf(0, bytes)), writers(cells.size()), readers(cells.size()) {
  for (unsigned reader = 0; reader < 2 * actors.warps; ++reader)
    reads.emplace_back(cells.size());
}

bool SharedShadow::isOrdered(const Cell &cell, const Accessor &who) const {
  if (cell.isInFlight)
    return false;
  if (cell.strength != weakAccess && who.strength != weakAccess &&
      (cell.actor / threadsOfBlock == who.thread / threadsOfBlock ||
       std::min(scopeOf(cell.strength), scopeOf(who.strength)) >= Scope::Cluster))
    return true;
  return cell.actor == who.thread ||
         (cell.actor == actors.copies(who.thread) && who.ownCopies >= cell.time) ||
         who.knowledge.own[cell.actor] >= cell.time;
}

Conflict SharedShadow::checkCells(const Accessor &who, uint64_t byte, uint64_t bytes) const {
  uint64_t end = endOf(byte, bytes);
  const Cell *ordered = nullptr;
  for (uint64_t g = byte >> shift; g < end; ++g) {
    const Cell &cell = cells[g];
    if (ordered && cell == *ordered)
      continue;
    bool isRepeated = who.isRepeat && !cell.isInFlight && cell.actor / 32 == who.thread / 32 &&
                      writers[g] == who.instruction;
    if (cell.time != 0 && !isOrdered(cell, who) && !isRepeated)
      return {Conflict::Write, cell.actor, cell.time, writers[g]};
    ordered = &cell;
  }
  return {};
}

Conflict SharedShadow::read(const Accessor &who, uint64_t byte, uint64_t bytes) {
  uint64_t end = endOf(byte, bytes);
  ReadMarks<ReadMark> &marks = reads[who.thread / 32];
  uint32_t lane = 1u << (who.thread % 32);
  const Cell *ordered = nullptr;
  for (uint64_t g = byte >> shift; g < end; ++g) {
    const Cell &cell = cells[g];
    if (!ordered || !(cell == *ordered)) {
      if (cell.time == 0)
        return {Conflict::Uninitialised, 0, 0, 0};
      if (!isOrdered(cell, who))
        return {Conflict::Write, cell.actor, cell.time, writers[g]};
      ordered = &cell;
    }
    if (who.strength != weakAccess)
      continue;
    ReadMark &mark = marks[g];
    if (mark.time != who.time) {
      // Lanes that read before and again now count by now; two times are kept for the others.
      mark.timeBefore = mark.time;
      mark.lanesBefore |= mark.lanes;
      mark.time = who.time;
      mark.lanes = 0;
    }
    mark.lanes |= lane;
    mark.lanesBefore &= ~lane;
    readers[g] = who.instruction;
  }
  return {};
}

Conflict SharedShadow::readProducts(const Accessor &who, unsigned warp, uint64_t byte,
                                    uint64_t bytes) {
  uint64_t end = endOf(byte, bytes);
  ReadMarks<ReadMark> &marks = reads[actors.warps + warp];
  for (uint64_t g = byte >> shift; g < end; ++g) {
    const Cell &cell = cells[g];
    if (cell.time == 0)
      return {Conflict::Uninitialised, 0, 0, 0};
    if (!isOrdered(cell, who))
      return {Conflict::Write, cell.actor, cell.time, writers[g]};
    marks[g].time = who.time;
    readers[g] = who.instruction;
  }
  return {};
}

Conflict SharedShadow::checkReads(const Accessor &who, uint64_t begin, uint64_t end) const {
  const Times &known = who.knowledge.own;
  auto knows = [&](unsigned thread, uint32_t time) {
    return known[thread] >= time || thread == who.thread;
  };
  for (unsigned warp = 0; warp < actors.warps; ++warp) {
    // What is known of all its lanes; computed where the warp has read at all.
    std::optional<uint32_t> least;
    unsigned thread = 0;
    auto isUnknown = [&](const ReadMark &mark) {
      if (mark.time == 0)
        return false;
      if (!least) {
        least = UINT32_MAX;
        for (unsigned l = 0; l < 32; ++l)
          least = std::min(*least, known[32 * warp + l]);
      }
      if (mark.time <= *least)
        return false;
      for (unsigned l = 0; l < 32; ++l) {
        thread = 32 * warp + l;
        if ((mark.lanes >> l & 1 && !knows(thread, mark.time)) ||
            (mark.lanesBefore >> l & 1 && !knows(thread, mark.timeBefore)))
          return true;
      }
      return false;
    };
    const ReadMarks<ReadMark> &lanes = reads[warp], &products = reads[actors.warps + warp];
    if (uint64_t g = lanes.find(begin, end, isUnknown); g != end)
      return {Conflict::Read, thread, lanes[g].time, readers[g]};
    unsigned actor = actors.products(warp);
    auto isLater = [time = known[actor]](const ReadMark &mark) { return mark.time > time; };
    if (uint64_t g = products.find(begin, end, isLater); g != end)
      return {Conflict::Read, actor, products[g].time, readers[g]};
  }
  return {};
}

Conflict SharedShadow::write(const Accessor &who, uint64_t byte, uint64_t bytes, bool isCopy) {
  uint64_t begin = byte >> shift, end = endOf(byte, bytes);
  if (Conflict conflict = checkCells(who, byte, bytes))
    return conflict;
  if (Conflict conflict = checkReads(who, begin, end))
    return conflict;
  for (uint64_t g = begin; g < end; ++g) {
    cells[g] = {who.time, uint16_t(who.actor), isCopy, who.strength};
    writers[g] = who.instruction;
  }
  return {};
}

Conflict SharedShadow::checkProxy(const Knowledge *fenced, llvm::ArrayRef<uint32_t> own,
                                  uint64_t byte, uint64_t bytes) const {
  uint64_t end = endOf(byte, bytes);
  for (uint64_t g = byte >> shift; g < end; ++g) {
    const Cell &cell = cells[g];
    if (cell.time == 0 || !actors.isThread(cell.actor) || own[cell.actor] >= cell.time ||
        (fenced && fenced->own[cell.actor] >= cell.time))
      continue;
    return {Conflict::Proxy, cell.actor, cell.time, writers[g]};
  }
  return {};
}

void SharedShadow::land(uint64_t byte, uint64_t bytes) {
  uint64_t end = endOf(byte, bytes);
  for (uint64_t g = byte >> shift; g < end; ++g)
    cells[g].isInFlight = false;
}

} // namespace uwt::emulator::ptx
