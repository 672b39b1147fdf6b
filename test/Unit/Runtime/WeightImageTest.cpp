//===- WeightImageTest.cpp - A loaded weight as one piece of memory -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightImage.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Aligned memory of exactly `size` bytes, with any contents: a sanitizer sees accesses beyond.
class ImageMemory {
public:
  explicit ImageMemory(size_t size)
      : memory(static_cast<uint8_t *>(std::aligned_alloc(imageAlignment, size)), std::free),
        size(size) {
    std::memset(memory.get(), 0xA5, size);
  }
  /// A copy, at another address.
  explicit ImageMemory(std::span<const uint8_t> image) : ImageMemory(image.size()) {
    std::ranges::copy(image, memory.get());
  }
  std::span<uint8_t> span() const { return {memory.get(), size}; }
  /// Gives up what the image does not take.
  void shrink(uint64_t used) { size = used; }

private:
  std::unique_ptr<uint8_t, void (*)(void *)> memory;
  size_t size;
};

TensorDescription describe(std::vector<uint64_t> shape, const char *format,
                           ElementType element = ElementType::BF16) {
  TensorDescription description;
  description.element = element;
  description.shape = std::move(shape);
  description.format = parsedFormat(format);
  return description;
}

class WeightImageTest : public testing::Test {
protected:
  /// Memory that is enough: multiples of 64, for aligned_alloc.
  static ImageMemory memoryFor(const TensorDescription &description) {
    auto bytes = WeightImage::maxBytes(description);
    EXPECT_TRUE(holds(bytes));
    return ImageMemory(roundUp(bytes ? *bytes : 1, imageAlignment));
  }
  ImageMemory encode(const TensorDescription &description, const Bytes &bytes, ThreadPool &with) {
    ImageMemory memory = memoryFor(description);
    auto image = WeightImage::encode({description.element, description.shape, bytes, 0, 0},
                                     description.format, memory.span(), with);
    EXPECT_TRUE(holds(image));
    memory.shrink(image ? image->bytes() : 0);
    return memory;
  }
  /// Compares the tensor that decoding gives with `bytes`.
  void expectHolds(const ImageMemory &memory, const Bytes &bytes) {
    auto image = WeightImage::open(memory.span());
    ASSERT_TRUE(holds(image));
    EXPECT_TRUE(holds(image->check(pool)));
    EXPECT_EQ(decode(*image, bytes.size()), bytes);
  }
  ImageMemory imageOf(const TensorDescription &description, const Bytes &bytes) {
    ImageMemory memory = encode(description, bytes, pool);
    expectHolds(memory, bytes);
    return memory;
  }
  Bytes decode(const WeightImage &image, size_t size) {
    auto decoder = image.decoder();
    EXPECT_TRUE(holds(decoder));
    Bytes out(size);
    EXPECT_TRUE(holds(decoder->tensor.decode(out, pool)));
    return out;
  }

  ThreadPool pool{2};
};

uint64_t elementsOf(const std::vector<uint64_t> &shape) {
  uint64_t elements = 1;
  for (uint64_t size : shape)
    elements *= size;
  return elements;
}

/// Parts lie one after another, in the image.
void expectPartsAreApart(const WeightImage &image) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (size_t i = 0; i < WeightImage::parts; ++i) {
    ImageHeader::Part part = image.part(i).part;
    EXPECT_EQ(part.begin % imageAlignment, 0u);
    ranges.emplace_back(part.begin, part.begin + part.bytes);
  }
  ranges.emplace_back(image.bytes(), image.bytes());
  std::ranges::sort(ranges);
  EXPECT_GE(ranges.front().first, sizeof(ImageHeader));
  for (size_t i = 1; i < ranges.size(); ++i)
    EXPECT_GE(ranges[i].first, ranges[i - 1].second + imageAlignment);
}

TEST_F(WeightImageTest, HoldsAnyShape) {
  for (const char *format : {"inplace<12>", "raw"})
    for (std::vector<uint64_t> shape : std::vector<std::vector<uint64_t>>{{1, 1},
                                                                          {64, 64},
                                                                          {65, 63},
                                                                          {200, 130},
                                                                          {3, 70, 90},
                                                                          {2, 2, 17, 65},
                                                                          {65535, 3},
                                                                          {65537, 1},
                                                                          {5, 1, 4097},
                                                                          {0, 64},
                                                                          {64, 0},
                                                                          {0, 64, 64}}) {
      SCOPED_TRACE(std::string(format) + " " + testing::PrintToString(shape));
      ImageMemory memory = imageOf(describe(shape, format), bf16Weights(elementsOf(shape), 5));
      WeightImage image = *WeightImage::open(memory.span());
      EXPECT_TRUE(std::ranges::equal(image.shape(), shape));
      EXPECT_EQ(*image.tensorBytes(), elementsOf(shape) * 2);
      EXPECT_EQ(image.view().rows, shape[shape.size() - 2]);
      EXPECT_EQ(image.view().columns, shape.back());
      expectPartsAreApart(image);
    }
}

/// Shapes and contents drawn at random: panels that are coded and panels of words in any mixture,
/// and more records than any real weight has.
TEST_F(WeightImageTest, HoldsAnyMixtureOfPanels) {
  Random random(21);
  ThreadPool one(1);
  uint64_t mixed = 0;
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<uint64_t> shape = {1 + random.below(4), 1 + random.below(300),
                                   1 + random.below(300)};
    const char *format = random.below(4) ? "inplace<12>" : "palette<4>";
    SCOPED_TRACE(std::string(format) + " " + testing::PrintToString(shape));
    Bytes bytes = bf16Weights(elementsOf(shape), trial + 1);
    for (uint64_t row = 0; row < shape[0] * shape[1]; ++row) {
      bool isWild = random.below(3) == 0;
      for (uint64_t i = 0; i < shape[2]; ++i)
        if (isWild || random.below(40) == 0)
          bytes[(row * shape[2] + i) * 2 + 1] = static_cast<uint8_t>(random.next());
    }
    ImageMemory memory = imageOf(describe(shape, format), bytes);
    EXPECT_TRUE(
        std::ranges::equal(memory.span(), encode(describe(shape, format), bytes, one).span()));
    WeightImage image = *WeightImage::open(memory.span());
    expectPartsAreApart(image);
    auto decoder = image.decoder();
    uint64_t asWords = 0;
    for (uint64_t panel = 0; panel < decoder->tensor.panels(); ++panel)
      asWords += decoder->tensor.panelStoredAsWords(panel);
    mixed += asWords != 0 && asWords != decoder->tensor.panels();
  }
  EXPECT_GE(mixed, 5u);
}

TEST_F(WeightImageTest, HoldsOtherElements) {
  for (ElementType element : {ElementType::F16, ElementType::F8E4M3FN, ElementType::F8E5M2}) {
    SCOPED_TRACE(std::string(getTraits(element).name));
    std::vector<uint64_t> shape = {2, 70, 90};
    imageOf(describe(shape, "raw", element), makeTensor(element, shape, Distribution::Gaussian, 3));
  }
}

/// Rows and matrices that lie apart, at any address, give the image of a dense copy.
TEST_F(WeightImageTest, RowsAndMatricesMayLieApart) {
  for (ElementType element : {ElementType::BF16, ElementType::F8E4M3FN})
    for (const char *format : {"inplace<12>", "raw"}) {
      if (element != ElementType::BF16 && parsedFormat(format) != rawFormat())
        continue;
      SCOPED_TRACE(std::string(getTraits(element).name) + " " + format);
      constexpr uint64_t matrices = 3, rows = 70, columns = 90, rowStride = 101,
                         matrixStride = rowStride * 80 + 7;
      uint64_t size = getTraits(element).bytes;
      std::vector<uint64_t> all = {matrices * matrixStride};
      Bytes wide = makeTensor(element, all, Distribution::Gaussian, 4), dense;
      for (uint64_t row = 0; row < matrices * rows; ++row) {
        auto from = wide.begin() + static_cast<ptrdiff_t>(
                                       (row / rows * matrixStride + row % rows * rowStride) * size);
        dense.insert(dense.end(), from, from + static_cast<ptrdiff_t>(columns * size));
      }
      TensorDescription description = describe({matrices, rows, columns}, format, element);
      ImageMemory expected = imageOf(description, dense);
      for (size_t shift : {0, 1}) {
        ExactBytes source(wide, shift);
        ImageMemory memory = memoryFor(description);
        auto image = WeightImage::encode(
            {element, description.shape, source.span(), rowStride, matrixStride},
            description.format, memory.span(), pool);
        ASSERT_TRUE(holds(image));
        memory.shrink(image->bytes());
        EXPECT_TRUE(std::ranges::equal(memory.span(), expected.span()));
      }
    }
}

TEST_F(WeightImageTest, StridesThatDoNotFitAreRefused) {
  TensorDescription description = describe({2, 64, 64}, "raw");
  ImageMemory memory = memoryFor(description);
  Bytes bytes(2 * 64 * 64 * 2);
  auto messageFor = [&](uint64_t rowStride, uint64_t matrixStride) {
    return messageOf(
        WeightImage::encode({ElementType::BF16, description.shape, bytes, rowStride, matrixStride},
                            description.format, memory.span(), pool));
  };
  EXPECT_EQ(messageFor(63, 0), "rows of the tensor are 63 elements apart, and have 64");
  EXPECT_THAT(messageFor(65, 0), testing::HasSubstr("take 16638 bytes, but there are 16384"));
  EXPECT_THAT(messageFor(64, 4097), testing::HasSubstr("take 16386 bytes"));
  EXPECT_THAT(messageFor(UINT64_MAX, 0), testing::HasSubstr("more than 2^64 bytes"));
  EXPECT_EQ(messageFor(64, 4096), "no error");
}

/// Memory of the size that the image takes is enough; of less there is one error, and no image left
/// that could be taken for one.
TEST_F(WeightImageTest, MemoryThatIsTooSmallIsRefused) {
  for (const char *format : {"inplace<12>", "raw"}) {
    TensorDescription description = describe({130, 90}, format);
    Bytes bytes = bf16Weights(130 * 90, 3);
    ImageMemory sound = imageOf(description, bytes);
    uint64_t used = sound.span().size();
    for (uint64_t size = 0; size <= used; size += size < 2048 ? 64 : 1024) {
      uint64_t most = size + 1024 > used ? used : size;
      ImageMemory memory(sound.span());
      auto image = WeightImage::encode({ElementType::BF16, description.shape, bytes, 0, 0},
                                       description.format, memory.span().first(most), pool);
      if (most == used) {
        EXPECT_TRUE(holds(image));
        EXPECT_TRUE(std::ranges::equal(memory.span(), sound.span()));
        continue;
      }
      ASSERT_FALSE(image) << most;
      EXPECT_EQ(image.error().message(), "the memory has " + std::to_string(most) +
                                             " bytes, which the weight does not fit in");
      EXPECT_TRUE(most < sizeof(ImageHeader) || !WeightImage::open(memory.span()));
    }
  }
}

TEST_F(WeightImageTest, HoldsEveryPattern) {
  Bytes patterns(2 << 16);
  for (uint32_t i = 0; i < 1 << 16; ++i) {
    patterns[2 * i] = static_cast<uint8_t>(i);
    patterns[2 * i + 1] = static_cast<uint8_t>(i >> 8);
  }
  imageOf(describe({256, 256}, "inplace<12>"), patterns);
  imageOf(describe({1, 1 << 16}, "inplace<12>"), patterns);
}

/// An infinity in columns that do not exist would meet zeros of x.
TEST_F(WeightImageTest, IsRawWherePaddingCouldBeInfinite) {
  Bytes infinities;
  for (int i = 0; i < 64 * 65; ++i)
    infinities.insert(infinities.end(), {0x80, 0x7F});
  ImageMemory memory = imageOf(describe({64, 65}, "inplace<12>"), infinities);
  EXPECT_STREQ(WeightImage::open(memory.span())->format(), "raw");
}

TEST_F(WeightImageTest, IsTheSameForAnyNumberOfThreads) {
  Bytes weights = bf16Weights(300 * 200, 7);
  ThreadPool one(1);
  TensorDescription description = describe({300, 200}, "inplace<12>");
  EXPECT_TRUE(std::ranges::equal(encode(description, weights, one).span(),
                                 encode(description, weights, pool).span()));
}

/// A changed byte is found, or one that nobody reads: then the tensor is as it was.
TEST_F(WeightImageTest, DamageIsFound) {
  Bytes weights = bf16Weights(70 * 90, 3);
  ImageMemory sound = imageOf(describe({70, 90}, "inplace<12>"), weights);
  Random random(11);
  for (int trial = 0; trial < 2000; ++trial) {
    ImageMemory damaged(sound.span());
    uint64_t at = trial < 600 ? trial : random.below(damaged.span().size());
    damaged.span()[at] ^= static_cast<uint8_t>(1 + random.below(255));
    auto image = WeightImage::open(damaged.span());
    if (!image || !image->check(pool))
      continue;
    EXPECT_EQ(decode(*image, weights.size()), weights) << "byte " << at;
  }
}

/// Parts are those of a weight with 75 columns as well, but for an escape in column 89.
TEST_F(WeightImageTest, EscapesOutsideAreFound) {
  Bytes weights = bf16Weights(70 * 90, 3);
  weights[89 * 2 + 1] = 0x01;
  ImageMemory memory = imageOf(describe({70, 90}, "inplace<12>"), weights);
  auto *header = reinterpret_cast<ImageHeader *>(memory.span().data());
  header->shape[1] = 75;
  header->seal();
  auto image = WeightImage::open(memory.span());
  ASSERT_TRUE(holds(image));
  EXPECT_THAT(messageOf(image->check(pool)), testing::HasSubstr("points outside its unit"));
}

TEST_F(WeightImageTest, CutOrMisplacedMemoryIsRefused) {
  ImageMemory sound = imageOf(describe({70, 90}, "inplace<12>"), bf16Weights(70 * 90, 3));
  for (size_t size : {size_t(0), size_t(63), sizeof(ImageHeader), sound.span().size() - 1})
    EXPECT_FALSE(WeightImage::open(sound.span().first(size)));
  auto misplaced = WeightImage::open(sound.span().subspan(8));
  ASSERT_FALSE(misplaced);
  EXPECT_EQ(misplaced.error().getKind(), ErrorKind::Usage);
}

TEST_F(WeightImageTest, WhatHasNoFormIsRefused) {
  auto messageFor = [&](const TensorDescription &description, uint64_t bytes) {
    ImageMemory memory(size_t(1) << 16);
    auto image = WeightImage::encode({description.element, description.shape, Bytes(bytes), 0, 0},
                                     description.format, memory.span(), pool);
    auto most = WeightImage::maxBytes(description);
    if (!most)
      EXPECT_EQ(messageOf(most), messageOf(image));
    return messageOf(image);
  };
  EXPECT_THAT(messageFor(describe({64}, "raw"), 128), testing::HasSubstr("has 2 to 4 dimensions"));
  EXPECT_THAT(messageFor(describe({64, 64}, "huffman<12,2>"), 8192),
              testing::HasSubstr("units of a fixed size"));
  EXPECT_THAT(messageFor(describe({64, 64}, "inplace<12>, storage=k_major"), 8192),
              testing::HasSubstr("n_major"));
  EXPECT_THAT(messageFor(describe({64, 64}, "raw", ElementType::F32), 16384),
              testing::HasSubstr("has elements of 8 or 16 bits, got f32"));
  EXPECT_EQ(messageOf(WeightImage::maxBytes(describe({uint64_t(1) << 60, 1}, "raw"))),
            "the weight is too large for memory");
  EXPECT_THAT(messageFor(describe({64, 64}, "inplace<12>"), 8190), testing::HasSubstr("8190"));
}

//===----------------------------------------------------------------------===//
// From containers
//===----------------------------------------------------------------------===//

class LoadImageTest : public WeightImageTest {
protected:
  /// A container of a tensor `w`, compressed in a format or by a policy.
  Container compress(const std::vector<uint64_t> &shape, const Bytes &bytes, const char *format) {
    writeTensors(folder / "w.safetensors", {{"w", "BF16", shape, bytes}});
    CompressOptions options;
    std::filesystem::remove(path);
    auto choice = parseFormatChoice(format, "format");
    EXPECT_TRUE(holds(choice));
    options.format = *choice;
    EXPECT_TRUE(holds(compressFile(folder / "w.safetensors", path, options)));
    return open();
  }
  Container open() {
    auto container = Container::open(path);
    EXPECT_TRUE(holds(container));
    return *std::move(container);
  }
  Expected<WeightImage> load(const Container &container, const Format &format,
                             const ImageMemory &memory) {
    auto reader = container.reader(**container.find("w"));
    if (!reader)
      return reader.takeError();
    return WeightImage::load(*reader, format, memory.span(), pool);
  }

  TemporaryFolder folder;
  std::string path = folder / "packed.safetensors";
};

/// Images of stored weights hold the weight. They are those of the dense weight to the byte where
/// the model is made from its elements, and else where the stored model says of it what they do.
TEST_F(LoadImageTest, EveryStoredFormatIsLoaded) {
  uint64_t equal = 0, all = 0;
  for (const char *stored :
       {"best-size", "smallest", "fast", "raw", "inplace<12>",
        "huffman<12,2>, context=row_class<4>", "huffman<12,2>, storage=k_major"})
    for (std::vector<uint64_t> shape : std::vector<std::vector<uint64_t>>{
             {1, 1}, {255, 333}, {512, 256}, {3, 130, 200}, {65537, 2}})
      for (const char *format : {"inplace<12>", "raw"}) {
        SCOPED_TRACE(std::string(stored) + " " + testing::PrintToString(shape) + " " + format);
        Bytes bytes = makeTensor(ElementType::BF16, shape, Distribution::StudentT4, 6);
        Container container = compress(shape, bytes, stored);
        TensorDescription description = describe(shape, format);
        ImageMemory memory = memoryFor(description);
        auto image = load(container, description.format, memory);
        ASSERT_TRUE(holds(image));
        memory.shrink(image->bytes());
        expectHolds(memory, bytes);
        ImageMemory expected = encode(description, bytes, pool);
        bool isEqual = std::ranges::equal(memory.span(), expected.span());
        bool isFromElements = stored == std::string("raw") || format == std::string("raw") ||
                              std::string(stored).ends_with("k_major");
        EXPECT_TRUE(isEqual || !isFromElements);
        equal += isEqual;
        ++all;
      }
  EXPECT_GE(equal * 10, all * 8);
}

TEST_F(LoadImageTest, DamageIsOneError) {
  Bytes bytes = bf16Weights(256 * 300, 8);
  compress({256, 300}, bytes, "fast");
  Bytes sound = readBytes(path);
  TensorDescription description = describe({256, 300}, "inplace<12>");
  ImageMemory memory = memoryFor(description);
  Random random(9);
  uint64_t found = 0;
  for (int trial = 0; trial < 100; ++trial) {
    Bytes damaged = sound;
    damaged[sound.size() / 4 + random.below(sound.size() * 3 / 4)] ^= 0x10;
    writeBytes(path, damaged);
    auto container = Container::open(path);
    if (!container)
      continue;
    auto image = load(*container, description.format, memory);
    if (image) {
      EXPECT_EQ(decode(*image, bytes.size()), bytes);
      continue;
    }
    ++found;
    EXPECT_EQ(image.error().getKind(), ErrorKind::Invalid);
    EXPECT_FALSE(WeightImage::open(memory.span()));
  }
  EXPECT_GE(found, 50u);
}

TEST_F(LoadImageTest, WhatHasNoFormIsRefused) {
  Container container = compress({64}, bf16Weights(64, 1), "raw");
  EXPECT_EQ(messageOf(load(container, parsedFormat("raw"), ImageMemory(4096))),
            "a weight in memory has 2 to 4 dimensions, got 1");
}

} // namespace
