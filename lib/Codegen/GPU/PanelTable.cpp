//===- PanelTable.cpp - The panels of output tiles ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelTable.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace uwt::codegen {

PanelTable::PanelTable(const LaneCode &code, const ProductPlan &plan,
                       const ProductArguments &arguments, Value rank)
    : LaneCode(code), plan(plan), outputTiles(plan.work().outputTiles), entries(arguments.panels),
      slices(arguments.slices), rank(rank) {
  if (!plan.grouped)
    return;
  Value size = memref::DimOp::create(builder, location, entries, 0);
  lastMatrix = index.sub(index.div(size, devicePanelFields * plan.problem.panels()), 1);
}

Value PanelTable::offsetInDecoded(Value number) {
  return index.mul(number, panelStrips * plan.problem.columnGroups() * plan.decoded.unitU32());
}

Value PanelTable::entryOf(const TilePanel &panel) {
  if (!plan.grouped)
    return panel.number;
  // Whatever the table says, what is read is the weight's.
  Value matrix = index.min(toIndex(load(slices, index.add(panel.slice, 1))), lastMatrix);
  return index.add(index.mul(matrix, plan.problem.panels()), panel.number);
}

TilePanel PanelTable::find(Value outputTile, Value member) {
  TilePanel panel;
  const TileShape &tile = plan.tile;
  int64_t panels = plan.problem.panels();
  Value number = index.rem(outputTile, outputTiles);
  if (tile.cluster > 1)
    number = index.add(index.mul(number, tile.cluster), rank);
  if (tile.panels > 1)
    number = index.add(index.mul(number, tile.panels), member);
  number = asShort(number);
  if (panels % (tile.cluster * tile.panels) != 0) {
    panel.isOwn = index.less(number, panels);
    number = index.min(number, panels - 1);
  }
  panel.outputTile = outputTile;
  panel.number = number;
  panel.slice = index.div(outputTile, outputTiles);
  Value entry = entryOf(panel);
  auto field = [&](DevicePanelField which) { return panelField(entries, entry, which); };
  if (plan.decoded.form == DecodedForm::Words) {
    panel.words = offsetInDecoded(number);
  } else {
    panel.words = field(DevicePanelField::Words);
    panel.raw = field(DevicePanelField::Raw);
    panel.code = plan.decoded.exists() ? offsetInDecoded(number) : field(DevicePanelField::Code);
  }
  if (plan.unit.hasEscapes)
    panel.escapes = field(DevicePanelField::Records);
  if (plan.decoded.hasFlags())
    panel.escapes = index.add(index.mul(number, panelStrips * plan.problem.columnGroups()),
                              plan.decoded.flagsBegin());
  if (!plan.unit.onlyWords || plan.decodesInShared)
    panel.storedAsWords = index.less(0, field(DevicePanelField::StoredAsWords));
  panel.strips = index.constant(panelStrips);
  if (!plan.problem.hasShortPanel())
    return panel;
  Value left = index.sub(plan.problem.n, index.mul(number, panelRows));
  panel.strips = index.min(panelStrips, index.ceilDiv(left, stripRows));
  return panel;
}

} // namespace uwt::codegen
