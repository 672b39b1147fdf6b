//===- LowHalvesTest.cpp - Low halves by row, and by word -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules low-2 to low-4 of docs/formats.md: each number of bits in each order of elements, on
// all code paths, whole and in parts; then what is damaged.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr const char *ordersOfElements[] = {
    "window<4>",
    "raw, layout=row_major",
    "huffman<12,2>, layout=row_major",
    "huffman<12,1>, storage=k_major",
    "inplace<11>, fold=flat<48>",
    "rans<12>, fold=columns<2>, context=row_class<2>",
};

/// F32 whose rows, or columns, have 0 to 16 bits of low halves in turn.
std::vector<uint8_t> withBitsByRow(const std::vector<uint64_t> &shape, bool byColumn = false) {
  std::vector<uint8_t> bytes = makeTensor(ElementType::F32, shape, Distribution::Gaussian, 9);
  for (size_t i = 0; i * 4 < bytes.size(); ++i) {
    uint64_t line = byColumn ? i % shape.back() : i / shape.back();
    shortenLowHalves(std::span(bytes).subspan(i * 4, 4), line % 17);
  }
  return bytes;
}

/// F32 of `count` values, no two of which have the same word.
std::vector<uint8_t> ofFewValues(const std::vector<uint64_t> &shape, uint32_t count) {
  uint64_t elements = 1;
  for (uint64_t extent : shape)
    elements *= extent;
  std::vector<uint8_t> bytes(elements * 4);
  for (size_t i = 0; i < elements; ++i) {
    uint32_t number = static_cast<uint32_t>(i * 7919 % 104729) % count;
    uint32_t value = (0x3F80u + number * 3) << 16 | (number * 40503u & 0xFFFF);
    std::memcpy(&bytes[i * 4], &value, 4);
  }
  return bytes;
}

class LowHalvesTest : public testing::Test {
protected:
  struct Stored {
    TensorDescription description;
    MemoryPlanes planes;
    uint64_t indexChecksum = 0;
  };

  /// The same bytes on all code paths.
  Stored encode(const std::string &format, const std::vector<uint64_t> &shape,
                std::span<const uint8_t> source, uint64_t members = 1);
  TensorDecoder open(const Stored &stored) {
    return *TensorDecoder::open(stored.description, viewsOf(stored.planes), stored.indexChecksum);
  }
  void expectWhole(const Stored &stored, std::span<const uint8_t> source);
  void expectSlice(const Stored &stored, std::span<const uint8_t> source, const TensorRange &part);
  std::string messageOf(const Stored &stored);

  ThreadPool pool{2};
};

} // namespace

LowHalvesTest::Stored LowHalvesTest::encode(const std::string &format,
                                            const std::vector<uint64_t> &shape,
                                            std::span<const uint8_t> source, uint64_t members) {
  Stored stored;
  stored.description = {ElementType::F32, shape, parsedFormat(format), members};
  for (CodePath path : availableCodePaths()) {
    MemoryPlanes planes;
    EncodeOptions options;
    options.path = path;
    auto encoded = encodeTensor(stored.description, source, planes, pool, options);
    EXPECT_TRUE(bool(encoded)) << encoded.error().message();
    if (!encoded)
      break;
    if (path != CodePath::Reference)
      EXPECT_EQ(planes.planes, stored.planes.planes) << format << ", " << codePathName(path);
    stored.planes = std::move(planes);
    stored.indexChecksum = encoded->indexChecksum;
  }
  return stored;
}

void LowHalvesTest::expectWhole(const Stored &stored, std::span<const uint8_t> source) {
  auto decoder =
      TensorDecoder::open(stored.description, viewsOf(stored.planes), stored.indexChecksum);
  ASSERT_TRUE(bool(decoder)) << decoder.error().message();
  for (CodePath path : availableCodePaths()) {
    DecodeOptions options;
    options.path = path;
    std::vector<uint8_t> out(source.size(), 0xA5);
    Status status = decoder->decode(out, pool, options);
    ASSERT_TRUE(bool(status)) << status.error().message();
    EXPECT_TRUE(std::ranges::equal(out, source))
        << stored.description.format.str() << ", " << codePathName(path);
  }
  EXPECT_TRUE(bool(decoder->checkAll(pool)));
}

/// `part` of a tensor of rank 3.
void LowHalvesTest::expectSlice(const Stored &stored, std::span<const uint8_t> source,
                                const TensorRange &part) {
  TensorDecoder decoder = open(stored);
  uint64_t rows = stored.description.shape[1], columns = stored.description.shape[2];
  uint64_t width = (part.columnEnd - part.columnBegin) * 4;
  std::vector<uint8_t> out(width * (part.rowEnd - part.rowBegin));
  Status status = decoder.decodeSlice(part, out, pool);
  ASSERT_TRUE(bool(status)) << status.error().message();
  for (uint64_t row = part.rowBegin; row < part.rowEnd; ++row) {
    uint64_t begin = ((part.matrixBegin * rows + row) * columns + part.columnBegin) * 4;
    EXPECT_EQ(std::memcmp(&out[(row - part.rowBegin) * width], &source[begin], width), 0)
        << stored.description.format.str() << ", row " << row;
  }
}

/// Of open, or of a decode without checks, which must be the same on all code paths.
std::string LowHalvesTest::messageOf(const Stored &stored) {
  StoredPlanes planes(stored.planes);
  auto decoder = TensorDecoder::open(stored.description, planes.views(), std::nullopt);
  if (!decoder)
    return decoder.error().message();
  std::string first;
  uint64_t elements = *stored.description.elements();
  for (CodePath path : availableCodePaths()) {
    DecodeOptions options;
    options.path = path;
    options.check = false;
    std::vector<uint8_t> out(elements * 4);
    Status status = decoder->decode(out, pool, options);
    std::string text = status ? "no error" : status.error().message();
    if (path != CodePath::Reference)
      EXPECT_EQ(text, first) << codePathName(path);
    first = text;
  }
  return first;
}

static const std::string forms[] = {"rows", "palette", "coded"};

static std::vector<uint8_t> sourceOf(const std::string &form, const std::vector<uint64_t> &shape,
                                     std::string_view order = "") {
  bool byColumn = order.find("k_major") != std::string_view::npos;
  if (form == "rows")
    return withBitsByRow(shape, byColumn);
  std::vector<uint8_t> bytes = ofFewValues(shape, 300);
  // More low halves than an alphabet holds, and panels that are not coded.
  for (size_t i = 0; form == "coded" && i * 4 < bytes.size(); ++i) {
    bool isNoise = i / shape.back() / 64 % 2 == 1;
    uint32_t number = static_cast<uint32_t>(i) * 2654435761u >> 12;
    auto low = static_cast<uint16_t>(isNoise           ? number
                                     : number % 7 == 0 ? number % 300
                                                       : number % 5);
    std::memcpy(&bytes[i * 4], &low, 2);
  }
  return bytes;
}

TEST_F(LowHalvesTest, EveryFormInEveryOrder) {
  for (const std::string &form : forms)
    for (const char *order : ordersOfElements)
      for (const std::vector<uint64_t> &shape :
           {std::vector<uint64_t>{2, 67, 70}, {1, 64, 128}, {3, 1, 1}, {1, 130, 1100}}) {
        std::vector<uint8_t> source = sourceOf(form, shape, order);
        Stored stored = encode(std::string(order) + ", low=" + form, shape, source);
        expectWhole(stored, source);
      }
}

TEST_F(LowHalvesTest, Parts) {
  for (const std::string &form : forms)
    for (const char *order : ordersOfElements) {
      std::vector<uint64_t> shape = {2, 150, 70};
      std::vector<uint8_t> source = sourceOf(form, shape, order);
      Stored stored = encode(std::string(order) + ", low=" + form, shape, source);
      for (TensorRange part : {TensorRange{1, 2, 5, 140, 3, 50}, TensorRange{0, 1, 63, 66, 0, 70},
                               TensorRange{1, 2, 149, 150, 0, 70}, TensorRange{0, 1, 7, 8, 69, 70}})
        expectSlice(stored, source, part);
    }
}

TEST_F(LowHalvesTest, Stacks) {
  for (const std::string &form : forms)
    for (const char *order : {"window<4>", "huffman<12,1>, layout=row_major"}) {
      std::vector<uint64_t> shape = {70, 20}, all = {5, 70, 20};
      std::vector<uint8_t> source = sourceOf(form, all);
      Stored stored = encode(std::string(order) + ", low=" + form, shape, source, 5);
      TensorDecoder decoder = open(stored);
      size_t each = source.size() / 5;
      for (size_t member = 0; member < 5; ++member) {
        std::vector<uint8_t> out(each);
        ASSERT_TRUE(bool(decoder.member(member).decode(out, pool)));
        EXPECT_EQ(std::memcmp(out.data(), &source[member * each], each), 0) << member;
      }
    }
}

TEST_F(LowHalvesTest, TensorsWithoutElements) {
  for (const std::string &form : forms)
    for (std::vector<uint64_t> shape : {std::vector<uint64_t>{0, 64}, {64, 0}, {2, 0, 3}}) {
      Stored stored = encode("huffman<12,1>, low=" + form, shape, {});
      expectWhole(stored, {});
    }
}

TEST_F(LowHalvesTest, OlderReadersGetTheFormsThatTheyKnow) {
  TensorDescription description{ElementType::F32, {128, 256}, {}};
  std::vector<uint8_t> few = ofFewValues(description.shape, 5);
  std::vector<uint8_t> byRow =
      makeTensor(ElementType::F32, description.shape, Distribution::Gaussian, 3);
  shortenLowHalves(byRow, 13);
  shortenLowHalves(std::span(byRow).first(byRow.size() / 2), 3);
  std::vector<uint8_t> coded = byRow;
  for (size_t at = 0; at < coded.size(); at += 4)
    coded[at] = coded[at + 1] = static_cast<uint8_t>(coded[at + 1] % 5 * 51);
  auto chosen = [&](std::span<const uint8_t> source, uint32_t reader,
                    FormatPolicy policy = FormatPolicy::BestSize) {
    auto format = chooseFormat(policy, description, source, pool, nullptr, reader);
    EXPECT_TRUE(bool(format));
    std::string text = format->format.fullStr();
    return text.substr(text.rfind("low="));
  };
  EXPECT_EQ(chosen(byRow, 6), "low=rows");
  EXPECT_EQ(chosen(byRow, 5), "low=13");
  EXPECT_EQ(chosen(byRow, 3), "low=16");
  EXPECT_EQ(chosen(few, 6), "low=palette");
  EXPECT_EQ(chosen(few, 5), "low=16");
  EXPECT_EQ(chosen(coded, 6), "low=coded");
  EXPECT_EQ(chosen(coded, 6, FormatPolicy::Smallest), "low=coded");
  EXPECT_EQ(chosen(coded, 6, FormatPolicy::Fast), "low=16");
  EXPECT_EQ(chosen(coded, 5), "low=16");
  // What is to be gained is seen from some of it.
  double bytes = static_cast<double>(byRow.size());
  EXPECT_NEAR(shownLowGain(FormatPolicy::Fast, description, byRow), bytes * 5 / 32, bytes / 64);
  EXPECT_NEAR(shownLowGain(FormatPolicy::Fast, description, few), bytes / 2, bytes / 64);
  EXPECT_NEAR(shownLowGain(FormatPolicy::BestSize, description, coded), bytes * 13.7 / 32,
              bytes / 64);
  EXPECT_EQ(shownLowGain(FormatPolicy::Fast, description, coded), 0u);
}

TEST_F(LowHalvesTest, RowsTakeTheirOwnBits) {
  // Row r of 70 columns has r mod 17 bits: chunks of ⌈70·c/8⌉ bytes (plane-2).
  std::vector<uint8_t> source = withBitsByRow({34, 70});
  Stored stored = encode("window<4>, low=rows", {34, 70}, source);
  uint64_t bytes = 0;
  for (uint32_t bits = 0; bits <= 16; ++bits)
    for (uint32_t chunk : {16u, 8u, 4u, 2u, 1u})
      bytes += bits & chunk ? 2 * ((70 * chunk + 7) / 8) : 0;
  EXPECT_EQ(stored.planes.planes[numberOf(PlaneKind::Low)].size(), bytes);
}

TEST_F(LowHalvesTest, LowHalvesAreWholeForCompiledCode) {
  for (const std::string &form : forms)
    for (const char *order : {"window<4>", "huffman<12,1>, layout=row_major"}) {
      std::vector<uint8_t> source = sourceOf(form, {1, 100, 70});
      Stored stored = encode(std::string(order) + ", low=" + form, {100, 70}, source);
      Stored whole = encode(order, {100, 70}, source);
      TensorDecoder decoder = open(stored), expected = open(whole);
      for (uint64_t panel = 0; panel < 2; ++panel)
        for (CodePath path : availableCodePaths()) {
          std::vector<uint8_t> scratch, unused;
          auto low = decoder.panelLow(panel, path, scratch);
          auto wanted = expected.panelLow(panel, path, unused);
          ASSERT_TRUE(bool(low) && bool(wanted));
          EXPECT_TRUE(std::ranges::equal(*low, *wanted)) << order << ", " << form;
        }
    }
}

TEST_F(LowHalvesTest, ValuesThatAreNoPaletteAreRefused) {
  TensorDescription description{ElementType::F32, {64, 64}, parsedFormat("window<4>, low=palette")};
  constexpr const char *message = "low=palette needs tensors of at most 4096 values, no two of "
                                  "them with the same upper half; leave it out";
  std::vector<uint8_t> twoOfAWord = ofFewValues(description.shape, 3);
  twoOfAWord[64 * 64 * 4 - 4] ^= 1;
  for (const std::vector<uint8_t> &source : {twoOfAWord, withBitsByRow({64, 64})}) {
    MemoryPlanes planes;
    auto encoded = encodeTensor(description, source, planes, pool);
    ASSERT_FALSE(bool(encoded));
    EXPECT_EQ(encoded.error().message(), message);
    EXPECT_EQ(encoded.error().getKind(), ErrorKind::Usage);
  }
  description.shape = {128, 64};
  for (uint32_t values : {4096u, 4097u}) {
    MemoryPlanes planes;
    EXPECT_EQ(bool(encodeTensor(description, ofFewValues({128, 64}, values), planes, pool)),
              values == 4096);
  }
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

static uint32_t indexWord(const MemoryPlanes &planes, size_t word) {
  uint32_t value;
  std::memcpy(&value, &planes.planes[0][word * 4], 4);
  return value;
}

static void setIndexWord(MemoryPlanes &planes, size_t word, uint32_t value) {
  std::memcpy(&planes.planes[0][word * 4], &value, 4);
}

/// low-3: raw has no model, so the runs follow the header of 4 u32.
TEST_F(LowHalvesTest, DamagedRowBitsAreFound) {
  std::vector<uint64_t> shape = {100, 64};
  std::vector<uint8_t> source = makeTensor(ElementType::F32, shape, Distribution::Gaussian, 9);
  for (size_t row = 0; row < 100; ++row)
    shortenLowHalves(std::span(source).subspan(row * 256, 256), row < 40 ? 3 : 0);
  Stored sound = encode("raw, low=rows", shape, source);
  ASSERT_EQ(indexWord(sound.planes, 4), (39u << 5 | 3) | (59u << 5 | 0) << 16);
  ASSERT_EQ(messageOf(sound), "no error");
  auto message = [&](uint32_t runs) {
    Stored damaged = sound;
    setIndexWord(damaged.planes, 4, runs);
    return messageOf(damaged);
  };
  EXPECT_EQ(message((39u << 5 | 17) | (59u << 5) << 16),
            "a row of low halves has 17 bits, expected 0 to 16");
  EXPECT_EQ(message((39u << 5 | 3) | (60u << 5) << 16),
            "the bits of rows of low halves are for 1 rows more than there are");
  EXPECT_EQ(message((99u << 5 | 2) | 1u << 16),
            "padding after the bits of rows of low halves is not zero");
  EXPECT_EQ(message((99u << 5 | 3)),
            "panel 0 needs more bytes of plane low than the 960 that it has");
}

TEST_F(LowHalvesTest, DamagedPalettesAreFound) {
  std::vector<uint8_t> source = ofFewValues({100, 64}, 4);
  Stored sound = encode("raw, low=palette", {100, 64}, source);
  ASSERT_EQ(indexWord(sound.planes, 4), 4u);
  ASSERT_EQ(messageOf(sound), "no error");
  auto message = [&](size_t word, uint32_t value) {
    Stored damaged = sound;
    setIndexWord(damaged.planes, word, value);
    return messageOf(damaged);
  };
  EXPECT_EQ(message(4, 4097),
            "the palette of low halves has 4097 values, expected at most 4096 and no more than "
            "the 10 u32 that follow");
  EXPECT_EQ(message(4, 11), "the palette of low halves has 11 values, expected at most 4096 and "
                            "no more than the 10 u32 that follow");
  EXPECT_EQ(message(6, indexWord(sound.planes, 5)),
            "the palette of low halves is not in order of rising words at entry 1");
  EXPECT_EQ(message(6, indexWord(sound.planes, 6) + 0x10000),
            "panel 0: a word has no low half in the palette");
}

/// low-5: of one low half the model is a u32 and a u32 of bits.
TEST_F(LowHalvesTest, DamagedCodesAreFound) {
  std::vector<uint64_t> shape = {128, 64};
  std::vector<uint8_t> source = makeTensor(ElementType::F32, shape, Distribution::WasBF16, 3);
  Stored sound = encode("raw, low=coded", shape, source);
  ASSERT_EQ(messageOf(sound), "no error");
  size_t words = sound.planes.planes[0].size() / 4, sizes = words - 2 * 3 - 2;
  uint32_t first = indexWord(sound.planes, sizes);
  ASSERT_EQ((first + indexWord(sound.planes, sizes + 1)) * 16,
            sound.planes.planes[numberOf(PlaneKind::Low)].size());
  Stored damaged = sound;
  setIndexWord(damaged.planes, sizes + 1, first + 1);
  EXPECT_EQ(messageOf(damaged), "panel 1 needs more bytes of plane low than the " +
                                    std::to_string(first * 32) + " that it has");
  setIndexWord(damaged.planes, sizes + 1, 0xFFFFFFFF);
  EXPECT_EQ(messageOf(damaged), "panel 1 needs more bytes of plane low than the " +
                                    std::to_string(first * 32) + " that it has");
  damaged = sound;
  damaged.planes.planes[numberOf(PlaneKind::Low)].clear();
  EXPECT_EQ(messageOf(damaged), "panel 0 needs more bytes of plane low than the 0 that it has");
  damaged = sound;
  damaged.planes.planes[0].resize(sizes * 4);
  setIndexWord(damaged.planes, 0, static_cast<uint32_t>(sizes));
  EXPECT_EQ(messageOf(damaged), "plane index is too short for a directory of 2 panels");
}

/// Whatever the index and the planes hold: an error, or some tensor.
TEST_F(LowHalvesTest, RandomDamageStaysInside) {
  for (const std::string &form : forms) {
    std::vector<uint8_t> source = sourceOf(form, {1, 100, 70});
    Stored sound = encode("huffman<12,1>, low=" + form, {100, 70}, source);
    for (size_t at = 0; at < sound.planes.planes[0].size(); at += underSanitizer ? 7 : 1) {
      Stored damaged = sound;
      damaged.planes.planes[0][at] ^= static_cast<uint8_t>(1u << at % 8);
      messageOf(damaged);
    }
    for (size_t kind = 1; kind < planeKinds; ++kind)
      for (size_t cut : {size_t(1), size_t(100)}) {
        Stored damaged = sound;
        std::vector<uint8_t> &plane = damaged.planes.planes[kind];
        plane.resize(plane.size() - std::min(cut, plane.size()));
        messageOf(damaged);
      }
  }
}
