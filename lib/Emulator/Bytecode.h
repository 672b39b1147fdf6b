//===- Bytecode.h - What the emulator executes ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel as a flat list of instructions over registers of 32 lanes. A value of b bits
// lies zero-extended in 64; a vector takes consecutive registers, one an element. Memrefs
// and barrier groups have no registers of their own: which allocation they point into is
// known when the kernel is flattened, and each access carries its plan.
//
// Instructions without effects compute all 32 lanes; a mask of lanes holds for memory,
// barriers and the registers in which values meet (results of scf.if, of loops).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_BYTECODE_H
#define UWT_LIB_EMULATOR_BYTECODE_H

#include "mlir/IR/Location.h"
#include "mlir/IR/OperationSupport.h"
#include "uwt/Emulator/Emulator.h"
#include "uwt/Support/Random.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace uwt::emulator {

constexpr unsigned warpLanes = 32;
constexpr uint32_t allLanes = ~0u;

/// One register: 32 lanes.
struct alignas(64) Lanes {
  uint64_t lane[warpLanes];
};

enum class Opcode : uint8_t {
  // clang-format off
  // Integers: dst = a op b.
  Add, Sub, Mul, And, Or, Xor, Shl, ShrU, ShrS, DivU, DivS, RemU, RemS, CeilDivU, CeilDivS, FloorDivS,
  MinU, MinS, MaxU, MaxS, CompareI, MulHighU, MulHighS, AddCarry,
  AbsI, CountOnes, LeadingZeros, TrailingZeros,
  // Floats, of `kind`.
  AddF, SubF, MulF, DivF, RemF, MinNumF, MaxNumF, MinimumF, MaximumF, NegF, AbsF, CompareF, Fma, SqrtF, FloorF, CeilF, TruncF, RoundF, CopySignF,
  // From `sourceBits` or a float of kind `mode`.
  SignExtend, ZeroExtend, IntegerToFloat, UnsignedToFloat, FloatToInteger, FloatToUnsigned, ConvertFloat,
  Select, SelectVector, Permute, Repack, PermuteBytes, FunnelShiftRight,
  // Control: `target` is where to go on.
  If, Else, EndIf, LoopBegin, LoopTest, LoopNext, WhileBegin, Condition, WhileNext, LoopEnd, Assign, End,
  // Memory: `target` is the access.
  Load, Store, Prefetch, AtomicRmw, AtomicAcqRel, BulkCopy, GridWait, AsyncCopy, AsyncCommit, AsyncWait, LoadMatrix,
  // Collectives.
  Barrier, Fence, WarpBarrier, Shuffle, Vote, Elect, Broadcast, Matrix, ByteMatrix, Products, ProductsWait,
  BarrierInit, BarrierArrive, BarrierExpect, BarrierExpectOnly, AsyncArrive, BarrierTest, BarrierWait, ClusterArrive, ClusterArriveRelaxed, ClusterWait,
  // clang-format on
};

enum class FloatKind : uint8_t { F16, BF16, F32, F64 };

/// What an instruction counts as.
enum class OpKind : uint8_t {
  None,
  Integer,
  Logic,
  Float,
  Convert,
  Matrix,
  Control,
  Shuffle,
  Barrier
};

/// Operands are register numbers. What a field holds depends on the opcode; see where it is made.
struct Instruction {
  Opcode opcode;
  OpKind opKind = OpKind::None;
  uint8_t bits = 0, sourceBits = 0;
  FloatKind kind = FloatKind::F32;
  uint8_t mode = 0;
  /// Elements: registers of the result.
  uint16_t count = 1;
  int32_t dst = -1, a = -1, b = -1, c = -1;
  uint32_t target = 0;
};

/// A number known now, or a register.
struct Operand {
  int32_t reg = -1;
  int64_t value = 0;
  /// A register that holds one number in all lanes.
  bool isUniform = false;

  bool isConstant() const { return reg < 0; }
  bool isSame() const { return reg < 0 || isUniform; }
  uint64_t at(const Lanes *registers, unsigned lane) const {
    return reg < 0 ? uint64_t(value) : registers[reg].lane[lane];
  }
};

enum class Space : uint8_t { Global, Shared, Private };

/// An allocation. Shared and private ones lie at `begin` of the block's arena or of the lane's.
struct Allocation {
  Space space;
  std::string name;
  /// Bytes; those of dynamic shared memory and of arguments come with the launch.
  uint64_t bytes = 0;
  uint64_t begin = 0;
  /// Number of the argument that holds it.
  unsigned argument = 0;
  bool isDynamic = false;
};

/// A memref's view of an allocation; strides in elements.
struct MemoryView {
  unsigned allocation = 0;
  unsigned elementBytes = 0;
  Operand byteOffset;
  llvm::SmallVector<Operand, 2> sizes, strides;
};

/// An access of `count` elements in a row from an index.
struct Access {
  MemoryView view;
  llvm::SmallVector<Operand, 2> indices;
  /// Bytes of all that a lane accesses, and of one register of it.
  unsigned bytes = 0, elementBytes = 0;
};

/// What the barrier instructions need: barriers `first` … `first + count - 1`, one by `index`.
struct BarrierUse {
  unsigned first = 0, count = 0;
  Operand index;
};

/// A bulk copy or an asynchronous copy of a thread.
struct CopyPlan {
  Access source, destination;
  /// Bytes to copy; for the copy of a thread, elements to read (the rest is zeros).
  Operand amount;
  BarrierUse barrier;
  /// Ranks of the blocks that get the bytes, as bits.
  Operand multicast;
  bool isMulticast = false;
};

/// A group of products of a warpgroup.
struct ProductsPlan {
  /// The first 16 bytes of B, and its descriptor but for their address.
  Access matrix;
  uint64_t descriptor = 0;
  uint64_t blockStride = 0;
  unsigned blocks = 0;
  /// Whether elements are signed bytes, whose sums are i32; whether sums begin from 0.
  bool areBytes = false, areNew = false;
  /// A's registers r0 … r3 of all blocks one behind the other; of bytes, those of each block.
  std::array<int32_t, 4> a = {};

  int32_t registerOfA(unsigned block, unsigned r) const {
    return areBytes ? a[block] + int32_t(r) : a[r] + int32_t(block);
  }
};

/// What a register holds when a warp starts.
struct Initial {
  enum Kind : uint8_t {
    Constant,
    ThreadId,
    BlockId,
    BlockDim,
    GridDim,
    GlobalId,
    LaneId,
    WarpId,
    WarpCount,
    Argument,
    ArgumentSize,
  };
  Kind kind;
  int32_t reg;
  /// The constant; the dimension; the argument's number; for a size, divided by `divisor`.
  uint64_t value = 0;
  uint64_t divisor = 1;
};

/// The type of an argument: a buffer of at least `bytes`, or a scalar.
struct ArgumentType {
  bool isBuffer = false;
  uint64_t bytes = 0;
  unsigned bits = 64;
};

struct Source {
  mlir::OperationName name;
  mlir::Location location;
};

/// A flattened kernel.
struct Program {
  std::string name;
  std::vector<Instruction> code;
  /// What each instruction was made from.
  std::vector<Source> sources;
  std::vector<Initial> initials;
  std::vector<ArgumentType> arguments;
  std::vector<Allocation> allocations;
  std::vector<Access> accesses;
  std::vector<CopyPlan> copies;
  std::vector<BarrierUse> barrierUses;
  std::vector<ProductsPlan> products;
  /// Register numbers for Permute (sources), Assign, Products and ProductsWait (pairs of
  /// destination and source).
  std::vector<int32_t> lists;
  unsigned registers = 0;
  unsigned barriers = 0;
  uint64_t sharedBytes = 0, privateBytes = 0;
  /// What the function says of its blocks; zeros if nothing.
  std::array<uint32_t, 3> blockSize = {};
  /// Blocks of a cluster, one behind the other in x.
  unsigned clusterBlocks = 1;
  /// The largest power of two that every access to shared memory is a multiple of.
  unsigned granule = 16;

  /// "'vector.load' (kernel.mlir:3:5)".
  std::string describe(size_t instruction) const;
};

/// "1 x 2 x 3".
std::string sizeText(const std::array<uint32_t, 3> &size);
/// Numbers 0 … count - 1 in an order from the seed.
std::vector<uint64_t> shuffledOrder(uint64_t count, Random &random);

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_BYTECODE_H
