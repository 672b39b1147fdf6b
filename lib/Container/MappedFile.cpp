//===- MappedFile.cpp - Files mapped for reading --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileStatus.h"
#include "ReadFaults.h"
#include "uwt/Container/FileOperations.h"
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace uwt {

Status checkUnchanged(const std::string &path, const FileIdentity &before) {
  struct stat now;
  if (::stat(path.c_str(), &now) == 0 && identityOf(now) == before)
    return ok();
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
  if (!data)
    return;
  endWatch(bytes());
  ::munmap(const_cast<uint8_t *>(data), size);
}

Status MappedFile::map(int descriptor) {
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return ioError(name + ": cannot open: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return ioError(name + ": not a regular file");
  permissions = permissionsOf(status);
  identity = identityOf(status);
  if (status.st_size == 0)
    return ok();
  auto bytesOfFile = static_cast<size_t>(status.st_size);
  UWT_ASSIGN_OR_RETURN(data, fileOperations().map(descriptor, bytesOfFile, name));
  size = bytesOfFile;
  watchReads(bytes());
  return ok();
}

Expected<MappedFile> MappedFile::open(const std::string &path) {
  MappedFile file(path);
  UWT_ASSIGN_OR_RETURN(int descriptor, fileOperations().openToRead(path));
  Status mapped = file.map(descriptor);
  ::close(descriptor);
  UWT_RETURN_IF_ERROR(std::move(mapped));
  return file;
}

Status MappedFile::checkRead(std::span<const uint8_t> range) {
  if (!hasReadFault(range.data()))
    return ok();
  return ioError("a part of the file cannot be read: the disk fails, or the file was cut short "
                 "while it was read");
}

Status MappedFile::checkRead() const {
  Status read = checkRead(bytes());
  return read ? ok() : Status(read.takeError().in(name));
}

Status MappedFile::checkUnchanged() const {
  UWT_RETURN_IF_ERROR(checkRead());
  return uwt::checkUnchanged(name, identity);
}

/// All pages that `range` touches.
static void advise(std::span<const uint8_t> range, int advice) {
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<uintptr_t>(range.data()) / page * page;
  auto end = reinterpret_cast<uintptr_t>(range.data() + range.size());
  if (begin < end)
    ::madvise(reinterpret_cast<void *>(begin), end - begin, advice);
}

void MappedFile::readSparsely(std::span<const uint8_t> range) { advise(range, MADV_RANDOM); }

void MappedFile::readAhead(std::span<const uint8_t> range) { advise(range, MADV_WILLNEED); }

void MappedFile::release(std::span<const uint8_t> range) {
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = (reinterpret_cast<uintptr_t>(range.data()) + page - 1) / page * page;
  auto end = reinterpret_cast<uintptr_t>(range.data() + range.size()) / page * page;
  if (begin < end)
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

//===----------------------------------------------------------------------===//
// ResidencyLimit
//===----------------------------------------------------------------------===//

/// Ranges smaller than this may be resident as a whole.
static constexpr uint64_t residentBytes = uint64_t(256) << 20;
/// Short enough that all cores together cannot touch more than some hundred
/// megabytes between two releases.
static constexpr std::chrono::milliseconds releaseInterval(20);

struct ResidencyLimit::State {
  std::mutex mutex;
  std::condition_variable ended;
  bool end = false;
  std::thread thread;
};

ResidencyLimit::ResidencyLimit(std::span<const uint8_t> range) {
  if (range.size() < residentBytes)
    return;
  auto limiting = std::make_unique<State>();
  auto release = [state = limiting.get(), range] {
    std::unique_lock lock(state->mutex);
    while (!state->ended.wait_for(lock, releaseInterval, [state] { return state->end; }))
      MappedFile::release(range);
  };
  // Without a thread the work goes on, with more resident.
  try {
    limiting->thread = std::thread(release);
  } catch (const std::system_error &) {
    return;
  }
  state = std::move(limiting);
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
