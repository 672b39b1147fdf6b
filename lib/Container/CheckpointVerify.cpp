//===- CheckpointVerify.cpp - Every file of a compressed model ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckpointVerify.h"
#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "ContainerState.h"
#include "FileTree.h"
#include "FileWork.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include <set>

namespace uwt {

//===----------------------------------------------------------------------===//
// verify
//===----------------------------------------------------------------------===//

static Status verifyContainer(const ManifestFile &file, const std::string &path,
                              const VerifyOptions &options, VerifyReport &report) {
  UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFile(path, options));
  if (one.passed()) {
    UWT_ASSIGN_OR_RETURN(Container opened, Container::open(path));
    bool isListed = headerChecksum(opened.file().prefix()) == file.checksum &&
                    opened.fileBytes() == file.bytes &&
                    opened.originalBytes() == file.originalBytes;
    if (!isListed)
      one.add(path, "is not the file that uwt.json lists: it was made of other weights or with "
                    "other options");
  }
  report.merge(std::move(one));
  return ok();
}

Status verifyListed(const std::string &folder, const ManifestFile &file,
                    const VerifyOptions &options, VerifyReport &report) {
  std::string path = joinPath(folder, file.path);
  if (!fileExists(path)) {
    report.add(path, "is missing");
    return ok();
  }
  if (file.kind == ManifestFile::Kind::Container)
    return verifyContainer(file, path, options, report);
  UWT_ASSIGN_OR_RETURN(MappedFile stored, MappedFile::open(path));
  ResidencyLimit limit(stored.bytes());
  VerifyReport one;
  one.files = 1;
  one.bytes = stored.bytes().size();
  one.originalBytes = file.kind == ManifestFile::Kind::Carried ? one.bytes : file.original.size();
  if (one.bytes != file.bytes || xxh3(stored.bytes()) != file.checksum)
    one.add(path, "its size or checksum is not the one in uwt.json: the file is damaged or was "
                  "changed");
  report.merge(std::move(one));
  return reportProgress(options.progress, file.bytes);
}

/// Names that are in several files are no damage.
static void noteNames(const std::string &path, VerifyReport &report) {
  if (auto model = Checkpoint::open(path))
    for (std::string &remark : model->remarks())
      report.notes.push_back({"", std::move(remark)});
}

static Expected<VerifyReport> verifyWithoutManifest(const std::string &folder,
                                                    const VerifyOptions &options) {
  VerifyReport report;
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> files, weightFiles(folder));
  if (files.empty())
    return noWeights(folder);
  for (const std::string &file : files) {
    UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFile(file, options));
    report.merge(std::move(one));
  }
  noteNames(folder, report);
  report.notes.push_back(
      {folder, "has no " + std::string(manifestName) + ": other files were not checked"});
  return report;
}

/// Names the files of a folder that its manifest does not list. Weights among them would be read
/// with the model's own; others are only mentioned.
static Status findUnlisted(const std::string &folder, const Manifest &manifest,
                           VerifyReport &report) {
  std::set<std::string_view> listed = {manifestName};
  for (const ManifestFile &file : manifest.files)
    listed.insert(file.path);
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(folder));
  for (const TreeFile &file : tree.files) {
    if (listed.contains(file.path))
      continue;
    if (isWeightFile(file))
      report.add(file.full, "is not listed in uwt.json, but would be read as a part of the model");
    else
      report.notes.push_back({file.full, "is not listed in uwt.json"});
  }
  return ok();
}

Expected<VerifyReport> verify(const std::string &path, const VerifyOptions &options) {
  if (!isFolder(path))
    return verifyFile(path, options);
  auto manifest = readManifest(path);
  if (!manifest && manifest.error().getKind() == ErrorKind::Invalid) {
    VerifyReport report;
    report.add(path, withoutPath(manifest.error().message(), path));
    return report;
  }
  if (!manifest)
    return manifest.takeError();
  if (!*manifest)
    return verifyWithoutManifest(path, options);
  VerifyReport report;
  for (const ManifestFile &file : (*manifest)->files)
    UWT_RETURN_IF_ERROR(verifyListed(path, file, options, report));
  UWT_RETURN_IF_ERROR(findUnlisted(path, **manifest, report));
  noteNames(path, report);
  return report;
}

//===----------------------------------------------------------------------===//
// verifyAgainst
//===----------------------------------------------------------------------===//

static Status compareListed(const std::string &folder, const TreeFile *original,
                            const ManifestFile &file, const VerifyOptions &options,
                            VerifyReport &report) {
  std::string path = joinPath(folder, file.path);
  if (!original) {
    report.add(path, "the original model has no such file");
    return ok();
  }
  if (file.kind == ManifestFile::Kind::Container) {
    UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFileAgainst(path, original->full, options));
    report.merge(std::move(one));
    return ok();
  }
  ++report.files;
  report.bytes += file.bytes;
  report.originalBytes += file.restoredBytes();
  bool same;
  if (file.kind == ManifestFile::Kind::Rewritten) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(original->full, textLimit));
    same = text == file.original;
  } else {
    UWT_ASSIGN_OR_RETURN(same, sameBytes(path, original->full));
  }
  if (!same)
    report.add(path, "differs from the original");
  return reportProgress(options.progress, file.bytes);
}

Expected<VerifyReport> verifyAgainst(const std::string &path, const std::string &original,
                                     const VerifyOptions &options) {
  if (isFolder(path) != isFolder(original))
    return usageError(original + ": expected a " + (isFolder(path) ? "folder" : "file") + ", as " +
                      path + " is one");
  if (!isFolder(path))
    return verifyFileAgainst(path, original, options);
  UWT_ASSIGN_OR_RETURN(Manifest manifest, requireManifest(path));
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(original));
  VerifyReport report;
  std::set<std::string_view> known(manifest.leftOut.begin(), manifest.leftOut.end());
  for (const ManifestFile &file : manifest.files) {
    known.insert(file.originalPath);
    if (!fileExists(joinPath(path, file.path)))
      report.add(joinPath(path, file.path), "is missing");
    else
      UWT_RETURN_IF_ERROR(compareListed(path, tree.find(file.originalPath), file, options, report));
  }
  for (const TreeFile &file : tree.files)
    if (!known.contains(file.path))
      report.add(file.full, "is not in the compressed model");
  UWT_RETURN_IF_ERROR(findUnlisted(path, manifest, report));
  return report;
}

} // namespace uwt
