//===- Boxed.h - Values that are rarely there -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_BOXED_H
#define UWT_SUPPORT_BOXED_H

#include <memory>
#include <utility>

namespace uwt {

/// A large value that most objects have not: std::optional in the size of a pointer. Copies and
/// comparisons are those of the value.
template <typename Value> class Boxed {
public:
  Boxed() = default;
  Boxed(Value value) : box(std::make_unique<Value>(std::move(value))) {}
  Boxed(const Boxed &other) : box(other.box ? std::make_unique<Value>(*other.box) : nullptr) {}
  Boxed(Boxed &&) noexcept = default;
  Boxed &operator=(const Boxed &other) {
    if (this != &other)
      box = other.box ? std::make_unique<Value>(*other.box) : nullptr;
    return *this;
  }
  Boxed &operator=(Boxed &&) noexcept = default;
  ~Boxed() = default;

  // NOLINTNEXTLINE(readability-identifier-naming): as std::optional has it.
  bool has_value() const { return box != nullptr; }
  explicit operator bool() const { return box != nullptr; }
  /// Precondition of these: there is a value.
  Value &operator*() { return *box; }
  const Value &operator*() const { return *box; }
  Value *operator->() { return box.get(); }
  const Value *operator->() const { return box.get(); }

  bool operator==(const Boxed &other) const {
    return box && other.box ? *box == *other.box : box == other.box;
  }

private:
  std::unique_ptr<Value> box;
};

} // namespace uwt

#endif // UWT_SUPPORT_BOXED_H
