//===- StopWatch.h - Where time goes ----------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_STOPWATCH_H
#define UWT_SUPPORT_STOPWATCH_H

#include <chrono>

namespace uwt {

/// Seconds since construction or since the last lap.
class StopWatch {
public:
  double lap() {
    Clock::time_point now = Clock::now();
    double seconds = std::chrono::duration<double>(now - start).count();
    start = now;
    return seconds;
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

} // namespace uwt

#endif // UWT_SUPPORT_STOPWATCH_H
