//===- Flatten.h - From a gpu.func to byte code -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One walk over the function's blocks. Operations are found by name in a table
// (handlers()): a handler makes registers for the results and emits instructions, or a
// diagnostic. A register is used again when its value is dead, except those in which
// values meet and those that a memref's view refers to.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_FLATTEN_H
#define UWT_LIB_EMULATOR_FLATTEN_H

#include "Bytecode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <optional>

namespace uwt::emulator {

/// The registers of a value.
struct ValueRegisters {
  int32_t reg = -1;
  unsigned count = 0;
};

/// What a scalar or vector type needs.
struct ValueType {
  unsigned count = 1;
  unsigned bits = 64;
  std::optional<FloatKind> kind;
};

/// Types of values in registers: integers up to 64 bits, index, floats, vectors of static shape.
std::optional<ValueType> valueType(mlir::Type type);

class Flattener {
public:
  explicit Flattener(Program &program) : program(program) {}

  mlir::LogicalResult run(mlir::gpu::GPUFuncOp function);

  /// A handler of operations; `parameter` is the table's.
  struct Handler {
    mlir::LogicalResult (*function)(Flattener &, mlir::Operation *, const Handler &);
    Opcode opcode = Opcode::End;
    OpKind opKind = OpKind::None;
    unsigned parameter = 0;
  };
  using HandlerTable = llvm::StringMap<Handler>;

  // Registers and values.
  ValueRegisters define(mlir::Value value);
  /// Result registers that are never used for anything else.
  ValueRegisters definePinned(mlir::Value value);
  void bind(mlir::Value value, ValueRegisters registers) { valueRegisters[value] = registers; }
  int32_t reg(mlir::Value value) { return valueRegisters.lookup(value).reg; }
  ValueRegisters registersOf(mlir::Value value) { return valueRegisters.lookup(value); }
  int32_t freshRegister(unsigned count = 1);
  int32_t constantRegister(uint64_t bits);
  int32_t initialRegister(Initial::Kind kind, uint64_t value, uint64_t divisor = 1);
  /// A number for a view or an index: constants by value; a register is kept to the end.
  Operand pinned(mlir::Value value);
  /// The same for an index that is read at once.
  Operand operand(mlir::Value value);
  Operand pinned(mlir::OpFoldResult value);
  Operand add(mlir::Operation *op, Operand a, Operand b);
  Operand multiply(mlir::Operation *op, Operand a, Operand b);

  // Code.
  Instruction &emit(mlir::Operation *op, Opcode opcode, OpKind opKind = OpKind::None);
  void emitPermute(mlir::Operation *op, int32_t dst, llvm::ArrayRef<int32_t> sources);
  /// `to` becomes `from`, in the active lanes, as if all at once.
  void emitAssign(mlir::Operation *op, llvm::ArrayRef<int32_t> to, llvm::ArrayRef<int32_t> from);
  uint32_t here() const { return program.code.size(); }
  mlir::LogicalResult block(mlir::Block &block);
  /// All registers of values, in order.
  llvm::SmallVector<int32_t> allRegisters(mlir::ValueRange values);

  // Memory.
  std::optional<MemoryView> view(mlir::Value memref) const;
  void setView(mlir::Value memref, MemoryView view) { views.try_emplace(memref, std::move(view)); }
  mlir::FailureOr<Access> access(mlir::Operation *op, mlir::Value memref, mlir::ValueRange indices,
                                 unsigned bytes, unsigned elementBytes);
  unsigned addAllocation(Allocation allocation);
  mlir::FailureOr<uint32_t> barrierUse(mlir::Operation *op, mlir::Value group, mlir::Value index);

  Program &program;
  llvm::DenseMap<mlir::Value, MemoryView> views;
  /// First barrier and number of barriers.
  llvm::DenseMap<mlir::Value, std::pair<unsigned, unsigned>> barrierGroups;
  std::optional<unsigned> dynamicShared;

private:
  /// `a` opcode `b` at run time; the other one where one is the neutral element.
  Operand combine(mlir::Operation *op, Opcode opcode, int64_t neutral, Operand a, Operand b);
  mlir::LogicalResult argument(mlir::gpu::GPUFuncOp function, mlir::BlockArgument argument);
  mlir::LogicalResult attribution(mlir::BlockArgument argument, Space space);
  mlir::LogicalResult operation(mlir::Operation *op, const HandlerTable &table);
  void releaseAfter(mlir::Operation *op);
  void noteLastUses(mlir::Block &block);

  llvm::DenseMap<mlir::Value, ValueRegisters> valueRegisters;
  std::map<uint64_t, int32_t> constants;
  std::map<std::tuple<int, uint64_t, uint64_t>, int32_t> initials;
  std::map<unsigned, std::vector<int32_t>> freeRegisters;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 2>> lastUses;
  llvm::DenseMap<mlir::Value, bool> reusable;
};

/// A view of a whole allocation as `type` describes it; nullopt for a layout with dynamic parts or
/// elements that are not whole bytes. Dynamic sizes are taken from `dynamicSizes`.
std::optional<MemoryView> makeView(Flattener &flattener, mlir::Operation *op, mlir::MemRefType type,
                                   unsigned allocation, llvm::ArrayRef<Operand> dynamicSizes);

// Parts of the table.
void addArithHandlers(Flattener::HandlerTable &table);
void addVectorHandlers(Flattener::HandlerTable &table);
void addControlHandlers(Flattener::HandlerTable &table);
void addMemoryHandlers(Flattener::HandlerTable &table);
void addGpuHandlers(Flattener::HandlerTable &table);
void addWarpgroupHandlers(Flattener::HandlerTable &table);

/// An error where accumulators of products that may be under way are used for anything but further
/// products, control flow and uwt.warpgroup_wait.
mlir::LogicalResult checkSumsInFlight(mlir::gpu::GPUFuncOp function);

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_FLATTEN_H
