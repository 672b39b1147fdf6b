//===- TestData.h - Seeded tensors for the codec tests ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights from a seed, the same bits with every compiler and C library: only
// integer arithmetic and what IEEE 754 defines exactly (+, -, *, /, sqrt) on double.
// Fuzzers and the table of sizes rely on that.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEC_TESTDATA_H
#define UWT_TEST_UNIT_CODEC_TESTDATA_H

#include "uwt/Codec/Tensor.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt::test {

/// xoshiro256**, seeded through splitmix64 (Blackman and Vigna).
class Random {
public:
  explicit Random(uint64_t seed);
  uint64_t next();
  /// Uniform in [0, limit); limit > 0.
  uint64_t below(uint64_t limit);
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  /// Standard normal (Marsaglia's polar method).
  double normal();
  /// Student's t with 4 degrees of freedom.
  double studentT4();

private:
  uint64_t state[4];
  double spare = 0;
  bool hasSpare = false;
};

/// Natural logarithm (x > 0) and exponential (|x| <= 30) to about 1e-15, by
/// series; the same bits everywhere.
double reproducibleLog(double x);
double reproducibleExp(double x);

enum class Distribution {
  /// Independent normal weights.
  Gaussian,
  /// Normal, rows scaled by exp(0.3 z).
  RowScaled,
  StudentT4,
  AllEqual,
  /// NaNs of every payload.
  AllNaN,
  /// Every word in turn.
  AllPatterns,
  /// Normal but for the largest finite value in the middle.
  OneOutlier,
  Zeros,
  /// Normal with 64 rows of uniform bits in its midst.
  RandomPanelInside,
  UniformBits,
  /// Normal, rounded to bf16 first: as f32, its low halves are all 0.
  WasBF16,
};
inline constexpr Distribution allDistributions[] = {
    Distribution::Gaussian,    Distribution::RowScaled, Distribution::StudentT4,
    Distribution::AllEqual,    Distribution::AllNaN,    Distribution::AllPatterns,
    Distribution::OneOutlier,  Distribution::Zeros,     Distribution::RandomPanelInside,
    Distribution::UniformBits, Distribution::WasBF16,
};
std::string_view distributionName(Distribution distribution);

/// Every fold of a kind, with parameters that small shapes have several of.
inline constexpr std::string_view allFolds[] = {"none", "columns<2>", "columns<3>", "flat<64>",
                                                "flat<192>"};

/// Every element type, those that are a dtype's own first.
inline constexpr ElementType allElementTypes[] = {
    ElementType::BF16,   ElementType::F16,   ElementType::F32,   ElementType::F8E4M3FN,
    ElementType::F8E5M2, ElementType::UInt8, ElementType::UInt16};
inline constexpr auto dtypeElementTypes = std::span(allElementTypes).first<6>();

/// The bits of `value` rounded to nearest, ties to even, as an element of `type`; clamped to
/// the largest finite value. Bytes hold 32 times the value, in two's complement, uint16 also the
/// positive numbers that small ones of either sign are stored as (diff-3).
uint32_t roundToElement(double value, ElementType type);

/// A tensor's bytes. Weights have a scale of 0.02 (1 for 8-bit types, whose exponents are
/// few); rows are those of the last dimension.
std::vector<uint8_t> makeTensor(ElementType type, std::span<const uint64_t> shape,
                                Distribution distribution, uint64_t seed);

/// Clears all but the top `bits` bits of the low halves of f32 elements.
void shortenLowHalves(std::span<uint8_t> elements, uint32_t bits);

/// Makes of each 32 BF16 words what is left of them after quantisation to 16 steps above a minimum,
/// both in F16, as Q4_1 does.
void roundToFourBits(std::span<uint8_t> elements);

/// A copy of bytes in an allocation of exactly their size, so that a sanitizer
/// sees every access beyond them; starts at address 16n + shift.
class ExactBytes {
public:
  ExactBytes() = default;
  ExactBytes(std::span<const uint8_t> bytes, size_t shift = 0);
  std::span<uint8_t> span() const { return {storage.get() + shift, size}; }

private:
  std::unique_ptr<uint8_t[]> storage;
  size_t size = 0, shift = 0;
};

/// Planes as a file has them: each in memory of its own, followed by zeros up to
/// a multiple of `padding` bytes, at addresses that are 16n + shift.
class StoredPlanes {
public:
  explicit StoredPlanes(const MemoryPlanes &planes, size_t padding = 1, size_t shift = 0);
  PlaneViews views() const;
  std::span<uint8_t> plane(PlaneKind kind) { return parts[numberOf(kind)].span(); }

private:
  std::array<ExactBytes, planeKinds> parts;
};

/// A tensor with what an encoder made of it.
struct EncodedCase {
  TensorDescription description;
  std::vector<uint8_t> source;
  MemoryPlanes planes;
  EncodedTensor result;

  /// What is needed to find the case again: format, element, shape.
  std::string name() const;
};
std::string nameOf(const TensorDescription &description);

/// Makes a tensor and encodes it.
Expected<EncodedCase> encodeCase(const TensorDescription &description, Distribution distribution,
                                 uint64_t seed, ThreadPool &pool, CodePath path = CodePath::Scalar);

/// Name of a code path: "reference", "scalar", "avx2", "avx512".
std::string_view codePathName(CodePath path);
/// The code paths that this machine runs, the reference first.
std::vector<CodePath> availableCodePaths();

/// All examples of all codecs, in the registry's order.
std::vector<std::string> registeredFormats();
/// Those of them that loaded weights have: with scales they are transcoded.
std::vector<std::string> loadedFormats();
/// Of each codec, the first example of each composition that reads other planes, or reads them in
/// another way: packings, layouts, contexts.
std::vector<std::string> formatsOfEachComposition();
/// The first example of each rate.
std::vector<std::string> formatsOfEachRate();
/// Examples for which `selects` holds, given what their codec says of bf16.
std::vector<std::string>
formatsWith(const std::function<bool(const Format &, const CodecTraits &)> &selects);
/// Parses a format that is known to be well-formed.
Format parsedFormat(std::string_view text);
/// The text form with everything but letters and digits replaced: a test's name.
std::string testNameOf(std::string_view format);

/// True in builds that are slow because they check: tests take smaller shapes.
inline constexpr bool underSanitizer =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

/// Which of many cases a test looks at: all, and under sanitizers one in `count`, by a fixed draw.
/// For tests whose cases run the same code.
class CasesToTest {
public:
  explicit CasesToTest(uint64_t count) : count(count) {}
  bool takesNext() { return !underSanitizer || random.below(count) == 0; }

private:
  uint64_t count;
  Random random{1};
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEC_TESTDATA_H
