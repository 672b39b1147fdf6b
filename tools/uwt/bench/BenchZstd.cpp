//===- BenchZstd.cpp - zstd as a peer -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"

#ifdef UWT_HAVE_ZSTD
#include <memory>
#include <zstd.h>
#endif

using namespace uwt;
using namespace uwt::tool;

#ifdef UWT_HAVE_ZSTD

namespace {
struct FreeContext {
  void operator()(ZSTD_CCtx *context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx *context) const { ZSTD_freeDCtx(context); }
};
} // namespace

static Status zstdStatus(size_t result) {
  if (ZSTD_isError(result))
    return invalidError(std::string("zstd: ") + ZSTD_getErrorName(result));
  return ok();
}

std::string uwt::tool::zstdVersion() { return ZSTD_versionString(); }

Expected<CodecBenchRow> uwt::tool::benchZstd(const bench::BenchWorkload &workload, int level,
                                             const BenchSettings &settings) {
  std::unique_ptr<ZSTD_CCtx, FreeContext> coder(ZSTD_createCCtx());
  std::unique_ptr<ZSTD_DCtx, FreeContext> decoder(ZSTD_createDCtx());
  if (!coder || !decoder)
    return unsupportedError("zstd: cannot make a context");
  UWT_RETURN_IF_ERROR(
      zstdStatus(ZSTD_CCtx_setParameter(coder.get(), ZSTD_c_compressionLevel, level)));
  UWT_RETURN_IF_ERROR(zstdStatus(ZSTD_CCtx_setParameter(coder.get(), ZSTD_c_checksumFlag, 1)));
  CodecBenchRow row;
  row.name = "zstd -" + std::to_string(level);
  size_t count = workload.tensors.size();
  std::vector<std::vector<uint8_t>> packed(count), unpacked(count);
  std::vector<size_t> sizes(count);
  for (size_t i = 0; i < count; ++i) {
    packed[i].resize(ZSTD_compressBound(workload.tensors[i].bytes.size()));
    unpacked[i].resize(workload.tensors[i].bytes.size());
  }
  auto encodeAll = [&]() -> Status {
    for (size_t i = 0; i < count; ++i) {
      const std::vector<uint8_t> &bytes = workload.tensors[i].bytes;
      sizes[i] = ZSTD_compress2(coder.get(), packed[i].data(), packed[i].size(), bytes.data(),
                                bytes.size());
      UWT_RETURN_IF_ERROR(zstdStatus(sizes[i]));
    }
    return ok();
  };
  auto decodeAll = [&]() -> Status {
    for (size_t i = 0; i < count; ++i)
      UWT_RETURN_IF_ERROR(zstdStatus(ZSTD_decompressDCtx(
          decoder.get(), unpacked[i].data(), unpacked[i].size(), packed[i].data(), sizes[i])));
    return ok();
  };
  UWT_ASSIGN_OR_RETURN(row.encode.total,
                       takeSamplesUnlessInterrupted(settings.minimumSeconds, encodeAll));
  UWT_ASSIGN_OR_RETURN(row.decode.total,
                       takeSamplesUnlessInterrupted(settings.minimumSeconds, decodeAll));
  for (size_t i = 0; i < count; ++i) {
    row.bytes += sizes[i];
    if (unpacked[i] != workload.tensors[i].bytes)
      return invalidError("zstd does not give back the bytes that it was given");
  }
  return row;
}

#else

std::string uwt::tool::zstdVersion() { return {}; }

Expected<CodecBenchRow> uwt::tool::benchZstd(const bench::BenchWorkload &, int,
                                             const BenchSettings &) {
  return unsupportedError("this build has no zstd; install libzstd-dev and configure again");
}

#endif
