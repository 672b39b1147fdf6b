//===- Error.h - Errors as values -------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one way in which UWT's LLVM-free libraries report failure: an `Error`
// (a kind that maps to an exit code, and a message) carried by `Expected<T>`
// or `Status`. Nothing throws but std::bad_alloc, where memory is out: it leaves nothing
// half-written, and `callWithMemory` makes an error of it.
//
// Code that has an MLIR operation at hand emits a diagnostic there, and returns
// mlir::LogicalResult or mlir::FailureOr. A function that only finds out why something cannot be
// done returns one of the types below; its caller makes a diagnostic or a remark of the message.
//
// A message begins with a small letter and has no final period. It says what was expected, what was
// found, and what to do. Callers that know more context (a file, a tensor) put it in front with
// `Error::in`.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_ERROR_H
#define UWT_SUPPORT_ERROR_H

#include <cassert>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace uwt {

/// What went wrong, in the categories that a caller can act on. The values are
/// the exit codes of the command-line tool.
enum class ErrorKind : int {
  /// A check found differences (`uwt verify`).
  Differs = 1,
  /// The caller asked for something that makes no sense: an unknown option, a
  /// format that is not a valid composition, a shape that does not fit.
  Usage = 2,
  /// The input is invalid or damaged.
  Invalid = 3,
  /// Reading or writing failed: a missing file, a full disk, no permission.
  IO = 4,
  /// A device, instruction set or format version that is not supported here.
  Unsupported = 5,
  /// The user interrupted the work.
  Interrupted = 130,
};

/// A failure: its kind and one clear sentence.
class [[nodiscard]] Error {
public:
  Error(ErrorKind kind, std::string message) : kind(kind), text(std::move(message)) {}

  ErrorKind getKind() const { return kind; }
  const std::string &message() const { return text; }

  /// The same error with `context` (a path, a tensor's name) put in front:
  /// "context: message".
  Error in(const std::string &context) && { return Error(kind, context + ": " + std::move(text)); }

private:
  ErrorKind kind;
  std::string text;
};

inline Error usageError(std::string message) { return {ErrorKind::Usage, std::move(message)}; }
inline Error invalidError(std::string message) { return {ErrorKind::Invalid, std::move(message)}; }
inline Error ioError(std::string message) { return {ErrorKind::IO, std::move(message)}; }
inline Error unsupportedError(std::string message) {
  return {ErrorKind::Unsupported, std::move(message)};
}

/// A `T` or the `Error` that kept it from being made. Test it as a `bool`
/// before looking inside.
template <typename T> class [[nodiscard]] Expected {
public:
  // Implicit on purpose: `return value;` and `return someError;` both read well.
  Expected(T value) : storage(std::in_place_index<0>, std::move(value)) {}
  Expected(Error error) : storage(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return storage.index() == 0; }

  T &operator*() & { return get(); }
  const T &operator*() const & { return const_cast<Expected *>(this)->get(); }
  T &&operator*() && { return std::move(get()); }
  T *operator->() { return &get(); }
  const T *operator->() const { return &const_cast<Expected *>(this)->get(); }

  const Error &error() const {
    assert(storage.index() == 1 && "asked a success for its error");
    return *std::get_if<1>(&storage);
  }
  /// Moves the error out, to be returned by the caller.
  Error takeError() { return std::move(*std::get_if<1>(&storage)); }

private:
  T &get() {
    assert(storage.index() == 0 && "asked a failure for its value");
    return *std::get_if<0>(&storage);
  }
  std::variant<T, Error> storage;
};

/// Success, or an `Error`.
class [[nodiscard]] Status {
public:
  Status() : failure(ErrorKind::Invalid, std::string()), isOk(true) {}
  Status(Error error) : failure(std::move(error)), isOk(false) {}

  explicit operator bool() const { return isOk; }
  const Error &error() const {
    assert(!isOk && "asked a success for its error");
    return failure;
  }
  Error takeError() { return std::move(failure); }

private:
  Error failure;
  bool isOk;
};

/// The Status of success. MLIR's word for its own result, which is visible beside this, is
/// success().
inline Status ok() { return {}; }

/// What `body()`, a Status or an Expected, gives; an IO error where memory is out. A size that a
/// damaged file states can be the reason.
template <typename Body> auto callWithMemory(Body body) -> decltype(body()) {
  constexpr const char *text = "out of memory: the system has no more for this work; close other "
                               "programs, or check the sizes that the input states";
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return ioError(text);
  } catch (const std::length_error &) { // a container of the standard library: too large to ask for
    return ioError(text);
  }
}

} // namespace uwt

/// Evaluates `expression` (a `Status` or an `Expected`) and returns its error
/// from the current function if it failed.
#define UWT_RETURN_IF_ERROR(expression)                                                            \
  do {                                                                                             \
    auto uwtStatus = (expression);                                                                 \
    if (!uwtStatus)                                                                                \
      return uwtStatus.takeError();                                                                \
  } while (false)

#define UWT_CONCAT_IMPL(a, b) a##b
#define UWT_CONCAT(a, b) UWT_CONCAT_IMPL(a, b)
#define UWT_ASSIGN_OR_RETURN_IMPL(expected, declaration, expression)                               \
  auto expected = (expression);                                                                    \
  if (!expected)                                                                                   \
    return expected.takeError();                                                                   \
  declaration = *std::move(expected)

/// `UWT_ASSIGN_OR_RETURN(auto x, f());` declares `x` from the value of the
/// `Expected` that `f()` returns, or returns its error.
#define UWT_ASSIGN_OR_RETURN(declaration, expression)                                              \
  UWT_ASSIGN_OR_RETURN_IMPL(UWT_CONCAT(uwtExpected, __LINE__), declaration, expression)

#endif // UWT_SUPPORT_ERROR_H
