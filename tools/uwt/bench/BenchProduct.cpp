//===- BenchProduct.cpp - Products to measure -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchProduct.h"
#include "../Session.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Format/BF16.h"
#include "uwt/Support/StopWatch.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace uwt;
using namespace uwt::tool;

static double valueAt(const uint8_t *bytes) {
  uint16_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return fromBF16(word);
}

std::string uwt::tool::strategyText(const KernelConfig &config) {
  std::string text =
      std::string(cpuStrategyName(config.strategy)) + ",tile_n=" + std::to_string(config.tileN) +
      ",tile_m=" + std::to_string(config.tileM) + ",tile_k=" + std::to_string(config.tileK);
  if (config.prefetchBytes != 0)
    text += ",prefetch=" + std::to_string(config.prefetchBytes);
  if (config.readStreams != 0)
    text += ",read_streams=" + std::to_string(config.readStreams);
  return text;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

std::string uwt::tool::moduleOf(unsigned copy) { return "w" + std::to_string(copy); }

static std::string weightName(unsigned copy) { return moduleOf(copy) + ".weight"; }

unsigned ProductWeights::coldCopies(uint64_t rows, uint64_t columns) {
  // The smallest format that is measured takes about 10 bits a weight; each copy is a product of
  // the module that is compiled.
  return std::min(uwt::bench::coldCopies(rows * columns * 5 / 4), 1024U);
}

/// A path for a file that does not exist yet; the folder is made.
static Expected<std::string> temporaryFile() {
  std::error_code error;
  std::string pattern = std::filesystem::temp_directory_path(error).string() + "/uwt-bench-XXXXXX";
  if (error || !mkdtemp(pattern.data()))
    return ioError(pattern + ": cannot be made");
  return pattern + "/weights.safetensors";
}

Expected<std::unique_ptr<ProductWeights>> ProductWeights::make(const bench::MatrixSource &source,
                                                               const bench::GridShape &shape,
                                                               unsigned copies, ThreadPool &pool) {
  std::unique_ptr<ProductWeights> weights(new ProductWeights);
  UWT_ASSIGN_OR_RETURN(weights->words, source.read(shape, pool));
  weights->ofTensor.shape = {shape.rows, shape.columns};
  weights->copyCount = copies;
  UWT_ASSIGN_OR_RETURN(weights->file, temporaryFile());
  std::vector<SafetensorsOutput> outputs;
  for (unsigned i = 0; i < copies; ++i)
    outputs.push_back(
        {weightName(i), findSafetensorsDtype("BF16"), weights->ofTensor.shape, weights->bytes()});
  UWT_RETURN_IF_ERROR(writeSafetensors(weights->file, outputs, {}, /*overwrite=*/true));
  return weights;
}

ProductWeights::~ProductWeights() {
  if (file.empty())
    return;
  std::error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(file).parent_path(), ignored);
}

double ProductWeights::at(uint64_t n, uint64_t k) const {
  return valueAt(bytes().data() + (n * columns() + k) * 2);
}

//===----------------------------------------------------------------------===//
// IR and inputs
//===----------------------------------------------------------------------===//

std::string uwt::tool::functionOf(uint64_t m) { return "m" + std::to_string(m); }

/// One product with weight `name`; what it gives is called %`name`_out.
static std::string productText(const std::string &name, uint64_t m, uint64_t n, uint64_t k) {
  auto tensor = [](uint64_t a, uint64_t b, const char *type) {
    return "tensor<" + std::to_string(a) + "x" + std::to_string(b) + "x" + type + ">";
  };
  std::string sums = tensor(m, n, "f32"), out = tensor(m, n, "bf16"), v = "%" + name;
  std::string text = "    " + v + " = arith.constant dense_resource<" + name +
                     "> : " + tensor(n, k, "bf16") + "\n";
  text += "    " + v + "_empty = tensor.empty() : " + sums + "\n";
  text += "    " + v + "_zero = linalg.fill ins(%zero : f32) outs(" + v + "_empty : " + sums +
          ") -> " + sums + "\n";
  text += "    " + v +
          "_sum = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, "
          "affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, " +
          v + " : " + tensor(m, k, "bf16") + ", " + tensor(n, k, "bf16") + ") outs(" + v +
          "_zero : " + sums + ") -> " + sums + "\n";
  text += "    " + v + "_to = tensor.empty() : " + out + "\n";
  text += "    " + v +
          "_out = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) "
          "-> (m, n)>], iterator_types = [\"parallel\", \"parallel\"]} ins(" +
          v + "_sum : " + sums + ") outs(" + v + "_to : " + out + ") {\n" +
          "    ^bb0(%a: f32, %b: bf16):\n      %r = arith.truncf %a : f32 to bf16\n"
          "      linalg.yield %r : bf16\n    } -> " +
          out + "\n";
  return text;
}

std::string uwt::tool::productIr(uint64_t rows, uint64_t columns, unsigned copies,
                                 std::span<const uint64_t> mValues) {
  std::string text = "module {\n";
  for (uint64_t m : mValues) {
    std::string out = "tensor<" + std::to_string(m) + "x" + std::to_string(rows) + "xbf16>";
    std::string types, values, body;
    for (unsigned i = 0; i < copies; ++i) {
      std::string name = weightName(i);
      types += (i ? ", " : "") + out;
      values += (i ? ", %" : "%") + name + "_out";
      body += productText(name, m, rows, columns);
    }
    text += "  func.func @" + functionOf(m) + "(%x: tensor<" + std::to_string(m) + "x" +
            std::to_string(columns) + "xbf16>) -> (" + types + ") {\n" +
            "    %zero = arith.constant 0.0 : f32\n" + body + "    return " + values + " : " +
            types + "\n  }\n";
  }
  return text + "}\n";
}

std::span<const uint8_t> uwt::tool::bytesOf(const std::vector<uint16_t> &words) {
  return {reinterpret_cast<const uint8_t *>(words.data()), words.size() * sizeof(uint16_t)};
}

double uwt::tool::errorShare(const ProductWeights &weights, uint64_t m, std::span<const uint8_t> x,
                             std::span<const uint8_t> y, uint64_t rows) {
  uint64_t count = weights.columns(), features = weights.rows();
  uint64_t step = std::max<uint64_t>(features / std::max<uint64_t>(rows, 1), 1);
  double share = 0;
  for (uint64_t n = 0; n < features; n += step)
    for (uint64_t row = 0; row < m; ++row) {
      double sum = 0, magnitude = 0;
      for (uint64_t k = 0; k < count; ++k) {
        double product = valueAt(&x[(row * count + k) * 2]) * weights.at(n, k);
        sum += product;
        magnitude += std::abs(product);
      }
      double bound = static_cast<double>(count) * 0x1p-24 * magnitude;
      bound += (std::abs(sum) + bound) * 0x1p-8;
      share = std::max(share, std::abs(valueAt(&y[(row * features + n) * 2]) - sum) / bound);
    }
  return share;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)
/// Eight loads in flight: eight lines of one stream, or less of each of several.
template <unsigned Streams>
__attribute__((target("avx512f"))) static uint64_t readAvx512(const uint8_t *data, uint64_t size,
                                                              uint64_t ahead) {
  constexpr unsigned lines = 8 / Streams, bytes = lines * 64;
  uint64_t stride = size / Streams / bytes * bytes;
  __m512i sums[8] = {};
  for (uint64_t i = 0; i < stride; i += bytes)
    for (unsigned stream = 0; stream < Streams; ++stream)
      for (unsigned line = 0; line < lines; ++line) {
        const uint8_t *at = data + stream * stride + i + line * 64UL;
        if (ahead)
          _mm_prefetch(at + ahead, _MM_HINT_T0);
        __m512i &sum = sums[stream * lines + line];
        sum = _mm512_or_si512(sum, _mm512_load_si512(at));
      }
  for (unsigned j = 1; j < 8; ++j)
    sums[0] = _mm512_or_si512(sums[0], sums[j]);
  return static_cast<uint64_t>(_mm512_reduce_or_epi64(sums[0]));
}
#endif

static uint64_t readWords(const uint8_t *data, uint64_t size) {
  uint64_t sums[8] = {};
  const auto *words = reinterpret_cast<const uint64_t *>(data);
  for (uint64_t i = 0; i + 64 <= size; i += 64)
    for (unsigned j = 0; j < 8; ++j)
      sums[j] |= words[i / 8 + j];
  for (unsigned j = 1; j < 8; ++j)
    sums[0] |= sums[j];
  return sums[0];
}

static uint64_t readBytes(const uint8_t *data, uint64_t size,
                          [[maybe_unused]] ReadPattern pattern) {
#if defined(__x86_64__)
  if (hostSimdLevel() == SimdLevel::Avx512)
    switch (pattern.streams) {
    case 2:
      return readAvx512<2>(data, size, pattern.aheadBytes);
    case 4:
      return readAvx512<4>(data, size, pattern.aheadBytes);
    case 8:
      return readAvx512<8>(data, size, pattern.aheadBytes);
    default:
      return readAvx512<1>(data, size, pattern.aheadBytes);
    }
#endif
  return readWords(data, size);
}

/// One stream and several, as they are and with prefetches.
static std::vector<ReadPattern> readPatterns() {
  if (hostSimdLevel() != SimdLevel::Avx512)
    return {ReadPattern()};
  std::vector<ReadPattern> patterns;
  for (unsigned streams : {1, 2, 4, 8})
    for (unsigned ahead : {0, 512, 2048, 8192})
      patterns.push_back({streams, ahead});
  return patterns;
}

/// What panels of a product are: a task reads so much at a time.
static constexpr uint64_t readTaskBytes = 512 << 10;

MemoryProbe::MemoryProbe(uint64_t bytes, ThreadPool &pool) : memory(bytes) {
  pool.parallelFor(divideUp(bytes, readTaskBytes), [&](uint64_t i, unsigned) {
    uint64_t begin = i * readTaskBytes;
    std::memset(memory.data() + begin, static_cast<int>(i % 251),
                std::min(readTaskBytes, bytes - begin));
  });
}

double MemoryProbe::run(ThreadPool &pool, ReadPattern pattern) const {
  // What keeps the reads from being left out.
  [[maybe_unused]] static volatile uint64_t sink;
  struct Reads {
    const Buffer &memory;
    ReadPattern pattern;
  } reads{memory, pattern};
  StopWatch watch;
  auto body = [](void *context, uint64_t first, uint64_t last, unsigned) {
    const Reads &reads = *static_cast<const Reads *>(context);
    uint64_t end = std::min<uint64_t>(last * readTaskBytes, reads.memory.size());
    sink = readBytes(reads.memory.data() + first * readTaskBytes, end - first * readTaskBytes,
                     reads.pattern);
  };
  pool.parallelRanges(divideUp(memory.size(), readTaskBytes), body, &reads);
  return watch.lap();
}

Expected<ReadPattern> MemoryProbe::fastestPattern(ThreadPool &pool) const {
  constexpr unsigned passes = 3;
  ReadPattern fastest;
  double least = std::numeric_limits<double>::infinity();
  for (ReadPattern pattern : readPatterns())
    for (unsigned i = 0; i < passes; ++i) {
      UWT_RETURN_IF_ERROR(checkInterrupted());
      double seconds = run(pool, pattern);
      if (seconds >= least)
        continue;
      least = seconds;
      fastest = pattern;
    }
  return fastest;
}
