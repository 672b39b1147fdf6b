//===- StreamRates.cpp - Panels of any variable rate ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamRates.h"

using namespace uwt;

StreamTables uwt::makeStreamTables(const CodingPlan &plan) {
  StreamTables tables;
  if (plan.traits.rate == Rate::Prefix)
    tables.prefix = makePrefixTables(plan);
  if (plan.traits.rate == Rate::Ans)
    tables.ans = makeAnsTables(plan);
  return tables;
}

void uwt::encodeStreams(const CodingPlan &plan, const StreamTables &tables, PanelWords words,
                        const PanelContext &context, CodePath path, EncodedPanel &out) {
  if (tables.ans)
    return encodeAns(plan, *tables.ans, words, context, path, out);
  encodePrefix(plan, *tables.prefix, words, context.rows, path, out);
}

Status uwt::decodeStreams(const CodingPlan &plan, const StreamTables &tables,
                          const CodedPanel &panel, const PanelContext &context, CodePath path,
                          MutablePanelWords out) {
  if (tables.ans)
    return decodeAns(plan, *tables.ans, panel, context, path, out);
  return decodePrefix(plan, *tables.prefix, panel, context.rows, path, out);
}

uint32_t uwt::panelsTogether(const CodingPlan &plan, CodePath path) {
  bool isTogether = plan.traits.rate == Rate::Ans && path != CodePath::Reference;
  return isTogether ? ansPanelsTogether(plan) : 1;
}

bool uwt::decodeTogether(const CodingPlan &plan, const StreamTables &tables,
                         std::span<const StreamPanel> panels, CodePath path) {
  return tables.ans && decodeAnsTogether(plan, *tables.ans, panels, path);
}

void uwt::encodeTogether(const CodingPlan &plan, const StreamTables &tables,
                         std::span<const PanelToEncode> panels, CodePath path) {
  if (tables.ans)
    return encodeAnsTogether(plan, *tables.ans, panels, path);
  for (const PanelToEncode &panel : panels)
    encodePrefix(plan, *tables.prefix, panel.words, panel.context.rows, path, *panel.out);
}

uint64_t uwt::countStreamEscapes(const CodingPlan &plan, const StreamTables &tables, uint32_t rows,
                                 const PanelContext &context, std::span<const uint8_t> code) {
  if (tables.ans)
    return countAnsEscapes(plan, *tables.ans, rows, context, code);
  return countPrefixEscapes(plan, rows, code);
}

Status uwt::decodeStreamRow(const CodingPlan &plan, const StreamTables &tables,
                            const CodedPanel &panel, const PanelContext &context,
                            uint32_t panelRowCount, uint32_t row, std::span<uint16_t> out) {
  if (tables.ans)
    return decodeAnsRow(plan, *tables.ans, panel, context, panelRowCount, row, out);
  return decodePrefixRow(plan, *tables.prefix, panel, context.rows, panelRowCount, row, out);
}
