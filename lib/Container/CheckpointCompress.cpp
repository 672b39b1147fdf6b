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

#include "Cast.h"
#include "CheckpointRewrite.h"
#include "ConfigRewrite.h"
#include "ContainerFormat.h"
#include "ContainerState.h"
#include "FileWork.h"
#include "FolderOutput.h"
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
  Status openOutput();
  Status checkAllShards() const;
  Status checkExisting();
  Status checkJson() const;
  Expected<RewrittenConfig> rewrittenConfig(const TreeFile &file) const;
  Status compressWeights(const TreeFile &file);
  Error notOurs(const std::string &target, const std::string &why) const;
  Expected<Container> openOurs(const std::string &target) const;
  Expected<FileReport> keep(const TreeFile &file, const std::string &target);
  Expected<FileReport> compressOrKeep(const TreeFile &file);
  Expected<bool> isThere(const TreeFile &file, const std::string &target) const;
  Expected<bool> hasText(const std::string &target, const std::string &text) const;
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
  Status writeOutput();
  /// Path at which a file is written, and its final path.
  std::string targetOf(const TreeFile &file) const {
    return joinPath(destination->folder(), storedPath(file));
  }
  std::string finalOf(const TreeFile &file) const { return joinPath(output, storedPath(file)); }
  bool isKept(const std::string &target) const {
    return destination->keepsFiles() && fileExists(target);
  }
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
  std::optional<FolderOutput> destination;
  /// Weight files of the output that were found to be right before anything was written.
  std::map<const TreeFile *, FileReport> kept;
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
  UWT_RETURN_IF_ERROR(checkCast(tree.root, options.compress));
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

Status CheckpointCompressor::openOutput() {
  FolderRequest request;
  request.source = tree.root;
  request.target = output;
  request.overwrite = options.compress.overwrite;
  request.shared = isShard();
  for (const auto *files : {&weights, &carried, &configs, &indexes})
    for (const TreeFile *file : *files)
      request.files.insert(storedPath(*file));
  request.files.emplace(manifestName);
  UWT_ASSIGN_OR_RETURN(FolderOutput opened, FolderOutput::open(std::move(request)));
  destination.emplace(std::move(opened));
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

Expected<RewrittenConfig> CheckpointCompressor::rewrittenConfig(const TreeFile &file) const {
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(file.full, jsonSizeLimit));
  auto rewritten = rewriteConfig(text, options.compress.castToBF16);
  if (!rewritten)
    return rewritten.takeError().in(file.full);
  return rewritten;
}

/// A dry run fails as the work itself would.
Status CheckpointCompressor::checkJson() const {
  for (const TreeFile *file : configs)
    if (auto checked = rewrittenConfig(*file); !checked)
      return checked.takeError();
  return ok();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Error CheckpointCompressor::notOurs(const std::string &target, const std::string &why) const {
  bool isShards = options.finishShards && target.ends_with(compressedEnding);
  std::string remedy = isShards ? "; compress its shard again" : "; use -f to overwrite it";
  if (isShards && !destination->isStage())
    remedy += ", with -f";
  return usageError(target + ": exists already, but " + why + remedy);
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
    else if (entry.isPacked())
      line.format = packedName;
    line.isDifference = entry.isDifference();
    line.base = entry.baseName();
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
  UWT_ASSIGN_OR_RETURN(Original original, Original::open(file.full, options.compress, folder));
  std::optional<Finding> found;
  bool isTakenByTime = options.finishShards && isNewer(target, file.full);
  if (isTakenByTime) {
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
  FileReport kept = reportOf(container);
  kept.takenByTime = isTakenByTime;
  return kept;
}

Expected<FileReport> CheckpointCompressor::compressOrKeep(const TreeFile &file) {
  if (dryRun())
    return compressFile(file.full, finalOf(file), options.compress);
  std::string target = targetOf(file);
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  if (auto found = kept.find(&file); found != kept.end())
    return std::move(found->second);
  if (options.finishShards || isKept(target)) {
    auto there = keep(file, target);
    bool isWrong = !there && there.error().getKind() == ErrorKind::Usage;
    if (!isWrong || options.finishShards || !destination->replacesFiles())
      return there;
  }
  CompressOptions compressing = options.compress;
  compressing.overwrite = destination->replacesFiles();
  return compressFile(file.full, target, compressing);
}

Status CheckpointCompressor::compressWeights(const TreeFile &file) {
  UWT_ASSIGN_OR_RETURN(FileReport done, compressOrKeep(file));
  done.input = file.full;
  done.output = finalOf(file);
  done.inputBytes = file.bytes;
  report.inputBytes += file.bytes;
  report.originalBytes += done.originalBytes;
  report.outputBytes += done.outputBytes;
  report.sampledBytes += done.sampledBytes;
  report.cast.add(done.cast);
  report.weights.push_back(std::move(done));
  return ok();
}

/// Returns whether a carried file is in the output. An error if another one is, which stays.
Expected<bool> CheckpointCompressor::isThere(const TreeFile &file,
                                             const std::string &target) const {
  if (!isKept(target))
    return false;
  UWT_ASSIGN_OR_RETURN(bool same, sameBytes(file.full, target));
  if (!same && !destination->replacesFiles())
    return notOurs(target, "differs from " + file.full);
  return same;
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
  UWT_ASSIGN_OR_RETURN(bool same, isThere(file, target));
  auto checksum =
      same ? hashFile(target)
           : copyFile(file.full, target, destination->replacesFiles(), file.mode, std::nullopt);
  if (!checksum)
    return checksum.takeError();
  entry.checksum = *checksum;
  manifest.files.push_back(std::move(entry));
  return ok();
}

/// Returns whether a text is in the output. An error if another one is, which stays.
Expected<bool> CheckpointCompressor::hasText(const std::string &target,
                                             const std::string &text) const {
  if (!isKept(target))
    return false;
  auto existing = readTextFile(target, jsonSizeLimit);
  bool same = existing && *existing == text;
  if (!same && !destination->replacesFiles())
    return notOurs(target, "has other contents");
  return same;
}

/// Writes `text` unless an earlier run has.
Status CheckpointCompressor::writeOnce(const std::string &target, const std::string &text,
                                       std::optional<FileMode> mode) {
  UWT_RETURN_IF_ERROR(removeStalePartial(target));
  UWT_ASSIGN_OR_RETURN(bool same, hasText(target, text));
  return same ? ok() : writeWholeFile(target, asBytes(text), destination->replacesFiles(), mode);
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
    UWT_ASSIGN_OR_RETURN(RewrittenConfig rewritten, rewrittenConfig(*file));
    UWT_RETURN_IF_ERROR(writeText(*file, rewritten.original, rewritten.text));
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
  return writeOnce(joinPath(destination->folder(), manifestName), text, mode);
}

Status CheckpointCompressor::writeIndexes() {
  for (size_t i = 0; i < indexTexts.size(); ++i)
    UWT_RETURN_IF_ERROR(writeOnce(targetOf(*indexes[i]), indexTexts[i], indexes[i]->mode));
  return ok();
}

Status CheckpointCompressor::makeFolders() {
  auto make = [&](std::string_view relative) {
    return makeFoldersLike(tree.root, destination->folder(), relative, destination->made);
  };
  for (const TreeFile *file : shard)
    UWT_RETURN_IF_ERROR(make(file->folder()));
  if (isShard())
    return ok();
  for (const std::string &folder : tree.emptyFolders)
    UWT_RETURN_IF_ERROR(make(folder));
  for (const TreeFile &file : tree.files)
    UWT_RETURN_IF_ERROR(make(file.folder()));
  return ok();
}

/// Finds a file of the output that is not this model's before anything is added to those that are.
Status CheckpointCompressor::checkExisting() {
  for (const TreeFile *file : shard) {
    std::string target = targetOf(*file);
    if (!fileExists(target))
      continue;
    UWT_ASSIGN_OR_RETURN(FileReport report, keep(*file, target));
    kept.emplace(file, std::move(report));
  }
  if (isShard())
    return ok();
  for (const TreeFile *file : carried)
    if (auto same = isThere(*file, targetOf(*file)); !same)
      return same.takeError();
  for (const TreeFile *file : configs) {
    UWT_ASSIGN_OR_RETURN(RewrittenConfig rewritten, rewrittenConfig(*file));
    if (auto same = hasText(targetOf(*file), rewritten.text); !same)
      return same.takeError();
  }
  return ok();
}

Status CheckpointCompressor::writeOutput() {
  if (options.finishShards)
    UWT_RETURN_IF_ERROR(checkAllShards());
  if (destination->continuesInPlace())
    UWT_RETURN_IF_ERROR(checkExisting());
  UWT_RETURN_IF_ERROR(destination->begin());
  UWT_RETURN_IF_ERROR(makeFolders());
  UWT_RETURN_IF_ERROR(writeAll());
  return isShard() ? ok() : destination->publish();
}

Status CheckpointCompressor::run() {
  UWT_RETURN_IF_ERROR(sortFiles());
  UWT_RETURN_IF_ERROR(checkNames());
  UWT_RETURN_IF_ERROR(checkSources());
  UWT_RETURN_IF_ERROR(checkJson());
  if (dryRun())
    return writeAll();
  UWT_RETURN_IF_ERROR(openOutput());
  Status written = writeOutput();
  // Complete files stay, for a later run to continue with. So do the folders of a shard, in which
  // another machine may be about to write.
  if (!written)
    return destination->giveUp(std::move(written));
  report.removed = std::move(destination->removed);
  report.warnings.insert(report.warnings.end(), destination->warnings.begin(),
                         destination->warnings.end());
  return ok();
}

/// Everything, the parts that make a folder a compressed model last.
Status CheckpointCompressor::writeAll() {
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
    UWT_RETURN_IF_ERROR(
        checkOutputOf(input, options.compress.base.get(), {output, /*isFolder=*/true}));
  }
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(input));
  CheckpointCompressor compressor(std::move(tree), output, options);
  UWT_RETURN_IF_ERROR(compressor.run());
  return std::move(compressor.report);
}

} // namespace uwt
