//===- Flatten.cpp - Registers, arguments, blocks -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace uwt::emulator {

std::string Program::describe(size_t instruction) const {
  const Source &source = sources[instruction];
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "'" << source.name.getStringRef() << "' (";
  if (auto location = source.location->findInstanceOf<FileLineColLoc>())
    stream << location.getFilename().getValue() << ":" << location.getLine() << ":"
           << location.getColumn();
  else
    stream << source.location;
  stream << ")";
  return text;
}

std::optional<ValueType> valueType(Type type) {
  ValueType result;
  if (auto vector = dyn_cast<VectorType>(type)) {
    if (vector.isScalable() || vector.getNumElements() > UINT16_MAX)
      return std::nullopt;
    result.count = vector.getNumElements();
    type = vector.getElementType();
  }
  if (type.isIndex())
    return result;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    result.bits = integer.getWidth();
    return result.bits <= 64 ? std::optional(result) : std::nullopt;
  }
  if (type.isF16())
    result.kind = FloatKind::F16;
  else if (type.isBF16())
    result.kind = FloatKind::BF16;
  else if (type.isF32())
    result.kind = FloatKind::F32;
  else if (type.isF64())
    result.kind = FloatKind::F64;
  // Kernels move their bits alone.
  else if (!isa<Float8E4M3FNType, Float8E5M2Type, Float8E8M0FNUType>(type))
    return std::nullopt;
  result.bits = type.getIntOrFloatBitWidth();
  return result;
}

int32_t Flattener::freshRegister(unsigned count) {
  int32_t first = program.registers;
  program.registers += count;
  return first;
}

ValueRegisters Flattener::define(Value value) {
  std::optional<ValueType> type = valueType(value.getType());
  unsigned count = type ? type->count : 1;
  std::vector<int32_t> &free = freeRegisters[count];
  ValueRegisters registers{-1, count};
  if (free.empty()) {
    registers.reg = freshRegister(count);
  } else {
    registers.reg = free.back();
    free.pop_back();
  }
  valueRegisters[value] = registers;
  reusable[value] = true;
  return registers;
}

ValueRegisters Flattener::definePinned(Value value) {
  std::optional<ValueType> type = valueType(value.getType());
  unsigned count = type ? type->count : 1;
  ValueRegisters registers{freshRegister(count), count};
  valueRegisters[value] = registers;
  return registers;
}

int32_t Flattener::constantRegister(uint64_t bits) {
  auto [entry, isNew] = constants.try_emplace(bits, program.registers);
  if (isNew)
    program.initials.push_back({Initial::Constant, freshRegister(), bits});
  return entry->second;
}

int32_t Flattener::initialRegister(Initial::Kind kind, uint64_t value, uint64_t divisor) {
  auto [entry, isNew] = initials.try_emplace({kind, value, divisor}, program.registers);
  if (isNew)
    program.initials.push_back({kind, freshRegister(), value, divisor});
  return entry->second;
}

Operand Flattener::operand(Value value) {
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return {-1, constant.getInt()};
  return {reg(value), 0};
}

Operand Flattener::pinned(Value value) {
  reusable[value] = false;
  return operand(value);
}

Operand Flattener::pinned(OpFoldResult value) {
  if (auto attribute = dyn_cast<Attribute>(value))
    return {-1, cast<IntegerAttr>(attribute).getInt()};
  return pinned(cast<Value>(value));
}

Operand Flattener::combine(Operation *op, Opcode opcode, int64_t neutral, Operand a, Operand b) {
  if (a.isConstant() && a.value == neutral)
    return b;
  if (b.isConstant() && b.value == neutral)
    return a;
  int32_t x = a.isConstant() ? constantRegister(a.value) : a.reg;
  int32_t y = b.isConstant() ? constantRegister(b.value) : b.reg;
  Operand result{freshRegister(), 0};
  Instruction &code = emit(op, opcode, OpKind::Integer);
  code.bits = 64, code.dst = result.reg, code.a = x, code.b = y;
  return result;
}

Operand Flattener::add(Operation *op, Operand a, Operand b) {
  if (a.isConstant() && b.isConstant())
    return {-1, int64_t(uint64_t(a.value) + uint64_t(b.value))};
  return combine(op, Opcode::Add, 0, a, b);
}

Operand Flattener::multiply(Operation *op, Operand a, Operand b) {
  if (a.isConstant() && b.isConstant())
    return {-1, int64_t(uint64_t(a.value) * uint64_t(b.value))};
  return combine(op, Opcode::Mul, 1, a, b);
}

Instruction &Flattener::emit(Operation *op, Opcode opcode, OpKind opKind) {
  program.sources.push_back({op->getName(), op->getLoc()});
  Instruction &code = program.code.emplace_back();
  code.opcode = opcode;
  code.opKind = opKind;
  return code;
}

void Flattener::emitPermute(Operation *op, int32_t dst, ArrayRef<int32_t> sources) {
  uint32_t list = program.lists.size();
  program.lists.insert(program.lists.end(), sources.begin(), sources.end());
  Instruction &code = emit(op, Opcode::Permute);
  code.dst = dst, code.count = sources.size(), code.target = list;
}

void Flattener::emitAssign(Operation *op, ArrayRef<int32_t> to, ArrayRef<int32_t> from) {
  uint32_t list = program.lists.size();
  bool overlaps = false;
  unsigned count = 0;
  for (auto [destination, source] : llvm::zip_equal(to, from)) {
    if (destination == source)
      continue;
    program.lists.push_back(destination);
    program.lists.push_back(source);
    overlaps |= llvm::is_contained(to, source);
    ++count;
  }
  if (!count)
    return;
  Instruction &code = emit(op, Opcode::Assign);
  code.count = count, code.target = list, code.mode = overlaps;
}

SmallVector<int32_t> Flattener::allRegisters(ValueRange values) {
  SmallVector<int32_t> result;
  for (Value value : values) {
    ValueRegisters at = registersOf(value);
    for (unsigned i = 0; i < at.count; ++i)
      result.push_back(at.reg + i);
  }
  return result;
}

std::optional<MemoryView> Flattener::view(Value memref) const {
  auto found = views.find(memref);
  return found == views.end() ? std::nullopt : std::optional(found->second);
}

unsigned Flattener::addAllocation(Allocation allocation) {
  if (allocation.space != Space::Global) {
    uint64_t &end = allocation.space == Space::Shared ? program.sharedBytes : program.privateBytes;
    allocation.begin = llvm::alignTo(end, 16);
    end = allocation.begin + allocation.bytes;
  }
  program.allocations.push_back(std::move(allocation));
  return program.allocations.size() - 1;
}

static std::optional<unsigned> elementBytes(Type type) {
  std::optional<ValueType> element = valueType(type);
  if (!element || element->bits % 8 != 0 || !llvm::isPowerOf2_32(element->bits))
    return std::nullopt;
  return element->count * element->bits / 8;
}

std::optional<MemoryView> makeView(Flattener &flattener, Operation *op, MemRefType type,
                                   unsigned allocation, ArrayRef<Operand> dynamicSizes) {
  std::optional<unsigned> bytes = elementBytes(type.getElementType());
  if (!bytes)
    return std::nullopt;
  MemoryView view{allocation, *bytes, {}, {}, {}};
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      view.sizes.push_back({-1, size});
      continue;
    }
    if (dynamicSizes.empty())
      return std::nullopt;
    view.sizes.push_back(dynamicSizes.front());
    dynamicSizes = dynamicSizes.drop_front();
  }
  view.strides.resize(view.sizes.size());
  if (type.getLayout().isIdentity()) {
    Operand stride{-1, 1};
    for (unsigned i = view.sizes.size(); i-- > 0;) {
      view.strides[i] = stride;
      if (i > 0)
        stride = flattener.multiply(op, stride, view.sizes[i]);
    }
    return view;
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) ||
      llvm::is_contained(strides, ShapedType::kDynamic))
    return std::nullopt;
  view.byteOffset = {-1, offset * int64_t(*bytes)};
  for (auto [dimension, stride] : llvm::zip_equal(view.strides, strides))
    dimension = {-1, stride};
  return view;
}

LogicalResult Flattener::argument(gpu::GPUFuncOp function, BlockArgument argument) {
  ArgumentType type;
  auto memref = dyn_cast<MemRefType>(argument.getType());
  unsigned number = argument.getArgNumber();
  if (!memref) {
    std::optional<ValueType> scalar = valueType(argument.getType());
    if (!scalar || isa<VectorType>(argument.getType()))
      return function.emitOpError() << "argument " << number << " has type " << argument.getType()
                                    << ", which the emulator does not know";
    type.bits = scalar->bits;
    program.arguments.push_back(type);
    bind(argument, {initialRegister(Initial::Argument, number), 1});
    return success();
  }
  std::optional<unsigned> bytes = elementBytes(memref.getElementType());
  if (!bytes || !memref.getLayout().isIdentity() ||
      (memref.getNumDynamicDims() > 0 && memref.getRank() > 1))
    return function.emitOpError() << "argument " << number << " has type " << memref
                                  << "; the emulator takes static shapes, or one dynamic dimension";
  type.isBuffer = true;
  type.bytes = memref.hasStaticShape() ? memref.getNumElements() * *bytes : 0;
  program.arguments.push_back(type);
  unsigned allocation =
      addAllocation({Space::Global, "argument " + std::to_string(number), 0, 0, number, false});
  SmallVector<Operand> sizes;
  if (!memref.hasStaticShape())
    sizes.push_back({initialRegister(Initial::ArgumentSize, number, *bytes), 0, true});
  setView(argument, *makeView(*this, function, memref, allocation, sizes));
  return success();
}

LogicalResult Flattener::attribution(BlockArgument argument, Space space) {
  auto type = cast<MemRefType>(argument.getType());
  std::optional<unsigned> bytes = elementBytes(type.getElementType());
  Operation *function = argument.getOwner()->getParentOp();
  if (!bytes || !type.hasStaticShape())
    return function->emitOpError() << "attribution " << type << " has no static size in bytes";
  StringRef name = space == Space::Shared ? "workgroup attribution " : "private attribution ";
  unsigned allocation = addAllocation({space, (name + Twine(argument.getArgNumber())).str(),
                                       uint64_t(type.getNumElements()) * *bytes, 0, 0, false});
  if (auto view = makeView(*this, function, type, allocation, {})) {
    setView(argument, *view);
    return success();
  }
  return function->emitOpError() << "attribution " << type << " has a layout that is not static";
}

static const Flattener::HandlerTable &handlers() {
  static const Flattener::HandlerTable table = [] {
    Flattener::HandlerTable table;
    addArithHandlers(table);
    addVectorHandlers(table);
    addControlHandlers(table);
    addMemoryHandlers(table);
    addGpuHandlers(table);
    addWarpgroupHandlers(table);
    return table;
  }();
  return table;
}

LogicalResult Flattener::operation(Operation *op, const HandlerTable &table) {
  auto handler = table.find(op->getName().getStringRef());
  if (handler == table.end())
    return op->emitError() << "operation '" << op->getName() << "' is not known to the emulator";
  return handler->second.function(*this, op, handler->second);
}

void Flattener::noteLastUses(Block &block) {
  for (Operation &op : block)
    for (Value result : op.getResults()) {
      Operation *last = &op;
      for (Operation *user : result.getUsers()) {
        Operation *ancestor = block.findAncestorOpInBlock(*user);
        if (ancestor && last->isBeforeInBlock(ancestor))
          last = ancestor;
      }
      lastUses[last].push_back(result);
    }
}

void Flattener::releaseAfter(Operation *op) {
  auto found = lastUses.find(op);
  if (found == lastUses.end())
    return;
  for (Value value : found->second)
    if (reusable.lookup(value)) {
      ValueRegisters at = registersOf(value);
      freeRegisters[at.count].push_back(at.reg);
    }
}

LogicalResult Flattener::block(Block &block) {
  noteLastUses(block);
  for (Operation &op : block) {
    // Who ends a block is the business of the operation around it.
    if (op.hasTrait<OpTrait::IsTerminator>())
      break;
    if (failed(operation(&op, handlers())))
      return failure();
    releaseAfter(&op);
  }
  return success();
}

LogicalResult Flattener::run(gpu::GPUFuncOp function) {
  program.name = function.getName().str();
  if (auto size =
          function->getAttrOfType<DenseI32ArrayAttr>(NVVM::NVVMDialect::getClusterDimAttrName())) {
    ArrayRef<int32_t> blocks = size.asArrayRef();
    bool isRow = !blocks.empty() && blocks[0] > 0 && blocks[0] <= 16 &&
                 llvm::all_of(blocks.drop_front(), [](int32_t other) { return other == 1; });
    if (!isRow)
      return function.emitOpError() << "has clusters that the emulator does not know: it takes 1 "
                                       "to 16 blocks in a row";
    program.clusterBlocks = blocks[0];
  }
  if (auto size = function.getKnownBlockSize())
    llvm::copy(*size, program.blockSize.begin());
  Region &body = function.getBody();
  if (!body.hasOneBlock())
    return function.emitOpError() << "has " << body.getBlocks().size()
                                  << " blocks; the emulator takes structured control flow (scf)";
  for (BlockArgument value : function.getArguments())
    if (failed(argument(function, value)))
      return failure();
  for (BlockArgument value : function.getWorkgroupAttributions())
    if (failed(attribution(value, Space::Shared)))
      return failure();
  for (BlockArgument value : function.getPrivateAttributions())
    if (failed(attribution(value, Space::Private)))
      return failure();
  if (failed(checkSumsInFlight(function)) || failed(block(body.front())))
    return failure();
  emit(body.front().getTerminator(), Opcode::End);
  return success();
}

} // namespace uwt::emulator
