//===- MachineReport.h - What a kernel's machine code does ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counts that a kernel profile is made of, read from nvdisasm's listing and ptxas's messages:
// instructions of each loop by class, bytes of shared memory, registers, spills, and writes to
// registers that a matrix instruction in flight still reads. Counts are of one thread and one
// trip of the loop. Says nothing of time.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_MACHINECODE_MACHINEREPORT_H
#define UWT_MACHINECODE_MACHINEREPORT_H

#include "uwt/MachineCode/MachineCode.h"
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace uwt::machine_code {

/// Instructions by class, and the bytes that they move.
struct InstructionCounts {
  std::array<unsigned, numInstructionKinds> ofKind = {};
  /// Bytes that a thread reads from and writes to shared memory.
  unsigned sharedReadBytes = 0, sharedWriteBytes = 0;
  /// Bytes that a thread reads from and writes to global memory; bulk copies are not in them.
  unsigned globalReadBytes = 0, globalWriteBytes = 0;
  /// HMMA, HGMMA, IMMA and IGMMA, without what synchronises them.
  unsigned products = 0;
  /// Opcodes that the table of classes does not have, each once.
  std::vector<std::string> unknown;

  unsigned operator[](InstructionKind c) const { return ofKind[static_cast<unsigned>(c)]; }
  unsigned total() const;
  void add(const Instruction &instruction);
  void add(const InstructionCounts &other);
};

/// A loop without an inner loop that does work.
struct LoopReport {
  /// Addresses of the first instruction of a trip and of the last branch back.
  uint64_t header = 0, latch = 0;
  /// All its instructions, and those that every trip executes: without rare paths such as escapes.
  InstructionCounts all, always;
};

/// An instruction that writes a register which a matrix instruction in flight may still read.
struct Hazard {
  uint64_t matrixAddress = 0, writeAddress = 0;
  std::string matrixText, writeText;

  /// "0x0500: HGMMA… reads R40, which 0x03a0: LOP3… writes before it has ended"
  std::string text() const;
  /// The first register that both use.
  unsigned reg = 0;
};

/// What ptxas -v says of a kernel.
struct KernelResources {
  std::string name;
  unsigned registers = 0, barriers = 0;
  unsigned stackBytes = 0, spillStoreBytes = 0, spillLoadBytes = 0;
  /// Static shared memory; what is dynamic is not known to ptxas.
  unsigned sharedBytes = 0;
};

/// What the thread that fills a ring does for a stage, from the moment that it knows the stage to
/// be empty.
struct CopyingRole {
  /// Instructions that it has issued, and times that it has stopped for loads from global memory,
  /// each of which waits for the one before.
  struct Progress {
    unsigned instructions = 0, loads = 0;
    bool operator==(const Progress &) const = default;
  };
  /// Until it issues its first copy and its last one, and until it waits for the next stage.
  Progress firstCopy, lastCopy, trip;
  /// How often its first copy stops for loads that it issued before that moment and had not stopped
  /// for yet: once at most where they wait for nothing.
  unsigned loadsInFlight = 0;
  /// Copies of a stage, in instructions.
  unsigned copies = 0;
  /// Whether copies themselves say that they have landed, and not the thread once it has waited for
  /// them.
  bool announcesByCopies = false;
};

/// A kernel's machine code in figures.
struct KernelReport {
  KernelResources resources;
  /// All instructions in front of the padding at the end.
  InstructionCounts all;
  std::vector<LoopReport> loops;
  /// Of the loop in which warps look code words up and write what they decode for others, to shared
  /// memory or for the next kernel, if there is one: the sections of a trip, and of each section
  /// the ways (MachineLoop::sections).
  std::vector<std::vector<InstructionCounts>> decodes;
  /// Of the innermost loop that multiplies, of several of the one with the most ALU instructions
  /// for a product: the sections of a trip, and of each section the ways with its most products.
  std::vector<std::vector<InstructionCounts>> products;
  /// Of the role that fills the ring, if there is one.
  std::optional<CopyingRole> copying;
  /// Fences for the whole GPU (MEMBAR.….GPU): those of a cluster's barriers, and all others.
  unsigned clusterFences = 0, otherFences = 0;
  std::vector<Hazard> hazards;
};

/// The report of a kernel. `resources` is what ptxas said of it.
KernelReport reportKernel(const MachineKernel &kernel, const KernelResources &resources);

/// Writes to A registers of warpgroup matrix instructions in flight, once around each loop.
std::vector<Hazard> findHazards(const MachineKernel &kernel);

/// For a reader: a table a kernel.
std::string reportText(const std::vector<KernelReport> &kernels);
/// For programs: {"kernels": [...]}; classes without instructions are left out.
std::string reportJson(const std::vector<KernelReport> &kernels);

} // namespace uwt::machine_code

#endif // UWT_MACHINECODE_MACHINEREPORT_H
