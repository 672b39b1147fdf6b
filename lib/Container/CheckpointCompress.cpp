//===- CheckpointCompress.cpp - A model's folder to a compressed one ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-1 to folder-6, folder-9 and folder-10 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "CheckpointRewrite.h"
#include "ConfigRewrite.h"
#include "ContainerFormat.h"
#include "ContainerState.h"
#include "FileWork.h"
#include "Manifest.h"
#include "Original.h"
#include "Shards.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <filesystem>
#include <set>

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
  Status checkNames() const;
  Status checkSources();
  Status checkOutput() const;
  Status checkAllShards() const;
  Status checkJson() const;
  Status checkConfig(const TreeFile &file) const;
  Status compressWeights(const TreeFile &file);
  Error notOurs(const std::string &target, const std::string &why) const;
  Expected<Container> openOurs(const std::string &target) const;
  Expected<FileReport> keep(const TreeFile &file, const std::string &target);
  Expected<FileReport> compressOrKeep(const TreeFile &file, const std::string &target);
  Status carry(const TreeFile &file);
  Status writeText(const TreeFile &file, std::string_view original, const std::string &text);
  Status writeOnce(const std::string &target, const std::string &text,
                   std::optional<FileMode> mode);
  Status rewriteConfigs();
  Status prepareIndexes();
  Status writeManifest();
  Status writeIndexes();
  Status makeFolders();
  Status writeAll();
  std::string targetOf(const TreeFile &file) const { return joinPath(output, storedPath(file)); }
  bool dryRun() const { return !options.compress.writes(); }
  bool isShard() const { return options.shardCount != 0; }

  FileTree tree;
  const std::string &output;
  const CheckpointOptions &options;
  std::vector<const TreeFile *> weights, carried, configs, indexes;
  /// Those of the weight files that this run compresses or checks.
  std::vector<const TreeFile *> shard;
  /// Rewritten texts of index files, written last.
  std::vector<std::string> indexTexts;
  Manifest manifest;
  /// What this run has made, in that order.
  std::vector<std::string> madeFolders;
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
  if (weights.empty())
    return noWeights(tree.root);
  shard = shardOf(weights, options);
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
  return ok();
}

/// What the manifest says of a file before it is written.
static ManifestFile entryOf(const TreeFile &file, ManifestFile::Kind kind) {
  ManifestFile entry;
  entry.path = storedPath(file);
  entry.originalPath = file.path;
  entry.kind = kind;
  entry.mode = file.mode;
  return entry;
}

/// What follows finds, before any work is done, what would fail late.

Status CheckpointCompressor::checkNames() const {
  Manifest plan;
  for (const auto *files : {&weights, &carried, &configs, &indexes})
    for (const TreeFile *file : *files)
      plan.files.push_back(entryOf(*file, ManifestFile::Kind::Carried));
  plan.folders = tree.emptyFolders;
  plan.leftOut = report.leftOut;
  return checkManifest(plan, tree.root);
}

Status CheckpointCompressor::checkSources() {
  IndexCheck check;
  for (const TreeFile *file : indexes)
    UWT_RETURN_IF_ERROR(check.read(*file, tree));
  for (const TreeFile *file : weights) {
    UWT_ASSIGN_OR_RETURN(SafetensorsFile source, SafetensorsFile::open(file->full));
    if (source.header().findMetadata(fileEntryKey))
      return usageError(file->full + ": is compressed already; decompress it, or move it out of "
                                     "the folder");
    Status names = checkSourceNames(source.header());
    if (!names)
      return names.takeError().in(file->full);
    check.look(file->path, source.header());
  }
  UWT_RETURN_IF_ERROR(check.report(options.incomplete, report.warnings));
  if (auto model = Checkpoint::open(tree.root))
    report.notes = model->repeated();
  if (size_t count = tree.linksOut.size())
    report.notes.push_back(std::to_string(count) + (count == 1 ? " link leads" : " links lead") +
                           " out of the folder, such as " + inQuotes(tree.linksOut.front()) +
                           ": what they lead to is taken into the compressed folder");
  return ok();
}

/// Weight files in the output that are not this model's would be taken for a part of it.
Status CheckpointCompressor::checkOutput() const {
  if (!isFolder(output))
    return ok();
  std::set<std::string> ours;
  for (const TreeFile *file : weights)
    ours.insert(storedPath(*file));
  UWT_ASSIGN_OR_RETURN(FileTree there, FileTree::read(output));
  for (const TreeFile &file : there.files) {
    if (isWeightFile(file) && !ours.contains(file.path))
      return usageError(file.full + ": is no part of the compressed model, but would be read as "
                                    "one; remove it, or name another output");
  }
  return ok();
}

/// Shards may have been compressed on other machines, or not yet.
Status CheckpointCompressor::checkAllShards() const {
  constexpr size_t named = 8;
  size_t missing = 0;
  std::string names;
  for (const TreeFile *file : weights)
    if (!fileExists(targetOf(*file)) && ++missing <= named)
      names += (names.empty() ? "" : ", ") + storedPath(*file);
  if (!missing)
    return ok();
  return usageError(output + ": " + std::to_string(missing) + " of " +
                    std::to_string(weights.size()) + " weight files are missing (" + names +
                    (missing > named ? ", ..." : "") + "); compress their shards first");
}

Status CheckpointCompressor::checkConfig(const TreeFile &file) const {
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file.full, jsonSizeLimit));
  auto rewritten = rewriteConfig(text, options.compress.castToBF16);
  return rewritten ? ok() : Status(rewritten.takeError().in(file.full));
}

/// A dry run fails as the work itself would.
Status CheckpointCompressor::checkJson() const {
  for (const TreeFile *file : configs)
    UWT_RETURN_IF_ERROR(checkConfig(*file));
  return ok();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Error CheckpointCompressor::notOurs(const std::string &target, const std::string &why) const {
  bool isShards = options.finishShards && target.ends_with(compressedEnding);
  return usageError(
      target + ": exists already, but " + why +
      (isShards ? "; compress its shard again, with -f" : "; use -f to overwrite it"));
}

/// The report of a file that an earlier run has written.
static FileReport reportOf(const Container &container) {
  FileReport report;
  report.outputBytes = container.fileBytes();
  report.originalBytes = container.originalBytes();
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
    line.isDifference = entry.isDifference();
    countTensor(entry, report);
  }
  return report;
}

/// The container at `target`, or an error where these options do not make it.
Expected<Container> CheckpointCompressor::openOurs(const std::string &target) const {
  ReadOptions reading;
  reading.base = options.compress.base;
  auto container = Container::open(target, reading);
  if (!container)
    return notOurs(target, "cannot be used: " + withoutPath(container.error().message(), target));
  if (!container->isContainer() || container->optionsDigest() != options.compress.digest())
    return notOurs(target, "was made with other options");
  return container;
}

/// The report of `target`, which exists, if it is complete and right (folder-6), or looks so where
/// shards are finished (folder-10).
Expected<FileReport> CheckpointCompressor::keep(const TreeFile &file, const std::string &target) {
  UWT_ASSIGN_OR_RETURN(Container container, openOurs(target));
  std::string folder = std::filesystem::path(target).parent_path().string();
  UWT_ASSIGN_OR_RETURN(Original original,
                       Original::open(file.full, options.compress.castToBF16, folder));
  std::optional<Finding> found;
  if (options.finishShards && isNewer(target, file.full)) {
    found = compareHeaders(container, original);
    UWT_RETURN_IF_ERROR(reportProgress(options.compress.progress, file.bytes));
  } else {
    ThreadPool pool(options.compress.threads);
    VerifyOptions checksums;
    checksums.hashes = false;
    UWT_ASSIGN_OR_RETURN(VerifyReport verified, container.verify(pool, checksums));
    if (!verified.passed())
      return notOurs(target, "is damaged: " + verified.findings.front().message);
    UWT_ASSIGN_OR_RETURN(found,
                         findDifference(container, original, pool, options.compress.progress));
  }
  if (found)
    return notOurs(target, "is not that of this source: " + found->message);
  return reportOf(container);
}

Expected<FileReport> CheckpointCompressor::compressOrKeep(const TreeFile &file,
                                                          const std::string &target) {
  if (dryRun())
    return compressFile(file.full, target, options.compress);
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  if (options.finishShards || (fileExists(target) && !options.compress.overwrite))
    return keep(file, target);
  return compressFile(file.full, target, options.compress);
}

Status CheckpointCompressor::compressWeights(const TreeFile &file) {
  std::string target = targetOf(file);
  UWT_ASSIGN_OR_RETURN(FileReport done, compressOrKeep(file, target));
  done.input = file.full;
  done.output = target;
  done.inputBytes = file.bytes;
  report.inputBytes += file.bytes;
  report.originalBytes += done.originalBytes;
  report.outputBytes += done.outputBytes;
  report.sampledBytes += done.sampledBytes;
  report.cast.add(done.cast);
  report.weights.push_back(std::move(done));
  return ok();
}

Status CheckpointCompressor::carry(const TreeFile &file) {
  report.inputBytes += file.bytes;
  report.originalBytes += file.bytes;
  report.outputBytes += file.bytes;
  report.carried.push_back(file.path);
  UWT_RETURN_IF_ERROR(reportProgress(options.compress.progress, file.bytes));
  if (dryRun())
    return ok();
  std::string target = targetOf(file);
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  ManifestFile entry = entryOf(file, ManifestFile::Kind::Carried);
  entry.bytes = file.bytes;
  bool same = false;
  if (fileExists(target) && !options.compress.overwrite) {
    UWT_ASSIGN_OR_RETURN(same, sameBytes(file.full, target));
    if (!same)
      return notOurs(target, "differs from " + file.full);
  }
  auto checksum =
      same ? hashFile(target)
           : copyFile(file.full, target, options.compress.overwrite, file.mode, std::nullopt);
  if (!checksum)
    return checksum.takeError();
  entry.checksum = *checksum;
  manifest.files.push_back(std::move(entry));
  return ok();
}

/// Writes `text` unless an earlier run has.
Status CheckpointCompressor::writeOnce(const std::string &target, const std::string &text,
                                       std::optional<FileMode> mode) {
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  if (fileExists(target) && !options.compress.overwrite) {
    auto existing = readTextFile(target, jsonSizeLimit);
    if (existing && *existing == text)
      return ok();
    return notOurs(target, "has other contents");
  }
  return writeWholeFile(target, asBytes(text), options.compress.overwrite, mode);
}

/// Notes a rewritten file; index files are written later.
Status CheckpointCompressor::writeText(const TreeFile &file, std::string_view original,
                                       const std::string &text) {
  report.inputBytes += file.bytes;
  report.originalBytes += original.size();
  report.outputBytes += text.size();
  report.rewritten.push_back(file.path);
  ManifestFile entry = entryOf(file, ManifestFile::Kind::Rewritten);
  entry.bytes = text.size();
  entry.checksum = xxh3(asBytes(text));
  entry.original = original;
  manifest.files.push_back(std::move(entry));
  if (dryRun() || isIndexFile(file))
    return ok();
  return writeOnce(targetOf(file), text, file.mode);
}

Status CheckpointCompressor::rewriteConfigs() {
  for (const TreeFile *file : configs) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file->full, jsonSizeLimit));
    auto rewritten = rewriteConfig(text, options.compress.castToBF16);
    if (!rewritten)
      return rewritten.takeError().in(file->full);
    UWT_RETURN_IF_ERROR(writeText(*file, rewritten->original, rewritten->text));
  }
  return ok();
}

/// Reads the containers back: for the index files, and for their checksums.
Status CheckpointCompressor::prepareIndexes() {
  if (dryRun()) {
    // Their size follows from files that do not exist; it is small.
    for (const TreeFile *file : indexes) {
      report.inputBytes += file->bytes;
      report.originalBytes += file->bytes;
      report.outputBytes += file->bytes;
      report.rewritten.push_back(file->path);
    }
    return ok();
  }
  std::map<std::string, Container, std::less<>> containers;
  for (const TreeFile *file : weights) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(targetOf(*file)));
    ManifestFile entry = entryOf(*file, ManifestFile::Kind::Container);
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
  return ok();
}

Status CheckpointCompressor::writeManifest() {
  manifest.folders = tree.emptyFolders;
  manifest.leftOut = report.leftOut;
  manifest.sort();
  UWT_RETURN_IF_ERROR(checkManifest(manifest, tree.root));
  std::string text = manifest.str();
  report.outputBytes += text.size();
  if (dryRun())
    return ok();
  // It holds texts of originals: who may not read one of those may not read it either.
  std::optional<FileMode> mode;
  for (const ManifestFile &file : manifest.files)
    if (file.kind == ManifestFile::Kind::Rewritten)
      mode = mode.value_or(0666) & *file.mode;
  return writeOnce(joinPath(output, manifestName), text, mode);
}

Status CheckpointCompressor::writeIndexes() {
  for (size_t i = 0; i < indexTexts.size(); ++i)
    UWT_RETURN_IF_ERROR(writeOnce(targetOf(*indexes[i]), indexTexts[i], indexes[i]->mode));
  return ok();
}

Status CheckpointCompressor::makeFolders() {
  UWT_RETURN_IF_ERROR(makeFoldersLike(tree.root, output, "", madeFolders));
  for (const TreeFile *file : shard)
    UWT_RETURN_IF_ERROR(makeFoldersLike(tree.root, output, file->folder(), madeFolders));
  if (isShard())
    return ok();
  for (const std::string &folder : tree.emptyFolders)
    UWT_RETURN_IF_ERROR(makeFoldersLike(tree.root, output, folder, madeFolders));
  for (const TreeFile &file : tree.files)
    UWT_RETURN_IF_ERROR(makeFoldersLike(tree.root, output, file.folder(), madeFolders));
  return ok();
}

Status CheckpointCompressor::run() {
  UWT_RETURN_IF_ERROR(sortFiles());
  UWT_RETURN_IF_ERROR(checkNames());
  UWT_RETURN_IF_ERROR(checkSources());
  UWT_RETURN_IF_ERROR(checkJson());
  if (!dryRun())
    UWT_RETURN_IF_ERROR(checkOutput());
  if (options.finishShards)
    UWT_RETURN_IF_ERROR(checkAllShards());
  Status written = writeAll();
  // Complete files stay, for a later run to continue with. So do the folders of a shard, in which
  // another machine may be about to write.
  if (!written && !isShard())
    removeEmptyFolders(madeFolders);
  return written;
}

/// Everything, the parts that make a folder a compressed model last.
Status CheckpointCompressor::writeAll() {
  if (!dryRun())
    UWT_RETURN_IF_ERROR(makeFolders());
  for (const TreeFile *file : shard)
    UWT_RETURN_IF_ERROR(compressWeights(*file));
  if (isShard()) {
    // Other machines and the last call do the rest, and report it.
    report.leftOut.clear();
    return ok();
  }
  for (const TreeFile *file : carried)
    UWT_RETURN_IF_ERROR(carry(*file));
  UWT_RETURN_IF_ERROR(rewriteConfigs());
  UWT_RETURN_IF_ERROR(prepareIndexes());
  UWT_RETURN_IF_ERROR(tree.checkUnchanged());
  UWT_RETURN_IF_ERROR(writeManifest());
  return writeIndexes();
}

//===----------------------------------------------------------------------===//
// compress
//===----------------------------------------------------------------------===//

static Expected<CheckpointReport> compressOne(const std::string &input, const std::string &output,
                                              const CheckpointOptions &options) {
  UWT_ASSIGN_OR_RETURN(FileReport file, compressFile(input, output, options.compress));
  CheckpointReport report;
  report.inputBytes = file.inputBytes;
  report.originalBytes = file.originalBytes;
  report.outputBytes = file.outputBytes;
  report.sampledBytes = file.sampledBytes;
  report.cast = file.cast;
  report.weights.push_back(std::move(file));
  return report;
}

Expected<CheckpointReport> compress(const std::string &input, const std::string &output,
                                    const CheckpointOptions &options) {
  UWT_RETURN_IF_ERROR(checkShard(options));
  if (!isFolder(input) && (options.shardCount || options.finishShards))
    return usageError(input + ": is no folder; shards are of a folder's weight files");
  if (!isFolder(input))
    return compressOne(input, output, options);
  if (options.compress.writes()) {
    if (isNested(input, output))
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
