//===- GpuLedgers.h - The ledgers of all GPU kernels ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `test/Benchmarks/gpu_ledger.py --write` read from the machine code of kernels
// (lib/CostModel/gpu-ledger.json, compiled in), so that a format can be chosen before its kernel is
// compiled.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_GPULEDGERS_H
#define UWT_COSTMODEL_GPULEDGERS_H

#include "uwt/CostModel/GpuCost.h"
#include <span>
#include <string>

namespace uwt {

struct GpuLedgerRow {
  std::string target, format;
  GpuKernelLedger ledger;
};

/// The table, formats in the order in which ties are broken. Thread-safe.
std::span<const GpuLedgerRow> gpuLedgers();

/// The kernel for a format (its text with storage=n_major) at a batch: of those with slices for all
/// of it the narrowest, else the widest. Null where the table has none.
const GpuKernelLedger *findGpuLedger(const GpuTarget &target, std::string_view format,
                                     uint64_t batch);

} // namespace uwt

#endif // UWT_COSTMODEL_GPULEDGERS_H
