//===- StageDecoder.cpp - Operand registers from a stage ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageDecoder.h"

using namespace mlir;

namespace uwt::codegen {

StageDecoder::StageDecoder(const LaneCode &code, const ProductPlan &plan, CompressedType type,
                           const ProductArguments &arguments, Value ring, Value lane)
    : LaneCode(code), plan(plan), layout(plan.stage()), type(type), arguments(arguments),
      ring(ring), lane(lane), units(code, plan) {
  for (int64_t i = 0; i < plan.unit.tableU32; ++i)
    table.push_back(load(arguments.table, index.constant(plan.unit.tableFirst + i)));
}

SmallVector<Type> StageDecoder::fragmentTypes() {
  return SmallVector<Type>(4, VectorType::get({4}, builder.getI32Type()));
}

Value StageDecoder::isInBytes(const Stage &stage, const UnitCoordinate &unit) {
  Value at = index.add(index.add(stage.region, layout.escapes), index.mul(unit.group, panelStrips));
  Value flag = load(ring, index.add(at, unit.strip));
  return notEqual(flag, 0);
}

StageDecoder::Values StageDecoder::decodeBytes(const TilePanel &panel, const Stage &stage,
                                               const UnitCoordinate &unit) {
  constexpr int64_t unitU32 = DecodedWeight::bytesUnitU32;
  Value rawAt =
      index.add(index.add(stage.region, layout.raw), index.mul(unit.unit, plan.unit.rawU32));
  Value inPanel = index.add(index.mul(stage.firstGroup, panel.strips), unit.unit);
  Value at = index.add(index.mul(panel.number, panelStrips * plan.problem.columnGroups() * unitU32),
                       index.mul(inPanel, unitU32));
  auto decoded = DecodeFragmentOp::create(
      builder, location, fragmentTypes(), type.getFormat(), TypeAttr::get(type.getElementType()),
      lane, ring, rawAt, arguments.workspace, index.add(at, plan.decoded.bytesBegin()),
      ValueRange(), Value(), UnitAttr(), builder.getUnitAttr());
  return Values(decoded.getResults());
}

Value StageDecoder::wordsAt(const TilePanel &panel, const Stage &stage,
                            const UnitCoordinate &unit) {
  Value row = index.mul(index.add(stage.firstGroup, unit.group), panel.strips);
  return index.add(panel.words, index.mul(index.add(row, unit.strip), wordUnitU32));
}

Value StageDecoder::codeUnitAt(const Stage &stage, const UnitCoordinate &unit) {
  return index.add(index.add(stage.region, layout.code), index.mul(unit.unit, plan.unit.codeU32));
}

StageDecoder::Source StageDecoder::rawOf(const TilePanel &panel, const Stage &stage,
                                         const UnitCoordinate &unit, bool fromWords) {
  if (fromWords && !plan.unit.copiesWords)
    return {arguments.words, wordsAt(panel, stage, unit)};
  if (!fromWords && plan.unit.hasNumbers)
    return {ring, codeUnitAt(stage, unit)};
  if (!fromWords && plan.unit.rawU32 == 0)
    return {};
  int64_t unitU32 = fromWords ? wordUnitU32 : plan.unit.rawU32;
  Value at = index.add(index.add(stage.region, layout.raw), index.mul(unit.unit, unitU32));
  if (!fromWords && plan.unit.isWide())
    at = index.add(at, index.mul(unit.inUnit, plan.unit.rawGroupStride));
  return {ring, at};
}

StageDecoder::Source StageDecoder::codeOf(const Stage &stage, const UnitCoordinate &unit) {
  if (plan.unit.codeU32 == 0)
    return {};
  Value at = codeUnitAt(stage, unit);
  if (plan.unit.isWide())
    at = index.add(at, index.mul(unit.inUnit, plan.unit.codeGroupStride));
  return {ring, at};
}

StageDecoder::Values StageDecoder::decode(const TilePanel &panel, const Stage &stage,
                                          const UnitCoordinate &unit, bool asWords) {
  bool fromWords = asWords || plan.unit.onlyWords;
  Source raw = rawOf(panel, stage, unit, fromWords);
  Source code = fromWords ? Source{} : codeOf(stage, unit);
  FormatAttr own = type.getFormat();
  if (plan.decoded.hasFlags() && !fromWords)
    own = FormatAttr::get(own.getContext(), DecodedWeight::codesOf(own.getFormat()));
  bool picksTables = own.getFormat().pick.has_value();
  auto attributeIf = [&](bool isSet) { return isSet ? builder.getUnitAttr() : UnitAttr(); };
  auto decoded = DecodeFragmentOp::create(
      builder, location, fragmentTypes(), own, TypeAttr::get(type.getElementType()), lane,
      raw.buffer, raw.at, code.buffer, code.at, fromWords ? ValueRange() : ValueRange(table),
      picksTables && !fromWords ? arguments.table : Value(),
      attributeIf(asWords || plan.decoded.form == DecodedForm::Words || plan.decodesInShared),
      attributeIf(!fromWords && plan.decoded.form == DecodedForm::ExponentBytes));
  return Values(decoded.getResults());
}

StageDecoder::Values StageDecoder::decodePair(const TilePanel &panel, const Stage &stage,
                                              Value group, Value strip, bool asWords) {
  Values pair = decode(panel, stage, units.coordinate(panel, group, strip), asWords);
  pair.append(decode(panel, stage, units.coordinate(panel, index.add(group, 1), strip), asWords));
  return pair;
}

} // namespace uwt::codegen
