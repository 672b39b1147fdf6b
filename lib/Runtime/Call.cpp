//===- Call.cpp - Calls of compiled code that may fail --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// longjmp runs no destructors: functions that end in leaveCall have no objects of their own then. A
// loop on a pool has C++ frames between its ranges and the call: each range is a call of its own,
// and the loop fails once all threads have left it.
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Call.h"
#include "HeldBlocks.h"
#include "uwt/Runtime/Abi.h"
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace uwt;

namespace {
/// Where a failure of compiled code goes, and what it leaves there.
struct CallFrame {
  jmp_buf target;
  std::optional<Error> error;
  CallFrame *outer;
};
} // namespace

/// The innermost of this thread.
static thread_local CallFrame *currentFrame = nullptr;

Status uwt::callCompiled(void (*body)(void *context), void *context) {
  CallFrame frame;
  frame.outer = std::exchange(currentFrame, &frame);
  HeldBlocks blocks;
  if (_setjmp(frame.target) == 0)
    body(context);
  currentFrame = frame.outer;
  if (!frame.error)
    return ok();
  blocks.releaseAll();
  return *std::move(frame.error);
}

void uwt::setCallError(Error error) {
  if (!currentFrame) {
    std::fprintf(stderr, "uwt: error: %s\n", error.message().c_str());
    std::abort();
  }
  currentFrame->error = std::move(error);
}

void uwt::leaveCall() { _longjmp(currentFrame->target, 1); }

/// `text` with values in place of {0} and {1}.
static std::string withValues(std::string_view text, std::span<const int64_t> values) {
  std::string result;
  while (!text.empty()) {
    size_t index = text.size() > 2 ? static_cast<size_t>(text[1] - '0') : SIZE_MAX;
    if (text[0] == '{' && index < values.size() && text[2] == '}') {
      result += std::to_string(values[index]);
      text.remove_prefix(3);
      continue;
    }
    result += text[0];
    text.remove_prefix(1);
  }
  return result;
}

void uwt::failOutOfMemory(size_t bytes) {
  setCallError(ioError(outOfMemoryText(bytes)));
  leaveCall();
}

extern "C" void uwt_fail(const char *text, int64_t length, int64_t count, int64_t first,
                         int64_t second) {
  const int64_t values[] = {first, second};
  setCallError(invalidError(withValues({text, static_cast<size_t>(length)},
                                       std::span(values).first(static_cast<size_t>(count)))));
  leaveCall();
}

extern "C" int64_t uwt_multiply_size(int64_t bytes, int64_t size) {
  int64_t product = 0;
  if (size >= 0 && !__builtin_mul_overflow(bytes, size, &product))
    return product;
  if (size < 0)
    setCallError(invalidError("a tensor has a negative size: " + std::to_string(size)));
  else
    setCallError(ioError("out of memory: a tensor has " + std::to_string(size) + " times " +
                         std::to_string(bytes) + " bytes"));
  leaveCall();
}

extern "C" int uwt_call(void (*body)(void *context), void *context, char *message, int64_t size) {
  Status status = callCompiled(body, context);
  if (status)
    return 0;
  const std::string &text = status.error().message();
  if (size > 0) {
    size_t count = std::min(text.size(), static_cast<size_t>(size) - 1);
    std::memcpy(message, text.data(), count);
    message[count] = 0;
  }
  return static_cast<int>(status.error().getKind());
}
