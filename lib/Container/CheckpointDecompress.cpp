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
#include "FolderOutput.h"
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
  Status openOutput();
  Status writeOutput();
  Status restoreAll();
  Status restore(const ManifestFile &file);
  Status restoreFile(const ManifestFile &file, const std::string &target);
  Status restoreWeights(const ManifestFile &file, const std::string &target);
  Status restoreCarried(const ManifestFile &file, const std::string &target);
  void noteKept(const ManifestFile &file);
  Expected<bool> isThere(const ManifestFile &file, const std::string &target);
  Expected<bool> weightsAreThere(const std::string &source, const std::string &target);
  FileMode modeOf(const ManifestFile &file) const;
  Status checkTwins(const std::string &target) const;
  void takeBack();

  const std::string &input, &output;
  DecompressOptions options;
  Manifest manifest;
  std::optional<FolderOutput> destination;
  /// Paths of files in the output that were found to be right before anything was written.
  std::set<std::string_view> kept;
  /// What this run has made, in that order.
  std::vector<std::string> madeFiles;
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

Status CheckpointDecompressor::openOutput() {
  FolderRequest request;
  request.source = input;
  request.target = output;
  request.overwrite = options.overwrite;
  for (const ManifestFile &file : manifest.files)
    request.files.insert(file.originalPath);
  request.allowed.insert(manifest.leftOut.begin(), manifest.leftOut.end());
  UWT_ASSIGN_OR_RETURN(FolderOutput opened, FolderOutput::open(std::move(request)));
  destination.emplace(std::move(opened));
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
  auto existing = Original::open(target, CompressOptions(), folder);
  if (!existing)
    return false;
  ThreadPool pool(options.threads);
  UWT_ASSIGN_OR_RETURN(std::optional<Finding> found,
                       findDifference(container, *existing, pool, options.progress));
  return !found;
}

/// Returns whether a file is in the output. An error if another one is, which stays.
Expected<bool> CheckpointDecompressor::isThere(const ManifestFile &file,
                                               const std::string &target) {
  if (!destination->keepsFiles() || !fileExists(target))
    return false;
  std::string source = joinPath(input, file.path);
  bool same = false;
  if (file.kind == ManifestFile::Kind::Container) {
    UWT_ASSIGN_OR_RETURN(same, weightsAreThere(source, target));
  } else if (file.kind == ManifestFile::Kind::Carried) {
    UWT_ASSIGN_OR_RETURN(same, sameBytes(source, target));
  } else {
    auto existing = readTextFile(target, textLimit);
    same = existing && *existing == file.original;
  }
  if (!same && !destination->replacesFiles())
    return inTheWay(target);
  return same;
}

void CheckpointDecompressor::noteKept(const ManifestFile &file) {
  if (file.kind != ManifestFile::Kind::Container)
    return;
  FileReport skipped;
  skipped.input = joinPath(input, file.path);
  skipped.output = joinPath(output, file.originalPath);
  skipped.inputBytes = file.bytes;
  skipped.originalBytes = skipped.outputBytes = file.originalBytes;
  skipped.skipped = true;
  report.weights.push_back(std::move(skipped));
}

Status CheckpointDecompressor::restoreWeights(const ManifestFile &file, const std::string &target) {
  DecompressOptions restoring = options;
  restoring.overwrite = destination->replacesFiles();
  UWT_ASSIGN_OR_RETURN(FileReport done, restoreContainer(joinPath(input, file.path), target,
                                                         restoring, modeOf(file)));
  done.output = joinPath(output, file.originalPath);
  report.weights.push_back(std::move(done));
  return ok();
}

Status CheckpointDecompressor::restoreCarried(const ManifestFile &file, const std::string &target) {
  std::optional<uint64_t> expected;
  if (options.check)
    expected = file.checksum;
  auto copied = copyFile(joinPath(input, file.path), target, destination->replacesFiles(),
                         modeOf(file), expected);
  return copied ? ok() : Status(copied.takeError());
}

Status CheckpointDecompressor::restoreFile(const ManifestFile &file, const std::string &target) {
  if (file.kind == ManifestFile::Kind::Container)
    return restoreWeights(file, target);
  if (file.kind == ManifestFile::Kind::Carried)
    return restoreCarried(file, target);
  return writeWholeFile(target, asBytes(file.original), destination->replacesFiles(), modeOf(file));
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
  std::string target = joinPath(destination->folder(), file.originalPath);
  UWT_RETURN_IF_ERROR(makeFoldersLike(input, destination->folder(), folderOf(file.originalPath),
                                      destination->made));
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  report.inputBytes += file.bytes;
  report.originalBytes += file.restoredBytes();
  report.outputBytes += file.restoredBytes();
  if (file.kind == ManifestFile::Kind::Carried) {
    report.carried.push_back(file.originalPath);
    UWT_RETURN_IF_ERROR(reportProgress(options.progress, file.bytes));
  } else if (file.kind == ManifestFile::Kind::Rewritten) {
    report.rewritten.push_back(file.originalPath);
  }
  bool isNew = !fileExists(target);
  UWT_RETURN_IF_ERROR(checkTwins(target));
  bool isKept = kept.contains(file.originalPath);
  if (!isKept) {
    UWT_ASSIGN_OR_RETURN(isKept, isThere(file, target));
  }
  if (isKept)
    noteKept(file);
  else
    UWT_RETURN_IF_ERROR(restoreFile(file, target));
  struct stat there;
  if ((isNew || destination->replacesFiles()) && ::lstat(target.c_str(), &there) == 0)
    written.emplace(there.st_dev, there.st_ino);
  if (isNew)
    madeFiles.push_back(std::move(target));
  return ok();
}

/// Restores all files, those that loaders look for first as the last.
Status CheckpointDecompressor::restoreAll() {
  for (const std::string &folder : manifest.folders)
    UWT_RETURN_IF_ERROR(makeFoldersLike(input, destination->folder(), folder, destination->made));
  for (bool last : {false, true})
    for (const ManifestFile &file : manifest.files)
      if (last == file.originalPath.ends_with(".json"))
        UWT_RETURN_IF_ERROR(restore(file));
  return ok();
}

Status CheckpointDecompressor::writeOutput() {
  if (destination->continuesInPlace())
    for (const ManifestFile &file : manifest.files) {
      UWT_ASSIGN_OR_RETURN(bool there, isThere(file, joinPath(output, file.originalPath)));
      if (there)
        kept.insert(file.originalPath);
    }
  UWT_RETURN_IF_ERROR(destination->begin());
  UWT_RETURN_IF_ERROR(restoreAll());
  return destination->publish();
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
  UWT_RETURN_IF_ERROR(openOutput());
  Status restored = writeOutput();
  report.leftOut = manifest.leftOut;
  report.removed = std::move(destination->removed);
  report.warnings = std::move(destination->warnings);
  if (restored)
    return restored;
  // Right checksums around planes that do not decode: an encoder was wrong, or someone means
  // harm. Other failures leave what is complete, for a later run to continue with.
  bool isHarmful = restored.error().getKind() == ErrorKind::Invalid;
  if (isHarmful)
    takeBack();
  return destination->giveUp(std::move(restored), isHarmful);
}

Expected<CheckpointReport> decompress(const std::string &input, const std::string &output,
                                      const DecompressOptions &options) {
  if (isFolder(input)) {
    if (isNested(input, output))
      return usageError(output + ": lies in the folder that is decompressed, or around it; give "
                                 "another one");
    if (fileExists(output) && !isFolder(output))
      return usageError(output + ": is a file, expected a folder");
    UWT_RETURN_IF_ERROR(checkOutputOf(input, options.base.get(), {output, /*isFolder=*/true}));
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
