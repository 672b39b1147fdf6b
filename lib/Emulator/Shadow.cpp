//===- Shadow.cpp - Who wrote and read shared memory ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Shadow.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

namespace uwt::emulator {

void join(Clock &to, const Clock &from) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = std::max(to[i], from[i]);
}

Shadow::Shadow(uint64_t bytes, unsigned granule, Actors actors)
    : shift(llvm::Log2_32(granule)), actors(actors), cells((bytes + granule - 1) / granule),
      writers(cells.size()) {
  for (unsigned reader = 0; reader < 2 * actors.warps; ++reader)
    reads.emplace_back(cells.size());
}

void Shadow::reset() {
  std::fill(cells.begin(), cells.end(), Cell());
  // Groups of products are numbered from the beginning of a block.
  for (unsigned warp = 0; warp < actors.warps; ++warp)
    reads[actors.warps + warp].clear();
}

Conflict Shadow::checkWrite(uint64_t granule, const Clock &clock) const {
  const Cell &cell = cells[granule];
  if (isOrdered(cell, clock))
    return {};
  return {Conflict::Write, cell.writer, cell.time, writers[granule]};
}

Conflict Shadow::read(unsigned warp, const Clock &clock, uint64_t begin, const uint64_t *lanes,
                      uint32_t active, unsigned bytes, uint32_t instruction, unsigned &lane) {
  ReadMarks<ReadMark> &marks = reads[warp];
  const ReadMark mark{clock[actors.warp(warp)], instruction};
  // Neighbours were mostly written together: only what differs from the last is checked.
  Cell last;
  for (; active; active &= active - 1) {
    lane = llvm::countr_zero(active);
    uint64_t byte = begin + lanes[lane];
    for (uint64_t i = byte >> shift, end = endOf(byte, bytes); i < end; ++i) {
      const Cell &cell = cells[i];
      marks[i] = mark;
      if (cell == last && cell.writer != 0)
        continue;
      if (cell.writer == 0)
        return {Conflict::Uninitialised};
      if (!isOrdered(cell, clock))
        return checkWrite(i, clock);
      last = cell;
    }
  }
  return {};
}

Conflict Shadow::readProducts(unsigned warp, uint32_t time, const Clock &clock, uint64_t byte,
                              uint64_t bytes, uint32_t instruction) {
  ReadMarks<ReadMark> &marks = reads[actors.warps + warp];
  for (uint64_t i = byte >> shift, end = endOf(byte, bytes); i < end; ++i) {
    if (cells[i].writer == 0)
      return {Conflict::Uninitialised};
    if (!isOrdered(cells[i], clock))
      return checkWrite(i, clock);
    marks[i] = {time, instruction};
  }
  return {};
}

Conflict Shadow::checkReads(unsigned writer, const Clock &clock, uint64_t begin,
                            uint64_t end) const {
  for (unsigned list = 0; list < reads.size(); ++list) {
    unsigned reader =
        list < actors.warps ? actors.warp(list) : actors.products(list - actors.warps);
    // What a warp itself read is in its past.
    if (reader == writer)
      continue;
    auto isUnknown = [time = clock[reader]](const ReadMark &mark) { return mark.time > time; };
    if (uint64_t i = reads[list].find(begin, end, isUnknown); i != end)
      return {Conflict::Read, reader, reads[list][i].time, reads[list][i].instruction};
  }
  return {};
}

Conflict Shadow::write(unsigned writer, uint32_t time, const Clock &clock, uint64_t byte,
                       uint64_t bytes, uint32_t instruction, bool isCopy) {
  uint64_t begin = byte >> shift, end = endOf(byte, bytes);
  for (uint64_t i = begin; i < end; ++i)
    if (!isOrdered(cells[i], clock))
      return checkWrite(i, clock);
  if (Conflict conflict = checkReads(writer, clock, begin, end))
    return conflict;
  std::fill(cells.begin() + begin, cells.begin() + end,
            Cell{time, uint16_t(writer), isCopy, false});
  std::fill(writers.begin() + begin, writers.begin() + end, instruction);
  return {};
}

Conflict Shadow::checkFences(const Clock &fenced, const Clock &clock, uint64_t byte,
                             uint64_t bytes) const {
  for (uint64_t i = byte >> shift, end = endOf(byte, bytes); i < end; ++i) {
    const Cell &cell = cells[i];
    if (actors.isWarp(cell.writer) && isOrdered(cell, clock) && fenced[cell.writer] < cell.time)
      return {Conflict::Proxy, cell.writer, cell.time, writers[i]};
  }
  return {};
}

void Shadow::land(uint64_t byte, uint64_t bytes) {
  for (uint64_t i = byte >> shift; i < (byte + bytes) >> shift; ++i)
    cells[i].isInFlight = false;
}

Conflict Shadow::atomic(unsigned warp, const Clock &clock, uint64_t byte, unsigned bytes,
                        uint32_t instruction) {
  for (uint64_t i = byte >> shift; i < (byte + bytes) >> shift; ++i) {
    Cell &cell = cells[i];
    if (cell.writer == 0)
      return {Conflict::Uninitialised};
    if (!cell.isAtomic)
      if (Conflict conflict = checkWrite(i, clock))
        return conflict;
    cell = {clock[actors.warp(warp)], uint16_t(actors.warp(warp)), false, true};
    writers[i] = instruction;
  }
  return {};
}

} // namespace uwt::emulator
