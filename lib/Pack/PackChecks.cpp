//===- PackChecks.cpp - What a kernel pack may say ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackChecks.h"
#include "PackTable.h"
#include "uwt/Pack/Abi.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <bit>
#include <cstring>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

template <typename Enum, size_t count>
static std::string_view nameIn(const std::string_view (&names)[count], Enum value) {
  auto number = static_cast<size_t>(value);
  return number < count ? names[number] : "?";
}

std::string_view uwt::nameOf(CodeKind kind) {
  static constexpr std::string_view names[codeKinds] = {"cubin", "ptx"};
  return nameIn(names, kind);
}
std::string_view uwt::nameOf(GpuKernelKind kind) {
  static constexpr std::string_view names[kernelKinds] = {
      "skinny", "wide", "shared", "transcode", "dense", "simt", "histogram", "gather"};
  return nameIn(names, kind);
}
bool uwt::isProduct(GpuKernelKind kind) {
  return kind != GpuKernelKind::Transcode && kind != GpuKernelKind::Histogram &&
         kind != GpuKernelKind::Gather;
}
static bool reads(const KernelEntry &entry, ArgumentKind kind) {
  return std::ranges::find(entry.arguments, kind, &KernelArgument::kind) != entry.arguments.end();
}

bool uwt::isGrouped(const KernelEntry &entry) { return reads(entry, ArgumentKind::Slices); }

bool uwt::needsCodes(const KernelEntry &entry) {
  // pack-13.
  return isProduct(entry.kind) && reads(entry, ArgumentKind::Code) &&
         !reads(entry, ArgumentKind::Words);
}

Error uwt::noCodesError(const KernelEntry &entry) {
  return usageError("kernel " + entry.kernel +
                    " needs the codes of the weight, and a part of the weight is held as floats, "
                    "since it has numbers that only these have; compile the product with "
                    "arithmetic dense");
}

std::string_view uwt::nameOf(GridRule rule) {
  static constexpr std::string_view names[gridRules] = {"tiles", "persistent"};
  return nameIn(names, rule);
}
std::string_view uwt::nameOf(ArgumentKind kind) {
  static constexpr std::string_view names[argumentKinds] = {
      "panels", "records", "table", "words",    "raw",       "code",     "patch",
      "low",    "classes", "x",     "y",        "workspace", "counters", "extra",
      "m",      "n",       "k",     "x_stride", "y_stride",  "constant", "slices"};
  return nameIn(names, kind);
}
std::string_view uwt::nameOf(ArgumentType type) {
  static constexpr std::string_view names[valueTypes] = {"i8",  "i16",  "i32", "i64",
                                                         "f16", "bf16", "f32"};
  return nameIn(names, type);
}

unsigned uwt::bytesOf(ArgumentType type) {
  static constexpr unsigned bytes[valueTypes] = {1, 2, 4, 8, 2, 2, 4};
  auto number = static_cast<size_t>(type);
  return number < valueTypes ? bytes[number] : 1;
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

std::optional<TargetNumbers> uwt::parseTarget(std::string_view target) {
  // pack-5.
  if (!target.starts_with("sm_"))
    return std::nullopt;
  target.remove_prefix(3);
  TargetNumbers numbers;
  if (!target.empty() && (target.back() == 'a' || target.back() == 'f')) {
    numbers.suffix = target.back();
    target.remove_suffix(1);
  }
  if (target.size() < 2 || target.size() > 3 || target.front() == '0')
    return std::nullopt;
  unsigned number = 0;
  for (char digit : target) {
    if (digit < '0' || digit > '9')
      return std::nullopt;
    number = number * 10 + static_cast<unsigned>(digit - '0');
  }
  numbers.major = number / 10;
  numbers.minor = number % 10;
  return numbers;
}

bool uwt::runsOn(std::string_view code, CodeKind kind, std::string_view device) {
  std::optional<TargetNumbers> made = parseTarget(code), there = parseTarget(device);
  if (!made || !there)
    return false;
  // select-2.
  bool sameMajor = made->major == there->major;
  if (made->suffix == 'a')
    return sameMajor && made->minor == there->minor;
  if (made->suffix == 'f' || kind == CodeKind::Cubin)
    return sameMajor && made->minor <= there->minor;
  return made->major < there->major || (sameMajor && made->minor <= there->minor);
}

//===----------------------------------------------------------------------===//
// Code objects
//===----------------------------------------------------------------------===//

std::string_view uwt::ptxVersion(std::string_view text) {
  constexpr std::string_view directive = ".version ";
  size_t begin = text.find(directive);
  if (begin == std::string_view::npos)
    return {};
  text.remove_prefix(begin + directive.size());
  return text.substr(0, text.find_first_not_of("0123456789."));
}

namespace {

/// An ELF file, read without trust.
class Elf {
public:
  explicit Elf(std::span<const uint8_t> bytes) : bytes(bytes) {}
  Status check() const;

private:
  uint64_t number(uint64_t offset, unsigned size) const {
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value |= uint64_t(bytes[offset + i]) << (8 * i);
    return value;
  }
  bool isInside(uint64_t offset, uint64_t size) const {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  }
  Status checkSegments() const;
  Status checkSections() const;

  std::span<const uint8_t> bytes;
};

} // namespace

// Offsets in the headers of 64-bit ELF (the System V ABI).
static constexpr uint64_t elfHeaderBytes = 64, segmentBytes = 56, sectionBytes = 64;
static constexpr uint64_t cudaMachine = 190, sectionWithoutBytes = 8;

Status Elf::checkSegments() const {
  uint64_t table = number(32, 8), count = number(56, 2);
  if (count == 0)
    return ok();
  if (number(54, 2) != segmentBytes || !isInside(table, count * segmentBytes))
    return invalidError("its table of segments leaves it");
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = table + i * segmentBytes;
    if (!isInside(number(at + 8, 8), number(at + 32, 8)))
      return invalidError("its segment " + std::to_string(i) + " leaves it");
  }
  return ok();
}

Status Elf::checkSections() const {
  uint64_t table = number(40, 8), count = number(60, 2);
  // A count of 0 would be in the first section's header: no cubin has so many.
  if (count == 0 || number(58, 2) != sectionBytes || !isInside(table, count * sectionBytes))
    return invalidError("its table of sections leaves it");
  if (number(62, 2) >= count)
    return invalidError("its section of names is not there");
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = table + i * sectionBytes;
    if (number(at + 4, 4) != sectionWithoutBytes &&
        !isInside(number(at + 24, 8), number(at + 32, 8)))
      return invalidError("its section " + std::to_string(i) + " leaves it");
  }
  return ok();
}

Status Elf::check() const {
  static constexpr uint8_t start[] = {0x7F, 'E', 'L', 'F', 2, 1};
  if (bytes.size() < elfHeaderBytes ||
      !std::equal(std::begin(start), std::end(start), bytes.begin()))
    return invalidError("it is not a 64-bit ELF file");
  if (number(18, 2) != cudaMachine)
    return invalidError("it is for machine " + std::to_string(number(18, 2)) + ", and CUDA is " +
                        std::to_string(cudaMachine));
  UWT_RETURN_IF_ERROR(checkSegments());
  return checkSections();
}

Status uwt::checkCode(CodeKind kind, std::span<const uint8_t> bytes) {
  // pack-6.
  if (kind == CodeKind::Cubin)
    return Elf(bytes).check();
  if (bytes.size() < 2 || bytes.back() != 0)
    return invalidError("it is PTX without the zero byte that ends it");
  if (std::memchr(bytes.data(), 0, bytes.size() - 1))
    return invalidError("it is PTX with a zero byte inside");
  return ok();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static bool isKernelName(std::string_view name) {
  auto isPart = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.';
  };
  return !name.empty() && std::ranges::all_of(name, isPart);
}

static Status checkFormats(const KernelEntry &entry) {
  // pack-7.
  if (entry.format.codec.keyword.empty())
    return invalidError("it has no format");
  if ((entry.kind == GpuKernelKind::Transcode) != entry.result.has_value())
    return invalidError(entry.result ? "it has a result's format, but is of kind " +
                                           std::string(nameOf(entry.kind))
                                     : "it is of kind transcode without a result's format");
  for (const Format &format : {entry.format, entry.result.value_or(entry.format)})
    if (format != format.ofMatrices())
      return invalidError("its format " + inQuotes(format.str()) +
                          " says how tensors lie; leave out storage and fold");
  return ok();
}

static Status checkExtent(const ExtentRange &extent, const char *what) {
  // pack-8.
  if (extent.least > extent.most)
    return invalidError(std::string(what) + " is from " + std::to_string(extent.least) + " to " +
                        std::to_string(extent.most));
  if (extent.multiple == 0)
    return invalidError(std::string(what) + " is a multiple of 0");
  return ok();
}

static Status checkLaunch(const LaunchRule &launch) {
  // pack-9.
  if (launch.threads == 0 || launch.threads > 1024 || launch.threads % 32 != 0)
    return invalidError(std::to_string(launch.threads) +
                        " threads are no multiple of 32 from 32 to 1024");
  if (launch.sharedBytes > 232448)
    return invalidError(std::to_string(launch.sharedBytes) +
                        " bytes of shared memory are more than 232448");
  if (launch.cluster > 16 || !std::has_single_bit(launch.cluster))
    return invalidError("a cluster has 1, 2, 4, 8 or 16 CTAs, not " +
                        std::to_string(launch.cluster));
  if (launch.ctasPerMultiprocessor == 0 || launch.ctasPerMultiprocessor > 32)
    return invalidError("a multiprocessor runs 1 to 32 CTAs, not " +
                        std::to_string(launch.ctasPerMultiprocessor));
  return ok();
}

/// Whether a caller gives the address.
static bool isCallers(ArgumentKind kind) {
  return (kind >= ArgumentKind::X && kind <= ArgumentKind::Extra) || kind == ArgumentKind::Slices;
}

static Status checkArgument(const KernelArgument &argument) {
  // pack-10.
  ArgumentKind kind = argument.kind;
  bool isScalar = !isMemref(kind) && kind != ArgumentKind::Constant;
  if (isScalar && argument.type != ArgumentType::I32 && argument.type != ArgumentType::I64)
    return invalidError("it is a number of type " + std::string(nameOf(argument.type)) +
                        ", and has to be i32 or i64");
  if (kind == ArgumentKind::Panels && argument.type != ArgumentType::I64)
    return invalidError("its elements are " + std::string(nameOf(argument.type)) +
                        ", and have to be i64");
  if (kind == ArgumentKind::Slices && argument.type != ArgumentType::I32)
    return invalidError("its elements are " + std::string(nameOf(argument.type)) +
                        ", and have to be i32");
  if (argument.alignment > 256 || !std::has_single_bit(argument.alignment) ||
      (argument.alignment != 1 && !isCallers(kind)))
    return invalidError("it has the alignment " + std::to_string(argument.alignment));
  if (argument.number != 0 && kind != ArgumentKind::Extra)
    return invalidError("it has the number " + std::to_string(argument.number));
  unsigned bits = kind == ArgumentKind::Constant ? bytesOf(argument.type) * 8 : 0;
  if (bits < 64 && argument.constant >> bits != 0)
    return invalidError("its constant has more than " + std::to_string(bits) + " bits");
  return ok();
}

static Status checkArguments(std::span<const KernelArgument> arguments) {
  uint64_t bytes = 0, extras = 0, seen = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const KernelArgument &argument = arguments[i];
    std::string where =
        "argument " + std::to_string(i) + " (" + std::string(nameOf(argument.kind)) + ")";
    Status checked = checkArgument(argument);
    if (!checked)
      return checked.takeError().in(where);
    if (argument.kind == ArgumentKind::Extra && argument.number != extras++)
      return invalidError(where + ": it has the number " + std::to_string(argument.number) +
                          ", and " + std::to_string(extras - 1) + " comes next");
    uint64_t bit = uint64_t(1) << static_cast<unsigned>(argument.kind);
    bool mayRepeat =
        argument.kind == ArgumentKind::Extra || argument.kind == ArgumentKind::Constant;
    if (!mayRepeat && (seen & bit))
      return invalidError(where + ": it is there twice");
    seen |= bit;
    bytes += isMemref(argument.kind) ? memrefParameters * 8 : 8;
  }
  if (bytes > maxParameterBytes)
    return invalidError("its parameters take " + std::to_string(bytes) + " bytes, more than " +
                        std::to_string(maxParameterBytes));
  return ok();
}

Status uwt::checkEntry(const KernelEntry &entry, size_t codeObjects) {
  if (!isKernelName(entry.kernel)) // pack-7
    return invalidError("a kernel's name has letters, digits, '_', '$' and '.' only");
  if (entry.code >= codeObjects)
    return invalidError("it is in code object " + std::to_string(entry.code) + " of " +
                        std::to_string(codeObjects));
  UWT_RETURN_IF_ERROR(checkFormats(entry));
  UWT_RETURN_IF_ERROR(checkExtent(entry.n, "n"));
  UWT_RETURN_IF_ERROR(checkExtent(entry.k, "k"));
  if (entry.mFrom > entry.mTo) // pack-8
    return invalidError("m is from " + std::to_string(entry.mFrom) + " to " +
                        std::to_string(entry.mTo));
  UWT_RETURN_IF_ERROR(checkLaunch(entry.launch));
  if (isGrouped(entry) && (!isProduct(entry.kind) || entry.launch.tileM == 0)) // pack-14
    return invalidError("it has the argument slices, and is no product whose tiles have some of m");
  return checkArguments(entry.arguments);
}
