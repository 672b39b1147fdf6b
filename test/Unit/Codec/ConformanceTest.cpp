//===- ConformanceTest.cpp - What every registered format must do ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the registry: each example of each codec is run with each element type
// that it accepts. A new codec is tested here without an edit. Nothing here names
// a codec; what is special to one is tested elsewhere.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "uwt/Support/Checksum.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Pools of one, two and three threads, shared by all cases of a test.
struct Pools {
  ThreadPool one{1}, two{2}, three{3};
  ThreadPool &operator[](size_t i) { return i % 3 == 0 ? one : i % 3 == 1 ? two : three; }
};

class ConformanceTest : public testing::TestWithParam<std::string> {
protected:
  /// Descriptions of this format, or of it in a fold, for each element type that takes it.
  std::vector<TensorDescription> descriptions(const std::vector<uint64_t> &shape,
                                              std::string_view fold = "none") const;
  void checkRoundTrip(const TensorDescription &description, Distribution distribution,
                      uint64_t seed);
  void checkDecoder(const EncodedCase &encoded, const TensorDecoder &decoder);
  void checkPanelSizes(const EncodedCase &encoded, const TensorDecoder &decoder);

  Pools pools;
};

} // namespace

std::vector<TensorDescription> ConformanceTest::descriptions(const std::vector<uint64_t> &shape,
                                                             std::string_view fold) const {
  std::vector<TensorDescription> result;
  for (ElementType element : allElementTypes) {
    TensorDescription description{element, shape,
                                  parsedFormat(GetParam() + ", fold=" + std::string(fold))};
    if (checkFormat(description.format, element) && description.matrices())
      result.push_back(description);
  }
  return result;
}

/// Encodes with each code path and number of threads in turn: the same bytes.
static void checkSameBytes(const EncodedCase &expected, Pools &pools) {
  size_t round = 1;
  for (CodePath path : availableCodePaths()) {
    SCOPED_TRACE(codePathName(path));
    EncodeOptions options;
    options.path = path;
    MemoryPlanes planes;
    // At an odd address, so that the unaligned way in is taken too.
    ExactBytes source(expected.source, path == CodePath::Scalar ? 1 : 0);
    Expected<EncodedTensor> result =
        encodeTensor(expected.description, source.span(), planes, pools[round++], options);
    ASSERT_TRUE(bool(result)) << result.error().message();
    for (unsigned kind = 0; kind < planeKinds; ++kind)
      ASSERT_TRUE(planes.planes[kind] == expected.planes.planes[kind])
          << "plane " << planeName(static_cast<PlaneKind>(kind)) << " differs";
    EXPECT_EQ(result->indexChecksum, expected.result.indexChecksum);
    EXPECT_EQ(result->escapes, expected.result.escapes);
    EXPECT_EQ(result->panelsAsWords, expected.result.panelsAsWords);
  }
}

/// panel-1: a panel is coded only where that makes it smaller.
void ConformanceTest::checkPanelSizes(const EncodedCase &encoded, const TensorDecoder &decoder) {
  uint64_t asWords = 0;
  for (uint64_t panel = 0; panel < decoder.panels(); ++panel) {
    uint32_t rows = decoder.plan().matrix.rowsOfPanel(panel % decoder.matrices().shape.panels());
    uint64_t wordsBytes = fieldBytes(decoder.plan().format.layout, rows,
                                     decoder.plan().matrix.columns, decoder.plan().split.wordBits);
    uint64_t coded = 0;
    for (PlaneKind kind : {PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch})
      coded += decoder.panelBytes(panel, kind).size();
    asWords += decoder.panelStoredAsWords(panel);
    if (decoder.panelStoredAsWords(panel))
      EXPECT_EQ(decoder.panelBytes(panel, PlaneKind::Words).size(), wordsBytes);
    else
      EXPECT_LT(coded, wordsBytes) << "panel " << panel;
  }
  EXPECT_EQ(asWords, encoded.result.panelsAsWords);
}

void ConformanceTest::checkDecoder(const EncodedCase &encoded, const TensorDecoder &decoder) {
  EXPECT_EQ(decoder.panels(), encoded.result.panels);
  EXPECT_EQ(decoder.escapes(), encoded.result.escapes);
  Status sound = decoder.checkAll(pools.two);
  EXPECT_TRUE(bool(sound)) << sound.error().message();
  checkPanelSizes(encoded, decoder);
  size_t round = 0;
  for (CodePath path : availableCodePaths()) {
    SCOPED_TRACE(codePathName(path));
    DecodeOptions options;
    options.path = path;
    std::vector<uint8_t> canvas(encoded.source.size(), 0xA5);
    ExactBytes out(canvas, path == CodePath::Avx2 ? 1 : 0);
    Status status = decoder.decode(out.span(), pools[round++], options);
    ASSERT_TRUE(bool(status)) << status.error().message();
    ASSERT_TRUE(std::equal(out.span().begin(), out.span().end(), encoded.source.begin()))
        << "decoded bytes differ from the source";
  }
}

void ConformanceTest::checkRoundTrip(const TensorDescription &description,
                                     Distribution distribution, uint64_t seed) {
  SCOPED_TRACE(nameOf(description) + ", " + std::string(distributionName(distribution)));
  Expected<EncodedCase> encoded =
      encodeCase(description, distribution, seed, pools.one, CodePath::Reference);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    EXPECT_EQ(encoded->result.planeBytes[kind], encoded->planes.planes[kind].size());
  EXPECT_EQ(encoded->result.bytes(), encoded->planes.bytes());
  EXPECT_EQ(encoded->result.indexChecksum,
            xxh3(encoded->planes.planes[numberOf(PlaneKind::Index)]));
  checkSameBytes(*encoded, pools);

  // Bare planes at odd addresses, then padded ones as a container has them.
  for (size_t padding : {1, 256}) {
    SCOPED_TRACE(padding == 1 ? "bare planes" : "padded planes");
    StoredPlanes stored(encoded->planes, padding, padding == 1 ? 1 : 0);
    Expected<TensorDecoder> decoder =
        TensorDecoder::open(description, stored.views(), encoded->result.indexChecksum);
    ASSERT_TRUE(bool(decoder)) << decoder.error().message();
    checkDecoder(*encoded, *decoder);
    if (HasFatalFailure())
      return;
  }
}

//===----------------------------------------------------------------------===//
// Text form and composition
//===----------------------------------------------------------------------===//

TEST_P(ConformanceTest, TextFormsParseBack) {
  Format format = parsedFormat(GetParam());
  for (const std::string &text : {format.str(), format.fullStr()}) {
    Expected<Format> again = Format::parse(text);
    ASSERT_TRUE(bool(again)) << again.error().message();
    EXPECT_EQ(*again, format) << text;
  }
}

TEST_P(ConformanceTest, SomeElementTypeTakesTheFormat) {
  EXPECT_FALSE(descriptions({2, 2}).empty());
}

//===----------------------------------------------------------------------===//
// Round trips
//===----------------------------------------------------------------------===//

static std::vector<std::vector<uint64_t>> shapes() {
  std::vector<std::vector<uint64_t>> result = {
      {},        {1},        {70},     {0},        {0, 7},    {7, 0},      {1, 1},
      {17, 33},  {64, 64},   {1, 300}, {300, 1},   {3, 5, 7}, {2, 65, 20}, {2, 1, 3, 40},
      {2, 0, 5}, {16, 1025}, {80, 16}, {100, 512}, {65, 1030}};
  if (!underSanitizer)
    result.insert(result.end(), {{40, 384}, {130, 513}, {3, 70, 130}, {1, 4100}, {64, 2048}});
  return result;
}

TEST_P(ConformanceTest, EveryShapeComesBack) {
  uint64_t seed = 1;
  CasesToTest cases(6);
  for (const std::vector<uint64_t> &shape : shapes())
    for (const TensorDescription &description : descriptions(shape)) {
      if (!cases.takesNext())
        continue;
      checkRoundTrip(description, Distribution::RowScaled, ++seed);
      if (HasFatalFailure())
        return;
    }
}

TEST_P(ConformanceTest, EveryFoldComesBack) {
  uint64_t seed = 500;
  CasesToTest cases(3);
  for (std::string_view fold : allFolds)
    for (const std::vector<uint64_t> &shape :
         {std::vector<uint64_t>{2, 70, 3, 5}, {21, 3, 1}, {3, 0, 4}, {9, 37}, {1100}})
      for (const TensorDescription &description : descriptions(shape, fold)) {
        if (!cases.takesNext())
          continue;
        checkRoundTrip(description, Distribution::RowScaled, ++seed);
        if (HasFatalFailure())
          return;
      }
}

TEST_P(ConformanceTest, EveryDistributionComesBack) {
  uint64_t seed = 1000;
  for (Distribution distribution : allDistributions) {
    // Three panels; all 65,536 words need 512 columns a panel row.
    bool patterns = distribution == Distribution::AllPatterns && !underSanitizer;
    std::vector<uint64_t> shape = {130, patterns ? 512u : underSanitizer ? 72u : 200u};
    for (const TensorDescription &description : descriptions(shape)) {
      checkRoundTrip(description, distribution, ++seed);
      if (HasFatalFailure())
        return;
    }
  }
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

TEST_P(ConformanceTest, EveryFlippedBitIsFound) {
  // One element type is enough: checks do not depend on it.
  TensorDescription description = descriptions({18, 20}).front();
  Expected<EncodedCase> encoded = encodeCase(description, Distribution::StudentT4, 77, pools.one);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  StoredPlanes planes(encoded->planes, 64);
  Expected<TensorDecoder> sound =
      TensorDecoder::open(description, planes.views(), encoded->result.indexChecksum);
  ASSERT_TRUE(bool(sound) && bool(sound->checkAll(pools.one)));
  for (unsigned kind = 0; kind < planeKinds; ++kind) {
    std::span<uint8_t> plane = planes.plane(static_cast<PlaneKind>(kind));
    for (size_t bit = 0; bit < plane.size() * 8; ++bit) {
      plane[bit / 8] ^= 1 << bit % 8;
      // Opening reads the index alone, so for the other planes once is enough;
      // the decoder looks at the same memory.
      bool isFound = !sound->checkAll(pools.one);
      if (static_cast<PlaneKind>(kind) == PlaneKind::Index && !isFound)
        isFound = !TensorDecoder::open(description, planes.views(), encoded->result.indexChecksum);
      EXPECT_TRUE(isFound) << "bit " << bit << " of plane "
                           << planeName(static_cast<PlaneKind>(kind));
      plane[bit / 8] ^= 1 << bit % 8;
    }
  }
}

namespace {
/// What a decode gave: bytes, or an error's text.
struct Outcome {
  std::vector<uint8_t> bytes;
  std::string error;
  bool operator==(const Outcome &) const = default;
};
} // namespace

static Outcome decodeUnchecked(const TensorDecoder &decoder, size_t size, CodePath path,
                               ThreadPool &pool) {
  DecodeOptions options;
  options.path = path;
  options.check = false;
  std::vector<uint8_t> bytes(size);
  Status status = decoder.decode(bytes, pool, options);
  if (!status)
    return {{}, status.error().message()};
  return {std::move(bytes), {}};
}

static void damage(StoredPlanes &planes, Random &random) {
  for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
    std::span<uint8_t> plane = planes.plane(static_cast<PlaneKind>(random.below(planeKinds)));
    if (plane.empty())
      continue;
    // The front, where models and stream headers lie, more often than chance.
    uint64_t limit = random.below(3) == 0 ? std::min<uint64_t>(plane.size(), 64) : plane.size();
    uint64_t at = random.below(limit);
    plane[at] = random.below(2) ? static_cast<uint8_t>(random.next())
                                : plane[at] ^ static_cast<uint8_t>(1 << random.below(8));
  }
}

/// Damages a tensor and compares what all paths make of it, some number of times.
static void checkDamage(const EncodedCase &encoded, int rounds, Random &random, Pools &pools) {
  for (int round = 0; round < rounds; ++round) {
    StoredPlanes planes(encoded.planes);
    damage(planes, random);
    Expected<TensorDecoder> decoder =
        TensorDecoder::open(encoded.description, planes.views(), std::nullopt);
    if (!decoder)
      continue;
    decoder->escapes();
    Outcome expected =
        decodeUnchecked(*decoder, encoded.source.size(), CodePath::Reference, pools.one);
    for (CodePath path : availableCodePaths()) {
      Outcome found = decodeUnchecked(*decoder, encoded.source.size(), path, pools[round]);
      EXPECT_EQ(found.error, expected.error) << codePathName(path) << ", round " << round;
      ASSERT_TRUE(found == expected) << codePathName(path) << ", round " << round;
    }
  }
}

TEST_P(ConformanceTest, AllPathsAgreeOnDamage) {
  const int rounds = underSanitizer ? 8 : 60;
  Random random(4242);
  // Panels that are not alike, and narrow ones that are decoded together.
  for (const std::vector<uint64_t> &shape : {std::vector<uint64_t>{81, 70}, {6 * 64 + 9, 20}})
    for (const TensorDescription &description : descriptions(shape)) {
      SCOPED_TRACE(nameOf(description));
      Expected<EncodedCase> encoded =
          encodeCase(description, Distribution::StudentT4, 99, pools.one);
      ASSERT_TRUE(bool(encoded)) << encoded.error().message();
      checkDamage(*encoded, rounds, random, pools);
    }
}

INSTANTIATE_TEST_SUITE_P(Registry, ConformanceTest, testing::ValuesIn(registeredFormats()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return testNameOf(info.param);
                         });
