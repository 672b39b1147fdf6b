//===- Recursive.h - A member of the type that has it -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_RECURSIVE_H
#define UWT_SUPPORT_RECURSIVE_H

#include <memory>
#include <optional>
#include <utility>

namespace uwt {

/// What std::optional<T> is, where T has it as a member. Copies are deep; as thread-safe as T.
template <typename T> class Recursive {
public:
  Recursive() = default;
  Recursive(std::nullopt_t) {}
  Recursive(T value) : held(std::make_unique<T>(std::move(value))) {}
  Recursive(const Recursive &other) : held(other ? std::make_unique<T>(*other) : nullptr) {}
  Recursive(Recursive &&) noexcept = default;
  Recursive &operator=(Recursive other) noexcept {
    held.swap(other.held);
    return *this;
  }
  ~Recursive() = default;

  explicit operator bool() const { return held != nullptr; }
  T &operator*() { return *held; }
  const T &operator*() const { return *held; }
  T *operator->() { return held.get(); }
  const T *operator->() const { return held.get(); }

  bool operator==(const Recursive &other) const {
    return held && other.held ? *held == *other.held : bool(held) == bool(other.held);
  }

private:
  std::unique_ptr<T> held;
};

} // namespace uwt

#endif // UWT_SUPPORT_RECURSIVE_H
