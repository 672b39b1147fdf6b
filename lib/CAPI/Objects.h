//===- Objects.h - What is behind the handles of the C API ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CAPI_OBJECTS_H
#define UWT_LIB_CAPI_OBJECTS_H

#include "uwt-c/Container.h"
#include "uwt/CAPI/Function.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Import/QuantizedPart.h"
#include "uwt/Support/Parallel.h"
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
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
  UWTContainer(std::string path, uwt::Checkpoint checkpoint)
      : path(std::move(path)), checkpoint(std::move(checkpoint)) {}

  UWTContainer(const UWTContainer &) = delete;
  UWTContainer &operator=(const UWTContainer &) = delete;
  ~UWTContainer();

  /// Names of a quantised weight that C sees.
  struct QuantizedNames {
    std::string recipe;
    std::vector<const char *> parts;
  };
  /// Quantised weights, and by their names what C sees of each.
  struct Quantized {
    uwt::ImportedWeights weights;
    std::map<std::string, QuantizedNames, std::less<>> names;
  };
  /// Returns what its tensors are together, which the first call looks for.
  uwt::Expected<const Quantized *> quantized() const;

  const std::string path;
  const uwt::Checkpoint checkpoint;
  /// All files' entries, the text of their formats, and their metadata.
  std::vector<const uwt::TensorEntry *> entries;
  std::vector<std::string> formats;
  std::vector<std::pair<std::string, std::string>> metadata;

private:
  mutable std::atomic<const Quantized *> quantizedWeights = nullptr;
};

struct UWTCodes {
  using Tensors = std::vector<std::pair<std::string, uwt::TensorBytes>>;

  explicit UWTCodes(uwt::QuantizedPart part)
      : part(std::move(part)), format(this->part.format.str()) {}
  /// Made by the first call: images are made without. Thread-safe.
  const Tensors &tensors() const;

  uwt::QuantizedPart part;
  std::string format;

private:
  mutable std::once_flag isMade;
  mutable Tensors made;
};

namespace uwt {
/// The reader of a tensor, and its entry.
Expected<std::pair<TensorReader, const TensorEntry *>> readerOf(const UWTContainer &container,
                                                                const char *name);
/// Errors: Usage.
Status checkIndex(size_t index, size_t size, const char *what);
/// The slice that a part of something of that shape is; NULL for all of it.
Expected<TensorSlice> sliceOf(const UWTTensorPart *part, const std::vector<uint64_t> &shape);
/// Errors: Usage (a NULL).
Expected<std::vector<const QuantizedPart *>> partsOf(std::span<const UWTCodes *const> codes);
/// The element of a dtype as safetensors names it ("BF16"). Errors: Usage.
Expected<ElementType> elementOf(std::string_view dtype);
/// Verifies the rank of a shape that a caller gives, before the shape is read. Errors: Usage.
Status checkRank(size_t rank);
/// The base model at `path`, or none for NULL.
Expected<std::shared_ptr<const BaseModel>> openBase(const char *path);
} // namespace uwt

#endif // UWT_LIB_CAPI_OBJECTS_H
