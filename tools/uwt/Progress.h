//===- Progress.h - One bar, or lines of JSON -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Progress in bytes: one bar with rate and remaining time where messages go to a
// terminal, a line of JSON a step with `--progress=json`, else nothing.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_PROGRESS_H
#define UWT_TOOLS_UWT_PROGRESS_H

#include "Session.h"
#include "uwt/Container/Container.h"
#include <chrono>

namespace uwt {

/// Shows how far some work is. One thread at a time.
class Progress {
public:
  /// `activity` is what goes on: "compressing". `totalBytes` = 0 means unknown.
  Progress(const Session &session, std::string activity, uint64_t totalBytes);
  /// Ends the bar.
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Adds bytes; returns false once the user has interrupted.
  bool advance(uint64_t bytes);
  /// `advance` as the library takes it. Refers to this object.
  ProgressFunction function();
  /// Removes the bar; seconds since the start.
  double finish();
  double seconds() const;

private:
  enum class Mode { None, Bar, Json };
  void show(bool last);
  std::string barLine(double elapsed) const;
  std::string jsonLine(double elapsed, bool last) const;

  Mode mode = Mode::None;
  std::string activity;
  uint64_t total, done = 0;
  std::chrono::steady_clock::time_point start, shown;
  bool finished = false, visible = false;
};

} // namespace uwt

#endif // UWT_TOOLS_UWT_PROGRESS_H
