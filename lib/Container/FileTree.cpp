//===- FileTree.cpp - The files of a folder -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileTree.h"
#include "FileStatus.h"
#include "uwt/Container/FileOperations.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <filesystem>
#include <map>
#include <memory>
#include <sys/stat.h>

namespace uwt {

static constexpr uint64_t writtenPieceBytes = uint64_t(16) << 20;

const TreeFile *FileTree::find(std::string_view path) const {
  auto at = std::lower_bound(files.begin(), files.end(), path,
                             [](const TreeFile &f, std::string_view p) { return f.path < p; });
  return at != files.end() && at->path == path ? &*at : nullptr;
}

Status FileTree::checkUnchanged() const {
  for (const TreeFile &file : files)
    UWT_RETURN_IF_ERROR(uwt::checkUnchanged(file.full, file.identity));
  return ok();
}

bool isFolder(const std::string &path) {
  struct stat there;
  return ::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
}

bool fileExists(const std::string &path) {
  struct stat there;
  return ::lstat(path.c_str(), &there) == 0;
}

namespace {

/// Walks folders, following links.
class TreeReader {
public:
  TreeReader(FileTree &tree, bool ofOutput) : tree(tree), ofOutput(ofOutput) {}
  Status readFolder(const std::string &relative);

private:
  Status readEntry(const std::string &relative, bool &any);
  Status noteVisit(const std::string &full, const std::pair<dev_t, ino_t> &identity);
  void noteLink(const std::string &relative, const std::string &full);

  FileTree &tree;
  bool ofOutput;
  /// Folders from the root to the one that is being read.
  std::vector<std::pair<dev_t, ino_t>> above;
  /// Number of reads of each folder.
  std::map<std::pair<dev_t, ino_t>, unsigned> visits;
  /// The root without links, and the folder of files of a hub cache, for noteLink.
  std::optional<std::string> realRoot, blobs;
};

/// Links that double at each level would otherwise be followed 2^levels times.
constexpr unsigned maxVisits = 16;

} // namespace

static Error notFinished(const std::string &folder) {
  return invalidError(folder +
                      ": is not complete: a run that writes this folder is at work, or was "
                      "interrupted; wait for it, or run the same command again");
}

Status TreeReader::readEntry(const std::string &relative, bool &any) {
  TreeFile file;
  file.path = relative;
  file.full = joinPath(tree.root, relative);
  // write-6.
  if (file.name() == unfinishedName && !ofOutput)
    return notFinished(joinPath(tree.root, file.folder()));
  if (isNeverOfModel(file.name())) {
    tree.leftOut.push_back(relative);
    return ok();
  }
  any = true;
  struct stat there;
  // Another machine may have removed it since its name was read.
  bool isFound = ::lstat(file.full.c_str(), &there) == 0;
  if (!isFound && errno == ENOENT)
    return ok();
  if (isFound && S_ISLNK(there.st_mode))
    noteLink(relative, file.full);
  if (::stat(file.full.c_str(), &there) != 0)
    return ioError(file.full + ": cannot be read: " + std::strerror(errno) +
                   "; a link may lead nowhere");
  if (S_ISDIR(there.st_mode))
    return readFolder(relative);
  if (!S_ISREG(there.st_mode))
    return usageError(file.full + ": is neither a file nor a folder");
  file.identity = identityOf(there);
  file.mode = permissionsOf(there);
  file.bytes = file.identity.bytes;
  tree.files.push_back(std::move(file));
  return ok();
}

/// Names of everything in a folder. The iterator of the standard library ends the process where
/// memory is out.
Expected<std::vector<std::string>> entryNamesOf(const std::string &folder) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR *)> open(::opendir(folder.c_str()), ::closedir);
  errno = open ? 0 : errno;
  while (const dirent *entry = open ? ::readdir(open.get()) : nullptr) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0)
    return ioError(folder + ": cannot be read: " + std::strerror(errno));
  return names;
}

Status TreeReader::noteVisit(const std::string &full, const std::pair<dev_t, ino_t> &identity) {
  if (++visits[identity] <= maxVisits)
    return ok();
  return usageError(full + ": links lead to this folder in more than " + std::to_string(maxVisits) +
                    " ways; remove links, or give a folder below them");
}

/// Notes a link that leads out. Caches of hubs have all files so: from snapshots/NAME to blobs.
void TreeReader::noteLink(const std::string &relative, const std::string &full) {
  std::error_code error;
  auto realPath = [&](const std::filesystem::path &path) {
    return std::filesystem::weakly_canonical(path, error).string() + "/";
  };
  if (!realRoot) {
    realRoot = realPath(tree.root);
    std::filesystem::path folder = std::filesystem::path(*realRoot).parent_path();
    bool isSnapshot = folder.parent_path().filename() == "snapshots";
    blobs = isSnapshot ? realPath(folder.parent_path().parent_path() / "blobs") : std::string();
  }
  std::string target = realPath(full);
  if (!target.starts_with(*realRoot) && (blobs->empty() || !target.starts_with(*blobs)))
    tree.linksOut.push_back(relative);
}

Status TreeReader::readFolder(const std::string &relative) {
  std::string full = joinPath(tree.root, relative);
  struct stat self;
  if (::stat(full.c_str(), &self) != 0)
    return ioError(full + ": cannot be read: " + std::strerror(errno));
  std::pair<dev_t, ino_t> identity(self.st_dev, self.st_ino);
  if (std::find(above.begin(), above.end(), identity) != above.end())
    return usageError(full + ": links to a folder that it lies in");
  UWT_RETURN_IF_ERROR(noteVisit(full, identity));
  above.push_back(identity);

  UWT_ASSIGN_OR_RETURN(std::vector<std::string> names, entryNamesOf(full));
  bool any = false;
  for (const std::string &name : names)
    UWT_RETURN_IF_ERROR(readEntry(joinPath(relative, name), any));
  if (!any && !relative.empty())
    tree.emptyFolders.push_back(relative);
  above.pop_back();
  return ok();
}

static Expected<FileTree> readTree(const std::string &root, bool ofOutput) {
  FileTree tree;
  tree.root = root;
  UWT_RETURN_IF_ERROR(TreeReader(tree, ofOutput).readFolder(""));
  std::sort(tree.files.begin(), tree.files.end(),
            [](const TreeFile &a, const TreeFile &b) { return a.path < b.path; });
  std::sort(tree.emptyFolders.begin(), tree.emptyFolders.end());
  std::sort(tree.leftOut.begin(), tree.leftOut.end());
  std::sort(tree.linksOut.begin(), tree.linksOut.end());
  return tree;
}

Expected<FileTree> FileTree::read(const std::string &root) {
  std::error_code failure;
  std::filesystem::path name = std::filesystem::weakly_canonical(root, failure).filename();
  if (name.string().ends_with(partialSuffix))
    return notFinished(root);
  return readTree(root, /*ofOutput=*/false);
}

Expected<FileTree> FileTree::readOutput(const std::string &root) {
  return readTree(root, /*ofOutput=*/true);
}

Status makeFolders(const std::string &path) {
  if (path.empty() || isFolder(path))
    return ok();
  UWT_RETURN_IF_ERROR(makeFolders(std::filesystem::path(path).parent_path().string()));
  return fileOperations().makeFolder(path, 0777);
}

Status makeFoldersLike(const std::string &from, const std::string &to, std::string_view relative,
                       std::vector<std::string> &made) {
  std::string path = joinPath(to, relative);
  if (isFolder(path))
    return ok();
  if (!relative.empty())
    UWT_RETURN_IF_ERROR(makeFoldersLike(from, to, folderOf(relative), made));
  else
    UWT_RETURN_IF_ERROR(makeFolders(std::filesystem::path(path).parent_path().string()));
  struct stat there;
  bool isKnown = ::stat(joinPath(from, relative).c_str(), &there) == 0;
  // Whatever the other folder allows, this one is going to be written to.
  FileMode mode = isKnown ? permissionsOf(there) | 0700 : 0777;
  UWT_RETURN_IF_ERROR(fileOperations().makeFolder(path, mode));
  made.push_back(std::move(path));
  return ok();
}

void removeEmptyFolders(const std::vector<std::string> &made) {
  for (auto folder = made.rbegin(); folder != made.rend(); ++folder)
    (void)bool(fileOperations().removeFolder(*folder));
}

bool isNested(const std::string &a, const std::string &b) {
  std::error_code error;
  std::string first = std::filesystem::weakly_canonical(a, error).string() + "/";
  std::string second = std::filesystem::weakly_canonical(b, error).string() + "/";
  return first.starts_with(second) || second.starts_with(first);
}

Status removeStalePartial(const std::string &target) {
  std::string partial = partialPath(target);
  if (!fileExists(partial))
    return ok();
  UWT_ASSIGN_OR_RETURN(int descriptor, fileOperations().createLocked(partial, 0600));
  Status removed = fileOperations().remove(partial);
  UWT_RETURN_IF_ERROR(fileOperations().close(descriptor, partial));
  return removed;
}

Expected<uint64_t> hashFile(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  ResidencyLimit limit(file.bytes());
  uint64_t hash = xxh3(file.bytes());
  UWT_RETURN_IF_ERROR(file.checkRead());
  return hash;
}

Expected<bool> sameBytes(const std::string &a, const std::string &b) {
  UWT_ASSIGN_OR_RETURN(MappedFile first, MappedFile::open(a));
  UWT_ASSIGN_OR_RETURN(MappedFile second, MappedFile::open(b));
  ResidencyLimit limit(first.bytes()), otherLimit(second.bytes());
  size_t size = first.bytes().size();
  bool same = second.bytes().size() == size &&
              (size == 0 || std::memcmp(first.bytes().data(), second.bytes().data(), size) == 0);
  UWT_RETURN_IF_ERROR(first.checkRead());
  UWT_RETURN_IF_ERROR(second.checkRead());
  return same;
}

Expected<uint64_t> copyFile(const std::string &from, const std::string &to, bool overwrite,
                            FileMode mode, std::optional<uint64_t> expected) {
  UWT_ASSIGN_OR_RETURN(MappedFile source, MappedFile::open(from));
  UWT_ASSIGN_OR_RETURN(AtomicFileWriter writer, AtomicFileWriter::create(to, overwrite, mode));
  Xxh3Stream hash;
  for (std::span<const uint8_t> rest = source.bytes(); !rest.empty();) {
    std::span<const uint8_t> piece = rest.first(std::min<uint64_t>(rest.size(), writtenPieceBytes));
    hash.update(piece);
    UWT_RETURN_IF_ERROR(writer.append(piece));
    MappedFile::release(piece);
    rest = rest.subspan(piece.size());
  }
  UWT_RETURN_IF_ERROR(source.checkRead());
  if (expected && hash.digest() != *expected)
    return invalidError(from + ": its checksum is not the one in uwt.json: the file is damaged or "
                               "was changed; get it again");
  UWT_RETURN_IF_ERROR(source.checkUnchanged());
  UWT_RETURN_IF_ERROR(writer.commit());
  return hash.digest();
}

} // namespace uwt
