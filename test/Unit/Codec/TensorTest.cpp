//===- TensorTest.cpp - Tensors in part, and what is checked --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A tensor's own idea of its matrices, independent of the library's.
struct RowsAndColumns {
  uint64_t matrices = 1, rows = 1, columns = 1;
  explicit RowsAndColumns(const std::vector<uint64_t> &shape) {
    size_t rank = shape.size();
    for (size_t i = 0; i + 2 < rank; ++i)
      matrices *= shape[i];
    rows = rank < 2 ? 1 : shape[rank - 2];
    columns = rank < 1 ? 1 : shape[rank - 1];
  }
};

struct Part {
  uint64_t matrix, rowBegin, rowEnd, columnBegin, columnEnd;
  TensorRange range() const {
    return {matrix, matrix + 1, rowBegin, rowEnd, columnBegin, columnEnd};
  }
};

class TensorTest : public testing::Test {
protected:
  ThreadPool pool{2};
};

class TensorFormatTest : public testing::TestWithParam<std::string> {
protected:
  ThreadPool pool{2};

  Expected<EncodedCase> encode(ElementType element, std::vector<uint64_t> shape,
                               Distribution distribution = Distribution::StudentT4) {
    return encodeCase({element, std::move(shape), parsedFormat(GetParam())}, distribution, 5, pool);
  }
  /// The first element type that the format takes.
  ElementType someElement() const {
    for (ElementType element : allElementTypes)
      if (checkFormat(parsedFormat(GetParam()), element))
        return element;
    return ElementType::BF16;
  }
};

} // namespace

static Expected<TensorDecoder> open(const EncodedCase &encoded, StoredPlanes &planes) {
  return TensorDecoder::open(encoded.description, planes.views(), encoded.result.indexChecksum);
}

/// Crops the source by hand.
static std::vector<uint8_t> crop(const EncodedCase &encoded, const Part &part) {
  RowsAndColumns shape(encoded.description.shape);
  size_t bytes = getTraits(encoded.description.element).bytes;
  std::vector<uint8_t> result;
  for (uint64_t row = part.rowBegin; row < part.rowEnd; ++row) {
    const uint8_t *begin =
        encoded.source.data() +
        ((part.matrix * shape.rows + row) * shape.columns + part.columnBegin) * bytes;
    result.insert(result.end(), begin, begin + (part.columnEnd - part.columnBegin) * bytes);
  }
  return result;
}

static void checkPart(const EncodedCase &encoded, const TensorDecoder &decoder, const Part &part,
                      ThreadPool &pool, CodePath path) {
  std::vector<uint8_t> expected = crop(encoded, part);
  ExactBytes out(std::vector<uint8_t>(expected.size(), 0xA5));
  DecodeOptions options;
  options.path = path;
  Status status = decoder.decodeSlice(part.range(), out.span(), pool, options);
  ASSERT_TRUE(bool(status)) << status.error().message();
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.span().begin()))
      << encoded.name() << ": matrix " << part.matrix << " rows " << part.rowBegin << ":"
      << part.rowEnd << " columns " << part.columnBegin << ":" << part.columnEnd;
}

static Part randomPart(const RowsAndColumns &shape, Random &random) {
  Part part;
  part.matrix = random.below(shape.matrices);
  part.rowBegin = random.below(shape.rows + 1);
  // Short ranges as often as long ones: rows are then decoded alone.
  uint64_t limit = random.below(2) ? std::min<uint64_t>(shape.rows - part.rowBegin, 9)
                                   : shape.rows - part.rowBegin;
  part.rowEnd = part.rowBegin + random.below(limit + 1);
  part.columnBegin = random.below(shape.columns + 1);
  part.columnEnd = part.columnBegin + random.below(shape.columns - part.columnBegin + 1);
  return part;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

TEST_P(TensorFormatTest, PartsAreCropsOfTheTensor) {
  const int rounds = underSanitizer ? 12 : 40;
  Random random(11);
  for (const std::vector<uint64_t> &shape :
       {std::vector<uint64_t>{150, 70}, {3, 66, 40}, {5, 1100}, {90}, {2, 2, 30, 17}})
    for (ElementType element : allElementTypes) {
      Expected<EncodedCase> encoded = encode(element, shape);
      if (!encoded) {
        EXPECT_EQ(encoded.error().getKind(), ErrorKind::Usage);
        continue;
      }
      StoredPlanes planes(encoded->planes);
      Expected<TensorDecoder> decoder = open(*encoded, planes);
      ASSERT_TRUE(bool(decoder)) << decoder.error().message();
      RowsAndColumns whole(shape);
      checkPart(*encoded, *decoder, {whole.matrices - 1, 0, whole.rows, 0, whole.columns}, pool,
                bestCodePath());
      std::vector<CodePath> paths = availableCodePaths();
      for (int i = 0; i < rounds; ++i)
        checkPart(*encoded, *decoder, randomPart(whole, random), pool, paths[i % paths.size()]);
    }
}

/// A shape of rank 0 to 5 of at most a few thousand elements; one in eight has none.
static std::vector<uint64_t> randomShape(Random &random) {
  std::vector<uint64_t> shape(random.below(6));
  uint64_t room = 1 + random.below(6000);
  for (size_t i = shape.size(); i-- > 0;) {
    shape[i] = 1 + random.below(std::min<uint64_t>(room, i == 0 ? room : 90));
    room = std::max<uint64_t>(room / shape[i], 1);
  }
  if (!shape.empty() && random.below(8) == 0)
    shape[random.below(shape.size())] = 0;
  return shape;
}

TEST_P(TensorFormatTest, AnyShapeInAnyFoldComesBackWholeAndInParts) {
  const int rounds = underSanitizer ? 10 : 60, maxRounds = 1000;
  Random random(31);
  std::vector<CodePath> paths = availableCodePaths();
  int done = 0;
  // A format may refuse most elements and folds.
  for (int i = 0; i < rounds || (done == 0 && i < maxRounds); ++i) {
    Format format = parsedFormat(GetParam());
    Expected<Format> folded =
        Format::parse(GetParam() + ", fold=" + std::string(allFolds[random.below(5)]));
    if (folded && random.below(8) != 0)
      format = *folded;
    TensorDescription description{allElementTypes[random.below(std::size(allElementTypes))],
                                  randomShape(random), format};
    Expected<EncodedCase> encoded = encodeCase(description, Distribution::StudentT4, i, pool,
                                               paths[random.below(paths.size())]);
    if (!encoded) {
      EXPECT_EQ(encoded.error().getKind(), ErrorKind::Usage);
      continue;
    }
    ++done;
    StoredPlanes planes(encoded->planes);
    Expected<TensorDecoder> decoder = open(*encoded, planes);
    ASSERT_TRUE(bool(decoder)) << encoded->name() << ": " << decoder.error().message();
    ExactBytes out(std::vector<uint8_t>(encoded->source.size(), 0xA5));
    DecodeOptions options;
    options.path = paths[random.below(paths.size())];
    Status status = decoder->decode(out.span(), pool, options);
    ASSERT_TRUE(bool(status)) << encoded->name() << ": " << status.error().message();
    ASSERT_TRUE(std::ranges::equal(out.span(), encoded->source)) << encoded->name();
    EXPECT_EQ(decoder->panelBegin(decoder->panels()), encoded->source.size());
    RowsAndColumns whole(description.shape);
    for (int part = 0; part < 4 && whole.matrices > 0; ++part)
      checkPart(*encoded, *decoder, randomPart(whole, random), pool, options.path);
  }
  EXPECT_GT(done, 0);
}

TEST_P(TensorFormatTest, EachRowAloneIsThatRow) {
  Expected<EncodedCase> encoded = encode(someElement(), {70, 80});
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  StoredPlanes planes(encoded->planes);
  Expected<TensorDecoder> decoder = open(*encoded, planes);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  for (uint64_t row = 0; row < 70; ++row)
    checkPart(*encoded, *decoder, {0, row, row + 1, 0, 80}, pool, bestCodePath());
}

TEST_P(TensorFormatTest, PanelRangesAreTheirBytes) {
  Expected<EncodedCase> encoded = encode(someElement(), {2, 150, 50});
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  StoredPlanes planes(encoded->planes);
  Expected<TensorDecoder> decoder = open(*encoded, planes);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  if (encoded->description.format.storage == Storage::KMajor) {
    Status status = decoder->decodePanels(0, 1, {}, pool);
    ASSERT_FALSE(bool(status));
    EXPECT_EQ(status.error().message(),
              "panels of a k_major tensor are not contiguous: decode it whole or in parts");
    return;
  }
  ASSERT_EQ(decoder->panels(), 6u);
  const uint64_t rowBytes = encoded->source.size() / 300;
  const uint64_t firstRow[] = {0, 64, 128, 150, 214, 278, 300};
  for (uint64_t begin = 0; begin <= 6; ++begin)
    for (uint64_t end = begin; end <= 6; ++end) {
      ExactBytes out(std::vector<uint8_t>((firstRow[end] - firstRow[begin]) * rowBytes));
      Status status = decoder->decodePanels(begin, end, out.span(), pool);
      ASSERT_TRUE(bool(status)) << status.error().message();
      EXPECT_TRUE(std::equal(out.span().begin(), out.span().end(),
                             encoded->source.begin() + firstRow[begin] * rowBytes))
          << "panels " << begin << " to " << end;
    }
}

//===----------------------------------------------------------------------===//
// Checksums
//===----------------------------------------------------------------------===//

/// Flips a bit of the panel's bytes in the first plane in which it has some.
static void damagePanel(const TensorDecoder &decoder, uint64_t panel) {
  for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind) {
    std::span<const uint8_t> bytes = decoder.panelBytes(panel, static_cast<PlaneKind>(kind));
    if (bytes.empty())
      continue;
    // The test owns the planes and made them; the decoder only looks at them.
    const_cast<uint8_t &>(bytes[bytes.size() / 2]) ^= 4;
    return;
  }
  FAIL() << "panel " << panel << " has no bytes";
}

TEST_P(TensorFormatTest, PartsReadAndCheckOnlyTheirPanels) {
  Expected<EncodedCase> encoded = encode(someElement(), {190, 190});
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  StoredPlanes planes(encoded->planes);
  Expected<TensorDecoder> decoder = open(*encoded, planes);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  damagePanel(*decoder, 1);

  bool kMajor = encoded->description.format.storage == Storage::KMajor;
  auto rowsOfPanels = [&](uint64_t begin, uint64_t end) {
    return kMajor ? Part{0, 0, 190, begin, end} : Part{0, begin, end, 0, 190};
  };
  checkPart(*encoded, *decoder, rowsOfPanels(0, 64), pool, bestCodePath());
  checkPart(*encoded, *decoder, rowsOfPanels(128, 190), pool, bestCodePath());

  std::vector<uint8_t> out(encoded->source.size());
  for (Part part : {rowsOfPanels(64, 65), rowsOfPanels(0, 190)}) {
    uint64_t count = (part.rowEnd - part.rowBegin) * (part.columnEnd - part.columnBegin);
    size_t bytes = count * getTraits(encoded->description.element).bytes;
    Status status = decoder->decodeSlice(part.range(), std::span(out).first(bytes), pool);
    ASSERT_FALSE(bool(status));
    EXPECT_EQ(status.error().getKind(), ErrorKind::Invalid);
    EXPECT_TRUE(status.error().message().starts_with(
        "panel 1: the stored bytes are damaged: their checksum is "))
        << status.error().message();
  }
  EXPECT_TRUE(bool(decoder->checkPanel(0)));
  EXPECT_FALSE(bool(decoder->checkPanel(1)));
  EXPECT_FALSE(bool(decoder->decode(out, pool)));
  EXPECT_FALSE(bool(decoder->checkAll(pool)));
}

INSTANTIATE_TEST_SUITE_P(Registry, TensorFormatTest, testing::ValuesIn(registeredFormats()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return testNameOf(info.param);
                         });

TEST_F(TensorTest, FirstDamagedPanelIsNamedForAnyNumberOfThreads) {
  Expected<EncodedCase> encoded = encodeCase(
      {ElementType::BF16, {640, 32}, parsedFormat("window<4>")}, Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  StoredPlanes planes(encoded->planes);
  Expected<TensorDecoder> decoder = open(*encoded, planes);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  for (uint64_t panel : {9, 4, 7})
    damagePanel(*decoder, panel);
  std::vector<uint8_t> out(encoded->source.size());
  for (unsigned threads : {1, 2, 3}) {
    ThreadPool several(threads);
    Status status = decoder->decode(out, several);
    ASSERT_FALSE(bool(status));
    EXPECT_TRUE(status.error().message().starts_with("panel 4: ")) << status.error().message();
  }
}

TEST_F(TensorTest, BytesAfterThePlanesMustBeZero) {
  Expected<EncodedCase> encoded = encodeCase(
      {ElementType::BF16, {64, 64}, parsedFormat("window<4>")}, Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  encoded->planes.planes[numberOf(PlaneKind::Code)].push_back(1);
  StoredPlanes planes(encoded->planes);
  Expected<TensorDecoder> decoder = open(*encoded, planes);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  Status status = decoder->checkAll(pool);
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().message(),
            "plane code has bytes that are not zero after the 2048 in use");
}

//===----------------------------------------------------------------------===//
// Batches, progress, sinks
//===----------------------------------------------------------------------===//

TEST_F(TensorTest, BatchesGiveTheSameBytesForAnyNumberOfThreads) {
  // A panel of 4 MiB: with one thread a batch is two panels, with three six.
  std::vector<uint64_t> shape = {200, 32768};
  for (const char *format : {"window<4>", "huffman<12,2>"}) {
    TensorDescription description{ElementType::BF16, shape, parsedFormat(format)};
    ThreadPool one(1), three(3);
    Expected<EncodedCase> first =
        encodeCase(description, Distribution::OneOutlier, 9, one, bestCodePath());
    ASSERT_TRUE(bool(first)) << first.error().message();
    MemoryPlanes second;
    Expected<EncodedTensor> result = encodeTensor(description, first->source, second, three);
    ASSERT_TRUE(bool(result)) << result.error().message();
    EXPECT_TRUE(first->planes.planes == second.planes) << format;
    EXPECT_EQ(first->result.panelsAsWords, 0u);
    Expected<TensorDecoder> decoder =
        TensorDecoder::open(description, viewsOf(second), result->indexChecksum);
    ASSERT_TRUE(bool(decoder)) << decoder.error().message();
    std::vector<uint8_t> out(first->source.size());
    Status status = decoder->decode(out, three);
    ASSERT_TRUE(bool(status)) << status.error().message();
    EXPECT_TRUE(out == first->source) << format;
  }
}

TEST_F(TensorTest, ProgressAddsUpToTheTensorsBytes) {
  TensorDescription description{ElementType::BF16, {200, 40000}, parsedFormat("raw")};
  std::vector<uint8_t> source(200 * 40000 * 2);
  uint64_t sum = 0, calls = 0;
  EncodeOptions options;
  options.progress = [&](uint64_t bytes) {
    sum += bytes;
    return ++calls > 0;
  };
  ThreadPool one(1);
  MemoryPlanes planes;
  ASSERT_TRUE(bool(encodeTensor(description, source, planes, one, options)));
  EXPECT_EQ(sum, source.size());
  EXPECT_GT(calls, 1u);
}

TEST_F(TensorTest, ProgressCanStopAnEncode) {
  EncodeOptions options;
  options.progress = [](uint64_t) { return false; };
  MemoryPlanes planes;
  std::vector<uint8_t> source(64 * 64 * 2);
  Expected<EncodedTensor> result = encodeTensor({ElementType::BF16, {64, 64}, parsedFormat("raw")},
                                                source, planes, pool, options);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().getKind(), ErrorKind::Interrupted);
  EXPECT_EQ(result.error().message(), "interrupted");
}

namespace {
/// Takes `room` bytes, then fails as a full disk does.
class FullSink final : public PlaneSink {
public:
  explicit FullSink(uint64_t room) : room(room) {}
  Status append(PlaneKind, std::span<const uint8_t> bytes) override {
    if (bytes.size() > room)
      return ioError("no space left on device");
    room -= bytes.size();
    return ok();
  }

private:
  uint64_t room;
};
} // namespace

TEST_F(TensorTest, ErrorsOfTheSinkEndTheEncode) {
  TensorDescription description{ElementType::BF16, {100, 64}, parsedFormat("window<4>")};
  Expected<EncodedCase> encoded = encodeCase(description, Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  for (uint64_t room : {uint64_t(0), uint64_t(5000), encoded->planes.bytes() - 1}) {
    FullSink sink(room);
    Expected<EncodedTensor> result = encodeTensor(description, encoded->source, sink, pool);
    ASSERT_FALSE(bool(result)) << room;
    EXPECT_EQ(result.error().message(), "no space left on device");
  }
}

//===----------------------------------------------------------------------===//
// Misuse
//===----------------------------------------------------------------------===//

static std::string encodeError(const TensorDescription &description, size_t bytes) {
  MemoryPlanes planes;
  ThreadPool one(1);
  std::vector<uint8_t> source(bytes);
  Expected<EncodedTensor> result = encodeTensor(description, source, planes, one);
  return result ? "no error" : result.error().message();
}

TEST_F(TensorTest, MisuseOfTheEncoderIsExplained) {
  Format raw = parsedFormat("raw");
  EXPECT_EQ(encodeError({ElementType::BF16, {3, 4}, raw}, 23),
            "the shape takes 24 bytes, but there are 23");
  EXPECT_EQ(encodeError({ElementType::BF16, {4}, parsedFormat("raw, storage=k_major")}, 8),
            "storage=k_major needs a tensor of rank 2 or more, but this one has rank 1");
  EXPECT_EQ(encodeError({ElementType::BF16, {uint64_t(1) << 40, uint64_t(1) << 40, 0}, raw}, 0),
            "shape has more than 2^62 bytes");
  EXPECT_EQ(encodeError({ElementType::BF16, {uint64_t(1) << 61, 1}, raw}, 0),
            "the shape takes 4611686018427387904 bytes, but there are 0");
}

TEST_F(TensorTest, MisuseOfTheDecoderIsExplained) {
  Expected<EncodedCase> encoded = encodeCase({ElementType::BF16, {3, 70, 8}, parsedFormat("raw")},
                                             Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  Expected<TensorDecoder> decoder =
      TensorDecoder::open(encoded->description, viewsOf(encoded->planes), std::nullopt);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  std::vector<uint8_t> out(encoded->source.size());
  auto message = [](Status status) {
    return status ? std::string("no error") : status.error().message();
  };
  std::span<uint8_t> all(out);
  EXPECT_EQ(message(decoder->decode(all.first(1), pool)),
            "the shape takes 3360 bytes, but there are 1");
  EXPECT_EQ(message(decoder->decodeSlice({3, 4, 0, 1, 0, 1}, all.first(2), pool)),
            "matrices 3:4 are not inside 0:3");
  EXPECT_EQ(message(decoder->decodeSlice({0, 1, 2, 71, 0, 1}, all, pool)),
            "rows 2:71 are not inside 0:70");
  EXPECT_EQ(message(decoder->decodeSlice({0, 1, 2, 1, 0, 1}, all, pool)),
            "rows 2:1 are not inside 0:70");
  EXPECT_EQ(message(decoder->decodeSlice({0, 1, 0, 1, 0, 9}, all, pool)),
            "columns 0:9 are not inside 0:8");
  EXPECT_EQ(message(decoder->decodeSlice({0, 1, 0, 2, 0, 3}, all.first(11), pool)),
            "the part takes 12 bytes, but there are 11");
  EXPECT_EQ(message(decoder->decodePanels(2, 7, all, pool)),
            "panels 2 to 7 are not among the 6 of the tensor");
  EXPECT_EQ(message(decoder->decodePanels(0, 1, all.first(1), pool)),
            "the panels take 1024 bytes, but there are 1");
  EXPECT_EQ(message(decoder->decodePanels(1, 1, all.first(1), pool)), "no panels fill no bytes");
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

static std::string matricesOf(std::vector<uint64_t> shape, const std::string &fold) {
  TensorDescription description{ElementType::BF16, std::move(shape),
                                parsedFormat("raw, fold=" + fold)};
  Expected<TensorDescription::Matrices> matrices = description.matrices();
  if (!matrices)
    return matrices.error().message();
  return std::to_string(matrices->count) + " of " + std::to_string(matrices->shape.rows) + "x" +
         std::to_string(matrices->shape.columns) + ", " + std::to_string(matrices->elements);
}

TEST_F(TensorTest, FoldsSayWhatTheMatricesAre) {
  EXPECT_EQ(matricesOf({8, 5, 3, 3}, "none"), "40 of 3x3, 9");
  EXPECT_EQ(matricesOf({8, 5, 3, 3}, "columns<2>"), "8 of 5x9, 45");
  EXPECT_EQ(matricesOf({8, 5, 3, 3}, "columns<3>"), "1 of 8x45, 360");
  EXPECT_EQ(matricesOf({8, 5, 3, 3}, "flat<64>"), "1 of 6x64, 360");
  EXPECT_EQ(matricesOf({}, "flat<64>"), "1 of 1x64, 1");
  EXPECT_EQ(matricesOf({4, 0, 3}, "flat<64>"), "0 of 0x64, 0");
  EXPECT_EQ(matricesOf({4, 0, 3}, "columns<2>"), "0 of 4x0, 0");
  EXPECT_EQ(matricesOf({8, 5}, "columns<2>"),
            "fold=columns<2> needs a tensor of rank 3 or more, but this one has rank 2");
}

TEST_F(TensorTest, OrdersAreChosenByShape) {
  auto chosen = [](std::vector<uint64_t> shape, std::string_view format = "raw") {
    return inChosenOrder(parsedFormat(format), ElementType::BF16, shape).str();
  };
  // Matrices and experts as they are.
  for (const std::vector<uint64_t> &shape : {std::vector<uint64_t>{4096, 4096},
                                             {8, 64, 128},
                                             {128, 768, 2048},
                                             {3, 3, 512, 1024},
                                             {16, 4096}})
    EXPECT_EQ(chosen(shape), "raw") << shape[0];
  // Kernels of convolutions, patches of images, blocks of quantised weights.
  EXPECT_EQ(chosen({1280, 640, 3, 3}), "raw, fold=columns<3>");
  EXPECT_EQ(chosen({1024, 512, 1, 1}), "raw, fold=columns<3>");
  EXPECT_EQ(chosen({512, 512, 10}), "raw, fold=columns<2>");
  EXPECT_EQ(chosen({768, 3, 16, 16}), "raw, fold=columns<3>");
  EXPECT_EQ(chosen({1280, 3, 2, 14, 14}), "raw, fold=columns<4>");
  EXPECT_EQ(chosen({32, 5760, 90, 16}), "raw, fold=columns<2>");
  // Thin ones.
  EXPECT_EQ(chosen({4096, 16}), "raw, fold=flat<512>");
  EXPECT_EQ(chosen({8, 4096}), "raw, fold=flat<512>");
  EXPECT_EQ(chosen({3, 100001}), "raw, fold=flat<128>");
  // In rows, where strips would be padded.
  EXPECT_EQ(chosen({88, 96}), "raw, layout=row_major, fold=flat<528>");
  EXPECT_EQ(chosen({88, 96}, "inplace<12>"), "inplace<12>, fold=flat<64>");
  EXPECT_EQ(chosen({1100, 1}), "raw, layout=row_major, fold=flat<48>");
  // Nothing to fold.
  EXPECT_EQ(chosen({}), "raw, layout=row_major, fold=flat<16>");
  EXPECT_EQ(chosen({0, 16}), "raw");
  // What is said stays.
  for (std::string_view text :
       {"raw, layout=row_major", "raw, storage=k_major", "raw, fold=flat<128>"})
    EXPECT_EQ(chosen({4096, 16}, text), text);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

TEST_F(TensorTest, ADecoderServesSeveralThreads) {
  Expected<EncodedCase> encoded =
      encodeCase({ElementType::F32, {300, 64}, parsedFormat("huffman<12,2>")},
                 Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  Expected<TensorDecoder> decoder =
      TensorDecoder::open(encoded->description, viewsOf(encoded->planes), std::nullopt);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  std::atomic<int> wrong = 0;
  pool.parallelFor(8, [&](uint64_t, unsigned) {
    ThreadPool own(1);
    std::vector<uint8_t> out(encoded->source.size());
    wrong += !decoder->decode(out, own) || out != encoded->source;
  });
  EXPECT_EQ(wrong, 0);
}

/// F32 whose low halves have `bits` bits.
static std::vector<uint8_t> withLowBits(const std::vector<uint64_t> &shape, uint32_t bits) {
  std::vector<uint8_t> bytes = makeTensor(ElementType::F32, shape, Distribution::Gaussian, bits);
  shortenLowHalves(bytes, bits);
  return bytes;
}

TEST_F(TensorTest, LowHalvesTakeTheBitsThatTheyHave) {
  for (const char *text : {"window<4>", "raw, layout=row_major", "huffman<12,2>, storage=k_major",
                           "inplace<11>, fold=flat<48>"})
    for (uint32_t bits = 1; bits <= 16; ++bits) {
      TensorDescription description{ElementType::F32, {2, 67, 70}, parsedFormat(text)};
      description.format.lowBits = bits;
      std::vector<uint8_t> source = withLowBits(description.shape, bits);
      for (CodePath path : {CodePath::Reference, bestCodePath()}) {
        MemoryPlanes planes;
        EncodeOptions options;
        options.path = path;
        Expected<EncodedTensor> encoded = encodeTensor(description, source, planes, pool, options);
        ASSERT_TRUE(bool(encoded)) << encoded.error().message();
        Expected<TensorDecoder> decoder =
            TensorDecoder::open(description, viewsOf(planes), encoded->indexChecksum);
        ASSERT_TRUE(bool(decoder)) << decoder.error().message();
        std::vector<uint8_t> out(source.size());
        DecodeOptions decode;
        decode.path = path;
        ASSERT_TRUE(bool(decoder->decode(out, pool, decode)));
        EXPECT_EQ(out, source) << description.format.str();
        // A part, in the middle of panels.
        TensorRange part{1, 2, 5, 66, 3, 50};
        std::vector<uint8_t> slice(61 * 47 * 4);
        ASSERT_TRUE(bool(decoder->decodeSlice(part, slice, pool, decode)));
        for (size_t row = 0; row < 61; ++row)
          EXPECT_TRUE(std::equal(&slice[row * 47 * 4], &slice[row * 47 * 4] + 47 * 4,
                                 &source[((67 + 5 + row) * 70 + 3) * 4]));
      }
    }
}

TEST_F(TensorTest, LowHalvesWithMoreBitsAreRefused) {
  TensorDescription description{ElementType::F32, {64, 64}, parsedFormat("window<4>, low=3")};
  MemoryPlanes planes;
  Expected<EncodedTensor> encoded =
      encodeTensor(description, withLowBits(description.shape, 4), planes, pool);
  ASSERT_FALSE(bool(encoded));
  EXPECT_EQ(encoded.error().message(),
            "low=3 stores the top bits of low halves only, but some have bits below; leave it out");
  EXPECT_EQ(encoded.error().getKind(), ErrorKind::Usage);
}

TEST_F(TensorTest, LowHalvesOfZeroAreNotStored) {
  for (Distribution distribution : {Distribution::WasBF16, Distribution::Gaussian}) {
    Expected<EncodedCase> encoded =
        encodeCase({ElementType::F32, {64, 64}, parsedFormat("window<4>")}, distribution, 3, pool);
    ASSERT_TRUE(bool(encoded)) << encoded.error().message();
    EXPECT_EQ(encoded->planes.planes[numberOf(PlaneKind::Low)].size(),
              distribution == Distribution::WasBF16 ? 0u : 64u * 64 * 2);
  }
}
