//===- CheckpointDecompress.cpp - A compressed model's folder to the original one -===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContainerFormat.h"
#include "ContainerState.h"
#include "FileTree.h"
#include "Manifest.h"
#include "Original.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <filesystem>

namespace uwt {

static constexpr uint64_t textLimit = uint64_t(1) << 30;

static Error interrupted() { return Error(ErrorKind::Interrupted, "interrupted"); }

static Expected<Manifest> requireManifest(const std::string &folder) {
  UWT_ASSIGN_OR_RETURN(std::optional<Manifest> manifest, readManifest(folder));
  if (!manifest)
    return usageError(folder + ": has no " + std::string(manifestName) +
                      ", which uwt compress writes; give a compressed model's folder, or one of "
                      "its .safetensors files");
  return *std::move(manifest);
}

//===----------------------------------------------------------------------===//
// decompress
//===----------------------------------------------------------------------===//

namespace {

class CheckpointDecompressor {
public:
  CheckpointDecompressor(const std::string &input, const std::string &output,
                         const DecompressOptions &options)
      : input(input), output(output), options(options) {}

  Status run();
  CheckpointReport report;

private:
  Status restore(const ManifestFile &file);
  Status restoreWeights(const ManifestFile &file, const std::string &target);
  Status restoreCarried(const ManifestFile &file, const std::string &target);
  Status restoreRewritten(const ManifestFile &file, const std::string &target);
  Expected<bool> weightsAreThere(const std::string &source, const std::string &target);

  const std::string &input, &output;
  const DecompressOptions &options;
};

} // namespace

static Error inTheWay(const std::string &target) {
  return usageError(target + ": exists already and differs; use -f to overwrite it");
}

Expected<bool> CheckpointDecompressor::weightsAreThere(const std::string &source,
                                                       const std::string &target) {
  ReadOptions reading;
  reading.check = options.check;
  reading.path = options.path;
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
    skipped.outputBytes = file.originalBytes;
    skipped.skipped = there;
    report.weights.push_back(std::move(skipped));
    return success();
  }
  UWT_ASSIGN_OR_RETURN(FileReport done, decompressFile(source, target, options));
  report.weights.push_back(std::move(done));
  return success();
}

Status CheckpointDecompressor::restoreCarried(const ManifestFile &file, const std::string &target) {
  std::string source = joinPath(input, file.path);
  report.carried.push_back(file.path);
  if (options.progress && !options.progress(file.bytes))
    return interrupted();
  std::optional<uint64_t> expected;
  if (options.check)
    expected = file.checksum;
  if (!fileExists(target) || options.overwrite) {
    UWT_RETURN_IF_ERROR(copyFile(source, target, options.overwrite, expected));
    return success();
  }
  UWT_ASSIGN_OR_RETURN(bool same, sameBytes(source, target));
  return same ? success() : Status(inTheWay(target));
}

Status CheckpointDecompressor::restoreRewritten(const ManifestFile &file,
                                                const std::string &target) {
  report.rewritten.push_back(file.path);
  if (fileExists(target) && !options.overwrite) {
    auto existing = readTextFile(target, textLimit);
    return existing && *existing == file.original ? success() : Status(inTheWay(target));
  }
  return writeWholeFile(target, asBytes(file.original), options.overwrite);
}

Status CheckpointDecompressor::restore(const ManifestFile &file) {
  std::string target = joinPath(output, file.path);
  UWT_RETURN_IF_ERROR(makeFolders(std::filesystem::path(target).parent_path().string()));
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  report.inputBytes += file.bytes;
  switch (file.kind) {
  case ManifestFile::Kind::Container:
    report.outputBytes += file.originalBytes;
    return restoreWeights(file, target);
  case ManifestFile::Kind::Carried:
    report.outputBytes += file.bytes;
    return restoreCarried(file, target);
  case ManifestFile::Kind::Rewritten:
    report.outputBytes += file.original.size();
    return restoreRewritten(file, target);
  }
  return success();
}

Status CheckpointDecompressor::run() {
  UWT_ASSIGN_OR_RETURN(Manifest manifest, requireManifest(input));
  UWT_RETURN_IF_ERROR(makeFolders(output));
  for (const std::string &folder : manifest.folders)
    UWT_RETURN_IF_ERROR(makeFolders(joinPath(output, folder)));
  for (const ManifestFile &file : manifest.files)
    UWT_RETURN_IF_ERROR(restore(file));
  report.leftOut = manifest.leftOut;
  return success();
}

Expected<CheckpointReport> decompress(const std::string &input, const std::string &output,
                                      const DecompressOptions &options) {
  if (isFolder(input)) {
    if (fileExists(output) && !isFolder(output))
      return usageError(output + ": is a file, expected a folder");
    CheckpointDecompressor decompressor(input, output, options);
    UWT_RETURN_IF_ERROR(decompressor.run());
    return std::move(decompressor.report);
  }
  UWT_ASSIGN_OR_RETURN(FileReport file, decompressFile(input, output, options));
  CheckpointReport report;
  report.inputBytes = file.inputBytes;
  report.outputBytes = file.outputBytes;
  report.weights.push_back(std::move(file));
  return report;
}

//===----------------------------------------------------------------------===//
// verify
//===----------------------------------------------------------------------===//

static Status verifyContainer(const ManifestFile &file, const std::string &path,
                              const VerifyOptions &options, VerifyReport &report) {
  UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFile(path, options));
  if (one.passed()) {
    UWT_ASSIGN_OR_RETURN(SafetensorsFile opened, SafetensorsFile::open(path));
    if (headerChecksum(opened.prefix()) != file.checksum)
      one.add(path, "is not the file that uwt.json lists: it was made of other weights or with "
                    "other options");
  }
  report.merge(std::move(one));
  return success();
}

static Status verifyListed(const std::string &folder, const ManifestFile &file,
                           const VerifyOptions &options, VerifyReport &report) {
  std::string path = joinPath(folder, file.path);
  if (!fileExists(path)) {
    report.add(path, "is missing");
    return success();
  }
  if (file.kind == ManifestFile::Kind::Container)
    return verifyContainer(file, path, options, report);
  UWT_ASSIGN_OR_RETURN(uint64_t checksum, hashFile(path));
  ++report.files;
  report.bytes += file.bytes;
  if (checksum != file.checksum)
    report.add(path, "its checksum is not the one in uwt.json: the file is damaged or was changed");
  if (options.progress && !options.progress(file.bytes))
    return interrupted();
  return success();
}

static Expected<VerifyReport> verifyWithoutManifest(const std::string &folder,
                                                    const VerifyOptions &options) {
  VerifyReport report;
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> files, weightFiles(folder));
  if (files.empty())
    return usageError(folder + ": has no .safetensors files");
  for (const std::string &file : files) {
    UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFile(file, options));
    report.merge(std::move(one));
  }
  report.notes.push_back(
      {folder, "has no " + std::string(manifestName) + ": other files were not checked"});
  return report;
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
    return success();
  }
  if (file.kind == ManifestFile::Kind::Container) {
    UWT_ASSIGN_OR_RETURN(VerifyReport one, verifyFileAgainst(path, original->full, options));
    report.merge(std::move(one));
    return success();
  }
  ++report.files;
  bool same;
  if (file.kind == ManifestFile::Kind::Rewritten) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(original->full, textLimit));
    same = text == file.original;
  } else {
    UWT_ASSIGN_OR_RETURN(same, sameBytes(path, original->full));
  }
  if (!same)
    report.add(path, "differs from the original");
  if (options.progress && !options.progress(file.bytes))
    return interrupted();
  return success();
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
  for (const ManifestFile &file : manifest.files) {
    if (!fileExists(joinPath(path, file.path)))
      report.add(joinPath(path, file.path), "is missing");
    else
      UWT_RETURN_IF_ERROR(compareListed(path, tree.find(file.path), file, options, report));
  }
  for (const TreeFile &file : tree.files) {
    const std::vector<std::string> &left = manifest.leftOut;
    if (!manifest.find(file.path) && std::find(left.begin(), left.end(), file.path) == left.end())
      report.add(file.full, "is not in the compressed model");
  }
  return report;
}

} // namespace uwt
