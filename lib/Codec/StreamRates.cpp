//===- StreamRates.cpp - Panels of any variable rate ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Panel.h"

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
                        std::span<const uint8_t> classes, CodePath path, EncodedPanel &out) {
  if (tables.ans)
    return encodeAns(plan, *tables.ans, words, classes, path, out);
  encodePrefix(plan, *tables.prefix, words, classes, path, out);
}

Status uwt::decodeStreams(const CodingPlan &plan, const StreamTables &tables,
                          const CodedPanel &panel, std::span<const uint8_t> classes, CodePath path,
                          MutablePanelWords out) {
  if (tables.ans)
    return decodeAns(plan, *tables.ans, panel, classes, path, out);
  return decodePrefix(plan, *tables.prefix, panel, classes, path, out);
}

uint64_t uwt::countStreamEscapes(const CodingPlan &plan, const StreamTables &tables, uint32_t rows,
                                 std::span<const uint8_t> classes, std::span<const uint8_t> code) {
  if (tables.ans)
    return countAnsEscapes(plan, *tables.ans, rows, classes, code);
  return countPrefixEscapes(plan, rows, code);
}

Status uwt::decodeStreamRow(const CodingPlan &plan, const StreamTables &tables,
                            const CodedPanel &panel, std::span<const uint8_t> classes,
                            uint32_t panelRowCount, uint32_t row, std::span<uint16_t> out) {
  if (tables.ans)
    return decodeAnsRow(plan, *tables.ans, panel, classes, panelRowCount, row, out);
  return decodePrefixRow(plan, *tables.prefix, panel, classes, panelRowCount, row, out);
}
