//===- StackTest.cpp - Small tensors that are stored as one ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

namespace {

TestTensor memberWeights(std::string name, std::vector<uint64_t> shape, unsigned seed,
                         ElementType element = ElementType::BF16) {
  Bytes bytes = makeTensor(element, shape, Distribution::RowScaled, seed);
  return {std::move(name), std::string(getTraits(element).safetensorsName), std::move(shape),
          std::move(bytes)};
}

/// Five experts of one shape, with others in between.
std::vector<TestTensor> experts() {
  return {memberWeights("e.0", {40, 70}, 1),
          memberWeights("norm", {70}, 2),
          memberWeights("e.1", {40, 70}, 3),
          memberWeights("e.2", {40, 70}, 4),
          memberWeights("gate", {24, 70}, 5),
          memberWeights("e.3", {40, 70}, 6),
          memberWeights("half", {40, 70}, 7, ElementType::F16),
          memberWeights("e.4", {40, 70}, 8)};
}

class StackTest : public testing::Test {
protected:
  /// Compresses to `c` and opens that.
  Expected<Container> compressed(const std::vector<TestTensor> &tensors,
                                 const CompressOptions &options = compressOnOneThread()) {
    writeTensors(folder / "a", tensors);
    UWT_RETURN_IF_ERROR(compressFile(folder / "a", folder / "c", options));
    return Container::open(folder / "c");
  }
  void expectBytes(const Container &container, const std::vector<TestTensor> &tensors) {
    for (const TestTensor &tensor : tensors) {
      Expected<TensorReader> reader = container.reader(**container.find(tensor.name));
      ASSERT_TRUE(holds(reader));
      Bytes out(tensor.bytes.size());
      ASSERT_TRUE(holds(reader->read(out, pool)));
      EXPECT_EQ(out, tensor.bytes) << tensor.name;
    }
    EXPECT_TRUE(container.verify(pool)->passed());
  }

  TemporaryFolder folder;
  ThreadPool pool{2};
};

/// Names of the tensors of each stack.
std::vector<std::vector<std::string>> stacksOf(const Container &container) {
  std::map<std::string, std::map<uint64_t, std::string>> byName;
  for (const TensorEntry &entry : container.entries())
    if (entry.members > 1)
      byName[entry.stack][entry.member] = entry.name;
  std::vector<std::vector<std::string>> result;
  for (const auto &[name, members] : byName) {
    result.emplace_back();
    for (const auto &[number, member] : members)
      result.back().push_back(member);
  }
  return result;
}

TEST_F(StackTest, EqualShapesAreStoredAsOne) {
  std::vector<TestTensor> tensors = experts();
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_THAT(stacksOf(*container), ElementsAre(ElementsAre("e.0", "e.1", "e.2", "e.3", "e.4")));
  expectBytes(*container, tensors);
  // Planes of the first member alone, and one entry.
  const SafetensorsHeader &header = container->file().header();
  for (const SafetensorsTensor &stored : header.tensors)
    EXPECT_FALSE(stored.name.starts_with("e.") && !stored.name.starts_with("e.0.uwt."))
        << stored.name;
  EXPECT_NE(header.findMetadata("e.0.uwt"), nullptr);
  EXPECT_EQ(header.findMetadata("e.1.uwt"), nullptr);
  // Shares of the stack's bytes.
  uint64_t shares = 0, planes = 0;
  for (const TensorEntry &entry : container->entries())
    shares += entry.members > 1 ? entry.storedBytes : 0;
  for (const SafetensorsTensor &stored : header.tensors)
    planes += stored.name.starts_with("e.") ? stored.bytes() : 0;
  EXPECT_EQ(shares, planes);
  DecompressOptions back;
  ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", back)));
  EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
}

TEST_F(StackTest, MembersAreTensorsLikeAnyOther) {
  std::vector<TestTensor> tensors = experts();
  CompressOptions options = compressOnOneThread();
  options.format = parsedFormat("window<4>");
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  Expected<TensorReader> reader = container->reader(**container->find("e.3"));
  ASSERT_TRUE(holds(reader));
  TensorSlice part;
  part.rows = IndexRange{7, 9};
  part.columns = IndexRange{3, 70};
  Expected<TensorBytes> read = reader->readSlice(part, pool);
  ASSERT_TRUE(holds(read));
  Bytes expected;
  for (uint64_t row : {7, 8})
    expected.insert(expected.end(), tensors[5].bytes.begin() + (row * 70 + 3) * 2,
                    tensors[5].bytes.begin() + (row + 1) * 70 * 2);
  EXPECT_EQ(read->bytes, expected);
  const TensorDecoder *decoder = reader->decoder();
  ASSERT_NE(decoder, nullptr);
  EXPECT_EQ(decoder->panels(), 1u);
  EXPECT_EQ(decoder->description().members, 1u);
  EXPECT_EQ(decoder->description().shape, (std::vector<uint64_t>{40, 70}));
  uint64_t counted = 0;
  for (uint32_t count : decoder->panelEscapeCounts(0))
    counted += count;
  EXPECT_EQ(decoder->escapes(), counted);
}

TEST_F(StackTest, FoldedTensorsAreStacked) {
  std::vector<TestTensor> tensors = {
      memberWeights("a.conv", {32, 12, 3, 3}, 1), memberWeights("a.thin", {300, 6}, 2),
      memberWeights("b.conv", {32, 12, 3, 3}, 3), memberWeights("b.thin", {300, 6}, 4),
      memberWeights("c.thin", {300, 6}, 5, ElementType::F32)};
  tensors.push_back(memberWeights("d.thin", {300, 6}, 6, ElementType::F32));
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(stacksOf(*container).size(), 3u);
  EXPECT_NE((*container->find("b.conv"))[0].format->fold, Fold());
  expectBytes(*container, tensors);
  // A member of a flat stack is a whole number of panels.
  TensorSlice part;
  part.rows = IndexRange{299, 300};
  Expected<TensorBytes> row = container->reader(**container->find("b.thin"))->readSlice(part, pool);
  ASSERT_TRUE(holds(row));
  EXPECT_EQ(row->bytes, Bytes(tensors[3].bytes.end() - 12, tensors[3].bytes.end()));
}

TEST_F(StackTest, OnlySmallAndAlikeTensorsAreStacked) {
  std::vector<TestTensor> tensors = experts();
  CompressOptions options = compressOnOneThread();
  options.stackedBytes = 0;
  EXPECT_THAT(stacksOf(*compressed(tensors, options)), IsEmpty());
  options = compressOnOneThread();
  options.overwrite = true;
  // One of them lies otherwise: members are known by type and shape alone.
  options.kMajor = {"e.2"};
  EXPECT_THAT(stacksOf(*compressed(tensors, options)), IsEmpty());
  options.kMajor = {"t.*"};
  std::vector<TestTensor> lying = {memberWeights("t.0", {64, 80}, 1),
                                   memberWeights("t.1", {64, 80}, 2)};
  Expected<Container> transposed = compressed(lying, options);
  EXPECT_THAT(stacksOf(*transposed), ElementsAre(ElementsAre("t.0", "t.1")));
  EXPECT_EQ((*transposed->find("t.1"))[0].format->storage, Storage::KMajor);
  expectBytes(*transposed, lying);
  options.kMajor.clear();
  options.exclude = {"e.1", "e.4"};
  Expected<Container> fewer = compressed(tensors, options);
  EXPECT_THAT(stacksOf(*fewer), ElementsAre(ElementsAre("e.0", "e.2", "e.3")));
  expectBytes(*fewer, tensors);
  options.exclude.clear();
  std::vector<TestTensor> large = {memberWeights("a", {300, 300}, 1),
                                   memberWeights("b", {300, 300}, 2)};
  EXPECT_THAT(stacksOf(*compressed(large, options)), IsEmpty());
}

/// The smallest reader that the file asks for, 1 or 2.
uint64_t readerOf(const Container &container) {
  const std::string *entry = container.file().header().findMetadata("uwt");
  return entry && entry->find("\"reader\":1,") != std::string::npos ? 1 : 2;
}

TEST_F(StackTest, FewBytesAreNoReasonForANewReader) {
  // 6,240 bytes that would be stacked and folded, in a file of 256 times that and less.
  std::vector<TestTensor> tensors = {
      memberWeights("a", {40, 26}, 1), memberWeights("b", {40, 26}, 2),
      memberWeights("thin", {260, 4}, 3), memberWeights("large", {777, 1024}, 4)};
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(readerOf(*container), 2u);
  EXPECT_THAT(stacksOf(*container), ElementsAre(ElementsAre("a", "b")));
  CompressOptions options = compressOnOneThread();
  options.overwrite = true;
  tensors.back() = memberWeights("large", {778, 1024}, 4);
  container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(readerOf(*container), 1u);
  EXPECT_THAT(stacksOf(*container), IsEmpty());
  for (const TensorEntry &entry : container->entries())
    EXPECT_EQ(entry.reader(), 1u) << entry.name;
  expectBytes(*container, tensors);
  // A fold that is asked for is no choice.
  options.format = parsedFormat("huffman<12,2>, fold=flat<64>");
  container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(readerOf(*container), 2u);
}

TEST_F(StackTest, FewValuesAreAReasonForANewReader) {
  // Four-bit values of 64 rows, in a file of less than 256 times their bytes, and of more.
  auto natural = [](uint64_t rows) { return memberWeights("natural", {rows, 1024}, 2); };
  TestTensor few = memberWeights("few", {64, 1024}, 1);
  roundToFourBits(few.bytes);
  std::vector<TestTensor> tensors = {few, natural(640)};
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ((*container->find("few"))[0].reader(), 5u);
  EXPECT_THAT((*container->find("few"))[0].format->str(), testing::StartsWith("rans<12>"));
  EXPECT_THAT((*container->find("natural"))[0].format->str(), testing::StartsWith("huffman<12,1>"));
  expectBytes(*container, tensors);
  CompressOptions options = compressOnOneThread();
  options.overwrite = true;
  tensors.back() = natural(64 * 256);
  container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(readerOf(*container), 1u);
  EXPECT_THAT((*container->find("few"))[0].format->str(), testing::StartsWith("huffman<12,1>"));
  expectBytes(*container, tensors);
}

TEST_F(StackTest, EqualTensorsAreStillStoredOnce) {
  std::vector<TestTensor> tensors = experts();
  tensors.push_back({"tied", "BF16", {40, 70}, tensors[2].bytes});
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ((*container->find("tied"))[0].sameAs, "e.1");
  EXPECT_EQ((*container->find("tied"))[0].members, 1u);
  expectBytes(*container, tensors);
}

TEST_F(StackTest, NoiseStaysRaw) {
  std::vector<TestTensor> tensors;
  for (int i = 0; i < 3; ++i)
    tensors.push_back({"n." + std::to_string(i), "BF16", {33, 33}, randomBytes(33 * 33 * 2, i)});
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_THAT(stacksOf(*container), IsEmpty());
  for (const TensorEntry &entry : container->entries())
    EXPECT_TRUE(entry.rawChecksum.has_value());
  expectBytes(*container, tensors);
}

TEST_F(StackTest, HashesOfMembersAreKept) {
  std::vector<TestTensor> tensors = experts();
  CompressOptions options = compressOnOneThread();
  options.sha256 = true;
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  std::set<std::string> hashes;
  for (const TensorEntry &entry : container->entries()) {
    EXPECT_EQ(entry.sha256.size(), 64u) << entry.name;
    hashes.insert(entry.sha256);
  }
  EXPECT_EQ(hashes.size(), tensors.size());
  Expected<VerifyReport> report = container->verify(pool);
  ASSERT_TRUE(holds(report));
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->hashes, tensors.size() + 1);
}

TEST_F(StackTest, RoundedTensorsAreStacked) {
  std::vector<TestTensor> tensors = {memberWeights("a", {40, 70}, 1, ElementType::F32),
                                     memberWeights("b", {40, 70}, 2, ElementType::F32),
                                     memberWeights("bias", {70}, 3, ElementType::F32)};
  CompressOptions options = compressOnOneThread();
  options.castToBF16 = options.castVectors = true;
  writeTensors(folder / "a", tensors);
  Expected<FileReport> report = compressFile(folder / "a", folder / "c", options);
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->cast.tensors, 3u);
  EXPECT_EQ(report->cast.elements, 2u * 40 * 70 + 70);
  Expected<Container> container = Container::open(folder / "c");
  EXPECT_EQ(stacksOf(*container).size(), 1u);
  EXPECT_TRUE(container->verify(pool)->passed());
}

TEST_F(StackTest, ReportsAddUp) {
  std::vector<TestTensor> tensors = experts();
  CompressOptions options = compressOnOneThread();
  uint64_t told = 0;
  options.progress = [&](uint64_t bytes) {
    told += bytes;
    return true;
  };
  options.bounds = true;
  writeTensors(folder / "a", tensors);
  Expected<FileReport> report = compressFile(folder / "a", folder / "c", options);
  ASSERT_TRUE(holds(report));
  uint64_t stored = report->headerBytes, bytes = 0, compressed = 0;
  for (const TensorReport &line : report->tensors) {
    stored += line.storedBytes;
    bytes += line.bytes;
    compressed += !line.format.empty();
    EXPECT_EQ(line.stackMembers, line.name.starts_with("e.") ? 5u : 1u);
  }
  EXPECT_EQ(stored, readBytes(folder / "c").size());
  EXPECT_EQ(report->outputBytes, stored);
  EXPECT_EQ(told, bytes);
  EXPECT_GE(compressed, 5u);
  EXPECT_EQ(report->compressedTensors, compressed);
  EXPECT_EQ(report->rawTensors, tensors.size() - compressed);
}

TEST_F(StackTest, HeadersAreSmall) {
  std::vector<TestTensor> tensors;
  uint64_t names = 0;
  for (int layer = 0; layer < 8; ++layer)
    for (int expert = 0; expert < 32; ++expert) {
      std::string name = "model.layers." + std::to_string(layer) + ".mlp.experts." +
                         std::to_string(expert) + ".down_proj.weight";
      names += name.size();
      tensors.push_back(memberWeights(name, {24, 48}, unsigned(tensors.size())));
    }
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  // What the original's header takes, and next to nothing beside it.
  EXPECT_LT(container->file().prefix().size(),
            container->originalHeader().size() * 5 / 4 + names / 10 + 1024);
  expectBytes(*container, tensors);
}

/// Whatever the tensors are, they come back.
TEST_F(StackTest, AnyTensorsComeBack) {
  Random random(17);
  const std::vector<std::vector<uint64_t>> shapes = {
      {40, 70}, {1, 1024}, {1100, 1}, {2, 33, 20}, {8, 5, 3, 9}, {5, 0}, {1025}, {64, 64}, {}};
  for (int round = 0; round < (underSanitizer ? 4 : 24); ++round) {
    std::vector<TestTensor> tensors;
    for (uint64_t i = random.below(12); i-- > 0;) {
      auto element = dtypeElementTypes[random.below(std::size(dtypeElementTypes))];
      auto distribution = allDistributions[random.below(std::size(allDistributions))];
      const std::vector<uint64_t> &shape = shapes[random.below(shapes.size())];
      tensors.push_back({std::to_string(i), std::string(getTraits(element).safetensorsName), shape,
                         makeTensor(element, shape, distribution, random.below(5))});
    }
    CompressOptions options = compressOnOneThread();
    options.overwrite = true;
    options.minimumElements = random.below(2) ? 1 : 1024;
    std::vector<std::string> formats = registeredFormats();
    if (random.below(3) != 0)
      options.format = parsedFormat(formats[random.below(formats.size())]);
    Expected<Container> container = compressed(tensors, options);
    if (!container) {
      // A format that fits none of them.
      EXPECT_EQ(container.error().getKind(), ErrorKind::Usage);
      continue;
    }
    expectBytes(*container, tensors);
  }
}

} // namespace
