//===- MachineReport.cpp - What a kernel's machine code does --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/MachineCode/MachineReport.h"
#include "CopyingRole.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <numeric>

using namespace uwt;
using namespace uwt::machine_code;

unsigned InstructionCounts::total() const {
  return std::accumulate(ofKind.begin(), ofKind.end(), 0u);
}

void InstructionCounts::add(const Instruction &instruction) {
  InstructionKind c = instruction.kindOf();
  ++ofKind[static_cast<unsigned>(c)];
  std::string base(instruction.base());
  if (c == InstructionKind::Other && !llvm::is_contained(unknown, base))
    unknown.push_back(base);
  products += base == "HMMA" || base == "HGMMA" || base == "IMMA" || base == "IGMMA";
  unsigned bytes = instruction.accessBytes();
  bool isStore = base.starts_with("ST") || base.starts_with("RED");
  if (c == InstructionKind::Shared)
    (isStore ? sharedWriteBytes : sharedReadBytes) += bytes;
  if (c == InstructionKind::Global)
    (isStore ? globalWriteBytes : globalReadBytes) += bytes;
  if (base == "LDGSTS")
    sharedWriteBytes += bytes;
}

void InstructionCounts::add(const InstructionCounts &other) {
  for (unsigned i = 0; i < numInstructionKinds; ++i)
    ofKind[i] += other.ofKind[i];
  sharedReadBytes += other.sharedReadBytes;
  sharedWriteBytes += other.sharedWriteBytes;
  globalReadBytes += other.globalReadBytes;
  globalWriteBytes += other.globalWriteBytes;
  products += other.products;
  for (const std::string &opcode : other.unknown)
    if (!llvm::is_contained(unknown, opcode))
      unknown.push_back(opcode);
}

std::string Hazard::text() const {
  return llvm::formatv("0x{0}: {1} reads R{2}, which 0x{3}: {4} writes before it has ended",
                       llvm::utohexstr(matrixAddress, true, 4), matrixText, reg,
                       llvm::utohexstr(writeAddress, true, 4), writeText)
      .str();
}

//===----------------------------------------------------------------------===//
// Matrix instructions in flight
//===----------------------------------------------------------------------===//

namespace {

/// Follows a path through a kernel. A group of matrix instructions ends with the one that names
/// scoreboard gsb0, and is done once WARPGROUP.DEPBAR.LE allows no more groups than came after it.
class FlightTracker {
public:
  FlightTracker(const MachineKernel &kernel, std::vector<Hazard> &found)
      : kernel(kernel), found(found) {}

  void run(llvm::ArrayRef<size_t> path) {
    for (size_t index : path)
      step(index);
  }

private:
  struct InFlight {
    size_t index;
    RegisterRange a;
  };
  using Group = std::vector<InFlight>;

  void step(size_t index) {
    const Instruction &instruction = kernel.instructions[index];
    if (std::optional<RegisterRange> written = instruction.result()) {
      for (const Group &group : groups)
        check(index, *written, group);
      check(index, *written, open);
    }
    if (std::optional<RegisterRange> a = instruction.matrixA())
      open.push_back({index, *a});
    if (!llvm::is_contained(instruction.operands, "gsb0"))
      return;
    if (instruction.base() == "WARPGROUP")
      wait(instruction);
    else
      groups.push_back(std::exchange(open, {}));
  }

  /// "WARPGROUP.DEPBAR.LE gsb0, 0x1"
  void wait(const Instruction &instruction) {
    size_t left = 0;
    if (instruction.operands.size() < 2 ||
        llvm::StringRef(instruction.operands.back()).getAsInteger(0, left))
      left = groups.size();
    if (groups.size() > left)
      groups.erase(groups.begin(), groups.end() - static_cast<std::ptrdiff_t>(left));
  }

  void check(size_t index, RegisterRange written, const Group &group) {
    for (const InFlight &each : group) {
      unsigned first = std::max(written.first, each.a.first);
      if (first >= std::min(written.first + written.count, each.a.first + each.a.count))
        continue;
      const Instruction &matrix = kernel.instructions[each.index];
      const Instruction &write = kernel.instructions[index];
      if (llvm::any_of(found, [&](const Hazard &known) {
            return known.matrixAddress == matrix.address && known.writeAddress == write.address;
          }))
        continue;
      Hazard hazard;
      hazard.matrixAddress = matrix.address;
      hazard.writeAddress = write.address;
      hazard.matrixText = matrix.text();
      hazard.writeText = write.text();
      hazard.reg = first;
      found.push_back(std::move(hazard));
    }
  }

  const MachineKernel &kernel;
  std::vector<Hazard> &found;
  std::vector<Group> groups;
  Group open;
};

} // namespace

std::vector<Hazard> uwt::machine_code::findHazards(const MachineKernel &kernel) {
  std::vector<Hazard> found;
  std::vector<size_t> all(kernel.size());
  std::iota(all.begin(), all.end(), 0);
  FlightTracker(kernel, found).run(all);
  for (const MachineLoop &loop : kernel.loops) {
    // In the order of a trip, whatever the order of its blocks in memory.
    std::vector<size_t> trip = loop.body;
    std::ranges::rotate(trip, std::ranges::find(trip, loop.header));
    FlightTracker twice(kernel, found);
    twice.run(trip);
    twice.run(trip);
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

/// Whether the loop contains no other that does work.
static bool isInnermost(const MachineLoop &loop, const MachineKernel &kernel) {
  return llvm::none_of(kernel.loops, [&](const MachineLoop &other) {
    return &other != &loop && !other.isMinor && std::ranges::includes(loop.body, other.body);
  });
}

static InstructionCounts countAll(const MachineKernel &kernel, llvm::ArrayRef<size_t> indices) {
  InstructionCounts counts;
  for (size_t index : indices)
    counts.add(kernel.instructions[index]);
  return counts;
}

using CountedSections = std::vector<std::vector<InstructionCounts>>;

/// What the sections of a trip through a loop take, of each section its ways.
static CountedSections countSections(const MachineKernel &kernel, const MachineLoop &loop) {
  CountedSections sections;
  for (const std::vector<MachineLoop::Way> &ways : loop.sections) {
    std::vector<InstructionCounts> &counted = sections.emplace_back();
    for (const MachineLoop::Way &way : ways)
      counted.push_back(countAll(kernel, way));
  }
  return sections;
}

/// The sections of a trip through a loop that multiplies, of each the ways with its most products.
static CountedSections countProducts(const MachineKernel &kernel, const MachineLoop &loop) {
  CountedSections sections = countSections(kernel, loop);
  unsigned products = 0;
  for (std::vector<InstructionCounts> &counted : sections) {
    unsigned most = 0;
    for (const InstructionCounts &way : counted)
      most = std::max(most, way.products);
    llvm::erase_if(counted, [&](const InstructionCounts &way) { return way.products < most; });
    products += most;
  }
  return products > 0 ? sections : CountedSections();
}

/// Those of the innermost loop that multiplies; of several, of the one with the most ALU
/// instructions for a product: weights that are stored as words may have a loop of their own, which
/// decodes nothing.
static CountedSections countProducts(const MachineKernel &kernel) {
  auto multiplies = [&](const MachineLoop &loop) {
    return countAll(kernel, loop.body).products > 0;
  };
  auto density = [&](const MachineLoop &loop) {
    InstructionCounts all = countAll(kernel, loop.body);
    return static_cast<double>(all[InstructionKind::Alu]) / all.products;
  };
  const MachineLoop *best = nullptr;
  for (const MachineLoop &loop : kernel.loops) {
    if (!multiplies(loop) || llvm::any_of(kernel.loops, [&](const MachineLoop &other) {
          return &other != &loop && multiplies(other) &&
                 std::ranges::includes(loop.body, other.body);
        }))
      continue;
    if (!best || density(loop) > density(*best))
      best = &loop;
  }
  return best ? countProducts(kernel, *best) : CountedSections();
}

/// The sections of a trip through the loop that decodes for others: the smallest one without
/// products that looks up in shared memory, and writes a group's words there, or, in a kernel that
/// multiplies nothing, words, bytes or codes to memory.
static CountedSections countDecodes(const MachineKernel &kernel) {
  // Of a thread: sixteen pairs of weights, four registers of four words, codes of 32 weights.
  constexpr unsigned lookupBytes = 16 * 4, wordBytes = 4 * 16, codeBytes = 16;
  bool hasProducts = llvm::any_of(kernel.loops, [&](const MachineLoop &loop) {
    return countAll(kernel, loop.body).products > 0;
  });
  const MachineLoop *best = nullptr;
  for (const MachineLoop &loop : kernel.loops) {
    InstructionCounts all = countAll(kernel, loop.body);
    bool writes =
        all.sharedWriteBytes >= wordBytes || (!hasProducts && all.globalWriteBytes >= codeBytes);
    if (all.products == 0 && all.sharedReadBytes >= lookupBytes && writes &&
        (!best || loop.body.size() < best->body.size()))
      best = &loop;
  }
  return best ? countSections(kernel, *best) : CountedSections();
}

/// Counts fences for the whole GPU. One that a cluster's barrier makes stands shortly before it.
static void countFences(const MachineKernel &kernel, KernelReport &report) {
  constexpr size_t reach = 8;
  llvm::ArrayRef<Instruction> all = llvm::ArrayRef(kernel.instructions).take_front(kernel.size());
  for (const auto &[i, instruction] : llvm::enumerate(all)) {
    if (instruction.base() != "MEMBAR" || !instruction.hasModifier("GPU"))
      continue;
    bool isOfCluster = llvm::any_of(all.slice(i).take_front(reach), [](const Instruction &next) {
      return next.base() == "UCGABAR_ARV";
    });
    ++(isOfCluster ? report.clusterFences : report.otherFences);
  }
}

KernelReport uwt::machine_code::reportKernel(const MachineKernel &kernel,
                                             const KernelResources &resources) {
  KernelReport report;
  report.resources = resources;
  report.resources.name = kernel.name;
  for (const Instruction &instruction :
       llvm::ArrayRef(kernel.instructions).take_front(kernel.size()))
    report.all.add(instruction);
  for (const MachineLoop &loop : kernel.loops) {
    if (loop.isMinor || !isInnermost(loop, kernel))
      continue;
    LoopReport &one = report.loops.emplace_back();
    one.header = kernel.instructions[loop.header].address;
    one.latch = kernel.instructions[loop.latch].address;
    one.all = countAll(kernel, loop.body);
    one.always = countAll(kernel, loop.always);
  }
  report.products = countProducts(kernel);
  report.decodes = countDecodes(kernel);
  report.copying = findCopyingRole(kernel);
  countFences(kernel, report);
  report.hazards = findHazards(kernel);
  return report;
}

static void printCounts(llvm::raw_ostream &os, const InstructionCounts &counts) {
  os << counts.total() << " instructions:";
  const char *separator = " ";
  for (unsigned i = 0; i < numInstructionKinds; ++i) {
    if (counts.ofKind[i] == 0)
      continue;
    os << separator << nameOf(InstructionKind(i)) << ' ' << counts.ofKind[i];
    separator = ", ";
  }
  os << "; bytes a thread: shared " << counts.sharedReadBytes << " read, "
     << counts.sharedWriteBytes << " written, global " << counts.globalReadBytes << " read, "
     << counts.globalWriteBytes << " written";
  if (!counts.unknown.empty())
    os << "; unknown: " << llvm::join(counts.unknown, ", ");
  os << '\n';
}

static void printCopying(llvm::raw_ostream &os, const CopyingRole &role) {
  os << "  from an empty stage:";
  for (auto [name, until] : {std::pair("first copy", role.firstCopy),
                             {"last copy", role.lastCopy},
                             {"next stage", role.trip}})
    os << ' ' << name << " after " << until.instructions << " instructions and " << until.loads
       << " loads,";
  os << ' ' << role.copies << " copies; " << role.loadsInFlight
     << " stops for earlier loads before the first\n";
}

std::string uwt::machine_code::reportText(const std::vector<KernelReport> &kernels) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const KernelReport &kernel : kernels) {
    const KernelResources &r = kernel.resources;
    os << "kernel " << r.name << ": " << r.registers << " registers, "
       << r.spillStoreBytes + r.spillLoadBytes << " bytes spilled, " << r.stackBytes
       << " bytes stack, " << r.sharedBytes << " bytes static shared, " << r.barriers
       << " barriers\n  all: ";
    printCounts(os, kernel.all);
    for (const LoopReport &loop : kernel.loops) {
      os << llvm::formatv("  loop 0x{0}..0x{1}: ", llvm::utohexstr(loop.header, true, 4),
                          llvm::utohexstr(loop.latch, true, 4));
      printCounts(os, loop.all);
      if (loop.always.total() == loop.all.total())
        continue;
      os << "    always: ";
      printCounts(os, loop.always);
    }
    for (const auto &[number, ways] : llvm::enumerate(kernel.products))
      for (const InstructionCounts &way : ways) {
        os << "  a way through section " << number << " of products: ";
        printCounts(os, way);
      }
    if (kernel.copying)
      printCopying(os, *kernel.copying);
    if (kernel.clusterFences + kernel.otherFences != 0)
      os << "  fences for the whole GPU: " << kernel.clusterFences << " of cluster barriers, "
         << kernel.otherFences << " others\n";
    for (const Hazard &hazard : kernel.hazards)
      os << "  hazard " << hazard.text() << '\n';
  }
  return text;
}

static llvm::json::Object jsonOf(const InstructionCounts &counts) {
  llvm::json::Object classes;
  for (unsigned i = 0; i < numInstructionKinds; ++i)
    if (counts.ofKind[i])
      classes[std::string(nameOf(InstructionKind(i)))] = counts.ofKind[i];
  llvm::json::Object object{{"instructions", counts.total()},
                            {"classes", std::move(classes)},
                            {"shared_read_bytes", counts.sharedReadBytes},
                            {"shared_write_bytes", counts.sharedWriteBytes},
                            {"global_read_bytes", counts.globalReadBytes},
                            {"global_write_bytes", counts.globalWriteBytes}};
  if (!counts.unknown.empty())
    object["unknown"] = llvm::json::Array(counts.unknown);
  return object;
}

static llvm::json::Object jsonOf(const CopyingRole &role) {
  auto progress = [](const CopyingRole::Progress &until) {
    return llvm::json::Object{{"instructions", until.instructions}, {"loads", until.loads}};
  };
  return llvm::json::Object{{"first_copy", progress(role.firstCopy)},
                            {"last_copy", progress(role.lastCopy)},
                            {"trip", progress(role.trip)},
                            {"loads_in_flight", role.loadsInFlight},
                            {"copies", role.copies},
                            {"announces_by_copies", role.announcesByCopies}};
}

static llvm::json::Object jsonOf(const KernelReport &kernel) {
  const KernelResources &r = kernel.resources;
  llvm::json::Array loops, products, hazards;
  for (const LoopReport &loop : kernel.loops) {
    loops.push_back(llvm::json::Object{{"header", loop.header},
                                       {"latch", loop.latch},
                                       {"all", jsonOf(loop.all)},
                                       {"always", jsonOf(loop.always)}});
  }
  for (const std::vector<InstructionCounts> &section : kernel.products) {
    llvm::json::Array ways;
    for (const InstructionCounts &way : section)
      ways.push_back(jsonOf(way));
    products.push_back(std::move(ways));
  }
  for (const Hazard &hazard : kernel.hazards)
    hazards.push_back(hazard.text());
  llvm::json::Object object{{"name", r.name},
                            {"registers", r.registers},
                            {"spill_bytes", r.spillStoreBytes + r.spillLoadBytes},
                            {"stack_bytes", r.stackBytes},
                            {"static_shared_bytes", r.sharedBytes},
                            {"barriers", r.barriers},
                            {"all", jsonOf(kernel.all)},
                            {"loops", std::move(loops)},
                            {"products", std::move(products)},
                            {"cluster_fences", kernel.clusterFences},
                            {"other_fences", kernel.otherFences},
                            {"hazards", std::move(hazards)}};
  if (kernel.copying)
    object["copying"] = jsonOf(*kernel.copying);
  return object;
}

std::string uwt::machine_code::reportJson(const std::vector<KernelReport> &kernels) {
  llvm::json::Array list;
  for (const KernelReport &kernel : kernels)
    list.push_back(jsonOf(kernel));
  llvm::json::Value value = llvm::json::Object{{"kernels", std::move(list)}};
  return llvm::formatv("{0:2}", value).str() + "\n";
}
