//===- BenchTest.cpp - What measurements share ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/Bench/BenchReport.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/Bench/MatrixSource.h"
#include "uwt/Bench/Samples.h"
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace uwt;
using namespace uwt::bench;
using namespace uwt::test;
using testing::ElementsAre;

TEST(BenchGrid, HasTheShapesOfTheModelsOnce) {
  std::vector<GridShape> shapes = allShapes();
  EXPECT_EQ(shapes.size(), 48u);
  EXPECT_EQ(shapes[2].name, "llama-3.1-8b, mixtral-8x7b");
  EXPECT_EQ(shapes.front().rows, 6144u);
  // Outputs of attention are divided along K.
  EXPECT_TRUE(std::ranges::any_of(
      shapes, [](const GridShape &s) { return s.rows == 4096 && s.columns == 512; }));
  EXPECT_EQ(quickShapes().size(), 3u);
}

TEST(BenchGrid, IsReadFromText) {
  auto shapes = parseShapes("deepseek-v3-expert,4100x4111");
  ASSERT_TRUE(holds(shapes));
  ASSERT_EQ(shapes->size(), 3u);
  EXPECT_EQ((*shapes)[2].columns, 4111u);
  // A model's name holds this as well.
  EXPECT_EQ(parseShapes("8x7")->front().rows, 8u);
  const std::string all = "--shapes takes all, quick, ",
                    shape = "models such as llama-3.1-8b, and shapes such as 4096x14336 (N x K, "
                            "at most 2^24), not ";
  EXPECT_EQ(messageOf(parseShapes("4096", "packs, ")), all + "packs, " + shape + "'4096'");
  EXPECT_EQ(messageOf(parseShapes("4096")), all + shape + "'4096'");
  EXPECT_EQ(messageOf(parseShapes("4096x0")), all + shape + "'4096x0'");
  EXPECT_EQ(messageOf(parseShapes("")), all + shape + "''");
  EXPECT_THAT(*parseM("1,64"), ElementsAre(1, 64));
  const std::string m = "--m takes all, quick, and different numbers from 1 to 65536, not ";
  EXPECT_EQ(messageOf(parseM("1,,2")), m + "''");
  EXPECT_EQ(messageOf(parseM("1,2,1")), m + "'1'");
}

TEST(BenchSamples, HaveQuantiles) {
  Samples samples{{4, 1, 3, 2}};
  EXPECT_EQ(samples.least(), 1);
  EXPECT_EQ(samples.sum(), 10);
  EXPECT_EQ(samples.median(), 2.5);
  EXPECT_DOUBLE_EQ(samples.quantile(0.1), 1.3);
  EXPECT_EQ(Samples().median(), 0);
  EXPECT_EQ(Samples().least(), 0);
}

TEST(BenchSamples, AreTakenUntilAnError) {
  unsigned runs = 0;
  auto once = [&]() -> Status { return ++runs < 3 ? ok() : Status(ioError("the third one")); };
  EXPECT_EQ(messageOf(takeSamples(5, once)), "the third one");
  EXPECT_EQ(runs, 3u);
  runs = 0;
  EXPECT_EQ(takeSamples(2, once)->seconds.size(), 2u);
  // At least three, however short the time is.
  EXPECT_EQ(takeSamplesFor(0, [] { return ok(); })->seconds.size(), 3u);
}

TEST(BenchFlags, CopiesAreMoreThanACacheHolds) {
  EXPECT_EQ(coldCopies(uint64_t(100) << 20), 3u);
  EXPECT_EQ(coldCopies(uint64_t(1) << 40), 2u);
  EXPECT_EQ(coldCopies(0), 4096u);
}

TEST(BenchWeights, AreAKindOrAPath) {
  EXPECT_TRUE(isSyntheticWeights("gaussian"));
  EXPECT_EQ(messageOf(openMatrices("gausian", 1)),
            "--weights: 'gausian' is neither a kind of weights (gaussian, row-scaled, student-t4, "
            "row-scaled-t4, narrow) nor a path; did you mean 'gaussian'?");
}

TEST(BenchWeights, ThatAreNarrowHaveFourExponents) {
  ThreadPool pool(1);
  BenchWorkload workload = makeSynthetic("narrow", {64, 128}, 1, pool);
  std::set<unsigned> exponents;
  const std::vector<uint8_t> &bytes = workload.tensors[0].bytes;
  for (size_t i = 0; i < bytes.size(); i += 2)
    exponents.insert(((bytes[i + 1] & 0x7F) << 1) | (bytes[i] >> 7));
  EXPECT_THAT(exponents, ElementsAre(119, 120, 121, 122));
}

TEST(BenchReport, SaysTimesToTheNanosecond) {
  auto json = samplesJson({{1.23456789012, 2, 3}});
  EXPECT_EQ(json.dump(), R"({"median_seconds":2.0,"p10_seconds":1.387654312,)"
                         R"("p90_seconds":2.8,"seconds":[1.23456789,2.0,3.0]})");
  auto result = benchResult("bench.codecs/1", "0.1.0");
  EXPECT_EQ(result["schema"], "uwt.bench.codecs/1");
  EXPECT_EQ(result["version"], "0.1.0");
  EXPECT_EQ(result["written"].get<std::string>().size(), 20u);
}
