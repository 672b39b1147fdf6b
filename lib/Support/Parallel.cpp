//===- Parallel.cpp - A parallel loop -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One atomic word says which loop is open and how many workers are inside it:
//
//     63 ... 17 number of the loop | 16 open | 15 ... 0 workers inside
//
// A worker joins by raising the count of an open loop, and leaves by lowering it. The
// caller closes the loop when nothing is left of it, and waits for those inside. What
// a loop consists of is written only while none is open and nobody is inside.
//
// Waiting is in two steps: watch the word for a bounded time, then sleep. Who is about to sleep
// says so before it looks at the word a last time, and who changes the word looks for sleepers
// after that; both in the one order of sequentially consistent operations, so no change is missed.
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Parallel.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

using namespace uwt;

namespace {

/// More threads than this only cost memory.
constexpr unsigned maxThreads = 1024;

/// How long a thread watches before it sleeps: longer than what lies between two loops of a
/// model, about as long as a sleep and its end cost.
constexpr std::chrono::microseconds watchTime{150};
/// Looks at the word between two looks at the clock.
constexpr unsigned looksPerClock = 32;

constexpr uint64_t insideMask = 0xffff;
constexpr uint64_t openBit = uint64_t(1) << 16;
constexpr unsigned loopShift = 17;

void pauseThread() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Watches until `isDone` or for `watchTime`; says whether it is done.
template <typename IsDone> bool watch(IsDone isDone) {
  auto begin = std::chrono::steady_clock::now();
  do {
    for (unsigned look = 0; look < looksPerClock; ++look) {
      if (isDone())
        return true;
      pauseThread();
    }
  } while (std::chrono::steady_clock::now() - begin < watchTime);
  return isDone();
}

/// Where threads sleep until another one has changed something.
class Bed {
public:
  /// Sleeps until `isDone`, which reads with sequential consistency.
  template <typename IsDone> void sleepUntil(IsDone isDone) {
    std::unique_lock lock(mutex);
    sleepers.fetch_add(1);
    changed.wait(lock, isDone);
    sleepers.fetch_sub(1);
  }
  /// To be called after a sequentially consistent change.
  void wakeAll() {
    if (sleepers.load() == 0)
      return;
    // Whoever counts as a sleeper holds the mutex until it really sleeps.
    {
      std::lock_guard lock(mutex);
    }
    changed.notify_all();
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<unsigned> sleepers{0};
};

} // namespace

struct ThreadPool::State {
  // The running loop.
  RangeBody body = nullptr;
  void *context = nullptr;
  uint64_t count = 0;
  /// Ranges are 1/share of what is left; 0 for single indices.
  uint64_t share = 0;

  alignas(64) std::atomic<uint64_t> control{0};
  alignas(64) std::atomic<uint64_t> next{0};
  /// Set while a loop runs.
  alignas(64) std::atomic<bool> isBusy{false};
  std::atomic<bool> isClosing{false};
  /// Of the running loop: some body had no memory.
  std::atomic<bool> isOutOfMemory{false};
  /// Set where there is a processor for each thread: watching takes none from another.
  bool mayWatch = true;
  Bed workersBed, callersBed;
  std::vector<std::thread> workers;
  /// Where it runs on a team: how many threads of it, and how many have begun the running loop.
  ThreadTeam team = nullptr;
  unsigned teamSize = 1;
  std::atomic<unsigned> begun{0};

  /// What a body throws must not leave the thread, nor the loop while others are inside:
  /// the caller of the loop throws it, once all have left.
  void runBody(uint64_t begin, uint64_t end, unsigned worker) noexcept {
    try {
      body(context, begin, end, worker);
    } catch (const std::bad_alloc &) {
      isOutOfMemory.store(true);
      next.store(count);
    }
  }

  void takeRanges(unsigned worker) noexcept {
    uint64_t begin = next.load(std::memory_order_relaxed);
    while (begin < count) {
      uint64_t size = share ? std::max<uint64_t>(1, (count - begin) / share) : 1;
      if (!next.compare_exchange_weak(begin, begin + size, std::memory_order_relaxed))
        continue;
      runBody(begin, begin + size, worker);
      begin = next.load(std::memory_order_relaxed);
    }
  }

  /// Joins the open loop unless it is number `done`; gives its number, else `done`.
  uint64_t join(uint64_t done) {
    uint64_t seen = control.load(std::memory_order_relaxed);
    while ((seen & openBit) && seen >> loopShift != done)
      if (control.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                        std::memory_order_relaxed))
        return seen >> loopShift;
    return done;
  }

  void leave() {
    uint64_t before = control.fetch_sub(1);
    if ((before & (openBit | insideMask)) == 1)
      callersBed.wakeAll();
  }

  void workerMain(unsigned worker) {
    uint64_t done = 0;
    auto hasWork = [&] {
      uint64_t seen = control.load();
      return isClosing.load() || ((seen & openBit) && seen >> loopShift != done);
    };
    while (true) {
      if (!(mayWatch && watch(hasWork)))
        workersBed.sleepUntil(hasWork);
      if (isClosing.load())
        return;
      uint64_t joined = join(done);
      if (joined == done)
        continue;
      done = joined;
      takeRanges(worker);
      leave();
    }
  }

  static void teamMain(void *pool) {
    auto *state = static_cast<State *>(pool);
    state->takeRanges(state->begun.fetch_add(1, std::memory_order_relaxed));
  }

  void runOnTeam() {
    begun.store(0, std::memory_order_relaxed);
    team(teamMain, this, static_cast<unsigned>(std::min<uint64_t>(teamSize, count)), 0);
  }

  void runOnWorkers() {
    uint64_t number = (control.load(std::memory_order_relaxed) >> loopShift) + 1;
    control.store(number << loopShift | openBit);
    workersBed.wakeAll();
    takeRanges(0);
    control.fetch_and(~openBit);
    auto isEmpty = [&] { return (control.load() & insideMask) == 0; };
    if (!(mayWatch && watch(isEmpty)) && !isEmpty())
      callersBed.sleepUntil(isEmpty);
  }

  unsigned size() const { return std::max(teamSize, static_cast<unsigned>(workers.size()) + 1); }

  void run(uint64_t loopCount, RangeBody loopBody, void *loopContext, uint64_t loopShare) {
    if (size() == 1 || loopCount <= 1 || isBusy.exchange(true)) {
      if (loopCount != 0)
        loopBody(loopContext, 0, loopCount, 0);
      return;
    }
    body = loopBody;
    context = loopContext;
    count = loopCount;
    share = loopShare;
    next.store(0, std::memory_order_relaxed);
    team ? runOnTeam() : runOnWorkers();
    bool hasThrown = isOutOfMemory.exchange(false);
    isBusy.store(false);
    if (hasThrown)
      throw std::bad_alloc();
  }
};

ThreadPool::ThreadPool(unsigned threads, ThreadTeam team) : state(std::make_unique<State>()) {
  unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  if (threads == 0)
    threads = processors;
  threads = std::min(threads, maxThreads);
  if (team) {
    state->team = team;
    state->teamSize = threads;
    return;
  }
  state->mayWatch = threads <= processors;
  // The system may refuse a thread, or the memory for it; loops then run on those that exist.
  try {
    state->workers.reserve(threads);
    for (unsigned worker = 1; worker < threads; ++worker)
      state->workers.emplace_back([this, worker] { state->workerMain(worker); });
  } catch (const std::system_error &) {
    return;
  } catch (const std::bad_alloc &) {
    return;
  }
}

ThreadPool::~ThreadPool() {
  state->isClosing.store(true);
  state->workersBed.wakeAll();
  for (std::thread &worker : state->workers)
    worker.join();
}

unsigned ThreadPool::size() const { return state->size(); }

void ThreadPool::parallelRanges(uint64_t count, RangeBody body, void *context) {
  state->run(count, body, context, uint64_t(2) * size());
}

void ThreadPool::parallelFor(uint64_t count, const std::function<void(uint64_t, unsigned)> &body) {
  RangeBody runRange = [](void *context, uint64_t begin, uint64_t end, unsigned worker) {
    const auto &run = *static_cast<const std::function<void(uint64_t, unsigned)> *>(context);
    for (uint64_t i = begin; i < end; ++i)
      run(i, worker);
  };
  state->run(count, runRange, const_cast<void *>(static_cast<const void *>(&body)), 0);
}
