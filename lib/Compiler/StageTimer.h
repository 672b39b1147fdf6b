//===- StageTimer.h - How long stages take ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_STAGETIMER_H
#define UWT_LIB_COMPILER_STAGETIMER_H

#include "uwt/Compiler/Program.h"
#include "llvm/ADT/StringRef.h"
#include <chrono>
#include <string>

namespace uwt {

/// Measures stages one after another, and tells of each when it begins.
class StageTimer {
public:
  using Clock = std::chrono::steady_clock;

  explicit StageTimer(CompileStats &stats, StageFunction onStage = {})
      : stats(stats), onStage(std::move(onStage)) {}
  /// Begins a stage, which ends the one before. Errors: Interrupted.
  Status begin(llvm::StringRef name) {
    end();
    if (onStage && !onStage(name))
      return Error(ErrorKind::Interrupted, "interrupted");
    stage = name;
    started = Clock::now();
    return ok();
  }
  /// Ends the stage; what follows belongs to none.
  void end() {
    if (!stage.empty())
      add(stage, std::chrono::duration<double>(Clock::now() - started).count());
    stage.clear();
  }
  /// A stage that was measured elsewhere; one that did not run is left out.
  void add(llvm::StringRef name, double seconds) {
    if (seconds > 0)
      stats.stages.emplace_back(name.str(), seconds);
  }

private:
  CompileStats &stats;
  StageFunction onStage;
  std::string stage;
  Clock::time_point started;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_STAGETIMER_H
