//===- ReadFaults.cpp - Mapped files that cannot be read ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReadFaults.h"
#include "uwt/Container/File.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace uwt {

namespace {

/// A mapping in the list that the handler walks. Entries are used again but never freed: a
/// handler may be looking at any of them.
struct WatchedMapping {
  /// 0 while no mapping uses the entry; `end` changes only then.
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> hasFault{false}, isTaken{true};
  WatchedMapping *next = nullptr;
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "used in a signal handler");

} // namespace

static std::atomic<WatchedMapping *> firstMapping{nullptr};
static std::atomic<bool> isWanted{true};
/// What handled the signal before.
static struct sigaction previousAction;
static const auto pageBytes = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));

static WatchedMapping *findMapping(uintptr_t address) {
  for (WatchedMapping *mapping = firstMapping.load(); mapping; mapping = mapping->next) {
    uintptr_t begin = mapping->begin.load(), end = mapping->end.load();
    if (begin != 0 && begin <= address && address < end && mapping->begin.load() == begin)
      return mapping;
  }
  return nullptr;
}

/// Replaces everything from the page of `address` on: where a file has lost a page it has
/// mostly lost the rest, and one replacement costs less than a signal a page.
static bool replaceByZeros(WatchedMapping &mapping, uintptr_t address) {
  uintptr_t page = address / pageBytes * pageBytes;
  // Marked first: who reads a zero finds the mark.
  mapping.hasFault.store(true);
  // Other threads may be reading the pages: they find the file's bytes or zeros, and the mark.
  // ThreadSanitizer would take the mmap of the C library for a write that races with them.
  return ::syscall(SYS_mmap, page, mapping.end.load() - page, PROT_READ,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != -1;
}

static void passOn(int signal, siginfo_t *information, void *context) {
  if (previousAction.sa_flags & SA_SIGINFO)
    return previousAction.sa_sigaction(signal, information, context);
  if (previousAction.sa_handler != SIG_DFL && previousAction.sa_handler != SIG_IGN)
    return previousAction.sa_handler(signal);
  // The access that failed is repeated, and ends the process as it would have without us.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
}

static void handleBusError(int signal, siginfo_t *information, void *context) {
  int savedError = errno;
  auto address = reinterpret_cast<uintptr_t>(information->si_addr);
  WatchedMapping *mapping = information->si_code == BUS_ADRERR ? findMapping(address) : nullptr;
  if (!mapping || !replaceByZeros(*mapping, address))
    passOn(signal, information, context);
  errno = savedError;
}

static void installHandler() {
  struct sigaction action{};
  action.sa_sigaction = handleBusError;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigaction(SIGBUS, &action, &previousAction);
}

static WatchedMapping &takeEntry() {
  for (WatchedMapping *mapping = firstMapping.load(); mapping; mapping = mapping->next)
    if (!mapping->isTaken.exchange(true))
      return *mapping;
  auto *added = new WatchedMapping;
  added->next = firstMapping.load();
  while (!firstMapping.compare_exchange_weak(added->next, added)) {
  }
  return *added;
}

void watchReads(std::span<const uint8_t> mapping) {
  static std::once_flag installed;
  if (isWanted.load())
    std::call_once(installed, installHandler);
  WatchedMapping &entry = takeEntry();
  auto begin = reinterpret_cast<uintptr_t>(mapping.data());
  entry.hasFault.store(false);
  entry.end.store(begin + mapping.size());
  entry.begin.store(begin);
}

void endWatch(std::span<const uint8_t> mapping) {
  WatchedMapping *entry = findMapping(reinterpret_cast<uintptr_t>(mapping.data()));
  if (!entry) // watchReads had no memory
    return;
  entry->begin.store(0);
  entry->isTaken.store(false);
}

bool hasReadFault(const uint8_t *address) {
  WatchedMapping *entry = findMapping(reinterpret_cast<uintptr_t>(address));
  return entry && entry->hasFault.load();
}

bool serveReadFault(const uint8_t *address) {
  auto at = reinterpret_cast<uintptr_t>(address);
  WatchedMapping *mapping = findMapping(at);
  return mapping && replaceByZeros(*mapping, at);
}

void catchReadFaults(bool wanted) { isWanted.store(wanted); }

} // namespace uwt
