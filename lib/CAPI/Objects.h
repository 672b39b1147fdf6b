//===- Objects.h - What is behind the handles of the C API ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CAPI_OBJECTS_H
#define UWT_LIB_CAPI_OBJECTS_H

#include "uwt-c/Core.h"
#include "uwt/CAPI/Function.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Parallel.h"
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

struct UWTError {
  uwt::Error error;
};

struct UWTContext {
  UWTContext(unsigned threads, UWTThreadTeam team) : threads(threads), team(team) {}
  UWTContext(const UWTContext &) = delete;
  UWTContext &operator=(const UWTContext &) = delete;
  ~UWTContext();

  /// Its threads begin where the first function needs them, and anew in a process that was forked.
  uwt::ThreadPool &pool();
  /// The team, in the process that has it.
  UWTThreadTeam usableTeam() const { return maker == ::getpid() ? team : nullptr; }

  /// 0: one a processor.
  const unsigned threads;
  /// Null for threads of its own.
  const UWTThreadTeam team;
  UWTLogCallback log = nullptr;
  void *logUser = nullptr;

  std::mutex keptMutex;
  /// By the address that a library gave for it.
  std::map<const void *, std::unique_ptr<void, void (*)(void *)>> kept;

private:
  /// In a forked process the threads are gone: what waits for them would wait for ever.
  void forgetParentsPool();

  std::mutex poolMutex;
  /// Of the process `owner`: another one neither uses nor destroys it.
  uwt::ThreadPool *made = nullptr;
  pid_t owner = 0;
  /// The process that has the team.
  const pid_t maker = ::getpid();
};

struct UWTContainer {
  uwt::Checkpoint checkpoint;
  /// All files' entries, the text of their formats, and their metadata.
  std::vector<const uwt::TensorEntry *> entries;
  std::vector<std::string> formats;
  std::vector<std::pair<std::string, std::string>> metadata;
};

namespace uwt {
/// The reader of a tensor, and its entry.
Expected<std::pair<TensorReader, const TensorEntry *>> readerOf(const UWTContainer &container,
                                                                const char *name);
/// The element of a dtype as safetensors names it ("BF16"). Errors: Usage.
Expected<ElementType> elementOf(std::string_view dtype);
/// The base model at `path`, or none for NULL.
Expected<std::shared_ptr<const BaseModel>> openBase(const char *path);
} // namespace uwt

#endif // UWT_LIB_CAPI_OBJECTS_H
