//===- KernelPack.h - Compiled kernels in a file ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pack holds code objects for several targets, and for each kernel in them what it computes, for
// which problems, and how it is launched. docs/packs.md is the file's format. Everything
// that a reader hands out has been checked, for any bytes: what launches rely on (grids,
// arguments, sizes) is in bounds, and code objects end where they say.
//
// A code object itself is trusted like a shared library: a pack is code.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_PACK_KERNELPACK_H
#define UWT_PACK_KERNELPACK_H

#include "uwt/Format/ElementType.h"
#include "uwt/Format/Format.h"
#include "uwt/Support/Error.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

inline constexpr uint32_t packVersion = 1;

/// Machine code (an ELF file), or text in PTX that the driver compiles.
enum class CodeKind : uint8_t { Cubin, Ptx };

/// How a kernel works: by tensor cores straight from planes (skinny, wide), through shared memory,
/// to another format, from dense weights, or without tensor cores. The last two multiply nothing:
/// they count symbols, and gather rows.
enum class GpuKernelKind : uint8_t {
  Skinny,
  Wide,
  Shared,
  Transcode,
  Dense,
  Simt,
  Histogram,
  Gather
};
/// Whether kernels of a kind multiply.
bool isProduct(GpuKernelKind kind);

enum class GridRule : uint8_t {
  /// A CTA a tile.
  Tiles,
  /// As many CTAs as run at a time, each of which takes tiles until none is left.
  Persistent,
};

/// What a kernel's argument is. Those before M are memrefs, the others scalars.
enum class ArgumentKind : uint8_t {
  /// DevicePanelEntry, DeviceEscapeEntry (uwt/Pack/Abi.h) and the planes of the weight.
  Panels,
  Records,
  Table,
  Words,
  Raw,
  Code,
  Patch,
  Low,
  Classes,
  /// The activations [m, k] and the result [m, n], rows XStride and YStride elements apart.
  X,
  Y,
  Workspace,
  Counters,
  /// Operand `number` of the epilogue: what the caller gives.
  Extra,
  M,
  /// n and k.
  N,
  K,
  /// In elements.
  XStride,
  YStride,
  /// Bits that were fixed when the kernel was made.
  Constant,
  /// A memref: the slice table of a grouped product (launch-8).
  Slices,
};
inline bool isMemref(ArgumentKind kind) {
  return kind < ArgumentKind::M || kind == ArgumentKind::Slices;
}

enum class ArgumentType : uint8_t { I8, I16, I32, I64, F16, BF16, F32 };
unsigned bytesOf(ArgumentType type);

std::string_view nameOf(CodeKind kind);
std::string_view nameOf(GpuKernelKind kind);
std::string_view nameOf(GridRule rule);
std::string_view nameOf(ArgumentKind kind);
std::string_view nameOf(ArgumentType type);

struct KernelArgument {
  ArgumentKind kind = ArgumentKind::X;
  /// Of the memref's elements, or of the scalar.
  ArgumentType type = ArgumentType::I32;
  /// X, Y, Workspace, Counters, Extra, Slices: the address is a multiple of this many bytes; of X
  /// and Y every row's.
  uint32_t alignment = 1;
  /// Extra: which one.
  uint32_t number = 0;
  /// Constant: its bits.
  uint64_t constant = 0;

  bool operator==(const KernelArgument &) const = default;
};

/// The sizes of one dimension that a kernel works for.
struct ExtentRange {
  uint64_t least = 0, most = UINT64_MAX, multiple = 1;

  bool admits(uint64_t size) const { return size >= least && size <= most && size % multiple == 0; }
  bool operator==(const ExtentRange &) const = default;
};

struct LaunchRule {
  GridRule grid = GridRule::Persistent;
  uint32_t threads = 32;
  /// Dynamic shared memory of a CTA.
  uint32_t sharedBytes = 0;
  /// CTAs of a cluster, all in one row.
  uint32_t cluster = 1;
  /// Programmatic dependent launch: it may begin while the kernel before it on the stream ends.
  bool dependent = false;
  /// Persistent: CTAs of a multiprocessor that were planned for; fewer where fewer fit.
  uint32_t ctasPerMultiprocessor = 1;
  /// n, k and m of a tile; 0 where a tile has all of them.
  uint64_t tileN = 64, tileK = 0, tileM = 0;

  bool operator==(const LaunchRule &) const = default;
};

/// Bytes of scratch memory. Counters are apart from the rest, because they are zero before a launch
/// and after it: so all launches of a stream may share both buffers, whatever their sizes.
struct WorkspaceRule {
  uint64_t countersPerTile = 0;
  /// Of the rest, with any contents.
  uint64_t fixed = 0, perTile = 0, perCta = 0;
  /// An element of the result (m x n).
  uint64_t perOutput = 0;

  bool operator==(const WorkspaceRule &) const = default;
};

/// A kernel: what it is for and how it is launched.
struct KernelEntry {
  /// The function's name in its code object, and that object's number.
  std::string kernel;
  uint32_t code = 0;
  GpuKernelKind kind = GpuKernelKind::Skinny;
  /// The strategy that it was made for, as the compiler writes it; only for readers.
  std::string strategy;
  /// The format that it runs from; storage is n_major, since planes do not differ by it.
  Format format;
  /// Kind transcode: the format that it makes; nothing for others.
  std::optional<Format> result;
  ElementType element = ElementType::BF16;
  ExtentRange n, k;
  uint32_t mFrom = 1, mTo = UINT32_MAX;
  LaunchRule launch;
  WorkspaceRule workspace;
  /// 0, or 1 + the number of the kernel that every launch of this one launches first, with the same
  /// operands and scratch memory: it fits the same problems, and may have such a kernel too, three
  /// in all (pack-11).
  uint32_t prepare = 0;
  std::vector<KernelArgument> arguments;

  bool operator==(const KernelEntry &) const = default;
};

/// Whether a kernel is of grouped products: it has argument `slices` (launch-8).
bool isGrouped(const KernelEntry &entry);
/// Whether a product cannot be launched on weights of which a panel is stored as words: it has
/// argument `code` and not `words` (pack-13).
bool needsCodes(const KernelEntry &entry);
/// The error of a launch of such a product on such a weight.
Error noCodesError(const KernelEntry &entry);

/// Checks what an entry says (pack-7 to pack-10), in a pack with so many code objects. Errors:
/// Invalid.
Status checkEntry(const KernelEntry &entry, size_t codeObjects);

/// A code object of a pack. The bytes are those of the pack.
struct CodeObject {
  CodeKind kind = CodeKind::Cubin;
  /// "sm_90a".
  std::string target;
  uint64_t checksum = 0;
  std::span<const uint8_t> bytes;
};

/// The version that PTX says it is written in ("8.0"); empty where it says none.
std::string_view ptxVersion(std::string_view text);

/// A tool that took part: "ptxas" and "ptx" (the version of PTX) tell which driver code needs, the
/// others are for readers.
struct ToolVersion {
  std::string name, version;
  bool operator==(const ToolVersion &) const = default;
};

/// Whether code for `code` runs on the machine `device` ("sm_90"; a suffix is not looked at), by
/// CUDA's rules: machine code on machines of the same major number from its minor one on, PTX on
/// all from its own on, code with suffix `a` on exactly its machine, with `f` in its family.
bool runsOn(std::string_view code, CodeKind kind, std::string_view device);

struct KernelQuery {
  std::string target;
  Format format;
  ElementType element = ElementType::BF16;
  uint64_t n = 0, k = 0;
  uint32_t m = 1;
  /// Only kernels of this kind; without one, of any that multiplies.
  std::optional<GpuKernelKind> kind;
  /// Kind transcode: only kernels that make this format.
  std::optional<Format> result = std::nullopt;
  /// Only kernels in such code: PTX where a driver takes no cubin (select-4).
  std::optional<CodeKind> code = std::nullopt;
  /// Only kernels of grouped products, and the one whose slices fit m rows a matrix best
  /// (select-5); else none of these.
  bool grouped = false;
};

struct PackOptions {
  /// Whether checksums are verified. Structure always is.
  bool check = true;
};

/// An open pack. Immutable and thread-safe.
class KernelPack {
public:
  /// Errors, with the path in front: IO; Invalid (damage, with what and where); Unsupported (a
  /// version that is not known).
  static Expected<std::shared_ptr<const KernelPack>> open(const std::string &path,
                                                          const PackOptions &options = {});
  /// The same from memory that lives as long as the pack.
  static Expected<std::shared_ptr<const KernelPack>> parse(std::span<const uint8_t> bytes,
                                                           const PackOptions &options = {});
  /// Whether a file begins like a pack; false where it cannot be read.
  static bool isPack(const std::string &path);
  ~KernelPack();

  std::span<const KernelEntry> kernels() const;
  std::span<const CodeObject> codeObjects() const;
  std::span<const ToolVersion> tools() const;
  uint64_t fileBytes() const;

  /// The kernel that `entry`, one of kernels(), is launched after; null where there is none.
  const KernelEntry *preparationOf(const KernelEntry &entry) const;
  /// Whether `entry`, one of kernels(), is only launched before others.
  bool isPreparation(const KernelEntry &entry) const;

  /// The kernel for a problem, among those that fit: machine code before PTX, then the latest
  /// target, then the one that comes first. Never one that only prepares others. An Unsupported
  /// error says which condition no kernel meets, and what there is.
  Expected<const KernelEntry *> select(const KernelQuery &query) const;

private:
  struct State;
  explicit KernelPack(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

/// Puts a pack together. The bytes depend on what is added and its order alone.
class KernelPackWriter {
public:
  void addTool(std::string name, std::string version);
  /// Adds a code object, or finds an equal one; gives its number. PTX gets the zero byte that ends
  /// it.
  uint32_t addCode(CodeKind kind, std::string target, std::span<const uint8_t> bytes);
  void addKernel(KernelEntry entry);

  /// The file's bytes. A usage error where a reader would not take them.
  Expected<std::vector<uint8_t>> bytes() const;
  /// Writes them crash-safely (AtomicFileWriter).
  Status write(const std::string &path, bool overwrite) const;

private:
  struct Code {
    CodeKind kind;
    std::string target;
    std::vector<uint8_t> bytes;
  };
  std::vector<ToolVersion> tools;
  std::vector<Code> codes;
  std::vector<KernelEntry> entries;
};

} // namespace uwt

#endif // UWT_PACK_KERNELPACK_H
