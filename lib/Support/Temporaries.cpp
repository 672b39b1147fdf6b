//===- Temporaries.cpp - Half-written files, by their names ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Temporaries.h"
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unistd.h>

using namespace uwt;

/// A signal handler takes names out of their slots, and frees none; all others have the mutex.
static std::array<std::atomic<char *>, 1024> names;
/// Names that were taken out, which leak checkers would miss.
static std::array<std::atomic<char *>, names.size()> taken;
static std::mutex mutex;
static_assert(std::atomic<char *>::is_always_lock_free, "taken in a signal handler");

void uwt::rememberTemporary(const std::string &path) {
  std::lock_guard lock(mutex);
  char *name = ::strdup(path.c_str());
  for (std::atomic<char *> &slot : names)
    if (char *none = nullptr; name && slot.compare_exchange_strong(none, name))
      return;
  std::free(name);
}

void uwt::forgetTemporary(const std::string &path) {
  std::lock_guard lock(mutex);
  for (std::atomic<char *> &slot : names)
    if (const char *name = slot.load(); name && path == name)
      return std::free(slot.exchange(nullptr));
}

void uwt::removeTemporaries() {
  for (size_t i = 0; i < names.size(); ++i)
    if (char *name = names[i].exchange(nullptr)) {
      ::unlink(name);
      taken[i] = name;
    }
}
