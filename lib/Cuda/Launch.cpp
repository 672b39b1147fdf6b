//===- Launch.cpp - Products on a GPU -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Launch.h"
#include "CodeVersions.h"
#include "CudaError.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Target/GpuTarget.h"
#include <algorithm>
#include <array>

using namespace uwt;
using namespace uwt::cuda;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static constexpr uint64_t largestGrid = INT32_MAX;

namespace {
/// Sums and products that remember an overflow.
class Checked {
public:
  Checked(uint64_t value) : value(value) {}
  Checked &operator+=(Checked other) {
    std::optional<uint64_t> sum =
        value && other.value ? checkedAdd(*value, *other.value) : std::nullopt;
    value = sum;
    return *this;
  }
  friend Checked operator*(Checked a, Checked b) {
    a.value = a.value && b.value ? checkedMultiply(*a.value, *b.value) : std::nullopt;
    return a;
  }
  std::optional<uint64_t> value;
};
} // namespace

static uint64_t tilesOf(uint64_t size, uint64_t tile) {
  // Not divideUp: sizes that a pack allows may be close to 2^64.
  return tile == 0 ? (size != 0) : size / tile + (size % tile != 0);
}

Expected<LaunchSize> uwt::cuda::launchSize(const KernelEntry &entry, uint64_t rows,
                                           uint64_t columns, uint32_t m, uint64_t residentCtas) {
  const LaunchRule &rule = entry.launch;
  // launch-1. A k of 0 still has results to write, so it counts as one tile then.
  uint64_t columnTiles = rule.tileK == 0 || columns == 0 ? 1 : tilesOf(columns, rule.tileK);
  Checked tiles =
      Checked(tilesOf(rows, rule.tileN)) * columnTiles * Checked(tilesOf(m, rule.tileM));
  auto tooLarge = [&](const char *what) {
    return usageError("n " + std::to_string(rows) + ", k " + std::to_string(columns) + ", m " +
                      std::to_string(m) + " is too large for kernel " + entry.kernel + ": " + what);
  };
  if (!tiles.value || *tiles.value > largestGrid)
    return tooLarge("it has more than 2^31 - 1 tiles");
  LaunchSize size;
  size.tiles = *tiles.value;
  // launch-2.
  uint64_t cluster = rule.cluster;
  uint64_t grid = roundUp(size.tiles, cluster);
  if (rule.grid == GridRule::Persistent) {
    grid = std::min(grid, std::max(residentCtas / cluster, uint64_t(1)) * cluster);
    if (cluster == 1)
      grid = evenCtas(grid, size.tiles / columnTiles);
  }
  if (grid > largestGrid)
    return tooLarge("it has more than 2^31 - 1 tiles");
  size.grid = static_cast<uint32_t>(grid);
  if (size.grid == 0)
    return size;
  // launch-3.
  const WorkspaceRule &workspace = entry.workspace;
  Checked counters = Checked(size.tiles) * workspace.countersPerTile;
  Checked bytes = workspace.fixed;
  bytes += Checked(size.tiles) * workspace.perTile;
  bytes += Checked(grid) * workspace.perCta;
  bytes += Checked(rows) * m * workspace.perOutput;
  if (!bytes.value || !counters.value)
    return tooLarge("its workspace has more than 2^64 bytes");
  size.counterBytes = *counters.value;
  size.workspaceBytes = *bytes.value;
  return size;
}

//===----------------------------------------------------------------------===//
// Making a launcher
//===----------------------------------------------------------------------===//

Status KernelLauncher::checkFits() const {
  auto misfit = [this](const std::string &why) {
    return usageError("kernel " + what->kernel + " " + why);
  };
  Format format = weight.format().ofMatrices();
  if (format != what->format || weight.element() != what->element)
    return misfit("runs from " + what->format.str() + " of " +
                  std::string(getTraits(what->element).name) + ", and the weight is " +
                  format.str() + " of " + std::string(getTraits(weight.element()).name));
  constexpr auto words = static_cast<size_t>(ArgumentKind::Words);
  if (needsCodes(*what) && weight.buffers()[words].bytes != 0)
    return noCodesError(*what);
  uint64_t rows = weight.rows(), columns = weight.columns();
  if (!what->n.admits(rows) || !what->k.admits(columns))
    return misfit("is not for n " + std::to_string(rows) + ", k " + std::to_string(columns) +
                  "; take one by KernelPack::select");
  bool isNarrow = std::ranges::any_of(what->arguments, [](const KernelArgument &argument) {
    return !isMemref(argument.kind) && argument.type == ArgumentType::I32;
  });
  if (isNarrow && std::max(rows, columns) > INT32_MAX)
    return misfit("takes sizes of 32 bits, and n is " + std::to_string(rows) + ", k " +
                  std::to_string(columns));
  return ok();
}

Status KernelLauncher::configure() {
  const LaunchRule &rule = what->launch;
  UWT_ASSIGN_OR_RETURN(function, code->function(what->kernel));
  UWT_ASSIGN_OR_RETURN(needs, code->resources(function));
  const DeviceProperties &machine = device->properties();
  uint64_t shared = uint64_t(rule.sharedBytes) + needs.staticSharedBytes;
  if (shared > machine.sharedBytes)
    return unsupportedError("kernel " + what->kernel + " needs " + std::to_string(shared) +
                            " bytes of shared memory, and " + machine.name + " has " +
                            std::to_string(machine.sharedBytes) + "; use a pack made for it");
  if (rule.threads > needs.maxThreads)
    return unsupportedError("kernel " + what->kernel + " is launched with " +
                            std::to_string(rule.threads) + " threads, and its registers allow " +
                            std::to_string(needs.maxThreads) + " on " + machine.name +
                            "; use a pack made for it");
  // What is allowed without asking.
  constexpr uint32_t usualShared = 48 * 1024, portableCluster = 8;
  auto set = [&](int attribute, int value) {
    return callOn(*device, "cuFuncSetAttribute", [&](const DriverFunctions &functions) {
      return functions.cuFuncSetAttribute(function, attribute, value);
    });
  };
  // All there is, and not what this kernel asks for: the limit is the function's, which several
  // kernels of a pack may share. How much a launch takes is its own.
  if (shared > usualShared)
    UWT_RETURN_IF_ERROR(set(functionMaxDynamicSharedBytes,
                            static_cast<int>(machine.sharedBytes - needs.staticSharedBytes)));
  if (rule.cluster > portableCluster)
    UWT_RETURN_IF_ERROR(set(functionNonPortableCluster, 1));
  return ok();
}

/// The attributes of a launch; the configuration points to them.
static unsigned setAttributes(const LaunchRule &rule, bool isSerial,
                              std::array<CudaLaunchAttribute, 2> &out) {
  unsigned count = 0;
  if (rule.cluster > 1) {
    out[count].id = launchClusterDimension;
    out[count].value.clusterDimension[0] = rule.cluster;
    out[count].value.clusterDimension[1] = out[count].value.clusterDimension[2] = 1;
    ++count;
  }
  if (rule.dependent && !isSerial) {
    out[count].id = launchProgrammaticSerialization;
    out[count].value.programmaticSerialization = 1;
    ++count;
  }
  return count;
}

Expected<uint64_t> KernelLauncher::countResident() const {
  const LaunchRule &rule = what->launch;
  int ofOne = 0;
  UWT_RETURN_IF_ERROR(callOn(*device, "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                             [&](const DriverFunctions &functions) {
                               return functions.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                                   &ofOne, function, static_cast<int>(rule.threads),
                                   rule.sharedBytes);
                             }));
  uint64_t ctas = std::min<uint64_t>(rule.ctasPerMultiprocessor, std::max(ofOne, 0)) *
                  device->properties().multiprocessors;
  if (rule.cluster > 1 && ctas != 0) {
    std::array<CudaLaunchAttribute, 2> attributes{};
    unsigned count = setAttributes(rule, false, attributes);
    CudaLaunchConfig config{
        rule.cluster,      1,    1, rule.threads, 1, 1, rule.sharedBytes, nullptr,
        attributes.data(), count};
    int clusters = 0;
    UWT_RETURN_IF_ERROR(
        callOn(*device, "cuOccupancyMaxActiveClusters", [&](const DriverFunctions &functions) {
          return functions.cuOccupancyMaxActiveClusters(&clusters, function, &config);
        }));
    ctas = std::min(ctas, uint64_t(std::max(clusters, 0)) * rule.cluster);
  }
  if (ctas == 0)
    return unsupportedError("kernel " + what->kernel + " does not fit a multiprocessor of " +
                            device->properties().name + "; use a pack made for it");
  return ctas;
}

void KernelLauncher::fillConstants() {
  for (const KernelArgument &argument : what->arguments) {
    if (isMemref(argument.kind)) {
      constants.insert(constants.end(), {0, 0, 0, 0, 1});
      extraCount += argument.kind == ArgumentKind::Extra;
      continue;
    }
    uint64_t value = argument.kind == ArgumentKind::N   ? weight.rows()
                     : argument.kind == ArgumentKind::K ? weight.columns()
                                                        : argument.constant;
    constants.push_back(value);
  }
}

Expected<KernelLauncher> KernelLauncher::create(DevicePack &pack, const KernelEntry &entry,
                                                const DeviceWeightDescription &weight) {
  UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, createAlone(pack, entry, weight));
  if (const KernelEntry *first = pack.pack().preparationOf(entry)) {
    UWT_ASSIGN_OR_RETURN(KernelLauncher before, create(pack, *first, weight));
    launcher.before = std::make_shared<const KernelLauncher>(std::move(before));
  }
  return launcher;
}

Expected<KernelLauncher> KernelLauncher::createAlone(DevicePack &pack, const KernelEntry &entry,
                                                     const DeviceWeightDescription &weight) {
  KernelLauncher launcher;
  launcher.what = &entry;
  launcher.device = pack.device();
  launcher.weight = weight;
  UWT_RETURN_IF_ERROR(launcher.checkFits());
  if (!pack.owns(entry))
    return usageError("kernel " + entry.kernel + " is not of this pack; take one of its own");
  const CodeObject &object = pack.pack().codeObjects()[entry.code];
  const DeviceProperties &machine = launcher.device->properties();
  if (!runsOn(object.target, object.kind, machine.target))
    return unsupportedError("kernel " + entry.kernel + " is for " + object.target + ", and " +
                            machine.name + " is " + machine.target + "; use a pack made for it");
  UWT_ASSIGN_OR_RETURN(launcher.code, pack.module(entry));
  UWT_RETURN_IF_ERROR(launcher.configure());
  UWT_ASSIGN_OR_RETURN(launcher.residentCtas, launcher.countResident());
  launcher.fillConstants();
  return launcher;
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

Expected<LaunchSize> KernelLauncher::size(uint32_t m, uint32_t ctas) const {
  UWT_ASSIGN_OR_RETURN(LaunchSize size, sizeAlone(m, ctas));
  if (size.grid == 0)
    return size;
  // launch-4.
  for (const KernelLauncher *kernel = before.get(); kernel; kernel = kernel->before.get()) {
    UWT_ASSIGN_OR_RETURN(LaunchSize own, kernel->sizeAlone(m, 0));
    size.workspaceBytes = std::max(size.workspaceBytes, own.workspaceBytes);
    size.counterBytes = std::max(size.counterBytes, own.counterBytes);
  }
  return size;
}

Expected<LaunchSize> KernelLauncher::sizeAlone(uint32_t m, uint32_t ctas) const {
  if (m != 0 && (m < what->mFrom || m > what->mTo))
    return usageError("kernel " + what->kernel + " is for m from " + std::to_string(what->mFrom) +
                      " to " + std::to_string(what->mTo) + ", not " + std::to_string(m));
  return launchSize(*what, weight.rows(), weight.columns(), m, ctas ? ctas : residentCtas);
}

static const KernelArgument *findArgument(const KernelEntry &entry, ArgumentKind kind) {
  for (const KernelArgument &argument : entry.arguments)
    if (argument.kind == kind)
      return &argument;
  return nullptr;
}

Status uwt::cuda::checkAddress(const std::string &name, uint64_t address, uint64_t alignment) {
  if (address == 0)
    return usageError(name + " is null");
  if (address % alignment != 0)
    return usageError(name + " is not aligned to " + std::to_string(alignment) + " bytes");
  return ok();
}

Status KernelLauncher::checkRows(const char *name, ArgumentKind kind, uint64_t address,
                                 uint64_t stride, uint64_t width) const {
  const KernelArgument *argument = findArgument(*what, kind);
  if (!argument)
    return ok();
  UWT_RETURN_IF_ERROR(checkAddress(name, address, argument->alignment));
  if (stride < width)
    return usageError(std::string(name) + " has rows of " + std::to_string(width) +
                      " elements, which a stride of " + std::to_string(stride) + " overlaps");
  if (stride > INT32_MAX)
    return usageError(std::string(name) + " has the stride " + std::to_string(stride) +
                      ", more than 2^31 - 1");
  if (stride * bytesOf(argument->type) % argument->alignment != 0)
    return usageError(std::string(name) + " has the stride " + std::to_string(stride) +
                      ", with which not all rows are aligned to " +
                      std::to_string(argument->alignment) + " bytes");
  return ok();
}

Status KernelLauncher::checkExtras(const LaunchOperands &operands) const {
  if (operands.extras.size() != extraCount)
    return usageError("kernel " + what->kernel + " takes " + std::to_string(extraCount) +
                      " operands of the epilogue, and there are " +
                      std::to_string(operands.extras.size()));
  for (const KernelArgument &argument : what->arguments)
    if (argument.kind == ArgumentKind::Extra &&
        (operands.extras[argument.number].address == 0 ||
         operands.extras[argument.number].address % argument.alignment != 0))
      return checkAddress("operand " + std::to_string(argument.number) + " of the epilogue",
                          operands.extras[argument.number].address, argument.alignment);
  return ok();
}

Status KernelLauncher::checkSlices(const LaunchOperands &operands) const {
  const KernelArgument *argument = findArgument(*what, ArgumentKind::Slices);
  if (!argument)
    return ok();
  // launch-8: how many there are stands before them.
  uint64_t needed = (1 + tilesOf(operands.m, what->launch.tileM)) * bytesOf(argument->type);
  if (operands.slices.bytes < needed)
    return usageError("the slice table has " + std::to_string(operands.slices.bytes) +
                      " bytes, and kernel " + what->kernel + " needs " + std::to_string(needed) +
                      " for m " + std::to_string(operands.m));
  return checkAddress("the slice table", operands.slices.address, argument->alignment);
}

Status KernelLauncher::checkScratch(const char *name, ArgumentKind kind, DeviceRange given,
                                    uint64_t needed, uint32_t m) const {
  if (given.bytes < needed)
    return usageError(std::string(name) + " has " + std::to_string(given.bytes) +
                      " bytes, and kernel " + what->kernel + " needs " + std::to_string(needed) +
                      " for m " + std::to_string(m));
  const KernelArgument *argument = findArgument(*what, kind);
  if (needed == 0 || !argument)
    return ok();
  return checkAddress(name, given.address, argument->alignment);
}

static bool isOfWeight(ArgumentKind kind) { return kind <= ArgumentKind::Classes; }

Status KernelLauncher::checkWeight(const LaunchOperands &operands) const {
  bool isTaken = std::ranges::any_of(what->arguments, isOfWeight, &KernelArgument::kind);
  if (!isTaken)
    return ok();
  if (operands.matrix >= weight.matrices())
    return usageError("kernel " + what->kernel + " is asked for matrix " +
                      std::to_string(operands.matrix) + " of a weight of " +
                      std::to_string(weight.matrices()));
  return checkAddress("the weight", operands.weight, devicePlaneAlignment);
}

Status KernelLauncher::checkOperands(const LaunchOperands &operands, const LaunchSize &size) const {
  UWT_RETURN_IF_ERROR(checkWeight(operands));
  UWT_RETURN_IF_ERROR(
      checkRows("x", ArgumentKind::X, operands.x, operands.xStride, weight.columns()));
  UWT_RETURN_IF_ERROR(checkRows("y", ArgumentKind::Y, operands.y, operands.yStride, weight.rows()));
  UWT_RETURN_IF_ERROR(checkExtras(operands));
  UWT_RETURN_IF_ERROR(checkSlices(operands));
  UWT_RETURN_IF_ERROR(checkScratch("workspace", ArgumentKind::Workspace, operands.workspace,
                                   size.workspaceBytes, operands.m));
  return checkScratch("counters", ArgumentKind::Counters, operands.counters, size.counterBytes,
                      operands.m);
}

// launch-5, launch-7.
void KernelLauncher::fillDynamic(const LaunchOperands &operands, uint64_t *values) const {
  auto memref = [](uint64_t *descriptor, uint64_t address, uint64_t elements) {
    descriptor[0] = descriptor[1] = address;
    descriptor[3] = elements;
  };
  uint64_t before = operands.m - 1;
  // A grouped product's slices are of any matrices.
  std::optional<uint64_t> matrix;
  if (!isGrouped(*what))
    matrix = operands.matrix;
  for (const KernelArgument &argument : what->arguments) {
    if (isOfWeight(argument.kind)) {
      DeviceRange buffer = weight.bufferAt(operands.weight, argument.kind, matrix);
      memref(values, buffer.address, buffer.bytes / bytesOf(argument.type));
    }
    switch (argument.kind) {
    case ArgumentKind::X:
      memref(values, operands.x, before * operands.xStride + weight.columns());
      break;
    case ArgumentKind::Y:
      memref(values, operands.y, before * operands.yStride + weight.rows());
      break;
    case ArgumentKind::Workspace:
      memref(values, operands.workspace.address, operands.workspace.bytes / bytesOf(argument.type));
      break;
    case ArgumentKind::Counters:
      memref(values, operands.counters.address, operands.counters.bytes / bytesOf(argument.type));
      break;
    case ArgumentKind::Extra:
      memref(values, operands.extras[argument.number].address,
             operands.extras[argument.number].bytes / bytesOf(argument.type));
      break;
    case ArgumentKind::Slices:
      memref(values, operands.slices.address, operands.slices.bytes / bytesOf(argument.type));
      break;
    case ArgumentKind::M:
      *values = operands.m;
      break;
    case ArgumentKind::XStride:
      *values = operands.xStride;
      break;
    case ArgumentKind::YStride:
      *values = operands.yStride;
      break;
    default:
      break;
    }
    values += isMemref(argument.kind) ? memrefParameters : 1;
  }
}

Status KernelLauncher::launchAlone(const LaunchOperands &operands, uint32_t grid,
                                   void *stream) const {
  // On this thread's stack: launches of several threads do not meet.
  std::array<uint64_t, maxParameterBytes / 8> values;
  std::array<void *, maxParameterBytes / 8> pointers;
  std::copy(constants.begin(), constants.end(), values.begin());
  fillDynamic(operands, values.data());
  for (size_t i = 0; i < constants.size(); ++i)
    pointers[i] = &values[i];
  const LaunchRule &rule = what->launch;
  std::array<CudaLaunchAttribute, 2> attributes{};
  CudaLaunchConfig config{grid,
                          1,
                          1,
                          rule.threads,
                          1,
                          1,
                          rule.sharedBytes,
                          stream,
                          attributes.data(),
                          setAttributes(rule, operands.serial, attributes)};
  auto name = [&] {
    return "cuLaunchKernelEx of " + what->kernel + " with " + std::to_string(grid) +
           " CTAs on device " + std::to_string(device->ordinal());
  };
  return callOn(*device, name, [&](const DriverFunctions &functions) {
    return functions.cuLaunchKernelEx(&config, function, pointers.data(), nullptr);
  });
}

struct KernelLauncher::Plan {
  struct Launch {
    const KernelLauncher *launcher = nullptr;
    LaunchOperands operands;
    uint32_t grid = 0;
  };
  /// pack-11: at most three.
  std::array<Launch, 3> launches;
  size_t count = 0;
};

const KernelLauncher *KernelLauncher::decoder() const {
  const KernelLauncher *first = this;
  while (first->before)
    first = first->before.get();
  // launch-6.
  constexpr ArgumentKind ofCalls[] = {
      ArgumentKind::X,       ArgumentKind::Y,       ArgumentKind::Counters, ArgumentKind::Extra,
      ArgumentKind::XStride, ArgumentKind::YStride, ArgumentKind::M};
  for (ArgumentKind kind : ofCalls)
    if (findArgument(*first->what, kind))
      return nullptr;
  return first == this ? nullptr : first;
}

Expected<KernelLauncher::Plan> KernelLauncher::plan(const LaunchOperands &given) const {
  Plan plan;
  UWT_ASSIGN_OR_RETURN(LaunchSize whole, sizeAlone(given.m, given.ctas));
  if (whole.grid == 0)
    return plan;
  const KernelLauncher *decoded = given.isDecoded ? decoder() : nullptr;
  if (given.isDecoded && !decoded)
    return usageError("kernel " + what->kernel + " does not decode its weight before");
  for (const KernelLauncher *kernel = this; kernel != decoded; kernel = kernel->before.get()) {
    LaunchOperands operands = given;
    operands.xStride = operands.xStride ? operands.xStride : weight.columns();
    operands.yStride = operands.yStride ? operands.yStride : weight.rows();
    // Others may take fewer operands of the epilogue (pack-11).
    if (kernel != this)
      operands.extras = operands.extras.first(std::min(kernel->extraCount, operands.extras.size()));
    UWT_ASSIGN_OR_RETURN(LaunchSize size,
                         kernel->sizeAlone(given.m, kernel == this ? given.ctas : 0));
    UWT_RETURN_IF_ERROR(kernel->checkOperands(operands, size));
    plan.launches[plan.count++] = {kernel, operands, size.grid};
  }
  std::reverse(plan.launches.begin(), plan.launches.begin() + static_cast<ptrdiff_t>(plan.count));
  // What decodes was launched elsewhere: the kernel before on this stream is another call's.
  if (given.isDecoded)
    plan.launches.front().operands.serial = true;
  return plan;
}

Status KernelLauncher::check(const LaunchOperands &operands) const {
  Expected<Plan> planned = plan(operands);
  return planned ? ok() : Status(planned.takeError());
}

LaunchOperands KernelLauncher::rowsOf(const LaunchOperands &operands, uint64_t first,
                                      uint32_t m) const {
  LaunchOperands rows = operands;
  rows.m = m;
  auto advance = [&](uint64_t &address, ArgumentKind kind, uint64_t stride) {
    // Whichever of the kernels takes them.
    for (const KernelLauncher *kernel = this; kernel; kernel = kernel->before.get())
      if (const KernelArgument *argument = findArgument(*kernel->what, kind)) {
        address += address ? first * stride * bytesOf(argument->type) : 0;
        return;
      }
  };
  advance(rows.x, ArgumentKind::X, rows.xStride ? rows.xStride : weight.columns());
  advance(rows.y, ArgumentKind::Y, rows.yStride ? rows.yStride : weight.rows());
  return rows;
}

Status KernelLauncher::launch(const LaunchOperands &operands, void *stream) const {
  UWT_ASSIGN_OR_RETURN(Plan planned, plan(operands));
  for (const Plan::Launch &each : std::span(planned.launches).first(planned.count))
    if (each.grid != 0)
      UWT_RETURN_IF_ERROR(each.launcher->launchAlone(each.operands, each.grid, stream));
  return ok();
}

Status KernelLauncher::launchDecode(const LaunchOperands &given, void *stream) const {
  UWT_ASSIGN_OR_RETURN(LaunchSize whole, sizeAlone(given.m, 0));
  const KernelLauncher *first = decoder();
  if (!first)
    return usageError("kernel " + what->kernel + " does not decode its weight before");
  if (whole.grid == 0)
    return ok();
  UWT_ASSIGN_OR_RETURN(LaunchSize size, first->sizeAlone(given.m, given.ctas));
  LaunchOperands operands = given;
  operands.extras = {};
  UWT_RETURN_IF_ERROR(first->checkOperands(operands, size));
  return size.grid == 0 ? ok() : first->launchAlone(operands, size.grid, stream);
}
