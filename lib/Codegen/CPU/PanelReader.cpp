//===- PanelReader.cpp - How compiled code reads a weight -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelReader.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Runtime/Abi.h"

using namespace mlir;

namespace uwt::codegen {

PanelReader::PanelReader(Value weight, OpBuilder &builder, Location location)
    : weight(weight), builder(builder), location(location), index(builder, location) {
  auto type = cast<CompressedType>(weight.getType());
  element = type.getElementType();
  auto sizeOf = [&](int64_t known, int64_t dimension) -> IntegerBuilder::Operand {
    if (!ShapedType::isDynamic(known))
      return known;
    return MatrixSizeOp::create(builder, location, weight, dimension).getResult();
  };
  rows = sizeOf(type.getRows(), 0);
  columns = sizeOf(type.getColumns(), 1);
}

LogicalResult PanelReader::checkWeight(Operation *op) {
  auto type = cast<CompressedType>(weight.getType());
  FormatAttr format = type.getFormat();
  auto emission = dyn_cast<DecoderEmissionInterface>(Attribute(format));
  if (!emission)
    return op->emitOpError("has a format without decoders: register the Emission library");
  if (Status served = emission.checkEmission(element); !served)
    return op->emitOpError() << "cannot be compiled for format '" << format.getText()
                             << "': " << served.error().message();
  layout = unitLayout(format.getFormat(), *elementTypeOf(element));
  if (type.isDynamic() && !layout.fixedRate)
    return op->emitOpError() << "cannot be compiled for a weight of dynamic shape in format '"
                             << format.getText() << "': its units have no fixed size";
  return success();
}

Value PanelReader::weightBuffer(WeightBuffer kind) {
  Type type = kind == WeightBuffer::Panels   ? builder.getI64Type()
              : kind == WeightBuffer::Counts ? builder.getI8Type()
                                             : builder.getI32Type();
  return BufferOp::create(builder, location, MemRefType::get({ShapedType::kDynamic}, type), kind,
                          weight);
}

PanelFields PanelReader::loadPanel(Value panel, Value local) {
  Value entries = weightBuffer(WeightBuffer::Panels);
  auto field = [&](PanelField which) -> Value {
    Value at = index.add(index.mul(panel, panelFields), static_cast<int64_t>(which));
    return index.convert(memref::LoadOp::create(builder, location, entries, ValueRange{at}));
  };
  PanelFields fields;
  fields.panel = panel;
  fields.words = field(PanelField::Words);
  fields.raw = field(PanelField::Raw);
  fields.code = field(PanelField::Code);
  fields.patch = field(PanelField::Patch);
  fields.counts = field(PanelField::Counts);
  fields.storedAsWords = index.less(0, field(PanelField::StoredAsWords));
  fields.row = index.mul(local, panelRows);
  fields.strips = index.constant(stripsInPanel);
  if (!rows.isMultipleOf(panelRows))
    fields.strips = index.min(fields.strips, index.ceilDiv(index.sub(rows, fields.row), stripRows));
  return fields;
}

Value PanelReader::unitOffset(Value start, Value unit, int64_t words) {
  return words == 0 ? index.constant(0) : index.add(start, index.mul(unit, words));
}

PanelReader::UnitOffsets PanelReader::offsetsOf(const PanelFields &panel, Value unit,
                                                bool asWords) {
  if (asWords)
    return {unitOffset(panel.words, unit, groupU32), index.constant(0)};
  return {unitOffset(panel.raw, unit, layout.rawU32), unitOffset(panel.code, unit, layout.codeU32)};
}

SmallVector<Value> PanelReader::decode(const PanelFields &panel, Value unit, bool asWords, Value to,
                                       Value into) {
  auto [first, code] = offsetsOf(panel, unit, asWords);
  int64_t count = to ? 0 : (asWords ? 1 : layout.groups) * groupVectors;
  SmallVector<Type> types(count, VectorType::get({laneCount}, builder.getI32Type()));
  auto decode = DecodeUnitOp::create(builder, location, types, weight, first, code, to, into,
                                     asWords ? builder.getUnitAttr() : UnitAttr());
  return SmallVector<Value>(decode.getRowVectors());
}

Value PanelReader::escapesOf(const PanelFields &panel, Value unit) {
  Value at = index.add(panel.counts, unit);
  return index.convert(memref::LoadOp::create(builder, location, weightBuffer(WeightBuffer::Counts),
                                              ValueRange{at}));
}

Value PanelReader::loadVector(Value from, Value at, Type type, int64_t count) {
  return vector::LoadOp::create(builder, location, VectorType::get({count}, type), from, at);
}

void PanelReader::storeVector(Value vector, Value to, Value at) {
  vector::StoreOp::create(builder, location, vector, to, at);
}

} // namespace uwt::codegen
