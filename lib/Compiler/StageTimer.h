//===- StageTimer.h - How long stages take ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_STAGETIMER_H
#define UWT_LIB_COMPILER_STAGETIMER_H

#include "uwt/Compiler/Program.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <chrono>

namespace uwt {

/// Measures stages one after another.
class StageTimer {
public:
  using Clock = std::chrono::steady_clock;

  explicit StageTimer(CompileStats &stats) : stats(stats), begin(Clock::now()) {}
  void end(llvm::StringRef stage) {
    auto now = Clock::now();
    stats.stages.emplace_back(stage.str(), std::chrono::duration<double>(now - begin).count());
    begin = now;
  }
  /// Stages that were measured one by one; those that did not run are left out.
  void endParts(llvm::ArrayRef<std::pair<const char *, double>> parts) {
    for (auto [stage, seconds] : parts)
      if (seconds > 0)
        stats.stages.emplace_back(stage, seconds);
    restart();
  }
  /// What passed until now is nobody's.
  void restart() { begin = Clock::now(); }

private:
  CompileStats &stats;
  Clock::time_point begin;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_STAGETIMER_H
