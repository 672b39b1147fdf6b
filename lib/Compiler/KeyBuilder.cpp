//===- KeyBuilder.cpp - What programs are found by ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyBuilder.h"
#include "uwt/Container/File.h"

using namespace uwt;

void KeyBuilder::addOptions(const CompileOptions &options) {
  add(options.target);
  addNumber(options.format.has_value());
  add(options.format.value_or(""));
  add(options.strategy.name);
  add(options.calibration);
  if (auto calibration = MappedFile::open(options.calibration);
      !options.calibration.empty() && calibration) {
    std::span<const uint8_t> bytes = calibration->bytes();
    add({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  }
  for (uint64_t number :
       {static_cast<uint64_t>(options.minElements), uint64_t(options.profit),
        uint64_t(options.strategy.tileN), uint64_t(options.strategy.tileM),
        uint64_t(options.strategy.tileK), uint64_t(options.threads), uint64_t(options.batchHint),
        uint64_t(options.exact), uint64_t(options.optimisation), uint64_t(options.check),
        uint64_t(options.trustIr), uint64_t(options.runtimeChecks)})
    addNumber(number);
}
