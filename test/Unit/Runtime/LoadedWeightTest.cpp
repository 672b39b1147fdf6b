//===- LoadedWeightTest.cpp - Weights as compiled code reads them ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/LoadedWeight.h"
#include "Codec/TestData.h"
#include "LoadedWeightTesting.h"
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

struct FoldedShape {
  std::vector<uint64_t> shape;
  std::string fold = "none";
};
/// Shapes that are awkward for panels, strips, blocks and stream units.
const std::vector<FoldedShape> shapes = {
    {{1, 1}},
    {{17, 33}},
    {{65, 64}},
    {{3, 65, 100}},
    {{0, 64}},
    {{40}},
    {{70, 1100}},
    {{70, 5, 3, 3}, "columns<3>"},
    {{3, 20, 7, 9}, "columns<2>"},
    {{90, 37}, "flat<64>"},
};

void expectTensor(const LoadedWeight &weight, const std::vector<uint8_t> &source) {
  EXPECT_EQ(placesOf(weight), "");
  auto decoded = decodeLoaded(weight);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_TRUE(*decoded == source);
}

class LoadedWeightTest : public testing::TestWithParam<std::string> {
protected:
  /// Calls `run` with encoded tensors of all shapes and elements that the format takes.
  template <typename Run> void forEachCase(Run run) {
    CasesToTest cases(3);
    for (ElementType element : {ElementType::BF16, ElementType::F32, ElementType::F8E4M3FN})
      for (const auto &[shape, fold] : shapes) {
        if (!cases.takesNext())
          continue;
        TensorDescription description{element, shape, parsedFormat(GetParam() + ", fold=" + fold)};
        auto encoded = encodeCase(description, Distribution::StudentT4, 3, pool);
        if (!encoded) // Not a composition for this element or rank.
          continue;
        SCOPED_TRACE(encoded->name());
        run(*encoded);
      }
  }
  ThreadPool pool{2};
};

TEST_P(LoadedWeightTest, HoldsThePlanesAsStored) {
  forEachCase([&](const EncodedCase &encoded) {
    auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                           encoded.result.indexChecksum, pool);
    ASSERT_TRUE(weight) << weight.error().message();
    expectTensor(*weight, encoded.source);
  });
}

TEST_P(LoadedWeightTest, IsCodedAnewInAnotherFormat) {
  CasesToTest cases(4);
  forEachCase([&](const EncodedCase &encoded) {
    std::vector<Format> runs = runFormats();
    for (const std::string &text : formatsOfEachRate())
      runs.push_back(parsedFormat(text));
    for (const Format &run : runs) {
      if (!cases.takesNext())
        continue;
      SCOPED_TRACE(run.str());
      LoadOptions options;
      options.runFormat = run;
      options.runFormat->storage = encoded.description.format.storage;
      if (!checkFormat(*options.runFormat, encoded.description.element))
        continue;
      auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                             encoded.result.indexChecksum, pool, options);
      ASSERT_TRUE(weight) << weight.error().message();
      EXPECT_EQ(weight->description().format, *options.runFormat);
      expectTensor(*weight, encoded.source);
    }
  });
}

TEST_P(LoadedWeightTest, HasAllPanelsAsWordsWhereAskedTo) {
  forEachCase([&](const EncodedCase &encoded) {
    LoadOptions options;
    options.asWords = true;
    auto load = [&](const LoadOptions &how) {
      return LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                      encoded.result.indexChecksum, pool, how);
    };
    auto coded = load({}), words = load(options);
    ASSERT_TRUE(coded) << coded.error().message();
    ASSERT_TRUE(words) << words.error().message();
    // It runs where its format does.
    EXPECT_EQ(words->plan().format, encoded.description.format);
    EXPECT_TRUE(std::ranges::equal(words->table(), coded->table()));
    EXPECT_TRUE(std::ranges::all_of(words->panels(), &PanelEntry::storedAsWords));
    EXPECT_TRUE(words->buffer(PlaneKind::Code).empty());
    expectTensor(*words, encoded.source);
  });
}

TEST_P(LoadedWeightTest, IsDecodedDense) {
  forEachCase([&](const EncodedCase &encoded) {
    LoadOptions options;
    options.dense = true;
    auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                           encoded.result.indexChecksum, pool, options);
    ASSERT_TRUE(weight) << weight.error().message();
    EXPECT_TRUE(std::equal(weight->dense().begin(), weight->dense().end(), encoded.source.begin(),
                           encoded.source.end()));
    EXPECT_TRUE(weight->isDense());
  });
}

/// Without checksums, whatever the planes hold, nothing that compiled code follows leads
/// outside of them.
TEST_P(LoadedWeightTest, DamageNeverLeadsOutside) {
  Random random(11);
  forEachCase([&](const EncodedCase &encoded) {
    for (int round = 0; round < 8; ++round) {
      MemoryPlanes damaged = encoded.planes;
      auto &plane = damaged.planes[round % 2 == 0 ? 0 : random.below(planeKinds)];
      if (plane.empty())
        continue;
      for (uint64_t flips = 1 + random.below(4); flips > 0; --flips)
        plane[random.below(plane.size())] ^= static_cast<uint8_t>(1 + random.below(255));
      LoadOptions options;
      options.check = false;
      auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(damaged), std::nullopt,
                                             pool, options);
      if (weight)
        EXPECT_EQ(placesOf(*weight), "");
      options.runFormat = parsedFormat("raw");
      options.runFormat->storage = encoded.description.format.storage;
      auto raw = LoadedWeight::fromPlanes(encoded.description, viewsOf(damaged), std::nullopt, pool,
                                          options);
      if (raw)
        EXPECT_EQ(placesOf(*raw), "");
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, LoadedWeightTest, testing::ValuesIn(loadedFormats()),
                         [](const auto &info) { return testNameOf(info.param); });

EncodedCase encodedCase(const char *format, std::vector<uint64_t> shape,
                        ElementType element = ElementType::BF16) {
  ThreadPool pool(1);
  auto encoded = encodeCase({element, std::move(shape), parsedFormat(format)},
                            Distribution::RowScaled, 7, pool);
  EXPECT_TRUE(encoded);
  return *std::move(encoded);
}

TEST(LoadedWeightFormTest, StorageChangesThroughTheDenseTensor) {
  ThreadPool pool(2);
  EncodedCase encoded = encodedCase("huffman<12,2>", {2, 100, 130});
  LoadOptions options;
  options.runFormat = parsedFormat("inplace<12>, storage=k_major");
  auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                         encoded.result.indexChecksum, pool, options);
  ASSERT_TRUE(weight) << weight.error().message();
  EXPECT_EQ(weight->plan().matrix.rows, 130u);
  expectTensor(*weight, encoded.source);
}

TEST(LoadedWeightFormTest, MembersOfAStackAreWeights) {
  ThreadPool pool(2);
  for (const char *format : {"huffman<12,1>, coded=exponent+2, context=row_class<4>", "window<4>"})
    for (ElementType element : {ElementType::BF16, ElementType::F32}) {
      // The same bytes as those of three members.
      EncodedCase encoded = encodedCase(format, {3, 70, 130}, element);
      TensorDescription stack{element, {70, 130}, parsedFormat(format), 3};
      auto decoder =
          TensorDecoder::open(stack, viewsOf(encoded.planes), encoded.result.indexChecksum);
      ASSERT_TRUE(decoder) << decoder.error().message();
      size_t bytes = encoded.source.size() / 3;
      for (uint64_t i = 0; i < 3; ++i)
        for (const char *run : {format, "inplace<12>", "raw", "raw, storage=k_major"}) {
          LoadOptions options;
          options.runFormat = parsedFormat(run);
          auto weight = LoadedWeight::fromDecoder(decoder->member(i), pool, options);
          ASSERT_TRUE(weight) << weight.error().message();
          EXPECT_EQ(weight->description().shape, stack.shape);
          auto begin = encoded.source.begin() + static_cast<ptrdiff_t>(i * bytes);
          expectTensor(*weight, {begin, begin + static_cast<ptrdiff_t>(bytes)});
        }
    }
}

TEST(LoadedWeightFormTest, BytesAreCodedOrKept) {
  ThreadPool pool(2);
  std::vector<uint64_t> shape = {100, 70};
  std::vector<uint8_t> bytes = makeTensor(ElementType::BF16, shape, Distribution::StudentT4, 1);
  for (const char *format : {"raw", "inplace<12>", "inplace<12>, storage=k_major"}) {
    auto weight =
        LoadedWeight::fromBytes({ElementType::BF16, shape, parsedFormat(format)}, bytes, pool);
    ASSERT_TRUE(weight) << weight.error().message();
    expectTensor(*weight, bytes);
  }
  LoadOptions options;
  options.dense = true;
  auto dense = LoadedWeight::fromBytes({ElementType::BF16, shape, parsedFormat("raw")}, bytes, pool,
                                       options);
  ASSERT_TRUE(dense);
  EXPECT_TRUE(std::equal(dense->dense().begin(), dense->dense().end(), bytes.begin()));
}

TEST(LoadedWeightFormTest, LowHalvesThatAreAllZeroAreThere) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::F32, {70, 64}, parsedFormat("inplace<12>")};
  auto encoded = encodeCase(description, Distribution::WasBF16, 7, pool);
  ASSERT_TRUE(encoded);
  ASSERT_EQ(encoded->planes.planes[static_cast<unsigned>(PlaneKind::Low)].size(), 0u);
  auto weight = LoadedWeight::fromPlanes(description, viewsOf(encoded->planes),
                                         encoded->result.indexChecksum, pool);
  ASSERT_TRUE(weight);
  EXPECT_EQ(weight->buffer(PlaneKind::Low).size(), 2 * lowPanelBytes(64));
  expectTensor(*weight, encoded->source);
}

TEST(LoadedWeightFormTest, ShortLowHalvesAreWholeInMemory) {
  ThreadPool pool(2);
  std::vector<uint64_t> shape = {100, 70};
  std::vector<uint8_t> source = makeTensor(ElementType::F32, shape, Distribution::StudentT4, 5);
  shortenLowHalves(source, 3);
  for (const char *text : {"inplace<12>, low=3", "huffman<12,2>, layout=row_major, low=3",
                           "window<4>, storage=k_major, low=3", "raw, low=3"}) {
    TensorDescription description{ElementType::F32, shape, parsedFormat(text)};
    MemoryPlanes planes;
    auto encoded = encodeTensor(description, source, planes, pool);
    ASSERT_TRUE(encoded) << encoded.error().message();
    for (const char *run : {"", "raw", "window<3>", "inplace<12>"}) {
      LoadOptions options;
      if (*run)
        options.runFormat = parsedFormat(run);
      auto weight = LoadedWeight::fromPlanes(description, viewsOf(planes), encoded->indexChecksum,
                                             pool, options);
      ASSERT_TRUE(weight) << text << " as " << run << ": " << weight.error().message();
      expectTensor(*weight, source);
    }
  }
}

TEST(LoadedWeightFormTest, LowHalvesOfAnyFormAreWholeInMemory) {
  ThreadPool pool(2);
  std::vector<uint64_t> shape = {100, 70};
  std::vector<uint8_t> byRow = makeTensor(ElementType::F32, shape, Distribution::StudentT4, 5);
  for (size_t row = 0; row < 100; row += 2)
    shortenLowHalves(std::span(byRow).subspan(row * 280, 280), row % 17);
  // The low half is the word's complement.
  std::vector<uint8_t> byWord = makeTensor(ElementType::F32, shape, Distribution::WasBF16, 5);
  for (size_t at = 0; at < byWord.size(); at += 4)
    for (size_t byte = 0; byte < 2; ++byte)
      byWord[at + byte] = static_cast<uint8_t>(~byWord[at + byte + 2]);
  for (const char *low : {"rows", "palette", "coded"})
    for (const char *text :
         {"inplace<12>", "huffman<12,2>, layout=row_major", "window<4>, storage=k_major", "raw"})
      for (const char *run : {"", "raw", "window<3>", "inplace<12>"}) {
        TensorDescription description{ElementType::F32, shape,
                                      parsedFormat(std::string(text) + ", low=" + low)};
        const std::vector<uint8_t> &source = *low == 'r' ? byRow : byWord;
        MemoryPlanes planes;
        auto encoded = encodeTensor(description, source, planes, pool);
        ASSERT_TRUE(encoded) << encoded.error().message();
        LoadOptions options;
        if (*run)
          options.runFormat = parsedFormat(run);
        auto weight = LoadedWeight::fromPlanes(description, viewsOf(planes), encoded->indexChecksum,
                                               pool, options);
        ASSERT_TRUE(weight) << text << " as " << run << ": " << weight.error().message();
        expectTensor(*weight, source);
      }
}

TEST(LoadedWeightFormTest, BytesInUseAreAboutThePlanes) {
  ThreadPool pool(1);
  EncodedCase encoded = encodedCase("inplace<12>", {128, 1024});
  auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                         encoded.result.indexChecksum, pool);
  ASSERT_TRUE(weight);
  EXPECT_NEAR(static_cast<double>(weight->bytes()), static_cast<double>(encoded.planes.bytes()),
              1000);
}

TEST(LoadedWeightErrorTest, SaysWhichPanelIsDamaged) {
  ThreadPool pool(2);
  EncodedCase encoded = encodedCase("inplace<12>", {200, 64});
  auto &code = encoded.planes.planes[static_cast<unsigned>(PlaneKind::Code)];
  code[code.size() / 2] ^= 1;
  for (bool transcode : {false, true}) {
    LoadOptions options;
    if (transcode)
      options.runFormat = parsedFormat("raw");
    auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                           encoded.result.indexChecksum, pool, options);
    ASSERT_FALSE(weight);
    EXPECT_EQ(weight.error().message().substr(0, 68),
              "panel 1: the stored bytes are damaged: their checksum is " +
                  weight.error().message().substr(57, 11));
    EXPECT_EQ(weight.error().getKind(), ErrorKind::Invalid);
  }
}

TEST(LoadedWeightErrorTest, DenseAndAFormatExcludeEachOther) {
  ThreadPool pool(1);
  EncodedCase encoded = encodedCase("inplace<12>", {1, 1});
  LoadOptions options;
  options.dense = true;
  options.runFormat = parsedFormat("raw");
  auto weight = LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes),
                                         encoded.result.indexChecksum, pool, options);
  ASSERT_FALSE(weight);
  EXPECT_EQ(weight.error().message(), "a weight is loaded either dense or in a format: leave out "
                                      "one of dense and raw");
}

TEST(LoadedWeightPaddingTest, IsNeverInfinite) {
  // Nearly all elements are infinite, so that padding would be too.
  std::vector<uint16_t> words(64 * 70, 0x7f80);
  for (size_t i = 0; i < words.size(); i += 9)
    words[i] = 0x3f80;
  std::vector<uint8_t> source(words.size() * 2);
  std::memcpy(source.data(), words.data(), source.size());
  ThreadPool pool{1};
  for (const std::string &format : formatsWith([](const Format &format, const CodecTraits &traits) {
         return traits.rate == Rate::Fixed && format.layout == Layout::Fragment16x16 &&
                format.storage == Storage::NMajor;
       })) {
    SCOPED_TRACE(format);
    TensorDescription description{ElementType::BF16, {64, 70}, parsedFormat(format)};
    auto fromBytes = LoadedWeight::fromBytes(description, source, pool);
    ASSERT_TRUE(fromBytes) << fromBytes.error().message();
    EXPECT_EQ(fromBytes->panels()[0].storedAsWords, 1u);
    // Kernels are chosen by it.
    EXPECT_EQ(fromBytes->description().format, description.format);
    expectTensor(*fromBytes, source);

    MemoryPlanes planes;
    auto encoded = encodeTensor(description, source, planes, pool);
    ASSERT_TRUE(encoded) << encoded.error().message();
    auto fromPlanes = LoadedWeight::fromPlanes(description, viewsOf(planes), std::nullopt, pool);
    ASSERT_TRUE(fromPlanes) << fromPlanes.error().message();
    EXPECT_EQ(fromPlanes->panels()[0].storedAsWords, 1u);
    expectTensor(*fromPlanes, source);
  }
}

/// Takes planes that were changed since their checksums were made.
static Expected<LoadedWeight> loadUnchecked(const EncodedCase &encoded, ThreadPool &pool) {
  LoadOptions options;
  options.check = false;
  return LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes), std::nullopt, pool,
                                  options);
}

TEST(LoadedWeightPaddingTest, OfWordsIsZeroWhateverTheFileHas) {
  // Columns 33 to 63 do not exist, in words of codec raw and of a panel that cannot be coded.
  ThreadPool pool(1);
  for (const std::string &format : formatsWith([](const Format &format, const CodecTraits &traits) {
         return format.layout == Layout::Fragment16x16 &&
                (traits.rate == Rate::Words ||
                 (traits.rate == Rate::Fixed && format.escapes == Escapes::None));
       })) {
    SCOPED_TRACE(format);
    TensorDescription description{ElementType::BF16, {33, 33}, parsedFormat(format)};
    auto encoded = encodeCase(description, Distribution::UniformBits, 1, pool);
    ASSERT_TRUE(encoded);
    auto sound = loadUnchecked(*encoded, pool);
    ASSERT_TRUE(sound);
    ASSERT_TRUE(sound->panels()[0].storedAsWords);
    // Lane 0, block 3 of the first register: columns 48 and 49 of row 0.
    std::vector<uint8_t> &words = encoded->planes.planes[numberOf(PlaneKind::Words)];
    ASSERT_EQ(words[12] | words[13] | words[14] | words[15], 0);
    std::fill_n(words.begin() + 12, 4, uint8_t(0xFF));
    auto changed = loadUnchecked(*encoded, pool);
    ASSERT_TRUE(changed);
    EXPECT_TRUE(
        std::ranges::equal(changed->buffer(PlaneKind::Words), sound->buffer(PlaneKind::Words)));
  }
}

TEST(LoadedWeightPaddingTest, OfEscapedRunsIsZeroWhateverTheFileHas) {
  // The last run of a row has columns 256 to 299.
  ThreadPool pool(1);
  for (const char *format :
       {"window<4>, escapes=rows<64>", "inplace<12>, escapes=rows<64>, storage=k_major"}) {
    SCOPED_TRACE(format);
    TensorDescription description{ElementType::BF16, {300, 300}, parsedFormat(format)};
    auto encoded = encodeCase(description, Distribution::StudentT4, 1, pool);
    ASSERT_TRUE(encoded);
    auto sound = loadUnchecked(*encoded, pool);
    ASSERT_TRUE(sound);
    ASSERT_NE(sound->panels()[0].patchU32, 0u);
    // 44 symbols of such a record have columns, 20 have none.
    std::vector<uint8_t> &patch = encoded->planes.planes[numberOf(PlaneKind::Patch)];
    auto decoder = TensorDecoder::open(description, viewsOf(encoded->planes), std::nullopt);
    ASSERT_TRUE(decoder);
    size_t record = 0, changes = 0;
    for (uint64_t panel = 0; panel < decoder->panels(); ++panel) {
      uint64_t strips = divideUp(sound->plan().matrix.rowsOfPanel(panel), stripRows), unit = 0;
      for (uint32_t count : decoder->panelEscapeCounts(panel))
        for (uint64_t group = unit++ / strips; count > 0; --count, record += 68)
          if (group == 4) {
            std::fill_n(patch.begin() + static_cast<ptrdiff_t>(record + 4 + 44), 20, uint8_t(0xFF));
            ++changes;
          }
    }
    ASSERT_NE(changes, 0u);
    auto changed = loadUnchecked(*encoded, pool);
    ASSERT_TRUE(changed);
    auto wasClean = decodeLoaded(*sound), isClean = decodeLoaded(*changed);
    ASSERT_TRUE(wasClean && isClean);
    EXPECT_TRUE(*wasClean == *isClean);
    EXPECT_EQ(std::ranges::count(changed->buffer(PlaneKind::Patch), uint8_t(0xFF)),
              std::ranges::count(sound->buffer(PlaneKind::Patch), uint8_t(0xFF)));
  }
}

} // namespace
