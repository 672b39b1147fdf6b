//===- GpuLedgers.cpp - The ledgers of all GPU kernels --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuLedgers.h"
#include "GpuLedgerJson.h"
#include <nlohmann/json.hpp>

using namespace uwt;

static std::vector<GpuLedgerRow> readTable() {
  std::vector<GpuLedgerRow> rows;
  const auto table = nlohmann::json::parse(gpuLedgerJson);
  for (const auto &row : table.at("rows")) {
    GpuLedgerRow &one = rows.emplace_back();
    one.target = row.at("target");
    one.format = row.at("format");
    GpuKernelLedger &ledger = one.ledger;
    ledger.slice = row.at("slice");
    ledger.instructions = row.at("instructions_a_weight");
    ledger.alu = row.at("alu_a_weight");
    ledger.sharedBytes = row.at("shared_bytes_a_weight");
    ledger.weightBytes = row.at("weight_bytes");
    ledger.bytesInFlight = row.at("bytes_in_flight");
    ledger.ctas = row.at("ctas");
    ledger.rows = row.at("rows");
    ledger.cluster = row.at("cluster");
    ledger.streamWarps = row.at("stream_warps");
    ledger.lookups = row.at("lookups_a_weight");
    ledger.usesWarpgroups = row.at("warpgroups");
    ledger.decodedBytes = row.at("decoded_bytes");
    ledger.decodeInstructions = row.at("decode_instructions_a_weight");
    ledger.decodeSharedBytes = row.at("decode_shared_bytes_a_weight");
    ledger.launches = row.at("launches");
  }
  return rows;
}

std::span<const GpuLedgerRow> uwt::gpuLedgers() {
  static const std::vector<GpuLedgerRow> rows = readTable();
  return rows;
}

const GpuKernelLedger *uwt::findGpuLedger(const GpuTarget &target, std::string_view format,
                                          uint64_t batch) {
  const GpuKernelLedger *best = nullptr;
  for (const GpuLedgerRow &row : gpuLedgers()) {
    if (row.target != target.name || row.format != format)
      continue;
    const GpuKernelLedger &other = row.ledger;
    bool isWide = other.slice >= batch, isBestWide = best && best->slice >= batch;
    if (!best || (isWide && (!isBestWide || other.slice < best->slice)) ||
        (!isBestWide && other.slice > best->slice))
      best = &other;
  }
  return best;
}
