//===- TranscodeStreams.cpp - Transcodes of stream units ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"

using namespace mlir;

namespace uwt::codegen {

static StreamUnits::Panel ofPanel(const TranscodePanel &panel) {
  return {panel.number, panel.strips, panel.code};
}

void TranscodeBuilder::buildStream(Value item) {
  TranscodePanel panel = loadPanel(index.div(item, panelItems()));
  Value number = index.rem(item, panelItems());
  StreamUnits::Unit unit = streams->unit(panel.strips, number);
  index.ifElse(index.less(unit.strip, panel.strips), [&] {
    index.ifElse(
        panel.storedAsWords,
        [&] {
          // The product reads those where they are.
          if (makesWords())
            copyStream(panel, unit);
        },
        [&] { decodeStream(panel, unit, streams->locate(code, ofPanel(panel), number)); });
  });
}

void TranscodeBuilder::copyStream(const TranscodePanel &panel, const StreamUnits::Unit &unit) {
  index.loop(unit.strips, [&](Value strip) {
    index.loop(unit.groups, [&](Value group) {
      FixedUnit fixed{index.add(unit.firstGroup, group), index.add(unit.strip, strip)};
      output->store(panel, fixed, decode(panel, fixed, lane, /*asWords=*/true));
    });
  });
}

Value TranscodeBuilder::ofGroup(Value bitsOfUnit, const StreamUnits::Unit &unit, Value strip,
                                Value group) {
  if (!bitsOfUnit)
    return {};
  Value number = toI32(index.add(index.mul(strip, unit.groups), group));
  Value own = lshr(bitsOfUnit, number);
  return bitAnd(own, 1);
}

void TranscodeBuilder::decodeStream(const TranscodePanel &panel, const StreamUnits::Unit &unit,
                                    const StreamUnits::Source &source) {
  StreamUnits::Header header = streams->header(source, ofPanel(panel), unit);
  Value withRecords;
  if (makesCodes() && streams->hasRecords())
    withRecords = groupsWithRecords(unit, source, header);
  // order-5: a lane goes through all columns of a strip before the next one.
  index.loop(unit.strips, header.state, [&](Value number, ValueRange inStrip) {
    Value strip = index.add(unit.strip, number);
    Values rowClasses = streams->classes(classes, panel.number, strip);
    return index.loop(unit.groups, inStrip, [&](Value group, ValueRange state) {
      FixedUnit fixed{index.add(unit.firstGroup, group), strip};
      Value rawPlane, rawAt;
      if (makesWords()) {
        Value rawUnit = index.add(index.mul(fixed.group, panel.strips), strip);
        rawPlane = raw;
        rawAt = index.add(panel.raw, index.mul(rawUnit, layout.rawU32));
      }
      Values decoded =
          streams->decode(unit, group, rawPlane, rawAt, source, state, table, rowClasses);
      ArrayRef<Value> fragments = ArrayRef<Value>(decoded).take_front(4);
      if (makesCodes())
        output->storeCodes(panel, fixed, fragments, ofGroup(withRecords, unit, number, group));
      else
        output->store(panel, fixed, fragments);
      return Values(ArrayRef<Value>(decoded).drop_front(4));
    });
  });
  if (streams->hasRecords())
    patchStream(panel, unit, source, header);
}

} // namespace uwt::codegen
