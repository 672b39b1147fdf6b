//===- Parallel.cpp - A parallel loop -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Parallel.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

using namespace uwt;

namespace {
using LoopBody = std::function<void(uint64_t, unsigned)>;

/// More threads than this only cost memory.
constexpr unsigned maxThreads = 1024;
} // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable loopStarted;
  std::condition_variable loopEnded;
  /// Number of loops started so far; a worker joins each loop once.
  uint64_t loops = 0;
  unsigned workersBusy = 0;
  bool isClosing = false;

  // The running loop. Written before `loops` grows, under the mutex.
  const LoopBody *body = nullptr;
  uint64_t count = 0;
  std::atomic<uint64_t> next{0};

  std::vector<std::thread> workers;

  // noexcept: a body that threw would leave other threads with a dangling loop.
  void takeIndices(unsigned worker) noexcept {
    const LoopBody &run = *body;
    for (uint64_t i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed))
      run(i, worker);
  }

  void workerMain(unsigned worker) {
    uint64_t joined = 0;
    std::unique_lock lock(mutex);
    while (true) {
      loopStarted.wait(lock, [&] { return isClosing || loops != joined; });
      if (isClosing)
        return;
      joined = loops;
      lock.unlock();
      takeIndices(worker);
      lock.lock();
      if (--workersBusy == 0)
        loopEnded.notify_one();
    }
  }
};

ThreadPool::ThreadPool(unsigned threads) : state(std::make_unique<State>()) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  threads = std::min(threads, maxThreads);
  for (unsigned worker = 1; worker < threads; ++worker) {
    // The system may refuse a thread; the loop then runs on those that exist.
    try {
      state->workers.emplace_back([this, worker] { state->workerMain(worker); });
    } catch (const std::system_error &) {
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(state->mutex);
    state->isClosing = true;
  }
  state->loopStarted.notify_all();
  for (std::thread &worker : state->workers)
    worker.join();
}

unsigned ThreadPool::size() const { return static_cast<unsigned>(state->workers.size()) + 1; }

void ThreadPool::parallelFor(uint64_t count, const LoopBody &body) {
  if (state->workers.empty() || count <= 1) {
    for (uint64_t i = 0; i < count; ++i)
      body(i, 0);
    return;
  }
  {
    std::lock_guard lock(state->mutex);
    state->body = &body;
    state->count = count;
    state->next.store(0, std::memory_order_relaxed);
    state->workersBusy = static_cast<unsigned>(state->workers.size());
    ++state->loops;
  }
  state->loopStarted.notify_all();
  state->takeIndices(0);
  std::unique_lock lock(state->mutex);
  state->loopEnded.wait(lock, [&] { return state->workersBusy == 0; });
}
