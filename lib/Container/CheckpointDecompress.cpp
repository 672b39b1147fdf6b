//===- CheckpointDecompress.cpp - A compressed model's folder to the original one -===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "CheckpointVerify.h"
#include "FileStatus.h"
#include "FileTree.h"
#include "FileWork.h"
#include "Original.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/FileOperations.h"
#include <algorithm>
#include <filesystem>
#include <set>

namespace uwt {

namespace {

class CheckpointDecompressor {
public:
  CheckpointDecompressor(const std::string &input, const std::string &output,
                         const DecompressOptions &given)
      : input(input), output(output), options(given) {
    if (options.check)
      options.progress = halved(given.progress);
  }

  Status run();
  CheckpointReport report;

private:
  Status checkSizes() const;
  Status checkHasBase() const;
  Status checkFiles() const;
  Status restoreAll();
  Status restore(const ManifestFile &file);
  Status restoreWeights(const ManifestFile &file, const std::string &target);
  Status restoreCarried(const ManifestFile &file, const std::string &target);
  Status restoreRewritten(const ManifestFile &file, const std::string &target);
  Expected<bool> weightsAreThere(const std::string &source, const std::string &target);
  FileMode modeOf(const ManifestFile &file) const;
  Status checkTwins(const std::string &target) const;
  void takeBack();

  const std::string &input, &output;
  DecompressOptions options;
  Manifest manifest;
  /// What this run has made, in that order.
  std::vector<std::string> madeFolders, madeFiles;
  /// Devices and inodes of the files that this run has written.
  std::set<std::pair<uint64_t, uint64_t>> written;
};

} // namespace

static Error inTheWay(const std::string &target) {
  return usageError(target + ": exists already and differs; use -f to overwrite it");
}

/// folder-9. A manifest may come from anyone: group and others may read and write what they may
/// read and write in the compressed folder, at most, and execute what they may read.
FileMode CheckpointDecompressor::modeOf(const ManifestFile &file) const {
  struct stat there;
  if (::stat(joinPath(input, file.path).c_str(), &there) != 0)
    return 0600;
  FileMode stored = permissionsOf(there), mayExecute = stored >> 2 & 0011;
  return file.mode.value_or(stored) & (0700 | (stored & 0066) | mayExecute);
}

/// DecompressOptions::maxBytes, by what the files say, not the manifest.
Status CheckpointDecompressor::checkSizes() const {
  uint64_t total = 0;
  for (const ManifestFile &file : manifest.files) {
    uint64_t bytes = file.original.size();
    if (file.kind == ManifestFile::Kind::Container) {
      ReadOptions unchecked;
      unchecked.check = false;
      UWT_ASSIGN_OR_RETURN(Container container,
                           Container::open(joinPath(input, file.path), unchecked));
      bytes = container.originalBytes();
    } else if (file.kind == ManifestFile::Kind::Carried) {
      UWT_ASSIGN_OR_RETURN(MappedFile carried, MappedFile::open(joinPath(input, file.path)));
      bytes = carried.bytes().size();
    }
    total += std::min(bytes, UINT64_MAX - total);
  }
  return checkMaxBytes(input, total, options);
}

/// Whether the base model is open that any of the containers needs.
Status CheckpointDecompressor::checkHasBase() const {
  ReadOptions reading;
  reading.check = false;
  reading.base = options.base;
  for (const ManifestFile &file : manifest.files) {
    std::string path = joinPath(input, file.path);
    if (file.kind != ManifestFile::Kind::Container || !fileExists(path))
      continue;
    auto container = Container::open(path, reading);
    // What is wrong with a file itself is found later.
    if (container)
      UWT_RETURN_IF_ERROR(container->checkHasBase());
  }
  return ok();
}

/// folder-8: damage and files that are not those of the manifest are found before anything is
/// written.
Status CheckpointDecompressor::checkFiles() const {
  VerifyOptions verifying;
  verifying.hashes = false;
  verifying.base = options.base;
  verifying.threads = options.threads;
  verifying.progress = options.progress;
  for (const ManifestFile &file : manifest.files) {
    std::string path = joinPath(input, file.path);
    if (!fileExists(path))
      return ioError(path + ": is missing, but uwt.json lists it; get it again");
    VerifyReport found;
    UWT_RETURN_IF_ERROR(verifyListed(input, file, verifying, found));
    if (!found.passed())
      return invalidError(found.findings.front().where + ": " + found.findings.front().message +
                          "; nothing was written");
  }
  return ok();
}

Expected<bool> CheckpointDecompressor::weightsAreThere(const std::string &source,
                                                       const std::string &target) {
  ReadOptions reading;
  reading.check = options.check;
  reading.path = options.path;
  reading.base = options.base;
  UWT_ASSIGN_OR_RETURN(Container container, Container::open(source, reading));
  std::string folder = std::filesystem::path(target).parent_path().string();
  auto existing = Original::open(target, false, folder);
  if (!existing)
    return inTheWay(target);
  ThreadPool pool(options.threads);
  UWT_ASSIGN_OR_RETURN(std::optional<Finding> found,
                       findDifference(container, *existing, pool, options.progress));
  if (found)
    return inTheWay(target);
  return true;
}

Status CheckpointDecompressor::restoreWeights(const ManifestFile &file, const std::string &target) {
  std::string source = joinPath(input, file.path);
  if (fileExists(target) && !options.overwrite) {
    UWT_ASSIGN_OR_RETURN(bool there, weightsAreThere(source, target));
    FileReport skipped;
    skipped.input = source;
    skipped.output = target;
    skipped.inputBytes = file.bytes;
    skipped.originalBytes = skipped.outputBytes = file.originalBytes;
    skipped.skipped = there;
    report.weights.push_back(std::move(skipped));
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(FileReport done, restoreContainer(source, target, options, modeOf(file)));
  report.weights.push_back(std::move(done));
  return ok();
}

Status CheckpointDecompressor::restoreCarried(const ManifestFile &file, const std::string &target) {
  std::string source = joinPath(input, file.path);
  report.carried.push_back(file.originalPath);
  UWT_RETURN_IF_ERROR(reportProgress(options.progress, file.bytes));
  std::optional<uint64_t> expected;
  if (options.check)
    expected = file.checksum;
  if (!fileExists(target) || options.overwrite) {
    UWT_RETURN_IF_ERROR(copyFile(source, target, options.overwrite, modeOf(file), expected));
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(bool same, sameBytes(source, target));
  return same ? ok() : Status(inTheWay(target));
}

Status CheckpointDecompressor::restoreRewritten(const ManifestFile &file,
                                                const std::string &target) {
  report.rewritten.push_back(file.originalPath);
  if (fileExists(target) && !options.overwrite) {
    auto existing = readTextFile(target, textLimit);
    return existing && *existing == file.original ? ok() : Status(inTheWay(target));
  }
  return writeWholeFile(target, asBytes(file.original), options.overwrite, modeOf(file));
}

/// Names that differ in case, or in how an accent is written, are one name on some file
/// systems.
Status CheckpointDecompressor::checkTwins(const std::string &target) const {
  struct stat there;
  if (::lstat(target.c_str(), &there) != 0 || !written.contains({there.st_dev, there.st_ino}))
    return ok();
  return usageError(target + ": another file of the model has the same name on this file system; "
                             "give an output on another one");
}

Status CheckpointDecompressor::restore(const ManifestFile &file) {
  std::string target = joinPath(output, file.originalPath);
  UWT_RETURN_IF_ERROR(makeFoldersLike(input, output, folderOf(file.originalPath), madeFolders));
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  report.inputBytes += file.bytes;
  report.originalBytes += file.restoredBytes();
  report.outputBytes += file.restoredBytes();
  bool isNew = !fileExists(target);
  UWT_RETURN_IF_ERROR(checkTwins(target));
  UWT_RETURN_IF_ERROR(file.kind == ManifestFile::Kind::Container ? restoreWeights(file, target)
                      : file.kind == ManifestFile::Kind::Carried ? restoreCarried(file, target)
                                                                 : restoreRewritten(file, target));
  struct stat there;
  if ((isNew || options.overwrite) && ::lstat(target.c_str(), &there) == 0)
    written.emplace(there.st_dev, there.st_ino);
  if (isNew)
    madeFiles.push_back(std::move(target));
  return ok();
}

Status CheckpointDecompressor::restoreAll() {
  UWT_RETURN_IF_ERROR(makeFoldersLike(input, output, "", madeFolders));
  for (const std::string &folder : manifest.folders)
    UWT_RETURN_IF_ERROR(makeFoldersLike(input, output, folder, madeFolders));
  for (const ManifestFile &file : manifest.files)
    UWT_RETURN_IF_ERROR(restore(file));
  return ok();
}

/// Removes the files that this run has made.
void CheckpointDecompressor::takeBack() {
  for (const std::string &file : madeFiles)
    (void)bool(fileOperations().remove(file));
}

Status CheckpointDecompressor::run() {
  UWT_ASSIGN_OR_RETURN(manifest, requireManifest(input));
  if (options.maxBytes)
    UWT_RETURN_IF_ERROR(checkSizes());
  UWT_RETURN_IF_ERROR(checkHasBase());
  if (options.check)
    UWT_RETURN_IF_ERROR(checkFiles());
  Status restored = restoreAll();
  // Right checksums around planes that do not decode: an encoder was wrong, or someone means
  // harm. Other failures leave what is complete, for a later run to continue with.
  if (!restored && restored.error().getKind() == ErrorKind::Invalid)
    takeBack();
  if (!restored)
    removeEmptyFolders(madeFolders);
  report.leftOut = manifest.leftOut;
  return restored;
}

Expected<CheckpointReport> decompress(const std::string &input, const std::string &output,
                                      const DecompressOptions &options) {
  if (isFolder(input)) {
    if (isNested(input, output))
      return usageError(output + ": lies in the folder that is decompressed, or around it; give "
                                 "another one");
    if (fileExists(output) && !isFolder(output))
      return usageError(output + ": is a file, expected a folder");
    CheckpointDecompressor decompressor(input, output, options);
    UWT_RETURN_IF_ERROR(decompressor.run());
    return std::move(decompressor.report);
  }
  UWT_ASSIGN_OR_RETURN(FileReport file, decompressFile(input, output, options));
  CheckpointReport report;
  report.inputBytes = file.inputBytes;
  report.originalBytes = file.originalBytes;
  report.outputBytes = file.outputBytes;
  report.weights.push_back(std::move(file));
  return report;
}

} // namespace uwt
