//===- Progress.cpp - One bar, or lines of JSON ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Progress.h"
#include "Text.h"
#include <algorithm>
#include <cstdio>

using namespace uwt;
using namespace uwt::tool;
using Clock = std::chrono::steady_clock;

/// Time between two pictures of the bar, or two lines.
static constexpr auto barInterval = std::chrono::milliseconds(100);
static constexpr auto jsonInterval = std::chrono::milliseconds(500);

static ProgressMode modeOf(const Session &session) {
  const SessionOptions &options = session.options();
  if (options.progress == "json")
    return ProgressMode::Json;
  bool isDrawn = options.progress == "auto" && session.messagesCanBeDrawn() && !options.quiet;
  return isDrawn ? ProgressMode::Bar : ProgressMode::None;
}

static void write(const std::string &text) { std::fwrite(text.data(), 1, text.size(), stderr); }

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

Progress::Progress(const Session &session, std::string activity, uint64_t totalBytes)
    : mode(modeOf(session)), activity(std::move(activity)), total(totalBytes), start(Clock::now()),
      shown(start) {}

Progress::~Progress() { finish(); }

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool Progress::advance(uint64_t bytes) {
  done += bytes;
  if (mode != ProgressMode::None) {
    auto interval = mode == ProgressMode::Bar ? barInterval : jsonInterval;
    if (Clock::now() - shown >= interval)
      show(false);
  }
  return !interrupted();
}

ProgressFunction Progress::function() {
  return [this](uint64_t bytes) { return advance(bytes); };
}

double Progress::finish() {
  if (!finished && mode != ProgressMode::None)
    show(true);
  finished = true;
  return seconds();
}

void Progress::show(bool last) {
  shown = Clock::now();
  double elapsed = seconds();
  std::string text;
  if (mode == ProgressMode::Json)
    text = jsonLine(elapsed, last) + "\n";
  else if (!last)
    text = "\r" + barLine(elapsed) + "\033[K";
  else if (visible)
    text = "\r\033[K";
  visible = true;
  write(text);
}

std::string Progress::barLine(double elapsed) const {
  double share = total ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 0;
  double rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
  if (!total)
    return activity + "  " + formatBytes(done);
  // In the order in which they are left out of a narrow line, the last one first.
  std::string percent = "  " + formatPercent(share, 0), left, sizes, speed, bar;
  if (rate > 0)
    left =
        "  " + formatDuration(static_cast<double>(total - std::min(total, done)) / rate) + " left";
  sizes = "  " + formatBytes(done) + " of " + formatBytes(total);
  speed = "  " + formatBytes(static_cast<uint64_t>(rate)) + "/s";
  // A character in the last column would begin a new line on some terminals.
  size_t room = Session::messageColumns() - 1;
  room -= std::min(room, activity.size());
  for (std::string *part : {&percent, &left, &sizes, &speed}) {
    if (part->size() > room)
      part->clear();
    room -= part->size();
  }
  constexpr size_t brackets = 3, least = 8, most = 40;
  if (room >= brackets + least) {
    size_t width = std::min(room - brackets, most);
    auto filled = static_cast<size_t>(share * static_cast<double>(width));
    bar = " [" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
  }
  return activity + bar + percent + sizes + speed + left;
}

// Written by hand: no text in it comes from outside.
std::string Progress::jsonLine(double elapsed, bool last) const {
  return "{\"schema\":\"uwt.progress/1\",\"activity\":\"" + activity +
         "\",\"bytes\":" + std::to_string(done) + ",\"total_bytes\":" + std::to_string(total) +
         ",\"seconds\":" + formatNumber(elapsed, 3) + ",\"done\":" + (last ? "true" : "false") +
         "}";
}

//===----------------------------------------------------------------------===//
// StageProgress
//===----------------------------------------------------------------------===//

StageProgress::StageProgress(const Session &session, std::string activity)
    : mode(modeOf(session)), activity(std::move(activity)), start(Clock::now()) {
  if (mode == ProgressMode::Bar)
    drawer = std::thread([this] { draw(); });
}

StageProgress::~StageProgress() { finish(); }

double StageProgress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool StageProgress::begin(std::string_view name) {
  std::lock_guard lock(mutex);
  stage = name;
  if (mode == ProgressMode::Json)
    write(jsonLine(false));
  return !interrupted();
}

std::function<bool(std::string_view)> StageProgress::function() {
  return [this](std::string_view name) { return begin(name); };
}

void StageProgress::finish() {
  {
    std::lock_guard lock(mutex);
    if (finished)
      return;
    finished = true;
    if (mode == ProgressMode::Json)
      write(jsonLine(true));
  }
  ended.notify_all();
  if (drawer.joinable())
    drawer.join();
}

/// What ends within the first interval is never shown.
void StageProgress::draw() {
  std::unique_lock lock(mutex);
  bool visible = false;
  while (!ended.wait_for(lock, barInterval, [this] { return finished; })) {
    std::string line = activity + (stage.empty() ? "" : ": " + printable(stage)) + "  " +
                       formatNumber(seconds(), 1) + " s";
    // A character in the last column would begin a new line on some terminals.
    write("\r" + line.substr(0, Session::messageColumns() - 1) + "\033[K");
    visible = true;
  }
  if (visible)
    write("\r\033[K");
}

std::string StageProgress::jsonLine(bool last) const {
  return "{\"schema\":\"uwt.progress/1\",\"activity\":\"" + activity + "\",\"stage\":\"" +
         (last ? "" : stage) + "\",\"seconds\":" + formatNumber(seconds(), 3) +
         ",\"done\":" + (last ? "true" : "false") + "}\n";
}
