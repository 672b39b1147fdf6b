//===- File.h - Mapped reading, crash-safe writing --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files as this library uses them: read through a mapping whose pages are given
// back while a large file is worked through, written beside their target and
// renamed when complete. After a crash or a full disk there is the old file or
// the new one.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_FILE_H
#define UWT_CONTAINER_FILE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// What the temporary file of a write ends in.
inline constexpr std::string_view partialSuffix = ".uwt-partial";
/// The temporary file of a write to `target`: `.<name>.uwt-partial` beside it, where the name
/// is shortened if that would be too long (write-1).
std::string partialPath(const std::string &target);

/// Permission bits of a file: read, write and execute of its owner, its group and others,
/// as chmod takes them. Never setuid, setgid or sticky.
using FileMode = uint32_t;
/// The permissions of a file that is made from nothing private.
inline constexpr FileMode anyMode = 0666;
/// The permissions that a file has at most which is made from `paths`, files or folders: others may
/// read what they may read of all of them (write-7). The owner may read and write it.
FileMode modeWithin(std::span<const std::string> paths);

/// What tells whether a file is still the one that was looked at, with the same contents.
struct FileIdentity {
  uint64_t device = 0, inode = 0, bytes = 0;
  /// When it was last written to.
  int64_t seconds = 0, nanoseconds = 0;
  /// When its contents or its status last changed, which no program can set back.
  int64_t changedSeconds = 0, changedNanoseconds = 0;
  bool operator==(const FileIdentity &) const = default;
};
/// An IO error unless `path` is still the file `before`.
Status checkUnchanged(const std::string &path, const FileIdentity &before);

/// Opening the first file installs a handler of SIGBUS, for files that get shorter while they are
/// mapped and disks that cannot be read: such reads give zeros, and then an IO error. Faults
/// elsewhere go to the handler that was there before. A host that wants none calls this with false
/// before it opens a file; those reads then end the process.
void catchReadFaults(bool wanted);

/// A regular file, mapped for reading. Immutable and thread-safe.
class MappedFile {
public:
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  /// Follows links. Errors: IO (no such file, no permission, not a regular file).
  static Expected<MappedFile> open(const std::string &path);

  const std::string &path() const { return name; }
  std::span<const uint8_t> bytes() const { return {data, size}; }
  FileMode mode() const { return permissions; }
  /// An IO error where some of bytes() could not be read, and zeros were in their place.
  Status checkRead() const;
  /// An IO error where the file has been replaced, written to, or could not be read since it was
  /// opened.
  Status checkUnchanged() const;
  /// checkRead of the file that `range` is a part of; the message has no path.
  static Status checkRead(std::span<const uint8_t> range);
  /// Says that single ranges of `range` (a part of bytes()) are read: what lies around them is not
  /// read ahead.
  static void readSparsely(std::span<const uint8_t> range);
  /// Says that all of `range` is read soon.
  static void readAhead(std::span<const uint8_t> range);
  /// Takes the pages of `range` (a part of bytes()) out of this process's
  /// resident memory. They stay readable: a later access reads them again.
  static void release(std::span<const uint8_t> range);

private:
  explicit MappedFile(std::string name) : name(std::move(name)) {}
  Status map(int descriptor);
  std::string name;
  const uint8_t *data = nullptr;
  size_t size = 0;
  FileMode permissions = 0;
  FileIdentity identity;
};

/// While it lives, gives back the pages of a mapped range again and again, so that work that
/// touches them in any order keeps a bounded number resident. Does nothing for
/// ranges of less than 256 MiB.
class ResidencyLimit {
public:
  explicit ResidencyLimit(std::span<const uint8_t> range);
  ~ResidencyLimit();
  ResidencyLimit(const ResidencyLimit &) = delete;
  ResidencyLimit &operator=(const ResidencyLimit &) = delete;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// Writes a file so that `target` is the old file or the complete new one at
/// every moment. One thread at a time.
class AtomicFileWriter {
public:
  AtomicFileWriter(AtomicFileWriter &&other) noexcept;
  AtomicFileWriter &operator=(AtomicFileWriter &&other) noexcept;
  /// Removes the temporary file unless commit() succeeded.
  ~AtomicFileWriter();

  /// Creates partialPath(target). The file gets the permission bits `mode`; until it is
  /// complete, no one else can open it. Without `mode` it gets what the umask leaves of `atMost`.
  /// Errors: Usage (an existing `target` unless `overwrite`, and one that is no regular file), IO.
  static Expected<AtomicFileWriter> create(const std::string &target, bool overwrite,
                                           std::optional<FileMode> mode = {},
                                           FileMode atMost = anyMode);

  /// Writes after everything written so far.
  Status append(std::span<const uint8_t> bytes);
  /// Writes at `offset`; bytes that are never written are zero.
  Status writeAt(uint64_t offset, std::span<const uint8_t> bytes);
  /// Where the bytes are until commit().
  const std::string &temporaryPath() const { return temporary; }
  /// One past the last byte written so far.
  uint64_t size() const { return end; }
  /// Moves the end of append() to `offset`, which must not be below size().
  void skipTo(uint64_t offset) { end = offset; }
  /// Forgets everything from `offset` on.
  Status rewindTo(uint64_t offset);

  /// Flushes the bytes to the disk, renames, and flushes the folder.
  Status commit();

private:
  AtomicFileWriter(std::string target, std::string temporary, int descriptor, bool overwrite,
                   std::optional<FileMode> mode)
      : target(std::move(target)), temporary(std::move(temporary)), descriptor(descriptor),
        overwrite(overwrite), mode(mode) {}
  void discard();
  std::string target, temporary;
  int descriptor = -1;
  bool overwrite = false;
  std::optional<FileMode> mode;
  uint64_t end = 0;
};

/// Bytes that are kept in memory up to a limit and in an unnamed file in
/// `folder` beyond it. One thread at a time.
class SpillBuffer {
public:
  SpillBuffer(std::string folder, uint64_t memoryLimit);
  ~SpillBuffer();
  SpillBuffer(SpillBuffer &&) noexcept;
  SpillBuffer &operator=(SpillBuffer &&) noexcept;

  /// Takes memory for so many bytes at once, up to the limit.
  void reserve(uint64_t bytes);
  Status append(std::span<const uint8_t> bytes);
  uint64_t size() const;
  /// Appends everything to `writer`.
  Status copyTo(AtomicFileWriter &writer) const;
  /// All bytes as one span, valid until the buffer changes or ends; a spilled
  /// buffer is mapped.
  Expected<std::span<const uint8_t>> view();
  /// Forgets the bytes and keeps the memory.
  void clear();

private:
  struct State;
  std::unique_ptr<State> state;
};

/// Reads a whole file of at most `limit` bytes. Errors: IO; Invalid where the
/// file is larger.
Expected<std::string> readTextFile(const std::string &path, uint64_t limit);
/// Writes a whole file through AtomicFileWriter.
Status writeWholeFile(const std::string &path, std::span<const uint8_t> bytes, bool overwrite,
                      std::optional<FileMode> mode = {}, FileMode atMost = anyMode);
inline std::span<const uint8_t> asBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

} // namespace uwt

#endif // UWT_CONTAINER_FILE_H
