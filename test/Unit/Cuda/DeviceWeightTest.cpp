//===- DeviceWeightTest.cpp - Weights as kernels find them ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/DeviceWeight.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "CudaTesting.h"
#include <cstring>
#include <gmock/gmock.h>
#include <random>
#include <set>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

static const std::vector<std::vector<uint64_t>> shapes = {
    {1, 1}, {17, 33}, {65, 64}, {3, 65, 100}, {0, 64}, {64, 0}, {40}, {70, 1100}, {130, 257}};

static Expected<LoadedWeight> load(const EncodedCase &encoded, ThreadPool &pool) {
  return LoadedWeight::fromPlanes(encoded.description, viewsOf(encoded.planes), std::nullopt, pool);
}

static Expected<LoadedWeight> loadSample(std::string_view format, std::vector<uint64_t> shape,
                                         Distribution distribution = Distribution::StudentT4) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, std::move(shape), parsedFormat(format)};
  UWT_ASSIGN_OR_RETURN(EncodedCase encoded, encodeCase(description, distribution, 3, pool));
  return load(encoded, pool);
}

//===----------------------------------------------------------------------===//
// The host's model of a kernel
//===----------------------------------------------------------------------===//

/// A panel's records, put together from what a kernel reads, group by group and strip by strip, and
/// what is wrong with where they are.
struct FoundRecords {
  std::vector<uint32_t> words;
  std::vector<uint32_t> counts;
  std::string problem;
};

static FoundRecords recordsOf(const LoadedWeight &weight, const DeviceTables &tables,
                              uint64_t panel) {
  FoundRecords found;
  const CodingPlan &plan = weight.plan();
  std::span<const uint8_t> patch = weight.buffer(PlaneKind::Patch);
  uint64_t groups = escapeEntriesInPanel(plan);
  uint64_t begin = tables.panels[panel].records;
  if (begin % escapeEntriesMultiple != 0)
    found.problem = "the panel's groups are not aligned";
  uint64_t padded = roundUp(groups, escapeEntriesMultiple);
  if (begin + padded > tables.escapes.size())
    found.problem = "the panel's groups leave the plane";
  for (uint64_t group = 0; group < padded && found.problem.empty(); ++group) {
    const DeviceEscapeEntry &entry = tables.escapes[begin + group];
    uint64_t at = entry.first;
    for (uint8_t count : entry.counts) {
      if (group < groups)
        found.counts.push_back(count);
      else if (count != 0)
        found.problem = "padding has records";
      for (uint64_t i = 0; i < uint64_t(count) * escapeRecordU32(plan.format); ++i, ++at) {
        if (at * 4 + 4 > patch.size()) {
          found.problem = "a record leaves the plane";
          return found;
        }
        uint32_t word;
        std::memcpy(&word, patch.data() + at * 4, 4);
        found.words.push_back(word);
      }
    }
    if (at * 4 > patch.size())
      found.problem = "a group begins outside the plane";
  }
  return found;
}

/// Whether entries are a strip's of a unit, and count by its groups.
static bool hasWideUnits(const CodingPlan &plan) {
  return plan.format.layout == Layout::Fragment16x16 && plan.traits.unit.groups() > 1;
}

static std::vector<uint32_t> sumsOfFour(const std::vector<uint32_t> &counts) {
  std::vector<uint32_t> sums;
  for (size_t i = 0; i < counts.size(); i += 4)
    sums.push_back(counts[i] + counts[i + 1] + counts[i + 2] + counts[i + 3]);
  return sums;
}

/// Compares all panels with what the CPU's structures say.
static void expectSameRecords(const LoadedWeight &weight) {
  auto tables = deviceTables(weight);
  ASSERT_TRUE(holds(tables));
  const CodingPlan &plan = weight.plan();
  ASSERT_EQ(tables->panels.size(), weight.panels().size());
  for (uint64_t panel = 0; panel < tables->panels.size(); ++panel) {
    SCOPED_TRACE("panel " + std::to_string(panel));
    const PanelEntry &entry = weight.panels()[panel];
    const DevicePanelEntry &made = tables->panels[panel];
    EXPECT_EQ(made.words, entry.words);
    EXPECT_EQ(made.raw, entry.raw);
    EXPECT_EQ(made.code, entry.code);
    EXPECT_EQ(made.patch, entry.patch);
    EXPECT_EQ(made.storedAsWords, entry.storedAsWords);
    if (!hasEscapeEntries(plan))
      continue;
    FoundRecords found = recordsOf(weight, *tables, panel);
    ASSERT_EQ(found.problem, "");
    auto *patch = static_cast<const uint32_t *>(weight.view().patch);
    std::vector<uint32_t> stored(patch + entry.patch, patch + entry.patch + entry.patchU32);
    EXPECT_EQ(found.words, stored);
    uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
    size_t strips = divideUp(rows, stripRows);
    uint64_t units = entry.storedAsWords ? 0 : fixedPanelSizes(plan, rows).counts;
    if (hasWideUnits(plan))
      found.counts = sumsOfFour(found.counts);
    if (units)
      ASSERT_EQ(units, found.counts.size() / 4 * strips) << "groups are not the codec's units";
    for (size_t i = 0; i < found.counts.size(); ++i)
      EXPECT_EQ(found.counts[i], units && i % 4 < strips
                                     ? weight.counts()[entry.counts + i / 4 * strips + i % 4]
                                     : 0);
  }
}

class DeviceTablesTest : public testing::TestWithParam<std::string> {};

TEST_P(DeviceTablesTest, LeadToEveryRecord) {
  ThreadPool pool(1);
  for (Distribution distribution : {Distribution::StudentT4, Distribution::RandomPanelInside,
                                    Distribution::OneOutlier, Distribution::AllNaN})
    for (const std::vector<uint64_t> &shape : shapes) {
      TensorDescription description{ElementType::BF16, shape, parsedFormat(GetParam())};
      auto encoded = encodeCase(description, distribution, 5, pool);
      if (!encoded) // Not a composition for this rank, or escapes where there may be none.
        continue;
      SCOPED_TRACE(encoded->name() + " " + std::string(distributionName(distribution)));
      auto weight = load(*encoded, pool);
      ASSERT_TRUE(holds(weight));
      if (hasEscapeEntries(weight->plan()) && weight->plan().format.layout == Layout::RowMajor)
        EXPECT_FALSE(deviceTables(*weight));
      else
        expectSameRecords(*weight);
    }
}

TEST_P(DeviceTablesTest, FollowTheIndexWhateverPlanesHold) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {130, 257}, parsedFormat(GetParam())};
  auto encoded = encodeCase(description, Distribution::StudentT4, 7, pool);
  if (!encoded)
    GTEST_SKIP() << "no format for a matrix";
  for (PlaneKind kind : {PlaneKind::Code, PlaneKind::Patch, PlaneKind::Raw, PlaneKind::Words})
    for (uint8_t &byte : encoded->planes.planes[numberOf(kind)])
      byte = 0xA5;
  LoadOptions unchecked;
  unchecked.check = false;
  auto weight = LoadedWeight::fromPlanes(encoded->description, viewsOf(encoded->planes),
                                         std::nullopt, pool, unchecked);
  ASSERT_TRUE(holds(weight));
  if (hasEscapeEntries(weight->plan()) && weight->plan().format.layout == Layout::RowMajor)
    EXPECT_FALSE(deviceTables(*weight));
  else
    expectSameRecords(*weight);
}

/// A damaged index is refused by the loader, or its counts still lead to records only.
class DamagedIndexTest : public testing::TestWithParam<std::string> {};

/// A format for each number of columns that a unit with escape entries has.
static std::vector<std::string> formatsOfEachUnit() {
  std::set<uint32_t> seen;
  return formatsWith([&](const Format &format, const CodecTraits &traits) {
    return traits.rate == Rate::Fixed && format.layout == Layout::Fragment16x16 &&
           format.escapes != Escapes::None && seen.insert(traits.unit.columns).second;
  });
}

TEST_P(DamagedIndexTest, TablesStayInside) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {130, 257}, parsedFormat(GetParam())};
  auto encoded = encodeCase(description, Distribution::StudentT4, 7, pool);
  ASSERT_TRUE(holds(encoded));
  LoadOptions unchecked;
  unchecked.check = false;
  auto &index = encoded->planes.planes[numberOf(PlaneKind::Index)];
  int loaded = 0;
  for (size_t i = 0; i < index.size(); ++i)
    for (uint8_t change : {1, 0x80}) {
      index[i] ^= change;
      auto weight = LoadedWeight::fromPlanes(encoded->description, viewsOf(encoded->planes),
                                             std::nullopt, pool, unchecked);
      index[i] ^= change;
      if (!weight)
        continue;
      ++loaded;
      expectSameRecords(*weight);
    }
  EXPECT_GT(loaded, 0);
}

INSTANTIATE_TEST_SUITE_P(Units, DamagedIndexTest, testing::ValuesIn(formatsOfEachUnit()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return testNameOf(info.param);
                         });

INSTANTIATE_TEST_SUITE_P(Formats, DeviceTablesTest, testing::ValuesIn(loadedFormats()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return testNameOf(info.param);
                         });

/// Most exponents are 110 to 119, one in ten is 60 to 63.
static Bytes twoRangesOfExponents(uint64_t count) {
  std::mt19937 random(7);
  Bytes bytes;
  for (uint64_t i = 0; i < count; ++i) {
    auto word = static_cast<uint16_t>(
        (random() % 10 == 0 ? 60 + random() % 4 : 110 + random() % 10) << 7 | random() % 128);
    bytes.push_back(static_cast<uint8_t>(word & 0xFF));
    bytes.push_back(static_cast<uint8_t>(word >> 8));
  }
  return bytes;
}

TEST_P(DeviceTablesTest, OfPrefixCodesSayTheCommonestWindow) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {70, 1100}, parsedFormat(GetParam())};
  auto weight = LoadedWeight::fromBytes(description, twoRangesOfExponents(70 * 1100), pool);
  ASSERT_TRUE(holds(weight));
  auto tables = deviceTables(*weight);
  if (!tables) // Escapes in an order that no kernel reads: OfRowMajorEscapesAreRefused.
    return;
  std::vector<uint32_t> table = tables->table;
  if (weight->plan().traits.rate == Rate::Prefix) {
    uint32_t window = table.back(), base = window & 0xFFFF;
    table.pop_back();
    EXPECT_EQ(window, base * 0x00010001);
    if (weight->plan().split.symbolBits > 8) {
      EXPECT_EQ(window, 0u);
    } else if (weight->plan().traits.maxLength >= 8) { // Shorter codes are of fewer symbols.
      EXPECT_LE(base, 110);
      EXPECT_GE(base + 15, 119);
    }
  }
  EXPECT_EQ(table, std::vector<uint32_t>(weight->table().begin(), weight->table().end()));
}

TEST(DeviceTables, OfADenseWeightAreRefused) {
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {4, 4}, parsedFormat("raw")};
  LoadOptions dense;
  dense.dense = true;
  auto weight = LoadedWeight::fromBytes(description, Bytes(32), pool, dense);
  ASSERT_TRUE(holds(weight));
  EXPECT_EQ(messageOf(deviceTables(*weight)),
            "a dense weight has no planes for a kernel; load it in the format raw");
}

TEST(DeviceTables, OfRowMajorEscapesAreRefused) {
  auto weight = loadSample("window<4>, layout=row_major", {70, 100});
  ASSERT_TRUE(holds(weight));
  EXPECT_EQ(messageOf(deviceTables(*weight)),
            "no kernel reads the escapes of window<4>, layout=row_major; run it from a format with "
            "layout=fragment<16x16>");
}

//===----------------------------------------------------------------------===//
// Upload
//===----------------------------------------------------------------------===//

static Bytes bytesAt(DeviceRange part) {
  auto *begin = reinterpret_cast<const uint8_t *>(part.address);
  return {begin, begin + part.bytes};
}

static Bytes copyOf(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

/// What kernels read where matrices lie as products have them.
static std::vector<std::string> formatsOfKernels() {
  return formatsWith([](const Format &format, const CodecTraits &) {
    return format.layout == Layout::Fragment16x16 && format.storage == Storage::NMajor &&
           !format.hasScales();
  });
}

class DeviceUploadTest : public testing::TestWithParam<std::string> {};

TEST_P(DeviceUploadTest, HoldsThePlanesAsLoaded) {
  FakeCuda &fake = freshFakeCuda();
  auto loaded = loadSample(GetParam(), {3, 130, 257}, Distribution::RandomPanelInside);
  ASSERT_TRUE(holds(loaded));
  auto tables = deviceTables(*loaded);
  ASSERT_TRUE(holds(tables));
  {
    auto device = fakeDevice();
    auto stream = CudaStream::create(*device);
    auto weight = DeviceWeight::upload(*device, *loaded, *stream);
    ASSERT_TRUE(holds(weight));
    EXPECT_EQ(weight->rows(), 130u);
    EXPECT_EQ(weight->columns(), 257u);
    EXPECT_EQ(weight->matrices(), 3u);
    EXPECT_EQ(weight->format(), parsedFormat(GetParam()));
    using enum ArgumentKind;
    const std::pair<ArgumentKind, PlaneKind> planes[] = {{Words, PlaneKind::Words},
                                                         {Raw, PlaneKind::Raw},
                                                         {Code, PlaneKind::Code},
                                                         {Patch, PlaneKind::Patch},
                                                         {Low, PlaneKind::Low}};
    uint64_t bytes = 0;
    for (auto [kind, plane] : planes) {
      DeviceRange buffer = weight->buffer(kind, 1);
      EXPECT_EQ(buffer.address % devicePlaneAlignment, 0u);
      EXPECT_EQ(bytesAt(buffer), copyOf(loaded->buffer(plane))) << nameOf(kind);
      bytes += buffer.bytes;
      // Zeros follow; of what the format does not have there is nothing else.
      EXPECT_EQ(bytesAt({buffer.address + buffer.bytes, devicePlaneAlignment}),
                Bytes(devicePlaneAlignment));
    }
    EXPECT_NE(bytes, 0u);
    EXPECT_EQ(weight->buffer(Low, 0).bytes, 0u); // bf16 has no lower halves.
    // A matrix has its own panels, and all records.
    DeviceRange panels = weight->buffer(Panels, 2);
    ASSERT_EQ(panels.bytes, 3 * sizeof(DevicePanelEntry));
    EXPECT_EQ(std::memcmp(reinterpret_cast<const void *>(panels.address), &tables->panels[6],
                          panels.bytes),
              0);
    EXPECT_EQ(weight->buffer(Records, 2).bytes, tables->escapes.size() * 8);
    EXPECT_EQ(weight->buffer(Panels, 3).bytes, 0u);
    EXPECT_EQ(fake.memory.size(), 1u);
  }
  EXPECT_EQ(fake.held(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Formats, DeviceUploadTest, testing::ValuesIn(formatsOfKernels()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return testNameOf(info.param);
                         });

TEST(DeviceWeightTest, HasWordsOnlyOfPanelsThatAreStoredAsWords) {
  freshFakeCuda();
  ThreadPool pool(1);
  TensorDescription description{ElementType::BF16, {640, 257}, parsedFormat("inplace<12>")};
  // Coded when it is loaded: there is room for the words of every panel.
  Bytes bytes =
      makeTensor(ElementType::BF16, description.shape, Distribution::RandomPanelInside, 3);
  auto loaded = LoadedWeight::fromBytes(description, bytes, pool);
  ASSERT_TRUE(holds(loaded));
  auto device = fakeDevice();
  auto stream = CudaStream::create(*device);
  auto weight = DeviceWeight::upload(*device, *loaded, *stream);
  ASSERT_TRUE(holds(weight));
  const CodingPlan &plan = loaded->plan();
  uint64_t panelBytes = fieldBytes(plan.format.layout, 64, 257, 16), found = 0;
  Bytes words = bytesAt(weight->buffer(ArgumentKind::Words, 0));
  std::vector<DevicePanelEntry> entries(10);
  std::memcpy(entries.data(),
              reinterpret_cast<const void *>(weight->buffer(ArgumentKind::Panels, 0).address), 480);
  for (size_t panel = 0; panel < 10; ++panel) {
    if (!entries[panel].storedAsWords)
      continue;
    ++found;
    ASSERT_LE(entries[panel].words * 4 + panelBytes, words.size());
    EXPECT_EQ(entries[panel].words * 4 % 64, 0u);
    EXPECT_EQ(
        std::memcmp(words.data() + entries[panel].words * 4,
                    loaded->buffer(PlaneKind::Words).data() + loaded->panels()[panel].words * 4,
                    panelBytes),
        0);
  }
  EXPECT_GT(found, 0u);
  EXPECT_LT(found, 10u);
  EXPECT_LT(words.size(), (found + 1) * panelBytes);
}

TEST(DeviceWeightTest, HasRowClassesAndLowHalves) {
  freshFakeCuda();
  ThreadPool pool(1);
  TensorDescription description{
      ElementType::F32, {2, 70, 64}, parsedFormat("huffman<12,1>, context=row_class<2>")};
  auto encoded = encodeCase(description, Distribution::Gaussian, 3, pool);
  ASSERT_TRUE(holds(encoded));
  auto loaded = load(*encoded, pool);
  ASSERT_TRUE(holds(loaded));
  auto device = fakeDevice();
  auto stream = CudaStream::create(*device);
  auto weight = DeviceWeight::upload(*device, *loaded, *stream);
  ASSERT_TRUE(holds(weight));
  DeviceRange classes = weight->buffer(ArgumentKind::Classes, 1);
  EXPECT_EQ(classes.bytes, 2u * 64);
  EXPECT_EQ(std::memcmp(reinterpret_cast<const void *>(classes.address),
                        static_cast<const uint8_t *>(loaded->view().classes) + 128, 128),
            0);
  EXPECT_EQ(weight->buffer(ArgumentKind::Low, 1).bytes, 2 * lowPanelBytes(64));
  EXPECT_EQ(weight->buffer(ArgumentKind::Records, 0).bytes, 0u);
}

TEST(DeviceWeightTest, OfNothingIsUploaded) {
  FakeCuda &fake = freshFakeCuda();
  auto loaded = loadSample("inplace<12>", {0, 64});
  ASSERT_TRUE(holds(loaded));
  auto device = fakeDevice();
  auto stream = CudaStream::create(*device);
  auto weight = DeviceWeight::upload(*device, *loaded, *stream);
  ASSERT_TRUE(holds(weight));
  EXPECT_EQ(weight->buffer(ArgumentKind::Panels, 0).bytes, 0u);
  EXPECT_EQ(fake.memory.size(), 1u);
}
