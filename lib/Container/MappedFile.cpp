//===- MappedFile.cpp - Files mapped for reading --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileStatus.h"
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace uwt {

Status checkUnchanged(const std::string &path, const FileIdentity &before) {
  struct stat now;
  if (::stat(path.c_str(), &now) == 0 && identityOf(now) == before)
    return success();
  return ioError(path + ": changed while it was read; run again when nothing writes to it");
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : name(std::move(other.name)), data(std::exchange(other.data, nullptr)),
      size(std::exchange(other.size, 0)), permissions(other.permissions), identity(other.identity) {
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(name, other.name);
  std::swap(data, other.data);
  std::swap(size, other.size);
  std::swap(permissions, other.permissions);
  std::swap(identity, other.identity);
  return *this;
}

MappedFile::~MappedFile() {
  if (data)
    ::munmap(const_cast<uint8_t *>(data), size);
}

Expected<MappedFile> MappedFile::open(const std::string &path) {
  auto failed = [&] { return ioError(path + ": cannot open: " + std::strerror(errno)); };
  // Not blocking: the path may be that of a pipe without a writer.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return failed();
  struct stat status;
  if (::fstat(descriptor, &status) != 0) {
    Error error = failed();
    ::close(descriptor);
    return error;
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return ioError(path + ": not a regular file");
  }
  auto size = static_cast<size_t>(status.st_size);
  void *mapping = nullptr;
  if (size != 0) {
    mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED) {
      Error error = ioError(path + ": cannot map: " + std::strerror(errno));
      ::close(descriptor);
      return error;
    }
  }
  ::close(descriptor);
  MappedFile file(path);
  file.data = static_cast<const uint8_t *>(mapping);
  file.size = size;
  file.permissions = permissionsOf(status);
  file.identity = identityOf(status);
  return file;
}

void MappedFile::release(std::span<const uint8_t> part) {
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page;
  auto end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end)
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

//===----------------------------------------------------------------------===//
// ResidencyLimit
//===----------------------------------------------------------------------===//

/// Parts smaller than this may be resident as a whole.
static constexpr uint64_t residentPart = uint64_t(256) << 20;
/// Short enough that all cores together cannot touch more than some hundred
/// megabytes between two releases.
static constexpr std::chrono::milliseconds releaseInterval(20);

struct ResidencyLimit::State {
  std::mutex mutex;
  std::condition_variable ended;
  bool end = false;
  std::thread thread;
};

ResidencyLimit::ResidencyLimit(std::span<const uint8_t> part) {
  if (part.size() < residentPart)
    return;
  state = std::make_unique<State>();
  state->thread = std::thread([state = state.get(), part] {
    std::unique_lock lock(state->mutex);
    while (!state->ended.wait_for(lock, releaseInterval, [state] { return state->end; }))
      MappedFile::release(part);
  });
}

ResidencyLimit::~ResidencyLimit() {
  if (!state)
    return;
  {
    std::lock_guard lock(state->mutex);
    state->end = true;
  }
  state->ended.notify_all();
  state->thread.join();
}

} // namespace uwt
