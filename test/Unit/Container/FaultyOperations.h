//===- FaultyOperations.h - A file system that fails ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CONTAINER_FAULTYOPERATIONS_H
#define UWT_TEST_UNIT_CONTAINER_FAULTYOPERATIONS_H

#include "uwt/Container/FileOperations.h"
#include <unistd.h>

namespace uwt::test {

enum class Fault { Fail, Kill };

/// While it lives, the file operation number `step` fails, or ends the process
/// before it happens; writes fail after half of their bytes. Removing files is not counted: it
/// is what cleans up after a failure.
class FaultyOperations final : public FileOperations {
public:
  FaultyOperations(unsigned step, Fault fault) : left(step), fault(fault) {
    setFileOperationsForTesting(this);
  }
  ~FaultyOperations() override { setFileOperationsForTesting(nullptr); }

  bool happened() const { return fired; }
  /// Whether some rename succeeded.
  bool afterRename() const { return renamed; }

  Expected<int> openToRead(const std::string &path) override {
    if (now())
      return ioError(path + ": Input/output error");
    return FileOperations::openToRead(path);
  }
  Expected<const uint8_t *> map(int descriptor, size_t bytes, const std::string &path) override {
    if (now())
      return ioError(path + ": Cannot allocate memory");
    return FileOperations::map(descriptor, bytes, path);
  }
  Expected<int> createLocked(const std::string &path, uint32_t mode) override {
    if (now())
      return failure(path);
    return FileOperations::createLocked(path, mode);
  }
  Status setMode(int descriptor, uint32_t mode, const std::string &path) override {
    return now() ? Status(failure(path)) : FileOperations::setMode(descriptor, mode, path);
  }
  Expected<int> createUnnamed(const std::string &folder) override {
    if (now())
      return failure(folder);
    return FileOperations::createUnnamed(folder);
  }
  Status write(int descriptor, std::span<const uint8_t> bytes, uint64_t offset,
               const std::string &path) override {
    if (left != 0 || fired) {
      (void)now();
      return FileOperations::write(descriptor, bytes, offset, path);
    }
    (void)bool(FileOperations::write(descriptor, bytes.first(bytes.size() / 2), offset, path));
    (void)now();
    return failure(path);
  }
  Status truncate(int descriptor, uint64_t size, const std::string &path) override {
    return now() ? Status(failure(path)) : FileOperations::truncate(descriptor, size, path);
  }
  Status sync(int descriptor, const std::string &path) override {
    return now() ? Status(failure(path)) : FileOperations::sync(descriptor, path);
  }
  Status close(int descriptor, const std::string &path) override {
    bool fails = now();
    Status closed = FileOperations::close(descriptor, path);
    return fails ? Status(failure(path)) : std::move(closed);
  }
  Status rename(const std::string &from, const std::string &to, bool overwrite) override {
    if (now())
      return failure(to);
    Status status = FileOperations::rename(from, to, overwrite);
    renamed |= bool(status);
    return status;
  }
  Status makeFolder(const std::string &path, uint32_t mode) override {
    return now() ? Status(failure(path)) : FileOperations::makeFolder(path, mode);
  }
  Status syncFolder(const std::string &path) override {
    return now() ? Status(failure(path)) : FileOperations::syncFolder(path);
  }
  Expected<int> lockFolder(const std::string &path, bool shared) override {
    if (now())
      return failure(path);
    return FileOperations::lockFolder(path, shared);
  }
  Expected<bool> link(const std::string &from, const std::string &to) override {
    if (now())
      return failure(to);
    return FileOperations::link(from, to);
  }
  Expected<bool> exchange(const std::string &a, const std::string &b) override {
    if (now())
      return failure(b);
    if (withoutExchange)
      return false;
    return FileOperations::exchange(a, b);
  }
  Status copyOwner(const std::string &from, const std::string &to) override {
    return now() ? Status(failure(to)) : FileOperations::copyOwner(from, to);
  }

  /// Whether the file system can exchange no names.
  bool withoutExchange = false;

private:
  bool now() {
    if (fired || left-- != 0)
      return false;
    fired = true;
    if (fault == Fault::Kill)
      _exit(99);
    return true;
  }
  static Error failure(const std::string &path) {
    return ioError(path + ": No space left on device");
  }

  unsigned left;
  Fault fault;
  bool fired = false, renamed = false;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CONTAINER_FAULTYOPERATIONS_H
