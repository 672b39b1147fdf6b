//===- BaseSourceTest.cpp - Bases of other names, rows, dtypes ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules diff-7, diff-8 and choice-17 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "lib/Container/FloatCast.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Support/Checksum.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;
using testing::Not;

namespace {

Bytes joined(Bytes first, const Bytes &second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// `bytes` with the lowest bits of every so many elements of `size` bytes changed.
Bytes changedAt(Bytes bytes, size_t size, size_t every) {
  for (size_t at = 0; at < bytes.size(); at += size * every)
    bytes[at] = static_cast<uint8_t>(bytes[at] + 1);
  return bytes;
}

class BaseSourceTest : public testing::Test {
protected:
  /// Compresses `tensors` against `base`; what comes back must be the same.
  void compressIt(const std::vector<TestTensor> &base, const std::vector<TestTensor> &tensors) {
    writeTensors(folder / "base.safetensors", base);
    writeTensors(folder / "tuned", tensors);
    CompressOptions options;
    options.base = *BaseModel::openHashed(folder / "base.safetensors", 2);
    options.threads = 2;
    options.overwrite = true;
    auto done = compressFile(folder / "tuned", folder / "c", options);
    ASSERT_TRUE(holds(done));
    report = *std::move(done);
    ASSERT_TRUE(holds(restore()));
    EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
  }
  Expected<FileReport> restore() {
    DecompressOptions options;
    options.overwrite = true;
    options.base = *BaseModel::open(folder / "base.safetensors");
    return decompressFile(folder / "c", folder / "back", options);
  }
  const TensorReport &only() const { return report.tensors[0]; }
  std::string entryText(const std::string &key) {
    return *SafetensorsFile::open(folder / "c")->header().findMetadata(key + ".uwt");
  }
  std::string entryOfFile() {
    return *SafetensorsFile::open(folder / "c")->header().findMetadata("uwt");
  }

  TemporaryFolder folder;
  FileReport report;
};

TEST_F(BaseSourceTest, RowsThatWereAddedAreAllThatIsStored) {
  Bytes table = bf16Weights(4000 * 64, 1);
  compressIt({{"embed.weight", "BF16", {4000, 64}, table}},
             {{"embed.weight", "BF16", {4008, 64}, joined(table, bf16Weights(8 * 64, 2))}});
  EXPECT_EQ(only().base, "embed.weight");
  EXPECT_EQ(only().baseReason, "");
  EXPECT_LT(only().storedBytes, 8u * 64 * 2 * 4);
  EXPECT_THAT(entryText("embed.weight"),
              HasSubstr(R"("from":{"name":"embed.weight","rows":[0,0,4000]})"));
  EXPECT_THAT(entryText("embed.weight"), HasSubstr("\"reader\":9,"));
  EXPECT_THAT(entryOfFile(), HasSubstr("\"reader\":9,"));
}

/// Rows of zeros that fill a vocabulary, and fewer rows: nothing is stored.
TEST_F(BaseSourceTest, RowsOfZerosAndFewerRowsTakeNothing) {
  Bytes table = bf16Weights(1000 * 64, 1);
  Bytes padded = joined(table, Bytes(24 * 64 * 2)), fewer(table.begin(), table.begin() + 900 * 128);
  for (const TestTensor &tensor : {TestTensor{"embed.weight", "BF16", {1024, 64}, padded},
                                   TestTensor{"embed.weight", "BF16", {900, 64}, fewer}}) {
    compressIt({{"embed.weight", "BF16", {1000, 64}, table}}, {tensor});
    EXPECT_EQ(only().storedBytes, 0u);
    EXPECT_EQ(report.equalTensors, 1u);
    EXPECT_EQ(entryText("embed.weight"),
              "{\"base\":\"" + toHex64(xxh3(tensor.bytes)) +
                  "\",\"from\":{\"name\":\"embed.weight\",\"rows\":[0,0," +
                  std::to_string(std::min<uint64_t>(1000, tensor.shape[0])) + "]}}");
  }
}

TEST_F(BaseSourceTest, SameNamesShapesAndDtypesAreStoredAsBefore) {
  Bytes bytes = bf16Weights(100 * 64, 1);
  compressIt({{"a", "BF16", {100, 64}, bytes}}, {{"a", "BF16", {100, 64}, changedAt(bytes, 2, 9)}});
  EXPECT_THAT(entryText("a"), Not(HasSubstr("from")));
  EXPECT_THAT(entryOfFile(), HasSubstr("\"reader\":6,"));
}

TEST_F(BaseSourceTest, NamesMayHaveAnotherBeginning) {
  Bytes bytes = bf16Weights(100 * 64, 1), other = bf16Weights(100 * 64, 2);
  std::vector<std::pair<std::string, std::string>> names = {
      {"model.layers.0.w", "language_model.model.layers.0.w"},
      {"language_model.model.layers.0.w", "model.layers.0.w"},
      {"base_model.model.layers.0.w", "model.layers.0.w"},
      {"module.w", "w"},
      {"w", "_orig_mod.w"},
      {"transformer.h.0.w", "model.h.0.w"}};
  for (const auto &[from, to] : names) {
    compressIt({{from, "BF16", {100, 64}, bytes}, {"vision.layers.9.w", "BF16", {100, 64}, other}},
               {{to, "BF16", {100, 64}, bytes}});
    EXPECT_EQ(only().base, from) << to;
    EXPECT_THAT(entryText(to), HasSubstr("\"from\":{\"name\":\"" + from + "\"}"));
  }
}

TEST_F(BaseSourceTest, TwoThatEndAlikeAreNoBase) {
  Bytes bytes = bf16Weights(100 * 64, 1), other = bf16Weights(100 * 64, 2);
  compressIt({{"a.h.0.w", "BF16", {100, 64}, other}, {"b.h.0.w", "BF16", {100, 64}, other}},
             {{"c.h.0.w", "BF16", {100, 64}, bytes}});
  EXPECT_EQ(only().base, "");
  EXPECT_EQ(only().baseReason, "no tensor of that name, and 2 end in 'h.0.w'");
}

TEST_F(BaseSourceTest, ReasonsAreGiven) {
  Bytes bytes = bf16Weights(100 * 64, 1), other = bf16Weights(100 * 64, 2);
  std::vector<TestTensor> base = {{"shape", "BF16", {200, 32}, other},
                                  {"dtype", "I16", {100, 64}, other},
                                  {"unlike", "BF16", {100, 64}, randomBytes(12800, 3)},
                                  {"excluded", "BF16", {100, 64}, other},
                                  {"model.norm.near", "BF16", {90, 32}, other}};
  base.back().bytes.resize(90 * 64);
  std::vector<TestTensor> tensors;
  for (const TestTensor &tensor : base)
    tensors.push_back({tensor.name, "BF16", {100, 64}, changedAt(bytes, 2, tensors.size() + 5)});
  tensors.back().name = "text.norm.near";
  tensors.push_back({"new", "BF16", {100, 64}, bf16Weights(100 * 64, 5)});
  tensors.push_back({"four", "F4", {100, 64}, randomBytes(3200, 5)});
  writeTensors(folder / "base.safetensors", base);
  writeTensors(folder / "tuned", tensors);
  CompressOptions options;
  options.base = *BaseModel::openHashed(folder / "base.safetensors", 1);
  options.exclude = {"excluded"};
  auto done = compressFile(folder / "tuned", folder / "c", options);
  ASSERT_TRUE(holds(done));
  std::vector<std::string> reasons;
  for (const TensorReport &tensor : done->tensors)
    reasons.push_back(tensor.baseReason);
  EXPECT_THAT(reasons,
              testing::ElementsAre(
                  "shape [200, 32] there", "I16 there", "differences would not be smaller",
                  "excluded", "no tensor of that name, and shape [90, 32] in 'model.norm.near'",
                  "no tensor of that name", "no differences of F4"));
}

TEST_F(BaseSourceTest, SmallTensorsAreStoredAgainstTheirBaseToo) {
  Bytes norm = bf16Weights(3000, 1), bias = randomBytes(4000 * 4, 2);
  compressIt({{"norm", "BF16", {3000}, norm},
              {"bias", "F32", {4000}, bias},
              {"scalar", "F32", {}, randomBytes(4, 3)},
              {"few", "BF16", {4}, randomBytes(8, 4)}},
             {{"norm", "BF16", {3000}, changedAt(norm, 2, 5)},
              {"bias", "F32", {4000}, changedAt(bias, 4, 7)},
              {"scalar", "F32", {}, randomBytes(4, 3)},
              {"few", "BF16", {4}, randomBytes(8, 5)}});
  EXPECT_LT(report.tensors[0].storedBytes, 3000u);
  EXPECT_EQ(report.differences, 2u);
  EXPECT_EQ(report.equalTensors, 1u);
  EXPECT_EQ(report.tensors[3].reason, "rank 1");
  EXPECT_EQ(report.tensors[3].baseReason, "differences would not be smaller");
}

/// Returns the values of `bf16` in another dtype.
Bytes castTo(const char *dtype, const Bytes &bf16) {
  const SafetensorsDtype &to = *findSafetensorsDtype(dtype);
  Bytes out(bf16.size() / 2 * (to.bits / 8));
  ThreadPool pool(1);
  castFloats(*findSafetensorsDtype("BF16"), to, bf16, out, pool);
  return out;
}

TEST_F(BaseSourceTest, OtherDtypesOfTheSameValuesTakeNothing) {
  Bytes bf16 = bf16Weights(100 * 64, 1);
  for (const char *from : {"BF16", "F16", "F32", "F64"})
    for (const char *to : {"BF16", "F16", "F32", "F64"}) {
      if (std::string_view(from) == to)
        continue;
      Bytes base = castTo(from, bf16), own(bf16.size() / 2 * (findSafetensorsDtype(to)->bits / 8));
      ThreadPool pool(1);
      castFloats(*findSafetensorsDtype(from), *findSafetensorsDtype(to), base, own, pool);
      compressIt({{"w", from, {100, 64}, base}}, {{"w", to, {100, 64}, own}});
      EXPECT_EQ(only().storedBytes, 0u) << from << " " << to;
      EXPECT_THAT(entryText("w"),
                  HasSubstr("\"from\":{\"name\":\"w\",\"dtype\":\"" + std::string(from) + "\"}"));
    }
}

/// Rows, dtypes, names and damage, all at random.
TEST_F(BaseSourceTest, AnythingComesBackOrIsRefused) {
  Random random(7);
  const char *floats[] = {"BF16", "F16", "F32"};
  const char *beginnings[] = {"", "model.", "language_model.model.", "module."};
  for (int round = 0; round < 12; ++round) {
    uint64_t baseRows = 1 + random.below(300), rows = 1 + random.below(300);
    uint64_t columns = 8 * (1 + random.below(20));
    const char *from = floats[random.below(3)], *to = floats[random.below(3)];
    std::string name = beginnings[random.below(4)] + std::string("layers.1.w");
    Bytes values = bf16Weights(std::max(rows, baseRows) * columns, unsigned(round));
    Bytes of(values.begin(), values.begin() + ptrdiff_t(baseRows * columns * 2));
    Bytes own(values.begin(), values.begin() + ptrdiff_t(rows * columns * 2));
    size_t size = findSafetensorsDtype(to)->bits / 8;
    SCOPED_TRACE(testing::Message() << baseRows << " " << rows << " x " << columns << " " << from
                                    << " " << to << " " << name);
    Bytes base = castTo(from, of);
    TestTensor tensor{
        name, to, {rows, columns}, changedAt(castTo(to, own), size, 1 + random.below(40))};
    compressIt({{"model.layers.1.w", from, {baseRows, columns}, base}}, {tensor});
    if (!only().isDifference)
      continue;
    // A slice of its own.
    ReadOptions reading;
    reading.base = *BaseModel::open(folder / "base.safetensors");
    auto opened = Container::open(folder / "c", reading);
    ASSERT_TRUE(holds(opened));
    auto reader = opened->reader(opened->entries()[0]);
    ASSERT_TRUE(holds(reader));
    TensorSlice slice;
    slice.rows = IndexRange{rows / 3, rows - rows / 4};
    slice.columns = IndexRange{columns / 4, columns};
    ThreadPool pool(2);
    auto part = reader->readSlice(slice, pool);
    ASSERT_TRUE(holds(part));
    auto expected = sliceOf({findSafetensorsDtype(to), tensor.shape, tensor.bytes}, slice);
    EXPECT_EQ(part->bytes, expected->bytes);
    // A base with one other bit is another one, if the row is used.
    size_t at = random.below(base.size());
    base[at] ^= 0x40;
    writeTensors(folder / "base.safetensors",
                 {{"model.layers.1.w", from, {baseRows, columns}, base}});
    uint64_t row = at / (base.size() / baseRows);
    auto restored = restore();
    if (row >= rows)
      EXPECT_TRUE(holds(restored));
    else if (!restored)
      EXPECT_THAT(messageOf(restored), HasSubstr("is not the one that differences are from"));
    else // Of a wider dtype, a low bit is rounded away.
      EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
  }
}

TEST_F(BaseSourceTest, ANameThatTakesMoreThanTheBytesIsNotStored) {
  Bytes scalar = randomBytes(4, 1);
  std::string name = "model." + std::string(300, 'x') + ".scale";
  compressIt({{name, "F32", {}, scalar}}, {{"language_" + name, "F32", {}, scalar}});
  EXPECT_FALSE(only().isDifference);
  EXPECT_EQ(only().reason, "rank 0");
  EXPECT_EQ(only().baseReason, "equal, but its bytes take less than the name of its base");
}

/// One byte of the file is another one: an error, and never other tensors.
TEST_F(BaseSourceTest, AnyChangedByteIsFound) {
  Bytes table = bf16Weights(70 * 64, 1);
  compressIt(
      {{"model.e", "F32", {70, 64}, castTo("F32", table)}},
      {{"m.model.e", "BF16", {77, 64}, joined(changedAt(table, 2, 9), bf16Weights(448, 2))}});
  ASSERT_TRUE(only().isDifference);
  Bytes sound = readBytes(folder / "c");
  Random random(5);
  for (int round = 0; round < 150; ++round) {
    Bytes bytes = sound;
    bytes[random.below(bytes.size())] ^= static_cast<uint8_t>(1 + random.below(255));
    writeBytes(folder / "c", bytes);
    // Bytes that pad planes are read over; verifying looks at them.
    if (restore())
      EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
    VerifyOptions options;
    options.threads = 1;
    auto verified = verifyFile(folder / "c", options);
    EXPECT_TRUE(!verified || !verified->passed());
  }
}

TEST_F(BaseSourceTest, ABaseThatIsCompressedGivesTheSameBytes) {
  Bytes table = bf16Weights(1000 * 64, 1), f32 = castTo("F32", bf16Weights(300 * 64, 2));
  std::vector<TestTensor> base = {{"model.e", "BF16", {1000, 64}, table},
                                  {"model.f.w", "F32", {300, 64}, f32}};
  compressIt(base, {{"e", "BF16", {1010, 64}, joined(changedAt(table, 2, 50), Bytes(1280, 7))},
                    {"x.f.w", "BF16", {290, 64}, castTo("BF16", bf16Weights(290 * 64, 2))}});
  Bytes expected = readBytes(folder / "c");
  ASSERT_TRUE(
      holds(compressFile(folder / "base.safetensors", folder / "base.uwt.safetensors", {})));
  CompressOptions options;
  options.base = *BaseModel::openHashed(folder / "base.uwt.safetensors", 1);
  options.overwrite = true;
  ASSERT_TRUE(holds(compressFile(folder / "tuned", folder / "c", options)));
  EXPECT_EQ(readBytes(folder / "c"), expected);
  DecompressOptions decompressing;
  decompressing.overwrite = true;
  decompressing.base = options.base;
  ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "back", decompressing)));
  EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
}

// choice-18
TEST_F(BaseSourceTest, RowsInTheMiddleAreFound) {
  Bytes table = bf16Weights(500 * 64, 1), some = bf16Weights(9 * 64, 2);
  Bytes own(table.begin(), table.begin() + 200 * 128);
  own = joined(joined(own, some), Bytes(table.begin() + 210 * 128, table.end()));
  own[150 * 128] ^= 1;
  compressIt({{"e.weight", "BF16", {500, 64}, table}}, {{"e.weight", "BF16", {499, 64}, own}});
  EXPECT_LT(only().storedBytes, 6000u);
  EXPECT_THAT(entryText("e.weight"), HasSubstr("\"rows\":[0,0,200,209,210,290]"));
}

// choice-19
TEST_F(BaseSourceTest, LayersThatMovedAreFound) {
  std::vector<TestTensor> base, tensors;
  auto add = [](std::vector<TestTensor> &to, size_t layer, size_t as, bool isTuned) {
    Bytes matrix = bf16Weights(128 * 96, unsigned(layer)), norm(2048);
    Random random(layer + 50);
    for (size_t at = 0; at < norm.size(); at += 2) { // One sign and few values.
      norm[at] = static_cast<uint8_t>(random.below(30));
      norm[at + 1] = 0x3f;
    }
    std::string name = "model.layers." + std::to_string(as);
    to.push_back({name + ".w", "BF16", {128, 96}, isTuned ? changedAt(matrix, 2, 5) : matrix});
    to.push_back({name + ".norm", "BF16", {1024}, norm});
  };
  for (size_t layer = 0; layer < 12; ++layer)
    add(base, layer, layer, false);
  const size_t kept[] = {0, 1, 5, 6, 7, 11, 3, 2};
  for (size_t at = 0; at < std::size(kept); ++at)
    add(tensors, kept[at], at, true);
  compressIt(base, tensors);
  for (size_t at = 0; at < std::size(kept); ++at)
    for (size_t part : {0u, 1u}) {
      const TensorReport &line = report.tensors[2 * at + part];
      EXPECT_EQ(line.base, base[2 * kept[at] + part].name) << line.name;
      EXPECT_LT(line.storedBytes, line.bytes / 4) << line.name;
    }
}

/// Samples of tensors with few elements, and with the same one all over.
TEST_F(BaseSourceTest, ContentsOfAnySizeAreCompared) {
  std::vector<TestTensor> base, tensors;
  for (uint64_t columns : {1, 3, 128, 129, 200, 400, 1000}) {
    std::string name = std::to_string(columns);
    base.push_back({"a." + name + ".x", "BF16", {3, columns}, bf16Weights(3 * columns, 1)});
    base.push_back({"z." + name + ".x", "I8", {3, columns}, Bytes(3 * columns)});
    tensors.push_back({"b." + name + ".y", "BF16", {3, columns}, bf16Weights(3 * columns, 1)});
    tensors.push_back({"y." + name + ".y", "I8", {3, columns}, Bytes(3 * columns)});
  }
  compressIt(base, tensors);
  for (const TensorReport &line : report.tensors)
    EXPECT_EQ(line.base.empty(), line.bytes < 256) << line.name;
}

/// Small tensors of the compact form lie in memory, whose pages are not given back.
TEST_F(BaseSourceTest, ABaseOfTheCompactFormIsReadAgainAndAgain) {
  std::vector<TestTensor> base, tensors;
  for (unsigned i = 0; i < 6; ++i) {
    base.push_back(
        {"norm." + std::to_string(i), "F32", {15000}, castTo("F32", bf16Weights(15000, i))});
    tensors.push_back(base.back());
    tensors.back().bytes = changedAt(base.back().bytes, 4, 9);
  }
  compressIt(base, tensors);
  Bytes expected = readBytes(folder / "c");
  CompressOptions compact;
  compact.compactBytes = 0;
  ASSERT_TRUE(
      holds(compressFile(folder / "base.safetensors", folder / "base.uwt.safetensors", compact)));
  ASSERT_TRUE(Container::open(folder / "base.uwt.safetensors")->isCompact());
  CompressOptions options;
  options.base = *BaseModel::openHashed(folder / "base.uwt.safetensors", 1);
  options.overwrite = true;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(holds(compressFile(folder / "tuned", folder / "c", options)));
    EXPECT_EQ(readBytes(folder / "c"), expected);
  }
}

/// A base of another dtype, shape or number of rows than the file says.
TEST_F(BaseSourceTest, ABaseThatDoesNotFitIsRefused) {
  Bytes table = bf16Weights(100 * 64, 1);
  compressIt({{"e", "BF16", {100, 64}, table}},
             {{"m.e", "BF16", {108, 64}, joined(table, bf16Weights(8 * 64, 2))}});
  for (const TestTensor &other :
       {TestTensor{"e", "F16", {100, 64}, table},
        TestTensor{"e", "BF16", {99, 64}, Bytes(99 * 128)},
        TestTensor{"e", "BF16", {50, 128}, table}, TestTensor{"e", "BF16", {6400}, table}}) {
    writeTensors(folder / "base.safetensors", {other});
    EXPECT_THAT(messageOf(restore()), HasSubstr("tensor 'e' has another dtype or shape; expected"));
  }
  writeTensors(folder / "base.safetensors", {{"m.e", "BF16", {100, 64}, table}});
  EXPECT_THAT(messageOf(restore()), HasSubstr("has no tensor 'e'; expected the base model"));
}

/// The entry of tensor `e` with `from` replaced.
TEST_F(BaseSourceTest, DamagedSourcesAreRefused) {
  Bytes table = bf16Weights(100 * 64, 1);
  compressIt({{"e", "BF16", {100, 64}, table}},
             {{"e", "BF16", {108, 64}, joined(table, bf16Weights(8 * 64, 2))}});
  Bytes sound = readBytes(folder / "c");
  std::string from = "{\\\"name\\\":\\\"e\\\",\\\"rows\\\":[0,0,100]}";
  auto refusal = [&](std::string to) {
    to.resize(from.size(), ' ');
    Bytes bytes = sound;
    auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
    EXPECT_NE(at, bytes.end());
    std::copy(to.begin(), to.end(), at);
    writeBytes(folder / "c", bytes);
    ReadOptions options;
    options.check = false;
    return messageOf(Container::open(folder / "c", options));
  };
  auto rows = [](const std::string &list) {
    return "{\\\"name\\\":\\\"e\\\",\\\"rows\\\":" + list + "}";
  };
  EXPECT_EQ(refusal(from), "no error");
  EXPECT_THAT(refusal("7"), HasSubstr("'from' does not name a tensor that 'base' is of"));
  EXPECT_THAT(refusal("{}"), HasSubstr("'from' does not name a tensor"));
  EXPECT_THAT(refusal("{\\\"name\\\":7}"), HasSubstr("'from' does not name a tensor"));
  for (const char *list : {"[]", "[0,0]", "7", "{}", "[0,0,1,2]"})
    EXPECT_THAT(refusal(rows(list)), HasSubstr("is not a list of 1 to 32 times three numbers"));
  for (const char *list : {"[0,0,0]", "[0,0,-1]", "[0,0,1.5]", "[[],0,1]"})
    EXPECT_THAT(refusal(rows(list)), HasSubstr("are not runs of rows that rise"));
  EXPECT_THAT(refusal(rows("[9,0,100]")), HasSubstr("rows of a base up to 109, it has 108"));
  EXPECT_THAT(refusal("{\\\"name\\\":\\\"\\\",\\\"dtype\\\":7}"),
              HasSubstr("'dtype' of 'from' is not one"));
  EXPECT_THAT(refusal("{\\\"name\\\":\\\"e\\\",\\\"dtype\\\":\\\"I8\\\"}"),
              HasSubstr("a base of I8, which is not cast to BF16"));
}

} // namespace
