//===- Progress.h - One bar, or lines of JSON -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Progress in bytes, or in stages of unknown length: one bar with rate and remaining time, or the
// stage's name and its time, where messages go to a terminal; a line of JSON a step with
// `--progress=json`; else nothing.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_PROGRESS_H
#define UWT_TOOLS_UWT_TEXT_PROGRESS_H

#include "../Session.h"
#include "uwt/Container/Container.h"
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace uwt::tool {

enum class ProgressMode { None, Bar, Json };

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
  void show(bool last);
  std::string barLine(double elapsed) const;
  std::string jsonLine(double elapsed, bool last) const;

  ProgressMode mode;
  std::string activity;
  uint64_t total, done = 0;
  std::chrono::steady_clock::time_point start, shown;
  bool finished = false, visible = false;
};

/// Shows which stage of some work goes on, and for how long: a line that a thread of its own draws
/// again and again, or a line of JSON a stage.
class StageProgress {
public:
  StageProgress(const Session &session, std::string activity);
  ~StageProgress();
  StageProgress(const StageProgress &) = delete;
  StageProgress &operator=(const StageProgress &) = delete;

  /// A stage begins; returns false once the user has interrupted.
  bool begin(std::string_view stage);
  /// `begin` as the compiler takes it. Refers to this object.
  std::function<bool(std::string_view)> function();
  /// Removes the line.
  void finish();

private:
  void draw();
  std::string jsonLine(bool last) const;
  double seconds() const;

  ProgressMode mode;
  std::string activity, stage;
  std::chrono::steady_clock::time_point start;
  bool finished = false;
  std::mutex mutex;
  std::condition_variable ended;
  std::thread drawer;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_PROGRESS_H
