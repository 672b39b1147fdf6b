//===- FlattenGpu.cpp - gpu, nvgpu, nvvm and ours -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "MatrixMath.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;

namespace uwt::emulator {

using Handler = Flattener::Handler;

/// What is the same for a warp's whole life.
static LogicalResult special(Flattener &flat, Operation *op, const Handler &handler) {
  auto dimension = op->getAttrOfType<gpu::DimensionAttr>("dimension");
  int32_t reg = flat.initialRegister(Initial::Kind(handler.parameter),
                                     dimension ? uint64_t(dimension.getValue()) : 0);
  flat.bind(op->getResult(0), {reg, 1});
  return success();
}

static LogicalResult subgroupSize(Flattener &flat, Operation *op, const Handler &) {
  flat.bind(op->getResult(0), {flat.constantRegister(warpLanes), 1});
  return success();
}

static LogicalResult dynamicShared(Flattener &flat, Operation *op, const Handler &) {
  if (!flat.dynamicShared)
    flat.dynamicShared =
        flat.addAllocation({Space::Shared, "dynamic shared memory", 0, 0, 0, true});
  auto type = cast<MemRefType>(op->getResult(0).getType());
  // Its size comes with the launch: the allocation's bounds hold.
  Operand size{-1, INT64_MAX};
  flat.setView(op->getResult(0), *makeView(flat, op, type, *flat.dynamicShared, size));
  return success();
}

/// Collectives and fences that are one instruction without operands, or nothing.
static LogicalResult plain(Flattener &flat, Operation *op, const Handler &handler) {
  if (handler.opcode != Opcode::End)
    flat.emit(op, handler.opcode, handler.opKind);
  return success();
}

/// Fences between what threads do and what the asynchronous proxy does.
static LogicalResult proxyFence(Flattener &flat, Operation *op, const Handler &) {
  std::string kind;
  llvm::raw_string_ostream(kind) << op->getAttr("kind");
  if (StringRef(kind).contains("async"))
    flat.emit(op, Opcode::Fence).mode = 1;
  return success();
}

static LogicalResult warpBarrier(Flattener &flat, Operation *op, const Handler &) {
  flat.emit(op, Opcode::WarpBarrier, OpKind::Barrier).a = flat.reg(op->getOperand(0));
  return success();
}

static LogicalResult shuffleLanes(Flattener &flat, Operation *op, const Handler &) {
  auto shuffleOp = cast<gpu::ShuffleOp>(op);
  auto type = valueType(shuffleOp.getValue().getType());
  if (!type)
    return op->emitError() << "type " << shuffleOp.getValue().getType()
                           << " is not known to the emulator";
  int32_t dst = flat.define(op->getResult(0)).reg, valid = flat.define(op->getResult(1)).reg;
  Instruction &code = flat.emit(op, Opcode::Shuffle, OpKind::Shuffle);
  code.dst = dst, code.target = valid, code.count = type->count;
  code.a = flat.reg(shuffleOp.getValue()), code.b = flat.reg(shuffleOp.getOffset());
  code.c = flat.reg(shuffleOp.getWidth()), code.mode = uint8_t(shuffleOp.getMode());
  return success();
}

static LogicalResult broadcastLane(Flattener &flat, Operation *op, const Handler &) {
  auto broadcastOp = cast<gpu::SubgroupBroadcastOp>(op);
  auto type = valueType(op->getResult(0).getType());
  if (!type)
    return op->emitError() << "type " << op->getResult(0).getType()
                           << " is not known to the emulator";
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code = flat.emit(op, Opcode::Broadcast, OpKind::Shuffle);
  code.dst = dst, code.count = type->count, code.a = flat.reg(broadcastOp.getSrc());
  code.b = broadcastOp.getLane() ? flat.reg(broadcastOp.getLane()) : -1;
  return success();
}

/// nvvm.elect.sync: mask, or all lanes.
static LogicalResult elect(Flattener &flat, Operation *op, const Handler &) {
  int32_t dst = flat.define(op->getResult(0)).reg;
  int32_t members =
      op->getNumOperands() == 0 ? flat.constantRegister(UINT32_MAX) : flat.reg(op->getOperand(0));
  Instruction &code = flat.emit(op, Opcode::Elect, OpKind::Shuffle);
  code.dst = dst, code.a = members;
  return success();
}

/// nvvm.vote.sync: mask, predicate, kind (any, all, ballot, uni).
static LogicalResult vote(Flattener &flat, Operation *op, const Handler &) {
  Attribute kind = op->getAttr("kind");
  std::string text;
  llvm::raw_string_ostream(text) << kind;
  StringRef name(text);
  int mode = name.contains("ballot") ? 2 : name.contains("any") ? 0 : name.contains("all") ? 1 : -1;
  if (mode < 0)
    return op->emitError() << "vote kind " << kind << " is not known to the emulator";
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code = flat.emit(op, Opcode::Vote, OpKind::Shuffle);
  code.dst = dst, code.a = flat.reg(op->getOperand(0)), code.b = flat.reg(op->getOperand(1));
  code.mode = mode;
  return success();
}

static LogicalResult matrix(Flattener &flat, Operation *op, const Handler &) {
  auto mma = cast<nvgpu::MmaSyncOp>(op);
  std::array<int64_t, 3> shape = mma.getMmaShapeAsArray();
  auto a = valueType(mma.getMatrixA().getType()), c = valueType(mma.getMatrixC().getType());
  bool isKnown = a && c && shape[0] == 16 && shape[1] == 8;
  bool isOfBytes = isKnown && shape[2] == ByteFragments::depth && !a->kind && a->bits == 8 &&
                   !c->kind && c->bits == 32;
  bool isOfWords = isKnown && (shape[2] == 16 || shape[2] == 8) &&
                   (a->kind == FloatKind::BF16 || a->kind == FloatKind::F16) &&
                   c->kind == FloatKind::F32;
  if (!isOfBytes && !isOfWords)
    return op->emitError() << "this shape or type is not known to the emulator: it takes m16n8k16 "
                              "and m16n8k8 of bf16 or f16 with accumulators in f32, and m16n8k32 "
                              "of i8 with accumulators in i32";
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code =
      flat.emit(op, isOfBytes ? Opcode::ByteMatrix : Opcode::Matrix, OpKind::Matrix);
  code.dst = dst, code.mode = shape[2];
  if (isOfWords)
    code.kind = *a->kind;
  code.a = flat.reg(mma.getMatrixA()), code.b = flat.reg(mma.getMatrixB());
  code.c = flat.reg(mma.getMatrixC());
  return success();
}

static LogicalResult loadMatrix(Flattener &flat, Operation *op, const Handler &) {
  auto load = cast<nvgpu::LdMatrixOp>(op);
  auto type = valueType(load.getRes().getType());
  unsigned tiles = load.getNumTiles(), bits = type ? type->bits : 0;
  bool isKnown = (tiles == 1 || tiles == 2 || tiles == 4) &&
                 (bits == 16 || ((bits == 8 || bits == 32) && !load.getTranspose())) &&
                 type->count * bits == tiles * 32;
  if (!isKnown)
    return op->emitError() << "this shape or type is not known to the emulator: it takes 1, 2 or 4 "
                              "tiles of elements of 16 bits, or of 8 or 32 bits without transpose";
  auto access = flat.access(op, load.getSrcMemref(), load.getIndices(), 16, bits / 8);
  if (failed(access))
    return failure();
  if (flat.program.allocations[access->view.allocation].space != Space::Shared)
    return op->emitError() << "reads shared memory, not "
                           << flat.program.allocations[access->view.allocation].name;
  flat.program.accesses.push_back(*access);
  int32_t dst = flat.define(op->getResult(0)).reg;
  Instruction &code = flat.emit(op, Opcode::LoadMatrix);
  code.dst = dst, code.count = tiles, code.bits = bits;
  code.mode = load.getTranspose();
  code.target = flat.program.accesses.size() - 1;
  return success();
}

static LogicalResult createBarriers(Flattener &flat, Operation *op, const Handler &) {
  Value group = op->getResult(0);
  unsigned count = cast<nvgpu::MBarrierGroupType>(group.getType()).getNumBarriers();
  flat.barrierGroups[group] = {flat.program.barriers, count};
  flat.program.barriers += count;
  return success();
}

FailureOr<uint32_t> Flattener::barrierUse(Operation *op, Value group, Value index) {
  auto found = barrierGroups.find(group);
  if (found == barrierGroups.end())
    return op->emitError() << "which mbarriers these are is not known when the kernel is "
                              "flattened; use the result of nvgpu.mbarrier.create";
  program.barrierUses.push_back({found->second.first, found->second.second, operand(index)});
  return uint32_t(program.barrierUses.size() - 1);
}

/// The table's parameter has a digit an operand: 1 the index of the barrier, 2 `a`, 3 the
/// predicate (last, may be missing), 0 nothing; from the operand after the group on.
static LogicalResult barrier(Flattener &flat, Operation *op, const Handler &handler) {
  Instruction code{handler.opcode, OpKind::Barrier};
  Value index;
  unsigned roles = handler.parameter;
  for (Value operand : op->getOperands().drop_front()) {
    switch (roles % 10) {
    case 1:
      index = operand;
      break;
    case 2:
      code.a = flat.reg(operand);
      break;
    case 3:
      code.c = flat.reg(operand);
      break;
    default:
      break;
    }
    roles /= 10;
  }
  auto use = flat.barrierUse(op, op->getOperand(0), index);
  if (failed(use))
    return failure();
  if (op->getNumResults())
    code.dst = flat.define(op->getResult(0)).reg;
  code.target = *use;
  flat.emit(op, handler.opcode) = code;
  return success();
}

/// uwt.remote_arrive: barriers, index, rank.
static LogicalResult remoteArrive(Flattener &flat, Operation *op, const Handler &handler) {
  auto use = flat.barrierUse(op, op->getOperand(0), op->getOperand(1));
  if (failed(use))
    return failure();
  int32_t rank = flat.reg(op->getOperand(2));
  Instruction &code = flat.emit(op, handler.opcode, OpKind::Barrier);
  code.target = *use, code.b = rank;
  return success();
}

/// uwt.bulk_copy: source and index, destination and index, bytes, barriers and index, and a mask.
static LogicalResult bulkCopy(Flattener &flat, Operation *op, const Handler &) {
  if (op->getNumOperands() != 7 && op->getNumOperands() != 8)
    return op->emitError() << "expected 7 or 8 operands (source, index, destination, index, bytes, "
                              "barriers, index, multicast mask), got "
                           << op->getNumOperands();
  CopyPlan plan;
  plan.isMulticast = op->getNumOperands() == 8;
  if (plan.isMulticast)
    plan.multicast = flat.operand(op->getOperand(7));
  for (bool isSource : {true, false}) {
    Value memref = op->getOperand(isSource ? 0 : 2), index = op->getOperand(isSource ? 1 : 3);
    auto access = flat.access(op, memref, index, 16, 16);
    if (failed(access))
      return failure();
    Space space = flat.program.allocations[access->view.allocation].space;
    if (space != (isSource ? Space::Global : Space::Shared))
      return op->emitError() << "copies from global to workgroup memory, not "
                             << (isSource ? "from " : "to ") << memref.getType();
    (isSource ? plan.source : plan.destination) = *access;
  }
  plan.amount = flat.operand(op->getOperand(4));
  auto use = flat.barrierUse(op, op->getOperand(5), op->getOperand(6));
  if (failed(use))
    return failure();
  plan.barrier = flat.program.barrierUses[*use];
  flat.program.copies.push_back(plan);
  flat.emit(op, Opcode::BulkCopy).target = flat.program.copies.size() - 1;
  return success();
}

static LogicalResult asyncCopy(Flattener &flat, Operation *op, const Handler &) {
  auto copy = cast<nvgpu::DeviceAsyncCopyOp>(op);
  auto element = valueType(cast<MemRefType>(copy.getDst().getType()).getElementType());
  if (!element || element->bits % 8 != 0)
    return op->emitError() << "type " << copy.getDst().getType() << " is not known to the emulator";
  unsigned elementBytes = element->count * element->bits / 8;
  unsigned bytes = copy.getDstElements().getZExtValue() * elementBytes;
  if (bytes != 4 && bytes != 8 && bytes != 16)
    return op->emitError() << "copies " << bytes
                           << " bytes a thread; the hardware takes 4, 8 or 16";
  auto source = flat.access(op, copy.getSrc(), copy.getSrcIndices(), bytes, bytes);
  auto destination = flat.access(op, copy.getDst(), copy.getDstIndices(), bytes, bytes);
  if (failed(source) || failed(destination))
    return failure();
  CopyPlan plan{*source, *destination, {-1, int64_t(bytes)}, {}, {}, false};
  if (Value elements = copy.getSrcElements())
    plan.amount = flat.multiply(op, flat.pinned(elements), {-1, elementBytes});
  flat.program.copies.push_back(plan);
  flat.emit(op, Opcode::AsyncCopy).target = flat.program.copies.size() - 1;
  return success();
}

static LogicalResult asyncWait(Flattener &flat, Operation *op, const Handler &) {
  auto wait = cast<nvgpu::DeviceAsyncWaitOp>(op);
  flat.emit(op, Opcode::AsyncWait, OpKind::Barrier).target = wait.getNumGroups().value_or(0);
  return success();
}

void addGpuHandlers(Flattener::HandlerTable &table) {
  static constexpr std::pair<const char *, Initial::Kind> specials[] = {
      {"gpu.thread_id", Initial::ThreadId}, {"gpu.block_id", Initial::BlockId},
      {"gpu.block_dim", Initial::BlockDim}, {"gpu.grid_dim", Initial::GridDim},
      {"gpu.global_id", Initial::GlobalId}, {"gpu.lane_id", Initial::LaneId},
      {"gpu.subgroup_id", Initial::WarpId}, {"gpu.num_subgroups", Initial::WarpCount},
  };
  for (auto [name, kind] : specials)
    table[name] = {special, Opcode::End, OpKind::None, unsigned(kind)};
  table["gpu.subgroup_size"] = {subgroupSize};
  table["gpu.dynamic_shared_memory"] = {dynamicShared};
  table["gpu.barrier"] = {plain, Opcode::Barrier, OpKind::Barrier};
  table["gpu.shuffle"] = {shuffleLanes};
  table["gpu.subgroup_broadcast"] = {broadcastLane};
  table["nvvm.vote.sync"] = {vote};
  table["nvvm.elect.sync"] = {elect};
  table["nvgpu.mma.sync"] = {matrix};
  table["nvgpu.ldmatrix"] = {loadMatrix};
  table["nvgpu.mbarrier.create"] = {createBarriers};
  table["nvgpu.mbarrier.init"] = {barrier, Opcode::BarrierInit, OpKind::None, 312};
  table["nvgpu.mbarrier.arrive"] = {barrier, Opcode::BarrierArrive, OpKind::None, 1};
  table["nvgpu.mbarrier.arrive.nocomplete"] = {barrier, Opcode::BarrierArrive, OpKind::None, 21};
  table["nvgpu.mbarrier.arrive.expect_tx"] = {barrier, Opcode::BarrierExpect, OpKind::None, 312};
  table["nvgpu.mbarrier.test.wait"] = {barrier, Opcode::BarrierTest, OpKind::None, 12};
  table["nvgpu.mbarrier.try_wait.parity"] = {barrier, Opcode::BarrierWait, OpKind::None, 102};
  table["nvgpu.device_async_copy"] = {asyncCopy};
  table["nvgpu.device_async_create_group"] = {plain, Opcode::AsyncCommit};
  table["nvgpu.device_async_wait"] = {asyncWait};
  table["uwt.bulk_copy"] = {bulkCopy};
  table["uwt.expect_bytes"] = {barrier, Opcode::BarrierExpectOnly, OpKind::None, 21};
  table["uwt.async_arrive"] = {barrier, Opcode::AsyncArrive, OpKind::None, 1};
  table["uwt.remote_arrive"] = {remoteArrive, Opcode::BarrierArrive};
  table["nvvm.cluster.arrive"] = {plain, Opcode::ClusterArrive};
  table["nvvm.cluster.arrive.relaxed"] = {plain, Opcode::ClusterArriveRelaxed};
  table["nvvm.cluster.wait"] = {plain, Opcode::ClusterWait, OpKind::Barrier};
  table["nvvm.fence.mbarrier.init"] = {plain, Opcode::Fence};
  table["nvvm.fence.proxy"] = {proxyFence};
  table["nvvm.bar.warp.sync"] = {warpBarrier};
  // In order, one cluster at a time, with registers enough: these have nothing to do.
  for (const char *name : {"uwt.launch_dependents", "nvvm.setmaxregister"})
    table[name] = {plain};
  table["uwt.grid_dependency_wait"] = {plain, Opcode::GridWait};
}

} // namespace uwt::emulator
