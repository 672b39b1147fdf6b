//===- CheckpointCompress.cpp - A model's folder to a compressed one ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-1 to folder-6 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "ContainerFormat.h"
#include "ContainerState.h"
#include "Manifest.h"
#include "Original.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <filesystem>

namespace uwt {

static constexpr uint64_t jsonSizeLimit = uint64_t(1) << 30;

namespace {

class CheckpointCompressor {
public:
  CheckpointCompressor(FileTree tree, const std::string &output, const CheckpointOptions &options)
      : tree(std::move(tree)), output(output), options(options) {}

  Status run();
  CheckpointReport report;

private:
  Status sortFiles();
  Status checkJson() const;
  Status compressWeights(const TreeFile &file);
  Expected<std::optional<FileReport>> resume(const TreeFile &file, const std::string &target);
  Status carry(const TreeFile &file);
  Status writeText(const TreeFile &file, std::string_view original, const std::string &text);
  Status rewriteConfigs();
  Status prepareIndexes();
  Status writeManifest();
  std::string targetOf(const TreeFile &file) const { return joinPath(output, file.path); }
  bool dryRun() const { return options.compress.dryRun; }

  FileTree tree;
  const std::string &output;
  const CheckpointOptions &options;
  std::vector<const TreeFile *> weights, carried, configs, indexes;
  /// Rewritten texts of index files, written last.
  std::vector<std::string> indexTexts;
  Manifest manifest;
};

} // namespace

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

Status CheckpointCompressor::sortFiles() {
  if (tree.find(manifestName))
    return usageError(tree.root + ": has a " + std::string(manifestName) +
                      ": it is compressed already; decompress it first");
  for (const TreeFile &file : tree.files)
    if (isWeightFile(file))
      weights.push_back(&file);
  if (weights.empty()) {
    bool hub = isFolder(joinPath(tree.root, "snapshots")) && isFolder(joinPath(tree.root, "blobs"));
    return usageError(tree.root + ": has no .safetensors files" +
                      (hub ? "; this is a hub cache, give one of the folders in snapshots/" : ""));
  }
  auto besideWeights = [&](const TreeFile &file) {
    return std::any_of(weights.begin(), weights.end(),
                       [&](const TreeFile *weight) { return weight->folder() == file.folder(); });
  };
  report.leftOut = tree.leftOut;
  for (const TreeFile &file : tree.files) {
    if (isWeightFile(file))
      continue;
    if (isIndexFile(file))
      indexes.push_back(&file);
    else if (file.name() == "config.json" && !options.keepConfig && besideWeights(file))
      configs.push_back(&file);
    else if (options.dropDuplicates && isDuplicateWeights(file))
      report.leftOut.push_back(file.path);
    else
      carried.push_back(&file);
  }
  return success();
}

/// Finds what would fail late before any work is done.
Status CheckpointCompressor::checkJson() const {
  for (const TreeFile *file : configs) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file->full, jsonSizeLimit));
    auto rewritten = rewriteConfig(text);
    if (!rewritten)
      return rewritten.takeError().in(file->full);
  }
  for (const TreeFile *file : indexes) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file->full, jsonSizeLimit));
    Status checked = checkIndex(text, *file, tree);
    if (!checked)
      return checked.takeError().in(file->full);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static Error notOurs(const std::string &target, const std::string &why) {
  return usageError(target + ": exists already, but " + why + "; use -f to overwrite it");
}

/// The report of a file that an earlier run has written.
static FileReport reportOf(const Container &container) {
  FileReport report;
  report.outputBytes = container.fileBytes();
  report.headerBytes = container.file().prefix().size();
  report.skipped = true;
  for (const TensorEntry &entry : container.entries()) {
    TensorReport &line = report.tensors.emplace_back();
    line.name = entry.name;
    line.dtype = entry.dtype->name;
    line.shape = entry.shape;
    line.bytes = entry.bytes;
    line.storedBytes = entry.sameAs.empty() ? entry.storedBytes : 0;
    if (!entry.sameAs.empty())
      line.reason = "stored as " + inQuotes(entry.sameAs);
    else if (entry.compressed())
      line.format = entry.format->str();
    ++(!entry.sameAs.empty() ? report.sharedTensors
       : entry.compressed()  ? report.compressedTensors
                             : report.rawTensors);
  }
  return report;
}

/// folder-6: the report of `target` where it is complete and right; nothing where
/// it does not exist.
Expected<std::optional<FileReport>> CheckpointCompressor::resume(const TreeFile &file,
                                                                 const std::string &target) {
  if (!fileExists(target) || options.compress.overwrite)
    return std::optional<FileReport>();
  auto container = Container::open(target);
  if (!container)
    return notOurs(target, "cannot be used: " + withoutPath(container.error().message(), target));
  if (!container->isContainer() || container->optionsDigest() != options.compress.digest())
    return notOurs(target, "was made with other options");
  ThreadPool pool(options.compress.threads);
  UWT_ASSIGN_OR_RETURN(VerifyReport verified, container->verify(pool, false));
  if (!verified.passed())
    return notOurs(target, "is damaged: " + verified.findings.front().message);
  std::string folder = std::filesystem::path(target).parent_path().string();
  UWT_ASSIGN_OR_RETURN(Original original,
                       Original::open(file.full, options.compress.castToBF16, folder));
  UWT_ASSIGN_OR_RETURN(std::optional<Finding> found,
                       findDifference(*container, original, pool, options.compress.progress));
  if (found)
    return notOurs(target, "is not that of this source: " + found->message);
  return std::optional<FileReport>(reportOf(*container));
}

Status CheckpointCompressor::compressWeights(const TreeFile &file) {
  std::string target = targetOf(file);
  std::optional<FileReport> done;
  if (!dryRun()) {
    UWT_RETURN_IF_ERROR(removeStalePartial(target));
    UWT_ASSIGN_OR_RETURN(done, resume(file, target));
  }
  if (!done) {
    UWT_ASSIGN_OR_RETURN(done, compressFile(file.full, target, options.compress));
  }
  done->input = file.full;
  done->output = target;
  done->inputBytes = file.bytes;
  report.inputBytes += file.bytes;
  report.outputBytes += done->outputBytes;
  report.cast.add(done->cast);
  report.weights.push_back(*std::move(done));
  return success();
}

Status CheckpointCompressor::carry(const TreeFile &file) {
  report.inputBytes += file.bytes;
  report.outputBytes += file.bytes;
  report.carried.push_back(file.path);
  if (options.compress.progress && !options.compress.progress(file.bytes))
    return Error(ErrorKind::Interrupted, "interrupted");
  if (dryRun())
    return success();
  std::string target = targetOf(file);
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  ManifestFile entry;
  entry.path = file.path;
  entry.bytes = file.bytes;
  bool same = false;
  if (fileExists(target) && !options.compress.overwrite) {
    UWT_ASSIGN_OR_RETURN(same, sameBytes(file.full, target));
    if (!same)
      return notOurs(target, "differs from " + file.full);
  }
  auto checksum = same ? hashFile(target)
                       : copyFile(file.full, target, options.compress.overwrite, std::nullopt);
  if (!checksum)
    return checksum.takeError();
  entry.checksum = *checksum;
  manifest.files.push_back(std::move(entry));
  return success();
}

/// Writes `text` unless an earlier run has.
static Status writeOnce(const std::string &target, const std::string &text, bool overwrite) {
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  if (fileExists(target) && !overwrite) {
    auto existing = readTextFile(target, jsonSizeLimit);
    if (existing && *existing == text)
      return success();
    return notOurs(target, "has other contents");
  }
  return writeWholeFile(target, asBytes(text), overwrite);
}

/// Notes a rewritten file; index files are written later.
Status CheckpointCompressor::writeText(const TreeFile &file, std::string_view original,
                                       const std::string &text) {
  report.inputBytes += file.bytes;
  report.outputBytes += text.size();
  report.rewritten.push_back(file.path);
  ManifestFile entry;
  entry.path = file.path;
  entry.kind = ManifestFile::Kind::Rewritten;
  entry.bytes = text.size();
  entry.checksum = xxh3(asBytes(text));
  entry.original = original;
  manifest.files.push_back(std::move(entry));
  if (dryRun() || isIndexFile(file))
    return success();
  return writeOnce(targetOf(file), text, options.compress.overwrite);
}

Status CheckpointCompressor::rewriteConfigs() {
  for (const TreeFile *file : configs) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file->full, jsonSizeLimit));
    auto rewritten = rewriteConfig(text);
    if (!rewritten)
      return rewritten.takeError().in(file->full);
    UWT_RETURN_IF_ERROR(writeText(*file, text, *rewritten));
  }
  return success();
}

/// Reads the containers back: for the index files, and for their checksums.
Status CheckpointCompressor::prepareIndexes() {
  if (dryRun()) {
    // Their size follows from files that do not exist; it is small.
    for (const TreeFile *file : indexes) {
      report.inputBytes += file->bytes;
      report.outputBytes += file->bytes;
      report.rewritten.push_back(file->path);
    }
    return success();
  }
  std::map<std::string, Container, std::less<>> containers;
  for (const TreeFile *file : weights) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(targetOf(*file)));
    ManifestFile entry;
    entry.path = file->path;
    entry.kind = ManifestFile::Kind::Container;
    entry.bytes = container.fileBytes();
    entry.checksum = headerChecksum(container.file().prefix()).value_or(0);
    entry.originalBytes = container.originalBytes();
    manifest.files.push_back(std::move(entry));
    containers.emplace(file->path, std::move(container));
  }
  for (const TreeFile *file : indexes) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file->full, jsonSizeLimit));
    auto rewritten = rewriteIndex(text, *file, containers);
    if (!rewritten)
      return rewritten.takeError().in(file->full);
    UWT_RETURN_IF_ERROR(writeText(*file, text, *rewritten));
    indexTexts.push_back(*std::move(rewritten));
  }
  return success();
}

Status CheckpointCompressor::writeManifest() {
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const ManifestFile &a, const ManifestFile &b) { return a.path < b.path; });
  manifest.folders = tree.emptyFolders;
  manifest.leftOut = report.leftOut;
  std::sort(manifest.leftOut.begin(), manifest.leftOut.end());
  std::string text = manifest.str();
  report.outputBytes += text.size();
  return dryRun() ? success()
                  : writeOnce(joinPath(output, manifestName), text, options.compress.overwrite);
}

Status CheckpointCompressor::run() {
  UWT_RETURN_IF_ERROR(sortFiles());
  UWT_RETURN_IF_ERROR(checkJson());
  if (!dryRun()) {
    UWT_RETURN_IF_ERROR(makeFolders(output));
    for (const std::string &folder : tree.emptyFolders)
      UWT_RETURN_IF_ERROR(makeFolders(joinPath(output, folder)));
    for (const TreeFile &file : tree.files)
      UWT_RETURN_IF_ERROR(makeFolders(joinPath(output, file.folder())));
  }
  for (const TreeFile *file : weights)
    UWT_RETURN_IF_ERROR(compressWeights(*file));
  for (const TreeFile *file : carried)
    UWT_RETURN_IF_ERROR(carry(*file));
  UWT_RETURN_IF_ERROR(rewriteConfigs());
  UWT_RETURN_IF_ERROR(prepareIndexes());
  UWT_RETURN_IF_ERROR(writeManifest());
  for (size_t i = 0; i < indexTexts.size(); ++i)
    UWT_RETURN_IF_ERROR(
        writeOnce(targetOf(*indexes[i]), indexTexts[i], options.compress.overwrite));
  return success();
}

//===----------------------------------------------------------------------===//
// compress
//===----------------------------------------------------------------------===//

/// Whether one folder is, or lies in, the other.
static bool nested(const std::string &a, const std::string &b) {
  std::error_code error;
  std::string first = std::filesystem::weakly_canonical(a, error).string() + "/";
  std::string second = std::filesystem::weakly_canonical(b, error).string() + "/";
  return first.starts_with(second) || second.starts_with(first);
}

static Expected<CheckpointReport> compressOne(const std::string &input, const std::string &output,
                                              const CheckpointOptions &options) {
  UWT_ASSIGN_OR_RETURN(FileReport file, compressFile(input, output, options.compress));
  CheckpointReport report;
  report.inputBytes = file.inputBytes;
  report.outputBytes = file.outputBytes;
  report.cast = file.cast;
  report.weights.push_back(std::move(file));
  return report;
}

Expected<CheckpointReport> compress(const std::string &input, const std::string &output,
                                    const CheckpointOptions &options) {
  if (!isFolder(input))
    return compressOne(input, output, options);
  if (!options.compress.dryRun) {
    if (nested(input, output))
      return usageError(output + ": lies in the folder that is compressed, or around it; give "
                                 "another one");
    if (fileExists(output) && !isFolder(output))
      return usageError(output + ": is a file, expected a folder");
  }
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(input));
  CheckpointCompressor compressor(std::move(tree), output, options);
  UWT_RETURN_IF_ERROR(compressor.run());
  return std::move(compressor.report);
}

} // namespace uwt
