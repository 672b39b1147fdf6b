//===- TensorSliceTest.cpp - Parts of tensors ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules part-1 to part-3 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;

namespace {

constexpr uint64_t expertCount = 3, rows = 150, columns = 90;

/// Rows and columns of matrices [first, last) of a tensor [experts, rows, columns] of 16 bits.
Bytes slice(const Bytes &whole, IndexRange matrices, IndexRange r, IndexRange c) {
  Bytes out;
  for (uint64_t m = matrices.begin; m < matrices.end; ++m)
    for (uint64_t row = r.begin; row < r.end; ++row)
      for (uint64_t column = c.begin; column < c.end; ++column)
        for (unsigned byte = 0; byte < 2; ++byte)
          out.push_back(whole[((m * rows + row) * columns + column) * 2 + byte]);
  return out;
}

/// One file with the same weights stored in four ways.
class TensorSliceTest : public testing::Test {
protected:
  void SetUp() override {
    weights = bf16Weights(expertCount * rows * columns, 1);
    std::vector<TestTensor> tensors;
    for (const char *name : {"fragment", "k_major", "raw"})
      tensors.push_back({name, "BF16", {expertCount, rows, columns}, weights});
    // Not equal to each other, or they would be stored once.
    for (size_t i = 0; i < tensors.size(); ++i)
      tensors[i].bytes[0] ^= static_cast<uint8_t>(i);
    tensors.push_back({"wte.weight", "BF16", {expertCount * rows, columns}, weights});
    tensors.push_back({"vector", "BF16", {rows}, slice(weights, {0, 1}, {0, rows}, {0, 1})});
    tensors.push_back({"nibbles", "F4", {4, 6}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}});
    writeTensors(folder / "a", tensors);
    CompressOptions options;
    options.threads = 1;
    options.kMajor = {"k_major"};
    options.exclude = {"raw"};
    ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
    auto opened = Container::open(folder / "c");
    ASSERT_TRUE(holds(opened));
    container.emplace(*std::move(opened));
  }

  Expected<TensorBytes> read(const std::string &name, const TensorSlice &part) {
    UWT_ASSIGN_OR_RETURN(const TensorEntry *entry, container->find(name));
    UWT_ASSIGN_OR_RETURN(TensorReader reader, container->reader(*entry));
    return reader.readSlice(part, pool);
  }

  TemporaryFolder folder;
  Bytes weights;
  std::optional<Container> container;
  ThreadPool pool{2};
};

} // namespace

TEST_F(TensorSliceTest, RowsColumnsAndExpertsOfEveryStorage) {
  EXPECT_TRUE((*container->find("fragment"))->compressed());
  EXPECT_EQ((*container->find("k_major"))->format->storage, Storage::KMajor);
  EXPECT_FALSE((*container->find("raw"))->compressed());
  for (const char *name : {"fragment", "k_major", "raw"}) {
    TensorSlice part;
    part.expert = 1;
    part.rows = IndexRange{10, 131};
    part.columns = IndexRange{7, 82};
    auto read = this->read(name, part);
    ASSERT_TRUE(holds(read)) << name;
    EXPECT_THAT(read->shape, ElementsAre(121, 75));
    EXPECT_EQ(read->bytes, slice(weights, {1, 2}, {10, 131}, {7, 82})) << name;

    part.expert.reset();
    part.rows = IndexRange{63, 65};
    read = this->read(name, part);
    ASSERT_TRUE(holds(read)) << name;
    EXPECT_THAT(read->shape, ElementsAre(expertCount, 2, 75));
    EXPECT_EQ(read->bytes, slice(weights, {0, expertCount}, {63, 65}, {7, 82})) << name;
  }
}

TEST_F(TensorSliceTest, SingleRowsOfAnEmbedding) {
  EXPECT_EQ((*container->find("wte.weight"))->format->layout, Layout::RowMajor);
  for (uint64_t row : {0, 63, 64, 200, 449}) {
    TensorSlice part;
    part.rows = IndexRange{row, row + 1};
    auto read = this->read("wte.weight", part);
    ASSERT_TRUE(holds(read));
    EXPECT_THAT(read->shape, ElementsAre(1, columns));
    EXPECT_EQ(read->bytes, slice(weights, {0, 1}, {row, row + 1}, {0, columns})) << row;
  }
}

TEST_F(TensorSliceTest, RanksCoverTheTensorOnce) {
  for (bool alongColumns : {false, true})
    for (uint64_t count : {1, 4, 7, 100}) {
      uint64_t covered = 0;
      for (uint64_t rank = 0; rank < count; ++rank) {
        TensorSlice part;
        part.expert = 2;
        part.rank = TensorSlice::Rank{rank, count, alongColumns};
        auto read = this->read("fragment", part);
        ASSERT_TRUE(holds(read));
        uint64_t size = read->shape[alongColumns ? 1 : 0];
        IndexRange along{covered, covered + size};
        EXPECT_EQ(read->bytes, slice(weights, {2, 3}, alongColumns ? IndexRange{0, rows} : along,
                                     alongColumns ? along : IndexRange{0, columns}));
        covered += size;
      }
      EXPECT_EQ(covered, alongColumns ? columns : rows);
    }
}

TEST_F(TensorSliceTest, AVectorHasRowsOnly) {
  TensorSlice part;
  part.rank = TensorSlice::Rank{1, 4, false};
  auto read = this->read("vector", part);
  ASSERT_TRUE(holds(read));
  EXPECT_THAT(read->shape, ElementsAre(38));
  EXPECT_EQ(read->bytes, slice(weights, {0, 1}, {38, 76}, {0, 1}));
  part.rank->alongColumns = true;
  EXPECT_EQ(messageOf(this->read("vector", part)),
            folder / "c" + ": tensor 'vector': a tensor of rank 1 has no columns");
}

TEST_F(TensorSliceTest, PartsOfSmallElementsEndAtWholeBytes) {
  TensorSlice part;
  part.rows = IndexRange{1, 3};
  auto read = this->read("nibbles", part);
  ASSERT_TRUE(holds(read));
  EXPECT_EQ(read->bytes, (Bytes{4, 5, 6, 7, 8, 9}));
  part.columns = IndexRange{2, 4};
  read = this->read("nibbles", part);
  ASSERT_TRUE(holds(read));
  EXPECT_EQ(read->bytes, (Bytes{5, 8}));
  part.columns = IndexRange{1, 3};
  EXPECT_EQ(messageOf(this->read("nibbles", part)),
            folder / "c" + ": tensor 'nibbles': elements of 4 bits: this part does not begin and "
                           "end at whole bytes");
}

TEST_F(TensorSliceTest, PartsThatDoNotFitAreUsageErrors) {
  std::string where = folder / "c" + ": tensor 'fragment': ";
  TensorSlice part;
  part.expert = 3;
  EXPECT_EQ(messageOf(read("fragment", part)), where + "expert 3 of 3 does not exist");
  part = {};
  part.rows = IndexRange{5, 151};
  EXPECT_EQ(messageOf(read("fragment", part)), where + "rows 5:151 are not inside 0:150");
  part.rows = IndexRange{5, 4};
  EXPECT_EQ(messageOf(read("fragment", part)), where + "rows 5:4 are not inside 0:150");
  part.rows = IndexRange{0, 1};
  part.rank = TensorSlice::Rank{0, 2, false};
  EXPECT_EQ(messageOf(read("fragment", part)),
            where + "a rank's part and a range cannot both divide the rows");
  part = {};
  part.rank = TensorSlice::Rank{2, 2, false};
  EXPECT_EQ(messageOf(read("fragment", part)), where + "rank 2 of 2: ranks are numbered from 0");
  part = {};
  part.expert = 0;
  EXPECT_EQ(messageOf(read("wte.weight", part)),
            folder / "c" + ": tensor 'wte.weight': a tensor of rank 2 has no experts; expected "
                           "rank 3 or more");
}

TEST_F(TensorSliceTest, ReadsAndChecksOnlyThePanelsThatHoldIt) {
  // Damage in the last panel, which holds the last rows of expert 2, does not touch the others.
  const TensorEntry &entry = **container->find("fragment");
  auto file = SafetensorsFile::open(folder / "c");
  ASSERT_TRUE(holds(file));
  const SafetensorsTensor *raw = file->header().find("fragment.uwt.raw");
  ASSERT_NE(raw, nullptr);
  Bytes bytes = readBytes(folder / "c");
  bytes[file->prefix().size() + raw->begin + entry.planeBytes[unsigned(PlaneKind::Raw)] - 1] ^= 1;
  writeBytes(folder / "c", bytes);
  container.emplace(*Container::open(folder / "c"));
  TensorSlice part;
  part.expert = 2;
  part.rows = IndexRange{0, 60};
  auto intact = this->read("fragment", part);
  ASSERT_TRUE(holds(intact));
  EXPECT_EQ(intact->bytes, slice(weights, {2, 3}, {0, 60}, {0, columns}));
  part.rows = IndexRange{127, 129};
  auto damaged = this->read("fragment", part);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().getKind(), ErrorKind::Invalid);
}

TEST(RankRange, LastRanksHaveLessOrNothing) {
  EXPECT_EQ(*rankRange(10, 0, 4), (IndexRange{0, 3}));
  EXPECT_EQ(*rankRange(10, 3, 4), (IndexRange{9, 10}));
  EXPECT_EQ(*rankRange(3, 3, 8), (IndexRange{3, 3}));
  EXPECT_EQ(*rankRange(0, 0, 3), (IndexRange{0, 0}));
  EXPECT_EQ(*rankRange(UINT64_MAX, 1, 2), (IndexRange{uint64_t(1) << 63, UINT64_MAX}));
  EXPECT_EQ(*rankRange(5, UINT64_MAX - 1, UINT64_MAX), (IndexRange{5, 5}));
  EXPECT_FALSE(rankRange(5, 0, 0));
}
