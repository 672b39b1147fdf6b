//===- Program.h - PTX as the emulator executes it --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A PTX module is decoded once: every name becomes a number, and each instruction an operation with
// its types and modifiers. What is not known is an error that names it with its line.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_PROGRAM_H
#define UWT_LIB_EMULATOR_PTX_PROGRAM_H

#include "uwt/Support/Error.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace uwt::emulator::ptx {

/// What an instruction does (PTX ISA 8.x, chapter "Instructions"); operands in the order of the
/// PTX text, results first.
enum class Op : uint8_t {
  // clang-format off
  // Arithmetic, which has no effects (Arithmetic.cpp). MulLo is mul of floats, too; Div rcp, of 1.
  Add, Sub, MulLo, MulHi, MulWide, MadLo, MadHi, MadWide, Div, Rem, Min, Max, Neg, Abs, Fma,
  And, Or, Xor, Not, Shl, Shr, ShfLeft, ShfRight, Lop3, Prmt, Bfe, Bfi, Popc, Clz, Bfind, Brev,
  Set, Select, Move, Convert, Sqrt, CopySign,
  // Vectors: {a, b, …} of a register and back.
  Pack, Unpack,
  // Addresses between spaces: `mode` is an AddressCast. MapShared: mapa, operands d, a, rank;
  // `space` is Generic or SharedCluster.
  CastAddress, MapShared,
  // Control.
  Branch, Exit, Trap,
  // Memory: `space`; the address is the operand behind the results (loads) or the first one.
  Load, Store, Atomic, Reduce, Prefetch, CreatePolicy,
  Fence, ProxyFence, BarrierInitFence,
  // Copies. PrefetchBulk: address and bytes. Cache policies are not among the operands.
  BulkCopy, AsyncCopy, AsyncCommit, AsyncWait, AsyncArrive, PrefetchBulk,
  // Lanes of a warp. Elect: results are a lane and a predicate.
  WarpBarrier, Shuffle, Vote, Redux, Elect, ActiveMask,
  // Barriers.
  Barrier, ClusterArrive, ClusterWait,
  MBarrierInit, MBarrierInvalidate, MBarrierArrive, MBarrierExpect, MBarrierTest,
  // Grids.
  GridWait, GridLaunchDependents, SetMaxRegisters,
  // Tensor cores.
  LoadMatrix, Mma, WgmmaFence, WgmmaCommit, WgmmaWait, Wgmma,
  // clang-format on
};

enum class TypeKind : uint8_t { Bits, Unsigned, Signed, Float, BFloat, Predicate };

struct Type {
  TypeKind kind = TypeKind::Bits;
  uint8_t bits = 32;

  bool isFloat() const { return kind == TypeKind::Float || kind == TypeKind::BFloat; }
  bool operator==(const Type &) const = default;
};

enum class Space : uint8_t { Generic, Global, Shared, SharedCluster, Local, Param };

/// Comparisons of `setp`: those that end in U are true where an operand is NaN.
enum class Compare : uint8_t { Eq, Ne, Lt, Le, Gt, Ge, EqU, NeU, LtU, LeU, GtU, GeU, Num, NaN };

enum class Rounding : uint8_t { None, NearestEven, Zero, Down, Up };

enum class AddressCast : uint8_t {
  SharedToGeneric,
  GenericToShared,
  GenericToSharedCluster,
  GenericToGlobal,
  GlobalToGeneric,
  GenericToLocal,
  LocalToGeneric
};

enum class AtomicKind : uint8_t { Add, And, Or, Xor, Min, Max, Inc, Dec, Exchange, CompareAndSwap };

/// Memory ordering of an instruction and how far it reaches.
enum class Order : uint8_t {
  Weak,
  Relaxed,
  Acquire,
  Release,
  AcquireRelease,
  SequentiallyConsistent
};
enum class Scope : uint8_t { Cta, Cluster, Gpu, System };

/// How strong an access to memory is: weak, or 1 + the scope of a strong one (PTX ISA, "Strong
/// Operations").
using Strength = uint8_t;
inline constexpr Strength weakAccess = 0;
inline Strength strongAs(Scope scope) { return static_cast<Strength>(uint8_t(scope) + 1); }
/// Of a strong access.
inline Scope scopeOf(Strength strength) { return Scope(strength - 1); }

enum class ShuffleKind : uint8_t { Up, Down, Butterfly, Index };
enum class VoteKind : uint8_t { All, Any, Uniform, Ballot };

/// A register and, for an address, what is added to it. Constants have registers of their own, as
/// have the addresses of variables in shared memory (`mov d, name`, `[name+8]`) and special
/// registers. A result that is not wanted (`_`) has register -1.
struct Operand {
  int32_t reg = -1;
  int64_t offset = 0;
};

/// What a field means where an operation is not said to use it: nothing.
struct Instruction {
  Op op;
  /// Of the operation; of the sources where they differ (cvt, setp's operands, wgmma's A and B; of
  /// factors and of what is added to an f32 where that is f16 or bf16; of mul.wide's factors; of
  /// the elements, which `type` is in Unpack).
  Type type, sourceType;
  Space space = Space::Generic;
  /// Atomic, Reduce: AtomicKind. Set: Compare (of unsigned numbers where sourceType is).
  /// CastAddress: AddressCast. Shuffle, Vote: their kinds. Redux: AtomicKind. Prmt: 0 default, 1
  /// f4e, 2 b4e, 3 rc8, 4 ecl, 5 ecr, 6 rc16. Lop3: the table. ShfLeft, ShfRight: 1 clamps, 0
  /// wraps. Convert, Add, …, Fma: Rounding. Set: with a third source, 0 none, 1 and, 2 or, 3 xor in
  /// `mode2`. Convert: `mode2` is 1 where the result is an integral value.
  uint8_t mode = 0, mode2 = 0;
  /// Flush subnormal results and operands of f32 to zero.
  bool isFlushing = false;
  /// f16x2, bf16x2, f32x2: `type` is that of each of two elements in a register of twice its bits;
  /// the first one has the lower bits. cvt to them has two sources, of which the first becomes the
  /// upper element.
  bool isPair = false;
  /// Saturate (cvt: to the integer's range, float to [0, 1]); relu of cvt is not known.
  bool isSaturating = false;
  Order order = Order::Weak;
  Scope scope = Scope::Gpu;
  /// The instruction runs where this predicate is true (or false where it is negated).
  int32_t guard = -1;
  bool isGuardNegated = false;
  /// In Program::operands: results, then sources. MBarrierArrive: 0 or 1 results.
  uint32_t first = 0;
  uint8_t results = 0;
  uint16_t sources = 0;
  /// Branch: the instruction to go on with. AsyncWait, WgmmaWait: groups that may be left.
  /// AsyncCopy: bytes to write. SetMaxRegisters: registers (mode 1: inc, 0: dec). Wgmma: columns.
  /// Mma: k. LoadMatrix: tiles. Load, Store: elements of the vector.
  uint32_t count = 0;
  /// MBarrierArrive: also expects bytes (its last source). MBarrierTest: waits for a parity, not a
  /// token. Branch: `.uni`. BulkCopy: `.multicast` (source 4 is the mask). LoadMatrix: `.trans`.
  /// Shuffle: has a predicate as the second result. AsyncArrive: `.noinc`. Barrier: has a count.
  /// Min, Max of floats: `.NaN`. Bfind: `.shiftamt`.
  /// ClusterArrive, MBarrierArrive and others of an order: `order` and `scope`.
  bool flag = false;
  /// MBarrierTest: `try_wait`. ClusterArrive, ClusterWait, Barrier: `.aligned`. MBarrierArrive: at
  /// another block's barrier (shared::cluster). BulkCopy: to shared::cluster of any rank.
  bool flag2 = false;
  /// In the PTX text, from 1.
  uint32_t line = 0;
};

/// What a register holds when a thread starts.
enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NTidX,
  NTidY,
  NTidZ,
  CtaIdX,
  CtaIdY,
  CtaIdZ,
  NCtaIdX,
  NCtaIdY,
  NCtaIdZ,
  LaneId,
  WarpId,
  NWarpId,
  ClusterCtaRank,
  ClusterNCtaRank,
  ClusterCtaIdX,
  ClusterNCtaIdX,
  ClusterIdX,
  NClusterIdX,
  DynamicSharedBytes,
  /// `value` itself: a constant, or the address of a variable in shared memory.
  Constant,
};

struct Initial {
  Special kind;
  int32_t reg;
  uint64_t value = 0;
};

/// A parameter of an entry: `bytes` at `offset` of the parameter space. Loads from it are
/// `ld.param` (space Param), whose address operand is a constant register with the parameter's
/// offset.
struct Parameter {
  std::string name;
  uint32_t offset = 0, bytes = 8;
};

/// A variable in shared memory, at `offset` of the block's; the dynamic one (`.extern`) begins
/// behind all others, at `offset`, and ends where the launch says.
struct SharedVariable {
  std::string name;
  uint64_t offset = 0, bytes = 0;
  bool isDynamic = false;
};

/// An entry of a module.
struct Program {
  std::string name;
  /// "sm_90a".
  std::string target;
  std::vector<Instruction> code;
  std::vector<Operand> operands;
  std::vector<Initial> initials;
  std::vector<Parameter> parameters;
  std::vector<SharedVariable> shared;
  uint32_t registers = 0;
  /// Width of each register in bits; 1 for predicates.
  std::vector<uint8_t> registerBits;
  uint64_t staticSharedBytes = 0, localBytes = 0, parameterBytes = 0;
  /// Threads of a block (.reqntid, or .maxntid with isMaximum); zeros if nothing is said.
  std::array<uint32_t, 3> blockSize = {};
  bool isMaximum = false;
  /// Blocks of a cluster (.reqnctapercluster).
  std::array<uint32_t, 3> clusterSize = {1, 1, 1};
  /// Lines of the text, so that errors can show them.
  std::vector<std::string> lines;

  llvm::ArrayRef<Operand> resultsOf(const Instruction &code) const {
    return llvm::ArrayRef(operands).slice(code.first, code.results);
  }
  llvm::ArrayRef<Operand> sourcesOf(const Instruction &code) const {
    return llvm::ArrayRef(operands).slice(code.first + code.results, code.sources);
  }
  /// "'ld.shared.b32 %r1, [%rd2]' (line 17)".
  std::string describe(size_t instruction) const;
};

/// Decodes all entries of a module, or of modules one behind the other, each of which begins with
/// `.version`. Errors: Unsupported, with the line and what is not known in it
/// (an instruction, a modifier, a directive); Invalid (the text is no PTX: a name that is not
/// declared, a label that is not there).
Expected<std::vector<Program>> parsePtx(llvm::StringRef text);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_PROGRAM_H
