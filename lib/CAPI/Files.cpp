//===- Files.cpp - Whole files and folders in the C API -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Objects.h"
#include "uwt-c/Container.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Import/ImportedWeights.h"
#include <cstddef>

using namespace uwt;

struct UWTFindings {
  VerifyReport report;
};

/// Adds up what is done of `path`, and asks the caller's callback, which may be null, whether to go
/// on.
static Expected<ProgressFunction> progressOf(UWTProgressCallback callback, void *user,
                                             const char *path,
                                             const CheckpointOptions &options = {}) {
  if (!callback)
    return ProgressFunction();
  UWT_ASSIGN_OR_RETURN(uint64_t total, totalBytes(path, options));
  return ProgressFunction([callback, user, total, done = uint64_t(0)](uint64_t bytes) mutable {
    done += bytes;
    return callback(user, done, total) == 0;
  });
}

static Status checkReport(const UWTReport *report) {
  return report ? checkSize(report->size, sizeof(UWTReport), "report", "UWTReport") : ok();
}

static void giveReport(const CheckpointReport &from, UWTReport *report) {
  if (report)
    *report = {report->size, from.weights.size(), from.inputBytes, from.outputBytes,
               from.originalBytes};
}

//===----------------------------------------------------------------------===//
// Compressing
//===----------------------------------------------------------------------===//

void uwtCompressOptionsInit(UWTCompressOptions *options, size_t size) {
  setDefaults(options, size, UWTCompressOptions{});
}

static Status takeGlobs(const char *const *globs, size_t count, const char *name,
                        std::vector<std::string> &into) {
  if (count != 0 && !globs)
    return usageError(std::string(name) + " is NULL");
  for (size_t i = 0; i < count; ++i) {
    if (!globs[i])
      return usageError(std::string(name) + "[" + std::to_string(i) + "] is NULL");
    into.emplace_back(globs[i]);
  }
  return ok();
}

static Expected<CheckpointOptions> compressing(const UWTContext &context, const char *input,
                                               const UWTCompressOptions *given) {
  constexpr size_t least = offsetof(UWTCompressOptions, shard);
  UWT_ASSIGN_OR_RETURN(UWTCompressOptions from,
                       takeOptions(given, uwtCompressOptionsInit, least, "uwtCompressOptionsInit"));
  CheckpointOptions options;
  CompressOptions &compress = options.compress;
  if (from.format) {
    UWT_ASSIGN_OR_RETURN(compress.format, parseFormatChoice(from.format, "format"));
  }
  UWT_RETURN_IF_ERROR(takeGlobs(from.include, from.includeCount, "include", compress.include));
  UWT_RETURN_IF_ERROR(takeGlobs(from.exclude, from.excludeCount, "exclude", compress.exclude));
  if (from.base) {
    UWT_ASSIGN_OR_RETURN(compress.base, BaseModel::openHashed(from.base, context.threads));
  }
  compress.castToBF16 = from.castToBF16 != 0;
  compress.castVectors = from.castVectors != 0;
  UWT_RETURN_IF_ERROR(keepQuantizedParts(input, compress));
  compress.sha256 = from.sha256 != 0;
  compress.verify = from.noVerify == 0;
  compress.overwrite = from.overwrite != 0;
  compress.dryRun = from.dryRun != 0;
  compress.threads = context.threads;
  options.shard = from.shard;
  options.shardCount = from.shardCount;
  options.finishShards = from.finishShards != 0;
  options.incomplete = from.incomplete != 0;
  UWT_ASSIGN_OR_RETURN(compress.progress,
                       progressOf(from.progress, from.progressUser, input, options));
  return options;
}

UWTError *uwtCompress(UWTContext *context, const char *input, const char *output,
                      const UWTCompressOptions *options, UWTReport *report) {
  return runFunction({{context, "context"}, {input, "input"}, {output, "output"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkReport(report));
    UWT_ASSIGN_OR_RETURN(CheckpointOptions chosen, compressing(*context, input, options));
    UWT_ASSIGN_OR_RETURN(CheckpointReport done, compress(input, output, chosen));
    for (const auto *lines : {&done.warnings, &done.notes})
      for (const std::string &line : *lines)
        uwtContextLog(context, line.c_str());
    giveReport(done, report);
    return ok();
  });
}

//===----------------------------------------------------------------------===//
// Decompressing
//===----------------------------------------------------------------------===//

void uwtDecompressOptionsInit(UWTDecompressOptions *options, size_t size) {
  setDefaults(options, size, UWTDecompressOptions{});
}

static Expected<DecompressOptions> decompressing(const UWTContext &context, const char *input,
                                                 const UWTDecompressOptions *given) {
  constexpr size_t least = offsetof(UWTDecompressOptions, base);
  UWT_ASSIGN_OR_RETURN(UWTDecompressOptions from, takeOptions(given, uwtDecompressOptionsInit,
                                                              least, "uwtDecompressOptionsInit"));
  DecompressOptions options;
  options.threads = context.threads;
  if (from.maxBytes)
    options.maxBytes = from.maxBytes;
  options.overwrite = from.overwrite != 0;
  UWT_ASSIGN_OR_RETURN(options.base, openBase(from.base));
  UWT_ASSIGN_OR_RETURN(options.progress, progressOf(from.progress, from.progressUser, input));
  return options;
}

UWTError *uwtDecompress(UWTContext *context, const char *input, const char *output,
                        const UWTDecompressOptions *options, UWTReport *report) {
  return runFunction({{context, "context"}, {input, "input"}, {output, "output"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkReport(report));
    UWT_ASSIGN_OR_RETURN(DecompressOptions chosen, decompressing(*context, input, options));
    UWT_ASSIGN_OR_RETURN(CheckpointReport done, decompress(input, output, chosen));
    for (const std::string &warning : done.warnings)
      uwtContextLog(context, warning.c_str());
    giveReport(done, report);
    return ok();
  });
}

//===----------------------------------------------------------------------===//
// Verifying
//===----------------------------------------------------------------------===//

void uwtVerifyOptionsInit(UWTVerifyOptions *options, size_t size) {
  setDefaults(options, size, UWTVerifyOptions{});
}

static Expected<VerifyReport> verifyPath(const UWTContext &context, const char *path,
                                         const UWTVerifyOptions *given) {
  UWT_ASSIGN_OR_RETURN(
      UWTVerifyOptions from,
      takeOptions(given, uwtVerifyOptionsInit, sizeof(UWTVerifyOptions), "uwtVerifyOptionsInit"));
  VerifyOptions options;
  options.threads = context.threads;
  options.decode = from.decode != 0;
  UWT_ASSIGN_OR_RETURN(options.base, openBase(from.base));
  UWT_ASSIGN_OR_RETURN(options.progress, progressOf(from.progress, from.progressUser, path));
  return from.against ? verifyAgainst(path, from.against, options) : verify(path, options);
}

UWTError *uwtVerify(UWTContext *context, const char *path, const UWTVerifyOptions *options,
                    UWTFindings **findings) {
  return runFunction(
      {{context, "context"}, {path, "path"}, {findings, "findings"}}, [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(VerifyReport report, verifyPath(*context, path, options));
        *findings = new UWTFindings{std::move(report)};
        return ok();
      });
}

uint64_t uwtFindingsCount(const UWTFindings *findings) {
  return findings ? findings->report.findingCount : 0;
}

UWTError *uwtFindingsGet(const UWTFindings *findings, size_t index, const char **where,
                         const char **message) {
  return runFunction(
      {{findings, "findings"}, {where, "where"}, {message, "message"}}, [&]() -> Status {
        const std::vector<Finding> &kept = findings->report.findings;
        if (index >= kept.size())
          return usageError(std::to_string(kept.size()) + " findings can be asked for, got index " +
                            std::to_string(index));
        *where = kept[index].where.c_str();
        *message = kept[index].message.c_str();
        return ok();
      });
}

void uwtFindingsDestroy(UWTFindings *findings) { delete findings; }
