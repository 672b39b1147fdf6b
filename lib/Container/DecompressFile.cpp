//===- DecompressFile.cpp - A container to its original -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContainerState.h"
#include "FileWork.h"
#include "Original.h"
#include <filesystem>

namespace uwt {

Status checkMaxBytes(const std::string &path, uint64_t bytes, const DecompressOptions &options) {
  if (!options.maxBytes || bytes <= *options.maxBytes)
    return ok();
  return usageError(path + ": would become " + std::to_string(bytes) + " bytes, more than the " +
                    std::to_string(*options.maxBytes) + " that are allowed");
}

Expected<FileReport> decompressFile(const std::string &input, const std::string &output,
                                    const DecompressOptions &options) {
  UWT_RETURN_IF_ERROR(checkOutputOf(input, options.base.get(), {output}));
  return restoreContainer(input, output, options, std::nullopt);
}

Expected<FileReport> restoreContainer(const std::string &input, const std::string &output,
                                      const DecompressOptions &options,
                                      std::optional<FileMode> mode) {
  ReadOptions reading;
  reading.check = options.check;
  reading.path = options.path;
  reading.base = options.base;
  UWT_ASSIGN_OR_RETURN(Container container, Container::open(input, reading));
  if (!container.isContainer())
    return usageError(input + ": is not compressed");
  UWT_RETURN_IF_ERROR(container.checkHasBase());
  UWT_RETURN_IF_ERROR(checkMaxBytes(input, container.originalBytes(), options));
  UWT_ASSIGN_OR_RETURN(
      AtomicFileWriter writer,
      AtomicFileWriter::create(output, options.overwrite, mode.value_or(container.file().mode())));
  ThreadPool pool(options.threads);
  UWT_RETURN_IF_ERROR(
      container.streamOriginal([&](std::span<const uint8_t> piece) { return writer.append(piece); },
                               pool, options.progress));
  UWT_RETURN_IF_ERROR(writer.commit());

  FileReport report;
  report.input = input;
  report.output = output;
  report.inputBytes = container.fileBytes();
  report.originalBytes = report.outputBytes = container.originalBytes();
  report.headerBytes = 8 + container.originalHeader().size();
  for (const TensorEntry &entry : container.entries())
    countTensor(entry, report);
  return report;
}

/// A report of one finding in place of `error`, where that is about the file's
/// content; else the error.
static Expected<VerifyReport> asFinding(const std::string &path, Error error) {
  if (error.getKind() != ErrorKind::Invalid)
    return error;
  VerifyReport report;
  report.files = 1;
  report.add(path, withoutPath(error.message(), path));
  return report;
}

Expected<VerifyReport> verifyFile(const std::string &path, const VerifyOptions &options) {
  ReadOptions reading;
  reading.base = options.base;
  auto container = Container::open(path, reading);
  if (!container)
    return asFinding(path, container.takeError());
  ThreadPool pool(options.threads);
  return container->verify(pool, options);
}

void countTensor(const TensorEntry &entry, FileReport &report) {
  bool isElsewhere = !entry.sameAs.empty();
  bool isEqual = entry.isDifference() && !entry.compressed();
  bool isCompressed = entry.compressed() || entry.isPacked() || entry.bundle;
  ++(isElsewhere    ? report.sharedTensors
     : isCompressed ? report.compressedTensors
     : isEqual      ? report.equalTensors
                    : report.rawTensors);
  report.differences += entry.isDifference() && entry.compressed() && !isElsewhere;
}

Status reportProgress(const ProgressFunction &progress, uint64_t bytes) {
  if (progress && !progress(bytes))
    return Error(ErrorKind::Interrupted, "interrupted");
  return ok();
}

ProgressFunction halved(const ProgressFunction &progress) {
  if (!progress)
    return {};
  return [&progress, odd = uint64_t(0)](uint64_t bytes) mutable {
    uint64_t twice = bytes + odd;
    odd = twice % 2;
    return progress(twice / 2);
  };
}

Expected<VerifyReport> verifyFileAgainst(const std::string &path, const std::string &original,
                                         const VerifyOptions &given) {
  VerifyOptions options = given;
  options.progress = halved(given.progress);
  UWT_ASSIGN_OR_RETURN(VerifyReport report, verifyFile(path, options));
  if (!report.passed())
    return report;
  ReadOptions reading;
  reading.base = options.base;
  UWT_ASSIGN_OR_RETURN(Container container, Container::open(path, reading));
  UWT_RETURN_IF_ERROR(container.checkHasBase());
  std::string folder = std::filesystem::path(path).parent_path().string();
  UWT_ASSIGN_OR_RETURN(Original source,
                       Original::open(original, CompressOptions(), folder.empty() ? "." : folder));
  ThreadPool pool(options.threads);
  UWT_ASSIGN_OR_RETURN(std::optional<Finding> found,
                       findDifference(container, source, pool, options.progress));
  if (found)
    report.add(std::move(found->where), std::move(found->message));
  report.plainFiles = 0;
  return report;
}

} // namespace uwt
