//===- RegularFile.cpp - Small files, read whole --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/RegularFile.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace uwt;

namespace {

/// An open file, closed with this.
struct OpenFile {
  explicit OpenFile(const std::string &path)
      : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~OpenFile() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  OpenFile(const OpenFile &) = delete;
  OpenFile &operator=(const OpenFile &) = delete;

  const int descriptor;
};

} // namespace

static Error cannotRead(const std::string &path) {
  return ioError(path + ": cannot read: " + std::strerror(errno));
}

Expected<std::string> uwt::readBegin(const std::string &path, uint64_t bytes) {
  OpenFile file(path);
  if (file.descriptor < 0)
    return ioError(path + ": cannot open: " + std::strerror(errno));
  struct stat status{};
  if (::fstat(file.descriptor, &status) != 0)
    return cannotRead(path);
  if (!S_ISREG(status.st_mode))
    return ioError(path + ": not a regular file");
  std::string text(std::min(bytes, static_cast<uint64_t>(status.st_size)), '\0');
  size_t read = 0;
  while (read < text.size()) {
    ssize_t more =
        ::pread(file.descriptor, text.data() + read, text.size() - read, static_cast<off_t>(read));
    if (more < 0 && errno == EINTR)
      continue;
    if (more < 0)
      return cannotRead(path);
    if (more == 0)
      break;
    read += static_cast<size_t>(more);
  }
  text.resize(read);
  return text;
}

Expected<std::string> uwt::readRegularFile(const std::string &path, uint64_t limit) {
  UWT_ASSIGN_OR_RETURN(std::string text, readBegin(path, limit + 1));
  if (text.size() > limit)
    return invalidError(path + ": more than " + std::to_string(limit) + " bytes");
  return text;
}
