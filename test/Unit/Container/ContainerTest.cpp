//===- ContainerTest.cpp - Containers there and back ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <algorithm>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;

namespace {

/// Tensors of many kinds in one file.
std::vector<TestTensor> mixedTensors() {
  Bytes f32;
  for (uint8_t byte : bf16Weights(64 * 48, 4)) {
    if (f32.size() % 4 == 0)
      f32.insert(f32.end(), {0, 0});
    f32.push_back(byte);
  }
  return {{"layers.0.weight", "BF16", {200, 150}, bf16Weights(200 * 150, 1)},
          {"layers.0.bias", "BF16", {150}, bf16Weights(150, 2)},
          {"experts", "BF16", {3, 70, 64}, bf16Weights(3 * 70 * 64, 3)},
          {"conv.weight", "BF16", {96, 64}, bf16Weights(96 * 64, 9)},
          {"from.bf16", "F32", {64, 48}, f32},
          {"model.embed_tokens.weight", "BF16", {300, 64}, bf16Weights(300 * 64, 5)},
          {"noise", "BF16", {64, 64}, randomBytes(64 * 64 * 2, 6)},
          {"positions", "I64", {7}, randomBytes(56, 7)},
          {"mask", "BOOL", {3}, {1, 0, 1}},
          {"no.rows", "BF16", {0, 5}, {}},
          {"no.columns", "BF16", {5, 0}, {}},
          {"scalar", "F32", {}, {1, 2, 3, 4}}};
}

const TensorEntry &entryOf(const Container &container, std::string_view name) {
  return **container.find(name);
}

/// Compresses `tensors` to `c` and opens that.
Expected<Container> compressTo(const TemporaryFolder &folder,
                               const std::vector<TestTensor> &tensors,
                               const CompressOptions &options = compressOnOneThread()) {
  writeTensors(folder / "a", tensors);
  UWT_RETURN_IF_ERROR(compressFile(folder / "a", folder / "c", options));
  return Container::open(folder / "c");
}

} // namespace

TEST(Container, GivesBackTheOriginalByteForByte) {
  TemporaryFolder folder;
  CompressOptions options = compressOnOneThread();
  options.kMajor = {"conv.*"};
  auto container = compressTo(folder, mixedTensors(), options);
  ASSERT_TRUE(holds(container));
  EXPECT_TRUE(container->isContainer());
  EXPECT_FALSE(container->savedAgain());
  EXPECT_EQ(container->originalHeader(), SafetensorsFile::open(folder / "a")->headerText());
  // Its strips would be padded, and an embedding stays a matrix of rows (choice-4, choice-6).
  EXPECT_EQ(entryOf(*container, "layers.0.weight").format->fold.kind, Fold::Kind::Flat);
  EXPECT_EQ(entryOf(*container, "model.embed_tokens.weight").format->fold, Fold());
  EXPECT_EQ(entryOf(*container, "model.embed_tokens.weight").format->layout, Layout::RowMajor);
  EXPECT_EQ(entryOf(*container, "conv.weight").format->storage, Storage::KMajor);
  EXPECT_TRUE(entryOf(*container, "experts").compressed());
  EXPECT_TRUE(entryOf(*container, "from.bf16").compressed());
  EXPECT_EQ(entryOf(*container, "from.bf16").planeBytes[unsigned(PlaneKind::Low)], 0u);
  for (const char *raw : {"layers.0.bias", "noise", "positions", "mask", "no.rows", "scalar"})
    EXPECT_FALSE(entryOf(*container, raw).compressed()) << raw;
  EXPECT_LT(container->fileBytes(), readBytes(folder / "a").size());

  ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", {})));
  EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
  auto same = verifyFileAgainst(folder / "c", folder / "a", {});
  ASSERT_TRUE(holds(same));
  EXPECT_TRUE(same->passed());
  ThreadPool pool(1);
  for (const TestTensor &tensor : mixedTensors()) {
    auto reader = container->reader(entryOf(*container, tensor.name));
    ASSERT_TRUE(holds(reader));
    Bytes out(tensor.bytes.size());
    ASSERT_TRUE(holds(reader->read(out, pool)));
    EXPECT_EQ(out, tensor.bytes) << tensor.name;
  }
}

TEST(Container, IsAPlainSafetensorsFileWithAlignedPlanes) {
  TemporaryFolder folder;
  ASSERT_TRUE(holds(compressTo(folder, mixedTensors())));
  auto file = SafetensorsFile::open(folder / "c");
  ASSERT_TRUE(holds(file));
  // file-11: loaders that ask for a framework's format refuse the file.
  EXPECT_EQ(*file->header().findMetadata("format"), "uwt");
  EXPECT_EQ(file->prefix().size() % 256, 0u);
  const SafetensorsTensor *index = file->header().find("layers.0.weight.uwt.index");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->dtype->name, "U32");
  for (const SafetensorsTensor &tensor : file->header().tensors)
    if (tensor.name.find(".uwt.") != std::string::npos) {
      EXPECT_EQ(tensor.bytes() % 256, 0u);
      EXPECT_EQ(tensor.begin % 256, 0u);
    } else if (tensor.bytes() != 0) {
      EXPECT_EQ(tensor.begin % (tensor.dtype->bits / 8), 0u) << tensor.name;
    }
}

TEST(Container, BytesDoNotDependOnThreads) { // write-2
  TemporaryFolder folder;
  writeTensors(folder / "a", mixedTensors());
  CompressOptions options = compressOnOneThread();
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "1", options)));
  options.threads = 5;
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "5", options)));
  EXPECT_EQ(readBytes(folder / "1"), readBytes(folder / "5"));
}

TEST(Container, EqualTensorsAreStoredOnce) {
  TemporaryFolder folder;
  Bytes weights = bf16Weights(64 * 64, 1), bias(256, 7);
  auto container = compressTo(folder, {{"wte", "BF16", {64, 64}, weights},
                                       {"head", "BF16", {64, 64}, weights},
                                       {"reshaped", "BF16", {128, 32}, weights},
                                       {"b1", "BF16", {128}, bias},
                                       {"b2", "BF16", {128}, bias},
                                       {"small1", "U8", {255}, Bytes(255, 1)},
                                       {"small2", "U8", {255}, Bytes(255, 1)}});
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(entryOf(*container, "head").sameAs, "wte");
  EXPECT_EQ(entryOf(*container, "head").storedBytes, 0u);
  EXPECT_EQ(entryOf(*container, "reshaped").sameAs, "");
  EXPECT_EQ(entryOf(*container, "b2").sameAs, "b1");
  EXPECT_EQ(entryOf(*container, "small2").sameAs, "");
  ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", {})));
  EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
}

TEST(Container, ChoosesTensorsByRankSizeAndGlob) {
  TemporaryFolder folder;
  CompressOptions options = compressOnOneThread();
  options.include = {"*.weight"};
  options.exclude = {"b.*"};
  options.minimumElements = 64 * 64;
  auto container = compressTo(folder,
                              {{"a.weight", "BF16", {64, 64}, bf16Weights(4096, 1)},
                               {"b.weight", "BF16", {64, 64}, bf16Weights(4096, 2)},
                               {"c.other", "BF16", {64, 64}, bf16Weights(4096, 3)},
                               {"d.weight", "BF16", {63, 64}, bf16Weights(63 * 64, 4)},
                               {"e.weight", "BF16", {4096}, bf16Weights(4096, 5)}},
                              options);
  ASSERT_TRUE(holds(container));
  std::vector<std::string> compressed;
  for (const TensorEntry &entry : container->entries())
    if (entry.compressed())
      compressed.push_back(entry.name);
  EXPECT_THAT(compressed, ElementsAre("a.weight"));
}

TEST(Container, RefusesNamesThatStandForPlanes) {
  TemporaryFolder folder;
  writeTensors(folder / "a", {{"x.uwt.raw", "U8", {1}, {1}}});
  EXPECT_EQ(messageOf(compressFile(folder / "a", folder / "c", compressOnOneThread())),
            folder / "a" + ": tensor 'x.uwt.raw': names with '.uwt.' stand for planes; rename the "
                           "tensor");
  writeBytes(folder / "a", safetensors(R"({"__metadata__":{"x.uwt":"1"}})"));
  EXPECT_EQ(messageOf(compressFile(folder / "a", folder / "c", compressOnOneThread())),
            folder / "a" + ": __metadata__ entry 'x.uwt': keys that begin with 'uwt.' or end in "
                           "'.uwt' stand for entries of a container; rename the entry");
  ASSERT_TRUE(holds(compressTo(folder, mixedTensors())));
  EXPECT_EQ(messageOf(compressFile(folder / "c", folder / "d", compressOnOneThread())),
            folder / "c" + ": this file is compressed already; decompress it first");
}

TEST(Container, FormatThatNoTensorCanHoldIsAUsageError) {
  TemporaryFolder folder;
  writeTensors(folder / "a", {{"x", "F16", {64, 64}, bf16Weights(4096, 1)}});
  CompressOptions options = compressOnOneThread();
  options.format = *Format::parse("inplace<12>");
  auto report = compressFile(folder / "a", folder / "c", options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().getKind(), ErrorKind::Usage);
  EXPECT_THAT(namesIn(folder.path), ElementsAre("a"));
}

TEST(Container, DryRunPredictsTheSizeAndWritesNothing) {
  TemporaryFolder folder;
  writeTensors(folder / "a", mixedTensors());
  CompressOptions options = compressOnOneThread();
  options.dryRun = true;
  auto predicted = compressFile(folder / "a", folder / "c", options);
  ASSERT_TRUE(holds(predicted));
  EXPECT_THAT(namesIn(folder.path), ElementsAre("a"));
  options.dryRun = false;
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
  EXPECT_EQ(predicted->outputBytes, readBytes(folder / "c").size());
}

TEST(Container, InterruptionLeavesNothing) {
  TemporaryFolder folder;
  writeTensors(folder / "a", mixedTensors());
  CompressOptions options = compressOnOneThread();
  uint64_t seen = 0;
  options.progress = [&](uint64_t bytes) { return (seen += bytes) < 50000; };
  auto report = compressFile(folder / "a", folder / "c", options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().getKind(), ErrorKind::Interrupted);
  EXPECT_THAT(namesIn(folder.path), ElementsAre("a"));
}

TEST(Container, ProgressCountsTheBytesOfAllTensors) {
  TemporaryFolder folder;
  writeTensors(folder / "a", mixedTensors());
  for (bool cast : {false, true}) {
    CompressOptions options = compressOnOneThread();
    options.overwrite = true;
    options.castToBF16 = cast;
    uint64_t seen = 0;
    options.progress = [&](uint64_t bytes) { return (seen += bytes), true; };
    ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
    EXPECT_EQ(seen, SafetensorsFile::open(folder / "a")->data().size());
  }
}

TEST(Container, RecordsAndComparesSha256) {
  TemporaryFolder folder;
  CompressOptions options = compressOnOneThread();
  options.sha256 = true;
  auto container = compressTo(folder, mixedTensors(), options);
  ASSERT_TRUE(holds(container));
  ThreadPool pool(1);
  auto report = container->verify(pool);
  ASSERT_TRUE(holds(report));
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->hashes, mixedTensors().size() + 1);
  EXPECT_EQ(entryOf(*container, "mask").sha256, // of 01 00 01
            "85f90dfea1d8027e1463e5ca971a250110a20df0119d204a74220bc63516d15b");

  // A wrong hash in an intact file: only `verify` with hashes can find it.
  Bytes bytes = readBytes(folder / "c");
  std::string digits = entryOf(*container, "layers.0.weight").sha256;
  auto at = std::search(bytes.begin(), bytes.end(), digits.begin(), digits.end());
  ASSERT_NE(at, bytes.end());
  *at = *at == '0' ? '1' : '0';
  writeBytes(folder / "c", bytes);
  ReadOptions unchecked;
  unchecked.check = false;
  auto changed = Container::open(folder / "c", unchecked);
  ASSERT_TRUE(holds(changed));
  auto found = changed->verify(pool);
  ASSERT_TRUE(holds(found));
  ASSERT_EQ(found->findingCount, 1u);
  EXPECT_EQ(found->findings[0].message,
            "tensor 'layers.0.weight': SHA-256 differs from the recorded one");
}

TEST(Container, CastRoundsToNearestEvenAndSaysWhatIsLost) {
  TemporaryFolder folder;
  auto f32 = [](std::vector<uint32_t> values) {
    Bytes bytes;
    for (uint32_t value : values)
      for (unsigned i = 0; i < 4; ++i)
        bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return bytes;
  };
  // Exact; tie to even below and above; beyond the largest bf16; NaN whose kept bits are 0; -0.
  writeTensors(folder / "a",
               {{"x",
                 "F32",
                 {6},
                 f32({0x3f800000, 0x3f808000, 0x3f818000, 0x7f7fffff, 0x7f800001, 0x80000000})},
                {"h", "F16", {2}, {0x00, 0x3c, 0x01, 0x00}}});
  CompressOptions options = compressOnOneThread();
  options.castToBF16 = options.castVectors = true;
  auto report = compressFile(folder / "a", folder / "c", options);
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->cast.tensors, 2u);
  EXPECT_EQ(report->cast.elements, 8u);
  EXPECT_EQ(report->cast.changed, 3u);
  EXPECT_EQ(report->cast.overflowed, 1u);
  EXPECT_NEAR(report->cast.maxRelativeError, 0.00389, 0.00001);
  EXPECT_EQ(report->tensors[0].castFrom, "F32");
  EXPECT_EQ(report->tensors[0].castChanged, 3u);
  // 1 is there twice.
  EXPECT_EQ(report->tensors[0].valuesLeft, 5u);
  EXPECT_EQ(report->tensors[1].castFrom, "F16");
  auto against = verifyFileAgainst(folder / "c", folder / "a", {});
  ASSERT_TRUE(holds(against));
  EXPECT_EQ(against->findings.at(0).message,
            "tensor 'x': dtype or shape differ from the original's; it was rounded by --cast");
  ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", {})));
  auto file = SafetensorsFile::open(folder / "b");
  ASSERT_TRUE(holds(file));
  EXPECT_EQ(*file->header().findMetadata("format"), "pt");
  EXPECT_EQ(file->header().find("x")->dtype->name, "BF16");
  EXPECT_THAT(file->tensorBytes(*file->header().find("x")),
              ElementsAre(0x80, 0x3f, 0x80, 0x3f, 0x82, 0x3f, 0x80, 0x7f, 0xc0, 0x7f, 0, 0x80));
  // 2^-24, the smallest f16, is 0x3380 in bf16.
  EXPECT_THAT(file->tensorBytes(*file->header().find("h")), ElementsAre(0x80, 0x3f, 0x80, 0x33));
}

// choice-5
TEST(Container, ACastLeavesVectorsWhatIsLeftOutAndPartsOfQuantisedWeights) {
  TemporaryFolder folder;
  Bytes wide(4096, 0x3c);
  writeTensors(folder / "a", {{"a.weight", "F32", {32, 32}, wide},
                              {"a.bias", "F32", {1024}, wide},
                              {"b.weight", "F32", {32, 32}, wide},
                              {"q.scales", "F32", {32, 32}, wide},
                              {"q.qweight", "I32", {32, 32}, wide},
                              {"r.weight", "U8", {64, 64}, wide},
                              {"r.weight.table", "F32", {32, 32}, wide},
                              {"s.weight", "F32", {32, 32}, wide}});
  CompressOptions options = compressOnOneThread();
  options.castToBF16 = options.overwrite = true;
  options.exclude = {"b.*"};
  options.quantizedParts = {{"s.weight"}};
  auto rounded = [&] {
    auto report = compressFile(folder / "a", folder / "c", options);
    std::vector<std::string> names;
    for (const TensorReport &tensor : report ? report->tensors : std::vector<TensorReport>())
      if (!tensor.castFrom.empty())
        names.push_back(tensor.name);
    return names;
  };
  EXPECT_THAT(rounded(), ElementsAre("a.weight"));
  options.castVectors = true;
  EXPECT_THAT(rounded(), ElementsAre("a.weight", "a.bias"));
  options.include = {"*.bias"};
  EXPECT_THAT(rounded(), ElementsAre("a.bias"));
  // A program that has not looked for parts casts nothing that is said to be quantised.
  options.quantizedParts.reset();
  EXPECT_THAT(rounded(), ElementsAre("a.bias"));
  for (const char *config : {R"({"quantization_config": {"bits": 4}})",
                             R"({"text_config": {"compression_config": {}}, "x": NaN})"}) {
    writeText(folder / "config.json", config);
    EXPECT_EQ(messageOf(compressFile(folder / "a", folder / "c", options)),
              folder / "config.json" + ": says that the model is quantised; a cast could round its "
                                       "scales, so it is not cast without the names of their "
                                       "tensors");
  }
  writeText(folder / "config.json", R"({"quantization_config": null})");
  EXPECT_THAT(rounded(), ElementsAre("a.bias"));
}

TEST(Container, APlainFileOpensWithRawTensors) {
  TemporaryFolder folder;
  writeTensors(folder / "a", mixedTensors());
  auto plain = Container::open(folder / "a");
  ASSERT_TRUE(holds(plain));
  EXPECT_FALSE(plain->isContainer());
  EXPECT_EQ(plain->entries().size(), mixedTensors().size());
  EXPECT_EQ(messageOf(plain->find("layers.0.wieght")),
            folder / "a" + ": no tensor 'layers.0.wieght'; did you mean 'layers.0.weight'?");
  EXPECT_EQ(messageOf(decompressFile(folder / "a", folder / "b", {})),
            folder / "a" + ": is not compressed");
}

TEST(Glob, MatchesAsShellsDo) {
  EXPECT_TRUE(matchesGlob("*", ""));
  EXPECT_TRUE(matchesGlob("model.*.weight", "model.layers.0.weight"));
  EXPECT_FALSE(matchesGlob("model.*.weight", "model.layers.0.bias"));
  EXPECT_TRUE(matchesGlob("layers.[0-9].*", "layers.7.x"));
  EXPECT_FALSE(matchesGlob("layers.[!0-9].*", "layers.7.x"));
  EXPECT_TRUE(matchesGlob("a?c", "abc"));
  EXPECT_FALSE(matchesGlob("a?c", "ac"));
  EXPECT_TRUE(matchesGlob("a\\*", "a*"));
  EXPECT_FALSE(matchesGlob("a\\*", "ab"));
  EXPECT_TRUE(matchesGlob("[ab", "[ab"));
  EXPECT_FALSE(matchesGlob("", "a"));
  // Would take years where every star is tried anew.
  std::string stars;
  for (int i = 0; i < 30; ++i)
    stars += "*a";
  EXPECT_FALSE(matchesGlob(stars + "b", std::string(3000, 'a')));
}

TEST(EmbeddingName, FollowsTheRule) {
  for (const char *name : {"model.embed_tokens.weight", "transformer.wte.weight", "wpe.weight",
                           "embeddings.word_embeddings.weight", "tok_embeddings.weight",
                           "shared.weight", "embeddings.position_embeddings.weight"})
    EXPECT_TRUE(isEmbeddingName(name)) << name;
  for (const char *name : {"lm_head.weight", "embed_out.weight", "model.layers.0.mlp.weight",
                           "embed_tokens.bias", "not_shared.weight"})
    EXPECT_FALSE(isEmbeddingName(name)) << name;
}
