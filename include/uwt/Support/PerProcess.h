//===- PerProcess.h - State that a fork does not break ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_PERPROCESS_H
#define UWT_SUPPORT_PERPROCESS_H

#include <atomic>
#include <memory>
#include <unistd.h>

namespace uwt {

/// An object of each process that comes from this one by fork(), made when it is asked for. A
/// thread that is gone in the new process may hold its mutex and have changed half of it, so the
/// new process begins with another one and leaves the first as it is. Thread-safe, without a lock.
template <typename Object> class PerProcess {
public:
  PerProcess() = default;
  PerProcess(const PerProcess &) = delete;
  PerProcess &operator=(const PerProcess &) = delete;
  ~PerProcess() {
    Made *made = current.load(std::memory_order_acquire);
    if (made && made->process == ::getpid())
      delete made;
  }

  Object &get() {
    Made *found = current.load(std::memory_order_acquire);
    if (found && found->process == ::getpid())
      return found->object;
    auto made = std::make_unique<Made>();
    made->process = ::getpid();
    if (current.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel))
      return made.release()->object;
    // Another thread of this process was first.
    return found->object;
  }

private:
  struct Made {
    pid_t process;
    Object object;
  };
  std::atomic<Made *> current = nullptr;
};

} // namespace uwt

#endif // UWT_SUPPORT_PERPROCESS_H
